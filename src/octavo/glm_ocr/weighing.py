"""An answer weighed against what is there: is it about as much as is written on the crop? Pure.

A model can end by itself after one row of a table, one word of a paragraph, or an apology. What is there is told by the
page's text layer, where that is trusted and was read, and by the crop's ink elsewhere (`glm_ocr.ink`). Ink is compared
in strokes: each character of the answer is so many, by its script. Where there are drawings, ink says nothing.

The numbers here were fitted and are checked by `bench/weighing.py`; docs/reliability.md has what it found.
"""

import html
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from enum import StrEnum
from functools import cache, lru_cache
from typing import Final

from octavo.document import Crop, Label, Origin, Pixels, Task
from octavo.frozen import frozen
from octavo.glm_ocr import ink

SHORT: Final = (
    0.79  # of the strokes there are: less is too little. So is 1 good answer in 300; at 0.71 in 1000, at 0.87 in 50
)
LOST: Final = 2 / 3  # of the strokes there are: with less, a third or more is missing for sure
SLACK: Final = 2.5  # strokes, two letters: what a speck or a stain may be taken for
LACKING: Final = 0.25  # of the text layer's letters: an answer without them is short; misread are a few per cent
FEWEST_LETTERS: Final = 6  # of a text layer, to be compared with
INVENTED: Final = (
    5.0  # times the strokes there are: more is made up; where lines touch, as few as a quarter are counted
)
BESIDE: Final = 12.0  # strokes that may be overlooked: pale or tiny print
SHORT_FORMULA: Final = 0.78  # of the marks there are; good formulas have 0.87 and more


# Where there are drawings ink is not writing; on a whole page there may be.
DRAWN: Final = frozenset({Label.IMAGE, Label.CHART, Label.SEAL, Label.HEADER_IMAGE, Label.FOOTER_IMAGE})
TURNED: Final = frozenset({Label.VERTICAL_TEXT, Label.ASIDE_TEXT})
SLENDER: Final = 3.0  # times as high as wide, and no wider than a line or two: its text may run downwards too
NARROW: Final = 96  # pixels


@frozen
class Evidence:
    """What is known of a crop before a model has read it."""

    strokes: float | None = None  # of writing, by its ink; None: there may be drawings
    turned: float | None = None  # the same if the text runs downwards, where it may
    marks: int | None = None  # by the ink of a formula
    layer: str | None = None  # what the page's trusted text layer has there; None: nothing

    @property
    def has_ink(self) -> bool:
        """Whether the ink was, and may be, counted."""
        return self.strokes is not None


NOTHING_KNOWN: Final = Evidence()


def evidence(crops: Sequence[Crop]) -> list[Evidence]:
    """What is known of each crop, in order. The crops of a page at once: see `glm_ocr.ink`."""
    found = _by_ink([(crop.pixels, crop.region.task, crop.region.label) for crop in crops])
    return [
        replace(NOTHING_KNOWN if crop.region.origin is Origin.WHOLE_PAGE else known, layer=crop.layer)
        for crop, known in zip(crops, found, strict=True)
    ]


def evidence_of_piece(pixels: Pixels, task: Task, label: Label, whole: Evidence) -> Evidence:
    """What is known of a piece of a crop: its ink, where that tells anything of the whole crop."""
    return _by_ink([(pixels, task, label)])[0] if whole.has_ink else NOTHING_KNOWN


def _by_ink(parts: Sequence[tuple[Pixels, Task, Label]]) -> list[Evidence]:
    written = [number for number, (_, _, label) in enumerate(parts) if label not in DRAWN]
    turned = [number for number in written if _may_run_downwards(parts[number][0], parts[number][2])]
    views = [parts[number][:2] for number in written]
    views += [(parts[number][0].transpose(1, 0, 2), parts[number][1]) for number in turned]
    inks = ink.measured(views)
    downwards = dict(zip(turned, inks[len(written) :], strict=True))
    found = [NOTHING_KNOWN] * len(parts)
    for number, own in zip(written, inks, strict=False):
        marks = own.marks if parts[number][1] is Task.FORMULA else None
        found[number] = Evidence(own.strokes, downwards[number].strokes if number in downwards else None, marks)
    return found


