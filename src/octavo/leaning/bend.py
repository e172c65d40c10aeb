"""From what is seen of lines to a `Warp`: whether a page is straight, and how it lies bent where it is not."""

import math
from typing import Final

import numpy as np

from octavo.frozen import frozen
from octavo.geometry import Size, Warp
from octavo.leaning.columns import Columns, columns
from octavo.leaning.flattening import flattened
from octavo.leaning.marks import Floats, Grey, Marks, marks
from octavo.leaning.rows import LEVEL, Rows, aligned, better, rows

_FEWEST: Final = 16  # pieces of lines that say how a page lies
_OFF: Final = 0.5  # heights of a line by which lines may leave the level, at the edges of the text, on a straight page
_BETTER: Final = 1.2  # times better must pieces fall into line along rows that are not level
_ASIDE: Final = 2.0  # heights of a line by which columns may fan out, from top to bottom, on a straight page
_SURELY: Final = 1.6  # times better must columns stand that fan out where rows are level: nothing else says it is so
_ROUGH: Final = 0.011  # misses (tangent) of straight rows from which it is asked whether they curl
_CURLED: Final = 0.65  # share of them that is left where rows are let curl, on a page whose rows do
_FEWEST_CURLED: Final = 64  # pieces of lines that say so
_BENT: Final = 0.6  # heights of a line by which rows that curl leave straight ones, at least
_CURL: Final = 3  # the highest power of x in how rows curl
_ROUNDS: Final = 2  # of looking, each at what the one before made straight
_ROOM: Final = 3.0  # heights of a line that are left around lines at the edge of a turned picture
_LARGEST: Final = 1.8  # times the sides of the picture: a page that needs more was not understood


@frozen
class Leaning:
    """What is seen on one copy of a page."""

    rows: Rows
    columns: Columns
    off: float  # heights of a line by which lines leave the level
    aside: float  # heights of a line by which columns fan out
    curled: bool

    @property
    def straight(self) -> bool:
        return self.off < _OFF and (self.aside < _ASIDE or self.columns.better < _SURELY)


def leaning(seen: Marks, unit: float) -> Leaning | None:
    """None where too little is written on it to tell."""
    if len(seen) < _FEWEST:
        return None
    x, y, tall = seen.x / unit, seen.y / unit, seen.height / unit

    def leaves(distance: Floats) -> float:
        return float(np.percentile(np.abs(distance), 95)) / tall

    lying = rows(seen, unit, 1)
    curled = False
    if len(seen) >= _FEWEST_CURLED and lying.miss > _ROUGH:
        free = rows(seen, unit, _CURL)
        curled = free.miss < _CURLED * lying.miss and leaves(free.above(x, y) - lying.above(x, y)) > _BENT
        lying = free if curled else lying
    off = leaves(lying.above(x, y))
    if off > _OFF and better(seen, unit, lying) < _BETTER:  # handwriting, charts, print too small to tell
        lying, off, curled = LEVEL, 0.0, False
    standing = columns(seen, unit, lying)
    sides, height = np.percentile(x, (5, 95)), float(np.ptp(np.percentile(y, (5, 95))))
    aside = float(np.abs(standing.fan * sides).max()) * height / tall
    return Leaning(lying, standing, off, aside, curled)


@frozen
class Bent:
    """A page that does not lie straight."""

    warp: Warp | None  # how it lies; None where it cannot lie as its lines say
    still: Leaning | None  # what is seen of it once it is put straight; None where no lines are seen any more


def bend(grey: Grey, upright: Size) -> Bent | None:
    """How the page of that size lies of which there is a small copy; None where it lies straight, or nothing says."""
    unit, size = max(grey.shape) / 2, Size(grey.shape[1], grey.shape[0])

    def looked(warp: Warp) -> tuple[Marks, Leaning | None]:
        seen = marks(flattened(grey, warp, smooth=False))
        return seen, leaning(seen, unit)

    warp = Warp(size, size, (1, 0, 0, 0, 1, 0, 0, 0, 1))
    seen = marks(grey)
    lies = leaning(seen, unit)
    if lies is None or lies.straight:
        return None
    for _ in range(_ROUNDS):
        lying = lies.rows if lies.curled else aligned(seen, unit, lies.rows)
        turned = _turned(warp, lying, lies.columns)
        if turned is None:
            return Bent(None, lies)
        warp = turned
        seen, lies = looked(warp)
        if lies is None:
            return Bent(None, None)
    warp = _cropped(warp, seen)
    if lies.curled:
        for _ in range(_ROUNDS):
            seen, lies = looked(warp)
            if lies is not None:
                warp = _curled(warp, rows(seen, unit, _CURL))
        _, lies = looked(warp)
    return Bent(_enlarged(warp, upright), lies)


