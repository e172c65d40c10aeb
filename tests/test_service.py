"""The service: jobs that are asked about later, kept within limits, answered once, forgotten when asked to."""

import asyncio
import base64
import hashlib
import hmac
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from replayed import pdf, picture
from serving import ENGINE, contents, process, running, serving, slow_engine, store_in, until

from octavo.errors import OptionInvalid
from octavo.frontends import _keys
from octavo.jobs.entries import JobEntry
from octavo.settings import EngineSettings, ServeSettings, WorkerSettings

PAGE, PDF5 = picture(), pdf(5)
Json = dict[str, Any]


def form(*files: bytes, **fields: str) -> aiohttp.FormData:
    data = aiohttp.FormData()
    for name, value in fields.items():
        data.add_field(name, value)
    for file in files:
        data.add_field("file", file, filename="statement.pdf")
    return data


async def said(response: aiohttp.ClientResponse, status: int) -> Json:
    assert response.status == status, await response.text()
    answer: Json = await response.json()
    return answer


async def submitted(client: aiohttp.ClientSession, **job: object) -> str:
    return str((await said(await client.post("/v1/jobs", json=job), 202))["id"])


async def ended(client: aiohttp.ClientSession, job: str) -> Json:
    async with asyncio.timeout(60):
        while True:
            state = await said(await client.get(f"/v1/jobs/{job}"), 200)
            if state["ended_at"]:
                return state
            await asyncio.sleep(0.05)


async def events(client: aiohttp.ClientSession, job: str, last: int = 0) -> list[tuple[int, str, Json]]:
    response = await client.get(f"/v1/jobs/{job}/events", headers={"Last-Event-ID": str(last)})
    assert response.status == 200
    found = []
    for block in (await response.text()).split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if lines:
            found.append((int(lines["id"]), lines["event"], json.loads(lines["data"])))
    return found


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


# --- a document and its result -----------------------------------------------------------------------------------


async def test_an_uploaded_document_is_answered_with_its_result() -> None:
    async with serving() as client:
        reply = await said(await client.post("/v1/parse", data=form(PDF5, pages="2-3")), 200)
        assert reply["status"] == "success"
        assert reply["result"]["input"]["page_numbers"] == [2, 3]
        assert reply["result"]["markdown_result"].split() == ["page", "2", "page", "3"]


async def test_several_files_are_the_pages_of_one_document() -> None:
    async with serving() as client:
        reply = await said(await client.post("/v1/parse", data=form(PAGE, PAGE, PAGE)), 200)
        assert reply["result"]["page_count"] == 3


@pytest.mark.parametrize("wrapped", [True, False])
async def test_json_is_the_worker_s_contract(wrapped: bool) -> None:
    job = {"image_base64": encoded(PAGE), "output_format": "markdown"}
    async with serving() as client:
        reply = await said(await client.post("/v1/parse", json={"input": job} if wrapped else job), 200)
        assert reply["result"]["markdown_result"].strip() == "[text]"
        assert reply["result"]["json_result"] == []


async def test_what_takes_longer_than_the_limit_is_answered_with_its_job(slow: EngineSettings) -> None:
    async with serving(slow, ServeSettings(sync_seconds=0.05)) as client:
        response = await client.post("/v1/parse", data=form(PAGE))
        job = await said(response, 202)
        assert response.headers["Location"] == f"/v1/jobs/{job['id']}" == job["links"]["self"]
        assert (await ended(client, job["id"]))["status"] == "success"


async def test_a_dry_run_and_a_warm_up_are_answered_and_leave_no_job() -> None:
    async with serving() as client:
        reply = await said(await client.post("/v1/parse", data=form(PDF5, dry_run="true")), 200)
        assert reply["result"]["dry_run"]["pages"] == 5
        assert (await said(await client.post("/v1/parse", json={"warmup": True}), 200))["status"] == "success"
        assert (await said(await client.get("/v1/jobs"), 200))["jobs"] == []


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (lambda: {"data": form(b"hello")}, "type_unsupported"),
        (lambda: {"data": form(b"")}, "source_empty"),
        (lambda: {"data": form(PAGE, dpi="1")}, "option_invalid"),
        (lambda: {"data": form(dpi="72")}, "source_invalid"),
        (lambda: {"json": {"pdf_base64": "aGVsbG8="}}, "type_unsupported"),
        (lambda: {"json": []}, "source_invalid"),
        (lambda: {"data": b"--x", "headers": {"Content-Type": "multipart/form-data; boundary=y"}}, "source_invalid"),
        (lambda: {"data": b"x", "headers": {"Content-Type": "multipart/form-data"}}, "source_invalid"),
    ],
)
@pytest.mark.parametrize("route", ["/v1/parse", "/v1/jobs"])
async def test_what_is_wrong_with_it_is_said_at_once(route: str, sent: Callable[[], Json], code: str) -> None:
    async with serving() as client:
        reply = await said(await client.post(route, **sent()), 422)
        assert reply["error_details"]["code"] == code


