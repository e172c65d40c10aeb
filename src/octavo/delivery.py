"""Artefacts to where they were asked for. A name is relative and stays inside; no half-written file is ever seen."""

import os
import re
import stat
import time
import uuid
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path, PurePosixPath

from octavo.document import Artifact
from octavo.errors import DeliveryFailed

_PART = re.compile(r"\.[0-9a-f]{32}\.part$")
_FORGOTTEN_SECONDS = 3600.0  # a file is written in seconds; what is older has no writer any more


def to_folder(artifacts: Iterable[Artifact], folder: Path, *, private: bool = False) -> list[Path]:
    """Write each artefact under `folder`, which is made if need be, and return where they lie.

    A file appears under its name only when it is complete; what an interruption leaves is whole files. What is
    `private` can be read by its owner alone, as can the folders that are made for it.
    """
    rights = (0o700, 0o600) if private else (0o777, 0o666)  # less what the process's umask takes
    return [_written(folder / _inside(artifact.name), artifact.data, *rights) for artifact in artifacts]


def remove(names: Iterable[str], folder: Path) -> None:
    """Take files away that `to_folder` wrote, and the folders that are empty then; as far as the system lets it."""
    for name in names:
        path = folder / _inside(name)
        with suppress(OSError):
            path.unlink(missing_ok=True)
            for above in (path.parent, *path.parent.parents):
                if not above.is_relative_to(folder):
                    break
                above.rmdir()  # refused, and so the end, where something else is in it


def clean_up(folder: Path, *, depth: int = 0) -> None:
    """Take away what writers left half written in a folder, and so far below it, that were killed.

    By its name, its age and its owner: of files that somebody writes, or that are another's, none is touched.
    """
    try:
        entries = [entry for entry in os.scandir(folder) if not entry.is_symlink()]
    except OSError:
        return
    for entry in entries:
        with suppress(OSError):
            if depth and entry.is_dir(follow_symlinks=False):
                clean_up(Path(entry.path), depth=depth - 1)
            elif _PART.match(entry.name) and _is_left(entry.stat(follow_symlinks=False)):
                Path(entry.path).unlink(missing_ok=True)


def _is_left(facts: os.stat_result) -> bool:
    mine = not hasattr(os, "geteuid") or facts.st_uid == os.geteuid()
    return mine and stat.S_ISREG(facts.st_mode) and time.time() - facts.st_mtime > _FORGOTTEN_SECONDS


def is_folder(path: Path) -> bool:
    """Whether a folder is there and can be asked: a network volume that fails is none."""
    try:
        return path.is_dir()
    except OSError:
        return False


def _inside(name: str) -> PurePosixPath:
    """The name as a path. Raises DeliveryFailed for one that leads out of the folder it is put into."""
    path = PurePosixPath(name)
    strange = "\\" in name or ":" in name or any(ord(character) < 32 for character in name)
    if not path.parts or path.is_absolute() or ".." in path.parts or strange:
        raise DeliveryFailed(f"{name!r} is no name for a file of the result")
    return path


def _written(path: Path, data: bytes, of_folders: int, of_files: int) -> Path:
    part = path.with_name(f".{uuid.uuid4().hex}.part")
    try:
        for folder in (*reversed(path.parent.parents), path.parent):  # `parents=True` has no rights for those above
            folder.mkdir(of_folders, exist_ok=True)
        part.touch(of_files, exist_ok=False)
        part.write_bytes(data)
        part.replace(path)
    except OSError as error:
        raise DeliveryFailed(f"{path.name!r} cannot be written: {error.strerror or 'the system refused'}") from error
    finally:
        with suppress(OSError):  # also where a Ctrl-C came in between
            part.unlink()
    return path
