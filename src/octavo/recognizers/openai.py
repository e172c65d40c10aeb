"""GLM-OCR on any OpenAI-compatible server: the one given by `url`, or a vLLM that is started here.

Crops come in at the model's budget and go out as they are, JPEG-encoded off the event loop, a page's together, also
while the server still boots. A crop that is the same as an earlier one, pixel for pixel, is not asked about again. What
the crops of a page lose is in their recognitions.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from octavo.document import Crop, Pixels, Recognition, Task
from octavo.errors import EngineFailed, EngineUnavailable
from octavo.fair_gate import FairGate
from octavo.geometry import PixelBudget
from octavo.glm_ocr import model as glm_ocr
from octavo.glm_ocr.answers import ReadBefore
from octavo.glm_ocr.client import Answer, ChatClient, Question, Upstream, request_body
from octavo.glm_ocr.connections import ConnectFailed
from octavo.glm_ocr.in_flight import QUICK, SLOW, first_limit
from octavo.glm_ocr.model import Sampling
from octavo.glm_ocr.pictures import EncodedPicture, encoded
from octavo.glm_ocr.recovery import Ladder, Wanted, lost
from octavo.glm_ocr.remote import RemoteServer
from octavo.glm_ocr.vllm_server import VllmServer
from octavo.glm_ocr.weighing import evidence
from octavo.machine import cores
from octavo.recognizers import Pulse, nothing
from octavo.settings import EngineSettings

log = logging.getLogger(__name__)

_TOGETHER = 2 << 20  # pixels encoded in one go, a page of 150 dpi: 3 ms, and one change of threads


class ChatRecognizer:
    """Reads crops by asking a chat model about each."""

    reads_pictures = False

    def __init__(self, settings: EngineSettings, upstream: Upstream) -> None:
        self._upstream = upstream
        self._quality = settings.crop_quality
        self._prompts = dict(glm_ocr.PROMPTS) | dict(settings.prompts)
        self._limit = first_limit(
            settings.requests_in_flight, connections=settings.connection_pool_size, sequences=upstream.sequences
        )
        self._adapts = self._limit.adapts
        self._client = ChatClient(settings, upstream, self._limit.requests)
        self._gate = FairGate(_with_reserve(self._limit.requests))
        self._adapting: asyncio.Task[None] | None = None
        self._encoders = ThreadPoolExecutor(min(4, cores()), thread_name_prefix="octavo-encode")
        self._before = ReadBefore(settings.answers_kept)
        self.budget: PixelBudget = glm_ocr.budget(settings.crop_pixels)
        self._ladder = Ladder(
            self._ask,
            self._encoded,
            sampling=_sampling(settings),
            token_limit=settings.region_tokens,
            budget=self.budget,
            climbing=settings.recovery,
            prompts=tuple(self._prompts.values()),
        )

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

    @property
    def at_once(self) -> int:
        return self._limit.requests

    def is_behind(self, document: str) -> bool:
        return self._gate.is_waited_for(document)

    @property
    def start_seconds(self) -> Mapping[str, float]:
        return self._upstream.start_seconds

    async def pulse(self) -> Pulse | None:
        try:
            load = await self._upstream.load()
        except ConnectFailed:
            load = None
        limit = Pulse(
            self._client.in_flight, self._limit.requests, not self._limit.adapts, sequences=self._upstream.sequences
        )
        if load is None:
            return limit
        return replace(limit, running=load.running, waiting=load.waiting, cache=load.cache)

    async def recognize(
        self, crops: Sequence[Crop], *, document: str, begun: Callable[[], None] = nothing
    ) -> list[Recognition]:
        loop = asyncio.get_running_loop()
        encoding = [loop.run_in_executor(self._encoders, _all_encoded, some, self._quality) for some in _batches(crops)]
        shown = [one for some in await asyncio.gather(*encoding) for one in some]
        del crops  # and with them the page: see `glm_ocr.pictures`
        begun()
        if self._adapts and (self._adapting is None or self._adapting.done()):
            self._adapting = asyncio.create_task(self._adapt())
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._recognize(picture, wanted, document)) for picture, wanted in shown]
        return [task.result() for task in tasks]

    async def _recognize(self, picture: EncodedPicture | EngineFailed, wanted: Wanted, document: str) -> Recognition:
        if isinstance(picture, EngineFailed):
            return lost(picture.code, picture.message)
        key = picture.digest + wanted.digest
        return await self._before.recognition(key, document, lambda: self._read(picture, wanted, document))

    async def _read(self, picture: EncodedPicture, wanted: Wanted, document: str) -> Recognition:
        async with self._gate.slot(document):
            try:
                return await self._ladder.read(picture, wanted)
            except Exception:  # the last line of defence: a crop's defect must not take its page
                log.exception("crop_failed document=%s", document)
                failure = EngineFailed("the region could not be read: an unexpected error, see the log")
                return lost(failure.code, failure.message)

    async def _encoded(self, pixels: Pixels) -> EncodedPicture:
        return await asyncio.get_running_loop().run_in_executor(self._encoders, encoded, pixels, self._quality)

    async def _ask(self, picture: EncodedPicture, task: Task, sampling: Sampling, max_tokens: int) -> Answer:
        return await self._client.ask(Question(picture.base64, self._prompts[task], sampling, max_tokens))

    async def _adapt(self) -> None:
        """Follow the server's load while there is work; give up on a server that does not tell it."""
        pause, untold = QUICK, 0
        while untold < _PATIENCE:
            await asyncio.sleep(pause)
            if not self._gate.held:
                return
            try:
                await self._upstream.ready()  # while it boots it tells nothing
                load = await self._upstream.load()
            except (EngineUnavailable, ConnectFailed):
                pause = SLOW
                continue
            if load is None:
                untold += 1
                continue
            untold, before = 0, self._limit.requests
            self._limit = self._limit.following(self._client.in_flight, load)
            limit = self._limit.requests
            pause = QUICK if limit > before else min(SLOW, 2 * pause)
            if limit != before:
                self._client.resize(limit)
                self._gate.resize(_with_reserve(limit))
                log.info("requests_in_flight limit=%d running=%d waiting=%d", limit, load.running, load.waiting)
        self._adapts = False

    async def close(self) -> None:
        if self._adapting is not None:
            self._adapting.cancel()
        await self._client.close()
        await self._upstream.close()
        self._encoders.shutdown(wait=False, cancel_futures=True)


