"""Where the tables of a page are: lattices of ruling lines, text between long rules, and text that stands in columns.

Sure rather than complete: what is no table (text in two columns, a list, a form, a table of contents, a chart) must not
become one, and a layout network adds what it sees. Everything here is in pixels of the page's picture.
"""

import statistics
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import field, replace
from itertools import pairwise
from operator import attrgetter
from typing import Final

from octavo.frozen import frozen
from octavo.geometry import Rect, on_one_height, union
from octavo.tables import price_columns
from octavo.tables.columns import ColumnGaps, column_gaps
from octavo.tables.rules import Rule, Rules
from octavo.wording.captions import names_float
from octavo.wording.headings import has_leader
from octavo.wording.lists import is_enumerator
from octavo.wording.numbers import is_amount
from octavo.wording.page_numbers import names_page
from octavo.wording.sentences import names_field
from octavo.wording.ticks import begins_choice, is_tick_box

_BESIDE: Final = 1.5  # heights of type from a box to tick to its text, at most; columns stand further apart
_LETTERS: Final = 0.3  # of a line's height: so close may segments stand and be two
_PARTED: Final = 4.0  # heights of the text between two runs of rows, from which on they are two tables
_PARTED_ON_PICTURE: Final = 3.5  # the same distance where boxes are a tenth higher than their letters (150 dpi)
_FAR: Final = 1.8  # steps between the rows of a block, from which on what comes next is another
_FOOT: Final = 2.2  # heights of type, and steps between rows, from which what stands below a long line is a foot
_ABOVE: Final = 3  # rows of a table that its foot stands below, at least
_HEAD: Final = 4  # rows from the top of a run among which its head may be
_ACROSS: Final = 0.8  # share of a table's width that a long line crosses
_LEADING: Final = 1.6  # heights of type from line to line inside a cell, at most; print has 1.1 to 1.4
_LABELS: Final = 0.6  # of the lines of a stack with figures on their right, from which on it is no paragraph
_LEVEL: Final = 0.25  # heights of type that a label and its figure may stand apart
_NUMBERS: Final = 3  # rows and columns of figures alone, at least: fewer may be those along an axis
_FULL: Final = 0.9  # of the places of a table of figures alone that have one
_SHADED_ROWS: Final = 4  # lines of text in a lattice that may be the shading of a row or two
_PARTED_ROWS: Final = 4  # with a long line between each and the next, from which lines tell the rows
_PARTED_FILL: Final = 0.6  # share of the places between such lines that have a text, however long
_BAND_HEIGHT: Final = 8.0  # heights of type between two lines that part rows, at most
_BAND_WIDTH: Final = 16.0  # heights of type that such lines are long, at least
_OWN_ROWS: Final = 3  # rows of each of two texts beside each other that the other has nothing on
_SHARED_ROWS: Final = 0.35  # of all rows, that have something of both
_LINES: Final = 3  # on each side of a gutter between two tables
_LINE: Final = 4.0  # heights of type that one of them is long
_BEYOND: Final = 5.0  # heights of type that a line between columns of text runs on, above or below
_SAME_STEP: Final = 1.25  # steps from line to line that are of one kind differ by less


@frozen
class Segment(Rect):
    """A run of words on one line, without a column's gap in it. `line` is its line's number."""

    text: str | None
    line: int
    on_picture: bool = field(compare=False)  # its box is somewhat larger than its letters
    ink_top: float = field(compare=False)  # above its top where it is a head that is set aslant


@frozen
class TableArea(Rect):
    """An area that looks like a table. Pixels."""

    score: float
    ruled: bool
    reason: str  # for people: what it rests on
    lost: str = ""  # why it is none after all


