"""Numbers of lines down a margin, as transcripts, pleadings and manuscripts have them.

They stand apart from the text, count on from line to line, and look like the first column of a table. In running text
they are furniture. Where lines stand for themselves, as those of a transcript are cited by page and line, each is a row
that begins with its number.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from octavo.geometry import Rect, Size
from octavo.layout.lines import Line
from octavo.layout.side_by_side import Row, bands_of, in_rows
from octavo.wording.numbers import is_number

_FEWEST: Final = 10  # numbers in a column
_DIGITS: Final = 5  # of a number, fewer
_SEGMENTS: Final = 2  # pieces beside a number: who speaks, and what
_FLUSH: Final = 0.7  # sizes of type by which their edges may be off
_STEADY: Final = 0.2  # of their distance, by which that may vary
_OUTSIDE: Final = 0.1  # of their rows that may have something further out
_FIGURES: Final = 0.2  # of the rows that may end in a figure: in a table they do
_RUNNING: Final = 0.4  # of the rows that begin within a sentence, from which it is running text
_LEAST: Final = 0.3  # of the page's height that they go down


@dataclass(frozen=True, slots=True)
class NumberedLines:
    """The numbers, and the rows beside them where these stand for themselves."""

    numbers: tuple[Line, ...]
    rows: tuple[tuple[Line, ...], ...]  # each with its number; none in running text
    reason: str  # for people: what it rests on


@dataclass(frozen=True, slots=True)
class _Number(Rect):
    """A number in pixels, and the line it is, or begins."""

    value: int
    line: Line

    @property
    def alone(self) -> bool:
        return self.line.text.strip() == str(self.value)


def find_line_numbers(lines: Sequence[Line], page: Size) -> NumberedLines | None:
    """The numbers down a margin of a page, if there are such."""
    counted = list(_counted(lines, page))
    if len(counted) < _FEWEST:
        return None
    for numbers in sorted(_columns(counted), key=len, reverse=True):
        if len(numbers) < _FEWEST or numbers[-1].bottom - numbers[0].top < _LEAST * page.height:
            return None
        bands = list(_beside(numbers, lines))
        if not _is_margin(numbers, bands):
            continue
        told = [band for band in bands if band]
        goes_on = sum(band[0].text[:1].islower() for band in told)
        how = f"line numbers: {len(numbers)} in a column, counting on"
        own = tuple(number.line for number in numbers)
        if goes_on > _RUNNING * len(told) and all(number.alone for number in numbers):
            return NumberedLines(own, (), f"{how}, beside running text")
        rows = tuple((line, *(it for row in band for it in row.lines)) for line, band in zip(own, bands, strict=True))
        return NumberedLines(own, rows, f"{how}, beside lines that stand for themselves")
    return None


def _counted(lines: Sequence[Line], page: Size) -> Iterator[_Number]:
    """Lines that are a number, or begin with one."""
    for line in lines:
        first = line.text.split(None, 1)[:1]
        if first and first[0].isdecimal() and len(first[0]) < _DIGITS:
            words = line.source.words
            right = words[0].box.on(page).right if words and words[0].text == first[0] else line.right
            yield _Number(line.left, line.top, right, line.bottom, int(first[0]), line)


def _columns(counted: Sequence[_Number]) -> Iterator[list[_Number]]:
    """Runs of numbers flush with each other that count on by one, at steady distances."""
    left = sorted(counted, key=lambda number: number.middle)
    while left:
        run = [left[0]]
        for number in left[1:]:
            above = run[-1]
            edges = min(abs(number.right - above.right), abs(number.left - above.left))
            if edges < _FLUSH * number.line.size and number.value == above.value + 1 and _is_steady(run, number):
                run.append(number)
        taken = set(map(id, run))
        left = [number for number in left if id(number) not in taken]
        yield run


def _is_steady(run: Sequence[_Number], number: _Number) -> bool:
    if len(run) < 2:
        return number.middle > run[-1].middle
    step = (run[-1].middle - run[0].middle) / (len(run) - 1)
    return abs(number.middle - run[-1].middle - step) < _STEADY * step


def _beside(numbers: Sequence[_Number], lines: Sequence[Line]) -> Iterator[list[Row]]:
    """What else stands on the height of each number, left to right."""
    own = {id(number.line) for number in numbers}
    bands = bands_of(in_rows([line for line in lines if id(line) not in own]))
    for number in numbers:
        yield next((band for band in bands if abs(band[0].middle - number.middle) < 0.5 * number.line.size), [])


def _is_margin(numbers: Sequence[_Number], bands: Sequence[Sequence[Row]]) -> bool:
    """Whether nothing stands further out than the numbers, and what is beside them is no table."""
    pairs = [(number, band) for number, band in zip(numbers, bands, strict=True) if band]
    outside = sum(band[0].left < number.left for number, band in pairs)
    figures = sum(is_number(band[-1].text) for _, band in pairs)
    wide = sum(len(band) > _SEGMENTS for _, band in pairs)
    return outside <= _OUTSIDE * len(numbers) and max(figures, wide) <= _FIGURES * len(numbers)
