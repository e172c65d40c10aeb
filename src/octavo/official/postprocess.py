"""What the official GLM-OCR SDK makes of a layout network's raw boxes, in numpy.

Equal to `glmocr` 0.1.1 and 0.1.5 (PyPI), `utils/layout_postprocess_utils.py`, which is the same file in both; proved by
tests/official over random box sets: suppression of duplicates, the filter for pictures as large as the page, removal of
contained boxes, reading order, unclipping, clamping to whole pixels. Its loops over pairs of boxes take 0.3 s at 100
boxes; this takes about 1 ms. The same sums are done in the same order on the same float64 values, so that a comparison
with a threshold never falls the other way.

What is removed is not forgotten: each raw box that is not in the result is there with the reason.
"""

from collections.abc import Mapping, Sequence
from dataclasses import field
from enum import StrEnum
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from octavo.document import Label
from octavo.frozen import frozen
from octavo.geometry import Size
from octavo.settings import Merge

Floats: TypeAlias = NDArray[np.float64]
Indices: TypeAlias = NDArray[np.intp]
Flags: TypeAlias = NDArray[np.bool_]


# config.yaml of glmocr 0.1.1 and 0.1.5, layout.layout_merge_bboxes_mode.
OFFICIAL_MERGES: Mapping[Label, Merge] = MappingProxyType(
    dict.fromkeys(Label, Merge.LARGE) | {Label.REFERENCE: Merge.SMALL}
)


@frozen
class LayoutRules:
    """The switches the SDK's configuration has."""

    suppress: bool = True  # duplicates, by overlap and score
    merge: Merge | Mapping[Label, Merge] | None = field(default_factory=lambda: OFFICIAL_MERGES)
    unclip: tuple[float, float] | Mapping[Label, tuple[float, float]] | None = (1.0, 1.0)


OFFICIAL = LayoutRules()


@frozen
class RawBoxes:
    """What a layout network found on a page, one row each, unordered and unclamped."""

    labels: tuple[Label, ...]
    scores: Floats  # n
    boxes: Floats  # n x 4: left, top, right, bottom in pixels
    order: Floats  # n: rank in reading order
    polygons: Sequence[NDArray[np.float32] | None] = ()  # in pixels; empty where none were asked for


class Removed(StrEnum):
    """Why a raw box is not in the result."""

    DUPLICATE = "duplicate"  # overlaps a better one
    AS_LARGE_AS_PAGE = "as_large_as_page"  # a picture that is the page itself
    CONTAINED = "contained"  # merging kept another one instead
    EMPTY = "empty"  # nothing of it is on the page


@frozen
class CleanBoxes:
    """What the SDK keeps, in reading order."""

    kept: Indices  # rows of the raw boxes
    boxes: NDArray[np.int64]  # as many x 4, whole pixels on the page
    polygons: tuple[NDArray[np.float32], ...]  # in pixels, on the page
    removed: Mapping[int, Removed]  # row of the raw boxes -> reason


def clean(raw: RawBoxes, size: Size, rules: LayoutRules = OFFICIAL) -> CleanBoxes:
    """`apply_layout_postprocess` for one page of `size` pixels."""
    removed: dict[int, Removed] = {}

    def without(kept: Indices, keep: Flags, reason: Removed) -> Indices:
        removed.update(dict.fromkeys(kept[~keep].tolist(), reason))
        return kept[keep]

    kept = np.arange(len(raw.labels), dtype=np.intp)
    labels = np.array([str(label) for label in raw.labels])
    if rules.suppress and len(kept):
        best = _best_of_overlapping(labels, raw.scores, raw.boxes)
        removed.update(dict.fromkeys(np.setdiff1d(kept, best).tolist(), Removed.DUPLICATE))
        kept = best
    if len(kept) > 1:
        fits = ~_large_pictures(labels[kept], raw.boxes[kept], size)
        if fits.any():
            kept = without(kept, fits, Removed.AS_LARGE_AS_PAGE)
    if rules.merge:
        kept = without(kept, _survivors(labels[kept], raw.boxes[kept], rules.merge), Removed.CONTAINED)
    kept = kept[np.argsort(raw.order[kept], kind="stable")]

    loose = _unclipped(labels[kept], raw.boxes[kept], rules.unclip)
    edges = np.array([size.width, size.height, size.width, size.height], dtype=np.float64)
    clamped = np.clip(loose, 0.0, edges)
    real = (clamped[:, 0] < clamped[:, 2]) & (clamped[:, 1] < clamped[:, 3])
    kept, loose, clamped = without(kept, real, Removed.EMPTY), loose[real], clamped[real]
    polygons = _polygons(raw, loose, clamped, size)
    return CleanBoxes(kept, clamped.astype(np.int64), polygons, MappingProxyType(removed))


# --- which boxes stay --------------------------------------------------------------------------------------------

_SAME_LABEL, _OTHER_LABEL = 0.6, 0.98  # overlap (intersection over union) from which on a box is a duplicate


