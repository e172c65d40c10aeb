"""Tall brackets and what they hold, from the inside out; grids of rows and cells."""

from collections.abc import Sequence
from typing import Final

from octavo.formulas.atoms import AXIS, Atom, joined, replaced, size_of
from octavo.formulas.line import line
from octavo.formulas.reading import Parsed, Reading
from octavo.formulas.rows import SMALL, base_of, cells_of, left_of, right_of, rows_of
from octavo.formulas.symbols import Kind

# In sizes of the type concerned. TeX's own distances are those of "The TeXbook", appendix G, for Computer Modern.
_BINOMIAL: Final = 1.29  # between the baselines of the two rows of a binomial; those of a matrix are 1.2 apart
_EXTENT: Final = 0.2  # of a delimiter's height: its partner begins and ends where it does
_MATRICES: Final = {("(", ")"): "pmatrix", ("[", "]"): "bmatrix", ("|", "|"): "vmatrix", ("‖", "‖"): "Vmatrix"} | {
    ("{", "}"): "Bmatrix"
}
_TALL_SIZES: Final = ((1.5, "\\big"), (2.1, "\\Big"), (2.7, "\\bigg"))


def with_fences(atoms: list[Atom], reading: Reading) -> list[Atom]:
    """Tall delimiters and what they hold, from the inside out."""
    while (pair := _innermost(atoms)) is not None:
        opening, closing = pair
        inside = [atom for atom in atoms if atom is not opening and atom is not closing and _is_within(atom, *pair)]
        made = _fenced(opening, closing, inside, reading)
        atoms = replaced(atoms, [opening, closing, *inside], made)
    for atom in sorted((atom for atom in atoms if atom.tall), key=lambda atom: -atom.left):
        atoms = _half_open(atom, atoms, reading)
    return atoms


def _innermost(atoms: Sequence[Atom]) -> tuple[Atom, Atom] | None:
    open_ones: list[Atom] = []
    for atom in sorted((atom for atom in atoms if atom.tall), key=lambda atom: atom.left):
        partner = next((one for one in reversed(open_ones) if _match(one, atom)), None)
        if partner is not None and atom.kind is not Kind.OPENING:
            return partner, atom
        if atom.kind is not Kind.CLOSING:
            open_ones.append(atom)
    return None


def _match(opening: Atom, closing: Atom) -> bool:
    height = max(opening.height, closing.height)
    level = (
        abs(opening.top - closing.top) < _EXTENT * height and abs(opening.bottom - closing.bottom) < _EXTENT * height
    )
    alike = opening.kind is not Kind.FENCE or closing.kind is Kind.CLOSING or opening.char == closing.char
    return level and alike


def _is_within(atom: Atom, opening: Atom, closing: Atom) -> bool:
    return opening.x < atom.x < closing.x and opening.top - 0.3 * atom.size < atom.y < opening.bottom + 0.3 * atom.size


def _fenced(opening: Atom, closing: Atom, inside: Sequence[Atom], reading: Reading) -> Atom:
    rows = rows_of(inside) if inside else []
    signs = opening.signs + closing.signs
    left, right = opening.latex, closing.latex
    if len(rows) > 1:
        pair = (opening.char, closing.char)
        single = len(rows) == 2 and all(len(cells_of(row)) == 1 for row in rows)
        apart = abs(base_of(rows[1]) - base_of(rows[0])) / max(atom.size for atom in rows[0])
        smaller = max(atom.size for row in rows for atom in row) < SMALL * opening.size
        bare = all(
            abs(atom.baseline - base_of(row)) < 0.1 * atom.size and not atom.made for row in rows for atom in row
        )
        if single and pair == ("(", ")") and bare and (apart > _BINOMIAL or smaller):
            upper, lower = (line(row, reading) for row in rows)
            latex, signs = f"\\binom{{{upper.latex}}}{{{lower.latex}}}", signs + upper.signs + lower.signs
        else:
            cells = grid(rows, reading, _MATRICES.get(pair, "matrix"))
            latex = cells.latex if pair in _MATRICES else f"\\left{left} {cells.latex} \\right{right}"
            signs += cells.signs
    else:
        inner = line(inside, reading) if inside else Parsed("", 0, 0, 0)
        latex = f"\\left{_spaced(left)}{inner.latex} \\right{right}"
        signs += inner.signs
    made = joined([opening, *inside, closing], latex)
    sizes = [atom.size for atom in inside if not atom.made] or [atom.size for atom in inside] or [opening.size]
    made.size, made.signs = max(sizes), signs
    made.baseline = (opening.top + opening.bottom) / 2 + AXIS * made.size
    made.top, made.bottom = min(opening.top, made.top), max(opening.bottom, made.bottom)
    return made


def _spaced(delimiter: str) -> str:
    return f"{delimiter} " if delimiter[-1].isalpha() else delimiter


def _half_open(atom: Atom, atoms: list[Atom], reading: Reading) -> list[Atom]:
    """A tall delimiter without a partner: of cases where rows stand beside it, else just a large sign."""
    beside = [
        one for one in atoms
        if one is not atom and one.x > atom.x and atom.top - 0.3 * one.size < one.y < atom.bottom + 0.3 * one.size
    ]  # fmt: skip
    rows = rows_of(beside) if beside else []
    if atom.kind is Kind.OPENING and len(rows) > 1:
        cells = grid(rows, reading, "cases" if atom.char == "{" else "matrix")
        latex = cells.latex if atom.char == "{" else f"\\left{_spaced(atom.latex)}{cells.latex} \\right."
        made = joined([atom, *beside], latex)
        made.size = max(one.size for one in beside)
        made.baseline, made.signs = atom.y + AXIS * made.size, cells.signs + atom.signs
        return replaced(atoms, [atom, *beside], made)
    size = next((name for most, name in _TALL_SIZES if atom.height < most * atom.size), "\\Bigg")
    made = joined([atom], f"{size}{atom.latex}", atom.kind)
    return replaced(atoms, [atom], made)


def grid(rows: Sequence[Sequence[Atom]], reading: Reading, environment: str) -> Parsed:
    """Rows of cells, which stand below each other."""
    cells = [cells_of(row) for row in rows]
    lanes: list[tuple[float, float]] = []
    for left, right in sorted((left_of(cell), right_of(cell)) for row in cells for cell in row):
        if lanes and left < lanes[-1][1]:
            lanes[-1] = (lanes[-1][0], max(lanes[-1][1], right))
        else:
            lanes.append((left, right))
    lines: list[str] = []
    signs = 0
    for row in cells:
        texts = ["" for _ in lanes]
        for cell in row:
            lane = next(index for index, (_, right) in enumerate(lanes) if left_of(cell) < right)
            parsed = line(cell, reading)
            texts[lane] = f"{texts[lane]} \\quad {parsed.latex}" if texts[lane] else parsed.latex
            signs += parsed.signs
        lines.append(" & ".join(texts).rstrip(" &") if environment != "substack" else texts[0])
    body = " \\\\ ".join(lines)
    first = base_of(rows[0])
    size = size_of(rows[0])
    if environment == "substack":
        return Parsed(f"\\substack{{{body}}}", first, size, signs)
    return Parsed(f"\\begin{{{environment}}} {body} \\end{{{environment}}}", first, size, signs)


def is_stack(rows: Sequence[Sequence[Atom]]) -> bool:
    return all(len(cells_of(row)) == 1 for row in rows)
