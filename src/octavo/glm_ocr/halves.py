"""Other pictures of the same crop, for a reader that failed on it: larger, smaller, in two halves. Pure.

A crop is only ever cut where nothing is written, never through a line of text. Sides are brought to whole patches by
a frame in the colour of the paper, so that nothing is stretched.
"""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from octavo.document import Pixels, Task
from octavo.frozen import frozen
from octavo.geometry import PixelBudget
from octavo.opencv import cv2

_CONTRAST = 40  # grey levels between paper and ink; scanner noise stays below
_LEAST_INK = 20  # pixels; a single "1" at 150 dpi has 24
_LINE_ASPECT = 6  # wider than this is one line of text: it can only be cut between words


def is_inked(pixels: Pixels) -> bool:
    """Whether there is anything on the crop besides paper and specks of one or two pixels."""
    ink = _ink(_grey(pixels)).astype(np.uint8)
    company = np.asarray(cv2.boxFilter(ink, -1, (3, 3), normalize=False))  # ink among a pixel and its neighbours
    return int(((company >= 3) & (ink > 0)).sum()) >= _LEAST_INK


def framed(pixels: Pixels, budget: PixelBudget, *, scale: float = 1.0) -> Pixels:
    """The crop at `scale`, as far as the budget allows, with a frame that brings it to whole patches."""
    height, width = pixels.shape[:2]
    scale = min(scale, math.sqrt(budget.max_pixels / (height * width)))
    if scale != 1.0:
        size = (max(1, int(width * scale)), max(1, int(height * scale)))
        pixels = _bytes(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC))
        height, width = pixels.shape[:2]
    longest = max(height, width)
    least = max(budget.multiple, math.ceil(longest / budget.max_aspect))  # the shorter side's
    least = max(least, math.ceil(budget.min_pixels / longest))
    down, across = (_round_up(max(side, least), budget.multiple) - side for side in (height, width))
    if not down and not across:
        return pixels
    paper = [float(level) for level in np.median(pixels[:: max(1, height // 64)].reshape(-1, 3), axis=0)]
    top, left = down // 2, across // 2
    return _bytes(cv2.copyMakeBorder(pixels, top, down - top, left, across - left, cv2.BORDER_CONSTANT, value=paper))


@frozen
class Halves:
    """A crop cut in two; `joint` goes between the texts."""

    first: Pixels
    second: Pixels
    joint: str


def halves(pixels: Pixels, task: Task) -> Halves | None:
    """The crop cut in two near its middle; None where it cannot be cut without cutting text."""
    height, width = pixels.shape[:2]
    ink = _ink(_grey(pixels))
    if task is Task.TABLE:
        ink = _without_rules(ink)
    if width < _LINE_ASPECT * height and (at := _gap(np.asarray(ink.any(axis=1)), least=2)) is not None:
        return Halves(pixels[:at], pixels[at:], "\n")
    if task is not Task.TEXT:
        return None
    line = width >= _LINE_ASPECT * height
    least = max(3, height // 6) if line else max(6, width // 50)
    at = _gap(np.asarray(ink.any(axis=0)), least=least)
    return None if at is None else Halves(pixels[:, :at], pixels[:, at:], " " if line else "\n\n")


def _grey(pixels: Pixels) -> Pixels:
    return _bytes(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY))


def _ink(grey: Pixels) -> NDArray[np.bool_]:
    paper = float(np.median(grey))
    return np.asarray(np.abs(grey.astype(np.int16) - paper) > _CONTRAST)


def _without_rules(ink: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The lines of a table are no text: a cut along one is a good cut."""
    kept = ink.copy()
    kept[:, ink.mean(axis=0) > 0.6] = False
    kept[ink.mean(axis=1) > 0.6, :] = False
    return kept


def _gap(inked: NDArray[np.bool_], *, least: int) -> int | None:
    """The middle of the blank stretch nearest to the centre, among those at least half as wide as the widest there."""
    length = len(inked)
    inner = [
        (begin, end)
        for begin, end in _blanks(inked)
        if end - begin >= least and length / 5 <= (begin + end) / 2 <= 4 * length / 5
    ]
    if not inner:
        return None
    widest = max(end - begin for begin, end in inner)
    begin, end = min(
        (gap for gap in inner if 2 * (gap[1] - gap[0]) >= widest), key=lambda gap: abs(gap[0] + gap[1] - length)
    )
    return (begin + end) // 2


def _blanks(inked: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate(([True], inked, [True])).astype(np.int8)))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def _round_up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple


def _bytes(pixels: object) -> Pixels:
    return np.asarray(pixels, np.uint8)
