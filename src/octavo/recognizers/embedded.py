"""The embedded recogniser: reads crops line by line on the CPU, tables cell by cell, and says what it could not read.

All lines of a page are read in one go, on all threads. Lines the text layer has already given a text are taken as they
are. What is in a script that the network does not know is read by Tesseract, where that is installed. There is no
network for formulas here: what a formula's characters read as is handed on as text, and flagged.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import MappingProxyType
from typing import TypeVar

from octavo import turns
from octavo.document import (
    NOT_LATEX,
    TEXT_DOUBTFUL,
    Crop,
    Label,
    Origin,
    PageImage,
    Problem,
    Recognition,
    Severity,
    Task,
    TextLine,
    TextSource,
    Unread,
    Written,
)
from octavo.errors import LimitExceeded, OctavoError
from octavo.fair_gate import FairGate
from octavo.frozen import frozen
from octavo.geometry import Box, PixelBudget
from octavo.layout.flow import columns_from_right, in_flow, paragraphs_in_order, rows_from_right
from octavo.layout.lines import straightened
from octavo.layout.paragraphs import grouped
from octavo.line_reading import LineOnPicture, LineReader
from octavo.markup import html
from octavo.networks.session import Allowance
from octavo.networks.table_structure import TableNetwork
from octavo.networks.text_lines import TextLines, letter_heights
from octavo.recognizers import Pulse, nothing
from octavo.settings import EngineSettings
from octavo.tables import read_table
from octavo.wording import prose

T = TypeVar("T")

_PAGES_AT_ONCE = 2  # one is cut and joined while the other is read
_DOUBTFUL = 0.8  # confidence below which a region's text is flagged
_SPECK = 1.5  # length over height up to which an unread line may be a stain or an ornament
_EMPTY = 3  # dark pieces of a letter's shape, up to which a region without text counts as empty
_KEEPS_LINES = frozenset({Label.ALGORITHM, Label.CONTENT, Label.SEAL})


class EmbeddedRecognizer:
    """The networks that find lines, read them, and see the structure of tables."""

    budget = PixelBudget()
    reads_pictures = True
    at_once = 1
    start_seconds: Mapping[str, float] = MappingProxyType({})

    def __init__(self, settings: EngineSettings) -> None:
        self._finder = TextLines(settings)
        self._lines = LineReader(settings)
        self._structure = TableNetwork(settings)
        self._turns = FairGate(_PAGES_AT_ONCE)
        self._pages = ThreadPoolExecutor(_PAGES_AT_ONCE, thread_name_prefix="embedded_page")

    @property
    def described(self) -> str:
        return f"embedded: {self._lines.described}; {self._structure.described}"

    def is_behind(self, document: str) -> bool:
        return False

    async def recognize(
        self, crops: Sequence[Crop], *, document: str, begun: Callable[[], None] = nothing
    ) -> list[Recognition]:
        begun()
        undrawn = all(crop.outlines is not None for crop in crops)

        def read(allowance: Allowance) -> list[Recognition]:
            with turns.taken(undrawn):
                return self._read_page(crops, allowance)

        return await self._in_turn(document, read)

    async def read_lines(self, page: PageImage, found: Written, *, document: str) -> Written:
        lines = [LineOnPicture(line, page.pixels, Box.of_page()) for line in found.all_lines]
        try:
            return found.read(await self._in_turn(document, lambda allowance: self._lines.read(lines, allowance)))
        except OctavoError:
            return found  # it is told where they are tried again, with the regions they belong to

    async def _in_turn(self, document: str, work: Callable[[Allowance], T]) -> T:
        """`work` in a thread, fair between documents; it may spend what a page may."""
        allowance = self._lines.allowance()
        async with self._turns.slot(document):
            try:
                return await asyncio.get_running_loop().run_in_executor(self._pages, work, allowance)
            finally:
                allowance.end()  # where the caller has left, the page would be read on for nobody

    async def ready(self) -> None:
        """It is, from the start."""

    async def pulse(self) -> Pulse | None:
        return None

    async def close(self) -> None:
        self._pages.shutdown(wait=True, cancel_futures=True)
        self._finder.close()
        self._lines.close()
        self._structure.close()

    def _read_page(self, crops: Sequence[Crop], allowance: Allowance) -> list[Recognition]:
        try:
            passages = [_Passage(crop, self._paragraphs(crop)) for crop in crops]
            lines = self._lines.read([line for passage in passages for line in passage.untried], allowance)
        except OctavoError as error:
            return [_failed(error) for _ in crops]
        answers = iter(lines)
        return [self._recognition(_read(passage, answers)) for passage in passages]

    def _paragraphs(self, crop: Crop) -> tuple[tuple[TextLine, ...], ...]:
        """The lines of a crop in reading order; a whole page's by paragraph, a region's all in one."""
        if crop.region.lines:
            return (crop.region.lines,)
        found = self._finder.find(crop.pixels)
        picture = PageImage(crop.region.page, crop.pixels, dpi=0)
        if crop.region.origin is Origin.WHOLE_PAGE:
            loose = grouped(straightened(found, picture.size, dpi=0))
            ordered = paragraphs_in_order(loose, picture.size.height)
            paragraphs = [[line.source for line in paragraph.lines] for paragraph in ordered]
        else:
            paragraphs = [in_flow(found, picture)] if found else []
        return tuple(tuple(_on_page(line, crop.region.box) for line in paragraph) for paragraph in paragraphs)

    def _recognition(self, passage: "_Passage") -> Recognition:
        match passage.crop.region.task:
            case Task.TABLE if passage.read:
                return self._table(passage)
            case Task.SKIP:
                return _in_picture(passage)
            case Task.FORMULA if passage.read:
                return replace(_text(passage), problems=(*passage.problems, _NOT_LATEX))
            case _:
                return _text(passage)

    def _table(self, passage: "_Passage") -> Recognition:
        try:
            crop = passage.crop
            table = read_table(
                crop.picture, passage.read, crop.region.box, network=self._structure, outlines=crop.outlines
            )
        except OctavoError as error:
            return replace(_failed(error), lines=passage.lines)
        confidence = table.confidence if passage.confidence is None else min(table.confidence, passage.confidence)
        problems = (*table.problems, *passage.problems)
        return Recognition(html.table(table.table), passage.source, confidence, passage.lines, problems)


_NOT_LATEX = Problem(
    NOT_LATEX,
    "the embedded engine reads no formulas: this is what its characters look like, not LaTeX",
    Severity.DOUBTFUL,
)


# --- a crop and its lines ---------------------------------------------------------------------------------------


@frozen
class _Passage:
    """The lines of a crop, before or after they were read; a line without text is not read (yet)."""

    crop: Crop
    paragraphs: tuple[tuple[TextLine, ...], ...]

    @property
    def lines(self) -> tuple[TextLine, ...]:
        return tuple(line for paragraph in self.paragraphs for line in paragraph)

    @property
    def read(self) -> tuple[TextLine, ...]:
        return tuple(line for line in self.lines if line.text is not None)

    @property
    def unread(self) -> tuple[TextLine, ...]:
        return tuple(line for line in self.lines if line.text is None)

    @property
    def untried(self) -> tuple[LineOnPicture, ...]:
        return tuple(self._placed(line) for line in self.unread if line.unread is None)

    @property
    def source(self) -> TextSource:
        on_picture = any(line.on_picture for line in self.lines)
        return TextSource.RECOGNIZER if on_picture else TextSource.TEXT_LAYER

    @property
    def why_unread(self) -> Unread:
        """What is to tell of the lines that could not be read: the same of all of a page."""
        return next((line.unread for line in self.unread if line.unread is not None), Unread())

    @property
    def guesses(self) -> str | None:
        """What the lines that could not be read look like."""
        return "\n".join(line.unread.guess for line in self.unread if line.unread and line.unread.guess) or None

    @property
    def was_tried(self) -> bool:
        """Whether all of its lines could be looked at."""
        return self.why_unread.code != LimitExceeded.code

    @property
    def confidence(self) -> float | None:
        """Mean over the characters of all lines that have one."""
        known = [(line.confidence, len(line.text or "")) for line in self.read if line.confidence is not None]
        characters = sum(length for _, length in known)
        return sum(confidence * length for confidence, length in known) / characters if characters else None

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What a reader of the result should know of the lines that were, or were not, read."""
        problems = []
        if self.unread:
            stains = self.was_tried and all(self._placed(line).length_over_height < _SPECK for line in self.unread)
            problems.append(
                Problem(
                    self.why_unread.code,
                    _advised(f"{len(self.unread)} of {len(self.lines)} lines could not be read", self.why_unread),
                    Severity.DOUBTFUL if stains else Severity.LOST,
                    saved_text=self.guesses,
                )
            )
        if self.confidence is not None and self.confidence < _DOUBTFUL:
            problems.append(
                Problem(
                    TEXT_DOUBTFUL,
                    f"the characters were read with a confidence of {self.confidence:.2f}",
                    Severity.DOUBTFUL,
                )
            )
        return tuple(problems)

    def _placed(self, line: TextLine) -> LineOnPicture:
        # A crop does not know its page's size: its region's box is taken for its picture's edges, true to a pixel.
        return LineOnPicture(line, self.crop.pixels, self.crop.region.box)


