"""Bytes to a countable pile of pages, each drawn when asked for, or when somebody looks at its picture.

What a part is, its content says: the name is never looked at. Everything is drawn by children (`octavo.drawing`),
because a hostile file can crash, hang or bloat the process that opens it; here live the limits, the errors, the page
numbers, and the judgement of a PDF's text layer.
"""

import itertools
import logging
import re
import threading
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from types import TracebackType
from typing import Final, Literal, Self

import numpy as np
from numpy.typing import NDArray

from octavo import turns
from octavo.document import Bookmark, Looks, Outlines, PageImage, Picture, Pixels, Problem, Severity, TextLayer, Trust
from octavo.drawing import pool
from octavo.drawing.wire import Draw, Drawn, Failed, Opened, OpenedPart
from octavo.errors import (
    DocumentCorrupt,
    DocumentHasNoPages,
    EngineUnavailable,
    LimitExceeded,
    OctavoError,
    PagesInvalid,
    PageUnreadable,
    PasswordNeeded,
    ResourcesExhausted,
    SourceEmpty,
    TypeUnsupported,
    shown,
)
from octavo.geometry import Size
from octavo.glyphs import glyphs_of
from octavo.glyphs.outlines import outlines_of
from octavo.glyphs.trust import judged
from octavo.layout.line_numbers import with_numbers_apart
from octavo.settings import EngineSettings, ParseOptions, TextLayerUse

log = logging.getLogger(__name__)

SLOW_FROM = 3.0  # seconds of CPU from which a page counts as slow: a scan takes 0.3, a JPEG 2000 of 600 dpi 2
HEADER_WITHIN = 1024  # bytes: PDFium and Acrobat accept that much junk before "%PDF-"
PICTURES: tuple[
    tuple[bytes, bytes], ...
] = (  # (start, what stands at byte 4 or 8), both of the format's own definition
    (b"\x89PNG\r\n\x1a\n", b""),
    (b"\xff\xd8\xff", b""),
    (b"GIF87a", b""),
    (b"GIF89a", b""),
    (b"II*\0", b""),
    (b"MM\0*", b""),
    (b"II+\0", b""),
    (b"MM\0+", b""),
    (b"BM", b""),
    (b"RIFF", b"WEBP"),
    (b"\0\0\0\x0cjP  ", b""),
    (b"\xff\x4f\xff\x51", b""),
    (b"", b"ftypavif"),
    (b"P4", b""),
    (b"P5", b""),
    (b"P6", b""),
)
NAMED: tuple[tuple[bytes, str], ...] = (  # what people hand in by mistake, so that the message can name it
    (b"PK\x03\x04", "a zip archive or an Office document"),
    (b"\xd0\xcf\x11\xe0", "an old Office document"),
    (b"{\\rtf", "a rich-text document"),
    (b"%!PS", "a PostScript file"),
    (b"\x1f\x8b", "a gzip archive"),
)

# A strip, as screens are saved at full length: a screen's width of 1080 pixels keeps 315 of a length of 12,000, and its
# letters of 20 are 6 pixels high, which are misread. Scans of large sheets are shrunk as far, and stay wide.
_SHRUNK_TO: Final = 0.5  # share of its length, less than which is told
_NARROW: Final = 600  # pixels: the shorter side, from which it is not
LONGEST_SELECTION = 65_536  # characters: ten thousand pages, each by its number, take 48,894
_SELECTION = re.compile(r"\s*(-?\d{1,9})\s*(-)?\s*(-?\d{1,9})?\s*")


def kind_of(data: bytes) -> Literal["pdf", "picture"] | None:
    """What the bytes are by their own word; None where they are nothing known (they may still be a headless TGA)."""
    head = data[:HEADER_WITHIN]
    if head.startswith(b"%PDF-"):
        return "pdf"
    for start, mark in PICTURES:
        if head.startswith(start) and (not mark or mark in (head[4:12], head[8:12])):
            return "picture"
    return "pdf" if b"%PDF-" in head else None


def _is_shrunk_too_far(drawn: Drawn) -> bool:
    return drawn.share < _SHRUNK_TO and min(drawn.width, drawn.height) < _NARROW


