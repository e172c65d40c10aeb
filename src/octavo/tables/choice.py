"""Which reading of a table to believe, where rules, alignment and the network say different things."""

from collections.abc import Container, Sequence
from typing import Final

from octavo.geometry import union
from octavo.tables.by_network import NetworkGrid
from octavo.tables.by_words import FilledGrid, in_columns
from octavo.tables.grid import Grid, Slot, filled, without_overlaps
from octavo.tables.rules import Rules
from octavo.tables.words import Token
from octavo.wording.numbers import is_number

_MOSTLY_DRAWN: Final = 0.5  # share of the sides of cells that are ruling lines, from which on these come first
_NOTHING: Final = 0.01  # contradictions per line up to which nothing speaks against a reading
_CLEARLY: Final = 0.025  # contradictions per line by which a reading must be better than one that is more often right


def is_sure(alone: FilledGrid | None, lattice: FilledGrid | None, rules: Rules) -> bool:
    """Whether a network has nothing to add to what alignment says of words that are known.

    Nothing speaks against it, drawn lines do not say otherwise, and no cell can be one over several places: lines part
    most of them, or each place has its words, or what stands beside an empty one stands in the middle of its own. Rules
    through words are left out: no grid mends them. Of 27 tables of the tuning sets and samples that a network could be
    asked about 10 are so, and it changed none of them; of the 17 others it changed 11.
    """
    if alone is None or (lattice is not None and lattice.grid.shape != alone.grid.shape):
        return False
    if alone.fit.misfit(Rules(rules.size)) >= _NOTHING:
        return False
    if lattice is not None and lattice.drawn > _MOSTLY_DRAWN and lattice.fit.misfit(rules) < _NOTHING:
        return True  # its lines say which cells are one
    if alone.grid.merged:
        return False
    taken = {(slot.row, slot.column) for slot in alone.cells}
    return not any(_may_span(slot, alone, taken) for slot in alone.cells)


def _may_span(slot: Slot, laid: FilledGrid, taken: Container[tuple[int, int]]) -> bool:
    """Whether what stands in one place may be a cell over it and empty ones beside, above or below. A number that
    belongs to several is printed in each."""
    columns, rows = laid.grid.columns, laid.grid.rows
    if is_number(" ".join([word.text for word in laid.cells[slot]])):
        return False
    left, right = (_empty_beside(slot, laid.grid.shape, taken, 0, step) for step in (-1, 1))
    if len(columns) > 2 and left + right == len(columns) - 2:
        return True
    above, below = (_empty_beside(slot, laid.grid.shape, taken, step, 0) for step in (-1, 1))
    if not left + right + above + below:
        return False
    x, y = union(laid.cells[slot]).center
    return _is_between(x, columns, slot.column, left, right, 0.2) or _is_between(y, rows, slot.row, above, below, 0.12)


def _empty_beside(slot: Slot, shape: tuple[int, int], taken: Container[tuple[int, int]], down: int, across: int) -> int:
    """How many empty places follow each other in that direction."""
    height, width = shape
    row, column, count = slot.row + down, slot.column + across, 0
    while 0 <= row < height and 0 <= column < width and (row, column) not in taken:
        row, column, count = row + down, column + across, count + 1
    return count


def _is_between(place: float, borders: Sequence[float], own: int, before: int, after: int, near: float) -> bool:
    """Whether it is nearer to the middle of several stretches, of which the own is one, than to that of its own."""
    least = min(near, _off(place, borders[own], borders[own + 1]))
    return any(
        _off(place, borders[first], borders[last + 1]) < least
        for first in range(own - before, own + 1)
        for last in range(own, own + after + 1)
        if last > first
    )


def chosen(
    words: Sequence[Token],
    rules: Rules,
    lattice: FilledGrid | None,
    alone: FilledGrid | None,
    seen: NetworkGrid | None,
) -> FilledGrid:
    """The reading with the fewest contradictions; of equals, the first of the network's, alignment's, the lattice's."""
    readings = []
    if seen is not None and len(seen.columns) > 1:
        laid = in_columns(words, seen.columns, rules, seen.rows)
        readings.append(_with_spans(laid, seen))
        if seen.rows:
            grid = Grid(seen.columns, seen.rows, seen.merged)
            readings.append(FilledGrid(grid, filled(grid, words)))
    readings += [reading for reading in (alone, lattice) if reading is not None]
    if not readings:
        return _single(words, rules)
    if lattice is not None and lattice.drawn > _MOSTLY_DRAWN and lattice.grid.shape == readings[0].grid.shape:
        readings.insert(0, readings.pop(readings.index(lattice)))
    best = readings[0]
    for reading in readings[1:]:
        if reading.fit.misfit(rules) < best.fit.misfit(rules) - _CLEARLY:
            best = reading
    return best


def _with_spans(laid: FilledGrid, seen: NetworkGrid) -> FilledGrid:
    """Cells that the network saw over several places, in a grid of as many rows, where the text stands so too."""
    if len(seen.rows) != len(laid.grid.rows):
        return laid
    merged = list(laid.grid.merged)
    for slot in seen.merged:
        held = [own for own in laid.cells if _covers(slot, own)]
        partly = [own for own in laid.grid.merged if _meets(slot, own) and not _covers(slot, own)]
        if len(held) == 1 and not partly and _stands_over(slot, held[0], laid):
            merged = [own for own in merged if not _covers(slot, own)] + [slot]
    spans = without_overlaps(merged, *laid.grid.shape)
    owners = {slot: span for span in spans for slot in laid.cells if _covers(span, slot)}
    cells = {owners.get(slot, slot): words for slot, words in laid.cells.items()}
    return FilledGrid(Grid(laid.grid.columns, laid.grid.rows, spans), cells)


def _stands_over(span: Slot, own: Slot, laid: FilledGrid) -> bool:
    """Whether a cell's text is nearer to the middle of the span than to that of its own place, or alone in its row."""
    words = laid.cells[own]
    columns, rows = laid.grid.columns, laid.grid.rows
    if span.rows == 1 and sum(slot.row == own.row for slot in laid.cells) == 1:
        return True
    x, y = union(words).center
    across = _off(x, columns[span.column], columns[span.column + span.columns])
    own_across = _off(x, columns[own.column], columns[own.column + own.columns])
    down = _off(y, rows[span.row], rows[span.row + span.rows])
    return (span.columns == own.columns or across < min(0.2, own_across)) and (span.rows == own.rows or down < 0.12)


def _off(place: float, start: float, end: float) -> float:
    """How far from the middle of a stretch, in its lengths."""
    return abs(place - (start + end) / 2) / max(1.0, end - start)


def _covers(outer: Slot, inner: Slot) -> bool:
    return (
        outer.row <= inner.row
        and outer.column <= inner.column
        and inner.row + inner.rows <= outer.row + outer.rows
        and inner.column + inner.columns <= outer.column + outer.columns
    )


def _meets(one: Slot, other: Slot) -> bool:
    return (
        one.row < other.row + other.rows
        and other.row < one.row + one.rows
        and one.column < other.column + other.columns
        and other.column < one.column + one.columns
    )


def _single(words: Sequence[Token], rules: Rules) -> FilledGrid:
    """Everything in one column, a line a row: nothing says that there are more."""
    left, right = min(word.left for word in words), max(word.right for word in words)
    return in_columns(words, (left - 1, right + 1), rules)
