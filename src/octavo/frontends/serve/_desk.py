"""What the routes of one server share: the worker, the queue, the settings; and how a request becomes a job."""

import json
from contextlib import AbstractContextManager
from typing import Any

from fastapi import Request

from octavo.errors import OptionInvalid, SourceInvalid
from octavo.frontends._keys import Key
from octavo.frontends._watch import EngineWatch
from octavo.frontends.serve._answers import unless_gone
from octavo.frontends.serve._bodies import Body
from octavo.frontends.serve._gate import demand
from octavo.frontends.serve._metrics import Metrics
from octavo.frozen import frozen
from octavo.jobs.admission import Hold
from octavo.jobs.encoding import Reply
from octavo.jobs.entries import JobEntry
from octavo.jobs.queue import Asked, Queue
from octavo.jobs.worker import Call, Worker
from octavo.settings import ServeSettings, WorkerSettings

EVER = 10.0**9  # seconds


@frozen
class Desk:
    """Of one server."""

    worker: Worker
    queue: Queue
    watch: EngineWatch
    settings: WorkerSettings
    serve: ServeSettings
    metrics: Metrics

    def holding(self) -> AbstractContextManager[Hold]:
        """The request's bytes, as long as it takes to take its job in."""
        return self.worker.room.hold(self.serve.request_bytes)

    async def submitted(self, key: Key, body: Body, idempotency: str | None = None) -> JobEntry:
        """The job, taken in. Raises OctavoError."""
        webhook = None if body.webhook is None else _address(body.webhook)
        asked = Asked(key.name, _object(body.payload), body.s3_config, body.parts, idempotency, webhook)
        entry = await self.queue.submit(asked)
        if entry.cached:
            self.metrics.cached()
        return entry

    async def waited(self, request: Request, entry: JobEntry, seconds: float = EVER) -> JobEntry | None:
        """The job once it has ended, or as it is after so many seconds; None where the caller has gone, and it too."""
        entry_then = await unless_gone(request, self.queue.wait(entry.id, seconds))
        if entry_then is None:
            await self.queue.delete(entry)
        return entry_then

    async def at_once(self, request: Request, body: Body) -> Reply | None:
        """The reply to what is no job: a warm-up, a dry run. None where the caller has gone."""
        call = Call(body.payload, body.s3_config, warmup=body.warmup, parts=body.parts)
        return await unless_gone(request, self.worker.run(call))

    def is_no_job(self, body: Body) -> bool:
        """Raises OctavoError where what was sent is nothing at all."""
        job = self.worker.check(Call(body.payload, body.s3_config, warmup=body.warmup, parts=body.parts))
        return job.warmup or job.dry_run

    async def reply(self, entry: JobEntry) -> Reply:
        """What it came to; in zero-retention mode the job is gone then."""
        reply: Reply = json.loads(await self.reply_bytes(entry))
        return reply

    async def reply_bytes(self, entry: JobEntry) -> bytes:
        """The same, as JSON."""
        body = await self.queue.reply(entry)
        if self.serve.zero_retention:
            await self.queue.delete(entry)
        return body


def _object(payload: object) -> dict[str, Any]:
    if not isinstance(payload, dict):
        raise SourceInvalid("the job's input must be a JSON object")
    return payload


def _address(webhook: object) -> str:
    if not isinstance(webhook, str):
        raise OptionInvalid("webhook must be the address that is told")
    return webhook


def asked(request: Request) -> tuple[Desk, Key]:
    """The desk, and who asks it. Raises NotAllowed."""
    key: Key = request.state.key
    demand(key, "parse")
    desk: Desk = request.app.state.desk
    return desk, key


def owner(key: Key) -> str | None:
    """Whose jobs it sees: None for all."""
    return None if "admin" in key.scopes else key.name
