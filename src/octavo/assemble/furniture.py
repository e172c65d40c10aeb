"""Running headers, footers and page numbers: what comes back from page to page as only those do.

Where a thing stands makes it a candidate, no more. It is furniture if the same words stand in the same place of other
pages, with at most a page number that counts; anything else stays in the text, because its loss might cost something:
lines that differ in an amount, the date and the sender of a letter, a paragraph that begins high up. A document of one
page has no running head; but a page that says it is the ninth was taken from a longer document.
"""

import math
import re
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias

from octavo.assemble.headings import no_heading
from octavo.content import plain, says
from octavo.document import Block, Label, Origin, Page, Role, Task
from octavo.layout.watermarks import TILES, is_aslant
from octavo.wording import page_numbers, prose
from octavo.wording.sentences import ends_sentence

# What the layout calls furniture.
LABELS = frozenset({Label.HEADER, Label.FOOTER, Label.NUMBER, Label.HEADER_IMAGE, Label.FOOTER_IMAGE})
_PICTURES = frozenset({Label.HEADER_IMAGE, Label.FOOTER_IMAGE})

_TOP, _BOTTOM = 130.0, 870.0  # where running heads and feet stand, 0..1000 of the page
_OUTER_TOP, _OUTER_BOTTOM = 80.0, 920.0  # where a lone number is a page's
_DRIFT = 12.0  # how far a running head moves from page to page, 0..1000
_LONGEST = 200  # characters of a running head
_APART = 1.0  # heights of a line between a running head and the text, where the layout did not take it for one
_SMALL = 0.9  # of the running text's size: a foot's small print
_SMALL_PRINT = 8.5  # points: the same on a page that is set small
_REACHES = re.compile(r"@|(?:\d[ ./()+-]*){6}")  # an address of mail, a telephone, an account
_MANY_PAGES = 3  # from which what does not come back is no running head, whatever its page's number

_MANY_ROWS = 3  # a foot of so many rows says something (address, bank, terms), which is kept once
_MANY_PIECES = 4  # side by side: a row of a table rather than a page's foot

_Key: TypeAlias = tuple[int, int]  # number of a block's page, index on it
_Reasons: TypeAlias = Mapping[_Key, str]


class Furniture:
    """What of a document is furniture, told by all of its pages: they are looked at once, and then set apart."""

    def __init__(self, pages: Iterable[Page]) -> None:
        heads, numbers, watermarks, self._pages = _Heads(), _Numbers(), _Watermarks(), 0
        for page in pages:
            heads.look(page)
            numbers.look(page)
            watermarks.look(page)
            self._pages += 1
        self._found, self._counting, self._watermarks = heads.found(self._pages), numbers.counting(), watermarks.found()

    def set_apart(self, pages: Iterable[Page]) -> Iterator[Page]:
        """The same pages with furniture in its role. Labels follow, so that JSON readers see the same."""
        said: set[str] = set()
        for page in pages:
            judge = _Judge(page, self._pages, _repeated(page, self._found), self._counting, self._watermarks)
            blocks = [judge.judged(block) for block in page.blocks]
            kept = [_kept(block) if _says_much(block, blocks, said) else block for block in blocks]
            yield replace(page, blocks=tuple(kept))


def _kept(block: Block) -> Block:
    reason = "body: many pieces beside each other, or several rows said for the first time"
    return replace(block, role=Role.BODY, reasons=(*block.reasons, reason))


def _says_much(block: Block, blocks: Sequence[Block], said: set[str]) -> bool:
    """Whether a head or foot belongs to the text after all: the first of its words with several rows, or one cell of
    many that stand side by side."""
    if block.role is not Role.FURNITURE or block.region.task is not Task.TEXT or not says(block.content):
        return False
    if block.region.label in (Label.ASIDE_TEXT, Label.NUMBER):  # a watermark's tiles, numbers of lines
        return False
    middle = block.region.box.center[1]
    beside = sum(b.role is Role.FURNITURE and b.region.box.top < middle < b.region.box.bottom for b in blocks)
    if beside >= _MANY_PIECES:
        return True
    words = prose.comparable(block.recognition.text or "")
    new = words not in said
    said.add(words)
    return new and len(block.recognition.lines) >= _MANY_ROWS


