"""Read documents into Markdown, JSON and pictures.

One document is written into the output folder itself; several, or a folder, each into a folder of its own there. A
document that fails says so in one line while the others go on, and the exit code tells (docs/exit-codes.md).
"""

import asyncio
import logging
import os
import signal
import sys
import threading
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from octavo import delivery
from octavo.document import Artifact
from octavo.errors import OctavoError
from octavo.frontends._exits import Exit
from octavo.frontends._flags import add_flags, explicit
from octavo.frontends._inputs import STDIN, Input, gather, longest_first
from octavo.frontends._progress import Bar
from octavo.frontends._report import Outcome, Report, Told, exit_code
from octavo.frontends._threads import one_page_one_thread
from octavo.parser import Parser
from octavo.settings import EngineSettings, ParseOptions, resolve

log = logging.getLogger(__name__)

T = TypeVar("T")

STDOUT = "-"


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
    options = resolve(ParseOptions, given, os.environ).values
    settings = resolve(EngineSettings, explicit(arguments, EngineSettings), os.environ).values
    stdin = sys.stdin.buffer.read(settings.max_source_bytes + 1) if STDIN in arguments.inputs else b""
    one_page_one_thread()
    if output is not None:
        delivery.clean_up(output, depth=1)
    inputs = gather(arguments.inputs, output=output, stdin=stdin, one_document=arguments.one_document)
    with Bar(len(inputs), quiet=arguments.quiet) as bar:
        report = Report(bar, as_json=arguments.json, quiet=arguments.quiet, several=len(inputs) > 1)
        try:
            asyncio.run(_Batch(settings, options, output, report).read(inputs, max(1, arguments.documents_at_once)))
        except asyncio.CancelledError:
            return Exit.TERMINATED
    return exit_code(report.told)


@dataclass(frozen=True, slots=True)
class _Batch:
    """What all inputs of one call share."""

    settings: EngineSettings
    options: ParseOptions
    output: Path | None  # None: Markdown is printed
    report: Report

    async def read(self, inputs: Sequence[Input], at_once: int) -> None:
        """All inputs, so many at a time, the longest first; reported in the order they were named.

        Raises OctavoError without engines.
        """
        _end_at_sigterm()
        gate = asyncio.Semaphore(at_once)
        async with Parser(self.settings) as parser:
            tasks = {
                entry.place: asyncio.create_task(self._told(parser, entry, gate)) for entry in longest_first(inputs)
            }
            try:
                for entry in inputs:
                    self.report.say(await tasks.pop(entry.place))
            finally:
                for task in tasks.values():
                    task.cancel()
                await asyncio.gather(*tasks.values(), return_exceptions=True)

    async def _told(self, parser: Parser, entry: Input, gate: asyncio.Semaphore) -> Told:
        async with gate:
            try:
                return self.report.of(await self._document(parser, entry))
            except OctavoError as error:
                return self.report.of(Outcome(entry, error=error))
            except Exception as error:  # a defect met in one document must not take the others with it
                log.info("document_failed input=%s", entry.shown, exc_info=True)
                defect = OctavoError(f"unexpected {type(error).__name__}: a defect of Octavo; --verbose says where")
                return self.report.of(Outcome(entry, error=defect))

    async def _document(self, parser: Parser, entry: Input) -> Outcome:
        async with parser.open(entry.parts, self.options, name=entry.stem) as reading:
            self.report.bar.opened(len(reading.numbers))
            async for page in reading:
                self.report.bar.page(len(page.problems))
            if self.output is None:
                data = await _in_thread(_joined, reading.artifacts())
                return Outcome(entry, reading.document, markdown=data)
            folder = self.output / entry.place
            files = await _in_thread(lambda artifacts: delivery.to_folder(artifacts, folder), reading.artifacts())
            return Outcome(entry, reading.document, tuple(files))


def _joined(artifacts: Iterable[Artifact]) -> bytes:
    return b"".join(artifact.data for artifact in artifacts)


async def _in_thread(work: Callable[[Iterator[Artifact]], T], artifacts: Iterator[Artifact]) -> T:
    """`work` with the artefacts, in a thread. When cancelled, it gets no further artefact and is waited for: the pages
    its artefacts are drawn from must not close under it."""
    stopped = threading.Event()

    def until_stopped() -> Iterator[Artifact]:
        for artifact in artifacts:
            if stopped.is_set():
                raise InterruptedError
            yield artifact

    working = asyncio.create_task(asyncio.to_thread(work, until_stopped()))
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        stopped.set()
        with suppress(Exception):
            await working
        raise


def _end_at_sigterm() -> None:
    """SIGTERM ends a run as Ctrl-C does, where the platform has it."""
    task = asyncio.current_task()
    if task is not None:
        with suppress(NotImplementedError):
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
