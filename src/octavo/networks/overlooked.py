"""Where letters are left over after lines were found: the places to look at once more, and larger.

A letter that no line covers is a character that stands alone, a line that was overlooked, or no letter at all. Around
each the network looks again. Measured on seven pages of forms, invoices, papers and scans (2026-11): that is 0 to 10 %
of a page, and brings back lone digits of tables, and some headlines, that a look at the whole page overlooks at any
size.
"""

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from octavo.geometry import PixelBox, Size
from octavo.networks.strips import Quad

Letters = NDArray[np.float64]  # n x 4, pixels: left, top, width, height
Cover = NDArray[np.uint8]  # of every pixel of a picture, 1 where a line is

_LOWEST: Final = 0.7  # of the typical height, from which an overlooked letter is one: what is lower is a speck
_TALLEST: Final = 2.5  # of it, up to which it is: what is taller is drawn
_TALLEST_LINE: Final = 2 * _TALLEST  # of it: a line is twice as tall as an `x`
_MOST: Final = 1 / 3  # share of the picture from which what is left over is grain or a photograph, and is let be
_KNOWN: Final = 0.3  # share of a line that other lines cover, from which it is one of them
_CELL: Final = 8  # pixels: how finely areas are joined


def cover(quads: Sequence[Quad], size: Size) -> Cover:
    """Where the lines are."""
    covered = np.zeros((size.height, size.width), np.uint8)
    for quad in quads:
        cv2.fillConvexPoly(covered, np.rint(quad).astype(np.int32), 1)
    return covered


def overlooked(letters: Letters, covered: Cover, around: float) -> list[PixelBox]:
    """The areas with letters that no line covers, `around` pixels wider on all sides, apart from each other."""
    height, width = covered.shape
    heights = letters[:, 3]
    typical = float(np.median(heights))
    alike = letters[(heights >= _LOWEST * typical) & (heights <= _TALLEST * typical)]
    middles = (alike[:, :2] + alike[:, 2:] / 2).astype(int)
    near = np.zeros((-(-height // _CELL), -(-width // _CELL)), np.uint8)
    for left, top, across, down in alike[covered[middles[:, 1], middles[:, 0]] == 0]:
        near[_cells(top - around, top + down + around), _cells(left - around, left + across + around)] = 1
    if near.mean() > _MOST:
        return []
    _, _, areas, _ = cv2.connectedComponentsWithStats(near, connectivity=8, ltype=cv2.CV_32S)
    return [
        PixelBox(_CELL * x, _CELL * y, min(width, _CELL * (x + across)), min(height, _CELL * (y + down)))
        for x, y, across, down, _ in areas[1:].tolist()
    ]


def _cells(start: float, end: float) -> slice:
    return slice(max(0, int(start // _CELL)), int(end // _CELL) + 1)


def is_overlooked(quad: Quad, letters: Letters, covered: Cover) -> bool:
    """Whether a line seen in such an area is one that was overlooked: no piece of a known one, no drawing as tall as
    several lines, and no letters that the picture's edge cuts off."""
    height, width = covered.shape
    left, top = np.floor(quad.min(axis=0)).astype(int)
    right, bottom = np.ceil(quad.max(axis=0)).astype(int)
    if left <= 0 or top <= 0 or right >= width or bottom >= height:
        return False
    if bottom - top > _TALLEST_LINE * float(np.median(letters[:, 3])):
        return False
    inside = np.zeros((bottom - top + 1, right - left + 1), np.uint8)
    cv2.fillConvexPoly(inside, np.rint(quad - (left, top)).astype(np.int32), 1)
    return cv2.mean(covered[top : bottom + 1, left : right + 1], inside)[0] < _KNOWN
