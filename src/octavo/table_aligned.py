"""A table without (enough) ruling lines, from the alignment of its words.

Columns come from the gaps that lines of text leave; then lines are put together into rows where one goes on in the
next. What decides is whether the first word of a line would have had room on the line before: then nobody would have
broken the line there, and it begins a row of its own.
"""

import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from octavo.rules import Rules
from octavo.table_columns import Piece, column_gaps, pieces
from octavo.table_grid import Grid, Slot, text_lines, without_overlaps
from octavo.table_words import Token, usual_height

_NUMBER = re.compile(r"[\s\d.,:;%$€£¥+\-–—−±~<>≤≥=()\[\]/*†‡§#^'’\"]*(?:[A-Za-z]{0,2})?[\s\d.,%)\]*]*")
_OPEN_END = re.compile(r"([,;:(/&–-]|\b(?:and|or|of|the|in|for|to|with|by|from|on|at|per|und|der|die|et|de|la))$", re.I)


@dataclass(frozen=True, slots=True)
class Entry:
    """A piece of a line and the columns it takes."""

    piece: Piece
    first: int
    last: int

    @property
    def number(self) -> bool:
        return _is_number(self.piece.text)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text across the table."""

    entries: tuple[Entry, ...]
    top: float
    bottom: float

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2

    @property
    def columns(self) -> frozenset[int]:
        return frozenset(c for entry in self.entries for c in range(entry.first, entry.last + 1))

    def at(self, column: int) -> Entry | None:
        return next((entry for entry in self.entries if entry.first <= column <= entry.last), None)


@dataclass(frozen=True, slots=True)
class Aligned:
    """The grid, the words of its cells, and how well they agree."""

    grid: Grid
    cells: dict[Slot, list[Token]]
    confidence: float


def aligned(words: Sequence[Token], rules: Rules) -> Aligned | None:
    """The grid that the words' alignment shows; None where there are not two columns."""
    height = usual_height(words)
    lines = text_lines(words)
    borders = _borders(lines, rules, height)
    if len(borders) < 3:
        return None
    placed = [_placed(line, borders, height) for line in lines]
    shapes = _contents(placed, len(borders) - 1)
    head = _head_length(placed, rules, borders)
    placed = [
        _spanning(line, placed, number, shapes, rules) if number < head else line for number, line in enumerate(placed)
    ]
    groups = _rows(placed, shapes, rules, head, height)
    return _assembled(groups, borders, rules)


# --- columns -----------------------------------------------------------------------------------------------------


def _borders(lines: Sequence[Sequence[Token]], rules: Rules, height: float) -> list[float]:
    """Left edge, borders between columns, right edge."""
    words = [word for line in lines for word in line]
    left, right = min(word.left for word in words), max(word.right for word in words)
    top, bottom = min(word.top for word in words), max(word.bottom for word in words)
    drawn = [
        rule.at
        for rule in rules.vertical
        if rule.length > 0.5 * (bottom - top) and left + height / 2 < rule.at < right - height / 2
    ]
    inner = list(drawn)
    for start, end in column_gaps(lines, height):
        if not any(start - height / 2 < at < end + height / 2 for at in drawn):
            inner.append((start + end) / 2)
    return [left - 1, *sorted(inner), right + 1]


def _placed(line: Sequence[Token], borders: Sequence[float], height: float) -> Line:
    """A line cut into entries: at wide gaps, and at every border that lies between two of its words."""
    entries = []
    inner = borders[1:-1]
    for piece in pieces(line, 0.75 * height):
        for part in _cut_at(piece, inner, height):
            first = sum(part.left + min(0.6 * height, 0.4 * (part.right - part.left)) > border for border in inner)
            last = sum(part.right - min(0.6 * height, 0.4 * (part.right - part.left)) > border for border in inner)
            entries.append(Entry(part, first, max(first, last)))
    return Line(tuple(_apart(entries)), min(word.top for word in line), max(word.bottom for word in line))


def _cut_at(piece: Piece, borders: Sequence[float], height: float) -> list[Piece]:
    """A piece cut where a border runs through a gap between its words that is wider than its other gaps."""
    words = piece.words
    gaps = [after.left - before.right for before, after in pairwise(words)]
    usual = min(0.35 * height, statistics.median(gaps)) if len(gaps) > 2 else 0.3 * height
    cuts = [
        number
        for number, (before, after) in enumerate(pairwise(words), 1)
        if gaps[number - 1] > 1.35 * usual
        and any(
            before.center < border < after.center and before.right - 0.3 * height < border < after.left + 0.3 * height
            for border in borders
        )
    ]
    return [Piece(words[start:end]) for start, end in zip([0, *cuts], [*cuts, len(words)], strict=True)]


def _apart(entries: Sequence[Entry]) -> list[Entry]:
    """Entries of one line that claim the same column: joined where they begin in it, cut back where they only reach it."""
    kept: list[Entry] = []
    for entry in entries:
        if kept and kept[-1].last >= entry.first:
            before = kept[-1]
            if before.first < entry.first:
                kept[-1] = replace(before, last=entry.first - 1)
            else:
                kept[-1] = Entry(
                    Piece((*before.piece.words, *entry.piece.words)), before.first, max(before.last, entry.last)
                )
                continue
        kept.append(entry)
    return kept


