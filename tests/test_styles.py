"""Styles and links come back to what assembly made of a region's plain words."""

import pytest

from octavo.assemble.styles import in_style
from octavo.content import (
    Content,
    Form,
    FormRow,
    Heading,
    Items,
    ListItem,
    Mixed,
    Prose,
    Run,
    Runs,
    runs_of,
    text_of,
)
from octavo.document import TextLine
from octavo.geometry import Box
from octavo.markup.markdown import written

BOLD, ITALIC = {"bold": True}, {"italic": True}


def line(*runs: Run, **style: bool) -> TextLine:
    return TextLine(Box(0, 0, 10, 10), text_of(runs), runs=runs if len(runs) > 1 else (), **style)


def test_a_paragraph_of_several_lines_keeps_what_is_set_apart() -> None:
    lines = [
        line(Run("Take "), Run("two", **BOLD)),
        line(Run("weeks, or the se-"), **BOLD),
        line(Run("cond", **BOLD), Run(" offer of "), Run("the *Morning Star*", **ITALIC)),
    ]
    content = Prose((runs_of("Take two weeks, or the second offer of the *Morning Star*"),))
    assert written(in_style(content, lines)) == ("Take **two weeks, or the second** offer of *the \\*Morning Star\\**")


@pytest.mark.parametrize(
    ("content", "lines", "expected"),
    [
        # All in one face: a label, a heading, a quotation.
        (Prose((runs_of("Signed and sealed"),)), [line(Run("Signed and sealed"), **BOLD)], "Signed and sealed"),
        (Heading(2, runs_of("A title")), [line(Run("A title"), **BOLD)], "## A title"),
        (
            Heading(2, runs_of("On Aloe vera")),
            [line(Run("On ", **BOLD), Run("Aloe vera", bold=True, italic=True))],
            "## On *Aloe vera*",
        ),
        # A variable of a formula is no emphasis.
        (Prose((runs_of("where x is"),)), [line(Run("where "), Run("x", **ITALIC), Run(" is"))], "where x is"),
        (Prose((runs_of("f(x) dx = 2"),)), [line(Run("f(x) "), Run("dx", **ITALIC), Run(" = 2"))], "f(x) dx = 2"),
        # A list's mark is the list's own.
        (
            Items((ListItem("-", runs_of("one thing")), ListItem("2.", runs_of("another one")))),
            [line(Run("• one "), Run("thing", **BOLD)), line(Run("2. "), Run("another", **BOLD), Run(" one"))],
            "- one **thing**\n2. **another** one",
        ),
        (
            Form((FormRow(runs_of("Name"), runs_of("Okonkwo")),)),
            [line(Run("Name"), **BOLD), line(Run("Okonkwo"))],
            "**Name:** Okonkwo",
        ),
        # Words that come twice are those of their own lines.
        (
            Mixed((Prose((runs_of("to be paid"),)), Prose((runs_of("to be paid"),)))),
            [line(Run("to be paid")), line(Run("to be "), Run("paid", struck=True))],
            "to be paid\n\nto be ~~paid~~",
        ),
    ],
)
def test_each_kind_of_content_gets_its_styles(content: Content, lines: list[TextLine], expected: str) -> None:
    assert written(in_style(content, lines)) == expected


def test_a_link_over_the_end_of_a_line_is_one_and_an_address_needs_no_brackets() -> None:
    target = "https://example.org/a"
    lines = [
        line(Run("read "), Run("the full", link=target)),
        line(Run("report", link=target), Run(" at "), Run(target, link=target)),
    ]
    content = Prose((runs_of(f"read the full report at {target}"),))
    assert written(in_style(content, lines)) == f"read [the full report]({target}) at {target}"


def test_lines_that_say_something_else_style_nothing() -> None:
    runs: Runs = (Run("read "), Run("otherwise", **BOLD))
    content = Prose((runs_of("as it was read"),))
    assert in_style(content, [line(*runs)]) == content
