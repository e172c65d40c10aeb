"""Regions and what was read in them become pages, and pages a document. Pure: no pixels, engines, formats, or I/O.

A page is assembled as soon as it is read. What only the whole document tells (which headings are on one level, what
repeats from page to page, which paragraphs go on over a break) is settled in `document`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from octavo.assemble import furniture, joins, levels, notes
from octavo.assemble.blocks import faithful
from octavo.assemble.looks import looks_in_words
from octavo.assemble.official import official
from octavo.assemble.places import as_laid, as_seen, page_as_seen, trace_as_seen
from octavo.document import Bookmark, Document, Page, PageImage, Problem, Recognition, Region, Usage
from octavo.geometry import Size
from octavo.settings import ParseOptions, Profile

__all__ = ["document", "lost_page", "page", "page_as_seen", "trace_as_seen"]


def page(
    image: PageImage,
    regions: Sequence[Region],
    recognitions: Sequence[Recognition],
    problems: Sequence[Problem],
    options: ParseOptions,
    timings: Mapping[str, float],
) -> Page:
    """One page of the result. `recognitions` answers `regions` one by one; `problems` are those found before."""
    if options.profile is Profile.FAITHFUL:
        blocks = faithful(image, regions, recognitions, options)
    else:
        blocks = official(regions, recognitions, options)
    return Page(
        number=image.number,
        size=image.size,
        dpi=image.dpi,
        rotation=image.rotation,
        warp=image.warp,
        blocks=tuple(blocks),
        problems=(*problems, *(problem for block in blocks for problem in block.recognition.problems)),
        text_layer=image.text.verdict if image.text else None,
        text_layer_reason=image.text.reason if image.text else None,
        looks=replace(image.looks),
        timings=dict(timings),
    )


def lost_page(number: int, problem: Problem) -> Page:
    """A page of which nothing is known but why."""
    return Page(number=number, size=Size(0, 0), dpi=0.0, rotation=0, problems=(problem,))


def document(
    name: str,
    pages: Sequence[Page],
    *,
    page_count: int,
    headings: tuple[Bookmark, ...],
    options: ParseOptions,
    engines: Mapping[str, str],
    timings: Mapping[str, float],
) -> Document:
    """The finished result. `timings` (the wall time in it) go over the sums of the pages'."""
    if options.profile is Profile.FAITHFUL:
        pages = _settled(pages, headings)
    return Document(
        name=name,
        pages=tuple(pages),
        page_count=page_count,
        problems=tuple(problem for page in pages for problem in page.problems),
        headings=headings,
        engines={**engines, **looks_in_words(pages)},
        usage=Usage.total(block.recognition.usage for page in pages for block in page.blocks),
        timings={**_summed(pages), **timings},
    )


def _settled(pages: Sequence[Page], outline: Sequence[Bookmark]) -> Sequence[Page]:
    """What the whole document tells about its pages, each seen straight."""
    flat = levels.levelled(furniture.set_apart([as_laid(page) for page in pages]), outline)
    return [as_seen(page) for page in joins.marked(notes.linked(flat))]


def _summed(pages: Sequence[Page]) -> dict[str, float]:
    sums: dict[str, float] = {}
    for page in pages:
        for stage, seconds in page.timings.items():
            sums[stage] = sums.get(stage, 0.0) + seconds
    return sums
