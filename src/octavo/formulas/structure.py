"""Atoms to LaTeX: what stands over, under, beside and within what.

From the inside out. Rules come first, the narrowest before the wider ones: a fraction, a root or a line over letters is
one atom from then on. Then tall delimiters with what they hold, then rows, and at last each row from left to right,
where small signs off the baseline are scripts of what stands before them, or limits of what they stand over or under.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from octavo.formulas.atoms import AXIS, DELIMITERS, Atom, joined, put_together, size_of, unknown
from octavo.formulas.signs import Bar, Sign
from octavo.formulas.symbols import ACCENTS, Kind
from octavo.formulas.writing import Piece, braced, written

# In sizes of the type concerned. TeX's own distances are those of "The TeXbook", appendix G, for Computer Modern.
_SIDE: Final = 0.3  # what belongs to a rule may reach beyond its ends so far
_AWAY: Final = 0.95  # from a fraction's rule to its numerator or denominator: TeX's 0.41 and 0.69, plus a low sign
_CHAIN: Final = 0.42  # between the pieces of one numerator, one above the other: limits stand 0.2 off, rows 0.5
_OVERLINE: Final = 0.4  # from a line over letters down to them
_ROOT: Final = 0.25  # between a root's sign and the beginning of its rule
_LEVEL: Final = 0.2  # baselines of one row differ by less; a subscript is lower by 0.15 at least, and small
_SMALL: Final = 0.85  # of the row's size: scripts are set at 0.7
_ROWS: Final = 0.75  # between the baselines of two rows, at least
_CELLS: Final = 0.75  # between two cells of a row: TeX sets 1.0 between columns, 0.28 around relations
_BINOMIAL: Final = 1.29  # between the baselines of the two rows of a binomial; those of a matrix are 1.2 apart
_CLUSTER: Final = 0.3  # sideways, between the pieces of one limit
_EXTENT: Final = 0.2  # of a delimiter's height: its partner begins and ends where it does

_MATRICES: Final = {("(", ")"): "pmatrix", ("[", "]"): "bmatrix", ("|", "|"): "vmatrix", ("‖", "‖"): "Vmatrix"} | {
    ("{", "}"): "Bmatrix"
}
_PRIMES: Final = ("′", "″")
_TALL_SIZES: Final = ((1.5, "\\big"), (2.1, "\\Big"), (2.7, "\\bigg"))


@dataclass(slots=True)
class Reading:
    """What is noted while a formula is taken apart."""

    doubts: list[str] = field(default_factory=list)  # for people


@dataclass(frozen=True, slots=True)
class Parsed:
    """A stretch of a formula as LaTeX."""

    latex: str
    baseline: float
    size: float
    signs: int
    rows: int = 1


@dataclass(frozen=True, slots=True)
class Built:
    """A formula's LaTeX, and how sure it is."""

    latex: str
    baseline: float  # of its first row, points
    doubts: tuple[str, ...]  # what speaks against it, for people; nothing where it is sure


def latex_of(signs: Sequence[Sign], bars: Sequence[Bar]) -> Built:
    """The LaTeX of a formula, and what speaks against it."""
    reading = Reading()
    atoms, bars = put_together(signs, bars)
    if lost := unknown(atoms):
        reading.doubts.append(f"{lost} signs of unknown meaning")
    atoms = _with_accents(atoms, reading)
    atoms = _with_rules(atoms, list(bars), reading)
    parsed = _parsed(atoms, reading, top=True)
    if parsed.signs != len(signs):
        reading.doubts.append(f"{len(signs) - parsed.signs} of {len(signs)} signs found no place")
    return Built(parsed.latex, parsed.baseline, tuple(reading.doubts))


# --- accents ----------------------------------------------------------------------------------------------------------


def _with_accents(atoms: list[Atom], reading: Reading) -> list[Atom]:
    """Accents over one letter joined with it; wide ones wait for what they stand over."""
    for accent in [atom for atom in atoms if atom.kind is Kind.ACCENT and atom.over != "brace"]:
        struck = next(
            (atom for atom in atoms if accent.char == "¯" and atom.char == "h" and _crosses(accent, atom)), None
        )
        if struck is not None:  # some fonts have no sign for it
            made = joined([struck, accent], "\\hbar", made=False)
            atoms = [atom for atom in atoms if atom is not accent and atom is not struck] + [made]
            continue
        base = _under(accent, atoms)
        if base is None:
            continue
        narrow, wide = ACCENTS[accent.char]
        name = wide if accent.width > 1.3 * base.width and accent.width > 0.6 * accent.size else narrow
        made = joined([base, accent], f"{name}{braced(written([_piece(base)]))}", base.kind, made=base.made)
        made.baseline, made.size, made.right = base.baseline, base.size, max(base.right, made.left)
        atoms = [atom for atom in atoms if atom is not accent and atom is not base] + [made]
    return atoms


