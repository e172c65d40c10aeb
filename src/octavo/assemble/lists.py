"""Entries of lists: what begins like one, and how deep it is."""

from collections.abc import Sequence
from dataclasses import replace

from octavo.content import Content, Items, ListItem, Prose, Run, runs_of
from octavo.frozen import frozen
from octavo.geometry import Box
from octavo.wording.lists import after_bullet, after_number, begins_lettered


@frozen
class ListEntry:
    """One entry of a list: the bullet or number it starts with, its text, and where it begins."""

    marker: str  # "-" for any bullet, else as printed: "3."
    text: str
    box: Box


def item(text: str, box: Box, *, bullets_only: bool = False) -> ListEntry | None:
    """The text as an entry of a list, if it starts like one. A dash in front of a number alone is none."""
    if (rest := after_bullet(text)) is not None:
        return ListEntry("-", rest, box)
    if not bullets_only and (numbered := after_number(text)) is not None:
        return ListEntry(*numbered, box)
    if not bullets_only and begins_lettered(text):
        return ListEntry("-", text, box)  # Markdown counts with numbers alone: the letter stays in the text
    return None


def listed(items: Sequence[ListEntry], depths: Sequence[int] = ()) -> Items:
    """Entries as a list; without depths, all on the first level."""
    depths = depths or [0] * len(items)
    entries = zip(items, depths, strict=True)
    return Items(tuple(ListItem(item.marker, runs_of(item.text.strip()), depth) for item, depth in entries))


def numbered(content: Content) -> Content:
    """A paragraph that begins with a number as an entry does, which is what its readers take it for."""
    match content:
        case Prose(((Run() as run,),)) if (found := after_number(run.text)) is not None:
            number, rest = found
            return Items((ListItem(number, (replace(run, text=rest),)),))
        case _:
            return content


def depths(lists: Sequence[Sequence[ListEntry]], tolerance: float) -> list[list[int]]:
    """How deep each entry of each list is: entries that follow each other are as deep as they are indented.

    What is no list stands among them as one without entries. `tolerance` is how far an entry may stand from another of
    its level, in 0..1000 of the page's width.
    """
    found: list[list[int]] = []
    lefts: list[float] = []  # of the levels that are open
    above: ListEntry | None = None
    for items in lists:
        found.append([])
        for item in items:
            if above is None or item.box.top < above.box.top:  # a new list, or another column
                lefts.clear()
            while lefts and item.box.left < lefts[-1] - tolerance:
                lefts.pop()
            if not lefts or item.box.left > lefts[-1] + tolerance:
                lefts.append(item.box.left)
            found[-1].append(len(lefts) - 1)
            above = item
        above = above if items else None
    return found
