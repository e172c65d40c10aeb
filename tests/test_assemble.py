"""What becomes of regions and their texts: content kept, structure found, losses told."""

from dataclasses import replace
from random import Random

import pytest
from made import LOST, document, line, lines, page, read, region, said, written

from octavo import assemble
from octavo.assemble import listings
from octavo.assemble.line_breaks import PrintedRow
from octavo.content import runs_of
from octavo.document import (
    TEXT_DOUBTFUL,
    Block,
    Bookmark,
    Document,
    Label,
    Origin,
    Page,
    Problem,
    Recognition,
    Region,
    Role,
    Severity,
    Status,
    Task,
    TextLine,
    TextSource,
    Usage,
)
from octavo.geometry import Box
from octavo.markup.markdown import line as written_line
from octavo.settings import ParseOptions, Profile

DOUBT = Problem(TEXT_DOUBTFUL, "the characters were read with a confidence of 0.61", Severity.DOUBTFUL)


def contents_of(made: Page) -> list[str | None]:
    return [written(block) for block in made.blocks]


def body(made: Document) -> list[Block]:
    return [block for one in made.pages for block in one.blocks if block.role is Role.BODY]


# --- text stays what it is ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "It costs $5 and $10 in total, or 1.5 million.",
        "See 7.4.1 for the well-known case of A.B. Smith.",
        "1.5 million people",
        "snake_case_name and 5 * 3 * 2 = 30",
        "p < .05, x > 3 & y",
        "C# and F# are languages",
        "50% of [12] say (a) or (b)",
        "1987. That was the year",
    ],
)
def test_plain_text_is_not_touched(text: str) -> None:
    assert contents_of(page([read(lines(text))])) == [text]


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("# no heading", "\\# no heading"),
        ("> no quotation", "\\> no quotation"),
        ("--------", "\\--------"),
        ("use *args and **kwargs* here", "use *args and **kwargs* here"),
        ("a *starred* word", "a \\*starred\\* word"),
        ("the __init__ method", "the \\_\\_init\\_\\_ method"),
        ("if a <b and c> d", "if a \\<b and c> d"),
        ("write `this` so", "write \\`this\\` so"),
        ("&lt; is an entity", "&amp;lt; is an entity"),
        ("[1]: a note", "\\[1]: a note"),
        ("f[0](x)", "f[0\\](x)"),
    ],
)
def test_what_markdown_would_misread_is_escaped(text: str, markdown: str) -> None:
    assert written_line(runs_of(text)) == markdown


def test_a_models_markdown_is_left_as_it_is() -> None:
    text = "Let $x_1$ be **bold** and `code`, costs \\$5.\n- one\n- two"
    assert contents_of(page([said(text)])) == [text]


def test_a_models_line_breaks_are_kept_as_line_breaks() -> None:
    assert contents_of(page([said("12 High Street\nLondon\n\nUnited Kingdom")])) == [
        "12 High Street  \nLondon\n\nUnited Kingdom"
    ]


def test_a_models_open_code_fence_is_closed_and_not_reflowed() -> None:
    assert contents_of(page([said("```python\nx = 1\ny = 2")])) == ["```python\nx = 1\ny = 2\n```"]


def test_a_models_heading_in_a_text_region_is_a_heading() -> None:
    made = page([said("## 7.4 胶缝")])
    assert (made.blocks[0].region.label, written(made.blocks[0])) == (Label.PARAGRAPH_TITLE, "## 7.4 胶缝")


# --- a region taken apart by its lines ------------------------------------------------------------------------------


def test_paragraphs_in_one_region_become_blocks_of_their_own() -> None:
    made = read(
        [
            *lines("The first paragraph fills its row to the very", "end and stops."),
            line("The second one begins with an indent and goes", 130, 132),
            line("on at the margin as usual until it ends here.", 100, 148),
        ]
    )
    one, two = page([made]).blocks
    assert written(one) == "The first paragraph fills its row to the very end and stops."
    assert written(two) == "The second one begins with an indent and goes on at the margin as usual until it ends here."
    assert one.region.box.bottom <= two.region.box.top
    assert [block.index for block in (one, two)] == [0, 1]


