"""Names above their values: small print in the upper left of a box or over a value, as forms, invoices and cheques
have it.

What makes a line the name of what stands below it is how both are set, never what they say: the name is smaller, or
one of the two is bold, or typed. One such pair is chance. In boxes that lines close, a band of them is a form where
next to every box has a name; without lines, names stand side by side on one height, or several below each other, and
nothing goes on below their values as the rows of a table would.
"""

import math
import statistics
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

from octavo.frozen import frozen
from octavo.geometry import Rect, on_one_height, union
from octavo.layout.field_boxes import box_around, is_filled_in
from octavo.layout.lines import Line
from octavo.layout.named_fields import NamedField, NamedFields, lines_of
from octavo.layout.side_by_side import Row, in_rows
from octavo.tables.rules import Rules
from octavo.wording.numbers import is_amount, is_mostly_digits, is_number
from octavo.wording.sentences import has_word
from octavo.wording.ticks import is_tick_box

_FEWEST: Final = 3  # named values of a form in boxes, or in one column; fewer are chance
_SMALLER: Final = 1.12  # times a name's size that its value has, where sizes are known
_SMALLER_SEEN: Final = 1.25  # the same where heights are seen: these differ by what letters reach up and down
_ALIKE: Final = 1.08  # times the smaller size: set in one size
_LARGEST: Final = 1.9  # times a name's size, without a box: what is larger is a heading under a line above it
_LARGEST_SURE: Final = 3.5  # the same in a box, and of a number: on tiles it may be as large as a title
_LONGEST_NAME: Final = 60  # characters of a name
_WIDEST_NAME: Final = 22.0  # sizes of type of a name that is not read yet
_LONGEST_VALUE: Final = 60  # characters of its first line, where no box holds it
_BELOW: Final = 2.1  # sizes of the value's type from the middle of a name to that of its value, at most
_FLUSH: Final = 0.6  # sizes of type by which they may begin apart
_CORNER: Final = 2.0  # sizes of type that a name is away from the left and upper side of its box, at most
_BESIDE: Final = 0.5  # sizes of type that a line may reach over the side of its box
_MOST_LINES: Final = 1500  # on a page: more are no form, and each is held against each rule
_MOST_ROWS: Final = 10  # lines in one box: more are a text, in a frame
_UNNAMED: Final = 1 / 3  # of the boxes of a band that may have no name
_OWN_BOX: Final = 3.0  # sizes of type that a box for one line is high, at most
_NEXT_LINE: Final = 1.6  # sizes of type from one line of a value to the next, at most
_NEXT_ROW: Final = 3.2  # sizes of type below a value within which a row of a table would follow
_NEXT_BAND: Final = 3.5  # sizes of type between one row of fields and the next, at most


def find_names_above(lines: Sequence[Line], rules: Rules) -> list[NamedFields]:
    """The forms among the lines; no line is in two of them."""
    pairs = _pairs(lines) if len(lines) < _MOST_LINES else []
    if len(pairs) < 2 and not any(is_filled_in(value, rules) for _, value in pairs):
        return []
    in_boxes = sum(box_around(name, rules) is not None for name, _ in pairs)
    boxed = _boxed(lines, rules) if in_boxes >= _FEWEST else []
    taken = {id(line) for form in boxed for line in form.lines}
    left = [(name, value) for name, value in pairs if id(name) not in taken]
    names = [name for name, _ in left]
    if not _several(names) and not any(is_filled_in(value, rules) for _, value in left):
        return boxed
    loose = [line for line in lines if id(line) not in taken] if taken else lines
    return [*boxed, *_loose(loose, names, rules)]


def _pairs(lines: Sequence[Line]) -> list[tuple[Line, Line]]:
    """Lines that are set as the name of one right below: cheap, for most pages have none."""
    ordered = sorted(lines, key=lambda line: line.middle)
    middles = [line.middle for line in ordered]
    found = []
    for index, name in enumerate(ordered):
        left, size = name.left, name.size
        last = bisect_right(middles, middles[index] + _BELOW * _LARGEST_SURE * size)
        for value in ordered[index + 1 : last]:
            larger = max(size, value.size)
            if abs(value.left - left) < _FLUSH * larger and _is_below(name, value, larger):
                if _names(name, value, in_box=True) or _may_name(name, value):
                    found.append((name, value))
                break
    return found


