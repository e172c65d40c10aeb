"""Lines of text put together into the rows of a table.

Between two rows there is a stretch that no line crosses; but such stretches are also between the lines of one cell.
Which of them divide rows is weighed for the whole table at once: numbers do not stand under each other in one cell, a
line is broken only where the next word has no room, cells of a row are aligned with each other, gaps between rows are
not smaller than those between lines, and ruling lines divide.
"""

import statistics
from collections.abc import Mapping, Sequence
from enum import Enum
from itertools import pairwise
from operator import attrgetter
from typing import Final, assert_never

from octavo.frozen import frozen
from octavo.geometry import on_one_height
from octavo.glyphs.scripts import breaks_anywhere
from octavo.tables.columns import Piece
from octavo.tables.rules import Rule
from octavo.tables.words import Token
from octavo.tables.wrapping import Side, Wrapping, all_are_rows, wrapping
from octavo.wording.numbers import is_number
from octavo.wording.sentences import breaks_off

_LONGEST: Final = 24  # stretches a row may span
_HOPELESS: Final = 25.0  # cost of a row that no division can make up for
_DECIDED: Final = 3.0  # what it costs to go against what was decided for the whole table
_TRUST: Final = 0.9  # what it costs to go against a border that something else suggests


class Edge(Enum):
    """Where the cells of a row are aligned with each other: one way in a whole table, as a rule."""

    TOP = "top"
    MIDDLE = "middle"
    BOTTOM = "bottom"


