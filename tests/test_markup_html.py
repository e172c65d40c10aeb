from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from octavo.content import Cell, Mixed, Run, Table, plain
from octavo.markup import html


def test_a_table_is_rebuilt_without_anything_that_is_not_a_table() -> None:
    hostile = (
        '<table onclick="x()"><tr><td style="a">1<script>alert(1)</script></td>'
        '<td><img src=x onerror=alert(2)><b>bold</b> & <a href="javascript:1">link</a></td></tr></table>'
    )
    (table,) = html.tables(hostile)
    assert html.table(table) == ("<table>\n<tr><td>1</td><td><b>bold</b> &amp; link</td></tr>\n</table>")


def test_broken_markup_still_gives_cells() -> None:
    (table,) = html.tables("<table><tr><th>a<th>b<tr><td>1<td><i>2")
    assert [[cell.text for cell in row] for row in table.rows] == [["a", "b"], ["1", "2"]]
    assert table.header_rows == 1
    assert "<i>2</i>" in html.table(table)


def test_spans_count_as_columns() -> None:
    (table,) = html.tables(
        '<table><tr><td rowspan="2">a</td><td colspan="2">b</td></tr><tr><td>c</td><td>d</td></tr></table>'
    )
    assert table.columns == 3
    assert [(row, column) for row, column, _ in table.placed()] == [(0, 0), (0, 1), (1, 1), (1, 2)]


def test_a_row_filled_by_spans_from_above_is_kept() -> None:
    (table,) = html.tables('<table><tr><td rowspan="2">a</td></tr><tr></tr><tr><td>b</td></tr></table>')
    assert len(table.rows) == 3


def test_a_continued_table_loses_its_repeated_header_only() -> None:
    (first,) = html.tables("<table><tr><th>Day</th><th>Sum</th></tr><tr><td>1</td><td>2</td></tr></table>")
    (second,) = html.tables("<table><tr><td>Day</td><td>Sum</td></tr><tr><td>3</td><td>4</td></tr></table>")
    (other,) = html.tables("<table><tr><td>5</td><td>6</td></tr></table>")
    assert [cell.text for row in first.continued(second).rows for cell in row] == [*("Day", "Sum", "1", "2", "3", "4")]
    assert len(first.continued(other).rows) == 3


def test_several_tables_and_absurd_spans() -> None:
    tables = html.tables(
        '<table><tr><td colspan="99999999">a</td></tr></table> text <table><tr><td rowspan="x">b</td></tr></table>'
    )
    assert [table.rows[0][0].text for table in tables] == ["a", "b"]
    assert tables[0].columns == 1000
    assert tables[1].rows[0][0].row_span == 1


def test_what_stands_around_the_cells_is_kept_as_text() -> None:
    content = html.read("See: <table><caption>Table 1</caption><tr>loose<td>a</td></tr></table> after")
    assert isinstance(content, Mixed)
    assert [plain(part) for part in content.parts] == ["See:", "Table 1 loose", "a", "after"]


def test_styles_lines_and_spaces_of_a_cell_are_data() -> None:
    (table,) = html.tables("<table><tr><td> a <b> b</b>\n c<br>x<sup>2</sup> </td><td>\u00a01</td></tr></table>")
    first, second = table.rows[0]
    assert first.lines == (
        (Run("a "), Run("b", bold=True), Run(" c")),
        (Run("x"), Run("2", raised=True)),
    )
    assert second.lines == ((Run("\u00a01"),),)


TEXT = st.text("ab<>&é中\u00a0*|$", min_size=1, max_size=8)
RUN = st.builds(Run, TEXT, bold=st.booleans(), italic=st.booleans(), struck=st.booleans(), lowered=st.booleans())
LINE = st.lists(RUN, min_size=1, max_size=3).map(tuple)
CELL = st.builds(Cell, st.lists(LINE, max_size=2).map(tuple), st.integers(1, 3), st.integers(1, 3), st.booleans())


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.lists(CELL, min_size=1, max_size=3).map(tuple), min_size=1, max_size=3).map(tuple))
def test_a_table_that_was_written_is_read_as_it_was(rows: tuple[tuple[Cell, ...], ...]) -> None:
    def told(table: Table) -> list[list[tuple[object, ...]]]:
        return [[(one.text, one.row_span, one.column_span, one.header) for one in row] for row in table.rows]

    (again,) = html.tables(html.table(Table(rows)))
    assert told(again) == told(Table(rows))
    assert html.tables(html.table(again)) == [again]
