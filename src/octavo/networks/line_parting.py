"""Lines found in one piece across the gutter between two columns, parted.

Where columns stand close, the detector bridges the gap on one line in ten. A gap within a line is a gutter if
pairs of lines nearby leave the same gap free, and no wider one.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from octavo.document import Pixels
from octavo.networks.strips import HEIGHT, Quad, inked, sides, straightened

_LONG = 8.0  # length over height from which a line may hold two columns
_NEAR = 12.0  # heights: how far up and down the other lines are looked at
_WITNESSES = 3  # pairs of lines on one height, of which one ends before the gutter and the other begins after it
_LEVEL = 0.5  # heights: how far apart the middles of a pair may be
_SPACE = 0.3  # heights: what a gutter is at least wider than
_ALIGNED = 0.5  # heights: how far from the gap the edges of the witnesses may lie


def parted(quads: Sequence[Quad], pixels: Pixels) -> Iterator[list[Quad]]:
    """For each line, what it really is: itself, or its parts from left to right."""
    extents = np.array([_extent(quad) for quad in quads], np.float32).reshape(-1, 4)
    for quad in quads:
        yield _parts(quad, extents, pixels)


def _extent(quad: Quad) -> tuple[float, float, float, float]:
    """Left edge, right edge, middle and height of a line that runs about level."""
    top_left, top_right, bottom_right, bottom_left = quad
    left, right = (top_left[0] + bottom_left[0]) / 2, (top_right[0] + bottom_right[0]) / 2
    return float(left), float(right), float(quad[:, 1].mean()), sides(quad)[1]


def _parts(quad: Quad, extents: NDArray[np.float32], pixels: Pixels) -> list[Quad]:
    left, right, middle, height = _extent(quad)
    if right - left < _LONG * height:
        return [quad]
    near = extents[np.abs(extents[:, 2] - middle) < _NEAR * height]
    ends = near[(near[:, 1] > left + height) & (near[:, 1] < right - height)]
    begins = near[(near[:, 0] > left + height) & (near[:, 0] < right - height)]
    if len(ends) < _WITNESSES or len(begins) < _WITNESSES:
        return [quad]
    level = np.abs(ends[:, None, 2] - begins[None, :, 2]) < _LEVEL * height
    cuts = [
        (start, end)
        for start, end in _gaps(quad, pixels)
        if _witnesses(ends[:, 1], begins[:, 0], level, left + (right - left) * np.array((start, end)), height)
    ]
    edges = [0.0, *(edge for cut in cuts for edge in cut), 1.0]
    return [_stretch(quad, start, end) for start, end in zip(edges[::2], edges[1::2], strict=True)]


def _witnesses(
    ends: NDArray[np.float32],
    begins: NDArray[np.float32],
    level: NDArray[np.bool_],
    gap: NDArray[np.float64],
    height: float,
) -> bool:
    """Whether enough pairs of lines leave the gap free: the one ends at its start, the other begins at its end.

    Between quads, which are wider than their ink, a gutter looks narrower than it is; a space in a heading over both
    columns is narrower still.
    """
    before = np.abs(ends - gap[0]) < _ALIGNED * height
    after = np.abs(begins - gap[1]) < _ALIGNED * height
    widths = (begins[None, :] - ends[:, None])[level & before[:, None] & after[None, :]]
    return len(widths) >= _WITNESSES and bool(gap[1] - gap[0] > np.median(widths))


def _gaps(quad: Quad, pixels: Pixels) -> Iterator[tuple[float, float]]:
    """Runs without ink wider than a space, each from 0..1 to 0..1 of the line."""
    ink = inked(straightened(pixels, quad))
    edges = np.flatnonzero(np.diff(np.concatenate(([True], ink, [True]))))
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        if end - start > _SPACE * HEIGHT and start > 0 and end < len(ink):
            yield float(start / len(ink)), float(end / len(ink))


def _stretch(quad: Quad, start: float, end: float) -> Quad:
    """The part of a line from 0..1 to 0..1 of its length."""
    top_left, top_right, bottom_right, bottom_left = quad
    top, bottom = top_right - top_left, bottom_right - bottom_left
    return np.array(
        (top_left + top * start, top_left + top * end, bottom_left + bottom * end, bottom_left + bottom * start),
        np.float32,
    )
