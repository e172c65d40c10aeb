"""The characters a PDF page carries, as PDFium tells them: the raw material of the text layer."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

# Flags of a glyph.
GENERATED = 1  # a space or line break PDFium inferred: no glyph on the page
UNMAPPED = 2  # the font does not say which character it is; the code is a guess
HYPHEN = 4  # a hyphen at a line's end


@dataclass(frozen=True, slots=True)
class Font:
    """What a font says about itself."""

    name: str
    flags: int  # of the font descriptor (PDF 32000-1, table 123)
    weight: int  # 400 is regular; 0 where unknown
    embedded: bool


@dataclass(frozen=True, slots=True)
class Glyphs:
    """All glyphs of a page in the order of its content, and the runs (text objects) they belong to.

    `table` has a row per glyph: code point, left, top, right, bottom, x, y of the origin (page units, 0..1000, y down,
    as the page is drawn), index of its run, flags. `runs` has a row per run: index of its font, size in points of the
    page, direction of writing x and y (unit vector, y down), render mode (3 is invisible), fill colour as 0xRRGGBBAA.
    """

    table: Numbers  # n x 9
    runs: Numbers  # m x 6
    fonts: tuple[Font, ...]
    aspect: float  # height of the page over its width: the units are not square


@dataclass(frozen=True, slots=True)
class Field:
    """A filled form field: it is drawn, but not in the page's content."""

    text: str
    box: tuple[float, float, float, float]  # page units
