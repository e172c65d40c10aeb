"""Settling detections: nothing on a page is lost, nothing is there twice, and the order can be read."""

import time
from collections import Counter
from collections.abc import Sequence
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from octavo.document import Detection, Label, Origin, PageImage, Task, TextLayer, TextLine, Trust, Word
from octavo.geometry import Box
from octavo.regions import settle
from octavo.settings import ParseOptions

OPTIONS = ParseOptions()


def page(lines: Sequence[TextLine] = (), verdict: Trust = Trust.TRUSTED) -> PageImage:
    return PageImage(0, np.full((1400, 1000, 3), 255, np.uint8), 150, text=TextLayer(verdict, "made up", tuple(lines)))


def line(text: str, left: float, top: float, right: float, height: float = 12) -> TextLine:
    return TextLine(Box(left, top, right, top + height), text, font_size=8)


def detection(
    label: Label, left: float, top: float, right: float, bottom: float, score: float = 0.9, **more
) -> Detection:
    return Detection(Box(left, top, right, bottom), label, score, **more)


def texts(settled) -> list[str]:
    return [" ".join(line.text for line in region.lines) for region in settled.regions]


def test_lines_go_to_the_region_they_are_in_and_keep_their_order() -> None:
    lines = [line("two", 100, 130, 400), line("one", 100, 110, 400), line("right", 550, 110, 850)]
    found = settle(
        [detection(Label.TEXT, 540, 100, 900, 300), detection(Label.TEXT, 90, 100, 450, 300)], page(lines), OPTIONS
    )
    assert texts(found) == ["one two", "right"]


def test_lines_no_detection_covers_become_regions_where_they_stand() -> None:
    lines = [line("first", 100, 110, 400), line("orphan", 100, 300, 400), line("last", 100, 510, 400)]
    detections = [
        detection(Label.TEXT, 90, 500, 900, 600, order=1.0),
        detection(Label.TEXT, 90, 100, 900, 200, order=0.0),
    ]
    found = settle(detections, page(lines), OPTIONS)
    assert texts(found) == ["first", "orphan", "last"]
    assert [region.origin for region in found.regions] == [Origin.MODEL, Origin.GEOMETRY, Origin.MODEL]


def test_lines_of_a_text_layer_that_is_not_trusted_make_no_regions() -> None:
    assert not settle([], page([line("junk", 100, 110, 400)], Trust.INVISIBLE), OPTIONS).regions


def test_a_page_with_something_on_it_on_which_nothing_was_found_is_a_doubt() -> None:
    drawn = page()
    drawn.pixels[200:400:2, 100:900] = 0
    dusty = page()
    dusty.pixels[300:308, 300:308] = 0
    assert [problem.code for problem in settle([], drawn, OPTIONS).problems] == ["nothing_found"]
    assert not settle([], dusty, OPTIONS).problems
    assert not settle([detection(Label.IMAGE, 90, 100, 950, 300)], drawn, OPTIONS).problems


def test_a_line_over_two_columns_is_shared_by_its_words() -> None:
    words = tuple(Word(name, Box(left, 110, left + 90, 122)) for name, left in (("a", 100), ("b", 200), ("c", 600)))
    wide = TextLine(Box(100, 110, 690, 122), "a b c", words, font_size=8)
    detections = [detection(Label.TEXT, 90, 100, 450, 300), detection(Label.TEXT, 540, 100, 900, 300)]
    assert texts(settle(detections, page([wide]), OPTIONS)) == ["a b", "c"]


def test_the_rank_of_the_network_decides_the_order() -> None:
    detections = [
        detection(Label.TEXT, 100, 100, 400, 200, order=2.0),
        detection(Label.TEXT, 100, 300, 400, 400, order=1.0),
        detection(Label.TEXT, 100, 500, 400, 600, order=0.0),
    ]
    tops = [region.box.top for region in settle(detections, page(), OPTIONS).regions]
    assert tops == [500, 300, 100]


def test_a_region_seen_twice_is_there_once() -> None:
    detections = [
        detection(Label.TEXT, 100, 100, 400, 200, 0.6),
        detection(Label.PARAGRAPH_TITLE, 101, 100, 400, 201, 0.9),
    ]
    assert [region.label for region in settle(detections, page(), OPTIONS).regions] == [Label.PARAGRAPH_TITLE]


def test_text_seen_as_a_picture_too_is_read() -> None:
    detections = [detection(Label.IMAGE, 100, 100, 400, 200, 0.95), detection(Label.TEXT, 101, 100, 400, 201, 0.5)]
    assert [region.label for region in settle(detections, page(), OPTIONS).regions] == [Label.TEXT]


@pytest.mark.parametrize("container", [Label.IMAGE, Label.CHART, Label.HEADER_IMAGE])
def test_text_and_tables_inside_what_is_not_read_stay(container: Label) -> None:
    detections = [
        detection(container, 100, 100, 800, 800),
        detection(Label.TEXT, 150, 150, 700, 200),
        detection(Label.TABLE, 150, 300, 700, 700),
    ]
    labels = Counter(region.label for region in settle(detections, page(), OPTIONS).regions)
    assert labels == {container: 1, Label.TEXT: 1, Label.TABLE: 1}


