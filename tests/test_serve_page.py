"""The server's page: shown to anybody, with nothing of a job in it; what it asks for is a job's own."""

import io
import json
import re
from typing import Any

from aiohttp import ClientSession, FormData
from PIL import Image
from serving import serving
from viewer import needs_the_page

from octavo.frontends.serve import _page
from octavo.jobs.contract import READING
from octavo.settings import ParseOptions

NOWHERE = "0" * 32


def picture(shade: int = 255, pages: int = 1) -> bytes:
    sheets = [Image.new("RGB", (300, 400), (shade, 255, 255)) for _ in range(pages)]
    data = io.BytesIO()
    sheets[0].save(data, "TIFF", save_all=True, append_images=sheets[1:])
    return data.getvalue()


async def read(client: ClientSession, data: bytes, **keys: str) -> str:
    """A job with what the page needs, at its end."""
    form = FormData({"formats": "view", **keys})
    form.add_field("file", data, filename="scan.tiff")
    async with client.post("/v1/jobs", data=form) as answer:
        job: str = (await answer.json())["id"]
    async with client.get(f"/v1/jobs/{job}/events") as events:
        assert "event: success" in await events.text()
    return job


async def body(client: ClientSession, path: str, status: int = 200) -> bytes:
    async with client.get(path) as answer:
        assert answer.status == status, await answer.text()
        return await answer.read()


async def parsed(client: ClientSession, path: str) -> Any:
    return json.loads(await body(client, path))


@needs_the_page
async def test_the_page_may_run_its_own_script_alone_and_stand_in_no_frame() -> None:
    async with serving() as client, client.get("/") as answer:
        policy = answer.headers["Content-Security-Policy"]
        text = await answer.text()
    assert answer.status == 200
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"(src|href)=.?https?:", text.split("<script>")[0])


def test_every_option_of_reading_is_offered_with_its_help() -> None:
    offered = {knob["name"]: knob for knob in _page.knobs() if isinstance(knob, dict)}
    assert {*offered} == {*READING} - {"formats", "picture_names"}
    assert all(knob["help"] == ParseOptions.model_fields[str(name)].description for name, knob in offered.items())


async def test_a_job_with_the_view_has_a_picture_of_each_page() -> None:
    async with serving() as client:
        job = await read(client, picture(pages=2))
        shown = await parsed(client, f"/v1/jobs/{job}/artifacts/document.view.json")
        assert [page["page"] for page in shown["pages"]] == [1, 2]
        for number in (0, 1):
            data = await body(client, f"/v1/jobs/{job}/artifacts/view/document_page{number}.jpg")
            assert Image.open(io.BytesIO(data)).size == (300, 400)


@needs_the_page
async def test_a_job_can_be_kept_as_one_file() -> None:
    async with serving() as client:
        job = await read(client, picture())
        async with client.get(f"/v1/jobs/{job}/page?name=a%20%3Cscan%3E") as answer:
            text = await answer.text()
            assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "<title>a &lt;scan&gt;</title>" in text
    assert 'id="picture-1">/9j/' in text


async def test_two_readings_are_compared_block_by_block() -> None:
    async with serving() as client:
        first = await read(client, picture(pages=2))
        second = await read(client, picture(pages=2), pages="2")
        assert await parsed(client, f"/v1/jobs/{first}/changes?since={first}") == {"changes": []}
        changes = (await parsed(client, f"/v1/jobs/{second}/changes?since={first}"))["changes"]
        assert [(change["page"], change["differences"]) for change in changes] == [(1, ["only in A"])]
        await body(client, f"/v1/jobs/{second}/changes?since={NOWHERE}", 404)
        await body(client, f"/v1/jobs/{second}/changes?since=..", 422)


async def test_a_job_that_asked_for_no_view_has_none() -> None:
    async with serving() as client:
        job = await read(client, picture(), formats="text")
        await body(client, f"/v1/jobs/{job}/page", 404)