def tables_among(segments: Sequence[Segment], rules: Rules) -> list[TableArea]:
    """What looks like tables on a page, best first; those that are `lost` turned out to be none."""
    if not segments:
        return []
    height = statistics.median(segment.height for segment in segments)
    lattices = [
        table
        for group in _connected(rules, max(6.0, 0.6 * height))
        if (table := _lattice_table(*group, segments, height))
    ]
    lattices = [
        replace(table, lost="text in its columns goes on beyond it: shaded rows")
        if not table.lost and _goes_on_beyond(table, segments, height)
        else table
        for table in lattices
    ]
    found = [table for table in lattices if not table.lost]
    rest = [segment for segment in segments if not any(table.holds(segment) for table in found)]
    paragraphs = _paragraphs(rest, height)
    prose = {segment for paragraph in paragraphs for segment in paragraph} - _in_bands(rest, rules, height)
    rows = _rows([segment for segment in rest if segment not in prose], height)
    rows = [row for row in rows if not _offers_choices(row, height)]
    loose = [
        replace(table, lost=table.lost or "a ruled table is there")
        if any(_overlap(table, other) > 0.3 for other in found)
        else table
        for part in price_columns.apart(rows, rules.horizontal)
        for table in _with_texts_whole(_runs(part, rules, height), paragraphs, height)
    ]
    return sorted([*lattices, *loose], key=lambda table: -table.score)


def _overlap(one: TableArea, other: TableArea) -> float:
    """Shared area over the smaller of the two."""
    return one.intersection(other) / max(1.0, min(one.area, other.area))


# --- lattices ----------------------------------------------------------------------------------------------------


def _connected(rules: Rules, reach: float) -> Iterator[tuple[list[Rule], list[Rule]]]:
    """Groups of horizontal and vertical rules that touch each other, directly or through others."""
    left_across, left_down = list(rules.horizontal), list(rules.vertical)
    while left_across:
        fresh = [left_across.pop()]
        across, down = list(fresh), list[Rule]()
        while fresh:
            touched = [v for v in left_down if any(_touch(h, v, reach) for h in fresh)]
            if not touched:
                break
            left_down = [v for v in left_down if v not in touched]
            down += touched
            fresh = [h for h in left_across if any(_touch(h, v, reach) for v in touched)]
            left_across = [h for h in left_across if h not in fresh]
            across += fresh
        yield across, down


def _touch(across: Rule, down: Rule, reach: float) -> bool:
    return (
        across.start - reach <= down.at_point(across.at) <= across.end + reach
        and down.start - reach <= across.at_point(down.at) <= down.end + reach
    )


def _lattice_table(
    across: Sequence[Rule], down: Sequence[Rule], segments: Sequence[Segment], height: float
) -> TableArea | None:
    """The table in a group of rules, without title and notes that share its frame; None where they cross nowhere."""
    ys, xs = _places(across, height), _places(down, height)
    if len(ys) < 2 or len(xs) < 2:
        return None
    left, right = min(xs[0], *(r.start for r in across)), max(xs[-1], *(r.end for r in across))
    top, bottom = min(ys[0], *(r.start for r in down)), max(ys[-1], *(r.end for r in down))
    frame = TableArea(left, top, right, bottom, 0.95, True, f"ruled table: {len(ys)} lines across, {len(xs)} down")
    inside = [p for p in segments if left < p.axis < right and top < p.middle < bottom]
    bands = [
        (low, high, [p for p in inside if low <= p.middle < high])
        for low, high in pairwise(sorted({top, *ys, bottom}))
        if high - low > 0.5 * height
    ]
    inner = [v for v in down if left + 2 * height < v.at < right - 2 * height]
    bands = _without_title_and_notes(bands, inner, height)
    if not bands:
        return replace(frame, lost="there is no text between its lines")
    top, bottom = bands[0][0], bands[-1][1]
    inside = [p for p in inside if top <= p.middle < bottom]
    crossing = [v for v in inner if v.end > top and v.start < bottom]
    return replace(frame, top=top, bottom=bottom, lost=_why_no_lattice(inside, crossing, bands, left, right, height))


def _places(rules: Sequence[Rule], height: float) -> list[float]:
    places: list[float] = []
    for rule in sorted(rules, key=lambda rule: rule.at):
        if not places or rule.at - places[-1] > 0.6 * height:
            places.append(rule.at)
    return places


_Band = tuple[float, float, list[Segment]]


