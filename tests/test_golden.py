"""Whole results, kept as files in tests/golden and read as a diff when they change.

`pytest tests/test_golden.py --golden` writes them anew; nothing else does.
"""

from pathlib import Path

import pytest
from made import LOST, Pictures, document, line, lines, page, read, region, said

from octavo import assemble, dropins, renderers
from octavo.document import Bookmark, Document, Label, Problem, Recognition, Severity, TextSource, Usage
from octavo.geometry import Box
from octavo.settings import Furniture, ParseOptions, Profile

GOLDEN = Path(__file__).parent / "golden"
TEXTS = ("markdown", "glmocr_json", "report", "html", "text")


def paper(options: ParseOptions) -> Document:
    """A born-digital paper: title, numbered headings, a list, code, formulas, a figure, a sentence over a page."""
    first = page(
        [
            read(lines("Proceedings of Nothing", left=400, top=30), Label.HEADER),
            read(lines("On Counting to Ten", left=300, top=80, font_size=20.0), Label.DOC_TITLE),
            read(lines("Abstract", top=120, font_size=12.0, bold=True), Label.PARAGRAPH_TITLE),
            read(lines("We count. It costs $5 and $10, or 1.5 million, as in 7.4.1.", top=140), Label.ABSTRACT),
            read(lines("1 Introduction", top=180, font_size=14.0, bold=True), Label.PARAGRAPH_TITLE),
            read(
                [
                    *lines("Counting needs:", "• fingers, of which there", top=200),
                    line("are ten", 125, 232),
                    *lines("• patience", top=248),
                ]
            ),
            said("\\sum_{i=1}^{10} 1 = 10", Label.DISPLAY_FORMULA, Box(200, 290, 700, 320)),
            said("(1)", Label.FORMULA_NUMBER, Box(850, 295, 900, 315)),
            said(None, Label.IMAGE, Box(100, 350, 500, 550), source=TextSource.NONE),
            read(lines("Figure 1: Ten fingers.", top=560), Label.FIGURE_TITLE),
            read(lines("This paragraph does not end on the first page be-", top=880)),
            read(lines("1", left=500, top=960), Label.NUMBER),
        ],
        options=options,
    )
    second = page(
        [
            read(lines("Proceedings of Nothing", left=400, top=30), Label.HEADER, page=1),
            read(lines("cause it was too long.", top=60), page=1),
            read(lines("1.1 Code", top=100, font_size=12.0, bold=True), Label.PARAGRAPH_TITLE, page=1),
            read(
                [
                    line("for n in range(10):", 100, 130, 252, monospace=True),
                    line("print(n)", 132, 146, 196, monospace=True),
                ],
                page=1,
            ),
            read(lines("2", left=500, top=960), Label.NUMBER, page=1),
        ],
        number=1,
        options=options,
    )
    return document(first, second, name="paper", headings=(Bookmark("Abstract", 1, 0),), options=options)


def broken(options: ParseOptions) -> Document:
    """A scan that went wrong: a lost table, a formula without LaTeX, an answer cut short, a page that is missing."""
    not_latex = Problem("formula_not_latex", "only its characters were read", Severity.DOUBTFUL)
    cut = Problem("answer_cut", "the answer reached its length limit", Severity.LOST)
    first = page(
        [
            said("Statement of account", Label.DOC_TITLE, Box(100, 50, 600, 90), confidence=0.9876),
            (region(Label.TABLE, Box(100, 120, 900, 400)), Recognition(None, problems=(LOST,), usage=Usage(9, 1, 3))),
            said("x = 2 y", Label.DISPLAY_FORMULA, Box(100, 420, 500, 450), problems=(not_latex,)),
            said("Terms and condi", Label.TEXT, Box(100, 500, 900, 700), problems=(cut,)),
        ],
        options=options,
    )
    missing = Problem("page_unreadable", "page 2 cannot be drawn", Severity.LOST, page=1)
    return document(first, assemble.lost_page(1, missing), name="broken", options=options)


def statement(options: ParseOptions) -> Document:
    """A table that goes on over a page, with its header repeated."""
    head = "<tr><th>Day</th><th>Sum</th></tr>"
    pages = [
        page(
            [
                read(lines("First Bank", top=30), Label.HEADER, page=number),
                (
                    region(Label.TABLE, Box(100, top, 900, bottom), page=number),
                    Recognition(f"<table>{head}<tr><td>{number + 1} May</td><td>1,000.00</td></tr></table>"),
                ),
            ],
            number=number,
            options=options,
        )
        for number, top, bottom in ((0, 500, 950), (1, 60, 300))
    ]
    return document(*pages, name="statement", options=options)


CASES = {
    "paper": (paper, ParseOptions()),
    "paper-official": (paper, ParseOptions(profile=Profile.OFFICIAL)),
    "broken": (broken, ParseOptions()),
    "statement": (statement, ParseOptions()),
    "statement-inline": (statement, ParseOptions(furniture=Furniture.INLINE)),
}


@pytest.mark.parametrize("case", CASES)
def test_results_are_what_they_were(case: str, request: pytest.FixtureRequest) -> None:
    make, options = CASES[case]
    made = make(options)
    artifacts = [
        artifact for name in TEXTS for artifact in dropins.load(renderers, name).render(made, Pictures(), options)
    ]
    folder = GOLDEN / case
    if request.config.getoption("--golden"):
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        for artifact in artifacts:
            (folder / artifact.name).write_bytes(artifact.data)
    assert {path.name for path in folder.iterdir()} == {artifact.name for artifact in artifacts}
    for artifact in artifacts:
        assert artifact.data.decode() == (folder / artifact.name).read_text("utf-8"), artifact.name