def test_the_readers_own_joining_of_lines_is_kept() -> None:
    made = read(
        lines("First one. It has a hyphen-", "ated word.") + lines("Second one, far below.", top=300),
        text="First one. It has a hyphenated word. Second one, far below.",
    )
    assert contents_of(page([made])) == ["First one. It has a hyphenated word.", "Second one, far below."]


def test_list_items_stay_a_list_with_its_nesting() -> None:
    made = read(
        [
            line("We need:", 100, 100),
            line("• milk, which comes in", 110, 116),
            line("bottles", 125, 132),
            line("◦ fresh", 150, 148),
            line("• bread", 110, 164),
        ]
    )
    assert contents_of(page([made])) == ["We need:", "- milk, which comes in bottles\n    - fresh\n- bread"]


def test_numbered_items_keep_their_numbers_and_a_year_is_no_item() -> None:
    made = read(lines("1. first", "2. second", "3. third"))
    assert contents_of(page([made])) == ["1. first\n2. second\n3. third"]
    prose = read(lines("This happened in the year", "1987. Nobody knew then that", "it would last so long."))
    assert len(page([prose]).blocks) == 1


def test_entries_in_regions_of_their_own_are_one_list() -> None:
    made = document(
        page(
            [
                read(lines("• one", top=100)),
                read(lines("◦ below it", left=140, top=130)),
                read(lines("• two", top=160)),
                read(lines("- 17", top=300)),
            ]
        )
    )
    contents = ["- one", "    - below it", "- two", "\\- 17"]
    assert contents_of(made.pages[0]) == contents


def test_letters_in_brackets_are_kept_as_printed() -> None:
    assert contents_of(page([read(lines("(a) one", "(b) two"))])) == ["(a) one", "(b) two"]


def test_a_bold_row_above_its_text_is_a_heading() -> None:
    made = read([*lines("Methods", bold=True), *lines("We did this and that for a", "long time.", top=116)])
    blocks = page([made]).blocks
    assert [(block.region.label, written(block)) for block in blocks] == [
        (Label.PARAGRAPH_TITLE, "## Methods"),
        (Label.TEXT, "We did this and that for a long time."),
    ]


CODE = [line("def f(x):", 100, 100, 190, monospace=True), line("return *x*", 140, 116, 240, monospace=True)]


def test_monospaced_lines_are_code_with_their_indentation() -> None:
    code, _ = page([read(CODE), read(lines("A paragraph in another type, and not a short one.", top=200))]).blocks
    assert code.region.label is Label.ALGORITHM
    assert written(code) == "```\ndef f(x):\n    return *x*\n```"


def test_a_page_from_a_typewriter_is_no_code() -> None:
    assert page([read(CODE)]).blocks[0].region.label is Label.TEXT


def test_a_table_of_contents_keeps_its_rows() -> None:
    made = read(lines("1 Introduction ........ 3", "2 Methods ........ 7"))
    (block,) = page([made]).blocks
    assert block.region.label is Label.CONTENT
    assert written(block) == "1 Introduction ........ 3  \n2 Methods ........ 7"


def test_references_are_parted_by_their_numbers() -> None:
    made = read(
        lines("[1] A. Author. A title that is", "long. 2019.", "[2] B. Writer. Another. 2020."),
        Label.REFERENCE_CONTENT,
    )
    assert contents_of(page([made])) == [
        "[1] A. Author. A title that is long. 2019.",
        "[2] B. Writer. Another. 2020.",
    ]


