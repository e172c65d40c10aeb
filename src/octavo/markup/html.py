"""HTML of tables and of styled text: the one place that takes table mark-up apart.

Reading is forgiving (models write broken HTML) and keeps what a table may hold: rows, cells, spans, and a few styles.
What stands outside the cells is kept as text. Nothing else survives, so that what is written here is safe to put into
a page, whoever it came from.
"""

import html
import re
from collections.abc import Iterable
from dataclasses import replace
from html.parser import HTMLParser
from urllib.parse import urlsplit

from octavo.content import Cell, Content, Mixed, Prose, Run, Runs, Table, Unmixed, runs_of

_STYLES = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underlined",
    "s": "struck",
    "sub": "lowered",
    "sup": "raised",
    "code": "code",
}
ELEMENTS = frozenset({"table", "thead", "tbody", "tr", "th", "td", "br", *_STYLES})  # what may stand in a text
_SILENT = frozenset({"script", "style", "template"})  # their text is no text of the table
_SPACE = re.compile(r"[ \t\n\r\f]+")  # what HTML takes for one space; others are characters
_MAX_SPAN = 1000  # as browsers have it: a larger number is a slip of the model
_SCHEMES = frozenset({"", "http", "https", "mailto"})  # a link may lead there; others run something
_MOST_PLACES = 100_000  # of a table's grid: cells that span more of it are a slip of the model, or an attack
_COMMENT = "<!--", "-->"
_DECLARATION = re.compile(r"<[!?][^<>]*>")
_NO_TAG = re.compile(r"<(?!/?[A-Za-z][^<>]*>)")


# --- written ----------------------------------------------------------------------------------------------------------


def table(content: Table) -> str:
    """Rows one a line, header cells as `<th>`."""
    rows = ("<tr>" + "".join(map(_cell, row)) + "</tr>" for row in content.rows)
    return "\n".join(["<table>", *rows, "</table>"]) if content.rows else "<table></table>"


def lines(content: Iterable[Runs]) -> str:
    return "<br>".join(map(runs, content))


def runs(line: Runs) -> str:
    """One line of text. Formulas stay LaTeX between `$`."""
    return "".join(map(_run, line))


def _cell(cell: Cell) -> str:
    tag = "th" if cell.header else "td"
    spans = f' rowspan="{cell.row_span}"' if cell.row_span > 1 else ""
    spans += f' colspan="{cell.column_span}"' if cell.column_span > 1 else ""
    return f"<{tag}{spans}>{lines(cell.lines)}</{tag}>"


def _run(run: Run) -> str:
    text = html.escape(f"${run.text}$" if run.formula else run.text, quote=False)
    for tag in tags(run):
        text = f"<{tag}>{text}</{tag}>"
    if run.link is not None and is_safe_link(run.link):
        text = f'<a href="{html.escape(run.link)}">{text}</a>'
    return text


def is_safe_link(target: str) -> bool:
    """Whether it leads to the web, to mail, or to a place beside the text, as a browser or Markdown reads it."""
    try:
        return urlsplit(html.unescape(target).replace("\\", "").strip()).scheme.lower() in _SCHEMES
    except ValueError:
        return False


def tags(run: Run) -> list[str]:
    """The elements that show its style, the innermost first."""
    shown = {
        "code": run.code,
        "sub": run.lowered,
        "sup": run.raised,
        "s": run.struck,
        "u": run.underlined,
        "i": run.italic,
        "b": run.bold,
    }
    return [tag for tag, wanted in shown.items() if wanted]


def styled(run: Run, tag: str) -> Run:
    """The run as it looks inside one of the elements above."""
    match _STYLES[tag]:
        case "bold":
            return replace(run, bold=True)
        case "italic":
            return replace(run, italic=True)
        case "underlined":
            return replace(run, underlined=True)
        case "struck":
            return replace(run, struck=True)
        case "lowered":
            return replace(run, lowered=True)
        case "raised":
            return replace(run, raised=True)
        case _:
            return replace(run, code=True)


# --- read -------------------------------------------------------------------------------------------------------------


def read(markup: str) -> Content:
    """The tables in a piece of HTML, and the text around them; an inner table is read as text of its cell."""
    reader = _TableReader()
    reader.feed(_whole_tags_only(markup))
    reader.close()
    reader.end_table()
    reader.end_text()
    pieces = reader.pieces
    return pieces[0] if len(pieces) == 1 else Mixed(tuple(pieces)) if pieces else Table(())


