"""Reads the made document on an open Parser, and takes figures."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from typing import Any

from octavo.document import Page, Severity
from octavo.errors import EngineLost, EngineTimeout
from octavo.frozen import frozen
from octavo.machine import CpuClock
from octavo.markup.markdown import written
from octavo.parser import Parser
from octavo.recognizers import Pulse
from octavo.selftest.binding import Advice, Measurements, advice, binds, means
from octavo.selftest.golden import Neighbours, golden_page, neighbours, pdf, words_f1
from octavo.settings import Furniture, ParseOptions, TextLayerUse

# From here on an engine counts as right. The embedded one reads print as clean as this at 1.00; one word in twenty may
# be wrong, where weights, number format or prompt that do not fit leave next to nothing.
RIGHT = 0.9

_GOLDEN_PAGES = 4
_PACE_PAGES = 256  # most pages of the second reading
_LOOK_SECONDS = 0.2  # between two looks at the server
_STAGES = ("draw", "layout", "regions", "recognize")
_UNSTABLE = frozenset((EngineLost.code, EngineTimeout.code))


@frozen
class Figures:
    """What a self-test found."""

    right: bool
    words_f1: float  # 0..1, of the first pages, read alone
    words_f1_loaded: float  # 0..1, of those read side by side for the pace
    lost: Mapping[str, int]  # problem code -> how often something was lost
    pages: int  # read for the pace
    pages_per_second: float
    cold_start: Mapping[str, Any]  # seconds by part; null: not known
    binds: str
    advice: Sequence[Advice]  # in the tuning order
    requests: Mapping[str, float | None]  # means over the pace, of what the server tells
    cpu_share: float  # 0..1 of the cores
    cpu_of: str  # 'container', or 'process' where no more can be seen
    event_loop_share: float  # 0..1 of one core
    stages: Mapping[str, float]  # ms per page, waiting included
    engines: Mapping[str, str]


@frozen
class Start:
    """How this process came up. Seconds from its start; None where the system does not tell."""

    began_after: float | None  # when the parser was opened
    ready_after: float | None  # when its engine was ready
    cold: bool  # nothing was read before: the first page belongs to the start


async def examine(parser: Parser, start: Start, *, seconds: float, first: int = 0) -> Figures:
    """Read some pages for their words, and as many as there is time for, for the pace. The engine is ready.

    `first`: number of the first page, so that a second try reads others.
    """
    most = parser.settings.max_pages
    golden = _MadePages(parser, range(first, first + min(_GOLDEN_PAGES, most)))
    async for _ in golden.pages():
        pass
    after_them = first + _GOLDEN_PAGES
    pace = _MadePages(parser, range(after_them, after_them + min(_PACE_PAGES, most)))
    before = CpuClock.now()
    async with _watched(parser) as pulses, contextlib.aclosing(pace.pages()) as pages:
        async for _ in pages:
            if pace.seconds >= seconds:
                break
    after = CpuClock.now()
    lost = golden.lost + pace.lost
    seen = Measurements(
        tuple(pulses),
        after.share_since(before),
        after.loop_share_since(before),
        pace.stages,
        bool(_UNSTABLE & set(lost)),
    )
    return Figures(
        right=not lost and min(golden.words_f1, pace.words_f1) >= RIGHT,
        words_f1=round(golden.words_f1, 4),
        words_f1_loaded=round(pace.words_f1, 4),
        lost=dict(lost),
        pages=len(pace.done),
        pages_per_second=round(len(pace.done) / pace.seconds, 3),
        cold_start=_cold_start(parser, start, golden.first_page_seconds),
        binds=binds(seen).value,
        advice=advice(seen, parser.settings),
        requests=means(seen.pulses),
        cpu_share=round(seen.cpu_share, 3),
        cpu_of="container" if after.of_everything else "process",
        event_loop_share=round(seen.loop_share, 3),
        stages={stage: round(spent, 1) for stage, spent in seen.stages.items()},
        engines=dict(golden.engines),
    )


def _cold_start(parser: Parser, start: Start, first_page: float | None) -> dict[str, Any]:
    """Seconds by part. The server starts while the parts before it are over, and pages may be drawn meanwhile."""
    parts = parser.start_seconds
    return {
        "interpreter_and_imports": _rounded(start.began_after),
        "orientation": _rounded(parts["opened"].get("orientation")),
        "layout_network": _rounded(parts["opened"].get("detector")),
        "recognizer": _rounded(parts["opened"].get("recognizer")),
        "server": {part: _rounded(spent) for part, spent in parts["server"].items()},
        "ready_after": _rounded(start.ready_after),
        "first_page": _rounded(first_page if start.cold else None),
    }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


class _MadePages:
    """One reading of made pages."""

    def __init__(self, parser: Parser, numbers: range) -> None:
        self._parser = parser
        self._made = [golden_page(number) for number in numbers]
        self._began = 0.0
        self.done: list[Page] = []
        self.seconds = 0.0  # to the last page that is done
        self.first_page_seconds: float | None = None
        self.engines: Mapping[str, str] = {}

    async def pages(self) -> AsyncGenerator[Page]:
        """Read from their pictures, with the defaults: what is tested is the engine."""
        options = ParseOptions(text_layer=TextLayerUse.OFF, furniture=Furniture.INLINE, formats=())
        data = await asyncio.to_thread(pdf, self._made)
        self._began = time.monotonic()
        async with self._parser.open(data, options, name="selftest") as reading:
            async for page in reading:
                self.seconds = time.monotonic() - self._began
                self.first_page_seconds = self.first_page_seconds or self.seconds
                self.done.append(page)
                yield page
            self.engines = reading.document.engines

    @property
    def words_f1(self) -> float:
        expected: Neighbours = Counter()
        found: Neighbours = Counter()
        for made, page in zip(self._made, self.done, strict=False):
            expected += made.words
            found += neighbours(written(block.content) for block in page.blocks if block.content is not None)
        return words_f1(expected, found)

    @property
    def lost(self) -> Counter[str]:
        return Counter(
            problem.code for page in self.done for problem in page.problems if problem.severity is Severity.LOST
        )

    @property
    def stages(self) -> dict[str, float]:
        """ms per page."""
        count = max(1, len(self.done))
        return {stage: 1000 * sum(page.timings.get(stage, 0.0) for page in self.done) / count for stage in _STAGES}


@contextlib.asynccontextmanager
async def _watched(parser: Parser) -> AsyncIterator[list[Pulse]]:
    """Looks at the server again and again, into a list."""
    pulses: list[Pulse] = []

    async def look() -> None:
        while (pulse := await parser.pulse()) is not None:
            pulses.append(pulse)
            await asyncio.sleep(_LOOK_SECONDS)

    looking = asyncio.create_task(look())
    try:
        yield pulses
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
