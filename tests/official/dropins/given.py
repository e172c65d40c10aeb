"""Drop-in of the socket `detectors`, and the SDK's detector beside it: both say what they are given, page by page.

Boxes are in 0..1000 of the page, so that both find the same on pictures of different sizes.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from octavo.document import Detection, Label, PageImage
from octavo.geometry import Box
from octavo.settings import EngineSettings

LABELS = tuple(Label)

# The pages of the document at hand, by number, in order: labels (ids), scores, boxes, order.
now: dict[int, dict[str, Any]] = {}


def open_detector(settings: EngineSettings) -> "Given":
    return Given()


class Given:
    """As Octavo calls it."""

    described = "given"
    batch_size = 4
    sees_pictures = True

    def detect(self, pages: Sequence[PageImage]) -> list[list[Detection]]:
        return [[*map(_detection, *_columns(now[page.number]))] for page in pages]

    def close(self) -> None: ...


def _columns(page: dict[str, Any]) -> tuple[Any, ...]:
    return page["labels"], page["scores"], page["boxes"], page["order"]


def _detection(label: int, score: float, box: Sequence[float], order: int) -> Detection:
    return Detection(Box(*box), LABELS[label], score, order=float(order))


def for_the_sdk(version: str) -> type:
    """The same as the SDK calls it, its own rules behind it."""
    from run_sdk import Replayed

    class GivenToTheSdk(Replayed):
        def __init__(self, config: Any) -> None:
            super().__init__(config, [])
            self.label_task_mapping = config.label_task_mapping

        def process(self, images: list[Any], global_start_idx: int = 0, **_: Any) -> Any:
            self.config.label_task_mapping = self.label_task_mapping
            found = []
            for number, image in enumerate(images):
                page = [*now.values()][global_start_idx + number]
                scale = np.array(image.size * 2) / 1000
                pixels = (np.array(page["boxes"]).reshape(-1, 4) * scale).astype(np.float32)
                found.append(self._page(image, {**page, "boxes": pixels.tolist()}))
            return found if version == "0.1.1" else (found, {})

    return GivenToTheSdk
