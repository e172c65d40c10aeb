"""The parent's side: drawing children, started when needed, kept warm, replaced when they die.

One pool per process. `Opened` documents are drawn by whichever child is free, so several pages of one document, and
several documents, are drawn at once; each child opens a document when it first gets a page of it.
"""

import atexit
import contextlib
import itertools
import mmap
import os
import signal
import subprocess
import threading
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from octavo.drawing import starting, wire
from octavo.drawing.wire import Answer, Close, Closed, Draw, Drawn, Failed, Open, Opened, Request
from octavo.frozen import frozen
from octavo.machine import cores

RETIRE_AT = 384 << 20  # resident bytes: a child this fat is replaced after the page; a fresh one holds 30 MiB
START_SECONDS = 60.0  # a loaded machine may be slow to start a process
IDLE_MEMORIES = 2  # per child: pages' memory files kept for the next pages; two more were 20 MiB, and saved no CPU


_ANSWER: TypeAdapter[tuple[str, Answer]] = TypeAdapter(
    tuple[Literal["Opened"], Opened]
    | tuple[Literal["Drawn"], Drawn]
    | tuple[Literal["Closed"], Closed]
    | tuple[Literal["Failed"], Failed]
)


class ChildLost(Exception):
    """The child died of what it was asked."""


class ChildKilled(ChildLost):
    """Somebody killed the child: the system, when memory ran out, or an operator. No fault of what it was asked."""


class ChildSpent(Exception):
    """The child used up what it may have for what it was asked: another would, too."""


class ChildSlow(ChildSpent):
    """It was CPU time, or the child hung."""


class ChildFat(ChildSpent):
    """It was memory."""


class NoChild(Exception):
    """No child can be started, or no memory handed to one: the machine has no processes, files or memory left."""


class MappedMemory:
    """A memory file that a child draws into, as the parent sees it."""

    def __init__(self, number: int, file: int) -> None:
        """Takes over the descriptor."""
        self.number = number
        self._file = file
        weakref.finalize(self, os.close, file)
        self._mapped: mmap.mmap | None = None

    @property
    def size(self) -> int:
        return os.fstat(self._file).st_size

    def bytes(self) -> NDArray[np.uint8]:
        """What the child wrote. Writable: whoever scribbles on it is not seen by the next page."""
        if self._mapped is None or len(self._mapped) != self.size:
            self._mapped = mmap.mmap(self._file, 0)
        return np.frombuffer(self._mapped, np.uint8)


class DrawingChild:
    """One process. Used by one thread at a time."""

    def __init__(self) -> None:
        """Raises NoChild."""
        try:
            started = starting.child()
        except OSError as error:
            raise NoChild from error
        self._process, self._channel, _ = started
        self.documents: set[int] = set()
        self.fresh = True  # has not answered yet
        self.fat = False
        self._memories = itertools.count(1)
        self._idle: list[MappedMemory] = []
        self._dropped: list[int] = []  # it holds them still

    def ask(self, message: Request, seconds: float, descriptors: tuple[int, ...] = ()) -> tuple[Answer, list[int]]:
        """Its answer, for so many seconds of CPU. Raises ChildLost or ChildSpent, and then the child is gone."""
        self._channel.settimeout(wire.PATIENCE * seconds + (START_SECONDS if self.fresh else 0))
        try:
            wire.send(self._channel, message, descriptors)
            body, files = wire.receive(self._channel)
        except TimeoutError as error:
            raise ChildSlow from error
        except wire.Hangup as error:
            raise self._why_it_ended() from error
        self.fresh = False
        try:
            return answer_in(body), files
        except ChildLost:
            for file in files:
                os.close(file)
            raise

    def draw(self, request: Draw, seconds: float) -> tuple[Drawn, NDArray[np.uint8]] | Failed:
        """The page and its bytes, which are drawn over once nobody holds them or a part of them any more.

        Raises ChildLost, ChildSpent.
        """
        memory = self._idle.pop() if self._idle else None
        number = memory.number if memory else next(self._memories)
        answer, files = self.ask(replace(request, memory=number, drop=self._no_longer_needed()), seconds)
        memory = MappedMemory(number, files[0]) if files else memory
        if isinstance(answer, Failed):
            return answer
        if not isinstance(answer, Drawn) or memory is None:
            raise ChildLost
        self.fat = answer.resident > RETIRE_AT
        if not 0 < _needed(answer) <= memory.size:
            raise ChildLost
        drawn = memory.bytes()
        if len(drawn) <= wire.KEPT_MEMORY:
            weakref.finalize(drawn, self._give_back, memory).atexit = False
        return answer, drawn

    def forget(self, document: int) -> None:
        """Close a document; with the last one, let go of the memory too. Raises ChildLost, ChildSpent."""
        if self.documents <= {document}:
            self._dropped += [memory.number for memory in self._idle]
            self._idle.clear()
        self.ask(Close(document, self._no_longer_needed()), wire.GRACE_SECONDS)
        self.documents.discard(document)

    def _no_longer_needed(self) -> list[int]:
        numbers: list[int] = []
        while self._dropped:  # one by one: other threads add to it
            numbers.append(self._dropped.pop())
        return numbers

    def _give_back(self, memory: MappedMemory) -> None:
        """From whatever thread lets go of a page last."""
        if len(self._idle) < IDLE_MEMORIES:
            self._idle.append(memory)
        else:
            self._dropped.append(memory.number)

    def _why_it_ended(self) -> ChildLost | ChildSpent:
        try:
            status = self._process.wait(wire.GRACE_SECONDS)
        except subprocess.TimeoutExpired:  # it closed the channel and goes on: not one of ours any more
            return ChildLost()
        if status == -signal.SIGPROF:
            return ChildSlow()
        if status == wire.OUT_OF_MEMORY:
            return ChildFat()
        return ChildKilled() if status in (-signal.SIGKILL, -signal.SIGTERM) else ChildLost()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def end(self) -> None:
        """Gone and reaped when this returns."""
        self._channel.close()
        self._process.kill()
        self._process.wait()


