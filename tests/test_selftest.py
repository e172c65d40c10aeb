"""The self-test: what it says of engines that read right, wrong, or not at all, and where it is kept."""

import asyncio
import json
import logging
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from golden_reader import GoldenReader
from made import written
from model_server import Asked, Reply, always, serving
from test_contract import PAGE

from octavo import Parser, machine
from octavo.__main__ import main
from octavo.document import Crop, Recognition
from octavo.frontends._exits import Exit
from octavo.glm_ocr.boot_log import BootLog
from octavo.glm_ocr.in_flight import ServerLoad, load_in
from octavo.jobs.worker import Call, Worker
from octavo.recognizers import Pulse, nothing
from octavo.recognizers.scripted import Scripted
from octavo.selftest import keeping
from octavo.selftest.binding import Binds, Measurements, advice, binds, means
from octavo.selftest.golden import golden_page, neighbours, pdf, words_f1
from octavo.settings import EngineSettings, ParseOptions, TextLayerUse, WorkerSettings

# --- the made document -----------------------------------------------------------------------------------------------


async def test_the_words_are_those_that_stand_on_the_pages() -> None:
    made = [golden_page(number) for number in range(5)]
    options = ParseOptions(text_layer=TextLayerUse.ONLY)
    async with Parser(EngineSettings(detector="whole_page", recognizer="scripted")) as parser:
        document = await parser.aparse(pdf(made), options)
    for page, expected in zip(document.pages, made, strict=True):
        assert neighbours(written(block) or "" for block in page.blocks) == expected.words


def test_a_page_is_always_the_same_and_like_no_other() -> None:
    pages = [golden_page(number) for number in range(300)]
    assert golden_page(7) == pages[7]
    assert len({page.heading for page in pages}) == len({page.paragraphs for page in pages}) == 300


@pytest.mark.parametrize(
    ("found", "score"),
    [
        (["# The quick, brown fox", "<table><tr><td>12</td></tr></table>"], 1.0),
        (["the quick brown"], 2 / 3),  # all that came out is right, two of four neighbours did
        (["the quick brown fox 12 12 12 12 12"], 2 * 4 / (4 + 8)),  # what is said again is too much
        (["12 fox brown quick the"], 0.0),  # the right words in a wrong order
        (["nothing of this"], 0.0),
        ([], 0.0),
    ],
)
def test_words_count_with_their_neighbours(found: list[str], score: float) -> None:
    assert words_f1(neighbours(["The quick brown fox 12"]), neighbours(found)) == pytest.approx(score)


def test_one_made_page_taken_for_another_is_wrong() -> None:
    pages = [golden_page(number).words for number in range(20)]
    assert max(words_f1(one, other) for one, other in pairwise(pages)) < 0.6


# --- what binds ------------------------------------------------------------------------------------------------------

BUSY = Pulse(in_flight=32, limit=32, limit_is_given=False, running=31, waiting=0, cache=0.2, sequences=128)
STAGES = {"draw": 20.0, "layout": 90.0, "recognize": 70.0}


def seen(*pulses: Pulse, cpu: float = 0.3, loop: float = 0.2, unstable: bool = False) -> Measurements:
    return Measurements(pulses, cpu, loop, STAGES, unstable)


@pytest.mark.parametrize(
    ("what", "expected", "knobs"),
    [
        (seen(BUSY), Binds.REQUESTS_IN_FLIGHT, [(1, "GLMOCR_CONNECTION_POOL_SIZE")]),
        (seen(replace(BUSY, limit_is_given=True)), Binds.REQUESTS_IN_FLIGHT, [(1, "GLMOCR_MAX_WORKERS")]),
        (
            seen(replace(BUSY, in_flight=140, limit=144, running=120, waiting=2)),
            Binds.SERVER_QUEUE,
            [(2, "MAX_NUM_SEQS"), (2, "MAX_NUM_BATCHED_TOKENS")],
        ),
        (
            seen(replace(BUSY, running=20, waiting=12, sequences=None, cache=0.97)),
            Binds.SERVER_QUEUE,
            [(2, "GPU_MEMORY_UTILIZATION")],
        ),
        (seen(replace(BUSY, in_flight=9, running=8)), Binds.PAGES, [(3, "WORKER_MAX_CONCURRENCY")]),
        (seen(replace(BUSY, in_flight=9, running=None, waiting=None)), Binds.PAGES, [(3, "WORKER_MAX_CONCURRENCY")]),
        (
            seen(replace(BUSY, running=None, waiting=None)),
            Binds.REQUESTS_IN_FLIGHT,
            [(1, "GLMOCR_CONNECTION_POOL_SIZE")],
        ),
        (seen(BUSY, cpu=0.95), Binds.CPU, [(0, "CPU")]),
        (seen(BUSY, loop=0.99), Binds.CPU, [(0, "CPU")]),
        (seen(), Binds.CPU, [(0, "CPU")]),  # no server: the networks run here
        (
            seen(BUSY, unstable=True),
            Binds.REQUESTS_IN_FLIGHT,
            [(0, "WORKER_MAX_CONCURRENCY"), (0, "GLMOCR_MAX_WORKERS"), (0, "MAX_NUM_SEQS"), (0, "MAX_MODEL_LEN")],
        ),
    ],
)
def test_what_binds_and_what_to_do(what: Measurements, expected: Binds, knobs: list[tuple[int, str]]) -> None:
    assert binds(what) is expected
    assert [(item.step, item.knob) for item in advice(what, EngineSettings())] == knobs


