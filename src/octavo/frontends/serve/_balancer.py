"""The routes that RunPod's load balancer uses: /ping, /parse, /parse/stream.

They have no queue: a job is answered in the request that brought it, or turned away, and leaves nothing behind.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, aclosing
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from octavo.errors import OctavoError
from octavo.frontends.serve._answers import JSON, answer, refusal, unless_gone
from octavo.frontends.serve._bodies import job_in
from octavo.frontends.serve._desk import Desk
from octavo.frontends.serve._gate import demand
from octavo.frontends.serve._schema import JOB_BODY, LINES_SAID, REPLY_SAID
from octavo.jobs.admission import Hold
from octavo.jobs.encoding import Reply, encoded
from octavo.jobs.worker import Call

router = APIRouter(tags=["RunPod load balancer"])


@router.get("/ping", responses={200: {}, 204: {"description": "The model still loads."}})
async def ping(request: Request) -> Response:
    """204 while the model loads, 200 once it answers."""
    desk: Desk = request.app.state.desk
    if not desk.watch.ready:
        return Response(status_code=204)
    return Response(encoded({"status": "ok", "jobs": desk.worker.working}), media_type=JSON)


@router.post("/parse", openapi_extra=JOB_BODY, responses=REPLY_SAID)
async def parse(request: Request) -> Response:
    """A job, answered in this request, however long it takes."""
    desk: Desk = request.app.state.desk
    demand(request.state.key, "parse")
    with desk.holding() as held:
        try:
            call = await _call(request, desk, held)
        except OctavoError as error:
            return refusal(error, desk.settings.error_text)
        reply = await unless_gone(request, desk.worker.run(call))
    if reply is None:
        return Response(status_code=204)  # nobody is there to see it
    desk.metrics.ended(reply)
    return await answer(reply)


@router.post("/parse/stream", openapi_extra=JOB_BODY, responses=LINES_SAID)
async def parse_stream(request: Request) -> Response:
    """The same, as lines of JSON: one for each page as it is done, then the end."""
    desk: Desk = request.app.state.desk
    demand(request.state.key, "parse")
    async with AsyncExitStack() as stack:
        held = stack.enter_context(desk.holding())
        try:
            call = await _call(request, desk, held)
        except OctavoError as error:
            return refusal(error, desk.settings.error_text)
        chunks = await stack.enter_async_context(aclosing(desk.worker.stream(call)))
        first = await unless_gone(request, anext(chunks))
        if first is None:
            return Response(status_code=204)
        if "error" in first and first.get("type") != "page":
            return await answer(first)  # nothing was sent yet: the status can still say so
        return StreamingResponse(_lines(first, chunks, stack.pop_all()), media_type="application/x-ndjson")
    raise AssertionError  # the stack lets nothing pass


async def _lines(first: Reply, chunks: AsyncGenerator[Reply], held: AsyncExitStack) -> AsyncIterator[bytes]:
    async with held:  # also where the caller hangs up
        yield await asyncio.to_thread(encoded, first) + b"\n"
        async for chunk in chunks:
            yield await asyncio.to_thread(encoded, chunk) + b"\n"


async def _call(request: Request, desk: Desk, held: Hold) -> Call:
    """Raises SourceInvalid, Overloaded."""
    body = await job_in(request, held, desk.serve)
    said: dict[str, Any] = {"warmup": body.warmup, "parts": body.parts}
    return Call(body.payload, body.s3_config, limit=desk.serve.reply_bytes, **said)
