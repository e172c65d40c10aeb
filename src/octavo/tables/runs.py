"""Tables without a lattice: rows that follow one another and keep the gaps between their columns."""

import statistics
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from octavo.geometry import union
from octavo.tables.columns import ColumnGaps
from octavo.tables.entries import judged
from octavo.tables.rules import Rules
from octavo.tables.segments import BAND_HEIGHT, FEWEST_LINES, LETTERS, Segment, TableArea, gaps_between, hangs
from octavo.wording.captions import names_float
from octavo.wording.page_numbers import names_page
from octavo.wording.ticks import begins_choice, is_tick_box

_BESIDE: Final = 1.5  # heights of type from a box to tick to its text, at most; columns stand further apart
_PARTED: Final = 4.0  # heights of the text between two runs of rows, from which on they are two tables
_PARTED_ON_PICTURE: Final = 3.5  # the same distance where boxes are a tenth higher than their letters (150 dpi)
_FAR: Final = 1.8  # steps between the rows of a block, from which on what comes next is another
_FOOT: Final = 2.2  # heights of type, and steps between rows, from which what stands below a long line is a foot
_ABOVE: Final = 3  # rows of a table that its foot stands below, at least
_HEAD: Final = 4  # rows from the top of a run among which its head may be
_ACROSS: Final = 0.8  # share of a table's width that a long line crosses
_LEADING: Final = 1.6  # heights of type from line to line inside a cell, at most; print has 1.1 to 1.4
_LINE: Final = 4.0  # heights of type that one of them is long
_SAME_STEP: Final = 1.25  # steps from line to line that are of one kind differ by less


def offers_choices(row: Sequence[Segment], height: float) -> bool:
    """Whether there is a box to tick with what it stands for right beside it."""
    alone = (is_tick_box(box.text or "") and label.left - box.right < _BESIDE * height for box, label in pairwise(row))
    return any(begins_choice(segment.text or "") for segment in row) or any(alone)


def tables_in(rows: Sequence[Sequence[Segment]], rules: Rules, height: float) -> Iterator[TableArea]:
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
        if table := judged(_without_what_precedes(part, rules, height), rules, height):
            yield table


def _at_gutter(run: Sequence[Sequence[Segment]], rules: Rules, height: float) -> list[Sequence[Sequence[Segment]]]:
    """Two tables side by side, where all lines across end at one gap between columns and others begin after it."""
    whole = union(segment for row in run for segment in row).grown(2 * height)
    across = [r for r in rules.horizontal if whole.top < r.at < whole.bottom and r.end - r.start > _LINE * height]
    if len(across) < 2 * FEWEST_LINES:
        return [run]
    parted = []
    for left, right in gaps_between(run, height):
        ends = [r for r in across if r.end < right]
        begins = [r for r in across if r.start > left]
        if min(len(ends), len(begins)) >= FEWEST_LINES and len(ends) + len(begins) == len(across):
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
    seen = ColumnGaps(run, LETTERS * height)
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
        own = gaps_between([row], height)
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
    hang = all(len(row) == 1 and hangs(row[0], run[-1], height) for row in rows)
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
        if len(below) == 1 and hangs(below[0], above, height)
    ]
    furthest = _SAME_STEP * statistics.median(steps) if steps else _LEADING * height
    first = min(segment.left for row in run[: last + 1] for segment in row)
    end = last + 1
    for above, below in pairwise(run[last:]):
        in_first = below[0].left < first + height
        if (
            not hangs(below[0], above, height)
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
    both, one, other = gaps_between([*run, *below], height), gaps_between(run, height), gaps_between(below, height)
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
    top, bottom = whole.top - 2 * height, whole.bottom + BAND_HEIGHT * height
    alike = [
        r
        for r in across
        if top < r.at < bottom and max(abs(r.start - between[0].start), abs(r.end - between[0].end)) < height
    ]
    first, last = alike[0] is between[0], alike[-1] is between[0]
    cut = (first and _cross(run, below, height)) or (last and _cross(below, run, height))
    return len(alike) >= FEWEST_LINES and not cut


def _cross(rows: Sequence[Sequence[Segment]], others: Sequence[Sequence[Segment]], height: float) -> bool:
    """Whether a text of some rows runs over a gap between the columns of others."""
    middles = [(left + right) / 2 for left, right in gaps_between(others, height)]
    return any(segment.left < middle < segment.right for row in rows for segment in row for middle in middles)


def _is_head(run: Sequence[Sequence[Segment]], below: Sequence[Sequence[Segment]], height: float) -> bool:
    """Whether rows are headings of those below: not wider, and every gap of theirs is one of those below.

    Only full rows are looked at: the names of groups of columns and the titles of sections run over several.
    """
    whole = union(segment for row in below for segment in row).grown(2 * height)
    inside = all(whole.left < segment.left and segment.right < whole.right for row in run for segment in row)
    gaps, gaps_below = (gaps_between(_full_rows(rows), height) for rows in (run, below))
    shared = [any(min(b, d) - max(a, c) > 0 for c, d in gaps_below) for a, b in gaps]
    return inside and bool(shared) and all(shared)


def _full_rows(rows: Sequence[Sequence[Segment]]) -> list[Sequence[Segment]]:
    """Those with more than half as many entries as the fullest."""
    most = max(map(len, rows))
    return [row for row in rows if 2 * len(row) > most]
