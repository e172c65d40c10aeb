"""Rows that stand for themselves: those of an address, a poem, a table of contents."""

import re
from collections.abc import Sequence
from itertools import pairwise

from octavo.content import Prose, runs_of
from octavo.frozen import frozen
from octavo.geometry import Box, on_one_height
from octavo.glyphs.scripts import unspaced
from octavo.layout.paragraphs import Paragraph
from octavo.layout.side_by_side import Row
from octavo.layout.verse import are_named, is_verse
from octavo.wording.headings import is_contents_line, is_numbered

_ADDRESS = re.compile(r"\S+@\S|https?://|www\.")
_DIVIDED = re.compile(r"[^\W\d_][-\u2010\u00ad]$")
_SHORT_ROWS = 35  # mean characters of rows below which three that begin with capitals or digits are no prose
_MOST = 0.85  # of the rows
_FEWEST_ENTRIES = 3  # rows that end in a figure, which rows of running text seldom do
_SHORT_PAIR = 25  # the same for two


@frozen
class PrintedRow:
    """What stands on one height within a region, left to right."""

    text: str
    box: Box


def rows_of(paragraph: Paragraph) -> list[PrintedRow]:
    return [PrintedRow(row.text, Box.around(line.source.box for line in row.lines)) for row in paragraph.rows]


def entries_of(paragraphs: Sequence[Paragraph]) -> list[PrintedRow]:
    """Those of a table of contents: number, title and page stand on one height, a title may have several lines.

    A row without a page goes on in the next one, if that begins where its title does and with no number of its own.
    """
    rows = (row for paragraph in paragraphs for row in paragraph.rows)
    made: list[PrintedRow] = []
    above: Sequence[Row] = ()  # without a page
    for level in on_one_height(rows, lambda first, row: 0.5 * min(first.size, row.size)):
        text = " ".join(row.text for row in level)
        box = Box.around(line.source.box for row in level for line in row.lines)
        title = above[-1].lines[-1].left if above else 0.0
        if made and _goes_on(made[-1], text):
            words, _, page = made[-1].text.rpartition(" ")
            made[-1] = PrintedRow(f"{words} {text} {page}", made[-1].box.joined(box))
        elif above and not is_numbered(text) and abs(level[0].left - title) < level[0].size:
            made[-1] = PrintedRow(f"{made[-1].text} {text}", made[-1].box.joined(box))
        else:
            made.append(PrintedRow(text, box))
        has_number = sum(len(row.lines) for row in level) > 1
        above = level if has_number and not is_contents_line(text) else ()
    return made


def _goes_on(entry: PrintedRow, text: str) -> bool:
    """Whether a row is the rest of the title above it, whose page stands beside its first row."""
    return entry.text[-1:].isdecimal() and text[:1].islower() and not text[-1:].isdecimal() and not is_numbered(text)


def lines(found: Sequence[PrintedRow]) -> Prose:
    """They, as content."""
    return Prose(tuple(runs_of(row.text.strip()) for row in found))


def broken_on_purpose(paragraph: Paragraph) -> bool:
    """Whether rows end where they are meant to, as in an address, a form or a poem.

    Either the next word had found room, which lines that are filled before the next begins never leave, whatever the
    width of the column; or rows are short and begin like something new, all but one in many.
    """
    rows = paragraph.rows
    if any(below.middle - above.middle < 0.5 * below.size for above, below in pairwise(rows)):
        return False  # pieces of one row, far apart
    if any(_DIVIDED.search(above.text) and below.text[:1].islower() for above, below in pairwise(rows)):
        return False  # a word is divided at the end of a row: only in running text
    slack = [(row.left - paragraph.left, paragraph.right - row.right) for row in rows]
    size = paragraph.size
    centred = all(abs(left - right) < 0.8 * size for left, right in slack)
    room = [left + right if centred else right for left, right in slack]
    early = sum(
        gap > 0.5 * below.size and gap > below.first_word + 0.5 * below.size  # no word has less than no room
        for gap, below in zip(room, rows[1:], strict=False)
    )
    if 2 * early >= len(rows) - 1 > 0 or is_verse(rows) or are_named(rows):
        return True
    if len(rows) >= _FEWEST_ENTRIES and sum(row.text[-1:].isdigit() for row in rows) >= _MOST * len(rows):
        return True  # entries of an index
    shortest_prose = _SHORT_PAIR if len(rows) == 2 else _SHORT_ROWS
    short = sum(len(row.text) for row in rows) < shortest_prose * len(rows)
    begins = sum(_begins(row.text) for row in rows)
    return len(rows) > 1 and short and begins >= _MOST * len(rows)


def _begins(text: str) -> bool:
    """Whether a row looks like the first of something: a capital, a digit, a sign, an address of the net, a name like
    iLab's or "eMail:", which has its capital further on."""
    if unspaced(text):
        return False
    first, _, _ = text.partition(" ")
    return not first[:1].islower() or any(map(str.isupper, first)) or bool(_ADDRESS.match(text))
