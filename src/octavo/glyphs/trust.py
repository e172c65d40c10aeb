"""Whether the text a PDF page carries is the text one sees on it. Pure.

Three questions, each answered from what cannot lie. Is it visible: how it is drawn, what is drawn over it, and whether
there is ink where it says it stands. Is it spelled right: a font's table from glyphs to characters may be missing or
wrong, but the shapes give it away (letters that should rise above the others do not, wide ones are narrow), and so do
the letters' neighbours. Is it in order: right-to-left scripts have letters that only end words.
"""

import re
import statistics
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from octavo.document import Outlines, Picture, Pixels, TextLayer, TextLine, Trust, pixels_of
from octavo.formulas.page import notation_of, spelled_out, stood_for, understood
from octavo.frozen import frozen
from octavo.geometry import SCALE, Box
from octavo.glyphs import (
    CLIP_MODE,
    HYPHEN,
    INVISIBLE_MODE,
    UNMAPPED,
    WIDTHS,
    Drawing,
    Flags,
    Glyphs,
    Numbers,
    are_spaces,
)
from octavo.glyphs.lines import lines
from octavo.glyphs.outlines import are_seen
from octavo.glyphs.scripts import Script, script_of
from octavo.glyphs.styles import Overdrawn
from octavo.glyphs.text import PRIVATE
from octavo.opencv import cv2

# Shares of a page's characters.
MOSTLY: Final = 0.5  # hidden: the layer is for searching, not for reading
TOO_MANY_GARBLED: Final = 0.3  # of the characters: the layer cannot be believed
BAD_CHARACTERS: Final = 0.3  # of a font: it cannot be believed
BAD_IN_LINE: Final = 0.2  # of a line: it is read from the picture
MIXED_WORDS: Final = 0.2  # words of two alphabets; ordinary text has one in a hundred
EXTENDED_LATIN: Final = 0.35  # of the letters; Vietnamese, the richest in them, writes 0.25 beyond Latin-1
ACCENTED_LATIN: Final = 0.4  # of the letters; the same of Latin-1's, where Cyrillic and Arabic were told in its codes
COMMON_LETTERS: Final = 0.5  # of a text in Arabic or Hebrew letters: those below make up 0.7 of one, of a cipher 0.4
RARE_HAN: Final = 0.06  # less than that of the commonest 200 characters is no Chinese or Japanese; prose has 0.5

# What a font must show before it is judged.
FEWEST_LETTERS: Final = 40  # letters of a font
FEWEST_KINDS: Final = 8  # different letters
FEWEST_PAIRS: Final = 40  # pairs of neighbouring letters

COMMON_PAIRS: Final = 0.45  # share of neighbours among the commonest pairs: prose 0.7 to 0.9, a cipher of it 0.3
SAME_HEIGHT: Final = 0.7  # share of capitals as high as the typical capital
TALLER: Final = 0.75  # chance that a letter that should rise above another does
WIDTHS_AGREE: Final = 0.4  # correlation with the widths of ordinary faces, which among those is 0.9

FIELD_LINE: Final = 16.2  # points from one line of a field to the next, at most: type of 12 in readers' leading
EDGE: Final = 24  # of 255: less contrast than this is not ink
DARK: Final = 70  # of 255: bars that hide text are darker
BEYOND: Final = 4.0  # pixels that such a bar goes on behind a glyph: no stroke is as wide there
# Where a rectangle is looked at first, in shares of its width and height: strokes and gaps are at other places in each.
_LOOKED_AT: Final = ((0.5, 0.0), (0.0, 0.5), (1.0, 0.5), (0.5, 0.5), (0.25, 0.75), (0.75, 0.25), (1.0, 1.0), (0.0, 0.0))
PICTURE_SHARE: Final = 0.0005  # of the page: smaller rasters are icons and rules

