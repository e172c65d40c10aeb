"""What a region says, as data: no Markdown, no HTML. Assembly makes it, renderers write it down.

A region holds one of the kinds below, or several of them one below the other (`Mixed`). Text is runs of characters in
one style. Two things stay in their author's own notation, because taking them apart and writing them again would change
them: `Verbatim`, and a `Run` that is `verbatim`.

Each kind says its name, so that a page that was kept as JSON comes back as what it was.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final, Literal, TypeAlias, TypeGuard

from octavo.frozen import frozen


@dataclass(frozen=True)
class Run:
    """Characters in one style. White space at the ends of a run counts.

    Without slots, so that `plain_run` can leave out what is as usual.
    """

    text: str  # without escapes; LaTeX without its delimiters where it is a `formula`
    bold: bool = False
    italic: bool = False
    underlined: bool = False
    struck: bool = False
    raised: bool = False  # superscript
    lowered: bool = False  # subscript
    code: bool = False
    formula: bool = False
    link: str | None = None  # where it leads
    note: str | None = None  # the name of the note that it is the mark of
    verbatim: bool = False  # `text` is Markdown as its author wrote it

    @property
    def styled(self) -> bool:
        return len(self.__dict__) > 1 and self != plain_run(self.text)


def plain_run(text: str) -> Run:
    """`Run(text)` in a fifth of the time: a document is made of thousands, nearly all of them plain."""
    run = object.__new__(Run)
    run.__dict__["text"] = text  # the rest is the class's own
    return run


Runs: TypeAlias = tuple[Run, ...]  # one line


@frozen
class Prose:
    """A paragraph. Its lines are broken on purpose, as in an address; running text has one."""

    lines: tuple[Runs, ...]
    note: str | None = field(default=None, kw_only=True)  # the name that marks have for it, where it is a note
    kind: Literal["prose"] = field(default="prose", kw_only=True, repr=False)


@frozen
class Heading:
    level: int  # 1 is the top, 6 the deepest
    runs: Runs
    kind: Literal["heading"] = field(default="heading", kw_only=True, repr=False)


@frozen
class ListItem:
    marker: str  # "-" for any bullet, else as printed: "3."; what a model wrote may begin with "*" or "+", too
    runs: Runs
    depth: int = 0


@frozen
class Items:
    """A list, or the entry of one."""

    items: tuple[ListItem, ...]
    kind: Literal["items"] = field(default="items", kw_only=True, repr=False)


@frozen
class Code:
    text: str  # rows and their indentation stand
    language: str = ""  # where its author named one
    kind: Literal["code"] = field(default="code", kw_only=True, repr=False)


@frozen
class Formula:
    latex: str  # without delimiters
    number: str | None = None  # printed beside it, without brackets
    inline: bool = False  # it stands in a line of text
    kind: Literal["formula"] = field(default="formula", kw_only=True, repr=False)


@frozen
class Cell:
    lines: tuple[Runs, ...]
    row_span: int = 1
    column_span: int = 1
    header: bool = False

    @property
    def text(self) -> str:
        """Its words on one line."""
        match self.lines:
            case ():
                return ""
            case ((run,),):  # nine in ten cells of a table
                return " ".join(run.text.split())
            case lines:
                return " ".join(" ".join(map(text_of, lines)).split())


@frozen
class Table:
    """Rows of cells as HTML has them: a place that another cell spans has no cell of its own."""

    rows: tuple[tuple[Cell, ...], ...]
    kind: Literal["table"] = field(default="table", kw_only=True, repr=False)

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

    def continued(self, other: "Table") -> "Table":
        """The other table's rows under this one's, without a header that is repeated; a row that was cut is one."""
        more = other.rows[self.repeated_rows(other) :]
        if self._goes_on_with(more):
            return Table((*self.rows[:-1], tuple(map(_together, self.rows[-1], more[0])), *more[1:]))
        return Table(self.rows + more)

    def _goes_on_with(self, more: tuple[tuple[Cell, ...], ...]) -> bool:
        """Whether rows begin with the rest of this table's last: no beginning, which all others have, and one cell."""
        if not self.rows or not more or any(not row or not row[0].text for row in (*self.rows, *more[1:])):
            return False
        cut, rest = self.rows[-1], more[0]
        if (
            len(cut) != len(rest)
            or len(rest) < 3
            or any(cell.row_span > 1 or cell.column_span > 1 for cell in (*cut, *rest))
        ):
            return False
        said = [column for column, cell in enumerate(rest) if cell.text]
        return len(said) == 1 and said[0] > 0 and bool(cut[said[0]].text)

    def repeated_rows(self, other: "Table") -> int:
        """How many rows at the top of `other` repeat this table's top: of its marked header, or else one equal row."""
        for wanted in range(max(self.header_rows, 1), 0, -1):
            top, again = self.rows[:wanted], other.rows[:wanted]
            same = [_compared(row) for row in top] == [_compared(row) for row in again]
            if same and any(cell.text for row in top for cell in row):
                return wanted
        return 0