def _may_run_downwards(pixels: Pixels, label: Label) -> bool:
    height, width = pixels.shape[:2]
    return label in TURNED or (width <= NARROW and height > SLENDER * width)


class Weight(StrEnum):
    FAIR = "fair"
    SHORT = "short"  # far too little
    INVENTED = "invented"  # far too much


@frozen
class Weighed:
    """What came of it, with what the verdict rests on."""

    weight: Weight
    told: int = 0  # characters that were read
    there: int = 0  # characters that are there, about
    witness: str = ""  # for people
    surely: bool = True  # short by so much that ink cannot be mistaken


FAIR: Final = Weighed(Weight.FAIR)


def weighed(text: str, task: Task, evidence: Evidence) -> Weighed:
    """Whether the answer is about as much as is there. An empty answer weighs nothing, and is short of anything."""
    if task is Task.FORMULA:
        return _by_marks(formula_marks(text), evidence)
    plain = shown(text, task)
    by_ink = _by_strokes(plain, evidence)
    if evidence.layer is None or len(letters(evidence.layer)) < FEWEST_LETTERS:
        return by_ink
    by_layer = _by_layer(plain, evidence.layer)
    if by_layer.weight is Weight.INVENTED and by_ink.weight is Weight.FAIR:
        return FAIR  # a picture holds more than the text layer knows
    return by_layer


def _by_layer(plain: str, layer: str) -> Weighed:
    said, there = Counter(letters(plain)), Counter(letters(layer))
    told, known, found = said.total(), there.total(), (said & there).total()
    if found < (1 - LACKING) * known:
        return Weighed(Weight.SHORT, found, known, "the page's text layer")
    if told > INVENTED * known + BESIDE:
        return Weighed(Weight.INVENTED, told, known, "the page's text layer")
    return FAIR


def _by_strokes(plain: str, evidence: Evidence) -> Weighed:
    if evidence.strokes is None:
        return FAIR
    told, there = strokes_of(plain), evidence.strokes
    downwards = there if evidence.turned is None else evidence.turned
    least, most = min(there, downwards), max(there, downwards)
    short = told < SHORT * (least - SLACK)
    if not short and told <= INVENTED * most + BESIDE and (most or told <= 1):
        return FAIR
    count = len("".join(plain.split()))
    expected = round(count * least / told) if told else round(least / _USUAL)
    if short:
        return Weighed(Weight.SHORT, count, expected, "its ink", told < LOST * (least - SLACK))
    return Weighed(Weight.INVENTED, count, expected, "its ink")


def _by_marks(told: int, evidence: Evidence) -> Weighed:
    there = evidence.marks
    if there is None:
        return FAIR
    if told < SHORT_FORMULA * (there - SLACK):
        return Weighed(Weight.SHORT, told, there, "its ink", told < LOST * (there - SLACK))
    if told > INVENTED * there + BESIDE or (there == 0 and told):
        return Weighed(Weight.INVENTED, told, there, "its ink")
    return FAIR


# --- what an answer shows -------------------------------------------------------------------------------------------

_TAG = re.compile(r"</?[a-zA-Z][^<>]*>|<!--.*?-->", re.DOTALL)
_INLINE = re.compile(r"\$\$?([^$]{1,2000})\$\$?|\\\((.{1,2000}?)\\\)", re.DOTALL)
_MARKUP = re.compile(r"^\s{0,3}(?:#{1,6} |```\w*$|> )|\*\*|!?\[[^\]\n]*\]\([^)\n]*\)(?=\s*$)", re.MULTILINE)
_MARKS_UP = "#`>*]"  # a text without any has no Markdown: most have none
_LEADER = re.compile(r"([.\-_=·…~*—–])(?:\s?\1){3,}")  # ink as low as a rule, which is not counted
_LEADERS = tuple(4 * mark for mark in ".-_=·…~*—–")


