"""Pictures drawn as a `Warp` says: straight."""

import numpy as np
from numpy.typing import NDArray

from octavo.geometry import Warp
from octavo.leaning.marks import Floats
from octavo.opencv import cv2


def flattened(picture: NDArray[np.uint8], warp: Warp, *, smooth: bool = True) -> NDArray[np.uint8]:
    """The straightened picture of one of the size that the warp says, grey or in colour.

    What lies beyond the picture gets the colour that its edges have most.
    """
    how = cv2.INTER_CUBIC if smooth else cv2.INTER_LINEAR
    beyond = _edges(picture)
    if not warp.level:
        turn = pixel_turn(warp)
        flags = how | cv2.WARP_INVERSE_MAP
        drawn = cv2.warpPerspective(picture, turn, tuple(warp.straight), flags=flags, borderValue=beyond)
    else:
        across, down = _places(warp)
        drawn = cv2.remap(picture, across, down, how, borderValue=beyond)
    return np.asarray(drawn, np.uint8)


def pixel_turn(warp: Warp) -> Floats:
    """The warp's turn from pixels to pixels, counted from their centres as OpenCV does."""
    unit = warp.unit
    (width, height), (upright_width, upright_height) = warp.straight, warp.upright
    to_halves = np.array(((1, 0, (1 - width) / 2), (0, 1, (1 - height) / 2), (0, 0, unit))) / unit
    to_pixels = np.array(((unit, 0, (upright_width - 1) / 2), (0, unit, (upright_height - 1) / 2), (0, 0, 1)))
    turn: Floats = to_pixels @ np.array(warp.turn).reshape(3, 3) @ to_halves
    return turn


def _places(warp: Warp) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Of each pixel of the straightened picture its place on the upright one."""
    (width, height), unit = warp.straight, warp.unit
    u = ((np.arange(width, dtype=np.float32) + 0.5 - width / 2) / unit)[None]
    v = ((np.arange(height, dtype=np.float32) + 0.5 - height / 2) / unit)[:, None]
    powers = [u ** (k + 1) for k in range(len(warp.level))]
    level = sum(power * np.float32(part) for power, part in zip(powers, warp.level, strict=True))
    fan = sum(power * np.float32(part) for power, part in zip(powers, warp.fan, strict=True))
    v = v * (1 + fan) + level
    a, b, c, d, e, f, g, h, i = (np.float32(part) for part in warp.turn)
    depth = g * u + h * v + i
    across = (a * u + b * v + c) / depth * unit + (warp.upright.width - 1) / 2
    down = (d * u + e * v + f) / depth * unit + (warp.upright.height - 1) / 2
    return across.astype(np.float32), down.astype(np.float32)


def _edges(picture: NDArray[np.uint8]) -> tuple[int, ...]:
    """The usual colour along the edges."""
    flat = picture.reshape(*picture.shape[:2], -1)
    around = np.concatenate((flat[0], flat[-1], flat[:, 0], flat[:, -1]))
    return tuple(int(part) for part in np.median(around, axis=0))
