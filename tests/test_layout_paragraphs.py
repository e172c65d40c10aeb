"""Lines to rows and paragraphs, on made-up lines: type of 20 pixels on a page of 1000 x 1400."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from octavo.document import TextLine
from octavo.geometry import Box, Size
from octavo.layout.gutters import cut_at_gutters
from octavo.layout.lines import Line, straightened
from octavo.layout.paragraphs import grouped
from octavo.layout.side_by_side import in_rows

PAGE = Size(1000, 1400)


def line(text: str | None, left: float, top: float, right: float, size: float = 20, **style: bool) -> Line:
    box = Box(left, top / 1.4, right, (top + size) / 1.4)
    return Line(left, top, right, top + size, size, TextLine(box, text, font_size=size if text else None, **style))


def paragraphs(lines: list[Line], *, from_right: bool = False) -> list[str]:
    found = sorted(grouped(lines, from_right=from_right), key=lambda paragraph: (paragraph.top, paragraph.left))
    return [" / ".join(row.text for row in paragraph.rows) for paragraph in found]


def block(texts: list[tuple[str, float, float]], top: float = 100, pitch: float = 24, **style: bool) -> list[Line]:
    return [line(text, left, top + pitch * n, right, **style) for n, (text, left, right) in enumerate(texts)]


def test_an_indent_starts_a_paragraph() -> None:
    lines = block(
        [
            ("one two three four", 100, 500),
            ("five six seven ab", 100, 495),
            ("end here", 100, 300),
            ("new one starting", 125, 500),
            ("goes on for longer", 100, 498),
            ("and ends", 100, 280),
        ]
    )
    assert paragraphs(lines) == [
        "one two three four / five six seven ab / end here",
        "new one starting / goes on for longer / and ends",
    ]


def test_two_distances_that_agree_tell_how_loose_the_lines_of_a_page_are() -> None:
    """As a browser prints two short paragraphs: 1.7 sizes of type from line to line; 2.6 are paragraphs of one line."""
    first = block([("one two three four", 100, 500), ("five six", 100, 290)], pitch=34)
    second = block([("seven eight nine", 100, 495), ("ten eleven", 100, 300)], top=250, pitch=34)
    assert paragraphs(first + second) == ["one two three four / five six", "seven eight nine / ten eleven"]
    third = block([("alone it stands here", 100, 500), ("and so does this line", 100, 498)], top=400, pitch=52)
    assert paragraphs(third + block([("as does another one", 100, 499)], top=504)) == [
        "alone it stands here",
        "and so does this line",
        "as does another one",
    ]


def test_a_line_that_ends_early_ends_a_paragraph() -> None:
    lines = block([("one two three four", 100, 500), ("end", 100, 180), ("next one here now", 100, 498)])
    assert paragraphs(lines) == ["one two three four / end", "next one here now"]


def test_list_items_hang() -> None:
    lines = block(
        [
            ("a. Find the velocity of the rocket", 100, 500),
            ("being fired.", 130, 230),
            ("b. Find the acceleration of a rocket", 100, 500),
            ("when it is.", 130, 220),
        ]
    )
    assert paragraphs(lines) == [
        "a. Find the velocity of the rocket / being fired.",
        "b. Find the acceleration of a rocket / when it is.",
    ]


def test_bullets_start_items_and_belong_to_their_row() -> None:
    lines = []
    for row, text in enumerate(("first item", "second item", "third")):
        lines += [line("•", 100, 100 + 24 * row, 108), line(text, 130, 100 + 24 * row, 130 + 10 * len(text))]
    assert paragraphs(lines) == ["• first item", "• second item", "• third"]


def test_an_address_stays_in_one_piece() -> None:
    lines = block(
        [("Jane Doe", 100, 180), ("12 Long Street Name", 100, 290), ("Town", 100, 140), ("Country", 100, 170)]
    )
    assert paragraphs(lines) == ["Jane Doe / 12 Long Street Name / Town / Country"]


def test_space_between_blocks_parts_them() -> None:
    lines = block([("one two three", 100, 500), ("four five six", 100, 500)])
    lines += block([("seven eight nine", 100, 500), ("ten", 100, 500)], top=175)
    assert paragraphs(lines) == ["one two three / four five six", "seven eight nine / ten"]


def test_type_of_another_size_or_weight_parts_them() -> None:
    lines = [
        line("Heading", 100, 100, 260, 26),
        *block([("one two three four", 100, 500), ("five six", 100, 500)], top=130),
        line("Bold heading", 100, 182, 240, bold=True),
        *block([("seven eight nine", 100, 500), ("ten", 100, 500)], top=206),
    ]
    assert paragraphs(lines) == [
        "Heading",
        "one two three four / five six",
        "Bold heading",
        "seven eight nine / ten",
    ]


def test_columns_with_a_narrow_gutter_stay_apart() -> None:
    lines = []
    for row in range(6):
        lines += [line(f"left{row}", 100, 100 + 24 * row, 488), line(f"right{row}", 502, 100 + 24 * row, 900)]
    assert [len(row.lines) for row in in_rows(lines)] == [1] * 12
    assert paragraphs(lines) == [" / ".join(f"{side}{row}" for row in range(6)) for side in ("left", "right")]


def test_a_wide_space_in_a_line_is_no_gutter() -> None:
    lines = [
        line("a line over the whole column", 100, 100, 500),
        line("a line with", 100, 124, 260),
        line("a wide space", 300, 124, 500),
        line("another line over the column", 100, 148, 500),
    ]
    assert paragraphs(lines) == [
        "a line over the whole column / a line with a wide space / another line over the column"
    ]


def test_text_from_the_right_is_grouped_in_a_mirror() -> None:
    lines = block([("one two three four", 100, 500), ("end", 420, 500), ("next one here now", 102, 500)])
    assert paragraphs(lines, from_right=True) == ["one two three four / end", "next one here now"]


def test_a_leaning_page_is_put_straight() -> None:
    lean = 0.02
    found = []
    for row in range(8):
        top = 200 + 30 * row
        corners = [(100, top), (900, top + 800 * lean), (900, top + 22 + 800 * lean), (100, top + 22)]
        quad = tuple((x, y / 1.4) for x, y in corners)
        found.append(TextLine(Box(100, quad[0][1], 900, quad[2][1]), quad=quad))
    straight = straightened(found, PAGE, dpi=0)
    assert all(abs(line.height - 22) < 1.5 for line in straight)
    assert all(b.top > a.bottom for a, b in pairwise(straight))


def test_a_found_line_over_a_gutter_is_cut() -> None:
    lines = []
    for row in range(7):
        top = 100 + 24 * row
        if row == 3:
            lines.append(line(None, 100, top, 900))
        else:
            lines += [line(None, 100, top, 490), line(None, 510, top, 900)]
    cut = cut_at_gutters([found.source for found in lines], PAGE)
    assert len(cut) == 14
    assert sum(part.box.right < 495 for part in cut) == sum(part.box.left > 505 for part in cut) == 7


@pytest.mark.parametrize("from_right", [False, True])
@settings(deadline=None, max_examples=150)
@given(data=st.data())
@pytest.mark.slow
def test_each_line_is_in_one_paragraph(from_right: bool, data: st.DataObject) -> None:
    number = st.integers(0, 900)
    lines = [
        line(data.draw(st.sampled_from([None, f"text {n}", "•", "1. item"])), left, top, left + width, size)
        for n, (left, top, width, size) in enumerate(
            data.draw(st.lists(st.tuples(number, number, st.integers(2, 800), st.integers(5, 40)), max_size=25))
        )
    ]
    found = [id(line) for paragraph in grouped(lines, from_right=from_right) for line in paragraph.lines]
    assert Counter(found) == Counter(map(id, lines))


def test_a_heading_below_a_heading_is_one_of_its_own() -> None:
    lines = block([("2. Method", 100, 190), ("2.1. From the surface", 100, 300)], bold=True)
    assert paragraphs(lines) == ["2. Method", "2.1. From the surface"]


def test_an_address_stays_whole() -> None:
    lines = block(
        [
            ("Ms Adaeze Lindqvist", 100, 290),
            ("14 Chandlers Row", 100, 270),
            ("Port Ellery", 100, 190),
            ("PE3", 100, 130),
        ]
    )
    assert len(paragraphs(lines)) == 1


def test_a_block_flush_right_stays_whole() -> None:
    lines = block(
        [("Statement period", 780, 920), ("1 March to 31 March 2024", 640, 920), ("Issued 2 April", 760, 920)]
    )
    assert len(paragraphs(lines)) == 1


def test_the_number_of_a_formula_is_not_the_start_of_the_next_column() -> None:
    lines = [line("Q = a b", 150, 100, 300), line("(3)", 430, 100, 455), line("words of a caption", 490, 100, 800)]
    assert paragraphs(lines) == ["Q = a b", "(3)", "words of a caption"]


def test_a_large_initial_begins_the_row_beside_it() -> None:
    initial = line("O", 100, 100, 150, 60)
    rows = [line("ver the past three decades", 160, 104, 500), line("pressure from many sides has", 160, 130, 500)]
    rows += block([("led to words that fill", 100, 500), ("and end", 100, 200)], top=156, pitch=26)
    found = grouped([initial, *rows])
    assert [[it.text for it in paragraph.lines] for paragraph in found] == [["O", *(row.text for row in rows)]]


def test_a_paragraph_says_what_parts_it_from_the_row_above() -> None:
    lines = block([("one two three four", 100, 500), ("end", 100, 180), ("next one here now", 100, 498)])
    lines += block([("A heading", 100, 200)], top=190, bold=True)
    lines += block([("far below it all", 100, 480), ("• an entry", 100, 220), ("• another one", 100, 260)], top=300)
    begins = {paragraph.rows[0].text: paragraph.begins for paragraph in grouped(lines)}
    assert begins == {
        "one two three four": "no row close above leads to it alone",
        "next one here now": "the row above ends early",
        "A heading": "one of the two is bold and shorter, a heading",
        "far below it all": "no row close above leads to it alone",
        "• an entry": "it has a bullet",
        "• another one": "it has a bullet",
    }
