"""Boxes, rectangles, sizes and pixel budgets: the only place where units are converted.

A `Box` is in 0..1000 of the page, origin top left, so it outlives the picture it was found in. Its units differ in x
and y, so whoever measures distances works on a `Rect`, whose unit is the same both ways: pixels of a picture, or
points. A `PixelBox` cuts whole pixels out of one picture. Everything is immutable and pure.
"""

import math
from collections.abc import Callable, Iterable
from itertools import pairwise
from operator import attrgetter, itemgetter
from typing import NamedTuple, Self, TypeVar

from octavo.frozen import frozen

SCALE = 1000.0  # a page is 1000 x 1000 units, whatever its shape


class Size(NamedTuple):
    """Width and height; the unit (pixels or points) is the owner's."""

    width: int
    height: int

    @property
    def area(self) -> int:
        return self.width * self.height


class PixelBox(NamedTuple):
    """Half-open rectangle in whole pixels: columns left..right-1, rows top..bottom-1."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top


@frozen
class Rect:
    """A rectangle; x grows right, y grows down. What stands somewhere (a line, a word, a part of a table) is one."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def area(self) -> float:
        return self.width * self.height

    @property
    def axis(self) -> float:
        """x of its middle."""
        return (self.left + self.right) / 2

    @property
    def middle(self) -> float:
        """y of its middle."""
        return (self.top + self.bottom) / 2

    @property
    def center(self) -> tuple[float, float]:
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    def contains(self, x: float, y: float) -> bool:
        return self.left <= x <= self.right and self.top <= y <= self.bottom

    def holds(self, other: "Rect") -> bool:
        """Whether the other's middle is inside."""
        return self.left <= other.axis <= self.right and self.top <= other.middle <= self.bottom

    def touches(self, other: "Rect") -> bool:
        """Whether the two share any area."""
        return self.overlap_x(other) > 0 and self.overlap_y(other) > 0

    def overlap_x(self, other: "Rect") -> float:
        """How much of x the two share; below 0 where they are apart."""
        return min(self.right, other.right) - max(self.left, other.left)

    def overlap_y(self, other: "Rect") -> float:
        """How much of y the two share; below 0 where they are apart."""
        return min(self.bottom, other.bottom) - max(self.top, other.top)

    def gap_x(self, other: "Rect") -> float:
        """How far apart the two are in x; below 0, how far either would have to move to stand clear of the other."""
        return max(other.left - self.right, self.left - other.right)

    def gap_y(self, other: "Rect") -> float:
        """How far apart the two are in y; below 0, how far either would have to move to stand clear of the other."""
        return max(other.top - self.bottom, self.top - other.bottom)

    def intersection(self, other: "Rect") -> float:
        """Shared area."""
        width, height = self.overlap_x(other), self.overlap_y(other)
        return width * height if width > 0 and height > 0 else 0.0

    def covered_by(self, other: "Rect") -> float:
        """Share of this area that lies in the other, 0..1."""
        return self.intersection(other) / self.area if self.area > 0 else 0.0

    def iou(self, other: "Rect") -> float:
        """Intersection over union, 0..1."""
        shared = self.intersection(other)
        union = self.area + other.area - shared
        return shared / union if union > 0 else 0.0

    def grown(self, across: float, down: float | None = None) -> "Rect":
        """With a margin at the left and right, and as much (or `down`) above and below."""
        down = across if down is None else down
        return Rect(self.left - across, self.top - down, self.right + across, self.bottom + down)

    def scaled(self, factor: float) -> "Rect":
        return Rect(self.left * factor, self.top * factor, self.right * factor, self.bottom * factor)


def union(rects: Iterable[Rect]) -> Rect:
    """The smallest rectangle that holds them all; there is one at least."""
    rects = iter(rects)
    first = next(rects)
    left, top, right, bottom = first.left, first.top, first.right, first.bottom
    for rect in rects:  # four times as fast as min() and max() over their sides
        left = rect.left if rect.left < left else left
        top = rect.top if rect.top < top else top
        right = rect.right if rect.right > right else right
        bottom = rect.bottom if rect.bottom > bottom else bottom
    return Rect(left, top, right, bottom)


def _unit(value: float, extent: float) -> float:
    """A length as thousandths of the page, on the page; max() and min() would take three times as long."""
    share = value / extent * SCALE
    return 0.0 if not share > 0 else share if share < SCALE else SCALE


Thing = TypeVar("Thing", bound=Rect)


