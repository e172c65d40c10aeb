"""Texts among what may be tables: which lines are a paragraph, and which stand between the lines of a table's rows."""

import statistics
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from operator import attrgetter
from typing import Final

from octavo.tables.rules import Rule, Rules
from octavo.tables.segments import BAND_HEIGHT, FEWEST_LINES, Segment, TableArea
from octavo.wording.numbers import is_amount

_LABELS: Final = 0.6  # of the lines of a stack with figures on their right, from which on it is no paragraph
_LEVEL: Final = 0.25  # heights of type that a label and its figure may stand apart
_BAND_WIDTH: Final = 16.0  # heights of type that such lines are long, at least


def paragraphs(segments: Sequence[Segment], levels: Sequence[Sequence[Segment]], height: float) -> list[list[Segment]]:
    """Stacks of lines most of which go to the right margin; `levels` are the same put into rows."""
    stacks: list[list[Segment]] = []
    near: list[list[Segment]] = []  # those that may go on
    for segment in sorted(segments, key=attrgetter("top")):
        near = [stack for stack in near if segment.top - stack[-1].bottom < height]
        for stack in reversed(near):
            last = stack[-1]
            if segment.middle > last.middle + 0.4 * height and _under(last, segment, height):
                stack.append(segment)
                break
        else:
            near.append([segment])
            stacks.append(near[-1])
    labels = _labels(levels, height)
    return [
        stack
        for stack in stacks
        if _is_paragraph(stack, height) and sum(it in labels for it in stack) < _LABELS * len(stack)
    ]


def with_texts_whole(
    tables: Iterable[TableArea], paragraphs: Sequence[Sequence[Segment]], height: float
) -> Iterator[TableArea]:
    """Tables with all lines of the texts that begin in their last row, but for the first column: below that may stand
    what is said of the table."""
    for table in tables:
        for text in paragraphs:
            within = table.left + height < text[0].left and max(it.right for it in text) < table.right + height
            if within and table.top < text[0].middle < table.bottom < text[-1].middle:
                table = replace(table, bottom=text[-1].bottom)
        yield table


def in_bands(segments: Sequence[Segment], rules: Rules, height: float) -> set[Segment]:
    """Texts between lines that part the rows of a table: several that begin and end alike, none far below the next."""
    levels = sorted(segments, key=attrgetter("middle"))
    inside: set[Segment] = set()
    for alike in _beginning_and_ending_alike(rules, _BAND_WIDTH * height, height):
        bands = [(a, b) for a, b in pairwise(alike) if b.at - a.at < BAND_HEIGHT * height]
        if len(bands) + 1 < FEWEST_LINES:
            continue
        for a, b in bands:
            first = bisect_right(levels, a.at, key=attrgetter("middle"))
            end = bisect_left(levels, b.at, key=attrgetter("middle"))
            inside.update(p for p in levels[first:end] if a.start - height < p.axis < a.end)
    return inside


def _beginning_and_ending_alike(rules: Rules, shortest: float, reach: float) -> Iterator[list[Rule]]:
    """Groups of lines across whose ends are nearer than `reach` to those of the group's first, each top to bottom."""
    ordered = sorted((rule for rule in rules.horizontal if rule.length > shortest), key=attrgetter("at"))
    places: dict[tuple[int, int], list[Rule]] = defaultdict(list)
    for rule in ordered:
        places[int(rule.start // reach), int(rule.end // reach)].append(rule)
    taken: set[Rule] = set()
    for first in ordered:
        if first in taken:
            continue
        start, end = int(first.start // reach), int(first.end // reach)
        near = [(start + across, end + along) for across in (-1, 0, 1) for along in (-1, 0, 1)]
        alike = [
            rule
            for place in near
            for rule in places.get(place, ())
            if max(abs(rule.start - first.start), abs(rule.end - first.end)) < reach
        ]
        taken.update(alike)
        for place in near:
            if place in places:
                places[place] = [rule for rule in places[place] if rule not in taken]
        yield sorted(alike, key=attrgetter("at"))


def _labels(levels: Sequence[Sequence[Segment]], height: float) -> set[Segment]:
    """Texts with a figure for the next thing on their right, on the very same height: they name a row's figures."""
    return {
        one
        for row in levels
        for one, other in pairwise(row)
        if is_amount(other.text or "")
        and not is_amount(one.text or "")
        and abs(one.middle - other.middle) < _LEVEL * height
    }


def _under(above: Segment, below: Segment, height: float) -> bool:
    stacked = above.overlap_x(below) > 0.5 * min(above.width, below.width)
    return stacked and abs(above.left - below.left) < 2.5 * height


def _is_paragraph(stack: Sequence[Segment], height: float) -> bool:
    left = statistics.median(segment.left for segment in stack)
    right = sorted(segment.right for segment in stack)[-max(1, len(stack) // 8)]
    full = sum(segment.right > left + 0.8 * (right - left) for segment in stack)
    return len(stack) > 1 and right - left > 13 * height and full >= 0.65 * (len(stack) - 1)
