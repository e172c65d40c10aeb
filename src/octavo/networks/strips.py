"""A line's pixels as a level strip of one height, and the gaps in it."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from octavo.document import Pixels
from octavo.opencv import cv2

Quad = NDArray[np.float32]  # 4 x 2, pixels: the corners clockwise from where reading starts

HEIGHT = 48  # rows of a strip: what the reader was trained on
EDGE = 4  # rows above and below left out when ink is looked for: neighbouring lines reach in there
FAINTEST = 0.3  # share of the strip's strongest contrast that counts as ink


def straightened(pixels: Pixels, quad: Quad) -> Pixels:
    """The line as a level strip of the network's height, cut from the picture along its quad."""
    width, height = sides(quad)
    target = max(1, round(width * HEIGHT / height)), HEIGHT
    if height <= HEIGHT:  # in one step: of a line 10 pixels tall, no half pixel may be lost
        return _warped(pixels, quad, target)
    left, top = quad.min(axis=0)
    right, bottom = quad.max(axis=0)
    level = np.array(((left, top), (right, top), (right, bottom), (left, bottom)), np.float32)
    if np.abs(quad - level).max() < 1:
        rows, columns = _within(top, bottom, pixels.shape[0]), _within(left, right, pixels.shape[1])
        strip = pixels[rows, columns]
    else:
        strip = _warped(pixels, quad, (round(width), round(height)))
    return cv2.resize(strip, target, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def _within(start: float, end: float, extent: int) -> slice:
    """A stretch of one side, at least one pixel of it."""
    first = min(max(0, int(start)), extent - 1)
    return slice(first, max(first + 1, min(extent, round(end))))


def _warped(pixels: Pixels, quad: Quad, size: tuple[int, int]) -> Pixels:
    width, height = size
    corners = np.array(((0, 0), (width, 0), (width, height), (0, height)), np.float32)
    # Both are counted from the edges of pixels, OpenCV counts from their centres.
    turn = cv2.getPerspectiveTransform(quad - np.float32(0.5), corners - np.float32(0.5))
    return cv2.warpPerspective(pixels, turn, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE).astype(
        np.uint8, copy=False
    )


def sides(quad: Quad) -> tuple[float, float]:
    """Length along the line and across it."""
    top, right, bottom, left = (float(np.linalg.norm(b - a)) for a, b in pairwise((*quad, quad[0])))
    return max(1.0, top, bottom), max(1.0, left, right)


def inked(strip: Pixels) -> NDArray[np.bool_]:
    """The columns with something written in them: those whose darkest and lightest pixel are far apart."""
    grey = cv2.cvtColor(strip, cv2.COLOR_RGB2GRAY)[EDGE:-EDGE]
    contrast = grey.max(axis=0).astype(np.int16) - grey.min(axis=0)
    inked: NDArray[np.bool_] = contrast > FAINTEST * contrast.max()
    return inked


def widest_gap(ink: NDArray[np.bool_], start: float, end: float) -> slice:
    """The widest run of columns without ink between two places; the middle of them where there is none."""
    first, last = round(start), max(round(start) + 1, round(end))
    edges = np.flatnonzero(np.diff(np.concatenate(([True], ink[first:last], [True]))))
    if len(edges) < 2:
        middle = (first + last) // 2
        return slice(middle, middle)
    starts, stops = edges[::2], edges[1::2]
    widest = int(np.argmax(stops - starts))
    return slice(first + int(starts[widest]), first + int(stops[widest]))
