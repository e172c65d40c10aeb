"""What is noted while a formula is taken apart, and what a stretch of it comes to."""

from collections.abc import Callable, Sequence
from dataclasses import field

from octavo.formulas.atoms import Atom
from octavo.frozen import frozen


@frozen
class Parsed:
    """A stretch of a formula as LaTeX."""

    latex: str
    baseline: float  # points, of its first row
    size: float
    signs: int  # it was made from


@frozen
class Reading:
    """One formula on its way: how its parts are read, and what speaks against it."""

    parse: Callable[[Sequence[Atom], "Reading"], Parsed]
    doubts: list[str] = field(default_factory=list)  # for people

    def parsed(self, atoms: Sequence[Atom]) -> Parsed:
        return self.parse(atoms, self)
