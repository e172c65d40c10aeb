"""Where one document after the other is read, written and said to be done."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Self

from octavo.corpus import shards
from octavo.corpus.items import Item
from octavo.corpus.markers import FAILED, Markers, Trouble
from octavo.corpus.readers import ReadDocument, Reader
from octavo.corpus.sources import Corpus
from octavo.corpus.stopping import Stop, Stopped, in_thread
from octavo.document import Artifact
from octavo.errors import EngineUnavailable, OctavoError, of_code
from octavo.frozen import frozen
from octavo.settings import Shape

log = logging.getLogger(__name__)


@frozen
class Ended:
    """How one document ended."""

    item: Item
    status: str  # success, partial, failed
    pages: int = 0
    page_count: int | None = None
    problems: Sequence[Any] = ()
    error: OctavoError | None = None
    seconds: float = 0.0
    files: tuple[str, ...] = ()

    @classmethod
    def of(cls, item: Item, said: Mapping[str, Any]) -> Self:
        """What `said` says, of a document that was read elsewhere."""
        return cls(
            item,
            said["status"],
            said["pages"],
            said["page_count"],
            said["problems"],
            None if said["error"] is None else _said_elsewhere(said["error"]),
            said["seconds"],
            tuple(said["files"]),
        )

    @property
    def said(self) -> dict[str, Any]:
        """For the marker, and for machines that listen."""
        error = self.error
        return {
            "document": self.item.name,
            "status": self.status,
            "pages": self.pages,
            "page_count": self.page_count,
            "problems": list(self.problems),
            "error": None
            if error is None
            else {
                "code": error.code,
                "message": error.message,
                "fault": error.fault.value,
                "retryable": error.retryable,
            },
            "seconds": round(self.seconds, 3),
            "files": list(self.files),
        }


def _said_elsewhere(error: Mapping[str, Any]) -> OctavoError:
    """An error of another process, by its code."""
    return of_code(str(error["code"]), str(error["message"]))


@frozen
class Before:
    """A document was done, and is to be read again."""

    trouble: Trouble | None  # as it was then; None: it is done in another way now, or has changed


@dataclass(slots=True)
class Desk:
    """One of a batch's. For one event loop."""

    corpus: Corpus
    reader: Reader
    markers: Markers
    shapes: Sequence[Shape]
    worker: str  # whose it is
    stop: Stop = field(default_factory=Stop)

    async def document(
        self, item: Item, before: Before | None, *, begun: Callable[[], None], page: Callable[[], None]
    ) -> Ended | None:
        """Read, written and said; None where somebody else has done it meanwhile. What is wrong with the document is
        in the answer. Raises EngineUnavailable, Stopped, and DeliveryFailed where not even that can be said."""
        if await asyncio.to_thread(self.is_done, item, before):
            return None
        begun()
        began = time.monotonic()
        try:
            async with self.stop.scope():
                data = await self.corpus.read(item)
                async with self.reader.reading(item, data, page) as result:
                    files = await in_thread(partial(self._put, item, result), result.files)
                    ended = Ended(
                        item,
                        result.status,
                        result.pages,
                        result.page_count,
                        result.problems,
                        seconds=time.monotonic() - began,
                        files=tuple(files),
                    )
        except (EngineUnavailable, Stopped):
            raise  # of the run, not of the document
        except OctavoError as error:
            ended = Ended(item, FAILED, error=error, seconds=time.monotonic() - began)
        except Exception as error:  # a defect met in one document must not take the others with it
            log.info("document_failed document=%s", item.name, exc_info=True)
            defect = OctavoError(f"unexpected {type(error).__name__}: a defect of Octavo; --verbose says where")
            ended = Ended(item, FAILED, error=defect, seconds=time.monotonic() - began)
        first = await asyncio.to_thread(self._settle, ended, before)
        return ended if first else None

    def is_done(self, item: Item, before: Before | None) -> bool:
        """Whether somebody has read it since this run looked. Blocks."""
        version = self.markers.store.version
        if before is None:
            return version(self.markers.done_path(item)) is not None
        if before.trouble is None:  # it was done in another way: is it in this one?
            return not self.markers.is_done(item) and version(self.markers.done_path(item)) is not None
        return version(before.trouble.path) != before.trouble.version

    def _put(self, item: Item, result: ReadDocument, files: Iterator[Artifact]) -> list[str]:
        """Everything of a document but its marker."""
        names = []
        if Shape.FOLDERS in self.shapes:
            for artifact in files:
                path = f"{item.place}/{artifact.name}"
                self.markers.store.put(path, artifact.data)
                names.append(path)
        if shards.wanted(self.shapes):
            self.markers.store.put(self.markers.rows_path(item), result.rows().packed())
        return names

    def _settle(self, ended: Ended, before: Before | None) -> bool:
        earlier = None if before is None else self.markers.earlier(ended.item)
        first = self.markers.settle(ended.item, ended.said | {"by": self.worker}, again=before is not None)
        for name in (earlier or {}).get("files", ()):
            if name not in ended.files:
                self.markers.store.delete(str(name))
        return first
