"""One job to one reply: whatever happens, it is answered, within its time, and tells no more than it may."""

import asyncio
import base64
import json
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import aiohttp.test_utils
import pytest
from aiohttp import web
from test_contract import PAGE, PDF5

from octavo.document import Crop, Recognition
from octavo.errors import EngineUnavailable
from octavo.frontends import _logs
from octavo.jobs.encoding import Reply
from octavo.jobs.worker import Call, Worker
from octavo.parser import Parser
from octavo.recognizers import nothing
from octavo.recognizers.scripted import Scripted, by_label
from octavo.settings import EngineSettings, OrientationUse, ParseOptions, TextLayerUse, WorkerSettings

OPTIONS = ParseOptions(orientation=OrientationUse.OFF, text_layer=TextLayerUse.OFF)
SETTINGS = EngineSettings(
    detector="whole_page", recognizer="scripted", volume_path="/no/such/volume", allow_private_addresses=True
)


class Slow(Scripted):
    """Takes its time over every crop, and notes when it was stopped."""

    def __init__(self, seconds: float) -> None:
        super().__init__(by_label)
        self.stopped = 0
        self._seconds = seconds

    async def recognize(
        self, crops: Sequence[Crop], *, document: str, begun: Callable[[], None] = nothing
    ) -> list[Recognition]:
        begun()
        try:
            await asyncio.sleep(self._seconds)
        except asyncio.CancelledError:
            self.stopped += 1
            raise
        return await super().recognize(crops, document=document)


class Absent(Scripted):
    """An engine that never came up."""

    def __init__(self) -> None:
        super().__init__(by_label)

    async def recognize(
        self, crops: Sequence[Crop], *, document: str, begun: Callable[[], None] = nothing
    ) -> list[Recognition]:
        raise EngineUnavailable("no model here")


@pytest.fixture
async def parser() -> AsyncIterator[Parser]:
    async with Parser(SETTINGS) as opened:
        yield opened


def worker(parser: Parser, **settings: Any) -> Worker:
    return Worker(parser, OPTIONS, WorkerSettings(**settings))


async def chunks(worker: Worker, call: Call) -> list[Reply]:
    return [chunk async for chunk in worker.stream(call)]


async def test_a_spent_time_budget_ends_the_job_and_its_requests(parser: Parser) -> None:
    parser._recognizer = slow = Slow(60)
    reply = await worker(parser, job_seconds=2).run(Call({"images_base64": [PAGE] * 9}))
    assert reply["status"] == "partial"
    codes = [problem["code"] for problem in reply["result"]["problems"]]
    assert set(codes) == {"time_budget_spent"}
    assert slow.stopped  # what was under way is really stopped
    assert reply["result"]["page_count"] == 9


async def test_a_cancelled_job_stops_its_requests_and_frees_its_place(parser: Parser) -> None:
    parser._recognizer = slow = Slow(30)
    service = worker(parser, concurrency=1)
    job = asyncio.create_task(service.run(Call({"image_base64": PAGE})))
    await asyncio.sleep(0.5)
    job.cancel()
    assert isinstance((await asyncio.gather(job, return_exceptions=True))[0], asyncio.CancelledError)
    assert (slow.stopped, service.working) == (1, 0)
    parser._recognizer = Scripted(by_label)
    assert (await asyncio.wait_for(service.run(Call({"image_base64": PAGE})), 30))["status"] == "success"


async def test_an_engine_that_never_came_up_is_an_error_and_no_empty_result(parser: Parser) -> None:
    parser._recognizer = Absent()
    reply = await worker(parser).run(Call({"image_base64": PAGE}))
    assert reply["error_details"]["code"] == "engine_unavailable"
    last = (await chunks(worker(parser), Call({"image_base64": PAGE})))[-1]
    assert last["error_details"]["code"] == "engine_unavailable"


