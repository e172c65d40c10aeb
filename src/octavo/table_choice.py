"""Which reading of a table to believe, where rules, alignment and the network say different things."""

from collections.abc import Sequence

from octavo.rules import Rules
from octavo.table_aligned import Aligned, aligned, in_columns
from octavo.table_fit import misfit
from octavo.table_grid import Grid, Slot, filled, without_overlaps
from octavo.table_seen import Seen
from octavo.table_words import Token

_CLEARLY = 0.04  # contradictions per line by which a reading must be better to displace one that is more often right


def chosen(words: Sequence[Token], rules: Rules, lattice: Aligned | None, seen: Seen | None) -> Aligned:
    """The reading with the fewest contradictions; of equals, the first of the network's, alignment's, the lattice's."""
    readings = []
    if seen is not None and len(seen.columns) > 1:
        laid = in_columns(words, seen.columns, rules, seen.rows)
        readings.append(_with_spans(laid, seen))
        if seen.rows:
            grid = Grid(seen.columns, seen.rows, seen.merged)
            readings.append(Aligned(grid, filled(grid, words)))
    alone = aligned(words, rules)
    readings += [reading for reading in (alone, lattice) if reading is not None]
    if not readings:
        return _single(words, rules)
    best = readings[0]
    for reading in readings[1:]:
        if misfit(reading.grid, reading.cells, rules) < misfit(best.grid, best.cells, rules) - _CLEARLY:
            best = reading
    return best


def _with_spans(laid: Aligned, seen: Seen) -> Aligned:
    """Cells that the network saw over several places, in a grid of as many rows, where no two texts would meet."""
    if len(seen.rows) != len(laid.grid.rows):
        return laid
    merged = list(laid.grid.merged)
    for slot in seen.merged:
        held = [own for own in laid.cells if _covers(slot, own)]
        partly = [own for own in laid.grid.merged if _meets(slot, own) and not _covers(slot, own)]
        if len(held) == 1 and not partly:
            merged = [own for own in merged if not _covers(slot, own)] + [slot]
    spans = without_overlaps(merged, *laid.grid.shape)
    owners = {slot: span for span in spans for slot in laid.cells if _covers(span, slot)}
    cells = {owners.get(slot, slot): words for slot, words in laid.cells.items()}
    return Aligned(Grid(laid.grid.columns, laid.grid.rows, spans), cells)


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


def _single(words: Sequence[Token], rules: Rules) -> Aligned:
    """Everything in one column, a line a row: nothing says that there are more."""
    left, right = min(word.left for word in words), max(word.right for word in words)
    return in_columns(words, (left - 1, right + 1), rules)
