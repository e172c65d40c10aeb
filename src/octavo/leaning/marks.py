"""Pieces of lines of text on a small copy of a page: where each lies and which way it runs.

Letters are run together sidewards into lines, lines are cut into pieces, and of each piece the ink's own slope is
taken. On a page that is straight this is nearly all that is done: it has to be cheap.
"""

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from octavo.document import Pixels
from octavo.frozen import frozen
from octavo.opencv import cv2

Floats: TypeAlias = NDArray[np.float64]
Grey: TypeAlias = NDArray[np.uint8]  # height x width

_SIDE: Final = 800  # pixels of the copy's longer side, about: letters of ten points are five pixels high there
_AROUND: Final = 15  # pixels around one whose mean it must be darker than: shadows are as dark as what lies around
_DARKER: Final = 10  # of 255: by how much
_APART: Final = 9  # pixels between words that are run together
_SKIPPED: Final = 4  # of so many columns one is looked at when lines are told apart: a quarter of the time
_STRIPS: Final = 12  # across the copy: a line is cut where it enters another
_LOWEST: Final = 2.0  # pixels of a line's height
_THINNEST: Final = 0.8  # pixels of a ruling line's
_RULE: Final = 6.0  # heights of a line of text from which a thin piece is of a ruling line
_HIGHEST: Final = 0.04  # of the copy's longer side
_STEEPEST: Final = 0.4  # down over across of what can be one line
_LONG: Final = 2.5  # length over height of a piece whose slope counts
_FEWEST_PIXELS: Final = 6  # of ink in a piece
_ALIKE: Final = 2.2  # times higher or lower than usual: no line of the running text


@frozen
class Marks:
    """Pieces of lines (one place each in the arrays) and whole lines, in pixels of the copy, from its middle."""

    x: Floats  # of pieces
    y: Floats
    slope: Floats  # down per across
    length: Floats
    starts: Floats  # n x 2: x and y of the left ends of whole lines
    ends: Floats  # n x 2: of their right ends
    height: float  # of usual lines

    def __len__(self) -> int:
        return len(self.x)


def small(pixels: Pixels) -> Grey:
    """A grey copy, smaller by a whole number, which is fast."""
    factor = scale_of(pixels)
    height, width = (side // factor for side in pixels.shape[:2])
    if factor > 1 and height and width:
        whole = pixels[: height * factor, : width * factor]
        pixels = np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)


def scale_of(pixels: Pixels) -> int:
    """Pixels of the page for one of the small copy."""
    height, width = pixels.shape[:2]
    return max(1, round(int(max(height, width)) / _SIDE))


def marks(grey: Grey) -> Marks:
    """What is seen of the lines on a small copy."""
    height, width = grey.shape
    darker = cv2.subtract(cv2.blur(grey, (_AROUND, _AROUND)), grey)
    ink = np.asarray(cv2.threshold(darker, _DARKER, 1, cv2.THRESH_BINARY)[1], np.uint8)
    closed = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((1, _APART), np.uint8))
    narrow = np.ascontiguousarray(closed[:, ::_SKIPPED])
    count, labels, facts, _ = cv2.connectedComponentsWithStats(narrow, connectivity=8, ltype=cv2.CV_32S)
    line = _is_line(np.asarray(facts, np.int32), max(height, width))
    half = np.ascontiguousarray(ink[:, :: _SKIPPED // 2])  # of the ink every other column will do
    places = np.flatnonzero(half.view(np.bool_))
    of = labels.ravel()[places // half.shape[1] * narrow.shape[1] + places % half.shape[1] // 2]
    told = line[of]
    of, places = of[told], places[told]
    rows, columns = places // half.shape[1], places % half.shape[1] * (_SKIPPED // 2)
    piece = of * _STRIPS + columns * _STRIPS // width
    x, y = columns - (width - 1) / 2, rows - (height - 1) / 2
    return _measured(piece, of, x, y, count)


def _is_line(facts: NDArray[np.int32], side: int) -> NDArray[np.bool_]:
    """Whether something that hangs together may be a line of text: as high, less what it leans by, as lines are."""
    tall, wide = facts[:, cv2.CC_STAT_HEIGHT], facts[:, cv2.CC_STAT_WIDTH] * _SKIPPED
    thick = facts[:, cv2.CC_STAT_AREA] * _SKIPPED / np.maximum(wide, 1)
    line: NDArray[np.bool_] = (
        (thick >= _THINNEST) & (thick <= _HIGHEST * side) & (wide >= 2 * thick) & (tall <= _STEEPEST * wide + 4 * thick)
    )
    line[0] = False  # the paper
    return line


def _measured(piece: NDArray[np.int64], of: NDArray[np.int32], x: Floats, y: Floats, count: int) -> Marks:
    """Slopes by least squares over the ink of each piece."""
    most = count * _STRIPS
    ink = np.bincount(piece, minlength=most).astype(np.float64)
    there = np.flatnonzero(ink >= _FEWEST_PIXELS)
    ink = ink[there]

    def mean(values: Floats) -> Floats:
        return np.bincount(piece, values, most)[there] / ink

    middle, level = mean(x), mean(y)
    spread = np.maximum(mean(x * x) - middle**2, 1e-6)
    slope = (mean(x * y) - middle * level) / spread
    thick = np.sqrt(12 * np.maximum(mean(y * y) - level**2 - slope**2 * spread, 1e-3))
    length = np.sqrt(12 * spread)
    text = thick[thick > _LOWEST]
    usual = float(np.median(text)) if len(text) else 1.0
    rule = (thick < _LOWEST) & (length > _RULE * usual)
    good = (length > _LONG * thick) & (thick < _ALIKE * usual) & ((thick > usual / _ALIKE) | rule)
    starts, ends = _tips(of, x, y, count, np.unique(there[good] // _STRIPS))
    return Marks(middle[good], level[good], slope[good], length[good], starts, ends, usual)


def _tips(of: NDArray[np.int32], x: Floats, y: Floats, count: int, lines: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Where the lines begin and end: how far their ink reaches to the left and the right, and how high it is there."""
    found: list[Floats] = []
    for reach, away in ((np.minimum, 1.0), (np.maximum, -1.0)):
        tip = np.full(count, away * np.inf)
        reach.at(tip, of, x)
        near = away * (x - tip[of]) < _APART
        level = np.bincount(of[near], y[near], count) / np.maximum(1, np.bincount(of[near], minlength=count))
        found.append(np.stack((tip[lines], level[lines]), axis=1))
    return found[0], found[1]
