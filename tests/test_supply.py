"""What is installed is what was locked, under licences that allow it, and the files that say so are whole."""

import importlib.metadata
import re
import runpy
import tomllib
from importlib.metadata import Distribution
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCKS = ("constraints.lock", "deploy/requirements-worker.lock", "deploy/requirements-serve.lock")
LICENCES = runpy.run_path(str(ROOT / "scripts" / "licences.py"))
INSTALL = runpy.run_path(str(ROOT / "deploy" / "install.py"))


def pinned(text: str) -> dict[str, str]:
    """Versions by name."""
    found = re.findall(r"^([\w.-]+)==([^\s;]+)", text, re.MULTILINE)
    return {canonicalize_name(name): version for name, version in found}


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_has_hashes_and_says_no_more(name: str) -> None:
    text = (ROOT / name).read_text()
    entries = re.findall(r"^[A-Za-z0-9].*(?:\n .*)*", text, re.MULTILINE)
    assert len(entries) == len(pinned(text))
    for entry in entries:
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry
    assert not re.search(r"://|--(index|extra|find|trusted)", text)  # where packages come from is the machine's to say


def test_the_locks_are_of_the_versions_that_were_tested() -> None:
    tested = pinned((ROOT / "constraints.txt").read_text())
    assert pinned((ROOT / "constraints.lock").read_text()) == tested
    worker = pinned((ROOT / "deploy" / "requirements-worker.lock").read_text())
    worker |= pinned((ROOT / "deploy" / "requirements-serve.lock").read_text())
    alone = {"portalocker", "python-dotenv", "colorama"}  # of the official SDK; of Windows
    assert {name: version for name, version in worker.items() if name not in alone}.items() <= tested.items()


def needed(lines: list[str]) -> set[str]:
    """The packages that requirements name, and those that these require, as far as they are installed."""
    found, waiting = set[str](), [Requirement(line) for line in lines]
    while waiting:
        requirement = waiting.pop()
        extras = requirement.extras or {""}
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        name = canonicalize_name(requirement.name)
        found.add(name)
        try:
            further = [Requirement(line) for line in importlib.metadata.requires(name) or ()]
        except importlib.metadata.PackageNotFoundError:
            continue
        for each in further:
            asked = each.marker is None or any(each.marker.evaluate({"extra": extra}) for extra in extras)
            if asked and canonicalize_name(each.name) not in found:
                each.marker = None
                waiting.append(each)
    return found


def test_the_locks_have_all_that_is_needed() -> None:
    """Their packages are installed without what they depend on."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    tree = [*project["dependencies"], *extras["official"], *extras["runpod"], *extras["serve"], *extras["dev"]]
    ours = needed([line for line in tree if not line.startswith("octavo")])
    assert ours <= pinned((ROOT / "constraints.lock").read_text()).keys()
    for image in ("worker", "serve"):
        lines = (ROOT / "deploy" / f"requirements-{image}.txt").read_text().splitlines()
        inside = needed([line for line in lines if line and not line.startswith("#")])
        assert inside <= pinned((ROOT / "deploy" / f"requirements-{image}.lock").read_text()).keys()


def test_only_what_the_base_lacks_is_installed() -> None:
    lock = (
        "a-b==1 ; python_version > '3' \\\n    --hash=sha256:1 \\\n    --hash=sha256:2\nc==2 \\\n    --hash=sha256:3\n"
    )
    assert list(INSTALL["missing"](lock, {"c"})) == [lock.rpartition("\nc==")[0]]
    assert list(INSTALL["missing"](lock, {"a-b"})) == ["c==2 \\\n    --hash=sha256:3"]
    assert INSTALL["canonical"]("A_b.C") == "a-b-c"


class Package(Distribution):
    """What its metadata says."""

    def __init__(self, *lines: str) -> None:
        self._text = "\n".join(("Metadata-Version: 2.4", "Name: some-package", "Version: 1", *lines))

    def read_text(self, filename: str) -> str | None:
        return self._text if filename == "METADATA" else None

    def locate_file(self, path: Any) -> Any:
        raise NotImplementedError


@pytest.mark.parametrize(
    ("lines", "refused"),
    [
        (("License-Expression: Apache-2.0 AND (MIT OR BSD-3-Clause)",), []),
        (("License-Expression: MIT AND AGPL-3.0-or-later",), ["AGPL-3.0-or-later"]),
        (("Classifier: License :: OSI Approved :: MIT License", "License: see LICENSE"), []),
        (("Classifier: License :: OSI Approved :: GNU Affero GPL",), ["GNU Affero GPL"]),
        (("License: GPLv3",), ["GPLv3"]),
        (("Classifier: Programming Language :: Python",), ["unknown"]),
    ],
)
def test_a_licence_that_is_unknown_or_asks_for_our_sources_is_refused(
    lines: tuple[str, ...], refused: list[str]
) -> None:
    assert LICENCES["refused"](LICENCES["stated"](Package(*lines))) == refused


def test_what_is_installed_may_be() -> None:
    """And the packages that ask for more than to be named are named."""
    notice = (ROOT / "NOTICE").read_text()
    runtime = needed(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"])
    runtime |= pinned((ROOT / "deploy" / "requirements-worker.lock").read_text()).keys()
    for name, licences, wrong in LICENCES["reviewed"](importlib.metadata.distributions()):
        assert not wrong, name
        asks = any(word in licence for licence in licences for word in ("LGPL", "MPL", "Mozilla"))
        if asks and canonicalize_name(name) in runtime:
            assert name in notice, name


def test_the_bundled_libraries_are_those_that_the_notice_names() -> None:
    """OpenCV's wheel for Linux: FFmpeg is in it, built as LGPL, and no Qt."""
    folder = Path(str(importlib.metadata.distribution("opencv-python-headless").locate_file(".")))
    libraries = {path.name.split("-")[0] for path in (folder / "opencv_python_headless.libs").glob("*.so*")}
    if not libraries:
        pytest.skip("no wheel for Linux")
    notice = (ROOT / "NOTICE").read_text()
    for name in libraries & {"libavcodec", "libavformat", "libavutil", "libswresample", "libswscale"}:
        assert name in notice
    assert not any("Qt" in name for name in libraries)
    codecs = next((folder / "opencv_python_headless.libs").glob("libavcodec-*")).read_bytes()
    assert b"libavcodec license: LGPL version 2.1 or later" in codecs
    assert b"--enable-gpl" not in codecs


def test_images_are_pushed_with_provenance_and_a_list_of_their_parts() -> None:
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "ghcr-build.yml").read_text())["jobs"]
    steps = {step["uses"].partition("@")[0]: step for step in jobs["image"]["steps"] if "uses" in step}
    build, attest = steps["docker/build-push-action"], steps["actions/attest-build-provenance"]
    assert "mode=max" in build["with"]["provenance"]
    assert build["with"]["sbom"] == "${{ github.event_name != 'pull_request' }}"
    assert attest["with"]["subject-digest"] == f"${{{{ steps.{build['id']}.outputs.digest }}}}"
    assert {"id-token", "attestations"} <= jobs["image"]["permissions"].keys()
    checks = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())["jobs"]["supply"]["steps"]
    assert any("audit" in step.get("run", "") and "sbom" in step["run"] for step in checks if "run" in step)
