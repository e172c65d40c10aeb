"""How much is written on a crop, from its ink alone: not what it says, but how much of it there is.

Writing is counted in strokes: how often a row of pixels goes from paper to ink, where the small letters are. That grows
with the text and hardly depends on the size of type, the typeface, or letters that touch. A crop is looked at in strips
a few letters wide, so that lines that do not lie level, and the cells of a table, stand apart; what is between two
blank rows of a strip is a piece of a line. Formulas are not in lines: there the marks are counted that hang together.

The crops of a page are measured together, on one sheet: a crop by itself would cost as much as a page. A row of a
strip is a number of 64 bits there, so that the strokes in it are counted at once.
"""

import math
from collections.abc import Sequence
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from octavo.document import Pixels, Task
from octavo.frozen import frozen
from octavo.opencv import cv2

STRIP: Final = 64  # pixels, five letters at 150 dpi; in strips of 96 and 128 more lines touch: a fifth more cuts missed
FAINTEST: Final = 24  # grey levels between paper and ink; noise of scanners and JPEG stays below
DEPTH: Final = 0.4  # of the way from paper to the darkest ink: what lies deeper is ink, and soft edges are not
FULL: Final = 0.5  # of the strokes in a line's fullest row: rows with as many run through small letters
LOWEST: Final = 0.35  # of the usual height of a line: rules, leaders and specks are lower
FEWEST_ROWS: Final = 4  # pixels of a line; dots and dashes are lower
SAMPLE: Final = 300  # pixels that tell the paper
RULED: Final = 0.55  # of a column of pixels that is ink: a rule of a table
SMALLEST_MARK: Final = 4  # pixels of a formula's mark; specks are smaller

_Inked: TypeAlias = NDArray[np.bool_]  # rows x columns


@frozen
class Ink:
    """What the ink of one crop comes to."""

    strokes: float  # of lines of writing
    marks: int = 0  # that hang together; counted for formulas only


def measured(crops: Sequence[tuple[Pixels, Task]]) -> list[Ink]:
    """The ink of each crop, in order."""
    marks = [_marks(pixels) if task is Task.FORMULA else 0 for pixels, task in crops]
    return [Ink(*pair) for pair in zip(_strokes(crops), marks, strict=True)] if crops else []


