"""How well things fall into line: a histogram of their places is the more peaked, the better they do."""

import numpy as np

from octavo.leaning.marks import Floats


def sharpness(values: Floats, weight: Floats, width: float) -> Floats:
    """For each row of `values` (candidates x things) the share of pairs that share a place `width` wide, about."""
    candidates, things = values.shape
    bins = np.floor(values / width).astype(np.int64)
    inside = values / width - bins  # 0..1: what belongs to the next place
    bins -= bins.min()
    most = int(bins.max()) + 2
    first = (np.arange(candidates)[:, None] * most + bins).ravel()
    weights = np.broadcast_to(weight, (candidates, things))
    here, there = (weights * (1 - inside)).ravel(), (weights * inside).ravel()
    peaks = np.bincount(first, here, candidates * most) + np.bincount(first + 1, there, candidates * most)
    total: Floats = (peaks.reshape(candidates, most) ** 2).sum(axis=1) / weight.sum() ** 2
    return total


def sharpest(values: Floats, weight: Floats, width: float) -> int:
    """The candidate in which they fall into line best; the one in the middle where none is better."""
    score = sharpness(values, weight, width)
    middle = len(score) // 2
    best = int(np.argmax(score))
    return best if score[best] > 1.001 * score[middle] else middle
