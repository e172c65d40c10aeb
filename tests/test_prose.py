import pytest

from octavo.wording import prose


@pytest.mark.parametrize(
    ("first", "second", "whole"),
    [
        ("a simple", "sentence", "a simple sentence"),
        ("an exam-", "ple of it", "an example of it"),
        ("a soft\u00ad", "ened word", "a softened word"),
        ("the Anglo-", "Saxon kings", "the Anglo-Saxon kings"),
        ("from 2019-", "2020 on", "from 2019-2020 on"),
        ("a well-", "known fact", "a well-known fact"),
        ("minus -", "five", "minus - five"),
        ("on pages 41–", "58 of it", "on pages 41–58 of it"),
        ("it is free –", "and see", "it is free – and see"),
        ("see http://example.org/rules/", "2025/final-", "see http://example.org/rules/2025/final-"),
        ("see https://example.org/until-it-", "breaks.html now", "see https://example.org/until-it-breaks.html now"),
        ("at http://", "www.example.org/rules", "at http://www.example.org/rules"),
        ("采用胶缝传", "力的设计", "采用胶缝传力的设计"),
        ("한국어 문장은", "띄어쓰기를 한다", "한국어 문장은 띄어쓰기를 한다"),
        ("", "alone", "alone"),
    ],
)
def test_what_typesetting_broke_is_put_together(first: str, second: str, whole: str) -> None:
    assert prose.joined(first, second) == whole


def test_the_documents_own_words_tell_whether_a_hyphen_belongs_to_the_word() -> None:
    known = frozenset(prose.words("A cross-page join, and a database."))
    assert prose.joined("the cross-", "page table", known=known) == "the cross-page table"
    assert prose.joined("the data-", "base table", known=known) == "the database table"


def test_a_paragraph_is_joined_line_by_line() -> None:
    assert prose.paragraph(["One para-", "graph of", "three lines."]) == "One paragraph of three lines."


def test_heads_that_begin_undivided_words() -> None:
    assert prose.joined("How could she ex-", "plain") == "How could she explain"
    assert prose.joined("his ex-", "wife") == "his ex-wife"
    assert prose.joined("the so-", "called expert") == "the so-called expert"
    assert prose.joined("in so-", "ciety") == "in society"
