"""The home of uvicorn: listens, says where, ends in order."""

import asyncio
import contextlib
import errno
import logging
import os
import signal
import socket
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from octavo import telemetry
from octavo.errors import EngineUnavailable, OptionInvalid, Overloaded
from octavo.frontends._settled import WorkerConfiguration
from octavo.frontends._watch import EngineWatch
from octavo.frontends.serve._answers import COME_AGAIN_SECONDS
from octavo.frontends.serve._app import application, opened
from octavo.frontends.serve._desk import Desk
from octavo.jobs.encoding import encoded, error_reply
from octavo.machine import most_files
from octavo.settings import ServeSettings

log = logging.getLogger(__name__)

_GRACE_SECONDS = 60  # in which requests that are being answered may end; jobs of the queue do not wait for it
_KEPT_ALIVE_SECONDS = 75  # longer than the proxies' 60: who closes first must not be us, in the middle of a request
_BACKLOG = 1024


async def serve(settled: WorkerConfiguration, serve: ServeSettings) -> EngineUnavailable | None:
    """Answer until the process is asked to end, or the engine is gone for good: then why. Raises OptionInvalid,
    EngineUnavailable."""
    server, watch = Server(application(settled, serve), serve), EngineWatch()
    with (
        contextlib.closing(bound(serve.host, serve.port)) as listening,
        server.capture_signals(),
        telemetry.sending(os.environ, "octavo-serve"),
    ):
        try:
            async with opened(settled, serve, watch, server.end) as server.app.state.desk:
                server.said = said(serve, *listening.getsockname()[:2])
                await server.serve(sockets=[listening])
        except asyncio.CancelledError:  # asked to end while it opened
            log.info("ended_while_opening")
    return watch.failure


class Server(uvicorn.Server):
    """uvicorn's, which ends streams of events when it is to end itself, and may be ended before it has begun."""

    def __init__(self, app: FastAPI, serve: ServeSettings) -> None:
        self.app = app
        limits = {"head_seconds": serve.arrival_seconds, "most": serve.connections or most_files() // 2}
        self.said = ""
        self._opening = asyncio.current_task()
        super().__init__(
            uvicorn.Config(
                app,
                http=type("_Connection", (_Connection,), limits),
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,  # nobody's word for where a request comes from is taken
                timeout_keep_alive=_KEPT_ALIVE_SECONDS,
                timeout_graceful_shutdown=_GRACE_SECONDS,
            )
        )

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._opening = None
        if self.said:
            sys.stderr.write(f"{self.said}\n")
            sys.stderr.flush()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """SIGTERM and Ctrl-C end it in order, a second one at once; afterwards they do what they did before."""
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.force_exit = self.should_exit
        if self._opening is not None:  # the model's server is started, and must be stopped again
            self._opening.get_loop().call_soon_threadsafe(self._opening.cancel)
        else:
            self.end()

    def end(self) -> None:
        """In order: what is being answered has a while."""
        self.should_exit = True
        desk: Desk = self.app.state.desk
        desk.queue.closing.set()  # or its streams of events would hold the server up


_TOO_MANY_SAID = encoded(error_reply(Overloaded("there are too many connections: come again later")))
_TOO_MANY = b"\r\n".join(
    (
        b"HTTP/1.1 429 Too Many Requests",
        b"Connection: close",
        b"Retry-After: %d" % COME_AGAIN_SECONDS,
        b"Content-Type: application/json",
        b"Content-Length: %d" % len(_TOO_MANY_SAID),
        b"",
        _TOO_MANY_SAID,
    )
)


class _Connection(AutoHTTPProtocol):  # type: ignore[misc,valid-type]
    """uvicorn's, which waits for a request's head no longer than it may take: half a head cost a place for ever. One
    too many is told so and ended: a thousand that say nothing left no file for the jobs of others."""

    head_seconds: float  # of the class, which is all that uvicorn is given
    most: int  # at a time

    def __init__(self, *arguments: Any, **known: Any) -> None:
        super().__init__(*arguments, **known)
        self._waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if len(self.connections) > self.most:
            self.transport.write(_TOO_MANY)
            self.transport.close()
        else:
            self._look()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._look()

    def connection_lost(self, error: Exception | None) -> None:
        self._wait_no_longer()
        super().connection_lost(error)

    def _look(self) -> None:
        """Whether a head is awaited: none is there yet, or a next one has begun."""
        if self.cycle is not None and not self.cycle.response_complete:
            self._wait_no_longer()
        elif self._waiting is None and not self.transport.is_closing():
            self._waiting = self.loop.call_later(self.head_seconds, self._too_slow)

    def _wait_no_longer(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _too_slow(self) -> None:
        self.transport.write(b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        self.transport.close()


def bound(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises OptionInvalid."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(_BACKLOG)
    except OSError as error:
        why = "the port is taken" if error.errno == errno.EADDRINUSE else error.strerror or "no such address"
        raise OptionInvalid(f"host {host}, port {port}: {why}") from error
    return listening


def said(serve: ServeSettings, host: str, port: int) -> str:
    """The line of the start."""
    name = f"[{host}]" if ":" in host else host
    address = f"http://{name}:{port}"
    if serve.keys_file is not None:
        who = "with a key"
    elif serve.no_login:
        who = "for whoever reaches it: no_login"
    else:
        who = "for this machine only: without keys no other is listened to"
    kept = (
        "nothing is kept" if serve.zero_retention else "jobs are in memory" if serve.store is None else "jobs are kept"
    )
    return f"octavo: {address} ({who}; {kept}); all routes: {address}/docs"
