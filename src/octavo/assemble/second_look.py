"""Labels looked at again once the text is known.

A heading has the words of a heading, whoever found it. And where the embedded detector saw a picture, it had no words
to go by: the same rules see the page again with its captions, formula numbers, page numbers, notes, and the entries
under "References". What the detector saw besides (its network's hints, ruling lines) is not at hand any more, so a
label changes only where words decide.
"""

from collections.abc import Sequence
from dataclasses import replace

from octavo.assemble.headings import TITLES, may_be_title
from octavo.document import TEXT_DOUBTFUL, Label, Origin, PageImage, Recognition, Region, Task, TextSource
from octavo.layout.labels import labelled
from octavo.layout.lines import straightened, typical_size
from octavo.layout.paragraphs import Paragraph
from octavo.layout.side_by_side import in_rows
from octavo.layout.surroundings import Surroundings, Verdict
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


def relabelled(
    page: PageImage, regions: Sequence[Region], recognitions: Sequence[Recognition], options: ParseOptions
) -> list[Region]:
    """The regions, some under another label of the same task."""
    paragraphs = [
        _paragraph(region, recognition, page)
        if recognition.source is TextSource.RECOGNIZER or region.label in TITLES
        else None
        for region, recognition in zip(regions, recognitions, strict=True)
    ]
    by_words = _verdicts_by_words(page, regions, recognitions, paragraphs)
    made: list[Region] = []
    for number, (region, recognition, paragraph) in enumerate(zip(regions, recognitions, paragraphs, strict=True)):
        verdict = by_words.get(number, Verdict(region.label, region.reason))
        if verdict.label in TITLES and paragraph is not None:
            measured = recognition.source is TextSource.TEXT_LAYER
            doubted = any(problem.code == TEXT_DOUBTFUL for problem in recognition.problems)  # a signature, for one
            if doubted or not may_be_title(recognition.text or "", paragraph, measured=measured):
                verdict = Verdict(Label.TEXT, f"text: its words are no title's, though {verdict.reason!r}")
        changes = verdict.label is not region.label and options.task_of(verdict.label) is Task.TEXT
        made.append(replace(region, label=verdict.label, reason=verdict.reason) if changes else region)
    return made


def _paragraph(region: Region, recognition: Recognition, page: PageImage) -> Paragraph | None:
    """What was read in a region the embedded detector made of lines."""
    if region.task is not Task.TEXT or region.origin is not Origin.GEOMETRY or not (recognition.text or "").strip():
        return None
    rows = in_rows(straightened((line for line in recognition.lines if line.text), page.size, dpi=page.dpi))
    return Paragraph.of(rows) if rows else None


def _verdicts_by_words(
    page: PageImage,
    regions: Sequence[Region],
    recognitions: Sequence[Recognition],
    paragraphs: Sequence[Paragraph | None],
) -> dict[int, Verdict]:
    """Verdicts on what the detector could only call text, because it saw a picture."""
    seen = {
        number: paragraph
        for number, (recognition, paragraph) in enumerate(zip(recognitions, paragraphs, strict=True))
        if paragraph is not None and recognition.source is TextSource.RECOGNIZER
    }
    if not seen:
        return {}
    verdicts = labelled(_surroundings(page, regions, list(seen.values())))
    return {
        number: replace(verdict, reason=f"{verdict.reason} (now that it is read)")
        for number, verdict in zip(seen, verdicts, strict=True)
        if regions[number].label is Label.TEXT and verdict.label in _BY_WORDS
    }


def _surroundings(page: PageImage, regions: Sequence[Region], paragraphs: Sequence[Paragraph]) -> Surroundings:
    return Surroundings(
        width=page.size.width,
        height=page.size.height,
        size=typical_size([line for paragraph in paragraphs for line in paragraph.lines]),
        bold=False,
        first_page=page.number == 0,
        paragraphs=paragraphs,
        figures=[region.box.on(page.size) for region in regions if region.task is Task.SKIP],
        tables=[region.box.on(page.size) for region in regions if region.task is Task.TABLE],
    )
