"""Reads the self-test's made pages without a model: by which of them a picture looks like."""

import cv2
import numpy as np

from octavo.document import Pixels
from octavo.pages import open_pages
from octavo.selftest.golden import GoldenPage, golden_page, pdf
from octavo.settings import EngineSettings, ParseOptions, TextLayerUse


def text_of(page: GoldenPage) -> str:
    """As a model gives it that is asked for the text of a page, its table included."""
    rows = "\n".join(" ".join(row) for row in page.table)
    return "\n\n".join([page.heading, *("\n".join(lines) for lines in page.paragraphs), rows])


class GoldenReader:
    """Knows the pages of these numbers."""

    def __init__(self, numbers: range) -> None:
        self._made = [golden_page(number) for number in numbers]
        options = ParseOptions(text_layer=TextLayerUse.OFF)
        with open_pages([pdf(self._made)], options, EngineSettings()) as pages:
            pictures = [pages.draw(number).pixels for number in pages.numbers]
        self._height, self._width = pictures[0].shape[:2]
        self._pictures = [_small(picture) for picture in pictures]

    def text(self, pixels: Pixels) -> str:
        shown = _small(pixels[: self._height, : self._width])  # without the margin that a crop is given
        nearest = min(range(len(self._made)), key=lambda number: float(np.abs(self._pictures[number] - shown).mean()))
        return text_of(self._made[nearest])


def _small(pixels: Pixels) -> np.ndarray:
    grey = cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY)
    return cv2.resize(grey, (400, 560), interpolation=cv2.INTER_AREA).astype(np.float32)
