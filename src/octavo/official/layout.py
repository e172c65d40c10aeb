"""Detections as the official SDK's detector would hand them on: the profile `official`, before regions are made.

The rules are `octavo.official.postprocess`; this is where they meet detections, options and the loss ledger. Boxes come
out as whole numbers of 0..1000, cut off as the SDK cuts them off, and so do polygons.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from octavo.document import Detection, Label, PageImage, Problem, Severity, Task
from octavo.geometry import SCALE, Box, Size
from octavo.official.postprocess import OFFICIAL_MERGES, LayoutRules, RawBoxes, Removed, clean
from octavo.settings import OfficialStep, OfficialVersion, ParseOptions, Profile

# The SDK 0.1.1 takes no box that is within a row or column of the masks its network draws, 200 x 200 to a page.
_CELL = SCALE / 200
_COVERED = 0.8  # share of a dropped region that must lie in one that is read for its text not to be lost
_TOO_THIN = "thinner than a thousandth of the page"  # the SDK 0.1.5 itself stops with an error at one
_IN_A_CELL = "thinner than half a percent of the page"
_READ = (Task.TEXT, Task.TABLE, Task.FORMULA)


def settled(
    detections: Sequence[Detection], page: PageImage, options: ParseOptions
) -> tuple[list[Detection], list[Problem]]:
    """The detections the SDK keeps, in its order, and what it drops that no other one reads.

    They come without the text lines their detector may have found: the SDK reads the picture of the box it kept.
    """
    in_a_cell: list[Detection] = []
    if options.official_version is OfficialVersion.V0_1_1:
        in_a_cell = [detection for detection in detections if _is_in_a_cell(detection)]
        detections = [detection for detection in detections if not _is_in_a_cell(detection)]
    raw = _raw(detections, page.size)
    cleaned = clean(raw, page.size, rules(options))
    ranked = any(detection.order is not None for detection in detections)
    kept = []
    for rank, (row, box, polygon) in enumerate(zip(cleaned.kept, cleaned.boxes, cleaned.polygons, strict=True)):
        left, top, right, bottom = _cut_off(box.reshape(2, 2), page.size).ravel().tolist()
        outline = _cut_off(polygon, page.size).tolist() if raw.polygons else ()
        kept.append(
            replace(
                detections[row],
                box=Box(left, top, right, bottom),
                order=float(rank) if ranked else None,
                polygon=tuple((x, y) for x, y in outline),
                lines=(),
            )
        )
    removed = [(detections[row], reason.value) for row, reason in sorted(cleaned.removed.items())]
    removed += [(detection, _IN_A_CELL) for detection in in_a_cell]
    removed += [(detection, _TOO_THIN) for detection in kept if detection.box.area == 0]
    kept = [detection for detection in kept if detection.box.area > 0]
    return kept, list(_losses(removed, kept, page.number, options))


def wants_outlines(options: ParseOptions) -> bool:
    """Whether regions are cut along their outlines: the SDK 0.1.1 always does, 0.1.5 where it is told to."""
    return options.profile is Profile.OFFICIAL and options.official_version is OfficialVersion.V0_1_1


def _is_in_a_cell(detection: Detection) -> bool:
    """By what the network itself gives, extents as shares of the page."""
    box = detection.box
    return box.right - box.left <= _CELL or box.bottom - box.top <= _CELL


def rules(options: ParseOptions) -> LayoutRules:
    """The switches of the SDK's configuration, as the options set them over its defaults.

    "all" is the SDK's single value for every label, which is not the same as each label having it.
    """
    merges = {label: mode for label, mode in options.official_merge.items() if isinstance(label, Label)}
    ratios = {label: pair for label, pair in options.official_unclip.items() if isinstance(label, Label)}
    return LayoutRules(
        suppress=OfficialStep.NMS not in options.official_without,
        merge=options.official_merge.get("all") or {**OFFICIAL_MERGES, **merges},
        unclip=ratios or options.official_unclip.get("all", (1.0, 1.0)),
    )


def _raw(detections: Sequence[Detection], size: Size) -> RawBoxes:
    """Back to the network's own pixels: rounding to float32, which it counts in, undoes the way through page units."""
    units = np.array([(d.box.left, d.box.top, d.box.right, d.box.bottom) for d in detections], dtype=np.float64)
    scale = np.array([size.width, size.height], dtype=np.float64) / SCALE
    boxes = (units.reshape(-1, 2) * scale).astype(np.float32).astype(np.float64).reshape(-1, 4)
    outlines = [np.array(d.polygon, dtype=np.float64).reshape(-1, 2) * scale for d in detections]
    return RawBoxes(
        labels=tuple(detection.label for detection in detections),
        scores=np.array([detection.score for detection in detections], dtype=np.float64),
        boxes=boxes,
        order=np.array([detection.order or 0.0 for detection in detections], dtype=np.float64),
        polygons=[o.astype(np.float32) if len(o) else None for o in outlines] if any(map(len, outlines)) else (),
    )


def _cut_off(points: NDArray[np.int64] | NDArray[np.float32], size: Size) -> NDArray[np.float64]:
    """Pixels (n x 2) to whole page units, towards the top left."""
    edges = np.array([size.width, size.height], dtype=np.float64)
    return np.trunc(points.astype(np.float64) / edges * SCALE)


def _losses(
    removed: Iterable[tuple[Detection, str]], kept: Sequence[Detection], page: int, options: ParseOptions
) -> Iterator[Problem]:
    """What would have been read, and lies in nothing that is."""
    read = [detection.box for detection in kept if options.task_of(detection.label) in _READ]
    for detection, reason in removed:
        task = options.task_of(detection.label)
        if task is Task.ABANDON or reason == Removed.EMPTY:
            continue
        if any(detection.box.covered_by(box) >= _COVERED for box in read):
            continue
        message = (
            f"the official profile drops this region ({reason.replace('_', ' ')}), and nothing it keeps reads the place"
        )
        severity = Severity.LOST if task in _READ else Severity.LEFT_OUT
        yield Problem("official_region_dropped", message, severity, page, detection.box, detection.label)
