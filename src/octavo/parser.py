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
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from functools import partial
from io import BytesIO
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self, TypeAlias, TypeVar

from octavo import detectors, dropins, official_sdk, pipeline, recognizers
from octavo.detectors import Detector
from octavo.document import Document, Page, PageImage, Pixels
from octavo.errors import OptionInvalid
from octavo.fair_gate import FairGate
from octavo.fetch import Fetched, Source, fetch, source_from
from octavo.machine import cores
from octavo.official import words
from octavo.orientation import Orientation
from octavo.pages import Pages, kind_of, open_pages
from octavo.reading import Reading, Way
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

T = TypeVar("T")

# engine -> its detector and recogniser
ENGINES = MappingProxyType({"embedded": ("embedded", "embedded"), "glm-ocr": ("pp_doclayout", "openai")})

AnySource: TypeAlias = Source | str | Path | bytes


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
    ) -> AsyncIterator[Reading]:
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

    async def _sdk_way(self, options: ParseOptions, fetched: Sequence[Fetched]) -> tuple[ParseOptions, Way]:
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

        async def read(reading: Reading) -> AsyncGenerator[Page]:
            if all(number in reading.known for number in reading.numbers):
                pages = [reading.known[number] for number in reading.numbers]
            else:
                inputs = await self._in_thread(lambda: _sdk_inputs(fetched, reading))
                pages = await sdk.read(official_sdk.Work(inputs, reading.numbers, reading.options))
            for page in pages:
                yield page

        return options.model_copy(update={"official_version": version}), Way(read, lambda: engines, self._cpu)

    async def _open_detector(self, name: str) -> pipeline.SharedDetector:
        if name not in self._detectors:
            module = dropins.load(detectors, name)
            detector: Detector = await self._in_thread(lambda: module.open_detector(self.settings))
            self._stack.callback(detector.close)
            self._detectors[name] = pipeline.SharedDetector(detector, self._detecting, self._is_behind)
        return self._detectors[name]

    def _is_behind(self, document: str) -> bool:
        return self._recognizer is not None and self._recognizer.is_behind(document)

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


def _own_way(stages: pipeline.Stages, options: ParseOptions, settings: EngineSettings) -> Way:
    return Way(
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
