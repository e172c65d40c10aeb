"""Which glyphs of a page are formulas: those of mathematical fonts, and what hangs on to them.

A formula in a line of text is found by the order of the content: a stretch of signs, figures, operators and names of
functions around letters of a mathematical font. Words, and marks that end a sentence, are not part of it. Displayed
formulas come as one or more such stretches, too; which of them belong together, the layout says.
"""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

import numpy as np

from octavo.formulas.fonts import is_only_mathematical, style_of
from octavo.formulas.signs import UNKNOWN, Bar, Sign, signs_of
from octavo.formulas.structure import latex_of
from octavo.formulas.symbols import FUNCTIONS, SYMBOLS, Kind
from octavo.frozen import frozen
from octavo.glyphs import INFERRED, Drawing, Flags, Glyphs, are_spaces
from octavo.glyphs.text import Shift, shifted

# In sizes of the type concerned.
_NEXT: Final = 0.5  # sideways, between signs of one formula: TeX sets up to 0.28 around a relation, stretched 0.4
_NEXT_RELATION: Final = 0.9  # beside a relation, whose room stretches with the line's
_NEXT_DOWN: Final = 0.9  # up or down: from a numerator to its denominator
_WORD_SPACE: Final = 0.27  # TeX's thin space is 0.167 (0.22 after a script), a word space 0.33, in a tight line 0.22
_FIGURE_SPACE: Final = 0.2  # the same between two figures, where a word space that is missed makes another number
_LONGEST_BAR: Final = 40.0  # rules beyond that are a table's
_AROUND_BAR: Final = 60  # glyphs drawn before and after a rule that may stand over and under it
_LOOSE: Final = 0.2  # a number farther than this from what is beside it is a word of its own
_SPACE: Final = 0.14  # as in `glyphs.spans`
_SMALL: Final = 0.85  # scripts are smaller than this
_SHIFTED: Final = 0.08  # and stand off the baseline by more than this
_RISE: Final = 0.2
_BEYOND: Final = 6.0  # points: a rule may reach so far beyond the ink of what it belongs to
MOST_GLYPHS: Final = 20_000  # on a page whose formulas are looked for
LONGEST: Final = 600  # glyphs of one formula

_ACCENTS = "˙¯ˆ˜¨´`ˇ˘˚"
_OPERATORS = frozenset(_ACCENTS + "=+-−<>/|()[]{}!:*×·±≤≥≈∼→∈,.;'")
_RELATIONS = frozenset("=<>≤≥≈∼≡∈⊂∝→≠+−±\u0338")
_ROOMY = (Kind.RELATION, Kind.BINARY, Kind.PUNCTUATION, Kind.OPENING, Kind.CLOSING, Kind.FENCE)
_ROOM = frozenset(char for char, (_, kind) in SYMBOLS.items() if kind in _ROOMY)
_OPERATORS_WITH_LIMITS = frozenset(char for char, (_, kind) in SYMBOLS.items() if kind in (Kind.LARGE, Kind.INTEGRAL))
_ROOM |= frozenset("\u0338\u27dd\u2e26\u2e27.…⋯")
_TRIMMED_RIGHT = frozenset(",.;:!-")
_PAIRS = {")": "(", "]": "[", "}": "{"}


@frozen
class Zone:
    """A stretch of glyphs that is a formula."""

    glyphs: tuple[int, ...]  # in the order of drawing
    pieces: tuple["Piece", ...]  # its characters, for those who read no LaTeX
    latex: str | None  # None where it is not sure
    baseline: float  # points, as all below
    size: float


@frozen
class Piece:
    """Characters of a formula that stand together; the box is that of their ink."""

    text: str
    left: float
    top: float
    right: float
    bottom: float


def zones(glyphs: Glyphs, drawing: Drawing, visible: Flags) -> list[Zone]:
    """The formulas in the lines of a page; none where no font is made for formulas."""
    fonts = np.array([is_only_mathematical(font.name) for font in glyphs.fonts] or [False], bool)
    if not fonts.any():
        return []
    seen = visible & (glyphs.flags & INFERRED == 0) & ~are_spaces(glyphs.codes)
    seen &= glyphs.angles[glyphs.run] == 0
    order = np.flatnonzero(seen)
    order = order[np.argsort(glyphs.places[glyphs.run[order]], kind="stable")]  # PDFium's own order mixes lines
    made = fonts[glyphs.font[glyphs.run[order]]]
    if not made.any() or len(order) > MOST_GLYPHS:
        return []
    bars = [Bar(*bar) for bar in drawing.bars]
    page = _Page(glyphs, order.tolist(), made.tolist(), bars)
    return [zone for stretch in page.stretches() if (zone := page.zone(stretch, bars)) is not None]


