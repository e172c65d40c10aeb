"""Answer jobs from RunPod's queue: the serverless worker.

The loop is the RunPod SDK's (1.12.0, pinned): fitness checks, heartbeat, taking, cancelling. Three of its habits are
replaced, because they lose or delay jobs, as measured against a loopback queue: a full worker slept a second before
it looked again; a job that arrived after SIGTERM was neither run nor reported; a result that could not be posted in
three attempts was dropped, and one that could not be serialised left its job hanging.
"""

import asyncio
import contextlib
import faulthandler
import json
import logging
import os
import sys
import threading
import time
from argparse import ArgumentParser, Namespace
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, TypeVar

import aiohttp

from octavo.errors import EngineUnavailable
from octavo.frontends import _presets
from octavo.frontends._exits import Exit
from octavo.frontends._flags import add_flags, explicit
from octavo.frontends._replies import encoded, fitting
from octavo.parser import Parser
from octavo.settings import EngineSettings, ParseOptions, WorkerSettings, resolve
from octavo.worker import Worker

os.environ.setdefault("RUNPOD_LOG_LEVEL", "INFO")  # the SDK's default, DEBUG, writes documents' text into the log
try:
    import runpod
    from runpod.serverless.modules import rp_http, rp_job, rp_scale
except ModuleNotFoundError as missing:
    raise EngineUnavailable(
        f"the RunPod worker needs the package {missing.name!r}: pip install 'octavo[runpod]' "
        "and pip install --no-deps runpod==1.12.0"
    ) from missing

log = logging.getLogger(__name__)

T = TypeVar("T")

_LATE_TAKE_SECONDS = 0.5  # a job that is on the wire when SIGTERM comes is let in
_POST_PAUSES = (0.0, 5.0, 15.0, 30.0, 60.0)  # before each round of the SDK's own three attempts
_PROGRESS_SECONDS = 1.0  # progress is posted no oftener
_HUNG_SECONDS = 300.0  # an event loop that did not turn for so long will not turn again
_CHUNK_BYTES = 900_000  # RunPod splits a streamed chunk above 1 MB


def add_arguments(parser: ArgumentParser) -> None:
    parser.usage = "%(prog)s [options]"
    add_flags(parser, WorkerSettings, EngineSettings)


def run(arguments: Namespace) -> int:
    preset = _presets.chosen(os.environ, _presets.folder())
    settings = resolve(WorkerSettings, explicit(arguments, WorkerSettings), os.environ, preset).values
    engine = resolve(EngineSettings, explicit(arguments, EngineSettings), os.environ, preset).values
    options = resolve(ParseOptions, {}, os.environ, preset).values
    logging.basicConfig(level=settings.log_level.upper())
    service = _Service(engine, options, settings)
    rp_scale.JobScaler = lambda config: _Scaler(config, service)
    sys.argv = sys.argv[:1]  # the SDK parses the command line too
    runpod.serverless.start({"handler": service.handler, "concurrency_modifier": lambda _: settings.concurrency})
    return service.exit_code


