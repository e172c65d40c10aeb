"""The grid of a table: where its rows and columns lie, which places are one cell, and the words in each."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple, TypeAlias

from octavo.content import Cell, Run, Runs, Table, runs_of
from octavo.frozen import frozen
from octavo.geometry import on_one_height
from octavo.glyphs.scripts import is_right_to_left
from octavo.tables.words import Token, usual_height
from octavo.wording import prose


class Slot(NamedTuple):
    """A cell of the grid: its first row and column, and how many of each it takes."""

    row: int
    column: int
    rows: int = 1
    columns: int = 1


WordLines: TypeAlias = Sequence[Sequence[Token]]  # top to bottom, each from left to right


@frozen
class Grid:
    """Borders of columns (left to right) and rows (top to bottom) in pixels; cells that take more than one place."""

    columns: tuple[float, ...]  # one more than there are columns
    rows: tuple[float, ...]
    merged: tuple[Slot, ...] = ()  # they never overlap; every other place is a cell of its own

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.rows) - 1, len(self.columns) - 1

    def slots(self) -> list[Slot]:
        """All cells, in reading order."""
        rows, columns = self.shape
        owner = self.owners()
        return [
            owner.get((row, column), Slot(row, column))
            for row in range(rows)
            for column in range(columns)
            if (row, column) not in owner or (owner[row, column].row == row and owner[row, column].column == column)
        ]

    def owners(self) -> dict[tuple[int, int], Slot]:
        """The merged cell that each of its places belongs to."""
        return {
            (slot.row + down, slot.column + across): slot
            for slot in self.merged
            for down in range(slot.rows)
            for across in range(slot.columns)
        }


def _band(borders: Sequence[float], place: float) -> int:
    inner = borders[1:-1]
    return sum(place >= border for border in inner)


def without_overlaps(slots: Iterable[Slot], rows: int, columns: int) -> tuple[Slot, ...]:
    """Merged cells cut to the grid; of two that overlap, the first stays."""
    taken: set[tuple[int, int]] = set()
    kept = []
    for slot in slots:
        height, width = min(slot.rows, rows - slot.row), min(slot.columns, columns - slot.column)
        places = {(slot.row + down, slot.column + across) for down in range(height) for across in range(width)}
        if height > 0 and width > 0 and height * width > 1 and not places & taken:
            taken |= places
            kept.append(Slot(slot.row, slot.column, height, width))
    return tuple(kept)


def filled(grid: Grid, words: Sequence[Token]) -> dict[Slot, list[Token]]:
    """The words of each cell that has any, by the place of their middle."""
    cells: defaultdict[Slot, list[Token]] = defaultdict(list)
    owners = grid.owners()
    for word in words:
        place = _band(grid.rows, word.middle), _band(grid.columns, word.axis)
        cells[owners.get(place, Slot(*place))].append(word)
    return dict(cells)


def as_table(grid: Grid, cells: Mapping[Slot, WordLines], heads: int = 0) -> Table:
    """The table, so many rows at its top being heads.

    A merged cell without text is written as single empty cells: nothing says that it was one.
    """
    empty = {slot for slot in grid.merged if slot not in cells}
    shown = Grid(grid.columns, grid.rows, tuple(slot for slot in grid.merged if slot not in empty))
    rows: list[list[Cell]] = [[] for _ in range(grid.shape[0])]
    for slot in shown.slots():
        lines = cells.get(slot, ())
        text = in_faces(cell_text(lines), lines)
        rows[slot.row].append(Cell((text,) if text else (), slot.rows, slot.columns, slot.row < heads))
    return Table(tuple(map(tuple, rows)))


def in_faces(text: str, lines: WordLines) -> Runs:
    """The text of a cell in the styles of its words. Bold and italic are told where they set some of it apart, as in a
    paragraph: a cell in one face is plain. What is struck out or leads somewhere is told always."""
    words = [word for line in lines for word in line]
    first = words[0].face if words else Run("")
    alike = all(word.face is first or word.face == first for word in words)
    if alike and not first.struck and not first.link:
        return runs_of(text)
    bold, italic = (len({getattr(word.face, style) for word in words}) > 1 for style in ("bold", "italic"))
    runs: list[Run] = []
    place = 0
    for word in (word for line in lines for word in _as_read(line)):
        found = text.find(word.text, place)
        said = word.text if found >= 0 else word.text[:-1]  # a hyphen at the end of a line is gone
        found = text.find(said, place)
        if found < 0:
            return runs_of(text)
        face = replace(word.face, bold=bold and word.face.bold, italic=italic and word.face.italic)
        between = text[place:found]
        if runs and replace(runs[-1], text="") == face:
            runs[-1] = replace(face, text=runs[-1].text + between + said)
        else:
            runs += [*runs_of(between), replace(face, text=said)]
        place = found + len(said)
    return (*runs, *runs_of(text[place:]))


def cell_text(lines: WordLines) -> str:
    """What one cell says, as running text."""
    return prose.paragraph(map(_line_text, lines))


def text_lines(words: Sequence[Token]) -> list[list[Token]]:
    """Words grouped into lines from top to bottom, each from left to right."""
    if len(words) < 2:  # the words of most cells
        return [list(words)] if words else []
    return on_one_height(words, 0.5 * usual_height(words))


def _line_text(line: Sequence[Token]) -> str:
    line = _as_read(line)
    text = ""
    for before, word in zip([None, *line[:-1]], line, strict=True):
        apart = before is not None and (word.spaced or word.line != before.line)
        text += f" {word.text}" if apart else word.text
    return text


def _as_read(line: Sequence[Token]) -> list[Token]:
    """Words on one height in the order they are read: Hebrew and Arabic from the right, each line as its words come."""
    if all(word.text.isascii() for word in line):
        return list(line)
    letters = [is_right_to_left(ord(letter)) for word in line for letter in word.text if letter.isalpha()]
    if sum(letters) * 2 <= len(letters):
        return list(line)
    right = {number: max(word.right for word in line if word.line == number) for number in {it.line for it in line}}
    return sorted(line, key=lambda word: (-right[word.line], word.place))
