"""Socket: crops to what is written in them. One file per recogniser; its file name is what users type.

A module here defines `async def open_recognizer(settings: EngineSettings) -> Recognizer`.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from octavo.document import Crop, Recognition
from octavo.geometry import PixelBudget


def nothing() -> None:
    """For who does not want to know when reading starts."""


class Recognizer(Protocol):
    """Reads crops. Safe to call from many tasks at once; it bounds its own work."""

    @property
    def described(self) -> str:
        """What really runs: model, revision, server; goes into the result."""
        ...

    @property
    def budget(self) -> PixelBudget:
        """What the model can use of a picture."""
        ...

    @property
    def at_once(self) -> int:
        """How many crops it reads at a time, as things stand: pages are kept ready for that many."""
        ...

    async def recognize(
        self, crops: Sequence[Crop], *, document: str, begun: Callable[[], None] = nothing
    ) -> list[Recognition]:
        """One recognition per crop, in order: the crops of one page, whose task is text, table or formula.

        `begun` is called once reading starts, after what has to be done before: other pages wait for that.

        A crop that cannot be read gives a Recognition with a problem; only cancellation raises. `document` names the
        job the crops belong to, so that a shared engine can be fair between jobs.
        """
        ...

    async def ready(self) -> None:
        """Wait until it can answer. Raises EngineUnavailable where it never will, saying why."""
        ...

    async def close(self) -> None: ...
