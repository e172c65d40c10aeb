"""Captions of figures and tables."""

from typing import Final

from octavo.document import Label
from octavo.layout.hints import HintKind
from octavo.layout.paragraphs import Paragraph
from octavo.layout.surroundings import Surroundings, Verdict
from octavo.wording.captions import begins_caption, parts_caption

_LONGEST: Final = 1200  # characters of a caption


def caption(paragraph: Paragraph, page: Surroundings) -> Verdict | None:
    """ "Table 3: ..." and the like; or small print right under a figure that the network calls a caption."""
    text = paragraph.text
    near = _near_float(paragraph, page)
    if begins_caption(text):
        start = parts_caption(text)
        if not (start or near or paragraph.bold) or len(text) >= _LONGEST:
            return None
        why = "a stop after its number" if start else "a figure or table is near" if near else "it is bold"
        return Verdict(Label.FIGURE_TITLE, f"caption: begins like one, and {why}")
    score = page.hint(paragraph, HintKind.FIGURE_CAPTION, HintKind.TABLE_CAPTION)
    if near and score >= (0.6 if text else 0.5):
        return Verdict(Label.FIGURE_TITLE, f"caption: near a figure or table, and the network says so ({score:.2f})")
    return None


def _near_float(paragraph: Paragraph, page: Surroundings) -> bool:
    reach = 2.5 * page.size
    return any(
        paragraph.overlap_x(rect) > 0.5 * min(rect.width, paragraph.width)
        and -page.size < paragraph.gap_y(rect) < reach
        for rect in (*page.figures, *page.tables)
    )
