"""Parts of a formula on the way from signs to LaTeX, and signs that are drawn in pieces put together."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from octavo.formulas import encodings
from octavo.formulas.signs import UNKNOWN, Bar, Sign
from octavo.formulas.symbols import ACCENTS, NEGATED, SYMBOLS, Kind

AXIS: Final = (
    0.25  # of the size: fractions, large operators and tall delimiters are centred so high (TeX's fonts, sigma 22)
)
TALL: Final = 1.12  # sizes of type from which a delimiter grows with what it holds: \big is 1.2, the plain one 1.0
_SAME_PLACE: Final = 0.12  # of the size, sideways: pieces of one delimiter
_LARGE_SIZE: Final = 0.83  # of a large sign's size: that of the row at least, and more than its scripts are
_LAST_LATIN: Final = "\u024f"  # letters up to here may stand in a formula's text as they are
_TOUCH: Final = 0.25  # of the size: between pieces of one sign
_DOTS: Final = (0.2, 0.75)  # of the size, from one dot of an ellipsis to the next

_COLUMNS = {"⎛⎜⎝": "(", "⎞⎟⎠": ")", "⎡⎢⎣": "[", "⎤⎥⎦": "]", "⎧⎨⎩⎪": "{", "⎫⎬⎭⎪": "}", "│": "|"}
_WHOLE = {piece: whole for pieces, whole in _COLUMNS.items() for piece in pieces} | dict.fromkeys(
    encodings.ROOT_PIECES, "√"
)
_OF_BRACES = encodings.BRACE_PIECES + encodings.BRACE_FILLING
_BESIDE = {  # two signs that touch or lie over each other: the arrow or relation they make
    ("=", "⇒"): "⟹",
    ("⇐", "="): "⟸",
    ("⇐", "⇒"): "⟺",
    ("−", "→"): "⟶",
    ("←", "−"): "⟵",
    ("←", "→"): "⟷",
    (encodings.MAPS, "→"): "↦",
    (encodings.MAPS, "⟶"): "⟼",
    (encodings.HOOK_LEFT, "→"): "↪",
    ("←", encodings.HOOK_RIGHT): "↩",
    ("∫", "∫"): "∬",
    ("∬", "∫"): "∭",
    ("|", "="): "⊨",
}


@dataclass(slots=True)
class Atom:
    """A sign, or several that are one thing by now."""

    latex: str
    kind: Kind
    left: float
    top: float
    right: float
    bottom: float
    baseline: float
    size: float
    first: int  # in the order of drawing
    last: int
    char: str = ""  # where it is one sign
    style: str = ""
    made: bool = False  # a fraction, a root, something in brackets: its size says little
    signs: int = 1  # it was made from
    over: str = ""  # where limits belong to it that stand over and under: "limits", "brace"

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def x(self) -> float:
        return (self.left + self.right) / 2

    @property
    def y(self) -> float:
        return (self.top + self.bottom) / 2

    @property
    def tall(self) -> bool:
        """A delimiter that has grown."""
        return self.kind in DELIMITERS and not self.made and self.height > TALL * self.size

    @property
    def letter(self) -> bool:
        return len(self.char) == 1 and self.char.isalpha() and self.kind is Kind.ORDINARY


DELIMITERS: Final = frozenset({Kind.OPENING, Kind.CLOSING, Kind.FENCE})
_CENTRED: Final = frozenset({Kind.LARGE, Kind.INTEGRAL})


def atom_of(sign: Sign) -> Atom:
    latex, kind = SYMBOLS.get(sign.char, (sign.char, Kind.ORDINARY))
    if sign.char in ACCENTS:
        kind = Kind.ACCENT
    elif sign.char == "√":
        kind = Kind.ROOT
    atom = Atom(
        latex, kind, sign.left, sign.top, sign.right, sign.bottom, sign.baseline, max(sign.size, 0.1), sign.place,
        sign.place, sign.char, sign.style,
    )  # fmt: skip
    hangs = kind in DELIMITERS and atom.baseline < atom.y  # TeX's large symbols hang from their baseline
    if kind in _CENTRED or atom.tall or hangs or (sign.char == "/" and atom.height > TALL * atom.size):
        atom.baseline = atom.y + AXIS * atom.size
        atom.over = "limits" if kind is Kind.LARGE else ""
    return atom


def joined(atoms: Sequence[Atom], latex: str, kind: Kind = Kind.ORDINARY, *, made: bool = True) -> Atom:
    """Several atoms as one; the baseline and the size are the first one's."""
    one = atoms[0]
    return Atom(
        latex,
        kind,
        min(atom.left for atom in atoms),
        min(atom.top for atom in atoms),
        max(atom.right for atom in atoms),
        max(atom.bottom for atom in atoms),
        one.baseline,
        one.size,
        min(atom.first for atom in atoms),
        max(atom.last for atom in atoms),
        made=made,
        signs=sum(atom.signs for atom in atoms),
    )


