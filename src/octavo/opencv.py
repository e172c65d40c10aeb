"""OpenCV, loaded when something in it is first asked for. Its one home; drawing children load their own.

To load it takes 30 ms of 0.6 s, and a page of nothing but text asks for nothing in it.
"""

import sys
from typing import TYPE_CHECKING

from octavo.errors import EngineUnavailable

if TYPE_CHECKING:
    import cv2 as cv2
else:

    class _Late:
        """Stands for the module; once it is loaded, all that is in it is in here too, and found without a detour."""

        def __getattr__(self, name: str) -> object:
            try:
                import cv2 as library
            except ImportError as error:
                raise EngineUnavailable(
                    "pictures need the package opencv-python-headless: reinstall octavo with pip"
                ) from error
            if _alone:
                library.setNumThreads(1)
            vars(self).update(vars(library))
            return getattr(library, name)

    cv2 = _Late()

_alone = False  # no threads of its own


def without_threads() -> None:
    """No threads of OpenCV's own in this process: from now on, or from when it is loaded."""
    global _alone
    _alone = True
    if "cv2" in sys.modules:
        cv2.setNumThreads(1)
