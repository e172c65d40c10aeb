"""From the strip of a line to its characters: PP-OCRv6's readers, convolutional networks with CTC, a small and a tiny.

Besides the characters, what else might stand there is told: between the middles of its neighbours, how likely another
character was (`Character.rival`). A reading may be wrong only where there is a rival, whether a character was taken for
another or overlooked; how likely the character itself was says less, for it is lower at every edge of a letter.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from octavo import weights
from octavo.document import Pixels
from octavo.frozen import frozen
from octavo.networks.session import Network, Tensor, as_batch
from octavo.networks.strips import widest_gap
from octavo.settings import EngineSettings

_BLANK = 0  # the class that means "no new character here"
_COLUMNS_PER_STEP = 8  # of the strip, per step of the answer
_SHORTEST = 160  # columns: of single characters on shorter strips, three times as many are misread
_LONGEST = 3200  # columns looked at in one go


@frozen
class Character:
    """One character, and the columns of the strip it was seen in."""

    text: str
    start: float
    end: float
    confidence: float  # 0..1
    rival: float = 0.0  # 0..1, how likely another than this and its neighbours was, here or in the gaps beside it

    @property
    def center(self) -> float:
        return (self.start + self.end) / 2


class LineNetwork:
    """One of the readers, ready. Safe to call from several threads."""

    def __init__(
        self, name: str, settings: EngineSettings, alphabet: Callable[[Mapping[str, str]], Sequence[str]]
    ) -> None:
        """`alphabet` finds the characters, without blank and space, given what the makers wrote into the file."""
        self.network = Network(name, settings)
        self._characters = alphabet

    @cached_property
    def _alphabet(self) -> tuple[str, ...]:
        return ("", *self._characters(self.network.metadata), " ")

    def read(self, strip: Pixels, ink: NDArray[np.bool_], first_column: int = 0) -> list[Character]:
        """The characters of a strip that begins at a column of its line."""
        return [
            character
            for columns in _pieces(ink)
            if ink[columns].any()
            for character in self._decoded(
                self.network.run(_prepared(strip[:, columns]))[0][0], first_column + columns.start
            )
        ]

    def _decoded(self, steps: NDArray[np.float32], first_column: int) -> Iterator[Character]:
        """The characters of the likeliest path, each where its run of steps is."""
        best = steps.argmax(axis=1)
        likely = steps[np.arange(len(best)), best]
        starts = np.flatnonzero(np.diff(best, prepend=-1))
        ends = np.append(starts[1:], len(best))
        written = best[starts] != _BLANK
        starts, ends = starts[written], ends[written]
        rivals = _rivals(steps, best)
        before, after = np.append(0, ends)[:-1], np.append(starts, len(best))[1:]
        for start, end, first, last in zip(starts, ends, before, after, strict=True):
            yield Character(
                self._alphabet[best[start]],
                float(first_column + start * _COLUMNS_PER_STEP),
                float(first_column + end * _COLUMNS_PER_STEP),
                float(likely[start:end].max()),
                float(rivals[first:last].max()),
            )

    def close(self) -> None:
        self.network.close()


def tiny(settings: EngineSettings) -> LineNetwork:
    """PP-OCRv6 tiny, 6,904 characters: a fifth of the small one's time (800 columns: 16 and 79 ms, bench 2026-11)."""
    characters = weights.path("quick_reader.txt")
    return LineNetwork("quick_reader.onnx", settings, lambda _: _lines(characters))


def _lines(file: Path) -> list[str]:
    return file.read_text("utf-8").rstrip("\n").split("\n")


def small(settings: EngineSettings) -> LineNetwork:
    """PP-OCRv6 small, 18,708 characters."""
    return LineNetwork("text_reader.onnx", settings, lambda written: written["character"].split("\n"))


def _rivals(steps: NDArray[np.float32], best: NDArray[np.int64]) -> NDArray[np.float32]:
    """Of every step, how likely it is something else than a blank, what was read there, or what was read next to it.

    `steps` is used up.
    """
    every = np.arange(len(best))
    places = np.where(best != _BLANK, every, 0)
    before = best[np.maximum.accumulate(places)]
    places = np.where(best != _BLANK, every, len(best) - 1)
    after = best[np.minimum.accumulate(places[::-1])[::-1]]
    steps[:, _BLANK] = 0
    for known in (best, before, after):
        steps[every, known] = 0
    rivals: NDArray[np.float32] = steps.max(axis=1)
    return rivals


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
    width = columns_seen(strip.shape[1])
    values = strip[:, :, ::-1].astype(np.float32) * np.float32(1 / 127.5) - np.float32(1)
    return as_batch([np.pad(values, ((0, 0), (0, width - strip.shape[1]), (0, 0)))])


def columns_seen(columns: int) -> int:
    """How many columns a network looks at, which is what it costs, to read as many of a strip."""
    width = max(_SHORTEST, columns + _COLUMNS_PER_STEP)
    return width + -width % _COLUMNS_PER_STEP
