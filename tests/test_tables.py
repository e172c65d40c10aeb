"""Tables: found where they are and only there, and read with all their cells, whatever shows the grid."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tabling import LEADING, Drawing, Made, drawn, made, words_at

from octavo.content import Run, Table
from octavo.document import Pixels, TextLine, Word, size_of
from octavo.geometry import Box, Size
from octavo.markup import html
from octavo.tables import find_tables, read_table
from octavo.tables.rules import Rules, find_rules
from octavo.tables.structure import SeenTable

LEDGER = [
    ["Region", "Sales", "Costs", "Margin"],
    ["North", "1,204", "980", "224"],
    ["South and islands", "87", "41", "46"],
    ["East", "560", "", "12.5"],
    ["West", "3,377", "2,900", "477"],
    ["Total", "5,228", "3,921", "759.5"],
]


def read(drawing: Drawing) -> Table:
    """The one table of a picture, read from rules and words alone."""
    return read_table(drawing.pixels, drawing.lines, Box.of_page()).table


def texts(table: Table) -> list[list[str]]:
    return [[cell.text for cell in row] for row in table.rows]


class Asked:
    """A network that sees nothing, and knows how often it was asked."""

    def __init__(self) -> None:
        self.times = 0

    def read(self, pixels: Pixels) -> SeenTable:
        self.times += 1
        return SeenTable((), 0, 0, 0.0)


# --- reading --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rules", ["grid", "head", "none"])
@pytest.mark.parametrize("align", ["left", "right", "center"])
def test_rows_and_columns_whatever_shows_them(rules: str, align: str) -> None:
    assert texts(read(drawn(made(LEDGER, (160, 80, 80, 80), align=align), rules))) == LEDGER


@pytest.mark.parametrize("rules", ["grid", "head", "none"])
@pytest.mark.parametrize("middle", [False, True])
def test_lines_of_one_cell_are_one_row(rules: str, middle: bool) -> None:
    rows = [
        ["Item", "Description", "Price"],
        ["A1", "a long description that needs several lines of text in its cell", "12.50"],
        ["A2", "short one", "7.00"],
        ["A3", "another description which is broken over two lines", "130.25"],
    ]
    assert texts(read(drawn(made(rows, (60, 170, 80), middle=middle), rules))) == rows


def test_a_row_that_leaves_its_first_cell_empty_stays_a_row() -> None:
    rows = [["Group", "Kind", "n"], ["Plants", "trees", "12"], ["", "grasses", "7"], ["Animals", "birds", "31"]]
    assert texts(read(drawn(made(rows, (100, 100, 60)), "head"))) == rows


def test_spans_of_a_grid() -> None:
    cells = (
        ("Country", 0, 0, 2, 1),
        ("2006", 0, 1, 1, 2),
        ("2007", 0, 3, 1, 2),
        *((text, 1, column, 1, 1) for column, text in enumerate(("n", "share", "n", "share"), 1)),
        *((text, 2, column, 1, 1) for column, text in enumerate(("Austria", "109", "0.9", "93", "1.1"))),
        ("in all", 3, 0, 1, 3),
        ("202", 3, 3, 1, 1),
        ("1.0", 3, 4, 1, 1),
    )
    table = read(drawn(Made((110, 60, 60, 60, 60), cells), "grid"))
    assert [[(c.text, c.row_span, c.column_span) for c in row] for row in table.rows] == [
        [("Country", 2, 1), ("2006", 1, 2), ("2007", 1, 2)],
        [("n", 1, 1), ("share", 1, 1), ("n", 1, 1), ("share", 1, 1)],
        [("Austria", 1, 1), ("109", 1, 1), ("0.9", 1, 1), ("93", 1, 1), ("1.1", 1, 1)],
        [("in all", 1, 3), ("202", 1, 1), ("1.0", 1, 1)],
    ]


def test_a_heading_in_the_middle_of_two_columns_spans_them() -> None:
    cells = (
        ("Aluminum", 0, 1, 1, 2),
        ("Carbide", 0, 3, 1, 2),
        *((text, 1, column, 1, 1) for column, text in enumerate(("2009", "2010", "2009", "2010"), 1)),
        *(
            (text, row, column, 1, 1)
            for row, line in enumerate(
                (
                    ("Brazil", "50,000", "51,000", "43,000", "43,900"),
                    ("China", "700,000", "700,100", "455,000", "455,800"),
                ),
                2,
            )
            for column, text in enumerate(line)
        ),
    )
    table = read(drawn(Made((120, 90, 90, 90, 90), cells, align="right"), "none"))
    assert [(cell.text, cell.column_span) for cell in table.rows[0]] == [("", 1), ("Aluminum", 2), ("Carbide", 2)]
    assert [len(row) for row in table.rows[1:]] == [5, 5, 5]


def test_upright_lines_in_the_head_alone_divide_the_body_too() -> None:
    drawing = drawn(made(LEDGER, (160, 80, 80, 80)), "none")
    top, bottom = 20, 20 + LEADING + 8
    for y in (top, bottom, 20 + 6 * (LEADING + 8)):
        drawing.rule(20, y, 420, y)
    for x in (20, 180, 260, 340, 420):
        drawing.rule(x, top, x, bottom)
    assert texts(read(drawing)) == LEDGER


def test_a_merged_cell_without_text_is_written_as_empty_cells() -> None:
    cells = (
        ("", 0, 0, 2, 1),
        ("both", 0, 1, 1, 2),
        ("a", 1, 1, 1, 1),
        ("b", 1, 2, 1, 1),
        ("x", 2, 0, 1, 1),
        ("1", 2, 1, 1, 1),
    )
    table = read(drawn(Made((80, 80, 80), (*cells, ("2", 2, 2, 1, 1))), "grid"))
    assert texts(table) == [["", "both"], ["", "a", "b"], ["x", "1", "2"]]


def test_a_line_that_runs_over_two_cells_is_divided_between_them() -> None:
    drawing = drawn(made(LEDGER, (160, 80, 80, 80)), "grid")
    by_row: dict[int, list[TextLine]] = {}
    for line in drawing.lines:
        by_row.setdefault(round(line.box.top), []).append(line)
    drawing.lines = [
        TextLine(
            row[0].box.joined(row[-1].box),
            " ".join(line.text or "" for line in row),
            tuple(word for line in row for word in line.words),
        )
        for row in by_row.values()
    ]
    assert texts(read(drawing)) == LEDGER


def test_a_leaning_scan_is_read_as_if_it_stood_straight() -> None:
    drawing = drawn(made(LEDGER, (160, 80, 80, 80)), "grid")
    turn = cv2.getRotationMatrix2D((drawing.width / 2, drawing.height / 2), 2.0, 1)
    pixels = cv2.warpAffine(drawing.pixels, turn, drawing.size, borderValue=(255, 255, 255))
    read_turned = read_table(
        np.asarray(pixels, np.uint8), [_turned(line, turn, drawing.size) for line in drawing.lines], Box.of_page()
    )
    assert texts(read_turned.table) == LEDGER


def _turned(line: TextLine, turn: np.ndarray, size: Size) -> TextLine:
    def corners(box: Box) -> list[tuple[float, float]]:
        points = ((box.left, box.top), (box.right, box.top), (box.right, box.bottom), (box.left, box.bottom))
        moved = [turn @ (x / 1000 * size.width, y / 1000 * size.height, 1) for x, y in points]
        return [(x / size.width * 1000, y / size.height * 1000) for x, y in moved]

    def around(points: list[tuple[float, float]]) -> Box:
        xs, ys = zip(*points, strict=True)
        return Box(min(xs), min(ys), max(xs), max(ys))

    words = tuple(Word(word.text, around(corners(word.box))) for word in line.words)
    return TextLine(around(corners(line.box)), line.text, words, quad=tuple(corners(line.box)))


def test_mark_up_in_a_cell_is_text() -> None:
    rows = [["a<b", "R&D"], ["<td>", "3"]]
    assert texts(read_table(*_picture(drawn(made(rows, (80, 80)), "grid"))).table) == rows


def _picture(drawing: Drawing) -> tuple[np.ndarray, list[TextLine], Box]:
    return drawing.pixels, drawing.lines, Box.of_page()


def test_cells_have_the_styles_and_links_of_their_words_however_often_these_come() -> None:
    page = Drawing(400, 160)
    rows = (
        (Run("Part", bold=True), Run("Sheet", bold=True)),
        (Run("M8 bolt "), Run("new", bold=True), Run("PDF", link="b.html")),
        (Run("Nuts"), Run("PDF", link="n.html")),
        (Run("12", struck=True), Run("Rivets", italic=True)),
    )
    for number, runs in enumerate(rows):
        top = 10 + 30 * number
        words = [word for run in runs for word in run.text.split()]
        places = [30, *(35 + 7 * len(" ".join(words[:n])) for n in range(1, len(words) - 1)), 300]
        lines = [words_at(word, left, top, page.size) for word, left in zip(words, places, strict=True)]
        spaced = tuple(piece for run in runs for piece in (run, Run(" ")))
        page.lines.append(
            TextLine(
                Box.around(line.box for line in lines),
                " ".join(words),
                tuple(word for line in lines for word in line.words),
                bold=number == 0,
                runs=tuple(replace(run, text=run.text.strip() or " ") for run in spaced)[:-1],
            )
        )
        page.rule(20, top - 8, 380, top - 8)
    page.rule(20, 122, 380, 122)
    for x in (20, 280, 380):
        page.rule(x, 2, x, 122)
    found = read(page)
    assert html.table(found).splitlines()[1:-1] == [
        "<tr><th>Part</th><th>Sheet</th></tr>",
        '<tr><td>M8 bolt <b>new</b></td><td><a href="b.html">PDF</a></td></tr>',
        '<tr><td>Nuts</td><td><a href="n.html">PDF</a></td></tr>',
        "<tr><td><s>12</s></td><td>Rivets</td></tr>",
    ]
    assert list(map(html.table, html.tables(html.table(found)))) == [html.table(found)]


def test_lines_without_words_or_text_are_borne() -> None:
    drawing = drawn(made(LEDGER, (160, 80, 80, 80)), "grid")
    plain = [TextLine(line.box, line.text) for line in drawing.lines]
    assert texts(read_table(drawing.pixels, plain, Box.of_page()).table) == LEDGER
    assert read_table(drawing.pixels, [], Box.of_page()).table == Table(())


def test_a_crop_is_read_in_the_units_of_its_page() -> None:
    page = Drawing(900, 600)
    drawn(made(LEDGER, (160, 80, 80, 80)), "grid", left=300, top=200, onto=page)
    frame = Box.from_pixels(290, 190, 720, 360, page.size)
    assert texts(read_table(page.pixels[190:360, 290:720], page.lines, frame).table) == LEDGER


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.text("abcdefg0123456789.,%", min_size=1, max_size=9),
            st.integers(0, 380),
            st.integers(0, 280),
        ),
        min_size=1,
        max_size=40,
    ),
    st.lists(st.tuples(st.booleans(), st.integers(0, 290), st.integers(0, 200)), max_size=8),
)
def test_every_word_is_in_the_table_once_and_the_grid_is_whole(
    placed: list[tuple[str, int, int]], rules: list[tuple[bool, int, int]]
) -> None:
    drawing = Drawing(460, 300)
    drawing.lines = [words_at(text, left, top, drawing.size) for text, left, top in placed]
    for across, at, start in rules:
        drawing.rule(*((start, at, start + 200, at) if across else (at, start, at, start + 90)))

    table = read_table(drawing.pixels, drawing.lines, Box.of_page()).table

    text = "".join(cell.text for row in table.rows for cell in row)
    assert Counter("".join(text.split())) == Counter("".join(word for word, _, _ in placed))
    assert {_places(table, row) for row in range(len(table.rows))} == {table.columns}


def _places(table: Table, row: int) -> int:
    """How many places of a row cells cover."""
    return sum(cell.column_span for top, _, cell in table.placed() if top <= row < top + cell.row_span)


# --- finding --------------------------------------------------------------------------------------------------------


def found(page: Drawing) -> list[Box]:
    candidates = find_tables(size_of(page.pixels), page.lines, find_rules(page.pixels))
    return [table.box for table in candidates if not table.lost]


def prose(page: Drawing, left: int, top: int, width: int, rows: int) -> None:
    text = [
        "running",
        "text",
        "whose",
        "lines",
        "fill",
        "their",
        "column",
        "from",
        "one",
        "margin",
        "to",
        "the",
        "other",
        "as",
        "paragraphs",
        "do",
    ]
    word = 0
    for row in range(rows):
        line = ""
        while len(line) * 6.4 < width - 70:
            line += f" {text[word % len(text)]}"
            word += 1
        page.write(line.strip(), left, top + 18 * row)


@pytest.mark.parametrize("rules", ["grid", "head", "none"])
def test_a_table_between_paragraphs_is_found_alone(rules: str) -> None:
    page = Drawing(800, 900)
    prose(page, 60, 60, 680, 9)
    drawn(made(LEDGER, (220, 120, 120, 120), align="right"), rules, left=90, top=300, onto=page)
    prose(page, 60, 520, 680, 12)

    (box,) = found(page)

    assert box.iou(Box.from_pixels(90, 300, 670, 438, page.size)) > 0.8


def test_the_table_of_one_column_leaves_the_text_of_the_other_alone() -> None:
    page = Drawing(900, 700)
    prose(page, 40, 40, 400, 34)
    prose(page, 480, 300, 400, 19)
    drawn(made(LEDGER, (130, 80, 80, 80), align="right"), "none", left=480, top=60, onto=page)

    (box,) = found(page)

    assert box.left > 500
    assert box.bottom < 320


def test_rows_parted_by_long_lines_are_a_table_though_few_of_its_places_are_filled() -> None:
    """A statement: the dates are broken in two, what came in or went out is in one of two columns."""
    page = Drawing(700, 400)
    page.write("Words of a letter that stands above it, to the right margin of the page.", 30, 20)
    for row in range(6):
        top = 80 + 40 * row
        page.rule(20, top - 8, 680, top - 8)
        page.write("Mar", 30, top)
        page.write(f"{row + 10}", 30, top + 15)
        page.write("Payment to somebody", 80, top + 7)
        page.write("1,240.00", 400 + 100 * (row % 2), top + 7)
        page.write("12,345.67", 600, top + 7)
    page.rule(20, 80 + 40 * 6 - 8, 680, 80 + 40 * 6 - 8)
    (box,) = found(page)
    assert box.top > 150


@pytest.mark.parametrize(("top", "tables"), [(75, 1), (10, 0)])
def test_lines_between_columns_of_text_that_run_on_beyond_it_make_no_table(top: int, tables: int) -> None:
    page = Drawing(600, 400)
    for row in range(6):
        for column, text in enumerate(("no ship", "may", "4", "17.5")):
            page.write(text, 30 + 140 * column, 90 + 30 * row)
    for x in (150, 290):
        page.rule(x, top, x, 260)
    assert len(found(page)) == tables


def test_a_column_beside_the_text_makes_no_table_of_both() -> None:
    """Of a life: dates are set right beside what was done, and skills on heights of their own."""
    page = Drawing(900, 700)
    for number, (name, years) in enumerate(
        (
            ("Pilot of the harbour", "2019"),
            ("Mate on the Ada", "2014"),
            ("School of navigation", "2011"),
            ("Member of the crew", "2009"),
        )
    ):
        page.write(name, 330, 100 + 60 * number)
        page.write(years, 800, 100 + 60 * number)
    for number, skill in enumerate(("Ropes", "Knots", "Charts", "Radio", "Engines", "First aid", "Cooking")):
        page.write(skill, 40, 100 + 40 * number)
    assert found(page) == []


def test_two_tables_side_by_side_are_two_where_all_lines_end_between_them() -> None:
    page = Drawing(1000, 400)
    for left in (40, 540):
        for number, row in enumerate((("Quay", "Boats"), ("North", "forty"), ("South", "thirty"), ("East", "nine"))):
            for place, text in enumerate(row):
                page.write(text, left + 160 * place, 60 + 40 * number)
            page.rule(left - 10, 85 + 40 * number, left + 380, 85 + 40 * number)
    boxes = sorted(found(page), key=lambda box: box.left)
    assert [(round(box.left / 100), round(box.right / 100)) for box in boxes] == [(0, 4), (5, 9)]


def test_text_in_two_columns_is_no_table() -> None:
    page = Drawing(900, 900)
    prose(page, 40, 40, 400, 40)
    prose(page, 480, 40, 400, 40)
    assert found(page) == []


def test_a_list_is_no_table() -> None:
    page = Drawing(800, 600)
    for number in range(1, 12):
        page.write(f"{number}.", 60, 40 + 24 * number)
        page.write("an entry of the list in some words", 100, 40 + 24 * number)
    assert found(page) == []


def test_contents_are_no_table() -> None:
    page = Drawing(800, 600)
    for number in range(1, 12):
        page.write(f"Chapter about matter {number}", 60, 40 + 24 * number)
        page.write(str(7 * number), 700, 40 + 24 * number)
    assert found(page) == []


def test_a_form_is_no_table() -> None:
    page = Drawing(800, 400)
    for row, (label, value) in enumerate(
        (
            ("Name:", "Ann Example"),
            ("Street:", "Long Lane 5"),
            ("City:", "Springfield"),
            ("Born:", "1970"),
            ("Phone:", "555 1234"),
        )
    ):
        page.write(label, 60, 60 + 24 * row)
        page.write(value, 220, 60 + 24 * row)
        page.write(label, 440, 60 + 24 * row)
        page.write(value, 600, 60 + 24 * row)
    assert found(page) == []


def test_a_frame_around_a_paragraph_is_no_table() -> None:
    page = Drawing(800, 400)
    prose(page, 60, 60, 680, 9)
    for a, b, c, d in ((40, 40, 760, 40), (40, 240, 760, 240), (40, 40, 40, 240), (760, 40, 760, 240)):
        page.rule(a, b, c, d, 2)
    assert found(page) == []


LABELS = (
    "Net interest income from lending to customers and banks",
    "Net fee and commission income of all three segments",
    "Result from financial instruments held at fair value",
    "Staff expenses including those for pensions and travel",
    "Depreciation of buildings and of intangible assets",
)


def test_long_labels_with_figures_beside_them_are_no_paragraph() -> None:
    page = Drawing(900, 500)
    prose(page, 60, 40, 680, 6)
    for row, label in enumerate(LABELS):
        page.write(label, 60, 200 + 18 * row)
        for column in (600, 720):
            page.write(f"{137 * (row + column) % 991}.5", column, 200 + 18 * row)
    prose(page, 60, 340, 680, 6)
    (box,) = found(page)
    assert box.iou(Box.from_pixels(60, 200, 760, 284, page.size)) > 0.8


def test_a_paragraph_beside_a_table_stays_one() -> None:
    page = Drawing(1000, 500)
    prose(page, 40, 60, 400, 20)
    drawn(made(LEDGER, (130, 80, 80, 80), align="right"), "none", left=520, top=58, onto=page)
    (box,) = found(page)
    assert box.left > 500


def test_figures_alone_are_a_table_where_they_fill_a_grid() -> None:
    page = Drawing(700, 500)
    for row in range(5):
        for column in range(4):
            page.write(f"{(37 * row + 91 * column) % 97}.5", 80 + 120 * column, 80 + 24 * row)
    assert len(found(page)) == 1


def test_figures_along_the_axes_of_a_chart_are_no_table() -> None:
    page = Drawing(700, 500)
    for step in range(6):
        page.write(str(20 * step), 60, 320 - 48 * step)
        page.write(str(2000 + step), 120 + 80 * step, 350)
    for step, height in enumerate((40, 150, 90, 210, 60)):
        page.write(f"{height}.1", 120 + 80 * step, 320 - height)
    assert found(page) == []


def test_lines_need_no_text() -> None:
    page = Drawing(800, 400)
    drawn(made(LEDGER, (220, 120, 120, 120), align="right"), "grid", left=90, top=100, onto=page)
    page.lines = [TextLine(line.box) for line in page.lines]
    assert len(found(page)) == 1


def test_an_empty_page_has_no_table() -> None:
    assert found(Drawing(300, 300)) == []


# --- whom to ask ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rules", ["grid", "head", "none"])
def test_a_table_of_numbers_with_empty_places_asks_no_network(rules: str) -> None:
    drawing, network = drawn(made(LEDGER, (150, 80, 80, 80), align="right"), rules), Asked()

    table = read_table(drawing.pixels, drawing.lines, Box.of_page(), network=network).table

    assert texts(table) == LEDGER
    assert not network.times


def test_words_in_the_middle_of_two_columns_ask_the_network() -> None:
    cells = [(text, r + 1, c, 1, 1) for r, row in enumerate(LEDGER) for c, text in enumerate(row)]
    drawing, network = drawn(Made((150, 80, 80, 80), (*cells, ("both together", 0, 1, 1, 2))), "none"), Asked()

    read_table(drawing.pixels, drawing.lines, Box.of_page(), network=network)

    assert network.times == 1


# --- heads of columns ---------------------------------------------------------------------------------------------


def heads(drawing: Drawing, bold: Sequence[str] = ()) -> list[str]:
    """The texts of the cells that are heads; lines that begin with one of `bold` are set so."""
    lines = [replace(line, bold=(line.text or "").startswith(tuple(bold) or "\0")) for line in drawing.lines]
    table = read_table(drawing.pixels, lines, Box.of_page()).table
    assert all(cell.header == (number < table.header_rows) for number, row in enumerate(table.rows) for cell in row)
    return [cell.text for row in table.rows[: table.header_rows] for cell in row]


STOCK = (("Article", "Stock", "Price"), ("Bolts", "1,204", "0.12"), ("Nuts", "887", "0.08"), ("Rivets", "41", "0.21"))
STAFF = (("Name", "Office", "Role"), ("Okonkwo", "Lagos", "sales"), ("Lind", "Malmö", "law"), ("Haddad", "Tunis", "IT"))


@pytest.mark.parametrize("rules", ["grid", "head", "none"])
def test_words_above_figures_are_heads(rules: str) -> None:
    assert heads(drawn(made(STOCK, (120, 80, 80), align="right"), rules)) == list(STOCK[0])


def test_a_row_in_bold_or_with_the_only_line_below_it_is_a_head() -> None:
    plain = drawn(made(STAFF, (120, 100, 80), gap=16), "none")
    assert heads(plain, bold=STAFF[0]) == list(STAFF[0])
    assert heads(drawn(made(STAFF, (120, 100, 80), gap=16), "head")) == list(STAFF[0])
    assert heads(plain) == []  # as well a list of pairs
    assert heads(drawn(made(STAFF, (120, 100, 80), gap=16), "grid")) == []


@pytest.mark.parametrize(
    "rows",
    [
        STOCK[1:],  # the rest of a table that began on the page before
        (("Currency", "EUR"), ("Iban", "DE02 1203"), ("Bank", "Nordbank"), ("Account", "Savings")),
        (("Year", "2023", "2024"), ("Sum", "17", "18")),  # one row of figures tells nothing
    ],
)
def test_first_entries_are_no_heads(rows: tuple[tuple[str, ...], ...]) -> None:
    assert heads(drawn(made(rows, (120, 80, 80)[: len(rows[0])]), "none")) == []


def test_heads_over_heads_and_what_names_a_group() -> None:
    cells = (
        ("Region", 0, 0, 2, 1),
        ("Half-year", 0, 1, 1, 2),
        ("Sold", 1, 1, 1, 1),
        ("Back", 1, 2, 1, 1),
        ("North", 2, 0, 1, 3),
        *((text, row, column, 1, 1) for row in (3, 4, 5) for column, text in enumerate((f"Shop {row}", "120", "4"))),
    )
    assert heads(drawn(Made((120, 80, 80), cells, gap=16), "grid")) == ["Region", "Half-year", "Sold", "Back"]


@pytest.mark.parametrize("on_picture", [False, True])
def test_what_stands_far_above_a_table_is_another_one(on_picture: bool) -> None:
    data = [["Employee", "Tax code", "Pay date"], ["Holloway", "1257L", "28.03.2024"], ["Number", "Insured", "Method"]]
    pay = [
        ["Payments", "Hours", "Rate", "Amount"],
        ["Basic pay", "148.00", "14.20", "2,101.60"],
        ["Overtime", "6.50", "21.30", "138.45"],
        ["Night", "8.00", "12.00", "96.00"],
    ]
    size, height = Size(1240, 1754), 19
    more = 1 if on_picture else 0  # pixels that a box found on a picture is larger, on each side

    def placed(rows: Sequence[Sequence[str]], lefts: Sequence[int], top: int, step: int) -> list[TextLine]:
        return [
            TextLine(
                Box.from_pixels(
                    left - more, top + step * row - more, left + 10 * len(text), top + step * row + height + more, size
                ),
                text,
                confidence=0.98 if on_picture else None,
            )
            for row, texts in enumerate(rows)
            for left, text in zip(lefts, texts, strict=True)
        ]

    lines = placed([["Tynedale Council", "Pay advice"]], (106, 876), 100, 0)
    lines += placed(data, (106, 521, 876), 187, 26)
    lines += placed(pay, (106, 566, 827, 1059), 187 + 2 * 26 + height + 78, 33)
    found = [table.box for table in find_tables(size, lines, Rules(size)) if not table.lost]
    assert sorted(sum(box.holds(line.box) for line in lines) for box in found) == [11, 16]
