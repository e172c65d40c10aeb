"""What a PDF page shows besides its characters, and whether these can be seen where it is known without a picture."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from octavo.document import Areas, Outlines
from octavo.drawing.wire import FACT_FIELDS, PLACE_FIELDS, RUN_FIELDS, SHAPE_FIELDS, Drawn, Shape
from octavo.geometry import Size
from octavo.glyphs import Flags, Glyphs, Numbers

STANDS_OUT: Final = 64.5  # grey levels between a character and its ground: thin strokes show 40 % of it, 24 are ink
SMALLEST: Final = 3.0  # pixels of type: smaller is a grey line
THINNEST: Final = 2.0  # pixels: what is thinner is a rule, and neither a ground nor a cover
MOST_GROUNDS: Final = 500  # that are told apart; with more, the picture is looked at
HIDES: Final = 0.3  # share of a character that something drawn later covers
FAR_OUT: Final = 1e6  # pixels: a file may say anything
PAPER: Final = 255.0  # grey of a page that nothing is drawn on


def outlines_of(drawn: Drawn, memory: NDArray[np.uint8]) -> Outlines:
    """What a drawing child sent of a page that was not drawn."""
    at = drawn.glyphs_at + 8 * (drawn.glyphs * (PLACE_FIELDS + FACT_FIELDS) + drawn.runs * RUN_FIELDS)
    told = np.frombuffer(memory, np.float64, drawn.shapes * SHAPE_FIELDS, at).reshape(-1, SHAPE_FIELDS)
    told = np.nan_to_num(told)
    a, b, c, d, e, f = drawn.to_page
    linear, shift = np.array([[a, b], [c, d]]), np.array([e, f])
    size = np.array((drawn.width, drawn.height))
    first, second = (told[:, 0:2] @ linear + shift) * size, (told[:, 2:4] @ linear + shift) * size
    boxes = np.clip(np.hstack([np.minimum(first, second), np.maximum(first, second)]), -FAR_OUT, FAR_OUT)
    kinds, places = told[:, 6].astype(np.int64), told[:, 5].astype(np.int64)
    greys = np.where(kinds == Shape.STROKED, np.nan, told[:, 4])
    greys[kinds == Shape.LOGO] = np.inf

    def those(*kind: Shape) -> Areas:
        chosen = np.isin(kinds, kind)
        return Areas(boxes[chosen], greys[chosen], places[chosen])

    across, down = drawn.sketched or (0, 0)
    depth = drawn.sketch_depth
    rows = memory[: down * across * depth].reshape((down, across) if depth == 1 else (down, across, depth))
    sketch = rows if rows.size else None
    filled, shapes, edges = those(Shape.BOX), those(Shape.FILLED, Shape.STROKED, Shape.LOGO), those(Shape.EDGE)
    return Outlines(Size(drawn.width, drawn.height), filled, shapes, edges, sketch)


def are_seen(glyphs: Glyphs, which: Flags, outlines: Outlines, dpi: float) -> bool:
    """Whether each of these characters is sure to be seen: filled, large enough, of another tone than its ground, and
    not drawn over. Where it is not, the picture tells."""
    runs = np.flatnonzero(np.bincount(glyphs.run[which]))
    if (glyphs.modes[runs] != 0).any() or (glyphs.places[runs] < 0).any():
        return False
    if (glyphs.sizes[runs] * dpi / 72 < SMALLEST).any():
        return False
    boxes = glyphs.boxes[which] * (dpi / 72)
    if not ((boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])).all():  # a glyph that draws nothing
        return False
    places, greys = glyphs.places[glyphs.run[which]], glyphs.greys[glyphs.run[which]]
    ground = np.full(len(boxes), PAPER)
    grounds, shapes = _thick(outlines.filled), _thick(outlines.shapes)
    if len(grounds.places) + len(shapes.places) > MOST_GROUNDS:
        return False
    left, top, right, bottom = np.ascontiguousarray(boxes.T)
    x, y = (left + right) / 2, (top + bottom) / 2

    def touched(box: Numbers) -> NDArray[np.int64]:
        """Few of a page's characters, and most areas touch none."""
        return np.flatnonzero((left < box[2]) & (right > box[0]) & (top < box[3]) & (bottom > box[1]))

    for box, grey, place in zip(grounds.boxes, grounds.greys, grounds.places, strict=True):
        near = touched(box)
        later = places[near] < place
        if (_covered(boxes[near[later]], box) > HIDES).any():
            return False
        below = near[~later]
        ground[below[(x[below] >= box[0]) & (x[below] <= box[2]) & (y[below] >= box[1]) & (y[below] <= box[3])]] = grey
    if (np.abs(ground - greys) < STANDS_OUT).any():
        return False
    for box, grey, place in zip(shapes.boxes, shapes.greys, shapes.places, strict=True):
        near = touched(box)
        if ((places[near] < place) | np.isinf(grey) | (np.abs(grey - greys[near]) < STANDS_OUT)).any():
            return False
    return True


def _thick(areas: Areas) -> Areas:
    """Those that are filled, and more than a rule."""
    thick = ((areas.boxes[:, 2:4] - areas.boxes[:, 0:2]).min(axis=1, initial=FAR_OUT) >= THINNEST) & ~np.isnan(
        areas.greys
    )
    return Areas(areas.boxes[thick], areas.greys[thick], areas.places[thick])


def _covered(boxes: Numbers, box: Numbers) -> Numbers:
    """The share of each that lies in the last."""
    left, top, right, bottom = boxes.T
    across = np.minimum(right, box[2]) - np.maximum(left, box[0])
    down = np.minimum(bottom, box[3]) - np.maximum(top, box[1])
    return np.asarray(across.clip(0) * down.clip(0) / ((right - left) * (bottom - top)), np.float64)
