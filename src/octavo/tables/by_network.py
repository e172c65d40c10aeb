"""A table as the structure network sees it, laid over the words: its logical grid, our borders.

The network counts columns, rows and spans well, and places them roughly. Between the middles of two neighbouring
columns (or rows) the border is put where it cuts the fewest words. In a long table it loses its way; what it says of
rows is then left out.
"""

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from octavo.frozen import frozen
from octavo.tables.grid import Slot, without_overlaps
from octavo.tables.structure import SeenCell, SeenTable
from octavo.tables.words import Straightening, Token


@frozen
class NetworkGrid:
    """Borders of columns, of rows where they hold, and the cells that take several places. Pixels, straight."""

    columns: tuple[float, ...]
    rows: tuple[float, ...]  # empty where the network lost its way
    merged: tuple[Slot, ...]


def grid_by_network(table: SeenTable, words: Sequence[Token], straight: Straightening) -> NetworkGrid | None:
    """The network's grid; None where it saw no table, or its columns are out of order."""
    widths = Counter(_widths(table))
    if not widths:
        return None
    columns = widths.most_common(1)[0][0]
    cells = [_moved(cell, straight) for cell in table.cells if cell.column + cell.columns <= columns]
    across = _bands([(c.column, c.columns, c.left, c.right) for c in cells], columns)
    if across is None:
        return None
    merged = without_overlaps(
        (Slot(c.row, c.column, c.rows, c.columns) for c in cells if c.rows > 1 or c.columns > 1), table.rows, columns
    )
    spans = {(slot.row, slot.column) for slot in merged if slot.columns > 1}
    wide = {id(word) for word in words for c in cells if (c.row, c.column) in spans and c.holds(word)}
    borders = _borders(across, [(word.left, word.right) for word in words if id(word) not in wide])
    down = _bands([(c.row, c.rows, c.top, c.bottom) for c in cells], table.rows)
    if down is None or not _reaches(down, words):
        return NetworkGrid(tuple(borders), (), ())
    rows = _borders(down, [(word.top, word.bottom) for word in words])
    return NetworkGrid(tuple(borders), tuple(rows), merged)


def _widths(table: SeenTable) -> list[int]:
    """How many columns each row covers, as far as its own cells tell."""
    widths = [0] * table.rows
    for cell in table.cells:
        for row in range(cell.row, min(table.rows, cell.row + cell.rows)):
            widths[row] = max(widths[row], cell.column + cell.columns)
    return [width for width in widths if width]


def _moved(cell: SeenCell, straight: Straightening) -> SeenCell:
    x, y = straight.point(*cell.center)
    wide, high = cell.width / 2, cell.height / 2
    return replace(cell, left=x - wide, top=y - high, right=x + wide, bottom=y + high)


def _reaches(bands: Sequence[tuple[float, float]], words: Sequence[Token]) -> bool:
    """Whether the last row comes down to the last words: a sequence that is too long is cut off."""
    last = max((word.middle for word in words), default=0.0)
    return bands[-1][1] > last - 1.5 * (bands[-1][1] - bands[0][0]) / len(bands)


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
