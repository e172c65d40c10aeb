"""What Prometheus is told: of pages and jobs as they end, of the queue when it asks."""

import resource
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from octavo.document import Page
from octavo.jobs.encoding import Reply
from octavo.jobs.entries import JobEntry, Load

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
_SECONDS = (0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000)
_MOST_PAGES = (1, 3, 10, 30, 100, 300, 1000)


class Metrics:
    """Of one server. Names and labels hold nothing of a document or a key."""

    def __init__(self) -> None:
        self._good = self._bad = 0
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)  # memory and CPU of this process
        self._jobs = Counter("octavo_jobs", "Jobs that ended, by how.", ["status"], registry=registry)
        self._cached = Counter("octavo_jobs_cached", "Jobs answered from an earlier result.", registry=registry)
        self._errors = Counter("octavo_errors", "Jobs that failed, by the error's code.", ["code"], registry=registry)
        self._pages = Counter("octavo_pages", "Pages read.", registry=registry)
        self._regions = Counter("octavo_regions", "Regions, by what came of them.", ["outcome"], registry=registry)
        self._stages = Counter("octavo_stage_seconds", "Seconds of pages, by stage.", ["stage"], registry=registry)
        self._tokens = Counter("octavo_tokens", "Tokens of the model's server.", ["kind"], registry=registry)
        self._waited = Histogram(
            "octavo_job_wait_seconds", "From when a job came to when it was read.", buckets=_SECONDS, registry=registry
        )
        self._size = Histogram("octavo_job_pages", "Pages of a job.", buckets=_MOST_PAGES, registry=registry)
        self._queue = Gauge(
            "octavo_queue", "Jobs that have not ended, by how far they are.", ["status"], registry=registry
        )
        self._left = Gauge("octavo_queue_pages", "Pages still to be read.", registry=registry)
        self._bytes = Gauge("octavo_queue_bytes", "Bytes of sources of jobs that have not ended.", registry=registry)
        self._oldest = Gauge("octavo_queue_oldest_seconds", "Age of the job that waits longest.", registry=registry)
        self._ready = Gauge("octavo_engine_ready", "1 where the engine answers.", registry=registry)
        self._children = Gauge("octavo_children_peak_bytes", "Most memory a child held.", registry=registry)

    def page(self, entry: JobEntry, page: Page) -> None:
        self._pages.inc()
        for block in page.blocks:
            lost = block.recognition.text is None and bool(block.recognition.problems)
            self._regions.labels("lost" if lost else block.recognition.source.value).inc()
        for stage, seconds in page.timings.items():
            self._stages.labels(stage).inc(seconds)

    def end(self, entry: JobEntry, reply: Reply) -> None:
        """A job that was read here."""
        self.ended(reply)
        if entry.started is not None:
            self._waited.observe(max(0.0, entry.started - entry.created))
        if entry.pages is not None:
            self._size.observe(entry.pages)

    def cached(self) -> None:
        self._cached.inc()

    def ended(self, reply: Reply) -> None:
        self._jobs.labels(reply["status"]).inc()
        if "error" in reply:
            self._bad += 1
        else:
            self._good += 1
        if (said := reply.get("error_details")) is not None:
            self._errors.labels(said["code"]).inc()
        usage: dict[str, Any] = reply.get("result", {}).get("usage", {})
        for kind in ("prompt", "completion"):
            self._tokens.labels(kind).inc(usage.get(f"{kind}_tokens", 0))

    def counted(self) -> dict[str, int]:
        """Jobs that ended here: `completed`, `failed`."""
        return {"completed": self._good, "failed": self._bad}

    def text(self, load: Load, now: float, *, ready: bool) -> bytes:
        self._queue.labels("queued").set(load.queued)
        self._queue.labels("running").set(load.running)
        self._left.set(load.pages)
        self._bytes.set(load.bytes)
        self._oldest.set(0 if load.oldest is None else max(0.0, now - load.oldest))
        self._ready.set(ready)
        self._children.set(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)
        return generate_latest(self._registry)
