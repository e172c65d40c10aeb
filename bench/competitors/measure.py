"""What every competitor reports in the same way. Standard library only: it runs in each one's own environment."""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_TICK = os.sysconf("SC_CLK_TCK")


def cpu_seconds() -> float:
    """Of this process, its living children, and those it has seen end."""
    times = os.times()
    living = sum(cpu_of(child) for child in _children(os.getpid()))
    return times.user + times.system + times.children_user + times.children_system + living


def cpu_of(process: int) -> float:
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICK


def _children(process: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except OSError:  # a thread that has just ended
            continue
        for child in map(int, children):
            found += [child, *_children(child)]
    return found


def serve(start: Callable[[dict[str, Any]], Callable[[str], dict[str, Any]]]) -> None:
    """Open the competitor with the configuration in argv, then read each file whose name comes on standard input.

    The first answer says that it is open; each further one carries the seconds, the CPU seconds and what it said of
    the document: pages, characters.
    """
    configuration = json.loads(sys.argv[1])
    channel = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what libraries print must not reach the channel
    read = start(configuration)
    channel.write(json.dumps({"open": True}) + "\n")
    for line in sys.stdin:
        spent, began = cpu_seconds(), time.monotonic()
        said = read(line.strip())
        ended = time.monotonic()
        channel.write(json.dumps({"began": began, "ended": ended, "cpu": cpu_seconds() - spent, **said}) + "\n")
    os._exit(0)
