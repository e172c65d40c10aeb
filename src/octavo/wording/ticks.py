"""Boxes to tick: empty, or ticked with a cross or a hook."""

import re
from typing import Final

EMPTY: Final = "☐"
TICKED: Final = "☑"
_MARKS = re.compile("[☐☑☒]")
_CHOICE = re.compile(r"\s*[☐☑☒]\s*\S")


def has_tick_box(text: str) -> bool:
    return not text.isascii() and _MARKS.search(text) is not None


def begins_choice(text: str) -> bool:
    """Begins with a box to tick that something is said of."""
    return _CHOICE.match(text) is not None


def is_tick_box(text: str) -> bool:
    return _MARKS.fullmatch(text.strip()) is not None


def in_brackets(text: str) -> str:
    """As Markdown has them: `[ ]` and `[x]`."""
    return _MARKS.sub(lambda mark: "[ ]" if mark[0] == EMPTY else "[x]", text)
