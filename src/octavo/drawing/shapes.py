"""What a PDF page holds besides text, as its objects say: boxes with level edges, the outlines of other shapes.

A page of text, rules and shades is known without its picture. `unsure` says why one is not: something that only a
picture shows (a raster image, a shading), or something that may hide or change what is drawn (transparency, a clip, a
layer that can be switched off). Hostile files may hide text in any of these ways, so that what is not understood here
is drawn and looked at.
"""

import ctypes
from array import array
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

import pypdfium2.raw as pdfium

from octavo.drawing.calls import fast, integer, pointer
from octavo.drawing.wire import SHAPE_FIELDS, Edges, Shape

MOST_SHAPES: Final = 400  # per page: more are a drawing or a map of shades, which is better seen than reckoned
MOST_LOGOS: Final = 4  # raster images per page, so small that nobody looks for text in them; more are parts of one
SMALLEST_READ: Final = 24.0  # points: an image lower than three lines of small print is a bullet or an icon
LETTERHEAD: Final = 0.1, 0.5, 0.12  # of the page: an image lower and narrower, so near its head or foot, is a logo
MOST_SEGMENTS: Final = 200  # of a path that are looked at; further on its box is all that is known
MOST_MARKS: Final = 16  # around one object, a tagged paragraph's has two
LEVEL: Final = 0.5  # points that an edge may rise, and be level still
STEEPEST: Final = 0.01  # the same of a long one, in its lengths
LONG_DASH: Final = 9.0  # points from which a dash is a rule by itself (20 pixels of 150 dpi are the least)
SHORTEST_EDGE: Final = 4.0  # points
OUTSIDE: Final = 1.0  # points that text may reach out of its clip: boxes are of the advance and the ink together
PATTERN: Final = 0xBF  # what PDFium tells of each colour of a pattern that is tiled

_Point = tuple[float, float]
_Matrix = tuple[float, ...]

_draw_mode = fast(pdfium.FPDFPath_GetDrawMode, integer, pointer, pointer, pointer)
_count_segments = fast(pdfium.FPDFPath_CountSegments, integer, pointer)
_segment = fast(pdfium.FPDFPath_GetPathSegment, pointer, pointer, integer)
_segment_type = fast(pdfium.FPDFPathSegment_GetType, integer, pointer)
_segment_point = fast(pdfium.FPDFPathSegment_GetPoint, integer, pointer, pointer, pointer)
_segment_closes = fast(pdfium.FPDFPathSegment_GetClose, integer, pointer)
_fill = fast(pdfium.FPDFPageObj_GetFillColor, integer, pointer, *[pointer] * 4)
_stroke = fast(pdfium.FPDFPageObj_GetStrokeColor, integer, pointer, *[pointer] * 4)
_stroke_width = fast(pdfium.FPDFPageObj_GetStrokeWidth, integer, pointer, pointer)
_count_dashes = fast(pdfium.FPDFPageObj_GetDashCount, integer, pointer)
_dashes = fast(pdfium.FPDFPageObj_GetDashArray, integer, pointer, pointer, ctypes.c_size_t)
_matrix_of = fast(pdfium.FPDFPageObj_GetMatrix, integer, pointer, pointer)
_bounds = fast(pdfium.FPDFPageObj_GetBounds, integer, pointer, *[pointer] * 4)
_is_transparent = fast(pdfium.FPDFPageObj_HasTransparency, integer, pointer)
_clip_of = fast(pdfium.FPDFPageObj_GetClipPath, pointer, pointer)
_count_clips = fast(pdfium.FPDFClipPath_CountPaths, integer, pointer)
_count_clip_segments = fast(pdfium.FPDFClipPath_CountPathSegments, integer, pointer, integer)
_clip_segment = fast(pdfium.FPDFClipPath_GetPathSegment, pointer, pointer, integer, integer)
_count_marks = fast(pdfium.FPDFPageObj_CountMarks, integer, pointer)
_mark = fast(pdfium.FPDFPageObj_GetMark, pointer, pointer, ctypes.c_ulong)
_mark_name = fast(pdfium.FPDFPageObjMark_GetName, integer, pointer, pointer, ctypes.c_ulong, pointer)

