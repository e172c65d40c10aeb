"""When something was: a year or a span of them, with months or a word for now, in any language."""

import re
from typing import Final

_LONGEST: Final = 40  # characters
_WORD = r"[^\W\d_]+\.?"
_YEAR = r"(?<!\d)(?:19|20)\d\d(?!\d)"
_FIGURES = r"[\d./\-–—−,'’()\s]*"
_FIRST = rf"{_FIGURES}(?:{_WORD})?(?:\s?[-–—−/]\s?{_WORD})?{_FIGURES}{_YEAR}"  # "12 March", "Jan – Mar", "03/"
_THEN = rf"{_FIGURES}(?:{_WORD}\s?)?(?:{_WORD})?{_FIGURES}(?:{_YEAR})?\)?"  # "to today", "– Feb 2019", "bis heute"
_WHEN = re.compile(_FIRST + _THEN)


def is_when(text: str) -> bool:
    """Whether a text says when, and nothing else: "2014", "03/2012 – now", "Sept 2019 to today"."""
    short = 4 <= len(text) <= _LONGEST and ("19" in text or "20" in text)
    return short and _WHEN.fullmatch(text.strip()) is not None
