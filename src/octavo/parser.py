"""Opens engines by name, keeps them warm, reads documents: the Python API.

with Parser() as parser:
    document = parser.parse("statement.pdf")

async with Parser(settings) as parser:
    async with parser.open("statement.pdf", options) as reading:
        async for page in reading:
            ...
        document = reading.document
"""

import asyncio
import threading
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from functools import partial
from io import BytesIO
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self, TypeAlias, TypeVar

import numpy as np

from octavo import assemble, detectors, dropins, official_sdk, pipeline, recognizers, renderers
from octavo.detectors import Detector
from octavo.document import Artifact, Document, Looks, Page, PageImage, Pixels, Problem, Severity
from octavo.errors import DocumentCorrupt, EngineUnavailable, LimitExceeded, OptionInvalid, PageUnreadable
from octavo.fair_gate import FairGate
from octavo.fetch import Fetched, Source, fetch, source_from
from octavo.frozen import frozen
from octavo.machine import cores
from octavo.official import words
from octavo.orientation import Orientation
from octavo.pages import Pages, kind_of, open_pages
from octavo.recognizers import Pulse, Recognizer
from octavo.settings import (
    EngineSettings,
    LayoutNetworkUse,
    OrientationUse,
    ParseOptions,
    Profile,
    StraightenUse,
    TextLayerUse,
)
from octavo.straightening import straightened
from octavo.trace import PageTrace

T = TypeVar("T")

# engine -> its detector and recogniser
ENGINES = MappingProxyType({"embedded": ("embedded", "embedded"), "glm-ocr": ("pp_doclayout", "openai")})

AnySource: TypeAlias = Source | str | Path | bytes

_KEPT_PICTURES = 64 << 20  # bytes of page pictures kept for renderers before they are drawn again: 9 pages at 150 dpi


