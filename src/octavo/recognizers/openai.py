"""GLM-OCR on any OpenAI-compatible server: the one given by `url`, or a vLLM that is started here.

Crops come in at the model's budget and go out as they are, JPEG-encoded off the event loop. A few more than may be in
flight are encoded ahead, also while the server still boots. What the crops of a page lose is in their recognitions.
"""

import asyncio
import logging
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np

from octavo import glm_ocr
from octavo.chat import Answer, ChatClient, Question, RemoteServer, Upstream, picture, request_body
from octavo.document import Crop, Pixels, Problem, Recognition, Severity, Task, TextSource
from octavo.errors import EngineFailed
from octavo.fair_gate import FairGate
from octavo.geometry import PixelBudget
from octavo.glm_ocr import Sampling
from octavo.recovery import Ladder
from octavo.settings import EngineSettings
from octavo.vllm_server import VllmServer

log = logging.getLogger(__name__)


class ChatRecognizer:
    """Reads crops by asking a chat model about each."""

    def __init__(self, settings: EngineSettings, upstream: Upstream) -> None:
        self._upstream = upstream
        self._quality = settings.crop_quality
        self._prompts = dict(glm_ocr.PROMPTS) | dict(settings.prompts)
        self._client = ChatClient(settings, upstream)
        # Encoding takes 1 to 40 ms, an answer some 200: an eighth ahead keeps every place in flight taken.
        ahead = max(2, settings.requests_in_flight // 8)
        self._gate = FairGate(settings.requests_in_flight + ahead)
        self._encoders = ThreadPoolExecutor(min(4, os.cpu_count() or 1), thread_name_prefix="octavo-encode")
        self._ladder = Ladder(
            self._ask,
            sampling=_sampling(settings),
            token_limit=settings.region_tokens,
            budget=glm_ocr.budget(settings.crop_pixels),
            climbing=settings.recovery,
        )
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

    async def recognize(self, crops: Sequence[Crop], *, document: str) -> list[Recognition]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._recognize(crop, document)) for crop in crops]
        return [task.result() for task in tasks]

    async def _recognize(self, crop: Crop, document: str) -> Recognition:
        async with self._gate.slot(document):
            try:
                return await self._ladder.read(crop.pixels, crop.region.task, crop.region.label)
            except Exception:  # the last line of defence: a crop's defect must not take its page
                log.exception("crop_failed document=%s page=%d", document, crop.region.page + 1)
                failure = EngineFailed("the region could not be read: an unexpected error, see the log")
                problem = Problem(failure.code, failure.message, Severity.LOST)
                return Recognition(None, TextSource.NONE, problems=(problem,))

    async def _ask(self, pixels: Pixels, task: Task, sampling: Sampling, max_tokens: int) -> Answer:
        loop = asyncio.get_running_loop()
        jpeg = await loop.run_in_executor(self._encoders, _encoded, pixels, self._quality)
        return await self._client.ask(Question(jpeg, self._prompts[task], sampling, max_tokens))

    async def close(self) -> None:
        await self._client.close()
        await self._upstream.close()
        self._encoders.shutdown(wait=False, cancel_futures=True)


def _sampling(settings: EngineSettings) -> Sampling:
    return Sampling(settings.temperature, settings.top_p, settings.top_k, settings.repetition_penalty)


def _encoded(pixels: Pixels, quality: int) -> bytes:
    done, jpeg = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise EngineFailed("a crop could not be encoded as JPEG")
    return picture(jpeg.tobytes())


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
