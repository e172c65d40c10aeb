"""Entry point of the RunPod worker: jobs from the queue, or over HTTP, as WORKER_MODE says."""

import os
import sys

from octavo.__main__ import main


def mode() -> str:
    """The front end: what WORKER_MODE says; without it the queue where RunPod's variables are set."""
    said = os.environ.get("WORKER_MODE", "").strip().lower()
    if said in ("queue", "http"):
        return "runpod" if said == "queue" else "serve"
    return "runpod" if os.environ.get("RUNPOD_WEBHOOK_GET_JOB") else "serve"


if __name__ == "__main__":
    sys.exit(main([mode(), *sys.argv[1:]]))
