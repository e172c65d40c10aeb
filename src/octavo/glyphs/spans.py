"""Glyphs that follow one another in the content and touch, as spans of words: where a space is. Pure."""

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Final, TypeAlias

import numpy as np

from octavo.geometry import SCALE
from octavo.glyphs import HYPHEN, Flags, Glyphs, Indices, Numbers
from octavo.glyphs.frames import ASCENT, DESCENT, Frame
from octavo.glyphs.scripts import is_on_grid, is_right_to_left
from octavo.glyphs.styles import Overdrawn
from octavo.glyphs.text import are_plain

Extent: TypeAlias = tuple[float, float, float, float]  # left, top, right, bottom

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
TIGHT: Final = 0.35  # of a chain's gaps, the narrowest: letters set apart (tracking) are seen in the widest of these
FEWEST_TIGHT: Final = 4  # gaps that tracking is seen in, at least
TRACKED: Final = 0.06  # from which on such a gap is tracking
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

    members: Sequence[int]  # glyphs of the frame; a `range` where they follow one another in the content
    left: float
    right: float
    ink: Extent  # no less high than a line; page units where the frame is not turned, in the frame elsewhere
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
    size: float  # of its largest glyph
    smallest: float


class Reader:
    """What the steps below ask about a frame's glyphs: arrays for all of them at once, lists for one after another."""

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
        codes = self.characters = glyphs.codes[frame.index]
        self.from_the_right = _asked(is_right_to_left, codes, codes >= 0x590)
        plain = are_plain(codes, self.from_the_right) & (glyphs.flags[frame.index] & HYPHEN == 0)
        # A character per glyph, 0x7F for one that `spelled` has to look at.
        self.text = np.where(plain, codes, 0x7F).astype("<u4").tobytes().decode("utf-32-le")
        self.sizes = np.round(frame.size, 2)
        self.size: list[float] = self.sizes.tolist()
        self.fonts: list[int] = fonts.tolist()
        self.east = _asked(is_on_grid, codes, codes >= 0x2E80)
        self.has_east = bool(self.east.any())
        self.monospace = np.array([font.monospace for font in glyphs.fonts] or [False], bool)[fonts]
        self.rtl: list[bool] = self.from_the_right.tolist()
        backwards = sum(self.rtl)
        self.from_right = backwards > 0 and 2 * backwards > int(self.letters.sum())
        self.before, self.after, self.inferred = before[frame.index], after[frame.index], inferred[frame.index]
        self.struck: list[bool] = overdrawn.struck[frame.index].tolist() if overdrawn else []
        self.link: list[int] = overdrawn.link[frame.index].tolist() if overdrawn else []
        self.overdrawn = [struck or link >= 0 for struck, link in zip(self.struck, self.link, strict=True)]
        self.targets = overdrawn.targets if overdrawn else ()
        # From each glyph to the next in the content.
        self.forward = frame.start[1:] - frame.end[:-1]
        self.backward = frame.start[:-1] - frame.end[1:]
        self.gap = np.maximum(self.forward, self.backward)
        self.larger = np.maximum(frame.size[1:], frame.size[:-1])

    @cached_property
    def codes(self) -> list[int]:
        codes: list[int] = self.characters.tolist()
        return codes

    @cached_property
    def flags(self) -> list[int]:
        flags: list[int] = self.glyphs.flags[self.frame.index].tolist()
        return flags

    @cached_property
    def letters(self) -> Flags:
        return _asked(lambda code: chr(code).isalpha(), self.characters, self.characters > 0)

    @cached_property
    def latin(self) -> list[bool]:
        """Letters that are not written from right to left."""
        latin: list[bool] = (self.letters & ~self.from_the_right).tolist()
        return latin

    @cached_property
    def letters_and_figures(self) -> Flags:
        return _asked(lambda code: chr(code).isalnum(), self.characters, self.characters > 0)

    @cached_property
    def beside_letters(self) -> Flags:
        """From each glyph to the next: whether one of the two is a letter of a script that parts words, in type whose
        letters touch."""
        apart = self.monospace | self.east
        return np.asarray((self.letters[1:] | self.letters[:-1]) & ~(apart[1:] | apart[:-1]), np.bool_)

    def words(self, firsts: Indices, stop: int) -> list[SpanWord]:
        """The words that begin with these glyphs; the last one ends before `stop`."""
        frame, places = self.frame, firsts - firsts[0]
        own = slice(int(firsts[0]), stop)
        baseline, size = frame.baseline[own], frame.size[own]
        # Ink, and no less than a line of text has.
        top, bottom = np.minimum(frame.top[own], baseline - ASCENT * size), frame.bottom[own]
        edges = [
            np.minimum.reduceat(frame.left[own], places),
            np.minimum.reduceat(top, places),
            np.maximum.reduceat(frame.right[own], places),
            np.maximum.reduceat(np.maximum(bottom, baseline + DESCENT * size), places),
        ]
        if frame.angle == 0:
            page = (self.glyphs.width, self.glyphs.height) * 2
            edges = [_in_page_units(edge, extent) for edge, extent in zip(edges, page, strict=True)]
        stops = [*firsts[1:].tolist(), stop]
        return list(
            map(
                SpanWord,
                map(range, firsts.tolist(), stops),
                np.minimum.reduceat(frame.start[own], places).tolist(),
                np.maximum.reduceat(frame.end[own], places).tolist(),
                zip(*[edge.tolist() for edge in edges], strict=True),
                self.before[firsts].tolist(),
                self.after[np.array(stops) - 1].tolist(),
                np.logical_or.reduceat(self.from_the_right[own], places).tolist(),
            )
        )

    def has_east_in(self, members: Sequence[int]) -> bool:
        return self.has_east and bool(self.east[members].any())

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
        return bool(self.letters[first if self.rtl[second] else second])


