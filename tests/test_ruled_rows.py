"""Tables with lines between their rows alone, or none but the places of their texts: schedules, lists of prices."""

from collections.abc import Sequence

import pytest
from test_ways_of_setting import Sheet, cells, markdown

from octavo.parser import Parser

PRICES = (
    (("R-10",), ("Hemp rope of three strands, sold by the metre and", "cut to length"), "1.20"),
    (("R-16",), ("Wire rope",), "2.05"),
    (("A-5",), ("Stock anchor, galvanised, with a shackle and two", "metres of chain, in a bag"), "48.00"),
    (("B-2",), ("Boat hook",), "19.50"),
)


def listed(sheet: Sheet, rows: Sequence[tuple[tuple[str, ...], tuple[str, ...], str]], size: float) -> float:
    """A list of prices with lines above its rows; where it ends."""
    for left, text in ((60, "Article"), (120, "Description"), (410, "Price")):
        sheet.write(left, 120, text, font="Times-Bold", size=size)
    top = 120 + 2 * size
    for article, texts, price in rows:
        sheet.line(56, 440, top - 1.3 * size)
        sheet.write(60, top, *article, size=size)
        sheet.end(436, top, price, size)
        top = sheet.write(120, top, *texts, size=size) + 0.7 * size
    return top


@pytest.mark.parametrize("size", [9, 11])
def test_each_band_between_two_lines_is_one_row(parser: Parser, size: float) -> None:
    sheet = Sheet()
    listed(sheet, PRICES, size)
    assert cells(markdown(parser, sheet)) == [
        ["Article", "Description", "Price"],
        *([article[0], " ".join(texts), price] for article, texts, price in PRICES),
    ]


def test_a_heading_over_nothing_but_a_table_is_one(parser: Parser) -> None:
    """No running text tells how large a heading is, nor that it is bold."""
    sheet = Sheet()
    sheet.write(60, 90, "Ropes and anchors", font="Times-Bold", size=13)
    listed(sheet, PRICES, 10)
    assert markdown(parser, sheet).startswith("# Ropes and anchors\n\n<table>")


def test_notes_under_a_table_keep_their_lines(parser: Parser) -> None:
    sheet = Sheet()
    top = listed(sheet, PRICES, 10)
    sheet.line(56, 440, top - 13)
    sheet.write(
        60, top, "* Sold by the metre.", "a in bags of jute", "b until the end of May, as long as there are any", size=7
    )
    sheet.write(
        60, top + 50, "Whoever buys more than fifty metres of rope pays a tenth less, and nothing for", "the cutting."
    )
    notes = markdown(parser, sheet).split("</table>")[1].strip().split("\n\n")[0]
    assert [line.rstrip() for line in notes.splitlines()] == [
        "\\* Sold by the metre.",
        "a in bags of jute",
        "b until the end of May, as long as there are any",
    ]


@pytest.mark.parametrize("sender", ["Ropes and Anchors Ltd, 4 Quay Road, Hull", "Hull"])
@pytest.mark.parametrize(("size", "room"), [(9, 14), (11, 14), (10, 26)])
def test_the_foot_of_a_page_below_the_last_line_is_no_row(parser: Parser, size: float, room: int, sender: str) -> None:
    sheet = Sheet()
    top = listed(sheet, PRICES, size)
    sheet.line(56, 440, top - 1.3 * size)
    sheet.write(56, top - 1.3 * size + room, sender, size=size - 1)
    sheet.end(440, top - 1.3 * size + room, "Page 1 of 3", size - 1)
    assert cells(markdown(parser, sheet))[1:] == [
        [article[0], " ".join(texts), price] for article, texts, price in PRICES
    ]


def test_lines_between_all_rows_make_them_one_table_with_its_whole_head(parser: Parser) -> None:
    """A schedule of cover: heads of two lines, cells of several, next to nothing alike from row to row."""
    sheet = Sheet()
    sheet.write(150, 107, "Sum", font="Times-Bold")
    for left, text in ((60, "Section"), (150, "insured"), (240, "Excess"), (310, "Conditions")):
        sheet.write(left, 120, text, font="Times-Bold")
    rows = (
        (
            ("1.", "Buildings"),
            "420,000",
            "250",
            ("Subsidence: excess 1,000. Roofs are to be", "inspected every two years"),
        ),
        (("2. Contents",), "65,000", "150", ("Single items up to 2,500",)),
        (("3. Liability",), "2,000,000", "Nil", ("Anywhere in the world, for journeys of up", "to sixty days")),
    )
    top = 136.0
    sheet.line(60, 520, top - 10)
    for section, insured, excess, conditions in rows:
        sheet.write(60, top, *section)
        sheet.write(150, top, insured)
        sheet.write(240, top, excess)
        sheet.write(310, top, *conditions)
        top += 13 * max(len(section), len(conditions)) + 6
        sheet.line(60, 520, top - 11)
    assert cells(markdown(parser, sheet)) == [
        ["Section", "Sum insured", "Excess", "Conditions"],
        *([" ".join(section), insured, excess, " ".join(more)] for section, insured, excess, more in rows),
    ]


@pytest.mark.parametrize("more", ["effects", "Berg"], ids=["goes on", "had no room"])
def test_a_key_of_two_lines_beside_a_text_of_one_is_one(parser: Parser, more: str) -> None:
    sheet = Sheet()
    rows = (
        (
            ("Collision",),
            ("Cover for what your boat does to other boats and to", "quays, up to the sum insured."),
            "250",
        ),
        (("Salvage",), ("What it costs to bring her in.",), "none"),
        (
            ("Heinrich",) if more == "Berg" else ("Personal",),
            ("Clothes, glasses, and the like, at sea and on land.",),
            "100",
        ),
        (("Theft",), ("Of the boat, her engine, and gear that is locked away", "below deck."), "500"),
    )
    top = 120.0
    for number, (key, texts, excess) in enumerate(rows):
        sheet.write(60, top, *(*key, more) if number == 2 else key)
        sheet.write(340, top, excess)
        top = sheet.write(112, top, *texts) + (22 if number == 2 else 9)
    told = cells(markdown(parser, sheet))
    assert [row[0] for row in told] == ["Collision", "Salvage", f"{rows[2][0][0]} {more}", "Theft"]
    assert [row[1] for row in told] == [" ".join(texts) for _, texts, _ in rows]