def on_one_height(things: Iterable[Thing], reach: float | Callable[[Thing, Thing], float]) -> list[list[Thing]]:
    """Things in rows, top to bottom; in each row from left to right.

    From the top down, a thing is in the row above it while its middle is less than `reach` below the mean of the
    middles there; `reach` may depend on the row's first thing and the one that may join.
    """
    rows: list[list[Thing]] = []
    mean = 0.0
    for middle, thing in sorted([(thing.middle, thing) for thing in things], key=_FIRST):
        if rows and middle - mean < (reach(rows[-1][0], thing) if callable(reach) else reach):
            rows[-1].append(thing)
            mean += (middle - mean) / len(rows[-1])
        else:
            rows.append([thing])
            mean = middle
    return [sorted(row, key=_LEFT) if len(row) > 1 else row for row in rows]


_FIRST, _LEFT = itemgetter(0), attrgetter("left")


@frozen
class Box(Rect):
    """A rectangle in 0..1000 of the page. Lengths in x and in y are no more than shares of it, never compared."""

    @classmethod
    def of_page(cls) -> Self:
        return cls(0.0, 0.0, SCALE, SCALE)

    @classmethod
    def from_pixels(
        cls, left: float, top: float, right: float, bottom: float, size: Size | tuple[float, float]
    ) -> Self:
        """Pixels of a picture (or points of a page) of `size` to page units, clamped to the page."""
        width, height = size
        return cls(_unit(left, width), _unit(top, height), _unit(right, width), _unit(bottom, height))

    @classmethod
    def around(cls, boxes: Iterable["Box"]) -> Self:
        """The smallest box that holds them all; there is one at least."""
        whole = union(boxes)
        return cls(whole.left, whole.top, whole.right, whole.bottom)

    @classmethod
    def of(cls, rect: Rect, size: Size | tuple[float, float]) -> Self:
        """Where a rectangle on a picture (or page) of `size` lies on the page, clamped to it."""
        return cls.from_pixels(rect.left, rect.top, rect.right, rect.bottom, size)

    def to_pixels(self, size: Size) -> PixelBox:
        """The smallest whole-pixel box that holds this one, inside the picture and at least one pixel each way."""
        left = min(size.width - 1, max(0, math.floor(self.left / SCALE * size.width + 1e-6)))
        top = min(size.height - 1, max(0, math.floor(self.top / SCALE * size.height + 1e-6)))
        right = min(size.width, max(left + 1, math.ceil(self.right / SCALE * size.width - 1e-6)))
        bottom = min(size.height, max(top + 1, math.ceil(self.bottom / SCALE * size.height - 1e-6)))
        return PixelBox(left, top, right, bottom)

    def on(self, size: Size) -> Rect:
        """Where it lies on a picture of `size`, in pixels and parts of them."""
        x, y = size.width / SCALE, size.height / SCALE
        return Rect(self.left * x, self.top * y, self.right * x, self.bottom * y)

    def clamped(self) -> "Box":
        """What of it is on the page."""
        left, top, right, bottom = (min(SCALE, max(0.0, side)) for side in self.sides)
        return Box(left, top, right, bottom)

    @property
    def sides(self) -> tuple[float, float, float, float]:
        return self.left, self.top, self.right, self.bottom

    @property
    def width(self) -> float:
        """Never below 0, whatever a stranger calls a box."""
        width = self.right - self.left
        return width if width > 0 else 0.0

    @property
    def height(self) -> float:
        """Never below 0, whatever a stranger calls a box."""
        height = self.bottom - self.top
        return height if height > 0 else 0.0

    def joined(self, other: "Box") -> "Box":
        """The smallest box that holds both."""
        return Box.around((self, other))

    def point(self, x: float, y: float) -> tuple[float, float]:
        """A point in 0..1000 of this box (of a picture cut out there), in units of the page."""
        return self.left + x / SCALE * self.width, self.top + y / SCALE * self.height

    def part(self, inner: "Box") -> "Box":
        """A box in 0..1000 of this one, in units of the page."""
        return Box(*self.point(inner.left, inner.top), *self.point(inner.right, inner.bottom))

    def rotated(self, degrees: int) -> "Box":
        """Where this box lies once the page has been turned clockwise by a multiple of 90 degrees."""
        match degrees % 360:
            case 90:
                return Box(SCALE - self.bottom, self.left, SCALE - self.top, self.right)
            case 180:
                return Box(SCALE - self.right, SCALE - self.bottom, SCALE - self.left, SCALE - self.top)
            case 270:
                return Box(self.top, SCALE - self.right, self.bottom, SCALE - self.left)
            case _:
                return self


@frozen
class PixelBudget:
    """What a recogniser can use of a picture: more pixels are waste, fewer are unreadable.

    `multiple` is the patch size both sides are rounded to (28 for GLM-OCR), `max_aspect` the longest side over the
    shortest that the model accepts.
    """

    min_pixels: int = 1
    max_pixels: int = 1 << 62
    multiple: int = 1
    max_aspect: float = math.inf


