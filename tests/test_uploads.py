"""Results always arrive: what a reply has no room for goes to a bucket, the volume, or URLs the caller signed."""

import asyncio
import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from bucket import NAME, SECRET, LoopbackBucket, loopback_bucket
from test_contract import NULL_ENGINES, PAGE

from octavo import guarded_http
from octavo.errors import DeliveryFailed
from octavo.jobs.contract import job_from
from octavo.jobs.encoding import Reply, encoded
from octavo.jobs.uploads import UploadBucket, place_for
from octavo.jobs.worker import Call, Worker
from octavo.parser import Parser
from octavo.settings import EngineSettings, ParseOptions, WorkerSettings, resolve

PICTURES = {
    "images_base64": [PAGE] * 3,
    "return_layout_visualization": True,
    "layout_visualization_base64": True,
    "output_format": "both",
}
PRIVATE = {"OCTAVO_ALLOW_PRIVATE_ADDRESSES": "true"}  # the bucket of these tests is on the loopback


@pytest.fixture(scope="module")
def served() -> Iterator[LoopbackBucket]:
    with loopback_bucket() as bucket:
        yield bucket


@pytest.fixture
def bucket(served: LoopbackBucket) -> LoopbackBucket:
    for key in served.files():
        served.s3.delete_object(Bucket=NAME, Key=key)
    return served


async def ask(payload: object, limit: int, *environments: dict[str, str], s3_config: object = None) -> Reply:
    variables = {"RUNPOD_VOLUME_PATH": "/no/such/volume", **NULL_ENGINES}
    for environment in environments:
        variables |= environment
    async with Parser(resolve(EngineSettings, {}, variables).values) as parser:
        worker = Worker(
            parser, resolve(ParseOptions, {}, variables).values, resolve(WorkerSettings, {}, variables).values
        )
        reply = await worker.run(Call(payload, s3_config, "job-7", limit))
    assert len(encoded(reply)) <= limit
    return reply


async def fetched(url: str) -> bytes:
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        assert response.status == 200
        return await response.read()


async def test_what_fits_stays(bucket: LoopbackBucket) -> None:
    reply = await ask(PICTURES, 9_000_000, bucket.variables)
    assert all("image_base64" in shown for shown in reply["result"]["layout_visualizations"])
    assert not bucket.files()


async def test_pictures_move_first(bucket: LoopbackBucket) -> None:
    reply = await ask(PICTURES, 8_000, bucket.variables)
    assert reply["status"] == "success"
    assert reply["result"]["markdown_result"]
    for shown in reply["result"]["layout_visualizations"]:
        assert set(shown) == {"filename", "path", "size_bytes", "url"}
        assert len(await fetched(shown["url"])) == shown["size_bytes"]
    assert set(bucket.files()) == {f"job-7/layout_vis/document_page{page}.jpg" for page in range(3)}


async def test_then_the_pages(bucket: LoopbackBucket) -> None:
    reply = await ask(PICTURES | {"images_base64": [PAGE] * 12}, 9_000, bucket.variables)
    result = reply["result"]
    assert result["json_result"] == []
    [moved] = [each for each in result["uploads"] if each["field"] == "json_result"]
    assert moved["filename"] == "document.json"
    assert len(json.loads(await fetched(moved["url"]))) == 12


async def test_a_bucket_of_the_job_beats_the_worker_s(bucket: LoopbackBucket) -> None:
    unusable = {"BUCKET_ENDPOINT_URL": "http://127.0.0.1:9", "BUCKET_ACCESS_KEY_ID": "x"}
    for beside, inside in ((bucket.s3_config, {}), (None, {"s3Config": bucket.s3_config})):
        reply = await ask(PICTURES | inside, 8_000, bucket.variables, unusable, PRIVATE, s3_config=beside)
        assert reply["status"] == "success", reply


async def test_a_bucket_of_the_job_cannot_lead_into_private_networks(bucket: LoopbackBucket) -> None:
    reply = await ask(PICTURES, 8_000, s3_config=bucket.s3_config)
    assert reply["error_details"]["code"] == "address_refused"
    assert reply["result"]["markdown_result"]  # what did fit is there all the same


async def test_urls_of_the_caller(bucket: LoopbackBucket) -> None:
    names = [f"layout_vis/document_page{page}.jpg" for page in range(3)] + ["document.md"]
    upload = {"put_urls": {name: bucket.signed(f"mine/{name}") for name in names}}
    reply = await ask(PICTURES | {"upload": upload}, 9_000_000, PRIVATE)
    assert all(shown["uploaded"] == "put_urls" for shown in reply["result"]["layout_visualizations"])
    assert reply["result"]["markdown_result"] == ""
    assert bucket.files()["mine/document.md"].decode().count("[text]") == 3
    assert reply["result"]["json_result"]


