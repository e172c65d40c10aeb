"""The blocks of one page as the official SDK would have them: the profile `official`.

The formatting itself is `octavo.official.format`. Here its result meets the regions: a block that stands in the SDK's
result has the role BODY, every other one is LEFT_OUT, and where text got lost on the way a problem says so.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from octavo.assemble.blocks import complete
from octavo.content import Content, Picture, Verbatim
from octavo.document import Block, Problem, Recognition, Region, Role, Severity, Task
from octavo.official import format as official_format
from octavo.settings import OfficialStep, OfficialVersion, ParseOptions


def official(regions: Sequence[Region], recognitions: Sequence[Recognition], options: ParseOptions) -> list[Block]:
    """One block for every region, in reading order."""
    completed = [complete(region, read) for region, read in zip(regions, recognitions, strict=True)]
    seen = [number for number, region in enumerate(regions) if region.task is not Task.ABANDON]
    raw = [_raw(regions[number], completed[number], options.official_version) for number in seen]
    formatted = official_format.format_page(raw, rules(options))
    entries = {seen[entry.region]: entry for entry in formatted.entries}
    dropped = {seen[number]: reason for number, reason in formatted.dropped.items()}
    blocks = []
    for number, (region, read) in enumerate(zip(regions, completed, strict=True)):
        entry = entries.get(number)
        problems = [*_losses(region, read, entry, dropped.get(number))]
        read = replace(read, problems=(*read.problems, *problems)) if problems else read
        if entry is None:
            blocks.append(Block(region, read, number, None, Role.LEFT_OUT))
        else:
            blocks.append(Block(region, read, number, _content(region, entry)))
    return blocks


def _content(region: Region, entry: official_format.Formatted) -> Content | None:
    if entry.content is not None:
        return Verbatim(entry.content)
    return Picture() if region.task is Task.SKIP else None


def rules(options: ParseOptions) -> official_format.FormatRules:
    """The switches of the SDK's configuration, as the options set them."""
    return official_format.FormatRules(
        version=options.official_version,
        shown_as=dict(official_format.SHOWN_AS)
        | {str(label): str(kind) for label, kind in options.official_shown.items()},
        merge_formula_numbers=OfficialStep.FORMULA_NUMBERS not in options.official_without,
        merge_text_blocks=OfficialStep.TEXT_BLOCKS not in options.official_without,
        format_bullet_points=OfficialStep.BULLET_POINTS not in options.official_without,
    )


def _raw(region: Region, read: Recognition, version: OfficialVersion) -> official_format.RawRegion:
    """A region that could not be read is None to the SDK 0.1.5, and an empty text to 0.1.1, as an empty answer is."""
    empty = version is OfficialVersion.V0_1_1 or any(problem.code == "empty_answer" for problem in read.problems)
    unread = "" if empty else None
    text = None if region.task is Task.SKIP else unread if read.text is None else read.text.strip()
    return official_format.RawRegion(region.label.value, text, int(region.box.left))


def _losses(
    region: Region,
    read: Recognition,
    entry: official_format.Formatted | None,
    dropped: official_format.Dropped | None,
) -> Iterator[Problem]:
    """What the SDK loses without a word. A region that was not read has its problem already."""

    def problem(code: str, message: str, severity: Severity) -> Problem:
        return Problem(code, message, severity, region.page, region.box, region.label, saved_text=read.text)

    if dropped is official_format.Dropped.NUMBER_WITHOUT_FORMULA:
        message = "the official profile drops a formula number that no formula stands beside"
        yield problem("official_number_dropped", message, Severity.LOST)
    if entry is not None and entry.cut:
        message = "the official profile throws away what follows a repeated run; the full text is in the region"
        yield problem("official_repetition_cut", message, Severity.DOUBTFUL)
    if entry is not None and entry.label == "image" and entry.content:
        message = "the official profile shows the text of a picture in the JSON, but not in the Markdown"
        yield problem("official_not_in_markdown", message, Severity.DOUBTFUL)
