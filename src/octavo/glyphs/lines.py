"""Glyphs to lines and words: from where they stand, helped by the order they come in. Pure.

The order of a PDF's content decides what is beside what (glyphs that follow one another and touch are one span); the
place decides what is one line (spans on one baseline, no column gap between them), where a space is, and in which order
spans stand. Each direction of writing is looked at on its own, turned to run from left to right.
"""

import math
import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Final, TypeVar

import numpy as np

from octavo.content import Run, Runs
from octavo.document import TextLine, Word
from octavo.frozen import frozen
from octavo.geometry import SCALE, Box
from octavo.glyphs import INFERRED, WIDTHS, Flags, Glyphs, Indices, Numbers
from octavo.glyphs.scripts import SPACES, is_on_grid, is_right_to_left
from octavo.glyphs.styles import Overdrawn
from octavo.glyphs.text import Shift, brackets_facing, shifted, spelled

# In ems of the glyphs concerned; ascent and descent are those of a typical text face.
ASCENT: Final = 0.72  # above the baseline
DESCENT: Final = 0.22  # below it
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
TYPED: Final = 0.67  # share of a line in typewriter type from which it is typed: less is a word, or a value in a form
LATIN_LINE: Final = 3.0  # Latin letters to each other, from which a line of a page from right to left is none
SENTENCE_SIGNS: Final = frozenset(".,:;!?()[]{}\"'\u2026\u201c\u201d\u00ab\u00bb")  # none that is part of a number
SENTENCE_ENDS: Final = frozenset(".,:;!?")
SPACE_OF_CJK: Final = 0.45  # justification spreads characters by up to a quarter
MOST_SPANS: Final = 3000  # put together: a full ledger page has 1300, a hostile one must not cost its square
SMALLEST_SCRIPT: Final = 0.4  # of its line's size; a larger difference is a heading or a drop cap beside the text
SMALL: Final = 0.85  # of its line's size: TeX and Word set raised and lowered characters at 0.6 to 0.7
FURTHEST: Final = 0.55  # of its line's size: what follows right behind, in the content and on the page, may be set off
TOUCHES: Final = 0.2  # of its line's size: so near it is right behind
RISE: Final = 0.2  # of its line's size, above the baseline: Word raises by 0.33, TeX by 0.36
DROP: Final = 0.08  # the same below it: TeX lowers by 0.15
SCRIPT_GAP: Final = 0.3  # of the larger type: what is raised or lowered stands that near to what it belongs to
LEVEL: Final = 0.05  # of the larger type, up to which two baselines are one
TWIN: Final = 0.12  # two copies of a glyph nearer than this are one in fake bold; "ll" stands 0.22 apart


@dataclass(slots=True)
class _SpanWord:
    """A word as it stands in one span."""

    members: list[int]  # glyphs of the frame, in the order of content
    left: float
    right: float
    space_before: bool
    space_after: bool
    rtl: bool


@dataclass(slots=True)
class _Span:
    pieces: list[_SpanWord]
    left: float
    right: float
    baseline: float
    size: float


@frozen
class _Frame:
    """Glyphs of one direction, turned so that it runs from left to right; u along, v down."""

    index: Indices  # in the page's glyphs
    left: Numbers
    right: Numbers
    top: Numbers
    bottom: Numbers
    start: Numbers  # of the advance box
    end: Numbers
    baseline: Numbers
    size: Numbers
    angle: float
    stacked: bool  # upright characters one below the other


def lines(glyphs: Glyphs, visible: Flags, overdrawn: Overdrawn | None = None) -> list[TextLine]:
    """The lines made of visible glyphs, in the order of the page's content."""
    if not len(glyphs):
        return []
    codes = glyphs.codes
    real = visible & glyphs.drawn()
    space = real & np.isin(codes, SPACES)
    ink = real & ~space & ~_twins(glyphs, real & ~space)
    # A space belongs to the glyph that comes after it in the content, and to the one before.
    order = np.flatnonzero(ink)
    spaces_until = np.cumsum(space)
    inferred = np.concatenate([[False], glyphs.flags[:-1] & INFERRED > 0])
    before = np.zeros(len(glyphs), bool)
    after = np.zeros(len(glyphs), bool)
    if len(order):
        counts = spaces_until[order]
        before[order] = np.diff(counts, prepend=0) > 0
        after[order] = np.diff(counts, append=spaces_until[-1]) > 0
    made = [
        found
        for frame in _frames(glyphs, ink)
        for found in _lines_of(frame, _Reader(glyphs, frame, before, after, inferred, overdrawn))
    ]
    made.sort(key=lambda item: item[0])
    return [line for _, line in made]


