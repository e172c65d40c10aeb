"""Regions, recognitions and documents made by hand, for the tests of assembly and of the renderers."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from octavo import assemble
from octavo.content import Picture
from octavo.document import (
    Block,
    Bookmark,
    Document,
    Label,
    Origin,
    Page,
    PageImage,
    Pixels,
    Problem,
    Recognition,
    Region,
    Severity,
    TextLine,
    TextSource,
)
from octavo.geometry import Box, Size
from octavo.markup import markdown
from octavo.settings import ParseOptions

SIZE = Size(600, 800)
LINE = 12.0  # height of a line, 0..1000
PITCH = 16.0


def picture(size: Size = SIZE) -> Pixels:
    """A page picture with something on it: a grey ramp."""
    ramp = np.linspace(255, 120, size.height, dtype=np.uint8)
    return np.repeat(np.repeat(ramp[:, None, None], size.width, axis=1), 3, axis=2)


class Pictures:
    """Page pictures for renderers; counts how often each page is drawn."""

    def __init__(self) -> None:
        self.drawn: list[int] = []

    def page(self, number: int) -> Pixels:
        self.drawn.append(number)
        return picture()


def line(text: str, left: float, top: float, right: float | None = None, **style: object) -> TextLine:
    """A line of text; its width follows from the text where no right edge is given."""
    right = left + 7.5 * len(text) if right is None else right
    return TextLine(Box(left, top, right, top + LINE), text, **style)  # type: ignore[arg-type]  # style: TextLine's own


def lines(
    *texts: str, left: float = 100, top: float = 100, right: float | None = None, **style: object
) -> list[TextLine]:
    """Lines one below the other."""
    return [line(text, left, top + PITCH * n, right, **style) for n, text in enumerate(texts)]


def region(label: Label = Label.TEXT, box: Box | None = None, *, page: int = 0) -> Region:
    task = ParseOptions().task_of(label)
    return Region(page, box or Box(100, 100, 900, 200), label, task, 0.9, origin=Origin.MODEL)


def read(
    made: Sequence[TextLine], label: Label = Label.TEXT, *, text: str | None = None, page: int = 0
) -> tuple[Region, Recognition]:
    """A region around lines of a text layer, and what was read there: the lines joined by spaces."""
    box = made[0].box
    for one in made[1:]:
        box = box.joined(one.box)
    joined = " ".join(one.text or "" for one in made) if text is None else text
    return region(label, box, page=page), Recognition(joined, TextSource.TEXT_LAYER, lines=tuple(made))


def said(
    text: str | None, label: Label = Label.TEXT, box: Box | None = None, **more: object
) -> tuple[Region, Recognition]:
    """A region and the text of a language model for it, without lines."""
    return region(label, box), Recognition(text, **more)  # type: ignore[arg-type]  # more: Recognition's own


LOST = Problem("engine_lost", "the model's server went away", Severity.LOST, saved_text="Half a sent")


def page(
    parts: Sequence[tuple[Region, Recognition]],
    *,
    number: int = 0,
    options: ParseOptions | None = None,
    problems: Sequence[Problem] = (),
) -> Page:
    """An assembled page; `options` settle what is done with each region."""
    options = options or ParseOptions()
    image = PageImage(number, picture(), 150.0)
    regions = [replace(part[0], task=options.task_of(part[0].label)) for part in parts]
    recognitions = [part[1] for part in parts]
    return assemble.page(image, regions, recognitions, problems, options, {"draw": 0.5})


def document(
    *pages: Page, name: str = "sample", headings: tuple[Bookmark, ...] = (), options: ParseOptions | None = None
) -> Document:
    return assemble.document(
        name,
        pages,
        page_count=len(pages),
        headings=headings,
        options=options or ParseOptions(),
        engines={"recognizer": "by hand"},
        timings={"total": 2.0},
    )


def written(block: Block) -> str | None:
    """What a block says, as Markdown; None for pictures and losses."""
    if block.content is None or isinstance(block.content, Picture):
        return None
    return markdown.written(block.content)
