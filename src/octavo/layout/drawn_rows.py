"""Which rows of a page are looked at for figures, shrunk: those with something on white paper, and a little air.

Half of a usual page and more is white from left to right. White rows between things far apart tell nothing of either
and are left out: what is left is looked at as if it were the page, and says the same of what is drawn on it.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from octavo.document import Pixels
from octavo.frozen import frozen
from octavo.opencv import cv2

# Twice as many rows as that are left between two things, more than anything that is told of a place reaches up or down.
_AIR: Final = 4  # pairs of rows that are left above and below what is drawn
_SPARSE: Final = 0.7  # share of a page's rows that are drawn, up to which some are left out: more are looked at sooner
_AT_ONCE: Final = 32  # rows that are shrunk together: what they are made of stays in the processor's cache


@frozen
class DrawnRows:
    """Some rows of a shrunk page."""

    drawn: NDArray[np.bool_]  # for each row of the page, whether something may be on it
    rows: NDArray[np.intp]  # those that are looked at, top to bottom
    _above: Sequence[int]  # for each row of the page, and for its lower end: how many are looked at above it

    @classmethod
    def all_of(cls, height: int) -> Self:
        return cls(np.ones(height, bool), np.arange(height), range(height + 1))

    @classmethod
    def around(cls, drawn: NDArray[np.bool_], others: NDArray[np.bool_]) -> Self:
        """Around what is drawn, and the others that are to be there; all where next to all are drawn. Pairs of rows
        stay pairs: areas of ink are numbered by them."""
        if np.count_nonzero(drawn) > _SPARSE * len(drawn):
            return cls.all_of(len(drawn))
        pairs = np.zeros((len(drawn) + 1) // 2 * 2, np.int8)
        pairs[: len(drawn)] = drawn | others
        near = np.convolve(pairs.reshape(-1, 2).max(axis=1), np.ones(2 * _AIR + 1, np.int8), "same") > 0
        looked_at = np.repeat(near, 2)[: len(drawn)]
        return cls(drawn, np.flatnonzero(looked_at), [0, *np.cumsum(looked_at).tolist()])

    @property
    def height(self) -> int:
        """Rows of the page."""
        return len(self.drawn)

    @property
    def left_out(self) -> int:
        return self.height - len(self.rows)

    def between(self, first: int, end: int) -> tuple[int, int]:
        """Where the rows of the page from the first on are among those that are looked at, and where they end."""
        return self._above[min(first, self.height)], self._above[min(end, self.height)]

    @property
    def from_below(self) -> "DrawnRows":
        """The same of the page turned upside down."""
        count = len(self.rows)
        above = [count - above for above in reversed(self._above)]
        return DrawnRows(self.drawn[::-1], self.height - 1 - self.rows[::-1], above)

    def of(self, pixels: Pixels, width: int) -> Pixels:
        """Those of a page, shrunk to that width and to as many rows as there are; what is not drawn is white."""
        down, across = len(pixels) / self.height, pixels.shape[1] / width
        if self.drawn.all() or min(down, across) < 1 or down.is_integer():
            whole = cv2.resize(pixels, (width, self.height), interpolation=cv2.INTER_AREA)
            return np.asarray(whole, np.uint8)[self.rows]
        shrunk = np.full((len(self.rows), width, *pixels.shape[2:]), 255, np.uint8)
        for first, end in self._stretches():
            start, stop = self.between(first, end)
            shrunk[start:stop] = _shrunk(pixels, first, end, down, width)
        return shrunk

    def _stretches(self) -> Iterator[tuple[int, int]]:
        """First and last row, and one, of those side by side that may have something; not too many."""
        ends = np.flatnonzero(np.diff(self.drawn, prepend=False, append=False)).tolist()
        for first, last in zip(ends[::2], ends[1::2], strict=True):
            yield from ((start, min(last, start + _AT_ONCE)) for start in range(first, last, _AT_ONCE))


def _shrunk(pixels: Pixels, first: int, end: int, down: float, width: int) -> NDArray[np.float32]:
    """Some rows of a shrunk page, of which each is so many (`down`) of the page's: the mean of what it covers, as
    OpenCV has it, which can tell it of rows from the top only."""
    borders = np.arange(first, end + 1) * down
    top, bottom = int(borders[0]), min(len(pixels), math.ceil(borders[-1]))
    part = pixels[top:bottom].astype(np.float32)
    across = np.asarray(cv2.resize(part, (width, bottom - top), interpolation=cv2.INTER_AREA))
    upper, lower = borders[:-1] - top, borders[1:] - top
    covered = upper.astype(np.intp)
    shrunk = np.zeros((end - first, *across.shape[1:]), np.float32)
    for row in (covered + step for step in range(math.ceil(down) + 1)):
        share = (np.minimum(row + 1, lower) - np.maximum(row, upper)).clip(0) / down
        shrunk += across.take(row, 0, mode="clip") * share.astype(np.float32).reshape(-1, *[1] * (shrunk.ndim - 1))
    return np.rint(shrunk, out=shrunk)
