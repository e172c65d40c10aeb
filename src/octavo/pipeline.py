"""Pages streamed through the stages, within bounds. Knows protocols only: no engine names, no addresses, no JSON.

    draw + upright + straight -> detect (batched over documents) -> settle, text layer, cut -> recognise -> assemble

Where the words of a page are not known, and both engines can, its lines are found and read before it is detected.

A page leaves as soon as it and the pages before it are done. A page that fails is a page of the result with a
problem; it never takes another with it.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import NamedTuple, Protocol

import numpy as np

from octavo import assemble, conservation, crops, regions, telemetry, text_layer, turns
from octavo.detectors import Detector, FindsLines
from octavo.document import (
    Crop,
    Detection,
    Label,
    Origin,
    Page,
    PageImage,
    Problem,
    Recognition,
    Region,
    Severity,
    Task,
    TextSource,
    Written,
)
from octavo.errors import EngineFailed, OctavoError, PageUnreadable
from octavo.fair_gate import FairGate
from octavo.frozen import frozen
from octavo.geometry import Box, PixelBudget
from octavo.official.layout import wants_outlines
from octavo.recognizers import ReadsLines, Recognizer
from octavo.settings import LayoutNetworkUse, ParseOptions, Profile, TextLayerUse
from octavo.trace import PageTrace

log = logging.getLogger(__name__)


class Drawable(Protocol):
    """Where page pictures come from; `draw` blocks and may be called from several threads."""

    @property
    def numbers(self) -> Sequence[int]: ...

    def draw(self, number: int) -> PageImage: ...


class PageMemory(Protocol):
    """Pages that were read before, in the same way: those that look the same need not be read again."""

    def name(self, image: PageImage) -> str:
        """Of what is seen of the page. Blocks."""
        ...

    async def page(self, name: str, number: int) -> Page | None: ...

    async def keep(self, name: str, page: Page) -> None: ...


@frozen
class Stages:
    """The engines a document runs through; shared by all documents."""

    upright: Callable[[PageImage], PageImage]  # turns a page upright and puts it straight; blocking
    drawing: FairGate  # so that a short document's page is not drawn after all that are under way of long ones
    detector: "SharedDetector"
    recognizer: Recognizer
    executor: Executor  # where blocking steps run


@dataclass(slots=True)
class _Prepared:
    """A page between layout and recognition."""

    regions: list[Region]
    recognitions: list[Recognition | None]  # None: waits for its crop
    crops: list[Crop]
    problems: list[Problem]

    def taken(self) -> list[Crop]:
        """The crops, which hold the page's picture, and are not held here any more."""
        crops, self.crops = self.crops, []
        return crops


@dataclass(slots=True)
class _Stopwatch:
    """Seconds by stage."""

    seconds: dict[str, float] = field(default_factory=dict)
    _since: float = field(default_factory=time.perf_counter)

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self._since
        telemetry.stage(stage, now - self._since)
        self._since = now


class Window:
    """How many pages of a document are under way: `least` always, up to `most` while few pictures are held.

    Two until the first has got as far as its recogniser: the model should not wait for pages drawn ahead of need.
    """

    def __init__(self, least: int, most: Callable[[], int] = lambda: 0, ahead: int = 0) -> None:
        """`most` is asked again for each page; what is below `least` has no effect. `ahead` pages are drawn, or will
        be, before the recogniser needs them: enough to keep busy who draws."""
        self._least = least
        self._most = most
        self._ahead = ahead
        self._inside = 0
        self._pictures = 0  # pages whose pictures are held, or soon will be
        self._picture_bytes = 0  # of the one drawn last
        self._begun = False
        self._changed = asyncio.Event()

    async def enter(self) -> "WindowPlace":
        """For one task at a time."""
        while not self._is_open():
            self._changed.clear()
            await self._changed.wait()
        self._inside += 1
        self._pictures += 1
        return WindowPlace(self)

    def _is_open(self) -> bool:
        if not self._begun:
            return self._inside < min(2, self._least)
        few = self._pictures < self._ahead and self._pictures * self._picture_bytes < _SMALL
        return self._inside < self._least or (few and self._inside < self._most())


