"""Conservation of text: what stands on a page is in the running text, in listed furniture, in a picture, or told."""

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from made import line, lines, page, read, region
from pdf_maker import HELVETICA, PdfPage, make_pdf

import octavo
from octavo import conservation
from octavo.content import Picture, plain
from octavo.document import (
    Block,
    Detection,
    Document,
    Label,
    Page,
    Problem,
    Recognition,
    Role,
    Severity,
    Status,
    TextLayer,
    TextLine,
    TextSource,
    Trust,
)
from octavo.errors import OctavoError
from octavo.geometry import Box
from octavo.parser import Parser
from octavo.renderers.report import report
from octavo.settings import ParseOptions, TextLayerUse

EVAL = Path(__file__).parents[1].parent / "shared" / "eval"
BOLD = HELVETICA.replace("/Helvetica", "/Helvetica-Bold")
PROSE = (
    "Thank you for your letter of the second of May. We have looked into the matter and",
    "found that the pump was switched off at the main breaker before the cover was taken",
    "off, as the instructions ask. We therefore repair it at our cost and send it back to you",
    "within three weeks. Please keep the old seal, because our colleague wants to see it.",
)


# --- the count --------------------------------------------------------------------------------------------------------


def layer(*found: TextLine, doubtful: tuple[Box, ...] = ()) -> TextLayer:
    return TextLayer(Trust.TRUSTED, "made", found, doubtful)


def lost(made: Page, *found: TextLine, doubtful: tuple[Box, ...] = ()) -> list[str | None]:
    return [one.text for one in conservation.missing(made, conservation.seen(layer(*found, doubtful=doubtful), []))]


def test_what_was_read_is_not_missed_however_it_is_put_together() -> None:
    found = lines("• The first of the con-", "ditions, and", "the second one", "the first one")
    made = page([read(found, text="The first of the conditions, and the second one the first one")])
    assert lost(made, *found) == []


def test_a_line_and_a_word_that_ended_nowhere_are_named() -> None:
    found = lines("Gross pay 118.40", "paid in August", "in full")
    made = page([read(found, Label.FIGURE_TITLE, text="Gross pay paid in August")])
    assert lost(made, *found) == ["118.40", "in full"]


def test_of_two_equal_amounts_both_must_be_there() -> None:
    found = lines("Net 84.20", "Tax 84.20")
    assert lost(page([read(found, Label.FIGURE_TITLE, text="Net 84.20 Tax")]), *found) == ["84.20"]


def test_a_text_must_be_where_it_stood() -> None:
    here, there = lines("Easton", top=100), lines("Weston", top=700)
    made = page([read(here, text="Weston"), read(there, text="Easton")])
    assert lost(made, *here, *there) == ["Easton", "Weston"]


def test_what_is_told_or_read_anew_is_not_missed() -> None:
    found = lines("Half a sentence", "and more")
    where = region(box=Box(90, 90, 900, 140))
    problem = Problem("engine_lost", "gone", Severity.LOST)
    assert lost(page([(where, Recognition(None, TextSource.NONE, problems=(problem,)))]), *found) == []
    assert lost(page([(where, Recognition("Half of a sentence, as a model has it"))]), *found) == []
    made = page([read(found, text="Half a sentence")])
    assert lost(made, *found, doubtful=(found[1].box,)) == []


def test_a_line_seen_on_a_picture_must_be_in_something_that_was_read() -> None:
    unread = replace(line("", 100, 400), text=None)
    detections = [Detection(unread.box, Label.TEXT, 0.9, lines=(unread,))]
    nowhere = page([read(lines("Above"))])
    assert conservation.missing(nowhere, conservation.seen(None, detections)) == [unread]
    within = page([(region(box=Box(90, 390, 900, 420)), Recognition("something"))])
    assert conservation.missing(within, conservation.seen(None, detections)) == []


def test_what_is_missing_becomes_a_loss_with_its_words_and_its_place() -> None:
    found = lines("Gross pay 118.40", "paid in August")
    made = conservation.checked(page([read(found[:1])]), layer(*found), [])
    (problem,) = made.problems
    assert (problem.code, problem.severity, problem.saved_text) == ("text_lost", Severity.LOST, "paid in August")
    assert problem.box == found[1].box


