"""Crooked and photographed pages read as straight ones do, straight ones are left alone, and places lead back."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from made import SIZE
from PIL import Image, ImageDraw, ImageFont
from samples.camera import Camera, Photograph

from octavo import ParseOptions, Parser, assemble
from octavo.assemble.places import as_laid, page_as_seen
from octavo.content import Table
from octavo.document import (
    Document,
    Label,
    PageImage,
    Pixels,
    Problem,
    Recognition,
    Region,
    Severity,
    Task,
    TextLayer,
    TextLine,
    Trust,
    Word,
)
from octavo.geometry import Box, Size, Warp, bounds
from octavo.renderers import crops, report
from octavo.settings import EngineSettings, Profile, StraightenUse
from octavo.straightening import straightened

WIDTH, HEIGHT = 1000, 1300
ROWS = (
    ("Date", "Item", "Paid", "Balance"),
    *((f"{day:02} May", f"{word} delivered", f"{3 * day}.50", f"{900 - 7 * day}.10") for day, word in enumerate(
        ("Flour", "Butter", "Apples", "Walnuts", "Honey", "Coffee", "Candles", "Paper", "String", "Soap"), 1
    )),
)  # fmt: skip
COLUMNS = (100, 260, 600, 900)  # the first two set from here to the right, the others up to here
TABLE = (100, 420, 900, 420 + 44 * len(ROWS))

WAYS = {
    "turned": Camera(turned=4),
    "turned far": Camera(turned=-10),
    "aslant": Camera(tilted=9, swung=10, turned=2, desk=True),
    "from below": Camera(tilted=15, desk=True),
    "curled": Camera(curled=0.06, tilted=9, desk=True),
    "in the shade": Camera(turned=-3, shaded=0.5),
}


def drawn() -> Pixels:
    """A letter with a table, as pixels."""
    image = Image.new("RGB", (WIDTH, HEIGHT), "white")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(22)
    for number in range(7):
        text = "Ten green bottles hanging on the wall, ten green bottles hanging on the wall"
        draw.text((100, 110 + 34 * number), text, "black", font)
    for number, row in enumerate(ROWS):
        top = TABLE[1] + 44 * number
        for place, (column, text) in enumerate(zip(COLUMNS, row, strict=True)):
            draw.text((column, top), text, "black", font, anchor="la" if place < 2 else "ra")
    for number in range(5):
        draw.text((100, 980 + 34 * number), "And if one green bottle should accidentally fall,", "black", font)
    return np.asarray(image)


def page(pixels: Pixels) -> PageImage:
    return PageImage(0, pixels, 120)


@pytest.fixture(scope="module")
def letter() -> Pixels:
    return drawn()


@pytest.fixture(scope="module")
def photographs(letter: Pixels) -> dict[str, Photograph]:
    return {name: camera.photograph(letter) for name, camera in WAYS.items()}


# --- straight pages -----------------------------------------------------------------------------------------------


def test_a_straight_page_is_left_alone(letter: Pixels) -> None:
    straight = page(letter)
    assert straightened(straight) is straight


@pytest.mark.parametrize("degrees", [0.1, -0.2])
def test_so_is_one_that_leans_by_less_than_anybody_sees(letter: Pixels, degrees: float) -> None:
    leaning = page(Camera(turned=degrees).photograph(letter).pixels)
    assert straightened(leaning) is leaning


@pytest.mark.parametrize("shape", [(1, 1), (5, 4000), (4000, 5), (900, 700)])
def test_so_is_a_page_with_nothing_on_it(shape: tuple[int, int]) -> None:
    empty = page(np.full((*shape, 3), 255, np.uint8))
    assert straightened(empty) is empty


def test_so_is_a_page_of_noise() -> None:
    noise = page(np.random.default_rng(5).integers(0, 255, (900, 700, 3), np.uint8))
    assert straightened(noise) is noise


def test_so_is_a_page_whose_own_text_can_be_trusted(photographs: dict[str, Photograph]) -> None:
    crooked = replace(page(photographs["turned"].pixels), text=TextLayer(Trust.TRUSTED, ""))
    assert straightened(crooked) is crooked


# --- crooked ones -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
def test_what_stood_on_one_height_does_so_again_and_what_stood_below_each_other(
    photographs: dict[str, Photograph], way: str
) -> None:
    photograph = photographs[way]
    straight = straightened(page(photograph.pixels))
    assert straight.warp is not None
    assert straight.warp.straight == straight.size
    assert straight.warp.upright == Size(photograph.pixels.shape[1], photograph.pixels.shape[0])
    assert not straight.problems
    xs, ys = np.linspace(100, 900, 9), np.linspace(110, 1100, 9)
    places = np.array([[laid(straight.warp, photograph, x, y) for x in xs] for y in ys])
    assert np.ptp(places[..., 1], axis=1).max() < 9  # pixels of letters 22 high, over the whole page
    assert np.ptp(places[..., 0], axis=0).max() < 30


def laid(warp: Warp, photograph: Photograph, x: float, y: float) -> tuple[float, float]:
    """Where a place of the letter lies on the straightened page, in pixels of that."""
    ((across, down),) = photograph.seen(np.array([[x, y]]))
    u, v = warp.laid(across / warp.upright.width * 1000, down / warp.upright.height * 1000)
    return u / 1000 * warp.straight.width, v / 1000 * warp.straight.height


def test_what_leans_both_ways_at_once_is_doubted() -> None:
    halves = [Camera(turned=degrees).photograph(drawn()).pixels[:1250, :1000] for degrees in (5, -5)]
    torn = page(np.ascontiguousarray(np.concatenate((halves[0][:, :650], halves[1][:, 350:]), axis=1)))
    assert "page_crooked" in {problem.code for problem in straightened(torn).problems}


# --- from end to end ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def parser() -> Iterator[Parser]:
    with Parser(EngineSettings(threads=1)) as opened:
        yield opened


def png(pixels: Pixels) -> bytes:
    data = BytesIO()
    Image.fromarray(pixels).save(data, "PNG", dpi=(120, 120))
    return data.getvalue()


def cells(document: Document) -> list[list[str]]:
    (table,) = (block.content for block in document.pages[0].blocks if isinstance(block.content, Table))
    return [[cell.text for cell in row] for row in table.rows]


@pytest.mark.slow
@pytest.mark.parametrize("way", ["turned far", "aslant", "curled"])
def test_rows_stay_together_and_places_are_those_of_the_picture(
    parser: Parser, photographs: dict[str, Photograph], way: str
) -> None:
    photograph = photographs[way]
    document = parser.parse(png(photograph.pixels))
    assert cells(document) == [list(row) for row in ROWS]
    (read,) = document.pages
    assert read.size == Size(photograph.pixels.shape[1], photograph.pixels.shape[0])
    table = next(block.region for block in read.blocks if block.region.label is Label.TABLE)
    left, top, right, bottom = TABLE
    corners = photograph.seen(np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float64))
    truth = bounds((x / read.size.width * 1000, y / read.size.height * 1000) for x, y in corners)
    assert table.box.iou(truth) > 0.85
    told = report.report(document)["pages"][0]["straightened"]
    assert told["degrees"] == pytest.approx(WAYS[way].turned, abs=1.5)


@pytest.mark.parametrize(
    ("options", "is_straightened"),
    [
        (ParseOptions(), True),
        (ParseOptions(straighten=StraightenUse.OFF), False),
        (ParseOptions(profile=Profile.OFFICIAL), False),  # it sees what the SDK sees
    ],
)
def test_who_wants_the_page_as_it_is_gets_it(
    photographs: dict[str, Photograph], options: ParseOptions, is_straightened: bool
) -> None:
    with Parser(EngineSettings(detector="whole_page", recognizer="scripted")) as opened:
        document = opened.parse(png(photographs["turned"].pixels), options)
    assert (document.pages[0].warp is not None) is is_straightened
    assert (report.report(document)["pages"][0]["straightened"] is not None) is is_straightened


# --- places -------------------------------------------------------------------------------------------------------


WARP = Warp(
    Size(1200, 1600),
    Size(1300, 1500),
    (0.99, -0.07, 0.01, 0.07, 0.99, -0.02, 0.05, 0.08, 1.0),
    (0.0, 0.04),
    (0.0, -0.1),
)


def test_there_and_back_is_where_one_was() -> None:
    for place in ((0.0, 0.0), (1000.0, 0.0), (480.0, 530.0), (120.0, 990.0)):
        assert WARP.laid(*WARP.seen(*place)) == pytest.approx(place)


def test_a_page_that_was_kept_comes_back_as_it_was_straight() -> None:
    line = TextLine(Box(110, 205, 480, 225), "Twelve words", (Word("Twelve", Box(110, 205, 280, 225)),))
    problem = Problem("lines_unread", "one", Severity.DOUBTFUL, 0, Box(100, 200, 500, 260))
    region = Region(0, Box(100, 200, 500, 260), Label.TEXT, Task.TEXT, 0.9, lines=(line,))
    read = Recognition("Twelve words", lines=(line,), problems=(problem,))
    made = assemble.page(straight(), [region], [read], [], ParseOptions(), {})
    seen = page_as_seen(made)
    assert seen.size == WARP.upright
    (block,) = seen.blocks
    assert block.region.box == WARP.around(region.box)
    assert block.region.polygon == WARP.corners(region.box)
    assert block.recognition.lines[0].words[0].box == WARP.around(line.words[0].box)
    assert [one.box for one in seen.problems] == [WARP.around(region.box)]
    assert seen.problems[0] is block.recognition.problems[0]
    (back,) = as_laid(seen).blocks
    assert back.region.box.sides == pytest.approx(region.box.sides)
    assert back.recognition.lines[0].box.sides == pytest.approx(line.box.sides)


def test_pictures_are_cut_from_the_straightened_page() -> None:
    """A black square on a page turned by 8 degrees: its picture is black to the corners."""
    clean = np.full((800, 800, 3), 255, np.uint8)
    clean[200:400, 300:500] = 0
    photograph = Camera(turned=8).photograph(clean)
    height, width = photograph.pixels.shape[:2]
    turn = np.deg2rad(8)
    warp = Warp(Size(width, height), Size(width, height), rotation(turn))
    seen = photograph.seen(np.array([(300, 200), (500, 200), (500, 400), (300, 400)], np.float64))
    box = bounds(warp.laid(x / width * 1000, y / height * 1000) for x, y in seen)
    region = Region(0, box, Label.IMAGE, Task.SKIP, 0.9)
    image = PageImage(0, np.zeros((height, width, 3), np.uint8), 100, warp=warp)
    made = page_as_seen(assemble.page(image, [region], [Recognition(None)], [], ParseOptions(), {}))
    document = Document("square", (made,), 1)
    (artifact,) = crops.render(document, Pictures(photograph.pixels), ParseOptions())
    cut = np.asarray(Image.open(BytesIO(artifact.data)).convert("L"))
    assert cut.shape == pytest.approx((200, 200), abs=3)
    assert cut[4:-4, 4:-4].max() < 60


class Pictures:
    def __init__(self, pixels: Pixels) -> None:
        self._pixels = pixels

    def page(self, number: int) -> Pixels:
        return self._pixels


def rotation(turn: float) -> Sequence[float]:
    cosine, sine = float(np.cos(turn)), float(np.sin(turn))
    return (cosine, -sine, 0.0, sine, cosine, 0.0, 0.0, 0.0, 1.0)


def straight() -> PageImage:
    return PageImage(0, np.zeros((*SIZE[::-1], 3), np.uint8), 100, warp=WARP)
