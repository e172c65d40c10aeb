"""The home of the RunPod SDK (1.12.0, pinned), whose variables are read when it is imported: import this late.

In the queue the loop is the SDK's: fitness checks, heartbeat, taking, cancelling. Three of its habits are replaced,
because they lose or delay jobs, as measured against a loopback queue: a full worker slept a second before it looked
again; a job that arrived after SIGTERM was neither run nor reported; a result that could not be posted in three
attempts was dropped, and one that could not be serialised left its job hanging. Its local modes are left as they are.
"""

import asyncio
import dataclasses
import logging
import os
import sys
import threading
import time
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import aclosing
from types import TracebackType
from typing import Any, Self, TypeVar

import aiohttp
import runpod
from runpod.serverless.modules import rp_http, rp_job, rp_scale

from octavo.errors import DeliveryFailed, EngineUnavailable
from octavo.frontends import _logs
from octavo.frontends._service import Service
from octavo.jobs.encoding import Reply, encoded, error_reply
from octavo.jobs.worker import Call, Worker
from octavo.settings import ErrorText

log = logging.getLogger(__name__)

T = TypeVar("T")

_LATE_TAKE_SECONDS = 0.5  # a job that is on the wire when SIGTERM comes is let in
_POST_PAUSES = (0.0, 1.0, 3.0, 5.0, 10.0, 20.0, 40.0, 60.0)  # before each attempt at delivering a result
_POST_SECONDS = 300.0  # of one attempt
_PROGRESS_SECONDS = 1.0  # progress is posted no oftener
_HUNG_SECONDS = 300.0  # an event loop that did not turn for so long will not turn again
_CHUNK_BYTES = 900_000  # RunPod splits a streamed chunk above 1 MB
_ENVELOPE_BYTES = 4_000  # what stands around a reply in a result


def start(service: Service, words: Sequence[str]) -> None:
    """What the SDK does with these words of a command line: the queue until SIGTERM, an HTTP server, one test job."""
    rp_scale.JobScaler = lambda config: _Scaler(config, service)
    runpod.serverless.register_fitness_check(service.check)
    sys.argv = [sys.argv[0], *words]  # where the SDK reads them
    concurrency = service.settings.concurrency
    runpod.serverless.start({"handler": service.handler, "concurrency_modifier": lambda _: concurrency})


class _Scaler(rp_scale.JobScaler):
    """The SDK's loop, with a take, a drain and a delivery that lose nothing."""

    def __init__(self, config: dict[str, Any], service: Service) -> None:
        super().__init__(config)
        self._service = service
        self._worker: Worker | None = None
        self._taken_all = asyncio.Event()
        self.jobs_handler = self._answer
        self.stop_signals_fetcher = self._stops

    async def run(self) -> None:
        with Watchdog(_HUNG_SECONDS):
            async with self._service.opened(end=self.kill_worker) as self._worker:
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
                if self._worker is not None:  # slow downloads hold no place; so many may wait beside the work
                    free += min(self._worker.fetching, self.current_concurrency)
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
        except Exception as error:  # noqa: BLE001  whatever the queue sends, taking goes on; the SDK raises bare ones
            log.warning("take_failed error=%s", type(error).__name__)
            return 1.0
        for job in jobs or ():
            if not isinstance(job, dict) or not isinstance(job.get("id"), str):
                log.warning("take_refused: a job without an id cannot be answered")
                continue
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
        name = str(job["id"])
        log.info("job_started job=%s", name)
        if self._worker is None:
            raise EngineUnavailable("the worker is not open")
        limit = self._service.settings.reply_bytes(synchronous=name.startswith("sync-")) - _ENVELOPE_BYTES
        call = Call.of(job, id=name, limit=limit)
        if self._worker.streams(call):
            await self._stream(session, self._worker, dataclasses.replace(call, limit=_CHUNK_BYTES))
            return
        async with _Progress(session, name) as progress:
            reply = await self._worker.run(call, progress=progress.say)
        text = self._service.settings.error_text
        await _deliver(session, name, await asyncio.to_thread(_as_result, reply), text)
        log.info("job_done job=%s status=%s", name, reply["status"])

    async def _stream(self, session: aiohttp.ClientSession, worker: Worker, call: Call) -> None:
        """Pages as they are done; the last chunk says how it ended. The final output repeats the last chunk only."""
        last: Reply = {}
        text = self._service.settings.error_text
        async with aclosing(worker.stream(call)) as chunks:
            async for last in chunks:
                refusal = await _post(session, rp_http.JOB_STREAM_URL, call.id, await asyncio.to_thread(_chunk, last))
                if refusal is not None:  # nobody takes what is still being read: it ends here
                    last = error_reply(refusal, text)
                    break
        await _deliver(session, call.id, _as_result(last, listed=True), text, stream=True)
        log.info("job_done job=%s status=%s", call.id, last["status"])


