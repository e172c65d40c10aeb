"""A table as the structure network sees it, laid over the words: its logical grid, our borders.

The network counts rows, columns and spans well, and places them roughly. Between the middles of two neighbouring
columns (or rows) the border is put where it cuts the fewest words.
"""

import statistics
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from octavo.networks.table_structure import SeenCell, SeenTable
from octavo.table_grid import Grid, Slot, without_overlaps
from octavo.table_words import Straightening, Token


def seen_grid(seen: SeenTable, words: Sequence[Token], straight: Straightening) -> Grid | None:
    """The network's grid; None where it saw no table, or columns and rows out of order."""
    cells = [_moved(cell, straight) for cell in seen.cells]
    merged = without_overlaps(
        (Slot(c.row, c.column, c.rows, c.columns) for c in cells if c.rows > 1 or c.columns > 1),
        seen.rows,
        seen.columns,
    )
    spans = {(slot.row, slot.column) for slot in merged}
    across = _bands([(c.column, c.columns, c.left, c.right) for c in cells], seen.columns)
    down = _bands([(c.row, c.rows, c.top, c.bottom) for c in cells], seen.rows)
    if across is None or down is None:
        return None
    wide = {id(word) for word in words for c in cells if (c.row, c.column) in spans and _holds(c, word)}
    single = [word for word in words if id(word) not in wide]
    columns = _borders(across, [(word.left, word.right) for word in single])
    rows = _borders(down, [(word.top, word.bottom) for word in words])
    return Grid(tuple(columns), tuple(rows), merged)


def _moved(cell: SeenCell, straight: Straightening) -> SeenCell:
    x, y = straight.point((cell.left + cell.right) / 2, (cell.top + cell.bottom) / 2)
    wide, high = (cell.right - cell.left) / 2, (cell.bottom - cell.top) / 2
    return SeenCell(cell.row, cell.column, cell.rows, cell.columns, x - wide, y - high, x + wide, y + high)


def _holds(cell: SeenCell, word: Token) -> bool:
    return cell.left <= word.center <= cell.right and cell.top <= word.middle <= cell.bottom


def _bands(cells: Sequence[tuple[int, int, float, float]], count: int) -> list[tuple[float, float]] | None:
    """Start and end of each column (or row) by its single cells (number, how many, start, end)."""
    found = []
    for number in range(count):
        own = [(start, end) for first, many, start, end in cells if first == number and many == 1]
        own = own or [(start, end) for first, many, start, end in cells if first <= number < first + many]
        if not own:
            return None
        found.append((statistics.median(s for s, _ in own), statistics.median(e for _, e in own)))
    middles = [(start + end) / 2 for start, end in found]
    return found if middles == sorted(middles) else None


def _borders(bands: Sequence[tuple[float, float]], words: Sequence[tuple[float, float]]) -> list[float]:
    """Borders between bands, where they cut the fewest words (start, end)."""
    starts = np.array([start for start, _ in words])
    ends = np.array([end for _, end in words])
    borders = [bands[0][0]]
    for (first, end), (start, last) in pairwise(bands):
        low, high = (first + end) / 2, (start + last) / 2
        places = np.linspace(low, high, 64)[1:-1]
        middle = min(high, max(low, (end + start) / 2))
        cut = np.minimum(places[:, None] - starts, ends - places[:, None]).clip(0).sum(axis=1) if len(words) else 0.0
        borders.append(float(places[np.argmin(cut + 0.02 * np.abs(places - middle))]))
    borders.append(bands[-1][1])
    return borders