def _inked(pixels: Pixels, ink: _Inked) -> None:
    """Tell where ink is: what is darker than the paper, or lighter."""
    grey = np.asarray(cv2.extractChannel(pixels, 1), np.uint8)
    sample = np.sort(grey.ravel()[:: grey.size // SAMPLE | 1])  # odd: not along a rule, row after row
    paper = int(sample[len(sample) // 2])
    darkest, lightest, _, _ = cv2.minMaxLoc(grey)
    if paper - darkest >= lightest - paper:
        level = math.floor(paper - max(FAINTEST, DEPTH * (paper - darkest)))
        np.less(grey, max(0, level + 1), out=ink)
    else:
        np.greater(grey, min(255, math.floor(paper + max(FAINTEST, DEPTH * (lightest - paper)))), out=ink)


# --- lines ----------------------------------------------------------------------------------------------------------


def _strokes(crops: Sequence[tuple[Pixels, Task]]) -> list[float]:
    """The strokes of each crop, over all its lines."""
    steps = np.array([_step(pixels) for pixels, _ in crops])
    rows = [
        -(-pixels.shape[0] // step) + 1 for (pixels, _), step in zip(crops, steps, strict=True)
    ]  # a blank one below
    columns = max(pixels.shape[1] for pixels, _ in crops)
    sheet = np.zeros((sum(rows), -(-columns // STRIP) * STRIP), np.bool_)
    below = 0
    for (pixels, task), step, own in zip(crops, steps, rows, strict=True):
        ink = sheet[below : below + own - 1, : pixels.shape[1]]
        _inked(pixels[::step], ink)
        if task is Task.TABLE:
            ink[:, np.asarray(cv2.reduce(ink.view(np.uint8), 0, cv2.REDUCE_AVG, dtype=cv2.CV_32F))[0] > RULED] = False
        below += own
    return _counted(_begun(sheet), np.repeat(np.arange(len(crops)), rows), steps)


def _step(pixels: Pixels) -> int:
    """Every how many rows are looked at: small letters are 7 rows high and more."""
    height, width = pixels.shape[:2]
    return 1 if height < 64 else 2 if height * width < 1 << 19 else 3


def _begun(sheet: _Inked) -> NDArray[np.uint64]:
    """Strips x rows: a bit for each of the 64 pixels, set where a stroke begins."""
    words = np.packbits(sheet, axis=1, bitorder="little").view("<u8")
    left = words << np.uint64(1)  # the pixel to the left of each
    left[:, 1:] |= words[:, :-1] >> np.uint64(STRIP - 1)
    return np.ascontiguousarray((words & ~left).T)


def _counted(strips: NDArray[np.uint64], crops: NDArray[np.int64], steps: NDArray[np.int64]) -> list[float]:
    """The strokes of each crop. `crops` says for each row whose it is, `steps` how many rows of its picture that is."""
    where = np.flatnonzero(strips != 0)
    if not len(where):
        return [0.0] * len(steps)
    strokes = _ones(strips.ravel()[where])
    firsts = np.flatnonzero(np.diff(where, prepend=-2) > 1)  # of each piece of a line
    lengths = np.diff(firsts, append=len(where))
    weights = np.add.reduceat(strokes, firsts)
    full = strokes >= FULL * np.repeat(np.maximum.reduceat(strokes, firsts), lengths)
    usual = np.add.reduceat(strokes * full, firsts) / np.add.reduceat(full, firsts, dtype=np.int64)
    owners = crops[where[firsts] % len(crops)]
    heights = lengths * steps[owners]
    lines = heights >= np.maximum(FEWEST_ROWS, LOWEST * _usual_heights(heights, weights, owners, len(steps))[owners])
    found: list[float] = np.bincount(owners[lines], usual[lines], len(steps)).tolist()
    return found


def _usual_heights(
    heights: NDArray[np.int64], weights: NDArray[np.int64], owners: NDArray[np.int64], count: int
) -> NDArray[np.int64]:
    """How high lines are on each crop: half of its ink is in pieces up to that."""
    order = np.argsort(owners * (int(heights.max()) + 1) + heights)  # crop by crop, from low to high
    inked = np.cumsum(weights[order])
    own = np.bincount(owners, weights, count)
    middle = np.cumsum(own) - own / 2
    return heights[order][np.minimum(np.searchsorted(inked, middle), len(order) - 1)]  # of a blank crop: anything


def _ones(numbers: NDArray[np.uint64]) -> NDArray[np.int64]:
    """How many bits of each are set: counted for pairs, fours, bytes; numpy's own `bitwise_count` came with 2.0."""
    pairs = numbers - ((numbers >> np.uint64(1)) & np.uint64(0x5555555555555555))
    fours = (pairs & np.uint64(0x3333333333333333)) + ((pairs >> np.uint64(2)) & np.uint64(0x3333333333333333))
    eights = (fours + (fours >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.asarray((eights * np.uint64(0x0101010101010101)) >> np.uint64(56), np.int64)


# --- formulas -------------------------------------------------------------------------------------------------------


def _marks(pixels: Pixels) -> int:
    """Connected marks: letters, the two strokes of an equals sign, the bar of a fraction."""
    ink = np.empty(pixels.shape[:2], np.bool_)
    _inked(pixels, ink)
    _, marks = cv2.connectedComponents(
        ink.view(np.uint8), connectivity=8
    )  # with their sizes it takes six times as long
    return int((np.bincount(marks[ink]) >= SMALLEST_MARK).sum())
