"""Outlines of regions from the masks a layout network gives, as the official SDK draws them.

Equal to `glmocr` 0.1.1 and 0.1.5 (`layout/layout_detector.py`) on top of transformers 5.19
(`PPDocLayoutV3ImageProcessor._mask2polygon`): the largest contour of the mask within its box, thinned to 0.4 % of its
length, without the corners that point inwards. Costs milliseconds per region, so only those who ask for it pay.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from octavo.geometry import Size
from octavo.opencv import cv2

_THINNING = 0.004  # share of a contour's length by which its points may be moved
_SHARP = 45.0  # degrees: corners within one of it are pushed out to where their sides meet


def outlines(boxes: NDArray[np.float32], masks: NDArray[np.bool_], size: Size) -> Iterator[NDArray[np.float32] | None]:
    """One polygon per box, in pixels of a page of `size`; None where the mask is empty.

    `masks` (n x height x width) cover the whole page. A box without extent, or whose outline is no polygon, gives its
    own corners.
    """
    height, width = masks.shape[1:]
    scale = np.array([width / size.width, height / size.height])
    for box, mask in zip(boxes.astype(np.int32), masks, strict=True):
        left, top, right, bottom = (int(edge) for edge in box)
        corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom)], dtype=np.float32)
        if right <= left or bottom <= top:
            yield corners
            continue
        first = np.clip(np.rint(box[:2] * scale).astype(int), 0, (width, height))
        last = np.clip(np.rint(box[2:] * scale).astype(int), 0, (width, height))
        part = mask[first[1] : last[1], first[0] : last[0]].astype(np.uint8)
        if part.size == 0:
            yield corners
            continue
        stretched = cv2.resize(part, (right - left, bottom - top), interpolation=cv2.INTER_NEAREST)
        polygon = _outline(np.asarray(stretched, dtype=np.uint8))
        if polygon is None:
            yield None
        elif len(polygon) < 4:
            yield corners
        else:
            yield (polygon + corners[0]).astype(np.float32)


def _outline(mask: NDArray[np.uint8]) -> NDArray[np.float64] | None:
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    if not contours:
        return None
    largest = max(contours, key=cv2.contourArea)
    thinned = cv2.approxPolyDP(largest, _THINNING * cv2.arcLength(largest, True), True)
    return _outward_corners(np.asarray(thinned, dtype=np.float64).reshape(-1, 2))


def _outward_corners(points: NDArray[np.float64]) -> NDArray[np.float64]:
    back, ahead = np.roll(points, 1, axis=0) - points, np.roll(points, -1, axis=0) - points
    outward = back[:, 1] * ahead[:, 0] - back[:, 0] * ahead[:, 1] < 0
    points, back, ahead = points[outward], back[outward], ahead[outward]
    back_length, ahead_length = np.linalg.norm(back, axis=1), np.linalg.norm(ahead, axis=1)
    cosines = np.clip(np.sum(back * ahead, axis=1) / (back_length * ahead_length), -1.0, 1.0)
    sharp = np.abs(np.degrees(np.arccos(cosines)) - _SHARP) < 1
    directions = back / back_length[:, None] + ahead / ahead_length[:, None]
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    pushed = points + directions * ((back_length + ahead_length) / 2)[:, None]
    return np.where(sharp[:, None], pushed, points)
