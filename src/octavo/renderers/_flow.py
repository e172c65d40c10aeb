"""The document as one running text: what Markdown, HTML and plain text have in common.

Paragraphs and tables that go on over a break are put together, furniture is where the options want it, and every loss
has a place of its own among the text.
"""

from collections.abc import Container, Iterable, Iterator
from dataclasses import replace
from functools import cached_property
from typing import TypeAlias

from octavo.content import Content, Items, Picture, Prose, Run, Runs, Table, Verbatim, says, text_of
from octavo.document import Block, Document, Label, Page, Problem, Role
from octavo.frozen import frozen
from octavo.markup import markdown
from octavo.renderers import _pictures
from octavo.settings import Furniture, ParseOptions
from octavo.wording import prose


@frozen
class Said:
    """What a block says, and what goes on from it."""

    page: int  # 0-based, where it begins
    content: Content
    label: Label


@frozen
class PictureShown:
    """A picture."""

    page: int
    alt: str
    path: str


@frozen
class Lost:
    """Something of the page that is not in the text."""

    page: int
    text: str  # a sentence
    saved: str | None  # what could be saved of it


Passage: TypeAlias = Said | PictureShown | Lost


def passages(document: Document, options: ParseOptions) -> Iterator[Passage]:
    """The running text of a document, one thing after the other.

    What the page before last did not add to is finished: `assemble.joins` lets nothing go on over more than one break.
    """
    pictures = _pictures.named(document, options)
    known = _KnownWords(document)
    flow = _Flow()
    for page in document.pages:
        yield from flow.finished()
        for block in page.blocks:
            if not _shown(block, options):
                flow.extend(_loss(page, problem) for problem in _pictures.losses(block))
                continue
            if block.continues and flow.takes_up(block, known):
                continue
            flow.extend(_of_block(page, block, pictures.get((page.number, block.index))), one_list=True)
        flow.extend(_loss(page, problem) for problem in _pictures.losses_of_page(page))
    yield from flow.passages


class _Flow:
    """The end of the running text: what something may yet be added to, and all after it."""

    def __init__(self) -> None:
        self.passages: list[Passage] = []
        self._pages: list[int] = []  # for each, on which page something was last added, by place in the document
        self._page = -1

    def finished(self) -> list[Passage]:
        """What leaves at the beginning of a page."""
        self._page += 1
        count = next((at for at, page in enumerate(self._pages) if page >= self._page - 1), len(self._pages))
        left = self.passages[:count]
        del self.passages[:count], self._pages[:count]
        return left

    def extend(self, made: Iterable[Passage], *, one_list: bool = False) -> None:
        """With `one_list`, entries of a list that follow each other on a page become one."""
        made = list(made)
        whole = _one_list(self.passages[-1], made[0]) if one_list and self.passages and len(made) == 1 else None
        if whole is not None:
            self.passages[-1] = whole
        else:
            self.passages += made
            self._pages += [self._page] * len(made)

    def takes_up(self, block: Block, known: Container[str]) -> bool:
        """Whether a block that goes on could be put to the passage it goes on from."""
        for place in range(len(self.passages) - 1, -1, -1):
            passage = self.passages[place]
            if isinstance(passage, Said) and passage.label is block.region.label:
                whole = _joined(passage.content, block.content, known)
                if whole is not None:
                    self.passages[place] = replace(passage, content=whole)
                    self._pages[place] = self._page
                return whole is not None
        return False


class _KnownWords(Container[str]):
    """The words of a document, in lower case; gathered when the first is asked for."""

    def __init__(self, document: Document) -> None:
        self._document = document

    def __contains__(self, word: object) -> bool:
        return word in self._words

    @cached_property
    def _words(self) -> frozenset[str]:
        texts = (block.recognition.text or "" for page in self._document.pages for block in page.blocks)
        return frozenset(word for text in texts for word in prose.words(text))


def _shown(block: Block, options: ParseOptions) -> bool:
    if block.role is Role.FURNITURE:
        return options.furniture is Furniture.INLINE
    return block.role is Role.BODY


def _one_list(above: Passage, below: Passage) -> Said | None:
    """Two passages as one list, where they are its entries."""
    match above, below:
        case Said(page, Items(first), label), Said(same_page, Items(second), same_label):
            return Said(page, Items(first + second), label) if (page, label) == (same_page, same_label) else None
        case _:
            return None


def _of_block(page: Page, block: Block, picture: _pictures.KeptPicture | None) -> Iterator[Passage]:
    if picture is not None:
        yield PictureShown(page.number, picture.alt, picture.path)
    labels = isinstance(block.content, Picture) and block.content.labels  # the picture's name has them
    if says(block.content) and not labels:
        yield Said(page.number, block.content, block.region.label)
    for problem in _pictures.losses(block):
        yield _loss(page, problem)


def _loss(page: Page, problem: Problem) -> Lost:
    what = (
        f"{problem.label.replace('_', ' ')} on page {page.number + 1}" if problem.label else f"page {page.number + 1}"
    )
    return Lost(page.number, f"Not read: {what}: {problem.message} [{problem.code}]", problem.saved_text)


# --- over a break -----------------------------------------------------------------------------------------------------


def _joined(first: Content, second: Content | None, known: Container[str]) -> Content | None:
    """The two halves as one; None where they are of kinds that do not go on."""
    match first, second:
        case Table(), Table():
            return first.continued(second)
        case Prose(lines), Prose(more):
            return Prose((*lines[:-1], _joined_runs(lines[-1], more[0], known), *more[1:]))
        case Items(items), Prose(more):
            runs = _joined_runs(items[-1].runs, more[0], known)
            for line in more[1:]:
                runs = _joined_runs(runs, line, known)
            return Items((*items[:-1], replace(items[-1], runs=runs)))
        case ((Verbatim() | Prose() | Items()), (Verbatim() | Prose())):
            return Verbatim(prose.joined(markdown.written(first), markdown.written(second), known=known))
        case _:
            return None


def _joined_runs(first: Runs, second: Runs, known: Container[str]) -> Runs:
    """Two fragments of one line, with a space or without a hyphen between them as `prose.joined` has it."""
    before, after = text_of(first), text_of(second)
    whole = prose.joined(before, after, known=known)
    head = whole[: len(whole) - len(after.lstrip())]
    return (*_fitted(first, head), *_without(second, len(after) - len(after.lstrip())))


def _fitted(runs: Runs, text: str) -> Runs:
    """The runs with the end of this text: a little shorter than theirs, or longer by a space."""
    kept: list[Run] = []
    for run in runs:
        room = len(text) - sum(len(one.text) for one in kept)
        if room > 0:
            kept.append(replace(run, text=run.text[:room]))
    more = text[sum(len(one.text) for one in kept) :]
    return (*kept, Run(more)) if more else tuple(kept)


def _without(runs: Runs, characters: int) -> Runs:
    """The runs without so many characters of space at their beginning."""
    return (replace(runs[0], text=runs[0].text[characters:]), *runs[1:]) if runs else runs