class _Service:
    """What the loop's jobs share: the worker, opened in the SDK's own event loop."""

    def __init__(self, engine: EngineSettings, options: ParseOptions, settings: WorkerSettings) -> None:
        self.settings = settings
        self.exit_code = int(Exit.SUCCESS)
        self.end: Callable[[], None] = lambda: None  # set by the loop that takes jobs
        self._engine, self._options = engine, options
        self._worker: asyncio.Future[Worker] | None = None

    @contextlib.asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Engines open while jobs are already taken; they wait for the worker, not the queue for them."""
        worker: asyncio.Future[Worker] = asyncio.get_running_loop().create_future()
        self._worker = worker
        try:
            async with Parser(self._engine) as parser:
                worker.set_result(Worker(parser, self._options, self.settings))
                booting = asyncio.create_task(self._boot(parser))
                yield
                booting.cancel()
        except EngineUnavailable:
            self.exit_code = int(Exit.OURS)
            raise

    async def _boot(self, parser: Parser) -> None:
        """A model that never comes up ends the worker: the platform must see that this machine is no use."""
        try:
            await parser.ready()
            log.info("engine_ready")
        except EngineUnavailable as error:
            log.critical("engine_unavailable error=%s", error.message)
            self.exit_code = int(Exit.OURS)
            self.end()

    async def worker(self) -> Worker:
        if self._worker is None:
            raise EngineUnavailable("the worker is not open")
        return await asyncio.shield(self._worker)

    async def handler(self, job: Mapping[str, Any]) -> dict[str, Any]:
        """What `--test_input` runs; in the queue loop `_Scaler` answers jobs itself."""
        async with self.opened():
            return await (await self.worker()).run(job.get("input"))


class _Scaler(rp_scale.JobScaler):
    """The SDK's loop, with a take, a drain and a delivery that lose nothing."""

    def __init__(self, config: dict[str, Any], service: _Service) -> None:
        super().__init__(config)
        self._service = service
        self._taken_all = asyncio.Event()
        self.jobs_handler = self._answer
        self.stop_signals_fetcher = self._stops
        service.end = self.kill_worker

    async def run(self) -> None:
        with _Watchdog(_HUNG_SECONDS):
            async with self._service.opened():
                await super().run()

    # --- taking --------------------------------------------------------------------------------------------------

    async def get_jobs(self, session: aiohttp.ClientSession) -> None:
        """Take jobs as places come free, until SIGTERM."""
        await self.set_scale()
        pause = 0.0
        try:
            while self.is_alive():
                await self._until_shutdown(asyncio.sleep(pause))
                free = self.current_concurrency - len(self.jobs_tasks) - self.jobs_queue.qsize()
                if free <= 0:
                    pause = 0.05
                    continue
                pause = await self._take(session, free)
        finally:
            self._taken_all.set()

    async def _take(self, session: aiohttp.ClientSession, places: int) -> float:
        """One long poll; returns how long to wait before the next."""
        poll = asyncio.wait_for(self.jobs_fetcher(session, places), self.jobs_fetcher_timeout)
        try:
            jobs = await self._until_shutdown(poll, grace=_LATE_TAKE_SECONDS)
        except rp_scale.TooManyRequests:
            return 5.0
        except TimeoutError:
            return 0.0
        except (aiohttp.ClientError, OSError, ValueError) as error:
            log.warning("take_failed error=%s", type(error).__name__)
            return 1.0
        for job in jobs or ():
            self.job_progress.add(job)
            await self.jobs_queue.put(job)
        return 0.0

    async def run_jobs(self, session: aiohttp.ClientSession) -> None:
        """Run until the take has ended and nothing is left, the job that came in last included."""
        while not (self._taken_all.is_set() and self.jobs_queue.empty()):
            await super().run_jobs(session)
            await asyncio.sleep(0.02)
        await super().run_jobs(session)

    async def _stops(self, session: aiohttp.ClientSession) -> list[str]:
        return await self._until_shutdown(rp_job.get_stop_signals(session)) or []

    async def _until_shutdown(self, work: Awaitable[T], *, grace: float = 0.0) -> T | None:
        """What `work` gives, or None once the worker was told to end and a grace has passed."""
        task = asyncio.ensure_future(work)
        ending = asyncio.ensure_future(self._shutdown_event.wait())
        try:
            await asyncio.wait({task, ending}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done() and grace:
                await asyncio.wait({task}, timeout=grace)
            return task.result() if task.done() else None
        finally:
            for each in (task, ending):
                each.cancel()
            await asyncio.gather(task, ending, return_exceptions=True)

    # --- answering -----------------------------------------------------------------------------------------------

    async def _answer(self, session: aiohttp.ClientSession, config: Mapping[str, Any], job: Mapping[str, Any]) -> None:
        """Run one job and post its result. Cancelled jobs post nothing, as the platform expects."""
        log.info("job_started job=%s", job["id"])
        worker = await self._service.worker()
        payload = job.get("input")
        if self._service.settings.stream_pages and isinstance(payload, Mapping):
            await self._stream(session, worker, job, payload)
            return
        progress = _Progress(session, job)
        reply = await worker.run(payload, progress=progress.say)
        await progress.end()
        limit = self._service.settings.reply_bytes(synchronous=str(job["id"]).startswith("sync-"))
        body = await asyncio.to_thread(fitting, reply, limit)
        await _post(session, rp_http.JOB_DONE_URL, job, await asyncio.to_thread(_as_result, body))
        log.info("job_done job=%s status=%s bytes=%d", job["id"], reply["status"], len(body))

    async def _stream(
        self, session: aiohttp.ClientSession, worker: Worker, job: Mapping[str, Any], payload: Mapping[str, Any]
    ) -> None:
        """Pages as they are done; the last chunk says how it ended. The final output repeats the last chunk only."""
        last: dict[str, Any] = {}
        async for chunk in worker.stream(payload):
            last = chunk
            body = await asyncio.to_thread(fitting, chunk, _CHUNK_BYTES)
            await _post(session, rp_http.JOB_STREAM_URL, job, b'{"output":' + body + b"}")
        done: dict[str, Any] = {"output": [last]}
        if last.get("error"):
            done = {"error": json.dumps(last["error"], ensure_ascii=False)}
        await _post(session, rp_http.JOB_DONE_URL, job, encoded(done), stream=True)


def _as_result(body: bytes) -> bytes:
    """A reply in the SDK's envelope: an error stands beside the output and marks the job as failed."""
    reply = json.loads(body)
    error = reply.pop("error", None)
    envelope: dict[str, Any] = {"output": reply}
    if error:
        envelope["error"] = json.dumps(error, ensure_ascii=False)
    return encoded(envelope)


async def _post(
    session: aiohttp.ClientSession, template: str, job: Mapping[str, Any], body: bytes, *, stream: bool = False
) -> None:
    """Post a result until it is taken. A refusal that no repetition will change becomes a small error instead."""
    url = template.replace("$ID", str(job["id"])) + f"&isStream={'true' if stream else 'false'}"
    session.headers["X-Request-ID"] = str(job["id"])
    for pause in _POST_PAUSES:
        await asyncio.sleep(pause)
        try:
            await rp_http._transmit(session, url, body)
            return
        except aiohttp.ClientResponseError as refusal:
            if refusal.status < 500 and refusal.status != 429:
                log.warning("result_refused job=%s status=%d bytes=%d", job["id"], refusal.status, len(body))
                if len(body) > 1000:
                    said = f"the platform refused the result (HTTP {refusal.status}, {len(body)} bytes)"
                    small = encoded({"error": json.dumps({"code": "delivery_failed", "message": said})})
                    await _post(session, template, job, small, stream=stream)
                return
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            log.warning("result_not_taken job=%s error=%s", job["id"], type(error).__name__)
    log.error("result_lost job=%s bytes=%d", job["id"], len(body))


class _Progress:
    """Progress updates: the newest only, a second apart, one at a time, none after the result."""

    def __init__(self, session: aiohttp.ClientSession, job: Mapping[str, Any]) -> None:
        self._session, self._job = session, job
        self._newest: Mapping[str, int] | None = None
        self._posting: asyncio.Task[None] | None = None
        self._last = time.monotonic()  # the first update waits too: short jobs need none

    async def say(self, done: Mapping[str, int]) -> None:
        self._newest = done
        idle = self._posting is None or self._posting.done()
        if idle and time.monotonic() - self._last >= _PROGRESS_SECONDS:
            self._last = time.monotonic()
            body = encoded({"status": "IN_PROGRESS", "output": self._newest})
            self._posting = asyncio.create_task(self._post(body))

    async def end(self) -> None:
        if self._posting is not None:
            await self._posting

    async def _post(self, body: bytes) -> None:
        url = rp_http.JOB_DONE_URL.replace("$ID", str(self._job["id"])) + "&isStream=false"
        try:
            async with self._session.post(url, data=body, timeout=aiohttp.ClientTimeout(total=10)) as response:
                await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError):
            log.info("progress_not_taken job=%s", self._job["id"])


class _Watchdog:
    """Ends the process when its event loop no longer turns.

    The SDK's heartbeat comes from a forked process and goes on whatever happens here, so the platform cannot tell.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._seen = time.monotonic()
        self._ended = threading.Event()
        self._turning: asyncio.Task[None] | None = None

    def __enter__(self) -> None:
        self._turning = asyncio.get_running_loop().create_task(self._turn())
        threading.Thread(target=self._watch, name="octavo-watchdog", daemon=True).start()

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        if self._turning is not None:
            self._turning.cancel()

    async def _turn(self) -> None:
        while True:
            self._seen = time.monotonic()
            await asyncio.sleep(1)

    def _watch(self) -> None:
        while not self._ended.wait(1):
            if time.monotonic() - self._seen > self._seconds:
                log.critical("event_loop_hung seconds=%d", self._seconds)
                faulthandler.dump_traceback(file=sys.stderr)
                os._exit(1)
