"""A worker that strangers feed does not grow: jobs, bytes and waiting have bounds, and slow ones hold nobody up."""

import asyncio
import base64
import contextlib
import json
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from serving import running, serving
from test_contract import PAGE
from yarl import URL

from octavo.errors import Overloaded, SourceTooLarge
from octavo.jobs.admission import Room
from octavo.jobs.encoding import Reply
from octavo.jobs.worker import Call, Worker
from octavo.parser import Parser
from octavo.settings import EngineSettings, OrientationUse, ParseOptions, ServeSettings, WorkerSettings

ENGINE = EngineSettings(
    detector="whole_page", recognizer="scripted", volume_path="/no/such/volume", allow_private_addresses=True
)
OPTIONS = ParseOptions(orientation=OrientationUse.OFF)
SMALL = {"image_base64": PAGE}


@pytest.fixture
async def source() -> AsyncIterator[TestServer]:
    """A page at /page; one that never ends, a byte every 50 ms, at /dripping; 10 MB at /large."""

    async def page(request: web.Request) -> web.Response:
        return web.Response(body=base64.b64decode(PAGE))

    async def dripping(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x")
            await asyncio.sleep(0.05)

    async def large(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(1_000):
            await response.write(bytes(10_000))
        return response

    application = web.Application()
    application.add_routes([web.get("/page", page), web.get("/dripping", dripping), web.get("/large", large)])
    async with TestServer(application) as running:
        yield running


@pytest.fixture
async def parser() -> AsyncIterator[Parser]:
    async with Parser(ENGINE) as opened:
        yield opened


def code(reply: Reply) -> str:
    return str(reply["error_details"]["code"])


async def test_a_small_job_does_not_wait_for_slow_downloads(parser: Parser, source: TestServer) -> None:
    worker = Worker(parser, OPTIONS, WorkerSettings(concurrency=1))
    slow = [asyncio.create_task(worker.run(Call({"image_url": str(source.make_url("/dripping"))}))) for _ in range(3)]
    while worker.fetching < 3:  # noqa: ASYNC110  a number that others move
        await asyncio.sleep(0.01)
    reply = await asyncio.wait_for(worker.run(Call(SMALL)), 60)
    assert reply["status"] == "success"
    assert not any(task.done() for task in slow)
    for task in slow:
        task.cancel()
    await asyncio.gather(*slow, return_exceptions=True)
    assert (worker.working, worker.fetching, worker.room.bytes) == (0, 0, 0)


async def test_the_time_budget_covers_the_download_and_the_wait(parser: Parser, source: TestServer) -> None:
    worker = Worker(parser, OPTIONS, WorkerSettings(job_seconds=0.3))
    reply = await worker.run(Call({"image_url": str(source.make_url("/dripping"))}))
    assert code(reply) == "time_budget_spent"
    assert worker.room.bytes == 0


async def test_more_jobs_than_it_may_have_are_turned_away_at_once(parser: Parser, source: TestServer) -> None:
    worker = Worker(parser, OPTIONS, WorkerSettings(jobs_in_hand=2))
    dripping = Call({"image_url": str(source.make_url("/dripping"))})
    slow = [asyncio.create_task(worker.run(dripping)) for _ in range(2)]
    while worker.working < 2:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    reply = await worker.run(Call(SMALL))
    assert code(reply) == "overloaded"
    assert reply["error_details"]["retryable"]
    for task in slow:
        task.cancel()
    await asyncio.gather(*slow, return_exceptions=True)
    assert (await worker.run(Call(SMALL)))["status"] == "success"


async def test_the_sources_of_a_job_have_a_number_and_bytes_together(parser: Parser, source: TestServer) -> None:
    worker = Worker(parser, OPTIONS, WorkerSettings(max_sources=3, job_bytes=1_000_000))
    page, large = str(source.make_url("/page")), str(source.make_url("/large"))
    assert (await worker.run(Call({"image_urls": [page] * 3})))["status"] == "success"
    assert code(await worker.run(Call({"image_urls": [page] * 4}))) == "limit_exceeded"
    assert code(await worker.run(Call({"image_urls": [large]}))) == "source_too_large"
    much = "data:;base64," + base64.b64encode(bytes(1_000_001)).decode()
    assert code(await worker.run(Call({"image_base64": much}))) == "source_too_large"


async def test_all_jobs_together_hold_no_more_bytes_than_they_may(parser: Parser, source: TestServer) -> None:
    worker = Worker(parser, OPTIONS, WorkerSettings(held_bytes=4_000_000, concurrency=1))
    large = str(source.make_url("/large"))
    replies = await asyncio.gather(*(worker.run(Call({"source_url": large})) for _ in range(8)))
    assert {code(reply) for reply in replies} == {"overloaded"}
    assert worker.room.bytes == 0
    assert (await worker.run(Call(SMALL)))["status"] == "success"


def test_room_is_given_back_however_a_job_ends() -> None:
    room = Room(jobs=1, bytes=100)
    for most, error in ((1_000, Overloaded), (80, SourceTooLarge)):
        with contextlib.suppress(error), room.job(), room.hold(most) as held:
            held.add(60)
            with pytest.raises(error):
                held.add(60)
            assert (room.jobs, room.bytes) == (1, 60)
            raise error
        assert (room.jobs, room.bytes) == (0, 0)


async def test_http_turns_away_with_429_and_when_to_come_again(source: TestServer) -> None:
    async with serving(ENGINE, worker=WorkerSettings(jobs_in_hand=1)) as client:
        dripping = {"image_url": str(source.make_url("/dripping"))}
        slow = asyncio.create_task(client.post("/parse", json=dripping))
        while (await (await client.get("/ping")).json())["jobs"] < 1:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        response = await client.post("/parse", json=SMALL)
        assert (response.status, (await response.json())["error_details"]["code"]) == (429, "overloaded")
        assert int(response.headers["Retry-After"]) > 0
        slow.cancel()


async def test_half_sent_requests_hold_no_more_than_they_may_and_not_for_ever() -> None:
    async def half() -> AsyncIterator[bytes]:
        for _ in range(10):
            yield b" " * 50_000
        await asyncio.sleep(600)

    serve = ServeSettings(arrival_seconds=0.5)
    async with serving(serve=serve, worker=WorkerSettings(held_bytes=1_200_000)) as client:
        responses = await asyncio.gather(*(client.post("/parse", data=half()) for _ in range(4)))
        statuses = sorted(response.status for response in responses)
        assert statuses in ([422, 422, 429, 429], [422, 429, 429, 429])  # 2 MB of which 1.2 find room
        assert (await client.post("/parse", json=SMALL)).status == 200


@pytest.mark.parametrize("before", [b"", b"GET /ping HTTP/1.1\r\nHost: localhost\r\n\r\n"])
@pytest.mark.parametrize("head", [b"", b"POST /v1/parse HTTP/1.1\r\nHost: loc"])
async def test_half_a_head_is_not_waited_for_for_ever(before: bytes, head: bytes) -> None:
    async with running(serve=ServeSettings(arrival_seconds=0.3)) as server:
        address = URL(server.url)
        reader, writer = await asyncio.open_connection(address.host, address.port)
        if before:  # a whole one, which keeps its connection
            writer.write(before)
            assert b" 20" in await reader.readuntil(b"\r\n\r\n")
            head = head or b"G"
        writer.write(head)
        async with asyncio.timeout(60):
            assert b"HTTP/1.1 408 " in await reader.read()
        writer.close()


async def test_a_connection_too_many_is_told_so_and_takes_no_place() -> None:
    async with running(serve=ServeSettings(connections=3)) as server:
        address = URL(server.url)
        silent = [await asyncio.open_connection(address.host, address.port) for _ in range(3)]
        reader, writer = await asyncio.open_connection(address.host, address.port)
        async with asyncio.timeout(60):
            said = await reader.read()
        assert said.startswith(b"HTTP/1.1 429 ")
        assert b'"overloaded"' in said
        for _, one in [*silent, (reader, writer)]:
            one.close()
            await one.wait_closed()
        while (await server.client.get("/ping")).status != 200:  # noqa: ASYNC110  until the server has heard of it
            await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"input": ' * 100_000,
        b"\xff\xfe",
        b'{"image_base64": "\xe9"}',
        b"NaN",
        b'{"pages": 1e999}',
        b"",
    ],
)
async def test_whatever_the_body_is_the_answer_is_in_our_shape(body: bytes) -> None:
    async with serving() as client:
        headers = {"Content-Type": "application/json; charset=klingon"}
        response = await client.post("/parse", data=body, headers=headers)
        assert response.status == 422
        assert json.loads(await response.text())["status"] == "error"


@pytest.mark.slow
async def test_a_request_in_tiny_pieces_is_read() -> None:
    job = json.dumps(SMALL).encode()

    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(job), 3):
            yield job[at : at + 3]

    async with serving() as client:
        response: aiohttp.ClientResponse = await client.post("/parse", data=pieces())
        assert response.status == 200
