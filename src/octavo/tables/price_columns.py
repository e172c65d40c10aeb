"""Two price lists beside each other, as on menus: what stands on one height of a page is then no row.

Amounts that end at one edge with items begun after it, which have amounts of their own at a further edge, show two
lists; in one table figures follow a text, and what is said after them is short.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, Protocol, TypeVar

from octavo.frozen import frozen
from octavo.tables.rules import Rule
from octavo.wording.numbers import is_mostly_digits
from octavo.wording.sentences import has_word

_FEWEST: Final = 3  # amounts of a list, and items
_FLUSH: Final = 0.9  # heights of type that edges may differ by
_GAP: Final = 1.0  # heights of type from the amounts of one list to the items of the next, at least
_FURTHER: Final = 2.0  # heights of type below the last amount that what is said of its item stands
_AS_WIDE: Final = 0.5  # of the longest item of one list: that of another is no shorter


class _Text(Protocol):
    """What stands on one height with nothing but spaces in it."""

    @property
    def left(self) -> float: ...
    @property
    def right(self) -> float: ...
    @property
    def top(self) -> float: ...
    @property
    def bottom(self) -> float: ...
    @property
    def width(self) -> float: ...
    @property
    def height(self) -> float: ...
    @property
    def middle(self) -> float: ...
    @property
    def axis(self) -> float: ...
    @property
    def text(self) -> str | None: ...


Text = TypeVar("Text", bound=_Text)


@frozen
class _Lane:
    """The room between two lists, from the amounts of one to the items of the next."""

    left: float
    right: float
    top: float
    bottom: float

    def crossed_by(self, left: float, right: float, at: float) -> bool:
        return left < self.left and right > self.right and self.top < at < self.bottom


def apart(rows: Sequence[Sequence[Text]], across: Sequence[Rule] = ()) -> list[list[Sequence[Text]]]:
    """The rows list by list where price lists stand beside each other, each from top to bottom; all of them in one
    where none do. Lines `across` two lists make them one table."""
    lane = _lane(rows, across)
    if lane is None:
        return [list(rows)]
    around: list[Sequence[Text]] = []
    first: list[Sequence[Text]] = []
    second: list[Sequence[Text]] = []
    for row in rows:
        below = lane.bottom + _FURTHER * row[0].height
        if not lane.top <= row[0].middle <= below or any(text.left < lane.left < text.right for text in row):
            around.append(row)
            continue
        sides = [text for text in row if text.axis < lane.left], [text for text in row if text.axis >= lane.left]
        for side, own in zip((first, second), sides, strict=True):
            if own:
                side.append(own)
    return [around, first, *apart(second, across)]


def _lane(rows: Sequence[Sequence[Text]], across: Sequence[Rule]) -> _Lane | None:
    """The room after the first of several lists."""
    amounts = [text for row in rows for text in row[1:] if _is_amount(text)]
    edges: list[list[Text]] = []
    for amount in sorted(amounts, key=lambda one: one.right):
        if not edges or amount.right - edges[-1][0].right > _FLUSH * amount.height:
            edges.append([])
        edges[-1].append(amount)
    edges = [edge for edge in edges if len(edge) >= _FEWEST]
    for one, other in pairwise(edges):
        if (lane := _between(one, other, rows)) is not None:
            crossed = any(lane.crossed_by(text.left, text.right, text.middle) for row in rows for text in row)
            ruled = any(lane.crossed_by(rule.start, rule.end, rule.at) for rule in across)
            return None if crossed or ruled else lane
    return None


def _between(one: Sequence[Text], other: Sequence[Text], rows: Sequence[Sequence[Text]]) -> _Lane | None:
    """The room between two edges of amounts, if items of the second stand there."""
    end, reach = max(text.right for text in one), _FLUSH * one[0].height
    left_items = _items(one, rows)
    items = [text for text in _items(other, rows) if text.left > end]
    if min(len(left_items), len(items)) < _FEWEST:
        return None
    begin = min(text.left for text in items)
    flush = sum(text.left - begin < reach for text in items) >= _FEWEST
    widest, widest_left = (max(text.width for text in own) for own in (items, left_items))
    if not flush or begin - end < _GAP * one[0].height or widest < _AS_WIDE * widest_left:
        return None
    both = (*one, *other)
    return _Lane(end, begin, min(text.top for text in both), max(text.bottom for text in both))


def _items(amounts: Sequence[Text], rows: Sequence[Sequence[Text]]) -> list[Text]:
    """What stands right before each of the amounts, and is none."""
    own = set(map(id, amounts))
    return [item for row in rows for item, amount in pairwise(row) if id(amount) in own and has_word(item.text or "")]


def _is_amount(text: Text) -> bool:
    return is_mostly_digits(text.text or "")
