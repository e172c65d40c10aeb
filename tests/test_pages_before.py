"""A document that comes again revised: only pages that look otherwise are read, and nobody else's pages answer."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
from model_server import Asked, ModelServer, Reply
from reportlab.pdfgen import canvas
from serving import ENGINE, OPTIONS, running, store_in
from test_pages import drawn

from octavo.frontends import _keys
from octavo.jobs.pages_before import PagesBefore, Shelf
from octavo.settings import TextLayerUse

PICTURES = OPTIONS.model_copy(update={"text_layer": TextLayerUse.OFF})


def document(*texts: str) -> bytes:
    data = BytesIO()
    paper = canvas.Canvas(data, pagesize=(200, 200))
    for text in texts:
        paper.drawString(40, 100, text)
        paper.showPage()
    paper.save()
    return data.getvalue()


async def read(client: aiohttp.ClientSession, source: bytes, key: str = "", **fields: str) -> dict[str, Any]:
    form = aiohttp.FormData()
    for name, value in fields.items():
        form.add_field(name, value)
    form.add_field("file", source, filename="contract.pdf")
    response = await client.post("/v1/parse", data=form, headers={"X-Api-Key": key} if key else {})
    assert response.status == 200, await response.text()
    reply: dict[str, Any] = await response.json()
    return reply


def read_before(reply: dict[str, Any]) -> int:
    count: int = reply["result"]["run_info"]["pages_read_before"]
    return count


def said(reply: dict[str, Any]) -> Sequence[str]:
    return [region["content"] for page in reply["result"]["json_result"] for region in page]


async def test_only_the_pages_that_changed_are_read(tmp_path: Path) -> None:
    def script(asked: Asked) -> Reply:
        return Reply(f"said {asked.number}")

    async with ModelServer(script) as model:
        engine = ENGINE.model_copy(update={"recognizer": "openai", "url": f"{model.url}/v1"})
        async with running(engine, store_in(tmp_path), options=PICTURES) as server:
            first = await read(server.client, document("one", "two", "three"))
            asked = len(model.asked)
            second = await read(server.client, document("zero", "one", "two, revised", "three"))
            assert (read_before(first), read_before(second)) == (0, 2)
            assert len(model.asked) - asked == 2
            assert second["result"]["usage"]["requests"] == 2  # what was paid for before is not paid again
            assert said(second)[1::2] == said(first)[::2]
            assert [region["page"] for page in second["result"]["json_result"] for region in page] == [0, 1, 2, 3]


async def test_another_way_of_reading_another_key_and_a_deleted_job_answer_nothing(tmp_path: Path) -> None:
    secrets, lines = zip(*(_keys.made(name, "parse") for name in ("one", "two")), strict=True)
    (tmp_path / "keys").write_text("\n".join(lines))
    serve = store_in(tmp_path, keys_file=str(tmp_path / "keys"))
    async with running(serve=serve, options=PICTURES) as server:
        first = await read(server.client, document("one", "two"), secrets[0])
        assert read_before(await read(server.client, document("one", "2"), secrets[0])) == 1
        assert read_before(await read(server.client, document("one", "b"), secrets[1])) == 0
        assert read_before(await read(server.client, document("one", "c"), secrets[0], dpi="100")) == 0
        for job in (await (await server.client.get("/v1/jobs", headers={"X-Api-Key": secrets[0]})).json())["jobs"]:
            gone = await server.client.delete(f"/v1/jobs/{job['id']}", headers={"X-Api-Key": secrets[0]})
            assert gone.status == 204
        assert read_before(await read(server.client, document("one", "d"), secrets[0])) == 0
        assert first["status"] == "success"


async def test_without_a_cache_every_page_is_read(tmp_path: Path) -> None:
    async with running(serve=store_in(tmp_path, cache=False), options=PICTURES) as server:
        await read(server.client, document("one"))
        again = await read(server.client, document("one", "two"))
        assert "pages_read_before" not in again["result"]["run_info"]


def test_a_page_with_formulas_is_known_again() -> None:
    source = (Path(__file__).parent / "formulas" / "page.pdf").read_bytes()
    (one,), (again,) = drawn(source, pages="1"), drawn(source, pages="1")
    assert one.text is not None
    assert one.text.notation is not None
    before = PagesBefore("way", Shelf(nothing, nothing))
    assert before.name(one) == before.name(again)


async def nothing(*_: object) -> None:
    return None
