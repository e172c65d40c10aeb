"""Picture files with Pillow: every frame that is a page, upright, over white, in 8 bits of RGB.

Runs in a drawing child only, because broken pictures can hang a decoder or make it ask for any amount of memory.
The frames of a TIFF are pages (its thumbnails are not); an animation (GIF, WebP, APNG, AVIF) and a multi-picture JPEG
are shown by their first frame, because the others are the same page moving.
"""

import io
import itertools
import math
import mmap
from importlib import import_module

from PIL import Image, ImageFile, TiffImagePlugin, UnidentifiedImageError

from octavo.drawing import wire
from octavo.drawing.wire import Draw, Drawn, Open, Refused

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "DIB", "GIF", "TIFF", "JPEG2000", "PPM", "AVIF", "TGA")
MOST_FRAMES = 20_000
BELIEVABLE_DPI = 4_800.0
_UNPACKS_TOO_LARGE = ("Decompressed data too large", "Too much memory used in text chunks")  # what Pillow says

ORIENTATION_TAG, REDUCED_TAG = 0x0112, 254
UPRIGHT = {  # EXIF orientation -> what makes it upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

for _format in ("Avif", "Bmp", "Gif", "Jpeg2K", "Jpeg", "Mpo", "Png", "Ppm", "Tga", "WebP"):  # Pillow would load fifty
    import_module(f"PIL.{_format}ImagePlugin")
Image.MAX_IMAGE_PIXELS = None  # the limit is ours, checked before anything is decoded


class PicturePart:
    """An opened picture file."""

    def __init__(self, memory: mmap.mmap, offset: int, length: int, request: Open) -> None:
        self._data = memory[offset : offset + length]
        image = self._open(0, request.max_pixels)
        self._frames = _pages_of(image)
        self.pages = len(self._frames)
        self._stored = 1  # pixels: the longer side of the frame that was decoded last, as the file has it

    def outline(self) -> list[list[int | str | None]]:
        return []

    def draw(self, request: Draw, memory: wire.DrawnMemory) -> Drawn:
        image, damage = self._decoded(self._frames[request.page], request)
        before = max(image.size)
        image = _rgb(_shrunk(image, request.max_side))
        dpi = _dpi(image) * max(image.size) / before
        share = max(image.size) / self._stored
        image = _upright(image)
        rows = image.tobytes()
        memory.mapped(len(rows))[: len(rows)] = rows
        return Drawn(image.width, image.height, dpi, share=share, damage=damage)

    def close(self) -> None:
        self._data = b""

    def _open(self, frame: int, max_pixels: int) -> Image.Image:
        """The frame's header read, its size within the limit, nothing decoded yet."""
        try:
            image = Image.open(io.BytesIO(self._data), formats=FORMATS)
            if frame:
                image.seek(frame)
        except UnidentifiedImageError as error:
            raise Refused("type_unsupported", "no picture format that is read here knows these bytes") from error
        except MemoryError:
            raise
        except Exception as error:  # decoders of hostile files raise anything
            if any(words in str(error) for words in _UNPACKS_TOO_LARGE):
                raise Refused("limit_exceeded", "what is packed in the picture's header unpacks too large") from error
            raise Refused("document_corrupt", "the picture's header is broken") from error
        width, height = image.size
        if width * height > max_pixels:
            raise Refused("limit_exceeded", f"a picture of {width} x {height} pixels; at most {max_pixels} are decoded")
        return image

    def _decoded(self, frame: int, request: Draw) -> tuple[Image.Image, str]:
        """The frame, and what is wrong with it. Raises Refused where nothing of it can be decoded."""
        try:
            return self._loaded(frame, request, tolerant=False), ""
        except (Refused, MemoryError):
            raise
        except Exception:  # noqa: BLE001 - decoders of hostile files raise anything
            return self._rescued(frame, request)

    def _rescued(self, frame: int, request: Draw) -> tuple[Image.Image, str]:
        """What a decoder makes of a damaged file when it does not insist."""
        try:
            image = self._loaded(frame, request, tolerant=True)
            extremes = image.getextrema()
        except (Refused, MemoryError):
            raise
        except Exception as error:
            raise Refused("document_corrupt", "the picture cannot be decoded") from error
        bands = extremes if isinstance(extremes[0], tuple) else (extremes,)
        if all(low == high for low, high in bands):
            raise Refused("document_corrupt", "the picture breaks off before its first row")
        return image, "the picture is cut short or damaged: what could be decoded is shown"

    def _loaded(self, frame: int, request: Draw, *, tolerant: bool) -> Image.Image:
        image = self._open(frame, request.max_pixels)
        self._stored = longest = max(image.size)
        if (
            longest > request.max_side and image.format == "JPEG"
        ):  # decode at half, a quarter ...: not below what is needed
            share = request.max_side / longest
            image.draft(None, (max(1, int(image.width * share)), max(1, int(image.height * share))))
        ImageFile.LOAD_TRUNCATED_IMAGES = tolerant
        image.load()
        return image


def _pages_of(image: Image.Image) -> list[int]:
    """The frames that are pages. Raises Refused."""
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return [0]
    pages: list[int] = []
    for frame in itertools.count():
        try:
            image.seek(frame)
        except Exception:  # noqa: BLE001 - the end, or a broken directory: what comes before it is good
            break
        if frame == MOST_FRAMES:
            raise Refused("limit_exceeded", f"more than {MOST_FRAMES} pictures in one file")
        if frame == 0 or not int(image.tag_v2.get(REDUCED_TAG, 0)) & 1:
            pages.append(frame)
    return pages or [0]


def _shrunk(image: Image.Image, max_side: int) -> Image.Image:
    """Not longer than the limit; averaged, so that thin strokes survive."""
    longest = max(image.size)
    if longest <= max_side:
        return image
    if image.mode in ("1", "P", "PA"):
        image = _unpacked(image)
    elif image.mode.startswith(("I", "F")):
        image = _eight_bits(image)
    share = max_side / longest
    size = (max(1, round(image.width * share)), max(1, round(image.height * share)))
    small = image.resize(size, Image.Resampling.BOX, reducing_gap=2.0)
    small.info = image.info
    return small


def _rgb(image: Image.Image) -> Image.Image:
    info = image.info
    if image.mode.startswith(("I", "F")):
        image = _eight_bits(image)
    elif image.mode in ("P", "PA", "1"):
        image = _unpacked(image)
    elif image.mode == "LAB":
        image = image.getchannel(0)
    if image.mode in ("RGBA", "LA", "RGBa", "La") or (image.mode in ("L", "RGB") and "transparency" in info):
        image = image.convert("RGBA")
        white = Image.new("RGB", image.size, (255, 255, 255))
        white.paste(image, mask=image.getchannel("A"))
        image = white
    image = image.convert("RGB")
    image.info = info
    return image


def _unpacked(image: Image.Image) -> Image.Image:
    """Palette and bilevel pictures in modes that can be averaged."""
    info = image.info
    if image.mode == "1":
        image = image.convert("L")
    elif image.mode == "PA" or "transparency" in info:
        image = image.convert("RGBA")
    else:
        image = image.convert("RGB")
    image.info = {key: value for key, value in info.items() if key != "transparency"}
    return image


def _eight_bits(image: Image.Image) -> Image.Image:
    """Grey of 16 or 32 bits, or in floats, over the range its format or, failing that, its values span."""
    info = image.info
    floats = image.mode == "F"
    image = image.convert("F")
    low, high = (float(value) for value in image.getextrema() if not isinstance(value, tuple))
    if not (math.isfinite(low) and math.isfinite(high)):
        low, high = 0.0, 255.0
    elif low >= 0 and floats and high <= 1:
        low, high = 0.0, 1.0
    elif low >= 0 and high <= 255:
        low, high = 0.0, 255.0
    elif low >= 0 and not floats:  # 12 bits in 16, or all 16: the highest bit in use tells
        low, high = 0.0, float((1 << int(high).bit_length()) - 1)
    scale = 255.0 / (high - low) if high > low else 0.0
    grey = image.point(lambda value: value * scale + (-low * scale)).convert("L")
    grey.info = {key: value for key, value in info.items() if key != "transparency"}
    return grey


def _upright(image: Image.Image) -> Image.Image:
    """Turned as its EXIF data says; Pillow itself does so for TIFF."""
    turn = UPRIGHT.get(int(image.getexif().get(ORIENTATION_TAG, 1) or 1))
    return image.transpose(turn) if turn is not None else image


def _dpi(image: Image.Image) -> float:
    """What the file says, or 0."""
    try:
        dpi = float(image.info["dpi"][0])
    except (KeyError, TypeError, IndexError, ValueError, ZeroDivisionError):
        return 0.0
    return dpi if 1 < dpi <= BELIEVABLE_DPI else 0.0
