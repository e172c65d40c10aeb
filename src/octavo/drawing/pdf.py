"""PDF pages with PDFium: open, outline, pixels, and the raw glyphs of the text layer.

The home of PDFium; runs in a drawing child only. A page whose text and shapes tell what it shows is not drawn unless
somebody asks: of what it holds besides text a sketch is enough, which takes a twentieth of the picture's time.
"""

import ctypes
import gc
import mmap
import stringprep
import unicodedata
from array import array
from collections.abc import Sequence
from functools import partial
from itertools import repeat
from struct import Struct
from typing import Any

import pypdfium2.raw as pdfium

from octavo.drawing import scan, wire
from octavo.drawing.calls import double as _double
from octavo.drawing.calls import fast as _fast
from octavo.drawing.calls import fastest as _fastest
from octavo.drawing.calls import integer as _int
from octavo.drawing.calls import pointer as _pointer
from octavo.drawing.shapes import Shapes
from octavo.drawing.wire import LONGEST_TARGET, MOST_AREAS, Draw, Drawn, Edges, Link, Open, Refused
from octavo.formulas.fonts import SIGNS, is_mathematical
from octavo.wording.ticks import EMPTY, TICKED

MOST_GLYPHS = 100_000  # per page: a dense broadsheet page has 40,000
MOST_OBJECTS = 20_000  # per page that are looked through for pictures
FINEST_DPI = 400  # of a small page: finer, scans are blurred and type is larger than networks know it
SCAN_COVERS = 0.5  # share of a page that its picture covers at least: what is to be read is in the picture
MOST_BARS = 2_000  # per page: so many flat rules are a drawing
THICKEST_BAR = 2.0  # points: TeX's are 0.4, Word's 0.75
MOST_BOOKMARKS = 5_000
LONGEST_TITLE = 300  # characters of a bookmark's: 5,000 of 32,000 each took 0.8 GB, and 2.4 GB where they were Chinese
DEEPEST_BOOKMARK = 12
DEEPEST_FORM = 4  # form objects inside form objects
MOST_ANNOTATIONS = 2_000  # per page
MOST_LINES = 50  # that one link or mark runs over
SKETCH = (
    2  # times a sketch of little but boxes is smaller than the page's picture; of a drawing it is as large, so that
)
FEW_SHAPES = 8  # figures are parted as on the picture: three pies beside each other were one in half as many pixels
THIN_RULE = 2.5  # points: a rule no higher than this may strike letters out
ONE_SHAPE = 0x250  # Latin: further on, a character's width may depend on its neighbours
ONE_UNIT = 0xD800  # characters below are one unit of UTF-16
AT_ONCE = 64  # glyphs whose places are asked for before they are copied: their addresses are made once
HYPHEN_MARKS = frozenset((0x2, 0xFFFE, 0xAD))  # what PDFium makes of a hyphen at a line's end; the soft hyphen

_FACTS = Struct(f"{wire.FACT_FIELDS}d")

PASSWORD_ERROR = 4  # FPDF_ERR_PASSWORD of FPDF_GetLastError


