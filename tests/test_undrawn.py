"""Pages whose text and shapes tell what they show are not drawn; all others are, and the report says why."""

from collections.abc import Iterator

import numpy as np
import pytest
from pdf_maker import HELVETICA, PdfPage, make_pdf, text_page

from octavo import Parser, to_markdown
from octavo.assemble.looks import looks_in_words
from octavo.detectors.embedded import EmbeddedDetector
from octavo.document import Looks, Page, PageImage
from octavo.drawing.pool import _needed
from octavo.drawing.wire import Drawn
from octavo.errors import EngineUnavailable
from octavo.geometry import Size
from octavo.pages import open_pages
from octavo.settings import EngineSettings, LayoutNetworkUse, ParseOptions
from octavo.tables.outlined import rules_among
from octavo.tables.rules import Rules, find_rules

LETTER = text_page("Dear reader, this page has nothing but text.", "It need not be drawn to be read.")
RULED = b"0.6 w 0 0.4 0.5 RG 72 500 m 540 500 l S 72 460 468 20 re S 0.93 g 72 420 468 30 re f 0 g\n"
ROUND = b"0.9 g 80 600 m 500 600 l 520 600 520 620 520 620 c 520 640 l 80 640 l h f 0 g\n"
STATES = "/ExtGState << /Half << /ca 0.5 >> >>"
DRAWN_LETTERS = (
    "/Subtype /Type3 /FontBBox [0 0 750 750] /FontMatrix [0.001 0 0 0.001 0 0] /FirstChar 97 /LastChar 97 "
    "/Widths [1000] /Encoding << /Type /Encoding /Differences [97 /square] >> /CharProcs << /square @square >>"
)


def drawn_on(page: PdfPage, content: bytes, *, before: bool = False, **changed: object) -> PdfPage:
    """The page with more on it."""
    both = content + page.content if before else page.content + content
    given = {"fonts": page.fonts, "streams": page.streams, "images": page.images, "extra": page.extra} | changed
    return PdfPage(both, **given)  # type: ignore[arg-type]


def read(page: PdfPage, *, picture: bool = False, catalog: str = "", objects: tuple[str, ...] = ()) -> PageImage:
    with open_pages([make_pdf(page, catalog=catalog, objects=objects)], ParseOptions(), EngineSettings()) as pages:
        return pages.draw(0, picture=picture)


def words(image: PageImage) -> list[str | None]:
    assert image.text is not None
    return [line.text for line in image.text.lines]


@pytest.mark.parametrize("content", [b"", RULED, ROUND, b"q 72 72 468 648 re W n 72 300 100 50 re f Q\n"])
def test_a_page_of_text_and_shapes_is_known_without_its_picture(content: bytes) -> None:
    page = drawn_on(LETTER, content)
    image = read(page)
    assert image.looks.drawn == ""
    assert image.text == read(page, picture=True).text
    assert words(image)[0] == "Dear reader, this page has nothing but text."


def test_its_picture_is_drawn_when_somebody_looks_and_the_report_says_so() -> None:
    with open_pages([make_pdf(LETTER)], ParseOptions(), EngineSettings()) as pages:
        image = pages.draw(0, picture=False)
        assert np.array_equal(image.pixels, pages.draw(0).pixels)
        assert image.looks.drawn == "something in it had to be looked at"


