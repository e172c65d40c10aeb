"""Read made pages on this machine: are they right, how fast, where the start's time went, and which knob binds.

The engine, its settings and the preset are those the worker would have here. The exit code is 0 where the pages came
out right. With --url a server that is up is asked, and none is started.
"""

import asyncio
import json
import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from dataclasses import asdict

from octavo.frontends import _presets
from octavo.frontends._exits import Exit
from octavo.frontends._flags import add_flags, explicit
from octavo.frontends._threads import process_is_ours
from octavo.machine import gpu_name, process_age
from octavo.parser import Parser
from octavo.selftest.examination import RIGHT, Figures, Start, examine
from octavo.settings import EngineSettings, resolve, usable


def add_arguments(parser: ArgumentParser) -> None:
    parser.usage = "%(prog)s [options]"
    parser.add_argument(
        "--seconds", type=float, default=20.0, metavar="N", help="how long pages are read for the pace [default: 20]"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_flags(parser, EngineSettings)


def run(arguments: Namespace) -> int:
    began_after = process_age()
    preset = _presets.chosen(os.environ, _presets.folder())
    settings = resolve(EngineSettings, explicit(arguments, EngineSettings), usable(os.environ), preset).values
    process_is_ours()
    figures = asyncio.run(_examined(settings, arguments.seconds, began_after))
    gpu = gpu_name()
    said = {"gpu": gpu} | asdict(figures)
    text = json.dumps(said, ensure_ascii=False, indent=1) if arguments.json else "\n".join(in_words(figures, gpu))
    sys.stdout.write(f"{text}\n")
    return Exit.SUCCESS if figures.right else Exit.OURS


async def _examined(settings: EngineSettings, seconds: float, began_after: float | None) -> Figures:
    async with Parser(settings) as parser:
        await parser.ready()
        return await examine(parser, Start(began_after, process_age(), cold=True), seconds=seconds)


def in_words(figures: Figures, gpu: str | None) -> Iterator[str]:
    """The figures for people."""
    verdict = "right" if figures.right else f"WRONG (right: words F1 of {RIGHT} and more, nothing lost)"
    yield f"The made pages came out {verdict}"
    yield f"words F1: {figures.words_f1:.3f}; of pages read side by side, for the pace: {figures.words_f1_loaded:.3f}"
    for code, count in figures.lost.items():
        yield f"  lost: {count} x {code}"
    yield f"GPU: {gpu or 'none'}"
    yield from (f"{stage}: {engine}" for stage, engine in figures.engines.items())
    yield ""
    yield f"{figures.pages_per_second:.2f} pages/s over {figures.pages} pages"
    yield f"ms a page by stage, waiting included: {_listed(figures.stages)}"
    yield (
        f"CPU: {figures.cpu_share:.0%} of the cores ({figures.cpu_of}), "
        f"event loop: {figures.event_loop_share:.0%} of its one"
    )
    if any(value is not None for value in figures.requests.values()):
        yield f"requests, means: {_listed(figures.requests)}"
    yield ""
    yield "Cold start, seconds"
    for part, spent in figures.cold_start.items():
        if isinstance(spent, dict):
            yield from (f"  {f'{part}: {inner}':32} {_number(value)}" for inner, value in spent.items())
        else:
            yield f"  {part:32} {_number(spent)}"
    yield ""
    yield f"What binds: {figures.binds}"
    for item in figures.advice:
        yield f"  {f'{item.step}. ' if item.step else ''}{item.knob}: {item.advice}"


def _listed(values: object) -> str:
    pairs = values.items() if isinstance(values, dict) else ()
    return ", ".join(f"{name} {_number(value)}" for name, value in pairs)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"