def _crosses(accent: Atom, atom: Atom) -> bool:
    return atom.left - 0.1 * atom.size < accent.x < atom.right and atom.top + 0.1 * atom.size < accent.y < atom.bottom


def _under(accent: Atom, atoms: Sequence[Atom]) -> Atom | None:
    """The one letter an accent stands over."""
    lean = 0.12 * accent.size  # an accent over a slanted letter stands to the right of its middle
    below = [
        atom
        for atom in atoms
        if atom.kind is not Kind.ACCENT
        and atom.left - 0.1 * accent.size < accent.x < atom.right + lean
        and -0.12 * accent.size < atom.top - accent.bottom < 0.35 * accent.size
    ]
    covered = [
        atom for atom in atoms
        if atom.kind is not Kind.ACCENT
        and accent.left - 0.05 * accent.size < atom.x < accent.right + 0.05 * accent.size
        and atom.top > accent.bottom - 0.15 * accent.size and atom.top - accent.bottom < 0.6 * accent.size
    ]  # fmt: skip
    if accent.width > 0.6 * accent.size and len(covered) > 1:
        return None
    return min(below, key=lambda atom: (atom.top - accent.bottom) + abs(atom.x - accent.x), default=None)


# --- rules ------------------------------------------------------------------------------------------------------------


def _with_rules(atoms: list[Atom], bars: list[Bar], reading: Reading) -> list[Atom]:
    """Fractions, roots, lines and wide marks over and under, each as one atom."""
    marks: list[tuple[float, Bar | Atom]] = [(bar.right - bar.left, bar) for bar in bars]
    marks += [(atom.width, atom) for atom in atoms if atom.kind is Kind.ACCENT]
    marks.sort(key=lambda pair: pair[0])
    for index, (_, mark) in enumerate(marks):
        if isinstance(mark, Atom):
            atoms = _under_mark(mark, atoms, reading)
        else:
            later = [other for _, other in marks[index + 1 :] if isinstance(other, Bar)]
            atoms = _with_bar(mark, atoms, later, reading)
    for atom in atoms:
        if atom.kind is Kind.ROOT:
            reading.doubts.append("a root without its rule")
    return atoms


def _with_bar(bar: Bar, atoms: list[Atom], later: Sequence[Bar], reading: Reading) -> list[Atom]:
    root = next((atom for atom in atoms if atom.kind is Kind.ROOT and _belongs(bar, atom)), None)
    if root is not None:
        return _root(root, bar, atoms, reading)
    above, below = _beyond(bar, atoms, later, up=True), _beyond(bar, atoms, later, up=False)
    if above and below:
        top, bottom = _parsed(above, reading), _parsed(below, reading)
        made = joined([*above, *below], f"\\frac{{{top.latex}}}{{{bottom.latex}}}")
        made.left, made.right = min(made.left, bar.left), max(made.right, bar.right)
        made.size = max(top.size, bottom.size)
        made.baseline = bar.middle + AXIS * made.size
        made.signs = top.signs + bottom.signs
        return _replaced(atoms, [*above, *below], made)
    if below and _spans(below, bar) and min(atom.top for atom in below) - bar.bottom < _OVERLINE * below[0].size:
        return _lined("\\overline", below, bar, atoms, reading)
    if above and _spans(above, bar):
        return _lined("\\underline", above, bar, atoms, reading)
    reading.doubts.append("a rule that belongs to nothing")
    return atoms


def _spans(members: Sequence[Atom], bar: Bar) -> bool:
    width = max(atom.right for atom in members) - min(atom.left for atom in members)
    return abs(width - (bar.right - bar.left)) < 0.5 * members[0].size


