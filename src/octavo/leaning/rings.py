"""Rings of ink with text running round inside them, as seals and stamps have: where they are, and their text unrolled.

A line that runs round has no place in the finders' world of level boxes. Unrolled, the space inside the ring is a level
strip, on which lines are found and read as on any picture.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from octavo.document import Pixels, TextLine
from octavo.frozen import frozen
from octavo.geometry import SCALE, Box, Rect, Size, bounds
from octavo.leaning.marks import Floats
from octavo.opencv import cv2

_SIDE: Final = 800  # pixels, about, of the longest side rings are looked for on: 2.5 cm of A4 are 68 of them
_SMALLEST: Final = 40  # pixels of it across: the letters in a smaller one have fewer than 5
_MOST: Final = 4  # rings of a picture whose text is looked for: each costs as much as a small picture
_MOST_TRIED: Final = 40  # outlines that are looked at, the longest ones: a page of bubbles to fill in has thousands
_LONGEST: Final = 2.2  # times its height: seals are round or oval
_ON: Final = 0.05  # of its radius: how far from the ellipse an outline's points may lie
_MOSTLY: Final = 0.7  # of its points lie on it
_SECTORS: Final = 72  # of its round, of which all but a few have such points
_MISSING: Final = 12  # of them: where a ring has worn off, or a line was printed across
_HOLLOW: Final = 0.6  # share of the space inside that is ink, from which it is a disk, a photo or a chart
_COLOUR: Final = 40  # levels between the strongest and the weakest of red, green and blue that make ink coloured

_ROUNDS: Final = 2.0  # of the strip, from the lowest point on: a line shorter than one is whole in it somewhere
_OUTSIDE: Final = 0.04  # of the smaller radius: how far outside the middle of the ring's stroke the strip begins
_DEPTH: Final = 0.62  # of the smaller radius: how far inside it ends
_MOST_PIXELS: Final = 4_000_000  # of the strip: a larger one shows nothing more of the letters
_STEPS: Final = 2880  # of a round
_HEIGHTS: Final = 1.0  # of a line: how far from the ring it runs round with it
_UPPER: Final = 0.3  # of a round to each side of the highest point: what has its middle there has its feet inside
_SHORTEST: Final = 2.5  # times its height
_APART: Final = 2.0  # heights between words of a line: letters along a ring stand apart, and so do words
_LEVEL: Final = 0.7  # share of the taller word's height that both have at the same distance from the ring
_CUT: Final = 2  # pixels from the edge of the strip, where a line is cut
_MOST_ROWS: Final = 96.0  # of the picture of one line: twice what the readers look at
_PAIRS: Final = 24  # of points along a line that runs round
_TAKEN: Final = 0.3  # share of a level line that is a line's that runs round: it is a piece of it


@frozen
class Ring:
    """The space inside a ring, from its lowest point clockwise, in pixels of the picture."""

    edges: Floats  # 2 x n x 2: the strip's upper edge, just outside the ring, and its lower one; n columns
    margin: float  # rows from the upper edge to the middle of the ring's stroke
    step: float  # pixels of the picture to a row or a column

    @property
    def outline(self) -> NDArray[np.float32]:
        """n x 2: one round of the ring."""
        return self.edges[0, : self._round].astype(np.float32)

    @property
    def _round(self) -> int:  # columns
        return int(self.edges.shape[1] / _ROUNDS)

    @property
    def _depth(self) -> int:
        (x, y), (inner_x, inner_y) = self.edges[:, 0].tolist()
        return max(1, round(math.hypot(inner_x - x, inner_y - y) / self.step))

    def unrolled(self, pixels: Pixels) -> Pixels:
        return unrolled(pixels, self.edges, self._depth)

    def box(self, page: Size) -> Box:
        (left, top), (right, bottom) = self.outline.min(axis=0), self.outline.max(axis=0)
        return Box.from_pixels(float(left), float(top), float(right), float(bottom), page).clamped()

    def running_round(self, found: Sequence[TextLine], page: Size) -> tuple[list[TextLine], list[TextLine]]:
        """Of the lines found on the unrolled picture those that run along the ring, with their places on the picture of
        a size: those of the upper half, then those below, both from left to right."""
        whole = self._round
        above: list[_Piece] = []
        below: list[_Piece] = []
        for line in sorted(found, key=lambda line: -line.box.width):
            piece = self._piece(line)
            half = above if abs(piece.middle - whole / 2) < _UPPER * whole else below
            if self._runs_along(piece) and not any(piece.shares(other, whole) for other in half):
                half.append(piece)
        below = [replace(piece, start=piece.start - whole * (piece.middle > whole / 2)) for piece in below]
        return self._joined(above, page), self._joined(below, page)[::-1]

    def _piece(self, line: TextLine) -> "_Piece":
        on = line.box.on(Size(self.edges.shape[1], self._depth))
        turns = (on.left + on.width / 2) // self._round
        return _Piece(on.left - turns * self._round, on, line)

    def _runs_along(self, piece: "_Piece") -> bool:
        """Whether it is near the ring, whole, and longer than a letter."""
        on, width, depth = piece.on, self.edges.shape[1], self._depth
        near = on.top - self.margin < _HEIGHTS * on.height and on.bottom < depth - _CUT
        return near and on.left > _CUT and on.right < width - _CUT and on.width > on.height

    def _joined(self, pieces: Sequence["_Piece"], page: Size) -> list[TextLine]:
        """Whole lines, clockwise: where letters stand apart, words are found one by one."""
        lines: list[list[_Piece]] = []
        for piece in sorted(pieces, key=lambda piece: piece.start):
            if lines and piece.follows(lines[-1][-1]):
                lines[-1].append(piece)
            else:
                lines.append([piece])
        long = [line for line in lines if sum(it.on.width for it in line) > _SHORTEST * line[0].on.height]
        return [self._bent(line, page) for line in long]

    def _bent(self, pieces: Sequence["_Piece"], page: Size) -> TextLine:
        """A line of the unrolled picture on the picture it was unrolled from."""
        strip = np.array((self.edges.shape[1], 1))
        upper, lower = [], []
        for piece in pieces:
            first, second, third, fourth = np.array(piece.line.quad) / SCALE * strip + (piece.start - piece.on.left, 0)
            upper += [first, second]
            lower += [fourth, third]
        edges = np.stack([_evenly(np.array(points)) for points in (upper, lower)])
        columns = edges[..., 0] % self._round
        outer, inner = (np.stack([_at(row, np.arange(len(edge)), edge) for row in columns]) for edge in self.edges)
        points = (outer + (inner - outer) * edges[..., 1:]).reshape(-1, 2) * SCALE / np.array(page)
        bend = tuple((float(x), float(y)) for x, y in points)
        return TextLine(bounds(bend).clamped(), confidence=pieces[0].line.confidence, bend=bend)

    def holds(self, line: TextLine, page: Size) -> bool:
        """Whether a level line on the picture of a size lies inside."""
        left, top, right, bottom = line.box.to_pixels(page)
        corners = ((left, top), (right, top), (right, bottom), (left, bottom))
        return all(cv2.pointPolygonTest(self.outline, corner, measureDist=False) >= 0 for corner in corners)


@frozen
class _Piece:
    """What was found in one piece on the unrolled picture."""

    start: float  # columns, with its middle in the first round
    on: Rect
    line: TextLine

    @property
    def middle(self) -> float:
        return self.start + self.on.width / 2

    def shares(self, other: "_Piece", whole: float) -> bool:
        """Whether half of it is found in both rounds."""
        gap = abs((self.middle - other.middle + whole / 2) % whole - whole / 2)
        shared = min((self.on.width + other.on.width) / 2 - gap, self.on.width, other.on.width)
        return shared > 0.5 * min(self.on.width, other.on.width)

    def follows(self, other: "_Piece") -> bool:
        """Whether it goes on with the same letters, a word further."""
        tall, low = max(self.on.height, other.on.height), min(self.on.height, other.on.height)
        gap = self.start - other.start - other.on.width
        return gap < _APART * low and self.on.overlap_y(other.on) > _LEVEL * tall


def is_piece_of(line: TextLine, bent: Sequence[TextLine], page: Size) -> bool:
    """Whether a level line was found where lines run round."""
    left, top, right, bottom = line.box.to_pixels(page)
    mask = np.zeros((bottom - top, right - left), np.uint8)
    for one in bent:
        points = np.array(one.bend) * np.array(page) / SCALE - (left, top)
        half = len(points) // 2
        cv2.fillPoly(mask, [np.concatenate((points[:half], points[: half - 1 : -1])).astype(np.int32)], 1)
    return bool(mask.size) and float(mask.mean()) > _TAKEN


def unrolled(pixels: Pixels, edges: Floats, rows: int) -> Pixels:
    """What lies between two curves (2 x n x 2, pixels), a column for each pair of points, in so many rows."""
    down = ((np.arange(rows) + 0.5) / rows)[:, None, None]
    places = edges[0] + (edges[1] - edges[0]) * down - 0.5
    across, along = places[..., 0].astype(np.float32), places[..., 1].astype(np.float32)
    drawn = cv2.remap(pixels, across, along, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return drawn.astype(np.uint8, copy=False)


def unrolled_line(pixels: Pixels, edges: Floats) -> Pixels:
    """A line that runs round as a level one, given points along its edges (2 x n x 2, pixels)."""
    length = float(np.linalg.norm(np.diff(edges, axis=1), axis=2).sum(axis=1).max())
    height = float(np.linalg.norm(edges[0] - edges[1], axis=1).max())
    rows = min(max(1.0, height), _MOST_ROWS)
    columns = np.linspace(0, edges.shape[1] - 1, max(2, round(length * rows / max(1.0, height))))
    known = np.arange(edges.shape[1])
    return unrolled(pixels, np.stack([_at(columns, known, edge) for edge in edges]), round(rows))


def find_rings(pixels: Pixels) -> list[Ring]:
    """The rings on a picture, large ones first."""
    times = max(1, round(max(pixels.shape[:2]) / _SIDE))  # by whole numbers shrinking is three times as fast
    height, width = (max(1, extent // times) for extent in pixels.shape[:2])
    whole = pixels[: height * times, : width * times]
    small = cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA) if times > 1 else pixels
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    red, green, blue = cv2.split(small)
    strongest, weakest = cv2.max(cv2.max(red, green), blue), cv2.min(cv2.min(red, green), blue)
    coloured = cv2.threshold(cv2.subtract(strongest, weakest), _COLOUR, 255, cv2.THRESH_BINARY)[1]
    dark = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, 31, 12)
    found: list[_Ellipse] = []
    for mask in (coloured, dark):
        for ellipse in _ellipses(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))):
            if not any(ellipse.is_about(other) for other in found):
                found.append(ellipse)
    return [ellipse.ring(times) for ellipse in sorted(found, key=lambda each: -each.across)[:_MOST]]


@frozen
class _Ellipse:
    x: float
    y: float
    across: float  # radius along its first axis
    down: float  # along the second
    tilt: float  # radians, of the first from the horizontal, clockwise on the picture

    def is_about(self, other: "_Ellipse") -> bool:
        return math.hypot(self.x - other.x, self.y - other.y) < 0.25 * min(self.across, self.down)

    def ring(self, scale: float) -> Ring:
        """The space inside it, enlarged by a scale."""
        at = np.linspace(0, 2 * np.pi, _STEPS, endpoint=False)
        cos, sin = np.cos(at), np.sin(at)
        normals = np.stack((self.down * cos, self.across * sin), axis=1)
        normals /= np.linalg.norm(normals, axis=1)[:, None]
        turn = np.array(((math.cos(self.tilt), math.sin(self.tilt)), (-math.sin(self.tilt), math.cos(self.tilt))))
        points = np.stack((self.across * cos, self.down * sin), axis=1) @ turn * scale
        points, normals = points + np.array((self.x, self.y)) * scale, normals @ turn
        lowest = int(points[:, 1].argmax())
        order = (lowest + np.arange(round(_STEPS * _ROUNDS))) % _STEPS
        points, normals = points[order], normals[order]
        least, most = sorted((self.across * scale, self.down * scale))
        depth = min(_DEPTH * least, 0.9 * least * least / most)  # no further than to where its sharpest bend is round
        margin = _OUTSIDE * least
        outer, inner = points + normals * margin, points - normals * depth
        middle = outer * 0.7 + inner * 0.3  # where the text runs, columns are as wide as they are on the picture
        length = np.concatenate(([0], np.cumsum(np.linalg.norm(np.diff(middle, axis=0), axis=1))))
        step = max(1.0, math.sqrt(length[-1] * (margin + depth) / _MOST_PIXELS))
        columns = np.arange(0, length[-1], step)
        return Ring(np.stack([_at(columns, length, edge) for edge in (outer, inner)]), margin / step, step)


def _ellipses(mask: "NDArray[np.uint8] | cv2.typing.MatLike") -> Iterator[_Ellipse]:
    outlines = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]
    for outline in sorted(outlines, key=len, reverse=True)[:_MOST_TRIED]:
        _, _, width, height = cv2.boundingRect(outline)
        if min(width, height) < _SMALLEST or max(width, height) > _LONGEST * min(width, height):
            continue
        hull = cv2.convexHull(outline)
        if len(hull) < 5:
            continue
        (x, y), (first, second), tilt = cv2.fitEllipse(hull)
        ellipse = _Ellipse(x, y, first / 2, second / 2, math.radians(tilt))
        if min(first, second) >= _SMALLEST and _lies_on(outline[:, 0], ellipse) and _is_hollow(mask, ellipse):
            yield ellipse


def _lies_on(points: "NDArray[np.int32] | cv2.typing.MatLike", ellipse: _Ellipse) -> bool:
    cos, sin = math.cos(ellipse.tilt), math.sin(ellipse.tilt)
    x, y = points[:, 0] - ellipse.x, points[:, 1] - ellipse.y
    across, down = (x * cos + y * sin) / ellipse.across, (y * cos - x * sin) / ellipse.down
    on = np.abs(np.hypot(across, down) - 1) < _ON
    sectors = (np.arctan2(down[on], across[on]) / (2 * np.pi) * _SECTORS).astype(int) % _SECTORS
    return bool(on.mean() > _MOSTLY) and len(np.unique(sectors)) >= _SECTORS - _MISSING


def _is_hollow(mask: "NDArray[np.uint8] | cv2.typing.MatLike", ellipse: _Ellipse) -> bool:
    inside = np.zeros(mask.shape[:2], np.uint8)
    axes = (round(ellipse.across * 0.9), round(ellipse.down * 0.9))
    cv2.ellipse(inside, (round(ellipse.x), round(ellipse.y)), axes, math.degrees(ellipse.tilt), 0, 360, 255, -1)
    return cv2.mean(mask, inside)[0] < 255 * _HOLLOW


def _evenly(points: Floats) -> Floats:
    """As many points as a bend has along a line, given some of them from left to right."""
    first, last = points[0, 0], points[-1, 0]
    across = np.linspace(first, last, _PAIRS)
    return np.stack((across, np.interp(across, points[:, 0], points[:, 1])), axis=1)


def _at(places: NDArray[Any], known: NDArray[Any], points: Floats) -> Floats:
    """The points of a curve at places along it, given some and their places; k x 2."""
    return np.stack([np.interp(places, known, points[:, axis]) for axis in (0, 1)], axis=1)
