"""What is drawn on a page and is not text: photos, drawings, charts, logos.

A page is shrunk until its type is a few pixels high, the lines of text are wiped out, and what is left is grouped.
Frames, rules and shades around text are not figures; a figure is ink that text does not explain.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from typing import Final

import numpy as np
from numpy.typing import NDArray

from octavo.document import Pixels
from octavo.frozen import frozen
from octavo.geometry import SCALE, Rect, Size, union
from octavo.layout.drawn_rows import DrawnRows
from octavo.layout.lines import Line
from octavo.opencv import cv2
from octavo.wording.captions import is_label, names_float, names_note
from octavo.wording.numbers import is_on_axis

_AXIS: Final = 4  # numbers in a figure from which they are those of axes

_TYPE: Final = 7.0  # pixels the running text is shrunk to
_MOST_SIDE: Final = 900  # pixels of the shrunk page: large type or none must not cost more
_AROUND: Final = 31  # pixels of the shrunk page across the surroundings of a stroke
_CONTRAST: Final = 26  # grey levels between ink and its surroundings
_CHANGE: Final = 8  # grey levels from one pixel to the next that are no noise
_TONE: Final = 20  # grey levels, or as much colour, between an area and the paper
_RUNNING: Final = 0.28  # share of an area under wide lines from which it is text with something around it
_FLAT: Final = 0.002  # share of an area with strokes below which it is nothing but a shade
_TEXTURED: Final = 0.2  # share of an area that changes from which it is a photo, even without a stroke in it
_WRITTEN: Final = 0.15  # share of an area under lines of any length from which it is a table or a form
_IDLE: Final = 0.012  # share of an area with strokes below which there is no drawing in it
_DRAWN: Final = 0.06  # the same, from which there is a drawing even if there is much text
_LONG: Final = 10.0  # a line this many sizes long is running text rather than a label
_EDGE: Final = 0.02  # share of the page at each side where specks and edges of the sheet are
_RIM: Final = 0.15  # share of the page that can be scanner's border
_RIM_FILLED: Final = 0.7  # share of a row that is ink there
_WHOLE_PAGE: Final = 0.8  # share of the page from which an area is its background
_LOWEST: Final = 2.5  # sizes of type that an area is high and wide, at least
_TOGETHER: Final = 1.2  # sizes of type between what hangs together, at most
_FEW_PIXELS: Final = 4 * 65_000  # in which no more areas can be told apart than 16 bits count


@frozen
class Figure:
    """An area of ink that is no text."""

    rect: Rect
    density: float  # share of it that is not paper: near 1 for photos, low for drawings
    lines: tuple[Line, ...] = ()  # the texts that are part of it
    reason: str = ""  # for people: what it rests on
    lost: str = ""  # why it is none after all


@dataclass(frozen=True, eq=False)
class Ink:
    """What is drawn on a page besides text, seen from so far that its type is a few pixels high."""

    scale: float
    unit: float  # size of the running text in it
    rows: DrawnRows  # that are in the pictures below; on all others is nothing
    rest: NDArray[np.uint8]  # 255 where there is ink that no line of text explains
    paper: bool  # one tone is the paper's; else the page is a photo, and what is at its edges lies behind the sheet
    grey: NDArray[np.uint8]  # of everything, text as well
    clear: NDArray[np.uint8]  # 255 where there is no line of text

    @classmethod
    def of(cls, pixels: Pixels, page: Size, lines: Sequence[Line], size: float, known: Sequence[Rect] = ()) -> "Ink":
        """`pixels` show the page, RGB or grey, as large as it is or smaller; `size` is that of the running text;
        `known` are areas taken by raster pictures."""
        scale, extent = _shrunk(page, size)
        unit = max(2.0, size * scale)
        marked = np.flatnonzero(pixels.reshape(len(pixels), -1).min(axis=1) < 255)  # rows with anything on white
        if not known and _is_flat(marked, len(pixels), extent.height, unit):
            return cls.none(page, size)
        taken = [rect.scaled(scale) for rect in known]
        rows = DrawnRows.around(_drawn(marked, len(pixels), extent.height), _filled(taken, extent.height))
        small = rows.of(pixels, extent.width)
        lowest = _lowest(small)
        on_white = 2 * (_count_white(lowest) + rows.left_out * extent.width) > extent.area
        if rows.left_out and not on_white:  # what the paper is, only all of it tells
            rows = DrawnRows.all_of(extent.height)
            small = rows.of(pixels, extent.width)
            lowest = _lowest(small)
        grey = small if small.ndim == 2 else np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8)
        ink, paper = (_ink_on_white(grey, lowest), True) if on_white else _ink(small, grey, lowest)
        clear = _clear_of(lines, rows, extent, scale)
        rest = _without_rim(np.asarray(cv2.bitwise_and(ink, clear), np.uint8), rows)
        for box in taken:
            top, bottom = rows.between(int(box.top), int(box.bottom) + 1)
            _fill(rest[top:bottom, int(box.left) : int(box.right) + 1])
        return cls(scale, unit, rows, rest, paper, grey, clear)

    @classmethod
    def none(cls, page: Size, size: float) -> "Ink":
        """Of a page with nothing but text."""
        scale, extent = _shrunk(page, size)
        nothing = np.zeros((extent.height, extent.width), np.uint8)
        return cls(scale, max(2.0, size * scale), DrawnRows.all_of(extent.height), nothing, True, nothing, nothing)

    @property
    def extent(self) -> Size:
        """Of the whole page, shrunk."""
        return Size(self.rest.shape[1], self.rows.height)

    @cached_property
    def _steps(self) -> NDArray[np.uint8]:
        """Grey levels from a pixel to its neighbours."""
        return np.asarray(cv2.morphologyEx(self.grey, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)), np.uint8)

    @cached_property
    def busy(self) -> NDArray[np.uint8]:
        """255 at strokes among it that are no straight lines."""
        return np.asarray(cv2.bitwise_and(_busy(self._steps, self.unit), self.clear), np.uint8)

    @cached_property
    def texture(self) -> NDArray[np.uint8]:
        """255 where it changes at all: nowhere in a shade, everywhere in a photo."""
        changes = cv2.threshold(self._steps, _CHANGE, 255, cv2.THRESH_BINARY)[1]
        return np.asarray(cv2.bitwise_and(changes, self.clear), np.uint8)

    def strokes(self, rect: Rect) -> float:
        """Share of an area with strokes that are neither text nor straight lines."""
        return self.share(self.busy, rect)

    def share(self, mask: NDArray[np.uint8], rect: Rect) -> float:
        """How much of an area of the page is set in a mask."""
        box = rect.scaled(self.scale)
        left, right = (min(self.extent.width, max(0, round(side))) for side in (box.left, box.right))
        top, bottom = (min(self.extent.height, max(0, round(side))) for side in (box.top, box.bottom))
        first, end = self.rows.between(top, bottom)
        part = mask[first:end, left:right]
        return cv2.countNonZero(part) / ((right - left) * (bottom - top)) if part.size else 0.0

    def amount(self, rect: Rect) -> float:
        """How much of it is in an area, in square pixels of the page."""
        return self.share(self.rest, rect) * rect.area


def _shrunk(page: Size, size: float) -> tuple[float, Size]:
    """How much a page is shrunk whose running text is of a size, and its width and height then."""
    scale = min(1.0, _TYPE / size, _MOST_SIDE / max(page))
    return scale, Size(max(8, round(page.width * scale)), max(8, round(page.height * scale)))


def _drawn(marked: NDArray[np.intp], rows: int, height: int) -> NDArray[np.bool_]:
    """Which rows of a page, shrunk to that height, may not be white; `marked` are those of its own that are not."""
    if rows < height:  # a sketch is enlarged: what is on a row, reaches into more of them
        return np.ones(height, bool)
    drawn = np.zeros(height + 1, bool)
    drawn[(marked * (height / rows)).astype(np.intp)] = True
    drawn[1:] |= drawn[:-1]
    return drawn[:height]


def _filled(boxes: Sequence[Rect], height: int) -> NDArray[np.bool_]:
    """Which rows of a shrunk page have some of these boxes."""
    filled = np.zeros(height, bool)
    for box in boxes:
        filled[int(box.top) : int(box.bottom) + 1] = True
    return filled


def _is_flat(marked: NDArray[np.intp], rows: int, height: int, unit: float) -> bool:
    """Whether all that is on white paper are low things well apart, as ruling lines are: on the page shrunk to that
    height no area of ink comes to be as high as a figure, and nothing need be looked at. `marked` are those of all
    rows with anything."""
    if not len(marked) or 2 * len(marked) > rows:
        return not len(marked)  # where more is marked, white may not be the paper
    step, reach = height / rows, _reach(unit)  # rows of the shrunk page for one of them, and what it joins
    blurred = 2 * (step + 1)  # rows by which something grows as it is shrunk
    gaps = np.flatnonzero(np.diff(marked) * step > reach + blurred)
    heights = marked[np.append(gaps, -1)] - marked[np.append(0, gaps + 1)] + 1
    return bool(heights.max() * step + blurred + reach < _LOWEST * unit)


def _reach(unit: float) -> int:
    """Pixels of the shrunk page over which ink hangs together: an odd number."""
    return max(3, round(_TOGETHER * unit)) | 1


def find_figures(page: Ink, lines: Sequence[Line], size: float) -> list[Figure]:
    """Areas of ink that might be figures, top to bottom; those that are `lost` turned out to be none."""
    figures = []
    for box in _grouped(page) if page.rest.any() else ():
        rect = _cut_free(box.scaled(1 / page.scale), lines, page)
        filled = page.share(page.rest, rect)
        if lost := _why_ground(rect, lines, page):
            figures.append(Figure(rect, filled, reason="ink that no text explains", lost=lost))
            continue
        inner = _with_labels(rect, lines, size)
        titles = _titles_of_axes(inner, lines, size)
        rect = replace(union((inner, *titles)), top=inner.top)
        own = tuple(line for line in lines if rect.holds(line) and not (inner.holds(line) and _beside(line, page)))
        own = _labels_of(own, rect, page, titles)
        reason = f"figure: ink that no text explains, {page.strokes(rect):.1%} of it strokes, {len(own)} texts in it"
        figures.append(Figure(rect, page.share(page.rest, rect), own, reason))
    return sorted(figures, key=lambda figure: (figure.rect.top, figure.rect.left))


def _beside(line: Line, page: Ink) -> bool:
    """Whether a line is long and has no ink around it: text that runs beside a figure, though in its box."""
    return line.width >= _LONG * line.size and page.share(page.rest, line.grown(line.size)) < 0.03


def _labels_of(lines: Sequence[Line], rect: Rect, page: Ink, titles: Sequence[Line]) -> tuple[Line, ...]:
    """Those of the lines in an area that are part of the figure.

    What reads like a text stays one, whatever lies behind or over it: a watermark, a panel, a photo. Where straight
    lines and shades are all that is drawn, the figure has no names for its parts either, unless numbers go along it.
    """
    numbers = sum(is_on_axis(line.text) for line in lines)
    if lines and all(line.text for line in lines) and page.strokes(rect) < _FLAT and numbers < _AXIS:
        return ()
    named = set(map(id, titles))
    return tuple(line for line in lines if not line.text or is_label(line.text) or id(line) in named)


def _cut_free(rect: Rect, lines: Sequence[Line], page: Ink) -> Rect:
    """An area cut back on the side where that frees the text that runs beside the figure and loses hardly any ink."""
    beside = [line for line in lines if rect.holds(line) and _beside(line, page)]
    if not beside:
        return rect
    text = union(beside)
    on_right, on_left = replace(rect, left=text.right), replace(rect, right=text.left)
    below, above = replace(rect, top=text.bottom), replace(rect, bottom=text.top)
    # What stays, and what lies beyond the text: with ink there, the text stands within the figure.
    cuts = ((on_right, on_left), (below, above), (on_left, on_right), (above, below))
    free = [cut for cut, beyond in cuts if page.share(page.rest, beyond) < 0.01]
    best = max(free, key=page.amount, default=rect)
    return best if page.amount(best) > 0.8 * page.amount(rect) else rect


def _with_labels(rect: Rect, lines: Sequence[Line], size: float) -> Rect:
    """A figure's area with the short texts at its rim: numbers along an axis, names of parts."""
    most = max(5 * size, 0.2 * rect.width)
    near = rect.grown(1.2 * size, 0.72 * size)
    return union((rect, *(line for line in lines if line.width < most and near.touches(line))))


