"""Entries with a date at the right margin, on the line of their title: the posts of a life, news, events.

The white lane between titles and dates looks like the gutter of two columns, or like that of a table. What tells them
apart: the dates end at one edge, well away from the titles, and below most titles stands a text that has nothing on its
right. Each title is read with its date, and what else is set as they are, such as a place above it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise
from operator import attrgetter
from typing import Final

from octavo.frozen import frozen
from octavo.layout.lines import Line
from octavo.layout.side_by_side import PageLines, Row
from octavo.wording.dates import is_when
from octavo.wording.lists import is_bullet
from octavo.wording.sentences import has_word

_FEWEST: Final = 2  # dates that end at one edge; a letter has one
_FLUSH: Final = 0.6  # sizes of type that edges may differ by
_GAP: Final = 3.0  # sizes of type from most titles to their dates, at least: a wrapped title comes closer
_FAR: Final = 2 / 3  # of the titles that are as far away
_NEXT: Final = 3.5  # sizes of type below a title within which its text stands
_NEXT_LINE: Final = 1.9  # sizes of type to the line of the same entry above or below, at most
_TOLD: Final = 0.5  # of the titles that have a text below them, with nothing on its right


@frozen
class DatedEntry:
    """A title and its date, or what is set like them: to be read across."""

    lines: tuple[Line, ...]
    reason: str  # for people: what it rests on


@frozen
class _Pair:
    """What stands on one height, first on the left, then at the margin."""

    title: Row
    date: Row

    @property
    def middle(self) -> float:
        return self.title.middle


def find_dated_entries(lines: PageLines) -> Iterator[DatedEntry]:
    """The titles with their dates among the lines, by their edges, those of each top to bottom."""
    first = min((line.right for line in lines), default=0.0)  # a title is left of its date
    dates = sorted((line for line in lines if first < line.left and is_when(line.text)), key=attrgetter("right"))
    if not any(_is_flush(one, other) for one, other in pairwise(dates)):
        return  # most pages, without putting their lines into rows
    bands = sorted(lines.with_text.bands, key=_level)
    pairs = [_Pair(band[at - 1], row) for band in bands for at, row in enumerate(band) if at and _may_be(band, at)]
    for own in _on_one_edge(pairs):
        yield from _entries(own, bands)


def _is_flush(one: Line | Row, other: Line | Row) -> bool:
    return abs(one.right - other.right) < _FLUSH * one.size


def _level(band: Sequence[Row]) -> float:
    return band[0].middle


def _may_be(band: Sequence[Row], at: int) -> bool:
    """Whether what stands there may be a title's date, or be set like one, for what is before it."""
    title = band[at - 1]
    return title.size < band[at].left - title.right and has_word(title.text) and not is_when(title.text)


def _on_one_edge(pairs: Sequence[_Pair]) -> Iterator[list[_Pair]]:
    """Those whose dates end at one edge, each group from top to bottom."""
    groups: list[list[_Pair]] = []
    for pair in sorted(pairs, key=lambda pair: pair.date.right):
        if not groups or not _is_flush(groups[-1][0].date, pair.date):
            groups.append([])
        groups[-1].append(pair)
    return (sorted(group, key=attrgetter("middle")) for group in groups)


def _entries(pairs: Sequence[_Pair], bands: Sequence[Sequence[Row]]) -> Iterator[DatedEntry]:
    """Of what ends at one edge: those with dates, and those of the same entry. All from top to bottom."""
    dated = [pair for pair in pairs if is_when(pair.date.text)]
    away = sum(pair.date.left - pair.title.right > _GAP * pair.title.size for pair in dated)
    if len(dated) < _FEWEST or away < _FAR * len(dated):
        return
    if sum(_has_text_below(pair, bands) for pair in dated) < _TOLD * len(dated):
        return
    for pair in pairs:
        if _is_of_a_dated_one(pair, dated):
            lines = tuple(line for row in (pair.title, pair.date) for line in row.lines)
            yield DatedEntry(lines, f"dated entry: {len(dated)} dates end at one edge, with texts below their titles")


def _has_text_below(pair: _Pair, bands: Sequence[Sequence[Row]]) -> bool:
    """Whether what comes next between a title's left and its date's right edge is alone on its height."""
    left, right, size = pair.title.left - pair.title.size, pair.date.right, pair.title.size
    first = bisect_right(bands, pair.middle + 0.5 * size, key=_level)
    end = bisect_left(bands, pair.middle + _NEXT * size, key=_level)
    for band in bands[first:end]:
        if rows := [row for row in band if left < row.left < right and not is_bullet(row.text)]:
            return len(rows) == 1
    return False


def _is_of_a_dated_one(pair: _Pair, dated: Sequence[_Pair]) -> bool:
    """Whether it is one, or stands right above or below one, on its edge."""
    reach = _NEXT_LINE * pair.title.size
    first = bisect_right(dated, pair.middle - reach, key=attrgetter("middle"))
    end = bisect_left(dated, pair.middle + reach, key=attrgetter("middle"))
    return any(abs(pair.title.left - other.title.left) < _FLUSH * other.title.size for other in dated[first:end])
