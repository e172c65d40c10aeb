"""Lines of a page that is a picture are read before it is laid out: their words tell what they make up."""

from collections.abc import Iterator, Sequence
from io import BytesIO

import pytest
from PIL import Image, ImageDraw, ImageFont

from octavo import Parser, to_markdown
from octavo.document import Document, TextLine
from octavo.errors import EngineFailed, EngineUnavailable
from octavo.line_reading import LineOnPicture, LineReader
from octavo.networks.session import Allowance
from octavo.settings import EngineSettings, ParseOptions, TextLayerUse


@pytest.fixture(scope="module")
def parser() -> Iterator[Parser]:
    try:
        with Parser(EngineSettings(threads=1)) as parser:
            yield parser
    except EngineUnavailable as missing:
        pytest.skip(str(missing))


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[TextLine]:
    """All lines that the reader is asked for, in order."""
    asked: list[TextLine] = []
    read = LineReader.read

    def noted(reader: LineReader, lines: Sequence[LineOnPicture], allowance: Allowance) -> list[TextLine]:
        asked.extend(one.line for one in lines)
        return read(reader, lines, allowance)

    monkeypatch.setattr(LineReader, "read", noted)
    return asked


class Sheet:
    """A picture of 150 dpi to write on, 24 pixels high if nothing else is said."""

    def __init__(self, width: int = 1240, height: int = 700) -> None:
        self._image = Image.new("RGB", (width, height), "white")

    def write(self, left: int, top: int, text: str, size: int = 24) -> None:
        ImageDraw.Draw(self._image).text((left, top), text, "black", ImageFont.load_default(size))

    def column(self, left: int, top: int, step: int, texts: Sequence[str]) -> None:
        for row, text in enumerate(texts):
            self.write(left, top + step * row, text)

    @property
    def png(self) -> bytes:
        data = BytesIO()
        self._image.save(data, "PNG", dpi=(150, 150))
        return data.getvalue()


def rows_of(document: Document) -> list[list[str]]:
    """The cells of all tables of a document, as its Markdown has them."""
    lines = [line for line in to_markdown(document).splitlines() if line.startswith("<tr>")]
    cells = [line.removeprefix("<tr>").removesuffix("</tr>").replace("th>", "td>") for line in lines]
    return [row.removeprefix("<td>").removesuffix("</td>").split("</td><td>") for row in cells]


def test_addresses_above_a_scanned_table_are_no_rows_of_it(parser: Parser, tried: list[TextLine]) -> None:
    sheet = Sheet()
    sheet.write(120, 60, "INVOICE", 44)
    sheet.column(120, 180, 34, ("Bill to", "Lumen Works Ltd", "Unit 4, Pier Road", "Grimsby DN31 3RW"))
    sheet.column(520, 180, 34, ("Ship to", "Lumen Works Ltd", "Goods in, Gate C", "Grimsby DN31 3RX"))
    sheet.column(880, 180, 34, ("Invoice no.", "2024-00817", "Due", "15.03.2024"))
    table = [
        ["Pos", "Article", "Qty", "Unit price", "Total"],
        ["1", "Torque wrench", "2", "149,00", "298,00"],
        ["2", "Bit set, 32 pieces", "5", "24,90", "124,50"],
        ["3", "Freight, standard", "1", "18,00", "18,00"],
    ]
    for left, cells in zip((120, 220, 600, 760, 980), zip(*table, strict=True), strict=True):
        sheet.column(left, 380, 40, cells)
    assert rows_of(parser.parse(sheet.png)) == table
    assert len(tried) == len(set(tried)) == 33  # each line once, be it for the layout or for the result


def test_a_name_keeps_its_value_on_a_scan(parser: Parser) -> None:
    sheet = Sheet(height=420)
    sheet.column(120, 60, 40, ("Order:", "Estimate:", "Booking dates:", "Order type:"))
    sheet.column(400, 60, 40, ("2024-12-5678", "EST-456", "20 to 31 December", "Premium package"))
    sheet.column(700, 60, 40, ("Cinema:", "Contact:", "Location:", "Region:"))
    sheet.column(900, 60, 40, ("Downtown Multiplex", "Sarah Johnson", "New York", "Northeast"))
    said = to_markdown(parser.parse(sheet.png))
    for pair in ("Order: 2024-12-5678", "Order type: Premium package", "Cinema: Downtown Multiplex"):
        assert pair in said


def test_numbers_of_lines_leave_a_scanned_text(parser: Parser) -> None:
    said = (
        "The witness was sworn and said that",
        "she had seen the letter on the Monday.",
        "It lay on her desk when she came back",
        "from the yard, and it was open. Nobody",
        "else had a key to that room but her",
        "and the cleaner, as far as she knew.",
        "She told the director what she had",
        "found, and was asked to wait outside.",
    )
    sheet = Sheet()
    sheet.column(150, 60, 60, [f"{number:>2}" for number in range(1, 9)])
    sheet.column(230, 60, 60, said)
    assert " ".join(said) in to_markdown(parser.parse(sheet.png))


def test_nothing_is_read_before_where_the_text_layer_is_all_that_counts(parser: Parser, tried: list[TextLine]) -> None:
    sheet = Sheet(600, 200)
    sheet.write(60, 60, "Nobody asked for this")
    document = parser.parse(sheet.png, ParseOptions(text_layer=TextLayerUse.ONLY))
    assert not tried
    assert document.problems


def test_where_reading_fails_it_is_told_with_the_region(parser: Parser, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(reader: LineReader, lines: Sequence[LineOnPicture], allowance: Allowance) -> list[TextLine]:
        raise EngineFailed("the reader is gone")

    monkeypatch.setattr(LineReader, "read", fails)
    sheet = Sheet(600, 200)
    sheet.write(60, 60, "Nobody can read this")
    (page,) = parser.parse(sheet.png).pages
    assert [problem.code for block in page.blocks for problem in block.recognition.problems] == ["engine_failed"]
