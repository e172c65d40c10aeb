"""A word's characters as a reader would type them: hyphens back, ligatures taken apart, accents joined. Pure."""

import re
import unicodedata
from collections.abc import Sequence
from enum import Enum
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from octavo.glyphs import HYPHEN
from octavo.glyphs.scripts import TURNING, is_right_to_left

SOFT_HYPHEN = 0xAD
HYPHEN_MARKS = (0x2, 0xFFFE, SOFT_HYPHEN)  # what PDFium leaves of a hyphen at a line's end; the soft hyphen
LAM = 0x644
ALEFS = (0x622, 0x623, 0x625, 0x627)

# Accents set as glyphs of their own over or after the letter they belong to, as TeX's old fonts do.
ACCENTS = {
    0x60: "\u0300",
    0xB4: "\u0301",
    0x2C6: "\u0302",
    0x2DC: "\u0303",
    0xA8: "\u0308",
    0x2C7: "\u030c",
    0x2D8: "\u0306",
    0x2D9: "\u0307",
    0x2DA: "\u030a",
    0x2DD: "\u030b",
    0xB8: "\u0327",
    0x2DB: "\u0328",
}
_NOT_PLAIN = (*ACCENTS, SOFT_HYPHEN, *range(0x7F, 0xA0))
# Bullets and arrows of Symbol and Wingdings, by their private-use codes (after the fonts' published code charts).
PRIVATE = {
    0xF0B7: "•",
    0xF0A7: "▪",
    0xF0D8: "➢",
    0xF0FC: "✓",
    0xF0FB: "✗",
    0xF0E0: "→",
    0xF06F: "o",
    0xF076: "❖",
    0xF0A8: "◻",
    0xF0FE: "☒",
    0xF06E: "■",
    0xF02D: "-",
    0xF0D7: "·",
    0xF0BE: "—",
}


