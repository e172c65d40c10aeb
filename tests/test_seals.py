"""Seals and stamps: text that runs round inside a ring, read by the real networks."""

import io
import math
from collections.abc import Iterator

import pytest
from PIL import Image, ImageDraw, ImageFont

from octavo import EngineSettings, ParseOptions, Parser, to_markdown
from octavo.document import Document, Label

RED, BLACK = (200, 40, 50), (40, 40, 40)
SIDE = 900


@pytest.fixture(scope="module")
def parser() -> Iterator[Parser]:
    with Parser(EngineSettings(threads=2)) as opened:
        yield opened


def letter() -> Image.Image:
    image = Image.new("RGB", (SIDE, SIDE), "white")
    draw = ImageDraw.Draw(image)
    for row, words in enumerate(
        ("We confirm that the goods were received in full", "and that nothing is owed any more.")
    ):
        draw.text((60, 80 + 44 * row), words, "black", ImageFont.load_default(28))
    draw.text((60, 800), "Signed on 4 May 2026 in Leiden", "black", ImageFont.load_default(28))
    return image


def seal(image: Image.Image, above: str, below: str, level: str, ink: tuple[int, int, int], oval: float = 1.0) -> None:
    """A ring in the middle of the right half, with text along it and in it."""
    draw, (x, y), radius = ImageDraw.Draw(image), (600, 470), 190
    draw.ellipse((x - radius, y - radius * oval, x + radius, y + radius * oval), outline=ink, width=6)
    step = 0.17  # radians from letter to letter
    for text, middle, turn in ((above, -math.pi / 2, 1), (below, math.pi / 2, -1)):
        for place, sign in enumerate(text):
            angle = middle + turn * (place - (len(text) - 1) / 2) * step
            tile = Image.new("L", (60, 60))
            ImageDraw.Draw(tile).text((30, 30), sign, 255, ImageFont.load_default(32), anchor="mm")
            slope = math.atan2(math.sin(angle) / oval, math.cos(angle))  # of the ring's normal there
            tile = tile.rotate(-math.degrees(slope + turn * math.pi / 2), resample=Image.Resampling.BICUBIC)
            far = radius - 32
            at = (round(x + far * math.cos(angle)) - 30, round(y + (radius * oval - 32) * math.sin(angle)) - 30)
            image.paste(ink, at, tile)
    draw.text((x, y), level, ink, ImageFont.load_default(36), anchor="mm")


def read(parser: Parser, image: Image.Image) -> Document:
    file = io.BytesIO()
    image.save(file, "PNG")
    return parser.parse(file.getvalue(), ParseOptions())


@pytest.mark.parametrize(("ink", "oval"), [(RED, 1.0), (BLACK, 1.0), (RED, 0.8)])
@pytest.mark.slow
def test_text_that_runs_round_is_read_in_its_order(parser: Parser, ink: tuple[int, int, int], oval: float) -> None:
    image = letter()
    seal(image, "NORTHERN TRADE COMPANY", "REG 80417", "PAID", ink, oval)
    document = read(parser, image)
    (block,) = [block for block in document.pages[0].blocks if block.region.label is Label.SEAL]
    lines = [(line.text or "").replace(" ", "") for line in block.recognition.lines]  # letters stand apart unevenly
    assert lines == ["NORTHERNTRADECOMPANY", "PAID", "REG80417"]
    told = to_markdown(document, ParseOptions())
    assert told.index("nothing is owed") < told.index("NORTHERN") < told.index("Signed on 4 May 2026")
    ring = block.region.box
    words = [word for line in block.recognition.lines for word in line.words]
    assert all(word.box.covered_by(ring) > 0.95 for word in words)
    number = words[-1].box
    assert number.top > ring.center[1]
    assert number.left > ring.center[0] - 50, "the number is to the right of REG, at the bottom"


@pytest.mark.slow
def test_a_ring_without_text_along_it_is_no_seal(parser: Parser) -> None:
    image = letter()
    seal(image, "", "", "12 %", BLACK)
    document = read(parser, image)
    assert not [block for block in document.pages[0].blocks if block.region.label is Label.SEAL]
    assert "12%" in to_markdown(document, ParseOptions())


@pytest.mark.slow
def test_text_that_runs_round_below_through_the_lowest_point_is_whole(parser: Parser) -> None:
    image = letter()
    seal(image, "", "HARBOUR OFFICE", "", RED)
    (block,) = [one for one in read(parser, image).pages[0].blocks if one.region.label is Label.SEAL]
    assert [(line.text or "").replace(" ", "") for line in block.recognition.lines] == ["HARBOUROFFICE"]


def test_a_page_of_too_many_lines_keeps_its_seals_text(parser: Parser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("octavo.layout.flow.MOST_LINES", 2)
    image = letter()
    seal(image, "NORTHERN TRADE COMPANY", "", "PAID", RED)
    told = to_markdown(read(parser, image), ParseOptions()).replace(" ", "")
    assert "NORTHERNTRADECOMPANY" in told
    assert "PAID" in told
