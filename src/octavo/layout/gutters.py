"""White lanes between columns: whether a gap in a row is one, lines found across one, lanes down a page.

`networks.line_parting` parts lines by the pixels between them, as they are found; here only their places tell.
"""

import statistics
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Final, TypeAlias

from octavo.document import TextLine
from octavo.geometry import SCALE, Box, Rect, Size
from octavo.layout.lines import Line, straightened

_WIDE: Final = 16.0  # sizes of type: two columns together are at least this wide
_NEAR: Final = 8.0  # sizes of type up and down columns are looked for
_EDGE: Final = 1.3  # sizes of type two edges may differ by and still be in line
_ALIKE: Final = 1.6  # times a line's size: what is set larger (a heading, an initial) says nothing of its columns
_WITNESSES: Final = 2  # lines on each side that must end or begin at the gutter

_ROWS: Final = 5  # on each side of a lane between columns of text, at least
_FULL_ROWS: Final = 3  # of those, that are `_COLUMN` long: entries of a list of numbers are not
_COLUMN: Final = 5.0  # sizes of type
_ONE_EDGE: Final = 0.4  # sizes of type that the rows of a column begin apart, at most
_APART: Final = 5.0  # sizes of type from one row of a column to the next, at most
_BESIDE: Final = 2.6  # sizes of type from the end of a row to the next column: what is further off is apart anyway
_THINNEST: Final = 0.4  # sizes of type that a lane is wide; a space has 0.3

Lane: TypeAlias = tuple[float, float]  # left and right edge
Between: TypeAlias = Callable[[float, float], Sequence[Line]]  # lines with their middle between two heights


# --- a gap in a row ----------------------------------------------------------------------------------------------


def is_gutter(a: Line, b: Line, lines_between: Between) -> bool:
    """Whether the gap between two neighbours goes on above or below them, with text on both sides."""
    size = min(a.size, b.size)
    lane = (a.right + b.left) / 2
    above = lines_between(a.middle - 4.2 * size, a.middle - 0.5 * size)
    below = lines_between(a.middle + 0.5 * size, a.middle + 4.2 * size)
    near = [line for line in (*above, *below) if 0.6 * size < line.size < _ALIKE * size]
    crossing = sum(line.left < lane - 0.5 * size and line.right > lane + 0.5 * size for line in near)
    ends = sum(lane - 3 * size < line.right <= lane + 0.5 * size and line.width > 3 * size for line in near)
    begins = sum(abs(line.left - b.left) < 0.6 * size for line in near)
    return min(begins, ends) > 2 * crossing


def is_bridged(a: Line, b: Line, lines_between: Between) -> bool:
    """Whether the line above or below runs over the gap between two neighbours: a wide space, and no gutter."""
    size = min(a.size, b.size)
    above = lines_between(a.middle - 1.9 * size, a.middle - 0.5 * size)
    below = lines_between(a.middle + 0.5 * size, a.middle + 1.9 * size)
    return any(
        line.left < a.right - 2 * size and line.right > b.left + 2 * size and line.size < 1.3 * size
        for line in (*above, *below)
    )


# --- lanes down a page -------------------------------------------------------------------------------------------


def lanes(spans: Iterable[Lane], slack: float) -> list[Lane]:
    """White lanes between things from `left` to `right`, whatever their heights; left to right.

    Things may overlap a lane by `slack`, and by no more than a tenth of their width.
    """
    found: list[Lane] = []
    reach = float("inf")
    for left, right in sorted(spans, key=lambda span: span[0]):
        inset = min(slack, 0.1 * (right - left))
        if left + inset > reach:
            found.append((reach, left + inset))
        reach = right - inset if reach == float("inf") else max(reach, right - inset)
    return found


# --- lanes between columns of text --------------------------------------------------------------------------------


def column_lanes(lines: Sequence[Line]) -> list[Rect]:
    """White lanes between columns of running text that no row crosses, however narrow: rows begin on one edge right of
    each, and rows end near it on its left. In newspapers justified rows leave wider room between two words."""
    if len(lines) < 2 * _ROWS:
        return []
    size = statistics.median(line.size for line in lines)
    by_height = sorted(lines, key=attrgetter("middle"))
    found: list[Rect] = []
    for column in on_one_edge(lines, attrgetter("left"), _ONE_EDGE * size):
        if not _is_text(column, size):
            continue
        left = min(line.left for line in column)
        for rows in _uncrossed(column, by_height, left, size):
            if not _is_text(rows, size):
                continue
            ends = _ending_before(by_height, left, rows, size)
            lane = Rect(max((line.right for line in ends), default=left), rows[0].top, left, rows[-1].bottom)
            if lane.width > _THINNEST * size and _is_text(ends, size):
                found.append(lane)
    return found