class WindowPlace:
    """A page's place in the window."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self._has_picture = True

    def drawn(self, picture: PageImage) -> None:
        self._window._picture_bytes = 3 * picture.size.area

    def begin(self) -> None:
        """The recogniser has begun with the page, and needs its picture no more."""
        if self._has_picture:
            self._has_picture = False
            self._window._pictures -= 1
        self._window._begun = True
        self._window._changed.set()

    def leave(self) -> None:
        self.begin()
        self._window._inside -= 1


_ASKED = {LayoutNetworkUse.ALWAYS: True, LayoutNetworkUse.NEVER: False, LayoutNetworkUse.AUTO: None}
# A batch of 1 costs the CPU and the GPU nearly what one of 8 does, and a model on the same GPU the time. At 14 pages/s,
# what an H100 is fed, 0.25 s gathers seven with what comes while the last is seen: docs/performance.md, "On a GPU".
_GATHERING = 0.25  # seconds a page waits for others to be laid out with, while nobody waits for it
_LOOK = 0.02  # seconds between two looks whether somebody does
_FINISHED = 512  # pages of a document that wait for one before them
_SMALL = 256 << 20  # bytes of the pictures of all pages under way, from which `least` applies


async def read(
    pages: Drawable,
    stages: Stages,
    options: ParseOptions,
    *,
    document: str,
    window: Window,
    known: Mapping[int, Page] = MappingProxyType({}),
    traces: Mapping[int, PageTrace] = MappingProxyType({}),
    before: PageMemory | None = None,
) -> AsyncGenerator[Page]:
    """The pages of one document, in order. Closing the iterator cancels what is still running.

    No more pages are under way than the window lets in; finished pages wait for their turn without their pictures.
    Pages that are `known` from an earlier run are handed on as they are; so are those that look as one did `before`.
    What the stages see of pages that have a trace is written down there.
    """
    started: asyncio.Queue[asyncio.Task[Page] | None] = asyncio.Queue(maxsize=_FINISHED)
    running: set[asyncio.Task[Page]] = set()

    async def one(number: int, place: WindowPlace) -> Page:
        try:
            if number in known:
                return known[number]
            with telemetry.span("page", page=number + 1):
                return await _page(number, pages, stages, options, document, place, traces.get(number), before)
        finally:
            place.leave()

    async def start_all() -> None:
        for number in pages.numbers:
            task = asyncio.create_task(one(number, await window.enter()))
            running.add(task)
            task.add_done_callback(running.discard)
            await started.put(task)
        await started.put(None)

    starter = asyncio.create_task(start_all())
    try:
        while (task := await started.get()) is not None:
            yield await task
        await starter
    finally:
        starter.cancel()
        for task in running:
            task.cancel()
        await asyncio.gather(starter, *running, return_exceptions=True)


async def _page(
    number: int,
    pages: Drawable,
    stages: Stages,
    options: ParseOptions,
    document: str,
    place: WindowPlace,
    trace: PageTrace | None,
    before: PageMemory | None,
) -> Page:
    loop = asyncio.get_running_loop()
    watch = _Stopwatch()
    try:
        async with stages.drawing.slot(document):
            image = await loop.run_in_executor(stages.executor, _draw, number, pages, stages.upright, trace)
        watch.lap("draw")
        place.drawn(image)
        name = ""
        if before is not None:
            name = await loop.run_in_executor(stages.executor, before.name, image)
            if (again := await before.page(name, number)) is not None:
                return again
        image = replace(image, outlined=wants_outlines(options), network=_ASKED[options.layout_network])
        if trace is not None:
            trace.text = image.text
        if not image.words_known and options.text_layer is not TextLayerUse.ONLY:
            image = await _with_lines_read(image, stages, document, watch)
        detections, problems = await _layout(image, stages.detector, document)
        watch.lap("layout")
        prepared = await loop.run_in_executor(
            stages.executor,
            lambda: _prepare(image, detections, problems, options, stages.recognizer),
        )
        watch.lap("regions")
        image = _without_pixels(image)  # the next page may be drawn into its memory
        read_now: list[Recognition] = []
        if prepared.crops:
            read_now = await stages.recognizer.recognize(prepared.taken(), document=document, begun=place.begin)
        if len(read_now) != prepared.recognitions.count(None):
            raise EngineFailed(
                f"page {number + 1}: the recogniser gave {len(read_now)} answers, not one for each region"
            )
        watch.lap("recognize")
        answers = map(_answered, read_now)
        recognitions = [known if known is not None else next(answers) for known in prepared.recognitions]
        if trace is not None:
            trace.detections, trace.regions, trace.recognitions = detections, prepared.regions, recognitions
            assemble.trace_as_seen(trace, image.warp)
        page = await loop.run_in_executor(
            stages.executor,
            lambda: _assembled(image, detections, prepared, recognitions, options, watch.seconds),
        )
        if before is not None:
            await before.keep(name, page)
        return page
    except OctavoError as error:
        return assemble.lost_page(number, Problem(error.code, error.message, Severity.LOST, page=number))
    except (Exception, asyncio.CancelledError) as error:  # one page's defect must not take the document
        if isinstance(error, asyncio.CancelledError) and _is_cancelled():
            raise
        log.exception("page_failed document=%s page=%d", document, number + 1)
        failure = EngineFailed(f"page {number + 1} could not be processed: an unexpected error, see the log")
        return assemble.lost_page(number, Problem(failure.code, failure.message, Severity.LOST, page=number))


def _assembled(
    image: PageImage,
    detections: Sequence[Detection],
    prepared: _Prepared,
    recognitions: Sequence[Recognition],
    options: ParseOptions,
    seconds: Mapping[str, float],
) -> Page:
    """The page of the result, counted; what the official profile drops is the SDK's decision, and told."""
    with turns.taken():
        page = assemble.page(image, prepared.regions, recognitions, prepared.problems, options, seconds)
        if options.profile is Profile.FAITHFUL:
            page = conservation.checked(page, image.text, detections)
        return assemble.page_as_seen(page)


