"""What a worker lets in, so that strangers cannot make it grow: jobs in hand, and the bytes they hold.

A job that finds no room is told so at once, with an error that says to come again; it is never half taken.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from octavo.errors import Overloaded, SourceTooLarge


class Hold:
    """The bytes of one job, counted as they come."""

    def __init__(self, room: "Room", most: int) -> None:
        self._room = room
        self._most = most
        self.bytes = 0

    def add(self, count: int) -> None:
        """So many more. Raises SourceTooLarge where the job has too many, Overloaded where all jobs together have."""
        if self.bytes + count > self._most:
            raise SourceTooLarge(f"the job's sources have more than {self._most} bytes together (job_bytes)")
        self._room.take(count)
        self.bytes += count


class Room:
    """Jobs in hand and the bytes they hold, within limits. For one event loop."""

    def __init__(self, *, jobs: int, bytes: int, on_empty: Callable[[], None] = lambda: None) -> None:
        """`on_empty` is called whenever nothing is left in it."""
        self._on_empty = on_empty
        self._most_jobs = jobs
        self._most_bytes = bytes
        self.jobs = 0
        self.bytes = 0

    @contextmanager
    def job(self) -> Iterator[None]:
        """A job is in hand meanwhile. Raises Overloaded."""
        if self.jobs >= self._most_jobs:
            raise Overloaded(f"{self.jobs} jobs are in hand already (jobs_in_hand): send it again later")
        self.jobs += 1
        try:
            yield
        finally:
            self.jobs -= 1
            self._see_whether_empty()

    @contextmanager
    def hold(self, most: int) -> Iterator[Hold]:
        """Bytes that are held meanwhile, at most so many."""
        held = Hold(self, most)
        try:
            yield held
        finally:
            self.bytes -= held.bytes
            self._see_whether_empty()

    def take(self, count: int) -> None:
        if self.bytes + count > self._most_bytes:
            raise Overloaded(f"the jobs in hand hold {self.bytes} bytes (held_bytes): send it again later")
        self.bytes += count

    def _see_whether_empty(self) -> None:
        if not (self.jobs or self.bytes):
            self._on_empty()
