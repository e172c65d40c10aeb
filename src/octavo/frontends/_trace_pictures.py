"""One picture for each view of a trace: the page, pale, what was seen framed and numbered, and beside it what it is."""

import colorsys
import io
import textwrap
from collections.abc import Iterator, Sequence

from PIL import Image, ImageDraw, ImageFont

from octavo.document import Artifact, Pixels
from octavo.frontends._trace_layers import View
from octavo.frontends._trace_words import in_words
from octavo.geometry import PixelBox, Size, Warp
from octavo.leaning.flattening import flattened

_SIDE = 1400  # pixels of the page's longer side: more no screen shows at once
_LEGEND = 720  # pixels beside it
_TYPE = 14  # pixels
_NUMBERS = 36  # pixels
_CHARACTERS = 95  # of a line of the legend
_PALE = 0.55  # how far the page goes towards white
_INK = (25, 25, 25)


def colour(number: int) -> tuple[int, int, int]:
    """One per view, hues a golden step apart."""
    red, green, blue = colorsys.hsv_to_rgb(number * 0.618034 % 1.0, 0.95, 0.75)
    return round(red * 255), round(green * 255), round(blue * 255)


def page_picture(pixels: Pixels) -> Image.Image:
    """The page, no larger than a screen."""
    picture = Image.fromarray(pixels).convert("RGB")
    picture.thumbnail((_SIDE, _SIDE), Image.Resampling.LANCZOS)
    return picture


def straightened(pixels: Pixels, warp: Warp) -> Artifact:
    """The page as the stages saw it, once it was put straight."""
    data = io.BytesIO()
    page_picture(flattened(pixels, warp)).save(data, "PNG", optimize=True)
    return Artifact("straightened.png", "image/png", data.getvalue())


def pictures(views: Sequence[View], page: Image.Image) -> Iterator[Artifact]:
    pale = Image.blend(page, Image.new("RGB", page.size, "white"), _PALE)
    for number, view in enumerate(views):
        if view.marks:
            data = io.BytesIO()
            _drawn(view, pale, colour(number)).save(data, "PNG", optimize=True)
            yield Artifact(f"{number:02}-{view.name}.png", "image/png", data.getvalue())


def _drawn(view: View, pale: Image.Image, ink: tuple[int, int, int]) -> Image.Image:
    sheet = Image.new("RGB", (pale.width + _LEGEND, pale.height), "white")
    sheet.paste(pale)
    pen, font = ImageDraw.Draw(sheet, "RGBA"), ImageFont.load_default(_TYPE)
    size = Size(*pale.size)
    for number, mark in enumerate(view.marks):
        box = mark.box.to_pixels(size)
        _frame(pen, box, ink, lost=bool(mark.lost))
        beside = max(0, box.left - 4 - round(font.getlength(str(number))))  # where it hides least
        pen.text((beside, box.top), str(number), ink, font, stroke_width=2, stroke_fill="white")
    left, row = pale.width + 16, round(1.5 * _TYPE)
    pen.text((left, 12), view.title, ink, ImageFont.load_default(1.3 * _TYPE))
    top = 3 * row
    for number, mark in enumerate(view.marks):
        lines = textwrap.wrap(in_words(mark), _CHARACTERS, max_lines=2, placeholder=" ...")
        if top + (len(lines) + 1) * row > pale.height:
            pen.text((left, top), f"and {len(view.marks) - number} more, in trace.json", _INK, font)
            break
        pen.text((left, top), str(number), ink, font)
        for line in lines:
            pen.text((left + _NUMBERS, top), line, _INK, font)
            top += row
    return sheet


def _frame(pen: ImageDraw.ImageDraw, box: PixelBox, ink: tuple[int, int, int], *, lost: bool) -> None:
    """What was lost has a dashed frame."""
    edges = (box.left, box.top, max(box.left + 1, box.right - 1), max(box.top + 1, box.bottom - 1))
    if not lost:
        pen.rectangle(edges, fill=(*ink, 28), outline=(*ink, 255), width=2)
        return
    for start in range(edges[0], edges[2], 12):
        for y in (edges[1], edges[3]):
            pen.line([(start, y), (min(start + 6, edges[2]), y)], fill=(*ink, 255), width=2)
    for start in range(edges[1], edges[3], 12):
        for x in (edges[0], edges[2]):
            pen.line([(x, start), (x, min(start + 6, edges[3]))], fill=(*ink, 255), width=2)