# --- jobs --------------------------------------------------------------------------------------------------------


async def test_a_job_tells_of_its_pages_as_they_are_done_and_then_its_result() -> None:
    async with serving() as client:
        job = await submitted(client, pdf_base64=encoded(PDF5), formats="html")
        state = await ended(client, job)
        assert (state["status"], state["pages"]) == ("success", {"selected": 5, "done": 5})
        assert (await said(await client.get(f"/v1/jobs/{job}/pages"), 200))["pages"] == [1, 2, 3, 4, 5]
        page = await said(await client.get(f"/v1/jobs/{job}/pages/3"), 200)
        assert (page["page"], page["markdown_result"].strip()) == (3, "page 3")
        reply = await said(await client.get(f"/v1/jobs/{job}/result"), 200)
        assert reply["result"]["page_count"] == 5
        files = (await said(await client.get(f"/v1/jobs/{job}/artifacts"), 200))["artifacts"]
        assert {file["name"] for file in files} == {"document.md", "document.json", "document.html"}
        html = await client.get(next(file["url"] for file in files if file["name"].endswith("html")))
        assert html.content_type == "text/html"
        assert "page 3" in await html.text()


async def test_events_go_on_after_the_last_that_was_seen() -> None:
    async with serving() as client:
        job = await submitted(client, pdf_base64=encoded(PDF5))
        every = await events(client, job)
        assert [kind for _, kind, _ in every] == ["queued", "running", *["page"] * 5, "success"]
        assert [data["page"] for _, kind, data in every if kind == "page"] == [1, 2, 3, 4, 5]
        assert [number for number, *_ in every] == list(range(1, 9))
        assert await events(client, job, last=4) == every[4:]


async def test_the_same_idempotency_key_is_the_same_job() -> None:
    async with serving() as client:
        jobs = set()
        for _ in range(3):
            headers = {"Idempotency-Key": "order-17"}
            response = await client.post("/v1/jobs", json={"image_base64": encoded(PAGE)}, headers=headers)
            jobs.add((await said(response, 202))["id"])
        assert len(jobs) == 1
        assert len((await said(await client.get("/v1/jobs"), 200))["jobs"]) == 1


async def test_a_source_is_fetched_before_its_job_takes_a_place(slow_source: str, slow: EngineSettings) -> None:
    engine = ENGINE.model_copy(update={"allow_private_addresses": True})
    async with serving(engine, worker=WorkerSettings(concurrency=1)) as client:
        waiting = [await submitted(client, image_url=f"{slow_source}/never/{n}") for n in range(3)]
        job = await submitted(client, image_url=f"{slow_source}/page")
        assert (await ended(client, job))["status"] == "success"
        for other in waiting:
            assert (await said(await client.get(f"/v1/jobs/{other}"), 200))["status"] == "queued"
        gone = await submitted(client, image_url=f"{slow_source}/gone")
        state = await ended(client, gone)
        assert (state["status"], state["error_details"]["code"]) == ("error", "source_not_found")
        assert (await client.get(f"/v1/jobs/{gone}/result")).status == 422


async def test_a_cancelled_job_ends_and_says_so(slow: EngineSettings) -> None:
    async with running(slow) as server:
        job = await submitted(server.client, pdf_base64=encoded(PDF5))
        await until(lambda: server.desk.worker.working == 1)
        state = await said(await server.client.post(f"/v1/jobs/{job}/cancel"), 200)
        assert (state["status"], state["error_details"]["code"]) == ("cancelled", "job_cancelled")
        assert server.desk.worker.working == 0
        reply = await said(await server.client.get(f"/v1/jobs/{job}/result"), 422)
        assert reply["error_details"]["code"] == "job_cancelled"
        assert (await events(server.client, job))[-1][1] == "cancelled"


