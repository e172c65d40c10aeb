"""The document as one running text: what Markdown, HTML and plain text have in common.

Paragraphs and tables that go on over a break are put together, furniture is where the options want it, and every loss
has a place of its own among the text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from octavo.document import Block, Document, Label, Page, Problem, Role
from octavo.renderers import _pictures
from octavo.settings import Furniture, ParseOptions
from octavo.tables import html as table_html
from octavo.wording import prose

_LIST = re.compile(r" *(?:-|\d{1,3}[.)]) .*(?:\n *(?:-|\d{1,3}[.)]) .*)*\Z")


class Kind(StrEnum):
    TEXT = "text"  # Markdown of one or more paragraphs, a list, code, a formula
    TABLE = "table"  # HTML
    PICTURE = "picture"
    LOSS = "loss"  # something of the page that is not in the text


@dataclass(frozen=True, slots=True)
class Piece:
    """One thing after the other, as it is read."""

    kind: Kind
    page: int  # 0-based, where it begins
    text: str = ""  # Markdown (TEXT), HTML (TABLE), a sentence (LOSS), an alternative text (PICTURE)
    label: Label | None = None
    path: str | None = None  # of the picture
    saved: str | None = None  # what could be saved of a loss


def pieces(document: Document, options: ParseOptions) -> list[Piece]:
    """The running text of a document."""
    pictures = _pictures.named(document, options)
    known = frozenset(
        word for page in document.pages for block in page.blocks for word in prose.words(block.recognition.text or "")
    )
    flow: list[Piece] = []
    for page in document.pages:
        for block in page.blocks:
            if not _shown(block, options):
                flow.extend(_loss(page, problem) for problem in _pictures.losses(block))
                continue
            if block.continues and block.content and _taken_up(flow, block, known):
                continue
            made = list(_of_block(page, block, pictures.get((page.number, block.index))))
            if flow and len(made) == 1 and _one_list(flow[-1], made[0]):
                flow[-1] = replace(flow[-1], text=f"{flow[-1].text}\n{made[0].text}")
            else:
                flow.extend(made)
        flow.extend(_loss(page, problem) for problem in _pictures.losses_of_page(page))
    return flow


def _shown(block: Block, options: ParseOptions) -> bool:
    if block.role is Role.FURNITURE:
        return options.furniture is Furniture.INLINE
    return block.role is Role.BODY


def _one_list(above: Piece, below: Piece) -> bool:
    """Whether two pieces are entries of one list: then no blank line parts them."""
    lists = all(piece.kind is Kind.TEXT and _LIST.match(piece.text) for piece in (above, below))
    return lists and above.page == below.page and above.label is below.label


def _of_block(page: Page, block: Block, picture: _pictures.Picture | None) -> Iterator[Piece]:
    if picture is not None:
        yield Piece(Kind.PICTURE, page.number, picture.alt, block.region.label, picture.path)
    if block.content:
        kind = Kind.TABLE if block.content.startswith("<table") else Kind.TEXT
        yield Piece(kind, page.number, block.content, block.region.label)
    for problem in _pictures.losses(block):
        yield _loss(page, problem)


def _loss(page: Page, problem: Problem) -> Piece:
    what = (
        f"{problem.label.replace('_', ' ')} on page {page.number + 1}" if problem.label else f"page {page.number + 1}"
    )
    text = f"Not read: {what}: {problem.message} [{problem.code}]"
    return Piece(Kind.LOSS, page.number, text, problem.label, saved=problem.saved_text)


def _taken_up(flow: list[Piece], block: Block, known: frozenset[str]) -> bool:
    """Put a block that goes on to the piece it goes on from."""
    place = next((n for n in range(len(flow) - 1, -1, -1) if flow[n].label is block.region.label), None)
    if place is None or block.content is None:
        return False
    piece = flow[place]
    if piece.kind is Kind.TEXT:
        flow[place] = replace(piece, text=prose.joined(piece.text, block.content, known=known))
        return True
    first, second = table_html.parsed(piece.text), table_html.parsed(block.content)
    if piece.kind is not Kind.TABLE or len(first) != 1 or len(second) != 1:
        return False
    flow[place] = replace(piece, text=table_html.rendered(table_html.continued(first[0], second[0])))
    return True
