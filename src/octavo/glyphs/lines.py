"""Glyphs to lines and words: from where they stand, helped by the order they come in. Pure.

Each direction of writing is looked at on its own (`frames`). The order of a PDF's content decides what is beside what
(`spans`); the place decides what is one line (spans on one baseline, no column gap between them) and in which order
spans stand.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby, pairwise
from operator import attrgetter, itemgetter
from typing import Final, TypeVar
from unicodedata import is_normalized

import numpy as np

from octavo.content import Run, Runs
from octavo.document import TextLine, Word
from octavo.frozen import frozen
from octavo.geometry import SCALE, Box
from octavo.glyphs import INFERRED, Flags, Glyphs, are_spaces
from octavo.glyphs.frames import ASCENT, DESCENT, Frame, frames
from octavo.glyphs.spans import (
    COLUMN_GAP,
    NO_SPACE,
    SENTENCE_SIGNS,
    SMALL,
    SMALLEST_SCRIPT,
    Extent,
    Reader,
    Span,
    SpanWord,
    spans,
)
from octavo.glyphs.styles import Overdrawn
from octavo.glyphs.text import Shift, brackets_facing, shifted, spelled

# In ems of the glyphs concerned.
TYPED: Final = 0.67  # share of a line in typewriter type from which it is typed: less is a word, or a value in a form
LATIN_LINE: Final = 3.0  # Latin letters to each other, from which a line of a page from right to left is none
SENTENCE_ENDS: Final = frozenset(".,:;!?")
MOST_SPANS: Final = 3000  # put together: a full ledger page has 1300, a hostile one must not cost its square
RISE: Final = 0.2  # of its line's size, above the baseline: Word raises by 0.33, TeX by 0.36
DROP: Final = 0.08  # the same below it: TeX lowers by 0.15
SCRIPT_GAP: Final = 0.3  # of the larger type: what is raised or lowered stands that near to what it belongs to
LEVEL: Final = 0.05  # of the larger type, up to which two baselines are one
MOST_ROWS: Final = (
    1 << 20
)  # of half a glyph's size, above and below a page's corner: what lies beyond is in the last one
TWIN: Final = 0.12  # two copies of a glyph nearer than this are one in fake bold; "ll" stands 0.22 apart


def lines(glyphs: Glyphs, visible: Flags, overdrawn: Overdrawn | None = None) -> list[TextLine]:
    """The lines made of visible glyphs, in the order of the page's content."""
    if not len(glyphs):
        return []
    codes = glyphs.codes
    real = visible & glyphs.drawn()
    space = real & are_spaces(codes)
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
        for frame in frames(glyphs, ink)
        for found in _lines_of(frame, Reader(glyphs, frame, before, after, inferred, overdrawn))
    ]
    made.sort(key=lambda item: item[0])
    return [line for _, line in made]


def _twins(glyphs: Glyphs, ink: Flags) -> Flags:
    """Glyphs drawn again all but in the same place, and at the same angle: what crosses another text is its own."""
    twins = np.zeros(len(glyphs), bool)
    candidates = np.flatnonzero(ink)
    count = len(candidates)
    if count < 2:
        return twins
    # From left to right, so that this order is kept among those that stand in one row.
    candidates = candidates[np.argsort(glyphs.origins[candidates, 0], kind="stable")]
    size = np.maximum(glyphs.sizes[glyphs.run[candidates]], 0.1)
    angle = glyphs.angles[glyphs.run[candidates]]
    x, y = glyphs.origins[candidates].T
    # Neighbours of the same character in a sort by row and column; a shifted grid catches what a cell border parts.
    for offset in (0.0, 0.5):
        row = np.fmax(np.fmin(np.floor(y / (size * 0.5) + offset), MOST_ROWS), -MOST_ROWS).astype(np.int64)
        # By character, row and place in the row: one whole number, which is sorted ten times as fast as three.
        order = np.sort((glyphs.codes[candidates] * 2 * MOST_ROWS + row) * count + np.arange(count)) % count
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


# --- lines --------------------------------------------------------------------------------------------------------


def _lines_of(frame: Frame, reader: Reader) -> list[tuple[int, TextLine]]:
    """Each line with the number of its first glyph in the page's content."""
    return [_line(group, reader) for group in _on_one_line(spans(frame, reader))]


