"""Heading levels 1..6, the same over a whole document.

Three witnesses, the best first: the document's own outline (bookmarks), numbering (`2.3.1`), and how large the
heading is set. Headings set alike are on one level: what the first two say of some of them holds for the others.
"""

import math
import re
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from octavo.content import Heading, plain, says
from octavo.document import Block, Bookmark, Label, Page, Role, TextLine
from octavo.frozen import frozen
from octavo.geometry import SCALE, Box
from octavo.glyphs.scripts import unspaced
from octavo.wording import headings, prose

_DEEPEST = 6
_USUAL_INCHES = 11.5  # height of a page whose resolution is not known
_SIZE_OF_HEIGHT = 0.72  # of the line's height; over a page of headings the two agree
_SIZE_OF_WIDTH = 2.0  # of a letter's mean width
_SAME_SIZE = 1.04  # sizes of type up to this ratio are one
_SAME_HEIGHT = 1.2  # the same for sizes seen on a picture

_Style: TypeAlias = tuple[float, bool]  # size, and whether bold


@frozen
class _Title:
    """One heading of the document, where it stands, and what is known of its level."""

    page: int
    index: int  # on its page
    label: Label
    text: str
    outlined: int | None  # level in the document's outline
    depth: int | None  # by numbering: 1 for `2`, 3 for `2.3.1`
    size: float  # points; where only a picture is known, what its lines' heights come to
    measured: bool  # the size is the text layer's
    bold: bool
    first: bool  # nothing of the body stands before it

    @property
    def key(self) -> tuple[int, int]:
        return self.page, self.index


class Titles:
    """The headings of a document, gathered page by page."""

    def __init__(self, outline: Sequence[Bookmark]) -> None:
        self._names: dict[str, list[Bookmark]] = {}
        for heading in outline:
            self._names.setdefault(_bare(heading.title), []).append(heading)
        self._titles: list[_Title] = []
        self._romans = 0  # headings that are numbered as the top ones are where those below are A, B, C
        self._begun = False  # something of the body was seen

    def look(self, page: Page) -> None:
        """At the next page, furniture set apart."""
        for block in page.blocks:
            body, text = block.role is Role.BODY, _text(block) if block.level is not None else ""
            self._romans += block.level is not None and headings.is_top_roman(text)
            if body and block.level is not None:
                outlined = _outlined(text, page.number, self._names)
                self._titles.append(_title(page, block, text, outlined, first=not self._begun and says(block.content)))
            self._begun = self._begun or (body and says(block.content))

    def levels(self) -> "Levels":
        """What all of them tell of each."""
        roman = self._romans > 1  # top headings are numbered I, II, III, so that A, B, C are those below
        titles = [replace(title, depth=headings.depth(title.text, roman=roman)) for title in self._titles]
        levels = _levels(titles)
        return Levels({title.key: (levels[title.key], _witness(title)) for title in titles})


@frozen
class Levels:
    """The level of each heading, and who says so, by page number and index."""

    of: Mapping[tuple[int, int], tuple[int, str]]

    def levelled(self, page: Page) -> Page:
        """The page with every heading on its level."""
        return replace(page, blocks=tuple(self._on_level(page, block) for block in page.blocks))

    def _on_level(self, page: Page, block: Block) -> Block:
        found = self.of.get((page.number, block.index))
        if found is None or not isinstance(block.content, Heading):
            return block
        level, witness = found
        reasons = (*block.reasons, f"level {level}: by {witness}")
        return replace(block, content=replace(block.content, level=level), reasons=reasons)


def _witness(title: _Title) -> str:
    return "the outline" if title.outlined else "its number" if title.depth else "how it is set beside the others"


def _text(block: Block) -> str:
    return plain(block.content) if block.content is not None else ""


def _bare(title: str) -> str:
    """A title as it is compared: without its number, case and spaces."""
    plain = re.sub(r"^(?:[A-Z]?\d*(?:\.\d+)*[.)]?\s+)", "", title.strip())
    return prose.comparable(plain or title)


def _outlined(text: str, page: int, names: Mapping[str, Sequence[Bookmark]]) -> int | None:
    """The level of the bookmark with this title, on this page or the one before (where the jump may aim at)."""
    near = [h for h in names.get(_bare(text), ()) if h.page is None or h.page in (page - 1, page)]
    return near[-1].level if near else None


def _title(page: Page, block: Block, text: str, outlined: int | None, *, first: bool) -> _Title:
    """What is seen of one; its depth is told once all are known."""
    lines, place = block.recognition.lines or block.region.lines, (page.number, block.index, block.region.label)
    sizes = [line.font_size for line in lines if line.font_size]
    if sizes:
        return _Title(*place, text, outlined, None, max(sizes), True, all(line.bold for line in lines), first)
    return _Title(*place, text, outlined, None, _seen_size(page, lines, block.region.box), False, False, first)