def test_the_time_in_which_requests_gather_does_not_count() -> None:
    gathering, full = replace(BUSY, in_flight=1, running=1), BUSY
    assert means([gathering, gathering, *[full] * 8])["in_flight"] == 32
    assert binds(seen(gathering, gathering, *[full] * 8)) is Binds.REQUESTS_IN_FLIGHT


def test_the_share_of_the_cpu_is_of_the_cores_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_cores", lambda: 4.0)
    before = machine.CpuClock(at=10.0, spent=100.0, of_everything=True, loop=5.0)
    after = machine.CpuClock(at=20.0, spent=120.0, of_everything=True, loop=14.0)
    assert after.share_since(before) == pytest.approx(0.5)
    assert after.loop_share_since(before) == pytest.approx(0.9)


# --- what vLLM says --------------------------------------------------------------------------------------------------

LOG = [
    (3.0, "(APIServer pid=7) INFO 11-25 21:02:55 [api_utils.py:286] non-default args: {}"),
    (
        41.5,
        "(EngineCore pid=9) INFO 11-25 21:03:42 [core.py:133] Initializing a V1 LLM engine (v0.32.0) with config: x",
    ),
    (52.0, "(Worker pid=9) INFO 11-25 21:03:55 [default_loader.py:501] Loading weights took 4.02 seconds"),
    (53.0, "(Worker pid=9) INFO 11-25 21:03:57 [default_loader.py:501] Loading weights took 0.51 seconds"),
    (60.0, "(Worker pid=9) INFO 11-25 21:03:57 [monitor.py:60] torch.compile took 12.50 s in total"),
    (61.0, "(Worker pid=9) INFO 11-25 21:03:57 [monitor.py:92] Initial profiling/warmup run took 1.25 s"),
    (
        66.0,
        "(Worker pid=9) INFO 11-25 21:03:57 [gpu_model_runner.py:1] Graph capturing finished in 5 secs, took 0.5 GiB",
    ),
    (
        70.0,
        "(EngineCore pid=9) INFO 11-25 21:04:01 [core.py:402] init engine (profile, create kv cache, warmup model) "
        "took 21.75 s (compilation: 12.50 s)",
    ),
]


def test_the_parts_of_a_boot_are_those_the_log_tells() -> None:
    log = BootLog()
    for at, line in LOG:
        log.note(line, at)
    parts = {"imports": 41.5, "weights": 4.53, "compile": 12.5, "profile": 1.25, "graphs": 5.0, "engine": 21.75}
    assert log.seconds == pytest.approx(parts)


def test_a_log_that_tells_nothing_gives_no_parts() -> None:
    log = BootLog()
    log.note("Loading weights took long", 1.0)
    assert log.seconds == {}


@pytest.mark.parametrize("name", ["kv_cache_usage_perc", "gpu_cache_usage_perc"])
def test_the_fullest_cache_is_told(name: str) -> None:
    both = "vllm:num_requests_running 3.0\nvllm:num_requests_waiting 0.0\n"
    both += f'vllm:{name}{{engine="0"}} 6.1e-05\nvllm:{name}{{engine="1"}} 0.0\n'
    assert load_in(both) == ServerLoad(3, 0, 6.1e-05)


# --- whole runs ------------------------------------------------------------------------------------------------------

# Few pages: a bound on a document is one on the test, too.
WORDS = ["selftest", "--engine", "glm-ocr", "--detector", "whole_page", "--max-pages", "6", "--seconds", "60"]


@pytest.fixture(scope="module")
def reader() -> GoldenReader:
    return GoldenReader(range(10))


@pytest.fixture(autouse=True)
def no_preset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OCTAVO_PRESET", "none")


