"""Tables drawn as lattices: ruling lines that cross, with text in most of their places."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

from octavo.tables.rules import Rule, Rules
from octavo.tables.segments import Segment, TableArea, gaps_between, rows_of
from octavo.wording.captions import names_float

_SHADED_ROWS: Final = 4  # lines of text in a lattice that may be the shading of a row or two


def connected(rules: Rules, reach: float) -> Iterator[tuple[list[Rule], list[Rule]]]:
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


def table_of(
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


_Band = tuple[float, float, list[Segment]]  # from, to, and what is in it


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


def goes_on_beyond(table: TableArea, segments: Sequence[Segment], height: float) -> bool:
    """Whether a lattice is a row or two of a larger table: the edges of shading close these as lines would."""
    inside = rows_of([segment for segment in segments if table.holds(segment)], height)
    if len(inside) > _SHADED_ROWS:
        return False
    beyond = [segment for segment in segments if not table.holds(segment) and table.overlap_x(segment) > 0]
    near = [segment for segment in beyond if table.gap_y(segment) < 1.5 * height]
    left, right = table.left - height, table.right + height
    rows = [row for row in rows_of(near, height) if len(row) > 1 and left < row[0].left and row[-1].right < right]
    least = max(2, len(gaps_between(inside, height))) if rows else 0
    return any(len(gaps_between([*inside, row], height)) >= least for row in rows)


def _stands_in_columns(segments: Sequence[Segment], height: float) -> bool:
    rows = rows_of(segments, height)
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
    rows = rows_of(inside, height)
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