def _best_of_overlapping(labels: NDArray[np.str_], scores: Floats, boxes: Floats) -> Indices:
    """Boxes by falling score, without those that overlap a better one. Pixels are counted inclusively, hence the 1."""
    ranked = np.argsort(scores)[::-1]
    left, top, right, bottom = boxes[ranked].T
    widths = np.minimum(right[:, None], right) - np.maximum(left[:, None], left) + 1
    heights = np.minimum(bottom[:, None], bottom) - np.maximum(top[:, None], top) + 1
    shared = np.maximum(0, widths) * np.maximum(0, heights)
    areas = (right - left + 1) * (bottom - top + 1)
    with np.errstate(invalid="ignore", divide="ignore"):  # a box of width -1 makes 0 / 0, as it does in the SDK
        overlap = shared / (areas[:, None] + areas - shared)
    same = labels[ranked][:, None] == labels[ranked]
    duplicate = ~(overlap < np.where(same, _SAME_LABEL, _OTHER_LABEL))
    alive = np.ones(len(ranked), dtype=bool)
    for position in range(len(ranked)):
        if alive[position]:
            alive[position + 1 :] &= ~duplicate[position, position + 1 :]
    return ranked[alive]


def _large_pictures(labels: NDArray[np.str_], boxes: Floats, size: Size) -> Flags:
    share = 0.82 if size.width > size.height else 0.93
    left, top = np.maximum(0, boxes[:, 0]), np.maximum(0, boxes[:, 1])
    right, bottom = np.minimum(size.width, boxes[:, 2]), np.minimum(size.height, boxes[:, 3])
    large: Flags = (labels == Label.IMAGE) & ~((right - left) * (bottom - top) <= share * size.area)
    return large


_CONTAINED = 0.8  # share of a box's area from which on it lies in the other
_NEVER_CONTAINED = (Label.IMAGE, Label.SEAL, Label.CHART)


def _survivors(labels: NDArray[np.str_], boxes: Floats, merge: Merge | Mapping[Label, Merge]) -> Flags:
    """Which boxes merging keeps. All decisions rest on the boxes before any was removed."""
    inside = _containment(boxes) & ~np.isin(labels, _NEVER_CONTAINED)[:, None]  # [i, j]: box i lies in box j
    if isinstance(merge, Merge):
        match merge:
            case Merge.UNION:
                return np.ones(len(labels), dtype=bool)
            case Merge.LARGE:
                return ~_any(inside, 1)
            case Merge.SMALL:
                return ~_any(inside, 0) | _any(inside, 1)
    swallowing = np.isin(labels, [label for label, mode in merge.items() if mode is Merge.LARGE])
    survives = ~_any(inside & swallowing[None, :], 1)
    for label in (label for label, mode in merge.items() if mode is Merge.SMALL):
        of_label = inside & (labels == label)[:, None]
        survives &= ~_any(of_label, 0) | _any(of_label, 1)
    return survives


def _any(flags: Flags, axis: int) -> Flags:
    return np.asarray(np.logical_or.reduce(flags, axis=axis), dtype=bool)


def _containment(boxes: Floats) -> Flags:
    left, top, right, bottom = boxes.T
    widths = np.maximum(0, np.minimum(right[:, None], right) - np.maximum(left[:, None], left))
    heights = np.maximum(0, np.minimum(bottom[:, None], bottom) - np.maximum(top[:, None], top))
    areas = ((right - left) * (bottom - top))[:, None]
    shares = np.divide(widths * heights, areas, out=np.zeros_like(widths), where=areas > 0)
    contained: Flags = shares >= _CONTAINED
    np.fill_diagonal(contained, False)
    return contained


# --- what they become --------------------------------------------------------------------------------------------


def _unclipped(
    labels: NDArray[np.str_],
    boxes: Floats,
    unclip: tuple[float, float] | Mapping[Label, tuple[float, float]] | None,
) -> Floats:
    """Boxes scaled about their middles. A ratio of 1 goes through the same sums: they may move a corner by one ulp."""
    if not unclip:
        return boxes
    by_label = isinstance(unclip, Mapping)
    pairs = [unclip.get(Label(label)) for label in labels] if isinstance(unclip, Mapping) else [unclip] * len(labels)
    ratios = np.array([pair or (1.0, 1.0) for pair in pairs], dtype=np.float64).reshape(-1, 2)
    extents = boxes[:, 2:] - boxes[:, :2]
    middles = boxes[:, :2] + extents / 2
    halves = extents * ratios / 2
    scaled = np.concatenate((middles - halves, middles + halves), axis=1)
    untouched = np.array([by_label and pair is None for pair in pairs], dtype=bool)
    return np.where(untouched[:, None], boxes, scaled)


def _polygons(raw: RawBoxes, loose: Floats, clamped: Floats, size: Size) -> tuple[NDArray[np.float32], ...]:
    """The network's polygon of the first raw box within a pixel of each, or else the box's corners."""
    if not raw.polygons:
        return tuple(_corners(box) for box in clamped)
    close = np.abs(raw.boxes[None, :, :] - loose[:, None, :]) <= 1.0 + 1e-5 * np.abs(loose[:, None, :])
    near: Flags = np.logical_and.reduce(close, axis=2)
    polygons = []
    for row, box in zip(near, clamped, strict=True):
        found = raw.polygons[int(row.argmax())] if row.any() else None
        polygons.append(_corners(box) if found is None else _on_page(found, size))
    return tuple(polygons)


def _corners(box: Floats) -> NDArray[np.float32]:
    left, top, right, bottom = box
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], dtype=np.float32)


def _on_page(polygon: NDArray[np.float32], size: Size) -> NDArray[np.float32]:
    return np.clip(polygon.astype(np.float32), 0, np.array([size.width, size.height], dtype=np.float32))