# --- one block ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Judge:
    """What is known when the blocks of one page are judged."""

    page: Page
    pages: int  # of the document
    repeated: _Reasons
    counting: frozenset[_Key] | None  # None: there are no two pages with numbers to compare
    watermarks: _Reasons

    def judged(self, block: Block) -> Block:
        key = self.page.number, block.index
        if reason := self.watermarks.get(key):
            return _as_furniture(block, Label.ASIDE_TEXT, reason)
        if reason := self.repeated.get(key):
            label = Label.HEADER if block.region.box.center[1] <= _TOP else Label.FOOTER
            return _as_furniture(block, block.region.label if block.region.label in LABELS else label, reason)
        if block.role is Role.BODY:
            counts = _is_page_number(self.page, block) and self._may_be_number(block)
            reason = "page number: a lone number at the edge, with nothing beyond it"
            return _as_furniture(block, Label.NUMBER, reason) if counts else block
        if block.role is not Role.FURNITURE or block.region.origin is not Origin.GEOMETRY or not says(block.content):
            return block
        if block.region.label is Label.NUMBER:
            return (
                block if self._may_be_number(block) else _as_text(block, "a number that does not count with its page")
            )
        return block if self._looks_like_it(block) else _as_text(block, "nothing like it is on another page")

    def _may_be_number(self, block: Block) -> bool:
        """Whether it counts, where there is another page's to compare with."""
        return self.counting is None or (self.page.number, block.index) in self.counting or _value(block) is None

    def _looks_like_it(self, block: Block) -> bool:
        """Whether a short line of a document with hardly a page to compare with is a running head or foot.

        It is where the page says that it is not the first of its document, or in the small print at a foot that tells
        nobody how to reach or to pay somebody.
        """
        if self.pages >= _MANY_PAGES or block.region.label in _PICTURES:
            return False
        text = block.recognition.text or ""
        if len(block.recognition.lines) > 2 or len(text) > _LONGEST / 2 or ends_sentence(text):
            return False
        if any(number != 1 for number in _numbers_of(self.page)):
            return True
        feet = [other for other in self.page.blocks if other.region.label is Label.FOOTER]
        sizes = [line.font_size for line in block.recognition.lines if line.font_size]
        small = _size(block) <= _SMALL * self.running_size or (sizes and max(sizes) <= _SMALL_PRINT)
        if block not in feet or not small:
            return False
        return not any(_REACHES.search(foot.recognition.text or "") for foot in feet)

    @cached_property
    def running_size(self) -> float:
        """Of the type that most of the page is set in, in the unit of `_size`."""
        sizes = sorted((_size(block), len(block.recognition.text or "")) for block in self.page.blocks if _lines(block))
        half, seen = sum(length for _, length in sizes) / 2, 0
        for size, length in sizes:
            seen += length
            if seen >= half:
                return size
        return 0.0


def _size(block: Block) -> float:
    """Of a block's type: points, or the height of its lines on a picture."""
    lines = [line for line in block.recognition.lines if line.text]
    return statistics.median(line.font_size or line.box.height for line in lines) if lines else 0.0


def _as_furniture(block: Block, label: Label, reason: str) -> Block:
    region, reasons = replace(block.region, label=label), (*block.reasons, reason)
    return replace(block, role=Role.FURNITURE, content=no_heading(block.content), region=region, reasons=reasons)


def _as_text(block: Block, why: str) -> Block:
    label = Label.IMAGE if block.region.label in _PICTURES else Label.TEXT
    region, reasons = replace(block.region, label=label), (*block.reasons, f"{label.value}: {why}")
    return replace(block, role=Role.BODY, region=region, reasons=reasons)


# --- what comes back ------------------------------------------------------------------------------------------------


_Place: TypeAlias = tuple[float, int, int]  # height of a block's middle, number of its page, index on it


class _Heads:
    """Blocks at the edges of pages, by what they say."""

    def __init__(self) -> None:
        self._seen: defaultdict[tuple[bool, str], list[_Place]] = defaultdict(list)
        self._called: set[_Key] = set()  # those that the layout takes for furniture

    def look(self, page: Page) -> None:
        for block in _candidates(page):
            middle = block.region.box.center[1]
            if block.role is Role.FURNITURE:
                self._called.add((page.number, block.index))
            for words in _words(block, page):
                self._seen[middle < 500, words].append((middle, page.number, block.index))

    def found(self, pages: int) -> _Reasons:
        """Those whose words stand at the same height of other pages, and why they are furniture."""
        found: dict[_Key, str] = {}
        for (top, _), places in self._seen.items():
            by_layout = any((number, index) in self._called for _, number, index in places)
            # Left and right pages may have heads of their own; the layout's word makes two pages enough.
            enough = 2 if by_layout else max(2, math.ceil(0.3 * pages))
            if len(places) >= enough:
                again = list(_on_many_pages(sorted(places), enough))
                label, count = Label.HEADER if top else Label.FOOTER, len({number for number, _ in again})
                found |= dict.fromkeys(again, f"{label}: repeats on {count} of {pages} pages")
        return found


def _repeated(page: Page, found: _Reasons) -> _Reasons:
    """Those of a page that are furniture by the layout's word, or stand apart from its text."""
    keys = [(block, (page.number, block.index)) for block in page.blocks]
    return {
        key: found[key]
        for block, key in keys
        if key in found and (block.role is Role.FURNITURE or _stands_apart(page, block, found))
    }