def _without_title_and_notes(bands: Sequence[_Band], inner: Sequence[Rule], height: float) -> list[_Band]:
    bands = list(bands)
    while bands and not bands[-1][2] and not _divided(bands[-1], inner):
        bands.pop()
    while len(bands) > 1 and _is_note(bands[-1], inner, height):
        bands.pop()
    while len(bands) > 1 and _is_title(bands[0], inner):
        bands.pop(0)
    return bands


def _divided(band: _Band, inner: Sequence[Rule]) -> bool:
    """Whether an upright line inside the table runs through a band."""
    low, high, _ = band
    return any(min(v.end, high) - max(v.start, low) > 0.6 * (high - low) for v in inner)


def _is_note(band: _Band, inner: Sequence[Rule], height: float) -> bool:
    lines = {round(segment.middle / height) for segment in band[2]}
    long = any(len(segment.text or "") > 60 or segment.width > 40 * height for segment in band[2])
    return not _divided(band, inner) and (len(lines) > 1 or long) and not _stands_in_columns(band[2], height)


def _is_title(band: _Band, inner: Sequence[Rule]) -> bool:
    return not _divided(band, inner) and any(names_float(segment.text or "") for segment in band[2])


def _goes_on_beyond(table: TableArea, segments: Sequence[Segment], height: float) -> bool:
    """Whether a lattice is a row or two of a larger table: the edges of shading close these as lines would."""
    inside = _rows([segment for segment in segments if table.holds(segment)], height)
    if len(inside) > _SHADED_ROWS:
        return False
    beyond = [segment for segment in segments if not table.holds(segment) and table.overlap_x(segment) > 0]
    near = [segment for segment in beyond if table.gap_y(segment) < 1.5 * height]
    left, right = table.left - height, table.right + height
    rows = [row for row in _rows(near, height) if len(row) > 1 and left < row[0].left and row[-1].right < right]
    least = max(2, len(_gaps(inside, height))) if rows else 0
    return any(len(_gaps([*inside, row], height)) >= least for row in rows)


def _stands_in_columns(segments: Sequence[Segment], height: float) -> bool:
    rows = _rows(segments, height)
    return sum(len(row) > 1 for row in rows) > 0.5 * len(rows)


def _why_no_lattice(
    inside: Sequence[Segment], inner: Sequence[Rule], bands: Sequence[_Band], left: float, right: float, height: float
) -> str:
    """What speaks against text that stands in a lattice as in a table: in several columns and rows, not cut, in most
    places."""
    cut = sum(
        any(p.left + height < v.at < p.right - height and v.start < p.middle < v.end for v in inner) for p in inside
    )
    if len(inside) < 4:
        return f"{len(inside)} texts between its lines are too few"
    if cut > 0.15 * len(inside):
        return f"its upright lines cut {cut} of {len(inside)} texts"
    borders = [left, *_places(inner, height), right]
    rows = _rows(inside, height)
    if len(borders) < 3:
        several = [row for row in rows if len(row) > 1]
        if len(bands) > 2 and len(several) > 0.6 * len(rows):
            return ""
        return f"no upright line divides it, and {len(several)} of {len(rows)} rows have several texts"
    columns = len(borders) - 1
    filled_columns = sum(any(low < p.axis < high for p in inside) for low, high in pairwise(borders))
    filled_bands = sum(bool(band[2]) for band in bands)
    if filled_columns < max(2, 0.6 * columns) or filled_bands < max(1, 0.5 * len(bands)):
        return f"{filled_columns} of {columns} columns and {filled_bands} of {len(bands)} rows have text"
    if len(rows) < 2:
        return "it has one row of text"
    if len(inside) < 0.3 * columns * len(bands):
        return f"{len(inside)} texts are too few for {columns} x {len(bands)} cells"
    return ""


# --- text in columns ----------------------------------------------------------------------------------------------


