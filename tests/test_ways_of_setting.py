"""Pages that are not set as running text: contents, listings, headings beside the text, lists beside each other.

Each is made here, in other words, sizes and places than those the rules were found on, with the text a reader expects.
"""

import io
import re
from dataclasses import replace

import pytest
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

import octavo
from octavo.document import Role, TextLine
from octavo.geometry import Box, Size
from octavo.layout.flow import columns_from_right
from octavo.layout.lines import Line
from octavo.layout.watermarks import find_watermarks
from octavo.parser import Parser

HEIGHT = A4[1]
PROSE = (
    "Boats that come in on the evening tide moor at the northern",
    "quay, where the depth is four metres at low water and the",
    "bollards stand closer together than anywhere else in town.",
)


class Sheet:
    """A page; places in points from the left and from the top."""

    def __init__(self) -> None:
        self._file = io.BytesIO()
        self._canvas = Canvas(self._file, A4)

    def write(self, left: float, top: float, *texts: str, font: str = "Times-Roman", size: float = 10) -> float:
        """Rows below each other; where the next one would stand."""
        self._canvas.setFont(font, size)
        for text in texts:
            self._canvas.drawString(left, HEIGHT - top, text)
            top += 1.3 * size
        return top

    def justify(self, left: float, top: float, width: float, text: str) -> None:
        """A row that is spaced to a width, each word by itself."""
        words = text.split()
        widths = [stringWidth(word, "Times-Roman", 10) for word in words]
        gap = (width - sum(widths)) / (len(words) - 1)
        for place, word in enumerate(words):
            self.write(left + sum(widths[:place]) + place * gap, top, word)

    def dot(self, left: float, top: float) -> None:
        """A bullet as browsers draw it."""
        self._canvas.circle(left, HEIGHT - top + 3.3, 1.7, stroke=0, fill=1)

    def end(self, right: float, top: float, text: str, size: float = 10) -> None:
        self._canvas.setFont("Times-Roman", size)
        self._canvas.drawRightString(right, HEIGHT - top, text)

    def line(self, left: float, right: float, top: float) -> None:
        self._canvas.setLineWidth(0.5)
        self._canvas.line(left, HEIGHT - top, right, HEIGHT - top)

    def bar(self, left: float, top: float, width: float) -> None:
        """A black bar as high as a row."""
        self._canvas.rect(left, HEIGHT - top - 3, width, 12, stroke=0, fill=1)

    def on_dark(self, left: float, top: float, *texts: str) -> None:
        """A row of words in white, a space apart, on a black bar."""
        width = stringWidth(" ".join(texts), "Times-Roman", 10)
        self.bar(left - 3, top, width + 6)
        self._canvas.setFillGray(1)
        for text in texts:
            self.write(left, top, text)
            left += stringWidth(f"{text} ", "Times-Roman", 10)
        self._canvas.setFillGray(0)

    def pdf(self) -> bytes:
        self._canvas.save()
        return self._file.getvalue()


def read(parser: Parser, sheet: Sheet) -> list[str]:
    """The Markdown's lines, without what makes them headings and hard breaks, empty ones left out."""
    lines = octavo.to_markdown(parser.parse(sheet.pdf())).splitlines()
    return [line.rstrip().lstrip("# ") if not line.startswith(" ") else line.rstrip() for line in lines if line.strip()]


# --- contents ------------------------------------------------------------------------------------------------------


def contents(sheet: Sheet, left: float, right: float, top: float, *entries: tuple[str, str, str]) -> None:
    for place, (number, title, page) in enumerate(entries):
        row = top + 16 * place
        sheet.write(left, row, number)
        sheet.write(left + 30, row, title)
        if page:
            dots = "." * int((right - 14 - left - 30 - stringWidth(title, "Times-Roman", 10)) / 2.5)
            sheet.end(right - 14, row, dots)
            sheet.end(right, row, page)


ENTRIES = (
    ("I", "Quays", "3"),
    ("II", "Cranes and what they lift", "17"),
    ("III", "Sheds", "48"),
    ("IV", "Ropes", "112"),
)


def told(lines: list[str]) -> list[str]:
    """Entries without their leaders."""
    return [" ".join(line.replace(".", " ").split()) for line in lines]


def test_contents_are_read_across(parser: Parser) -> None:
    sheet = Sheet()
    sheet.write(70, 80, "Contents", font="Times-Bold", size=16)
    contents(sheet, 70, 520, 120, *ENTRIES)
    assert told(read(parser, sheet))[1:] == [" ".join(entry) for entry in ENTRIES]


def test_contents_in_two_columns_are_read_one_after_the_other(parser: Parser) -> None:
    sheet = Sheet()
    contents(sheet, 60, 280, 120, *ENTRIES)
    more = tuple((f"{number}a", title, f"2{page}") for number, title, page in ENTRIES)
    contents(sheet, 320, 540, 120, *more)
    assert told(read(parser, sheet)) == [" ".join(entry) for entry in (*ENTRIES, *more)]


def test_a_title_of_two_rows_has_one_page(parser: Parser) -> None:
    sheet = Sheet()
    long = (("2.1", "On the keeping of ropes, chains and all that is made", ""), ("", "of hemp or iron", "31"))
    contents(sheet, 70, 520, 120, ENTRIES[0], *long, *ENTRIES[2:])
    assert told(read(parser, sheet))[1] == (
        "2 1 On the keeping of ropes, chains and all that is made of hemp or iron 31"
    )


def test_contents_whose_leaders_are_drawn_keep_their_pages(parser: Parser) -> None:
    sheet = Sheet()
    sheet.write(70, 80, "Contents", font="Times-Bold", size=16)
    long = "What is owed by those who enter the harbour at night without a light and without"
    entries = (("1 Boats", "3"), ("1.1 Wood", "4"), (long, "15"), ("a pilot", ""), ("Index", "41"))
    for place, (title, page) in enumerate(entries):
        sheet.write(70, 120 + 16 * place, title)
        sheet.end(520, 120 + 16 * place, page)
    rows = [f"{title} {page}".strip() for title, page in entries]
    assert read(parser, sheet) == ["Contents", *rows[:2], f"{long} a pilot 15", rows[4]]