class _Page:
    """The glyphs of a page in the order of its content, as plain lists: the steps below go glyph by glyph."""

    def __init__(self, glyphs: Glyphs, order: list[int], made: list[bool], bars: Sequence[Bar]) -> None:
        self.order, self.made = order, made
        self.glyphs = glyphs
        boxes = glyphs.boxes[order]
        self.left: list[float] = boxes[:, 0].tolist()
        self.top: list[float] = boxes[:, 1].tolist()
        self.right: list[float] = boxes[:, 2].tolist()
        self.bottom: list[float] = boxes[:, 3].tolist()
        self.baseline: list[float] = glyphs.origins[order, 1].tolist()
        self.size: list[float] = np.maximum(glyphs.sizes[glyphs.run[order]], 0.1).tolist()
        fonts = [style_of(font.name) == "bf" for font in glyphs.fonts]
        slanted = np.array([style_of(font.name) == "" for font in glyphs.fonts], bool)
        self.slanted: list[bool] = slanted[glyphs.font[glyphs.run[order]]].tolist()
        self.bold = np.array(fonts, bool)[glyphs.font[glyphs.run[order]]].tolist()
        italic = np.array([font.italic for font in glyphs.fonts], bool)
        self.italic: list[bool] = italic[glyphs.font[glyphs.run[order]]].tolist()
        self.place: list[int] = glyphs.places[glyphs.run[order]].tolist()
        codes: list[int] = glyphs.codes[order].tolist()
        self.chars = [UNKNOWN if 0xD800 <= code < 0xE000 or code > 0x10FFFF else chr(code) for code in codes]
        self.accepted = self._accepted()
        self.near_left, self.near_right = list(self.left), list(self.right)
        self._widen(bars)

    def _widen(self, bars: Sequence[Bar]) -> None:
        """What stands over or under a fraction's rule is as near to its neighbours as the rule is."""
        for bar in bars:
            for i in range(*self._drawn_around(bar)):
                size = self.size[i]
                if not self.accepted[i] or bar.right - bar.left > _LONGEST_BAR * size:
                    continue
                away = max(bar.top - self.bottom[i], self.top[i] - bar.bottom)
                if away < _NEXT_DOWN * size and bar.left - 2 < self.left[i] and self.right[i] < bar.right + 2:
                    self.near_left[i] = min(self.near_left[i], bar.left)
                    self.near_right[i] = max(self.near_right[i], bar.right)

    def _drawn_around(self, bar: Bar) -> tuple[int, int]:
        at = bisect_left(self.place, bar.place)
        return max(0, at - _AROUND_BAR), min(len(self.place), at + _AROUND_BAR)

    def _accepted(self) -> list[bool]:
        """Whether a glyph may be part of a formula, if one is beside it."""
        chars, made = self.chars, self.made
        if self._has_no_letters():
            self._take_letters()
        for i, char in enumerate(chars):
            if not made[i] and ("\u0391" <= char <= "\u03a9" or char in "\u2126\u2206") and self._is_alone(i):
                made[i] = True  # TeX takes Greek capitals from its text font
        accepted = [made[i] or chars[i].isdigit() or chars[i] in _OPERATORS for i in range(len(chars))]
        count, i = len(chars), 0
        near = np.flatnonzero(np.array(made)).tolist()
        wanted = {j for i in near for j in range(max(0, i - 16), min(count, i + 17))}
        for i in sorted(wanted):
            if accepted[i] or not chars[i].isalpha():
                continue
            accepted[i] = self._is_script(i) or self._is_name(i)
        return accepted

    def _has_no_letters(self) -> bool:
        """Whether a page's formulas take their letters from its text font, as with txfonts and mathptmx."""
        signs = zip(self.made, self.slanted, self.chars, strict=True)
        return not any(made and slanted and char.isascii() and char.isalpha() for made, slanted, char in signs)

    def _take_letters(self) -> None:
        """Italic letters that stand alone, or two by two, among upright ones are of formulas."""
        count, i = len(self.chars), 0
        while i < count:
            end = i
            while (
                end < count
                and self.italic[end]
                and self.chars[end].isalpha()
                and (end == i or self._near(end - 1, end))
            ):
                end += 1
            if 0 < end - i <= 2 and not self._goes_on(i - 1, i) and not self._goes_on(end, end - 1):
                self.made[i:end] = [True] * (end - i)
            i = max(end, i + 1)

    def _goes_on(self, other: int, one: int) -> bool:
        """Whether an italic word stands beside a letter."""
        if (
            not 0 <= other < len(self.chars)
            or self.made[other]
            or not (self.italic[other] and self.chars[other].isalpha())
        ):
            return False
        return self._near(min(other, one), max(other, one), reach=1.0)

    def _near(self, first: int, second: int, reach: float = 0.14) -> bool:
        gap = self.left[second] - self.right[first]
        return -0.3 * self.size[second] < gap < reach * self.size[second] and self._level(first, second)

    def accepted_by_itself(self, i: int) -> bool:
        return self.made[i] or self.chars[i].isdigit()

    def _is_alone(self, i: int) -> bool:
        """Whether no letter that is not of a formula touches a glyph."""
        return not any(
            0 <= other < len(self.chars)
            and self.chars[other].isalpha()
            and not self.made[other]
            and self._touch(*sorted((i, other)))
            for other in (i - 1, i + 1)
        )

    def _is_script(self, i: int) -> bool:
        """Small, and off the baseline of the glyph before or after it, which is part of a formula."""
        for other in (i - 1, i + 1):
            if 0 <= other < len(self.made) and (self.made[other] or self.chars[other].isdigit()):
                small = self.size[i] < _SMALL * self.size[other]
                if small and abs(self.baseline[i] - self.baseline[other]) > _SHIFTED * self.size[other]:
                    return True
                if self.size[i] == self.size[other] and self.size[i] < _SMALL * self._around(i):
                    return True
        return False

    def _around(self, i: int) -> float:
        """The largest size of type around a glyph, in its own line."""
        beside = range(max(0, i - 6), min(len(self.size), i + 7))
        return max(self.size[j] for j in beside if abs(self.baseline[j] - self.baseline[i]) < 0.8 * self.size[j])

    def _is_name(self, i: int) -> bool:
        """Whether a letter is in the name of a function, or the d of an integral."""
        start = end = i
        while (
            start > 0 and self._touch(start - 1, start) and self.chars[start - 1].isalpha() and not self.made[start - 1]
        ):
            start -= 1
        while (
            end + 1 < len(self.chars)
            and self._touch(end, end + 1)
            and self.chars[end + 1].isalpha()
            and not self.made[end + 1]
        ):
            end += 1
        word = "".join(self.chars[start : end + 1])
        if len(word) == 1 and self.bold[i]:  # a vector
            return True
        if len(word) == 1:
            after = end + 1
            if after >= len(self.made) or self.left[after] - self.right[end] > 0.14 * self.size[end]:
                return False
            script = self.size[after] < _SMALL * self.size[end] and self.accepted_by_itself(after)
            return script or (self.made[after] and self._touch(end, after) and self.chars[after].isalpha())
        return word in FUNCTIONS

    def _touch(self, first: int, second: int) -> bool:
        return self._near(first, second)

    def _level(self, first: int, second: int) -> bool:
        return abs(self.baseline[first] - self.baseline[second]) < 0.1 * max(self.size[first], self.size[second])

    def _follows(self, first: int, second: int) -> bool:
        """Whether two glyphs are near enough to be of one formula."""
        size = max(self.size[first], self.size[second])
        across = max(self.near_left[second] - self.near_right[first], self.near_left[first] - self.near_right[second])
        down = max(self.top[second] - self.bottom[first], self.top[first] - self.bottom[second])
        reach = _NEXT_RELATION if self.chars[first] in _RELATIONS or self.chars[second] in _RELATIONS else _NEXT
        return across < reach * size and down < _NEXT_DOWN * size

    def stretches(self) -> list[list[int]]:
        """Glyphs that follow one another, may be of a formula, and have a sign of a mathematical font among them."""
        found: list[list[int]] = []
        stretch: list[int] = []
        for i, accepted in enumerate(self.accepted):
            joins = accepted and stretch and (self._follows(stretch[-1], i) or self._belongs(stretch, i))
            if joins and not self._is_word_apart(stretch, i):
                stretch.append(i)
                continue
            found.append(stretch)
            stretch = [i] if accepted else []
        found.append(stretch)
        trimmed = [self._trimmed(one) for one in found if any(self.made[i] for i in one)]
        return [one for one in trimmed if self._is_formula(one)]

    def _is_word_apart(self, stretch: Sequence[int], i: int) -> bool:
        """Whether a space lies between a stretch and the next glyph: TeX sets none that wide but beside operators."""
        last = stretch[-1]
        if self.chars[last] in _ROOM or self.chars[i] in _ROOM or self._is_in_name(last) or self._is_in_name(i):
            return False
        if any(self.chars[j] in _OPERATORS_WITH_LIMITS for j in stretch[-8:]):
            return False
        right = max(self.near_right[j] for j in stretch[-8:])
        figures = self.chars[last].isdigit() and self.chars[i].isdigit()
        least = _FIGURE_SPACE if figures else _WORD_SPACE
        gap: float = self.near_left[i] - right
        return gap > least * max(self.size[last], self.size[i])

    def _is_in_name(self, i: int) -> bool:
        return self.chars[i].isalpha() and not self.made[i]

    def _belongs(self, stretch: Sequence[int], i: int) -> bool:
        """Whether a glyph stands near any of the last ones: a denominator begins below its numerator's first sign."""
        return (
            any(self._follows(other, i) for other in stretch[-24:-1])
            and abs(self.baseline[i] - self.baseline[stretch[-1]]) < 4 * self.size[i]
        )

    def _is_formula(self, stretch: Sequence[int]) -> bool:
        """Whether there is a letter in it; figures with signs read well as they are."""
        if not stretch or len(stretch) > LONGEST:
            return False
        return any(self.made[i] and (self.chars[i].isalpha() or self.chars[i] in "∞∂∇√∑∏∫") for i in stretch)

    def _trimmed(self, stretch: list[int]) -> list[int]:
        """Without what belongs to the sentence: brackets around it, marks after it, numbers beside it."""
        before: list[int] = []
        while stretch != before:
            before = stretch
            stretch = self._cut_left(self._cut_right(self._unbracketed(stretch)))
        return stretch

    def _is_text(self, i: int) -> bool:
        return not self.made[i] and self.size[i] >= _SMALL * self._around(i)

    def _cut_right(self, stretch: list[int]) -> list[int]:
        if not stretch or not self._is_text(stretch[-1]):
            return stretch
        char = self.chars[stretch[-1]]
        if char in _TRIMMED_RIGHT or (char in _PAIRS and not self._opens(stretch, _PAIRS[char])):
            return stretch[:-1]
        if char in "([{":
            return stretch[:-1]
        return self._without_number(stretch, -1)

    def _cut_left(self, stretch: list[int]) -> list[int]:
        if not stretch or not self._is_text(stretch[0]):
            return stretch
        char = self.chars[stretch[0]]
        if char in ",.;:!'" or char in _PAIRS:
            return stretch[1:]
        closing = {"(": ")", "[": "]", "{": "}"}.get(char)
        if closing and not any(self.chars[i] == closing for i in stretch):
            return stretch[1:]
        return self._without_number(stretch, 0)

    def _opens(self, stretch: Sequence[int], opening: str) -> bool:
        """Whether the bracket that a stretch ends with has its partner in it."""
        depth = 0
        closing = self.chars[stretch[-1]]
        for i in reversed(stretch):
            if self.chars[i] == closing:
                depth += 1
            elif self.chars[i] == opening:
                depth -= 1
                if depth == 0:
                    return True
        return False

    def _without_number(self, stretch: list[int], end: int) -> list[int]:
        """Without a number at one end that stands apart."""
        step = 1 if end == 0 else -1
        members = stretch[::step]
        count = 0
        while (
            count < len(members)
            and (self.chars[members[count]].isdigit() or self.chars[members[count]] in ".,")
            and self._is_text(members[count])
        ):
            count += 1
        if not 0 < count < len(members):
            return stretch
        near, number = members[count], members[count - 1]
        gap = max(self.left[near] - self.right[number], self.left[number] - self.right[near])
        if gap < _LOOSE * self.size[number] or self.chars[near] in _ROOM:
            return stretch
        return members[count:][::step]

    def _unbracketed(self, stretch: list[int]) -> list[int]:
        """Without a pair of brackets around all of it: those are the sentence's."""
        if len(stretch) < 3 or not (self._is_text(stretch[0]) and self._is_text(stretch[-1])):
            return stretch
        opening, closing = self.chars[stretch[0]], self.chars[stretch[-1]]
        if _PAIRS.get(closing) != opening or any(self.made[i] and self.chars[i] == "," for i in stretch):
            return stretch  # (x, y) is a pair
        depth = 0
        for i in stretch[:-1]:
            depth += (self.chars[i] == opening) - (self.chars[i] == closing)
            if depth == 0:
                return stretch
        return stretch[1:-1]

    def zone(self, stretch: Sequence[int], bars: Sequence[Bar]) -> Zone | None:
        indices = [self.order[i] for i in stretch]
        signs = signs_of(self.glyphs, indices)
        if not signs:
            return None
        box = _box(signs)
        inside = [bar for bar in bars if _touches(bar, box)]
        built = latex_of(signs, inside)
        size, baseline = self._setting(stretch, built.baseline)
        latex = None if built.doubts or self._lacks_base(stretch, baseline) else built.latex
        return Zone(tuple(indices), tuple(pieces(signs, baseline, size)), latex, baseline, size)

    def _lacks_base(self, stretch: Sequence[int], baseline: float) -> bool:
        """Whether it begins with a script of something that is not part of it."""
        first = stretch[0]
        off = abs(self.baseline[first] - baseline) > _SHIFTED * self.size[first]
        before = first - 1
        if not off or before < 0 or self.size[first] > _SMALL * self.size[before]:
            return False
        return (
            self.left[first] - self.right[before] < 0.2 * self.size[before]
            and abs(self.baseline[before] - baseline) < 0.1 * self.size[before]
        )

    def _setting(self, stretch: Sequence[int], baseline: float) -> tuple[float, float]:
        """The size of the line, and its baseline: as the text beside the formula has them."""
        size = max(self.size[i] for i in stretch)
        for other in (stretch[0] - 1, stretch[-1] + 1):
            if 0 <= other < len(self.size) and abs(self.baseline[other] - baseline) < 0.35 * self.size[other]:
                near = max(self.left[other] - self.right[stretch[-1]], self.left[stretch[0]] - self.right[other])
                if near < 1.5 * self.size[other] and self.size[other] < 2 * size:
                    return max(size, self.size[other]), self.baseline[other]
        return size, baseline