STENCIL = {
    "Im": (
        "/Type /XObject /Subtype /Image /Width 8 /Height 8 /BitsPerComponent 8 /ColorSpace /DeviceGray",
        b"\x80" * 64,
    )
}
FORM = {"Fm": ("/Type /XObject /Subtype /Form /BBox [0 0 99 99]", b"0 0 50 50 re f")}
ONLY_PICTURES_TELL = {
    "a raster picture": drawn_on(LETTER, b"q 100 0 0 50 72 300 cm /Im Do Q\n", streams=STENCIL, images=("Im",)),
    "a drawing within the drawing": drawn_on(LETTER, b"/Fm Do\n", streams=FORM, images=("Fm",)),
    "something clipped to a shape": drawn_on(LETTER, b"q 72 300 m 90 350 l 200 300 l h W n 72 300 99 99 re f Q\n"),
    "text that is clipped": drawn_on(LETTER, b"q 72 300 20 5 re W n BT /F1 12 Tf 72 300 Td (cut off) Tj ET Q\n"),
    "a layer that can be switched off": drawn_on(
        LETTER, b"/OC << /Type /OCG >> BDC BT /F1 9 Tf 72 300 Td (gone) Tj ET EMC\n"
    ),
    "a font whose letters are drawings": drawn_on(
        LETTER,
        b"BT /T3 12 Tf 72 300 Td (aaaa) Tj ET\n",
        fonts={"F1": HELVETICA, "T3": DRAWN_LETTERS},
        streams={"square": ("", b"1000 0 0 0 750 750 d1 0 0 750 750 re f")},
    ),
    "an annotation": drawn_on(
        LETTER, b"", extra="/Annots [<< /Type /Annot /Subtype /Square /Rect [72 300 99 330] /C [1 0 0] >>]"
    ),
    "a drawing of many shapes": drawn_on(LETTER, b"72 300 5 5 re f 99 300 5 9 re f\n" * 300),
    "no text": PdfPage(RULED),
}


@pytest.mark.parametrize("why", ONLY_PICTURES_TELL)
def test_a_page_is_drawn_where_only_its_picture_tells(why: str) -> None:
    image = read(ONLY_PICTURES_TELL[why])
    assert image.looks.drawn == why
    assert isinstance(image.picture, np.ndarray)
    assert image.outlines is None


def test_a_page_with_something_transparent_is_drawn() -> None:
    page = drawn_on(LETTER, b"/Half gs 72 600 468 150 re f\n")
    data = make_pdf(page).replace(b"/XObject <<  >>", f"/XObject <<  >> {STATES}".encode())
    with open_pages([data], ParseOptions(), EngineSettings()) as pages:
        assert pages.draw(0, picture=False).looks.drawn == "transparency"


def test_a_logo_needs_no_picture_unless_text_stands_on_it() -> None:
    logo = {"streams": STENCIL, "images": ("Im",)}
    page = drawn_on(LETTER, b"q 100 0 0 50 400 735 cm /Im Do Q q 9 0 0 9 60 720 cm /Im Do Q\n", **logo)
    assert read(page).looks.drawn == ""
    written_on = drawn_on(page, b"q 90 0 0 30 72 30 cm /Im Do Q BT /F1 9 Tf 74 40 Td (Est. 1920) Tj ET\n", **logo)
    assert read(written_on).looks.drawn == "something in it had to be looked at"
    assert read(drawn_on(page, b"q 200 0 0 8 72 400 cm /Im Do Q\n" * 3, **logo)).looks.drawn == "a raster picture"


HIDDEN = {
    "white on white": drawn_on(LETTER, b"1 g BT /F1 12 Tf 72 300 Td (nobody sees this) Tj ET 0 g\n"),
    "nearly white": drawn_on(LETTER, b"0.97 g BT /F1 12 Tf 72 300 Td (nobody sees this) Tj ET 0 g\n"),
    "drawn over": drawn_on(LETTER, b"BT /F1 12 Tf 72 300 Td (nobody sees this) Tj ET 1 g 72 290 200 30 re f 0 g\n"),
    "drawn over by a shape": drawn_on(
        LETTER, b"BT /F1 12 Tf 72 300 Td (nobody sees this) Tj ET 1 g 50 290 m 60 330 l 400 330 l 390 290 l f 0 g\n"
    ),
    "black on black": drawn_on(LETTER, b"72 290 200 30 re f BT /F1 12 Tf 72 300 Td (nobody sees this) Tj ET\n"),
    "invisible": drawn_on(LETTER, b"BT 3 Tr /F1 12 Tf 72 300 Td (nobody sees this) Tj ET\n"),
}


