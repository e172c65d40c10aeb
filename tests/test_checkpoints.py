"""Finished pages outlive their worker, for the same document read in the same way, and no longer than their job."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from test_contract import PAGE, PDF5

from octavo.content import (
    Cell,
    Code,
    Content,
    Form,
    FormRow,
    Formula,
    Heading,
    Items,
    ListItem,
    Mixed,
    Picture,
    Prose,
    Run,
    Table,
    Verbatim,
)
from octavo.document import Block, Crop, Label, Page, Problem, Recognition, Region, Severity, Task
from octavo.geometry import Box, Size
from octavo.jobs.checkpoints import FOLDER, Checkpoint, clean_up, reading_digest
from octavo.jobs.worker import Call, Worker
from octavo.parser import Parser
from octavo.recognizers import nothing
from octavo.recognizers.scripted import Scripted, by_label
from octavo.settings import EngineSettings, OrientationUse, ParseOptions, TextLayerUse, WorkerSettings

OPTIONS = ParseOptions(orientation=OrientationUse.OFF, text_layer=TextLayerUse.OFF)
JOB = {"pdf_base64": PDF5}


def settings(volume: Path) -> EngineSettings:
    return EngineSettings(detector="whole_page", recognizer="scripted", volume_path=str(volume), pages_in_flight=1)


class Counting(Scripted):
    """Counts what it reads, and hangs at a page."""

    def __init__(self, hang_at: int | None = None) -> None:
        super().__init__(by_label)
        self.read: list[int] = []
        self.hung = asyncio.Event()
        self._hang_at = hang_at

    async def recognize(
        self, crops: Sequence[Crop], *, document: str, begun: Callable[[], None] = nothing
    ) -> list[Recognition]:
        begun()
        if crops[0].region.page == self._hang_at:
            self.hung.set()
            await asyncio.sleep(3600)
        self.read.extend(crop.region.page for crop in crops)
        return await super().recognize(crops, document=document)


@pytest.fixture
async def parser(tmp_path: Path) -> AsyncIterator[Parser]:
    async with Parser(settings(tmp_path)) as opened:
        yield opened


def kept_in(volume: Path, parts: Sequence[bytes], options: ParseOptions, engine: EngineSettings) -> Checkpoint:
    return Checkpoint(volume / FOLDER, reading_digest(parts, options, engine))


def left(volume: Path) -> list[Path]:
    return sorted(volume.glob(".octavo-checkpoints/*/*"))


def page(number: int, *problems: Problem) -> Page:
    return Page(number, Size(10, 20), 150.0, 0, problems=problems, timings={"draw": 0.1})


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    kept = kept_in(tmp_path, [b"source"], OPTIONS, settings(tmp_path))
    kept.keep(page(3))
    again = kept_in(tmp_path, [b"source"], OPTIONS, settings(tmp_path))
    assert again.pages() == {3: page(3)}
    again.discard()
    assert not kept.pages()
    assert not left(tmp_path)


def test_whatever_a_region_says_comes_back(tmp_path: Path) -> None:
    styled = (Run("a", bold=True, link="https://e.org"), Run("x", formula=True), Run("*b*", verbatim=True))
    contents: list[Content | None] = [
        Prose((styled, ())),
        Heading(2, styled),
        Items((ListItem("3.", styled, 1),)),
        Code("x = 1\n  y", "python"),
        Formula("x", "1", inline=True),
        Table(((Cell((styled,), 1, 2, True),),)),
        Picture(),
        Form((FormRow(styled, ()),)),
        Verbatim("| a |"),
        Mixed((Prose((styled,)), Table(()), Picture())),
        None,
    ]
    where = Region(3, Box.of_page(), Label.TEXT, Task.TEXT, 0.5)
    blocks = tuple(Block(where, Recognition("x"), n, content) for n, content in enumerate(contents))
    made = replace(page(3), blocks=blocks)
    kept_in(tmp_path, [b"source"], OPTIONS, settings(tmp_path)).keep(made)
    assert kept_in(tmp_path, [b"source"], OPTIONS, settings(tmp_path)).pages() == {3: made}


def test_nothing_is_taken_for_something_else(tmp_path: Path) -> None:
    kept_in(tmp_path, [b"source"], OPTIONS, settings(tmp_path)).keep(page(0))
    other_options = OPTIONS.model_copy(update={"dpi": 200})
    other_model = settings(tmp_path).model_copy(update={"model_revision": "other"})
    assert not kept_in(tmp_path, [b"other source"], OPTIONS, settings(tmp_path)).pages()
    assert not kept_in(tmp_path, [b"source"], other_options, settings(tmp_path)).pages()
    assert not kept_in(tmp_path, [b"source"], OPTIONS, other_model).pages()
    other_pace = settings(tmp_path).model_copy(update={"threads": 3})
    assert kept_in(tmp_path, [b"source"], OPTIONS, other_pace).pages()
    other_format = OPTIONS.model_copy(update={"formats": ("html",)})
    assert kept_in(tmp_path, [b"source"], other_format, settings(tmp_path)).pages()


def test_a_page_with_a_loss_is_read_again(tmp_path: Path) -> None:
    checkpoint = kept_in(tmp_path, [b"source"], OPTIONS, settings(tmp_path))
    checkpoint.keep(page(0, Problem("engine_lost", "the server went away", Severity.LOST, page=0)))
    assert not checkpoint.pages()


@pytest.mark.parametrize("damage", [b"", b"{", b'{"number": 1}', b"\xff\xfe"])
def test_damaged_files_count_as_not_there(tmp_path: Path, damage: bytes) -> None:
    checkpoint = kept_in(tmp_path, [b"source"], OPTIONS, settings(tmp_path))
    checkpoint.keep(page(0))
    checkpoint.keep(page(1))
    left(tmp_path)[1].write_bytes(damage)
    assert set(checkpoint.pages()) == {0}


def test_a_volume_that_refuses_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / ".octavo-checkpoints").write_text("a file, where a folder is wanted")
    checkpoint = kept_in(tmp_path, [b"source"], OPTIONS, settings(tmp_path))
    checkpoint.keep(page(0))
    assert not checkpoint.pages()


def test_what_comes_once_the_job_has_ended_is_not_kept(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path, "digest")
    checkpoint.keep(page(0))
    checkpoint.discard()
    checkpoint.keep(page(1))
    assert not list(tmp_path.iterdir())


def test_what_never_came_back_goes_after_a_day(tmp_path: Path) -> None:
    for source in (b"old", b"new"):
        kept_in(tmp_path, [source], OPTIONS, settings(tmp_path)).keep(page(0))
    old = left(tmp_path)[0].parent
    os.utime(old, (time.time() - 90_000,) * 2)
    clean_up(tmp_path)
    assert len(left(tmp_path)) == 1
    assert not old.exists()


async def test_a_job_goes_on_where_its_worker_was_lost(parser: Parser, tmp_path: Path) -> None:
    lost = Counting(hang_at=3)
    parser._recognizer = lost
    worker = Worker(parser, OPTIONS, WorkerSettings())
    job = asyncio.create_task(worker.run(Call(JOB)))
    await asyncio.wait_for(lost.hung.wait(), 30)
    async with asyncio.timeout(30):
        while len(left(tmp_path)) < 3:  # noqa: ASYNC110  the fourth page is read while the third is still written
            await asyncio.sleep(0.02)
    kept = {file: file.read_bytes() for file in left(tmp_path)}
    job.cancel()
    await asyncio.gather(job, return_exceptions=True)
    for file, data in kept.items():  # a worker that is killed cleans nothing up
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)

    parser._recognizer = again = Counting()
    reply = await Worker(parser, OPTIONS, WorkerSettings()).run(Call(JOB))
    assert (lost.read, again.read) == ([0, 1, 2], [3, 4])
    assert reply["status"] == "success"
    assert reply["result"]["run_info"]["pages_from_checkpoint"] == 3
    assert reply["result"]["markdown_result"].count("[text]") == 5
    assert not left(tmp_path)


async def test_they_can_be_turned_off(parser: Parser, tmp_path: Path) -> None:
    parser._recognizer = hanging = Counting(hang_at=3)
    job = asyncio.create_task(Worker(parser, OPTIONS, WorkerSettings(checkpoints=False)).run(Call(JOB)))
    await asyncio.wait_for(hanging.hung.wait(), 30)
    assert not left(tmp_path)
    job.cancel()
    await asyncio.gather(job, return_exceptions=True)


async def test_one_page_is_not_worth_a_file(parser: Parser, tmp_path: Path) -> None:
    parser._recognizer = Counting()
    assert (await Worker(parser, OPTIONS, WorkerSettings()).run(Call({"image_base64": PAGE})))["status"] == "success"
    assert not (tmp_path / ".octavo-checkpoints").exists()
