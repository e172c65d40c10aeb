"""What is written while documents are read: no secret anywhere, no text of a document but in its result.

Secrets and a sentence are planted wherever they may stand, in good jobs and in those that fail; then all that was
written is looked through: logs (at level DEBUG), replies, files of results and checkpoints.
"""

import asyncio
import base64
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from aiohttp import web
from loopback_queue import LoopbackQueue
from model_server import Asked, ModelServer, Reply
from pdf_maker import make_pdf, text_page
from PIL import Image
from replayed import encoded, pdf, picture
from test_runpod_worker import answered, working
from test_serve import process

pytestmark = pytest.mark.slow

SENTENCE = "the planted sentence of a document"
SEEN = "the planted sentence of a picture"
KEY, PASSWORD, WRONG = "planted-api-key", "planted-password", "planted-wrong-password"
USER, USERS = "planted-user", "planted-users-password"
QUERY, KNOWN, AUTHORIZED = "planted-query", "planted-value", "planted-authorization"
ACCESS, SECRET = "plantedaccesskey", "planted-bucket-secret"
SECRETS = (KEY, PASSWORD, WRONG, USER, USERS, QUERY, KNOWN, AUTHORIZED, ACCESS, SECRET)
SPEAKING, REFUSED = (400, 300), (900, 100)  # pixels of pictures that the model reads, and that it refuses


def spellings(secret: str) -> Iterator[bytes]:
    """As it is, and as headers, URLs and bodies of requests have it."""
    yield secret.encode()
    yield quote(secret, safe="").encode()
    yield secret.encode().hex().encode()
    for before in range(3):  # base64 has three spellings, by what stands before; the ends depend on the neighbours
        yield base64.b64encode(b" " * before + secret.encode())[4 if before else 0 : -4]


def assert_nowhere(written: dict[str, bytes], *secrets: str) -> None:
    assert written
    for name, data in written.items():
        for secret in secrets:
            for spelling in spellings(secret):
                assert spelling not in data, f"{secret!r} is in {name}"


def files(*folders: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for folder in folders for path in folder.rglob("*") if path.is_file()}


def sized(size: tuple[int, int]) -> bytes:
    data = BytesIO()
    Image.new("RGB", size, "white").save(data, "PNG")
    return data.getvalue()


def model(asked: Asked) -> Reply:
    """A server that repeats, where it refuses, what it was sent: the key, and the sentence."""
    if asked.size[0] / asked.size[1] > 4:
        said = {"error": {"message": f"{asked.headers.get('Authorization')} may not read {SENTENCE}"}}
        return Reply(status=403, raw=json.dumps(said).encode())
    return Reply(SEEN)


