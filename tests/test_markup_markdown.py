"""Content as Markdown and back: every style is written so that a reader of Markdown shows it, nothing is changed."""

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from octavo.content import (
    Code,
    Content,
    Form,
    FormRow,
    Formula,
    Heading,
    Items,
    ListItem,
    Mixed,
    Prose,
    Run,
    Runs,
    Table,
    Verbatim,
    plain,
    runs_of,
)
from octavo.markup import html, markdown


@pytest.mark.parametrize(
    ("run", "expected", "page"),
    [
        (Run("x", bold=True), "a **x** b", "a <b>x</b> b"),
        (Run("x", italic=True), "a *x* b", "a <i>x</i> b"),
        (Run("x", bold=True, italic=True), "a ***x*** b", "a <b><i>x</i></b> b"),
        (Run("x", struck=True), "a ~~x~~ b", "a <s>x</s> b"),
        (Run("x", underlined=True), "a <u>x</u> b", "a <u>x</u> b"),
        (Run("x", raised=True), "a <sup>x</sup> b", "a <sup>x</sup> b"),
        (Run("x", lowered=True), "a <sub>x</sub> b", "a <sub>x</sub> b"),
        (Run("x", code=True), "a `x` b", "a <code>x</code> b"),
        (Run("x_1", formula=True), "a $x_1$ b", "a $x_1$ b"),
        (
            Run("x", link="https://e.org/a?b=1"),
            "a [x](https://e.org/a?b=1) b",
            'a <a href="https://e.org/a?b=1">x</a> b',
        ),
    ],
)
def test_every_style_is_written_and_read_back(run: Run, expected: str, page: str) -> None:
    runs = (Run("a "), run, Run(" b"))
    assert markdown.line(runs) == expected
    assert markdown.read_line(expected) == runs
    assert html.runs(runs) == page


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        ((Run("so "), Run("bold ", bold=True), Run("it is")), "so **bold** it is"),  # a space belongs outside of marks
        ((Run("in"), Run("fix", italic=True), Run("es")), "in*fix*es"),
        ((Run("a"), Run("(b)", bold=True), Run("c")), "a<b>(b)</b>c"),  # marks there would stay marks
        ((Run("a", bold=True), Run("b", italic=True)), "**a**<i>b</i>"),  # so would a row of stars
        ((Run("a`b", code=True),), "``a`b``"),
        ((Run("`a", code=True),), "`` `a ``"),
        ((Run("1*2*3", bold=True),), "**1\\*2\\*3**"),
        ((Run("a", link="b c(d)"),), "[a](<b c(d)>)"),
        ((Run("# no "), Run("heading", bold=True)), "\\# no **heading**"),
        ((Run("# x", bold=True),), "**# x**"),
        ((Run("- "), Run("17")), "\\- 17"),
    ],
)
def test_a_line_shows_its_characters_in_their_styles(runs: Runs, expected: str) -> None:
    assert markdown.line(runs) == expected


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("A line  \nand another", Prose((runs_of("A line"), runs_of("and another")))),
        ("## 2 Title", Heading(2, runs_of("2 Title"))),
        (
            "- one\n    1. *two*\n- three",
            Items(
                (
                    ListItem("-", runs_of("one")),
                    ListItem("1.", (Run("two", italic=True),), 1),
                    ListItem("-", runs_of("three")),
                )
            ),
        ),
        ("```python\nx = 1\n```", Code("x = 1", "python")),
        ("$$\nx = 1\n$$", Formula("x = 1")),
        ("One.\n\nTwo.", Mixed((Prose((runs_of("One."),)), Prose((runs_of("Two."),))))),
        ("Costs \\$5 or \\(x\\)", Prose(((Run("Costs \\$5 or \\(x\\)", verbatim=True),),))),
        ("see:\n- one", Verbatim("see:\n- one")),
        ("| a | b |\n|---|---|", Verbatim("| a | b |\n|---|---|")),
    ],
)
def test_a_models_markdown_is_taken_apart_or_kept_to_the_letter(text: str, content: Content) -> None:
    assert markdown.taken_apart(text) == content
    assert markdown.written(content) == text


WORD = st.text("ab *_`~$\\<>&[]()#-+.1|é中", max_size=12)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(WORD, max_size=6).map("\n".join))
def test_no_text_of_a_model_is_changed_by_being_taken_apart(text: str) -> None:
    assert markdown.written(markdown.taken_apart(text)) == text


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text("ab *_`~\\<>&[]()#-+.1|é中", max_size=20).map(str.strip))
@example("*1 *1*")  # the last star of what is escaped is none
@example("[](1)")  # a bracket that is escaped ends no label
def test_plain_characters_come_back_from_markdown_as_they_were(text: str) -> None:
    assert plain(Prose((markdown.unmarked(markdown.read_line(markdown.line(runs_of(text)))),))) == text


def test_a_form_and_a_numbered_formula_are_written() -> None:
    form = Form((FormRow(runs_of("Name:"), runs_of("Ann")), FormRow((), runs_of("Lee")), FormRow(runs_of("Age:"), ())))
    assert markdown.written(form) == "Name: Ann  \nLee  \nAge:"
    assert markdown.written(Formula("x", "2.1")) == "$$\nx \\tag{2.1}\n$$"
    assert markdown.written(Formula("x", inline=True)) == "$x$"


def test_a_fence_is_longer_than_what_it_holds() -> None:
    assert markdown.written(Code("```\nx\n```")) == "````\n```\nx\n```\n````"


def test_a_table_among_paragraphs_is_one() -> None:
    content = markdown.read("Before.\n\n<table><tr><td>1</td></tr></table>\n\nAfter.")
    assert isinstance(content, Mixed)
    assert [type(part) for part in content.parts] == [Prose, Table, Prose]


def test_a_link_that_runs_something_is_no_link_of_a_page() -> None:
    assert html.runs((Run("x", link="javascript:alert(1)"),)) == "x"
    assert (
        html.runs((Run("x", link='https://e.org/"><script>'),))
        == '<a href="https://e.org/&quot;&gt;&lt;script&gt;">x</a>'
    )
