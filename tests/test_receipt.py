"""A job's receipt: shares of the worker that add up, time at the model and before it was there, dollars."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from model_server import ModelServer, always, serving
from test_contract import PAGE

from octavo.document import Usage, united
from octavo.jobs.receipt import SharedTime, dollars
from octavo.jobs.worker import Call, Worker
from octavo.parser import Parser
from octavo.settings import EngineSettings, OrientationUse, ParseOptions, TextLayerUse, WorkerSettings

OPTIONS = ParseOptions(orientation=OrientationUse.OFF, text_layer=TextLayerUse.OFF)


class Clock:
    """Time that tests set."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_jobs_that_run_side_by_side_share_the_time() -> None:
    clock = Clock()
    shared = SharedTime(clock)
    clock.now += 50  # nobody's
    with shared.share() as first:
        clock.now += 4
        with shared.share() as second:
            clock.now += 6  # of both
            assert (first.seconds, second.seconds) == (7, 3)
        clock.now += 1
        assert (first.seconds, first.wall_seconds) == (8, 11)
    with shared.share() as third:
        clock.now += 2
        assert third.seconds == 2


def test_a_job_that_fails_leaves_its_part_to_the_others() -> None:
    clock = Clock()
    shared = SharedTime(clock)
    with shared.share() as lasting:
        with suppress(RuntimeError), shared.share():
            clock.now += 2
            raise RuntimeError
        clock.now += 2
        assert lasting.seconds == 3


def test_time_in_which_requests_overlap_counts_once() -> None:
    usage = Usage(model_seconds=3, at_model=((0, 1), (5, 7))) + Usage(model_seconds=2.5, at_model=((0.5, 3),))
    assert usage.model_seconds == 5.5
    assert usage.at_model == ((0, 3), (5, 7))
    assert united(((1, 2),), ()) == ((1, 2),)


def test_a_price_that_is_not_known_gives_no_dollars() -> None:
    assert dollars(1800, 2.0) == 1.0
    assert dollars(1800, None) is None


def settings(url: str, **others: object) -> EngineSettings:
    return EngineSettings.model_validate(
        {"engine": "glm-ocr", "detector": "whole_page", "url": url, "answers_kept": 0, "volume_path": "/no/such/volume"}
        | others
    )


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with serving(always("text", delay=0.2)) as opened:
        yield opened


async def test_the_receipt_of_a_job_at_a_server(server: ModelServer) -> None:
    async with Parser(settings(server.url)) as parser:
        await parser.ready()
        worker = Worker(parser, OPTIONS, WorkerSettings(price_per_hour=3600))
        usage = (await worker.run(Call({"images_base64": [PAGE] * 5})))["result"]["usage"]
    assert (usage["prompt_tokens"], usage["completion_tokens"], usage["requests"]) == (500, 50, 5)
    assert usage["model_seconds"] >= 5 * 0.2  # each took so long
    assert 0.2 <= usage["model_wall_seconds"] <= usage["worker_seconds"]
    assert usage["model_wall_seconds"] < usage["model_seconds"]  # side by side
    assert usage["engine_wait_seconds"] == 0
    assert usage["usd"] == pytest.approx(usage["worker_seconds"], abs=0.001)  # a dollar per second


async def test_two_jobs_at_a_time_pay_no_second_twice(server: ModelServer) -> None:
    async with Parser(settings(server.url)) as parser:
        await parser.ready()
        worker = Worker(parser, OPTIONS, WorkerSettings(concurrency=2))
        job = {"images_base64": [PAGE] * 4}
        began = time.monotonic()
        replies = await asyncio.gather(*(worker.run(Call(job)) for _ in range(2)))
        both = time.monotonic() - began
    shares = [reply["result"]["usage"]["worker_seconds"] for reply in replies]
    assert all(share > 0 for share in shares)
    assert sum(shares) <= both + 0.01  # no second on two receipts
    assert all(reply["result"]["usage"]["usd"] is None for reply in replies)


async def test_a_job_that_waits_for_a_server_that_boots_says_how_long() -> None:
    server = ModelServer(always("text"))
    async with server:
        url = server.url
    async with Parser(settings(url)) as parser:
        worker = Worker(parser, OPTIONS, WorkerSettings())
        job = asyncio.create_task(worker.run(Call({"image_base64": PAGE})))
        upstream = parser._recognizer._upstream  # type: ignore[union-attr]
        async with asyncio.timeout(20):
            while not upstream._looking.locked():  # noqa: ASYNC110  a lock, not an event
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.3)
        async with server:
            usage = (await job)["result"]["usage"]
    assert 0.3 <= usage["engine_wait_seconds"] <= usage["worker_seconds"]
