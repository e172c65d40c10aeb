"""Two results of one document, block by block: what is the same, what differs in which way, what only one has. Pure.

Blocks are matched by where they are, then by what they say; a block that the other result has in pieces is compared
with the pieces together. Works on json_result as Octavo, the official SDK and its cloud service write it.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from enum import StrEnum

from octavo.errors import SourceInvalid
from octavo.frozen import frozen
from octavo.geometry import Box

_SAME_PLACE = 0.5  # intersection over union from which on two blocks are one
_PIECE = 0.7  # share of a block that lies in another from which on it is a piece of it
_SAME_TEXT = 0.8  # likeness from which on two blocks without a common place are one


@frozen
class JsonRegion:
    """One region of a json_result."""

    index: int
    label: str  # text, table, formula, image ...
    native_label: str | None
    box: Box | None
    content: str | None
    problems: tuple[str, ...] = ()  # codes

    @property
    def kind(self) -> str:
        return self.native_label or self.label


class Difference(StrEnum):
    """How two matched blocks differ."""

    ONLY_A = "only in A"
    ONLY_B = "only in B"
    TEXT = "text"
    LABEL = "label"
    BOX = "box"
    ORDER = "order"
    PIECES = "pieces"  # one result has in one block what the other has in several
    PROBLEMS = "problems"


@frozen
class Match:
    """Blocks of A and of B that are about the same piece of the page; one side may be empty."""

    a: tuple[JsonRegion, ...]
    b: tuple[JsonRegion, ...]
    differences: frozenset[Difference]
    likeness: float  # of the texts, 0..1


@frozen
class PageComparison:
    """One page, in the order of A; what only B has stands where B has it."""

    number: int  # 0-based
    matches: tuple[Match, ...]

    @property
    def different(self) -> tuple[Match, ...]:
        return tuple(match for match in self.matches if match.differences)


@frozen
class Comparison:
    """One document."""

    name: str
    pages: tuple[PageComparison, ...]

    @property
    def differs(self) -> bool:
        return any(page.different for page in self.pages)

    @property
    def likeness(self) -> float:
        """Of the whole text: the blocks' likeness weighted by their length."""
        weights = [(max(_length(m.a), _length(m.b)), m.likeness) for page in self.pages for m in page.matches]
        total = sum(weight for weight, _ in weights)
        return sum(weight * likeness for weight, likeness in weights) / total if total else 1.0


def entries_of(json_result: object) -> list[list[JsonRegion]]:
    """The pages of a json_result. Raises SourceInvalid where it is none."""
    if not isinstance(json_result, list) or not all(isinstance(page, list) for page in json_result):
        raise SourceInvalid("not a json_result: a list of pages, each a list of regions, is expected")
    return [[_entry(region, number) for number, region in enumerate(page)] for page in json_result]


def _entry(region: object, number: int) -> JsonRegion:
    if not isinstance(region, Mapping) or "label" not in region:
        raise SourceInvalid("not a json_result: a region with a label is expected")
    box = region.get("bbox_2d")
    native = region.get("native_label")
    content = region.get("content")
    return JsonRegion(
        index=number,
        label=str(region["label"]),
        native_label=None if native is None else str(native),
        box=Box(*(float(edge) for edge in box)) if isinstance(box, list) and len(box) == 4 else None,
        content=_lines_of_tables(str(content)) if content else None,
        problems=tuple(sorted(str(problem.get("code")) for problem in region.get("problems") or ())),
    )


_TABLE_TAG = re.compile(r"\s*(</?(?:table|thead|tbody|tr|t[dh])\b[^>]*>)\s*")


def _lines_of_tables(content: str) -> str:
    """Tables with a row a line: white space around their tags says nothing, and each engine sets its own."""
    return re.sub(r"(?=<tr\b|</table>)", "\n", _TABLE_TAG.sub(r"\1", content)) if "<table" in content else content


