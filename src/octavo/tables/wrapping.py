"""Where the further lines of a row stand in a table: below its first line, or above its last.

A row of a statement or a register begins with a line that has an entry in most columns; what has no room in a cell, or
was broken there on purpose, goes on in lines with next to nothing beside it. Which row such a line belongs to is
decided once for a whole table, by the steps from line to line: inside a row they are smaller than between rows. One
row by itself can look either way.

Lines in the first column and in others are decided apart: a line in the first column alone may be the heading of a
group of rows, one anywhere else cannot be a row.
"""

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import groupby, pairwise
from typing import Final, Protocol

_LARGER: Final = 1.12  # steps between rows over those inside them; printed steps of one kind differ by 2 %
_SMALLER: Final = 0.9  # of the step from row to row: lines of one cell are closer; headings of groups are not
_AGREED: Final = 3.0  # rows that show one side for each that shows the other
_FULL: Final = 0.75  # quantile of the entries of lines: what a line with the beginning of a row has
_WIDEST: Final = 1.6  # steps between lines of one cell, over the usual ones: further away a paragraph begins anew


class Side(Enum):
    """Which row the further lines belong to."""

    ABOVE = "above"
    BELOW = "below"
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


_Band = Sequence[_Entry]  # what stands on one height


@dataclass(frozen=True, slots=True)
class Wrapping:
    """What is decided for one table."""

    fill: float = 1.0  # columns that a line with the beginning of a row has text in
    numeric: frozenset[int] = frozenset()  # columns of numbers
    key: Side = Side.UNSURE  # of lines that stand in the first column
    other: Side = Side.UNSURE  # of lines that stand in other columns alone
    step: float = 0.0  # pixels between lines of one row, where a side is known

    def further(self, band: _Band) -> bool:
        """Whether a line of the body begins no row: it has few entries, and none in a column of numbers."""
        columns = _columns(band)
        few = len(columns) <= max(1, self.fill / 2) and self.fill > 1
        return few and not columns & self.numeric and all(entry.first == entry.last for entry in band)

    def side(self, band: _Band) -> Side:
        return self.key if 0 in _columns(band) else self.other

    def tie(self, above: _Band, below: _Band) -> bool | None:
        """Whether two lines of the body, one right below the other, are of one row; None where nothing says so."""
        if _middle(below) - _middle(above) > _WIDEST * self.step:
            return None
        hangs = self.further(below) and self.side(below) is Side.ABOVE
        stands = self.further(above) and self.side(above) is Side.BELOW
        if hangs or stands:
            return True
        ends = self.further(above) and self.side(above) is Side.ABOVE and not self.further(below)
        begins = self.further(below) and self.side(below) is Side.BELOW and not self.further(above)
        return False if ends or begins else None


def wrapping(bands: Sequence[_Band]) -> Wrapping:
    """How the body of a table, whose lines these are from top to bottom, goes on with its rows."""
    if not bands:
        return Wrapping()
    fills = sorted(len(_columns(band)) for band in bands)
    fill = float(fills[min(len(fills) - 1, int(_FULL * len(fills)))])
    undecided = Wrapping(fill, _numeric(bands))
    runs = list(_runs(bands, undecided))
    rows = [
        _middle(below) - _middle(above)
        for above, below in pairwise(bands)
        if not undecided.further(above) and not undecided.further(below)
    ]
    usual = statistics.median_low(rows) if rows else 0.0
    sides: dict[bool, Side] = {}
    steps: list[float] = []
    for key in (True, False):
        own = [run for run in runs if run.key is key]
        seen = [(side, inside) for run in own for side, inside in (run.shown(usual if key else 0.0),) if side]
        sides[key] = _agreed([side for side, _ in seen])
        steps += [inside for side, inside in seen if side is sides[key]]
        if sides[key] is Side.UNSURE and not key and own and not seen:
            sides[key] = _by_ends(bands, undecided)
            steps += [step for run in own for step in run.steps]
    step = statistics.median(steps) if steps else 0.0
    return Wrapping(fill, undecided.numeric, sides[True], sides[False], step)


@dataclass(frozen=True, slots=True)
class _Run:
    """Lines that begin no row, between two that do."""

    key: bool
    steps: tuple[float, ...]  # from the line above it to the one below; only those there are
    whole: bool  # there is a row on either side

    def shown(self, usual: float) -> tuple[Side | None, float]:
        """Which side the steps show, and how large those inside the row are; `usual` is the step between rows."""
        if not self.whole:
            return None, 0.0
        for side, between, inside in (
            (Side.ABOVE, self.steps[-1], self.steps[:-1]),
            (Side.BELOW, self.steps[0], self.steps[1:]),
        ):
            if between > _LARGER * max(inside) and (not usual or max(inside) < _SMALLER * usual):
                return side, statistics.median(inside)
        return None, 0.0


def _runs(bands: Sequence[_Band], table: Wrapping) -> Iterator[_Run]:
    places = list(enumerate(bands))
    for hangs, group in groupby(places, key=lambda place: table.further(place[1])):
        if not hangs:
            continue
        run = list(group)
        first, last = run[0][0], run[-1][0]
        around = bands[max(0, first - 1) : last + 2]
        steps = tuple(_middle(below) - _middle(above) for above, below in pairwise(around))
        if steps:
            yield _Run(any(0 in _columns(band) for _, band in run), steps, first > 0 and last + 1 < len(bands))


def _agreed(sides: Sequence[Side]) -> Side:
    above, below = sides.count(Side.ABOVE), sides.count(Side.BELOW)
    if above > _AGREED * below:
        return Side.ABOVE
    return Side.BELOW if below > _AGREED * above else Side.UNSURE


def _by_ends(bands: Sequence[_Band], table: Wrapping) -> Side:
    """Where all steps are equal: a table that begins with such a line has them above, any other below."""
    return Side.BELOW if table.further(bands[0]) and not table.further(bands[-1]) else Side.ABOVE


def _numeric(bands: Sequence[_Band]) -> frozenset[int]:
    """Columns most of whose entries are numbers."""
    known: dict[int, list[bool]] = {}
    for band in bands:
        for entry in band:
            if entry.first == entry.last:
                known.setdefault(entry.first, []).append(entry.number)
    return frozenset(column for column, numbers in known.items() if sum(numbers) > 0.6 * len(numbers))


def _columns(band: _Band) -> set[int]:
    return {column for entry in band for column in range(entry.first, entry.last + 1)}


def _middle(band: _Band) -> float:
    return statistics.fmean(entry.middle for entry in band)
