"""The worker's image, built without Docker on a stub of vLLM's, answers jobs by HTTP and from RunPod's queue.

It is built as `docker build .` builds it: no argument but the base. What its lines fetch from GitHub and from the
hub comes from the loopback, by the names and addresses that stand in the Dockerfile.
"""

import asyncio
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from loopback_hosts import ADDRESS, HOSTS, served
from loopback_queue import LoopbackQueue

from octavo.frontends import _presets

pytestmark = [pytest.mark.image, pytest.mark.timeout(1500)]

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
BASE, IMAGE = "localhost/octavo-stub-base:3", "localhost/octavo-worker:check"
STORAGE = {**os.environ, "STORAGE_DRIVER": "vfs", "BUILDAH_ISOLATION": "chroot", "PYTHON": sys.executable}
ARGUMENTS = dict(re.findall(r"^ARG (\w+)=(\S+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE))
JOB = json.loads((ROOT / "test_input.json").read_text())
READ = "read in the image"  # what the stub's model sees in every picture


@dataclass(frozen=True)
class Built:
    container: str  # of the image, made once
    log: str  # of the build
    asked: Sequence[str]  # of GitHub and the hub while it was built: host and path


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    tools = ("buildah", "debootstrap", "apt-get", "openssl")
    if os.geteuid() != 0 or not all(shutil.which(tool) for tool in tools):
        pytest.skip("building the image needs root, buildah, debootstrap and openssl")
    subprocess.run([HERE / "build_stub.sh", BASE], env=STORAGE, check=True)
    build = ["buildah", "bud", "--pull-never", "--network", "host", "--from", BASE, "--tag", IMAGE]
    build += [word for host in HOSTS for word in ("--add-host", f"{host}:{ADDRESS}")]
    folder = tmp_path_factory.mktemp("hosts")
    with served(folder, commit=ARGUMENTS["GLMOCR_REF"], version=ARGUMENTS["GLMOCR_VERSION"]) as hosts:
        build += ["--volume", f"{hosts.certificates}:/etc/ssl/certs:ro"]
        build += ["--volume", "/etc/pip.conf:/etc/pip.conf:ro"] if Path("/etc/pip.conf").exists() else []
        log = folder / "log"
        with log.open("wb") as output:
            done = subprocess.run([*build, "."], cwd=ROOT, env=STORAGE, check=False, stdout=output, stderr=output)
    assert done.returncode == 0, log.read_text()[-4000:]
    from_image = ["buildah", "from", "--pull-never", IMAGE]
    made = subprocess.run(from_image, env=STORAGE, check=True, capture_output=True, text=True)
    container = made.stdout.strip()
    yield Built(container, log.read_text(), hosts.asked)
    subprocess.run(["buildah", "rm", container], env=STORAGE, check=True, capture_output=True)


@pytest.fixture
def image(built: Built) -> str:
    return built.container


def inside(image: str, *command: str) -> str:
    """What a command in the image prints."""
    asked = ["buildah", "run", image, "--", *command]
    return subprocess.run(asked, env=STORAGE, check=True, capture_output=True, text=True).stdout


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
    pins = (ARGUMENTS["GLMOCR_REF"], ARGUMENTS["VLLM_BASE_IMAGE"])
    assert (result["glmocr_ref"], result["vllm_base_image_ref"]) == pins
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


async def test_it_answers_with_the_earlier_worker_s_environment(image: str, tmp_path: Path) -> None:
    """A preset pasted whole into the endpoint, with the lines that only the earlier worker had a use for."""
    pasted = dict(_presets.parsed((ROOT / ".env.a40").read_text(), "a40"))
    pasted |= {"VLLM_HOST": "0.0.0.0", "GLMOCR_CONFIG_PATH": "/app/glmocr.config.yaml"}
    pasted |= {"GLMOCR_DEFAULT_PROMPT": "Text Recognition:", "OCTAVO_PRESET": "none", "VLLM_PORT": "0"}
    signals = tmp_path / "signals"
    signals.mkdir()
    async with LoopbackQueue() as queue, running(image, signals, tmp_path / "log", **pasted, **queue.environment):
        warm_up = await queue.submit({"warmup": True})
        example = await queue.submit(JOB["input"])
        await asyncio.wait_for(warm_up.answered.wait(), 90)
        await asyncio.wait_for(example.answered.wait(), 90)
    assert warm_up.output["status"] == "success"
    assert (warm_up.output["result"]["model"], warm_up.output["result"]["worker_max_concurrency"]) == ("glm-ocr", 1)
    assert_read(example.output)
    log = (tmp_path / "log").read_text()
    assert "max-num-seqs 96" in log
    (idle,) = (line for line in log.splitlines() if "environment_without_effect" in line)
    for name in ("GLMOCR_CONFIG_PATH", "GLMOCR_DEFAULT_PROMPT", "GLMOCR_PAGE_MAXSIZE", "GLMOCR_REGION_MAXSIZE"):
        assert name in idle


def test_what_it_says_of_itself(image: str) -> None:
    shown = json.loads(inside(image, "octavo", "doctor", "--effective", "--json"))
    assert shown["EngineSettings"]["engine"] == {"value": "glm-ocr", "origin": "environment OCTAVO_ENGINE"}
    assert shown["ParseOptions"]["official_version"]["value"] == ARGUMENTS["GLMOCR_VERSION"]


def test_the_sdk_comes_from_the_archive_of_its_commit(built: Built) -> None:
    assert f"github.com/zai-org/GLM-OCR/archive/{ARGUMENTS['GLMOCR_REF']}.zip" in built.asked
    assert inside(built.container, "python3", "-c", "import glmocr; print(glmocr.__version__)").strip() == "0.1.1"


def test_the_layout_network_is_baked_where_it_is_looked_for(image: str) -> None:
    look = "import octavo.settings as s, octavo.weights.hub_cache as h; "
    look += "print(h.snapshot(s.LAYOUT_MODEL, s.LAYOUT_REVISION, s.EngineSettings(), {}))"
    assert inside(image, "python3", "-c", look).strip().startswith("/models/hub/models--PaddlePaddle--")


def test_every_gate_passed(built: Built) -> None:
    assert re.findall(r"gate passed  (.+)", built.log) == [
        "what the worker needs",
        *("vllm has the model", "dependency edges", "vllm takes transformers", "transformers knows glm_ocr", "glmocr"),
        "vllm knows the flags",
    ]


def test_debian_s_own_packages_are_neither_used_nor_touched(image: str) -> None:
    """The base's are too old for the worker; pip cannot remove them, and stops where it wants to."""
    theirs = inside(image, "find", "/usr/lib/python3/dist-packages", "-maxdepth", "1", "-name", "requests*")
    assert theirs.count("requests") >= 2  # the package and its metadata
    version = "import importlib.metadata as m, requests; print(m.version('requests'), requests.__file__)"
    used = inside(image, "python3", "-c", version)
    assert used.split()[1].startswith("/usr/local/")
    assert not used.startswith("2.28.")
