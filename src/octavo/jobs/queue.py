"""Jobs that are asked for now and answered later: taken in within limits, fetched, read in a fair order, kept a while.

What happens to a job, in this order: its source is fetched, which takes no place; it waits for its turn (`store` says
whose that is); it is read by the worker, as a job that came any other way; its pages, files and reply are kept until
they are old, too many, or deleted. A job that was read before is answered from that.

Ends of a job are kept by the store, so that a queue may be killed at any time: another on the same folder, or the next
one, goes on with the pages that were done.
"""

import asyncio
import contextlib
import json
import logging
import random
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import field
from functools import partial
from typing import Any, TypeAlias, TypeVar

from octavo import guarded_http, telemetry
from octavo.document import Artifact, Page
from octavo.errors import JobNotOver, JobUnknown, OctavoError, OptionInvalid, Overloaded, ResourcesExhausted
from octavo.frozen import frozen
from octavo.jobs import webhooks
from octavo.jobs.contract import SOURCE_KEYS
from octavo.jobs.encoding import Reply, encoded, error_reply
from octavo.jobs.entries import Event, JobEntry, JobStatus, Limits, Load, New
from octavo.jobs.pages_before import Shelf
from octavo.jobs.store import REPLY, JobStore
from octavo.jobs.worker import Arrived, Call, Worker
from octavo.settings import ServeSettings

log = logging.getLogger(__name__)

T = TypeVar("T")
Seen: TypeAlias = Callable[[JobEntry, Page], None]
Ended: TypeAlias = Callable[[JobEntry, Reply], None]

FILES = "files/"
PAGES = "pages/"
_SOURCE = "source/"
_NOTE = "note"
_HERE = "here"  # what stands in a payload for bytes that lie in the store's files
_LOOK_SECONDS = 0.5  # how soon what another server did is seen
_TIDY_SECONDS = 30.0
_HOOKS_SECONDS = 2.0  # how soon it is looked for those to be told again
_NO_ROOM_SECONDS = 1.0  # before a job is tried again that the worker had no room for
_LONGEST_WAIT = 600  # seconds: the most that a caller who is turned away is told to wait


@frozen
class Asked:
    """A job as it came in at a front end."""

    owner: str
    payload: Mapping[str, Any]  # its `input`
    s3_config: object = None
    parts: tuple[bytes, ...] = field(default=(), repr=False)  # its source, where it did not come within the payload
    idempotency: str | None = None
    webhook: str | None = None
    trace: str | None = None  # the `traceparent` of who asked, where that is over


@frozen
class _InWork:
    """A job that is fetched or read here."""

    working: "asyncio.Task[None]"
    ending: "asyncio.Task[None]"  # done once nothing of it runs and the store knows


