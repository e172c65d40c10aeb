"""One job to one reply: fetch, parse, render, deliver, and every error as a reply. Knows no transport.

A reply is a plain JSON object in the contract's shape: `{"status", "result", "error"}`, of the size the transport
takes. Nothing in it can fail to serialise, and nothing in it names a path, a host of ours or a secret.
"""

import asyncio
import base64
import json
import logging
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from PIL import Image

from octavo.api import to_markdown
from octavo.content import says
from octavo.document import Artifact, Document, Page, Problem, Severity, Status
from octavo.errors import EngineUnavailable, OctavoError, TimeBudgetSpent
from octavo.fetch import Data, Encoded, Source, Url, fetch
from octavo.jobs.checkpoints import Checkpoint
from octavo.jobs.contract import Job, job_from
from octavo.jobs.estimates import Estimates, Kind, Taken
from octavo.jobs.receipt import Share, SharedTime, receipt
from octavo.jobs.replies import Reply, error_reply
from octavo.jobs.uploads import Place, fitted, place_for
from octavo.pages import kind_of
from octavo.parser import Parser, Reading
from octavo.renderers import glmocr_json
from octavo.renderers.report import problem_entry
from octavo.settings import OutputFormat, ParseOptions, WorkerSettings

log = logging.getLogger(__name__)

PROVIDER = "octavo"