@frozen
class Source:
    """A document as children see it."""

    number: int
    file: int  # descriptor of all parts, one after the other
    request: Open

    def close(self) -> None:
        os.close(self.file)


class Pool:
    """At most `limit` children, and one more for a document that none of them works for: pages may take half a minute
    each, and other documents' must not wait for them. Thread-safe."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._free: list[DrawingChild] = []  # the last one used is last: the longest idle are ended first
        self._busy: dict[DrawingChild, int] = {}  # and the document each works for
        self._gone: set[int] = set()  # documents closed while a busy child held them
        self._changed = threading.Condition()
        self._numbers = itertools.count(1)
        self._owner = os.getpid()
        self._closed = False

    def source(
        self, parts: Sequence[tuple[bytes, bool]], passwords: list[str], *, max_pixels: int, seconds: float
    ) -> Source:
        """Hand a document in: bytes, and whether they are a PDF. Raises NoChild."""
        spans: list[list[int]] = []
        at = 0
        try:
            file = wire.memory_file()
            with os.fdopen(os.dup(file), "wb") as writer:
                for data, is_pdf in parts:
                    spans.append([at, len(data), int(is_pdf)])
                    writer.write(data)
                    at += len(data)
        except OSError as error:
            raise NoChild from error
        number = next(self._numbers)
        return Source(number, file, Open(number, spans, passwords, max_pixels, seconds, True))

    def open(self, source: Source) -> Opened:
        """Its pages and outline. Raises ChildLost, ChildSpent, NoChild."""
        try:
            with self._child(source) as child:
                return self._opened(child, source.request, source)
        except ChildKilled:  # once more, in case it was not for this document
            with self._child(source) as child:
                return self._opened(child, source.request, source)

    def draw(self, source: Source, request: Draw) -> tuple[Drawn, NDArray[np.uint8]] | Failed:
        """The page and the memory its pixels lie in (`DrawingChild.draw`). Raises ChildLost, ChildSpent, NoChild."""
        tries = itertools.count()
        while True:
            veteran = False
            try:
                with self._child(source) as child:
                    veteran = not child.fresh
                    if source.number not in child.documents:
                        self._opened(child, replace(source.request, survey=False), source)
                    return child.draw(request, source.request.seconds)
            except ChildLost as lost:
                # What an earlier page left behind may have killed it: this page deserves a child of its own.
                if not (veteran or isinstance(lost, ChildKilled)) or next(tries):
                    raise

    def forget(self, source: Source) -> None:
        """No child holds the document once this returns and the busy ones are done."""
        with self._changed:
            holders = [child for child in self._free if source.number in child.documents]
            self._gone.update(source.number for child in self._busy if source.number in child.documents)
            for child in holders:
                self._free.remove(child)
                self._busy[child] = source.number
        for child in holders:
            with contextlib.suppress(ChildLost, ChildSpent), self._returned(child):
                child.forget(source.number)
        source.close()

    def processes(self) -> list[int]:
        """The children's process ids."""
        with self._changed:
            return [child.pid for child in (*self._free, *self._busy) if child.alive]

    def close(self) -> None:
        """End every child."""
        with self._changed:
            self._closed = True
            children, self._free = [*self._free, *self._busy], []
            self._changed.notify_all()
        if os.getpid() == self._owner:
            for child in children:
                child.end()

    @contextlib.contextmanager
    def _child(self, source: Source) -> Iterator[DrawingChild]:
        """A child of one's own, for a while; one that has the document open where there is one."""
        with self._changed:
            while True:
                if self._closed:
                    raise ChildLost
                for dead in [child for child in self._free if not child.alive]:
                    self._free.remove(dead)
                    dead.end()
                few = len(self._busy) < self._limit + (source.number not in self._busy.values())
                if few and self._free:
                    child = next((free for free in self._free if source.number in free.documents), self._free[-1])
                    self._free.remove(child)
                    break
                if few:
                    child = DrawingChild()
                    break
                self._changed.wait()
            self._busy[child] = source.number
        with self._returned(child):
            yield child

    @contextlib.contextmanager
    def _returned(self, child: DrawingChild) -> Iterator[None]:
        """Give the child back afterwards, or end it where it did not get to answer."""
        healthy = False
        try:
            yield
            healthy = not child.fat
            with self._changed:
                stale = child.documents & self._gone
            for number in stale if healthy else ():
                child.forget(number)
        except (ChildLost, ChildSpent):
            healthy = False
            raise
        finally:
            if not healthy:
                child.end()
            with self._changed:
                self._busy.pop(child, None)
                if healthy and not self._closed:
                    self._free.append(child)
                elif healthy:
                    child.end()
                held = set().union(*(busy.documents for busy in self._busy)) if self._busy else set()
                self._gone &= held
                self._changed.notify_all()  # who waits first may not be who may go on

    def _opened(self, child: DrawingChild, request: Open, source: Source) -> Opened:
        answer, _ = child.ask(request, source.request.seconds, (source.file,))
        if not isinstance(answer, Opened):
            raise ChildLost
        child.documents.add(source.number)
        return answer


