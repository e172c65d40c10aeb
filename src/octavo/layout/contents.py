"""Tables of contents: entries whose leaders run to page numbers at one margin.

Number, title and page stand far apart on one baseline; the white lanes between them look like gutters of columns. The
leaders tell: they run from something to a number, and the numbers end at one margin. Where leaders are drawn, or there
are none, a heading that says so and numbers that grow tell as much.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from octavo.frozen import frozen
from octavo.geometry import on_one_height
from octavo.layout.lines import Line
from octavo.layout.side_by_side import PageLines, Row
from octavo.wording.headings import has_leader, heads_contents, is_contents_line, may_lead
from octavo.wording.page_numbers import is_page_number
from octavo.wording.sentences import has_word

_FEWEST: Final = 3  # entries with a leader
_FLUSH: Final = 1.0  # sizes of type the page numbers' margin may be ragged by
_LONGEST: Final = 6  # characters of a page number: "A-112"
_MOST_BETWEEN: Final = 2.0  # rows without a leader for each with one: chapters without dots, titles of several lines


@frozen
class Contents:
    """Entries that are to be read across."""

    lines: tuple[Line, ...]
    reason: str  # for people: what it rests on


@frozen
class _Entry:
    """What stands on one height, from an entry's beginning to its page number."""

    left: float
    right: float
    middle: float
    size: float
    page: int | None = None  # where no leader tells that it is one


def find_contents(lines: PageLines) -> list[Contents]:
    """The tables of contents among the lines; no line is in two of them. One of two columns is two."""
    heads = [line.middle for line in lines if heads_contents(line.text)]
    if not heads and sum(may_lead(line.text) for line in lines) < _FEWEST:
        return []  # most pages, without putting their lines into rows
    bands = on_one_height(lines.with_text.rows, lambda first, row: 0.5 * min(first.size, row.size))
    columns: list[list[_Entry]] = []
    for entry in (entry for band in bands for entry in _entries(band, headed=bool(heads) and band[0].top > heads[0])):
        column = next((column for column in columns if abs(column[0].right - entry.right) < _FLUSH * entry.size), None)
        if column is None:
            columns.append([entry])
        else:
            column.append(entry)
    found: list[Contents] = []
    for column in sorted(columns, key=len, reverse=True):  # numbers at two margins over each other: the more have it
        taken = {id(line) for contents in found for line in contents.lines}
        free = [[row for row in band if not taken.intersection(map(id, row.lines))] for band in bands]
        if (
            len(column) >= _FEWEST
            and _leads_on(column)
            and (made := _contents(column, [band for band in free if band])) is not None
        ):
            found.append(made)
    return found


def _leads_on(column: Sequence[_Entry]) -> bool:
    """Whether numbers without leaders are pages: they grow."""
    pages = [entry.page for entry in column if entry.page is not None]
    return not pages or (len(column) > _FEWEST and all(one <= other for one, other in pairwise(pages)))


def _entries(band: Sequence[Row], *, headed: bool) -> Iterator[_Entry]:
    """The entries on one height, with a leader or below a heading: two where the contents are set in two columns."""
    begin = 0
    for place, row in enumerate(band):
        led = place > begin and has_leader(band[place - 1].text) and _is_page(row)
        if led or is_contents_line(row.text):
            yield _Entry(band[begin].left, row.right, row.middle, row.size)
            begin = place + 1
        elif headed and place > begin and row.text.isdecimal() and _is_page(row) and has_word(band[place - 1].text):
            yield _Entry(band[begin].left, row.right, row.middle, row.size, int(row.text))
            begin = place + 1


def _is_page(row: Row) -> bool:
    return len(row.text) <= _LONGEST and is_page_number(row.text)


def _contents(column: Sequence[_Entry], bands: Sequence[Sequence[Row]]) -> Contents | None:
    """All that stands between the first and the last entry of a column; None where most of it has no leader."""
    left, right = min(entry.left for entry in column), max(entry.right for entry in column)
    top, bottom, size = column[0].middle, column[-1].middle, column[0].size
    inside = [
        [row for row in band if row.left > left - size and row.right < right + _FLUSH * size]
        for band in bands
        if top - 0.5 * size < band[0].middle < bottom + 0.5 * size
    ]
    rows = [row for band in inside for row in band]
    if not rows or sum(map(bool, inside)) > (1 + _MOST_BETWEEN) * len(column):
        return None
    reason = f"contents: {len(column)} entries with leaders to page numbers at one margin"
    return Contents(tuple(line for row in rows for line in row.lines), reason)
