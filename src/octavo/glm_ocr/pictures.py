"""Crops as they travel to a model: encoded once, and decoded again only where a retry needs their pixels.

So what waits for an answer holds 30 kB and not a part of its page: the page's memory is free for the next one.
"""

import hashlib
import threading

import numpy as np
import pybase64

from octavo.document import Pixels
from octavo.errors import EngineFailed
from octavo.frozen import frozen
from octavo.geometry import Size
from octavo.opencv import cv2

_LARGEST_SHEET = 16 << 20  # bytes kept


@frozen
class EncodedPicture:
    """A picture as a request carries it."""

    size: Size
    base64: bytes  # of the JPEG
    digest: bytes  # of its content

    @property
    def pixels(self) -> Pixels:
        """As the model sees them, RGB."""
        jpeg = np.frombuffer(pybase64.b64decode(self.base64), np.uint8)
        decoded = cv2.imdecode(jpeg, cv2.IMREAD_COLOR)
        if decoded is None:
            raise EngineFailed("a crop could not be decoded again")
        return np.asarray(cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB), np.uint8)


def encoded(pixels: Pixels, quality: int, size: Size | None = None) -> EncodedPicture:
    """The pixels as a picture; of `size` where that is larger, white right and below. Raises EngineFailed."""
    height, width = pixels.shape[:2]
    size = size or Size(width, height)
    try:
        sheet = _sheet(size)
        sheet[height:] = 255
        sheet[:height, width:] = 255
        cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR, dst=sheet[:height, :width])
        done, jpeg = cv2.imencode(".jpg", sheet, [cv2.IMWRITE_JPEG_QUALITY, quality])
    except cv2.error as error:
        raise EngineFailed("a crop could not be encoded as JPEG") from error
    if not done:
        raise EngineFailed("a crop could not be encoded as JPEG")
    return EncodedPicture(size, pybase64.b64encode(jpeg.data), hashlib.sha256(jpeg.data).digest())


_own = threading.local()


def _sheet(size: Size) -> Pixels:
    """Memory of this thread to draw on: the kernel takes longer to hand out new memory than drawing takes."""
    wanted = size.area * 3
    if wanted > _LARGEST_SHEET:
        return np.empty((size.height, size.width, 3), np.uint8)
    kept: Pixels | None = getattr(_own, "sheet", None)
    if kept is None or len(kept) < wanted:
        kept = _own.sheet = np.empty(wanted, np.uint8)
    return kept[:wanted].reshape(size.height, size.width, 3)
