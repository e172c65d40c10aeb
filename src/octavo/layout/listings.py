"""Code."""

from typing import Final

from octavo.document import Label
from octavo.layout.paragraphs import Paragraph
from octavo.layout.surroundings import Surroundings, Verdict
from octavo.wording.sentences import is_statement

_TYPEWRITTEN: Final = 0.6  # share of the page in typewriter type from which that says nothing about a paragraph


def listing(paragraph: Paragraph, page: Surroundings) -> Verdict | None:
    """Typewriter type on a page that is set in another."""
    if not paragraph.monospace:
        return None
    total = sum(other.width * len(other.rows) for other in page.paragraphs)
    typed = sum(other.width * len(other.rows) for other in page.paragraphs if other.monospace)
    if typed < _TYPEWRITTEN * total:
        return Verdict(Label.ALGORITHM, "code: typewriter type on a page that is set in another")
    if is_statement(paragraph.text):
        return Verdict(Label.ALGORITHM, "code: typewriter type, and the signs and words of code")
    return None
