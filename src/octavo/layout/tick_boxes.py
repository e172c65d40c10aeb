"""Boxes to tick that are drawn on a page, as lines of text: a form in print has them, and its text does not say so.

Squares as high as type, by their four sides, beside some text. What is drawn within tells whether they are ticked.
Browsers print theirs with round corners, ticked ones filled with a light hook in them, and rings where one of several
may be chosen.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from octavo.document import Outlines, Pixels, TextLine
from octavo.geometry import Box, Rect, Size
from octavo.opencv import cv2
from octavo.wording.ticks import EMPTY, TICKED

_SMALLEST: Final = 0.55  # sizes of type: the side of a box, at least
_FEWEST: Final = 9  # pixels of a side, in any size of type
_LARGEST: Final = 1.8  # sizes of type: the same, at most
_SQUARE: Final = 0.2  # by which its sides may differ
_DARK: Final = 200  # of 255: what is darker is drawn; frames are thin, and grey at their edges
_SIDE: Final = 0.85  # of each side is drawn
_WITHIN: Final = 0.04  # of the inside is drawn on, where it is ticked; smoothed edges come to less than 0.01
_FULL: Final = 0.85  # of the inside is drawn on: a bullet
_FILLED: Final = 0.6  # the same of a box of `_TELLS` pixels and more: an icon, but where a light hook is in it
_TELLS: Final = 15  # pixels of a side; in smaller boxes a cross fills as much
_LEVEL: Final = 0.7  # sizes of type by which its middle may be off the text's
_NEAR: Final = 2.5  # sizes of type to the text it belongs to, where no others stand above or below it
_BLUR: Final = 4.0  # pixels by which a side may be longer or elsewhere than the file says, so much as it is thick
_MOST: Final = 400  # squares on a page: more are a pattern
_CORNER: Final = 0.2  # of a side at each end that a round corner takes; Chromium's takes 0.15
_MIDDLE: Final = 0.3  # of a side around its middle that a ring touches
_CENTRE: Final = 0.3  # of a ring's width at each end that is its own; within is a dot, or nothing
_HOOK: Final = 0.12  # of a filled box that is light, at least; Chromium's hooks take 0.3
_SAME: Final = 2.0  # pixels by which rings of one size may differ


def find_tick_boxes(pixels: Pixels, lines: Sequence[TextLine], size: float) -> list[TextLine]:
    """The boxes of a page picture; `size` is that of its running text in pixels. None lies in a word of the lines."""
    page = Size(pixels.shape[1], pixels.shape[0])
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    drawn = np.asarray(cv2.threshold(grey, _DARK, 1, cv2.THRESH_BINARY_INV)[1], np.uint8)
    texts = [(line.box.on(page), line) for line in lines]
    words = [word.box.on(page) for line in lines for word in line.words or (line,)]
    squares = [
        (square, within > _WITHIN)
        for square, within in _squares(drawn, size)
        if within <= (_FILLED if square.width >= _TELLS else _FULL)
    ]
    for square, ticked in _browsers_own(drawn, words, size):
        if not any(square.intersection(other) > 0 for other, _ in squares):
            squares.append((square, ticked))
    if len(squares) > _MOST:
        return []
    found = []
    lefts, tops, rights, bottoms = np.array([(it.left, it.top, it.right, it.bottom) for it in words]).reshape(-1, 4).T
    for square, ticked in squares:
        x, y = square.center
        if ((lefts <= x) & (x <= rights) & (tops <= y) & (y <= bottoms)).any():
            continue
        level = [place for place in texts if abs(place[0].middle - square.middle) < _LEVEL * size]
        rect, line = min(level, key=lambda place: place[0].gap_x(square), default=(square, None))
        near = rect.gap_x(square) < _NEAR * size or _stands_in_column(square, squares, size)
        if line is not None and near:
            # As high as its text: the two are on one line.
            box = Box.of(Rect(square.left, rect.top, square.right, rect.bottom), page)
            found.append(TextLine(box, TICKED if ticked else EMPTY, font_size=line.font_size, field=True))
    return found


def _stands_in_column(square: Rect, squares: Sequence[tuple[Rect, bool]], size: float) -> bool:
    """Whether others stand right above or below it and none beside it: a table's column of ticks, no row of boxes for
    letters."""
    others = [other for other, _ in squares if other is not square]
    beside = any(other.overlap_y(square) > 0 and other.gap_x(square) < size for other in others)
    return not beside and any(abs(other.axis - square.axis) < _BLUR for other in others)


def may_have_tick_boxes(outlines: Outlines, size: float) -> bool:
    """Whether something drawn could be one: a square shape as high as type, or sides of a square, both ways."""
    boxes = np.vstack([outlines.filled.boxes, outlines.shapes.boxes, outlines.edges.boxes])
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    least, most = max(_FEWEST, _SMALLEST * size) - 1, _LARGEST * size + _BLUR
    across, down = (width > least) & (width < most), (height > least) & (height < most)
    if (across & down & (np.abs(width - height) < _SQUARE * width + _BLUR)).any():
        return True
    tops, sides = boxes[across], boxes[height > least]
    if not len(tops) or not len(sides):
        return False
    if len(tops) * len(sides) > _MOST**2:
        return True
    near = (np.abs(tops[:, None, 0] - sides[None, :, 0]) < _BLUR) | (
        np.abs(tops[:, None, 2] - sides[None, :, 2]) < _BLUR
    )
    level = (tops[:, None, 1] > sides[None, :, 1] - _BLUR) & (tops[:, None, 3] < sides[None, :, 3] + _BLUR)
    return bool((near & level).any())


def _squares(drawn: NDArray[np.uint8], size: float) -> Iterator[tuple[Rect, float]]:
    """Framed squares, and the share of their inside that is drawn on."""
    shortest, longest = (
        max(_FEWEST, round(_SMALLEST * size) | 1),
        _LARGEST * size,
    )  # odd: an even opening moves what it leaves
    edges = cv2.morphologyEx(drawn, cv2.MORPH_OPEN, np.ones((1, shortest), np.uint8))
    outlines, _ = cv2.findContours(edges, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    strokes = sorted((tuple(cv2.boundingRect(outline)) for outline in outlines), key=lambda stroke: stroke[1])
    open_tops: dict[int, list[tuple[int, ...]]] = {}
    for stroke in strokes:
        left, top, width, thick = stroke
        if width > longest:
            continue
        height = thick
        if thick < shortest:  # else it is filled, or its frame and what is in it are one
            near = [above for place in range(left - 2, left + 3) for above in open_tops.get(place, ())]
            above = next((it for it in reversed(near) if abs(it[2] - width) <= 3 and top - it[1] < longest), None)
            open_tops.setdefault(left, []).append(stroke)
            if above is None:
                continue
            height, left, top, width = top + thick - above[1], above[0], above[1], above[2]
        if abs(width - height) > _SQUARE * width:
            continue
        part = drawn[top : top + height, left : left + width]
        rim = max(2, round(0.15 * min(width, height)))
        sides = (part[:rim], part[-rim:], part[:, :rim].T, part[:, -rim:].T)
        if all(map(_has_line, sides)):
            rect = Rect(float(left), float(top), float(left + width), float(top + height))
            yield rect, float(part[rim + 1 : -rim - 1, rim + 1 : -rim - 1].mean())


def _browsers_own(drawn: NDArray[np.uint8], words: Sequence[Rect], size: float) -> list[tuple[Rect, bool]]:
    """Squares with round corners, and rings, the larger of two within each other first, and whether they are ticked.

    A hook on a filled square tells it from an icon; of rings there are several as large, and one at least is empty.
    """
    rest = drawn.copy()
    for word in words:
        rest[round(word.top) : round(word.bottom), round(word.left) : round(word.right)] = 0
    outlines, _ = cv2.findContours(rest, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    least, most = max(_FEWEST, _SMALLEST * size), _LARGEST * size
    squares: list[tuple[Rect, bool]] = []
    rings: list[tuple[Rect, bool]] = []
    for left, top, width, height in sorted(map(cv2.boundingRect, outlines), key=lambda it: -it[2]):
        if not (least <= width <= most and least <= height <= most and abs(width - height) <= _SQUARE * width):
            continue
        part = rest[top : top + height, left : left + width]
        rect = Rect(float(left), float(top), float(left + width), float(top + height))
        if len(squares) + len(rings) > _MOST:
            return []
        if any(rect.intersection(other) > 0 for other, _ in (*squares, *rings)):
            continue
        if _is_framed(part, _CORNER):
            rim = max(2, round(0.15 * min(width, height))) + 1
            empty = not part[rim:-rim, rim:-rim].any()
            if empty or _has_hook(part):
                squares.append((rect, not empty))
        elif _is_framed(part, (1 - _MIDDLE) / 2) and not any(part[y, x] for y in (0, -1) for x in (0, -1)):
            edge = round(_CENTRE * width)
            rings.append((rect, bool(part[edge:-edge, edge:-edge].any())))
    for ring, chosen in rings:
        alike = [other for other in rings if abs(ring.width - other[0].width) <= _SAME]
        if len(alike) > 1 and not all(chosen for _, chosen in alike):
            squares.append((ring, chosen))
    return squares


def _is_framed(part: NDArray[np.uint8], corner: float) -> bool:
    """Whether a line runs along each side, but for its ends."""
    height, width = part.shape
    rim, across, down = max(2, round(0.15 * min(width, height))), round(corner * width), round(corner * height)
    sides = (
        part[:rim, across:-across],
        part[-rim:, across:-across],
        part[down:-down, :rim].T,
        part[down:-down, -rim:].T,
    )
    return all(map(_has_line, sides))


def _has_line(side: NDArray[np.uint8]) -> bool:
    """Whether a row of it is drawn on from end to end."""
    return bool(side.sum(axis=1).max() / side.shape[1] > _SIDE)


def _has_hook(part: NDArray[np.uint8]) -> bool:
    """Whether what is light in a filled box is a hook: it goes down on the left of the middle, and up on the right."""
    rim = max(1, round(0.1 * len(part)))
    rows, columns = np.nonzero(part[rim:-rim, rim:-rim] == 0)
    inside = len(part) - 2 * rim
    if len(rows) < _HOOK * inside**2:
        return False
    return bool(
        columns[rows == rows.max()].mean() < 0.55 * inside and columns[rows == rows.min()].mean() > 0.6 * inside
    )
