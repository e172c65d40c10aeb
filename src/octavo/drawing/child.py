"""The program a drawing child runs: open, draw, close, until the parent hangs up.

It is told nothing but the document: the environment is emptied before it starts, and it gives up files, network and
other processes (`sandbox`). The kernel ends it when one request takes more CPU time than it may (by the clock, busy
neighbours would cost pages), or when it asks for too much memory. It ends itself when a request hangs and the parent is
gone by then.
"""

import contextlib
import errno
import gc
import mmap
import os
import resource
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Final, Protocol

from octavo.drawing import sandbox, wire
from octavo.drawing.wire import Close, Closed, Draw, Drawn, Failed, Open, Opened, OpenedPart, Refused, Request

MEMORY_LIMIT = 2_560 << 20  # bytes of address space: hostile files ask for any amount
FULL = 0.9  # of the limit: PDFium ends as by a defect where memory is refused, so the child says before what it is
LOOK_SECONDS = 0.05  # between two looks at one's own size; a page of 10 ms is over before the first
# PDFium keeps 20 KiB of each page that was drawn, until its document is closed: 100 MiB of 5,000 pages.
MOST_REMAINS: Final = 8 << 20  # bytes of them, from which a PDF is opened anew
FEWEST: Final = 100  # pages drawn since it was opened: of scans one picture is as large, and is let go of by itself
SELDOM: Final = 200  # times the CPU that opening takes, spent since it was opened: half a percent is lost by it
EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOSPC, errno.EDQUOT, errno.EAGAIN)  # not a file's fault


class Opening(Protocol):
    """An opened part of a document."""

    pages: int

    def outline(self) -> list[list[int | str | None]]: ...
    def draw(self, request: Draw, memory: wire.DrawnMemory) -> Drawn: ...
    def close(self) -> None: ...


class OpenDocument:
    """The parts of one document, opened when first needed."""

    def __init__(self, request: Open, descriptor: int) -> None:
        self.request = request
        size = os.fstat(descriptor).st_size
        self.memory = mmap.mmap(descriptor, size, access=mmap.ACCESS_COPY)
        self.parts: dict[int, Opening] = {}
        self._size = 0  # bytes of this process, once the first part was opened
        self._again_from = 0.0  # seconds of this process's CPU, from which it may be opened anew
        self._asked = 0  # how often for a part, since one was opened

    def part(self, index: int) -> Opening:
        offset, length, is_pdf = self.request.parts[index]
        self._asked += 1
        if index in self.parts and is_pdf and self._has_remains():
            self.parts.pop(index).close()
        if index not in self.parts:
            opener = _opener(bool(is_pdf))
            began = time.process_time()
            self.parts[index] = opener(self.memory, offset, length, self.request)
            opened = time.process_time()
            self._again_from = opened + SELDOM * (opened - began)
            self._asked = 0
            self._size = self._size or wire.own_size()[1]
        return self.parts[index]

    def _has_remains(self) -> bool:
        if self._asked < FEWEST or time.process_time() < self._again_from:
            return False
        return wire.own_size()[1] > self._size + MOST_REMAINS

    def close(self) -> None:
        for part in self.parts.values():
            part.close()
        self.parts.clear()
        with contextlib.suppress(BufferError):  # PDFium's view of it: goes with the last reference
            self.memory.close()


@cache
def _opener(is_pdf: bool) -> Callable[[mmap.mmap, int, int, Open], Opening]:
    """Each library is loaded when the first document needs it. Where one cannot be, no document is to blame."""
    opener: Callable[[mmap.mmap, int, int, Open], Opening]
    try:
        if is_pdf:
            from octavo.drawing.pdf import PdfPart as opener
        else:
            from octavo.drawing.picture import PicturePart as opener
    except (ImportError, PermissionError) as error:
        raise Refused("engine_unavailable", "the library that draws it cannot be loaded: reinstall octavo") from error
    gc.freeze()  # what a library defines is no garbage: without it, collecting after each document takes 8 ms
    return opener


def _open(request: Open, document: OpenDocument) -> Opened:
    parts: list[OpenedPart] = []
    outline: list[list[int | str | None]] = []
    for index in range(len(request.parts)) if request.survey else ():
        try:
            part = document.part(index)
        except Refused as refused:
            parts.append(OpenedPart(0, refused.code, str(refused)))
            continue
        parts.append(OpenedPart(part.pages))
        outline += [[*entry, index] for entry in part.outline()]
        if len(request.parts) > 1:  # many pictures: hold one at a time
            part.close()
            del document.parts[index]
    return Opened(parts, outline)


