"""Lines set aslant over a page: watermarks, stamps, "DRAFT" from corner to corner.

They stand behind or over the text and belong to no row, paragraph or column of it.
"""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Final

from octavo.document import TextLine
from octavo.geometry import Size
from octavo.layout.lines import Line
from octavo.tables.slanted_heads import slanted_heads

TILES: Final = 3  # times that words set aslant come, on a page or from page to page, from which they are a watermark
_LEAST, _MOST = math.radians(15), math.radians(75)  # a crooked scan leans by less, a turned table stands upright


def find_watermarks(lines: Sequence[Line], page: Size) -> list[Line]:
    """Those of the lines that are set aslant and cross others, or whose words come again and again.

    The slanted labels of a chart's axis or of a table's columns do neither: they stay with what they name; nor do the
    lines of a photograph that is crooked as a whole, which are not read yet.
    """
    heads = {id(head.line) for head in slanted_heads([line.source for line in lines], page)}
    aslant = [line for line in lines if is_aslant(line.source, page) and id(line.source) not in heads]
    slanted = set(map(id, aslant))
    level = [line for line in lines if id(line) not in slanted] if aslant else []
    times = Counter(line.text for line in aslant if line.text)
    return [
        line for line in aslant if times[line.text] >= TILES or any(line.intersection(other) > 0 for other in level)
    ]


def is_aslant(line: TextLine, page: Size) -> bool:
    """Whether a line's baseline leans like nothing that is to be read in a row. Needs its corners."""
    if len(line.quad) != 4:
        return False
    (left, left_y), (right, right_y) = line.quad[:2]
    run, rise = abs(right - left) * page.width, abs(right_y - left_y) * page.height
    return _LEAST < math.atan2(rise, run) < _MOST
