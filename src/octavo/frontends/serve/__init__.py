"""Answer jobs over HTTP: a service for teams, RunPod's load balancer, clients of other servers.

    POST /v1/parse      a document, as a form or as a job; its result, or the job where it takes longer
    POST /v1/jobs       a job to be asked about later: /v1/jobs/ID, its result, pages, artifacts, events; cancel, DELETE
    GET  /docs          all routes, with examples; /openapi.json for programs
    GET  /healthz /readyz /metrics
    GET  /ping, POST /parse /parse/stream      RunPod's load balancer

docs/serve.md has the way to production. Where the model never comes up the server ends, with the reason and an exit
code that is not 0.
"""

import asyncio
import os
from argparse import ArgumentParser, Namespace

from octavo.errors import EngineUnavailable
from octavo.frontends import _presets
from octavo.frontends._exits import Exit
from octavo.frontends._flags import add_flags, explicit
from octavo.frontends._settled import AS_WORKER, settle
from octavo.settings import WORKER_DEFAULTS, EngineSettings, ServeSettings, WorkerSettings, resolve, usable


def add_arguments(parser: ArgumentParser) -> None:
    parser.usage = "%(prog)s [options]"
    parser.add_argument("--as-worker", action="store_true", help=AS_WORKER)
    add_flags(parser, ServeSettings, WorkerSettings, EngineSettings)


def run(arguments: Namespace) -> int:
    preset = _presets.chosen(os.environ, _presets.folder())
    serve = resolve(ServeSettings, explicit(arguments, ServeSettings), usable(os.environ), preset).values
    settled = settle(arguments, os.environ, WORKER_DEFAULTS if arguments.as_worker else {})
    try:
        from octavo.frontends.serve import _server
    except ModuleNotFoundError as missing:
        raise EngineUnavailable(
            f"the server needs the package {missing.name!r}: pip install 'octavo[serve]'"
        ) from missing
    failure = asyncio.run(_server.serve(settled, serve))
    if failure is not None:
        raise failure
    return int(Exit.SUCCESS)
