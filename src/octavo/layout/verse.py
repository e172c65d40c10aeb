"""Rows that end where whoever wrote them wants it, though they are nearly as long as each other: those of a poem.

Running text never leaves room for the next word within a sentence, whatever the width of its column, but beside a
figure, where all rows on one side of the place are shorter. Names with a colon, one at the beginning of each row, tell
as much.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from octavo.layout.side_by_side import Row
from octavo.wording.lists import begins_entry
from octavo.wording.sentences import begins_with_name, ends_sentence

_FEWEST: Final = 4  # rows of a stanza: of three, one may be broken for another reason
_MANY: Final = 6  # rows from which one that was broken by will is not enough
_SHARE: Final = 0.25  # of the breaks within sentences, from which it is no chance
_ROOM: Final = 0.8  # sizes of type beside the next word
_LONGER: Final = 0.8  # sizes of type that a row above and one below are longer by, at least


def is_verse(rows: Sequence[Row]) -> bool:
    """Whether rows below each other end by will within sentences."""
    if len(rows) < _FEWEST:
        return False
    early = _ending_early(rows)
    least = max(1 if len(rows) < _MANY else 2, _SHARE * (len(rows) - 1))
    if len(early) < least or not all(row.text for row in rows):  # what is not read yet says nothing of its sentences
        return False
    if any(begins_entry(row.text) or row.longest.source.formulas for row in rows):
        return False
    capitals = all(row.text[:1].isupper() or not row.text[:1].isalpha() for row in rows)
    within = (
        not ends_sentence(rows[place].text) and (capitals or rows[place + 1].text[:1].islower()) for place in early
    )
    return sum(within) >= least


def _ending_early(rows: Sequence[Row]) -> list[int]:
    """Which rows had room for the next one's first word, with longer rows above and below them, if any are above."""
    furthest = max(row.right for row in rows)
    found = []
    for place, (row, below) in enumerate(pairwise(rows)):
        longer = row.right + _LONGER * row.size
        if furthest - row.right <= below.first_word + _ROOM * row.size:
            continue
        if all(any(other.right > longer for other in side) for side in (rows[:place] or rows[1:], rows[place + 1 :])):
            found.append(place)
    return found


def are_named(rows: Sequence[Row]) -> bool:
    """Whether each row says something else, with its name before a colon: "Tools: saw, plane"."""
    return len(rows) > 1 and all(begins_with_name(row.text) for row in rows)
