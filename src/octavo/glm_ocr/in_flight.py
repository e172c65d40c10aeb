"""How many requests may be in flight: as many as the server works on at a time, and a few that wait there.

vLLM says how many it works on and how many wait (/metrics). While none wait and the limit is what holds us back, the
limit grows; where more wait than the server needs to go on without a pause, it shrinks. Requests of others count
alike: a server that is full does not get faster by a longer queue. A server that does not tell gets the least: that
one can do more shows only in its queue, for answers differ in length more than its pace does.
"""

import math
import re
import resource
from dataclasses import replace

from octavo.frozen import frozen

LEAST = 32
MOST = 1024

QUICK, SLOW = 0.1, 1.0  # seconds between two looks: while the limit grows, and when it has long stayed


@frozen
class ServerLoad:
    """Requests at a server, everybody's."""

    running: int
    waiting: int
    cache: float | None = None  # 0..1, how full the fullest engine's KV cache is; where it is told


def load_in(metrics: str) -> ServerLoad | None:
    """The load in vLLM's metrics (Prometheus text), over all its engines; None where they do not tell."""
    running, waiting = (_sum(gauge, metrics) for gauge in (_RUNNING, _WAITING))
    if running is None or waiting is None:
        return None
    cache = max((full for full in map(float, _CACHE.findall(metrics)) if full <= 1), default=None)
    return ServerLoad(running, waiting, cache)


def _gauge(name: str) -> re.Pattern[str]:
    return re.compile(
        rf"^{re.escape(name)}(?:\{{[^}}]*\}})? +(\d{{1,9}}(?:\.\d*)?(?:[eE]\+?\d)?)(?:\s|$)", re.MULTILINE
    )


_RUNNING, _WAITING = _gauge("vllm:num_requests_running"), _gauge("vllm:num_requests_waiting")
_CACHE = re.compile(
    r"^vllm:(?:gpu|kv)_cache_usage_perc(?:\{[^}]*\})? +(\d+(?:\.\d*)?(?:[eE]-?\d{1,3})?)(?:\s|$)", re.MULTILINE
)


def _sum(gauge: re.Pattern[str], metrics: str) -> int | None:
    found = gauge.findall(metrics)
    return int(sum(map(float, found))) if found else None


@frozen
class Limit:
    """On requests in flight, between two bounds; one that is given is both of them."""

    requests: int
    least: int
    most: int
    was_reached: bool = False  # the server was full once: from then on it grows by small steps

    @property
    def adapts(self) -> bool:
        return self.least < self.most

    def following(self, held: int, load: ServerLoad) -> "Limit":
        """The next limit, given how many of this one are used, and the load of the server."""
        reserve = _reserve(load.running)
        if load.waiting > reserve:
            ours = min(1.0, held / (load.running + load.waiting))
            surplus = math.ceil(ours * (load.waiting - reserve))
            # From what is in flight, not from the limit: on a slow server that stays above it for several looks.
            return replace(self, requests=max(self.least, min(self.requests, held - surplus)), was_reached=True)
        full = 8 * held >= 7 * self.requests  # answers come in flocks, and for a moment some of it is free
        # Else they are held up on the way, or in what comes before vLLM's queue. Just half is, after a doubling, none
        # of those that were added.
        arrived = 2 * load.running > held
        if load.waiting or not full or not arrived:
            return self
        step = _reserve(self.requests) if self.was_reached else self.requests
        return replace(self, requests=min(self.most, self.requests + step))


def first_limit(given: int | None, *, connections: int | None, sequences: int | None) -> Limit:
    """What to begin with. `connections` are the most that may be open; `sequences`, where known, the server's own."""
    if given is not None:
        limit = min(given, connections or given)
        return Limit(limit, limit, limit)
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST if files == resource.RLIM_INFINITY else min(MOST, files // 2)  # each connection is an open file
    most = min(most, connections or most, most if sequences is None else sequences + _reserve(sequences))
    least = min(LEAST, max(1, most))
    return Limit(least, least, max(1, most))


def _reserve(requests: int) -> int:
    """What waits at a server that works on so many, for it to go on without a pause."""
    return max(2, requests // 8)