class Parser:
    """Engines, opened once and shared by all documents. An async or a plain context manager; not both at once.

    Pages are spread over threads here. A program that does little else with OpenCV saves 5 % of all CPU by
    `cv2.setNumThreads(1)`: its threads would spin while they wait. The command line does so.
    """

    def __init__(self, settings: EngineSettings | None = None) -> None:
        self.settings = settings or EngineSettings()
        self._stack = AsyncExitStack()
        self._loop_thread: _LoopThread | None = None
        self._detectors: dict[str, pipeline.SharedDetector] = {}
        self._recognizer: Recognizer | None = None
        self._orientation: Orientation | None = None
        self._sdk: official_sdk.OfficialSdk | None = None
        self._opening_seconds: dict[str, float] = {}
        self._cpu = ThreadPoolExecutor(cores() + 3, thread_name_prefix="octavo")
        # One more than draw: none of them waits for the event loop. And one for who comes while slow pages hold all.
        self._drawing = FairGate(cores() + 1, spare=1)
        self._detecting = ThreadPoolExecutor(1, thread_name_prefix="octavo-layout")

    # --- async ---------------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        """Raises EngineUnavailable where an engine cannot run; nothing is left running then."""
        try:
            detector_name, recognizer_name = engine_names(self.settings)
            with self._timed("orientation"):
                self._orientation = await self._in_thread(lambda: Orientation(self.settings))
            self._stack.callback(self._orientation.close)
            with self._timed("detector"):
                await self._open_detector(detector_name)  # before the recogniser: vLLM must see what memory is left
            with self._timed("recognizer"):
                module = dropins.load(recognizers, recognizer_name)
                recognizer: Recognizer = await module.open_recognizer(self.settings)
            self._recognizer = recognizer
            self._stack.push_async_callback(recognizer.close)
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._close()

    async def ready(self) -> None:
        """Wait until the recogniser can answer; documents may be opened before. Raises EngineUnavailable."""
        if self._recognizer is not None:
            await self._recognizer.ready()

    async def pulse(self) -> Pulse | None:
        """How busy the model's server is; None where there is none."""
        return None if self._recognizer is None else await self._recognizer.pulse()

    @property
    def start_seconds(self) -> Mapping[str, Mapping[str, float]]:
        """Where the time of the start went: `opened` by engine, with the libraries each needs, and the `server`'s own
        parts, once it is ready."""
        server = {} if self._recognizer is None else self._recognizer.start_seconds
        return {"opened": dict(self._opening_seconds), "server": dict(server)}

    @asynccontextmanager
    async def open(
        self, source: AnySource | Sequence[AnySource], options: ParseOptions | None = None, *, name: str | None = None
    ) -> AsyncIterator["Reading"]:
        """Fetch and open one document; several sources are the pages of one. Reading starts with iteration."""
        options = options or ParseOptions()
        sources = [source] if isinstance(source, AnySource) else list(source)
        if not sources:
            raise OptionInvalid("no source given")
        fetched = await asyncio.gather(*(fetch(_as_source(part), self.settings) for part in sources))
        pages = await self._in_thread(partial(_open, fetched, options, self.settings))
        try:
            if options.profile is Profile.SDK:
                options, way = await self._sdk_way(options, fetched)
            else:
                way = _own_way(await self._stages(options), options, self.settings)
            reading = Reading(name or fetched[0].name, pages, options, way)
            del source, sources, fetched  # the bytes lie with who draws, not here as well
            try:
                yield reading
            finally:
                await reading.stop()
        finally:
            await self._in_thread(pages.close)

    async def aparse(
        self,
        source: AnySource | Sequence[AnySource],
        options: ParseOptions | None = None,
        *,
        on_page: Callable[[Page], None] | None = None,
    ) -> Document:
        """Read one document to its end."""
        async with self.open(source, options) as reading:
            async for page in reading:
                if on_page is not None:
                    on_page(page)
            return reading.document

    async def stream(
        self, source: AnySource | Sequence[AnySource], options: ParseOptions | None = None
    ) -> AsyncIterator[Page]:
        """The pages of one document, in order, each as soon as it is done."""
        async with self.open(source, options) as reading:
            async for page in reading:
                yield page

    # --- sync ----------------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self._loop_thread = _LoopThread()
        try:
            self._loop_thread.run(self.__aenter__())
        except BaseException:
            self._loop_thread.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._loop_thread is not None:
            self._loop_thread.run(self._close())
            self._loop_thread.stop()
            self._loop_thread = None

    def parse(
        self,
        source: AnySource | Sequence[AnySource],
        options: ParseOptions | None = None,
        *,
        on_page: Callable[[Page], None] | None = None,
    ) -> Document:
        """Read one document to its end, from code that is not async: inside `with Parser() as parser`."""
        if self._loop_thread is None:
            raise OptionInvalid(
                "parse() is for `with Parser() as parser`; in async code use `await parser.aparse(...)`"
            )
        return self._loop_thread.run(self.aparse(source, options, on_page=on_page))

    # --- inside --------------------------------------------------------------------------------------------------

    async def _stages(self, options: ParseOptions) -> pipeline.Stages:
        if self._recognizer is None or self._orientation is None:
            raise OptionInvalid("the parser is not open: use it as a context manager")
        await self._in_thread(lambda: words.load_for(options))
        detector_name = engine_names(self.settings)[0] if options.layout else "whole_page"
        turned = self._orientation.upright if options.orientation is OrientationUse.AUTO else _as_it_is
        upright = _one_after_the_other(turned, straightened) if _is_straightened(options) else turned
        return pipeline.Stages(
            upright, self._drawing, await self._open_detector(detector_name), self._recognizer, self._cpu
        )

    async def _sdk_way(self, options: ParseOptions, fetched: Sequence[Fetched]) -> tuple[ParseOptions, "_Way"]:
        """The official SDK itself, and the options with the version that is installed. Raises EngineUnavailable."""
        from octavo.recognizers.openai import ChatRecognizer

        official_sdk.refuse_what_it_cannot_do(options)
        recognizer = self._recognizer
        if not isinstance(recognizer, ChatRecognizer):
            raise OptionInvalid("profile sdk asks a server for GLM-OCR: it needs engine glm-ocr")
        version = await self._in_thread(official_sdk.installed)
        await recognizer.ready()
        if self._sdk is None:
            self._sdk = official_sdk.OfficialSdk(self.settings, version, recognizer.base_url)
            self._stack.push_async_callback(self._sdk.close)
        sdk = self._sdk
        engines = {"detector": sdk.described, "recognizer": f"{sdk.described}, asking {recognizer.described}"}

        async def read(reading: "Reading") -> AsyncGenerator[Page]:
            if all(number in reading.known for number in reading.numbers):
                pages = [reading.known[number] for number in reading.numbers]
            else:
                inputs = await self._in_thread(lambda: _sdk_inputs(fetched, reading))
                pages = await sdk.read(official_sdk.Work(inputs, reading.numbers, reading.options))
            for page in pages:
                yield page

        return options.model_copy(update={"official_version": version}), _Way(read, lambda: engines, self._cpu)

    async def _open_detector(self, name: str) -> pipeline.SharedDetector:
        if name not in self._detectors:
            module = dropins.load(detectors, name)
            detector: Detector = await self._in_thread(lambda: module.open_detector(self.settings))
            self._stack.callback(detector.close)
            self._detectors[name] = pipeline.SharedDetector(
                detector, self._detecting, lambda: self._recognizer is not None and self._recognizer.is_full
            )
        return self._detectors[name]

    @contextmanager
    def _timed(self, part: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self._opening_seconds[part] = time.perf_counter() - began

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._cpu, work)

    async def _close(self) -> None:
        await self._stack.aclose()
        self._cpu.shutdown(wait=False, cancel_futures=True)
        self._detecting.shutdown(wait=False, cancel_futures=True)


