"""Raised marks that lead to the notes of their page, and the notes they lead to.

Both must be there: a raised figure behind a word or a sign of punctuation, and below the text a note that begins with
the same one. A power of a unit (m², cm³) is no mark, nor is a figure without its note.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from octavo.content import Content, Heading, Items, Mixed, Prose, Run, Runs, all_runs, text_of
from octavo.document import Block, Label, Page, Role
from octavo.frozen import frozen
from octavo.wording.notes import RAISED, level

_BEGINS = re.compile(rf"[{RAISED}]{{1,3}}(?=\s?\S)")
_REFERS = re.compile(rf"(?:(?<=[^\W\d_]{{3}})|(?<=[.,;:!?)\]’”\"'»…]))[{RAISED}]{{1,3}}(?![\w{RAISED}])")


@frozen
class _Note:
    """What a note of a page begins with, and where in its block's text."""

    block: int
    start: int
    mark: str


class Marks:
    """The marks of notes in a document, gathered page by page."""

    def __init__(self) -> None:
        self._known: dict[int, set[str]] = {}  # by page number; of pages that have any
        self._count: Counter[str] = Counter()

    def look(self, page: Page) -> None:
        """At a page, furniture set apart."""
        if marks := _referred_to(page, list(_notes(page))):
            self._known[page.number] = marks
            self._count.update(marks)

    def linked(self, page: Page) -> Page:
        """The page with its marks and notes put together, once all were looked at."""
        # A name is a document's, a number often only a page's.
        names = {
            mark: level(mark) if self._count[mark] == 1 else f"{page.number + 1}-{level(mark)}"
            for mark in self._known.get(page.number, ())
        }
        return _with_links(page, list(_notes(page)), names) if names else page


def _notes(page: Page) -> Iterator[_Note]:
    """The notes of a page: a block may hold several, each beginning with a line."""
    for place, block in enumerate(page.blocks):
        text = _text_of_note(block)
        start = 0
        for line in block.recognition.lines if text else ():
            mark = _BEGINS.match(line.text or "")
            at = text.find(mark[0], start) if mark else -1
            if mark and at >= 0 and (at == 0 or text[at - 1] == " "):
                yield _Note(place, at, mark[0])
                start = at + len(mark[0])


def _text_of_note(block: Block) -> str:
    match block.content:
        case Prose((runs,)) if block.region.label is Label.FOOTNOTE and block.role is Role.BODY:
            return text_of(runs)
        case _:
            return ""


def _referred_to(page: Page, notes: Sequence[_Note]) -> set[str]:
    """The marks of notes, each with one note, that the text of the page refers to."""
    if not notes:
        return set()
    marks = Counter(note.mark for note in notes)
    blocks = {note.block for note in notes}
    said = {
        mark
        for place, block in enumerate(page.blocks)
        if place not in blocks and block.role is Role.BODY
        for runs in all_runs(block.content)
        for mark in _REFERS.findall(text_of(runs))
    }
    return {mark for mark, count in marks.items() if count == 1 and mark in said}


def _with_links(page: Page, notes: Sequence[_Note], names: Mapping[str, str]) -> Page:
    blocks = list(page.blocks)
    own = {note.block for note in notes}
    for place, block in enumerate(blocks):
        if place in own:
            starts = [note for note in notes if note.block == place and note.mark in names]
            content = _parted(block.content, starts, names) if starts else block.content
        else:
            content = _referring(block.content, names) if block.role is Role.BODY else block.content
        blocks[place] = block if content is block.content else replace(block, content=content)
    return replace(page, blocks=tuple(blocks))


def _parted(content: Content | None, notes: Sequence[_Note], names: Mapping[str, str]) -> Content | None:
    """A block's notes, each as a paragraph of its own."""
    if not isinstance(content, Prose):
        return content
    (runs,) = content.lines
    cuts = [note.start for note in notes]
    names_at = {note.start: names[note.mark] for note in notes}
    starts = sorted({0, *cuts})
    ends = [*starts[1:], len(text_of(runs))]
    parts = [
        Prose((_without_end(_cut(runs, start, end)),), note=names_at.get(start))
        for start, end in zip(starts, ends, strict=True)
    ]
    return parts[0] if len(parts) == 1 else Mixed(tuple(parts))


def _referring(content: Content | None, names: Mapping[str, str]) -> Content | None:
    """The content with its marks leading to the notes."""
    match content:
        case Prose(lines):
            return replace(content, lines=tuple(_marked(runs, names) for runs in lines))
        case Heading(_, runs):
            return replace(content, runs=_marked(runs, names))
        case Items(items):
            return replace(content, items=tuple(replace(item, runs=_marked(item.runs, names)) for item in items))
        case Mixed(parts):
            referring = (_referring(part, names) for part in parts)
            return Mixed(tuple(part for part in referring if part is not None and not isinstance(part, Mixed)))
        case _:
            return content


def _marked(runs: Runs, names: Mapping[str, str]) -> Runs:
    text = text_of(runs)
    found = [mark for mark in _REFERS.finditer(text) if mark[0] in names]
    made: list[Run] = []
    place = 0
    for mark in found:
        made += _cut(runs, place, mark.start())
        made += (replace(run, note=names[mark[0]]) for run in _cut(runs, mark.start(), mark.end()))
        place = mark.end()
    return (*made, *_cut(runs, place, len(text))) if found else runs


def _without_end(runs: Iterator[Run]) -> Runs:
    """The same without space at its end."""
    *kept, last = runs
    return (*kept, replace(last, text=last.text.rstrip()))


def _cut(runs: Runs, start: int, end: int) -> Iterator[Run]:
    """The characters of a line from one place to another."""
    place = 0
    for run in runs:
        text = run.text[max(0, start - place) : max(0, end - place)]
        place += len(run.text)
        if text:
            yield replace(run, text=text)