def are_parted(lanes: Sequence[Rect], first: Rect, second: Rect) -> bool:
    """Whether a lane between columns lies between what stands on the left and what stands on the right of it."""
    return any(
        lane.top <= min(first.middle, second.middle)
        and max(first.middle, second.middle) <= lane.bottom
        and first.axis < lane.right
        and second.left > lane.left
        and second.axis > lane.right
        for lane in lanes
    )


def on_one_edge(lines: Iterable[Line], edge: Callable[[Line], float], reach: float) -> list[list[Line]]:
    """Lines whose edges are no further apart than `reach`, each group from top to bottom."""
    groups: list[list[Line]] = []
    first = float("-inf")
    for line in sorted(lines, key=edge):
        if edge(line) - first > reach:
            first = edge(line)
            groups.append([])
        groups[-1].append(line)
    return [sorted(group, key=attrgetter("middle")) for group in groups]


def _uncrossed(column: Sequence[Line], by_height: Sequence[Line], left: float, size: float) -> Iterator[Sequence[Line]]:
    """Stretches of a column that nothing crosses at its left edge, and with no large gap."""
    crossing = [
        line.middle for line in by_height if line.left < left - _EDGE * size and line.right > left + _ONE_EDGE * size
    ]
    start = 0
    for index in range(1, len(column) + 1):
        if index < len(column):
            above, below = column[index - 1], column[index]
            crossed = bisect_right(crossing, below.bottom) > bisect_left(crossing, above.top)
            if not crossed and below.middle - above.middle < _APART * size:
                continue
        if index - start >= _ROWS:
            yield column[start:index]
        start = index


def _ending_before(by_height: Sequence[Line], left: float, rows: Sequence[Line], size: float) -> list[Line]:
    """What ends near the left edge of a column's rows, on their heights."""
    return [
        line
        for line in by_height
        if rows[0].top <= line.middle <= rows[-1].bottom and -_BESIDE * size < line.right - left <= 0
    ]


def _is_text(rows: Sequence[Line], size: float) -> bool:
    return len(rows) >= _ROWS and sum(row.width > _COLUMN * size for row in rows) >= _FULL_ROWS


# --- lines found across one --------------------------------------------------------------------------------------


def cut_at_gutters(lines: Sequence[TextLine], page: Size) -> list[TextLine]:
    """The lines, those over two columns as two. For lines without text: words could not be shared out."""
    placed = straightened(lines, page, dpi=0)
    cut: list[TextLine] = []
    for line in placed:
        lane = _lane(line, placed) if line.width > _WIDE * line.size and line.source.text is None else None
        cut += [line.source] if lane is None else _cut(line, lane)
    return cut


def _lane(line: Line, lines: Sequence[Line]) -> Lane | None:
    """The gutter under a line: where a left column ends and a right one begins, as rows nearby have it."""
    size = line.size
    near = [other for other in lines if other is not line and abs(other.middle - line.middle) < _NEAR * size]
    lefts = [o for o in near if abs(o.left - line.left) < _EDGE * size and o.right < line.right - 4 * size]
    rights = [o for o in near if abs(o.right - line.right) < _EDGE * size and o.left > line.left + 4 * size]
    if min(len(lefts), len(rights)) < _WITNESSES:
        return None
    ends, ending = _edge([other.right for other in lefts], size)
    begins, beginning = _edge([other.left for other in rights], size)
    parted = -0.3 * size < begins - ends < 2.5 * size
    return (ends, max(ends, begins)) if parted and min(ending, beginning) >= _WITNESSES else None


def _edge(places: Sequence[float], size: float) -> tuple[float, int]:
    """Where most lines end or begin, and how many."""
    near = [sum(abs(other - place) < 0.5 * size for other in places) for place in places]
    most = max(near)
    return statistics.median(place for place, count in zip(places, near, strict=True) if count == most), most


def _cut(line: Line, lane: Lane) -> list[TextLine]:
    first, second = ((edge - line.left) / line.width for edge in lane)
    return [stretch_of(line.source, 0.0, first), stretch_of(line.source, second, 1.0)]


def stretch_of(line: TextLine, start: float, end: float) -> TextLine:
    """A stretch of a line, with all of its text; `start` and `end` are shares of its length."""
    box = line.box
    if len(line.quad) != 4:
        return replace(line, box=Box(box.left + start * box.width, box.top, box.left + end * box.width, box.bottom))
    a, b, c, d = line.quad

    def between(p: tuple[float, float], q: tuple[float, float], share: float) -> tuple[float, float]:
        return p[0] + share * (q[0] - p[0]), p[1] + share * (q[1] - p[1])

    quad = (between(a, b, start), between(a, b, end), between(d, c, end), between(d, c, start))
    x, y = [min(SCALE, max(0.0, p[0])) for p in quad], [min(SCALE, max(0.0, p[1])) for p in quad]
    return replace(line, box=Box(min(x), min(y), max(x), max(y)), quad=quad)
