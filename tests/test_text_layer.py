"""The text a PDF page carries: read as it stands, and believed only where it says what one sees."""

import json
import random
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pdf_maker import COURIER, HELVETICA, PdfPage, make_pdf, text_page, to_unicode

from octavo.content import Run
from octavo.document import Label, PageImage, Region, Severity, Task, TextLayer, TextLine, TextSource, Trust
from octavo.geometry import Box
from octavo.glyphs import Font, Glyphs
from octavo.glyphs.lines import lines
from octavo.glyphs.text import spelled
from octavo.markup import html, markdown
from octavo.pages import open_pages
from octavo.settings import EngineSettings, ParseOptions, TextLayerUse
from octavo.text_layer import known, recognition

PROSE = (
    "The quick brown fox jumps over the lazy dog while the other animals",
    "watch from the edge of the forest and wonder what will happen next.",
    "Nobody knows whether the dog will wake up, but everybody hopes that",
    "something interesting is going to be told about it in the morning.",
)
WHOLE = Box.of_page()
PIXEL = ("/Type /XObject /Subtype /Image /Width 1 /Height 1 /BitsPerComponent 8 /ColorSpace /DeviceGray", b"\xc0")


def page_of(page: PdfPage, **options: object) -> PageImage:
    with open_pages([make_pdf(page)], ParseOptions(**options), EngineSettings()) as pages:
        return pages.draw(0)


def layer_of(page: PdfPage) -> TextLayer:
    text = page_of(page).text
    assert text is not None
    return text


def region(box: Box = WHOLE, label: Label = Label.TEXT, task: Task = Task.TEXT) -> Region:
    return Region(0, box, label, task, 1.0)


def read(page: PageImage, box: Box = WHOLE, label: Label = Label.TEXT, task: Task = Task.TEXT) -> str | None:
    found = recognition(region(box, label, task), page, ParseOptions())
    return found.text if found else None


# --- what good layers give ----------------------------------------------------------------------------------------


def test_a_paragraph_is_read_as_one_and_its_hyphens_go() -> None:
    page = page_of(text_page("A word at the end of this line is bro-", "ken in two, and a well-", "known one is not."))
    assert page.text is not None
    assert page.text.verdict is Trust.TRUSTED
    found = recognition(region(), page, ParseOptions())
    assert found is not None
    assert found.source is TextSource.TEXT_LAYER
    assert found.text == "A word at the end of this line is broken in two, and a well-known one is not."
    assert (found.lines[0].text or "").endswith("bro-")


def test_only_the_words_inside_a_region_are_its_text() -> None:
    page = page_of(text_page("first line", "second line", "third line"))
    assert page.text is not None
    second = page.text.lines[1].box
    assert read(page, Box(0, second.top, 1000, second.bottom)) == "second line"


def test_columns_are_not_glued_and_tabs_are_spaces() -> None:
    content = b"BT /F1 10 Tf 72 700 Td (left column) Tj 136 0 Td (right column) Tj ET"
    layer = layer_of(PdfPage(content, fonts={"F1": HELVETICA}))
    assert [line.text for line in layer.lines] == ["left column", "right column"]


def test_words_without_space_characters_are_parted_by_their_gaps() -> None:
    content = b"BT /F1 12 Tf 72 700 Td [(these) -280 (words) -280 (ha) 15 (v) 20 (e) -280 (no) -300 (spaces)] TJ ET"
    assert layer_of(PdfPage(content, fonts={"F1": HELVETICA})).lines[0].text == "these words have no spaces"


@pytest.mark.parametrize("font", ["Times-Roman", "Times-Italic", "Helvetica"])
@pytest.mark.parametrize("space", [0.1, 0.14, 0.18, 0.25])
def test_words_of_tight_lines_without_space_characters_are_parted(font: str, space: float) -> None:
    words = ["Half", "of", "Yorkshire", "and", "12", "men", "of", "Avon", "Valley", "saw", "T.", "Adams", "fly"]
    shown = f" {-1000 * space:g} ".join(f"({word})" for word in words)
    page = PdfPage(
        f"BT /F1 10 Tf 72 700 Td [{shown}] TJ ET".encode(), fonts={"F1": HELVETICA.replace("Helvetica", font)}
    )
    assert [line.text for line in layer_of(page).lines] == [" ".join(words)]


@pytest.mark.parametrize("kerns", [(20, -30), (-55, 40), (-90, 0)])  # thousandths of an em, as kerning has them
def test_kerning_tears_no_word(kerns: tuple[int, int]) -> None:
    words = ("Kerning", "moves", "letters", "a", "little", "closer", "and", "apart")
    shown = " -260 ".join(f"({word[:1]}) {kerns[0]} ({word[1:2]}) {kerns[1]} ({word[2:]})" for word in words)
    page = PdfPage(f"BT /F1 10 Tf 72 700 Td [{shown}] TJ ET".encode(), fonts={"F1": HELVETICA})
    assert [line.text for line in layer_of(page).lines] == [" ".join(words)]