# --- listings --------------------------------------------------------------------------------------------------------


def test_a_listing_is_one_block_with_its_indentation(parser: Parser) -> None:
    sheet = Sheet()
    top = sheet.write(70, 90, *PROSE) + 8
    code = ("for boat in harbour:", "    if boat.late:", "        ring(bell)", "", "    moor(boat)", "log(1)")
    for row in code:
        spaces = len(row) - len(row.lstrip())
        sheet.write(70 + 5.4 * spaces, top, row.strip(), font="Courier", size=9)
        top += 12
    sheet.write(70, top + 10, *PROSE)
    text = octavo.to_markdown(parser.parse(sheet.pdf()))
    assert "```\n" + "\n".join(code) + "\n```" in text
    assert text.count("```") == 2


def test_a_name_in_typewriter_type_leaves_the_paragraph_whole(parser: Parser) -> None:
    sheet = Sheet()
    sheet.write(70, 90, *PROSE[:2])
    sheet.write(70, 116, "moor()", font="Courier")
    sheet.write(110, 116, "is what the harbour master calls for that, as ever.")
    assert "```" not in octavo.to_markdown(parser.parse(sheet.pdf()))


# --- headings beside the text ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("font", ["Times-Roman", "Times-Bold"])
def test_a_heading_beside_its_text_comes_before_it(parser: Parser, font: str) -> None:
    sheet = Sheet()
    names, top = ("Mooring", "Lifting gear", "Fees"), 100.0
    for name in names:
        sheet.write(60, top, name, font=font)
        top = sheet.write(190, top, f"{name}: as follows.", *PROSE) + 6
        top = (
            sheet.write(
                190, top, "In winter the same holds, but for the hours of the", "crane and those of the bridge."
            )
            + 14
        )
    lines = read(parser, sheet)
    places = [place for place, line in enumerate(lines) if line in names]
    assert [lines[place] for place in places] == [*names]
    assert all(lines[place + 1].startswith(f"{lines[place]}: as follows.") for place in places)


def test_two_columns_of_text_are_not_taken_for_that(parser: Parser) -> None:
    sheet = Sheet()
    for left, top in ((60, 100), (320, 130)):
        sheet.write(left, top, f"Column at {left}", font="Times-Bold")
        sheet.write(left, top + 20, *(row[:48] for row in PROSE * 3))
        sheet.write(left, top + 160, f"More of {left}", font="Times-Bold")
        sheet.write(left, top + 180, *(row[:48] for row in PROSE * 2))
    lines = read(parser, sheet)
    heads = [line for line in lines if line.startswith(("Column at", "More of"))]
    assert heads == ["Column at 60", "More of 60", "Column at 320", "More of 320"]


# --- lists -----------------------------------------------------------------------------------------------------------


def test_lists_beside_each_other_are_read_one_after_the_other(parser: Parser) -> None:
    sheet = Sheet()
    for left, words in ((60, ("rope", "chain", "anchor", "buoy")), (320, ("bread", "water", "salt", "lamp oil"))):
        for place, word in enumerate(words):
            sheet.write(left, 100 + 18 * place, "\u2022")
            sheet.write(left + 16, 100 + 18 * place, f"{word} for the ship")
    lines = read(parser, sheet)
    words = [line.split(" for")[0].split()[-1] for line in lines]
    assert words == ["rope", "chain", "anchor", "buoy", "bread", "water", "salt", "oil"]


def test_a_level_of_letters_below_a_number_is_not_its_sentence(parser: Parser) -> None:
    sheet = Sheet()
    sheet.write(70, 100, "1. Ropes")
    sheet.write(90, 118, "a) of hemp")
    sheet.write(90, 136, "b) of wire")
    sheet.write(70, 154, "2. Chains")
    lines = read(parser, sheet)
    assert lines == ["1. Ropes", "    - a) of hemp", "    - b) of wire", "2. Chains"]


# --- justified -------------------------------------------------------------------------------------------------------


def justified(sheet: Sheet, left: float, right: float, top: float, *rows: str) -> None:
    for place, row in enumerate(rows):
        words = row.split()
        room = (right - left - sum(stringWidth(word, "Times-Roman", 10) for word in words)) / (len(words) - 1)
        at = left
        for word in words:
            sheet.write(at, top + 13 * place, word)
            at += stringWidth(word, "Times-Roman", 10) + room


def test_words_that_justified_type_has_torn_apart_are_one_row(parser: Parser) -> None:
    sheet = Sheet()
    rows = (
        "The northern quay is closed to boats",
        "of more than",
        "nine metres when wind",
        "and tide run against each other there.",
    )
    justified(sheet, 70, 240, 100, *rows)
    assert read(parser, sheet) == [" ".join(rows)]


def test_cells_of_one_width_are_no_row_of_words(parser: Parser) -> None:
    sheet = Sheet()
    for place, row in enumerate(
        (("Quay", "Boats", "Depth"), ("North", "forty", "4.0 m"), ("South", "thirty", "3.1 m"))
    ):
        for column, cell in enumerate(row):
            sheet.write(70 + 90 * column, 100 + 16 * place, cell)
    assert "<td>North</td><td>forty</td><td>4.0 m</td>" in octavo.to_markdown(parser.parse(sheet.pdf()))


# --- aslant ----------------------------------------------------------------------------------------------------------


def aslant(sheet: Sheet, left: float, top: float, text: str, degrees: float, size: float = 20) -> None:
    canvas = sheet._canvas
    canvas.saveState()
    canvas.translate(left, HEIGHT - top)
    canvas.rotate(degrees)
    canvas.setFillGray(0.7)
    canvas.setFont("Helvetica", size)
    canvas.drawString(0, 0, text)
    canvas.restoreState()


