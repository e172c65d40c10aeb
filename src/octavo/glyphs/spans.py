"""Glyphs that follow one another in the content and touch, as spans of words: where a space is. Pure."""

import math
import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from octavo.geometry import SCALE
from octavo.glyphs import Flags, Glyphs
from octavo.glyphs.frames import ASCENT, DESCENT, Frame
from octavo.glyphs.scripts import is_on_grid, is_right_to_left
from octavo.glyphs.styles import Overdrawn

# In ems of the glyphs concerned.
COLUMN_GAP: Final = 0.9  # wider than any space in justified text, narrower than a gutter (1.2 em in tight journals)
FOLLOWING_GAP: Final = 1.3  # what comes next in the content, on the very same baseline, may be that far
SPACED_GAP: Final = 1.8  # and that far where a space character lies between; but two numbers are two cells
SPACE: Final = 0.14  # TeX's narrowest space between words is 0.17, kerning stays under 0.1
NO_SPACE: Final = 0.04  # a space character that takes no more room parts nothing
USUAL_SPACE: Final = 0.75  # of a line's usual gap between words, where no space is told: a space from there on
FEWEST_SPACES: Final = 3  # between letters of a line, to tell what is usual; around signs there may be room as well
TOUCHING: Final = 0.06  # gaps of a line up to which letters touch; tight lines have spaces of 0.1
SHORTEST_WORDS: Final = 2.0  # letters, on average: gaps that make words shorter, or longer, are not between words
LONGEST_WORDS: Final = 12.0  # letters: the same at most
_DOT: Final = ord(".")  # those of a leader stand apart, which says nothing of the letters before them
FEWEST_SPREAD: Final = 6  # letters with a space behind each that may be words set wide; heads of columns are fewer
SHORTEST_SPREAD: Final = 2.5  # letters of a word that is set so, on average
WIDEST_SPREAD: Final = 0.6  # between its letters, at most
PARTS_SPREAD: Final = 1.5  # times that gap: between two words
LEANS: Final = 0.1  # of room after a letter that leans is its own, at most: TeX's italic F has 0.14
SPACE_BESIDE_SPACES: Final = 0.28  # where the line has space characters, a gap without one is tracking or a tab
SPACE_OF_MONOSPACE: Final = 0.32  # between two of typewriter type, whose letters leave more room around them
SENTENCE_SIGNS: Final = frozenset(".,:;!?()[]{}\"'\u2026\u201c\u201d\u00ab\u00bb")  # none that is part of a number
SPACE_OF_CJK: Final = 0.45  # justification spreads characters by up to a quarter
SMALLEST_SCRIPT: Final = 0.4  # of its line's size; a larger difference is a heading or a drop cap beside the text
SMALL: Final = 0.85  # of its line's size: TeX and Word set raised and lowered characters at 0.6 to 0.7
FURTHEST: Final = 0.55  # of its line's size: what follows right behind, in the content and on the page, may be set off
TOUCHES: Final = 0.2  # of its line's size: so near it is right behind


@dataclass(slots=True)
class SpanWord:
    """A word as it stands in one span."""

    members: list[int]  # glyphs of the frame, in the order of content
    left: float
    right: float
    space_before: bool
    space_after: bool
    rtl: bool


@dataclass(slots=True)
class Span:
    """Words that follow one another in the content, side by side on one height."""

    pieces: list[SpanWord]
    left: float
    right: float
    baseline: float
    size: float


