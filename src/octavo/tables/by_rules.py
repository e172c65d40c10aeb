"""A table with ruling lines between its columns: the lattice they make, completed where lines were left out.

Lines give borders; where a line is missing between two places, the two are one cell. Many tables draw only some of
their lines, for instance upright ones in the head alone. So rows are first divided where the text shows several, and a
column's line is continued through rows that leave it free, if there are many of them.
"""

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from octavo.tables.by_words import FilledGrid
from octavo.tables.grid import Grid, Slot, text_lines
from octavo.tables.row_borders import CellLine, into_rows, measured
from octavo.tables.rules import Rule, Rules
from octavo.tables.words import Token, usual_height
from octavo.wording.numbers import is_number

_CLOSED: Final = 0.9  # share of the sides of cells that are drawn, where these alone are the table's rows
_COVERED: Final = 0.75  # share of a cell's side along which a line must run to close it


@dataclass(slots=True)
class _Lattice:
    """Borders, and which sides of which places are closed. `at[row, border]` is where a column's border is in a row."""

    xs: list[float]
    ys: list[float]
    upright: NDArray[np.bool_]  # rows x inner and outer column borders
    level: NDArray[np.bool_]  # row borders x columns
    at: NDArray[np.float64]


def grid_by_rules(words: Sequence[Token], rules: Rules) -> FilledGrid | None:
    """The grid that the lines show; None where no line divides columns."""
    if not words:
        return None
    height = usual_height(words)
    xs, ys = _positions(rules.vertical, height), _positions(rules.horizontal, height)
    xs = _with_ends(xs, min(w.left for w in words), max(w.right for w in words), rules.horizontal, height)
    ys = _with_ends(ys, min(w.top for w in words), max(w.bottom for w in words), rules.vertical, height)
    if len(xs) < 3 or len(ys) < 2:
        return None
    lattice = _with_real(_lattice(xs, ys, rules), rules, words, height)
    if len(lattice.xs) < 3:
        return None
    ys = [y for number, y in enumerate(ys) if lattice.level[number].any()]  # others close no cell
    if len(ys) < len(lattice.ys):
        lattice = _lattice(lattice.xs, ys, rules)
    drawn = _drawn_share(lattice, words)
    if drawn <= _CLOSED or not _rows_are_drawn(lattice, words):
        lattice = _divided(lattice, words, rules, height)
    drawn *= (len(ys) - 1) / (len(lattice.ys) - 1)
    _continue_columns(lattice, words, height)
    return _assembled(lattice, words, drawn)


# --- borders -----------------------------------------------------------------------------------------------------


def _positions(rules: Sequence[Rule], height: float) -> list[float]:
    """Places of lines, those close together as one."""
    long = sorted((rule for rule in rules if rule.length > 1.2 * height), key=lambda rule: rule.at)
    groups: list[list[Rule]] = []
    for rule in long:
        if groups and rule.at - groups[-1][-1].at < max(3.0, 0.45 * height):
            groups[-1].append(rule)
        else:
            groups.append([rule])
    return [sum([r.at * r.length for r in group]) / sum([r.length for r in group]) for group in groups]


def _with_ends(places: list[float], low: float, high: float, across: Sequence[Rule], height: float) -> list[float]:
    """The outer borders added where none is drawn beyond the words."""
    starts = [rule.start for rule in across if rule.length > 4 * height]
    ends = [rule.end for rule in across if rule.length > 4 * height]
    low, high = min([low, *starts]), max([high, *ends])
    places = list(places)
    if not places or places[0] > low + 0.7 * height:
        places.insert(0, low - 1)
    if places[-1] < high - 0.7 * height:
        places.append(high + 1)
    return places


def _with_real(lattice: _Lattice, rules: Rules, words: Sequence[Token], height: float) -> _Lattice:
    """Upright borders without those that close no cell, or run through words: long strokes of letters."""
    outer = lattice.xs[0], lattice.xs[-1]
    kept = [outer[0]]
    for border, x in enumerate(lattice.xs[1:-1], 1):
        bands = [band for band, closed in zip(pairwise(lattice.ys), lattice.upright[:, border], strict=True) if closed]
        near = [word.middle for word in words if _cut(word, x, height)]
        cut = sum(any(low < middle < high for middle in near) for low, high in bands)
        if bands and cut <= 0.3 * len(bands):
            kept.append(x)
    kept.append(outer[1])
    return lattice if len(kept) == len(lattice.xs) else _lattice(kept, lattice.ys, rules)


