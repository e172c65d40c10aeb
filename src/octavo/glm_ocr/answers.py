"""Answers for crops that come again, pixel for pixel: logos, form headers, stamps, empty forms.

Asked for once per document, also while the first of them is still being read; kept over documents, up to a number. Only
good answers are kept. One that is used again says so in its steps, and counts no tokens.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import replace

from octavo.document import Recognition, Usage

STEP = "read_before"  # in `Recognition.steps`


class ReadBefore:
    """For one event loop."""

    def __init__(self, most: int) -> None:
        """Keeps so many answers; with 0 it does nothing."""
        self._most = most
        self._kept: OrderedDict[bytes, Recognition] = OrderedDict()
        self._under_way: dict[tuple[str, bytes], asyncio.Event] = {}

    async def recognition(self, key: bytes, document: str, read: Callable[[], Awaitable[Recognition]]) -> Recognition:
        """The answer for `key`, which stands for a picture and all that is asked about it; `read` where it is new.

        Waits only for crops of the same document: another one may stand far behind in the line for the model.
        """
        if not self._most:
            return await read()
        place = (document, key)
        while place in self._under_way:
            await self._under_way[place].wait()
        if key in self._kept:
            self._kept.move_to_end(key)
            return replace(self._kept[key], usage=Usage(), steps=(STEP,))
        done = self._under_way[place] = asyncio.Event()
        try:
            found = await read()
            if found.text and not found.problems:
                self._kept[key] = found
                if len(self._kept) > self._most:
                    self._kept.popitem(last=False)
            return found
        finally:
            del self._under_way[place]
            done.set()
