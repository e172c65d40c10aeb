"""Which rows at the top of a table are the heads of its columns.

Only what shows is called a head: rows of words above figures, rows in bold above others, rows that alone have a line
below. Where nothing tells, a table has none, for its first row may as well be its first entry (the rest of a table that
began on the page before, names with their values).
"""

import re
from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Final

from octavo.tables.grid import Grid, Slot, WordLines
from octavo.tables.rules import Rules
from octavo.tables.words import usual_height
from octavo.wording.numbers import is_number, is_year

_MOST: Final = 4  # rows of heads
_FIGURES: Final = 0.6  # of a column's entries below the heads that are figures, where these tell
_FEWEST_FIGURES: Final = 2  # of a column, to tell
_ACROSS: Final = 0.75  # of the width, from which on lines part rows
_NEAR: Final = 0.6  # heights of type that a line may lie off the border of a row

_FEWEST_BELOW: Final = 2  # rows below the only line: of two, each may be names with their values, but for figures

_PRICE: Final = re.compile(r"[$€£¥]\s?\d")  # "$9,594 or less"

_Cells = Mapping[Slot, WordLines]


def head_rows(grid: Grid, cells: _Cells, rules: Rules) -> int:
    """How many rows at the top are heads; 0 where nothing tells."""
    count, columns = grid.shape
    if count < 2 or columns < 2 or not cells:
        return 0
    rows: list[dict[Slot, WordLines]] = [{} for _ in range(count)]
    for slot, lines in cells.items():
        rows[slot.row][slot] = lines
    found = _in_bold(rows) or _above_figures(rows, columns) or _alone_ruled(grid, cells, rules)
    found = max([found, *(slot.row + slot.rows for slot in cells if slot.row < found)])  # a head over two rows
    while found > 1 and _names_group(rows[found - 1], columns):
        found -= 1
    told = found < count and found <= _MOST and sum(slot.columns for slot in rows[0]) > 1
    return found if told else 0


def _in_bold(rows: Sequence[_Cells]) -> int:
    """Rows at the top that are all bold, where most rows below are not even in part."""
    bold = [[[word.bold for line in own for word in line] for own in row.values()] for row in rows]
    top = len(list(takewhile(lambda row: row and all(map(all, row)), bold)))
    below = bold[top:]
    light = sum(not any(map(any, row[1:])) for row in below if row)
    return top if below and 2 * light > len(below) else 0


def _above_figures(rows: Sequence[_Cells], columns: int) -> int:
    """Rows at the top without figures, where columns below are made of them."""
    figures = [[slot.column for slot, own in row.items() if slot.columns == 1 and _is_figure(own)] for row in rows]
    top = len(list(takewhile(lambda found: not found, figures)))
    for column in range(columns):
        entries = sum(any(slot.column == column and slot.columns == 1 for slot in row) for row in rows[top:])
        among = sum(column in found for found in figures[top:])
        headed = any(slot.column <= column < slot.column + slot.columns for row in rows[:top] for slot in row)
        if headed and among >= max(_FEWEST_FIGURES, _FIGURES * entries):
            return top
    return 0


def _is_figure(lines: WordLines) -> bool:
    text = " ".join([word.text for line in lines for word in line])
    return (is_number(text) and not is_year(text)) or _PRICE.match(text) is not None


def _alone_ruled(grid: Grid, cells: _Cells, rules: Rules) -> int:
    """The rows above the only line across the table, among those that are no edge of it."""
    height = usual_height([word for lines in cells.values() for line in lines for word in line])
    left, right = grid.columns[0], grid.columns[-1]

    def is_drawn(border: float) -> bool:
        shared = sum(
            max(0.0, min(rule.end, right) - max(rule.start, left))
            for rule in rules.horizontal
            if abs(rule.at - border) < _NEAR * height
        )
        return shared > _ACROSS * (right - left)

    drawn = [number for number, border in enumerate(grid.rows[1:-1], 1) if is_drawn(border)]
    if len(drawn) != 1 or drawn[0] > grid.shape[0] // 2:
        return 0
    if grid.shape[0] - drawn[0] >= _FEWEST_BELOW:
        return drawn[0]
    figures = [[_is_figure(lines) for slot, lines in cells.items() if slot.row == row] for row in range(grid.shape[0])]
    return drawn[0] if not any(figures[0]) and 2 * sum(figures[-1]) > len(figures[-1]) else 0


def _names_group(row: _Cells, columns: int) -> bool:
    """Whether a row has nothing but the name of those below it."""
    return len(row) == 1 and all(slot.column == 0 and slot.columns in (1, columns) for slot in row)