def _titles_of_axes(rect: Rect, lines: Sequence[Line], size: float) -> list[Line]:
    """What is written along a chart's left or right side, and in the middle under its numbers.

    Only where there are numbers along its axes: small print next to a photo is its caption, which must not get lost.
    """
    numbers = sum(rect.holds(line) and is_on_axis(line.text) for line in lines)
    if numbers < _AXIS:
        return []
    reach = 1.5 * size
    found: list[Line] = []
    for line in lines:
        along = line.height > 3 * line.width and rect.top < line.middle < rect.bottom and line.height < rect.height
        beside = along and line.gap_x(rect) < reach
        middle = abs(line.axis - rect.axis) < 0.12 * rect.width and line.width < 0.8 * rect.width
        under = middle and -0.5 * size < line.top - rect.bottom < 0.8 * size and not _goes_on(line, lines)
        titled = names_float(line.text) or names_note(line.text)
        if beside or (under and line.text and line.size < 1.05 * size and not titled):
            found.append(line)
            rect = replace(union((rect, line)), top=rect.top)
    return found


def _goes_on(line: Line, lines: Sequence[Line]) -> bool:
    """Whether another line in the same type follows right below: a paragraph rather than a label."""
    return any(
        other.top > line.middle
        and other.top - line.bottom < 0.6 * line.size
        and abs(other.left - line.left) < 4 * line.size
        and abs(other.size - line.size) < 0.05 * line.size
        for other in lines
    )


