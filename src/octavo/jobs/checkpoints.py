"""Pages that are done, kept in a folder while their document is read: who comes after an interruption goes on there.

What belongs together is told by a digest of the source's bytes, the options, the engine's settings and the code that
reads, so nothing read in one way is ever taken for what would be read in another. Keeping is best effort: a volume that
is full or slow costs a line in the log, never the document. The pages hold the document's text; they go when it is
read. On a worker's network volume, those of jobs that never came back go after a day.
"""

import hashlib
import logging
import os
import shutil
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ValidationError

import octavo
from octavo import delivery
from octavo.assemble import PackedByNumber
from octavo.document import Artifact, Page, Severity
from octavo.errors import DeliveryFailed
from octavo.jobs.pages_before import as_json
from octavo.settings import EngineSettings, ParseOptions

log = logging.getLogger(__name__)

_FORGOTTEN_SECONDS = 24 * 3600.0  # RunPod drops a job that was not done after a day
FOLDER = ".octavo-checkpoints"  # on a worker's network volume

# Of the options: what says what is made of the pages, not how they are read. The password is not written down, even
# hashed.
_WITHOUT_OPTIONS = ("formats", "password", "picture_names")
# Of the settings: secrets, addresses, and what changes how fast a page is read, not what comes of it.
_WITHOUT_SETTINGS = (
    "answers_kept",
    "api_key",
    "connection_pool_size",
    "layout_workers",
    "pages_in_flight",
    "requests_in_flight",
    "threads",
    "url",
    "volume_path",
)


class Checkpoint:
    """The finished pages of one document, read in one way: as `reading_digest` has it. Its methods block."""

    def __init__(self, above: Path, digest: str) -> None:
        self._folder = above / digest
        self._writing = threading.Lock()
        self._discarded = False

    def pages(self) -> Mapping[int, Page]:
        """What an earlier run finished, by page number. Files that are damaged count as not there."""
        found = PackedByNumber()
        for file in _entries(self._folder, "*.json"):
            with suppress(OSError, ValidationError):
                page = as_json().validate_json(file.read_bytes())
                if file.stem == str(page.number):
                    found.add(page)
        return found

    def keep(self, page: Page) -> None:
        """Remember a page, unless something of it was lost: that may go better next time."""
        if any(problem.severity is Severity.LOST for problem in page.problems):
            return
        file = Artifact(f"{page.number}.json", "application/json", as_json().dump_json(page))
        with self._writing:
            if self._discarded:  # the job was cancelled while this page was on its way here
                return
            try:
                delivery.to_folder([file], self._folder, private=True)
            except DeliveryFailed:
                log.warning("checkpoint_not_kept page=%d", page.number + 1)

    def discard(self) -> None:
        """Also of what is on its way to be kept."""
        with self._writing:
            self._discarded = True
            shutil.rmtree(self._folder, ignore_errors=True)


def clean_up(volume: Path) -> None:
    """Remove what jobs left that never came back: their pages, and results half written."""
    delivery.clean_up(volume, depth=2)
    for folder in _entries(volume / FOLDER, "*"):
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime > _FORGOTTEN_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)


def _entries(folder: Path, pattern: str) -> list[Path]:
    """What lies in the folder; nothing where the volume does not say."""
    try:
        return list(folder.glob(pattern))
    except OSError:
        return []


def reading_digest(parts: Sequence[bytes], options: ParseOptions, settings: EngineSettings) -> str:
    """The same for the same bytes read in the same way, by the same code."""
    digest = hashlib.sha256(_code().encode())
    digest.update(spelled(options, without=_WITHOUT_OPTIONS))
    digest.update(spelled(settings, without=_WITHOUT_SETTINGS))
    for part in parts:
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()


def spelled(settings: BaseModel, *, without: Sequence[str] = ()) -> bytes:
    """Every knob with its value, for a digest."""
    knobs = [(name, value) for name, value in settings if name not in without]
    return repr([(name, dict(value) if isinstance(value, Mapping) else value) for name, value in knobs]).encode()


@cache
def _code() -> str:
    """A digest of this package, its networks by name and size: 5 ms, once per process."""
    home = Path(octavo.__file__).parent
    digest = hashlib.sha256(octavo.__version__.encode())
    places = [f"{at}/{name}" for at, _, names in os.walk(home) for name in names if name.endswith(".py")]
    for place in sorted(places):  # not by `rglob` and `read_bytes`, which take twice as long
        with open(place, "rb", buffering=0) as code:  # noqa: PTH123
            digest.update(code.read())
    for file in sorted(home.joinpath("weights").glob("*.onnx")):
        digest.update(f"{file.name} {file.stat().st_size}".encode())
    return digest.hexdigest()
