"""What became of the ink at one place of a page, in words."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from octavo.document import Page, Pixels
from octavo.frontends._trace_layers import Mark, View
from octavo.geometry import Box, Size
from octavo.straightening import warp_in_words

_AROUND = 4.0  # page units: how far from the place ink counts as at it
_CONTRAST = 40  # grey levels between ink and what is around it


def said(page: Page) -> str:
    """What is known of the page as a whole."""
    turned = f", turned by {page.rotation}°" if page.rotation else ""
    turned += f", put straight ({warp_in_words(page.warp)})" if page.warp else ""
    layer = f"text layer {page.text_layer.value} ({page.text_layer_reason})" if page.text_layer else "no text layer"
    return f"page {page.number + 1}: {page.size.width} x {page.size.height} pixels{turned}; {layer}"


def account(views: Sequence[View], pixels: Pixels, x: float, y: float) -> Iterator[str]:
    """Line by line, from the ink to the text. `x` and `y` are 0..1000 of the page."""
    yield f"at {x:g},{y:g}: {'ink' if _inked(pixels, x, y) else 'no ink'}"
    nothing = True
    for view in views:
        for mark in view.at(x, y):
            nothing = False
            yield f"  {view.name} {view.marks.index(mark)}: {in_words(mark)}"
    if nothing:
        yield "  nothing that the stages saw is here"
    lines = next(view for view in views if view.name == "lines")
    if not lines.at(x, y) and lines.marks:
        nearest = min(lines.marks, key=lambda mark: _distance(mark.box, x, y))
        yield f"  the nearest line is {_distance(nearest.box, x, y):.0f} units away: {nearest.words}"


def in_words(mark: Mark) -> str:
    return f"{mark.words}; but no: {mark.lost}" if mark.lost else mark.words


def _inked(pixels: Pixels, x: float, y: float) -> bool:
    """Whether something stands out within a few units."""
    size = Size(pixels.shape[1], pixels.shape[0])
    box = Box(x - _AROUND, y - _AROUND, x + _AROUND, y + _AROUND).to_pixels(size)
    part = pixels[box.top : box.bottom, box.left : box.right].astype(np.int16)
    return bool((part.max(axis=(0, 1)) - part.min(axis=(0, 1))).max() > _CONTRAST)


def _distance(box: Box, x: float, y: float) -> float:
    return math.hypot(max(box.left - x, 0.0, x - box.right), max(box.top - y, 0.0, y - box.bottom))
