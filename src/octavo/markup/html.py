"""HTML of tables and of styled text: the one place that takes table mark-up apart.

Reading is forgiving (models write broken HTML) and keeps what a table may hold: rows, cells, spans, and a few styles.
What stands outside the cells is kept as text. Nothing else survives, so that what is written here is safe to put into
a page, whoever it came from.
"""

import html
import re
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from octavo.content import Cell, Content, Mixed, Prose, Run, Runs, Table, Unmixed, plain_run, runs_of
from octavo.wording.notes import level

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
_OF_CODE = frozenset({"script", "style"})  # what stands in them is no mark-up either
_SPACE = re.compile(r"[ \t\n\r\f]+")  # what HTML takes for one space; others are characters
_MAX_SPAN = 1000  # as browsers have it: a larger number is a slip of the model
_SCHEMES = frozenset({"", "http", "https", "mailto"})  # a link may lead there; others run something
_MOST_PLACES = 100_000  # of a table's grid: cells that span more of it are a slip of the model, or an attack
_COMMENT = "<!--", "-->"
_DECLARATION = re.compile(r"<[!?][^<>]*>")
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
_NO_TAG = re.compile(r"<(?!/?[A-Za-z][^<>]*>)")
# A row of bare cells, a bare cell of one piece, or one tag, and the text after it. Nothing is given back once taken, so
# that time grows with the text whatever it is. A value in quotes may hold a `>`.
_STEP = re.compile(
    r"""<(?:tr><td>([^<]*+(?:</td><td>[^<]*+)*+)</td></tr|(t[dh])>([^<]*+)</\2"""
    r"""|(/?)([A-Za-z][^\s/<>]*+)((?:[^<>"']|"[^"<]*+"|'[^'<]*+')*+(?=>)|[^<>]*+))>([^<]*+)"""
)
_NEXT_CELL = "</td><td>"
_ATTRIBUTE = re.compile(r"""([^\s/=>]+)\s*+=++\s*+("[^"]*+"|'[^']*+'|[^\s"']*+)""")
_VALUE_LAST = re.compile(r"""=\s*[^\s"'=]*$""")  # a slash at its end is the value's
_SHORT: Final = 24  # characters of a cell that may well come again
_PLAIN: Final = Run("")
_Fragment: TypeAlias = tuple[str, Run]  # a piece of a cell's text, and its style as an empty run


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
    if cell.row_span == cell.column_span == 1:
        match cell.lines:
            case ():
                return f"<{tag}></{tag}>"
            case ((run,),):  # nine in ten
                return f"<{tag}>{_run(run)}</{tag}>"
            case many:
                return f"<{tag}>{lines(many)}</{tag}>"
    spans = f' rowspan="{cell.row_span}"' if cell.row_span > 1 else ""
    spans += f' colspan="{cell.column_span}"' if cell.column_span > 1 else ""
    return f"<{tag}{spans}>{lines(cell.lines)}</{tag}>"


def _run(run: Run) -> str:
    if run.note is not None:
        return f'<sup><a href="#note-{html.escape(run.note)}">{html.escape(level(run.text))}</a></sup>'
    text = f"${run.text}$" if run.formula else run.text
    if "&" in text or "<" in text or ">" in text:
        text = html.escape(text, quote=False)
    if not run.styled:
        return text
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


def unturned(text: str) -> str:
    """Without the characters that turn the direction of what follows them: what is shown would not be what is said."""
    return _TURNING.sub("", text)


def read(markup: str) -> Content:
    """The tables in a piece of HTML, and the text around them; an inner table is read as text of its cell."""
    reader = _TableReader()
    reader.take(_whole_tags_only(unturned(markup)))
    reader.end_table()
    reader.end_text()
    pieces = reader.pieces
    return pieces[0] if len(pieces) == 1 else Mixed(tuple(pieces)) if pieces else Table(())


def _whole_tags_only(markup: str) -> str:
    """Without comments and declarations, and every `<` that begins no whole tag as the character it is."""
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