# The commonest pairs of letters of the European languages in Latin script, counted over running text.
_PAIRS = (
    "th he in er an re nd on en at ou ed ha to or it is hi es ng st ar te se me ve of ti nt al as le ne ro ea io de "
    "ra ri ce li co ta la ll si ic el ch no us ec il om ma fo na ho be un ca ss di wa ee pe tr et ai ur ct ut so ow "
    "sa em mo ei ie sc ge ns rt au eu ig zu uf ab vo da du do ad os ac ci ue qu pa po pr am id ol ir op im su up ul "
    "tu ag gi go gr ly ry ty ny ay ey sh wi we wh oo ot od ld rd rs ts ls ds ck cl cr cu br bl bu by ff fi fr fe fa "
    "pl ph iv av ov ev uc ud ui um ua ub tt mm nn rr pp cc gh ga gl gu mp mi mu my mb nc nf ni nk nm nu nv ob oc og "
    "ok oi oa oe ap ak af aw ax ek ef eg ep ex iz ze za zi ka ke ki lt lo lu lf lk ms rk rl rm rn rc rg ru va vi vr "
    "ej je ju ja jo ij aa uu sz cz rz sk sp sl sm sn sw tw kn kt ks ko ku hr ht hn hm hl ft ws wn wo"
)
PAIRS = np.zeros((26, 26), bool)
for _pair in _PAIRS.split():
    PAIRS[ord(_pair[0]) - 0x61, ord(_pair[1]) - 0x61] = True

SHORT, TALL, DEEP = frozenset("acemnorsuvwxz"), frozenset("bdfhkl"), frozenset("gpqy")

# The commonest characters of Chinese (both scripts) and Japanese texts, kana excluded.
_HAN = (
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经"
    "么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已工使情明性知全三"
    "又关点正业外将两高間問題時間後會個來說國這們對為發經過學現開關長機業與實進動見東西南北月火水木金土年万円同社市区電話番号文字書"
    "用量物品名表号额合计单位项目数据系统管理公司金融服务信息技术员工资产期末价值报告内容方法结果研究分析设计标准质量安全"
)

# The commonest letters of texts in Arabic, Persian and Urdu, and of those in Hebrew: 15 of 40, and 12 of 27.
_COMMON: Final = {
    Script.ARABIC: frozenset("اليىیمنورتبدهک"),
    Script.HEBREW: frozenset("יוהלאתמרבשנם"),
}

HAN = np.array([ord(char) for char in _HAN], np.int64)

# A letter lost in a word (an old font's "fi", mostly); by itself, or at a word's edge, it is a bullet or an icon.
TORN = re.compile(r"\ufffd\w|\w\ufffd|\w[\ue000-\uf8ff]\w")

FINALS = frozenset("ךםןףץةى")  # Hebrew and Arabic letters that only end words


@frozen
class _Letters:
    """What the shapes of one font's letters look like: one entry per kind of letter."""

    kinds: str
    tops: Numbers  # above the baseline, ems
    bottoms: Numbers  # below it
    widths: Numbers


