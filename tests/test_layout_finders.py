"""Who claims which lines of a page, and why; on drawn pages, without a network."""

from collections import Counter

import cv2
import numpy as np
from tabling import Drawing

from octavo.document import Label, PageImage, TextLine
from octavo.geometry import Rect
from octavo.layout.finders import claimed
from octavo.layout.hints import Hint, HintKind
from octavo.layout.sheet import Claim, Sheet

ROWS = (("Item", "Pieces", "Price"), ("Nails", "120", "3.40"), ("Screws", "80", "7.15"), ("Glue", "2", "11.90"))


def claims(page: Drawing, hints: list[Hint] | None = None) -> list[Claim]:
    return claimed(Sheet.of(PageImage(0, page.pixels, 72), page.lines, hints or []))


def by_line(found: list[Claim]) -> dict[TextLine, Claim]:
    return {line.source: claim for claim in found if not claim.lost for line in claim.lines}


def prose(page: Drawing, top: int, rows: int) -> None:
    for row in range(rows):
        page.write(
            "running text whose lines fill their column from one margin to the other as it should", 60, top + 18 * row
        )


def table(page: Drawing, top: int, *, ruled: bool) -> list[TextLine]:
    first = len(page.lines)
    for row, texts in enumerate(ROWS):
        for column, text in enumerate(texts):
            page.write(text, 80 + 150 * column, top + 24 * row)
    if ruled:
        for row in range(len(ROWS) + 1):
            page.rule(70, top - 6 + 24 * row, 520, top - 6 + 24 * row)
        for column in range(4):
            page.rule(70 + 150 * column, top - 6, 70 + 150 * column, top - 6 + 24 * len(ROWS))
    return page.lines[first:]


def test_every_line_has_one_claim_with_a_reason_and_a_finder() -> None:
    page = Drawing(720, 1000)
    page.write("A head", 60, 30)
    prose(page, 120, 8)
    table(page, 320, ruled=True)
    prose(page, 480, 6)
    page.write("- 7 -", 340, 970)
    found = [claim for claim in claims(page) if not claim.lost]
    assert Counter(line.source for claim in found for line in claim.lines) == Counter(page.lines)
    assert all(claim.reason and claim.finder for claim in found)


def test_a_table_says_by_how_many_lines_it_is_ruled() -> None:
    page = Drawing(720, 1000)
    prose(page, 120, 8)
    cells = table(page, 320, ruled=True)
    claim = by_line(claims(page))[cells[0]]
    assert (claim.finder, claim.label, claim.reason) == ("tables", Label.TABLE, "ruled table: 5 lines across, 4 down")
    assert {line.source for line in claim.lines} == set(cells)


def test_what_lost_stays_with_why_and_takes_no_lines() -> None:
    page = Drawing(720, 1000)
    for number in range(1, 9):
        page.write(f"{number}.", 60, 40 + 24 * number)
        page.write("an entry of the list in some words", 100, 40 + 24 * number)
    found = claims(page)
    (lost,) = [claim for claim in found if claim.lost]
    assert (lost.finder, lost.lines, lost.lost) == ("tables", (), "bullets or numbers before texts: a list")
    assert set(by_line(found)) == set(page.lines)


def test_a_table_that_the_network_calls_a_formula_leaves_its_lines_to_others() -> None:
    page = Drawing(720, 1000)
    cells = table(page, 320, ruled=False)
    sure = by_line(claims(page))[cells[4]]
    assert sure.finder == "tables"
    doubted = claims(page, [Hint(HintKind.EQUATION, Rect(75.0, 318.0, 500.0, 410.0), 0.9)])
    assert by_line(doubted)[cells[4]].finder != "tables"
    assert "the network says that a formula is in it (0.90)" in [claim.lost for claim in doubted]


def test_the_shading_of_a_table_is_no_figure() -> None:
    page = Drawing(720, 1000)
    noise = np.random.default_rng(1).integers(0, 255, (8, 40, 3), np.uint8)
    page.pixels[316:410, 72:520] = cv2.resize(noise, (448, 94))
    table(page, 320, ruled=True)
    prose(page, 520, 8)
    found = claims(page)
    assert [claim.label for claim in found if claim.box is not None and not claim.lost] == [Label.TABLE]
    assert "it is a table's shading or ruling" in [claim.lost for claim in found]


def test_furniture_and_headings_say_what_they_rest_on() -> None:
    page = Drawing(720, 1000)
    page.write("A running head", 60, 30)
    prose(page, 120, 8)
    page.write("- 7 -", 340, 970)
    claim = by_line(claims(page))
    assert claim[page.lines[0]].reason.startswith("header: at the rim, 6.5 sizes of type from")
    assert claim[page.lines[-1]].reason.startswith("page number: at the rim, 59.3 sizes of type")
    assert claim[page.lines[3]].reason == "text: nothing says that it is more"
