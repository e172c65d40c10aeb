"""Conservation of text: what could be read on a page ends where a reader of the result finds it.

Each line of a trusted text layer, and each line that a detector found on the picture, ends in the running text, in
furniture (which the report lists), in a picture as its text, or in a problem. The stages promise that one by one; here
it is counted, page by page, so that a slip of theirs is a loss with its words and its place, and never silence.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from octavo.content import Formula, plain
from octavo.document import Block, Detection, Page, Problem, Severity, TextLayer, TextLine, TextSource, Trust
from octavo.geometry import Box
from octavo.wording.headings import may_lead, without_leaders
from octavo.wording.typed_rules import is_ruling

LOST: Final = "text_lost"
BURIED: Final = "text_buried"
_DOUBTED: Final = 0.3  # share of a line in a doubtful area from which its words are not the page's
_BREAKS: Final = "-\u2010\u00ad"  # at a line's end: gone where the word is put together
_MARKS: Final = "•·▪▫●○◦■◆◇▶►➢➤▸‣⁃∙❖*-–—☐☑☒"  # at a line's beginning: an entry's, whose mark is the list's own


def checked(page: Page, layer: TextLayer | None, detections: Iterable[Detection]) -> Page:
    """The page, with a loss for each of its lines that ended nowhere, and one where most of its text is drawn over."""
    losses = [_loss(page, line) for line in missing(page, seen(layer, detections))]
    if layer is not None and layer.buried:
        message = f"{layer.buried} characters, most that the page has, lie under what is drawn over them"
        losses.append(Problem(BURIED, message, Severity.LOST, page.number))
    return replace(page, problems=(*page.problems, *losses)) if losses else page


def _loss(page: Page, line: TextLine) -> Problem:
    message = "a line that was seen on the page ended in no part of the result"
    return Problem(LOST, message, Severity.LOST, page.number, line.box, saved_text=line.text)


def seen(layer: TextLayer | None, detections: Iterable[Detection]) -> list[TextLine]:
    """The lines that must not get lost; without a text where only their place is known, or their words are doubted.
    Dots that lead from one text to another are no text: a table has none."""
    if layer is None or layer.verdict is not Trust.TRUSTED:
        return [replace(line, text=None) for detection in detections for line in detection.lines]
    own = [_believed(line, layer) for line in layer.lines]
    return own + [line for detection in detections for line in detection.lines if line.text is None]


def _believed(line: TextLine, layer: TextLayer) -> TextLine:
    if any(line.box.covered_by(area) > _DOUBTED for area in layer.doubtful):
        return replace(line, text=None)
    return replace(line, text=without_leaders(line.text)) if line.text and may_lead(line.text) else line


def missing(page: Page, lines: Sequence[TextLine]) -> list[TextLine]:
    """Those of the lines that ended nowhere on the page, with what of their text did.

    A text is looked for where it stood, and what was found once is not found again: of two equal amounts both must be
    there. Spaces are no text; a word may be put together over the end of a line.
    """
    if not lines:
        return []
    places = [_of_block(block) for block in page.blocks] + [_of_problem(problem) for problem in page.problems]
    near = _near([line.box for line in lines], [place.box for place in places])
    unclear = _unclear(lines, near, places)
    gone: dict[int, TextLine] = {}
    for index in sorted(unclear, key=lambda index: -len(lines[index].text or "")):
        left = _left(lines[index], [places[number] for number in near[index]])
        if left is not None:
            gone[index] = left
    judged: dict[frozenset[int], bool] = {}  # by the places: thousands of lines may share them
    for index in gone:
        here = frozenset(near[index])
        if here not in judged:
            judged[here] = _all_there(here, lines, near, places)
    return [gone[index] for index in sorted(gone) if lines[index].text is None or not judged[frozenset(near[index])]]


@dataclass(slots=True)
class _Place:
    """Where text may have ended."""

    box: Box
    said: str  # without spaces
    anew: bool  # read from the picture by itself, or told as lost: which words of the layer it has is not asked
    read: bool  # somebody looked, be it that nothing is there
    left: str = ""  # in which no line was found yet

    def __post_init__(self) -> None:
        self.left = self.said

    def take(self, letters: str) -> bool:
        """Whether the letters are here; they are not any more then."""
        at = self.left.find(letters)
        if at >= 0:
            self.left = f"{self.left[:at]}\n{self.left[at + len(letters) :]}"
        return at >= 0


def _of_block(block: Block) -> _Place:
    read = block.recognition
    told = "".join(problem.saved_text for problem in read.problems if problem.saved_text)
    said = plain(block.content) if block.content else ""
    number = f"({block.content.number})" if isinstance(block.content, Formula) and block.content.number else ""
    said = _with_characters(said, block)
    anew = read.source is TextSource.RECOGNIZER and not read.lines
    return _Place(block.region.box, "".join(f"{said}{number}{told}".split()), anew, read.text is not None)


def _with_characters(said: str, block: Block) -> str:
    """What a block says, with the characters of its formulas in the place of the LaTeX that was made of them."""
    read = block.recognition
    if read.source is not TextSource.TEXT_LAYER:
        return said
    if isinstance(block.content, Formula):  # made of all its lines' glyphs, or not at all
        return said + "".join(line.text or "" for line in read.lines)
    for line in read.lines:
        for formula in line.formulas:
            said = said.replace(formula.latex, (line.text or "")[formula.start : formula.end], 1)
    return said


def _of_problem(problem: Problem) -> _Place:
    return _Place(problem.box or Box.of_page(), "", anew=problem.severity is not Severity.DOUBTFUL, read=True)


def _near(lines: Sequence[Box], places: Sequence[Box]) -> list[list[int]]:
    """For each line the places that hold its middle, the smallest first; else those that it touches."""
    if not lines or not places:
        return [[] for _ in lines]
    line, place = _edges(lines)[:, None], _edges(places)[None]
    x, y = (line[..., 0] + line[..., 2]) / 2, (line[..., 1] + line[..., 3]) / 2
    holds = (place[..., 0] <= x) & (x <= place[..., 2]) & (place[..., 1] <= y) & (y <= place[..., 3])
    touches = (
        (place[..., 0] <= line[..., 2])
        & (line[..., 0] <= place[..., 2])
        & (place[..., 1] <= line[..., 3])
        & (line[..., 1] <= place[..., 3])
    )
    smallest_first = np.argsort((place[0, :, 2] - place[0, :, 0]) * (place[0, :, 3] - place[0, :, 1]), kind="stable")
    found: list[list[int]] = [[] for _ in lines]
    for relation in (holds, touches & ~holds):
        for index, number in zip(*(them.tolist() for them in np.nonzero(relation[:, smallest_first])), strict=True):
            found[index].append(int(smallest_first[number]))
    return found


def _edges(boxes: Sequence[Box]) -> NDArray[np.float64]:
    return np.array([(box.left, box.top, box.right, box.bottom) for box in boxes], np.float64)


def _unclear(lines: Sequence[TextLine], near: Sequence[Sequence[int]], places: Sequence[_Place]) -> list[int]:
    """The lines among which characters may be missing: places that share no line are counted each by itself.

    Looking for each line takes ten times as long as counting, and hardly a page needs it.
    """
    root = list(range(len(places)))

    def find(number: int) -> int:
        while root[number] != number:
            number = root[number]
        return number

    for numbers in near:
        for number in numbers[1:]:
            root[find(number)] = find(numbers[0])
    together: defaultdict[int, list[int]] = defaultdict(list)
    for index, numbers in enumerate(near):
        together[find(numbers[0]) if numbers else -1].append(index)
    said: defaultdict[int, list[str]] = defaultdict(list)
    for number, place in enumerate(places):
        said[find(number)].append(place.said)
    unclear: list[int] = []
    for group, members in together.items():
        known = all(lines[index].text is not None for index in members)
        wanted, there = "".join([_letters(lines[index].text or "") for index in members]), "".join(said[group])
        if not known or not (wanted in there or Counter(wanted) <= Counter(there)):
            unclear += members
    return unclear


def _left(line: TextLine, places: Sequence[_Place]) -> TextLine | None:
    """What of a line is in none of the places; nothing where all of it is."""
    if any(place.anew for place in places):
        return None
    if line.text is None:
        return None if any(place.read for place in places) else line
    if _in_any("".join(line.text.split()), places) or _in_any(_letters(line.text), places):
        return None
    words = [word for word in line.text.split() if not is_ruling(word) and not _in_any(_letters(word), places)]
    return replace(line, text=" ".join(words)) if words else None


def _letters(text: str) -> str:
    """What of a text must be there, wherever its lines are broken and whatever its list's entries are marked with."""
    return "".join(text.split()).lstrip(_MARKS).rstrip(_BREAKS)


def _in_any(letters: str, places: Sequence[_Place]) -> bool:
    return not letters or any(place.take(letters) for place in places)


def _all_there(
    here: frozenset[int], lines: Sequence[TextLine], near: Sequence[Sequence[int]], places: Sequence[_Place]
) -> bool:
    """Whether the characters of all lines of these places are there after all, though in another order: where words
    repeat, the first place a line fits may be another's."""
    if not here:
        return False
    beside = [number for number, others in enumerate(near) if here.intersection(others)]
    there = set(here).union(*(near[number] for number in beside))
    wanted = Counter("".join(_letters(lines[number].text or "") for number in beside))
    return wanted <= Counter("".join(places[number].said for number in there))
