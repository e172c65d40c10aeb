"""Formulas: those that turn out to be words, their LaTeX, and the numbers printed beside them."""

import re
from collections.abc import Sequence
from dataclasses import replace

from octavo.assemble import engine_text
from octavo.content import Content, Formula, Mixed, Prose, plain, says
from octavo.document import NOT_LATEX, Block, Label, Recognition, Region, Task
from octavo.markup.cleaning import cleaned_formula
from octavo.wording.formulas import is_formula_number, mathematical

_MOST_IN_WORDS = 0.6  # share of characters in words of three letters and more from which a formula is none


def without_false_formulas(
    regions: Sequence[Region], recognitions: Sequence[Recognition]
) -> tuple[list[Region], list[Recognition]]:
    """Formulas the engine has no LaTeX for, and whose characters turn out to be words, are text."""
    made = [_as_text(*pair) for pair in zip(regions, recognitions, strict=True)]
    return [region for region, _ in made], [recognition for _, recognition in made]


def _as_text(region: Region, recognition: Recognition) -> tuple[Region, Recognition]:
    text = recognition.text or ""
    problems = tuple(problem for problem in recognition.problems if problem.code != NOT_LATEX)
    if region.task is not Task.FORMULA or problems == recognition.problems or not _is_prose(text):
        return region, recognition
    return replace(region, label=Label.TEXT, task=Task.TEXT), replace(recognition, problems=problems)


def _is_prose(text: str) -> bool:
    words = sum(map(len, re.findall(r"[^\W\d_]{3,}", text)))
    return words > _MOST_IN_WORDS * len("".join(text.split())) and not mathematical(text, most_words=_MOST_IN_WORDS)


def content(region: Region, recognition: Recognition, text: str) -> Content:
    """LaTeX where the engine gave it; otherwise the characters that were read."""
    if any(problem.code == NOT_LATEX for problem in recognition.problems) or not text.strip():
        return engine_text.prose(text)
    return Formula(cleaned_formula(bare_latex(text)), inline=region.label is Label.INLINE_FORMULA)


def bare_latex(latex: str) -> str:
    """LaTeX without its delimiters, which are taken away in pairs only."""
    latex = latex.strip()
    for opening, closing in (("$$", "$$"), ("\\[", "\\]"), ("\\(", "\\)"), ("$", "$")):
        if latex.startswith(opening) and latex.endswith(closing) and len(latex) > len(opening) + len(closing):
            return latex[len(opening) : -len(closing)].strip()
    return latex


def with_numbers(blocks: Sequence[Block]) -> list[Block]:
    """Formula numbers moved into the formula on their left or right; one without a formula stays a text."""
    kept: list[Block] = []
    waiting: Block | None = None  # a number that may belong to the next formula
    for block in blocks:
        if waiting is not None:
            joined = _numbered(block, waiting)
            kept.append(joined or waiting)
            waiting = None
            if joined is not None:
                continue
        if _is_number(block):
            joined = _numbered(kept[-1], block) if kept else None
            if joined is not None:
                kept[-1] = joined
            else:
                waiting = block
            continue
        kept.append(block)
    return [*kept, waiting] if waiting is not None else kept


def _is_number(block: Block) -> bool:
    """A formula number by its label, or by its words."""
    if block.region.label is Label.FORMULA_NUMBER:
        return says(block.content)
    text = block.recognition.text or ""
    return block.region.label is Label.TEXT and is_formula_number(text)


def _numbered(formula: Block, number: Block) -> Block | None:
    """The formula with its number, where the two stand on one height and the formula has none yet."""
    if formula.region.label is not Label.DISPLAY_FORMULA or not says(formula.content) or not says(number.content):
        return None
    box, other = formula.region.box, number.region.box
    level = box.top - other.height < other.center[1] < box.bottom + other.height
    beside = other.left > box.left + 0.6 * box.width or other.right < box.left + 0.4 * box.width
    content = _and_number(formula.content, number)
    if not (level and beside) or content is None:
        return None
    region = replace(formula.region, box=box.joined(other), polygon=())
    read = formula.recognition
    recognition = replace(
        read, problems=read.problems + number.recognition.problems, usage=read.usage + number.recognition.usage
    )
    return replace(formula, region=region, recognition=recognition, content=content)


def _and_number(content: Content | None, number: Block) -> Content | None:
    """A formula's content with its number; None where it has one already."""
    match content:
        case Formula(latex, None) if "\\tag" not in latex:
            return replace(content, number=bare_number(number.recognition.text or ""))
        case Prose() | Mixed() if number.content is not None and "\\tag" not in plain(content):
            return engine_text.with_more(content, plain(number.content))
        case _:
            return None


def bare_number(number: str) -> str:
    """`(3)` without its brackets."""
    number = number.strip()
    for opening, closing in (("(", ")"), ("（", "）"), ("[", "]")):
        if number.startswith(opening) and number.endswith(closing):
            return number[1:-1].strip()
    return number
