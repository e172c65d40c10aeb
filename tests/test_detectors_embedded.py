"""The embedded detector on drawn pages, with its real networks."""

from collections import Counter
from dataclasses import replace

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from octavo.detectors import whole_page
from octavo.detectors.embedded import EmbeddedDetector, open_detector
from octavo.document import Detection, Label, Origin, PageImage, Pixels, TextLayer, TextLine, Trust
from octavo.errors import EngineUnavailable
from octavo.geometry import Box, Size
from octavo.regions import settle
from octavo.settings import EngineSettings, ParseOptions

SIZE = Size(1240, 1754)
WORDS = ["The", "quick", "brown", "fox", "jumps", "over", "the", "lazy", "dog", "while", "the", "band", "plays", "on"]


@pytest.fixture(scope="module")
def detector() -> EmbeddedDetector:
    try:
        return open_detector(EngineSettings(threads=2))
    except EngineUnavailable as missing:
        pytest.skip(str(missing))


def blank() -> Image.Image:
    return Image.new("RGB", SIZE, "white")


def write(image: Image.Image, text: str, left: int, top: int, *, height: int = 24, bold: bool = False) -> TextLine:
    font = ImageFont.load_default(height)
    ImageDraw.Draw(image).text((left, top), text, "black", font, stroke_width=int(bold))
    right = left + font.getlength(text)
    box = Box.from_pixels(left, top, right, top + 1.2 * height, SIZE)
    return TextLine(box, text, font_size=height * 72 / 150, bold=bold)


def running(image: Image.Image, left: int, top: int, rows: int, words: int) -> list[TextLine]:
    def text(row: int) -> str:
        return " ".join(WORDS[(row * 5 + n) % len(WORDS)] for n in range(words))

    return [write(image, text(row), left, top + 34 * row) for row in range(rows)]


def page(image: Image.Image, lines: list[TextLine] | None = None) -> PageImage:
    layer = None if lines is None else TextLayer(Trust.TRUSTED, "drawn by a test", tuple(lines))
    return PageImage(0, np.asarray(image), 150, text=layer)


def labels(found: list[Detection]) -> Counter[Label]:
    return Counter(detection.label for detection in found)


def test_a_born_digital_page_is_told_apart_by_its_type(detector: EmbeddedDetector) -> None:
    image = blank()
    header = write(image, "A running header", 120, 60, height=18)
    title = write(image, "The title of it all", 300, 160, height=52, bold=True)
    body = running(image, 120, 300, 12, 11)
    heading = write(image, "A heading", 120, 760, height=32, bold=True)
    more = running(image, 120, 830, 10, 11)
    number = write(image, "7", 600, 1680)
    lines = [header, title, *body, heading, *more, number]
    (found,) = detector.detect([page(image, lines)])
    by_line = {line: detection.label for detection in found for line in detection.lines}
    assert by_line[header] is Label.HEADER
    assert by_line[title] is Label.DOC_TITLE
    assert by_line[heading] is Label.PARAGRAPH_TITLE
    assert by_line[number] is Label.NUMBER
    assert {by_line[line] for line in (*body, *more)} == {Label.TEXT}
    assert Counter(line for detection in found for line in detection.lines) == Counter(lines)


@pytest.mark.slow
def test_two_columns_of_a_scan_are_read_in_order(detector: EmbeddedDetector) -> None:
    image = blank()
    left, right = running(image, 100, 200, 20, 6), running(image, 660, 200, 20, 6)
    scan = page(image)
    settled = settle(detector.detect([scan])[0], scan, ParseOptions())
    found = [line for region in settled.regions for line in region.lines]
    assert len(found) == len(left) + len(right)
    sides = [line.box.center[0] < 500 for line in found]
    assert sides == sorted(sides, reverse=True)
    tops = [line.box.top for line in found if line.box.center[0] < 500]
    assert tops == sorted(tops)


def test_a_photo_on_a_page_is_a_picture_and_its_caption_follows(detector: EmbeddedDetector) -> None:
    image = blank()
    lines = running(image, 120, 150, 8, 11)
    noise = np.random.default_rng(3).integers(0, 220, (16, 26, 3), np.uint8)
    image.paste(Image.fromarray(cv2.resize(noise, (800, 500))), (220, 520))
    lines += [write(image, "Figure 1: what was seen from the window", 300, 1040, height=20)]
    lines += running(image, 120, 1150, 8, 11)
    it = page(image, lines)
    (found,) = detector.detect([it])
    assert labels(found)[Label.IMAGE] == labels(found)[Label.FIGURE_TITLE] == 1
    order = [region.label for region in settle(found, it, ParseOptions()).regions]
    assert order.index(Label.FIGURE_TITLE) == order.index(Label.IMAGE) + 1
    picture = next(detection for detection in found if detection.label is Label.IMAGE)
    assert picture.box.iou(Box.from_pixels(220, 520, 1020, 1020, SIZE)) > 0.9


@pytest.mark.slow
def test_text_in_a_raster_picture_of_a_trusted_page_is_found(detector: EmbeddedDetector) -> None:
    image = blank()
    lines = running(image, 120, 150, 8, 11)
    running(image, 140, 700, 12, 10)  # drawn, but not in the layer
    it = page(image, lines)
    assert it.text is not None
    picture = Box.from_pixels(100, 650, 1140, 1200, SIZE)
    it = replace(it, text=replace(it.text, pictures=(picture,)))
    (found,) = detector.detect([it])
    unread = [line for detection in found for line in detection.lines if line.text is None]
    assert len(unread) == 12
    assert all(picture.contains(*line.box.center) for line in unread)


@pytest.mark.parametrize("size", [(1, 1), (40, 3), (3, 900), (600, 800)])
def test_a_page_with_nothing_on_it_has_no_regions(detector: EmbeddedDetector, size: tuple[int, int]) -> None:
    empty: Pixels = np.full((size[1], size[0], 3), 255, np.uint8)
    assert detector.detect([PageImage(0, empty, 72)]) == [[]]


@pytest.mark.slow
def test_detection_is_the_same_every_time(detector: EmbeddedDetector) -> None:
    image = blank()
    running(image, 120, 150, 8, 11)
    assert detector.detect([page(image), page(image)])[0] == detector.detect([page(image)])[0]


def test_the_whole_page_is_one_region_of_text() -> None:
    detector = whole_page.open_detector(EngineSettings())
    it = page(blank(), [write(blank(), "words", 100, 100)])
    found = detector.detect([it, it])
    assert [len(detections) for detections in found] == [1, 1]
    assert found[0][0].origin is Origin.WHOLE_PAGE
    (region,) = settle(found[0], it, ParseOptions()).regions
    assert (region.box, region.label, [line.text for line in region.lines]) == (Box.of_page(), Label.TEXT, ["words"])


def test_a_page_of_too_many_lines_is_read_from_top_to_bottom(
    detector: EmbeddedDetector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the finders do grows faster than the number of lines; nothing is left out for that."""
    monkeypatch.setattr("octavo.layout.flow.MOST_LINES", 2)
    layer = TextLayer(
        Trust.TRUSTED,
        "",
        tuple(
            TextLine(Box(left, top, left + 100, top + 20), text)
            for left, top, text in (
                (500, 100, "second"),
                (100, 101, "first"),
                (100, 300, "third"),
            )
        ),
    )
    page = PageImage(0, np.full((500, 500, 3), 255, np.uint8), 72, text=layer)
    ((found,),) = detector.detect([page])
    assert [line.text for line in found.lines] == ["first", "second", "third"]
    assert "top to bottom" in (found.reason or "")
