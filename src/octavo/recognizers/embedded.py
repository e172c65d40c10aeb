"""The embedded recogniser: reads crops line by line on the CPU, tables cell by cell, and says what it could not read.

All lines of a page are read in one go, on all threads. Lines the text layer has already given a text are taken as they
are. What is in a script that the network does not know is read by Tesseract, where that is installed. There is no
network for formulas here: what a formula's characters read as is handed on as text, and flagged.
"""

import asyncio
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

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
    Word,
)
from octavo.errors import LimitExceeded, OctavoError
from octavo.fair_gate import FairGate
from octavo.frozen import frozen
from octavo.geometry import SCALE, Box, PixelBudget, bounds
from octavo.layout.flow import columns_from_right, in_flow, paragraphs_in_order, rows_from_right
from octavo.layout.lines import straightened
from octavo.layout.paragraphs import grouped
from octavo.leaning.rings import unrolled_line
from octavo.markup import html
from octavo.networks.session import Allowance
from octavo.networks.table_structure import TableNetwork
from octavo.networks.text_lines import TextLines, letter_heights
from octavo.networks.text_reader import LinePicture, ReadLine, ReadWord, TextReader
from octavo.recognizers import Pulse, nothing
from octavo.settings import EngineSettings
from octavo.tables import read_table
from octavo.tesseract.reader import OtherReading, OtherScripts
from octavo.wording import prose

