"""Just enough mathematical typesetting for the sample paper: rows, fractions, scripts, operators with limits."""

from collections.abc import Callable
from dataclasses import dataclass

from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable


@dataclass(frozen=True)
class Piece:
    """Something drawn on a base line."""

    width: float
    ascent: float
    descent: float
    draw: Callable[[Canvas, float, float], None]


def text(letters: str, size: float = 10, font: str = "Times-Italic") -> Piece:
    def draw(canvas: Canvas, x: float, y: float) -> None:
        canvas.setFont(font, size)
        canvas.drawString(x, y, letters)

    return Piece(stringWidth(letters, font, size), 0.7 * size, 0.22 * size, draw)


def roman(letters: str, size: float = 10) -> Piece:
    return text(letters, size, "Times-Roman")


def symbol(letters: str, size: float = 10) -> Piece:
    """Greek letters and operators."""
    return text(letters, size, "Symbol")


def row(*pieces: Piece, gap: float = 0.8) -> Piece:
    def draw(canvas: Canvas, x: float, y: float) -> None:
        for piece in pieces:
            piece.draw(canvas, x, y)
            x += piece.width + gap

    width = sum(piece.width for piece in pieces) + gap * (len(pieces) - 1)
    return Piece(width, max(p.ascent for p in pieces), max(p.descent for p in pieces), draw)


def fraction(above: Piece, below: Piece) -> Piece:
    width, axis = max(above.width, below.width) + 4, 2.6

    def draw(canvas: Canvas, x: float, y: float) -> None:
        canvas.setLineWidth(0.5)
        canvas.line(x + 1, y + axis, x + width - 1, y + axis)
        above.draw(canvas, x + (width - above.width) / 2, y + axis + above.descent + 1.6)
        below.draw(canvas, x + (width - below.width) / 2, y + axis - below.ascent - 2)

    return Piece(width, axis + above.ascent + above.descent + 2, below.ascent + below.descent + 2 - axis, draw)


def scripts(base: Piece, *, below: Piece | None = None, above: Piece | None = None) -> Piece:
    """Index and exponent."""

    def draw(canvas: Canvas, x: float, y: float) -> None:
        base.draw(canvas, x, y)
        if below:
            below.draw(canvas, x + base.width + 0.3, y - 2.4)
        if above:
            above.draw(canvas, x + base.width + 0.3, y + 4)

    width = base.width + 0.6 + max((p.width for p in (below, above) if p), default=0)
    return Piece(width, base.ascent + (3 if above else 0), base.descent + (2 if below else 0), draw)


def limits(operator: Piece, below: Piece, above: Piece) -> Piece:
    """A sum or an integral with its range under and over it."""
    width = max(operator.width, below.width, above.width)

    def draw(canvas: Canvas, x: float, y: float) -> None:
        operator.draw(canvas, x + (width - operator.width) / 2, y - 2)
        below.draw(canvas, x + (width - below.width) / 2, y - 2 - operator.descent - below.ascent)
        above.draw(canvas, x + (width - above.width) / 2, y + operator.ascent + 2.5)

    rise = operator.ascent + above.ascent + 3
    return Piece(width, rise, 2 + operator.descent + below.ascent + below.descent, draw)


class Display(Flowable):
    """A formula in the middle of its column, its number at the right."""

    def __init__(self, piece: Piece, number: str) -> None:
        super().__init__()
        self.piece = piece
        self.number = number
        self.spaceBefore = self.spaceAfter = 5

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        self.width, self.height = width, self.piece.ascent + self.piece.descent + 2
        return self.width, self.height

    def draw(self) -> None:
        base = self.piece.descent + 1
        self.piece.draw(self.canv, (self.width - self.piece.width) / 2 - 8, base)
        self.canv.setFont("Times-Roman", 10)
        self.canv.drawRightString(self.width, base, self.number)