@pytest.mark.parametrize("degrees", [22, 45, -35])
def test_a_watermark_in_tiles_leaves_the_text_whole_and_is_no_part_of_it(parser: Parser, degrees: float) -> None:
    sheet = Sheet()
    sheet.write(70, 100, *PROSE)
    sheet.write(70, 160, *PROSE)
    for left in (60, 240, 420):
        for top in (110, 175, 300, 420):
            aslant(sheet, left, top, "copy of Ada", degrees)
    document = parser.parse(sheet.pdf())
    whole = " ".join(PROSE)
    assert [line for line in octavo.to_markdown(document).splitlines() if line] == [whole, whole]
    told = [block for block in document.pages[0].blocks if block.recognition.text == "copy of Ada"]
    assert len(told) == 12
    assert {block.role for block in told} == {Role.FURNITURE}


def test_slanted_labels_that_cross_nothing_are_no_watermark() -> None:
    page = Size(1000, 1000)
    labels = [
        Line(100 + 80 * n, 100, 160 + 80 * n, 160, 12, slanted(text, 100 + 80 * n)) for n, text in enumerate("ABC")
    ]
    text = Line(100, 300, 800, 320, 20, TextLine(Box(100, 300, 800, 320), "Below them"))
    assert find_watermarks([*labels, text], page) == []
    crossed = Line(100, 290, 160, 350, 12, slanted("DRAFT", 100, 290))
    assert find_watermarks([*labels, crossed, text], page) == [crossed]
    unread = [replace(label, source=replace(label.source, text=None)) for label in labels]
    assert find_watermarks(unread, page) == []


def slanted(text: str, left: float, top: float = 100) -> TextLine:
    quad = ((left, top + 50), (left + 50, top), (left + 60, top + 10), (left + 10, top + 60))
    return TextLine(Box(left, top, left + 60, top + 60), text, quad=quad)


def test_contents_with_numbers_at_two_margins_are_told_once(parser: Parser) -> None:
    sheet = Sheet()
    contents(sheet, 70, 520, 120, *ENTRIES)
    contents(sheet, 70, 480, 128, *((f"{number}.1", f"{title} of wood", page) for number, title, page in ENTRIES))
    text = octavo.to_markdown(parser.parse(sheet.pdf()))
    assert [text.count(f"{title} of wood") for _, title, _ in ENTRIES] == [1] * len(ENTRIES)


def test_a_stamp_that_is_there_once_is_said(parser: Parser) -> None:
    sheet = Sheet()
    sheet.write(70, 100, *PROSE)
    aslant(sheet, 200, 135, "PAID 12 March", 30)
    assert read(parser, sheet) == [" ".join(PROSE), "PAID 12 March"]


# --- from top to bottom ----------------------------------------------------------------------------------------------


def test_a_stamp_over_a_table_takes_none_of_its_rows_apart(parser: Parser) -> None:
    sheet = Sheet()
    rows = (
        ("Goods", "Number", "Price", "Sum"),
        ("Tar, barrel", "4", "31.00", "124.00"),
        ("Canvas, metre", "15", "7.20", "108.00"),
        ("Oars, pair", "2", "48.50", "97.00"),
        ("Lamp oil, litre", "30", "2.10", "63.00"),
    )
    for number, row in enumerate(rows):
        sheet.write(60, 120 + 16 * number, row[0])
        for place, text in enumerate(row[1:]):
            sheet.end(320 + 80 * place, 120 + 16 * number, text)
    aslant(sheet, 250, 180, "PAID", 18, size=34)
    text = octavo.to_markdown(parser.parse(sheet.pdf()))
    for row in rows[1:]:
        assert "".join(f"<td>{cell}</td>" for cell in row) in text
    assert "PAID" in text.split("</table>")[1]


@pytest.mark.parametrize("beyond", [1.0, 0.0, -0.2])  # points: a bar's end shows an edge, but none of the letter's
def test_a_bar_over_words_leaves_their_row_whole_and_says_where_they_were(parser: Parser, beyond: float) -> None:
    sheet = Sheet()
    for number, (before, hidden, behind) in enumerate(
        (
            ("The keeper of the light saw", "Tom Harding", "row out at ten and told"),
            ("his wife, who wrote to", "Captain Bell", "on the same night that it"),
        )
    ):
        top, left = 100 + 14 * number, 60.0
        for text in (before, hidden, behind):
            sheet.write(left, top, text)
            if text == hidden:
                sheet.bar(left - beyond, top, stringWidth(text, "Times-Roman", 10) + 2 * beyond)
            left += stringWidth(text + " ", "Times-Roman", 10)
    assert read(parser, sheet) == [
        "The keeper of the light saw █████ row out at ten and told "
        "his wife, who wrote to █████ on the same night that it"
    ]


def test_names_on_a_dark_ground_have_no_bars_between_them(parser: Parser) -> None:
    sheet = Sheet()
    sheet.on_dark(60, 100, "Boat", "    Berth", "    Fee", "    Paid until")
    sheet.write(60, 120, *PROSE)
    text = " ".join(read(parser, sheet))
    assert "█" not in text
    assert "Berth" in text


def column(text: str, left: float, top: float = 100, bottom: float = 600) -> TextLine:
    return TextLine(Box(left, top, left + 20, bottom), text)


def test_columns_of_chinese_begin_at_the_right() -> None:
    lines = [column("\u8001\u4eba", 100), column("\u5b50\u4f9b", 140), column("\u6625\u306e", 180)]
    assert [line.box.left for line in columns_from_right(lines)] == [180, 140, 100]


