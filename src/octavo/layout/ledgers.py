"""Rows of an item and its amount, as on receipts and bills: far apart on one baseline, the amounts flush right.

The white lane between them looks like the gutter of two columns of text; what tells them apart is that amounts are
narrow, end where the others end, and stand beside something that ends where it likes.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from octavo.frozen import frozen
from octavo.layout.lines import Line
from octavo.layout.side_by_side import PageLines, Row
from octavo.tables import price_columns
from octavo.wording.numbers import is_mostly_digits

_FEWEST: Final = 3  # rows with an amount
_GAP: Final = 1.2  # sizes of type between an item and its amount, at least
_PITCH: Final = 3.2  # sizes of type from one row to the next, at most
_SAME_STEP: Final = 1.1  # times the largest step to the second line of an item that another is, at most
_FLUSH: Final = 0.9  # sizes of type edges may be off
_NARROW: Final = 0.34  # of the whole width: an amount is no wider
_SHORT: Final = 8.0  # sizes of type: an unread amount is no longer
_PROSE: Final = 12.0  # sizes of type from which items that all end at one margin are a column of text

_AMOUNTS: Final = 0.6  # share of the rows that end in an amount
_UNREAD_AMOUNTS: Final = 0.8  # the same where they are not read yet: lines of an address are short, too


@frozen
class Ledger:
    """Rows that are to be read across."""

    lines: tuple[Line, ...]
    reason: str  # for people: what it rests on


def find_ledgers(lines: PageLines) -> list[Ledger]:
    """The ledgers among the lines, top to bottom; no line is in two of them."""
    parts = price_columns.apart(lines.bands)
    return [ledger for part in parts for ledger in _ledgers(part)]


def _ledgers(bands: Sequence[Sequence[Row]]) -> list[Ledger]:
    found: list[Ledger] = []
    run: list[Sequence[Row]] = []
    for band in bands:
        if run and len(band) == 1 and band[0].right < run[0][0].left:
            continue  # what stands on the left of it all
        if run and _goes_on(run, band):
            run.append(band)
            continue
        found += _ledger(run)
        run = [band] if len(band) > 1 else []
    return found + _ledger(run)


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
    """The run as a ledger, if it is one. A line that hangs on at its end may be anything and stays outside, unless it
    is as near as others that go on with an item."""
    if run and len(run[-1]) == 1 and not _is_near(run):
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


def _is_near(run: Sequence[Sequence[Row]]) -> bool:
    """Whether the last line, alone on its height, is no further from the one above than others are."""
    steps = [below[0].middle - above[0].middle for above, below in pairwise(run) if len(below) == 1]
    return len(steps) > 1 and steps[-1] < _SAME_STEP * max(steps[:-1])


def _is_amount(row: Row) -> bool:
    """By its digits; unread, by being short."""
    if not row.text:
        return row.width < _SHORT * row.size
    return is_mostly_digits(row.text)
