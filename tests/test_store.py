"""The law of jobs, whatever servers, callers and clocks do: each ends once, none is lost, what ended stays as it is.

Two servers share a store. They take jobs, lose them, come back to those they have no longer, are killed and started
again, while callers cancel and delete and the clock jumps; hypothesis finds the schedule.
"""

import itertools
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule
from test_fuzz import EXAMPLES

from octavo.errors import Overloaded
from octavo.jobs import store as stores
from octavo.jobs.entries import JobEntry, JobStatus, Limits, New
from octavo.jobs.store import REPLY, JobStore

LIMITS = Limits(jobs=30, bytes=10_000, key_jobs=20, key_bytes=10_000, key_pages=1_000)
LEASE, ATTEMPTS = 30.0, 3
ENDS = {JobStatus.SUCCESS, JobStatus.PARTIAL, JobStatus.ERROR, JobStatus.CANCELLED}
SECRET = "planted-in-a-job"


def leased(store: JobStore, now: float) -> set[str]:
    """Jobs that some server has."""
    rows = store._base.execute("SELECT id FROM jobs WHERE ended IS NULL AND lease >= ?", (now,))
    return {row[0] for row in rows}


servers = st.sampled_from(("first", "second"))


class Schedules(RuleBasedStateMachine):
    """What servers and callers do, in any order; `believed` are jobs that a server goes on with, rightly or not."""

    jobs = Bundle("jobs")

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.clock = 1_000_000.0
        self.patch = mock.patch.object(stores, "time", SimpleNamespace(time=lambda: self.clock))
        self.patch.start()
        self.starts = itertools.count(1)
        self.alive: dict[str, JobStore] = {}
        self.believed: dict[str, set[str]] = {"first": set(), "second": set()}
        self.known: dict[str, tuple[str, bytes | None]] = {}  # how jobs ended, as it was first seen
        self.finished: list[str] = []  # by whose word, each time that `finish` took it
        self.may_be_gone: set[str] = set()
        self.admitted: list[str] = []
        for name in self.believed:
            self.start(name)

    def teardown(self) -> None:
        try:
            self.everything_ends()
        finally:
            for store in self.alive.values():
                store.close()
            self.patch.stop()
            shutil.rmtree(self.folder)

    # --- servers -------------------------------------------------------------------------------------------------

    @rule(server=servers)
    def start(self, server: str) -> None:
        """Under a name of its own each time, as `octavo serve` does."""
        if server not in self.alive:
            holder = f"{server} {next(self.starts)}"
            self.alive[server] = JobStore(self.folder, holder=holder, lease_seconds=LEASE, attempts=ATTEMPTS)
            self.believed[server] = set()

    @rule(server=servers)
    def kill(self, server: str) -> None:
        """As SIGKILL does: its leases and its file stay, the lock on it goes."""
        if (store := self.alive.pop(server, None)) is not None:
            store._base.close()
            assert store._alive is not None
            os.close(store._alive)

    @rule(seconds=st.sampled_from((-5_000.0, -1.0, 1.0, 20.0, 2 * LEASE, 5_000.0)))
    def jump(self, seconds: float) -> None:
        self.clock += seconds

    @rule(server=servers)
    def look(self, server: str) -> None:
        """A turn of a server's loop: leases renewed, wishes heard, the dead buried."""
        with self.store(server) as store:
            held = store.renew()
            store.bury()
            for job in list(self.believed[server]):
                if job not in held:
                    self.believed[server].discard(job)
                elif wish := held[job]:
                    self.believed[server].discard(job)
                    store.cancelled(job) if wish == "cancel" else store.forget(job)

    @rule(server=servers, retention=st.sampled_from((100.0, 10_000.0)), most=st.sampled_from((0, 10_000)))
    def tidy(self, server: str, retention: float, most: int) -> None:
        with self.store(server) as store:
            old = store.tidy(retention, most)
            assert all(entry.ended is not None for entry in old), "a job was forgotten before it had ended"
            self.may_be_gone |= {entry.id for entry in old}

    # --- callers -------------------------------------------------------------------------------------------------

    @rule(
        target=jobs,
        server=servers,
        owner=st.sampled_from(("", "other")),
        pages=st.integers(1, 3) | st.none(),  # None: its source is to be fetched
        again=st.none() | st.integers(0, 2),  # its idempotency key
        held=st.booleans(),
    )
    def admit(self, server: str, owner: str, pages: int | None, again: int | None, held: bool) -> object:
        with self.store(server) as store:
            name = f"job-{len(self.admitted)}"
            parts = None if pages is None else 1
            key = None if again is None else str(again)
            new = New(name, owner, {"password": SECRET}, parts, 1, pages, idempotency=key)
            try:
                entry = store.admit(new, LIMITS, held=held)
            except Overloaded:
                return multiple()
            if entry.id != name:
                assert entry.owner == owner
                return multiple()
            self.admitted.append(name)
            if held:
                self.believed[server].add(name)
            return name
        return multiple()

    @rule(server=servers, job=jobs, wish=st.sampled_from(("cancel", "cancel", "delete")))
    def wish(self, server: str, job: str, wish: str) -> None:
        with self.store(server) as store:
            if wish == "delete":
                self.may_be_gone.add(job)
            if store.job(job, None) is not None:
                store.wish(job, wish)

    # --- work, tried by any server on any job: one that has it no longer must change nothing ------------------------

    @rule(server=servers)
    def claim(self, server: str) -> None:
        with self.store(server) as store:
            before = leased(store, self.clock)
            self.takes(server, store.claim(short=2, long_too=True), before)

    @rule(server=servers)
    def claim_to_fetch(self, server: str) -> None:
        with self.store(server) as store:
            before = leased(store, self.clock)
            self.takes(server, store.claim_to_fetch(), before)

    def takes(self, server: str, entry: JobEntry | None, leased: set[str]) -> None:
        if entry is not None:
            assert entry.id not in self.known, "a job that had ended was handed out again"
            assert entry.id not in leased, "a job was handed out that another server has"
            self.believed[server].add(entry.id)

    @rule(server=servers, job=jobs)
    def arrived(self, server: str, job: str) -> None:
        with self.working(server, job) as store, suppress(Overloaded):
            store.arrived(job, New(job, "", {"password": SECRET}, 1, 1, 2), LIMITS)

    @rule(server=servers, job=jobs, page=st.integers(1, 3), body=st.sampled_from((b"once", b"otherwise")))
    def page(self, server: str, job: str, page: int, body: bytes) -> None:
        with self.working(server, job) as store:
            store.page_done(job, page, body, {}, page)

    @rule(server=servers, job=jobs, status=st.sampled_from((JobStatus.SUCCESS, JobStatus.PARTIAL, JobStatus.ERROR)))
    def finish(self, server: str, job: str, status: JobStatus) -> None:
        with self.working(server, job) as store:
            self.believed[server].discard(job)
            error = {"code": "internal"} if status is JobStatus.ERROR else None
            if store.finish(job, status, f"by {server}".encode(), error):
                self.finished.append(job)

    @rule(server=servers, job=jobs, blamed=st.booleans())
    def release(self, server: str, job: str, blamed: bool) -> None:
        with self.working(server, job) as store:
            self.believed[server].discard(job)
            store.release(job, blamed=blamed)

    @rule(server=servers, job=jobs)
    def cancelled(self, server: str, job: str) -> None:
        with self.working(server, job) as store:
            self.believed[server].discard(job)
            store.cancelled(job)

    # --- the law -------------------------------------------------------------------------------------------------

    @invariant()
    def each_ends_once_and_stays_as_it_ended(self) -> None:
        with self.any_store() as store:
            assert len(self.finished) == len(set(self.finished))
            for job in self.admitted:
                entry = store._one("id = ?", job)
                if entry is None:
                    assert job in self.may_be_gone, "a job was lost"
                    continue
                events = store.events(job, 0)
                assert [event.number for event in events] == list(range(1, len(events) + 1))
                ends = [event.kind for event in events if event.kind in ENDS]
                assert ends == ([entry.status] if entry.ended is not None else [])
                if entry.ended is None:
                    assert job not in self.known, "a job that had ended goes on"
                    continue
                assert events[-1].kind == entry.status, "something happened to a job that had ended"
                assert SECRET not in json.dumps(dict(entry.payload))
                how = (entry.status.value, store.files.read(job, REPLY))
                assert self.known.setdefault(job, how) == how

    def everything_ends(self) -> None:
        """A server that goes on where all others have stopped brings every job to its end."""
        for server in ("first", "second"):
            self.kill(server)
        self.start("first")
        with self.store("first") as store:
            self.clock += 2 * LEASE
            store.bury()
            for _ in range(4 * len(self.admitted) + 1):
                store.tidy(1e9, 1 << 40)  # wishes whose holder died
                self.clock += 1
                if (entry := store.claim_to_fetch()) is not None:
                    store.arrived(entry.id, New(entry.id, "", {}, 1, 1, 2), LIMITS)
                    store.release(entry.id)
                elif (entry := store.claim(short=2, long_too=True)) is not None and store.finish(
                    entry.id, JobStatus.SUCCESS, b"in the end", None
                ):
                    self.finished.append(entry.id)
            for job in self.admitted:
                entry = store._one("id = ?", job)
                assert job in self.may_be_gone or (entry is not None and entry.ended is not None), job
        self.each_ends_once_and_stays_as_it_ended()
        with self.store("first") as store:
            store.tidy(1e9, 1 << 40)
            for path in self.folder.rglob("*"):
                assert not path.is_file() or SECRET.encode() not in path.read_bytes(), path.name

    # --- inside --------------------------------------------------------------------------------------------------

    @contextmanager
    def store(self, server: str) -> Iterator[JobStore]:
        """A server's store; one that is dead is started first."""
        if server not in self.alive:
            self.start(server)
        yield self.alive[server]

    @contextmanager
    def working(self, server: str, job: str) -> Iterator[JobStore]:
        """The same, for what only the holder of a job may do: of any other, it must leave no trace."""
        with self.store(server) as store:
            holder = store._base.execute("SELECT holder FROM jobs WHERE id = ?", (job,)).fetchone()
            before = store._one("id = ?", job), store.events(job, 0)
            yield store
            if holder is None or holder[0] != store._holder:
                assert before == (store._one("id = ?", job), store.events(job, 0)), "somebody else's job was changed"

    @contextmanager
    def any_store(self) -> Iterator[JobStore]:
        with self.store(next(iter(self.alive), "first")) as store:
            yield store


class TestSchedules(Schedules.TestCase):  # type: ignore[name-defined,misc]
    settings = settings(
        max_examples=20 * EXAMPLES,
        stateful_step_count=40,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
    )


TestSchedules.pytestmark = [pytest.mark.slow]
