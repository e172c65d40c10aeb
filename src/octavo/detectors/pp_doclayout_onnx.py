"""PP-DocLayoutV3 on ONNX Runtime: the network of `pp_doclayout` without torch, in half its time on a CPU.

The file comes from `octavo export`, once, where torch is. Pictures are resized by OpenCV, as they were when the
network was made; transformers only comes near it, so boxes differ by a pixel or two from those of `pp_doclayout`.
Outlines are the other detector's.
"""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from octavo.document import Detection, PageImage
from octavo.errors import EngineUnavailable
from octavo.machine import cores
from octavo.networks import pp_doclayout
from octavo.networks.session import Network, as_batch
from octavo.settings import EngineSettings

_SIDE = 800


def open_detector(settings: EngineSettings) -> "PPDocLayoutOnnx":
    """Raises EngineUnavailable where the file is missing or is something else."""
    return PPDocLayoutOnnx(settings)


class PPDocLayoutOnnx:
    """The network, one page at a time, on all cores."""

    batch_size = 1

    def __init__(self, settings: EngineSettings) -> None:
        file = Path(settings.layout_model)
        if file.suffix != ".onnx" or not file.is_file():
            raise EngineUnavailable(
                "the detector pp_doclayout_onnx wants an ONNX file as layout_model: "
                "make one with `octavo export FILE.onnx` where torch and transformers are installed"
            )
        if settings.layout_polygons:
            raise EngineUnavailable("outlines (layout_polygons) need the detector pp_doclayout")
        threads = settings.threads or cores()
        self._network = Network(file.name, settings, threads_per_run=threads, file=file)
        self._lowest = np.array(pp_doclayout.lowest_scores(settings), dtype=np.float32)
        self.described = f"PP-DocLayoutV3: {self._network.described}"

    def detect(self, pages: Sequence[PageImage]) -> list[list[Detection]]:
        return [[*self._page(page)] for page in pages]

    def close(self) -> None:
        self._network.close()

    def _page(self, page: PageImage) -> list[Detection]:
        small = cv2.resize(page.pixels, (_SIDE, _SIDE), interpolation=cv2.INTER_CUBIC)
        logits, boxes, order = self._network.run(as_batch([np.asarray(small, dtype=np.float32) / np.float32(255)]))
        found = pp_doclayout.found(logits[0], boxes[0], order[0], self._lowest, page.size)
        return [*pp_doclayout.detections(found, page.size)]
