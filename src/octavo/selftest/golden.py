"""The made document: pages drawn by code, whose words are therefore known.

A page has a heading, three paragraphs and a ruled table of numbers, in Helvetica, which PDFium has in itself. No two
pages are alike: an answer that was kept for one says nothing of another.
"""

import random
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TypeAlias

from octavo.frozen import frozen

WIDTH, HEIGHT = 595, 842  # points: A4
_MARGIN = 72
_LINE = 80  # characters of a line of text; at 11 points as wide as the page has room for

_NOUNS = (
    "harbour garden engine letter winter market bridge teacher forest window captain village machine river journal "
    "kitchen mountain painter station candle orchard sailor library meadow merchant valley printer"
)
_KINDS = "quiet narrow early heavy bright wooden distant careful ancient gentle broken famous modern hidden simple"
_DEEDS = "reaches follows carries repairs measures crosses describes opens watches remembers supplies guards"
_ROWS = ("Region", "North", "East", "South", "West", "Total")
_COLUMNS = ("Spring", "Summer", "Autumn")


# Words and their neighbours, and how often each two stand beside each other. Words alone would not tell these pages
# apart: they share so many that one of them, taken for another, gives 0.91.
Neighbours: TypeAlias = Counter[tuple[str, str]]


@frozen
class GoldenPage:
    """What stands on a page."""

    heading: str
    paragraphs: tuple[tuple[str, ...], ...]  # lines
    table: tuple[tuple[str, ...], ...]

    @property
    def words(self) -> Neighbours:
        lines = [self.heading, *(line for lines in self.paragraphs for line in lines)]
        return neighbours([*lines, *(cell for row in self.table for cell in row)])


def golden_page(number: int) -> GoldenPage:
    """The page of that number: always the same."""
    dice = random.Random(number)  # noqa: S311 - words to read
    heading = f"{dice.choice(_KINDS.split())} {dice.choice(_NOUNS.split())} report {1000 + number}".capitalize()
    paragraphs = tuple(_wrapped(" ".join(_sentence(dice) for _ in range(5))) for _ in range(3))
    numbers = tuple(tuple(str(dice.randrange(100, 100_000)) for _ in _COLUMNS) for _ in _ROWS[1:])
    rows = ((_ROWS[0], *_COLUMNS), *((name, *row) for name, row in zip(_ROWS[1:], numbers, strict=True)))
    return GoldenPage(heading, paragraphs, rows)


def _sentence(dice: random.Random) -> str:
    kinds, nouns = dice.sample(_KINDS.split(), 2), dice.sample(_NOUNS.split(), 3)
    deeds = dice.sample(_DEEDS.split(), 2)
    return (
        f"The {kinds[0]} {nouns[0]} {deeds[0]} the {nouns[1]} and {deeds[1]} "
        f"the {kinds[1]} {nouns[2]} {dice.randrange(2, 90)} times."
    )


def _wrapped(text: str) -> tuple[str, ...]:
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) >= _LINE:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".lstrip()
    return tuple(lines)


# --- right or wrong --------------------------------------------------------------------------------------------------


def neighbours(texts: Iterable[str]) -> Neighbours:
    """Words and numbers of the texts of one page, in reading order, without mark-up and case, each with the next."""
    plain = " ".join(re.sub(r"<[^>]*>", " ", text) for text in texts).casefold()
    return Counter(pairwise(re.findall(r"[^\W_]+", plain)))


def words_f1(expected: Neighbours, found: Neighbours) -> float:
    """0..1: harmonic mean of the share that came out, and the share of what came out that is right. One wrong word in a
    hundred costs 0.02: it has two neighbours."""
    right = (expected & found).total()
    return 2 * right / max(1, expected.total() + found.total())


# --- as a PDF --------------------------------------------------------------------------------------------------------


def pdf(pages: Sequence[GoldenPage]) -> bytes:
    """The pages as they are drawn."""
    count = len(pages)
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {count} /Kids [{' '.join(f'{5 + 2 * n} 0 R' for n in range(count))}] >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold >>",
    ]
    made = [entry.encode("ascii") for entry in objects]
    for number, page in enumerate(pages):
        packed = zlib.compress(_drawing(page).encode("ascii"))
        made.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {WIDTH} {HEIGHT}] /Contents {6 + 2 * number} 0 R "
            "/Resources << /Font << /F 3 0 R /B 4 0 R >> >> >>".encode()
        )
        head = f"<< /Filter /FlateDecode /Length {len(packed)} >>\nstream\n".encode()
        made.append(head + packed + b"\nendstream")
    return _file(made)


def _drawing(page: GoldenPage) -> str:
    top = HEIGHT - _MARGIN
    parts = [_text(_MARGIN, top, page.heading, "B", 20)]
    top -= 40
    for lines in page.paragraphs:
        for line in lines:
            parts.append(_text(_MARGIN, top, line, "F", 11))
            top -= 15
        top -= 15
    column, row = 110, 22
    right, bottom = _MARGIN + column * len(page.table[0]), top - row * len(page.table)
    for number in range(len(page.table) + 1):
        parts.append(f"{_MARGIN} {top - row * number} m {right} {top - row * number} l S")
    for number in range(len(page.table[0]) + 1):
        parts.append(f"{_MARGIN + column * number} {top} m {_MARGIN + column * number} {bottom} l S")
    for down, cells in enumerate(page.table):
        for along, cell in enumerate(cells):
            parts.append(_text(_MARGIN + column * along + 8, top - row * down - 15, cell, "F" if down else "B", 11))
    return "\n".join(parts)


def _text(left: int, base: int, text: str, font: str, size: int) -> str:
    return f"BT /{font} {size} Tf {left} {base} Td ({text}) Tj ET"


def _file(objects: Sequence[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.4\n")
    places = []
    for number, entry in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, entry)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    return bytes(out)
