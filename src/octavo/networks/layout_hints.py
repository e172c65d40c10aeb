"""The small layout network (PicoDet, trained on CDLA): a page picture to hints of what lies where.

Hints, not regions: the network knows A4 pages of papers and reports, and is poor on photos, screenshots and spreads.
Its input is one fixed size, so a hint costs the same on every page: about 0.15 s of CPU on one core of the machine the
project is measured on. Who can tell the layout without it should not call it.
"""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from octavo.document import Pixels
from octavo.geometry import Rect, Size
from octavo.layout.hints import Hint, HintKind
from octavo.networks.session import Network, Tensor, as_batch
from octavo.opencv import cv2
from octavo.settings import EngineSettings

WEIGHTS = "layout.onnx"

_INPUT = Size(608, 800)
_MEAN = np.array([0.485, 0.456, 0.406], np.float32) * 255
_SCALE = 1 / (np.array([0.229, 0.224, 0.225], np.float32) * 255)
_STRIDES = (8, 16, 32, 64)
_BINS = 8  # the distance to each side of a box comes as a distribution over 8 steps of a stride
_SAME = 0.5  # boxes of a class that overlap more than this are one
_SPREAD = 1.2  # width over height from which a picture is taken for two facing pages


class HintNetwork:
    """Looks at one page at a time; safe to call from several threads."""

    def __init__(self, settings: EngineSettings) -> None:
        self._network = Network(WEIGHTS, settings, threads_per_run=min(2, settings.threads or 2))
        self.described = self._network.described

    @cached_property
    def _columns(self) -> dict[HintKind, int]:
        names = self._network.metadata["character"].split("\n")  # with classes that nobody asks about
        return {kind: names.index(kind) for kind in HintKind}

    def hints(self, pixels: Pixels, *, threshold: float = 0.4) -> list[Hint]:
        """What is on a page, strongest first, in pixels. A picture much wider than high is looked at in two halves."""
        height, width = pixels.shape[:2]
        if width <= _SPREAD * height:
            found = self._look(pixels, 0, threshold)
        else:
            middle = width // 2
            found = [
                *self._look(pixels[:, :middle], 0, threshold),
                *self._look(pixels[:, middle:], middle, threshold),
            ]
        return sorted(found, key=lambda hint: -hint.score)

    def _look(self, part: Pixels, offset: int, threshold: float) -> list[Hint]:
        height, width = part.shape[:2]
        shrunk = cv2.resize(part, _INPUT, interpolation=cv2.INTER_AREA).astype(np.float32)
        shrunk -= _MEAN
        shrunk *= _SCALE
        outputs = self._network.run(as_batch([np.asarray(shrunk, np.float32)]))
        boxes, scores = _decoded(outputs)
        boxes *= np.array([width / _INPUT.width, height / _INPUT.height] * 2, np.float32)
        np.clip(boxes, 0, np.array([width, height] * 2, np.float32), out=boxes)
        boxes[:, ::2] += offset
        hints = []
        for kind, column in self._columns.items():
            likely = np.flatnonzero(scores[:, column] >= threshold)
            for index in likely[_distinct(boxes[likely], scores[likely, column])]:
                rect = Rect(*(float(side) for side in boxes[index]))
                hints.append(Hint(kind, rect, float(scores[index, column])))
        return hints

    def close(self) -> None:
        self._network.close()


def _decoded(outputs: list[Tensor]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The network's four scales as boxes (pixels of its input) and scores by class."""
    boxes, scores = [], []
    for stride, score, sides in zip(_STRIDES, outputs[:4], outputs[4:], strict=True):
        rows, columns = -(-_INPUT.height // stride), -(-_INPUT.width // stride)
        y, x = np.mgrid[:rows, :columns]
        centers = np.stack([x.ravel() + 0.5, y.ravel() + 0.5], 1) * stride
        likelihood = np.exp(sides[0].reshape(-1, 4, _BINS))
        likelihood /= likelihood.sum(-1, keepdims=True)
        reach = (likelihood @ np.arange(_BINS, dtype=np.float32)) * stride
        boxes.append(np.concatenate([centers - reach[:, :2], centers + reach[:, 2:]], 1).astype(np.float32))
        scores.append(score[0])
    return np.concatenate(boxes), np.concatenate(scores)


def _distinct(boxes: NDArray[np.float32], scores: NDArray[np.float32]) -> list[int]:
    """Greedy non-maximum suppression: indices of the boxes to keep, strongest first."""
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    rest = np.argsort(-scores)
    keep: list[int] = []
    while len(rest):
        best, rest = rest[0], rest[1:]
        keep.append(int(best))
        sides = np.minimum(boxes[best, 2:], boxes[rest, 2:]) - np.maximum(boxes[best, :2], boxes[rest, :2])
        shared = np.clip(sides, 0, None).prod(1)
        rest = rest[shared <= _SAME * (areas[best] + areas[rest] - shared + 1e-6)]
    return keep
