"""The official GLM-OCR SDK itself, beside our own pipeline: the profile `sdk`, and the home of `glmocr`.

For comparing, and for who wants nothing else. It is what is installed, unmodified: it gets the document's own bytes,
draws and cuts by its own code, finds regions with its own detector and asks the server that our recogniser asks. Its
json_result becomes pages, of which the renderers make the SDK's bytes again.

It says nothing of what it loses, so its two engines are looked at from outside, through the doors that it has for
other engines: the regions its detector hands on, into which it writes its texts, and the answers its client got.

One document at a time: its layout network is shared between threads without a lock. A document that takes too long is
given up together with the SDK that hangs on it (0.1.1 waits forever where its own thread ended with an error); the next
one gets a new SDK.
"""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias, TypeVar
from urllib.parse import urlsplit

from octavo import assemble
from octavo.content import Picture, Verbatim
from octavo.document import Block, Label, Page, Problem, Recognition, Region, Severity, Task, TextSource, Usage
from octavo.errors import EngineFailed, EngineLost, EngineTimeout, EngineUnavailable, OptionInvalid, PageUnreadable
from octavo.frozen import frozen
from octavo.geometry import Box, Size
from octavo.official.format import SHOWN_AS
from octavo.settings import EngineSettings, OfficialStep, OfficialVersion, ParseOptions, Shown, TextLayerUse

T = TypeVar("T")
Json: TypeAlias = dict[Any, Any]

_LABELS = tuple(Label)

# Settings that are told to the SDK where they are set; else its own template holds.
_TOLD: Mapping[str, str] = {
    "served_model_name": "ocr_api.model",
    "connect_seconds": "ocr_api.connect_timeout",
    "request_seconds": "ocr_api.request_timeout",
    "retries": "ocr_api.retry_max_attempts",
    "retry_seconds": "ocr_api.retry_backoff_base_seconds",
    "connection_pool_size": "ocr_api.connection_pool_size",
    "requests_in_flight": "max_workers",
    "region_tokens": "page_loader.max_tokens",
    "temperature": "page_loader.temperature",
    "top_p": "page_loader.top_p",
    "top_k": "page_loader.top_k",
    "repetition_penalty": "page_loader.repetition_penalty",
    "layout_model": "layout.model_dir",
    "layout_device": "layout.device",
    "layout_threshold": "layout.threshold",
    "layout_batch_size": "layout.batch_size",
    "layout_polygons": "layout.use_polygon",
}
_WHOLE = ("connect_seconds", "request_seconds")  # seconds that the SDK has as whole numbers

# What of the layout's configuration may change from job to job while the network stays.
_BY_JOB = ("label_task_mapping", "layout_nms", "layout_merge_bboxes_mode", "layout_unclip_ratio")
_STEPS: Mapping[OfficialStep, str] = {
    OfficialStep.FORMULA_NUMBERS: "enable_merge_formula_numbers",
    OfficialStep.TEXT_BLOCKS: "enable_merge_text_blocks",
    OfficialStep.BULLET_POINTS: "enable_format_bullet_points",
}


def installed() -> OfficialVersion:
    """The version that is installed here. Raises EngineUnavailable where there is none, or one that is not known."""
    try:
        import glmocr
    except ImportError as error:
        raise EngineUnavailable(
            "profile sdk needs the official SDK in this environment: pip install 'glmocr[selfhosted]==0.1.5'; "
            "profile official gives its result without it"
        ) from error
    try:
        return OfficialVersion(glmocr.__version__)
    except ValueError as error:
        known = " and ".join(OfficialVersion)
        raise EngineUnavailable(f"profile sdk knows glmocr {known}; here is {glmocr.__version__}") from error


def refuse_what_it_cannot_do(options: ParseOptions) -> None:
    """Raises OptionInvalid for options that ask for what only Octavo does."""
    if not options.layout:
        raise OptionInvalid("profile sdk always finds regions: layout cannot be off")
    if options.text_layer is TextLayerUse.ONLY:
        raise OptionInvalid("profile sdk reads pictures of pages: text_layer cannot be 'only'")


@frozen
class Work:
    """One document as the SDK gets it."""

    inputs: Sequence[tuple[bytes, str]]  # a PDF, or pictures, each with its file's ending
    numbers: Sequence[int]  # the pages that come out of them, 0-based, in order
    options: ParseOptions


