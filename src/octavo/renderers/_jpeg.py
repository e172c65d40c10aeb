"""Pictures as JPEG files."""

import io

from PIL import Image

from octavo.document import Pixels

MEDIA_TYPE = "image/jpeg"


def encoded(pixels: Pixels, *, quality: int) -> bytes:
    """The picture as a JPEG. The same pixels give the same bytes."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()
