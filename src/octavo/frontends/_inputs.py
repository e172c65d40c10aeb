"""What was named on the command line, as documents: files, folders, addresses, standard input.

Every document gets a place in the output that no other document has: two inputs of the same name must not overwrite
each other.
"""

import math
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TypeAlias
from urllib.parse import unquote, urlsplit

from octavo.errors import SourceEmpty
from octavo.frozen import frozen

Part: TypeAlias = str | Path | bytes  # an address, a file, or what came through standard input

STDIN = "-"


@frozen
class Input:
    """One document to be read."""

    shown: str  # as the user knows it; an address without its query
    parts: tuple[Part, ...]  # several are the pages of one document
    stem: str  # what the document's files are called
    place: PurePosixPath  # its folder below the output folder

    @property
    def full_name(self) -> str:
        return PurePosixPath(self.shown).name or self.stem

    @property
    def size(self) -> float:
        """Bytes to be read, as far as can be seen from here; an address may lead to any number."""
        return sum(map(_size, self.parts))


def gather(named: Sequence[str], *, output: Path | None, stdin: bytes | None, one_document: bool) -> list[Input]:
    """The documents, in the order they were named, folders in natural order.

    One document lies in the output folder itself, several each in a folder of their own. Nothing below `output` is
    taken for an input: it may lie inside the folder that is read. Raises SourceEmpty for a folder without files.
    """
    found = [entry for word in named for entry in _expand(word, output, stdin, alone=len(named) == 1)]
    if one_document:
        first = found[0]
        stem = Path(named[0]).resolve().name if Path(named[0]).is_dir() else first.stem
        return [Input(first.shown, tuple(part for entry in found for part in entry.parts), stem, PurePosixPath())]
    if len(found) == 1 and not Path(named[0]).is_dir():
        return [replace(found[0], place=PurePosixPath())]
    return _apart(found)


def longest_first(inputs: Iterable[Input]) -> list[Input]:
    """The order to start in, so that at the end no long document is read alone.

    By bytes: over real files they say as much about the time it takes as the number of pages, which only opening tells.
    """
    return sorted(inputs, key=lambda entry: entry.size, reverse=True)


def _size(part: Part) -> float:
    match part:
        case str():
            return math.inf
        case bytes():
            return len(part)
        case Path():
            try:
                return part.stat().st_size
            except OSError:
                return 0


def _expand(word: str, output: Path | None, stdin: bytes | None, *, alone: bool) -> Iterator[Input]:
    if word == STDIN:
        yield Input("standard input", (stdin or b"",), "stdin", PurePosixPath("stdin"))
    elif re.match(r"(?i)[a-z][a-z0-9+.-]+://", word):
        address = urlsplit(word)
        stem = PurePosixPath(unquote(address.path)).stem or address.hostname or "document"
        yield Input(
            f"{address.scheme}://{address.netloc.rpartition('@')[2]}{address.path}", (word,), stem, PurePosixPath(stem)
        )
    elif (folder := Path(word)).is_dir():
        files = list(_files(folder, output))
        if not files:
            raise SourceEmpty(f"{word}: the folder has no files in it")
        above = PurePosixPath() if alone else PurePosixPath(folder.resolve().name)
        for file in files:
            place = above / PurePosixPath(file.relative_to(folder).with_suffix("").as_posix())
            yield Input(str(file), (file,), file.stem, place)
    else:
        yield Input(word, (folder,), folder.stem, PurePosixPath(folder.stem))


def _files(folder: Path, output: Path | None) -> Iterator[Path]:
    """All files below, in natural order; hidden ones are not documents."""
    left_out = output.resolve() if output else None
    for above, folders, names in os.walk(folder):
        folders[:] = sorted(
            (name for name in folders if not name.startswith(".") and Path(above, name).resolve() != left_out),
            key=_natural,
        )
        yield from (Path(above, name) for name in sorted(names, key=_natural) if not name.startswith("."))


def _natural(name: str) -> list[tuple[int, str]]:
    """page2 before page10."""
    return [(int(run) if run.isdigit() else -1, run.casefold()) for run in re.split(r"(\d+)", name)]


def _apart(inputs: Iterable[Input]) -> list[Input]:
    """Where places collide, the files' full names tell them apart, and where those do too, numbers."""
    inputs = list(inputs)
    wanted = Counter(_folded(entry.place) for entry in inputs)
    taken: set[str] = set()
    result = []
    for entry in inputs:
        place = entry.place if wanted[_folded(entry.place)] == 1 else entry.place.with_name(entry.full_name)
        free, number = place, 1
        while _folded(free) in taken:
            number += 1
            free = place.with_name(f"{place.name}-{number}")
        taken.add(_folded(free))
        result.append(replace(entry, place=free))
    return result


def _folded(place: PurePosixPath) -> str:
    """Some file systems do not tell A from a."""
    return str(place).casefold()