_PAGES_AT_ONCE = 2  # one is cut and joined while the other is read
_UNREAD = 0.4  # confidence below which a line does not count as read
_COVERED = 0.5  # share of a line's ink that must have been read as something
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
        self._reader = TextReader(settings)
        self._others = OtherScripts(settings)
        self._structure = TableNetwork(settings)
        self._seconds = settings.reading_seconds
        self._turns = FairGate(_PAGES_AT_ONCE)
        self._pages = ThreadPoolExecutor(_PAGES_AT_ONCE, thread_name_prefix="embedded_page")

    @property
    def described(self) -> str:
        parts = (self._reader.described, self._others.described, self._structure.described)
        return f"embedded: {'; '.join(filter(None, parts))}"

    async def recognize(
        self, crops: Sequence[Crop], *, document: str, begun: Callable[[], None] = nothing
    ) -> list[Recognition]:
        begun()
        allowance = Allowance(self._seconds)
        async with self._turns.slot(document):
            try:
                return await asyncio.get_running_loop().run_in_executor(self._pages, self._read_page, crops, allowance)
            finally:
                allowance.end()  # where the caller has left, the page would be read on for nobody

    async def ready(self) -> None:
        """It is, from the start."""

    async def pulse(self) -> Pulse | None:
        return None

    async def close(self) -> None:
        self._pages.shutdown(wait=True, cancel_futures=True)
        self._finder.close()
        self._reader.close()
        self._others.close()
        self._structure.close()

    def _read_page(self, crops: Sequence[Crop], allowance: Allowance) -> list[Recognition]:
        try:
            passages = [_Passage(crop, self._paragraphs(crop)) for crop in crops]
            pictures = [_picture(passage.crop, line) for passage in passages for line in passage.unread]
            lines = self._reader.read(pictures, allowance)
            # Where lines were not tried, they tell nothing of their script.
            reading = OtherReading(lines) if allowance.was_short else self._others.read(pictures, lines)
        except OctavoError as error:
            return [_failed(error) for _ in crops]
        most = f"the page takes more than {self._seconds:g} s of CPU time to be read (`reading_seconds`)"
        refused = LimitExceeded(most) if allowance.was_short else None
        answers = iter(reading.lines)
        return [self._recognition(_read(passage, answers, reading.advice, refused)) for passage in passages]

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
    source: TextSource = TextSource.TEXT_LAYER  # as long as nothing was read from the picture
    guesses: tuple[str, ...] = ()  # what the lines that could not be read look like
    advice: str = ""  # for people: what would help to read them
    refused: OctavoError | None = None  # why some of them may not have been tried

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
            tried = self.refused is None
            stains = tried and all(_length_over_height(self.crop, line) < _SPECK for line in self.unread)
            why = self.refused.message if self.refused else self.advice
            problems.append(
                Problem(
                    self.refused.code if self.refused else "lines_unread",
                    _advised(f"{len(self.unread)} of {len(self.lines)} lines could not be read", why),
                    Severity.DOUBTFUL if stains else Severity.LOST,
                    saved_text="\n".join(self.guesses) or None,
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


def _advised(what: str, advice: str) -> str:
    return f"{what}: {advice}" if advice else what


def _read(passage: _Passage, answers: Iterator[ReadLine], advice: str, refused: OctavoError | None) -> _Passage:
    """The passage with an answer for each of its unread lines; they are taken off `answers` in order."""
    if not passage.unread:
        return passage
    guesses: list[str] = []

    def answered(line: TextLine) -> TextLine:
        if line.text is not None:
            return line
        answer = next(answers)
        if answer.confidence < _UNREAD or answer.covered < _COVERED:
            guesses.append(answer.text)
            return replace(line, confidence=answer.confidence)
        words = tuple(Word(word.text, _place(passage.crop, line, answer, word)) for word in answer.words)
        return replace(line, text=answer.text, words=words, confidence=answer.confidence)

    read = [[answered(line) for line in paragraph] for paragraph in passage.paragraphs]
    paragraphs = tuple(tuple(rows_from_right(columns_from_right(paragraph))) for paragraph in read)
    seen = tuple(guess for guess in guesses if guess)
    return _Passage(passage.crop, paragraphs, TextSource.RECOGNIZER, seen, advice, refused)


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
    if passage.refused is None:
        problems = tuple(replace(problem, severity=Severity.DOUBTFUL) for problem in problems)
    return Recognition(text, passage.source, passage.confidence, passage.lines, problems)


def _nothing(passage: _Passage) -> Recognition:
    """Nothing was read: fine where nothing is written, a loss where something is."""
    if passage.refused and passage.unread:
        return Recognition(None, TextSource.NONE, lines=passage.lines, problems=passage.problems)
    if len(letter_heights(passage.crop.pixels)) <= _EMPTY:
        return Recognition("", passage.source, lines=passage.lines)
    nothing = Problem(
        "nothing_read",
        _advised("something is written here that could not be read", passage.advice),
        Severity.LOST,
        saved_text="\n".join(passage.guesses) or None,
    )
    return Recognition(None, TextSource.NONE, lines=passage.lines, problems=(nothing,))


def _failed(error: OctavoError) -> Recognition:
    return Recognition(None, TextSource.NONE, problems=(Problem(error.code, error.message, Severity.LOST),))


# --- page units and the crop's pixels -----------------------------------------------------------------------------
# A crop does not know its page's size: its region's box is taken for its picture's edges, which is true to a pixel.


def _picture(crop: Crop, line: TextLine) -> LinePicture:
    if line.bend:
        return _unrolled(crop, line)
    box = line.box
    corners = line.quad or (
        (box.left, box.top),
        (box.right, box.top),
        (box.right, box.bottom),
        (box.left, box.bottom),
    )
    origin, unit = _frame(crop)
    return LinePicture(crop.pixels, ((np.array(corners) - origin) / unit).astype(np.float32))


def _unrolled(crop: Crop, line: TextLine) -> LinePicture:
    """A line that runs round, as a level one on a picture of its own."""
    origin, unit = _frame(crop)
    edges = ((np.array(line.bend) - origin) / unit).reshape(2, -1, 2)
    strip = unrolled_line(crop.pixels, edges)
    high, wide = strip.shape[:2]
    return LinePicture(strip, np.array(((0, 0), (wide, 0), (wide, high), (0, high)), np.float32))


def _place(crop: Crop, line: TextLine, read: ReadLine, word: ReadWord) -> Box:
    """Where a word of a line stands on the page."""
    if line.bend:
        return _stretch(line, read, word.start, word.end)
    return _extent(crop, read, word.start, word.end)


def _stretch(line: TextLine, read: ReadLine, start: float, end: float) -> Box:
    """The box on the page of a stretch (0..1) of a line that runs round."""
    if read.quad[0][0] > read.quad[1][0]:  # it was read from its other end
        start, end = 1 - end, 1 - start
    half = len(line.bend) // 2
    first, last = int(start * (half - 1)), max(1, math.ceil(end * (half - 1)))
    points = (*line.bend[first : last + 1], *line.bend[half + first : half + last + 1])
    return bounds(points).clamped()


def _extent(crop: Crop, line: ReadLine, start: float, end: float) -> Box:
    """The box on the page of a stretch (0..1) of a line."""
    upper, lower = line.quad[:2], line.quad[3:1:-1]
    at = np.array(((start,), (end,)), np.float32)
    corners = np.concatenate([edge[0] + (edge[1] - edge[0]) * at for edge in (upper, lower)])
    origin, unit = _frame(crop)
    placed = np.clip(corners * unit + origin, 0, SCALE)
    (left, top), (right, bottom) = placed.min(axis=0), placed.max(axis=0)
    return Box(float(left), float(top), float(right), float(bottom))


def _on_page(line: TextLine, frame: Box) -> TextLine:
    """A line in 0..1000 of a crop, in page units."""
    return replace(line, box=frame.part(line.box), quad=tuple(frame.point(x, y) for x, y in line.quad))


def _frame(crop: Crop) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where the crop begins on the page, and the page units of one of its pixels, across and down."""
    box, (height, width) = crop.region.box, crop.pixels.shape[:2]
    return np.array((box.left, box.top)), np.array((max(box.width, 1e-3) / width, max(box.height, 1e-3) / height))


def _length_over_height(crop: Crop, line: TextLine) -> float:
    _, (across, down) = _frame(crop)
    width, height = line.box.width / float(across), line.box.height / float(down)
    return max(width, height) / max(1.0, min(width, height))


async def open_recognizer(settings: EngineSettings) -> EmbeddedRecognizer:
    return await asyncio.to_thread(EmbeddedRecognizer, settings)