@pytest.mark.parametrize("when", ["running", "over"])
async def test_delete_removes_every_trace(when: str, slow: EngineSettings, tmp_path: Path) -> None:
    folder, engine = tmp_path / "store", slow if when == "running" else ENGINE
    async with running(engine, store_in(tmp_path)) as server:
        marker = encoded(os.urandom(3000))
        job = await submitted(server.client, pdf_base64=encoded(PDF5 + b"\n%" + marker.encode()), password=marker[:90])
        if when == "running":
            await until(lambda: server.desk.worker.working == 1)
        else:
            await ended(server.client, job)
        assert (await server.client.delete(f"/v1/jobs/{job}")).status == 204
        assert (await server.client.get(f"/v1/jobs/{job}")).status == 404
        assert server.desk.worker.working == 0
        left = b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())
        for trace in (job, marker[:90], "[text]"):
            assert trace.encode() not in left
        assert {file.name for file in folder.rglob("*") if file.is_dir()} <= {"jobs", "servers", ".octavo-checkpoints"}


async def test_results_are_kept_as_long_as_they_may_and_no_more_bytes_than_that() -> None:
    serve = ServeSettings(retention_seconds=3600, kept_bytes=1, cache=False)
    async with running(serve=serve) as server:
        jobs = [await submitted(server.client, image_base64=encoded(PAGE)) for _ in range(3)]
        for job in jobs:
            await ended(server.client, job)
        await asyncio.to_thread(server.desk.queue._store.tidy, 3600, 1)
        assert (await said(await server.client.get("/v1/jobs"), 200))["jobs"] == []


async def test_a_caller_who_hangs_up_leaves_nothing_running(slow: EngineSettings) -> None:
    async with running(slow) as server:
        asking = asyncio.create_task(server.client.post("/v1/parse", data=form(PDF5)))
        await until(lambda: server.desk.worker.working == 1)
        asking.cancel()
        await until(lambda: server.desk.worker.working == 0)
        await until(lambda: not server.desk.queue._mine)


# --- webhooks ----------------------------------------------------------------------------------------------------


