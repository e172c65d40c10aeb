"""Headings and titles: by type size, weight and place, and by the network's word where lines are not read yet."""

from typing import Final

from octavo.document import Label
from octavo.layout.hints import HintKind
from octavo.layout.paragraphs import Paragraph
from octavo.layout.surroundings import Surroundings, Verdict
from octavo.wording.formulas import mathematical
from octavo.wording.headings import is_numbered
from octavo.wording.sentences import ends_clause, has_word

_MOST_ROWS: Final = 4  # of a heading
_LONGEST: Final = 250  # characters of one
_LARGER: Final = 1.17  # times the running text's size: a heading's type, where sizes are known
_LARGER_SEEN: Final = 1.32  # the same where a line's height is all there is: letters without tails look larger
_LARGER_UNREAD: Final = 1.9  # the same where the network does not call it one
_LARGER_CLAUSE: Final = 1.5  # the same for what ends like a clause: "Yes, we can."
_TITLE: Final = 1.55  # times the running text's size: a document's title
_LARGEST: Final = 0.97  # share of the page's largest type: several rows of a title differ by rounding
_HINTED: Final = 0.6  # score from which the network's word counts
_HINTED_LARGE: Final = 0.3  # the same where the type is large
_COLUMN: Final = 12.0  # sizes of type from which text is a column rather than a value in a form
_BESIDE: Final = 8.0  # sizes of type to what stands on the same rows, from which that is another thing's
_BELOW: Final = 5.0  # sizes of type to what it is the heading of


def heading(paragraph: Paragraph, page: Surroundings) -> Verdict | None:
    """A heading, or the title of the document: the largest on its first page."""
    reason = _reason(paragraph, page) if paragraph.text else _reason_unread(paragraph, page)
    if reason is None:
        return None
    large = paragraph.size > _TITLE * page.size and paragraph.top < 0.5 * page.height
    largest = paragraph.size >= _LARGEST * max(other.size for other in page.paragraphs if len(other.text) != 1)
    if page.first_page and large and largest and not is_numbered(paragraph.text):
        return Verdict(Label.DOC_TITLE, f"title: the largest on the first page, {page.large(paragraph)}")
    return Verdict(Label.PARAGRAPH_TITLE, f"heading: {reason}")


def _reason(paragraph: Paragraph, page: Surroundings) -> str | None:
    text, rows = paragraph.text, len(paragraph.rows)
    if rows > _MOST_ROWS or len(text) > _LONGEST or not has_word(text):
        return None
    known = paragraph.lines[0].source.font_size is not None
    large = paragraph.size > (_LARGER if known else _LARGER_SEEN) * page.size
    ends = ends_clause(text) and not text.endswith(":")
    if large and (not ends or paragraph.size > _LARGER_CLAUSE * page.size):
        return page.large(paragraph)
    if rows > 2 or ends or mathematical(text):
        return None
    if paragraph.bold and not page.bold:
        return "bold, alone on its rows, with something below" if _heads(paragraph, page) else None
    score = page.hint(paragraph, HintKind.TITLE)
    if score < _HINTED or paragraph.size <= 0.9 * page.size:
        return None
    if is_numbered(text):
        return f"numbered, and the network says so ({score:.2f})"
    return f"alone on its rows, and the network says so ({score:.2f})" if _heads(paragraph, page) else None


def _reason_unread(paragraph: Paragraph, page: Surroundings) -> str | None:
    """By size and the network alone; the height of a found line is too rough to go by size alone."""
    rows = len(paragraph.rows)
    title = page.hint(paragraph, HintKind.TITLE)
    if rows > 3 or title < 0.6 * page.hint(paragraph, HintKind.TEXT, HintKind.EQUATION):
        return page.large(paragraph) if paragraph.size > _LARGER_UNREAD * page.size and rows <= 3 else None
    if paragraph.size > _LARGER_SEEN * page.size and (title >= _HINTED_LARGE or paragraph.size > 1.6 * page.size):
        return f"{page.large(paragraph)}, the network's word for it {title:.2f}"
    if title >= _HINTED and rows <= 2 and paragraph.size > 0.75 * page.size and _heads(paragraph, page):
        return f"alone on its rows, and the network says so ({title:.2f})"
    return None


def _heads(paragraph: Paragraph, page: Surroundings) -> bool:
    """Whether it stands alone on its rows, with something below it that it could be the heading of."""
    beside = any(
        other.overlap_y(paragraph) > 0.5 * paragraph.rows[0].height
        and other.gap_x(paragraph) < _BESIDE * page.size
        and not _in_other_column(paragraph, other, page)
        for other in page.paragraphs
        if other is not paragraph
    )
    if beside:
        return False
    return any(
        -0.5 * page.size < other.top - paragraph.bottom < _BELOW * page.size and other.overlap_x(paragraph) > 0
        for other in (*page.paragraphs, *page.figures, *page.tables, *page.others)
        if other is not paragraph
    )


def _in_other_column(heading: Paragraph, beside: Paragraph, page: Surroundings) -> bool:
    """Whether what stands beside a line is another column's: right below it is wide text that begins, or is centred,
    where the line does, and ends before the other begins."""
    return any(
        other is not heading
        and -0.5 * page.size < other.top - heading.bottom < 2.5 * page.size
        and min(abs(other.left - heading.left), abs(other.axis - heading.axis)) < 2.5 * page.size
        and other.width > _COLUMN * page.size
        and other.overlap_x(beside) <= 0
        for other in page.paragraphs
    )
