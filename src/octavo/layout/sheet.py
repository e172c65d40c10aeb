"""A page as the finders see it, and what they say of it."""

from collections.abc import Sequence
from typing import Self

from octavo.document import Label, PageImage, Seal, TextLine
from octavo.frozen import frozen
from octavo.geometry import Box, Rect, Size
from octavo.layout.figures import Figure, Ink, find_figures
from octavo.layout.hints import Hint
from octavo.layout.line_numbers import find_line_numbers
from octavo.layout.lines import Line, read_from_right, straightened, typical_size
from octavo.layout.named_fields import NamedField
from octavo.layout.side_by_side import PageLines, with_torn_rows_whole
from octavo.layout.watermarks import find_watermarks
from octavo.tables import TableCandidate, find_tables
from octavo.tables.outlined import rules_among
from octavo.tables.rules import Rules, find_rules


@frozen
class Sheet:
    """All that is seen on a page before anything is decided. Distances are pixels of its picture."""

    size: Size
    first_page: bool
    lines: PageLines
    from_right: bool  # it is written from right to left
    type_size: float  # of the running text
    ink: Ink
    rules: Rules
    tables: Sequence[TableCandidate]  # areas that look like tables, best first
    watermarks: Sequence[Line]  # lines set aslant over the others
    line_numbers: Sequence[Line]  # those beside the text, top to bottom
    figures: Sequence[Figure]  # areas of ink that no text explains, top to bottom
    seals: Sequence[Seal]  # with lines of their own, which are not among those of the page
    hints: Sequence[Hint]  # of the layout network; none where it was not asked

    @classmethod
    def of(
        cls, page: PageImage, texts: Sequence[TextLine], hints: Sequence[Hint] = (), seals: Sequence[Seal] = ()
    ) -> Self:
        """`texts` are all lines of the page, read or not, but for those of its seals."""
        lines = PageLines(straightened(texts, page.size, dpi=page.dpi))
        type_size = typical_size(lines)
        marks, numbers = find_watermarks(lines, page.size), find_line_numbers(lines)
        # They stand in no row, and would part those that they cross. An unread mark aslant may be an asterisk.
        apart = {id(line) for line in (*(mark for mark in marks if mark.text), *numbers)}
        text = PageLines(line for line in lines if id(line) not in apart) if apart else lines
        boxes = [line.box.to_pixels(page.size) for line in texts]
        outlines = page.outlines
        rules = find_rules(page.pixels, boxes) if outlines is None else rules_among(outlines, boxes)
        pictures = [box.on(page.size) for box in page.text.pictures] if page.text else []
        seen = page.pixels if outlines is None else outlines.sketch
        ink = (
            Ink.of(seen, page.size, lines, type_size, pictures) if seen is not None else Ink.none(page.size, type_size)
        )
        return cls(
            size=page.size,
            first_page=page.number == 0,
            lines=lines,
            from_right=read_from_right(texts),
            type_size=type_size,
            ink=ink,
            rules=rules,
            tables=find_tables(page.size, with_torn_rows_whole(text), rules),
            watermarks=marks,
            line_numbers=numbers,
            figures=find_figures(ink, lines, type_size),
            seals=seals,
            hints=hints,
        )

    def rect(self, box: Box) -> Rect:
        return box.on(self.size)


@frozen
class Claim:
    """What one finder says: these lines, or this area with them, are one thing."""

    label: Label
    lines: tuple[Line, ...]
    score: float  # 0..1
    reason: str  # for people: what it rests on
    box: Box | None = None  # where it is more than its lines take up
    lost: str = ""  # why it is not so after all: it takes no lines then
    finder: str = ""  # who says so
    begins: str = ""  # of a paragraph: what parts it from the row above
    fields: tuple[NamedField, ...] = ()  # of a form: which of the lines name which area; its lines are in their order
