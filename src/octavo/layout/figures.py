"""What is drawn on a page and is not text: photos, drawings, charts, logos.

A page is shrunk until its type is a few pixels high, the lines of text are wiped out, and what is left is grouped.
Frames, rules and shades around text are not figures; a figure is ink that text does not explain.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from octavo.document import Pixels
from octavo.layout.lines import Line

Rect = tuple[float, float, float, float]  # left, top, right, bottom in pixels of the page
_Box = tuple[int, int, int, int]  # the same in pixels of the shrunk page

_TYPE = 7.0  # pixels the running text is shrunk to
_MOST_SIDE = 900  # pixels of the shrunk page: large type or none must not cost more
_CONTRAST = 26  # grey levels between ink and its surroundings
_TONE = 20  # grey levels, or as much colour, between an area and the paper
_RUNNING = 0.28  # share of an area under wide lines from which it is text with something around it
_RIM = 0.15  # share of the page that can be scanner's border
_RIM_FILLED = 0.7  # share of a row that is ink there
_WHOLE_PAGE = 0.8  # share of the page from which an area is its background


@dataclass(frozen=True, slots=True)
class Figure:
    """An area of ink that is no text."""

    rect: Rect
    density: float  # share of it that is not paper: near 1 for photos, low for drawings


def find_figures(pixels: Pixels, lines: Sequence[Line], size: float, known: Sequence[Rect] = ()) -> list[Figure]:
    """Figures, top to bottom. `size` is that of the running text; `known` are areas taken by raster pictures."""
    height, width = pixels.shape[:2]
    scale = min(1.0, _TYPE / size, _MOST_SIDE / max(height, width))
    small = cv2.resize(
        pixels, (max(8, round(width * scale)), max(8, round(height * scale))), interpolation=cv2.INTER_AREA
    )
    unit = max(2.0, size * scale)
    ink = _ink(np.asarray(small, np.uint8))
    for left, top, right, bottom in known:
        ink[int(top * scale) : int(bottom * scale) + 1, int(left * scale) : int(right * scale) + 1] = 255
    rest = _without_rim(_wiped(ink, lines, scale))
    rects = _grouped(rest, unit)
    figures = []
    for left, top, right, bottom in rects:
        rect = (left / scale, top / scale, right / scale, bottom / scale)
        if is_text(rect, lines) or (right - left) * (bottom - top) > _WHOLE_PAGE * small.shape[0] * small.shape[1]:
            continue
        density = float((rest[top:bottom, left:right] > 0).mean())
        figures.append(Figure(_with_labels(rect, lines, size), density))
    return sorted(figures, key=lambda figure: (figure.rect[1], figure.rect[0]))


def _with_labels(rect: Rect, lines: Sequence[Line], size: float) -> Rect:
    """A figure's area with the short texts at its rim: numbers along an axis, names of parts."""
    left, top, right, bottom = rect
    most = max(5 * size, 0.2 * (right - left))
    reach = 1.2 * size
    for line in lines:
        if line.width < most and (
            line.left < rect[2] + reach
            and line.right > rect[0] - reach
            and line.top < rect[3] + 0.6 * reach
            and line.bottom > rect[1] - 0.6 * reach
        ):
            left, top = min(left, line.left), min(top, line.top)
            right, bottom = max(right, line.right), max(bottom, line.bottom)
    return left, top, right, bottom


def is_text(rect: Rect, lines: Sequence[Line]) -> bool:
    """Whether wide lines of text fill an area: a box of text, a screenshot, a page behind its text."""
    inside = [line for line in lines if _within(line, rect)]
    wide = [line for line in inside if line.width > 0.35 * (rect[2] - rect[0]) or line.width > 18 * line.size]
    area = sum(line.width * line.height for line in wide)
    return len(wide) > 1 and area > _RUNNING * (rect[2] - rect[0]) * (rect[3] - rect[1])


def _within(line: Line, rect: Rect) -> bool:
    return rect[0] <= line.center <= rect[2] and rect[1] <= line.middle <= rect[3]


