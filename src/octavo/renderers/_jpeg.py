"""Pictures as JPEG files."""

import io

from PIL import Image

MEDIA_TYPE = "image/jpeg"


def encoded(picture: Image.Image, *, quality: int) -> bytes:
    """The picture as a JPEG. The same pixels give the same bytes."""
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()
