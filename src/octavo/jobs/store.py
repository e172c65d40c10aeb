"""The jobs of a server: what was asked, how far it is, what came of it. SQLite beside files, or all of it in memory.

Several servers of one machine may share a folder. A job that runs is leased by its server, which renews the lease;
where it stops, another takes the job over. Each method is one transaction, so that a server may be killed between any
two lines of it, and what only the holder of a lease may do changes nothing once the lease is another's. The database
is in WAL mode, which needs memory shared by its users: a disk of this machine, not one of a network.

Whose turn it is: jobs are in lanes, one for each key and length, and a lane that had fewer pages comes first
(start-time fair queueing: Goyal, Vin and Cheng 1996). So one key's thousand jobs do not hold up another's one, nor long
jobs short ones of the same key.

The methods block, and are for one thread.
"""

import fcntl
import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from octavo.errors import EngineUnavailable, JobAbandoned, JobCancelled, OctavoError, Overloaded
from octavo.jobs.entries import Event, JobEntry, JobStatus, Limits, Load, New
from octavo.jobs.files import Files, InFolder, InMemory

REPLY = "reply.json"
_SEEN = "seen/"
_BUSY_SECONDS = 30.0  # another server's transaction takes milliseconds; a disk that hangs is no reason to wait longer
_VERSION = 2  # of the tables: a folder of another version is refused

_TABLES = """
CREATE TABLE jobs (
    number INTEGER PRIMARY KEY,        -- in the order they came
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,               -- name of the key
    status TEXT NOT NULL,
    created REAL NOT NULL,             -- seconds since 1970, as all times here
    started REAL,
    ended REAL,
    payload TEXT NOT NULL,             -- what was asked, until the job ends: there may be secrets in it
    parts INTEGER,                     -- how many files its source has; null: it is still to be fetched
    bytes INTEGER NOT NULL DEFAULT 0,  -- of its source while it has not ended, then of its result
    pages INTEGER,                     -- to be read; null: not known yet
    done INTEGER NOT NULL DEFAULT 0,   -- of those
    digest TEXT,                       -- equal ones have equal results
    reading TEXT,                      -- its checkpoint's name
    cached INTEGER NOT NULL DEFAULT 0,
    error TEXT,                        -- `error_details`, as JSON
    holder TEXT,                       -- the server that has it
    lease REAL NOT NULL DEFAULT 0,     -- until when
    attempts INTEGER NOT NULL DEFAULT 0,
    wish TEXT,                         -- what its holder is asked to do: cancel, delete
    idempotency TEXT,
    webhook TEXT,
    UNIQUE (owner, idempotency)
);
CREATE INDEX jobs_open ON jobs (status) WHERE ended IS NULL;
CREATE INDEX jobs_digest ON jobs (digest, owner);
CREATE INDEX jobs_ended ON jobs (ended);
CREATE TABLE events (
    job TEXT NOT NULL, number INTEGER NOT NULL, kind TEXT NOT NULL, data TEXT NOT NULL, PRIMARY KEY (job, number)
) WITHOUT ROWID;
CREATE TABLE seen (                    -- pages that were read, by what is seen of them
    owner TEXT NOT NULL, page TEXT NOT NULL, job TEXT NOT NULL, PRIMARY KEY (owner, page)
) WITHOUT ROWID;
CREATE INDEX seen_job ON seen (job);
CREATE TABLE lanes (owner TEXT NOT NULL, long INTEGER NOT NULL, finish REAL NOT NULL, PRIMARY KEY (owner, long));
CREATE TABLE clock (now REAL NOT NULL);
CREATE TABLE hooks (
    job TEXT PRIMARY KEY, due REAL NOT NULL, tries INTEGER NOT NULL DEFAULT 0, lease REAL NOT NULL DEFAULT 0
);
INSERT INTO clock VALUES (0);
"""


