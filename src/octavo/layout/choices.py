"""Boxes to tick side by side, each with what it stands for, and the question to the left of them."""

from collections.abc import Iterator
from typing import Final

from octavo.frozen import frozen
from octavo.layout.lines import Line
from octavo.layout.named_fields import lines_of
from octavo.layout.side_by_side import PageLines
from octavo.wording.ticks import begins_choice, has_tick_box, is_tick_box

_LONGEST: Final = 40  # characters of a question on their left


@frozen
class Choices:
    """A question and its boxes, left to right."""

    lines: tuple[Line, ...]
    reason: str  # for people: what it rests on


def find_choices(lines: PageLines) -> Iterator[Choices]:
    if not any(has_tick_box(line.text) for line in lines):
        return
    for band in lines.with_text.bands:
        boxes = [number for number, row in enumerate(band) if is_tick_box(row.text) or begins_choice(row.text)]
        if not boxes:
            continue
        labels = [number + 1 for number in boxes if is_tick_box(band[number].text)]
        asked = [boxes[0] - 1] if boxes[0] > 0 and len(band[boxes[0] - 1].text) < _LONGEST else []
        if len(boxes) + len(asked) > 1:
            rows = [band[number] for number in sorted({*asked, *boxes, *labels}) if number < len(band)]
            yield Choices(lines_of(rows), f"choices: {len(boxes)} boxes to tick on one height")