def _paragraphs(segments: Sequence[Segment], height: float) -> list[list[Segment]]:
    """Stacks of lines most of which go to the right margin."""
    stacks: list[list[Segment]] = []
    near: list[list[Segment]] = []  # those that may go on
    for segment in sorted(segments, key=attrgetter("top")):
        near = [stack for stack in near if segment.top - stack[-1].bottom < height]
        for stack in reversed(near):
            last = stack[-1]
            if segment.middle > last.middle + 0.4 * height and _under(last, segment, height):
                stack.append(segment)
                break
        else:
            near.append([segment])
            stacks.append(near[-1])
    labels = _labels(segments, height)
    return [
        stack
        for stack in stacks
        if _is_paragraph(stack, height) and sum(it in labels for it in stack) < _LABELS * len(stack)
    ]


def _with_texts_whole(
    tables: Iterable[TableArea], paragraphs: Sequence[Sequence[Segment]], height: float
) -> Iterator[TableArea]:
    """Tables with all lines of the texts that begin in their last row, but for the first column: below that may stand
    what is said of the table."""
    for table in tables:
        for text in paragraphs:
            within = table.left + height < text[0].left and max(it.right for it in text) < table.right + height
            if within and table.top < text[0].middle < table.bottom < text[-1].middle:
                table = replace(table, bottom=text[-1].bottom)
        yield table


def _in_bands(segments: Sequence[Segment], rules: Rules, height: float) -> set[Segment]:
    """Texts between lines that part the rows of a table: several that begin and end alike, none far below the next."""
    levels = sorted(segments, key=attrgetter("middle"))
    inside: set[Segment] = set()
    for alike in _beginning_and_ending_alike(rules, _BAND_WIDTH * height, height):
        bands = [(a, b) for a, b in pairwise(alike) if b.at - a.at < _BAND_HEIGHT * height]
        if len(bands) + 1 < _LINES:
            continue
        for a, b in bands:
            first = bisect_right(levels, a.at, key=attrgetter("middle"))
            end = bisect_left(levels, b.at, key=attrgetter("middle"))
            inside.update(p for p in levels[first:end] if a.start - height < p.axis < a.end)
    return inside


