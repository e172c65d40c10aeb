"""GLM-OCR on any OpenAI-compatible server: the one given by `url`, or a vLLM that is started here.

Crops come in at the model's budget and go out as they are, JPEG-encoded off the event loop, a page's together, also
while the server still boots. A crop that is the same as an earlier one, pixel for pixel, is not asked about again. What
the crops of a page lose is in their recognitions.
"""

import asyncio
import hashlib
import logging
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np

from octavo import glm_ocr
from octavo.document import Crop, Pixels, Problem, Recognition, Severity, Task, TextSource
from octavo.errors import EngineFailed
from octavo.geometry import PixelBudget, Size
from octavo.glm_ocr import Sampling
from octavo.recognizers import nothing
from octavo.serving.answers import ReadBefore
from octavo.serving.chat import Answer, ChatClient, Question, RemoteServer, Upstream, picture, request_body
from octavo.serving.fair_gate import FairGate
from octavo.serving.recovery import Ladder
from octavo.settings import EngineSettings
from octavo.vllm_server import VllmServer

log = logging.getLogger(__name__)

_TOGETHER = 2 << 20  # pixels encoded in one go, a page of 150 dpi: 3 ms, and one change of threads


class ChatRecognizer:
    """Reads crops by asking a chat model about each."""

    def __init__(self, settings: EngineSettings, upstream: Upstream) -> None:
        self._upstream = upstream
        self._quality = settings.crop_quality
        self._prompts = dict(glm_ocr.PROMPTS) | dict(settings.prompts)
        self._client = ChatClient(settings, upstream)
        # An eighth ahead, to send at once where a place in flight gets free.
        ahead = max(2, settings.requests_in_flight // 8)
        self._gate = FairGate(settings.requests_in_flight + ahead)
        self._encoders = ThreadPoolExecutor(min(4, os.cpu_count() or 1), thread_name_prefix="octavo-encode")
        self._before = ReadBefore(settings.answers_kept)
        self._sampling = _sampling(settings)
        self._token_limit = settings.region_tokens
        self._climbing = settings.recovery
        self.budget: PixelBudget = glm_ocr.budget(settings.crop_pixels)

    @property
    def described(self) -> str:
        return self._upstream.described

    @property
    def base_url(self) -> str:
        """Where it asks, with /v1 at the end."""
        return self._upstream.base_url

    async def ready(self) -> None:
        """Wait until the server answers. Raises EngineUnavailable where it never will, with its last words."""
        await self._upstream.ready()

    async def recognize(
        self, crops: Sequence[Crop], *, document: str, begun: Callable[[], None] = nothing
    ) -> list[Recognition]:
        loop = asyncio.get_running_loop()
        encoding = [loop.run_in_executor(self._encoders, _all_encoded, some, self._quality) for some in _batches(crops)]
        pictures = [picture for some in await asyncio.gather(*encoding) for picture in some]
        begun()
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._recognize(crop, picture, document))
                for crop, picture in zip(crops, pictures, strict=True)
            ]
        return [task.result() for task in tasks]

    async def _recognize(self, crop: Crop, picture: "_Picture | None", document: str) -> Recognition:
        if picture is None:  # asking will say why it cannot be encoded
            return await self._read(crop, None, document)
        key = picture.digest + f"{crop.region.task}{crop.region.label}".encode()
        return await self._before.recognition(key, document, lambda: self._read(crop, picture.jpeg, document))

    async def _read(self, crop: Crop, jpeg: bytes | None, document: str) -> Recognition:
        async def ask(pixels: Pixels, task: Task, sampling: Sampling, max_tokens: int) -> Answer:
            encoded = jpeg if pixels is crop.pixels else None
            return await self._ask(encoded, pixels, task, sampling, max_tokens)

        ladder = Ladder(
            ask,
            sampling=self._sampling,
            token_limit=self._token_limit,
            budget=self.budget,
            climbing=self._climbing,
        )
        async with self._gate.slot(document):
            try:
                return await ladder.read(crop.pixels, crop.region.task, crop.region.label)
            except Exception:  # the last line of defence: a crop's defect must not take its page
                log.exception("crop_failed document=%s page=%d", document, crop.region.page + 1)
                failure = EngineFailed("the region could not be read: an unexpected error, see the log")
                problem = Problem(failure.code, failure.message, Severity.LOST)
                return Recognition(None, TextSource.NONE, problems=(problem,))

    async def _ask(self, jpeg: bytes | None, pixels: Pixels, task: Task, sampling: Sampling, max_tokens: int) -> Answer:
        if jpeg is None:
            loop = asyncio.get_running_loop()
            jpeg = await loop.run_in_executor(self._encoders, _encoded, pixels, self._quality)
        return await self._client.ask(Question(jpeg, self._prompts[task], sampling, max_tokens))

    async def close(self) -> None:
        await self._client.close()
        await self._upstream.close()
        self._encoders.shutdown(wait=False, cancel_futures=True)