def _box(signs: Sequence[Sign]) -> tuple[float, float, float, float]:
    return (
        min(sign.left for sign in signs),
        min(sign.top for sign in signs),
        max(sign.right for sign in signs),
        max(sign.bottom for sign in signs),
    )


def _touches(bar: Bar, box: tuple[float, float, float, float]) -> bool:
    left, top, right, bottom = box
    return left - _BEYOND < bar.left and bar.right < right + _BEYOND and top - 2 < bar.middle < bottom + 1


def pieces(signs: Sequence[Sign], baseline: float, size: float) -> list[Piece]:
    """The characters of a formula from left to right, cut at its gaps; raised and lowered figures as such."""
    found: list[Piece] = []
    for sign in sorted(signs, key=lambda sign: sign.left):
        small = sign.size < _SMALL * size
        rise = (baseline - sign.baseline) / size
        shift = None if not small else Shift.RAISED if rise > _RISE else Shift.LOWERED if rise < -_SHIFTED else None
        text = shifted(sign.char, shift)
        if found and sign.left - found[-1].right < _SPACE * size:
            last = found[-1]
            found[-1] = Piece(
                last.text + text,
                last.left,
                min(last.top, sign.top),
                max(last.right, sign.right),
                max(last.bottom, sign.bottom),
            )
        else:
            found.append(Piece(text, sign.left, sign.top, sign.right, sign.bottom))
    return [piece for piece in found if piece.text]
