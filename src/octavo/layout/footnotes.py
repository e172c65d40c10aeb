"""Footnotes, and the notes under a figure or table: small print with a mark, or under a rule."""

from collections.abc import Mapping, Sequence
from typing import Final

from octavo.document import Label
from octavo.layout.paragraphs import Paragraph
from octavo.layout.surroundings import Surroundings, Verdict
from octavo.wording.captions import begins_note

_SMALL: Final = 0.93  # of the running text's size
_FOOT: Final = 0.6  # of the page's height, below which a foot begins
_FURNITURE = frozenset({Label.HEADER, Label.FOOTER, Label.NUMBER, Label.ASIDE_TEXT})


def footnotes(page: Surroundings, labels: Sequence[Label]) -> Mapping[int, Verdict]:
    """Which of the page's plain texts are notes: small print that ends its column, or belongs to a figure above it."""
    body = [index for index, label in enumerate(labels) if label not in _FURNITURE]
    found = {index: _note(index, body, page) for index in body if labels[index] is Label.TEXT}
    return {index: verdict for index, verdict in found.items() if verdict is not None}


def _note(index: int, body: Sequence[int], page: Surroundings) -> Verdict | None:
    paragraph = page.paragraphs[index]
    if paragraph.size > _SMALL * page.size:
        return None
    marked = begins_note(paragraph.text)
    if not _above_text(paragraph, body, page) and paragraph.top > _FOOT * page.height:
        if marked:
            return Verdict(Label.FOOTNOTE, "footnote: small print with a mark that ends its column")
        if _ruled_above(paragraph, page):
            return Verdict(Label.FOOTNOTE, "footnote: small print under a rule that ends its column")
    if marked and _under_float(paragraph, page):
        return Verdict(Label.VISION_FOOTNOTE, "note: small print with a mark right under a figure or table")
    return None


def _above_text(paragraph: Paragraph, body: Sequence[int], page: Surroundings) -> bool:
    """Whether running text follows below it in its column."""
    return any(
        other.top > paragraph.bottom - 0.3 * page.size
        and other.overlap_x(paragraph) > 0
        and other.size > _SMALL * page.size
        for other in (page.paragraphs[index] for index in body)
    )


def _ruled_above(paragraph: Paragraph, page: Surroundings) -> bool:
    return any(
        0 <= paragraph.top - rect.bottom < 3 * page.size and rect.overlap_x(paragraph) > 0 for rect in page.lines_across
    )


def _under_float(paragraph: Paragraph, page: Surroundings) -> bool:
    return any(
        -page.size < paragraph.top - rect.bottom < 2 * page.size and rect.overlap_x(paragraph) > 0.5 * paragraph.width
        for rect in (*page.figures, *page.tables)
    )
