"""Figures on drawn pages: what is drawn and is not text."""

import cv2
import numpy as np
import pytest

from octavo.document import Pixels, TextLine, size_of
from octavo.geometry import Box, Rect, Size
from octavo.layout.drawn_rows import DrawnRows
from octavo.layout.figures import Figure, Ink, find_figures
from octavo.layout.lines import Line

SIZE = Size(1000, 1400)
TYPE = 20.0


def page(tone: int = 255) -> Pixels:
    return np.full((SIZE.height, SIZE.width, 3), tone, np.uint8)


def write(pixels: Pixels, left: int, top: int, width: int) -> Line:
    """A line of something like letters."""
    for x in range(left, left + width - 8, 14):
        cv2.rectangle(pixels, (x, top + 4), (x + 6, top + 18), (0, 0, 0), 2)
    box = Box(left, top / 1.4, left + width, (top + TYPE) / 1.4)
    return Line(left, top, left + width, top + TYPE, TYPE, TextLine(box))


def column(pixels: Pixels, top: int, rows: int, left: int = 100, width: int = 700) -> list[Line]:
    return [write(pixels, left, top + 26 * row, width) for row in range(rows)]


def found(pixels: Pixels, lines: list[Line]) -> list[Figure]:
    return [
        figure for figure in find_figures(Ink.of(pixels, size_of(pixels), lines, TYPE), lines, TYPE) if not figure.lost
    ]


def noise(pixels: Pixels, left: int, top: int, right: int, bottom: int) -> None:
    pixels[top:bottom, left:right] = np.random.default_rng(1).integers(
        0, 200, (bottom - top, right - left, 1), np.uint8
    )


def test_text_alone_has_no_figure() -> None:
    pixels = page()
    assert not found(pixels, column(pixels, 100, 20))


def test_a_photo_is_found_where_it_is() -> None:
    pixels = page()
    lines = column(pixels, 100, 8)
    noise(pixels, 200, 500, 800, 900)
    (figure,) = found(pixels, lines)
    rect = figure.rect
    assert (rect.left, rect.top, rect.right, rect.bottom) == pytest.approx((200, 500, 800, 900), abs=15)
    assert figure.density > 0.8


@pytest.mark.parametrize("thick", [1, 16, 40, 60])
@pytest.mark.parametrize("step", [20, 60, 90, 160])
def test_a_page_of_bars_alone_is_what_it_is_when_it_is_looked_at_closely(thick: int, step: int) -> None:
    pixels = page()
    for top in range(200, 800, thick + step):
        cv2.rectangle(pixels, (200, top), (700, top + thick - 1), (60, 60, 60), -1)
    unseen = Rect(10, 1300, 12, 1302)  # of a raster picture with nothing in it, for which all is looked at
    glanced, looked = (Ink.of(pixels, SIZE, [], TYPE, known) for known in ([], [unseen]))
    assert find_figures(glanced, [], TYPE) == find_figures(looked, [], TYPE)


@pytest.mark.parametrize("panel", [None, (0, 760, 240), (200, 760, 240)])
@pytest.mark.parametrize("between", [0, 20, 40, 60, 200])
def test_white_between_drawings_changes_nothing_about_them(between: int, panel: tuple[int, int, int] | None) -> None:
    pixels = page()
    if panel:  # a shade, of most of the page or of some of it
        pixels[panel[0] : panel[1]] = panel[2]
    for top in (203, 303 + between):
        cv2.rectangle(pixels, (200, top), (700, top + 97), (0, 0, 0), 1)
        for x in range(220, 680, 30):
            cv2.circle(pixels, (x, top + 50), 11, (200, 0, 0), -1)
    lines = [*column(pixels, 620, 3), *column(pixels, 1000, 2)]
    some, all_rows = (Ink.of(pixels, SIZE, lines, TYPE, known) for known in ([], [Rect(10, 0, 12, SIZE.height)]))
    assert not all_rows.rows.left_out
    assert find_figures(some, lines, TYPE) == find_figures(all_rows, lines, TYPE)


