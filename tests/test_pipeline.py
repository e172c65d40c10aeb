"""Order, bounds, cancelling and losses of the page stream, with engines that stall, fail and count."""

import asyncio
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from made import written

from octavo import assemble, pipeline
from octavo.document import Crop, Detection, Label, Page, PageImage, Recognition, Severity
from octavo.errors import EngineFailed, PageUnreadable
from octavo.fair_gate import FairGate
from octavo.geometry import Box, PixelBudget
from octavo.recognizers import nothing
from octavo.settings import ParseOptions

OPTIONS = ParseOptions()


class Pile:
    """Blank pages; `draw` counts how many are held at a time."""

    def __init__(self, count: int, broken: frozenset[int] = frozenset()) -> None:
        self.numbers = tuple(range(count))
        self.drawn: list[int] = []
        self._broken = broken

    def draw(self, number: int) -> PageImage:
        self.drawn.append(number)
        if number in self._broken:
            raise PageUnreadable(f"page {number + 1} cannot be drawn")
        return PageImage(number, np.full((100, 80, 3), 255, np.uint8), dpi=72)


class OneRegion:
    """Every page has one text region; batches and overlaps of calls are recorded."""

    described = "one region"
    batch_size = 4
    sees_pictures = True

    def __init__(self, *, fails: bool = False, seconds: float = 0.0) -> None:
        self.batches: list[int] = []
        self._fails, self._seconds = fails, seconds
        self._busy = threading.Lock()

    def detect(self, pages: Sequence[PageImage]) -> list[list[Detection]]:
        assert self._busy.acquire(blocking=False), "called from two threads at once"
        try:
            self.batches.append(len(pages))
            time.sleep(self._seconds)
            if self._fails:
                raise EngineFailed("no layout today")
            return [[Detection(Box(100, 100, 900, 200), Label.TEXT, 0.9)] for _ in pages]
        finally:
            self._busy.release()

    def close(self) -> None:
        return None


class Reader:
    """Answers with the page's number after a pause that depends on it."""

    described = "reader"
    budget = PixelBudget()
    reads_pictures = False

    def __init__(self, pause: Callable[[int], float] = lambda page: 0.0, getting_ready: float = 0.0) -> None:
        self._pause, self._getting_ready = pause, getting_ready
        self.now = self.most = self.cancelled = 0

    async def recognize(
        self, crops: Sequence[Crop], *, document: str, begun: Callable[[], None] = nothing
    ) -> list[Recognition]:
        if self._getting_ready:
            await asyncio.sleep(self._getting_ready)
        numbers = [crop.region.page for crop in crops]
        del crops  # and the page's picture with them
        begun()
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await asyncio.sleep(self._pause(numbers[0]))
            return [Recognition(f"page {number}") for number in numbers]
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.now -= 1

    async def ready(self) -> None:
        return None

    async def close(self) -> None:
        return None


def stages(executor: ThreadPoolExecutor, detector: OneRegion, reader: Reader) -> pipeline.Stages:
    shared = pipeline.SharedDetector(detector, executor)
    return pipeline.Stages(lambda page: page, FairGate(4), shared, reader, executor)


async def read_all(
    pile: Pile, *, detector: OneRegion | None = None, reader: Reader | None = None, held: int = 3
) -> list[Page]:
    with ThreadPoolExecutor(4) as executor:
        engines = stages(executor, detector or OneRegion(), reader or Reader())
        stream = pipeline.read(pile, engines, OPTIONS, document="d", window=pipeline.Window(held))
        return [page async for page in stream]


async def test_pages_come_in_order_although_later_ones_finish_first() -> None:
    pages = await read_all(Pile(6), reader=Reader(lambda page: 0.05 if page == 0 else 0.0))
    assert [page.number for page in pages] == [0, 1, 2, 3, 4, 5]
    assert [written(page.blocks[0]) for page in pages] == [f"page {n}" for n in range(6)]


