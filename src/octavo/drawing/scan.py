"""Pages that are one picture, as scanners write them: decoded by PDFium, scaled by OpenCV.

PDFium scales by anything but a whole number two to three times slower than OpenCV, and scans are most of what needs
reading. Whatever is not plainly one opaque picture over the whole page is left to PDFium.
"""

import ctypes
import mmap
import re
from typing import Any

import pypdfium2.raw as pdfium

MOST_OBJECTS = 5_000  # on the page: the invisible text over a scan
MOST_PIXELS = 64 << 20  # of the picture: larger ones PDFium decodes in strips
OFF = 1.0  # pixels of the page by which the picture's edges may miss the page's

_INVISIBLE = 3  # PDF 32000-1, table 106: text that is neither filled nor stroked
_PLAIN = frozenset(  # a picture of an unknown colour space may be a stencil, which is painted in another colour
    (
        pdfium.FPDF_COLORSPACE_DEVICEGRAY,
        pdfium.FPDF_COLORSPACE_DEVICERGB,
        pdfium.FPDF_COLORSPACE_CALGRAY,
        pdfium.FPDF_COLORSPACE_CALRGB,
        pdfium.FPDF_COLORSPACE_ICCBASED,
        pdfium.FPDF_COLORSPACE_INDEXED,
    )
)


def may_have_scans(memory: mmap.mmap, offset: int, length: int) -> bool:
    """Whether no picture in a PDF, which lies there, has a mask or can be switched off.

    Dictionaries of pictures stand in the file as they are, never compressed (ISO 32000-1, 7.5.7), even where it is
    encrypted; whether one has a mask, PDFium does not say. `find` takes a third of the time of a pattern, and a file of
    scans has hundreds of megabytes.
    """
    end = offset + length
    if memory.find(b"Mask", offset, end) >= 0:
        return False
    at = memory.find(b"/OC", offset, end)
    while at >= 0:
        if _OPTIONAL.match(memory[at : min(end, at + 64)]):
            return False
        at = memory.find(b"/OC", at + 1, end)
    return True


_OPTIONAL = re.compile(rb"/OC[\0\s]*(?:\d+[\0\s]+\d+[\0\s]+R|<<)")  # content that readers may switch off (8.11)


def picture_of(page: Any, width: int, height: int) -> Any | None:
    """The one picture a page consists of, if OpenCV can draw it faster than PDFium."""
    if pdfium.FPDFPage_GetRotation(page) or pdfium.FPDFPage_GetAnnotCount(page):
        return None
    count = pdfium.FPDFPage_CountObjects(page)
    if not 0 < count <= MOST_OBJECTS:
        return None
    found = None
    for index in range(count):
        item = pdfium.FPDFPage_GetObject(page, index)
        match pdfium.FPDFPageObj_GetType(item):
            case pdfium.FPDF_PAGEOBJ_IMAGE if found is None:
                found = item
            case pdfium.FPDF_PAGEOBJ_TEXT if pdfium.FPDFTextObj_GetTextRenderMode(item) == _INVISIBLE:
                pass
            case _:
                return None
    plain = found is not None and _is_plain(found, page) and _covers(found, page, width, height)
    return found if plain and not _is_scaled_well(found, width, height) else None


def _is_plain(picture: Any, page: Any) -> bool:
    """Neither cut nor see-through nor part of something that can be switched off."""
    clip = pdfium.FPDFPageObj_GetClipPath(picture)
    if clip and pdfium.FPDFClipPath_CountPaths(clip) > 0:
        return False
    facts = pdfium.FPDF_IMAGEOBJ_METADATA()
    return bool(
        not pdfium.FPDFPageObj_HasTransparency(picture)
        and pdfium.FPDFPageObj_CountMarks(picture) <= 0
        and pdfium.FPDFImageObj_GetImageMetadata(picture, page, facts)
        and facts.colorspace in _PLAIN
        and 0 < facts.width * facts.height <= MOST_PIXELS
    )


def _covers(picture: Any, page: Any, width: int, height: int) -> bool:
    """Whether it stands upright and fills the page."""
    matrix = pdfium.FS_MATRIX()
    pdfium.FPDFPageObj_GetMatrix(picture, matrix)
    if matrix.b or matrix.c or matrix.a <= 0 or matrix.d <= 0:
        return False
    box = pdfium.FS_RECTF()
    pdfium.FPDF_GetPageBoundingBox(page, box)
    across, down = width / max(1e-6, box.right - box.left), height / max(1e-6, box.top - box.bottom)
    misses = (
        (matrix.e - box.left) * across,
        (matrix.e + matrix.a - box.right) * across,
        (matrix.f - box.bottom) * down,
        (matrix.f + matrix.d - box.top) * down,
    )
    return all(abs(miss) < OFF for miss in misses)


def _is_scaled_well(picture: Any, width: int, height: int) -> bool:
    """Whether PDFium is fast at it: by a whole number."""
    across, down = ctypes.c_uint(), ctypes.c_uint()
    pdfium.FPDFImageObj_GetImagePixelSize(picture, across, down)
    return across.value % width == 0 and down.value % height == 0


def is_drawn(picture: Any, pixels: int, width: int, height: int) -> bool:
    """Draw it as the page into memory at an address, RGB rows; False where it cannot be decoded to a known kind."""
    bitmap = pdfium.FPDFImageObj_GetBitmap(picture)
    if not bitmap:
        return False
    try:
        return _is_scaled(bitmap, pixels, width, height)
    finally:
        pdfium.FPDFBitmap_Destroy(bitmap)


def _is_scaled(bitmap: Any, pixels: int, width: int, height: int) -> bool:
    import cv2
    import numpy as np

    cv2.setNumThreads(1)
    kinds = {
        pdfium.FPDFBitmap_Gray: (1, cv2.COLOR_GRAY2RGB),
        pdfium.FPDFBitmap_BGR: (3, cv2.COLOR_BGR2RGB),
        pdfium.FPDFBitmap_BGRx: (4, cv2.COLOR_BGRA2RGB),
    }
    channels, colours = kinds.get(pdfium.FPDFBitmap_GetFormat(bitmap), (0, 0))
    if not channels:
        return False
    size = pdfium.FPDFBitmap_GetHeight(bitmap), pdfium.FPDFBitmap_GetStride(bitmap)
    address = ctypes.cast(pdfium.FPDFBitmap_GetBuffer(bitmap), ctypes.POINTER(ctypes.c_ubyte))
    rows = np.ctypeslib.as_array(address, size)[:, : pdfium.FPDFBitmap_GetWidth(bitmap) * channels]
    source = rows.reshape(size[0], -1, channels)
    # Averaged by the whole number, which is fast, then the rest between neighbours: nothing is skipped.
    across, down = max(1, source.shape[1] // width), max(1, source.shape[0] // height)
    if across > 1 or down > 1:
        whole = source[: source.shape[0] // down * down, : source.shape[1] // across * across]
        smaller = whole.shape[1] // across, whole.shape[0] // down
        source = cv2.resize(whole, smaller, interpolation=cv2.INTER_AREA)
    target = np.ctypeslib.as_array(ctypes.cast(pixels, ctypes.POINTER(ctypes.c_ubyte)), (height, width, 3))
    cv2.cvtColor(cv2.resize(source, (width, height), interpolation=cv2.INTER_LINEAR), colours, dst=target)
    return True
