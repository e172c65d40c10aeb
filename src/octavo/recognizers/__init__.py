"""Socket: crops to what is written in them. One file per recogniser; its file name is what users type.

A module here defines `async def open_recognizer(settings: EngineSettings) -> Recognizer`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, runtime_checkable

from octavo.document import Crop, PageImage, Recognition, Written
from octavo.frozen import frozen
from octavo.geometry import PixelBudget


def nothing() -> None:
    """For who does not want to know when reading starts."""


@frozen
class Pulse:
    """How busy a model's server is, seen from here."""

    in_flight: int  # requests of ours on their way, at the server, or coming back
    limit: int  # on those, as things stand
    limit_is_given: bool  # by the settings; otherwise it follows the server's queue
    running: int | None = None  # requests the server works on, everybody's; None: it does not tell
    waiting: int | None = None  # requests in its queue
    cache: float | None = None  # 0..1, how full its KV cache is
    sequences: int | None = None  # most it works on at a time, where that is known


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
    def reads_pictures(self) -> bool:
        """Whether it reads the lines that a detector found within pictures: crops whose task is to skip them."""
        ...

    @property
    def at_once(self) -> int:
        """How many crops it reads at a time, as things stand: pages are kept ready for that many."""
        ...

    def is_behind(self, document: str) -> bool:
        """Whether crops of the document wait already: its next page is in no hurry."""
        ...

    async def recognize(
        self, crops: Sequence[Crop], *, document: str, begun: Callable[[], None] = nothing
    ) -> list[Recognition]:
        """One recognition per crop, in order: the crops of one page, whose task is text, table or formula; pictures
        with lines in them only for who `reads_pictures`.

        `begun` is called once reading starts, after what has to be done before: other pages wait for that.

        A crop that cannot be read gives a Recognition with a problem; only cancellation raises. `document` names the
        job the crops belong to, so that a shared engine can be fair between jobs.
        """
        ...

    async def ready(self) -> None:
        """Wait until it can answer. Raises EngineUnavailable where it never will, saying why."""
        ...

    async def pulse(self) -> Pulse | None:
        """How busy its server is; None where it has none and reads in this process."""
        ...

    @property
    def start_seconds(self) -> Mapping[str, float]:
        """Seconds that the start of its server took, by part; empty where it started none."""
        ...

    async def close(self) -> None: ...


@runtime_checkable
class ReadsLines(Protocol):
    """A recogniser that reads line by line, and so can before it is known what they make up."""

    async def read_lines(self, page: PageImage, found: Written, *, document: str) -> Written:
        """The lines with their text, or with why there is none; those of which there is neither were not tried. What
        was read so is not read again when it comes with a crop. Only cancellation raises."""
        ...
