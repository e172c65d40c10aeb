"""The null detector: the whole page is one region of text. For `--no-layout`, for tests and for smoke runs."""

from collections.abc import Sequence

from octavo.document import Detection, Label, Origin, PageImage
from octavo.geometry import Box
from octavo.settings import EngineSettings


class WholePage:
    """Sees one region on every page."""

    described = "whole page, no layout"
    batch_size = 1
    sees_pictures = True  # whoever reads the page does

    def detect(self, pages: Sequence[PageImage]) -> list[list[Detection]]:
        reason = "text: the whole page is read as one region"
        whole = Detection(Box.of_page(), Label.TEXT, 1.0, order=0.0, origin=Origin.WHOLE_PAGE, reason=reason)
        return [[whole] for _ in pages]

    def close(self) -> None:
        """Nothing is held."""


def open_detector(settings: EngineSettings) -> WholePage:
    return WholePage()
