"""Lines of text put together into the rows of a table.

Between two rows there is a stretch that no line crosses; but such stretches are also between the lines of one cell.
Which of them divide rows is weighed for the whole table at once: numbers do not stand under each other in one cell, a
line is broken only where the next word has no room, cells of a row are aligned with each other, gaps between rows are
not smaller than those between lines, and ruling lines divide.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import fsum
from operator import attrgetter
from typing import Final

from octavo.frozen import frozen
from octavo.geometry import on_one_height
from octavo.glyphs.scripts import breaks_anywhere
from octavo.tables.columns import Piece
from octavo.tables.rules import Rule
from octavo.tables.words import Token
from octavo.tables.wrapping import Band, Side, Wrapping, all_are_rows, wrapping
from octavo.wording.numbers import is_number
from octavo.wording.sentences import breaks_off

_LONGEST: Final = 24  # stretches a row may span
_HOPELESS: Final = 25.0  # cost of a row that no division can make up for
_DECIDED: Final = 3.0  # what it costs to go against what was decided for the whole table
_TRUST: Final = 0.9  # what it costs to go against a border that something else suggests

_MIDDLE = attrgetter("middle")
# What rows cost whose cells are aligned at the top, in the middle, at the bottom: one way in a whole table, as a rule.
_ByEdge = tuple[float, float, float]


@frozen
class CellLine(Piece):
    """A line of one cell, and the columns it takes."""

    first: int
    last: int
    number: bool

    @classmethod
    def over(cls, words: Sequence[Token], first: int, last: int) -> "CellLine":
        return cls.of_piece(Piece.of(words), first, last)

    @classmethod
    def of_piece(cls, piece: Piece, first: int, last: int) -> "CellLine":
        return cls(piece.left, piece.top, piece.right, piece.bottom, piece.words, first, last, is_number(piece.text))


@frozen
class Measures:
    """What is usual in this table. Pixels."""

    height: float  # of letters
    pitch: float  # from line to line inside a cell
    widths: tuple[tuple[float, float], ...]  # left and right end of what stands in each column
    head: float  # where the headings end
    wrapping: Wrapping  # where the further lines of a row stand


def measured(entries: Sequence[CellLine], height: float, columns: int, head: float) -> Measures:
    steps = []
    for column in range(columns):
        middles = sorted([e.middle for e in entries if e.first == e.last == column])
        steps += [below - above for above, below in pairwise(middles)]
    steps = sorted(step for step in steps if step > 0.7 * height)
    pitch = min(steps[len(steps) // 8], 1.7 * height) if steps else 1.2 * height
    body = _bands(entries, height)
    if all_are_rows(body):
        head = min(entry.top for entry in entries)  # the first is no head of several lines either
    else:
        body = _bands([entry for entry in entries if entry.middle >= head], height)
    return Measures(height, pitch, column_widths(entries, columns), head, wrapping(body))


def _bands(entries: Sequence[CellLine], height: float) -> list[Band[CellLine]]:
    """From top to bottom."""
    return [Band.of(level) for level in on_one_height(entries, 0.6 * height)]


def column_widths(entries: Sequence[CellLine], columns: int) -> tuple[tuple[float, float], ...]:
    """Left and right end of what stands in each column alone; zeros where nothing does."""
    widths = []
    for column in range(columns):
        own = [e for e in entries if e.first == e.last == column]
        widths.append((min(p.left for p in own), max(p.right for p in own)) if own else (0.0, 0.0))
    return tuple(widths)


def into_rows(
    entries: Sequence[CellLine],
    measures: Measures,
    rules: Sequence[Rule],
    expected: Sequence[float] = (),
) -> list[list[CellLine]]:
    """The entries of each row, from top to bottom. `expected` are borders that something else suggests."""
    bands = _bands(entries, measures.height)
    if not bands:
        return []
    drawn = [_drawn_between(above.entries, below.entries, rules) for above, below in pairwise(bands)]
    usually = sum(drawn) > 3 and sum(drawn) > 0.3 * len(drawn)
    borders = [
        _Border(-4.0, 4.0)
        if is_drawn
        else _tied(above, below, measures)
        or _Border.between(above.entries, below.entries, measures, expected, usually_drawn=usually)
        for (above, below), is_drawn in zip(pairwise(bands), drawn, strict=True)
    ]
    table = measures.wrapping
    broken = frozenset(
        id(band.entries[0]) for band in bands if table.further(band) and table.side(band) in (Side.ABOVE, Side.BELOW)
    )
    costs = _RowCosts([band.entries for band in bands], measures, broken)
    divisions = (_divided(costs, borders, edge) for edge in range(3))
    return min(divisions, key=lambda division: division[0])[1]


def _divided(costs_of_rows: "_RowCosts", borders: Sequence["_Border"], edge: int) -> tuple[float, list[list[CellLine]]]:
    """The cheapest division into rows, and its cost, if cells are aligned at this edge of their rows (of `_ByEdge`)."""
    bands = costs_of_rows.bands
    costs = [0.0]
    starts = [0]
    for end in range(1, len(bands) + 1):
        best, begin = float("inf"), end - 1
        undrawn = 0.0
        for start in range(end - 1, max(-1, end - _LONGEST), -1):
            if start < end - 1:
                undrawn += borders[start].inside
            row_cost = costs_of_rows.of(start, end)[edge] + undrawn
            if row_cost > _HOPELESS:
                break  # a longer row costs more still
            cost = costs[start] + row_cost + (borders[start - 1].dividing if start else 0.0)
            if cost < best:
                best, begin = cost, start
        costs.append(best)
        starts.append(begin)
    rows: list[list[CellLine]] = []
    end = len(bands)
    while end:
        rows.insert(0, [entry for band in bands[starts[end] : end] for entry in band])
        end = starts[end]
    return costs[-1], rows


@frozen
class _Border:
    """What it costs to divide rows at a stretch, and not to."""

    dividing: float
    inside: float

    @classmethod
    def between(
        cls,
        above: Sequence[CellLine],
        below: Sequence[CellLine],
        measures: Measures,
        expected: Sequence[float],
        *,
        usually_drawn: bool,
    ) -> "_Border":
        top, bottom = max(e.middle for e in above), min(e.middle for e in below)
        pitch = measures.pitch * _local_scale([*above, *below], measures)
        room = (bottom - top - pitch) / measures.height
        dividing = -min(1.0, max(-0.3, 2 * room)) + (1.0 if usually_drawn else 0.0)
        for entry in below:
            before = [e for e in above if (e.first, e.last) == (entry.first, entry.last)]
            if before and not entry.number and not before[-1].number and bottom - top < 1.4 * pitch:
                if not _had_room(before[-1], entry, measures):
                    dividing += 0.9 if len(before[-1].words) > 1 else 0.5
                if entry.text[:1].islower():
                    dividing += 0.5
                if breaks_off(before[-1].text):
                    dividing += 0.5
        inside = max(0.0, 2.5 * (room - 0.15))
        if expected:
            near = any(top - 0.2 * measures.height < y < bottom + 0.2 * measures.height for y in expected)
            dividing += -_TRUST if near else _TRUST
        return cls(dividing, inside)


def _tied(above: Band[CellLine], below: Band[CellLine], measures: Measures) -> _Border | None:
    """What the table as a whole says of a stretch; None where it says nothing."""
    if min([entry.middle for entry in above.entries]) < measures.head:
        return None
    match measures.wrapping.tie(above, below):
        case True:
            return _Border(_DECIDED, 0.0)
        case False:
            return _Border(-_DECIDED / 2, _DECIDED)
        case None:
            return None


def _local_scale(entries: Sequence[CellLine], measures: Measures) -> float:
    """How much larger letters are here than in the table as a whole: photographs grow towards the viewer."""
    heights = [word.bottom - word.top for entry in entries for word in entry.words]
    return min(1.5, max(1.0, fsum(heights) / len(heights) / measures.height))


def _drawn_between(above: Sequence[CellLine], below: Sequence[CellLine], rules: Sequence[Rule]) -> bool:
    """Whether a rule lies between two bands, over most of what the lower one or the upper one holds."""
    top, bottom = max(e.middle for e in above), min(e.middle for e in below)
    between = [rule for rule in rules if top < rule.at < bottom]
    return bool(between) and any(
        all(sum(max(0.0, min(r.end, e.right) - max(r.start, e.left)) for r in between) > 0.5 * e.width for e in side)
        for side in (above, below)
    )


class _RowCosts:
    """How unlike one row each stretch of bands is: asked for each edge, and the same but for what the edge costs."""

    def __init__(self, bands: Sequence[Sequence[CellLine]], measures: Measures, broken: frozenset[int]) -> None:
        """`broken` are lines that their author broke where he liked, by identity."""
        self.bands = bands
        self._measures = measures
        self._broken = broken
        self._downwards = [
            [((entry.first, entry.last), entry) for entry in sorted(band, key=_MIDDLE)] for band in bands
        ]
        self._known: dict[tuple[int, int], _ByEdge] = {}
        self._pairs: dict[tuple[int, int, bool], float] = {}

    def of(self, start: int, end: int) -> _ByEdge:
        known = self._known.get((start, end))
        if known is None:
            known = self._known[start, end] = self._unlike(start, end)
        return known

    def _unlike(self, start: int, end: int) -> _ByEdge:
        measures, cost = self._measures, 0.0
        in_head = self._downwards[end - 1][-1][1].middle < measures.head
        cells: dict[tuple[int, int], list[CellLine]] = {}
        several = False  # lines in a cell
        for band in self._downwards[start:end]:
            for columns, entry in band:
                if columns in cells:
                    cells[columns].append(entry)
                    several = True
                else:
                    cells[columns] = [entry]
        for left, right in pairwise(sorted(cells)):
            if right[0] <= left[1]:
                cost += 3.0
        unkeyed = 0.0 if in_head else _unkeyed(cells, measures)
        if not several:
            return (cost + unkeyed,) * 3
        for lines in cells.values():
            for above, below in pairwise(lines):
                cost += self._of_one_cell(above, below, in_head=in_head)
        if len(cells) < 2:
            return (cost + unkeyed,) * 3
        middles = [(lines[0].middle, lines[-1].middle) for lines in cells.values()]
        top, middle, bottom = (min(1.5, off / measures.height) for off in _misaligned(middles))
        if in_head:
            top = middle = bottom = min(top, middle, bottom)
        return cost + top + unkeyed, cost + middle + unkeyed, cost + bottom + unkeyed

    def _of_one_cell(self, above: CellLine, below: CellLine, *, in_head: bool) -> float:
        """How unlikely that is of two lines, which follow each other in many stretches."""
        pair = id(above), id(below), in_head
        cost = self._pairs.get(pair)
        if cost is None:
            on_purpose = id(above) in self._broken or id(below) in self._broken
            cost = _line_cost(above, below, self._measures, in_head=in_head, on_purpose=on_purpose)
            self._pairs[pair] = cost
        return cost


def _unkeyed(cells: Mapping[tuple[int, int], Sequence[CellLine]], measures: Measures) -> float:
    """How unlikely a row of the body is that begins with nothing, or whose beginning stands below the rest."""
    key = min(cells)
    own = cells[key]
    if key[0] == 0:
        if len(own) > 1:
            return 0.0
        middle = own[0].middle
        below_rest = middle - min([lines[0].middle for lines in cells.values()]) > 0.7 * measures.pitch
        at_bottom = below_rest and all(
            abs(middle - lines[-1].middle) < 0.4 * measures.pitch for lines in cells.values()
        )
        return 1.2 if at_bottom else 0.0
    fill = measures.wrapping.fill
    if len(cells) > 1 or fill < 1.5:
        return 0.5
    alone = own[0]
    # The more a row has, the less can one entry be a row: 1.0 for rows of two entries, 2.6 for those of four.
    return 1.0 if alone.number else 1.0 + 0.8 * min(2.0, fill - 2.0)


def _line_cost(above: CellLine, below: CellLine, measures: Measures, *, in_head: bool, on_purpose: bool) -> float:
    """How unlikely it is that two lines are of one cell."""
    cost = 0.0
    step = below.middle - above.middle
    usual = 1.35 * measures.pitch
    if step > usual and step > usual * _local_scale([above, below], measures):
        cost += 1.5
    if on_purpose and not in_head:
        return cost
    if above.number or below.number:
        return cost + (0.7 if in_head else 2.5)
    if _had_room(above, below, measures):
        cost += 0.3 if in_head else 1.3
    elif below.text[:1].islower():
        cost -= 0.2
    return cost


def _misaligned(blocks: Sequence[tuple[float, float]]) -> _ByEdge:
    """How far blocks of lines (middles of the first and last) are from a common top, middle and bottom, in pixels."""
    tops, bottoms = [top for top, _ in blocks], [bottom for _, bottom in blocks]
    middles = sorted([(top + bottom) / 2 for top, bottom in blocks])
    common = middles[(len(middles) - 1) // 2]
    return (
        max(tops) - min(tops),
        max(common - middles[0], middles[-1] - common),
        max(bottoms) - min(bottoms),
    )


def _had_room(above: CellLine, below: CellLine, measures: Measures) -> bool:
    """Whether the first word of a line would have fitted at the end of the line above."""
    left, right = measures.widths[above.first][0], measures.widths[above.last][1]
    width = max(right - left, above.width, below.width)
    first = below.words[0]
    anywhere = breaks_anywhere(first.text)  # such scripts fill their lines but for a character
    unit = first.width / (len(first.text) if anywhere else 1)
    used = above.width + 0.3 * measures.height + unit
    margin = 1.5 if anywhere else 0.4
    return used < width - margin * measures.height
