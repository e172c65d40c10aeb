"""The shipped samples are what the script draws, and have what the documentation says of them."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageSequence

import octavo
from octavo.errors import EngineUnavailable
from octavo.markup import html
from octavo.parser import Parser

SAMPLES = Path(__file__).parents[1] / "samples"
PAGES = {"bank-statement.pdf": 2, "two-column-paper.pdf": 2, "receipt.jpg": 1, "fax.tiff": 3}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("reportlab")
    folder = tmp_path_factory.mktemp("samples")
    subprocess.run([sys.executable, SAMPLES / "make_samples.py", folder], check=True)
    return folder


def pictures(path: Path) -> list[NDArray[np.float32]]:
    """Every page, small and grey: what fonts and codecs of another release change is not seen at this size."""
    if path.suffix == ".pdf":
        document = pypdfium2.PdfDocument(path)
        pages = [page.render(scale=0.5).to_pil() for page in document]
    else:
        pages = [frame.copy() for frame in ImageSequence.Iterator(Image.open(path))]
    return [np.asarray(page.convert("L").resize((120, 160), Image.Resampling.BOX), np.float32) for page in pages]


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
def test_the_script_draws_what_is_shipped(name: str, drawn: Path) -> None:
    shipped, again = pictures(SAMPLES / name), pictures(drawn / name)
    assert len(shipped) == len(again) == PAGES[name]
    for old, new in zip(shipped, again, strict=True):
        assert float(np.abs(old - new).mean()) < 1.0


@pytest.mark.slow
def test_the_pdfs_are_the_same_to_the_byte(drawn: Path) -> None:
    for name in ("bank-statement.pdf", "two-column-paper.pdf"):
        assert (SAMPLES / name).read_bytes() == (drawn / name).read_bytes(), f"{name}: run `make samples`"


def test_they_are_small_enough_to_ship() -> None:
    assert sum((SAMPLES / name).stat().st_size for name in PAGES) < 400_000


def test_the_balance_adds_up() -> None:
    text = "".join(
        page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(SAMPLES / "bank-statement.pdf")
    )
    assert text.count("4,390.63") == 3  # the summary, the last payment, the balance carried forward


def test_the_statements_movements_are_one_table_over_both_pages() -> None:
    """A row's second line stays with it (at the end of a page, too), and the head comes once."""
    try:
        with Parser() as parser:
            text = octavo.to_markdown(parser.parse(SAMPLES / "bank-statement.pdf"))
    except EngineUnavailable as missing:
        pytest.skip(str(missing))
    _, movements, _ = html.tables(text)
    rows = [[cell.text for cell in row] for row in movements.rows]
    assert rows[0] == ["Date", "Description", "Paid out", "Paid in", "Balance"]
    assert [len(row) for row in rows] == [5] * 31
    assert all(date and what and balance for date, what, _, _, balance in rows)
    assert ["18 Mar 2024", "Card payment Larkhill Bakery", "3.21", "", "4,113.92"] in rows
    assert rows[-1] == ["31 Mar 2024", "Balance carried forward", "", "", "4,390.63"]
