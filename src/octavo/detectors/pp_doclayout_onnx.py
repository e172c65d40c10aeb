"""PP-DocLayoutV3 on ONNX Runtime: the network of `pp_doclayout` without torch, in half its time on a CPU.

The file comes from `octavo export`, once, where torch is. Pictures are resized by OpenCV, as they were when the
network was made; transformers only comes near it, so boxes differ by a pixel or two from those of `pp_doclayout`.
Outlines are the other detector's.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from octavo.document import Detection, PageImage
from octavo.errors import EngineUnavailable
from octavo.machine import cores
from octavo.networks import pp_doclayout
from octavo.networks.session import Network, as_batch
from octavo.opencv import cv2
from octavo.settings import EngineSettings

_SIDE = 800


def open_detector(settings: EngineSettings) -> "PPDocLayoutOnnx":
    """Raises EngineUnavailable where the file is missing or is something else."""
    return PPDocLayoutOnnx(settings)


class PPDocLayoutOnnx:
    """The network: a lone page on all cores, several pages a core each."""

    sees_pictures = True

    def __init__(self, settings: EngineSettings) -> None:
        file = Path(settings.layout_model)
        if file.suffix != ".onnx" or not file.is_file():
            raise EngineUnavailable(
                "the detector pp_doclayout_onnx wants an ONNX file as layout_model: "
                "make one with `octavo export FILE.onnx` where torch and transformers are installed"
            )
        if settings.layout_polygons:
            raise EngineUnavailable("outlines (layout_polygons) need the detector pp_doclayout")
        self._open = partial(Network, file.name, settings, file=file)
        threads = settings.threads or cores()
        self.batch_size = settings.layout_batch_size or threads
        self._lone = self._open(threads_per_run=threads)
        self._several: Network | None = None  # opened when there first are several: 130 MB more
        self._lowest = np.array(pp_doclayout.lowest_scores(settings), dtype=np.float32)
        self.described = f"PP-DocLayoutV3: {self._lone.described}"

    def detect(self, pages: Sequence[PageImage]) -> list[list[Detection]]:
        if len(pages) == 1:
            return [self._page(self._lone, pages[0])]
        if self._several is None:
            self._several = self._open(threads_per_run=1)
        return self._several.map(partial(self._page, self._several), pages)

    def close(self) -> None:
        self._lone.close()
        if self._several is not None:
            self._several.close()

    def _page(self, network: Network, page: PageImage) -> list[Detection]:
        small = cv2.resize(page.pixels, (_SIDE, _SIDE), interpolation=cv2.INTER_CUBIC)
        logits, boxes, order = network.run(as_batch([np.asarray(small, dtype=np.float32) / np.float32(255)]))
        found = pp_doclayout.found(logits[0], boxes[0], order[0], self._lowest, page.size)
        return [*pp_doclayout.detections(found, page.size)]
