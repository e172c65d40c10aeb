"""What a drawn line says is what is read, with each word in its place."""

from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from octavo.document import Pixels
from octavo.networks.session import Allowance
from octavo.networks.strips import Quad
from octavo.networks.text_lines import TextLines
from octavo.networks.text_reader import LinePicture, ReadLine, TextReader
from octavo.settings import EngineSettings

SETTINGS = EngineSettings(threads=1)


@pytest.fixture(scope="module")
def reader() -> Iterator[TextReader]:
    reader = TextReader(SETTINGS)
    yield reader
    reader.close()


def drawn(text: str, *, size: int = 32, ink: int = 0, paper: int = 255) -> tuple[Pixels, list[float]]:
    """A line of text, and where each of its words begins (pixels)."""
    font = ImageFont.load_default(size)
    starts = [12 + font.getlength(text[: text.index(word)]) for word in text.split()]
    image = Image.new("RGB", (24 + round(font.getlength(text)), 2 * size), (paper,) * 3)
    ImageDraw.Draw(image).text((12, size // 3), text, fill=(ink,) * 3, font=font)
    return np.asarray(image), starts


def whole(pixels: Pixels) -> Quad:
    height, width = pixels.shape[:2]
    return np.array(((0, 0), (width, 0), (width, height), (0, height)), np.float32)


def read(reader: TextReader, pixels: Pixels, quad: Quad | None = None) -> ReadLine:
    return reader.read([LinePicture(pixels, whole(pixels) if quad is None else quad)], Allowance(60))[0]


@pytest.mark.parametrize(
    "text",
    [
        "Ten green bottles, hanging on the wall",
        "Invoice No. 2024-0815",
        "$1,234.56",
        "Total (incl. 19% VAT): 87.50 EUR",
        "7",
    ],
)
@pytest.mark.parametrize("size", [16, 32, 90])
def test_a_line_is_read(reader: TextReader, text: str, size: int) -> None:
    answer = read(reader, drawn(text, size=size)[0])
    assert answer.text.replace("l", "I") == text.replace("l", "I")  # the font draws the two alike
    assert answer.confidence > 0.7


@pytest.mark.slow
def test_a_line_of_hundreds_of_words_is_read_to_its_end(reader: TextReader) -> None:
    text = " ".join(["ten green bottles hanging on the wall"] * 30)
    answer = read(reader, drawn(text, size=28)[0])
    assert len(answer.text) == pytest.approx(len(text), rel=0.01)
    assert answer.text.count(" hanging ") >= 28
    assert answer.text.endswith("on the wall")


def test_lines_come_back_in_their_order_whatever_their_length(reader: TextReader) -> None:
    texts = [f"{number}" + " green bottles" * (number % 5 == 0) for number in range(21, 39)]
    pictures = [drawn(text)[0] for text in texts]
    answers = reader.read([LinePicture(pixels, whole(pixels)) for pixels in pictures], Allowance(60))
    assert [answer.text.split(" ")[0] for answer in answers] == [text.split(" ")[0] for text in texts]


def set_tight(text: str) -> tuple[Pixels, Quad]:
    """A line as the finder cuts it, with little above and below."""
    pixels, _ = drawn(text, size=36)
    quad = whole(pixels)
    quad[:, 1] = 7, 7, 58, 58
    return pixels, quad


def test_a_plain_line_is_read_by_the_tiny_network_alone(reader: TextReader) -> None:
    answer = read(reader, *set_tight("But one green house near that road was set on fire"))
    assert answer.text == "But one green house near that road was set on fire"
    assert answer.again == 0


def test_only_what_is_doubtful_of_a_line_is_read_again_by_the_small_network(reader: TextReader) -> None:
    text = "But one green house near that road B8Z0 was set on fire at dawn and never saw another year"
    answer = read(reader, *set_tight(text))
    assert answer.text == text
    assert 0 < answer.again < 0.6


def test_small_print_is_left_to_the_small_network(reader: TextReader) -> None:
    pixels, _ = drawn("hanging on the wall", size=14)
    line = whole(pixels)
    line[:2, 1], line[2:, 1] = 4, 19  # pixels: as high as the letters
    assert read(reader, pixels, line).again == 1


def test_ink_that_is_no_writing_says_nothing(reader: TextReader) -> None:
    pixels = np.full((40, 300, 3), 255, np.uint8)
    pixels[18:21, 40:260] = 0
    assert len(read(reader, pixels).text) <= 1


def test_light_on_dark_and_faint_are_read(reader: TextReader) -> None:
    for ink, paper in ((255, 20), (190, 225)):
        assert read(reader, drawn("hanging on the wall", ink=ink, paper=paper)[0]).text == "hanging on the wall"


def test_words_join_to_the_line_and_stand_where_they_are_drawn(reader: TextReader) -> None:
    pixels, starts = drawn("And if one green bottle should accidentally fall", size=36)
    answer = read(reader, pixels)
    assert " ".join(word.text for word in answer.words) == answer.text
    assert len(answer.words) == len(starts)
    for word, start in zip(answer.words, starts, strict=True):
        assert word.start * pixels.shape[1] == pytest.approx(start, abs=6)
        assert 0 <= word.start < word.end <= 1
    assert all(a.end < b.start for a, b in zip(answer.words, answer.words[1:], strict=False))


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_turned_line_is_read_and_says_from_where(reader: TextReader, turns: int) -> None:
    text = "There would be nine green bottles"
    upright, _ = drawn(text)
    pixels = np.ascontiguousarray(np.rot90(upright, turns))
    answer = read(reader, pixels)
    assert answer.text == text
    expected = {1: (0, pixels.shape[0]), 2: (pixels.shape[1], pixels.shape[0]), 3: (pixels.shape[1], 0)}
    assert tuple(answer.quad[0]) == expected[turns]


def test_a_leaning_line_is_straightened(reader: TextReader) -> None:
    level, _ = drawn("hanging on a slanting wall", size=40)
    image = Image.new("RGB", (900, 500), "white")
    image.paste(Image.fromarray(level), (100, 200))
    pixels = np.asarray(image.rotate(12, fillcolor="white", resample=Image.Resampling.BICUBIC))
    finder = TextLines(SETTINGS)
    (line,) = finder.find_quads(pixels)
    finder.close()
    assert read(reader, pixels, line.quad).text == "hanging on a slanting wall"


def test_what_is_no_writing_it_knows_is_not_taken_for_read(reader: TextReader) -> None:
    """Shapes like those of a foreign script: either unsure, or with most of the ink left over."""
    image = Image.new("RGB", (900, 60), "white")
    draw = ImageDraw.Draw(image)
    for number in range(20):
        left = 20 + 43 * number
        draw.arc((left, 12, left + 26, 48), 30 * number, 30 * number + 250, fill="black", width=5)
        draw.line((left + 8, 46, left + 30, 14 + number % 5 * 7), fill="black", width=5)
    answer = read(reader, np.asarray(image))
    assert answer.confidence * answer.covered < 0.6


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 1), (8, 30000)])
def test_odd_shapes_say_nothing(reader: TextReader, shape: tuple[int, int]) -> None:
    answer = read(reader, np.full((*shape, 3), 255, np.uint8))
    assert answer.text == ""
    assert answer.confidence == 0.0


def test_a_quad_over_the_edge_is_read_as_far_as_there_is_something(reader: TextReader) -> None:
    pixels, _ = drawn("hanging on the wall")
    beyond = whole(pixels) + np.array(((-9, -9), (9, -9), (9, 9), (-9, 9)), np.float32)
    assert read(reader, pixels, beyond).text == "hanging on the wall"