async def test_a_page_that_cannot_be_drawn_is_in_the_result_with_its_reason() -> None:
    pages = await read_all(Pile(3, broken=frozenset({1})))
    assert [page.number for page in pages] == [0, 1, 2]
    (problem,) = pages[1].problems
    assert (problem.code, problem.severity, problem.page) == ("page_unreadable", Severity.LOST, 1)
    assert pages[0].blocks
    assert pages[2].blocks


async def test_where_layout_fails_the_page_is_read_whole_and_says_so() -> None:
    (page,) = await read_all(Pile(1), detector=OneRegion(fails=True))
    assert written(page.blocks[0]) == "page 0"
    assert [problem.code for problem in page.problems] == ["layout_failed"]


async def test_a_defect_in_a_stage_loses_its_page_only(caplog: pytest.LogCaptureFixture) -> None:
    def defect(page: int) -> float:
        if page == 1:
            raise ZeroDivisionError
        return 0.0

    pages = await read_all(Pile(3), reader=Reader(defect))
    assert [problem.code for problem in pages[1].problems] == ["engine_failed"]
    assert written(pages[2].blocks[0]) == "page 2"


@pytest.mark.parametrize("getting_ready", [0.0, 0.05], ids=["at once", "slowly"])
async def test_the_recogniser_is_asked_before_the_third_page_is_drawn(getting_ready: float) -> None:
    drawn: list[int] = []
    seen: list[int] = []

    class Watched(Pile):
        def draw(self, number: int) -> PageImage:
            drawn.append(number)
            return super().draw(number)

    def first(page: int) -> float:
        seen.append(len(drawn))
        return 0.0

    await read_all(Watched(10), detector=OneRegion(seconds=0.02), reader=Reader(first, getting_ready), held=8)
    assert seen[0] <= 2
    assert len(drawn) == 10


async def test_no_more_pages_are_held_than_allowed() -> None:
    reader = Reader(lambda page: 0.01)
    await read_all(Pile(12), reader=reader, held=2)
    assert reader.most <= 2


async def test_many_pages_are_under_way_and_the_pictures_of_few_are_held() -> None:
    held = most = 0

    def let_go() -> None:
        nonlocal held
        held -= 1

    class Watched(Pile):
        def draw(self, number: int) -> PageImage:
            nonlocal held, most
            page = super().draw(number)
            held += 1
            most = max(most, held)
            weakref.finalize(page.pixels, let_go)
            return page

    reader = Reader(lambda page: 0.2)
    with ThreadPoolExecutor(4) as executor:
        window = pipeline.Window(2, lambda: 20, ahead=3)
        stream = pipeline.read(Watched(40), stages(executor, OneRegion(), reader), OPTIONS, document="d", window=window)
        assert len([page async for page in stream]) == 40
    assert reader.most == 20
    assert most <= 10  # three ahead, and what threads and the loop have not let go of yet


async def test_pages_that_wait_together_are_seen_together_and_never_in_two_threads() -> None:
    detector = OneRegion(seconds=0.02)
    await read_all(Pile(12), detector=detector, held=8)
    assert sum(detector.batches) == 12
    assert max(detector.batches) > 1
    assert max(detector.batches) <= detector.batch_size


async def answered(shared: pipeline.SharedDetector, pages: int, apart: float = 0.0) -> None:
    """So many pages, one after the other, all of them answered."""
    blank = np.full((100, 80, 3), 255, np.uint8)
    async with asyncio.TaskGroup() as group:
        for number in range(pages):
            group.create_task(shared.detect(PageImage(number, blank, dpi=72), "d"))
            await asyncio.sleep(apart)


async def test_pages_gather_for_a_batch_while_nobody_waits_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "_GATHERING", 60.0)
    detector = OneRegion()
    with ThreadPoolExecutor(1) as executor:
        shared = pipeline.SharedDetector(detector, executor, lambda document: True)
        await answered(shared, detector.batch_size, apart=0.001)
    assert detector.batches == [detector.batch_size]


async def test_a_batch_goes_as_soon_as_somebody_waits_for_its_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "_GATHERING", 60.0)
    detector = OneRegion()
    unhurried = iter([True, True, True, False])
    with ThreadPoolExecutor(1) as executor:
        shared = pipeline.SharedDetector(detector, executor, lambda document: next(unhurried))
        await answered(shared, 2)
    assert detector.batches == [2]


