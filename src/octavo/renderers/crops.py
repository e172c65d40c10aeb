"""`imgs/...jpg`: figures, formulas without LaTeX, and whatever could not be read, as pictures.

What they are called, `_pictures` says, for all formats that show them. Of a page that was straightened, they are cut
from the straightened picture.
"""

import logging
from collections.abc import Iterator
from itertools import groupby

from PIL import Image

from octavo.document import Artifact, Document
from octavo.errors import OctavoError
from octavo.geometry import Size, bounds
from octavo.leaning.flattening import flattened
from octavo.renderers import Pictures, _jpeg, _pictures
from octavo.settings import ParseOptions

log = logging.getLogger(__name__)

LOOKS_AT_PAGES = True
_QUALITY = 95  # as the official SDK saves them


def render(document: Document, pictures: Pictures, options: ParseOptions) -> Iterator[Artifact]:
    named = _pictures.named(document, options).values()
    warps = {page.number: page.warp for page in document.pages}
    for number, of_page in groupby(named, key=lambda picture: picture.block.region.page):
        try:
            pixels = pictures.page(number)
        except OctavoError as error:
            log.warning("crops_left_out document=%s page=%d code=%s", document.name, number + 1, error.code)
            continue
        warp = warps[number]
        pixels = pixels if warp is None else flattened(pixels, warp)
        size = Size(pixels.shape[1], pixels.shape[0])
        for picture in of_page:
            region = picture.block.region
            laid = region.box if warp is None else bounds(warp.laid(x, y) for x, y in region.polygon)
            box = laid.to_pixels(size)
            crop = Image.fromarray(pixels[box.top : box.bottom, box.left : box.right])
            yield Artifact(picture.path, _jpeg.MEDIA_TYPE, _jpeg.encoded(crop, quality=_QUALITY))


def count(document: Document, options: ParseOptions) -> int:
    return len(_pictures.named(document, options))
