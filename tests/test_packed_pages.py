"""A document that is read for its files alone: what it keeps of a page, and that its files are the same."""

import asyncio
import pickle
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from octavo import ParseOptions, Parser, assemble
from octavo.assemble import PackedPages, packed_pages, without_words
from octavo.document import Problem, Severity
from octavo.reading import Reading
from octavo.settings import EngineSettings

SAMPLES = Path(__file__).parents[1] / "samples"
EVERY_FILE = ("markdown", "glmocr_json", "html", "text", "docling", "report", "view")
KEPT_OF_A_PAGE = 30 << 10  # bytes; a page of the statement keeps 185 KiB with all its words, 101 without, 12 packed


async def _read(parser: Parser, source: Path, options: ParseOptions, *, only_files: bool) -> Reading:
    async with parser.open(source, options, name="a") as reading:
        reading.only_files = only_files
        async for _ in reading:
            pass
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
    kept = PackedPages(pages)
    assert list(kept) == pages
    assert [kept[0], kept[-1], kept[2]] == [pages[0], pages[3], pages[2]]
    assert kept[1:3] == pages[1:3]
    with pytest.raises(IndexError):
        kept[4]


@pytest.mark.slow
def test_a_page_more_takes_little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed_pages, "_UNPACKED", 1)
    with Parser(EngineSettings()) as parser:
        read = pickle.dumps(parser.parse(SAMPLES / "bank-statement.pdf").pages[0])
    few, many = 10, 50
    assert (_most_bytes(read, many) - _most_bytes(read, few)) / (many - few) < KEPT_OF_A_PAGE


def _most_bytes(read: bytes, pages: int) -> int:
    """At any time from the first page to the document: so many times the same page."""
    tracemalloc.start()
    try:
        done = PackedPages(without_words(replace(pickle.loads(read), number=number)) for number in range(pages))
        assemble.document(
            "a",
            done,
            page_count=pages,
            headings=(),
            options=ParseOptions(),
            engines={},
            timings={},
            kept=assemble.packed,
        )
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
