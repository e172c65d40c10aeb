"""Lines of a page in the order they are read, without regions: grouped to paragraphs, put in order, taken apart."""

from collections.abc import Sequence

from octavo.document import Label, PageImage, TextLine
from octavo.layout.lines import read_from_right, straightened
from octavo.layout.paragraphs import Paragraph, grouped
from octavo.layout.reading_order import Placed, in_reading_order


def in_flow(lines: Sequence[TextLine], page: PageImage) -> list[TextLine]:
    """The lines, column by column. A permutation."""
    if len(lines) < 2:
        return list(lines)
    placed = straightened(lines, page.size, dpi=page.dpi)
    from_right = read_from_right(lines)
    ordered = [
        line.source
        for paragraph in paragraphs_in_order(
            grouped(placed, from_right=from_right), page.size.height, from_right=from_right
        )
        for line in paragraph.lines
    ]
    seen = set(map(id, ordered))
    return ordered + [line for line in lines if id(line) not in seen]  # those without an extent


def paragraphs_in_order(
    paragraphs: Sequence[Paragraph], page_height: float, *, from_right: bool = False
) -> list[Paragraph]:
    """Paragraphs of nothing but text, in the order they are read."""
    things = [Placed(p.left, p.top, p.right, p.bottom, Label.TEXT, rows=len(p.rows)) for p in paragraphs]
    return [paragraphs[index] for index in in_reading_order(things, page_height=page_height, from_right=from_right)]
