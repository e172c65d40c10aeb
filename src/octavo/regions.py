"""Detections to regions: each thing on the page once, nothing on it in no region, in the order it is read.

For every detector. A detection inside another is dropped only where the other is read as text and so reads it too;
inside a picture, or inside something the mapping leaves out, it stays. Lines of a trusted text layer that no detection
covers become regions of their own. In the official profile what to keep is the official SDK's decision, which
`official.layout` makes.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from octavo.document import (
    Detection,
    Label,
    Layer,
    Origin,
    PageImage,
    Problem,
    Region,
    Severity,
    Sight,
    Task,
    TextLine,
    Trace,
    Trust,
    Word,
)
from octavo.frozen import frozen
from octavo.geometry import SCALE, Box, Rect
from octavo.layout.flow import in_flow
from octavo.layout.lines import read_from_right, straightened
from octavo.layout.paragraphs import grouped
from octavo.layout.reading_order import Placed, in_reading_order
from octavo.official import layout as official_layout
from octavo.settings import ParseOptions, Profile
from octavo.wording.lists import begins_entry

_SAME: Final = 0.8  # detections with at least this intersection over union are one thing seen twice
_SAME_LABEL: Final = 0.6  # the same for two of one label
_WHOLE_PAGE: Final = 0.9  # share of the page from which a picture is the page itself, if anything else is on it
_INSIDE: Final = 0.8  # share of a detection that lies in another from which it counts as inside
_HOLDS: Final = 0.5  # share of a line that must lie in a region for the line to be its own
_OWN_PART: Final = 0.15  # share of a line over two regions from which each gets its words

_STEP: Final = 4  # pixels: of a page on which nothing was found, one in sixteen is looked at
_STANDS_OUT: Final = 64  # grey levels from the paper
_DUST: Final = 0.005  # share of the picture

_READ = frozenset({Task.TEXT, Task.TABLE, Task.FORMULA})
_NEVER_SWALLOWED = frozenset(
    {Label.IMAGE, Label.CHART, Label.SEAL, Label.TABLE, Label.HEADER_IMAGE, Label.FOOTER_IMAGE}
)


@frozen
class SettledPage:
    """The regions of a page in reading order, and what was left out."""

    regions: list[Region]
    problems: list[Problem]


def settle(detections: Sequence[Detection], page: PageImage, options: ParseOptions) -> SettledPage:
    """Regions in reading order."""
    dropped: list[Problem] = []
    if options.profile is Profile.OFFICIAL:
        detections, dropped = official_layout.settled(detections, page, options)
    kept = [_on_page(detection) for detection in detections]
    kept = [detection for detection in kept if detection.box.area > 0]
    if options.profile is Profile.FAITHFUL:
        drop = _dropping(page.trace)
        kept = _without_nested(_without_twins(_without_background(kept, options, drop), options, drop), options, drop)
    if page.text is not None and page.text.verdict is Trust.TRUSTED:
        kept, orphans = _with_lines(kept, page)
        if options.profile is Profile.FAITHFUL:
            kept += _of_orphans(orphans, page)
    regions = [
        Region(
            page.number,
            detection.box,
            detection.label,
            options.task_of(detection.label),
            detection.score,
            detection.polygon,
            detection.lines,
            detection.origin,
            detection.reason,
        )
        for detection in in_order(kept, page)
    ]
    if not regions and options.profile is Profile.FAITHFUL and _has_ink(page):
        message = "there is something on the page, but no text, picture or table was found on it"
        dropped.append(Problem("nothing_found", message, Severity.DOUBTFUL, page=page.number))
    return SettledPage(regions, dropped)


def _has_ink(page: PageImage) -> bool:
    """Whether more of the page's picture stands out from its paper than dust does. A blank leaf of a scanned book has
    a thirty-thousandth."""
    seen = page.pixels[::_STEP, ::_STEP].max(axis=2).astype(np.int16)
    return float((np.abs(seen - np.median(seen)) > _STANDS_OUT).mean()) > _DUST


def _on_page(detection: Detection) -> Detection:
    clamped = detection.box.clamped()
    return detection if clamped == detection.box else replace(detection, box=clamped)


_Drop: TypeAlias = Callable[[Detection, str], None]  # told of each detection that goes, and why


def _dropping(trace: Trace | None) -> _Drop:
    if trace is None:
        return lambda detection, why: None
    return lambda it, why: trace.saw(Sight(Layer.DROPPED, it.box, f"{it.label.value} {it.score:.2f}: {it.reason}", why))


# --- each thing once --------------------------------------------------------------------------------------------


def _overlaps(detections: Sequence[Detection]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """shared[i, j]: area common to i and j; area[i]."""
    box = np.array([(d.box.left, d.box.top, d.box.right, d.box.bottom) for d in detections], np.float64).reshape(-1, 4)
    left, top, right, bottom = box.T
    width = np.minimum(right[:, None], right) - np.maximum(left[:, None], left)
    height = np.minimum(bottom[:, None], bottom) - np.maximum(top[:, None], top)
    shared = np.clip(width, 0, None) * np.clip(height, 0, None)
    return shared, (right - left) * (bottom - top)


def _without_background(detections: Sequence[Detection], options: ParseOptions, drop: _Drop) -> list[Detection]:
    """A picture of the whole page says nothing where something is found on it, unless it is to be read."""

    def background(detection: Detection) -> bool:
        unread = options.task_of(detection.label) not in _READ and not detection.lines
        return unread and detection.box.area > _WHOLE_PAGE * SCALE * SCALE

    grounds = [detection for detection in detections if background(detection)]
    if len(grounds) == len(detections):
        return list(detections)
    for ground in grounds:
        drop(ground, "it is the page's background: something is found on it")
    return [detection for detection in detections if detection not in grounds]


def _without_twins(detections: Sequence[Detection], options: ParseOptions, drop: _Drop) -> list[Detection]:
    """Of detections of the same place the one that is read, then the surest, then the first.

    It grows around those of its own label that it stands for: half a line at their edge would be lost otherwise.
    """
    shared, area = _overlaps(detections)
    together = area[:, None] + area - shared
    if np.count_nonzero(shared >= min(_SAME_LABEL, _SAME) * together) == len(detections):  # each with itself
        return list(detections)
    names = np.array([detection.label.value for detection in detections])
    same = shared >= np.where(names[:, None] == names, _SAME_LABEL, _SAME) * together
    ranks = sorted(
        range(len(detections)),
        key=lambda index: (options.task_of(detections[index].label) not in _READ, -detections[index].score, index),
    )
    ranked = same[:, ranks]
    gone: set[int] = set()
    kept = dict(enumerate(detections))
    for place, index in enumerate(ranks):
        if index in gone:
            continue
        for other in (ranks[later] for later in (place + 1 + np.flatnonzero(ranked[index, place + 1 :])).tolist()):
            if other not in gone:
                gone.add(other)
                one, twin = kept[index], kept.pop(other)
                drop(twin, f"the {one.label.value} in the same place stands for it")
                box = one.box.joined(twin.box) if one.label is twin.label else one.box
                kept[index] = replace(one, box=box, lines=_distinct([*one.lines, *twin.lines]))
    return [kept[index] for index in sorted(kept)]


def _without_nested(detections: Sequence[Detection], options: ParseOptions, drop: _Drop) -> list[Detection]:
    """Drop what lies inside another detection that reads it as well; and a list of references around its entries."""
    shared, area = _overlaps(detections)
    inside = shared >= _INSIDE * area[:, None]
    np.fill_diagonal(inside, False)
    if not inside.any():
        return list(detections)
    by_size = sorted(range(len(detections)), key=lambda index: (-area[index], index))
    gone = {
        index
        for index, detection in enumerate(detections)
        if detection.label is Label.REFERENCE and _split_up(detections, index, inside[:, index])
    }
    for index in gone:
        drop(detections[index], "its entries are found one by one")
    kept = {index: detections[index] for index in range(len(detections)) if index not in gone}
    ranked = inside[:, by_size]
    for place, index in enumerate(by_size):
        if index in gone or kept[index].label in _NEVER_SWALLOWED or _is_stamp(kept[index]):
            continue
        hosts = (
            by_size[larger] for larger in np.flatnonzero(ranked[index, :place]).tolist() if by_size[larger] in kept
        )
        host = next((other for other in hosts if not _aslant(kept[other])), None)
        if host is None or options.task_of(kept[host].label) not in _READ:
            continue
        drop(kept[index], f"the {kept[host].label.value} around it reads it")
        lines = kept[index].lines
        kept[host] = replace(kept[host], lines=_distinct([*kept[host].lines, *lines]) if lines else kept[host].lines)
        del kept[index]
    return [kept[index] for index in sorted(kept)]


def _aslant(detection: Detection) -> bool:
    """Whether it is lines that run aslant: in the box around them stands what is not theirs."""
    return detection.label is Label.ASIDE_TEXT and bool(detection.lines) and all(line.quad for line in detection.lines)


def _is_stamp(detection: Detection) -> bool:
    """Whether it is words set aslant, which are no part of what they cross; an unread mark may be an asterisk of it."""
    return _aslant(detection) and all(line.text for line in detection.lines)


def _split_up(detections: Sequence[Detection], container: int, inside: NDArray[np.bool_]) -> bool:
    """Whether the entries in a list of references are detected one by one, and hold all its lines."""
    entries = [d for index, d in enumerate(detections) if inside[index] and d.label is Label.REFERENCE_CONTENT]
    lines = detections[container].lines
    return bool(entries) and all(any(line.box.covered_by(entry.box) > _HOLDS for entry in entries) for line in lines)


def _distinct(lines: Sequence[TextLine]) -> tuple[TextLine, ...]:
    return tuple({(line.box, line.text): line for line in lines}.values())


# --- lines of the text layer ------------------------------------------------------------------------------------


def _with_lines(detections: Sequence[Detection], page: PageImage) -> tuple[list[Detection], list[TextLine]]:
    """Detections with the page's lines in them, where they did not come with their own, and the lines in none."""
    lines = page.text.lines if page.text else ()
    taken = {(line.box, line.text) for detection in detections for line in detection.lines}
    free = [line for line in lines if (line.box, line.text) not in taken]
    found: dict[int, list[TextLine]] = defaultdict(list)
    orphans: list[TextLine] = []
    for line, shares in zip(free, _shares(free, detections), strict=True):
        for part, owner in _parts(line, shares, detections):
            if owner is None:
                orphans.append(part)
            else:
                found[owner].append(part)
    return [
        replace(detection, lines=tuple(in_flow([*detection.lines, *found[index]], page)))
        if index in found
        else detection
        for index, detection in enumerate(detections)
    ], orphans