def test_a_column_in_two_pieces_is_read_down() -> None:
    lines = [column("\u8001\u4eba", 100), column("\u5b50\u4f9b", 140, 100, 300), column("\u6625\u306e", 140, 320, 600)]
    assert [line.text for line in columns_from_right(lines)] == ["\u5b50\u4f9b", "\u6625\u306e", "\u8001\u4eba"]


def test_turned_latin_lines_and_single_words_stay_as_they_come() -> None:
    turned = [column("Depth in metres", 100), column("at low water", 140)]
    assert columns_from_right(turned) == turned
    across = [TextLine(Box(100, 100, 400, 120), "\u6625\u306e"), TextLine(Box(100, 130, 400, 150), "\u671d\u306b")]
    assert columns_from_right(across) == across


# --- bullets that are drawn ------------------------------------------------------------------------------------------


def test_entries_whose_bullets_are_drawn_are_a_list(parser: Parser) -> None:
    sheet = Sheet()
    rows = (("1.", "Check the hull", 0), ("", "paint and keel", 1), ("", "the rudder", 1), ("2.", "Sign in", 0))
    for place, (number, text, deep) in enumerate(rows):
        left, top = 90 + 30 * deep, 100 + 14 * place
        sheet.write(left, top, f"{number} {text}".strip())
        if not number:
            sheet.dot(left - 9, top)
    sheet.write(70, 200, *PROSE)
    assert read(parser, sheet)[:4] == ["1. Check the hull", "    - paint and keel", "    - the rudder", "2. Sign in"]


# --- newspapers ------------------------------------------------------------------------------------------------------

STORY = (
    "Growers expect to lose a fifth",
    "of this season. The ministry has",
    "promised help, but forms will go",
    "out in June, and not before that.",
)


def test_entries_of_two_levels_that_happen_to_lie_around_an_axis_are_a_list(parser: Parser) -> None:
    """As on a slide: the entries are short, and the middles of the inner ones near that of the whole."""
    sheet = Sheet()
    for number, (left, entry) in enumerate(
        (
            (60, "Moorings, 96 of 100 let"),
            (60, "Dredging costs more now"),
            (104, "Fuel: 9 more"),
            (104, "Tips: 31 more"),
        )
    ):
        sheet.write(left, 100 + 22 * number, "\u2022", size=14)
        sheet.write(left + 14, 100 + 22 * number, entry, size=14)
    sheet.write(60, 188, "\u2022", size=14)
    sheet.write(74, 188, "Queue: 140", size=14)
    text = octavo.to_markdown(parser.parse(sheet.pdf()))
    assert [line.lstrip(" -") for line in text.splitlines() if line.lstrip().startswith("- ")] == [
        "Moorings, 96 of 100 let", "Dredging costs more now", "Fuel: 9 more", "Tips: 31 more", "Queue: 140"
    ]  # fmt: skip


def test_paragraphs_of_a_row_or_two_are_parted_by_the_space_between_them(parser: Parser) -> None:
    """Most rows here are further from the next than the rows of a paragraph are."""
    sheet = Sheet()
    paragraphs = (("A row on smaller boats",), PROSE[:2], ("The master of the harbour was glad",), PROSE[1:])
    top = 100.0
    for paragraph in paragraphs:
        top = sheet.write(60, top, *paragraph) + 10
    assert read(parser, sheet) == [" ".join(paragraph) for paragraph in paragraphs]


def test_references_whose_further_rows_are_set_in_are_read_one_by_one(parser: Parser) -> None:
    sheet = Sheet()
    entries = (
        ("Adams, J. (1911). The dues of small harbours and what becomes of them. Ports and Quays 12, pp. 144-162, with",
         "two maps and a table."),
        ("Berg, A. (1919). Silt.",),
        ("Carter, B. (1923). On ropes of hemp, manila and wire, and on how long they last in summers that are wet, in:",
         "Things at Sea, pp. 33-71."),
        ("Diaz, C. (1925). More silt. Hull.",),
    )  # fmt: skip
    top = 100.0
    for first, *further in entries:
        top = sheet.write(60, top, first)
        top = sheet.write(80, top, *further)
    assert read(parser, sheet) == [" ".join(entry) for entry in entries]


def test_narrow_columns_stay_apart_whatever_stands_beside_them(parser: Parser) -> None:
    """Larger type in the next column reaches over two rows; a row of few words is torn by wide spaces; first rows are
    set in. The lane is as wide as a letter is high."""
    sheet = Sheet()
    for column in range(2):
        left = 60 + 148 * column
        for place, row in enumerate(STORY * 3):
            sheet.justify(left, 100 + 12 * place, 138, row)
        sheet.justify(left + 10, 244, 128, "The boat will be")
        sheet.justify(left, 256, 138, "overhauled in the autumn of the")
        sheet.justify(left, 268, 138, "year in which it will be too old.")
    sheet.justify(356, 100, 138, "water is low at four o'clock, and")
    sheet.justify(356, 112, 138, "the flats are open to all again.")
    sheet.write(356, 129, "Chess: a draw in", font="Times-Bold", size=13)
    sheet.write(356, 145, "the last round", font="Times-Bold", size=13)
    for place, row in enumerate(STORY):
        sheet.justify(356, 160 + 12 * place, 138, row)
    text = " ".join(read(parser, sheet))
    story = " ".join(STORY)
    column = (
        f"{story} {story} {story} The boat will be overhauled in the autumn of the year in which it will be too old."
    )
    assert text.replace("**", "") == (
        f"{column} {column} water is low at four o'clock, and the flats are open to all again. "
        f"Chess: a draw in the last round {story}"
    )


