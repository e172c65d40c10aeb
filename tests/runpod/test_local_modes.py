"""What the RunPod SDK documents for trying a worker out: one test job, and its local server."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from replayed import DROP_INS, ENVIRONMENT, documents
from test_runpod_worker import PAGE, a_vllm
from test_vllm_server import alive

pytest.importorskip("runpod", reason="the RunPod SDK is not installed: pip install --no-deps runpod==1.12.0")
pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
PROGRAM = [sys.executable, str(HERE / "worker_process.py")]
GOOD = {"image_base64": PAGE}
NO_PDF = {"pdf_base64": "bm90IGEgcGRm"}


def variables(**changed: str) -> dict[str, str]:
    inherited = {n: value for n, value in os.environ.items() if not n.startswith(("OCTAVO", "RUNPOD", "GLMOCR"))}
    engine = {"OCTAVO_DETECTOR": "whole_page", "OCTAVO_RECOGNIZER": "scripted", "OCTAVO_ORIENTATION": "off"}
    return {**inherited, **engine, "OCTAVO_PRESET": "none", **changed}


def tried(folder: Path, *words: str, **changed: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *words],
        cwd=folder,
        env=variables(**changed),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


# --- one job -----------------------------------------------------------------------------------------------------


def test_a_job_of_the_command_line_is_run_and_its_result_printed(tmp_path: Path) -> None:
    done = tried(tmp_path, "--test_input", json.dumps({"input": GOOD}))
    assert done.returncode == 0, done.stderr
    assert "Job local_test completed successfully" in done.stdout
    assert "'markdown_result': '[text]" in done.stdout
    assert "'profile': 'official'" in done.stdout


def test_a_job_of_the_working_folder_is_run(tmp_path: Path) -> None:
    (tmp_path / "test_input.json").write_text(json.dumps({"input": GOOD | {"stream": True}}))
    done = tried(tmp_path, STREAM="true")
    assert done.returncode == 0, done.stderr
    assert "'markdown_result': '[text]" in done.stdout


@pytest.mark.parametrize(
    ("words", "file", "code", "said"),
    [
        (["--test_input", json.dumps({"input": NO_PDF})], None, 1, "type_unsupported"),
        ([], json.dumps({"input": NO_PDF}), 1, "type_unsupported"),
        (["--test_input", "{"], None, 2, "--test_input is not JSON"),
        (["--test_input", "[]"], None, 2, "--test_input must be a job"),
        ([], '{"warmup": 1}', 2, "test_input.json must be a job"),
        (["--rp_api_concurrency", "2", "--rp_serve_api"], None, 2, "one process answers many jobs"),
    ],
)
def test_a_job_that_fails_says_why_and_the_exit_code_tells(
    tmp_path: Path, words: list[str], file: str | None, code: int, said: str
) -> None:
    if file is not None:
        (tmp_path / "test_input.json").write_text(file)
    done = tried(tmp_path, *words)
    assert done.returncode == code, done.stderr
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_without_queue_and_job_there_is_nothing_to_do(tmp_path: Path) -> None:
    done = tried(tmp_path, WORKER_MODE="queue")
    assert done.returncode == 2
    assert "no test_input.json here: nothing to do" in done.stderr


# --- the local server --------------------------------------------------------------------------------------------


class Api:
    """The SDK's routes, asked by plain HTTP."""

    def __init__(self, session: aiohttp.ClientSession, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self._session = session

    async def post(self, route: str, content: Any = None) -> dict[str, Any]:
        async with self._session.post(route, json=content) as response:
            assert response.status == 200, await response.text()
            answer: dict[str, Any] = await response.json()
            return answer

    async def runsync(self, payload: Any) -> dict[str, Any]:
        return await self.post("/runsync", {"input": payload})

    async def run(self, payload: Any) -> dict[str, Any]:
        """Hand in, then ask for the result, as the SDK's documentation does."""
        given = await self.post("/run", {"input": payload})
        assert given["status"] == "IN_PROGRESS"
        return await self.post(f"/status/{given['id']}")


@contextlib.asynccontextmanager
async def serving(log: Path, **changed: str) -> AsyncIterator[Api]:
    """The local server; at the end it is asked to go."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = ["--rp_serve_api", "--rp_api_host", "127.0.0.1", "--rp_api_port", str(port)]
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *PROGRAM, *words, cwd=log.parent, env=variables(**changed), stdout=output, stderr=output
        )
        try:
            async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
                async with asyncio.timeout(60):
                    while True:
                        with contextlib.suppress(aiohttp.ClientConnectionError):
                            async with session.get("/openapi.json"):
                                break
                        assert process.returncode is None
                        await asyncio.sleep(0.1)
                yield Api(session, process)
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
            await asyncio.wait_for(process.wait(), 60)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


# The SDK's server passes on nothing that stands beside `input`.
ASKED = [case for case in DROP_INS if case.name != "warmup-beside"]


@pytest.mark.parametrize("route", ["runsync", "run"])
async def test_yesterday_s_client_gets_what_it_expects(tmp_path: Path, route: str) -> None:
    pytest.importorskip("fastapi", reason="the SDK's local server is made with FastAPI")
    log = tmp_path / "log"
    async with documents() as address, serving(log, **ENVIRONMENT) as api:
        ask = api.runsync if route == "runsync" else api.run
        for case in ASKED:
            answer = await ask(case.at(address)["input"])
            if case.code:
                assert answer["status"] == "FAILED", case.name
                assert answer["error"].startswith(f"[{case.code}] "), case.name
            else:
                assert answer["status"] == "COMPLETED", case.name
                assert not case.wrong(answer["output"], address), case.name
        whole = await ask({"images_base64": [PAGE] * 3, "stream": True, "output_format": "json"})
        assert [len(page) for page in whole["output"]["result"]["json_result"]] == [1, 1, 1]
        assert (await api.post("/status/no-such-job"))["error"] == "Job ID not found"
    said = log.read_text()
    assert said.count("engine_ready") == 1
    assert "Traceback" not in said


async def test_jobs_run_side_by_side(tmp_path: Path) -> None:
    pytest.importorskip("fastapi", reason="the SDK's local server is made with FastAPI")
    together = {"OCTAVO_RECOGNIZER": "together", "OCTAVO_TOGETHER": "4", "WORKER_MAX_CONCURRENCY": "4"}
    async with serving(tmp_path / "log", **together) as api, asyncio.timeout(120):
        answers = await asyncio.gather(*(api.runsync(GOOD) for _ in range(8)))
        assert [answer["status"] for answer in answers] == ["COMPLETED"] * 8


async def test_the_model_ends_with_the_server(tmp_path: Path) -> None:
    pytest.importorskip("fastapi", reason="the SDK's local server is made with FastAPI")
    async with serving(tmp_path / "log", **a_vllm(tmp_path, "works")) as api:
        answer = await api.runsync(GOOD)
        assert answer["output"]["result"]["markdown_result"].startswith("read by")
    [noted] = map(json.loads, (tmp_path / "notes").read_text().splitlines())
    assert not alive(noted["pid"])
    assert not alive(noted["child"])


async def test_a_model_that_never_comes_up_fails_its_jobs_and_ends_the_server(tmp_path: Path) -> None:
    pytest.importorskip("fastapi", reason="the SDK's local server is made with FastAPI")
    log = tmp_path / "log"
    async with serving(log, **a_vllm(tmp_path, "dies")) as api:
        failed = await api.runsync(GOOD)
        assert failed["status"] == "FAILED"
        assert "engine_unavailable" in failed["error"]
        assert await asyncio.wait_for(api.process.wait(), 60) == 1
    assert "octavo: vLLM ended with exit code 1 before it was healthy" in log.read_text()
