"""Which pages were drawn to be read, and of which a network was asked, as the report tells it under `engines`."""

from collections.abc import Mapping, Sequence
from typing import Final

from octavo.document import Page

_MOST_RANGES: Final = 20  # of pages that are named for one reason


def looks_in_words(pages: Sequence[Page]) -> Mapping[str, str]:
    """By what was looked with. Pages that are lost were not looked at."""
    seen = [page for page in pages if page.size.area]
    told = {"pages": _counted(seen, [page.looks.drawn for page in seen], "drawn", "not drawn")} if seen else {}
    asked = [page for page in seen if page.looks.network is not None]
    if asked:
        told["layout_network"] = _counted(asked, [page.looks.network or "" for page in asked], "asked", "not asked")
    return told


def _counted(pages: Sequence[Page], reasons: Sequence[str], done: str, not_done: str) -> str:
    """'98 not drawn; 2 drawn: a raster picture (pages 3, 7)'"""
    by_reason: dict[str, list[int]] = {}
    for page, reason in zip(pages, reasons, strict=True):
        by_reason.setdefault(reason, []).append(page.number + 1)
    left = by_reason.pop("", [])
    parts = [f"{len(left)} {not_done}"] if left else []
    if by_reason:
        why = "; ".join(f"{reason} (pages {_ranges(numbers)})" for reason, numbers in by_reason.items())
        parts.append(f"{sum(map(len, by_reason.values()))} {done}: {why}")
    return "; ".join(parts)


def _ranges(numbers: Sequence[int]) -> str:
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    named = [str(first) if first == last else f"{first}-{last}" for first, last in ranges[:_MOST_RANGES]]
    return ", ".join(named) + (", ..." if len(ranges) > _MOST_RANGES else "")