def _twins(glyphs: Glyphs, ink: Flags) -> Flags:
    """Glyphs drawn again all but in the same place, and at the same angle: what crosses another text is its own."""
    twins = np.zeros(len(glyphs), bool)
    candidates = np.flatnonzero(ink)
    if len(candidates) < 2:
        return twins
    size = np.maximum(glyphs.sizes[glyphs.run[candidates]], 0.1)
    angle = glyphs.angles[glyphs.run[candidates]]
    x, y = glyphs.origins[candidates].T
    # Neighbours of the same character in a sort by row and column; a shifted grid catches what a cell border parts.
    for offset in (0.0, 0.5):
        row = np.floor(y / (size * 0.5) + offset)
        order = np.lexsort((x, row, glyphs.codes[candidates]))
        here, there = order[:-1], order[1:]
        same = (
            (glyphs.codes[candidates[here]] == glyphs.codes[candidates[there]])
            & (np.abs(x[there] - x[here]) < TWIN * size[here])
            & (np.abs(y[there] - y[here]) < TWIN * size[here])
            & (np.abs(size[there] - size[here]) < 0.1 * size[here])
            & (angle[there] == angle[here])
        )
        # Pieces of one ligature share a place as well, but follow one another in the same run.
        later = np.maximum(candidates[here], candidates[there])[same]
        sooner = np.minimum(candidates[here], candidates[there])[same]
        piece = (
            (later - sooner == 1)
            & (glyphs.origins[later] == glyphs.origins[sooner]).all(axis=1)
            & (glyphs.run[later] == glyphs.run[sooner])
        )
        twins[later[~piece]] = True
    return twins


# --- frames -------------------------------------------------------------------------------------------------------


def _frames(glyphs: Glyphs, ink: Flags) -> Iterable[_Frame]:
    stacked = _stacked(glyphs, ink)
    angles = glyphs.angles[glyphs.run]
    for angle in np.unique(angles[ink & ~stacked]):
        yield _frame(glyphs, np.flatnonzero(ink & ~stacked & (angles == angle)), float(angle))
    if stacked.any():
        yield _stacked_frame(glyphs, np.flatnonzero(stacked))


def _frame(glyphs: Glyphs, index: Indices, angle: float) -> _Frame:
    cosine, sine = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    boxes, origins = glyphs.boxes[index], glyphs.origins[index]
    size = np.maximum(glyphs.sizes[glyphs.run[index]], 0.1)
    first, second = _turned(boxes[:, 0:2], cosine, sine), _turned(boxes[:, 2:4], cosine, sine)
    low, high = np.minimum(first, second), np.maximum(first, second)
    u, baseline = _turned(origins, cosine, sine).T
    if angle % 90:  # the box of a slanted glyph says little: take the width its character has in other fonts
        codes = glyphs.codes[index].tolist()
        width = np.array([WIDTHS.get(chr(code), 1000 if code >= 0x2E80 else 520) for code in codes])
        low = np.column_stack([u, baseline - ASCENT * size])
        high = np.column_stack([u + width / 1000 * size, baseline + DESCENT * size])
    advance = glyphs.advances[index]
    # PDFium gives the width of the ink for some fonts' advance: it ends before the ink does.
    told = (advance > 0.05 * size) & (advance < 3 * size)
    told &= glyphs.told[index] | (u + advance > high[:, 0] - 0.05 * size)
    # Where the advance is not told, a glyph is taken to have as much room after its ink as before it.
    start = np.where(glyphs.told[index], u, np.minimum(u, low[:, 0]))
    end = np.where(told, u + advance, high[:, 0] + np.clip(low[:, 0] - u, 0, 0.2 * size))
    return _Frame(index, low[:, 0], high[:, 0], low[:, 1], high[:, 1], start, end, baseline, size, angle, False)


