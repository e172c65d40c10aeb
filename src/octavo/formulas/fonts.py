"""Fonts that are made for formulas, and alphabets, by the names of fonts."""

import re
from functools import lru_cache

from octavo.formulas.encodings import Encoding, encoding_named

_SUBSET = re.compile(r"[A-Z]{6}\+")
_MATHEMATICAL = re.compile(
    r"(?:CM(?:MI|B?SY|EX)|MS[AB]M|EU[FSREX]|RSFS|LMMath|r?[tp]x(?:mi|sy|ex|bmi|r$)|New[TP]XMI|NewTXSY|R?MT(?:MI|SY|EX)"
    r"|PazoMath|Fourier-Math|BBOLD|STIX.*Math|.*-?Math(?:-|$|Jax)|Math[A-Z]|.*Cambria ?Math|Asana|MT-?Extra"
    r"|Euclid(?:Symbol|Math|Extra)"
    r"|Symbol(?:MT|Neu)?(?:$|,|-)|OpenSymbol|STIX(?:General|Non|Size|Int|Var)|esint|stmary|wasy|yhmath|DSRom|dsrom)",
    re.IGNORECASE,
)
_BORROWED = re.compile(r"Symbol|OpenSymbol|STIX(?!.*Math)|wasy|stmary|r[tp]xr", re.IGNORECASE)
_STYLES = (
    (re.compile(r"MSBM|BBOLD|BlackboardBold|dsrom", re.IGNORECASE), "bb"),
    (re.compile(r"EUF|Fraktur", re.IGNORECASE), "frak"),
    (re.compile(r"RSFS|Script", re.IGNORECASE), "scr"),
    (re.compile(r"CMBSY|CMSY|LMMathSym|[tp]xsy|EUS|MTSY|NewTXSY", re.IGNORECASE), "cal"),
    (re.compile(r"CMMIB|LMMathItalic\d+-Bold|[tp]xbmi|BoldItal|BoldObli", re.IGNORECASE), "bi"),
    (re.compile(r"CMMI|LMMathIt|[tp]xmi|MTMI|NewTXMI|PazoMath-Ital|Math", re.IGNORECASE), ""),
    (re.compile(r"CM(?:B|BX)\d|LMRoman\d+-Bold$|SFB[XT]|Bold|Medi\b|,Bold", re.IGNORECASE), "bf"),
    (re.compile(r"CMSS|LMSans|SFSS", re.IGNORECASE), "sf"),
    (re.compile(r"CMTT|LMMono|SFTT", re.IGNORECASE), "tt"),
    (re.compile(r"CMTI|LMRoman\d+-Ital|SFTI", re.IGNORECASE), "it"),
    (re.compile(r"Ital|Obli", re.IGNORECASE), ""),  # what has no fonts for mathematics sets its letters in italics
)

# Signs that hardly stand in prose: a page with one of them may have formulas, whatever its fonts are called.
SIGNS = frozenset(map(ord, "∑∏∫∬∮∂∇√∝∈∉⊂⊆∪∩∀∃∞≈≡⊗⊕≠≤≥"))


@lru_cache(maxsize=512)
def is_mathematical(font: str) -> bool:
    """Whether a font, by its name, is made for formulas."""
    return _MATHEMATICAL.match(_bare(font)) is not None


@lru_cache(maxsize=512)
def is_only_mathematical(font: str) -> bool:
    """Whether nothing but formulas is set in a font: prose borrows its bullets and Greek letters from other ones."""
    return is_mathematical(font) and _BORROWED.match(_bare(font)) is None


@lru_cache(maxsize=512)
def style_of(font: str) -> str:
    bare = _bare(font)
    return next((style for name, style in _STYLES if name.search(bare)), "rm")


@lru_cache(maxsize=512)
def encoding_of(font: str) -> Encoding | None:
    return encoding_named(_bare(font))


def _bare(font: str) -> str:
    return _SUBSET.sub("", font)
