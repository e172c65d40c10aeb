"""The law under faults: every region found is read or in `problems`, every job ends once, nothing is left running.

Engines misbehave in every way they can, at random, and callers leave at random moments; hypothesis finds the schedule.
"""

import asyncio
import errno
import os
import signal
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from model_server import free_port
from test_contract import PAGE, PDF5
from test_fuzz import EXAMPLES

from octavo import pipeline
from octavo.document import (
    Crop,
    Detection,
    Label,
    Page,
    PageImage,
    Problem,
    Recognition,
    Region,
    Severity,
    TextSource,
)
from octavo.drawing import pool
from octavo.errors import EngineFailed, PageUnreadable
from octavo.fair_gate import FairGate
from octavo.geometry import Box, PixelBudget
from octavo.jobs.encoding import Reply
from octavo.jobs.worker import Call, Worker
from octavo.parser import Parser
from octavo.recognizers import nothing
from octavo.settings import EngineSettings, OrientationUse, ParseOptions, TextLayerUse, WorkerSettings

OPTIONS = ParseOptions(orientation=OrientationUse.OFF, text_layer=TextLayerUse.OFF)
BOXES = (Box(100, 100, 900, 200), Box(100, 300, 900, 400), Box(100, 500, 900, 600))
PATIENCE = 120  # seconds until a schedule counts as one that never ends
schedules = settings(max_examples=30 * EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)

DRAWING = ("fine", "slow", "unreadable", "memory", "defect", "cancelled")
DETECTING = ("fine", "slow", "fails", "defect", "memory", "cancelled", "too few", "too many")
READING = (
    *("fine", "slow", "defect", "cancelled", "too few", "too many", "all lost", "one lost", "silent", "unready"),
    "for ever",
)


class Pile:
    """Blank pages whose drawing fails as the schedule says."""

    def __init__(self, fates: Sequence[str]) -> None:
        self.numbers = tuple(range(len(fates)))
        self._fates = fates

    def draw(self, number: int) -> PageImage:
        match self._fates[number]:
            case "slow":
                threading.Event().wait(0.01)
            case "unreadable":
                raise PageUnreadable("no")
            case "memory":
                raise MemoryError
            case "defect":
                raise ZeroDivisionError
            case "cancelled":
                raise asyncio.CancelledError
        return PageImage(number, np.full((100, 80, 3), 255, np.uint8), dpi=72)


class Detecting:
    """Finds so many regions on each page, and misbehaves at the calls the schedule names."""

    described = "detecting"
    batch_size = 2
    sees_pictures = True

    def __init__(self, found: Sequence[int], fates: Sequence[str]) -> None:
        self._found, self._fates = found, iter(fates)

    def detect(self, pages: Sequence[PageImage]) -> list[list[Detection]]:
        answer = [[Detection(box, Label.TEXT, 0.9) for box in BOXES[: self._found[page.number]]] for page in pages]
        match next(self._fates, "fine"):
            case "slow":
                threading.Event().wait(0.01)
            case "fails":
                raise EngineFailed("no")
            case "defect":
                raise ZeroDivisionError
            case "memory":
                raise MemoryError
            case "cancelled":
                raise asyncio.CancelledError
            case "too few":
                return answer[:-1]
            case "too many":
                return [*answer, answer[0]]
        return answer

    def close(self) -> None:
        return None


