"""What others' clients speak, tried with these clients themselves; what a dialect cannot say is refused by its name."""

import asyncio
import base64
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import runpod
from replayed import pdf, picture
from runpod.endpoint.runner import Endpoint
from serving import ENGINE, Running, running, slow_engine, until
from test_samples import SAMPLES

HERE = Path(__file__).parent
CLIENTS = HERE.parent / ".venvs" / "clients" / "bin" / "python"
OFFICIAL = HERE.parent / ".venvs" / "official" / "bin" / "python"
PAGE, PDF3 = picture(), pdf(3)


def data_url(data: bytes, kind: str = "application/pdf") -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


async def spoken(client: str, *words: str, by: Path = CLIENTS) -> Any:
    """What a client's script says."""
    if not os.access(by, os.X_OK):
        pytest.skip(f"{by.parts[-3]} is not installed: make clients-env, make official-env")
    process = await asyncio.create_subprocess_exec(
        *(str(by), str(HERE / "clients" / f"speak_{client}.py"), *words),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()[-3000:]
    return json.loads(out.decode().splitlines()[-1])


@pytest.fixture
async def server() -> AsyncIterator[Running]:
    async with running() as opened:
        yield opened


async def refused(server: Running, route: str, name: str, **sent: Any) -> None:
    response = await server.client.post(route, **sent)
    assert response.status in (400, 422)
    assert name in (await response.json())["error"]


# --- RunPod ------------------------------------------------------------------------------------------------------


@pytest.fixture
def endpoint(server: Running, monkeypatch: pytest.MonkeyPatch) -> Endpoint:
    monkeypatch.setattr(runpod, "endpoint_url_base", f"{server.url}/v2")
    return Endpoint("anything", api_key="key")


async def test_runpod_s_client_runs_a_job_and_waits_for_it(endpoint: Endpoint) -> None:
    output = await asyncio.to_thread(endpoint.run_sync, {"input": {"pdf_base64": base64.b64encode(PDF3).decode()}})
    assert (output["status"], output["result"]["page_count"]) == ("success", 3)


async def test_runpod_s_client_asks_later_and_streams_pages(endpoint: Endpoint) -> None:
    job = await asyncio.to_thread(endpoint.run, {"pdf_base64": base64.b64encode(PDF3).decode()})
    chunks = await asyncio.to_thread(lambda: list(job.stream()))
    assert [chunk["page"] for chunk in chunks] == [1, 2, 3]
    assert await asyncio.to_thread(job.status) == "COMPLETED"
    assert (await asyncio.to_thread(job.output))["result"]["page_count"] == 3


async def test_runpod_s_client_hears_of_an_error_when_it_asks(endpoint: Endpoint) -> None:
    job = await asyncio.to_thread(endpoint.run, {"pdf_base64": "aGVsbG8="})
    assert await asyncio.to_thread(job.status) == "FAILED"
    assert job.job_output["error_details"]["code"] == "type_unsupported"
    health = await asyncio.to_thread(endpoint.health)
    assert health["jobs"]["failed"] == 1


async def test_runpod_s_client_cancels(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(slow_engine(monkeypatch, 5)) as server:
        monkeypatch.setattr(runpod, "endpoint_url_base", f"{server.url}/v2")
        endpoint = Endpoint("anything", api_key="key")
        job = await asyncio.to_thread(endpoint.run, {"image_base64": base64.b64encode(PAGE).decode()})
        await until(lambda: server.desk.worker.working == 1)
        assert (await asyncio.to_thread(job.cancel))["status"] == "CANCELLED"
        assert await asyncio.to_thread(job.status) == "CANCELLED"


async def test_what_runpod_has_and_octavo_has_not_is_named(server: Running) -> None:
    await refused(server, "/v2/x/run", "policy", json={"input": {}, "policy": {"ttl": 1}})


# --- the official SDK's server -----------------------------------------------------------------------------------


@pytest.mark.slow
async def test_the_official_sdk_s_client_is_answered(server: Running, tmp_path: Path) -> None:
    file = tmp_path / "page.png"
    file.write_bytes(PAGE)
    answer = await spoken("glmocr", server.url, str(file), "{}", by=OFFICIAL)
    assert answer["md_results"].strip() == "[text]"
    assert answer["layout_details"][0][0]["content"] == "[text]"


@pytest.mark.slow
async def test_the_official_sdk_s_client_chooses_pages(server: Running, tmp_path: Path) -> None:
    file = tmp_path / "three.pdf"
    file.write_bytes(PDF3)
    options = json.dumps({"start_page_id": 2, "end_page_id": 3})
    answer = await spoken("glmocr", server.url, str(file), options, by=OFFICIAL)
    assert answer["md_results"].split() == ["page", "2", "page", "3"]


async def test_several_pictures_are_several_documents_to_the_official_server(server: Running) -> None:
    response = await server.client.post("/glmocr/parse", json={"images": [data_url(PAGE, "image/png")] * 2})
    answer = await response.json()
    assert len(answer["json_result"]) == 2
    assert answer["json_result"][1][0][0]["content"] == "[text]"
    assert answer["markdown_result"].count("---") == 1
    await refused(server, "/glmocr/parse", "files of the server", json={"images": "file:///etc/passwd"})
    await refused(server, "/glmocr/parse", "No images", json={"images": []})
    await refused(server, "/glmocr/parse", "return_crop_images", json={"file": "eA==", "return_crop_images": True})


# --- Mistral -----------------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_mistral_s_client_is_answered(server: Running) -> None:
    answer = await spoken("mistral", server.url, data_url(PDF3), json.dumps({"pages": [0, 2]}))
    assert [(page["index"], page["markdown"]) for page in answer["pages"]] == [(0, "page 1"), (2, "page 3")]
    assert answer["usage_info"]["pages_processed"] == 2
    assert answer["pages"][0]["dimensions"]["width"] > 0
    assert [(block["type"], block["content"]) for block in answer["pages"][0]["blocks"]] == [("text", "page 1")]


@pytest.mark.slow
async def test_mistral_s_pictures_are_named_alike_in_text_and_list() -> None:
    sample = (SAMPLES / "two-column-paper.pdf").read_bytes()
    engine = ENGINE.model_copy(update={"detector": None, "recognizer": "scripted"})
    async with running(engine) as server:
        wish = json.dumps({"include_image_base64": True})
        answer = await spoken("mistral", server.url, data_url(sample), wish)
        named = 0
        for page in answer["pages"]:
            for image in page["images"]:
                assert f"![{image['id']}]({image['id']})" in page["markdown"]
                assert image["image_base64"].startswith("data:image/jpeg;base64,/9j/")
                assert 0 <= image["top_left_x"] < image["bottom_right_x"] <= page["dimensions"]["width"]
                named += 1
        assert named


@pytest.mark.parametrize(
    "wish",
    [
        {"document_annotation_format": {"type": "json_schema"}},
        {"confidence_scores_granularity": "word"},
        {"extract_header": True},
        {"table_format": "html"},
        {"pages": "1-x"},
    ],
)
async def test_what_mistral_has_and_octavo_has_not_is_named(server: Running, wish: dict[str, Any]) -> None:
    document = {"type": "document_url", "document_url": data_url(PDF3)}
    await refused(server, "/v1/ocr", next(iter(wish)), json={"model": "x", "document": document, **wish})


# --- docling-serve -----------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_docling_s_client_rebuilds_the_document(server: Running, tmp_path: Path) -> None:
    answer = await spoken("docling", server.url, str(SAMPLES / "bank-statement.pdf"))
    assert (answer["health"], answer["status"], answer["errors"]) == ("ok", "success", [])
    assert answer["pages"]
    assert answer["texts"]
    file = tmp_path / "three.pdf"
    file.write_bytes(PDF3)
    answer = await spoken("docling", server.url, str(file))
    assert [text for _, text in answer["texts"]] == ["page 1", "page 2", "page 3"]


async def test_docling_s_client_hears_why_a_document_is_none(server: Running, tmp_path: Path) -> None:
    source = {"kind": "file", "base64_string": base64.b64encode(PDF3[:200]).decode(), "filename": "x.pdf"}
    response = await server.client.post("/v1/convert/source", json={"sources": [source]})
    assert response.status == 422
    assert (await response.json())["error_details"]["code"] == "document_corrupt"


async def test_docling_s_routes_at_once_and_later_say_the_same(server: Running) -> None:
    source = {"kind": "file", "base64_string": base64.b64encode(PDF3).decode(), "filename": "three.pdf"}
    options = {"to_formats": ["md", "html", "text"], "page_range": [2, 3], "md_page_break_placeholder": "<<<"}
    sent = {"sources": [source], "options": options}
    at_once = await (await server.client.post("/v1/convert/source", json=sent)).json()
    task = (await (await server.client.post("/v1/convert/source/async", json=sent)).json())["task_id"]
    state = await (await server.client.get(f"/v1/status/poll/{task}", params={"wait": "20"})).json()
    assert state["task_status"] == "success"
    later = await (await server.client.get(f"/v1/result/{task}")).json()
    assert at_once["document"] == later["document"]
    assert at_once["document"]["md_content"] == "page 2\n\n<<<\n\npage 3"
    assert at_once["document"]["filename"] == "three.pdf"
    assert {"html_content", "text_content"} <= at_once["document"].keys()


@pytest.mark.parametrize(
    "options",
    [{"to_formats": ["doctags"]}, {"ocr_engine": "easyocr"}, {"do_picture_description": True}, {"page_range": [3, 1]}],
)
async def test_what_docling_has_and_octavo_has_not_is_named(server: Running, options: dict[str, Any]) -> None:
    source = {"kind": "file", "base64_string": base64.b64encode(PDF3).decode(), "filename": "three.pdf"}
    sent = {"sources": [source], "options": options}
    await refused(server, "/v1/convert/source", next(iter(options)), json=sent)


# --- what no client sends -----------------------------------------------------------------------------------------

DEEP = "[" * 900 + "]" * 900  # as deep as Python reads it: what writes or compares it would go too deep
MANY = ",".join(f'"{number}": [0]' for number in range(60_000))


@pytest.mark.parametrize(
    ("route", "body"),
    [
        ("/v1/parse", f'{{"source_base64": "x", "unknown": {DEEP}}}'),
        ("/v1/parse", f'{{"source_base64": "x", "tasks": {{{MANY}}}}}'),
        ("/v1/jobs", f'{{"input": {{"source_base64": "x"}}, "s3Config": {DEEP}}}'),
        ("/v1/jobs", f'{{"input": {{"source_base64": "x"}}, "webhook": {DEEP}}}'),
        ("/v1/ocr", f'{{"document": {{"document_url": "data:,x"}}, "pages": [{DEEP}]}}'),
        ("/v1/ocr", f'{{"document": {{"document_url": "data:,x"}}, "model": {DEEP}}}'),
        ("/v1/ocr", '{"document": {"document_url": {"url": 5}}}'),
        ("/v1/ocr", '{"document": {"document_url": "data:,x"}, "image_limit": []}'),
        ("/glmocr/parse", f'{{"images": {DEEP}}}'),
        ("/glmocr/parse", f'{{"images": [{DEEP}], "start_page_id": {DEEP}}}'),
        ("/v2/mine/run", f'{{"input": {{}}, "policy": {DEEP}}}'),
        *(
            (
                "/v1/convert/source",
                f'{{"sources": [{{"kind": "file", "base64_string": "x", "filename": "a"}}], {more}}}',
            )
            for more in (
                f'"options": {{"table_mode": {DEEP}}}',
                '"options": {"to_formats": [[], {}]}',
                '"options": {"to_formats": 5}',
                '"options": {"page_range": [NaN, Infinity]}',
                '"options": {"page_range": [1e308, 1e999]}',
                f'"options": {{"md_page_break_placeholder": "{"x" * 100_000}"}}',
                '"options": {"md_page_break_placeholder": {}}, "target": {"kind": []}',
                f'"target": {{"kind": {DEEP}}}',
            )
        ),
    ],
    ids=lambda text: text[:60],
)
async def test_what_is_no_wish_is_refused_in_our_shape(server: Running, route: str, body: str) -> None:
    response = await server.client.post(route, data=body, headers={"Content-Type": "application/json"})
    assert response.status in (400, 422)
    said = await response.json()
    assert said["error"]
    assert said.get("error_details", {}).get("fault", "caller") == "caller"
    assert len(await response.text()) < 5_000


# --- Open WebUI --------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("loader", ["external", "docling"])
async def test_open_webui_s_loaders_get_a_document_by_its_pages(server: Running, loader: str, tmp_path: Path) -> None:
    file = tmp_path / "three.pdf"
    file.write_bytes(PDF3)
    pages = await spoken("open_webui", server.url, loader, str(file))
    assert [(text, about["page"]) for text, about in pages] == [("page 1", 0), ("page 2", 1), ("page 3", 2)]


def test_every_dialect_has_a_test() -> None:
    from octavo import dropins
    from octavo.frontends.serve import dialects

    assert set(dropins.names(dialects)) == {"docling", "glmocr", "mistral", "open_webui", "runpod"}
