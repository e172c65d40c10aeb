"""Page numbers: `3`, `- iv -`, `A-12`, `Page 3 of 7`, `стр. 12`, `第 3 页`."""

import re

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


def is_page_number(text: str) -> bool:
    """Whether a text could be nothing but the number of its page."""
    return _PAGE_NUMBER.fullmatch(text) is not None


def names_page(text: str) -> bool:
    """Whether it is a page number by its words, not only by its looks."""
    found = _PAGE_NUMBER.fullmatch(text)
    return found is not None and bool(found["before"] or found["after"])