class _TableReader:
    """Collects cells; tags that are not a table's own and no style are dropped, their text stays.

    The standard library's `HTMLParser` took six times as long for this, half of all that a page of tables costs.
    """

    def __init__(self) -> None:
        self.pieces: list[Unmixed] = []
        self._text: list[str] = []  # outside of cells
        self._rows: list[tuple[Cell, ...]] = []
        self._row: list[Cell] | None = None
        self._cell: list[list[_Fragment]] | None = None  # lines
        self._spans = (1, 1)
        self._spanned = False  # any cell so far
        self._header = self._in_head = False
        self._open: list[str] = []  # styles
        self._link: str | None = None  # where an open one leads
        self._style = _PLAIN  # what those open make of a run
        self._depth = 0
        self._silent = 0
        self._code: str | None = None  # an element whose text is no mark-up

    def take(self, markup: str) -> None:
        """All of it at once; every `<` in it begins a whole tag."""
        self._said(markup.partition("<")[0])
        for row, cell, words, closing, name, attributes, text in _STEP.findall(markup):
            tag = name.lower()
            if self._code is not None and (not closing or tag != self._code):
                continue
            if not (cell or name):
                self._whole_row(row)
            elif cell:
                self._whole_cell(cell, words)
            elif closing:
                self._ended(tag)
            else:
                self._began(tag, attributes)
                if attributes[-1:] == "/" and not _VALUE_LAST.search(attributes):
                    self._ended(tag)
            if text:
                self._said(text)

    def _whole_row(self, row: str) -> None:
        """What most tables are made of, taken apart by `str.split`: a fifth of the time that it takes cell by cell."""
        self._began("tr", "")
        cells = row.split(_NEXT_CELL)
        if self._depth == 1 and not self._silent:
            self._cells().extend([_cell_of(words, self._in_head) for words in cells])
        else:
            for words in cells:
                self._whole_cell("td", words)
        self._ended("tr")

    def _whole_cell(self, tag: str, words: str) -> None:
        if self._depth != 1 or self._silent:
            self._began(tag, "")
            self._said(words)
            self._ended(tag)
            return
        if self._cell is not None:
            self._end_cell()
        elif self._text:
            self._apart()
        self._cells().append(_cell_of(words, tag == "th" or self._in_head))

    def _began(self, tag: str, attributes: str) -> None:
        self._apart()
        if self._depth == 1 and tag in ("td", "th"):
            self._end_cell()
            self._cell = [[]]
            self._spans = _spans(attributes) if attributes else (1, 1)
            self._spanned |= self._spans != (1, 1)
            self._header = tag == "th" or self._in_head
        elif tag in _SILENT:
            self._silent += 1
            self._code = tag if tag in _OF_CODE else None
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
        elif self._cell is not None and tag == "br":
            self._cell.append([])
        elif self._cell is not None and tag in _STYLES and tag not in self._open:
            self._open.append(tag)
            self._style = styled(self._style, tag)
        elif self._cell is not None and tag == "a":
            self._leads(_target(attributes))

    def _ended(self, tag: str) -> None:
        self._apart()
        if self._depth == 1 and tag in ("td", "th"):
            self._end_cell()
        elif tag in _SILENT:
            self._silent = max(0, self._silent - 1)
            self._code = None
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
        elif tag == "a":
            self._leads(None)
        elif tag in self._open:
            while self._open.pop() != tag:
                pass
            self._leads(self._link)

    def _leads(self, target: str | None) -> None:
        """What is said from here on leads there, in the styles that are open."""
        self._link = target
        self._style = _PLAIN if target is None else replace(_PLAIN, link=target)
        for still_open in self._open:
            self._style = styled(self._style, still_open)

    def _said(self, text: str) -> None:
        if self._silent:
            return
        if "&" in text:
            text = html.unescape(text)
        if self._cell is None:
            self._text.append(text)
        else:
            self._cell[-1].append((text, self._style))

    def end_table(self) -> None:
        """Close what is open and keep the table, if there is one."""
        self._end_row()
        self.end_text()
        if any(self._rows):
            self.pieces.append(Table(_within_bounds(self._rows) if self._spanned else tuple(self._rows)))
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
            self._cell[-1].append((" ", _PLAIN))

    def _apart(self) -> None:
        """So do the pieces of text outside of cells."""
        if self._cell is None and self._text:
            self._text.append(" ")

    def _end_cell(self) -> None:
        if self._cell is None:
            return
        found = tuple(map(_tidied, self._cell))
        found = found if len(found) > 1 or found[0] else ()
        self._cells().append(Cell(found, *self._spans, self._header))
        self._cell = None
        if self._open or self._link:
            self._open.clear()
            self._leads(None)

    def _cells(self) -> list[Cell]:
        """Of the row that is open, or begins here."""
        if self._row is None:
            self._row = []
        return self._row

    def _end_row(self) -> None:
        self._end_cell()
        if self._row is not None:  # a row without cells counts: spans from above may fill it
            self._rows.append(tuple(self._row))
        self._row = None


