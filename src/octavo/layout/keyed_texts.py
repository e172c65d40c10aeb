"""Texts of several lines, each beside what it belongs to: the terms of a glossary, the times of an agenda.

The white lane between keys and texts looks like the gutter of two columns of text. What tells them apart: a key is
short, it stands on the first line of its text, and the text above has ended there. A column of running text begins its
lines where it likes, and those beside them go on. Where each text is one line, two columns of a list look the same;
then widths tell: columns of a page are as wide as each other and fill it, those of keys and texts fit what is in them.
"""

import statistics
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from octavo.frozen import frozen
from octavo.geometry import Size
from octavo.layout.lines import Line
from octavo.layout.side_by_side import PageLines, Row
from octavo.wording.lists import begins_entry, is_bullet
from octavo.wording.numbers import is_year
from octavo.wording.sentences import ends_sentence, names_field

_FEWEST: Final = 3  # keys with a text, in all runs that have the same columns
_FLUSH: Final = 0.5  # sizes of type that the beginnings of keys, or of texts, may differ by
_GAP: Final = 1.0  # sizes of type from a key to its text, at least
_LEVEL: Final = 0.3  # sizes of type that the middles of a key and of its text's first line may differ by
_LONGEST: Final = 60  # characters of a key
_PADDED: Final = 1.4  # sizes of type of a space and the room between columns: a key with less beside it is full
_ALIKE: Final = 1.8  # times the smallest key that the largest is, at most: keys of one list are set alike
_NARROW: Final = 0.6  # of the width of the texts: a key is no wider
_SPACE: Final = 0.4  # sizes of type between a key and a text that were taken for one row, at least
_WIDER_SPACE: Final = 1.5  # times the other spaces of such a row
_PITCH: Final = 1.9  # sizes of type from line to line of one text, at most
_APART: Final = 4.0  # sizes of type from the last line of a text to the next key, at most
_LARGER: Final = 1.2  # times the step from line to line that one to the next key is, where steps tell that
_ENDED: Final = 0.9  # share of the keys above which the text has ended
_LONG: Final = 2.5  # lines of a text, in the mean, from which on keys are headings beside it, if it stands well apart
_PARTED: Final = 1.5  # times the step from line to line that all those to the next key then are
_ENDED_PAIRS: Final = 0.5  # of the texts of one line that have room for the next one's first word: prose has none
_PROSE: Final = 12.0  # sizes of type from which texts of one line may be the lines of a column of text
_MOST_LINES: Final = 6.0  # lines of a text, in the mean: longer ones are sections
_WIDER: Final = 1.3  # times the room from keys to texts that half of the texts of one line take
_FITTED: Final = 4.0  # sizes of type from the longest key to the texts, at most, where columns are as wide as needed
_HALF: Final = 0.5  # of a page's width that two such columns take, at most: those of a page fill it
_FEWEST_PAIRS: Final = 4  # where nothing else tells


@frozen
class KeyedTexts:
    """Rows that are to be read across."""

    lines: tuple[Line, ...]
    reason: str  # for people: what it rests on


@frozen
class _Entry:
    """A key with the bands that its text takes: the first has both, another may have a further line of the key."""

    key: Row
    text: tuple[Row, ...]  # without what stands on the right of it
    bands: tuple[Sequence[Row], ...]

    def joined(self, other: "_Entry") -> "_Entry":
        return _Entry(self.key, (*self.text, *other.text), (*self.bands, *other.bands))


def find_keyed_texts(lines: PageLines, page: Size) -> list[KeyedTexts]:
    """The keys with their texts among the lines of a page, top to bottom; no line is in two of them."""
    if not _may_have_any(lines):
        return []  # most pages, without putting their lines into rows
    bands = lines.bands
    found: list[KeyedTexts] = []
    begun: list[tuple[float, float]] = []
    for band in bands:
        if _has_key(band) and not any(_begins_at(band, place) for place in begun):
            begun.append((band[0].left, band[1].left))
    for place in begun:
        runs = list(_runs(bands, place))
        if all(len(entry.bands) == 1 for run in runs for entry in run):
            runs = [run for run in runs if len(run) > 1]  # one beside another is met anywhere
        entries = [entry for run in runs for entry in run]
        if reason := _why(runs, page):
            own = {id(band) for entry in entries for band in entry.bands}
            bands = [band for band in bands if id(band) not in own]
            found += [KeyedTexts(tuple(_lines(run)), reason) for run in runs]
    return sorted(found, key=lambda one: one.lines[0].top)