@pytest.mark.slow
async def test_a_server_that_reads_right(reader: GoldenReader, capsys: pytest.CaptureFixture[str]) -> None:
    def exact(asked: Asked) -> Reply:
        return Reply(reader.text(asked.pixels))

    async with serving(exact, sequences=64) as server:
        code = await asyncio.to_thread(main, [*WORDS, "--url", server.url, "--requests-in-flight", "3", "--json"])
        assert len(server.asked) == 10
    found = json.loads(capsys.readouterr().out)
    assert (code, found["right"], found["lost"]) == (Exit.SUCCESS, True, {})
    assert (found["words_f1"], found["words_f1_loaded"]) == (1.0, 1.0)
    assert found["pages"] == 6
    assert found["pages_per_second"] > 0
    assert found["requests"]["limit"] == 3
    assert found["requests"]["running"] is not None
    start = found["cold_start"]
    assert 0 < start["interpreter_and_imports"] < start["ready_after"]
    assert start["first_page"] > 0
    assert start["server"] == {}  # somebody else's
    assert found["binds"] in set(Binds)
    assert found["advice"]


async def test_a_server_that_reads_something_else_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    async with serving(always("The quick brown fox jumps over the lazy dog.")) as server:
        code = await asyncio.to_thread(main, [*WORDS, "--url", server.url, "--max-pages", "2"])
    said = capsys.readouterr().out
    assert code == Exit.OURS
    assert "The made pages came out WRONG" in said
    assert "pages/s over 2 pages" in said


async def test_a_server_that_loses_pages_is_wrong_and_unstable(
    reader: GoldenReader, capsys: pytest.CaptureFixture[str]
) -> None:
    def third_breaks(asked: Asked) -> Reply:
        return Reply(reader.text(asked.pixels), status=500 if asked.number % 3 == 2 else 200)

    async with serving(third_breaks) as server:
        words = [*WORDS, "--url", server.url, "--retries", "0", "--json"]
        code = await asyncio.to_thread(main, words)
    found = json.loads(capsys.readouterr().out)
    assert (code, found["right"]) == (Exit.OURS, False)
    assert found["lost"]["engine_lost"] >= 3
    assert found["advice"][0]["knob"] == "WORKER_MAX_CONCURRENCY"