def _bare_cell(words: str, header: bool) -> Cell:
    runs = runs_of(_spaced_once(html.unescape(words) if "&" in words else words).strip(" "))
    return Cell((runs,) if runs else (), header=header)


_short_cell = lru_cache(maxsize=4096)(_bare_cell)  # "0", "%", nothing: a table says the same again and again


def _cell_of(words: str, header: bool) -> Cell:
    return _short_cell(words, header) if len(words) <= _SHORT else _bare_cell(words, header)


def _tidied(line: list[_Fragment]) -> Runs:
    """Fragments of one style joined; white space once, and none at the ends."""
    if len(line) == 1:  # nine in ten cells of a table
        text, style = line[0]
        text = _spaced_once(text).strip(" ")
        return (_in_style(text, style),) if text else ()
    joined: list[_Fragment] = []
    for text, style in line:
        if joined and joined[-1][1] == style:
            joined[-1] = joined[-1][0] + text, style
        else:
            joined.append((text, style))
    spaced: list[_Fragment] = []
    for text, style in joined:
        once = _spaced_once(text)
        if not spaced or spaced[-1][0].endswith(" "):
            once = once.removeprefix(" ")
        if once:
            spaced.append((once, style))
    if spaced:
        text, style = spaced[-1]
        spaced[-1] = text.removesuffix(" "), style
    return tuple(_in_style(text, style) for text, style in spaced if text)


def _spaced_once(text: str) -> str:
    return text if text.isprintable() and "  " not in text else _SPACE.sub(" ", text)


def _in_style(text: str, style: Run) -> Run:
    return plain_run(text) if style is _PLAIN else replace(style, text=text)


def _within_bounds(rows: list[tuple[Cell, ...]]) -> tuple[tuple[Cell, ...], ...]:
    """The rows, without spans where these cover a grid that nobody can have meant."""
    places = sum(
        cell.column_span * min(cell.row_span, len(rows) - number) for number, row in enumerate(rows) for cell in row
    )
    if places <= _MOST_PLACES:
        return tuple(rows)
    return tuple(tuple(replace(cell, row_span=1, column_span=1) for cell in row) for row in rows)


def _spans(attributes: str) -> tuple[int, int]:
    """Rows and columns of a cell."""
    values = {name.lower(): value for name, value in _ATTRIBUTE.findall(attributes)}
    return _span(values.get("rowspan", "")), _span(values.get("colspan", ""))


def _target(attributes: str) -> str | None:
    """Where a link leads, if it may."""
    values = {name.lower(): value for name, value in _ATTRIBUTE.findall(attributes)}
    target = html.unescape(values.get("href", "").strip("\"' "))
    return target if target and is_safe_link(target) else None


def _span(value: str) -> int:
    value = html.unescape(value.strip("\"' "))
    return min(_MAX_SPAN, max(1, int(value))) if value.strip().isdecimal() else 1
