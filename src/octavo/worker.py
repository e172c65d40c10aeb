"""One job to one reply: fetch, parse, render, and every error as a reply. Knows no transport.

A reply is a plain JSON object in the contract's shape: `{"status", "result", "error"}`. Nothing in it can fail to
serialise, and nothing in it names a path, a host or a secret.
"""

import asyncio
import base64
import dataclasses
import json
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any, TypeAlias

from PIL import Image

from octavo.api import to_markdown
from octavo.contract import Job, job_from
from octavo.document import Artifact, Document, Page, Problem
from octavo.errors import OctavoError, TimeBudgetSpent
from octavo.fetch import Data, Encoded, Source, Url
from octavo.parser import Parser, Reading
from octavo.renderers import glmocr_json
from octavo.settings import OutputFormat, ParseOptions, WorkerSettings

log = logging.getLogger(__name__)

PROVIDER = "octavo"

Reply: TypeAlias = dict[str, Any]
Progress: TypeAlias = Callable[[Mapping[str, int]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What one job asks for, with the worker's defaults filled in."""

    job: Job
    options: ParseOptions
    formats: OutputFormat
    max_crops: int


class Worker:
    """Runs jobs on one Parser. Safe to call for many jobs at once; at most `concurrency` are worked on."""

    def __init__(self, parser: Parser, options: ParseOptions, settings: WorkerSettings) -> None:
        self._parser = parser
        self._options = options
        self._settings = settings
        self._places = asyncio.Semaphore(settings.concurrency)
        self.working = 0  # jobs in hand: what a front end waits for before it ends

    async def run(self, payload: object, *, progress: Progress | None = None) -> Reply:
        """The reply to a job's `input`. Only cancellation raises."""
        started = time.perf_counter()
        try:
            wanted = self._wanted(job_from(payload))
            async with self._place(), self._open(wanted) as reading:
                document = await self._read(reading, progress)
                artifacts = await asyncio.to_thread(lambda: list(reading.artifacts()))
                result = self._about(wanted, document, reading, started)
                result |= await asyncio.to_thread(_rendered, artifacts, wanted)
                return {"status": document.status.value, "result": result, "error": None}
        except OctavoError as error:
            return error_reply(error)
        except Exception:
            log.exception("job_failed")
            return error_reply(OctavoError("the job failed unexpectedly; the worker's log says more"))

    async def stream(self, payload: object) -> AsyncGenerator[Reply]:
        """One object per page, in order, then one with the problems and timings. Only cancellation raises."""
        started = time.perf_counter()
        try:
            wanted = self._wanted(job_from(payload))
            async with self._place(), self._open(wanted) as reading:
                deadline = asyncio.get_running_loop().time() + self._settings.job_seconds
                pages = aiter(reading)
                document = None
                while document is None:
                    try:
                        async with asyncio.timeout_at(deadline):
                            page = await anext(pages)
                    except StopAsyncIteration:
                        document = reading.document
                    except TimeoutError:
                        document = await self._cut_short(reading)
                    else:
                        yield _page_reply(page, reading.name, wanted)
                result = self._about(wanted, document, reading, started)
                yield {"type": "end", "status": document.status.value, "result": result, "error": None}
        except OctavoError as error:
            yield error_reply(error)
        except Exception:
            log.exception("job_failed")
            yield error_reply(OctavoError("the job failed unexpectedly; the worker's log says more"))

    # --- steps ---------------------------------------------------------------------------------------------------

    def _wanted(self, job: Job) -> _Wanted:
        said = {
            "dpi": job.dpi,
            "pages": job.page_selection,
            "layout": job.layout,
            "text_layer": job.text_layer,
            "profile": job.profile,
            "password": job.password,
        }
        formats = job.output_format or self._settings.output_format
        crops = self._settings.return_crop_images if job.return_crop_images is None else job.return_crop_images
        renderers = {
            "markdown": formats is not OutputFormat.JSON,
            "glmocr_json": formats is not OutputFormat.MARKDOWN,
            "crops": crops,
            "overlay": job.return_layout_visualization,
        }
        chosen: dict[str, object] = {name: value for name, value in said.items() if value is not None}
        chosen["tasks"] = {**self._options.tasks, **job.label_task_mapping}
        chosen["formats"] = tuple(name for name, asked in renderers.items() if asked)
        options = ParseOptions.model_validate(dict(self._options) | chosen)
        limit = self._settings.max_crop_images if job.max_crop_images is None else job.max_crop_images
        return _Wanted(job, options, formats, limit)

    @asynccontextmanager
    async def _place(self) -> AsyncIterator[None]:
        self.working += 1
        try:
            async with self._places:
                yield
        finally:
            self.working -= 1

    def _open(self, wanted: _Wanted) -> AbstractAsyncContextManager[Reading]:
        return self._parser.open(_sources(wanted.job), wanted.options, name="document")

    async def _read(self, reading: Reading, progress: Progress | None) -> Document:
        """To the end, or to the end of the time budget: what is done by then is the document."""
        done = 0
        try:
            async with asyncio.timeout(self._settings.job_seconds):
                async for _ in reading:
                    done += 1
                    if progress is not None:
                        await progress({"pages_done": done, "pages_selected": len(reading.numbers)})
        except TimeoutError:
            return await self._cut_short(reading)
        return reading.document

    async def _cut_short(self, reading: Reading) -> Document:
        budget = f"{self._settings.job_seconds:g} s"
        return await reading.cut_short(TimeBudgetSpent.code, f"not read: the job's time budget of {budget} was spent")

    def _about(self, wanted: _Wanted, document: Document, reading: Reading, started: float) -> dict[str, Any]:
        """The result's fields that say what ran and what came of it."""
        engine = self._parser.settings
        return {
            "provider": PROVIDER,
            "model": engine.model_name if engine.engine == "glm-ocr" else engine.engine,
            "model_revision": engine.model_revision if engine.engine == "glm-ocr" else None,
            "glmocr_ref": self._settings.glmocr_ref,
            "vllm_base_image_ref": self._settings.vllm_base_image_ref,
            "enable_layout": wanted.options.layout,
            "output_format": wanted.formats.value,
            "page_count": len(document.pages),
            "processing_time_ms": round((time.perf_counter() - started) * 1000),
            "input": _input(wanted, reading),
            "problems": [_problem(problem) for problem in document.problems],
            "usage": dataclasses.asdict(document.usage),
            "timings": {stage: round(seconds, 4) for stage, seconds in document.timings.items()},
            "engines": dict(document.engines),
            "run_info": {"warmup": wanted.job.warmup, "profile": wanted.options.profile.value},
        }


def error_reply(error: OctavoError) -> Reply:
    """An error as a reply: code, message, whose fault, and whether sending the job again may help."""
    said = {"code": error.code, "message": error.message, "fault": error.fault.value, "retryable": error.retryable}
    return {"status": "error", "result": None, "error": said}


def _sources(job: Job) -> Sequence[Source]:
    key = job.source_key
    if key is None:
        return [Data(_blank_page())]
    make = Url if key.endswith(("url", "urls")) else Encoded
    return [make(text) for text in job.sources]


def _blank_page() -> bytes:
    """What a warm-up reads."""
    page = BytesIO()
    Image.new("RGB", (640, 480), "white").save(page, "PNG")
    return page.getvalue()


def _input(wanted: _Wanted, reading: Reading) -> dict[str, Any]:
    """What the reply says of the source: the key it came in, never the URL, which may hold a signature."""
    job = wanted.job
    numbers = [number + 1 for number in reading.numbers]
    return {
        "input_type": job.source_key or "warmup",
        "source_count": len(job.sources),
        "start_page": min(numbers, default=None),
        "end_page": max(numbers, default=None),
        "total_pdf_pages": reading.page_count,
        "selected_pages": numbers,
    }


def _page_reply(page: Page, name: str, wanted: _Wanted) -> Reply:
    alone = Document(name, (page,), page_count=1, problems=page.problems)
    reply: Reply = {"type": "page", "page": page.number + 1, "problems": [_problem(each) for each in page.problems]}
    if wanted.formats is not OutputFormat.MARKDOWN:
        reply["json_result"] = glmocr_json.pages(alone, wanted.options)[0]
    if wanted.formats is not OutputFormat.JSON:
        reply["markdown_result"] = to_markdown(alone, wanted.options)
    return reply


def _rendered(artifacts: Iterable[Artifact], wanted: _Wanted) -> dict[str, Any]:
    """The artefacts in the contract's fields."""
    job = wanted.job
    fields: dict[str, Any] = {}
    crops: list[dict[str, Any]] = []
    overlays: list[dict[str, Any]] = []
    for artifact in artifacts:
        if artifact.name.startswith("imgs/"):
            if len(crops) < wanted.max_crops:
                crops.append(_picture(artifact, inline=job.crop_images_base64))
        elif artifact.name.startswith("layout_vis/"):
            overlays.append(_picture(artifact, inline=job.layout_visualization_base64))
        elif artifact.name.endswith(".json"):
            fields["json_result"] = json.loads(artifact.data)
        elif artifact.name.endswith(".md"):
            fields["markdown_result"] = artifact.data.decode()
    if "crops" in wanted.options.formats:
        fields["crop_images"] = crops
    if "overlay" in wanted.options.formats:
        fields["layout_visualizations"] = overlays
    return fields


def _picture(artifact: Artifact, *, inline: bool) -> dict[str, Any]:
    listed: dict[str, Any] = {"filename": artifact.name, "size_bytes": len(artifact.data)}
    return listed | ({"image_base64": base64.b64encode(artifact.data).decode("ascii")} if inline else {})


def _problem(problem: Problem) -> dict[str, Any]:
    box = problem.box
    return {
        "code": problem.code,
        "message": problem.message,
        "severity": problem.severity.value,
        "page": None if problem.page is None else problem.page + 1,
        "bbox_2d": None if box is None else [round(side) for side in (box.left, box.top, box.right, box.bottom)],
        "label": problem.label.value if problem.label else None,
        "saved_text": problem.saved_text,
    }