def _shares(lines: Sequence[TextLine], detections: Sequence[Detection]) -> NDArray[np.float64]:
    """shares[i, j]: share of line i that lies in detection j."""
    if not detections:
        return np.zeros((len(lines), 0))
    line = np.array([(o.box.left, o.box.top, o.box.right, o.box.bottom) for o in lines], np.float64).reshape(-1, 1, 4)
    area = np.array([(d.box.left, d.box.top, d.box.right, d.box.bottom) for d in detections], np.float64)[None]
    width = np.minimum(line[..., 2], area[..., 2]) - np.maximum(line[..., 0], area[..., 0])
    height = np.minimum(line[..., 3], area[..., 3]) - np.maximum(line[..., 1], area[..., 1])
    shared = np.clip(width, 0, None) * np.clip(height, 0, None)
    own = (line[..., 2] - line[..., 0]) * (line[..., 3] - line[..., 1])
    shares: NDArray[np.float64] = shared / np.maximum(own, 1e-9)
    return shares


def _parts(
    line: TextLine, shares: NDArray[np.float64], detections: Sequence[Detection]
) -> list[tuple[TextLine, int | None]]:
    """A line, or its words, and the detection each belongs to: the smallest of those that hold it."""
    owners = [int(index) for index in np.flatnonzero(shares > _OWN_PART)]
    if not owners:
        return [(line, None)]
    best = min(owners, key=lambda index: (-round(float(shares[index]), 1), detections[index].box.area, index))
    if shares[best] > 0.85 or len(line.words) < 2:
        return [(line, best if shares[best] > _HOLDS else None)]
    words: dict[int | None, list[Word]] = defaultdict(list)
    for word in line.words:
        x, y = word.box.center
        holders = [index for index in owners if detections[index].box.contains(x, y)]
        words[min(holders, key=lambda index: detections[index].box.area) if holders else None].append(word)
    if len(words) == 1:
        return [(line, next(iter(words)))]
    return [
        (
            replace(
                line,
                box=Box.around(word.box for word in part),
                text=" ".join(word.text for word in part),
                words=tuple(part),
            ),
            owner,
        )
        for owner, part in words.items()
    ]


