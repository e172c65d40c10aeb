"""Pages that lie on their side or head are turned upright, before anything is looked for on them.

Turning a page that stands upright ruins it, so the evidence has to be strong. A trusted text layer knows which way its
text runs. Otherwise a network looks at the page; what it wants turned is turned only if lines of text can be read
better that way, by the reader or by Tesseract, or, in a script that cannot be read here, if the network is sure and the
lines run as it says.
"""

import threading
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from octavo.document import PageImage, Pixels, TextLayer, TextLine, Trust, Word
from octavo.geometry import SCALE
from octavo.networks.orientation import OrientationNetwork
from octavo.networks.text_lines import FoundLine, TextLines
from octavo.networks.text_reader import LinePicture, TextReader
from octavo.settings import EngineSettings
from octavo.tesseract.reader import OtherScripts

_STANDS = 0.6  # the network's word that a page stands upright, from which nothing else is asked
_SURE = 0.9  # the network's word for a turn, from which it counts where nothing can be read
_MAKES_SENSE = (
    0.77  # confidence of Tesseract's from which it tells which way round a page is (as in `tesseract.reader`)
)
_SAMPLE = 8  # lines read for a second opinion
_READABLE = 0.75  # how well they must read
_BETTER = 0.15  # by how much better than the other way round
_FEWEST_LINES = 2
_LONG = 2.0  # length over height from which a line tells which way it runs


class Orientation:
    """The network that looks, and those that read where it is not sure. Safe to call from several threads."""

    def __init__(self, settings: EngineSettings) -> None:
        self._settings = settings
        self._network = OrientationNetwork(settings)
        self._second: _SecondOpinion | None = None  # opened for the first page that needs it; most documents need none
        self._opening = threading.Lock()

    @property
    def described(self) -> str:
        return self._network.described

    def upright(self, page: PageImage) -> PageImage:
        """The page with its text layer, turned to stand upright if it does not."""
        return turned(page, self._quarter_turns(page))

    def close(self) -> None:
        self._network.close()
        if self._second is not None:
            self._second.close()

    def _quarter_turns(self, page: PageImage) -> int:
        """How many clockwise quarter turns the page needs."""
        if page.text is not None and page.text.verdict is Trust.TRUSTED:
            return turns_of_lines(page.text.lines)
        likely = self._network.turns(page.pixels)
        if likely[0] >= _STANDS:
            return 0
        return self._second_opinion().turns(page.pixels, [float(share) for share in likely])

    def _second_opinion(self) -> "_SecondOpinion":
        with self._opening:
            if self._second is None:
                self._second = _SecondOpinion(self._settings)
            return self._second


class _SecondOpinion:
    """Finds lines and reads some of them both ways."""

    def __init__(self, settings: EngineSettings) -> None:
        self._finder = TextLines(settings)
        self._reader = TextReader(settings)
        self._others = OtherScripts(settings)

    def turns(self, pixels: Pixels, likely: Sequence[float]) -> int:
        """Quarter turns, given what the network thinks of each."""
        lines = [line for line in self._finder.find_quads(pixels) if _is_long(line)]
        lines = sorted(lines, key=_length, reverse=True)[:_SAMPLE]
        if len(lines) < _FEWEST_LINES:
            return 0
        across = [line for line in lines if _runs_across(line)]
        along = [line for line in lines if not _runs_across(line)]
        ways, sample = ((0, 2), across) if len(across) >= len(along) else ((1, 3), along)
        scores = {turns: self._read(pixels, sample, turns) for turns in ways}
        best = max(scores, key=lambda turns: scores[turns])
        if scores[best] >= _READABLE and scores[best] - min(scores.values()) >= _BETTER:
            return best
        wanted = max(range(4), key=lambda turns: likely[turns])
        if wanted not in scores or likely[wanted] < _SURE:
            return 0
        # The network takes Hebrew, and no other script that was tried, to stand on its head, and is sure of it.
        other = {turns: self._others.confidence(_turned_lines(pixels, sample, turns)) for turns in ways}
        best = max(other, key=lambda turns: other[turns])
        return best if other[best] >= _MAKES_SENSE else wanted

    def _read(self, pixels: Pixels, lines: Sequence[FoundLine], turns: int) -> float:
        """How well the lines read (0..1) once the page is turned."""
        reads = self._reader.read_as_given(_turned_lines(pixels, lines, turns))
        return float(np.mean([read.confidence * read.covered for read in reads]))

    def close(self) -> None:
        self._finder.close()
        self._reader.close()
        self._others.close()


def _turned_lines(pixels: Pixels, lines: Sequence[FoundLine], turns: int) -> list[LinePicture]:
    """The lines as they are read once the page is turned: a line's corners are counted from where reading starts, which
    after a quarter turn is the corner before."""
    return [LinePicture(pixels, np.roll(line.quad, turns, axis=0)) for line in lines]


def _length(line: FoundLine) -> float:
    width, height = _extent(line)
    return max(width, height)


def _runs_across(line: FoundLine) -> bool:
    width, height = _extent(line)
    return width >= height


def _is_long(line: FoundLine) -> bool:
    width, height = _extent(line)
    return max(width, height) > _LONG * min(width, height)


def _extent(line: FoundLine) -> tuple[float, float]:
    """Lengths of its upper edge and its left edge."""
    first, second, _, last = line.quad
    return float(np.linalg.norm(second - first)), float(np.linalg.norm(last - first))


# --- turning ----------------------------------------------------------------------------------------------------


def turns_of_lines(lines: Sequence[TextLine]) -> int:
    """The quarter turns after which most of the text runs from left to right, as the corners of its lines say."""
    characters = [0, 0, 0, 0]
    for line in lines:
        characters[_turns_of_line(line)] += len(line.text or "")
    return max(range(4), key=lambda turns: (2 * characters[turns] > sum(characters), turns == 0))


def _turns_of_line(line: TextLine) -> int:
    if len(line.quad) != 4:
        return 0
    (x0, y0), (x1, y1) = line.quad[:2]
    across, down = x1 - x0, y1 - y0
    if abs(across) >= abs(down):
        return 0 if across >= 0 else 2
    return 3 if down > 0 else 1


def turned(page: PageImage, turns: int) -> PageImage:
    """The page after clockwise quarter turns, everything on it included."""
    if turns % 4 == 0:
        return page
    pixels = np.ascontiguousarray(np.rot90(page.pixels, -turns))
    text = None if page.text is None else _turned_text(page.text, turns)
    return replace(page, picture=pixels, outlines=None, text=text, rotation=(page.rotation + 90 * turns) % 360)


def _turned_text(text: TextLayer, turns: int) -> TextLayer:
    return replace(
        text,
        lines=tuple(_turned_line(line, turns) for line in text.lines),
        doubtful=tuple(box.rotated(90 * turns) for box in text.doubtful),
        pictures=tuple(box.rotated(90 * turns) for box in text.pictures),
    )


def _turned_line(line: TextLine, turns: int) -> TextLine:
    return replace(
        line,
        box=line.box.rotated(90 * turns),
        words=tuple(Word(word.text, word.box.rotated(90 * turns)) for word in line.words),
        quad=tuple(_turned_point(x, y, turns) for x, y in line.quad),
    )


def _turned_point(x: float, y: float, turns: int) -> tuple[float, float]:
    for _ in range(turns % 4):
        x, y = SCALE - y, x
    return x, y