_unicode = _fast(pdfium.FPDFText_GetUnicode, ctypes.c_uint, _pointer, _int)
_object_of = _fastest(pdfium.FPDFText_GetTextObject, _pointer)
_char_box = _fastest(pdfium.FPDFText_GetCharBox, _int)
_loose_box = _fast(pdfium.FPDFText_GetLooseCharBox, _int, _pointer, _int, _pointer)
_origin = _fastest(pdfium.FPDFText_GetCharOrigin, _int)
_matrix = _fast(pdfium.FPDFText_GetMatrix, _int, _pointer, _int, _pointer)
_font_size = _fast(pdfium.FPDFText_GetFontSize, _double, _pointer, _int)
_unmapped = _fast(pdfium.FPDFText_HasUnicodeMapError, _int, _pointer, _int)
_is_hyphen = _fast(pdfium.FPDFText_IsHyphen, _int, _pointer, _int)
_render_mode = _fast(pdfium.FPDFTextObj_GetTextRenderMode, _int, _pointer)
_font_of = _fast(pdfium.FPDFTextObj_GetFont, _pointer, _pointer)
_glyph_width = _fast(pdfium.FPDFFont_GetGlyphWidth, _int, _pointer, ctypes.c_uint, ctypes.c_float, _pointer)
_on_page = _fast(pdfium.FPDFPage_GetObject, _pointer, _pointer, _int)
_inside = _fast(pdfium.FPDFFormObj_GetObject, _pointer, _pointer, ctypes.c_ulong)
_count_inside = _fast(pdfium.FPDFFormObj_CountObjects, _int, _pointer)
_type_of = _fast(pdfium.FPDFPageObj_GetType, _int, _pointer)
_box_of = _fast(pdfium.FPDFPageObj_GetBounds, _int, *[_pointer] * 5)
_own_matrix = _fast(pdfium.FPDFPageObj_GetMatrix, _int, _pointer, _pointer)
_fill = _fast(pdfium.FPDFPageObj_GetFillColor, _int, _pointer, *[_pointer] * 4)
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
                title = _wide(lambda buffer, size, of=bookmark: pdfium.FPDFBookmark_GetTitle(of, buffer, size))
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
            tables, drawn = _text_of(self._document, page, self._form, shapes)
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
        item = _on_page(handle, index)
        if _type_of(item) == pdfium.FPDF_PAGEOBJ_TEXT:
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


# --- opening ------------------------------------------------------------------------------------------------------


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
        item = _on_page(handle, index)
        if _type_of(item) != pdfium.FPDF_PAGEOBJ_IMAGE:
            continue
        left, bottom, right, top = _bounds(item)
        covered = (right - left) * (top - bottom)
        across, down = ctypes.c_uint(), ctypes.c_uint()
        image = ctypes.cast(item, pdfium.FPDF_PAGEOBJECT)
        if covered >= SCAN_COVERS * area and pdfium.FPDFImageObj_GetImagePixelSize(image, across, down):
            finest = max(finest, (across.value * down.value / covered) ** 0.5)
    return finest


# --- the text layer's raw glyphs ------------------------------------------------------------------------------------


def _text_of(document: Any, page: Any, form: Any, shapes: Shapes) -> tuple[bytes, dict[str, Any]]:
    """The tables of glyphs and runs, as `wire` has them, and what else is known of the text; what is drawn besides goes
    into `shapes`."""
    facts: dict[str, Any] = {"to_page": _to_page(page)}
    text = pdfium.FPDFText_LoadPage(page)
    if not text:
        shapes.unsure = "text that cannot be extracted"
        return b"", facts | {"text_error": "the text cannot be extracted"}
    places, facts["pictures"], rules, bars = _objects(page, shapes)
    try:
        count = pdfium.FPDFText_CountChars(text)
        if count > MOST_GLYPHS or not count:
            shapes.unsure = "too much text" if count else "no text"
        if count > MOST_GLYPHS:
            return b"", facts | {"text_error": f"more than {MOST_GLYPHS} characters", "too_many": count}
        tables, facts["runs"], facts["fonts"], has_signs = _glyphs(text, count, places, shapes)
    finally:
        pdfium.FPDFText_ClosePage(text)
    facts["glyphs"] = count
    facts["fields"], facts["stamps"], marks = _annotations(page, form, shapes)
    if has_signs or any(is_mathematical(str(font[0])) for font in facts["fonts"]):
        facts["bars"] = bars
    facts["strikes"] = (marks + (rules if len(rules) <= MOST_AREAS else []))[:MOST_AREAS]  # so many are a drawing
    facts["links"] = _links(document, page)
    return tables, facts


