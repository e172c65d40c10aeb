"""Where the small network looks for lines of text again, after the tiny one: the doubtful parts of a picture.

Doubtful is ink in the shape of a letter that no line covers, a line of which the tiny network is not sure, and one much
higher than the others. Of 2,006 lines on 42 pictures (2026-11; decisions/0022) the tiny network misses or takes apart
53, nearly all of them formulas and displays, whose ink is left uncovered; the others lie within 0.1 `x`-heights of the
small one's in the median.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from octavo.frozen import frozen
from octavo.geometry import Size
from octavo.networks.strips import Quad
from octavo.opencv import cv2

MARGIN: Final = 64  # pixels that are seen around what counts, so that both sides of a seam see whole letters there

_SURE: Final = 0.65  # score from which a line is believed
_TALL: Final = 4.0  # times the usual line's height, up to which one is believed: bars of a chart had 9 to 12
_COVERED: Final = 0.7  # share of a letter's box that lies in lines, from which it is covered
_SPECK: Final = 5.0  # pixels of the working picture: lower pieces are dots, commas and grain (an `x` has 12)
_AROUND: Final = 24  # pixels: two `x`-heights around a doubt, in which the rest of its line may begin
_GRID: Final = 8  # pixels: how finely doubts are told apart

Boxes = NDArray[np.float64]  # n x 4: left, top, right, bottom in pixels of the working picture


@frozen
class Part:
    """An upright part of the picture."""

    rows: slice
    columns: slice

    @property
    def seen(self) -> int:
        """Pixels a network sees for it."""
        height, width = (span.stop - span.start + 2 * MARGIN for span in (self.rows, self.columns))
        return int(height * width)


def whole(size: Size) -> Part:
    return Part(slice(0, size.height), slice(0, size.width))


def doubtful_parts(quads: Sequence[Quad], scores: Sequence[float], letters: Boxes, size: Size) -> list[Part]:
    """What is to be looked at again of a picture of `size`, given its lines with their scores and its letters.

    The parts may overlap; where they cost as much as all of it, it is all of it. So it is where no line is believed:
    print so faint that its letters do not stand out from paper (20 grey levels, blurred, with grain) the tiny network
    does not see at all, and nothing would tell.
    """
    sure = [score >= _SURE for score in scores]
    if not any(sure):
        return [whole(size)]
    heights = np.array([_height(quad) for quad in quads])
    is_believed = np.array(sure) & (heights <= _TALL * np.median(heights[sure]))
    believed = [quad for quad, is_so in zip(quads, is_believed, strict=True) if is_so]
    unsure = [quad for quad, is_so in zip(quads, is_believed, strict=True) if not is_so]
    doubts = np.vstack((_uncovered(letters, believed, size), _upright(unsure)))
    parts = _around([*doubts, *_touched(believed, doubts)], size)
    return parts if sum(part.seen for part in parts) < size.area else [whole(size)]


def _upright(quads: Sequence[Quad]) -> Boxes:
    """The boxes around lines."""
    return np.reshape([(*quad.min(axis=0), *quad.max(axis=0)) for quad in quads], (-1, 4)).astype(np.float64)


def _height(quad: Quad) -> float:
    """Of a line, across it."""
    return float(min(np.linalg.norm(quad[1] - quad[0]), np.linalg.norm(quad[2] - quad[1])))


def _uncovered(letters: Boxes, quads: Sequence[Quad], size: Size) -> Boxes:
    """The letters that lie in no line, or stick out of one."""
    covered = np.zeros((size.height, size.width), np.uint8)
    for quad in quads:
        cv2.fillConvexPoly(covered, np.rint(quad).astype(np.int32), 1)
    sums = cv2.integral(covered)
    tall = letters[letters[:, 3] - letters[:, 1] >= _SPECK]
    left, top, right, bottom = np.clip(np.rint(tall), 0, np.tile(size, 2)).astype(int).T
    inside = sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]
    uncovered: Boxes = tall[inside < _COVERED * (right - left) * (bottom - top)]
    return uncovered


def _touched(quads: Sequence[Quad], doubts: Boxes) -> Boxes:
    """The lines that begin or go on beside a doubt: seen in part, one may be taken for something else, and be lost."""
    lines = _upright(quads)
    reached = doubts + np.array((-_AROUND, -_AROUND, _AROUND, _AROUND), np.float64)
    touched: Boxes = lines[
        [bool(((reached[:, :2] < line[2:]) & (reached[:, 2:] > line[:2])).all(axis=1).any()) for line in lines]
    ]
    return touched


def _around(doubts: Sequence[NDArray[np.float64]], size: Size) -> list[Part]:
    """Parts that hold all doubts; those that would be seen together anyhow are one."""
    reach = _AROUND + MARGIN
    marked = np.zeros((size.height // _GRID + 1, size.width // _GRID + 1), np.uint8)
    for box in doubts:
        left, top = (np.maximum(box[:2] - reach, 0) // _GRID).astype(int)
        right, bottom = (np.maximum(box[2:] + reach, 0) // _GRID).astype(int) + 1
        marked[top:bottom, left:right] = 1
    _, _, pieces, _ = cv2.connectedComponentsWithStats(marked, connectivity=8, ltype=cv2.CV_32S)
    return [
        Part(_less_margins(top, height, size.height), _less_margins(left, width, size.width))
        for left, top, width, height, _ in pieces[1:].tolist()
    ]


def _less_margins(start: int, extent: int, end: int) -> slice:
    """What counts of a span of the grid; at the edge of the picture there is no margin."""
    first, last = start * _GRID, (start + extent) * _GRID
    return slice(first + MARGIN if first else 0, last - MARGIN if last < end else end)
