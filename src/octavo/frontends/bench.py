"""Measure how fast your own documents are read on this machine.

Reads each document as often as asked, writes nothing, and prints pages per second, seconds and CPU by page, the stages,
memory, and what ran. With --latency the model is played by a stand-in on this machine that answers after so many
seconds: what is left is the cost of everything but the model. Where a file FILE.truth.md lies beside FILE, the share of
its words that came out in its order is printed too, so that speed bought with quality shows.
"""

import asyncio
import contextlib
import json
import os
import resource
import subprocess
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from difflib import SequenceMatcher
from pathlib import Path

from octavo.api import to_markdown
from octavo.document import Document, Status
from octavo.drawing import pool
from octavo.errors import OptionInvalid
from octavo.frontends._exits import Exit
from octavo.frontends._flags import add_flags, explicit
from octavo.frontends._inputs import Input, gather
from octavo.frontends._threads import process_is_ours
from octavo.frozen import frozen
from octavo.parser import Parser
from octavo.settings import EngineSettings, ParseOptions, resolve

_LONGEST_TRUTH = 20_000  # words that are compared


@frozen
class Measured:
    """One document, all its readings together."""

    name: str
    pages: int
    pages_per_second: float
    first_page_seconds: float
    problems: int
    status: str
    score: float | None  # 0..1, where the truth is known


@frozen
class Benchmark:
    """All documents."""

    documents: list[Measured]
    pages: int
    seconds: float
    pages_per_second: float
    cpu_ms_per_page: float
    peak_mib: float
    stages: dict[str, float]  # ms per page, waiting included: stages of several pages overlap
    requests: int
    engines: dict[str, str]


