"""What is written in a line of text: PP-OCRv6's reader (a convolutional network with CTC), and words of its answer.

A line is cut out along its quad, which also says which way it is read: the same corners, counted from another one,
give the line turned. The network's cost is proportional to the width of what it sees and does not fall in batches
(bench, 2026-11: 0.33 ms per 8 columns, whether one line or sixteen), so every line is read alone at its own width,
many of them side by side.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from octavo.document import Pixels
from octavo.glyphs.scripts import unspaced
from octavo.networks.session import Allowance, Network, Tensor, as_batch
from octavo.networks.strips import EDGE, FAINTEST, Quad, inked, sides, straightened, widest_gap
from octavo.settings import EngineSettings

WEIGHTS = "text_reader.onnx"

_BLANK = 0  # the class that means "no new character here"
_COLUMNS_PER_STEP = 8  # of the strip, per step of the answer
_SHORTEST = 160  # columns: of single characters on shorter strips, three times as many are misread
_LONGEST = 3200  # columns looked at in one go
_UNSURE = 0.75  # sense below which the unlikely ways of reading a line are tried
_SURER = 0.15  # more sense one of those must make
_TALL = 1.5  # height over width from which a line is read turned
_COLUMN = 3.0  # the same from which it can only be a line that stands on end

_STROKE = 6  # dark rows from which a column is more than a rule or a dot
_REACH = 36  # columns from a character's middle that are taken for its own
_WIDE_GAP = 24  # columns: between ideographs, a gap where a space was seen
_SPACE = 0.85  # of the spaces the network saw in a line: a gap as wide is one too
_FAR_WIDER = 2.5  # times the gaps within words that it must be
_FEWEST_SPACES = 2  # in a line from which there is something to compare with
_NARROWEST_SPACE = 6  # columns: where rules fill the gaps of a line, none is one
_NARROW = frozenset("ijlftrI")
_COLUMN_GAP = 48  # columns: a gap between columns, whatever the network saw


@dataclass(frozen=True, slots=True)
class LinePicture:
    """A line to be read: where it is on which picture, its corners from where reading starts."""

    pixels: Pixels
    quad: Quad


@dataclass(frozen=True, slots=True)
class Character:
    """One character, and the columns of the strip it was seen in."""

    text: str
    start: float
    end: float
    confidence: float  # 0..1

    @property
    def center(self) -> float:
        return (self.start + self.end) / 2


@dataclass(frozen=True, slots=True)
class ReadWord:
    """Characters without a gap, and their extent along the line."""

    text: str
    start: float  # 0..1 of the line
    end: float


@dataclass(frozen=True, slots=True)
class ReadLine:
    """What a line says: its words joined by spaces."""

    words: tuple[ReadWord, ...]
    confidence: float  # 0..1, mean over the characters; 0 where there are none
    covered: float  # 0..1, share of the ink that was read as something
    quad: Quad  # as it was read: a turned line starts at another corner than it was handed in with

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)


class TextReader:
    """The network, ready. Safe to call from several threads."""

    def __init__(self, settings: EngineSettings) -> None:
        self._network = Network(WEIGHTS, settings)

    @cached_property
    def _alphabet(self) -> tuple[str, ...]:
        return ("", *self._network.metadata["character"].split("\n"), " ")

    @property
    def described(self) -> str:
        return f"PP-OCRv6 small text recognition: {self._network.described}"

    def read(self, lines: Sequence[LinePicture], allowance: Allowance) -> list[ReadLine]:
        """What each line says, in order; read the way that gives most sense, where its shape leaves a doubt.

        Lines for which the allowance does not reach say nothing.
        """

        def read(line: LinePicture) -> ReadLine:
            with allowance.spending() as is_left:
                return self._read(line) if is_left else ReadLine((), 0.0, 0.0, line.quad)

        return self._network.map(read, lines)

    def read_as_given(self, lines: Sequence[LinePicture]) -> list[ReadLine]:
        """The same, each from its first corner on and no other way."""
        return self._network.map(lambda line: self._look(line.pixels, line.quad), lines)

    def _read(self, line: LinePicture) -> ReadLine:
        """The way it reads best; one way round is tried after the other only where the likely ones fail."""
        likely, unlikely = _ways(line.quad)
        best = max((self._look(line.pixels, quad) for quad in likely), key=_sense)
        if _sense(best) < _UNSURE and unlikely:
            other = max((self._look(line.pixels, quad) for quad in unlikely), key=_sense)
            best = other if _sense(other) > _sense(best) + _SURER else best
        return best

    def _look(self, pixels: Pixels, quad: Quad) -> ReadLine:
        strip = straightened(pixels, quad)
        ink = inked(strip)
        characters = [
            character
            for columns in _pieces(ink)
            if ink[columns].any()
            for character in self._decoded(self._network.run(_prepared(strip[:, columns]))[0][0], columns.start)
        ]
        confidence = float(np.mean([character.confidence for character in characters])) if characters else 0.0
        return ReadLine(words_of(characters, ink), confidence, _covered(characters, strip), quad)

    def _decoded(self, steps: NDArray[np.float32], first_column: int) -> list[Character]:
        """The characters of the likeliest path, each where its run of steps is."""
        best = steps.argmax(axis=1)
        likely = steps[np.arange(len(best)), best]
        starts = np.flatnonzero(np.diff(best, prepend=-1))
        ends = np.append(starts[1:], len(best))
        return [
            Character(
                self._alphabet[best[start]],
                float(first_column + start * _COLUMNS_PER_STEP),
                float(first_column + end * _COLUMNS_PER_STEP),
                float(likely[start:end].max()),
            )
            for start, end in zip(starts, ends, strict=True)
            if best[start] != _BLANK
        ]

    def close(self) -> None:
        self._network.close()


def _sense(read: ReadLine) -> float:
    """How much sense a reading makes: how sure it is, and of how much of the ink."""
    return read.confidence * read.covered


# --- the strip of pixels the network sees -----------------------------------------------------------------------


def _ways(quad: Quad) -> tuple[list[Quad], list[Quad]]:
    """The corners from where reading may start: likely ones, and those worth a try where the likely fail."""
    width, height = sides(quad)
    downwards, upwards, backwards = (np.roll(quad, turns, axis=0) for turns in (-1, 1, 2))
    if height < _TALL * width:
        return [quad], [backwards] if width > _TALL * height else []
    if height < _COLUMN * width:  # a narrow character, or two lying on their side
        return [quad], [downwards, upwards]
    return [downwards, upwards], []


def _pieces(ink: NDArray[np.bool_]) -> list[slice]:
    """The columns of a strip, parted in gaps where it is longer than the network should see at once.

    What it keeps in mind of a line grows with the square of the length.
    """
    count = math.ceil(len(ink) / _LONGEST)
    reach = _LONGEST / 10
    middles = [len(ink) * part / count for part in range(1, count)]
    gaps = [widest_gap(ink, middle - reach, middle + reach) for middle in middles]
    edges = [0, *((gap.start + gap.stop) // 2 for gap in gaps), len(ink)]
    return [slice(start, end) for start, end in pairwise(edges)]


def _prepared(strip: Pixels) -> Tensor:
    """Blue first and -1..1, as in training; with grey to the right, as in training too.

    Without at least one step of grey, the last character of a line gets lost.
    """
    width = max(_SHORTEST, strip.shape[1] + _COLUMNS_PER_STEP)
    grey = width + -width % _COLUMNS_PER_STEP - strip.shape[1]
    values = strip[:, :, ::-1].astype(np.float32) * np.float32(1 / 127.5) - np.float32(1)
    return as_batch([np.pad(values, ((0, 0), (0, grey), (0, 0)))])


# --- words ------------------------------------------------------------------------------------------------------


def words_of(characters: Sequence[Character], ink: NDArray[np.bool_]) -> tuple[ReadWord, ...]:
    """The characters as words, whose ends are put where the ink is.

    The network says the spaces of scripts that have them. Between ideographs its spaces are dropped, unless the gap
    is as wide as in a table; there a word ends even where the network saw no space.
    """
    seen = [character for character in characters if character.text != " "]
    if not seen:
        return ()
    spaced = [second.text == " " for first, second in pairwise(characters) if first.text != " "]
    gaps = [widest_gap(ink, first.center, second.center) for first, second in pairwise(seen)]
    space = _space(gaps, spaced)
    breaks = [
        place
        for place, (pair, gap, seen_space) in enumerate(zip(pairwise(seen), gaps, spaced, strict=False), start=1)
        if _parts(*pair, gap.stop - gap.start, space, spaced=seen_space)
    ]
    inked = np.append(np.flatnonzero(ink), len(ink))
    starts = [min(float(inked[0]), seen[0].start), *(float(gaps[place - 1].stop) for place in breaks)]
    ends = [*(float(gaps[place - 1].start) for place in breaks), min(len(ink), max(inked[-2:][0] + 1.0, seen[-1].end))]
    texts = ["".join(character.text for character in seen[a:b]) for a, b in pairwise((0, *breaks, len(seen)))]
    return tuple(
        ReadWord(text, start / len(ink), end / len(ink)) for text, start, end in zip(texts, starts, ends, strict=True)
    )


def _space(gaps: Sequence[slice], spaced: Sequence[bool]) -> float:
    """How wide a gap between letters is a space, though the network saw none: it overlooks one in a hundred."""
    seen = [gap.stop - gap.start for gap, space in zip(gaps, spaced, strict=False) if space]
    between = [gap.stop - gap.start for gap, space in zip(gaps, spaced, strict=False) if not space]
    if len(seen) < _FEWEST_SPACES or not between:
        return _COLUMN_GAP
    wide = max(_SPACE * float(np.median(seen)), _FAR_WIDER * float(np.median(between)), _NARROWEST_SPACE)
    return min(_COLUMN_GAP, wide)


def _parts(first: Character, second: Character, gap: int, space: float, *, spaced: bool) -> bool:
    """Whether a word ends between two characters."""
    if unspaced(first.text) and unspaced(second.text):
        return gap >= (_WIDE_GAP if spaced else _COLUMN_GAP)
    if spaced or gap >= _COLUMN_GAP:
        return True
    if first.text.isdigit() and second.text.isdigit():
        return False
    # Where a narrow letter stands is known to a column or two only: the gap may be one beside it.
    return gap >= space and all(one.text.isalnum() and one.text not in _NARROW for one in (first, second))


def _covered(characters: Sequence[Character], strip: Pixels) -> float:
    """Share of the columns with letters in them that are near to a character that was read.

    In a script the network does not know, it sees nothing at all for long stretches, and says the rest with some
    confidence.
    """
    grey = cv2.cvtColor(strip, cv2.COLOR_RGB2GRAY)[EDGE:-EDGE].astype(np.int16)
    far = np.abs(grey - np.median(grey)) > FAINTEST * (int(grey.max()) - int(grey.min()))
    columns = np.flatnonzero((far.sum(axis=0) >= _STROKE) & (far.sum(axis=0) < len(grey)))
    if not len(columns):
        return 1.0
    centers = np.array([character.center for character in characters if character.text != " "])
    near = np.abs(columns[:, None] - centers[None, :]).min(axis=1, initial=np.inf) <= _REACH
    return float(near.mean())