def test_text_inside_a_header_that_is_left_out_stays() -> None:
    options = ParseOptions(tasks=MappingProxyType({Label.HEADER: Task.ABANDON}))
    detections = [detection(Label.HEADER, 50, 20, 950, 90), detection(Label.TEXT, 60, 30, 500, 60)]
    found = settle(detections, page(), options)
    assert {region.label: region.task for region in found.regions} == {
        Label.HEADER: Task.ABANDON,
        Label.TEXT: Task.TEXT,
    }


def test_text_inside_text_or_a_table_is_read_there_with_its_lines() -> None:
    inner = line("inner", 160, 160, 400)
    detections = [
        detection(Label.TABLE, 100, 100, 800, 800),
        detection(Label.TEXT, 150, 150, 700, 200, lines=(inner,)),
    ]
    found = settle(detections, page(), OPTIONS)
    assert [region.label for region in found.regions] == [Label.TABLE]
    assert texts(found) == ["inner"]


def test_a_table_in_a_text_region_stays_a_table() -> None:
    detections = [detection(Label.TEXT, 100, 100, 800, 800), detection(Label.TABLE, 150, 300, 700, 700)]
    assert {r.label for r in settle(detections, page(), OPTIONS).regions} == {Label.TEXT, Label.TABLE}


def test_references_are_kept_one_by_one() -> None:
    detections = [
        detection(Label.REFERENCE, 100, 100, 800, 800),
        detection(Label.REFERENCE_CONTENT, 110, 110, 790, 200),
        detection(Label.REFERENCE_CONTENT, 110, 210, 790, 300),
    ]
    labels = [region.label for region in settle(detections, page(), OPTIONS).regions]
    assert labels == [Label.REFERENCE_CONTENT, Label.REFERENCE_CONTENT]


def test_a_picture_of_the_whole_page_gives_way_to_what_is_on_it() -> None:
    detections = [detection(Label.IMAGE, 0, 0, 1000, 1000), detection(Label.TEXT, 150, 150, 700, 200)]
    assert [region.label for region in settle(detections, page(), OPTIONS).regions] == [Label.TEXT]
    assert len(settle(detections[:1], page(), OPTIONS).regions) == 1


# --- any page ---------------------------------------------------------------------------------------------------

corner = st.floats(-50, 1050, allow_nan=False)
extent = st.floats(0, 700, allow_nan=False)


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    left, top = draw(corner), draw(corner)
    return Box(left, top, left + draw(extent), top + draw(extent))


@st.composite
def detections(draw: st.DrawFn) -> list[Detection]:
    ranked = draw(st.booleans())
    return [
        Detection(
            draw(boxes()),
            draw(st.sampled_from(Label)),
            draw(st.floats(0, 1)),
            order=float(index) if ranked and draw(st.booleans()) else None,
        )
        for index in range(draw(st.integers(0, 12)))
    ]


@st.composite
def lines(draw: st.DrawFn) -> list[TextLine]:
    made = []
    for index in range(draw(st.integers(0, 15))):
        left, top = draw(st.floats(0, 900)), draw(st.floats(0, 980))
        width, height = draw(st.floats(0, 600)), draw(st.floats(0, 18))
        half = left + width / 2
        words = (
            Word(f"{index}a", Box(left, top, half, top + height)),
            Word(f"{index}b", Box(half, top, left + width, top + height)),
        )
        made.append(TextLine(Box(left, top, left + width, top + height), f"{index}a {index}b", words, font_size=9))
    return made


@pytest.mark.slow
@settings(deadline=None, max_examples=150)
@given(detections(), lines())
def test_no_word_is_lost_or_doubled(found: list[Detection], written: list[TextLine]) -> None:
    settled = settle(found, page(written), OPTIONS)
    words = Counter(word for text in texts(settled) for word in text.split())
    assert words == Counter(word for made in written for word in (made.text or "").split())


@pytest.mark.slow
@settings(deadline=None, max_examples=150)
@given(detections(), lines())
def test_regions_are_on_the_page_and_the_same_again(found: list[Detection], written: list[TextLine]) -> None:
    settled = settle(found, page(written), OPTIONS)
    for region in settled.regions:
        assert 0 <= region.box.left <= region.box.right
        assert 0 <= region.box.top <= region.box.bottom
    assert settled == settle(found, page(written), OPTIONS)


def test_three_hundred_detections_take_no_time() -> None:
    many = [
        detection(Label.TEXT, 20 + 190 * (n % 5), 10 + 16 * (n // 5), 200 + 190 * (n % 5), 24 + 16 * (n // 5))
        for n in range(300)
    ]
    settle(many, page(), OPTIONS)
    times = []
    for _ in range(5):
        start = time.process_time()
        assert len(settle(many, page(), OPTIONS).regions) == 300
        times.append(time.process_time() - start)
    assert min(times) < 0.5  # ten times what it takes: it must not explode
