"""One line of a formula: small signs off the baseline are scripts of what stands before them, or limits of what they
stand over or under."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from octavo.formulas.atoms import AXIS, DELIMITERS, Atom, joined, size_of
from octavo.formulas.reading import Parsed, Reading
from octavo.formulas.rows import SMALL, base_of
from octavo.formulas.symbols import Kind
from octavo.formulas.writing import Piece, braced, written

# In sizes of the type concerned. TeX's own distances are those of "The TeXbook", appendix G, for Computer Modern.
_LEVEL: Final = 0.2  # baselines of one row differ by less; a subscript is lower by 0.15 at least, and small
_CLUSTER: Final = 0.3  # sideways, between the pieces of one limit
_PRIMES: Final = ("′", "″")


@dataclass(slots=True)
class _Owner:
    """A sign on the baseline with what is set small around it."""

    atom: Atom
    raised: list[Atom] = field(default_factory=list)
    lowered: list[Atom] = field(default_factory=list)
    over: list[Atom] = field(default_factory=list)
    under: list[Atom] = field(default_factory=list)


def line(row: Sequence[Atom], reading: Reading, *, align_at: float | None = None) -> Parsed:
    base = base_of(row)
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
            upper, lower = reading.parsed(opening.raised), reading.parsed(opening.lowered)
            both = joined([opening.atom, owner.atom], f"\\binom{{{upper.latex}}}{{{lower.latex}}}")
            both.signs += upper.signs + lower.signs
            made[-1] = replace(owner, atom=both)
        else:
            made.append(owner)
    return made


def _is_on(atom: Atom, base: float, size: float) -> bool:
    """Whether an atom stands on the row's baseline."""
    if atom.tall or atom.kind in (Kind.LARGE, Kind.INTEGRAL):
        return abs(atom.y - (base - AXIS * size)) < (0.3 if atom.size >= SMALL * size else 0.2) * size
    off = abs(atom.baseline - base)
    if atom.made:
        return off < (0.25 if atom.size >= SMALL * size else 0.2) * size
    return off < _LEVEL * size and atom.size >= SMALL * size


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
    larger = [one for one in loose if one.size > atom.size / SMALL and one.left < atom.left and not one.made]
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
    piece = piece_of(atom)
    latex = piece.latex
    for name, members in (("under", owner.under), ("over", owner.over)):
        if not members:
            continue
        parsed = reading.parsed(members)
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
            parsed = reading.parsed(members)
            signs += parsed.signs
            latex += f"{sign}{braced(parsed.latex)}"
    if latex == piece.latex:
        return replace(piece, right=right), signs
    return Piece(latex, atom.kind, atom.left, right), signs


def piece_of(atom: Atom) -> Piece:
    return Piece.of(atom.latex, atom.kind, atom.left, atom.right, atom.char, atom.style)
