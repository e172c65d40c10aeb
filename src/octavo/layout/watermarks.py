"""Lines set aslant over a page: watermarks, stamps, "DRAFT" from corner to corner.

They stand behind or over the text and belong to no row, paragraph or column of it.
"""

import math
from collections.abc import Sequence

from octavo.document import TextLine
from octavo.geometry import Size
from octavo.layout.lines import Line

_LEAST, _MOST = math.radians(15), math.radians(75)  # a crooked scan leans by less, a turned table stands upright


def find_watermarks(lines: Sequence[Line], page: Size) -> list[Line]:
    """Those of the lines that are set aslant."""
    return [line for line in lines if is_aslant(line.source, page)]


def is_aslant(line: TextLine, page: Size) -> bool:
    """Whether a line's baseline leans like nothing that is to be read in a row. Needs its corners."""
    if len(line.quad) != 4:
        return False
    (left, left_y), (right, right_y) = line.quad[:2]
    run, rise = abs(right - left) * page.width, abs(right_y - left_y) * page.height
    return _LEAST < math.atan2(rise, run) < _MOST
