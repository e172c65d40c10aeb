"""The pages of a document that is only written down: without what no renderer asks for, and packed.

A page as it is read takes 160 KiB, two thirds of it the place of each word; without words 65, packed 4, and without
lines, which are needed until it is settled what goes on over pages, 3 (the shipped paper and statement, 2026-11-26).
To pack a page takes 0.3 ms and to unpack it as long, which is done five times until it is written. That and what
looking for garbage among pages that are not packed takes were the same at 200 pages.
"""

import mmap
import pickle
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final, Self, overload

from octavo.document import Block, Page, Task, TextLine

_UNPACKED: Final = 64  # pages of a document that are not packed: 4 MiB
_TOGETHER: Final = 16  # pages packed as one, a fifth smaller than by themselves; 5 ms at a time


class PackedPages(Sequence[Page]):
    """Pages in order. Each is unpacked when it is asked for, so two looks at one give two objects that are equal."""

    def __init__(self, pages: Iterable[Page] = ()) -> None:
        self._first: list[Page] = []
        self._packed: list[mmap.mmap] = []  # `_TOGETHER` in each
        self._last: list[Page] = []  # too few to be packed
        for page in pages:
            self.append(page)

    def append(self, page: Page) -> None:
        if len(self._first) < _UNPACKED:
            self._first.append(page)
            return
        self._last.append(_without_lines_of_tables(page))
        if len(self._last) == _TOGETHER:
            self._packed.append(_apart(_packed(self._last)))
            self._last = []

    def replaced(self, pages: Iterable[Page]) -> Self:
        """Holds as many others instead, without lines. They may be made of those in here, one by one."""
        together: list[Page] = []
        for place, page in enumerate(map(without_lines, pages)):
            if place < len(self._first):
                self._first[place] = page
                continue
            together.append(page)
            if len(together) == _TOGETHER:
                self._packed[(place - len(self._first)) // _TOGETHER] = _apart(_packed(together))
                together = []
        self._last = together
        return self

    def __len__(self) -> int:
        return len(self._first) + _TOGETHER * len(self._packed) + len(self._last)

    def __iter__(self) -> Iterator[Page]:
        yield from self._first
        for together in self._packed:
            yield from _unpacked(together)
        yield from self._last

    @overload
    def __getitem__(self, place: int) -> Page: ...

    @overload
    def __getitem__(self, place: slice) -> list[Page]: ...

    def __getitem__(self, place: int | slice) -> Page | list[Page]:
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(self)))]
        place = range(len(self))[place]
        if place < len(self._first):
            return self._first[place]
        which, place = divmod(place - len(self._first), _TOGETHER)
        return (_unpacked(self._packed[which]) if which < len(self._packed) else self._last)[place]


class PackedByNumber(Mapping[int, Page]):
    """Some pages of a document, all packed, by their numbers."""

    def __init__(self) -> None:
        self._packed: dict[int, bytes] = {}

    def add(self, page: Page) -> None:
        self._packed[page.number] = _packed([page])

    def __getitem__(self, number: int) -> Page:
        return _unpacked(self._packed[number])[0]

    def __contains__(self, number: object) -> bool:
        return number in self._packed

    def __iter__(self) -> Iterator[int]:
        return iter(self._packed)

    def __len__(self) -> int:
        return len(self._packed)


def _packed(pages: Sequence[Page]) -> bytes:
    return zlib.compress(pickle.dumps(pages, pickle.HIGHEST_PROTOCOL), 1)


def _unpacked(data: bytes | mmap.mmap) -> list[Page]:
    pages: list[Page] = pickle.loads(zlib.decompress(data))  # noqa: S301 - it never left this process
    return pages


def _apart(data: bytes) -> mmap.mmap:
    """In memory of its own. Each thread has a heap: what the one that settles pages lets go of is of no use to it, for
    it came from the one that reads."""
    memory = mmap.mmap(-1, len(data), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    memory[:] = data
    return memory


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
    return replace(page, blocks=tuple(map(_lineless, page.blocks)))


def _without_lines_of_tables(page: Page) -> Page:
    """How a table is set, nobody asks in a document of three pages or more (`assemble.furniture`)."""
    if not _has_lines(page):
        return page
    return replace(page, blocks=tuple(_lineless(it) if it.region.task is Task.TABLE else it for it in page.blocks))


def _lineless(block: Block) -> Block:
    return replace(block, region=replace(block.region, lines=()), recognition=replace(block.recognition, lines=()))


def _has_lines(page: Page) -> bool:
    """Not where a model read it, and there was no text layer."""
    return any(block.region.lines or block.recognition.lines for block in page.blocks)


def _wordless(lines: Sequence[TextLine]) -> tuple[TextLine, ...]:
    """Anew, for `replace` takes six times as long: a page has a hundred."""
    return tuple([TextLine(it.box, it.text, quad=it.quad, font_size=it.font_size, bold=it.bold) for it in lines])