def _seen_size(page: Page, lines: Sequence[TextLine], box: Box) -> float:
    """The size of type in points as a picture shows it: by how far letters are apart, or by how high lines are.

    Heights of lines swing with ascenders and descenders and with the eye of the network that found them; the mean
    width of a dozen letters does not.
    """
    inches = page.size.height / page.dpi if page.dpi else _USUAL_INCHES
    text = "".join(line.text or "" for line in lines)
    if len(text) < 12 or text.isupper() or any(unspaced(character) for character in text):
        height = statistics.median([line.box.height for line in lines] or [box.height])
        return _SIZE_OF_HEIGHT * height / SCALE * inches * 72
    across = inches * page.size.width / page.size.height
    return _SIZE_OF_WIDTH * sum(line.box.width for line in lines) / len(text) / SCALE * across * 72


def _styles(titles: Sequence[_Title]) -> dict[tuple[int, int], _Style]:
    """The style of each heading: sizes that differ by no more than they swing are one."""
    styles: dict[tuple[int, int], _Style] = {}
    size = math.inf
    for title in sorted(titles, key=lambda title: -title.size):
        if title.size < size / (_SAME_SIZE if title.measured else _SAME_HEIGHT):
            size = title.size
        styles[title.key] = (size, title.bold)
    return styles


def _levels(titles: Sequence[_Title]) -> dict[tuple[int, int], int]:
    """Level 1 is the title's where the document has one; numbered and other headings then begin at 2.

    An outline that holds the title itself is taken as it is, otherwise its levels lie below the title too.
    """
    styles = _styles(titles)
    main = _main_title(titles, styles)
    top = 1 if main is None else 2
    outline_top = top if main is None or main.outlined is None else 1
    known: dict[tuple[int, int], int] = {}
    for title in titles:
        if title is main:
            continue
        if title.outlined is not None:
            known[title.key] = title.outlined - 1 + outline_top
        elif title.depth is not None:
            known[title.key] = title.depth - 1 + top
    below = _subtitle(titles, main, styles)
    levels = _by_style([title for title in titles if title not in (main, below)], styles, known, top)
    levels |= {title.key: level for title, level in ((main, 1), (below, 2)) if title is not None}
    return {key: min(_DEEPEST, max(1, level)) for key, level in levels.items()}


def _main_title(titles: Sequence[_Title], styles: Mapping[tuple[int, int], _Style]) -> _Title | None:
    """The document's own title: set as no other heading is, and called so, or else the very first thing there is."""
    count = Counter(styles.values())
    alone = [title for title in titles if count[styles[title.key]] == 1]
    named = [title for title in alone if title.label is Label.DOC_TITLE]
    first = [title for title in alone if title.first and title.depth is None and title.outlined is None]
    return max(named, key=lambda title: title.size, default=first[0] if first and len(titles) > 1 else None)


def _subtitle(titles: Sequence[_Title], main: _Title | None, styles: Mapping[tuple[int, int], _Style]) -> _Title | None:
    """The heading right below the title, if no other is set like it: it heads nothing, the others rank without it."""
    if main is None:
        return None
    after = next((title for title in titles if title.key == (main.page, main.index + 1)), None)
    known = after is None or after.depth is not None or after.outlined is not None
    return None if known or after is None or list(styles.values()).count(styles[after.key]) > 1 else after


def _by_style(
    titles: Sequence[_Title],
    styles: Mapping[tuple[int, int], _Style],
    known: Mapping[tuple[int, int], int],
    top: int,
) -> dict[tuple[int, int], int]:
    """Levels of the others: that of known headings set alike, else by rank among the sizes.

    Where a heading of unknown level is set larger than those of the top level, all of them move down.
    """
    votes: dict[_Style, Counter[int]] = {}
    for title in titles:
        if title.key in known:
            votes.setdefault(styles[title.key], Counter())[known[title.key]] += 1
    levels = {style: counts.most_common(1)[0][0] for style, counts in votes.items()}
    for style in sorted({styles[title.key] for title in titles} - set(levels), reverse=True):
        larger = [level for other, level in levels.items() if other > style]
        smaller = [level for other, level in levels.items() if other < style]
        levels[style] = max(larger) + 1 if larger else min(smaller) - 1 if smaller else top
    found = {title.key: known.get(title.key) or levels[styles[title.key]] for title in titles}
    down = max(0, top - min(found.values(), default=top))
    return {key: level + down for key, level in found.items()}