def _lined(name: str, members: Sequence[Atom], bar: Bar, atoms: list[Atom], reading: Reading) -> list[Atom]:
    inner = _parsed(members, reading)
    made = joined(members, f"{name}{{{inner.latex}}}")
    made.top, made.bottom = min(made.top, bar.top), max(made.bottom, bar.bottom)
    made.baseline, made.size, made.signs = inner.baseline, inner.size, inner.signs
    return _replaced(atoms, members, made)


def _belongs(bar: Bar, root: Atom) -> bool:
    return abs(bar.left - root.right) < _ROOT * root.size and abs(bar.top - root.top) < _ROOT * root.size


def _root(root: Atom, bar: Bar, atoms: list[Atom], reading: Reading) -> list[Atom]:
    margin = 0.25 * root.size
    body = [
        atom
        for atom in atoms
        if atom is not root
        and root.right - margin < atom.x < bar.right + margin
        and atom.right < bar.right + 1.2 * margin
        and bar.top - margin < atom.y < root.bottom + margin
    ]
    if not body:
        reading.doubts.append("a root of nothing")
        return atoms
    index = [
        atom
        for atom in atoms
        if atom not in body
        and atom is not root
        and atom.size < 0.75 * root.size
        and root.left - 0.9 * root.size < atom.x < root.left + 0.75 * root.width
        and atom.right > root.left - 0.05 * root.size
        and root.top - 0.6 * root.size < atom.y < root.y + 0.1 * root.height
    ]
    if any(_is_between(atom, index, root) for atom in atoms):
        index = []
    inner = _parsed(body, reading)
    degree = _parsed(index, reading) if index else None
    power = f"[{degree.latex}]" if degree else ""
    made = joined([*body, root, *index], f"\\sqrt{power}{{{inner.latex}}}")
    made.right = max(made.right, bar.right)
    made.baseline, made.size = inner.baseline, inner.size
    made.signs = inner.signs + root.signs + (degree.signs if degree else 0)
    return _replaced(atoms, [root, *body, *index], made)


def _is_between(atom: Atom, index: Sequence[Atom], root: Atom) -> bool:
    """Whether something is drawn between a root's degree and its sign."""
    return (
        atom is not root and atom not in index and min(one.first for one in index or [root]) < atom.first < root.first
    )


def _beyond(bar: Bar, atoms: Sequence[Atom], later: Sequence[Bar], *, up: bool) -> list[Atom]:
    """What stands over or under a rule: within its ends, near it, and drawn right before or after it."""

    def distance(atom: Atom) -> float:
        return bar.top - atom.bottom if up else atom.top - bar.bottom

    within = [
        atom
        for atom in atoms
        if atom.left > bar.left - _SIDE * atom.size
        and atom.right < bar.right + _SIDE * atom.size
        and (atom.y < bar.middle if up else atom.y > bar.middle)
        and distance(atom) > -0.1 * atom.size
        and not any(_between(other, bar, atom) for other in later)
    ]
    within.sort(key=distance)
    group: list[Atom] = []
    edge = 0.0
    for atom in within:
        reach = _CHAIN if group else _AWAY
        if distance(atom) - edge > reach * max(atom.size, group[0].size if group else 0.0):
            break
        group.append(atom)
        edge = max(edge, distance(atom) + atom.height)
    return _row_nearest(_drawn_together(group, atoms, bar, up=up), bar)


def _between(other: Bar, bar: Bar, atom: Atom) -> bool:
    """Whether another rule parts an atom from this one."""
    low, high = sorted((bar.middle, atom.y))
    return low < other.middle < high and other.left < atom.x < other.right


def _drawn_together(group: list[Atom], atoms: Sequence[Atom], bar: Bar, *, up: bool) -> list[Atom]:
    """Those that are drawn one after the other up to the rule, or from it on, where the PDF tells the order so."""
    if bar.place < 0 or not group:
        return group
    before = all(atom.last < bar.place for atom in group)
    after = all(atom.first > bar.place for atom in group)
    if not (before if up else after):
        return group
    others = [atom for atom in atoms if all(atom is not one for one in group)]
    if up:
        last = max((atom.last for atom in others if atom.last < bar.place), default=-1)
        together = [atom for atom in group if atom.first > last]
    else:
        first = min((atom.first for atom in others if atom.first > bar.place), default=1 << 60)
        together = [atom for atom in group if atom.last < first]
    return together or group