def _candidates(page: Page) -> Iterable[Block]:
    for block in page.blocks:
        called = block.role is Role.FURNITURE and block.region.label is not Label.NUMBER
        at_edge = not _TOP < block.region.box.center[1] < _BOTTOM
        if called or (block.role is Role.BODY and block.region.task is Task.TEXT and at_edge):
            text = plain(block.content) if block.content else ""
            if text and len(text) <= _LONGEST:
                yield block


def _words(block: Block, page: Page) -> Iterator[str]:
    """What a block says, to be compared: as it is, and with how far its page number is from the page's place."""
    text = plain(block.content) if block.content else ""
    yield prose.comparable(text)
    if (number := page_numbers.in_running_head(text, _lines(block))) is not None:
        before, after = prose.comparable(text[: number.start]), prose.comparable(text[number.end :])
        yield f"{before} {number.value - page.number} {after}"


def _lines(block: Block) -> list[str]:
    return [line.text for line in block.recognition.lines if line.text]


def _stands_apart(page: Page, block: Block, found: Mapping[_Key, str]) -> bool:
    """Whether there is more room between a block and the text than between the text's own parts."""
    box, lines = block.region.box, block.recognition.lines
    top = box.center[1] <= _TOP
    row = min((line.box.height for line in lines), default=box.height)
    text = [
        other.region.box
        for other in page.blocks
        if other.role is Role.BODY and (page.number, other.index) not in found and other.region.box.overlap_x(box) > 0
    ]
    gaps = [other.top - box.bottom if top else box.top - other.bottom for other in text]
    return min((gap for gap in gaps if gap > -row), default=math.inf) > _APART * row


class _Watermarks:
    """Words set aslant over pages that come again and again; a stamp that is there once says something."""

    def __init__(self) -> None:
        self._seen: defaultdict[str, list[_Key]] = defaultdict(list)

    def look(self, page: Page) -> None:
        for block in page.blocks:
            lines = block.recognition.lines
            if block.region.label is Label.ASIDE_TEXT and lines and all(is_aslant(it, page.size) for it in lines):
                self._seen[prose.comparable(block.recognition.text or "")].append((page.number, block.index))

    def found(self) -> _Reasons:
        many = (places for places in self._seen.values() if len(places) >= TILES)
        return {place: f"watermark: set aslant {len(places)} times" for places in many for place in places}


def _on_many_pages(places: Sequence[_Place], enough: int) -> Iterator[_Key]:
    """Page and index of the places, which are sorted, with enough pages that have one no farther off than the drift."""
    around: Counter[int] = Counter()  # places within the drift, by page
    first = last = 0
    for height, number, index in places:
        while last < len(places) and places[last][0] <= height + _DRIFT:
            around[places[last][1]] += 1
            last += 1
        while places[first][0] < height - _DRIFT:
            around[places[first][1]] -= 1
            if not around[places[first][1]]:
                del around[places[first][1]]
            first += 1
        if len(around) >= enough:
            yield number, index


# --- page numbers -----------------------------------------------------------------------------------------------------


class _Numbers:
    """Lone numbers at the edges of pages."""

    def __init__(self) -> None:
        self._values: defaultdict[int, list[_Key]] = defaultdict(list)  # by how far they are from their page's place
        self._numbered: set[int] = set()

    def look(self, page: Page) -> None:
        for block in page.blocks:
            if block.region.label is not Label.NUMBER and not _is_page_number(page, block):
                continue
            if (value := _value(block)) is not None:
                self._values[value - page.number].append((page.number, block.index))
                self._numbered.add(page.number)

    def counting(self) -> frozenset[_Key] | None:
        """Those that go up with their pages; None where there are not two pages with numbers to compare."""
        if len(self._numbered) < 2:
            return None
        groups = self._values.values()
        return frozenset(key for keys in groups if len({number for number, _ in keys}) > 1 for key in keys)


def _numbers_of(page: Page) -> Iterator[int]:
    """The numbers that a page gives itself."""
    for block in page.blocks:
        if block.role is not Role.FURNITURE and not _is_page_number(page, block):
            continue
        if (value := _value(block)) is not None:
            yield value
        elif block.region.label is Label.NUMBER:  # those of lines
            continue
        elif (number := page_numbers.in_running_head(block.recognition.text or "", _lines(block))) is not None:
            yield number.value


def _value(block: Block) -> int | None:
    return page_numbers.value(block.recognition.text or "")


def _is_page_number(page: Page, block: Block) -> bool:
    """A lone number at the outer edge with nothing of the body beyond it."""
    box = block.region.box
    if _OUTER_TOP <= box.middle <= _OUTER_BOTTOM or not _says_page(block):
        return False
    others = [other.region.box for other in page.blocks if other.role is Role.BODY and not _says_page(other)]
    if box.middle < _OUTER_TOP:
        return all(other.top >= box.top for other in others)
    return all(other.bottom <= box.bottom for other in others)


def _says_page(block: Block) -> bool:
    text = block.recognition.text or ""
    return block.role is Role.BODY and block.region.task is Task.TEXT and page_numbers.is_page_number(text)
