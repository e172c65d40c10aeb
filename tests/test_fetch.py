"""Sources to bytes: what is refused, what is limited, and what a message gives away."""

import asyncio
import base64
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from octavo import errors
from octavo.fetch import Data, Encoded, Fetched, File, Source, Url, fetch, source_from, stem
from octavo.settings import EngineSettings

LOOPBACK = EngineSettings(allow_private_addresses=True)
PUBLIC_ONLY = EngineSettings()


@pytest.fixture
async def server() -> AsyncIterator[TestServer]:
    async def document(request: web.Request) -> web.Response:
        return web.Response(body=b"%PDF-1.4 hello")

    async def attachment(request: web.Request) -> web.Response:
        return web.Response(
            body=b"%PDF-1.4", headers={"Content-Disposition": 'attachment; filename="../../Annual report.pdf"'}
        )

    async def echo(request: web.Request) -> web.Response:
        return web.Response(text=request.headers.get("Authorization", "none"))

    async def redirect(request: web.Request) -> web.Response:
        raise web.HTTPFound(request.query["to"])

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(10_000):
            await response.write(b"x" * 65536)
        return response

    async def slow(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(100):
            await response.write(b"x")
            await asyncio.sleep(0.05)
        return response

    application = web.Application()
    application.add_routes(
        [
            web.get("/files/My paper.pdf", document),
            web.get("/attachment", attachment),
            web.get("/echo", echo),
            web.get("/redirect", redirect),
            web.get("/endless", endless),
            web.get("/slow", slow),
        ]
    )
    async with TestServer(application) as running:
        yield running


async def test_a_url_gives_the_bytes_and_a_safe_name(server: TestServer) -> None:
    fetched = await fetch(Url(str(server.make_url("/files/My paper.pdf?token=s3cret"))), LOOPBACK)
    assert fetched == Fetched(b"%PDF-1.4 hello", "My_paper")
    named = await fetch(Url(str(server.make_url("/attachment"))), LOOPBACK)
    assert named.name == "Annual_report"


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1"]
)
async def test_no_spelling_of_this_machine_is_fetched(server: TestServer, host: str) -> None:
    with pytest.raises((errors.AddressRefused, errors.SourceInvalid)) as caught:
        await fetch(Url(f"http://user:pw@{host}:{server.port}/files/x.pdf?key=s3cret"), PUBLIC_ONLY)
    assert "s3cret" not in caught.value.message
    assert "pw" not in caught.value.message


async def test_a_redirect_is_checked_like_a_first_address(server: TestServer) -> None:
    home = server.make_url("/redirect")
    with pytest.raises(errors.SourceInvalid):
        await fetch(Url(str(home.with_query(to="file:///etc/passwd"))), LOOPBACK)
    fetched = await fetch(Url(str(home.with_query(to="/files/My paper.pdf"))), LOOPBACK)
    assert fetched.data == b"%PDF-1.4 hello"


