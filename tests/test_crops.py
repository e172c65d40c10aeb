"""What a recogniser gets to see of a region."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from octavo.crops import cut, fitted_size
from octavo.document import Label, PageImage, Region, Task
from octavo.geometry import Box, PixelBudget, Size


def page_of(width: int, height: int) -> PageImage:
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[..., 0] = np.arange(width)[None, :] % 251
    pixels[..., 1] = np.arange(height)[:, None] % 251
    return PageImage(0, pixels, 150.0)


def region_of(box: Box, polygon: tuple[tuple[float, float], ...] = ()) -> Region:
    return Region(0, box, Label.TEXT, Task.TEXT, 0.9, polygon)


def test_a_crop_that_fits_is_a_view_of_exactly_the_regions_pixels() -> None:
    page = page_of(1000, 2000)
    crop = cut(page, region_of(Box(100, 200, 300, 250)), PixelBudget())
    assert crop.box == (100, 400, 300, 500)
    assert crop.pixels.shape == (100, 200, 3)
    assert np.shares_memory(crop.pixels, page.pixels)
    assert (crop.pixels == page.pixels[400:500, 100:300]).all()


def test_a_large_crop_is_averaged_down_not_sampled() -> None:
    pixels = np.full((1000, 1000, 3), 255, np.uint8)
    pixels[::2] = 0  # hairlines that sampling would lose or double
    crop = cut(PageImage(0, pixels, 0.0), region_of(Box.of_page()), PixelBudget(max_pixels=250 * 250))
    assert crop.pixels.shape == (250, 250, 3)
    assert 120 < crop.pixels.mean() < 135
    assert crop.pixels.std() < 10


def test_a_sliver_gets_a_margin_and_keeps_its_shape() -> None:
    page = page_of(2000, 1000)
    crop = cut(page, region_of(Box(0, 500, 1000, 505)), PixelBudget(multiple=28, max_aspect=10))
    assert crop.size.width / crop.size.height <= 10
    assert crop.size.width % 28 == 0
    assert crop.size.height % 28 == 0
    assert crop.pixels.shape == (5, 2000, 3)
    assert (crop.pixels == page.pixels[500:505]).all()


def test_a_tiny_crop_is_enlarged() -> None:
    crop = cut(page_of(100, 100), region_of(Box(0, 0, 100, 50)), PixelBudget(min_pixels=112 * 112, multiple=28))
    assert crop.size.area >= 112 * 112
    assert crop.pixels.shape[1] <= crop.size.width
    assert crop.pixels.shape[0] <= crop.size.height
    assert crop.pixels.shape[1] / crop.pixels.shape[0] == pytest.approx(2, rel=0.2)


def test_only_a_polygon_hides_the_surroundings() -> None:
    page = PageImage(0, np.zeros((1000, 1000, 3), np.uint8), 0.0)
    triangle = ((100.0, 100.0), (300.0, 100.0), (100.0, 300.0))
    crop = cut(page, region_of(Box(100, 100, 300, 300), triangle), PixelBudget())
    assert (crop.pixels[10, 10] == 0).all()
    assert (crop.pixels[190, 190] == 255).all()
    assert (page.pixels == 0).all()


@given(
    st.integers(1, 5000),
    st.integers(1, 5000),
    st.sampled_from([1, 14, 28, 32]),
    st.sampled_from([0, 12544, 100_000]),
    st.sampled_from([200_000, 1_000_000, 1 << 62]),
    st.sampled_from([math.inf, 200.0, 8.0]),
)
def test_every_size_ends_within_the_budget(
    width: int, height: int, multiple: int, least: int, most: int, aspect: float
) -> None:
    budget = PixelBudget(least, most, multiple, aspect)
    canvas, scale = fitted_size(Size(width, height), budget)
    assert canvas.width % multiple == 0
    assert canvas.height % multiple == 0
    assert canvas.area <= most
    assert round(width * scale) <= canvas.width + 1
    assert round(height * scale) <= canvas.height + 1
    if aspect < 100 and max(canvas) > multiple * aspect:
        assert max(canvas) / min(canvas) <= aspect * 1.25  # the patch grid rounds
