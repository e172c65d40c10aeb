"""A job queue on the loopback that speaks RunPod's wire protocol to the real SDK's worker loop.

Client side: run, status, cancel, with `client_key`. Worker side: job-take, job-take-batch, job-stop (long polls),
job-done, job-stream, ping. Tests submit with `submit`, cancel with `cancel`, and break things: `refuse` makes the next
result posts fail with a status (0: drops the connection). Everything that was posted is kept, to be looked at.
"""

import asyncio
import json
import uuid
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web

_RUN_BYTES = 10 << 20  # RunPod's limit for a job by /run
_STATUS = {"queued": "IN_QUEUE", "taken": "IN_PROGRESS", "cancelled": "CANCELLED"}


@dataclass
class Ticket:
    """One job as the queue sees it."""

    id: str
    input: Any
    beside: dict[str, Any] = field(default_factory=dict)
    state: str = "queued"  # queued, taken, done, cancelled
    posts: list[dict[str, Any]] = field(default_factory=list)  # final results, as posted
    progress: list[dict[str, Any]] = field(default_factory=list)
    late_progress: int = 0  # progress that came after the result
    chunks: list[Any] = field(default_factory=list)
    taken: asyncio.Event = field(default_factory=asyncio.Event)
    answered: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def output(self) -> Any:
        return self.posts[-1].get("output")

    @property
    def status(self) -> str:
        """What the platform makes of it: a result with an error is that of a failed job."""
        return "FAILED" if self.posts[-1].get("error") else "COMPLETED"

    @property
    def error(self) -> str | None:
        said: str | None = self.posts[-1].get("error")
        return said

    @property
    def code(self) -> str | None:
        """The code that the error begins with."""
        return self.error.partition("]")[0].removeprefix("[") if self.error else None