def judged(
    glyphs: Glyphs, drawing: Drawing, picture: Picture, dpi: float, outlines: Outlines | None = None
) -> TextLayer:
    """The lines of a page's text layer with the verdict on them.

    The picture is looked at unless `outlines` say all that is drawn besides the text, and that it can be seen.
    """
    pictures = tuple(_pictures(glyphs, drawing))
    real = glyphs.drawn() & ~are_spaces(glyphs.codes)
    written = _field_lines(glyphs, drawing)
    stamps = tuple(glyphs.unit_box(*box) for box in drawing.stamps)
    if not real.any():
        if written:
            return TextLayer(Trust.TRUSTED, "filled form fields", written, stamps, pictures)
        return TextLayer(Trust.ABSENT, "no text", (), stamps, pictures)
    on_page = np.asarray(_on_page(glyphs) & real)
    sure = outlines is not None and are_seen(glyphs, on_page, outlines, dpi)
    inked = on_page if sure else _inked(glyphs, pixels_of(picture), dpi)
    undrawn = _undrawn(glyphs)
    hidden = np.asarray(undrawn | _covered(glyphs, drawing) | ~(inked | _font_missing(glyphs)))
    visible = on_page & ~hidden
    # Hidden text with ink where it stands repeats what one sees (a scan); without, it is nothing on the page at all.
    repeated = on_page & hidden & inked
    # In a colour that stands out from the paper: neither a layer for searching nor white on white.
    meant = on_page & ~undrawn & glyphs.dark[glyphs.run]
    buried = int((meant & ~visible & ~inked).sum())
    buried = buried if buried > MOSTLY * meant.sum() else 0
    overdrawn = Overdrawn.of(glyphs, drawing)
    stood = stood_for(glyphs, drawing, visible)
    made = lines(stood.glyphs, stood.visible | are_spaces(stood.glyphs.codes), overdrawn)
    found = tuple(spelled_out(line, stood) for line in made)
    if not visible.any() or repeated.sum() > MOSTLY * (repeated | visible).sum():
        reason = f"{_percent(on_page & hidden, on_page)} of the characters are drawn so that nobody sees them"
        everything = tuple(lines(glyphs, np.ones(len(glyphs), bool)))
        return TextLayer(Trust.INVISIBLE, reason, everything, stamps, pictures, buried=buried)
    bad, reasons = _bad(glyphs, visible & ~understood(glyphs))
    lines_all = found + written
    if bad.sum() > TOO_MANY_GARBLED * visible.sum():
        reason = f"{_percent(bad, visible)} of the characters cannot be believed: {reasons}"
        return TextLayer(Trust.GARBLED, reason, lines_all, stamps, pictures)
    mixed = _mixed_words(found)
    if mixed > MIXED_WORDS:
        return TextLayer(Trust.GARBLED, f"{mixed:.0%} of the words mix alphabets", lines_all, stamps, pictures)
    if _turned_around(found):
        return TextLayer(Trust.DISORDERED, "words begin with letters that only end them", lines_all, stamps, pictures)
    doubtful = stamps + tuple(_doubtful_lines(glyphs, found, bad))
    if repeated.any():
        doubtful += tuple(line.box for line in lines(glyphs, repeated))
    reason = f"{int(visible.sum())} visible characters" + (f", {reasons}" if reasons else "")
    notation = notation_of(glyphs, drawing, visible)
    return TextLayer(Trust.TRUSTED, reason, lines_all, doubtful, pictures, notation, buried)


def _percent(part: Flags, whole: Flags) -> str:
    return f"{part.sum() / max(1, whole.sum()):.0%}"


# --- visible? -----------------------------------------------------------------------------------------------------


def _on_page(glyphs: Glyphs) -> Flags:
    centres = (glyphs.boxes[:, 0:2] + glyphs.boxes[:, 2:4]) / 2
    return np.asarray(np.all((centres >= 0) & (centres <= (glyphs.width, glyphs.height)), axis=1), np.bool_)


def _undrawn(glyphs: Glyphs) -> Flags:
    """By its render mode, or in a colour that lets everything through."""
    unseen = np.isin(glyphs.modes, (INVISIBLE_MODE, CLIP_MODE)) | (~glyphs.opaque & np.isin(glyphs.modes, (0, 4)))
    named = np.array(["glyphless" in font.name.lower() for font in glyphs.fonts], bool)[glyphs.font]
    hidden: Flags = (unseen | named)[glyphs.run]
    return hidden


def _covered(glyphs: Glyphs, drawing: Drawing) -> Flags:
    """Under a picture that was drawn later."""
    covered = np.zeros(len(glyphs), bool)
    places = glyphs.places[glyphs.run]
    x, y = ((glyphs.boxes[:, 0:2] + glyphs.boxes[:, 2:4]) / 2).T
    for left, top, right, bottom, place in drawing.pictures:
        if (right - left) * (bottom - top) > 0.02 * glyphs.width * glyphs.height:
            covered |= (places >= 0) & (places < place) & (x > left) & (x < right) & (y > top) & (y < bottom)
    return covered