@frozen
class _Way:
    """How the pages of a document come about, and what does it."""

    pages: Callable[["Reading"], AsyncGenerator[Page]]
    engines: Callable[[], Mapping[str, str]]
    executor: Executor
    sees_pictures: bool = True  # of all pages; else they are drawn when somebody looks


def _own_way(stages: pipeline.Stages, options: ParseOptions, settings: EngineSettings) -> _Way:
    return _Way(
        lambda reading: pipeline.read(
            reading.source,
            stages,
            reading.options,
            document=f"{reading.name}-{id(reading):x}",
            window=_window(settings, stages.recognizer),
            known=reading.known,
            traces=reading.traces,
            before=reading.before,
        ),
        lambda: {"detector": stages.detector.detector.described, "recognizer": stages.recognizer.described},
        stages.executor,
        stages.detector.detector.sees_pictures or options.layout_network is LayoutNetworkUse.ALWAYS,
    )


class Reading:
    """One document while it is read: iterate it for the pages, then ask for the document and its artefacts."""

    def __init__(self, name: str, pages: Pages, options: ParseOptions, way: _Way) -> None:
        self.name = name
        self.options = options
        self.source = _KeptPages(pages, picture=way.sees_pictures)
        self._way = way
        self._done: list[Page] | assemble.PackedPages = []
        self._undrawn: dict[int, Problem] = {}  # what was wrong with pages of which there is nothing
        self._rotations: dict[int, int] = {}
        self._document: Document | None = None
        self._stream: AsyncGenerator[Page] | None = None
        self._started = 0.0
        self.known: Mapping[int, Page] = {}  # pages finished by an earlier run: set before iterating
        self.before: pipeline.PageMemory | None = None  # pages that other documents had: set before iterating
        self.traces: Mapping[int, PageTrace] = {}  # pages whose stages write down what they see: set before iterating
        # Whether nothing is done with the document but to write it down. The places of words, and then of lines, which
        # no renderer asks for, are let go, and the document's pages are packed: set before iterating.
        self.only_files = False

    @property
    def page_count(self) -> int:
        """Pages of the source, selected or not."""
        return self.source.pages.count

    @property
    def numbers(self) -> Sequence[int]:
        """The selected pages, 0-based."""
        return self.source.numbers

    async def __aiter__(self) -> AsyncIterator[Page]:
        self._started = time.perf_counter()
        self._done = assemble.PackedPages() if self.only_files else []
        self._undrawn.clear()
        self._rotations.clear()
        self._stream = self._way.pages(self)
        async for page in self._stream:
            _refuse_without_engine(page)
            yield self._kept(page)
        await self._finish()
        self._refuse_if_nothing_was_drawn()

    def _kept(self, page: Page) -> Page:
        """The page, which is in the document from now on."""
        if self.only_files:
            page = assemble.without_words(page)
        self._done.append(page)
        self._rotations[page.number] = page.rotation
        if (problem := _why_not_drawn(page)) is not None:
            self._undrawn[page.number] = problem
        return page

    async def cut_short(self, code: str, message: str) -> Document:
        """Stop here: pages not yet done are in the document as lost, with this reason."""
        await self.stop()
        for number in self.numbers:
            if number not in self._rotations:
                self._kept(assemble.lost_page(number, Problem(code, message, Severity.LOST, page=number)))
        await self._finish()
        return self.document

    def _refuse_if_nothing_was_drawn(self) -> None:
        """A document of which no page can be drawn is no document."""
        reasons = list(self._undrawn.values())
        if not reasons or len(reasons) < len(self._done):
            return
        refused = LimitExceeded if any(reason.code == LimitExceeded.code for reason in reasons) else DocumentCorrupt
        raise refused(f"none of the pages can be drawn: {reasons[0].message}")

    async def _finish(self) -> None:
        """Off the event loop: of a thousand pages it takes as long as drawing thirty."""
        finish = partial(
            assemble.document,
            self.name,
            self._done,
            page_count=self.page_count,
            headings=self.source.pages.headings,
            options=self.options,
            engines=self._way.engines(),
            timings={"total": time.perf_counter() - self._started},
            kept=assemble.packed if self.only_files else tuple,
        )
        self._document = await asyncio.get_running_loop().run_in_executor(self._way.executor, finish)

    async def stop(self) -> None:
        """Cancel what is still running. An iteration that was left early is stopped by `Parser.open` itself."""
        if self._stream is not None:
            await self._stream.aclose()

    @property
    def document(self) -> Document:
        """The result; there once the iteration has ended."""
        if self._document is None:
            raise OptionInvalid("the document is not read to its end yet: iterate the reading first")
        return self._document

    def artifacts(self, told: Document | None = None) -> Iterator[Artifact]:
        """The files of the chosen formats. Blocks: pages are drawn again where a picture is needed.

        `told` is the document as it is to be told, where that is not all that is known of it.
        """
        document = told or self.document
        for name in self.options.formats:
            for artifact in dropins.load(renderers, name).render(document, self.pictures, self.options):
                yield replace(artifact, format=name)

    @property
    def artifact_count(self) -> int:
        """How many files `artifacts` will make; a few more where a page cannot be drawn for them."""
        counts = (dropins.load(renderers, name).count(self.document, self.options) for name in self.options.formats)
        return sum(counts)

    @property
    def pictures(self) -> renderers.Pictures:
        """Of the pages, upright, once the document is there. Asking for one blocks: it may be drawn again."""
        return _UprightPages(self._rotations, self.source)

    def picture(self, page: Page) -> Pixels:
        """Of one that is done, upright, also while others are read. Blocks: it may be drawn again.

        Raises OctavoError.
        """
        return _UprightPages({page.number: page.rotation}, self.source).page(page.number)


