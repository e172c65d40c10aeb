"""Reading with the real vLLM, MTP speculative decoding on: numbers, sizes, cancelling, and its sudden death."""

import asyncio
import base64
import io
import json
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import aiohttp
import cv2
import numpy as np
import pytest
import pytest_asyncio
from PIL import Image
from real_vllm import HERE, in_environment, settings

from octavo import crops
from octavo.document import Crop, Label, PageImage, Pixels, Recognition, Region, Task
from octavo.geometry import Box
from octavo.glm_ocr import model as glm_ocr
from octavo.glm_ocr.client import ChatClient, Question
from octavo.glm_ocr.in_flight import ServerLoad
from octavo.glm_ocr.model import Sampling
from octavo.glm_ocr.pictures import encoded
from octavo.glm_ocr.remote import RemoteServer
from octavo.parser import Parser
from octavo.recognizers.openai import ChatRecognizer, open_recognizer
from octavo.settings import EngineSettings, ParseOptions

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(400)]

# What the ledger says of answers by random weights: they seldom come to an end, or at once. Which, depends on the other
# requests of the moment: bfloat16 rounds differently in batches of another size.
NONSENSE = ("truncated", "empty_answer", "repetition_loop", "short_answer", "invented_answer", "no_table")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def reader(tiny: Path) -> AsyncIterator[ChatRecognizer]:
    """Octavo's recogniser with a vLLM that it started."""
    recognizer = await open_recognizer(settings(tiny, confidences=True, recovery=False, request_seconds=60))
    try:
        await recognizer.ready()
        yield recognizer
    finally:
        await recognizer.close()


@pytest.fixture
def server(reader: ChatRecognizer) -> EngineSettings:
    """Settings that reach the same vLLM as somebody else's server."""
    return EngineSettings(url=reader.base_url, region_tokens=48, recovery=False, retry_seconds=0.2, answers_kept=0)


def drawn(width: int = 280, height: int = 56, text: str = "hello 123") -> Pixels:
    pixels = np.full((height, width, 3), 255, np.uint8)
    cv2.putText(pixels, text, (8, 40), 0, 1.0, (0, 0, 0), 2)
    return pixels


def crop(reader: ChatRecognizer, pixels: Pixels, task: Task = Task.TEXT) -> Crop:
    region = Region(0, Box.of_page(), Label.TEXT, task, 1.0)
    return crops.cut(PageImage(0, pixels, 150), region, reader.budget)


async def read(reader: ChatRecognizer, *pictures: Pixels) -> list[Recognition]:
    return await reader.recognize([crop(reader, pixels) for pixels in pictures], document="d")


async def eventually(happened: Callable[[], Awaitable[bool]]) -> None:
    for _ in range(600):
        if await happened():
            return
        await asyncio.sleep(0.1)
    raise AssertionError("it did not happen within a minute")


async def test_what_runs_is_said(reader: ChatRecognizer) -> None:
    assert reader.described.startswith("tiny-glm-ocr on vLLM 0.")
    assert reader.described.endswith("with MTP")


async def test_the_same_crop_reads_the_same_with_a_confidence(reader: ChatRecognizer) -> None:
    one, other, again = await read(reader, drawn(), drawn(text="other"), drawn())
    assert one.text
    assert one.text == again.text
    assert one.text != other.text
    assert one.confidence is not None
    assert 0 < one.confidence <= 1
    assert one.usage.completion_tokens <= 48


@pytest.mark.parametrize(
    ("width", "height"),
    [(280, 56), (30, 20), (1680, 2240), (2200, 2800), (4300, 28), (28, 4300), (6000, 20)],
    ids=lambda side: str(side),
)
async def test_crops_of_any_shape_are_taken_as_they_are(reader: ChatRecognizer, width: int, height: int) -> None:
    """The server counts one token for each patch that we sent: it has not resized the picture, nor refused it."""
    sent = crop(reader, drawn(width, height))
    (recognition,) = await reader.recognize([sent], document="d")
    (smallest,) = await reader.recognize([crop(reader, drawn(112, 56))], document="d")
    words = smallest.usage.prompt_tokens - 112 * 56 // glm_ocr.PATCH**2
    assert [problem for problem in recognition.problems if problem.code not in NONSENSE] == []
    assert recognition.usage.prompt_tokens - words == sent.size.area // glm_ocr.PATCH**2