class Queue:
    """See the module's own words. For one event loop; `opened` gives one."""

    def __init__(self, store: JobStore, worker: Worker, settings: ServeSettings, *, places: int, fetching: int) -> None:
        self._store, self._worker, self._settings = store, worker, settings
        self._places, self._fetching = places, fetching
        self._limits = Limits(
            settings.queue_jobs, settings.queue_bytes, settings.key_jobs, settings.key_bytes, settings.key_pages
        )
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="octavo-store")
        self._changed = asyncio.Condition()
        self._mine: dict[str, _InWork] = {}  # jobs that are fetched or read here
        self._long: set[str] = set()  # of those, the long ones that are read
        self._wishes: dict[str, str] = {}  # of those that were cancelled, why
        self._pace = 0.0  # pages a second, lately
        self._read: list[float] = []  # when the last pages were done
        self.on_page: Seen = lambda entry, page: None
        self.on_end: Ended = lambda entry, reply: None
        self.closing = asyncio.Event()

    # --- taking in -----------------------------------------------------------------------------------------------

    async def submit(self, asked: Asked) -> JobEntry:
        """Take a job in. Raises OctavoError: what is wrong with it as far as that can be said now, or Overloaded."""
        name = uuid.uuid4().hex
        call = Call(asked.payload, asked.s3_config, name, parts=asked.parts)
        job = self._worker.check(call)
        self._refuse_webhook(asked.webhook)
        if job.warmup or job.dry_run:
            raise OptionInvalid("warmup and dry_run are answered at once: they are no jobs")
        new = New(
            name,
            asked.owner,
            self._kept(asked, inline=()),
            idempotency=asked.idempotency,
            webhook=asked.webhook,
        )
        if not asked.parts and job.source_key is not None and job.source_key.endswith(("url", "urls")):
            entry = await self._do(self._store.admit, new, self._limits)
            await self._tell()
            return entry
        arrived = await self._worker.arrive(call)
        new = await self._stored(new, arrived, self._kept(asked, inline=arrived.parts))
        try:
            entry = await self._do(partial(self._store.admit, new, self._limits, held=True))
        except BaseException:
            await self._do(self._store.files.remove, name)
            raise
        if entry.id != name:  # it had come before, under the same idempotency key
            await self._do(self._store.files.remove, name)
            return entry
        return await self._answered_or_waiting(entry, arrived)

    def _refuse_webhook(self, address: str | None) -> None:
        """Raises OptionInvalid, SourceInvalid, AddressRefused where it cannot be told, or must not."""
        if address is None:
            return
        if self._settings.webhook_secret is None:
            raise OptionInvalid("webhook: this server signs none (webhook_secret)")
        guarded_http.parsed_url(address, allow_private=self._worker.allow_private)

    @staticmethod
    def _kept(asked: Asked, inline: tuple[bytes, ...]) -> Mapping[str, Any]:
        """What of a job is written down: all but the bytes that lie beside it."""
        payload = dict(asked.payload)
        if inline:
            for key in SOURCE_KEYS:
                if isinstance(payload.get(key), list):
                    payload[key] = [_HERE] * len(payload[key])
                elif payload.get(key) and "base64" in key:
                    payload[key] = _HERE
        trace = asked.trace or telemetry.traceparent()
        beside = {"s3Config": asked.s3_config, "trace": trace}
        return {"input": payload} | {key: value for key, value in beside.items() if value}

    async def _stored(self, new: New, arrived: Arrived, payload: Mapping[str, Any]) -> New:
        """The job with its source in the store's files."""
        for number, part in enumerate(arrived.parts):
            await self._do(self._store.files.write, new.id, f"{_SOURCE}{number}", part)
        return New(
            new.id,
            new.owner,
            {**payload, "said": dict(arrived.said)},
            len(arrived.parts),
            sum(map(len, arrived.parts)),
            arrived.pages,
            arrived.digest,
            arrived.reading,
            new.idempotency,
            new.webhook,
        )

    async def _answered_or_waiting(self, entry: JobEntry, arrived: Arrived) -> JobEntry:
        """A job that this server has just taken in: ended where its question was answered before, else in the queue."""
        if not await self._answered(entry, arrived):
            await self._do(self._store.release, entry.id)
        await self._tell()
        return await self.job(entry.id, None)

    async def _answered(self, entry: JobEntry, arrived: Arrived) -> bool:
        if not self._settings.cache or arrived.digest is None:
            return False
        known = await self._do(self._store.answered_before, arrived.digest, entry.owner)
        before = None if known is None else await self._do(self._store.files.read, known.id, REPLY)
        if known is None or before is None:
            return False
        reply = json.loads(before.replace(_link(known.id).encode(), _link(entry.id).encode()))
        reply |= {"id": entry.id, "cached": True, "result": reply["result"] | dict(arrived.said)}
        body = await asyncio.to_thread(encoded, reply)
        log.info("job_done job=%s status=%s cached=1", entry.id, known.status.value)
        return await self._do(self._store.answer_from, entry.id, known, body, (FILES, PAGES))

    def come_again_seconds(self, load: Load) -> int:
        """When one who is turned away may find room: half of what waits is read by then, at the pace of late."""
        return max(1, min(_LONGEST_WAIT, round(load.pages / self._pace / 2))) if self._pace else 5

    # --- asking --------------------------------------------------------------------------------------------------

    async def job(self, name: str, owner: str | None) -> JobEntry:
        """A job of this key; of any where None is given. Raises JobUnknown."""
        found = await self._do(self._store.job, name, owner)
        if found is None:
            raise JobUnknown("there is no such job: never was, was deleted, or was kept long enough")
        return found

    async def jobs(self, owner: str | None, before: int | None, most: int) -> list[JobEntry]:
        return await self._do(self._store.jobs, owner, before, most)

    async def ahead_of(self, entry: JobEntry) -> int:
        return await self._do(self._store.ahead_of, entry)

    async def load(self) -> Load:
        return await self._do(self._store.load)

    async def reply(self, entry: JobEntry) -> bytes:
        """What a job that ended came to, as JSON. Raises JobNotOver."""
        if entry.ended is None:
            raise JobNotOver("the job has not ended yet")
        reply = await self._do(self._store.files.read, entry.id, REPLY)
        if reply is None:
            said = {"status": "error", "error_details": entry.error}
            return encoded(
                said | {"error": f"[{(entry.error or {}).get('code')}] {(entry.error or {}).get('message')}"}
            )
        return reply

    async def files(self, entry: JobEntry, beginning: str) -> list[str]:
        """Names of what is there, without the beginning."""
        names = await self._do(self._store.files.names, entry.id, beginning)
        return [name.removeprefix(beginning) for name in names]

    async def file(self, entry: JobEntry, beginning: str, name: str) -> bytes:
        """Raises JobUnknown."""
        there = await self.files(entry, beginning)
        data = await self._do(self._store.files.read, entry.id, beginning + name) if name in there else None
        if data is None:
            raise JobUnknown("the job has no such page or file")
        return data

    async def note(self, entry: JobEntry, note: bytes) -> None:
        """Keep something with a job that its front end has to know again; it goes with the job."""
        await self._do(self._store.files.write, entry.id, _NOTE, note)

    async def noted(self, entry: JobEntry) -> bytes | None:
        return await self._do(self._store.files.read, entry.id, _NOTE)

    async def refuse(self, asked: Asked, error: OctavoError) -> JobEntry:
        """A job that has failed, for callers who hear of errors only when they ask for it. Raises Overloaded."""
        new = New(uuid.uuid4().hex, asked.owner, {}, parts=0, idempotency=asked.idempotency, webhook=asked.webhook)
        entry = await self._do(partial(self._store.admit, new, self._limits, held=True))
        await self._finish(entry, error_reply(error))
        return await self.job(entry.id, None)

    async def wait(self, name: str, seconds: float) -> JobEntry:
        """The job once it has ended, or as it is after so many seconds. Raises JobUnknown."""
        entry = await self.job(name, None)
        deadline = time.monotonic() + seconds
        while entry.ended is None and (left := deadline - time.monotonic()) > 0 and not self.closing.is_set():
            await self._until_changed(min(left, _LOOK_SECONDS))
            entry = await self.job(name, None)
        return entry

    async def events(self, entry: JobEntry, after: int) -> AsyncGenerator[Event | None]:
        """What happened after the event of this number, then what happens, to the job's end; None while nothing does.

        Raises JobUnknown where it is deleted meanwhile.
        """
        while not self.closing.is_set():
            ended = entry.ended is not None
            for event in await self._do(self._store.events, entry.id, after):
                after = event.number
                yield event
            if ended:
                return
            await self._until_changed(_LOOK_SECONDS)
            entry = await self.job(entry.id, None)
            yield None

    # --- ending --------------------------------------------------------------------------------------------------

    async def cancel(self, entry: JobEntry) -> JobEntry:
        """End a job that has not ended; nothing of it runs once it says so, here or at another server."""
        await self._wish(entry, "cancel")
        return await self.job(entry.id, None)

    async def delete(self, entry: JobEntry) -> None:
        """Remove every trace of a job; where another server reads it, as soon as that one sees it."""
        await self._wish(entry, "delete")

    async def _wish(self, entry: JobEntry, wish: str) -> None:
        await self._do(self._store.wish, entry.id, wish)
        if (mine := self._mine.get(entry.id)) is not None:
            self._wishes[entry.id] = wish
            mine.working.cancel()
            await asyncio.wait({mine.ending})
        elif entry.ended is None and entry.reading is not None:
            await asyncio.to_thread(self._worker.forget, entry.reading)
        await self._tell()

    # --- working -------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Jobs are fetched and read meanwhile; what is not done at the end is given back, with its pages."""
        loops = [asyncio.create_task(loop()) for loop in self._loops]
        try:
            yield
        finally:
            self.closing.set()
            await self._tell()
            self._worker.elsewhere |= self._mine.keys()
            mine = list(self._mine.values())
            for task in (*loops, *(job.working for job in mine)):
                task.cancel()
            await asyncio.gather(*loops, *(job.ending for job in mine), return_exceptions=True)
            await self._do(self._store.close)
            self._thread.shutdown()

    @property
    def _loops(self) -> tuple[Callable[[], Coroutine[Any, Any, None]], ...]:
        return self._fetch_loop, self._read_loop, self._keep_loop, self._tell_loop

    async def _tell_loop(self) -> None:
        """Tell addresses of jobs that have ended, one after the other."""
        while True:
            hook = None if self._settings.webhook_secret is None else await self._do(self._store.claim_hook)
            if hook is None or self._settings.webhook_secret is None:
                await self._until_changed(_HOOKS_SECONDS)
                continue
            entry, tries = hook
            secret, now = self._settings.webhook_secret.get_secret_value(), int(time.time())
            heard = await webhooks.tell(entry, secret, now, allow_private=self._worker.allow_private)
            await self._do(self._store.hook_told, entry.id, None if heard else webhooks.again_in(tries + 1))

    async def _fetch_loop(self) -> None:
        fetching: set[asyncio.Task[None]] = set()
        while True:
            if len(fetching) < self._fetching and (entry := await self._do(self._store.claim_to_fetch)) is not None:
                task = self._begun(entry, self._fetch(entry))
                fetching.add(task)
                task.add_done_callback(fetching.discard)
            else:
                await self._until_changed(_LOOK_SECONDS)

    async def _read_loop(self) -> None:
        reading: set[asyncio.Task[None]] = set()
        while True:
            long_too = self._places == 1 or len(self._long) < self._places - 1
            claim = partial(self._store.claim, short=self._settings.short_pages, long_too=long_too)
            if len(reading) < self._places and (entry := await self._do(claim)) is not None:
                if (entry.pages or 0) > self._settings.short_pages:
                    self._long.add(entry.id)
                task = self._begun(entry, self._read_job(entry))
                reading.add(task)
                task.add_done_callback(reading.discard)
            else:
                await self._until_changed(_LOOK_SECONDS)

    def _begun(self, entry: JobEntry, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """The job in work; the task that is returned ends with it. It is seen to by another task than its own, for one
        that is cancelled before its first step runs none of its lines."""
        working = asyncio.create_task(work)

        async def to_its_end() -> None:
            await asyncio.wait({working})
            try:
                if working.cancelled():
                    await self._stopped(entry)
                elif (error := working.exception()) is not None:
                    log.error("job_failed_here job=%s error=%s", entry.id, type(error).__name__)
                    await self._finish(
                        entry, error_reply(OctavoError("the job failed unexpectedly; the log says more"))
                    )
            finally:
                self._mine.pop(entry.id, None)
                self._long.discard(entry.id)
                self._worker.elsewhere.discard(entry.id)
                await self._tell()

        ending = asyncio.create_task(to_its_end())
        self._mine[entry.id] = _InWork(working, ending)
        return ending

    async def _stopped(self, entry: JobEntry) -> None:
        """Nothing of the job runs any more, because somebody wished so, its lease is another's, or the queue ends."""
        match self._wishes.pop(entry.id, None):
            case "cancel":
                await self._do(self._store.cancelled, entry.id)
                log.info("job_done job=%s status=cancelled", entry.id)
            case "delete":
                await self._do(self._store.forget, entry.id)
                log.info("job_deleted job=%s", entry.id)
            case _:
                await self._do(self._store.release, entry.id)

    async def _fetch(self, entry: JobEntry) -> None:
        payload = entry.payload
        asked = Asked(entry.owner, payload["input"], payload.get("s3Config"), trace=payload.get("trace"))
        try:
            with telemetry.span("arrive", asked.trace, job=entry.id):
                arrived = await self._worker.arrive(Call(asked.payload, asked.s3_config, entry.id))
            new = New(entry.id, entry.owner, {}, idempotency=None, webhook=entry.webhook)
            new = await self._stored(new, arrived, self._kept(asked, inline=arrived.parts))
            there = await self._do(self._store.arrived, entry.id, new, self._limits)
        except TimeoutError:
            error: OctavoError = Overloaded("the source did not arrive within the job's time (job_seconds)")
            await self._finish(entry, error_reply(error))
        except OctavoError as error:
            await self._finish(entry, error_reply(error))
        else:
            if there:
                await self._answered_or_waiting(entry, arrived)

    async def _read_job(self, entry: JobEntry) -> None:
        log.info("job_started job=%s pages=%s attempt=%d", entry.id, entry.pages, entry.attempts)
        parts = [await self._do(self._store.files.read, entry.id, f"{_SOURCE}{n}") for n in range(entry.parts or 0)]
        done = 0

        async def on_page(page: Page, said: Reply) -> None:
            nonlocal done
            done += 1
            body = await asyncio.to_thread(encoded, said)
            data = {"url": f"{_link(entry.id)}/pages/{page.number + 1}", "problems": len(said["problems"])}
            await self._do(self._store.page_done, entry.id, page.number + 1, body, data, done)
            self._at_pace()
            self.on_page(entry, page)
            await self._tell()

        async def keep(file: Artifact) -> Mapping[str, str]:
            await self._do(self._store.files.write, entry.id, FILES + file.name, file.data)
            return {"url": f"{_link(entry.id)}/artifacts/{file.name}"}

        async def put(name: str, data: bytes) -> None:
            with contextlib.suppress(ResourcesExhausted):  # a full disk costs the next job time, no result
                await self._do(self._store.keep_seen, entry.id, entry.owner, name, data)

        call = Call(
            entry.payload["input"],
            entry.payload.get("s3Config"),
            entry.id,
            parts=tuple(part for part in parts if part is not None),
            keep=keep,
            shelf=Shelf(partial(self._do, self._store.seen, entry.owner), put) if self._settings.cache else None,
            trace=entry.payload.get("trace"),
        )
        reply = await self._worker.run(call, on_page=on_page)
        if reply.get("error_details", {}).get("code") == Overloaded.code:  # beside /parse, which shares the worker
            await asyncio.sleep(_NO_ROOM_SECONDS)
            await self._do(self._store.release, entry.id)
            return
        await self._finish(entry, reply)

    async def _finish(self, entry: JobEntry, reply: Reply) -> None:
        status = JobStatus(reply["status"])
        body = await asyncio.to_thread(encoded, reply | {"id": entry.id})
        if await self._do(self._store.finish, entry.id, status, body, reply.get("error_details")):
            log.info("job_done job=%s status=%s", entry.id, status.value)
            self.on_end(entry, reply)

    async def _keep_loop(self) -> None:
        """Renew what is held, hear what others wish, forget what is old."""
        tidied, every = 0.0, min(_LOOK_SECONDS, self._settings.lease_seconds / 4)
        while True:
            mine = dict(self._mine)  # before: what is taken meanwhile is not among what is renewed
            held = await self._do(self._store.renew)
            await self._do(self._store.bury)
            for name, job in mine.items():
                if name not in held:
                    self._worker.elsewhere.add(name)
                    job.working.cancel()  # its lease had ended, and it is another's; or it has just ended itself
                elif wish := held[name]:
                    self._wishes[name] = wish
                    job.working.cancel()
            if time.monotonic() - tidied > _TIDY_SECONDS:
                tidied = time.monotonic()
                tidy = partial(self._store.tidy, self._settings.retention_seconds, self._settings.kept_bytes)
                await self._do(tidy)
            await asyncio.sleep(every * random.uniform(0.8, 1))  # noqa: S311  so that servers do not look in step

    # --- inside --------------------------------------------------------------------------------------------------

    async def _do(self, work: Callable[..., T], *arguments: Any) -> T:
        """Work of the store, in its thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, partial(work, *arguments))

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def _until_changed(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds), self._changed:
                await self._changed.wait()

    def _at_pace(self) -> None:
        now = time.monotonic()
        self._read = [*self._read[-63:], now]
        spent = now - self._read[0]
        self._pace = (len(self._read) - 1) / spent if spent > 0 else 0.0


def _link(name: str) -> str:
    return f"/v1/jobs/{name}"