def test_letters_set_apart_are_still_words() -> None:
    content = b"BT /F1 12 Tf 3 Tc 72 700 Td (SPACED TITLE) Tj ET"
    assert layer_of(PdfPage(content, fonts={"F1": HELVETICA})).lines[0].text == "SPACED TITLE"


def test_raised_and_lowered_characters_stay_in_their_line() -> None:
    content = (
        b"BT /F1 12 Tf 72 700 Td (E = mc) Tj /F1 7 Tf 5 Ts (2) Tj 0 Ts /F1 12 Tf ( and H) Tj /F1 7 Tf -3 Ts (2) Tj "
        b"0 Ts /F1 12 Tf (O.) Tj ET"
    )
    assert [line.text for line in layer_of(PdfPage(content, fonts={"F1": HELVETICA})).lines] == ["E = mc² and H₂O."]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("W I D E   T Y P E   H E R E", "WIDE TYPE HERE"),
        ("a b c d e f g h", "a b c d e f g h"),  # nothing parts words in it
        ("1 2 3 4   5 6 7 8", "1 2 3 4 5 6 7 8"),
        ("a   b   c   d   e   f   g", "a b c d e f g"),
    ],
)
def test_words_with_a_space_behind_each_letter_are_words(text: str, said: str) -> None:
    assert [line.text for line in layer_of(text_page(text)).lines] == [said]


@pytest.mark.parametrize("size", [7, 9, 12])
@pytest.mark.parametrize("drop", [-6, -4, 5, 6])
def test_what_is_set_off_by_half_its_size_stays_in_its_line(size: int, drop: int) -> None:
    content = (
        f"BT /F1 12 Tf 72 700 Td (the water x) Tj /F1 {size} Tf {drop} Ts (2) Tj 0 Ts /F1 12 Tf ( and y) Tj "
        f"0 -14 Td (goes on below it) Tj ET"
    )
    found = [line.text for line in layer_of(PdfPage(content.encode(), fonts={"F1": HELVETICA})).lines]
    two = "2" if size == 12 else "²" if drop > 0 else "₂"
    assert found == [f"the water x{two} and y", "goes on below it"]


@pytest.mark.parametrize(
    ("small", "rise", "text"),
    [("+9", 5, "10⁺⁹"), ("th", 5, "10th"), ("1,2", 5, "10¹,²"), ("2", 0, "102"), ("-9", 5, "10⁻⁹")],
)
def test_figures_are_raised_and_letters_stay(small: str, rise: int, text: str) -> None:
    content = f"BT /F1 12 Tf 72 700 Td (10) Tj /F1 7 Tf {rise} Ts ({small}) Tj ET".encode()
    assert [line.text for line in layer_of(PdfPage(content, fonts={"F1": HELVETICA})).lines] == [text]


def test_bold_made_of_two_copies_is_read_once() -> None:
    content = b"".join(b"BT /F1 14 Tf %.1f 700 Td (A heading, billing) Tj ET " % (72 + offset) for offset in (0.0, 0.4))
    assert [line.text for line in layer_of(PdfPage(content, fonts={"F1": HELVETICA})).lines] == ["A heading, billing"]


def test_turned_text_is_a_line_of_its_own_with_its_corners() -> None:
    content = b"BT /F1 12 Tf 72 700 Td (level text) Tj ET BT /F1 12 Tf 0 1 -1 0 60 400 Tm (turned text) Tj ET"
    level, turned = layer_of(PdfPage(content, fonts={"F1": HELVETICA})).lines
    assert (level.text, turned.text) == ("level text", "turned text")
    assert level.quad == ()
    assert turned.box.height > 3 * turned.box.width
    assert turned.quad[0][1] > turned.quad[1][1]  # it is read upwards: its first corner is the lowest


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_lines_stand_where_they_are_drawn_whatever_the_pages_rotation(rotate: int) -> None:
    page = page_of(text_page(*PROSE, extra=f"/Rotate {rotate} /CropBox [36 36 500 780]"))
    assert page.text is not None
    assert page.text.verdict is Trust.TRUSTED
    assert any(PROSE[0].startswith(line.text or "-") for line in page.text.lines)
    dark = page.pixels[..., 0] < 128
    for line in page.text.lines:
        box = line.box.to_pixels(page.size)
        inside = dark[box.top : box.bottom, box.left : box.right]
        assert inside.any(axis=1).mean() > 0.6
        dark[box.top : box.bottom, box.left : box.right] = False
    assert dark.sum() < 20  # no ink outside the lines


