"""A table without (enough) ruling lines, from the alignment of its words.

Columns come from the gaps that lines of text leave, rows from `row_borders`; headings that stand in the middle over
several columns are spread over them.
"""

import statistics
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Final

from octavo.tables.columns import Piece, column_gaps, pieces
from octavo.tables.fit import Fit
from octavo.tables.grid import Grid, Slot, WordLines, text_lines, without_overlaps
from octavo.tables.row_borders import CellLine, column_widths, into_rows, measured
from octavo.tables.rules import Rules
from octavo.tables.words import Token, usual_height
from octavo.tables.wrapping import numeric_columns
from octavo.wording.numbers import is_number, is_year

_MOST_FULL: Final = 0.6  # share of a table's lines that are full, from which they alone tell where columns part

_CENTRED: Final = 0.12  # of the width of some columns: a heading so near to their middle stands over them


@dataclass(frozen=True)
class FilledGrid:
    """A grid with the words of its cells."""

    grid: Grid
    cells: dict[Slot, list[Token]]
    drawn: float = 0.0  # share of the sides between cells that are ruling lines

    @cached_property
    def lines(self) -> Mapping[Slot, WordLines]:
        """The words of each cell, line by line."""
        return {slot: text_lines(words) for slot, words in self.cells.items()}

    @cached_property
    def fit(self) -> Fit:
        """How badly the grid fits its words, and what rules it is asked about."""
        return Fit(self.grid, self.lines)


def grid_by_words(words: Sequence[Token], rules: Rules) -> FilledGrid | None:
    """The grid that the words' alignment shows; None where there are not two columns."""
    lines = _Lines(words)
    borders = column_borders(lines, rules)
    if len(borders) < 3:
        return None
    return _in_columns(lines, borders, rules)


def in_columns(
    words: Sequence[Token], borders: Sequence[float], rules: Rules, expected: Sequence[float] = ()
) -> FilledGrid:
    """The grid that has these column borders; `expected` are row borders that something else suggests."""
    return _in_columns(_Lines(words), borders, rules, expected)


class _Lines:
    """The lines of a table's text, and how they are cut: each is asked several times while borders are looked for."""

    def __init__(self, words: Sequence[Token]) -> None:
        self.height = usual_height(words)
        self.words = text_lines(words)
        self.pieces = [pieces(line, 0.75 * self.height) for line in self.words]
        self._parts = [[part for piece in line for part in _by_line(piece)] for line in self.pieces]
        self._space = _usual_space(self.words, self.height)
        self._cut: tuple[Sequence[float], list[list[CellLine]]] = (), []

    def entries(self, borders: Sequence[float]) -> list[list[CellLine]]:
        """Of each line, cut at wide gaps, and at every border that lies between two of its words."""
        if self._cut[0] != borders:
            self._cut = list(borders), [_entries(line, borders, self.height, self._space) for line in self._parts]
        return self._cut[1]


def _in_columns(lines: _Lines, borders: Sequence[float], rules: Rules, expected: Sequence[float] = ()) -> FilledGrid:
    cut = lines.entries(borders)
    head = _head_end(cut, rules, borders)
    entries = _regrouped([entry for line in cut for entry in line])
    measures = measured(entries, lines.height, len(borders) - 1, head)
    rows = into_rows(entries, measures, rules.horizontal, expected)
    for number, row in enumerate(rows[:-1]):
        if _middle(rows[number + 1]) < head:  # what spans columns has headings of its own below
            under = [entry for later in rows[number + 1 :] for entry in later]
            rows[number] = _spread(row, rows[number + 1], column_widths(under, len(borders) - 1), rules)
    return _assembled(rows, borders)


# --- columns -----------------------------------------------------------------------------------------------------


def column_borders(lines: _Lines, rules: Rules) -> list[float]:
    """Left edge, borders between columns, right edge."""
    height = lines.height
    words = [word for line in lines.words for word in line]
    left, right = min(word.left for word in words), max(word.right for word in words)
    top, bottom = min(word.top for word in words), max(word.bottom for word in words)
    drawn = [
        rule.at
        for rule in rules.vertical
        if rule.length > 0.5 * (bottom - top) and left + height / 2 < rule.at < right - height / 2
    ]
    counted = _in_order(lines.pieces, height) if not drawn else None
    if counted is not None:
        return [left - 1, *counted, right + 1]
    inner = list(drawn)
    for start, end in column_gaps(_full(lines), height):
        if not any(start - height / 2 < at < end + height / 2 for at in drawn):
            inner.append(_between(start, end, lines.pieces, height))
    return _with_contents([left - 1, *sorted(inner), right + 1], lines)