def select(text: str | None, count: int) -> tuple[int, ...]:
    """The pages (0-based, ascending) that '1-5,8,-1' means in a document of `count` pages; None means all.

    Negative numbers count from the end, '3-' goes to the end, a range that reaches past the end stops there. Raises
    PagesInvalid for what is malformed, and for a page or range that the document has nothing of.
    """
    if text is None:
        return tuple(range(count))
    if len(text) > LONGEST_SELECTION:
        raise PagesInvalid(f"pages: at most {LONGEST_SELECTION} characters say which; join them to ranges")
    ranges: list[tuple[int, int]] = []
    for item in text.split(","):
        match = _SELECTION.fullmatch(item)
        if match is None or (match[3] and not match[2]):
            raise PagesInvalid(f"'{shown(item.strip())}' is not a page or a range; write for example '1-5,8,-1'")
        first, last = _number(match[1], count), _number(match[3] or (match[1] if not match[2] else "-1"), count)
        found = range(max(0, first), min(count, last + 1))
        if not found or (not match[2] and first < 0):
            raise PagesInvalid(f"the document has no page '{shown(item.strip())}': it has {count}")
        ranges.append((found.start, found.stop))
    chosen: list[int] = []
    for start, stop in sorted(ranges):  # each page once, however often a long list names it
        chosen.extend(range(max(start, chosen[-1] + 1 if chosen else 0), stop))
    return tuple(chosen)


def _number(text: str, count: int) -> int:
    """A page as written, 0-based; may lie outside the document."""
    number = int(text)
    if number == 0:
        raise PagesInvalid("pages count from 1")
    return number - 1 if number > 0 else count + number


