"""What is written at tables and figures: captions with their number, titles, notes and sources."""

import re
from collections.abc import Sequence
from itertools import pairwise

_TABLE = r"table|tab\.|tabelle|tableau|tabla|tabela|tabella|таблица|табл\."
_FIGURE = r"figure|figura|fig\.|abbildung|abb\.|рисунок|рис\.|chart|exhibit"
_EAST_ASIAN = r"[图圖図表표]|그림"
_NUMBERED_ONLY = r"fig|tab|abb|figur|tabel|tablo|diagram|listing|algorithm|scheme|plate|box"  # bare, they are any word
_CAPTION = re.compile(
    rf"\s*(?:(?:{_TABLE}|{_FIGURE}|{_NUMBERED_ONLY})\s*(?:(?-i:[A-Z])?[-.]?\d+|(?-i:[A-Z])\b|[IVX]+\b)|"
    rf"(?:{_EAST_ASIAN})\s*\d)",
    re.IGNORECASE,
)
_TITLE = re.compile(
    rf"\s*(?:(?:{_TABLE}|{_FIGURE}|box|schedule)(?!\w)|(?:fig|tab|abb)\.?\s*\d|(?:{_EAST_ASIAN})(?=[\s\d:：]|$))",
    re.IGNORECASE,
)
_NOTE = re.compile(
    r"\s*(?:(?:notes?|sources?|anmerkung(?:en)?|quellen?|hinweise?|remarques?|notas?|fuentes?|fontes?|примечани[ея]|"
    r"источники?)(?!\w)|(?:注|註|资料来源|資料來源|出典|출처|주)\s*[:：\d])",
    re.IGNORECASE,
)
_MARKED = re.compile(r"\s*(?:[*†‡§¶#¹²³⁰-⁹]|\(?\d{1,3}(?:[).](?!\d)|\s)|[a-z]\s)")
_SIGN = re.compile(r"[*†‡§¶¹²³⁴-⁹]\s?\w")
_AMOUNT = re.compile(r"[$€£¥]?\s?(-?[\d.,]*\d)[.,](\d\d)\s?[$€£¥]?")
_LONGEST_LABEL, _WORDS_OF_LABEL = 30, 4  # characters and words a name of a part or of an axis has at most
_FEWEST_AMOUNTS = 2
_AFTER_NUMBER = re.compile(r"\s*\S+\s*[\w.\-]+\s*[.:|–—-]")


def begins_caption(text: str) -> bool:
    """ "Table 3", "Fig. A-1", "图 2", "Рис. 4": a word for something that floats, and its number."""
    return _CAPTION.match(text) is not None


def parts_caption(text: str) -> bool:
    """Whether a sign comes after a caption's number: "Table 3:" begins a caption, "Table 3 shows" a sentence."""
    return _AFTER_NUMBER.match(text) is not None


def names_float(text: str) -> bool:
    """Begins with a word for a table or figure, numbered or not: the title of one."""
    return _TITLE.match(text) is not None


def names_note(text: str) -> bool:
    """ "Note:", "Source", "Quelle:": by its word."""
    return _NOTE.match(text) is not None


def begins_note(text: str) -> bool:
    """Whether small print is a note by its word, its sign, or the number or letter it begins with."""
    return _MARKED.match(text) is not None or names_note(text)


def begins_with_sign(text: str) -> bool:
    """ "*see below", "† deceased": by a sign that nothing but a note begins with."""
    return _SIGN.match(text) is not None


def is_label(text: str) -> bool:
    """Whether a line in a drawing may be a label of it: a number, a name; neither a sentence nor a row of a bill."""
    return len(text) <= _LONGEST_LABEL and len(text.split()) <= _WORDS_OF_LABEL


def are_labels(lines: Sequence[str]) -> bool:
    """Whether the lines in a drawing are no more than its labels.

    Amounts are more than that, unless they go up in even steps as those along an axis do.
    """
    if not all(map(is_label, lines)):
        return False
    amounts = [int("".join(filter(str.isdigit, line))) for line in lines if _AMOUNT.fullmatch(line)]
    steps = {abs(after - before) for before, after in pairwise(sorted(amounts))}
    return len(amounts) < _FEWEST_AMOUNTS or len(steps) == 1
