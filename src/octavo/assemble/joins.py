"""What goes on over a column or page break: paragraphs, and tables with the same columns.

A block that `continues` goes on from the last body block before it with the same label. Only what is beyond doubt is
marked: a missed join costs a line break, a wrong one invents a sentence.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from octavo.content import Content, Items, Prose, Table, Verbatim, plain, says
from octavo.document import Block, Label, Page, Role, Task
from octavo.glyphs.scripts import unspaced
from octavo.markup.markdown import begins_item
from octavo.wording.lists import begins_bracketed, marker_kind
from octavo.wording.sentences import ends_sentence

_FLOWING = frozenset({Label.TEXT, Label.ABSTRACT, Label.REFERENCE_CONTENT})
# What may stand between two halves of a paragraph: it floats, the text goes around it.
_FLOATING = frozenset(
    {
        Label.IMAGE,
        Label.CHART,
        Label.TABLE,
        Label.FIGURE_TITLE,
        Label.VISION_FOOTNOTE,
        Label.FOOTNOTE,
        Label.ASIDE_TEXT,
        Label.SEAL,
        Label.HEADER,  # one that is kept in the text
        Label.FOOTER,
    }
)
_NO_PROSE = re.compile(r"\s*(?:[>|]\s|`{3}|\$\$|<table)")


def marked(pages: Iterable[Page]) -> Iterator[Page]:
    """The pages with `continues` set."""
    text: tuple[Page, Block] | None = None  # the paragraph that may go on
    table: tuple[Page, Block] | None = None
    for page in pages:
        blocks: list[Block] = []
        for block in page.blocks:
            label = block.region.label
            if block.role is Role.BODY and says(block.content):
                if label in _FLOWING and text is not None and text[1].region.label is label:
                    block = _marked(block, text, goes_on=_flows_on(*text, page, block))
                elif label is Label.TABLE and table is not None:
                    block = _marked(block, table, goes_on=_same_table(*table, page, block))
            blocks.append(block)
            if block.role is not Role.BODY:
                continue
            if label in _FLOWING:
                text = (page, block)
            elif label not in _FLOATING:
                text = None
            table = (page, block) if label is Label.TABLE else table if label in _FLOATING else None
        yield replace(page, blocks=tuple(blocks))


def _marked(block: Block, above: tuple[Page, Block], *, goes_on: bool) -> Block:
    if not goes_on:
        return block
    reason = f"goes on from block {above[1].index} of page {above[0].number + 1}"
    return replace(block, continues=True, reasons=(*block.reasons, reason))


def _flows_on(page: Page, above: Block, next_page: Page, below: Block) -> bool:
    """Whether a paragraph goes on: in another column, on the next page, or below a gap that means nothing."""
    first, second = _text_at_break(above.content).rstrip(), _text_at_break(below.content).lstrip()
    if not first or not second or _NO_PROSE.match(first) or _NO_PROSE.match(second):
        return False
    if isinstance(below.content, Items) or _begins_entry(second):
        return False
    unfinished = second[0].islower() or first[-1] in ("-", "\u2010", "\u00ad")
    entry = _begins_entry(first.rsplit("\n", 1)[-1])
    if ends_sentence(first) or next_page.number - page.number not in (0, 1):
        return False
    if next_page.number == page.number and _right_below(above, below):
        return _filled(above, below) and (unfinished or (unspaced(first[-1]) and unspaced(second[0])))
    if next_page.number == page.number and not _next_column(above, below):
        return False
    return unfinished or (not entry and _prose(above, below) and _filled(above, below) and not _indented(below))


def _begins_entry(line: str) -> bool:
    return begins_item(line) or begins_bracketed(line) or (marker_kind(line) or "").endswith((")", "."))


def _text_at_break(content: Content | None) -> str:
    """What can go on, or be what goes on: a paragraph, the last entry of a list; nothing of any other kind."""
    match content:
        case Prose() | Items():
            return plain(content)
        case Verbatim(markdown) if "\n\n" not in markdown:
            return markdown
        case _:
            return ""


def _next_column(above: Block, below: Block) -> bool:
    """Further right, and begun higher up; cells of a form stand on one height and are not that long."""
    one, other = above.region.box, below.region.box
    lines = above.recognition.lines
    row = lines[-1].box.height if lines else 0.0
    higher = other.top < one.bottom - 2.5 * row if len(lines) > 2 else other.top < one.top - row
    return other.left >= one.right - 0.1 * one.width and higher


def _prose(above: Block, below: Block) -> bool:
    """Both halves are several lines of about one width: running text rather than a form or an address."""
    if any(isinstance(half.content, Prose) and len(half.content.lines) > 1 for half in (above, below)):
        return False
    widths = sorted((above.region.box.width, below.region.box.width))
    rows = min(len(above.recognition.lines), len(below.recognition.lines))
    return rows > 2 and widths[0] > 0.8 * widths[1]


def _right_below(above: Block, below: Block) -> bool:
    """In the same column, no further down than the next line would be."""
    lines, more = above.recognition.lines, below.recognition.lines
    if not lines or not more:
        return False
    one, other = lines[-1].box, more[0].box
    shared = min(above.region.box.right, below.region.box.right) - max(above.region.box.left, below.region.box.left)
    narrower = min(above.region.box.width, below.region.box.width)
    gap = other.top - one.bottom
    return shared > 0.5 * narrower and -one.height < gap < 0.7 * max(one.height, other.height)


def _filled(above: Block, below: Block) -> bool:
    """The last row has no room for the next word: the sentence was cut by the break, not ended."""
    lines, more = above.recognition.lines, below.recognition.lines
    if not lines or not more or not more[0].text:
        return False
    right = max(line.box.right for line in lines)
    if len(lines) == 1:  # how wide the column is, only the other half can tell
        right = max(right, lines[0].box.left + max(line.box.width for line in more))
    text = more[0].text.split(None, 1)
    letters = 1 if unspaced(more[0].text) else len(text[0]) + 1
    return right - lines[-1].box.right < more[0].box.width * letters / len(more[0].text)


def _indented(block: Block) -> bool:
    lines = block.recognition.lines
    if len(lines) < 2:
        return True  # nothing to compare the first row with: take the doubtful case as a paragraph of its own
    left = min(line.box.left for line in lines)
    return lines[0].box.left - left > 0.01 * (max(line.box.right for line in lines) - left)


def _same_table(page: Page, above: Block, next_page: Page, below: Block) -> bool:
    """The next page begins with a table of the same columns and width as the one the page before ended with."""
    if next_page.number != page.number + 1 or above.region.task is not Task.TABLE:
        return False
    if _body_after(page, above) or _body_before(next_page, below):
        return False
    box, other = above.region.box, below.region.box
    if abs(box.left - other.left) > 15 or abs(box.right - other.right) > 15:
        return False
    first, second = above.content, below.content
    if not isinstance(first, Table) or not isinstance(second, Table):
        return False
    if first.columns != second.columns or first.columns < 2:
        return False
    return first.repeated_rows(second) > 0 or not second.header_rows


def _body_after(page: Page, block: Block) -> bool:
    return any(
        other.role is Role.BODY and other.index > block.index and other.region.label is not Label.FOOTNOTE
        for other in page.blocks
    )


def _body_before(page: Page, block: Block) -> bool:
    return any(other.role is Role.BODY and other.index < block.index for other in page.blocks)
