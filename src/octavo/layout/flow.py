"""Lines of a page in the order they are read, without regions: grouped to paragraphs, put in order, taken apart."""

import statistics
from collections.abc import Sequence
from typing import Final

from octavo.document import Label, PageImage, TextLine
from octavo.layout.lines import read_from_right, straightened
from octavo.layout.paragraphs import Paragraph, grouped
from octavo.layout.reading_order import Placed, in_reading_order

MOST_LINES: Final = 5_000  # that are held against each other, in the square of their number; broadsheets have 2,000


def in_flow(lines: Sequence[TextLine], page: PageImage) -> list[TextLine]:
    """The lines, column by column; too many of them from top to bottom. A permutation."""
    if len(lines) < 2:
        return list(lines)
    if len(lines) > MOST_LINES:
        return from_top_to_bottom(lines)
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


def from_top_to_bottom(lines: Sequence[TextLine]) -> list[TextLine]:
    """Row by row, whatever columns there are."""
    height = statistics.median(line.box.height for line in lines) or 1.0
    return sorted(lines, key=lambda line: (round(line.box.middle / height), line.box.left))