def _asked(question: Callable[[int], bool], codes: Indices, among: Flags) -> Flags:
    """Which glyphs have a character of which something is true: it is asked once for each kind of character."""
    found = among.copy()
    if found.any():
        own = codes[among]
        kinds = sorted(set(own.tolist()))  # `np.unique` would load numpy's masked arrays: 20 ms of a start
        found[among] = np.array([question(code) for code in kinds], bool)[np.searchsorted(kinds, own)]
    return found


def _in_page_units(places: Numbers, extent: float) -> Numbers:
    """As `Glyphs.unit_box` has them, of many at once."""
    shares = places / extent * SCALE
    return np.where(shares > 0, np.minimum(shares, SCALE), 0.0)


def spans(frame: Frame, reader: Reader) -> list[Span]:
    """Stretches of the content whose glyphs stand side by side, cut into words."""
    starts = _chains(frame, reader)
    firsts = _words_from(starts, reader)
    words = reader.words(firsts, len(frame.index))
    sizes = reader.sizes
    largest = np.maximum.reduceat(sizes, starts)
    as_large = np.flatnonzero(sizes == np.repeat(largest, _lengths(starts, len(sizes))))
    leading = as_large[np.searchsorted(as_large, starts)]  # the first of the largest glyphs
    bounds = pairwise([*np.searchsorted(firsts, starts).tolist(), len(words)])
    return list(
        map(
            Span,
            [words[start:stop] for start, stop in bounds],
            np.minimum.reduceat(frame.start, starts).tolist(),
            np.maximum.reduceat(frame.end, starts).tolist(),
            frame.baseline[leading].tolist(),
            largest.tolist(),
            np.minimum.reduceat(sizes, starts).tolist(),
        )
    )


def _lengths(starts: Indices, count: int) -> Indices:
    """Of stretches that begin there, of so many glyphs in all."""
    return np.diff(starts, append=count)


def _chains(frame: Frame, reader: Reader) -> Indices:
    """Where stretches of the content begin whose glyphs stand side by side."""
    forward, backward, gap, larger = reader.forward, reader.backward, reader.gap, reader.larger
    smaller = np.minimum(frame.size[1:], frame.size[:-1])
    shift = np.abs(np.diff(frame.baseline))
    top, bottom = frame.baseline - ASCENT * frame.size, frame.baseline + DESCENT * frame.size
    shared = np.minimum(bottom[1:], bottom[:-1]) - np.maximum(top[1:], top[:-1])
    level = (shared > 0.5 * (ASCENT + DESCENT) * smaller) & ((smaller < SMALL * larger) | (shift < 0.35 * larger))
    level |= (np.abs(gap) < TOUCHES * larger) & (shift < FURTHEST * larger)
    level &= smaller > SMALLEST_SCRIPT * larger
    # A step back is how right-to-left text goes; in other text something starts anew.
    turned = (backward > forward) & (backward > -0.3 * larger)
    codes, rtl = reader.characters, reader.from_the_right
    if rtl.any():
        # Signs beside a right-to-left letter go as it does.
        sign = np.isin(codes, [ord(char) for char in SENTENCE_SIGNS])
        either = rtl[1:] | rtl[:-1]
        both = (rtl[1:] | sign[1:]) & (rtl[:-1] | sign[:-1]) & either
        turned = np.where(turned, ~either, both & (forward > -0.3 * larger))
    following = np.where(reader.before[1:], SPACED_GAP, FOLLOWING_GAP)
    digit = (codes >= 0x30) & (codes <= 0x39)
    following = np.where(digit[1:] & digit[:-1], COLUMN_GAP, following)
    reach = np.where(shift < 0.05 * larger, following, COLUMN_GAP) * np.minimum(larger, 2 * smaller)
    return np.append(0, np.flatnonzero(~(level & (gap < reach) & ~turned)) + 1)


