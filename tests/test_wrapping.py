"""Where the further lines of a row stand, on made tables whose cells are broken where their author liked."""

from collections.abc import Sequence

import pytest
from tabling import HEIGHT, Drawing

from octavo.content import Cell, Table, runs_of
from octavo.document import TextLine, Word, size_of
from octavo.geometry import Box
from octavo.tables import find_tables, read_table
from octavo.tables.rules import find_rules

MOVEMENTS = (
    ("01 Mar", ("Balance brought forward",), "", "1,246.18"),
    ("01 Mar", ("Salary", "Meridian Instruments"), "", "4,430.68"),
    ("02 Mar", ("Direct debit", "Ellery Water Company"), "44.15", "4,386.53"),
    ("04 Mar", ("Card payment", "Larkhill Bakery", "Port Ellery"), "3.93", "4,382.60"),
    ("06 Mar", ("Transfer",), "", "4,807.60"),
    ("08 Mar", ("Card payment", "Coastline Rail"), "96.00", "4,711.60"),
)
HEAD = ("Date", "Description", "Paid out", "Balance")
LEFTS = (20, 120, 330, 430)


def statement(rows: Sequence[tuple[str, Sequence[str], str, str]], *, leading: int, gap: int, above: bool) -> Drawing:
    """Rows whose description has several lines; the rest of the row stands beside the first, or (`above`) the last."""
    drawing = Drawing(560, 60 + sum(leading * len(what) + gap for _, what, _, _ in rows))
    for left, text in zip(LEFTS, HEAD, strict=True):
        drawing.write(text, left, 20)
    top = 20 + leading + gap
    for date, what, out, balance in rows:
        for number, line in enumerate(what):
            drawing.write(line, LEFTS[1], top + leading * number)
        beside = top + (leading * (len(what) - 1) if above else 0)
        for left, text in ((LEFTS[0], date), (LEFTS[2], out), (LEFTS[3], balance)):
            if text:
                drawing.write(text, left, beside)
        top += leading * len(what) + gap
    return drawing


def texts(drawing: Drawing) -> list[list[str]]:
    table = read_table(drawing.pixels, drawing.lines, Box.of_page()).table
    return [[cell.text for cell in row] for row in table.rows]


EXPECTED = [list(HEAD), *([date, " ".join(what), out, balance] for date, what, out, balance in MOVEMENTS)]


@pytest.mark.parametrize("above", [False, True], ids=["below", "above"])
@pytest.mark.parametrize(("leading", "gap"), [(14, 3), (15, 5), (15, 9), (18, 4)])
def test_a_rows_further_lines_are_its_own(leading: int, gap: int, *, above: bool) -> None:
    assert texts(statement(MOVEMENTS, leading=leading, gap=gap, above=above)) == EXPECTED


def test_the_first_line_tells_where_all_steps_are_equal() -> None:
    """A register is set without any room between its rows: it begins with one, so what hangs, hangs below."""
    assert texts(statement(MOVEMENTS, leading=15, gap=0, above=False)) == EXPECTED


def test_most_rows_may_have_further_lines_or_few() -> None:
    """How many lines a row has must not decide: the median line of the first has one entry, of the second four."""
    for rows in (MOVEMENTS[1:4], MOVEMENTS[:2] + MOVEMENTS[4:5] * 4):
        expected = [list(HEAD), *([date, " ".join(what), out, balance] for date, what, out, balance in rows)]
        read = texts(statement(rows, leading=15, gap=6, above=False))
        assert [[cell for cell in row if cell] for row in read] == [[cell for cell in row if cell] for row in expected]


def test_headings_of_groups_stay_rows() -> None:
    drawing = Drawing(400, 320)
    rows = [("What we own", ""), ("Cash", "12.50"), ("Stock and tools", "310.00")]
    rows += [("What we owe", ""), ("Loans", "44.10"), ("Rent", "9.00")]
    for number, (name, amount) in enumerate(rows):
        drawing.write(name, 20, 20 + 22 * number)
        if amount:
            drawing.write(amount, 200, 20 + 22 * number)
    assert texts(drawing) == [list(row) for row in rows]


