"""Displayed formulas: lines set apart from their column that signs, or the layout network, say are no prose.

A formula comes as pieces (a fraction is two or three lines, a sum's limits are lines of their own) that no rule of
spacing holds together; so formulas are gathered before paragraphs are, from a sure piece outwards.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from octavo.frozen import frozen
from octavo.layout.hints import Hint, HintKind, Hints
from octavo.layout.lines import Line
from octavo.layout.side_by_side import in_rows
from octavo.wording.formulas import is_formula_number, mathematical

_LONG: Final = 10.0  # sizes of type from which a line shows where its column begins and ends
_NEAR: Final = 25.0  # sizes of type up and down a column is looked for
_SHARED: Final = 0.2  # share of the lower one's height that pieces of a formula share where they stand side by side
_NOTED: Final = 0.5  # share of a line's width in fonts for formulas from which it is one; in prose it is 0.1 to 0.3
_NEXT_LINE: Final = 0.9  # sizes of type from one line of a formula to the next: amsmath sets 0.5 to 0.8
_SEEN: Final = 0.55  # score from which the network's word counts for a line that is set apart
_SEEN_AGAIN: Final = 0.12  # the same on a page with a formula it is sure of: where one is, there are more


_Edges = tuple[float, float]  # left and right of a column


@frozen
class DisplayFormula:
    """A displayed formula and the number beside it."""

    lines: tuple[Line, ...]
    number: Line | None = None
    reason: str = ""  # for people: what it rests on


def find_formulas(lines: Sequence[Line], hints: Sequence[Hint], size: float) -> list[DisplayFormula]:
    """The formulas among the lines, top to bottom; no line is in two of them."""
    network = Hints(hints)
    sure = any(hint.kind is HintKind.EQUATION and hint.score > 0.5 for hint in hints)
    least = _SEEN_AGAIN if sure else _SEEN
    likely = [index for index, line in enumerate(lines) if _likely(line, network, least)]
    if not likely:
        return []
    columns = _columns(lines, size)
    apart = _apart(lines, columns, network, size)
    seeds = [index for index in likely if apart[index]]
    free = {index for index, line in enumerate(lines) if apart[index] and not _is_prose(line)}
    formulas: list[DisplayFormula] = []
    for seed in seeds:
        if seed not in free:
            continue
        group = _gathered(lines, columns, seed, free, size)
        group |= _numbers_beside(lines, group, free)
        free -= group
        numbers = [index for index in group if _is_number(lines[index], columns[index], lines, group, size)]
        body = [lines[index] for index in sorted(group) if index not in numbers]
        if not body:
            continue
        formulas += _by_number(body, [lines[index] for index in numbers], _reason(lines[seed], network))
    return sorted(formulas, key=lambda formula: min(line.top for line in formula.lines))


def _columns(lines: Sequence[Line], size: float) -> list[_Edges | None]:
    """For each line the left and right edge of the column it stands in, as the long lines around it tell."""
    long = [(line.left, line.right, line.middle) for line in lines if line.width > _LONG * size]
    lefts, rights, middles = np.array(long).reshape(-1, 3).T
    columns: list[_Edges | None] = []
    for line in lines:
        shared = np.minimum(rights, line.right) - np.maximum(lefts, line.left)
        near = (np.abs(middles - line.middle) < _NEAR * size) & (shared > 0.5 * line.width)
        several = np.count_nonzero(near) > 1
        columns.append((_median(lefts[near]), _median(rights[near])) if several else None)
    return columns


def _median(places: NDArray[np.float64]) -> float:
    ordered, half = np.sort(places), len(places) // 2
    return float(ordered[half] + ordered[-half - 1]) / 2


def _apart(lines: Sequence[Line], columns: Sequence[_Edges | None], network: Hints, size: float) -> list[bool]:
    """For each line, whether its row is set apart from its column: indented, and not as wide."""
    place = {id(line): index for index, line in enumerate(lines)}
    apart = [False] * len(lines)
    for row in in_rows(lines):
        members = [place[id(line)] for line in row.lines]
        column = columns[max(members, key=lambda index: lines[index].width)]
        if column is None:
            alone = row.width < 2 * _LONG * size
        else:
            share = row.width / max(1.0, column[1] - column[0])
            alone = (row.left > column[0] + 0.5 * size and share < 0.9) or (
                share < 0.5 and network.best(row, HintKind.EQUATION) > 0.5
            )
        for index in members:
            apart[index] = alone
    return apart


def _likely(line: Line, network: Hints, least: float) -> bool:
    if line.text:
        if is_formula_number(line.text):
            return False
        if line.source.notation > _NOTED or mathematical(line.text):
            return True
    formula = network.best(line, HintKind.EQUATION)
    other = max(network.best(line, HintKind.TITLE), 0.35 * network.best(line, HintKind.TEXT))
    return formula > max(least, other) and not _is_prose(line)


def _is_prose(line: Line) -> bool:
    return len(line.text) > 12 and line.source.notation < _NOTED and not mathematical(line.text, most_words=0.6)


def _same_column(one: _Edges | None, other: _Edges | None, size: float) -> bool:
    if one is None or other is None:
        return False
    return abs(one[0] - other[0]) < 3 * size and abs(one[1] - other[1]) < 3 * size


def _gathered(
    lines: Sequence[Line], columns: Sequence[_Edges | None], seed: int, free: set[int], size: float
) -> set[int]:
    """The pieces that hang together with a sure one: beside it, or close above or below."""
    group, fresh = {seed}, [seed]
    while fresh:
        place = fresh.pop()
        one, column = lines[place], columns[place]
        for index in free - group:
            other = lines[index]
            drop = -one.overlap_y(other)
            if drop >= _NEXT_LINE * size:
                continue  # most
            reach = 20 * size if _same_column(column, columns[index], size) else 3 * size
            gap = -one.overlap_x(other)
            beside = drop < -_SHARED * min(one.height, other.height)
            noted = min(one.source.notation, other.source.notation) > _NOTED
            if (beside and gap < reach) or (drop < (_NEXT_LINE if noted else 0.45) * size and gap < 0):
                group.add(index)
                fresh.append(index)
    return group


def _numbers_beside(lines: Sequence[Line], group: set[int], free: set[int]) -> set[int]:
    """Numbers at the margin, however far: level with a line of the formula, and nothing between the two."""
    found: set[int] = set()
    for index in free - group:
        number = lines[index]
        if not is_formula_number(number.text):
            continue
        beside = (other for place, other in enumerate(lines) if place != index and other.top < number.bottom)
        level = [other for other in beside if number.overlap_y(other) > 0.4 * min(number.height, other.height)]
        nearest = min(level, key=lambda other: -number.overlap_x(other), default=None)
        if nearest is not None and any(lines[place] is nearest for place in group):
            found.add(index)
    return found


def _is_number(line: Line, column: _Edges | None, lines: Sequence[Line], group: set[int], size: float) -> bool:
    """Whether a piece is the number at the margin."""
    if line.text:
        return is_formula_number(line.text)
    level = [
        other
        for other in (lines[index] for index in group)
        if other is not line and other.overlap_y(line) > 0.4 * min(other.height, line.height)
    ]
    if not level or line.width > 8 * size or line.right < (column[1] if column else line.right) - 1.5 * size:
        return False
    return all(line.left - other.right > 1.5 * size for other in level)


def _reason(seed: Line, network: Hints) -> str:
    if seed.source.notation > _NOTED:
        return f"formula: {seed.source.notation:.0%} of it is set in fonts for formulas, apart from the column"
    if mathematical(seed.text):
        return f"formula: {seed.text.strip()!r} has its signs and is set apart from the column"
    score = network.best(seed, HintKind.EQUATION)
    return f"formula: the network says so ({score:.2f}) of a line that is set apart from the column"


def _by_number(body: Sequence[Line], numbers: Sequence[Line], reason: str) -> list[DisplayFormula]:
    """One formula, or as many as there are numbers beside it."""
    if len(numbers) < 2:
        return [DisplayFormula(tuple(body), numbers[0] if numbers else None, reason)]
    parts: dict[int, list[Line]] = {index: [] for index in range(len(numbers))}
    for line in body:
        nearest = min(range(len(numbers)), key=lambda index: abs(numbers[index].middle - line.middle))
        parts[nearest].append(line)
    return [DisplayFormula(tuple(part), numbers[index], reason) for index, part in parts.items() if part]
