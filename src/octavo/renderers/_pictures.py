"""Which blocks are shown as pictures, and the one place where those pictures get their names."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from octavo.document import Block, Document, Label, Page, Problem, Role, Severity, Task

_NOT_LATEX = "formula_not_latex"


@dataclass(frozen=True, slots=True)
class Picture:
    """A region kept as a picture: a figure, a formula without LaTeX, or one that could not be read."""

    path: str  # relative to the result's folder
    alt: str
    block: Block


def named(document: Document) -> Mapping[tuple[int, int], Picture]:
    """The pictures of a document by page number and block index.

    Named as the official SDK names them: the page from 0, then a count that runs through the document.
    """
    pictures: dict[tuple[int, int], Picture] = {}
    for page in document.pages:
        for block in page.blocks:
            kind = _kind(block)
            if kind is not None:
                count = len(pictures)
                path = f"imgs/cropped_page{page.number}_idx{count}.jpg"
                pictures[page.number, block.index] = Picture(path, f"{kind} {page.number}-{count}", block)
    return pictures


def _kind(block: Block) -> str | None:
    if block.role is Role.LEFT_OUT:
        return None
    if is_figure(block):
        return "Image"
    if any(problem.code == _NOT_LATEX for problem in block.recognition.problems):
        return "Formula"
    return "Not read" if lost(block) else None


def is_figure(block: Block) -> bool:
    """Whether the region is kept as a picture because of what it is."""
    figure = block.region.task is Task.SKIP or block.region.label in (Label.IMAGE, Label.CHART)
    return figure and not block.content


def lost(block: Block) -> bool:
    """Whether a region that should have been read was not."""
    return block.content is None and any(p.severity is Severity.LOST for p in block.recognition.problems)


def losses_of_page(page: Page) -> Iterator[Problem]:
    """What was lost of the page itself, in no block."""
    of_blocks = {id(problem) for block in page.blocks for problem in block.recognition.problems}
    return (p for p in page.problems if p.severity is Severity.LOST and id(p) not in of_blocks)