def _ink(small: Pixels) -> NDArray[np.uint8]:
    """255 where something is drawn: strokes against their surroundings, and areas of another tone than the paper."""
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    around = cv2.blur(grey, (31, 31))
    strokes = cv2.threshold(cv2.subtract(around, grey), _CONTRAST, 255, cv2.THRESH_BINARY)[1]
    levels = np.bincount(grey.ravel(), minlength=256)
    paper = int(levels.argmax())
    if levels[max(0, paper - 4) : paper + 5].sum() < 0.4 * grey.size:
        return np.asarray(strokes, np.uint8)  # a photo or a shaded scan: no tone is the paper's
    tone = cv2.absdiff(small, np.full_like(small, np.median(small[np.abs(grey.astype(np.int16) - paper) < 4], axis=0)))
    area = cv2.threshold(tone.max(2), _TONE, 255, cv2.THRESH_BINARY)[1]
    return np.asarray(cv2.bitwise_or(strokes, area), np.uint8)


def _wiped(ink: NDArray[np.uint8], lines: Sequence[Line], scale: float) -> NDArray[np.uint8]:
    """The ink without the lines of text."""
    rest = ink.copy()
    for line in lines:
        box = line.source.box
        margin = 0.2 * line.height * scale
        x, y = ink.shape[1] / 1000, ink.shape[0] / 1000
        top, bottom = int(box.top * y - margin), int(box.bottom * y + margin) + 1
        left, right = int(box.left * x - margin), int(box.right * x + margin) + 1
        rest[max(0, top) : bottom, max(0, left) : right] = 0
    return rest


def _without_rim(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The ink without what a scanner sees beside the sheet: rows and columns at the rim that are nearly all ink."""
    rest = ink.copy()
    for view in (rest, rest[::-1], rest.T, rest.T[::-1]):
        filled = (view > 0).mean(1) > _RIM_FILLED
        most = int(_RIM * len(view))
        if filled[: most + 1].all():
            continue  # no rim, but a dark page
        view[: int(filled.argmin())] = 0
    return rest


def _grouped(rest: NDArray[np.uint8], unit: float) -> list[_Box]:
    """Boxes around ink that hangs together, without rules, frames and specks; pixels of the shrunk page."""
    reach = max(3, round(1.2 * unit)) | 1
    closed = cv2.morphologyEx(rest, cv2.MORPH_CLOSE, np.ones((reach, reach), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=8)
    boxes, small = [], []
    for left, top, width, height, _area in stats[1:count].tolist():
        box = (left, top, left + width, top + height)
        if min(width, height) < 2.5 * unit or max(width, height) < 4 * unit:
            small.append(box)
        elif not _is_frame(rest[top : top + height, left : left + width], unit):
            boxes.append(box)
    return _merged([_with_axes(box, small, unit) for box in boxes], unit)


def _with_axes(box: _Box, small: Sequence[_Box], unit: float) -> _Box:
    """A figure's box with the thin and small pieces that touch it: axes, ticks, arrows."""
    left, top, right, bottom = box
    limit = 1.5 * max(right - left, bottom - top)
    for piece in small:
        touches = (
            piece[0] < right + 1.5 * unit
            and piece[2] > left - 1.5 * unit
            and piece[1] < bottom + 1.5 * unit
            and piece[3] > top - 1.5 * unit
        )
        if touches and max(piece[2] - piece[0], piece[3] - piece[1]) < limit:
            left, top = min(left, piece[0]), min(top, piece[1])
            right, bottom = max(right, piece[2]), max(bottom, piece[3])
    return left, top, right, bottom


def _is_frame(part: NDArray[np.uint8], unit: float) -> bool:
    """Whether all ink is at the rim, or makes up straight lines through the whole: a frame, a grid."""
    rim = max(2, round(0.8 * unit))
    inner = part[rim:-rim, rim:-rim]
    if not inner.size:
        return False
    ink = inner > 0
    straight = (ink.mean(1) > 0.85)[:, None] | (ink.mean(0) > 0.85)[None, :]
    if straight.mean() > 0.5:
        return False  # a solid area
    return bool((ink & ~straight).mean() < 0.012)


def _merged(boxes: list[_Box], unit: float) -> list[_Box]:
    """Boxes that overlap or touch, put together until none do."""
    boxes = list(boxes)
    changed = True
    while changed:
        changed = False
        for index, box in enumerate(boxes):
            for other_index in range(len(boxes) - 1, index, -1):
                other = boxes[other_index]
                if (
                    min(box[2], other[2]) - max(box[0], other[0]) > -unit
                    and min(box[3], other[3]) - max(box[1], other[1]) > -unit
                ):
                    box = (
                        min(box[0], other[0]),
                        min(box[1], other[1]),
                        max(box[2], other[2]),
                        max(box[3], other[3]),
                    )
                    boxes[index] = box
                    del boxes[other_index]
                    changed = True
    return boxes
