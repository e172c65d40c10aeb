"""Forms: boxes to tick with their states, and fields with their names, filled in or printed."""

from pathlib import Path

import pytest
from tabling import Drawing

import octavo
from octavo.errors import EngineUnavailable
from octavo.layout.tick_boxes import find_tick_boxes
from octavo.parser import Parser
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
        assert f"{name} {value}" in text
    assert "[x] I want the newsletter" in text
    assert "[ ] I want printed invoices" in text
    assert "Payment: [ ] monthly [x] yearly" in text


def test_marks_of_fonts_are_boxes_in_markdown() -> None:
    assert in_brackets("☑ told ☒ complete ☐ a copy") == "[x] told [x] complete [ ] a copy"
