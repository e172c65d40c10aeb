"""Names beside their values: they end with a colon, or stand in front of what was filled into a field."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from octavo.geometry import union
from octavo.layout.lines import Line
from octavo.layout.named_fields import NamedField, NamedFields, lines_of
from octavo.layout.side_by_side import Row, bands_of, in_rows
from octavo.wording.sentences import names_field
from octavo.wording.ticks import is_tick_box

_PITCH: Final = 3.2  # sizes of type from one name to the next, at most
_FLUSH: Final = 0.9  # sizes of type edges may be off
_FIELD_PITCH: Final = 1.2  # heights of a line from one to the next of a field's value, at most
_REACH: Final = 20.0  # sizes of type from a name in a form to its value, at most
_VALUE_PITCH: Final = 1.6  # sizes of type from one line of a value to the next, at most
_VALUE_SIZE: Final = 1.1  # times the other's size: lines of one value are set alike
_LONGEST: Final = 40  # characters of a name in a form

_Field = tuple[Row, list[Row]]  # a name and the rows of its value


def find_names_beside(lines: Sequence[Line]) -> list[NamedFields]:
    """Names with their values beside them: runs of two and more below each other; filled fields alone, too.

    A value may have more lines, which no name stands beside.
    """
    if not any(line.source.field or names_field(line.text.rstrip()) for line in lines):
        return []
    rows = in_rows([line for line in lines if line.text])
    runs: list[list[_Field]] = []
    for band in bands_of(rows):
        fields = [
            (name, value)
            for name, value in pairwise(band)
            if _is_name(name, value) and not _is_name(value) and value.left - name.right < _REACH * name.size
        ]
        fields += _in_front_of_tall(band, rows)
        for name, value in fields:
            run = next((run for run in runs if _next_field(run, name, value)), None)
            if run is None:
                runs.append([(name, [value])])
            else:
                run.append((name, [value]))
        for row in band:
            if all(row not in field for field in fields):
                run = next((run for run in runs if _more_of_value(run[-1][1][-1], row)), None)
                if run is not None:
                    run[-1][1].append(row)
    return [_form(run) for run in runs if len(run) > 1 or _is_field(run[0][1][0])]


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


def _is_field(row: Row) -> bool:
    return row.lines[0].source.field


def _next_field(run: Sequence[_Field], name: Row, value: Row) -> bool:
    above, values = run[-1]
    return (
        0 < name.middle - max(above.middle, values[-1].middle) < _PITCH * name.size
        and abs(name.left - above.left) < _FLUSH * name.size
        and abs(value.left - values[0].left) < _FLUSH * value.size
    )


def _more_of_value(above: Row, row: Row) -> bool:
    if _is_field(row) and _is_field(above):  # lines of one field share its height
        return abs(row.left - above.left) < 1 and row.middle - above.middle < _FIELD_PITCH * row.height
    below = 0 < row.middle - above.middle < _VALUE_PITCH * row.size
    alike = max(row.size, above.size) < _VALUE_SIZE * min(row.size, above.size)
    return below and alike and abs(row.left - above.left) < 0.3 * row.size


def _form(run: Sequence[_Field]) -> NamedFields:
    fields = tuple(NamedField(name.lines, lines_of(values), union(values)) for name, values in run)
    return NamedFields(fields, f"form: {len(run)} names with values beside them")
