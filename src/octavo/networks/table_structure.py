"""SLANet-plus: the picture of one table to its rows, cells and spans, each cell with the place it was seen at.

The network writes HTML tags one by one, and beside each a quadrilateral in the 488 x 488 picture it was shown. It knows
nothing of the text. Pre- and post-processing follow PaddleOCR's table recognition (SLANet, `TableLabelDecode`).
"""

import re
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from octavo.document import Pixels
from octavo.networks.session import Network, as_batch
from octavo.opencv import cv2
from octavo.settings import EngineSettings
from octavo.tables.structure import SeenCell, SeenTable

WEIGHTS = "table_structure.onnx"
_SIDE = 488  # the picture the network was trained on; the table fills it from the top left, the rest is black
_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)
_SPAN = re.compile(r'(row|col)span="(\d+)"')


class TableNetwork:
    """The network, open. Safe to call from several threads."""

    def __init__(self, settings: EngineSettings) -> None:
        """Raises EngineUnavailable where ONNX Runtime or the weights are missing."""
        self._network = Network(WEIGHTS, settings, threads_per_run=settings.threads or 0)
        self.described = self._network.described

    @cached_property
    def _tags(self) -> list[str]:
        """The first starts, the last ends the table."""
        return ["", *(tag for tag in self._network.metadata["character"].split("\n") if tag != "<td>"), ""]

    def read(self, pixels: Pixels) -> SeenTable:
        """The structure of the one table that fills the picture. Raises EngineFailed."""
        height, width = pixels.shape[:2]
        scale = _SIDE / max(height, width)
        inner = cv2.resize(pixels, (max(1, int(width * scale)), max(1, int(height * scale))))
        canvas = np.zeros((_SIDE, _SIDE, 3), np.float32)
        canvas[: inner.shape[0], : inner.shape[1]] = (inner[:, :, ::-1] / np.float32(255) - _MEAN) / _DEVIATION
        corners, probabilities = self._network.run(as_batch([canvas]))
        chosen = probabilities[0].argmax(axis=1)
        best = probabilities[0].max(axis=1)
        corners = corners[0].reshape(-1, 4, 2) * max(height, width)
        return self._decoded(chosen, best, corners)

    def close(self) -> None:
        self._network.close()

    def _decoded(self, chosen: NDArray[np.int64], best: NDArray[np.float32], corners: NDArray[np.float32]) -> SeenTable:
        """Tags to cells with their place in the grid. A tag at an impossible place is passed over."""
        cells: list[SeenCell] = []
        taken: set[tuple[int, int]] = set()
        row = -1
        column = 0
        steps = 0
        tags = [self._tags[tag] if tag < len(self._tags) else "" for tag in chosen]
        for step, tag in enumerate(tags):
            if not tag and step:
                break
            steps = step + 1
            if tag == "<tr>":
                row, column = row + 1, 0
            elif tag.startswith("<td"):
                row = max(row, 0)
                spans = _spans(tags[step + 1 : step + 3]) if tag == "<td" else {}
                rows, columns = spans.get("row", 1), spans.get("col", 1)
                while (row, column) in taken:
                    column += 1
                taken.update((row + down, column + across) for down in range(rows) for across in range(columns))
                (left, top), (right, bottom) = corners[step].min(axis=0), corners[step].max(axis=0)
                cells.append(SeenCell(float(left), float(top), float(right), float(bottom), row, column, rows, columns))
                column += columns
        confidence = float(np.exp(np.log(np.clip(best[:steps], 1e-6, 1)).mean())) if steps else 0.0
        return SeenTable(
            tuple(cells), row + 1, max((cell.column + cell.columns for cell in cells), default=0), confidence
        )


def _spans(attributes: list[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for attribute in attributes:
        match = _SPAN.search(attribute)
        if match is None:
            break
        found[match.group(1)] = int(match.group(2))
    return found
