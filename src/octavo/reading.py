"""One document while it is read: its pages as they come, then the whole, and its files."""

import asyncio
import threading
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial

import numpy as np

from octavo import assemble, dropins, pipeline, renderers
from octavo.document import Artifact, Document, Looks, Page, PageImage, Pixels, Problem, Severity
from octavo.errors import DocumentCorrupt, EngineUnavailable, LimitExceeded, OptionInvalid, PageUnreadable
from octavo.frozen import frozen
from octavo.pages import Pages
from octavo.settings import ParseOptions
from octavo.trace import PageTrace

_KEPT_PICTURES = 64 << 20  # bytes of page pictures kept for renderers before they are drawn again: 9 pages at 150 dpi


@frozen
class Way:
    """How the pages of a document come about, and what does it."""

    pages: Callable[["Reading"], AsyncGenerator[Page]]
    engines: Callable[[], Mapping[str, str]]
    executor: Executor
    sees_pictures: bool = True  # of all pages; else they are drawn when somebody looks


class Reading:
    """One document while it is read: iterate it for the pages, then ask for the document and its artefacts."""

    def __init__(self, name: str, pages: Pages, options: ParseOptions, way: Way) -> None:
        self.name = name
        self.options = options
        looks = any(getattr(dropins.load(renderers, name), "LOOKS_AT_PAGES", False) for name in options.formats)
        self.source = _KeptPages(pages, picture=way.sees_pictures, most=_KEPT_PICTURES if looks else 0)
        self._way = way
        self._done: list[Page] | assemble.PackedPages = []
        self._undrawn: dict[int, Problem] = {}  # what was wrong with pages of which there is nothing
        self._rotations: dict[int, int] = {}
        self._finishing: asyncio.Future[Document] | None = None
        self._document: Document | None = None
        self._stream: AsyncGenerator[Page] | None = None
        self._started = 0.0
        self.known: Mapping[int, Page] = {}  # pages finished by an earlier run: set before iterating
        self.before: pipeline.PageMemory | None = None  # pages that other documents had: set before iterating
        self.traces: Mapping[int, PageTrace] = {}  # pages whose stages write down what they see: set before iterating
        # Whether nothing is done with the document but to write it down. The places of words, and then of lines, which
        # no renderer asks for, are let go, and the document's pages are packed: set before iterating.
        self.only_files = False

    @property
    def page_count(self) -> int:
        """Pages of the source, selected or not."""
        return self.source.pages.count

    @property
    def numbers(self) -> Sequence[int]:
        """The selected pages, 0-based."""
        return self.source.numbers

    async def __aiter__(self) -> AsyncIterator[Page]:
        self._started = time.perf_counter()
        self._done = assemble.PackedPages() if self.only_files else []
        self._undrawn.clear()
        self._rotations.clear()
        self._finishing = None
        self._stream = self._way.pages(self)
        async for page in self._stream:
            _refuse_without_engine(page)
            yield self._kept(page)
        await self._finish()
        self._refuse_if_nothing_was_drawn()

    def _kept(self, page: Page) -> Page:
        """The page, which is in the document from now on."""
        if self.only_files:
            page = assemble.without_words(page)
        self._done.append(page)
        self._rotations[page.number] = page.rotation
        if (problem := _why_not_drawn(page)) is not None:
            self._undrawn[page.number] = problem
        return page

    async def cut_short(self, code: str, message: str) -> Document:
        """Stop here: pages not yet done are in the document as lost, with this reason."""
        await self.stop()
        for number in self.numbers:
            if number not in self._rotations:
                self._kept(assemble.lost_page(number, Problem(code, message, Severity.LOST, page=number)))
        await self._finish()
        return self.document

    def _refuse_if_nothing_was_drawn(self) -> None:
        """A document of which no page can be drawn is no document."""
        reasons = list(self._undrawn.values())
        if not reasons or len(reasons) < len(self._done):
            return
        refused = LimitExceeded if any(reason.code == LimitExceeded.code for reason in reasons) else DocumentCorrupt
        raise refused(f"none of the pages can be drawn: {reasons[0].message}")

    async def _finish(self) -> None:
        """Off the event loop: of a thousand pages it takes as long as drawing thirty. Once: what an iteration has begun
        that is stopped meanwhile, goes on for `cut_short`."""
        if self._finishing is None:
            finish = partial(
                assemble.document,
                self.name,
                self._done,
                page_count=self.page_count,
                headings=self.source.pages.headings,
                options=self.options,
                engines=self._way.engines(),
                timings={"total": time.perf_counter() - self._started},
                kept=self._done.replaced if isinstance(self._done, assemble.PackedPages) else tuple,
            )
            self._finishing = asyncio.get_running_loop().run_in_executor(self._way.executor, finish)
        self._document = await asyncio.shield(self._finishing)

    async def stop(self) -> None:
        """Cancel what is still running. An iteration that was left early is stopped by `Parser.open` itself."""
        if self._stream is not None:
            await self._stream.aclose()

    @property
    def document(self) -> Document:
        """The result; there once the iteration has ended."""
        if self._document is None:
            raise OptionInvalid("the document is not read to its end yet: iterate the reading first")
        return self._document

    def artifacts(self, told: Document | None = None) -> Iterator[Artifact]:
        """The files of the chosen formats. Blocks: pages are drawn again where a picture is needed.

        `told` is the document as it is to be told, where that is not all that is known of it.
        """
        document = told or self.document
        for name in self.options.formats:
            for artifact in dropins.load(renderers, name).render(document, self.pictures, self.options):
                yield replace(artifact, format=name)

    @property
    def artifact_count(self) -> int:
        """How many files `artifacts` will make; a few more where a page cannot be drawn for them."""
        counts = (dropins.load(renderers, name).count(self.document, self.options) for name in self.options.formats)
        return sum(counts)

    @property
    def pictures(self) -> renderers.Pictures:
        """Of the pages, upright, once the document is there. Asking for one blocks: it may be drawn again."""
        return _UprightPages(self._rotations, self.source)

    def picture(self, page: Page) -> Pixels:
        """Of one that is done, upright, also while others are read. Blocks: it may be drawn again.

        Raises OctavoError.
        """
        return _UprightPages({page.number: page.rotation}, self.source).page(page.number)