_PATIENCE = 5  # looks at a server that does not tell its load


def _with_reserve(limit: int) -> int:
    """An eighth ahead, to send at once where a place in flight gets free."""
    return limit + max(2, limit // 8)


def _sampling(settings: EngineSettings) -> Sampling:
    greedy = Sampling().top_k if settings.temperature == 0 else None
    top_k = greedy if settings.top_k is None else settings.top_k
    return Sampling(settings.temperature, settings.top_p, top_k, settings.repetition_penalty)


def _batches(crops: Sequence[Crop]) -> Iterator[list[Crop]]:
    batch: list[Crop] = []
    pixels = 0
    for crop in crops:
        batch.append(crop)
        pixels += crop.size.area
        if pixels >= _TOGETHER:
            yield batch
            batch, pixels = [], 0
    if batch:
        yield batch


def _all_encoded(crops: Sequence[Crop], quality: int) -> list[tuple[EncodedPicture | EngineFailed, Wanted]]:
    """The pictures, or why one cannot be encoded; each with what is wanted of it."""
    pictures: list[EncodedPicture | EngineFailed] = []
    for crop in crops:
        try:
            pictures.append(encoded(crop.pixels, quality, crop.size))
        except EngineFailed as failure:
            pictures.append(failure)
    wanted = (
        Wanted(crop.region.task, crop.region.label, known, crop.final)
        for crop, known in zip(crops, evidence(crops), strict=True)
    )
    return list(zip(pictures, wanted, strict=True))


async def open_recognizer(settings: EngineSettings) -> ChatRecognizer:
    """Does not wait for the server: pages are drawn and crops cut while it boots. Raises EngineUnavailable at once
    where it can be seen that none will come."""
    if settings.url is not None:
        return ChatRecognizer(settings, RemoteServer(settings, settings.url))
    blank = np.full((112, 112, 3), 255, np.uint8)
    samplings = (_sampling(settings), glm_ocr.WARMER)
    prompt = glm_ocr.PROMPTS[Task.TEXT]
    first = [Question(encoded(blank, settings.crop_quality).base64, prompt, sampling, 8) for sampling in samplings]
    server = VllmServer(settings, [request_body(settings, question) for question in first])
    await server.start()
    return ChatRecognizer(settings, server)
