"""A region's text from the page's own text layer, where that can be trusted there.

The verdict on the layer came with the page (`octavo.glyphs.trust`). What is decided here is the region: whether the
layer says everything that is drawn in it. Ink that no word explains is a reason to read the picture instead.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from octavo.document import (
    Label,
    Outlines,
    PageImage,
    Problem,
    Recognition,
    Region,
    Severity,
    Task,
    TextLayer,
    TextLine,
    TextSource,
    Trust,
)
from octavo.geometry import SCALE, Box, PixelBox
from octavo.glyphs.scripts import is_right_to_left
from octavo.layout.drop_caps import initial_of, stands_before
from octavo.opencv import cv2
from octavo.settings import ParseOptions, Profile, TextLayerUse
from octavo.wording import prose
from octavo.wording.lists import begins_entry

SAME_ROW: Final = 0.5  # of the lower line's height
DOUBTED: Final = 0.3  # of a region, or of one of its lines, in a doubtful area
UNEXPLAINED: Final = 0.3  # marks of a letter's size that no word covers, to the letters there are
FEWEST_MARKS: Final = 4  # such marks that are a speck or a bullet
EDGE: Final = 40  # of 255: what stands out less is no letter
KEEPS_LINES = frozenset((Label.ALGORITHM, Label.CONTENT))


def recognition(region: Region, page: PageImage, options: ParseOptions) -> Recognition | None:
    """The region as the layer has it; None where it is better read from the picture.

    Tables are always left to the recogniser, which gets the lines with the region; formulas are, where their glyphs do
    not tell their LaTeX for sure. With the layer as the only source there is no None: what it does not say is a loss.
    """
    layer = page.text
    only = options.text_layer is TextLayerUse.ONLY
    if layer is None or options.text_layer is TextLayerUse.OFF:
        return _lost("the page has no text layer") if only else None
    own = [line for line in region.lines if line.text]  # two regions may overlap: no text comes twice
    near = layer.near(region.box)
    inside = [line for line in near if line.text and region.box.holds(line.box)]
    lines = own or inside
    if layer.verdict is not Trust.TRUSTED:
        return _lost(f"the page's text layer is not trusted: {layer.reason}", lines) if only else None
    if region.task is Task.FORMULA and options.profile is Profile.FAITHFUL and not _doubted(region, lines, layer):
        rebuilt = _rebuilt(region, page, layer, lines, near)
        if rebuilt is not None:
            return rebuilt
    if region.task in (Task.TABLE, Task.FORMULA):
        return _lost("tables and formulas are not in a text layer as such", lines) if only else None
    doubted = _doubted(region, lines, layer)
    if not lines or doubted:
        why = "the text layer is not to be believed here" if doubted else "the text layer has nothing here"
        return _lost(why, lines) if only else None
    complete = _explains_ink(region, page, inside or own, near)
    if not complete and not only:
        return None
    text = "\n".join(_code(rows_of(lines))) if region.label is Label.ALGORITHM else _running(region, rows_of(lines))
    problems = () if complete else (_unsaid(),)
    return Recognition(text, TextSource.TEXT_LAYER, lines=tuple(lines), problems=problems)


def in_picture(region: Region) -> Recognition:
    """What is known of the text in a region that is kept as a picture, without looking at it."""
    texts = [line.text for row in rows_of(region.lines) for line in row if line.text]
    problems: tuple[Problem, ...] = ()
    if unread := sum(line.text is None for line in region.lines):
        message = f"{unread} lines of text in a picture were not read: the engine reads no pictures"
        problems = (Problem("picture_unread", message, Severity.DOUBTFUL),)
    source = TextSource.TEXT_LAYER if texts else TextSource.NONE
    return Recognition("\n".join(texts) or None, source, lines=region.lines, problems=problems)


def known(region: Region, page: PageImage) -> str | None:
    """The words of a trusted layer that stand in the region, in any order; None where there are none to be believed.

    What another reader says of the region is weighed by them; a picture within it may hold more.
    """
    layer = page.text
    if layer is None or layer.verdict is not Trust.TRUSTED:
        return None
    lines = [line for line in layer.near(region.box) if line.text and line.box.intersection(region.box)]
    if _doubted(region, lines, layer):
        return None
    words = [word for line in lines for word in line.words or (line,) if region.box.holds(word.box)]
    return " ".join(word.text or "" for word in words) or None


def _rebuilt(
    region: Region, page: PageImage, layer: TextLayer, lines: Sequence[TextLine], near: Sequence[TextLine]
) -> Recognition | None:
    """A formula's LaTeX from its glyphs; None where it is not sure, or not all that is drawn."""
    if layer.notation is None or not lines or not _explains_ink(region, page, lines, near):
        return None
    latex, _ = layer.notation.latex([line.box for line in lines])
    return None if latex is None else Recognition(latex, TextSource.TEXT_LAYER, lines=tuple(lines))


