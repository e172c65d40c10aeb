"""Which lines are handed to Tesseract, in which language, and which of its answers are taken.

The embedded reader is the first to read every line. Where it sees next to nothing in the long lines of a page, or says
what it sees with little confidence, a few of them are read in each language that is there, and the one that makes sense
of them reads the rest. A page on which it makes sense of every line costs a comparison of numbers, and no process.
"""

import math
import statistics
import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import groupby
from typing import Final

import numpy as np

from octavo.errors import EngineUnavailable, OctavoError
from octavo.frozen import frozen
from octavo.machine import cores
from octavo.networks.strips import Quad, inked, sides, straightened
from octavo.networks.text_reader import LinePicture, ReadLine, ReadWord
from octavo.opencv import cv2
from octavo.settings import EngineSettings
from octavo.tesseract.languages import LANGUAGES, Language, of_code, of_script
from octavo.tesseract.program import ReadStrip, Strip, Tesseract

# Sense is confidence times the share of a line's ink that was read as something: 0..1. Of 1,500 lines of the 34 pages
# with pictures in eval/public and eval/cases whose script the reader knows, an ornament, a formula, a name in small
# capitals and five lines of handwriting have less than 0.8; of 110 lines in Korean, Arabic, Devanagari and Cyrillic
# none has more than 0.6; Hebrew has 0.62 to 0.85, which its other lines tell.
_UNKNOWN: Final = 0.8  # sense of a line, below which its script may be one that the reader does not know
_SURE: Final = 0.9  # sense up to which the other lines of a page with such a script are read by Tesseract, too
_LONG: Final = 2.5  # length over height from which a line tells; shorter ones may be stains and ornaments
_ENOUGH: Final = 0.02  # share of the length of a page's lines that must be unknown: the ornament has 0.001, four Korean
# lines of a page in English have 0.23
_SAMPLE: Final = 3  # lines that are read in each language; the one in the middle counts
# Confidence of a language that makes sense: the right one has 0.82 or more, a wrong one up to 0.68, but for Thai's,
# which is 0.83 sure of Hebrew: so others are tried until one is certain.
_RIGHT: Final = 0.77  # confidence, at least
_CERTAIN: Final = 0.9  # confidence from which no other language is tried
_READ: Final = 0.4  # confidence from which a line of that language counts as read
_FALSE_FRIEND: Final = 0.6  # sense of a line, at most, whose letters the reader takes for others or leaves out
_FEWEST_GREEK: Final = 8  # letters in a line that is taken for Greek, not for a formula
_AROUND: Final = 0.15  # heights of a line around it: Arabic's dots and Thai's marks stick out of what was found
_FRAKTUR: Final = "Fraktur"  # as Tesseract calls the script
_SCRIPT_SAMPLE: Final = 10  # lines that tell a script: the detection wants some 50 letters
_PER_PROCESS: Final = 8  # lines from which a further process pays: loading a language takes as long as reading two


@frozen
class OtherReading:
    """What the lines of a page say, all of them, and what to tell of those that could not be read."""

    lines: list[ReadLine]
    advice: str = ""  # for people: why Tesseract could not help, and what to install


