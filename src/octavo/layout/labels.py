"""What a paragraph is: heading, caption, footnote, running header, formula, code, or text.

Decided by type size, place, spacing and shape; by the words where they are known; and by hints of the layout network
where there are any. When in doubt it is text: a wrong heading hurts a reader more than a missing one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from octavo.document import Label
from octavo.layout.hints import Hints, Kind, Rect
from octavo.layout.paragraphs import Paragraph
from octavo.wording import page_numbers
from octavo.wording.floats import begins_caption, begins_note, begins_with_sign, parts_caption
from octavo.wording.formulas import is_formula_number, mathematical
from octavo.wording.headings import heads_abstract, heads_contents, heads_references, is_numbered
from octavo.wording.sentences import ends_clause, has_word, is_statement


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a paragraph is judged against."""

    width: float  # of the page, pixels
    height: float
    size: float  # of the running text
    bold: bool  # the running text is bold
    first_page: bool
    paragraphs: Sequence[Paragraph]
    figures: Sequence[Rect] = ()
    tables: Sequence[Rect] = ()
    lines_across: Sequence[Rect] = ()  # horizontal rules
    hints: Hints = field(default_factory=lambda: Hints(()))

    def hinted(self, paragraph: Paragraph, *kinds: Kind, least: float = 0.5) -> bool:
        """Whether the network calls the paragraph so."""
        box = (paragraph.left, paragraph.top, paragraph.right, paragraph.bottom)
        return self.hints.best(box, *kinds) >= least


def labelled(page: Surroundings) -> list[Label]:
    """A label for each paragraph of the page."""
    labels = [_label(paragraph, page) for paragraph in page.paragraphs]
    labels = _with_furniture(page, labels)
    labels = _with_notes(page, labels)
    return _with_sections(page, labels)


# --- one paragraph ----------------------------------------------------------------------------------------------


def _label(paragraph: Paragraph, page: Surroundings) -> Label:
    text = paragraph.text
    if all(line.height > 2.2 * line.width for line in paragraph.lines) and (not text or len(text) > 2):
        edge = paragraph.right < 0.08 * page.width or paragraph.left > 0.92 * page.width
        return Label.ASIDE_TEXT if edge else Label.VERTICAL_TEXT
    if is_formula_number(text) and paragraph.left > 0.5 * page.width:
        return Label.FORMULA_NUMBER
    if _is_code(paragraph, page):
        return Label.ALGORITHM
    if is_caption(paragraph, page):
        return Label.FIGURE_TITLE
    if _is_heading(paragraph, page):
        large = paragraph.size > 1.55 * page.size and paragraph.top < 0.5 * page.height
        largest = paragraph.size >= 0.97 * max(other.size for other in page.paragraphs if len(other.text) != 1)
        title = page.first_page and large and largest and not is_numbered(text)
        return Label.DOC_TITLE if title else Label.PARAGRAPH_TITLE
    return Label.TEXT


def _is_code(paragraph: Paragraph, page: Surroundings) -> bool:
    """Typewriter type on a page that is set in another."""
    if not paragraph.monospace:
        return False
    total = sum(other.width * len(other.rows) for other in page.paragraphs)
    typed = sum(other.width * len(other.rows) for other in page.paragraphs if other.monospace)
    return typed < 0.6 * total or is_statement(paragraph.text)


def is_caption(paragraph: Paragraph, page: Surroundings) -> bool:
    """ "Table 3: ..." and the like; or small print right under a figure that the network calls a caption."""
    text = paragraph.text
    near = _near_float(paragraph, page)
    if text:
        if begins_caption(text):
            return (parts_caption(text) or near or paragraph.bold) and len(text) < 1200
        return near and page.hinted(paragraph, Kind.FIGURE_CAPTION, Kind.TABLE_CAPTION, least=0.6)
    return near and page.hinted(paragraph, Kind.FIGURE_CAPTION, Kind.TABLE_CAPTION, least=0.5)


def _near_float(paragraph: Paragraph, page: Surroundings) -> bool:
    reach = 2.5 * page.size
    for left, top, right, bottom in (*page.figures, *page.tables):
        overlap = min(right, paragraph.right) - max(left, paragraph.left)
        gap = max(top - paragraph.bottom, paragraph.top - bottom)
        if overlap > 0.5 * min(right - left, paragraph.width) and -page.size < gap < reach:
            return True
    return False


def _is_heading(paragraph: Paragraph, page: Surroundings) -> bool:
    text, rows = paragraph.text, len(paragraph.rows)
    if not text:
        return _is_unread_heading(paragraph, page)
    if rows > 4 or len(text) > 250 or not has_word(text):
        return False
    known = paragraph.lines[0].source.font_size is not None
    large = paragraph.size > (1.17 if known else 1.32) * page.size
    ends = ends_clause(text) and not text.endswith(":")
    if large and (not ends or paragraph.size > 1.5 * page.size):
        return True
    if rows > 2 or ends or mathematical(text):
        return False
    if paragraph.bold and not page.bold:
        return _heads(paragraph, page)
    titled = page.hinted(paragraph, Kind.TITLE, least=0.6) and paragraph.size > 0.9 * page.size
    return titled and (is_numbered(text) or _heads(paragraph, page))