def _answered(recognition: Recognition) -> Recognition:
    """The recogniser's answer; with a loss where it has neither text nor a reason."""
    if recognition.text is not None or recognition.problems:
        return recognition
    message = "the recogniser gave neither a text nor a reason"
    return replace(recognition, problems=(Problem(EngineFailed.code, message, Severity.LOST),))


def _is_cancelled() -> bool:
    """Whether this task was told to stop; if not, a CancelledError is of an engine that closed, or lost its work."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _without_pixels(image: PageImage) -> PageImage:
    """The same page, of the same size, all of one colour that takes no memory."""
    width, height = image.size
    return replace(image, picture=np.broadcast_to(np.zeros(1, np.uint8), (height, width, 3)), outlines=None)


def _draw(
    number: int, pages: Drawable, upright: Callable[[PageImage], PageImage], trace: PageTrace | None
) -> PageImage:
    try:
        return upright(replace(pages.draw(number), trace=trace))
    except MemoryError as error:
        raise PageUnreadable(f"page {number + 1} needs more memory than there is") from error


async def _with_lines_read(image: PageImage, stages: Stages, document: str, watch: _Stopwatch) -> PageImage:
    """The page with its lines read before it is laid out, where its engines can; where they fail, as it was: they will
    say so when they are asked again."""
    if not isinstance(stages.recognizer, ReadsLines):
        return image
    try:
        found = await stages.detector.find_lines(image, document)
    except OctavoError:
        return image
    if found is None:
        return image
    watch.lap("layout")
    written = await stages.recognizer.read_lines(image, found, document=document)
    watch.lap("recognize")
    return replace(image, written=written)


async def _layout(image: PageImage, detector: "SharedDetector", document: str) -> tuple[list[Detection], list[Problem]]:
    """The page's detections; where the detector fails, the whole page as one region, and a problem that says so."""
    try:
        return await detector.detect(image, document), []
    except OctavoError as error:
        whole = Detection(Box.of_page(), Label.TEXT, 0.0, origin=Origin.WHOLE_PAGE)
        message = f"regions could not be found ({error.message}); the page was read as one region"
        return [whole], [Problem("layout_failed", message, Severity.DOUBTFUL, page=image.number)]


def _prepare(
    image: PageImage,
    detections: Sequence[Detection],
    problems: Sequence[Problem],
    options: ParseOptions,
    recognizer: Recognizer,
) -> _Prepared:
    """Settle the regions, take what the text layer can say, and cut the rest."""
    with turns.taken(image.outlines is not None):
        settled = regions.settle(detections, image, options)
        prepared = _Prepared(settled.regions, [], [], [*image.problems, *problems, *settled.problems])
        for region in settled.regions:
            known = _known(region, image, options, reads_pictures=recognizer.reads_pictures)
            if known is None:
                prepared.crops.append(_cut(region, image, recognizer.budget, options))
            prepared.recognitions.append(known)
        return prepared


def _cut(region: Region, image: PageImage, budget: PixelBudget, options: ParseOptions) -> Crop:
    """The crop, with what its answer is weighed by. The official profile keeps answers as the model gives them."""
    final = options.profile is not Profile.FAITHFUL
    return replace(crops.cut(image, region, budget), layer=text_layer.known(region, image), final=final)


