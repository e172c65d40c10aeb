"""Where the lines of text are on a picture: PP-OCRv6's detectors (Differentiable Binarization), and what makes lines
of their answers.

The tiny detector looks first, for a seventh of the small one's time. The small one looks again at the parts of the
picture where that left a doubt (`second_looks`), and its answer stands there before lines are made: so a line that runs
over the edge of such a part is cut nowhere.

A network says of every pixel how likely it is the core of a line; a line is a connected piece of core, its upright
or slanted rectangle grown by what training had shrunk it (Liao et al., "Real-time Scene Text Detection with
Differentiable Binarization", 2019). Pictures of any shape are taken: they are brought to the size at which the
network knows their letters, and looked at in tiles, side by side on all threads, whose answers are put together before
lines are made of them. So a tall strip costs no more memory than a page, and no line is cut at a seam.
"""

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from octavo.document import Pixels, TextLine
from octavo.frozen import frozen
from octavo.geometry import SCALE, Box, Size
from octavo.networks.line_parting import parted
from octavo.networks.second_looks import MARGIN, Part, doubtful_parts, whole
from octavo.networks.session import Network, Tensor, as_batch
from octavo.networks.strips import Quad
from octavo.opencv import cv2
from octavo.settings import EngineSettings

WEIGHTS = "text_lines.onnx"
QUICK_WEIGHTS = "quick_lines.onnx"

_CORE = 0.3  # a pixel above this is core of a line
_LINE = 0.5  # mean over its rectangle below which a piece of core is no line
_PERHAPS = 0.3  # the same below which nobody need look again whether it is one
_GROWTH = 1.6  # area times this over perimeter: how far the core had been shrunk
_MULTIPLE = 32  # sides the network takes
_TILE = 1024  # longest side of a tile
_LETTER = 12  # pixels: the height of an `x` in the working picture
_SMALL_LETTER = 12  # pixels: the same where a quarter of the letters is smaller
_SPECK = 0.4  # of the typical height, below which a piece is a dot, a comma or grain and no small print
_FEWEST_LETTERS = 5  # below: no text to go by
_FEW_LETTERS = 30  # below: they may be specks, for which no page is enlarged
_MOST_FOR_FEW = 1_000_000  # pixels a picture with so few is enlarged to at most: a row cut from a table is smaller
_NOTHING_TO_GO_BY = 960  # pixels: the longest side where there is none
_SMALLEST_SCALE = 0.2
_MOST_MEASURED = 16_000_000  # pixels letters are measured on; larger pictures are shrunk to that
_MOST_ENLARGED = 4_000_000  # pixels a small picture is enlarged to at most
_MOST_PIXELS = 24_000_000  # of any working picture
_SMALLEST_CORE = 3  # pixels of the working picture


@frozen
class FoundLine:
    """A line of text on a picture, not yet read."""

    quad: Quad
    score: float  # 0..1


class TextLines:
    """The networks, ready. Safe to call from several threads."""

    def __init__(self, settings: EngineSettings) -> None:
        # Each as it was trained: blue first, by the means and deviations of photographs, or to -1..1.
        self._quick = _Detector(QUICK_WEIGHTS, settings, (123.675, 116.28, 103.53), (58.395, 57.12, 57.375))
        self._thorough = _Detector(WEIGHTS, settings, (127.5, 127.5, 127.5), (127.5, 127.5, 127.5))

    @property
    def described(self) -> str:
        return (
            f"PP-OCRv6 tiny text detection: {self._quick.network.described}, "
            f"its doubts by PP-OCRv6 small: {self._thorough.network.described}"
        )

    def find(self, pixels: Pixels) -> list[TextLine]:
        """The lines of a picture, top to bottom; boxes and quads in 0..1000 of it, confidence that it is a line."""
        size = Size(pixels.shape[1], pixels.shape[0])
        return [as_text_line(line, size) for line in self.find_quads(pixels)]

    def find_quads(self, pixels: Pixels) -> list[FoundLine]:
        """The same in pixels of the picture."""
        height, width = pixels.shape[:2]
        inked = letters(pixels)
        picture = _resized(pixels, working_scale(_heights(inked), Size(width, height)))
        stretch = np.array((width / picture.shape[1], height / picture.shape[0]), np.float32)
        found = self._found(picture, inked / np.tile(stretch, 2))
        limit = np.array((width, height), np.float32)
        quads = [np.clip(line.quad * stretch, 0, limit).astype(np.float32) for line in found]
        return [
            FoundLine(part, line.score)
            for line, parts in zip(found, parted(quads, pixels), strict=True)
            for part in parts
        ]

    def _found(self, picture: Pixels, inked: NDArray[np.float64]) -> list[FoundLine]:
        """The lines of the working picture, given its letters."""
        size = Size(picture.shape[1], picture.shape[0])
        likely = np.zeros(picture.shape[:2], np.uint8)
        self._quick.look(picture, [whole(size)], likely)
        found = lines_of(likely, _PERHAPS)
        doubts = doubtful_parts([line.quad for line in found], [line.score for line in found], inked, size)
        if doubts:
            self._thorough.look(picture, doubts, likely)
            found = lines_of(likely)
        return [line for line in found if line.score >= _LINE]

    def close(self) -> None:
        self._quick.network.close()
        self._thorough.network.close()