@pytest.mark.parametrize("degrees", [35, 60])
def test_heads_set_aslant_name_the_columns_that_they_stand_on(parser: Parser, degrees: float) -> None:
    """Each leans over the columns of its neighbours; their words come again and again, and are no watermark."""
    sheet = Sheet()
    columns = [160 + 34 * number for number in range(6)]
    for left, group in ((columns[0], "Spring"), (columns[3], "Autumn")):
        sheet.write(
            left + 34 - stringWidth(group, "Helvetica-Bold", 9) / 2 + 8, 100, group, font="Helvetica-Bold", size=9
        )
    for left, head in zip(columns, ("Arrivals", "Departures", "Delayed") * 2, strict=True):
        aslant(sheet, left + 10, 160, head, degrees, size=9)
    sheet.write(60, 160, "Quay", font="Helvetica-Bold", size=9)
    rows = [
        ("Harbour office and pilots on duty",),
        *((f"Quay {n}", *(f"{n}.{k}5" for k in range(6))) for n in range(1, 8)),
    ]
    for number, (name, *values) in enumerate(rows):
        sheet.write(60, 180 + 13 * number, name, font="Helvetica", size=9)
        for left, value in zip(columns, values, strict=False):
            sheet.write(left, 180 + 13 * number, value, font="Helvetica", size=9)
    for top in (88, 166, 276):
        sheet._canvas.line(58, HEIGHT - top, 370, HEIGHT - top)
    lines = octavo.to_markdown(parser.parse(sheet.pdf())).splitlines()
    cells = [line.replace("th>", "td>").replace("<th", "<td") for line in lines]
    heads = "<td>Arrivals</td><td>Departures</td><td>Delayed</td>"
    assert [line for line in cells if "Spring" in line] == [
        '<tr><td></td><td colspan="3">Spring</td><td colspan="3">Autumn</td></tr>'
    ]
    assert f"<tr><td>Quay</td>{heads * 2}</tr>" in cells
    assert (
        "<tr><td>Quay 3</td><td>3.05</td><td>3.15</td><td>3.25</td><td>3.35</td><td>3.45</td><td>3.55</td></tr>"
        in cells
    )
    assert any("Harbour office and pilots on duty" in line for line in cells)  # i and l of the heads have no width
    assert cells.count("<table>") == 1


# --- newspapers, transcripts -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("ruled", [False, True])
def test_narrow_columns_of_a_newspaper_are_read_one_after_the_other(parser: Parser, ruled: bool) -> None:
    """Gutters are no wider than spaces of justified rows, and a heading stands beside two rows of the next column."""
    sheet = Sheet()
    sheet.write(170, 60, "The Quayside Letter", font="Times-Bold", size=26)
    columns = (
        (
            *("boats that come in on the tide", "moor at the northern quay where", "the depth is four metres at low"),
            *("water and bollards stand close", "to each other than is common", "in any other harbour of the sea"),
            *("which their owners never forget", "when summer has come to its end", "and storms begin to blow again"),
        ),
        (
            *("no ship may stay for longer than", "three nights unless", "the harbour master has said that"),
            *("it may do so which", "he seldom does when ferries are", "due and all the quays are taken"),
            "by the boats that bring the fish",
        ),
        (
            *("the market opens when boats are", "back and closes when nothing is", "left of what"),
            *("they have brought with them from", "grounds far north of the islands", "where water is"),
            *(
                "cold and deep and the herring is",
                "said to be larger than elsewhere",
                "in all of these cold waters now",
            ),
        ),
    )
    for number, rows in enumerate(columns):
        left, top = 60 + 150 * number, 142 if number == 1 else 106
        if number == 1:
            sheet.write(left, 110, "Harbour rules are", font="Times-Bold", size=15)
            sheet.write(left, 126, "made to be kept", font="Times-Bold", size=15)
        justified(sheet, left, left + 140, top, *rows)
        if ruled and number:
            sheet._canvas.line(left - 5, HEIGHT - 96, left - 5, HEIGHT - 225)
    first, second, third = (" ".join(rows) for rows in columns)
    wanted = " ".join(("The Quayside Letter", first, "Harbour rules are made to be kept", second, third))
    assert " ".join(read(parser, sheet)) == wanted


@pytest.mark.parametrize("one_string", [False, True])
def test_numbers_of_lines_are_no_text_and_each_speech_is_a_paragraph(parser: Parser, one_string: bool) -> None:
    sheet = Sheet()
    rows = (
        (56, "THE COURT: Please step forward and"),
        (0, "raise your right hand."),
        (28, "Q.  Were you on the quay when the"),
        (0, "boat came in?"),
        (28, "A.  I was. I had been there since"),
        (0, "noon and saw it come."),
        (28, "Q.  Did anybody go on board?"),
        (56, "MR. FINCH: Objection. The witness"),
        (0, "cannot know."),
        (56, "THE COURT: Overruled."),
        (28, "A.  Two men did, and one came back"),
        (0, "within the hour."),
    )
    sheet.end(500, 60, "Page 47")
    for number, (inset, row) in enumerate(rows):
        top = 90 + 26 * number
        if one_string:
            sheet.write(66, top, f"{number + 1:>2}  {' ' * (inset // 7)}{row}", font="Courier", size=12)
        else:
            sheet._canvas.setFont("Courier", 12)
            sheet._canvas.drawRightString(80, HEIGHT - top, str(number + 1))
            sheet.write(100 + inset, top, row, font="Courier", size=12)
    document = parser.parse(sheet.pdf())
    assert [line for line in octavo.to_markdown(document).splitlines() if line] == [
        "THE COURT: Please step forward and raise your right hand.",
        "Q. Were you on the quay when the boat came in?",
        "A. I was. I had been there since noon and saw it come.",
        "Q. Did anybody go on board?",
        "MR. FINCH: Objection. The witness cannot know.",
        "THE COURT: Overruled.",
        "A. Two men did, and one came back within the hour.",
    ]
    told = {block.recognition.text: block.role for block in document.pages[0].blocks}
    assert told[" ".join(str(number + 1) for number in range(len(rows)))] is Role.FURNITURE


