"""What a structure network tells of a table's picture: the socket that `networks.table_structure` fits."""

from typing import Protocol

from octavo.document import Pixels
from octavo.frozen import frozen
from octavo.geometry import Rect


@frozen
class SeenCell(Rect):
    """A cell as a network tells it: about where in the picture (pixels), and where in the grid."""

    row: int
    column: int
    rows: int
    columns: int


@frozen
class SeenTable:
    """What a network makes of a picture. Cells are in order, and may not fill the grid."""

    cells: tuple[SeenCell, ...]
    rows: int
    columns: int
    confidence: float  # 0..1, geometric mean of the probabilities of its tags


class TableStructure(Protocol):
    """Sees the structure of one table, and knows nothing of its text."""

    def read(self, pixels: Pixels) -> SeenTable:
        """The structure of the one table that fills the picture. Raises EngineFailed."""
        ...