def _chunk(reply: Reply) -> bytes:
    return encoded({"output": reply})


def _as_result(reply: Reply, *, listed: bool = False) -> bytes:
    """What is posted: the error stands beside the output, where the SDK's own results have it, and the job failed."""
    output = {name: said for name, said in reply.items() if name != "error"}
    error = {"error": reply["error"]} if "error" in reply else {}
    return encoded({"output": [output] if listed else output} | error)


async def _deliver(
    session: aiohttp.ClientSession, job: str, body: bytes, text: ErrorText, *, stream: bool = False
) -> None:
    """Post a result; one that is refused becomes an error of a few bytes."""
    refusal = await _post(session, rp_http.JOB_DONE_URL, job, body, stream=stream)
    if refusal is not None:
        small = _as_result(error_reply(refusal, text), listed=stream)
        if len(small) < len(body):
            await _post(session, rp_http.JOB_DONE_URL, job, small, stream=stream)


async def _post(
    session: aiohttp.ClientSession, template: str, job: str, body: bytes, *, stream: bool = False
) -> DeliveryFailed | None:
    """Post until it is taken. What was said where it is refused, and repeating would not help."""
    url = template.replace("$ID", job) + f"&isStream={'true' if stream else 'false'}"
    headers = {"charset": "utf-8", "Content-Type": "application/x-www-form-urlencoded", "X-Request-ID": job}
    for pause in _POST_PAUSES:
        await asyncio.sleep(pause)
        timeout = aiohttp.ClientTimeout(total=_POST_SECONDS)
        try:
            async with session.post(url, data=body, headers=headers, timeout=timeout) as response:
                await response.read()
                status = response.status
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            log.warning("result_not_taken job=%s error=%s", job, type(error).__name__)
            continue
        if status < 400:
            return None
        log.warning("result_not_taken job=%s status=%d bytes=%d", job, status, len(body))
        if status < 500 and status != 429:
            return DeliveryFailed(f"the platform refused the result (HTTP {status}, {len(body)} bytes)")
    log.error("result_lost job=%s bytes=%d", job, len(body))
    return None


class _Progress:
    """Progress updates: the newest only, a second apart, one at a time, none after the result."""

    def __init__(self, session: aiohttp.ClientSession, job: str) -> None:
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

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._posting is not None:
            if kind is not None:
                self._posting.cancel()
            await asyncio.gather(self._posting, return_exceptions=True)

    async def _post(self, body: bytes) -> None:
        url = rp_http.JOB_DONE_URL.replace("$ID", self._job) + "&isStream=false"
        try:
            async with self._session.post(url, data=body, timeout=aiohttp.ClientTimeout(total=10)) as response:
                await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError):
            log.info("progress_not_taken job=%s", self._job)


class Watchdog:
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
                stuck = sys._current_frames().get(threading.main_thread().ident or 0)
                log.critical("event_loop_hung seconds=%d at=%s", self._seconds, _logs.place_of(stuck))
                os._exit(1)
