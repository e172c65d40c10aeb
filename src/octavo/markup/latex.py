"""LaTeX tables as HTML: what a model gives that was asked for a table and writes the other language it knows."""

import re

from octavo.content import Cell, Table, runs_of
from octavo.markup import html

_BEGIN = re.compile(r"\\begin\s*\{(?:tabular[xy*]?|longtable|array)\}")
_TABULAR = re.compile(
    r"\\begin\s*\{(tabular[xy*]?|longtable|array)\}\s*(?:\{[^{}]*\}\s*)??(?:\[[^\]]*\]\s*)?"
    r"\{((?:[^{}]|\{[^{}]*\})*)\}(.*?)\\end\s*\{\1\}",
    re.DOTALL,
)
_RULE = re.compile(
    r"\\(?:hline|toprule|midrule|bottomrule|endhead|endfirsthead|endfoot|endlastfoot)\b(?:\[[^\]]*\])?"
    r"|\\(?:cline|cmidrule|addlinespace|specialrule)\b(?:\([^)]*\))?(?:\[[^\]]*\])?(?:\{[^{}]*\})*"
)
_ROW_END = re.compile(r"\\\\(?:\[[^\]]*\])?|\\tabularnewline\b")
_CELL_END = re.compile(r"(?<!\\)&")
_SPAN = re.compile(
    r"\s*\\multi(column|row)\s*(?:\[[^\]]*\])?\s*\{\s*(\d{1,3})\s*\}\s*\{[^{}]*\}\s*\{(.*)\}\s*", re.DOTALL
)
_STYLE = re.compile(
    r"\\(?:text(?:bf|it|tt|rm|sf|sc|up|md)?|emph|mathrm|makecell|underline)\s*(?:\[[^\]]*\])?\{([^{}]*)\}"
)
_ESCAPED = re.compile(r"\\([&%$#_{}])")
_MOST_CELLS = 100_000  # more is no table of a page


def table_as_html(text: str) -> str | None:
    """The one table in `text`, which says no more than that; None where there is none, or it is not well formed."""
    if sum(1 for _ in _BEGIN.finditer(text)) != 1:  # and for each the end would be looked for again
        return None
    found = _TABULAR.search(text)
    if found is None:
        return None
    outside = text[: found.start()] + text[found.end() :]
    if re.sub(r"\\(?:begin|end)\{(?:table\*?|center)\}(?:\[[^\]]*\])?|\\centering|[\s$]", "", outside):
        return None  # a caption, or words beside it, would be lost
    table = _table(found[3])
    return None if table is None else html.table(table)


def _table(body: str) -> Table | None:
    rows: list[tuple[Cell, ...]] = []
    below: dict[int, tuple[int, int]] = {}  # columns under a cell of several rows: rows left, and its width
    widths: set[int] = set()
    for source in _ROW_END.split(_RULE.sub(" ", body)):
        if not source.strip():
            continue
        cells: list[Cell] = []
        column = 0
        for written in _CELL_END.split(source):
            cell = _cell(written)
            if cell is None:
                return None
            left, width = below.get(column, (0, 1))
            if left and not cell.text:  # the place that the cell above stands in
                below[column] = (left - 1, width)
                column += width
                continue
            if cell.row_span > 1:
                below[column] = (cell.row_span - 1, cell.column_span)
            else:
                below.pop(column, None)
            cells.append(cell)
            column += cell.column_span
        widths.add(column)
        rows.append(tuple(cells))
    if not rows or len(widths) > 1 or sum(map(len, rows)) > _MOST_CELLS:
        return None
    return Table(tuple(rows))


def _cell(written: str) -> Cell | None:
    """None where braces do not close, or something stands there that is not known."""
    across = down = 1
    while span := _SPAN.fullmatch(written):
        kind, count, written = span[1], int(span[2]), span[3]
        across, down = (max(1, count), down) if kind == "column" else (across, max(1, count))
    before = None
    while before != written:
        before, written = written, _STYLE.sub(r"\1", written)
    plain = re.sub(r"\\[{}]", "", written)
    if plain.count("{") != plain.count("}") or re.search(r"\\(?:begin|end|multi(?:row|column))\b", written):
        return None
    if "$" not in _ESCAPED.sub("", written):
        written = _ESCAPED.sub(r"\1", written)
    return Cell((runs_of(" ".join(written.split())),), down, across)