def add_arguments(parser: ArgumentParser) -> None:
    parser.usage = "%(prog)s [options] FILE|FOLDER|URL ..."
    parser.add_argument("inputs", nargs="+", metavar="FILE|FOLDER|URL", help="what to read")
    parser.add_argument("--repeat", type=int, default=3, metavar="N", help="readings of each [default: 3]")
    parser.add_argument(
        "--documents-at-once", type=int, default=2, metavar="N", help="documents read side by side [default: 2]"
    )
    parser.add_argument(
        "--latency", type=float, metavar="SECONDS", help="ask a stand-in for the model that answers after so long"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_flags(parser, ParseOptions, EngineSettings)


def run(arguments: Namespace) -> int:
    options = resolve(ParseOptions, explicit(arguments, ParseOptions) | {"formats": "markdown"}, os.environ).values
    given = explicit(arguments, EngineSettings)
    with contextlib.ExitStack() as stack:
        if arguments.latency is not None:
            if "url" in given:
                raise OptionInvalid("either --url or --latency: the stand-in has an address of its own")
            given = {"engine": "glm-ocr", "answers_kept": 0, "recovery": False, **given}
            given["url"] = stack.enter_context(_stand_in(arguments.latency))
        settings = resolve(EngineSettings, given, os.environ).values
        process_is_ours()
        inputs = gather(arguments.inputs, output=None, stdin=None, one_document=False)
        measured = asyncio.run(
            _measured(inputs, settings, options, max(1, arguments.repeat), max(1, arguments.documents_at_once))
        )
    sys.stdout.write(json.dumps(asdict(measured), indent=1) + "\n" if arguments.json else _shown(measured))
    # What a stand-in makes up is short of what is on the page, or too much: that is no loss of ours.
    whole = arguments.latency is not None or all(d.status == Status.SUCCESS for d in measured.documents)
    return Exit.SUCCESS if whole else Exit.PARTIAL


@contextlib.contextmanager
def _stand_in(latency: float) -> Iterator[str]:
    command = [sys.executable, "-m", "octavo.frontends._stand_in", "--latency", str(latency)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603 - ours
    try:
        yield f"http://127.0.0.1:{process.stdout.readline().strip() if process.stdout else ''}"
    finally:
        process.kill()
        process.communicate()


async def _measured(
    inputs: Sequence[Input], settings: EngineSettings, options: ParseOptions, repeat: int, at_once: int
) -> Benchmark:
    gate = asyncio.Semaphore(at_once)
    async with Parser(settings) as parser:
        await parser.ready()
        await _read(parser, inputs[0], options.model_copy(update={"pages": "1"}), gate)  # warms up
        pool.shut_down()
        cpu, began = _cpu_seconds(), time.perf_counter()
        readings = [entry for entry in inputs for _ in range(repeat)]
        done = await asyncio.gather(*(_read(parser, entry, options, gate) for entry in readings))
        seconds = time.perf_counter() - began
        pool.shut_down()  # the drawing children's share is known once they have ended
        cpu = _cpu_seconds() - cpu
    documents = [reading.document for reading in done]
    pages = sum(len(document.pages) for document in documents)
    stages = {
        stage: 1000 * sum(document.timings.get(stage, 0.0) for document in documents) / pages
        for stage in ("draw", "layout", "regions", "recognize")
    }
    own, child = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return Benchmark(
        [_of(entry, done[number * repeat : (number + 1) * repeat], options) for number, entry in enumerate(inputs)],
        pages,
        seconds,
        pages / seconds,
        1000 * cpu / pages,
        (own + child) / unit,
        stages,
        sum(document.usage.requests for document in documents),
        dict(documents[0].engines),
    )


@frozen
class _Timed:
    document: Document
    seconds: float
    first_page: float


async def _read(parser: Parser, entry: Input, options: ParseOptions, gate: asyncio.Semaphore) -> _Timed:
    async with gate:
        began = time.perf_counter()
        first = 0.0
        async with parser.open(list(entry.parts), options, name=entry.stem) as reading:
            async for _ in reading:
                first = first or time.perf_counter() - began
            return _Timed(reading.document, time.perf_counter() - began, first)


def _of(entry: Input, readings: Sequence[_Timed], options: ParseOptions) -> Measured:
    document = readings[0].document
    pages = len(document.pages)
    return Measured(
        entry.shown,
        pages,
        len(readings) * pages / sum(reading.seconds for reading in readings),
        min(reading.first_page for reading in readings),
        len(document.problems),
        document.status.value,
        _score(entry, document, options),
    )


def _score(entry: Input, document: Document, options: ParseOptions) -> float | None:
    """The share of the truth's words that came out, in the truth's order; None where no truth lies beside the file."""
    part = entry.parts[0]
    truth = part.with_name(f"{part.name}.truth.md") if isinstance(part, Path) else None
    if truth is None or not truth.is_file():
        return None
    texts = truth.read_text("utf-8"), to_markdown(document, options)
    words, ours = (text.split()[:_LONGEST_TRUTH] for text in texts)
    same = SequenceMatcher(None, words, ours, autojunk=False).get_matching_blocks()
    return sum(block.size for block in same) / max(1, len(words))


def _cpu_seconds() -> float:
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def _shown(run: Benchmark) -> str:
    lines = [f"{'document':40} {'pages':>5} {'pages/s':>8} {'first s':>8} {'problems':>8} {'score':>6}"]
    for one in run.documents:
        score = "" if one.score is None else f"{one.score:.3f}"
        lines.append(
            f"{one.name[-40:]:40} {one.pages:5} {one.pages_per_second:8.2f} {one.first_page_seconds:8.2f} "
            f"{one.problems:8} {score:>6}"
        )
    stages = ", ".join(f"{stage} {spent:.1f}" for stage, spent in run.stages.items())
    lines += [
        "",
        f"{run.pages} pages in {run.seconds:.2f} s: {run.pages_per_second:.2f} pages/s, "
        f"{run.cpu_ms_per_page:.1f} ms of CPU a page, {run.requests} requests to a model, {run.peak_mib:.0f} MiB",
        f"ms a page by stage, waiting included: {stages}",
        *(f"{stage}: {engine}" for stage, engine in run.engines.items()),
    ]
    return "\n".join(lines) + "\n"