def _why_not_drawn(page: Page) -> Problem | None:
    """What was wrong with a page of which there is nothing; None where it was drawn."""
    drawing = (PageUnreadable.code, LimitExceeded.code)
    return next((problem for problem in page.problems if not page.size.area and problem.code in drawing), None)


def _refuse_without_engine(page: Page) -> None:
    """A recogniser that never came up is an error of the run, not a loss in every region of the document."""
    for problem in page.problems:
        if problem.code == EngineUnavailable.code:
            raise EngineUnavailable(problem.message)


class _KeptPages:
    """Pages that keep the last pictures they drew, up to a number of bytes, for the renderers."""

    def __init__(self, pages: Pages, *, picture: bool) -> None:
        """`picture` as in `Pages.draw`: what is drawn later is not kept."""
        self.pages = pages
        self._picture = picture
        self._kept: OrderedDict[int, Pixels] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def numbers(self) -> Sequence[int]:
        return self.pages.numbers

    def draw(self, number: int) -> PageImage:
        image = self.pages.draw(number, picture=self._picture)
        if isinstance(image.picture, np.ndarray):
            self._keep(number, image.picture)
        return image

    def _keep(self, number: int, pixels: Pixels) -> None:
        with self._lock:
            self._kept[number] = pixels
            while sum(pixels.nbytes for pixels in self._kept.values()) > _KEPT_PICTURES:
                self._kept.popitem(last=False)

    def pixels(self, number: int) -> Pixels:
        """As drawn, not yet turned upright."""
        with self._lock:
            kept = self._kept.get(number)
        if kept is None:
            kept = self.pages.pixels(number, Looks())
            self._keep(number, kept)
        return kept