@pytest.mark.parametrize("what", ["Boat of the", "boat of the", "open the"])
def test_numbers_that_count_things_stay_with_them(parser: Parser, what: str) -> None:
    sheet = Sheet()
    for number in range(1, 13):
        sheet.write(70, 100 + 20 * number, str(number))
        sheet.write(100, 100 + 20 * number, f"{what} {number}th quay{'.' if what == 'open the' else ''}")
    text = octavo.to_markdown(parser.parse(sheet.pdf()))
    assert all(text.index(str(number)) < text.index(f"the {number}th") for number in range(1, 13))
    assert "12" in text.replace("12th", "")


def printout(sheet: Sheet, top: float, *rows: str) -> None:
    """Rows of typewriter type, spaces and all."""
    sheet.write(60, top, *rows, font="Courier", size=9)


def cells(text: str) -> list[list[str]]:
    """Of all tables of a page: rows, without what makes words bold or italic."""
    text = re.sub(r"</?[bi]>", "", text)
    return [re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row) for row in re.findall(r"<tr>(.*?)</tr>", text)]


def test_dashes_in_type_part_the_head_of_a_printout_from_its_rows(parser: Parser) -> None:
    sheet = Sheet()
    printout(
        sheet,
        80,
        "LEDGER NO: 88-120                        SHEET  3",
        "MRS A BROWN                       FROM 01/07 TO 31/07",
        "",
        "DAY    WHAT                       OUT        IN      LEFT",
        "---------------------------------------------------------",
        "01/07  BROUGHT FORWARD                             804.10",
        "04/07  CHEQUE 2207              60.00              744.10",
        "09/07  HARBOUR DUES                      150.00    894.10",
        "       SECOND QUARTER",
        "30/07  LAMP OIL                 12.50              881.60",
        "=========================================================",
        "       SUMS                     72.50    150.00",
    )
    document = parser.parse(sheet.pdf())
    text = octavo.to_markdown(document)
    assert not document.problems
    assert cells(text) == [
        ["DAY", "WHAT", "OUT", "IN", "LEFT"],
        ["01/07", "BROUGHT FORWARD", "", "", "804.10"],
        ["04/07", "CHEQUE 2207", "60.00", "", "744.10"],
        ["09/07", "HARBOUR DUES SECOND QUARTER", "", "150.00", "894.10"],
        ["30/07", "LAMP OIL", "12.50", "", "881.60"],
        ["", "SUMS", "72.50", "150.00", ""],
    ]
    assert "--" not in text


def test_a_table_that_is_drawn_with_dashes_and_bars_is_one(parser: Parser) -> None:
    sheet = Sheet()
    sheet.write(60, 80, *PROSE)
    printout(
        sheet,
        150,
        "+-------+------------------+---------+",
        "| Shed  | Let to           | Rent    |",
        "+-------+------------------+---------+",
        "| N1    | Brown            |   80.00 |",
        "| N2    | Carter & Diaz    |  112.50 |",
        "| N3    |                  |         |",
        "+-------+------------------+---------+",
        "| Sum                      |  192.50 |",
        "+-------+------------------+---------+",
    )
    document = parser.parse(sheet.pdf())
    text = octavo.to_markdown(document)
    assert not document.problems
    assert cells(text) == [
        ["Shed", "Let to", "Rent"],
        ["N1", "Brown", "80.00"],
        ["N2", "Carter &amp; Diaz", "112.50"],
        ["N3", "", ""],
        ["Sum", "192.50"],
    ]


def test_words_of_a_cell_in_typewriter_type_are_one_whatever_stops_stand_between_them(parser: Parser) -> None:
    """A comma and a space are as wide there as the gap between two columns is elsewhere."""
    sheet = Sheet()
    sheet.write(60, 80, *PROSE)
    rows = ("Item   Goods                   No     Price", "00010  Rope, hemp, thin        12     18.50",
            "00020  Buoy, painted red        4      2.75", "00030  Oil, lamp, 5 l           3     64.00")  # fmt: skip
    printout(sheet, 150, *rows)
    assert cells(octavo.to_markdown(parser.parse(sheet.pdf()))) == [re.split(r"  +", row) for row in rows]


