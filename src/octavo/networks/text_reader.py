"""What is written in a line of text: PP-OCRv6's two readers, and words of their answers.

A line is cut out along its quad, which also says which way it is read: the same corners, counted from another one,
give the line turned. The tiny network reads it first, and the small one, five times as slow, reads again what of it is
doubtful (`doubts`), mostly a word or two. Their cost is proportional to the width of what they see and does not fall in
batches (bench, 2026-11: 0.33 ms per 8 columns for the small one, whether one line or sixteen), so every line is read
alone at its own width, many of them side by side.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from octavo.document import Pixels
from octavo.frozen import frozen
from octavo.glyphs.scripts import unspaced
from octavo.networks import line_networks
from octavo.networks.doubts import Stretch, doubted
from octavo.networks.line_networks import Character
from octavo.networks.session import Allowance
from octavo.networks.strips import EDGE, FAINTEST, Quad, inked, sides, straightened, widest_gap
from octavo.opencv import cv2
from octavo.settings import EngineSettings

_UNSURE = 0.75  # sense below which the unlikely ways of reading a line are tried
_SURER = 0.15  # more sense one of those must make
_TALL = 1.5  # height over width from which a line is read turned
_COLUMN = 3.0  # the same from which it can only be a line that stands on end

_SMALL_PRINT = 16.0  # pixels: lines lower than this are blurred in a strip, and only the small network reads them
_OVERLOOKED = 0.9  # share of a line's ink covered below which the tiny network does not know what is written there
_SAMPLE = 8  # lines of a page by which the tiny network is judged
_WORTHLESS = 0.7  # share of their columns read again from which it does not read the others: each would be read twice

_STROKE = 6  # dark rows from which a column is more than a rule or a dot
_REACH = 36  # columns from a character's middle that are taken for its own
_WIDE_GAP = 24  # columns: between ideographs, a gap where a space was seen
_SPACE = 0.85  # of the spaces the network saw in a line: a gap as wide is one too
_FAR_WIDER = 2.5  # times the gaps within words that it must be
_FEWEST_SPACES = 2  # in a line from which there is something to compare with
_NARROWEST_SPACE = 6  # columns: where rules fill the gaps of a line, none is one
_NARROW = frozenset("ijlftrI")
_COLUMN_GAP = 48  # columns: a gap between columns, whatever the network saw


@frozen
class LinePicture:
    """A line to be read: where it is on which picture, its corners from where reading starts."""

    pixels: Pixels
    quad: Quad


@frozen
class ReadWord:
    """Characters without a gap, and their extent along the line."""

    text: str
    start: float  # 0..1 of the line
    end: float


@frozen
class ReadLine:
    """What a line says: its words joined by spaces."""

    words: tuple[ReadWord, ...]
    confidence: float  # 0..1, mean over the characters; 0 where there are none
    covered: float  # 0..1, share of the ink that was read as something
    quad: Quad  # as it was read: a turned line starts at another corner than it was handed in with
    again: float = 0.0  # 0..1, share of its length that the small network read

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)


class TextReader:
    """The networks, ready. Safe to call from several threads."""

    def __init__(self, settings: EngineSettings) -> None:
        self._quick = line_networks.tiny(settings)
        self._careful = line_networks.small(settings)

    @property
    def described(self) -> str:
        small = f"PP-OCRv6 small text recognition: {self._careful.network.described}"
        return f"{small}, for what the tiny one doubts: {self._quick.network.described}"

    def read(self, lines: Sequence[LinePicture], allowance: Allowance) -> list[ReadLine]:
        """What each line says, in order; read the way that gives most sense, where its shape leaves a doubt.

        Where the tiny network doubts most of a page's lines (another script, a hand), it is not asked for the rest.
        Lines for which the allowance does not reach say nothing.
        """

        def read(line: LinePicture, *, quickly: bool) -> ReadLine:
            with allowance.spending() as is_left:
                return self._read(line, quickly=quickly) if is_left else ReadLine((), 0.0, 0.0, line.quad)

        judged = range(0, len(lines), max(1, len(lines) // _SAMPLE)) if len(lines) > 2 * _SAMPLE else range(len(lines))
        sample = self._map(partial(read, quickly=True), [lines[place] for place in judged])
        done = dict(zip(judged, sample, strict=True))
        rest = [place for place in range(len(lines)) if place not in done]
        quickly = _read_again(sample) < _WORTHLESS
        done.update(zip(rest, self._map(partial(read, quickly=quickly), [lines[place] for place in rest]), strict=True))
        return [done[place] for place in range(len(lines))]

    def read_as_given(self, lines: Sequence[LinePicture]) -> list[ReadLine]:
        """The same, each from its first corner on and no other way."""
        return self._map(lambda line: self._look(line.pixels, line.quad), lines)

    def _map(self, work: Callable[[LinePicture], ReadLine], lines: Sequence[LinePicture]) -> list[ReadLine]:
        return self._careful.network.map(work, lines)

    def _read(self, line: LinePicture, *, quickly: bool) -> ReadLine:
        """The way it reads best; one way round is tried after the other only where the likely ones fail."""
        likely, unlikely = _ways(line.quad)
        best = max((self._look(line.pixels, quad, quickly=quickly) for quad in likely), key=_sense)
        if _sense(best) < _UNSURE and unlikely:
            other = max((self._look(line.pixels, quad, quickly=quickly) for quad in unlikely), key=_sense)
            best = other if _sense(other) > _sense(best) + _SURER else best
        return best

    def _look(self, pixels: Pixels, quad: Quad, *, quickly: bool = True) -> ReadLine:
        strip = straightened(pixels, quad)
        ink = inked(strip)
        again = 1.0
        if quickly and sides(quad)[1] >= _SMALL_PRINT:
            characters, again = self._checked(self._quick.read(strip, ink), strip, ink)
        else:
            characters = self._careful.read(strip, ink)
        confidence = float(np.mean([character.confidence for character in characters])) if characters else 0.0
        return ReadLine(words_of(characters, ink), confidence, _covered(characters, strip), quad, again)

    def _checked(
        self, characters: list[Character], strip: Pixels, ink: NDArray[np.bool_]
    ) -> tuple[list[Character], float]:
        """The characters, those of doubtful words read again, and which share of the line that was."""
        if _covered(characters, strip) < _OVERLOOKED:
            return self._careful.read(strip, ink), 1.0
        stretches = doubted(characters, ink)
        share = sum(end - start for start, end in stretches) / len(ink)
        return list(self._mended(characters, stretches, strip, ink)), share

    def _mended(
        self, characters: Sequence[Character], stretches: Sequence[Stretch], strip: Pixels, ink: NDArray[np.bool_]
    ) -> Iterator[Character]:
        """The characters from left to right, those of the stretches from the small network, a space at each seam."""
        done = 0
        for start, end in stretches:
            yield from _between(characters, done, start)
            if start:
                yield _space_at(start)
            for one in self._careful.read(strip[:, start:end], ink[start:end], start):
                yield replace(one, start=min(one.start, end - 1), end=min(one.end, end))
            if end < len(ink):
                yield _space_at(end)
            done = end
        if done < len(ink):  # with what is seen in the grey behind the strip
            yield from _between(characters, done, math.inf)

    def close(self) -> None:
        self._quick.close()
        self._careful.close()


def _between(characters: Sequence[Character], start: float, end: float) -> list[Character]:
    return [character for character in characters if start <= character.center < end]


def _space_at(column: int) -> Character:
    return Character(" ", column, column, 1.0)


def _read_again(lines: Sequence[ReadLine]) -> float:
    """Share of the lines' length that the tiny network could not read, or was not asked to."""
    return sum(line.again for line in lines) / max(1, len(lines))


def _sense(read: ReadLine) -> float:
    """How much sense a reading makes: how sure it is, and of how much of the ink."""
    return read.confidence * read.covered


# --- ways to read a line -----------------------------------------------------------------------


def _ways(quad: Quad) -> tuple[list[Quad], list[Quad]]:
    """The corners from where reading may start: likely ones, and those worth a try where the likely fail."""
    width, height = sides(quad)
    downwards, upwards, backwards = (np.roll(quad, turns, axis=0) for turns in (-1, 1, 2))
    if height < _TALL * width:
        return [quad], [backwards] if width > _TALL * height else []
    if height < _COLUMN * width:  # a narrow character, or two lying on their side
        return [quad], [downwards, upwards]
    return [downwards, upwards], []


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
