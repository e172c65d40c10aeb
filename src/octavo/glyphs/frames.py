"""The directions in which glyphs are written, each turned to run from left to right. Pure."""

import math
from collections.abc import Iterable
from typing import Final

import numpy as np

from octavo.frozen import frozen
from octavo.glyphs import WIDTHS, Flags, Glyphs, Indices, Numbers

# Ems; those of a typical text face.
ASCENT: Final = 0.72  # above the baseline
DESCENT: Final = 0.22  # below it


@frozen
class Frame:
    """Glyphs of one direction, turned so that it runs from left to right; u along, v down."""

    index: Indices  # in the page's glyphs
    left: Numbers
    right: Numbers
    top: Numbers
    bottom: Numbers
    start: Numbers  # of the advance box
    end: Numbers
    baseline: Numbers
    size: Numbers
    angle: float
    stacked: bool  # upright characters one below the other

    def points(self, left: float, top: float, right: float, bottom: float) -> list[tuple[float, float]]:
        """The corners of a box of the frame on the page, clockwise from where reading starts."""
        corners = ((left, top), (right, top), (right, bottom), (left, bottom))
        if self.stacked:
            return [(-v, u) for u, v in corners]
        cosine, sine = math.cos(math.radians(self.angle)), math.sin(math.radians(self.angle))
        return [(u * cosine - v * sine, u * sine + v * cosine) for u, v in corners]


def frames(glyphs: Glyphs, ink: Flags) -> Iterable[Frame]:
    stacked = _stacked(glyphs, ink)
    angles = glyphs.angles[glyphs.run]
    for angle in sorted(set(angles[ink & ~stacked].tolist())):
        yield _frame(glyphs, np.flatnonzero(ink & ~stacked & (angles == angle)), angle)
    if stacked.any():
        yield _stacked_frame(glyphs, np.flatnonzero(stacked))


def _frame(glyphs: Glyphs, index: Indices, angle: float) -> Frame:
    cosine, sine = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    boxes, origins = glyphs.boxes[index], glyphs.origins[index]
    size = np.maximum(glyphs.sizes[glyphs.run[index]], 0.1)
    first, second = _turned(boxes[:, 0:2], cosine, sine), _turned(boxes[:, 2:4], cosine, sine)
    low, high = np.minimum(first, second), np.maximum(first, second)
    u, baseline = _turned(origins, cosine, sine).T
    if angle % 90:  # the box of a slanted glyph says little: take the width its character has in other fonts
        codes = glyphs.codes[index].tolist()
        width = np.array([WIDTHS.get(chr(code), 1000 if code >= 0x2E80 else 520) for code in codes])
        low = np.column_stack([u, baseline - ASCENT * size])
        high = np.column_stack([u + width / 1000 * size, baseline + DESCENT * size])
    advance = glyphs.advances[index]
    # PDFium gives the width of the ink for some fonts' advance: it ends before the ink does.
    told = (advance > 0.05 * size) & (advance < 3 * size)
    told &= glyphs.told[index] | (u + advance > high[:, 0] - 0.05 * size)
    # Where the advance is not told, a glyph is taken to have as much room after its ink as before it.
    start = np.where(glyphs.told[index], u, np.minimum(u, low[:, 0]))
    end = np.where(told, u + advance, high[:, 0] + np.clip(low[:, 0] - u, 0, 0.2 * size))
    return Frame(index, low[:, 0], high[:, 0], low[:, 1], high[:, 1], start, end, baseline, size, angle, False)


def _turned(points: Numbers, cosine: float, sine: float) -> Numbers:
    return np.column_stack([points[:, 0] * cosine + points[:, 1] * sine, points[:, 1] * cosine - points[:, 0] * sine])


def _stacked_frame(glyphs: Glyphs, index: Indices) -> Frame:
    """Upright characters in columns: down is along, and the columns go from right to left."""
    boxes = glyphs.boxes[index]
    size = np.maximum(glyphs.sizes[glyphs.run[index]], 0.1)
    left, top, right, bottom = boxes.T
    middle = -(left + right) / 2
    baseline = middle + (ASCENT - DESCENT) / 2 * size
    centre = (top + bottom) / 2
    return Frame(index, top, bottom, -right, -left, centre - size / 2, centre + size / 2, baseline, size, 90.0, True)


def _stacked(glyphs: Glyphs, ink: Flags) -> Flags:
    """Glyphs of East Asian runs that go down the page."""
    found = np.zeros(len(glyphs), bool)
    order = np.flatnonzero(ink & (glyphs.angles[glyphs.run] == 0) if len(glyphs.angles) else ink)
    if len(order) < 2:
        return found
    size = np.maximum(glyphs.sizes[glyphs.run[order]], 0.1)
    step = np.diff(glyphs.origins[order], axis=0) / size[1:, None]
    east = (glyphs.codes[order] >= 0x2E80) & (glyphs.codes[order] < 0xFB00)
    down = (np.abs(step[:, 0]) < 0.3) & (step[:, 1] > 0.5) & (step[:, 1] < 2) & east[1:] & east[:-1]
    # Three in a row at least: two characters below each other are two lines of one character as well.
    longer = np.convolve(down, [1, 1], "valid") == 2 if len(down) > 1 else np.zeros(0, bool)
    for start in np.flatnonzero(longer):
        found[order[start : start + 3]] = True
    return found
