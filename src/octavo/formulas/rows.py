"""Atoms by the line they stand in, and by cells: signs of full size tell the baselines."""

from collections.abc import Sequence
from typing import Final

from octavo.formulas.atoms import Atom, size_of
from octavo.formulas.symbols import Kind

# In sizes of the type concerned. TeX's own distances are those of "The TeXbook", appendix G, for Computer Modern.
SMALL: Final = 0.85  # of the row's size: scripts are set at 0.7
_ROWS: Final = 0.75  # between the baselines of two rows, at least
_CELLS: Final = 0.75  # between two cells of a row: TeX sets 1.0 between columns, 0.28 around relations


def _is_main(atom: Atom, size: float) -> bool:
    return atom.size >= SMALL * size and atom.kind not in (Kind.ACCENT, Kind.ROOT)


def rows_of(atoms: Sequence[Atom]) -> list[list[Atom]]:
    """The atoms by the line they stand in, top to bottom: signs of full size tell the baselines."""
    if len(atoms) < 2:
        return [list(atoms)]
    size = size_of(atoms)
    full = sorted((atom for atom in atoms if _is_main(atom, size)), key=lambda atom: atom.baseline)
    clusters: list[list[Atom]] = []
    for atom in full:
        if clusters and atom.baseline - clusters[-1][-1].baseline < 0.3 * size:
            clusters[-1].append(atom)
        else:
            clusters.append([atom])
    clusters = _apart(clusters, size)
    if len(clusters) < 2:
        return [list(atoms)]
    placed = {id(atom) for cluster in clusters for atom in cluster}
    rows = [list(cluster) for cluster in clusters]
    for atom in atoms:
        if id(atom) not in placed:
            nearest = min(range(len(clusters)), key=lambda index: min(_distance(atom, one) for one in clusters[index]))
            rows[nearest].append(atom)
    return rows


def _apart(clusters: list[list[Atom]], size: float) -> list[list[Atom]]:
    """Clusters of baselines that are a row's distance apart; a lesser one goes to its neighbour."""
    kept: list[list[Atom]] = []
    for cluster in clusters:
        base = sum(atom.baseline for atom in cluster) / len(cluster)
        if kept and base - sum(atom.baseline for atom in kept[-1]) / len(kept[-1]) < _ROWS * size:
            kept[-1] = kept[-1] + cluster
        else:
            kept.append(cluster)
    return kept


def _distance(atom: Atom, other: Atom) -> float:
    across = max(other.left - atom.right, atom.left - other.right, 0.0)
    down = max(other.top - atom.bottom, atom.top - other.bottom, 0.0)
    return across + 1.5 * down


def base_of(row: Sequence[Atom]) -> float:
    """The baseline of a row: the commonest among the signs of full size, by width."""
    size = size_of(row)
    main = [atom for atom in row if _is_main(atom, size)] or list(row)
    plain = [atom for atom in main if not atom.made and atom.kind not in (Kind.LARGE, Kind.INTEGRAL) and not atom.tall]
    pool = plain or main

    def share(one: Atom) -> float:
        return sum(max(atom.width, 0.1) for atom in pool if abs(atom.baseline - one.baseline) < 0.1 * size)

    return max(pool, key=share).baseline


def cells_of(row: Sequence[Atom]) -> list[list[Atom]]:
    cells: list[list[Atom]] = []
    right = 0.0
    size = size_of(row)
    for atom in sorted(row, key=lambda atom: atom.left):
        if not cells or atom.left - right > _CELLS * size:
            cells.append([])
        cells[-1].append(atom)
        right = max(right, atom.right) if len(cells[-1]) > 1 else atom.right
    return cells


def left_of(cell: Sequence[Atom]) -> float:
    return min(atom.left for atom in cell)


def right_of(cell: Sequence[Atom]) -> float:
    return max(atom.right for atom in cell)
