"""Glyphs as formulas see them: the character that is meant, its alphabet, and where its ink and its baseline are.

All lengths are points of the page, y down.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from octavo.formulas.fonts import style_of
from octavo.formulas.symbols import plain_letter
from octavo.frozen import frozen
from octavo.glyphs import UNMAPPED, Font, Glyphs
from octavo.glyphs.scripts import SPACES

UNKNOWN: Final = "\ufffd"  # a glyph that nobody knows


@frozen
class Sign:
    """A glyph of a formula."""

    char: str  # as it is meant; UNKNOWN where nobody knows
    style: str  # its alphabet, as `symbols.STYLES` has them; "" is italics, "rm" upright
    left: float  # of the ink
    top: float
    right: float
    bottom: float
    baseline: float
    size: float  # of the type
    place: int = -1  # in the order of drawing

    @property
    def height(self) -> float:
        return self.bottom - self.top


@frozen
class Bar:
    """A flat rule: of a fraction, of a root, over or under something."""

    left: float
    top: float
    right: float
    bottom: float
    place: int = -1

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2


def signs_of(glyphs: Glyphs, indices: Iterable[int]) -> list[Sign]:
    """The glyphs at these indices, without spaces."""
    return list(_signs(glyphs, list(indices)))


def _signs(glyphs: Glyphs, indices: Sequence[int]) -> Iterator[Sign]:
    codes, flags, runs = glyphs.codes[indices].tolist(), glyphs.flags[indices].tolist(), glyphs.run[indices]
    boxes, origins = glyphs.boxes[indices].tolist(), glyphs.origins[indices].tolist()
    sizes, places, fonts = glyphs.sizes[runs].tolist(), glyphs.places[runs].tolist(), glyphs.font[runs].tolist()
    high = 0
    for number, code in enumerate(codes):
        left, top, right, bottom = boxes[number]
        if code in SPACES and right - left < 0.1:
            continue
        if 0xD800 <= code < 0xDC00:  # the first half of a character beyond the first 65,536
            high = code
            continue
        if 0xDC00 <= code < 0xE000 and high:
            code = 0x10000 + ((high - 0xD800) << 10) + code - 0xDC00
        high = 0
        char, style = _meant(code, glyphs.fonts[fonts[number]], mapped=not flags[number] & UNMAPPED)
        yield Sign(char, style, left, top, right, bottom, origins[number][1], sizes[number], places[number])


def _meant(code: int, font: Font, *, mapped: bool) -> tuple[str, str]:
    char = chr(code)
    if not mapped or code < 0x20 or 0x7F <= code < 0xA0 or 0xD800 <= code < 0xE000 or code == 0xFFFD:
        return UNKNOWN, ""
    letter, style = plain_letter(char)
    if letter != char:
        return letter, style
    style = style_of(font.name) if letter.isalpha() else ""
    return letter, style if letter.isascii() or style in ("bf", "bi") else ""
