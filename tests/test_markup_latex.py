"""LaTeX tables that a model gives instead of HTML."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octavo.markup import html
from octavo.markup.latex import table_as_html


def cells(latex: str) -> list[list[str]]:
    markup = table_as_html(latex)
    assert markup is not None
    (table,) = html.tables(markup)
    return [[cell.text for cell in row] for row in table.rows]


def test_rows_cells_rules_and_escapes() -> None:
    latex = (
        r"\begin{tabular}{|l|r@{.}l|} \hline A \& B & 5\% & \textbf{x} \\ \hline\hline"
        r" 1 & 2 & $a_1$ \\ \hline\end{tabular}"
    )
    assert cells(latex) == [["A & B", "5%", "x"], ["1", "2", "$a_1$"]]


def test_cells_that_span() -> None:
    markup = table_as_html(
        r"\begin{table}[h]\centering\begin{tabular}{lcr} \multicolumn{2}{c}{Head} & C \\ \cline{1-2}"
        r"\multirow{2}{*}{a} & b & c \\ & d & e \end{tabular}\end{table}"
    )
    assert markup is not None
    assert '<td colspan="2">Head</td><td>C</td>' in markup
    assert '<td rowspan="2">a</td><td>b</td><td>c</td>' in markup
    assert "<tr><td>d</td><td>e</td></tr>" in markup


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain words",
        r"\begin{tabular}{ll} a & b \\ c \end{tabular}",  # a row lacks a cell
        r"\begin{tabular}{ll} a & b",  # cut short
        r"\begin{tabular}{ll} a & \textbf{b \\ c & d \end{tabular}",  # braces do not close
        r"Table 3 \begin{tabular}{ll} a & b \end{tabular}",  # the words beside it would be gone
        r"\begin{tabular}{l} a \end{tabular} \begin{tabular}{l} b \end{tabular}",
        r"\begin{tabular}{l} \begin{tabular}{l} a \end{tabular} \end{tabular}",
    ],
)
def test_what_is_not_well_formed_is_left_as_it_is(text: str) -> None:
    assert table_as_html(text) is None


@given(st.text(r"\&{}[] abtmulirowcn123$%", max_size=200))
def test_no_body_breaks_it(body: str) -> None:
    markup = table_as_html(rf"\begin{{tabular}}{{ll}} {body} \end{{tabular}}")
    assert markup is None or markup.startswith("<table>")
