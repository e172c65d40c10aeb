"""Answer jobs over HTTP: RunPod's load balancer, or any client.

    GET  /ping          204 while the model loads, 200 once it answers
    POST /parse         a job, bare or as {"input": ...}; the reply of the contract
    POST /parse/stream  the same, as lines of JSON: one per page, then the end

Errors are replies with the status their fault stands for; 429 says that there is no room now. Where the model never
comes up the server ends, with the reason and an exit code that is not 0.
"""

import asyncio
import json
import os
import signal
from argparse import ArgumentParser, Namespace
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractContextManager, aclosing
from types import MappingProxyType

from aiohttp import web

from octavo.errors import Fault, OctavoError, Overloaded, SourceInvalid, SourceTooLarge
from octavo.frontends import _presets
from octavo.frontends._exits import Exit
from octavo.frontends._flags import add_flags, explicit
from octavo.frontends._settled import AS_WORKER, settle
from octavo.frontends._watch import EngineWatch
from octavo.jobs.admission import Hold
from octavo.jobs.encoding import Reply, encoded, error_reply
from octavo.jobs.worker import Call, Worker
from octavo.parser import Parser
from octavo.selftest.keeping import beside_jobs
from octavo.settings import (
    WORKER_DEFAULTS,
    EngineSettings,
    ParseOptions,
    ServeSettings,
    WorkerSettings,
    resolve,
    usable,
)

FAULT_STATUS: Mapping[str, int] = MappingProxyType(
    {Fault.CALLER.value: 422, Fault.UPSTREAM.value: 502, Fault.OURS.value: 500}
)
COME_AGAIN_SECONDS = 5  # what a caller who is turned away is told
WORKER = web.AppKey("worker", Worker)
WATCH = web.AppKey("watch", EngineWatch)
SERVE = web.AppKey("serve", ServeSettings)
SETTINGS = web.AppKey("settings", WorkerSettings)


def add_arguments(parser: ArgumentParser) -> None:
    parser.usage = "%(prog)s [options]"
    parser.add_argument("--as-worker", action="store_true", help=AS_WORKER)
    add_flags(parser, ServeSettings, WorkerSettings, EngineSettings)


def run(arguments: Namespace) -> int:
    settled = settle(arguments, os.environ, WORKER_DEFAULTS if arguments.as_worker else {})
    preset = _presets.chosen(os.environ, _presets.folder())
    serve = resolve(ServeSettings, explicit(arguments, ServeSettings), usable(os.environ), preset).values
    app = application(settled.engine, settled.options, settled.worker, serve)
    web.run_app(app, host=serve.host, port=serve.port, access_log=None, handler_cancellation=True, print=None)
    if failure := app[WATCH].failure:
        raise failure
    return int(Exit.SUCCESS)


def application(
    engine: EngineSettings, options: ParseOptions, worker: WorkerSettings, serve: ServeSettings
) -> web.Application:
    """The routes, with one Parser that opens and closes with the server. Jobs are taken while the model still loads."""

    async def opened(app: web.Application) -> AsyncIterator[None]:
        async with Parser(engine) as parser:
            config_path = os.environ.get("GLMOCR_CONFIG_PATH", "")
            app[WORKER] = opened_worker = Worker(parser, options, worker, config_path=config_path)
            jobs, learn = (lambda: opened_worker.working), opened_worker.estimates.learn_pace
            async with (
                app[WATCH].over(parser, end=lambda: signal.raise_signal(signal.SIGTERM)),
                beside_jobs(parser, worker, jobs=jobs, learn=learn),
            ):
                yield

    app = web.Application()
    app[SERVE], app[SETTINGS], app[WATCH] = serve, worker, EngineWatch()
    app.cleanup_ctx.append(opened)
    app.add_routes([web.get("/ping", _ping), web.post("/parse", _parse), web.post("/parse/stream", _stream)])
    return app


async def _ping(request: web.Request) -> web.Response:
    if not request.app[WATCH].ready:
        return web.Response(status=204)
    return web.json_response({"status": "ok", "jobs": request.app[WORKER].working})


async def _parse(request: web.Request) -> web.Response:
    with _holding(request) as held:
        try:
            call = await _call(request, held)
        except OctavoError as error:
            return await _response(error_reply(error, request.app[SETTINGS].error_text))
        return await _response(await request.app[WORKER].run(call))


async def _stream(request: web.Request) -> web.StreamResponse:
    with _holding(request) as held:
        try:
            call = await _call(request, held)
        except OctavoError as error:
            return await _response(error_reply(error, request.app[SETTINGS].error_text))
        return await _streamed(request, call)


async def _streamed(request: web.Request, call: Call) -> web.StreamResponse:
    async with aclosing(request.app[WORKER].stream(call)) as chunks:  # also where the caller has hung up
        first = await anext(chunks)
        if "error" in first and first.get("type") != "page":
            return await _response(first)  # nothing was sent yet: the status can still say so
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await response.prepare(request)
        await response.write(await asyncio.to_thread(encoded, first) + b"\n")
        async for chunk in chunks:
            await response.write(await asyncio.to_thread(encoded, chunk) + b"\n")
        await response.write_eof()
        return response


async def _response(reply: Reply) -> web.Response:
    body, headers, status = await asyncio.to_thread(encoded, reply), {}, 200
    if said := reply.get("error_details"):
        no_room = said["code"] == Overloaded.code
        status = 429 if no_room else FAULT_STATUS[said["fault"]]
        headers = {"Retry-After": str(COME_AGAIN_SECONDS)} if no_room else {}
    return web.Response(status=status, body=body, content_type="application/json", headers=headers)


def _holding(request: web.Request) -> AbstractContextManager[Hold]:
    """The request's bytes, as long as its job is in hand."""
    return request.app[WORKER].room.hold(request.app[SERVE].request_bytes)


async def _call(request: web.Request, held: Hold) -> Call:
    """The job: `{"input": {...}}` as RunPod's queue sends it, or the inner object alone.

    Raises SourceInvalid, Overloaded.
    """
    serve = request.app[SERVE]
    body = bytearray()
    try:
        async with asyncio.timeout(serve.arrival_seconds):
            async for piece in request.content.iter_any():
                held.add(len(piece))
                body += piece
        payload = await asyncio.to_thread(json.loads, body)
    except SourceTooLarge as error:
        raise SourceInvalid(f"the request is larger than {serve.request_bytes} bytes; hand in a URL instead") from error
    except TimeoutError as error:
        raise SourceInvalid(
            f"the request did not arrive within {serve.arrival_seconds:g} s (arrival_seconds)"
        ) from error
    except (ValueError, RecursionError) as error:
        raise SourceInvalid("the request's body is not JSON") from error
    limit = serve.reply_bytes
    if isinstance(payload, dict) and "input" in payload:
        return Call.of(payload, limit=limit)
    return Call(payload, limit=limit)
