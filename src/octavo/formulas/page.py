"""The formulas of a page's text layer: in its lines, and for whoever asks what is drawn in a region."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Final

import numpy as np

from octavo.content import Run, Runs, plain_run
from octavo.document import InlineFormula, TextLine, Word
from octavo.formulas.fonts import SIGNS, is_mathematical, is_only_mathematical
from octavo.formulas.signs import Bar, signs_of
from octavo.formulas.structure import latex_of
from octavo.formulas.zones import Zone, zones
from octavo.frozen import frozen
from octavo.geometry import SCALE, Box
from octavo.glyphs import UNMAPPED, Drawing, Flags, Glyphs, Numbers, are_spaces

_STAND_IN: Final = 0xF0000  # a formula's code while lines are found: no character has it (Unicode's private plane 15)
_LAST: Final = 0xFFFFD
_SILENT: Final = 0xFEFF
_BEYOND: Final = 6.0  # points: a rule may reach so far beyond the ink of what it belongs to
_MOST_SIGNS: Final = 1500  # of one formula; a display over half a page has 400


def understood(glyphs: Glyphs) -> Flags:
    """The glyphs of fonts for formulas whose meaning is known, though the PDF may not say it. They spell no words."""
    fonts = np.array([is_only_mathematical(font.name) for font in glyphs.fonts] or [False], bool)
    if not fonts.any():
        return np.zeros(len(glyphs), bool)
    known: Flags = fonts[glyphs.font[glyphs.run]]
    known &= (glyphs.flags & UNMAPPED == 0) & (glyphs.codes >= 0x20)
    return known


# --- formulas in lines ------------------------------------------------------------------------------------------------


@frozen
class StoodFor:
    """A page's glyphs with each formula as one glyph, from which lines are made; and the formulas."""

    glyphs: Glyphs
    visible: Flags
    zones: Sequence[Zone]


def stood_for(glyphs: Glyphs, drawing: Drawing, visible: Flags) -> StoodFor:
    """Each formula of the lines as one glyph that stands on their baseline: its pieces are no lines of their own."""
    found = zones(glyphs, drawing, visible)[: _LAST - _STAND_IN]
    if not found:
        return StoodFor(glyphs, visible, ())
    codes, boxes, origins = glyphs.codes.copy(), glyphs.boxes.copy(), glyphs.origins.copy()
    advances, run, flags, shown = glyphs.advances.copy(), glyphs.run.copy(), glyphs.flags.copy(), visible.copy()
    told = glyphs.told.copy()
    runs: list[int] = []
    for number, zone in enumerate(found):
        members = list(zone.glyphs)
        first, last = min(members), max(members)
        edges = boxes[members]
        box = (edges[:, 0].min(), edges[:, 1].min(), edges[:, 2].max(), edges[:, 3].max())
        between = np.arange(first, last + 1)
        within = (origins[between, 0] >= box[0]) & (origins[between, 0] < box[2]) & are_spaces(codes[between])
        codes[between[within]] = _SILENT
        shown[members] = False
        runs.append(int(run[first]))
        codes[first], boxes[first], origins[first] = _STAND_IN + number, box, (box[0], zone.baseline)
        advances[first], told[first], flags[first], shown[first] = box[2] - box[0], False, 0, True
        run[first] = len(glyphs.font) + number
    made = replace(
        glyphs,
        codes=codes,
        boxes=boxes,
        origins=origins,
        advances=advances,
        told=told,
        run=run,
        flags=flags,
        font=np.concatenate([glyphs.font, glyphs.font[runs]]),
        sizes=np.concatenate([glyphs.sizes, [zone.size for zone in found]]),
        angles=np.concatenate([glyphs.angles, np.zeros(len(found))]),
        modes=np.concatenate([glyphs.modes, glyphs.modes[runs]]),
        opaque=np.concatenate([glyphs.opaque, glyphs.opaque[runs]]),
        dark=np.concatenate([glyphs.dark, glyphs.dark[runs]]),
        places=np.concatenate([glyphs.places, glyphs.places[runs]]),
    )
    return StoodFor(made, shown, found)


def spelled_out(line: TextLine, stood: StoodFor) -> TextLine:
    """A line with the characters of its formulas, where glyphs stand for them."""
    if not stood.zones or line.text is None or not any(map(_stands_in, line.text)):
        return line
    words: list[Word] = []
    formulas: list[InlineFormula] = []
    text = ""
    width = 0.0
    for word in line.words:
        text += " " if text else ""
        for part in _parts(word, stood):
            if isinstance(part, Zone):
                box = _box_of(part, stood.glyphs)
                width += box.width
                start = len(text)
                text += " ".join(piece.text for piece in part.pieces)
                if part.latex is not None and len(text) > start:
                    formulas.append(InlineFormula(start, len(text), part.latex))
            else:
                text += part
        words += _words(word, stood)
    share = width / line.box.width if line.box.width else 0.0
    return replace(
        line,
        text=text,
        words=tuple(words),
        runs=tuple(_runs(line.runs, stood)),
        formulas=tuple(formulas),
        notation=min(1.0, share),
    )