# --- formulas --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("latex", ["E = mc^2", "$$E = mc^2$$", "\\[E = mc^2\\]", "$E = mc^2$"])
def test_latex_is_set_as_a_display_formula(latex: str) -> None:
    assert contents_of(page([said(latex, Label.DISPLAY_FORMULA)])) == ["$$\nE = mc^2\n$$"]


def test_characters_that_are_no_latex_are_not_passed_off_as_latex() -> None:
    problem = Problem("formula_not_latex", "only its characters were read", Severity.DOUBTFUL)
    made = page([said("E = mc2", Label.DISPLAY_FORMULA, problems=(problem,))])
    assert contents_of(made) == ["E = mc2"]
    assert made.problems[0].label is Label.DISPLAY_FORMULA


@pytest.mark.parametrize("number_first", [False, True])
def test_a_formula_number_becomes_its_tag(number_first: bool) -> None:
    formula = said("E = mc^2", Label.DISPLAY_FORMULA, Box(200, 300, 700, 330))
    number = said("(3)", Label.FORMULA_NUMBER, Box(850, 305, 900, 325))
    made = page([number, formula] if number_first else [formula, number])
    assert contents_of(made) == ["$$\nE = mc^2 \\tag{3}\n$$"]
    assert made.blocks[0].region.box == Box(200, 300, 900, 330)


def test_a_formula_number_without_a_formula_is_kept() -> None:
    formula = said("E = mc^2", Label.DISPLAY_FORMULA, Box(200, 300, 700, 330))
    number = said("(3)", Label.FORMULA_NUMBER, Box(850, 605, 900, 625))
    assert contents_of(page([formula, number])) == ["$$\nE = mc^2\n$$", "(3)"]


# --- losses ----------------------------------------------------------------------------------------------------------


def test_a_lost_region_stays_with_its_place_and_reason() -> None:
    box = Box(10, 20, 30, 40)
    made = document(page([(region(Label.TABLE, box), Recognition(None, problems=(LOST,)))]))
    (block,) = body(made)
    assert written(block) is None
    (problem,) = made.problems
    assert (problem.page, problem.box, problem.label) == (0, box, Label.TABLE)
    assert made.status is Status.PARTIAL


def test_no_text_without_a_reason_is_a_loss_too() -> None:
    made = document(page([(region(), Recognition(None))]))
    assert [problem.code for problem in made.problems] == ["not_read"]
    assert made.status is Status.PARTIAL


def test_a_region_left_out_by_the_mapping_is_named_and_is_no_loss() -> None:
    options = ParseOptions(tasks={Label.FOOTNOTE: Task.ABANDON})
    left_out = replace(region(Label.FOOTNOTE), lines=(TextLine(Box(0, 0, 9, 9), "Page 3"),))
    made = document(page([(left_out, Recognition(None, TextSource.NONE))], options=options))
    assert made.pages[0].blocks[0].role is Role.LEFT_OUT
    assert [(problem.severity, problem.saved_text) for problem in made.problems] == [(Severity.LEFT_OUT, "Page 3")]
    assert made.status is Status.SUCCESS


def test_a_picture_is_no_loss() -> None:
    made = document(page([said(None, Label.IMAGE, source=TextSource.NONE)]))
    assert made.problems == ()


def test_problems_usage_and_seconds_are_summed_in_page_order() -> None:
    made = document(
        page([said("a", usage=Usage(1, 2, 3))]),
        assemble.lost_page(1, Problem("page_unreadable", "page 2 cannot be drawn", Severity.LOST, page=1)),
        page([(region(page=2), Recognition(None, problems=(LOST,), usage=Usage(1, 0, 1)))], number=2),
    )
    assert [problem.page for problem in made.problems] == [1, 2]
    assert made.usage == Usage(2, 2, 4)
    assert made.timings == {"draw": 1.0, "total": 2.0}


# --- headings over the document --------------------------------------------------------------------------------------


def title(text: str, size: float, *, top: float = 100, label: Label = Label.PARAGRAPH_TITLE, number: int = 0) -> Page:
    return page([read(lines(text, top=top, font_size=size, bold=True), label, page=number)], number=number)


