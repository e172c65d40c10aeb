"""Headings by their words: numbers of chapters and sections, and those that say what follows."""

import re

_DECIMAL = re.compile(r"(\d{1,2}(?:\.\d{1,2}){0,5})\.?(?=\s|[^\W\d_])(?!\s*[%°])")
_CHAPTER = re.compile(
    r"(?:chapter|part|appendix|annex|kapitel|chapitre|anhang|第\s*[\d一二三四五六七八九十百]+\s*[章篇部])\b", re.I
)
_SECTION = re.compile(r"第\s*[\d一二三四五六七八九十百]+\s*[节節]")
_APPENDIX = re.compile(r"[A-Z](?:\.\d{1,2}){1,4}\.?(?=\s)")
_ROMAN = re.compile(r"(?=[IVXL])(?:XL|L?X{0,3})(?:IX|IV|V?I{0,3})\.\s")
_LETTERED = re.compile(r"[A-Z]\.\s")
_NUMBERED = re.compile(
    r"\s*(?:(?:\d{1,2}(?:\.\d{1,2}){0,4}|[A-Z](?:\.\d+)+|[IVX]{2,5}|[IVX](?=\.))\.?\s+[^\W\d_]|第.{1,4}[章节節条條]|§)"
)
_REFERENCES = re.compile(
    r"\s*(?:\d+\.?\s*)?(?:references|bibliography|works cited|literatur(?:verzeichnis)?|références|bibliographie|"
    r"referencias|bibliografía|bibliografia|referências|список литературы|литература|参考文献|參考文獻|참고\s*문헌)\s*",
    re.I,
)
_ABSTRACT = re.compile(
    r"\s*(?:abstract|zusammenfassung|résumé|resumen|resumo|riassunto|аннотация|摘\s*要|要\s*旨|초\s*록)\s*[:：.]?\s*",
    re.I,
)
_CONTENTS = re.compile(
    r"\s*(?:(?:table of )?contents|inhalt(?:sverzeichnis|sübersicht)?|table des matières|sommaire|índice|indice|"
    r"sommario|содержание|оглавление|目\s*[录錄次]|차\s*례|목\s*차)\s*",
    re.I,
)
_LEADER = re.compile(r"\.{4,}|(?:\. ){4,}|…{2,}|·{4,}|_{4,}")
_DOTS = re.compile(r"(?:\.\s?){4,}|(?:…\s?){2,}|(?:·\s?){4,}")
_CONTENTS_LINE = re.compile(r"(?:\.{3,}|(?:\. ){3,}|…{2,}|·{3,}|_{3,})\s*(?:\d{1,4}|[ivxlc]+)$")


_OF_LEADERS = ("...", ". .", "…", "···", "___")  # what each of those has within one of the pieces it is set in


def is_numbered(text: str) -> bool:
    """ "2.3 Results", "IV Methods", "A.1 Proofs", "第三章", "§ 5": begins with the number of a section."""
    return _NUMBERED.match(text) is not None


def is_top_roman(text: str) -> bool:
    """ "IV. Methods": where several headings begin so, those with letters are below them."""
    return _ROMAN.match(text) is not None


def depth(text: str, *, roman: bool) -> int | None:
    """How deep a heading is by its number: 1 for `2`, 3 for `2.3.1`; None where none says.

    `roman`: the document's top headings are numbered I, II, III.
    """
    if _CHAPTER.match(text):
        return 1
    if _SECTION.match(text):
        return 2
    if match := _APPENDIX.match(text):
        return match.group().rstrip(".").count(".") + 1
    if roman and _ROMAN.match(text):
        return 1
    if roman and _LETTERED.match(text):
        return 2
    if match := _DECIMAL.match(text):
        parts = match.group(1).split(".")
        return len(parts) - (parts[-1] == "0" and len(parts) > 1)
    return None


def heads_references(text: str) -> bool:
    return _REFERENCES.fullmatch(text) is not None


def heads_abstract(text: str) -> bool:
    return _ABSTRACT.fullmatch(text) is not None


def heads_contents(text: str) -> bool:
    return _CONTENTS.fullmatch(text) is not None


def has_leader(text: str) -> bool:
    """Dots, or lines, that lead the eye to what stands at the margin."""
    return _LEADER.search(text) is not None


def without_leaders(text: str) -> str:
    """The text without rows of dots, which lead the eye and say nothing; lines to write on stay."""
    return _DOTS.sub(" ", text)


def may_lead(text: str) -> bool:
    """Whether a leader may be in a text, or begin or end in it: quick, and never wrong where it says no."""
    return any(map(text.__contains__, _OF_LEADERS)) or text.strip() == "."


def is_contents_line(text: str) -> bool:
    """ "Introduction ..... 3": a leader, and the page it leads to."""
    return _CONTENTS_LINE.search(text) is not None
