"""`layout_vis/{name}.jpg`, or `{name}_page{N}.jpg` for each of several pages: what was found, drawn over the page.

Each region has a frame in its class's colour and a tag with its place in reading order and its label. What was lost
is hatched, what was left out is dashed. Tags are set on their own colour with whichever of black and white stands out.
"""

import colorsys
import logging
from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from octavo.document import Artifact, Block, Document, Label, Page, Pixels, Problem, Role
from octavo.errors import OctavoError
from octavo.geometry import PixelBox, Size
from octavo.renderers import Pictures, _jpeg, _pictures
from octavo.settings import ParseOptions

log = logging.getLogger(__name__)

LOOKS_AT_PAGES = True
_QUALITY = 85
_BLANK = Size(1240, 1754)  # a page of which there is no picture: A4 at 150 dpi
_RED = (200, 0, 0)


def render(document: Document, pictures: Pictures, options: ParseOptions) -> Iterator[Artifact]:
    for page in document.pages:
        try:
            pixels = pictures.page(page.number) if page.size.area else np.full((*_BLANK[::-1], 3), 255, np.uint8)
        except OctavoError as error:
            log.warning("overlay_left_out document=%s page=%d code=%s", document.name, page.number + 1, error.code)
            continue
        suffix = f"_page{page.number}" if document.page_count > 1 else ""
        name = f"layout_vis/{document.name}{suffix}.jpg"
        yield Artifact(name, _jpeg.MEDIA_TYPE, _jpeg.encoded(_drawn(page, pixels), quality=_QUALITY))


def count(document: Document, options: ParseOptions) -> int:
    return len(document.pages)


def _drawn(page: Page, pixels: Pixels) -> Image.Image:
    picture = Image.fromarray(pixels).convert("RGB")
    pen = _Pen(picture)
    for block in page.blocks:
        pen.frame(block)
    for block in page.blocks:  # tags last: no frame crosses one
        pen.tag(block)
    for problem in _pictures.losses_of_page(page):
        pen.loss(problem)
    return picture


def colour(label: Label) -> tuple[int, int, int]:
    """One colour per class: hues a golden step apart, in three depths, so that neighbours in the list differ."""
    number = list(Label).index(label)
    hue, depth = number * 0.618034 % 1.0, (0.82, 0.62, 0.95)[number % 3]
    red, green, blue = colorsys.hsv_to_rgb(hue, 0.9, depth)
    return round(red * 255), round(green * 255), round(blue * 255)


class _Pen:
    """Draws over one page picture, in strokes and letters that fit its size."""

    def __init__(self, picture: Image.Image) -> None:
        self._size = Size(*picture.size)
        self._draw = ImageDraw.Draw(picture, "RGBA")
        self._width = max(2, round(min(self._size) / 450))
        self._font = ImageFont.load_default(size=max(10, round(min(self._size) / 80)))
        self._frames: list[PixelBox] = []
        self._tags: list[PixelBox] = []

    def frame(self, block: Block) -> None:
        box, ink = self._around(block), colour(block.region.label)
        self._frames.append(box)
        if _pictures.lost(block):
            self._hatch(box)
            ink = _RED
        if block.role is Role.LEFT_OUT:
            self._dashed(box, ink)
            return
        self._draw.rectangle(_inclusive(box), fill=(*ink, 24), outline=(*ink, 255), width=self._width)

    def _around(self, block: Block) -> PixelBox:
        """The region's box and the stroke around it, so that the frame hides nothing of what it holds."""
        box, room = block.region.box.to_pixels(self._size), self._width + 1
        return PixelBox(
            max(0, box.left - room),
            max(0, box.top - room),
            min(self._size.width, box.right + room),
            min(self._size.height, box.bottom + room),
        )

    def tag(self, block: Block) -> None:
        ink = _RED if _pictures.lost(block) else colour(block.region.label)
        notes = [f"h{block.level}"] if block.level else []
        notes += ["lost"] if _pictures.lost(block) else []
        notes += [block.role.value] if block.role is not Role.BODY else []
        note = f" ({', '.join(notes)})" if notes else ""
        self._write(self._around(block), f"{block.index} {block.region.label.value}{note}", ink)

    def loss(self, problem: Problem) -> None:
        """A loss no region stands for: its area, or the whole page, hatched, and the reason on it."""
        whole = PixelBox(0, 0, self._size.width, self._size.height)
        box = problem.box.to_pixels(self._size) if problem.box else whole
        self._hatch(box)
        self._write(box, f"lost: {problem.code}", _RED)

    def _write(self, box: PixelBox, text: str, ink: tuple[int, int, int]) -> None:
        left, top, right, bottom = self._draw.textbbox((0, 0), text, font=self._font)
        pad = self._width
        width, height = round(right - left) + 2 * pad, round(bottom - top) + 2 * pad
        place = self._free(box, width, height)
        self._tags.append(place)
        light = 0.299 * ink[0] + 0.587 * ink[1] + 0.114 * ink[2] > 140
        self._draw.rectangle(_inclusive(place), fill=(*ink, 235), outline=(255, 255, 255, 255))
        self._draw.text(
            (place.left + pad - left, place.top + pad - top),
            text,
            font=self._font,
            fill=(0, 0, 0, 255) if light else (255, 255, 255, 255),
        )

    def _free(self, box: PixelBox, width: int, height: int) -> PixelBox:
        """Where the tag hides least: around its frame and off all others, or at least off the other tags."""
        outside = [(box.left, box.top - height), (box.left - width, box.top), (box.right, box.top)]
        outside += [(box.right - width, box.top - height), (box.left, box.bottom)]
        places = [self._on_page(left, top, width, height) for left, top in (*outside, (box.left, box.top))]
        clear = [place for place in places if not any(_overlap(place, tag) for tag in self._tags)]
        clearest = (place for place in clear if not any(_overlap(place, frame) for frame in self._frames))
        return next(clearest, (clear or places)[0])

    def _on_page(self, left: int, top: int, width: int, height: int) -> PixelBox:
        left = max(0, min(left, self._size.width - width))
        top = max(0, min(top, self._size.height - height))
        return PixelBox(left, top, left + width, top + height)

    def _hatch(self, box: PixelBox) -> None:
        step = 8 * self._width
        for start in range(box.left - box.height, box.right, step):
            first, last = max(start, box.left), min(start + box.height, box.right)
            if first < last:
                ends = [(first, box.top + first - start), (last, box.top + last - start)]
                self._draw.line(ends, fill=(*_RED, 150), width=self._width)

    def _dashed(self, box: PixelBox, ink: tuple[int, int, int]) -> None:
        dash = 6 * self._width
        for start in range(box.left, box.right, 2 * dash):
            for y in (box.top, box.bottom - 1):
                self._draw.line([(start, y), (min(start + dash, box.right), y)], fill=(*ink, 255), width=self._width)
        for start in range(box.top, box.bottom, 2 * dash):
            for x in (box.left, box.right - 1):
                self._draw.line([(x, start), (x, min(start + dash, box.bottom))], fill=(*ink, 255), width=self._width)


def _inclusive(box: PixelBox) -> tuple[int, int, int, int]:
    return box.left, box.top, box.right - 1, box.bottom - 1


def _overlap(one: PixelBox, other: PixelBox) -> bool:
    return one.left < other.right and other.left < one.right and one.top < other.bottom and other.top < one.bottom
