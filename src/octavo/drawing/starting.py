"""Starting a drawing child, and nothing else: so little is imported here that one can be on its way before this process
has loaded what it needs itself.

A child takes a tenth of a second until it can be asked, longer with PDFium, and a fresh command four times that: side
by side, the first page waits for the longer of the two only.
"""

import atexit
import os
import socket
import subprocess
import sys
from contextlib import suppress
from typing import NamedTuple


class Started(NamedTuple):
    """A child's process, and the way to it."""

    process: subprocess.Popen[bytes]
    channel: socket.socket
    owner: int  # the process that started it


_ahead: list[Started] = []  # one at most: the first child of a process that has none yet


def ahead() -> None:
    """Start this process's first child before anybody asks. If nobody does, it ends with this process."""
    with suppress(OSError):  # who asks for a child will be told
        _ahead.append(_new())
        atexit.register(_end)


def child() -> Started:
    """The one that is on its way, or a new one. Raises OSError."""
    while _ahead:
        started = _ahead.pop()
        if started.owner == os.getpid() and started.process.poll() is None:
            return started
        started.channel.close()
    return _new()


def _end() -> None:
    for process, channel, owner in _ahead:
        channel.close()
        if owner == os.getpid():
            process.kill()
            process.wait()


def _new() -> Started:
    here, there = socket.socketpair()
    above = os.path.dirname(__file__)  # noqa: PTH120 - pathlib would be loaded for this alone
    package = os.path.dirname(os.path.dirname(above))  # noqa: PTH120
    try:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-SP", "-m", "octavo.drawing.child", str(there.fileno())],
            pass_fds=[there.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # Nothing of ours: a file that takes the child over finds no key in its environment.
            env={"PYTHONPATH": os.pathsep.join([package, *filter(None, sys.path)]), "OPENBLAS_NUM_THREADS": "1"},
            cwd="/",
        )
    except BaseException:
        here.close()
        raise
    finally:
        there.close()
    return Started(process, here, os.getpid())
