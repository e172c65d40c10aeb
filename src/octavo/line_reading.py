"""Lines that were found on pictures, read: by the embedded networks, and by Tesseract where the script is not theirs.

Those of a page that is a picture are read before anything is made of them, because words tell more than places do;
with its regions come those that nobody has tried yet. What could not be read says so itself.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from octavo.document import Pixels, TextLine, Unread, Word
from octavo.errors import LimitExceeded
from octavo.frozen import frozen
from octavo.geometry import SCALE, Box, bounds
from octavo.leaning.rings import unrolled_line
from octavo.networks.session import Allowance
from octavo.networks.text_reader import LinePicture, ReadLine, ReadWord, TextReader
from octavo.settings import EngineSettings
from octavo.tesseract.reader import OtherReading, OtherScripts

_UNREAD: Final = 0.4  # confidence below which a line does not count as read
_COVERED: Final = 0.5  # share of a line's ink that must have been read as something


@frozen
class LineOnPicture:
    """A line in page units, and the picture that shows it."""

    line: TextLine
    pixels: Pixels
    frame: Box  # the part of the page that the picture shows

    @property
    def _unit(self) -> NDArray[np.float64]:
        """Page units of one pixel, across and down."""
        height, width = self.pixels.shape[:2]
        return np.array((max(self.frame.width, 1e-3) / width, max(self.frame.height, 1e-3) / height))

    @property
    def _origin(self) -> NDArray[np.float64]:
        return np.array((self.frame.left, self.frame.top))

    @property
    def picture(self) -> LinePicture:
        if self.line.bend:
            return self._unrolled
        box = self.line.box
        corners = self.line.quad or (
            (box.left, box.top),
            (box.right, box.top),
            (box.right, box.bottom),
            (box.left, box.bottom),
        )
        return LinePicture(self.pixels, ((np.array(corners) - self._origin) / self._unit).astype(np.float32))

    @property
    def _unrolled(self) -> LinePicture:
        """A line that runs round, as a level one on a picture of its own."""
        edges = ((np.array(self.line.bend) - self._origin) / self._unit).reshape(2, -1, 2)
        strip = unrolled_line(self.pixels, edges)
        high, wide = strip.shape[:2]
        return LinePicture(strip, np.array(((0, 0), (wide, 0), (wide, high), (0, high)), np.float32))

    @property
    def length_over_height(self) -> float:
        width, height = np.array((self.line.box.width, self.line.box.height)) / self._unit
        return float(max(width, height) / max(1.0, min(width, height)))

    def place(self, read: ReadLine, word: ReadWord) -> Box:
        """Where a word of the line stands on the page."""
        stretch = self._stretch_of_bend if self.line.bend else self._stretch
        return stretch(read, word.start, word.end)

    def _stretch_of_bend(self, read: ReadLine, start: float, end: float) -> Box:
        """The box of a stretch (0..1) of a line that runs round."""
        if read.quad[0][0] > read.quad[1][0]:  # it was read from its other end
            start, end = 1 - end, 1 - start
        bend = self.line.bend
        half = len(bend) // 2
        first, last = int(start * (half - 1)), max(1, math.ceil(end * (half - 1)))
        return bounds((*bend[first : last + 1], *bend[half + first : half + last + 1])).clamped()

    def _stretch(self, line: ReadLine, start: float, end: float) -> Box:
        """The box of a stretch (0..1) of a level or a slanted line."""
        upper, lower = line.quad[:2], line.quad[3:1:-1]
        at = np.array(((start,), (end,)), np.float32)
        corners = np.concatenate([edge[0] + (edge[1] - edge[0]) * at for edge in (upper, lower)])
        placed = np.clip(corners * self._unit + self._origin, 0, SCALE)
        (left, top), (right, bottom) = placed.min(axis=0), placed.max(axis=0)
        return Box(float(left), float(top), float(right), float(bottom))


class LineReader:
    """The networks that read lines, and Tesseract, ready. Safe to call from several threads."""

    def __init__(self, settings: EngineSettings) -> None:
        self._reader = TextReader(settings)
        self._others = OtherScripts(settings)
        self._seconds = settings.reading_seconds

    @property
    def described(self) -> str:
        return "; ".join(filter(None, (self._reader.described, self._others.described)))

    def allowance(self) -> Allowance:
        """The CPU time that the lines of one page may take."""
        return Allowance(self._seconds)

    def read(self, lines: Sequence[LineOnPicture], allowance: Allowance) -> list[TextLine]:
        """The lines of a page with their text, words and confidence; those that could not be read know why.

        Raises EngineFailed, and EngineUnavailable where a network cannot be loaded.
        """
        pictures = [line.picture for line in lines]
        read = self._reader.read(pictures, allowance)
        # Where lines were not tried, they tell nothing of their script.
        reading = OtherReading(read) if allowance.was_short else self._others.read(pictures, read)
        why = Unread(advice=reading.advice)
        if allowance.was_short:
            most = f"the page takes more than {self._seconds:g} s of CPU time to be read (`reading_seconds`)"
            why = Unread(advice=most, code=LimitExceeded.code)
        return [_answered(line, answer, why) for line, answer in zip(lines, reading.lines, strict=True)]

    def close(self) -> None:
        self._reader.close()
        self._others.close()


def _answered(seen: LineOnPicture, answer: ReadLine, why: Unread) -> TextLine:
    if answer.confidence < _UNREAD or answer.covered < _COVERED:
        return replace(seen.line, confidence=answer.confidence, unread=replace(why, guess=answer.text))
    words = tuple(Word(word.text, seen.place(answer, word)) for word in answer.words)
    return replace(seen.line, text=answer.text, words=words, confidence=answer.confidence)