def _runs(runs: Runs, stood: StoodFor) -> Iterator[Run]:
    """The runs of a line with the characters of its formulas, which are in no style."""
    for run in runs:
        for formula, chars in groupby(run.text, key=_stands_in):
            if formula:
                found = [stood.zones[ord(char) - _STAND_IN] for char in chars]
                yield plain_run("".join(" ".join(piece.text for piece in zone.pieces) for zone in found))
            else:
                yield replace(run, text="".join(chars))


def _stands_in(char: str) -> bool:
    return _STAND_IN <= ord(char) <= _LAST


def _parts(word: Word, stood: StoodFor) -> Iterator[str | Zone]:
    for char in word.text:
        yield stood.zones[ord(char) - _STAND_IN] if _stands_in(char) else char


def _words(word: Word, stood: StoodFor) -> Iterator[Word]:
    """A word with formulas in it, cut where they have gaps."""
    made: list[Word] = []
    glue = ""
    for part in _parts(word, stood):
        if isinstance(part, str):
            if made:
                made[-1] = Word(made[-1].text + part, made[-1].box)
            else:
                glue += part
            continue
        boxes = [stood.glyphs.unit_box(piece.left, piece.top, piece.right, piece.bottom) for piece in part.pieces]
        new = [Word(piece.text, box) for piece, box in zip(part.pieces, boxes, strict=True)]
        if new and made:
            made[-1] = Word(made[-1].text + new[0].text, made[-1].box.joined(new[0].box))
            new = new[1:]
        elif new and glue:
            new[0], glue = Word(glue + new[0].text, new[0].box), ""
        made += new
    if not made:
        return iter([Word(glue, word.box)] if glue else [])
    first, last = made[0], made[-1]
    made[0] = Word(first.text, replace(first.box, left=min(first.box.left, word.box.left)))
    last = made[-1]
    made[-1] = Word(last.text, replace(last.box, right=max(last.box.right, word.box.right)))
    return iter(made)


def _box_of(zone: Zone, glyphs: Glyphs) -> Box:
    left, top, right, bottom = glyphs.boxes[min(zone.glyphs)].tolist()
    return glyphs.unit_box(left, top, right, bottom)


# --- formulas of regions ----------------------------------------------------------------------------------------------


class PageNotation:
    """The glyphs and rules of a page, to rebuild what is drawn in a region."""

    def __init__(self, glyphs: Glyphs, drawing: Drawing, visible: Flags) -> None:
        self._glyphs = glyphs
        self._order = np.flatnonzero(visible & (glyphs.angles[glyphs.run] == 0) & ~are_spaces(glyphs.codes))
        scale = np.array((SCALE / glyphs.width, SCALE / glyphs.height))
        boxes = glyphs.boxes[self._order]
        self._middles: Numbers = (boxes[:, 0:2] + boxes[:, 2:4]) / 2 * scale
        self._bars = [Bar(*bar) for bar in drawing.bars]
        self._scale = scale

    def latex(self, boxes: Sequence[Box]) -> tuple[str | None, str]:
        """What is drawn in these boxes as LaTeX, or None and why it is not sure."""
        x, y = self._middles.T
        inside = np.zeros(len(self._order), bool)
        for box in boxes:
            inside |= (x >= box.left) & (x <= box.right) & (y >= box.top) & (y <= box.bottom)
        signs = signs_of(self._glyphs, self._order[inside].tolist())
        if not 0 < len(signs) <= _MOST_SIGNS:
            return None, "no signs of it are in the text layer" if not signs else f"{len(signs)} signs in one formula"
        around = Box.around(boxes)
        bars = [bar for bar in self._bars if self._is_in(bar, around)]
        built = latex_of(signs, bars)
        return (None, "; ".join(built.doubts)) if built.doubts else (built.latex, "")

    def _is_in(self, bar: Bar, box: Box) -> bool:
        across, down = float(self._scale[0]), float(self._scale[1])
        left, right, middle = bar.left * across, bar.right * across, bar.middle * down
        beyond, margin = _BEYOND * across, 2 * down
        return (
            box.left - beyond < left and right < box.right + beyond and box.top - margin < middle < box.bottom + margin
        )


def notation_of(glyphs: Glyphs, drawing: Drawing, visible: Flags) -> PageNotation | None:
    """None where no font of the page is made for formulas, and no sign stands on it that only formulas have."""
    if not any(is_mathematical(font.name) for font in glyphs.fonts) and not np.isin(glyphs.codes, tuple(SIGNS)).any():
        return None
    return PageNotation(glyphs, drawing, visible)
