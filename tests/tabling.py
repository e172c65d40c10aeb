"""Made-up tables and pages with known truth: a picture, the lines of text on it, and what a reader should get."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from octavo.document import Pixels, TextLine, Word
from octavo.geometry import Box, Size

HEIGHT = 12  # pixels of a line of letters
ADVANCE = 7  # pixels a character takes
LEADING = 15  # pixels from line to line inside a cell


def words_at(text: str, left: float, top: float, size: Size) -> TextLine:
    """A line of text with its words, at pixels of a picture."""
    words, x = [], left
    for part in text.split():
        right = x + ADVANCE * len(part) - 1
        words.append(Word(part, Box.from_pixels(x, top, right, top + HEIGHT, size)))
        x = right + 1 + ADVANCE * 0.6
    box = Box.from_pixels(left, top, x - ADVANCE * 0.6, top + HEIGHT, size)
    return TextLine(box, text, tuple(words))


def width_of(text: str) -> float:
    return sum(ADVANCE * len(part) for part in text.split()) + ADVANCE * 0.6 * max(0, len(text.split()) - 1)


@dataclass
class Drawing:
    """A page or table being drawn."""

    width: int
    height: int
    lines: list[TextLine] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.pixels: Pixels = np.full((self.height, self.width, 3), 255, np.uint8)

    @property
    def size(self) -> Size:
        return Size(self.width, self.height)

    def write(self, text: str, left: float, top: float) -> None:
        line = words_at(text, left, top, self.size)
        self.lines.append(line)
        for word in line.words:
            box = word.box.to_pixels(self.size)
            for x in range(box.left, box.right, ADVANCE):  # letters: strokes with gaps, as print has
                cv2.rectangle(self.pixels, (x, box.top + 2), (x + 1, box.bottom - 3), (0, 0, 0), -1)
                cv2.line(self.pixels, (x, box.top + 5), (min(x + 4, box.right), box.top + 5), (0, 0, 0), 1)

    def rule(self, left: float, top: float, right: float, bottom: float, thickness: int = 1) -> None:
        start, end = (round(left), round(top)), (round(right), round(bottom))
        cv2.line(self.pixels, start, end, (0, 0, 0), thickness)


@dataclass(frozen=True)
class Made:
    """A table as it was made up: cells as (text, row, column, rows, columns)."""

    widths: tuple[int, ...]
    cells: tuple[tuple[str, int, int, int, int], ...]
    align: str = "left"  # of all columns but the first
    middle: bool = False  # cells in the middle of their rows, not at the top
    gap: int = 8  # pixels between a row's text and its border


def made(rows: Sequence[Sequence[str]], widths: Sequence[int], **style: object) -> Made:
    """A table without spans, from its texts."""
    cells = tuple((text, r, c, 1, 1) for r, row in enumerate(rows) for c, text in enumerate(row))
    return Made(tuple(widths), cells, **style)  # type: ignore[arg-type]  # passed through to the fields above


def wrapped(text: str, width: float) -> list[str]:
    lines: list[str] = []
    for part in text.split():
        if lines and width_of(f"{lines[-1]} {part}") <= width:
            lines[-1] += f" {part}"
        else:
            lines.append(part)
    return lines


def drawn(table: Made, rules: str, left: int = 20, top: int = 20, onto: Drawing | None = None) -> Drawing:
    """The table as a picture. `rules`: 'grid', 'head' (three lines across), 'none'."""
    count = 1 + max(row + rows - 1 for _, row, _, rows, _ in table.cells)
    xs = [left]
    for width in table.widths:
        xs.append(xs[-1] + width)

    def lines_of(cell: tuple[str, int, int, int, int]) -> list[str]:
        text, _, column, _, columns = cell
        return wrapped(text, xs[column + columns] - xs[column] - 12)

    ys = [top]
    for row in range(count):
        own = [len(lines_of(cell)) for cell in table.cells if cell[1] == row and cell[3] == 1]
        ys.append(ys[-1] + LEADING * max([1, *own]) + table.gap)
    drawing = onto or Drawing(xs[-1] + 20, ys[-1] + 20)
    for cell in table.cells:
        _, row, column, rows, columns = cell
        lines = lines_of(cell)
        spare = ys[row + rows] - ys[row] - LEADING * len(lines)
        y = ys[row] + (spare / 2 if table.middle or rows > 1 else table.gap / 2)
        for line in lines:
            room = xs[column + columns] - xs[column] - 12 - width_of(line)
            shift = {"left": 0.0, "right": room, "center": room / 2}[table.align if column else "left"]
            drawing.write(line, xs[column] + 6 + (room / 2 if columns > 1 else shift), y)
            y += LEADING
        if rules == "grid":
            for a, b, c, d in ((0, 0, 1, 0), (0, 0, 0, 1), (1, 0, 1, 1), (0, 1, 1, 1)):
                x, z = (xs[column], xs[column + columns]), (ys[row], ys[row + rows])
                drawing.rule(x[a], z[b], x[c], z[d])
    if rules == "head":
        for y in (ys[0], ys[1], ys[-1]):
            drawing.rule(xs[0], y, xs[-1], y, 2)
    return drawing