def _together(cell: Cell, rest: Cell) -> Cell:
    """A cell that a break cut in two."""
    if not rest.lines:
        return cell
    return replace(cell, lines=(*cell.lines[:-1], (*cell.lines[-1], Run(" "), *rest.lines[0]), *rest.lines[1:]))


def _compared(row: tuple[Cell, ...]) -> list[tuple[str, int]]:
    return [("".join(cell.text.casefold().split()), cell.column_span) for cell in row]


@frozen
class Picture:
    """The region is kept as a picture. Which file that is, the renderer that cuts it says."""

    lines: tuple[str, ...] = ()  # what is written in it
    labels: bool = False  # it is nothing but labels: numbers along an axis, names of parts
    kind: Literal["picture"] = field(default="picture", kw_only=True, repr=False)


@frozen
class FormRow:
    name: Runs  # empty where a value goes on
    value: Runs  # empty where nothing was filled in

    @property
    def as_line(self) -> Runs:
        """Name and value on one line, parted by a colon where the name ends in no such sign: so it is plain which is
        which, wherever on the page the value stood. A name alone is a field that was left empty."""
        if not self.name:
            return self.value
        *begin, last = self.name
        said = last.text.rstrip()
        if last.formula:
            name = (*self.name, Run(":"))
        else:
            name = (*begin, replace(last, text=said if said.endswith(_PARTED) else f"{said}:"))
        return (*name, Run(" "), *self.value) if self.value else name


_PARTED: Final = tuple(":?!：？！")  # signs that part a name from its value by themselves


@frozen
class Form:
    """Names with the values that stand beside them, below them, or in one box with them."""

    rows: tuple[FormRow, ...]
    kind: Literal["form"] = field(default="form", kw_only=True, repr=False)


@frozen
class Verbatim:
    """Markdown that somebody else wrote, to the letter: the official SDK's, or what of a language model's answer would
    change if it were taken apart."""

    markdown: str
    kind: Literal["verbatim"] = field(default="verbatim", kw_only=True, repr=False)


Unmixed: TypeAlias = Prose | Heading | Items | Code | Formula | Table | Picture | Form | Verbatim


@frozen
class Mixed:
    """Several things in one region, one below the other."""

    parts: tuple[Unmixed, ...]
    kind: Literal["mixed"] = field(default="mixed", kw_only=True, repr=False)


Content: TypeAlias = Unmixed | Mixed


def runs_of(text: str) -> Runs:
    """Plain characters as runs."""
    return (plain_run(text),) if text else ()


def all_runs(content: Content | None) -> Iterator[Runs]:
    """The runs of running text, line by line and entry by entry; none of what is no running text."""
    match content:
        case Prose(lines):
            yield from lines
        case Heading(_, runs):
            yield runs
        case Items(items):
            yield from (item.runs for item in items)
        case Mixed(parts):
            for part in parts:
                yield from all_runs(part)
        case _:
            return


def text_of(runs: Runs) -> str:
    return "".join(run.text for run in runs)


def plain(content: Content) -> str:
    """What it says, without styles, a line each; of a picture, what is written in it."""
    match content:
        case Prose(lines):
            return "\n".join(map(text_of, lines))
        case Heading(_, runs):
            return text_of(runs)
        case Items(items):
            return "\n".join(f"{item.marker} {text_of(item.runs)}" for item in items)
        case Code(text):
            return text
        case Formula(latex):
            return latex
        case Table(rows):
            return "\n".join("\t".join(cell.text for cell in row) for row in rows)
        case Picture(lines):
            return "\n".join(lines)
        case Form(rows):
            return "\n".join(text_of(row.as_line) for row in rows)
        case Verbatim(markdown):
            return markdown
        case Mixed(parts):
            return "\n\n".join(map(plain, parts))


def says(content: Content | None) -> TypeGuard[Content]:
    """Whether there is something to read in it. A table has its grid, even if nothing stands in it."""
    match content:
        case None:
            return False
        case Table():
            return True
        case Prose(lines):
            return len(lines) > 1 or any(run.text for runs in lines for run in runs)
        case _:
            return bool(plain(content))
