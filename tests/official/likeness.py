"""Which region a crop shows, whoever cut it: by what is on it, not by its bytes. The model's stand-in answers by that.

The SDK stretches a crop to whole patches and compresses it twice, Octavo puts it on a white sheet: neither may matter.
"""

import base64
import json
import math
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np
from numpy.typing import NDArray

from octavo.crops import fitted_size
from octavo.geometry import Size
from octavo.glm_ocr.model import budget

SMALL = 96, 48  # width and height of what regions are compared by
DARK = 40  # grey levels below white from which on a pixel is ink
ALIKE = 0.15  # how far apart two regions may be and still count as the same: 0 the same, 1 nothing in common
TINY = 9000  # pixels: what is smaller is enlarged by each side in its own way, and cannot be told from its like
PATCH = 28
REFUSED = "(the server refuses this one)"


class Likeness:
    """A region of a page: its ink, small, and the sizes either side sends it to the model in."""

    def __init__(self, pixels: NDArray[np.uint8]) -> None:
        height, width = pixels.shape[:2]
        self.ink = _ink(_grey(pixels))
        self.is_tiny = width * height < TINY
        self.sizes = _stretched(width, height), fitted_size(Size(width, height), budget())[0]

    def far_from(self, shown: NDArray[np.uint8], inks: Sequence[NDArray[np.float32]]) -> float:
        """0 to 2; more where nobody sends the region in that size."""
        size = shown.shape[1], shown.shape[0]
        return min(_apart(self.ink, ink) for ink in inks) + (0 if any(_close(size, one) for one in self.sizes) else 10)


def _grey(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """How dark each pixel is."""
    return np.asarray(255 - cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)


def _written(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Without the paper around."""
    rows, columns = np.flatnonzero((grey > DARK).any(axis=1)), np.flatnonzero((grey > DARK).any(axis=0))
    return grey[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] if len(rows) else grey[:0, :0]


def _ink(grey: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What is written, small; zeros where nothing is."""
    written = _written(grey)
    if not written.size:
        return np.zeros(SMALL[::-1], np.float32)
    small = cv2.resize(written, SMALL, interpolation=cv2.INTER_AREA).astype(np.float32)
    small = cv2.GaussianBlur(small, (3, 3), 0) - small.mean()
    return np.asarray(small / max(1e-6, float(np.linalg.norm(small))), np.float32)


def _inks(pixels: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
    """Also without its last rows and columns: Octavo cuts around a box, the SDK rounds it towards the top left."""
    written = _written(_grey(pixels))
    height, width = written.shape
    kept = [height - height * percent // 100 for percent in (0, 3, 6, 9)]
    return [_ink(written[:rows, : width - across]) for rows in kept for across in (0, 3)]


def _apart(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    if not one.any() or not other.any():
        return 0.0 if not one.any() and not other.any() else 1.0
    return 1.0 - float((one * other).sum())


def _close(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return all(abs(a - b) <= PATCH + b // 20 for a, b in zip(one, other, strict=True))


def _stretched(width: int, height: int) -> tuple[int, int]:
    """The whole patches that the SDK makes of a crop: at least eight."""
    whole = round(width / PATCH) * PATCH, round(height / PATCH) * PATCH
    if 2 * whole[0] * whole[1] >= 12_544:
        return whole
    scale = math.sqrt(12_544 / (2 * width * height))
    return math.ceil(width * scale / PATCH) * PATCH, math.ceil(height * scale / PATCH) * PATCH


class ModelByLikeness:
    """A model's server on the loopback: says of a crop what is told of the region most like it."""

    def __init__(self) -> None:
        self.known: list[Likeness] = []
        self.texts: list[str] = []
        self.keys: set[str] = set()  # what requests were signed with
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._say(200, {"data": [{"id": "glm-ocr"}]})

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.keys |= {self.headers["Authorization"]} - {None}
                text = outer.said(body)
                if text == REFUSED:
                    self._say(400, {"error": {"message": "no"}})
                    return
                choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
                usage = {"prompt_tokens": 10, "completion_tokens": 5}
                self._say(200, {"choices": [choice], "usage": usage})

            def _say(self, status: int, content: object) -> None:
                data = json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None: ...

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 256

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def told(self, regions: Sequence[Likeness], texts: Sequence[str]) -> None:
        """The regions of a document. Those too much alike to be told apart say the same."""
        self.known, self.texts = [*regions], [*texts]
        for later, region in enumerate(regions):
            for earlier in range(later):
                tiny = region.is_tiny and regions[earlier].is_tiny
                if tiny or _apart(region.ink, regions[earlier].ink) < ALIKE:
                    self.texts[later] = self.texts[earlier]
                    break

    def said(self, body: dict[str, object]) -> str:
        content = body["messages"][0]["content"]  # type: ignore[index]
        if isinstance(content, str):
            return "hello"
        urls = [part["image_url"]["url"] for part in content if part["type"] == "image_url"]
        if not urls or not self.known:
            return "hello"
        data = np.frombuffer(base64.b64decode(urls[0].partition("base64,")[2]), np.uint8)
        shown = np.asarray(cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB), np.uint8)
        inks = _inks(shown)
        return self.texts[min(range(len(self.known)), key=lambda one: self.known[one].far_from(shown, inks))]