class OtherScripts:
    """Tesseract, started for lines that the embedded reader cannot read. Safe to call from several threads."""

    def __init__(self, settings: EngineSettings) -> None:
        """Raises EngineUnavailable where a language of the settings is missing; without any, it is looked for when the
        first page needs it."""
        self._settings = settings
        self._threads = settings.threads or cores()
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="tesseract")
        self._opening = threading.Lock()
        self._opened: tuple[Tesseract, tuple[Language, ...]] | None = None
        self._last = ""  # the script found last, which is tried first on the next page
        if settings.languages:
            self._open()

    @property
    def described(self) -> str:
        """What ran; empty where nothing had to."""
        if self._opened is None:
            return ""
        program, languages = self._opened
        return f"{program.described} ({', '.join(language.code for language in languages)})"

    def read(self, pictures: Sequence[LinePicture], answers: Sequence[ReadLine]) -> OtherReading:
        """The same answers, better where lines are in a script that the embedded reader does not know."""
        senses = [sense(answer) for answer in answers]
        if not self._settings.languages and not unknown_lines(pictures, senses):
            return OtherReading(list(answers))
        try:
            program, languages = self._open()
            return self._read(pictures, answers, senses, program, languages)
        except OctavoError as error:
            return OtherReading(_doubted(answers, senses), error.message)

    def confidence(self, pictures: Sequence[LinePicture]) -> float:
        """How sure the surest language is of the longest of some lines, 0..1; 0 where Tesseract cannot say."""
        try:
            program, languages = self._open()
            sample = sorted(pictures, key=lambda picture: -sides(picture.quad)[0])[:_SAMPLE]
            best = self._best([LineStrip.of(picture) for picture in sample], program, languages)
        except OctavoError:
            return 0.0
        return best.confidence if best else 0.0

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _open(self) -> tuple[Tesseract, tuple[Language, ...]]:
        with self._opening:
            if self._opened is None:
                program = Tesseract(self._settings.tesseract_command, seconds=self._settings.tesseract_seconds)
                self._opened = program, chosen(self._settings.languages, program.codes)
            return self._opened

    def _read(
        self,
        pictures: Sequence[LinePicture],
        answers: Sequence[ReadLine],
        senses: list[float],
        program: Tesseract,
        languages: Sequence[Language],
    ) -> OtherReading:
        strips = [LineStrip.of(picture) for picture in pictures]
        if self._is_fraktur(strips, program):
            senses = [min(known, _FALSE_FRIEND) for known in senses]
        lines, left = list(answers), list(languages)
        while (unknown := unknown_lines(pictures, senses)) and (
            language := self._language([strips[number] for number in unknown[:_SAMPLE]], program, left)
        ):
            wanted = [number for number, known in enumerate(senses) if known < _SURE and strips[number].is_level]
            for number, read in zip(wanted, self._all(program, [strips[n] for n in wanted], language), strict=True):
                if language.writes(read.text) and read.confidence >= max(_READ, senses[number]):
                    lines[number] = strips[number].placed(read)
                    senses[number] = 1.0
            left = [other for other in left if other.script != language.script]
        sample = [strips[number].pixels for number in unknown[:_SCRIPT_SAMPLE]]
        return OtherReading(_doubted(lines, senses), self._advice(sample, program, languages) if unknown else "")

    def _is_fraktur(self, strips: Sequence["LineStrip"], program: Tesseract) -> bool:
        """Whether a page is in Fraktur, where the settings ask for that: looking takes a second of CPU, and the reader
        itself takes its letters for others and is sure of it."""
        if not any(of_code(code).script == _FRAKTUR for code in self._settings.languages):
            return False
        longest = sorted(strips, key=lambda strip: -strip.pixels.shape[1])[:_SCRIPT_SAMPLE]
        return program.script([strip.pixels for strip in longest]) == _FRAKTUR

    def _language(
        self, sample: Sequence["LineStrip"], program: Tesseract, languages: Iterable[Language]
    ) -> Language | None:
        """The language that makes most sense of a few lines; of one script's, that whose own letters are there."""
        best = self._best(sample, program, languages)
        if best is None or best.confidence < _RIGHT:
            return None
        self._last = best.language.script
        return best.language

    def _best(
        self, sample: Sequence["LineStrip"], program: Tesseract, languages: Iterable[Language]
    ) -> "_Trial | None":
        """The best trial of each script, and of these the surest; those after one that is certain are left out."""
        pixels = [strip.pixels for strip in sample]
        ordered = sorted(languages, key=lambda language: (language.script != self._last, language.script))
        tried: list[_Trial] = []
        for _, group in groupby(ordered, key=lambda language: language.script):
            reads = self._pool.map(lambda language: _Trial(language, program.read(pixels, language.code)), group)
            tried.append(max(reads, key=lambda trial: (trial.confidence >= _RIGHT, trial.is_told, trial.confidence)))
            if tried[-1].confidence >= _CERTAIN:
                break
        return max(tried, key=lambda trial: trial.confidence, default=None)

    def _all(self, program: Tesseract, strips: Sequence["LineStrip"], language: Language) -> list[ReadStrip]:
        count = min(self._threads, math.ceil(len(strips) / _PER_PROCESS))
        parts = [[strip.pixels for strip in strips[start::count]] for start in range(count)]
        reads = list(self._pool.map(lambda part: program.read(part, language.code), parts))
        return [reads[number % count][number // count] for number in range(len(strips))]

    def _advice(self, sample: Sequence[Strip], program: Tesseract, languages: Sequence[Language]) -> str:
        """What to install for lines that none of the languages makes sense of."""
        script = program.script(sample)
        wanted = of_script(script) if script else None
        if wanted is None or wanted.script in {language.script for language in languages}:
            return ""
        return (
            f"they look like {wanted.name}: install the data of Tesseract's language {wanted.code} "
            f"(Debian: apt install {wanted.package})"
        )


# --- which lines, which languages ---------------------------------------------------------------------------------


def unknown_lines(pictures: Sequence[LinePicture], senses: Sequence[float]) -> list[int]:
    """The lines whose script may be one that the reader does not know, the longest first; none where they are few."""
    extents = [sides(picture.quad) for picture in pictures]
    unknown = [
        number
        for number, (length, height) in enumerate(extents)
        if length >= _LONG * height and senses[number] < _UNKNOWN
    ]
    if sum(extents[number][0] for number in unknown) < _ENOUGH * sum(length for length, _ in extents):
        return []
    return sorted(unknown, key=lambda number: -extents[number][0])


def sense(line: ReadLine) -> float:
    """How much sense the embedded reader makes of a line, 0..1."""
    known: float = line.confidence * line.covered
    return min(known, _FALSE_FRIEND) if _is_greek(line) else known


def _doubted(lines: Sequence[ReadLine], senses: Sequence[float]) -> list[ReadLine]:
    """The lines, with no more confidence where their letters were taken for others than that leaves."""
    return [
        replace(line, confidence=min(line.confidence, known)) if known == _FALSE_FRIEND else line
        for line, known in zip(lines, senses, strict=True)
    ]


def _is_greek(line: ReadLine) -> bool:
    """Running text in Greek: the reader knows its letters, but none with an accent, and leaves those out."""
    letters = [letter for letter in line.text if letter.isalpha()]
    return len(letters) >= _FEWEST_GREEK and of_code("ell").writes(line.text)


def chosen(wanted: Sequence[str], there: Iterable[str]) -> tuple[Language, ...]:
    """The languages that are tried: those of the settings, or all that are there and needed for a script.

    Raises EngineUnavailable where one that is wanted is missing.
    """
    codes = set(there)
    for code in wanted:
        if code not in codes:
            package = of_code(code).package
            raise EngineUnavailable(f"Tesseract has no language {code!r} here (Debian: apt install {package})")
    return tuple(map(of_code, wanted)) or tuple(language for language in LANGUAGES if language.code in codes)


@frozen
class _Trial:
    """A few lines, read in one language."""

    language: Language
    reads: Sequence[ReadStrip]

    @property
    def confidence(self) -> float:
        return statistics.median(read.confidence for read in self.reads)

    @property
    def is_told(self) -> bool:
        return self.language.is_told_by(" ".join(read.text for read in self.reads))


# --- a line and its strip -----------------------------------------------------------------------------------------


@frozen
class LineStrip:
    """A line as Tesseract gets it: level, grey, and cut where its ink begins and ends."""

    pixels: Strip
    quad: Quad  # of the whole line, on its picture
    start: float  # 0..1 of the line's length: where the strip begins, less than 0 where it reaches out of it
    end: float

    @classmethod
    def of(cls, line: LinePicture) -> "LineStrip":
        length, height = sides(line.quad)
        ink = inked(straightened(line.pixels, line.quad))
        columns = np.flatnonzero(ink)
        first, last = (columns[0], columns[-1] + 1) if len(columns) else (0, len(ink))
        around = _AROUND * height / length
        start, end = float(first / len(ink)) - around, float(last / len(ink)) + around
        strip = straightened(line.pixels, _stretch(line.quad, start, end))
        return cls(cv2.cvtColor(strip, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False), line.quad, start, end)

    @property
    def is_level(self) -> bool:
        """Whether it runs from side to side, as far as its shape tells."""
        length, height = sides(self.quad)
        return length >= height

    def placed(self, read: ReadStrip) -> ReadLine:
        """What was read on the strip, as the embedded reader would have said it."""
        words = [ReadWord(word.text, *map(self._along, (word.start, word.end))) for word in read.words]
        return ReadLine(tuple(words), read.confidence, 1.0, self.quad)

    def _along(self, column: int) -> float:
        """A column of the strip in 0..1 of the line."""
        place = self.start + (self.end - self.start) * column / len(self.pixels[0])
        return min(1.0, max(0.0, place))


def _stretch(quad: Quad, start: float, end: float) -> Quad:
    """The part of a line from `start` to `end` of its length, and `_AROUND` more above and below."""
    top_left, top_right, bottom_right, bottom_left = quad
    top, bottom = top_right - top_left, bottom_right - bottom_left
    corners = (top_left + top * start, top_left + top * end, bottom_left + bottom * end, bottom_left + bottom * start)
    upper_left, upper_right, lower_right, lower_left = corners
    left, right = (lower_left - upper_left) * _AROUND, (lower_right - upper_right) * _AROUND
    return np.array((upper_left - left, upper_right - right, lower_right + right, lower_left + left), np.float32)
