"""What a drawing child keeps of the pages it has drawn, while their document is open."""

import os
from collections.abc import Iterator
from pathlib import Path

import pypdfium2
import pytest

from octavo.drawing import child, wire
from octavo.drawing.wire import Draw, Open

STATEMENT = Path(__file__).parents[1] / "samples/bank-statement.pdf"
OF_ITS_OWN = 1 << 20  # bytes
OF_EACH_PAGE = 8 << 10  # bytes; PDFium keeps 20 KiB


@pytest.fixture
def long(tmp_path: Path) -> Path:
    """The statement's pages, 300 in all."""
    path = tmp_path / "long.pdf"
    with pypdfium2.PdfDocument(STATEMENT) as source, pypdfium2.PdfDocument.new() as made:
        while len(made) < 300:
            made.import_pages(source)
        made.save(path)
    return path


def _drawn(path: Path, pages: int) -> Iterator[tuple[bytes, child.Opening]]:
    """What is seen of each page, and by which opening of the document."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        document = child.OpenDocument(Open(1, [[0, size, 1]], [], 1 << 25, 30.0, True), file.fileno())
        memory = wire.DrawnMemory()
        for number in range(pages):
            part = document.part(0)
            request = Draw(1, 0, number, 150.0, 0, 6_000, 1 << 25, glyphs=True, picture=False)
            drawn = part.draw(request, memory)
            seen = memory.mapped(1)[drawn.glyphs_at : drawn.glyphs_at + 8 * drawn.glyphs * wire.PLACE_FIELDS]
            yield seen, part
        memory.close()
        document.close()


def test_a_document_that_left_much_behind_is_opened_anew_and_its_pages_are_the_same(
    long: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = list(_drawn(long, 4))
    assert len({id(part) for _, part in once}) == 1
    monkeypatch.setattr(child, "SELDOM", 0)
    monkeypatch.setattr(child, "MOST_REMAINS", -(1 << 40))
    assert len({id(part) for _, part in _drawn(long, 4)}) == 1  # a page of scans is as large, and is let go of
    monkeypatch.setattr(child, "FEWEST", 1)
    anew = list(_drawn(long, 4))
    assert len({id(part) for _, part in anew}) == 4
    assert [seen for seen, _ in anew] == [seen for seen, _ in once]


@pytest.mark.skipif(not wire.own_size()[1], reason="the system does not say what a process holds")
def test_a_page_more_leaves_little_behind(long: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "MOST_REMAINS", OF_ITS_OWN)
    sizes = [wire.own_size()[1] for _ in _drawn(long, 300)]
    assert (sizes[-1] - sizes[50]) / 250 < OF_EACH_PAGE
