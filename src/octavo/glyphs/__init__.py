"""The characters a PDF page carries, as PDFium tells them: the raw material of the text layer.

Everything is in points of the page as it is drawn, y down, so that the crop box and /Rotate are behind us. The two
directions have the same scale, which page units (0..1000 both ways) have not.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from octavo.drawing.wire import FACT_FIELDS, LONGEST_TARGET, MOST_AREAS, PLACE_FIELDS, RUN_FIELDS, Drawn
from octavo.formulas.encodings import character
from octavo.formulas.fonts import encoding_of, is_mathematical
from octavo.frozen import frozen
from octavo.geometry import Box
from octavo.glyphs.scripts import SPACES, TURNING
from octavo.glyphs.wrong_codes import mended

Numbers = NDArray[np.float64]
Indices = NDArray[np.int64]
Flags = NDArray[np.bool_]

# Bits of `Glyphs.flags`.
INFERRED = 1  # a space or line break PDFium made up: nothing on the page
UNMAPPED = 2  # the font does not say which character it is: the code is a guess
HYPHEN = 4  # a hyphen at a line's end, which PDFium replaces by a mark

_SILENT = (0x0, 0x9, 0xA, 0xD, 0x200C, 0x200D, 0x200E, 0x200F, 0x2028, 0x2029, 0xFEFF, *TURNING)

INVISIBLE_MODE, CLIP_MODE = 3, 7  # PDF 32000-1, table 106
FIXED_PITCH, ITALIC, FORCE_BOLD = 1 << 0, 1 << 6, 1 << 18  # table 123

WIDTHS_AGREE: Final = 0.02  # of a glyph's width: so far two measures of it may be apart
MOSTLY: Final = 0.5  # of a font's glyphs that are measured as it says, from which on it is believed of the others

LEANS: Final = 0.2  # ems that ink goes beyond its advance at most, an italic f's 0.15; else the width is another's

# Mean of the advance widths of Helvetica and Times, in thousandths of an em (Adobe's font metrics, "Core 14").
WIDTHS = dict(
    zip(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
        (
            *(500, 528, 472, 528, 500, 306, 528, 528, 250, 250, 500, 250, 806, 528, 528, 528, 528, 333, 444, 278),
            *(528, 500, 722, 500, 500, 472, 694, 667, 694, 722, 639, 584, 750, 722, 306, 444, 694, 584, 861, 722),
            *(750, 612, 750, 694, 612, 612, 722, 694, 944, 694, 694, 612),
        ),
        strict=True,
    )
)
_BOLD = re.compile(r"bold|black|heavy|semibd|demi|cmb|-bd|,bd", re.IGNORECASE)
_ITALIC = re.compile(r"ital|obli|slant|kursiv|cmti|cmmi|-it\b|-ita\b", re.IGNORECASE)
_MONOSPACE = re.compile(
    r"mono|courier|consol|menlo|typewriter|cmtt|inconsol|\bcode|sourcecode|ocr-?[ab]\b", re.IGNORECASE
)


def _table(characters: Collection[int]) -> Flags:
    """Of each character up to the last of these and one more, whether it is one of them: to look up a page's, which
    takes a tenth of the time of `np.isin`. "clip" takes those beyond for the last."""
    found = np.zeros(max(characters) + 2, bool)
    found[list(characters)] = True
    return found


_ARE_SPACES, _ARE_SILENT, _ARE_TURNING = _table(SPACES), _table(_SILENT), _table(TURNING)


def are_spaces(codes: Indices) -> Flags:
    return np.asarray(_ARE_SPACES.take(codes, mode="clip"), np.bool_)


@dataclass(frozen=True)
class Font:
    """What a font says about itself."""

    name: str
    flags: int = 0  # of its descriptor
    weight: int = 0  # 400 is regular; 0 where unknown
    embedded: bool = True

    @cached_property
    def bold(self) -> bool:
        return bool(_BOLD.search(self.name)) or bool(self.flags & FORCE_BOLD) or self.weight >= 650

    @cached_property
    def italic(self) -> bool:
        return bool(_ITALIC.search(self.name)) or bool(self.flags & ITALIC)

    @cached_property
    def monospace(self) -> bool:
        return bool(_MONOSPACE.search(self.name)) or bool(self.flags & FIXED_PITCH)


@frozen
class Glyphs:
    """The glyphs of a page in the order of its content; n of them in m runs (text objects)."""

    codes: Indices  # n, Unicode
    boxes: Numbers  # n x 4: left, top, right, bottom of the ink
    origins: Numbers  # n x 2
    advances: Numbers  # n; 0 where the font does not tell, and for turned text
    told: Flags  # n, the advance is the font's own word, and the ink leans out of it
    run: Indices  # n
    flags: Indices  # n
    font: Indices  # m
    sizes: Numbers  # m, points
    angles: Numbers  # m, clockwise degrees from left-to-right, 0 <= angle < 360
    modes: Indices  # m, render mode
    opaque: Flags  # m, the fill can be seen
    dark: Flags  # m, the fill stands out from white
    greys: Numbers  # m, of the fill, 0..255
    places: Indices  # m, in the order of drawing; -1 where unknown
    fonts: tuple[Font, ...]
    width: float  # of the page
    height: float

    def drawn(self) -> Flags:
        """What leaves a mark or takes room: no inferred characters, no line breaks and joiners."""
        silent = _ARE_SILENT.take(self.codes, mode="clip")
        # A control character with ink is a glyph whose font gives it no better code.
        control = (self.codes < 0x20) | _ARE_TURNING.take(self.codes, mode="clip")
        inked = control & (self.boxes[:, 3] - self.boxes[:, 1] > 0.5)
        return np.asarray((self.flags & INFERRED == 0) & (~silent | inked), np.bool_)

    def __len__(self) -> int:
        return len(self.codes)

    def unit_box(self, left: float, top: float, right: float, bottom: float) -> Box:
        """Points to page units, clamped to the page."""
        return Box.from_pixels(left, top, right, bottom, (self.width, self.height))


@frozen
class Drawing:
    """What else is drawn on the page, in points."""

    pictures: tuple[tuple[float, float, float, float, int], ...]  # raster images; the last is the place
    fields: tuple[tuple[str, float, float, float, float], ...]  # filled form fields: drawn, but not among the glyphs
    stamps: tuple[tuple[float, float, float, float], ...]  # other annotations with ink
    bars: tuple[tuple[float, float, float, float, int], ...] = ()  # flat rules of a page with formulas, as pictures
    links: tuple[tuple[str, float, float, float, float], ...] = ()  # where it leads, as the file spells it
    strikes: tuple[tuple[float, float, float, float], ...] = ()  # thin rules, and areas that a mark strikes out


def _leaning(places: Numbers, own: Numbers, extents: Numbers, em: Numbers) -> Flags:
    """Glyphs whose ink leans out of the advance that their font gives them, and is measured with it; letters of a
    ligature share its ink."""
    origin, left, right = places[:, 4], places[:, 0], places[:, 1]
    leans = (left < origin) | (right > origin + own)
    both = np.maximum(right, origin + own) - np.minimum(left, origin)
    leans &= np.abs(both - extents) < WIDTHS_AGREE * both
    together = (np.diff(places[:, 0:4], axis=0) == 0).all(axis=1)
    alone = ~(np.append(together, False) | np.append(False, together))[: len(leans)]
    return np.asarray(leans & alone & (own > 0) & (right < origin + own + LEANS * em), np.bool_)


def _believed(own: Numbers, extents: Numbers, fonts: Indices) -> Flags:
    """Glyphs of fonts whose own widths are mostly what PDFium measures: others may be another character's."""
    known = own > 0
    agree = np.bincount(fonts[known & (np.abs(own - extents) < WIDTHS_AGREE * own)], minlength=1 + fonts.max(initial=0))
    return np.asarray(known & (agree > MOSTLY * np.bincount(fonts[known], minlength=len(agree)))[fonts], np.bool_)


