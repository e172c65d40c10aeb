"""What is drawn over glyphs and says something of them: links, and rules and marks that strike them out. Pure."""

import re
from collections.abc import Iterator
from typing import Final, Self
from urllib.parse import quote

import numpy as np

from octavo.frozen import frozen
from octavo.glyphs import Drawing, Flags, Glyphs, Indices, Numbers

# A rule strikes letters out at half of the x-height, which is 0.45 to 0.53 ems.
STRIKES_FROM: Final = 0.14  # ems above the baseline, at least
STRIKES_TO: Final = 0.42  # ems above the baseline, at most
THIN: Final = 0.13  # ems: a rule that strikes out is no higher; Word's has 0.05, a browser's 0.07
MARK: Final = 0.5  # ems: an area that is as high strikes out what it covers
BEYOND: Final = 0.6  # ems that such a rule may reach beyond the letters; one that runs on parts or frames something

_NO_ADDRESS = re.compile(r"[\x00-\x20\x7f<>\"\\^`{|}]|[^\x00-\x7f]")
_ENTITY = re.compile(r"&(#?\w+);")


@frozen
class Overdrawn:
    """What the glyphs of a page are marked with; n of them."""

    link: Indices  # n, place in `targets`; -1 for none
    targets: tuple[str, ...]  # where links lead, fit for a link in Markdown and HTML
    struck: Flags  # n

    @classmethod
    def of(cls, glyphs: Glyphs, drawing: Drawing) -> Self | None:
        """None where nothing is drawn over any glyph."""
        targets = tuple(map(address, (target for target, *_ in drawing.links)))
        made = cls(_linked(glyphs, drawing, targets), targets, _struck(glyphs, drawing))
        return made if made.struck.any() or (made.link >= 0).any() else None


def address(target: str) -> str:
    """A link's target with all that could end it, or be taken for something else, percent-encoded (RFC 3986)."""
    target = _NO_ADDRESS.sub(lambda found: quote(found[0], safe=""), target.strip())
    return _ENTITY.sub(r"&\1%3B", target)


def _linked(glyphs: Glyphs, drawing: Drawing, targets: tuple[str, ...]) -> Indices:
    link = np.full(len(glyphs), -1, np.int64)
    x, y = ((glyphs.boxes[:, 0:2] + glyphs.boxes[:, 2:4]) / 2).T
    for number, (_, left, top, right, bottom) in enumerate(drawing.links):
        if targets[number]:
            link[(x > left) & (x < right) & (y > top) & (y < bottom)] = number
    return link


def _struck(glyphs: Glyphs, drawing: Drawing) -> Flags:
    struck = np.zeros(len(glyphs), bool)
    if not drawing.strikes:
        return struck
    level = np.flatnonzero(glyphs.drawn() & (glyphs.angles[glyphs.run] == 0))
    sizes, boxes = np.maximum(glyphs.sizes[glyphs.run[level]], 0.1), glyphs.boxes[level]
    x, y = ((boxes[:, 0:2] + boxes[:, 2:4]) / 2).T
    largest, smallest = float(sizes.max(initial=0)), float(sizes.min(initial=np.inf))
    strikes = np.array(drawing.strikes)
    heights, middles = strikes[:, 3] - strikes[:, 1], (strikes[:, 1] + strikes[:, 3]) / 2
    # Rules lie above the baseline of what they strike out, by less than its size: most rules of a page, above that of
    # few letters. Marks lie around the middle of what they cover.
    baseline = glyphs.origins[level, 1]
    for number, near in _between(baseline, middles, middles + largest, heights < THIN * largest):
        (left, top, right, bottom), size = drawing.strikes[number], sizes[near]
        above = (baseline[near] - (top + bottom) / 2) / size
        crossed = (x[near] > left) & (x[near] < right) & (above > STRIKES_FROM) & (above < STRIKES_TO)
        crossed &= bottom - top < THIN * size
        if crossed.any():
            reach = BEYOND * float(size[crossed].max())
            edges = boxes[near[crossed]]
            if edges[:, 0].min() - left < reach and right - edges[:, 2].max() < reach:
                struck[level[near[crossed]]] = True
    for number, near in _between(y, strikes[:, 1], strikes[:, 3], heights > MARK * smallest):
        left, top, right, bottom = drawing.strikes[number]
        struck[level[near[(bottom - top > MARK * sizes[near]) & (x[near] > left) & (x[near] < right)]]] = True
    return struck


def _between(places: Numbers, low: Numbers, high: Numbers, which: Flags) -> Iterator[tuple[int, Indices]]:
    """For each of these strikes the glyphs whose place is above `low` and below `high`, where there are any."""
    if not which.any():
        return
    order = np.argsort(places)
    in_order = places[order]
    first, last = np.searchsorted(in_order, low, side="right"), np.searchsorted(in_order, high, side="left")
    for number in np.flatnonzero(which & (first < last)).tolist():
        yield number, order[first[number] : last[number]]
