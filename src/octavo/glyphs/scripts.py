"""Which script a character belongs to, as far as reading needs it: direction, spaces between words, mixing."""

import re
import unicodedata
from bisect import bisect_right
from enum import StrEnum
from functools import cache

# They turn whatever follows them, in any viewer: "100" reads as "001". A page shows none of it; its letters stand where
# they are drawn.
TURNING = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
SPACES = (0x20, 0xA0, 0x3000, *range(0x2000, 0x200C), 0x202F, 0x205F, 0x1680)


class Script(StrEnum):
    COMMON = "common"  # digits, punctuation, symbols, marks
    LATIN = "latin"
    GREEK = "greek"
    CYRILLIC = "cyrillic"
    HEBREW = "hebrew"
    ARABIC = "arabic"
    INDIC = "indic"  # Devanagari to Sinhala, Thai, Lao, Tibetan, Myanmar, Khmer
    CJK = "cjk"  # Han, kana, and the full-width forms
    HANGUL = "hangul"
    OTHER = "other"


# First code point of each stretch, after the Unicode block list; what matters here are whole scripts, not exceptions.
_STRETCHES: tuple[tuple[int, Script], ...] = (
    (0x0000, Script.COMMON),
    (0x00C0, Script.LATIN),
    (0x0250, Script.LATIN),
    (0x02B0, Script.COMMON),
    (0x0370, Script.GREEK),
    (0x0400, Script.CYRILLIC),
    (0x0530, Script.OTHER),
    (0x0590, Script.HEBREW),
    (0x0600, Script.ARABIC),
    (0x0700, Script.OTHER),
    (0x0750, Script.ARABIC),
    (0x0780, Script.OTHER),
    (0x08A0, Script.ARABIC),
    (0x0900, Script.INDIC),
    (0x10A0, Script.OTHER),
    (0x1100, Script.HANGUL),
    (0x1200, Script.OTHER),
    (0x1780, Script.INDIC),
    (0x1800, Script.OTHER),
    (0x1D00, Script.LATIN),
    (0x1DC0, Script.COMMON),
    (0x1E00, Script.LATIN),
    (0x1F00, Script.GREEK),
    (0x2000, Script.COMMON),
    (0x2C00, Script.OTHER),
    (0x2C60, Script.LATIN),
    (0x2C80, Script.OTHER),
    (0x2DE0, Script.CYRILLIC),
    (0x2E00, Script.COMMON),
    (0x2E80, Script.CJK),
    (0x3130, Script.HANGUL),
    (0x3190, Script.CJK),
    (0xA000, Script.OTHER),
    (0xA640, Script.CYRILLIC),
    (0xA6A0, Script.OTHER),
    (0xA720, Script.LATIN),
    (0xA800, Script.OTHER),
    (0xA960, Script.HANGUL),
    (0xA980, Script.OTHER),
    (0xAC00, Script.HANGUL),
    (0xD800, Script.COMMON),
    (0xF900, Script.CJK),
    (0xFB00, Script.LATIN),
    (0xFB13, Script.OTHER),
    (0xFB1D, Script.HEBREW),
    (0xFB50, Script.ARABIC),
    (0xFE00, Script.COMMON),
    (0xFE30, Script.CJK),
    (0xFE70, Script.ARABIC),
    (0xFF00, Script.CJK),
    (0xFFF0, Script.COMMON),
    (0x10000, Script.OTHER),
    (0x1D400, Script.COMMON),  # mathematical letters stand in any text
    (0x1D800, Script.OTHER),
    (0x1F000, Script.COMMON),
    (0x20000, Script.CJK),
    (0xE0000, Script.COMMON),
)
_STARTS = [start for start, _ in _STRETCHES]
RIGHT_TO_LEFT = frozenset((Script.HEBREW, Script.ARABIC))

# Kana, ideographs, their punctuation and full-width forms; Thai, Lao, Burmese, Khmer. Hangul uses spaces.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3000-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uffef"
_FROM_RIGHT = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc"
_FROM_LEFT = "A-Za-z\u00c0-\u058f\u0e00-\u1fff\u3040-\ud7ff"


@cache
def _one_of(ranges: str) -> re.Pattern[str]:
    """Made for the first text that may need it: sets so large take 2 to 7 ms each."""
    return re.compile(f"[{ranges}]")


@cache
def script_of(code: int) -> Script:
    if code < 0xC0:
        return (
            Script.LATIN
            if 0x41 <= code <= 0x5A or 0x61 <= code <= 0x7A or code in (0xAA, 0xB5, 0xBA)
            else Script.COMMON
        )
    script = _STRETCHES[bisect_right(_STARTS, code) - 1][1]
    if script in RIGHT_TO_LEFT and unicodedata.category(chr(code))[0] != "L":
        return Script.COMMON  # Arabic digits, marks and punctuation
    return script


def is_right_to_left(code: int) -> bool:
    """A letter of Hebrew or Arabic."""
    return 0x590 <= code <= 0xFEFF and script_of(code) in RIGHT_TO_LEFT


def is_on_grid(code: int) -> bool:
    """Chinese and Japanese: characters as wide as they are high, which justification spreads evenly."""
    return code >= 0x2E80 and script_of(code) is Script.CJK


def unspaced(text: str) -> bool:
    """Whether a text begins in a script that is written without spaces between words."""
    return text[:1] >= "\u0e00" and _one_of(_UNSPACED).match(text) is not None


def breaks_anywhere(text: str) -> bool:
    """Whether a text begins in a script whose lines may end within a word: those without spaces, and Hangul."""
    return unspaced(text) or "\uac00" <= text[:1] <= "\ud7a3"


def is_wide(character: str) -> bool:
    """As wide as it is high: ideographs, kana, Hangul, full-width forms."""
    return character > "\u2e80"


def reads_from_right(text: str) -> bool:
    """More letters of Hebrew or Arabic than of scripts that run from left to right."""
    if text.isascii():
        return False
    found = _one_of(_FROM_RIGHT).findall(text)
    return bool(found) and len(found) > len(_one_of(_FROM_LEFT).findall(text))