def _sampling(settings: EngineSettings) -> Sampling:
    return Sampling(settings.temperature, settings.top_p, settings.top_k, settings.repetition_penalty)


@dataclass(frozen=True, slots=True)
class _Picture:
    """A crop, encoded."""

    jpeg: bytes  # as it travels
    digest: bytes


def _batches(crops: Sequence[Crop]) -> Iterator[list[Crop]]:
    batch: list[Crop] = []
    for crop in crops:
        batch.append(crop)
        if sum(crop.size.area for crop in batch) >= _TOGETHER:
            yield batch
            batch = []
    if batch:
        yield batch


def _all_encoded(crops: Sequence[Crop], quality: int) -> list[_Picture | None]:
    """None for one that cannot be encoded."""
    pictures: list[_Picture | None] = []
    for crop in crops:
        try:
            jpeg = _jpeg(crop.pixels, crop.size, quality)
        except (EngineFailed, cv2.error):
            pictures.append(None)
        else:
            pictures.append(_Picture(picture(jpeg), hashlib.sha256(jpeg).digest()))
    return pictures


def _encoded(pixels: Pixels, quality: int) -> bytes:
    height, width = pixels.shape[:2]
    return picture(_jpeg(pixels, Size(width, height), quality))


def _jpeg(pixels: Pixels, size: Size, quality: int) -> bytes:
    """The picture as a JPEG of that size, white where there are no pixels."""
    height, width = pixels.shape[:2]
    sheet = _sheet(size)
    sheet[height:] = 255
    sheet[:height, width:] = 255
    cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR, dst=sheet[:height, :width])
    done, jpeg = cv2.imencode(".jpg", sheet, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise EngineFailed("a crop could not be encoded as JPEG")
    return jpeg.tobytes()


_own = threading.local()


def _sheet(size: Size) -> Pixels:
    """Memory of this thread to draw on; the kernel takes longer to hand out new memory than drawing takes."""
    wanted = size.area * 3
    if wanted > _LARGEST_SHEET:
        return np.empty((size.height, size.width, 3), np.uint8)
    kept: Pixels | None = getattr(_own, "sheet", None)
    if kept is None or len(kept) < wanted:
        kept = _own.sheet = np.empty(wanted, np.uint8)
    return kept[:wanted].reshape(size.height, size.width, 3)


_LARGEST_SHEET = 16 << 20  # bytes kept


async def open_recognizer(settings: EngineSettings) -> ChatRecognizer:
    """Does not wait for the server: pages are drawn and crops cut while it boots. Raises EngineUnavailable at once
    where it can be seen that none will come."""
    if settings.url is not None:
        return ChatRecognizer(settings, RemoteServer(settings, settings.url))
    blank = np.full((112, 112, 3), 255, np.uint8)
    samplings = (_sampling(settings), glm_ocr.WARMER)
    prompt = glm_ocr.PROMPTS[Task.TEXT]
    first = [Question(_encoded(blank, settings.crop_quality), prompt, sampling, 8) for sampling in samplings]
    server = VllmServer(settings, [request_body(settings, question) for question in first])
    await server.start()
    return ChatRecognizer(settings, server)
