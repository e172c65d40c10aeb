"""Which pages were drawn to be read, and of which a network was asked, as the report tells it under `engines`."""

from collections.abc import Mapping, Sequence
from typing import Final

from octavo.document import Looks

_MOST_RANGES: Final = 20  # of pages that are named for one reason


def looks_in_words(looks: Mapping[int, Looks]) -> Mapping[str, str]:
    """By what was looked with, of pages by number; nothing of those that are lost, or of which it is not known."""
    drawn = {number + 1: look.drawn for number, look in looks.items() if look.drawn is not None}
    asked = {number + 1: look.network for number, look in looks.items() if look.network is not None}
    told = {"pages": _counted(drawn, "drawn", "not drawn"), "layout_network": _counted(asked, "asked", "not asked")}
    return {what: words for what, words in told.items() if words}


def _counted(reasons: Mapping[int, str], done: str, not_done: str) -> str:
    """'98 not drawn; 2 drawn: a raster picture (pages 3, 7)'"""
    by_reason: dict[str, list[int]] = {}
    for number, reason in reasons.items():
        by_reason.setdefault(reason, []).append(number)
    left = by_reason.pop("", [])
    parts = [f"{len(left)} {not_done}"] if left else []
    if by_reason:
        why = "; ".join(f"{reason} ({_named(numbers)})" for reason, numbers in by_reason.items())
        parts.append(f"{sum(map(len, by_reason.values()))} {done}: {why}")
    return "; ".join(parts)


def _named(numbers: Sequence[int]) -> str:
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    told = ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges[:_MOST_RANGES])
    more = ", ..." if len(ranges) > _MOST_RANGES else ""
    return f"page {told}" if len(numbers) == 1 else f"pages {told}{more}"
