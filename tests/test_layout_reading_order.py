"""The order a page is read in, on made-up pages: boxes as (left, top, right, bottom) on a page of 1000 x 1400."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from octavo.document import Label
from octavo.layout.reading_order import Placed, in_reading_order

TEXT, TITLE = Label.TEXT, Label.PARAGRAPH_TITLE


def order(*things: tuple[str, Label, int, int, int, int], rows: dict[str, int] | None = None, rtl: bool = False) -> str:
    placed = [
        Placed(left, top, right, bottom, label, rows=(rows or {}).get(name, max(1, (bottom - top) // 20)))
        for name, label, left, top, right, bottom in things
    ]
    found = in_reading_order(placed, page_height=1400, from_right=rtl)
    assert sorted(found) == list(range(len(things)))
    return " ".join(things[index][0] for index in found)


def test_two_columns_are_read_one_after_the_other() -> None:
    page = [
        ("b1", TEXT, 520, 100, 900, 400),
        ("a1", TEXT, 100, 100, 480, 300),
        ("b2", TEXT, 520, 420, 900, 900),
        ("a2", TEXT, 100, 320, 480, 700),
        ("a3", TEXT, 100, 720, 480, 900),
    ]
    assert order(*page) == "a1 a2 a3 b1 b2"
    assert order(*page, rtl=True) == "b1 b2 a1 a2 a3"


def test_three_columns_under_a_headline_and_above_a_footer() -> None:
    page = [
        ("footer", Label.FOOTER, 300, 1350, 700, 1370),
        ("c1", TEXT, 680, 300, 900, 800),
        ("c2", TEXT, 680, 820, 900, 1200),
        ("a1", TEXT, 100, 300, 320, 1200),
        ("b1", TEXT, 390, 300, 610, 700),
        ("b2", TEXT, 390, 720, 610, 1200),
        ("headline", Label.DOC_TITLE, 100, 100, 900, 180),
        ("header", Label.HEADER, 100, 30, 300, 50),
        ("number", Label.NUMBER, 880, 1350, 900, 1370),
    ]
    assert order(*page) == "header headline a1 b1 b2 c1 c2 footer number"


def test_a_band_across_two_columns_parts_them() -> None:
    page = [
        ("a1", TEXT, 100, 100, 480, 300),
        ("b1", TEXT, 520, 100, 900, 300),
        ("figure", Label.IMAGE, 150, 330, 850, 600),
        ("caption", Label.FIGURE_TITLE, 200, 610, 800, 640),
        ("a2", TEXT, 100, 680, 480, 900),
        ("b2", TEXT, 520, 680, 900, 900),
    ]
    assert order(*page) == "a1 b1 figure caption a2 b2"


def test_paragraph_gaps_that_happen_to_align_do_not_part_columns() -> None:
    page = [
        ("a1", TEXT, 100, 100, 480, 300),
        ("b1", TEXT, 520, 100, 900, 300),
        ("a2", TEXT, 100, 320, 480, 600),
        ("b2", TEXT, 520, 320, 900, 600),
        ("a3", TEXT, 100, 620, 480, 900),
        ("b3", TEXT, 520, 620, 900, 900),
    ]
    assert order(*page) == "a1 a2 a3 b1 b2 b3"


def test_a_left_column_longer_than_the_right_one_under_a_headline() -> None:
    page = [
        ("headline", Label.DOC_TITLE, 100, 40, 900, 90),
        ("a1", TEXT, 100, 100, 480, 300),
        ("b1", TEXT, 520, 100, 900, 310),
        ("a2", TEXT, 100, 320, 480, 600),
        ("a3", TEXT, 100, 620, 480, 900),
    ]
    assert order(*page) == "headline a1 a2 a3 b1"


def test_a_picture_beside_one_paragraph_does_not_make_columns_of_the_page() -> None:
    page = [
        ("title", TITLE, 100, 60, 300, 80),
        ("p1", TEXT, 100, 100, 900, 200),
        ("p2", TEXT, 100, 220, 480, 400),
        ("image", Label.IMAGE, 520, 220, 900, 400),
        ("heading", TITLE, 100, 440, 350, 460),
        ("p3", TEXT, 100, 480, 900, 700),
    ]
    assert order(*page) == "title p1 p2 image heading p3"


def test_a_sidebar_is_read_apart_from_the_text_beside_it() -> None:
    page = [
        ("title", Label.DOC_TITLE, 100, 60, 900, 120),
        ("p1", TEXT, 100, 150, 650, 400),
        ("side1", TEXT, 700, 150, 900, 250),
        ("p2", TEXT, 100, 420, 650, 900),
        ("side2", TEXT, 700, 270, 900, 500),
        ("note", Label.FOOTNOTE, 100, 1200, 650, 1260),
    ]
    found = order(*page)
    assert found in ("title p1 p2 note side1 side2", "title p1 p2 side1 side2 note")


def test_captions_stay_with_their_figure_and_footnotes_end_their_column() -> None:
    page = [
        ("a1", TEXT, 100, 100, 480, 300),
        ("figure", Label.CHART, 150, 320, 430, 500),
        ("caption", Label.FIGURE_TITLE, 100, 510, 480, 550),
        ("a2", TEXT, 100, 580, 480, 1100),
        ("note a", Label.FOOTNOTE, 100, 1150, 480, 1200),
        ("b1", TEXT, 520, 100, 900, 700),
        ("table caption", Label.FIGURE_TITLE, 520, 720, 900, 740),
        ("table", Label.TABLE, 540, 745, 880, 1000),
        ("b2", TEXT, 520, 1030, 900, 1200),
    ]
    assert order(*page) == "a1 figure caption a2 note a b1 table caption table b2"


def test_rows_of_a_form_are_read_across() -> None:
    page = [
        (f"{kind}{row}", TEXT, left, 100 + 40 * row, left + 150, 120 + 40 * row)
        for kind, left in (("value", 400), ("name", 100))
        for row in range(4)
    ]
    assert order(*page) == "name0 value0 name1 value1 name2 value2 name3 value3"


def test_cards_with_headings_in_line_are_read_row_by_row() -> None:
    page = []
    for number, (left, top) in enumerate(((100, 100), (520, 100), (100, 600), (520, 600)), 1):
        page.append((f"head{number}", TITLE, left, top, left + 200, top + 20))
        page.append((f"text{number}", TEXT, left, top + 40, left + 380, top + 300))
    assert order(*page) == "head1 text1 head2 text2 head3 text3 head4 text4"


def test_a_formula_number_follows_its_formula() -> None:
    page = [
        ("number", Label.FORMULA_NUMBER, 850, 205, 900, 225),
        ("p1", TEXT, 100, 100, 900, 180),
        ("formula", Label.DISPLAY_FORMULA, 300, 200, 700, 230),
        ("p2", TEXT, 100, 250, 900, 400),
    ]
    assert order(*page) == "p1 formula number p2"


def test_margin_text_waits_until_the_body_is_read() -> None:
    page = [
        ("stamp", Label.ASIDE_TEXT, 20, 400, 50, 1000),
        ("p1", TEXT, 100, 100, 900, 700),
        ("p2", TEXT, 100, 720, 900, 1200),
    ]
    assert order(*page) == "p1 p2 stamp"


@st.composite
def things(draw: st.DrawFn) -> list[Placed]:
    side = st.floats(0, 1000, allow_nan=False)
    made = []
    for _ in range(draw(st.integers(0, 25))):
        left, top = draw(side), draw(side)
        width, height = draw(st.floats(0.1, 600)), draw(st.floats(0.1, 400))
        made.append(
            Placed(left, top, left + width, top + height, draw(st.sampled_from(Label)), draw(st.integers(1, 9)))
        )
    return made


@pytest.mark.slow
@settings(deadline=None, max_examples=200)
@given(things(), st.booleans())
def test_any_order_is_a_permutation_and_the_same_again(page: list[Placed], from_right: bool) -> None:
    found = in_reading_order(page, page_height=1400, from_right=from_right)
    assert sorted(found) == list(range(len(page)))
    assert found == in_reading_order(page, page_height=1400, from_right=from_right)


@pytest.mark.parametrize("columns", [1, 2, 3, 4])
@pytest.mark.parametrize("shift", [0, 7])
def test_columns_of_any_number(columns: int, shift: int) -> None:
    width = 800 // columns
    page = [
        (f"{column}.{row}", TEXT, 100 + column * width, top + shift * column, 85 + (column + 1) * width, top + 90)
        for column in range(columns)
        for row, top in enumerate(range(100, 900, 100))
    ]
    assert order(*page[::-1], rows={name: 4 for name, *_ in page}) == " ".join(name for name, *_ in page)


def test_a_title_over_some_columns_stands_over_all_where_it_is_in_their_middle() -> None:
    """A newspaper's name covers the middle columns; the lane beside the first goes on past it."""
    columns = [
        (f"{name}{n}", TEXT, left, top, left + 180, top + 380)
        for left, name in ((40, "a"), (240, "b"), (440, "c"), (640, "d"), (840, "e"))
        for n, top in ((1, 200), (2, 590))
    ]
    page = [("name", Label.DOC_TITLE, 280, 100, 790, 170), *columns]
    assert order(*page, rows={"name": 1}) == "name a1 a2 b1 b2 c1 c2 d1 d2 e1 e2"
    assert order(*page, rows={"name": 1}, rtl=True) == "name e1 e2 d1 d2 c1 c2 b1 b2 a1 a2"


