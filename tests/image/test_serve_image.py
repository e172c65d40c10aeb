"""The small image, built without Docker on Debian in place of Python's image, reads a document with a key."""

import asyncio
import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
from test_image import BASE, HERE, ROOT, STORAGE

from octavo.client import AsyncClient
from octavo.errors import KeyNeeded, SourceUnreachable
from octavo.frontends import _keys

pytestmark = [pytest.mark.image, pytest.mark.timeout(1500)]

IMAGE = "localhost/octavo-serve:check"


@pytest.fixture(scope="module")
def container() -> Iterator[str]:
    tools = ("buildah", "debootstrap", "apt-get")
    if os.geteuid() != 0 or not all(shutil.which(tool) for tool in tools):
        pytest.skip("building the image needs root, buildah and debootstrap")
    subprocess.run([HERE / "build_stub.sh", BASE], env=STORAGE, check=True)
    build = ["buildah", "bud", "--pull-never", "--network", "host", "--file", "Dockerfile.cpu", "--from", BASE]
    build += ["--tag", IMAGE, "--volume", "/etc/ssl/certs:/etc/ssl/certs:ro"]
    build += ["--volume", "/etc/pip.conf:/etc/pip.conf:ro"] if Path("/etc/pip.conf").exists() else []
    done = subprocess.run([*build, "."], cwd=ROOT, env=STORAGE, check=False, capture_output=True, text=True)
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    from_image = ["buildah", "from", "--pull-never", IMAGE]
    made = subprocess.run(from_image, env=STORAGE, check=True, capture_output=True, text=True).stdout.strip()
    yield made
    subprocess.run(["buildah", "rm", made], env=STORAGE, check=True, capture_output=True)


async def test_it_reads_a_document_for_who_has_a_key(container: str, tmp_path: Path) -> None:
    secret, line = _keys.made("team", "parse")
    folder = tmp_path / "shared"
    folder.mkdir(mode=0o755)
    (folder / "keys").write_text(line)
    asked = "octavo serve & server=$!; until [ -e /shared/stop ] || ! kill -0 $server; do sleep 0.2; done; "
    asked += "kill -TERM $server; wait $server"
    variables = {"OCTAVO_KEYS_FILE": "/shared/keys", "PORT": "8979"}
    command = ["buildah", "run", "--network", "host", "--volume", f"{folder}:/shared"]
    command += [word for name, value in variables.items() for word in ("--env", f"{name}={value}")]
    with (tmp_path / "log").open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *command, container, "--", "bash", "-c", asked, env=STORAGE, stdout=output, stderr=output
        )
        try:
            async with AsyncClient("http://127.0.0.1:8979", secret) as client:
                async with asyncio.timeout(120):
                    while True:
                        with contextlib.suppress(SourceUnreachable):
                            result = await client.parse(ROOT / "samples" / "bank-statement.pdf")
                            break
            assert result.status == "success"
            assert "statement" in result.markdown.lower()
            async with AsyncClient("http://127.0.0.1:8979") as stranger:
                with pytest.raises(KeyNeeded):
                    await stranger.jobs()
            async with aiohttp.ClientSession() as session, session.get("http://127.0.0.1:8979/readyz") as ready:
                assert ready.status == 200
        finally:
            (folder / "stop").touch()
            code = await asyncio.wait_for(process.wait(), 90)
    assert code == 0, (tmp_path / "log").read_text()[-3000:]
