"""What a fleet of workers does with jobs: waiting, cold starts, GPU hours and dollars, simulated.

    python bench/fleet.py --jobs-per-hour 600 --pages 20 --pages-per-second 6 --gpu L40S

Jobs come at random (Poisson) with pages spread around a mean (log-normal), and wait in one queue. A worker takes up to
--at-once jobs, and reads --pages-per-second over all of them. RunPod's rule of scaling by queue delay: when the oldest
job has waited --delay seconds and none that boots has room for it, a worker is started, up to --most. It costs money
from its start, answers after --cold seconds, and is given back after --idle seconds without work.
"""

import argparse
import heapq
import random
from collections import deque
from dataclasses import dataclass, field

# Dollars per second of RunPod Serverless flex workers, as its pricing page had them in the summer of 2026: look them up
# before you rely on them.
PRICES = {
    "A4000": 0.00016,
    "L4": 0.00019,
    "4090": 0.00031,
    "A40": 0.00034,
    "L40S": 0.00053,
    "A100": 0.00076,
    "H100": 0.00116,
    "B200": 0.00240,
}


@dataclass
class Worker:
    started: float
    ready: float
    free_at: list[float] = field(default_factory=list)  # heap: ends of the jobs it reads
    idle_since: float = 0.0


@dataclass(frozen=True)
class Outcome:
    waits: list[float]  # seconds from arrival to start
    worker_seconds: float
    cold_starts: int
    most_workers: int
    pages: int
    hours: float


def simulated(
    *,
    jobs_per_hour: float,
    pages: float,
    pages_per_second: float,
    at_once: int,
    cold: float,
    delay: float,
    idle: float,
    most: int,
    least: int,
    hours: float,
    seed: int = 1,
) -> Outcome:
    dice = random.Random(seed)
    arrivals = deque[tuple[float, int]]()
    now = 0.0
    while (now := now + dice.expovariate(jobs_per_hour / 3600)) < hours * 3600:
        arrivals.append((now, max(1, round(pages * dice.lognormvariate(-0.5, 1.0)))))
    total = sum(count for _, count in arrivals)
    workers = [Worker(0.0, 0.0) for _ in range(least)]
    queue, waits = deque[tuple[float, int]](), list[float]()
    spent, colds, peak, now = 0.0, 0, least, 0.0
    while arrivals or queue or any(worker.free_at for worker in workers):
        now += 0.25
        while arrivals and arrivals[0][0] <= now:
            queue.append(arrivals.popleft())
        for worker in workers:
            while worker.free_at and worker.free_at[0] <= now:
                worker.idle_since = heapq.heappop(worker.free_at)
            while queue and worker.ready <= now and len(worker.free_at) < at_once:
                came, count = queue.popleft()
                waits.append(now - came)
                # jobs share the worker: each goes as fast as those beside it leave it
                pace = pages_per_second / (len(worker.free_at) + 1)
                heapq.heappush(worker.free_at, now + count / pace)
        booting = sum(worker.ready > now for worker in workers)
        if queue and now - queue[0][0] > delay and len(workers) < most and booting * at_once < len(queue):
            workers.append(Worker(now, now + cold, idle_since=now + cold))
            colds += 1
            peak = max(peak, len(workers))
        for worker in [w for w in workers if not w.free_at and now - max(w.idle_since, w.ready) > idle]:
            if len(workers) > least:
                workers.remove(worker)
                spent += now - worker.started
    spent += sum(now - worker.started for worker in workers)
    return Outcome(waits, spent, colds, peak, total, now / 3600)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--jobs-per-hour", type=float, default=600)
    arguments.add_argument("--pages", type=float, default=20, help="mean of a job")
    arguments.add_argument("--pages-per-second", type=float, default=6, help="of one worker, measured on its GPU")
    arguments.add_argument("--at-once", type=int, default=8, help="jobs of a worker side by side")
    arguments.add_argument("--cold", type=float, default=90, help="seconds from start to the first page")
    arguments.add_argument("--delay", type=float, default=4, help="seconds in the queue that start another worker")
    arguments.add_argument("--idle", type=float, default=5, help="seconds without work that end one")
    arguments.add_argument("--most", type=int, default=20)
    arguments.add_argument("--least", type=int, default=0, help="workers that are always on")
    arguments.add_argument("--hours", type=float, default=4)
    arguments.add_argument("--gpu", choices=PRICES, default="L40S")
    chosen = vars(arguments.parse_args())
    price = PRICES[chosen.pop("gpu")]
    outcome = simulated(**chosen)
    waits = sorted(outcome.waits)
    median, late = waits[len(waits) // 2], waits[int(len(waits) * 0.95)]
    busy = outcome.pages / chosen["pages_per_second"]
    dollars = outcome.worker_seconds * price
    print(f"{len(waits)} jobs, {outcome.pages} pages in {outcome.hours:.1f} h; up to {outcome.most_workers} workers")
    print(
        f"wait before a job starts: median {median:.1f} s, 95 % within {late:.1f} s; {outcome.cold_starts} cold starts"
    )
    print(f"worker hours {outcome.worker_seconds / 3600:.1f}, of which reading {busy / outcome.worker_seconds:.0%}")
    print(f"${dollars:.2f}, ${dollars / outcome.pages * 1e6:.0f} per million pages (reading alone: ", end="")
    print(f"${price / chosen['pages_per_second'] * 1e6:.0f})")


if __name__ == "__main__":
    main()
