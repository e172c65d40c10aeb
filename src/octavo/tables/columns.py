"""Columns and rows of a table from nothing but the places of its words.

A border between columns is a place that most lines of the table leave free. Lines that cross it (headings over
several columns, long entries beside empty cells) are counted against it, and tolerated while they are few.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from octavo.frozen import frozen
from octavo.geometry import Rect, union
from octavo.tables.words import Token

_WIDE: Final = 0.75  # gap in text heights that is no space between words
_CROSSED: Final = 0.15  # share of lines that may cross a border
_PARTS: Final = 0.45  # text heights that a stretch between columns is wide where fewer than three lines leave it free
_USUAL: Final = 2_000  # pixels of a page's width that are kept ready

Word = TypeVar("Word", bound=Rect)


@frozen
class Piece(Rect):
    """Words of one line with nothing but spaces between them."""

    words: tuple[Token, ...]

    @classmethod
    def of(cls, words: Sequence[Token]) -> "Piece":
        first = words[0]
        if len(words) < 2:
            return cls(first.left, first.top, first.right, first.bottom, (first,))
        box = union(words)
        return cls(first.left, box.top, box.right, box.bottom, tuple(words))

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)


def pieces(line: Sequence[Token], gap: float) -> list[Piece]:
    """A line (words from left to right) cut at gaps of more than `gap` pixels."""
    return [Piece.of(words) for words in _apart(line, gap)]


def _apart(line: Sequence[Word], gap: float) -> list[list[Word]]:
    cut: list[list[Word]] = []
    end = 0.0
    for word in line:
        if cut and word.left - end <= gap:
            cut[-1].append(word)
            end = max(end, word.right)
        else:
            cut.append([word])
            end = word.right
    return cut


def column_gaps(lines: Sequence[Sequence[Rect]], height: float) -> list[tuple[float, float]]:
    """Stretches (left, right) between columns, for lines of words and the height of their letters."""
    if len(lines) == 1 and lines[0]:  # most that are asked about: what parts it is what parts its columns
        start = min(word.left for word in lines[0])
        gaps = _wide_gaps(_apart(lines[0], _WIDE * height), start)
        return [(start + gap.start, start + gap.stop) for gap in gaps if gap.stop - gap.start >= _PARTS * height]
    return ColumnGaps(lines, height).found()


class ColumnGaps:
    """The same for lines that come one by one: looking again after each does not begin anew."""

    def __init__(self, lines: Sequence[Sequence[Rect]], height: float) -> None:
        self._height = height
        self._lines: list[Sequence[Rect]] = []
        self._begin([line for line in lines if line])

    def add(self, line: Sequence[Rect]) -> None:
        """One more line, its words from left to right."""
        if self._lines and min(word.left for word in line) >= self._start:
            self._count(line)
        else:
            self._begin([*self._lines, line])

    def found(self) -> list[tuple[float, float]]:
        if not self._lines:
            return []
        wide, narrow, crossed = (counts[: self._width] for counts in (self._wide, self._narrow, self._crossed))
        ends = _inner_ends(_free(wide, narrow, crossed))
        if not len(ends):
            return []
        most = np.maximum.reduceat(wide, ends)[::2].tolist()  # in each stretch
        return [
            (self._start + left, self._start + right)
            for left, right, lines in zip(ends[::2].tolist(), ends[1::2].tolist(), most, strict=True)
            if right - left >= (0.2 if lines >= 3 else _PARTS) * self._height and right < self._width - 1
        ]

    def _begin(self, lines: Sequence[Sequence[Rect]]) -> None:
        self._lines = []
        self._start = min((word.left for line in lines for word in line), default=0.0)
        self._width = 2
        self._wide, self._narrow, self._crossed = (np.zeros(_USUAL) for _ in range(3))
        for line in lines:
            self._count(line)

    def _count(self, line: Sequence[Rect]) -> None:
        self._lines.append(line)
        start, height, crossed = self._start, self._height, self._crossed
        self._width = max(self._width, int(max([word.right for word in line]) - start) + 2)
        if self._width > len(crossed):
            more = np.zeros(self._width)
            self._wide, self._narrow, self._crossed = (
                np.concatenate((counts, more)) for counts in (self._wide, self._narrow, crossed)
            )
            crossed = self._crossed
        parts = _apart(line, _WIDE * height)
        weight = 1.0 if len(parts) > 1 else 0.35  # a line of one piece may be a heading or a note
        for words in parts:
            for word in words:
                under = crossed[_span(word.left, word.right, start)]
                under += weight
            for before, after in pairwise(words):
                if after.left > before.right:
                    stretch = _span(before.right, after.left, start)
                    usual = (_WIDE - (after.left - before.right) / height) / (_WIDE - 0.3)
                    under, narrow = crossed[stretch], self._narrow[stretch]
                    under += weight * min(1.0, usual) * 0.9
                    narrow += 1
        for gap in _wide_gaps(parts, start):
            self._wide[gap] += 1


def _wide_gaps(parts: Sequence[Sequence[Rect]], start: float) -> list[slice]:
    """The pixels from `start` between the parts of a line."""
    return [_span(max([word.right for word in left]), right[0].left, start) for left, right in pairwise(parts)]


def _free(wide: NDArray[np.float64], narrow: NDArray[np.float64], crossed: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Places free in most lines; or, where columns stand as close as words, in all of many lines."""
    tolerated = (wide >= 1) & (crossed <= _CROSSED * (wide + crossed))
    close = (narrow >= 4) & (crossed <= 0.95 * narrow)
    return np.asarray(tolerated | close)


def _span(left: float, right: float, start: float) -> slice:
    first, last = round(left - start), round(right - start)
    return slice(first if first > 0 else 0, last if last > first else first + 1)


def _inner_ends(mask: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Where stretches of a mask start and end, in turns; without those at its own ends."""
    ends = np.flatnonzero(mask[1:] != mask[:-1]) + 1
    return ends[int(mask[0]) : len(ends) - int(mask[-1])]
