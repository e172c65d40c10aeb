"""What the store says of jobs: one that is asked for, one that it has, what happened to it, and all together."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from octavo.frozen import frozen


class JobStatus(StrEnum):
    """How far a job is; the last four are how it ended."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    PARTIAL = "partial"
    ERROR = "error"
    CANCELLED = "cancelled"


@frozen
class JobEntry:
    """A job as the store has it."""

    number: int
    id: str
    owner: str
    status: JobStatus
    created: float
    started: float | None
    ended: float | None
    payload: Mapping[str, Any]
    parts: int | None
    bytes: int
    pages: int | None
    done: int
    digest: str | None
    reading: str | None
    cached: bool
    error: Mapping[str, Any] | None
    attempts: int
    wish: str | None
    webhook: str | None


@frozen
class New:
    """A job to be taken in. Its source lies in the store's files already, or is still to be fetched."""

    id: str
    owner: str
    payload: Mapping[str, Any]
    parts: int | None = None
    bytes: int = 0
    pages: int | None = None
    digest: str | None = None
    reading: str | None = None
    idempotency: str | None = None
    webhook: str | None = None


@frozen
class Limits:
    """What may wait or run at a time."""

    jobs: int
    bytes: int
    key_jobs: int
    key_bytes: int
    key_pages: int


@frozen
class Event:
    """Something that happened to a job; numbers count from 1."""

    number: int
    kind: str
    data: str  # JSON


@frozen
class Load:
    """What has not ended."""

    queued: int
    running: int
    pages: int  # still to be read, of those whose number is known
    bytes: int
    oldest: float | None  # when the job came that has waited longest
