"""Whether the engine answers, for front ends that live as long as it does."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from octavo.errors import EngineUnavailable
from octavo.parser import Parser

log = logging.getLogger(__name__)

_LOOK_SECONDS = 2.0


class EngineWatch:
    """Knows when the engine is ready, and ends the front end where it never will be again.

    A machine whose model does not come up, or keeps dying, must leave: the platform puts another in its place.
    """

    def __init__(self) -> None:
        self.ready = False
        self.failure: EngineUnavailable | None = None

    @asynccontextmanager
    async def over(self, parser: Parser, end: Callable[[], None]) -> AsyncIterator[None]:
        """Watch in the background; `end` is called once the engine is gone for good."""
        watching = asyncio.create_task(self._watch(parser, end))
        try:
            yield
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    async def _watch(self, parser: Parser, end: Callable[[], None]) -> None:
        try:
            while True:
                await parser.ready()
                if not self.ready:
                    self.ready = True
                    log.info("engine_ready")
                await asyncio.sleep(_LOOK_SECONDS)
        except EngineUnavailable as error:
            log.critical("engine_unavailable reason=%r", error.message)
            self.ready, self.failure = False, error
            end()