def _glyphs(
    text: Any, count: int, places: dict[int, int], shapes: Shapes
) -> tuple[bytes, int, list[list[str | int]], bool]:
    """The tables, the number of runs, the fonts that runs point to, and whether there are signs of formulas."""
    handle = ctypes.cast(text, ctypes.c_void_p).value or 0
    page = _pointer(handle)
    facts: list[bytes] = []  # of each glyph
    runs = array("d")
    loose = pdfium.FS_RECTF()
    loose_at = ctypes.addressof(loose)
    numbers: dict[int, int] = {}
    fonts: list[list[str | int]] = []
    told: list[dict[int, tuple[int, float]]] = []  # by font: code -> flag, and width in ems
    known: dict[int, tuple[int, float]] = {}
    alike: dict[int, bytes] = {}  # facts of the run's characters, those of which are the same for all that are alike
    last, run, address = None, -1, 0
    owners = map(_object_of, repeat(page), range(count))
    for index, (code, owner) in enumerate(zip(_codes(text, count), owners, strict=True)):
        if owner is None:
            flags = 5 if code in HYPHEN_MARKS and _is_hyphen(handle, index) == 1 else 1
            facts.append(_FACTS.pack(code, 0.0, max(run, 0), flags, 0.0))
            continue
        if owner != last:
            last = owner
            run += 1
            alike = {}
            address = _font_of(owner) or 0
            font = numbers.setdefault(address, len(fonts))
            if font == len(fonts):
                fonts.append(_font(text, index, address))
                if not shapes.unsure and _is_of_drawings(address):
                    shapes.unsure = "a font whose letters are drawings"
                told.append({})
            known = told[font]
            runs.extend((*_run(handle, index, owner, font), places.get(owner, -1)))
        told_of = alike.get(code)
        if told_of is None:
            if code not in known:
                known[code] = 2 if _unmapped(handle, index) == 1 else 0, _own_width(address, code)
            flags, width = known[code]
            _loose_box(handle, index, loose_at)
            may_be_hyphen = code in HYPHEN_MARKS
            if may_be_hyphen and _is_hyphen(handle, index) == 1:
                flags |= 4
            told_of = _FACTS.pack(code, loose.right - loose.left, run, flags, width)
            if code < ONE_SHAPE and not may_be_hyphen:
                alike[code] = told_of
        facts.append(told_of)
    has_signs = any(not SIGNS.isdisjoint(codes) for codes in told)
    return _boxes(page, count) + b"".join(facts) + runs.tobytes(), run + 1, fonts, has_signs


def _codes(text: Any, count: int) -> Sequence[int]:
    """The characters, as `FPDFText_GetUnicode` tells each: told all at once, but for those that a string has in another
    way, of two units or as another mark for a hyphen."""
    units = (ctypes.c_ushort * (count + 1))()
    handle = ctypes.cast(text, ctypes.c_void_p).value or 0
    if pdfium.FPDFText_GetText(text, 0, count, units) != count + 1:
        return [_unicode(handle, index) for index in range(count)]
    codes = units[:count]
    return [
        code if 0 < code < ONE_UNIT and code not in HYPHEN_MARKS else _unicode(handle, index)
        for index, code in enumerate(codes)
    ]


def _boxes(page: Any, count: int) -> bytes:
    """The table of places: PDFium writes into it, for to read each value costs more than it is worth."""
    block = (_double * (wire.PLACE_FIELDS * AT_ONCE))()
    at = ctypes.addressof(block)
    slots = [
        [_pointer(at + 8 * (wire.PLACE_FIELDS * slot + field)) for field in range(wire.PLACE_FIELDS)]
        for slot in range(min(AT_ONCE, count))
    ]
    found = bytearray()
    for first in range(0, count, AT_ONCE):
        for index, (left, right, bottom, top, x, y) in enumerate(slots[: count - first], first):
            _char_box(page, index, left, right, bottom, top)
            _origin(page, index, x, y)
        found += block
        ctypes.memset(at, 0, ctypes.sizeof(block))
    return bytes(found[: 8 * wire.PLACE_FIELDS * count])


def _own_width(font: int, code: int) -> float:
    """The advance in ems that a font gives a character; 0 where none is known, or it may have several shapes."""
    width = ctypes.c_float()
    known = font and code < ONE_SHAPE and _glyph_width(font, code, 1.0, ctypes.addressof(width))
    return width.value if known else 0.0


def _run(handle: int, index: int, owner: int, font: int) -> list[float]:
    matrix = pdfium.FS_MATRIX()
    _matrix(handle, index, ctypes.addressof(matrix))
    size = _font_size(handle, index)
    colour = [ctypes.c_uint(255) for _ in range(4)]
    _fill(owner, *(ctypes.addressof(part) for part in colour))
    red, green, blue, alpha = (part.value for part in colour)
    packed = (red << 24) | (green << 16) | (blue << 8) | alpha
    return [font, size, matrix.a, matrix.b, matrix.c, matrix.d, _render_mode(owner), packed]


