"""Columns and rows of a table from nothing but the places of its words.

A border between columns is a place that most lines of the table leave free. Lines that cross it (headings over
several columns, long entries beside empty cells) are counted against it, and tolerated while they are few.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from octavo.geometry import Rect, union
from octavo.tables.words import Token

_WIDE: Final = 0.75  # gap in text heights that is no space between words
_CROSSED: Final = 0.15  # share of lines that may cross a border


@dataclass(frozen=True, slots=True)
class Piece(Rect):
    """Words of one line with nothing but spaces between them."""

    words: tuple[Token, ...]

    @classmethod
    def of(cls, words: Sequence[Token]) -> "Piece":
        box = union(words)
        return cls(words[0].left, box.top, box.right, box.bottom, tuple(words))

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)


def pieces(line: Sequence[Token], gap: float) -> list[Piece]:
    """A line (words from left to right) cut at gaps of more than `gap` pixels."""
    cut: list[list[Token]] = []
    end = 0.0
    for word in line:
        if cut and word.left - end <= gap:
            cut[-1].append(word)
            end = max(end, word.right)
        else:
            cut.append([word])
            end = word.right
    return [Piece.of(words) for words in cut]


def column_gaps(lines: Sequence[Sequence[Token]], height: float) -> list[tuple[float, float]]:
    """Stretches (left, right) between columns, for lines of words and the height of their letters."""
    words = [word for line in lines for word in line]
    if not words:
        return []
    start = min(word.left for word in words)
    width = int(max(word.right for word in words) - start) + 2
    wide, narrow, crossed = (np.zeros(width) for _ in range(3))
    for line in lines:
        parts = pieces(line, _WIDE * height)
        weight = 1.0 if len(parts) > 1 else 0.35  # a line of one piece may be a heading or a note
        for part in parts:
            for word in part.words:
                crossed[_span(word.left, word.right, start, width)] += weight
            for before, after in pairwise(part.words):
                if after.left > before.right:
                    stretch = _span(before.right, after.left, start, width)
                    usual = (_WIDE - (after.left - before.right) / height) / (_WIDE - 0.3)
                    crossed[stretch] += weight * min(1.0, usual) * 0.9
                    narrow[stretch] += 1
        for left, right in pairwise(parts):
            wide[_span(left.right, right.left, start, width)] += 1
    free = _free(wide, narrow, crossed)
    return [
        (start + left, start + right)
        for left, right in _stretches(free)
        if right - left >= (0.2 if wide[left:right].max() >= 3 else 0.45) * height and left > 0 and right < width - 1
    ]


def _free(wide: NDArray[np.float64], narrow: NDArray[np.float64], crossed: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Places free in most lines; or, where columns stand as close as words, in all of many lines."""
    tolerated = (wide >= 1) & (crossed <= _CROSSED * (wide + crossed))
    close = (narrow >= 4) & (crossed <= 0.95 * narrow)
    return np.asarray(tolerated | close)


def _span(left: float, right: float, start: float, width: int) -> slice:
    return slice(max(0, round(left - start)), min(width, max(round(left - start) + 1, round(right - start))))


def _stretches(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