@frozen
class CellLine(Piece):
    """A line of one cell, and the columns it takes."""

    first: int
    last: int
    number: bool

    @classmethod
    def over(cls, words: Sequence[Token], first: int, last: int) -> "CellLine":
        piece = Piece.of(words)
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
        own = sorted((e for e in entries if e.first == e.last == column), key=lambda e: e.middle)
        steps += [below.middle - above.middle for above, below in pairwise(own)]
    steps = sorted(step for step in steps if step > 0.7 * height)
    pitch = min(steps[len(steps) // 8], 1.7 * height) if steps else 1.2 * height
    if all_are_rows(on_one_height(entries, 0.6 * height)):
        head = min(entry.top for entry in entries)  # the first is no head of several lines either
    body = on_one_height((entry for entry in entries if entry.middle >= head), 0.6 * height)
    return Measures(height, pitch, column_widths(entries, columns), head, wrapping(body))


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
    bands = on_one_height(entries, 0.6 * measures.height)
    if not bands:
        return []
    drawn = [_drawn_between(above, below, rules) for above, below in pairwise(bands)]
    usually = sum(drawn) > 3 and sum(drawn) > 0.3 * len(drawn)
    borders = [
        _Border(-4.0, 4.0)
        if is_drawn
        else _tied(above, below, measures) or _Border.between(above, below, measures, expected, usually_drawn=usually)
        for (above, below), is_drawn in zip(pairwise(bands), drawn, strict=True)
    ]
    table = measures.wrapping
    broken = frozenset(
        id(band[0]) for band in bands if table.further(band) and table.side(band) in (Side.ABOVE, Side.BELOW)
    )
    costs = _RowCosts(bands, measures, broken)
    divisions = (_divided(costs, borders, edge) for edge in Edge)
    return min(divisions, key=lambda division: division[0])[1]


def _divided(
    costs_of_rows: "_RowCosts", borders: Sequence["_Border"], edge: Edge
) -> tuple[float, list[list[CellLine]]]:
    """The cheapest division into rows, and its cost, if cells are aligned at this edge of their rows."""
    bands = costs_of_rows.bands
    costs = [0.0]
    starts = [0]
    for end in range(1, len(bands) + 1):
        best, begin = float("inf"), end - 1
        undrawn = 0.0
        for start in range(end - 1, max(-1, end - _LONGEST), -1):
            if start < end - 1:
                undrawn += borders[start].inside
            row_cost = costs_of_rows.cost(start, end, edge) + undrawn
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


def _tied(above: Sequence[CellLine], below: Sequence[CellLine], measures: Measures) -> _Border | None:
    """What the table as a whole says of a stretch; None where it says nothing."""
    if min(entry.middle for entry in above) < measures.head:
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
    height = statistics.fmean(word.height for entry in entries for word in entry.words)
    return min(1.5, max(1.0, height / measures.height))


def _drawn_between(above: Sequence[CellLine], below: Sequence[CellLine], rules: Sequence[Rule]) -> bool:
    """Whether a rule lies between two bands, over most of what the lower one or the upper one holds."""
    top, bottom = max(e.middle for e in above), min(e.middle for e in below)
    between = [rule for rule in rules if top < rule.at < bottom]
    return any(
        all(sum(max(0.0, min(r.end, e.right) - max(r.start, e.left)) for r in between) > 0.5 * e.width for e in side)
        for side in (above, below)
    )


@frozen
class _Unlike:
    """How unlike one row some bands are."""

    lines: float  # by what stands in it
    misaligned: Mapping[Edge, float]  # by its cells' edges
    unkeyed: float  # by how it begins


class _RowCosts:
    """How unlike one row each stretch of bands is: asked for each edge, and the same but for what the edge costs."""

    def __init__(self, bands: Sequence[Sequence[CellLine]], measures: Measures, broken: frozenset[int]) -> None:
        """`broken` are lines that their author broke where he liked, by identity."""
        self.bands = bands
        self._measures = measures
        self._broken = broken
        self._known: dict[tuple[int, int], _Unlike] = {}
        self._pairs: dict[tuple[int, int, bool], float] = {}

    def cost(self, start: int, end: int, edge: Edge) -> float:
        known = self._known.get((start, end))
        if known is None:
            known = self._known[start, end] = self._unlike([entry for band in self.bands[start:end] for entry in band])
        return known.lines + known.misaligned.get(edge, 0.0) + known.unkeyed

    def _unlike(self, entries: Sequence[CellLine]) -> _Unlike:
        measures, cost = self._measures, 0.0
        ordered = sorted(entries, key=attrgetter("middle"))
        in_head = ordered[-1].middle < measures.head
        cells: dict[tuple[int, int], list[CellLine]] = {}
        for entry in ordered:
            cells.setdefault((entry.first, entry.last), []).append(entry)
        keys = sorted(cells)
        cost += 3.0 * sum(right[0] <= left[1] for left, right in pairwise(keys))
        for lines in cells.values():
            for above, below in pairwise(lines):
                cost += self._of_one_cell(above, below, in_head=in_head)
        misaligned: dict[Edge, float] = {}
        if 1 < len(cells) < len(entries):
            blocks = [(lines[0].middle, lines[-1].middle) for lines in cells.values()]
            misaligned = {edge: min(1.5, _misaligned(blocks, edge) / measures.height) for edge in Edge}
            if in_head:
                misaligned = dict.fromkeys(Edge, min(misaligned.values()))
        return _Unlike(cost, misaligned, 0.0 if in_head else _unkeyed(cells, measures))

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
    keys = sorted(cells)
    if keys[0][0] == 0:
        above = min(lines[0].middle for lines in cells.values())
        own = cells[keys[0]]
        below_rest = len(own) == 1 and own[0].middle - above > 0.7 * measures.pitch
        at_bottom = all(abs(own[0].middle - lines[-1].middle) < 0.4 * measures.pitch for lines in cells.values())
        return 1.2 if below_rest and at_bottom else 0.0
    fill = measures.wrapping.fill
    if len(cells) > 1 or fill < 1.5:
        return 0.5
    alone = cells[keys[0]][0]
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


def _misaligned(blocks: Sequence[tuple[float, float]], edge: Edge) -> float:
    """How far blocks of lines (middles of the first and last) are from a common top, middle or bottom, in pixels."""
    match edge:
        case Edge.TOP:
            places = [top for top, _ in blocks]
            reference = min(places)
        case Edge.MIDDLE:
            places = [(top + bottom) / 2 for top, bottom in blocks]
            reference = statistics.median_low(places)
        case Edge.BOTTOM:
            places = [bottom for _, bottom in blocks]
            reference = max(places)
        case _:
            assert_never(edge)
    return max(abs(place - reference) for place in places)


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
