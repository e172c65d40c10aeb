"""A region taken apart by what its lines say: paragraphs, list items, headings, code, page numbers.

Layout sees shapes; some things only the text tells. Where a recogniser hands over its lines, they are grouped into
rows, rows into parts, and each part gets the label it turned out to have. The recogniser's own joining of lines is
kept: a part's text is the stretch of `Recognition.text` that its rows cover.
"""

import re
import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise

from octavo import prose
from octavo.document import Label, Recognition, Region, Task, TextLine
from octavo.geometry import Box


class Form(StrEnum):
    """How a part's rows hang together."""

    PROSE = "prose"  # rows flow: their breaks mean nothing
    LINES = "lines"  # each row stands for itself
    ITEMS = "items"  # a list
    CODE = "code"  # rows and their indentation stand


@dataclass(frozen=True, slots=True)
class Row:
    """What stands on one height within a region, left to right."""

    text: str
    box: Box
    font_size: float | None
    bold: bool
    monospace: bool


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a list: the bullet or number it starts with, how deep it is nested, its text."""

    marker: str  # "-" for any bullet, else as printed: "3.", "b)"
    text: str
    left: float  # where it begins, 0..1000 of the page
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a region with one label and one form."""

    label: Label
    form: Form
    box: Box
    text: str  # PROSE: joined
    rows: tuple[Row, ...] = ()
    items: tuple[Item, ...] = ()


# Labels whose regions may hold more than one thing; the others are taken as the layout says.
_DIVISIBLE = frozenset(
    {
        Label.TEXT,
        Label.ABSTRACT,
        Label.CONTENT,
        Label.REFERENCE,
        Label.REFERENCE_CONTENT,
        Label.FOOTNOTE,
        Label.ASIDE_TEXT,
        Label.ALGORITHM,
    }
)

_BULLETS = "•·●○◦▪▫■□◆◇▶►➢➤✓✔‣⁃∙\uf0b7\uf0a7\uf0d8\uf076\uf0fc"
_BULLET = re.compile(rf"[{_BULLETS}]\s*(?=\S)|[-–—*]\s+(?=\S)")
_NUMBER = re.compile(r"(?:(\d{1,3})[.)．]|[(（](\d{1,3})[)）])\s*(?=\D)")
_LETTER = re.compile(r"(?:([a-zA-Z])\)|[(（]([a-zA-Z])[)）])\s*(?=\S)")
_REFERENCE = re.compile(r"(?:\[(\d{1,4})\])\s*(?=\S)")
_SENTENCE_END = re.compile(r"[.!?:;。！？：；…][\"'”’»)\]）」』]*$")
_CONTENTS_LINE = re.compile(r"(?:\.{3,}|(?:\. ){3,}|…{2,}|·{3,}|_{3,})\s*(?:\d{1,4}|[ivxlc]+)$")


def divided(region: Region, recognition: Recognition, *, aspect: float, body_size: float | None) -> list[Part]:
    """The parts of a text region in reading order; one part, labelled as the region, where the lines tell no more.

    `aspect` is the page's height over its width (boxes are 0..1000 both ways); `body_size` the page's usual font
    size in points, where it is known.
    """
    text = recognition.text or ""
    rows = list(_rows(recognition.lines))
    if region.task is not Task.TEXT or region.label not in _DIVISIBLE or not rows:
        return [Part(region.label, Form.PROSE, region.box, text, tuple(rows))]
    texts = _Texts(text, rows)
    if _is_code(region.label, rows):
        return [Part(Label.ALGORITHM, Form.CODE, region.box, text, tuple(rows))]
    if region.label is Label.CONTENT or sum(bool(_CONTENTS_LINE.search(row.text)) for row in rows) * 2 > len(rows):
        return [Part(Label.CONTENT, Form.LINES, region.box, text, tuple(rows))]
    starts = _starts(rows, region.label, aspect)
    bounds = [*starts, len(rows)]
    pieces = [range(first, last) for first, last in pairwise(bounds)]
    parts: list[Part] = []
    for piece in pieces:
        part = _part(rows, piece, region.label, texts, body_size, last=piece.stop == len(rows))
        if part.items and parts and parts[-1].items:
            parts[-1] = _one_list(parts[-1], part)
        else:
            parts.append(part)
    parts = [_nested(part, aspect) if part.items else part for part in parts]
    return [replace(parts[0], box=region.box)] if len(parts) == 1 else parts


# --- rows ---------------------------------------------------------------------------------------------------------


