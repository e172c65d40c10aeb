"""Lines to rows: what stands on one baseline of one column."""

import statistics
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import field
from functools import cached_property
from itertools import pairwise
from operator import attrgetter
from typing import Final

from octavo.document import TextLine
from octavo.frozen import frozen
from octavo.geometry import Box, Rect, on_one_height, union
from octavo.glyphs.scripts import breaks_anywhere, is_wide
from octavo.layout.gutters import are_parted, column_lanes, is_bridged, is_gutter
from octavo.layout.lines import Line
from octavo.wording.formulas import is_formula_number
from octavo.wording.lists import is_bullet

_MOST_ON_ONE_HEIGHT: Final = 300  # lines side by side; a row of single digits has 150
_COVERED: Final = 0.5  # share of a line's width that its left neighbour may cover and still be beside it
_NARROW: Final = 1.3  # sizes of type: a shorter line is a mark or number in front of the next
_MARK_GAP: Final = 3.0  # sizes of type from such a mark to what it belongs to, at most
_CLOSE: Final = 1.2  # sizes of type: a gap that is no more than a wide space
_BRIDGED: Final = 2.6  # sizes of type: a gap that other rows run across may be that wide
_OTHER_TYPE: Final = 1.8  # times the smaller size from which two lines are set apart at any gap


_FEWEST_WORDS: Final = 3  # torn apart in a row: two are as likely a name and its value
_FEWEST_IN_COLUMN: Final = 2  # the same where columns of text stand side by side
_SAME_GAP: Final = 0.25  # sizes of type the spaces of a justified row may differ by: letters overhang
_NEXT: Final = 2.0  # sizes of type to the row above or below
_COLUMN: Final = 40.0  # sizes of type up and down a column of text
_SET_IN: Final = 3.0  # sizes of type
_FLUSH: Final = 0.4  # sizes of type its edges may be off from the column's, for the same reason
_BAND: Final = 0.5  # sizes of type that the middles of what stands on one height may differ by
_WIDE: Final = 8.0  # sizes of type: narrower rows tell no column


@frozen
class Row(Rect):
    """Lines on one baseline that belong together, in the order they are read."""

    lines: tuple[Line, ...]
    longest: Line
    size: float = field(compare=False)  # of the longest line's type
    middle: float = field(compare=False)  # of the longest line: a raised mark beside it must not move the row
    text: str = field(compare=False)

    @classmethod
    def of(cls, lines: Sequence[Line]) -> "Row":
        box: Rect
        if len(lines) == 1:  # most
            box = longest = lines[0]
            text = longest.text
        else:
            box, longest = union(lines), max(lines, key=attrgetter("width"))
            text = " ".join(line.text for line in lines)
        return cls(
            box.left, box.top, box.right, box.bottom, tuple(lines), longest, longest.size, longest.middle, text.strip()
        )

    @property
    def bold(self) -> bool:
        if len(self.lines) == 1:
            return self.longest.source.bold
        return all(line.source.bold for line in self.lines if line.width > line.size)

    @property
    def monospace(self) -> bool:
        return all(line.source.monospace for line in self.lines)

    @property
    def first_word(self) -> float:
        """Room for the first word, in pixels; for two letters where words are not known, or lines break within them."""
        first = self.lines[0]
        text = first.text.strip()
        word = text.split(None, 1)[0] if text else ""
        if not word or (not text.isascii() and (breaks_anywhere(text) or any(map(is_wide, word)))):
            return 2 * self.size
        return first.width * _letters(word) / _letters(text)


def _letters(text: str) -> int:
    """How wide a text is, in letters; ideographs count as two."""
    return len(text) if text.isascii() else len(text) + sum(map(is_wide, text))


