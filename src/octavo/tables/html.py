"""HTML tables as rows of cells, and back: the one place that takes table mark-up apart.

Reading is forgiving (models write broken HTML) and keeps only what a table may hold: rows, cells, spans, and a few
inline tags. Whatever goes through `parsed` and `rendered` is therefore safe to put into a page.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser

_INLINE = frozenset({"b", "strong", "i", "em", "u", "s", "sub", "sup", "code"})
_SILENT = frozenset({"script", "style", "template"})  # their text is no text of the table
_MAX_SPAN = 1000  # as browsers have it: a larger number is a slip of the model


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell. `html` holds escaped text and inline tags only."""

    html: str
    row_span: int = 1
    column_span: int = 1
    header: bool = False

    @property
    def text(self) -> str:
        """The cell without mark-up, on one line."""
        plain = re.sub(r"<[^>]+>", "", re.sub(r"<br>", " ", self.html))
        return " ".join(html.unescape(plain).split())


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells as HTML has them: a spanned place has no cell of its own."""

    rows: tuple[tuple[Cell, ...], ...]

    @property
    def columns(self) -> int:
        """Width of the grid the cells cover."""
        return max((column + cell.column_span for _, column, cell in self.placed()), default=0)

    def placed(self) -> Iterator[tuple[int, int, Cell]]:
        """Each cell with the row and column of its top left corner."""
        taken: set[tuple[int, int]] = set()
        for row, cells in enumerate(self.rows):
            column = 0
            for cell in cells:
                while (row, column) in taken:
                    column += 1
                yield row, column, cell
                if cell.row_span > 1:
                    taken.update(
                        (row + down, column + across)
                        for down in range(1, min(cell.row_span, len(self.rows) - row))
                        for across in range(cell.column_span)
                    )
                column += cell.column_span

    @property
    def header_rows(self) -> int:
        """How many rows at the top are header cells only."""
        count = 0
        for row in self.rows:
            if not row or not all(cell.header for cell in row):
                break
            count += 1
        return count


def parsed(markup: str) -> list[Table]:
    """The outermost tables in a piece of HTML; an inner table is read as text of its cell."""
    reader = _TableReader()
    reader.feed(markup)
    reader.close()
    reader.end_table()
    return reader.tables


def rendered(table: Table) -> str:
    """A table as HTML, rows one a line, header cells as `<th>`."""
    rows = ("<tr>" + "".join(map(_cell, row)) + "</tr>" for row in table.rows)
    return "<table>\n" + "\n".join(rows) + "\n</table>"


def continued(first: Table, second: Table) -> Table:
    """The second table's rows under the first's, without a header that is repeated."""
    return Table(first.rows + second.rows[repeated_header_rows(first, second) :])


def repeated_header_rows(first: Table, second: Table) -> int:
    """How many rows at the top of `second` repeat the top of `first`: its marked header, or else one equal row."""
    wanted = max(first.header_rows, 1)
    top, again = first.rows[:wanted], second.rows[:wanted]
    if len(again) < wanted or not any(cell.text for row in top for cell in row):
        return 0
    return wanted if [_texts(row) for row in top] == [_texts(row) for row in again] else 0


def _texts(row: tuple[Cell, ...]) -> list[tuple[str, int]]:
    return [("".join(cell.text.casefold().split()), cell.column_span) for cell in row]


def _cell(cell: Cell) -> str:
    tag = "th" if cell.header else "td"
    spans = f' rowspan="{cell.row_span}"' if cell.row_span > 1 else ""
    spans += f' colspan="{cell.column_span}"' if cell.column_span > 1 else ""
    return f"<{tag}{spans}>{cell.html}</{tag}>"


class _TableReader(HTMLParser):
    """Collects cells; tags that are not a table's own and not inline are dropped, their text stays."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[Table] = []
        self._rows: list[tuple[Cell, ...]] = []
        self._row: list[Cell] | None = None
        self._cell: list[str] | None = None
        self._spans = (1, 1)
        self._header = self._in_head = False
        self._open: list[str] = []  # inline tags to close at the end of the cell
        self._depth = 0
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent += 1
        elif tag == "table":
            self._depth += 1
        elif self._depth != 1:
            self._gap(tag)
        elif tag == "thead":
            self._in_head = True
        elif tag == "tbody":
            self._in_head = False
        elif tag == "tr":
            self._end_row()
            self._row = []
        elif tag in ("td", "th"):
            self._end_cell()
            values = dict(attrs)
            self._cell = []
            self._spans = (_span(values.get("rowspan")), _span(values.get("colspan")))
            self._header = tag == "th" or self._in_head
        elif self._cell is not None and tag == "br":
            self._cell.append("<br>")
        elif self._cell is not None and tag in _INLINE:
            self._cell.append(f"<{tag}>")
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag == "table":
            self._depth = max(0, self._depth - 1)
            if self._depth == 0:
                self.end_table()
        elif self._depth != 1:
            self._gap(tag)
        elif tag == "thead":
            self._end_row()
            self._in_head = False
        elif tag == "tr":
            self._end_row()
        elif tag in ("td", "th"):
            self._end_cell()
        elif self._cell is not None and tag in self._open:
            self._close_inline(tag)

    def handle_data(self, data: str) -> None:
        if self._cell is not None and not self._silent:
            self._cell.append(html.escape(re.sub(r"\s+", " ", data), quote=False))

    def end_table(self) -> None:
        """Close what is open and keep the table, if there is one."""
        self._end_row()
        if any(self._rows):
            self.tables.append(Table(tuple(self._rows)))
        self._rows = []
        self._depth = 0
        self._in_head = False

    def _gap(self, tag: str) -> None:
        """Cells of an inner table stay apart in the text of the outer cell."""
        if self._depth > 1 and tag in ("td", "th", "tr") and self._cell is not None:
            self._cell.append(" ")

    def _close_inline(self, tag: str) -> None:
        while self._cell is not None and self._open:
            last = self._open.pop()
            self._cell.append(f"</{last}>")
            if last == tag:
                break

    def _end_cell(self) -> None:
        if self._cell is None:
            return
        while self._open:
            self._cell.append(f"</{self._open.pop()}>")
        content = re.sub(r" {2,}", " ", "".join(self._cell)).strip()
        self._row = [*(self._row or ()), Cell(content, *self._spans, self._header)]
        self._cell = None

    def _end_row(self) -> None:
        self._end_cell()
        if self._row is not None:  # a row without cells counts: spans from above may fill it
            self._rows.append(tuple(self._row))
        self._row = None


def _span(value: str | None) -> int:
    return min(_MAX_SPAN, max(1, int(value))) if value is not None and value.strip().isdecimal() else 1
