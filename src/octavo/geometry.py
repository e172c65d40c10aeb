"""Boxes, sizes and pixel budgets: the only place where units are converted.

A `Box` is in 0..1000 of the page, origin top left, so it outlives the picture it was found in. A `PixelBox` belongs
to one picture. Everything is immutable and pure.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple, Self

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


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in 0..1000 of the page; x grows right, y grows down."""

    left: float
    top: float
    right: float
    bottom: float

    @classmethod
    def of_page(cls) -> Self:
        return cls(0.0, 0.0, SCALE, SCALE)

    @classmethod
    def from_pixels(cls, left: float, top: float, right: float, bottom: float, size: Size) -> Self:
        """Pixels of a picture of `size` to page units, clamped to the page."""

        def unit(value: float, extent: int) -> float:
            return min(SCALE, max(0.0, value / extent * SCALE))

        return cls(unit(left, size.width), unit(top, size.height), unit(right, size.width), unit(bottom, size.height))

    def to_pixels(self, size: Size) -> PixelBox:
        """The smallest whole-pixel box that holds this one, inside the picture and at least one pixel each way."""
        left = min(size.width - 1, max(0, math.floor(self.left / SCALE * size.width + 1e-6)))
        top = min(size.height - 1, max(0, math.floor(self.top / SCALE * size.height + 1e-6)))
        right = min(size.width, max(left + 1, math.ceil(self.right / SCALE * size.width - 1e-6)))
        bottom = min(size.height, max(top + 1, math.ceil(self.bottom / SCALE * size.height - 1e-6)))
        return PixelBox(left, top, right, bottom)

    @property
    def width(self) -> float:
        return max(0.0, self.right - self.left)

    @property
    def height(self) -> float:
        return max(0.0, self.bottom - self.top)

    @property
    def area(self) -> float:
        return self.width * self.height

    @property
    def center(self) -> tuple[float, float]:
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    def contains(self, x: float, y: float) -> bool:
        return self.left <= x <= self.right and self.top <= y <= self.bottom

    def intersection(self, other: "Box") -> float:
        """Shared area."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        return width * height if width > 0 and height > 0 else 0.0

    def covered_by(self, other: "Box") -> float:
        """Share of this box's area that lies in the other, 0..1."""
        return self.intersection(other) / self.area if self.area > 0 else 0.0

    def iou(self, other: "Box") -> float:
        """Intersection over union, 0..1."""
        shared = self.intersection(other)
        union = self.area + other.area - shared
        return shared / union if union > 0 else 0.0

    def joined(self, other: "Box") -> "Box":
        """The smallest box that holds both."""
        return Box(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )

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


@dataclass(frozen=True, slots=True)
class PixelBudget:
    """What a recogniser can use of a picture: more pixels are waste, fewer are unreadable.

    `multiple` is the patch size both sides are rounded to (28 for GLM-OCR), `max_aspect` the longest side over the
    shortest that the model accepts.
    """

    min_pixels: int = 1
    max_pixels: int = 1 << 62
    multiple: int = 1
    max_aspect: float = math.inf
