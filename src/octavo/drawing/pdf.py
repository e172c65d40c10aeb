"""PDF pages with PDFium: open, outline and pixels.

PDFium's home is here and in `pdf_text`, `annotations`, `shapes` and `scan`, which run in a drawing child only. A page
whose text and shapes tell what it shows is not drawn unless somebody asks: of what it holds besides text a sketch is
enough, which takes a twentieth of the picture's time.
"""

import ctypes
import gc
import mmap
import stringprep
import unicodedata
from typing import Any

import pypdfium2.raw as pdfium

from octavo.drawing import scan, wire
from octavo.drawing.calls import fast as _fast
from octavo.drawing.calls import integer as _int
from octavo.drawing.calls import pointer as _pointer
from octavo.drawing.calls import wide
from octavo.drawing.pdf_text import MOST_OBJECTS, bounds, on_page, text_of, type_of
from octavo.drawing.shapes import Shapes
from octavo.drawing.wire import Draw, Drawn, Open, Refused

FINEST_DPI = 400  # of a small page: finer, scans are blurred and type is larger than networks know it
SCAN_COVERS = 0.5  # share of a page that its picture covers at least: what is to be read is in the picture
MOST_BOOKMARKS = 5_000
LONGEST_TITLE = 300  # characters of a bookmark's: 5,000 of 32,000 each took 0.8 GB, and 2.4 GB where they were Chinese
DEEPEST_BOOKMARK = 12

# Times a sketch of little but boxes is smaller than the page's picture. Of a drawing it is as large, so that figures
# are parted as on the picture: three pies beside each other were one in half as many pixels.
SKETCH = 2
FEW_SHAPES = 8  # up to which a sketch is one of little but boxes

PASSWORD_ERROR = 4  # FPDF_ERR_PASSWORD of FPDF_GetLastError

_set_active = _fast(pdfium.FPDFPageObj_SetIsActive, _int, _pointer, _int)