class Pages:
    """The pages of one document. `draw` may be called from several threads; `close` when they are done."""

    def __init__(
        self,
        source: pool.Source,
        parts: Sequence[OpenedPart],
        headings: Sequence[Bookmark],
        options: ParseOptions,
        limits: EngineSettings,
    ) -> None:
        self._source = source
        self._options = options
        self._limits = limits
        self._slow_seconds = 0.0  # of CPU, that pages took beyond what one takes
        self._counting = threading.Lock()
        self._parts = parts
        # Where each part starts. A part that cannot be opened stands for one page, which cannot be read.
        self._starts = list(itertools.accumulate((max(1, part.pages) for part in parts), initial=0))
        self._closing = threading.Lock()
        self._closed = False
        self.count = self._starts[-1]
        self.numbers = select(options.pages, self.count)
        self.headings = tuple(headings)

    def draw(self, number: int, *, picture: bool = True) -> PageImage:
        """The page (0-based), with its text layer unless that is off.

        Without `picture`, one whose text and shapes tell what it shows is drawn when somebody looks at it. Raises
        PageUnreadable, LimitExceeded, ResourcesExhausted, and so does the picture of such a page.
        """
        glyphs = self._has_text(number) and self._options.text_layer is not TextLayerUse.OFF
        drawn, memory = self._drawn(number, glyphs=glyphs, picture=picture)
        return self._image(number, drawn, memory)

    def pixels(self, number: int, looks: Looks) -> Pixels:
        """The picture of a page of which all else is known."""
        looks.drawn = looks.drawn or "something in it had to be looked at"
        return _picture(*self._drawn(number, glyphs=False, picture=True))

    def _has_text(self, number: int) -> bool:
        """Whether it may: it is a PDF's."""
        return bool(self._source.request.parts[self._part(number)][2])

    def _part(self, number: int) -> int:
        return bisect_right(self._starts, number) - 1

    def _drawn(self, number: int, *, glyphs: bool, picture: bool) -> tuple[Drawn, NDArray[np.uint8]]:
        part = self._part(number)
        facts = self._parts[part]
        if facts.code:
            raise PageUnreadable(f"page {number + 1}: {facts.message}")
        if self._slow_seconds > self._limits.document_seconds:
            raise LimitExceeded(
                f"page {number + 1} was not drawn: other pages took too much CPU time (document_seconds)"
            )
        request = Draw(
            document=self._source.number,
            part=part,
            page=number - self._starts[part],
            dpi=float(self._options.drawn_dpi),
            least_side=self._options.least_drawn_side,
            max_side=self._options.max_side,
            max_pixels=self._limits.max_page_pixels,
            glyphs=glyphs,
            picture=picture,
        )
        try:
            answer = pool.shared().draw(self._source, request)
        except pool.ChildSlow as error:
            seconds = self._source.request.seconds
            self._count(seconds)
            raise LimitExceeded(
                f"page {number + 1} takes more than {seconds:g} s of CPU time to draw (page_seconds)"
            ) from error
        except pool.ChildFat as error:
            raise LimitExceeded(f"page {number + 1} needs more memory than a page may have") from error
        except (pool.NoChild, pool.ChildKilled) as error:
            raise _exhausted(f"page {number + 1} cannot be drawn") from error
        except pool.ChildLost as error:
            why = "it crashes the reader or needs too much memory"
            raise PageUnreadable(f"page {number + 1} cannot be drawn: {why}") from error
        if isinstance(answer, Failed):
            raise _page_error(answer, number)
        drawn, memory = answer
        self._count(drawn.seconds)
        if picture and drawn.sketched is not None:  # a child that a file took over
            raise PageUnreadable(f"page {number + 1} cannot be drawn")
        return drawn, memory

    def _count(self, seconds: float) -> None:
        with self._counting:
            self._slow_seconds += max(0.0, seconds - SLOW_FROM)

    def _image(self, number: int, drawn: Drawn, memory: NDArray[np.uint8]) -> PageImage:
        looks = Looks(drawn=drawn.why_drawn)
        picture: Picture
        if drawn.sketched is None:
            outlines, picture = None, _picture(drawn, memory)
            looks.drawn = looks.drawn or "its engine sees pictures"
        else:
            outlines = outlines_of(drawn, memory)
            picture = _Undrawn(self, number, looks, Size(drawn.width, drawn.height))
        problems = []
        if drawn.damage:
            problems.append(Problem("picture_damaged", drawn.damage, Severity.DOUBTFUL, page=number))
        if drawn.too_many:  # so small a print that its picture does not show it all
            message = (
                f"the text layer has {drawn.too_many} characters, too many to be used; the page's picture was read"
            )
            problems.append(Problem("text_layer_unread", message, Severity.LOST, page=number))
        text = self._text(drawn, memory, picture, outlines) if drawn.to_page or drawn.text_error else None
        if text is None or text.verdict is not Trust.TRUSTED:
            outlines = None  # what cannot be believed may be drawn otherwise, too
            if _is_shrunk_too_far(drawn):
                message = (
                    f"the page was shrunk to {drawn.share:.0%} of its length (max_side), and is read from "
                    f"{drawn.width} x {drawn.height} pixels: small letters may be lost; cut such a strip into pages"
                )
                problems.append(Problem("page_shrunk", message, Severity.DOUBTFUL, page=number))
        return PageImage(
            number, picture, drawn.dpi, text=text, problems=tuple(problems), outlines=outlines, looks=looks
        )

    def _text(self, drawn: Drawn, memory: NDArray[np.uint8], picture: Picture, outlines: Outlines | None) -> TextLayer:
        if drawn.text_error:
            return TextLayer(Trust.GARBLED, drawn.text_error)
        with turns.taken(outlines is not None):
            glyphs, drawing = glyphs_of(drawn, memory)
            layer = judged(glyphs, drawing, picture, drawn.dpi, outlines)
            lines = with_numbers_apart(layer.lines, Size(drawn.width, drawn.height), drawn.dpi)
            return replace(layer, lines=tuple(lines))

    def close(self) -> None:
        with self._closing:
            if self._closed:
                return
            self._closed = True
        pool.shared().forget(self._source)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Undrawn:
    """The picture of a page, drawn when somebody looks at it."""

    def __init__(self, pages: Pages, number: int, looks: Looks, size: Size) -> None:
        self._pages, self._number, self._looks = pages, number, looks
        self.size = size
        self._pixels: Pixels | None = None
        self._drawing = threading.Lock()

    @property
    def pixels(self) -> Pixels:
        with turns.left(), self._drawing:  # in this order: who draws may want the turn back
            if self._pixels is None:
                self._pixels = self._pages.pixels(self._number, self._looks)
            return self._pixels


def _picture(drawn: Drawn, memory: NDArray[np.uint8]) -> Pixels:
    return memory[: drawn.height * drawn.width * 3].reshape(drawn.height, drawn.width, 3)


