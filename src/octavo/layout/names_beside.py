"""Names beside their values: they end with a colon, or stand in front of what was filled in: into a field of the PDF, a
box, a shade, or onto a line.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Final

from octavo.geometry import Rect, Size, union
from octavo.layout.field_boxes import box_around, is_filled_in
from octavo.layout.lines import Line
from octavo.layout.named_fields import NamedField, NamedFields, lines_of
from octavo.layout.side_by_side import PageLines, Row
from octavo.tables.rules import Rules
from octavo.wording.sentences import begins_with_name, has_word, names_field
from octavo.wording.ticks import is_tick_box

_PITCH: Final = 3.2  # sizes of type from one name to the next, at most
_FLUSH: Final = 0.9  # sizes of type edges may be off
_FIELD_PITCH: Final = 1.2  # heights of a line from one to the next of a field's value, at most
_REACH: Final = 20.0  # sizes of type from a name in a form to its value, at most
_VALUE_PITCH: Final = 1.6  # sizes of type from one line of a value to the next, at most
_VALUE_SIZE: Final = 1.1  # times the other's size: lines of one value are set alike
_TALLEST: Final = 12.0  # sizes of type: a higher box holds the text of a page, as the frame of a scanned one does
_LONGEST: Final = 40  # characters of a name in a form
_NO_RULES: Final = Rules(Size(0, 0))

_GAP: Final = 2.5  # sizes of type from the longest name to the values, where nothing but their places tells
_DIGITS: Final = 0.5  # of the values that have a digit there, at least; of the names, half as many at most
_ROWS: Final = 3  # of them
_FILLED: Final = 0.5  # of them that have a value, where nothing but places tells
_GOES_ON: Final = 2  # times as many rows in a column as a form has, from which it is a text's
_ROW_OF_TEXT: Final = 20  # characters of a row, on average, from which names may be rows of a text
_INNER: Final = 0.3  # of them that begin with a small letter then
_BESIDE: Final = 0.5  # of the height of a run that another must share to be beside it
_UNDER: Final = 1.0  # sizes of type from the middle of a name to the line its value would stand on, at most
_WIDER: Final = 1.5  # times the other spaces of such a line
_SPACE: Final = 0.3  # sizes of type between a name and a value that were taken for one line, at least


@dataclass(slots=True)
class _Field:
    """A name and the rows of its value: none where it was left empty, or where the name's own line goes on with it."""

    name: Row
    values: list[Row]
    sure: bool  # it says that it is one: a colon, a box, a line to write on

    @property
    def last(self) -> Row:
        return self.values[-1] if self.values else self.name


def find_names_beside(lines: PageLines, rules: Rules = _NO_RULES) -> list[NamedFields]:
    """Names with their values beside them: runs of two and more below each other; filled fields alone, too.

    A value may have more lines, which no name stands beside. Runs beside each other are one form, read one after the
    other.
    """
    if not _may_have_any(lines):
        return []  # most pages, without putting their lines into rows
    rows = lines.with_text.rows
    runs: list[list[_Field]] = []
    near: list[list[_Field]] = []  # those that may go on: looking at all would take the square of their number
    for band in lines.with_text.bands:
        reach = band[0].middle - _PITCH * max(row.size for row in band)
        near = [run for run in near if run[-1].last.bottom > reach]
        fields = list(_fields(band, rules))
        fields += [_Field(name, [value], sure=True) for name, value in _in_front_of_tall(band, rows)]
        for field in fields:
            run = next((run for run in near if _is_next(run, field)), None)
            if run is None:
                near.append([field])
                runs.append(near[-1])
            else:
                run.append(field)
        own = {id(row) for field in fields if field.sure for row in (field.name, *field.values)}
        for row in (row for row in band if id(row) not in own):
            _goes_on(near, row, rules)
    found = [_from_its_first(run, rows) for run in runs if _is_form(run, rules) and not _is_of_a_text(run, rows)]
    return [_form(group, rules) for group in _side_by_side(_without_twins(found))]


def _may_have_any(lines: Sequence[Line]) -> bool:
    """Whether a name is told by its colon or its field, or short lines stand in pairs on one height."""
    if any(line.source.field or names_field(line.text.rstrip()) for line in lines):
        return True
    short = sorted((line for line in lines if 0 < len(line.text) < _LONGEST), key=lambda line: line.middle)
    pairs = (one for one, other in pairwise(short) if other.middle - one.middle < 0.3 * one.size)
    return len(list(islice(pairs, 2))) > 1


