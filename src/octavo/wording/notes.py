"""Raised figures, as notes are marked with."""

from typing import Final

RAISED: Final = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_LEVEL = str.maketrans(RAISED, "0123456789")


def level(mark: str) -> str:
    """The mark's figures as they are counted."""
    return mark.translate(_LEVEL)
