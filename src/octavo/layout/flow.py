"""Lines of a page in the order they are read, without regions: grouped to paragraphs, put in order, taken apart."""

import statistics
from collections.abc import Sequence
from typing import Final

from octavo.document import Label, PageImage, TextLine
from octavo.geometry import Box
from octavo.glyphs.scripts import unspaced
from octavo.layout.lines import read_from_right, straightened
from octavo.layout.paragraphs import Paragraph, grouped
from octavo.layout.reading_order import Placed, in_reading_order

MOST_LINES: Final = 5_000  # that are held against each other, in the square of their number; broadsheets have 2,000
_UPRIGHT: Final = 2.2  # times higher than wide, in 0..1000: a column of two signs is still a line of its own


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


def columns_from_right(lines: Sequence[TextLine]) -> Sequence[TextLine]:
    """Lines that run from top to bottom, the rightmost first, where their script is written so; others as they come.

    Chinese and Japanese: "Requirements for Japanese Text Layout" (W3C), 2.1. Rotated Latin lines are left alone.
    """
    upright = len(lines) > 1 and all(line.box.height > _UPRIGHT * line.box.width for line in lines)
    if not upright or not unspaced("".join(line.text or "" for line in lines)):
        return lines
    columns: list[list[TextLine]] = []
    for line in sorted(lines, key=lambda line: -line.box.axis):
        if columns and _shares_column(columns[-1][0].box, line.box):
            columns[-1].append(line)
        else:
            columns.append([line])
    return [line for column in columns for line in sorted(column, key=lambda line: line.box.top)]


def rows_from_right(lines: Sequence[TextLine]) -> Sequence[TextLine]:
    """Lines that stand side by side, the rightmost first, where they are written from right to left; others as they
    come."""
    if len(lines) < 2 or not read_from_right(lines):
        return lines
    rows: list[list[TextLine]] = []
    for line in lines:
        if rows and _shares_row(rows[-1][0].box, line.box):
            rows[-1].append(line)
        else:
            rows.append([line])
    return [line for row in rows for line in sorted(row, key=lambda line: -line.box.right)]


def _shares_row(first: Box, other: Box) -> bool:
    return first.overlap_y(other) > 0.5 * min(first.height, other.height)


def _shares_column(first: Box, other: Box) -> bool:
    return first.overlap_x(other) > 0.5 * min(first.width, other.width)


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
