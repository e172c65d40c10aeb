"""What a job will take, from what jobs like it took on this worker; unknown where nothing was measured.

Jobs are alike when their source is of one kind and they are read in one way: with or without the text layer, with or
without layout, in one profile. Counted are those that were read whole, by this worker alone, and did not wait for the
engine to start.
"""

import statistics
from collections import deque
from typing import Any

from octavo.frozen import frozen
from octavo.jobs.receipt import dollars
from octavo.settings import ParseOptions

_REMEMBERED = 64  # jobs of one kind; older ones say little of how things are now


@frozen
class Kind:
    """Jobs that take alike."""

    is_pdf: bool
    text_layer: str
    layout: bool
    profile: str

    @classmethod
    def of(cls, options: ParseOptions, *, is_pdf: bool) -> "Kind":
        return cls(is_pdf, options.text_layer.value, options.layout, options.profile.value)


@frozen
class Taken:
    """What one job took."""

    pages: int
    wall_seconds: float
    worker_seconds: float  # its share of the worker


class Estimates:
    """Of one worker."""

    def __init__(self) -> None:
        self._pace: float | None = None
        self._taken: dict[Kind, deque[Taken]] = {}

    def learn(self, kind: Kind, taken: Taken) -> None:
        if taken.pages:
            self._taken.setdefault(kind, deque(maxlen=_REMEMBERED)).append(taken)

    def learn_pace(self, pages_per_second: float) -> None:
        """What a self-test measured on a worker like this: used where no job was."""
        self._pace = pages_per_second

    def of(self, kind: Kind, pages: int, price_per_hour: float | None) -> dict[str, Any]:
        """The result's `dry_run`: medians of seconds per page, times the pages."""
        taken = self._taken.get(kind, ())
        if taken:
            wall = statistics.median(job.wall_seconds / job.pages for job in taken)
            share = statistics.median(job.worker_seconds / job.pages for job in taken)
            basis: dict[str, Any] = {"source": "jobs", "jobs": len(taken), "pages": sum(job.pages for job in taken)}
        elif self._pace:
            wall = share = 1 / self._pace
            basis = {"source": "selftest"}
        else:
            return {"pages": pages, "estimated_seconds": None, "estimated_usd": None, "based_on": None}
        return {
            "pages": pages,
            "estimated_seconds": round(pages * wall, 3),
            "estimated_usd": dollars(pages * share, price_per_hour),
            "based_on": basis | {"seconds_per_page": round(wall, 4)},
        }
