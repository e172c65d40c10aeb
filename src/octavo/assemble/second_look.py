"""Labels looked at again once a picture's text is known.

The embedded detector names what it finds by the words too, but on a scan it has none. Here the same rules see the
page with its words: captions, formula numbers, page numbers, notes, the entries under "References". What the detector
saw besides (its network's hints, ruling lines) is not at hand any more, so a label changes only where words decide.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from octavo.document import Label, Origin, PageImage, Recognition, Region, Task, TextSource
from octavo.geometry import SCALE
from octavo.layout.formulas import mathematical
from octavo.layout.hints import Rect
from octavo.layout.labels import Surroundings, labelled
from octavo.layout.lines import straightened, typical_size
from octavo.layout.paragraphs import Paragraph, in_rows
from octavo.settings import ParseOptions

_BY_WORDS = frozenset(
    {
        Label.ABSTRACT,
        Label.CONTENT,
        Label.FIGURE_TITLE,
        Label.FOOTNOTE,
        Label.FORMULA_NUMBER,
        Label.NUMBER,
        Label.PARAGRAPH_TITLE,
        Label.REFERENCE_CONTENT,
        Label.VISION_FOOTNOTE,
    }
)
_TITLES = frozenset({Label.DOC_TITLE, Label.PARAGRAPH_TITLE})
_LONGEST_TITLE = 150  # characters
_NO_TITLE = re.compile(r"[.;,。；，]\s*$|[=≤≥∑∫∏√]|[.!?] [A-Z][a-z]+ [a-z]")  # a sentence, or a formula


def relabelled(
    page: PageImage, regions: Sequence[Region], recognitions: Sequence[Recognition], options: ParseOptions
) -> list[Region]:
    """The regions, some under another label of the same task."""
    seen = {n: p for n, p in enumerate(map(_paragraph, regions, recognitions, [page] * len(regions))) if p is not None}
    labels = dict(zip(seen, labelled(_surroundings(page, regions, list(seen.values()))), strict=True)) if seen else {}
    return [
        _relabelled(region, recognition.text or "", labels[number], options) if number in labels else region
        for number, (region, recognition) in enumerate(zip(regions, recognitions, strict=True))
    ]


def _relabelled(region: Region, text: str, label: Label, options: ParseOptions) -> Region:
    if region.label in _TITLES and not _may_be_title(text):
        label = Label.TEXT
    elif region.label is not Label.TEXT or label not in _BY_WORDS:
        return region
    return replace(region, label=label) if options.task_of(label) is Task.TEXT else region


def _may_be_title(text: str) -> bool:
    long = len(text) > _LONGEST_TITLE
    return not (long or text[:1].islower() or _NO_TITLE.search(text) or mathematical(text))


def _paragraph(region: Region, recognition: Recognition, page: PageImage) -> Paragraph | None:
    """What was read from the picture in a region the embedded detector made of lines."""
    read = recognition.source is TextSource.RECOGNIZER and region.task is Task.TEXT
    if not read or region.origin is not Origin.GEOMETRY or not (recognition.text or "").strip():
        return None
    rows = in_rows(straightened((line for line in recognition.lines if line.text), page.size, dpi=page.dpi))
    return Paragraph(tuple(rows)) if rows else None


def _surroundings(page: PageImage, regions: Sequence[Region], paragraphs: Sequence[Paragraph]) -> Surroundings:
    def rect(region: Region) -> Rect:
        x, y = page.size.width / SCALE, page.size.height / SCALE
        return region.box.left * x, region.box.top * y, region.box.right * x, region.box.bottom * y

    return Surroundings(
        width=page.size.width,
        height=page.size.height,
        size=typical_size([line for paragraph in paragraphs for line in paragraph.lines]),
        bold=False,
        first_page=page.number == 0,
        paragraphs=paragraphs,
        figures=[rect(region) for region in regions if region.task is Task.SKIP],
        tables=[rect(region) for region in regions if region.task is Task.TABLE],
    )
