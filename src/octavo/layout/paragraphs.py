"""Rows to chains of even spacing, chains to paragraphs.

A chain is a run of rows below each other in the same type; a paragraph is a part of a chain between two places where a
new one starts: an indent, a hanging first line, a line that ends early, a list marker. Nothing is ever dropped: each
line is in exactly one paragraph.
"""

import statistics
from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import field, replace
from itertools import pairwise
from typing import Final, TypeAlias

from octavo.frozen import frozen
from octavo.geometry import Rect, union
from octavo.layout.drop_caps import WithoutInitials
from octavo.layout.lines import Line
from octavo.layout.side_by_side import Row, in_rows
from octavo.layout.verse import is_verse
from octavo.wording.headings import is_numbered
from octavo.wording.lists import begins_entry, begins_with_bullet, marker_kind
from octavo.wording.sentences import begins_speech

_LEVEL: Final = 0.8  # sizes of type between the levels of a list, at least: the width of a marker, and no less is set
_PITCH: Final = 1.25  # sizes of type from one baseline to the next where a page does not tell
_LOOSEST: Final = 2.6  # the same at most, as a page's usual one: of double spacing with large leads
_LOOSE: Final = 1.9  # the same of two distances alone: lines of web pages are set at 1.5 to 1.7, paragraphs from 2.5 on
_AGREE: Final = 1.03  # times the smaller of two that are one distance
_TELLS: Final = 8.0  # sizes of type from which a row tells the page's pitch
_ALIKE: Final = 1.2  # times the smaller size: rows in one type
_OTHER_SIZE: Final = 1.12  # times the smaller size from which a row is set in another type, where sizes are known
_OTHER_SIZE_SEEN: Final = 1.45  # the same where heights are seen
_OTHER_SIZE_FLUSH: Final = 1.8  # the same in a row that is as long as the one above: it is rather its letters
_CLOSE: Final = 1.28  # times its chain's pitch: a row goes on
_CLOSE_RUNNING: Final = 1.6  # the same below a row that is full: a tall formula in a line parts rows, too
_SECOND: Final = 1.2  # times the page's usual pitch: a second row goes on
_NEAR: Final = 1.5  # sizes of type: a second row this near goes on whatever is usual
_GIVE: Final = 0.1  # sizes of type more than that: places are rounded
_OFF: Final = 1.3  # times the pitch of the others at which the first row is on its own
_SET_IN: Final = 0.6  # sizes of type from which a row is set in
_AT_MARGIN: Final = 2.5  # sizes of type: a row that ends nearer to the margin runs to it
_FILLED: Final = 0.6  # share of rows that run to the margin from which their breaks are the margin's
_FILLED_OF_MANY: Final = 0.3  # the same of `_MANY_ROWS` and more
_ADDRESS: Final = 16.0  # sizes of type that three rows are wide, which are rather an address than a text
_NEAR_END: Final = 0.2  # of the width of such rows: one that ends nearer to the margin runs to it
_FOUND_ROOM: Final = 0.8  # sizes of type beside the next word that a row must leave to be the last of its paragraph
_PARTED: Final = 1.12  # times the usual pitch from which less of a sign is needed
_MANY_ROWS: Final = 7  # from which a few full ones among them are no chance


@frozen
class Paragraph(Rect):
    """Rows that are read in one go, top to bottom."""

    rows: tuple[Row, ...]
    size: float = field(compare=False)  # of its type: the rows' median
    text: str = field(compare=False)
    begins: str = field(default="", compare=False)  # for people: what parts it from the row above

    @classmethod
    def of(cls, rows: Iterable[Row], begins: str = "") -> "Paragraph":
        rows = tuple(rows)
        box = union(rows)
        size = statistics.median(row.size for row in rows)
        text = " ".join(row.text for row in rows).strip()
        return cls(box.left, box.top, box.right, box.bottom, rows, size, text, begins)

    @property
    def lines(self) -> tuple[Line, ...]:
        return tuple(line for row in self.rows for line in row.lines)

    @property
    def bold(self) -> bool:
        return all(row.bold for row in self.rows)

    @property
    def monospace(self) -> bool:
        return all(row.monospace for row in self.rows)


