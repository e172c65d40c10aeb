"""Ruling lines of a page whose file says what is drawn on it: the same as `rules` finds in its picture, for nothing.

What is drawn is painted on a sheet of as few cells as its sides need; where two neighbours differ in tone, there is an
edge, and edges become lines as those of a picture do. Unlike there, letters leave no edges.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from octavo.document import Outlines
from octavo.tables.rules import (
    ACROSS,
    DOWN,
    GAP_ACROSS,
    GAP_DOWN,
    SHORTEST,
    STEP,
    Rule,
    Rules,
    TextPlaces,
    in_text,
    joined,
)

_PAPER: Final = 255  # grey of a page that nothing is drawn on
_SAME: Final = 0.35  # pixels between two sides that are one: shades of neighbouring rows do not quite meet
_THINNEST: Final = 1.0  # pixels that a line is drawn with at least
_MOST_CELLS: Final = 4_000_000  # of the sheet: only a child that a file took over tells of boxes for more

_Numbers = NDArray[np.float64]


def rules_among(outlines: Outlines, text: TextPlaces = ()) -> Rules:
    """The lines of at least `SHORTEST` pixels. `text` says where words or lines of text are: what strikes them out, or
    goes under them, is no ruling line."""
    if not len(outlines.filled.boxes) and not len(outlines.edges.boxes):
        return Rules(outlines.size)
    boxes = np.array(text, np.float64).reshape(-1, 4)
    across, down = _edges(outlines)
    across = across[across[:, 2] - across[:, 1] >= ACROSS]
    down = down[down[:, 2] - down[:, 1] >= DOWN]
    return Rules(
        outlines.size,
        tuple(rule for rule in _lines(across, boxes, GAP_ACROSS) if rule.length >= SHORTEST),
        tuple(rule for rule in _lines(down, boxes[:, [1, 0, 3, 2]], GAP_DOWN) if rule.length >= SHORTEST),
    )


def _lines(edges: _Numbers, text: _Numbers, gap: int) -> list[Rule]:
    areas = np.column_stack([edges[:, 1], edges[:, 0], edges[:, 2] - edges[:, 1], np.zeros(len(edges))])
    clear = edges[~in_text(areas, text)]
    return joined(
        [Rule(at, start, end) for at, start, end in clear[np.argsort(clear[:, 0], kind="stable")].tolist()], gap
    )


def _edges(outlines: Outlines) -> tuple[_Numbers, _Numbers]:
    """Level and upright edges: where they are, where they start, where they end."""
    width, height = outlines.size
    boxes = _as_drawn(outlines.filled.boxes)
    xs, ys = _places(boxes[:, [0, 2]], width), _places(boxes[:, [1, 3]], height)
    across, down = [], []
    if len(boxes) and len(xs) * len(ys) <= _MOST_CELLS:
        sheet = np.full((len(ys) - 1, len(xs) - 1), _PAPER, np.int16)
        columns, rows = _nearest(xs, boxes[:, [0, 2]]), _nearest(ys, boxes[:, [1, 3]])
        greys = np.round(outlines.filled.greys).clip(0, _PAPER).astype(np.int16)
        for (left, right), (top, bottom), grey in zip(columns.tolist(), rows.tolist(), greys.tolist(), strict=True):
            sheet[top:bottom, left:right] = grey
        across.append(_steps(sheet, ys, xs))
        down.append(_steps(sheet.T, xs, ys))
    left, top, right, bottom = outlines.edges.boxes[np.abs(_PAPER - outlines.edges.greys) > STEP].T
    level = right - left >= bottom - top
    across.append(np.column_stack([(top + bottom) / 2, left, right])[level])
    down.append(np.column_stack([(left + right) / 2, top, bottom])[~level])
    return np.vstack(across), np.vstack(down)


def _as_drawn(boxes: _Numbers) -> _Numbers:
    """No thinner than they are drawn."""
    middles, sides = (boxes[:, 0:2] + boxes[:, 2:4]) / 2, np.maximum(boxes[:, 2:4] - boxes[:, 0:2], _THINNEST)
    return np.hstack([middles - sides / 2, middles + sides / 2])


def _places(sides: _Numbers, end: int) -> _Numbers:
    """Where sides are, from 0 to `end`, those that are one taken once."""
    kept = [0.0]
    for place in sorted({*sides.clip(0, end).ravel().tolist(), float(end)}):
        if place - kept[-1] > _SAME:
            kept.append(place)
    return np.array(kept)


def _nearest(places: _Numbers, sides: _Numbers) -> NDArray[np.int64]:
    """The place that each side is one with: the last that is not beyond it."""
    return np.asarray(np.searchsorted(places, sides + 1e-9, side="right") - 1, np.int64).clip(0)


def _steps(sheet: NDArray[np.int16], rows: _Numbers, columns: _Numbers) -> _Numbers:
    """The level edges of a sheet: steps into dark and out of it apart, as in a picture."""
    change = np.diff(sheet, axis=0)
    steps = np.zeros((2, change.shape[0], change.shape[1] + 2), np.int8)
    steps[:, :, 1:-1] = change < -STEP, change > STEP
    turns = np.diff(steps, axis=2)
    (_, row, start), (_, _, end) = np.nonzero(turns > 0), np.nonzero(turns < 0)
    return np.column_stack([rows[row + 1], columns[start], columns[end]])
