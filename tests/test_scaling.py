"""Costs that strangers set grow no faster than what they send: exponents, fitted over CPU time.

A slope of 1 is linear, 2 a square. The bound stands between them, far from both: a busy machine moves single times, not
the slope over a factor of eight.
"""

import math
import random
import time
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from pdf_maker import HELVETICA, PdfPage, make_pdf

from octavo import assemble, conservation, regions, text_layer
from octavo.assemble import parts
from octavo.content import Table
from octavo.document import (
    Areas,
    Detection,
    Label,
    Origin,
    Outlines,
    Page,
    PageImage,
    Region,
    Task,
    TextLayer,
    TextLine,
    Trust,
    Usage,
)
from octavo.geometry import Box, Size
from octavo.glm_ocr.connections import Chunks, parsed
from octavo.glm_ocr.model import joined_tables
from octavo.layout import flow
from octavo.layout.dated_entries import find_dated_entries
from octavo.layout.lines import straightened
from octavo.layout.side_by_side import PageLines
from octavo.layout.tick_boxes import find_tick_boxes
from octavo.markup import html, latex
from octavo.markup.cleaning import cleaned
from octavo.pages import open_pages, select
from octavo.settings import EngineSettings, ParseOptions
from octavo.tables.areas import tables_among
from octavo.tables.rules import Rule, Rules
from octavo.tables.segments import Segment

SQUARE_FROM = 1.6
PLACES = [(100 + 150 * column, 20 + 40 * row) for row in range(40) for column in range(6)]  # of a table's texts


def slope(work: Callable[[int], object], size: int) -> float:
    """The exponent of the CPU time from `size` to eight times that, the quickest of three."""

    def seconds(size: int) -> float:
        started = time.process_time()
        work(size)
        return time.process_time() - started

    small, large = (min(seconds(size * factor) for _ in range(3)) for factor in (1, 8))
    return math.log(max(large, 1e-6) / max(small, 1e-6), 8)


def a_reply_in_small_chunks(size: int) -> None:
    data, chunks = bytearray(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), Chunks()
    for _ in range(size):
        data += b"1\r\nx\r\n"
        assert parsed(data, chunks, ended=False) is None


def a_list_that_names_every_page_again_and_again(size: int) -> None:
    assert len(select(",".join(["1-"] * size), size)) == size


def a_list_of_single_pages(size: int) -> None:
    assert len(select(",".join(str(page) for page in range(size, 0, -1)), size)) == size


def of_markup(piece: str) -> Callable[[int], None]:
    """A table in an answer, with a piece that makes parsers look ahead for its end, again and again."""

    def work(size: int) -> None:
        html.read("<table><tr><td>" + piece * size)
        cleaned(piece * size)

    return work


def tables_that_begin_and_never_end(size: int) -> None:
    assert joined_tables("<table><tr>" * size, "<table" * size) is None


def latex_tables_that_begin_and_never_end(size: int) -> None:
    assert latex.table_as_html("\\begin{array}{c}" * size + "\\end{tabular}") is None


def a_grid_of_spans(size: int) -> None:
    """Each cell says that it covers a million places."""
    content = html.read("<table>" + "<tr>" + "<td rowspan=1000 colspan=1000>x" * 10 + "</tr>" * 1 + "<tr>" * size)
    assert isinstance(content, Table)
    assert sum(1 for _ in content.placed()) == 10


def what_many_requests_took(size: int) -> None:
    """One after the other, with a pause between any two, as a server that takes one at a time is asked."""
    usage = Usage.total(Usage(requests=1, at_model=((2.0 * number, 2.0 * number + 1),)) for number in range(size))
    assert (usage.requests, len(usage.at_model)) == (size, size)


MARKUP = [
    "<a",
    "<",
    "<!--",
    "<![CDATA[",
    "</",
    "<td",
    "&#",
    "<b>x",
    "<td>x",
    "<tr>",
    "<table>",
    "<script>",
    "`",
    "[a](",
    "$x",
    "![",
    "> **",
]


@pytest.mark.parametrize("piece", MARKUP)
def test_no_mark_up_makes_it_look_again_and_again(piece: str) -> None:
    assert slope(of_markup(f"{piece} "), 400) < SQUARE_FROM


