"""One thread at a time for what is computed in Python.

NumPy lets go of the interpreter for operations of a few microseconds, and a thread that waits for it wakes up and takes
it: threads that compute pages beside each other hand it to and fro some hundred times a page. Where cores are free,
that takes a tenth of a born-digital page's CPU, and makes nothing faster, for only one of them runs at a time anyway.
So they wait for each other here, a little: a page may compute for a minute, and others' are not to wait for all of it.
Who waits for a process or a network lets the others in meanwhile.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

# Seconds that the turn is waited for; then it is done without. A step of a usual page takes 2 to 50 ms, a page five
# steps: beside one that computes for long it loses half a second.
_PATIENCE: Final = 0.1

_turn = threading.Lock()
_thread = threading.local()  # `has_it`: whether this one has the turn


@contextmanager
def taken(wanted: bool = True) -> Iterator[None]:
    """The turn, for the block, unless it takes too long to come; a thread that has it keeps it. Not `wanted`: where
    pictures are looked at, which several can do at once."""
    if not wanted or _has_it() or not _turn.acquire(timeout=_PATIENCE):
        yield
        return
    _thread.has_it = True
    try:
        yield
    finally:
        if _has_it():
            _thread.has_it = False
            _turn.release()


@contextmanager
def left() -> Iterator[None]:
    """For the block others may have the turn, if this thread has it."""
    if not _has_it():
        yield
        return
    _thread.has_it = False
    _turn.release()
    try:
        yield
    finally:
        _thread.has_it = _turn.acquire(timeout=_PATIENCE)


def _has_it() -> bool:
    return getattr(_thread, "has_it", False)
