"""Tables: where they are on a page, and what is in their cells.

Evidence of three kinds is weighed: ruling lines, the alignment of words, and (where a network is handed in) what
SLANet-plus sees in the picture. Pure: pixels and lines of text in, boxes and cells out. Lines and candidates are in
0..1000 of the page, as everywhere; `frame` is the part of the page that a crop shows.
"""

from collections.abc import Sequence
from operator import attrgetter
from typing import Final

from octavo.content import Table
from octavo.document import Outlines, Picture, Problem, TextLine, pixels_of, size_of
from octavo.frozen import frozen
from octavo.geometry import SCALE, Box, Size
from octavo.tables.areas import tables_among
from octavo.tables.by_network import grid_by_network
from octavo.tables.by_rules import grid_by_rules
from octavo.tables.by_words import FilledGrid, grid_by_words
from octavo.tables.choice import chosen, is_sure
from octavo.tables.columns import pieces
from octavo.tables.grid import as_table
from octavo.tables.heads import head_rows
from octavo.tables.outlined import rules_among
from octavo.tables.rules import Rules, clear_of, find_rules
from octavo.tables.segments import Segment
from octavo.tables.slanted_heads import SlantedHead, on_their_feet, slanted_heads
from octavo.tables.structure import TableStructure
from octavo.tables.typed_rules import TypedRules
from octavo.tables.words import Token, straightening, tokens, usual_height, word_boxes

_GAP: Final = 0.9  # heights of type
_TYPED_GAP: Final = 1.8  # widths of a letter of typewriter type: one space comes to 1.6 behind a comma, two to 2
_DRAWN: Final = 0.9  # share of the sides of cells that are drawn, from which on lines alone decide


@frozen
class TableCandidate:
    """An area of a page that looks like one table."""

    box: Box  # 0..1000 of the page
    score: float  # 0..1
    ruled: bool  # found by its lines; otherwise by the alignment of its text
    reason: str = ""  # for people: what it rests on
    lost: str = ""  # why it is none after all


@frozen
class TableReading:
    """One table, read."""

    table: Table  # every word handed in is in it once, but for rules that are set in type
    confidence: float  # 0..1, of the structure
    problems: tuple[Problem, ...] = ()


def find_tables(size: Size, lines: Sequence[TextLine], rules: Rules) -> list[TableCandidate]:
    """What looks like tables on a page of that size, best first; those that are `lost` turned out to be none.

    Lines need no text; text and words make it surer.
    """
    page = Box.of_page()
    if rules.horizontal or rules.vertical:
        rules = clear_of(rules, word_boxes(lines, page, size))
    typed = TypedRules.among(lines, page, size)
    lines, rules = typed.lines, typed.with_drawn(rules)
    heads = slanted_heads(lines, size)
    slanted = {id(head.line) for head in heads}
    tops = {number: line.box.on(size).top for number, line in enumerate(lines) if id(line) in slanted}
    lines = on_their_feet(lines, size)
    straight = straightening(lines, page, rules)
    words = tokens(lines, page, size, straight)
    height = usual_height(words)
    segments = [
        Segment(
            piece.left,
            piece.top,
            piece.right,
            piece.bottom,
            lines[piece.words[0].line].text and piece.text,
            number,
            lines[piece.words[0].line].on_picture,
            tops.get(piece.words[0].line, piece.top),
        )
        for number, line in enumerate(_by_line(words))
        for piece in pieces(line, _column_gap(line, height, typed=lines[line[0].line].monospace))
    ]
    found = tables_among(segments, straight.rules(rules))
    return [
        TableCandidate(
            _with_heads(Box.of(typed.box_with(straight.back(one), height), size), heads, size),
            one.score,
            one.ruled,
            one.reason,
            one.lost,
        )
        for one in found
    ]


def _with_heads(box: Box, heads: Sequence[SlantedHead], size: Size) -> Box:
    """The box of a table and of the slanted heads that stand in it and lean out of it."""
    return Box.around([box, *(head.line.box for head in heads if box.holds(Box.of(head.foot, size)))])


def _column_gap(words: Sequence[Token], height: float, *, typed: bool) -> float:
    """From what gap between the words of a line on a column may begin; pixels."""
    usual = _GAP * height
    if not typed:
        return usual
    longest = max(words, key=lambda word: len(word.text))
    return max(usual, _TYPED_GAP * longest.width / max(1, len(longest.text)))


def _by_line(words: Sequence[Token]) -> list[list[Token]]:
    lines: dict[int, list[Token]] = {}
    for word in words:
        lines.setdefault(word.line, []).append(word)
    return [sorted(line, key=attrgetter("left")) for line in lines.values()]


def read_table(
    picture: Picture,
    lines: Sequence[TextLine],
    frame: Box,
    *,
    network: TableStructure | None = None,
    outlines: Outlines | None = None,
) -> TableReading:
    """The one table in the picture, which shows `frame` of the page.

    `lines` are those inside, with text, in page units; where a line has words with boxes it can be split over cells.
    Without a network geometry alone decides. With `outlines`, which say what the picture shows besides text, it is
    looked at by the network only. Raises EngineFailed, and what drawing the picture raises.
    """
    size = size_of(picture)
    words_at = word_boxes(lines, frame, size)
    rules = find_rules(pixels_of(picture), words_at) if outlines is None else rules_among(outlines, words_at)
    typed = TypedRules.among(lines, frame, size)
    lines, rules = typed.lines, typed.with_drawn(rules)
    lines = on_their_feet(lines, (size.width * SCALE / frame.width, size.height * SCALE / frame.height))
    straight = straightening(lines, frame, rules)
    words = tokens(lines, frame, size, straight)
    if not words:
        return TableReading(Table(()), 0.0)
    level = straight.rules(rules)
    lattice = grid_by_rules(words, level)
    drawn = lattice is not None and (lattice.drawn > _DRAWN or typed.down)  # bars in type are there for the columns
    if lattice is not None and drawn and lattice.fit.misfit(level) < 0.1:
        return TableReading(_table(lattice, level), 0.97)
    alone = grid_by_words(words, level)
    sure = all(line.confidence is None for line in lines) and is_sure(alone, lattice, level)
    asked = network is not None and not sure
    seen = grid_by_network(network.read(pixels_of(picture)), words, straight) if network and asked else None
    best = chosen(words, level, lattice, alone, seen)
    return TableReading(_table(best, level), max(0.0, 1 - best.fit.misfit(level)))


def _table(read: FilledGrid, rules: Rules) -> Table:
    return as_table(read.grid, read.lines, head_rows(read.grid, read.lines, rules))