class Reader:
    """What the steps below ask about a frame's glyphs, as plain lists: they go glyph by glyph."""

    def __init__(
        self,
        glyphs: Glyphs,
        frame: Frame,
        before: Flags,
        after: Flags,
        inferred: Flags,
        overdrawn: Overdrawn | None,
    ) -> None:
        self.glyphs, self.frame = glyphs, frame
        fonts = glyphs.font[glyphs.run[frame.index]]
        codes = glyphs.codes[frame.index]
        self.codes: list[int] = codes.tolist()
        self.order = list(range(len(self.codes)))
        self.ascii = np.minimum(codes, 0x7F).astype(np.uint8).tobytes().decode("ascii")  # 0x7F for what is none
        self.flags: list[int] = glyphs.flags[frame.index].tolist()
        self.left: list[float] = frame.left.tolist()
        self.right: list[float] = frame.right.tolist()
        self.start: list[float] = frame.start.tolist()
        self.end: list[float] = frame.end.tolist()
        # Ink, and no less than a line of text has.
        self.top: list[float] = np.minimum(frame.top, frame.baseline - ASCENT * frame.size).tolist()
        self.bottom: list[float] = np.maximum(frame.bottom, frame.baseline + DESCENT * frame.size).tolist()
        self.edges = self._in_page_units() if frame.angle == 0 else None
        self.baseline: list[float] = frame.baseline.tolist()
        self.size: list[float] = np.round(frame.size, 2).tolist()
        self.fonts: list[int] = fonts.tolist()
        self.east = (codes >= 0x2E80) & np.array([is_on_grid(code) for code in self.codes], bool)
        self.monospace = np.array([font.monospace for font in glyphs.fonts] or [False], bool)[fonts]
        far = max(self.codes) >= 0x590
        self.rtl = [is_right_to_left(code) for code in self.codes] if far else [False] * len(self.codes)
        backwards = sum(self.rtl)
        self.from_right = backwards > 0 and 2 * backwards > sum(chr(code).isalpha() for code in self.codes)
        self.before: list[bool] = before[frame.index].tolist()
        self.after: list[bool] = after[frame.index].tolist()
        self.struck: list[bool] = overdrawn.struck[frame.index].tolist() if overdrawn else []
        self.link: list[int] = overdrawn.link[frame.index].tolist() if overdrawn else []
        self.targets = overdrawn.targets if overdrawn else ()
        self._measure(frame, inferred[frame.index])

    def _measure(self, frame: Frame, inferred: Flags) -> None:
        """Between each glyph and the one before it: the gap, and the gaps from which on there is a space."""
        forward = frame.start[1:] - frame.end[:-1]
        backward = frame.start[:-1] - frame.end[1:]
        size = np.maximum(frame.size[1:], frame.size[:-1])
        typed = np.asarray(self.monospace[1:]) & np.asarray(self.monospace[:-1])
        ems = np.where(typed, SPACE_OF_MONOSPACE, SPACE)
        beside = np.where(typed, SPACE_OF_MONOSPACE, np.where(inferred[1:], SPACE, SPACE_BESIDE_SPACES))
        east = self.east[1:] & self.east[:-1]
        # A letter that leans out of its place is followed by more room where the next stands upright: F(x).
        lean = np.clip(frame.right[:-1] - frame.end[:-1], 0, LEANS * size)
        self.gap: list[float] = [0.0, *np.maximum(forward, backward).tolist()]
        self.limit: list[float] = [0.0, *(np.where(east, SPACE_OF_CJK, ems) * size + lean).tolist()]
        self.limit_beside_spaces: list[float] = [0.0, *(np.where(east, SPACE_OF_CJK, beside) * size + lean).tolist()]

    def _in_page_units(self) -> tuple[list[float], list[float], list[float], list[float]]:
        """Left, top, right, bottom as `Glyphs.unit_box` has them, of all glyphs at once."""
        width, height = self.glyphs.width, self.glyphs.height

        def units(places: list[float], extent: float) -> list[float]:
            shares = np.array(places) / extent * SCALE
            found: list[float] = np.where(shares > 0, np.minimum(shares, SCALE), 0.0).tolist()
            return found

        return units(self.left, width), units(self.top, height), units(self.right, width), units(self.bottom, height)

    def is_stretch(self, members: list[int]) -> bool:
        """Whether they follow one another in the content: all but always."""
        return members == self.order[members[0] : members[-1] + 1]

    def space_between(self, first: int, second: int) -> float:
        """The gap between two glyphs that do not follow one another from which on there is a space."""
        size = max(self.size[first], self.size[second])
        if self.east[first] and self.east[second]:
            return SPACE_OF_CJK * size
        typed = self.monospace[first] and self.monospace[second]
        return (SPACE_OF_MONOSPACE if typed else SPACE) * size

    def are_latin_and_not(self, first: int, second: int) -> bool:
        """Of two glyphs of which one is written from right to left: a Latin name in Arabic text stands alone, however
        tightly it is set."""
        left_to_right = first if self.rtl[second] else second
        return chr(self.codes[left_to_right]).isalpha()


def spans(frame: Frame, reader: Reader) -> list[Span]:
    """Stretches of the content whose glyphs stand side by side, cut into words."""
    return [_span(start, stop, reader) for start, stop in _chains(frame, reader)]


def _chains(frame: Frame, reader: Reader) -> Iterable[tuple[int, int]]:
    """Stretches of the content whose glyphs stand side by side."""
    forward = frame.start[1:] - frame.end[:-1]
    backward = frame.start[:-1] - frame.end[1:]
    gap = np.maximum(forward, backward)
    larger = np.maximum(frame.size[1:], frame.size[:-1])
    smaller = np.minimum(frame.size[1:], frame.size[:-1])
    shift = np.abs(np.diff(frame.baseline))
    top, bottom = frame.baseline - ASCENT * frame.size, frame.baseline + DESCENT * frame.size
    shared = np.minimum(bottom[1:], bottom[:-1]) - np.maximum(top[1:], top[:-1])
    level = (shared > 0.5 * (ASCENT + DESCENT) * smaller) & ((smaller < SMALL * larger) | (shift < 0.35 * larger))
    level |= (np.abs(gap) < TOUCHES * larger) & (shift < FURTHEST * larger)
    level &= smaller > SMALLEST_SCRIPT * larger
    rtl = np.array(reader.rtl)
    # A step back is how right-to-left text goes; in other text something starts anew.
    back = (backward > forward) & (backward > -0.3 * larger)
    # Signs beside a right-to-left letter go as it does.
    sign = np.array([chr(code) in SENTENCE_SIGNS for code in reader.codes]) if rtl.any() else rtl
    both = (rtl[1:] | sign[1:]) & (rtl[:-1] | sign[:-1]) & (rtl[1:] | rtl[:-1])
    turned = np.where(back, ~(rtl[1:] | rtl[:-1]), both & (forward > -0.3 * larger))
    following = np.where(np.array(reader.before[1:], bool), SPACED_GAP, FOLLOWING_GAP)
    digit = np.array([0x30 <= code <= 0x39 for code in reader.codes])
    following = np.where(digit[1:] & digit[:-1], COLUMN_GAP, following)
    reach = np.where(shift < 0.05 * larger, following, COLUMN_GAP) * np.minimum(larger, 2 * smaller)
    cuts = (np.flatnonzero(~(level & (gap < reach) & ~turned)) + 1).tolist()
    return pairwise([0, *cuts, len(frame.index)])