def _row_nearest(group: list[Atom], bar: Bar) -> list[Atom]:
    """Numerators and denominators are one row; what else is near belongs to another line of the formula."""
    rows = _rows(_with_fences(list(group), Reading()))
    if len(rows) < 2:
        return group
    row = min(rows, key=lambda row: min(abs(atom.y - bar.middle) for atom in row))
    return [
        atom
        for atom in group
        if any(one.left <= atom.x <= one.right and one.top <= atom.y <= one.bottom for one in row)
    ]


def _under_mark(mark: Atom, atoms: list[Atom], reading: Reading) -> list[Atom]:
    """A wide accent or a horizontal brace with what it stands over or under."""
    down = mark.char != "⏟"
    margin = 0.15 * mark.size

    def gap(atom: Atom) -> float:
        return atom.top - mark.bottom if down else mark.top - atom.bottom

    members = [
        atom
        for atom in atoms
        if atom is not mark
        and mark.left - margin < atom.x < mark.right + margin
        and -margin < gap(atom) < 2 * mark.size
    ]
    members.sort(key=gap)
    group: list[Atom] = []
    edge = 0.0
    for atom in members:
        if gap(atom) - edge > _CHAIN * mark.size:
            break
        group.append(atom)
        edge = max(edge, gap(atom) + atom.height)
    group = _row_at(group, mark)
    if not group:
        reading.doubts.append("an accent over nothing")
        return atoms
    inner = _parsed(group, reading)
    name = (
        mark.latex
        if mark.over == "brace"
        else ACCENTS[mark.char][1 if len(group) > 1 or mark.width > 0.7 * mark.size else 0]
    )
    made = joined([*group, mark], f"{name}{{{inner.latex}}}")
    made.baseline, made.size, made.signs, made.over = inner.baseline, inner.size, inner.signs + mark.signs, mark.over
    return _replaced(atoms, [mark, *group], made)


def _row_at(group: list[Atom], mark: Atom) -> list[Atom]:
    rows = _rows(group)
    return min(rows, key=lambda row: min(abs(atom.y - mark.y) for atom in row)) if len(rows) > 1 else group


def _replaced(atoms: Sequence[Atom], members: Sequence[Atom], made: Atom) -> list[Atom]:
    gone = set(map(id, members))
    return [atom for atom in atoms if id(atom) not in gone] + [made]


# --- brackets, rows, cells ----------------------------------------------------------------------------------------


def _parsed(atoms: Sequence[Atom], reading: Reading, *, top: bool = False) -> Parsed:
    atoms = _with_fences(list(atoms), reading)
    rows = _rows(atoms)
    if len(rows) == 1:
        return _line(rows[0], reading)
    if top:
        return _aligned(rows, reading)
    return _grid(rows, reading, "matrix" if not _is_stack(rows) else "substack")


def _is_stack(rows: Sequence[Sequence[Atom]]) -> bool:
    return all(len(_cells(row)) == 1 for row in rows)


def _with_fences(atoms: list[Atom], reading: Reading) -> list[Atom]:
    """Tall delimiters and what they hold, from the inside out."""
    while (pair := _innermost(atoms)) is not None:
        opening, closing = pair
        inside = [atom for atom in atoms if atom is not opening and atom is not closing and _is_within(atom, *pair)]
        made = _fenced(opening, closing, inside, reading)
        atoms = _replaced(atoms, [opening, closing, *inside], made)
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
    rows = _rows(inside) if inside else []
    signs = opening.signs + closing.signs
    left, right = opening.latex, closing.latex
    if len(rows) > 1:
        pair = (opening.char, closing.char)
        single = len(rows) == 2 and all(len(_cells(row)) == 1 for row in rows)
        apart = abs(_base(rows[1]) - _base(rows[0])) / max(atom.size for atom in rows[0])
        smaller = max(atom.size for row in rows for atom in row) < _SMALL * opening.size
        bare = all(abs(atom.baseline - _base(row)) < 0.1 * atom.size and not atom.made for row in rows for atom in row)
        if single and pair == ("(", ")") and bare and (apart > _BINOMIAL or smaller):
            upper, lower = (_line(row, reading) for row in rows)
            latex, signs = f"\\binom{{{upper.latex}}}{{{lower.latex}}}", signs + upper.signs + lower.signs
        else:
            grid = _grid(rows, reading, _MATRICES.get(pair, "matrix"))
            latex = grid.latex if pair in _MATRICES else f"\\left{left} {grid.latex} \\right{right}"
            signs += grid.signs
    else:
        inner = _line(inside, reading) if inside else Parsed("", 0, 0, 0)
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
    rows = _rows(beside) if beside else []
    if atom.kind is Kind.OPENING and len(rows) > 1:
        grid = _grid(rows, reading, "cases" if atom.char == "{" else "matrix")
        latex = grid.latex if atom.char == "{" else f"\\left{_spaced(atom.latex)}{grid.latex} \\right."
        made = joined([atom, *beside], latex)
        made.size = max(one.size for one in beside)
        made.baseline, made.signs = atom.y + AXIS * made.size, grid.signs + atom.signs
        return _replaced(atoms, [atom, *beside], made)
    size = next((name for most, name in _TALL_SIZES if atom.height < most * atom.size), "\\Bigg")
    made = joined([atom], f"{size}{atom.latex}", atom.kind)
    return _replaced(atoms, [atom], made)