def test_a_column_that_begins_a_little_higher_is_not_read_first() -> None:
    page = [
        ("title", TITLE, 100, 100, 400, 140),
        ("a", TEXT, 100, 196, 480, 416),
        ("b1", TEXT, 520, 180, 900, 220),
        ("b2", TEXT, 520, 242, 900, 430),
        ("quote", TEXT, 220, 470, 780, 510),
    ]
    assert order(*page) == "title a b1 b2 quote"


def test_tiles_are_read_one_by_one_and_rows_of_a_form_across() -> None:
    def tile(name: str, left: int, top: int, high: int) -> list[tuple[str, Label, int, int, int, int]]:
        return [
            (f"{name}1", TEXT, left, top, left + 150, top + 20),
            (f"{name}2", TEXT, left, top + 25, left + 100, top + 25 + high),
            (f"{name}3", TEXT, left, top + 30 + high, left + 150, top + 50 + high),
        ]

    heads = [("title", Label.DOC_TITLE, 100, 20, 420, 60), ("plans", TITLE, 100, 520, 200, 545)]
    places = (("a", 100, 100), ("b", 400, 100), ("c", 700, 100), ("d", 100, 280), ("e", 400, 280), ("f", 700, 280))
    tiles = [thing for name, left, top in places for thing in tile(name, left, top, 50)]
    plans = [
        thing
        for name, left in (("x", 100), ("y", 400), ("z", 700))
        for thing in ((f"{name}1", TITLE, left, 580, left + 90, 600), (f"{name}2", TEXT, left, 620, left + 200, 700))
    ]
    rows = {f"{name}2": 1 for name, _, _ in places}
    read = order(*heads, *tiles, *plans, rows=rows)
    assert read == "title " + " ".join(f"{name}{n}" for name in "abcdef" for n in "123") + " plans x1 x2 y1 y2 z1 z2"
    alike = [thing for name, left, top in places[:3] for thing in tile(name, left, top, 20)]
    assert order(*alike) == "a1 b1 c1 a2 b2 c2 a3 b3 c3"


