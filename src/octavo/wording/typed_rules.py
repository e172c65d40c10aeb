"""Ruling lines that are set in type: `-----`, `+-----+----+`, `|`."""

import re

_DASHES = "-=─━═"  # no low line: one stands for what is to be written there
_CROSSINGS = "+┌┬┐├┼┤└┴┘╔╦╗╠╬╣╚╩╝"
_RULE = re.compile(rf"[{_DASHES}{_CROSSINGS}|]+")
_LONG = re.compile(rf"[{_DASHES}]{{5}}")
_CROSSED = re.compile(rf"[{_CROSSINGS}][{_DASHES}].*[{_CROSSINGS}]")
_BAR = re.compile(r"[|│┃║]")
_ANY = re.compile(rf"[{_DASHES}]{{5}}|{_BAR.pattern}")


def is_typed_rule(word: str) -> bool:
    """A row of dashes, with or without crossings."""
    return _RULE.fullmatch(word) is not None and (_LONG.search(word) or _CROSSED.fullmatch(word)) is not None


def is_typed_bar(word: str) -> bool:
    """An upright bar, a piece of a line from row to row."""
    return _BAR.fullmatch(word) is not None


def is_ruling(word: str) -> bool:
    """Either: a line that happens to be set in type, and no text."""
    return is_typed_bar(word) or is_typed_rule(word)


def may_be_ruled(text: str) -> bool:
    """Whether a line may have one of these in it."""
    return _ANY.search(text) is not None
