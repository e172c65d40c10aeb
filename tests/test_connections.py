"""Connections of our own: every shape a reply may have, and every way a server may go away."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from octavo.glm_ocr.connections import ConnectFailed, ConnectionLost, Connections

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(serve: Serve) -> AsyncIterator[str]:
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/x?y=1"
    finally:
        server.close()


def replying(*pieces: bytes, then_close: bool = False, heads: list[bytes] | None = None) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                if heads is not None:
                    heads.append(head)
                await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0.005)
                if then_close:
                    break
        except asyncio.IncompleteReadError:
            pass
        writer.close()

    return serve


def connections(idle_seconds: float = 4.0) -> Connections:
    return Connections({"Authorization": "Bearer k"}, idle_seconds=idle_seconds, connect_seconds=5)


@pytest.mark.parametrize(
    ("pieces", "then_close", "status", "body"),
    [
        ((b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",), False, 200, b"hello"),
        ((b"HTTP/1.1 200 OK\r\ncontent-len", b"gth: 5\r\n\r\nhe", b"llo"), False, 200, b"hello"),
        (
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel", b"\r\n2;x=y\r\nlo\r\n0\r\n", b"\r\n"),
            False,
            200,
            b"hello",
        ),
        (
            (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", b"HTTP/1.1 429 Busy\r\nContent-Length: 0\r\n\r\n"),
            False,
            429,
            b"",
        ),
        ((b"HTTP/1.1 500 Oh\r\n\r\nhel", b"lo"), True, 500, b"hello"),
        ((b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello",), True, 200, b"hello"),
        ((b"HTTP/1.1 204 Nothing\r\n\r\n",), False, 204, b""),
    ],
)
async def test_a_reply_comes_in_any_shape(
    pieces: tuple[bytes, ...], then_close: bool, status: int, body: bytes
) -> None:
    heads: list[bytes] = []
    async with serving(replying(*pieces, then_close=then_close, heads=heads)) as url:
        client = connections()
        for _ in range(3):
            reply = await client.post(url, b"question", seconds=5)
            assert (reply.status, reply.body) == (status, body)
        client.close()
    assert heads[0].startswith(b"POST /v1/x?y=1 HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"Authorization: Bearer k\r\n" in heads[0]


@pytest.mark.parametrize(
    "pieces",
    [
        (b"SSH-2.0-OpenSSH\r\n\r\n",),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhel",),
        (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",),
        (),
    ],
)
async def test_what_is_no_reply_is_a_lost_line(pieces: tuple[bytes, ...]) -> None:
    async with serving(replying(*pieces, then_close=True)) as url:
        with pytest.raises(ConnectionLost):
            await connections().post(url, b"question", seconds=5)


async def test_connections_are_used_again_unless_they_grew_old() -> None:
    opened = 0
    answer = replying(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    async def counted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened
        opened += 1
        await answer(reader, writer)

    async with serving(counted) as url:
        client = connections(idle_seconds=0.2)
        for _ in range(5):
            await client.post(url, b"", seconds=5)
        assert opened == 1
        await asyncio.sleep(0.3)
        await client.post(url, b"", seconds=5)
        assert opened == 2
        client.close()


async def test_no_server_and_a_slow_one_are_told_apart() -> None:
    async with serving(replying()) as url:
        with pytest.raises(TimeoutError):
            await connections().post(url, b"", seconds=0.1)
    with pytest.raises(ConnectFailed):
        await connections().post("http://127.0.0.1:1/", b"", seconds=1)
