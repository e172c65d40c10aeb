"""Octavo: parser, drawing children, recogniser `openai`; regions are replayed, no text layer.

`|` between names reads those documents side by side. CPU seconds come by stage too: each stage's function is timed with
the clock of the thread it runs in, drawing by its children.
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


def timed(module: Any, name: str, stage: str) -> None:
    work = getattr(module, name)

    @functools.wraps(work)
    def run(*given: Any, **named: Any) -> Any:
        began = time.thread_time()
        try:
            return work(*given, **named)
        finally:
            with _lock:
                STAGES[stage] = STAGES.get(stage, 0.0) + time.thread_time() - began
                if name == "_draw":
                    DRAWN.append(time.monotonic())

    setattr(module, name, run)


def start(configuration: dict[str, Any]) -> Callable[[str], dict[str, Any]]:
    os.environ["OCTAVO_BENCH_REGIONS"] = configuration["regions"]
    import octavo.detectors
    from octavo import EngineSettings, ParseOptions, Parser, assemble, crops, pipeline, regions, to_markdown
    from octavo.drawing import pool
    from octavo.frontends._threads import process_is_ours
    from octavo.recognizers import openai
    from octavo.settings import OrientationUse, StraightenUse, TextLayerUse

    process_is_ours()  # as every command does
    octavo.detectors.__path__.append(str(Path(__file__).parents[1] / "detectors"))
    timed(pipeline, "_draw", "draw (parent)")
    timed(regions, "settle", "settle")
    timed(crops, "cut", "crop")
    timed(openai, "encoded", "encode")
    timed(assemble, "page", "assemble")
    timed(assemble, "document", "assemble")
    if "gathering" in configuration:  # seconds; by default as it ships
        pipeline._GATHERING = configuration["gathering"]
    own = {"engine": "glm-ocr", "detector": "replay", "url": f"http://127.0.0.1:{configuration['port']}"}
    own["requests_in_flight"] = configuration["limit"]
    settings = EngineSettings(**own | configuration.get("settings", {}))
    options = ParseOptions(
        dpi=configuration["dpi"],
        text_layer=TextLayerUse.OFF,
        orientation=OrientationUse.OFF,
        straighten=StraightenUse.OFF,  # the regions are those of the page as it is
        formats=("markdown",),
    )
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
            markdown = await asyncio.to_thread(to_markdown, reading.document, options)
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