def _may_name(name: Line, value: Line) -> bool:
    """The same of two lines on a picture: that one is lower than the other at all, many of them tell together."""
    return not name.text and not value.text and 1 < value.size / name.size < _LARGEST_SURE


def _several(names: Sequence[Line]) -> bool:
    """Whether two names stand on one height, three flush below each other, or one over what was filled in."""
    columns = [sum(abs(one.left - other.left) < _FLUSH * one.size for other in names) for one in names]
    levels = [sum(abs(one.middle - other.middle) < 0.5 * one.size for other in names) for one in names]
    return max(columns, default=0) >= _FEWEST or max(levels, default=0) > 1


def _is_below(name: Rect, value: Rect, size: float) -> bool:
    """Whether a line begins right below another; `size` is that of the larger type."""
    close = 0.5 * size < value.middle - name.middle < _BELOW * size
    return close and abs(name.left - value.left) < _FLUSH * size


def _names(name: Line, value: Line, *, in_box: bool = False) -> bool:
    """Whether a line is set as the name of the one below it; in a box, a value may also be the bold one of the two."""
    one, other = name.source, value.source
    if one.field or (name.text and not has_word(name.text)) or len(name.text) > _LONGEST_NAME:
        return False
    if other.field:
        return not is_tick_box(value.text)  # below a head of its column; what it stands for is beside it
    if not name.text and name.width > _WIDEST_NAME * name.size:
        return False
    known = one.font_size is not None and other.font_size is not None
    ratio = value.size / name.size
    if ratio > (_LARGEST_SURE if in_box or is_mostly_digits(value.text) else _LARGEST):
        return False
    if ratio > (_SMALLER if known else _SMALLER_SEEN):
        return True
    if not known or ratio < 1 / _ALIKE:
        return False
    typed = other.monospace and not one.monospace
    return typed or (one.bold and not other.bold) or (in_box and other.bold and not one.bold)


# --- in boxes -----------------------------------------------------------------------------------------------------


@frozen
class _Filled(Rect):
    """A box that lines close, and the rows of text in it: first those of its name."""

    names: tuple[Row, ...]
    values: tuple[Row, ...]

    @property
    def rows(self) -> tuple[Row, ...]:
        return self.names + self.values

    @property
    def size(self) -> float:
        """Of its largest type."""
        return max(row.size for row in self.rows)

    def named_by(self, count: int) -> "_Filled":
        """The same with so many rows for its name."""
        return replace(self, names=self.rows[:count], values=self.rows[count:])

    @property
    def field(self) -> NamedField:
        return NamedField(
            lines_of(self.names), lines_of(self.values), Rect(self.left, self.top, self.right, self.bottom)
        )


def _boxed(lines: Sequence[Line], rules: Rules) -> list[NamedFields]:
    found = []
    for boxes in _touching(_filled(lines, rules)):
        boxes = _with_empty(_by_heights(boxes))
        for run in _runs_of_bands(_bands(boxes)):
            named = sum(bool(box.names and box.values) for box in run)
            if named >= _FEWEST:
                reason = f"form: {named} boxes with a name above what stands in them"
                found.append(NamedFields(tuple(box.field for box in run), reason))
    return found


def _filled(lines: Sequence[Line], rules: Rules) -> list[_Filled]:
    boxes: list[tuple[Rect, list[Line]]] = []
    for line in lines:
        box = box_around(line, rules)
        if box is None:
            continue
        own = next((inside for other, inside in boxes if _is_same(other, box)), None)
        if own is None:
            boxes.append((box, [line]))
        else:
            own.append(line)
    return [_divided(box, inside) for box, inside in boxes]


def _is_same(one: Rect, other: Rect) -> bool:
    return abs(one.top - other.top) < 4 and abs(one.left - other.left) < 4 and abs(one.right - other.right) < 4


