from octavo.tables import html as table_html


def test_a_table_is_rebuilt_without_anything_that_is_not_a_table() -> None:
    hostile = (
        '<table onclick="x()"><tr><td style="a">1<script>alert(1)</script></td>'
        '<td><img src=x onerror=alert(2)><b>bold</b> & <a href="javascript:1">link</a></td></tr></table>'
    )
    (table,) = table_html.parsed(hostile)
    assert table_html.rendered(table) == ("<table>\n<tr><td>1</td><td><b>bold</b> &amp; link</td></tr>\n</table>")


def test_broken_markup_still_gives_cells() -> None:
    (table,) = table_html.parsed("<table><tr><th>a<th>b<tr><td>1<td><i>2")
    assert [[cell.text for cell in row] for row in table.rows] == [["a", "b"], ["1", "2"]]
    assert table.header_rows == 1
    assert "<i>2</i>" in table_html.rendered(table)


def test_spans_count_as_columns() -> None:
    (table,) = table_html.parsed(
        '<table><tr><td rowspan="2">a</td><td colspan="2">b</td></tr><tr><td>c</td><td>d</td></tr></table>'
    )
    assert table.columns == 3
    assert [(row, column) for row, column, _ in table.placed()] == [(0, 0), (0, 1), (1, 1), (1, 2)]


def test_a_row_filled_by_spans_from_above_is_kept() -> None:
    (table,) = table_html.parsed('<table><tr><td rowspan="2">a</td></tr><tr></tr><tr><td>b</td></tr></table>')
    assert len(table.rows) == 3


def test_a_continued_table_loses_its_repeated_header_only() -> None:
    (first,) = table_html.parsed("<table><tr><th>Day</th><th>Sum</th></tr><tr><td>1</td><td>2</td></tr></table>")
    (second,) = table_html.parsed("<table><tr><td>Day</td><td>Sum</td></tr><tr><td>3</td><td>4</td></tr></table>")
    (other,) = table_html.parsed("<table><tr><td>5</td><td>6</td></tr></table>")
    assert [cell.text for row in table_html.continued(first, second).rows for cell in row] == [
        *("Day", "Sum", "1", "2", "3", "4")
    ]
    assert len(table_html.continued(first, other).rows) == 3


def test_several_tables_and_absurd_spans() -> None:
    tables = table_html.parsed(
        '<table><tr><td colspan="99999999">a</td></tr></table> text <table><tr><td rowspan="x">b</td></tr></table>'
    )
    assert [table.rows[0][0].text for table in tables] == ["a", "b"]
    assert tables[0].columns == 1000
    assert tables[1].rows[0][0].row_span == 1