def _turned(points: Numbers, cosine: float, sine: float) -> Numbers:
    return np.column_stack([points[:, 0] * cosine + points[:, 1] * sine, points[:, 1] * cosine - points[:, 0] * sine])


def _stacked_frame(glyphs: Glyphs, index: Indices) -> _Frame:
    """Upright characters in columns: down is along, and the columns go from right to left."""
    boxes = glyphs.boxes[index]
    size = np.maximum(glyphs.sizes[glyphs.run[index]], 0.1)
    left, top, right, bottom = boxes.T
    middle = -(left + right) / 2
    baseline = middle + (ASCENT - DESCENT) / 2 * size
    centre = (top + bottom) / 2
    return _Frame(index, top, bottom, -right, -left, centre - size / 2, centre + size / 2, baseline, size, 90.0, True)


def _stacked(glyphs: Glyphs, ink: Flags) -> Flags:
    """Glyphs of East Asian runs that go down the page."""
    found = np.zeros(len(glyphs), bool)
    order = np.flatnonzero(ink & (glyphs.angles[glyphs.run] == 0) if len(glyphs.angles) else ink)
    if len(order) < 2:
        return found
    size = np.maximum(glyphs.sizes[glyphs.run[order]], 0.1)
    step = np.diff(glyphs.origins[order], axis=0) / size[1:, None]
    east = (glyphs.codes[order] >= 0x2E80) & (glyphs.codes[order] < 0xFB00)
    down = (np.abs(step[:, 0]) < 0.3) & (step[:, 1] > 0.5) & (step[:, 1] < 2) & east[1:] & east[:-1]
    # Three in a row at least: two characters below each other are two lines of one character as well.
    longer = np.convolve(down, [1, 1], "valid") == 2 if len(down) > 1 else np.zeros(0, bool)
    for start in np.flatnonzero(longer):
        found[order[start : start + 3]] = True
    return found


# --- spans --------------------------------------------------------------------------------------------------------