async def test_an_address_is_told_how_a_job_ended_signed_and_again_until_it_hears(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from aiohttp import web
    from aiohttp.test_utils import TestServer

    from octavo.jobs import webhooks

    monkeypatch.setattr(webhooks, "_PAUSES", (0.05, 0.05))
    heard: list[tuple[bytes, str]] = []

    async def hear(request: web.Request) -> web.Response:
        heard.append((await request.read(), request.headers["Octavo-Signature"]))
        return web.Response(status=500 if len(heard) < 3 else 200)

    app = web.Application()
    app.add_routes([web.post("/hook", hear)])
    engine = ENGINE.model_copy(update={"allow_private_addresses": True})
    serve = ServeSettings.model_validate({"webhook_secret": "sesame"})
    async with TestServer(app) as receiver, serving(engine, serve) as client:
        job = await submitted(client, input={"image_base64": encoded(PAGE)}, webhook=str(receiver.make_url("/hook")))
        await until(lambda: len(heard) == 3)
    for body, signature in heard:
        told = json.loads(body)
        assert (told["id"], told["status"]) == (job, "success")
        assert "[text]" not in body.decode()
        moment, digest = (part.partition("=")[2] for part in signature.split(","))
        assert hmac.new(b"sesame", f"{moment}.".encode() + body, "sha256").hexdigest() == digest


@pytest.mark.parametrize(
    ("secret", "address", "code"),
    [
        (None, "https://example.org/hook", "option_invalid"),
        ("sesame", "http://127.0.0.1:1/hook", "address_refused"),
        ("sesame", "ftp://example.org", "source_invalid"),
    ],
)
async def test_an_address_that_must_not_be_told_is_refused_at_once(secret: str | None, address: str, code: str) -> None:
    async with serving(serve=ServeSettings.model_validate({"webhook_secret": secret})) as client:
        sent = {"input": {"image_base64": encoded(PAGE)}, "webhook": address}
        reply = await said(await client.post("/v1/jobs", json=sent), 422)
        assert reply["error_details"]["code"] == code


# --- the same again ----------------------------------------------------------------------------------------------


async def test_the_same_question_is_answered_at_once_and_says_so(tmp_path: Path) -> None:
    async with serving(serve=store_in(tmp_path)) as client:
        first = await said(await client.post("/v1/parse", data=form(PDF5, formats="html")), 200)
        again = await said(await client.post("/v1/parse", data=form(PDF5, formats="html")), 200)
        assert not first.get("cached")
        assert again["cached"]
        assert again["id"] != first["id"]
        assert again["result"]["markdown_result"] == first["result"]["markdown_result"]
        state = await said(await client.get(f"/v1/jobs/{again['id']}"), 200)
        assert (state["cached"], state["pages"]) == (True, {"selected": 5, "done": 5})
        seen = [data["url"] for _, kind, data in await events(client, again["id"]) if kind == "page"]
        assert seen == [f"/v1/jobs/{again['id']}/pages/{n}" for n in range(1, 6)]
        for url in (*seen, again["result"]["artifacts"][0]["url"]):
            assert again["id"] in url
            assert (await client.get(url)).status == 200
        await client.delete(f"/v1/jobs/{first['id']}")
        assert (await client.get(seen[0])).status == 200


@pytest.mark.parametrize("other", [{"dpi": "72"}, {"pages": "1"}, {"output_format": "json"}, {"formats": "html"}])
async def test_another_question_is_read(other: Mapping[str, str]) -> None:
    async with serving() as client:
        await said(await client.post("/v1/parse", data=form(PDF5)), 200)
        assert not (await said(await client.post("/v1/parse", data=form(PDF5, **other)), 200)).get("cached")


# --- limits and turns --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "limit", [{"queue_jobs": 2}, {"key_jobs": 2}, {"key_pages": 2}, {"key_bytes": 1_500}, {"queue_bytes": 1_500}]
)
async def test_who_finds_no_room_is_told_when_to_come_again(limit: Json, slow: EngineSettings) -> None:
    size = len(PAGE)
    limit = {name: value if "bytes" not in name else 2 * size for name, value in limit.items()}
    async with serving(slow, ServeSettings(cache=False, **limit)) as client:
        for _ in range(2):
            await submitted(client, image_base64=encoded(PAGE))
        response = await client.post("/v1/jobs", json={"image_base64": encoded(PAGE)})
        reply = await said(response, 429)
        assert next(iter(limit)) in reply["error"]
        assert int(response.headers["Retry-After"]) > 0
        for job in (await said(await client.get("/v1/jobs"), 200))["jobs"]:
            await ended(client, job["id"])
        await submitted(client, image_base64=encoded(PAGE))


async def test_a_short_job_does_not_wait_for_long_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = slow_engine(monkeypatch, 0.5)  # the long ones are cancelled at the end
    # Without a cache: the pages of a long one are all alike, and would be known after the first.
    async with serving(engine, ServeSettings(short_pages=2, cache=False), WorkerSettings(concurrency=2)) as client:
        long = [await submitted(client, images_base64=[encoded(PAGE)] * 40, dpi=72 + n) for n in range(3)]
        short = await submitted(client, image_base64=encoded(PAGE))
        await ended(client, short)
        for job in long:
            assert (await said(await client.get(f"/v1/jobs/{job}"), 200))["ended_at"] is None


# --- servers that die --------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_a_killed_server_goes_on_with_the_pages_it_had(tmp_path: Path) -> None:
    # Long enough to be kept on a busy machine: a server that loses it reads the job again, of which nothing is kept.
    more = {"OCTAVO_STORE": str(tmp_path / "store"), "OCTAVO_LEASE_SECONDS": "4", "OCTAVO_PAGES_IN_FLIGHT": "1"}
    async with process(tmp_path / "log", OCTAVO_SLEEP="0.3", **more) as (server, url):
        async with aiohttp.ClientSession(url) as client:
            job = await submitted(client, pdf_base64=encoded(pdf(8)))
            while len((await said(await client.get(f"/v1/jobs/{job}/pages"), 200))["pages"]) < 3:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        server.send_signal(signal.SIGKILL)
        await server.wait()
    async with process(tmp_path / "log2", OCTAVO_SLEEP="0", **more) as (_, url), aiohttp.ClientSession(url) as client:
        assert (await ended(client, job))["status"] == "success"
        reply = await said(await client.get(f"/v1/jobs/{job}/result"), 200)
        assert reply["result"]["run_info"]["pages_from_checkpoint"] >= 3
        pages = [data["page"] for _, kind, data in await events(client, job) if kind == "page"]
        assert pages == list(range(1, 9))  # none lost, none twice