def _of_orphans(lines: Sequence[TextLine], page: PageImage) -> list[Detection]:
    """Paragraphs of the lines no detection covers; a line without an extent is one of its own."""
    paragraphs = grouped(straightened(lines, page.size, dpi=page.dpi), from_right=read_from_right(lines))
    groups = [[line.source for line in paragraph.lines] for paragraph in paragraphs]
    placed = {id(line) for group in groups for line in group}
    groups += [[line] for line in lines if id(line) not in placed]
    reason = "text: lines of the text layer that nothing else holds"
    return [
        Detection(
            Box.around(line.box for line in group),
            Label.TEXT,
            1.0,
            lines=tuple(group),
            origin=Origin.GEOMETRY,
            reason=reason,
        )
        for group in groups
    ]


# --- order ------------------------------------------------------------------------------------------------------


def in_order(detections: Sequence[Detection], page: PageImage) -> list[Detection]:
    """As the network ranked them; those without a rank follow what stands before them on the page."""
    lines = page.text.lines if page.text else [line for detection in detections for line in detection.lines]
    stretch = page.size.height / page.size.width
    things = [
        Placed(
            detection.box.left,
            detection.box.top * stretch,
            detection.box.right,
            detection.box.bottom * stretch,
            detection.label,
            rows=_rows(detection),
            entry=bool(detection.lines) and begins_entry(f"{detection.lines[0].text or ''} "),
        )
        for detection in detections
    ]
    cuts: list[Rect] = []
    geometric = in_reading_order(things, page_height=SCALE * stretch, from_right=read_from_right(lines), cuts=cuts)
    if page.trace is not None:
        for cut in cuts:
            box = Box(cut.left, cut.top / stretch, cut.right, cut.bottom / stretch)
            page.trace.saw(Sight(Layer.GUTTERS, box, "columns on both sides, read one after the other"))
    ranked = [index for index in geometric if detections[index].order is not None]
    if not ranked:
        return [detections[index] for index in geometric]
    followers: dict[int | None, list[int]] = defaultdict(list)
    last: int | None = None
    for index in geometric:
        if detections[index].order is None:
            followers[last].append(index)
        else:
            last = index
    ranked.sort(key=lambda index: (detections[index].order or 0.0, index))
    order = [*followers[None]]
    for index in ranked:
        order += [index, *followers[index]]
    return [detections[index] for index in order]


def _rows(detection: Detection) -> int:
    """Rows of text, as far as its lines tell; 3 where they are not known: a paragraph rather than a cell."""
    if not detection.lines:
        return 3
    bottom, rows = float("-inf"), 0
    for line in sorted(detection.lines, key=lambda line: line.box.center[1]):
        if line.box.center[1] > bottom:
            rows, bottom = rows + 1, line.box.bottom
    return rows
