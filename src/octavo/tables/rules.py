"""Ruling lines of a picture: straight drawn lines, and the straight edges of shaded areas.

Both are steps of brightness that go on, unbroken, for much longer than any stroke of a letter; that is how they are
found, so that colour, thickness, double lines and white lines on a dark ground make no difference. A slight slope
(up to about 3 degrees) is followed, not corrected. Pure: pixels in, lines out.
"""

from collections.abc import Sequence
from operator import attrgetter
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from octavo.document import Pixels
from octavo.frozen import frozen
from octavo.geometry import PixelBox, Size
from octavo.opencv import cv2

STEP: Final = 14  # grey levels: the palest shading meant to be seen (#f0f0f0 on white is 15), above JPEG's noise
_STROKE: Final = 40  # grey levels between a letter and its ground
_PRINT: Final = 0.2  # share of pixels beside a line of print that are edges of strokes; beside a rule next to none
ACROSS: Final = 20  # pixels of the shortest pieces of level lines
DOWN: Final = 11  # pixels of the shortest pieces of upright ones, which every line between two rows cuts
GAP_ACROSS: Final = 12  # pixels between two pieces of one level line
GAP_DOWN: Final = 7  # the same of an upright one: more would join the stems of letters
SHORTEST: Final = 28  # pixels of a line
_SAMPLES: Final = 3  # pixels of a piece that are looked at first
_MOST_PIECES: Final = 10_000  # of lines on a page, the longest; a page of 60 rows and 12 columns has 1,500
_THICK: Final = 6.0  # pixels between two edges that belong to one line

TextPlaces: TypeAlias = Sequence[PixelBox] | NDArray[np.float64]  # n x 4: left, top, right, bottom

_Grey: TypeAlias = NDArray[np.uint8]


@frozen
class Rule:
    """A straight line, horizontal or vertical. Pixels; `at` runs across it, `start` to `end` along it."""

    at: float  # in its middle
    start: float
    end: float
    slope: float = 0.0  # change of `at` per pixel along

    @property
    def length(self) -> float:
        return self.end - self.start

    def at_point(self, along: float) -> float:
        """Where the line (or its continuation) is, at a place along it."""
        return self.at + self.slope * (along - (self.start + self.end) / 2)


@frozen
class Rules:
    """All lines of a picture, top to bottom and left to right."""

    size: Size
    horizontal: tuple[Rule, ...] = ()
    vertical: tuple[Rule, ...] = ()


def find_rules(pixels: Pixels, text: TextPlaces = ()) -> Rules:
    """The lines of at least `SHORTEST` pixels.

    `text` says where words or lines of text are: straight edges of large or dense letters are told apart by it.
    """
    grey = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)
    boxes = np.array(text, np.float64).reshape(-1, 4)
    across = _along_rows(grey, boxes, ACROSS, gap=GAP_ACROSS)
    turned = np.asarray(cv2.transpose(grey), np.uint8)  # over the diagonal: x and y change places
    down = _along_rows(turned, boxes[:, [1, 0, 3, 2]], DOWN, gap=GAP_DOWN)
    return Rules(
        Size(pixels.shape[1], pixels.shape[0]),
        tuple(rule for rule in across if rule.length >= SHORTEST),
        tuple(rule for rule in down if rule.length >= SHORTEST),
    )


def clear_of(rules: Rules, text: TextPlaces) -> Rules:
    """The lines without those that are edges of letters, where it was not known before which text there is."""
    boxes = np.array(text, np.float64).reshape(-1, 4)

    def clear(lines: tuple[Rule, ...], boxes: NDArray[np.float64]) -> tuple[Rule, ...]:
        areas = np.array([(line.start, line.at, line.length, 0) for line in lines]).reshape(-1, 4)
        return tuple(line for line, inside in zip(lines, in_text(areas, boxes), strict=True) if not inside)

    return Rules(rules.size, clear(rules.horizontal, boxes), clear(rules.vertical, boxes[:, [1, 0, 3, 2]]))


