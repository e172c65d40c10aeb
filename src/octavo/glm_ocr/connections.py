"""POST requests to one server over kept HTTP/1.1 connections: as little work per request as asyncio allows.

Asking a model about thousands of small pictures a minute, a general client costs as much as encoding them: this one
saves 0.15 ms of CPU a request over aiohttp (bench/throughput.py). Plain TCP only, no proxies, no redirects, no
compression, no cookies; for anything else `chat` uses aiohttp. Cancelling a call closes its connection.
"""

import asyncio
import time
from collections.abc import Mapping
from typing import cast
from urllib.parse import urlsplit

from octavo.frozen import frozen

LARGEST_HEAD = 1 << 16  # bytes
LARGEST_REPLY = 1 << 26


class ConnectFailed(OSError):
    """No connection could be made: the server has not seen the request."""


class ConnectionLost(OSError):
    """The connection broke, or what came over it is no HTTP: the server may have worked on the request."""


@frozen
class HttpReply:
    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes


class Connections:
    """Connections to one server at a time; for one event loop. How many are open is up to who calls."""

    def __init__(self, headers: Mapping[str, str], *, idle_seconds: float, connect_seconds: float) -> None:
        """`idle_seconds`: connections unused for longer are not used again, before the server closes them."""
        self._headers = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._idle_seconds = idle_seconds
        self._connect_seconds = connect_seconds
        self._url = ""
        self._head = b""
        self._address = ("", 0)
        self._idle: list[_Connection] = []

    async def post(self, url: str, body: bytes, *, seconds: float, trace: str | None = None) -> HttpReply:
        """The server's reply within so many seconds; `trace` goes along as `traceparent`.

        Raises ConnectFailed, ConnectionLost, TimeoutError.
        """
        if url != self._url:
            self._aim(url)
        connection = self._kept() or await self._connected()
        try:
            async with asyncio.timeout(seconds):
                told = b"" if trace is None else f"traceparent: {trace}\r\n".encode("latin-1")
                reply = await connection.ask(b"%b%bContent-Length: %d\r\n\r\n%b" % (self._head, told, len(body), body))
        except BaseException:
            connection.end()
            raise
        if connection.reusable:
            self._idle.append(connection)
        else:
            connection.end()
        return reply

    def close(self) -> None:
        for connection in self._idle:
            connection.end()
        self._idle.clear()

    def _aim(self, url: str) -> None:
        self.close()
        parts = urlsplit(url)
        self._url, self._address = url, (parts.hostname or "", parts.port or 80)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        host = parts.netloc.rpartition("@")[2]
        self._head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\n{self._headers}".encode("latin-1")

    def _kept(self) -> "_Connection | None":
        """The connection used last, so that those too many grow old."""
        while self._idle:
            connection = self._idle.pop()
            if connection.open and time.monotonic() - connection.used < self._idle_seconds:
                return connection
            connection.end()
        return None

    async def _connected(self) -> "_Connection":
        try:
            async with asyncio.timeout(self._connect_seconds):
                _, connection = await asyncio.get_running_loop().create_connection(_Connection, *self._address)
        except (OSError, TimeoutError) as error:
            raise ConnectFailed("the server does not accept connections") from error
        return connection


