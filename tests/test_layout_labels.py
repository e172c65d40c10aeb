"""What paragraphs are called, on made-up pages of 1000 x 1400 with type of 20 pixels."""

from dataclasses import replace

from octavo.document import Label, TextLine
from octavo.geometry import Box, Rect
from octavo.layout.formulas import find_formulas
from octavo.layout.hints import Hint, HintKind, Hints
from octavo.layout.labels import labelled
from octavo.layout.lines import Line
from octavo.layout.paragraphs import Paragraph
from octavo.layout.side_by_side import Row
from octavo.layout.surroundings import Surroundings
from octavo.wording.formulas import mathematical

WORDS = "some words of running text that fill the line"


def line(text: str | None, left: float, top: float, right: float, size: float = 20, **style: bool) -> Line:
    box = Box(left, top / 1.4, right, (top + size) / 1.4)
    return Line(left, top, right, top + size, size, TextLine(box, text, font_size=size if text else None, **style))


def paragraph(*texts: str | None, top: float, left: float = 100, right: float = 900, size: float = 20, **style: bool):
    return Paragraph.of(
        (Row.of([line(text, left, top + 1.2 * size * n, right, size, **style)]) for n, text in enumerate(texts))
    )


BODY = [paragraph(*[WORDS] * 5, top=top) for top in (300, 450, 600)]


def labels(page: Surroundings) -> list[Label]:
    return [verdict.label for verdict in labelled(page)]


def label_of(it: Paragraph, **around: object) -> Label:
    page = Surroundings(width=1000, height=1400, size=20, bold=False, first_page=False, paragraphs=[it, *BODY])
    return labels(replace(page, **around))[0]  # type: ignore[arg-type]  # whatever Surroundings has


def test_headings_by_size_weight_and_number() -> None:
    assert label_of(paragraph("A large heading", top=250, right=300, size=26)) is Label.PARAGRAPH_TITLE
    assert label_of(paragraph("A bold heading", top=270, right=300, bold=True)) is Label.PARAGRAPH_TITLE
    assert label_of(paragraph("A title", top=200, right=400, size=36), first_page=True) is Label.DOC_TITLE
    assert label_of(paragraph("3.4 Exercises", top=200, right=400, size=36), first_page=True) is Label.PARAGRAPH_TITLE


def test_text_is_no_heading() -> None:
    assert label_of(paragraph("It ends with a stop.", top=270, right=300, bold=True)) is Label.TEXT
    assert label_of(paragraph("Plain and short", top=250, right=300)) is Label.TEXT
    assert label_of(paragraph(WORDS, WORDS, WORDS, top=200, bold=True)) is Label.TEXT


def test_an_unread_heading_needs_the_networks_word() -> None:
    it = paragraph(None, top=250, right=400, size=30)
    hint = Hint(HintKind.TITLE, Rect(90, 240, 410, 290), 0.8)
    assert label_of(it) is Label.TEXT
    assert label_of(it, hints=Hints([hint])) is Label.PARAGRAPH_TITLE


def test_furniture_stands_apart_at_the_rim() -> None:
    assert label_of(paragraph("Chapter 3", top=30, right=200)) is Label.HEADER
    assert label_of(paragraph("A company", top=1350, right=300)) is Label.FOOTER
    assert label_of(paragraph("– 12 –", top=1350, left=480, right=520)) is Label.NUMBER
    assert label_of(paragraph("Page 3 of 7", top=30, left=780, right=900)) is Label.NUMBER


def test_what_goes_on_in_the_body_is_no_furniture() -> None:
    top = paragraph(WORDS, top=60)
    below = [paragraph(*[WORDS] * 9, top=86), *BODY]
    assert label_of(top, paragraphs=[top, *below]) is Label.TEXT


def test_a_receipt_has_no_furniture() -> None:
    rows = [paragraph("a line", top=30 + 60 * n, right=300) for n in range(12)]
    page = Surroundings(width=400, height=1400, size=20, bold=False, first_page=True, paragraphs=rows)
    assert set(labels(page)) == {Label.TEXT}