class Memories:
    """The memory files of pages, by the numbers the parent gave them."""

    def __init__(self) -> None:
        self._known: dict[int, wire.DrawnMemory] = {}

    def drop(self, numbers: list[int]) -> None:
        for number in numbers:
            if number in self._known:
                self._known.pop(number).close()

    def draw(self, channel: socket.socket, request: Draw, document: OpenDocument) -> None:
        """Draw the page and send it."""
        self.drop(request.drop)
        is_new = request.memory not in self._known
        if is_new:
            self._known[request.memory] = wire.DrawnMemory()
        memory = self._known[request.memory]
        try:
            for index in [index for index in document.parts if index != request.part]:
                document.parts.pop(index).close()
            began = time.process_time()
            drawn = document.part(request.part).draw(request, memory)
            drawn = replace(drawn, seconds=time.process_time() - began)
        except BaseException:
            self.drop([request.memory])
            raise
        wire.send(channel, drawn, (memory.file,) if is_new else ())
        if os.fstat(memory.file).st_size > wire.KEPT_MEMORY:
            self.drop([request.memory])


class Watch:
    """Ends the process with a status that says why, once a request has taken most of the memory there is."""

    def __init__(self) -> None:
        self._working = threading.Event()
        threading.Thread(target=self._look, daemon=True).start()

    def __enter__(self) -> None:
        self._working.set()

    def __exit__(self, *_: object) -> None:
        self._working.clear()

    def _look(self) -> None:
        while self._working.wait():
            time.sleep(LOOK_SECONDS)
            if self._working.is_set() and wire.own_size()[0] > FULL * MEMORY_LIMIT:
                os._exit(wire.OUT_OF_MEMORY)


def _answer(
    channel: socket.socket,
    documents: dict[int, OpenDocument],
    memories: Memories,
    watch: Watch,
) -> None:
    body, descriptors = wire.receive(channel)
    request = wire.request_in(body)
    seconds = _seconds(request, documents)
    signal.setitimer(signal.ITIMER_PROF, seconds)  # of CPU; its signal ends the process
    signal.alarm(int(wire.PATIENCE * seconds) + wire.GRACE_SECONDS)
    try:
        with watch:
            match request:
                case Open():
                    document = documents[request.document] = OpenDocument(request, descriptors[0])
                    wire.send(channel, _open(request, document))
                case Draw():
                    memories.draw(channel, request, documents[request.document])
                case Close():
                    memories.drop(request.drop)
                    if request.document in documents:
                        documents.pop(request.document).close()
                    wire.send(channel, Closed())
    except Refused as refused:
        wire.send(channel, Failed(refused.code, str(refused)))
    except MemoryError:
        wire.send(channel, Failed("limit_exceeded", "needs more memory than a page may have"))
    except OSError as error:
        if error.errno not in EXHAUSTED:
            raise
        wire.send(channel, Failed("resources_exhausted", "this machine has no memory, files or space left"))
    finally:
        signal.alarm(0)
        signal.setitimer(signal.ITIMER_PROF, 0)
        for descriptor in descriptors:
            os.close(descriptor)


def _seconds(request: Request, documents: dict[int, OpenDocument]) -> float:
    """Of CPU that a request may take."""
    if isinstance(request, Open):
        return request.seconds
    document = documents.get(request.document)
    return document.request.seconds if document is not None else wire.GRACE_SECONDS


def main() -> None:
    channel = socket.socket(fileno=int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer: it hangs up
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(ValueError, OSError):  # macOS knows no such limit
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    sandbox.lock()
    documents: dict[int, OpenDocument] = {}
    memories = Memories()
    with contextlib.suppress(wire.Hangup):
        watch = Watch()
        if not select.select([channel], [], [], 0)[0]:  # started ahead: nobody waits, and most documents are PDFs
            with contextlib.suppress(Refused):
                _opener(True)
        while True:
            _answer(channel, documents, memories, watch)
    os._exit(0)  # nothing to clean: the kernel takes memory and files faster than PDFium does


if __name__ == "__main__":
    main()
