"""Octavo's own routes: a document and its result, or a job that is asked about later."""

import asyncio
import mimetypes
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Request, Response
from fastapi.responses import StreamingResponse

from octavo.errors import RequestInvalid
from octavo.frontends.serve import _schema as said
from octavo.frontends.serve._answers import JSON, answer, headers_of, status_of
from octavo.frontends.serve._bodies import job_in
from octavo.frontends.serve._desk import Desk, asked, owner
from octavo.frontends.serve._schema import JOB_BODY, JobSaid, PagesSaid, failures
from octavo.jobs.encoding import encoded
from octavo.jobs.entries import Event, JobEntry, JobStatus
from octavo.jobs.queue import FILES, PAGES

router = APIRouter(prefix="/v1", tags=["Octavo"])

_ALIVE_SECONDS = 15.0  # a stream in which nothing happens says so, or a proxy takes it for dead
_LONGEST_KEY = 200

ID = r"^[0-9a-f]{32}$"
Id = Annotated[str, Path(pattern=ID, description="The job's.")]
Idempotency = Annotated[
    str | None,
    Header(alias="Idempotency-Key", max_length=_LONGEST_KEY, description="The same job when it is sent again."),
]


@router.post(
    "/parse",
    openapi_extra=JOB_BODY,
    responses={
        200: {"model": said.Reply},
        202: {"model": JobSaid, "description": "It takes longer: ask for the job."},
        204: {"description": "The caller has gone."},
        **failures(422, 429, 500, 502),
    },
)
async def parse(
    request: Request,
    wait: Annotated[
        float | None, Query(ge=0, description="Seconds to wait, at most the server's sync_seconds.")
    ] = None,
) -> Response:
    """Read a document: the result, or the job where it takes longer than `sync_seconds`."""
    desk, key = asked(request)
    with desk.holding() as held:
        body = await job_in(request, held, desk.serve)
        if desk.is_no_job(body):
            reply = await desk.at_once(request, body)
            return Response(status_code=204) if reply is None else await answer(reply)
        entry = await desk.submitted(key, body)
    del body  # its bytes are the store's now
    seconds = desk.serve.sync_seconds if wait is None else min(wait, desk.serve.sync_seconds)
    waited = await desk.waited(request, entry, seconds)
    if waited is None:
        return Response(status_code=204)
    if waited.ended is None:
        return await _job_answer(desk, waited, 202)
    return await _result(desk, waited)


@router.post(
    "/jobs",
    status_code=202,
    openapi_extra=JOB_BODY,
    responses={202: {"model": JobSaid}, **failures(422, 429, 500, 502)},
)
async def submit(request: Request, idempotency: Idempotency = None) -> Response:
    """Take a job in, to be asked about later. `webhook` beside its keys: an address that is told when it has ended."""
    desk, key = asked(request)
    with desk.holding() as held:
        entry = await desk.submitted(key, await job_in(request, held, desk.serve), idempotency)
    return await _job_answer(desk, entry, 202)


