"""When something was: a year or a span of them, with months or a word for now, in any language."""

import re
from typing import Final

_YEAR = re.compile(r"(?<!\d)(19|20)\d\d(?!\d)")
_WORDS: Final = 4  # of letters, at most: two months, "from" and "to"
_LONGEST: Final = 40  # characters
_PARTS = re.compile(r"[^\W\d_]+\.?|\d{1,4}\.?|[-–—−/.,'’()\s]+")


def is_when(text: str) -> bool:
    """Whether a text says when, and nothing else: "2014", "03/2012 – now", "Sept 2019 to today"."""
    text = text.strip()
    if len(text) > _LONGEST or _YEAR.search(text) is None:
        return False
    parts = _PARTS.findall(text)
    words = sum(part[0].isalpha() for part in parts)
    return words <= _WORDS and sum(map(len, parts)) == len(text)
