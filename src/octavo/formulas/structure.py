"""Atoms to LaTeX: what stands over, under, beside and within what.

From the inside out. Marks come first, the narrowest before the wider ones: a fraction, a root or a line over letters is
one atom from then on. Then tall brackets with what they hold, then rows, and at last each row from left to right.
"""

from collections.abc import Sequence

from octavo.formulas.atoms import Atom, put_together, size_of, unknown
from octavo.formulas.brackets import grid, is_stack, with_fences
from octavo.formulas.line import line
from octavo.formulas.marks import with_accents, with_rules
from octavo.formulas.reading import Parsed, Reading
from octavo.formulas.rows import SMALL, base_of, rows_of
from octavo.formulas.signs import Bar, Sign
from octavo.formulas.symbols import Kind
from octavo.frozen import frozen


@frozen
class Built:
    """A formula's LaTeX, and how sure it is."""

    latex: str
    baseline: float  # of its first row, points
    doubts: tuple[str, ...]  # what speaks against it, for people; nothing where it is sure


def latex_of(signs: Sequence[Sign], bars: Sequence[Bar]) -> Built:
    """The LaTeX of a formula, and what speaks against it."""
    reading = Reading(_parsed)
    atoms, bars = put_together(signs, bars)
    if lost := unknown(atoms):
        reading.doubts.append(f"{lost} signs of unknown meaning")
    atoms = with_accents(atoms, reading)
    atoms = with_rules(atoms, list(bars), reading)
    parsed = _parsed(atoms, reading, top=True)
    if parsed.signs != len(signs):
        reading.doubts.append(f"{len(signs) - parsed.signs} of {len(signs)} signs found no place")
    return Built(parsed.latex, parsed.baseline, tuple(reading.doubts))


def _parsed(atoms: Sequence[Atom], reading: Reading, *, top: bool = False) -> Parsed:
    atoms = with_fences(list(atoms), reading)
    rows = rows_of(atoms)
    if len(rows) == 1:
        return line(rows[0], reading)
    if top:
        return _aligned(rows, reading)
    return grid(rows, reading, "matrix" if not is_stack(rows) else "substack")


def _aligned(rows: Sequence[Sequence[Atom]], reading: Reading) -> Parsed:
    """Lines below each other, at a relation where one stands at the same place in them."""
    size = size_of(rows[0])
    edges = [[atom.left for atom in row if atom.kind is Kind.RELATION and atom.size >= SMALL * size] for row in rows]
    shared = next(
        (
            edge
            for edge in edges[0]
            if all(any(abs(edge - other) < 0.1 * size for other in others) for others in edges[1:])
        ),
        None,
    )
    lines, signs = [], 0
    for row in rows:
        parsed = line(row, reading, align_at=shared)
        lines.append(parsed.latex)
        signs += parsed.signs
    environment = "gathered" if shared is None else "aligned"
    body = " \\\\ ".join(lines)
    return Parsed(f"\\begin{{{environment}}} {body} \\end{{{environment}}}", base_of(rows[0]), size, signs)
