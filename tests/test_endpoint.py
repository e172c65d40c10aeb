"""`octavo batch --endpoint`: documents read by an Octavo server, or by a RunPod endpoint, instead of here."""

import asyncio
import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from killed_batch import NULL_ENGINES, documents, in_folder, results
from serving import running

from octavo.__main__ import main
from octavo.errors import EngineRefused
from octavo.frontends._exits import Exit
from octavo.jobs.encoding import Reply
from octavo.jobs.worker import Call, Worker
from octavo.parser import Parser
from octavo.settings import EngineSettings, OrientationUse, ParseOptions, WorkerSettings

ENGINE = EngineSettings(detector="whole_page", recognizer="scripted")
OPTIONS = ParseOptions(orientation=OrientationUse.OFF)
KEY = "key-of-the-endpoint"
FORMATS = ("--formats", "markdown,glmocr_json,crops", "--picture-names", "official", "--orientation", "off")


@dataclass
class RunPod:
    """What RunPod's side of an endpoint does with jobs, and a worker of ours behind it: results are forgotten once
    their time is over, requests over the limit are refused, and `busy` of them are turned away first."""

    worker: Worker
    busy: int = 0
    fails: str = ""  # a job's end without an output
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    cancelled: list[str] = field(default_factory=list)
    limit: int = 10 << 20

    async def run(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return web.Response(status=401)
        if self.busy:
            self.busy -= 1
            return web.Response(status=429)
        body = await request.read()
        if len(body) > self.limit:
            return web.Response(status=413)
        name = f"job-{len(self.jobs)}"
        self.jobs[name] = {"id": name, "status": "IN_QUEUE"}
        task = asyncio.ensure_future(self._work(name, json.loads(body)["input"]))
        task.add_done_callback(lambda _: None)
        return web.json_response(self.jobs[name])

    async def _work(self, name: str, payload: object) -> None:
        self.jobs[name]["status"] = "IN_PROGRESS"
        if self.fails:
            self.jobs[name] |= {"status": self.fails, "error": "worker exited"}
            return
        reply: Reply = await self.worker.run(Call(payload, id=name))
        output = {key: value for key, value in reply.items() if key != "error"}
        status = "FAILED" if "error" in reply else "COMPLETED"
        self.jobs[name] |= {"status": status, "output": output}

    async def status(self, request: web.Request) -> web.Response:
        job = self.jobs.get(request.match_info["name"])
        return web.json_response(job) if job else web.Response(status=404)

    async def cancel(self, request: web.Request) -> web.Response:
        self.cancelled.append(request.match_info["name"])
        return web.json_response({})


@contextmanager
def runpod(**kind: Any) -> Iterator[tuple[str, RunPod]]:
    """An endpoint on the loopback, in a thread, and its address."""
    ready, ending, there = threading.Event(), asyncio.Event(), {}

    async def live() -> None:
        async with Parser(ENGINE) as parser:
            there["double"] = double = RunPod(Worker(parser, OPTIONS, WorkerSettings()), **kind)
            app = web.Application(client_max_size=64 << 20)
            app.router.add_post("/v2/abc/run", double.run)
            app.router.add_get("/v2/abc/status/{name}", double.status)
            app.router.add_post("/v2/abc/cancel/{name}", double.cancel)
            runner = web.AppRunner(app)
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            there["loop"], there["port"] = asyncio.get_running_loop(), runner.addresses[0][1]
            ready.set()
            await ending.wait()
            await runner.cleanup()

    thread = threading.Thread(target=asyncio.run, args=(live(),), daemon=True)
    thread.start()
    assert ready.wait(60)
    try:
        yield f"http://127.0.0.1:{there['port']}/v2/abc", there["double"]
    finally:
        there["loop"].call_soon_threadsafe(ending.set)
        thread.join(30)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return documents(tmp_path / "in", 4)


def texts(folder: Path) -> dict[str, bytes]:
    return {name: data for name, data in results(in_folder(folder)).items() if not name.endswith("summary.json")}


def read_here(source: Path, target: Path) -> dict[str, bytes]:
    assert main(["batch", str(source), str(target), *NULL_ENGINES, *FORMATS]) == Exit.SUCCESS
    return texts(target)


def read_there(source: Path, target: Path, address: str, *more: str) -> int:
    words = ["batch", str(source), str(target), "--endpoint", address, "--endpoint-key", KEY]
    return main([*words, *FORMATS, *more])


@pytest.mark.slow
def test_a_runpod_endpoint_gives_what_is_read_here(source: Path, tmp_path: Path) -> None:
    with runpod(busy=1) as (address, double):
        assert read_there(source, tmp_path / "there", address) == Exit.SUCCESS
        assert len(double.jobs) == 4
        assert read_there(source, tmp_path / "there", address) == Exit.SUCCESS
        assert len(double.jobs) == 4  # done is done
    assert texts(tmp_path / "there") == read_here(source, tmp_path / "here")


@pytest.mark.slow
async def test_a_worker_in_the_real_sdk_s_loop_gives_what_is_read_here(source: Path, tmp_path: Path) -> None:
    """Through a loopback queue; what a document fails at comes back with its own code."""
    pytest.importorskip("runpod", reason="the RunPod SDK is not installed: pip install --no-deps runpod==1.12.0")
    from loopback_queue import LoopbackQueue
    from test_runpod_worker import working

    (source / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing")
    batch = [sys.executable, "-m", "octavo", "batch", str(source)]
    async with LoopbackQueue() as queue, working(queue, tmp_path / "log", OCTAVO_RECOGNIZER="scripted"):
        there = ["--endpoint", queue.address, "--endpoint-key", queue.client_key]
        process = await asyncio.create_subprocess_exec(*batch, str(tmp_path / "there"), *there, *FORMATS)
        assert await process.wait() == Exit.PARTIAL
        assert len(queue.tickets) == 5
    here = await asyncio.create_subprocess_exec(*batch, str(tmp_path / "here"), *NULL_ENGINES, *FORMATS)
    assert await here.wait() == Exit.PARTIAL
    assert texts(tmp_path / "there") == texts(tmp_path / "here")
    lost = [json.loads((tmp_path / name / "summary.json").read_text())["lost"] for name in ("there", "here")]
    assert lost == [{"document_corrupt": 1}] * 2


@pytest.mark.slow
async def test_an_octavo_server_gives_what_is_read_here(source: Path, tmp_path: Path) -> None:
    async def batch(target: str, *more: str) -> int:
        words = ["-m", "octavo", "batch", str(source), str(tmp_path / target), *FORMATS, *more]
        return await (await asyncio.create_subprocess_exec(sys.executable, *words)).wait()

    async with running(ENGINE, options=OPTIONS) as server:
        assert await batch("there", "--endpoint", server.url) == Exit.SUCCESS
    assert await batch("here", *NULL_ENGINES) == Exit.SUCCESS
    assert texts(tmp_path / "there") == texts(tmp_path / "here")


def test_what_a_document_fails_at_there_is_said_here(source: Path, tmp_path: Path) -> None:
    (source / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing")
    with runpod() as (address, _):
        assert read_there(source, tmp_path / "out", address) == Exit.PARTIAL
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert (summary["success"], summary["lost"]) == (4, {"document_corrupt": 1})


@pytest.mark.parametrize(("ends", "code"), [("FAILED", "engine_refused"), ("TIMED_OUT", "engine_timeout")])
def test_a_job_that_ends_without_an_answer_is_a_failure(ends: str, code: str, source: Path, tmp_path: Path) -> None:
    with runpod(fails=ends) as (address, _):
        assert read_there(source, tmp_path / "out", address) == Exit.PARTIAL
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["lost"] == {code: 4}


def test_what_is_too_large_for_a_job_is_refused_before_it_is_sent(source: Path, tmp_path: Path) -> None:
    (source / "large.pdf").write_bytes(b"%PDF-" + bytes(8_000_000))
    with runpod() as (address, double):
        assert read_there(source, tmp_path / "out", address) == Exit.PARTIAL
        assert len(double.jobs) == 4
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["lost"] == {"source_too_large": 1}


def test_a_wrong_key_is_said_without_it(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with runpod() as (address, double):
        words = ["batch", str(source), str(tmp_path / "out"), "--endpoint", address, "--endpoint-key", "wrong-key"]
        assert main([*words, *FORMATS]) == Exit.PARTIAL
        assert not double.jobs
    err = capsys.readouterr().err
    assert err.count(f"[{EngineRefused.code}]") == 4
    assert "wrong-key" not in err


def test_a_job_that_takes_too_long_is_cancelled_there(source: Path, tmp_path: Path) -> None:
    with runpod(fails="IN_PROGRESS") as (address, double):
        read_there(source, tmp_path / "out", address, "--endpoint-seconds", "0.5")
        assert sorted(double.cancelled) == sorted(double.jobs)


@pytest.mark.parametrize("more", [["--as", "parquet"], ["--ray"]])
def test_what_cannot_be_had_from_elsewhere_is_refused(more: list[str], source: Path, tmp_path: Path) -> None:
    assert read_there(source, tmp_path / "out", "http://127.0.0.1:9", *more) == Exit.CALLER
    assert not (tmp_path / "out").exists()
