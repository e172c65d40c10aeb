"""Regions and what was read in them become pages, and pages a document. Pure: no pixels, engines, formats, or I/O.

A page is assembled as soon as it is read. What only the whole document tells (which headings are on one level, what
repeats from page to page, which paragraphs go on over a break) is settled in `document`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from octavo.assemble import joins
from octavo.assemble.blocks import faithful
from octavo.assemble.furniture import Furniture
from octavo.assemble.levels import Titles
from octavo.assemble.looks import looks_in_words
from octavo.assemble.notes import Marks
from octavo.assemble.official import official
from octavo.assemble.packed_pages import PackedByNumber, PackedPages, without_words
from octavo.assemble.places import as_laid, as_seen, page_as_seen, trace_as_seen
from octavo.document import (
    NOTHING_USED,
    Bookmark,
    Document,
    Looks,
    Page,
    PageImage,
    Problem,
    Recognition,
    Region,
    Usage,
)
from octavo.geometry import Size
from octavo.settings import ParseOptions, Profile

__all__ = [
    "PackedByNumber",
    "PackedPages",
    "document",
    "lost_page",
    "page",
    "page_as_seen",
    "trace_as_seen",
    "without_words",
]


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
    kept: Callable[[Iterable[Page]], Sequence[Page]] = tuple,
) -> Document:
    """The finished result. `timings` (the wall time in it) go over the sums of the pages'.

    The pages are gone over three times, one after the other, and then `kept`: in a tuple, or instead of `pages`, of
    which each is not asked for again once the next is.
    """
    sums = _Sums()
    settled = _settled(pages, headings) if options.profile is Profile.FAITHFUL else pages
    pages = kept(sums.added(settled))
    return Document(
        name=name,
        pages=pages,
        page_count=page_count,
        problems=tuple(sums.problems),
        headings=headings,
        engines={**engines, **looks_in_words(sums.looks)},
        usage=Usage.total(sums.usages),
        timings={**sums.timings, **timings},
    )


def _settled(pages: Sequence[Page], outline: Sequence[Bookmark]) -> Iterator[Page]:
    """What the whole document tells about its pages, each seen straight."""
    furniture, titles, marks = Furniture(map(as_laid, pages)), Titles(outline), Marks()
    for page in furniture.set_apart(map(as_laid, pages)):
        titles.look(page)
        marks.look(page)
    levels = titles.levels()
    flat = map(levels.levelled, furniture.set_apart(map(as_laid, pages)))
    return map(as_seen, joins.marked(map(marks.linked, flat)))


@dataclass(slots=True)
class _Sums:
    """What is told of all pages together."""

    problems: list[Problem] = field(default_factory=list)
    looks: dict[int, Looks] = field(default_factory=dict)  # by page number
    usages: list[Usage] = field(default_factory=list)
    timings: dict[str, float] = field(default_factory=dict)

    def added(self, pages: Iterable[Page]) -> Iterator[Page]:
        """The same pages; what is summed is there once the last was taken."""
        for page in pages:
            self.problems += page.problems
            self.looks[page.number] = page.looks
            usages = (block.recognition.usage for block in page.blocks)
            self.usages += (usage for usage in usages if usage != NOTHING_USED)
            for stage, seconds in page.timings.items():
                self.timings[stage] = self.timings.get(stage, 0.0) + seconds
            yield page
