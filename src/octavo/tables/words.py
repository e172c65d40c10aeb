"""The words of one table, in pixels of its picture and as if it had been photographed straight.

Grids are made of upright lines. A page that was scanned askew or photographed from one side is not straightened (that
costs sharpness); its words and rules are moved to where they would be, by the slopes that lines of text and ruling
lines show.
"""

import math
import re
import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Final

import numpy as np
from numpy.typing import NDArray

from octavo.content import Run
from octavo.document import TextLine, Word
from octavo.frozen import frozen
from octavo.geometry import Box, Rect, Size
from octavo.glyphs.scripts import is_wide
from octavo.tables.rules import Rule, Rules
from octavo.wording.headings import may_lead

_UPRIGHT: Final = 0.004  # slopes below (a quarter of a degree) are noise of the line finder
_LETTERS: Final = 0.8  # share of a line's box that letters fill, where it was found in a picture, with a margin


_DOTS: Final = ".…·"
_LEADER: Final = 4  # dots that lead from a text to its figure, at least
_LEADING: Final = re.compile(r"\.{4,}|…{2,}|·{4,}")


@frozen
class Token(Rect):
    """A word of the table, in pixels of the picture put straight."""

    text: str
    line: int  # which line of text it came from
    spaced: bool  # whether a space is before it, where it is not the first of its line
    bold: bool
    place: int  # among the words of its line, as they are read
    face: Run  # how it is set, and where it leads; no text


@frozen
class Straightening:
    """Moves points to where they would be in a straight picture: slopes at the middle, and how they fan out."""

    center: tuple[float, float] = (0.0, 0.0)
    rows: tuple[float, float] = (0.0, 0.0)  # slope of horizontals in the middle, and its change per pixel down
    columns: tuple[float, float] = (
        0.0,
        0.0,
    )  # slope of verticals (dx/dy) in the middle, and its change per pixel right

    def point(self, x: float, y: float) -> tuple[float, float]:
        right, down = x - self.center[0], y - self.center[1]
        return (
            x - (self.columns[0] + self.columns[1] * right) * down,
            y - (self.rows[0] + self.rows[1] * down) * right,
        )

    def back(self, rect: Rect) -> Rect:
        """The upright rectangle, in the picture as it is, around what is one in the straight picture."""
        corners = [self._back(x, y) for x in (rect.left, rect.right) for y in (rect.top, rect.bottom)]
        xs, ys = [x for x, _ in corners], [y for _, y in corners]
        return Rect(min(xs), min(ys), max(xs), max(ys))

    def _back(self, x: float, y: float) -> tuple[float, float]:
        found = (x, y)
        for _ in range(4):  # each step leaves a tenth of the error: slopes are small
            there = self.point(*found)
            found = (found[0] + x - there[0], found[1] + y - there[1])
        return found

    def rules(self, rules: Rules) -> Rules:
        """Ruling lines moved; each is taken as straight afterwards."""
        across, down = [], []
        for rule in rules.horizontal:
            (left, first), (right, last) = (self.point(x, rule.at_point(x)) for x in (rule.start, rule.end))
            across.append(Rule((first + last) / 2, left, right))
        for rule in rules.vertical:
            (first, top), (last, bottom) = (self.point(rule.at_point(y), y) for y in (rule.start, rule.end))
            down.append(Rule((first + last) / 2, top, bottom))
        return Rules(rules.size, tuple(across), tuple(down))


def straightening(lines: Sequence[TextLine], frame: Box, rules: Rules) -> Straightening:
    """How the table in a picture leans, from the slopes of its lines of text and its ruling lines."""
    size = rules.size
    center = (size.width / 2, size.height / 2)
    quads = [_quad(line, frame, size) for line in lines if len(line.quad) == 4]
    across = [
        ((top + bottom) / 2 - center[1], (slope_top + slope_bottom) / 2, length)
        for (top, bottom, slope_top, slope_bottom, length, height) in map(_edges, quads)
        if length > 3 * height
    ]
    across += [(r.at - center[1], r.slope, r.length) for r in rules.horizontal if r.length > size.width / 8]
    down = [(r.at - center[0], r.slope, r.length) for r in rules.vertical if r.length > size.height / 8]
    rows = _fan(across, size.height)
    columns = _fan(down, size.width) if down else (-rows[0], 0.0)
    return Straightening(center, rows, columns)


