"""The Markdown that assembly writes, taken apart again for formats that are not Markdown.

Only that: headings, paragraphs with hard breaks, lists, fences, display formulas. Other mark-up in a model's own text
is shown as it stands.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

_MATH_OR_ESCAPE = re.compile(r"(\$[^$\n]+\$|\\\(.+?\\\))|\\([!-/:-@\[-`{-~])")
_FENCE = re.compile(r"(`{3,}|~{3,}).*")
_HEADING = re.compile(r"(#{1,6}) +(.*)")
_ITEM = re.compile(r"( *)([-*+]|\d{1,9}[.)]) (.*)")


@dataclass(frozen=True, slots=True)
class Heading:
    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Item:
    depth: int
    marker: str
    text: str


@dataclass(frozen=True, slots=True)
class Items:
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Code:
    text: str


@dataclass(frozen=True, slots=True)
class Formula:
    text: str  # LaTeX


Element: TypeAlias = Heading | Paragraph | Items | Code | Formula


def elements(markdown: str) -> Iterator[Element]:
    """What a piece of Markdown is made of, texts without escapes."""
    lines = markdown.split("\n")
    place = 0
    while place < len(lines):
        line = lines[place]
        if not line.strip():
            place += 1
        elif fence := _FENCE.fullmatch(line):
            end = _closing(lines, place + 1, fence[1])
            yield Code("\n".join(lines[place + 1 : end]))
            place = end + 1
        elif line.strip() == "$$":
            end = _closing(lines, place + 1, "$$")
            yield Formula("\n".join(lines[place + 1 : end]))
            place = end + 1
        elif heading := _HEADING.fullmatch(line):
            yield Heading(len(heading[1]), plain(heading[2]))
            place += 1
        else:
            end = place
            while end < len(lines) and lines[end].strip():
                end += 1
            yield _block(lines[place:end])
            place = end


def _closing(lines: list[str], start: int, mark: str) -> int:
    """The line that ends a fence or formula: its own mark alone, or the end of the text."""
    return next((n for n in range(start, len(lines)) if lines[n].strip() == mark), len(lines))


def _block(lines: list[str]) -> Element:
    if not _ITEM.fullmatch(lines[0]):
        return Paragraph(tuple(plain(line) for line in lines))
    items: list[Item] = []
    for line in lines:
        if match := _ITEM.fullmatch(line):
            items.append(Item(len(match[1]) // 4, match[2], plain(match[3])))
        else:
            last = items[-1]
            items[-1] = Item(last.depth, last.marker, f"{last.text} {plain(line)}")
    return Items(tuple(items))


def plain(line: str) -> str:
    """A line without escapes, as a reader sees it; inline formulas stay LaTeX."""
    return html.unescape(_MATH_OR_ESCAPE.sub(lambda match: match[1] or match[2], line.strip()))