def _on_one_line(spans: Sequence[Span]) -> list[list[Span]]:
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
    groups: dict[int, list[Span]] = {}
    for index in range(len(spans)):
        groups.setdefault(root(index), []).append(spans[index])
    return list(groups.values())


def _beside(first: Span, second: Span) -> bool:
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


def _gap(first: Span, second: Span) -> float:
    """Room between two spans; negative where they overlap.

    Browsers write the letters of a right-to-left word from left to right, its first one at the end of a step back, so
    that the rest of it stands in a hole of the span of the words before.
    """
    gap = max(second.left - first.right, first.left - second.right)
    if gap >= 0 or not all(any(piece.rtl for piece in span.pieces) for span in (first, second)):
        return gap
    return min(max(other.left - one.right, one.left - other.right) for one in first.pieces for other in second.pieces)


def _line(group: list[Span], reader: Reader) -> tuple[int, TextLine]:
    pieces = [piece for span in group for piece in span.pieces]
    pieces.sort(key=attrgetter("left"))
    written = any(piece.rtl for piece in pieces)
    # A stop at the left of a number ends the sentence that the line above began.
    ended = reader.from_right and not written and chr(reader.codes[pieces[0].members[0]]) in SENTENCE_ENDS
    from_right = ended or (written and _is_from_right(pieces, reader))
    if written or ended:
        pieces = _in_logical_order(pieces, reader, from_right=from_right)
    shifts = _shifts(group, reader)
    words = [(text, word) for text, word in _words(pieces, reader, shifts) if text]
    if from_right:
        words = [(brackets_facing(text), word) for text, word in words]
    members = _in_a_row([word.members for _, word in words]) if words else pieces[0].members
    ink = _around([word.ink for _, word in words]) if words else pieces[0].ink
    frame, glyphs = reader.frame, reader.glyphs
    fonts = [(glyphs.fonts[font], count) for font, count in _counted(members, reader.fonts)]
    half = len(members) / 2
    line = TextLine(
        box=_page_box(ink, reader),
        text=" ".join([text for text, _ in words]),
        words=tuple([Word(text, _page_box(word.ink, reader)) for text, word in words]),
        quad=() if frame.angle == 0 or frame.stacked else _corners(frame, glyphs, *ink),
        font_size=max(_counted(members, reader.size), key=itemgetter(1))[0],
        bold=sum([count for font, count in fonts if font.bold]) > half,
        italic=sum([count for font, count in fonts if font.italic]) > half,
        monospace=sum([count for font, count in fonts if font.monospace]) > TYPED * len(members)
        and not reader.has_east_in(members),
        runs=_runs(words, reader, shifts, {(font.bold, font.italic) for font, _ in fonts}),
    )
    first = members.start if isinstance(members, range) else min(members)
    return int(frame.index[first]), line


def _in_a_row(parts: Sequence[Sequence[int]]) -> Sequence[int]:
    """The members of all parts: a `range` where they are a stretch of the content, a list elsewhere."""
    if len(parts) == 1:
        return parts[0]
    ranges = [part for part in parts if isinstance(part, range)]
    if len(ranges) == len(parts) and all(one.stop == other.start for one, other in pairwise(ranges)):
        return range(ranges[0].start, ranges[-1].stop)
    return [member for part in parts for member in part]


def _around(extents: Sequence[Extent]) -> Extent:
    if len(extents) == 1:
        return extents[0]
    left, top, right, bottom = zip(*extents, strict=True)
    return min(left), min(top), max(right), max(bottom)


_Kind = TypeVar("_Kind", bool, int, float)


def _of(members: Sequence[int], kinds: list[_Kind]) -> list[_Kind]:
    return kinds[members.start : members.stop] if isinstance(members, range) else [kinds[it] for it in members]


def _counted(members: Sequence[int], kinds: list[_Kind]) -> Iterable[tuple[_Kind, int]]:
    """How many of the glyphs are of which kind, in the order in which they come."""
    own = _of(members, kinds)
    count = own.count(own[0])
    return [(own[0], count)] if count == len(own) else Counter(own).items()