def test_a_page_whose_text_is_all_drawn_over_says_so() -> None:
    made = conservation.checked(page([]), TextLayer(Trust.INVISIBLE, "made", buried=17), [])
    (problem,) = made.problems
    assert (problem.code, problem.severity) == ("text_buried", Severity.LOST)


# --- made documents ---------------------------------------------------------------------------------------------------


def said(x: float, y: float, text: str, size: float = 11, font: str = "F1", matrix: str = "") -> str:
    text = text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
    place = f"{matrix} {x} {y} Tm" if matrix else f"{x} {y} Td"
    return f"BT /{font} {size} Tf {place} ({text}) Tj ET\n"


def prose(y: float) -> str:
    return "".join(said(60, y - 14 * number, text) for number, text in enumerate(PROSE))


def sheet(content: str) -> PdfPage:
    return PdfPage(content.encode("latin-1"), size=(595, 842), fonts={"F1": HELVETICA, "F2": BOLD})


def letter(behind: str = "") -> bytes:
    return make_pdf(
        sheet(
            behind
            + said(60, 800, "Brightwater Tools Ltd, 4 Mill Lane, Easton")
            + said(430, 770, "14 August 2025")
            + "".join(
                said(60, 700 - 14 * n, text)
                for n, text in enumerate(("Ms Ida Castell", "12 Quarry Road", "Weston WE1 4AB"))
            )
            + said(60, 620, "Your complaint about the pump", font="F2")
            + prose(590)
            + said(60, 500, "Yours sincerely")
            + said(60, 450, "Olaf Brenner")
            + said(60, 40, "Registered in England, number 4407731")
        )
    )


LETTER = (
    "Brightwater Tools Ltd, 4 Mill Lane, Easton",
    "14 August 2025",
    "Ms Ida Castell  \n12 Quarry Road  \nWeston WE1 4AB",
    "# Your complaint about the pump",
    " ".join(PROSE),
    "Yours sincerely",
    "Olaf Brenner",
)
FOOT = "Registered in England, number 4407731"


def markdown(parser: Parser, data: bytes) -> list[str]:
    """The paragraphs."""
    return octavo.to_markdown(parser.parse(data)).strip().split("\n\n")


def test_a_letter_of_one_page_keeps_its_sender_its_date_and_its_foot(parser: Parser) -> None:
    assert markdown(parser, letter()) == [*LETTER, FOOT]


def test_a_letter_under_a_mark_that_runs_aslant_reads_as_without(parser: Parser) -> None:
    aslant = "q 0.85 g\n" + said(150, 200, "CONFIDENTIAL", 90, "F2", "0.64 0.77 -0.77 0.64") + "Q\n"
    assert markdown(parser, letter(aslant)) == [*LETTER, "CONFIDENTIAL", FOOT]


def test_a_letter_over_a_drawing_reads_as_without(parser: Parser) -> None:
    rays = "".join(
        f"{60 + 40 * n} 100 m {500 - 30 * n} 750 l S 60 {100 + 60 * n} m 540 {150 + 50 * n} l S\n" for n in range(11)
    )
    curves = "".join(
        f"{300 + 14 * n} {420 + 37 * n % 300} m {100 + 11 * n} {170 + 53 * n % 400} {500 - 9 * n} {600 - 31 * n % 300} "
        f"{300 + 17 * n % 150} {420 - 10 * n} c S\n"
        for n in range(25)
    )
    for drawing in (f"q 0.9 G 6 w {rays} Q\n", f"q 0.8 G 3 w {curves} Q\n"):
        texts = [text for text in markdown(parser, letter(drawing)) if not text.startswith("![")]
        assert texts == [*LETTER, FOOT]


def slip(number: int, name: str, amount: str) -> PdfPage:
    return sheet(
        said(60, 790, "Wages for August 2025", 13, "F2")
        + said(60, 768, f"Employee number {number}: gross pay {amount}, paid on 29 August 2025.")
        + said(60, 745, f"Name: {name}")
        + prose(725)
    )