def _beginning_and_ending_alike(rules: Rules, shortest: float, reach: float) -> Iterator[list[Rule]]:
    """Groups of lines across whose ends are nearer than `reach` to those of the group's first, each top to bottom."""
    ordered = sorted((rule for rule in rules.horizontal if rule.length > shortest), key=attrgetter("at"))
    places: dict[tuple[int, int], list[Rule]] = defaultdict(list)
    for rule in ordered:
        places[int(rule.start // reach), int(rule.end // reach)].append(rule)
    taken: set[Rule] = set()
    for first in ordered:
        if first in taken:
            continue
        start, end = int(first.start // reach), int(first.end // reach)
        near = [(start + across, end + along) for across in (-1, 0, 1) for along in (-1, 0, 1)]
        alike = [
            rule
            for place in near
            for rule in places.get(place, ())
            if max(abs(rule.start - first.start), abs(rule.end - first.end)) < reach
        ]
        taken.update(alike)
        for place in near:
            if place in places:
                places[place] = [rule for rule in places[place] if rule not in taken]
        yield sorted(alike, key=attrgetter("at"))


def _labels(segments: Sequence[Segment], height: float) -> set[Segment]:
    """Texts with a figure for the next thing on their right, on the very same height: they name a row's figures."""
    return {
        one
        for row in _rows(segments, height)
        for one, other in pairwise(row)
        if is_amount(other.text or "")
        and not is_amount(one.text or "")
        and abs(one.middle - other.middle) < _LEVEL * height
    }


def _under(above: Segment, below: Segment, height: float) -> bool:
    stacked = above.overlap_x(below) > 0.5 * min(above.width, below.width)
    return stacked and abs(above.left - below.left) < 2.5 * height


def _is_paragraph(stack: Sequence[Segment], height: float) -> bool:
    left = statistics.median(segment.left for segment in stack)
    right = sorted(segment.right for segment in stack)[-max(1, len(stack) // 8)]
    full = sum(segment.right > left + 0.8 * (right - left) for segment in stack)
    return len(stack) > 1 and right - left > 13 * height and full >= 0.65 * (len(stack) - 1)


def _rows(segments: Sequence[Segment], height: float) -> list[list[Segment]]:
    """Segments side by side, from top to bottom."""
    return on_one_height(segments, 0.5 * height)


def _offers_choices(row: Sequence[Segment], height: float) -> bool:
    """Whether there is a box to tick with what it stands for right beside it."""
    alone = (is_tick_box(box.text or "") and label.left - box.right < _BESIDE * height for box, label in pairwise(row))
    return any(begins_choice(segment.text or "") for segment in row) or any(alone)


def _runs(rows: Sequence[Sequence[Segment]], rules: Rules, height: float) -> Iterator[TableArea]:
    """Tables among rows that follow each other and keep their gaps."""
    start = 0
    runs: list[list[Sequence[Segment]]] = []
    while start < len(rows):
        if len(rows[start]) < 2 or _tallest(rows[start]) > 1.4 * height:
            start += 1
            continue
        run = _grown(rows, start, rules, height)
        run, start = [*_head_lines_above(run, rows[:start], rules, height), *run], start + len(run)
        kept = _without_what_follows(run, height)
        run = [*kept, *_to_closing_line(kept, run[len(kept) :], rules, height)]
        if (
            runs
            and not _is_foot(run[0], runs[-1], rules, height)
            and (_follows(runs[-1], run, rows, height) or _shares_lines(runs[-1], run, rows, rules, height))
        ):
            runs[-1] += run
        else:
            runs.append(run)
    for part in (part for run in runs for part in _at_gutter(run, rules, height)):
        if table := _judged(_without_what_precedes(part, rules, height), rules, height):
            yield table


def _at_gutter(run: Sequence[Sequence[Segment]], rules: Rules, height: float) -> list[Sequence[Sequence[Segment]]]:
    """Two tables side by side, where all lines across end at one gap between columns and others begin after it."""
    whole = union(segment for row in run for segment in row).grown(2 * height)
    across = [r for r in rules.horizontal if whole.top < r.at < whole.bottom and r.end - r.start > _LINE * height]
    if len(across) < 2 * _LINES:
        return [run]
    parted = []
    for left, right in _gaps(run, height):
        ends = [r for r in across if r.end < right]
        begins = [r for r in across if r.start > left]
        if min(len(ends), len(begins)) >= _LINES and len(ends) + len(begins) == len(across):
            parted.append((left + right) / 2)
    if len(parted) != 1:  # lines below each cell
        return [run]
    sides = [
        [row for row in ([it for it in row if (it.axis < parted[0]) is first] for row in run) if row]
        for first in (True, False)
    ]
    return list(sides) if all(any(len(row) > 1 for row in side) for side in sides) else [run]


def _grown(rows: Sequence[Sequence[Segment]], start: int, rules: Rules, height: float) -> list[Sequence[Segment]]:
    """As many rows from the first on as keep the gaps between its columns."""
    run = [rows[start]]
    seen = ColumnGaps(run, _LETTERS * height)
    gaps = seen.found()
    for row in rows[start + 1 :]:
        step = min(segment.ink_top for segment in row) - max(segment.bottom for segment in run[-1])
        if step > (3.5 if len(row) > 1 and len(row) >= 0.7 * (len(gaps) + 1) else 2.2) * height:
            break
        if _tallest(row) > 1.4 * height or _out_of_line(row, run, height) or _begins_anew(row, run, height):
            break
        if _is_foot(row, run, rules, height):
            break
        seen.add(row)
        wider = seen.found()
        own = _gaps([row], height)
        sparse = len(row) < 0.5 * (len(gaps) + 1)  # a heading between rows may run over columns it leaves empty
        least = 0.5 if sparse or len(run) == 1 else 0.75
        if _kept(gaps, wider) < max(1, least * len(gaps)) or _kept(own, wider) < least * len(own):
            break
        run.append(row)
        gaps = wider
    return run


def _to_closing_line(
    run: Sequence[Sequence[Segment]], below: Sequence[Sequence[Segment]], rules: Rules, height: float
) -> list[Sequence[Segment]]:
    """Which rows below a run are still its last row's: those that hang, above a line like the last one in the run."""
    whole = union(segment for row in run for segment in row)
    across = sorted(
        (r for r in rules.horizontal if r.start < whole.left + height and r.end > whole.right - height),
        key=lambda rule: rule.at,
    )
    inside = [r for r in across if whole.top - 2 * height < r.at < run[-1][0].middle]
    closing = next((r for r in across if r.at > run[-1][0].middle), None)
    if not inside or closing is None or not below:
        return []
    alike = max(abs(closing.start - inside[-1].start), abs(closing.end - inside[-1].end)) < height
    rows = [row for row in below if row[0].middle < closing.at]
    hang = all(len(row) == 1 and _hangs(row[0], run[-1], height) for row in rows)
    near = bool(rows) and closing.at - rows[-1][0].bottom < 2 * height
    return rows if alike and hang and near else []


def _head_lines_above(
    run: Sequence[Sequence[Segment]], above: Sequence[Sequence[Segment]], rules: Rules, height: float
) -> list[Sequence[Segment]]:
    """The rows right above a table with lines across that are the first lines of its heads: each text in a column, over
    one that it is set under, and no line between."""
    head: list[Sequence[Segment]] = []
    whole = union(segment for row in run for segment in row)
    framed = sum(r.start < whole.left + height and r.end > whole.right - height for r in rules.horizontal) > 1
    for row in reversed(above if framed else ()):
        below = (head or run)[0]
        end, begin = max(p.middle for p in row), min(p.middle for p in below)
        if begin - end > _LEADING * height or len(row) > len(below) or any(names_float(p.text or "") for p in row):
            break
        ruled = any(end < r.at < begin and r.start < whole.axis < r.end for r in rules.horizontal)
        over = all(any(_edges_meet(p, other, 0.5 * height) for other in below) for p in row)
        if ruled or not over or _cross([row], run, height):
            break
        head.insert(0, row)
    return head


def _is_foot(row: Sequence[Segment], run: Sequence[Sequence[Segment]], rules: Rules, height: float) -> bool:
    """Whether a row with the page's number, or one of a picture further off than the run's rows from one another,
    stands below a line across the run.

    Boxes of lines found on a picture are higher than their letters, and what is between them is less than it seems.
    """
    if len(run) < _ABOVE:
        return False
    end, start = max(segment.bottom for segment in run[-1]), min(segment.top for segment in row)
    between = [rule for rule in rules.horizontal if end < rule.at < start]
    if not between:
        return False
    left, right = min(p.left for above in run for p in above), max(p.right for above in run for p in above)
    if not any(min(r.end, right) - max(r.start, left) > _ACROSS * (right - left) for r in between):
        return False
    if any(names_page(segment.text or "") for segment in row):
        return True
    if not all(segment.on_picture for segment in row):
        return False
    furthest = max(min(p.top for p in below) - max(p.bottom for p in above) for above, below in pairwise(run))
    return start - end >= _FOOT * max(furthest, height)


def _kept(gaps: Sequence[tuple[float, float]], among: Sequence[tuple[float, float]]) -> int:
    """How many gaps are still there; two that became one, because few texts stand between them, both are."""
    return sum(any(min(right, end) > max(left, start) for start, end in among) for left, right in gaps)


def _without_what_follows(run: list[Sequence[Segment]], height: float) -> list[Sequence[Segment]]:
    """A run without lines of one text at its end, but with those that go on a cell of its last row."""
    last = max(number for number, row in enumerate(run) if len(row) > 1)
    steps = [
        below[0].middle - above[0].middle
        for above, below in pairwise(run[: last + 1])
        if len(below) == 1 and _hangs(below[0], above, height)
    ]
    furthest = _SAME_STEP * statistics.median(steps) if steps else _LEADING * height
    first = min(segment.left for row in run[: last + 1] for segment in row)
    end = last + 1
    for above, below in pairwise(run[last:]):
        in_first = below[0].left < first + height
        if (
            not _hangs(below[0], above, height)
            or below[0].middle - above[0].middle > furthest
            or (in_first and not steps)
        ):
            break
        end += 1
    return run[:end]


def _without_what_precedes(
    run: Sequence[Sequence[Segment]], rules: Rules, height: float
) -> Sequence[Sequence[Segment]]:
    """A run without what stands far above its head, has fewer entries and begins at the margin, as names over groups of
    columns do not; the head has a line across below it."""
    left, right = min(p.left for row in run for p in row), max(p.right for row in run for p in row)
    steps = [below[0].middle - above[0].middle for above, below in pairwise(run)]
    usual = statistics.median(steps) if len(steps) >= _ABOVE else float("inf")
    for number, (row, below) in enumerate(pairwise(run[: _HEAD + 1])):
        ruled = any(
            row[0].middle < r.at < below[0].middle and r.length > _ACROSS * (right - left) for r in rules.horizontal
        )
        if not ruled or not number or steps[number - 1] <= _FAR * usual:
            continue
        if run[number - 1][0].left < left + height and len(row) > max(map(len, run[:number])):
            return run[number:]
    return run


def _hangs(segment: Segment, above: Sequence[Segment], height: float) -> bool:
    """Whether a text begins right under one of a row, or stands under its middle."""
    return any(min(abs(segment.left - other.left), abs(segment.axis - other.axis)) < 0.5 * height for other in above)


def _tallest(row: Sequence[Segment]) -> float:
    """How high a row is set. Boxes on pictures swing by half, with letters and neighbours: the lowest counts."""
    on_picture = any(segment.on_picture for segment in row)
    return (min if on_picture else max)(segment.height for segment in row)


def _out_of_line(row: Sequence[Segment], run: Sequence[Sequence[Segment]], height: float) -> bool:
    """Whether a row of several entries begins something else: next to none stand under those of the rows above."""
    if len(row) < 3 or len(run) < (3 if len(run[-1]) > 1 else 2):
        return False
    several = [segment for above in reversed(run) if len(above) > 1 for segment in above]  # the nearest tell soonest
    reach = 0.7 * height
    aligned = sum(any(_edges_meet(segment, other, reach) for other in several) for segment in row)
    return aligned < 0.5 * len(row)


def _begins_anew(row: Sequence[Segment], run: Sequence[Sequence[Segment]], height: float) -> bool:
    """Whether a row is the head of another table: far below what has numbers, without any, in columns of its own."""
    if len(row) < 3 or len(run) < 2:
        return False
    furthest = max(below[0].middle - above[0].middle for above, below in pairwise(run))
    if row[0].middle - run[-1][0].middle < _FAR * furthest:
        return False
    if any(_has_digit(segment) for segment in row) or not any(_has_digit(it) for above in run for it in above):
        return False
    several = [above for above in run if len(above) > 1]
    return sum(_in_column(segment, several, height) for segment in row) < 0.6 * len(row)


def _has_digit(segment: Segment) -> bool:
    return any(character.isdigit() for character in segment.text or "")


def _in_column(segment: Segment, rows: Sequence[Sequence[Segment]], height: float) -> bool:
    """Whether half of the rows have a text with the same edge or middle."""
    reach = 0.7 * height
    return 2 * sum(any(_edges_meet(segment, other, reach) for other in row) for row in rows) >= len(rows)


def _edges_meet(one: Segment, other: Segment, reach: float) -> bool:
    apart = (one.left - other.left, one.right - other.right, one.axis - other.axis)
    return min(map(abs, apart)) < reach


def _follows(
    run: Sequence[Sequence[Segment]],
    below: Sequence[Sequence[Segment]],
    rows: Sequence[Sequence[Segment]],
    height: float,
) -> bool:
    """Whether rows belong to the run above: nothing is between, and it has the same columns or is their head."""
    end, start = max(p.bottom for p in run[-1]), min(p.top for p in below[0])
    on_picture = all(segment.on_picture for segment in (*run[-1], *below[0]))
    furthest = (_PARTED_ON_PICTURE if on_picture else _PARTED) * height
    if start - end > furthest or any(end < row[0].middle < start for row in rows):
        return False
    if _begins_anew(below[0], run, height):
        return False
    both, one, other = _gaps([*run, *below], height), _gaps(run, height), _gaps(below, height)
    if len(both) > 1 and len(both) >= 0.8 * max(len(one), len(other)):
        return True
    return len(run) < min(5, len(below)) and start - end < 1.5 * height and _is_head(run, below, height)


def _shares_lines(
    run: Sequence[Sequence[Segment]],
    below: Sequence[Sequence[Segment]],
    rows: Sequence[Sequence[Segment]],
    rules: Rules,
    height: float,
) -> bool:
    """Whether the one line between two runs is one of several that begin and end where it does: those between the rows
    of one table, whatever stands in them. Between two tables there are two, or none, or text. What stands above the
    first line or below the last is a title, or the page's foot, where it does not keep the columns."""
    end, start = max(p.bottom for p in run[-1]), min(p.top for p in below[0])
    if start - end > _FAR * 2 * height or any(end < row[0].middle < start for row in rows):
        return False
    whole = union(segment for row in (*run, *below) for segment in row)
    across = sorted(
        (r for r in rules.horizontal if r.start < whole.left + height and r.end > whole.right - height),
        key=lambda rule: rule.at,
    )
    between = [r for r in across if run[-1][0].middle < r.at < below[0][0].middle]
    if len(between) != 1 or _begins_anew(below[0], run, height):
        return False
    top, bottom = whole.top - 2 * height, whole.bottom + _BAND_HEIGHT * height
    alike = [
        r
        for r in across
        if top < r.at < bottom and max(abs(r.start - between[0].start), abs(r.end - between[0].end)) < height
    ]
    first, last = alike[0] is between[0], alike[-1] is between[0]
    cut = (first and _cross(run, below, height)) or (last and _cross(below, run, height))
    return len(alike) >= _LINES and not cut


def _cross(rows: Sequence[Sequence[Segment]], others: Sequence[Sequence[Segment]], height: float) -> bool:
    """Whether a text of some rows runs over a gap between the columns of others."""
    middles = [(left + right) / 2 for left, right in _gaps(others, height)]
    return any(segment.left < middle < segment.right for row in rows for segment in row for middle in middles)


def _is_head(run: Sequence[Sequence[Segment]], below: Sequence[Sequence[Segment]], height: float) -> bool:
    """Whether rows are headings of those below: not wider, and every gap of theirs is one of those below.

    Only full rows are looked at: the names of groups of columns and the titles of sections run over several.
    """
    whole = union(segment for row in below for segment in row).grown(2 * height)
    inside = all(whole.left < segment.left and segment.right < whole.right for row in run for segment in row)
    gaps, gaps_below = (_gaps(_full_rows(rows), height) for rows in (run, below))
    shared = [any(min(b, d) - max(a, c) > 0 for c, d in gaps_below) for a, b in gaps]
    return inside and bool(shared) and all(shared)


def _full_rows(rows: Sequence[Sequence[Segment]]) -> list[Sequence[Segment]]:
    """Those with more than half as many entries as the fullest."""
    most = max(map(len, rows))
    return [row for row in rows if 2 * len(row) > most]


def _gaps(rows: Sequence[Sequence[Segment]], height: float) -> list[tuple[float, float]]:
    """Stretches between columns. What was found as two segments is two segments, however close they stand."""
    return column_gaps(rows, _LETTERS * height)


def _judged(run: Sequence[Sequence[Segment]], rules: Rules, height: float) -> TableArea | None:
    """A run of rows as a table; None where it has no two columns."""
    several = [row for row in run if len(row) > 1]
    if len(several) < 2:
        return None
    borders = [(left + right) / 2 for left, right in _gaps(run, height)]
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
    hanging = [len(below) == 1 and _hangs(below[0], above, height) for above, below in pairwise(run)]
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