def put_together(signs: Sequence[Sign], bars: Sequence[Bar]) -> tuple[list[Atom], list[Bar]]:
    """The atoms of a formula, with what is drawn in pieces whole again; and the bars that are left."""
    single = [sign for sign in signs if sign.char not in _WHOLE and not _repeats(sign)]
    atoms = [atom_of(sign) for sign in single if sign.char not in _OF_BRACES]
    atoms += _columns([sign for sign in signs if sign.char in _WHOLE or _repeats(sign)])
    braces, bars = _braces([sign for sign in single if sign.char in _OF_BRACES], list(bars))
    atoms = _overlaid(atoms + braces)
    return _stacked_dots(atoms), bars


def _repeats(sign: Sign) -> bool:
    """A bar that is drawn again and again, one below the other."""
    return sign.char in "|‖" and sign.height < 0.75 * sign.size


def _columns(pieces: Sequence[Sign]) -> list[Atom]:
    """Tall delimiters and roots from their pieces, which stand one below the other."""
    atoms: list[Atom] = []
    pending = sorted(pieces, key=lambda sign: (sign.top, sign.left))
    while pending:
        column = [pending.pop(0)]
        whole = _WHOLE.get(column[0].char, column[0].char)
        for sign in list(pending):
            same = _WHOLE.get(sign.char, sign.char) == whole or "⎪" in (sign.char, column[0].char)
            near = abs(sign.left - column[-1].left) < 0.6 * sign.size and _shares(sign, column[-1])
            if same and near and sign.top - max(one.bottom for one in column) < _TOUCH * sign.size:
                column.append(sign)
                pending.remove(sign)
        atoms.append(_column(column))
    return atoms


def _shares(sign: Sign, other: Sign) -> bool:
    return min(sign.right, other.right) - max(sign.left, other.left) > -_SAME_PLACE * sign.size


def _column(column: Sequence[Sign]) -> Atom:
    names = [_WHOLE.get(sign.char, sign.char) for sign in column]
    whole = next((name for sign, name in zip(column, names, strict=True) if sign.char != "⎪"), names[0])
    first = column[0]
    box = Sign(
        whole,
        "",
        min(sign.left for sign in column),
        min(sign.top for sign in column),
        max(sign.right for sign in column),
        max(sign.bottom for sign in column),
        first.baseline,
        first.size,
        min(sign.place for sign in column),
    )
    atom = atom_of(box)
    atom.last, atom.signs = max(sign.place for sign in column), len(column)
    return atom


def _braces(pieces: Sequence[Sign], bars: list[Bar]) -> tuple[list[Atom], list[Bar]]:
    """Horizontal braces: four pieces on one height, with rules or pieces of a rule between them."""
    found: list[Atom] = []
    tips = [sign for sign in pieces if sign.char != encodings.BRACE_FILLING]
    fillings = [sign for sign in pieces if sign.char == encodings.BRACE_FILLING]
    ordered = sorted(tips, key=lambda sign: (round(sign.baseline / (0.3 * sign.size)), sign.left))
    while len(ordered) >= 4:
        group, ordered = ordered[:4], ordered[4:]
        over = group[0].char == encodings.BRACE_PIECES[0]
        atom = joined([atom_of(sign) for sign in group], "\\overbrace" if over else "\\underbrace", Kind.ACCENT)
        atom.char, atom.over = ("⏞" if over else "⏟"), "brace"
        inside = [
            bar
            for bar in bars
            if atom.top < bar.middle < atom.bottom and bar.left > atom.left and bar.right < atom.right
        ]
        bars = [bar for bar in bars if bar not in inside]
        within = [
            sign
            for sign in fillings
            if atom.left < sign.left < atom.right and abs(sign.baseline - atom.baseline) < atom.size
        ]
        fillings = [sign for sign in fillings if sign not in within]
        atom.signs += len(within)
        found.append(atom)
    return found + [atom_of(sign) for sign in (*ordered, *fillings)], bars


