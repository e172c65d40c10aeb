"""A recogniser that takes as long as OCTAVO_SLEEP says, in seconds, and answers with the label."""

import asyncio
import os
from collections.abc import Callable, Sequence

from octavo.document import Crop, Recognition
from octavo.recognizers import nothing
from octavo.recognizers.scripted import Scripted, by_label
from octavo.settings import EngineSettings


class Sleepy(Scripted):
    described = "sleepy"

    async def recognize(
        self, crops: Sequence[Crop], *, document: str, begun: Callable[[], None] = nothing
    ) -> list[Recognition]:
        begun()
        await asyncio.sleep(float(os.environ["OCTAVO_SLEEP"]))
        return await super().recognize(crops, document=document)


async def open_recognizer(settings: EngineSettings) -> Sleepy:
    return Sleepy(by_label)