class _Reader:
    """What the steps below ask about a frame's glyphs, as plain lists: they go glyph by glyph."""

    def __init__(
        self,
        glyphs: Glyphs,
        frame: _Frame,
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

    def _measure(self, frame: _Frame, inferred: Flags) -> None:
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


def _lines_of(frame: _Frame, reader: _Reader) -> list[tuple[int, TextLine]]:
    """Each line with the number of its first glyph in the page's content."""
    spans = [_span(start, stop, reader) for start, stop in _chains(frame, reader)]
    return [_line(group, reader) for group in _on_one_line(spans)]


def _chains(frame: _Frame, reader: _Reader) -> Iterable[tuple[int, int]]:
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


def _span(start: int, stop: int, reader: _Reader) -> _Span:
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
    pieces: list[_SpanWord] = []
    first = start
    for index in range(start + 1, stop):
        gap = gaps[index]
        if gap < spread or (dots[index - start] and dots[index - 1 - start] and not before[index]):
            continue
        if (
            gap > limits[index] + 1.5 * tracking
            or (gap > narrow and _are_letters(index - 1, index, reader))
            or (before[index] and gap > NO_SPACE * size[index])
            or (reader.rtl[index] != reader.rtl[index - 1] and _latin_beside(index - 1, index, reader))
        ):
            pieces.append(_piece(first, index, reader))
            first = index
    pieces.append(_piece(first, stop, reader))
    largest = max(range(start, stop), key=size.__getitem__)
    left, right = min(piece.left for piece in pieces), max(piece.right for piece in pieces)
    return _Span(pieces, left, right, reader.baseline[largest], size[largest])


def _spread(start: int, stop: int, reader: _Reader) -> float:
    """Where a space stands behind each letter, as in "w i d e   t y p e": the gap between words; 0 elsewhere."""
    gaps = reader.gap[start + 1 : stop]
    if len(gaps) < FEWEST_SPREAD or not all(reader.before[start + 1 : stop]):
        return 0.0
    usual = sorted(gaps)[len(gaps) // 3]
    words = 1 + sum(gap > PARTS_SPREAD * usual for gap in gaps)
    letters = all(chr(reader.codes[index]).isalpha() for index in range(start, stop))
    is_spread = letters and words > 1 and (stop - start) >= SHORTEST_SPREAD * words
    return PARTS_SPREAD * usual if is_spread and usual < WIDEST_SPREAD * reader.size[start] else 0.0


def _narrow_space(start: int, stop: int, reader: _Reader) -> float:
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


def _are_letters(first: int, second: int, reader: _Reader) -> bool:
    """Whether one of two glyphs is a letter of a script that parts words, in type whose letters touch."""
    if any(reader.monospace[place] or reader.east[place] for place in (first, second)):
        return False
    return chr(reader.codes[first]).isalpha() or chr(reader.codes[second]).isalpha()


def _piece(start: int, stop: int, reader: _Reader) -> _SpanWord:
    return _SpanWord(
        list(range(start, stop)),
        min(reader.start[start:stop]),
        max(reader.end[start:stop]),
        reader.before[start],
        reader.after[stop - 1],
        any(reader.rtl[start:stop]),
    )


# --- lines --------------------------------------------------------------------------------------------------------


def _on_one_line(spans: Sequence[_Span]) -> list[list[_Span]]:
    """Spans that share a baseline and have no column gap between them."""
    if len(spans) > MOST_SPANS:
        return [[span] for span in spans]
    order = sorted(range(len(spans)), key=lambda index: spans[index].baseline - ASCENT * spans[index].size)
    parent = list(range(len(spans)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    reachable: list[int] = []
    for index in order:
        span = spans[index]
        top = span.baseline - ASCENT * span.size
        reachable = [other for other in reachable if spans[other].baseline + DESCENT * spans[other].size > top]
        for other in reachable:
            if _beside(spans[other], span):
                parent[root(index)] = root(other)
        reachable.append(index)
    groups: dict[int, list[_Span]] = {}
    for index in range(len(spans)):
        groups.setdefault(root(index), []).append(spans[index])
    return list(groups.values())


def _beside(first: _Span, second: _Span) -> bool:
    larger, smaller = max(first.size, second.size), min(first.size, second.size)
    gap = _gap(first, second)
    if (
        smaller < SMALLEST_SCRIPT * larger
        or gap > COLUMN_GAP * min(larger, 2 * smaller)
        or gap < -0.5 * min(first.right - first.left, second.right - second.left) - 0.3 * larger
    ):
        return False
    shared = min(first.baseline + DESCENT * first.size, second.baseline + DESCENT * second.size) - max(
        first.baseline - ASCENT * first.size, second.baseline - ASCENT * second.size
    )
    if shared < 0.5 * (ASCENT + DESCENT) * smaller:
        return False
    off = abs(first.baseline - second.baseline)
    if smaller < SMALL * larger:  # raised or lowered, or a heading in the next column
        return gap < (COLUMN_GAP * smaller if off < LEVEL * larger else SCRIPT_GAP * larger)
    return off < 0.35 * larger


def _gap(first: _Span, second: _Span) -> float:
    """Room between two spans; negative where they overlap.

    Browsers write the letters of a right-to-left word from left to right, its first one at the end of a step back, so
    that the rest of it stands in a hole of the span of the words before.
    """
    gap = max(second.left - first.right, first.left - second.right)
    if gap >= 0 or not all(any(piece.rtl for piece in span.pieces) for span in (first, second)):
        return gap
    return min(max(other.left - one.right, one.left - other.right) for one in first.pieces for other in second.pieces)


def _line(group: list[_Span], reader: _Reader) -> tuple[int, TextLine]:
    pieces = [piece for span in group for piece in span.pieces]
    pieces.sort(key=lambda piece: piece.left)
    written = any(piece.rtl for piece in pieces)
    # A stop at the left of a number ends the sentence that the line above began.
    ended = reader.from_right and not written and chr(reader.codes[pieces[0].members[0]]) in SENTENCE_ENDS
    from_right = ended or (written and _is_from_right(pieces, reader))
    if written or ended:
        pieces = _in_logical_order(pieces, reader, from_right=from_right)
    shifts = _shifts(group, reader)
    words = [(text, members) for text, members in _words(pieces, reader, shifts) if text]
    if from_right:
        words = [(brackets_facing(text), members) for text, members in words]
    members = [member for _, members in words for member in members] or pieces[0].members
    frame, glyphs = reader.frame, reader.glyphs
    fonts = [(glyphs.fonts[font], count) for font, count in _counted(members, reader.fonts, reader)]
    half = len(members) / 2
    line = TextLine(
        box=_page_box(members, reader),
        text=" ".join([text for text, _ in words]),
        words=tuple([Word(text, _page_box(members, reader)) for text, members in words]),
        quad=() if frame.angle == 0 or frame.stacked else _corners(frame, glyphs, *_extent(members, reader)),
        font_size=max(_counted(members, reader.size, reader), key=itemgetter(1))[0],
        bold=sum(count for font, count in fonts if font.bold) > half,
        italic=sum(count for font, count in fonts if font.italic) > half,
        monospace=sum(count for font, count in fonts if font.monospace) > TYPED * len(members)
        and not reader.east[members].any(),
        runs=_runs(words, reader, shifts, {(font.bold, font.italic) for font, _ in fonts}),
    )
    return int(frame.index[min(members)]), line


_Kind = TypeVar("_Kind", int, float)


def _counted(members: list[int], kinds: list[_Kind], reader: _Reader) -> Iterable[tuple[_Kind, int]]:
    """How many of the glyphs are of which kind, in the order in which they come."""
    own = kinds[members[0] : members[-1] + 1] if reader.is_stretch(members) else [kinds[member] for member in members]
    count = own.count(own[0])
    return [(own[0], count)] if count == len(own) else Counter(own).items()


def _extent(members: list[int], reader: _Reader) -> tuple[float, float, float, float]:
    """Left, top, right, bottom in the frame."""
    first, last = members[0], members[-1] + 1
    if last - first == len(members):  # all but always: a word is a stretch of the content
        return (
            min(reader.left[first:last]),
            min(reader.top[first:last]),
            max(reader.right[first:last]),
            max(reader.bottom[first:last]),
        )
    return (
        min([reader.left[member] for member in members]),
        min([reader.top[member] for member in members]),
        max([reader.right[member] for member in members]),
        max([reader.bottom[member] for member in members]),
    )


def _is_from_right(pieces: list[_SpanWord], reader: _Reader) -> bool:
    """Whether a line with words that are written from right to left is read so as a whole, by its letters. On a page
    that is, a line with an address or a firm's name in it is as well, though most of its letters be Latin."""
    members = [member for piece in pieces for member in piece.members]
    backwards = sum(reader.rtl[member] for member in members)
    forwards = sum(chr(reader.codes[member]).isalpha() and not reader.rtl[member] for member in members)
    return backwards * (LATIN_LINE if reader.from_right else 1) > forwards


def _in_logical_order(pieces: list[_SpanWord], reader: _Reader, *, from_right: bool) -> list[_SpanWord]:
    """Right to left, with what is written from left to right kept together in its own order.

    In a line that is read from the left it is the other way round: the few right-to-left words are turned among
    themselves.
    """
    if not from_right:
        return [
            piece
            for rtl, run in groupby(pieces, key=lambda piece: piece.rtl)
            for piece in (reversed(list(run)) if rtl else run)
        ]
    ordered: list[_SpanWord] = []
    run: list[_SpanWord] = []
    for piece in reversed(pieces):
        if piece.rtl:
            ordered += _left_to_right(run, reader)
            run = []
            ordered.append(piece)
        else:
            run += reversed(_signs_apart(piece, reader))
    return ordered + _left_to_right(run, reader)


def _signs_apart(piece: _SpanWord, reader: _Reader) -> list[_SpanWord]:
    """A Latin word or a number, and the signs at its ends one by one: these follow the direction of the line."""
    signs = [chr(reader.codes[member]) in SENTENCE_SIGNS for member in piece.members]
    if not any(signs) or all(signs):
        return [piece]
    first, end = signs.index(False), len(signs) - signs[::-1].index(False)
    cuts = [*range(first + 1), *range(end, len(signs) + 1)]
    return [
        _SpanWord(
            piece.members[start:stop],
            min(reader.start[member] for member in piece.members[start:stop]),
            max(reader.end[member] for member in piece.members[start:stop]),
            piece.space_before and start == 0,
            piece.space_after and stop == len(signs),
            rtl=False,
        )
        for start, stop in pairwise(cuts)
    ]


def _left_to_right(run: Sequence[_SpanWord], reader: _Reader) -> list[_SpanWord]:
    """What stands from right to left between words written so, in its own order; signs at its ends are the words'."""
    own = [place for place, piece in enumerate(run) if any(chr(reader.codes[it]).isalnum() for it in piece.members)]
    if not own:
        return list(run)
    return [*run[: own[0]], *reversed(run[own[0] : own[-1] + 1]), *run[own[-1] + 1 :]]


def _shifts(group: list[_Span], reader: _Reader) -> dict[int, Shift]:
    """The glyphs of a line that are set small and above or below its baseline."""
    largest = max(group, key=lambda span: span.size)
    words = [word.members for span in group for word in span.pieces]
    least = SMALL * largest.size
    if reader.frame.stacked or min(min(reader.size[word[0] : word[-1] + 1]) for word in words) >= least:
        return {}
    small = [member for word in words for member in word if reader.size[member] < least]
    rises = {member: (largest.baseline - reader.baseline[member]) / largest.size for member in small}
    return {m: Shift.RAISED if rise > 0 else Shift.LOWERED for m, rise in rises.items() if rise > RISE or rise < -DROP}


def _words(pieces: list[_SpanWord], reader: _Reader, shifts: dict[int, Shift]) -> list[tuple[str, list[int]]]:
    """Pieces joined where no space parts them, and spelled."""
    joined: list[list[int]] = []
    last: _SpanWord | None = None
    for piece in pieces:
        if last is not None and _glued(last, piece, reader):
            joined[-1] += piece.members
        else:
            joined.append(list(piece.members))
        last = piece
    return [(_spelled(members, reader, shifts), members) for members in joined]


def _spelled(members: list[int], reader: _Reader, shifts: dict[int, Shift]) -> str:
    if not shifts and reader.is_stretch(members):
        text = reader.ascii[members[0] : members[-1] + 1]
        if text.isprintable() and "`" not in text:  # as `spelled` would say, which looks at each character
            return text
    return "".join(
        shifted(
            spelled(
                [reader.codes[member] for member in stretch],
                [reader.flags[member] for member in stretch],
                [(reader.left[member], reader.right[member]) for member in stretch],
            ),
            shift,
        )
        for shift, stretch in ((shift, list(run)) for shift, run in groupby(members, key=shifts.get))
    )


# --- styles -------------------------------------------------------------------------------------------------------


@frozen
class _Style:
    """How a glyph is set."""

    bold: bool
    italic: bool
    struck: bool = False
    link: str | None = None

    def shared(self, other: "_Style") -> "_Style":
        """That of a space between the two."""
        link = self.link if self.link == other.link else None
        return _Style(self.bold and other.bold, self.italic and other.italic, self.struck and other.struck, link)

    def run(self, text: str) -> Run:
        return Run(text, bold=self.bold, italic=self.italic, struck=self.struck, link=self.link)


def _runs(
    words: Sequence[tuple[str, list[int]]], reader: _Reader, shifts: dict[int, Shift], faces: set[tuple[bool, bool]]
) -> Runs:
    """The words of a line in their styles; nothing where all of it is set alike and nothing is drawn over it."""
    overdrawn = bool(reader.link) and any(
        reader.link[m] >= 0 or reader.struck[m] for _, members in words for m in members
    )
    if len(faces) < 2 and not overdrawn:
        return ()
    styled: list[tuple[str, _Style]] = []
    for text, members in words:
        pieces = _in_styles(text, members, reader, shifts)
        if styled:
            styled.append((" ", styled[-1][1].shared(pieces[0][1])))
        styled += pieces
    return tuple(
        style.run("".join(text for text, _ in alike)) for style, alike in groupby(styled, key=lambda piece: piece[1])
    )


def _in_styles(text: str, members: list[int], reader: _Reader, shifts: dict[int, Shift]) -> list[tuple[str, _Style]]:
    """The pieces of a word. It is bold or italic as a whole: a stop or a first letter in another face is no change."""
    fonts = [reader.glyphs.fonts[reader.fonts[member]] for member in members]
    whole = not reader.east[members].any()  # a word of Chinese is a clause
    bold = 2 * sum(font.bold for font in fonts) > len(fonts)
    italic = 2 * sum(font.italic for font in fonts) > len(fonts)

    def style(place: int) -> _Style:
        face = _Style(bold, italic) if whole else _Style(fonts[place].bold, fonts[place].italic)
        if not reader.link:
            return face
        member = members[place]
        link = reader.targets[reader.link[member]] if reader.link[member] >= 0 else None
        return replace(face, struck=reader.struck[member], link=link)

    pieces = [
        (_spelled([members[place] for place in places], reader, shifts), kind)
        for kind, places in ((kind, list(run)) for kind, run in groupby(range(len(members)), key=style))
    ]
    return pieces if "".join(piece for piece, _ in pieces) == text else [(text, style(0))]


def _glued(first: _SpanWord, second: _SpanWord, reader: _Reader) -> bool:
    gap = max(second.left - first.right, first.left - second.right)
    if first.members[-1] + 1 == second.members[0] and not first.rtl and not second.rtl:
        return gap <= NO_SPACE * reader.size[second.members[0]]  # else one span was cut here for a space
    if first.rtl != second.rtl and _latin_beside(first.members[-1], second.members[0], reader):
        return False
    a, b = first.members[-1], second.members[0]
    # What stands between two is told by the content's order, which may run against that in which they are read.
    spaced = second.space_after or first.space_before if b < a else first.space_after or second.space_before
    return gap <= (NO_SPACE * reader.size[b] if spaced else reader.space_between(a, b))


def _latin_beside(first: int, second: int, reader: _Reader) -> bool:
    """A Latin name in Arabic text stands alone, however tightly it is set."""
    left_to_right = first if reader.rtl[second] else second
    return chr(reader.codes[left_to_right]).isalpha()


def _page_box(members: list[int], reader: _Reader) -> Box:
    """What the glyphs cover on the page."""
    first, last = members[0], members[-1] + 1
    if reader.edges is not None and last - first == len(members):
        left, top, right, bottom = reader.edges
        return Box(min(left[first:last]), min(top[first:last]), max(right[first:last]), max(bottom[first:last]))
    extent = _extent(members, reader)
    if reader.frame.angle == 0:
        return reader.glyphs.unit_box(*extent)
    corners = _points(reader.frame, *extent)
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    return reader.glyphs.unit_box(min(xs), min(ys), max(xs), max(ys))


def _corners(
    frame: _Frame, glyphs: Glyphs, left: float, top: float, right: float, bottom: float
) -> tuple[tuple[float, float], ...]:
    return tuple(
        (x / glyphs.width * SCALE, y / glyphs.height * SCALE) for x, y in _points(frame, left, top, right, bottom)
    )


def _points(frame: _Frame, left: float, top: float, right: float, bottom: float) -> list[tuple[float, float]]:
    """The corners of a box of the frame on the page, clockwise from where reading starts."""
    corners = ((left, top), (right, top), (right, bottom), (left, bottom))
    if frame.stacked:
        return [(-v, u) for u, v in corners]
    cosine, sine = math.cos(math.radians(frame.angle)), math.sin(math.radians(frame.angle))
    return [(u * cosine - v * sine, u * sine + v * cosine) for u, v in corners]