@frozen
class Warp:
    """How a page lies bent in its picture: where each place of the straightened page is seen on the upright picture.

    Both are measured from the middle of their picture, in halves of the upright picture's longer side. A place (u, v)
    of the straightened page first sinks by the sum of u^k (level[k-1] + fan[k-1] v), which is how its lines curl, and
    then goes through the projective `turn` (three rows of three), which is how the sheet was turned and held.
    """

    upright: Size  # pixels of the picture as it was handed in, turned by quarters
    straight: Size  # pixels of the straightened one
    turn: tuple[float, float, float, float, float, float, float, float, float]
    level: tuple[float, ...] = ()
    fan: tuple[float, ...] = ()

    @property
    def unit(self) -> float:
        """Pixels of half the upright picture's longer side."""
        return max(self.upright) / 2

    def seen(self, x: float, y: float) -> tuple[float, float]:
        """A place in 0..1000 of the straightened page, in 0..1000 of the upright picture; it may lie beyond that."""
        u = (x / SCALE - 0.5) * self.straight.width / self.unit
        v = (y / SCALE - 0.5) * self.straight.height / self.unit
        v += self.sunk(u, v)
        a, b, c, d, e, f, g, h, i = self.turn
        depth = g * u + h * v + i
        return self._units((a * u + b * v + c) / depth, (d * u + e * v + f) / depth, self.upright)

    def laid(self, x: float, y: float) -> tuple[float, float]:
        """`seen` the other way round: a place on the upright picture, on the straightened page."""
        across = (x / SCALE - 0.5) * self.upright.width / self.unit
        down = (y / SCALE - 0.5) * self.upright.height / self.unit
        a, b, c, d, e, f, g, h, i = self.turn
        depth = (d * h - e * g) * across + (b * g - a * h) * down + (a * e - b * d)
        u = ((e * i - f * h) * across + (c * h - b * i) * down + (b * f - c * e)) / depth
        v = ((f * g - d * i) * across + (a * i - c * g) * down + (c * d - a * f)) / depth
        level, fan = self.sunk(u, 0), self.sunk(u, 1) - self.sunk(u, 0)
        return self._units(u, (v - level) / (1 + fan), self.straight)

    def _units(self, across: float, down: float, size: Size) -> tuple[float, float]:
        """0..1000 of a picture of that size, from halves of the longer side."""
        return (across * self.unit / size.width + 0.5) * SCALE, (down * self.unit / size.height + 0.5) * SCALE

    def sunk(self, u: float, v: float) -> float:
        """How far below its height in the middle a line has curled at u."""
        terms = zip(self.level, self.fan, strict=True)
        return sum(u ** (k + 1) * (level + fan * v) for k, (level, fan) in enumerate(terms))

    def corners(self, box: Box) -> tuple[tuple[float, float], ...]:
        """Where a box of the straightened page lies on the upright picture: its corners, clockwise from top left."""
        places = ((box.left, box.top), (box.right, box.top), (box.right, box.bottom), (box.left, box.bottom))
        return tuple(self.seen(x, y) for x, y in places)

    def around(self, box: Box) -> Box:
        """The box on the upright picture that holds a box of the straightened page, whose edges may curl."""
        xs = [box.left + box.width * part / 4 for part in range(5)]
        points = [self.seen(x, y) for x in xs for y in (box.top, box.bottom)]
        return bounds(points).clamped()

    @property
    def degrees(self) -> float:
        """How far the page was turned clockwise in its picture, at its middle."""
        (left, above), (right, below) = (self._halves(*self.seen(x, SCALE / 2)) for x in (SCALE / 2 - 1, SCALE / 2 + 1))
        return math.degrees(math.atan2(below - above, right - left))

    @property
    def slant(self) -> float:
        """How much longer one edge of the page is seen than the one across from it, as a share: 0 from right above."""
        corners = [self._halves(x, y) for x, y in self.corners(Box.of_page())]
        top, right, bottom, left = (math.dist(one, other) for one, other in pairwise((*corners, corners[0])))
        return max(top, bottom) / min(top, bottom) - 1 + max(left, right) / min(left, right) - 1

    @property
    def curl(self) -> float:
        """How far lines leave a straight one at most, as a share of the page's longer side."""
        reach, depth = self.straight.width / 2 / self.unit, self.straight.height / 2 / self.unit
        places = [(u / 4 * reach, v * depth) for u in range(-4, 5) for v in (-1, 0, 1)]
        return max(abs(self.sunk(u, v)) for u, v in places) / 2

    def _halves(self, x: float, y: float) -> tuple[float, float]:
        return x * self.upright.width, y * self.upright.height


def bounds(points: Iterable[tuple[float, float]]) -> Box:
    """The box that holds points in page units; there is one at least."""
    across, down = zip(*points, strict=True)
    return Box(min(across), min(down), max(across), max(down))
