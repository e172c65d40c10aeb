"""Fragments of running text put together again: over the end of a line, a column, or a page.

Pure string work that several stages share. What is joined here was broken by typesetting, so the break itself (a
space, a hyphen at the end of a line) carries no meaning, except where the hyphen belongs to the word.
"""

import re
import unicodedata
from collections.abc import Container, Iterable

from octavo.glyphs.scripts import unspaced

_HYPHENS = "-\u2010"
_DASH_WITHIN = re.compile(r"\w\u2013$")  # of a span or a compound: "41–58"; one in a sentence has a space before it
_ADDRESS_BROKEN = re.compile(r"(?:https?:/|www)\S*[/\-_?&=.#]$")  # of the net, which ends in one of its signs
_IN_ADDRESS = "/-_?&=.#%abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_SOFT_HYPHEN = "\u00ad"
_WORD = re.compile(r"[^\W\d_]+(?:[-\u2010][^\W\d_]+)*")
_LAST_WORD = re.compile(r"([^\W\d_]+(?:[-\u2010][^\W\d_]+)*)[-\u2010]$")
_FIRST_WORD = re.compile(r"[^\W\d_]+")

# Heads of compounds that English writes with a hyphen far more often than in one word.
_COMPOUND_HEADS = frozenset(
    {"all", "half", "high", "long", "low", "mid", "non", "one", "self", "short", "single", "two", "well"}
)
# The same of heads that begin many undivided words, too: "ex-plain", "so-ciety".
_COMPOUNDS = frozenset({"so-called", "so-so", "ex-husband", "ex-wife", "ex-officio", "ex-president", "ex-minister"})


def words(text: str) -> Iterable[str]:
    """The words of a text in lower case, compounds with their hyphens: what `known` of `joined` is made of."""
    return (word.lower().replace("\u2010", "-") for word in _WORD.findall(text))


def joined(first: str, second: str, *, known: Container[str] = ()) -> str:
    """Two fragments of one paragraph as one text.

    A hyphen at the end of `first` is dropped where it only divided a word. `known` decides where it can: the words
    of the same document, in lower case. A hyphen before anything but a lower-case letter is kept.
    """
    first, second = first.rstrip(), second.lstrip()
    if not first or not second:
        return first or second
    if first.endswith(_SOFT_HYPHEN):
        return first[:-1] + second
    end = first.rsplit(maxsplit=1)[-1]  # all that is asked of it: a text that grows line by line is not read anew
    if first[-1] in _HYPHENS and _ADDRESS_BROKEN.search(end):
        return first + second
    if first[-1] in _HYPHENS and len(first) > 1 and first[-2].isalnum():
        return (first[:-1] if _divides_a_word(end, second, known) else first) + second
    if _DASH_WITHIN.search(end) and second[0].isalnum():
        return first + second
    if _ADDRESS_BROKEN.search(end) and second[0] in _IN_ADDRESS:
        return first + second
    if unspaced(first[-1]) and unspaced(second[0]):
        return first + second
    return f"{first} {second}"


def _divides_a_word(first: str, second: str, known: Container[str]) -> bool:
    head, tail = _LAST_WORD.search(first), _FIRST_WORD.match(second)
    if head is None or tail is None or not second[0].islower():
        return False
    left, right = head.group(1).lower().replace("\u2010", "-"), tail.group().lower()
    if f"{left}-{right}" in known or f"{left}-{right}" in _COMPOUNDS:
        return False
    if left + right in known:
        return True
    return left not in _COMPOUND_HEADS


def paragraph(lines: Iterable[str], *, known: Container[str] = ()) -> str:
    """The lines of one paragraph as one text."""
    text = ""
    for line in lines:
        text = joined(text, line, known=known)
    return text


def comparable(text: str) -> str:
    """Text as it is compared with another: case, spacing and compatibility forms set aside."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())