def shown(text: str, task: Task) -> str:
    """The characters of an answer that have ink: without tags, Markdown and the words of LaTeX."""
    if task is Task.TABLE:
        text = html.unescape(_TAG.sub(" ", text))
    if "$" in text or "\\(" in text:
        text = _INLINE.sub(lambda found: _marks_of(found[1] or found[2]), text)
    if any(map(text.__contains__, _MARKS_UP)):
        text = _MARKUP.sub("", text)
    together = "".join(text.split())
    return _LEADER.sub(" ", text) if any(map(together.__contains__, _LEADERS)) else text


def letters(text: str) -> str:
    """Letters and digits, as two ways of writing the same have them in common."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).casefold()))


# Strokes of a character, as `glm_ocr.ink` counts them: the least squares of regions with a text layer, real answers of
# the model and 2,280 drawn crops in 60 typefaces; Han and Thai, whose typefaces differ most, stand a little higher.
_USUAL: Final = 1.6
_STROKES: Final = (
    (0x0370, 0x03FF, 1.57),  # Greek
    (0x0400, 0x052F, 1.75),  # Cyrillic
    (0x0590, 0x05FF, 1.35),  # Hebrew
    (0x0600, 0x077F, 1.05),  # Arabic, whose letters join
    (0x0900, 0x0DFF, 1.35),  # Devanagari to Sinhala
    (0x0E00, 0x0E7F, 1.95),  # Thai
    (0x3040, 0x30FF, 1.6),  # kana
    (0x3400, 0x9FFF, 2.45),  # Han
    (0xAC00, 0xD7AF, 1.85),  # Hangul
    (0xFB50, 0xFEFF, 1.05),  # Arabic as it is shaped
)
_THIN: Final = frozenset("iljtfrI1|!()[]/\\")
_WIDE: Final = frozenset("mwMW")
_LOW: Final = frozenset(".,;:'\"`-_=~^·…，。、；：－—–‘’“”")


def strokes_of(plain: str) -> float:
    """Strokes that these characters are drawn with."""
    latin = plain.encode("latin-1", "ignore")  # what most texts are made of, and is counted in a tenth of the time
    kinds, strokes = _kinds_of_latin()
    kind_of_each = latin.translate(kinds)
    told = sum(kind_of_each.count(kind) * own for kind, own in enumerate(strokes))
    if len(latin) < len(plain):
        told += sum(_strokes(char) * count for char, count in Counter(plain).items() if char > "\xff")
    return told


@cache
def _kinds_of_latin() -> tuple[bytes, tuple[float, ...]]:
    """Characters with as many strokes are one kind: the kind of each of the first 256, and the strokes of each kind."""
    each = [_strokes(chr(code)) for code in range(256)]
    strokes = sorted(set(each))
    return bytes(map(strokes.index, each)), tuple(strokes)


@lru_cache(4096)
def _strokes(char: str) -> float:
    category = unicodedata.category(char)
    if category[0] in "ZC" or category == "Mn":
        return 0.0
    for first, last, strokes in _STROKES:
        if first <= ord(char) <= last:
            return strokes
    if char in _LOW:
        return 0.4
    if char in _THIN:
        return 0.9
    if char in _WIDE:
        return 2.5
    if category[0] == "L":
        return 1.6
    return 1.5 if category == "Nd" else 1.25


# --- formulas -------------------------------------------------------------------------------------------------------

_LATEX: Final = tuple(
    (re.compile(pattern), shown)
    for pattern, shown in (
        (r"\\(?:begin|end)\s*\{[a-zA-Z*]+\}(?:\s*\{[lcr|\s]*\})?", " "),
        (r"\\(?:label|vspace|hspace)\s*\*?\{[^}]*\}|\\\\(?:\[[^\]]*\])?|\\[,;!: ]|[~$]", " "),
        (r"\\(?:frac|dfrac|tfrac|over|sqrt|overline|underline|bar|hat|tilde|vec|dot|acute|grave)\b", "-"),
        (r"\\binom\b", "()"),
        (r"\\(?:sin|cos|tan|cot|log|ln|exp|det|lim|max|min|sgn|dim|inf|sup|arg|mod)\b", "abc"),
        (r"\\(?:c|l|v|d)?dots[a-z]?\b", "..."),
        (r"\\(?:leq?|geq?|neq?|equiv|pm|mp|simeq|cong|subseteq|supseteq|leqslant|geqslant|div|doteq)\b", "="),
        (
            r"\\(?:operatorname|math[a-z]+|boldsymbol|text[a-z]*|left|right|[bB]ig+[lrm]?|(?:no)?limits|nonumber"
            r"|notag|tag|(?:display|text|script)style|hfill|q?quad|rm|bf|it|cal)(?![a-zA-Z])\*?",
            "",
        ),
        (r"\\(?:[a-zA-Z]+|[{}|%&#_])", "a"),
        (r"[{}^_\s&\\]", ""),
    )
)


def _marks_of(latex: str) -> str:
    for pattern, mark in _LATEX:
        latex = pattern.sub(mark, latex)
    return latex


def formula_marks(latex: str) -> int:
    """Marks that a formula is drawn with: an `i` has two, an equals sign two, a fraction its bar."""
    marks = _marks_of(latex)
    return len(marks) + sum(map(marks.count, "ij="))


# --- what is no reading at all ----------------------------------------------------------------------------------------

_REFUSAL = re.compile(
    r"(?:sorry|apologi[sz]e|unfortunately).{0,80}"
    r"(?:can(?:['’]t|not)\b|unable|not able|could(?:n['’]t| not)|image|picture)"
    r"|\bas an? (?:AI|artificial|language model)\b"
    r"|\bI(?: can(?:['’]t|not)| am (?:unable|not able) to|['’]m (?:unable|not able) to) "
    r"(?:read|see|view|assist|help|extract|recogni[sz]e|process|provide|identify|transcribe)"
    r"|\bno (?:visible|readable|legible|discernible) text\b"
    r"|(?:抱歉|对不起).{0,20}(?:无法|不能|没有)|作为(?:一个)?(?:AI|人工智能)|(?:图片|图像)中没有",
    re.IGNORECASE | re.DOTALL,
)
_BEGINNING: Final = 160  # characters of an answer in which it says so
# What a refusal has at least one of: looked for first, which takes a tenth of the pattern's time.
_REFUSING: Final = (
    *("sorry", "apolog", "unfort", "able", "can't", "can’t", "cannot", "as a", "no "),
    *("抱歉", "对不起", "作为", "图"),
)


def speaks_of_itself(text: str) -> bool:
    """Whether an answer speaks of the picture or the model instead of reading: "I am sorry, I cannot ..."."""
    beginning = text[:_BEGINNING]
    return any(map(beginning.casefold().__contains__, _REFUSING)) and _REFUSAL.search(beginning) is not None


def echoed(text: str, prompts: Iterable[str]) -> str | None:
    """What is left of an answer that begins with what the model was asked; None where it does not."""
    for prompt in prompts:
        asked = prompt.strip()
        if asked and (text.startswith(asked) or text == asked.rstrip(":")):
            return text[len(asked) :].lstrip()
    return None


def is_known(text: str, evidence: Evidence) -> bool:
    """Whether the answer's beginning stands in the text layer: then it is what the page says."""
    return evidence.layer is not None and letters(text[:_BEGINNING])[:30] in letters(evidence.layer)