class Reading:
    """Says each region's own name, and misbehaves on the pages the schedule names."""

    described = "reading"
    budget = PixelBudget()
    reads_pictures = False
    at_once = 4
    start_seconds: dict[str, float] = {}  # noqa: RUF012  the protocol's

    def __init__(self, fates: Sequence[str]) -> None:
        self._fates = fates
        self.now = 0

    def is_behind(self, document: str) -> bool:
        return False

    async def recognize(
        self, crops: Sequence[Crop], *, document: str, begun: Callable[[], None] = nothing
    ) -> list[Recognition]:
        regions = [crop.region for crop in crops]
        fate = self._fates[regions[0].page % len(self._fates)]
        self.now += 1
        try:
            if fate == "unready":
                raise EngineFailed("no")
            begun()
            return await self._answers(regions, fate)
        finally:
            self.now -= 1

    async def _answers(self, regions: Sequence[Region], fate: str) -> list[Recognition]:
        answers = [Recognition(name(region)) for region in regions]
        lost = Recognition(None, TextSource.NONE, problems=(Problem("engine_lost", "gone", Severity.LOST),))
        match fate:
            case "slow":
                await asyncio.sleep(0.01)
            case "for ever":
                await asyncio.sleep(3600)
            case "defect":
                raise ZeroDivisionError
            case "cancelled":
                raise asyncio.CancelledError
            case "too few":
                return answers[:-1]
            case "too many":
                return [*answers, Recognition("nobody's")]
            case "all lost":
                return [lost] * len(answers)
            case "one lost":
                return [lost, *answers[1:]]
            case "silent":
                return [Recognition(None)] * len(answers)
        return answers

    async def ready(self) -> None:
        return None

    async def pulse(self) -> None:
        return None

    async def close(self) -> None:
        return None


def name(region: Region) -> str:
    return f"page {region.page} at {region.box.top:g}"


def nothing_is_lost_in_silence(page: Page, found: int) -> None:
    """Each region that the detector found is there with its own text, or a problem of the page accounts for it."""
    whole = {problem.code for problem in page.problems if problem.box is None}
    lost = {problem.box for problem in page.problems if problem.severity is Severity.LOST and problem.box is not None}
    read = {block.region.box for block in page.blocks if block.recognition.text == name(block.region)}
    assert len({block.region.box for block in page.blocks}) == len(page.blocks)
    if whole:  # the page is lost, or was read as one region; both say so
        assert "layout_failed" in whole or not page.blocks
        return
    assert not read & lost
    assert read | lost == {block.region.box for block in page.blocks}
    assert len(read | lost) == found


Schedule: TypeAlias = Callable[[list[tuple[str, int, str]], list[str], int | None], None]
pages_to_read = st.lists(
    st.tuples(st.sampled_from(DRAWING), st.integers(0, 3), st.sampled_from(READING[:-1])), min_size=1, max_size=6
)


def with_each_fate(test: Schedule) -> Schedule:
    """Each way to misbehave by itself: a random schedule has a rare one in every second run."""
    fine = ("fine", 1, "fine")
    for fate in READING[:-1]:
        test = example(pages=[("fine", 2, fate), fine], detecting=[], leave=None)(test)
    for fate in DETECTING:
        test = example(pages=[("fine", 2, "fine"), fine, fine], detecting=[fate] * 3, leave=None)(test)
    for fate in DRAWING:
        test = example(pages=[(fate, 2, "fine"), fine], detecting=[], leave=None)(test)
    return test


@schedules
@with_each_fate
@given(
    pages=pages_to_read, detecting=st.lists(st.sampled_from(DETECTING), max_size=6), leave=st.none() | st.integers(0, 4)
)
def test_a_document_loses_nothing_in_silence(
    pages: list[tuple[str, int, str]], detecting: list[str], leave: int | None
) -> None:
    drawing, found, reading = zip(*pages, strict=True)

    async def read() -> list[Page]:
        reader = Reading(reading)
        got: list[Page] = []
        with ThreadPoolExecutor(3) as executor:
            shared = pipeline.SharedDetector(Detecting(found, detecting), executor)
            stages = pipeline.Stages(lambda page: page, FairGate(4), shared, reader, executor)
            stream = pipeline.read(Pile(drawing), stages, OPTIONS, document="d", window=pipeline.Window(2))
            async with asyncio.timeout(PATIENCE):
                async for page in stream:
                    got.append(page)
                    if leave is not None and len(got) > leave:
                        break
                await stream.aclose()
                await nothing_runs()
        assert reader.now == 0
        return got

    got = asyncio.run(read())
    assert [page.number for page in got] == list(range(len(got)))
    assert leave is not None or len(got) == len(pages)
    for page in got:
        nothing_is_lost_in_silence(page, found[page.number])


async def nothing_runs() -> None:
    """No task but this one, once those that were told to stop had their turn."""
    while len(asyncio.all_tasks()) > 1:  # noqa: ASYNC110  bounded by the caller
        await asyncio.sleep(0.001)


