"""Crooked scans and photographed pages are put straight, before anything is looked for on them.

Rows and columns are read from where things stand, so a page that leans by a few degrees, was photographed aslant or
curls loses them while its words still read well. What is done follows from the lines that are seen (`leaning`): a
page whose lines are level stays as it is, pixel for pixel, and so does one whose text layer can be trusted. What cannot
be put straight is said.
"""

from dataclasses import replace
from typing import Final

from octavo.document import Layer, PageImage, Problem, Severity, Sight, Trust
from octavo.geometry import Box, Warp
from octavo.leaning.bend import Leaning, bend
from octavo.leaning.flattening import flattened
from octavo.leaning.marks import small

_STILL: Final = 1.0  # heights of a line by which lines leave the level after all, from which rows come apart


def straightened(page: PageImage) -> PageImage:
    """The page put straight, with the `warp` that says where its places lie; the same page where it lies straight."""
    if page.text is not None and page.text.verdict is Trust.TRUSTED:
        return page
    bent = bend(small(page.pixels), page.size)
    if bent is None:
        return page
    warp, still = bent.warp, bent.still
    problems = page.problems
    if warp is None or still is None or still.off > _STILL:
        problems = (*problems, _crooked(page.number, still))
    if warp is None:
        return replace(page, problems=problems)
    if page.trace is not None:
        page.trace.saw(Sight(Layer.STRAIGHTENED, Box.of_page(), in_words(warp)))
    return replace(page, pixels=flattened(page.pixels, warp), warp=warp, problems=problems)


def in_words(warp: Warp) -> str:
    """What was done, for people."""
    parts = [f"turned by {-warp.degrees:.1f}°", f"{warp.slant:.0%} of slant taken out"]
    parts += [f"lines uncurled by up to {warp.curl:.1%} of the page"] if warp.level else []
    return ", ".join(parts)


def _crooked(number: int, still: Leaning | None) -> Problem:
    how = (
        "they cannot be seen" if still is None else f"they still leave the level by {still.off:.1f} times their height"
    )
    message = f"the page is crooked and could not be put straight: {how}; rows and columns may be mixed up"
    return Problem("page_crooked", message, Severity.DOUBTFUL, page=number)
