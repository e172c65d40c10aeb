"""Pages that are one picture: drawn as PDFium draws them, and only they."""

import mmap
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import cv2
import numpy as np
import pypdfium2.raw as pdfium
import pytest
from pdf_maker import HELVETICA, PdfPage, make_pdf

from octavo.document import Pixels
from octavo.drawing import scan

WIDTH, HEIGHT = 400, 520  # of the page at 144 dpi, in pixels


def scanned(
    content: bytes = b"q 200 0 0 260 0 0 cm /Im Do Q", *, entries: str = "", extra: str = "", colours: str = "Gray"
) -> bytes:
    """A page of 200 x 260 points with a picture of 500 x 650 pixels all over it."""
    page = np.full((650, 500, 3 if colours == "RGB" else 1), 235, np.uint8)
    for line in range(8):
        cv2.putText(page, f"scanned line {line}", (30, 60 + 75 * line), 0, 1.4, (20, 60, 120), 3)
    space = f"/ColorSpace /Device{colours} /BitsPerComponent 8"
    about = f"/Subtype /Image /Width 500 /Height 650 {space} {entries}"
    streams = {"Im": (about, page.tobytes())}
    return make_pdf(
        PdfPage(content, (200, 260), {"F1": HELVETICA}, streams, ["Im"], extra=extra),
        objects=["<< /Type /OCG /Name (layer) >>"],
    )


@contextmanager
def page_of(data: bytes) -> Iterator[Any]:
    document = pdfium.FPDF_LoadMemDocument64(data, len(data), None)
    page = pdfium.FPDF_LoadPage(document, 0)
    yield page
    pdfium.FPDF_ClosePage(page)
    pdfium.FPDF_CloseDocument(document)


def by_pdfium(page: Any, width: int, height: int) -> Pixels:
    pixels = np.full((height, width, 3), 255, np.uint8)
    bitmap = pdfium.FPDFBitmap_CreateEx(width, height, pdfium.FPDFBitmap_BGR, pixels.ctypes.data, width * 3)
    pdfium.FPDF_RenderPageBitmap(
        bitmap, page, 0, 0, width, height, 0, pdfium.FPDF_ANNOT | pdfium.FPDF_REVERSE_BYTE_ORDER
    )
    pdfium.FPDFBitmap_Destroy(bitmap)
    return pixels


@pytest.mark.parametrize("colours", ["Gray", "RGB"])
@pytest.mark.parametrize("size", [(400, 520), (210, 273), (130, 169), (900, 1170)], ids=str)
def test_a_scan_looks_as_pdfium_draws_it(colours: str, size: tuple[int, int]) -> None:
    hidden = b"q 200 0 0 260 0 0 cm /Im Do Q BT 3 Tr /F1 12 Tf 20 20 Td (what it says) Tj ET"
    with page_of(scanned(hidden, colours=colours)) as page:
        picture = scan.picture_of(page, *size)
        assert picture is not None
        pixels = np.zeros((size[1], size[0], 3), np.uint8)
        assert scan.is_drawn(picture, pixels.ctypes.data, *size)
        expected = by_pdfium(page, *size)
    # PDFium averages all, this the whole number only: the edges of letters differ, by less than half a pixel
    assert np.abs(pixels.astype(int) - expected).mean() < 6
    shift, _ = cv2.phaseCorrelate(pixels[..., 0].astype(np.float32), expected[..., 0].astype(np.float32))
    assert max(map(abs, shift)) < 0.5


@pytest.mark.parametrize(
    "content",
    [
        b"q 200 0 0 260 0 0 cm /Im Do Q BT /F1 12 Tf 20 20 Td (written on it) Tj ET",
        b"q 200 0 0 260 0 0 cm /Im Do Q 0 0 20 20 re f",
        b"q 200 0 0 260 0 0 cm /Im Do Q q 90 0 0 90 0 0 cm /Im Do Q",
        b"q 150 0 0 260 0 0 cm /Im Do Q",
        b"q -200 0 0 -260 200 260 cm /Im Do Q",
        b"q 200 9 0 260 0 0 cm /Im Do Q",
        b"q 20 20 90 90 re W n 200 0 0 260 0 0 cm /Im Do Q",
        b"/OC << /Type /OCG >> BDC q 200 0 0 260 0 0 cm /Im Do Q EMC",
        b"0 0 m",
    ],
    ids=["text", "drawing", "two", "narrow", "upside down", "skewed", "clipped", "layer", "empty"],
)
def test_what_is_more_or_less_than_a_scan_is_left_to_pdfium(content: bytes) -> None:
    with page_of(scanned(content)) as page:
        assert scan.picture_of(page, WIDTH, HEIGHT) is None


@pytest.mark.parametrize(
    "extra", ["/Rotate 90", "/Annots [<< /Type /Annot /Subtype /Square /Rect [10 10 50 50] /C [1 0 0] >>]"]
)
def test_turned_and_annotated_pages_are_left_to_pdfium(extra: str) -> None:
    with page_of(scanned(extra=extra)) as page:
        assert scan.picture_of(page, WIDTH, HEIGHT) is None


def test_a_scan_that_pdfium_scales_by_a_whole_number_is_left_to_it() -> None:
    with page_of(scanned()) as page:
        assert scan.picture_of(page, 250, 325) is None


def test_stencils_are_left_to_pdfium() -> None:
    """They are painted in the colour of the text."""
    bits = zlib.compress(bytes(63 * 650), 1)
    stencil = b"q 200 0 0 260 0 0 cm BI /W 500 /H 650 /IM true /BPC 1 /F /Fl ID " + bits + b" EI Q"
    with page_of(scanned(stencil)) as page:
        assert scan.picture_of(page, WIDTH, HEIGHT) is None


@pytest.mark.parametrize(
    ("entries", "plain"),
    [("", True), ("/Mask [0 20]", False), ("/SMask 10 0 R", False), ("/OC 10 0 R", False), ("/OCR (no)", True)],
)
def test_masks_and_layers_are_seen_in_the_file(entries: str, plain: bool) -> None:
    data = scanned(entries=entries)
    memory = mmap.mmap(-1, len(data) + 20)
    memory[:] = b"Mask of another" + b" " * 5 + data
    assert scan.may_have_scans(memory, 20, len(data)) is plain
