"""What PP-DocLayoutV3's answer means, however the network ran."""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from octavo.document import Detection, Label
from octavo.frozen import frozen
from octavo.geometry import SCALE, Box, Size
from octavo.official.outlines import outlines
from octavo.settings import EngineSettings

LABELS = tuple(Label)  # in the order of the network's class ids; its own names for them are not unique


@frozen
class Found:
    """What the network saw on one page, by rank in reading order; boxes in pixels."""

    labels: NDArray[np.int64]
    scores: NDArray[np.float32]
    boxes: NDArray[np.float32]
    ranks: NDArray[np.int64]
    masks: NDArray[np.bool_] | None = None


def lowest_scores(settings: EngineSettings) -> list[float]:
    """The score from which on a box counts, by class id."""
    known: Mapping[Label, float] = settings.layout_thresholds
    return [known.get(label, settings.layout_threshold) for label in LABELS]


def found(
    logits: NDArray[np.float32],
    boxes: NDArray[np.float32],
    order_logits: NDArray[np.float32],
    lowest: NDArray[np.float32],
    size: Size,
) -> Found:
    """One page of the raw answer: class logits and boxes (middle and extent, 0..1) by query, order logits by pair."""
    queries, classes = logits.shape
    scores = _sigmoid(logits).ravel()
    best = np.argsort(-scores, kind="stable")[:queries]  # a query may come twice, as two classes
    labels, rows = best % classes, best // classes
    keep = scores[best] >= lowest[labels]
    labels, rows, best = labels[keep], rows[keep], best[keep]
    ranks = _ranks(order_logits)[rows]
    order = np.argsort(ranks, kind="stable")
    middles, halves = boxes[:, :2], boxes[:, 2:] * np.float32(0.5)
    edges = np.concatenate([middles - halves, middles + halves], axis=1) * np.array([*size, *size], dtype=np.float32)
    return Found(labels[order], scores[best][order], edges[rows][order], ranks[order])


def _ranks(order_logits: NDArray[np.float32]) -> NDArray[np.int64]:
    """Queries ranked by how many others each pair's vote puts before them."""
    before = _sigmoid(order_logits)
    votes = np.triu(before, 1).sum(axis=0) + np.tril(1 - before.T, -1).sum(axis=0)
    return np.argsort(np.argsort(votes, kind="stable"), kind="stable")


def _sigmoid(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(1 / (1 + np.exp(-np.clip(values, -80, 80))), dtype=np.float32)  # no overflow, same result


def detections(found: Found, size: Size) -> Iterator[Detection]:
    """Boxes are not clamped to the page: the official rules compare them as they are."""
    scale = SCALE / np.array([*size, *size], dtype=np.float64)
    polygons = [None] * len(found.labels) if found.masks is None else [*outlines(found.boxes, found.masks, size)]
    rows = zip(found.labels, found.scores, found.boxes * scale, found.ranks, polygons, strict=True)
    for label, score, box, rank, polygon in rows:
        left, top, right, bottom = box.tolist()
        outline = () if polygon is None else tuple((x, y) for x, y in (polygon * scale[:2]).tolist())
        yield Detection(
            Box(left, top, right, bottom),
            LABELS[label],
            float(score),
            order=float(rank),
            polygon=outline,
            reason=f"{LABELS[label].value}: the layout network says so ({score:.2f})",
        )
