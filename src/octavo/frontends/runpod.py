"""Answer jobs from RunPod's queue: the serverless worker.

Without a queue it does what the RunPod SDK documents for trying a worker out: `--test_input JSON` or a
`test_input.json` in the working folder is one job, whose result is printed; `--rp_serve_api` answers `/run`,
`/runsync` and `/status` on this machine.
"""

import json
import os
import signal
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from octavo.errors import EngineUnavailable, OptionInvalid
from octavo.frontends._exits import Exit
from octavo.frontends._flags import add_flags
from octavo.frontends._service import Service
from octavo.frontends._settled import settle
from octavo.settings import WORKER_DEFAULTS, EngineSettings, WorkerSettings

SAMPLE = "test_input.json"  # where the SDK looks for a job when there is no queue


def add_arguments(parser: ArgumentParser) -> None:
    parser.usage = "%(prog)s [options]"
    sdk = parser.add_argument_group("The RunPod SDK's own")
    sdk.add_argument("--test_input", metavar="JSON", help='run this job, print its result, end: {"input": {...}}')
    sdk.add_argument(
        "--rp_serve_api", action="store_true", help="answer POST /run, /runsync, /status/ID on this machine"
    )
    sdk.add_argument("--rp_api_host", metavar="HOST", help="address of that server [default: localhost]")
    sdk.add_argument("--rp_api_port", metavar="N", type=int, help="port of that server [default: 8000]")
    sdk.add_argument("--rp_api_concurrency", metavar="N", type=int, help="1: one process answers many jobs at a time")
    sdk.add_argument("--rp_log_level", metavar="LEVEL", help="the SDK's log; DEBUG writes documents' text into it")
    sdk.add_argument("--rp_debugger", action="store_true", help="known to the SDK; adds nothing here")
    add_flags(parser, WorkerSettings, EngineSettings)


def run(arguments: Namespace) -> int:
    words = list(_sdk_words(arguments))
    _refuse_what_the_sdk_would_trip_over(arguments)
    settled = settle(arguments, os.environ, WORKER_DEFAULTS)
    service = Service(settled, _stop if _serves(arguments) else _go_on)
    os.environ.setdefault("RUNPOD_LOG_LEVEL", "INFO")  # the SDK's default, DEBUG, writes documents' text into the log
    try:
        from octavo.frontends import _runpod_sdk  # here: it reads its variables when it is imported
    except ModuleNotFoundError as missing:
        raise EngineUnavailable(
            f"the RunPod worker needs the package {missing.name!r}: pip install 'octavo[runpod]' "
            "and pip install --no-deps runpod==1.12.0"
        ) from missing
    signal.signal(signal.SIGTERM, _terminated)  # the queue's loop replaces it by its own
    try:
        _runpod_sdk.start(service, words)
    finally:
        if service.watch.failure is not None:
            raise service.watch.failure
    return int(Exit.SUCCESS)


def _sdk_words(arguments: Namespace) -> Iterator[str]:
    """The flags that are the SDK's, as it reads them."""
    for name in ("rp_serve_api", "rp_debugger"):
        if getattr(arguments, name):
            yield f"--{name}"
    for name in ("test_input", "rp_api_host", "rp_api_port", "rp_api_concurrency", "rp_log_level"):
        if (value := getattr(arguments, name)) is not None:
            yield f"--{name}={value}"


def _serves(arguments: Namespace) -> bool:
    return bool(arguments.rp_serve_api or int(os.environ.get("RUNPOD_REALTIME_PORT") or 0))


def _refuse_what_the_sdk_would_trip_over(arguments: Namespace) -> None:
    """In a sentence, where the SDK has a traceback. Raises OptionInvalid or EngineUnavailable."""
    if (arguments.rp_api_concurrency or 1) != 1:
        raise OptionInvalid("--rp_api_concurrency can only be 1: one process answers many jobs at a time")
    if _serves(arguments):
        if missing := [name for name in ("fastapi", "uvicorn") if find_spec(name) is None]:
            raise EngineUnavailable(f"--rp_serve_api needs: pip install {' '.join(missing)}")
    elif arguments.test_input is not None:
        _refuse_no_job(arguments.test_input, "--test_input")
    elif "RUNPOD_WEBHOOK_GET_JOB" not in os.environ:
        sample = Path(SAMPLE)
        if not sample.is_file():
            raise OptionInvalid(f"no queue (RUNPOD_WEBHOOK_GET_JOB), no --test_input, no {SAMPLE} here: nothing to do")
        _refuse_no_job(sample.read_text(encoding="utf-8"), SAMPLE)


def _refuse_no_job(text: str, where: str) -> None:
    try:
        job = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise OptionInvalid(f"{where} is not JSON") from error
    if not isinstance(job, dict) or job.get("input") is None:
        raise OptionInvalid(f'{where} must be a job: {{"input": {{...}}}}')


def _stop() -> None:
    """End a local server whose engine is gone for good."""
    signal.raise_signal(signal.SIGTERM)


def _go_on() -> None:
    """A single job says itself that the engine is gone; the queue's loop has an end of its own."""


def _terminated(*_: object) -> None:
    """Through the event loop, which then closes what is open: a vLLM would outlive us otherwise."""
    sys.exit(Exit.TERMINATED)
