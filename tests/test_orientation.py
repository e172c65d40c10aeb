"""Pages are turned upright when they lie, and left alone when they stand."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from octavo.document import PageImage, TextLayer, TextLine, Trust, Word
from octavo.geometry import Box
from octavo.orientation import Orientation, turned
from octavo.settings import EngineSettings


@pytest.fixture(scope="module")
def orientation() -> Iterator[Orientation]:
    orientation = Orientation(EngineSettings(threads=1))
    yield orientation
    orientation.close()


def letter(paragraphs: int = 4) -> PageImage:
    """A page of text."""
    image = Image.new("RGB", (620, 877), "white")
    font = ImageFont.load_default(15)
    draw = ImageDraw.Draw(image)
    for number in range(paragraphs * 6):
        top = 60 + 22 * number + 26 * (number // 6)
        draw.text((60, top), "Ten green bottles hanging on the wall, ten green bottles", fill="black", font=font)
    return PageImage(0, np.asarray(image), 75)


@pytest.mark.slow
@pytest.mark.parametrize("turns", [0, 1, 2, 3])
@pytest.mark.parametrize("paragraphs", [1, 5])
def test_a_page_is_turned_upright(orientation: Orientation, turns: int, paragraphs: int) -> None:
    standing = letter(paragraphs)
    lying = replace(standing, picture=np.ascontiguousarray(np.rot90(standing.pixels, turns)))  # counterclockwise
    page = orientation.upright(lying)
    assert page.rotation == 90 * turns
    assert np.array_equal(page.pixels, standing.pixels)


@pytest.mark.parametrize("shape", [(1, 1), (877, 620), (5, 4000), (4000, 5)])
def test_an_empty_page_stays(orientation: Orientation, shape: tuple[int, int]) -> None:
    page = PageImage(0, np.full((*shape, 3), 255, np.uint8), 0)
    assert orientation.upright(page) is page


@pytest.mark.slow
def test_a_page_of_noise_stays(orientation: Orientation) -> None:
    noise = np.random.default_rng(3).integers(0, 255, (700, 500, 3), np.uint8)
    assert orientation.upright(PageImage(0, noise, 0)).rotation == 0


def test_a_trusted_text_layer_has_the_last_word(orientation: Orientation) -> None:
    """What the picture looks like does not count against it."""
    text = TextLayer(Trust.TRUSTED, "good", (TextLine(Box(100, 100, 900, 120), "Ten green bottles"),))
    head_over = replace(letter(), picture=np.ascontiguousarray(letter().pixels[::-1, ::-1]), text=text)
    assert orientation.upright(head_over) is head_over


def test_a_text_layer_that_runs_upwards_turns_the_page_with_all_that_is_on_it(orientation: Orientation) -> None:
    upwards = TextLine(
        Box(100, 200, 120, 900),
        "Ten bottles",
        (Word("Ten", Box(100, 700, 120, 900)), Word("bottles", Box(100, 200, 120, 600))),
        quad=((100, 900), (100, 200), (120, 200), (120, 900)),
    )
    text = TextLayer(Trust.TRUSTED, "good", (upwards,), pictures=(Box(0, 0, 500, 100),))
    page = orientation.upright(replace(letter(), text=text))
    assert page.rotation == 90
    assert page.text is not None
    (line,) = page.text.lines
    assert line.box == Box(100, 100, 800, 120)
    assert line.quad[0] == (100, 100)
    assert line.words[0].box.right < line.words[1].box.left
    assert page.text.pictures == (Box(900, 0, 1000, 500),)


def test_four_quarter_turns_are_none() -> None:
    page = letter()
    for _ in range(4):
        page = turned(page, 1)
    assert page.rotation == 0
    assert np.array_equal(page.pixels, letter().pixels)