@pytest.mark.slow
async def test_two_servers_share_a_store_and_one_may_die(tmp_path: Path) -> None:
    more = {
        "OCTAVO_STORE": str(tmp_path / "store"),
        "OCTAVO_LEASE_SECONDS": "1",
        "OCTAVO_CACHE": "false",
        "OCTAVO_SLEEP": "0.2",
        "WORKER_MAX_CONCURRENCY": "1",
    }
    async with (
        process(tmp_path / "log1", **more) as (first, url1),
        process(tmp_path / "log2", **more) as (_, url2),
        aiohttp.ClientSession(url1) as one,
        aiohttp.ClientSession(url2) as two,
    ):
        jobs = [await submitted(one, image_base64=encoded(PAGE), dpi=72 + n) for n in range(8)]
        while not any(job["ended_at"] for job in (await said(await two.get("/v1/jobs"), 200))["jobs"]):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        first.send_signal(signal.SIGKILL)
        for job in jobs:
            assert (await ended(two, job))["status"] == "success"
            assert [kind for _, kind, _ in await events(two, job)] == ["queued", "running", "page", "success"]
    started = [contents(tmp_path / log).count("job_started") for log in ("log1", "log2")]
    assert all(started), "both read some"


@pytest.mark.slow
async def test_what_a_dead_server_had_is_another_s_at_once(tmp_path: Path) -> None:
    more = {"OCTAVO_STORE": str(tmp_path / "store"), "OCTAVO_LEASE_SECONDS": "600"}
    async with process(tmp_path / "log", OCTAVO_SLEEP="600", **more) as (server, url):
        async with aiohttp.ClientSession(url) as client:
            job = await submitted(client, image_base64=encoded(PAGE))
            while (await said(await client.get(f"/v1/jobs/{job}"), 200))["status"] != "running":  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        server.send_signal(signal.SIGKILL)
    async with process(tmp_path / "log2", OCTAVO_SLEEP="0", **more) as (_, url), aiohttp.ClientSession(url) as client:
        assert (await ended(client, job))["status"] == "success"


async def test_a_job_that_is_cancelled_as_it_begins_ends_all_the_same() -> None:
    async with running() as server:
        queue, begun = server.desk.queue, server.desk.queue._begun

        def begun_and_cancelled(entry: JobEntry, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
            ending = begun(entry, work)
            queue._mine[entry.id].working.cancel()  # as a loop does that runs between two lines of another
            queue._begun = begun  # type: ignore[method-assign]
            return ending

        queue._begun = begun_and_cancelled  # type: ignore[method-assign]
        job = await submitted(server.client, image_base64=encoded(PAGE))
        assert (await ended(server.client, job))["status"] == "success"


@pytest.mark.slow
async def test_leases_that_are_renewed_while_jobs_begin_end_none_of_them() -> None:
    async with running(serve=ServeSettings(lease_seconds=0.5, cache=False)) as server:
        jobs = [await submitted(server.client, image_base64=encoded(PAGE)) for _ in range(40)]
        for job in jobs:
            assert (await ended(server.client, job))["status"] == "success"


def test_a_page_is_told_of_once_wherever_a_server_died(tmp_path: Path) -> None:
    from octavo.jobs.entries import Limits, New
    from octavo.jobs.store import JobStore

    store = JobStore(tmp_path, holder="server", lease_seconds=60, attempts=2)
    store.admit(New("a", "", {}, parts=1, pages=2), Limits(10, 10, 10, 10, 10))
    store.claim(short=9, long_too=True)
    store.files.write("a", "pages/1.json", b"first")  # and here it died, before it could tell
    for page, body in ((1, b"first"), (1, b"first"), (2, b"second"), (2, b"second, read better")):
        store.page_done("a", page, body, {}, page)
    told = [json.loads(event.data)["page"] for event in store.events("a", 0) if event.kind == "page"]
    assert told == [1, 2, 2]
    store.close()


async def test_a_job_that_ends_every_server_is_given_up(tmp_path: Path) -> None:
    from octavo.jobs.entries import JobStatus, Limits, New
    from octavo.jobs.store import JobStore

    limits = Limits(10, 10, 10, 10, 10)
    for number in range(3):
        store = JobStore(tmp_path, holder=f"server {number}", lease_seconds=0, attempts=2)
        if number == 0:
            store.admit(New("a", "", {}, parts=1, pages=1), limits)
        claimed = store.claim(short=1, long_too=True)
        assert (claimed is not None) == (number < 2)
        store.close()
    store = JobStore(tmp_path, holder="last", lease_seconds=0, attempts=2)
    job = store.job("a", None)
    assert job is not None
    assert (job.status, (job.error or {})["code"]) == (JobStatus.ERROR, "job_abandoned")


# --- who may ask -------------------------------------------------------------------------------------------------


@pytest.fixture
def keys(tmp_path: Path) -> Mapping[str, str]:
    made = {
        name: _keys.made(name, scopes) for name, scopes in (("one", "parse"), ("two", "parse"), ("boss", "admin,parse"))
    }
    (tmp_path / "keys").write_text("# of the team\n" + "\n".join(line for _, line in made.values()))
    return {name: secret for name, (secret, _) in made.items()}


async def test_with_keys_a_caller_needs_one_and_sees_its_own_jobs(keys: Mapping[str, str], tmp_path: Path) -> None:
    async with serving(serve=ServeSettings(keys_file=str(tmp_path / "keys"))) as client:
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"X-Api-Key": keys["one"][:-1]}):
            response = await client.get("/v1/jobs", headers=headers)
            assert (await said(response, 401))["error_details"]["code"] == "key_needed"
            assert response.headers["WWW-Authenticate"] == "Bearer"
        one, two, boss = ({"Authorization": f"Bearer {keys[name]}"} for name in ("one", "two", "boss"))
        response = await client.post("/v1/jobs", json={"image_base64": encoded(PAGE)}, headers=one)
        job = (await said(response, 202))["id"]
        assert (await client.get(f"/v1/jobs/{job}", headers={"X-Api-Key": keys["one"]})).status == 200
        for method, route in (("GET", ""), ("GET", "/result"), ("GET", "/events"), ("POST", "/cancel"), ("DELETE", "")):
            assert (await client.request(method, f"/v1/jobs/{job}{route}", headers=two)).status == 404
        assert (await client.get(f"/v1/jobs/{job}", headers=boss)).status == 200
        assert [found["id"] for found in (await said(await client.get("/v1/jobs", headers=boss), 200))["jobs"]] == [job]
        assert (await client.get("/metrics", headers=one)).status == 403
        assert (await client.get("/metrics", headers=boss)).status == 200
        assert (await client.get("/healthz")).status == 200