def _turned(warp: Warp, lying: Rows, standing: Columns) -> Warp | None:
    """With what is seen on the picture it makes put level and upright: vanishing points go to infinity."""
    a, b, c, d = lying.level[0], lying.fan[0], standing.lean, standing.fan
    scale = math.sqrt(max(0.1, 1 - a * c))
    flat = np.array(((scale, -c * scale, 0), (-a * scale, scale, 0), (b - a * d, d - b * c, 1 - a * c)))
    straight = np.linalg.inv(np.array(warp.turn).reshape(3, 3) @ np.linalg.inv(flat))
    width, height = warp.upright.width / 2 / warp.unit, warp.upright.height / 2 / warp.unit
    corners = np.array(((-width, -height, 1), (width, -height, 1), (width, height, 1), (-width, height, 1)))
    x, y, depth = straight @ corners.T
    if (depth <= 0).any():
        return None
    x, y = x / depth, y / depth
    size = Size(math.ceil(np.ptp(x) * warp.unit), math.ceil(np.ptp(y) * warp.unit))
    if max(size) > _LARGEST * max(warp.upright):
        return None
    at = (float(x.min() + x.max()) / 2, float(y.min() + y.max()) / 2)
    return Warp(warp.upright, size, _nine(np.linalg.inv(straight) @ _moved(at)))


def _moved(to: tuple[float, float]) -> Floats:
    return np.array(((1, 0, to[0]), (0, 1, to[1]), (0, 0, 1)))


def _cropped(warp: Warp, seen: Marks) -> Warp:
    """Without the corners that turning a picture adds, as far as no line stands there."""
    width, height = warp.upright.width / 2 / warp.unit, warp.upright.height / 2 / warp.unit
    sides = np.array(((-width, 0, 1), (width, 0, 1), (0, -height, 1), (0, height, 1)))
    x, y, depth = np.linalg.inv(np.array(warp.turn).reshape(3, 3)) @ sides.T
    room = _ROOM * seen.height / warp.unit
    tips = np.concatenate((seen.starts, seen.ends)) / warp.unit
    reach_x = np.concatenate((x / depth, tips[:, 0] - room, tips[:, 0] + room))
    reach_y = np.concatenate((y / depth, tips[:, 1] - room, tips[:, 1] + room))
    most_x, most_y = warp.straight.width / 2 / warp.unit, warp.straight.height / 2 / warp.unit
    left, right = max(-most_x, float(reach_x.min())), min(most_x, float(reach_x.max()))
    top, bottom = max(-most_y, float(reach_y.min())), min(most_y, float(reach_y.max()))
    size = Size(math.ceil((right - left) * warp.unit), math.ceil((bottom - top) * warp.unit))
    turn = np.array(warp.turn).reshape(3, 3) @ _moved(((left + right) / 2, (top + bottom) / 2))
    return Warp(warp.upright, size, _nine(turn))


def _nine(turn: Floats) -> tuple[float, float, float, float, float, float, float, float, float]:
    a, b, c, d, e, f, g, h, i = (float(part) for part in (turn / turn[2, 2]).ravel())
    return a, b, c, d, e, f, g, h, i


def _curled(warp: Warp, seen: Rows) -> Warp:
    """With the curl that is seen on the picture it makes; small parts of it add up."""
    before = warp.level or (0.0,) * _CURL, warp.fan or (0.0,) * _CURL
    level = tuple(one + other for one, other in zip(before[0], seen.level, strict=True))
    fan = tuple(one + other for one, other in zip(before[1], seen.fan, strict=True))
    return Warp(warp.upright, warp.straight, warp.turn, level, fan)


def _enlarged(warp: Warp, upright: Size) -> Warp:
    """The same of the page the small copy was made of."""
    scale = max(upright) / max(warp.upright)
    straight = Size(round(warp.straight.width * scale), round(warp.straight.height * scale))
    return Warp(upright, straight, warp.turn, warp.level, warp.fan)
