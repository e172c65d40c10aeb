"""The worker's image, built without Docker on a stub of vLLM's, answers jobs by HTTP and from RunPod's queue."""

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from loopback_queue import LoopbackQueue

pytestmark = [pytest.mark.image, pytest.mark.timeout(1500)]

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
BASE, IMAGE = "localhost/octavo-stub-base:1", "localhost/octavo-worker:check"
STORAGE = {**os.environ, "STORAGE_DRIVER": "vfs", "BUILDAH_ISOLATION": "chroot"}
JOB = json.loads((ROOT / "test_input.json").read_text())
READ = "read in the image"  # what the stub's model sees in every picture


@pytest.fixture(scope="module")
def image() -> Iterator[str]:
    """A container of the image, made once."""
    if os.geteuid() != 0 or not all(shutil.which(tool) for tool in ("buildah", "debootstrap", "apt-get")):
        pytest.skip("building the image needs root, buildah and debootstrap")
    subprocess.run([HERE / "build_stub.sh", BASE], env=STORAGE, check=True)
    arguments = {
        "VLLM_BASE_IMAGE": BASE,
        "GLMOCR_SOURCE": "glmocr==0.1.5",
        "GLMOCR_REF": "v0.1.5",
        "GLMOCR_VERSION": "0.1.5",
        "BAKE_LAYOUT": "0",
    }
    shared = [f"{path}:{path}:ro" for path in ("/etc/ssl/certs", "/etc/pip.conf") if Path(path).exists()]
    build = ["buildah", "bud", "--pull-never", "--network", "host", "--tag", IMAGE]
    build += [word for name, value in arguments.items() for word in ("--build-arg", f"{name}={value}")]
    build += [word for volume in shared for word in ("--volume", volume)]
    subprocess.run([*build, "."], cwd=ROOT, env=STORAGE, check=True)
    made = subprocess.run(
        ["buildah", "from", "--pull-never", IMAGE], env=STORAGE, check=True, capture_output=True, text=True
    )
    container = made.stdout.strip()
    yield container
    subprocess.run(["buildah", "rm", container], env=STORAGE, check=True, capture_output=True)


@contextlib.asynccontextmanager
async def running(container: str, signals: Path, log: Path, **environment: str) -> AsyncIterator[None]:
    """start.sh in the container. At the end it is asked to go, and must go with exit code 0."""
    asked = "/app/start.sh & worker=$!; until [ -e /signals/stop ] || ! kill -0 $worker; do sleep 0.2; done; "
    asked += "kill -TERM $worker; wait $worker"
    variables = {"OCTAVO_DETECTOR": "whole_page", "OCTAVO_PRESET": "a40", "VLLM_PORT": "0", **environment}
    command = ["buildah", "run", "--network", "host", "--volume", f"{signals}:/signals"]
    command += [word for name, value in variables.items() for word in ("--env", f"{name}={value}")]
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *command, container, "--", "bash", "-c", asked, env=STORAGE, stdout=output, stderr=output
        )
        try:
            yield
        finally:
            (signals / "stop").touch()
            code = await asyncio.wait_for(process.wait(), 60)
            (signals / "stop").unlink()
    assert code == 0, "the worker's exit code; its log is beside"


def assert_read(reply: dict[str, Any]) -> None:
    assert reply["status"] == "success"
    result = reply["result"]
    assert result["markdown_result"].strip() == READ
    assert (result["glmocr_ref"], result["vllm_base_image_ref"]) == ("v0.1.5", BASE)
    assert result["model_revision"] == "e9134f400acad80346162536e043def285fa1022"


async def test_it_answers_by_http(image: str, tmp_path: Path) -> None:
    signals = tmp_path / "signals"
    signals.mkdir()
    url = "http://127.0.0.1:8977"
    async with (
        running(image, signals, tmp_path / "log", WORKER_MODE="http", PORT="8977"),
        aiohttp.ClientSession() as session,
    ):
        async with asyncio.timeout(60):
            status = 0
            while status != 200:
                await asyncio.sleep(0.5)
                with contextlib.suppress(aiohttp.ClientError):
                    async with session.get(f"{url}/ping") as response:
                        status = response.status
        async with session.post(f"{url}/parse", json=JOB) as response:
            assert_read(await response.json())


async def test_it_answers_from_the_queue(image: str, tmp_path: Path) -> None:
    signals = tmp_path / "signals"
    signals.mkdir()
    async with LoopbackQueue() as queue, running(image, signals, tmp_path / "log", **queue.environment):
        ticket = await queue.submit(JOB["input"])
        await asyncio.wait_for(ticket.answered.wait(), 90)
        assert_read(ticket.output)
    log = (tmp_path / "log").read_text()
    assert "preset" not in log  # nothing odd was said of it
    assert "max-num-seqs 96" in log


def test_what_it_says_of_itself(image: str) -> None:
    asked = ["buildah", "run", image, "--", "octavo", "doctor", "--effective", "--json"]
    shown = json.loads(subprocess.run(asked, env=STORAGE, check=True, capture_output=True, text=True).stdout)
    assert shown["EngineSettings"]["engine"] == {"value": "glm-ocr", "origin": "environment OCTAVO_ENGINE"}
