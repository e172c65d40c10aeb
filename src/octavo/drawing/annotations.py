"""Annotations of a PDF page, from PDFium: links, marks over text, and what is written in form fields."""

import ctypes
from functools import partial
from typing import Any

import pypdfium2.raw as pdfium

from octavo.drawing.calls import integer as _int
from octavo.drawing.calls import wide
from octavo.drawing.shapes import Shapes
from octavo.drawing.wire import LONGEST_TARGET, MOST_AREAS, Edges, Link
from octavo.wording.ticks import EMPTY, TICKED

MOST_ANNOTATIONS = 2_000  # per page
MOST_LINES = 50  # that one link or mark runs over


def annotations_of(
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
            edges = edges_of(box)
            text = ""
            if kind == pdfium.FPDF_ANNOT_FREETEXT:  # typed onto the page: into a form that has no fields, mostly
                text = wide(partial(pdfium.FPDFAnnot_GetStringValue, annotation, b"Contents")).strip()
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


def links_of(document: Any, page: Any) -> list[Link]:
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
        found += [(target, *area) for area in areas or [edges_of(box)]]
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


def edges_of(box: Any) -> Edges:
    return box.left, min(box.bottom, box.top), box.right, max(box.bottom, box.top)


def _field_text(annotation: Any, form: Any) -> str:
    kind = pdfium.FPDFAnnot_GetFormFieldType(form, annotation)
    if kind in (pdfium.FPDF_FORMFIELD_CHECKBOX, pdfium.FPDF_FORMFIELD_RADIOBUTTON):
        return TICKED if pdfium.FPDFAnnot_IsChecked(form, annotation) else EMPTY
    if kind not in (pdfium.FPDF_FORMFIELD_TEXTFIELD, pdfium.FPDF_FORMFIELD_COMBOBOX):
        return ""
    if kind == pdfium.FPDF_FORMFIELD_TEXTFIELD and pdfium.FPDFAnnot_GetFormFieldFlags(form, annotation) & (1 << 13):
        return ""  # a password: drawn as dots
    return wide(lambda buffer, size: pdfium.FPDFAnnot_GetFormFieldValue(form, annotation, buffer, size)).strip()