def test_lines_that_differ_in_an_amount_are_no_running_heads(parser: Parser) -> None:
    people = (("Olaf Brenner", "118.40"), ("Ida Castell", "96.15"), ("Jun Tanabe", "204.00"))
    text = markdown(parser, make_pdf(*(slip(4401 + n, *person) for n, person in enumerate(people))))
    assert text == [
        paragraph
        for n, (name, amount) in enumerate(people)
        for paragraph in (
            "# Wages for August 2025",
            f"Employee number {4401 + n}: gross pay {amount}, paid on 29 August 2025.",
            f"Name: {name}",
            " ".join(PROSE),
        )
    ]


def test_heads_that_repeat_are_furniture_and_the_report_lists_them(parser: Parser) -> None:
    def headed(number: int) -> PdfPage:
        head = said(60, 815, "Procurement plan 2025", 8) + said(480, 815, f"Page {number} of 2", 8)
        return sheet(head + prose(770) + said(60, 600, f"Chapter {number} ends here and the next one begins."))

    document = parser.parse(make_pdf(headed(1), headed(2)))
    ends = [f"Chapter {number} ends here and the next one begins." for number in (1, 2)]
    assert octavo.to_markdown(document).strip().split("\n\n") == [" ".join(PROSE), ends[0], " ".join(PROSE), ends[1]]
    listed = [[entry["text"] for entry in one["furniture"]] for one in report(document)["pages"]]  # type: ignore[union-attr,index,call-overload]
    assert listed == [["Procurement plan 2025", f"Page {number} of 2"] for number in (1, 2)]


def test_numbers_that_do_not_count_with_their_pages_stay(parser: Parser) -> None:
    pages = [sheet(prose(770) + said(290, 40, str(amount))) for amount in (118, 96, 204)]
    text = markdown(parser, make_pdf(*pages))
    assert [one for one in text if one.isdigit()] == ["118", "96", "204"]


def test_the_numbers_along_an_axis_are_in_the_pictures_name_and_in_the_json(parser: Parser) -> None:
    bars = "".join(f"0.2 0.4 0.7 rg {100 + 60 * n} 400 40 {40 + 53 * n % 220} re f\n" for n in range(6))
    axes = "1 w 80 400 m 80 700 l S 80 400 m 500 400 l S\n"
    years = "".join(said(102 + 60 * n, 386, str(2019 + n), 9) for n in range(6))
    numbers = "".join(said(52, 397 + 50 * n, str(100 * n), 9) for n in range(6))
    document = parser.parse(make_pdf(sheet(prose(780) + axes + bars + "0 g\n" + years + numbers)))
    (picture,) = (one for one in octavo.to_markdown(document).split("\n\n") if one.startswith("!["))
    assert picture.startswith("![Image 0-0: 500 · 400 · 300 · 200 · 100 · 0 · 2019 · 2020")
    (chart,) = (block for block in document.pages[0].blocks if isinstance(block.content, Picture))
    assert plain(chart.content).split() == ["500", "400", "300", "200", "100", "0", *map(str, range(2019, 2025))]  # type: ignore[arg-type]


@pytest.mark.slow
def test_a_line_under_strokes_that_nobody_can_read_is_told(parser: Parser) -> None:
    dice = random.Random(1)
    strokes = "".join(
        f"{dice.randrange(612)} {dice.randrange(792)} m {dice.randrange(612)} {dice.randrange(792)} l S\n"
        for _ in range(20_000)
    )
    document = parser.parse(make_pdf(sheet(said(72, 700, "Hello hostile world", 24) + strokes)))
    told = "".join(f"{problem.code} {problem.saved_text}" for problem in document.problems)
    assert "Hello hostile world" in octavo.to_markdown(document) or (
        document.status is Status.PARTIAL and "text_buried" in told
    )


# --- everything, wherever it stands -----------------------------------------------------------------------------------


def everywhere(document: Document) -> str:
    """All that a reader of the Markdown, the report and the ledger finds."""
    furniture = [plain(b.content) for one in document.pages for b in one.blocks if _is_furniture(b)]  # type: ignore[arg-type]
    return "\n".join((octavo.to_markdown(document), *furniture, *(p.saved_text or "" for p in document.problems)))


def _is_furniture(block: Block) -> bool:
    return block.role is Role.FURNITURE and block.content is not None


