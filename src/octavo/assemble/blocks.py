"""The blocks of one page, faithful to what was read: each region's parts, their labels, roles and content.

The `official` profile has a formatter of its own.
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace

from octavo.assemble import contents
from octavo.assemble.contents import Row
from octavo.assemble.parts import Item, Part, Setting, divided, listed, setting
from octavo.assemble.second_look import NOT_LATEX, relabelled, without_false_formulas
from octavo.content import Content, Formula, Mixed, Picture, Prose, plain, says
from octavo.document import (
    Block,
    Label,
    PageImage,
    Problem,
    Recognition,
    Region,
    Role,
    Severity,
    Task,
    TextSource,
    Usage,
)
from octavo.geometry import SCALE, Box
from octavo.settings import ParseOptions
from octavo.wording.formulas import is_formula_number

_FURNITURE = frozenset({Label.HEADER, Label.FOOTER, Label.NUMBER, Label.HEADER_IMAGE, Label.FOOTER_IMAGE})


def faithful(
    image: PageImage, regions: Sequence[Region], recognitions: Sequence[Recognition], options: ParseOptions
) -> list[Block]:
    """One block or more for every region, in reading order; none is left out."""
    page = setting(image, recognitions)
    regions, recognitions = without_false_formulas(regions, recognitions)
    regions = relabelled(image, regions, recognitions, options)
    made: list[_Made] = []
    for region, recognition in zip(regions, recognitions, strict=True):
        made.extend(_blocks(region, complete(region, recognition), page))
    blocks = _nested(_with_listings(made), 0.6 * page.size / image.size.width * SCALE)
    return [replace(block, index=index) for index, block in enumerate(_numbered_formulas(blocks))]


def complete(region: Region, recognition: Recognition) -> Recognition:
    """The recognition with its problems placed, and one added where nothing says why there is no text."""
    problems = tuple(
        replace(
            problem,
            page=region.page if problem.page is None else problem.page,
            box=problem.box or region.box,
            label=problem.label or region.label,
        )
        for problem in recognition.problems
    )
    if region.task is Task.ABANDON and not problems:
        message = f"left out: regions labelled {region.label} are not read under the label mapping"
        saved = "\n".join(line.text for line in region.lines if line.text) or None
        left_out = Problem("left_out", message, Severity.LEFT_OUT, region.page, region.box, region.label, saved)
        problems = (left_out,)
    elif _unexplained(region, recognition):
        message = "the engine gave no text and no reason"
        problems = (*problems, Problem("not_read", message, Severity.LOST, region.page, region.box, region.label))
    return replace(recognition, problems=problems)


def _unexplained(region: Region, recognition: Recognition) -> bool:
    wanted = region.task not in (Task.SKIP, Task.ABANDON)
    return wanted and recognition.text is None and all(p.severity is not Severity.LOST for p in recognition.problems)


@dataclass(frozen=True, slots=True)
class _Made:
    """A block, and the entries where it is a list, the rows where it is code."""

    block: Block
    items: tuple[Item, ...] = ()
    rows: tuple[Row, ...] = ()


def _blocks(region: Region, recognition: Recognition, page: Setting) -> list[_Made]:
    if region.task is Task.ABANDON:
        return [_Made(Block(region, recognition, 0, None, Role.LEFT_OUT))]
    text = recognition.text
    if region.task is Task.SKIP:
        return [_Made(_block(region, recognition, Picture()))]
    if text is None:
        return [_Made(_block(region, recognition, None))]
    if region.task is Task.TABLE:
        return [_Made(_block(region, recognition, contents.table(text)))]
    if region.task is Task.FORMULA:
        return [_Made(_block(region, recognition, _formula(region, recognition, text)))]
    if not recognition.lines and recognition.source is TextSource.RECOGNIZER:
        return [_Made(_model_block(region, recognition, text))]
    parts = divided(region, recognition, page)
    if len(parts) == 1:
        return [_made(region, recognition, parts[0])]
    return [
        _made(_region_of(part, region), _share(part, recognition, first=number == 0), part)
        for number, part in enumerate(parts)
    ]


def _block(region: Region, recognition: Recognition, content: Content | None) -> Block:
    """Titles with a first guess of their level; the document's own levels come once it is complete."""
    role = Role.FURNITURE if region.label in _FURNITURE else Role.BODY
    if content is not None and region.label in contents.TITLES:
        content = contents.heading(content, 1 if region.label is Label.DOC_TITLE else 2)
    return Block(region, recognition, 0, content, role)


def _formula(region: Region, recognition: Recognition, text: str) -> Content:
    if any(problem.code == NOT_LATEX for problem in recognition.problems) or not text.strip():
        return contents.prose(text)
    return Formula(contents.bare_latex(text), inline=region.label is Label.INLINE_FORMULA)


