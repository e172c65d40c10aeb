"""How badly a grid fits the words and rules of a table: what decides between two readings of it."""

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise

from octavo.frozen import frozen
from octavo.geometry import Rect, on_one_height, union
from octavo.tables.grid import Grid, Slot, WordLines
from octavo.tables.rules import Rules
from octavo.tables.words import Token, usual_height
from octavo.tables.wrapping import Band, Side, Wrapping, wrapping
from octavo.wording.lists import is_enumerator
from octavo.wording.numbers import is_number


class Fit:
    """A grid with words in it, held against the rules of the table: most of what speaks against it does so whatever
    rules there are, and is found once."""

    def __init__(self, grid: Grid, cells: Mapping[Slot, WordLines]) -> None:
        self._grid = grid
        self._height = height = usual_height([word for lines in cells.values() for line in lines for word in line])
        self._cells = {slot: [_Placed.of(line, slot) for line in lines] for slot, lines in cells.items()}
        body = [line for slot, lines in self._cells.items() if slot.row for line in lines]
        bands = [Band.of(level) for level in on_one_height(body, 0.6 * height)]
        self._wrapping = wrapping(bands)
        self._contradicted = _contradicted(self._wrapping, bands)
        self._holes = {slot: sum(_hole(line.words, height) for line in lines) for slot, lines in self._cells.items()}
        self._torn = _torn(grid, cells, height) + _parted(self._cells, height)
        self._empty = _empty_bands(grid, cells)

    def misfit(self, rules: Rules) -> float:
        """Contradictions per line of text: 0 is a grid that nothing speaks against."""
        if not self._cells:
            return 0.0
        doubts = 0.0
        for above, below in self._contradicted:
            if not _is_drawn_between(above, below, rules):
                doubts += 0.7
        for slot, lines in self._cells.items():
            doubts += self._holes[slot]
            if len(lines) > 1:
                doubts += self._stacked(slot, lines, rules)
            doubts += _crossed_by_rules(lines, rules, self._height)
        doubts += self._torn
        return (doubts + 2.0 * self._empty) / sum(map(len, self._cells.values()))

    def _stacked(self, slot: Slot, lines: Sequence["_Placed"], rules: Rules) -> float:
        """Lines of one cell that would not have been broken there: two rows taken for one."""
        on_purpose = _on_purpose(self._wrapping, slot) or _closed(self._grid, slot, rules, self._height)
        return _stacked(self._grid, slot, lines, self._height, on_purpose=on_purpose)


@frozen
class _Placed(Rect):
    """A line of a cell, and where that is in the grid."""

    first: int
    last: int
    number: bool
    text: str
    slot: Slot
    words: Sequence[Token]

    @classmethod
    def of(cls, line: Sequence[Token], slot: Slot) -> "_Placed":
        box = union(line)
        last = slot.column + slot.columns - 1
        text = " ".join([word.text for word in line])
        return cls(box.left, box.top, box.right, box.bottom, slot.column, last, is_number(text), text, slot, line)


_Lines = Mapping[Slot, Sequence[_Placed]]
_Band = Band[_Placed]


def _contradicted(table: Wrapping, bands: Sequence[_Band]) -> list[tuple[_Band, _Band]]:
    """Lines of one row that the grid parts, or the other way round."""
    found = []
    for above, below in pairwise(bands):
        tied = table.tie(above, below)
        if tied is not None and tied is not bool(_rows(above.entries) & _rows(below.entries)):
            found.append((above, below))
    return found


def _is_drawn_between(above: _Band, below: _Band, rules: Rules) -> bool:
    """Whether a rule is drawn between two lines: then the grid is right."""
    top, bottom = min(entry.middle for entry in above.entries), max(entry.middle for entry in below.entries)
    return any(
        top < rule.at < bottom and any(rule.start < entry.axis < rule.end for entry in below.entries)
        for rule in rules.horizontal
    )


def _rows(level: Sequence[_Placed]) -> set[int]:
    """The rows that what stands on one height is in; a cell over several rows says nothing where another does."""
    single = {entry.slot.row for entry in level if entry.slot.rows == 1}
    return single or {entry.slot.row + down for entry in level for down in range(entry.slot.rows)}


def _on_purpose(table: Wrapping, slot: Slot) -> bool:
    """Whether lines are broken in this column wherever their author liked."""
    return slot.row > 0 and (table.other if slot.column else table.key) in (Side.ABOVE, Side.BELOW)