async def test_files_of_other_formats_go_where_the_pictures_go(bucket: LoopbackBucket) -> None:
    upload = {"put_urls": {"document.html": bucket.signed("mine/document.html")}}
    reply = await ask({"image_base64": PAGE, "formats": ["html"], "upload": upload}, 9_000_000, PRIVATE)
    [file] = reply["result"]["artifacts"]
    assert (file["path"], file["uploaded"], "text" in file) == ("document.html", "put_urls", False)
    assert b"[text]" in bucket.files()["mine/document.html"]


async def test_what_moved_is_of_its_type_and_told(bucket: LoopbackBucket) -> None:
    upload = {
        "put_urls": {"document.json": bucket.signed("document.json"), "document.md": bucket.signed("document.md")}
    }
    result = (await ask({"image_base64": PAGE, "upload": upload}, 9_000_000, PRIVATE))["result"]
    assert (result["json_result"], result["markdown_result"]) == ([], "")
    assert [note["key"] for note in result["warnings"]] == ["json_result", "markdown_result"]


async def test_urls_of_the_caller_are_guarded(bucket: LoopbackBucket) -> None:
    upload = {"put_urls": {"document.md": "http://169.254.169.254/latest?token=hush"}}
    reply = await ask({"image_base64": PAGE, "upload": upload}, 9_000_000)
    assert reply["error_details"]["code"] == "address_refused"
    assert "hush" not in json.dumps(reply)


async def test_a_file_without_a_url_is_named(bucket: LoopbackBucket) -> None:
    upload = {"put_urls": {"document.md": bucket.signed("document.md")}}
    reply = await ask(PICTURES | {"upload": upload}, 9_000_000, PRIVATE)
    assert reply["error_details"]["code"] == "delivery_failed"
    assert "layout_vis/document_page0.jpg" in reply["error"]


async def test_the_network_volume(tmp_path: Path) -> None:
    reply = await ask(PICTURES, 8_000, {"RUNPOD_VOLUME_PATH": str(tmp_path)})
    for shown in reply["result"]["layout_visualizations"]:
        assert shown["volume_path"] == f"job-7/{shown['path']}"
        assert (tmp_path / shown["volume_path"]).stat().st_size == shown["size_bytes"]
    assert str(tmp_path) not in json.dumps(reply)


@pytest.mark.parametrize("overflow", ["auto", "bucket", "volume", "off"])
async def test_without_a_place_it_says_so_and_gives_what_fits(overflow: str) -> None:
    reply = await ask(PICTURES, 9_000, {"OCTAVO_OVERFLOW": overflow})
    assert reply["status"] == "error"
    assert reply["error_details"]["code"] == "limit_exceeded"
    for option in ("BUCKET_", "s3Config", "put_urls", "volume", "left out here: layout_visualizations"):
        assert option in reply["error"]
    assert reply["result"]["page_count"] == 3
    assert reply["result"]["markdown_result"].count("[text]") == 3


@pytest.mark.parametrize("upload", [{"to": "bucket"}, {"to": "volume"}, {"to": "put_urls"}])
async def test_a_place_that_is_not_there_is_an_input_error(upload: dict[str, Any]) -> None:
    reply = await ask({"image_base64": PAGE, "upload": upload}, 9_000_000)
    assert reply["error_details"]["code"] == "option_invalid"
    assert "input.upload" in reply["error"]


async def test_a_bucket_that_refuses_is_an_error_that_may_pass(bucket: LoopbackBucket) -> None:
    wrong = bucket.variables | {"BUCKET_NAME": "no-such-bucket"}
    reply = await ask(PICTURES, 8_000, wrong)
    assert (reply["error_details"]["code"], reply["error_details"]["retryable"]) == ("delivery_failed", True)
    assert "HTTP 404" in reply["error"]