def compared(
    name: str,
    a: Sequence[Sequence[JsonRegion]],
    b: Sequence[Sequence[JsonRegion]],
    *,
    ignored: frozenset[Difference] = frozenset(),
    tolerance: float = 2.0,
) -> Comparison:
    """The pages of two results side by side. Boxes whose edges differ by up to `tolerance` (0..1000) are the same."""
    pages = []
    for number in range(max(len(a), len(b))):
        of_a, of_b = (list(pages[number]) if number < len(pages) else [] for pages in (a, b))
        pages.append(PageComparison(number, tuple(_matches(of_a, of_b, ignored, tolerance))))
    return Comparison(name, tuple(pages))


def _matches(a: list[JsonRegion], b: list[JsonRegion], ignored: frozenset[Difference], tolerance: float) -> list[Match]:
    groups = _grouped(a, b)
    in_order = _in_order([(of_a[0].index, of_b[0].index) for of_a, of_b in groups if of_a and of_b])
    matches = []
    for of_a, of_b in groups:
        found = set(_differences(of_a, of_b, tolerance))
        if of_a and of_b and (of_a[0].index, of_b[0].index) not in in_order:
            found.add(Difference.ORDER)
        matches.append(Match(of_a, of_b, frozenset(found - ignored), _likeness(_text(of_a), _text(of_b))))
    return matches


def _differences(a: tuple[JsonRegion, ...], b: tuple[JsonRegion, ...], tolerance: float) -> Iterable[Difference]:
    if not a or not b:
        yield Difference.ONLY_B if not a else Difference.ONLY_A
        return
    if _text(a) != _text(b):
        yield Difference.TEXT
    if len(a) != len(b):
        yield Difference.PIECES
        return
    for one, other in zip(a, b, strict=True):
        native = one.native_label is not None and other.native_label is not None
        if one.label != other.label or (native and one.native_label != other.native_label):
            yield Difference.LABEL
        if one.box is not None and other.box is not None and _moved(one.box, other.box) > tolerance:
            yield Difference.BOX
        if one.problems != other.problems:
            yield Difference.PROBLEMS


def _moved(a: Box, b: Box) -> float:
    return max(abs(a.left - b.left), abs(a.top - b.top), abs(a.right - b.right), abs(a.bottom - b.bottom))


# --- matching ----------------------------------------------------------------------------------------------------

_Group = tuple[tuple[JsonRegion, ...], tuple[JsonRegion, ...]]


def _grouped(a: list[JsonRegion], b: list[JsonRegion]) -> list[_Group]:
    """Every block of both in exactly one group."""
    free_a, free_b = {entry.index: entry for entry in a}, {entry.index: entry for entry in b}
    groups: list[_Group] = []

    def take(of_a: Sequence[JsonRegion], of_b: Sequence[JsonRegion]) -> None:
        groups.append((tuple(of_a), tuple(of_b)))
        for entry in of_a:
            del free_a[entry.index]
        for entry in of_b:
            del free_b[entry.index]

    for whole in list(free_a.values()):
        if pieces := _pieces(whole, free_b.values()):
            take([whole], pieces)
    for whole in list(free_b.values()):
        if pieces := _pieces(whole, free_a.values()):
            take(pieces, [whole])
    for _, i, j in sorted(_places(a, b), key=lambda place: (-place[0], abs(place[1] - place[2]), place[1])):
        if i in free_a and j in free_b:
            take([free_a[i]], [free_b[j]])
    for one in list(free_a.values()):
        likely = max(free_b.values(), key=lambda other: _likeness(one.content, other.content), default=None)
        if one.content and likely is not None and _likeness(one.content, likely.content) >= _SAME_TEXT:
            take([one], [likely])
    groups += [((entry,), ()) for entry in free_a.values()] + [((), (entry,)) for entry in free_b.values()]
    return _sorted(groups)


def _places(a: list[JsonRegion], b: list[JsonRegion]) -> Iterable[tuple[float, int, int]]:
    """Pairs at one place and how well they fit: blocks with the same text before others."""
    for one in a:
        for other in b:
            if one.box is not None and other.box is not None:
                overlap = one.box.iou(other.box)
                if overlap >= _SAME_PLACE:
                    yield overlap + (one.content == other.content), one.index, other.index
            elif one.content == other.content:
                yield 1.0, one.index, other.index