def _words_from(starts: Indices, reader: Reader) -> Indices:
    """Where the words begin that chains are cut into."""
    lengths = _lengths(starts, len(reader.sizes))
    before, size, rtl = reader.before, reader.sizes, reader.from_the_right
    gap = np.append(0.0, reader.gap)  # of each glyph: to the one before it
    inner = np.ones(len(size), bool)  # it follows another one of its chain
    inner[starts] = False
    dot = reader.characters == _DOT
    dotted = np.append(False, dot[1:] & dot[:-1]) & ~before

    def counted(which: Flags) -> Indices:
        return np.add.reduceat(which & inner, starts, dtype=np.int64)

    def measured(which: Flags, measure: Callable[[int, int, Reader], float], otherwise: float) -> Numbers:
        found = np.full(len(starts), otherwise)
        for chain in np.flatnonzero(which).tolist():
            found[chain] = measure(int(starts[chain]), int(starts[chain] + lengths[chain]), reader)
        return found

    # What follows is measured in the few chains that may have it, as these counts say.
    spaces = counted(before)
    spaced = spaces > 0
    apart = counted((gap >= TRACKED * np.repeat(size[starts], lengths)) & ~before)
    most = 2 * apart > counted(~before & ~dotted)  # all but `TIGHT` of those between letters, where there are any
    tracking = measured(most & (apart >= FEWEST_TIGHT / 2), _tracking, 0.0)
    wide = counted(gap > TOUCHING * size)
    narrow = measured(~spaced & (tracking == 0) & (wide >= FEWEST_SPACES), _narrow_space, math.inf)
    spread = measured((spaces == lengths - 1) & (spaces >= FEWEST_SPREAD), _spread, 0.0)

    limit = np.append(0.0, _limits(np.repeat(spaced, lengths), reader))
    begins = gap > limit + np.repeat(1.5 * tracking, lengths)
    if (narrow < math.inf).any():
        begins |= (gap > np.repeat(narrow, lengths)) & np.append(False, reader.beside_letters)
    begins |= before & (gap > NO_SPACE * size)
    if rtl.any():
        begins[1:] |= (rtl[1:] != rtl[:-1]) & np.where(rtl[1:], reader.letters[:-1], reader.letters[1:])
    begins &= ~(gap < np.repeat(spread, lengths)) & ~dotted
    return np.flatnonzero(begins | ~inner)


def _limits(spaced: Flags, reader: Reader) -> Numbers:
    """From each glyph to the next: the gap from which on there is a space. `spaced` are those of chains in which space
    characters stand."""
    frame = reader.frame
    typed = reader.monospace[1:] & reader.monospace[:-1]
    east = reader.east[1:] & reader.east[:-1]
    ems = np.where(spaced[1:] & ~reader.inferred[1:], SPACE_BESIDE_SPACES, SPACE)
    ems = np.where(east, SPACE_OF_CJK, np.where(typed, SPACE_OF_MONOSPACE, ems))
    # A letter that leans out of its place is followed by more room where the next stands upright: F(x).
    lean = np.clip(frame.right[:-1] - frame.end[:-1], 0, LEANS * reader.larger)
    return ems * reader.larger + lean


def _tracking(start: int, stop: int, reader: Reader) -> float:
    """How far the letters of a chain are set apart; 0 where they are not."""
    close = ~reader.before[start + 1 : stop]
    dots = reader.characters[start:stop] == _DOT
    letters = close & ~(dots[1:] & dots[:-1])
    tight = np.sort(reader.gap[start : stop - 1][letters if letters.any() else close])
    usual = float(tight[int(len(tight) * TIGHT)]) if len(tight) >= FEWEST_TIGHT else 0.0
    return usual if usual >= TRACKED * reader.size[start] else 0.0


def _spread(start: int, stop: int, reader: Reader) -> float:
    """Where a space stands behind each letter, as in "w i d e   t y p e": the gap between words; 0 elsewhere."""
    gaps: list[float] = reader.gap[start : stop - 1].tolist()
    usual = sorted(gaps)[len(gaps) // 3]
    words = 1 + sum(gap > PARTS_SPREAD * usual for gap in gaps)
    is_spread = reader.letters[start:stop].all() and words > 1 and (stop - start) >= SHORTEST_SPREAD * words
    return PARTS_SPREAD * usual if is_spread and usual < WIDEST_SPREAD * reader.size[start] else 0.0


def _narrow_space(start: int, stop: int, reader: Reader) -> float:
    """The gap from which on there is a space in a line that is set tight and has no space characters.

    Letters touch in it, and its spaces are alike; figures may stand apart for other reasons.
    """
    gap = reader.gap[start : stop - 1]
    wide = (gap > TOUCHING * reader.sizes[start + 1 : stop]) & reader.beside_letters[start : stop - 1]
    solid = reader.letters_and_figures[start:stop]
    between = int((wide & solid[:-1] & solid[1:]).sum())
    gaps: list[float] = gap[wide].tolist()
    letters = (stop - start) / (len(gaps) + 1)
    if between < FEWEST_SPACES or not SHORTEST_WORDS <= letters <= LONGEST_WORDS:
        return math.inf
    usual = statistics.median(gaps)
    return USUAL_SPACE * usual if USUAL_SPACE * max(gaps) < usual < min(gaps) / USUAL_SPACE else math.inf
