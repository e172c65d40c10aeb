"""Ruling lines of a picture: straight drawn lines, and the straight edges of shaded areas.

Both are steps of brightness that go on, unbroken, for much longer than any stroke of a letter; that is how they are
found, so that colour, thickness, double lines and white lines on a dark ground make no difference. A slight slope
(up to about 3 degrees) is followed, not corrected. Pure: pixels in, lines out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from octavo.document import Pixels
from octavo.geometry import PixelBox, Size

_STEP = 14  # grey levels: the palest shading that is meant to be seen (#f0f0f0 on white is 15), above JPEG's noise
_THICK = 6.0  # pixels between two edges that belong to one line


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class Rules:
    """All lines of a picture, top to bottom and left to right."""

    size: Size
    horizontal: tuple[Rule, ...] = ()
    vertical: tuple[Rule, ...] = ()


def find_rules(pixels: Pixels, text: Sequence[PixelBox] = (), *, shortest: int = 28) -> Rules:
    """The lines of at least `shortest` pixels.

    `text` says where lines of text are: dense small print has straight edges of its own, which are left out.
    """
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    boxes = np.array(text, np.float64).reshape(-1, 4)
    across = _along_rows(grey, boxes, shortest)
    turned = np.ascontiguousarray(grey.T)  # over the diagonal: x and y change places
    down = _along_rows(turned, boxes[:, [1, 0, 3, 2]], shortest)
    return Rules(Size(pixels.shape[1], pixels.shape[0]), across, down)


def _along_rows(grey: NDArray[np.uint8], text: NDArray[np.float64], shortest: int) -> tuple[Rule, ...]:
    """Horizontal lines."""
    if grey.shape[0] < 3 or grey.shape[1] < shortest:
        return ()
    edge = np.zeros_like(grey)
    cv2.absdiff(grey[1:], grey[:-1], dst=edge[1:])
    edge = cv2.threshold(edge, _STEP, 255, cv2.THRESH_BINARY)[1]
    # A sloping line steps from row to row: three rows together see it unbroken.
    thick = cv2.dilate(edge, np.ones((3, 1), np.uint8))
    long = cv2.morphologyEx(thick, cv2.MORPH_OPEN, np.ones((1, shortest), np.uint8))
    count, _, boxes, _ = cv2.connectedComponentsWithStats(long, connectivity=8, ltype=cv2.CV_32S)
    found = [_rule(long, *(int(value) for value in box[:4])) for box in boxes[1:count]]
    clear = (rule for rule in found if rule is not None and not _of_letters(rule, text))
    return _joined(sorted(clear, key=lambda rule: rule.at))


def _of_letters(rule: Rule, text: NDArray[np.float64]) -> bool:
    """Whether it is made of letters: most of it runs through lines of text, or nearly all along their edges."""
    inside = 0.12 * (text[:, 3] - text[:, 1])
    return _share_within(rule, text, inside) > 0.6 or _share_within(rule, text, -1.5) > 0.9


def _share_within(rule: Rule, text: NDArray[np.float64], inset: NDArray[np.float64] | float) -> float:
    through = text[(text[:, 1] + inset < rule.at) & (rule.at < text[:, 3] - inset)]
    shared = np.minimum(through[:, 2], rule.end) - np.maximum(through[:, 0], rule.start)
    return float(shared[shared > 0].sum()) / rule.length


def _rule(mask: NDArray[np.uint8], left: int, top: int, width: int, height: int) -> Rule | None:
    """The line in one connected area of the mask, or None where the area is no line."""
    if height > max(8, 0.12 * width):
        return None
    area = mask[top : top + height, left : left + width] > 0
    rows = np.arange(height, dtype=np.float32)[:, None]
    third = max(1, width // 3)

    def middle(part: NDArray[np.bool_]) -> float:
        return float((part * rows).sum() / max(1, part.sum()))

    first, last = middle(area[:, :third]), middle(area[:, -third:])
    slope = (last - first) / max(1, width - third)
    return Rule(top + (first + last) / 2, left, left + width, slope)


def _joined(rules: list[Rule]) -> tuple[Rule, ...]:
    """Pieces of one line put together: the two edges of a thick one, both lines of a double one, gaps."""
    joined: list[Rule] = []
    for rule in rules:
        near = (place for place, other in enumerate(joined) if _one_line(other, rule))
        place = next(near, None)
        if place is None:
            joined.append(rule)
        else:
            joined[place] = _together(joined[place], rule)
    return tuple(sorted(joined, key=lambda rule: rule.at))


def _one_line(first: Rule, second: Rule) -> bool:
    gap = max(first.start, second.start) - min(first.end, second.end)
    if gap > 12:
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