def scattered(dice: random.Random, pages: int) -> tuple[bytes, list[str]]:
    """Pages of words, each of its own, in lines of any size anywhere, over and under rules, boxes and curves."""
    words: list[str] = []
    sheets = []
    for _ in range(pages):
        content = ""
        for row in range(dice.randrange(1, 25)):
            fresh = [f"w{len(words) + number:04d}" for number in range(dice.randrange(1, 9))]
            size = dice.choice((7, 9, 11, 11, 11, 14, 24))
            fresh = fresh[: max(1, int(520 / (3.5 * size)))]  # no line leaves the page
            left = min(dice.choice((60, 60, 60, 75, 300, 320, dice.randrange(20, 400))), 575 - 3.5 * size * len(fresh))
            rises = dice.random() < 0.05 and 200 < 33 * row < 600  # and stays on the page
            aslant = "0.94 0.34 -0.34 0.94" if rises else ""
            content += said(left, 815 - 33 * row, " ".join(fresh), size, matrix=aslant)
            words += fresh
        for _ in range(dice.randrange(0, 12)):
            x, y, width, height = (dice.randrange(20, 500) for _ in range(4))
            tone = dice.choice(("0.9 g", "0.8 0.9 1 rg", "0.7 G", "0 G"))
            shape = dice.choice((f"{x} {y} {width} {height} re", f"{x} {y} m {width} {height} {y} {x} {height} {x} c"))
            drawing = f"q {tone} {shape} {'f' if tone[-1] == 'g' else 'S'} Q\n"
            content = drawing + content if tone[-1] == "g" else content + drawing
        sheets.append(sheet(content))
    return make_pdf(*sheets), words


@pytest.mark.slow
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10_000), pages=st.integers(1, 3))
@example(seed=2197, pages=3)  # a slanted line crosses another, with the same digit where they meet
def test_every_word_of_any_page_is_somewhere(parser: Parser, seed: int, pages: int) -> None:
    data, words = scattered(random.Random(seed), pages)
    document = parser.parse(data)
    found = everywhere(document)
    assert [word for word in words if word not in found] == []
    assert not [problem for problem in document.problems if problem.code == conservation.LOST]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["two-column-paper.pdf", "bank-statement.pdf"])
def test_every_line_of_a_sample_ends_where_it_can_be_found(parser: Parser, name: str) -> None:
    document = parser.parse(Path(__file__).parents[1] / "samples" / name)
    assert not [problem for problem in document.problems if problem.code == conservation.LOST]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["two-column-paper.pdf", "bank-statement.pdf", "receipt.jpg", "fax.tiff"])
def test_every_line_found_on_a_picture_ends_where_it_can_be_found(parser: Parser, name: str) -> None:
    document = parser.parse(Path(__file__).parents[1] / "samples" / name, ParseOptions(text_layer=TextLayerUse.OFF))
    assert not [problem for problem in document.problems if problem.code == conservation.LOST]


def documents(*sets: str) -> Sequence[object]:
    manifests = [EVAL / name / "manifest.jsonl" for name in sets]
    rows = [
        (file.parent, json.loads(row)) for file in manifests if file.exists() for row in file.read_text().splitlines()
    ]
    return [pytest.param(folder / row["file"], id=f"{folder.name}-{row['id']}") for folder, row in rows]


@pytest.mark.slow
@pytest.mark.skipif(not documents("cases"), reason="the evaluation data is not here")
@pytest.mark.parametrize("file", documents("cases"))
def test_no_line_of_a_case_ends_nowhere(parser: Parser, file: Path) -> None:
    nothing_is_lost(parser, file)


@pytest.mark.whole
@pytest.mark.skipif(not documents("public", "robust"), reason="the evaluation data is not here")
@pytest.mark.parametrize("file", documents("public", "robust"))
def test_no_line_of_any_document_ends_nowhere(parser: Parser, file: Path) -> None:
    nothing_is_lost(parser, file)


def nothing_is_lost(parser: Parser, file: Path) -> None:
    try:
        document = parser.parse(file, ParseOptions(pages="1-8"))
    except OctavoError:
        return  # refused, and told
    assert [problem for problem in document.problems if problem.code == conservation.LOST] == []
