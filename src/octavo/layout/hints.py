"""What a layout network believes to see on a page, in pixels, and how to ask that about a place."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from octavo.frozen import frozen
from octavo.geometry import Rect

_ABOUT: Final = 0.5  # share of a place under a hint from which the hint is about it


class HintKind(StrEnum):
    """What a hint may be about, as the dataset CDLA spells its classes."""

    TEXT = "text"
    TITLE = "title"
    FIGURE_CAPTION = "figure_caption"
    TABLE = "table"
    TABLE_CAPTION = "table_caption"
    HEADER = "header"
    FOOTER = "footer"
    EQUATION = "equation"


@frozen
class Hint:
    """Something a layout network believes to see. Pixels."""

    kind: HintKind
    rect: Rect
    score: float  # 0..1


class Hints:
    """All hints of a page."""

    def __init__(self, hints: Sequence[Hint]) -> None:
        self._hints = hints

    def best(self, rect: Rect, *kinds: HintKind) -> float:
        """The strongest hint that a place is one of `kinds`; 0 where there is none."""
        if not self._hints:
            return 0.0
        extent = max(1.0, rect.area)
        scores = (h.score for h in self._hints if h.kind in kinds and rect.intersection(h.rect) > _ABOUT * extent)
        return max(scores, default=0.0)

    def within(self, rect: Rect, *kinds: HintKind) -> float:
        """The strongest hint of `kinds` that mostly lies in a place; 0 where there is none."""
        scores = (
            hint.score
            for hint in self._hints
            if hint.kind in kinds and rect.intersection(hint.rect) > _ABOUT * max(1.0, hint.rect.area)
        )
        return max(scores, default=0.0)