def grouped(lines: Sequence[Line], *, from_right: bool = False) -> list[Paragraph]:
    """All lines as paragraphs, in no promised order. What is read from the right is grouped in a mirror."""
    if from_right:
        mirrored = [replace(line, left=-line.right, right=-line.left) for line in lines]
        real = {id(image): line for image, line in zip(mirrored, lines, strict=True)}
        return [
            Paragraph.of((Row.of([real[id(image)] for image in row.lines]) for row in paragraph.rows), paragraph.begins)
            for paragraph in grouped(mirrored)
        ]
    without = WithoutInitials.of(lines)
    if without is not None:
        return [
            Paragraph.of((Row.of(without.as_printed(row.lines)) for row in paragraph.rows), paragraph.begins)
            for paragraph in grouped(without.lines)
        ]
    return [paragraph for chain, begins in _chains(in_rows(lines)) for paragraph in _split(chain, begins)]


# --- chains -----------------------------------------------------------------------------------------------------


_Chain: TypeAlias = tuple[list[Row], str]  # and what parts it from what is above


class _Growing:
    """A chain as it grows. What each row that may join is held against is kept: a page can be one chain."""

    def __init__(self, first: Row) -> None:
        self.rows = [first]
        self.right = first.right  # of the row that goes furthest
        self._pitches: list[float] = []  # in order of size

    def append(self, row: Row) -> None:
        insort(self._pitches, row.middle - self.rows[-1].middle)
        self.rows.append(row)
        self.right = max(self.right, row.right)

    @property
    def pitch(self) -> float:
        """From row to row, the median; there are two rows at least."""
        half = len(self._pitches) // 2
        return (self._pitches[half] + self._pitches[-half - 1]) / 2


def _chains(rows: Sequence[Row]) -> list[_Chain]:
    """Runs of rows below each other, each row the only one below the one before it."""
    below = _followers(rows)
    usual = _usual_pitch(rows, below)
    followed: dict[int, int] = {}
    for above, candidates in below.items():
        if len(candidates) == 1:
            followed[above] = candidates[0]
    sources: dict[int, list[int]] = defaultdict(list)
    for above, under in followed.items():
        sources[under].append(above)
    heads = [index for index in range(len(rows)) if len(sources[index]) != 1]
    chains: list[_Chain] = []
    for head in heads:
        chain, index = _Growing(rows[head]), head
        begins = "several rows are right above it" if sources[head] else "no row close above leads to it alone"
        while index in followed and len(sources[followed[index]]) == 1:
            under = followed[index]
            apart = _why_apart(chain, rows[under], usual)
            if apart:
                chains.extend(_regular(chain.rows, begins))
                chain, begins = _Growing(rows[under]), apart
            else:
                chain.append(rows[under])
            index = under
        chains.extend(_regular(chain.rows, begins))
    return chains


def _followers(rows: Sequence[Row]) -> dict[int, list[int]]:
    """For each row the rows directly below it: none in between, overlapping in x, within three lines."""
    below: dict[int, list[int]] = {}
    middles = [row.middle for row in rows]
    for index, row in enumerate(rows):
        candidates: list[int] = []
        reach = float("inf")
        for other_index in range(bisect_left(middles, middles[index] + 0.45 * row.size, lo=index + 1), len(rows)):
            other = rows[other_index]
            if other.middle > row.middle + 4 * max(row.size, row.height) or other.top > reach:
                break
            if other.middle - row.middle < 0.45 * max(row.size, other.size):
                continue
            if row.overlap_x(other) > 0.15 * min(row.width, other.width):
                candidates.append(other_index)
                reach = min(reach, other.middle)
        below[index] = candidates
    return below


def _usual_pitch(rows: Sequence[Row], below: dict[int, list[int]]) -> float:
    """Distance of baselines in sizes of type, as most long rows of the page have it; `_PITCH` where nothing tells.

    Below a row that had room for the first word of the next another paragraph begins: that distance is not the lines'.
    """
    pitches = []
    for index, candidates in below.items():
        for other in candidates:
            a, b = rows[index], rows[other]
            if (
                min(a.width, b.width) > _TELLS * a.size
                and max(a.size, b.size) < _ALIKE * min(a.size, b.size)
                and (a.right > b.right or a.right + b.first_word > b.right)
            ):
                pitches.append((b.middle - a.middle) / a.size)
    if len(pitches) > 2 or (len(pitches) == 2 and max(pitches) < min(_LOOSE, _AGREE * min(pitches))):
        return min(_LOOSEST, max(1.0, statistics.median(pitches)))
    return _PITCH