@router.get("/jobs", responses={200: {"model": said.JobsSaid}, **failures(422)})
async def jobs(
    request: Request,
    before: Annotated[int | None, Query(ge=0, le=1 << 62, description="`next` of an earlier answer.")] = None,
    most: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """The newest jobs of this key; of all keys with the scope admin."""
    desk, key = asked(request)
    found = await desk.queue.jobs(owner(key), before, most)
    listed = [_said(entry, None).model_dump(mode="json") for entry in found]
    return Response(
        encoded({"jobs": listed, "next": found[-1].number if len(found) == most else None}), media_type=JSON
    )


@router.get("/jobs/{job}", responses={200: {"model": JobSaid}, **failures(404, 422)})
async def job(request: Request, job: Id) -> Response:
    """How far a job is."""
    desk, key = asked(request)
    return await _job_answer(desk, await desk.queue.job(job, owner(key)), 200)


@router.get("/jobs/{job}/result", responses={200: {"model": said.Reply}, **failures(404, 409, 422, 429, 500, 502)})
async def result(request: Request, job: Id) -> Response:
    """What a job came to, with the status that fits."""
    desk, key = asked(request)
    return await _result(desk, await desk.queue.job(job, owner(key)))


@router.get("/jobs/{job}/pages", responses={200: {"model": said.PageList}, **failures(404, 422)})
async def pages(request: Request, job: Id) -> Response:
    """Pages that are done, also while the job runs."""
    desk, key = asked(request)
    names = await desk.queue.files(await desk.queue.job(job, owner(key)), PAGES)
    return Response(encoded({"pages": sorted(int(name.partition(".")[0]) for name in names)}), media_type=JSON)


@router.get("/jobs/{job}/pages/{page}", responses={200: {"model": said.PageSaid}, **failures(404, 422)})
async def page(request: Request, job: Id, page: Annotated[int, Path(ge=1, description="From 1.")]) -> Response:
    """One page: its regions and its Markdown."""
    desk, key = asked(request)
    entry = await desk.queue.job(job, owner(key))
    return Response(await desk.queue.file(entry, PAGES, f"{page}.json"), media_type=JSON)


@router.get("/jobs/{job}/artifacts", responses={200: {"model": said.FileList}, **failures(404, 422)})
async def artifacts(request: Request, job: Id) -> Response:
    """Files of the result: Markdown, JSON, and what `formats` and the picture keys asked for."""
    desk, key = asked(request)
    entry = await desk.queue.job(job, owner(key))
    names = await desk.queue.files(entry, FILES)
    listed = [{"name": name, "url": f"{_link(entry)}/artifacts/{name}"} for name in names]
    return Response(encoded({"artifacts": listed}), media_type=JSON)


@router.get(
    "/jobs/{job}/artifacts/{name:path}",
    response_class=Response,
    responses={200: {"content": {"*/*": {}}}, **failures(404, 422)},
)
async def artifact(request: Request, job: Id, name: str) -> Response:
    """One file."""
    desk, key = asked(request)
    data = await desk.queue.file(await desk.queue.job(job, owner(key)), FILES, name)
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    # A page that a document made is shown as text, never run as one of this server's.
    safe = {"Content-Security-Policy": "sandbox", "X-Content-Type-Options": "nosniff"}
    return Response(data, media_type=kind, headers=safe)


@router.get(
    "/jobs/{job}/events",
    response_class=Response,
    responses={200: {"content": {"text/event-stream": {}}}, **failures(404, 422)},
)
async def events(
    request: Request,
    job: Id,
    last: Annotated[str | None, Header(alias="Last-Event-ID", description="Go on after this event.")] = None,
    after: Annotated[int, Query(ge=0, le=1 << 62, description="The same, where no header can be sent.")] = 0,
) -> Response:
    """Server-sent events: queued, running, `page` for each page as it is done, and how it ended; then it closes."""
    desk, key = asked(request)
    if last is not None and not (last.isascii() and last.isdigit() and len(last) < 19):
        raise RequestInvalid("Last-Event-ID must be the number of an event")
    entry = await desk.queue.job(job, owner(key))
    stream = _event_lines(desk, entry, int(last) if last is not None else after)
    return StreamingResponse(stream, media_type="text/event-stream", headers={"Cache-Control": "no-store"})


@router.post("/jobs/{job}/cancel", responses={200: {"model": JobSaid}, **failures(404, 422)})
async def cancel(request: Request, job: Id) -> Response:
    """End a job; one that has ended stays as it is."""
    desk, key = asked(request)
    entry = await desk.queue.cancel(await desk.queue.job(job, owner(key)))
    return await _job_answer(desk, entry, 200)


@router.delete("/jobs/{job}", status_code=204, responses={204: {"description": "Gone."}, **failures(404, 422)})
async def delete(request: Request, job: Id) -> Response:
    """End a job and remove every trace of it."""
    desk, key = asked(request)
    await desk.queue.delete(await desk.queue.job(job, owner(key)))
    return Response(status_code=204)


# --- steps -------------------------------------------------------------------------------------------------------


def _link(entry: JobEntry) -> str:
    return f"/v1/jobs/{entry.id}"


async def _job_answer(desk: Desk, entry: JobEntry, status: int) -> Response:
    ahead = await desk.queue.ahead_of(entry) if entry.status is JobStatus.QUEUED else None
    headers = {"Location": _link(entry)} if status == 202 else {}
    return Response(_said(entry, ahead).model_dump_json(), status, headers, media_type=JSON)


def _said(entry: JobEntry, ahead: int | None) -> JobSaid:
    return JobSaid(
        id=entry.id,
        status=entry.status,
        created_at=_time(entry.created),
        started_at=None if entry.started is None else _time(entry.started),
        ended_at=None if entry.ended is None else _time(entry.ended),
        pages=PagesSaid(selected=entry.pages, done=entry.done),
        cached=entry.cached,
        ahead=ahead,
        error_details=None if entry.error is None else said.ErrorDetails.model_validate(entry.error),
        links={"self": _link(entry)} | {n: f"{_link(entry)}/{n}" for n in ("result", "pages", "artifacts", "events")},
    )


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


async def _result(desk: Desk, entry: JobEntry) -> Response:
    status = 200 if entry.error is None else status_of({"error_details": entry.error})
    return Response(await desk.reply_bytes(entry), status, headers_of(status), media_type=JSON)


async def _event_lines(desk: Desk, entry: JobEntry, after: int) -> AsyncIterator[bytes]:
    silent_since = asyncio.get_running_loop().time()
    yield b": here are the job's events\n\n"
    async with aclosing(desk.queue.events(entry, after)) as happened:
        async for event in happened:
            now = asyncio.get_running_loop().time()
            if event is not None:
                yield _event_line(event)
                silent_since = now
            elif now - silent_since > _ALIVE_SECONDS:
                yield b": nothing new\n\n"
                silent_since = now


def _event_line(event: Event) -> bytes:
    return f"id: {event.number}\nevent: {event.kind}\ndata: {event.data}\n\n".encode()
