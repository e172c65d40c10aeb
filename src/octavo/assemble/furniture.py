"""Running headers, footers and page numbers that the layout took for text: told by where they stand and by coming
back from page to page."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from octavo.assemble.headings import no_heading
from octavo.content import says
from octavo.document import Block, Label, Page, Role, Task
from octavo.layout.watermarks import is_aslant
from octavo.wording import prose
from octavo.wording.page_numbers import is_page_number

# What the layout calls furniture.
LABELS = frozenset({Label.HEADER, Label.FOOTER, Label.NUMBER, Label.HEADER_IMAGE, Label.FOOTER_IMAGE})

_TOP, _BOTTOM = 130.0, 870.0  # where running heads and feet stand, 0..1000 of the page
_OUTER_TOP, _OUTER_BOTTOM = 80.0, 920.0  # where a lone number is a page's
_DRIFT = 12.0  # how far a running head moves from page to page, 0..1000
_LONGEST = 200  # characters of a running head

_MANY_ROWS = 3  # a foot of so many rows says something (address, bank, terms), which is kept once
_MANY_TILES = 3  # times that words set aslant come, on a page or from page to page, from which they are a watermark
_MANY_PIECES = 4  # side by side: a row of a table rather than a page's foot

_Found: TypeAlias = tuple[Label, str]  # and why
_Place: TypeAlias = tuple[float, int, int]  # height of a block's middle, number of its page, index on it


def set_apart(pages: Sequence[Page]) -> list[Page]:
    """The pages with furniture in its role. Labels follow, so that JSON readers see the same."""
    repeated = _repeated(pages) | _watermarks(pages)
    said: set[str] = set()
    result: list[Page] = []
    for page in pages:
        blocks = [_apart(page, block, repeated) for block in page.blocks]
        kept = [_kept(block) if _says_much(block, blocks, said) else block for block in blocks]
        result.append(replace(page, blocks=tuple(kept)))
    return result


def _kept(block: Block) -> Block:
    reason = "body: many pieces beside each other, or several rows said for the first time"
    return replace(block, role=Role.BODY, reasons=(*block.reasons, reason))


def _says_much(block: Block, blocks: Sequence[Block], said: set[str]) -> bool:
    """Whether a head or foot belongs to the text after all: the first of its words with several rows, or one cell of
    many that stand side by side."""
    if block.role is not Role.FURNITURE or block.region.task is not Task.TEXT or not says(block.content):
        return False
    if block.region.label is Label.ASIDE_TEXT:  # a watermark's tiles
        return False
    middle = block.region.box.center[1]
    beside = sum(b.role is Role.FURNITURE and b.region.box.top < middle < b.region.box.bottom for b in blocks)
    if beside >= _MANY_PIECES:
        return True
    words = prose.comparable(block.recognition.text or "")
    new = words not in said
    said.add(words)
    return new and len(block.recognition.lines) >= _MANY_ROWS


def _apart(page: Page, block: Block, repeated: Mapping[tuple[int, int], _Found]) -> Block:
    found = repeated.get((page.number, block.index))
    if found is None and _is_page_number(page, block):
        found = Label.NUMBER, "page number: a lone number at the edge, with nothing beyond it"
    if found is None:
        return block
    label, reason = found
    region, reasons = replace(block.region, label=label), (*block.reasons, reason)
    return replace(block, role=Role.FURNITURE, content=no_heading(block.content), region=region, reasons=reasons)


def _candidates(page: Page) -> Iterable[Block]:
    for block in page.blocks:
        text = block.recognition.text
        if block.role is Role.BODY and block.region.task is Task.TEXT and text and len(text) <= _LONGEST:
            yield block


def _repeated(pages: Sequence[Page]) -> dict[tuple[int, int], _Found]:
    """Blocks at the edge of a page whose text, numbers aside, stands at the same height on other pages."""
    seen: dict[tuple[bool, str], list[_Place]] = {}
    for page in pages:
        for block in _candidates(page):
            middle = block.region.box.center[1]
            if not _TOP < middle < _BOTTOM:
                text = re.sub(r"\d+", "#", prose.comparable(block.recognition.text or ""))
                seen.setdefault((middle <= _TOP, text), []).append((middle, page.number, block.index))
    enough = max(2, math.ceil(0.3 * len(pages)))  # left and right pages may have heads of their own
    found: dict[tuple[int, int], _Found] = {}
    for (top, _), places in seen.items():
        if len(places) >= enough:
            again = list(_on_many_pages(sorted(places), enough))
            label, count = Label.HEADER if top else Label.FOOTER, len({number for number, _ in again})
            reason = f"{label}: repeats on {count} of {len(pages)} pages"
            found |= dict.fromkeys(again, (label, reason))
    return found


def _watermarks(pages: Sequence[Page]) -> dict[tuple[int, int], _Found]:
    """Words set aslant over pages that come again and again; a stamp that is there once says something."""
    seen: dict[str, list[tuple[int, int]]] = {}
    for page in pages:
        for block in page.blocks:
            lines = block.recognition.lines
            if block.region.label is Label.ASIDE_TEXT and lines and all(is_aslant(it, page.size) for it in lines):
                words = prose.comparable(block.recognition.text or "")
                seen.setdefault(words, []).append((page.number, block.index))
    many = (places for places in seen.values() if len(places) >= _MANY_TILES)
    return {
        place: (Label.ASIDE_TEXT, f"watermark: set aslant {len(places)} times") for places in many for place in places
    }


def _on_many_pages(places: Sequence[_Place], enough: int) -> Iterator[tuple[int, int]]:
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


def _is_page_number(page: Page, block: Block) -> bool:
    """A lone number at the outer edge with nothing of the body beyond it."""
    if not _says_page(block):
        return False
    box = block.region.box
    others = [other.region.box for other in page.blocks if other.role is Role.BODY and not _says_page(other)]
    if box.center[1] < _OUTER_TOP:
        return all(other.top >= box.top for other in others)
    return box.center[1] > _OUTER_BOTTOM and all(other.bottom <= box.bottom for other in others)


def _says_page(block: Block) -> bool:
    text = block.recognition.text or ""
    return block.role is Role.BODY and block.region.task is Task.TEXT and is_page_number(text)