def test_turned_lines_are_read_in_their_own_order() -> None:
    content = b"".join(
        b"BT /F1 12 Tf 0 1 -1 0 %d 300 Tm (%s) Tj ET " % (100 + 14 * index, word)
        for index, word in enumerate((b"one read upwards,", b"two beside it,", b"three at the end"))
    )
    assert (
        read(page_of(PdfPage(content, fonts={"F1": HELVETICA}))) == "one read upwards, two beside it, three at the end"
    )


def test_style_is_told() -> None:
    bold = "/Subtype /Type1 /BaseFont /Helvetica-BoldOblique /Encoding /WinAnsiEncoding"
    content = b"BT /F1 18 Tf 72 700 Td (Heading) Tj /F2 9 Tf 0 -30 Td (x = 1) Tj ET"
    heading, code = layer_of(PdfPage(content, fonts={"F1": bold, "F2": COURIER})).lines
    assert (heading.font_size, heading.bold, heading.italic, heading.monospace) == (18, True, True, False)
    assert (code.font_size, code.bold, code.italic, code.monospace) == (9, False, False, True)


def test_code_keeps_its_lines_and_indentation() -> None:
    content = (
        b"BT /F1 10 Tf 12 TL 72 700 Td (def add\\(a, b\\):) Tj T* (    return a + b) Tj "
        b"T* (print\\(add\\(1, 2\\)\\)) Tj ET"
    )
    page = page_of(PdfPage(content, fonts={"F1": COURIER}))
    assert read(page, label=Label.ALGORITHM) == "def add(a, b):\n    return a + b\nprint(add(1, 2))"


def test_list_items_begin_lines() -> None:
    page = page_of(text_page("1. the first item, which", "goes on", "2. the second", "3. the third"))
    assert read(page) == "1. the first item, which goes on\n2. the second\n3. the third"


def test_form_fields_are_read_from_their_values() -> None:
    widget = (
        "<< /Type /Annot /Subtype /Widget /FT /Tx /T (name) /V (Jane Doe) /Rect [72 600 300 620] /F 4 "
        "/DA (/Helv 12 Tf 0 g) /P 13 0 R >>"
    )
    page = text_page("Name:", extra="/Annots [10 0 R]")
    form = "/AcroForm << /Fields [10 0 R] /NeedAppearances true /DR << /Font << >> >> >>"
    with open_pages([make_pdf(page, catalog=form, objects=[widget])], ParseOptions(), EngineSettings()) as pages:
        text = pages.draw(0).text
    assert text is not None
    assert [line.text for line in text.lines] == ["Name:", "Jane Doe"]


def test_tables_and_formulas_are_left_to_the_recogniser() -> None:
    page = page_of(text_page(*PROSE))
    assert read(page, label=Label.TABLE, task=Task.TABLE) is None
    assert read(page, label=Label.DISPLAY_FORMULA, task=Task.FORMULA) is None


def test_the_words_of_a_table_are_known_though_another_reads_it() -> None:
    page = page_of(text_page(*PROSE))
    whole = known(region(task=Task.TABLE), page)
    assert whole is not None
    assert whole.split() == " ".join(PROSE).split()
    assert known(region(Box(0, 900, 1000, 1000)), page) is None
    assert known(region(), page_of(text_page(*PROSE), text_layer=TextLayerUse.OFF)) is None


# --- what cannot be believed ------------------------------------------------------------------------------------------


def with_table(mapping: dict[int, int], *lines: str) -> PdfPage:
    """Helvetica that says its characters are others."""
    page = text_page(*lines)
    return PdfPage(
        page.content,
        fonts={"F1": HELVETICA + " /ToUnicode @map"},
        streams={"map": ("", to_unicode(mapping))},
    )


def rotated_alphabet(code: int) -> int:
    for first in (0x41, 0x61):
        if first <= code < first + 26:
            return first + (code - first + 13) % 26
    return code


GARBLED = {
    "an alphabet turned by 13": {code: rotated_alphabet(code) for code in range(0x20, 0x7F)},
    "codes shifted by 29": {code: code - 29 if code >= 0x3D else code + 29 for code in range(0x21, 0x7F)},
    "private characters": {code: 0xE000 + code for code in range(0x21, 0x7F)},
    "replacement characters": dict.fromkeys(range(0x21, 0x7F), 0xFFFD),
    "control characters": {code: code % 8 + 0x0E for code in range(0x21, 0x7F)},
    "letters of no language": {code: 0x100 + code for code in range(0x21, 0x7F)},
    "rare Chinese characters": {code: 0x9F00 + code for code in range(0x21, 0x7F)},
    "Cyrillic told as Latin": {code: 0xC0 + (code - 0x41) % 63 for code in range(0x41, 0x7F)},
    "Arabic of no language": {code: 0x628 + (code * 7) % 16 for code in range(0x41, 0x7F)},
    "Hebrew of no language": {code: ord("גדזחטכסעפצקךןףץ"[code % 15]) for code in range(0x41, 0x7F)},
}