def _full(lines: _Lines) -> Sequence[Sequence[Token]]:
    """The lines without those that have several texts, but no more than half as many as the fullest, where most have
    more: titles of sections between the rows, and what is said of them, run over columns."""
    most = max(map(len, lines.pieces))
    full = [line for line, cut in zip(lines.words, lines.pieces, strict=True) if len(cut) == 1 or 2 * len(cut) > most]
    return full if len(full) >= _MOST_FULL * len(lines.words) else lines.words


def _in_order(rows: Sequence[Sequence[Piece]], height: float) -> list[float] | None:
    """Borders between columns where nearly all lines, the first among them, have as many texts as there are columns.

    A heading set left and its numbers, set right, then need not stand under each other.
    """
    count = len(rows[0])
    whole = [row for row in rows if len(row) == count]
    if count < 2 or len(whole) < 3 or len(whole) < 0.8 * len(rows):
        return None
    borders = []
    for column in range(1, count):
        end, start = max(row[column - 1].right for row in whole), min(row[column].left for row in whole)
        crossed = any(piece.left < start and piece.right > end for row in rows if row not in whole for piece in row)
        if start - end < 0.2 * height or crossed:
            return None
        borders.append((start + end) / 2)
    return borders


def _between(start: float, end: float, lines: Sequence[Sequence[Piece]], height: float) -> float:
    """Where to divide columns in a gap: beside a text that begins in it and runs into a column, or ends in it."""
    middle = (start + end) / 2
    low, high = start, end
    for piece in (piece for line in lines for piece in line):
        if start <= piece.left < middle and piece.right > end:
            high = min(high, piece.left)
        elif piece.left < start and middle < piece.right <= end:
            low = max(low, piece.right)
    return (low + high) / 2 if high - low > 0.2 * height else middle


def _with_contents(borders: list[float], lines: _Lines) -> list[float]:
    """Borders without those of columns in which nothing stands alone: two gaps beside a long entry are one."""
    while len(borders) > 2:
        entries = [entry for line in lines.entries(borders) for entry in line]
        alone = {entry.first for entry in entries if entry.first == entry.last}
        empty = next((column for column in range(len(borders) - 1) if column not in alone), None)
        if empty is None:
            break
        sides = [number for number in (empty, empty + 1) if 0 < number < len(borders) - 1]
        crossed = {number: sum(e.first < number <= e.last for e in entries) for number in sides}
        borders.pop(max(sides, key=lambda number: crossed[number]))
    return borders


def _entries(line: Sequence[Piece], borders: Sequence[float], height: float, space: float) -> list[CellLine]:
    """A line, cut at wide gaps already, cut at every border that lies between two of its words."""
    entries = []
    inner = borders[1:-1]
    for part in (part for piece in line for part in _cut_at(piece, inner, height, space)):
        left, right, width = part.left, part.right, part.width
        reach = min(0.6 * height, 0.4 * width)
        first = sum([left + reach > border for border in inner])
        reach = max(reach, min(2 * height, 0.12 * width))  # a long entry may run a little into an empty cell
        last = sum([right - reach > border for border in inner])
        entries.append(CellLine.of_piece(part, first, max(first, last)))
    return _apart(entries)


def _by_line(piece: Piece) -> list[Piece]:
    """A piece cut where one line of text ends and another, found apart, begins."""
    if len(piece.words) < 2:
        return [piece]
    cuts = [number for number, (before, after) in enumerate(pairwise(piece.words), 1) if before.line != after.line]
    return [Piece.of(piece.words[start:end]) for start, end in zip([0, *cuts], [*cuts, len(piece.words)], strict=True)]


def _usual_space(lines: Sequence[Sequence[Token]], height: float) -> float:
    """Between two words of a line."""
    gaps = [
        after.left - before.right
        for line in lines
        for before, after in pairwise(line)
        if before.line == after.line and 0 < after.left - before.right < 0.6 * height
    ]
    return statistics.median(gaps) if len(gaps) > 4 else 0.3 * height


def _cut_at(piece: Piece, borders: Sequence[float], height: float, space: float) -> list[Piece]:
    """A piece cut near the borders it crosses, where a gap between its words is wider than a space."""
    crossed = [border for border in borders if piece.left < border < piece.right]
    if not crossed:  # nearly all
        return [piece]
    words = piece.words
    gaps = [after.left - before.right for before, after in pairwise(words)]
    cuts = set()
    for border in crossed:
        near = [
            number
            for number, (before, after) in enumerate(pairwise(words))
            if before.right - 1.2 * height < border < after.left + 1.2 * height
            and (
                before.line != after.line
                or gaps[number] > 1.45 * space
                or (is_number(before.text) and is_number(after.text))
            )
        ]
        at = [number for number in near if words[number].axis < border < words[number + 1].axis]
        if near:
            cuts.add(1 + max(at or near, key=lambda number: gaps[number]))
    ends = sorted(cuts)
    return [Piece.of(words[start:end]) for start, end in zip([0, *ends], [*ends, len(words)], strict=True)]


