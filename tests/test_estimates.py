"""Dry runs: pages counted, nothing read, and no figure that was not measured."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace

import pytest
from test_contract import PAGE, PDF5
from test_worker import OPTIONS, SETTINGS, Slow, chunks, worker

from octavo.document import Crop, PageImage, Recognition
from octavo.jobs.estimates import Estimates, Kind, Taken
from octavo.jobs.worker import Call
from octavo.parser import Parser
from octavo.reading import _KeptPages
from octavo.recognizers import nothing
from octavo.recognizers.scripted import Scripted, by_label

PDF = Kind(is_pdf=True, text_layer="off", layout=True, profile="faithful")
PICTURES = replace(PDF, is_pdf=False)
UNKNOWN = {"pages": 3, "estimated_seconds": None, "estimated_usd": None, "based_on": None}


def test_nothing_measured_is_nothing_said() -> None:
    estimates = Estimates()
    estimates.learn(PICTURES, Taken(10, 5.0, 5.0))
    estimates.learn(PDF, Taken(0, 5.0, 5.0))  # of no pages there is no pace
    assert estimates.of(PDF, 3, price_per_hour=2.0) == UNKNOWN


def test_the_median_of_jobs_like_it_not_their_mean() -> None:
    estimates = Estimates()
    for pages, wall, share in ((10, 10.0, 5.0), (4, 8.0, 4.0), (1, 60.0, 60.0)):
        estimates.learn(PDF, Taken(pages, wall, share))
    assert estimates.of(PDF, 3, price_per_hour=3600.0) == {
        "pages": 3,
        "estimated_seconds": 6.0,
        "estimated_usd": 3.0,  # half a worker
        "based_on": {"source": "jobs", "jobs": 3, "pages": 15, "seconds_per_page": 2.0},
    }


def test_the_selftest_stands_in_until_there_are_jobs() -> None:
    estimates = Estimates()
    estimates.learn_pace(4.0)
    said = estimates.of(PDF, 10, price_per_hour=None)
    assert (said["estimated_seconds"], said["estimated_usd"], said["based_on"]["source"]) == (2.5, None, "selftest")
    estimates.learn(PDF, Taken(1, 3.0, 3.0))
    assert estimates.of(PDF, 10, price_per_hour=None)["estimated_seconds"] == 30.0


def test_old_jobs_are_forgotten() -> None:
    estimates = Estimates()
    for seconds in [100.0] * 40 + [1.0] * 64:
        estimates.learn(PDF, Taken(1, seconds, seconds))
    assert estimates.of(PDF, 1, price_per_hour=None)["based_on"]["seconds_per_page"] == 1.0


# --- by a worker -----------------------------------------------------------------------------------------------------


class Forbidden(Scripted):
    """An engine that must not be asked."""

    def __init__(self) -> None:
        super().__init__(by_label)
        self.asked = 0

    async def recognize(
        self, crops: Sequence[Crop], *, document: str, begun: Callable[[], None] = nothing
    ) -> list[Recognition]:
        self.asked += 1
        return await super().recognize(crops, document=document)

    async def ready(self) -> None:
        raise AssertionError("a dry run does not wait for the engine")


@pytest.fixture
async def parser() -> AsyncIterator[Parser]:
    async with Parser(SETTINGS) as opened:
        yield opened


async def test_a_dry_run_counts_the_chosen_pages_and_reads_none(
    parser: Parser, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[int] = []

    def draw(_: _KeptPages, number: int) -> PageImage:
        drawn.append(number)
        raise AssertionError("nothing is drawn")

    monkeypatch.setattr(_KeptPages, "draw", draw)
    parser._recognizer = engine = Forbidden()
    reply = await worker(parser).run(Call({"pdf_base64": PDF5, "start_page": 3, "end_page": 9, "dry_run": "yes"}))
    assert reply["status"] == "success"
    assert reply["result"]["dry_run"] == UNKNOWN
    assert reply["result"]["input"]["total_pdf_pages"] == 5
    assert (drawn, engine.asked) == ([], 0)


@pytest.mark.parametrize(
    ("job", "code"),
    [
        ({"pdf_base64": "bm90IGEgcGRm"}, "type_unsupported"),
        ({"pdf_base64": PDF5, "pages": "9-12"}, "pages_invalid"),
        ({}, "source_invalid"),
    ],
)
async def test_a_dry_run_finds_what_the_job_would_stumble_over(parser: Parser, job: dict[str, str], code: str) -> None:
    reply = await worker(parser).run(Call(job | {"dry_run": True}))
    assert reply["status"] == "error"
    assert code in str(reply)


async def test_a_dry_run_knows_what_earlier_jobs_took(parser: Parser) -> None:
    service = worker(parser, price_per_hour=36.0)
    await service.run(Call({"images_base64": [PAGE] * 2}))
    await service.run(Call({"warmup": True}))  # says nothing about documents
    asked = {"images_base64": [PAGE] * 3, "dry_run": True}
    said = (await service.run(Call(asked)))["result"]["dry_run"]
    assert said["pages"] == 3
    assert (said["based_on"]["jobs"], said["based_on"]["pages"]) == (1, 2)
    assert said["estimated_seconds"] == pytest.approx(3 * said["based_on"]["seconds_per_page"], abs=0.001)
    assert said["estimated_usd"] > 0
    for way in ({"text_layer": "auto"}, {"profile": "official"}, {"layout": False}):
        other = (await service.run(Call(asked | way)))["result"]["dry_run"]
        assert other["based_on"] is None  # read in another way


async def test_a_dry_run_does_not_wait_for_jobs_and_costs_them_nothing(parser: Parser) -> None:
    parser._recognizer = Slow(30)
    service = worker(parser, concurrency=1)
    job = asyncio.create_task(service.run(Call({"image_base64": PAGE})))
    try:
        async with asyncio.timeout(20):
            while not service.working:  # noqa: ASYNC110  a number, not an event
                await asyncio.sleep(0.01)
        reply = await asyncio.wait_for(service.run(Call({"image_base64": PAGE, "dry_run": True})), 20)
        assert reply["result"]["dry_run"]["pages"] == 1
        assert not job.done()
    finally:
        job.cancel()
        await asyncio.gather(job, return_exceptions=True)


async def test_a_streamed_dry_run_is_one_end(parser: Parser) -> None:
    [end] = await chunks(worker(parser), Call({"image_base64": PAGE, "dry_run": True, "stream": True}))
    assert end["type"] == "end"
    assert end["result"]["dry_run"]["pages"] == 1


def test_what_is_alike_follows_from_the_options() -> None:
    assert Kind.of(OPTIONS, is_pdf=True) == PDF