Colour = tuple[float, float, float]


class _Detector:
    """A network that says how likely pixels are core of a line, and what it wants of a picture: see `_prepared`."""

    def __init__(self, weights: str, settings: EngineSettings, mean: Colour, deviation: Colour) -> None:
        self.network = Network(weights, settings)
        self._mean, self._deviation = np.array(mean, np.float32), np.array(deviation, np.float32)

    def look(self, picture: Pixels, parts: Sequence[Part], likely: NDArray[np.uint8]) -> None:
        """Write into `likely` how likely the pixels of some parts are core of a line, 0..255."""

        def answer(tile: _Tile) -> NDArray[np.uint8]:
            seen = _prepared(picture[tile.seen_rows, tile.seen_columns], self._mean, self._deviation)
            likelihood = self.network.run(seen)[0][0, 0]
            kept: NDArray[np.uint8] = (likelihood[tile.kept_rows, tile.kept_columns] * 255).astype(np.uint8)
            return kept

        size = Size(picture.shape[1], picture.shape[0])
        tiles = [tile for part in parts for tile in _tiles(part, size)]
        for tile, kept in zip(tiles, self.network.map(answer, tiles), strict=True):
            likely[tile.rows, tile.columns] = kept


def as_text_line(line: FoundLine, size: Size) -> TextLine:
    """A line found on a picture of `size`, in 0..1000 of it."""
    left, top = line.quad.min(axis=0)
    right, bottom = line.quad.max(axis=0)
    unit = SCALE / np.array(size, np.float32)
    corners = tuple((float(x), float(y)) for x, y in line.quad * unit)
    box = Box.from_pixels(float(left), float(top), float(right), float(bottom), size)
    return TextLine(box, confidence=line.score, quad=corners)


# --- the picture the network gets -------------------------------------------------------------------------------


def working_scale(heights: NDArray[np.float64], size: Size) -> float:
    """What to resize a picture by, given how tall its letters are, so that they come out as the network likes them.

    The letters are the pieces of ink that have the shape of one. Half the pieces of a text are as tall as
    an `x`, and the quad of a line is about twice that: from 22 pixels per quad on, lines are found as well as at any
    larger size, and some are missed below (sweep over nineteen pages, 2026-11). Where small print goes with large, the
    small is what counts, but no grain, and no dots of Arabic: print so much lower than most would not come out legible
    anyhow. A few specks enlarge no page: one blank but for twelve of them took 7.1 s of CPU, now 3.3.
    """
    if len(heights) < _FEWEST_LETTERS:
        return min(1.0, _NOTHING_TO_GO_BY / max(size))
    typical = float(np.median(heights))
    small = float(np.percentile(heights[heights >= _SPECK * typical], 25))
    scale = min(max(_LETTER / typical, _SMALL_LETTER / small), 1.5 * _LETTER / typical)
    if len(heights) < _FEW_LETTERS:
        scale = min(scale, math.sqrt(max(1.0, _MOST_FOR_FEW / size.area)))
    room = math.sqrt(max(1.0, _MOST_ENLARGED / size.area))
    most = math.sqrt(_MOST_PIXELS / size.area)
    return min(max(scale, _SMALLEST_SCALE), room, most)


def letter_heights(pixels: Pixels) -> NDArray[np.float64]:
    """Heights, in pixels, of the pieces of ink that could be letters."""
    return _heights(letters(pixels))


def _heights(inked: NDArray[np.float64]) -> NDArray[np.float64]:
    return inked[:, 3] - inked[:, 1]


