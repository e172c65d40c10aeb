"""Code."""

from collections.abc import Sequence
from typing import Final

from octavo.document import Label
from octavo.frozen import frozen
from octavo.geometry import union
from octavo.layout.lines import Line
from octavo.layout.paragraphs import Paragraph
from octavo.layout.side_by_side import Row, in_rows
from octavo.layout.surroundings import Surroundings, Verdict
from octavo.wording.sentences import is_statement

_TYPEWRITTEN: Final = 0.6  # share of the page in typewriter type from which that says nothing about a paragraph


def listing(paragraph: Paragraph, page: Surroundings) -> Verdict | None:
    """Typewriter type on a page that is set in another."""
    if not paragraph.monospace:
        return None
    total = sum(other.width * len(other.rows) for other in page.paragraphs)
    typed = sum(other.width * len(other.rows) for other in page.paragraphs if other.monospace)
    if typed < _TYPEWRITTEN * total:
        return Verdict(Label.ALGORITHM, "code: typewriter type on a page that is set in another")
    if is_statement(paragraph.text):
        return Verdict(Label.ALGORITHM, "code: typewriter type, and the signs and words of code")
    return None


# --- listings of several rows ------------------------------------------------------------------------------------

_FEWEST: Final = 3  # rows: fewer are a name or an address in the text, and paragraphs' to judge
_PITCH: Final = 2.9  # sizes of type from one row to the next, at most: a blank line in double-spaced code is wider
_ASIDE: Final = 12.0  # sizes of type right of what is above: comments stand apart from code


@frozen
class Listing:
    """Rows of typewriter type below each other, whatever their indentation."""

    lines: tuple[Line, ...]
    reason: str  # for people: what it rests on


def find_listings(lines: Sequence[Line]) -> list[Listing]:
    """Listings on a page that is set in another type; no line is in two of them.

    Indentation parts rows of code as it parts paragraphs, so that a listing is no paragraph.
    """
    total = sum(line.width for line in lines)
    typed = [line for line in lines if line.source.monospace]
    if sum(line.width for line in typed) >= _TYPEWRITTEN * total:
        return []
    runs: list[list[Row]] = []
    for row in in_rows(typed):
        run = next((run for run in reversed(runs) if _goes_on(run, row)), None)
        if run is None:
            runs.append([row])
        else:
            run.append(row)
    return [_listing(run) for run in runs if len(run) >= _FEWEST]


def _goes_on(run: Sequence[Row], row: Row) -> bool:
    """Whether a row is below the run, or beside its last row, and in the same column."""
    span, size = union(run), row.size
    near = row.middle - run[-1].middle < _PITCH * size
    return near and row.left < span.right + _ASIDE * size and row.right > span.left - _ASIDE * size


def _listing(run: Sequence[Row]) -> Listing:
    reason = f"code: {len(run)} rows of typewriter type on a page that is set in another"
    return Listing(tuple(line for row in run for line in row.lines), reason)
