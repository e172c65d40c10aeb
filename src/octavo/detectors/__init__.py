"""Socket: a page picture to the regions on it. One file per detector; its file name is what users type.

A module here defines `open_detector(settings: EngineSettings) -> Detector`.
"""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from octavo.document import Detection, PageImage, Written


class Detector(Protocol):
    """Finds regions. Called in a worker thread, never from two threads at once."""

    @property
    def described(self) -> str:
        """What really runs: network, weights, device; goes into the result."""
        ...

    @property
    def batch_size(self) -> int:
        """Pages it likes to see together; it must take any number."""
        ...

    @property
    def sees_pictures(self) -> bool:
        """Whether it looks at the picture of every page. Else those that nobody looks at are not drawn."""
        ...

    def detect(self, pages: Sequence[PageImage]) -> list[list[Detection]]:
        """The detections of each page. Raises EngineFailed; a page with nothing on it gives an empty list."""
        ...

    def close(self) -> None: ...


@runtime_checkable
class FindsLines(Protocol):
    """A detector that looks for lines first, and likes to have them read before it lays the page out."""

    def find_lines(self, page: PageImage) -> Written:
        """The lines of a page whose words are not known; `detect` gets them back as `page.written`. Never called while
        `detect` is. Raises EngineFailed."""
        ...