def _span(start: int, stop: int, reader: Reader) -> Span:
    """A chain cut into words."""
    before, gaps, size = reader.before, reader.gap, reader.size
    close = [index for index in range(start + 1, stop) if not before[index]]
    spaced = len(close) < stop - start - 1
    dots = [code == _DOT for code in reader.codes[start:stop]]
    letters = [index for index in close if not (dots[index - start] and dots[index - 1 - start])]
    tight = sorted(gaps[index] for index in letters or close)
    # Letters set apart (tracking) are seen in the gaps of the tighter half.
    tracking = tight[int(len(tight) * 0.35)] if len(tight) >= 4 else 0.0
    if tracking < 0.06 * size[start]:
        tracking = 0.0
    limits = reader.limit_beside_spaces if spaced else reader.limit
    narrow = math.inf if spaced or tracking else _narrow_space(start, stop, reader)
    spread = _spread(start, stop, reader)
    pieces: list[SpanWord] = []
    first = start
    for index in range(start + 1, stop):
        gap = gaps[index]
        if gap < spread or (dots[index - start] and dots[index - 1 - start] and not before[index]):
            continue
        if (
            gap > limits[index] + 1.5 * tracking
            or (gap > narrow and _are_letters(index - 1, index, reader))
            or (before[index] and gap > NO_SPACE * size[index])
            or (reader.rtl[index] != reader.rtl[index - 1] and reader.are_latin_and_not(index - 1, index))
        ):
            pieces.append(_piece(first, index, reader))
            first = index
    pieces.append(_piece(first, stop, reader))
    largest = max(range(start, stop), key=size.__getitem__)
    left, right = min(piece.left for piece in pieces), max(piece.right for piece in pieces)
    return Span(pieces, left, right, reader.baseline[largest], size[largest])


def _spread(start: int, stop: int, reader: Reader) -> float:
    """Where a space stands behind each letter, as in "w i d e   t y p e": the gap between words; 0 elsewhere."""
    gaps = reader.gap[start + 1 : stop]
    if len(gaps) < FEWEST_SPREAD or not all(reader.before[start + 1 : stop]):
        return 0.0
    usual = sorted(gaps)[len(gaps) // 3]
    words = 1 + sum(gap > PARTS_SPREAD * usual for gap in gaps)
    letters = all(chr(reader.codes[index]).isalpha() for index in range(start, stop))
    is_spread = letters and words > 1 and (stop - start) >= SHORTEST_SPREAD * words
    return PARTS_SPREAD * usual if is_spread and usual < WIDEST_SPREAD * reader.size[start] else 0.0


def _narrow_space(start: int, stop: int, reader: Reader) -> float:
    """The gap from which on there is a space in a line that is set tight and has no space characters.

    Letters touch in it, and its spaces are alike; figures may stand apart for other reasons.
    """
    wide = [
        index
        for index in range(start + 1, stop)
        if reader.gap[index] > TOUCHING * reader.size[index] and _are_letters(index - 1, index, reader)
    ]
    between = sum(chr(reader.codes[index - 1]).isalnum() and chr(reader.codes[index]).isalnum() for index in wide)
    letters = (stop - start) / (len(wide) + 1)
    if between < FEWEST_SPACES or not SHORTEST_WORDS <= letters <= LONGEST_WORDS:
        return math.inf
    gaps = [reader.gap[index] for index in wide]
    usual = statistics.median(gaps)
    return USUAL_SPACE * usual if USUAL_SPACE * max(gaps) < usual < min(gaps) / USUAL_SPACE else math.inf


def _are_letters(first: int, second: int, reader: Reader) -> bool:
    """Whether one of two glyphs is a letter of a script that parts words, in type whose letters touch."""
    if any(reader.monospace[place] or reader.east[place] for place in (first, second)):
        return False
    return chr(reader.codes[first]).isalpha() or chr(reader.codes[second]).isalpha()


def _piece(start: int, stop: int, reader: Reader) -> SpanWord:
    return SpanWord(
        list(range(start, stop)),
        min(reader.start[start:stop]),
        max(reader.end[start:stop]),
        reader.before[start],
        reader.after[stop - 1],
        any(reader.rtl[start:stop]),
    )