Progress: TypeAlias = Callable[[Mapping[str, int]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Call:
    """A job as it came in."""

    payload: object  # its `input`
    s3_config: object = None  # what stood beside that
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    limit: int = 1 << 40  # most bytes of one reply, or of one streamed chunk


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What one job asks for, with the worker's defaults filled in."""

    call: Call
    job: Job
    options: ParseOptions
    formats: OutputFormat
    max_crops: int
    place: Place | None
    started: float = field(default_factory=time.perf_counter)


@dataclass(frozen=True, slots=True)
class _Opened:
    """A job's document while it is read."""

    reading: Reading
    sources: Sequence[Data]
    checkpoint: Checkpoint | None
    deadline: float  # of the event loop's clock
    share: Share


class Worker:
    """Runs jobs on one Parser. Safe to call for many jobs at once; at most `concurrency` are worked on."""

    def __init__(self, parser: Parser, options: ParseOptions, settings: WorkerSettings) -> None:
        self._parser = parser
        self._options = options
        self._settings = settings
        self._volume = Path(parser.settings.volume_path)
        self._places = asyncio.Semaphore(settings.concurrency)
        self._looks = asyncio.Semaphore(settings.concurrency)  # dry runs, which hold a source's bytes as jobs do
        self._downloads = asyncio.Semaphore(settings.downloads)
        self._time = SharedTime()
        self.estimates = Estimates()
        self.working = 0  # jobs in hand: what a front end waits for before it ends

    async def run(self, call: Call, *, progress: Progress | None = None) -> Reply:
        """The reply to a job. Only cancellation raises."""
        try:
            wanted = self._wanted(call)
            if wanted.job.dry_run:
                return await self._dry_run(wanted)
            async with self._opened(wanted) as opened:
                done, total = 0, len(opened.reading.numbers)
                async for _ in self._pages(opened):
                    done += 1
                    if progress is not None:
                        await progress({"pages_done": done, "pages_selected": total})
                return await self._ended(wanted, opened)
        except Exception as error:  # noqa: BLE001  the last line of defence: a job gets an answer whatever happens
            return _failed(error)

    async def stream(self, call: Call) -> AsyncGenerator[Reply]:
        """One object per page, in order, then one like `run`'s without the texts. Only cancellation raises."""
        try:
            wanted = self._wanted(call)
            if wanted.job.dry_run:
                yield {"type": "end"} | await self._dry_run(wanted)
                return
            async with self._opened(wanted) as opened:
                lost = []  # pages that were read, but are larger than a chunk may be
                async for page in self._pages(opened):
                    chunk = await self._fitted(_page_reply(page, wanted), wanted, f"page-{page.number + 1}")
                    if error := chunk.get("error"):
                        lost.append(Problem(error["code"], error["message"], Severity.LOST, page=page.number))
                    yield chunk
                end = await self._ended(wanted, opened, texts=False)
                if lost and not end["error"]:
                    end["status"] = Status.PARTIAL.value
                    end["result"]["problems"] += [problem_entry(problem) for problem in lost]
                yield {"type": "end"} | end
        except Exception as error:  # noqa: BLE001  as in `run`
            yield _failed(error)

    def streams(self, call: Call) -> bool:
        """Whether a job is to be answered page by page."""
        try:
            return self._settings.stream_pages or job_from(call.payload, call.s3_config).stream
        except OctavoError:
            return self._settings.stream_pages

    # --- steps ---------------------------------------------------------------------------------------------------

    def _wanted(self, call: Call) -> _Wanted:
        job = job_from(call.payload, call.s3_config)
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
        private = self._parser.settings.allow_private_addresses
        place = place_for(job, call.id, self._settings, self._volume, allow_private=private)
        return _Wanted(call, job, options, formats, limit, place)

    @asynccontextmanager
    async def _opened(self, wanted: _Wanted) -> AsyncIterator[_Opened]:
        """The document, opened once there is a place to work on it."""
        self.working += 1
        try:
            async with self._places:
                with self._time.share() as share:
                    deadline = asyncio.get_running_loop().time() + self._settings.job_seconds
                    sources = await self._fetched(wanted.job)
                    async with (
                        self._parser.open(sources, wanted.options, name="document") as reading,
                        self._checkpoint(reading, sources, wanted) as checkpoint,
                    ):
                        yield _Opened(reading, sources, checkpoint, deadline, share)
        finally:
            self.working -= 1

    async def _dry_run(self, wanted: _Wanted) -> Reply:
        """What the job would read and take: the source is fetched and opened, nothing drawn and no model asked.

        It has no place among the jobs: who asks what a job will take does not wait for those that run.
        """
        async with self._looks:
            sources = await self._fetched(wanted.job)
            async with self._parser.open(sources, wanted.options, name="document") as reading:
                kind = Kind.of(wanted.options, is_pdf=kind_of(sources[0].data) == "pdf")
                estimate = self.estimates.of(kind, len(reading.numbers), self._settings.price_per_hour)
                result = {"input": _input(wanted, reading, sources), "dry_run": estimate}
        return {"status": Status.SUCCESS.value, "result": result, "error": None}

    async def _fetched(self, job: Job) -> list[Data]:
        """The sources' bytes; no more downloads at a time than is allowed, over all jobs."""

        async def one(source: Source) -> Data:
            async with self._downloads:
                return Data((await fetch(source, self._parser.settings)).data)

        try:
            async with asyncio.TaskGroup() as group:
                parts = [group.create_task(one(source)) for source in _sources(job)]
        except* OctavoError as failures:
            raise _first(failures) from None
        return [part.result() for part in parts]

    @asynccontextmanager
    async def _checkpoint(
        self, reading: Reading, sources: Sequence[Data], wanted: _Wanted
    ) -> AsyncIterator[Checkpoint | None]:
        """What an earlier run of this job finished is taken over; what is kept goes with the end of the job."""
        if not self._settings.checkpoints or len(reading.numbers) < 2 or not self._volume.is_dir():
            yield None
            return
        parts = [source.data for source in sources]
        checkpoint = await asyncio.to_thread(Checkpoint, self._volume, parts, wanted.options, self._parser.settings)
        reading.known = await asyncio.to_thread(checkpoint.pages)
        if reading.known:
            log.info("job_goes_on job=%s pages_done=%d", wanted.call.id, len(reading.known))
        try:
            yield checkpoint
        finally:
            await asyncio.to_thread(checkpoint.discard)

    async def _pages(self, opened: _Opened) -> AsyncGenerator[Page]:
        """To the end, or to the end of the time budget; the reading's document is there then."""
        reading = opened.reading
        pages = aiter(reading)
        while True:
            try:
                async with asyncio.timeout_at(opened.deadline):
                    page = await anext(pages)
            except StopAsyncIteration:
                return
            except TimeoutError:
                budget = f"{self._settings.job_seconds:g} s"
                await reading.cut_short(TimeBudgetSpent.code, f"not read: the job's time budget of {budget} was spent")
                return
            if opened.checkpoint is not None and page.number not in reading.known:
                await asyncio.to_thread(opened.checkpoint.keep, page)
            yield page

    async def _ended(self, wanted: _Wanted, opened: _Opened, *, texts: bool = True) -> Reply:
        """The reply, once all pages are done; without the texts where they have left already."""
        document = opened.reading.document
        _raise_where_nothing_was_read(document)
        artifacts = await asyncio.to_thread(lambda: list(opened.reading.artifacts()))
        usage = receipt(document, opened.reading.known, opened.share, self._settings.price_per_hour)
        usual = document.status is Status.SUCCESS and not (wanted.job.warmup or opened.reading.known)
        if usual and not usage["engine_wait_seconds"]:
            kind = Kind.of(wanted.options, is_pdf=kind_of(opened.sources[0].data) == "pdf")
            share = opened.share
            self.estimates.learn(kind, Taken(len(document.pages), share.wall_seconds, share.seconds))
        result = self._about(wanted, document, opened, usage)
        result |= await asyncio.to_thread(_rendered, artifacts, wanted, texts)
        reply = {"status": document.status.value, "result": result, "error": None}
        return await self._fitted(reply, wanted, "document", artifacts)

    async def _fitted(self, reply: Reply, wanted: _Wanted, stem: str, artifacts: Sequence[Artifact] = ()) -> Reply:
        files = {artifact.name: artifact for artifact in artifacts}
        return await fitted(reply, files, wanted.place, wanted.job.upload, wanted.call.limit, stem)

    def _about(self, wanted: _Wanted, document: Document, opened: _Opened, usage: Mapping[str, Any]) -> dict[str, Any]:
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
            "processing_time_ms": round((time.perf_counter() - wanted.started) * 1000),
            "input": _input(wanted, opened.reading, opened.sources),
            "problems": [problem_entry(problem) for problem in document.problems],
            "usage": usage,
            "timings": {stage: round(seconds, 4) for stage, seconds in document.timings.items()},
            "engines": dict(document.engines),
            "run_info": {
                "warmup": wanted.job.warmup,
                "profile": wanted.options.profile.value,
                "pages_from_checkpoint": len(opened.reading.known),
            },
        }


def _failed(error: Exception) -> Reply:
    """The reply to a job that came to nothing."""
    if isinstance(error, OctavoError):
        return error_reply(error)
    # The kind and the place, not the message: it may hold text of the document.
    log.error("job_failed error=%s at=%s", type(error).__name__, _place_of(error))
    return error_reply(OctavoError("the job failed unexpectedly; the worker's log says more"))


def _place_of(error: Exception) -> str:
    """Module and line where it was raised."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "?" if trace is None else f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}"


def _first(group: BaseExceptionGroup[OctavoError]) -> OctavoError:
    """One error of a group, groups in it included."""
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error


def _raise_where_nothing_was_read(document: Document) -> None:
    """An engine that never came up is no result of pages without text, but an error: another worker may do better."""
    if any(says(block.content) for page in document.pages for block in page.blocks):
        return
    for problem in document.problems:
        if problem.code == EngineUnavailable.code:
            raise EngineUnavailable(problem.message)


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


def _input(wanted: _Wanted, reading: Reading, sources: Sequence[Data]) -> dict[str, Any]:
    """What the reply says of the source: how it came, what it was, what was read of it."""
    job = wanted.job
    numbers = [number + 1 for number in reading.numbers]
    said: dict[str, Any] = {"input_type": job.source_key or "warmup", "source_count": len(job.sources)}
    if job.source_key in ("pdf_url", "image_url", "source_url"):
        said["source"] = _without_secrets(job.sources[0])
    is_pdf = kind_of(sources[0].data) == "pdf"
    if job.source_key in ("source_url", "source_base64"):
        said["resolved_type"] = "pdf" if is_pdf else "image"
    said |= {"start_page": min(numbers, default=None), "end_page": max(numbers, default=None)}
    if is_pdf:
        said["total_pdf_pages"] = reading.page_count
    return said | {"selected_pages": numbers}


def _without_secrets(url: str) -> str:
    """Host and path: a query may hold a signature, and what stands before the host a password."""
    parts = urlsplit(url.strip())
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _page_reply(page: Page, wanted: _Wanted) -> Reply:
    alone = Document("document", (page,), page_count=1, problems=page.problems)
    reply: Reply = {
        "type": "page",
        "page": page.number + 1,
        "problems": [problem_entry(each) for each in page.problems],
    }
    if wanted.formats is not OutputFormat.MARKDOWN:
        reply["json_result"] = glmocr_json.pages(alone, wanted.options)[0]
    if wanted.formats is not OutputFormat.JSON:
        reply["markdown_result"] = to_markdown(alone, wanted.options)
    return reply


def _rendered(artifacts: Iterable[Artifact], wanted: _Wanted, texts: bool) -> dict[str, Any]:
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
        elif texts and artifact.name.endswith(".json"):
            fields["json_result"] = json.loads(artifact.data)
        elif texts and artifact.name.endswith(".md"):
            fields["markdown_result"] = artifact.data.decode()
    if "crops" in wanted.options.formats:
        fields["crop_images"] = crops
    if "overlay" in wanted.options.formats:
        fields["layout_visualizations"] = overlays
    return fields


def _picture(artifact: Artifact, *, inline: bool) -> dict[str, Any]:
    listed: dict[str, Any] = {"filename": artifact.name, "size_bytes": len(artifact.data)}
    return listed | ({"image_base64": base64.b64encode(artifact.data).decode("ascii")} if inline else {})
