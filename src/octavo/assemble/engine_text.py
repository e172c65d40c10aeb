"""What an engine returned as content: plain characters, a language model's Markdown, the HTML of a table."""

import re
from collections.abc import Sequence

from octavo.assemble import headings
from octavo.content import (
    Code,
    Content,
    Mixed,
    Picture,
    Prose,
    Run,
    runs_of,
)
from octavo.document import Label
from octavo.markup import html, markdown
from octavo.markup.cleaning import cleaned
from octavo.wording.captions import are_labels
from octavo.wording.lists import with_dashes

_FENCE = re.compile(r"^(`{3,}|~{3,})", re.MULTILINE)


# --- plain characters -------------------------------------------------------------------------------------------------


def prose(text: str) -> Content:
    """Blank lines part paragraphs, other line breaks stay line breaks."""
    text = text.strip()
    if "\n" not in text:  # nearly all
        return Prose((runs_of(text),) if text else ())
    chunks = (chunk.split("\n") for chunk in re.split(r"\n\s*\n", text))
    paragraphs = [Prose(tuple(runs_of(line.strip()) for line in chunk if line.strip())) for chunk in chunks]
    return paragraphs[0] if len(paragraphs) == 1 else Mixed(tuple(paragraphs))


def with_more(content: Prose | Mixed, text: str) -> Content:
    """The same with something more: at the end of its last line, or below the last of several paragraphs."""
    if isinstance(content, Mixed):
        return Mixed((*content.parts, Prose((runs_of(text),))))
    return Prose((*content.lines[:-1], (*content.lines[-1], Run(f" {text}"))))


# --- what a language model wrote --------------------------------------------------------------------------------------


def of_model(text: str, label: Label) -> Content:
    """A model's own text: bullets are list items, open fences closed, line breaks kept."""
    text = cleaned(text.strip())
    if label in headings.TITLES:
        return Prose((markdown.read_line(" ".join(headings.unhashed(text).split())),))
    if ("```" in text or "~~~" in text) and (opened := _FENCE.findall(text)):
        return markdown.taken_apart(text if len(opened) % 2 == 0 else f"{text}\n{opened[-1]}")
    if label is Label.ALGORITHM and "\n" in text and "$" not in text and "\\(" not in text:
        return Code(text)
    text = with_dashes(text)
    return markdown.taken_apart(_with_breaks(text.split("\n")) if "\n" in text else text)


def _with_breaks(lines: Sequence[str]) -> str:
    """Single line breaks of the model's text as hard breaks, except where Markdown keeps them anyway."""
    text = ""
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        text += line.rstrip()
        if line.strip() and following.strip():
            keeps = markdown.begins_item(following) or line.lstrip()[:1] in "|$<" or following.lstrip()[:1] in "|$<"
            text += "\n" if keeps else markdown.HARD_BREAK
        else:
            text += "\n"
    return text.strip()


def picture(text: str) -> Picture:
    """A picture and the text in it, a line each."""
    lines = tuple(line.strip() for line in html.unturned(text).splitlines() if line.strip())
    return Picture(lines, labels=bool(lines) and are_labels(lines))


def table(text: str) -> Content:
    """An engine's HTML; or whatever it gave instead."""
    return html.read(text) if "<table" in text else markdown.taken_apart(cleaned(text.strip()))