def _is_main(atom: Atom, size: float) -> bool:
    return atom.size >= _SMALL * size and atom.kind not in (Kind.ACCENT, Kind.ROOT)


def _rows(atoms: Sequence[Atom]) -> list[list[Atom]]:
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


def _base(row: Sequence[Atom]) -> float:
    """The baseline of a row: the commonest among the signs of full size, by width."""
    size = size_of(row)
    main = [atom for atom in row if _is_main(atom, size)] or list(row)
    plain = [atom for atom in main if not atom.made and atom.kind not in (Kind.LARGE, Kind.INTEGRAL) and not atom.tall]
    pool = plain or main

    def share(one: Atom) -> float:
        return sum(max(atom.width, 0.1) for atom in pool if abs(atom.baseline - one.baseline) < 0.1 * size)

    return max(pool, key=share).baseline


def _cells(row: Sequence[Atom]) -> list[list[Atom]]:
    cells: list[list[Atom]] = []
    right = 0.0
    size = size_of(row)
    for atom in sorted(row, key=lambda atom: atom.left):
        if not cells or atom.left - right > _CELLS * size:
            cells.append([])
        cells[-1].append(atom)
        right = max(right, atom.right) if len(cells[-1]) > 1 else atom.right
    return cells


def _grid(rows: Sequence[Sequence[Atom]], reading: Reading, environment: str) -> Parsed:
    """Rows of cells, which stand below each other."""
    cells = [_cells(row) for row in rows]
    lanes: list[tuple[float, float]] = []
    for left, right in sorted((_left(cell), _right(cell)) for row in cells for cell in row):
        if lanes and left < lanes[-1][1]:
            lanes[-1] = (lanes[-1][0], max(lanes[-1][1], right))
        else:
            lanes.append((left, right))
    lines: list[str] = []
    signs = 0
    for row in cells:
        texts = ["" for _ in lanes]
        for cell in row:
            lane = next(index for index, (_, right) in enumerate(lanes) if _left(cell) < right)
            parsed = _line(cell, reading)
            texts[lane] = f"{texts[lane]} \\quad {parsed.latex}" if texts[lane] else parsed.latex
            signs += parsed.signs
        lines.append(" & ".join(texts).rstrip(" &") if environment != "substack" else texts[0])
    body = " \\\\ ".join(lines)
    first = _base(rows[0])
    size = size_of(rows[0])
    if environment == "substack":
        return Parsed(f"\\substack{{{body}}}", first, size, signs, len(rows))
    return Parsed(f"\\begin{{{environment}}} {body} \\end{{{environment}}}", first, size, signs, len(rows))


def _left(cell: Sequence[Atom]) -> float:
    return min(atom.left for atom in cell)


def _right(cell: Sequence[Atom]) -> float:
    return max(atom.right for atom in cell)


def _aligned(rows: Sequence[Sequence[Atom]], reading: Reading) -> Parsed:
    """Lines below each other, at a relation where one stands at the same place in them."""
    size = size_of(rows[0])
    edges = [[atom.left for atom in row if atom.kind is Kind.RELATION and atom.size >= _SMALL * size] for row in rows]
    shared = next(
        (edge for edge in edges[0] if all(any(abs(edge - other) < 0.1 * size for other in line) for line in edges[1:])),
        None,
    )
    lines, signs = [], 0
    for row in rows:
        parsed = _line(row, reading, align_at=shared)
        lines.append(parsed.latex)
        signs += parsed.signs
    environment = "gathered" if shared is None else "aligned"
    body = " \\\\ ".join(lines)
    return Parsed(f"\\begin{{{environment}}} {body} \\end{{{environment}}}", _base(rows[0]), size, signs, len(rows))


