"""The blocks of one page, faithful to what was read: each region's parts, their labels, roles and content.

The `official` profile has a formatter of its own.
"""

import statistics
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import replace

from octavo.assemble import engine_text, formulas, furniture, headings, listings, lists, styles
from octavo.assemble.inline_formulas import with_formulas
from octavo.assemble.line_breaks import PrintedRow
from octavo.assemble.lists import ListEntry
from octavo.assemble.parts import RegionPart, Setting, divided, setting
from octavo.assemble.second_look import relabelled
from octavo.content import Content
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
    TextLine,
    TextSource,
    Usage,
)
from octavo.frozen import frozen
from octavo.geometry import SCALE, Box
from octavo.settings import ParseOptions

_SAME_INDENT = 0.6  # of the running text's size: entries of one level stand no further apart


def faithful(
    image: PageImage, regions: Sequence[Region], recognitions: Sequence[Recognition], options: ParseOptions
) -> list[Block]:
    """One block or more for every region, in reading order; none is left out."""
    page = setting(image, recognitions)
    regions, recognitions = formulas.without_false_formulas(regions, recognitions)
    regions = relabelled(image, regions, recognitions, options)
    made: list[_Made] = []
    for region, recognition in zip(regions, recognitions, strict=True):
        made.extend(_blocks(region, complete(region, recognition), page))
    blocks = _nested(_with_listings(made), _SAME_INDENT * page.size / image.size.width * SCALE)
    return [
        replace(block, index=index, content=_in_style(block))
        for index, block in enumerate(formulas.with_numbers(blocks))
    ]


def _in_style(block: Block) -> Content | None:
    """Its content with the styles, links and formulas that its lines have; a picture's reader knows none."""
    if block.content is None or block.recognition.source is not TextSource.TEXT_LAYER:
        return block.content
    lines = block.recognition.lines
    return with_formulas(styles.in_style(block.content, lines), lines)


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
    return replace(recognition, problems=problems) if problems else recognition


def _unexplained(region: Region, recognition: Recognition) -> bool:
    wanted = region.task not in (Task.SKIP, Task.ABANDON)
    return wanted and recognition.text is None and all(p.severity is not Severity.LOST for p in recognition.problems)


@frozen
class _Made:
    """A block, and the entries where it is a list, the rows where it is code."""

    block: Block
    items: tuple[ListEntry, ...] = ()
    rows: tuple[PrintedRow, ...] = ()


def _blocks(region: Region, recognition: Recognition, page: Setting) -> list[_Made]:
    if region.task is Task.ABANDON:
        return [_Made(Block(region, recognition, 0, None, Role.LEFT_OUT))]
    text = recognition.text
    if region.task is Task.SKIP:
        return [_Made(_block(region, recognition, engine_text.picture(text or "")))]
    if text is None:
        return [_Made(_block(region, recognition, None))]
    if region.task is Task.TABLE:
        return [_Made(_block(region, recognition, engine_text.table(text)))]
    if region.task is Task.FORMULA:
        return [_Made(_block(region, recognition, formulas.content(region, recognition, text)))]
    if not recognition.lines and recognition.source is TextSource.RECOGNIZER:
        return [_Made(_model_block(region, recognition, text))]
    parts = divided(region, recognition, page)
    if len(parts) == 1:
        return [_made(region, recognition, parts[0])]
    found, read = _ByHeight(region.lines), _ByHeight(recognition.lines)
    return [
        _made(
            replace(region, box=part.box, lines=found.within(part.box), polygon=()),
            _share(part, recognition, read.within(part.box), first=number == 0),
            part,
        )
        for number, part in enumerate(parts)
    ]


def _block(region: Region, recognition: Recognition, content: Content | None, reason: str | None = None) -> Block:
    """Titles with a first guess of their level; the document's own levels come once it is complete."""
    role = Role.FURNITURE if region.label in furniture.LABELS else Role.BODY
    if content is not None and region.label in headings.TITLES:
        content = headings.heading(content, 1 if region.label is Label.DOC_TITLE else 2)
    return Block(region, recognition, 0, content, role, reasons=(reason,) if reason else ())


def _model_block(region: Region, recognition: Recognition, text: str) -> Block:
    if region.label is Label.TEXT and headings.model_heading(text):
        region = replace(region, label=Label.PARAGRAPH_TITLE)
        return _block(
            region, recognition, engine_text.of_model(text, region.label), "heading: the model marks it as one"
        )
    return _block(region, recognition, engine_text.of_model(text, region.label))


def _made(region: Region, recognition: Recognition, part: RegionPart) -> _Made:
    content = part.content if part.label in headings.TITLES else lists.numbered(part.content)
    own = region if part.label is region.label else replace(region, label=part.label)
    block = _block(own, recognition, content, part.reason)
    return _Made(block, part.items, part.rows)


# --- parts of a region as regions of their own --------------------------------------------------------------------


class _ByHeight:
    """Lines by where they stand: a region of thousands may have thousands of parts."""

    def __init__(self, lines: Sequence[TextLine]) -> None:
        self._lines = lines
        self._places = sorted(range(len(lines)), key=lambda place: lines[place].box.middle)
        self._middles = [lines[place].box.middle for place in self._places]

    def within(self, box: Box) -> tuple[TextLine, ...]:
        """Those with their middle in the box, in the order they were given."""
        level = self._places[bisect_left(self._middles, box.top) : bisect_right(self._middles, box.bottom)]
        return tuple(self._lines[place] for place in sorted(level) if box.holds(self._lines[place].box))


def _share(part: RegionPart, recognition: Recognition, lines: tuple[TextLine, ...], *, first: bool) -> Recognition:
    """What of a recognition belongs to one part; what cannot be shared out stays with the first."""
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
        if merged and merged[-1].rows and one.rows and listings.goes_on(merged[-1].rows[-1], one.rows[0]):
            merged[-1] = _listing(merged[-1], one)
        else:
            merged.append(one)
    return merged


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
    content = listings.listing(rows)
    return _Made(replace(above.block, region=region, recognition=recognition, content=content), rows=rows)


# --- lists ----------------------------------------------------------------------------------------------------------


def _nested(made: Sequence[_Made], tolerance: float) -> list[Block]:
    """The blocks, entries of lists as deep as they are on the page; blocks are not merged."""
    depths = lists.depths([one.items for one in made], tolerance)
    return [
        replace(one.block, content=lists.listed(one.items, deep)) if one.items else one.block
        for one, deep in zip(made, depths, strict=True)
    ]
