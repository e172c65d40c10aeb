"""Which way up a page is: PP-LCNet, four classes, a look at one square of it, or at three."""

import numpy as np
from numpy.typing import NDArray

from octavo.document import Pixels
from octavo.networks.session import Network, as_batch
from octavo.opencv import cv2
from octavo.settings import EngineSettings

WEIGHTS = "orientation.onnx"
_SIDE = 224
_LOOKED_AT = 224 / 256  # of the page's shorter side: as in training
_SURE = 0.8  # of 0.93, the most it ever says
_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)


class OrientationNetwork:
    """The network, ready. Safe to call from several threads."""

    def __init__(self, settings: EngineSettings) -> None:
        self._network = Network(WEIGHTS, settings)

    @property
    def described(self) -> str:
        return f"PP-LCNet page orientation: {self._network.described}"

    def turns(self, pixels: Pixels) -> NDArray[np.float32]:
        """How likely the picture stands upright after 0, 1, 2, 3 quarter turns clockwise; sums to 1.

        The middle of the page decides, or where it tells too little (a letter of three lines) the surest of both ends.
        """
        likely = self._look(pixels, 0.5)
        if likely.max() >= _SURE:
            return likely
        return max((likely, self._look(pixels, 0.0), self._look(pixels, 1.0)), key=lambda view: float(view.max()))

    def _look(self, pixels: Pixels, place: float) -> NDArray[np.float32]:
        """The same, from the square at a place (0..1) along the longer side."""
        height, width = pixels.shape[:2]
        side = max(1, round(min(height, width) * _LOOKED_AT))
        left = round((width - side) * (place if width > height else 0.5))
        top = round((height - side) * (place if height >= width else 0.5))
        square = pixels[top : top + side, left : left + side]
        method = cv2.INTER_AREA if side > _SIDE else cv2.INTER_LINEAR
        small = cv2.resize(square, (_SIDE, _SIDE), interpolation=method)
        classes = self._network.run(as_batch([(small / np.float32(255) - _MEAN) / _DEVIATION]))[0][0]
        # The classes say how far clockwise the page lies turned; what is asked is how to turn it back.
        likely: NDArray[np.float32] = classes[[0, 3, 2, 1]]
        return likely

    def close(self) -> None:
        self._network.close()
