"""One document of many, and what it is called wherever it is named."""

import hashlib
import re
from typing import Final

from octavo.frozen import frozen

_STRANGE: Final = re.compile(r'[\x00-\x1f\\:*?"<>|%]')  # what some system has no file names with, and our own escape
_LONGEST: Final = 120  # characters of one folder's name


@frozen
class Item:
    """A document that can be read."""

    name: str  # its path below the source: no two documents have one
    location: str  # of its file: a path, or an address
    size: int = 0  # bytes; 0 where nobody says
    version: str = ""  # another one where it was changed; empty where nobody says
    member: str = ""  # its name in the archive that its file is
    offset: int = 0  # of its bytes there

    @property
    def key(self) -> str:
        """What its markers are called: 32 hexadecimal digits."""
        return hashlib.sha256(self.name.encode("utf-8", "replace")).hexdigest()[:32]

    @property
    def place(self) -> str:
        """Its folder below the target. Other names have other places: nothing is dropped, strange signs are escaped."""
        return "/".join(_segment(part) for part in self.name.split("/") if part)

    @property
    def stem(self) -> str:
        """What its files are called."""
        last = self.place.rpartition("/")[2]
        return last.rpartition(".")[0] or last


def _segment(name: str) -> str:
    safe = _STRANGE.sub(lambda found: f"%{ord(found[0]):02X}", name)
    if safe.startswith("."):  # hidden, or the way out
        safe = f"%2E{safe[1:]}"
    if len(safe) > _LONGEST:
        safe = f"{safe[:_LONGEST]}-{hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()[:12]}"
    return safe