def answer_in(body: bytes) -> Answer:
    """What a child said, each field of the type it must have: a file may have taken it over. Raises ChildLost."""
    try:
        return _ANSWER.validate_json(body)[1]
    except ValidationError as error:
        raise ChildLost from error


def _needed(drawn: Drawn) -> int:
    """Bytes the page says it has; 0 for one that says nonsense."""
    sketched = drawn.sketched if drawn.sketched is not None else [0, 0]
    counts = (drawn.width, drawn.height, drawn.glyphs_at, drawn.glyphs, drawn.runs, drawn.shapes, *sketched)
    if min(counts) < 0 or len(sketched) != 2 or drawn.sketch_depth not in (1, 3):
        return 0
    fields = drawn.glyphs * (wire.PLACE_FIELDS + wire.FACT_FIELDS) + drawn.runs * wire.RUN_FIELDS
    picture = drawn.width * drawn.height * 3
    if drawn.sketched is not None:
        picture = sketched[0] * sketched[1] * drawn.sketch_depth
    return max(picture, drawn.glyphs_at + 8 * (fields + drawn.shapes * wire.SHAPE_FIELDS))


_shared: Pool | None = None
_sharing = threading.Lock()


def shared() -> Pool:
    """The pool of this process: one child per core it may use."""
    global _shared
    with _sharing:
        if _shared is None or _shared._owner != os.getpid():
            _shared = Pool(cores())
            atexit.register(_shared.close)
        return _shared


def shut_down() -> None:
    """End the idle children now; the next document starts fresh ones."""
    global _shared
    with _sharing:
        pool, _shared = _shared, None
    if pool is not None:
        atexit.unregister(pool.close)
        pool.close()
