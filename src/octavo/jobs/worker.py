"""One job to one reply: fetch, parse, render, deliver, and every error as a reply. Knows no transport.

A reply is a plain JSON object in the contract's shape: `{"status", "result"}`, or `{"status", "error",
"error_details"}` where it failed, of the size the transport takes. Nothing in it can fail to serialise, and nothing in
it names a path, a host of ours or a secret.
"""

import asyncio
import logging
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import field
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeAlias

from octavo import telemetry
from octavo.content import says
from octavo.delivery import is_folder
from octavo.document import Artifact, Document, Page, Problem, Severity, Status
from octavo.errors import EngineUnavailable, OctavoError, TimeBudgetSpent
from octavo.fetch import Data
from octavo.frozen import frozen
from octavo.jobs import checkpoints, results, sources
from octavo.jobs.admission import Hold, Room
from octavo.jobs.checkpoints import Checkpoint
from octavo.jobs.contract import Job, job_from, page_selection
from octavo.jobs.encoding import Reply, error_reply, worded
from octavo.jobs.estimates import Estimates, Kind, Taken
from octavo.jobs.pages_before import PagesBefore, Shelf
from octavo.jobs.receipt import SharedTime, TimeShare, receipt
from octavo.jobs.results import JobRequest
from octavo.jobs.uploads import Destination, fitted, place_for
from octavo.machine import give_back_memory
from octavo.parser import Parser
from octavo.reading import Reading
from octavo.renderers import view
from octavo.renderers.report import problem_entry
from octavo.settings import ParseOptions, WorkerSettings

log = logging.getLogger(__name__)

_REST_SECONDS = 5.0  # without a job, until freed memory is given back: it is taken again at a cost
_OPENED = 4  # documents that are opened at a time only to count their pages

Progress: TypeAlias = Callable[[Mapping[str, int]], Awaitable[None]]
PageDone: TypeAlias = Callable[[Page, Reply], Awaitable[None]]  # the page, and what a stream would say of it
Keep: TypeAlias = Callable[[Artifact], Awaitable[Mapping[str, str]]]  # says where it lies, in words of the reply


@frozen
class Call:
    """A job as it came in."""

    payload: object  # its `input`
    s3_config: object = None  # what stood beside that
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    limit: int = 1 << 40  # most bytes of one reply, or of one streamed chunk
    warmup: object = None  # what stood beside its `input`
    parts: tuple[bytes, ...] = field(default=(), repr=False)  # its source, where that is here: no other is fetched then
    keep: Keep | None = None  # takes every file of the result, besides where the job wants them
    shelf: Shelf | None = None  # has pages of jobs that were read before
    trace: str | None = None  # the `traceparent` of who asked, where it is not that of the task that runs it

    @classmethod
    def of(cls, event: Mapping[str, Any], **known: Any) -> Self:
        """The call in an event as RunPod sends it; `known` are the fields that the event does not say."""
        return cls(event.get("input"), event.get("s3Config"), warmup=event.get("warmup"), **known)


@frozen
class _Wanted:
    """What one call asks for, and where its files go."""

    call: Call
    asked: JobRequest
    place: Destination | None
    started: float = field(default_factory=time.perf_counter)

    @property
    def milliseconds(self) -> int:
        """Since the job came in."""
        return round((time.perf_counter() - self.started) * 1000)


@frozen
class Arrived:
    """A job whose source is here, and what can be said of it before it is read."""

    parts: tuple[bytes, ...] = field(repr=False)
    pages: int  # that will be read
    reading: str  # its checkpoint's name
    digest: str | None  # jobs with equal ones have equal results; None: its files go where the caller said
    said: Mapping[str, Any]  # the result's fields that say what was asked


@frozen
class _OpenJob:
    """A job's document while it is read."""

    reading: Reading
    is_pdf: bool
    checkpoint: Checkpoint | None
    deadline: float  # of the event loop's clock
    share: TimeShare
    before: PagesBefore | None