def levels(made: Document) -> dict[str, int | None]:
    return {(written(block) or "").lstrip("# "): block.level for block in body(made)}


def test_numbering_gives_levels_below_the_title() -> None:
    made = document(
        title("A study", 20, label=Label.DOC_TITLE),
        title("1 Introduction", 14, number=1),
        title("2.3 Details", 12, number=2),
        title("2.3.1 More", 11, number=3),
    )
    assert levels(made) == {"A study": 1, "1 Introduction": 2, "2.3 Details": 3, "2.3.1 More": 4}
    assert written(body(made)[3]) == "#### 2.3.1 More"


def test_headings_set_alike_are_on_one_level() -> None:
    made = document(
        title("1 Introduction", 14),
        title("1.1 Scope", 12, number=1),
        title("Acknowledgements", 14, number=2),
        title("A remark", 12, number=3),
    )
    assert levels(made)["Acknowledgements"] == 1
    assert levels(made)["A remark"] == 2


def test_without_numbers_the_larger_heading_is_higher() -> None:
    made = document(title("Big", 18), title("Small", 12, number=1), title("Middle", 14, number=2))
    assert levels(made) == {"Big": 1, "Small": 3, "Middle": 2}


def test_bookmarks_know_best() -> None:
    outline = (Bookmark("Overview", 1, 0), Bookmark("Part two", 3, 1))
    made = document(title("Overview", 10), title("Part Two", 30, number=1), headings=outline)
    assert levels(made) == {"Overview": 1, "Part Two": 3}


def test_levels_end_at_six() -> None:
    made = document(title("1.2.3.4.5.6 Deep", 10), title("T", 20, label=Label.DOC_TITLE, number=1))
    assert levels(made)["1.2.3.4.5.6 Deep"] == 6


# --- furniture -------------------------------------------------------------------------------------------------------


def with_head(number: int, head: str, foot: str) -> Page:
    return page(
        [
            read(lines(head, left=400, top=40), page=number),
            read(lines(f"Something of page {'abcdef'[number]} only", top=300), page=number),
            read(lines(foot, left=480, top=950), page=number),
        ],
        number=number,
    )


def test_what_repeats_at_the_edge_of_the_pages_is_furniture() -> None:
    made = document(*(with_head(n, "Annual report 2024", f"Page {n + 1} of 4") for n in range(4)))
    for one in made.pages:
        assert [block.role for block in one.blocks] == [Role.FURNITURE, Role.BODY, Role.FURNITURE]
        assert one.blocks[0].region.label is Label.HEADER


def test_what_comes_back_must_stand_at_the_same_height() -> None:
    """A head that wanders a little is one; the same words at other heights, or twice on one page, are not."""

    def roles(*tops: float, twice: bool = False) -> list[Role]:
        pages = []
        for number, top in enumerate(tops):
            heads = [read(lines("Annual report", left=400, top=at), page=number) for at in (top, top + 5)[: 1 + twice]]
            body = read(lines(f"Something of page {'abcdefgh'[number]} only", top=300), page=number)
            pages.append(page([*heads, body], number=number))
        return [one.blocks[0].role for one in document(*pages).pages]

    assert roles(60, 40, 48, 55) == [Role.FURNITURE] * 4
    assert roles(0, 30, 60, 90, 110, 15, 75) == [Role.BODY] * 7
    assert roles(20, 100, 22, 60, 24) == [Role.FURNITURE, Role.BODY, Role.FURNITURE, Role.BODY, Role.FURNITURE]
    assert roles(0, 30, 60, 90, twice=True) == [Role.BODY] * 4