def test_labels_are_read_one_by_one_and_none_goes_on_in_the_next(parser: Parser) -> None:
    sheet = Sheet()
    labels = [
        ("Ada Brown", "12 Quay Road", "Grimsby DN31 3RW"),
        ("Ben Carter", "4 Mill Lane", "Hull HU1 2AB"),
        ("Cora Diaz", "77 High Street", "York YO1 7HT"),
        ("Gwen Hall", "2 Station Rd", "Thirsk YO7 1PL"),
        ("Hugh Irwin", "5 Elm Close", "Ripon HG4 1LE"),
        ("Iris James", "18 The Green", "Whitby YO21 3QN"),
    ]
    for number, label in enumerate(labels):
        sheet.write(60 + 170 * (number % 3), 100 + 75 * (number // 3), *label)
    blocks = octavo.to_markdown(parser.parse(sheet.pdf())).split("\n\n")
    assert [tuple(line.strip() for line in block.splitlines()) for block in blocks] == labels


def test_a_title_above_nothing_but_tables_is_one(parser: Parser) -> None:
    sheet = Sheet()
    sheet.write(60, 80, "Price list", font="Times-Bold", size=20)
    for number, (code, name, price) in enumerate(
        (("R-10", "Hemp, per metre", "1.20"), ("R-16", "Wire, per metre", "2.05"), ("A-5", "Anchor, 5 kg", "48.00"))
    ):
        sheet.write(60, 120 + 18 * number, code)
        sheet.write(120, 120 + 18 * number, name)
        sheet.end(330, 120 + 18 * number, price)
    text = octavo.to_markdown(parser.parse(sheet.pdf()))
    assert text.startswith("# Price list\n\n<table>")


def test_a_sidebar_with_lists_and_the_text_beside_it_are_read_one_after_the_other(parser: Parser) -> None:
    """As a life has them: bullets in both, dates set right, rows that meet by chance."""
    sheet = Sheet()
    sheet.write(60, 100, "Skills", font="Times-Bold", size=12)
    for number, skill in enumerate(("Charts", "Radio", "Knots")):
        sheet.write(60, 122 + 13 * number, "\u2022")
        sheet.write(74, 122 + 13 * number, skill)
    sheet.write(60, 180, "Languages", font="Times-Bold", size=12)
    sheet.write(60, 202, "Slovene", "English")
    sheet.write(240, 101, "Experience", font="Times-Bold", size=12)
    for top, post, year, deeds in (
        (123, "Pilot of the harbour", "2019", ("Leads the boats in at night.", "Wrote the book of the tides.")),
        (178, "Mate on the Ada", "2014", ("Kept the log of nine voyages.",)),
    ):
        sheet.write(240, top, post)
        sheet.end(540, top, year)
        for number, deed in enumerate(deeds):
            sheet.write(252, top + 16 + 14 * number, "\u2022")
            sheet.write(266, top + 16 + 14 * number, deed)
    text = octavo.to_markdown(parser.parse(sheet.pdf()))
    places = [
        text.index(word) for word in ("Charts", "Radio", "Knots", "Slovene", "Pilot", "Leads", "Wrote", "Mate", "Kept")
    ]
    assert places == sorted(places)


def test_tiles_with_three_lines_are_read_one_by_one(parser: Parser) -> None:
    sheet = Sheet()
    for number, (name, value, more) in enumerate(
        (("Customers", "18,402", "4 % more"), ("Revenue", "2.47 M", "11 % more"), ("Churn", "1.9 %", "as before"))
    ):
        left = 60 + 160 * number
        sheet.write(left, 100, name, font="Helvetica", size=8)
        sheet.write(left, 122, value, font="Helvetica-Bold", size=22)
        sheet.write(left, 136, more, font="Helvetica", size=8)
    assert " ".join(read(parser, sheet)) == "Customers 18,402 4 % more Revenue 2.47 M 11 % more Churn 1.9 % as before"


# --- terms, times and prices ---------------------------------------------------------------------------------------

GLOSSARY = (
    ("Ballast", "Heavy things carried low in a ship to keep her", "upright; today it is mostly water."),
    ("Bilge", "The lowest part of the hull."),
    (
        "Draught",
        "The depth of water that a ship needs, from",
        "the waterline to the lowest point of her keel.",
    ),
    ("Lee", "The side away from the wind."),
)


def markdown(parser: Parser, sheet: Sheet) -> str:
    return octavo.to_markdown(parser.parse(sheet.pdf()))


@pytest.mark.parametrize("room", [0, 6])
@pytest.mark.parametrize("font", ["Times-Roman", "Times-Bold"])
def test_each_term_of_a_glossary_stays_with_its_text(parser: Parser, font: str, room: int) -> None:
    """With room between them or without: then a text's last line has room for the next one's first word."""
    sheet = Sheet()
    top = 120.0
    for term, *text in GLOSSARY:
        sheet.write(60, top, term, font=font)
        top = sheet.write(140, top, *text) + room
    assert cells(markdown(parser, sheet)) == [[term, " ".join(text)] for term, *text in GLOSSARY]


def test_a_narrow_column_beside_running_text_is_no_glossary(parser: Parser) -> None:
    """Its lines stand beside texts that go on."""
    sheet = Sheet()
    sheet.write(60, 120, "Boats moor", "at the quay", "from noon on,", "and leave it", "at the tide.")
    sheet.write(180, 120, *PROSE, *PROSE[:2])
    assert not cells(markdown(parser, sheet))


def test_terms_with_long_texts_well_apart_are_headings_beside_them(parser: Parser) -> None:
    sheet = Sheet()
    for number, term in enumerate(("Arrival", "Mooring", "Leaving")):
        sheet.write(60, 120 + 70 * number, term)
        sheet.write(140, 120 + 70 * number, *PROSE)
    told = read(parser, sheet)
    assert [line for line in told if line in ("Arrival", "Mooring", "Leaving")] == told[::2]


@pytest.mark.parametrize(
    "pairs",
    [
        (("AIS", "Automatic Identification"), ("DWT", "Deadweight tonnage"), ("EU", "Unit of load"), ("LOA", "Length")),
        (("der Hafen", "harbour"), ("die Flut", "tide"), ("das Seil", "rope"), ("der Lotse", "pilot")),
    ],
    ids=["abbreviations", "vocabulary"],
)
def test_words_beside_each_other_are_pairs_where_columns_fit_them(
    parser: Parser, pairs: tuple[tuple[str, str], ...]
) -> None:
    sheet = Sheet()
    begin = 60 + round(max(stringWidth(key, "Times-Roman", 10) for key, _ in pairs)) + 20
    for number, (key, text) in enumerate(pairs):
        sheet.write(60, 120 + 14 * number, key)
        sheet.write(begin, 120 + 14 * number, text)
    assert cells(markdown(parser, sheet)) == [list(pair) for pair in pairs]


def test_a_list_in_two_columns_is_no_table(parser: Parser) -> None:
    boats = ("Albatross", "Amber", "Black Swan", "Cormorant", "Dolphin", "Evening Star", "Fair Isle", "Gannet")
    sheet = Sheet()
    sheet.write(60, 120, *boats[:4])
    sheet.write(300, 120, *boats[4:])
    assert read(parser, sheet) == list(boats)


def test_an_agenda_has_a_row_for_each_time(parser: Parser) -> None:
    sheet = Sheet()
    agenda = (
        ("09:00", "Registration", "Coffee in the foyer", "Foyer"),
        ("09:30", "Opening", "Rivers that remember, by Ines Duarte", "Hall A"),
        ("10:45", "Gauges", "Three talks, and what they miss", "Hall B"),
    )
    for number, (time, title, more, place) in enumerate(agenda):
        top = 120 + 34 * number
        sheet.write(60, top, time)
        sheet.write(140, top, title, font="Times-Bold")
        sheet.write(140, top + 13, more)
        sheet.write(400, top, place)
    assert cells(markdown(parser, sheet)) == [[time, f"{title} {more}", place] for time, title, more, place in agenda]


def test_numbers_of_lines_of_code_are_no_terms(parser: Parser) -> None:
    sheet = Sheet()
    for number, line in enumerate(("begin the count of all the boats at noon", "add one for each", "and say it aloud")):
        sheet.write(60, 120 + 14 * number, str(11 + number))
        sheet.write(90, 120 + 14 * number, line)
    assert not cells(markdown(parser, sheet))


MENU = (
    (("Leek soup", "with bread", "6.50"), ("Mackerel", "beetroot", "8.75"), ("Oysters", "from the loch", "14.00")),
    (("Haddock", "mushy peas", "15.50"), ("Beef pie", "ale gravy", "16.25"), ("Risotto", "thyme", "13.00")),
)


@pytest.mark.parametrize("lower", [0, 7])
def test_a_menu_of_two_columns_is_two_lists(parser: Parser, lower: int) -> None:
    sheet = Sheet()
    for column, dishes in enumerate(MENU):
        left, top = 60 + 260 * column, 120 + lower * column
        sheet.write(left, top, ("Starters", "Mains")[column], font="Times-Bold", size=12)
        for number, (dish, more, price) in enumerate(dishes):
            row = top + 22 + 34 * number
            sheet.write(left, row, dish, font="Times-Bold")
            sheet.write(left, row + 13, more)
            sheet.end(left + 220, row, price)
    text = markdown(parser, sheet)
    assert cells(text) == [[f"{dish} {more}", price] for side in MENU for dish, more, price in side]
    places = [text.index(word) for word in ("Starters", "Leek", "Oysters", "Mains", "Haddock", "Risotto")]
    assert places == sorted(places)


def test_figures_in_the_middle_of_a_row_part_no_table(parser: Parser) -> None:
    """Hours and pay after them, with a word for the kind of work last: one list."""
    sheet = Sheet()
    rows = (("Crane", "12", "days", "310.00"), ("Pilot", "3", "nights", "99.50"), ("Ropes", "40", "metres", "48.00"))
    for number, (item, count, unit, pay) in enumerate(rows):
        top = 120 + 16 * number
        sheet.write(60, top, f"{item} of the northern quay")
        sheet.end(260, top, count)
        sheet.write(290, top, unit)
        sheet.end(460, top, pay)
    assert [" ".join(row) for row in cells(markdown(parser, sheet))] == [
        f"{item} of the northern quay {count} {unit} {pay}" for item, count, unit, pay in rows
    ]


def test_years_beside_what_was_done_in_them_name_no_columns(parser: Parser) -> None:
    sheet = Sheet()
    posts = (("2019 - now", "Pilot"), ("2014 - 2019", "Mate on the Ada"), ("2011 - 2014", "Cook"))
    for number, (years, post) in enumerate(posts):
        sheet.write(60, 120 + 34 * number, years)
        sheet.write(160, 120 + 34 * number, post, "at the harbour of Ljubljana")
    text = markdown(parser, sheet)
    assert "<table>" in text
    assert "<th>" not in text


def test_a_heading_below_two_columns_of_a_list_comes_after_both(parser: Parser) -> None:
    sheet = Sheet()
    sheet.write(60, 100, "Ingredients", font="Times-Bold", size=14)
    sheet.write(60, 122, "600 g haddock", "2 onions", "3 potatoes")
    sheet.write(300, 122, "200 ml cream", "1 bay leaf", "salt, pepper")
    sheet.write(60, 182, "Method", font="Times-Bold", size=14)
    sheet.write(
        60, 202, "Chop the onions and soften them in butter for ten minutes; they should not brown at all, and no"
    )
    text = markdown(parser, sheet)
    places = [text.index(word) for word in ("haddock", "potatoes", "cream", "pepper", "Method", "Chop")]
    assert places == sorted(places)


@pytest.mark.parametrize("dot", [".", " .", "\u00b7"])
@pytest.mark.parametrize("room", [2, 24])
def test_dots_lead_from_a_dish_to_its_price_and_are_no_text(parser: Parser, dot: str, room: float) -> None:
    sheet = Sheet()
    dishes = (("Leek soup", "6.50"), ("Smoked mackerel", "8.75"), ("Crab toast", "9.25"), ("Oysters", "14.00"))
    for number, (dish, price) in enumerate(dishes):
        width = 300 - room - stringWidth(f"{dish} {price}", "Times-Roman", 10)
        dots = dot * int(width / stringWidth(dot, "Times-Roman", 10))
        sheet.write(60, 120 + 16 * number, f"{dish} {dots}")
        sheet.end(360, 120 + 16 * number, price)
    text = markdown(parser, sheet)
    assert cells(text) == [list(dish) for dish in dishes]
    assert "Not read" not in text


def test_texts_that_all_begin_anew_are_cells_however_wide(parser: Parser) -> None:
    signals = (
        ("Alfa", "I have a diver down; keep well clear of me", "White and blue, swallow-tailed"),
        ("Bravo", "I take in or carry dangerous goods today", "Red, swallow-tailed"),
        ("Delta", "Keep clear; I am manoeuvring with trouble", "Yellow, blue and yellow across"),
        ("Hotel", "I have a pilot on board", "White and red"),
    )
    sheet = Sheet()
    for number, (name, meaning, flag) in enumerate(signals):
        sheet.write(60, 120 + 17 * number, name)
        sheet.write(110, 120 + 17 * number, meaning)
        sheet.write(340, 120 + 17 * number, flag)
    assert cells(markdown(parser, sheet)) == [list(signal) for signal in signals]
