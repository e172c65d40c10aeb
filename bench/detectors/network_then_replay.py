"""The whole layout network at work, its answer set aside for the regions of a file: time without real weights."""

from collections.abc import Sequence

from octavo import detectors, dropins
from octavo.detectors import pp_doclayout
from octavo.document import Detection, PageImage
from octavo.settings import EngineSettings

BATCHES: list[int] = []  # pages of each


class NetworkThenReplay:
    sees_pictures = True

    def __init__(self, settings: EngineSettings) -> None:
        self._network = pp_doclayout.open_detector(settings)
        self._replay = dropins.load(detectors, "replay").open_detector(settings)
        self.batch_size = self._network.batch_size
        self.described = f"{self._network.described}, then {self._replay.described}"

    def detect(self, pages: Sequence[PageImage]) -> list[list[Detection]]:
        BATCHES.append(len(pages))
        self._network.detect(pages)
        return list(self._replay.detect(pages))

    def close(self) -> None:
        self._network.close()


def open_detector(settings: EngineSettings) -> NetworkThenReplay:
    return NetworkThenReplay(settings)