def test_a_table_below_the_first_of_two_even_columns_comes_after_both() -> None:
    page = [
        ("a1", TEXT, 100, 100, 480, 300),
        ("a2", TEXT, 100, 320, 480, 600),
        ("b1", TEXT, 520, 100, 900, 420),
        ("b2", TEXT, 520, 440, 900, 610),
        ("table", Label.TABLE, 100, 650, 300, 760),
    ]
    assert order(*page) == "a1 a2 b1 b2 table"
    longer = [*page[:4], ("a3", TEXT, 100, 650, 480, 760)]
    assert order(*longer) == "a1 a2 a3 b1 b2"


def test_rows_of_labels_are_read_across() -> None:
    page = [
        (f"{row}{column}", TEXT, left, top, left + 200, top + 60)
        for row, top in (("a", 100), ("b", 200), ("c", 300))
        for column, left in enumerate((100, 400, 700))
    ]
    assert order(*page[:-1], rows={name: 3 for name, *_ in page}) == "a0 a1 a2 b0 b1 b2 c0 c1"


@pytest.mark.parametrize("step", [0, 20])
def test_each_of_two_tables_side_by_side_has_its_heading_before_it(step: int) -> None:
    """The right one begins a row higher, as where a wrapped title pushed the left one down."""
    page = [
        ("title", Label.DOC_TITLE, 400, 60, 600, 90),
        ("fish", Label.TABLE, 55, 165 + step, 475, 318 + step),
        ("meat", Label.TABLE, 525, 165, 945, 318),
        ("head of meat", TEXT, 526, 121, 581, 140),
        ("head of fish", TEXT, 56, 121 + step, 130, 140 + step),
        ("note", TEXT, 55, 400, 945, 440),
    ]
    assert order(*page) == "title head of fish fish head of meat meat note"


def test_texts_above_two_tables_that_are_no_headings_of_them_are_read_first() -> None:
    page = [
        ("wide", TEXT, 55, 100, 700, 140),
        ("rope", Label.TABLE, 55, 165, 475, 318),
        ("wire", Label.TABLE, 525, 165, 945, 318),
    ]
    assert order(*page) == "wide rope wire"


def test_notes_in_the_margin_come_before_what_they_stand_beside() -> None:
    """Below a heading that is no wider than they are."""
    page = [
        ("heading", TITLE, 56, 60, 197, 86),
        ("note1", TEXT, 56, 111, 150, 124),
        ("text1", TEXT, 227, 112, 937, 171),
        ("text2", TEXT, 227, 187, 931, 225),
        ("text3", TEXT, 227, 241, 912, 278),
        ("note3", TEXT, 56, 240, 159, 253),
    ]
    rows = {"note1": 1, "note3": 1, "text1": 3, "text2": 2, "text3": 2}
    assert order(*page, rows=rows) == "heading note1 text1 text2 note3 text3"
