"""Where the further lines of a row stand in a table: below its first line, or above its last.

A row of a statement or a register begins with a line that has an entry in most columns; what has no room in a cell, or
was broken there on purpose, goes on in lines with next to nothing beside it. Which row such a line belongs to is
decided once for a whole table, by the steps from line to line: inside a row they are smaller than between rows. One
row by itself can look either way.

Lines in the first column and in others are decided apart: a line in the first column alone may be the heading of a
group of rows, one anywhere else cannot be a row.
"""

import statistics
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from itertools import groupby, pairwise
from math import fsum
from typing import Final, Generic, Protocol, Self, TypeVar

from octavo.frozen import frozen
from octavo.wording.sentences import breaks_off

_LARGER: Final = 1.12  # steps between rows over those inside them; printed steps of one kind differ by 2 %
_SMALLER: Final = 0.9  # of the step from row to row: lines of one cell are closer; headings of groups are not
_ROWS: Final = 2  # steps from row to row that tell the usual one
_AGREED: Final = 3.0  # rows that show one side for each that shows the other
_FEWEST: Final = 0.1  # of the lines have several entries, where rows have: a row of a register has seven lines at most
_ALL_ROWS: Final = 4  # lines with an entry in every column from which on these tell that each is a row
_KINDS: Final = 2  # steps inside rows and between them, at least, that show two kinds
_ALIKE: Final = 1.15  # times the smallest: steps inside rows
_WIDEST: Final = 1.6  # steps between lines of one cell, over the usual ones: further away a paragraph begins anew


class Side(Enum):
    """Which row the further lines belong to."""

    ABOVE = "above"
    BELOW = "below"
    APART = "apart"  # none: a line in the first column alone is a row, or the heading of some
    UNSURE = "unsure"


class _Entry(Protocol):
    """A line of one cell."""

    @property
    def first(self) -> int: ...
    @property
    def last(self) -> int: ...
    @property
    def number(self) -> bool: ...
    @property
    def middle(self) -> float: ...
    @property
    def text(self) -> str: ...


Entry = TypeVar("Entry", bound=_Entry, covariant=True)


@frozen
class Band(Generic[Entry]):
    """What stands on one height."""

    entries: Sequence[Entry]
    columns: frozenset[int]  # that it takes
    middle: float  # mean of the middles of what stands there

    @classmethod
    def of(cls, entries: Sequence[Entry]) -> Self:
        columns = [column for entry in entries for column in range(entry.first, entry.last + 1)]
        return cls(entries, frozenset(columns), fsum([entry.middle for entry in entries]) / len(entries))


_Band = Band[_Entry]


@frozen
class Wrapping:
    """What is decided for one table."""

    fill: float = 1.0  # columns that a line with the beginning of a row has text in
    numeric: frozenset[int] = frozenset()  # columns of numbers
    key: Side = Side.UNSURE  # of lines that stand in the first column
    other: Side = Side.UNSURE  # of lines that stand in other columns alone
    step: float = 0.0  # pixels between lines of one row, where a side is known
    apart: float = 0.0  # pixels from line to line from which on they are of two rows, where all steps say so; or 0

    def further(self, band: _Band) -> bool:
        """Whether a line of the body begins no row: it has few entries, and none in a column of numbers."""
        few = len(band.entries) <= max(1, self.fill / 2) and len(band.columns) < self.fill
        return few and not band.columns & self.numeric

    def side(self, band: _Band) -> Side:
        return self.key if 0 in band.columns else self.other

    def tie(self, above: _Band, below: _Band) -> bool | None:
        """Whether two lines of the body, one right below the other, are of one row; None where nothing says so."""
        if self.apart:
            return below.middle - above.middle < self.apart
        if below.middle - above.middle > _WIDEST * self.step:
            return None
        first = self.side(above) if self.further(above) else None
        second = self.side(below) if self.further(below) else None
        if second is Side.ABOVE or first is Side.BELOW:
            return True
        ends, begins = first is Side.ABOVE and second is None, second is Side.BELOW and first is None
        apart = Side.APART in (first, second)
        return False if ends or begins or (apart and not _goes_on(above, below)) else None


def wrapping(bands: Sequence[_Band]) -> Wrapping:
    """How the body of a table, whose lines these are from top to bottom, goes on with its rows."""
    if not bands:
        return Wrapping()
    several = [len(band.columns) for band in bands if len(band.columns) > 1]
    fill = statistics.median(several) if len(several) >= _FEWEST * len(bands) else 1.0
    undecided = Wrapping(fill, numeric_columns(band.entries for band in bands))
    further = [undecided.further(band) for band in bands]
    runs = list(_runs(bands, further))
    rows = [
        below.middle - above.middle
        for (above, below), either in zip(pairwise(bands), map(any, pairwise(further)), strict=True)
        if not either
    ]
    usual = statistics.median_low(rows) if len(rows) >= _ROWS else 0.0
    sides: dict[bool, Side] = {}
    steps: list[float] = []
    for key in (True, False):
        own = [run for run in runs if run.key is key]
        seen = [shown for run in own if (shown := run.shown(usual if key else 0.0)) is not None]
        sides[key] = _agreed([side for side, _ in seen])
        steps += [inside for side, inside in seen if side is sides[key]]
        if sides[key] is Side.UNSURE and not key and own and not seen:
            sides[key] = _by_ends(further)
            steps += [step for run in own for step in run.steps]
    step = statistics.median(steps) if steps else 0.0
    return Wrapping(fill, undecided.numeric, sides[True], sides[False], step, _apart(bands, undecided.numeric))