def test_a_lone_number_at_the_foot_is_the_pages_and_a_number_in_the_text_is_not() -> None:
    made = document(page([read(lines("Total", top=300)), read(lines("42", top=320)), read(lines("- 17 -", top=955))]))
    assert [block.role for block in made.pages[0].blocks] == [Role.BODY, Role.BODY, Role.FURNITURE]
    assert made.pages[0].blocks[2].region.label is Label.NUMBER


def test_text_at_the_edge_of_one_page_only_is_body() -> None:
    made = document(*(with_head(n, f"Chapter {['one', 'two', 'three', 'four'][n]}", "") for n in range(4)))
    assert all(one.blocks[0].role is Role.BODY for one in made.pages)


# --- over a break ----------------------------------------------------------------------------------------------------


def test_a_sentence_cut_by_a_page_goes_on() -> None:
    made = document(
        page([read(lines("It was the best of times and it was", top=900))]),
        page([read(lines("the worst of times.", top=60), page=1), read(lines("New one.", top=100), page=1)], number=1),
    )
    assert [block.continues for block in body(made)] == [False, True, False]


def test_a_sentence_cut_by_a_column_goes_on_around_a_figure() -> None:
    made = document(
        page(
            [
                read(lines("A paragraph that breaks in the mid-", left=60, top=900)),
                said(None, Label.IMAGE, Box(520, 60, 940, 300), source=TextSource.NONE),
                read(lines("dle of a word.", left=520, top=320)),
            ]
        )
    )
    assert [block.continues for block in body(made)] == [False, False, True]


@pytest.mark.parametrize(
    ("end", "start"),
    [
        ("It ended here.", "the next began"),
        ("It did not end", "- item of a list"),
        ("It did not end", "Another began"),
    ],
)
def test_what_only_might_go_on_does_not(end: str, start: str) -> None:
    made = document(page([read(lines(end, top=900))]), page([read(lines(start, top=60), page=1)], number=1))
    assert not any(block.continues for block in body(made))


def table_page(number: int, html: str, box: Box) -> Page:
    made = region(Label.TABLE, box, page=number)
    return page([(made, Recognition(html))], number=number)


HEAD = "<tr><th>Day</th><th>Sum</th></tr>"


def test_a_table_that_goes_on_over_the_page_is_noted() -> None:
    first = table_page(0, f"<table>{HEAD}<tr><td>1</td><td>2</td></tr></table>", Box(100, 500, 900, 950))
    second = table_page(1, f"<table>{HEAD}<tr><td>3</td><td>4</td></tr></table>", Box(100, 50, 900, 300))
    assert [block.continues for block in body(document(first, second))] == [False, True]


@pytest.mark.parametrize(
    ("html", "box"),
    [
        ("<table><tr><td>3</td><td>4</td><td>5</td></tr></table>", Box(100, 50, 900, 300)),
        ("<table><tr><th>Name</th><th>Age</th></tr><tr><td>3</td><td>4</td></tr></table>", Box(100, 50, 900, 300)),
        (f"<table>{HEAD}<tr><td>3</td><td>4</td></tr></table>", Box(300, 50, 700, 300)),
    ],
)
def test_another_table_on_the_next_page_is_another_table(html: str, box: Box) -> None:
    first = table_page(0, f"<table>{HEAD}<tr><td>1</td><td>2</td></tr></table>", Box(100, 500, 900, 950))
    assert [block.continues for block in body(document(first, table_page(1, html, box)))] == [False, False]


# --- profile official ------------------------------------------------------------------------------------------------


def test_the_official_profile_has_the_sdks_quirks_and_says_what_they_cost() -> None:
    options = ParseOptions(profile=Profile.OFFICIAL)
    made = document(
        page(
            [
                said("1.5 million"),
                said("(7)", Label.FORMULA_NUMBER),
                (region(Label.HEADER), Recognition(None, TextSource.NONE)),
            ],
            options=options,
        ),
        options=options,
    )
    assert [written(block) for block in body(made)] == ["1. 5 million"]
    assert [problem.saved_text for problem in made.problems] == ["(7)", None]


