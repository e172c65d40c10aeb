"""Heads of columns that are set aslant, as narrow columns have them: where each stands, not where it leans to.

A head at 45 degrees begins over its own column and ends over the next but one. It names the column that its foot
stands on; everything that looks for rows and columns gets it as one upright word there.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from octavo.document import TextLine, Word
from octavo.frozen import frozen
from octavo.geometry import SCALE, Box, Rect, Size

_LEAST, _MOST = math.radians(20), math.radians(80)  # a photographed table leans by less, a turned one by more
_PARALLEL: Final = math.radians(8)  # two heads of one row lean alike
_LEVEL: Final = 1.0  # heights of type that the feet of one row may differ by


@frozen
class SlantedHead:
    """A head with others beside it. Pixels."""

    line: TextLine
    foot: Rect  # a square as high as the type, where the line begins
    lean: float  # radians


def slanted_heads(lines: Sequence[TextLine], page: Size | tuple[float, float]) -> list[SlantedHead]:
    """Lines set aslant that stand beside others which say something else: what is alone, or says the same, is a stamp.

    `page` is the size of the whole page's picture.
    """
    aslant = [head for line in lines if line.text and (head := _head(line, page)) is not None]
    return [head for head in aslant if any(_are_fellows(head, other) for other in aslant)]


def on_their_feet(lines: Sequence[TextLine], page: Size | tuple[float, float]) -> list[TextLine]:
    """The lines, of which slanted heads are one upright word each, as wide and high as their type, where they begin."""
    upright = {id(head.line): _upright(head, page) for head in slanted_heads(lines, page)}
    return [upright.get(id(line), line) for line in lines]


def _head(line: TextLine, page: Size | tuple[float, float]) -> SlantedHead | None:
    if len(line.quad) != 4:
        return None
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = ((x * page[0] / SCALE, y * page[1] / SCALE) for x, y in line.quad)
    lean = math.atan2(by - ay, bx - ax)
    if not _LEAST < abs(lean) < _MOST:
        return None
    start, end = ((ax + dx) / 2, (ay + dy) / 2), ((bx + cx) / 2, (by + cy) / 2)
    x, y = max(start, end, key=lambda point: point[1])
    half = math.hypot(dx - ax, dy - ay) / 2
    return SlantedHead(line, Rect(x - half, y - 2 * half, x + half, y), lean)


def _are_fellows(one: SlantedHead, other: SlantedHead) -> bool:
    """Whether two stand side by side in a row, lean alike and name different things."""
    return (
        one.line.text != other.line.text
        and abs(one.lean - other.lean) < _PARALLEL
        and abs(one.foot.bottom - other.foot.bottom) < _LEVEL * one.foot.height
        and one.foot.gap_x(other.foot) > 0
    )


def _upright(head: SlantedHead, page: Size | tuple[float, float]) -> TextLine:
    box = Box.of(head.foot, page)
    return replace(head.line, box=box, quad=(), words=(Word(head.line.text or "", box),))