class PdfPart:
    """An opened PDF."""

    def __init__(self, memory: mmap.mmap, offset: int, length: int, request: Open) -> None:
        self._place = memory, offset, length
        self._bytes = (ctypes.c_char * length).from_buffer(memory, offset)
        self._document = _load(self._bytes, length, request.passwords)
        self._form: Any = None
        self._form_info: Any = None  # PDFium keeps a pointer to it
        if pdfium.FPDF_GetFormType(self._document) != pdfium.FORMTYPE_NONE:
            self._form_info = pdfium.FPDF_FORMFILLINFO(version=2)
            self._form = pdfium.FPDFDOC_InitFormFillEnvironment(self._document, self._form_info)
        self.pages = max(0, pdfium.FPDF_GetPageCount(self._document))
        self._may_have_scans: bool | None = None  # not looked yet

    def outline(self) -> list[list[int | str | None]]:
        """Title, level from 1, page or None: depth first, as they stand."""
        found: list[list[int | str | None]] = []
        seen: set[int] = set()

        def walk(parent: Any, level: int) -> None:
            bookmark = pdfium.FPDFBookmark_GetFirstChild(self._document, parent)
            while bookmark and len(found) < MOST_BOOKMARKS:
                address = ctypes.cast(bookmark, ctypes.c_void_p).value or 0
                if address in seen:
                    return
                seen.add(address)
                target = pdfium.FPDFBookmark_GetDest(self._document, bookmark)
                page = pdfium.FPDFDest_GetDestPageIndex(self._document, target) if target else -1
                title = wide(lambda buffer, size, of=bookmark: pdfium.FPDFBookmark_GetTitle(of, buffer, size))
                found.append([title[:LONGEST_TITLE], level, page if 0 <= page < self.pages else None])
                if level < DEEPEST_BOOKMARK:
                    walk(bookmark, level + 1)
                bookmark = pdfium.FPDFBookmark_GetNextSibling(self._document, bookmark)

        walk(None, 1)
        return found

    def draw(self, request: Draw, memory: wire.DrawnMemory) -> Drawn:
        page = pdfium.FPDF_LoadPage(self._document, request.page)
        if not page:
            raise Refused("page_unreadable", "the page's objects are broken")
        try:
            if self._form:
                pdfium.FORM_OnAfterLoadPage(page, self._form)
            return self._draw(page, request, memory)
        finally:
            if self._form:
                pdfium.FORM_OnBeforeClosePage(page, self._form)
            pdfium.FPDF_ClosePage(page)

    def _draw(self, page: Any, request: Draw, memory: wire.DrawnMemory) -> Drawn:
        width, height, scale = _picture_size(page, request)
        shapes, tables, drawn = Shapes(), b"", dict[str, Any]()
        if request.glyphs:
            tables, drawn = text_of(self._document, page, self._form, shapes)
        is_drawn = request.picture or bool(shapes.unsure) or not request.glyphs
        across, down = (width, height) if is_drawn else _sketch_size(shapes, width, height)
        if is_drawn:
            drawn["why_drawn"] = "" if request.picture else shapes.unsure
        else:
            drawn["sketched"], drawn["shapes"] = [across, down], len(shapes)
            tables += shapes.table.tobytes()
        depth = 1 if shapes.grey and not is_drawn else 3
        at = (across * down * depth + 7) // 8 * 8
        room = memory.mapped(max(1, at + len(tables)))
        if is_drawn:
            self._render(page, room, width, height)
        elif len(shapes):
            _sketch(page, room, across, down, depth)
        room[at : at + len(tables)] = tables
        drawn["glyphs_at"], drawn["sketch_depth"] = at, depth
        share = min(1.0, 72 * scale / request.dpi)
        return Drawn(width, height, 72 * scale, share=share, resident=wire.own_size()[1], **drawn)

    def _render(self, page: Any, pixels: mmap.mmap, width: int, height: int) -> None:
        target = ctypes.c_char.from_buffer(pixels)
        if self._is_scan_drawn(page, ctypes.addressof(target), width, height):
            del target
            return
        bitmap = pdfium.FPDFBitmap_CreateEx(width, height, pdfium.FPDFBitmap_BGR, ctypes.addressof(target), width * 3)
        if not bitmap:
            raise Refused("limit_exceeded", f"cannot be drawn at {width} x {height} pixels")
        flags = pdfium.FPDF_ANNOT | pdfium.FPDF_REVERSE_BYTE_ORDER
        ctypes.memset(ctypes.addressof(target), 255, width * height * 3)  # three times as fast as PDFium's own filling
        pdfium.FPDF_RenderPageBitmap(bitmap, page, 0, 0, width, height, 0, flags)
        if self._form:
            pdfium.FPDF_FFLDraw(self._form, bitmap, page, 0, 0, width, height, 0, flags)
        pdfium.FPDFBitmap_Destroy(bitmap)
        del target

    def _is_scan_drawn(self, page: Any, pixels: int, width: int, height: int) -> bool:
        if self._form or self._may_have_scans is False:
            return False
        picture = scan.picture_of(page, width, height)
        if picture is None:
            return False
        if self._may_have_scans is None:
            self._may_have_scans = scan.may_have_scans(*self._place)
        return self._may_have_scans and scan.is_drawn(picture, pixels, width, height)

    def close(self) -> None:
        if self._form:
            pdfium.FPDFDOC_ExitFormFillEnvironment(self._form)
        pdfium.FPDF_CloseDocument(self._document)
        del self._bytes
        gc.collect()


