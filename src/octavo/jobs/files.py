"""Where the bytes of jobs lie: a folder, or this process's memory. By job, and by a name within it.

A file is there whole or not at all. The methods block.
"""

import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Protocol

from octavo import delivery
from octavo.document import Artifact
from octavo.errors import DeliveryFailed, ResourcesExhausted

_HALF_TAKEN_SECONDS = 3600.0  # a folder without a job is one that is just being taken, or was when its server died


class Files(Protocol):
    """What a store of jobs asks of them."""

    def write(self, job: str, name: str, data: bytes) -> None:
        """Raises ResourcesExhausted."""
        ...

    def read(self, job: str, name: str) -> bytes | None:
        """None where there is none."""
        ...

    def names(self, job: str, beginning: str) -> list[str]:
        """Of a job's files, those that begin so, sorted."""
        ...

    def size(self, job: str) -> int:
        """Bytes of all files of a job."""
        ...

    def copy(self, job: str, to: str, beginnings: tuple[str, ...]) -> None:
        """Some of a job's files, for another."""
        ...

    def remove(self, job: str, beginning: str = "") -> None:
        """All of a job's files, or those that begin so."""
        ...

    def strays(self) -> Iterator[str]:
        """Jobs with files that were taken long ago."""
        ...


class InMemory:
    """Gone with the process."""

    def __init__(self) -> None:
        self._files: dict[str, dict[str, bytes]] = {}
        self._lock = Lock()

    def write(self, job: str, name: str, data: bytes) -> None:
        with self._lock:
            self._files.setdefault(job, {})[name] = data

    def read(self, job: str, name: str) -> bytes | None:
        return self._files.get(job, {}).get(name)

    def names(self, job: str, beginning: str) -> list[str]:
        with self._lock:
            return sorted(name for name in self._files.get(job, {}) if name.startswith(beginning))

    def size(self, job: str) -> int:
        with self._lock:
            return sum(map(len, self._files.get(job, {}).values()))

    def copy(self, job: str, to: str, beginnings: tuple[str, ...]) -> None:
        with self._lock:
            found = self._files.get(job, {}).items()
            self._files.setdefault(to, {}).update({name: data for name, data in found if name.startswith(beginnings)})

    def remove(self, job: str, beginning: str = "") -> None:
        with self._lock:
            left = {name: data for name, data in self._files.pop(job, {}).items() if not name.startswith(beginning)}
            if beginning and left:
                self._files[job] = left

    def strays(self) -> Iterator[str]:
        return iter(())


class InFolder:
    """A folder for each job, which its owner alone may read."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def write(self, job: str, name: str, data: bytes) -> None:
        try:
            delivery.to_folder([Artifact(name, "", data)], self._root / job, private=True)
        except DeliveryFailed as error:
            raise ResourcesExhausted(f"the store takes no more: {error.message}") from error

    def read(self, job: str, name: str) -> bytes | None:
        try:
            return (self._root / job / name).read_bytes()
        except OSError:
            return None

    def names(self, job: str, beginning: str) -> list[str]:
        found = (path.relative_to(self._root / job).as_posix() for path in self._all(job))
        return sorted(name for name in found if name.startswith(beginning))

    def size(self, job: str) -> int:
        total = 0
        for path in self._all(job):
            with suppress(OSError):
                total += path.stat().st_size
        return total

    def copy(self, job: str, to: str, beginnings: tuple[str, ...]) -> None:
        for beginning in beginnings:
            for name in self.names(job, beginning):
                data = self.read(job, name)
                if data is not None:
                    self.write(to, name, data)

    def remove(self, job: str, beginning: str = "") -> None:
        if not beginning:
            shutil.rmtree(self._root / job, ignore_errors=True)
        else:
            delivery.remove(self.names(job, beginning), self._root / job)

    def strays(self) -> Iterator[str]:
        with suppress(OSError):
            for folder in self._root.iterdir():
                with suppress(OSError):
                    if time.time() - folder.stat().st_mtime > _HALF_TAKEN_SECONDS:
                        yield folder.name

    def _all(self, job: str) -> Iterator[Path]:
        """Whole files: one that is being written begins with a dot."""
        with suppress(OSError):
            yield from (path for path in (self._root / job).rglob("[!.]*") if path.is_file())