def _lattice(xs: list[float], ys: list[float], rules: Rules) -> _Lattice:
    upright = np.zeros((len(ys) - 1, len(xs)), bool)
    level = np.zeros((len(ys), len(xs) - 1), bool)
    for border in range(len(xs)):
        upright[:, border] = _drawn(_near(rules.vertical, xs, border), ys)
    for border in range(len(ys)):
        level[border] = _drawn(_near(rules.horizontal, ys, border), xs)
    upright[:, [0, -1]] = True
    level[[0, -1], :] = True
    return _Lattice(xs, ys, upright, level, np.tile(np.array(xs), (len(ys) - 1, 1)))


def _near(rules: Sequence[Rule], places: Sequence[float], number: int) -> list[Rule]:
    """The lines that count as a border's own: less than halfway to the next."""
    gaps = [abs(places[other] - places[number]) for other in (number - 1, number + 1) if 0 <= other < len(places)]
    reach = min(8.0, 0.45 * min(gaps))
    return [rule for rule in rules if abs(rule.at - places[number]) <= reach]


def _drawn(rules: Sequence[Rule], corners: Sequence[float]) -> list[bool]:
    """Whether these lines run along most of each side between two corners."""
    found = []
    for start, end in pairwise(corners):
        parts = sorted([(max(rule.start, start), min(rule.end, end)) for rule in rules])
        covered, last = 0.0, start
        for low, high in parts:
            covered += max(0.0, high - max(low, last))
            last = max(last, high)
        found.append(covered > _COVERED * (end - start))
    return found


def _drawn_share(lattice: _Lattice, words: Sequence[Token]) -> float:
    """Share of the inner sides of places with text that are drawn."""
    drawn = total = 0
    rows, columns = len(lattice.ys) - 1, len(lattice.xs) - 1
    places = {(sum(w.middle >= y for y in lattice.ys[1:-1]), sum(w.axis >= x for x in lattice.xs[1:-1])) for w in words}
    for row, column in places:
        for border in (column, column + 1):
            if 0 < border < columns:
                drawn, total = drawn + int(lattice.upright[row, border]), total + 1
        for border in (row, row + 1):
            if 0 < border < rows:
                drawn, total = drawn + int(lattice.level[border, column]), total + 1
    return drawn / total if total else 0.0


# --- lines that were left out -------------------------------------------------------------------------------------


def _divided(lattice: _Lattice, words: Sequence[Token], rules: Rules, height: float) -> _Lattice:
    """Rows between two drawn lines divided where the text shows several rows."""
    cuts: list[float] = []
    entries = [
        CellLine.over(line, column, column)
        for column, (left, right) in enumerate(pairwise(lattice.xs))
        for line in text_lines([word for word in words if left <= word.axis < right])
    ]
    measures = measured(entries, height, len(lattice.xs) - 1, lattice.ys[1])
    measures = replace(measures, widths=tuple((a + 0.3 * height, b - 0.3 * height) for a, b in pairwise(lattice.xs)))
    single = _single_lines(lattice, words)
    for top, bottom in pairwise(lattice.ys):
        inside = [entry for entry in entries if top <= entry.middle < bottom]
        rows = into_rows(inside, measures, rules.horizontal, [-1.0] if single else [])
        for above, below in pairwise(rows):
            cuts.append((max(e.bottom for e in above) + min(e.top for e in below)) / 2)
    if not cuts:
        return lattice
    ys = sorted([*lattice.ys, *cuts])
    source = [sum(y >= border for border in lattice.ys[1:-1]) for y in ys[:-1]]
    level = np.ones((len(ys), len(lattice.xs) - 1), bool)
    for border, y in enumerate(ys):
        if y in lattice.ys:
            level[border] = lattice.level[lattice.ys.index(y)]
    return _Lattice(lattice.xs, ys, lattice.upright[source], level, lattice.at[source])


def _rows_are_drawn(lattice: _Lattice, words: Sequence[Token]) -> bool:
    """Whether each cell is closed, whatever stands in it: lists, paragraphs. Numbers below each other are rows."""
    filled = 0
    for top, bottom in pairwise(lattice.ys):
        inside = [word for word in words if top <= word.middle < bottom]
        filled += bool(inside)
        for left, right in pairwise(lattice.xs):
            lines = text_lines([word for word in inside if left <= word.axis < right])
            if sum(is_number(" ".join(word.text for word in line)) for line in lines) > 1:
                return False
    return filled > 2


