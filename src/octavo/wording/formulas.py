"""Formulas by their signs, and the numbers printed beside them."""

import re

_NUMBER = re.compile(r"\s*[(（\[]\s*[A-Z]?\d{1,3}(?:[.\-–]\d{1,3}){0,4}[a-z]?\s*[)）\]]\s*")
_MATH = re.compile(
    r"[=<>≤≥≠≈≡∼∝∑∏∫∮∂∇√±∓×÷·∈∉∞→←↔⇒⇔⊂⊆⊇⊃∪∩∀∃¬∧∨αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΦΨΩϵϕℏℓ^_|{}\\+*/−\U0001d400-\U0001d7ff]"
)
_BIG = re.compile(r"[∑∏∫∮√∂∇]")
_WORD = re.compile(r"[^\W\d_\u00b2\u00b3\u00b9\u2070-\u209f\u0370-\u03ff]{3,}")
_FUNCTIONS = re.compile(r"\b(?:det|dim|sin|cos|tan|log|ln|sgn|max|min|lim|exp|arg|sup|inf|mod|tr|if|for|and|where)\b")
_LINE = re.compile(r"([_=*~+-])\1{2,}")  # to write on, or to part one thing from another
_FIGURES = re.compile(r"\+\d[\d\s().\-/]{5,}\d|\d+(?:/\d+)+")  # telephone numbers, dates and spans of them
_NO_FORMULA = re.compile(r"[\d\s.,:/%$€£+\-–()*]+|.*(?:https?:|www\.|@).*|.*。", re.S)


def is_formula_number(text: str) -> bool:
    """ "(3)", "[2.1a]", "（4）": what a formula, or a reference to it, is numbered with."""
    return _NUMBER.fullmatch(text) is not None


def mathematical(text: str, *, most_words: float = 0.3) -> bool:
    """Whether a text is a formula by its signs: few words, at least one operator."""
    if not _MATH.search(text):
        return False  # most: what is taken out below leaves no sign where none was
    text = _FIGURES.sub(" ", _LINE.sub(" ", text))
    bare = re.sub(r"\s", "", text)
    signs = len(_MATH.findall(text))
    if len(bare) < 3 or not signs or _NO_FORMULA.fullmatch(text):
        return False
    words = sum(map(len, _WORD.findall(_FUNCTIONS.sub(" ", text))))
    if "=" in text and _BIG.search(text):  # letters and their indices run together to what looks like words
        most_words = max(most_words, 0.7)
    return words / len(bare) < most_words and signs >= max(1, len(bare) // 25)
