"""Rows of an item and its amount, as on receipts and bills: far apart on one baseline, the amounts flush right.

The white lane between them looks like the gutter of two columns of text; what tells them apart is that amounts are
narrow, end where the others end, and stand beside something that ends where it likes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from octavo.geometry import on_one_height
from octavo.layout.lines import Line
from octavo.layout.side_by_side import Row, in_rows
from octavo.wording.numbers import is_mostly_digits
from octavo.wording.sentences import names_field
from octavo.wording.ticks import begins_choice, is_tick_box

_FEWEST: Final = 3  # rows with an amount
_GAP: Final = 1.2  # sizes of type between an item and its amount, at least
_PITCH: Final = 3.2  # sizes of type from one row to the next, at most
_FLUSH: Final = 0.9  # sizes of type edges may be off
_NARROW: Final = 0.34  # of the whole width: an amount is no wider
_SHORT: Final = 8.0  # sizes of type: an unread amount is no longer
_PROSE: Final = 12.0  # sizes of type from which items that all end at one margin are a column of text

_BAND: Final = 0.5  # sizes of type that the middles of what stands on one height may differ by
_AMOUNTS: Final = 0.6  # share of the rows that end in an amount
_UNREAD_AMOUNTS: Final = 0.8  # the same where they are not read yet: lines of an address are short, too

_FIELD_PITCH: Final = 1.2  # heights of a line from one to the next of a field's value, at most
_REACH: Final = 20.0  # sizes of type from a name in a form to its value, at most
_VALUE_PITCH: Final = 1.6  # sizes of type from one line of a value to the next, at most
_VALUE_SIZE: Final = 1.1  # times the other's size: lines of one value are set alike
_LONGEST_NAME: Final = 40  # characters of a name in a form


@dataclass(frozen=True, slots=True)
class Ledger:
    """Rows that are to be read across."""

    lines: tuple[Line, ...]
    reason: str  # for people: what it rests on


def find_ledgers(lines: Sequence[Line]) -> list[Ledger]:
    """The ledgers among the lines, top to bottom; no line is in two of them."""
    found: list[Ledger] = []
    run: list[list[Row]] = []
    for band in _bands(lines):
        if run and len(band) == 1 and band[0].right < run[0][0].left:
            continue  # what stands on the left of it all
        if run and _goes_on(run, band):
            run.append(band)
            continue
        found += _ledger(run)
        run = [band] if len(band) > 1 else []
    return found + _ledger(run)


def _bands(lines: Sequence[Line]) -> list[list[Row]]:
    """What stands on one height of the page, left to right; the bands top to bottom."""
    return on_one_height(in_rows(lines), lambda first, row: _BAND * min(first.size, row.size))


def _goes_on(run: Sequence[Sequence[Row]], band: Sequence[Row]) -> bool:
    """Whether a band is the next row, or the second line of an item; the run begins with a row."""
    above, size = run[-1], band[0].size
    first, last = run[0][0], next(other for other in reversed(run) if len(other) > 1)
    if band[0].middle - above[0].middle > _PITCH * max(size, above[0].size):
        return False
    if len(band) == 1:
        return len(above) > 1 and band[0].left > first.left - size and band[0].right < last[-1].left
    aligned = max(abs(band[-1].right - last[-1].right), abs(band[0].left - last[0].left)) < _FLUSH * size
    return aligned and (len(band) > 2) is (len(last) > 2)


def _ledger(run: Sequence[Sequence[Row]]) -> list[Ledger]:
    """The run as a ledger, if it is one. A line that hangs on at its end may be anything and stays outside."""
    if run and len(run[-1]) == 1:
        run = run[:-1]
    pairs = [band for band in run if len(band) > 1]
    if len(pairs) < _FEWEST:
        return []
    left, right = min(band[0].left for band in run), max(band[-1].right for band in run)
    size = sorted(band[0].size for band in pairs)[len(pairs) // 2]
    if any(band[-1].width > _NARROW * (right - left) or band[-1].left - band[-2].right < _GAP * size for band in pairs):
        return []
    ends = [band[-2].right for band in pairs]
    if max(ends) - min(ends) < 2 * size and max(ends) - left > _PROSE * size:
        return []
    share = _AMOUNTS if any(band[-1].text for band in pairs) else _UNREAD_AMOUNTS
    if sum(_is_amount(band[-1]) for band in pairs) < share * len(pairs):
        return []
    rows = [row for band in run for row in band]
    reason = f"items and amounts: {len(pairs)} rows, the amounts flush right"
    return [Ledger(tuple(line for row in rows for line in row.lines), reason)]


def _is_amount(row: Row) -> bool:
    """By its digits; unread, by being short."""
    if not row.text:
        return row.width < _SHORT * row.size
    return is_mostly_digits(row.text)


# --- forms ------------------------------------------------------------------------------------------------------


def find_forms(lines: Sequence[Line]) -> list[Ledger]:
    """Names that end with a colon and, beside them, their values: runs of two and more below each other; filled fields.

    A value may have more lines, which no name stands beside.
    """
    runs: list[list[tuple[Row, ...]]] = []
    for band in _bands([line for line in lines if line.text]):
        fields = [
            (name, value)
            for name, value in pairwise(band)
            if _is_name(name, value) and not _is_name(value) and value.left - name.right < _REACH * name.size
        ]
        for field in fields:
            run = next((run for run in runs if _next_field(run, *field)), None)
            if run is None:
                runs.append([field])
            else:
                run.append(field)
        for row in band:
            if all(row not in field for field in fields):
                run = next((run for run in runs if _more_of_value(run, row)), None)
                if run is not None:
                    run.append((row,))
    return [_form(run) for run in runs if sum(len(field) == 2 for field in run) > 1 or any(map(_is_field, run[0][1:]))]


def find_choices(lines: Sequence[Line]) -> list[Ledger]:
    """Boxes to tick side by side, each with what it stands for, and the question to the left of them."""
    found = []
    for band in _bands([line for line in lines if line.text]):
        boxes = [number for number, row in enumerate(band) if is_tick_box(row.text) or begins_choice(row.text)]
        if not boxes:
            continue
        labels = [number + 1 for number in boxes if is_tick_box(band[number].text)]
        asked = [boxes[0] - 1] if boxes[0] > 0 and len(band[boxes[0] - 1].text) < _LONGEST_NAME else []
        if len(boxes) + len(asked) > 1:
            rows = [band[number] for number in sorted({*asked, *boxes, *labels}) if number < len(band)]
            reason = f"choices: {len(boxes)} boxes to tick on one height"
            found.append(Ledger(tuple(line for row in rows for line in row.lines), reason))
    return found


def _is_name(row: Row, beside: Row | None = None) -> bool:
    """Whether a row ends with a colon, or stands beside what was filled into a field."""
    filled = beside is not None and _is_field(beside) and not _is_field(row)
    return (filled or names_field(row.text)) and len(row.text) < _LONGEST_NAME


def _is_field(row: Row) -> bool:
    return row.lines[0].source.field


def _next_field(run: Sequence[tuple[Row, ...]], name: Row, value: Row) -> bool:
    above, beside = next(field for field in reversed(run) if len(field) == 2)
    return (
        0 < name.middle - run[-1][0].middle < _PITCH * name.size
        and abs(name.left - above.left) < _FLUSH * name.size
        and abs(value.left - beside.left) < _FLUSH * value.size
    )


def _more_of_value(run: Sequence[tuple[Row, ...]], row: Row) -> bool:
    above = run[-1][-1]
    if _is_field(row) and _is_field(above):  # lines of one field share its height
        return abs(row.left - above.left) < 1 and row.middle - above.middle < _FIELD_PITCH * row.height
    below = 0 < row.middle - above.middle < _VALUE_PITCH * row.size
    alike = max(row.size, above.size) < _VALUE_SIZE * min(row.size, above.size)
    return below and alike and abs(row.left - above.left) < 0.3 * row.size


def _form(run: Sequence[tuple[Row, ...]]) -> Ledger:
    rows = [row for field in run for row in field]
    reason = f"form: {sum(len(field) == 2 for field in run)} names with values beside them"
    return Ledger(tuple(line for row in rows for line in row.lines), reason)
