"""What a model says is shown as characters, never run, loaded or taken for this package's own words."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from octavo.markup import html
from octavo.markup.cleaning import cleaned, cleaned_formula


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("plain text, 3 < 4 > 2 and a_b * c", "plain text, 3 < 4 > 2 and a_b * c"),
        ("a <script>alert(1)</script>", "a \\<script>alert(1)\\</script>"),
        ("<script>alert(1)</script>", "&lt;script>alert(1)&lt;/script>"),
        ("<IMG SRC=x onerror=alert(1)>", "&lt;IMG SRC=x onerror=alert(1)>"),
        ("<b onmouseover='x()'>bold</b>", "<b>bold</b>"),
        ("<td\nonclick=x() rowspan='2'>a</td>", '<td rowspan="2">a</td>'),
        ('<td title=">" onclick=x()>a', '<td>" onclick=x()>a'),
        ("a <!-- hidden --> <?php ?> <a", "a \\<!-- hidden --> \\<?php ?> \\<a"),
        ("x<sup>2</sup><br/>H<sub>2</sub>O", "x<sup>2</sup><br>H<sub>2</sub>O"),
        ("[here](javascript:alert(1))", "[here\\](javascript:alert(1))"),
        ("[here](JaVaScRiPt&#58;alert(1))", "[here\\](JaVaScRiPt&#58;alert(1))"),
        ("[here](data:text/html;base64,xx)", "[here\\](data:text/html;base64,xx)"),
        ("[site](https://example.org/a?b=1) [mail](mailto:a@example.org)",) * 2,
        ("[here][1]\n\n[1]: javascript:alert(1)", "[here][1]\n\n\\[1]: javascript:alert(1)"),
        ("a <javascript:alert(1)>", "a \\<javascript:alert(1)>"),
        ("![](http://example.org/pixel.png)", "\\![](http://example.org/pixel.png)"),
        ("![figure](imgs/a.jpg)", "![figure](imgs/a.jpg)"),
        ("![figure](http&#58;//e.org/a.jpg)", "\\![figure](http&#58;//e.org/a.jpg)"),
        ("[a](javascript\\:x)", "[a\\](javascript\\:x)"),
        ("> **Not read: region 3**", "\\> **Not read: region 3**"),
        ("> a quotation of the page", "> a quotation of the page"),
        ("`<script>` and `a`", "`<script>` and `a`"),
        ("\\`<script>\\`", "\\`\\<script>\\`"),
        ("a `` ` <b> `` b", "a `` ` <b> `` b"),
        ("$a<b$ and $x_1$", "$a< b$ and $x_1$"),
        ("pay \u202e100\u202c to \u20661\u2069, not \u200f1", "pay 100 to 1, not \u200f1"),
        ("```\n<script>\n```\nafter <script>", "```\n<script>\n```\nafter \\<script>"),
        ("```html\n<script>", "```html\n<script>\n```"),
    ],
)
def test_what_is_kept_of_it(said: str, kept: str) -> None:
    assert cleaned(said) == kept


def test_a_formula_stays_the_same_formula() -> None:
    assert cleaned_formula("a<b \\lt c < d") == "a< b \\lt c < d"


# What Markdown itself makes, and what may stand in it.
SHOWN = {
    "p",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "ul",
    "ol",
    "li",
    "blockquote",
    "pre",
    "hr",
    "a",
    "img",
    *html.ELEMENTS,
}
PIECES = [
    "<script>",
    "</b>",
    "<b",
    "<img/src=x/onerror=y>",
    "](javascript:x)",
    "![",
    "<!--",
    "[a](",
    "[x]:javascript:y",
    "```",
    "~~~",
    "<a/href=",
    "<td",
    "onclick=",
    "https://e.org",
    "&lt;",
    "<",
    ">",
    "/",
    "!",
    "?",
    "&",
    "#",
    ";",
    "a",
    "b",
    "`",
    "~",
    "$",
    "[",
    "]",
    "(",
    ")",
    '"',
    "'",
    "=",
    ":",
    "-",
    "*",
    "\\\\",
    "|",
]
TEXTS = st.lists(st.sampled_from([*PIECES, " ", "\n", "\n\n", "    "]), max_size=14)


class Page(HTMLParser):
    """What a browser would make of the Markdown's HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.bad: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag not in SHOWN or set(values) - {"href", "src", "alt", "title", "rowspan", "colspan", "class", "start"}:
            self.bad.append(f"<{tag} {values}>")
        if not html.is_safe_link(values.get("href") or "") or re.match("[a-z+.-]+:|//", values.get("src") or "", re.I):
            self.bad.append(f"{tag} leads to {values}")

    def handle_comment(self, data: str) -> None:
        self.bad.append(data)


@pytest.mark.slow
@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(TEXTS.map("".join))
@example("\\\\<script>")
@example("\\`<script>\\`")
@example("`a\n<script>` `")
@example("[a]\n(javascript:x)")
@example("[a](\njavascript:x)")
@example("[a](<javascript:x>)")
@example("[a][b]\n\n   [b]:\n javascript:x")
@example("- ```\n<script>")
@example("> ```\n\n<script>")
@example("    ```\n<script>")
@example("<table>\n```\n<script>")
@example("<table>\n`<script>`")
@example("<table>\n\\<script>")
@example("`a\n` <script> `")
@example("`a\n# h <script> `")
@example("a|b\n-|-\n`x|<script>`")
@example("$[a](javascript:x)$")
@example("> [a]: javascript:x\n\n[a]")
@example("- [a]: javascript:x\n\n[a]")
@example("![a](//e.org/x.png)")
def test_whatever_it_is_a_reader_of_markdown_shows_nothing_else(text: str) -> None:
    """Rendered by a reader of CommonMark that lets raw HTML through, as many do."""
    page = Page()
    page.feed(MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(cleaned(text)))
    assert page.bad == []