class PageLines(tuple[Line, ...]):
    """Lines of a page that one finder after the other asks about: what is asked again is found once.

    Their rows were a tenth of all that a page costs, put together six times.
    """

    @cached_property
    def lanes(self) -> Sequence[Rect]:
        return column_lanes(self)

    @cached_property
    def rows(self) -> Sequence[Row]:
        return _in_rows(self, self.lanes)

    @cached_property
    def bands(self) -> Sequence[Sequence[Row]]:
        return bands_of(self.rows)

    @cached_property
    def with_text(self) -> "PageLines":
        read = tuple(line for line in self if line.text)
        return self if len(read) == len(self) else PageLines(read)


def in_rows(lines: Sequence[Line]) -> Sequence[Row]:
    """Lines that stand side by side without a gutter between them, as rows, top to bottom."""
    if isinstance(lines, PageLines):
        return lines.rows
    if len(lines) == 1:  # a heading, an entry of a list: half of all that is asked
        return [Row.of(lines)]
    return _in_rows(lines, column_lanes(lines))


def _in_rows(lines: Sequence[Line], lanes: Sequence[Rect]) -> list[Row]:
    ordered = sorted(lines, key=attrgetter("left", "top"))
    group = list(range(len(ordered)))

    def root(index: int) -> int:
        while group[index] != index:
            group[index] = group[group[index]]
            index = group[index]
        return index

    level = _Levels(ordered)
    for right in range(1, len(ordered)):
        left = _neighbour(ordered, right, level)
        if left is None or _ends_formula(ordered, left, level):
            continue
        if _one_row(level, ordered[left], ordered[right]) and not are_parted(lanes, ordered[left], ordered[right]):
            group[root(right)] = root(left)
    rows: dict[int, list[Line]] = defaultdict(list)
    for index, line in enumerate(ordered):
        rows[root(index)].append(line)
    return _justified(sorted(map(Row.of, rows.values()), key=_DOWN), lanes)


def bands_of(rows: Sequence[Row]) -> list[list[Row]]:
    """What stands on one height of the page, left to right; the bands top to bottom."""
    return on_one_height(rows, lambda first, row: _BAND * min(first.size, row.size))


def with_torn_rows_whole(lines: PageLines) -> list[TextLine]:
    """The lines they stand for, those that justified type has torn in narrow columns as one without words: the room
    between its words is no border of a table's columns."""
    if not lines.lanes:
        return [line.source for line in lines]
    whole: list[TextLine] = []
    for row in lines.rows:
        sources = [line.source for line in row.lines]
        if len(sources) > 1 and _evenly_spaced([Row.of([line]) for line in row.lines], _FEWEST_IN_COLUMN):
            sources = [TextLine(Box.around(source.box for source in sources), row.text)]
        whole += sources
    return whole


_DOWN: Final = attrgetter("middle", "left")  # the order of rows


def _justified(rows: Sequence[Row], lanes: Sequence[Rect]) -> list[Row]:
    """The rows from top to bottom, those that justified type has torn to words put together: in a narrow column spaces
    may be several sizes wide, but they are all the same, and the row is as wide as the one above or below it."""
    wide = [row for row in rows if row.width > _WIDE * row.size]
    joined: list[Row] = []
    levels = on_one_height(rows, lambda first, row: 0.3 * min(first.size, row.size))
    for band in (part for level in levels for part in _at_lanes(level, lanes)):
        if _evenly_spaced(band, _FEWEST_IN_COLUMN if lanes else _FEWEST_WORDS):
            whole = Row.of([line for row in band for line in row.lines])
            if _as_wide_as_another(whole, wide, _COLUMN if lanes else _NEXT):
                wide.append(whole)
                joined.append(whole)
                continue
        joined += band
    return sorted(joined, key=_DOWN)


def _at_lanes(band: Sequence[Row], lanes: Sequence[Rect]) -> list[list[Row]]:
    """What stands on one height, column by column."""
    parts = [[row] for row in band[:1]]
    for before, row in pairwise(band):
        if are_parted(lanes, before, row):
            parts.append([])
        parts[-1].append(row)
    return parts


