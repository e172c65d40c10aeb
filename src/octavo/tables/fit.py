"""How badly a grid fits the words and rules of a table: what decides between two readings of it."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from octavo.frozen import frozen
from octavo.geometry import Rect, on_one_height, union
from octavo.tables.grid import Grid, Slot, text_lines
from octavo.tables.rules import Rules
from octavo.tables.words import Token, usual_height
from octavo.tables.wrapping import Side, Wrapping, wrapping
from octavo.wording.lists import is_enumerator
from octavo.wording.numbers import is_number


def misfit(grid: Grid, cells: dict[Slot, list[Token]], rules: Rules) -> float:
    """Contradictions per line of text: 0 is a grid that nothing speaks against."""
    words = [word for own in cells.values() for word in own]
    if not words:
        return 0.0
    height = usual_height(words)
    placed = {slot: text_lines(own) for slot, own in cells.items()}
    bands = _body(placed, height)
    table = wrapping(bands)
    count = sum(map(len, placed.values()))
    doubts = _against(table, bands, rules)
    for slot, lines in placed.items():
        doubts += sum(_hole(line, height) for line in lines)
        doubts += _stacked(
            grid, slot, lines, height, on_purpose=_on_purpose(table, slot) or _closed(grid, slot, rules, height)
        )
        doubts += _crossed_by_rules(lines, rules, height)
    doubts += _torn(grid, cells, height) + _parted(placed, height)
    return (doubts + 2.0 * _empty_bands(grid, cells)) / count


@frozen
class _Placed(Rect):
    """A line of a cell, and where that is in the grid."""

    first: int
    last: int
    number: bool
    text: str
    slot: Slot

    @classmethod
    def of(cls, line: Sequence[Token], slot: Slot) -> "_Placed":
        box = union(line)
        last = slot.column + slot.columns - 1
        text = _text(line)
        return cls(box.left, box.top, box.right, box.bottom, slot.column, last, is_number(text), text, slot)


_Lines = Mapping[Slot, Sequence[Sequence[Token]]]


def _body(placed: _Lines, height: float) -> list[list[_Placed]]:
    """What stands on one height, below the first row of the grid."""
    entries = [_Placed.of(line, slot) for slot, lines in placed.items() if slot.row for line in lines]
    return on_one_height(entries, 0.6 * height)


def _against(table: Wrapping, bands: Sequence[Sequence[_Placed]], rules: Rules) -> float:
    """Lines of one row that the grid parts, or the other way round; where a rule is drawn between two, it is right."""
    doubts = 0.0
    for above, below in pairwise(bands):
        top, bottom = min(entry.middle for entry in above), max(entry.middle for entry in below)
        if any(
            top < rule.at < bottom and any(rule.start < e.axis < rule.end for e in below) for rule in rules.horizontal
        ):
            continue
        tied = table.tie(above, below)
        if tied is not None and tied is not bool(_rows(above) & _rows(below)):
            doubts += 0.7
    return doubts


def _rows(band: Sequence[_Placed]) -> set[int]:
    """The rows that what stands on one height is in; a cell over several rows says nothing where another does."""
    single = {entry.slot.row for entry in band if entry.slot.rows == 1}
    return single or {entry.slot.row + down for entry in band for down in range(entry.slot.rows)}


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
    begin = 1 if len(line) > 1 and is_enumerator(line[0].text) else 0  # an entry of a list is set in from its mark
    gaps = (after.left - before.right for before, after in pairwise(line[begin:]))
    return sum(min(1.0, gap / height - 0.9) for gap in gaps if gap > 0.9 * height)


def _stacked(grid: Grid, slot: Slot, lines: Sequence[Sequence[Token]], height: float, *, on_purpose: bool) -> float:
    """Lines of one cell that would not have been broken there: two rows taken for one."""
    doubts = 0.0
    left, right = grid.columns[slot.column], grid.columns[slot.column + slot.columns]
    in_head = slot.row == 0
    for above, below in pairwise(lines):
        used = above[-1].right - above[0].left + 0.3 * height + below[0].right - below[0].left
        if is_number(_text(above)) and is_number(_text(below)):
            doubts += 0.3 if in_head else 1.0
        elif not on_purpose and used < right - left - 0.8 * height:
            doubts += 0.1 if in_head else 0.4
    return doubts


def _crossed_by_rules(lines: Sequence[Sequence[Token]], rules: Rules, height: float) -> float:
    """Ruling lines through the inside of a cell's text."""
    left, right = min(line[0].left for line in lines), max(line[-1].right for line in lines)
    top, bottom = min(line[0].middle for line in lines), max(line[0].middle for line in lines)
    across = any(
        top < r.at < bottom and min(r.end, right) - max(r.start, left) > 0.7 * (right - left) for r in rules.horizontal
    )
    down = any(
        left + height < r.at < right - height and r.start < top < r.end and r.length > 2 * height
        for r in rules.vertical
    )
    return float(across) + float(down)


def _torn(grid: Grid, cells: dict[Slot, list[Token]], height: float) -> float:
    """Words that stand together in different cells; words that reach far into a cell that is not theirs."""
    doubts = 0.0
    rows: dict[int, list[tuple[Token, Slot]]] = {}
    for slot, own in cells.items():
        low, high = grid.columns[slot.column], grid.columns[slot.column + slot.columns]
        for word in own:
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
            columns.setdefault(slot.column, []).extend((line[0].left, line[-1].right) for line in lines)
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


def _empty_bands(grid: Grid, cells: dict[Slot, list[Token]]) -> int:
    """Rows and columns with nothing of their own."""
    rows = {row for slot in cells for row in range(slot.row, slot.row + slot.rows)}
    columns = {slot.column for slot in cells if slot.columns == 1}
    return grid.shape[0] - len(rows) + max(0, grid.shape[1] - len(columns))


def _text(line: Sequence[Token]) -> str:
    return " ".join(word.text for word in line)
