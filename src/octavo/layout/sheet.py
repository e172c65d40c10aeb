"""A page as the finders see it, and what they say of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from octavo.document import Label
from octavo.geometry import SCALE, Box, Size
from octavo.layout.figures import Figure, Ink
from octavo.layout.hints import HintRect, Rect
from octavo.layout.lines import Line
from octavo.tables import TableCandidate
from octavo.tables.rules import Rules


@dataclass(frozen=True, slots=True)
class Sheet:
    """All that is seen on a page before anything is decided. Distances are pixels of its picture."""

    size: Size
    first_page: bool
    lines: tuple[Line, ...]
    from_right: bool  # it is written from right to left
    type_size: float  # of the running text
    ink: Ink
    rules: Rules
    tables: Sequence[TableCandidate]  # areas that look like tables, best first
    figures: Sequence[Figure]  # areas of ink that no text explains, top to bottom
    hints: Sequence[HintRect]  # of the layout network; none where it was not asked

    def rect(self, box: Box) -> Rect:
        x, y = self.size.width / SCALE, self.size.height / SCALE
        return box.left * x, box.top * y, box.right * x, box.bottom * y


@dataclass(frozen=True, slots=True)
class Claim:
    """What one finder says: these lines, or this area with them, are one thing."""

    label: Label
    lines: tuple[Line, ...]
    score: float  # 0..1
    reason: str  # for people: what it rests on
    box: Box | None = None  # where it is more than its lines take up
    lost: str = ""  # why it is not so after all: it takes no lines then
    finder: str = ""  # who says so
