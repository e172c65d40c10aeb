"""Text lines, put straight: where they would be in pixels if the page were not skewed.

A scan that is turned by a degree has line boxes that overlap their neighbours by half a line. Everything that groups
lines works on `Line`, whose box is the line's own, turned back; the `TextLine` it stands for keeps its place.
"""

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import field
from typing import Final

from octavo.document import TextLine
from octavo.frozen import frozen
from octavo.geometry import SCALE, Rect, Size
from octavo.glyphs.scripts import reads_from_right

_SKEW_SEEN = math.radians(0.15)  # below this, turning changes nothing
_SKEW_MOST = math.radians(12)  # beyond this it is not the page that leans
_LONG: Final = 5.0  # a line this many times wider than high tells the skew


@frozen
class Line(Rect):
    """A text line in straightened pixels."""

    size: float = field(compare=False)  # of its type, in pixels
    source: TextLine = field(compare=False)

    @property
    def text(self) -> str:
        return self.source.text or ""


def straightened(lines: Iterable[TextLine], page: Size, *, dpi: float) -> list[Line]:
    """The lines in pixels, turned back by the skew that most long lines share; without those that have no extent."""
    lines = [line for line in lines if line.box.right > line.box.left and line.box.bottom > line.box.top]
    skew = _skew(lines, page)
    return [_placed(line, page, dpi=dpi, skew=skew) for line in lines]


def _skew(lines: Sequence[TextLine], page: Size) -> float:
    """Radians the page leans by; positive is clockwise."""
    angles = []
    for line in lines:
        if len(line.quad) != 4:
            continue
        (left, left_y), (right, right_y) = line.quad[0], line.quad[1]
        run, rise = (right - left) * page.width, (right_y - left_y) * page.height
        if run > _LONG * abs(line.quad[3][1] - left_y) * page.height:
            angles.append(math.atan2(rise, run))
    lean = statistics.median(angles) if angles else 0.0
    return lean if _SKEW_SEEN < abs(lean) < _SKEW_MOST else 0.0


def _placed(line: TextLine, page: Size, *, dpi: float, skew: float) -> Line:
    x, y = page.width / SCALE, page.height / SCALE
    if line.quad and skew:
        corners = [_turned(cx * x, cy * y, -skew) for cx, cy in line.quad]
        (x0, y0), (x1, y1), (x2, y2), (x3, y3) = corners
        left, right = (x0 + x3) / 2, (x1 + x2) / 2
        top, bottom = (y0 + y1) / 2, (y2 + y3) / 2
    else:
        left, top, right, bottom = line.box.left * x, line.box.top * y, line.box.right * x, line.box.bottom * y
        if skew:
            middle = _turned((left + right) / 2, (top + bottom) / 2, -skew)
            half = (bottom - top) / 2
            left, right = middle[0] - (right - left) / 2, middle[0] + (right - left) / 2
            top, bottom = middle[1] - half, middle[1] + half
    if line.font_size and dpi:
        size = line.font_size * dpi / 72
    else:
        size = min(bottom - top, right - left) if _upright(line, right - left, bottom - top) else bottom - top
    return Line(left, top, max(right, left + 1), max(bottom, top + 1), max(size, 1.0), line)


def _upright(line: TextLine, width: float, height: float) -> bool:
    """Whether the line runs from top to bottom."""
    return height > 2 * width and (line.text is None or len(line.text.strip()) > 2)


def _turned(x: float, y: float, angle: float) -> tuple[float, float]:
    cos, sin = math.cos(angle), math.sin(angle)
    return x * cos - y * sin, x * sin + y * cos


def typical_size(lines: Sequence[Line]) -> float:
    """The size of the running text in pixels: the median over the length of the lines."""
    if not lines:
        return 20.0
    weighted = sorted((line.size, line.width) for line in lines)
    half, seen = sum(width for _, width in weighted) / 2, 0.0
    for size, width in weighted:
        seen += width
        if seen >= half:
            return size
    return weighted[-1][0]


def read_from_right(lines: Iterable[TextLine]) -> bool:
    """Whether a page is written from right to left, as far as its lines have text."""
    return reads_from_right("".join(line.text or "" for line in lines))
