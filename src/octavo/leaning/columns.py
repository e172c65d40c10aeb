"""Which way the columns of a page run, and how they fan out: where lines begin and end below each other.

A sheet seen aslant keeps its right angles where one knows from how far it was seen: that leaves one number to be found,
how columns fan out, and few things fall into line by chance.
"""

from typing import Final

import numpy as np

from octavo.frozen import frozen
from octavo.leaning.marks import Floats, Marks
from octavo.leaning.rows import Rows
from octavo.leaning.sharpness import sharpness

_FAN: Final = 0.2  # the most columns fan out by: 25 degrees of slant, seen from 1.3 times the page's longer side
_STEP: Final = 0.02  # of the first look
_FINEST: Final = 0.002  # of the last
_DISTANCES: Final = np.array((4.0, 8.0, 12.0))  # squares of how far off the camera stands, in halves of the longer side
_LEVEL: Final = 0.01  # rows that fan out by less say nothing of where the camera stands
_SKEWED: Final = np.array((-0.006, 0.0, 0.006))  # off the right angle, as rows are not known better
_WIDTH: Final = 0.5  # heights of a line: what begins so near stands below each other
_BETTER: Final = 1.3  # times better must things stand below each other along columns that fan out


@frozen
class Columns:
    """A column that crosses the middle at u lies, at y, at u + y (lean + fan u); in halves of the longer side."""

    lean: float
    fan: float
    better: float = 1.0  # times better things stand below each other than along columns that do not fan out


def columns(seen: Marks, unit: float, lying: Rows) -> Columns:
    """Those in which most lines begin, and end, below each other; at right angles to the rows where nothing does."""
    upright = -lying.level[0]
    width = _WIDTH * seen.height / unit
    found, fan, step = upright, 0.0, _STEP
    fans = np.arange(-round(_FAN / step), round(_FAN / step) + 1) * step
    plain = best = 0.0
    while step > _FINEST:
        distances = _DISTANCES if abs(lying.fan[0]) > _LEVEL else _DISTANCES[:1]
        d, square, off = (grid.ravel() for grid in np.meshgrid(fans, distances, _SKEWED, indexing="ij"))
        c = upright - square * lying.fan[0] * d + off
        score = _score(seen, unit, c, d, width) * (1 - np.abs(off))
        plain = plain or float(score[np.abs(d) < _FINEST].max())
        first = int(np.argmax(score))
        if score[first] > best:
            best, found, fan = float(score[first]), float(c[first]), float(d[first])
        if best < _BETTER * plain:
            return Columns(upright, 0.0, best / plain if plain else 1.0)
        step /= 2
        fans = fan + np.array((-1.0, 0.0, 1.0)) * step
    return Columns(found, fan, best / plain)


def _score(seen: Marks, unit: float, lean: Floats, fan: Floats, width: float) -> Floats:
    """For each candidate how well lines begin, and end, below each other."""
    total = np.zeros(len(lean))
    for tips in (seen.starts, seen.ends):
        x, y = tips[:, 0] / unit, tips[:, 1] / unit
        total += sharpness((x - lean[:, None] * y) / (1 + fan[:, None] * y), np.ones(len(x)), width)
    return total