class JobStore:
    """See the module's own words."""

    def __init__(self, folder: Path | None, *, holder: str, lease_seconds: float, attempts: int) -> None:
        """`holder` is this server's name. Raises EngineUnavailable where the folder cannot be used."""
        self.files: Files = InMemory() if folder is None else InFolder(folder / "jobs")
        self._holder, self._lease, self._attempts = holder, lease_seconds, attempts
        self._servers = None if folder is None else folder / "servers"
        self._alive: int | None = None
        try:
            if folder is not None:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._base = sqlite3.connect(
                ":memory:" if folder is None else folder / "octavo.db",
                timeout=_BUSY_SECONDS,
                isolation_level=None,
                check_same_thread=False,  # one at a time is all it asks
            )
            if folder is not None:
                (folder / "octavo.db").chmod(0o600)
                self._alive = _locked(folder / "servers", holder)
            self._base.row_factory = sqlite3.Row
            self._base.execute("PRAGMA journal_mode = WAL")
            self._base.execute("PRAGMA synchronous = NORMAL")  # a power cut may cost the last jobs, never the file
            self._base.execute("PRAGMA secure_delete = ON")
            with self._transaction():
                if not (version := self._base.execute("PRAGMA user_version").fetchone()[0]):
                    for statement in _TABLES.split(";\n"):
                        self._base.execute(statement)
                    self._base.execute(f"PRAGMA user_version = {_VERSION}")
        except (OSError, sqlite3.Error) as error:
            raise EngineUnavailable(f"the folder of store cannot be used: {type(error).__name__}") from error
        if version not in (0, _VERSION):
            raise EngineUnavailable(f"the folder of store has version {version}, and this is {_VERSION}")

    def close(self) -> None:
        self._base.close()
        if self._alive is not None and self._servers is not None:
            (self._servers / self._holder).unlink(missing_ok=True)
            os.close(self._alive)

    # --- taking in -----------------------------------------------------------------------------------------------

    def admit(self, new: New, limits: Limits, *, held: bool = False) -> JobEntry:
        """Take a job in, or give the one that came under the same idempotency key. Raises Overloaded.

        `held`: it is this server's, which knows an answer to it.
        """
        with self._transaction() as now:
            if new.idempotency is not None:
                known = self._one("owner = ? AND idempotency = ?", new.owner, new.idempotency)
                if known is not None:
                    return known
            self._refuse_too_much(new, limits)
            row = asdict(new) | {"payload": json.dumps(new.payload), "status": JobStatus.QUEUED, "created": now}
            self._base.execute(
                "INSERT INTO jobs (id, owner, status, created, payload, parts, bytes, pages, digest, reading,"
                " idempotency, webhook) VALUES (:id, :owner, :status, :created, :payload, :parts, :bytes, :pages,"
                " :digest, :reading, :idempotency, :webhook)",
                row,
            )
            self._event(new.id, JobStatus.QUEUED, {})
            if held:
                self._hold(new.id, now)
            return self._surely(new.id)

    def arrived(self, job: str, new: New, limits: Limits) -> bool:
        """The source of a job that this server fetched is here; False where the job is another's by now.

        It stays this server's until it is released. Raises Overloaded where its key has more pages than it may:
        nobody knew when it came.
        """
        with self._transaction() as now:
            if not self._held(job):
                return False
            self._refuse_too_much(new, limits, but=job)
            self._base.execute(
                "UPDATE jobs SET parts = ?, bytes = ?, pages = ?, digest = ?, reading = ?, payload = ? WHERE id = ?",
                (new.parts, new.bytes, new.pages, new.digest, new.reading, json.dumps(new.payload), job),
            )
            self._hold(job, now)
            return True

    def _hold(self, job: str, now: float) -> None:
        self._base.execute(
            "UPDATE jobs SET holder = ?, lease = ?, attempts = 1 WHERE id = ?", (self._holder, now + self._lease, job)
        )

    def _refuse_too_much(self, new: New, limits: Limits, but: str = "") -> None:
        sums = "SELECT COUNT(*) AS jobs, TOTAL(bytes) AS bytes, TOTAL(pages - done) AS pages FROM jobs"
        unended = f"{sums} WHERE ended IS NULL AND id <> :but"
        names = {"but": but, "owner": new.owner}
        all_keys = self._base.execute(unended, names).fetchone()
        own = self._base.execute(f"{unended} AND owner = :owner", names).fetchone()
        for name, have, more, most in (
            ("queue_jobs", all_keys["jobs"], 1, limits.jobs),
            ("queue_bytes", all_keys["bytes"], new.bytes, limits.bytes),
            ("key_jobs", own["jobs"], 1, limits.key_jobs),
            ("key_bytes", own["bytes"], new.bytes, limits.key_bytes),
            ("key_pages", own["pages"], new.pages or 0, limits.key_pages),
        ):
            if have + more > most:
                raise Overloaded(f"{have:.0f} are in hand and {most} may be ({name}): send it again later")

    def answered_before(self, digest: str, owner: str) -> JobEntry | None:
        """A job of the same key with the same question that was read whole."""
        return self._one("digest = ? AND owner = ? AND status = ? ORDER BY ended DESC", digest, owner, "success")

    def answer_from(self, job: str, known: JobEntry, reply: bytes, beginnings: tuple[str, ...]) -> bool:
        """End a job with this reply, and pages and files that another has; False where either is gone by now."""
        self.files.copy(known.id, job, beginnings)
        self.files.write(job, REPLY, reply)
        with self._transaction() as now:
            if not self._held(job) or self._one("id = ?", known.id) is None:
                return False
            events = self._base.execute("SELECT * FROM events WHERE job = ? AND kind = 'page'", (known.id,)).fetchall()
            for event in events:
                self._event(job, "page", json.loads(event["data"].replace(known.id, job)))
            self._base.execute(
                "UPDATE jobs SET cached = 1, started = ?, done = pages WHERE id = ?",
                (now, job),
            )
            self._end(job, known.status, None, now)
        self.files.remove(job, "source/")
        self._base.execute("UPDATE jobs SET bytes = ? WHERE id = ?", (self.files.size(job), job))
        return True

    # --- working -------------------------------------------------------------------------------------------------

    def claim_to_fetch(self) -> JobEntry | None:
        """The next job whose source is to be fetched, leased."""
        with self._transaction() as now:
            free = "status = 'queued' AND parts IS NULL AND lease < ? AND holder IS NOT ? AND wish IS NULL"
            job = self._one(f"{free} ORDER BY number", now, self._holder)
            return None if job is None else self._leased(job, JobStatus.QUEUED, now)

    def claim(self, *, short: int, long_too: bool) -> JobEntry | None:
        """The next job to be read, leased. `short`: most pages of a short one; others only where `long_too`."""
        with self._transaction() as now:
            lanes = self._base.execute(
                "SELECT waiting.owner, waiting.long, waiting.first, COALESCE(lanes.finish, 0) AS finish FROM ("
                " SELECT owner, pages > ? AS long, MIN(number) AS first FROM jobs WHERE ended IS NULL"
                " AND parts IS NOT NULL AND lease < ? AND holder IS NOT ? AND wish IS NULL"
                " GROUP BY owner, pages > ?) AS waiting"
                " LEFT JOIN lanes ON lanes.owner = waiting.owner AND lanes.long = waiting.long"
                " WHERE waiting.long <= ?",
                (short, now, self._holder, short, long_too),
            ).fetchall()
            if not lanes:
                return None
            clock = self._base.execute("SELECT now FROM clock").fetchone()[0]
            begin, first, lane = min((max(clock, lane["finish"]), lane["first"], tuple(lane)) for lane in lanes)
            job = self._one("number = ?", first)
            if job is None:
                return None
            self._base.execute("UPDATE clock SET now = ?", (begin,))
            self._base.execute("DELETE FROM lanes WHERE finish <= ?", (begin,))  # as good as none
            self._base.execute(
                "INSERT INTO lanes VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET finish = excluded.finish",
                (*lane[:2], begin + max(1, job.pages or 1)),
            )
            return self._leased(job, JobStatus.RUNNING, now)

    def _leased(self, job: JobEntry, status: JobStatus, now: float) -> JobEntry | None:
        """The job, this server's from now on; None where too many servers ended while they had it."""
        if job.attempts >= self._attempts:
            error = JobAbandoned(f"{job.attempts} servers ended while they had this job (attempts): it is given up")
            self._end(job.id, JobStatus.ERROR, error, now)
            return None
        if status is JobStatus.RUNNING and job.status is not status:
            self._event(job.id, status, {"pages": job.pages})
        self._base.execute(
            "UPDATE jobs SET status = ?, holder = ?, lease = ?, attempts = attempts + 1,"
            " started = COALESCE(started, ?) WHERE id = ?",
            (status, self._holder, now + self._lease, now if status is JobStatus.RUNNING else None, job.id),
        )
        return self._surely(job.id)

    def renew(self) -> dict[str, str | None]:
        """Keep what this server has: its jobs, and what each is wished for."""
        with self._transaction() as now:
            self._base.execute(
                "UPDATE jobs SET lease = ? WHERE holder = ? AND ended IS NULL AND lease > 0",
                (now + self._lease, self._holder),
            )
            rows = self._base.execute(
                "SELECT id, wish FROM jobs WHERE holder = ? AND ended IS NULL", (self._holder,)
            ).fetchall()
            return {row["id"]: row["wish"] for row in rows}

    def bury(self) -> None:
        """Take their leases from servers that have died, which the system tells by their locks: at once, where a lease
        alone would tell after its time."""
        if self._servers is None:
            return
        for file in self._servers.iterdir():
            if file.name != self._holder and _is_dead(file):
                with self._transaction():
                    self._base.execute("UPDATE jobs SET lease = 0 WHERE holder = ?", (file.name,))
                file.unlink(missing_ok=True)

    def release(self, job: str, *, blamed: bool = False) -> None:
        """Give a job back; `blamed`: it may be its own fault, and counts as a server that ended with it."""
        with self._transaction():
            if self._held(job):
                less = 0 if blamed else 1
                self._base.execute(
                    "UPDATE jobs SET holder = NULL, lease = 0, attempts = attempts - ? WHERE id = ?", (less, job)
                )

    def page_done(self, job: str, page: int, body: bytes, data: Mapping[str, Any], done: int) -> None:
        """Keep a page and say so, unless it was said before: a job that goes on gives its first pages again."""
        name = f"pages/{page}.json"
        if not self._held(job):
            return
        otherwise = self.files.read(job, name) != body
        if otherwise:
            self.files.write(job, name, body)
        with self._transaction():
            if self._held(job):
                self._base.execute("UPDATE jobs SET done = MAX(done, ?) WHERE id = ?", (done, job))
                if otherwise or not self._told_of(job, page):  # a server may have died between file and event
                    self._event(job, "page", {"page": page, **data})

    def keep_seen(self, job: str, owner: str, page: str, data: bytes) -> None:
        """A page as it was read, for jobs of the same key in which it comes again; it goes with its job."""
        if not self._held(job):
            return
        self.files.write(job, _SEEN + page, data)
        with self._transaction():
            if self._held(job):
                self._base.execute("INSERT OR REPLACE INTO seen VALUES (?, ?, ?)", (owner, page, job))

    def seen(self, owner: str, page: str) -> bytes | None:
        row = self._base.execute("SELECT job FROM seen WHERE owner = ? AND page = ?", (owner, page)).fetchone()
        return None if row is None else self.files.read(row["job"], _SEEN + page)

    def _told_of(self, job: str, page: int) -> bool:
        of_page = "SELECT 1 FROM events WHERE job = ? AND kind = 'page' AND json_extract(data, '$.page') = ?"
        return self._base.execute(of_page, (job, page)).fetchone() is not None

    def finish(self, job: str, status: JobStatus, reply: bytes, error: Mapping[str, Any] | None) -> bool:
        """How a job that this server has ended; False, and nothing, where it is another's by now."""
        if not self._held(job):
            return False
        self.files.write(job, REPLY, reply)
        with self._transaction() as now:
            if not self._held(job):
                return False
            deleted = self._surely(job).wish == "delete"
            self._end(job, status, error, now)
        if deleted:
            self.forget(job)
            return False
        self.files.remove(job, "source/")
        self._base.execute("UPDATE jobs SET bytes = ? WHERE id = ?", (self.files.size(job), job))
        return True

    def _end(self, job: str, status: JobStatus, error: Mapping[str, Any] | OctavoError | None, now: float) -> None:
        if isinstance(error, OctavoError):
            error = {"code": error.code, "message": error.message, "fault": error.fault, "retryable": error.retryable}
        said = None if error is None else json.dumps(error)
        self._base.execute(
            "UPDATE jobs SET status = ?, error = ?, ended = ?, payload = '{}', holder = NULL, lease = 0, wish = NULL"
            " WHERE id = ?",
            (status, said, now, job),
        )
        self._event(job, status, {} if error is None else {"error_details": error})
        self._base.execute(
            "INSERT INTO hooks (job, due) SELECT id, ? FROM jobs WHERE id = ? AND webhook <> ''", (now, job)
        )

    # --- asking --------------------------------------------------------------------------------------------------

    def job(self, job: str, owner: str | None) -> JobEntry | None:
        """A job of this key, or of any; one that is about to be deleted is none."""
        found = self._one("id = ?", job)
        hidden = found is None or found.wish == "delete" or owner not in (None, found.owner)
        return None if hidden else found

    def jobs(self, owner: str | None, before: int | None, most: int) -> list[JobEntry]:
        """The newest, or those that came before the one of this number."""
        rows = self._base.execute(
            "SELECT * FROM jobs WHERE (? IS NULL OR owner = ?) AND number < ? AND wish IS NOT 'delete'"
            " ORDER BY number DESC LIMIT ?",
            (owner, owner, 1 << 62 if before is None else before, most),
        )
        return [_entry(row) for row in rows]

    def ahead_of(self, job: JobEntry) -> int:
        """Jobs that wait and came before it; how soon it has its turn is for the lanes to say."""
        row = self._base.execute(
            "SELECT COUNT(*) FROM jobs WHERE status = 'queued' AND ended IS NULL AND number < ?", (job.number,)
        ).fetchone()
        return int(row[0])

    def events(self, job: str, after: int) -> list[Event]:
        rows = self._base.execute(
            "SELECT number, kind, data FROM events WHERE job = ? AND number > ? ORDER BY number", (job, after)
        )
        return [Event(*row) for row in rows]

    def load(self) -> Load:
        row = self._base.execute(
            "SELECT TOTAL(status = 'queued'), TOTAL(status = 'running'), TOTAL(pages - done), TOTAL(bytes),"
            " MIN(CASE WHEN status = 'queued' THEN created END) FROM jobs WHERE ended IS NULL"
        ).fetchone()
        return Load(int(row[0]), int(row[1]), int(row[2]), int(row[3]), row[4])

    # --- ending, forgetting --------------------------------------------------------------------------------------

    def wish(self, job: str, wish: str) -> None:
        """Cancel a job, or delete it: at once where no server has it, else its holder is asked to."""
        with self._transaction() as now:
            found = self._surely(job)
            held = found.ended is None and self._lease_of(job) >= now
            if held:
                self._base.execute("UPDATE jobs SET wish = ? WHERE id = ?", (wish, job))
            elif wish == "cancel" and found.ended is None:
                self._end(job, JobStatus.CANCELLED, JobCancelled("the job was cancelled"), now)
        if not held:
            if wish == "cancel":
                self.files.remove(job, "source/")
            else:
                self.forget(job)

    def cancelled(self, job: str) -> None:
        """A job that this server has was cancelled, and nothing of it runs any more."""
        with self._transaction() as now:
            if self._held(job):
                self._end(job, JobStatus.CANCELLED, JobCancelled("the job was cancelled"), now)
        self.files.remove(job, "source/")

    def forget(self, job: str) -> None:
        """Remove every trace of a job, from the database's own journal too."""
        self.files.remove(job)
        with self._transaction():
            for table, column in (("events", "job"), ("hooks", "job"), ("seen", "job"), ("jobs", "id")):
                self._base.execute(f"DELETE FROM {table} WHERE {column} = ?", (job,))  # noqa: S608  our own names
        self._base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.files.remove(job)  # what was written meanwhile by who did not know yet

    def tidy(self, retention: float, most_bytes: int) -> list[JobEntry]:
        """Forget what was kept long enough or is too much, and what nobody knows; the jobs, for what else they left.

        What jobs asked for goes from the database with their ends, and here from its journal.
        """
        now = time.time()
        old = [_entry(row) for row in self._base.execute("SELECT * FROM jobs WHERE ended < ?", (now - retention,))]
        unheld = "SELECT * FROM jobs WHERE wish IS NOT NULL AND lease < ?"
        for row in self._base.execute(unheld, (now,)).fetchall():  # their holder died before it did as it was asked
            self.wish(row["id"], row["wish"])
        kept, ended = 0, self._base.execute("SELECT * FROM jobs WHERE ended IS NOT NULL ORDER BY ended DESC").fetchall()
        for row in ended:
            kept += row["bytes"]
            if kept > most_bytes and row["ended"] >= now - retention:
                old.append(_entry(row))
        for stray in list(self.files.strays()):
            if self._one("id = ?", stray) is None:
                self.files.remove(stray)
        for job in old:
            self.forget(job.id)
        self._base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return old

    # --- webhooks ------------------------------------------------------------------------------------------------

    def claim_hook(self) -> tuple[JobEntry, int] | None:
        """The next job whose end is to be told, leased, and how often that was tried."""
        with self._transaction() as now:
            row = self._base.execute(
                "SELECT * FROM hooks WHERE due <= ? AND lease < ? ORDER BY due", (now, now)
            ).fetchone()
            if row is None:
                return None
            self._base.execute("UPDATE hooks SET lease = ?, tries = tries + 1 WHERE job = ?", (now + 60, row["job"]))
            return self._surely(row["job"]), row["tries"]

    def hook_told(self, job: str, again_in: float | None) -> None:
        """It was told, or is given up; or is to be tried again in so many seconds."""
        with self._transaction() as now:
            if again_in is None:
                self._base.execute("DELETE FROM hooks WHERE job = ?", (job,))
            else:
                self._base.execute("UPDATE hooks SET due = ?, lease = 0 WHERE job = ?", (now + again_in, job))

    # --- inside --------------------------------------------------------------------------------------------------

    @contextmanager
    def _transaction(self) -> Iterator[float]:
        """What time it is; within, nobody else writes."""
        self._base.execute("BEGIN IMMEDIATE")
        try:
            yield time.time()
        except BaseException:
            self._base.execute("ROLLBACK")
            raise
        self._base.execute("COMMIT")

    def _one(self, where: str, *values: object) -> JobEntry | None:
        row = self._base.execute(f"SELECT * FROM jobs WHERE {where} LIMIT 1", values).fetchone()  # noqa: S608  our own
        return None if row is None else _entry(row)

    def _surely(self, job: str) -> JobEntry:
        found = self._one("id = ?", job)
        if found is None:
            raise LookupError(job)
        return found

    def _held(self, job: str) -> bool:
        return self._one("id = ? AND holder = ? AND ended IS NULL", job, self._holder) is not None

    def _lease_of(self, job: str) -> float:
        return float(self._base.execute("SELECT lease FROM jobs WHERE id = ?", (job,)).fetchone()[0])

    def _event(self, job: str, kind: str, data: Mapping[str, Any]) -> None:
        self._base.execute(
            "INSERT INTO events SELECT ?, COALESCE(MAX(number), 0) + 1, ?, ? FROM events WHERE job = ?",
            (job, kind, json.dumps(data), job),
        )


def _entry(row: sqlite3.Row) -> JobEntry:
    read: dict[str, Callable[[Any], Any]] = {
        "status": JobStatus,
        "payload": json.loads,
        "cached": bool,
        "error": lambda text: None if text is None else json.loads(text),
    }
    names = [part.name for part in fields(JobEntry)]
    return JobEntry(**{name: read.get(name, lambda value: value)(row[name]) for name in names})


def _locked(folder: Path, name: str) -> int:
    """A file that is locked as long as this process lives."""
    folder.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(folder / name, os.O_CREAT | os.O_RDWR, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


def _is_dead(file: Path) -> bool:
    """Whether nobody has the lock any more."""
    try:
        descriptor = os.open(file, os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True
