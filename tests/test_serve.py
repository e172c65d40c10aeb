"""Jobs over HTTP: the load balancer's pings, replies with a status that fits, pages as lines."""

import asyncio
import base64
import contextlib
import json
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path

import aiohttp
import pytest
from model_server import Asked, ModelServer, Reply
from PIL import Image
from replayed import DROP_INS, ENVIRONMENT, PAGE, Case, documents
from serving import ENGINE, running, serving, until
from test_contract import NULL_ENGINES

from octavo.settings import (
    EngineSettings,
    ErrorText,
    ParseOptions,
    ServeSettings,
    WorkerSettings,
    resolve,
)

HERE = Path(__file__).parent


@pytest.mark.parametrize("wrapped", [True, False])
async def test_a_job_comes_bare_or_wrapped(wrapped: bool) -> None:
    job = {"image_base64": PAGE}
    async with serving() as client:
        response = await client.post("/parse", json={"input": job} if wrapped else job)
        assert response.status == 200
        assert (await response.json())["result"]["markdown_result"].strip() == "[text]"


@pytest.mark.parametrize("case", DROP_INS, ids=[case.name for case in DROP_INS])
async def test_the_reply_is_the_queue_s(case: Case) -> None:
    variables = ENVIRONMENT | dict(case.environment)
    engine, options = resolve(EngineSettings, {}, variables).values, resolve(ParseOptions, {}, variables).values
    worker = resolve(WorkerSettings, {}, variables).values
    async with documents() as address, serving(engine, worker=worker, options=options) as client:
        response = await client.post("/parse", json=case.at(address))
        assert response.status == (422 if case.code else 200)
        assert not case.wrong(await response.json(), address)


async def test_errors_may_be_said_in_json() -> None:
    settings = WorkerSettings(error_text=ErrorText.JSON)
    async with serving(worker=settings) as client:
        for body in (b"no json", b"{}"):
            reply = await (await client.post("/parse", data=body)).json()
            assert json.loads(reply["error"]) == reply["error_details"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"no json", 422, "source_invalid"),
        (b'"text"', 422, "source_invalid"),
        (b'{"input": {}}', 422, "source_invalid"),
        (b'{"pdf_base64": "aGVsbG8="}', 422, "type_unsupported"),
        (b'{"image_base64": "eA==", "dpi": 1}', 422, "option_invalid"),
        (b" " * 2000, 422, "source_invalid"),
    ],
)
@pytest.mark.parametrize("route", ["/parse", "/parse/stream"])
async def test_errors_have_the_status_of_their_fault(route: str, body: bytes, status: int, code: str) -> None:
    async with serving(serve=ServeSettings(request_bytes=1500)) as client:
        response = await client.post(route, data=body)
        assert response.status == status
        assert (await response.json())["error_details"]["code"] == code


async def test_pages_stream_as_lines() -> None:
    async with serving() as client:
        response = await client.post("/parse/stream", json={"images_base64": [PAGE] * 3})
        lines = [json.loads(line) for line in (await response.text()).splitlines()]
    assert [line["type"] for line in lines] == ["page", "page", "page", "end"]
    assert [line.get("page") for line in lines] == [1, 2, 3, None]
    assert lines[-1]["status"] == "success"


async def test_a_reply_that_is_too_large_says_so() -> None:
    job = {"images_base64": [PAGE] * 3, "return_layout_visualization": True, "layout_visualization_base64": True}
    async with serving(serve=ServeSettings(reply_bytes=10_000)) as client:
        response = await client.post("/parse", json=job)
        assert response.status == 422
        assert len(await response.read()) <= 10_000


async def test_the_ping_tells_ready_from_loading(tmp_path: Path) -> None:
    engine = ENGINE.model_copy(
        update={"engine": "glm-ocr", "recognizer": "openai", "url": "http://127.0.0.1:9", "connect_seconds": 60.0}
    )
    async with serving(engine) as client:
        assert (await client.get("/ping")).status == 204
    async with serving() as client:
        await asyncio.sleep(0.1)
        response = await client.get("/ping")
        assert response.status == 200
        assert await response.json() == {"status": "ok", "jobs": 0}