def refusing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bucket that takes every file but one."""
    put = guarded_http.put

    async def but_one(address: str, data: bytes, media_type: str, *, allow_private: bool) -> None:
        if name in address:
            raise DeliveryFailed("the bucket did not take an upload: HTTP 507")
        await put(address, data, media_type, allow_private=allow_private)

    monkeypatch.setattr(guarded_http, "put", but_one)


def hanging(name: str, monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """A bucket that takes every file and never says so of one; set when it has that."""
    put, has_it = guarded_http.put, asyncio.Event()

    async def but_one(address: str, data: bytes, media_type: str, *, allow_private: bool) -> None:
        await put(address, data, media_type, allow_private=allow_private)
        if name in address:
            has_it.set()
            await asyncio.sleep(3600)

    monkeypatch.setattr(guarded_http, "put", but_one)
    return has_it


@pytest.mark.parametrize("last", ["document_page2", "document.md"])
async def test_a_job_that_is_cancelled_while_it_delivers_leaves_nothing_in_the_bucket(
    bucket: LoopbackBucket, monkeypatch: pytest.MonkeyPatch, last: str
) -> None:
    has_it = hanging(last, monkeypatch)
    job = asyncio.create_task(ask(PICTURES | {"upload": {"to": "bucket"}}, 2_500, bucket.variables))
    await has_it.wait()
    job.cancel()
    (ended,) = await asyncio.gather(job, return_exceptions=True)
    assert isinstance(ended, asyncio.CancelledError)
    assert not bucket.files()


async def test_a_delivery_that_takes_too_long_ends(bucket: LoopbackBucket, monkeypatch: pytest.MonkeyPatch) -> None:
    hanging("document_page2", monkeypatch)
    hurry = bucket.variables | {"OCTAVO_DELIVERY_SECONDS": "3"}
    reply = await ask(PICTURES | {"upload": {"to": "bucket"}}, 9_000_000, hurry)
    assert (reply["error_details"]["code"], reply["error_details"]["retryable"]) == ("delivery_failed", True)
    assert "delivery_seconds" in reply["error"]
    assert reply["result"]["markdown_result"].count("[text]") == 3
    assert not bucket.files()


@pytest.mark.parametrize("refused", ["document_page2", "document.md"])
async def test_a_delivery_that_fails_leaves_nothing_in_the_bucket(
    bucket: LoopbackBucket, monkeypatch: pytest.MonkeyPatch, refused: str
) -> None:
    bucket.s3.put_object(Bucket=NAME, Key="job-7/somebody-else's", Body=b"stays")
    refusing(refused, monkeypatch)
    reply = await ask(PICTURES | {"upload": {"to": "bucket"}}, 2_500, bucket.variables)
    assert reply["error_details"]["code"] == "delivery_failed"
    assert list(bucket.files()) == ["job-7/somebody-else's"]
    assert "lie there still" not in json.dumps(reply)


async def test_what_cannot_be_taken_back_is_told(bucket: LoopbackBucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys may let us write and not delete."""

    async def kept(address: str, *, allow_private: bool) -> bool:
        return False

    monkeypatch.setattr(guarded_http, "delete", kept)
    refusing("document_page2", monkeypatch)
    reply = await ask(PICTURES | {"upload": {"to": "bucket"}}, 9_000, bucket.variables)
    assert reply["error_details"]["code"] == "delivery_failed"
    (told,) = [note["message"] for note in reply["result"]["warnings"] if note["key"] == "uploads"]
    assert all(repr(key.removeprefix("job-7/")) in told for key in bucket.files())
    assert "document_page2" not in told


async def test_texts_that_were_taken_back_are_in_the_reply(
    bucket: LoopbackBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = {
        "put_urls": {name: bucket.signed(name) for name in ("document.json", "document.md")},
    }
    refusing("document.md", monkeypatch)
    reply = await ask({"image_base64": PAGE, "upload": upload}, 9_000_000, PRIVATE)
    assert reply["error_details"]["code"] == "delivery_failed"
    assert reply["result"]["json_result"]
    assert "[text]" in reply["result"]["markdown_result"]
    assert "document.json" in json.dumps(reply["result"]["warnings"])  # it is the caller's, and stays


async def test_secrets_stay_secret(bucket: LoopbackBucket, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        reply = await ask(PICTURES, 8_000, bucket.variables | {"BUCKET_NAME": "no-such-bucket"})
    assert SECRET not in json.dumps(reply) + caplog.text
    assert SECRET not in repr(resolve(WorkerSettings, {}, bucket.variables).values)


@pytest.mark.parametrize(
    ("endpoint", "name", "address"),
    [
        ("https://s3.example.org", "mine", "https://s3.example.org/mine/job-7/a.jpg?"),
        ("https://s3.example.org/mine", None, "https://s3.example.org/mine/job-7/a.jpg?"),
        ("https://mine.s3.eu-west-1.amazonaws.com", None, "https://mine.s3.eu-west-1.amazonaws.com/job-7/a.jpg?"),
    ],
)
def test_the_bucket_s_name_may_stand_in_its_endpoint(endpoint: str, name: str | None, address: str) -> None:
    settings = WorkerSettings.model_validate(
        {
            "bucket_endpoint_url": endpoint,
            "bucket_name": name,
            "bucket_access_key_id": "key",
            "bucket_secret_access_key": "secret",
        }
    )
    job = job_from({"image_base64": PAGE})
    place = place_for(job, "job-7", settings, Path("/no/such"), allow_private=False)
    assert isinstance(place, UploadBucket)
    signed = place.signed("GET", "job-7/a.jpg", timedelta(minutes=1))
    assert signed.startswith(address)
    assert ("eu-west-1" in signed) is ("eu-west-1" in endpoint)
