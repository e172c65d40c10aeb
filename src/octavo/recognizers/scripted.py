"""Null engine: answers from a script, or with the region's label. Ships for tests, smoke runs and demonstrations.

Every region reads as `[label]`; no weights, no server. Tests hand in a script of their own.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from octavo.document import Crop, Recognition, Task
from octavo.geometry import PixelBudget
from octavo.recognizers import Pulse, nothing
from octavo.settings import EngineSettings


class Scripted:
    """Answers by `script`, a function from crop to recognition."""

    described = "scripted"
    budget = PixelBudget()
    reads_pictures = False
    at_once = 1
    start_seconds: Mapping[str, float] = MappingProxyType({})

    def __init__(self, script: Callable[[Crop], Recognition]) -> None:
        self._script = script

    def is_behind(self, document: str) -> bool:
        return False

    async def recognize(
        self, crops: Sequence[Crop], *, document: str, begun: Callable[[], None] = nothing
    ) -> list[Recognition]:
        begun()
        return [self._script(crop) for crop in crops]

    async def ready(self) -> None:
        return None

    async def pulse(self) -> Pulse | None:
        return None

    async def close(self) -> None:
        return None


def by_label(crop: Crop) -> Recognition:
    """`[label]`, in the shape the task asks for."""
    label = crop.region.label.value
    match crop.region.task:
        case Task.TABLE:
            return Recognition(f"<table><tr><td>[{label}]</td></tr></table>", confidence=1.0)
        case Task.FORMULA:
            return Recognition(rf"\text{{{label}}}", confidence=1.0)
        case _:
            return Recognition(f"[{label}]", confidence=1.0)


async def open_recognizer(settings: EngineSettings) -> Scripted:
    return Scripted(by_label)