def _sketch_size(shapes: Shapes, width: int, height: int) -> tuple[int, int]:
    """Of a sketch of a page whose picture would be so large."""
    if not len(shapes):
        return 0, 0
    smaller = SKETCH if shapes.others <= FEW_SHAPES else 1
    return max(1, width // smaller), max(1, height // smaller)


def _sketch(page: Any, pixels: mmap.mmap, width: int, height: int, depth: int) -> None:
    """The page without its text, which is gone from it afterwards; grey (`depth` 1) it is looked at in half
    the time."""
    handle = ctypes.cast(page, ctypes.c_void_p).value or 0
    for index in range(pdfium.FPDFPage_CountObjects(page)):
        item = on_page(handle, index)
        if type_of(item) == pdfium.FPDF_PAGEOBJ_TEXT:
            _set_active(item, 0)
    target = ctypes.c_char.from_buffer(pixels)
    kind = pdfium.FPDFBitmap_Gray if depth == 1 else pdfium.FPDFBitmap_BGR
    bitmap = pdfium.FPDFBitmap_CreateEx(width, height, kind, ctypes.addressof(target), width * depth)
    if not bitmap:
        raise Refused("limit_exceeded", f"cannot be drawn at {width} x {height} pixels")
    ctypes.memset(ctypes.addressof(target), 255, width * height * depth)
    order = pdfium.FPDF_REVERSE_BYTE_ORDER if depth == 3 else 0  # with one byte a pixel it crashes PDFium
    pdfium.FPDF_RenderPageBitmap(bitmap, page, 0, 0, width, height, 0, order)
    pdfium.FPDFBitmap_Destroy(bitmap)
    del target


def _load(data: Any, length: int, passwords: list[str]) -> Any:
    """The document's handle. Raises Refused."""
    error = 0
    for password in [None, *_encodings(passwords)]:
        document = pdfium.FPDF_LoadMemDocument64(data, length, password)
        if document:
            return document
        error = pdfium.FPDF_GetLastError()
        if error != PASSWORD_ERROR:
            break
    match error:
        case 4:
            given = "the password given does not open it" if passwords else "give its password"
            raise Refused("password_needed", f"the PDF is encrypted: {given}")
        case 5:
            raise Refused("type_unsupported", "the PDF is encrypted in a way that is not supported")
        case _:
            raise Refused("document_corrupt", "the PDF is damaged beyond repair")


def _encodings(passwords: list[str]) -> list[bytes]:
    """The bytes a password may stand for: UTF-8 (newest PDFs, prepared as RFC 4013 says), Latin and Windows before."""
    found: dict[bytes, None] = {}
    for password in passwords:
        mapped = "".join(
            " " if stringprep.in_table_c12(char) else char for char in password if not stringprep.in_table_b1(char)
        )
        for text, encoding in (
            (password, "utf-8"),
            (unicodedata.normalize("NFKC", mapped), "utf-8"),
            (password, "latin-1"),
            (password, "cp1252"),
            (password, "mac-roman"),
        ):
            found[text.encode(encoding, errors="ignore")] = None
    return list(found)


def _picture_size(page: Any, request: Draw) -> tuple[int, int, float]:
    """Pixels of the picture, and pixels per point: as the dpi says, more of a small page that is a scan, fewer where a
    limit says so."""
    width, height = (max(side(page), 1e-3) for side in (pdfium.FPDF_GetPageWidthF, pdfium.FPDF_GetPageHeightF))
    scale = request.dpi / 72
    wanted = min(FINEST_DPI / 72, request.least_side / max(width, height))
    if wanted > scale:
        scale = max(scale, min(wanted, _finest_picture(page, width * height)))
    scale = min(scale, request.max_side / max(width, height), (request.max_pixels / (width * height)) ** 0.5)
    return max(1, round(width * scale)), max(1, round(height * scale)), scale


def _finest_picture(page: Any, area: float) -> float:
    """Pixels per point of the finest raster image that covers most of a page of so many square points; 0: none does."""
    handle = ctypes.cast(page, ctypes.c_void_p).value or 0
    finest = 0.0
    for index in range(min(pdfium.FPDFPage_CountObjects(page), MOST_OBJECTS)):
        item = on_page(handle, index)
        if type_of(item) != pdfium.FPDF_PAGEOBJ_IMAGE:
            continue
        left, bottom, right, top = bounds(item)
        covered = (right - left) * (top - bottom)
        across, down = ctypes.c_uint(), ctypes.c_uint()
        image = ctypes.cast(item, pdfium.FPDF_PAGEOBJECT)
        if covered >= SCAN_COVERS * area and pdfium.FPDFImageObj_GetImagePixelSize(image, across, down):
            finest = max(finest, (across.value * down.value / covered) ** 0.5)
    return finest
