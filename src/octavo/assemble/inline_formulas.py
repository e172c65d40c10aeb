"""Formulas within running text: where the lines know them, their characters become runs of LaTeX.

What passes between the stages is plain text, so that everybody can read it; only here, when the content is made, do a
line's formulas take the place of their characters. A line that cannot be found in the content, because its words were
put together otherwise, keeps them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from octavo.content import Content, Heading, Items, Mixed, Prose, Run, Runs, Unmixed, all_runs, plain_run
from octavo.document import TextLine

_Place = tuple[int, int, str]  # a stretch of the letters, and its LaTeX


def with_formulas(content: Content, lines: Sequence[TextLine]) -> Content:
    """The content with the lines' formulas as runs."""
    if not any(line.formulas for line in lines):
        return content
    letters = "".join(_letters(run.text) for runs in all_runs(content) for run in runs)
    places = _apart(sorted(_places(letters, lines)))
    writer = _Writer(places)
    if isinstance(content, Mixed):
        return Mixed(tuple(map(writer.written, content.parts)))
    return writer.written(content)


def _letters(text: str) -> str:
    """Without spaces: they change where lines are joined."""
    return "".join(text.split())


def _places(letters: str, lines: Sequence[TextLine]) -> Iterator[_Place]:
    """Where in the content's letters the formulas of the lines stand."""
    at = 0
    for line in lines:
        text = line.text or ""
        found, skipped = _found(letters, text, at)
        if found < 0:
            continue
        for formula in line.formulas:
            start = found + len(_letters(text[: formula.start])) - skipped
            yield start, start + len(_letters(text[formula.start : formula.end])), formula.latex
        at = found + len(_letters(text)) - skipped - 1  # a hyphen at its end may be gone


def _apart(places: Sequence[_Place]) -> list[_Place]:
    """Those that do not overlap one before."""
    kept: list[_Place] = []
    for place in places:
        if place[0] >= (kept[-1][1] if kept else 0):
            kept.append(place)
    return kept


def _found(letters: str, text: str, at: int) -> tuple[int, int]:
    """Where a line's letters begin, and how many of them are missing: a list keeps its mark elsewhere."""
    words = text.split()
    for first in (0, 1):
        own = "".join(words[first:])
        own = own[:-1] if own.endswith(("-", "\u2010", "\u00ad")) else own
        found = max(letters.find(own, max(0, at)), letters.find(own)) if own else -1
        if found >= 0:
            skipped = len("".join(words[:first]))
            return found, skipped
    return -1, 0


class _Writer:
    """Writes the places into a content, whose letters it counts."""

    def __init__(self, places: Sequence[_Place]) -> None:
        self._places = list(places)
        self._at = 0

    def written(self, content: Unmixed) -> Unmixed:
        match content:
            case Prose(lines):
                return replace(content, lines=tuple(map(self._line, lines)))
            case Heading(_, runs):
                return replace(content, runs=self._line(runs))
            case Items(items):
                return replace(content, items=tuple(replace(item, runs=self._line(item.runs)) for item in items))
            case _:
                return content

    def _line(self, runs: Runs) -> Runs:
        return tuple(made for run in runs for made in self._run(run))

    def _run(self, run: Run) -> Iterator[Run]:
        start = self._at
        self._at += len(_letters(run.text))
        mine = [place for place in self._places if start <= place[0] and place[1] <= self._at]
        if not mine or run.formula or run.verbatim or run.code:
            yield run
            return
        index = _indices(run.text)
        done = 0
        for first, last, latex in mine:
            begin, end = index[first - start], index[last - 1 - start] + 1
            if begin > done:
                yield replace(run, text=run.text[done:begin])
            yield replace(plain_run(latex), formula=True, link=run.link)
            done = end
        if done < len(run.text):
            yield replace(run, text=run.text[done:])


def _indices(text: str) -> list[int]:
    """For each letter, where it is in the text."""
    return [number for number, char in enumerate(text) if not char.isspace()]