def _closed(grid: Grid, slot: Slot, rules: Rules, height: float) -> bool:
    """Whether lines are drawn above and below a cell, along most of it: they end its rows, not the words."""
    left, right = grid.columns[slot.column], grid.columns[slot.column + slot.columns]
    return all(
        sum(
            max(0.0, min(rule.end, right) - max(rule.start, left))
            for rule in rules.horizontal
            if abs(rule.at - y) < 0.4 * height
        )
        > 0.75 * (right - left)
        for y in (grid.rows[slot.row], grid.rows[slot.row + slot.rows])
    )


def _hole(line: Sequence[Token], height: float) -> float:
    """Gaps in a line that are too wide for a space: two cells taken for one."""
    if len(line) < 2:
        return 0.0
    begin = 1 if is_enumerator(line[0].text) else 0  # an entry of a list is set in from its mark
    gaps = [after.left - before.right for before, after in pairwise(line[begin:])]
    return sum(min(1.0, gap / height - 0.9) for gap in gaps if gap > 0.9 * height)


def _stacked(grid: Grid, slot: Slot, lines: Sequence[_Placed], height: float, *, on_purpose: bool) -> float:
    """Lines of one cell that would not have been broken there: two rows taken for one."""
    doubts = 0.0
    left, right = grid.columns[slot.column], grid.columns[slot.column + slot.columns]
    in_head = slot.row == 0
    for above, below in pairwise(lines):
        first = below.words[0]
        used = above.words[-1].right - above.words[0].left + 0.3 * height + first.right - first.left
        if above.number and below.number:
            doubts += 0.3 if in_head else 1.0
        elif not on_purpose and used < right - left - 0.8 * height:
            doubts += 0.1 if in_head else 0.4
    return doubts


def _crossed_by_rules(lines: Sequence[_Placed], rules: Rules, height: float) -> float:
    """Ruling lines through the inside of a cell's text."""
    if len(lines) < 2 and not rules.vertical:  # most
        return 0.0
    left, right = min([line.words[0].left for line in lines]), max([line.words[-1].right for line in lines])
    middles = [line.words[0].middle for line in lines]
    top, bottom = min(middles), max(middles)
    across = top < bottom and any(
        top < r.at < bottom and min(r.end, right) - max(r.start, left) > 0.7 * (right - left) for r in rules.horizontal
    )
    down = any(
        left + height < r.at < right - height and r.start < top < r.end and r.length > 2 * height
        for r in rules.vertical
    )
    return float(across) + float(down)


def _torn(grid: Grid, cells: Mapping[Slot, WordLines], height: float) -> float:
    """Words that stand together in different cells; words that reach far into a cell that is not theirs."""
    doubts = 0.0
    rows: dict[int, list[tuple[Token, Slot]]] = {}
    for slot, lines in cells.items():
        low, high = grid.columns[slot.column], grid.columns[slot.column + slot.columns]
        for word in (word for line in lines for word in line):
            rows.setdefault(word.line, []).append((word, slot))
            if slot.column and word.left < low - 0.6 * height:
                doubts += 0.5
            if slot.column + slot.columns < grid.shape[1] and word.right > high + 0.6 * height:
                doubts += 0.5
    for line in rows.values():
        ordered = sorted(line, key=lambda item: item[0].left)
        for (before, one), (after, other) in pairwise(ordered):
            if one != other and after.left - before.right < 0.35 * height:
                doubts += 0.7
    return doubts


def _parted(placed: _Lines, height: float) -> float:
    """Entries of a column that stand apart in two groups of several, with a lane between: two columns taken for one."""
    columns: dict[int, list[tuple[float, float]]] = {}
    for slot, lines in placed.items():
        if slot.columns == 1 and slot.row:
            columns.setdefault(slot.column, []).extend((line.words[0].left, line.words[-1].right) for line in lines)
    doubts = 0.0
    for entries in columns.values():
        entries.sort()
        right = float("-inf")
        for number, (left, end) in enumerate(entries):
            fewer = min(number, len(entries) - number)
            if left - right > 0.5 * height and fewer > 1:
                doubts += 0.5 * fewer
            right = max(right, end)
    return doubts


def _empty_bands(grid: Grid, cells: Collection[Slot]) -> int:
    """Rows and columns with nothing of their own."""
    rows = {row for slot in cells for row in range(slot.row, slot.row + slot.rows)}
    columns = {slot.column for slot in cells if slot.columns == 1}
    return grid.shape[0] - len(rows) + max(0, grid.shape[1] - len(columns))