def _divided(box: Rect, lines: Sequence[Line]) -> _Filled:
    """The rows in a box: the first ones its name, where they are set as one; else none of them is."""
    rows = [Row.of(level) for level in on_one_height(lines, lambda first, line: 0.5 * min(first.size, line.size))]
    names: list[Row] = []
    if len(rows) <= _MOST_ROWS and _in_corner(box, rows[0]):
        while len(names) < len(rows) and _is_set_as(rows[0], rows[len(names)]):
            names.append(rows[len(names)])
        if len(names) < len(rows) and not _names(names[-1].longest, rows[len(names)].longest, in_box=True):
            names = []
    values = rows[len(names) :]
    return _Filled(box.left, box.top, box.right, box.bottom, tuple(names), tuple(values))


def _in_corner(box: Rect, row: Row) -> bool:
    return max(row.top - box.top, row.left - box.left) < _CORNER * row.size


def _is_set_as(name: Row, row: Row) -> bool:
    """Whether two rows are set alike."""
    one, other = name.longest, row.longest
    face = (one.source.bold, one.source.monospace, one.source.field)
    alike = max(one.size, other.size) < (_ALIKE if one.source.font_size else _SMALLER_SEEN) * min(one.size, other.size)
    return alike and face == (other.source.bold, other.source.monospace, other.source.field)


def _touching(boxes: Sequence[_Filled]) -> Iterator[list[_Filled]]:
    """Groups of boxes side by side and below each other."""
    left = list(boxes)
    while left:
        group = [left.pop()]
        for one in group:  # grows while it is walked
            near = one.grown(_BESIDE * one.size)
            joined = [other for other in left if near.touches(other)]
            group += joined
            left = [other for other in left if other not in joined]
        yield group


def _by_heights(boxes: Sequence[_Filled]) -> list[_Filled]:
    """Boxes of a picture, where one line's height says little: the first row of each is its name, if first rows are
    lower than second ones on the whole. A name may have more rows, with something larger below them."""
    several = [box for box in boxes if len(box.rows) > 1 and _in_corner(box, box.rows[0])]
    if len(several) < _FEWEST or any(line.source.font_size for box in boxes for line in box.field.values):
        return list(boxes)
    first, second = (statistics.median(box.rows[place].size for box in several) for place in (0, 1))
    if second < _SMALLER * first:
        return list(boxes)
    between = math.sqrt(first * second)
    return [box.named_by(_name_rows(box, between)) for box in boxes]


def _name_rows(box: _Filled, between: float) -> int:
    """How many rows of a box are its name, by their heights; those of values are above `between`."""
    first = box.rows[0]
    if len(box.rows) > _MOST_ROWS or not _in_corner(box, first) or first.width > _WIDEST_NAME * first.size:
        return 0
    if len(box.rows) == 1:
        return int(box.rows[0].size < between and box.rows[0].middle < box.middle)
    larger = [place for place, row in enumerate(box.rows) if row.size > between and place > 0]
    return larger[0] if larger else 1


def _with_empty(boxes: Sequence[_Filled]) -> list[_Filled]:
    """Boxes with nothing in them but what is set as the names of the others: those that were left empty."""
    named = [box for box in boxes if box.names and box.values]

    def is_name(row: Row) -> bool:
        return sum(_is_set_as(box.names[0], row) for box in named) * 2 > len(named)

    return [
        box if box.names and box.values else box.named_by(len(box.rows) if all(map(is_name, box.rows)) else 0)
        for box in boxes
    ]


def _bands(boxes: Sequence[_Filled]) -> list[list[_Filled]]:
    """The boxes cut where a line goes all the way across; each band in the order it is read."""
    bands: list[list[_Filled]] = []
    bottom = float("-inf")
    for box in sorted(boxes, key=lambda box: (box.top, box.left)):
        if box.top > bottom - _BESIDE * box.size:
            bands.append([])
        bands[-1].append(box)
        bottom = max(bottom, box.bottom) if len(bands[-1]) > 1 else box.bottom
    return [[box for row in _by_top(band) for box in row] for band in bands]


def _by_top(band: Sequence[_Filled]) -> list[list[_Filled]]:
    rows: list[list[_Filled]] = []
    for box in sorted(band, key=lambda box: box.top):
        if rows and box.top - rows[-1][0].top < _BESIDE * box.size:
            rows[-1].append(box)
        else:
            rows.append([box])
    return [sorted(row, key=lambda box: box.left) for row in rows]