@contextlib.asynccontextmanager
async def hosts() -> AsyncIterator[str]:
    """Documents to fetch and places to put files: `/files/good`, `/files/<status>`; PUT fails, repeating all it got."""

    async def get(request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name == "good":
            return web.Response(body=make_pdf(text_page(SENTENCE)))
        return web.Response(status=int(name), reason=f"no {request.path_qs}", text=str(request.url))

    async def put(request: web.Request) -> web.Response:
        return web.Response(status=403, reason="no", text=f"{request.url} {request.headers}")

    app = web.Application()
    app.router.add_get("/files/{name}", get)
    app.router.add_route("*", "/{rest:.*}", put)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def jobs(host: str) -> dict[str, tuple[dict[str, Any], str | None]]:
    """Jobs by what they plant, and the code that each must end with."""
    document = encoded(make_pdf(text_page(SENTENCE)))
    locked = encoded(pdf(1, PASSWORD))
    url = f"http://{USER}:{USERS}@{host}/files/{{}}?token={QUERY}&signature={QUERY}"
    put = f"http://{host}/put/document.md?X-Amz-Signature={QUERY}"
    bucket = {"accessId": ACCESS, "accessSecret": SECRET, "bucketName": "results", "endpointUrl": f"http://{host}"}
    pictures = {"return_layout_visualization": True}
    return {
        "text layer": ({"pdf_base64": document}, None),
        "picture": ({"image_base64": encoded(sized(SPEAKING))}, None),
        "picture refused": ({"image_base64": encoded(sized(REFUSED))}, None),
        "password": ({"pdf_base64": locked, "password": PASSWORD}, None),
        "wrong password": ({"pdf_base64": locked, "password": WRONG}, "password_needed"),
        "URL": ({"pdf_url": url.format("good")}, None),
        "URL not found": ({"pdf_url": url.format("404")}, "source_not_found"),
        "URL broken": ({"pdf_url": url.format("500")}, "source_unreachable"),
        "unknown key": ({"pdf_base64": document, "planted": KNOWN}, None),
        "wrong value": ({"pdf_base64": document, "dpi": KNOWN}, "option_invalid"),
        "broken document": ({"pdf_base64": encoded(b"%PDF-1.7\n" + SENTENCE.encode())}, "document_corrupt"),
        "put refused": ({"pdf_base64": document, "upload": {"put_urls": {"document.md": put}}}, "delivery_failed"),
        "bucket refused": (
            {"image_base64": encoded(picture()), "s3Config": bucket, "upload": {"to": "bucket"}} | pictures,
            "delivery_failed",
        ),
        "volume": ({"pdf_base64": document, "upload": {"to": "volume"}} | pictures, None),
    }


def variables(server: ModelServer, volume: Path) -> dict[str, str]:
    return {
        "OCTAVO_ENGINE": "glm-ocr",
        "OCTAVO_DETECTOR": "whole_page",
        "OCTAVO_RECOGNIZER": "openai",
        "OCTAVO_URL": server.url,
        "OCTAVO_API_KEY": KEY,
        "OCTAVO_ORIENTATION": "off",
        "OCTAVO_TEXT_LAYER": "auto",
        "OCTAVO_PROFILE": "faithful",
        "OCTAVO_ALLOW_PRIVATE_ADDRESSES": "true",
        "OCTAVO_VOLUME_PATH": str(volume),
        "OCTAVO_LOG_LEVEL": "debug",
    }


def told(reply: dict[str, Any]) -> dict[str, Any]:
    """A reply without the URL as the caller gave it, which clients of the earlier worker find in `result.input`."""
    copy: dict[str, Any] = json.loads(json.dumps(reply))
    result = (copy.get("output") or copy).get("result") or {}
    assert result.get("input", {}).pop("source", "http").startswith("http")
    return copy


def assert_kept(log: Path, volume: Path, replies: dict[str, Any], host: str) -> None:
    """The jobs ended as they must, and nothing stands where it must not."""
    expected = jobs(host)
    for name, (_, code) in expected.items():
        said = replies[name].get("error_details") or (replies[name].get("output") or {}).get("error_details")
        assert (said and said["code"]) == code, name
    said = {name: json.dumps(told(reply)).encode() for name, reply in replies.items()}
    results = files(volume)
    assert any(SENTENCE.encode() in data for data in said.values())
    assert any(SEEN.encode() in data for data in said.values())
    assert_nowhere(said | results | {"log": log.read_bytes()}, *SECRETS)
    failed = {name: said[name] for name, (_, code) in expected.items() if code and code != "delivery_failed"}
    assert_nowhere(failed | {"log": log.read_bytes()}, SENTENCE, SEEN)
    for path in volume.rglob("*"):
        assert not path.stat().st_mode & 0o077, path.name


async def test_over_http(tmp_path: Path) -> None:
    log, volume = tmp_path / "log", tmp_path / "volume"
    volume.mkdir(mode=0o700)
    replies: dict[str, Any] = {}
    sent = {"Authorization": f"Bearer {AUTHORIZED}"}
    async with (
        hosts() as host,
        ModelServer(model) as server,
        aiohttp.ClientSession(headers=sent) as session,
        process(log, **variables(server, volume)) as (_, address),
    ):
        await up(session, address)
        for name, (job, _) in jobs(host).items():
            async with session.post(f"{address}/parse?token={QUERY}", json={"input": job}) as reply:
                replies[name] = await reply.json()
        async with session.post(f"{address}/parse", data=f'{{"{KNOWN}: {SENTENCE}') as reply:
            broken = await reply.read()
    assert_kept(log, volume, replies, host)
    assert_nowhere({"no JSON": broken}, KNOWN, SENTENCE)


async def up(session: aiohttp.ClientSession, address: str) -> None:
    async with asyncio.timeout(90):
        while True:
            with contextlib.suppress(aiohttp.ClientError):
                async with session.get(f"{address}/ping") as response:
                    if response.status == 200:
                        return
            await asyncio.sleep(0.2)


async def test_over_the_queue(tmp_path: Path) -> None:
    pytest.importorskip("runpod.serverless", reason="the RunPod SDK is not installed")
    log, volume = tmp_path / "log", tmp_path / "volume"
    volume.mkdir(mode=0o700)
    async with (
        hosts() as host,
        ModelServer(model) as server,
        LoopbackQueue() as queue,
        working(queue, log, **variables(server, volume)),
    ):
        tickets = {name: await queue.submit(job) for name, (job, _) in jobs(host).items()}
        await answered(list(tickets.values()))
    assert_kept(log, volume, {name: ticket.posts[-1] for name, ticket in tickets.items()}, host)


async def test_on_the_command_line(tmp_path: Path) -> None:
    """What the user reads may name the file; the URL's query and password, the key and the text stay out of the log."""
    for name, data in (("good.pdf", make_pdf(text_page(SENTENCE))), ("locked.pdf", pdf(1, PASSWORD))):
        (tmp_path / name).write_bytes(data)
    (tmp_path / "read.png").write_bytes(sized(SPEAKING))
    (tmp_path / "refused.png").write_bytes(sized(REFUSED))
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7\n" + SENTENCE.encode())
    documents = [str(path) for path in sorted(tmp_path.iterdir())]  # noqa: ASYNC240 - a few names
    said: dict[str, bytes] = {}
    async with hosts() as host, ModelServer(model) as server:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("OCTAVO", "GLMOCR"))}
        environment |= variables(server, tmp_path / "volume")
        environment |= {"OCTAVO_PASSWORD": PASSWORD}
        del environment["OCTAVO_API_KEY"]
        with_user = environment | {"OCTAVO_URL": server.url.replace("//", f"//{USER}:{USERS}@")}
        url = f"http://{USER}:{USERS}@{host}/files/{{}}?token={QUERY}"
        for name, variant in (("key", environment | {"OCTAVO_API_KEY": KEY}), ("user", with_user)):
            command = [sys.executable, "-m", "octavo", "parse", "-v", "-o", str(tmp_path / "out" / name)]
            command += [*documents, url.format("good"), url.format("500")]
            done = await asyncio.to_thread(subprocess.run, command, env=variant, capture_output=True, check=False)
            assert done.returncode != 0
            said[f"output of {name}"], said[f"log of {name}"] = done.stdout, done.stderr
        assert any("Authorization" in asked.headers for asked in server.asked)
    written = files(tmp_path / "out")
    assert any(SENTENCE.encode() in data for data in written.values())
    assert any(SEEN.encode() in data for data in written.values())
    assert_nowhere(said | written, *SECRETS)
    assert_nowhere(said, SENTENCE, SEEN)