def _overlaid(atoms: list[Atom]) -> list[Atom]:
    """Signs struck through, and arrows and relations made of two signs."""
    ordered = sorted(atoms, key=lambda atom: atom.left)
    made: list[Atom] = []
    while ordered:
        atom = ordered.pop(0)
        if atom.char == encodings.NOT:
            other = min(
                (one for one in (*ordered, *made) if _is_struck(one, atom)),
                key=lambda one: abs(one.x - atom.x),
                default=None,
            )
            if other is not None:
                others = made if other in made else ordered
                struck = joined([other, atom], NEGATED.get(other.char, f"\\not{other.latex}"), other.kind, made=False)
                others[others.index(other)] = struck
                continue
        while (after := _beside(atom, ordered)) is not None:
            char = _BESIDE[atom.char, after.char]
            latex, kind = SYMBOLS[char]
            ordered.remove(after)
            both = joined([atom, after], latex, kind, made=False)
            both.char = char
            atom = both
        made.append(atom)
    return made


def _is_struck(atom: Atom, slash: Atom) -> bool:
    over = abs(atom.x - slash.x) < 0.45 * slash.size and atom.top < slash.bottom and atom.bottom > slash.top
    return over and atom.kind is not Kind.ACCENT


def _beside(atom: Atom, others: Sequence[Atom]) -> Atom | None:
    """The sign that makes one with this one: it touches it on the same baseline."""
    reach = 0.02 if atom.kind is not Kind.INTEGRAL else -0.05
    for other in others:
        if other.left > atom.right + 0.4 * atom.size:
            return None
        level = abs(other.baseline - atom.baseline) < 0.05 * atom.size and other.size == atom.size
        near = other.left < atom.right + reach * atom.size
        if atom.char == encodings.MAPS:
            near = other.left < atom.right + 0.6 * atom.size
        if atom.char == "|" and atom.height > TALL * atom.size:
            continue
        if level and near and (atom.char, other.char) in _BESIDE:
            return other
    return None


def _stacked_dots(atoms: list[Atom]) -> list[Atom]:
    """Three dots one below the other, or down a slope."""
    dots = sorted((atom for atom in atoms if atom.char in (".", "·")), key=lambda atom: (atom.top, atom.left))
    used: set[int] = set()
    made: list[Atom] = []
    for first in dots:
        if id(first) in used:
            continue
        for across in (0.0, 0.45):
            chain = [first]
            while len(chain) < 3 and (following := _dot_below(chain[-1], dots, across, used)) is not None:
                chain.append(following)
            if len(chain) == 3:
                name = "\\ddots" if across else "\\vdots"
                dot = joined([chain[2], chain[0], chain[1]], name, made=True)
                dot.baseline = chain[2].baseline
                made.append(dot)
                used.update(map(id, chain))
                break
    return [atom for atom in atoms if id(atom) not in used] + made


def _dot_below(dot: Atom, dots: Sequence[Atom], across: float, used: set[int]) -> Atom | None:
    for other in dots:
        down, beside = (other.y - dot.y) / dot.size, (other.x - dot.x) / dot.size
        if id(other) in used or not _DOTS[0] < down < _DOTS[1]:
            continue
        if abs(beside) < 0.05 if across == 0 else 0.25 < beside * across / abs(across) < 0.7:
            return other
    return None


def replaced(atoms: Sequence[Atom], members: Sequence[Atom], made: Atom) -> list[Atom]:
    """The atoms with one in the place of some."""
    gone = set(map(id, members))
    return [atom for atom in atoms if id(atom) not in gone] + [made]


def size_of(atoms: Sequence[Atom]) -> float:
    """The size a row is set in: that of its largest sign.

    Large operators and delimiters may come from a larger font (in mathpazo 1.39 times the text's): the signs that stand
    beside them tell, and where there are but limits above and below, a share of theirs does.
    """
    centred = [atom for atom in atoms if atom.tall or atom.kind in _CENTRED]
    sizes = [atom.size for atom in atoms if not atom.tall and atom.kind not in _CENTRED]
    for large in centred:
        beside = any(atom.top < large.y < atom.bottom + 0.2 * atom.size for atom in atoms if atom not in centred)
        if not beside:
            sizes.append(_LARGE_SIZE * large.size)
    return max(sizes or [atom.size for atom in atoms])


def unknown(atoms: Sequence[Atom]) -> int:
    """How many of the atoms nobody knows, or LaTeX has no name for."""
    named = (Kind.ACCENT, Kind.ROOT)  # their commands are written elsewhere
    return sum(
        atom.char == UNKNOWN or (atom.kind not in named and any(char > _LAST_LATIN for char in atom.latex))
        for atom in atoms
    )
