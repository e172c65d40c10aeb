"""How many requests may be in flight: as many as the server works on at a time, and a few that wait there.

vLLM says how many it works on and how many wait (/metrics). While none wait and the limit is what holds us back, the
limit grows; where more wait than the server needs to go on without a pause, it shrinks. Requests of others count
alike: a server that is full does not get faster by a longer queue. A server that does not tell gets the least.
"""

import resource
from dataclasses import dataclass

LEAST = 32
MOST = 1024

QUICK, SLOW = 0.2, 1.0  # seconds between two looks: while the limit grows, and afterwards


@dataclass(frozen=True, slots=True)
class Load:
    """Requests at a server, everybody's."""

    running: int
    waiting: int


def load_in(metrics: str) -> Load | None:
    """The load in vLLM's metrics (Prometheus text), over all its engines; None where they do not tell."""
    found: dict[str, float] = {}
    for line in metrics.splitlines():
        name, _, value = line.rpartition(" ")
        name = name.partition("{")[0]
        if name in (_RUNNING, _WAITING):
            try:
                found[name] = found.get(name, 0.0) + float(value)
            except ValueError:
                return None
    return Load(int(found[_RUNNING]), int(found[_WAITING])) if len(found) == 2 else None


_RUNNING, _WAITING = "vllm:num_requests_running", "vllm:num_requests_waiting"


def adapted(limit: int, held: int, load: Load, most: int) -> int:
    """The next limit, given the last, how many of it are used, and the load of the server."""
    reserve = max(2, load.running // 8)
    if load.waiting > reserve:
        return max(min(LEAST, most), limit - (load.waiting - reserve))
    arrived = 4 * load.running >= 3 * held  # else they are on their way, or in what comes before vLLM's queue
    if not load.waiting and held >= limit and arrived:
        return min(most, 2 * limit)
    return limit


def most_for(sequences: int | None) -> int:
    """The highest limit: for a server that is known to work on so many at a time, that and its reserve."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST if files == resource.RLIM_INFINITY else min(MOST, files // 2)  # each connection is an open file
    return most if sequences is None else max(1, min(most, sequences + max(2, sequences // 8)))