class _Connection(asyncio.Protocol):
    """One connection. One request at a time."""

    def __init__(self) -> None:
        self.open = False
        self.reusable = False
        self.used = 0.0  # time.monotonic()
        self._transport: asyncio.Transport | None = None
        self._reply: asyncio.Future[HttpReply] | None = None
        self._received = bytearray()
        self._chunks = Chunks()

    async def ask(self, request: bytes) -> HttpReply:
        self._reply = asyncio.get_running_loop().create_future()
        if self._transport is None or not self.open:
            raise ConnectionLost("the connection was closed")
        self._transport.write(request)
        return await self._reply

    def end(self) -> None:
        self.open = False
        if self._transport is not None:
            self._transport.abort()

    # what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # what create_connection hands over; uvloop's is no subclass
        self._transport, self.open = cast(asyncio.Transport, transport), True

    def data_received(self, data: bytes) -> None:
        self._received += data
        self._look(ended=False)

    def connection_lost(self, error: Exception | None) -> None:
        self.open = False
        self._look(ended=True)
        if self._reply is not None and not self._reply.done():
            self._reply.set_exception(ConnectionLost("the connection was closed"))

    def _look(self, *, ended: bool) -> None:
        """Answer if the reply is there."""
        if self._reply is None or self._reply.done():
            self.open = self.open and not self._received  # nobody asked for what comes
            return
        try:
            found = parsed(self._received, self._chunks, ended=ended)
        except ValueError as error:
            self._reply.set_exception(ConnectionLost(f"the server does not speak HTTP: {error}"))
            return
        if found is None:
            return
        reply, length = found
        keeps = "close" not in reply.headers.get("connection", "").lower()
        self.reusable = self.open and keeps and length == len(self._received)
        self._received.clear()
        self._chunks = Chunks()
        self.used = time.monotonic()
        self._reply.set_result(reply)


class Chunks:
    """The body of a reply that comes in chunks, as far as it has come: what was looked at is not looked at again."""

    def __init__(self) -> None:
        self._body = bytearray()
        self._at = 0

    def whole(self, data: bytearray, start: int) -> tuple[bytes, int] | None:
        """The body, and where it ends; None where it is not whole yet. `data` only grows between calls."""
        self._at = max(self._at, start)
        while True:
            end = data.find(b"\r\n", self._at, self._at + LARGEST_HEAD)
            if end < 0:
                if len(data) - self._at >= LARGEST_HEAD:
                    raise ValueError("a chunk without a length")
                return None
            length = int(data[self._at : end].partition(b";")[0], 16)
            if not 0 <= length <= LARGEST_REPLY - len(self._body):
                raise ValueError("a reply of absurd length")
            if not length:
                return self._after(data, end + 2)
            if len(data) < end + 2 + length + 2:
                return None
            self._body += data[end + 2 : end + 2 + length]
            self._at = end + 2 + length + 2

    def _after(self, data: bytearray, at: int) -> tuple[bytes, int] | None:
        """Past the trailing headers, which end with an empty line."""
        if data.startswith(b"\r\n", at):
            return bytes(self._body), at + 2
        end = data.find(b"\r\n\r\n", at, at + LARGEST_HEAD)
        if end < 0 and len(data) - at >= LARGEST_HEAD:
            raise ValueError("trailing headers of absurd length")
        return None if end < 0 else (bytes(self._body), end + 4)


def parsed(data: bytearray, chunks: Chunks, *, ended: bool) -> tuple[HttpReply, int] | None:
    """The reply and the bytes it takes; None where it is not whole yet. Raises ValueError for what is no HTTP."""
    at = 0
    while True:
        end = data.find(b"\r\n\r\n", at)
        if end < 0:
            if len(data) > LARGEST_HEAD or (data and not data.startswith(b"HTTP/"[: len(data)])):
                raise ValueError("no headers")
            return None
        first, *lines = data[at:end].decode("latin-1").split("\r\n")
        version, _, rest = first.partition(" ")
        if not version.startswith("HTTP/1."):
            raise ValueError("no status line")
        status, at = int(rest[:3]), end + 4
        if status >= 200:
            break  # what comes before is a notice: 100 Continue, 103 Early Hints
    pairs = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    if version == "HTTP/1.0":
        headers.setdefault("connection", "close")
    if "chunked" in headers.get("transfer-encoding", "").lower():
        body = chunks.whole(data, at)
        return None if body is None else (HttpReply(status, headers, body[0]), body[1])
    if "content-length" in headers:
        length = int(headers["content-length"])
        if not 0 <= length <= LARGEST_REPLY:
            raise ValueError("a reply of absurd length")
        whole = len(data) >= at + length
        return (HttpReply(status, headers, bytes(data[at : at + length])), at + length) if whole else None
    if status in (204, 304):
        return HttpReply(status, headers, b""), at
    if len(data) > LARGEST_REPLY:
        raise ValueError("a reply of absurd length")
    return (HttpReply(status, headers | {"connection": "close"}, bytes(data[at:])), len(data)) if ended else None