def _known(region: Region, image: PageImage, options: ParseOptions, *, reads_pictures: bool) -> Recognition | None:
    """What needs no recogniser: regions that are not read, and those the text layer can say."""
    faithful = options.profile is Profile.FAITHFUL
    if region.task is Task.SKIP and faithful:
        on_picture = any(line.on_picture for line in region.lines)
        return None if on_picture and reads_pictures else text_layer.in_picture(region)
    if region.task in (Task.SKIP, Task.ABANDON):
        return Recognition(None, TextSource.NONE)
    return text_layer.recognition(region, image, options)


class _Asked(NamedTuple):
    """A page that waits for its regions."""

    page: PageImage
    document: str
    answer: asyncio.Future[list[Detection]]


class SharedDetector:
    """One detector for all documents: pages that wait together are seen together.

    The detector is called in one thread of its own, never twice at once; while it works, new pages gather for the
    next batch, so batches grow with the load and a lone page never waits for company. Nor does it hurry for nothing:
    while the recogniser has more of these documents than it can take, a batch waits for more pages, for a moment. Two
    batches wait or are seen at most; who comes next is fair between documents.
    """

    def __init__(
        self, detector: Detector, executor: Executor, unhurried: Callable[[str], bool] = lambda document: False
    ) -> None:
        """`unhurried`: whether who takes a document's pages from here could not begin with another one yet."""
        self.detector = detector
        self._executor = executor
        self._unhurried = unhurried
        self._turns = FairGate(2 * detector.batch_size)
        self._waiting: list[_Asked] = []
        self._worker: asyncio.Task[None] | None = None

    async def detect(self, page: PageImage, document: str) -> list[Detection]:
        async with self._turns.slot(document):
            answer: asyncio.Future[list[Detection]] = asyncio.get_running_loop().create_future()
            self._waiting.append(_Asked(page, document, answer))
            if self._worker is None or self._worker.done():
                self._worker = asyncio.create_task(self._work())
            return await answer

    async def find_lines(self, page: PageImage, document: str) -> Written | None:
        """The lines of a page, from a detector that looks for them first."""
        if not isinstance(self.detector, FindsLines):
            return None
        async with self._turns.slot(document):
            try:
                return await asyncio.get_running_loop().run_in_executor(self._executor, self.detector.find_lines, page)
            except OctavoError:
                raise
            except Exception as error:
                raise self._defect() from error

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch: list[_Asked] = []
            try:
                await self._gathered()
                batch = self._waiting[: self.detector.batch_size]
                del self._waiting[: len(batch)]
                batch = [asked for asked in batch if not asked.answer.cancelled()]
                found = await loop.run_in_executor(self._executor, self.detector.detect, [it.page for it in batch])
                if len(found) != len(batch):
                    raise EngineFailed(f"the layout engine answered for {len(found)} pages, not for {len(batch)}")
            except (Exception, asyncio.CancelledError) as error:  # whatever comes must reach the pages that wait for it
                failed = error
                if not isinstance(failed, OctavoError):
                    failed = self._defect()
                for asked in batch:
                    if not asked.answer.done():
                        asked.answer.set_exception(failed)
                is_over = isinstance(error, asyncio.CancelledError) and _is_cancelled()
                if is_over or not batch:
                    self._turn_away(failed)
                if is_over:
                    raise
                continue
            for asked, detections in zip(batch, found, strict=True):
                if not asked.answer.done():
                    asked.answer.set_result(detections)

    async def _gathered(self) -> None:
        """Wait until a batch is full, or somebody waits for its pages, or it has taken too long."""
        until = time.monotonic() + _GATHERING
        while len(self._waiting) < self.detector.batch_size and time.monotonic() < until:
            if not all(self._unhurried(asked.document) for asked in self._waiting):
                return
            await asyncio.sleep(_LOOK)

    def _defect(self) -> EngineFailed:
        """For the exception at hand, which goes to the log."""
        log.exception("detector_failed detector=%s", self.detector.described)
        return EngineFailed("the layout engine failed unexpectedly, see the log")

    def _turn_away(self, error: Exception) -> None:
        """Nobody will look at the pages that wait."""
        for asked in self._waiting:
            if not asked.answer.done():
                asked.answer.set_exception(error)
        self._waiting.clear()
