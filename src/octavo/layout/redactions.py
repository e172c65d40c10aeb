"""Bars that are drawn over words to hide them, as text: without them the pieces of a row beside each other look like
columns, and nothing tells that something is missing.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from octavo.document import Outlines, Pixels, TextLine
from octavo.geometry import Box, Rect, Size
from octavo.opencv import cv2

REDACTED: Final = "█████"
_DARK: Final = 70  # of 255: what is darker hides what is under it
_SPACE: Final = 0.6  # sizes of type from a word to the bar beside it, at most: a wide space
_NARROWEST: Final = 1.0  # sizes of type that a bar is wide, at least: a letter in heavy type is narrower
_LOWEST: Final = 0.8  # sizes of type that a bar is high, at least
_HIGHEST: Final = 2.2  # the same, at most: one of a row
_ON_PAPER: Final = 0.5  # of a line is dark, at most: what is white on a dark ground has no bars beside it
_CORE: Final = 0.25  # of a line's height, at its top and at its bottom, that a bar may leave free


def find_redactions(pixels: Pixels, lines: Sequence[TextLine], size: float) -> list[TextLine]:
    """The bars of a page picture beside the words of a row; `size` is that of its running text in pixels.

    Bars of charts and panels have words on one side, if any: only where a bar stands between words do others that
    touch a word count.
    """
    page = Size(pixels.shape[1], pixels.shape[0])
    dark = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY) < _DARK)
    places = ((line.box.on(page), line) for line in lines if line.text and not line.quad)
    texts = [(place, line) for place, line in places if _share(dark, place) < _ON_PAPER]
    found: list[tuple[Rect, TextLine]] = []
    for place, line in texts:
        for bar in _beside(dark, place, size):
            if not any(bar.intersection(other) > 0 for other, _ in (*texts, *found)):
                found.append((bar, line))
    if not any(_touching(bar, texts, size) > 1 for bar, _ in found):
        return []
    return [TextLine(Box.of(bar, page), REDACTED, font_size=line.font_size) for bar, line in found]


def may_have_redactions(outlines: Outlines, size: float) -> bool:
    """Whether something drawn could be one: a dark area as high as type."""
    boxes = outlines.filled.boxes
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    fits = (width > _NARROWEST * size) & (height > _LOWEST * size) & (height < _HIGHEST * size)
    return bool((fits & (outlines.filled.greys < _DARK)).any())


def _share(dark: NDArray[np.bool_], place: Rect) -> float:
    part = dark[max(0, int(place.top)) : int(place.bottom) + 1, max(0, int(place.left)) : int(place.right) + 1]
    return float(part.mean()) if part.size else 1.0


def _beside(dark: NDArray[np.bool_], line: Rect, size: float) -> Iterator[Rect]:
    """The bars right behind a line and right before it, as high as the line is."""
    inset = _CORE * line.height
    core = dark[max(0, round(line.top + inset)) : round(line.bottom - inset)]
    filled = np.asarray(core.all(axis=0), np.bool_)
    left, right = max(0, round(line.left)), round(line.right)
    start, end = _first_run(filled[right:])
    if start <= _SPACE * size and end - start > _NARROWEST * size:
        yield Rect(float(right + start), line.top, float(right + end), line.bottom)
    start, end = _first_run(filled[:left][::-1])
    if start <= _SPACE * size and end - start > _NARROWEST * size:
        yield Rect(float(left - end), line.top, float(left - start), line.bottom)


def _first_run(filled: NDArray[np.bool_]) -> tuple[int, int]:
    """Where the first stretch that is filled starts and ends; its length where none is."""
    if not filled.any():
        return len(filled), len(filled)
    start = int(filled.argmax())
    rest = filled[start:]
    return start, start + (len(rest) if rest.all() else int(rest.argmin()))


def _touching(bar: Rect, texts: Sequence[tuple[Rect, TextLine]], size: float) -> int:
    """On how many sides words of its row stand right beside a bar."""
    level = [place for place, _ in texts if place.overlap_y(bar) > 0.5 * min(place.height, bar.height)]
    before = any(0 <= bar.left - place.right <= _SPACE * size for place in level)
    behind = any(0 <= place.left - bar.right <= _SPACE * size for place in level)
    return before + behind