def _apart(bands: Sequence[_Band], numeric: frozenset[int]) -> float:
    """The step from line to line from which on a row begins, where steps are of two kinds and those alone make rows:
    with a text and a figure each, and never two figures in one column. Else 0.

    A statement may have a payment on the first line of its row and the balance on the last.
    """
    steps = [below.middle - above.middle for above, below in pairwise(bands)]
    ordered = sorted(steps)
    if all_are_rows(bands):
        return ordered[0] / 2
    if len(ordered) < 2 * _KINDS:
        return 0.0
    place = max(range(1, len(ordered)), key=lambda index: ordered[index] / max(1.0, ordered[index - 1]))
    inside, between = ordered[:place], ordered[place:]
    if min(len(inside), len(between)) < _KINDS or between[0] < _LARGER * inside[-1] or inside[-1] > _ALIKE * inside[0]:
        return 0.0
    rows: list[list[_Entry]] = [[*bands[0].entries]]
    for band, step in zip(bands[1:], steps, strict=True):
        if step >= between[0]:
            rows.append([])
        rows[-1] += band.entries
    figures = [[entry.first for entry in row if entry.number and entry.first in numeric] for row in rows]
    whole = all(
        own and len(own) == len(set(own)) and len(row) > len(own) for own, row in zip(figures, rows, strict=True)
    )
    return (inside[-1] + between[0]) / 2 if whole else 0.0


def all_are_rows(bands: Sequence[_Band]) -> bool:
    """Whether each line is a row: all have an entry in every column and are as far from each other, and nowhere do all
    entries go on. That a word is as wide as its column tells nothing where abbreviations stand in it."""
    if len(bands) < _ALL_ROWS:
        return False
    columns = bands[0].columns
    if len(columns) < 2 or any(band.columns != columns or len(band.entries) != len(columns) for band in bands):
        return False
    steps = [below.middle - above.middle for above, below in pairwise(bands)]
    if max(steps) > _ALIKE * min(steps):
        return False
    by_case = any(entry.text[:1].isupper() for band in bands for entry in band.entries if entry.first == 0)

    def goes_on(above: _Entry, below: _Entry) -> bool:
        return breaks_off(above.text) or (by_case and below.text[:1].islower())

    return not any(all(map(goes_on, above.entries, below.entries)) for above, below in pairwise(bands))


@frozen
class _Run:
    """Lines that begin no row, between two that do."""

    key: bool
    steps: tuple[float, ...]  # from the line above it to the one below; only those there are
    whole: bool  # there is a row on either side
    beside: bool  # a row next to it leaves the column empty: it stands in the middle of these lines

    def shown(self, usual: float) -> tuple[Side, float] | None:
        """Which side the steps show, and how large those inside the row are; `usual` is the step between rows."""
        if self.beside:
            return Side.UNSURE, 0.0
        if not self.whole:
            return None
        for side, between, inside in (
            (Side.ABOVE, self.steps[-1], self.steps[:-1]),
            (Side.BELOW, self.steps[0], self.steps[1:]),
        ):
            if between > _LARGER * max(inside) and (not usual or max(inside) < _SMALLER * usual):
                return side, statistics.median(inside)
        if usual and min(self.steps) > _SMALLER * usual:
            return Side.APART, usual
        return None


def _runs(bands: Sequence[_Band], further: Sequence[bool]) -> Iterator[_Run]:
    for hangs, group in groupby(range(len(bands)), key=further.__getitem__):
        if not hangs:
            continue
        run = list(group)
        first, last = run[0], run[-1]
        around = bands[max(0, first - 1) : last + 2]
        steps = tuple(below.middle - above.middle for above, below in pairwise(around))
        key = any(0 in bands[number].columns for number in run)
        rows = [*bands[max(0, first - 1) : first], *bands[last + 1 : last + 2]]
        beside = key and any(0 not in row.columns for row in rows)
        if steps:
            yield _Run(key, steps, len(rows) == 2, beside)


def _agreed(sides: Sequence[Side]) -> Side:
    for side in (Side.ABOVE, Side.BELOW, Side.APART):
        if (own := sides.count(side)) > _AGREED * (len(sides) - own):
            return side
    return Side.UNSURE


def _by_ends(further: Sequence[bool]) -> Side:
    """Where all steps are equal: a table that begins with such a line has them above, any other below."""
    return Side.BELOW if further[0] and not further[-1] else Side.ABOVE


def numeric_columns(lines: Iterable[Sequence[_Entry]]) -> frozenset[int]:
    """Columns most of whose entries are numbers."""
    known: dict[int, list[bool]] = {}
    for line in lines:
        for entry in line:
            if entry.first == entry.last:
                known.setdefault(entry.first, []).append(entry.number)
    return frozenset(column for column, numbers in known.items() if sum(numbers) > 0.6 * len(numbers))


def _goes_on(above: _Band, below: _Band) -> bool:
    """Whether the words of the lines themselves say that the second goes on with the first."""
    pairs = [(one.text, other.text) for one in above.entries for other in below.entries if one.first == other.first]
    return any(breaks_off(text) or after[:1].islower() for text, after in pairs)
