"""A region taken apart by what its lines say: paragraphs, list items, headings, code.

Layout networks see shapes; some things only the text tells. Where the embedded detector knew the words, its regions
are paragraphs already; those of a network, of a scan, and whole pages are divided here. The recogniser's own joining
of lines is kept: a part's text is the stretch of `Recognition.text` that its lines cover.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

from octavo.assemble import contents
from octavo.assemble.contents import Row
from octavo.content import Content, Form, FormRow, Items, ListItem, runs_of
from octavo.document import Label, Origin, PageImage, Recognition, Region, Task, TextLine, TextSource
from octavo.geometry import Box, on_one_height
from octavo.glyphs.scripts import unspaced
from octavo.layout import paragraphs
from octavo.layout import rows as layout_rows
from octavo.layout.flow import paragraphs_in_order
from octavo.layout.lines import read_from_right, straightened, typical_size
from octavo.wording import prose
from octavo.wording.headings import is_contents_line
from octavo.wording.lists import after_bullet, after_number, ordinal
from octavo.wording.sentences import ends_clause, names_field


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a list: the bullet or number it starts with, its text, and where it begins."""

    marker: str  # "-" for any bullet, else as printed: "3."
    text: str
    box: Box


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a region with one label, and what it says."""

    label: Label
    box: Box
    text: str  # as it was read
    content: Content
    rows: tuple[Row, ...] = ()  # where it is code: more of it may follow
    items: tuple[Item, ...] = ()  # where it is a list: how deep they are, the page tells


@dataclass(frozen=True, slots=True)
class Setting:
    """What a region's lines are judged against: the page they stand on, and the size of its running text."""

    page: PageImage
    size: float  # pixels
    known: bool  # sizes are those of a text layer, not heights of boxes
    typewritten: bool  # most of it is set in typewriter type


# Labels whose regions may hold more than one thing; the others are taken as the layout says.
_DIVISIBLE = frozenset(
    {Label.TEXT, Label.ABSTRACT, Label.REFERENCE, Label.REFERENCE_CONTENT, Label.FOOTNOTE, Label.ASIDE_TEXT}
)
_REFERENCES = frozenset({Label.REFERENCE, Label.REFERENCE_CONTENT})
_WITH_HEADINGS = frozenset({Label.TEXT, Label.ABSTRACT})
_WITH_ITEMS = frozenset({Label.TEXT, Label.ABSTRACT, Label.ASIDE_TEXT})

_ADDRESS = re.compile(r"\S+@\S|https?://|www\.")
_SHORT_ROWS = 35  # mean characters of rows below which three that begin with capitals or digits are no prose
_MOST = 0.85  # of the rows
_SHORT_PAIR = 25  # the same for two


def setting(page: PageImage, recognitions: Iterable[Recognition]) -> Setting:
    """The size of a page's running text, from all that was read on it."""
    lines = straightened((line for read in recognitions for line in read.lines if line.text), page.size, dpi=page.dpi)
    known = any(line.source.font_size for line in lines)
    typewritten = sum(line.width for line in lines if line.source.monospace) > 0.6 * sum(line.width for line in lines)
    return Setting(page, typical_size(lines), known, typewritten)


def divided(region: Region, recognition: Recognition, page: Setting) -> list[Part]:
    """The parts of a text region in reading order; one, labelled as the region, where the lines tell no more."""
    lines = [line for line in recognition.lines if (line.text or "").strip()]
    text = recognition.text or ""
    whole = Part(region.label, region.box, text, contents.prose(text))
    if region.task is not Task.TEXT or not lines:
        return [whole]
    known, references = _grouped_by_words(region, recognition), region.label in _REFERENCES
    grouped = _grouped(lines, page.page, known=known, references=references)
    rows = [row for paragraph in grouped for row in _rows(paragraph)]
    if not rows:  # lines without an extent
        return [whole]
    if region.label is Label.ALGORITHM or (not known and region.label in _DIVISIBLE and _is_code(grouped, page)):
        return [replace(whole, label=Label.ALGORITHM, content=contents.listing(rows), rows=tuple(rows))]
    if region.label is Label.CONTENT or sum(is_contents_line(row.text) for row in rows) * 2 > len(rows):
        return [replace(whole, label=Label.CONTENT, content=contents.rows(rows))]
    if region.label not in _DIVISIBLE:
        return [whole]
    texts = _Texts(text, lines) if len(grouped) > 1 else _Whole(text)
    parts = [
        _part(paragraph, texts, region, page, last=number == len(grouped) - 1)
        for number, paragraph in enumerate(grouped)
    ]
    parts = _with_lists(parts)
    return [replace(parts[0], box=region.box)] if len(parts) == 1 else parts