def _evenly_spaced(band: Sequence[Row], fewest: int) -> bool:
    if len(band) < fewest or not all(row.text and not row.longest.source.on_picture for row in band):
        return False
    gaps = [other.left - row.right for row, other in pairwise(band)]
    size = min(row.size for row in band)
    return min(gaps) > 0 and max(gaps) - min(gaps) < _SAME_GAP * size and max(row.size for row in band) < 1.1 * size


def _as_wide_as_another(row: Row, others: Sequence[Row], reach: float) -> bool:
    """Whether a row no further off than `reach` sizes of type has the same edges; a paragraph's first may be set in."""
    set_in = _SET_IN if len(row.lines) >= _FEWEST_WORDS else _FLUSH
    return any(
        0.5 * row.size < abs(other.middle - row.middle) < reach * row.size
        and abs(other.right - row.right) < _FLUSH * row.size
        and -_FLUSH * row.size < row.left - other.left < set_in * row.size
        for other in others
    )


class _Levels:
    """Lines by height on the page, so that those beside a line are found without looking at all."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self._lines = lines
        self.widest = max([line.width for line in lines], default=0.0)
        step = max(1.0, statistics.median([line.height for line in lines])) if lines else 1.0
        self._reach = [range(int(line.top // step), int(line.bottom // step) + 1) for line in lines]
        self._shelves: dict[int, list[int]] = defaultdict(list)
        for index, reach in enumerate(self._reach):
            for shelf in reach:
                self._shelves[shelf].append(index)
        self._by_height = sorted(lines, key=attrgetter("middle"))
        self._middles = [line.middle for line in self._by_height]

    def before(self, index: int) -> Iterator[list[int]]:
        """Lines that stand before a line in the sequence and may share some of its height, the last first and the
        nearest of too many; shelf by shelf, so that most are there twice."""
        for shelf in self._reach[index]:
            level = self._shelves[shelf]
            end = bisect_left(level, index)
            yield level[max(0, end - _MOST_ON_ONE_HEIGHT) : end][::-1]

    def between(self, top: float, bottom: float) -> list[Line]:
        """Lines with their middle between two heights."""
        return self._by_height[bisect_right(self._middles, top) : bisect_left(self._middles, bottom)]


def _neighbour(lines: Sequence[Line], index: int, levels: _Levels) -> int | None:
    """The nearest line to the left on the same baseline."""
    line = lines[index]
    left, size, width, height = line.left, line.size, line.width, line.height
    best, nearest = None, float("inf")
    for shelf in levels.before(index):
        for other_index in shelf:
            other = lines[other_index]
            if left - other.left > nearest + levels.widest:
                break  # what begins further to the left ends too far away
            room = left - other.right
            gap = abs(room)
            if gap > nearest or room <= -_COVERED * width:
                continue
            least = 0.5 if gap > 0.6 * size or min(width, other.width) > 8 * size else 0.2  # fractions
            level = line.overlap_y(other) > least * min(height, other.height)
            if level and (gap < nearest or best is None or other_index < best):
                best, nearest = other_index, gap
    return best


def _ends_formula(lines: Sequence[Line], index: int, level: _Levels) -> bool:
    """Whether a line is a number in brackets at the right of something: what comes next is another column's."""
    if not is_formula_number(lines[index].text):
        return False
    left = _neighbour(lines, index, level)
    return left is not None and lines[index].left - lines[left].right > 1.5 * lines[index].size


def _one_row(lines: _Levels, a: Line, b: Line) -> bool:
    """Whether two neighbours are parts of one line rather than lines of two columns."""
    size = min(a.size, b.size)
    gap = b.left - a.right
    if max(a.size, b.size) > _OTHER_TYPE * size and gap > 0.5 * size:
        return False
    if a.width < _NARROW * a.size or is_bullet(a.text):
        return gap < _MARK_GAP * b.size and not is_gutter(a, b, lines.between)
    if gap < _CLOSE * max(a.size, b.size):
        return not is_gutter(a, b, lines.between)
    return gap < _BRIDGED * size and is_bridged(a, b, lines.between)