@pytest.mark.parametrize("channels", [(), (3,)])
@pytest.mark.parametrize("size", [Size(434, 614), Size(490, 693), Size(500, 700), Size(1000, 1400)])
def test_rows_that_are_drawn_are_shrunk_as_the_page_is(size: Size, channels: tuple[int, ...]) -> None:
    pixels = np.full((SIZE.height, SIZE.width, *channels), 255, np.uint8)
    for top in (0, 333, 900):
        pixels[top : top + 61] = np.random.default_rng(top).integers(0, 255, (61, SIZE.width, *channels), np.uint8)
    whole = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    drawn = whole.reshape(size.height, -1).min(axis=1) < 255
    rows = DrawnRows.around(drawn, np.zeros(size.height, bool))
    assert rows.left_out
    assert np.array_equal(rows.of(pixels, size.width), whole[rows.rows])


def test_a_chart_takes_the_numbers_at_its_axes() -> None:
    pixels = page()
    lines = column(pixels, 100, 8)
    cv2.line(pixels, (300, 500), (300, 900), (0, 0, 0), 3)
    cv2.line(pixels, (300, 900), (800, 900), (0, 0, 0), 3)
    points = np.array([(300 + 10 * x, int(700 - 150 * np.sin(x / 6))) for x in range(50)], np.int32)
    cv2.polylines(pixels, [points], False, (0, 0, 200), 4)
    numbers = [write(pixels, 240, top, 40) for top in (500, 600, 700, 800)]
    (figure,) = found(pixels, [*lines, *numbers])
    assert set(figure.lines) == set(numbers)
    assert figure.rect.bottom == pytest.approx(900, abs=20)


@pytest.mark.parametrize("tone", [225, 120])
def test_a_box_or_shade_around_text_is_no_figure(tone: int) -> None:
    pixels = page()
    cv2.rectangle(pixels, (80, 80), (840, 480), (tone,) * 3, -1)
    cv2.rectangle(pixels, (80, 600), (840, 900), (0, 0, 0), 3)
    assert not found(pixels, column(pixels, 100, 14) + column(pixels, 620, 10))


def test_rules_are_no_figures() -> None:
    pixels = page()
    for top in (90, 400, 700):
        cv2.line(pixels, (80, top), (900, top), (0, 0, 0), 3)
    assert not found(pixels, column(pixels, 100, 10) + column(pixels, 420, 10))


def test_text_beside_a_figure_stays_outside() -> None:
    pixels = page()
    noise(pixels, 100, 200, 450, 700)
    pixels[695:700, 100:800] = 0  # a line under both ties text and picture together
    lines = column(pixels, 210, 15, left=480, width=400)
    figures = found(pixels, lines)
    assert [figure.rect.right < 490 for figure in figures] == [True]
    assert not figures[0].lines


def test_the_border_of_a_scan_is_no_figure() -> None:
    pixels = page()
    pixels[1300:] = 0
    pixels[:, :25] = 0
    assert not found(pixels, column(pixels, 100, 20))


def test_the_titles_of_axes_are_the_charts() -> None:
    pixels = page()
    cv2.rectangle(pixels, (300, 300), (700, 600), (0, 0, 0), 2)
    for x in range(310, 690, 20):
        cv2.circle(pixels, (x, 590 - x // 3), 7, (200, 0, 0), -1)
    numbers = [written(pixels, str(5 * n), 320 + 100 * n, 612) for n in range(4)]
    below = written(pixels, "flow (in metres a second)", 363, 646)
    caption = written(pixels, "Figure 2. Estimated against measured", 360, 680)
    figures = found(pixels, [*numbers, below, caption])
    assert len(figures) == 1
    assert below in figures[0].lines
    assert caption not in figures[0].lines


def test_a_line_under_a_photo_is_not_the_photos() -> None:
    pixels = page()
    noise(pixels, 300, 300, 700, 600)
    below = written(pixels, "Our cat in the garden", 400, 608)
    assert below not in found(pixels, [below])[0].lines


def written(pixels: Pixels, text: str, left: int, top: int) -> Line:
    at = write(pixels, left, top, 11 * len(text))
    return Line(at.left, at.top, at.right, at.bottom, TYPE, TextLine(at.source.box, text))
