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
from octavo.leaning.bend import bend
from octavo.leaning.flattening import flattened
from octavo.leaning.marks import small

_STILL: Final = 1.0  # heights of a line by which lines leave the level after all, from which rows come apart
_APART: Final = 0.025  # tangent by which lines run apart typically: up to 0.015 on made photographs that read well


def straightened(page: PageImage) -> PageImage:
    """The page put straight, with the `warp` that says where its places lie; the same page where it lies straight."""
    if page.text is not None and page.text.verdict is Trust.TRUSTED:
        return page
    bent = bend(small(page.pixels), page.size)
    if bent is None:
        return page
    warp, still = bent.warp, bent.still
    problems = page.problems
    if warp is None or still is None or still.off > _STILL or still.rows.miss > _APART:
        problems = (*problems, _crooked(page.number))
    if warp is None:
        return replace(page, problems=problems)
    if page.trace is not None:
        page.trace.saw(Sight(Layer.STRAIGHTENED, Box.of_page(), warp_in_words(warp)))
    return replace(page, picture=flattened(page.pixels, warp), outlines=None, warp=warp, problems=problems)


def warp_in_words(warp: Warp) -> str:
    """What was done, for people."""
    parts = [f"turned by {-warp.degrees:.1f}°", f"{warp.slant:.0%} of slant taken out"]
    parts += [f"lines uncurled by up to {warp.curl:.1%} of the page"] if warp.level else []
    return ", ".join(parts)


def _crooked(number: int) -> Problem:
    message = "the page is crooked and could not be put quite straight: its rows and columns may be mixed up"
    return Problem("page_crooked", message, Severity.DOUBTFUL, page=number)
