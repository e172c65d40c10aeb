"""Drop caps: large letters that a text begins with, two rows high or more, and the rows set in beside them."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, Self

from octavo.document import TextLine
from octavo.frozen import frozen
from octavo.layout.lines import Line

_LARGE: Final = 1.9  # times as large as the type of the rows
_LARGE_IN_REGION: Final = 1.8  # the same where one region holds both: nothing else can stand there


# --- among the lines of a page -----------------------------------------------------------------------------------


@frozen
class WithoutInitials:
    """The lines of a page without its initials, the rows beside these not set in; and the way back."""

    lines: tuple[Line, ...]
    _printed: Mapping[int, tuple[Line, ...]]  # by the identity of each of `lines`

    @classmethod
    def of(cls, lines: Sequence[Line]) -> Self | None:
        """None where no text begins with an initial."""
        initials = _rows_beside(lines)
        if not initials:
            return None
        found = {id(line): line for line in lines}
        lefts = {id(row): found[initial].left for initial, rows in initials.items() for row in rows}
        first = {id(rows[0]): found[initial] for initial, rows in initials.items()}
        rest = [line for line in lines if id(line) not in initials]
        moved = tuple(replace(line, left=lefts.get(id(line), line.left)) for line in rest)
        printed = {
            id(image): (first[id(line)], line) if id(line) in first else (line,)
            for image, line in zip(moved, rest, strict=True)
        }
        return cls(moved, printed)

    def as_printed(self, lines: Sequence[Line]) -> list[Line]:
        """The same lines where they really are, each initial before its first row."""
        return [printed for line in lines for printed in self._printed[id(line)]]


def _rows_beside(lines: Sequence[Line]) -> dict[int, list[Line]]:
    """The rows set in beside each large initial, top to bottom, by the initial's identity; a row beside one only."""
    found: dict[int, list[Line]] = {}
    taken: set[int] = set()
    ordered = sorted(lines, key=lambda line: line.middle)
    middles = [line.middle for line in ordered]
    for initial in lines:
        if not is_initial(initial.source):
            continue
        start = bisect_left(middles, initial.top - initial.size / _LARGE)
        rows = [
            line
            for line in ordered[start : bisect_left(middles, initial.bottom)]
            if id(line) not in taken
            and line.size < initial.size / _LARGE
            and -0.5 * line.size < line.left - initial.right < 1.2 * line.size
            and initial.top - line.size < line.middle
        ]
        rows.sort(key=lambda line: (line.top, line.left))
        if len(rows) > 1 and _begins(initial, rows[0]):
            found[id(initial)] = rows
            taken |= {id(line) for line in rows}
    return found


def _begins(initial: Line, first: Line) -> bool:
    """Whether a line is a large letter two or more rows high, and another the row that begins with it."""
    return (
        initial.size > _LARGE * first.size
        and -0.5 * first.size < first.left - initial.right < 1.2 * first.size
        and abs(first.top - initial.top) < 1.2 * first.size
        and len(first.text) > 1
    )


# --- in one region -----------------------------------------------------------------------------------------------


def is_initial(line: TextLine) -> bool:
    """Whether a line is one capital letter."""
    text = (line.text or "").strip()
    return len(text) == 1 and text.isupper()


def stands_before(initial: TextLine, row: TextLine) -> bool:
    """Whether a line is the initial that a row's first word begins with."""
    return is_initial(initial) and initial.box.height > _LARGE_IN_REGION * row.box.height


def initial_of(lines: Sequence[TextLine]) -> TextLine | None:
    """The large letter in two rows or more that the lines of a region begin with."""
    rest = sorted(lines, key=lambda line: (line.box.top, line.box.left))
    for initial in rest[:2]:
        others = [line for line in rest if line is not initial]
        beside = [line for line in others if initial.box.top < line.box.center[1] < initial.box.bottom]
        if is_initial(initial) and len(beside) > 1 and beside[0] is others[0]:
            size, other = initial.font_size or initial.box.height, beside[0].font_size or beside[0].box.height
            if size > _LARGE_IN_REGION * other and all(line.box.center[0] > initial.box.right for line in beside):
                return initial
    return None
