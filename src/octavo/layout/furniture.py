"""Running headers, footers and page numbers of one page: small, at the rim, and apart from the text.

What repeats from page to page only the whole document tells: `assemble.furniture`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from octavo.document import Label
from octavo.frozen import frozen
from octavo.geometry import Rect
from octavo.layout.hints import HintKind
from octavo.layout.paragraphs import Paragraph
from octavo.layout.surroundings import Surroundings, Verdict
from octavo.wording import page_numbers
from octavo.wording.captions import begins_with_sign
from octavo.wording.formulas import is_formula_number

_STRIP: Final = 2.0  # height over width from which a page is a receipt: what it starts and ends with is no furniture
_RIM_DEPTH: Final = 0.07  # how far in furniture starts at most, as a share of the page's height
_HINTED_DEPTH: Final = 0.12  # the same where the network says so, or the print is fine
_NUMBER_DEPTH: Final = 0.2  # the same for page numbers
_NEVER = frozenset({Label.DOC_TITLE, Label.DISPLAY_FORMULA, Label.ALGORITHM, Label.FIGURE_TITLE})


def furniture(page: Surroundings, labels: Sequence[Label]) -> Mapping[int, Verdict]:
    """Which of the page's paragraphs are furniture."""
    if len(page.paragraphs) < 3 or page.height > _STRIP * page.width:
        return {}
    found: dict[int, Verdict] = {}
    labels = list(labels)
    for side in (_Side(page, top=True), _Side(page, top=False)):
        for index, reason in list(side.furniture(labels)):
            number = is_page_number(page.paragraphs[index], page)
            label = Label.NUMBER if number else Label.HEADER if side.top else Label.FOOTER
            found[index] = Verdict(label, f"{'page number' if number else label.value}: {reason}")
            labels[index] = label
    return found


def is_page_number(paragraph: Paragraph, page: Surroundings) -> bool:
    """By its text; unread, by being hardly wider than high."""
    if paragraph.text:
        number = page_numbers.is_page_number(paragraph.text)
        return number and not is_formula_number(paragraph.text)  # "(3)" may be a formula's
    return len(paragraph.lines) == 1 and paragraph.width < 3.2 * paragraph.height and paragraph.size < 1.4 * page.size


@frozen
class _AtRim:
    """A paragraph near the rim, and what speaks for its being furniture."""

    paragraph: Paragraph
    outer: float  # pixels from the rim
    inner: float
    hinted: bool
    number: bool


class _Side:
    """The top or the bottom of a page, looked at from the rim inwards."""

    def __init__(self, page: Surroundings, *, top: bool) -> None:
        self.top = top
        self._page = page
        self._kind = HintKind.HEADER if top else HintKind.FOOTER
        self._rects: list[Rect] = [*page.paragraphs, *page.figures, *page.tables]
        self._spans = [self._span(rect) for rect in self._rects]
        self._rules = [self._span(rect)[0] for rect in page.lines_across]

    def _span(self, rect: Rect) -> tuple[float, float]:
        """Outer and inner edge, from the rim inwards."""
        return (rect.top, rect.bottom) if self.top else (self._page.height - rect.bottom, self._page.height - rect.top)

    def furniture(self, labels: Sequence[Label]) -> Iterator[tuple[int, str]]:
        """The paragraphs outside the last clear gap, as far as they look like furniture, and what parts them."""
        waiting: list[int] = []
        for index in sorted(range(len(labels)), key=lambda index: self._spans[index]):
            piece = self._piece(index)
            if piece.outer > self._depth(piece) * self._page.height:
                break
            if not self._looks_like_it(piece, labels[index]):
                continue
            waiting.append(index)
            if parted := self._parted(piece):
                yield from ((each, parted) for each in waiting)
                waiting = []

    def _piece(self, index: int) -> _AtRim:
        paragraph = self._page.paragraphs[index]
        hinted = self._page.hinted(paragraph, self._kind)
        return _AtRim(paragraph, *self._spans[index], hinted, is_page_number(paragraph, self._page))

    def _depth(self, piece: _AtRim) -> float:
        """How far in it may start, as a share of the page's height."""
        if piece.number:
            return _NUMBER_DEPTH
        fine = piece.paragraph.size < 0.7 * self._page.size and len(piece.paragraph.rows) == 1
        return _HINTED_DEPTH if piece.hinted or fine else _RIM_DEPTH

    def _looks_like_it(self, piece: _AtRim, label: Label) -> bool:
        """Small, and nothing else that stands at a rim: a heading on the first page, a footnote, a title. On a picture
        boxes are no measure of what is small."""
        paragraph, page = piece.paragraph, self._page
        if label in _NEVER or paragraph.size >= 1.15 * page.size or len(paragraph.rows) > 3:
            return False
        if label is Label.PARAGRAPH_TITLE and page.first_page and not piece.hinted:
            return False
        if not self.top and begins_with_sign(paragraph.text):
            return False
        measured = bool(paragraph.text) and not any(line.source.on_picture for line in paragraph.lines)
        return measured or piece.number or page.hinted(paragraph, self._kind, least=0.25)

    def _parted(self, piece: _AtRim) -> str | None:
        """What parts it from the text further in; None where nothing does."""
        size = self._page.size
        gap = self._gap(piece)
        if gap > (0.4 if piece.number else 1.3) * size:
            apart = (
                "nothing further in"
                if gap == float("inf")
                else f"{gap / size:.1f} sizes of type from what is further in"
            )
            return f"at the rim, {apart}"
        ruled = any(-0.3 * size < rule - piece.inner < min(gap, 1.5 * size) + 2 for rule in self._rules)
        if ruled and gap > 0.2 * size:
            return "at the rim, parted by a rule from what is further in"
        return "near the rim, and the network says so" if piece.hinted else None

    def _gap(self, piece: _AtRim) -> float:
        """Pixels to the next thing further in that stands above or below it, or nearly."""
        reach, paragraph = 8 * self._page.size, piece.paragraph
        further = (
            outer
            for (outer, inner), rect in zip(self._spans, self._rects, strict=True)
            if inner > piece.inner + 0.5 * self._page.size
            and outer > piece.outer
            and rect.overlap_x(paragraph) > -reach
        )
        return min(further, default=float("inf")) - piece.inner