def _is_unread_heading(paragraph: Paragraph, page: Surroundings) -> bool:
    """By size and the network alone; the height of a found line is too rough to go by size alone."""
    rows = len(paragraph.rows)
    box = (paragraph.left, paragraph.top, paragraph.right, paragraph.bottom)
    title = page.hints.best(box, Kind.TITLE)
    if rows > 3 or title < 0.6 * page.hints.best(box, Kind.TEXT, Kind.EQUATION):
        return paragraph.size > 1.9 * page.size and rows <= 3
    large = paragraph.size > 1.32 * page.size
    return (large and (title >= 0.3 or paragraph.size > 1.6 * page.size)) or (
        title >= 0.6 and rows <= 2 and paragraph.size > 0.75 * page.size and _heads(paragraph, page)
    )


def _heads(paragraph: Paragraph, page: Surroundings) -> bool:
    """Whether it stands alone on its rows, with something below it that it could be the heading of."""
    beside = any(
        min(other.bottom, paragraph.bottom) - max(other.top, paragraph.top) > 0.5 * paragraph.rows[0].height
        and max(other.left - paragraph.right, paragraph.left - other.right) < 8 * page.size
        and not _in_other_column(paragraph, other, page)
        for other in page.paragraphs
        if other is not paragraph
    )
    if beside:
        return False
    boxes = [(o.left, o.top, o.right, o.bottom) for o in page.paragraphs if o is not paragraph]
    below = [
        box
        for box in (*boxes, *page.figures, *page.tables)
        if box[1] > paragraph.bottom - 0.5 * page.size
        and box[1] - paragraph.bottom < 5 * page.size
        and min(box[2], paragraph.right) - max(box[0], paragraph.left) > 0
    ]
    return bool(below)


def _in_other_column(heading: Paragraph, beside: Paragraph, page: Surroundings) -> bool:
    """Whether what stands beside a line is another column's: right below it is wide text that begins, or is centred,
    where the line does, and ends before the other begins."""
    return any(
        other is not heading
        and -0.5 * page.size < other.top - heading.bottom < 2.5 * page.size
        and min(abs(other.left - heading.left), abs(other.left + other.right - heading.left - heading.right) / 2)
        < 2.5 * page.size
        and other.width > _COLUMN * page.size
        and min(other.right, beside.right) <= max(other.left, beside.left)
        for other in page.paragraphs
    )


# --- the page as a whole ----------------------------------------------------------------------------------------


def _with_furniture(page: Surroundings, labels: list[Label]) -> list[Label]:
    """Running headers, footers and page numbers: small, at the rim, and apart from the text."""
    labels = list(labels)
    if len(page.paragraphs) < 3 or page.height > _STRIP * page.width:
        return labels
    for label, top in ((Label.HEADER, True), (Label.FOOTER, False)):
        for index in _rim(page, labels, top=top):
            labels[index] = Label.NUMBER if is_page_number(page.paragraphs[index], page) else label
    return labels


def is_page_number(paragraph: Paragraph, page: Surroundings) -> bool:
    """By its text; unread, by being hardly wider than high."""
    if paragraph.text:
        number = page_numbers.is_page_number(paragraph.text)
        return number and not is_formula_number(paragraph.text)  # "(3)" may be a formula's
    return len(paragraph.lines) == 1 and paragraph.width < 3.2 * paragraph.height and paragraph.size < 1.4 * page.size


def _rim(page: Surroundings, labels: Sequence[Label], *, top: bool) -> list[int]:
    """The paragraphs outside the last clear gap at one side of the page, as far as they look like furniture."""

    def span(rect: Rect) -> tuple[float, float]:  # outer and inner edge, from the rim inwards
        return (rect[1], rect[3]) if top else (page.height - rect[3], page.height - rect[1])

    rects = [*((p.left, p.top, p.right, p.bottom) for p in page.paragraphs), *page.figures, *page.tables]
    spans = [span(rect) for rect in rects]
    rules = [span(rect)[0] for rect in page.lines_across]
    kind = Kind.HEADER if top else Kind.FOOTER
    found: list[int] = []
    waiting: list[int] = []
    for index in sorted(range(len(labels)), key=lambda index: spans[index]):
        paragraph, (outer, inner) = page.paragraphs[index], spans[index]
        hinted = page.hinted(paragraph, kind)
        number = is_page_number(paragraph, page)
        fine = paragraph.size < 0.7 * page.size and len(paragraph.rows) == 1
        depth = _NUMBER_DEPTH if number else _HINTED_DEPTH if hinted or fine else _RIM_DEPTH
        small = paragraph.size < 1.15 * page.size and len(paragraph.rows) <= 3
        titled = labels[index] is Label.PARAGRAPH_TITLE and page.first_page and not hinted
        note = not top and begins_with_sign(paragraph.text)
        unsure = not (paragraph.text or number or page.hinted(paragraph, kind, least=0.25))
        if outer > depth * page.height or not small or titled or note or unsure or labels[index] in _NO_FURNITURE:
            if outer > depth * page.height:
                break
            continue
        waiting.append(index)
        after = [
            edge
            for (edge, end), (left, _, right, _) in zip(spans, rects, strict=True)
            if end > inner + 0.5 * page.size
            and edge > outer
            and left < paragraph.right + 8 * page.size
            and right > paragraph.left - 8 * page.size
        ]
        gap = min(after, default=float("inf")) - inner
        ruled = any(-0.3 * page.size < rule - inner < min(gap, 1.5 * page.size) + 2 for rule in rules)
        if gap > (0.4 if number else 1.3) * page.size or (ruled and gap > 0.2 * page.size) or hinted:
            found += waiting
            waiting = []
    return found


