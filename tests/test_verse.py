"""Rows that end by will: verse, and rows that each begin with a name; and running text, which has no such rows."""

import pytest
from reportlab.pdfbase.pdfmetrics import stringWidth
from test_ways_of_setting import PROSE, Sheet, markdown

from octavo.document import TextLine
from octavo.geometry import Box
from octavo.layout.lines import Line
from octavo.layout.side_by_side import Row
from octavo.layout.verse import is_verse
from octavo.parser import Parser

STANZAS = (
    (
        "The snail came by with his house on his back",
        "and asked for a crumb and a place for his pack,",
        "she gave him a leaf and a drop of dew",
        "and room for one, though there was none for two.",
    ),
    (
        "When morning came and the sun was bright",
        "they thanked the toadstool for the night,",
        "and each went slowly its own wet way",
        "and nobody knows where they are today.",
    ),
)


def paragraphs(text: str) -> list[list[str]]:
    """The lines of each, without what makes words bold."""
    return [[line.rstrip().replace("**", "") for line in part.splitlines()] for part in text.split("\n\n")]


@pytest.mark.parametrize(("font", "size"), [("Times-Roman", 12), ("Helvetica", 9)])
def test_lines_of_a_poem_stay_lines(parser: Parser, font: str, size: float) -> None:
    sheet = Sheet()
    top = sheet.write(70, 120, *PROSE, font=font, size=size) + size
    for stanza in STANZAS:
        top = sheet.write(70, top, *stanza, font=font, size=size) + size
    sheet.write(70, top, *PROSE, font=font, size=size)
    whole = [" ".join(PROSE)]
    assert paragraphs(markdown(parser, sheet).strip()) == [whole, *map(list, STANZAS), whole]


@pytest.mark.parametrize("read", [True, False])
def test_lines_that_are_not_read_yet_are_no_verse(read: bool) -> None:
    rows = []
    for number, (words, width) in enumerate(zip(STANZAS[0], (440, 470, 370, 480), strict=True)):
        text = TextLine(Box(100, 100 + 30 * number, 100 + width, 120 + 30 * number), words if read else None)
        rows.append(Row.of([Line(100, 100 + 30 * number, 100 + width, 120 + 30 * number, 20, text)]))
    assert is_verse(rows) is read


def filled(sheet: Sheet, text: str, left: float, top: float, *widths: float) -> None:
    """Running text in Times, set in rows of these widths, the last one as often as it takes."""
    rows, row = 0, ""
    for word in text.split():
        longer = f"{row} {word}".strip()
        if stringWidth(longer, "Times-Roman", 10) > widths[min(rows, len(widths) - 1)]:
            sheet.write(left, top + 13 * rows, row)
            rows, longer = rows + 1, word
        row = longer
    sheet.write(left, top + 13 * rows, row)


@pytest.mark.parametrize("widths", [(210,), (120, 120, 120, 210), (120, 120, 210)])
def test_running_text_has_no_lines_of_its_own_beside_a_figure_either(parser: Parser, widths: tuple[float, ...]) -> None:
    sheet = Sheet()
    text = " ".join(PROSE) + " Those who stay pay for another night, unless the wind keeps them in the harbour."
    filled(sheet, text, 70, 120, *widths)
    assert "".join(line.rstrip("\n") for line in markdown(parser, sheet)).count("  ") == 0


def test_rows_that_each_name_what_they_say_stay_rows(parser: Parser) -> None:
    sheet = Sheet()
    rows = ("Languages: Italian, English, some French and a little Dutch", "Tools: saw, plane, adze")
    sheet.write(70, 120, *rows)
    sheet.write(70, 170, "Note: the office is closed on Mondays, and those who come all the", "same are asked to wait.")
    assert paragraphs(markdown(parser, sheet).strip()) == [
        list(rows),
        ["Note: the office is closed on Mondays, and those who come all the same are asked to wait."],
    ]