_EVERYWHERE: Edges = (float("-inf"), float("-inf"), float("inf"), float("inf"))


class Shapes:
    """The shapes of a page, in the order of drawing. Its objects are handed in one after the other."""

    def __init__(self) -> None:
        self.table = array("d")  # `wire.SHAPE_FIELDS` each
        self.unsure = ""  # for people: what only the page's picture tells; once there is something, nobody looks on
        self.grey = True  # all of them, so far
        self._logos = 0
        self._floats = (ctypes.c_float * 8)()
        self._at = ctypes.addressof(self._floats)
        self._ints = (ctypes.c_uint * 4)()
        self._ints_at = ctypes.addressof(self._ints)
        self._switched: dict[int, bool] = {}  # marks by their addresses: whether they are of a layer

    def __len__(self) -> int:
        return len(self.table) // SHAPE_FIELDS

    @property
    def others(self) -> int:
        """How many of them are no boxes."""
        return sum(kind != Shape.BOX for kind in self.table[SHAPE_FIELDS - 1 :: SHAPE_FIELDS])

    def text(self, item: int) -> None:
        """A text object: nothing of it may be hidden by how it is drawn."""
        if self._may_be_changed(item):
            return
        clip = self._clip(item)
        if clip is not None and clip != _EVERYWHERE:
            left, bottom, right, top = self._bounds(item)
            inside = left >= clip[0] - OUTSIDE and right <= clip[2] + OUTSIDE
            if not (inside and bottom >= clip[1] - OUTSIDE and top <= clip[3] + OUTSIDE):
                self.unsure = "text that is clipped"

    def image(self, item: int, place: int, page: Edges) -> None:
        """A raster image, the page's own."""
        if self._may_be_changed(item):
            return
        box = self._bounds(item)
        low, narrow, near = LETTERHEAD
        width, height = page[2] - page[0], page[3] - page[1]
        middle = ((box[1] + box[3]) / 2 - page[1]) / height
        is_letterhead = (
            box[3] - box[1] < low * height and box[2] - box[0] < narrow * width and not near < middle < 1 - near
        )
        self._logos += 1
        self.grey = False
        if (min(box[2] - box[0], box[3] - box[1]) < SMALLEST_READ or is_letterhead) and self._logos <= MOST_LOGOS:
            self._add(box, 0.0, place, Shape.LOGO, _EVERYWHERE)
        else:
            self.unsure = "a raster picture"

    def path(self, item: int, place: int) -> None:
        """A path, the page's own."""
        filled, stroked = ctypes.c_int(), ctypes.c_int()
        _draw_mode(item, ctypes.addressof(filled), ctypes.addressof(stroked))
        if not filled.value and not stroked.value:
            return
        if self._may_be_changed(item):
            return
        clip = self._clip(item)
        if clip is None:
            return
        fill = self._grey(item, _fill) if filled.value else None
        line = self._grey(item, _stroke) if stroked.value else None
        if self.unsure:
            return
        parts, all_straight = self._parts(item)
        if fill is not None:
            self._filled(item, parts, all_straight, fill, place, clip)
        if line is not None:
            self._stroked(item, parts, all_straight, line, place, clip)
        if len(self) > MOST_SHAPES:
            self.unsure = "a drawing of many shapes"

    def _filled(
        self, item: int, parts: "list[_Part]", all_straight: bool, grey: float, place: int, clip: Edges
    ) -> None:
        boxes = [part.box() for part in parts] if all_straight else [None]
        level = [box for box in boxes if box is not None]
        if len(level) == len(boxes) and not _overlap(level):
            for box in level:
                self._add(box, grey, place, Shape.BOX, clip)
            return
        self._add(self._bounds(item), grey, place, Shape.FILLED, clip)
        for part in parts:
            for first, last in part.sides(closed=True):
                if (edge := _level(first, last)) is not None and _length(edge) >= SHORTEST_EDGE:
                    self._add(edge, grey, place, Shape.EDGE, clip)

    def _stroked(
        self, item: int, parts: "list[_Part]", all_straight: bool, grey: float, place: int, clip: Edges
    ) -> None:
        width = self._width(item)
        dashed = _count_dashes(item) > 0
        kind = Shape.BOX if not dashed else Shape.EDGE if self._longest_dash(item) >= LONG_DASH else None
        whole = all_straight and not dashed
        for part in parts:
            for first, last in part.sides(closed=part.closed):
                edge = _level(first, last)
                if edge is None:
                    whole = False
                elif kind is not None:
                    left, bottom, right, top = edge
                    self._add(
                        (left - width / 2, bottom - width / 2, right + width / 2, top + width / 2)
                        if kind is Shape.BOX
                        else edge,
                        grey,
                        place,
                        kind,
                        clip,
                    )
        if not whole:
            self._add(self._bounds(item), grey, place, Shape.STROKED, clip)

    def _add(self, box: Edges, grey: float, place: int, kind: Shape, clip: Edges) -> None:
        left, bottom = max(box[0], clip[0]), max(box[1], clip[1])
        right, top = min(box[2], clip[2]), min(box[3], clip[3])
        if left <= right and bottom <= top:
            self.table.extend((left, bottom, right, top, grey, place, kind))

    def _may_be_changed(self, item: int) -> bool:
        """Whether something else than the object itself says how it is drawn; then so does `unsure`."""
        if _is_transparent(item):
            self.unsure = "transparency"
        elif self._is_switched(item):
            self.unsure = "a layer that can be switched off"
        return bool(self.unsure)

    def _is_switched(self, item: int) -> bool:
        count = _count_marks(item)
        if count > MOST_MARKS:
            return True
        for index in range(max(0, count)):
            mark = _mark(item, index) or 0
            if mark not in self._switched:
                name = (ctypes.c_ushort * 16)()
                length = ctypes.c_ulong()
                _mark_name(mark, ctypes.addressof(name), ctypes.sizeof(name), ctypes.addressof(length))
                self._switched[mark] = bytes(name)[:4] == "OC".encode("utf-16-le") and length.value == 6
            if self._switched[mark]:
                return True
        return False

    def _clip(self, item: int) -> Edges | None:
        """The box that the object is clipped to; None, and `unsure`, where it is no box."""
        clip = _clip_of(item)
        left, bottom, right, top = _EVERYWHERE
        for number in range(max(0, _count_clips(clip) if clip else 0)):
            points: list[_Point] = []
            for index in range(min(MOST_SEGMENTS, max(0, _count_clip_segments(clip, number)))):
                segment = _clip_segment(clip, number, index)
                if _segment_type(segment) == pdfium.FPDF_SEGMENT_BEZIERTO:
                    self.unsure = "something clipped to a shape"
                    return None
                points.append(self._point(segment))
            box = _box_of(points)
            if box is None:
                self.unsure = "something clipped to a shape"
                return None
            left, bottom = max(left, box[0]), max(bottom, box[1])
            right, top = min(right, box[2]), min(top, box[3])
        return left, bottom, right, top

    def _grey(self, item: int, colour_of: Any) -> float | None:
        """Of a colour as OpenCV tells it; `unsure` where there is none that is all of one tone."""
        at = self._ints_at
        if not colour_of(item, at, at + 4, at + 8, at + 12):
            self.unsure = "a pattern"
            return None
        red, green, blue, alpha = self._ints
        self.grey = self.grey and red == green == blue
        if alpha < 255:
            self.unsure = "transparency"
        elif red == green == blue == PATTERN:
            self.unsure = "a pattern, or a grey that looks like one from here"
        return 0.299 * red + 0.587 * green + 0.114 * blue

    def _width(self, item: int) -> float:
        """Of a stroke, in points."""
        _stroke_width(item, self._at)
        width = float(self._floats[0])
        _matrix_of(item, self._at)
        a, b, c, d = self._floats[:4]
        return width * float(abs(a * d - b * c) ** 0.5)

    def _longest_dash(self, item: int) -> float:
        lengths = (ctypes.c_float * 8)()
        count = min(8, _count_dashes(item))
        _dashes(item, ctypes.addressof(lengths), count)
        return max(lengths[:count:2], default=0.0)

    def _bounds(self, item: int) -> Edges:
        at = self._at
        _bounds(item, at, at + 4, at + 8, at + 12)
        left, bottom, right, top = self._floats[:4]
        return left, bottom, right, top

    def _point(self, segment: int) -> _Point:
        at = self._at + 24
        _segment_point(segment, at, at + 4)
        return self._floats[6], self._floats[7]

    def _parts(self, item: int) -> "tuple[list[_Part], bool]":
        """The straight parts of a path, in points, and whether that is all of it."""
        _matrix_of(item, self._at)
        a, b, c, d, e, f = self._floats[:6]
        parts: list[_Part] = []
        straight = True
        count = _count_segments(item)
        for index in range(min(MOST_SEGMENTS, count)):
            segment = _segment(item, index)
            kind = _segment_type(segment)
            x, y = self._point(segment)
            point = a * x + c * y + e, b * x + d * y + f
            if kind == pdfium.FPDF_SEGMENT_MOVETO or not parts:
                parts.append(_Part([point], []))
            else:
                curved = kind == pdfium.FPDF_SEGMENT_BEZIERTO
                straight = straight and not curved
                parts[-1].points.append(point)
                parts[-1].curved.append(curved)
            parts[-1].closed = parts[-1].closed or bool(_segment_closes(segment))
        return [part for part in parts if len(part.points) > 1], straight and count <= MOST_SEGMENTS


