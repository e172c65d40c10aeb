"""A document that is read for its files alone: what it keeps of a page, and that its files are the same."""

import asyncio
import pickle
import threading
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from octavo import ParseOptions, Parser, assemble
from octavo.assemble import PackedPages, packed_pages, without_words
from octavo.document import Document, Page, Problem, Severity
from octavo.geometry import Size
from octavo.reading import Reading
from octavo.settings import EngineSettings

SAMPLES = Path(__file__).parents[1] / "samples"
EVERY_FILE = ("markdown", "glmocr_json", "html", "text", "docling", "report", "view")
KEPT_OF_A_PAGE = 8 << 10  # bytes; a page of the statement keeps 185 KiB with all its words, 101 without, 4 packed
MORE_OF_A_SETTLED_ONE = 2 << 10  # bytes; its headings keep 1 KiB. It took 5 while the page it was made of was kept


async def _read(parser: Parser, source: Path, options: ParseOptions, *, only_files: bool) -> Reading:
    async with parser.open(source, options, name="a") as reading:
        reading.only_files = only_files
        await _to_the_end(reading)
        return reading


def _files(reading: Reading) -> Iterator[tuple[str, bytes]]:
    """All files, from a document whose times are left out: no two readings take the same."""
    told = reading.document
    pages = tuple(replace(page, timings={}) for page in told.pages)
    for artifact in reading.artifacts(replace(told, timings={}, pages=pages)):
        yield artifact.name, artifact.data


@pytest.mark.parametrize("name", ["two-column-paper.pdf", "bank-statement.pdf"])
def test_the_files_of_a_document_are_those_of_one_that_kept_every_word(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packed_pages, "_UNPACKED", 1)
    monkeypatch.setattr(packed_pages, "_TOGETHER", 2)
    options = ParseOptions(formats=EVERY_FILE)

    async def both() -> tuple[Reading, Reading]:
        async with Parser(EngineSettings()) as parser:
            whole = await _read(parser, SAMPLES / name, options, only_files=False)
            return whole, await _read(parser, SAMPLES / name, options, only_files=True)

    whole, brief = asyncio.run(both())
    assert any(line.words for block in whole.document.pages[0].blocks for line in block.recognition.lines)
    assert not any(block.recognition.lines for block in brief.document.pages[0].blocks)
    assert brief.document.problems == whole.document.problems
    assert brief.document.engines == whole.document.engines
    assert dict(_files(brief)) == dict(_files(whole))


def test_pages_come_back_as_they_were_put_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed_pages, "_UNPACKED", 1)
    lost = Problem("a_code", "a reason", Severity.LOST)
    pages = [assemble.lost_page(number, lost) for number in range(4)]
    monkeypatch.setattr(packed_pages, "_TOGETHER", 2)
    kept = PackedPages(pages)
    assert len(kept) == 4
    assert list(kept) == pages
    assert [kept[0], kept[-1], kept[2]] == [pages[0], pages[3], pages[2]]
    assert kept[1:3] == pages[1:3]
    with pytest.raises(IndexError):
        kept[4]


@pytest.mark.parametrize("count", range(7))
def test_pages_are_replaced_while_they_are_gone_over(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed_pages, "_UNPACKED", 1)
    monkeypatch.setattr(packed_pages, "_TOGETHER", 2)
    kept = PackedPages(Page(number, Size(1, 1), 72.0, 0) for number in range(count))
    turned = kept.replaced(replace(page, rotation=90) for page in kept)
    assert turned is kept
    assert [(page.number, page.rotation) for page in kept] == [(number, 90) for number in range(count)]


async def test_a_document_that_is_stopped_while_it_is_settled_has_all_its_pages(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun, go_on = threading.Event(), threading.Event()
    settle = assemble.document

    def slowly(*given: Any, **named: Any) -> Document:
        begun.set()
        go_on.wait(10)
        return settle(*given, **named)

    monkeypatch.setattr(assemble, "document", slowly)
    async with (
        Parser(EngineSettings(detector="whole_page", recognizer="scripted")) as parser,
        parser.open(SAMPLES / "bank-statement.pdf") as reading,
    ):
        reading.only_files = True
        iterating = asyncio.create_task(_to_the_end(reading))
        await asyncio.to_thread(begun.wait, 10)
        iterating.cancel()
        await asyncio.gather(iterating, return_exceptions=True)
        go_on.set()
        document = await reading.cut_short("interrupted", "somebody did")
        assert [page.number for page in document.pages] == list(reading.numbers)
        assert not document.problems
        assert document is await reading.cut_short("interrupted", "and did again")


async def _to_the_end(reading: Reading) -> None:
    async for _ in reading:
        pass


@pytest.mark.slow
def test_a_page_more_takes_little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed_pages, "_UNPACKED", 1)
    monkeypatch.setattr(
        packed_pages, "_TOGETHER", 1
    )  # the same page again and again, together, would take next to nothing
    monkeypatch.setattr(packed_pages, "_apart", bytes)  # for who counts, to see it
    with Parser(EngineSettings()) as parser:
        read = pickle.dumps(parser.parse(SAMPLES / "bank-statement.pdf").pages[0])
    few, many = (_most_bytes(read, pages) for pages in (20, 200))
    assert (many.read - few.read) / 180 < KEPT_OF_A_PAGE
    assert ((many.settled - many.read) - (few.settled - few.read)) / 180 < MORE_OF_A_SETTLED_ONE


class _Held(NamedTuple):
    """The most bytes at any time."""

    read: int  # until the last page was read
    settled: int  # from then on until the document was there


def _most_bytes(read: bytes, pages: int) -> _Held:
    """So many times the same page."""
    tracemalloc.start()
    try:
        done = PackedPages(without_words(replace(pickle.loads(read), number=number)) for number in range(pages))
        until = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        assemble.document(
            "a",
            done,
            page_count=pages,
            headings=(),
            options=ParseOptions(),
            engines={},
            timings={},
            kept=done.replaced,
        )
        return _Held(until, tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()
