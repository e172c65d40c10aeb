"""What was read as content: plain characters (from a text layer or a reader of lines), rows, LaTeX, and a language
model's Markdown."""

import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from octavo.content import (
    Code,
    Content,
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
from octavo.document import Label
from octavo.geometry import Box
from octavo.markup import html, markdown
from octavo.wording.lists import after_number

TITLES = frozenset({Label.DOC_TITLE, Label.PARAGRAPH_TITLE})

_FENCE = re.compile(r"^(`{3,}|~{3,})", re.MULTILINE)
_HASHES = re.compile(r"^#{1,6}(?:\s+|$)")
_MODEL_BULLET = re.compile(r"^(\s*)[•·▪●◦]\s*", re.MULTILINE)
_LIST_LINE = re.compile(r"\s*(?:[-*+]|\d{1,9}[.)])\s")


@dataclass(frozen=True, slots=True)
class Row:
    """What stands on one height within a region, left to right."""

    text: str
    box: Box


# --- plain characters -------------------------------------------------------------------------------------------------


def prose(text: str) -> Content:
    """Blank lines part paragraphs, other line breaks stay line breaks."""
    chunks = (chunk.split("\n") for chunk in re.split(r"\n\s*\n", text.strip()))
    paragraphs = [Prose(tuple(runs_of(line.strip()) for line in chunk if line.strip())) for chunk in chunks]
    return paragraphs[0] if len(paragraphs) == 1 else Mixed(tuple(paragraphs))


def rows(found: Sequence[Row]) -> Prose:
    """Rows that stand for themselves."""
    return Prose(tuple(runs_of(row.text.strip()) for row in found))


def numbered(content: Content) -> Content:
    """A paragraph that begins with a number as an entry does, which is what its readers take it for."""
    match content:
        case Prose(((Run() as run,),)) if (found := after_number(run.text)) is not None:
            number, rest = found
            return Items((ListItem(number, (replace(run, text=rest),)),))
        case _:
            return content


def with_more(content: Prose | Mixed, text: str) -> Content:
    """The same with something more: at the end of its last line, or below the last of several paragraphs."""
    if isinstance(content, Mixed):
        return Mixed((*content.parts, Prose((runs_of(text),))))
    return Prose((*content.lines[:-1], (*content.lines[-1], Run(f" {text}"))))


def listing(found: Sequence[Row]) -> Code:
    """Rows of code under each other, their indentation in characters measured from where they begin."""
    widths = [row.box.width / len(row.text) for row in found if len(row.text) > 3 and row.box.width > 0]
    width = statistics.median(widths) if widths else 1.0
    left = min(row.box.left for row in found)
    pitches = [0.0, *(below.box.top - above.box.top for above, below in pairwise(found))]
    usual = statistics.median_low(pitches[1:]) if len(found) > 2 else 1.6 * found[0].box.height
    lines = [" " * round((row.box.left - left) / width) + row.text for row in found]
    text = "\n".join("\n" * (pitch > 1.5 * usual) + line for line, pitch in zip(lines, pitches, strict=True))
    return Code(text.strip("\n"))


# --- what a language model wrote --------------------------------------------------------------------------------------


def of_model(text: str, label: Label) -> Content:
    """A model's own text: bullets are list items, open fences closed, line breaks kept."""
    text = text.strip()
    if label in TITLES:
        return Prose((markdown.read_line(" ".join(unhashed(text).split())),))
    if _FENCE.search(text):
        opened = _FENCE.findall(text)
        return markdown.taken_apart(text if len(opened) % 2 == 0 else f"{text}\n{opened[-1]}")
    if label is Label.ALGORITHM and "\n" in text and "$" not in text and "\\(" not in text:
        return Code(text)
    text = _MODEL_BULLET.sub(r"\1- ", text)
    return markdown.taken_apart(_with_breaks(text.split("\n")) if "\n" in text else text)


def _with_breaks(lines: Sequence[str]) -> str:
    """Single line breaks of the model's text as hard breaks, except where Markdown keeps them anyway."""
    text = ""
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        text += line.rstrip()
        if line.strip() and following.strip():
            keeps = _LIST_LINE.match(following) or line.lstrip()[:1] in "|$<" or following.lstrip()[:1] in "|$<"
            text += "\n" if keeps else markdown.HARD_BREAK
        else:
            text += "\n"
    return text.strip()


def unhashed(text: str) -> str:
    """A heading's text without the `#` a model put before it."""
    return _HASHES.sub("", text.strip())


def model_heading(text: str) -> bool:
    """Whether a model's text for a text region is one heading."""
    return "\n" not in text.strip() and bool(_HASHES.match(text.strip())) and bool(unhashed(text))


def table(text: str) -> Content:
    """An engine's HTML; or whatever it gave instead."""
    return html.read(text) if "<table" in text else markdown.taken_apart(text.strip())


# --- headings ---------------------------------------------------------------------------------------------------------


def heading(content: Content, level: int) -> Content:
    """The same on one line as a heading of this level. Without text it is none."""
    match content:
        case Heading(_, runs):
            return Heading(level, runs)
        case Prose() | Mixed():
            runs = _on_one_line(content)
            return Heading(level, runs) if text_of(runs) else content
        case _:
            return content


def no_heading(content: Content | None) -> Content | None:
    """The same as a paragraph."""
    return Prose((content.runs,)) if isinstance(content, Heading) else content


def _on_one_line(content: Prose | Mixed) -> Runs:
    paragraphs = content.parts if isinstance(content, Mixed) else (content,)
    lines = [line for paragraph in paragraphs if isinstance(paragraph, Prose) for line in paragraph.lines]
    runs = [run for number, line in enumerate(lines) for run in (Run(" "), *line)[0 if number else 1 :]]
    return tuple(replace(run, text=re.sub(r"\s+", " ", run.text)) for run in runs)


# --- formulas ---------------------------------------------------------------------------------------------------------


def bare_latex(latex: str) -> str:
    """LaTeX without its delimiters, which are taken away in pairs only."""
    latex = latex.strip()
    for opening, closing in (("$$", "$$"), ("\\[", "\\]"), ("\\(", "\\)"), ("$", "$")):
        if latex.startswith(opening) and latex.endswith(closing) and len(latex) > len(opening) + len(closing):
            return latex[len(opening) : -len(closing)].strip()
    return latex


def bare_number(number: str) -> str:
    """`(3)` without its brackets."""
    number = number.strip()
    for opening, closing in (("(", ")"), ("（", "）"), ("[", "]")):
        if number.startswith(opening) and number.endswith(closing):
            return number[1:-1].strip()
    return number
