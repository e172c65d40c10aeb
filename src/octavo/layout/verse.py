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
    if len(rows) < _FEWEST or any(begins_entry(row.text) or row.longest.source.formulas for row in rows):
        return False
    capitals = all(row.text[:1].isupper() or not row.text[:1].isalpha() for row in rows)
    within = [
        _ends_early(rows, place) and not ends_sentence(above.text) and (capitals or below.text[:1].islower())
        for place, (above, below) in enumerate(pairwise(rows))
    ]
    return sum(within) >= max(1 if len(rows) < _MANY else 2, _SHARE * len(within))


def _ends_early(rows: Sequence[Row], place: int) -> bool:
    """Whether a row had room for the next one's first word, with longer rows above and below it, if any are above."""
    row, size = rows[place], rows[place].size
    room = max(other.right for other in rows) - row.right > rows[place + 1].first_word + _ROOM * size
    above, below = rows[:place], rows[place + 1 :]
    return room and all(
        any(other.right > row.right + _LONGER * size for other in side) for side in (above or below, below)
    )


def are_named(rows: Sequence[Row]) -> bool:
    """Whether each row says something else, with its name before a colon: "Tools: saw, plane"."""
    return len(rows) > 1 and all(begins_with_name(row.text) for row in rows)
