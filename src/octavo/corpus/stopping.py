"""Ctrl-C and SIGTERM: the first ends a run with what is finished, the second ends it at once."""

import asyncio
import signal
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TypeVar

from octavo.document import Artifact

T = TypeVar("T")

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopped(Exception):
    """The run was asked to end while this was under way."""


class Stop:
    """Whether a run was asked to end, and by which signal. For one event loop."""

    def __init__(self) -> None:
        self.signal: signal.Signals | None = None
        self._open: set[asyncio.Timeout] = set()

    @contextmanager
    def listening(self, said: Callable[[], None]) -> Iterator[None]:
        """Meanwhile signals are ours; `said` is called at the first. Where a platform has no such thing, Ctrl-C is a
        KeyboardInterrupt as ever."""
        loop, task = asyncio.get_running_loop(), asyncio.current_task()

        def heard(number: signal.Signals) -> None:
            if self.signal is not None and task is not None:
                task.cancel()
                return
            self.signal = number
            said()
            for scope in self._open:
                scope.reschedule(loop.time())

        with suppress(NotImplementedError):
            for number in _SIGNALS:
                loop.add_signal_handler(number, heard, number)
        try:
            yield
        finally:
            with suppress(NotImplementedError):
                for number in _SIGNALS:
                    loop.remove_signal_handler(number)

    @asynccontextmanager
    async def scope(self) -> AsyncIterator[None]:
        """What is done here ends when the run is asked to. Raises Stopped."""
        scope = asyncio.timeout(None)
        try:
            async with scope:
                self._open.add(scope)
                try:
                    if self.signal is not None:
                        raise Stopped
                    yield
                finally:
                    self._open.discard(scope)
        except TimeoutError:
            if scope.expired():
                raise Stopped from None
            raise


async def in_thread(work: Callable[[Iterator[Artifact]], T], artifacts: Iterator[Artifact]) -> T:
    """`work` with the artefacts, in a thread. When cancelled, it gets no further artefact and is waited for: the pages
    its artefacts are drawn from must not close under it."""
    stopped = threading.Event()

    def until_stopped() -> Iterator[Artifact]:
        for artifact in artifacts:
            if stopped.is_set():
                raise InterruptedError
            yield artifact

    working = asyncio.create_task(asyncio.to_thread(work, until_stopped()))
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        stopped.set()
        with suppress(Exception):
            await working
        raise


async def to_its_end(work: Callable[[], None]) -> None:
    """`work` in a thread, whoever is cancelled meanwhile: work that waits for a thread would otherwise never begin."""
    working = asyncio.create_task(asyncio.to_thread(work))
    try:
        await asyncio.shield(working)
    except asyncio.CancelledError:
        await working
        raise