def _model_block(region: Region, recognition: Recognition, text: str) -> Block:
    if region.label is Label.TEXT and contents.model_heading(text):
        region = replace(region, label=Label.PARAGRAPH_TITLE)
    return _block(region, recognition, contents.of_model(text, region.label))


def _made(region: Region, recognition: Recognition, part: Part) -> _Made:
    content = part.content if part.label in contents.TITLES else contents.numbered(part.content)
    return _Made(_block(replace(region, label=part.label), recognition, content), part.items, part.rows)


# --- parts of a region as regions of their own --------------------------------------------------------------------


def _region_of(part: Part, region: Region) -> Region:
    lines = tuple(line for line in region.lines if part.box.contains(*line.box.center))
    return replace(region, box=part.box, lines=lines, polygon=())


def _share(part: Part, recognition: Recognition, *, first: bool) -> Recognition:
    """What of a recognition belongs to one part; what cannot be shared out stays with the first."""
    lines = tuple(line for line in recognition.lines if part.box.contains(*line.box.center))
    known = [line.confidence for line in lines if line.confidence is not None]
    return replace(
        recognition,
        text=part.text,
        lines=lines,
        confidence=statistics.fmean(known) if known else recognition.confidence,
        problems=recognition.problems if first else (),
        steps=recognition.steps if first else (),
        usage=recognition.usage if first else Usage(),
    )


# --- code -----------------------------------------------------------------------------------------------------------


def _with_listings(made: Sequence[_Made]) -> list[_Made]:
    """Pieces of code right below each other are one listing: a blank line in it has parted them."""
    merged: list[_Made] = []
    for one in made:
        if merged and merged[-1].rows and one.rows and _one_listing(merged[-1].rows[-1].box, one.rows[0].box):
            merged[-1] = _listing(merged[-1], one)
        else:
            merged.append(one)
    return merged


def _one_listing(above: Box, below: Box) -> bool:
    return -above.height < below.top - above.bottom < 2.5 * above.height and below.left < above.right


def _listing(above: _Made, below: _Made) -> _Made:
    rows = above.rows + below.rows
    first, second = above.block.recognition, below.block.recognition
    recognition = replace(
        first,
        text=f"{first.text}\n{second.text}",
        lines=first.lines + second.lines,
        problems=first.problems + second.problems,
        usage=first.usage + second.usage,
    )
    one, other = above.block.region, below.block.region
    region = replace(one, box=one.box.joined(other.box), lines=one.lines + other.lines, polygon=())
    content = contents.listing(rows)
    return _Made(replace(above.block, region=region, recognition=recognition, content=content), rows=rows)


# --- lists ----------------------------------------------------------------------------------------------------------


def _nested(made: Sequence[_Made], tolerance: float) -> list[Block]:
    """Entries of lists that follow each other are as deep as they are indented; blocks are not merged.

    `tolerance` is how far an entry may stand from another of its level, in 0..1000 of the page's width.
    """
    blocks: list[Block] = []
    lefts: list[float] = []  # of the levels that are open
    above: Item | None = None
    for one in made:
        depths: list[int] = []
        for item in one.items:
            if above is None or item.box.top < above.box.top:  # a new list, or another column
                lefts.clear()
            while lefts and item.box.left < lefts[-1] - tolerance:
                lefts.pop()
            if not lefts or item.box.left > lefts[-1] + tolerance:
                lefts.append(item.box.left)
            depths.append(len(lefts) - 1)
            above = item
        above = above if one.items else None
        blocks.append(replace(one.block, content=listed(one.items, depths)) if one.items else one.block)
    return blocks


# --- formula numbers ------------------------------------------------------------------------------------------------


def _numbered_formulas(blocks: Sequence[Block]) -> list[Block]:
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
    content = _with_number(formula.content, number)
    if not (level and beside) or content is None:
        return None
    region = replace(formula.region, box=box.joined(other), polygon=())
    read = formula.recognition
    recognition = replace(
        read, problems=read.problems + number.recognition.problems, usage=read.usage + number.recognition.usage
    )
    return replace(formula, region=region, recognition=recognition, content=content)


def _with_number(content: Content | None, number: Block) -> Content | None:
    """A formula's content with its number; None where it has one already."""
    match content:
        case Formula(latex, None) if "\\tag" not in latex:
            return replace(content, number=contents.bare_number(number.recognition.text or ""))
        case Prose() | Mixed() if number.content is not None and "\\tag" not in plain(content):
            return contents.with_more(content, plain(number.content))
        case _:
            return None
