"""A bank statement of two pages: ruled and unruled tables, spans, running header and footer, bookmarks."""

import random
from datetime import date, timedelta
from pathlib import Path

from reportlab.lib import colors
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, KeepTogether, PageTemplate, Paragraph, Spacer, Table

INK = colors.HexColor("#1d2b3a")
SEA = colors.HexColor("#0b5c6b")
MIST = colors.HexColor("#eef4f5")
BODY = ParagraphStyle("body", fontName="Helvetica", fontSize=9, leading=12.5, textColor=INK)
SMALL = ParagraphStyle("small", parent=BODY, fontSize=7.5, leading=10)
RIGHT = ParagraphStyle("right", parent=BODY, alignment=TA_RIGHT)
TITLE = ParagraphStyle("title", parent=BODY, fontName="Helvetica-Bold", fontSize=17, leading=21, textColor=SEA)
HEADING = ParagraphStyle(
    "heading",
    parent=BODY,
    fontName="Helvetica-Bold",
    fontSize=11.5,
    leading=15,
    textColor=SEA,
    spaceBefore=9,
    spaceAfter=4,
)

PAYEES = (
    ("Card payment", "Kestrel Foods, Port Ellery", -6240, -1180),
    ("Card payment", "Larkhill Bakery", -1490, -320),
    ("Direct debit", "Ellery Water Company", -4415, -4415),
    ("Direct debit", "Moorland Energy, contract 77-2041", -11830, -11830),
    ("Card payment", "Bellamy & Sons Hardware", -8795, -1240),
    ("Transfer in", "R. Okafor, rent share", 42500, 42500),
    ("Card payment", "Coastline Rail, season ticket", -9600, -9600),
    ("Cash withdrawal", "Harbour Street branch", -10000, -4000),
    ("Card payment", "Tidewater Books", -3275, -899),
    ("Standing order", "Savings pot 'Boat'", -15000, -15000),
)


def transactions() -> list[tuple[str, str, int]]:
    """Date, description, pence: a month whose balance adds up."""
    chance = random.Random(7)  # noqa: S311 - a made-up month, not a secret
    day, rows = date(2024, 3, 1), [("01 Mar 2024", "Salary\nMeridian Instruments Ltd", 318450)]
    while day < date(2024, 3, 29):
        day += timedelta(days=chance.choice((0, 1, 1, 1, 2)))
        kind, who, low, high = chance.choice(PAYEES)
        rows.append((day.strftime("%d %b %Y"), f"{kind}\n{who}", chance.randint(min(low, high), max(low, high))))
    return rows


def money(pence: int) -> str:
    return f"{abs(pence) // 100:,}.{abs(pence) % 100:02d}"


def make(path: Path) -> None:
    """Draw the statement."""
    document = BaseDocTemplate(
        str(path), pagesize=A4, invariant=1, title="Statement of account, March 2024", author="Harbour & Vale Bank"
    )
    body = Frame(20 * mm, 22 * mm, A4[0] - 40 * mm, A4[1] - 54 * mm, 0, 0, 0, 0)
    document.addPageTemplates([PageTemplate("page", [body], onPage=_furniture)])
    document.build(_story())


def _furniture(canvas: Canvas, document: BaseDocTemplate) -> None:
    width, height = A4
    canvas.setFillColor(SEA)
    canvas.circle(26 * mm, height - 17 * mm, 5.5 * mm, stroke=0, fill=1)
    canvas.setStrokeColor(colors.white)
    canvas.setLineWidth(1.4)
    for row in range(3):
        base = height - (15 + row * 2) * mm
        canvas.bezier(22 * mm, base, 25 * mm, base + 3 * mm, 27 * mm, base - 3 * mm, 30 * mm, base)
    canvas.setFont("Helvetica-Bold", 13)
    canvas.drawString(34 * mm, height - 19 * mm, "Harbour & Vale Bank")
    canvas.setFont("Helvetica", 8)
    canvas.setFillColor(INK)
    canvas.drawRightString(width - 20 * mm, height - 16 * mm, "Account 20-44-81  3390 1172")
    canvas.drawRightString(width - 20 * mm, height - 20 * mm, "Statement number 39")
    canvas.setStrokeColor(SEA)
    canvas.setLineWidth(0.6)
    canvas.line(20 * mm, 17 * mm, width - 20 * mm, 17 * mm)
    canvas.drawString(20 * mm, 12.5 * mm, "Harbour & Vale Bank plc, 2 Quay Street, Port Ellery PE1 4HV")
    canvas.drawRightString(width - 20 * mm, 12.5 * mm, f"Page {document.page} of 2")


