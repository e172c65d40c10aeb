"""Who reads what, agreed through the target alone: no server, no database, no clock that all share.

Whoever creates `leases/KEY.1` holds the document; while it works it writes the file anew every quarter of the lease's
time. A lease that others saw unchanged for all that time, by their own clocks, is of a worker that died: who creates
`KEY.2` holds it from then on, and so forth. Only "create if it is not there" has to be atomic, and the done marker is
made by it too: a worker that wakes up after its lease was taken over cannot count a document twice.
"""

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from octavo.corpus.stores import CorpusStore
from octavo.frozen import frozen

FOLDER: Final = ".octavo/leases"
BEATS: Final = 4  # within the time of a lease


@frozen
class Lease:
    """A document that is ours to read."""

    key: str
    generation: int

    @property
    def path(self) -> str:
        return _path(self.key, self.generation)


@frozen
class _Seen:
    """A lease of somebody else's."""

    generation: int
    version: str
    since: float  # of our clock: when this version was first seen


@dataclass(slots=True)
class Leases:
    """Of one worker. Its methods block; one thread at a time for each document."""

    store: CorpusStore
    seconds: float
    worker: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    clock: Callable[[], float] = time.monotonic
    _seen: dict[str, _Seen] = field(default_factory=dict)
    _beats: int = 0

    def look(self) -> None:
        """See which leases there are, and which have changed."""
        now = self.clock()
        newest: dict[str, tuple[int, str]] = {}
        for entry in self.store.entries(FOLDER):
            key, _, number = entry.path.rpartition("/")[2].partition(".")
            if number.isdigit() and key:
                newest[key] = max(newest.get(key, (0, "")), (int(number), entry.version))
        before = self._seen
        self._seen = {}
        for key, (generation, version) in newest.items():
            seen = before.get(key)
            same = seen is not None and (seen.generation, seen.version) == (generation, version)
            self._seen[key] = seen if seen is not None and same else _Seen(generation, version, now)

    def may_be_free(self, key: str) -> bool:
        """Whether to try: nobody was seen to hold it, or nobody who lives."""
        seen = self._seen.get(key)
        return seen is None or self.clock() - seen.since > self.seconds

    def claimed(self, key: str) -> Lease | None:
        """The lease, where it is ours now."""
        seen = self._seen.get(key)
        lease = Lease(key, 1 if seen is None else seen.generation + 1)
        if self.store.create(lease.path, self._said()):
            if not self._is_followed(lease):
                return lease
            self.store.delete(lease.path)
        # somebody was quicker, and lives
        self._seen[key] = _Seen(lease.generation, "", self.clock())
        return None

    def beat(self, lease: Lease) -> bool:
        """Say that we live; whether the lease is still ours."""
        if self._is_followed(lease):
            return False
        self._beats += 1
        self.store.put(lease.path, self._said())
        return True

    def release(self, lease: Lease) -> None:
        """The newest first: an older one alone looks like that of a worker that died, and does no harm."""
        for generation in range(lease.generation, 0, -1):
            self.store.delete(_path(lease.key, generation))

    def _is_followed(self, lease: Lease) -> bool:
        return self.store.version(_path(lease.key, lease.generation + 1)) is not None

    def _said(self) -> bytes:
        return json.dumps({"worker": self.worker, "beat": self._beats}).encode()


def _path(key: str, generation: int) -> str:
    return f"{FOLDER}/{key}.{generation}"
