"""What a batch will take, from a sample of its documents that is really read."""

import time
from collections.abc import Sequence
from typing import Any

from octavo.corpus.items import Item
from octavo.corpus.readers import Reader
from octavo.corpus.sources import Corpus
from octavo.errors import OctavoError
from octavo.frozen import frozen
from octavo.jobs.estimates import Estimates, Kind, Taken
from octavo.settings import ParseOptions


@frozen
class Sampled:
    """One document of the sample."""

    item: Item
    pages: int
    seconds: float  # with its files drawn up
    error: str | None = None  # its code


def chosen(items: Sequence[Item], count: int) -> list[Item]:
    """So many, from the smallest to the largest in even steps: few large documents often have most of the pages."""
    by_size = sorted(items, key=lambda item: (item.size, item.name))
    if count >= len(by_size):
        return by_size
    return [by_size[(2 * place + 1) * len(by_size) // (2 * count)] for place in range(count)]


async def read(items: Sequence[Item], corpus: Corpus, reader: Reader) -> list[Sampled]:
    """One after the other: side by side each would seem to take longer."""
    sampled = []
    for item in items:
        began = time.monotonic()
        try:
            data = await corpus.read(item)
            async with reader.reading(item, data, lambda: None) as result:
                for _ in result.files:
                    pass
                sampled.append(Sampled(item, result.pages, time.monotonic() - began))
        except OctavoError as error:
            sampled.append(Sampled(item, 0, time.monotonic() - began, error.code))
    return sampled


def quote(
    items: Sequence[Item], sampled: Sequence[Sampled], options: ParseOptions, price_per_hour: float | None
) -> dict[str, Any]:
    """Pages by the bytes of the sample's, time and dollars by its pages: one machine, one document at a time."""
    kind, estimates = Kind.of(options, is_pdf=True), Estimates()
    for one in sampled:
        estimates.learn(kind, Taken(one.pages, one.seconds, one.seconds))
    pages = sum(one.pages for one in sampled)
    sampled_bytes = sum(one.item.size for one in sampled)
    all_bytes = sum(item.size for item in items)
    by_bytes = bool(sampled_bytes) and all(item.size for item in items)
    share = all_bytes / sampled_bytes if by_bytes else len(items) / max(1, len(sampled))
    estimate = estimates.of(kind, round(pages * share), price_per_hour)
    return {
        "documents": len(items),
        "bytes": all_bytes,
        **estimate,
        "sample": [
            {
                "document": one.item.name,
                "bytes": one.item.size,
                "pages": one.pages,
                "seconds": round(one.seconds, 3),
                "error": one.error,
            }
            for one in sampled
        ],
    }
