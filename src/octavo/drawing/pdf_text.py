"""The raw glyphs of a PDF page's text layer, and the objects of the page that they belong to, from PDFium."""

import ctypes
from array import array
from collections.abc import Sequence
from itertools import repeat
from struct import Struct
from typing import Any

import pypdfium2.raw as pdfium

from octavo.drawing import wire
from octavo.drawing.annotations import annotations_of, edges_of, links_of
from octavo.drawing.calls import as_pointer
from octavo.drawing.calls import double as _double
from octavo.drawing.calls import fast as _fast
from octavo.drawing.calls import fastest as _fastest
from octavo.drawing.calls import integer as _int
from octavo.drawing.calls import pointer as _pointer
from octavo.drawing.shapes import Shapes
from octavo.drawing.wire import MOST_AREAS, Edges
from octavo.formulas.fonts import SIGNS, is_mathematical

MOST_GLYPHS = 100_000  # per page: a dense broadsheet page has 40,000
MOST_OBJECTS = 20_000  # per page that are looked through for pictures
MOST_BARS = 2_000  # per page: so many flat rules are a drawing
THICKEST_BAR = 2.0  # points: TeX's are 0.4, Word's 0.75
DEEPEST_FORM = 4  # form objects inside form objects
THIN_RULE = 2.5  # points: a rule no higher than this may strike letters out
ONE_SHAPE = 0x250  # Latin: further on, a character's width may depend on its neighbours
ONE_UNIT = 0xD800  # characters below are one unit of UTF-16
AT_ONCE = 64  # glyphs whose places are asked for before they are copied: their addresses are made once
HYPHEN_MARKS = frozenset((0x2, 0xFFFE, 0xAD))  # what PDFium makes of a hyphen at a line's end; the soft hyphen

_FACTS = Struct(f"{wire.FACT_FIELDS}d")

_unicode = _fast(pdfium.FPDFText_GetUnicode, ctypes.c_uint, _pointer, _int)
_object_of = _fastest(pdfium.FPDFText_GetTextObject, _pointer)
_char_box = _fastest(pdfium.FPDFText_GetCharBox, _int)
_loose_box = _fastest(pdfium.FPDFText_GetLooseCharBox, _int)
_origin = _fastest(pdfium.FPDFText_GetCharOrigin, _int)
_matrix = _fast(pdfium.FPDFText_GetMatrix, _int, _pointer, _int, _pointer)
_font_size = _fast(pdfium.FPDFText_GetFontSize, _double, _pointer, _int)
_unmapped = _fast(pdfium.FPDFText_HasUnicodeMapError, _int, _pointer, _int)
_is_hyphen = _fast(pdfium.FPDFText_IsHyphen, _int, _pointer, _int)
_render_mode = _fast(pdfium.FPDFTextObj_GetTextRenderMode, _int, _pointer)
_font_of = _fast(pdfium.FPDFTextObj_GetFont, _pointer, _pointer)
_glyph_width = _fast(pdfium.FPDFFont_GetGlyphWidth, _int, _pointer, ctypes.c_uint, ctypes.c_float, _pointer)
on_page = _fast(pdfium.FPDFPage_GetObject, _pointer, _pointer, _int)
_inside = _fast(pdfium.FPDFFormObj_GetObject, _pointer, _pointer, ctypes.c_ulong)
_count_inside = _fast(pdfium.FPDFFormObj_CountObjects, _int, _pointer)
type_of = _fast(pdfium.FPDFPageObj_GetType, _int, _pointer)
_box_of = _fast(pdfium.FPDFPageObj_GetBounds, _int, *[_pointer] * 5)
_own_matrix = _fast(pdfium.FPDFPageObj_GetMatrix, _int, _pointer, _pointer)
_fill = _fast(pdfium.FPDFPageObj_GetFillColor, _int, _pointer, *[_pointer] * 4)


def text_of(document: Any, page: Any, form: Any, shapes: Shapes) -> tuple[bytes, dict[str, Any]]:
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
    facts["fields"], facts["stamps"], marks = annotations_of(page, form, shapes)
    if has_signs or any(is_mathematical(str(font[0])) for font in facts["fonts"]):
        facts["bars"] = bars
    facts["strikes"] = (marks + (rules if len(rules) <= MOST_AREAS else []))[:MOST_AREAS]  # so many are a drawing
    facts["links"] = links_of(document, page)
    return tables, facts


def _glyphs(
    text: Any, count: int, places: dict[int, int], shapes: Shapes
) -> tuple[bytes, int, list[list[str | int]], bool]:
    """The tables, the number of runs, the fonts that runs point to, and whether there are signs of formulas."""
    handle = ctypes.cast(text, ctypes.c_void_p).value or 0
    page = as_pointer(handle)
    facts: list[bytes] = []  # of each glyph
    runs = array("d")
    of_runs, loose = _Runs(handle), pdfium.FS_RECTF()
    loose_at = ctypes.byref(loose)
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
            runs.extend((font, *of_runs.told(index, owner), places.get(owner, -1)))
        told_of = alike.get(code)
        if told_of is None:
            if code not in known:
                known[code] = 2 if _unmapped(handle, index) == 1 else 0, _own_width(address, code)
            flags, width = known[code]
            _loose_box(page, index, loose_at)
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
        [ctypes.byref(block, 8 * (wire.PLACE_FIELDS * slot + field)) for field in range(wire.PLACE_FIELDS)]
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


class _Runs:
    """How text objects are set and drawn: told into memory that is asked for once."""

    def __init__(self, text: int) -> None:
        self._text = text
        self._matrix, self._colour = (ctypes.c_float * 6)(), (ctypes.c_uint * 4)()
        self._matrix_at = ctypes.addressof(self._matrix)
        self._colour_at = [ctypes.addressof(self._colour) + 4 * part for part in range(4)]

    def told(self, index: int, owner: int) -> tuple[float, ...]:
        """Size, matrix, render mode and colour of a text object, by itself and its first glyph; as `wire` has them."""
        matrix = self._matrix[:4] if _matrix(self._text, index, self._matrix_at) else (0.0,) * 4
        red, green, blue, alpha = self._colour if _fill(owner, *self._colour_at) else (255,) * 4
        colour = (red << 24) | (green << 16) | (blue << 8) | alpha
        return (_font_size(self._text, index), *matrix, _render_mode(owner), colour)


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
            kind = type_of(item)
            if not shapes.unsure:
                _note(item, kind, looked_at, shapes, extent)
            if kind == pdfium.FPDF_PAGEOBJ_TEXT:
                texts[item] = looked_at
            elif kind == pdfium.FPDF_PAGEOBJ_IMAGE:
                pictures.append([*_moved(bounds(item), matrix), looked_at])
            elif kind == pdfium.FPDF_PAGEOBJ_PATH:
                left, bottom, right, top = _moved(bounds(item), matrix)
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
    extent = edges_of(room)
    look(handle, pdfium.FPDFPage_CountObjects(page), on_page, (1, 0, 0, 1, 0, 0), 0)
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


def bounds(item: int) -> tuple[float, float, float, float]:
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