# --- a scan, looked at again with its words ---------------------------------------------------------------------------


def scanned(*made: tuple[str, Box, Label]) -> Page:
    """Regions the embedded detector made of lines it could not read yet, and what was read in them."""
    return page(
        [
            (
                replace(region(label, box), origin=Origin.GEOMETRY),
                Recognition(text, lines=(TextLine(box, text, confidence=0.9),)),
            )
            for text, box, label in made
        ]
    )


def test_words_name_what_shapes_could_not() -> None:
    made = scanned(
        ("Some text that runs over the whole of the column and more", Box(100, 100, 900, 112), Label.TEXT),
        ("x = y + 2", Box(300, 200, 500, 220), Label.DISPLAY_FORMULA),
        ("(2.1)", Box(850, 204, 890, 216), Label.TEXT),
        ("Table 3: What was counted", Box(100, 300, 500, 312), Label.TEXT),
        ("References", Box(100, 400, 250, 412), Label.TEXT),
        ("A. Author. A title. 2019.", Box(100, 440, 700, 452), Label.TEXT),
        ("so that x = 0 for all y. Hence it follows", Box(100, 500, 900, 530), Label.PARAGRAPH_TITLE),
    )
    assert [block.region.label for block in made.blocks] == [
        Label.TEXT,
        Label.DISPLAY_FORMULA,
        Label.FIGURE_TITLE,
        Label.PARAGRAPH_TITLE,
        Label.REFERENCE_CONTENT,
        Label.TEXT,
    ]
    assert "(2.1)" in (written(made.blocks[1]) or "") or "\\tag{2.1}" in (written(made.blocks[1]) or "")


def test_a_paragraph_cut_by_a_gap_that_means_nothing_goes_on() -> None:
    made = document(
        scanned(
            ("patented in 1868 by Christopher Latham Sholes, the typewriter", Box(100, 100, 900, 112), Label.TEXT),
            ("revolutionized written communication by enabling people to", Box(100, 116, 890, 128), Label.TEXT),
        )
    )
    assert [block.continues for block in body(made)] == [False, True]


def test_short_lines_below_each_other_do_not_become_a_sentence() -> None:
    made = document(
        scanned(
            ("apples", Box(100, 100, 180, 112), Label.TEXT),
            ("pears and more of that kind", Box(100, 116, 500, 128), Label.TEXT),
        )
    )
    assert [block.continues for block in body(made)] == [False, False]


def test_a_tick_is_no_mere_bullet() -> None:
    made = page([read(lines("✓ Sent by post", "✗ Paid in cash", "□ Signed by both", "• Kept"))])
    assert contents_of(made) == ["- ✓ Sent by post\n- ✗ Paid in cash\n- □ Signed by both\n- Kept"]


def test_rows_that_divide_a_word_are_running_text_however_ragged() -> None:
    found = [
        line("The members came to the con-", 100, 100, 420),
        line("clusion that all plans for the new har-", 100, 116, 370),
        line("bour are free.", 100, 132, 330),
    ]
    text = "The members came to the conclusion that all plans for the new harbour are free."
    assert contents_of(page([read(found, text=text)])) == [text]


def test_rows_broken_on_purpose_stay_rows() -> None:
    address = read(
        [
            line("Sarah Mitchell", 100, 100),
            line("ID: TM-447821", 100, 116),
            line("Total Points: 3,247 and more", 100, 132),
        ]
    )
    assert contents_of(page([address])) == ["Sarah Mitchell  \nID: TM-447821  \nTotal Points: 3,247 and more"]


@pytest.mark.parametrize("label", [Label.FOOTNOTE, Label.FOOTER, Label.TEXT])
def test_the_foot_of_a_letter_keeps_its_rows(label: Label) -> None:
    rows = ("iLab Ltd", "12 Quay Road", "eMail: desk@example.org", "IBAN DE30 5075 0094 0000 0485 67")
    assert contents_of(page([read(lines(*rows), label)])) == ["  \n".join(rows)]