@pytest.mark.parametrize("how", HIDDEN)
def test_text_that_may_be_hidden_is_looked_at_and_not_read(how: str) -> None:
    image = read(HIDDEN[how])
    assert "nobody sees this" not in words(image)
    assert image.text == read(HIDDEN[how], picture=True).text


def test_white_text_on_a_dark_ground_needs_no_picture() -> None:
    page = drawn_on(LETTER, b"0 0.3 0.3 rg 72 290 200 30 re f 1 g BT /F1 12 Tf 80 300 Td (Total) Tj ET\n")
    image = read(page)
    assert image.looks.drawn == ""
    assert "Total" in words(image)


def places(rules: Rules) -> list[tuple[float, float, float]]:
    found = [(rule.at, rule.start, rule.end) for rule in (*rules.horizontal, *rules.vertical)]
    return sorted(found, key=lambda place: (round(place[0] / 10), place[1]))


@pytest.mark.parametrize(
    "content",
    [
        RULED,
        ROUND,
        b"1 w 72 300 468 90 re S 72 330 m 540 330 l S 200 300 m 200 390 l S\n",  # a grid
        b"0.9 g 72 300 468 20 re f 72 340 468 20 re f 1 g 100 300 50 70 re f 0 g\n",  # shades, a white one over them
        b"q 0.24 0 0 0.24 72 300 cm 4 w 0 0 m 900 0 l S 0 0 m 0 400 l S Q\n",  # drawn by a matrix
    ],
)
@pytest.mark.parametrize("turned", ["", "/Rotate 90"])
def test_ruling_lines_are_those_of_the_picture(content: bytes, turned: str) -> None:
    with open_pages([make_pdf(drawn_on(LETTER, content, extra=turned))], ParseOptions(), EngineSettings()) as pages:
        image = pages.draw(0, picture=False)
        assert image.outlines is not None
        assert image.text is not None
        text = [line.box.to_pixels(image.size) for line in image.text.lines]
        seen = places(find_rules(image.pixels, text))
        known = places(rules_among(image.outlines, text))
    assert len(known) == len(seen) > 0
    for one, other in zip(known, seen, strict=True):
        assert one == pytest.approx(other, abs=8)  # pixels: of a round corner's beginning


# --- with the engine ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def parser() -> Iterator[Parser]:
    try:
        with Parser(EngineSettings(engine="embedded", threads=1)) as opened:
            yield opened
    except EngineUnavailable as missing:
        pytest.skip(str(missing))


TABLE = [("Item", "Amount", "Price"), ("Apples", "12", "3.40"), ("Pears", "7", "2.10"), ("Plums", "31", "9.95")]
TABLED = drawn_on(
    LETTER,
    b"".join(
        b"BT /F1 11 Tf %d %d Td (%s) Tj ET\n" % (76 + 120 * column, 506 - 20 * row, cell.encode())
        for row, cells in enumerate(TABLE)
        for column, cell in enumerate(cells)
    )
    + b"".join(b"72 %d m 432 %d l S\n" % (520 - 20 * row, 520 - 20 * row) for row in range(5))
    + b"".join(b"%d 520 m %d 440 l S\n" % (72 + 120 * column, 72 + 120 * column) for column in range(4)),
)


def test_a_ruled_table_is_read_without_a_picture_as_with_one(parser: Parser, monkeypatch: pytest.MonkeyPatch) -> None:
    data = make_pdf(TABLED, LETTER)
    undrawn = parser.parse(data)
    assert undrawn.engines["pages"] == "2 not drawn"
    assert undrawn.engines["layout_network"] == "2 not asked"
    monkeypatch.setattr(EmbeddedDetector, "sees_pictures", True)
    drawn = parser.parse(data)
    assert drawn.engines["pages"] == "2 drawn: its engine sees pictures (pages 1-2)"
    assert to_markdown(undrawn) == to_markdown(drawn)
    assert "<td>31</td>" in to_markdown(undrawn)


