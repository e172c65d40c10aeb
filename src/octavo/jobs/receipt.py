"""A job's receipt: tokens, time at the model, time it waited for the engine, its share of the worker, and the price.

Jobs that run side by side share the worker: of each second in which n jobs are in hand, every one of them bears 1/n.
The shares of all jobs add up to the time in which the worker had a job at all, so no second is on two receipts. What is
on none: the start before the first job, idle time, and putting a large result somewhere, which comes after its receipt
was written.
"""

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

from octavo.document import Document, Spans, Usage


class SharedTime:
    """Shares out the worker's time among the jobs in hand. For one event loop."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen = clock()
        self._jobs = 0
        self._each = 0.0  # seconds that a job bears which was in hand all along

    @contextmanager
    def share(self) -> Iterator["TimeShare"]:
        """One job, from when it has a place to when it ends."""
        self._turn()
        self._jobs += 1
        try:
            yield TimeShare(self._turn, self._each, self._clock)
        finally:
            self._turn()
            self._jobs -= 1

    def _turn(self) -> float:
        now = self._clock()
        if self._jobs:
            self._each += (now - self._seen) / self._jobs
        self._seen = now
        return self._each


class TimeShare:
    """One job's part, up to now."""

    def __init__(self, each: Callable[[], float], so_far: float, clock: Callable[[], float]) -> None:
        self._each, self._so_far = each, so_far
        self._clock, self._began = clock, clock()

    @property
    def seconds(self) -> float:
        """Of the worker's time."""
        return self._each() - self._so_far

    @property
    def wall_seconds(self) -> float:
        """By the clock on the wall."""
        return self._clock() - self._began


def receipt(
    document: Document, known: Collection[int], share: TimeShare, price_per_hour: float | None
) -> dict[str, Any]:
    """The result's `usage`. Tokens are of all pages; seconds leave out the `known` ones, which another worker read."""
    read_here = Usage.total(
        block.recognition.usage for page in document.pages if page.number not in known for block in page.blocks
    )
    seconds = share.seconds
    return {
        "prompt_tokens": document.usage.prompt_tokens,
        "completion_tokens": document.usage.completion_tokens,
        "requests": document.usage.requests,
        "model_seconds": round(read_here.model_seconds, 3),
        "model_wall_seconds": round(length(read_here.at_model), 3),
        "engine_wait_seconds": round(length(read_here.waiting), 3),
        "worker_seconds": round(seconds, 3),
        "usd": dollars(seconds, price_per_hour),
    }


def length(spans: Spans) -> float:
    """Seconds."""
    return sum(end - start for start, end in spans)


def dollars(seconds: float, price_per_hour: float | None) -> float | None:
    """What so many seconds of a worker cost; None where its price is not known."""
    return None if price_per_hour is None else round(seconds * price_per_hour / 3600, 6)
