"""Pages as a camera or a feeder that pulls askew leaves them: turned, seen aslant, curled, half in the shade.

What is done to a picture is known to the pixel, so that a test can say where each thing of the page has come to lie.
"""

import math
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]  # n x 2, pixels

_DISTANCE = 1.6  # heights of the page: a sheet of A4 from 48 cm, as a telephone is held
_MARGIN = 0.06  # of the page's height, around it in the photograph
_STEP = 16  # pixels between the points of the photograph that are looked up on the page
_DESK = (74, 62, 52)  # dark wood


@dataclass(frozen=True)
class Camera:
    """How a page is seen. Without anything but a turn it lies on a scanner, whose lid is white."""

    turned: float = 0.0  # degrees, clockwise
    tilted: float = 0.0  # degrees about the page's horizontal: the camera stands below its middle
    swung: float = 0.0  # degrees about the page's vertical: the camera stands left of its middle
    curled: float = 0.0  # how high the middle of the paper bulges, in heights of the page
    waved: float = 0.0  # the same for one half that rises while the other sinks
    shaded: float = 0.0  # share of the light that is missing where it is darkest, 0..1
    desk: bool = field(default=False)  # whether the page lies on one, and all of its edges are seen

    def photograph(self, page: NDArray[np.uint8]) -> "Photograph":
        height, width = page.shape[:2]
        corners = np.array(((0, 0), (width, 0), (width, height), (0, height)), np.float64)
        edge = np.concatenate(
            [a + (b - a) * np.linspace(0, 1, 9)[:, None] for a, b in zip(corners, np.roll(corners, -1, 0), strict=True)]
        )
        seen = self._seen(edge, width, height)
        margin = _MARGIN * height if self.desk else 0.0
        shift = margin - seen.min(axis=0)
        size = np.ceil(np.ptp(seen, axis=0) + 2 * margin).astype(int)
        back = _looked_up(
            lambda points: self._seen(points, width, height) + shift, corners, (int(size[0]), int(size[1]))
        )
        surroundings = _DESK if self.desk else (255, 255, 255)
        picture = cv2.remap(page, back[..., 0], back[..., 1], cv2.INTER_CUBIC, borderValue=surroundings)
        picture = np.asarray(picture, np.uint8)
        if self.shaded:
            picture = _in_the_shade(picture, self.shaded)
        return Photograph(picture, self, (width, height), (float(shift[0]), float(shift[1])))

    def _seen(self, points: Points, width: int, height: int) -> Points:
        """Where points of the page are seen, in pixels from wherever the middle of the page is seen."""
        x, y = (points[:, 0] - width / 2) / height, (points[:, 1] - height / 2) / height
        across = width / height
        z = self.curled * np.cos(math.pi * x / across) + self.waved * np.sin(2 * math.pi * x / across)
        tilt, swing, turn = (math.radians(angle) for angle in (self.tilted, self.swung, self.turned))
        y, z = y * math.cos(tilt) - z * math.sin(tilt), y * math.sin(tilt) + z * math.cos(tilt)
        x, z = x * math.cos(swing) - z * math.sin(swing), x * math.sin(swing) + z * math.cos(swing)
        x, y = x * math.cos(turn) - y * math.sin(turn), x * math.sin(turn) + y * math.cos(turn)
        nearer = height * _DISTANCE / (_DISTANCE - z)
        return np.stack((x * nearer, y * nearer), axis=1)


@dataclass(frozen=True)
class Photograph:
    pixels: NDArray[np.uint8]
    camera: Camera
    page: tuple[int, int]  # its width and height
    shift: tuple[float, float]

    def seen(self, points: Points) -> Points:
        """Where points of the page (pixels) lie on the photograph."""
        return self.camera._seen(np.asarray(points, np.float64), *self.page) + self.shift


def _looked_up(seen, corners: Points, size: tuple[int, int]) -> NDArray[np.float32]:
    """The place on the page of every pixel of a photograph: of some of them exactly, of the rest in between."""
    width, height = size
    columns, rows = -(-width // _STEP) + 1, -(-height // _STEP) + 1
    grid = np.stack(np.meshgrid(np.arange(columns) * _STEP, np.arange(rows) * _STEP), axis=-1).reshape(-1, 2)
    flat = cv2.getPerspectiveTransform(seen(corners).astype(np.float32), corners.astype(np.float32))
    wanted = _through(flat, grid)
    found = wanted
    for _ in range(12):
        found = found + wanted - _through(flat, seen(found))
    coarse = found.reshape(rows, columns, 2).astype(np.float32)
    at = np.stack(np.meshgrid(np.arange(width) / _STEP, np.arange(height) / _STEP), axis=-1).astype(np.float32)
    return cv2.remap(coarse, at[..., 0], at[..., 1], cv2.INTER_LINEAR)


def _through(turn: NDArray[np.float64], points: Points) -> Points:
    return cv2.perspectiveTransform(points.reshape(1, -1, 2).astype(np.float64), turn)[0]


def _in_the_shade(picture: NDArray[np.uint8], most: float) -> NDArray[np.uint8]:
    """Light that falls off to one corner, and the soft edge of a shadow over another."""
    height, width = picture.shape[:2]
    y, x = np.mgrid[0:height, 0:width] / np.array((height, width), np.float32)[:, None, None]
    falls_off = 0.5 * most * (x + y) / 2
    shadow = most / (1 + np.exp(-(0.35 - x - 0.4 * y) / 0.02))
    light = np.clip(1 - falls_off - shadow, 0.1, 1)[..., None]
    return (picture * light).clip(0, 255).astype(np.uint8)