def letters(pixels: Pixels) -> NDArray[np.float64]:
    """The pieces of ink that could be letters: left, top, right and bottom of each in pixels."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    shrunk = min(1.0, math.sqrt(_MOST_MEASURED / grey.size))
    if shrunk < 1:
        grey = cv2.resize(grey, None, fx=shrunk, fy=shrunk, interpolation=cv2.INTER_AREA)
    if np.median(grey[::4, ::4]) < 128:
        grey = 255 - grey  # light on dark
    ink = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, 31, 12)
    _, _, pieces, _ = cv2.connectedComponentsWithStats(ink, connectivity=8, ltype=cv2.CV_32S)
    lefts, tops, widths, heights, areas = pieces[1:].T
    letter = (
        (heights >= 4)
        & (widths >= 2)
        & (widths <= 4 * heights)
        & (heights <= 6 * widths)
        & (areas >= 0.15 * widths * heights)
        & (heights < grey.shape[0] / 4 + 8)
    )
    boxes = np.stack((lefts, tops, lefts + widths, tops + heights), axis=1)
    found: NDArray[np.float64] = boxes[letter] / shrunk
    return found


def _resized(pixels: Pixels, scale: float) -> Pixels:
    height, width = pixels.shape[:2]
    size = max(1, round(width * scale)), max(1, round(height * scale))
    if size == (width, height):
        return pixels
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return cv2.resize(pixels, size, interpolation=method).astype(np.uint8, copy=False)


def _prepared(part: Pixels, mean: NDArray[np.float32], deviation: NDArray[np.float32]) -> Tensor:
    """Blue first and brought to what training had; the edge repeated up to a size the network takes."""
    height, width = part.shape[:2]
    padded = cv2.copyMakeBorder(part, 0, -height % _MULTIPLE, 0, -width % _MULTIPLE, cv2.BORDER_REPLICATE)
    wanted: NDArray[np.float32] = (padded[:, :, ::-1].astype(np.float32) - mean) / deviation
    return as_batch([wanted])


@frozen
class _Tile:
    """A part of the picture: what the network sees, and the middle of it whose answer counts."""

    rows: slice
    columns: slice
    seen_rows: slice
    seen_columns: slice

    @property
    def kept_rows(self) -> slice:
        return slice(self.rows.start - self.seen_rows.start, self.rows.stop - self.seen_rows.start)

    @property
    def kept_columns(self) -> slice:
        return slice(self.columns.start - self.seen_columns.start, self.columns.stop - self.seen_columns.start)


def _tiles(part: Part, size: Size) -> Iterator[_Tile]:
    """Tiles that share nothing and make up a part of a picture of `size`."""
    for rows in _spans(part.rows):
        for columns in _spans(part.columns):
            yield _Tile(rows, columns, _with_margins(rows, size.height), _with_margins(columns, size.width))


def _spans(whole_span: slice) -> Iterator[slice]:
    extent = whole_span.stop - whole_span.start
    count = math.ceil(extent / _TILE)
    step = math.ceil(extent / count / _MULTIPLE) * _MULTIPLE
    for start in range(whole_span.start, whole_span.stop, step):
        yield slice(start, min(whole_span.stop, start + step))


def _with_margins(span: slice, extent: int) -> slice:
    return slice(max(0, span.start - MARGIN), min(extent, span.stop + MARGIN))


# --- lines from the network's answer ----------------------------------------------------------------------------


def lines_of(likely: NDArray[np.uint8], least: float = _LINE) -> list[FoundLine]:
    """The lines whose cores stand out, with a score from `least` on, top to bottom, in pixels of `likely`."""
    core = cv2.dilate((likely > _CORE * 255).astype(np.uint8), np.ones((2, 2), np.uint8))
    contours, _ = cv2.findContours(core, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    found = [line for contour in contours if (line := _line_of(contour, likely, least)) is not None]
    return sorted(found, key=lambda line: (float(line.quad[:, 1].min()), float(line.quad[:, 0].min())))


def _line_of(contour: "cv2.typing.MatLike", likely: NDArray[np.uint8], least: float) -> FoundLine | None:
    center, (width, height), angle = cv2.minAreaRect(contour)
    if min(width, height) < _SMALLEST_CORE:
        return None
    score = _mean_inside(_corners(center, (width, height), angle), likely)
    if score < least:
        return None
    growth = 2 * width * height * _GROWTH / (2 * (width + height))
    return FoundLine(_clockwise(_corners(center, (width + growth, height + growth), angle)), score)


def _corners(center: Sequence[float], sides: tuple[float, float], angle: float) -> Quad:
    return cv2.boxPoints((center, sides, angle)).astype(np.float32)


def _mean_inside(quad: Quad, likely: NDArray[np.uint8]) -> float:
    height, width = likely.shape
    left, top = np.clip(np.floor(quad.min(axis=0)).astype(int), 0, (width - 1, height - 1))
    right, bottom = np.clip(np.ceil(quad.max(axis=0)).astype(int), 0, (width - 1, height - 1))
    inside = np.zeros((bottom - top + 1, right - left + 1), np.uint8)
    cv2.fillConvexPoly(inside, np.rint(quad - (left, top)).astype(np.int32), 1)
    return float(cv2.mean(likely[top : bottom + 1, left : right + 1], inside)[0]) / 255


def _clockwise(corners: Quad) -> Quad:
    """From where reading starts: top left, for a rectangle that leans less than 45 degrees."""
    by_x = corners[np.argsort(corners[:, 0], kind="stable")]
    (top_left, bottom_left), (top_right, bottom_right) = (
        side[np.argsort(side[:, 1], kind="stable")] for side in (by_x[:2], by_x[2:])
    )
    return np.array((top_left, top_right, bottom_right, bottom_left), np.float32)