def _why_apart(chain: _Growing, row: Row, usual: float) -> str:
    """Why a row does not go on in the type and spacing of the chain; nothing where it does."""
    first, above = chain.rows[0], chain.rows[-1]
    size = min(above.size, row.size)
    known = above.lines[0].source.font_size is not None and row.lines[0].source.font_size is not None
    full = first is not above and above.right > chain.right - size
    flush = abs(above.left - row.left) < 0.8 * size and (full or abs(above.right - row.right) < 0.8 * size)
    least = _OTHER_SIZE if known else _OTHER_SIZE_FLUSH if flush else _OTHER_SIZE_SEEN
    if max(above.size, row.size) > least * size:
        return "its type has another size"
    ends = row.right if above.bold else chain.right
    if above.bold != row.bold and (above if above.bold else row).right < ends - 2 * size:
        return "one of the two is bold and shorter, a heading"
    if above.monospace != row.monospace:
        return "one of the two is in typewriter type"
    if above.bold and row.bold and is_numbered(row.text) and is_numbered(first.text):
        return "both are numbered headings"  # the second that of a section in the first's
    pitch = row.middle - above.middle
    if first is not above:
        settled = chain.pitch
        running = above.right > chain.right - size and abs(row.left - above.left) < 0.4 * size
        close = pitch < (_CLOSE_RUNNING if running else _CLOSE) * settled + 0.12 * size
    else:
        flush = abs(row.left - above.left) < 0.4 * size and abs(row.right - above.right) < 0.4 * size
        level = flush and row.width > _TELLS * size  # both are full; short ones are cells of a column
        nearest = max(_NEAR, (_CLOSE_RUNNING if level else _SECOND) * usual)
        close = pitch < nearest * max(above.size, row.size) + _GIVE * size
    return "" if close else f"it is {pitch / size:.1f} sizes of type below the row above"


def _regular(chain: list[Row], begins: str) -> list[_Chain]:
    """A first row that stands clearly further off than the rest of its chain is on its own."""
    if len(chain) < 3:
        return [(chain, begins)]
    first = chain[1].middle - chain[0].middle
    rest = statistics.median(b.middle - a.middle for a, b in pairwise(chain[1:]))
    if first <= _OFF * rest:
        return [(chain, begins)]
    return [(chain[:1], begins), (chain[1:], "the row above is further off than those below")]


# --- paragraphs -------------------------------------------------------------------------------------------------


def _split(chain: Sequence[Row], begins: str) -> list[Paragraph]:
    """Cut a chain where new paragraphs start."""
    starts = _starts(chain, begins)
    cuts = [*(index for index, start in enumerate(starts) if start), len(chain)]
    return [Paragraph.of(chain[a:b], starts[a]) for a, b in pairwise(cuts)]


