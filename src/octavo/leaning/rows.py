"""Which way the lines of a page run: their slope, how they fan out from top to bottom, and how they curl."""

from typing import Final

import numpy as np

from octavo.frozen import frozen
from octavo.leaning.marks import Floats, Marks
from octavo.leaning.sharpness import sharpest, sharpness

_ROUNDS: Final = 3  # of fitting, each without what the one before found far off
_FAR: Final = 2.5  # typical misses from which a piece counts less
_STEPS: Final = np.array((-1.0, 0.0, 1.0))
_WIDTH: Final = 1 / 3  # heights of a line: pieces so near are of one row
_UNSURE: Final = 0.004  # how far slopes of pieces may be off together
_FINEST: Final = 0.0005  # of the steps in which rows are put into line: a third of a pixel across the copy


@frozen
class Rows:
    """A line that crosses the middle at height v lies, at x, at v + sum of x^k (level[k-1] + fan[k-1] v).

    x, y and v are in halves of the copy's longer side, from its middle.
    """

    level: tuple[float, ...]
    fan: tuple[float, ...]
    miss: float  # how far the slopes of pieces are off this, typically (tangent)

    def above(self, x: Floats, v: Floats) -> Floats:
        """How far below its height in the middle a line lies at x."""
        powers = range(1, len(self.level) + 1)
        return np.asarray(sum(x**k * (self.level[k - 1] + self.fan[k - 1] * v) for k in powers))

    def middle(self, x: Floats, y: Floats) -> Floats:
        """The height in the middle of the line through a place."""
        powers = range(1, len(self.level) + 1)
        level = sum(x**k * self.level[k - 1] for k in powers)
        fan = sum(x**k * self.fan[k - 1] for k in powers)
        return np.asarray((y - level) / (1 + fan))


LEVEL: Final = Rows((0.0,), (0.0,), 0.0)


def rows(seen: Marks, unit: float, degree: int) -> Rows:
    """Fitted to the slopes of the pieces, those far off left aside. `unit`: pixels of half the longer side."""
    x, y = seen.x / unit, seen.y / unit
    weight = seen.length / seen.length.max()
    found = Rows((0.0,) * degree, (0.0,) * degree, 0.0)
    for _ in range(_ROUNDS):
        v = found.middle(x, y)
        terms = [k * x ** (k - 1) for k in range(1, degree + 1)]
        matrix = np.stack([*terms, *(term * v for term in terms)], axis=1)
        root = np.sqrt(weight)
        solved = np.linalg.lstsq(matrix * root[:, None], seen.slope * root, rcond=1e-4)[0]
        off = np.abs(seen.slope - matrix @ solved)
        miss = float(np.median(off))
        weight = seen.length / seen.length.max() * np.minimum(1, (_FAR * miss + 1e-4) / np.maximum(off, 1e-9)) ** 2
        found = Rows(tuple(map(float, solved[:degree])), tuple(map(float, solved[degree:])), miss)
    return found


def better(seen: Marks, unit: float, found: Rows) -> float:
    """Times better pieces of lines fall into line along these rows than along level ones."""
    x, y = seen.x / unit, seen.y / unit
    along, level = sharpness(np.stack((found.middle(x, y), y)), seen.length, seen.height / unit * _WIDTH)
    return float(along / level)


def aligned(seen: Marks, unit: float, found: Rows) -> Rows:
    """The straight rows near what was found in which most pieces fall into line: cells far apart are put level."""
    x, y = seen.x / unit, seen.y / unit
    level, fan, step = found.level[0], found.fan[0], _UNSURE / 2
    while step > _FINEST:
        a, b = (grid.ravel() for grid in np.meshgrid(level + step * _STEPS, fan + step * _STEPS, indexing="ij"))
        values = (y - a[:, None] * x) / (1 + b[:, None] * x)
        best = sharpest(values, seen.length, seen.height / unit * _WIDTH)
        level, fan = float(a[best]), float(b[best])
        step /= 2
    return Rows((level,), (fan,), found.miss)