def test_captions_by_their_words_near_or_far() -> None:
    assert label_of(paragraph("Table 3: results of all runs", top=800)) is Label.FIGURE_TITLE
    under = {"figures": [Rect(100, 700, 900, 790)]}
    assert label_of(paragraph("Figure 2 shows it", top=800, right=400), **under) is Label.FIGURE_TITLE
    assert label_of(paragraph("Figure 2 shows that it works", WORDS, top=800)) is Label.TEXT


def test_small_print_with_a_mark_at_the_foot_is_a_footnote() -> None:
    assert label_of(paragraph("1 See the appendix", top=1200, size=15)) is Label.FOOTNOTE
    assert label_of(paragraph("1 See the appendix", top=800, size=15)) is Label.TEXT


def test_entries_under_references() -> None:
    heading = paragraph("References", top=800, right=220, bold=True)
    entries = [paragraph(f"[{n}] Somebody, somewhere.", top=850 + 40 * n, size=17) for n in range(3)]
    page = Surroundings(1000, 1400, 20, False, False, [*BODY, heading, *entries])
    assert labels(page)[3:] == [Label.PARAGRAPH_TITLE] + [Label.REFERENCE_CONTENT] * 3


def test_typewriter_type_among_other_type_is_code() -> None:
    assert label_of(paragraph("x = f(y)", top=800, right=300, monospace=True)) is Label.ALGORITHM


def test_text_that_stands_in_the_margin() -> None:
    stamp = Paragraph.of([Row.of([line("arXiv:1234.5678", 20, 400, 40, 500)])])
    assert label_of(stamp) is Label.ASIDE_TEXT


# --- formulas ---------------------------------------------------------------------------------------------------


def test_signs_tell_a_formula_from_words_and_sums_of_money() -> None:
    assert mathematical("E = mc² + ∑ x_i")
    assert not mathematical("the sum of all parts = the whole")
    assert not mathematical("$ 1,234.50 - 12%")
    assert not mathematical("https://example.org/a=b")


def test_a_displayed_formula_is_gathered_with_its_pieces_and_number() -> None:
    body = [line(WORDS, 100, top, 900) for top in (100, 124, 260, 284)]
    pieces = [line("x = ", 400, 180, 450), line("a + b", 460, 165, 520), line("2c", 475, 192, 505)]
    number = line("(3.1)", 850, 180, 900)
    (formula,) = find_formulas([*body, *pieces, number], [], 20)
    assert set(formula.lines) == set(pieces)
    assert formula.number == number


def test_a_formula_in_the_running_text_is_left_there() -> None:
    body = [line(WORDS, 100, top, 900) for top in (100, 124, 172)]
    inline = [line("so that", 100, 148, 160), line("x = y + z", 165, 148, 260), line("and", 265, 148, 900)]
    assert not find_formulas([*body, *inline], [], 20)


def test_unread_lines_are_formulas_where_the_network_says_so() -> None:
    body = [line(None, 100, top, 900) for top in (100, 124, 260, 284)]
    piece = line(None, 400, 180, 600)
    hint = Hint(HintKind.EQUATION, Rect(390, 170, 610, 210), 0.8)
    assert [formula.lines for formula in find_formulas([*body, piece], [hint], 20)] == [(piece,)]
    assert not find_formulas([*body, piece], [], 20)


def test_a_heading_in_the_right_column_has_text_beside_it_in_the_left() -> None:
    left = paragraph(*[WORDS] * 9, top=200, left=60, right=480)
    right = paragraph(*[WORDS] * 5, top=280, left=510, right=930)
    heading = paragraph("3. Results", top=250, left=510, right=600, bold=True)
    assert label_of(heading, paragraphs=[heading, left, right]) is Label.PARAGRAPH_TITLE


def test_a_footnote_at_the_foot_of_the_page_is_no_footer() -> None:
    assert label_of(paragraph("* Values below 0.8 were rare.", top=1350, right=400, size=16)) is Label.FOOTNOTE


def test_letters_and_their_indices_are_no_words() -> None:
    assert mathematical("Q = ∑αius,ibihi")
    assert not mathematical("The sum = ∑ of everything there is")