def _font(text: Any, index: int, address: int) -> list[str | int]:
    """Name, flags of the descriptor, weight, embedded."""
    flags = ctypes.c_int()
    buffer = ctypes.create_string_buffer(256)
    length = pdfium.FPDFText_GetFontInfo(text, index, buffer, 256, flags)
    name = buffer.raw[: max(0, min(length, 256) - 1)].decode("utf-8", errors="replace")
    font = ctypes.cast(address, pdfium.FPDF_FONT)
    weight = pdfium.FPDFFont_GetWeight(font) if address else 0
    embedded = pdfium.FPDFFont_GetIsEmbedded(font) if address else 0
    return [name, flags.value, weight, embedded]


def _is_of_drawings(address: int) -> bool:
    """Whether a font is in the file, but has no program: of Type 3, with letters that the page's means draw."""
    if not address:
        return True
    font, size = ctypes.cast(address, pdfium.FPDF_FONT), ctypes.c_size_t()
    return bool(pdfium.FPDFFont_GetIsEmbedded(font)) and not (
        pdfium.FPDFFont_GetFontData(font, None, 0, size) and size.value
    )


def _to_page(page: Any) -> list[float]:
    """The affine map from PDF points to 0..1 of the picture, y down; crop box and /Rotate are in it."""
    fine = 1 << 30
    x, y = _int(), _int()

    def at(px: float, py: float) -> tuple[float, float]:
        pdfium.FPDF_PageToDevice(page, 0, 0, fine, fine, 0, px, py, x, y)
        return x.value / fine, y.value / fine

    # Far apart, but inside the range of an int: the device spans 2^30 for the page's own extent.
    width = max(1.0, min(pdfium.FPDF_GetPageWidthF(page), pdfium.FPDF_GetPageHeightF(page)))
    box = pdfium.FS_RECTF()
    pdfium.FPDF_GetPageBoundingBox(page, box)
    origin_x, origin_y = box.left, box.bottom
    zero, right, up = at(origin_x, origin_y), at(origin_x + width, origin_y), at(origin_x, origin_y + width)
    a, b = (right[0] - zero[0]) / width, (right[1] - zero[1]) / width
    c, d = (up[0] - zero[0]) / width, (up[1] - zero[1]) / width
    return [a, b, c, d, zero[0] - a * origin_x - c * origin_y, zero[1] - b * origin_x - d * origin_y]


def _objects(page: Any, shapes: Shapes) -> tuple[dict[int, int], list[list[float]], list[Edges], list[list[float]]]:
    """Where each text object stands in the order of drawing, the boxes of raster images with their places, those of
    thin rules, and those of flat ones with their places: a fraction's, a root's.

    Objects inside form objects are in their form's place. What is drawn besides text goes into `shapes`.
    """
    texts: dict[int, int] = {}
    pictures: list[list[float]] = []
    rules: list[Edges] = []
    bars: list[list[float]] = []
    looked_at = 0

    def look(holder: int, count: int, get: Any, matrix: tuple[float, ...], depth: int) -> None:
        nonlocal looked_at
        for index in range(count):
            looked_at += 1
            if looked_at > MOST_OBJECTS:
                shapes.unsure = "too many objects"
                return
            item = get(holder, index)
            kind = _type_of(item)
            if not shapes.unsure:
                _note(item, kind, looked_at, shapes, extent)
            if kind == pdfium.FPDF_PAGEOBJ_TEXT:
                texts[item] = looked_at
            elif kind == pdfium.FPDF_PAGEOBJ_IMAGE:
                pictures.append([*_moved(_bounds(item), matrix), looked_at])
            elif kind == pdfium.FPDF_PAGEOBJ_PATH:
                left, bottom, right, top = _moved(_bounds(item), matrix)
                if min(right - left, top - bottom) <= THIN_RULE < max(right - left, top - bottom):
                    rules.append((left, bottom, right, top))
                if top - bottom < THICKEST_BAR and right - left > 2 * (top - bottom) and len(bars) < MOST_BARS:
                    bars.append([left, bottom, right, top, looked_at])
            elif kind == pdfium.FPDF_PAGEOBJ_FORM and depth < DEEPEST_FORM:
                own = pdfium.FS_MATRIX()
                _own_matrix(item, ctypes.addressof(own))
                inner = _product((own.a, own.b, own.c, own.d, own.e, own.f), matrix)
                look(item, _count_inside(item), _inside, inner, depth + 1)

    handle = ctypes.cast(page, ctypes.c_void_p).value or 0
    room = pdfium.FS_RECTF()
    pdfium.FPDF_GetPageBoundingBox(page, room)
    extent = _edges(room)
    look(handle, pdfium.FPDFPage_CountObjects(page), _on_page, (1, 0, 0, 1, 0, 0), 0)
    return texts, pictures, rules, bars