async def test_vllm_and_transformers_agree_on_a_picture(reader: ChatRecognizer, tiny: Path, tmp_path: Path) -> None:
    """The same tokens in the prompt and, but for bfloat16, the same likelihoods of the first token."""
    file = tmp_path / "picture.png"
    Image.fromarray(drawn(616, 308)).save(file)
    theirs = json.loads(in_environment(str(HERE / "ask_transformers.py"), str(tiny), str(file)).splitlines()[-1])
    url = f"data:image/png;base64,{base64.b64encode(file.read_bytes()).decode()}"
    content = [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": "Text Recognition:"}]
    body = {
        "model": "glm-ocr",
        "messages": [{"role": "user", "content": content}],
        "temperature": 0.0,
        "max_tokens": 1,
        "logprobs": True,
        "top_logprobs": 8,
        "return_token_ids": True,
    }
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{reader.base_url}/chat/completions", json=body) as reply,
    ):
        ours = await reply.json()
    assert ours["prompt_token_ids"] == theirs["prompt"]
    first = {token["token"]: token["logprob"] for token in ours["choices"][0]["logprobs"]["content"][0]["top_logprobs"]}
    shared = first.keys() & theirs["first"].keys()
    assert len(shared) >= 6
    assert max(first, key=first.__getitem__) == max(theirs["first"], key=theirs["first"].__getitem__)
    assert max(abs(first[token] - theirs["first"][token]) for token in shared) < 0.25


async def test_cancelled_requests_stop_on_the_server(reader: ChatRecognizer, server: EngineSettings) -> None:
    remote = RemoteServer(server, reader.base_url)

    async def load() -> ServerLoad:
        await remote.ready()
        told = await remote.load()
        assert told is not None, "vLLM's metrics have other names than we know"
        return told

    async def at_work() -> bool:
        told = await load()
        return told.running + told.waiting == len(asked)

    async def idle() -> bool:
        told = await load()
        return told.running == told.waiting == 0

    client = ChatClient(server, remote, 32)
    jpeg = encoded(drawn(), 95).base64
    warm = Sampling(temperature=1.0, top_p=0.999, top_k=None, repetition_penalty=1.0)  # it seldom comes to an end
    asked = [asyncio.create_task(client.ask(Question(jpeg, "Text Recognition:", warm, 12_000))) for _ in range(6)]
    try:
        await eventually(at_work)
    finally:
        for question in asked:
            question.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
        await client.close()
    await eventually(idle)
    await remote.close()


def processes() -> Iterator[tuple[int, str]]:
    """This process's children, and theirs, with their names."""
    waiting = [os.getpid()]
    while waiting:
        for children in Path(f"/proc/{waiting.pop()}/task").glob("*/children"):
            for child in map(int, children.read_text().split()):
                waiting.append(child)
                yield child, Path(f"/proc/{child}/cmdline").read_bytes().replace(b"\0", b" ").decode()


def fax(pages: int) -> bytes:
    file = io.BytesIO()
    first, *others = (Image.fromarray(drawn(text=f"page {number}")) for number in range(pages))
    first.save(file, "TIFF", save_all=True, append_images=others)
    return file.getvalue()


def kill(name: str) -> None:
    os.kill(next(pid for pid, command in processes() if name in command), signal.SIGKILL)


async def test_a_document_is_completed_though_vllm_is_killed(reader: ChatRecognizer, server: EngineSettings) -> None:
    """Through the whole parser, by address: it waits while the server's owner brings it up again."""
    whole = server.model_copy(update={"detector": "whole_page", "recognizer": "openai", "requests_in_flight": 4})
    async with Parser(whole) as parser:
        document = await parser.aparse(
            fax(40), ParseOptions(), on_page=lambda page: kill(" serve ") if page.number == 0 else None
        )
    assert len(document.pages) == 40
    assert [problem for problem in document.problems if problem.code not in NONSENSE] == []


async def test_a_document_is_completed_though_the_engine_is_killed(reader: ChatRecognizer) -> None:
    """Its inner process: vLLM's front notices, answers 500 for a while, and goes down too."""
    pictures = [drawn(text=f"{number}") for number in range(60)]
    await reader.ready()
    work = asyncio.create_task(read(reader, *pictures))
    await asyncio.sleep(0.3)
    kill("EngineCore")
    recognitions = await work
    problems = [problem for recognition in recognitions for problem in recognition.problems]
    assert [problem for problem in problems if problem.code not in NONSENSE] == []