def _whole_tags_only(markup: str) -> str:
    """Without comments and declarations, and every `<` that begins no whole tag as the character it is.

    The parser looks for the end of each of them anew: 30 kB of `<a ` took it 13 s.
    """
    begin, end = _COMMENT
    parts: list[str] = []
    at = 0
    while (start := markup.find(begin, at)) >= 0 and (stop := markup.find(end, start)) >= 0:
        parts.append(markup[at:start])
        at = stop + len(end)
    rest = "".join((*parts, markup[at:]))
    return _NO_TAG.sub("&lt;", _DECLARATION.sub("", rest))


def tables(markup: str) -> list[Table]:
    """The outermost tables alone."""
    content = read(markup)
    pieces = content.parts if isinstance(content, Mixed) else (content,)
    return [piece for piece in pieces if isinstance(piece, Table) and piece.rows]


class _TableReader(HTMLParser):
    """Collects cells; tags that are not a table's own and no style are dropped, their text stays."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[Unmixed] = []
        self._text: list[str] = []  # outside of cells
        self._rows: list[tuple[Cell, ...]] = []
        self._row: list[Cell] | None = None
        self._cell: list[list[Run]] | None = None  # lines
        self._spans = (1, 1)
        self._header = self._in_head = False
        self._open: list[str] = []  # styles
        self._depth = 0
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._apart()
        if tag in _SILENT:
            self._silent += 1
        elif tag == "table":
            self._depth += 1
            self.end_text()
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
            self._cell = [[]]
            self._spans = (_span(values.get("rowspan")), _span(values.get("colspan")))
            self._header = tag == "th" or self._in_head
        elif self._cell is not None and tag == "br":
            self._cell.append([])
        elif self._cell is not None and tag in _STYLES and tag not in self._open:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self._apart()
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
        elif tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        if self._cell is None:
            self._text.append(data)
            return
        run = Run(data)
        for tag in self._open:
            run = styled(run, tag)
        self._cell[-1].append(run)

    def end_table(self) -> None:
        """Close what is open and keep the table, if there is one."""
        self._end_row()
        self.end_text()
        if any(self._rows):
            self.pieces.append(Table(_within_bounds(self._rows)))
        self._rows = []
        self._depth = 0
        self._in_head = False

    def end_text(self) -> None:
        """Keep what stands before, after or loose in a table."""
        if text := " ".join("".join(self._text).split()):
            self.pieces.append(Prose((runs_of(text),)))
        self._text.clear()

    def _gap(self, tag: str) -> None:
        """Cells of an inner table stay apart in the text of the outer cell."""
        if self._depth > 1 and tag in ("td", "th", "tr") and self._cell is not None:
            self._cell[-1].append(Run(" "))

    def _apart(self) -> None:
        """So do the pieces of text outside of cells."""
        if self._cell is None:
            self._text.append(" ")

    def _end_cell(self) -> None:
        if self._cell is None:
            return
        found = tuple(map(_tidied, self._cell))
        found = found if len(found) > 1 or found[0] else ()
        self._row = [*(self._row or ()), Cell(found, *self._spans, self._header)]
        self._cell = None
        self._open.clear()

    def _end_row(self) -> None:
        self._end_cell()
        if self._row is not None:  # a row without cells counts: spans from above may fill it
            self._rows.append(tuple(self._row))
        self._row = None


def _tidied(line: list[Run]) -> Runs:
    """Runs of one style joined; white space once, and none at the ends."""
    if len(line) == 1:  # nine in ten cells of a table
        text = _SPACE.sub(" ", line[0].text).strip(" ")
        return ((line[0] if text == line[0].text else replace(line[0], text=text)),) if text else ()
    found: list[Run] = []
    for run in line:
        if found and replace(found[-1], text="") == replace(run, text=""):
            found[-1] = replace(run, text=found[-1].text + run.text)
        else:
            found.append(run)
    spaced: list[Run] = []
    for run in found:
        text = _SPACE.sub(" ", run.text)
        if not spaced or spaced[-1].text.endswith(" "):
            text = text.removeprefix(" ")
        if text:
            spaced.append(replace(run, text=text))
    if spaced:
        spaced[-1] = replace(spaced[-1], text=spaced[-1].text.removesuffix(" "))
    return tuple(run for run in spaced if run.text)


def _within_bounds(rows: list[tuple[Cell, ...]]) -> tuple[tuple[Cell, ...], ...]:
    """The rows, without spans where these cover a grid that nobody can have meant."""
    places = sum(
        cell.column_span * min(cell.row_span, len(rows) - number) for number, row in enumerate(rows) for cell in row
    )
    if places <= _MOST_PLACES:
        return tuple(rows)
    return tuple(tuple(replace(cell, row_span=1, column_span=1) for cell in row) for row in rows)


def _span(value: str | None) -> int:
    return min(_MAX_SPAN, max(1, int(value))) if value is not None and value.strip().isdecimal() else 1
