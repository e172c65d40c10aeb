"""A recogniser that answers once OCTAVO_TOGETHER crops are before it at the same time: jobs one by one never end."""

import asyncio
import os
from collections.abc import Callable, Sequence

from octavo.document import Crop, Recognition
from octavo.recognizers import nothing
from octavo.recognizers.scripted import Scripted, by_label
from octavo.settings import EngineSettings


class Together(Scripted):
    described = "together"

    def __init__(self) -> None:
        super().__init__(by_label)
        self._barrier = asyncio.Barrier(int(os.environ["OCTAVO_TOGETHER"]))

    async def recognize(
        self, crops: Sequence[Crop], *, document: str, begun: Callable[[], None] = nothing
    ) -> list[Recognition]:
        begun()
        await self._barrier.wait()
        return await super().recognize(crops, document=document)


async def open_recognizer(settings: EngineSettings) -> Together:
    return Together()
