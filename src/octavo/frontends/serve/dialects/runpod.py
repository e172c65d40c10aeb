"""RunPod's endpoints: `/v2/ENDPOINT/run`, `runsync`, `status`, `stream`, `cancel`, `health`, as its SDK's client asks.

`runpod.endpoint_url_base = "http://this-server:8000/v2"`; whatever the endpoint is called, it is this server. What is
wrong with a job is heard when its status is asked for, as there.
"""

import asyncio
import json
import time
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from octavo.errors import OctavoError, Overloaded
from octavo.frontends._keys import Key
from octavo.frontends.serve._answers import JSON
from octavo.frontends.serve._bodies import Body, json_in
from octavo.frontends.serve._desk import Desk, asked, owner
from octavo.frontends.serve._schema import EXAMPLE_URL, failures
from octavo.frontends.serve.dialects import _shared
from octavo.jobs.encoding import encoded
from octavo.jobs.entries import JobEntry, JobStatus
from octavo.jobs.queue import Asked


async def _any(endpoint: Annotated[str, Path(description="Whatever its client calls it.")]) -> str:
    return endpoint


router = APIRouter(prefix="/v2/{endpoint}", tags=["RunPod endpoint"], dependencies=[Depends(_any)])

_STATUS = {
    JobStatus.QUEUED: "IN_QUEUE",
    JobStatus.RUNNING: "IN_PROGRESS",
    JobStatus.SUCCESS: "COMPLETED",
    JobStatus.PARTIAL: "COMPLETED",
    JobStatus.ERROR: "FAILED",
    JobStatus.CANCELLED: "CANCELLED",
}
_KNOWN = ("input", "s3Config", "webhook", "id")
_WAIT_MS = 90_000  # of runsync, as RunPod documents it
_STREAM_SECONDS = 1.0  # how long a stream's poll waits for a page

Job = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["input"],
                    "properties": {"input": {"$ref": "#/components/schemas/Job"}, "webhook": {"type": "string"}},
                    "example": {"input": {"source_url": EXAMPLE_URL}},
                }
            }
        },
    }
}
_SAID: dict[int | str, dict[str, Any]] = {200: {"model": dict[str, Any]}, **failures(404, 422, 429)}


@router.post("/run", openapi_extra=_BODY, responses=_SAID)
async def run(request: Request) -> Response:
    """Take a job in."""
    desk, key = asked(request)
    return _answer({"id": (entry := await _taken(request, desk, key)).id, "status": _STATUS[entry.status]})


@router.post("/runsync", openapi_extra=_BODY, responses={**_SAID, 204: {"description": "The caller has gone."}})
async def runsync(request: Request, wait: Annotated[int, Query(ge=1000, le=300_000)] = _WAIT_MS) -> Response:
    """Take a job in and wait for it, `wait` milliseconds at most."""
    desk, key = asked(request)
    entry = await desk.waited(request, await _taken(request, desk, key), wait / 1000)
    return Response(status_code=204) if entry is None else _answer(await _state(desk, entry))


@router.get("/status/{job}", responses=_SAID)
@router.post("/status/{job}", responses=_SAID)
async def status(request: Request, job: Job) -> Response:
    """How far a job is, and its output once it has ended."""
    desk, key = asked(request)
    return _answer(await _state(desk, await desk.queue.job(job, owner(key))))


@router.get("/stream/{job}", responses=_SAID)
@router.post("/stream/{job}", responses=_SAID)
async def stream(request: Request, job: Job) -> Response:
    """Pages that are done and were not given yet; when all were, how the job ended."""
    desk, key = asked(request)
    entry = await desk.queue.job(job, owner(key))
    given = int(await desk.queue.noted(entry) or 0)
    deadline = time.monotonic() + _STREAM_SECONDS
    while True:
        pages = (await _shared.page_texts(desk, entry))[given:]
        if pages or entry.ended is not None or time.monotonic() > deadline:
            break
        await asyncio.sleep(0.1)
        entry = await desk.queue.job(job, owner(key))
    if pages:
        await desk.queue.note(entry, str(given + len(pages)).encode())
    return _answer({"status": _STATUS[entry.status], "stream": [{"output": page} for page in pages]})


@router.post("/cancel/{job}", responses=_SAID)
async def cancel(request: Request, job: Job) -> Response:
    """End a job."""
    desk, key = asked(request)
    entry = await desk.queue.cancel(await desk.queue.job(job, owner(key)))
    return _answer({"id": entry.id, "status": _STATUS[entry.status]})


@router.get("/health", responses=_SAID)
async def health(request: Request) -> Response:
    """Jobs and workers; this server counts as one worker."""
    desk, _ = asked(request)
    load = await desk.queue.load()
    jobs = desk.metrics.counted() | {"inProgress": load.running, "inQueue": load.queued, "retried": 0}
    ready = int(desk.watch.ready)
    workers = {"idle": int(ready and not load.running), "initializing": 1 - ready, "ready": ready}
    busy = {"running": int(bool(load.running)), "throttled": 0, "unhealthy": 0}
    return _answer({"jobs": jobs, "workers": workers | busy})


async def _taken(request: Request, desk: Desk, key: Key) -> JobEntry:
    """Raises Overloaded, and OctavoError where not even a job was sent."""
    with desk.holding() as held:
        sent = _shared.an_object(await json_in(request, held, desk.serve))
        _shared.refuse_others(sent, _KNOWN, "RunPod")
        body = Body(sent.get("input"), sent.get("s3Config"), webhook=sent.get("webhook"))
        try:
            return await desk.submitted(key, body)
        except Overloaded:
            raise
        except OctavoError as error:
            return await desk.queue.refuse(Asked(key.name, {}), error)


async def _state(desk: Desk, entry: JobEntry) -> dict[str, Any]:
    said: dict[str, Any] = {"id": entry.id, "status": _STATUS[entry.status]}
    now = time.time()
    began = entry.started or entry.ended or now
    said["delayTime"] = round((began - entry.created) * 1000)
    if entry.started is not None:
        said["executionTime"] = round(((entry.ended or now) - entry.started) * 1000)
    if entry.status is JobStatus.RUNNING:
        said["output"] = {"pages_done": entry.done, "pages_selected": entry.pages}
    elif entry.ended is not None:
        reply = json.loads(await desk.reply_bytes(entry))
        reply.pop("id", None)
        error = reply.pop("error", None)
        said |= {"output": reply, "workerId": "octavo"} | ({} if error is None else {"error": error})
    return said


def _answer(said: dict[str, Any]) -> Response:
    return Response(encoded(said), media_type=JSON)