def _why_not_drawn(page: Page) -> Problem | None:
    """What was wrong with a page of which there is nothing; None where it was drawn."""
    drawing = (PageUnreadable.code, LimitExceeded.code)
    return next((problem for problem in page.problems if not page.size.area and problem.code in drawing), None)


def _refuse_without_engine(page: Page) -> None:
    """A recogniser that never came up is an error of the run, not a loss in every region of the document."""
    for problem in page.problems:
        if problem.code == EngineUnavailable.code:
            raise EngineUnavailable(problem.message)


class _KeptPages:
    """Pages that keep the last pictures they drew, for the renderers."""

    def __init__(self, pages: Pages, *, picture: bool, most: int) -> None:
        """`picture` as in `Pages.draw`: what is drawn later is not kept. `most`: bytes of all that are."""
        self.pages = pages
        self._picture = picture
        self._most = most
        self._kept: OrderedDict[int, Pixels] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def numbers(self) -> Sequence[int]:
        return self.pages.numbers

    def draw(self, number: int) -> PageImage:
        image = self.pages.draw(number, picture=self._picture)
        if isinstance(image.picture, np.ndarray):
            self._keep(number, image.picture)
        return image

    def _keep(self, number: int, pixels: Pixels) -> None:
        with self._lock:
            self._kept[number] = pixels
            while sum(pixels.nbytes for pixels in self._kept.values()) > self._most:
                self._kept.popitem(last=False)

    def pixels(self, number: int) -> Pixels:
        """As drawn, not yet turned upright."""
        with self._lock:
            kept = self._kept.get(number)
        if kept is None:
            kept = self.pages.pixels(number, Looks())
            self._keep(number, kept)
        return kept


class _UprightPages:
    """Page pictures for renderers, upright."""

    def __init__(self, rotations: Mapping[int, int], source: _KeptPages) -> None:
        """`rotations` by page number, as in `Page`."""
        self._rotations = rotations
        self._source = source

    def page(self, number: int) -> Pixels:
        quarter_turns = self._rotations.get(number, 0) // 90
        return np.ascontiguousarray(np.rot90(self._source.pixels(number), -quarter_turns))