def open_pages(parts: Sequence[bytes], options: ParseOptions, settings: EngineSettings) -> Pages:
    """Open a document; several parts are pages of one, in order.

    Of several parts, those that cannot be opened stand for one unreadable page each; a lone part, or all of them, or a
    missing password, is an error: SourceEmpty, TypeUnsupported, DocumentCorrupt, PasswordNeeded, DocumentHasNoPages,
    PagesInvalid, LimitExceeded, ResourcesExhausted.
    """
    if not parts or not any(parts):
        raise SourceEmpty("the source has no bytes")
    kinds = [kind_of(data) for data in parts]
    lone = len(parts) == 1
    if lone and kinds[0] is None and _is_text(parts[0]):
        raise _unsupported(parts[0])
    password = [options.password.get_secret_value()] if options.password else []
    try:
        source = pool.shared().source(
            [(data, kind == "pdf") for data, kind in zip(parts, kinds, strict=True)],
            password,
            max_pixels=settings.max_page_pixels,
            seconds=settings.page_seconds,
        )
    except pool.NoChild as error:
        raise _exhausted("the document cannot be opened") from error
    try:
        opened = _open(source)
        facts = opened.parts
        failed = [index for index, part in enumerate(facts) if part.code]
        for index in failed:
            if lone or len(failed) == len(facts) or facts[index].code in ("password_needed", "limit_exceeded"):
                raise _document_error(facts[index], parts[index], "" if lone else f"part {index + 1}: ")
        if not sum(part.pages for part in facts):
            raise DocumentHasNoPages("the document has no pages")
        starts = list(itertools.accumulate((max(1, part.pages) for part in facts), initial=0))
        headings = [
            Bookmark(_one_line(str(title)), int(level), None if page is None else starts[int(part)] + int(page))
            for title, level, page, part in opened.outline
            if part is not None and level is not None and str(title).strip()
        ]
        pages = Pages(source, facts, headings, options, settings)
        if len(pages.numbers) > settings.max_pages:
            raise LimitExceeded(
                f"{len(pages.numbers)} pages are selected; at most {settings.max_pages} are read (max_pages)"
            )
    except BaseException:
        pool.shared().forget(source)
        raise
    return pages


def _open(source: pool.Source) -> Opened:
    try:
        return pool.shared().open(source)
    except pool.ChildSlow as error:
        raise LimitExceeded(
            f"the document takes more than {source.request.seconds:g} s of CPU time to open (page_seconds)"
        ) from error
    except pool.ChildFat as error:
        raise LimitExceeded("the document needs more memory to open than one may have") from error
    except (pool.NoChild, pool.ChildKilled) as error:
        raise _exhausted("the document cannot be opened") from error
    except pool.ChildLost as error:
        raise DocumentCorrupt("the document crashes the reader, or needs too much memory to open") from error


def _exhausted(what: str) -> ResourcesExhausted:
    return ResourcesExhausted(f"{what}: this machine has no memory, processes or files left for it")


def _document_error(part: OpenedPart, data: bytes, where: str) -> OctavoError:
    if part.code == TypeUnsupported.code and kind_of(data) is None:
        return _unsupported(data, where)
    if part.code == TypeUnsupported.code and kind_of(data) == "picture":
        return DocumentCorrupt(f"{where}the picture's header is broken")
    faults = (PasswordNeeded, TypeUnsupported, LimitExceeded, ResourcesExhausted, EngineUnavailable)
    kinds = {kind.code: kind for kind in faults}
    return kinds.get(part.code, DocumentCorrupt)(where + part.message)


def _page_error(answer: Failed, number: int) -> OctavoError:
    kinds = {kind.code: kind for kind in (LimitExceeded, ResourcesExhausted, EngineUnavailable)}
    return kinds.get(answer.code, PageUnreadable)(f"page {number + 1}: {answer.message}")


def _unsupported(data: bytes, where: str = "") -> TypeUnsupported:
    if not data:
        return TypeUnsupported(f"{where}no bytes")
    start = data.lstrip()[:64].lower()
    name = next((name for mark, name in NAMED if data.startswith(mark)), "")
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<?xml")):
        name = "a web page or XML"
    elif not name and _is_text(data):
        name = "plain text"
    return TypeUnsupported(f"{where}{name or 'the content'} is not read here: hand in a PDF or a picture")


def _is_text(data: bytes) -> bool:
    """Whether the beginning is text; a picture has zeros and control characters in its first bytes."""
    head = data[:HEADER_WITHIN]
    return bool(head) and not any(byte < 9 or 13 < byte < 27 or 27 < byte < 32 for byte in head)


def _one_line(text: str) -> str:
    return " ".join(text.split())