# --- jobs --------------------------------------------------------------------------------------------------------


jobs = st.lists(
    st.tuples(
        st.integers(1, 3),  # pages
        st.booleans(),  # streamed
        st.none() | st.floats(0, 0.3),  # when its caller leaves, seconds
    ),
    min_size=1,
    max_size=4,
)


@pytest.mark.slow
@settings(schedules, max_examples=8 * EXAMPLES)
@given(
    jobs=jobs,
    reading=st.lists(st.sampled_from(READING), min_size=1, max_size=3),
    killed=st.lists(st.floats(0, 0.3), max_size=2),  # when all drawing children are killed
)
@example(jobs=[(2, False, None), (2, True, None)], reading=["for ever"], killed=[])
@example(jobs=[(3, False, None), (1, True, 0.1)], reading=["fine"], killed=[0.05, 0.1])
def test_every_job_ends_once_and_leaves_nothing(
    jobs: list[tuple[int, bool, float | None]], reading: list[str], killed: list[float]
) -> None:
    async def run() -> None:
        async with Parser(ENGINE) as parser:
            assert parser._recognizer is not None
            await parser._recognizer.close()
            parser._recognizer = reader = Reading(reading)
            budget = 2 if "for ever" in reading else 600  # a busy machine must not spend it
            worker = Worker(parser, OPTIONS, WorkerSettings(concurrency=2, job_seconds=budget))
            calls = [asyncio.create_task(ended(worker, *job)) for job in jobs]
            for pause in killed:
                await asyncio.sleep(pause)
                for child in pool.shared().processes():
                    os.kill(child, signal.SIGKILL)
            async with asyncio.timeout(PATIENCE):
                outcomes = await asyncio.gather(*calls)
                for (pages, _, _), replies in zip(jobs, outcomes, strict=True):
                    if replies is not None:
                        answered(replies, pages, fine=set(reading) <= {"fine", "slow"} and not killed)
                await nothing_runs_but_mine()
            assert (worker.working, worker.fetching, worker.room.bytes, reader.now) == (0, 0, 0, 0)
            async with asyncio.timeout(PATIENCE):  # all places are free again
                async with worker._places, worker._places:
                    pass

    asyncio.run(run())


ENGINE = EngineSettings(detector="whole_page", recognizer="scripted", volume_path="/no/such/volume")


async def ended(worker: Worker, pages: int, streamed: bool, leaves: float | None) -> list[Reply] | None:
    """What the job answered; None where its caller left first."""
    call = Call({"images_base64": [PAGE] * pages, "stream": streamed})

    async def replies() -> list[Reply]:
        return [chunk async for chunk in worker.stream(call)] if streamed else [await worker.run(call)]

    job = asyncio.create_task(replies())
    if leaves is not None:
        await asyncio.wait({job}, timeout=leaves)
        job.cancel()
    (outcome,) = await asyncio.gather(job, return_exceptions=True)
    if isinstance(outcome, BaseException):
        assert isinstance(outcome, asyncio.CancelledError)
        assert leaves is not None
        return None
    return outcome


def answered(replies: Sequence[Reply], pages: int, *, fine: bool) -> None:
    """One end, and its status is `success` only where every page was read."""
    *before, last = replies
    assert all(reply["type"] == "page" for reply in before)
    assert last["status"] in ("success", "partial", "error")
    if last["status"] == "error":
        assert last["error_details"]["code"] != "internal"
        assert not fine
        return
    assert last["result"]["page_count"] == pages
    assert (last["status"] == "success") == (not last["result"]["problems"])
    assert last["status"] == "success" or not fine


async def nothing_runs_but_mine() -> None:
    while any("octavo" in repr(task.get_coro()) for task in asyncio.all_tasks() - {asyncio.current_task()}):  # noqa: ASYNC110
        await asyncio.sleep(0.001)


# --- disks and buckets ---------------------------------------------------------------------------------------------


@pytest.fixture
async def parser(tmp_path: Path) -> AsyncIterator[Parser]:
    async with Parser(ENGINE.model_copy(update={"volume_path": str(tmp_path)})) as opened:
        yield opened


