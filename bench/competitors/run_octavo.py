"""Octavo: parser, drawing children, recogniser `openai`; regions are replayed, no text layer. With `embedded` in the
configuration the embedded engine instead, as it ships.

`|` between names reads those documents side by side. CPU seconds come by stage too: each stage's function is timed with
the clock of the thread it runs in, less the stages it calls itself; drawing by its children.
"""

import asyncio
import functools
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import measure

STAGES: dict[str, float] = {}  # CPU seconds
DRAWN: list[float] = []  # when each page was drawn
_lock = threading.Lock()
_own = threading.local()  # inner: CPU seconds of stages that the thread's current one called


def timed(home: Any, name: str, stage: str) -> None:
    """Count the function of a module or class towards a stage from now on."""
    work = getattr(home, name)

    @functools.wraps(work)
    def run(*given: Any, **named: Any) -> Any:
        before, _own.inner, began = getattr(_own, "inner", 0.0), 0.0, time.thread_time()
        try:
            return work(*given, **named)
        finally:
            spent = time.thread_time() - began
            with _lock:
                STAGES[stage] = STAGES.get(stage, 0.0) + spent - _own.inner
                if name == "_draw":
                    DRAWN.append(time.monotonic())
            _own.inner = before + spent

    setattr(home, name, run)


def around_a_model(configuration: dict[str, Any]) -> tuple[Any, Any]:
    """Engine settings and options, and its stages timed."""
    os.environ["OCTAVO_BENCH_REGIONS"] = configuration["regions"]
    import octavo.detectors
    from octavo import EngineSettings, ParseOptions
    from octavo.recognizers import openai
    from octavo.settings import OrientationUse, StraightenUse, TextLayerUse

    octavo.detectors.__path__.append(str(Path(__file__).parents[1] / "detectors"))
    timed(openai, "encoded", "encode")
    own = {"engine": "glm-ocr", "detector": "replay", "url": f"http://127.0.0.1:{configuration['port']}"}
    own["requests_in_flight"] = configuration["limit"]
    options = ParseOptions(
        dpi=configuration["dpi"],
        text_layer=TextLayerUse.OFF,
        orientation=OrientationUse.OFF,
        straighten=StraightenUse.OFF,  # the regions are those of the page as it is
        formats=("markdown",),
    )
    return EngineSettings(**own | configuration.get("settings", {})), options


def embedded() -> tuple[Any, Any]:
    """The same for the embedded engine."""
    from octavo import EngineSettings, ParseOptions, pages
    from octavo.detectors.embedded import EmbeddedDetector
    from octavo.networks.session import Network
    from octavo.recognizers.embedded import EmbeddedRecognizer

    timed(Network, "run", "networks")
    timed(pages.Pages, "_image", "text layer")
    timed(EmbeddedDetector, "find_lines", "find regions")
    timed(EmbeddedDetector, "detect", "find regions")
    timed(EmbeddedRecognizer, "_read_page", "read")
    return EngineSettings(), ParseOptions(formats=("markdown",))


def start(configuration: dict[str, Any]) -> Callable[[str], dict[str, Any]]:
    import octavo
    from octavo import Parser, assemble, conservation, crops, pipeline, regions
    from octavo.drawing import pool
    from octavo.frontends._threads import process_is_ours

    process_is_ours()  # as every command does
    settings, options = embedded() if configuration.get("embedded") else around_a_model(configuration)
    timed(pipeline, "_draw", "draw (parent)")
    timed(regions, "settle", "settle")
    timed(crops, "cut", "crop")
    timed(assemble, "page", "assemble")
    timed(assemble, "document", "assemble")
    timed(conservation, "checked", "count what was read")
    timed(octavo, "to_markdown", "write Markdown")
    if "gathering" in configuration:  # seconds; by default as it ships
        pipeline._GATHERING = configuration["gathering"]
    parser = Parser(settings)
    loop = asyncio.new_event_loop()
    loop.run_until_complete(parser.__aenter__())

    async def parse(file: str, delay: float) -> dict[str, Any]:
        await asyncio.sleep(delay)
        pages: list[float] = []
        began = time.monotonic()
        async with parser.open(Path(file), options) as reading:
            reading.only_files = True
            async for _ in reading:
                pages.append(time.monotonic())
            markdown = await asyncio.to_thread(octavo.to_markdown, reading.document, options)
        lost = sum(problem.severity.value == "lost" for problem in reading.document.problems)
        said = {"pages": len(pages), "characters": len(markdown), "first_page": min(pages), "lost": lost}
        return said | {"took": time.monotonic() - began}

    async def together(files: list[str]) -> list[dict[str, Any]]:
        # those after the second come later: short documents beside a long one
        return await asyncio.gather(*(parse(file, 0.5 * max(0, n - 1)) for n, file in enumerate(files)))

    def children() -> float:
        return sum(measure.cpu_of(process) for process in pool.shared().processes())

    def read(line: str) -> dict[str, Any]:
        STAGES.clear()
        DRAWN.clear()
        batches: list[int] = getattr(sys.modules.get("octavo.detectors.network_then_replay"), "BATCHES", [])
        batches.clear()
        drawn, main = children(), time.thread_time()
        said = loop.run_until_complete(together(line.split("|")))
        stages = {"draw (children)": children() - drawn, **STAGES, "event loop, HTTP": time.thread_time() - main}
        whole = {key: sum(one[key] for one in said) for key in ("pages", "characters", "lost")}
        took = [one["took"] for one in said]
        return whole | {
            "first_page": min(one["first_page"] for one in said),
            "took": took,
            "stages": stages,
            "drawn": DRAWN,
            "layout_batch": sum(batches) / max(1, len(batches)),
        }

    return read


if __name__ == "__main__":
    measure.serve(start)
