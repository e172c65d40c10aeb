"""What a cluster and a monitor ask: is it alive, may it get work, how does it do?"""

import time

from fastapi import APIRouter, Request, Response

from octavo import __version__
from octavo.frontends.serve import _metrics
from octavo.frontends.serve._answers import JSON
from octavo.frontends.serve._desk import Desk
from octavo.frontends.serve._gate import demand
from octavo.frontends.serve._schema import Seen, failures
from octavo.jobs.encoding import encoded

router = APIRouter(tags=["Seen from outside"])


@router.get("/healthz", responses={200: {"model": Seen}})
async def healthz(request: Request) -> Response:
    """200 where the server turns and its store answers: where not, it is to be started anew."""
    desk: Desk = request.app.state.desk
    await desk.queue.load()
    return Response(encoded({"status": "ok"}), media_type=JSON)


@router.get("/health", responses={200: {"model": Seen}})
async def health(request: Request) -> Response:
    """The same, as the servers of docling and of the official SDK call it."""
    return await healthz(request)


@router.get("/version", responses={200: {"model": dict[str, str]}})
async def version(request: Request) -> Response:
    """What answers here."""
    return Response(encoded({"octavo": __version__}), media_type=JSON)


@router.get("/readyz", responses={200: {"model": Seen}, 503: {"model": Seen, "description": "The model still loads."}})
async def readyz(request: Request) -> Response:
    """200 where the engine answers, 503 before: jobs are taken in all the same, and wait."""
    desk: Desk = request.app.state.desk
    ready = desk.watch.ready and not desk.queue.closing.is_set()
    return Response(encoded({"status": "ok" if ready else "not ready"}), 200 if ready else 503, media_type=JSON)


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **failures()},
)
async def metrics(request: Request) -> Response:
    """For Prometheus; with keys, one of the scope admin."""
    desk: Desk = request.app.state.desk
    demand(request.state.key, "admin")
    text = desk.metrics.text(await desk.queue.load(), time.time(), ready=desk.watch.ready)
    return Response(text, media_type=_metrics.CONTENT_TYPE)