# --- one row ----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Owner:
    """A sign on the baseline with what is set small around it."""

    atom: Atom
    raised: list[Atom] = field(default_factory=list)
    lowered: list[Atom] = field(default_factory=list)
    over: list[Atom] = field(default_factory=list)
    under: list[Atom] = field(default_factory=list)


def _line(row: Sequence[Atom], reading: Reading, *, align_at: float | None = None) -> Parsed:
    base = _base(row)
    size = size_of(row)
    owners: list[_Owner] = []
    loose: list[Atom] = []
    for atom in sorted(row, key=lambda atom: atom.left):
        if _is_on(atom, base, size):
            owners.append(_Owner(atom))
        else:
            loose.append(atom)
    if not owners:  # all of it is set off: the largest is the row
        return Parsed("".join(atom.latex for atom in row), base, size, sum(atom.signs for atom in row))
    owners = _words(owners)
    loose = _take_limits(owners, loose, size)
    first: list[Atom] = []
    for atom in loose:
        owner = _owner_of(atom, owners)
        if owner is None:
            first.append(atom)
        elif _is_raised(atom, owner.atom, loose, base, size):
            owner.raised.append(atom)
        else:
            owner.lowered.append(atom)
    pieces: list[Piece] = []
    if first:
        reading.doubts.append("scripts of nothing")
        blank = _Owner(joined([first[0]], "{}", made=True))
        blank.atom.signs, blank.atom.right, blank.atom.baseline, blank.atom.size = 0, first[0].left, base, size
        for atom in first:
            (blank.raised if _is_raised(atom, blank.atom, first, base, size) else blank.lowered).append(atom)
        owners.insert(0, blank)
    signs = 0
    for owner in _with_binomials(owners, reading):
        piece, count = _scripted(owner, reading, size)
        if align_at is not None and abs(owner.atom.left - align_at) < 0.1 * size:
            pieces.append(Piece("&", Kind.ORDINARY, piece.left, piece.left))
        pieces.append(piece)
        signs += count
    return Parsed(written(pieces, size), base, size, signs)


def _with_binomials(owners: Sequence[_Owner], reading: Reading) -> list[_Owner]:
    """Small binomials, whose brackets have not grown: two scripts between them and nothing else."""
    made: list[_Owner] = []
    for owner in owners:
        opening = made[-1] if made else None
        if (
            opening is not None
            and (opening.atom.char, owner.atom.char) == ("(", ")")
            and opening.raised
            and opening.lowered
            and not (opening.over or opening.under)
        ):
            upper, lower = _parsed(opening.raised, reading), _parsed(opening.lowered, reading)
            both = joined([opening.atom, owner.atom], f"\\binom{{{upper.latex}}}{{{lower.latex}}}")
            both.signs += upper.signs + lower.signs
            made[-1] = replace(owner, atom=both)
        else:
            made.append(owner)
    return made


def _is_on(atom: Atom, base: float, size: float) -> bool:
    """Whether an atom stands on the row's baseline."""
    if atom.tall or atom.kind in (Kind.LARGE, Kind.INTEGRAL):
        return abs(atom.y - (base - AXIS * size)) < (0.3 if atom.size >= _SMALL * size else 0.2) * size
    off = abs(atom.baseline - base)
    if atom.made:
        return off < (0.25 if atom.size >= _SMALL * size else 0.2) * size
    return off < _LEVEL * size and atom.size >= _SMALL * size


def _words(owners: list[_Owner]) -> list[_Owner]:
    """Upright letters that touch as one word."""
    made: list[_Owner] = []
    for owner in owners:
        last = made[-1].atom if made else None
        if (
            last is not None
            and owner.atom.letter
            and owner.atom.style == "rm"
            and last.style == "rm"
            and last.char.isalpha()
            and owner.atom.left - last.right < 0.16 * owner.atom.size
        ):
            word = joined([last, owner.atom], last.latex + owner.atom.latex, made=False)
            word.char, word.style = last.char + owner.atom.char, "rm"
            made[-1] = _Owner(word)
        else:
            made.append(owner)
    return made


