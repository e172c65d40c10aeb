"""Which documents of a batch are done, and how it went: files in `.octavo` of the target.

    plan.json               what the first run settled for all: how many files of rows there will be
    done/KEY.DIGEST.json    a document read: KEY is its name's, DIGEST of how it is read and of its version
    trouble/KEY.STATUS.json the same, where something was lost (partial) or there is no result (failed)
    rows/KEY.DIGEST.gz      its rows, where they are asked for

A listing of names says all that the next run needs to go on: a million documents are a thousand requests.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self

from octavo.corpus.items import Item
from octavo.corpus.readers import Reader
from octavo.corpus.stores import CorpusStore
from octavo.errors import SourceInvalid, SourceNotFound
from octavo.frozen import frozen
from octavo.settings import Shape

HOME: Final = ".octavo"
FAILED: Final = "failed"
PARTIAL: Final = "partial"
SUCCESS: Final = "success"


@frozen
class Trouble:
    """A document that did not come out whole."""

    status: str
    path: str
    version: str


@dataclass(slots=True)
class Markers:
    """Of one target, as they were when they were last looked at."""

    store: CorpusStore
    digest: str  # of how documents are read and written
    done: dict[str, set[str]] = field(default_factory=dict)  # key -> digests
    trouble: dict[str, Trouble] = field(default_factory=dict)

    @classmethod
    def of(cls, store: CorpusStore, reader: Reader, shapes: Sequence[Shape]) -> Self:
        """Those of documents that are read by this reader and written so."""
        return cls(store, f"{reader.digest} {','.join(sorted(shapes))}")

    def look(self) -> None:
        """Blocks."""
        done: dict[str, set[str]] = {}
        for entry in self.store.entries(f"{HOME}/done"):
            key, _, rest = entry.path.rpartition("/")[2].partition(".")
            done.setdefault(key, set()).add(rest.partition(".")[0])
        trouble = {}
        for entry in self.store.entries(f"{HOME}/trouble"):
            key, _, rest = entry.path.rpartition("/")[2].partition(".")
            trouble[key] = Trouble(rest.partition(".")[0], entry.path, entry.version)
        self.done, self.trouble = done, trouble

    def digest_of(self, item: Item) -> str:
        """Of a document's version, read and written so."""
        return hashlib.sha256(f"{self.digest} {item.version}".encode()).hexdigest()[:16]

    def is_done(self, item: Item) -> bool:
        return self.digest_of(item) in self.done.get(item.key, ())

    def done_path(self, item: Item) -> str:
        return f"{HOME}/done/{item.key}.{self.digest_of(item)}.json"

    def rows_path(self, item: Item) -> str:
        return f"{HOME}/rows/{item.key}.{self.digest_of(item)}.gz"

    def earlier(self, item: Item) -> Mapping[str, Any] | None:
        """What was said of the document when it was read last, in this or another way. Blocks."""
        for digest in sorted(self.done.get(item.key, ())):
            found = read(self.store, f"{HOME}/done/{item.key}.{digest}.json")
            if found is not None:
                return found
        return None

    def settle(self, item: Item, said: Mapping[str, Any], *, again: bool) -> bool:
        """Say that a document is done, and how; whether that was not said before. Blocks. `again`: what was said
        before does not hold any more."""
        text = json.dumps(said, ensure_ascii=False).encode("utf-8", "replace")
        status = str(said["status"])
        for other in (PARTIAL, FAILED):
            path = f"{HOME}/trouble/{item.key}.{other}.json"
            if other == status:
                self.store.put(path, text)
            elif again:
                self.store.delete(path)
        path, first = self.done_path(item), True
        if again:
            self.store.put(path, text)
        else:
            first = self.store.create(path, text)
        for digest in self.done.get(item.key, set()) - {self.digest_of(item)}:
            self.store.delete(f"{HOME}/done/{item.key}.{digest}.json")
            self.store.delete(f"{HOME}/rows/{item.key}.{digest}.gz")
        return first


def read(store: CorpusStore, path: str) -> dict[str, Any] | None:
    """A marker; None where there is none. Raises SourceInvalid where it is damaged."""
    try:
        data = store.get(path)
    except SourceNotFound:
        return None
    try:
        said = json.loads(data)
    except ValueError as error:
        raise SourceInvalid(f"the marker {path.rpartition('/')[2]!r} is damaged: delete it") from error
    if not isinstance(said, dict):
        raise SourceInvalid(f"the marker {path.rpartition('/')[2]!r} is damaged: delete it")
    return said