def _why_ground(rect: Rect, lines: Sequence[Line], page: Ink) -> str:
    """Why an area is no figure, but text with something around or behind it: a box, a shade, a screenshot."""
    if rect.area * page.scale**2 > _WHOLE_PAGE * page.extent.area:
        return "it is the page's background"
    inside = [line for line in lines if rect.holds(line)]
    wide = min(0.35 * rect.width, _LONG * (inside[0].size if inside else 0.0))
    written = sum(line.area for line in inside) / rect.area
    running = sum(line.area for line in inside if line.width > wide) / rect.area
    strokes = page.strokes(rect)
    if not page.paper and _at_edges(rect, page) > 1:
        return "it reaches two sides of a photo: what lies behind the sheet"
    if strokes < _FLAT and page.share(page.texture, rect) < _TEXTURED:
        return f"it is a shade: {strokes:.2%} of it strokes"
    if strokes < _IDLE and running > 0.05:
        return f"it is text with something around it: {running:.0%} under wide lines, {strokes:.1%} strokes"
    if strokes < _DRAWN and len(inside) > 1 and (running > _RUNNING or written > _WRITTEN):
        return f"it is text with something around it: {written:.0%} under lines, {strokes:.1%} strokes"
    return ""


def _at_edges(rect: Rect, page: Ink) -> int:
    """How many sides of the page an area reaches."""
    width, height = (extent / page.scale for extent in page.extent)
    near = 1.5 * _EDGE
    low, high = (
        (rect.left < near * width, rect.top < near * height),
        (rect.right > width * (1 - near), rect.bottom > height * (1 - near)),
    )
    return sum((*low, *high))