async def test_a_public_host_cannot_redirect_into_the_private_network(
    server: TestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()
    resolve = loop.getaddrinfo

    async def pretend(host: str, *args: object, **options: object) -> object:
        return await resolve("127.0.0.1" if host == "public.example" else host, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(loop, "getaddrinfo", pretend)
    monkeypatch.setattr("octavo.addresses.is_public", lambda address: str(address) == "127.0.0.1")
    url = f"http://public.example:{server.port}/redirect?to=http://169.254.169.254/latest/meta-data"
    with pytest.raises(errors.AddressRefused, match=r"169\.254\.169\.254"):
        await fetch(Url(url), PUBLIC_ONLY)


async def test_redirects_end(server: TestServer) -> None:
    url = server.make_url("/files/My paper.pdf")
    for _ in range(7):
        url = server.make_url("/redirect").with_query(to=str(url))
    with pytest.raises(errors.SourceUnreachable, match="redirects more than"):
        await fetch(Url(str(url)), LOOPBACK)


async def test_headers_do_not_follow_to_another_origin(server: TestServer) -> None:
    secret = {"Authorization": "Bearer s3cret"}
    own = await fetch(Url(str(server.make_url("/echo")), secret), LOOPBACK)
    assert own.data == b"Bearer s3cret"
    elsewhere = f"http://localhost:{server.port}/echo"
    moved = await fetch(Url(str(server.make_url("/redirect").with_query(to=elsewhere)), secret), LOOPBACK)
    assert moved.data == b"none"


async def test_a_download_ends_at_the_byte_limit(server: TestServer) -> None:
    with pytest.raises(errors.SourceTooLarge):
        await fetch(
            Url(str(server.make_url("/endless"))),
            EngineSettings(allow_private_addresses=True, max_source_bytes=100_000),
        )


async def test_a_download_ends_at_its_deadline(server: TestServer) -> None:
    started = asyncio.get_running_loop().time()
    with pytest.raises(errors.SourceUnreachable, match=r"within 0\.2 s"):
        await fetch(Url(str(server.make_url("/slow"))), EngineSettings(allow_private_addresses=True, fetch_seconds=0.2))
    assert asyncio.get_running_loop().time() - started < 4.5  # the whole would take 5 s


async def test_what_is_not_there_is_told_apart_from_who_does_not_answer(server: TestServer) -> None:
    with pytest.raises(errors.SourceNotFound):
        await fetch(Url(str(server.make_url("/nothing"))), LOOPBACK)
    with pytest.raises(errors.SourceUnreachable) as caught:
        await fetch(Url("http://127.0.0.1:1/a?key=s3cret"), LOOPBACK)
    assert "s3cret" not in caught.value.message


@pytest.mark.parametrize(
    "text",
    [
        base64.b64encode(b"\xff\xfe%PDF").decode(),
        "data:application/pdf;base64," + base64.b64encode(b"\xff\xfe%PDF").decode(),
        base64.urlsafe_b64encode(b"\xff\xfe%PDF").decode().rstrip("="),
        "data:,%FF%FE%25PDF",
        "\n".join(base64.b64encode(b"\xff\xfe%PDF").decode()),
    ],
)
async def test_base64_as_people_send_it(text: str) -> None:
    assert (await fetch(Encoded(text), PUBLIC_ONLY)).data == b"\xff\xfe%PDF"


@pytest.mark.parametrize("text", ["data:application/pdf;base64", "!!!", "abcde", "data:;base64,%%%%"])
async def test_broken_base64_is_the_callers_fault(text: str) -> None:
    with pytest.raises(errors.SourceInvalid):
        await fetch(Encoded(text), PUBLIC_ONLY)


async def test_files(tmp_path: Path) -> None:
    path = tmp_path / "scan 1.final.pdf"
    path.write_bytes(b"%PDF")
    assert await fetch(File(path), PUBLIC_ONLY) == Fetched(b"%PDF", "scan_1.final")
    with pytest.raises(errors.SourceNotFound) as caught:
        await fetch(File(tmp_path / "gone.pdf"), PUBLIC_ONLY)
    assert str(tmp_path) not in caught.value.message
    with pytest.raises(errors.SourceInvalid):
        await fetch(File(tmp_path), PUBLIC_ONLY)
    with pytest.raises(errors.SourceTooLarge):
        await fetch(File(path), EngineSettings(max_source_bytes=3))
    (tmp_path / "empty").touch()
    with pytest.raises(errors.SourceEmpty):
        await fetch(File(tmp_path / "empty"), PUBLIC_ONLY)


@pytest.mark.parametrize(
    ("given", "source"),
    [
        ("https://example.org/a.pdf", Url("https://example.org/a.pdf")),
        ("HTTP://example.org/a.pdf", Url("HTTP://example.org/a.pdf")),
        ("data:;base64,AAAA", Encoded("data:;base64,AAAA")),
        ("scans/a.pdf", File(Path("scans/a.pdf"))),
        (Path("a.pdf"), File(Path("a.pdf"))),
        (b"%PDF", Data(b"%PDF")),
    ],
)
def test_what_people_hand_in_is_told_apart(given: str | bytes | Path, source: Source) -> None:
    assert source_from(given) == source


@pytest.mark.parametrize("given", ["ftp://example.org/a.pdf", "file:///etc/passwd", "s3://bucket/a.pdf"])
def test_other_schemes_are_refused(given: str) -> None:
    with pytest.raises(errors.SourceInvalid):
        source_from(given)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot"),
        (".bashrc", "bashrc"),
        ("Résumé 2024.pdf", "Résumé_2024"),
        ("报告.pdf", "报告"),
        ("a\0b.pdf", "ab"),
        ("", "document"),
        ("...", "document"),
        ("x" * 300 + ".pdf", "x" * 100),
    ],
)
def test_names_are_safe_stems(name: str, expected: str) -> None:
    assert stem(name) == expected