def _inked(glyphs: Glyphs, pixels: Pixels, dpi: float) -> Flags:
    """Whether anything is drawn where a glyph stands: white on white, clipped and hidden text leaves no edge.

    At the end of a bar there is an edge, but it is the bar's: what lies in one dark area that goes on beyond it is not
    seen.
    """
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    edges = _Seen(cv2.morphologyEx(grey, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > EDGE)
    light = _Seen(np.asarray(grey >= DARK))
    left, top, right, bottom = glyphs.boxes.T * (dpi / 72)
    upper, lower = top + 1, bottom - 1
    to_the_right = light.within(left + 1, upper, right + BEYOND, lower)
    to_the_left = light.within(left - BEYOND, upper, right - 1, lower)
    return np.asarray(edges.within(left, top, right, bottom) & to_the_right & to_the_left)


@frozen
class _Seen:
    """Some pixels of a picture, of which is asked whether there are any in a rectangle."""

    pixels: Flags

    def within(self, left: Numbers, top: Numbers, right: Numbers, bottom: Numbers) -> Flags:
        """Whether there is any of them in each rectangle, which is a pixel large at least.

        A few pixels of each are all but always enough to tell: counting those of a page takes three times as long.
        """
        height, width = self.pixels.shape
        x0 = np.clip(np.floor(left), 0, width - 1).astype(np.int64)
        y0 = np.clip(np.floor(top), 0, height - 1).astype(np.int64)
        x1 = np.clip(np.ceil(right), x0 + 1, width).astype(np.int64)
        y1 = np.clip(np.ceil(bottom), y0 + 1, height).astype(np.int64)
        found = np.zeros(len(x0), bool)
        unsure = np.arange(len(x0))
        for across, down in _LOOKED_AT:
            x = x0[unsure] + (across * (x1 - x0 - 1)[unsure]).astype(np.int64)
            y = y0[unsure] + (down * (y1 - y0 - 1)[unsure]).astype(np.int64)
            found[unsure] = self.pixels[y, x]
            unsure = unsure[~found[unsure]]
        if ((x1 - x0) * (y1 - y0))[unsure].sum() < self.pixels.size:
            places = np.stack([x0, y0, x1, y1])[:, unsure].T.tolist()
            found[unsure] = [self.pixels[upper:lower, first:end].any() for first, upper, end, lower in places]
        else:  # more than a page's: many letters that cover each other, or are not there
            total = cv2.integral(self.pixels.view(np.uint8))  # of all above and left of each corner of a pixel
            found = total[y1, x1] - total[y0, x1] - total[y1, x0] + total[y0, x0] > 0
        return found


def _font_missing(glyphs: Glyphs) -> Flags:
    """Characters of scripts this machine may have no font for, in fonts the PDF leaves to the machine."""
    left_out = np.array([not font.embedded for font in glyphs.fonts], bool)[glyphs.font] & glyphs.dark
    missing: Flags = left_out[glyphs.run] & (glyphs.codes >= 0x590)
    return missing


def _pictures(glyphs: Glyphs, drawing: Drawing) -> Iterator[Box]:
    for left, top, right, bottom, _ in drawing.pictures:
        box = glyphs.unit_box(left, top, right, bottom)
        if box.area > PICTURE_SHARE * SCALE * SCALE:
            yield box


def _field_lines(glyphs: Glyphs, drawing: Drawing) -> tuple[TextLine, ...]:
    """Form fields are drawn from their values, which are text as good as any."""
    found = []
    for text, left, top, right, bottom in drawing.fields:
        rows = [row.strip() for row in text.replace("\r\n", "\n").replace("\r", "\n").split("\n") if row.strip()]
        height = (bottom - top) / max(1, len(rows))
        height = height if len(rows) < 2 else min(height, FIELD_LINE)  # they begin at its top
        for index, row in enumerate(rows):
            box = glyphs.unit_box(left, top + index * height, right, top + (index + 1) * height)
            found.append(TextLine(box, row, font_size=round(min(height * 0.75, 12.0), 2), field=True))
    return tuple(found)


# --- spelled right? -----------------------------------------------------------------------------------------------


def _bad(glyphs: Glyphs, visible: Flags) -> tuple[Flags, str]:
    """Characters that cannot be believed, and why."""
    suspicious = visible & _no_character(glyphs)
    bad = suspicious.copy()
    reasons: list[str] = []
    fonts = glyphs.font[glyphs.run]
    upright = glyphs.angles[glyphs.run] == 0
    for font in np.flatnonzero(np.bincount(fonts[visible])):
        mine = visible & (fonts == font)
        reason = ""
        if suspicious[mine].sum() > BAD_CHARACTERS * mine.sum():
            reason = "a font without character codes"
        else:
            reason = _cipher(glyphs, np.flatnonzero(mine), np.flatnonzero(mine & upright))
        if reason:
            bad |= mine
            reasons.append(reason)
    return bad, ", ".join(dict.fromkeys(reasons))


def _no_character(glyphs: Glyphs) -> Flags:
    codes = glyphs.codes
    private = ((codes >= 0xE000) & (codes < 0xF900)) | (codes >= 0xF0000)
    control = (codes < 0x20) | ((codes >= 0x7F) & (codes < 0xA0))
    nothing = (codes >= 0xFFF0) & (codes <= 0xFFFF)
    surrogate = (codes >= 0xD800) & (codes < 0xE000)
    bad: Flags = (glyphs.flags & UNMAPPED > 0) | private | control | nothing | surrogate
    if bad.any():
        bad &= ~(np.isin(codes, (*PRIVATE, 0x2, 0xFFFE)) | (glyphs.flags & HYPHEN > 0))
    return bad


def _cipher(glyphs: Glyphs, members: NDArray[np.int64], upright: NDArray[np.int64]) -> str:
    """Why a font's letters are not the letters they are said to be; "" where they are, or nobody can tell."""
    codes = glyphs.codes[members]
    han = codes[(codes >= 0x4E00) & (codes < 0xA000)]
    if len(han) >= FEWEST_LETTERS:
        common = np.isin(han, HAN).mean()
        kana = ((codes >= 0x3040) & (codes < 0x3100)).sum() / len(han)
        if common < RARE_HAN and kana < 0.1:
            return "Chinese characters that no text is made of"
    if ((codes >= 0x590) & (codes < 0x700)).any() or (codes >= 0xFB1D).any():
        spelled = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", "".join(map(chr, codes.tolist()))))
        for script, common in _COMMON.items():
            own = [letter for letter in spelled if letter.isalpha() and script_of(ord(letter)) is script]
            if len(own) >= FEWEST_LETTERS and sum(letter in common for letter in own) < COMMON_LETTERS * len(own):
                return "letters that no text is made of"
    lower = np.where((codes >= 0x41) & (codes <= 0x5A), codes + 0x20, codes)
    plain = (lower >= 0x61) & (lower <= 0x7A)
    latin = codes[plain | ((codes >= 0xC0) & (codes < 0x250)) | ((codes >= 0x1E00) & (codes < 0x1F00))]
    if len(latin) < FEWEST_LETTERS:
        return ""
    if ((latin >= 0x100) & (latin < 0x250)).mean() > EXTENDED_LATIN:
        return "letters of no language's mixture"
    if ((latin >= 0xC0) & (latin < 0x100)).mean() > ACCENTED_LATIN:
        return "letters of another script's code"
    # Two of three are against it: what takes longest is looked at where it decides.
    pairs = _pairs_disagree(lower[plain] - 0x61, np.flatnonzero(plain))
    letters = _letters(glyphs, upright)
    if letters is None:
        return ""
    heights = _heights_disagree(letters)
    against = (pairs and heights) or ((pairs or heights) and _widths_disagree(letters))
    return "letters that have other letters' shapes" if against else ""


def _letters(glyphs: Glyphs, members: NDArray[np.int64]) -> _Letters | None:
    """The kinds of letters in a font, if there are enough."""
    codes = glyphs.codes[members]
    plain = members[((codes >= 0x41) & (codes <= 0x5A)) | ((codes >= 0x61) & (codes <= 0x7A))]
    first = np.full(0x80, -1)
    first[glyphs.codes[plain][::-1]] = plain[::-1]  # what is set last stays: the first of each
    kinds = np.flatnonzero(first >= 0)
    if len(kinds) < FEWEST_KINDS:
        return None
    chosen = first[kinds]
    size = np.maximum(glyphs.sizes[glyphs.run[chosen]], 0.1)
    boxes, baseline = glyphs.boxes[chosen], glyphs.origins[chosen, 1]
    advances = glyphs.advances[chosen]
    return _Letters(
        "".join(map(chr, kinds.tolist())),
        (baseline - boxes[:, 1]) / size,
        (boxes[:, 3] - baseline) / size,
        np.where(advances > 0, advances, boxes[:, 2] - boxes[:, 0]) / size,
    )


def _heights_disagree(letters: _Letters) -> bool:
    place = {kind: index for index, kind in enumerate(letters.kinds)}
    short = [place[kind] for kind in letters.kinds if kind in SHORT]
    tall = [place[kind] for kind in letters.kinds if kind in TALL]
    deep = [place[kind] for kind in letters.kinds if kind in DEEP]
    capitals = [place[kind] for kind in letters.kinds if kind.isupper() and kind not in "JQ"]
    if len(short) >= 4 and len(tall) + len(deep) >= 3:
        rises = _above(letters.tops[tall], letters.tops[short])
        sinks = _above(letters.bottoms[deep], letters.bottoms[short])
        return (rises * len(tall) + sinks * len(deep)) / (len(tall) + len(deep)) < TALLER
    if len(capitals) >= 6:
        tops = letters.tops[capitals]
        usual = statistics.median(tops.tolist())
        return bool((np.abs(tops - usual) < 0.12 * usual).mean() < SAME_HEIGHT)
    return False


def _widths_disagree(letters: _Letters) -> bool:
    expected = np.array([WIDTHS[kind] for kind in letters.kinds], np.float64)
    proportional = letters.widths.std() > 0.05 and expected.std() > 50
    return bool(proportional and np.corrcoef(letters.widths, expected)[0, 1] < WIDTHS_AGREE)


def _above(those: Numbers, others: Numbers) -> float:
    """The chance that one of those is larger than one of the others, by more than drawing's tolerance."""
    return float((those[:, None] > others[None, :] + 0.04).mean()) if len(those) else 1.0


def _pairs_disagree(letters: NDArray[np.int64], places: NDArray[np.int64]) -> bool:
    """By its neighbours. Pairs across the end of a line add noise, in every text equally."""
    together = np.diff(places) == 1
    if together.sum() < FEWEST_PAIRS:
        return False
    return bool(PAIRS[letters[:-1][together], letters[1:][together]].mean() < COMMON_PAIRS)


def _mixed_words(found: Sequence[TextLine]) -> float:
    """Share of words with letters of two alphabets. One Greek letter in a Latin word is mathematics."""
    mixed = total = 0
    words = [word.text for line in found for word in line.words]
    for text in words:
        if not text.isascii():
            scripts = Counter(script_of(ord(char)) for char in text if ord(char) >= 0xC0 or char.isalpha())
            letters = {script for script in scripts if script not in (Script.COMMON, Script.CJK)}
            total += bool(letters) and sum(scripts.values()) > 1
            mixed += len(letters) > 1 and sum(scripts.values()) > 2 and not letters <= {Script.LATIN, Script.GREEK}
    if mixed:
        total += sum(text.isascii() and len(text) > 1 and text[:2].isalpha() for text in words)
    return mixed / total if total >= 20 else 0.0


def _doubtful_lines(glyphs: Glyphs, found: Sequence[TextLine], bad: Flags) -> Iterator[Box]:
    if not bad.any():
        return
    centres = (glyphs.boxes[:, 0:2] + glyphs.boxes[:, 2:4]) / 2 / (glyphs.width, glyphs.height) * SCALE
    spots = centres[bad]
    for line in found:
        box = line.box
        inside = (
            (spots[:, 0] >= box.left)
            & (spots[:, 0] <= box.right)
            & (spots[:, 1] >= box.top)
            & (spots[:, 1] <= box.bottom)
        ).sum()
        torn = any(TORN.search(word.text) for word in line.words)
        if torn or inside > BAD_IN_LINE * max(1, sum(len(word.text) for word in line.words)):
            yield box


# --- in order? ----------------------------------------------------------------------------------------------------


def _turned_around(found: Sequence[TextLine]) -> bool:
    """Right-to-left words spelled from left to right: their last letters come first."""
    first = last = 0
    for line in found:
        for word in line.words if not (line.text or "").isascii() else ():
            letters = [char for char in word.text if script_of(ord(char)) in (Script.HEBREW, Script.ARABIC)]
            if len(letters) > 1:
                first += letters[0] in FINALS
                last += letters[-1] in FINALS
    return first > 2 and first > last
