"""How a process of ours is set up: pages are spread over its threads, so that no library needs threads of its own.

Here and not in `Parser`, for it holds for the whole process: in a program of somebody else's that is their decision.
"""

import gc

from octavo import opencv


def process_is_ours() -> None:
    """No threads of OpenCV's own, which would spin while they wait, 5 % of all CPU; and what libraries define is no
    garbage: to look through it takes 50 ms every few dozen pages, 0.7 ms of each (bench/throughput.py, `report`)."""
    opencv.without_threads()
    gc.freeze()
