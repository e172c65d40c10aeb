"""A seal or stamp: a ring with text running round inside it, and what else is written there."""

from dataclasses import dataclass

from octavo.document import TextLine
from octavo.geometry import Box


@dataclass(frozen=True, slots=True)
class Seal:
    """Where it is on the page, and its lines in the order they are read: round above, level, round below."""

    box: Box
    lines: tuple[TextLine, ...]