def _pieces(whole: JsonRegion, others: Iterable[JsonRegion]) -> list[JsonRegion]:
    """The blocks that together say what one says, if no one of them does."""
    if whole.box is None or not whole.content:
        return []
    inside = [other for other in others if other.box is not None and other.box.covered_by(whole.box) >= _PIECE]
    if len(inside) < 2 or any(other.content == whole.content for other in inside):
        return []
    alone = max(_likeness(whole.content, other.content) for other in inside)
    return inside if _likeness(whole.content, _text(inside)) > alone else []


def _sorted(groups: list[_Group]) -> list[_Group]:
    """In A's order; what only B has follows what stands before it in B."""
    of_b = {entry.index: number for number, (_, group) in enumerate(groups) for entry in group}

    def key(number: int) -> tuple[int, int]:
        of_a, only_b = groups[number]
        if of_a:
            return of_a[0].index, -1
        before = next((i for i in range(only_b[0].index - 1, -1, -1) if groups[of_b[i]][0]), None)
        return (groups[of_b[before]][0][0].index if before is not None else -1), only_b[0].index

    return [groups[number] for number in sorted(range(len(groups)), key=key)]


def _in_order(pairs: list[tuple[int, int]]) -> set[tuple[int, int]]:
    """The most pairs that stand in the same order in both: a longest rising run of B's places in A's order."""
    pairs = sorted(pairs)
    ends: list[int] = []
    lengths = []
    for _, place in pairs:
        length = bisect_left(ends, place)
        ends[length : length + 1] = [place]
        lengths.append(length)
    kept: set[tuple[int, int]] = set()
    wanted = len(ends) - 1
    for pair, length in zip(reversed(pairs), reversed(lengths), strict=True):
        if length == wanted:
            kept.add(pair)
            wanted -= 1
    return kept


# --- texts -------------------------------------------------------------------------------------------------------

_TOKENS = re.compile(r"\s+|\w+|[^\w\s]")
_MANY = 4000  # tokens: longer texts are compared line by line, because the work grows with the square


class Change(StrEnum):
    """What became of a stretch of text from A to B."""

    KEPT = "kept"
    REMOVED = "removed"
    ADDED = "added"


def changes(a: str, b: str) -> list[tuple[Change, str]]:
    """The way from one text to the other, word by word."""
    before, after = _pieces_of(a, b)
    steps: list[tuple[Change, str]] = []
    for action, i1, i2, j1, j2 in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if action == "equal":
            steps.append((Change.KEPT, "".join(before[i1:i2])))
            continue
        if i2 > i1:
            steps.append((Change.REMOVED, "".join(before[i1:i2])))
        if j2 > j1:
            steps.append((Change.ADDED, "".join(after[j1:j2])))
    return steps


def text_of(entries: Sequence[JsonRegion]) -> str:
    """The text of blocks that are compared as one."""
    return _text(entries) or ""


def _text(entries: Sequence[JsonRegion]) -> str | None:
    texts = [entry.content for entry in entries if entry.content]
    return "\n\n".join(texts) if texts else None


def _length(entries: Sequence[JsonRegion]) -> int:
    return len(_text(entries) or "")


def _likeness(a: str | None, b: str | None) -> float:
    """Share of the words two texts have in common, in order: 1 for the same, 0 for nothing in common."""
    if not a or not b or a == b:
        return float(a == b)
    return SequenceMatcher(None, *_pieces_of(a, b), autojunk=False).ratio()


def _pieces_of(a: str, b: str) -> tuple[list[str], list[str]]:
    before, after = _TOKENS.findall(a), _TOKENS.findall(b)
    if len(before) + len(after) > _MANY:
        return a.splitlines(keepends=True), b.splitlines(keepends=True)
    return before, after