def _grouped_by_words(region: Region, recognition: Recognition) -> bool:
    """Whether the embedded detector made the region, with the words of the whole page in view."""
    return region.origin is Origin.GEOMETRY and recognition.source is TextSource.TEXT_LAYER


def _grouped(
    lines: Sequence[TextLine], page: PageImage, *, known: bool, references: bool
) -> list[paragraphs.Paragraph]:
    """The paragraphs among the lines, in the order they are read; one where that is known."""
    placed = straightened(lines, page.size, dpi=page.dpi)
    if not placed:
        return []
    if known and placed:
        rows = layout_rows.in_rows(placed)
        starts = [0, *_counted_on(rows)] if references else [0]
        return [paragraphs.Paragraph.of(rows[a:b]) for a, b in pairwise([*starts, len(rows)])]
    found = paragraphs_in_order(paragraphs.grouped(placed), page.size.height, from_right=read_from_right(lines))
    grouped: list[paragraphs.Paragraph] = []
    for paragraph in found:
        if grouped and _hangs(grouped[-1], paragraph):
            grouped[-1] = paragraphs.Paragraph.of(grouped[-1].rows + paragraph.rows)
        else:
            grouped.append(paragraph)
    return grouped


def _counted_on(rows: Sequence[layout_rows.Row]) -> list[int]:
    """The rows of a list of references, after the first, that begin with the number after the last one's."""
    first = ordinal(rows[0].text) if rows else None
    if first is None:
        return []
    expected, found = first + 1, []
    for place, row in enumerate(rows[1:], 1):
        if ordinal(row.text) == expected and row.left < rows[0].left + 2 * row.size:
            found.append(place)
            expected += 1
    return found


def _hangs(above: paragraphs.Paragraph, below: paragraphs.Paragraph) -> bool:
    """Whether rows go on a list's entry: right below it, set in from its bullet or number, with none of their own."""
    entry, marked = (item(paragraph.text, Box.of_page()) for paragraph in (above, below))
    inset = below.left - above.rows[0].left
    close = below.top - above.bottom < 0.6 * above.size
    return entry is not None and marked is None and close and 0.4 * above.size < inset < 6 * above.size


def _rows(paragraph: paragraphs.Paragraph) -> list[Row]:
    return [Row(row.text, Box.around(line.source.box for line in row.lines)) for row in paragraph.rows]


def _is_code(grouped: Sequence[paragraphs.Paragraph], page: Setting) -> bool:
    """Several rows of typewriter type, on a page that is not set in it."""
    rows = sum(len(paragraph.rows) for paragraph in grouped)
    return rows > 1 and not page.typewritten and all(paragraph.monospace for paragraph in grouped)


def _part(
    paragraph: paragraphs.Paragraph, texts: "_Texts | _Whole", region: Region, page: Setting, *, last: bool
) -> Part:
    lines = [line.source for line in paragraph.lines]
    text, box, label = texts.of(lines), Box.around(line.box for line in lines), region.label
    if label in _WITH_ITEMS and (found := item(text, box)) is not None:
        return Part(label, box, text, listed([found]), items=(found,))
    if label in _WITH_HEADINGS and region.origin is not Origin.GEOMETRY and _is_heading(paragraph, text, page, last):
        return Part(Label.PARAGRAPH_TITLE, box, text, contents.prose(text))
    if label in _WITH_ITEMS and (form := _form(paragraph)) is not None:
        return Part(label, box, text, form)
    if label in _WITH_ITEMS and broken_on_purpose(paragraph):
        return Part(label, box, text, contents.rows(_rows(paragraph)))
    return Part(label, box, text, contents.prose(text))


def listed(items: Sequence[Item], depths: Sequence[int] = ()) -> Items:
    """Entries as a list; without depths, all on the first level."""
    depths = depths or [0] * len(items)
    entries = zip(items, depths, strict=True)
    return Items(tuple(ListItem(item.marker, runs_of(item.text.strip()), depth) for item, depth in entries))


def _form(paragraph: paragraphs.Paragraph) -> Form | None:
    """The rows of a form, each name with the value far beside it; None where that is not what they are."""
    levels = on_one_height(paragraph.rows, lambda _, row: 0.5 * row.size)
    parted = [level for level in levels if len(level) > 1]
    if len(parted) < 2 or not all(names_field(level[0].text) for level in parted):
        return None
    return Form(tuple(_form_row([row.text for row in level]) for level in levels))


def _form_row(texts: Sequence[str]) -> FormRow:
    name, values = (texts[0], texts[1:]) if names_field(texts[0]) else ("", texts)
    return FormRow(runs_of(name), runs_of(" ".join(values)))


