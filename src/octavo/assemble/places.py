"""Places on a straightened page and on the upright picture it was made of.

What is found and read lies on the straightened page; whoever gets the result wants to know where that is on the
picture that was handed in. A region's corners go along as its outline, a line's as its quad, so that the way back is
exact: what the whole document decides, it decides on straight pages.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

from octavo.document import Detection, Page, Problem, Recognition, Region, TextLine, Word
from octavo.geometry import Box, Warp, bounds
from octavo.trace import PageTrace

_Points: TypeAlias = tuple[tuple[float, float], ...]
_Move: TypeAlias = Callable[[float, float], tuple[float, float]]


def page_as_seen(page: Page) -> Page:
    """A page that was just assembled, with every place in it on the upright picture."""
    warp = page.warp
    if warp is None:
        return page
    moved = {id(problem): _problem_as_seen(problem, warp) for problem in page.problems}
    blocks = tuple(
        replace(
            block,
            recognition=replace(
                block.recognition,
                problems=tuple(moved.get(id(problem), problem) for problem in block.recognition.problems),
                lines=_words_as_seen(block.recognition.lines, warp),
            ),
            region=replace(block.region, lines=_words_as_seen(block.region.lines, warp)),
        )
        for block in page.blocks
    )
    return as_seen(replace(page, blocks=blocks, problems=tuple(moved[id(problem)] for problem in page.problems)))


def as_seen(page: Page) -> Page:
    """Regions and lines, from the straightened page to the upright picture."""
    if page.warp is None:
        return page
    return _moved(replace(page, size=page.warp.upright), page.warp.seen, page.warp.around)


def as_laid(page: Page) -> Page:
    """Regions and lines, from the upright picture to the straightened page. Words and problems stay: nobody asks."""
    if page.warp is None:
        return page
    return _moved(replace(page, size=page.warp.straight), page.warp.laid, None)


def trace_as_seen(trace: PageTrace, warp: Warp | None) -> None:
    """What was written down of a page while it was straight, with its places on the upright picture."""
    if warp is None:
        return
    trace.sights = [
        replace(sight, box=warp.around(sight.box), lines=tuple(map(warp.around, sight.lines))) for sight in trace.sights
    ]
    trace.detections = [_detection_as_seen(detection, warp) for detection in trace.detections]
    trace.regions = [_region(region, warp.seen, warp.around) for region in trace.regions]
    trace.recognitions = [
        replace(read, lines=_lines(_words_as_seen(read.lines, warp), warp.seen, warp.around))
        for read in trace.recognitions
    ]


def _detection_as_seen(detection: Detection, warp: Warp) -> Detection:
    return replace(
        detection,
        box=warp.around(detection.box),
        polygon=tuple(warp.seen(x, y) for x, y in detection.polygon) or warp.corners(detection.box),
        lines=_lines(_words_as_seen(detection.lines, warp), warp.seen, warp.around),
    )


def _moved(page: Page, move: _Move, around: Callable[[Box], Box] | None) -> Page:
    blocks = tuple(
        replace(
            block,
            region=_region(block.region, move, around),
            recognition=_recognition(block.recognition, move, around),
        )
        for block in page.blocks
    )
    return replace(page, blocks=blocks)


def _region(region: Region, move: _Move, around: Callable[[Box], Box] | None) -> Region:
    outline = _points(region.polygon or _corners(region.box), move)
    box = around(region.box) if around else bounds(outline).clamped()
    return replace(region, box=box, polygon=outline, lines=_lines(region.lines, move, around))


def _recognition(read: Recognition, move: _Move, around: Callable[[Box], Box] | None) -> Recognition:
    return replace(read, lines=_lines(read.lines, move, around))


def _lines(lines: Sequence[TextLine], move: _Move, around: Callable[[Box], Box] | None) -> tuple[TextLine, ...]:
    moved = []
    for line in lines:
        quad = _points(line.quad or _corners(line.box), move)
        moved.append(
            replace(
                line,
                box=around(line.box) if around else bounds(quad).clamped(),
                quad=quad,
                bend=_points(line.bend, move),
            )
        )
    return tuple(moved)


def _words_as_seen(lines: Sequence[TextLine], warp: Warp) -> tuple[TextLine, ...]:
    return tuple(
        replace(line, words=tuple(Word(word.text, warp.around(word.box)) for word in line.words)) for line in lines
    )


def _problem_as_seen(problem: Problem, warp: Warp) -> Problem:
    return problem if problem.box is None else replace(problem, box=warp.around(problem.box))


def _points(points: _Points, move: _Move) -> _Points:
    return tuple(move(x, y) for x, y in points)


def _corners(box: Box) -> _Points:
    return ((box.left, box.top), (box.right, box.top), (box.right, box.bottom), (box.left, box.bottom))
