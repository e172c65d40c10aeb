"""Read documents into Markdown, JSON and pictures.

One document is written into the output folder itself; several, or a folder, each into a folder of its own there. A
document that fails says so in one line while the others go on, and the exit code tells (docs/exit-codes.md).

Finished pages are kept in `.octavo` of the output folder: a run that was interrupted goes on there. What is up to date
is left as it is, and no file is replaced that is not ours.
"""

import asyncio
import logging
import os
import signal
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path, PurePosixPath

from octavo import delivery
from octavo.corpus.records import Place
from octavo.corpus.stopping import Stop, Stopped, in_thread
from octavo.document import Artifact, Status
from octavo.errors import OctavoError
from octavo.fetch import Data, fetch, source_from
from octavo.frontends._exits import Exit
from octavo.frontends._flags import add_flags, explicit
from octavo.frontends._inputs import STDIN, Input, gather, longest_first
from octavo.frontends._keeping import Keeping, Ours
from octavo.frontends._progress import Bar
from octavo.frontends._report import Outcome, Report, Told, exit_code, for_the_record
from octavo.frontends._threads import process_is_ours
from octavo.frozen import frozen
from octavo.parser import Parser
from octavo.reading import Reading
from octavo.settings import EngineSettings, ParseOptions, PictureNames, resolve

log = logging.getLogger(__name__)

STDOUT = "-"
INTERRUPTED = "interrupted"  # code of what was not read any more
_ENDING = "octavo: ending with what is finished; Ctrl-C again ends at once"


def add_arguments(parser: ArgumentParser) -> None:
    parser.usage = "%(prog)s [options] FILE|FOLDER|URL|- ..."
    parser.add_argument(
        "inputs",
        nargs="+",
        metavar="FILE|FOLDER|URL|-",
        help="what to read; folders with all below, '-' standard input",
    )
    parser.add_argument(
        "-o", "--output", default="out", metavar="FOLDER", help="where to write; '-' prints Markdown [default: out]"
    )
    parser.add_argument("--one-document", action="store_true", help="the inputs are the pages of one document")
    parser.add_argument("--fresh", action="store_true", help="read again what is kept or up to date")
    parser.add_argument("--overwrite", action="store_true", help="replace files that are not of the same document")
    parser.add_argument(
        "--documents-at-once", type=int, default=2, metavar="N", help="documents read side by side [default: 2]"
    )
    parser.add_argument("--json", action="store_true", help="print one line of JSON per document")
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress, no summary: errors only")
    parser.add_argument("-v", "--verbose", action="store_true", help="log what happens, with tracebacks")
    add_flags(parser, ParseOptions, EngineSettings)


def run(arguments: Namespace) -> int:
    logging.basicConfig(level=logging.INFO if arguments.verbose else logging.CRITICAL)
    output = None if arguments.output == STDOUT else Path(arguments.output)
    given = explicit(arguments, ParseOptions) | ({"formats": "markdown"} if output is None else {})
    own = {"picture_names": PictureNames.DOCUMENT}
    options = resolve(ParseOptions, given, os.environ, defaults=own).values
    settings = resolve(EngineSettings, explicit(arguments, EngineSettings), os.environ).values
    stdin = sys.stdin.buffer.read(settings.max_source_bytes + 1) if STDIN in arguments.inputs else b""
    process_is_ours()
    if output is not None:
        delivery.clean_up(output, depth=1)
    inputs = gather(arguments.inputs, output=output, stdin=stdin, one_document=arguments.one_document)
    keeping = None if output is None else Keeping(output, options, settings)
    stop = Stop()
    with Bar({entry.place: entry.size for entry in inputs}, quiet=arguments.quiet) as bar:
        report = Report(bar, as_json=arguments.json, quiet=arguments.quiet, several=len(inputs) > 1)
        reading = _Batch(settings, options, keeping, report, stop, fresh=arguments.fresh, overwrite=arguments.overwrite)
        with suppress(asyncio.CancelledError):
            asyncio.run(reading.read(inputs, max(1, arguments.documents_at_once)))
    match stop.signal:
        case None:
            return exit_code(report.told)
        case signal.SIGTERM:
            return Exit.TERMINATED
        case _:
            raise KeyboardInterrupt