def _rows(lines: Iterable[TextLine]) -> Iterator[Row]:
    """Lines that stand side by side become one row."""
    row: Row | None = None
    for line in lines:
        if not (line.text or "").strip():
            continue
        new = Row((line.text or "").strip(), line.box, line.font_size, line.bold, line.monospace)
        if row is not None and _beside(row.box, new.box):
            row = replace(
                row,
                text=f"{row.text} {new.text}",
                box=row.box.joined(new.box),
                bold=row.bold and new.bold,
                monospace=row.monospace and new.monospace,
            )
        else:
            if row is not None:
                yield row
            row = new
    if row is not None:
        yield row


def _beside(left: Box, right: Box) -> bool:
    shared = min(left.bottom, right.bottom) - max(left.top, right.top)
    return shared > 0.6 * min(left.height, right.height) and right.left > left.right - 0.2 * left.height


class _Texts:
    """Finds the stretch of a recognition's text that a range of rows covers."""

    def __init__(self, text: str, rows: Sequence[Row]) -> None:
        self._text, self._rows = text, rows
        self._offsets = _offsets(text, rows)

    def of(self, rows: range) -> str:
        if self._offsets is None:
            return prose.paragraph(self._rows[number].text for number in rows)
        return " ".join(self._text[self._offsets[rows.start] : self._offsets[rows.stop]].split())


def _offsets(text: str, rows: Sequence[Row]) -> list[int] | None:
    """Where each row begins in the text, and the text's end; None where the rows do not spell the text.

    Only spaces, and a hyphen at the end of a row, may differ.
    """
    offsets, place = [], 0
    for row in rows:
        while place < len(text) and text[place].isspace():
            place += 1
        offsets.append(place)
        characters = [character for character in row.text if not character.isspace()]
        for number, character in enumerate(characters):
            while place < len(text) and text[place].isspace():
                place += 1
            if place < len(text) and text[place] == character:
                place += 1
            elif not (number == len(characters) - 1 and character in "-\u2010\u00ad"):
                return None
    return [*offsets, len(text)] if not text[place:].strip() else None


# --- where a part begins ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Column:
    """A run of rows one below the other: where it starts, its margins, its usual pitch. x in 0..1000 of the page."""

    first: int
    left: float
    right: float
    pitch: float
    em: float  # width of an em, about the height of a row


def _columns(rows: Sequence[Row], aspect: float) -> list[_Column]:
    starts = [0] + [n for n in range(1, len(rows)) if rows[n].box.bottom < rows[n - 1].box.top + rows[n].box.height]
    columns = []
    for first, end in zip(starts, [*starts[1:], len(rows)], strict=True):
        run = [row.box for row in rows[first:end]]
        height = statistics.median(box.height for box in run)
        pitches = [low.center[1] - high.center[1] for high, low in pairwise(run)]
        pitch = statistics.median_low(pitches) if pitches else 1.3 * height
        columns.append(
            _Column(first, min(b.left for b in run), max(b.right for b in run), pitch, 0.8 * height * aspect)
        )
    return columns


def _starts(rows: Sequence[Row], label: Label, aspect: float) -> list[int]:
    """The rows that begin a part. The first always does."""
    columns = _columns(rows, aspect)
    marked = _marked(rows, columns)
    hanging = _hanging(rows, columns, label)
    starts = [0]
    column = 0
    for number in range(1, len(rows)):
        new_column = column + 1 < len(columns) and columns[column + 1].first == number
        column += new_column
        if (
            number in marked
            or _style_changes(rows[number - 1], rows[number])
            or (_at_left(rows[number], columns[column]) if hanging else False)
            or (not new_column and _breaks(rows, number, columns[column]))
        ):
            starts.append(number)
    return starts


def _at_left(row: Row, column: _Column) -> bool:
    return row.box.left - column.left < 0.5 * column.em


def _hanging(rows: Sequence[Row], columns: Sequence[_Column], label: Label) -> bool:
    """References set with a hanging indent: the rows at the margin begin an entry."""
    if label not in (Label.REFERENCE, Label.REFERENCE_CONTENT) or len(rows) < 3:
        return False
    column = columns[0]
    inner = [row for row in rows if 0.8 * column.em < row.box.left - column.left < 6 * column.em]
    return len(inner) * 3 > len(rows) and _at_left(rows[0], column)


def _style_changes(above: Row, below: Row) -> bool:
    """Size or weight of a whole row differs from the row above: the type of a heading, or of what follows it."""
    if above.font_size and below.font_size and not 0.87 < above.font_size / below.font_size < 1.15:
        return True
    return above.bold != below.bold and len(above.text) > 1 and len(below.text) > 1


