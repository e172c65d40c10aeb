"""Our client, against a server, and beside a client that was generated from the server's own description."""

import asyncio
import json
import os
from pathlib import Path

import pytest
from replayed import pdf, picture
from serving import ENGINE, running, slow_engine, until

from octavo.client import AsyncClient, Client
from octavo.errors import JobCancelled, JobNotOver, JobUnknown, KeyNeeded, OptionInvalid, TypeUnsupported
from octavo.frontends import _keys
from octavo.settings import ServeSettings

ENVIRONMENT = Path(__file__).parents[1] / ".venvs" / "clients" / "bin"
PAGE, PDF3 = picture(), pdf(3)


async def test_a_document_is_read_from_a_path_from_bytes_and_from_pictures(tmp_path: Path) -> None:
    file = tmp_path / "three.pdf"
    file.write_bytes(PDF3)
    async with running() as server, AsyncClient(server.url) as client:
        for source in (file, str(file), PDF3):
            result = await client.parse(source, pages="2-3", formats=["html", "text"])
            assert result.markdown.split() == ["page", "2", "page", "3"]
            assert (result.status, len(result.pages), result.problems) == ("success", 2, [])
        assert (await client.parse([PAGE, PAGE])).said["page_count"] == 2
        assert result.cached
        assert result.id is not None
        assert "document.html" in await client.artifacts(result.id)
        assert b"page 2" in await client.artifact(result.id, "document.html")


@pytest.mark.slow
async def test_pages_come_as_they_are_done() -> None:
    async with running() as server, AsyncClient(server.url) as client:
        job = await client.submit(PDF3)
        assert [(page.number, page.markdown.strip()) async for page in client.pages(job.id)] == [
            (1, "page 1"),
            (2, "page 2"),
            (3, "page 3"),
        ]
        state = await client.job(job.id)
        assert (state.status, state.pages_selected, state.pages_done, state.is_over) == ("success", 3, 3, True)
        assert [other.id for other in await client.jobs()] == [job.id]


async def test_what_is_wrong_is_raised_as_the_error_that_the_server_names(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(slow_engine(monkeypatch, 5)) as server, AsyncClient(server.url) as client:
        with pytest.raises(TypeUnsupported):
            await client.parse(b"hello")
        with pytest.raises(OptionInvalid):
            await client.submit(PDF3, dpi=1)
        with pytest.raises(OptionInvalid, match="mixed"):
            await client.submit(["https://example.org/a.png", PAGE])
        with pytest.raises(JobUnknown):
            await client.job("0" * 32)
        job = await client.submit(PAGE)
        await until(lambda: server.desk.worker.working == 1)
        with pytest.raises(JobNotOver):
            await client.result(job.id)
        state = await client.cancel(job.id)
        assert isinstance(state.error, JobCancelled)
        with pytest.raises(JobCancelled):
            await client.result(job.id)
        await client.delete(job.id)
        with pytest.raises(JobUnknown):
            await client.job(job.id)


async def test_a_key_is_sent_along(tmp_path: Path) -> None:
    secret, line = _keys.made("team", "parse")
    (tmp_path / "keys").write_text(line)
    async with running(serve=ServeSettings(keys_file=str(tmp_path / "keys"))) as server:
        async with AsyncClient(server.url, secret) as client:
            assert (await client.parse(PAGE)).status == "success"
        async with AsyncClient(server.url) as client:
            with pytest.raises(KeyNeeded):
                await client.jobs()


async def test_code_that_is_not_async_has_the_same() -> None:
    async with running() as server:

        def plain() -> list[str]:
            with Client(server.url) as client:
                result = client.parse(PDF3)
                assert client.job(result.id or "").is_over
                return [page.markdown.strip() for page in client.pages(result.id or "")]

        assert await asyncio.to_thread(plain) == ["page 1", "page 2", "page 3"]


@pytest.mark.slow
async def test_a_generated_client_understands_the_same(tmp_path: Path) -> None:
    generator = ENVIRONMENT / "openapi-python-client"
    if not os.access(generator, os.X_OK):
        pytest.skip("openapi-python-client is not installed: make clients-env")
    async with running(ENGINE) as server, AsyncClient(server.url) as client:
        result = await client.parse(PDF3)
        (tmp_path / "openapi.json").write_text(await (await server.client.get("/openapi.json")).text())
        made = await asyncio.create_subprocess_exec(
            *(str(generator), "generate", "--path", "openapi.json", "--output-path", "made", "--meta", "none"),
            cwd=tmp_path,
            env=os.environ | {"PATH": f"{ENVIRONMENT}:{os.environ['PATH']}"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said = (await made.communicate())[0].decode()
        assert made.returncode == 0, said
        program = (
            "import json, sys\n"
            "from made import Client\n"
            "from made.api.octavo import job_v1_jobs_job_get as job, result_v1_jobs_job_result_get as result\n"
            "client = Client(base_url=sys.argv[1])\n"
            "state, reply = job.sync(sys.argv[2], client=client), result.sync(sys.argv[2], client=client)\n"
            "print(json.dumps([state.to_dict(), reply.to_dict()]))\n"
        )
        asked = await asyncio.create_subprocess_exec(
            *(str(ENVIRONMENT / "python"), "-c", program, server.url, result.id or ""),
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, errors = await asked.communicate()
        assert asked.returncode == 0, errors.decode()
        state, reply = json.loads(out)
        ours = await client.job(result.id or "")
    assert (state["id"], state["status"], state["pages"]["done"]) == (ours.id, ours.status, ours.pages_done)
    assert reply["result"]["markdown_result"] == result.markdown
