"""What the parent and a drawing child say to each other: JSON lines over a socket, with file descriptors beside them.

Bulk data never crosses the socket: a document goes down, and a page comes back, as the descriptor of an anonymous
memory file. It has no name, so nothing is left behind however either side ends. Pages are drawn into files that are
used again once nobody looks at the page any more: the kernel takes 6 ms to hand out the memory of an A4 page at 150
dpi, longer than PDFium takes to draw it. JSON and not pickle, because a child that a hostile file took over must not
run code here.
"""

import json
import mmap
import os
import socket
import sys
from dataclasses import asdict, field
from enum import IntEnum
from typing import TypeAlias

from octavo.frozen import frozen

# A glyph in doubles, in two tables. Places: left, right, bottom, top of its ink; x, y of its origin; PDF points, y up.
# Facts: code point; extent along the line; index of its run; flags (1 inferred, 2 unmapped, 4 hyphen); advance that its
# font gives it, in ems, 0 where that is not known. The extent is PDFium's: of the advance and the ink together, or of
# the ink alone.
PLACE_FIELDS, FACT_FIELDS = 6, 5
# Doubles per run of glyphs that share a text object: index of its font; font size; a, b, c, d of its matrix; render
# mode; fill colour 0xRRGGBBAA; its place in the order of drawing, -1 where unknown.
RUN_FIELDS = 9
# Doubles per shape: left, bottom, right, top, PDF points, y up; its grey, 0..255; its place in the order of drawing, as
# a run's; what it is, a `Shape`.
SHAPE_FIELDS = 7


class Shape(IntEnum):
    """What is drawn besides text."""

    BOX = 0  # all of one colour, with level edges; a rule is one, too
    FILLED = 1  # the box around another shape, filled
    STROKED = 2  # the box around another shape of which only the outline is drawn, or parts of it
    EDGE = 3  # a level side of a `FILLED` one, or long dashes
    LOGO = 4  # the box of a small raster image, of any tones


Edges: TypeAlias = tuple[float, float, float, float]  # left, bottom, right, top; PDF points, y up
Link: TypeAlias = tuple[str, float, float, float, float]  # where it leads, as the file spells it, and its edges

MOST_AREAS = 2_000  # of links, and of what may strike letters out, per page
LONGEST_TARGET = 2_000  # bytes of a link's: what browsers and servers take
LONGEST_MESSAGE = 64 << 20  # bytes; 2,000 form fields of 32,000 characters have 62 MB
GRACE_SECONDS = 5  # after which a child whose parent stopped waiting ends itself
PATIENCE = 10  # times its CPU time that a request may take by the clock: on a busy machine it waits for its turn
OUT_OF_MEMORY = 75  # exit status of a child that ends itself before the kernel refuses it memory
KEPT_MEMORY = 32 << 20  # bytes: larger memory files are used for one page only

# --- down ---------------------------------------------------------------------------------------------------------


@frozen
class Open:
    """Open the parts of a document that lie in the attached file. Answered by `Opened`."""

    document: int
    parts: list[list[int]]  # offset, length, 1 for a PDF or 0 for a picture
    passwords: list[str]
    max_pixels: int
    seconds: float  # of CPU that a request for it may take
    survey: bool  # count the pages and read the outline; children that come later are spared that


@frozen
class Draw:
    """Draw one page or frame into a memory file. Answered by `Drawn`, with the file attached where it is a new one."""

    document: int
    part: int
    page: int
    dpi: float
    least_side: int  # pixels: a PDF page that is a scan is drawn finer where its longer side would have fewer; 0: as is
    max_side: int
    max_pixels: int
    glyphs: bool  # the text layer's glyphs wanted
    picture: bool = True  # drawn in any case; else only where text and shapes do not tell what it shows
    memory: int = 0  # number of the file; one that the child does not know is a new one
    drop: list[int] = field(default_factory=list)  # files that will not be drawn into again


@frozen
class Close:
    """Forget a document. Answered by `Closed`."""

    document: int
    drop: list[int] = field(default_factory=list)  # as in `Draw`


# --- up -----------------------------------------------------------------------------------------------------------


@frozen
class OpenedPart:
    """One part of a document: its pages, or why it has none."""

    pages: int
    code: str = ""  # of the error, "" for none
    message: str = ""


@frozen
class Opened:
    parts: list[OpenedPart]
    outline: list[list[int | str | None]] = field(default_factory=list)  # title, level, page of its part, part


