"""Code: told by its type, its indentation measured."""

import statistics
from collections.abc import Sequence
from itertools import pairwise

from octavo.assemble.line_breaks import PrintedRow
from octavo.content import Code
from octavo.layout.paragraphs import Paragraph


def is_code(grouped: Sequence[Paragraph]) -> bool:
    """Several rows of typewriter type; on a page that is set in it, it says nothing."""
    rows = sum(len(paragraph.rows) for paragraph in grouped)
    return rows > 1 and all(paragraph.monospace for paragraph in grouped)


def listing(found: Sequence[PrintedRow]) -> Code:
    """Rows of code under each other, their indentation in characters measured from where they begin."""
    widths = [row.box.width / len(row.text) for row in found if len(row.text) > 3 and row.box.width > 0]
    width = statistics.median(widths) if widths else 1.0
    left = min(row.box.left for row in found)
    pitches = [0.0, *(below.box.top - above.box.top for above, below in pairwise(found))]
    usual = statistics.median_low(pitches[1:]) if len(found) > 2 else 1.6 * found[0].box.height
    lines = [" " * round((row.box.left - left) / width) + row.text for row in found]
    text = "\n".join("\n" * (pitch > 1.5 * usual) + line for line, pitch in zip(lines, pitches, strict=True))
    return Code(text.strip("\n"))


def goes_on(above: PrintedRow, below: PrintedRow) -> bool:
    """Whether rows right below each other are one listing: a blank line in it has parted them."""
    one, other = above.box, below.box
    return -one.height < other.top - one.bottom < 2.5 * one.height and other.left < one.right