@pytest.mark.parametrize("kind", GARBLED)
def test_wrong_character_tables_are_seen_through(kind: str) -> None:
    page = page_of(with_table(GARBLED[kind], *PROSE, *PROSE))
    assert page.text is not None
    assert page.text.verdict is Trust.GARBLED
    assert page.text.reason
    assert read(page) is None


def test_one_garbled_font_spoils_its_own_lines_only() -> None:
    good = text_page(*PROSE, *PROSE, *PROSE)
    bad = text_page(*PROSE[:2], top=400)
    page = page_of(
        PdfPage(
            good.content + bad.content.replace(b"/F1", b"/F2"),
            fonts={"F1": HELVETICA, "F2": HELVETICA + " /ToUnicode @map"},
            streams={"map": ("", to_unicode(GARBLED["private characters"]))},
        )
    )
    assert page.text is not None
    assert page.text.verdict is Trust.TRUSTED
    assert read(page, Box(0, 0, 1000, 400)) is not None
    assert read(page, Box(0, 450, 1000, 600)) is None


def test_a_letter_lost_in_a_word_makes_its_line_doubtful() -> None:
    table = {code: code for code in range(0x21, 0x7F)} | {ord("f"): 0x0C}  # as old TeX fonts say for "fi"
    good, bad = text_page(*PROSE * 2), text_page("the first line", top=300)
    page = page_of(
        PdfPage(
            good.content + bad.content.replace(b"/F1", b"/F2"),
            fonts={"F1": HELVETICA, "F2": HELVETICA + " /ToUnicode @map"},
            streams={"map": ("", to_unicode(table))},
        )
    )
    assert page.text is not None
    assert page.text.verdict is Trust.TRUSTED
    assert len(page.text.doubtful) == 1
    assert read(page, Box(0, 550, 1000, 700)) is None


def mapped(text: str, table: dict[int, int]) -> TextLayer:
    """A line of Helvetica that is told otherwise, below good ones."""
    return layer_of(with_table({code: code for code in range(0x20, 0x7F)} | table, *PROSE * 2, text))


def test_a_letter_told_as_a_space_is_lost_not_a_space() -> None:
    layer = mapped("an oFce that suFces", {ord("F"): 0x20})
    assert layer.verdict is Trust.TRUSTED
    assert layer.lines[-1].text == "an o\ufffdce that su\ufffdces"
    assert layer.doubtful == (layer.lines[-1].box,)


def test_a_ligature_told_as_one_letter_is_no_letter() -> None:
    layer = mapped("the foe of fish in oHce and Hnance", {ord("H"): ord("f")})  # as wide as "fi"
    assert layer.verdict is Trust.TRUSTED
    assert layer.doubtful == (layer.lines[-1].box,)


def test_a_ligature_told_as_its_letters_is_believed() -> None:
    table = to_unicode({code: code for code in range(0x20, 0x7F)}).replace(b"<48> <0048>", b"<48> <00660069>")
    page = text_page(*PROSE * 2, "the foe of fish in ofHce and Hnance")
    fonts = {"F1": HELVETICA + " /ToUnicode @map"}
    layer = layer_of(PdfPage(page.content, fonts=fonts, streams={"map": ("", table)}))
    assert layer.lines[-1].text == "the foe of fish in office and finance"
    assert not layer.doubtful


@pytest.mark.parametrize(("text", "said"), [("R 1,200 and R40", "\u20b9 1,200 and \u20b940"), ("a ` b", "a ` b")])
def test_the_sign_of_the_rupee_is_no_grave_accent(text: str, said: str) -> None:
    assert mapped(text, {ord("R"): 0x60}).lines[-1].text == said


def test_texs_symbols_are_no_small_letters() -> None:
    content = b"BT /F1 12 Tf 72 700 Td (j) Tj /F2 12 Tf (a) Tj /F1 12 Tf (i 1 2) Tj /F2 12 Tf ( high) Tj ET"
    fonts = {"F1": HELVETICA.replace("Helvetica", "ABCDEF+CMSY10"), "F2": HELVETICA}
    assert layer_of(PdfPage(content, fonts=fonts)).lines[0].text == "|a⟩ ∞ ∈ high"


def test_the_symbol_font_speaks_greek() -> None:
    symbol = "/Subtype /TrueType /BaseFont /ABCDEF+Symbol /ToUnicode @map"
    content = b"BT /F1 12 Tf 72 700 Td (abc) Tj ET"
    table = {ord("a"): 0xF061, ord("b"): 0xF0A3, ord("c"): 0xF062}
    page = PdfPage(content, fonts={"F1": symbol}, streams={"map": ("", to_unicode(table))})
    assert layer_of(page).lines[0].text == "α≤β"


