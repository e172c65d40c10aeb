"""Forms: boxes to tick with their states, and fields with their names, filled in or printed."""

from pathlib import Path

import cv2
import pytest
from pdf_maker import HELVETICA, make_pdf, text_page
from tabling import Drawing

import octavo
from octavo.document import TextLine
from octavo.errors import EngineUnavailable
from octavo.geometry import Box, Size
from octavo.layout.lines import Line
from octavo.layout.names_above import find_names_above
from octavo.layout.tick_boxes import find_tick_boxes
from octavo.parser import Parser
from octavo.tables.rules import Rule, Rules
from octavo.wording.ticks import in_brackets

canvas = pytest.importorskip("reportlab.pdfgen.canvas")


def read(path: Path) -> str:
    try:
        with Parser() as parser:
            return octavo.to_markdown(parser.parse(path))
    except EngineUnavailable as missing:
        pytest.skip(str(missing))


# --- drawn ----------------------------------------------------------------------------------------------------------


def square(page: Drawing, left: int, top: int, side: int, inside: str) -> None:
    for a, b, c, d in ((0, 0, 1, 0), (0, 1, 1, 1), (0, 0, 0, 1), (1, 0, 1, 1)):
        page.rule(left + a * side, top + b * side, left + c * side, top + d * side)
    if inside == "cross":
        page.rule(left, top, left + side, top + side)
        page.rule(left + side, top, left, top + side)
    if inside == "hook":
        page.rule(left + 3, top + side // 2, left + side // 2, top + side - 3, 2)
        page.rule(left + side // 2, top + side - 3, left + side - 2, top + 2, 2)
    if inside == "full":
        page.pixels[top : top + side, left : left + side] = 0


@pytest.mark.parametrize("side", [10, 13, 17])
def test_a_drawn_square_is_a_box_to_tick_and_what_is_in_it_tells_its_state(side: int) -> None:
    page = Drawing(500, 200)
    for number, (inside, label) in enumerate((("", "Yes"), ("cross", "No"), ("hook", "Perhaps"), ("full", "a bullet"))):
        square(page, 20, 20 + 30 * number, side, inside)
        page.write(label, 30 + side, 20 + 30 * number + side // 2 - 6)
    assert [box.text for box in find_tick_boxes(page.pixels, page.lines, 14)] == ["☐", "☑", "☑"]


def test_no_square_without_a_text_and_no_letter_is_one() -> None:
    page = Drawing(500, 200)
    page.write("DOQ HH EE 口 words in a row", 20, 20)
    square(page, 300, 120, 13, "")
    square(page, 20, 60, 120, "")  # a frame
    assert find_tick_boxes(page.pixels, page.lines, 14) == []


@pytest.mark.parametrize(("font", "size"), [("Helvetica", 9), ("Times-Roman", 12), ("Courier", 10)])
def test_the_answers_of_a_printed_form_stand_beside_their_questions(tmp_path: Path, font: str, size: int) -> None:
    page = canvas.Canvas(str(tmp_path / "form.pdf"))
    page.setFont(font, size)
    asked = (("Was anybody hurt?", ("Yes", "No"), {1}), ("Police called?", ("Yes", "No"), {0}))
    asked += (("Damage to", ("bumper", "door", "mirror"), {0, 2}),)  # type: ignore[assignment]  # one choice more
    for row, (question, choices, ticked) in enumerate(asked):
        y = 700 - 26 * row
        page.drawString(50, y, question)
        for column, choice in enumerate(choices):
            x = 200 + 100 * column
            page.rect(x, y - 1, size, size)
            if column in ticked:
                page.line(x, y - 1, x + size, y - 1 + size)
                page.line(x + size, y - 1, x, y - 1 + size)
            page.drawString(x + size + 4, y, choice)
    page.drawString(50, 500, "This report is true as far as I know and was written on the day it happened.")
    page.save()
    text = read(tmp_path / "form.pdf")
    for question, choices, ticked in asked:
        marks = (f"[{'x' if column in ticked else ' '}] {choice}" for column, choice in enumerate(choices))
        assert " ".join((question, *marks)) in text


@pytest.fixture(scope="module")
def browser_form(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Controls as Chromium prints them: paths with round corners, a filled one with a light hook, rings with a dot."""
    path = tmp_path_factory.mktemp("form") / "printed.pdf"
    page = canvas.Canvas(str(path), (500, 500))

    def box(x: float, y: float, ticked: bool) -> None:
        page.setStrokeGray(0.46)
        page.setFillColorRGB(*((0, 0.46, 1) if ticked else (1, 1, 1)))
        page.roundRect(x, y, 9.5, 9.5, 1.5, stroke=not ticked, fill=1)
        page.setStrokeGray(1)
        page.setLineWidth(1.6)
        if ticked:
            page.lines([(x + 1.7, y + 4.9, x + 3.9, y + 2.6), (x + 3.9, y + 2.6, x + 8, y + 7)])
        page.setLineWidth(0.75)
        page.setFillGray(0)

    def ring(x: float, y: float, chosen: bool) -> None:
        page.setStrokeColorRGB(*((0, 0.46, 1) if chosen else (0.46, 0.46, 0.46)))
        page.circle(x + 4.8, y + 4.8, 4.6)
        page.setFillColorRGB(0, 0.46, 1)
        if chosen:
            page.circle(x + 4.8, y + 4.8, 2.9, stroke=0, fill=1)
        page.setFillGray(0)

    page.setFont("Helvetica", 10.5)
    for place, (label, ticked) in enumerate((("A berth", True), ("Power", False), ("Water from the quay", True))):
        box(50, 449 - 16 * place, ticked)
        page.drawString(64, 450 - 16 * place, label)
    page.drawString(50, 380, "Paid by")
    for place, label in enumerate(("Card", "Cash", "Letter")):
        ring(100 + 70 * place, 379, label == "Cash")
        page.drawString(114 + 70 * place, 380, label)
    for place, row in enumerate(("On board", "Vests", "A radio on the bridge", "Flares")):
        page.setFont("Helvetica" if place else "Helvetica-Bold", 10.5)
        page.drawString(54, 320 - 20 * place, row)
        for column, head in enumerate(("Yes", "No")):
            if place:
                box(211 + 60 * column, 319 - 20 * place, (place == 2) is bool(column))
            else:
                page.drawString(208 + 60 * column, 320, head)
    page.setStrokeGray(0.6)
    page.grid([48, 190, 250, 310], [334 - 20 * place for place in range(5)])
    page.save()
    return [line.rstrip() for line in read(path).splitlines() if line.strip()]


def test_boxes_that_a_browser_printed_are_told_with_their_states(browser_form: list[str]) -> None:
    assert browser_form[:4] == [
        "[x] A berth",
        "[ ] Power",
        "[x] Water from the quay",
        "Paid by [ ] Card [x] Cash [ ] Letter",
    ]


def test_a_field_after_a_field_has_its_own_name(tmp_path: Path) -> None:
    page = canvas.Canvas(str(tmp_path / "form.pdf"), (500, 400))
    page.setFont("Helvetica", 10.5)
    for place, (left, name, value, width) in enumerate(
        ((50, "Name:", "Ada Lind", 180), (50, "Boat:", "Gannet", 120), (206, "Length:", "9.4 m", 50))
    ):
        y = 350 - 24 * min(place, 1)
        begin = left + page.stringWidth(f"{name} ", "Helvetica", 10.5)
        page.drawString(left, y, name)
        page.roundRect(begin, y - 4, width, 15, 2)
        page.drawString(begin + 3, y, value)
    page.save()
    rows = [line.rstrip() for line in read(tmp_path / "form.pdf").splitlines() if line.strip()]
    assert " ".join(rows) == "Name: Ada Lind Boat: Gannet Length: 9.4 m"


def test_ticks_in_the_columns_of_a_table_are_its_cells(browser_form: list[str]) -> None:
    assert browser_form[5:9] == [
        "<tr><th>On board</th><th>Yes</th><th>No</th></tr>",
        "<tr><td>Vests</td><td>[x]</td><td>[ ]</td></tr>",
        "<tr><td>A radio on the bridge</td><td>[ ]</td><td>[x]</td></tr>",
        "<tr><td>Flares</td><td>[x]</td><td>[ ]</td></tr>",
    ]


def test_icons_are_no_boxes_to_tick() -> None:
    """Filled circles and squares with a light sign in them, as they stand before a telephone number."""
    page = Drawing(500, 200)
    for place in range(3):
        top = 20 + 40 * place
        page.pixels[top : top + 18, 20:38] = 90
        page.pixels[top : top + 2, 20:22] = page.pixels[top : top + 2, 36:38] = 255  # round corners
        page.pixels[top + 16 : top + 18, 20:22] = page.pixels[top + 16 : top + 18, 36:38] = 255
        page.pixels[top + 8 : top + 10, 24:34] = 255
        cv2.circle(page.pixels, (229, top + 9), 9, (90, 90, 90), -1)
        page.pixels[top + 7 : top + 11, 224:234] = 255
        page.write("01472 555 014", 44, top + 3)
        page.write("Pier Road", 246, top + 3)
    assert find_tick_boxes(page.pixels, page.lines, 18) == []


# --- filled in ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("left", [180, 260])
def test_fields_stand_beside_their_names_and_boxes_tell_their_state(tmp_path: Path, left: int) -> None:
    page = canvas.Canvas(str(tmp_path / "form.pdf"))
    page.setFont("Helvetica", 11)
    fields = (("Surname", "Okonkwo"), ("First name", "Lydia"), ("Street and number", "Harbour Road 17b"))
    for row, (name, value) in enumerate(fields):
        page.drawString(60, 700 - 34 * row, name)
        page.acroForm.textfield(name=name, value=value, x=left, y=694 - 34 * row, width=250, height=20, fontSize=12)
    for row, (label, checked) in enumerate((("I want the newsletter", True), ("I want printed invoices", False))):
        page.acroForm.checkbox(name=label, checked=checked, x=60, y=560 - 25 * row, size=14)
        page.drawString(84, 563 - 25 * row, label)
    page.drawString(60, 480, "Payment:")
    for column, (label, selected) in enumerate((("monthly", False), ("yearly", True))):
        page.acroForm.radio(name="pay", value=label, selected=selected, x=150 + 120 * column, y=477, size=14)
        page.drawString(170 + 120 * column, 480, label)
    page.save()
    text = read(tmp_path / "form.pdf")
    for name, value in fields:
        assert f"{name}: {value}" in text
    assert "[x] I want the newsletter" in text
    assert "[ ] I want printed invoices" in text
    assert "Payment: [ ] monthly [x] yearly" in text


def test_fields_below_their_names_keep_them_and_an_empty_one_is_a_name_alone(tmp_path: Path) -> None:
    page = canvas.Canvas(str(tmp_path / "form.pdf"))
    fields = (("Traveller", "Ines Karlsson"), ("Staff number", "E-20417"), ("Department", "Geology"), ("Project", ""))
    for place, (name, value) in enumerate(fields):
        x, y = 50 + 260 * (place % 2), 730 - 45 * (place // 2)
        page.setFont("Helvetica", 8)
        page.drawString(x, y + 22, name)
        page.acroForm.textfield(name=name, value=value, x=x, y=y, width=230, height=18, fontSize=11)
    page.setFont("Helvetica", 10)
    page.drawString(50, 600, "Remarks")
    lines = "The ferry's receipt is missing.\nIt comes by post."
    page.acroForm.textfield(name="r", value=lines, x=150, y=550, width=350, height=60, fieldFlags="multiline")
    page.drawString(50, 500, "I confirm that these costs arose on a journey that was approved before it began.")
    page.save()
    rows = [line.rstrip() for line in read(tmp_path / "form.pdf").splitlines()]
    assert rows[:4] == [f"{name}: {value}".rstrip() for name, value in fields]
    assert rows[5:7] == ["Remarks: The ferry's receipt is missing.", "It comes by post."]


# --- printed, names above values ------------------------------------------------------------------------------------

_BOXES = (  # left, top, right, bottom in points; a name and the lines below it
    ((60, 100, 240, 130), "a Identification number", ("917-44-0182",)),
    ((240, 100, 420, 130), "1 Wages, tips, etc.", ("48,213.77",)),
    ((420, 100, 540, 130), "2 Tax withheld", ("6,120.40",)),
    ((60, 130, 240, 190), "c Employer's name and address", ("Halvorsen Tool & Die", "2290 Cannery Lane", "Duluth")),
    ((240, 130, 540, 160), "3 Control number", ()),
    ((240, 160, 540, 190), "4 Verification code", ("c81f-90aa",)),
)


def boxed(path: Path, *, value_font: str = "Helvetica", below: bool = False) -> None:
    page = canvas.Canvas(str(path), (600, 500))
    page.setFont("Helvetica-Bold", 14)
    page.drawString(60, 440, "Statement of wages")
    for (left, top, right, bottom), name, values in _BOXES:
        page.rect(left, 500 - bottom, right - left, bottom - top)
        page.setFont("Helvetica", 6.5)
        page.drawString(left + 4, 500 - top - 8, name)
        page.setFont(value_font, 10)
        for row, value in enumerate(values):
            page.drawString(left + 4, 500 - top - 20 - 12 * row, value)
    if below:
        rows = (("Marks", "Goods", "Weight"), ("NK-1", "Green coffee", "15,125.0"), ("NK-2", "Black tea", "4,235.0"))
        for row, cells in enumerate(rows):
            page.setFont("Helvetica", 6.5 if row == 0 else 10)
            for column, cell in enumerate(cells):
                page.rect(60 + 160 * column, 500 - 210 - 20 * row, 160, 20)
                page.drawString(64 + 160 * column, 500 - 206 - 20 * row, cell)
    page.setFont("Helvetica", 9)
    page.drawString(60, 200, "This information is being furnished to the revenue service, which may ask for more.")
    page.save()


def expected() -> list[str]:
    rows = []
    for _, name, (first, *more) in ((box, name, values or ("",)) for box, name, values in _BOXES):
        rows += [f"{name}: {first}".rstrip(), *more]
    return rows


@pytest.mark.parametrize("value_font", ["Helvetica", "Courier", "Times-Bold"])
def test_a_name_in_the_corner_of_a_box_stays_with_what_is_below_it(tmp_path: Path, value_font: str) -> None:
    boxed(tmp_path / "form.pdf", value_font=value_font)
    rows = [line.rstrip().replace("*", "") for line in read(tmp_path / "form.pdf").splitlines() if line.strip()]
    assert rows[1:-1] == expected()


def test_a_table_under_the_boxes_of_a_form_stays_a_table(tmp_path: Path) -> None:
    boxed(tmp_path / "form.pdf", below=True)
    text = read(tmp_path / "form.pdf")
    assert [line.rstrip() for line in text.splitlines() if line.strip()][1 : 1 + len(expected())] == expected()
    assert "<th>Marks</th><th>Goods</th><th>Weight</th>" in text
    assert "<td>NK-2</td><td>Black tea</td><td>4,235.0</td>" in text


def test_names_over_values_side_by_side_are_pairs_and_heads_over_rows_are_a_table(tmp_path: Path) -> None:
    page = canvas.Canvas(str(tmp_path / "invoice.pdf"), (600, 500))

    def across(y: float, size: float, *texts: str, font: str = "Times-Roman") -> None:
        page.setFont(font, size)
        for column, text in enumerate(texts):
            page.drawString(60 + 130 * column, y, text)

    across(440, 8, "Invoice number", "Date of issue", "Due date", "Your reference")
    across(427, 10.5, "2031-00417", "3 June 2031", "17 June 2031", "PO 99-1834")
    across(380, 8, "Item", "Colour", "Size", "Price")
    for row, cells in enumerate((("Rye flour", "grey", "25 kg", "21.50"), ("Spelt", "brown", "10 kg", "34.00"))):
        across(366 - 14 * row, 10.5, *cells)
    across(250, 10.5, "Goods stay ours until they are paid for, and are sent at the buyer's risk.")
    page.save()
    text = read(tmp_path / "invoice.pdf")
    pairs = ("Invoice number: 2031-00417", "Date of issue: 3 June 2031", "Due date: 17 June 2031")
    assert "  \n".join((*pairs, "Your reference: PO 99-1834")) in text
    assert "Item:" not in text
    assert "<td>Spelt</td><td>brown</td><td>10 kg</td><td>34.00</td>" in text


def test_a_line_to_write_on_is_a_field_and_the_heading_above_it_stays_one(tmp_path: Path) -> None:
    page = canvas.Canvas(str(tmp_path / "form.pdf"), (600, 500))
    page.setFont("Helvetica", 11)
    page.drawString(60, 440, "I have read the rules of the society and will keep a third of the plot for fruit.")
    page.setFont("Helvetica-Bold", 13)
    page.drawString(60, 400, "Signature of the applicant")
    for left, name, value in ((60, "Place and date", "Oldenburg, 2 March 2026"), (320, "By hand", "")):
        page.setFont("Helvetica", 8)
        page.drawString(left, 370, name)
        page.setFont("Helvetica", 11)
        page.drawString(left, 356, value)
        page.line(left, 350, left + 220, 350)
    page.save()
    rows = [line.rstrip() for line in read(tmp_path / "form.pdf").splitlines() if line.strip()]
    assert rows[1].endswith("# Signature of the applicant")
    assert rows[2:] == ["Place and date: Oldenburg, 2 March 2026", "By hand:"]


def test_shades_beside_names_are_fields_and_an_empty_one_stays_visible(tmp_path: Path) -> None:
    page = canvas.Canvas(str(tmp_path / "form.pdf"), (600, 500))
    fields = (("Name", "Beatriz Fonseca"), ("Born", "22/11/1984"), ("Address", "Rua das Flores 41"), ("Kin", ""))
    for place, (name, value) in enumerate(fields):
        left, y = 60 + 260 * (place % 2), 430 - 24 * (place // 2)
        page.setFillColorRGB(0.85, 0.9, 0.95)
        page.rect(left + 55, y - 5, 170, 18, stroke=0, fill=1)
        page.setFillColorRGB(0, 0, 0)
        page.setFont("Helvetica", 10)
        page.drawString(left, y, name)
        page.drawString(left + 62, y, value)
    page.drawString(60, 340, "Those who are ill on the day are asked to call the office before nine o'clock.")
    page.save()
    rows = [line.rstrip() for line in read(tmp_path / "form.pdf").splitlines() if line.strip()]
    assert sorted(rows[:4]) == sorted(f"{name}: {value}".rstrip() for name, value in fields)
    assert rows.index("Name: Beatriz Fonseca") < rows.index("Address: Rua das Flores 41")


def test_names_and_figures_in_two_columns_are_pairs_and_two_addresses_are_not(tmp_path: Path) -> None:
    page = canvas.Canvas(str(tmp_path / "invoice.pdf"), (600, 500))
    page.setFont("Helvetica", 10)
    pairs = (("Rechnung Nr.", "R-31-0782"), ("Datum", "07.05.2031"), ("Kundennummer", "10442"), ("Zeichen", "L-31"))
    for row, (name, value) in enumerate(pairs):
        page.drawString(350, 440 - 13 * row, name)
        page.drawString(424, 440 - 13 * row, value)
    addresses = (("Optik Brenner KG", "Werk Lehr"), ("Postfach 12 07", "Tor 4"), ("89073 Ulm", "89081 Ulm"))
    for row, texts in enumerate(addresses):
        for left, text in zip((60, 300), texts, strict=True):
            page.drawString(left, 300 - 13 * row, text)
    page.drawString(60, 250, "Payable within thirty days; the goods stay ours until they are paid for in full.")
    page.save()
    text = read(tmp_path / "invoice.pdf")
    assert "  \n".join(f"{name}: {value}" for name, value in pairs) in text
    assert not any(f"{one}: {other}" in text for one, other in addresses)


def test_boxes_on_a_picture_are_told_by_the_heights_of_their_rows() -> None:
    """Before they are read: first rows are lower on the whole, though some line or other is not."""
    lines, across, down = [], [], []
    for place, (name_height, value_height) in enumerate(((14, 21), (17, 18), (13, 20), (15, 0))):
        left, top = 100 + 300 * (place % 2), 100 + 60 * (place // 2)
        for y, height, width in ((top + 4, name_height, 140), (top + 30, value_height, 90)):
            box = Box(left + 5, y, left + 5 + width, y + height)
            lines += [Line(*box.sides, height, TextLine(box))] if height else []
        across += [Rule(top, left, left + 300), Rule(top + 60, left, left + 300)]
        down += [Rule(left, top, top + 60), Rule(left + 300, top, top + 60)]
    (form,) = find_names_above(lines, Rules(Size(1000, 1000), tuple(across), tuple(down)))
    assert [(len(field.names), len(field.values)) for field in form.fields] == [(1, 1), (1, 1), (1, 1), (1, 0)]


def test_a_value_that_was_typed_into_a_printed_form_is_no_code(tmp_path: Path) -> None:
    page = canvas.Canvas(str(tmp_path / "form.pdf"), (600, 500))
    for row, (name, value) in enumerate((("Name of owner:", "Rosalind"), ("Street:", "Kanaalweg 9"), ("Town:", "Yde"))):
        text = page.beginText(60, 440 - 24 * row)
        text.setFont("Times-Roman", 11)
        text.textOut(f"{name} ")
        text.setFont("Courier", 11)
        text.textOut(value)
        page.drawText(text)
    page.setFont("Times-Roman", 11)
    page.drawString(60, 300, "Applications that are not signed cannot be considered by the harbour office.")
    page.save()
    rows = [line.rstrip() for line in read(tmp_path / "form.pdf").splitlines() if line.strip()]
    assert rows[:3] == ["Name of owner: Rosalind", "Street: Kanaalweg 9", "Town: Yde"]


def test_marks_of_fonts_are_boxes_in_markdown() -> None:
    assert in_brackets("☑ told ☒ complete ☐ a copy") == "[x] told [x] complete [ ] a copy"


def test_the_last_line_of_an_address_names_no_heading_below_it(tmp_path: Path) -> None:
    page = canvas.Canvas(str(tmp_path / "life.pdf"), pagesize=(595, 842))
    for left, rows, heading, entries in (
        (60, ("mira@example.org", "+386 40 123 456", "Ljubljana"), "Skills", ("Charts", "Radio")),
        (
            260,
            ("Pilot with nine years on small rivers,", "and before that a mate on the coast and", "abroad."),
            "Experience",
            ("Institute of Waters", "River Agency"),
        ),
    ):
        for number, row in enumerate(rows):
            page.setFont("Helvetica", 10.5)
            page.drawString(left, 760 - 13 * number, row)
        page.setFont("Helvetica-Bold", 12.5)
        page.drawString(left, 712, heading)
        for number, entry in enumerate(entries):
            page.setFont("Helvetica", 10.5)
            page.drawString(left, 690 - 13 * number, entry)
    page.save()
    text = read(tmp_path / "life.pdf")
    assert ": " not in text
    assert "Skills" in text
    assert "Experience" in text


# --- what lies on a page or beside its text ---------------------------------------------------------------------------


@pytest.mark.slow
def test_what_was_typed_onto_a_page_is_read_and_the_icon_of_a_remark_is_not(tmp_path: Path) -> None:
    """As a viewer's pen leaves it: an annotation of a line's height, and a stamp that only its picture tells."""
    font = f"/Resources << /Font << /F << /Type /Font {HELVETICA} >> >> >>"
    typed = (
        "/Type /XObject /Subtype /Form /BBox [0 0 180 16] " + font,
        b"BT /F 11 Tf 2 4 Td (Ada Brown, Grimsby) Tj ET",
    )
    stamp = ("/Type /XObject /Subtype /Form /BBox [0 0 120 24] " + font, b"BT /F 18 Tf 4 6 Td (RECEIVED) Tj ET")
    annotations = (
        "/Subtype /FreeText /Rect [150 692 330 708] /Contents (Ada Brown, Grimsby) /AP << /N @typed >>",
        "/Subtype /Stamp /Rect [400 560 520 584] /Contents (by the office) /AP << /N @stamp >>",
        "/Subtype /Text /Rect [560 700 580 720] /Contents (ask her again)",
    )
    listed = " ".join(f"<< /Type /Annot /F 4 {annotation} >>" for annotation in annotations)
    lines = ("Request for a berth", "Name:", "The office answers within ten days, in writing.")
    page = text_page(*lines, streams={"typed": typed, "stamp": stamp}, extra=f"/Annots [ {listed} ]")
    path = tmp_path / "typed.pdf"
    path.write_bytes(make_pdf(page))
    text = read(path)
    assert "Ada Brown, Grimsby" in text
    assert "RECEIVED" in text
    assert "ask her" not in text


def test_rows_of_a_text_beside_a_panel_are_no_names_of_what_stands_in_it(tmp_path: Path) -> None:
    path = tmp_path / "panel.pdf"
    page = canvas.Canvas(str(path))
    page.setFont("Times-Roman", 10.5)
    column = (
        "The board met on Monday and agreed that",
        "the rates of today, which were set long ago,",
        "cover no more than half of what the work",
        "on the inner basin costs. The clubs will be",
        "asked before any of it changes, and the pilots",
        "want fenders for the northern quay.",
    )
    for number, row in enumerate(column):
        page.drawString(60, 700 - 13.5 * number, row)
    page.setFillGray(0.9)
    page.rect(280, 620, 140, 100, stroke=0, fill=1)
    page.setFillGray(0)
    page.setFont("Helvetica", 9)
    for number, row in enumerate(("Races on 12 May", "Closed on Fridays", "New keys: 15 euros")):
        page.drawString(290, 700 - 13.5 * number, row)
    page.save()
    text = read(path)
    assert " ".join(column) in text
    assert "agreed that:" not in text
