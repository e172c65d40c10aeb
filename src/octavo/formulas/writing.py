"""The pieces of a row written down: words, alphabets, dots, gaps."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import Final

from octavo.formulas.symbols import FUNCTIONS, LIMITS, STYLES, Kind
from octavo.frozen import frozen

_QUAD: Final = 0.85  # sizes of type: a gap that was asked for; TeX sets 0.28 around relations by itself
_DOUBLE_QUAD: Final = 1.7
_WORD_GAP: Final = 0.2  # between two words; letters of one stand nearer
_BEFORE_UNARY: Final = frozenset({Kind.RELATION, Kind.BINARY, Kind.OPENING, Kind.PUNCTUATION, Kind.LARGE})


@frozen
class Piece:
    """A sign on the baseline with its scripts."""

    latex: str
    kind: Kind
    left: float
    right: float
    text: str = ""  # of upright letters: the letters
    style: str = ""  # the alphabet of a letter without scripts
    char: str = ""  # where it is one sign without scripts
    limits: bool = False  # a function under which limits stand

    @classmethod
    def of(cls, latex: str, kind: Kind, left: float, right: float, char: str, style: str) -> "Piece":
        if not char.isalpha() or kind is not Kind.ORDINARY:
            return cls(latex, kind, left, right, char=char)
        if style == "rm":
            if char in FUNCTIONS and len(char) > 1:
                name = f"\\{char}" if char != "mod" else "\\bmod"
                name = {"argmax": "\\arg\\max", "argmin": "\\arg\\min"}.get(char, name)
                return cls(name, kind, left, right, "", "", char, char in LIMITS)
            named = latex if latex.startswith("\\") else f"\\mathrm{{{latex}}}"
            return cls(named, kind, left, right, "" if latex.startswith("\\") else latex, "", char)
        if style in STYLES:
            return cls(f"{STYLES[style]}{{{latex}}}", kind, left, right, "", style, latex)
        return cls(latex, kind, left, right, char=char)


def braced(latex: str) -> str:
    """As the argument of a script: in braces, whatever it is."""
    return f"{{{latex}}}"


def written(pieces: Sequence[Piece], size: float = 10.0) -> str:
    """The pieces of a row as LaTeX."""
    pieces = _texts(_styled(_dotted(list(pieces), size)), size)
    latex = ""
    right: float | None = None
    before: Piece | None = None
    unary = False  # the last sign belongs to what follows
    for piece in pieces:
        gap = 0.0 if right is None or "&" in (piece.latex, latex[-1:]) else piece.left - right
        if gap > _QUAD * size:
            space = "\\quad" if gap < _DOUBLE_QUAD * size else "\\qquad"
            latex = f"{latex} {space} "
        glued = not latex or latex[-1] in "{([ " or unary or not _needs_space(latex, piece)
        unary = piece.latex in ("-", "+") and (before is None or before.kind in _BEFORE_UNARY)
        before = piece
        latex = f"{latex}{'' if glued else ' '}{piece.latex}"
        right = piece.right
    return latex.strip()


def _needs_space(latex: str, piece: Piece) -> bool:
    if latex[-1] == "&":
        return False
    if piece.kind in (Kind.RELATION, Kind.BINARY) or piece.latex == "&":
        return True
    if latex[-1] in "=<>+-*,;":
        return True
    tail = latex[latex.rfind("\\") :] if "\\" in latex else ""
    return bool(tail[1:].isalpha()) and tail[1:].isascii() and (piece.latex[:1].isalnum())


def _dotted(pieces: list[Piece], size: float) -> list[Piece]:
    """Three dots in a row as one sign."""
    made: list[Piece] = []
    index = 0
    while index < len(pieces):
        three = pieces[index : index + 3]
        chars = {piece.char for piece in three}
        if len(three) == 3 and chars in ({"."}, {"·"}, {"⋅"}) and three[2].left - three[0].right < 1.6 * size:
            name = "\\ldots" if "." in chars else "\\cdots"
            made.append(Piece(name, Kind.ORDINARY, three[0].left, three[2].right))
            index += 3
        else:
            made.append(pieces[index])
            index += 1
    return made


def _styled(pieces: list[Piece]) -> list[Piece]:
    """Letters of one alphabet that follow each other under one command."""
    made: list[Piece] = []
    for style, run in groupby(pieces, key=lambda piece: piece.style):
        members = list(run)
        if not style or len(members) == 1:
            made += members
            continue
        letters = "".join(piece.char for piece in members)
        if any(piece.char.startswith("\\") for piece in members):
            made += members
            continue
        latex = f"{STYLES[style]}{{{letters}}}"
        made.append(replace(members[0], latex=latex, right=members[-1].right, char=""))
    return made


def _texts(pieces: list[Piece], size: float) -> list[Piece]:
    """Upright words as text, with their spaces; a word alone is a name."""
    made: list[Piece] = []
    index = 0
    while index < len(pieces):
        piece = pieces[index]
        if len(piece.text) < 2:
            made.append(piece)
            index += 1
            continue
        end = index + 1
        text = piece.text
        while end < len(pieces) and (pieces[end].text or pieces[end].char in (",", ".", "-")):
            gap = pieces[end].left - pieces[end - 1].right
            if gap > _QUAD * size:
                break
            text += (" " if gap > _WORD_GAP * size else "") + (pieces[end].text or pieces[end].char)
            end += 1
        before = index > 0 and pieces[index].left - pieces[index - 1].right > _WORD_GAP * size
        after = end < len(pieces) and pieces[end].left - pieces[end - 1].right > _WORD_GAP * size
        if before or after or " " in text or len(pieces) == 1:
            latex = f"\\text{{{' ' if before else ''}{text}{' ' if after else ''}}}"
        else:
            latex = f"\\mathrm{{{text}}}"
        made.append(Piece(latex, Kind.ORDINARY, piece.left, pieces[end - 1].right))
        index = end
    return made
