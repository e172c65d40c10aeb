"""Formulas rebuilt from glyphs: what they say, that nothing else becomes one, and that doubt keeps the picture.

`formulas/page.pdf` was made by TeX from the source beside it, so that no TeX is needed here.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from octavo.assemble.inline_formulas import with_formulas
from octavo.content import Prose, plain_run
from octavo.document import Document, InlineFormula, Label, TextLine
from octavo.formulas.encodings import Encoding, character
from octavo.formulas.fonts import encoding_of, is_mathematical, is_only_mathematical, style_of
from octavo.formulas.signs import UNKNOWN, Bar, Sign
from octavo.formulas.structure import latex_of
from octavo.geometry import Box
from octavo.parser import Parser

PAGE = Path(__file__).parent / "formulas" / "page.pdf"


def sign(char: str, x: float, y: float = 100.0, size: float = 10.0, style: str = "", *, width: float = 0.5) -> Sign:
    """A letter on a baseline, as high as an x."""
    return Sign(char, style, x, y - 0.45 * size, x + width * size, y, y, size)


# --- from signs to LaTeX ----------------------------------------------------------------------------------------------


def test_small_signs_off_the_baseline_are_scripts_of_what_stands_before_them() -> None:
    built = latex_of([sign("x", 0), sign("i", 5.2, 102, 7), sign("2", 5.2, 96, 7), sign("y", 10)], [])
    assert built.latex == "x_{i}^{2}y"
    assert not built.doubts


def test_a_rule_between_signs_is_a_fraction_and_one_over_them_is_not() -> None:
    over = [sign("a", 2, 93), sign("b", 2, 107)]
    assert latex_of(over, [Bar(0, 97.3, 9, 97.7)]).latex == "\\frac{a}{b}"
    assert latex_of([sign("a", 0), sign("b", 5)], [Bar(0, 94.0, 10, 94.4)]).latex == "\\overline{ab}"


def test_a_root_has_what_is_under_its_rule() -> None:
    root = Sign("√", "", 0, 94, 8, 104, 94, 10)
    built = latex_of([root, sign("x", 8.5), sign("y", 20)], [Bar(8, 93.8, 14, 94.2)])
    assert built.latex == "\\sqrt{x}y"


def test_what_stands_under_a_sum_is_its_limit() -> None:
    large = Sign("∑", "", 10, 90, 24, 104, 90, 10)
    built = latex_of([large, sign("k", 15, 112, 7), sign("a", 27)], [])
    assert built.latex == "\\sum_{k}a"


def test_rows_that_share_a_relation_are_aligned() -> None:
    signs = [sign("a", 0), sign("=", 10), sign("b", 20), sign("c", 0, 118), sign("=", 10, 118), sign("d", 20, 118)]
    assert latex_of(signs, []).latex == "\\begin{aligned} a &= b \\\\ c &= d \\end{aligned}"


@pytest.mark.parametrize(
    ("signs", "bars"),
    [
        ([sign(UNKNOWN, 0), sign("x", 10)], []),
        ([Sign("√", "", 0, 94, 8, 104, 94, 10), sign("x", 9)], []),
        ([sign("x", 0)], [Bar(40, 80, 60, 80.4)]),
    ],
    ids=["unknown sign", "root without a rule", "rule of nothing"],
)
def test_what_is_not_understood_is_a_doubt(signs: list[Sign], bars: list[Bar]) -> None:
    assert latex_of(signs, bars).doubts


def test_fonts_of_tex_say_what_their_codes_mean() -> None:
    assert character(0x58, encoding_of("ABCDEF+CMEX10"), mapped=False) == "∑"
    assert character(0x00, Encoding.OMX, mapped=False) == "("
    assert character(0x58, encoding_of("ABCDEF+Helvetica"), mapped=False) is None
    assert style_of("ABCDEF+MSBM10") == "bb"
    assert is_mathematical("Symbol")
    assert not is_only_mathematical("Symbol"), "Word takes its bullets from it"
    assert not is_mathematical("CMR10")


# --- in running text --------------------------------------------------------------------------------------------------


def test_a_formula_of_a_line_takes_the_place_of_its_characters() -> None:
    line = TextLine(Box(0, 0, 10, 10), "Let x₁ be at most", formulas=(InlineFormula(4, 6, "x_{1}"),))
    below = TextLine(Box(0, 10, 10, 20), "x₁ again", formulas=(InlineFormula(0, 2, "x_{1}"),))
    made = with_formulas(Prose(((plain_run("Let x₁ be at most x₁ again"),),)), [line, below])
    assert isinstance(made, Prose)
    assert [(run.text, run.formula) for run in made.lines[0]] == [
        ("Let ", False),
        ("x_{1}", True),
        (" be at most ", False),
        ("x_{1}", True),
        (" again", False),
    ]


def test_a_line_that_is_not_in_the_content_changes_nothing() -> None:
    line = TextLine(Box(0, 0, 10, 10), "of x", formulas=(InlineFormula(3, 4, "x"),))
    content = Prose(((plain_run("other words"),),))
    assert with_formulas(content, [line]) == content


# --- a page of TeX ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def document() -> Iterator[Document]:
    with Parser() as parser:
        yield parser.parse(PAGE)


def test_displayed_formulas_of_a_page_are_latex_with_their_number(document: Document) -> None:
    formulas = [block for block in document.pages[0].blocks if block.region.label is Label.DISPLAY_FORMULA]
    assert [block.recognition.text for block in formulas] == [
        "\\sum_{i = 0}^{n}\\frac{x_{i}^{2}}{1 + \\sqrt{y_{i}}} = \\int_{0}^{\\infty}\\left(\\frac{a}{b} \\right)^{k}dx",
        "\\begin{aligned} \\hat{u} &= \\bar{y} + \\tilde{\\mathbf{z}} \\\\ "
        "\\mathcal{L} &= \\lim_{x \\to 0}\\frac{\\sin x}{x} \\end{aligned}",
        "|x| = \\begin{cases} x & \\text{if }x \\geq 0 \\\\ -x & \\text{otherwise} \\end{cases}",
    ]
    assert [getattr(block.content, "number", None) for block in formulas] == ["1", None, None]
    assert not document.problems


def test_formulas_in_prose_are_runs_and_figures_in_it_stay_words(document: Document) -> None:
    prose = [block.content for block in document.pages[0].blocks if block.region.label is Label.TEXT]
    runs = [run for content in prose if isinstance(content, Prose) for line in content.lines for run in line]
    assert [run.text for run in runs if run.formula] == [
        "x_{1} + \\alpha^{2} \\leq\\beta",
        "f(t)",
        "\\sqrt{2} \\neq\\frac{a}{b}",
    ]
    assert any("There are 12 values and 3 bounds in it, which cost 5 units (see page 7)" in run.text for run in runs)


@pytest.mark.slow
@pytest.mark.skipif(
    shutil.which("pdflatex") is None, reason="pdflatex is not installed (Debian: texlive-latex-recommended)"
)
def test_every_rebuilt_formula_compiles(document: Document, tmp_path: Path) -> None:
    said = "\n".join(
        block.recognition.text or ""
        for block in document.pages[0].blocks
        if block.region.label is Label.DISPLAY_FORMULA
    )
    body = "\n".join(f"\\[ {formula} \\]" for formula in said.split("\n"))
    source = (
        f"\\documentclass{{article}}\\usepackage{{amsmath,amssymb}}\\begin{{document}}\n{body}\n\\end{{document}}\n"
    )
    (tmp_path / "check.tex").write_text(source)
    command = ["pdflatex", "-interaction=batchmode", "-halt-on-error", "check.tex"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=60)
    assert re.search(rb"%PDF", (tmp_path / "check.pdf").read_bytes())