def _with_notes(page: Surroundings, labels: list[Label]) -> list[Label]:
    """Footnotes: small print that ends its column, under a rule or with a mark; notes under a figure or table."""
    labels = list(labels)
    body = [index for index, label in enumerate(labels) if label not in _FURNITURE]
    for index in body:
        paragraph = page.paragraphs[index]
        if labels[index] is not Label.TEXT or paragraph.size > 0.93 * page.size:
            continue
        marked = begins_note(paragraph.text)
        under = [
            other
            for other in body
            if page.paragraphs[other].top > paragraph.bottom - 0.3 * page.size
            and min(page.paragraphs[other].right, paragraph.right) > max(page.paragraphs[other].left, paragraph.left)
            and page.paragraphs[other].size > 0.93 * page.size
        ]
        if not under and paragraph.top > 0.6 * page.height and (marked or _ruled_above(paragraph, page)):
            labels[index] = Label.FOOTNOTE
        elif marked and _under_float(paragraph, page):
            labels[index] = Label.VISION_FOOTNOTE
    return labels


_COLUMN = 12.0  # sizes of type from which text is a column rather than a value in a form
_STRIP = 2.0  # height over width from which a page is a receipt: what it starts and ends with is no furniture
_RIM_DEPTH = 0.07  # how far in furniture starts at most, as a share of the page's height
_HINTED_DEPTH = 0.12
_NUMBER_DEPTH = 0.2
_NO_FURNITURE = frozenset({Label.DOC_TITLE, Label.DISPLAY_FORMULA, Label.ALGORITHM, Label.FIGURE_TITLE})
_FURNITURE = frozenset({Label.HEADER, Label.FOOTER, Label.NUMBER, Label.ASIDE_TEXT})


def _ruled_above(paragraph: Paragraph, page: Surroundings) -> bool:
    return any(
        0 <= paragraph.top - rect[3] < 3 * page.size and rect[0] < paragraph.right and rect[2] > paragraph.left
        for rect in page.lines_across
    )


def _under_float(paragraph: Paragraph, page: Surroundings) -> bool:
    return any(
        -page.size < paragraph.top - rect[3] < 2 * page.size
        and min(rect[2], paragraph.right) - max(rect[0], paragraph.left) > 0.5 * paragraph.width
        for rect in (*page.figures, *page.tables)
    )


def _with_sections(page: Surroundings, labels: list[Label]) -> list[Label]:
    """What follows from the heading above: references, an abstract, a table of contents."""
    labels = list(labels)
    for index, heading in enumerate(page.paragraphs):
        text = heading.text
        if not text or len(text) > 40:
            continue
        if heads_references(text):
            labels[index] = Label.PARAGRAPH_TITLE
            for other in _after(heading, page, labels):
                labels[other] = Label.REFERENCE_CONTENT
        elif heads_abstract(text):
            labels[index] = Label.PARAGRAPH_TITLE
            for other in _after(heading, page, labels)[:1]:
                labels[other] = Label.ABSTRACT
        elif heads_contents(text):
            labels[index] = Label.PARAGRAPH_TITLE
            for other in _after(heading, page, labels):
                labels[other] = Label.CONTENT
    return labels


def _after(heading: Paragraph, page: Surroundings, labels: Sequence[Label]) -> list[int]:
    """Plain text below a heading in its column, up to the next heading, then in the columns to the right."""
    below = sorted(
        (
            index
            for index, other in enumerate(page.paragraphs)
            if other.top > heading.bottom - 0.3 * page.size
            and min(other.right, heading.right) - max(other.left, heading.left) > 0
        ),
        key=lambda index: page.paragraphs[index].top,
    )
    found: list[int] = []
    for index in below:
        if labels[index] in (Label.PARAGRAPH_TITLE, Label.DOC_TITLE):
            return found
        if labels[index] is Label.TEXT:
            found.append(index)
    return found