def _lost(why: str, lines: Sequence[TextLine] = ()) -> Recognition:
    saved = "\n".join(line.text for line in lines if line.text) or None
    problem = Problem("text_layer_insufficient", why, Severity.LOST, saved_text=saved)
    return Recognition(None, TextSource.NONE, problems=(problem,))


def _unsaid() -> Problem:
    return Problem("text_layer_incomplete", "more is drawn here than the text layer says", Severity.DOUBTFUL)


def _doubted(region: Region, lines: Sequence[TextLine], layer: TextLayer) -> bool:
    return any(
        area.intersection(region.box) > DOUBTED * region.box.area
        or any(line.box.covered_by(area) > DOUBTED for line in lines)
        for area in layer.doubtful
    )


# --- is it everything? --------------------------------------------------------------------------------------------


def _explains_ink(region: Region, page: PageImage, lines: Sequence[TextLine], near: Sequence[TextLine]) -> bool:
    """Whether the words cover what looks like letters in the region. `near` are all lines of the layer that touch it.

    Counted are connected marks of about the height of the text; rules, frames, bullets and pictures are not.
    """
    box = region.box.to_pixels(page.size)
    if page.outlines and lines and _is_all_text(region.box, page.outlines, box, lines, near):
        return True
    pixels = page.pixels[box.top : box.bottom, box.left : box.right]
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    edges = np.asarray(cv2.morphologyEx(grey, cv2.MORPH_GRADIENT, np.ones((2, 2), np.uint8)) > EDGE, np.uint8)
    heights: list[int] = []
    for line in lines:
        for word in line.words or (line,):
            inner = word.box.to_pixels(page.size)
            heights.append(inner.height)
            margin = max(1, inner.height // 5)
            edges[
                max(0, inner.top - box.top - margin) : max(0, inner.bottom - box.top + margin),
                max(0, inner.left - box.left - margin) : max(0, inner.right - box.left + margin),
            ] = 0
    if not edges.any():
        return True
    letters = sum(len(line.text or "") for line in lines)
    return _marks(edges, float(np.median(heights))) <= max(FEWEST_MARKS, UNEXPLAINED * letters)


def _is_all_text(
    frame: Box, outlines: Outlines, box: PixelBox, lines: Sequence[TextLine], near: Sequence[TextLine]
) -> bool:
    """Whether nothing but the lines, rules and shades is drawn there, as the page's file says."""
    if _inside(outlines.shapes.boxes, box).any():
        return False
    own = set(map(id, lines))
    if any(id(line) not in own and line.box.intersection(frame) for line in near):
        return False
    boxes = outlines.filled.boxes[_inside(outlines.filled.boxes, box)]
    height = max(line.box.height for line in lines) * outlines.size.height / SCALE
    like = (boxes[:, 2] - boxes[:, 0] < 4 * height) & (boxes[:, 3] - boxes[:, 1] < 1.5 * height)
    return int(like.sum()) <= FEWEST_MARKS


def _inside(boxes: NDArray[np.float64], box: PixelBox) -> NDArray[np.bool_]:
    left, top, right, bottom = boxes.T
    return np.asarray((left < box.right) & (right > box.left) & (top < box.bottom) & (bottom > box.top), np.bool_)


def _marks(edges: NDArray[np.uint8], height: float) -> int:
    """Connected marks as high as letters are, and not much wider."""
    _, _, facts, _ = cv2.connectedComponentsWithStats(edges, connectivity=8)
    widths, heights = facts[1:, cv2.CC_STAT_WIDTH], facts[1:, cv2.CC_STAT_HEIGHT]
    like = (heights > 0.3 * height) & (heights < 1.5 * height) & (widths < 4 * height) & (widths > 0.1 * height)
    return int(like.sum())


# --- lines to text ------------------------------------------------------------------------------------------------


def rows_of(lines: Sequence[TextLine]) -> list[list[TextLine]]:
    """Lines side by side in rows, the rows in the order they are read."""
    if sum(bool(line.quad) or line.box.height > 3 * line.box.width for line in lines) * 2 > len(lines):
        return [[line] for line in sorted(lines, key=_depth)]
    initial = initial_of(lines)
    lines = [line for line in lines if line is not initial]
    rows: list[list[TextLine]] = []
    for line in sorted(lines, key=lambda line: line.box.center[1]):
        if rows and _level(rows[-1][-1].box, line.box):
            rows[-1].append(line)
        else:
            rows.append([line])
    backwards = sum(_starts_right(line) for line in lines) * 2 > len(lines)
    rows = [sorted(row, key=lambda line: line.box.left, reverse=backwards) for row in rows]
    return [[initial, *rows[0]], *rows[1:]] if initial else rows


def _depth(line: TextLine) -> float:
    """How far down a turned line is, seen upright; columns of stacked characters go from right to left."""
    x, y = line.box.center
    if not line.quad:
        return -x
    (left, top), _, _, (below_x, below_y) = line.quad
    return x * (below_x - left) + y * (below_y - top)


def _level(first: Box, second: Box) -> bool:
    return first.overlap_y(second) > SAME_ROW * min(first.height, second.height)


def _starts_right(line: TextLine) -> bool:
    """Its first word stands at its right end."""
    if len(line.words) < 2:
        text = line.text or ""
        return not text.isascii() and any(is_right_to_left(ord(char)) for char in text)
    return line.words[0].box.left > line.words[-1].box.left


def _text(row: Sequence[TextLine]) -> str:
    parts = [line.text or "" for line in row]
    if len(row) > 1 and stands_before(row[0], row[1]):
        return "".join(parts[:2]) + "".join(f" {part}" for part in parts[2:])  # the first letter of a word
    return " ".join(parts)


def _running(region: Region, rows: Sequence[Sequence[TextLine]]) -> str:
    """Paragraphs: broken before list items and after wide gaps, otherwise joined."""
    if region.label in KEEPS_LINES:
        return "\n".join(_text(row) for row in rows)
    pitches = [_top(second) - _top(first) for first, second in pairwise(rows)]
    usual = sorted(pitches)[len(pitches) // 2] if pitches else 0.0
    listed = sum(begins_entry(_text(row)) for row in rows) > 1
    paragraphs: list[list[str]] = []
    for index, row in enumerate(rows):
        text = _text(row)
        apart = index > 0 and pitches[index - 1] > 1.5 * usual + 0.5
        if not paragraphs or apart or (listed and begins_entry(text)):
            paragraphs.append([])
        paragraphs[-1].append(text)
    return "\n".join(prose.paragraph(paragraph) for paragraph in paragraphs)


def _top(row: Sequence[TextLine]) -> float:
    return min(line.box.top for line in row)


def _code(rows: Sequence[Sequence[TextLine]]) -> list[str]:
    """Lines of code with the indentation they are drawn with."""
    lines = [line for row in rows for line in row]
    widths = [line.box.width / len(line.text) for line in lines if line.text and len(line.text) > 2]
    character = sorted(widths)[len(widths) // 2] if widths else 0.0
    margin = min(line.box.left for line in lines)
    found: list[str] = []
    for row in rows:
        text = ""
        for line in row:
            column = round((line.box.left - margin) / character) if character else 0
            gap = max(column - len(text), 1 if text else 0)
            text += " " * gap + (line.text or "")
        found.append(text)
    return found