class OfficialSdk:
    """The SDK, opened with the first document and kept for the next."""

    def __init__(self, settings: EngineSettings, version: OfficialVersion, server: str) -> None:
        """`server` is the address of the model's server, with /v1 at the end."""
        self.described = f"glmocr {version} (sdk)"
        self._settings = settings
        self._version = version
        self._server = server
        self._turn = asyncio.Lock()
        self._open: _OpenedSdk | None = None

    async def read(self, work: Work) -> list[Page]:
        """All pages of one document. Raises EngineUnavailable, EngineTimeout, EngineFailed.

        Who stops waiting does not stop the SDK: the next document waits until it is done, or its time is up.
        """
        reading = asyncio.create_task(self._read(work))
        reading.add_done_callback(lambda done: done.cancelled() or done.exception())  # told even if nobody waits
        return await asyncio.shield(reading)

    async def _read(self, work: Work) -> list[Page]:
        async with self._turn:
            try:
                async with asyncio.timeout(self._settings.sdk_seconds):
                    return await _in_thread(lambda: self._pages(work))
            except TimeoutError as error:
                self._open = None  # its threads end when they end
                seconds = f"{self._settings.sdk_seconds:g} s"
                raise EngineTimeout(f"the official SDK took longer than {seconds} for the document") from error

    async def close(self) -> None:
        if self._open is not None:
            opened, self._open = self._open, None
            await _in_thread(opened.pipeline.stop)

    # --- in its thread -------------------------------------------------------------------------------------------

    def _pages(self, work: Work) -> list[Page]:
        opened = self._opened(configuration(self._settings, work.options, self._version, self._server))
        seen = opened.watched.begin()
        with TemporaryDirectory(prefix="octavo-sdk-") as folder:
            files = []
            for number, (data, ending) in enumerate(work.inputs):
                files.append(Path(folder, f"document_{number}{ending}"))
                files[-1].write_bytes(data)
            content = [{"type": "image_url", "image_url": {"url": str(file)}} for file in files]
            try:
                results = [*opened.pipeline.process({"messages": [{"role": "user", "content": content}]})]
            except Exception as error:
                self._open = None
                raise EngineFailed(f"the official SDK gave the document up: {type(error).__name__}") from error
        return [*_pages_of(results, seen, work, self._version)]

    def _opened(self, told: Json) -> "_OpenedSdk":
        """The SDK with this configuration; its layout network is loaded once."""
        from glmocr.config import GlmOcrConfig
        from glmocr.layout import PPDocLayoutDetector
        from glmocr.pipeline import Pipeline

        if self._open is not None and self._open.told == told:
            return self._open
        config = GlmOcrConfig.model_validate(_merged(GlmOcrConfig.from_yaml().model_dump(), told)).pipeline
        watched = self._open.watched if self._open is not None else None
        if watched is None:
            if PPDocLayoutDetector is None:
                raise EngineUnavailable("the official SDK's layout needs torch, transformers and OpenCV beside it")
            watched = WatchedDetector(PPDocLayoutDetector(config.layout))
            _start(watched.start, "the official SDK's layout network does not open")
        for name in _BY_JOB:
            setattr(watched.detector, name, getattr(config.layout, name))
        pipeline = Pipeline(config, layout_detector=watched)
        # Never one of the SDK's own variables: those keys belong to a cloud service.
        secret = self._settings.api_key
        pipeline.ocr_client.api_key = secret.get_secret_value() if secret else None
        pipeline.ocr_client.process = watched.listening(pipeline.ocr_client.process)
        _start(pipeline.ocr_client.start, "the official SDK does not reach the model's server")
        self._open = _OpenedSdk(told, pipeline, watched)
        return self._open


@frozen
class _OpenedSdk:
    told: Json
    pipeline: Any
    watched: "WatchedDetector"


def _start(start: Callable[[], object], failure: str) -> None:
    try:
        start()
    except Exception as error:  # of transformers, the hub, sockets: any of theirs
        raise EngineUnavailable(f"{failure}: {type(error).__name__}") from error


