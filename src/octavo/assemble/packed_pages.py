"""The pages of a document that is only written down: without what no renderer asks for, and packed.

A page as it is read takes 160 KiB, two thirds of it the place of each word; without words 50, packed 7, and without
lines, which are needed until it is settled what goes on over pages, 4 (the shipped paper and statement, 2026-11-26).
To pack a page takes 1.2 ms and to unpack it 1.4, so the first ones stay as they are. Of 500 pages that a stand-in for a
model read, all but 64 packed, each took 42 ms of CPU instead of 34.
"""

import pickle
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final, overload

from octavo.document import Page, TextLine

_UNPACKED: Final = 256  # pages of a document that are not packed: 13 MiB


class PackedPages(Sequence[Page]):
    """Pages in order. Each is unpacked when it is asked for, so two looks at one give two objects that are equal."""

    def __init__(self, pages: Iterable[Page] = ()) -> None:
        self._first: list[Page] = []
        self._packed: list[bytes] = []
        for page in pages:
            self.append(page)

    def append(self, page: Page) -> None:
        if len(self._first) < _UNPACKED:
            self._first.append(page)
        else:
            self._packed.append(_packed(page))

    def __len__(self) -> int:
        return len(self._first) + len(self._packed)

    def __iter__(self) -> Iterator[Page]:
        yield from self._first
        yield from map(_unpacked, self._packed)

    @overload
    def __getitem__(self, place: int) -> Page: ...

    @overload
    def __getitem__(self, place: slice) -> list[Page]: ...

    def __getitem__(self, place: int | slice) -> Page | list[Page]:
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(self)))]
        place = range(len(self))[place]
        first = len(self._first)
        return self._first[place] if place < first else _unpacked(self._packed[place - first])


class PackedByNumber(Mapping[int, Page]):
    """Some pages of a document, all packed, by their numbers."""

    def __init__(self) -> None:
        self._packed: dict[int, bytes] = {}

    def add(self, page: Page) -> None:
        self._packed[page.number] = _packed(page)

    def __getitem__(self, number: int) -> Page:
        return _unpacked(self._packed[number])

    def __contains__(self, number: object) -> bool:
        return number in self._packed

    def __iter__(self) -> Iterator[int]:
        return iter(self._packed)

    def __len__(self) -> int:
        return len(self._packed)


def _packed(page: Page) -> bytes:
    return zlib.compress(pickle.dumps(page, pickle.HIGHEST_PROTOCOL), 1)


def _unpacked(data: bytes) -> Page:
    page: Page = pickle.loads(zlib.decompress(data))  # noqa: S301 - it never left this process
    return page


def without_words(page: Page) -> Page:
    """The page with its lines once, as they were read, and of each what is asked for when pages are settled."""
    if not _has_lines(page):
        return page
    blocks = (
        replace(
            block,
            region=replace(block.region, lines=() if block.recognition.lines else _wordless(block.region.lines)),
            recognition=replace(block.recognition, lines=_wordless(block.recognition.lines)),
        )
        for block in page.blocks
    )
    return replace(page, blocks=tuple(blocks))


def without_lines(page: Page) -> Page:
    """The page without the places of its lines."""
    if not _has_lines(page):
        return page
    blocks = (
        replace(
            block,
            region=replace(block.region, lines=()),
            recognition=replace(block.recognition, lines=()),
        )
        for block in page.blocks
    )
    return replace(page, blocks=tuple(blocks))


def _has_lines(page: Page) -> bool:
    """Not where a model read it, and there was no text layer."""
    return any(block.region.lines or block.recognition.lines for block in page.blocks)


def _wordless(lines: Sequence[TextLine]) -> tuple[TextLine, ...]:
    """Anew, for `replace` takes six times as long: a page has a hundred."""
    return tuple([TextLine(it.box, it.text, quad=it.quad, font_size=it.font_size, bold=it.bold) for it in lines])