def _along_rows(grey: _Grey, text: NDArray[np.float64], shortest: int, *, gap: int) -> list[Rule]:
    """Horizontal lines, put together from pieces of at least `shortest` pixels (crossing lines cut them)."""
    if grey.shape[0] < 3 or grey.shape[1] < shortest:
        return []
    differences = cv2.absdiff(grey[:, 1:], grey[:, :-1])
    strokes = np.asarray(cv2.threshold(differences, _STROKE, 1, cv2.THRESH_BINARY, dst=differences)[1], np.uint8)
    found = []
    # Steps into dark and out of it apart: the edge of a line does not run into that of the letters beside it.
    for above, below in ((grey[:-1], grey[1:]), (grey[1:], grey[:-1])):
        edge = np.zeros_like(grey)
        cv2.threshold(cv2.subtract(above, below), STEP, 255, cv2.THRESH_BINARY, dst=edge[1:])
        # A sloping line steps from row to row: three rows together see it unbroken.
        cv2.dilate(edge, np.ones((3, 1), np.uint8), dst=edge)
        _keep_long(edge, shortest)
        outlines, _ = cv2.findContours(edge, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        areas = np.array([cv2.boundingRect(outline) for outline in outlines], np.int32).reshape(-1, 4)
        areas = areas[areas[:, 3] <= np.maximum(8, 0.12 * areas[:, 2])]
        if len(areas) > _MOST_PIECES:
            areas = areas[np.argsort(-areas[:, 2], kind="stable")[:_MOST_PIECES]]
        for left, top, width, height in areas[~in_text(areas, text)].tolist():
            if not _of_letters(strokes, left, top, width, height):
                found.append(_rule(edge, left, top, width, height))
    return joined(sorted(found, key=lambda rule: rule.at), gap)


def _keep_long(edge: _Grey, shortest: int) -> None:
    """Wipe out what is shorter than so many pixels along its row.

    Only rows with a piece that may be as long are looked at pixel by pixel, one in five of a page of text: those in
    which pixels at a fixed distance are set one after the other as often as such a piece holds.
    """
    apart = max(1, shortest // _SAMPLES)
    samples = np.ascontiguousarray(edge[:, ::apart])
    together = samples
    for later in range(1, shortest // apart):
        together = together[:, :-1] & samples[:, later:]
    rows = together.any(axis=1) | (edge[:, 0] > 0) | (edge[:, -1] > 0)  # what runs beyond the picture counts as long
    long = cv2.morphologyEx(edge[rows], cv2.MORPH_OPEN, np.ones((1, shortest), np.uint8)) if rows.any() else 0
    edge[~rows] = 0
    edge[rows] = long


def in_text(areas: NDArray[np.int32] | NDArray[np.float64], text: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which areas (left, top, width, height) run through the inside of text, for most of their length."""
    if not len(areas):
        return np.zeros(0, np.bool_)
    left, top, width, height = (areas[:, [number]] for number in range(4))
    middle = top + height / 2
    inset = np.minimum(0.25 * (text[:, 3] - text[:, 1]), 4)
    area, inside = np.nonzero((text[:, 1] + inset < middle) & (middle < text[:, 3] - inset))
    shared = np.minimum(text[inside, 2], (left + width)[area, 0]) - np.maximum(text[inside, 0], left[area, 0])
    return np.asarray(np.bincount(area, shared.clip(0), len(areas)) > 0.7 * areas[:, 2])


def _of_letters(strokes: _Grey, left: int, top: int, width: int, height: int) -> bool:
    """Whether it is an edge of a line of small print: strokes come out of it, or cross it, all along."""
    # Without the last row: that of the mask is one too many on either side, that of the picture one too few above.
    core = strokes[top : top + max(1, height - 1), left + 2 : left + width - 3]
    if not core.size or cv2.countNonZero(core) <= _PRINT * core.shape[1]:  # hardly a rule has as many in all its rows
        return False
    return float(core.sum(axis=1, dtype=np.int32).max() / core.shape[1]) > _PRINT


def _rule(mask: _Grey, left: int, top: int, width: int, height: int) -> Rule:
    """The line in one connected area of the mask."""
    marked = mask[top : top + height, left : left + width]
    if cv2.countNonZero(marked) == width * height:  # most are a rectangle
        return Rule(top + (height - 1) / 2, left, left + width)
    area = marked > 0
    rows = np.arange(height, dtype=np.float32)[:, None]
    third = max(1, width // 3)

    def middle(part: NDArray[np.bool_]) -> float:
        return float((part * rows).sum() / max(1, part.sum()))

    first, last = middle(area[:, :third]), middle(area[:, -third:])
    slope = (last - first) / max(1, width - third)
    return Rule(top + (first + last) / 2, left, left + width, slope)


def joined(rules: list[Rule], gap: int) -> list[Rule]:
    """Pieces of one line put together: the two edges of a thick one, both lines of a double one, gaps.

    `rules` come from top to bottom, so what was joined is looked at only as long as a piece could still belong to it.
    """
    rise = max((_rise(rule, gap) for rule in rules), default=0.0)
    joined: list[Rule] = []
    ends: list[float] = []  # of each of them: how far down a piece of it may be
    near: list[int] = []  # places in `joined`
    for rule in rules:
        near = [place for place in near if ends[place] >= rule.at]
        place = next((place for place in near if _one_line(joined[place], rule, gap)), None)
        if place is None:
            place = len(joined)
            near.append(place)
            joined.append(rule)
            ends.append(0.0)
        else:
            joined[place] = _together(joined[place], rule)
        ends[place] = joined[place].at + _rise(joined[place], gap) + rise + _THICK
    return sorted(joined, key=attrgetter("at"))


def _rise(rule: Rule, gap: int) -> float:
    """How far it leaves its height, as far as something beside it could be taken for its continuation."""
    return abs(rule.slope) * (rule.length / 2 + gap)


def _one_line(first: Rule, second: Rule, widest: int) -> bool:
    gap = max(first.start, second.start) - min(first.end, second.end)
    if gap > widest:
        return False
    place = (max(first.start, second.start) + min(first.end, second.end)) / 2
    apart = abs(first.at_point(place) - second.at_point(place))
    return apart <= (_THICK if gap <= 0 else 2.5)


def _together(first: Rule, second: Rule) -> Rule:
    start, end = min(first.start, second.start), max(first.end, second.end)
    longer = first if first.length >= second.length else second
    middle = (start + end) / 2
    weight = first.length + second.length
    at = (first.at_point(middle) * first.length + second.at_point(middle) * second.length) / weight
    return Rule(at, start, end, longer.slope)