def _breaks(rows: Sequence[Row], number: int, column: _Column) -> bool:
    """Gap, indent, or a short last row tell that a paragraph ended above this row."""
    above, row = rows[number - 1], rows[number]
    height = min(above.box.height, row.box.height)
    if row.box.center[1] - above.box.center[1] > max(1.45 * column.pitch, column.pitch + 0.45 * height):
        return True
    indent = row.box.left - column.left
    indented = 0.7 * column.em < indent < 6 * column.em
    if indented and _at_left(above, column) and (number + 1 == len(rows) or _at_left(rows[number + 1], column)):
        return bool(_SENTENCE_END.search(above.text)) or not row.text[0].islower()
    short = column.right - above.box.right > 0.15 * (column.right - column.left)
    return short and bool(_SENTENCE_END.search(above.text)) and not row.text[0].islower()


def _marked(rows: Sequence[Row], columns: Sequence[_Column]) -> frozenset[int]:
    """The rows that start with the bullet or number of a list or of a reference.

    A number counts only in company: where the entries count on. `1987.` at the start of a row is a year.
    """
    marked = {n for n, row in enumerate(rows) if row.text[0] in _BULLETS and _BULLET.match(row.text)}
    dashes = [n for n, row in enumerate(rows) if row.text[0] in "-–—*" and _BULLET.match(row.text)]
    if len(dashes) > 1 or dashes == [0]:
        marked.update(dashes)
    for pattern in (_NUMBER, _LETTER, _REFERENCE):
        found = [(n, _ordinal(match)) for n, row in enumerate(rows) if (match := pattern.match(row.text))]
        marked.update(_counting(found))
    return frozenset(marked)


def _ordinal(match: re.Match[str]) -> int:
    value = next(group for group in match.groups() if group)
    return int(value) if value.isdecimal() else ord(value.lower()) - ord("a") + 1


def _counting(found: Sequence[tuple[int, int]]) -> Iterator[int]:
    """The rows whose numbers follow one on the other, at least two, or a lone one at the very top."""
    run: list[tuple[int, int]] = []
    for row, value in [*found, (-1, -1)]:
        if run and value == run[-1][1] + 1:
            run.append((row, value))
        elif row == -1 or not run or value == 1 or len(run) == 1:
            if len(run) > 1 or (run and run[0][0] == 0):
                yield from (number for number, _ in run)
            run = [(row, value)]


# --- what a part is -----------------------------------------------------------------------------------------------


def _is_code(label: Label, rows: Sequence[Row]) -> bool:
    if label is Label.ALGORITHM:
        return True
    fixed = sum(len(row.text) for row in rows if row.monospace)
    return len(rows) > 1 and fixed > 0.8 * sum(len(row.text) for row in rows)


def _part(
    rows: Sequence[Row], piece: range, label: Label, texts: _Texts, body_size: float | None, *, last: bool
) -> Part:
    own = tuple(rows[number] for number in piece)
    box = own[0].box
    for row in own[1:]:
        box = box.joined(row.box)
    text = texts.of(piece)
    if label is not Label.REFERENCE_CONTENT and label is not Label.REFERENCE:
        item = _item(text, own[0].box.left, alone=len(rows) == len(own))
        if item is not None:
            return Part(label, Form.ITEMS, box, text, own, (item,))
    if label in (Label.TEXT, Label.ABSTRACT) and _is_heading(own, text, body_size, last=last):
        label = Label.PARAGRAPH_TITLE
    return Part(label, Form.PROSE, box, text, own)


def _item(text: str, left: float, *, alone: bool) -> Item | None:
    bullet = _BULLET.match(text)
    if bullet and (text[0] in _BULLETS or not alone):
        return Item("-", text[bullet.end() :], left)
    number = _NUMBER.match(text) or _LETTER.match(text)
    if number and not alone:
        return Item(number.group().strip(), text[number.end() :], left)
    return None


def _is_heading(rows: Sequence[Row], text: str, body_size: float | None, *, last: bool) -> bool:
    """Set larger than the body, or bold above what follows; short, and no sentence."""
    if len(rows) > 3 or len(text) > 150 or not any(character.isalpha() for character in text):
        return False
    if text[-1] in ".,;:。，；：" or text[0].islower():
        return False
    sizes = [row.font_size for row in rows if row.font_size]
    if sizes and body_size and min(sizes) >= 1.15 * body_size:
        return True
    return not last and len(rows) < 3 and all(row.bold for row in rows)


def _one_list(first: Part, second: Part) -> Part:
    return replace(
        first,
        box=first.box.joined(second.box),
        text=f"{first.text}\n{second.text}",
        rows=first.rows + second.rows,
        items=first.items + second.items,
    )


def _nested(part: Part, aspect: float) -> Part:
    """Depths of a list's items from where they are indented."""
    tolerance = 0.6 * part.rows[0].box.height * aspect
    stack: list[float] = []
    items = []
    for item in part.items:
        while stack and item.left < stack[-1] - tolerance:
            stack.pop()
        if not stack or item.left > stack[-1] + tolerance:
            stack.append(item.left)
        items.append(replace(item, depth=len(stack) - 1))
    return replace(part, items=tuple(items))
