"""A server of Octavo on the loopback, in this process, and a client of it."""

import asyncio
import contextlib
import os
import re
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from fastapi import FastAPI
from test_contract import NULL_ENGINES

import octavo.recognizers
from octavo.frontends._settled import WorkerConfiguration
from octavo.frontends._watch import EngineWatch
from octavo.frontends.serve._app import application, opened
from octavo.frontends.serve._desk import Desk
from octavo.frontends.serve._server import Server, bound
from octavo.settings import EngineSettings, OrientationUse, ParseOptions, ServeSettings, WorkerSettings

ENGINE = EngineSettings(detector="whole_page", recognizer="scripted", volume_path="/no/such/volume")
SLOW = Path(__file__).parent / "runpod" / "recognizers"
OPTIONS = ParseOptions(orientation=OrientationUse.OFF)


@dataclass(frozen=True)
class Running:
    """A server that answers."""

    url: str
    app: FastAPI
    client: aiohttp.ClientSession

    @property
    def desk(self) -> Desk:
        desk: Desk = self.app.state.desk
        return desk


@contextlib.asynccontextmanager
async def running(
    engine: EngineSettings = ENGINE,
    serve: ServeSettings | None = None,
    worker: WorkerSettings | None = None,
    options: ParseOptions = OPTIONS,
    headers: Mapping[str, str] | None = None,
) -> AsyncIterator[Running]:
    """A server with these settings. What it still does when the test is over is cancelled."""
    serve = serve or ServeSettings()
    settled = WorkerConfiguration(engine, options, worker or WorkerSettings())
    server = Server(application(settled, serve), serve)
    with contextlib.closing(bound("127.0.0.1", 0)) as listening:
        async with opened(settled, serve, EngineWatch()) as server.app.state.desk:
            serving = asyncio.create_task(server.serve(sockets=[listening]))
            url = f"http://127.0.0.1:{listening.getsockname()[1]}"
            try:
                async with aiohttp.ClientSession(url, headers=dict(headers or {})) as client:
                    yield Running(url, server.app, client)
            finally:
                server.end()
                server.force_exit = True
                await serving


@contextlib.asynccontextmanager
async def serving(
    engine: EngineSettings = ENGINE,
    serve: ServeSettings | None = None,
    worker: WorkerSettings | None = None,
    options: ParseOptions = OPTIONS,
) -> AsyncIterator[aiohttp.ClientSession]:
    """The client alone."""
    async with running(engine, serve, worker, options) as server:
        yield server.client


def store_in(folder: Path, **settings: object) -> ServeSettings:
    """Settings of a server with a store there."""
    return ServeSettings.model_validate({"store": str(folder / "store"), **settings})


def slow_engine(monkeypatch: pytest.MonkeyPatch, seconds: float) -> EngineSettings:
    """One that takes so long for each region."""
    monkeypatch.setenv("OCTAVO_SLEEP", str(seconds))
    monkeypatch.setattr(octavo.recognizers, "__path__", [*octavo.recognizers.__path__, str(SLOW)])
    return ENGINE.model_copy(update={"recognizer": "sleepy"})


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110  what others move
            await asyncio.sleep(0.01)


def contents(file: Path) -> str:
    return file.read_text()


@contextlib.asynccontextmanager
async def process(log: Path, **environment: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """`octavo serve` in a process of its own, with the slow engine; its address, once it answers."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("OCTAVO", "RUNPOD", "GLMOCR"))}
    engine = NULL_ENGINES | {"OCTAVO_RECOGNIZER": "sleepy", "OCTAVO_SLEEP": "0", "OCTAVO_ORIENTATION": "off"}
    variables = clean | engine | {"OCTAVO_PRESET": "none", "PORT": "0"} | environment
    program = (
        f"import sys, octavo.recognizers; octavo.recognizers.__path__.append({str(SLOW)!r});"
        "from octavo.__main__ import main; sys.exit(main(['serve']))"
    )
    with log.open("wb") as output:
        started = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", program), env=variables, stdout=output, stderr=output
        )
        try:
            await until(lambda: started.returncode is not None or "octavo: http" in contents(log))
            address = re.search(r"octavo: (http://\S+)", contents(log))
            assert address, contents(log)
            yield started, address[1]
        finally:
            if started.returncode is None:
                started.kill()
                await started.wait()
