"""One table of phrases; each is asked every question, so that no two answers can drift apart again."""

from collections.abc import Callable

import pytest

from octavo.glyphs import scripts
from octavo.wording import captions, formulas, headings, lists, numbers, page_numbers, sentences

QUESTIONS: dict[str, Callable[[str], bool]] = {
    "page number": page_numbers.is_page_number,
    "names page": page_numbers.names_page,
    "caption": captions.begins_caption,
    "float": captions.names_float,
    "note": captions.begins_note,
    "note's word": captions.names_note,
    "note's sign": captions.begins_with_sign,
    "numbered": headings.is_numbered,
    "references": headings.heads_references,
    "abstract": headings.heads_abstract,
    "contents": headings.heads_contents,
    "contents line": headings.is_contents_line,
    "bullet": lists.begins_with_bullet,
    "entry": lists.begins_entry,
    "number": numbers.is_number,
    "amount": numbers.is_amount,
    "formula": formulas.mathematical,
    "formula number": formulas.is_formula_number,
    "clause end": sentences.ends_clause,
    "sentence end": sentences.ends_sentence,
    "speech": sentences.begins_speech,
}
PHRASES = {
    # page numbers
    "3": "page number, number, amount",
    "- iv -": "page number, entry, number",
    "A-12": "page number, number",
    "3 / 7": "page number, number, note",
    "Page 3 of 7": "page number, names page",
    "Seite 3 von 7": "page number, names page",
    "Página 3 de 7": "page number, names page",
    "Pagina 3 di 7": "page number, names page",
    "Page 3 sur 7": "page number, names page",
    "Strona 3 z 7": "page number, names page",
    "S. 12": "page number, names page, entry, number",
    "стр. 12": "page number, names page",
    "Страница 3 из 7": "page number, names page",
    "第 3 页": "page number, names page",
    "第3頁": "page number, names page",
    "第 3 页，共 7 页": "page number, names page",
    "3 ページ": "page number, names page, numbered, note",
    "3쪽": "page number, names page",
    "صفحة 3": "page number, names page",
    "page three": "",
    "Date: ____________": "",
    "Q. Were you there": "entry, speech",
    "THE COURT: Overruled": "speech",
    "MR. FINCH: Objection": "speech",
    "Total: 12 boats": "",
    "civil": "",
    "12 %": "number, amount, note",
    "2024 results": "",
    # captions, titles and notes
    "Table 3: Sales by region": "caption, float",
    "Table 3 shows the sales.": "caption, float, clause end, sentence end",
    "Tab. 3": "caption, float",
    "Fig. A-1 | Setup": "caption, float",
    "Figure IV": "caption, float",
    "Abbildung 2. Aufbau": "caption, float",
    "Tabla 4 Ventas": "caption, float",
    "Рис. 4. Схема": "caption, float",
    "Таблица 2": "caption, float",
    "图 2 系统": "caption, float",
    "表3：结果": "caption, float",
    "그림 1": "caption, float",
    "Table of figures": "float",
    "Tabled motions": "",
    "Algorithm 1": "caption",
    "Algorithm": "",
    "Note: rounded.": "note, note's word, clause end, sentence end",
    "Source: own survey": "note, note's word",
    "Quellen: eigene": "note, note's word",
    "Fuente: INE": "note, note's word",
    "Примечание": "note, note's word",
    "注：四舍五入": "note, note's word",
    "资料来源：统计局": "note, note's word",
    "Noted authors": "",
    "* see below": "note, note's sign, entry",
    "† deceased": "note, note's sign",
    "² per year": "note, note's sign",
    "a house": "note",
    "A house": "",
    # headings
    "2.3 Results": "numbered",
    "IV Methods": "numbered",
    "I. Introduction": "numbered, entry",
    "I think so": "",
    "A.1 Proofs": "numbered",
    "第三章 方法": "numbered",
    "§ 5 Haftung": "numbered, note, note's sign",
    "References": "references",
    "Literaturverzeichnis": "references",
    "参考文献": "references",
    "Список литературы": "references",
    "Abstract": "abstract",
    "摘 要": "abstract",
    "Résumé :": "abstract, clause end, sentence end",
    "Contents": "contents",
    "Inhaltsverzeichnis": "contents",
    "Table des matières": "contents, float",
    "目 录": "contents",
    "Introduction ........ 3": "contents line",
    "Vorwort · · · 3": "",
    "Preface ...... iv": "contents line",
    # entries of lists
    "• first": "bullet, entry",
    "\uf0b7 first": "bullet, entry",
    "– first": "entry",
    "1. first": "entry, note, numbered",
    "(a) first": "entry",
    "iii) first": "entry",
    "①甲": "entry",
    "[12] Author": "entry",
    "一、甲": "",
    # numbers
    "$1,234.50": "number, amount, sentence end",
    "(12.5)": "number, amount, formula number",
    "12/03/2021": "number",
    "–": "number, amount",
    "n/a": "amount, formula",
    "12 kg": "number, note, numbered",
    # formulas
    "x = y + z": "formula, note",
    "∑ f(x) dx = 0": "formula",
    "(3)": "page number, formula number, number, amount, note",
    "（2.1a）": "formula number",
    # sentences
    "He said so.”": "sentence end",
    "第一，": "clause end",
    "終わり。": "clause end, sentence end",
    "Running text without an end": "",
}


@pytest.mark.parametrize("phrase", PHRASES)
def test_every_question_is_asked_of_every_phrase(phrase: str) -> None:
    expected = {name for name in PHRASES[phrase].split(", ") if name}
    assert {name for name, ask in QUESTIONS.items() if ask(phrase)} == expected


@pytest.mark.parametrize(
    ("text", "depth"),
    [
        ("2 Methods", 1),
        ("2.3.1 Sampling", 3),
        ("2.0 Overview", 1),
        ("Kapitel 4", 1),
        ("第三章 方法", 1),
        ("第二节 结果", 2),
        ("A.1 Proofs", 2),
        ("12 % more", None),
        ("Methods", None),
    ],
)
def test_the_depth_of_a_heading_by_its_number(text: str, depth: int | None) -> None:
    assert headings.depth(text, roman=False) == depth


def test_letters_are_below_romans_where_those_number_the_top() -> None:
    assert headings.depth("II. Methods", roman=True) == 1
    assert headings.depth("A. Sampling", roman=True) == 2
    assert headings.depth("A. Sampling", roman=False) is None


@pytest.mark.parametrize(
    ("text", "unspaced", "anywhere", "from_right"),
    [
        ("words", False, False, False),
        ("中文", True, True, False),
        ("かな", True, True, False),
        ("ไทย", True, True, False),
        ("한국어", False, True, False),
        ("עברית", False, False, True),
        ("العربية and", False, False, True),
        ("слова", False, False, False),
        ("123", False, False, False),
    ],
)
def test_how_scripts_are_written(text: str, unspaced: bool, anywhere: bool, from_right: bool) -> None:
    assert scripts.unspaced(text) is unspaced
    assert scripts.breaks_anywhere(text) is anywhere
    assert scripts.reads_from_right(text) is from_right


def test_an_entry_without_what_it_begins_with() -> None:
    assert lists.after_bullet("• first") == "first"
    assert lists.after_bullet("- 5") is None
    assert lists.after_number("3. third") == ("3.", "third")
    assert lists.after_number("3.5 third") is None
    assert [lists.ordinal(text) for text in ("[3] A", "3. A", "(3) A", "3 A", "A")] == [3, 3, 3, 3, None]