@pytest.mark.parametrize(
    "hide",
    [b"3 Tr", b"1 1 1 rg", b"/GS gs"],
    ids=["render mode 3", "white on white", "transparent"],
)
def test_hidden_text_is_no_text(hide: bytes) -> None:
    seen, unseen = text_page(*PROSE[:1]).content, text_page("hidden words", top=500).content
    page = PdfPage(
        seen + b"q " + unseen.replace(b"BT", b"BT " + (hide if hide != b"/GS gs" else b"7 Tr")) + b" Q",
        fonts={"F1": HELVETICA},
    )
    layer = layer_of(page)
    assert layer.verdict is Trust.TRUSTED
    assert [line.text for line in layer.lines] == [PROSE[0]]


def test_text_outside_the_page_is_not_on_it() -> None:
    content = text_page("inside").content + b"BT /F1 12 Tf -300 700 Td (outside) Tj 300 500 Td (above) Tj ET"
    assert [line.text for line in layer_of(PdfPage(content, fonts={"F1": HELVETICA})).lines] == ["inside"]


def test_clipped_text_is_not_on_the_page() -> None:
    content = text_page("inside").content + b"q 0 0 10 10 re W n " + text_page("clipped", top=500).content + b" Q"
    assert [line.text for line in layer_of(PdfPage(content, fonts={"F1": HELVETICA})).lines] == ["inside"]


def test_ocr_under_a_scan_is_not_believed() -> None:
    """The scan shows other words than the invisible layer says."""
    scan = text_page("what the scan shows", size=30, top=700).content
    ocr = b"q 3 Tr " + text_page("wbat tbe scau shovvs", size=30, top=700).content + b" Q"
    layer = layer_of(PdfPage(scan.replace(b"/F1", b"/F2") + ocr, fonts={"F1": HELVETICA, "F2": "/Subtype /Type3"}))
    assert layer.verdict is Trust.INVISIBLE


def test_text_under_a_later_picture_is_not_believed() -> None:
    content = text_page(*PROSE).content + b"q 612 0 0 792 0 0 cm /Im Do Q"
    page = PdfPage(content, fonts={"F1": HELVETICA}, streams={"Im": PIXEL}, images=["Im"])
    layer = layer_of(page)
    assert layer.verdict is Trust.INVISIBLE
    assert layer.pictures


def test_a_page_without_text_says_so() -> None:
    layer = layer_of(PdfPage(b"0 0 100 100 re f"))
    assert layer.verdict is Trust.ABSENT
    assert layer.lines == ()


def test_a_region_with_more_ink_than_words_is_read_from_the_picture() -> None:
    """Text drawn as outlines beside a caption in the layer."""
    strokes = b"".join(
        b"%d %d m %d %d l %d %d l S " % (x, y, x + 3, y + 7, x + 6, y)
        for x in range(80, 400, 10)
        for y in range(600, 680, 12)
    )
    page = page_of(PdfPage(text_page("Figure 1").content + strokes, fonts={"F1": HELVETICA}))
    assert page.text is not None
    assert page.text.verdict is Trust.TRUSTED
    assert read(page) is None
    assert read(page, Box(0, 0, 1000, 110)) == "Figure 1"


def test_rules_frames_and_photographs_do_not_count_as_unread_text() -> None:
    content = text_page(*PROSE).content + b"60 660 500 90 re S 60 700 m 560 700 l S q 200 0 0 200 100 300 cm /Im Do Q"
    page = page_of(PdfPage(content, fonts={"F1": HELVETICA}, streams={"Im": PIXEL}, images=["Im"]))
    assert (read(page) or "").startswith("The quick brown fox")


def test_text_layer_only_reports_what_it_cannot_say() -> None:
    only = ParseOptions(text_layer=TextLayerUse.ONLY)
    garbled = page_of(with_table(GARBLED["private characters"], *PROSE))
    found = recognition(region(), garbled, only)
    assert found is not None
    assert found.text is None
    assert found.source is TextSource.NONE
    assert found.problems[0].severity is Severity.LOST
    assert found.problems[0].saved_text
    picture = PageImage(0, np.full((10, 10, 3), 255, np.uint8), 0.0)
    lost = recognition(region(), picture, only)
    assert lost is not None
    assert lost.problems[0].severity is Severity.LOST


def test_the_layer_can_be_left_alone() -> None:
    assert page_of(text_page(*PROSE), text_layer="off").text is None


# --- real documents ---------------------------------------------------------------------------------------------------

PUBLIC = Path(__file__).parents[1].parent / "shared" / "eval" / "public"