def _contents(lines: Sequence[Line], columns: int) -> list[tuple[float, float]]:
    """Left and right end of what stands in each column alone."""
    found = []
    for column in range(columns):
        own = [e.piece for line in lines for e in line.entries if e.first == e.last == column]
        if own:
            found.append((min(p.left for p in own), max(p.right for p in own)))
        else:
            found.append((0.0, 0.0))
    return found


# --- the head ----------------------------------------------------------------------------------------------------


def _head_length(lines: Sequence[Line], rules: Rules, borders: Sequence[float]) -> int:
    """How many lines at the top are headings: those above the first rule under text, or above the first numbers."""
    width = borders[-1] - borders[0]
    for number, line in enumerate(lines[:-1], 1):
        if any(
            line.middle < rule.at < lines[number].middle
            and _over(rule.start, rule.end, borders[0], borders[-1]) > 0.75 * width
            for rule in rules.horizontal
        ):
            if number <= max(6, len(lines) // 2):
                return number
            break
    for number, line in enumerate(lines):
        numbers = sum(entry.number and not _is_year(entry.piece.text) for entry in line.entries)
        if numbers >= max(1, 0.4 * len(line.entries)):
            return number
    return 1


def _spanning(
    line: Line, lines: Sequence[Line], number: int, shapes: Sequence[tuple[float, float]], rules: Rules
) -> Line:
    """A line of the head with its headings spread over the columns they stand above."""
    taken = line.columns
    below = [c for later in lines[number + 1 : number + 4] for c in later.columns]
    entries = list(line.entries)
    for place, entry in enumerate(entries):
        free_left, free_right = entry.first, entry.last
        while (
            free_left - 1 >= 0
            and free_left - 1 not in taken
            and (place == 0 or entries[place - 1].last < free_left - 1)
        ):
            free_left -= 1
        while free_right + 1 < len(shapes) and free_right + 1 not in taken:
            free_right += 1
        drawn = _drawn_span(entry, line, lines, number, shapes, rules)
        choices = [
            (first, last)
            for first in range(free_left, entry.first + 1)
            for last in range(entry.last, free_right + 1)
            if all(column in below for column in range(first, last + 1)) or (first, last) == (entry.first, entry.last)
        ]
        if drawn is not None and drawn in choices:
            entries[place] = replace(entry, first=drawn[0], last=drawn[1])
        elif len(choices) > 1:
            best = min(choices, key=lambda span: _off_center(entry.piece, shapes, *span) + 0.02 * (span[1] - span[0]))
            if (
                _off_center(entry.piece, shapes, *best) < 0.12
                and _off_center(entry.piece, shapes, entry.first, entry.last) > 0.3
            ):
                entries[place] = replace(entry, first=best[0], last=best[1])
        taken = taken | set(range(entries[place].first, entries[place].last + 1))
    return replace(line, entries=tuple(entries))


def _off_center(piece: Piece, shapes: Sequence[tuple[float, float]], first: int, last: int) -> float:
    """How far from the middle of these columns it stands, in widths of the piece or the columns."""
    left, right = shapes[first][0], shapes[last][1]
    return abs(piece.center - (left + right) / 2) / max(1.0, right - left)


def _drawn_span(
    entry: Entry, line: Line, lines: Sequence[Line], number: int, shapes: Sequence[tuple[float, float]], rules: Rules
) -> tuple[int, int] | None:
    """Columns over which a rule is drawn right under a heading, and under nothing else of its line."""
    if number + 1 >= len(lines):
        return None
    for rule in rules.horizontal:
        if not line.middle < rule.at < lines[number + 1].middle:
            continue
        if not rule.start - 2 < entry.piece.center < rule.end + 2:
            continue
        if any(rule.start < other.piece.center < rule.end for other in line.entries if other is not entry):
            continue
        under = [c for c, (left, right) in enumerate(shapes) if rule.start < (left + right) / 2 < rule.end]
        if under and entry.first in range(under[0], under[-1] + 1):
            return under[0], under[-1]
    return None


# --- rows --------------------------------------------------------------------------------------------------------


def _rows(
    lines: Sequence[Line], shapes: Sequence[tuple[float, float]], rules: Rules, head: int, height: float
) -> list[list[Line]]:
    """Lines put together into rows."""
    full = statistics.median(len(line.columns) for line in lines)
    starts = [line for line in lines if len(line.columns) >= 0.7 * full]
    pitch = statistics.median(b.middle - a.middle for a, b in pairwise(starts)) if len(starts) > 1 else height
    groups: list[list[Line]] = []
    for number, line in enumerate(lines):
        if groups and not _ruled_between(groups[-1], line, rules):
            before = groups[-1]
            if number < head:
                join = _continues_heading(before, line, height)
            else:
                join = len(groups) > 0 and number != head and _continues(before, line, shapes, full, pitch, height)
            if join:
                before.append(line)
                continue
        groups.append([line])
    return groups


def lines_into_rows(
    lines: Sequence[Line],
    shapes: Sequence[tuple[float, float]],
    rules: Rules,
    height: float,
    *,
    apart: bool,
    head: bool,
) -> list[list[Line]]:
    """The lines between two drawn rules put together into rows. `apart`: rules are not what divides this table."""
    if head and len(lines) < 6:
        return [list(lines)]
    groups = _rows(lines, shapes, rules, 0, height)
    several = [group for group in groups if len(group[0].columns) > 1]
    return groups if apart or len(several) > 1 else [list(lines)]


def _ruled_between(group: Sequence[Line], line: Line, rules: Rules) -> bool:
    """Whether a rule separates them: one that lies over everything the new line holds."""
    above = max(one.middle for one in group)
    return any(
        above < rule.at < line.middle
        and all(
            _over(rule.start, rule.end, e.piece.left, e.piece.right) > 0.6 * (e.piece.right - e.piece.left)
            for e in line.entries
        )
        for rule in rules.horizontal
    )


def _continues_heading(group: Sequence[Line], line: Line, height: float) -> bool:
    """Headings of several lines stand close, and none of them spans columns that have headings of their own."""
    before = group[-1]
    if line.top - before.bottom > 0.6 * height:
        return False
    for entry in line.entries:
        above = [e for one in group for e in one.entries if e.first <= entry.last and entry.first <= e.last]
        if any((e.first, e.last) != (entry.first, entry.last) for e in above):
            return False
    spans = {e.first for one in group for e in one.entries if e.last > e.first}
    fresh = line.columns - frozenset(c for one in group for c in one.columns)
    return not (spans and fresh)


def _continues(
    group: Sequence[Line], line: Line, shapes: Sequence[tuple[float, float]], full: float, pitch: float, height: float
) -> bool:
    """Whether a line of the body goes on with what the row above it began."""
    before = group[-1]
    taken = frozenset(c for one in group for c in one.columns)
    if line.top < before.bottom - 0.4 * height:  # half a line lower: beside it, not under it
        return not line.columns & before.columns
    step = line.middle - before.middle
    forward = not line.columns <= taken
    if forward and not before.columns < line.columns:
        return False
    score = 0.0
    for entry in line.entries:
        above = next((e for one in reversed(group) for e in one.entries if e.first == entry.first), None)
        if above is None:
            continue
        if entry.number or above.number:
            return False
        score += 2.0 if not _had_room(above, entry, shapes, height) else -1.5
        score += 1.0 if entry.piece.text[:1].islower() else 0.0
        score += 1.0 if _OPEN_END.search(above.piece.text) else 0.0
    score += 1.5 if step < 0.85 * pitch else -2.0 if step > 1.25 * pitch else 0.0
    score -= 1.0 if 0 in line.columns else -0.5
    score += 1.0 if len(line.columns) <= 0.34 * full else 0.0
    score -= 2.0 if len(line.columns) >= max(2.0, full) else 0.0
    return score > (2.0 if forward else 0.0)


def _had_room(above: Entry, entry: Entry, shapes: Sequence[tuple[float, float]], height: float) -> bool:
    """Whether the line's first word would have fitted behind the line above."""
    right = max(shapes[above.last][1], above.piece.right, entry.piece.right)
    first = entry.piece.words[0]
    return above.piece.right + 0.3 * height + (first.right - first.left) < right - 0.1 * height


def _assembled(groups: Sequence[Sequence[Line]], borders: Sequence[float], rules: Rules) -> Aligned:
    """Rows and columns as a grid with its words."""
    tops = [min(line.top for line in group) for group in groups]
    bottoms = [max(line.bottom for line in group) for group in groups]
    rows = [tops[0] - 1, *((low + high) / 2 for low, high in zip(bottoms, tops[1:], strict=False)), bottoms[-1] + 1]
    spans: list[Slot] = []
    for number, group in enumerate(groups):
        entries = [entry for line in group for entry in line.entries]
        spans += [Slot(number, e.first, 1, e.last - e.first + 1) for e in entries if e.last > e.first]
    merged = without_overlaps(sorted(spans, key=lambda slot: (slot.row, -slot.columns)), len(groups), len(borders) - 1)
    owners = {(s.row, s.column + across): s for s in merged for across in range(s.columns)}
    cells: dict[Slot, list[Token]] = {}
    for number, group in enumerate(groups):
        for line in group:
            for entry in line.entries:
                slot = owners.get((number, entry.first), Slot(number, entry.first))
                cells.setdefault(slot, []).extend(entry.piece.words)
    return Aligned(Grid(tuple(borders), tuple(rows), merged), cells, 0.5)


def _over(start: float, end: float, left: float, right: float) -> float:
    return min(end, right) - max(start, left)


def _is_number(text: str) -> bool:
    return any(character.isdigit() or character in "-–—−" for character in text) and _NUMBER.fullmatch(text) is not None


def _is_year(text: str) -> bool:
    return re.fullmatch(r"(19|20)\d\d([/–-]\d{2,4})?", text.strip()) is not None