def _fan(slopes: Sequence[tuple[float, float, float]], extent: int) -> tuple[float, float]:
    """Slope in the middle and its change per pixel, from (distance from the middle, slope, weight)."""
    if not slopes:
        return 0.0, 0.0
    place, slope, weight = (np.array(column) for column in zip(*slopes, strict=True))
    order = np.argsort(slope)
    median = float(slope[order][np.searchsorted(np.cumsum(weight[order]), weight.sum() / 2)])
    near = np.abs(slope - median) < 0.2
    if near.sum() < 4 or np.ptp(place[near]) < 0.25 * extent or float(np.std(slope[near])) < _UPRIGHT:
        return (median, 0.0) if abs(median) > _UPRIGHT else (0.0, 0.0)
    change, middle = np.polyfit(place[near], slope[near], 1, w=np.sqrt(weight[near]))
    return float(middle), float(change)


def _quad(line: TextLine, frame: Box, size: Size) -> list[tuple[float, float]]:
    return [_pixels(x, y, frame, size) for x, y in line.quad]


def _edges(quad: Sequence[tuple[float, float]]) -> tuple[float, float, float, float, float, float]:
    """Middles and slopes of the top and bottom edge, length and height, of four corners clockwise from top left."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = quad
    length = (math.hypot(bx - ax, by - ay) + math.hypot(cx - dx, cy - dy)) / 2
    height = (math.hypot(dx - ax, dy - ay) + math.hypot(cx - bx, cy - by)) / 2
    slopes = [(by - ay) / (bx - ax) if bx > ax else 9.0, (cy - dy) / (cx - dx) if cx > dx else 9.0]
    return (ay + by) / 2, (cy + dy) / 2, slopes[0], slopes[1], length, height


def _pixels(x: float, y: float, frame: Box, size: Size) -> tuple[float, float]:
    return (x - frame.left) / frame.width * size.width, (y - frame.top) / frame.height * size.height


def tokens(lines: Sequence[TextLine], frame: Box, size: Size, straight: Straightening) -> list[Token]:
    """The words of the lines, moved straight. Every word of every line is there once, but for dots that lead on."""
    found = []
    left_of, top_of, width, tall, (across, down) = frame.left, frame.top, frame.width, frame.height, size
    leans = straight != Straightening(straight.center)
    for number, line in enumerate(lines):
        height = _height(line, frame, size)
        faces = _faces(line) if line.runs else None
        face = _FACES[line.bold, line.italic]
        words: Iterable[tuple[Word, bool]] = _words(line)
        if may_lead(line.text or ""):
            words = _without_leaders(list(words))
        for place, (word, spaced) in enumerate(words):
            box = word.box  # as `_pixels` has it, which for each of them takes longer than all the rest
            left, right = (box.left - left_of) / width * across, (box.right - left_of) / width * across
            top, bottom = (box.top - top_of) / tall * down, (box.bottom - top_of) / tall * down
            x, y = (left + right) / 2, (top + bottom) / 2
            if leans:
                x, y = straight.point(x, y)
            half = min(bottom - top, height) / 2 * _LETTERS if height else (bottom - top) / 2
            wide = (right - left) / 2
            own = faces[place] if faces and place < len(faces) else face
            found.append(
                Token(x - wide, y - half, x + wide, y + half, word.text, number, spaced, line.bold, place, own)
            )
    return found


_FACES: Final = {
    (bold, italic): Run("", bold=bold, italic=italic) for bold in (False, True) for italic in (False, True)
}


def _faces(line: TextLine) -> list[Run]:
    """How each word of a line is set that has more than one face."""
    letters = [face for run in line.runs for face in [replace(run, text="")] * len(run.text)]
    text = "".join(run.text for run in line.runs)
    return [letters[word.start()] for word in re.finditer(r"\S+", text)]


def word_boxes(lines: Sequence[TextLine], frame: Box, size: Size) -> NDArray[np.float64]:
    """Where the words are in the picture (n x 4: left, top, right, bottom; whole pixels); whole lines where words are
    not known."""
    boxes = [word.box for line in lines for word in line.words] + [line.box for line in lines if not line.words]
    sides = np.array([box.sides for box in boxes], np.float64).reshape(-1, 4)
    corner, extent = (frame.left, frame.top) * 2, (frame.width, frame.height) * 2
    return np.asarray(np.rint((sides - corner) / extent * (*size, *size)), np.float64)


def _height(line: TextLine, frame: Box, size: Size) -> float:
    """Height of a leaning line across its own direction; 0 where it is not known."""
    return _edges(_quad(line, frame, size))[5] if len(line.quad) == 4 else 0.0


def _words(line: TextLine) -> Iterator[tuple[Word, bool]]:
    """Words with places, and whether a space precedes each; places are estimated where the line has none."""
    text = line.text or ""
    if line.text is None and not line.words:
        yield Word("", line.box), True
        return
    if [word.text for word in line.words] == text.split():  # most
        indented = text[:1].isspace()
        yield from ((word, place > 0 or indented) for place, word in enumerate(line.words))
        return
    if "".join(word.text for word in line.words).split() != "".join(text.split()).split():
        yield from _estimated(text, line.box)
        return
    start = 0
    for word in line.words:
        if not word.text.strip():
            continue
        place = text.find(word.text.strip(), start)
        spaced = place > start or place < 0
        start = place + len(word.text.strip()) if place >= 0 else start
        yield Word(word.text.strip(), word.box), spaced


def _without_leaders(words: Sequence[tuple[Word, bool]]) -> Iterator[tuple[Word, bool]]:
    """The words without rows of dots between a text and its figure: they are neither, and fill the room that parts
    the two."""
    lone = [not word.text.strip(_DOTS) for word, _ in words]
    runs = [list(group) for _, group in groupby(range(len(words)), key=lone.__getitem__)]
    for run in runs:
        if lone[run[0]] and sum(len(words[place][0].text) for place in run) >= _LEADER:
            continue
        for place in run:
            word, spaced = words[place]
            parts = [part for part in re.split(_LEADING, word.text) if part]
            if len(parts) == 1 and parts[0] == word.text:
                yield word, spaced
                continue
            for part in parts:
                yield _part(word, part), True


def _part(word: Word, part: str) -> Word:
    """The end or the beginning of a word that a leader was set close to, at about its place."""
    unit = word.box.width / sum(map(_width, word.text))
    start = word.text.rindex(part) if word.text.endswith(part) else word.text.index(part)
    left = word.box.left + unit * sum(map(_width, word.text[:start]))
    return Word(part, Box(left, word.box.top, left + unit * sum(map(_width, part)), word.box.bottom))


def _estimated(text: str, box: Box) -> Iterator[tuple[Word, bool]]:
    """Words of a text at about their places, by the width of what precedes them."""
    widths = [_width(character) for character in text]
    unit = box.width / max(1.0, sum(widths))
    place = 0
    for part in text.split():
        start = text.index(part, place)
        place = start + len(part)
        left = box.left + unit * sum(widths[:start])
        right = left + unit * sum(widths[start:place])
        yield Word(part, Box(left, box.top, right, box.bottom)), True


def _width(character: str) -> float:
    """Of average height 1: rough, but the same for all."""
    if character in "iljI.,:;'|!()[] ":
        return 0.3
    return 1.0 if is_wide(character) else 0.55


def usual_height(words: Sequence[Token]) -> float:
    """Of the letters; 1 where there are none."""
    if len(words) < 2:  # the words of most cells
        return max(1.0, words[0].height) if words else 1.0
    return max(1.0, statistics.median([word.bottom - word.top for word in words]))