def _fields(band: Sequence[Row], rules: Rules) -> Iterator[_Field]:
    """Rows of one height that may be a name with its value beside it."""
    for name, value in pairwise(band):
        if value.left - name.right > _REACH * name.size or _is_name(value):
            continue
        if _is_name(name, value):
            yield _Field(name, [value], sure=True)
        elif begins_with_name(value.text):
            continue  # it has its own, in one row with it
        elif _is_beside_field(name, value, rules):
            yield _Field(name, [value], sure=True)
        elif 0 < len(name.text) < _LONGEST and has_word(name.text) and not _is_field(name):
            yield _Field(name, [value], sure=False)


def _goes_on(runs: Sequence[list[_Field]], row: Row, rules: Rules) -> None:
    """Add a row to the run it goes on: with a line of a value, or a name whose field is empty or on its own line."""
    for run in runs:
        last = run[-1]
        if last.sure and last.values and _more_of_value(last.values[-1], row):
            last.values.append(row)
            return
        if _is_next_name(run, row) and (_has_both(run, row) or _is_before_empty(run, row, rules)):
            run.append(_Field(row, [], sure=run[0].sure))
            return


def _from_its_first(run: list[_Field], rows: Sequence[Row]) -> list[_Field]:
    """The run with the names above it that have their values on their own lines."""
    for row in reversed(rows):
        first = run[0].name
        near = 0 < first.middle - row.middle < _PITCH * first.size and abs(first.left - row.left) < _FLUSH * first.size
        if near and _has_both(run, row):
            run = [_Field(row, [], sure=run[0].sure), *run]
    return run


def _is_form(run: Sequence[_Field], rules: Rules) -> bool:
    """Whether a run is a form. Where nothing but places tells: names close to values with figures, three and more."""
    filled = [field for field in run if field.values]
    if run[0].sure:
        name, value = filled[0].name, filled[0].values[0]
        if len(run) > 1 or _is_field(value):
            return True
        # On a picture, what stands level with a name is known to half a line only: one pair by itself tells nothing.
        return not value.lines[0].source.on_picture and _is_beside_field(name, value, rules)
    gap = min(field.values[0].left - field.name.right if field.values else 0.0 for field in run)
    named, valued = (
        sum(any(map(str.isdigit, row.text)) for row in rows)
        for rows in ([field.name for field in filled], [field.values[0] for field in filled])
    )
    short = all(0 < len(field.values[0].text) < _LONGEST for field in filled)
    telling = valued >= _DIGITS * len(filled) and named <= _DIGITS / 2 * len(filled)
    return (
        len(run) >= _ROWS
        and len(filled) > max(1, _FILLED * len(run))
        and short
        and telling
        and gap < _GAP * run[0].name.size
    )


def _is_of_a_text(run: Sequence[_Field], rows: Sequence[Row]) -> bool:
    """Whether the names are the rows of a text beside a panel; or nothing but places tells of them, and their column or
    that of the values goes on with other rows: two columns of a text, whose rows stand on one height here and there."""
    if run[0].sure:
        return _reads_on([field.name.text for field in run])
    size = run[0].name.size
    columns = (run[0].name.left, _values_left(run))
    return any(sum(abs(row.left - left) < _FLUSH * size for row in rows) > _GOES_ON * len(run) for left in columns)


def _reads_on(names: Sequence[str]) -> bool:
    """Whether names are rows of sentences: long, and many begin in the middle of one."""
    inner = sum(name[:1].islower() for name in names[1:])
    return sum(map(len, names)) > _ROW_OF_TEXT * len(names) and inner >= max(2, _INNER * len(names))


def _without_twins(runs: Sequence[list[_Field]]) -> list[list[_Field]]:
    """Runs no row of which is in two: the surer one has it."""
    kept: list[list[_Field]] = []
    taken: set[int] = set()
    for run in sorted(runs, key=lambda run: (not run[0].sure, -len(run))):
        own = {id(row) for field in run for row in (field.name, *field.values)}
        if not own & taken:
            taken |= own
            kept.append(run)
    return kept


def _side_by_side(runs: Sequence[list[_Field]]) -> list[list[_Field]]:
    """Runs on the same heights as one, from left to right."""
    groups: list[list[_Field]] = []
    for run in sorted(runs, key=lambda run: run[0].name.left):
        top, bottom = run[0].name.top, run[-1].last.bottom
        beside = (
            group
            for group in groups
            if min(bottom, group[-1].last.bottom) - max(top, group[0].name.top) > _BESIDE * (bottom - top)
        )
        group = next(beside, None)
        if group is None:
            groups.append(list(run))
        else:
            group += run
    return sorted(groups, key=lambda group: group[0].name.top)


