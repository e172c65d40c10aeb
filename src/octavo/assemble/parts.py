"""A region taken apart by what its lines say: paragraphs, list items, headings, code.

Layout networks see shapes; some things only the text tells. Where the embedded detector knew the words, its regions
are paragraphs already; those of a network, of a scan, and whole pages are divided here. The recogniser's own joining
of lines is kept: a part's text is the stretch of `Recognition.text` that its lines cover.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby, pairwise

from octavo.assemble import engine_text, forms, listings
from octavo.assemble.headings import set_as_heading
from octavo.assemble.line_breaks import PrintedRow, broken_on_purpose, entries_of, rows_of
from octavo.assemble.line_breaks import lines as lines_of
from octavo.assemble.lists import ListEntry, item, listed
from octavo.content import Content
from octavo.document import Label, Origin, PageImage, Recognition, Region, Task, TextLine, TextSource
from octavo.frozen import frozen
from octavo.geometry import Box
from octavo.layout import paragraphs
from octavo.layout.flow import MOST_LINES, paragraphs_in_order
from octavo.layout.lines import read_from_right, straightened, typical_size
from octavo.layout.side_by_side import Row, in_rows
from octavo.wording import prose
from octavo.wording.headings import is_contents_line
from octavo.wording.lists import ordinal


@frozen
class RegionPart:
    """A piece of a region with one label, and what it says."""

    label: Label
    box: Box
    text: str  # as it was read
    content: Content
    rows: tuple[PrintedRow, ...] = ()  # where it is code: more of it may follow
    items: tuple[ListEntry, ...] = ()  # where it is a list: how deep they are, the page tells
    reason: str | None = None  # why it is more than prose, for people


@frozen
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
_WHOLE_WITH_ROWS = frozenset({Label.HEADER, Label.FOOTER, Label.VISION_FOOTNOTE})
_WITH_HEADINGS = frozenset({Label.TEXT, Label.ABSTRACT})
_WITH_ITEMS = frozenset({Label.TEXT, Label.ABSTRACT, Label.ASIDE_TEXT})
_WITH_ROWS = _WITH_ITEMS | {Label.FOOTNOTE}  # the foot of a letter is small print, too


def setting(page: PageImage, recognitions: Iterable[Recognition]) -> Setting:
    """The size of a page's running text, from all that was read on it."""
    lines = straightened((line for read in recognitions for line in read.lines if line.text), page.size, dpi=page.dpi)
    known = any(line.source.font_size for line in lines)
    typewritten = sum(line.width for line in lines if line.source.monospace) > 0.6 * sum(line.width for line in lines)
    return Setting(page, typical_size(lines), known, typewritten)


def divided(region: Region, recognition: Recognition, page: Setting) -> list[RegionPart]:
    """The parts of a text region in reading order; one, labelled as the region, where the lines tell no more."""
    lines = [line for line in recognition.lines if (line.text or "").strip()]
    text = recognition.text or ""
    whole = RegionPart(region.label, region.box, text, engine_text.prose(text))
    if region.task is not Task.TEXT or not 0 < len(lines) <= MOST_LINES:
        return [whole]
    if (form := forms.named(lines, page.page)) is not None:
        return [replace(whole, content=form, reason="form: names above their values")]
    known, references = _grouped_by_words(region, recognition), region.label in _REFERENCES
    grouped = _grouped(lines, page.page, known=known, references=references)
    rows = [row for paragraph in grouped for row in paragraph.rows]
    if not rows:  # lines without an extent
        return [whole]
    divisible = region.label in _DIVISIBLE
    typed = divisible and not known and not page.typewritten and listings.is_code(grouped)
    if region.label is Label.ALGORITHM or typed:
        reason = "code: rows of typewriter type" if typed else None
        printed = tuple(row for paragraph in grouped for row in rows_of(paragraph))
        return [replace(whole, label=Label.ALGORITHM, content=listings.listing(printed), rows=printed, reason=reason)]
    if region.label is Label.CONTENT or sum(is_contents_line(row.text) for row in rows) * 2 > len(rows):
        reason = None if region.label is Label.CONTENT else "contents: most rows end in a page number"
        return [replace(whole, label=Label.CONTENT, content=lines_of(entries_of(grouped)), reason=reason)]
    if not divisible:
        return [_with_its_rows(whole, grouped) if region.label in _WHOLE_WITH_ROWS else whole]
    texts = _Texts(text, lines) if len(grouped) > 1 else _Whole(text)
    parts = [
        _part(paragraph, texts, region, page, last=number == len(grouped) - 1)
        for number, paragraph in enumerate(grouped)
    ]
    parts = _with_lists(parts)
    return [replace(parts[0], box=region.box)] if len(parts) == 1 else parts


def _with_its_rows(whole: RegionPart, grouped: Sequence[paragraphs.Paragraph]) -> RegionPart:
    """A letter's head or foot: addresses, accounts and telephone numbers, in the rows they are printed in; or the notes
    of a table."""
    if len(grouped) != 1 or not broken_on_purpose(grouped[0]):
        return whole
    return replace(whole, content=lines_of(rows_of(grouped[0])), reason="rows: broken on purpose")


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
        rows = in_rows(placed)
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


def _counted_on(rows: Sequence[Row]) -> list[int]:
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


def _part(
    paragraph: paragraphs.Paragraph, texts: "_Texts | _Whole", region: Region, page: Setting, *, last: bool
) -> RegionPart:
    lines = [line.source for line in paragraph.lines]
    text, box, label = texts.of(lines), Box.around(line.box for line in lines), region.label
    if label in _WITH_ITEMS and (found := item(text, box)) is not None:
        reason = f"list: begins with {'a bullet' if found.marker == '-' else found.marker!r}"
        return RegionPart(label, box, text, listed([found]), items=(found,), reason=reason)
    if label in _WITH_HEADINGS and region.origin is not Origin.GEOMETRY:
        why = set_as_heading(paragraph, text, size=page.size, measured=page.known, last=last)
        if why is not None:
            return RegionPart(Label.PARAGRAPH_TITLE, box, text, engine_text.prose(text), reason=why)
    if label in _WITH_ITEMS and (made := forms.beside(paragraph)) is not None:
        return RegionPart(label, box, text, made, reason="form: names with values far beside them")
    if label in _WITH_ROWS and broken_on_purpose(paragraph):
        return RegionPart(label, box, text, lines_of(rows_of(paragraph)), reason="rows: broken on purpose")
    return RegionPart(label, box, text, engine_text.prose(text))


def _with_lists(parts: Sequence[RegionPart]) -> list[RegionPart]:
    """Entries that follow each other in a region are one list."""
    merged: list[RegionPart] = []
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
        merged.append(RegionPart(entries[0].label, box, text, listed(items), items=items, reason=entries[0].reason))
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