def test_a_box_to_tick_is_looked_at(parser: Parser) -> None:
    boxes = b"0.8 w 72 500 10 10 re S BT /F1 12 Tf 88 501 Td (I agree) Tj ET 74 502 m 80 508 l S 74 508 m 80 502 l S\n"
    document = parser.parse(make_pdf(drawn_on(LETTER, boxes)))
    assert document.engines["pages"] == "1 drawn: something in it had to be looked at (page 1)"
    assert "[x] I agree" in to_markdown(document)


def dot(x: float, y: float) -> bytes:
    """A round mark of 5 points."""
    left, bottom, right, top = x - 2.5, y - 2.5, x + 2.5, y + 2.5
    return (
        f"{x} {bottom} m {right} {bottom} {right} {y} {right} {y} c {right} {top} {x} {top} {x} {top} c "
        f"{left} {top} {left} {y} {left} {y} c {left} {bottom} {x} {bottom} {x} {bottom} c f\n"
    ).encode()


def test_marks_are_looked_at_for_bullets_only_where_they_stand_before_lines(parser: Parser) -> None:
    chart = b"".join(dot(100 + 60 * n, 300 + 15 * n) for n in range(6))
    assert parser.parse(make_pdf(drawn_on(LETTER, chart))).engines["pages"] == "1 not drawn"
    listed = b"".join(
        dot(80, 504 - 20 * n) + f"BT /F1 12 Tf 92 {500 - 20 * n} Td ({fruit} are sold here) Tj ET\n".encode()
        for n, fruit in enumerate(("Apples", "Pears", "Plums"))
    )
    document = parser.parse(make_pdf(drawn_on(LETTER, listed)))
    assert document.engines["pages"] == "1 drawn: something in it had to be looked at (page 1)"
    assert "- Apples are sold here\n- Pears are sold here" in to_markdown(document)


@pytest.mark.parametrize(
    ("use", "page", "said"),
    [
        (LayoutNetworkUse.AUTO, LETTER, "1 not asked"),
        (LayoutNetworkUse.ALWAYS, LETTER, "1 asked: it is always asked (page 1)"),
        (LayoutNetworkUse.NEVER, ONLY_PICTURES_TELL["no text"], "1 not asked"),
    ],
)
@pytest.mark.slow
def test_the_layout_network_is_asked_as_the_options_say(
    parser: Parser, use: LayoutNetworkUse, page: PdfPage, said: str
) -> None:
    document = parser.parse(make_pdf(page), ParseOptions(layout_network=use))
    assert document.engines["layout_network"] == said


@pytest.mark.slow
def test_without_a_text_layer_the_network_is_asked_unless_that_is_off(parser: Parser) -> None:
    lines = text_page("These words are only looked at,", "as those of a scan are.", size=18)
    for use, said in (
        (LayoutNetworkUse.AUTO, "1 asked: lines that are on the picture only (page 1)"),
        (LayoutNetworkUse.NEVER, "1 not asked"),
    ):
        document = parser.parse(
            make_pdf(lines), ParseOptions.model_validate({"text_layer": "off", "layout_network": use})
        )
        assert document.engines["layout_network"] == said


def test_the_report_counts_pages_by_what_they_were_looked_at_for() -> None:
    reasons = ["", "a shading", "a shading", "", "a shading", "no text"]
    pages = [Page(number, Size(9, 9), 72, 0, looks=Looks(drawn=why)) for number, why in enumerate(reasons)]
    lost = Page(6, Size(0, 0), 0, 0)
    told = looks_in_words({page.number: page.looks for page in [*pages, lost]})
    assert told == {"pages": "2 not drawn; 4 drawn: a shading (pages 2-3, 5); no text (page 6)"}


@pytest.mark.parametrize("nonsense", [{"shapes": -1}, {"sketched": []}, {"sketched": [-3, 4]}, {"sketched": [1, 2, 3]}])
def test_a_child_that_says_nonsense_of_a_sketch_is_not_believed(nonsense: dict[str, object]) -> None:
    assert _needed(Drawn(10, 10, 72, **nonsense)) == 0  # type: ignore[arg-type]
