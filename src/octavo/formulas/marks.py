"""Marks over and under: accents, rules of fractions and roots, lines and braces. Each makes one atom of what it marks.

The narrowest come before the wider ones, so that what a mark holds is whole by then.
"""

from collections.abc import Sequence
from typing import Final

from octavo.formulas.atoms import AXIS, Atom, joined, replaced
from octavo.formulas.brackets import with_fences
from octavo.formulas.line import piece_of
from octavo.formulas.reading import Reading
from octavo.formulas.rows import rows_of
from octavo.formulas.signs import Bar
from octavo.formulas.symbols import ACCENTS, Kind
from octavo.formulas.writing import braced, written

# In sizes of the type concerned. TeX's own distances are those of "The TeXbook", appendix G, for Computer Modern.
_SIDE: Final = 0.3  # what belongs to a rule may reach beyond its ends so far
_MIDDLE: Final = 0.05  # and its middle so far: a full stop after a fraction stands 0.2 beyond
_AWAY: Final = 0.95  # from a fraction's rule to its numerator or denominator: TeX's 0.41 and 0.69, plus a low sign
_CHAIN: Final = 0.42  # between the pieces of one numerator, one above the other: limits stand 0.2 off, rows 0.5
_OVERLINE: Final = 0.4  # from a line over letters down to them
_ROOT: Final = 0.25  # between a root's sign and the beginning of its rule


def with_accents(atoms: list[Atom], reading: Reading) -> list[Atom]:
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
        made = joined([base, accent], f"{name}{braced(written([piece_of(base)]))}", base.kind, made=base.made)
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


def with_rules(atoms: list[Atom], bars: list[Bar], reading: Reading) -> list[Atom]:
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
    above, below = _beyond(bar, atoms, later, reading, up=True), _beyond(bar, atoms, later, reading, up=False)
    if above and below:
        top, bottom = reading.parsed(above), reading.parsed(below)
        made = joined([*above, *below], f"\\frac{{{top.latex}}}{{{bottom.latex}}}")
        made.left, made.right = min(made.left, bar.left), max(made.right, bar.right)
        made.size = max(top.size, bottom.size)
        made.baseline = bar.middle + AXIS * made.size
        made.signs = top.signs + bottom.signs
        return replaced(atoms, [*above, *below], made)
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
    inner = reading.parsed(members)
    made = joined(members, f"{name}{{{inner.latex}}}")
    made.top, made.bottom = min(made.top, bar.top), max(made.bottom, bar.bottom)
    made.baseline, made.size, made.signs = inner.baseline, inner.size, inner.signs
    return replaced(atoms, members, made)


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
    inner = reading.parsed(body)
    degree = reading.parsed(index) if index else None
    power = f"[{degree.latex}]" if degree else ""
    made = joined([*body, root, *index], f"\\sqrt{power}{{{inner.latex}}}")
    made.right = max(made.right, bar.right)
    made.baseline, made.size = inner.baseline, inner.size
    made.signs = inner.signs + root.signs + (degree.signs if degree else 0)
    return replaced(atoms, [root, *body, *index], made)


def _is_between(atom: Atom, index: Sequence[Atom], root: Atom) -> bool:
    """Whether something is drawn between a root's degree and its sign."""
    return (
        atom is not root and atom not in index and min(one.first for one in index or [root]) < atom.first < root.first
    )


def _beyond(bar: Bar, atoms: Sequence[Atom], later: Sequence[Bar], reading: Reading, *, up: bool) -> list[Atom]:
    """What stands over or under a rule: within its ends, near it, and drawn right before or after it."""

    def distance(atom: Atom) -> float:
        return bar.top - atom.bottom if up else atom.top - bar.bottom

    within = [
        atom
        for atom in atoms
        if atom.left > bar.left - _SIDE * atom.size
        and atom.right < bar.right + _SIDE * atom.size
        and bar.left - _MIDDLE * atom.size < atom.x < bar.right + _MIDDLE * atom.size
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
    return _row_nearest(_drawn_together(group, atoms, bar, up=up), bar, reading)


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


def _row_nearest(group: list[Atom], bar: Bar, reading: Reading) -> list[Atom]:
    """Numerators and denominators are one row; what else is near belongs to another line of the formula."""
    rows = rows_of(with_fences(list(group), Reading(reading.parse)))
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
    inner = reading.parsed(group)
    name = (
        mark.latex
        if mark.over == "brace"
        else ACCENTS[mark.char][1 if len(group) > 1 or mark.width > 0.7 * mark.size else 0]
    )
    made = joined([*group, mark], f"{name}{{{inner.latex}}}")
    made.baseline, made.size, made.signs, made.over = inner.baseline, inner.size, inner.signs + mark.signs, mark.over
    return replaced(atoms, [mark, *group], made)


def _row_at(group: list[Atom], mark: Atom) -> list[Atom]:
    rows = rows_of(group)
    return min(rows, key=lambda row: min(abs(atom.y - mark.y) for atom in row)) if len(rows) > 1 else group
