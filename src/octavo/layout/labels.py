"""What a paragraph is: heading, caption, footnote, running header, formula, code, or text.

Decided by type size, place, spacing and shape; by the words where they are known; and by hints of the layout network
where there are any. Each question has a module of its own, and each answer its reason. When in doubt it is text: a
wrong heading hurts a reader more than a missing one.
"""

from typing import Final

from octavo.document import Label
from octavo.layout.captions import caption
from octavo.layout.footnotes import footnotes
from octavo.layout.furniture import furniture
from octavo.layout.headings import heading
from octavo.layout.listings import listing
from octavo.layout.paragraphs import Paragraph
from octavo.layout.sections import sections
from octavo.layout.surroundings import Surroundings, Verdict
from octavo.wording.formulas import is_formula_number

_MARGIN: Final = 0.08  # of the page's width, at each side


def labelled(page: Surroundings) -> list[Verdict]:
    """What each paragraph of the page is."""
    verdicts = [_alone(paragraph, page) for paragraph in page.paragraphs]
    for question in (furniture, footnotes, sections):  # what only the page as a whole tells; the later one has the word
        for index, verdict in question(page, [verdict.label for verdict in verdicts]).items():
            verdicts[index] = verdict
    return verdicts


def _alone(paragraph: Paragraph, page: Surroundings) -> Verdict:
    """What it is by itself: the first question that is answered decides."""
    for question in (_upright, _formula_number, listing, caption, heading):
        if verdict := question(paragraph, page):
            return verdict
    return Verdict(Label.TEXT, "text: nothing says that it is more")


def _upright(paragraph: Paragraph, page: Surroundings) -> Verdict | None:
    """Lines that run from top to bottom."""
    text = paragraph.text
    if not all(line.height > 2.2 * line.width for line in paragraph.lines) or 0 < len(text) <= 2:
        return None
    if paragraph.right < _MARGIN * page.width or paragraph.left > (1 - _MARGIN) * page.width:
        return Verdict(Label.ASIDE_TEXT, "aside: runs from top to bottom in the margin")
    return Verdict(Label.VERTICAL_TEXT, "vertical text: its lines run from top to bottom")


def _formula_number(paragraph: Paragraph, page: Surroundings) -> Verdict | None:
    if is_formula_number(paragraph.text) and paragraph.left > 0.5 * page.width:
        return Verdict(Label.FORMULA_NUMBER, "formula number: a number in brackets in the right half")
    return None
