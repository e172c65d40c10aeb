"""Pages that were read before: of a document that comes again revised, only what looks otherwise is read.

A page is known by its picture, as it is drawn, and by the text it carries with its places: two that agree in both give
the same result when they are read in the same way by the same code. One with a problem is read again: it may go better,
and what is said of it names its page. Hashing the picture takes 10 ms of CPU a page (1700 x 2200 pixels, SHA-256,
2026-11-26), in a thread, beside the event loop.
"""

import hashlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import cache

import numpy as np
from pydantic import TypeAdapter, ValidationError

from octavo.document import Block, Page, PageImage, Usage
from octavo.frozen import frozen

log = logging.getLogger(__name__)


@cache
def as_json() -> TypeAdapter[Page]:
    """Writes and reads pages; made when one is first kept, for that takes 40 ms."""
    return TypeAdapter(Page)


@frozen
class Shelf:
    """Where pages of one key are kept, as long as the job that read them."""

    take: Callable[[str], Awaitable[bytes | None]]
    put: Callable[[str, bytes], Awaitable[None]]


class PagesBefore:
    """`pipeline.PageMemory` for one job."""

    def __init__(self, way: str, shelf: Shelf) -> None:
        """`way` tells options, engine and code apart."""
        self._way, self._shelf = way, shelf
        self.found = 0  # pages that need not be read again

    def name(self, image: PageImage) -> str:
        # What formulas are rebuilt from is an object without words: its characters are the lines' own.
        text = None if image.text is None else replace(image.text, notation=None)
        digest = hashlib.sha256(self._way.encode())
        digest.update(repr((image.pixels.shape, image.dpi, image.rotation, image.warp, text)).encode())
        digest.update(np.ascontiguousarray(image.pixels).data)
        return digest.hexdigest()

    async def page(self, name: str, number: int) -> Page | None:
        data = await self._shelf.take(name)
        if data is None:
            return None
        try:
            page = as_json().validate_json(data)
        except ValidationError:
            log.warning("page_kept_is_damaged name=%s", name[:12])
            return None
        self.found += 1
        return replace(page, number=number, blocks=tuple(_here(block, number) for block in page.blocks), timings={})

    async def keep(self, name: str, page: Page) -> None:
        if not page.problems:
            await self._shelf.put(name, as_json().dump_json(page))


def _here(block: Block, number: int) -> Block:
    """On this page, and without a cost: that was paid for the first."""
    region, recognition = replace(block.region, page=number), replace(block.recognition, usage=Usage())
    return replace(block, region=region, recognition=recognition)
