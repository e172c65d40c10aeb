"""Numbers of lines beside the text: of transcripts, pleadings, bills and listings, whose lines are cited by them.

They are no text of the lines they stand beside, and would part each sentence at each line's end.
"""

import statistics
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from octavo.layout.lines import Line

_FEWEST: Final = 8  # numbers that follow each other
_EDGE: Final = 0.6  # sizes of type: numbers end, or begin, on one edge
_EVEN: Final = 0.3  # of the usual distance from one to the next, that others may differ by: lists have no even one
_BESIDE: Final = 0.7  # share of them that have just one text beside them: rows of a table have several
_GO_ON: Final = 0.1  # share of these texts that begin with a small letter: entries of a list do not


def find_line_numbers(lines: Sequence[Line]) -> list[Line]:
    """The numbers, top to bottom; none where they count something else, as in a list or a table."""
    figures = sorted((line for line in lines if _is_number(line.text)), key=lambda line: line.middle)
    if len(figures) < _FEWEST:
        return []
    found: list[Line] = []
    for left in (False, True):
        for column in _columns(figures, left=left):
            for run in _counting(column):
                if len(run) > len(found) and _beside_text(run, lines):
                    found = run
    return found


def _is_number(text: str) -> bool:
    return len(text) <= 4 and text.isascii() and text.isdigit()


def _columns(figures: Sequence[Line], *, left: bool) -> list[list[Line]]:
    """Numbers on one edge, each top to bottom."""
    columns: list[list[Line]] = []
    for line in figures:
        edge = line.left if left else line.right
        for column in columns:
            if abs(edge - (column[0].left if left else column[0].right)) < _EDGE * line.size:
                column.append(line)
                break
        else:
            columns.append([line])
    return columns


def _counting(column: Sequence[Line]) -> list[list[Line]]:
    """Runs that go up by one and the same step, evenly spaced."""
    if len(column) < _FEWEST:
        return []
    steps = [int(below.text) - int(above.text) for above, below in pairwise(column)]
    rooms = [below.middle - above.middle for above, below in pairwise(column)]
    usual, room = statistics.mode(steps), statistics.median(rooms)
    runs = [[column[0]]]
    for line, step, distance in zip(column[1:], steps, rooms, strict=True):
        if usual < 1 or step != usual or abs(distance - room) > _EVEN * room:
            runs.append([])
        runs[-1].append(line)
    return [run for run in runs if len(run) >= _FEWEST]


def _beside_text(numbers: Sequence[Line], lines: Sequence[Line]) -> bool:
    """Whether what stands beside them is running text, on their right or left alone."""
    own = set(map(id, numbers))
    alone: list[Line] = []
    for number in numbers:
        level = [line for line in lines if id(line) not in own and abs(line.middle - number.middle) < 0.5 * number.size]
        if len(level) == 1:
            alone += level
    if len(alone) < _BESIDE * len(numbers):
        return False
    left, right = min(number.left for number in numbers), max(number.right for number in numbers)
    one_side = all(line.left > right for line in alone) or all(line.right < left for line in alone)
    return one_side and sum(line.text[:1].islower() for line in alone) >= _GO_ON * len(alone)
