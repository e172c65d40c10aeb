"""Pages that are done, kept on the network volume while their job runs: a job whose worker was lost goes on where
it stopped.

What belongs together is told by a digest of the source's bytes, the options and the engine's settings, so nothing read
in one way is ever taken for what would be read in another. Keeping is best effort: a volume that is full or slow costs
a line in the log, never the job. The pages hold the document's text; they go when their job ends, those of jobs that
never came back after a day.
"""

import hashlib
import logging
import shutil
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from pydantic import BaseModel, TypeAdapter, ValidationError

from octavo import __version__, delivery
from octavo.document import Artifact, Page, Severity
from octavo.errors import DeliveryFailed
from octavo.settings import EngineSettings, ParseOptions

log = logging.getLogger(__name__)

_PAGE = TypeAdapter(Page)
_FORGOTTEN_SECONDS = 24 * 3600.0  # RunPod drops a job that was not done after a day
_FOLDER = ".octavo-checkpoints"


class Checkpoint:
    """The finished pages of one document, read in one way. Its methods block."""

    def __init__(self, volume: Path, parts: Sequence[bytes], options: ParseOptions, settings: EngineSettings) -> None:
        self._folder = volume / _FOLDER / _digest(parts, options, settings)

    def pages(self) -> dict[int, Page]:
        """What an earlier run finished, by page number. Files that are damaged count as not there."""
        found: dict[int, Page] = {}
        for file in _entries(self._folder, "*.json"):
            with suppress(OSError, ValidationError):
                page = _PAGE.validate_json(file.read_bytes())
                if file.stem == str(page.number):
                    found[page.number] = page
        return found

    def keep(self, page: Page) -> None:
        """Remember a page, unless something of it was lost: that may go better next time."""
        if any(problem.severity is Severity.LOST for problem in page.problems):
            return
        file = Artifact(f"{page.number}.json", "application/json", _PAGE.dump_json(page))
        try:
            delivery.to_folder([file], self._folder, private=True)
        except DeliveryFailed:
            log.warning("checkpoint_not_kept page=%d", page.number + 1)

    def discard(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)


def clean_up(volume: Path) -> None:
    """Remove what jobs left that never came back: their pages, and results half written."""
    delivery.clean_up(volume, depth=2)
    for folder in _entries(volume / _FOLDER, "*"):
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime > _FORGOTTEN_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)


def _entries(folder: Path, pattern: str) -> list[Path]:
    """What lies in the folder; nothing where the volume does not say."""
    try:
        return list(folder.glob(pattern))
    except OSError:
        return []


def _digest(parts: Sequence[bytes], options: ParseOptions, settings: EngineSettings) -> str:
    digest = hashlib.sha256(__version__.encode())
    # The formats say what is made of the pages, not how they are read; the password is not written down, even hashed.
    digest.update(_spelled(options, leave_out=("formats", "password")))
    digest.update(_spelled(settings, leave_out=("api_key", "url")))
    for part in parts:
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()


def _spelled(settings: BaseModel, *, leave_out: Sequence[str]) -> bytes:
    knobs = [(name, value) for name, value in settings if name not in leave_out]
    return repr([(name, dict(value) if isinstance(value, Mapping) else value) for name, value in knobs]).encode()