def _in_front_of_tall(band: Sequence[Row], rows: Sequence[Row]) -> Iterator[tuple[Row, Row]]:
    """Fields that are higher than a line, with the name at their left: it may stand at any height of them."""
    for value in band:
        if not _is_field(value) or is_tick_box(value.text) or value.height < 2 * value.size:
            continue
        before = [row for row in rows if row.right < value.left and value.top < row.middle < value.bottom]
        name = max(before, key=lambda row: row.right, default=None)
        if name is not None and name not in band and _is_name(name, value):
            yield name, value


def _is_name(row: Row, beside: Row | None = None) -> bool:
    """Whether a row ends with a colon, or stands beside what was filled into a field."""
    filled = beside is not None and _is_field(beside) and not _is_field(row)
    return (filled or names_field(row.text)) and len(row.text) < _LONGEST


def _is_beside_field(name: Row, value: Row, rules: Rules) -> bool:
    """Whether a row is in a box, or on a line to write on, that the one in front of it has no part in."""
    first, last = value.lines[0], name.lines[-1]
    if len(name.text) >= _LONGEST or (name.text and not has_word(name.text)) or is_filled_in(last, rules):
        return False
    if is_filled_in(first, rules):
        return True
    box = box_around(first, rules)
    if box is None or box.height > _TALLEST * value.size:
        return False
    return not box.contains(*last.center) and box_around(last, rules) is None


def _is_field(row: Row) -> bool:
    return row.lines[0].source.field


def _is_next(run: Sequence[_Field], field: _Field) -> bool:
    flush = abs(field.values[0].left - _values_left(run)) < _FLUSH * field.name.size
    return run[0].sure is field.sure and flush and _is_next_name(run, field.name)


def _is_next_name(run: Sequence[_Field], name: Row) -> bool:
    above = run[-1]
    step = name.middle - max(above.name.middle, above.last.middle)
    return 0 < step < _PITCH * name.size and abs(name.left - above.name.left) < _FLUSH * name.size


def _has_both(run: Sequence[_Field], row: Row) -> bool:
    """Whether a line is a name and a value: after its widest space it goes on where the values of the run begin."""
    words = [word.box for line in row.lines for word in line.source.words]
    if len(words) < 2:
        return False
    unit = row.width / (words[-1].right - words[0].left)  # pixels
    gaps = [((word.left - before.right) * unit, word.left) for before, word in pairwise(words)]
    widest, left = max(gaps)
    others = [gap for gap, place in gaps if place != left]
    begins = abs(row.left + (left - words[0].left) * unit - _values_left(run)) < row.size
    return begins and widest > max(_SPACE * row.size, _WIDER * max(others, default=0.0))


def _is_before_empty(run: Sequence[_Field], row: Row, rules: Rules) -> bool:
    """Whether a box or a line to write on begins right of a row, where the values of the run do."""
    begin = _values_left(run) + row.size
    return any(row.right < rule.at < begin and rule.start < row.middle < rule.end for rule in rules.vertical) or any(
        row.right < rule.start < begin and 0 < rule.at - row.middle < _UNDER * row.size for rule in rules.horizontal
    )


def _values_left(run: Sequence[_Field]) -> float:
    return next(field for field in run if field.values).values[0].left


def _more_of_value(above: Row, row: Row) -> bool:
    if _is_field(row) and _is_field(above):  # lines of one field share its height
        return abs(row.left - above.left) < 1 and row.middle - above.middle < _FIELD_PITCH * row.height
    if not row.text:
        return False  # nothing but its place says what it is
    below = 0 < row.middle - above.middle < _VALUE_PITCH * row.size
    alike = max(row.size, above.size) < _VALUE_SIZE * min(row.size, above.size)
    return below and alike and abs(row.left - above.left) < 0.3 * row.size


def _form(run: Sequence[_Field], rules: Rules) -> NamedFields:
    fields = tuple(NamedField(field.name.lines, lines_of(field.values), _area(field, run, rules)) for field in run)
    return NamedFields(fields, f"form: {len(run)} names with values beside them")


def _area(field: _Field, run: Sequence[_Field], rules: Rules) -> Rect:
    """Where a value stands, or would: the whole of its box, if it has one that its name is not in."""
    if field.values:
        box = box_around(field.values[0].lines[0], rules) if field.sure else None
        return union(field.values) if box is None or box.contains(*field.name.center) else box
    level = (one for one in run if one.values and abs(one.name.left - field.name.left) < one.name.size)
    begin = next(level).values[0].left
    return Rect(begin - _SPACE * field.name.size, field.name.top, max(field.name.right, begin), field.name.bottom)
