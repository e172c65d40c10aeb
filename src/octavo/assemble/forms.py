"""Forms: the names on a page with the values that belong to them, as rows."""

from collections.abc import Sequence

from octavo.content import Form, FormRow, runs_of
from octavo.document import PageImage, TextLine
from octavo.geometry import Box, on_one_height
from octavo.layout.lines import Line, straightened
from octavo.layout.paragraphs import Paragraph
from octavo.layout.side_by_side import Row
from octavo.wording import prose
from octavo.wording.sentences import names_field


def beside(paragraph: Paragraph) -> Form | None:
    """The rows of a form, each name with the value far beside it; None where that is not what they are."""
    if len(paragraph.rows) < 4:  # two names with their values
        return None
    levels = on_one_height(paragraph.rows, lambda _, row: 0.5 * row.size)
    parted = [level for level in levels if len(level) > 1]
    if len(parted) < 2 or not all(map(_names_value, parted)):
        return None
    return Form(tuple(_row([row.text for row in level]) for level in levels))


def _names_value(level: Sequence[Row]) -> bool:
    return names_field(level[0].text) or level[1].lines[0].source.field


def _row(texts: Sequence[str]) -> FormRow:
    name, values = (texts[0], texts[1:]) if names_field(texts[0]) or len(texts) > 1 else ("", texts)
    return FormRow(runs_of(name), runs_of(" ".join(values)))


def named(lines: Sequence[TextLine], page: PageImage) -> Form | None:
    """The form that lines are which know their fields, in the order of their names; None where none of them does.

    What stands in no field is a row of its own, in the place it has among the lines.
    """
    if not any(line.names for line in lines):
        return None
    areas = {line.names: None for line in lines if line.names}  # in order
    fields: dict[Box | None, list[TextLine]] = {}
    for number, line in enumerate(lines):
        area = line.names or next((area for area in areas if area.holds(line.box)), None)
        fields.setdefault(area or Box(number, number, number, number), []).append(line)
    return Form(tuple(row for own in fields.values() for row in _rows(own, page)))


def _rows(lines: Sequence[TextLine], page: PageImage) -> list[FormRow]:
    """One field: its name with the first line of its value, then the others, as those of an address. A line that
    begins in the middle of a sentence goes on with the one above it."""
    names = [line for line in lines if line.names]
    if names and not _is_inside(names[0]):  # name and value stood so close that they are one row
        names = [names[0], *(line for line in names[1:] if not _is_inside(line))]
    own = set(map(id, names))
    name = prose.paragraph(_words_of(line, inside=False) for line in names)
    placed = straightened((line for line in lines if id(line) not in own), page.size, dpi=page.dpi)
    rows = [Row.of(level) for level in on_one_height(placed, lambda first, line: _level(first, line))]
    texts = [""]
    for row in rows:
        if texts[-1] and row.text[:1].islower():
            texts[-1] = prose.paragraph((texts[-1], row.text))
        elif row.text:
            texts.append(row.text)
    texts += [said for line in names if (said := _words_of(line, inside=True))]
    first, *more = texts[1:] or texts
    return [FormRow(runs_of(name), runs_of(first)), *(FormRow((), runs_of(text)) for text in more)]


def _is_inside(line: TextLine) -> bool:
    """Whether a line stands in the field that it is said to name."""
    return line.names is not None and line.names.holds(line.words[0].box if line.words else line.box)


def _words_of(line: TextLine, *, inside: bool) -> str:
    """What of a name's line stands in its field, or does not: name and value may have been taken for one line."""
    area = line.names
    own = [word for word in line.words if area is not None and area.holds(word.box)]
    if not own or len(own) == len(line.words) or area is None or area.holds(line.words[0].box):
        return "" if inside else line.text or ""
    return " ".join(word.text for word in line.words if area.holds(word.box) is inside)


def _level(first: Line, line: Line) -> float:
    return 0.5 * min(first.size, line.size)