def test_the_last_rows_further_lines_are_in_the_area_and_a_note_below_is_not() -> None:
    drawing = statement(MOVEMENTS, leading=15, gap=6, above=False)
    page = Drawing(drawing.width, drawing.height + 80)
    page.lines = []
    for line in drawing.lines:
        box = line.box.to_pixels(drawing.size)
        page.write(line.text or "", box.left, box.top)
    last = max(line.box.to_pixels(page.size).bottom for line in page.lines)
    page.write("All amounts in pounds.", LEFTS[0], last + 20)

    (table,) = [it for it in find_tables(size_of(page.pixels), page.lines, find_rules(page.pixels)) if not it.lost]

    assert last - HEIGHT / 2 < table.box.to_pixels(page.size).bottom < last + 15


# --- cells with more than a line, heads that stand elsewhere than their columns ------------------------------------


def test_a_list_in_a_closed_cell_is_one_cell() -> None:
    rows = (
        (("Kind",), ("What is meant",)),
        (("Tools for the shed:", "• hammer", "• saw"), ("They are kept dry.",)),
        (("Steps:", "1. open the door", "2. read the sheet"), ("Plain words that say", "how it is done.")),
        (("last",), ("row",)),
    )
    drawing, y = Drawing(520, 220), 20
    for x in (20, 260, 500):
        drawing.rule(x, 20, x, 20 + sum(17 * max(map(len, row)) + 8 for row in rows))
    drawing.rule(20, y, 500, y)
    for row in rows:
        for left, cell in zip((26, 266), row, strict=True):
            for number, line in enumerate(cell):
                drawing.write(line, left, y + 4 + 17 * number)
        y += 17 * max(map(len, row)) + 8
        drawing.rule(20, y, 500, y)
    assert texts(drawing) == [[" ".join(cell) for cell in row] for row in rows]


@pytest.mark.parametrize("columns", [2, 3, 5])
def test_numbers_set_right_stay_under_headings_set_left(columns: int) -> None:
    heads = ["Year", "Ducks", "Swans on lakes", "Geese", "Gulls"][:columns]
    rows = [heads, *([str(2019 + n), *(str(120 + 7 * n + k) for k in range(columns - 1))] for n in range(6))]
    drawing = Drawing(40 + 150 * columns, 200)
    for number, row in enumerate(rows):
        for column, text in enumerate(row):
            left = 20 + 150 * column
            drawing.write(text, left if number == 0 else left + 135 - 7 * len(text), 20 + 22 * number)
    assert texts(drawing) == rows


def test_a_cell_of_hebrew_is_read_from_the_right_with_its_spaces() -> None:
    drawing = Drawing(500, 160)
    rows = [["מחיר ליחידה", "שם המוצר"], ["14.90", "מחברת גדולה עם 40 שורות"], ["29.00", "נייר לבן"]]
    for number, row in enumerate(rows):
        for right, text in zip((140, 460), row, strict=True):
            words, x = [], right
            for part in text.split():
                box = Box.from_pixels(x - 7 * len(part), 20 + 30 * number, x, 32 + 30 * number, drawing.size)
                words.append(Word(part, box))
                x -= 7 * len(part) + 5
            drawing.lines.append(TextLine(Box.around(word.box for word in words), text, tuple(words)))
    assert texts(drawing) == rows


def test_the_head_of_goods_below_addresses_begins_a_table_of_its_own() -> None:
    page = Drawing(760, 420)
    blocks = (
        ("Bill to", "Ship to", "Invoice no.", "2025-00418"),
        ("Mason & Daughters", "Mason & Daughters", "Date", "14 Aug 2025"),
        ("12 Quarry Road", "88 Dock Street", "Order", "PO-7731"),
        ("Weston WE1 4AB", "Weston WE1 9ZZ", "Customer", "40022"),
    )
    goods = (
        ("Pos", "Description", "Qty", "Unit", "Price", "Amount"),
        ("1", "Torque wrench", "4", "pc", "89.90", "359.60"),
        ("2", "Socket set, 32 parts", "10", "set", "41.50", "415.00"),
        ("3", "Grease, lithium", "25", "kg", "6.20", "155.00"),
    )
    for number, row in enumerate(blocks):
        for left, text in zip((20, 240, 480, 620), row, strict=True):
            page.write(text, left, 20 + 18 * number)
    for number, row in enumerate(goods):
        for left, text in zip((26, 80, 360, 420, 530, 660), row, strict=True):
            page.write(text, left, 140 + 20 * number)
    areas = [
        it.box.to_pixels(page.size)
        for it in find_tables(size_of(page.pixels), page.lines, find_rules(page.pixels))
        if not it.lost
    ]
    assert any(abs(area.top - 140) < 8 for area in areas)
    assert not any(area.top < 100 and area.bottom > 150 for area in areas)