class LoopbackQueue:
    """`async with LoopbackQueue() as queue:` then start a worker with `queue.environment`."""

    def __init__(self, *, poll_seconds: float = 5.0, result_limit: int | None = None) -> None:
        self.client_key = "key-of-the-endpoint"
        self.tickets: dict[str, Ticket] = {}
        self.pings = 0
        self.unfit = 0  # pings of a worker that failed its fitness checks
        self.taken_at_once = 0
        self._waiting: deque[Ticket] = deque()
        self._news = asyncio.Condition()
        self._stops: list[str] = []
        self._spoilt: list[Any] = []
        self._refusals: deque[int] = deque()
        self._poll_seconds, self._result_limit = poll_seconds, result_limit
        self._runner: web.AppRunner | None = None
        self._port = 0

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=64 << 20)
        at = "/v2/endpoint"
        app.add_routes(
            [
                web.get(at + "/job-take/{pod}", self._take_one),
                web.get(at + "/job-take-batch/{pod}", self._take_many),
                web.get(at + "/job-stop/{pod}", self._stop),
                web.post(at + "/job-done/{pod}/{id}", self._done),
                web.post(at + "/job-stream/{pod}/{id}", self._chunk),
                web.get(at + "/ping/{pod}", self._ping),
                web.post(at + "/run", self._run),
                web.get(at + "/status/{id}", self._status),
                web.post(at + "/cancel/{id}", self._cancel),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def address(self) -> str:
        """The endpoint's, for clients."""
        return f"http://127.0.0.1:{self._port}/v2/endpoint"

    @property
    def environment(self) -> dict[str, str]:
        """What RunPod sets in a worker's container."""
        base = self.address
        return {
            "RUNPOD_WEBHOOK_GET_JOB": f"{base}/job-take/$ID?gpu=test",
            "RUNPOD_WEBHOOK_POST_OUTPUT": f"{base}/job-done/$RUNPOD_POD_ID/$ID?gpu=test",
            "RUNPOD_WEBHOOK_POST_STREAM": f"{base}/job-stream/$RUNPOD_POD_ID/$ID?gpu=test",
            "RUNPOD_WEBHOOK_PING": f"{base}/ping/$RUNPOD_POD_ID?gpu=test",
            "RUNPOD_PING_INTERVAL": "1000",
            "RUNPOD_AI_API_KEY": "key-that-must-not-leak",
            "RUNPOD_POD_ID": "pod",
            "RUNPOD_POD_HOSTNAME": "host-that-must-not-leak",
            "RUNPOD_ENDPOINT_ID": "endpoint",
            "RUNPOD_SKIP_AUTO_SYSTEM_CHECKS": "true",
            "RUNPOD_SKIP_GPU_CHECK": "true",
        }

    async def submit(self, input: Any = None, *, sync: bool = False, **beside: Any) -> Ticket:
        """A job; what is `beside` stands next to its input."""
        ticket = Ticket(("sync-" if sync else "") + uuid.uuid4().hex, input, beside)
        self.tickets[ticket.id] = ticket
        async with self._news:
            self._waiting.append(ticket)
            self._news.notify_all()
        return ticket

    def cancel(self, ticket: Ticket) -> None:
        ticket.state = "cancelled"
        self._stops.append(ticket.id)

    def spoil(self, jobs: list[Any]) -> None:
        """The next batch is this, which is no list of jobs."""
        self._spoilt.append(jobs)

    def refuse(self, *statuses: int) -> None:
        """The next result posts are answered with these."""
        self._refusals.extend(statuses)

    # --- client side, as RunPod's API answers ---------------------------------------------------------------------

    async def _run(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {self.client_key}":
            return web.Response(status=401)
        body = await request.read()
        if len(body) > _RUN_BYTES:
            return web.Response(status=413)
        job = json.loads(body)
        return self._said(await self.submit(job["input"]))

    async def _status(self, request: web.Request) -> web.Response:
        ticket = self.tickets.get(request.match_info["id"])
        return web.Response(status=404) if ticket is None else self._said(ticket)

    async def _cancel(self, request: web.Request) -> web.Response:
        ticket = self.tickets[request.match_info["id"]]
        self.cancel(ticket)
        return self._said(ticket)

    @staticmethod
    def _said(ticket: Ticket) -> web.Response:
        said: dict[str, Any] = {"id": ticket.id, "status": _STATUS.get(ticket.state) or ticket.status}
        if ticket.state == "done":
            said |= {key: ticket.posts[-1][key] for key in ("output", "error") if key in ticket.posts[-1]}
        return web.json_response(said)

    # --- worker side ---------------------------------------------------------------------------------------------

    async def _take(self, most: int) -> list[dict[str, Any]]:
        async with self._news:
            try:
                await asyncio.wait_for(self._news.wait_for(lambda: bool(self._waiting)), self._poll_seconds)
            except TimeoutError:
                return []
            taken = [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]
        for ticket in taken:
            ticket.state = "taken"
            ticket.taken.set()
        self.taken_at_once = max(self.taken_at_once, sum(t.state == "taken" for t in self.tickets.values()))
        return [{"id": ticket.id, "input": ticket.input, **ticket.beside} for ticket in taken]

    async def _take_one(self, request: web.Request) -> web.Response:
        jobs = await self._take(1)
        return web.json_response(jobs[0]) if jobs else web.Response(status=204)

    async def _take_many(self, request: web.Request) -> web.Response:
        if self._spoilt:
            return web.json_response(self._spoilt.pop())
        jobs = await self._take(int(request.query["batch_size"]))
        return web.json_response(jobs) if jobs else web.Response(status=204)

    async def _stop(self, request: web.Request) -> web.Response:
        for _ in range(int(self._poll_seconds / 0.05)):
            if self._stops:
                ids, self._stops = self._stops, []
                return web.json_response({"jobsToStop": ids})
            await asyncio.sleep(0.05)
        return web.Response(status=204)

    async def _done(self, request: web.Request) -> web.Response:
        body = await request.read()
        said = json.loads(body)
        ticket = self.tickets[request.match_info["id"]]
        if said.get("status") == "IN_PROGRESS":
            ticket.late_progress += bool(ticket.posts)
            ticket.progress.append(said["output"])
            return web.json_response({})
        if self._refusals:
            status = self._refusals.popleft()
            if status == 0:
                raise ConnectionResetError
            return web.Response(status=status)
        if self._result_limit is not None and len(body) > self._result_limit:
            return web.Response(status=400)
        ticket.posts.append(said)
        ticket.state = "done"
        ticket.answered.set()
        return web.json_response({})

    async def _chunk(self, request: web.Request) -> web.Response:
        self.tickets[request.match_info["id"]].chunks.append(json.loads(await request.read())["output"])
        return web.json_response({})

    async def _ping(self, request: web.Request) -> web.Response:
        self.pings += 1
        self.unfit += request.query.get("status") == "unhealthy"
        return web.json_response({})