def _may_have_any(lines: Sequence[Line]) -> bool:
    """Whether several lines begin on one height with another, the first of which is short."""
    ordered = sorted(lines, key=lambda line: line.middle)
    pairs = (
        0 < len(min(one, other, key=lambda line: line.left).text) < _LONGEST
        for one, other in pairwise(ordered)
        if other.middle - one.middle < _LEVEL * one.size
    )
    return sum(pairs) >= _FEWEST


def _lines(run: Sequence[_Entry]) -> Iterator[Line]:
    return (line for entry in run for band in entry.bands for row in band for line in row.lines)


def _has_key(band: Sequence[Row]) -> bool:
    """Whether what stands first on one height may be a key, with its text beside it."""
    if len(band) < 2:
        return False
    key, text = band[:2]
    level = abs(key.middle - text.middle) < _LEVEL * min(key.size, text.size)
    short = 0 < len(key.text) < _LONGEST and bool(text.text)
    return short and level and text.left - key.right > _GAP * key.size and not is_bullet(key.text)


def _begins_at(band: Sequence[Row], place: tuple[float, float]) -> bool:
    reach = _FLUSH * band[0].size
    return abs(band[0].left - place[0]) < reach and abs(band[1].left - place[1]) < reach


def _runs(bands: Sequence[Sequence[Row]], place: tuple[float, float]) -> Iterator[list[_Entry]]:
    """Entries that follow each other, whose keys and texts begin at these places."""
    run: list[_Entry] = []
    above: Sequence[Row] = ()
    for band in bands:
        step, size = band[0].middle - above[0].middle if above else 0.0, band[0].size
        if _has_key(band) and _begins_at(band, place):
            if above and step > _APART * size:
                yield run
                run = []
            run.append(_Entry(band[0], (band[1],), (band,)))
            above = band
        elif above and step < _APART * size and _has_both(band[0], place):
            run.append(_Entry(band[0], (band[0],), (band,)))
            above = band
        elif above and abs(band[0].left - place[1]) < _FLUSH * size and step < _PITCH * size:
            run[-1] = run[-1].joined(_Entry(band[0], (band[0],), (band,)))
            above = band
        elif above and step < _PITCH * size and _goes_on(run[-1].key, band, place):
            run[-1] = run[-1].joined(_Entry(band[0], (), (band,)))
            above = band
        elif above:
            yield run
            run, above = [], ()
    if run:
        yield run


def _goes_on(key: Row, band: Sequence[Row], place: tuple[float, float]) -> bool:
    """Whether what stands alone below a key is its second line: it goes on a word, or had no room beside it."""
    more = band[0]
    alone = len(band) == 1 and abs(more.left - place[0]) < _FLUSH * more.size and more.right < place[1]
    full = key.right + more.first_word + _PADDED * more.size > place[1]
    return alone and not is_bullet(more.text) and (more.text[:1].islower() or full)


def _has_both(row: Row, place: tuple[float, float]) -> bool:
    """Whether what was taken for one row is a key and its text: after its widest space it goes on where texts begin."""
    words = [word.box for line in row.lines for word in line.source.words]
    if len(words) < 2 or abs(row.left - place[0]) > _FLUSH * row.size:
        return False
    unit = row.width / (words[-1].right - words[0].left)  # pixels
    gaps = [((word.left - before.right) * unit, word.left) for before, word in pairwise(words)]
    widest, begin = max(gaps)
    others = [gap for gap, left in gaps if left != begin]
    begins = abs(row.left + (begin - words[0].left) * unit - place[1]) < _FLUSH * row.size
    return begins and widest > max(_SPACE * row.size, _WIDER_SPACE * max(others, default=0.0))


