"""What the stages saw and handed on, of one page that someone wants explained: what lies between ink and text.

A `PageTrace` goes with the page from stage to stage (`PageImage.trace`), and only with pages somebody asks about: a
page without one costs nothing. `octavo trace` shows it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from octavo.document import Detection, Recognition, Region, Sight, TextLayer


@dataclass(slots=True)
class PageTrace:
    """Filled while the page is read. What the whole document decides later is in its blocks."""

    sights: list[Sight] = field(default_factory=list)  # in the order they were seen
    text: TextLayer | None = None
    detections: Sequence[Detection] = ()
    regions: Sequence[Region] = ()  # in reading order
    recognitions: Sequence[Recognition] = ()  # of the regions, one by one

    def saw(self, sight: Sight) -> None:
        self.sights.append(sight)
