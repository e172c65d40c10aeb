"""Cases: parts of invented pages with the text a reader expects; and the script that cuts them."""

from pathlib import Path

import pypdfium2 as pdfium
import pytest
from PIL import Image
from scripts import make_case

import octavo
from octavo.geometry import Box
from octavo.parser import Parser

TESTS = Path(__file__).parent
SAMPLES = TESTS.parent / "samples"
CASES = sorted(path for path in (TESTS / "cases").iterdir() if path.suffix in (".pdf", ".png"))
SUMMARY = Box(60, 225, 940, 310)  # the first table of the statement


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_a_case_reads_as_a_reader_expects(case: Path, parser: Parser) -> None:
    expected = case.with_name(f"{case.name}.truth.md").read_text(encoding="utf-8")
    assert octavo.to_markdown(parser.parse(case)) == expected


# --- cutting -------------------------------------------------------------------------------------------------------


def _text(file: Path) -> str:
    document = pdfium.PdfDocument(file)
    text: str = document[0].get_textpage().get_text_range()
    document.close()
    return text


def test_a_cut_has_what_is_drawn_in_the_box_and_nothing_else(parser: Parser, tmp_path: Path) -> None:
    case = make_case.make(SAMPLES / "bank-statement.pdf", 0, SUMMARY, tmp_path / "summary")
    assert case == tmp_path / "summary.pdf"
    assert "Opening balance" in _text(case)
    assert "Adaeze" not in _text(case)
    document = parser.parse(case)
    assert document.page_count == 1
    assert document.pages[0].size.width / document.pages[0].size.height == pytest.approx(
        0.88 * 1240 / (0.085 * 1754), rel=0.02
    )
    truth = (tmp_path / "summary.pdf.truth.md").read_text(encoding="utf-8")
    assert truth == octavo.to_markdown(document)
    assert "1,246.18" in truth


@pytest.mark.slow
@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_the_box_is_that_of_the_page_as_it_is_read(parser: Parser, tmp_path: Path, turn: int) -> None:
    source = pdfium.PdfDocument(SAMPLES / "bank-statement.pdf")
    source[0].set_rotation(turn)
    source.save(tmp_path / "turned.pdf")
    place = Box(60, 225, 940, 310)
    case = make_case.make(tmp_path / "turned.pdf", 0, place, tmp_path / "cut")
    assert "Opening balance" in _text(case)
    assert "Salary" not in _text(case)


@pytest.mark.slow
def test_a_picture_is_cut_too(parser: Parser, tmp_path: Path) -> None:
    case = make_case.make(SAMPLES / "receipt.jpg", 0, Box(100, 240, 900, 620), tmp_path / "items")
    with Image.open(SAMPLES / "receipt.jpg") as whole, Image.open(case) as cut:
        assert cut.size == pytest.approx((0.8 * whole.width, 0.38 * whole.height), abs=2)
    truth = (tmp_path / "items.png.truth.md").read_text(encoding="utf-8")
    assert "Goat's cheese" in truth
    assert "LARKHILL" not in truth


def test_the_text_beside_a_case_is_never_written_over(parser: Parser, tmp_path: Path) -> None:
    edited = tmp_path / "summary.pdf.truth.md"
    edited.write_text("what a reader expects")
    with pytest.raises(SystemExit, match="already"):
        make_case.make(SAMPLES / "bank-statement.pdf", 0, SUMMARY, tmp_path / "summary")
    assert edited.read_text() == "what a reader expects"


@pytest.mark.parametrize("words", [["--page", "9"], ["--box", "1,2,3"], ["--box", "500,0,100,9"]])
def test_a_page_or_box_that_is_not_there_is_one_line(words: list[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        make_case.main([str(SAMPLES / "bank-statement.pdf"), *words, "--into", str(tmp_path)])
    assert not list(tmp_path.iterdir())
