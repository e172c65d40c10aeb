"""How a process of ours shares the cores: pages are spread over threads, so that no library needs threads of its own.

Here and not in `Parser`, for it holds for the whole process: in a program of somebody else's that is their decision.
"""

import cv2


def one_page_one_thread() -> None:
    """OpenCV's own threads would spin while they wait, 5 % of all CPU."""
    cv2.setNumThreads(1)
