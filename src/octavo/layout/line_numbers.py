"""Numbers of lines beside the text: of transcripts, pleadings, bills and listings, whose lines are cited by them.

They are no text of the lines they stand beside, and would part each sentence at each line's end.
"""

import statistics
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from operator import attrgetter
from typing import Final

from octavo.content import Runs
from octavo.document import TextLine
from octavo.geometry import Box, Size
from octavo.layout.flow import MOST_LINES
from octavo.layout.gutters import on_one_edge, stretch_of
from octavo.layout.lines import Line, straightened
from octavo.wording.sentences import ends_sentence

_FEWEST: Final = 8  # numbers that follow each other
_EDGE: Final = 0.6  # sizes of type: numbers end, or begin, on one edge
_EVEN: Final = 0.3  # of the usual distance from one to the next, that others may differ by: lists have no even one
_MISSED: Final = 2  # of them side by side that stand in one line with their text
_BESIDE: Final = 0.7  # share of them that have just one text beside them: rows of a table have several
_SPEAKERS = ("Q", "A")  # that stand apart from what they say
_GO_ON: Final = 0.1  # share of these texts that end a sentence, and that go on with one: entries of a list do not


def find_line_numbers(lines: Sequence[Line]) -> list[Line]:
    """The numbers, top to bottom; none where they count something else, as in a list or a table."""
    figures = [line for line in lines if _is_number(line.text)]
    if len(figures) < _FEWEST:
        return []
    reach = _EDGE * statistics.median(line.size for line in figures)
    by_height = sorted(lines, key=lambda line: line.middle)
    runs = (
        run
        for edge in (attrgetter("right"), attrgetter("left"))
        for column in on_one_edge(figures, edge, reach)
        for run in _counting(column)
    )
    return max((run for run in runs if _beside_text(run, by_height)), key=len, default=[])


def with_numbers_apart(lines: Sequence[TextLine], page: Size, dpi: float) -> list[TextLine]:
    """The lines, those that begin with the number of their line as two: a space parts a number from its text. More
    lines than are held against each other stay as they are."""
    if len(lines) > MOST_LINES:
        return list(lines)
    apart = {id(line): parts for line in lines if (parts := _parted(line)) is not None}
    if len(apart) + sum(_is_number(line.text or "") for line in lines) < _FEWEST or not apart:
        return list(lines)
    every = [part for line in lines for part in apart.get(id(line), (line,))]
    numbers = {id(line.source) for line in find_line_numbers(straightened(every, page, dpi=dpi))}
    return [
        part
        for line in lines
        for part in (apart[id(line)] if id(line) in apart and id(apart[id(line)][0]) in numbers else (line,))
    ]


def _parted(line: TextLine) -> tuple[TextLine, TextLine] | None:
    """A number and the words after it; None where a line does not begin so, or is more than words."""
    if len(line.words) < 2 or line.formulas or not _is_number(line.words[0].text):
        return None
    number, *words = line.words
    text = line.text or ""
    rest = text.removeprefix(number.text).lstrip()
    if rest == text:
        return None
    runs = _without_first(line.runs, len(text) - len(rest))
    first, others = _places(line, number.box, Box.around(word.box for word in words))
    return (
        replace(first, text=number.text, words=(number,), runs=()),
        replace(others, text=rest, words=tuple(words), runs=runs),
    )


def _places(line: TextLine, number: Box, words: Box) -> tuple[TextLine, TextLine]:
    """The line twice, where its number and where its words stand; one of a picture may lean, and so do its parts."""
    if not line.quad or not line.box.width:
        return replace(line, box=number), replace(line, box=words)
    end, start = ((edge - line.box.left) / line.box.width for edge in (number.right, words.left))
    return stretch_of(line, 0.0, end), stretch_of(line, start, 1.0)


def _without_first(runs: Runs, characters: int) -> Runs:
    left = []
    for run in runs:
        kept = run.text[characters:]
        characters = max(0, characters - len(run.text))
        if kept:
            left.append(replace(run, text=kept))
    return tuple(left)


def _is_number(text: str) -> bool:
    return len(text) <= 4 and text.isascii() and text.isdigit()


def _counting(column: Sequence[Line]) -> list[list[Line]]:
    """Runs that go up by one and the same step, evenly spaced; a few may stand in one line with their text."""
    if len(column) < _FEWEST:
        return []
    steps = [int(below.text) - int(above.text) for above, below in pairwise(column)]
    rooms = [below.middle - above.middle for above, below in pairwise(column)]
    usual, room = statistics.mode(steps), statistics.median(rooms)
    runs = [[column[0]]]
    for line, step, distance in zip(column[1:], steps, rooms, strict=True):
        times = step / usual if usual > 0 else 0.0
        if times not in range(1, _MISSED + 2) or abs(distance - times * room) > _EVEN * room:
            runs.append([])
        runs[-1].append(line)
    return [run for run in runs if len(run) >= _FEWEST]


def _beside_text(numbers: Sequence[Line], by_height: Sequence[Line]) -> bool:
    """Whether what stands beside them is running text, on their right or left alone: some rows end sentences, and some
    begin with a small letter below one that ends none. Words that are counted do neither, or all the same."""
    own = set(map(id, numbers))
    middles = [line.middle for line in by_height]
    alone: list[Line] = []
    for number in numbers:
        reach = 0.5 * number.size
        level = by_height[bisect_left(middles, number.middle - reach) : bisect_right(middles, number.middle + reach)]
        texts = [line for line in level if id(line) not in own and line.text.rstrip(".:") not in _SPEAKERS]
        if len(texts) == 1:
            alone += texts
    if len(alone) < _BESIDE * len(numbers):
        return False
    left, right = min(number.left for number in numbers), max(number.right for number in numbers)
    one_side = all(line.left > right for line in alone) or all(line.right < left for line in alone)
    ended = sum(ends_sentence(line.text) for line in alone)
    going_on = sum(below.text[:1].islower() and not ends_sentence(above.text) for above, below in pairwise(alone))
    return one_side and min(ended, going_on) >= _GO_ON * len(alone)