@pytest.mark.slow
async def test_a_key_is_withdrawn_by_taking_its_line_out(keys: Mapping[str, str], tmp_path: Path) -> None:
    file = tmp_path / "keys"
    async with serving(serve=ServeSettings(keys_file=str(file))) as client:
        headers = {"Authorization": keys["one"]}
        assert (await client.get("/v1/jobs", headers=headers)).status == 200
        file.write_text("\n".join(line for line in file.read_text().splitlines() if not line.startswith("one ")))
        os.utime(file, ns=(1, 1))
        assert (await client.get("/v1/jobs", headers=headers)).status == 401


async def test_one_key_s_results_answer_no_other(keys: Mapping[str, str], tmp_path: Path) -> None:
    async with serving(serve=ServeSettings(keys_file=str(tmp_path / "keys"))) as client:
        for name in ("one", "two"):
            headers = {"Authorization": f"Bearer {keys[name]}"}
            assert not (await said(await client.post("/v1/parse", data=form(PAGE), headers=headers), 200)).get("cached")


def test_without_keys_no_network_is_listened_to() -> None:
    from octavo.frontends._settled import WorkerConfiguration
    from octavo.frontends.serve._app import application
    from octavo.settings import ParseOptions

    settled = WorkerConfiguration(ENGINE, ParseOptions(), WorkerSettings())
    with pytest.raises(OptionInvalid, match="without keys"):
        application(settled, ServeSettings(host="0.0.0.0"))
    application(settled, ServeSettings(host="0.0.0.0", no_login=True))
    with pytest.raises(OptionInvalid, match="exclude"):
        application(settled, ServeSettings(zero_retention=True, store="x"))


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 403),
        ({"Host": "localhost:8000"}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "localhost:8000", "Origin": "http://localhost:8000"}, 200),
    ],
)
async def test_pages_of_other_sites_reach_nothing(headers: Mapping[str, str], status: int) -> None:
    async with serving() as client:
        response = await client.get("/v1/jobs", headers=headers)
        assert response.status == status
        assert not any(name.lower().startswith("access-control") for name in response.headers)