@frozen
class _Batch:
    """What all inputs of one call share."""

    settings: EngineSettings
    options: ParseOptions
    keeping: Keeping | None  # None: Markdown is printed
    report: Report
    stop: Stop
    fresh: bool
    overwrite: bool

    async def read(self, inputs: Sequence[Input], at_once: int) -> None:
        """All inputs, so many at a time, the longest first; reported in the order they were named.

        Raises OctavoError without engines.
        """
        with self.stop.listening(lambda: self.report.bar.line(_ENDING)):
            new = longest_first([entry for entry in inputs if not await self._is_up_to_date(entry)])
            if not new:  # no engine is opened for nothing
                await self._say(inputs, {})
                return
            async with Parser(self.settings) as parser:
                rooms = _Rooms(asyncio.Semaphore(at_once), asyncio.Semaphore(at_once))
                read = {entry.place: asyncio.create_task(self._told(parser, entry, rooms)) for entry in new}
                await self._say(inputs, read)

    async def _say(self, inputs: Sequence[Input], read: dict[PurePosixPath, asyncio.Task[Told | None]]) -> None:
        """Each in its turn; what is not read here is up to date."""
        try:
            for entry in inputs:
                if self.keeping is not None and entry.place not in read:
                    told: Told | None = self.report.of(_left_alone(entry, self.keeping.place(entry)))
                else:
                    told = await read.pop(entry.place)
                if told is not None:
                    self.report.say(told)
        finally:
            for task in read.values():
                task.cancel()
            await asyncio.gather(*read.values(), return_exceptions=True)

    async def _is_up_to_date(self, entry: Input) -> bool:
        if self.keeping is None or self.fresh:
            return False
        return await asyncio.to_thread(self.keeping.is_up_to_date, entry)

    async def _told(self, parser: Parser, entry: Input, rooms: "_Rooms") -> Told | None:
        """How it went; None where the run was asked to end before there was anything."""
        try:
            return self.report.of(await self._document(parser, entry, rooms))
        except Stopped:
            return None
        except OctavoError as error:
            return self.report.of(Outcome(entry, error=error))
        except Exception as error:  # a defect met in one document must not take the others with it
            log.info("document_failed input=%s", entry.shown, exc_info=True)
            defect = OctavoError(f"unexpected {type(error).__name__}: a defect of Octavo; --verbose says where")
            return self.report.of(Outcome(entry, error=defect))

    async def _document(self, parser: Parser, entry: Input, rooms: "_Rooms") -> Outcome:
        async with AsyncExitStack() as opened:
            async with rooms.reading:
                async with self.stop.scope():
                    ours, reading = await self._opened(parser, entry, opened)
                if isinstance(reading, Place):
                    return _left_alone(entry, reading)
                reading.only_files = True
                earlier = await self._pages(reading, entry, ours)
                await rooms.writing.acquire()  # before the next document is read: what is read waits in memory
            opened.callback(rooms.writing.release)
            if ours is None:
                markdown = await in_thread(_joined, self._counted(reading, entry))
                return Outcome(entry, reading.document, markdown=markdown)
            return await self._written(reading, entry, ours, earlier)

    async def _opened(
        self, parser: Parser, entry: Input, opened: AsyncExitStack
    ) -> tuple[Ours | None, Reading | Place]:
        """What is there of the document, and its reading, for which its bytes are not held here; or the place where
        an earlier result is up to date."""
        parts = await asyncio.gather(*(fetch(source_from(part), self.settings) for part in entry.parts))
        data = [part.data for part in parts]
        ours = None if self.keeping is None else await asyncio.to_thread(self.keeping.begun, entry, data)
        if ours is not None and not self.fresh and ours.is_up_to_date:
            return ours, ours.place
        if ours is not None and not self.overwrite:
            ours.refuse_what_is_taken()
        sources = [Data(part) for part in data]
        return ours, await opened.enter_async_context(parser.open(sources, self.options, name=entry.stem))

    async def _pages(self, reading: Reading, entry: Input, ours: Ours | None) -> int:
        """To the end, or until the run is asked to end: the reading's document is there then. How many of the pages
        are of an earlier run. Raises Stopped where no page is there."""
        kept = None if ours is None or len(reading.numbers) < 2 else ours.pages
        if kept is not None:
            reading.known = await kept.earlier(fresh=self.fresh)
        bar, done = self.report.bar, 0
        bar.opened(entry.place, len(reading.numbers))
        try:
            async with self.stop.scope():
                async for page in reading:
                    done += 1
                    bar.page(entry.place, len(page.problems))
                    if kept is not None and page.number not in reading.known:
                        await kept.keep(page)
        except Stopped:
            if kept is not None:
                await kept.flush()
            if not done:
                raise
            await reading.cut_short(INTERRUPTED, "the run was interrupted")
        return len(reading.known)

    async def _written(self, reading: Reading, entry: Input, ours: Ours, earlier: int) -> Outcome:
        """The files of a document, and what is kept for who comes again."""
        document = reading.document
        writing = await asyncio.to_thread(ours.writing, overwrite=self.overwrite)
        files = await in_thread(writing.write, self._counted(reading, entry))
        outcome = Outcome(entry, document, tuple(files), pages_kept=earlier)
        await asyncio.to_thread(writing.end, for_the_record(outcome))
        if document.status is Status.SUCCESS:
            await ours.pages.discard()
        return outcome

    def _counted(self, reading: Reading, entry: Input) -> Iterator[Artifact]:
        """The artefacts of a document, which the bar counts."""
        self.report.bar.read(entry.place, reading.artifact_count)
        for artifact in reading.artifacts():
            yield artifact
            self.report.bar.wrote(entry.place)


@frozen
class _Rooms:
    """How many documents are read, and how many are written meanwhile."""

    reading: asyncio.Semaphore
    writing: asyncio.Semaphore


def _left_alone(entry: Input, place: Place) -> Outcome:
    """What an earlier run wrote."""
    outcome = place.record.outcome if place.record else None
    return Outcome(entry, files=tuple(place.files), earlier=outcome or {})


def _joined(artifacts: Iterable[Artifact]) -> bytes:
    return b"".join([artifact.data for artifact in artifacts])