def _runs_of_bands(bands: Sequence[Sequence[_Filled]]) -> Iterator[list[_Filled]]:
    """Bands of a form below each other. A band of names alone above what is no form is the head of a table."""
    run: list[_Filled] = []
    for place, band in enumerate(bands):
        named = sum(bool(box.names and box.values) for box in band)
        unnamed = sum(not box.names for box in band)
        below = bands[place + 1] if place + 1 < len(bands) else ()
        heads_table = 2 * named < len(band) and 2 * sum(not box.names for box in below) > len(below)
        if unnamed <= _UNNAMED * len(band) and not heads_table:
            run += band
        else:
            yield run
            run = []
    yield run


# --- without boxes ------------------------------------------------------------------------------------------------


@frozen
class _Over:
    """A name with the rows of its value below it; none where it was left empty."""

    name: Row
    values: tuple[Row, ...]

    @property
    def rows(self) -> tuple[Row, ...]:
        return (self.name, *self.values)

    @property
    def area(self) -> Rect:
        return union(self.rows)


def _loose(lines: Sequence[Line], names: Sequence[Line], rules: Rules) -> list[NamedFields]:
    rows = in_rows(lines)
    middles = [row.middle for row in rows]
    known = set(map(id, names))
    pairs = []
    for place, row in enumerate(rows):
        if id(row.lines[0]) in known and not _ends_text(
            row, rows[bisect_left(middles, row.middle - 2 * row.size) : place]
        ):
            near = rows[place + 1 : bisect_right(middles, row.middle + _BELOW * _LARGEST_SURE * row.size)]
            pair = _over(row, near, rules)
            pairs += [pair] if pair is not None else []
    named = {id(pair.name) for pair in pairs}
    pairs = [pair for pair in pairs if not any(id(value) in named for value in pair.values[:1])]
    bands: list[list[_Over]] = []
    for level in on_one_height((pair.name for pair in pairs), lambda first, row: 0.5 * min(first.size, row.size)):
        own = {id(row) for row in level}
        band = [pair for pair in pairs if id(pair.name) in own]
        if not _is_table(band, rows):
            band = [_Over(pair.name, tuple(_value(pair.values[0], rows))) for pair in band]
            used = {id(row) for pair in (*pairs, *(it for above in bands for it in above)) for row in pair.rows}
            free = [row for row in rows if id(row) not in used]
            bands.append(sorted([*band, *_left_empty(band, free, rules)], key=lambda pair: pair.name.left))
    return list(_runs_of_names(bands, rules))


def _ends_text(row: Row, above: Sequence[Row]) -> bool:
    """Whether a row goes on one right above it: the last of an address or a paragraph names no heading below."""
    return any(
        row.middle - other.middle < _NEXT_LINE * row.size
        and abs(row.left - other.left) < _FLUSH * row.size
        and _is_set_as(other, row)
        for other in above
    )


def _over(name: Row, rows: Sequence[Row], rules: Rules) -> _Over | None:
    """The row as the name of those below it."""
    below = [row for row in rows if _is_below(name, row, max(name.size, row.size))]
    first = min(below, key=lambda row: row.middle, default=None)
    if first is None or not _names(name.longest, first.longest) or len(first.text) > _LONGEST_VALUE:
        return None
    if not first.text and not is_filled_in(first.longest, rules):
        return None  # heights on a picture say too little by themselves
    crossed = [r for r in rules.horizontal if name.middle < r.at < first.middle and r.start < first.axis < r.end]
    if crossed and not _has_box(first, rules):
        return None
    return _Over(name, (first,))


def _has_box(value: Row, rules: Rules) -> bool:
    """Whether a row stands in a box of its own; a row of a table has others beside it."""
    box = box_around(value.lines[0], rules)
    return value.lines[0].source.field or (box is not None and box.height < _OWN_BOX * value.size)


def _value(first: Row, rows: Sequence[Row]) -> Iterator[Row]:
    """The lines of a value: each set as the one above, and close."""
    above = first
    yield above
    for row in rows:
        near = 0.5 * above.size < row.middle - above.middle < _NEXT_LINE * above.size
        if near and abs(row.left - above.left) < _FLUSH * above.size and _is_set_as(above, row):
            above = row
            yield above