class _UprightPages:
    """Page pictures for renderers, upright."""

    def __init__(self, rotations: Mapping[int, int], source: _KeptPages) -> None:
        """`rotations` by page number, as in `Page`."""
        self._rotations = rotations
        self._source = source

    def page(self, number: int) -> Pixels:
        quarter_turns = self._rotations.get(number, 0) // 90
        return np.ascontiguousarray(np.rot90(self._source.pixels(number), -quarter_turns))


class _LoopThread:
    """An event loop in a thread of its own, for callers that have none."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="octavo-loop", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def engine_names(settings: EngineSettings) -> tuple[str, str]:
    """Detector and recogniser of these settings. Raises OptionInvalid for an engine that is not there."""
    if settings.engine not in ENGINES:
        raise OptionInvalid(f"no engine called {settings.engine!r}; there are: {', '.join(ENGINES)}")
    detector, recognizer = ENGINES[settings.engine]
    return settings.detector or detector, settings.recognizer or recognizer


def _window(settings: EngineSettings, recognizer: Recognizer) -> pipeline.Window:
    """A quarter of what is read at once: a page of tables has four regions, most pages have more."""
    if settings.pages_in_flight is not None:
        return pipeline.Window(settings.pages_in_flight)
    return pipeline.Window(6, lambda: recognizer.at_once // 4, 2 * cores() + 2)


def _as_source(source: AnySource) -> Source:
    return source_from(source) if isinstance(source, str | Path | bytes) else source


def _open(fetched: Sequence[Fetched], options: ParseOptions, settings: EngineSettings) -> Pages:
    return open_pages([part.data for part in fetched], options, settings)


def _sdk_inputs(fetched: Sequence[Fetched], reading: Reading) -> list[tuple[bytes, str]]:
    """The document's own bytes where the SDK sees the selected pages in them; else those pages, drawn here."""
    kinds = [kind_of(part.data) for part in fetched]
    whole = len(reading.numbers) == reading.page_count and reading.options.password is None
    if whole and kinds == ["pdf"]:
        return [(fetched[0].data, ".pdf")]
    if whole and set(kinds) == {"picture"} and len(kinds) == reading.page_count:
        return [(part.data, ".png") for part in fetched]
    return [(_png(reading.source.pixels(number)), ".png") for number in reading.numbers]


def _png(pixels: Pixels) -> bytes:
    from PIL import Image  # late: a start takes 20 ms less without it

    data = BytesIO()
    Image.fromarray(pixels).save(data, "PNG", compress_level=1)
    return data.getvalue()


def _as_it_is(page: PageImage) -> PageImage:
    return page


def _is_straightened(options: ParseOptions) -> bool:
    """Whether crooked pages are: the official profiles see what the SDK sees, and a text layer needs no picture."""
    own = options.profile is Profile.FAITHFUL and options.text_layer is not TextLayerUse.ONLY
    return own and options.straighten is StraightenUse.AUTO


def _one_after_the_other(
    first: Callable[[PageImage], PageImage], second: Callable[[PageImage], PageImage]
) -> Callable[[PageImage], PageImage]:
    return lambda page: second(first(page))
