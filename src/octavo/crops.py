"""A page and a region to the exact picture a recogniser gets: never distorted, never larger than it can use.

What fits is a view into the page, without a copy; of a page that is not drawn yet, a promise of one. What is too large
is averaged down, what is too small is enlarged, and what has the wrong shape (longer than the model accepts, or off its
patch size) gets a white margin right and below, which is drawn where the picture is encoded.
"""

import math

import numpy as np

from octavo.document import Crop, PageImage, Picture, Pixels, Region, pixels_of
from octavo.frozen import frozen
from octavo.geometry import SCALE, PixelBox, PixelBudget, Size
from octavo.opencv import cv2


def cut(page: PageImage, region: Region, budget: PixelBudget) -> Crop:
    """The region's pixels, within the budget. Raises OctavoError where the page cannot be drawn."""
    box = region.box.to_pixels(page.size)
    size, scale = fitted_size(Size(box.width, box.height), budget)
    drawn = _scaled_size(Size(box.width, box.height), scale, size)
    cutting = _Cutting(page.picture, region.polygon, box, page.size, drawn)
    if isinstance(page.picture, np.ndarray):
        return Crop(region, cutting.pixels, box, size)
    outlines = page.outlines.within(box, scale) if page.outlines and not region.polygon else None
    return Crop(region, cutting, box, size, outlines=outlines)


@frozen
class _Cutting:
    """A part of a page's picture, cut when somebody looks at it."""

    picture: Picture
    polygon: tuple[tuple[float, float], ...]
    box: PixelBox
    page: Size
    size: Size

    @property
    def pixels(self) -> Pixels:
        pixels = pixels_of(self.picture)[self.box.top : self.box.bottom, self.box.left : self.box.right]
        if self.polygon:
            pixels = _masked(pixels, self.polygon, self.box, self.page)
        if (self.box.width, self.box.height) == self.size:
            return pixels
        how = cv2.INTER_AREA if self.size.area < self.box.width * self.box.height else cv2.INTER_CUBIC
        return np.asarray(cv2.resize(pixels, self.size, interpolation=how), np.uint8)


def fitted_size(size: Size, budget: PixelBudget) -> tuple[Size, float]:
    """The size of the picture that is handed over, margin included, and the scale its content is drawn at."""
    width, height = size
    if max(width, height) > budget.max_aspect * min(width, height):
        shorter = math.ceil(max(width, height) / budget.max_aspect)
        width, height = max(width, shorter), max(height, shorter)
    multiple = budget.multiple
    scale = max(1.0, math.sqrt(budget.min_pixels / (width * height)))
    canvas = Size(_up(width * scale, multiple), _up(height * scale, multiple))
    if canvas.area > budget.max_pixels:
        scale = min(scale, math.sqrt(budget.max_pixels / (width * height)))
        # Down to whole patches: rounding up could pass the limit again. A sliver is one patch high at any scale.
        shorter = _down(min(width, height) * scale, multiple)
        longer = _down(min(max(width, height) * scale, budget.max_pixels / shorter), multiple)
        scale = min(scale, longer / max(width, height), shorter / min(width, height))
        canvas = Size(_up(width * scale, multiple), _up(height * scale, multiple))
    return canvas, scale


def _scaled_size(size: Size, scale: float, most: Size) -> Size:
    if scale == 1.0:
        return size
    width, height = size
    return Size(min(most.width, max(1, round(width * scale))), min(most.height, max(1, round(height * scale))))


def _up(length: float, multiple: int) -> int:
    return max(1, math.ceil(length / multiple - 1e-6)) * multiple


def _down(length: float, multiple: int) -> int:
    return max(1, math.floor(length / multiple + 1e-6)) * multiple


def _masked(pixels: Pixels, polygon: tuple[tuple[float, float], ...], box: PixelBox, size: Size) -> Pixels:
    """A copy that is white outside the polygon."""
    scaled = [(x / SCALE * size.width - box.left, y / SCALE * size.height - box.top) for x, y in polygon]
    corners = np.round(np.array(scaled)).astype(np.int32)
    inside = np.zeros(pixels.shape[:2], np.uint8)
    cv2.fillPoly(inside, [corners], 255)
    masked = np.full_like(pixels, 255)
    np.copyto(masked, pixels, where=inside[:, :, None] > 0)
    return masked