def _advised(what: str, why: Unread) -> str:
    return f"{what}: {why.advice}" if why.advice else what


def _read(passage: _Passage, answers: Iterator[TextLine]) -> _Passage:
    """The passage with an answer for each of its lines that nobody had tried; they are taken off `answers` in order."""
    if passage.source is TextSource.TEXT_LAYER:
        return passage
    read = [
        [next(answers) if line.text is None and line.unread is None else line for line in paragraph]
        for paragraph in passage.paragraphs
    ]
    return replace(passage, paragraphs=tuple(tuple(rows_from_right(columns_from_right(lines))) for lines in read))


def _text(passage: _Passage) -> Recognition:
    if not passage.read:
        return _nothing(passage)
    join = "\n".join if passage.crop.region.label in _KEEPS_LINES else prose.paragraph
    texts = [[line.text for line in paragraph if line.text] for paragraph in passage.paragraphs]
    paragraphs = [join(lines) for lines in texts if lines]
    return Recognition("\n\n".join(paragraphs), passage.source, passage.confidence, passage.lines, passage.problems)


def _in_picture(passage: _Passage) -> Recognition:
    """A picture's text, a line each. What looks like a line in a photo may be none: unread, it is doubted, not lost."""
    text = "\n".join(line.text for line in passage.read if line.text) or None
    problems = passage.problems
    if passage.was_tried:
        problems = tuple(replace(problem, severity=Severity.DOUBTFUL) for problem in problems)
    return Recognition(text, passage.source, passage.confidence, passage.lines, problems)


def _nothing(passage: _Passage) -> Recognition:
    """Nothing was read: fine where nothing is written, a loss where something is."""
    if not passage.was_tried:
        return Recognition(None, TextSource.NONE, lines=passage.lines, problems=passage.problems)
    if len(letter_heights(passage.crop.pixels)) <= _EMPTY:
        return Recognition("", passage.source, lines=passage.lines)
    nothing = Problem(
        "nothing_read",
        _advised("something is written here that could not be read", passage.why_unread),
        Severity.LOST,
        saved_text=passage.guesses,
    )
    return Recognition(None, TextSource.NONE, lines=passage.lines, problems=(nothing,))


def _failed(error: OctavoError) -> Recognition:
    return Recognition(None, TextSource.NONE, problems=(Problem(error.code, error.message, Severity.LOST),))


def _on_page(line: TextLine, frame: Box) -> TextLine:
    """A line in 0..1000 of a crop, in page units."""
    return replace(line, box=frame.part(line.box), quad=tuple(frame.point(x, y) for x, y in line.quad))


async def open_recognizer(settings: EngineSettings) -> EmbeddedRecognizer:
    return await asyncio.to_thread(EmbeddedRecognizer, settings)
