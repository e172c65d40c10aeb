"""Bullets that are drawn on a page rather than written, as lines of text: browsers print those of lists so, and without
them the entries of a list are lines of one paragraph.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from octavo.document import Outlines, Pixels, TextLine
from octavo.geometry import Box, Rect, Size
from octavo.wording.lists import begins_entry
from octavo.wording.sentences import has_word

_BULLET: Final = "•"
_ROOM: Final = 2.2  # sizes of type in front of a line, where a bullet may stand
_APART: Final = 0.15  # sizes of type between a bullet and its line, at least
_DARK: Final = 140  # of 255: what is darker is drawn
_SMALLEST: Final = 0.18  # sizes of type: a bullet's side, at least
_LARGEST: Final = 0.65  # sizes of type: the same, at most
_ROUND: Final = 0.3  # by which its sides may differ
_MIDDLE: Final = 0.3  # sizes of type by which it may be off the middle of its line
_SAME_GAP: Final = 0.12  # sizes of type by which the gaps between bullets and their lines may differ
_BLUR: Final = 2.0  # pixels by which what is drawn is larger than its shape
_FEWEST: Final = 2  # on a page with the same gap


def find_drawn_bullets(pixels: Pixels, lines: Sequence[TextLine], size: float) -> list[TextLine]:
    """The bullets of a page picture; `size` is that of its running text in pixels."""
    page = Size(pixels.shape[1], pixels.shape[0])
    written = [line.box.on(page) for line in lines]
    found = [
        (gap, line, bullet)
        for line in lines
        if line.text and not line.quad and has_word(line.text) and not begins_entry(line.text)
        for gap, bullet in _in_front(pixels, line.box.on(page), size)
        if not any(place.contains(*bullet.center) for place in written)
    ]
    return [
        TextLine(
            Box.of(Rect(bullet.left, rect.top, bullet.right, rect.bottom), page), _BULLET, font_size=line.font_size
        )
        for gap, line, bullet in found
        if sum(abs(gap - other) < _SAME_GAP * size for other, _, _ in found) >= _FEWEST
        for rect in (line.box.on(page),)
    ]


def may_have_bullets(outlines: Outlines, lines: Sequence[TextLine], size: float) -> bool:
    """Whether what is drawn in front of some lines could be bullets: shapes as small and as round. Marks of a chart are
    such, too, but stand before no lines."""
    boxes = np.vstack([outlines.filled.boxes, outlines.shapes.boxes])
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    least, most = _SMALLEST * size - _BLUR, _LARGEST * size + _BLUR
    fits = (np.minimum(width, height) > least) & (np.maximum(width, height) < most)
    marks = boxes[fits & (np.abs(width - height) < _ROUND * height + _BLUR)]
    if len(marks) < _FEWEST:
        return False
    x, y = (marks[:, 0] + marks[:, 2]) / 2, (marks[:, 1] + marks[:, 3]) / 2
    led = 0
    for line in lines:
        rect = line.box.on(outlines.size)
        before = (x > rect.left - _ROOM * size) & (x < rect.left) & (y > rect.top) & (y < rect.bottom)
        led += bool(before.any())
    return led >= _FEWEST


def _in_front(pixels: Pixels, line: Rect, size: float) -> Iterator[tuple[float, Rect]]:
    """The only mark in front of a line, if it is as large and as round as a bullet, with the gap between the two."""
    left, right = max(0, round(line.left - _ROOM * size)), round(line.left - _APART * size)
    top, bottom = round(line.top), round(line.bottom)
    if right - left < _SMALLEST * size or line.height > 2 * size:
        return
    dark: NDArray[np.bool_] = pixels[top:bottom, left:right, 1] < _DARK
    if not dark.any():
        return
    columns, rows = np.flatnonzero(dark.any(axis=0)).tolist(), np.flatnonzero(dark.any(axis=1)).tolist()
    if columns[0] == 0:
        return  # the end of a word, cut
    bullet = Rect(left + columns[0], top + rows[0], left + columns[-1] + 1, top + rows[-1] + 1)
    fits = _SMALLEST * size <= min(bullet.width, bullet.height) and max(bullet.width, bullet.height) <= _LARGEST * size
    round_ = abs(bullet.width - bullet.height) <= max(1, _ROUND * bullet.height)
    if fits and round_ and abs(bullet.middle - line.middle) < _MIDDLE * size:
        yield line.left - bullet.right, bullet