class Worker:
    """Runs jobs on one Parser. Safe to call for many jobs at once; at most `concurrency` are worked on."""

    def __init__(
        self,
        parser: Parser,
        options: ParseOptions,
        settings: WorkerSettings,
        *,
        config_path: str = "",
        kept: Path | None = None,
    ) -> None:
        """`config_path` is what GLMOCR_CONFIG_PATH says: a warm-up's reply repeats it. `kept` is the
        folder of pages of jobs that run, where that is not the network volume."""
        self._parser = parser
        self._options = options
        self._settings = settings
        self._config_path = config_path
        self._volume = Path(parser.settings.volume_path)
        self._checkpoints = (kept or self._volume) / checkpoints.FOLDER
        self.elsewhere: set[str] = set()  # jobs that go on at another worker: their checkpoints stay
        self._places = asyncio.Semaphore(settings.concurrency)
        self.room = Room(jobs=settings.jobs_in_hand, bytes=settings.held_bytes, on_empty=self._rest)
        self._resting: asyncio.TimerHandle | None = None
        self._downloads = asyncio.Semaphore(settings.downloads)
        self._opening = asyncio.Semaphore(_OPENED)
        self._time = SharedTime()
        self.estimates = Estimates()
        self.fetching = 0  # jobs that wait for a download: they take no place yet

    @property
    def allow_private(self) -> bool:
        """Whether addresses may lead into private networks."""
        return self._parser.settings.allow_private_addresses

    @property
    def working(self) -> int:
        """Jobs in hand: what a front end waits for before it ends."""
        return self.room.jobs

    async def run(self, call: Call, *, progress: Progress | None = None, on_page: PageDone | None = None) -> Reply:
        """The reply to a job. Only cancellation raises."""
        with telemetry.span("job", call.trace, job=call.id):
            return await self._run(call, progress, on_page)

    async def _run(self, call: Call, progress: Progress | None, on_page: PageDone | None) -> Reply:
        try:
            wanted = self._wanted(call)
            if wanted.asked.job.warmup:
                return await self._warmed_up(wanted)
            if wanted.asked.job.dry_run:
                return await self._dry_run(wanted)
            async with self._opened(wanted) as opened:
                done, total = 0, len(opened.reading.numbers)
                async for page in self._pages(opened):
                    done += 1
                    await self._keep_picture(page, opened.reading, wanted)
                    if on_page is not None:
                        await on_page(page, await asyncio.to_thread(results.page_reply, page, wanted.asked))
                    if progress is not None:
                        await progress({"pages_done": done, "pages_selected": total})
                return worded(await self._ended(wanted, opened), self._settings.error_text)
        except Exception as error:  # noqa: BLE001  the last line of defence: a job gets an answer whatever happens
            return self._failed(error)

    async def stream(self, call: Call) -> AsyncGenerator[Reply]:
        """One object per page, in order, then one like `run`'s without the texts. Only cancellation raises."""
        with telemetry.span("job", call.trace, job=call.id):
            async with aclosing(self._stream(call)) as chunks:
                async for chunk in chunks:
                    yield chunk

    async def _stream(self, call: Call) -> AsyncGenerator[Reply]:
        text = self._settings.error_text
        try:
            wanted = self._wanted(call)
            if wanted.asked.job.warmup:
                yield {"type": "end"} | await self._warmed_up(wanted)
                return
            if wanted.asked.job.dry_run:
                yield {"type": "end"} | await self._dry_run(wanted)
                return
            async with self._opened(wanted) as opened:
                lost = []  # pages that were read, but are larger than a chunk may be
                async for page in self._pages(opened):
                    chunk = results.page_reply(page, wanted.asked)
                    chunk = await self._fitted(chunk, wanted, f"page-{page.number + 1}")
                    if said := chunk.get("error_details"):
                        lost.append(Problem(said["code"], said["message"], Severity.LOST, page=page.number))
                    yield worded(chunk, text)
                end = await self._ended(wanted, opened, texts=False)
                if lost and "error" not in end:
                    end["status"] = Status.PARTIAL.value
                    end["result"]["problems"] += [problem_entry(problem) for problem in lost]
                yield {"type": "end"} | worded(end, text)
        except Exception as error:  # noqa: BLE001  as in `run`
            yield self._failed(error)

    def check(self, call: Call) -> Job:
        """The job, as far as can be said without its source. Raises OctavoError."""
        return self._wanted(call).asked.job

    async def arrive(self, call: Call) -> Arrived:
        """Fetch a job's source and open it, to say what it is; it takes no place. Raises OctavoError."""
        wanted = self._wanted(call)
        async with asyncio.timeout(self._settings.job_seconds):
            with self.room.hold(self._settings.job_bytes) as held:
                parts, options, is_pdf = await self._fetched(wanted, held)
                data = tuple(part.data for part in parts)
                async with self._opening, self._parser.open(parts, options, name="document") as reading:
                    said = self._source(wanted, reading, is_pdf=is_pdf)
                    name = await self._reading_digest(data, reading)
                    options_said = checkpoints.spelled(wanted.asked.options, without=("password",))
                    digest = results.digest(name, options_said, wanted.asked)
                    return Arrived(data, len(reading.numbers), name, digest, said)

    def forget(self, reading: str) -> None:
        """Remove what a checkpoint of this name kept. Blocks."""
        Checkpoint(self._checkpoints, reading).discard()

    def streams(self, call: Call) -> bool:
        """Whether a job is to be answered page by page."""
        try:
            job = job_from(call.payload, call.s3_config, call.warmup)
        except OctavoError:
            return self._settings.stream_pages
        return not job.warmup and (self._settings.stream_pages or job.stream)

    # --- steps ---------------------------------------------------------------------------------------------------

    def _wanted(self, call: Call) -> _Wanted:
        job = job_from(call.payload, call.s3_config, call.warmup)
        place = place_for(job, call.id, self._settings, self._volume, allow_private=self.allow_private)
        return _Wanted(call, results.asked_for(job, self._options, self._settings), place)

    @asynccontextmanager
    async def _opened(self, wanted: _Wanted) -> AsyncIterator[_OpenJob]:
        """The document, opened once its bytes are here and there is a place to work on it: slow downloads hold none."""
        deadline = asyncio.get_running_loop().time() + self._settings.job_seconds
        async with AsyncExitStack() as stack:
            stack.enter_context(self.room.job())
            try:
                async with asyncio.timeout_at(deadline):
                    held = stack.enter_context(self.room.hold(self._settings.job_bytes))
                    remote = not wanted.call.parts and sources.is_remote(wanted.asked.job)
                    source = await self._fetched(wanted, held) if remote else None
                    await stack.enter_async_context(self._places)
                    # What came with the job is decoded now: while it waited, that would have been a second copy.
                    parts, options, is_pdf = source or await self._fetched(wanted, held)
                    share = stack.enter_context(self._time.share())
                    opening = self._parser.open(parts, options, name="document")
                    reading = await stack.enter_async_context(opening)
                    reading.only_files = True
            except TimeoutError:
                raise TimeBudgetSpent(
                    f"the job's time budget of {self._settings.job_seconds:g} s was spent before its document was open"
                ) from None
            checkpoint = await stack.enter_async_context(self._checkpoint(reading, parts, wanted))
            before = None
            if wanted.call.shelf is not None:
                before = reading.before = PagesBefore(await self._reading_digest((), reading), wanted.call.shelf)
            del source, parts
            yield _OpenJob(reading, is_pdf, checkpoint, deadline, share, before)

    async def _dry_run(self, wanted: _Wanted) -> Reply:
        """What the job would read and take: the source is fetched and opened, nothing drawn and no model asked.

        It has no place among the jobs: who asks what a job will take does not wait for those that run.
        """
        with self.room.job(), self.room.hold(self._settings.job_bytes) as held:
            parts, options, is_pdf = await self._fetched(wanted, held)
            async with self._parser.open(parts, options, name="document") as reading:
                kind = Kind.of(options, is_pdf=is_pdf)
                estimate = self.estimates.of(kind, len(reading.numbers), self._settings.price_per_hour)
                result = self._source(wanted, reading, is_pdf=is_pdf) | {"dry_run": estimate}
        return {"status": Status.SUCCESS.value, "result": result}

    async def _fetched(self, wanted: _Wanted, held: Hold) -> tuple[Sequence[Data], ParseOptions, bool]:
        """The source's bytes, the options that hold for it, and whether it is a PDF."""
        job, most = wanted.asked.job, self._settings.max_sources
        if wanted.call.parts:
            held.add(sum(map(len, wanted.call.parts)))
            parts = [Data(part) for part in wanted.call.parts]
        else:
            on_the_way = int(sources.is_remote(job))
            self.fetching += on_the_way
            try:
                with telemetry.span("fetch"):
                    parts = await sources.fetched(job, self._parser.settings, self._downloads, held, most=most)
            finally:
                self.fetching -= on_the_way
        is_pdf = sources.is_pdf(job, parts)
        update: dict[str, object] = {"formats": wanted.asked.formats}
        if (pages := page_selection(job, is_pdf=is_pdf)) is not None:
            update["pages"] = pages
        return parts, wanted.asked.options.model_copy(update=update), is_pdf

    @asynccontextmanager
    async def _checkpoint(
        self, reading: Reading, parts: Sequence[Data], wanted: _Wanted
    ) -> AsyncIterator[Checkpoint | None]:
        """What an earlier run of this job finished is taken over; what is kept goes with the end of the job."""
        if not self._settings.checkpoints or len(reading.numbers) < 2 or not is_folder(self._checkpoints.parent):
            yield None
            return
        data = [part.data for part in parts]
        checkpoint = Checkpoint(self._checkpoints, await self._reading_digest(data, reading))
        del parts, data
        reading.known = await asyncio.to_thread(checkpoint.pages)
        if reading.known:
            log.info("job_goes_on job=%s pages_done=%d", wanted.call.id, len(reading.known))
        try:
            yield checkpoint
        finally:
            if wanted.call.id not in self.elsewhere:
                # A server whose caller hung up cancels each wait, this one too: the text goes all the same.
                await asyncio.shield(asyncio.get_running_loop().run_in_executor(None, checkpoint.discard))

    async def _reading_digest(self, data: Sequence[bytes], reading: Reading) -> str:
        alike = partial(checkpoints.reading_digest, data, reading.options, self._parser.settings)
        return await asyncio.to_thread(alike)

    async def _pages(self, opened: _OpenJob) -> AsyncGenerator[Page]:
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

    async def _keep_picture(self, page: Page, reading: Reading, wanted: _Wanted) -> None:
        """For who looks at the document's view: a page's picture, as soon as the page is done."""
        keep = wanted.call.keep
        if keep is None or view.FORMAT not in wanted.asked.formats or not page.size.area:
            return
        try:
            made = await asyncio.to_thread(lambda: view.picture(reading.name, page.number, reading.picture(page)))
        except OctavoError as error:
            log.warning("picture_left_out job=%s page=%d code=%s", wanted.call.id, page.number + 1, error.code)
        else:
            await keep(made)

    async def _ended(self, wanted: _Wanted, opened: _OpenJob, *, texts: bool = True) -> Reply:
        """The reply, once all pages are done; without the texts where they have left already."""
        document = opened.reading.document
        _raise_where_nothing_was_read(document)
        with telemetry.span("render"):
            artifacts = await asyncio.to_thread(lambda: list(opened.reading.artifacts()))
        usage = receipt(document, opened.reading.known, opened.share, self._settings.price_per_hour)
        if document.status is Status.SUCCESS and not opened.reading.known and not usage["engine_wait_seconds"]:
            kind, share = Kind.of(opened.reading.options, is_pdf=opened.is_pdf), opened.share
            self.estimates.learn(kind, Taken(len(document.pages), share.wall_seconds, share.seconds))
        files = await asyncio.to_thread(results.files_said, artifacts, wanted.asked)
        if wanted.call.keep is not None:
            results.tell_where(files, {file.name: await wanted.call.keep(file) for file in artifacts})
        if not texts:
            files = {name: said for name, said in files.items() if name not in ("json_result", "markdown_result")}
        reply = {
            "status": document.status.value,
            "result": self._about(wanted, document, opened) | {"usage": usage} | files,
        }
        return await self._fitted(reply, wanted, "document", artifacts)

    async def _fitted(self, reply: Reply, wanted: _Wanted, stem: str, artifacts: Sequence[Artifact] = ()) -> Reply:
        files = {artifact.name: artifact for artifact in artifacts}
        upload, seconds = wanted.asked.job.upload, self._settings.delivery_seconds
        return await fitted(reply, files, wanted.place, upload, wanted.call.limit, stem, seconds=seconds)

    def _source(self, wanted: _Wanted, reading: Reading, *, is_pdf: bool) -> dict[str, Any]:
        """The result's fields that say what was asked."""
        return results.source_said(
            wanted.asked.job, is_pdf=is_pdf, page_count=reading.page_count, numbers=reading.numbers
        )

    def _about(self, wanted: _Wanted, document: Document, opened: _OpenJob) -> dict[str, Any]:
        """The result's fields that say what was asked, what ran and what came of it."""
        reading = opened.reading
        return {
            **results.identity(wanted.asked, self._parser.settings, self._settings),
            "page_count": len(document.pages),
            "processing_time_ms": wanted.milliseconds,
            **self._source(wanted, reading, is_pdf=opened.is_pdf),
            **results.outcome(document),
            "run_info": {
                "profile": reading.options.profile.value,
                "pages_from_checkpoint": len(reading.known),
            }
            | ({"pages_read_before": opened.before.found} if opened.before is not None else {}),
        }

    async def _warmed_up(self, wanted: _Wanted) -> Reply:
        """Everything is loaded, the model's server answers, and a blank page went through: who that was."""
        async with self._opened(wanted) as opened:
            await self._parser.ready()
            async for _ in self._pages(opened):
                pass
            document = opened.reading.document
        _raise_where_nothing_was_read(document)
        run = {"processing_time_ms": wanted.milliseconds, "page_count": len(document.pages)}
        result = {
            "status": document.status.value,
            **results.identity(wanted.asked, self._parser.settings, self._settings),
            "worker_max_concurrency": self._settings.concurrency,
            "warmup_run": run | results.outcome(document) | {"warnings": results.warnings(wanted.asked.job.notes)},
            "glmocr_config_path": self._config_path,
        }
        return {"status": document.status.value, "result": result}

    def _rest(self) -> None:
        """Nothing is in hand. If that is so in a while, too, memory that large jobs have freed goes back."""

        def look() -> None:
            self._resting = None
            if not (self.room.jobs or self.room.bytes):
                loop.run_in_executor(None, give_back_memory)

        loop = asyncio.get_running_loop()
        if self._resting is None:
            self._resting = loop.call_later(_REST_SECONDS, look)

    def _failed(self, error: Exception) -> Reply:
        """The reply to a job that came to nothing."""
        if not isinstance(error, OctavoError):
            # The kind and the place, not the message: it may hold text of the document.
            log.error("job_failed error=%s at=%s", type(error).__name__, _place_of(error))
            error = OctavoError("the job failed unexpectedly; the worker's log says more")
        return error_reply(error, self._settings.error_text)


def _place_of(error: Exception) -> str:
    """Module and line where it was raised."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "?" if trace is None else f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}"


def _raise_where_nothing_was_read(document: Document) -> None:
    """An engine that never came up is no result of pages without text, but an error: another worker may do better."""
    if any(says(block.content) for page in document.pages for block in page.blocks):
        return
    for problem in document.problems:
        if problem.code == EngineUnavailable.code:
            raise EngineUnavailable(problem.message)