# --- zero retention ----------------------------------------------------------------------------------------------


async def test_in_zero_retention_mode_nothing_is_written_and_nothing_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    opened: list[str] = []
    watching = [True]

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if watching and writes and isinstance(arguments[0], str):
            opened.append(arguments[0])

    sys.addaudithook(watch)
    try:
        engine = ENGINE.model_copy(update={"volume_path": str(tmp_path)})
        async with running(engine, ServeSettings(zero_retention=True)) as server:
            large = picture("TIFF") + bytes(3_000_000)
            reply = await said(await server.client.post("/v1/parse", data=form(large, formats="html")), 200)
            assert "[text]" in reply["result"]["markdown_result"]
            assert (await server.client.get(f"/v1/jobs/{reply['id']}")).status == 404
            job = await submitted(server.client, pdf_base64=encoded(PDF5))
            await ended(server.client, job)
            await said(await server.client.get(f"/v1/jobs/{job}/result"), 200)
            assert (await server.client.get(f"/v1/jobs/{job}")).status == 404
            assert server.desk.queue._store.files.names(job, "") == []
    finally:
        watching.clear()
    assert [name for name in opened if not name.startswith("/dev/")] == []
    assert not os.listdir(tmp_path)  # noqa: PTH208
    assert "[text]" not in caplog.text


# --- seen from outside -------------------------------------------------------------------------------------------


async def test_metrics_tell_of_jobs_pages_and_regions() -> None:
    async with serving() as client:
        await said(await client.post("/v1/parse", data=form(PDF5)), 200)
        await said(await client.post("/v1/parse", data=form(PDF5)), 200)
        text = await (await client.get("/metrics")).text()
    for line in (
        'octavo_jobs_total{status="success"} 1.0',
        "octavo_jobs_cached_total 1.0",
        "octavo_pages_total 5.0",
        'octavo_regions_total{outcome="text_layer"} 5.0',
        'octavo_queue{status="queued"} 0.0',
        "octavo_job_wait_seconds_count 1.0",
        "process_resident_memory_bytes",
    ):
        assert line in text


async def test_health_and_readiness_tell_alive_from_able() -> None:
    loading = {"engine": "glm-ocr", "recognizer": "openai", "url": "http://127.0.0.1:9", "connect_seconds": 60.0}
    async with serving(ENGINE.model_copy(update=loading)) as client:
        assert (await client.get("/healthz")).status == 200
        assert (await client.get("/readyz")).status == 503
    async with running() as server:
        await until(lambda: server.desk.watch.ready)
        assert (await server.client.get("/readyz")).status == 200


async def test_what_is_not_there_is_said_in_the_same_shape() -> None:
    async with serving() as client:
        for method, route, status in (
            ("GET", "/v2/none", 404),
            ("DELETE", "/v1/parse", 405),
            ("GET", "/v1/jobs/x", 422),
        ):
            reply = await said(await client.request(method, route), status)
            assert (reply["status"], reply["error_details"]["fault"]) == ("error", "caller")


@pytest.mark.slow
async def test_the_description_has_every_route_and_a_job_s_every_key() -> None:
    from octavo.jobs.contract import KEYS

    async with serving() as client:
        openapi = await said(await client.get("/openapi.json"), 200)
    assert {"/v1/parse", "/v1/jobs/{job}/events", "/parse", "/metrics"} <= openapi["paths"].keys()
    assert set(KEYS) - {"label_task_mapping"} <= openapi["components"]["schemas"]["Job"]["properties"].keys()


def test_the_digest_of_a_key_is_all_that_is_written_down() -> None:
    secret, line = _keys.made("team", "parse")
    assert secret not in line
    assert line.split() == ["team", "parse", hashlib.sha256(secret.encode()).hexdigest()]
    with pytest.raises(OptionInvalid):
        _keys.made("team", "everything")


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> EngineSettings:
    return slow_engine(monkeypatch, 0.5)


@pytest.fixture
async def slow_source() -> AsyncIterator[str]:
    from aiohttp import web
    from aiohttp.test_utils import TestServer

    async def never(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await asyncio.sleep(600)
        return response

    async def page(request: web.Request) -> web.Response:
        return web.Response(body=PAGE)

    app = web.Application()
    app.add_routes([web.get("/never/{n}", never), web.get("/page", page)])
    async with TestServer(app) as source:
        yield str(source.make_url("")).rstrip("/")