def _apart(entries: Sequence[CellLine]) -> list[CellLine]:
    """Entries of one line that claim the same column: cut back where they only reach it, else joined."""
    kept: list[CellLine] = []
    for entry in entries:
        if kept and kept[-1].last >= entry.first:
            before = kept[-1]
            if before.first == entry.first:
                words = (*before.words, *entry.words)
                kept[-1] = CellLine.over(words, before.first, max(before.last, entry.last))
                continue
            kept[-1] = replace(before, last=entry.first - 1)
        kept.append(entry)
    return kept


def _regrouped(entries: Sequence[CellLine]) -> list[CellLine]:
    """Lines made anew inside each column: beside each other, lines of two columns may be half a line apart."""
    columns: dict[tuple[int, int], list[Token]] = {}
    for entry in entries:
        columns.setdefault((entry.first, entry.last), []).extend(entry.words)
    return [CellLine.over(line, first, last) for (first, last), words in columns.items() for line in text_lines(words)]


# --- the head ----------------------------------------------------------------------------------------------------


def _head_end(lines: Sequence[Sequence[CellLine]], rules: Rules, borders: Sequence[float]) -> float:
    """Where the headings end: at the first rule across the table under some text, or above the first numbers."""
    width = borders[-1] - borders[0]
    middles = [_middle(line) for line in lines]
    numeric = numeric_columns(lines)
    figures = [number for number, line in enumerate(lines) if _is_row_of_figures(line, numeric)]
    for number, (above, below) in enumerate(pairwise(middles), 1):
        between = [rule for rule in rules.horizontal if above < rule.at < below]
        across = sum(max(0.0, min(r.end, borders[-1]) - max(r.start, borders[0])) for r in between)
        if across > 0.75 * width:
            if sum(row < number for row in figures) > 1:
                break  # a line above a total
            return (above + below) / 2 if number <= max(6, len(lines) // 2) else middles[0]
    if figures:
        number = figures[0]
        first = lines[number - _names_group(lines[:number], lines[number])]
        return min(entry.middle for entry in first)  # the whole of that line is below
    if len(lines) < 2 or (len(lines[0]) > 1 and min(entry.first for entry in lines[1]) > 0 and len(lines[1]) == 1):
        return min(entry.middle for entry in lines[0])  # a first row that goes on in its second line is no head
    return (middles[0] + middles[1]) / 2


def _is_row_of_figures(line: Sequence[CellLine], numeric: Container[int]) -> bool:
    among = [entry for entry in line if entry.first in numeric]
    return sum(entry.number and not is_year(entry.text) for entry in among) >= max(1, 0.4 * len(among))


def _names_group(head: Sequence[Sequence[CellLine]], row: Sequence[CellLine]) -> bool:
    """Whether the line above the first row of numbers names a group of rows: alone, and no nearer to what is above."""
    if not head or len(head[-1]) > 1 or head[-1][0].last > 0:
        return False
    return len(head) == 1 or _middle(head[-1]) - _middle(head[-2]) > 0.9 * (_middle(row) - _middle(head[-1]))


def _middle(row: Sequence[CellLine]) -> float:
    return sum(entry.middle for entry in row) / len(row)


def _spread(
    row: Sequence[CellLine],
    below: Sequence[CellLine],
    widths: Sequence[tuple[float, float]],
    rules: Rules,
) -> list[CellLine]:
    """A row of the head with its headings spread over the columns they stand above."""
    under = {column for entry in below for column in range(entry.first, entry.last + 1)}
    cells: dict[tuple[int, int], list[CellLine]] = {}
    for entry in row:
        cells.setdefault((entry.first, entry.last), []).append(entry)
    taken = {column for first, last in cells for column in range(first, last + 1)}
    spans: dict[tuple[int, int], tuple[int, int]] = {}

    def free(first: int, last: int) -> tuple[int, int]:
        while first > 0 and first - 1 not in taken and first - 1 in under:
            first -= 1
        while last + 1 < len(widths) and last + 1 not in taken and last + 1 in under:
            last += 1
        return first, last

    for (first, last), lines in sorted(cells.items()):
        low, high = free(first, last)
        left, right = min(e.left for e in lines), max(e.right for e in lines)
        chosen = _drawn_span(left, right, lines, below, widths, rules)
        if chosen is None or not low <= chosen[0] <= first <= last <= chosen[1] <= high:
            chosen = _centered_span((left + right) / 2, (first, last), (low, high), widths)
        spans[first, last] = chosen
        taken |= set(range(chosen[0], chosen[1] + 1))
    wide = {last - first + 1 for first, last in spans.values() if last > first} or _steps(list(spans.values()))
    for own, (first, last) in spans.items():
        if len(wide) == 1 and first == last:
            axis = (min(e.left for e in cells[own]) + max(e.right for e in cells[own])) / 2
            spans[own] = _as_wide_span(axis, first, free(first, last), min(wide), widths)
            taken |= set(range(spans[own][0], spans[own][1] + 1))
    return [
        replace(entry, first=spans[own][0], last=spans[own][1])
        for own, lines in sorted(cells.items())
        for entry in lines
    ]


def _off(axis: float, span: tuple[int, int], widths: Sequence[tuple[float, float]]) -> float:
    """How far a heading stands from the middle of columns, in shares of their width."""
    left, right = widths[span[0]][0], widths[span[1]][1]
    return abs(axis - (left + right) / 2) / max(1.0, right - left)


def _steps(spans: Sequence[tuple[int, int]]) -> set[int]:
    """From one heading to the next, in columns."""
    return {after[0] - before[0] for before, after in pairwise(spans)}


def _as_wide_span(
    axis: float, own: int, free: tuple[int, int], wide: int, widths: Sequence[tuple[float, float]]
) -> tuple[int, int]:
    """As many columns around a heading as its neighbours stand over, if it is in their middle; else its own."""
    choices = [(first, first + wide - 1) for first in range(own - wide + 1, own + 1)]
    choices = [span for span in choices if free[0] <= span[0] and span[1] <= free[1]]
    best = min(choices, key=lambda span: _off(axis, span, widths), default=(own, own))
    return best if _off(axis, best, widths) < _CENTRED else (own, own)


def _centered_span(
    axis: float, own: tuple[int, int], free: tuple[int, int], widths: Sequence[tuple[float, float]]
) -> tuple[int, int]:
    """The columns in whose middle a heading stands; its own, where it stands in their middle well enough."""
    choices = [(first, last) for first in range(free[0], own[0] + 1) for last in range(own[1], free[1] + 1)]
    best = min(choices, key=lambda span: _off(axis, span, widths) + 0.02 * (span[1] - span[0]))
    return best if _off(axis, best, widths) < _CENTRED and _off(axis, own, widths) > 0.3 else own


def _drawn_span(
    left: float,
    right: float,
    lines: Sequence[CellLine],
    below: Sequence[CellLine],
    widths: Sequence[tuple[float, float]],
    rules: Rules,
) -> tuple[int, int] | None:
    """Columns over which a rule is drawn right under a heading."""
    top, bottom = max(entry.middle for entry in lines), min(entry.middle for entry in below)
    for rule in rules.horizontal:
        if top < rule.at < bottom and rule.start - 2 < (left + right) / 2 < rule.end + 2:
            under = [c for c, (low, high) in enumerate(widths) if high and rule.start < (low + high) / 2 < rule.end]
            if under:
                return under[0], under[-1]
    return None


# --- the grid ----------------------------------------------------------------------------------------------------


def _assembled(rows: Sequence[Sequence[CellLine]], borders: Sequence[float]) -> FilledGrid:
    """Rows and columns as a grid with its words."""
    tops = [min(entry.top for entry in row) for row in rows]
    bottoms = [max(entry.bottom for entry in row) for row in rows]
    ys = [tops[0] - 1, *((low + high) / 2 for low, high in zip(bottoms, tops[1:], strict=False)), bottoms[-1] + 1]
    spans = [
        Slot(number, entry.first, 1, entry.last - entry.first + 1)
        for number, row in enumerate(rows)
        for entry in row
        if entry.last > entry.first
    ]
    merged = without_overlaps(sorted(spans, key=lambda slot: (slot.row, -slot.columns)), len(rows), len(borders) - 1)
    owners = {(slot.row, slot.column + across): slot for slot in merged for across in range(slot.columns)}
    cells: dict[Slot, list[Token]] = {}
    for number, row in enumerate(rows):
        for entry in row:
            slot = owners.get((number, entry.first), Slot(number, entry.first))
            cells.setdefault(slot, []).extend(entry.words)
    return FilledGrid(Grid(tuple(borders), tuple(ys), merged), cells)