def are_plain(codes: NDArray[np.int64], from_the_right: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Characters that are typed as they are, if their word is in Unicode's normal form: no accents by themselves,
    ligatures, marks of hyphens or of vowels, or private codes. `from_the_right` are letters of Hebrew and Arabic; of
    these, a lam may have to change its place. Some others are as plain, but rare."""
    low = (codes >= 0x20) & (codes < 0x590) & ~np.isin(codes, _NOT_PLAIN, kind="table")
    high = (codes >= 0x900) & (codes < 0xD800) & ~np.isin(codes, TURNING)
    right = from_the_right & (codes < 0x900) & (codes != LAM)
    return np.asarray(low | high | right, np.bool_)


class Shift(Enum):
    """Which way a character is set off its line."""

    RAISED = "raised"
    LOWERED = "lowered"


_SIGNS = "0123456789+-\u2212=()"
_SHIFTED = {
    Shift.RAISED: str.maketrans(_SIGNS, "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾"),
    Shift.LOWERED: str.maketrans(_SIGNS, "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎"),
}


def shifted(text: str, shift: Shift | None) -> str:
    """Figures and signs as raised or lowered ones, so that 15² is not 152; letters, as of "5th", stay as they are."""
    if shift is None or any(map(str.isalpha, text)) or not any(map(str.isdigit, text)):
        return text
    return text.translate(_SHIFTED[shift])


def spelled(codes: Sequence[int], flags: Sequence[int], extents: Sequence[tuple[float, float]]) -> str:
    """The text of a word. `extents` are where each glyph starts and ends along the line."""
    if max(codes) < 0x7F and min(codes) >= 0x20 and 0x60 not in codes:
        return "".join(map(chr, codes))
    letters: list[str] = []
    pending = ""  # an accent whose letter comes next
    for index, (code, flag) in enumerate(zip(codes, flags, strict=True)):
        accent = ACCENTS.get(code) if len(codes) > 1 else None
        if accent and _over(index, index + 1, codes, extents):
            pending = accent
            letters.append("")
        elif accent and _over(index, index - 1, codes, extents):
            letters.append(accent)
        else:
            letters.append(_letter(code, flag, extents[index]) + pending)
            pending = ""
    if any(is_right_to_left(code) for code in codes):
        letters = _marks_after_letters(_ligatures_in_order(letters, codes, extents), codes, extents)
    return unicodedata.normalize("NFC", "".join(letters))


def _letter(code: int, flag: int, extent: tuple[float, float]) -> str:
    if flag & HYPHEN or code in HYPHEN_MARKS:
        # A soft hyphen without width is an offer to break the word that was not taken up.
        return "" if code == SOFT_HYPHEN and not flag & HYPHEN and extent[1] - extent[0] < 0.5 else "-"
    if code < 0x20 or 0x7F <= code < 0xA0 or 0xD800 <= code < 0xE000 or code in TURNING:
        return "\ufffd"
    if 0xFB00 <= code <= 0xFDFF or 0xFE70 <= code <= 0xFEFC:  # presentation forms
        return unicodedata.normalize("NFKC", chr(code))
    return PRIVATE.get(code) or chr(code)


def _over(accent: int, letter: int, codes: Sequence[int], extents: Sequence[tuple[float, float]]) -> bool:
    """Whether an accent stands over a letter."""
    if not 0 <= letter < len(codes) or not chr(codes[letter]).isalpha():
        return False
    centre = (extents[accent][0] + extents[accent][1]) / 2
    return extents[letter][0] <= centre <= extents[letter][1]


def _marks_after_letters(letters: list[str], codes: Sequence[int], extents: Sequence[tuple[float, float]]) -> list[str]:
    """Vowel signs follow the letter they stand over; turned around with the text, they came before it."""
    ordered = list(letters)
    for index in range(1, len(codes) - 1):
        if unicodedata.combining(chr(codes[index])) and letters[index] == chr(codes[index]):
            centre = (extents[index][0] + extents[index][1]) / 2
            (start, end), (left, right) = extents[index + 1], extents[index - 1]
            if start <= centre <= end and not left <= centre <= right:
                ordered[index], ordered[index + 1] = ordered[index + 1], ordered[index]
    return ordered


def _ligatures_in_order(letters: list[str], codes: Sequence[int], extents: Sequence[tuple[float, float]]) -> list[str]:
    """Characters of one glyph of Arabic put in the order they are typed.

    PDFium turns right-to-left text around character by character, a ligature's among them. Fonts write their ligatures
    either way round, so the order found says nothing; but an alef never stands before a lam in one glyph, and in the
    other ligatures a lam comes first as well.
    """
    ordered: list[str] = []
    index = 0
    while index < len(codes):
        end = index + 1
        while end < len(codes) and extents[end] == extents[index]:
            end += 1
        cluster = letters[index:end]
        lams = [code == LAM for code in codes[index:end]]
        if end - index > 1 and lams[-1] and not lams[0]:
            cluster.reverse()
        ordered += cluster
        index = end
    for place, (first, second) in enumerate(pairwise(codes)):  # a ligature that is drawn in two parts
        if first in ALEFS and second == LAM and _stands_in(extents[place], extents[place + 1]):
            ordered[place], ordered[place + 1] = ordered[place + 1], ordered[place]
    return ordered


def _stands_in(first: tuple[float, float], second: tuple[float, float]) -> bool:
    """Whether one of two glyphs takes hardly any room that the other does not."""
    shared = min(first[1], second[1]) - max(first[0], second[0])
    return first != second and shared > 0.8 * min(first[1] - first[0], second[1] - second[0]) > 0


_OPENING, _CLOSING = "([{", ")]}"
_OPENED = str.maketrans(_CLOSING, _OPENING)
_CLOSED = str.maketrans(_OPENING, _CLOSING)
_AT_BEGIN = re.compile(r"^[()\[\]{}]+(?=[\w\"'])")
_AT_END = re.compile(r"(?<=[\w%\"'!?])[()\[\]{}]+(?=[.,:;!?]*$)")


def brackets_facing(word: str) -> str:
    """A word of a line from right to left with its brackets as they are typed: some files name them by their shape,
    which is that of the other there, and PDFium turns some of these around."""
    word = _AT_BEGIN.sub(lambda found: found[0].translate(_OPENED), word)
    return _AT_END.sub(lambda found: found[0].translate(_CLOSED), word)
