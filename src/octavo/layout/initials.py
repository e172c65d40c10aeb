"""Large letters that a text begins with, two rows high or more, and the rows set in beside them."""

from collections.abc import Sequence

from octavo.layout.lines import Line

_LARGE = 1.9  # times as large as the type of the rows


def _begins(initial: Line, first: Line) -> bool:
    """Whether a line is a large letter two or more rows high, and another the row that begins with it."""
    return (
        len(initial.text.strip()) == 1
        and initial.text.strip().isupper()
        and initial.size > _LARGE * first.size
        and -0.5 * first.size < first.left - initial.right < 1.2 * first.size
        and abs(first.top - initial.top) < 1.2 * first.size
        and len(first.text) > 1
    )


def rows_beside_initials(lines: Sequence[Line]) -> dict[int, list[Line]]:
    """The rows set in beside each large initial, top to bottom, by the initial's identity; a row beside one only."""
    found: dict[int, list[Line]] = {}
    taken: set[int] = set()
    for initial in lines:
        if len(initial.text.strip()) != 1:
            continue
        rows = [
            line
            for line in lines
            if id(line) not in taken
            and line.size < initial.size / _LARGE
            and -0.5 * line.size < line.left - initial.right < 1.2 * line.size
            and initial.top - line.size < line.middle < initial.bottom
        ]
        rows.sort(key=lambda line: line.top)
        if len(rows) > 1 and _begins(initial, rows[0]):
            found[id(initial)] = rows
            taken |= {id(line) for line in rows}
    return found
