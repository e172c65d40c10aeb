"""What a layout network believes to see on a page, in pixels, and how to ask that about a place."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

Rect = tuple[float, float, float, float]  # left, top, right, bottom in pixels of the page

_ABOUT = 0.5  # share of a place under a hint from which the hint is about it


class Kind(StrEnum):
    """What a hint may be about, as the dataset CDLA spells its classes."""

    TEXT = "text"
    TITLE = "title"
    FIGURE_CAPTION = "figure_caption"
    TABLE = "table"
    TABLE_CAPTION = "table_caption"
    HEADER = "header"
    FOOTER = "footer"
    EQUATION = "equation"


@dataclass(frozen=True, slots=True)
class HintRect:
    """A hint of the layout network, in pixels."""

    kind: Kind
    rect: Rect
    score: float


def area(rect: Rect) -> float:
    return max(0.0, rect[2] - rect[0]) * max(0.0, rect[3] - rect[1])


def shared(a: Rect, b: Rect) -> float:
    """Area common to two rectangles."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    return width * height if width > 0 and height > 0 else 0.0


class Hints:
    """All hints of a page."""

    def __init__(self, hints: Sequence[HintRect]) -> None:
        self._hints = hints

    def best(self, rect: Rect, *kinds: Kind) -> float:
        """The strongest hint that a place is one of `kinds`; 0 where there is none."""
        extent = max(1.0, area(rect))
        scores = (h.score for h in self._hints if h.kind in kinds and shared(rect, h.rect) > _ABOUT * extent)
        return max(scores, default=0.0)

    def within(self, rect: Rect, *kinds: Kind) -> float:
        """The strongest hint of `kinds` that mostly lies in a place; 0 where there is none."""
        scores = (
            hint.score
            for hint in self._hints
            if hint.kind in kinds and shared(rect, hint.rect) > _ABOUT * max(1.0, area(hint.rect))
        )
        return max(scores, default=0.0)
