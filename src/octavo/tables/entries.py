"""What stands in the columns of a run of rows, and whether that is a table: a list, names, or two texts are none."""

import statistics
from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Final

from octavo.frozen import frozen
from octavo.geometry import Rect, union
from octavo.tables.rules import Rule, Rules
from octavo.tables.segments import Segment, TableArea, gaps_between, hangs
from octavo.wording.headings import has_leader
from octavo.wording.lists import is_enumerator
from octavo.wording.numbers import is_amount
from octavo.wording.sentences import names_field

_NUMBERS: Final = 3  # rows and columns of figures alone, at least: fewer may be those along an axis
_FULL: Final = 0.9  # of the places of a table of figures alone that have one
_PARTED_ROWS: Final = 4  # with a long line between each and the next, from which lines tell the rows
_PARTED_FILL: Final = 0.6  # share of the places between such lines that have a text, however long
_OWN_ROWS: Final = 3  # rows of each of two texts beside each other that the other has nothing on
_SHARED_ROWS: Final = 0.35  # of all rows, that have something of both
_BEYOND: Final = 5.0  # heights of type that a line between columns of text runs on, above or below


def judged(run: Sequence[Sequence[Segment]], rules: Rules, height: float) -> TableArea | None:
    """A run of rows as a table; None where it has no two columns."""
    several = [row for row in run if len(row) > 1]
    if len(several) < 2:
        return None
    borders = [(left + right) / 2 for left, right in gaps_between(run, height)]
    if not borders:
        return None
    segments = [segment for row in run for segment in row]
    columns: list[list[Segment]] = [[] for _ in range(len(borders) + 1)]
    for segment in segments:
        columns[bisect_left(borders, segment.axis)].append(segment)
    whole = union(segments)
    left, top, right, bottom = whole.left, whole.top, whole.right, whole.bottom
    drawn = [r for r in rules.horizontal if min(r.end, right) - max(r.start, left) > 0.8 * (right - left)]
    framed = [r for r in drawn if top - 2 * height < r.at < bottom + 2 * height]
    fill = max(_filled(run, len(columns), height), _filled_between(framed, segments, borders))
    entries = _Entries(columns, several, run, fill, height, len(framed) >= 2, len(framed) >= _PARTED_ROWS)
    top = min([top, *(r.at for r in framed)])
    bottom = max([bottom, *(r.at for r in framed)])
    if framed:
        left, right = min(left, *(r.start for r in framed)), max(right, *(r.end for r in framed))
    score = min(0.9, 0.45 + 0.05 * len(several) + 0.05 * len(columns) + (0.15 if len(framed) >= 2 else 0.0))
    reason = f"text in columns: {len(several)} rows of {len(columns)}, {len(framed)} long lines across"
    lost = _columns_go_on(rules, whole, height) or _why_no_entries(entries)
    return TableArea(left, top, right, bottom, score, False, reason, lost)


def _columns_go_on(rules: Rules, whole: Rect, height: float) -> str:
    """Whether an upright line runs through what looks like a table and well beyond it: it parts columns of text."""
    between = [r for r in rules.vertical if whole.left + 2 * height < r.at < whole.right - 2 * height]
    through = [r for r in between if r.start < whole.top + height and r.end > whole.bottom - height]
    beyond = any(max(whole.top - r.start, r.end - whole.bottom) > _BEYOND * height for r in through)
    return "lines between columns of text run through it and beyond" if beyond else ""


def _filled(run: Sequence[Sequence[Segment]], columns: int, height: float) -> float:
    """Share of the places that have a text, without lines that go on a cell of the row above."""
    hanging = [len(below) == 1 and hangs(below[0], above, height) for above, below in pairwise(run)]
    rows = [row for row, hangs in zip(run, [False, *hanging], strict=True) if not hangs]
    return sum(map(len, rows)) / (len(rows) * columns)


def _filled_between(drawn: Sequence[Rule], segments: Sequence[Segment], borders: Sequence[float]) -> float:
    """The same by the rows that long lines part, whatever stands on how many heights of them; 0 where there are few."""
    places = [(segment.middle, bisect_left(borders, segment.axis)) for segment in segments]
    rows = [
        {column for middle, column in places if above.at < middle < below.at}
        for above, below in pairwise(sorted(drawn, key=lambda rule: rule.at))
    ]
    rows = [row for row in rows if row]
    return sum(map(len, rows)) / (len(rows) * (len(borders) + 1)) if len(rows) >= _PARTED_ROWS else 0.0