# --- over a page ----------------------------------------------------------------------------------------------------


def table(*rows: Sequence[str]) -> Table:
    return Table(tuple(tuple(Cell((runs_of(text),) if text else ()) for text in row) for row in rows))


def said(joined: Table) -> list[list[str]]:
    return [[cell.text for cell in row] for row in joined.rows]


def test_a_row_that_a_page_break_cut_is_one_row() -> None:
    first = table(("Date", "What", "Out"), ("1 Mar", "Salary Meridian", "5.00"), ("2 Mar", "Card payment", "3.21"))
    second = table(("Date", "What", "Out"), ("", "Larkhill Bakery", ""), ("3 Mar", "Transfer", "4.00"))
    assert said(first.continued(second))[2:] == [
        ["2 Mar", "Card payment Larkhill Bakery", "3.21"],
        ["3 Mar", "Transfer", "4.00"],
    ]


def test_rows_that_leave_their_beginning_out_stay_rows() -> None:
    first = table(("Group", "Kind", "n"), ("Plants", "trees", "12"), ("", "mosses", "7"))
    second = table(("Group", "Kind", "n"), ("", "grasses", "4"), ("Animals", "birds", "31"))
    assert len(first.continued(second).rows) == 5
    whole = table(("Group", "Kind", "n"), ("Plants", "trees", "12"))
    assert len(whole.continued(second).rows) == 4


@pytest.mark.parametrize(("leading", "gap"), [(15, 6), (14, 9)])
def test_a_payment_on_the_first_line_and_the_balance_on_the_last_are_one_row(leading: int, gap: int) -> None:
    """Steps inside rows are alike and smaller than those between them; each row has at most one figure a column."""
    drawing = Drawing(560, 60 + sum(leading * len(what) + gap for _, what, _, _ in MOVEMENTS))
    top = 20
    for left, text in zip(LEFTS, HEAD, strict=True):
        drawing.write(text, left, top)
    top += leading + gap
    for date, what, out, balance in MOVEMENTS:
        for number, line in enumerate(what):
            drawing.write(line, LEFTS[1], top + leading * number)
        for left, text, place in ((LEFTS[0], date, 0), (LEFTS[2], out, 0), (LEFTS[3], balance, len(what) - 1)):
            if text:
                drawing.write(text, left, top + leading * place)
        top += leading * len(what) + gap
    assert texts(drawing) == EXPECTED


def test_a_line_above_the_total_ends_no_head() -> None:
    """A bill without a head: what stands above its line are rows, however many."""
    drawing = Drawing(360, 260)
    rows = [("apples, 2 lb", "1.82"), ("milk", "3.99"), ("eggs", "4.49"), ("flour", "0.50"), ("Total", "10.80")]
    rows.append(("by card", "10.80"))
    for number, (name, amount) in enumerate(rows):
        drawing.write(name, 20, 20 + 17 * number)
        drawing.write(amount, 260, 20 + 17 * number)
    drawing.rule(10, 20 + 17 * 4 - 3, 330, 20 + 17 * 4 - 3)
    assert texts(drawing) == [list(row) for row in rows]


@pytest.mark.parametrize("capital", [True, False])
def test_each_line_with_a_text_in_every_column_is_a_row(capital: bool) -> None:
    """Abbreviations are as wide as their column, and so are the words of a list: that tells nothing of them."""
    rows = [["ETA", "Time of arrival"], ["IMO", "Maritime matters"], ["LOA", "Length over all"], ["TEU", "Load units"]]
    rows = [row if capital else [text.lower() for text in row] for row in rows]
    drawing = Drawing(300, 120)
    for number, (short, long) in enumerate(rows):
        drawing.write(short, 20, 20 + 16 * number)
        drawing.write(long, 70, 20 + 16 * number)
    assert texts(drawing) == rows
