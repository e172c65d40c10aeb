"""Traces as OpenTelemetry has them: a span for each request, job, page and stage. The home of its packages.

Off until `sending` says otherwise, and then nothing of it is loaded. Where spans go, and as whose, is said by
OpenTelemetry's own variables (OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_SERVICE_NAME, OTEL_TRACES_SAMPLER ...), which its SDK
reads. The trace of whoever asks comes in the header `traceparent` (W3C Trace Context) and goes on to the model's server
in the same one. No span has text, a name or an address of a document.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from octavo.errors import EngineUnavailable

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Span, Tracer

HEADER = "traceparent"
_ADDRESSES = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")

_tracer: "Tracer | None" = None
# OpenTelemetry's own variable asks that it is set back where it was set, which a generator that is closed cannot do.
_around: "ContextVar[Context | None]" = ContextVar("octavo_span", default=None)


@contextmanager
def sending(environ: Mapping[str, str], service: str) -> Iterator[None]:
    """Send spans meanwhile, where the variables name an address; those that wait leave at the end.

    Raises EngineUnavailable where they do and the packages are missing.
    """
    global _tracer  # one process, one place where its spans go
    off = environ.get("OTEL_SDK_DISABLED", "").lower() == "true" or environ.get("OTEL_TRACES_EXPORTER") == "none"
    if off or not any(environ.get(name) for name in _ADDRESSES):
        yield
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import SERVICE_NAME, OTELResourceDetector, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ModuleNotFoundError as missing:
        raise EngineUnavailable(
            f"traces need the package {missing.name!r}: pip install 'octavo[telemetry]', or unset {_ADDRESSES[0]}"
        ) from missing
    known = Resource({SERVICE_NAME: service}).merge(OTELResourceDetector().detect())
    provider = TracerProvider(resource=known, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    _tracer = provider.get_tracer("octavo")
    try:
        yield
    finally:
        _tracer = None
        provider.shutdown()


@contextmanager
def span(name: str, caller: str | None = None, **attributes: str | int) -> "Iterator[Span | None]":
    """A span around what is done meanwhile, within the one around it, or within the `caller`'s: a `traceparent`."""
    if _tracer is None:
        yield None
        return
    from opentelemetry.trace import set_span_in_context

    outside = _around.get()
    begun = _tracer.start_span(name, _carried(caller) if caller else outside, attributes=attributes)
    _around.set(set_span_in_context(begun, outside))
    try:
        yield begun
    finally:
        _around.set(outside)
        begun.end()


def stage(name: str, seconds: float) -> None:
    """A span within the one around, of what has just ended and took so long."""
    if _tracer is not None:
        now = time.time_ns()
        _tracer.start_span(name, _around.get(), start_time=now - round(seconds * 1e9)).end(now)


def traceparent() -> str | None:
    """What a server is sent that is asked now."""
    around = _around.get()
    if _tracer is None or around is None:
        return None
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier, around)
    return carrier.get(HEADER)


def _carried(caller: str) -> "Context":
    """The trace that a `traceparent` names; a new one where it is malformed, as the standard asks."""
    from opentelemetry.context import Context
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    return TraceContextTextMapPropagator().extract({HEADER: caller}, Context())
