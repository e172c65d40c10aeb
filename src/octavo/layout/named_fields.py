"""What a form consists of: names with the values that belong to them."""

from collections.abc import Iterable

from octavo.frozen import frozen
from octavo.geometry import Rect
from octavo.layout.lines import Line
from octavo.layout.side_by_side import Row


@frozen
class NamedField:
    """A name, its value, and the area that the value stands in. One of the two may be missing."""

    names: tuple[Line, ...]
    values: tuple[Line, ...]
    area: Rect


@frozen
class NamedFields:
    """Fields that are read together, in their order."""

    fields: tuple[NamedField, ...]
    reason: str  # for people: what it rests on

    @property
    def lines(self) -> tuple[Line, ...]:
        return tuple(line for field in self.fields for line in (*field.names, *field.values))


def lines_of(rows: Iterable[Row]) -> tuple[Line, ...]:
    return tuple(line for row in rows for line in row.lines)