@contextlib.asynccontextmanager
async def process(log: Path, **environment: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """handler.py in HTTP mode, as a container runs it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("OCTAVO", "RUNPOD", "GLMOCR"))}
    variables = clean | NULL_ENGINES | {"OCTAVO_PRESET": "none", "WORKER_MODE": "http", "PORT": port} | environment
    with log.open("wb") as output:
        started = await asyncio.create_subprocess_exec(
            sys.executable, str(HERE.parent / "handler.py"), env=variables, stdout=output, stderr=output
        )
        try:
            yield started, f"http://127.0.0.1:{port}"
        finally:
            if started.returncode is None:
                started.kill()
                await started.wait()


@pytest.mark.slow
async def test_it_goes_when_asked_to(tmp_path: Path) -> None:
    async with process(tmp_path / "log") as (server, url), aiohttp.ClientSession() as session:
        status = 0
        async with asyncio.timeout(60):
            while status != 200:
                await asyncio.sleep(0.2)
                with contextlib.suppress(aiohttp.ClientError):
                    async with session.get(f"{url}/ping") as response:
                        status = response.status
        server.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(server.wait(), 30) == 0


@pytest.mark.slow
async def test_a_model_that_never_comes_up_ends_it_with_the_reason(tmp_path: Path) -> None:
    log, program = tmp_path / "log", tmp_path / "vllm"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{HERE}/fake_vllm.py" dies "$@"\n')
    program.chmod(0o755)
    engine = {"OCTAVO_ENGINE": "glm-ocr", "OCTAVO_RECOGNIZER": "openai", "VLLM_PORT": "0", "SPECULATIVE_CONFIG": ""}
    vllm = {"OCTAVO_VLLM_COMMAND": str(program), "FAKE_VLLM_NOTES": str(tmp_path / "notes")}
    async with process(log, **engine, **vllm) as (server, _):
        assert await asyncio.wait_for(server.wait(), 60) == 1
    said = log.read_text()
    assert "octavo: vLLM ended with exit code 1 before it was healthy" in said
    assert said.rstrip().endswith("[engine_unavailable]")
    assert "no such thing in config.json" in said
    assert "Traceback" not in said


async def test_a_caller_who_hangs_up_in_mid_stream_stops_the_work_and_disturbs_nobody(tmp_path: Path) -> None:
    """Page 1 is read and sent, the others are being asked about when the caller goes."""

    def slow_but_the_first(asked: Asked) -> Reply:
        return Reply("read", delay=3600 if is_of(LATER, asked) else 0)

    async with ModelServer(slow_but_the_first) as model, asyncio.timeout(300):
        engine = EngineSettings(
            detector="whole_page",
            recognizer="openai",
            url=model.url,
            volume_path=str(tmp_path),
            pages_in_flight=4,
            answers_kept=0,  # the pages are alike
        )
        async with running(engine, worker=WorkerSettings(concurrency=2)) as server:
            worker = server.desk.worker
            async with aiohttp.ClientSession(server.url) as caller:
                job = {"images_base64": [sized(FIRST), *[sized(LATER)] * 5]}
                response = await caller.post("/parse/stream", json=job)
                assert json.loads(await response.content.readline())["type"] == "page"
                await until(lambda: model.in_flight >= 3)
                beside = asyncio.create_task(asked_beside(server.client))
            await until(lambda: model.abandoned >= 3)
            assert await beside == ["success"] * 5
            await until(lambda: not (worker.working or worker.fetching or worker.room.bytes or model.in_flight))
            await until(lambda: not files_under(tmp_path))  # no page of it is kept
            asked = len(model.asked)
            assert await asked_beside(server.client) == ["success"] * 5
            assert all(is_of(NEIGHBOUR, one) for one in model.asked[asked:])


FIRST, LATER, NEIGHBOUR = (200, 200), (200, 600), (600, 200)  # pixels; the model is sent pictures about as long


def is_of(size: tuple[int, int], asked: Asked) -> bool:
    return 0.6 < (asked.size[0] / asked.size[1]) / (size[0] / size[1]) < 1.6


def sized(size: tuple[int, int]) -> str:
    """A picture with ink in it."""
    picture = Image.new("RGB", size, "white")
    picture.paste((0, 0, 0), (10, 20, size[0] - 10, 36))
    data = BytesIO()
    picture.save(data, "PNG")
    return base64.b64encode(data.getvalue()).decode()


def files_under(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def asked_beside(client: aiohttp.ClientSession) -> list[str]:
    replies = []
    for _ in range(5):
        async with client.post("/parse", json={"image_base64": sized(NEIGHBOUR)}) as response:
            replies.append((await response.json())["status"])
    return replies


@pytest.mark.slow
async def test_the_docs_page_asks_no_other_server_and_needs_no_key(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text(f"team parse {'0' * 64}\n")
    async with serving(serve=ServeSettings(keys_file=str(keys))) as client:
        page = await client.get("/docs")
        text = await page.text()
        assert page.status == 200
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        assert not re.findall(r"(?:src|href)=\"(?:https?:)?//", text)
        files = re.findall(r"docs/files/[\w.-]+", text)
        assert len(files) == 3
        for file in files:
            assert (await client.get(f"/{file}")).status == 200
