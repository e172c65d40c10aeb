"""What a paragraph is judged against, and what such a judgement is."""

from collections.abc import Sequence
from dataclasses import field

from octavo.document import Label
from octavo.frozen import frozen
from octavo.geometry import Rect
from octavo.layout.hints import HintKind, Hints
from octavo.layout.paragraphs import Paragraph


@frozen
class Verdict:
    """What a paragraph is, and why: for whoever wants to know how a page came to read as it does."""

    label: Label
    reason: str


@frozen
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
    others: Sequence[Rect] = ()  # contents and listings
    lines_across: Sequence[Rect] = ()  # horizontal rules
    hints: Hints = field(default_factory=lambda: Hints(()))

    def hint(self, paragraph: Paragraph, *kinds: HintKind) -> float:
        """How sure the network is that the paragraph is one of `kinds`; 0 where it says nothing."""
        return self.hints.best(paragraph, *kinds)

    def hinted(self, paragraph: Paragraph, *kinds: HintKind, least: float = 0.5) -> bool:
        """Whether the network calls the paragraph so."""
        return self.hint(paragraph, *kinds) >= least

    def large(self, paragraph: Paragraph) -> str:
        """How large it is set, in words."""
        return f"type {paragraph.size / self.size:.2f} times the running text's"