async def test_a_document_that_is_not_behind_takes_along_those_that_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "_GATHERING", 60.0)
    blank = PageImage(0, np.full((100, 80, 3), 255, np.uint8), dpi=72)
    detector = OneRegion()
    with ThreadPoolExecutor(1) as executor:
        shared = pipeline.SharedDetector(detector, executor, lambda document: document == "long")
        async with asyncio.TaskGroup() as group:
            group.create_task(shared.detect(blank, "long"))
            await asyncio.sleep(0.05)
            assert detector.batches == []
            group.create_task(shared.detect(blank, "short"))
    assert detector.batches == [2]


async def test_a_page_does_not_wait_for_others_for_long() -> None:
    detector = OneRegion()
    with ThreadPoolExecutor(1) as executor:
        await answered(pipeline.SharedDetector(detector, executor, lambda document: True), 1)
    assert detector.batches == [1]


async def test_pages_that_gather_are_turned_away_when_who_knows_of_hurry_fails() -> None:
    def unhurried(document: str) -> bool:
        raise ZeroDivisionError

    with ThreadPoolExecutor(1) as executor:
        shared = pipeline.SharedDetector(OneRegion(), executor, unhurried)
        with pytest.raises(EngineFailed):
            await shared.detect(PageImage(0, np.full((100, 80, 3), 255, np.uint8), dpi=72), "d")


async def test_leaving_early_stops_what_is_running() -> None:
    reader = Reader(lambda page: 0.0 if page == 0 else 60.0)
    with ThreadPoolExecutor(4) as executor:
        engines = stages(executor, OneRegion(), reader)
        stream = pipeline.read(Pile(5), engines, OPTIONS, document="d", window=pipeline.Window(3))
        first = await anext(stream)
        await asyncio.sleep(0.05)
        await stream.aclose()
    assert first.number == 0
    assert reader.cancelled >= 1
    assert reader.now == 0


async def test_known_pages_are_neither_drawn_nor_read_again() -> None:
    pile = Pile(3)
    image = Pile(1).draw(0)
    known = assemble.page(image, [], [], [], OPTIONS, {})
    with ThreadPoolExecutor(4) as executor:
        engines = stages(executor, OneRegion(), Reader())
        stream = pipeline.read(pile, engines, OPTIONS, document="d", window=pipeline.Window(2), known={0: known})
        pages = [page async for page in stream]
    assert pages[0] is known
    assert sorted(pile.drawn) == [1, 2]


@pytest.mark.parametrize("slow", ["drawing", "layout"])
async def test_a_short_document_is_not_drawn_and_looked_at_after_all_pages_of_a_long_one(slow: str) -> None:
    """Counted in pages, not in seconds: how many of the long one went first."""
    order: list[str] = []

    class Slow(Pile):
        def __init__(self, name: str, count: int) -> None:
            super().__init__(count)
            self._name = name

        def draw(self, number: int) -> PageImage:
            order.append(self._name)
            time.sleep(0.005 if slow == "drawing" else 0)
            return super().draw(number)

    async def read(pile: Pile, name: str, held: int) -> None:
        stream = pipeline.read(pile, engines, OPTIONS, document=name, window=pipeline.Window(held))
        done[name] = [page async for page in stream]

    done: dict[str, list[Page]] = {}
    with ThreadPoolExecutor(6) as executor:
        detector = OneRegion(seconds=0.0 if slow == "drawing" else 0.005)
        engines = stages(executor, detector, Reader())
        long = asyncio.create_task(read(Slow("long", 100), "long", held=60))
        while order.count("long") < 20:  # noqa: ASYNC110  until it has spread
            await asyncio.sleep(0)
        before = len(detector.batches) if slow == "layout" else order.count("long")
        await read(Slow("short", 1), "short", held=2)
        after = len(detector.batches) if slow == "layout" else order.count("long")
        assert after - before <= (16 if slow == "drawing" else 8)
        assert "long" not in done
        await long
    assert [page.number for page in done["long"]] == list(range(100))