def _note(item: int, kind: int, place: int, shapes: Shapes, page: Edges) -> None:
    """An object of the page itself, which has so much room: what it draws, or why only the picture shows it."""
    match kind:
        case pdfium.FPDF_PAGEOBJ_TEXT:
            shapes.text(item)
        case pdfium.FPDF_PAGEOBJ_PATH:
            shapes.path(item, place)
        case pdfium.FPDF_PAGEOBJ_IMAGE:
            shapes.image(item, place, page)
        case pdfium.FPDF_PAGEOBJ_SHADING:
            shapes.unsure = "a shading"
        case _:  # a form may be of a layer that is switched off, which nobody tells
            shapes.unsure = "a drawing within the drawing"


def _bounds(item: int) -> tuple[float, float, float, float]:
    edges = (ctypes.c_float * 4)()
    start = ctypes.addressof(edges)
    _box_of(item, start, start + 4, start + 8, start + 12)
    left, bottom, right, top = edges
    return left, bottom, right, top


def _product(first: tuple[float, ...], then: tuple[float, ...]) -> tuple[float, ...]:
    a, b, c, d, e, f = first
    p, q, r, s, t, u = then
    return (a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u)


def _moved(box: tuple[float, float, float, float], matrix: tuple[float, ...]) -> list[float]:
    a, b, c, d, e, f = matrix
    left, bottom, right, top = box
    corners = [(x * a + y * c + e, x * b + y * d + f) for x in (left, right) for y in (bottom, top)]
    xs, ys = [corner[0] for corner in corners], [corner[1] for corner in corners]
    return [min(xs), min(ys), max(xs), max(ys)]


# --- annotations ----------------------------------------------------------------------------------------------------


def _annotations(
    page: Any, form: Any, shapes: Shapes
) -> tuple[list[list[str | float]], list[list[float]], list[Edges]]:
    """Texts of filled fields, and of what was typed onto the page, with their boxes; boxes of drawn annotations whose
    text is not known; and the areas that marks strike out."""
    fields: list[list[str | float]] = []
    stamps: list[list[float]] = []
    struck: list[Edges] = []
    quiet = {
        pdfium.FPDF_ANNOT_LINK,
        pdfium.FPDF_ANNOT_POPUP,
        pdfium.FPDF_ANNOT_HIGHLIGHT,
        pdfium.FPDF_ANNOT_UNDERLINE,
        pdfium.FPDF_ANNOT_STRIKEOUT,
        pdfium.FPDF_ANNOT_TEXT,  # the icon of a remark
    }
    for index in range(min(MOST_ANNOTATIONS, pdfium.FPDFPage_GetAnnotCount(page))):
        annotation = pdfium.FPDFPage_GetAnnot(page, index)
        if not annotation:
            continue
        kind = pdfium.FPDFAnnot_GetSubtype(annotation)
        hidden = pdfium.FPDFAnnot_GetFlags(annotation) & (pdfium.FPDF_ANNOT_FLAG_HIDDEN | pdfium.FPDF_ANNOT_FLAG_NOVIEW)
        if kind not in (pdfium.FPDF_ANNOT_LINK, pdfium.FPDF_ANNOT_POPUP) and not hidden:
            shapes.unsure = "an annotation"
        box = pdfium.FS_RECTF()
        if kind not in quiet and not hidden and pdfium.FPDFAnnot_GetRect(annotation, box):
            edges = _edges(box)
            text = ""
            if kind == pdfium.FPDF_ANNOT_FREETEXT:  # typed onto the page: into a form that has no fields, mostly
                text = _wide(partial(pdfium.FPDFAnnot_GetStringValue, annotation, b"Contents")).strip()
            elif kind == pdfium.FPDF_ANNOT_WIDGET and form:
                text = _field_text(annotation, form)
            if text:
                fields.append([text, *edges])
            elif kind != pdfium.FPDF_ANNOT_WIDGET:
                stamps.append([*edges])
        elif kind == pdfium.FPDF_ANNOT_STRIKEOUT and not hidden:
            count = pdfium.FPDFAnnot_CountAttachmentPoints(annotation)
            struck += _areas(count, annotation, pdfium.FPDFAnnot_GetAttachmentPoints)
        pdfium.FPDFPage_CloseAnnot(annotation)
    return fields, stamps, struck