def born_digital() -> list[Any]:
    """Documents whose words are known."""
    manifest = PUBLIC / "manifest.jsonl"
    rows = [json.loads(line) for line in manifest.read_text().splitlines()] if manifest.exists() else []
    return [row for row in rows if row["file"].endswith(".pdf") and "words" in row["gt"]]


@pytest.mark.skipif(not born_digital(), reason="the evaluation set is not here")
@pytest.mark.parametrize("row", born_digital(), ids=lambda row: row["id"])
def test_real_documents_give_their_words(row: dict[str, Any]) -> None:
    found: Counter[str] = Counter()
    with open_pages([(PUBLIC / row["file"]).read_bytes()], ParseOptions(), EngineSettings()) as pages:
        for number in pages.numbers:
            text = pages.draw(number).text
            assert text is not None
            assert text.verdict is Trust.TRUSTED
            found.update(re.findall(r"\w+", " ".join(line.text or "" for line in text.lines)))
    truth = Counter(re.findall(r"\w+", (PUBLIC / row["gt"]["words"]).read_text()))
    shared = (found & truth).total()
    assert 2 * shared / (found.total() + truth.total()) > 0.98


# --- the pure parts ---------------------------------------------------------------------------------------------------


def glyphs_of_words(rows: list[list[str]], *, order: list[int] | None = None, size: float = 10.0) -> Glyphs:
    """One run per word, 0.5 em per character, in any order of content."""
    codes, boxes, origins, run = [], [], [], []
    words = []
    for row, texts in enumerate(rows):
        x = 50.0
        for text in texts:
            words.append((x, 50.0 + row * 14, text))
            x += (len(text) + 0.6) * size * 0.5
    for number, index in enumerate(order or range(len(words))):
        x, y, text = words[index]
        for char in text:
            codes.append(ord(char))
            boxes.append((x, y - 7, x + 5, y))
            origins.append((x, y))
            run.append(number)
            x += size * 0.5
    count = len(words)
    return Glyphs(
        np.array(codes),
        np.array(boxes, float),
        np.array(origins, float),
        np.full(len(codes), size * 0.5),
        np.ones(len(codes), bool),
        np.array(run),
        np.zeros(len(codes), int),
        np.zeros(count, int),
        np.full(count, size),
        np.zeros(count),
        np.zeros(count, int),
        np.ones(count, bool),
        np.ones(count, bool),
        np.zeros(count),
        np.arange(count),
        (Font("Any"),),
        600.0,
        800.0,
    )


@pytest.mark.parametrize("seed", range(5))
def test_lines_do_not_depend_on_the_order_words_were_drawn_in(seed: int) -> None:
    rows = [["every", "word", "here"], ["was", "drawn", "alone"], ["and", "in", "any", "order"]]
    order = list(range(10))
    random.Random(seed).shuffle(order)
    glyphs = glyphs_of_words(rows, order=order)
    found = lines(glyphs, np.ones(len(glyphs), bool))
    assert sorted(line.text or "" for line in found) == sorted(" ".join(row) for row in rows)


def test_letters_of_a_right_to_left_word_may_be_drawn_from_left_to_right() -> None:
    """As PDFium hands on what browsers print: some words letter by letter to the right, some to the left."""
    drawn = {"ל": 498, "ש": 503, "ו": 490, "מ": 485, "ה": 480, "ר": 467, "ב": 472}
    left = np.array(list(drawn.values()), float)
    one = glyphs_of_words([["letters"]])
    glyphs = replace(
        one,
        codes=np.array([ord(letter) for letter in drawn]),
        boxes=np.column_stack([left, one.boxes[:, 1], left + 5, one.boxes[:, 3]]),
        origins=np.column_stack([left, one.origins[:, 1]]),
    )
    assert [line.text for line in lines(glyphs, np.ones(len(glyphs), bool))] == ["של ומה בר"]


def test_a_word_is_where_its_own_letters_are_whatever_was_drawn_between_them() -> None:
    """Drawn as a, X far away, c, b: from the first to the last of the three there are three letters, one of them X."""
    one = glyphs_of_words([["four"]])
    left, down = np.array([100.0, 300.0, 110.0, 105.0]), np.array([0.0, 200.0, 0.0, 0.0])
    glyphs = replace(
        one,
        codes=np.array([ord(letter) for letter in "aXcb"]),
        boxes=np.column_stack([left, one.boxes[:, 1] + down, left + 5, one.boxes[:, 3] + down]),
        origins=np.column_stack([left, one.origins[:, 1] + down]),
    )
    (word,) = (line for line in lines(glyphs, np.ones(len(glyphs), bool)) if line.text == "abc")
    assert (word.box.left, word.box.right) == pytest.approx((100 / 0.6, 115 / 0.6))
    assert word.box.height < 20