async def test_the_unexpected_is_answered_and_tells_nothing(
    parser: Parser, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def explode(*_: object) -> None:
        raise RuntimeError("text of the document")

    monkeypatch.setattr("octavo.jobs.results.files_said", explode)
    with caplog.at_level(logging.DEBUG):
        reply = await worker(parser).run(Call({"image_base64": PAGE}))
    assert reply["error_details"]["code"] == "internal"
    assert "text of the document" not in json.dumps(reply) + caplog.text
    assert "RuntimeError at=" in caplog.text


async def test_progress_counts_pages(parser: Parser) -> None:
    said = []

    async def progress(done: Any) -> None:
        said.append((done["pages_done"], done["pages_selected"]))

    await worker(parser).run(Call({"images_base64": [PAGE] * 3}), progress=progress)
    assert said == [(1, 3), (2, 3), (3, 3)]


async def test_pages_stream_in_order_with_their_texts_and_the_end_with_the_pictures(parser: Parser) -> None:
    job = {"images_base64": [PAGE] * 2, "return_layout_visualization": True}
    *pages, end = await chunks(worker(parser), Call(job))
    assert [page["page"] for page in pages] == [1, 2]
    assert all(page["markdown_result"].strip() == "[text]" and page["json_result"] for page in pages)
    assert end["status"] == "success"
    assert len(end["result"]["layout_visualizations"]) == 2
    assert "markdown_result" not in end["result"]


async def test_a_streamed_page_that_is_too_large_goes_to_its_place(parser: Parser, tmp_path: Path) -> None:
    parser.settings = SETTINGS.model_copy(update={"volume_path": str(tmp_path)})
    parser._recognizer = Scripted(lambda _: Recognition("word " * 2000))
    [page, _] = await chunks(worker(parser), Call({"image_base64": PAGE}, id="job-7", limit=6000))
    assert {moved["volume_path"] for moved in page["uploads"]} == {"job-7/page-1.json", "job-7/page-1.md"}
    assert (tmp_path / "job-7" / "page-1.md").read_text().startswith("word word")


async def test_a_streamed_page_that_is_too_large_is_told_at_the_end_as_well(parser: Parser) -> None:
    parser._recognizer = Scripted(lambda _: Recognition("word " * 2000))
    page, end = await chunks(worker(parser), Call({"image_base64": PAGE}, limit=6000))
    assert (page["type"], page["page"], page["error_details"]["code"]) == ("page", 1, "limit_exceeded")
    assert (end["type"], end["status"]) == ("end", "partial")
    assert [(problem["code"], problem["page"]) for problem in end["result"]["problems"]] == [("limit_exceeded", 1)]


async def test_no_more_downloads_at_a_time_than_allowed(parser: Parser) -> None:
    at_a_time, most = 0, 0

    async def serve(request: web.Request) -> web.Response:
        nonlocal at_a_time, most
        at_a_time += 1
        most = max(most, at_a_time)
        await asyncio.sleep(0.1)
        at_a_time -= 1
        return web.Response(body=base64.b64decode(PAGE))

    app = web.Application()
    app.router.add_get("/page.png", serve)
    async with aiohttp.test_utils.TestServer(app) as server:
        service = worker(parser, downloads=3)
        job = {"image_urls": [str(server.make_url("/page.png"))] * 6}
        replies = await asyncio.gather(*(service.run(Call(job)) for _ in range(2)))
    assert [reply["status"] for reply in replies] == ["success", "success"]
    assert most == 3


async def test_the_reply_names_the_source_as_given_and_the_log_never(
    parser: Parser, caplog: pytest.LogCaptureFixture
) -> None:
    async def serve(_: web.Request) -> web.Response:
        return web.Response(body=base64.b64decode(PDF5))

    app = web.Application()
    app.router.add_get("/folder/a.pdf", serve)
    async with aiohttp.test_utils.TestServer(app) as server:
        place = f"127.0.0.1:{server.make_url('/').port}/folder/a.pdf"
        url = f"http://user:hush@{place}?signature=hush"
        with caplog.at_level(logging.DEBUG):
            reply = await worker(parser).run(Call({"pdf_url": url}))
    assert reply["result"]["input"]["source"] == url
    ours = [record.getMessage() for record in caplog.records if record.name != "aiohttp.access"]  # the test's server
    assert "hush" not in "".join(ours)
    assert "hush" not in json.dumps({name: said for name, said in reply["result"].items() if name != "input"})


def test_logs_name_the_place_of_an_exception_and_nothing_of_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    _logs.configure("info")
    try:
        raise ValueError("text of the document")
    except ValueError:
        logging.getLogger("octavo.test").exception("page_failed page=%d", 3)
    finally:
        logging.getLogger().handlers.clear()
    said = capsys.readouterr().err
    assert "page_failed page=3 | ValueError at test_worker:" in said
    assert "text of the document" not in said
    assert said.count("\n") == 1


async def test_freed_memory_is_given_back_once_nothing_is_in_hand(
    parser: Parser, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_back = asyncio.Event()
    loop = asyncio.get_running_loop()
    monkeypatch.setattr("octavo.jobs.worker._REST_SECONDS", 0.01)
    monkeypatch.setattr("octavo.jobs.worker.give_back_memory", lambda: loop.call_soon_threadsafe(given_back.set))
    service = worker(parser)
    with service.room.job():  # another job, of which nothing has ended
        await service.run(Call({"image_base64": PAGE}))
        await asyncio.sleep(0.05)
        assert not given_back.is_set()
    async with asyncio.timeout(60):
        await given_back.wait()
