"""Segments of lines and what is asked of them wherever tables are looked for. Pixels of the page's picture."""

from collections.abc import Sequence
from dataclasses import field
from typing import Final

from octavo.frozen import frozen
from octavo.geometry import Rect, on_one_height
from octavo.tables.columns import column_gaps

LETTERS: Final = 0.3  # of a line's height: so close may segments stand and be two
FEWEST_LINES: Final = 3  # on each side of a gutter between two tables
BAND_HEIGHT: Final = 8.0  # heights of type between two lines that part rows, at most


@frozen
class Segment(Rect):
    """A run of words on one line, without a column's gap in it. `line` is its line's number."""

    text: str | None
    line: int
    on_picture: bool = field(compare=False)  # its box is somewhat larger than its letters
    ink_top: float = field(compare=False)  # above its top where it is a head that is set aslant


@frozen
class TableArea(Rect):
    """An area that looks like a table. Pixels."""

    score: float
    ruled: bool
    reason: str  # for people: what it rests on
    lost: str = ""  # why it is none after all


def rows_of(segments: Sequence[Segment], height: float) -> list[list[Segment]]:
    """Segments side by side, from top to bottom."""
    return on_one_height(segments, 0.5 * height)


def hangs(segment: Segment, above: Sequence[Segment], height: float) -> bool:
    """Whether a text begins right under one of a row, or stands under its middle."""
    return any(min(abs(segment.left - other.left), abs(segment.axis - other.axis)) < 0.5 * height for other in above)


def gaps_between(rows: Sequence[Sequence[Segment]], height: float) -> list[tuple[float, float]]:
    """Stretches between columns. What was found as two segments is two segments, however close they stand."""
    return column_gaps(rows, LETTERS * height)