def shown(*rows: str) -> list[str]:
    """The lines of a page whose words stand so, from left to right, each drawn from left to right."""
    glyphs = glyphs_of_words([row.split() for row in rows])
    return [line.text or "" for line in lines(glyphs, np.ones(len(glyphs), bool))]


def from_right(text: str) -> str:
    """Hebrew as it stands on a page, seen from the left."""
    return text[::-1]


def test_a_line_of_a_page_from_right_to_left_is_one_though_most_of_its_letters_are_latin() -> None:
    page = (
        from_right("הסכם שכירות על מחסן ליד הנמל"),
        f".03-1234567 {from_right('טלפון')} ,info@quay.example {from_right('לפרטים:')}",
    )
    assert shown(*page)[1] == "לפרטים: info@quay.example, טלפון 03-1234567."
    # On a page in English a name is a name.
    assert shown("The word for a quay is", f"{from_right('רציף')} and nobody says otherwise")[1].startswith("רציף and")


@pytest.mark.parametrize("drawn", ["({0} {1}", "){0} {1}"])
def test_brackets_of_a_line_from_right_to_left_face_what_they_hold(drawn: str) -> None:
    """As they look, or as PDFium turns some of them around."""
    row = drawn.format("17%", from_right("כולל מס")) + ")"
    assert shown(from_right("המחיר לחודש הוא אלפיים"), row)[1] == "(כולל מס 17%)"
    assert shown(from_right("המחיר לחודש הוא אלפיים"), f"(crane) {from_right('מנוף')}")[1] == "מנוף (crane)"


def test_a_stop_that_ends_a_sentence_on_the_next_line_stays_at_its_end() -> None:
    assert shown(from_right("המחיר לחודש עם המס הוא"), ".2,400")[1] == "2,400."


def spell(text: str, *, boxes: list[tuple[float, float]] | None = None, flags: list[int] | None = None) -> str:
    extents = boxes or [(float(index), index + 1.0) for index in range(len(text))]
    return spelled([ord(char) for char in text], flags or [0] * len(text), extents)


def test_nothing_turns_the_direction_of_what_follows() -> None:
    """A space that says it is a sign to turn goes; a letter that says so was drawn, and is not known."""
    layer = layer_of(with_table({0x7E: 0x202E, 0x20: 0x2066, 0x41: 0x202D}, "pay~the 100 to", "the Account"))
    said = " ".join(line.text or "" for line in layer.lines)
    assert not set(said) & {"\u202e", "\u2066", "\u202d"}
    assert "\ufffdccount" in said
    assert "100" in said


def test_characters_are_spelled_as_people_type_them() -> None:
    assert spell("e\ufb03cient") == "efficient"
    assert spell("line\x02", flags=[0, 0, 0, 0, 4]) == "line-"
    assert spell("soft\xadened", boxes=[(i, i + 1.0) if i != 4 else (4.0, 4.0) for i in range(9)]) == "softened"
    assert spell("cafe´", boxes=[(0, 1), (1, 2), (2, 3), (3, 4), (3.2, 3.8)]) == "café"
    assert spell("\uf0b7") == "•"
    assert spell("a\x07b") == "a\ufffdb"


def test_arabic_ligatures_are_put_in_order() -> None:
    # One glyph for lam and alef, whose pieces PDFium turned around with the rest of the line.
    assert spell("سالم", boxes=[(3, 4), (2, 3), (2, 3), (1, 2)]) == "سلام"
    # The article's alef and lam are two glyphs: they stay.
    assert spell("الم", boxes=[(2, 3), (1, 2), (0, 1)]) == "الم"
    assert spell("\ufefb") == "لا"
    # A ligature of two glyphs, one over the other, each with an ink of its own.
    assert spell("اإل", boxes=[(6.3, 7.5), (0.0, 5.2), (1.5, 5.0)]) == "الإ"


def test_a_large_initial_is_the_first_letter_of_its_word() -> None:
    def line(text: str, left: float, top: float, right: float, size: float) -> TextLine:
        return TextLine(Box(left, top, right, top + size), text, font_size=size)

    lines = (line("ver the past decades", 150, 103, 400, 20), line("O", 100, 100, 145, 60))
    lines += (line("pressure from many organi-", 150, 129, 400, 20), line("sations has grown", 100, 165, 300, 20))
    layer = TextLayer(Trust.TRUSTED, "", lines)
    page = PageImage(0, np.full((1000, 1000, 3), 255, np.uint8), 72, text=layer)
    assert read(page) == "Over the past decades pressure from many organisations has grown"


def test_what_two_regions_share_is_read_in_the_one_it_was_given_to() -> None:
    page = page_of(text_page("one line", "and another"))
    assert page.text is not None
    one = region()
    given = recognition(replace(one, lines=page.text.lines[:1]), page, ParseOptions())
    assert given is not None
    assert given.text == "one line"


# --- styles and links ---------------------------------------------------------------------------------------------


