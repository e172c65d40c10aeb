"""The structure network: its tags become cells with places and spans; with its weights, it sees a real table."""

from pathlib import Path

import numpy as np
import pytest
from tabling import drawn, made

from octavo import weights
from octavo.content import Table
from octavo.document import size_of
from octavo.errors import EngineUnavailable
from octavo.geometry import Box
from octavo.markup import html
from octavo.networks.table_structure import WEIGHTS, TableNetwork
from octavo.pages import open_pages
from octavo.settings import EngineSettings, ParseOptions
from octavo.tables import find_tables, read_table
from octavo.tables.rules import find_rules


@pytest.fixture(scope="module")
def network() -> TableNetwork:
    try:
        weights.path(WEIGHTS)
    except EngineUnavailable as error:
        pytest.skip(str(error))
    return TableNetwork(EngineSettings(threads=2))


ROWS = [
    ["Trait", "Number", "Mean", "Deviation"],
    ["weight of the animals", "1058", "0.1024", "0.383"],
    ["height", "1071", "1.211", "1.072"],
    ["age", "998", "-0.42", "0.2"],
]


def test_it_sees_rows_and_columns_where_they_are(network: TableNetwork) -> None:
    drawing = drawn(made(ROWS, (170, 90, 90, 90)), "head")

    seen = network.read(drawing.pixels)

    assert (seen.rows, seen.columns) == (4, 4)
    assert seen.confidence > 0.9
    first = next(cell for cell in seen.cells if (cell.row, cell.column) == (2, 1))
    assert 190 < (first.left + first.right) / 2 < 280
    assert 66 < (first.top + first.bottom) / 2 < 89


def test_a_blank_picture_is_borne(network: TableNetwork) -> None:
    blank = np.full((60, 400, 3), 255, np.uint8)
    assert network.read(blank).confidence <= 1
    drawing = drawn(made(ROWS, (170, 90, 90, 90)), "none")
    table = read_table(np.full_like(drawing.pixels, 255), drawing.lines, Box.of_page(), network=network).table
    assert [[cell.text for cell in row] for row in table.rows] == ROWS


def test_the_network_and_the_words_agree_on_a_table(network: TableNetwork) -> None:
    drawing = drawn(made(ROWS, (170, 90, 90, 90), align="center"), "none")
    reading = read_table(drawing.pixels, drawing.lines, Box.of_page(), network=network)
    assert [[cell.text for cell in row] for row in reading.table.rows] == ROWS
    assert reading.confidence > 0.9


EVAL = Path(__file__).parents[2] / "shared" / "eval" / "public"


@pytest.mark.skipif(not EVAL.is_dir(), reason="the evaluation data is not here")
@pytest.mark.parametrize("name", ["us-003", "us-012", "us-026", "eu-015", "eu-018"])
def test_tables_of_real_reports_have_their_rows_columns_and_spans(network: TableNetwork, name: str) -> None:
    truth = html.tables((EVAL / "gt" / f"icdar_{name}.tables.html").read_text(encoding="utf-8"))
    seen = []
    with open_pages([(EVAL / "files" / f"icdar_{name}.pdf").read_bytes()], ParseOptions(), EngineSettings()) as pages:
        for number in pages.numbers:
            page = pages.draw(number)
            lines = page.text.lines if page.text else ()
            found = find_tables(size_of(page.pixels), lines, find_rules(page.pixels))
            candidates = [table for table in found if not table.lost]
            for candidate in candidates:
                box = candidate.box.to_pixels(page.size)
                inside = [line for line in lines if candidate.box.contains(*line.box.center)]
                pixels = page.pixels[box.top : box.bottom, box.left : box.right]
                seen.append(read_table(pixels, inside, candidate.box, network=network).table)
    assert sorted(map(_shape, seen)) == sorted(map(_shape, truth))


def _shape(table: Table) -> list[list[tuple[int, int]]]:
    return [[(cell.row_span, cell.column_span) for cell in row] for row in table.rows]
