"""Entry point of the RunPod worker: jobs from the queue, over HTTP, or one to try it out."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from octavo.__main__ import main

_SDK_FLAGS = ("--test_input", "--rp_")


def front_end(words: Sequence[str], environment: Mapping[str, str], folder: Path) -> list[str]:
    """Where jobs come from: what a flag of the SDK says, then WORKER_MODE, then what is there.

    With nothing said, no queue and no PORT, a `test_input.json` in the folder is run, as the SDK documents it.
    """
    said = environment.get("WORKER_MODE", "").strip().lower()
    there = "RUNPOD_WEBHOOK_GET_JOB" in environment or (
        not environment.get("PORT") and (folder / "test_input.json").is_file()
    )
    if any(word.startswith(_SDK_FLAGS) for word in words) or said == "queue" or (said != "http" and there):
        return ["runpod"]
    return ["serve", "--as-worker"]


if __name__ == "__main__":
    words = sys.argv[1:]
    sys.exit(main([*front_end(words, os.environ, Path.cwd()), *words]))