async def _in_thread(work: Callable[[], T]) -> T:
    """In a thread that nobody waits for: the SDK cannot be stopped, and must not hold up the end of the process."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if answer.done():
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(result)  # type: ignore[arg-type]  # None only where T is

    def run() -> None:
        result, failure = None, None
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001  handed over, whatever it is
            failure = error
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, result, failure)

    threading.Thread(target=run, name="octavo-sdk", daemon=True).start()
    return await answer


# --- what it is told ----------------------------------------------------------------------------------------------


def configuration(settings: EngineSettings, options: ParseOptions, version: OfficialVersion, server: str) -> Json:
    """What is told over the SDK's own template: where the model is, never the cloud, and what was set here."""
    address = urlsplit(server)
    port = address.port or (443 if address.scheme == "https" else 80)
    told: Json = {}
    _put(told, "maas.enabled", value=False)
    _put(told, "ocr_api.api_url", value=f"{server.removesuffix('/')}/chat/completions")
    _put(told, "ocr_api.api_host", value=address.hostname)
    _put(told, "ocr_api.api_port", value=port)
    _put(told, "ocr_api.model", value=settings.served_model_name)
    for name, key in _TOLD.items():
        if name in settings.model_fields_set and (value := getattr(settings, name)) is not None:
            _put(told, key, value=round(value) if name in _WHOLE else value)
    if "layout_gpu" in settings.model_fields_set:
        _put(told, "layout.cuda_visible_devices", value=str(settings.layout_gpu))
    if "crop_pixels" in settings.model_fields_set:
        _put(told, "page_loader.max_pixels", value=2 * settings.crop_pixels)  # counted over two frames
    if settings.layout_thresholds:
        thresholds = {_LABELS.index(label): value for label, value in settings.layout_thresholds.items()}
        _put(told, "layout.threshold_by_class", value=thresholds)
    for task, prompt in settings.prompts.items():
        _put(told, f"page_loader.task_prompt_mapping.{task}", value=prompt)
    _put(told, "page_loader.pdf_dpi", value=options.drawn_dpi)
    _tell_rules(told, options, version)
    return {"pipeline": told}


def _tell_rules(told: Json, options: ParseOptions, version: OfficialVersion) -> None:
    if options.tasks:
        lists: dict[str, list[str]] = {str(task): [] for task in Task}
        for label in Label:
            lists[options.task_of(label)].append(str(label))
        _put(told, "layout.label_task_mapping", value=lists)
    if OfficialStep.NMS in options.official_without:
        _put(told, "layout.layout_nms", value=False)
    for step, key in _STEPS.items():
        if step in options.official_without:
            if version is OfficialVersion.V0_1_1:
                raise OptionInvalid(f"the official SDK 0.1.1 has no switch for {step}")
            _put(told, f"result_formatter.{key}", value=False)
    for name, given in (
        ("layout_merge_bboxes_mode", options.official_merge),
        ("layout_unclip_ratio", options.official_unclip),
    ):
        if given:
            each = {_LABELS.index(one): value for one, value in given.items() if isinstance(one, Label)}
            _put(told, f"layout.{name}", value=each or given["all"])
    if options.official_shown:
        kinds: dict[str, list[str]] = {str(kind): [] for kind in Shown}
        for label in Label:
            kind = options.official_shown.get(label) or SHOWN_AS.get(label, str(label))
            kinds.setdefault(str(kind), []).append(str(label))
        _put(told, "result_formatter.label_visualization_mapping", value={str(kind): kinds[kind] for kind in Shown})


def _put(content: Json, key: str, *, value: object) -> None:
    *sections, name = key.split(".")
    for section in sections:
        content = content.setdefault(section, {})
    content[name] = value


def _merged(template: Json, told: Json) -> Json:
    """What is told over the template: mappings are merged, but that of tasks, whose lists are of one another."""
    merged = dict(template)
    for key, value in told.items():
        below = merged.get(key)
        apart = key == "label_task_mapping" or not isinstance(below, dict) or not isinstance(value, dict)
        merged[key] = value if apart else _merged(below or {}, value)
    return merged


# --- what it does, seen from outside ------------------------------------------------------------------------------


@dataclass(slots=True)
class SdkRecord:
    """What one document's reading showed."""

    sizes: list[Size] = field(default_factory=list)  # of pages, in order
    regions: list[list[Json] | None] = field(default_factory=list)  # as handed on, texts in them; None: not found
    failures: int = 0  # requests that ended without an answer
    usage: Usage = field(default_factory=Usage)