def test_the_stand_in_is_no_model(capsys: pytest.CaptureFixture[str]) -> None:
    command = [sys.executable, "-m", "octavo.frontends._stand_in", "--latency", "0.01"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = f"http://127.0.0.1:{process.stdout.readline().strip()}"
        assert main([*WORDS, "--url", url, "--json"]) == Exit.OURS
        process.kill()
    found = json.loads(capsys.readouterr().out)
    assert found["words_f1"] < 0.5
    assert found["requests"]["waiting"] is not None


@pytest.mark.slow
def test_the_embedded_engine_reads_right(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["selftest", "--max-pages", "4", "--seconds", "1", "--json"]) == Exit.SUCCESS
    found = json.loads(capsys.readouterr().out)
    assert found["words_f1"] > 0.98
    assert found["binds"] == "cpu"
    assert found["requests"]["in_flight"] is None
    assert found["cold_start"]["layout_network"] > 0


# --- beside the jobs of a worker -------------------------------------------------------------------------------------


class Exact(Scripted):
    """Reads made pages right, when it is let."""

    def __init__(self, reader: GoldenReader) -> None:
        super().__init__(lambda crop: Recognition(reader.text(crop.pixels)))
        self.let = asyncio.Event()
        self.asked = self.stopped = 0

    async def recognize(
        self, crops: Sequence[Crop], *, document: str, begun: Callable[[], None] = nothing
    ) -> list[Recognition]:
        self.asked += 1
        if document.startswith("selftest"):
            try:
                await self.let.wait()
            except asyncio.CancelledError:
                self.stopped += 1
                raise
        return await super().recognize(crops, document=document, begun=begun)


async def eventually(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not happened():  # noqa: ASYNC110  a state, not an event
            await asyncio.sleep(0.02)


@pytest.fixture
def volume(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(keeping, "_IDLE_SECONDS", 0.2)
    monkeypatch.setattr(keeping, "gpu_name", lambda: "NVIDIA A40")
    return tmp_path


def settings(volume: Path) -> EngineSettings:
    return EngineSettings(detector="whole_page", recognizer="scripted", volume_path=str(volume), max_pages=6)


def results(volume: Path) -> list[dict[str, Any]]:
    return [json.loads(file.read_text()) for file in sorted(volume.rglob("*.json"))]


OPTIONS = ParseOptions(text_layer=TextLayerUse.OFF)
ASKED = WorkerSettings(selftest=True, vllm_base_image_ref="vllm@sha256:1")


@pytest.mark.slow
async def test_it_is_kept_once_per_image_and_gpu_and_tells_dry_runs(volume: Path, reader: GoldenReader) -> None:
    async with Parser(settings(volume)) as parser:
        parser._recognizer = exact = Exact(reader)
        exact.let.set()
        worker = Worker(parser, OPTIONS, ASKED)
        learnt: list[float] = []
        async with keeping.beside_jobs(parser, ASKED, jobs=lambda: worker.working, learn=learnt.append):
            await eventually(lambda: bool(learnt))
        [found] = results(volume)
        assert found["right"] is True
        assert found["gpu"] == "NVIDIA A40"
        assert "vllm@sha256:1" in found["image"]
        assert learnt == [found["pages_per_second"]]
        asked = exact.asked
        async with keeping.beside_jobs(parser, ASKED, jobs=lambda: 0, learn=worker.estimates.learn_pace):
            await eventually(lambda: worker.estimates._pace is not None)
        assert exact.asked == asked  # not taken again
        reply = await worker.run(Call({"images_base64": [PAGE] * 3, "dry_run": True}))
        said = reply["result"]["dry_run"]
        assert said["based_on"]["source"] == "selftest"
        assert said["estimated_seconds"] == pytest.approx(3 / learnt[0], rel=0.01)
        other = replace_image(ASKED)
        async with keeping.beside_jobs(parser, other, jobs=lambda: 0, learn=learnt.append):
            await eventually(lambda: len(learnt) == 2)
        assert len(results(volume)) == 2  # another image is tested anew


def replace_image(worker: WorkerSettings) -> WorkerSettings:
    return worker.model_copy(update={"vllm_base_image_ref": "vllm@sha256:2"})


async def test_a_job_stops_it_and_it_goes_on_afterwards(volume: Path, reader: GoldenReader) -> None:
    async with Parser(settings(volume)) as parser:
        parser._recognizer = exact = Exact(reader)
        worker = Worker(parser, OPTIONS, ASKED)
        async with keeping.beside_jobs(parser, ASKED, jobs=lambda: worker.working, learn=lambda _: None):
            await eventually(lambda: exact.asked > 0)  # it hangs at the engine
            with worker.room.job():  # one is in hand
                await eventually(lambda: exact.stopped > 0)
                reply = await worker.run(Call({"image_base64": PAGE}))
                assert reply["status"] == "success"
                assert not results(volume)
            exact.let.set()
            await eventually(lambda: bool(results(volume)))
        [found] = results(volume)
        assert found["cold_start"]["first_page"] is None  # pages were read before


async def test_a_wrong_engine_is_said_and_tells_no_dry_run(
    volume: Path, reader: GoldenReader, caplog: pytest.LogCaptureFixture
) -> None:
    learnt: list[float] = []
    async with Parser(settings(volume)) as parser:  # reads `[text]` everywhere
        with caplog.at_level(logging.ERROR):
            async with keeping.beside_jobs(parser, ASKED, jobs=lambda: 0, learn=learnt.append):
                await eventually(lambda: "selftest_wrong" in caplog.text)
    assert [found["right"] for found in results(volume)] == [False]
    assert learnt == []


async def test_nobody_asked_nothing_is_run(volume: Path, reader: GoldenReader) -> None:
    async with Parser(settings(volume)) as parser:
        parser._recognizer = exact = Exact(reader)
        exact.let.set()
        async with keeping.beside_jobs(parser, WorkerSettings(), jobs=lambda: 0, learn=lambda _: None):
            await asyncio.sleep(1)
        assert exact.asked == 0
    assert not results(volume)


async def test_without_a_volume_it_is_not_run_and_the_log_says_so(
    volume: Path, caplog: pytest.LogCaptureFixture
) -> None:
    nowhere = settings(volume).model_copy(update={"volume_path": "/no/such/volume"})
    async with Parser(nowhere) as parser, keeping.beside_jobs(parser, ASKED, jobs=lambda: 0, learn=lambda _: None):
        await eventually(lambda: "selftest_not_run" in caplog.text)


async def test_a_test_that_breaks_hurts_nobody(volume: Path, caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Scripted):
        async def ready(self) -> None:
            raise RuntimeError("text of the document")

    async with Parser(settings(volume)) as parser:
        parser._recognizer = Broken(lambda _: Recognition("x"))
        async with keeping.beside_jobs(parser, ASKED, jobs=lambda: 0, learn=lambda _: None):
            await eventually(lambda: "selftest_failed" in caplog.text)
            reply = await Worker(parser, OPTIONS, ASKED).run(Call({"image_base64": PAGE}))
    assert reply["status"] == "success"


def test_a_damaged_result_counts_as_none(tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    assert keeping.kept(file) is None
    for text in ("", "[]", '{"right": true}'):
        file.write_text(text)
        assert keeping.kept(file) is None


def test_files_are_told_apart_by_image_and_gpu() -> None:
    names = {keeping.file_name(image, gpu) for image in ("a", "b") for gpu in ("NVIDIA A40", "NVIDIA H100 80GB HBM3")}
    assert len(names) == 4
    assert sum(name.startswith("NVIDIA-A40-") for name in names) == 2