def link(target: str, left: float, bottom: float, right: float, top: float, more: str = "") -> str:
    rect = f"/Rect [{left} {bottom} {right} {top}] {more}"
    return f"<< /Type /Annot /Subtype /Link {rect} /A << /S /URI /URI ({target}) >> >>"


def set_as(page: PdfPage) -> list[list[tuple[str, str]]]:
    """The runs of each line: how they are set, by the first letters of the styles, or where they lead."""

    def style(run: Run) -> str:
        named = "".join(name[0] for name in ("bold", "italic", "struck") if getattr(run, name))
        return named + (run.link or "")

    return [[(run.text, style(run)) for run in line.runs] for line in layer_of(page).lines]


def test_letters_under_a_link_lead_where_it_does_and_the_others_do_not() -> None:
    # Helvetica 12: "the report" goes from 98.7 to 150.1
    page = text_page("see (the report).", extra=f"/Annots [{link('https://example.org/r x?a=1', 98, 716, 151, 730)}]")
    assert set_as(page) == [
        [("see (", ""), ("the report", "https://example.org/r%20x?a=1"), (").", "")],
    ]


def test_a_link_over_two_lines_has_an_area_for_each_and_the_file_may_say_it_badly() -> None:
    quads = "/QuadPoints [72 730 200 730 72 716 200 716 72 716 86 716 72 702 86 702]"
    annots = [link("mailto:a@example.org", 72, 702, 200, 730, quads), link("", 0, 0, 600, 790), "<< /Subtype /Link >>"]
    page = text_page("this leads away", "to us, not to them", extra=f"/Annots [{' '.join(annots)}]")
    to = "mailto:a@example.org"
    assert set_as(page) == [[("this leads away", to)], [("to", to), (" us, not to them", "")]]


@pytest.mark.parametrize("target", ["javascript:alert(1)", "file:///etc/passwd", "data:text/html,x"])
def test_a_link_that_runs_something_is_only_its_words(target: str) -> None:
    target = target.replace("(", "\\(").replace(")", "\\)")
    page = text_page("a safe word", extra=f"/Annots [{link(target, 72, 716, 300, 730)}]")
    runs = layer_of(page).lines[0].runs
    assert markdown.line(runs) == html.runs(runs) == "a safe word"


def test_words_in_other_faces_are_told_and_a_stop_is_no_change() -> None:
    content = (
        b"BT /F1 12 Tf 72 700 Td (Take ) Tj /F2 12 Tf (two weeks) Tj /F1 12 Tf (, not ) Tj /F3 12 Tf (in vivo) Tj ET"
    )
    fonts = {
        "F1": HELVETICA,
        "F2": HELVETICA.replace("Helvetica", "Helvetica-Bold"),
        "F3": HELVETICA.replace("Helvetica", "Helvetica-Oblique"),
    }
    runs = set_as(PdfPage(content, fonts=fonts))
    assert runs == [[("Take ", ""), ("two weeks,", "b"), (" not ", ""), ("in vivo", "i")]]


def strike(content: bytes) -> list[list[tuple[str, str]]]:
    rows = b"BT /F1 12 Tf 72 700 Td (pay 120.00 now) Tj 0 -20 Td (and no more) Tj ET "
    return set_as(PdfPage(rows + content, fonts={"F1": HELVETICA}))


def test_a_thin_rule_through_the_middle_of_letters_strikes_them_out() -> None:
    struck = [[("pay ", ""), ("120.00", "s"), (" now", "")], []]
    assert strike(b"0.6 w 95.4 703.1 m 132 703.1 l S") == struck
    assert strike(b"95.4 702.9 36.6 0.7 re f") == struck  # as a filled bar


@pytest.mark.parametrize(
    "content",
    [
        b"0.6 w 95.4 698.5 m 132 698.5 l S",  # under the word
        b"0.6 w 40 703.1 m 560 703.1 l S",  # a rule that runs on
        b"95.4 700 36.6 6 re f",  # a bar
        b"0.6 w 110 640 m 110 760 l S",  # upright
    ],
)
def test_rules_elsewhere_strike_nothing_out(content: bytes) -> None:
    assert [[style for _, style in line if style] for line in strike(content)] == [[], []]


def test_a_mark_strikes_out_what_it_covers() -> None:
    mark = "/Type /Annot /Subtype /StrikeOut /Rect [95 696 132 712] /QuadPoints [95 712 132 712 95 697 132 697]"
    content = b"BT /F1 12 Tf 72 700 Td (pay 120.00 now) Tj ET"
    page = PdfPage(content, fonts={"F1": HELVETICA}, extra=f"/Annots [<< {mark} >>]")
    assert set_as(page) == [[("pay ", ""), ("120.00", "s"), (" now", "")]]
    assert not layer_of(page).doubtful