def _is_table(band: Sequence[_Over], rows: Sequence[Row]) -> bool:
    """Whether what stands below names is the first row of a table: it goes on in rows, two and more of them with
    something below, or other cells stand beside it; or the names are items of a list, each with its amount."""
    own = {id(row) for pair in band for row in (pair.name, *pair.values)}
    first = band[0].values[0]
    beside = sum(
        abs(row.middle - first.middle) < 0.5 * first.size and len(row.text) < _LONGEST_VALUE and id(row) not in own
        for row in rows
    )
    if 2 * beside > len(band) and not first.longest.source.field:
        return True
    if any(
        id(row) not in own and is_amount(row.text) and _is_right_of(row, pair.name) for pair in band for row in rows
    ):
        return True  # a dish and its price, with what it is made of below
    if len(band) == 1 and any(is_number(row.text) and _is_right_of(band[0].name, row) for row in rows):
        return True  # an hour, and what happens then
    if 2 * sum(_has_more_below(pair, rows) for pair in band) > len(band):
        return True  # tiles: a name, a number, and what is said of it
    going_on = 0
    for pair in band:
        last = pair.values[0]
        reach = _NEXT_ROW * last.size
        going_on += any(
            0.5 * last.size < row.middle - last.middle < reach
            and min(abs(row.left - last.left), abs(row.right - last.right)) < _FLUSH * last.size
            and _is_set_as(last, row)
            and not any(_names(above.longest, row.longest) and _is_below(above, row, row.size) for above in rows)
            for row in rows
        )
    return going_on > 1


def _has_more_below(pair: _Over, rows: Sequence[Row]) -> bool:
    """Whether a line set in another way stands close below a value, and is no name of the next."""
    value = pair.values[0]
    flush = (row for row in rows if abs(row.left - value.left) < _FLUSH * value.size and row.middle > value.middle)
    below = sorted(flush, key=lambda row: row.middle)[:2]
    if not below or below[0].top - value.bottom > pair.name.size or _is_set_as(value, below[0]):
        return False
    name = below[0]
    return not any(
        _is_below(name, row, max(name.size, row.size)) and _names(name.longest, row.longest) for row in below
    )


def _is_right_of(row: Row, name: Row) -> bool:
    return row.left > name.right and abs(row.middle - name.middle) < 0.5 * name.size


def _left_empty(band: Sequence[_Over], rows: Sequence[Row], rules: Rules) -> Iterator[_Over]:
    """What is set as the names of a band, on their height, and has nothing below it."""
    first = band[0]
    if len(band) < 2 and not is_filled_in(first.values[0].longest, rules):
        return
    bottom = max(pair.values[0].bottom for pair in band)
    for row in rows:
        level = abs(row.middle - first.name.middle) < 0.3 * row.size and _is_set_as(first.name, row)
        if not level or len(row.text) > _LONGEST_NAME:
            continue
        below = (it for it in (*rows, *(value for pair in band for value in pair.values)) if it is not row)
        if not any(row.middle < it.middle < bottom and it.overlap_x(row) > 0 for it in below):
            yield _Over(row, ())


def _runs_of_names(bands: Iterable[Sequence[_Over]], rules: Rules) -> Iterator[NamedFields]:
    """Bands below each other, the names of one under those of another: two side by side, or several in a column."""
    runs: list[list[_Over]] = []
    for band in bands:
        run = next((run for run in runs if _is_next_band(run, band)), None)
        if run is None:
            runs.append(list(band))
        else:
            run += band
    for run in runs:
        named = sum(bool(pair.values) for pair in run)
        beside = any(abs(one.name.middle - other.name.middle) < one.name.size for one, other in pairwise(run))
        filled = all(is_filled_in(pair.values[0].longest, rules) for pair in run if pair.values)
        if named >= (1 if filled else 2 if beside else _FEWEST):
            fields = [NamedField(pair.name.lines, lines_of(pair.values), pair.area) for pair in run]
            yield NamedFields(tuple(fields), f"form: {named} names above their values")


def _is_next_band(run: Sequence[_Over], band: Sequence[_Over]) -> bool:
    size = band[0].name.size
    bottom = max(pair.area.bottom for pair in run)
    if not 0 < band[0].name.top - bottom < _NEXT_BAND * size or not _is_set_as(run[0].name, band[0].name):
        return False
    return any(abs(pair.name.left - other.name.left) < _FLUSH * size for pair in band for other in run)
