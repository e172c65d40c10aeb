"""Lines of text are found on pictures of any size and shape."""

from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from octavo.document import Pixels
from octavo.geometry import Box, Size
from octavo.networks.line_parting import parted
from octavo.networks.strips import Quad
from octavo.networks.text_lines import TextLines, working_scale
from octavo.settings import EngineSettings


@pytest.fixture(scope="module")
def finder() -> Iterator[TextLines]:
    finder = TextLines(EngineSettings(threads=1))
    yield finder
    finder.close()


def written(lines: list[str], *, font_size: int, width: int, height: int, pitch: float = 2.0) -> Pixels:
    """A white picture with one line below the other."""
    image = Image.new("RGB", (width, height), "white")
    font = ImageFont.load_default(font_size)
    for number, line in enumerate(lines):
        place = font_size, font_size + number * pitch * font_size
        ImageDraw.Draw(image).text(place, line, fill="black", font=font)
    return np.asarray(image)


@pytest.mark.parametrize("font_size", [9, 14, 24, 48, 120])
def test_letters_of_any_size_are_found(finder: TextLines, font_size: int) -> None:
    lines = ["Ten green bottles", "hanging on the wall", "and if one of them"]
    pixels = written(lines, font_size=font_size, width=14 * font_size, height=8 * font_size)
    found = finder.find(pixels)
    assert len(found) == 3
    assert [line.box.top for line in found] == sorted(line.box.top for line in found)


def test_light_letters_on_dark_are_found(finder: TextLines) -> None:
    lines = ["Ten green bottles", "hanging on the wall", "and if one of them"]
    assert len(finder.find(255 - written(lines, font_size=14, width=200, height=120))) == 3


@pytest.mark.slow
def test_small_print_is_found_beside_a_headline(finder: TextLines) -> None:
    image = Image.new("RGB", (1200, 900), "white")
    draw = ImageDraw.Draw(image)
    draw.text((40, 40), "HEADLINE", fill="black", font=ImageFont.load_default(120))
    for number in range(12):
        draw.text(
            (40, 300 + 40 * number), "the small print of a contract", fill="black", font=ImageFont.load_default(13)
        )
    assert len(finder.find(np.asarray(image))) == 13


def test_boxes_and_corners_lie_on_the_picture(finder: TextLines) -> None:
    pixels = written(["touching", "the edges"], font_size=40, width=190, height=130)
    for line in finder.find(pixels[38:, 38:]):
        assert line.text is None
        assert Box.of_page().joined(line.box) == Box.of_page()
        assert all(0 <= value <= 1000 for corner in line.quad for value in corner)


@pytest.mark.parametrize("shape", [(1, 1), (1, 3000), (3000, 1), (40, 20000), (20000, 40), (7, 9)])
def test_odd_shapes_are_taken(finder: TextLines, shape: tuple[int, int]) -> None:
    assert finder.find(np.full((*shape, 3), 255, np.uint8)) == []


@pytest.mark.slow
def test_a_tall_strip_is_read_to_its_end(finder: TextLines) -> None:
    """A screenshot of a long page is looked at in tiles; no line is lost or doubled at a seam."""
    lines = [f"This is line number {number} of many" for number in range(150)]
    pixels = written(lines, font_size=20, width=480, height=6060)
    found = finder.find(pixels)
    assert len(found) == len(lines)


def test_a_leaning_line_has_leaning_corners(finder: TextLines) -> None:
    level = Image.fromarray(written(["A line that leans by five degrees"], font_size=30, width=700, height=400))
    leaning = level.rotate(-5, fillcolor="white", resample=Image.Resampling.BICUBIC)
    (line,) = finder.find(np.asarray(leaning))
    (left, top), (right, lower) = line.quad[0], line.quad[1]
    lean = np.degrees(np.arctan2((lower - top) * 400, (right - left) * 700))
    assert lean == pytest.approx(5, abs=1)


def test_an_empty_page_has_no_lines(finder: TextLines) -> None:
    noise = np.random.default_rng(0).normal(245, 4, (800, 600, 3)).clip(0, 255).astype(np.uint8)
    assert finder.find(noise) == []


def test_a_line_over_a_gutter_is_parted_a_heading_is_not() -> None:
    """As the detector finds them where columns stand close: two of the lines in one piece."""
    image = Image.new("RGB", (900, 500), "white")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(24)
    draw.text((40, 20), "A heading over both of the columns, in one line", fill="black", font=font)
    for number in range(8):
        draw.text((40, 80 + 40 * number), "the left column of the page", fill="black", font=font)
        draw.text((460, 80 + 40 * number), "the right column of the page", fill="black", font=font)
    ends = 40 + font.getlength("the left column of the page") + 8

    def quad(left: float, right: float, top: float) -> Quad:
        return np.array(((left, top), (right, top), (right, top + 34), (left, top + 34)), np.float32)

    heading = quad(32, 48 + font.getlength("A heading over both of the columns, in one line"), 16)
    bridged = [quad(32, 860, 76 + 40 * number) for number in (0, 1)]
    columns = [quad(*span, 76 + 40 * number) for number in range(2, 8) for span in ((32, ends), (452, 860))]
    parts = list(parted([heading, *bridged, *columns], np.asarray(image)))
    assert [len(pieces) for pieces in parts] == [1, 2, 2] + [1] * 12
    for left, right in parts[1:3]:
        assert left[1, 0] == pytest.approx(ends - 8, abs=6)
        assert right[0, 0] == pytest.approx(460, abs=6)


def test_specks_do_not_enlarge_a_blank_page() -> None:
    page = Size(929, 1650)
    assert working_scale(np.full(12, 4.0), page) == 1
    assert working_scale(np.full(300, 4.0), page) > 1.5  # as many letters are text
    assert working_scale(np.full(25, 6.0), Size(503, 45)) == 2  # and so is a row cut from a table


def test_grain_does_not_enlarge_a_page() -> None:
    page = Size(1700, 2200)
    print_, footnotes, grain = np.full(400, 16.0), np.full(200, 12.0), np.full(200, 5.0)
    assert working_scale(np.append(print_, grain), page) == working_scale(print_, page) == 0.75
    assert working_scale(np.append(print_, footnotes), page) == 1  # small print counts
