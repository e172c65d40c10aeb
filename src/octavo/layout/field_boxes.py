"""Where a form is filled in: boxes that lines or shades close, and lines drawn to write on."""

from typing import Final

from octavo.geometry import Rect
from octavo.layout.lines import Line
from octavo.tables.rules import Rule, Rules

_BESIDE: Final = 0.5  # sizes of type that a line of text may reach over the side of its box
_UNDER: Final = 1.0  # sizes of type from the middle of a value to a line it is written on, at most


def box_around(line: Line, rules: Rules) -> Rect | None:
    """The box a line stands in: lines close it above and below, and at its sides, or end there."""
    reach = _BESIDE * line.size
    left_end, middle, axis = line.left, line.middle, line.axis
    above: Rule | None = None
    below: Rule | None = None
    for rule in rules.horizontal:
        if rule.start - reach < left_end and axis < rule.end:
            at = rule.at_point(left_end)
            if at < middle and (above is None or rule.at > above.at):
                above = rule
            elif at > middle and (below is None or rule.at < below.at):
                below = rule
    if above is None or below is None:
        return None
    down = [rule.at_point(middle) for rule in rules.vertical if rule.start < middle < rule.end]
    lefts = [at for at in down if at < left_end + reach]
    rights = [at for at in down if at > line.right - reach]
    closed = (lefts or abs(above.start - below.start) < reach) and (rights or abs(above.end - below.end) < reach)
    left = max([*lefts, max(above.start, below.start)])
    right = min([*rights, min(above.end, below.end)])
    fits = closed and left < line.left + reach and line.right - reach < right
    return Rect(left, above.at_point(line.left), right, below.at_point(line.left)) if fits else None


def is_filled_in(value: Line, rules: Rules) -> bool:
    """Whether a line fills a field: one of the PDF, or a line drawn to write on, which begins where it does."""
    if value.source.field:
        return True
    near = (rule for rule in rules.horizontal if 0 < rule.at_point(value.left) - value.middle < _UNDER * value.size)
    return any(abs(rule.start - value.left) < value.size and rule.end > value.right - value.size for rule in near)
