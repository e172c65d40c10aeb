"""A limit on what runs at a time that is fair between documents: a one-page job never waits behind a 500-page one.

A slot that gets free goes to the document that holds the fewest; among equals to the one that was served longest ago.
So a document that arrives late catches up at once, and one that is alone has all slots.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count


@dataclass(slots=True)
class _Line:
    """A document's place at the gate."""

    waiting: deque[asyncio.Future[None]] = field(default_factory=deque)
    held: int = 0
    served: int = 0  # when a slot was given last


class FairGate:
    """Slots for documents. For one event loop."""

    def __init__(self, limit: int) -> None:
        self._free = limit
        self._lines: dict[str, _Line] = {}
        self._clock = count(1)

    @asynccontextmanager
    async def slot(self, document: str) -> AsyncIterator[None]:
        """Wait for a slot and hold it for the block."""
        line = self._lines.setdefault(document, _Line())
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        line.waiting.append(turn)
        self._serve()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                if turn in line.waiting:
                    line.waiting.remove(turn)
                self._forget(document)
            else:
                self._release(document)  # it was given in the same moment
            raise
        try:
            yield
        finally:
            self._release(document)

    def _serve(self) -> None:
        while self._free:
            line = min(
                (line for line in self._lines.values() if line.waiting),
                key=lambda line: (line.held, line.served),
                default=None,
            )
            if line is None:
                return
            turn = line.waiting.popleft()
            if turn.cancelled():  # its task has not come round to say so
                continue
            turn.set_result(None)
            line.held += 1
            line.served = next(self._clock)
            self._free -= 1

    def _release(self, document: str) -> None:
        self._lines[document].held -= 1
        self._free += 1
        self._forget(document)
        self._serve()

    def _forget(self, document: str) -> None:
        line = self._lines.get(document)
        if line is not None and not line.held and not line.waiting:
            del self._lines[document]