def test_code_parted_by_a_blank_line_is_one_listing() -> None:
    def code(*texts: str, top: float) -> tuple[Region, Recognition]:
        made, recognition = read(lines(*texts, top=top, monospace=True), Label.ALGORITHM)
        return replace(made, origin=Origin.GEOMETRY), recognition

    made = page([code("if x:", "}", top=100), code("print(x)", top=150), code("else:", top=400)])
    assert contents_of(made) == ["```\nif x:\n}\n\nprint(x)\n```", "```\nelse:\n```"]
    assert made.blocks[0].region.box.bottom == 162


@pytest.mark.parametrize("text", ["• A bullet: with text", "30064443 7. Mai 2014", "Seite 1", "TOTAL $821.14"])
def test_what_has_not_the_words_of_a_heading_is_none(text: str) -> None:
    made, recognition = read(lines(text, bold=True), Label.PARAGRAPH_TITLE)
    (block,) = page([(replace(made, origin=Origin.GEOMETRY), recognition)]).blocks
    assert block.region.label is Label.TEXT
    assert block.level is None


def test_references_are_parted_by_numbers_without_a_mark_too() -> None:
    made, recognition = read(
        lines("7 A. Author. A title of", "2019. Long.", "8 B. Writer. Another. 2020."), Label.REFERENCE_CONTENT
    )
    assert contents_of(page([(replace(made, origin=Origin.GEOMETRY), recognition)])) == [
        "7 A. Author. A title of 2019. Long.",
        "8 B. Writer. Another. 2020.",
    ]


def test_cells_of_a_form_are_not_joined_to_a_sentence() -> None:
    made = document(
        page(
            [
                read(lines("Start Date", "12/20/24", left=100, top=500)),
                read(lines("End Date", "12/31/24", left=250, top=500)),
                read(lines("Holiday Movie", "EST-456", left=400, top=200)),
            ]
        )
    )
    assert not any(block.continues for block in body(made))


def test_a_foot_of_several_rows_is_said_once() -> None:
    foot = ("Some Bank", "IBAN DE00", "VAT DE 232 446 240")
    made = document(
        *(
            page([read(lines("Text.", top=300), page=n), read(lines(*foot, top=930), Label.FOOTER, page=n)], number=n)
            for n in (0, 1)
        )
    )
    assert [block.role for one in made.pages for block in one.blocks] == [
        Role.BODY,
        Role.BODY,
        Role.BODY,
        Role.FURNITURE,
    ]


@pytest.mark.parametrize(("problems", "label"), [((), Label.PARAGRAPH_TITLE), ((DOUBT,), Label.TEXT)])
def test_a_heading_that_was_read_with_doubt_is_none_for_it_may_be_a_signature(
    problems: tuple[Problem, ...], label: Label
) -> None:
    made, recognition = read(lines("Joan"), Label.PARAGRAPH_TITLE)
    made = replace(made, origin=Origin.GEOMETRY)
    recognition = replace(recognition, source=TextSource.RECOGNIZER, problems=problems)
    assert page([(made, recognition)]).blocks[0].region.label is label


def test_the_first_heading_set_as_no_other_is_the_title() -> None:
    made = document(title("A word", 12), title("Early days", 14, number=1), title("Later days", 14, number=2))
    assert levels(made) == {"A word": 1, "Early days": 2, "Later days": 2}


def test_a_subtitle_takes_no_level_from_the_headings() -> None:
    head = page(
        [
            read(lines("Title", top=80, font_size=20.0), Label.DOC_TITLE),
            read(lines("Subtitle", top=120, font_size=13.0), Label.PARAGRAPH_TITLE),
            read(lines("Early days", top=160, font_size=16.0), Label.PARAGRAPH_TITLE),
            read(lines("Details", top=200, font_size=11.0), Label.PARAGRAPH_TITLE),
        ]
    )
    assert levels(document(head)) == {"Title": 1, "Subtitle": 2, "Early days": 2, "Details": 3}


