"""The application: the routes, and the Parser, worker and queue that open and close with it."""

import asyncio
import logging
import os
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from octavo import __version__, dropins
from octavo.errors import OctavoError, OptionInvalid, Overloaded, RequestInvalid, shown
from octavo.frontends._keys import KeyRing
from octavo.frontends._settled import WorkerConfiguration
from octavo.frontends._watch import EngineWatch
from octavo.frontends.serve import _balancer, _docs, _health, _page, _v1, dialects
from octavo.frontends.serve._answers import answer, refusal
from octavo.frontends.serve._desk import Desk
from octavo.frontends.serve._gate import THIS_MACHINE, Gate
from octavo.frontends.serve._metrics import Metrics
from octavo.frontends.serve._schema import with_job
from octavo.jobs.checkpoints import clean_up
from octavo.jobs.encoding import error_reply
from octavo.jobs.queue import Queue
from octavo.jobs.store import JobStore
from octavo.jobs.worker import Worker
from octavo.parser import Parser
from octavo.selftest.keeping import beside_jobs
from octavo.settings import Overflow, ServeSettings, WorkerSettings

log = logging.getLogger(__name__)

ABOUT = "PDFs and page images into structured documents: Markdown, JSON with regions and boxes, crops."


def application(settled: WorkerConfiguration, serve: ServeSettings) -> FastAPI:
    """The routes; `app.state.desk` is what they work with, once it is `opened`. Raises OptionInvalid where settings
    contradict each other."""
    keys = None if serve.keys_file is None else KeyRing(Path(serve.keys_file))
    _refuse_what_is_not_safe(serve, keys)
    app = _Described(title="Octavo", version=__version__, description=ABOUT, redoc_url=None, docs_url=None)
    app.mount(_docs.FILES_AT, _docs.files())
    for router in (_page.router, _docs.router, _v1.router, _health.router, _balancer.router, *_dialects()):
        app.include_router(router)
    app.add_exception_handler(OctavoError, partial(_refused, settings=settled.worker))
    app.add_exception_handler(RequestValidationError, _not_understood)
    app.add_exception_handler(HTTPException, _no_route)
    app.add_exception_handler(Exception, _failed)
    known_names = serve.hosts or (() if keys is not None or serve.no_login else THIS_MACHINE)
    app.add_middleware(Gate, keys=keys, hosts=known_names)
    return app


class _Described(FastAPI):
    """Whose description has what a job is."""

    def openapi(self) -> dict[str, Any]:
        return with_job(super().openapi())


@asynccontextmanager
async def opened(
    settled: WorkerConfiguration, serve: ServeSettings, watch: EngineWatch, end: Callable[[], None] = lambda: None
) -> AsyncIterator[Desk]:
    """One Parser, worker and queue; `end` is called where the engine is gone for good. Jobs are taken while the model
    still loads. Raises EngineUnavailable."""
    engine, settings = settled.engine, _private(settled.worker, serve)
    folder = None if serve.store is None else Path(serve.store)
    holder, lease, attempts = uuid.uuid4().hex, serve.lease_seconds, serve.attempts
    store = await asyncio.to_thread(JobStore, folder, holder=holder, lease_seconds=lease, attempts=attempts)
    await asyncio.to_thread(clean_up, folder or Path(engine.volume_path))
    async with Parser(engine) as parser, watch.over(parser, end=end):
        config_path = os.environ.get("GLMOCR_CONFIG_PATH", "")
        worker = Worker(parser, settled.options, settings, config_path=config_path, kept=folder)
        queue = Queue(store, worker, serve, places=settings.concurrency, fetching=settings.downloads)
        metrics = Metrics()
        queue.on_page, queue.on_end = metrics.page, metrics.end
        learn = worker.estimates.learn_pace
        async with (
            beside_jobs(parser, settings, jobs=lambda: worker.working, learn=learn),
            queue.working(),
        ):
            yield Desk(worker, queue, watch, settings, serve, metrics)


def _private(settings: WorkerSettings, serve: ServeSettings) -> WorkerSettings:
    """In zero-retention mode a worker writes no page and no file either, unless into a bucket."""
    if not serve.zero_retention:
        return settings
    has_bucket = settings.bucket_endpoint_url is not None
    return settings.model_copy(
        update={"checkpoints": False, "overflow": Overflow.BUCKET if has_bucket else Overflow.OFF}
    )


def _refuse_what_is_not_safe(serve: ServeSettings, keys: KeyRing | None) -> None:
    """Raises OptionInvalid."""
    if keys is None and not serve.no_login and serve.host not in THIS_MACHINE:
        raise OptionInvalid(
            f"host {shown(serve.host)}: without keys this server listens on 127.0.0.1 alone; give keys_file "
            "(`octavo keys NAME` makes one), or no_login where something in front asks who it is"
        )
    if serve.zero_retention and serve.store is not None:
        raise OptionInvalid("zero_retention and store exclude each other: a store is on a disk")


def _dialects() -> list[APIRouter]:
    return [dropins.load(dialects, name).router for name in dropins.names(dialects)]


# --- errors ------------------------------------------------------------------------------------------------------


async def _refused(request: Request, error: Exception, settings: WorkerSettings) -> Response:
    if not isinstance(error, OctavoError):
        raise error
    desk: Desk = request.app.state.desk
    come_again = desk.queue.come_again_seconds(await desk.queue.load()) if isinstance(error, Overloaded) else 0
    reply = error_reply(error, settings.error_text) | {"detail": error.message}
    return await answer(reply, come_again=come_again)


async def _not_understood(request: Request, error: Exception) -> Response:
    """A parameter that is none; what it is, is not repeated."""
    details: Any = error.errors()[0] if isinstance(error, RequestValidationError) else {}
    where = ".".join(shown(str(part)) for part in details.get("loc", ()))
    return refusal(OptionInvalid(f"{where}: {shown(str(details.get('msg', 'is malformed')), 200)}"))


async def _no_route(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 400
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    what = {404: "there is no such route", 405: "the route has not that method"}.get(status, "the request is malformed")
    response = refusal(RequestInvalid(f"{what}: /docs has them all"), status=status)
    response.headers.update(headers)
    return response


async def _failed(request: Request, error: Exception) -> Response:
    return refusal(OctavoError("the request failed unexpectedly; the server's log says more"))