def broken_on_purpose(paragraph: paragraphs.Paragraph) -> bool:
    """Whether rows end where they are meant to, as in an address, a form or a poem.

    Either the next word had found room, which lines that are filled before the next begins never leave, whatever the
    width of the column; or rows are short and begin like something new, all but one in many.
    """
    rows = paragraph.rows
    if any(below.middle - above.middle < 0.5 * below.size for above, below in pairwise(rows)):
        return False  # pieces of one row, far apart
    slack = [(row.left - paragraph.left, paragraph.right - row.right) for row in rows]
    centred = all(abs(left - right) < 0.8 * paragraph.size for left, right in slack)
    room = [left + right if centred else right for left, right in slack]
    early = sum(gap > below.first_word + 0.5 * below.size for gap, below in zip(room, rows[1:], strict=False))
    if 2 * early >= len(rows) - 1 > 0:
        return True
    shortest_prose = _SHORT_PAIR if len(rows) == 2 else _SHORT_ROWS
    short = sum(len(row.text) for row in rows) < shortest_prose * len(rows)
    begins = sum(_begins(row.text) for row in rows)
    return len(rows) > 1 and short and begins >= _MOST * len(rows)


def _begins(text: str) -> bool:
    """Whether a row looks like the first of something: a capital, a digit, a sign, an address of the net."""
    if unspaced(text):
        return False
    return not text[:1].islower() or bool(_ADDRESS.match(text))


def item(text: str, box: Box, *, bullets_only: bool = False) -> Item | None:
    """The text as an entry of a list, if it starts like one. A dash in front of a number alone is none."""
    if (rest := after_bullet(text)) is not None:
        return Item("-", rest, box)
    if not bullets_only and (numbered := after_number(text)) is not None:
        return Item(*numbered, box)
    return None


def _is_heading(paragraph: paragraphs.Paragraph, text: str, page: Setting, last: bool) -> bool:
    """Set larger than the running text, or bold above what follows; short, and no sentence."""
    if len(paragraph.rows) > 3 or len(text) > 150 or not any(character.isalpha() for character in text):
        return False
    if ends_clause(text) or text[0].islower():
        return False
    # Heights of boxes swing with ascenders and descenders: there it takes more to be larger.
    if paragraph.size > (1.15 if page.known else 1.35) * page.size:
        return True
    return paragraph.bold and not last and len(paragraph.rows) < 3


def _with_lists(parts: Sequence[Part]) -> list[Part]:
    """Entries that follow each other in a region are one list."""
    merged: list[Part] = []
    for is_list, run in groupby(parts, key=lambda part: bool(part.items)):
        if not is_list:
            merged.extend(run)
            continue
        entries = list(run)
        box = entries[0].box
        for entry in entries[1:]:
            box = box.joined(entry.box)
        text = "\n".join(entry.text for entry in entries)
        items = tuple(one for entry in entries for one in entry.items)
        merged.append(Part(entries[0].label, box, text, listed(items), items=items))
    return merged


class _Whole:
    """The text of a region that is one part."""

    def __init__(self, text: str) -> None:
        self._text = text

    def of(self, lines: Sequence[TextLine]) -> str:
        return " ".join(self._text.split())


class _Texts:
    """Finds the stretch of a recognition's text that some of its lines cover."""

    def __init__(self, text: str, lines: Sequence[TextLine]) -> None:
        self._text = text
        self._stretches = _stretches(text, lines)

    def of(self, lines: Sequence[TextLine]) -> str:
        """The lines' text as the recogniser joined it; joined here where they do not follow each other in it."""
        places = [self._stretches.get(id(line), (-1, -1)) for line in lines]
        follow = all(above[1] == below[0] for above, below in pairwise(places))
        if not follow or places[0][0] < 0:
            return prose.paragraph((line.text or "").strip() for line in lines)
        return " ".join(self._text[places[0][0] : places[-1][1]].split())


def _stretches(text: str, lines: Sequence[TextLine]) -> dict[int, tuple[int, int]]:
    """For each line, where it begins in the text and where the next one does; nothing where they do not spell it.

    Only spaces, and a hyphen at the end of a line, may differ.
    """
    begins: list[int] = []
    place = _past_spaces(text, 0)
    for line in lines:
        begins.append(place)
        characters = "".join((line.text or "").split())
        for number, character in enumerate(characters):
            if text[place : place + 1] == character:
                place = _past_spaces(text, place + 1)
            elif number < len(characters) - 1 or character not in "-\u2010\u00ad":
                return {}
    if place < len(text):
        return {}
    return {id(line): span for line, span in zip(lines, zip(begins, [*begins[1:], place], strict=True), strict=True)}


def _past_spaces(text: str, place: int) -> int:
    while place < len(text) and text[place].isspace():
        place += 1
    return place
