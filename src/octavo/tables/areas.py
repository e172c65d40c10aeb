"""Where the tables of a page are: lattices of ruling lines, text between long rules, and text that stands in columns.

Sure rather than complete: what is no table (text in two columns, a list, a form, a table of contents, a chart) must not
become one, and a layout network adds what it sees. Everything here is in pixels of the page's picture.
"""

import statistics
from collections.abc import Sequence
from dataclasses import replace

from octavo.tables import lattices, price_columns, runs, whole_texts
from octavo.tables.rules import Rules
from octavo.tables.segments import Segment, TableArea, rows_of


def tables_among(segments: Sequence[Segment], rules: Rules) -> list[TableArea]:
    """What looks like tables on a page, best first; those that are `lost` turned out to be none."""
    if not segments:
        return []
    height = statistics.median(segment.height for segment in segments)
    drawn = [
        table
        for group in lattices.connected(rules, max(6.0, 0.6 * height))
        if (table := lattices.table_of(*group, segments, height))
    ]
    drawn = [
        replace(table, lost="text in its columns goes on beyond it: shaded rows")
        if not table.lost and lattices.goes_on_beyond(table, segments, height)
        else table
        for table in drawn
    ]
    found = [table for table in drawn if not table.lost]
    rest = [segment for segment in segments if not any(table.holds(segment) for table in found)]
    levels = rows_of(rest, height)
    if all(len(level) == 1 for level in levels):  # nothing stands beside anything
        return sorted(drawn, key=lambda table: -table.score)
    paragraphs = whole_texts.paragraphs(rest, levels, height)
    prose = {segment for paragraph in paragraphs for segment in paragraph} - whole_texts.in_bands(rest, rules, height)
    rows = rows_of([segment for segment in rest if segment not in prose], height) if prose else levels
    rows = [row for row in rows if not runs.offers_choices(row, height)]
    loose = [
        replace(table, lost=table.lost or "a ruled table is there")
        if any(_overlap(table, other) > 0.3 for other in found)
        else table
        for part in price_columns.apart(rows, rules.horizontal)
        for table in whole_texts.with_texts_whole(runs.tables_in(part, rules, height), paragraphs, height)
    ]
    return sorted([*drawn, *loose], key=lambda table: -table.score)


def _overlap(one: TableArea, other: TableArea) -> float:
    """Shared area over the smaller of the two."""
    return one.intersection(other) / max(1.0, min(one.area, other.area))
