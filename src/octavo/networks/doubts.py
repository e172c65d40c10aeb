"""What of a line is read again, by the small network, after the tiny one has read it: its doubtful words.

Measured on 2,400 lines of the tuning set and 720 made ones whose text is known, codes and amounts among them (2026-11;
docs/performance.md): where no rival was likelier than `_RIVAL`, the tiny network read as well as the small one. What it
gets wrong though it is sure has a kind: letters among digits (0 and O, 1 and l), single characters, signs it hardly
knows, and spaces after a comma or a full stop.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from octavo.frozen import frozen
from octavo.networks.line_networks import Character, columns_seen
from octavo.networks.strips import widest_gap

Stretch = tuple[int, int]  # columns of the strip

_RIVAL: Final = 0.05  # likelihood of another character from which a word is doubtful
_UNLIKELY: Final = 0.6  # of the character itself, below which it is too
_FEWEST: Final = 3  # characters of a line below which there is too little to be sure of
_NARROWEST: Final = 3  # columns without ink from which a line may be cut: an edge of what is beside it would be read
_MOST: Final = 0.75  # share of the line's cost from which it is read again as a whole
_SIGNS: Final = frozenset(" $€£%+&@#§°")  # that the tiny network knows as well as letters, digits and punctuation
_STARS: Final = frozenset("*")  # of two it often sees one
_LAST_LATIN: Final = "\u024f"
_FURTHER_LATIN: Final = ("\u1e00", "\u1eff")
_FIRST_IDEOGRAPH: Final = "\u2e80"  # from here on the tiny network knows one sign of three
_RUN_TOGETHER: Final = re.compile(  # a space may be missing, which the small network sees only with all of the line
    r"[^\W\d][.,;:!?]\w|\d[,;](?!\d{3}(?!\d))\d|[,;!?][^\W\d]"  # "no.7", "3,2014", "puppy,some"
)


def doubted(characters: Sequence[Character], ink: NDArray[np.bool_]) -> list[Stretch]:
    """The stretches of a strip to be read again, from left to right; they begin and end in gaps between words."""
    whole = (0, len(ink))
    words = list(_words(characters, ink))
    if len(characters) < _FEWEST or any(_RUN_TOGETHER.search(word.text) for word in words):
        return [whole]
    stretches: list[Stretch] = []
    for place, word in enumerate(words):
        if not word.doubtful:
            continue
        start, end = _with_neighbours(words, place)
        if stretches and _cost((stretches[-1][0], end)) <= _cost(stretches[-1]) + _cost((start, end)):
            start, _ = stretches.pop()
        stretches.append((start, end))
    return [whole] if sum(map(_cost, stretches)) >= _MOST * _cost(whole) else stretches


def _cost(stretch: Stretch) -> int:
    return columns_seen(stretch[1] - stretch[0])


@frozen
class _Word:
    """Characters up to a gap in which the strip may be cut, and the columns from gap to gap."""

    text: str
    start: int
    end: int
    doubtful: bool


def _words(characters: Sequence[Character], ink: NDArray[np.bool_]) -> Iterator[_Word]:
    first, start = 0, 0
    for place, end in (*_cuts(characters, ink), (len(characters), len(ink))):
        text = "".join(character.text for character in characters[first:place]).strip()
        with_spaces = characters[max(0, first - 1) : place + 1]
        yield _Word(text, start, end, _is_odd(text) or any(map(_is_doubtful, with_spaces)))
        first, start = place + 1, end


def _with_neighbours(words: Sequence[_Word], place: int) -> Stretch:
    """A word with as much beside it as can be seen for the same cost: a sign that stands alone is misread."""
    stretch = words[place].start, words[place].end
    for following in words[place + 1 :]:
        if _cost((stretch[0], following.end)) > _cost(stretch):
            break
        stretch = stretch[0], following.end
    for before in reversed(words[:place]):
        if _cost((before.start, stretch[1])) > _cost(stretch):
            break
        stretch = before.start, stretch[1]
    return stretch


def _cuts(characters: Sequence[Character], ink: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """The spaces between words: their places among the characters, and where the strip may be cut."""
    for place in range(1, len(characters) - 1):
        if characters[place].text == " ":
            gap = widest_gap(ink, characters[place - 1].center, characters[place + 1].center)
            if gap.stop - gap.start >= _NARROWEST:
                yield place, (gap.start + gap.stop) // 2


def _is_doubtful(character: Character) -> bool:
    return character.rival > _RIVAL or character.confidence < _UNLIKELY


def _is_odd(text: str) -> bool:
    if any(sign.isdigit() for sign in text) and any(sign.isalpha() for sign in text):
        return True
    return not all(map(_is_plain, text))


def _is_plain(sign: str) -> bool:
    """Latin letters, European digits, and the signs of running text."""
    match unicodedata.category(sign)[0]:
        case "L":
            return sign <= _LAST_LATIN or _FURTHER_LATIN[0] <= sign <= _FURTHER_LATIN[1]
        case "N":
            return sign in "0123456789"
        case "P":
            return sign not in _STARS and sign < _FIRST_IDEOGRAPH
        case _:
            return sign in _SIGNS