def _take_limits(owners: Sequence[_Owner], loose: list[Atom], size: float) -> list[Atom]:
    """What stands over and under an operator, an arrow or a brace; the rest is handed back."""
    for owner in owners:
        atom = owner.atom
        slack = 0.12 * size
        over = [one for one in loose if one.bottom < atom.top + slack and one.y < atom.top]
        under = [one for one in loose if one.top > atom.bottom - slack and one.y > atom.bottom]
        owner.over, owner.under = _over(atom, over), _over(atom, under)
        taken = {id(one) for one in (*owner.over, *owner.under)}
        loose = [one for one in loose if id(one) not in taken]
    return loose


def _over(atom: Atom, candidates: Sequence[Atom]) -> list[Atom]:
    """Those of the candidates that stand over (or under) the atom, with what hangs on to them sideways."""
    limits = atom.over or len(atom.char) > 1
    reach = 0.0 if limits else 0.1 * min(atom.width, atom.size)
    group = [one for one in candidates if atom.left + reach < one.x < atom.right - reach]
    if not limits:  # a superscript begins where its letter ends
        group = [one for one in group if one.left < atom.x or atom.kind is Kind.RELATION]
    if not group:
        return []
    left, right = min(one.left for one in group), max(one.right for one in group)
    rest = [one for one in candidates if one not in group]
    grown = True
    while grown:
        grown = False
        for one in list(rest):
            if one.left - right < _CLUSTER * one.size and left - one.right < _CLUSTER * one.size:
                group.append(one)
                rest.remove(one)
                left, right, grown = min(left, one.left), max(right, one.right), True
    middle = (left + right) / 2
    centred = abs(middle - atom.x) < 0.25 * atom.size + 0.1 * (right - left)
    return group if centred or atom.over or limits else []


def _owner_of(atom: Atom, owners: Sequence[_Owner]) -> _Owner | None:
    before = [owner for owner in owners if owner.atom.left < atom.left + 0.02 * atom.size and owner.atom.x < atom.x]
    return before[-1] if before else None


def _is_raised(atom: Atom, owner: Atom, loose: Sequence[Atom], base: float, size: float) -> bool:
    """Whether a script is above; a script's own script goes with it."""
    larger = [one for one in loose if one.size > atom.size / _SMALL and one.left < atom.left and not one.made]
    if larger and not atom.made:
        near = max(larger, key=lambda one: one.left - 2 * abs(one.baseline - atom.baseline))
        if near.left > owner.left:
            return _is_raised(near, owner, loose, base, size)
    if owner.made or owner.tall or owner.kind in (Kind.LARGE, Kind.INTEGRAL):
        return atom.y < owner.y
    if atom.made or atom.kind in DELIMITERS:
        return atom.y < base - 0.22 * size
    return atom.baseline < base - 0.08 * size


def _scripted(owner: _Owner, reading: Reading, size: float) -> tuple[Piece, int]:
    atom = owner.atom
    signs = atom.signs
    piece = _piece(atom)
    latex = piece.latex
    for name, members in (("under", owner.under), ("over", owner.over)):
        if not members:
            continue
        parsed = _parsed(members, reading)
        signs += parsed.signs
        if atom.over or piece.limits:
            latex += f"{'_' if name == 'under' else '^'}{braced(parsed.latex)}"
        elif atom.kind is Kind.INTEGRAL:
            latex += (
                ("" if latex.endswith("}") else "\\limits") + ("_" if name == "under" else "^") + braced(parsed.latex)
            )
        else:
            latex = f"\\{name}set{{{parsed.latex}}}{{{latex}}}"
    right = atom.right
    for sign, members in (("_", owner.lowered), ("^", owner.raised)):
        if not members:
            continue
        right = max(right, max(one.right for one in members))
        primes = [one for one in members if one.char in _PRIMES] if sign == "^" else []
        if primes:
            latex = f"{latex}{''.join(one.latex for one in primes)}"
            signs += sum(one.signs for one in primes)
            members = [one for one in members if one.char not in _PRIMES]
        if members:
            parsed = _parsed(members, reading)
            signs += parsed.signs
            latex += f"{sign}{braced(parsed.latex)}"
    if latex == piece.latex:
        return replace(piece, right=right), signs
    return Piece(latex, atom.kind, atom.left, right), signs


def _piece(atom: Atom) -> Piece:
    return Piece.of(atom.latex, atom.kind, atom.left, atom.right, atom.char, atom.style)