def test_words_taken_for_a_formula_are_text() -> None:
    not_latex = Problem("formula_not_latex", "only its characters were read", Severity.DOUBTFUL)
    made = page(
        [
            said("Alderson Reporting Company", Label.DISPLAY_FORMULA, problems=(not_latex,)),
            said("det J = sum of all", Label.DISPLAY_FORMULA, problems=(not_latex,)),
        ]
    )
    assert [block.region.label for block in made.blocks] == [Label.TEXT, Label.DISPLAY_FORMULA]
    assert [block.region.task for block in made.blocks] == [Task.TEXT, Task.FORMULA]
    assert len(made.problems) == 1


@pytest.mark.parametrize("label", [Label.TEXT, Label.ALGORITHM, Label.CONTENT, Label.PARAGRAPH_TITLE])
@pytest.mark.parametrize("origin", Origin)
def test_lines_without_an_extent_still_have_their_text(label: Label, origin: Origin) -> None:
    where, recognition = read([line("Some text.", 100, 100, 100)], label)
    made = page([(replace(where, origin=origin), recognition)])
    assert "Some text." in (written(made.blocks[0]) or "")


def test_no_word_of_a_page_is_lost_however_it_is_divided() -> None:
    words = [f"w{n}" for n in range(400)]
    random = Random(7)
    made = [line(" ".join(words[n : n + 4]), random.choice([100, 130, 500]), 20 + n * 2.2) for n in range(0, 400, 4)]
    for origin in Origin:
        where, recognition = read(made)
        blocks = page([(replace(where, origin=origin), recognition)]).blocks
        assert sorted(" ".join(written(block) or "" for block in blocks).split()) == sorted(words)


def test_rows_of_code_without_a_width_are_indented_too() -> None:
    box = Box(100, 100, 100, 110)
    assert listings.listing([PrintedRow("while True:", box), PrintedRow("pass", replace(box, top=112, bottom=122))])


def test_a_form_has_a_line_for_each_name_and_its_value() -> None:
    fields = (("Order:", "2024-12"), ("Contact:", "555 Broadway"), ("", "New York"))
    found = []
    for number, (name, value) in enumerate(fields):
        top = 100 + 20 * number
        found += [TextLine(Box(100, top, 180, top + 10), name, font_size=10)] if name else []
        found += [TextLine(Box(300, top, 420, top + 10), value, font_size=10)]
    one = replace(region(Label.TEXT), box=Box(100, 100, 420, 150), lines=tuple(found), origin=Origin.GEOMETRY)
    text = "Order: 2024-12 Contact: 555 Broadway New York"
    made = page([(one, Recognition(text, TextSource.TEXT_LAYER, lines=tuple(found)))])
    assert contents_of(made) == ["Order: 2024-12  \nContact: 555 Broadway  \nNew York"]


def test_what_assembly_decided_has_its_reason() -> None:
    def reasons(number: int, *made: tuple[Region, Recognition]) -> list[tuple[str, ...]]:
        pages = [page([*made], number=0), *(page([made[0]], number=n) for n in range(1, number))]
        return [block.reasons for block in document(*pages).pages[0].blocks]

    head = read(lines("Annual report 2024", left=400, top=40))
    titled = read([*lines("2.1 Methods", top=300, bold=True), *lines("We did this and that for a", top=316)])
    assert reasons(4, head, titled) == [
        ("header: repeats on 4 of 4 pages",),
        ("heading: bold above what follows", "level 2: by its number"),
        (),
    ]
    made = document(
        page([read(lines("It was the best of times and it was", top=900))]),
        page([read(lines("the worst of times.", top=60), page=1)], number=1),
    )
    assert made.pages[1].blocks[0].reasons == ("goes on from block 0 of page 1",)
