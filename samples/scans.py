"""Two documents that are only pictures: a photographed receipt (JPEG) and a fax of three pages (TIFF).

Both are drawn as PDF, turned into pixels, and then spoilt as a camera and a fax machine spoil paper.
"""

import io
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pypdfium2
from numpy.typing import NDArray
from PIL import Image
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Table

FAX_DPI = 200

RECEIPT = (
    ("Sourdough loaf", 1, 420),
    ("Butter, salted 250 g", 2, 518),
    ("Goat's cheese", 1, 385),
    ("Tomatoes, 0.640 kg", 1, 230),
    ("Olive oil 0.5 l", 1, 899),
    ("Lemonade, bottle", 3, 507),
    ("Deposit", 3, 75),
)


def drawn(width: float, height: float, dpi: float, draw: Callable[[Canvas], None]) -> NDArray[np.uint8]:
    """What `draw` draws on a page of that size, as grey pixels."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=(width, height), invariant=1)
    draw(canvas)
    canvas.save()
    document = pypdfium2.PdfDocument(buffer.getvalue())
    return np.asarray(document[0].render(scale=dpi / 72).to_pil().convert("L"))


# --- the receipt ----------------------------------------------------------------------------------------------


def make_receipt(path: Path) -> None:
    """A till receipt on a table, photographed by hand."""
    paper = drawn(80 * mm, 132 * mm, 230, _receipt)
    height, width = paper.shape
    noise = np.random.default_rng(11)
    scene_width, scene_height = int(width * 1.28), int(height * 1.14)
    rows, columns = np.mgrid[0:scene_height, 0:scene_width]
    grain = 8 * np.sin(columns / 37 + 3 * np.sin(rows / 210)) + 5 * np.sin(columns / 9.1 + rows / 330)
    table = np.stack([96 + grain, 74 + grain * 0.8, 55 + grain * 0.6], axis=-1)
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    target = np.array(
        [
            [scene_width * 0.125, scene_height * 0.035],
            [scene_width * 0.915, scene_height * 0.065],
            [scene_width * 0.885, scene_height * 0.965],
            [scene_width * 0.095, scene_height * 0.945],
        ],
        np.float32,
    )
    turn = cv2.getPerspectiveTransform(corners, target)
    size = (scene_width, scene_height)
    ink = cv2.warpPerspective(paper, turn, size, flags=cv2.INTER_AREA, borderValue=255)[..., None] / 255
    mask = cv2.warpPerspective(np.full_like(paper, 255), turn, size)[..., None] / 255
    shadow = cv2.GaussianBlur(cv2.warpAffine(mask[..., 0], np.float32([[1, 0, 9], [0, 1, 12]]), size), (0, 0), 9)
    scene = table * (1 - 0.45 * shadow[..., None])
    scene = scene * (1 - mask) + mask * (ink * np.array([238, 236, 228]) + (1 - ink) * np.array([70, 68, 74]))
    scene *= (1.04 - 0.26 * columns / scene_width - 0.10 * rows / scene_height)[..., None]
    scene = cv2.GaussianBlur(scene, (0, 0), 0.7) + noise.normal(0, 4.5, scene.shape)
    Image.fromarray(scene.clip(0, 255).astype(np.uint8)).save(path, quality=82, dpi=(200, 200))


def _receipt(canvas: Canvas) -> None:
    middle, left, right, y = 40 * mm, 6 * mm, 74 * mm, 122 * mm

    def line(words: str, amount: str = "", *, bold: bool = False, size: float = 8.6, step: float = 4.3) -> None:
        nonlocal y
        canvas.setFont("Courier-Bold" if bold else "Courier", size)
        canvas.drawString(left, y, words)
        canvas.drawRightString(right, y, amount)
        y -= step * mm

    canvas.setFont("Helvetica-Bold", 15)
    canvas.drawCentredString(middle, y, "LARKHILL GROCERS")
    canvas.setFont("Courier", 8)
    for words in ("7 Harbour Street, Port Ellery", "VAT no. GB 384 2210 57", "Tel. 0800 555 0172"):
        y -= 4 * mm
        canvas.drawCentredString(middle, y, words)
    y -= 7 * mm
    line("16/03/2024  17:42", "Till 2")
    line("Served by: Ines", "No. 004417")
    y += 1.5 * mm
    canvas.setDash(2, 2)
    canvas.line(left, y, right, y)
    y -= 4.5 * mm
    total = 0
    for name, count, pence in RECEIPT:
        line(f"{count} x {name}", f"{pence / 100:.2f}")
        total += pence
    y += 1.5 * mm
    canvas.line(left, y, right, y)
    y -= 5.5 * mm
    line("TOTAL", f"GBP {total / 100:.2f}", bold=True, size=11, step=5.2)
    line("Card **** 6103", f"{total / 100:.2f}")
    y -= 1.5 * mm
    line("Rate     Net      VAT", "Gross", bold=True)
    line("A  0%  20.60     0.00", "20.60")
    line("B 20%   8.12     1.62", "9.74")
    canvas.setDash()
    y -= 3 * mm
    canvas.setFillColor(colors.black)
    x = left + 8 * mm
    for bit in "1011001110100110111010001101100101110010011011101001100101110110100111001011":
        if bit == "1":
            canvas.rect(x, y - 9 * mm, 0.68 * mm, 10 * mm, stroke=0, fill=1)
        x += 0.68 * mm
    canvas.setFont("Courier", 8)
    canvas.drawCentredString(middle, y - 12.5 * mm, "2 403161 742004417")
    canvas.drawCentredString(middle, y - 18 * mm, "Thank you and come again!")


# --- the fax --------------------------------------------------------------------------------------------------


def make_fax(path: Path) -> None:
    """Three frames of one bit: a letter, an order form, and a page that went in sideways."""
    noise = np.random.default_rng(5)
    frames = []
    for number, page in enumerate((_letter, _order, _terms), start=1):
        grey = drawn(*A4, FAX_DPI, lambda canvas, page=page, number=number: _faxed(canvas, page, number))
        tilt = cv2.getRotationMatrix2D((grey.shape[1] / 2, grey.shape[0] / 2), (0.4, -0.7, 0.3)[number - 1], 1)
        tilted = cv2.warpAffine(grey, tilt, grey.shape[::-1], flags=cv2.INTER_LINEAR, borderValue=255)
        spoilt = tilted + noise.normal(0, 34, tilted.shape)
        spoilt[noise.random(tilted.shape) < 0.0004] = 0
        bits = Image.fromarray(spoilt > 128)
        frames.append(bits.transpose(Image.Transpose.ROTATE_90) if page is _terms else bits)
    frames[0].save(path, save_all=True, append_images=frames[1:], compression="group4", dpi=(FAX_DPI, FAX_DPI))


def _faxed(canvas: Canvas, page: Callable[[Canvas], None], number: int) -> None:
    canvas.setFont("Courier", 9)
    canvas.drawString(
        12 * mm, A4[1] - 8 * mm, f"18/04/2024  09:1{number}   FROM +44 800 555 0188   PAGE {number:02d}/03"
    )
    page(canvas)


def _lines(canvas: Canvas, x: float, y: float, words: str, *, size: float = 12, step: float = 17) -> float:
    canvas.setFont("Times-Roman", size)
    for line in words.split("\n"):
        canvas.drawString(x, y, line)
        y -= step
    return y


def _letter(canvas: Canvas) -> None:
    top = A4[1] - 32 * mm
    canvas.setFont("Times-Bold", 20)
    canvas.drawString(24 * mm, top, "Bellamy & Sons Hardware")
    canvas.setLineWidth(1.2)
    canvas.line(24 * mm, top - 8, A4[0] - 24 * mm, top - 8)
    y = _lines(
        canvas, 24 * mm, top - 26, "31 Rope Walk, Port Ellery PE2 6BD\nTelephone +44 800 555 0188", size=10.5, step=14
    )
    y = _lines(canvas, 24 * mm, y - 22, "To: Meridian Instruments Ltd, Purchasing\nDate: 18 April 2024\nPages: 3")
    canvas.setFont("Times-Bold", 13)
    canvas.drawString(24 * mm, y - 14, "Your order 5521 of 15 April")
    y = _lines(
        canvas,
        24 * mm,
        y - 42,
        "Dear Mr Castellanos,\n \n"
        "thank you for your order. All items but the brass hinges are in stock and\n"
        "leave our warehouse tomorrow. The hinges are expected on 29 April; we send\n"
        "them at our expense as soon as they arrive.\n \n"
        "The order form with our prices is on page 2, our terms on page 3. Please sign\n"
        "the form and fax it back by noon, or call us if something is not as agreed.\n \n"
        "Yours sincerely,",
    )
    canvas.setLineWidth(1.6)
    stroke = canvas.beginPath()
    stroke.moveTo(26 * mm, y - 34)
    for step in range(9):
        x = (26 + step * 4.5) * mm
        stroke.curveTo(x + 4, y - 8 - step % 3 * 9, x + 8, y - 52 + step % 2 * 16, x + 4.5 * mm, y - 32 + step)
    canvas.drawPath(stroke)
    _lines(canvas, 24 * mm, y - 72, "Joan Bellamy")


def _order(canvas: Canvas) -> None:
    top = A4[1] - 32 * mm
    canvas.setFont("Times-Bold", 16)
    canvas.drawString(24 * mm, top, "Order 5521")
    rows = [
        ["Item", "Description", "Quantity", "Price", "Amount"],
        ["A-104", "Wood screws 4 x 40, box of 200", "12", "6.80", "81.60"],
        ["A-220", "Wall anchors 8 mm, box of 100", "8", "5.25", "42.00"],
        ["C-017", "Steel angle 60 x 60", "40", "1.15", "46.00"],
        ["C-342", "Brass hinge 76 mm", "24", "3.40", "81.60"],
        ["F-009", "Folding rule 2 m", "6", "9.95", "59.70"],
        ["K-551", "Linseed oil 1 l", "4", "11.20", "44.80"],
        ["Goods", "", "", "", "355.70"],
        ["VAT 20 %", "", "", "", "71.14"],
        ["To pay", "", "", "", "426.84"],
    ]
    table = Table(
        rows,
        colWidths=[24 * mm, 66 * mm, 24 * mm, 22 * mm, 26 * mm],
        rowHeights=9.5 * mm,
        style=[
            ("FONT", (0, 0), (-1, -1), "Times-Roman", 12),
            ("FONT", (0, 0), (-1, 0), "Times-Bold", 12),
            ("FONT", (0, -1), (-1, -1), "Times-Bold", 12),
            ("GRID", (0, 0), (-1, -1), 1, colors.black),
            ("ALIGN", (2, 0), (-1, -1), "RIGHT"),
            ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
            *(("SPAN", (0, row), (3, row)) for row in (-3, -2, -1)),
        ],
    )
    _, height = table.wrapOn(canvas, *A4)
    table.drawOn(canvas, 24 * mm, top - 10 * mm - height)
    y = _lines(
        canvas,
        24 * mm,
        top - height - 22 * mm,
        "Delivery: Meridian Instruments Ltd, gate 3, 8 Foundry Lane, Port Ellery",
    )
    canvas.rect(24 * mm, y - 12, 9, 9)
    canvas.drawString(30 * mm, y - 11, "We accept a later delivery of the hinges.")
    canvas.line(24 * mm, y - 70, 84 * mm, y - 70)
    canvas.line(110 * mm, y - 70, 170 * mm, y - 70)
    _lines(canvas, 24 * mm, y - 84, "Place, date", size=10)
    _lines(canvas, 110 * mm, y - 84, "Signature", size=10)


def _terms(canvas: Canvas) -> None:
    top = A4[1] - 32 * mm
    canvas.setFont("Times-Bold", 16)
    canvas.drawString(24 * mm, top, "Terms of sale")
    _lines(
        canvas,
        24 * mm,
        top - 34,
        "1. Prices are in pounds sterling and hold for thirty days from the date of\n"
        "    the offer. Carriage is free for orders above 250 pounds.\n"
        "2. Invoices are due fourteen days after delivery. After that we charge\n"
        "    interest of 1.5 % for each month begun.\n"
        "3. Goods remain ours until they are paid for in full.\n"
        "4. Faults are reported within eight days of delivery. We replace what is\n"
        "    faulty, or take it back and return the price.\n"
        "5. Goods that were cut or mixed to order cannot be returned.\n"
        "6. The courts of Port Ellery decide where we cannot agree.",
        step=20,
    )