class _Bookmark(Flowable):
    """An entry of the document's outline; takes no room."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self.title = title

    def draw(self) -> None:
        self.canv.bookmarkPage(self.title)
        self.canv.addOutlineEntry(self.title, self.title)


def _story() -> list[Flowable]:
    rows = transactions()
    opening = 124_618
    paid_in = sum(pence for _, _, pence in rows if pence > 0)
    paid_out = sum(pence for _, _, pence in rows if pence < 0)
    address = Paragraph("Ms Adaeze Lindqvist<br/>14 Chandlers Row<br/>Port Ellery<br/>PE3 9QT", BODY)
    period = Paragraph("Statement period<br/><b>1 March 2024 to 31 March 2024</b><br/>Issued 2 April 2024", RIGHT)
    summary = Table(
        [
            ["Account summary", "", "", ""],
            ["Opening balance", "Paid in", "Paid out", "Closing balance"],
            [money(opening), money(paid_in), money(paid_out), money(opening + paid_in + paid_out)],
        ],
        colWidths=[42.5 * mm] * 4,
        style=[
            ("SPAN", (0, 0), (3, 0)),
            ("GRID", (0, 0), (-1, -1), 0.6, SEA),
            ("BACKGROUND", (0, 0), (-1, 0), SEA),
            ("TEXTCOLOR", (0, 0), (-1, 0), colors.white),
            ("FONT", (0, 0), (-1, 1), "Helvetica-Bold", 9),
            ("FONT", (0, 2), (-1, 2), "Helvetica", 10),
            ("ALIGN", (0, 0), (-1, -1), "CENTER"),
            ("TOPPADDING", (0, 0), (-1, -1), 4),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 5),
        ],
    )
    fees = Table(
        [
            ["Service", "Rate", "", "Charged"],
            ["", "per use", "per month", ""],
            ["Card use abroad", "0.95 %", "-", "0.00"],
            ["Arranged overdraft", "-", "19.90 % a year", "0.00"],
            ["Replacement card", "5.00", "-", "0.00"],
        ],
        colWidths=[60 * mm, 30 * mm, 40 * mm, 40 * mm],
        style=[
            ("SPAN", (0, 0), (0, 1)),
            ("SPAN", (1, 0), (2, 0)),
            ("SPAN", (3, 0), (3, 1)),
            ("GRID", (0, 0), (-1, -1), 0.6, INK),
            ("FONT", (0, 0), (-1, 1), "Helvetica-Bold", 9),
            ("FONT", (0, 2), (-1, -1), "Helvetica", 9),
            ("BACKGROUND", (0, 0), (-1, 1), MIST),
            ("ALIGN", (1, 0), (-1, -1), "CENTER"),
            ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
        ],
    )
    return [
        _Bookmark("Statement of account"),
        Paragraph("Statement of account", TITLE),
        Spacer(1, 4 * mm),
        Table(
            [[address, period]],
            colWidths=[85 * mm, 85 * mm],
            style=[
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("RIGHTPADDING", (0, 0), (-1, -1), 0),
            ],
        ),
        Spacer(1, 5 * mm),
        summary,
        Spacer(1, 3 * mm),
        Paragraph(
            "Your arranged overdraft limit is £500.00. You did not use it in this period. All amounts are in pounds "
            "sterling; amounts paid out are shown in a column of their own.",
            BODY,
        ),
        _Bookmark("Your transactions"),
        Paragraph("Your transactions", HEADING),
        _movements(rows, opening),
        _Bookmark("Fees and charges"),
        KeepTogether(
            [
                Paragraph("Fees and charges", HEADING),
                fees,
                Spacer(1, 4 * mm),
                Paragraph("Important information", HEADING),
                Paragraph(
                    "Please check this statement. If a payment is not yours, tell us within 13 months on 0800 555 "
                    "0139 or at any branch; we put the money back by the end of the next working day while we look "
                    "into it.",
                    BODY,
                ),
                Spacer(1, 3 * mm),
                Paragraph(
                    "Eligible deposits are protected up to £85,000 for each person. Interest is worked out daily "
                    "on the cleared balance and paid on the last working day of the month.",
                    SMALL,
                ),
            ]
        ),
    ]


def _movements(rows: list[tuple[str, str, int]], opening: int) -> Table:
    """The unruled table: it breaks over the page and repeats its head."""
    cells: list[list[object]] = [["Date", "Description", "Paid out", "Paid in", "Balance"]]
    cells.append(["01 Mar 2024", "Balance brought forward", "", "", money(opening)])
    balance = opening
    for day, what, pence in rows:
        balance += pence
        paid_out, paid_in = (money(pence), "") if pence < 0 else ("", money(pence))
        cells.append([day, what, paid_out, paid_in, money(balance)])
    cells.append(["31 Mar 2024", "Balance carried forward", "", "", money(balance)])
    return Table(
        cells,
        colWidths=[27 * mm, 71 * mm, 24 * mm, 24 * mm, 24 * mm],
        repeatRows=1,
        style=[
            ("FONT", (0, 0), (-1, 0), "Helvetica-Bold", 8.5),
            ("FONT", (0, 1), (-1, -1), "Helvetica", 8.5),
            ("FONT", (1, -1), (-1, -1), "Helvetica-Bold", 8.5),
            ("TEXTCOLOR", (0, 0), (-1, -1), INK),
            ("LINEBELOW", (0, 0), (-1, 0), 0.9, SEA),
            ("ROWBACKGROUNDS", (0, 1), (-1, -1), [colors.white, MIST]),
            ("ALIGN", (2, 0), (-1, -1), "RIGHT"),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("TOPPADDING", (0, 0), (-1, -1), 2.2),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
        ],
    )
