"""Traces: what a collector hears of a job, and that the caller's trace goes through to the model's server."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from model_server import Asked, ModelServer, Reply
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from replayed import pdf
from serving import process

from octavo import telemetry
from octavo.errors import EngineUnavailable

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLER = f"00-{TRACE}-00f067aa0ba902b7-01"
SECRET_WORDS = "Larkhill Bakery"


@dataclass
class Collector:
    """What an OTLP collector on the loopback was sent."""

    url: str = ""
    spans: list[Span] = field(default_factory=list)
    services: set[str] = field(default_factory=set)
    raw: bytes = b""

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.raw += body
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            known = {one.key: one.value.string_value for one in resource.resource.attributes}
            self.services.add(known["service.name"])
            self.spans += [span for scope in resource.scope_spans for span in scope.spans]
        return web.Response(content_type="application/x-protobuf")

    def of_caller(self) -> list[Span]:
        return [span for span in self.spans if span.trace_id.hex() == TRACE]


@asynccontextmanager
async def collecting() -> AsyncIterator[Collector]:
    collector = Collector()
    app = web.Application()
    app.router.add_post("/v1/traces", collector.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    collector.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield collector
    finally:
        await runner.cleanup()


@pytest.mark.slow
async def test_a_job_is_one_trace_from_its_caller_through_the_queue_to_the_model(tmp_path: Path) -> None:
    def script(asked: Asked) -> Reply:
        return Reply(SECRET_WORDS)

    async with collecting() as collector, ModelServer(script) as model:
        variables = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "OTEL_SERVICE_NAME": "reader-7",
            "OTEL_BSP_SCHEDULE_DELAY": "50",
            "OCTAVO_RECOGNIZER": "openai",
            "OCTAVO_URL": f"{model.url}/v1",
        }
        async with (
            process(tmp_path / "log", OCTAVO_STORE=str(tmp_path / "store"), **variables) as (server, url),
            aiohttp.ClientSession(url) as client,
        ):
            form = aiohttp.FormData()
            form.add_field("text_layer", "off")
            form.add_field("file", pdf(2), filename="statement.pdf")
            response = await client.post("/v1/parse", data=form, headers={telemetry.HEADER: CALLER})
            assert response.status == 200, await response.text()
            assert SECRET_WORDS in await response.text()
            assert (await client.get("/healthz")).status == 200
            server.terminate()  # those that wait leave at the end
            await server.wait()
        sent = [asked.headers.get(telemetry.HEADER, "") for asked in model.asked if "image" in str(asked.body)]

    found = collector.of_caller()
    by_id = {span.span_id: span for span in found}
    names = sorted(span.name for span in found)
    stages = ["draw", "layout", "recognize", "regions"]
    assert names == sorted(["POST /v1/parse", "job", "render", "page", "page", *stages, *stages])
    (request,) = [span for span in found if span.name == "POST /v1/parse"]
    assert request.parent_span_id.hex() == "00f067aa0ba902b7"
    for span in found:
        if span.name in stages:
            assert by_id[span.parent_span_id].name == "page"
        elif span.name in ("page", "render"):
            assert by_id[span.parent_span_id].name == "job"
        assert span.start_time_unix_nano <= span.end_time_unix_nano
    pages = {span.span_id.hex() for span in found if span.name == "page"}
    assert {said.split("-")[1] for said in sent} == {TRACE}
    assert {said.split("-")[2] for said in sent} == pages
    assert collector.services == {"reader-7"}
    assert not [span for span in collector.spans if "healthz" in span.name]
    assert SECRET_WORDS.encode() not in collector.raw
    assert b"statement" not in collector.raw


async def test_without_an_address_nothing_is_sent_and_no_package_is_loaded(tmp_path: Path) -> None:
    program = (
        "import sys; from octavo import telemetry\n"
        "with telemetry.sending({}, 'octavo'), telemetry.span('job', None, job='1') as span:\n"
        "    telemetry.stage('draw', 0.1)\n"
        "    print(span, telemetry.traceparent(), any(name.startswith('opentelemetry') for name in sys.modules))\n"
    )
    ran = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE)
    said, _ = await ran.communicate()
    assert said.split() == [b"None", b"None", b"False"]


def test_packages_that_are_missing_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    asks = telemetry.sending({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:9/v1/traces"}, "octavo")
    with pytest.raises(EngineUnavailable, match=r"octavo\[telemetry\]"), asks:
        pass