def _links(document: Any, page: Any) -> list[Link]:
    """Where the page's links to addresses lead, as the file spells it, and their areas: one for each line of text."""
    found: list[Link] = []
    place, link = _int(), pdfium.FPDF_LINK()
    for _ in range(MOST_ANNOTATIONS):
        if not pdfium.FPDFLink_Enumerate(page, place, link):
            break
        action = pdfium.FPDFLink_GetAction(link)
        if not action or pdfium.FPDFAction_GetType(action) != pdfium.PDFACTION_URI:
            continue
        size = pdfium.FPDFAction_GetURIPath(document, action, None, 0)
        box = pdfium.FS_RECTF()
        if not 1 < size <= LONGEST_TARGET or not pdfium.FPDFLink_GetAnnotRect(link, box):
            continue
        buffer = ctypes.create_string_buffer(size)
        pdfium.FPDFAction_GetURIPath(document, action, buffer, size)
        target = buffer.value.decode("utf-8", errors="replace")
        areas = _areas(pdfium.FPDFLink_CountQuadPoints(link), link, pdfium.FPDFLink_GetQuadPoints)
        found += [(target, *area) for area in areas or [_edges(box)]]
    return found[:MOST_AREAS]


def _areas(count: int, owner: Any, corners_of: Any) -> list[Edges]:
    """The boxes of an annotation's quadrilaterals, one for each line of text that it is about."""
    found: list[Edges] = []
    corners = pdfium.FS_QUADPOINTSF()
    for index in range(min(MOST_LINES, count)):
        if corners_of(owner, index, corners):
            xs = corners.x1, corners.x2, corners.x3, corners.x4
            ys = corners.y1, corners.y2, corners.y3, corners.y4
            found.append((min(xs), min(ys), max(xs), max(ys)))
    return found


def _edges(box: Any) -> Edges:
    return box.left, min(box.bottom, box.top), box.right, max(box.bottom, box.top)


def _field_text(annotation: Any, form: Any) -> str:
    kind = pdfium.FPDFAnnot_GetFormFieldType(form, annotation)
    if kind in (pdfium.FPDF_FORMFIELD_CHECKBOX, pdfium.FPDF_FORMFIELD_RADIOBUTTON):
        return TICKED if pdfium.FPDFAnnot_IsChecked(form, annotation) else EMPTY
    if kind not in (pdfium.FPDF_FORMFIELD_TEXTFIELD, pdfium.FPDF_FORMFIELD_COMBOBOX):
        return ""
    if kind == pdfium.FPDF_FORMFIELD_TEXTFIELD and pdfium.FPDFAnnot_GetFormFieldFlags(form, annotation) & (1 << 13):
        return ""  # a password: drawn as dots
    return _wide(lambda buffer, size: pdfium.FPDFAnnot_GetFormFieldValue(form, annotation, buffer, size)).strip()


def _wide(read: Any) -> str:
    """A UTF-16 string PDFium writes into a buffer of a size that it tells first."""
    size = read(None, 0)
    if not 2 < size <= 1 << 16:
        return ""
    buffer = (ctypes.c_ushort * (size // 2))()
    read(buffer, size)
    return bytes(buffer)[: size - 2].decode("utf-16-le", errors="replace")