def _is_from_right(pieces: list[SpanWord], reader: Reader) -> bool:
    """Whether a line with words that are written from right to left is read so as a whole, by its letters. On a page
    that is, a line with an address or a firm's name in it is as well, though most of its letters be Latin."""
    backwards = sum([sum(_of(piece.members, reader.rtl)) for piece in pieces])
    forwards = sum([sum(_of(piece.members, reader.latin)) for piece in pieces])
    return backwards * (LATIN_LINE if reader.from_right else 1) > forwards


def _in_logical_order(pieces: list[SpanWord], reader: Reader, *, from_right: bool) -> list[SpanWord]:
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
    ordered: list[SpanWord] = []
    run: list[SpanWord] = []
    for piece in reversed(pieces):
        if piece.rtl:
            ordered += _left_to_right(run, reader)
            run = []
            ordered.append(piece)
        else:
            run += reversed(_signs_apart(piece, reader))
    return ordered + _left_to_right(run, reader)


def _signs_apart(piece: SpanWord, reader: Reader) -> list[SpanWord]:
    """A Latin word or a number, and the signs at its ends one by one: these follow the direction of the line."""
    signs = [chr(reader.codes[member]) in SENTENCE_SIGNS for member in piece.members]
    if not any(signs) or all(signs):
        return [piece]
    first, end = signs.index(False), len(signs) - signs[::-1].index(False)
    start, stop = piece.members[0], piece.members[-1] + 1
    parts = reader.words(start + np.array([*range(first + 1), *range(end, len(signs))]), stop)
    for part in parts[1:]:
        part.space_before = False
    for part in parts[:-1]:
        part.space_after = False
    return parts


def _left_to_right(run: Sequence[SpanWord], reader: Reader) -> list[SpanWord]:
    """What stands from right to left between words written so, in its own order; signs at its ends are the words'."""
    own = [place for place, piece in enumerate(run) if any(chr(reader.codes[it]).isalnum() for it in piece.members)]
    if not own:
        return list(run)
    return [*run[: own[0]], *reversed(run[own[0] : own[-1] + 1]), *run[own[-1] + 1 :]]


def _shifts(group: list[Span], reader: Reader) -> dict[int, Shift]:
    """The glyphs of a line that are set small and above or below its baseline."""
    largest = max(group, key=lambda span: span.size)
    least = SMALL * largest.size
    if reader.frame.stacked or min([span.smallest for span in group]) >= least:
        return {}
    members = [member for span in group for word in span.pieces for member in word.members]
    small = [member for member in members if reader.size[member] < least]
    baseline = reader.frame.baseline
    rises = {member: (largest.baseline - float(baseline[member])) / largest.size for member in small}
    return {m: Shift.RAISED if rise > 0 else Shift.LOWERED for m, rise in rises.items() if rise > RISE or rise < -DROP}


def _words(pieces: list[SpanWord], reader: Reader, shifts: dict[int, Shift]) -> list[tuple[str, SpanWord]]:
    """Pieces joined where no space parts them, and spelled."""
    joined: list[list[SpanWord]] = []
    last: SpanWord | None = None
    for piece in pieces:
        if last is not None and _glued(last, piece, reader):
            joined[-1].append(piece)
        else:
            joined.append([piece])
        last = piece
    words = [_as_one(parts) if len(parts) > 1 else parts[0] for parts in joined]
    return [(_spelled(word.members, reader, shifts), word) for word in words]


def _as_one(parts: list[SpanWord]) -> SpanWord:
    return SpanWord(
        _in_a_row([part.members for part in parts]),
        min([part.left for part in parts]),
        max([part.right for part in parts]),
        _around([part.ink for part in parts]),
        parts[0].space_before,
        parts[-1].space_after,
        any(part.rtl for part in parts),
    )


