"""Which blocks are shown as pictures, and the one place where those pictures get their names."""

from collections.abc import Iterator, Mapping

from octavo import content
from octavo.content import says
from octavo.document import NOT_LATEX, Block, Document, Page, Problem, Role, Severity, Task
from octavo.frozen import frozen
from octavo.official.format import SHOWN_AS
from octavo.settings import OfficialVersion, ParseOptions, PictureNames, Profile


@frozen
class KeptPicture:
    """A region kept as a picture: a figure, a formula without LaTeX, or one that could not be read."""

    path: str  # relative to the result's folder
    alt: str
    block: Block


def named(document: Document, options: ParseOptions) -> Mapping[tuple[int, int], KeptPicture]:
    """The pictures of a document by page number and block index.

    Numbered as the official SDK does it: the page from 0, then a count that runs through the document.
    """
    official = options.profile is not Profile.FAITHFUL
    stem = "cropped" if official or options.picture_names is PictureNames.OFFICIAL else document.name
    pictures: dict[tuple[int, int], KeptPicture] = {}
    for page in document.pages:
        for block in page.blocks:
            kind = _official_kind(block, options) if official else _kind(block)
            if kind is not None:
                count = len(pictures)
                path = f"imgs/{stem}_page{page.number}_idx{count}.jpg"
                alt = f"{kind} {page.number}-{count}{_labels(block)}"
                pictures[page.number, block.index] = KeptPicture(path, alt, block)
    return pictures


def _labels(block: Block) -> str:
    """What is written in a drawing where it would say nothing in a text: numbers along an axis, names of parts."""
    match block.content:
        case content.Picture((_, *_) as lines, labels=True):
            return f": {' · '.join(lines)}"
        case _:
            return ""


def _kind(block: Block) -> str | None:
    if block.region.task is Task.SKIP:
        return None if block.role is Role.LEFT_OUT else "Image"
    if any(problem.code == NOT_LATEX for problem in block.recognition.problems):
        return "Formula"
    return "Not read" if lost(block) else None


def _official_kind(block: Block, options: ParseOptions) -> str | None:
    """The SDK keeps pictures of what it shows as one, and counts them alone; 0.1.5 only of those it does not read."""
    kept = block.region.task is Task.SKIP or options.official_version is OfficialVersion.V0_1_1
    figure = kept and officially_shown(block, options) == "image"
    return "Image" if figure and block.role is Role.BODY else None


def officially_shown(block: Block, options: ParseOptions) -> str:
    """What the official profile shows a region as."""
    label = block.region.label
    return options.official_shown.get(label) or SHOWN_AS.get(label, label.value)


def official_box(block: Block) -> tuple[int, int, int, int]:
    """As the SDK rounds: towards the top left, so that a crop may lack its last row and column."""
    box = block.region.box
    return int(box.left), int(box.top), int(box.right), int(box.bottom)


def kind_shown(block: Block) -> str:
    """The SDK's word for a region: text, table, formula or image, or its own label where it is none of them."""
    if block.region.task is Task.SKIP:
        return "image"
    return SHOWN_AS.get(block.region.label, block.region.label.value)


def losses(block: Block) -> list[Problem]:
    """What was lost of a region."""
    return [problem for problem in block.recognition.problems if problem.severity is Severity.LOST]


def lost(block: Block) -> bool:
    """Whether a region that should have been read was not."""
    return not says(block.content) and bool(losses(block))


def losses_of_page(page: Page) -> Iterator[Problem]:
    """What was lost of the page itself, in no block."""
    of_blocks = {id(problem) for block in page.blocks for problem in block.recognition.problems}
    return (p for p in page.problems if p.severity is Severity.LOST and id(p) not in of_blocks)
