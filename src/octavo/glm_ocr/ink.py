"""How much is written on a crop, from its ink alone: not what it says, but how much of it there is.

Writing is counted in strokes: how often a row of pixels goes from paper to ink, where the small letters are. That grows
with the text and hardly depends on the size of type, the typeface, or letters that touch. A crop is looked at in strips
a few letters wide, so that lines that do not lie level, and the cells of a table, stand apart; what is between two
blank rows of a strip is a piece of a line. Formulas are not in lines: there the marks are counted that hang together.

The crops of a page are measured together: a crop by itself would cost as much as a page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from octavo.document import Pixels, Task

STRIP: Final = 64  # pixels, five letters at 150 dpi; in strips of 96 and 128 more lines touch: a fifth more cuts missed
FAINTEST: Final = 24  # grey levels between paper and ink; noise of scanners and JPEG stays below
DEPTH: Final = 0.4  # of the way from paper to the darkest ink: what lies deeper is ink, and soft edges are not
FULL: Final = 0.5  # of the strokes in a line's fullest row: rows with as many run through small letters
LOWEST: Final = 0.35  # of the usual height of a line: rules, leaders and specks are lower
FEWEST_ROWS: Final = 4  # pixels of a line; dots and dashes are lower
SAMPLE: Final = 300  # pixels that tell the paper
RULED: Final = 0.55  # of a column of pixels that is ink: a rule of a table
SMALLEST_MARK: Final = 4  # pixels of a formula's mark; specks are smaller

_Grey: TypeAlias = NDArray[np.uint8]  # rows x columns


@dataclass(frozen=True, slots=True)
class Ink:
    """What the ink of one crop comes to."""

    strokes: float  # of lines of writing
    marks: int = 0  # that hang together; counted for formulas only


def measured(crops: Sequence[tuple[Pixels, Task]]) -> list[Ink]:
    """The ink of each crop, in order."""
    strips = [_strokes_by_strip(pixels, task) for pixels, task in crops]
    marks = [_marks(pixels) if task is Task.FORMULA else 0 for pixels, task in crops]
    return [Ink(*pair) for pair in zip(_counted(strips), marks, strict=True)]


def _inked(pixels: Pixels, step: int) -> _Grey:
    """255 where every `step`th row has ink, 0 elsewhere; ink is what is darker than the paper, or lighter."""
    grey = np.asarray(cv2.extractChannel(pixels[::step], 1))
    sample = np.sort(grey.ravel()[:: grey.size // SAMPLE | 1])  # odd: not along a rule, row after row
    paper = float(sample[len(sample) // 2])
    darkest, lightest, _, _ = cv2.minMaxLoc(grey)
    if paper - darkest >= lightest - paper:
        level, how = paper - max(FAINTEST, DEPTH * (paper - darkest)), cv2.THRESH_BINARY_INV
    else:
        level, how = paper + max(FAINTEST, DEPTH * (lightest - paper)), cv2.THRESH_BINARY
    return np.asarray(cv2.threshold(grey, level, 255, how)[1], np.uint8)


# --- lines ----------------------------------------------------------------------------------------------------------


def _strokes_by_strip(pixels: Pixels, task: Task) -> tuple[NDArray[np.uint8], int]:
    """One strip after the other, a blank row between: of each row looked at, the strokes in units of 255 / STRIP. And
    how many rows of the picture a row stands for."""
    height, width = pixels.shape[:2]
    step = 1 if height < 64 else 2 if height * width < 1 << 19 else 3  # small letters are 7 rows high and more
    ink = _inked(pixels, step)
    rows = len(ink)
    if task is Task.TABLE:
        ink[:, np.asarray(cv2.reduce(ink, 0, cv2.REDUCE_AVG, dtype=cv2.CV_32F))[0] > RULED * 255] = 0
    count = -(-width // STRIP)
    framed = np.asarray(cv2.copyMakeBorder(ink, 0, 0, 1, count * STRIP - width, cv2.BORDER_CONSTANT, value=0.0))
    entered = cv2.subtract(framed[:, 1:], framed[:, :-1])  # 255 where a stroke begins
    strips = np.zeros((count, rows + 1), np.uint8)
    strips[:, :rows] = np.asarray(cv2.resize(entered, (count, rows), interpolation=cv2.INTER_AREA)).T
    return strips.ravel(), step


def _counted(strips: Sequence[tuple[NDArray[np.uint8], int]]) -> list[float]:
    """The strokes of each crop, over all its lines."""
    rows = np.concatenate([own for own, _ in strips]) if strips else np.zeros(0, np.uint8)
    where = np.flatnonzero(rows)
    if not len(where):
        return [0.0] * len(strips)
    strokes = (rows[where] * (STRIP / 255)).astype(np.float32)
    firsts = np.flatnonzero(np.diff(where, prepend=-2) > 1)  # of each piece of a line
    lengths = np.diff(firsts, append=len(where))
    full = strokes >= np.repeat(FULL * np.maximum.reduceat(strokes, firsts), lengths)
    usual = np.add.reduceat(strokes * full, firsts) / np.add.reduceat(full.astype(np.float32), firsts)
    ends = np.cumsum([len(own) for own, _ in strips])
    crops = np.searchsorted(ends, where[firsts], side="right")
    heights = lengths * np.array([step for _, step in strips])[crops]
    weights = np.add.reduceat(strokes, firsts)
    bounds = np.searchsorted(crops, np.arange(len(strips) + 1))
    return [_of_lines(heights[first:end], usual[first:end], weights[first:end]) for first, end in pairwise(bounds)]


def _of_lines(heights: NDArray[np.int64], strokes: NDArray[np.floating], weights: NDArray[np.floating]) -> float:
    """The strokes in pieces that are as high as lines are on this crop."""
    if not len(heights):
        return 0.0
    order = np.argsort(heights)
    inked = np.cumsum(weights[order])
    height = float(heights[order][np.searchsorted(inked, inked[-1] / 2)])  # half of the ink is in lines up to that
    return float(strokes[heights >= max(FEWEST_ROWS, LOWEST * height)].sum())


# --- formulas -------------------------------------------------------------------------------------------------------


def _marks(pixels: Pixels) -> int:
    """Connected marks: letters, the two strokes of an equals sign, the bar of a fraction."""
    _, _, facts, _ = cv2.connectedComponentsWithStats(_inked(pixels, 1), connectivity=8)
    return int((facts[1:, cv2.CC_STAT_AREA] >= SMALLEST_MARK).sum())
