"""A loopback server that speaks the chat-completions protocol and misbehaves on demand: refuses, hangs, crashes, lies.

A real server on a real socket: tests talk to it as Octavo talks to vLLM. What it answers is a function from what it was
asked to a `Reply`.
"""

import asyncio
import base64
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self

import cv2
import numpy as np
from aiohttp import web

from octavo.document import Pixels


@dataclass(frozen=True)
class Asked:
    """One request, taken apart."""

    body: Mapping[str, Any]
    headers: Mapping[str, str]
    prompt: str
    pixels: Pixels  # RGB, as a decoder sees them
    number: int  # counts from 0

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.pixels.shape[1], self.pixels.shape[0]


@dataclass(frozen=True)
class Reply:
    """What to say, after `delay` seconds; or a bare status, raw bytes, or nothing but a closed connection."""

    text: str | None = ""
    finish_reason: str = "stop"
    status: int = 200
    delay: float = 0.0
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    hang_up: bool = False
    half: bool = False  # of the body is sent, then the connection breaks
    logprobs: tuple[float, ...] = ()


Script = Callable[[Asked], Reply | Awaitable[Reply]]


class ModelServer:
    """Use as an async context manager."""

    def __init__(self, script: Script, *, port: int = 0, sequences: int | None = None) -> None:
        """Works on `sequences` requests at a time and tells its load as vLLM does; by default on any and tells none."""
        self.script = script
        self.sequences = sequences
        self._working = asyncio.Semaphore(sequences or 1 << 20)
        self.asked: list[Asked] = []
        self.in_flight = 0
        self.most_in_flight = 0
        self.abandoned = 0  # requests whose client went away
        self._port = port
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def __aenter__(self) -> Self:
        await self.up()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.down()

    async def up(self) -> None:
        app = web.Application(client_max_size=1 << 26)
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_get("/v1/models", self._models)
        if self.sequences is not None:
            app.router.add_get("/metrics", self._metrics)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        self._port = self._port or free_port()
        await web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True).start()

    async def down(self) -> None:
        """Like a crash: connections break, the port is closed."""
        if self._runner is not None:
            for connection in list(self._runner.server.connections if self._runner.server else ()):
                if connection.transport is not None:
                    connection.transport.abort()
            await self._runner.cleanup()
            self._runner = None

    async def _models(self, request: web.Request) -> web.Response:
        return web.json_response({"data": [{"id": "glm-ocr"}]})

    async def _metrics(self, request: web.Request) -> web.Response:
        running = min(self.in_flight, self.sequences or 0)
        waiting = self.in_flight - running
        return web.Response(text=f"vllm:num_requests_running {running}.0\nvllm:num_requests_waiting {waiting}.0\n")

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            asked = _taken_apart(await request.json(), request.headers, len(self.asked))
            self.asked.append(asked)
            async with self._working:
                reply = self.script(asked)
                if not isinstance(reply, Reply):
                    reply = await reply
                await asyncio.sleep(reply.delay)
            if reply.hang_up and request.transport is not None:
                request.transport.abort()
            if reply.half:
                return await _half(request, _response(reply))
            return _response(reply)
        except asyncio.CancelledError:
            self.abandoned += 1
            raise
        finally:
            self.in_flight -= 1


def _taken_apart(body: Mapping[str, Any], headers: Mapping[str, str], number: int) -> Asked:
    image, text = body["messages"][0]["content"]
    kind, _, data = image["image_url"]["url"].partition(",")
    assert kind == "data:image/jpeg;base64"
    picture = cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    rgb = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)
    return Asked(body, dict(headers), text["text"], rgb, number)


def _response(reply: Reply) -> web.Response:
    if reply.raw is not None:
        return web.Response(body=reply.raw, status=reply.status, headers=dict(reply.headers))
    if reply.status != 200:
        error = {"error": {"message": reply.text, "code": reply.status}}
        return web.json_response(error, status=reply.status, headers=dict(reply.headers))
    choice: dict[str, Any] = {
        "index": 0,
        "message": {"role": "assistant", "content": reply.text},
        "finish_reason": reply.finish_reason,
    }
    if reply.logprobs:
        choice["logprobs"] = {"content": [{"token": "x", "logprob": value} for value in reply.logprobs]}
    usage = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
    return web.json_response({"choices": [choice], "usage": usage})


async def _half(request: web.Request, whole: web.Response) -> web.StreamResponse:
    body = bytes(whole.body)  # type: ignore[arg-type]
    response = web.StreamResponse(headers={"Content-Length": str(len(body))})
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()
    return response


def always(text: str, **how: Any) -> Script:
    return lambda asked: Reply(text, **how)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def serving(script: Script, *, sequences: int | None = None) -> AsyncIterator[ModelServer]:
    async with ModelServer(script, sequences=sequences) as server:
        yield server