@frozen
class _Entries:
    """What stands in the columns of a run."""

    columns: Sequence[Sequence[Segment]]
    several: Sequence[Sequence[Segment]]  # the rows with more than one entry
    rows: Sequence[Sequence[Segment]]  # all of them
    fill: float  # share of the places that have one
    height: float
    framed: bool  # two long lines, at least, run across
    parted: bool  # so many that they tell the rows

    def numeric(self) -> list[float]:
        """For each column the share of numbers."""
        return [_share(is_amount, column) for column in self.columns]

    def widths(self) -> list[float]:
        """Of each column but the first, as its entries mostly have it."""
        return [statistics.median(segment.width for segment in column) for column in self.columns[1:] if column]


def _why_no_entries(entries: _Entries) -> str:
    """What speaks against columns that hold what tables hold: the first doubt that is met, or nothing."""
    doubts = (_numbers_alone, _two_texts, _lines_to_write_on, _names, _enumeration, _page_numbers, _too_few)
    return next((why for doubt in doubts if (why := doubt(entries))), "")


def _numbers_alone(entries: _Entries) -> str:
    texts = [segment.text for column in entries.columns for segment in column if segment.text is not None]
    if not texts or any(character.isalpha() for text in texts for character in text):
        return ""
    grid = min(len(entries.several), len(entries.columns)) >= _NUMBERS and entries.fill >= _FULL
    return "" if grid else "there is no letter in it: numbers along an axis"


def _two_texts(entries: _Entries) -> str:
    """A column beside the text, of a life or a brochure: its lines and those of the text seldom stand on one height."""
    first = set(map(id, entries.columns[0]))
    begun = [any(id(segment) in first for segment in row) for row in entries.rows]
    both = sum(begins and len(row) > 1 for begins, row in zip(begun, entries.rows, strict=True))
    alone, without = sum(begun) - both, len(begun) - sum(begun)
    apart = min(alone, without) >= _OWN_ROWS and both < _SHARED_ROWS * len(begun)
    return "two texts beside each other: their rows do not meet" if apart and not entries.framed else ""


def _lines_to_write_on(entries: _Entries) -> str:
    """Leaders of dots are no words of a table, and not here."""
    ruled = any(has_leader(segment.text or "") for row in entries.several for segment in row[:1])
    return "its rows have lines to write on: a form" if ruled else ""


def _names(entries: _Entries) -> str:
    named = any(_share(names_field, column) > 0.6 for column in entries.columns)
    return "a column of names that end with a colon: a form" if named else ""


def _enumeration(entries: _Entries) -> str:
    listed = _share(is_enumerator, entries.columns[0]) > 0.8 and len(entries.columns) < 4
    return "bullets or numbers before texts: a list" if listed and max(entries.numeric()[1:]) < 0.5 else ""


def _page_numbers(entries: _Entries) -> str:
    counted = len(entries.columns) == 2 and _counts_up(entries.columns[1])
    return "its second column counts up: page numbers" if counted else ""


def _too_few(entries: _Entries) -> str:
    """The fewer lines are drawn, the more rows, entries and numbers it takes."""
    rows, framed, numeric, widths = len(entries.several), entries.framed, entries.numeric(), entries.widths()
    if len(entries.columns) == 2:
        enough = rows >= (3 if framed else 4) and entries.fill > 0.7
        fits = numeric[1] > 0.6 or (framed and widths[0] < 25 * entries.height)
    elif framed:
        enough = rows > 1 and entries.fill > (_PARTED_FILL if entries.parted else 0.4)
        fits = entries.parted or max(numeric[1:]) > 0.4 or statistics.median(widths) < 12 * entries.height
    else:
        enough = rows > 2 and entries.fill > 0.45
        fits = max(numeric[1:]) > 0.4 or (statistics.median(widths) < 5 * entries.height and rows > 3)
    if not enough:
        return f"{rows} rows, {entries.fill:.0%} of their places filled, are too few"
    return "" if fits else "its entries are neither numbers nor short"


def _share(is_so: Callable[[str], bool], segments: Sequence[Segment]) -> float:
    known = [segment.text.strip() for segment in segments if segment.text is not None]
    return sum(map(is_so, known)) / len(known) if known else 0.0


def _counts_up(segments: Sequence[Segment]) -> bool:
    """Page numbers: whole numbers that never get smaller."""
    texts = [(segment.text or "").strip() for segment in segments]
    pages = [int(text) for text in texts if text.isdigit() and len(text) < 5]
    return len(pages) > 2 and len(pages) >= 0.8 * len(texts) and pages == sorted(pages) and pages[0] < pages[-1]
