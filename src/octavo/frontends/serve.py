"""Answer jobs over HTTP: RunPod's load balancer, or any client.

    GET  /ping          204 while the model loads, 200 once it answers, 503 where it never will
    POST /parse         a job, bare or as {"input": ...}; the reply of the contract
    POST /parse/stream  the same, as lines of JSON: one per page, then the end

Errors are replies with the status their fault stands for.
"""

import asyncio
import logging
import os
from argparse import ArgumentParser, Namespace
from collections.abc import AsyncIterator, Mapping
from types import MappingProxyType

from aiohttp import web

from octavo.errors import EngineUnavailable, Fault, SourceInvalid
from octavo.frontends import _presets
from octavo.frontends._exits import Exit
from octavo.frontends._flags import add_flags, explicit
from octavo.frontends._replies import encoded, fitting
from octavo.parser import Parser
from octavo.settings import EngineSettings, ParseOptions, ServeSettings, WorkerSettings, resolve
from octavo.worker import Worker, error_reply

log = logging.getLogger(__name__)

FAULT_STATUS: Mapping[str, int] = MappingProxyType(
    {Fault.CALLER.value: 422, Fault.UPSTREAM.value: 502, Fault.OURS.value: 500}
)
WORKER = web.AppKey("worker", Worker)
BOOT = web.AppKey("boot", asyncio.Task[None])
SERVE = web.AppKey("serve", ServeSettings)


def add_arguments(parser: ArgumentParser) -> None:
    parser.usage = "%(prog)s [options]"
    add_flags(parser, ServeSettings, WorkerSettings, EngineSettings)


def run(arguments: Namespace) -> int:
    preset = _presets.chosen(os.environ, _presets.folder())
    serve = resolve(ServeSettings, explicit(arguments, ServeSettings), os.environ, preset).values
    worker = resolve(WorkerSettings, explicit(arguments, WorkerSettings), os.environ, preset).values
    engine = resolve(EngineSettings, explicit(arguments, EngineSettings), os.environ, preset).values
    options = resolve(ParseOptions, {}, os.environ, preset).values
    logging.basicConfig(level=worker.log_level.upper())
    app = application(engine, options, worker, serve)
    web.run_app(app, host=serve.host, port=serve.port, access_log=None, handler_cancellation=True, print=None)
    return int(Exit.SUCCESS)


def application(
    engine: EngineSettings, options: ParseOptions, worker: WorkerSettings, serve: ServeSettings
) -> web.Application:
    """The routes, with one Parser that opens and closes with the server. Jobs are taken while the model still loads."""

    async def opened(app: web.Application) -> AsyncIterator[None]:
        async with Parser(engine) as parser:
            app[WORKER] = Worker(parser, options, worker)
            app[BOOT] = asyncio.create_task(parser.ready())
            yield
            app[BOOT].cancel()
            await asyncio.gather(app[BOOT], return_exceptions=True)

    app = web.Application(client_max_size=serve.request_bytes)
    app[SERVE] = serve
    app.cleanup_ctx.append(opened)
    app.add_routes([web.get("/ping", _ping), web.post("/parse", _parse), web.post("/parse/stream", _stream)])
    return app


async def _ping(request: web.Request) -> web.Response:
    boot = request.app[BOOT]
    if not boot.done():
        return web.Response(status=204)
    error = boot.exception()
    if isinstance(error, EngineUnavailable):
        return web.Response(status=503, body=encoded(error_reply(error)), content_type="application/json")
    return web.json_response({"status": "ok", "jobs": request.app[WORKER].working})


async def _parse(request: web.Request) -> web.Response:
    try:
        payload = await _payload(request)
    except SourceInvalid as error:
        reply = error_reply(error)
    else:
        reply = await request.app[WORKER].run(payload)
    body = await asyncio.to_thread(fitting, reply, request.app[SERVE].reply_bytes)
    status = FAULT_STATUS[reply["error"]["fault"]] if reply["error"] else 200
    return web.Response(status=status, body=body, content_type="application/json")


async def _stream(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
    try:
        payload = await _payload(request)
    except SourceInvalid as error:
        body = encoded(error_reply(error))
        return web.Response(status=FAULT_STATUS[error.fault.value], body=body, content_type="application/json")
    await response.prepare(request)
    async for chunk in request.app[WORKER].stream(payload):
        await response.write(await asyncio.to_thread(encoded, chunk) + b"\n")
    await response.write_eof()
    return response


async def _payload(request: web.Request) -> object:
    """The job: `{"input": {...}}` as RunPod's queue sends it, or the inner object alone."""
    try:
        payload = await request.json()
    except ValueError as error:
        raise SourceInvalid("the request's body is not JSON") from error
    except web.HTTPRequestEntityTooLarge as error:
        limit = request.app[SERVE].request_bytes
        raise SourceInvalid(f"the request is larger than {limit} bytes; hand in a URL instead") from error
    return payload["input"] if isinstance(payload, dict) and "input" in payload else payload