class _Part:
    """A part of a path without a gap."""

    def __init__(self, points: list[_Point], curved: list[bool]) -> None:
        self.points = points
        self.curved = curved  # whether the way to the second point, the third, ... is a curve's
        self.closed = False

    def box(self) -> Edges | None:
        """The box that it goes around; None where it is something else."""
        return _box_of(self.points)

    def sides(self, *, closed: bool) -> list[tuple[_Point, _Point]]:
        """Its straight ones."""
        sides = [side for side, curved in zip(pairwise(self.points), self.curved, strict=True) if not curved]
        if closed and self.points[0] != self.points[-1]:
            sides.append((self.points[-1], self.points[0]))
        return sides


def _box_of(points: Sequence[_Point]) -> Edges | None:
    """The box whose corners the points are, one after the other; None where they are something else's."""
    corners = list(points[:-1]) if len(points) == 5 and points[0] == points[-1] else list(points)
    if len(corners) != 4:
        return None
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = corners
    across = abs(y0 - y1) + abs(x1 - x2) + abs(y2 - y3) + abs(x3 - x0) < LEVEL
    down = abs(x0 - x1) + abs(y1 - y2) + abs(x2 - x3) + abs(y3 - y0) < LEVEL
    if not across and not down:
        return None
    return min(x0, x2), min(y0, y2), max(x0, x2), max(y0, y2)


def _overlap(boxes: Sequence[Edges]) -> bool:
    """Whether any two do, or there are too many to tell: one may be a hole in the other."""
    if len(boxes) > 20:
        return True
    return any(
        first[0] < second[2] and second[0] < first[2] and first[1] < second[3] and second[1] < first[3]
        for number, first in enumerate(boxes)
        for second in boxes[:number]
    )


def _level(first: _Point, last: _Point) -> Edges | None:
    """A side that runs across or down, as the box of no extent between its ends; None where it slants."""
    (x0, y0), (x1, y1) = first, last
    across, down = abs(x1 - x0), abs(y1 - y0)
    if down <= max(LEVEL, STEEPEST * across) and across >= down:
        middle = (y0 + y1) / 2
        return min(x0, x1), middle, max(x0, x1), middle
    if across <= max(LEVEL, STEEPEST * down):
        middle = (x0 + x1) / 2
        return middle, min(y0, y1), middle, max(y0, y1)
    return None


def _length(edge: Edges) -> float:
    return max(edge[2] - edge[0], edge[3] - edge[1])