@pytest.mark.parametrize(
    ("work", "size"),
    [
        (a_grid_of_spans, 400),
        (tables_that_begin_and_never_end, 1_000),
        (latex_tables_that_begin_and_never_end, 500),
        (a_reply_in_small_chunks, 5_000),
        (a_list_that_names_every_page_again_and_again, 2_500),
        (a_list_of_single_pages, 1_200),
        (what_many_requests_took, 2_000),
    ],
)
@pytest.mark.slow
def test_it_grows_no_faster_than_what_was_sent(work: Callable[[int], object], size: int) -> None:
    assert slope(work, size) < SQUARE_FROM


# --- pages of many lines -----------------------------------------------------------------------------------------


def line(left: float, top: float, width: float, height: float, text: str) -> TextLine:
    return TextLine(Box(left, top, min(1000.0, left + width), min(1000.0, top + height)), text, font_size=0.7 * height)


def scattered(count: int) -> list[TextLine]:
    dice = random.Random(1)
    return [line(dice.uniform(0, 980), dice.uniform(0, 990), 10, 6, "word") for _ in range(count)]


def a_lattice(count: int) -> list[TextLine]:
    height = 990 / (count // 20)
    return [line(5 + at % 20 * 49, 5 + at // 20 * height, 20, 0.8 * height, str(at % 97)) for at in range(count)]


def one_column(count: int) -> list[TextLine]:
    height = 990 / count
    return [line(100, 5 + at * height, 800, 0.8 * height, "a line of text that is long enough") for at in range(count)]


def one_row(count: int) -> list[TextLine]:
    return [line(5 + at * 990 / count, 500, 495 / count, 5, "ab") for at in range(count)]


def titles_and_their_dates(count: int) -> list[TextLine]:
    """The first half of the dates end where each other does, of the rest each elsewhere."""
    height, found = 990 / (count // 2), []
    for at in range(count // 2):
        left = 850 - max(0, at - count // 4) * 600 / count
        found.append(line(50, 5 + at * height, 300, 0.8 * height, "a post that was held"))
        found.append(line(left, 5 + at * height, 50, 0.8 * height, "March 2014"))
    return found


def letters_before_small_print(count: int) -> list[TextLine]:
    dice = random.Random(1)
    large = [line(dice.uniform(0, 980), dice.uniform(0, 980), 10, 20, "A") for _ in range(count // 2)]
    return large + [line(dice.uniform(0, 980), dice.uniform(0, 990), 4, 4, "x y") for _ in range(count // 2)]


def read_whole(lines: list[TextLine]) -> Page:
    """A page of these lines without regions: one text, put in order and taken apart."""
    pixels = np.full((1650, 1275, 3), 255, np.uint8)
    image = PageImage(0, pixels, 150, text=TextLayer(Trust.TRUSTED, "", tuple(lines)))
    whole = Detection(Box.of_page(), Label.TEXT, 0.5, origin=Origin.WHOLE_PAGE)
    settled = regions.settle([whole], image, ParseOptions())
    read = [text_layer.recognition(region, image, ParseOptions()) for region in settled.regions]
    recognitions = [recognition for recognition in read if recognition is not None]
    page = assemble.page(image, settled.regions, recognitions, settled.problems, ParseOptions(), {})
    return conservation.checked(page, image.text, [whole])


@pytest.mark.slow
@pytest.mark.parametrize("arrangement", [scattered, a_lattice, one_column, one_row, letters_before_small_print])
def test_a_page_of_many_lines_costs_little_more_than_their_number(
    arrangement: Callable[[int], list[TextLine]],
) -> None:
    pages = {count: arrangement(count) for count in (250, 2000)}  # made before the time is taken
    assert slope(lambda count: read_whole(pages[count]), 250) < SQUARE_FROM


def test_whether_dates_are_those_of_entries_costs_little_more_than_their_number() -> None:
    size = Size(1275, 1650)
    pages = {count: straightened(titles_and_their_dates(count), size, dpi=150) for count in (600, 4_800)}
    assert slope(lambda count: list(find_dated_entries(PageLines(pages[count]))), 600) < SQUARE_FROM


def test_ruling_lines_cost_little_more_than_their_number() -> None:
    dice = random.Random(1)
    texts = [Segment(left, top, left + 80, top + 8, "ab", at, False, top) for at, (left, top) in enumerate(PLACES)]
    starts = [dice.uniform(0, 600) for _ in range(8_000)]
    pages = {
        count: Rules(
            Size(1275, 1650),
            tuple(Rule(1650 * at / count, start, start + 200 + start) for at, start in enumerate(starts[:count])),
        )
        for count in (1_000, 8_000)
    }
    assert slope(lambda count: tables_among(texts, pages[count]), 1_000) < SQUARE_FROM


def a_pattern_of_rings(count: int) -> np.ndarray:
    picture = np.full((1650, 1275, 3), 255, np.uint8)
    for at in range(count):
        cv2.circle(picture, (20 + at % 60 * 20, 20 + at // 60 * 20), 7, (0, 0, 0), 2)
    return picture


@pytest.mark.slow
def test_rings_cost_little_more_than_their_number() -> None:
    beside = [line(0, 1000, 5, 9, "so many")]
    pages = {count: a_pattern_of_rings(count) for count in (300, 2_400)}
    assert slope(lambda count: find_tick_boxes(pages[count], beside, 18.0), 300) < SQUARE_FROM


def read_apart(lines: list[TextLine]) -> None:
    """A page known without its picture on which each of these lines is a region, as the entries of a list are."""
    nothing = Areas(np.zeros((0, 4)), np.zeros(0), np.zeros(0, np.int64))
    outlines = Outlines(Size(1275, 1650), nothing, nothing, nothing)
    picture = np.full((1650, 1275, 3), 255, np.uint8)
    image = PageImage(0, picture, 150, text=TextLayer(Trust.TRUSTED, "", tuple(lines)), outlines=outlines)
    entries = [Detection(line.box, Label.TEXT, 0.8, lines=(line,), origin=Origin.GEOMETRY) for line in lines]
    for region in regions.settle(entries, image, ParseOptions()).regions:
        assert text_layer.recognition(region, image, ParseOptions()) is not None


@pytest.mark.slow
def test_a_page_of_many_regions_costs_little_more_than_their_number() -> None:
    pages = {count: one_column(count) for count in (200, 1600)}  # made before the time is taken
    assert slope(lambda count: read_apart(pages[count]), 200) < SQUARE_FROM


def a_lattice_that_is_not_drawn(count: int) -> PageImage:
    """The same in a PDF, whose text and shapes tell what it shows."""
    words = (
        f"1 0 0 1 {20 + at % 20 * 28} {20 + at // 20 * 760 * 20 / count:.1f} Tm ({at % 97}) Tj" for at in range(count)
    )
    page = PdfPage(f"BT /F1 {4_000 / count:.2f} Tf {' '.join(words)} ET".encode(), fonts={"F1": HELVETICA})
    with open_pages([make_pdf(page)], ParseOptions(), EngineSettings()) as pages:
        image = pages.draw(0, picture=False)
    assert image.outlines is not None
    return image


def test_whether_a_page_is_all_text_costs_little_more_than_its_lines() -> None:
    pages = {count: a_lattice_that_is_not_drawn(count) for count in (400, 3_200)}
    whole = Region(0, Box.of_page(), Label.TEXT, Task.TEXT, 1.0)
    assert all(text_layer.recognition(whole, page, ParseOptions()) for page in pages.values())
    assert slope(lambda count: text_layer.recognition(whole, pages[count], ParseOptions()), 400) < SQUARE_FROM


@pytest.mark.parametrize("arrangement", [scattered, one_column])
def test_beyond_so_many_lines_a_page_is_read_from_top_to_bottom_with_all_its_words(
    arrangement: Callable[[int], list[TextLine]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow, "MOST_LINES", 99)
    monkeypatch.setattr(parts, "MOST_LINES", 99)
    lines = arrangement(100)
    page = read_whole(lines)
    assert not page.problems
    (block,) = page.blocks
    assert sorted((block.recognition.text or "").split()) == sorted(" ".join(it.text or "" for it in lines).split())
