"""A seal or stamp: a ring with text running round inside it, and what else is written there."""

from octavo.document import TextLine
from octavo.frozen import frozen
from octavo.geometry import Box


@frozen
class Seal:
    """Where it is on the page, and its lines in the order they are read: round above, level, round below."""

    box: Box
    lines: tuple[TextLine, ...]
