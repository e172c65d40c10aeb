"""Characters that a font names wrongly in a way that is known: put right before anybody reads them. Pure.

Old fonts of symbols have codes of their own, which programs hand on as if they were letters. What a glyph's shape alone
gives away stands here as well; what makes a whole font doubtful, `trust` asks.
"""

import re
import statistics
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from octavo.glyphs.scripts import SPACES

_INKED: Final = 0.3  # ems from which a space is a glyph that was given no other code; spaces have no height
_WIDER: Final = 1.3  # times the ink of most f of a font: two letters drawn as one; Times' fi has 1.43, Helvetica's 1.8
_IN_LIGATURES = (0x66, 0x69, 0x6C)  # f, i, l
_GRAVE: Final = 0.45  # ems from which a grave accent is no accent; those have 0.2
_LOST, _RUPEE = 0xFFFD, 0x20B9  # a character of which nothing is known; ₹
# The Symbol font's characters where a program wrote its private codes 0xF021.. (Adobe's Symbol encoding).
_SYMBOL_FROM = range(0xF021, 0xF07F)
_SYMBOL = "!∀#∃%&∋()*+,−./0123456789:;<=>?≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_‾αβχδεφγηιϕκλμνοπθρστυϖωξψζ{|}∼"
_SYMBOL_ABOVE = {
    0xF0A2: "′", 0xF0A3: "≤", 0xF0A4: "⁄", 0xF0A5: "∞", 0xF0AB: "↔", 0xF0AC: "←", 0xF0AD: "↑", 0xF0AE: "→", 0xF0AF: "↓",
    0xF0B0: "°", 0xF0B1: "±", 0xF0B2: "″", 0xF0B3: "≥", 0xF0B4: "×", 0xF0B5: "∝", 0xF0B6: "∂", 0xF0B7: "•", 0xF0B8: "÷",
    0xF0B9: "≠", 0xF0BA: "≡", 0xF0BB: "≈", 0xF0BC: "…", 0xF0C5: "⊕", 0xF0C7: "∩", 0xF0C8: "∪", 0xF0C9: "⊃", 0xF0CC: "⊂",
    0xF0CE: "∈", 0xF0CF: "∉", 0xF0D0: "∠", 0xF0D1: "∇", 0xF0D2: "®", 0xF0D3: "©", 0xF0D4: "™", 0xF0D5: "∏", 0xF0D6: "√",
    0xF0D7: "⋅", 0xF0D8: "¬", 0xF0D9: "∧", 0xF0DA: "∨", 0xF0DB: "⇔", 0xF0DC: "⇐", 0xF0DE: "⇒", 0xF0E5: "∑", 0xF0F2: "∫",
}  # fmt: skip
_SYMBOLS = np.arange(0xF100)
_SYMBOLS[_SYMBOL_FROM.start : _SYMBOL_FROM.stop] = [ord(char) for char in _SYMBOL]
_SYMBOLS[list(_SYMBOL_ABOVE)] = [ord(char) for char in _SYMBOL_ABOVE.values()]


# TeX's fonts of symbols (the encoding OMS, after its fonts' published code charts): they have no figures and no small
# letters, so that these are codes that were never told.
_OMS = re.compile(r"(?:^|\+)(?:cmb?sy|msy|eusm|txsy|pxsy|lmsy|lmmathsymbols|mtsy)[a-z]*\d*", re.IGNORECASE)
_OMS_CODES = {
    **dict(zip(range(0x30, 0x3A), "\u2032∞∈∋△▽\u0338↦∀∃", strict=True)),
    **dict(zip(range(0x61, 0x7B), "⊣⌊⌋⌈⌉{}⟨⟩|‖↕⇕\\≀√⨿∇∫⊔⊓⊑⊒§†‡", strict=True)),
}


def mended(
    codes: NDArray[np.int64],
    boxes: NDArray[np.float64],
    ems: NDArray[np.float64],
    angles: NDArray[np.float64],
    font: NDArray[np.int64],
    names: Sequence[str],
) -> NDArray[np.int64]:
    """The codes of glyphs put right. `boxes` are those of their ink, `ems` sizes of type in the same unit; `angles` are
    degrees; `font` is the place in `names`. Of what is set aslant shapes are not known."""
    ink = (boxes[:, 2:4] - boxes[:, 0:2]) / np.maximum(ems, 0.1)[:, None]
    if angles.any():
        ink[angles % 180 == 90] = ink[angles % 180 == 90][:, ::-1]
        ink[angles % 90 > 0] = 0
    codes = codes.copy()
    for number, name in enumerate(names):
        mine = font == number
        if name.lower().endswith("symbol"):
            private = mine & (codes > 0xF000) & (codes < 0xF100)
            codes[private] = _SYMBOLS[codes[private]]
        elif _OMS.search(name):
            for code in sorted(_OMS_CODES.keys() & set(codes[mine].tolist())):
                codes[mine & (codes == code)] = ord(_OMS_CODES[code])
    codes[np.isin(codes, SPACES, kind="table") & (ink[:, 1] > _INKED)] = _LOST
    ligatures = _are_ligatures(codes, ink[:, 0], font)
    if ligatures.any():
        pieces = (boxes[1:] == boxes[:-1]).all(axis=1)  # of a ligature that is told as its letters
        codes[ligatures & ~(np.append(pieces, False) | np.append(False, pieces))] = _LOST
    return _with_rupees(codes, ink[:, 1])


def _are_ligatures(codes: NDArray[np.int64], widths: NDArray[np.float64], font: NDArray[np.int64]) -> NDArray[np.bool_]:
    """An f, i or l that is much wider than the others of its font: "fi" or "fl" in one, told as one letter. Where no
    width is known, it is 0."""
    found = np.zeros(len(codes), bool)
    members = np.flatnonzero(np.isin(codes, _IN_LIGATURES) & (widths > 0))
    kinds = font[members] * 0x80 + codes[members]
    order = np.argsort(kinds, kind="stable")
    members, kinds = members[order], kinds[order]
    starts = np.flatnonzero(np.diff(kinds, prepend=-1))
    if not len(starts):
        return found
    widest, narrowest = np.maximum.reduceat(widths[members], starts), np.minimum.reduceat(widths[members], starts)
    for kind in np.flatnonzero(widest > _WIDER * narrowest).tolist():  # else none is so much wider than their median
        same = np.split(members, starts[1:])[kind]
        found[same] = widths[same] > _WIDER * statistics.median(widths[same].tolist())
    return found


def _with_rupees(codes: NDArray[np.int64], heights: NDArray[np.float64]) -> NDArray[np.int64]:
    """Indian fonts put the sign of the rupee where the grave accent is; it is as high as the figures that follow."""
    for place in np.flatnonzero((codes == 0x60) & (heights > _GRAVE)).tolist():
        after = codes[place + 1 : place + 4]
        figures = after[~np.isin(after, SPACES)][:1]
        codes[place] = _RUPEE if len(figures) and 0x30 <= figures[0] <= 0x39 else _LOST
    return codes