def _why(runs: Sequence[Sequence[_Entry]], page: Size) -> str:
    """What says that these are keys with their texts, or nothing."""
    entries = [entry for run in runs for entry in run]
    if len(entries) < _FEWEST:
        return ""
    texts = [row for entry in entries for row in entry.text]
    left, right = min(row.left for row in texts), max(row.right for row in texts)
    sizes = [entry.key.size for entry in entries]
    if max(sizes) > _ALIKE * min(sizes):
        return ""
    if 2 * sum(names_field(key.text) for key in _keys(entries)) > len(entries):
        return ""
    if any(begins_entry(row.text) for row in texts) or _count_up([key.text for key in _keys(entries)]):
        return ""
    if len(texts) == len(entries):
        return _why_pairs(runs, page)
    if max(key.width for key in _keys(entries)) > _NARROW * (right - left):
        return ""
    steps = [below.middle - above.middle for entry in entries for above, below in pairwise(entry.text)]
    inner = statistics.median(steps)
    wholes = [_with_keys_whole(run, inner, right) for run in runs]
    count = sum(map(len, wholes))
    follow = [pair for run in wholes for pair in pairwise(run)]
    ended = sum(_has_ended(above, below, inner, right) for above, below in follow)
    if count < _FEWEST or ended < _ENDED * len(follow) or len(texts) > _MOST_LINES * count:
        return ""
    parted = all(below.text[0].middle - above.text[-1].middle > _PARTED * inner for above, below in follow)
    if parted and len(texts) > _LONG * count:
        return ""
    return f"keys and texts: {count}, each text ends where the next key stands"


def _keys(entries: Sequence[_Entry]) -> list[Row]:
    """Those that stand apart from their texts; at least one does."""
    return [entry.key for entry in entries if entry.key is not entry.text[0]]


def _count_up(keys: Sequence[str]) -> bool:
    """Whether they are the numbers of entries or of lines of code, and no years."""
    if not all(map(str.isdecimal, keys)) or all(map(is_year, keys)):
        return False
    return all(int(above) < int(below) for above, below in pairwise(keys))


def _with_keys_whole(run: Sequence[_Entry], inner: float, right: float) -> list[_Entry]:
    """The entries, those put together whose key goes on in a second line beside a text that goes on, too."""
    whole = [run[0]]
    for entry in run[1:]:
        goes_on = entry.key.text[:1].islower() and not _has_ended(whole[-1], entry, inner, right)
        whole[-1:] = [whole[-1].joined(entry)] if goes_on else [whole[-1], entry]
    return whole


def _has_ended(above: _Entry, below: _Entry, inner: float, right: float) -> bool:
    """Whether a text ends before the next key: by the step to it, as its last line had room for another word, or by
    its words."""
    last, first = above.text[-1], below.text[0]
    said = ends_sentence(last.text) and first.text[:1].isupper()
    return said or first.middle - last.middle > _LARGER * inner or _has_room(above, below, right)


def _has_room(above: _Entry, below: _Entry, right: float) -> bool:
    """Whether the first word of a text would have fitted at the end of the one above it."""
    return right - above.text[-1].right > below.text[0].first_word + below.text[0].size / 2


def _why_pairs(runs: Sequence[Sequence[_Entry]], page: Size) -> str:
    """What says that keys with texts of one line are no two columns, of a list or of texts that go on."""
    entries = [entry for run in runs for entry in run]
    keys, texts = _keys(entries), [entry.text[0] for entry in entries]
    if len(keys) < len(entries):
        return ""
    right = max(row.right for row in texts)
    follow = [pair for run in runs for pair in pairwise(run)]
    ended = sum(_has_room(above, below, right) for above, below in follow)
    anew = len(texts) >= _FEWEST_PAIRS and all(row.text[:1].isupper() for row in texts)
    if right - texts[0].left > _PROSE * texts[0].size and ended < _ENDED_PAIRS * len(follow) and not anew:
        return ""
    left, begin = min(row.left for row in keys), texts[0].left
    if statistics.median(row.width for row in texts) > _WIDER * (begin - left):
        return f"keys and texts: {len(entries)} rows, the texts wider than the room before them"
    if len({row.bold for row in keys}) == len({row.bold for row in texts}) == 1 and keys[0].bold is not texts[0].bold:
        return f"keys and texts: {len(entries)} rows, one of the two in bold"
    fitted = begin - max(row.right for row in keys) < _FITTED * keys[0].size
    alone = all(len(entry.bands[0]) == 2 for entry in entries)
    if len(entries) >= _FEWEST_PAIRS and fitted and alone and right - left < _HALF * page.width:
        return f"keys and texts: {len(entries)} rows, no wider than what stands in them"
    return ""