def _single_lines(lattice: _Lattice, words: Sequence[Token]) -> bool:
    """Whether the drawn lines divide the table into rows already: several, and few lines of text in each."""
    counts = [
        len(text_lines([word for word in words if top <= word.middle < bottom])) for top, bottom in pairwise(lattice.ys)
    ]
    counts = [count for count in counts if count]
    return len(counts) >= 3 and statistics.median(counts) <= 3


def _continue_columns(lattice: _Lattice, words: Sequence[Token], height: float) -> None:
    """Column lines carried on through rows that leave them free."""
    rows = len(lattice.ys) - 1
    by_row = [[word for word in words if top <= word.middle < bottom] for top, bottom in pairwise(lattice.ys)]
    for border in range(1, len(lattice.xs) - 1):
        for first, last in _runs(~lattice.upright[:, border]):
            if last - first < 3 and last - first < 0.4 * rows:
                continue
            inside = [word for row in by_row[first:last] for word in row]
            place = _clear_place(inside, lattice.xs, border, height)
            free = [not any(_cut(word, place, height) for word in by_row[row]) for row in range(first, last)]
            both = [
                any(w.axis < place for w in by_row[row]) and any(w.axis > place for w in by_row[row])
                for row in range(first, last)
            ]
            if sum(free) < 0.7 * len(free) or sum(both) < 0.6 * sum(bool(row) for row in by_row[first:last]):
                continue
            for row, is_free in zip(range(first, last), free, strict=True):
                lattice.upright[row, border] = is_free
                lattice.at[row, border] = place


def _cut(word: Token, x: float, height: float) -> bool:
    return word.left + 0.2 * height < x < word.right - 0.2 * height


def _runs(mask: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(np.int8)))
    yield from ((int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True))


def _clear_place(words: Sequence[Token], xs: Sequence[float], border: int, height: float) -> float:
    """Near a border, where it cuts the fewest words."""
    x = xs[border]
    low, high = (xs[border - 1] + 2 * x) / 3, (xs[border + 1] + 2 * x) / 3
    places = np.linspace(max(low, x - 6 * height), min(high, x + 6 * height), 81)
    lefts, rights = np.array([w.left for w in words]), np.array([w.right for w in words])
    cut = np.minimum(places[:, None] - lefts, rights - places[:, None]).clip(0).sum(axis=1) if len(words) else 0.0
    return float(places[np.argmin(cut + 0.05 * np.abs(places - x))])


# --- cells -------------------------------------------------------------------------------------------------------


def _assembled(lattice: _Lattice, words: Sequence[Token], drawn: float) -> FilledGrid:
    """Places without a side between them made one, in rectangles; words put in by their middle."""
    rows, columns = len(lattice.ys) - 1, len(lattice.xs) - 1
    owner: dict[tuple[int, int], Slot] = {}
    merged = []
    for row in range(rows):
        for column in range(columns):
            if (row, column) in owner:
                continue
            slot = _rectangle(lattice, row, column, owner)
            for down in range(slot.rows):
                for across in range(slot.columns):
                    owner[row + down, column + across] = slot
            if slot.rows * slot.columns > 1:
                merged.append(slot)
    cells: dict[Slot, list[Token]] = {}
    for word in words:
        row = sum(word.middle >= y for y in lattice.ys[1:-1])
        column = sum(word.axis >= x for x in lattice.at[row, 1:-1])
        cells.setdefault(owner[row, column], []).append(word)
    return FilledGrid(Grid(tuple(lattice.xs), tuple(lattice.ys), tuple(merged)), cells, drawn)


def _rectangle(lattice: _Lattice, row: int, column: int, owner: dict[tuple[int, int], Slot]) -> Slot:
    """The largest open area from a place to the right, then down."""
    rows, columns = len(lattice.ys) - 1, len(lattice.xs) - 1
    wide = 1
    while column + wide < columns and not lattice.upright[row, column + wide] and (row, column + wide) not in owner:
        wide += 1
    high = 1
    while row + high < rows:
        under = range(column, column + wide)
        if lattice.level[row + high, column : column + wide].any():
            break
        if any((row + high, c) in owner for c in under):
            break
        if any(lattice.upright[row + high, c] for c in range(column + 1, column + wide)):
            break
        high += 1
    return Slot(row, column, high, wide)
