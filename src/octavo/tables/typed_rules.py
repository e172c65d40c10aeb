"""Ruling lines that are set in type: rows of dashes, and bars below each other, as printouts of programs have them.

They part rows and columns as drawn ones do, and are no more text than these. What else stands in their line is kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Self

from octavo.document import TextLine, Word
from octavo.geometry import Box, Rect, Size
from octavo.tables.rules import Rule, Rules
from octavo.wording.typed_rules import is_typed_bar, is_typed_rule, may_be_ruled

_ROWS: Final = 3  # bars below each other, at least: fewer part the links of a page's foot
_UNDER: Final = 0.5  # heights of type that bars below each other may be off
_NEXT: Final = 3.5  # heights of type from one such bar to the next, at most: rules and cells of two rows lie between


@dataclass(frozen=True, slots=True)
class TypedRules:
    """Lines of text without the rules that are set in type, and these as lines. Pixels of the frame's picture."""

    lines: Sequence[TextLine]
    across: tuple[Rule, ...] = ()
    down: tuple[Rule, ...] = ()

    @classmethod
    def among(cls, lines: Sequence[TextLine], frame: Box, size: Size) -> Self:
        """`lines` are in page units, `frame` is the part of the page that a picture of that size shows."""
        if not any(may_be_ruled(line.text or "") for line in lines):
            return cls(lines)
        place = _Places(frame, size)
        words = [word for line in lines for word in line.words]
        bars = _stacked([(word, place.of(word.box)) for word in words if is_typed_bar(word.text)])
        gone = {id(word) for stack in bars for word, _ in stack}
        dashes = [(word, place.of(word.box)) for word in words if is_typed_rule(word.text)]
        gone |= {id(word) for word, _ in dashes}
        if not gone:
            return cls(lines)
        kept = [it for line in lines if (it := _without(line, gone)) is not None]
        across = tuple(Rule(rect.middle, rect.left, rect.right) for _, rect in dashes)
        down = tuple(
            Rule(top.axis, top.top - top.height, bottom.bottom + bottom.height)  # to the rules above and below
            for stack in bars
            for top, bottom in ((stack[0][1], stack[-1][1]),)
        )
        return cls(kept, across, down)

    def with_drawn(self, rules: Rules) -> Rules:
        """They, with the lines that are drawn."""
        if not self.across and not self.down:
            return rules
        across = sorted((*rules.horizontal, *self.across), key=lambda rule: rule.at)
        down = sorted((*rules.vertical, *self.down), key=lambda rule: rule.at)
        return Rules(rules.size, tuple(across), tuple(down))

    def box_with(self, box: Rect, height: float) -> Rect:
        """The area of a table with the rows of dashes that close it."""
        near = [
            rule
            for rule in self.across
            if min(rule.end, box.right) > max(rule.start, box.left)
            and box.top - 2 * height < rule.at < box.bottom + 2 * height
        ]
        top = min([box.top, *(rule.at - height for rule in near)])
        bottom = max([box.bottom, *(rule.at + height for rule in near)])
        return Rect(box.left, top, box.right, bottom)


@dataclass(frozen=True, slots=True)
class _Places:
    frame: Box
    size: Size

    def of(self, box: Box) -> Rect:
        x, y = self.size.width / self.frame.width, self.size.height / self.frame.height
        left, top = (box.left - self.frame.left) * x, (box.top - self.frame.top) * y
        return Rect(left, top, left + box.width * x, top + box.height * y)


def _stacked(bars: Sequence[tuple[Word, Rect]]) -> list[list[tuple[Word, Rect]]]:
    """Bars that stand below each other, row after row."""
    stacks: list[list[tuple[Word, Rect]]] = []
    for word, rect in sorted(bars, key=lambda bar: bar[1].middle):
        for stack in reversed(stacks):
            last = stack[-1][1]
            if (
                abs(last.axis - rect.axis) < _UNDER * rect.height
                and 0 < rect.middle - last.middle < _NEXT * rect.height
            ):
                stack.append((word, rect))
                break
        else:
            stacks.append([(word, rect)])
    return [stack for stack in stacks if len(stack) >= _ROWS]


def _without(line: TextLine, gone: set[int]) -> TextLine | None:
    """A line without some of its words; None where nothing is left."""
    words = tuple(word for word in line.words if id(word) not in gone)
    if len(words) == len(line.words):
        return line
    if not words:
        return None
    text = " ".join(word.text for word in words)
    return replace(
        line, words=words, text=text, box=Box.around(word.box for word in words), quad=(), runs=(), formulas=()
    )