class WatchedDetector:
    """The SDK's own detector as the SDK gets it; keeps what it hands on."""

    def __init__(self, detector: Any) -> None:
        self.detector = detector
        self.seen = SdkRecord()
        self._lock = threading.Lock()

    def begin(self) -> SdkRecord:
        self.seen = SdkRecord()
        return self.seen

    @property
    def batch_size(self) -> int:
        return int(self.detector.batch_size)

    def start(self) -> None:
        self.detector.start()

    def stop(self) -> None:
        self.detector.stop()

    def process(self, images: Sequence[Any], **named: Any) -> Any:
        self.seen.sizes += [Size(*image.size) for image in images]
        try:
            answer = self.detector.process(images, **named)
        except Exception:
            self.seen.regions += [None] * len(images)
            raise
        self.seen.regions += answer if isinstance(answer, list) else answer[0]
        return answer

    def listening(self, ask: Callable[[Json], tuple[Json, int]]) -> Callable[[Json], tuple[Json, int]]:
        """The SDK's client, overheard."""

        def asked(request: Json) -> tuple[Json, int]:
            try:
                answer, status = ask(request)
            except Exception:
                self._heard(1, Usage())
                raise
            counted = answer.get("usage") or {} if status == 200 else {}
            prompt, completion = (int(counted.get(key) or 0) for key in ("prompt_tokens", "completion_tokens"))
            used = Usage(prompt_tokens=prompt, completion_tokens=completion, requests=1)
            self._heard(int(status != 200), used)
            return answer, status

        return asked

    def _heard(self, failures: int, usage: Usage) -> None:
        with self._lock:
            self.seen.failures += failures
            self.seen.usage += usage


# --- what came of it ----------------------------------------------------------------------------------------------


def _pages_of(results: Sequence[Any], seen: SdkRecord, work: Work, version: OfficialVersion) -> Iterator[Page]:
    """Pages of the SDK's results; those that it left out, as lost."""
    shown: list[list[Json]] = []
    for result in results:
        content = json.loads(result.json_result) if isinstance(result.json_result, str) else result.json_result
        shown += content
    if len(shown) > len(work.numbers):
        raise EngineFailed(f"the official SDK gave {len(shown)} pages of {len(work.numbers)}")
    usage = seen.usage  # of the whole document: it stands in the first block
    for place, number in enumerate(work.numbers):
        if place >= len(shown):
            message = f"the official SDK gave {len(shown)} of {len(work.numbers)} pages, not saying which are missing"
            yield assemble.lost_page(number, Problem(PageUnreadable.code, message, Severity.LOST, page=number))
            continue
        known = place < len(seen.regions)
        blocks = []
        for index, entry in enumerate(shown[place]):
            blocks.append(_block(entry, index, number, work.options, usage))
            usage = Usage()
        yield Page(
            number=number,
            size=seen.sizes[place] if known else Size(0, 0),
            dpi=float(work.options.drawn_dpi),
            rotation=0,
            blocks=tuple(blocks),
            problems=tuple(_losses(seen.regions[place], number, seen, version) if known else ()),
        )


def _block(entry: Json, index: int, page: int, options: ParseOptions, usage: Usage) -> Block:
    label = Label(entry["native_label"])
    task = Task.SKIP if "image_path" in entry else options.task_of(label)
    outline = tuple((float(x), float(y)) for x, y in entry["polygon"])
    region = Region(page, Box(*map(float, entry["bbox_2d"])), label, task, 1.0, outline)
    text: str | None = entry["content"]
    if text is not None:
        return Block(region, Recognition(text, usage=usage), index, Verbatim(text))
    unread = Recognition(None, TextSource.NONE, usage=usage)
    return Block(region, unread, index, Picture() if task is Task.SKIP else None)


def _losses(regions: Sequence[Json] | None, page: int, seen: SdkRecord, version: OfficialVersion) -> Iterator[Problem]:
    """What the SDK loses without a word. 0.1.1 has an empty text for what failed, as for what is empty."""
    if regions is None:
        message = "the official SDK's layout network failed on this page, and the SDK leaves it empty"
        yield Problem(EngineFailed.code, message, Severity.LOST, page=page)
        return
    for region in regions:
        text = region.get("content")
        if region["task_type"] == Task.SKIP or text:
            continue
        place = (page, Box(*map(float, region["bbox_2d"])), Label(region["label"]))
        if text is None or (version is OfficialVersion.V0_1_1 and seen.failures):
            message = "the model's server gave no answer for this region, and the official SDK leaves it out"
            yield Problem(EngineLost.code, message, Severity.LOST, *place)
        else:
            message = "the model gave no text for this region, and the official SDK leaves it out"
            yield Problem("empty_answer", message, Severity.DOUBTFUL, *place)