def failing_after(files: int, error: int, folder: Path) -> Callable[[Path, bytes], int]:
    """A disk that takes so many files under `folder`, then half of the next, and fails."""
    written = 0
    write = Path.write_bytes

    def write_bytes(self: Path, data: bytes) -> int:
        nonlocal written
        if not self.is_relative_to(folder):
            return write(self, data)
        written += 1
        if written <= files:
            return write(self, data)
        write(self, data[: len(data) // 2])
        raise OSError(error, os.strerror(error))

    return write_bytes


def folders_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def files_under(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EROFS, errno.EIO, errno.EDQUOT], ids=errno.errorcode.get)
async def test_a_volume_that_keeps_no_checkpoint_costs_nothing(
    parser: Parser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    monkeypatch.setattr(Path, "write_bytes", failing_after(1, error, tmp_path))
    reply = await Worker(parser, OPTIONS, WorkerSettings()).run(Call({"pdf_base64": PDF5}))
    assert reply["status"] == "success"
    assert reply["result"]["page_count"] == 5
    assert not files_under(tmp_path)


async def test_a_volume_that_is_not_there_any_more_costs_nothing(
    parser: Parser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stat = Path.stat

    def stale(self: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        if self.is_relative_to(tmp_path):
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
        return stat(self, follow_symlinks=follow_symlinks)

    monkeypatch.setattr(Path, "stat", stale)
    assert (await Worker(parser, OPTIONS, WorkerSettings()).run(Call({"pdf_base64": PDF5})))["status"] == "success"


PICTURES = {"images_base64": [PAGE] * 3, "return_layout_visualization": True, "layout_visualization_base64": True}


@pytest.mark.parametrize("files", [0, 1, 2])
async def test_a_volume_that_fills_up_is_said_and_keeps_no_part_of_a_result(
    parser: Parser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: int
) -> None:
    worker = Worker(parser, OPTIONS, WorkerSettings(checkpoints=False))
    monkeypatch.setattr(Path, "write_bytes", failing_after(files, errno.ENOSPC, tmp_path))
    reply = await worker.run(Call(PICTURES, limit=8_000))
    assert (reply["error_details"]["code"], reply["error_details"]["retryable"]) == ("delivery_failed", True)
    assert str(tmp_path) not in str(reply)
    assert reply["result"]["markdown_result"].count("[text]") == 3  # what did fit
    assert folders_in(tmp_path) == []


async def test_a_job_that_is_cancelled_while_it_delivers_leaves_nothing_on_the_volume(
    parser: Parser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_written, goes_on = threading.Event(), threading.Event()
    write, written = Path.write_bytes, list[Path]()

    def write_bytes(self: Path, data: bytes) -> int:
        written.append(self)
        if len(written) == 3:
            two_written.set()
            goes_on.wait()
        return write(self, data)

    monkeypatch.setattr(Path, "write_bytes", write_bytes)
    worker = Worker(parser, OPTIONS, WorkerSettings(checkpoints=False))
    job = asyncio.create_task(worker.run(Call(PICTURES, limit=8_000)))
    await asyncio.to_thread(two_written.wait)
    job.cancel()
    asyncio.get_running_loop().call_later(0.1, goes_on.set)
    (ended,) = await asyncio.gather(job, return_exceptions=True)
    assert isinstance(ended, asyncio.CancelledError)
    assert len(written) >= 3
    assert folders_in(tmp_path) == []


async def test_a_bucket_that_is_down_is_said_and_gives_what_fits(
    parser: Parser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("octavo.guarded_http._PUT_PAUSES", (0.0, 0.0))
    bucket = {"bucket_endpoint_url": f"http://127.0.0.1:{free_port()}/results", "bucket_access_key_id": "key"}
    down = WorkerSettings.model_validate({**bucket, "bucket_secret_access_key": "secret", "checkpoints": False})
    reply = await Worker(parser, OPTIONS, down).run(Call(PICTURES, limit=8_000))
    assert (reply["error_details"]["code"], reply["error_details"]["retryable"]) == ("delivery_failed", True)
    assert "onnect" in reply["error"]
    assert reply["result"]["markdown_result"].count("[text]") == 3
