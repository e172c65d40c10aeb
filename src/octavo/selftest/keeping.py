"""The self-test of a worker: once per image and GPU, beside its jobs, kept on the network volume.

It runs when the engine is ready and no job is in hand, and is stopped as soon as one comes: its requests are cancelled,
and it is tried again when the worker has nothing to do. It fails no job, and none waits for it longer than that takes,
about a tenth of a second. Only a test that nothing disturbed is kept. Two workers that start at the same time may both
take it; the later result stays.
"""

import asyncio
import contextlib
import hashlib
import json
import logging
import re
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from octavo import __version__, delivery
from octavo.document import Artifact
from octavo.errors import OctavoError
from octavo.machine import gpu_name, process_age
from octavo.parser import Parser
from octavo.selftest.examination import Figures, Start, examine
from octavo.settings import WorkerSettings

log = logging.getLogger(__name__)

_FOLDER = ".octavo-selftest"
_SECONDS = 10.0  # of reading for the pace
_LOOK_SECONDS = 0.1  # between two looks whether a job has come
_IDLE_SECONDS = 1.0  # without a job before it begins
_TRIES = 5


@contextlib.asynccontextmanager
async def beside_jobs(
    parser: Parser, settings: WorkerSettings, *, jobs: Callable[[], int], learn: Callable[[float], None]
) -> AsyncIterator[None]:
    """Hand the pages per second that were kept to `learn`; where none were, and it is asked for, take them.

    `jobs`: how many are in hand.
    """
    task = asyncio.create_task(_Keeper(parser, settings, jobs).run(learn))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class _Keeper:
    def __init__(self, parser: Parser, settings: WorkerSettings, jobs: Callable[[], int]) -> None:
        self._parser, self._settings, self._jobs = parser, settings, jobs
        age = process_age()
        opening = sum(parser.start_seconds["opened"].values())
        self._began_after = None if age is None else max(0.0, age - opening)
        self._was_asked = False  # a job was in hand already

    async def run(self, learn: Callable[[float], None]) -> None:
        """Never raises but when cancelled: nothing of this may hurt the worker."""
        try:
            volume = Path(self._parser.settings.volume_path)
            if not await asyncio.to_thread(volume.is_dir):
                if self._settings.selftest:
                    log.warning("selftest_not_run: there is no network volume to keep it on")
                return
            image, gpu = image_name(self._settings), await asyncio.to_thread(gpu_name) or "no GPU"
            file = volume / _FOLDER / file_name(image, gpu)
            found = await asyncio.to_thread(kept, file)
            if found is None and self._settings.selftest:
                found = await self._taken(file, {"image": image, "gpu": gpu})
            if found is not None and not found["right"]:
                log.error("selftest_wrong file=%s words_f1=%s lost=%s", file.name, found["words_f1"], found["lost"])
            elif found is not None:
                learn(float(found["pages_per_second"]))
        except OctavoError as error:
            log.warning("selftest_failed code=%s", error.code)
        except Exception:  # the last line of defence: a test must not take the worker
            log.exception("selftest_failed")

    async def _taken(self, file: Path, about: Mapping[str, str]) -> Mapping[str, Any] | None:
        figures = await self._undisturbed()
        if figures is None:
            return None
        said: dict[str, Any] = {**about, "at": datetime.now(UTC).isoformat(timespec="seconds"), **asdict(figures)}
        data = json.dumps(said, ensure_ascii=False, indent=1).encode()
        await asyncio.to_thread(delivery.to_folder, [Artifact(file.name, "application/json", data)], file.parent)
        log.info(
            "selftest_kept file=%s right=%s pages_per_second=%.2f binds=%s",
            *(file.name, figures.right, figures.pages_per_second, figures.binds),
        )
        return said

    async def _undisturbed(self) -> Figures | None:
        """The figures of the first try that no job came into."""
        await self._until(asyncio.ensure_future(self._parser.ready()))
        ready_after = process_age()
        for number in range(_TRIES):
            await self._idle()
            start = Start(self._began_after, ready_after, cold=not self._was_asked and number == 0)
            test = examine(self._parser, start, seconds=_SECONDS, first=1000 * number)
            trying = asyncio.ensure_future(test)
            try:
                while not trying.done() and not self._jobs():
                    await asyncio.wait({trying}, timeout=_LOOK_SECONDS)
                if trying.done() and not self._jobs():
                    return trying.result()
                log.info("selftest_disturbed try=%d", number + 1)
            finally:
                trying.cancel()
                await asyncio.gather(trying, return_exceptions=True)
            self._was_asked = True
        log.info("selftest_given_up tries=%d: a job came into each", _TRIES)
        return None

    async def _until(self, event: asyncio.Future[None]) -> None:
        try:
            while not event.done():
                await asyncio.wait({event}, timeout=_LOOK_SECONDS)
                self._was_asked = self._was_asked or self._jobs() > 0
            event.result()
        finally:
            event.cancel()

    async def _idle(self) -> None:
        quiet = 0.0
        while quiet < _IDLE_SECONDS:
            await asyncio.sleep(_LOOK_SECONDS)
            quiet = 0.0 if self._jobs() else quiet + _LOOK_SECONDS
            self._was_asked = self._was_asked or self._jobs() > 0


# --- what is kept ----------------------------------------------------------------------------------------------------


def image_name(settings: WorkerSettings) -> str:
    """What this worker is made of: the base image, the SDK's commit, and this package down to its files."""
    record = metadata.distribution("octavo").read_text("RECORD") or ""
    files = hashlib.sha256(record.encode()).hexdigest()[:12]
    return f"octavo {__version__} {files}, {settings.vllm_base_image_ref}, glmocr {settings.glmocr_ref}"


def file_name(image: str, gpu: str) -> str:
    """The GPU as one can read it, the image by a digest: its name is too long for a file's."""
    plain = re.sub(r"[^A-Za-z0-9]+", "-", gpu).strip("-")
    return f"{plain}-{hashlib.sha256(f'{image} on {gpu}'.encode()).hexdigest()[:12]}.json"


def kept(file: Path) -> Mapping[str, Any] | None:
    """What was kept; None for a file that is not there, or is none of ours."""
    try:
        found = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return None
    whole = isinstance(found, dict) and {"right", "pages_per_second", "words_f1", "lost"} <= set(found)
    return found if whole else None