def glyphs_of(drawn: Drawn, memory: NDArray[np.uint8]) -> tuple[Glyphs, Drawing]:
    """What a drawing child sent."""
    width, height = drawn.width / drawn.dpi * 72, drawn.height / drawn.dpi * 72
    at = drawn.glyphs_at
    places = np.frombuffer(memory, np.float64, drawn.glyphs * PLACE_FIELDS, at).reshape(-1, PLACE_FIELDS)
    at += drawn.glyphs * PLACE_FIELDS * 8
    facts = np.frombuffer(memory, np.float64, drawn.glyphs * FACT_FIELDS, at).reshape(-1, FACT_FIELDS)
    at += drawn.glyphs * FACT_FIELDS * 8
    runs = np.frombuffer(memory, np.float64, drawn.runs * RUN_FIELDS, at).reshape(-1, RUN_FIELDS)
    a, b, c, d, e, f = drawn.to_page
    linear = np.array([[a * width, b * height], [c * width, d * height]])
    shift = np.array([e * width, f * height])

    def moved(points: Numbers) -> Numbers:
        return np.asarray(points @ linear + shift, np.float64)

    def moved_boxes(edges: Numbers) -> Numbers:
        """left, bottom, right, top in PDF points to left, top, right, bottom."""
        first, second = moved(edges[:, 0:2]), moved(edges[:, 2:4])
        return np.hstack([np.minimum(first, second), np.maximum(first, second)])

    along, across = runs[:, 2:4] @ linear, runs[:, 4:6] @ linear
    height_of = np.hypot(across[:, 0], across[:, 1])
    scale = np.where(height_of > 0, height_of, np.hypot(along[:, 0], along[:, 1]))
    angles = np.degrees(np.arctan2(along[:, 1], along[:, 0])) % 360
    nearest = np.round(angles / 90) * 90
    angles = np.where(np.abs(angles - nearest) < 3, nearest, np.round(angles)) % 360
    # PDFium's advances are right only where the text is not turned in the PDF itself, whatever the page does.
    upright = np.abs(runs[:, 3]) + np.abs(runs[:, 4]) < 0.05 * np.abs(runs[:, 2])
    colour = runs[:, 7].astype(np.int64)
    run = facts[:, 2].astype(np.int64)
    codes = facts[:, 0].astype(np.int64)
    font = runs[:, 0].astype(np.int64)
    red, green, blue = ((colour >> bits) & 0xFF for bits in (24, 16, 8))
    em = (runs[:, 1] * runs[:, 2])[run] if len(runs) else facts[:, 4] * 0  # of level text, in points
    own = facts[:, 4] * em
    told = own > 0
    if len(runs):
        told = _leaning(places, own, facts[:, 1], em) & upright[run] & _believed(own, facts[:, 1], font[run])
    boxes, sizes = moved_boxes(places[:, (0, 2, 1, 3)]), np.abs(runs[:, 1]) * scale
    names = [str(font[0]) for font in drawn.fonts]
    flags = facts[:, 3].astype(np.int64)
    _decode(codes, flags, boxes, font[run] if len(runs) else run, names)
    if len(runs):
        codes = mended(codes, boxes, sizes[run], angles[run], font[run], names)
    glyphs = Glyphs(
        codes=codes,
        boxes=boxes,
        origins=moved(places[:, 4:6]),
        advances=np.where(told, own, np.where(upright[run], np.maximum(0.0, facts[:, 1]), 0.0)) if len(runs) else own,
        told=told,
        run=run,
        flags=flags,
        font=font,
        sizes=sizes,
        angles=angles,
        modes=runs[:, 6].astype(np.int64),
        opaque=(colour & 0xFF) > 12,
        dark=red * 3 + green * 6 + blue < 1600,
        greys=np.asarray(0.299 * red + 0.587 * green + 0.114 * blue, np.float64),
        places=runs[:, 8].astype(np.int64),
        fonts=tuple(Font(str(name), int(flags), int(weight), bool(kept)) for name, flags, weight, kept in drawn.fonts),
        width=width,
        height=height,
    )

    def plain(edges: Sequence[Sequence[float]]) -> list[list[float]]:
        found: list[list[float]] = moved_boxes(np.array(edges, np.float64).reshape(-1, 4)).tolist()
        return found

    pictures = zip(plain([edges[:4] for edges in drawn.pictures]), drawn.pictures, strict=True)
    bars = zip(plain([edges[:4] for edges in drawn.bars]), drawn.bars, strict=True)
    # A child that a file took over may say more than ours does.
    given = [link for link in drawn.links[:MOST_AREAS] if len(link[0]) <= LONGEST_TARGET]
    strikes = drawn.strikes[:MOST_AREAS]
    fields = zip(plain([[float(edge) for edge in edges] for _, *edges in drawn.fields]), drawn.fields, strict=True)
    links = zip(given, plain([link[1:] for link in given]), strict=True)
    return glyphs, Drawing(
        pictures=tuple((box[0], box[1], box[2], box[3], int(given[4])) for box, given in pictures),
        fields=tuple((str(given[0]), box[0], box[1], box[2], box[3]) for box, given in fields),
        stamps=tuple((box[0], box[1], box[2], box[3]) for box in plain(drawn.stamps)),
        bars=tuple((box[0], box[1], box[2], box[3], int(given[4])) for box, given in bars),
        links=tuple((link[0], box[0], box[1], box[2], box[3]) for link, box in links),
        strikes=tuple((box[0], box[1], box[2], box[3]) for box in plain(strikes)),
    )


def _decode(codes: Indices, flags: Indices, boxes: Numbers, fonts: Indices, names: Sequence[str]) -> None:
    """Characters in the place of the codes of fonts for formulas, where the encoding of such a font tells them.

    TeX's large symbols have codes as low as 0; what has ink is no space and no line break.
    """
    for number, name in enumerate(names):
        if not is_mathematical(name):
            continue
        encoding = encoding_of(name)
        inked = (codes <= 0x20) & (boxes[:, 3] - boxes[:, 1] > 1)
        asked = np.flatnonzero(
            (fonts == number) & ((flags & UNMAPPED > 0) | inked | (codes >= 0xF000) & (codes < 0xF900))
        )
        for index in asked.tolist():
            char = character(int(codes[index]), encoding, mapped=bool(codes[index] >= 0xF000))
            if char is not None:
                codes[index] = ord(char)
                flags[index] &= ~UNMAPPED