@frozen
class Drawn:
    """A page. Its memory file holds the RGB rows, then from `glyphs_at` places and facts of glyphs, then the runs.

    Of a page that was not drawn, because text and shapes tell what it shows, the rows are those of its sketch (the
    page without its text, drawn small), if it has one, and after the runs come the shapes.
    """

    width: int  # pixels of its picture, drawn or not
    height: int
    dpi: float
    share: float = 1.0  # of the length that its sides would have without a limit
    why_drawn: str = ""  # for people: what text and shapes do not tell; nothing where it was not drawn, or asked for
    sketched: list[int] | None = None  # width and height of its sketch, 0 for none; None: the page was drawn
    sketch_depth: int = 3  # bytes of a pixel of the sketch, RGB; 1: all that it shows is grey
    shapes: int = 0
    damage: str = ""  # what part of the picture could not be decoded
    glyphs_at: int = 0
    glyphs: int = 0
    runs: int = 0
    fonts: list[list[str | int]] = field(default_factory=list)  # name, flags, weight, embedded
    to_page: list[float] = field(default_factory=list)  # 6: PDF points to 0..1 of the picture
    pictures: list[list[float]] = field(default_factory=list)  # left, bottom, right, top in points; place in the order
    bars: list[list[float]] = field(default_factory=list)  # flat rules, as pictures; only with mathematical fonts
    fields: list[list[str | float]] = field(default_factory=list)  # text, left, bottom, right, top
    stamps: list[list[float]] = field(default_factory=list)  # drawn annotations whose text is unknown
    links: list[Link] = field(default_factory=list)
    strikes: list[Edges] = field(default_factory=list)  # thin rules, and areas that a mark strikes out
    text_error: str = ""  # why there are no glyphs although they were asked for
    too_many: int = 0  # characters of the page, where they are more than are told
    resident: int = 0  # bytes the child holds
    seconds: float = 0.0  # of CPU time it took to draw


@frozen
class Closed:
    pass


@frozen
class Failed:
    """An `OctavoError` by its code."""

    code: str
    message: str


Request: TypeAlias = Open | Draw | Close
Answer: TypeAlias = Opened | Drawn | Closed | Failed
_REQUESTS: dict[str, type[Request]] = {kind.__name__: kind for kind in (Open, Draw, Close)}


class Refused(Exception):
    """The document's fault; becomes the `OctavoError` of that code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Hangup(Exception):
    """The other side is gone."""


def send(channel: socket.socket, message: Request | Answer, descriptors: tuple[int, ...] = ()) -> None:
    body = json.dumps([type(message).__name__, asdict(message)]).encode()
    try:
        # The descriptors ride on the length prefix, which is never split.
        socket.send_fds(channel, [len(body).to_bytes(4, "big")], descriptors)
        channel.sendall(body)
    except (BrokenPipeError, ConnectionError) as error:
        raise Hangup from error


def receive(channel: socket.socket) -> tuple[bytes, list[int]]:
    """The next message and the descriptors that came with it (now the caller's). Raises Hangup, TimeoutError."""
    try:
        prefix, descriptors, _, _ = socket.recv_fds(channel, 4, 1)
        if len(prefix) < 4:
            raise Hangup
        length = int.from_bytes(prefix, "big")
        if length > LONGEST_MESSAGE:
            raise Hangup
        body = _exactly(channel, length)
    except ConnectionError as error:
        raise Hangup from error
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)
    return body, descriptors


def request_in(body: bytes) -> Request:
    """What the parent said. (What a child says is looked at more closely: `pool.answer_in`.)"""
    kind, values = json.loads(body)
    return _REQUESTS[kind](**values)


def _exactly(channel: socket.socket, length: int) -> bytes:
    body = bytearray()
    while len(body) < length:
        piece = channel.recv(min(1 << 20, length - len(body)))
        if not piece:
            raise Hangup
        body += piece
    return bytes(body)


class DrawnMemory:
    """A memory file that a page is drawn into, as the child sees it."""

    def __init__(self) -> None:
        self.file = memory_file()
        self._mapped: mmap.mmap | None = None

    def mapped(self, size: int) -> mmap.mmap:
        """Its bytes, at least so many."""
        if self._mapped is None or len(self._mapped) < size:
            self.unmap()
            os.ftruncate(self.file, max(size, os.fstat(self.file).st_size))
            self._mapped = mmap.mmap(self.file, 0)
        return self._mapped

    def unmap(self) -> None:
        if self._mapped is not None:
            self._mapped.close()
            self._mapped = None

    def close(self) -> None:
        self.unmap()
        os.close(self.file)


def memory_file() -> int:
    """The descriptor of a file without a name."""
    if sys.platform == "linux":
        return os.memfd_create("octavo")
    import tempfile  # late: what it imports takes a child 12 ms

    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def own_size() -> tuple[int, int]:
    """Bytes of this process: of its address space, and resident ones of its own, without memory that it shares; 0
    where the system does not say."""
    try:
        with open("/proc/self/statm", "rb") as facts:  # noqa: PTH123 - pathlib costs a child 5 ms of start-up
            size, resident, shared, *_ = facts.read().split()
            return int(size) * mmap.PAGESIZE, (int(resident) - int(shared)) * mmap.PAGESIZE
    except OSError:
        return 0, 0