def _starts(chain: Sequence[Row], begins: str) -> list[str]:
    """For each row of a chain, why a paragraph starts with it; nothing where none does. The first `begins` one."""
    size = statistics.median(row.size for row in chain)
    first = [begins] + [""] * (len(chain) - 1)
    speeches = _speeches(chain)
    if len(chain) == 1 or all(row.monospace for row in chain):
        return [begins, *speeches[1:]]
    left = sorted(row.left for row in chain)[max(0, len(chain) // 10 - 1)]
    right = sorted(row.right for row in chain)[min(len(chain) - 1, len(chain) - len(chain) // 10 - 1)]
    if _centred(chain, left, right, size) or _flush_right(chain, right, size) or is_verse(chain):
        return first
    indents = [(row.left - left) / size for row in chain]
    marked = [begins_entry(row.text) for row in chain]
    starts = first
    early = _early(chain, right, size)
    if not _filled(chain, right, size):
        if right - left > _ADDRESS * size and _entries_hang(indents, early):
            return [first[0], *("first lines hang out, and it does" if it < 0.5 else "" for it in indents[1:])]
        return [first[0], *(speeches[index] or _item(chain, marked, indents, index) for index in range(1, len(chain)))]
    hanging = _hangs(indents)
    for index in range(1, len(chain)):
        step = indents[index] - indents[index - 1]
        last = index + 1 == len(chain)
        if hanging:
            starts[index] = "first lines hang out, and it does" if indents[index] < 0.5 else ""
        elif step > _SET_IN and not early[index - 1]:
            back = not last and indents[index] - indents[index + 1] > _SET_IN
            continues = starts[index - 1] and (last or not back or early[index])
            starts[index] = "" if continues else "it is set in"
        elif step < -_SET_IN:
            starts[index] = "" if starts[index - 1] else "the row above is set in"
        if not starts[index] and early[index - 1]:
            starts[index] = "the row above ends early"
        starts[index] = starts[index] or speeches[index] or _item(chain, marked, indents, index)
    return starts


def _filled(chain: Sequence[Row], right: float, size: float) -> bool:
    """Whether rows mostly run to the margin; in an address, a poem or a program each ends where it ends."""
    near, width = _AT_MARGIN * size, right - min(row.left for row in chain)
    if len(chain) == 3 and width < _ADDRESS * size:
        chain, near = chain[:2], min(near, _NEAR_END * width)  # the last row of an address may be its longest
    share = _FILLED if len(chain) < _MANY_ROWS else _FILLED_OF_MANY
    return sum(right - row.right < near for row in chain) >= max(2, share * len(chain))


def _early(chain: Sequence[Row], right: float, size: float) -> list[bool]:
    """For each row, whether it ends although the first word of the next would have fitted: a paragraph's last.

    Where words are not known, ends that are ragged ask for more room than those of a justified text. A row that stands
    a little further off than usual needs less of a sign above it.
    """
    short = [right - row.right for row in chain]
    ragged = 2.5 * statistics.median(short[:-1])
    pitches = [under.middle - row.middle for row, under in pairwise(chain)]
    usual = statistics.median(pitches)
    early = []
    for under, gap, pitch in zip([*chain[1:], chain[-1]], short, [*pitches, usual], strict=True):
        least = 0.0 if under.text else 2 * size + ragged
        parted = len(pitches) > 2 and pitch > _PARTED * usual and gap > size + ragged
        room = gap > max(2 * size, least)
        early.append(parted or (room and gap > under.first_word + _FOUND_ROOM * size))
    return early


def _hangs(indents: Sequence[float]) -> bool:
    """Whether first lines hang out: as many rows are inset as flush or more, and flush ones come back."""
    flush = sum(indent < 0.5 for indent in indents)
    inset = sum(0.7 < indent < 8 for indent in indents)
    followed = sum(a < 0.5 and b > 0.7 for a, b in pairwise(indents))
    returned = sum(a > 0.7 and b < 0.5 for a, b in pairwise(indents))
    return inset >= flush > 1 and followed >= 2 and returned >= 1


def _entries_hang(indents: Sequence[float], early: Sequence[bool]) -> bool:
    """Whether first lines hang out of entries most of which are one line, as references are set: whatever is set in
    goes on a row that was full, and nothing flush does."""
    rows = [
        (inset > 0.7, ended) for inset, ended in zip(indents[1:], early, strict=False) if inset < 0.5 or inset > 0.7
    ]
    return any(inset for inset, _ in rows) and all(inset is not ended for inset, ended in rows)


def _item(chain: Sequence[Row], marked: Sequence[bool], indents: Sequence[float], index: int) -> str:
    """Why a row starts a list item: a bullet, or one of several markers that stand under each other."""
    if not marked[index]:
        return ""
    if begins_with_bullet(chain[index].text):
        return "it has a bullet"
    above, kind = marker_kind(chain[index - 1].text), marker_kind(chain[index].text)
    if above and kind and above != kind and abs(indents[index] - indents[index - 1]) > _LEVEL:
        return "it has a list's marker, a level apart from the entry above"
    several = any(
        marked[other] and abs(indents[other] - indents[index]) < 0.8 for other in range(len(chain)) if other != index
    )
    return "it has a list's marker, as others above or below" if several else ""


def _speeches(chain: Sequence[Row]) -> list[str]:
    """For each row why it starts a speech, where several do; nothing where it starts none. "A." alone is a list's."""
    begun = [row.text[:2] if begins_speech(row.text) else "" for row in chain]
    several = len({*begun} - {""}) > 1
    return ["somebody else speaks" if several and begins else "" for begins in begun]


def _centred(chain: Sequence[Row], left: float, right: float, size: float) -> bool:
    """Whether rows of different length stand around a common centre, those that begin at the margin as well."""
    if len(chain) < 2:
        return False
    center = (left + right) / 2
    inset = [row for row in chain if row.left > left + 1.2 * size]
    return len(inset) >= max(1, len(chain) // 2) and all(abs(row.axis - center) < 0.8 * size for row in chain)


def _flush_right(chain: Sequence[Row], right: float, size: float) -> bool:
    """Whether rows end at one margin and each begins elsewhere."""
    lefts = sorted(row.left for row in chain)
    ragged = all(b - a > 0.3 * size for a, b in pairwise(lefts)) and lefts[1] > lefts[0] + 1.2 * size
    return ragged and all(abs(row.right - right) < 0.5 * size for row in chain)
