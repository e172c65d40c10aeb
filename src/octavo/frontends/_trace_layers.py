"""What is known of one page, kind by kind: from what was seen on it to the blocks it became. Pure.

A kind of thing is a `View`; `octavo trace` draws each, writes them down, and asks them about a place.
"""

from collections.abc import Iterator, Sequence
from types import MappingProxyType

from octavo.document import Block, Layer, Page, Problem, Recognition, Region, Sight, TextLayer, TextLine, TextSource
from octavo.frozen import frozen
from octavo.geometry import Box
from octavo.trace import PageTrace

_LONGEST = 120  # characters of a text that are shown


@frozen
class Mark:
    """One thing on the page."""

    box: Box
    words: str
    lost: str = ""  # why nothing came of it
    lines: tuple[Box, ...] = ()  # where it stands for lines: theirs

    def has_line_at(self, x: float, y: float) -> bool:
        return any(line.contains(x, y) for line in self.lines)


@frozen
class View:
    """All things of one kind, in the order they were seen."""

    name: str
    title: str
    marks: tuple[Mark, ...]

    def at(self, x: float, y: float) -> list[Mark]:
        """What is at a place: what has the line there; where nothing has, what lies around it. Smallest first."""
        around = sorted((mark for mark in self.marks if mark.box.contains(x, y)), key=lambda mark: mark.box.area)
        with_line = [mark for mark in self.marks if mark.has_line_at(x, y)]
        return with_line or around


_TITLES = MappingProxyType(
    {
        Layer.STRAIGHTENED: "How the page lay, and what was done",
        Layer.LINES: "Lines of text, as the detector saw them",
        Layer.RULES: "Ruling lines and edges of shades",
        Layer.HINTS: "Hints of the layout network",
        Layer.TABLES: "What looked like a table",
        Layer.FIGURES: "Ink that no text explains",
        Layer.CLAIMS: "Who claimed which lines, and why",
        Layer.DROPPED: "Detections that another one stands for",
        Layer.GUTTERS: "Gutters: where lines and columns were parted",
    }
)


def views(trace: PageTrace, page: Page) -> list[View]:
    """From the ink to the text; a view that has nothing to show is empty, not missing."""
    seen = {layer: tuple(_mark(sight) for sight in trace.sights if sight.layer is layer) for layer in Layer}
    if not seen[Layer.LINES] and trace.text is not None:  # a detector that sees no lines
        seen[Layer.LINES] = tuple(Mark(line.box, f"text layer: {line.text}") for line in trace.text.lines)
    claims = () if seen[Layer.CLAIMS] else tuple(Mark(it.box, it.reason) for it in trace.detections)
    return [
        View("layer", "What the text layer does not say", tuple(_silent(trace.text))),
        *(
            View(layer.value, _TITLES[layer], seen[layer] or (claims if layer is Layer.CLAIMS else ()))
            for layer in Layer
        ),
        View("regions", "Regions, in reading order", tuple(_regions(trace))),
        View("reading", "Lines as they were read", tuple(_reading(trace))),
        View("blocks", "Blocks: what each region became", tuple(map(_block, page.blocks))),
        View("problems", "Problems", tuple(_problem(problem) for problem in page.problems)),
    ]


def _mark(sight: Sight) -> Mark:
    return Mark(sight.box, sight.words, sight.lost, sight.lines)


def _silent(text: TextLayer | None) -> Iterator[Mark]:
    if text is not None:
        yield from (Mark(box, "a raster picture: text in it is not in the layer") for box in text.pictures)
        yield from (Mark(box, "the layer's text is not to be believed here") for box in text.doubtful)


def _regions(trace: PageTrace) -> Iterator[Mark]:
    for region in trace.regions:
        words = f"{region.label.value}, {_task(region)}; {region.reason or 'no reason given'}"
        yield Mark(region.box, words, lines=_boxes(region.lines))


def _task(region: Region) -> str:
    return (
        f"to be read as {region.task.value}" if region.task.value in ("text", "table", "formula") else "not to be read"
    )


def _reading(trace: PageTrace) -> Iterator[Mark]:
    for number, (region, read) in enumerate(zip(trace.regions, trace.recognitions, strict=True)):
        how = f"region {number}, {_source(read)}"
        if read.lines:
            yield from (Mark(line.box, f"{how}: {_line(line)}", lines=(line.box,)) for line in read.lines)
        else:
            yield Mark(region.box, f"{how}: {_short(read.text)}")


def _line(line: TextLine) -> str:
    sure = f" (sure to {line.confidence:.2f})" if line.confidence is not None else ""
    return f"{line.text}{sure}"


def _source(read: Recognition) -> str:
    match read.source:
        case TextSource.TEXT_LAYER:
            return "text layer"
        case TextSource.NONE:
            return "not read"
        case TextSource.RECOGNIZER:
            sure = f", sure to {read.confidence:.2f}" if read.confidence is not None else ""
            return f"recogniser{sure}{''.join(f', {step}' for step in read.steps)}"


def _block(block: Block) -> Mark:
    region = block.region
    what = [region.label.value, block.role.value]
    what += [f"level {block.level}"] if block.level else []
    what += ["goes on from the block before"] if block.continues else []
    why = [reason for reason in (region.reason, *block.reasons) if reason]
    words = f"{', '.join(what)}; {'; then '.join(why) or 'no reason given'}; "
    return Mark(region.box, words + _short(block.recognition.text), lines=_boxes(block.recognition.lines))


def _problem(problem: Problem) -> Mark:
    saved = f"; saved: {_short(problem.saved_text)}" if problem.saved_text else ""
    return Mark(problem.box or Box.of_page(), f"{problem.code} ({problem.severity.value}): {problem.message}{saved}")


def _boxes(lines: Sequence[TextLine]) -> tuple[Box, ...]:
    return tuple(line.box for line in lines)


def _short(text: str | None) -> str:
    if text is None:
        return "no text"
    line = " ".join(text.split())
    return f'"{line if len(line) <= _LONGEST else line[:_LONGEST] + "..."}"'