def _ink(small: Pixels, grey: NDArray[np.uint8], lowest: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], bool]:
    """255 where something is drawn: strokes against their surroundings, and areas of another tone than the paper, of
    a shrunk page, how grey it is, and the lowest of each pixel's channels.

    And whether there is paper of one tone; a photo or a shaded scan has strokes only.
    """
    levels = cv2.calcHist([grey], [0], None, [256], (0, 256)).ravel()
    paper = int(levels.argmax())
    if levels[max(0, paper - 4) : paper + 5].sum() < 0.4 * grey.size:
        return _strokes(grey), False
    on_paper = np.asarray(cv2.inRange(grey, max(0, paper - 3), min(255, paper + 3)), np.uint8)
    furthest = _off_paper(small, lowest, on_paper)
    area = cv2.threshold(furthest, _TONE, 255, cv2.THRESH_BINARY)[1]
    return np.asarray(cv2.bitwise_or(_strokes(grey), area), np.uint8), True


def _ink_on_white(grey: NDArray[np.uint8], lowest: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The same of most pages: white for the greater part, which makes that the paper's tone."""
    area = cv2.threshold(lowest, 254 - _TONE, 255, cv2.THRESH_BINARY_INV)[1]
    return np.asarray(cv2.bitwise_or(_strokes(grey), area), np.uint8)


def _strokes(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """255 where it is darker than its surroundings."""
    around = cv2.blur(grey, (_AROUND, _AROUND))
    return np.asarray(cv2.threshold(cv2.subtract(around, grey), _CONTRAST, 255, cv2.THRESH_BINARY)[1], np.uint8)


def _lowest(small: Pixels) -> NDArray[np.uint8]:
    """Of each pixel's channels."""
    if small.ndim == 2:
        return small
    channels = [np.asarray(channel, np.uint8) for channel in cv2.split(small)]
    return reduce(lambda one, other: np.asarray(cv2.min(one, other), np.uint8), channels)


def _count_white(lowest: NDArray[np.uint8]) -> int:
    return cv2.countNonZero(cv2.inRange(lowest, 255, 255))


def _off_paper(small: Pixels, lowest: NDArray[np.uint8], paper: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """How far each pixel is, in the channel that is furthest, from that channel's median where the mask `paper` is
    set."""
    white = cv2.bitwise_and(np.asarray(cv2.inRange(lowest, 255, 255), np.uint8), paper)
    if 2 * cv2.countNonZero(white) > cv2.countNonZero(paper):  # the medians are known
        return np.asarray(cv2.bitwise_not(lowest), np.uint8)
    off = [_off_median(np.asarray(channel, np.uint8), paper) for channel in cv2.split(small)]
    return reduce(lambda one, other: np.asarray(cv2.max(one, other), np.uint8), off)


def _off_median(channel: NDArray[np.uint8], paper: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """How far a channel is from its median where the mask `paper` is set: counted, which is faster than sorted."""
    counts = np.cumsum(cv2.calcHist([channel], [0], paper, [256], (0, 256)))
    low, high = np.searchsorted(counts, [(counts[-1] + 1) // 2, counts[-1] // 2 + 1])
    return np.asarray(cv2.absdiff(channel, np.full_like(channel, int((low + high) / 2))), np.uint8)


def _busy(steps: NDArray[np.uint8], unit: float) -> NDArray[np.uint8]:
    """255 at edges that are not part of long straight lines."""
    edges = cv2.threshold(steps, _CONTRAST, 255, cv2.THRESH_BINARY)[1]
    length = max(8, round(6 * unit))
    across = cv2.morphologyEx(edges, cv2.MORPH_OPEN, np.ones((1, length), np.uint8))
    down = cv2.morphologyEx(edges, cv2.MORPH_OPEN, np.ones((length, 1), np.uint8))
    straight = cv2.dilate(cv2.bitwise_or(across, down), np.ones((3, 3), np.uint8))
    return np.asarray(cv2.bitwise_and(edges, cv2.bitwise_not(straight)), np.uint8)


def _clear_of(lines: Sequence[Line], rows: DrawnRows, size: Size, scale: float) -> NDArray[np.uint8]:
    """255 where the shrunk page, of that size, has no line of text, with a little air around each."""
    clear = np.full((len(rows.rows), size.width), 255, np.uint8)
    x, y = size.width / SCALE, size.height / SCALE
    for line in lines:
        box, air = line.source.box, 0.2 * line.height * scale
        top, bottom = rows.between(max(0, int(box.top * y - air)), int(box.bottom * y + air) + 1)
        if bottom > top:
            clear[top:bottom, max(0, int(box.left * x - air)) : int(box.right * x + air) + 1] = 0
    return clear


def _fill(part: NDArray[np.uint8]) -> None:
    """Make one piece of all ink in an area: a raster picture is one figure, however much of it is white."""
    left, top, width, height = cv2.boundingRect(part) if part.size else (0, 0, 0, 0)
    part[top : top + height, left : left + width] = 255


def _without_rim(ink: NDArray[np.uint8], rows: DrawnRows) -> NDArray[np.uint8]:
    """The ink without what a scanner sees beside the sheet: its edge, and rows and columns that are nearly all ink."""
    rest = ink.copy()
    columns = DrawnRows.all_of(ink.shape[1])
    views = ((rest, rows), (rest[::-1], rows.from_below), (rest.T, columns), (rest.T[::-1], columns))
    for view, lines in views:
        view[: lines.between(0, round(_EDGE * lines.height))[1]] = 0
    for view, lines in views:
        start, end = round(_EDGE * lines.height), round(_RIM * lines.height) + 1
        first, last = lines.between(start, end)
        filled = np.zeros(end - start, bool)
        across = rows.height if lines is columns else columns.height
        filled[lines.rows[first:last] - start] = (view[first:last] > 0).sum(1) > _RIM_FILLED * across
        if not filled.all():  # else it is no rim, but a dark page
            view[: lines.between(0, start + int(filled.argmin()))[1]] = 0
    return rest


def _grouped(page: Ink) -> list[Rect]:
    """Boxes around ink that hangs together, without rules, frames and specks; pixels of the shrunk page."""
    boxes, small = [], []
    unit = page.unit
    for left, top, width, height in _connected(page.rest, _reach(unit)):
        first = int(page.rows.rows[top])  # no row is left out of what hangs together
        box = Rect(left, first, left + width, first + height)
        if min(width, height) < _LOWEST * unit or max(width, height) < 4 * unit:
            small.append(box)
        elif not _is_frame(page.rest[top : top + height, left : left + width], unit):
            boxes.append(box)
    return _merged([_with_axes(box, small, unit) for box in boxes], unit)


def _connected(ink: NDArray[np.uint8], reach: int) -> Iterator[tuple[int, int, int, int]]:
    """Where ink hangs together, over gaps of less than `reach` pixels: left, top, width, height. Only the part of the
    page that has any is looked at, and numbers of 16 bits take a third of the time."""
    left, top, width, height = cv2.boundingRect(ink)
    if not width:
        return
    right, bottom = left + width + reach, top + height + reach
    left, top = _even(max(0, left - reach)), _even(max(0, top - reach))
    closed = cv2.morphologyEx(ink[top:bottom, left:right], cv2.MORPH_CLOSE, np.ones((reach, reach), np.uint8))
    x, y, width, height = cv2.boundingRect(closed)
    inside = closed[_even(y) : y + height, _even(x) : x + width]
    numbers = cv2.CV_16U if inside.size < _FEW_PIXELS else cv2.CV_32S
    _, _, areas, _ = cv2.connectedComponentsWithStats(inside, connectivity=8, ltype=numbers)
    for across, down, wide, high, _ in areas[1:].tolist():
        yield left + _even(x) + across, top + _even(y) + down, wide, high


def _even(place: int) -> int:
    """Where a part is cut out: areas of ink are numbered two pixels at a time, and that is their order."""
    return place - place % 2


def _with_axes(box: Rect, small: Sequence[Rect], unit: float) -> Rect:
    """A figure's box with the thin and small pieces that touch it: axes, ticks, arrows."""
    limit = 1.5 * max(box.width, box.height)
    for piece in small:
        if box.grown(1.5 * unit).touches(piece) and max(piece.width, piece.height) < limit:
            box = union((box, piece))
    return box


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


def _merged(boxes: list[Rect], unit: float) -> list[Rect]:
    """Boxes that overlap or touch, put together until none do."""
    boxes = list(boxes)
    changed = True
    while changed:
        changed = False
        for index, box in enumerate(boxes):
            for other_index in range(len(boxes) - 1, index, -1):
                other = boxes[other_index]
                if box.overlap_x(other) > -unit and box.overlap_y(other) > -unit:
                    box = boxes[index] = union((box, other))
                    del boxes[other_index]
                    changed = True
    return boxes
