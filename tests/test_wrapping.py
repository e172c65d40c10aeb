"""Where the further lines of a row stand, on made tables whose cells are broken where their author liked."""

from collections.abc import Sequence

import pytest
from tabling import HEIGHT, Drawing

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

    (table,) = [it for it in find_tables(page.pixels, page.lines, find_rules(page.pixels)) if not it.lost]

    assert last - HEIGHT / 2 < table.box.to_pixels(page.size).bottom < last + 15
