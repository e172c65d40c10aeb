"""The worker that the jobs of one process share, however they arrive."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from octavo import telemetry
from octavo.errors import OctavoError
from octavo.frontends._settled import WorkerConfiguration
from octavo.frontends._watch import EngineWatch
from octavo.glm_ocr.vllm_server import find_program
from octavo.jobs.checkpoints import clean_up
from octavo.jobs.encoding import Reply, encoded, error_reply
from octavo.jobs.worker import Call, Worker
from octavo.parser import Parser, engine_names
from octavo.selftest.keeping import beside_jobs
from octavo.settings import WorkerSettings


class Service:
    """Opens the worker in the event loop of whoever asks; `end` is called where its engine is gone for good."""

    def __init__(self, settled: WorkerConfiguration, end: Callable[[], None]) -> None:
        self.watch = EngineWatch()
        self._settled = settled
        self._end = end
        self._shared: asyncio.Future[Worker] | None = None
        self._holding: asyncio.Task[None] | None = None

    @property
    def settings(self) -> WorkerSettings:
        return self._settled.worker

    def check(self) -> None:
        """Raises EngineUnavailable where the model cannot be started; the SDK then reports the worker as unfit."""
        engine = self._settled.engine
        if engine_names(engine)[1] == "openai" and engine.url is None:
            find_program(engine.vllm_command)

    @asynccontextmanager
    async def opened(self, end: Callable[[], None]) -> AsyncIterator[Worker]:
        """The worker, while the model still boots: jobs are taken, fetched and drawn meanwhile."""
        engine = self._settled.engine
        await asyncio.to_thread(clean_up, Path(engine.volume_path))
        with telemetry.sending(os.environ, "octavo-worker"):
            async with Parser(engine) as parser, self.watch.over(parser, end):
                config_path = os.environ.get("GLMOCR_CONFIG_PATH", "")
                worker = Worker(parser, self._settled.options, self.settings, config_path=config_path)
                learn = worker.estimates.learn_pace
                async with beside_jobs(parser, self.settings, jobs=lambda: worker.working, learn=learn):
                    yield worker

    async def handler(self, job: Mapping[str, Any]) -> dict[str, Any]:
        """What the SDK runs in its local modes; in the queue its loop has another way to answer, see `_runpod_sdk`.

        Pages do not stream here: the reply comes whole, also where the job asks for a stream.
        """
        try:
            reply = await (await self._worker()).run(Call.of(job))
        except OctavoError as error:
            reply = error_reply(error, self.settings.error_text)
        return await asyncio.to_thread(_plain, reply)

    async def _worker(self) -> Worker:
        """Opened by the first job, shared by all, closed with the event loop."""
        if self._shared is None:
            self._shared = asyncio.get_running_loop().create_future()
            self._holding = asyncio.create_task(self._hold(self._shared))
        return await asyncio.shield(self._shared)

    async def _hold(self, shared: asyncio.Future[Worker]) -> None:
        try:
            async with self.opened(self._end) as worker:
                shared.set_result(worker)
                await asyncio.Event().wait()  # until the loop ends, which cancels this
        except OctavoError as error:
            shared.set_exception(error)


def _plain(reply: Reply) -> dict[str, Any]:
    """The reply as JSON would have it, which is what the SDK's local server can encode."""
    plain: dict[str, Any] = json.loads(encoded(reply))
    return plain
