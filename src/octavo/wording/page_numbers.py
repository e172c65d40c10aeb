"""Page numbers: `3`, `- iv -`, `A-12`, `Page 3 of 7`, `стр. 12`, `第 3 页`."""

import re
from collections.abc import Sequence

from octavo.frozen import frozen

_BEFORE = (
    r"pages?|p[aá]g(?:ina)?\.?|pp?\.?|seite|side|sida|strona|str\.?|s\.|oldal|sayfa|halaman|trang|страница|стр\.?|с\.|"
    r"σελ(?:ίδα)?\.?|صفحة|صفحه|עמוד|第"
)
_AFTER = r"页|頁|ページ|쪽|페이지|면"
_OF = r"/|of|von|van|de|di|sur|av|af|od|z|из|dari|από|共|总|總"
_ROMAN = r"(?=[ivxlc])c{0,3}(?:xc|xl|l?x{0,3})(?:ix|iv|v?i{0,3})"  # words like "civil" or "mix" are none
_EDGE = r"[-–—−|·•~*_«»‹›<>/\\()\[\]（）【】\s]*"
_PAGE_NUMBER = re.compile(
    rf"{_EDGE}(?P<before>(?:{_BEFORE})\s*)?(?:\d{{1,4}}|{_ROMAN}|(?-i:[A-Z]{{1,2}})[-–.]?\d{{1,4}})"
    rf"\s*(?P<after>{_AFTER})?(?:[\s,，]*(?:{_OF})\s*\d{{1,4}}\s*(?:{_AFTER})?)?{_EDGE}",
    re.IGNORECASE,
)
_IN_WORDS = re.compile(
    rf"(?<!\w)(?:{_BEFORE})\s*(?P<named>\d{{1,4}})(?!\w)|(?<!\w)(?P<counted>\d{{1,4}})\s*(?:{_OF})\s*\d{{1,4}}\s*$",
    re.IGNORECASE,
)
_PARTED = re.compile(r"^\s*(?P<first>\d{1,4})\s*[|·•–—]\s|\s[|·•–—]\s*(?P<last>\d{1,4})\s*$")


def is_page_number(text: str) -> bool:
    """Whether a text could be nothing but the number of its page."""
    return _PAGE_NUMBER.fullmatch(text) is not None


def names_page(text: str) -> bool:
    """Whether it is a page number by its words, not only by its looks."""
    found = _PAGE_NUMBER.fullmatch(text)
    return found is not None and bool(found["before"] or found["after"])


@frozen
class Numbered:
    """The page number in a running head: which, and where in its text it stands."""

    value: int
    start: int
    end: int


def value(text: str) -> int | None:
    """The number a page number says; None for letters, and for what is none."""
    found = _PAGE_NUMBER.fullmatch(text)
    digits = re.search(r"\d+", text) if found else None
    return int(digits[0]) if digits else None


def in_running_head(text: str, lines: Sequence[str]) -> Numbered | None:
    """The page number beside other words: told by its word, by a sign between them, or by being a line of its own.

    `lines` are the pieces that stand apart from each other. A number that only ends or begins the words may count
    something else: an invoice, a person.
    """
    for line in lines:
        if len(lines) > 1 and (number := value(line)) is not None and (place := text.find(line)) >= 0:
            digits = next(re.finditer(r"\d+", line))
            return Numbered(number, place + digits.start(), place + digits.end())
    found = _IN_WORDS.search(text) or _PARTED.search(text)
    if found is None:
        return None
    group = next(name for name in found.groupdict() if found[name])
    return Numbered(int(found[group]), found.start(group), found.end(group))