def _spelled(members: Sequence[int], reader: Reader, shifts: dict[int, Shift]) -> str:
    if isinstance(members, range) and (not shifts or shifts.keys().isdisjoint(members)):
        text = reader.text[members.start : members.stop]
        if text.isprintable() and (text.isascii() or is_normalized("NFC", text)):
            return text  # as `spelled` would say, which looks at each character
    frame = reader.frame
    return "".join(
        shifted(
            spelled(
                [reader.codes[member] for member in stretch],
                [reader.flags[member] for member in stretch],
                list(zip(frame.left[stretch].tolist(), frame.right[stretch].tolist(), strict=True)),
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
        if self is other:
            return self
        link = self.link if self.link == other.link else None
        return _Style(self.bold and other.bold, self.italic and other.italic, self.struck and other.struck, link)

    def run(self, text: str) -> Run:
        return Run(text, bold=self.bold, italic=self.italic, struck=self.struck, link=self.link)


_FACES: Final = {(bold, italic): _Style(bold, italic) for bold in (False, True) for italic in (False, True)}


def _runs(
    words: Sequence[tuple[str, SpanWord]], reader: Reader, shifts: dict[int, Shift], faces: set[tuple[bool, bool]]
) -> Runs:
    """The words of a line in their styles; nothing where all of it is set alike and nothing is drawn over it."""
    overdrawn = bool(reader.overdrawn) and any(True in _of(word.members, reader.overdrawn) for _, word in words)
    if len(faces) < 2 and not overdrawn:
        return ()
    styled: list[tuple[str, _Style]] = []
    for text, word in words:
        pieces = _in_styles(text, word.members, reader, shifts, overdrawn=overdrawn)
        if styled:
            styled.append((" ", styled[-1][1].shared(pieces[0][1])))
        styled += pieces
    return tuple(style.run("".join([text for text, _ in alike])) for style, alike in groupby(styled, key=itemgetter(1)))


def _in_styles(
    text: str, members: Sequence[int], reader: Reader, shifts: dict[int, Shift], *, overdrawn: bool
) -> list[tuple[str, _Style]]:
    """The pieces of a word. It is bold or italic as a whole: a stop or a first letter in another face is no change."""
    fonts = [reader.glyphs.fonts[font] for font in _of(members, reader.fonts)]
    whole = not reader.has_east_in(members)  # a word of Chinese is a clause
    bold = 2 * sum([font.bold for font in fonts]) > len(fonts)
    italic = 2 * sum([font.italic for font in fonts]) > len(fonts)
    if whole and not overdrawn:
        return [(text, _FACES[bold, italic])]

    def style(place: int) -> _Style:
        face = _FACES[bold, italic] if whole else _FACES[fonts[place].bold, fonts[place].italic]
        if not overdrawn:
            return face
        member = members[place]
        link = reader.targets[reader.link[member]] if reader.link[member] >= 0 else None
        return replace(face, struck=reader.struck[member], link=link)

    pieces = [
        (_spelled(_in_a_row([members[place : place + 1] for place in places]), reader, shifts), kind)
        for kind, places in ((kind, list(run)) for kind, run in groupby(range(len(members)), key=style))
    ]
    return pieces if "".join(piece for piece, _ in pieces) == text else [(text, style(0))]


def _glued(first: SpanWord, second: SpanWord, reader: Reader) -> bool:
    gap = max(second.left - first.right, first.left - second.right)
    if first.members[-1] + 1 == second.members[0] and not first.rtl and not second.rtl:
        return gap <= NO_SPACE * reader.size[second.members[0]]  # else one span was cut here for a space
    if first.rtl != second.rtl and reader.are_latin_and_not(first.members[-1], second.members[0]):
        return False
    a, b = first.members[-1], second.members[0]
    # What stands between two is told by the content's order, which may run against that in which they are read.
    spaced = second.space_after or first.space_before if b < a else first.space_after or second.space_before
    return gap <= (NO_SPACE * reader.size[b] if spaced else reader.space_between(a, b))


def _page_box(ink: Extent, reader: Reader) -> Box:
    """What the glyphs cover on the page."""
    if reader.frame.angle == 0:
        return Box(*ink)
    corners = reader.frame.points(*ink)
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    return reader.glyphs.unit_box(min(xs), min(ys), max(xs), max(ys))


def _corners(
    frame: Frame, glyphs: Glyphs, left: float, top: float, right: float, bottom: float
) -> tuple[tuple[float, float], ...]:
    return tuple(
        (x / glyphs.width * SCALE, y / glyphs.height * SCALE) for x, y in frame.points(left, top, right, bottom)
    )
