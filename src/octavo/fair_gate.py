"""A limit on what runs at a time that is fair between documents: a one-page job never waits behind a 500-page one.

A slot that gets free goes to the document that holds the fewest; among equals to the one that was served longest ago.
So a document that arrives late catches up at once, and one that is alone has all slots. Where what holds a slot may
take long, a few to spare let in those that hold none.
"""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from itertools import count
from operator import attrgetter


@dataclass(slots=True)
class _Queue:
    """A document's place at the gate."""

    waiting: deque[asyncio.Future[None]] = field(default_factory=deque)
    held: int = 0
    served: int = 0  # when a slot was given last


class FairGate:
    """Slots for documents. For one event loop."""

    def __init__(self, limit: int, spare: int = 0) -> None:
        """`spare` slots above the limit are for documents that hold none."""
        self.limit = limit
        self._spare = spare
        self.held = 0  # slots in use; above the limit for a while after that was lowered
        self._queues: dict[str, _Queue] = {}
        self._clock = count(1)

    def is_waited_for(self, document: str) -> bool:
        """Whether the document has more to do than slots: what it asks for now comes after that."""
        queue = self._queues.get(document)
        return queue is not None and bool(queue.waiting)

    def slot(self, document: str) -> "_Permit":
        """A context manager: wait for a slot and hold it for the block."""
        return _Permit(self, document)

    def resize(self, limit: int) -> None:
        """From now on so many slots. What holds one keeps it."""
        self.limit = limit
        self._serve()

    async def take(self, document: str) -> None:
        queue = self._queues.get(document)
        if queue is None:
            queue = self._queues[document] = _Queue()
        if self._may_have(queue) and not queue.waiting:  # nobody waits who could have it
            self._give(queue)
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                if turn in queue.waiting:
                    queue.waiting.remove(turn)
                self._forget(document, queue)
            else:
                self.release(document)  # it was given in the same moment
            raise

    def release(self, document: str) -> None:
        queue = self._queues[document]
        queue.held -= 1
        self.held -= 1
        self._forget(document, queue)
        self._serve()

    def _give(self, queue: _Queue) -> None:
        queue.held += 1
        queue.served = next(self._clock)
        self.held += 1

    def _may_have(self, queue: _Queue) -> bool:
        return self.held < self.limit + (0 if queue.held else self._spare)

    def _serve(self) -> None:
        while self.held < self.limit + self._spare:
            waiting = [queue for queue in self._queues.values() if queue.waiting and self._may_have(queue)]
            if not waiting:
                return
            queue = waiting[0] if len(waiting) == 1 else min(waiting, key=attrgetter("held", "served"))
            turn = queue.waiting.popleft()
            if turn.cancelled():  # its task has not come round to say so
                continue
            turn.set_result(None)
            self._give(queue)

    def _forget(self, document: str, queue: _Queue) -> None:
        if not queue.held and not queue.waiting and self._queues.get(document) is queue:
            del self._queues[document]


class _Permit:
    """Taken for the length of a block."""

    __slots__ = ("_document", "_gate")

    def __init__(self, gate: FairGate, document: str) -> None:
        self._gate, self._document = gate, document

    async def __aenter__(self) -> None:
        await self._gate.take(self._document)

    async def __aexit__(self, *_: object) -> None:
        self._gate.release(self._document)
