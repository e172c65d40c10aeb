"""Who claims which lines of a page: one finder after the other, in an order that is part of what they know.

Seals, watermarks, numbers of lines, contents, tables, listings and figures take the lines that are theirs; forms,
ledgers and formulas those that no rule of spacing holds together; the rest is grouped to paragraphs, labelled by type,
place and spacing.
Each line goes to the first finder that claims it, and every claim says why. Nothing is dropped: the last finder takes
what is left.

A finder gets the sheet, the lines that are still free and the claims made before it, and yields claims on free lines.
A new one is a function here and its place in `FINDERS`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from octavo.document import Label
from octavo.geometry import Box, Rect, Size, union
from octavo.layout.choices import find_choices
from octavo.layout.contents import find_contents
from octavo.layout.dated_entries import find_dated_entries
from octavo.layout.figures import Figure
from octavo.layout.formulas import find_formulas
from octavo.layout.hints import HintKind, Hints
from octavo.layout.keyed_texts import find_keyed_texts
from octavo.layout.labels import labelled
from octavo.layout.ledgers import find_ledgers
from octavo.layout.lines import Line, straightened, typical_size
from octavo.layout.listings import find_listings
from octavo.layout.names_above import find_names_above
from octavo.layout.names_beside import find_names_beside
from octavo.layout.paragraphs import grouped
from octavo.layout.sheet import Claim, Sheet
from octavo.layout.side_by_side import PageLines
from octavo.layout.surroundings import Surroundings
from octavo.tables import TableCandidate

_DRAWN: Final = 0.05  # share of a figure with strokes from which texts in line in it are labels rather than a table
_LOW: Final = 0.08  # share of the page's height: a picture in its header or footer is lower
_TOP: Final = 0.1  # share of the page's height above which a low picture is its header's; below, it is `_LOW`
_LITTLE: Final = 0.25  # share of a page's text that stands in no table, below which it may be headings alone
_SMALL_PRINT: Final = 1.2  # times the size of a table's text that the running text then has, at most
_BOLD: Final = 0.5  # share of a text's length in bold from which it is bold
_CHART_LABELS: Final = 4  # short texts in a drawing from which it is a chart
_SET_ANOTHER_WAY = frozenset({Label.CONTENT, Label.ALGORITHM, Label.TEXT, Label.TABLE})  # text that no paragraph holds
_FEWEST_IN_TABLE: Final = 4  # lines that are left of a table beside a form
_PICTURES = frozenset({Label.HEADER_IMAGE, Label.FOOTER_IMAGE, Label.CHART, Label.IMAGE})


def claimed(sheet: Sheet) -> list[Claim]:
    """What there is on a page; every line is in exactly one claim that is not lost."""
    claims: list[Claim] = []
    free = sheet.lines
    for find in FINDERS:
        found = [replace(claim, finder=find.__name__) for claim in find(sheet, free, claims)]
        free = _without(free, [line for claim in found if not claim.lost for line in claim.lines])
        claims += found
    return claims


def seals(sheet: Sheet, free: PageLines, claims: Sequence[Claim]) -> Iterator[Claim]:
    """With their own lines: what runs round has no place among rows."""
    for seal in sheet.seals:
        lines = tuple(straightened(seal.lines, sheet.size, dpi=0))
        yield Claim(Label.SEAL, lines, 0.8, "seal: a ring with text running round inside it", seal.box)


def watermarks(sheet: Sheet, free: PageLines, claims: Sequence[Claim]) -> Iterator[Claim]:
    """Before what stands in rows: they cross everything."""
    for line in sheet.watermarks:
        yield Claim(Label.ASIDE_TEXT, (line,), 0.7, "aside: set aslant over the page")


def line_numbers(sheet: Sheet, free: PageLines, claims: Sequence[Claim]) -> Iterator[Claim]:
    """Before tables and the rim: each would make something of the first number and the line it stands beside."""
    if numbers := sheet.line_numbers:
        reason = f"number: those of lines, {numbers[0].text} to {numbers[-1].text}"
        yield Claim(Label.NUMBER, tuple(numbers), 0.8, reason)


def contents(sheet: Sheet, free: PageLines, claims: Sequence[Claim]) -> Iterator[Claim]:
    """Before tables: rows of a title and a number look like one."""
    for found in find_contents(free):
        yield Claim(Label.CONTENT, found.lines, 0.8, found.reason)


def names_above(sheet: Sheet, free: PageLines, claims: Sequence[Claim]) -> Iterator[Claim]:
    """Before tables: boxes with a name in each are ruled like one."""
    for form in find_names_above(free, sheet.rules):
        box = Box.of(union(field.area for field in form.fields), sheet.size)
        yield Claim(Label.TEXT, form.lines, 0.8, form.reason, box, fields=form.fields)


def dated_entries(sheet: Sheet, free: PageLines, claims: Sequence[Claim]) -> Iterator[Claim]:
    """Before tables: rows of a title and a date look like one. What lines rule is one."""
    ruled = [sheet.rect(table.box) for table in sheet.tables if table.ruled and not table.lost]
    ruled_off = [line for line in free if any(area.holds(line) for area in ruled)]
    for entry in find_dated_entries(_without(free, ruled_off)):
        yield Claim(Label.TEXT, entry.lines, 0.6, entry.reason)


def tables(sheet: Sheet, free: PageLines, claims: Sequence[Claim]) -> Iterator[Claim]:
    """Areas that look like tables, with the lines in them; neither labels in line nor formulas are one."""
    taken: set[int] = set()
    forms = [sheet.rect(claim.box) for claim in claims if claim.fields and claim.box is not None]
    for table in sheet.tables:
        table = _beside_forms(table, sheet, forms)
        lost = table.lost or _why_taken(table, sheet, claims) or _why_no_table(table, sheet, claims)
        rect = sheet.rect(table.box)
        inside = [] if lost else [line for line in free if rect.holds(line) and id(line) not in taken]
        taken.update(map(id, inside))
        yield Claim(Label.TABLE, tuple(inside), table.score, table.reason, table.box, lost)


def listings(sheet: Sheet, free: PageLines, claims: Sequence[Claim]) -> Iterator[Claim]:
    for listing in find_listings(free):
        yield Claim(Label.ALGORITHM, listing.lines, 0.7, listing.reason)


def choices(sheet: Sheet, free: PageLines, claims: Sequence[Claim]) -> Iterator[Claim]:
    for found in find_choices(free):
        yield Claim(Label.TEXT, found.lines, 0.6, found.reason)


def names_beside(sheet: Sheet, free: PageLines, claims: Sequence[Claim]) -> Iterator[Claim]:
    for form in find_names_beside(free, sheet.rules):
        yield Claim(Label.TEXT, form.lines, 0.6, form.reason, fields=form.fields)


def ledgers(sheet: Sheet, free: PageLines, claims: Sequence[Claim]) -> Iterator[Claim]:
    for ledger in find_ledgers(free):
        yield Claim(Label.TABLE, ledger.lines, 0.6, ledger.reason)


def keyed_texts(sheet: Sheet, free: PageLines, claims: Sequence[Claim]) -> Iterator[Claim]:
    for found in find_keyed_texts(free, sheet.size):
        yield Claim(Label.TABLE, found.lines, 0.6, found.reason)


def figures(sheet: Sheet, free: PageLines, claims: Sequence[Claim]) -> Iterator[Claim]:
    """Ink that is no table's shading and no form's, with the texts that are part of it."""
    areas = [sheet.rect(box) for box in _boxes(claims, Label.TABLE)]
    areas += [union((*claim.lines, *(field.area for field in claim.fields))) for claim in claims if claim.fields]
    taken: set[int] = set()
    rings = [sheet.rect(seal.box) for seal in sheet.seals]
    for figure in sheet.figures:
        lost = figure.lost
        if not lost and any(figure.rect.intersection(ring) >= 0.5 * figure.rect.area for ring in rings):
            lost = "it is a seal's ring"
        if not lost and any(figure.rect.intersection(it) >= 0.5 * min(figure.rect.area, it.area) for it in areas):
            lost = "it is a table's shading or ruling"
        own = {id(line) for line in figure.lines} - taken
        inside = [] if lost else [line for line in free if id(line) in own]
        taken.update(map(id, inside))
        box = Box.of(figure.rect, sheet.size)
        yield Claim(_picture_label(figure, sheet.size), tuple(inside), 0.7, figure.reason, box, lost)


def formulas(sheet: Sheet, free: PageLines, claims: Sequence[Claim]) -> Iterator[Claim]:
    for formula in find_formulas(free, sheet.hints, sheet.type_size):
        yield Claim(Label.DISPLAY_FORMULA, formula.lines, 0.7, formula.reason)
        if formula.number is not None:
            yield Claim(Label.FORMULA_NUMBER, (formula.number,), 0.7, "formula number: beside a formula, at the margin")


def paragraphs(sheet: Sheet, free: PageLines, claims: Sequence[Claim]) -> Iterator[Claim]:
    """All that is left, as paragraphs."""
    found = grouped(free, from_right=sheet.from_right)
    surroundings = Surroundings(
        width=sheet.size.width,
        height=sheet.size.height,
        size=_running_size(sheet, free),
        bold=_mostly_bold(sheet.lines if _share(sheet, free) < _LITTLE else free),
        first_page=sheet.first_page,
        paragraphs=found,
        figures=[sheet.rect(box) for box in _boxes(claims, *_PICTURES)],
        tables=[sheet.rect(box) for box in _boxes(claims, Label.TABLE)],
        others=[union(it.lines) for it in claims if not it.lost and it.lines and it.label in _SET_ANOTHER_WAY],
        lines_across=[Rect(rule.start, rule.at - 1, rule.end, rule.at + 1) for rule in sheet.rules.horizontal],
        hints=Hints(sheet.hints),
    )
    for paragraph, verdict in zip(found, labelled(surroundings), strict=True):
        yield Claim(verdict.label, paragraph.lines, 0.8, verdict.reason, begins=paragraph.begins)


FINDERS = (
    seals,
    watermarks,
    line_numbers,
    contents,
    names_above,
    dated_entries,
    tables,
    listings,
    choices,
    names_beside,
    ledgers,
    keyed_texts,
    figures,
    formulas,
    paragraphs,
)


# --- claims against each other ------------------------------------------------------------------------------------


def _why_no_table(table: TableCandidate, sheet: Sheet, claims: Sequence[Claim]) -> str:
    """What speaks against an area that looks like a table by its text alone; nothing where it may be one."""
    rect = sheet.rect(table.box)
    if any(rect.holds(line) for claim in claims if claim.label is Label.CONTENT for line in claim.lines):
        return "its rows are entries of contents"
    if table.ruled:
        return ""
    if any(rect.holds(line) for claim in claims if claim.finder == dated_entries.__name__ for line in claim.lines):
        return "its rows are titles with their dates, and texts below them"
    drawings = (figure.rect for figure in sheet.figures if not figure.lost and sheet.ink.strokes(figure.rect) > _DRAWN)
    if any(drawing.intersection(rect) > 0.5 * rect.area and rect.area < 0.4 * drawing.area for drawing in drawings):
        return "its texts are labels in a drawing"
    hints = Hints(sheet.hints)
    formula = hints.within(rect, HintKind.EQUATION)
    if formula > max(0.5, hints.best(rect, HintKind.TABLE)):
        return f"the network says that a formula is in it ({formula:.2f})"
    return ""


def _why_taken(table: TableCandidate, sheet: Sheet, claims: Sequence[Claim]) -> str:
    """Whether most of the lines in an area are another thing's already; a mark across them takes none away."""
    taken = {
        id(line) for claim in claims if claim.label is not Label.ASIDE_TEXT and not claim.lost for line in claim.lines
    }
    if not taken:
        return ""
    rect = sheet.rect(table.box)
    inside = [line for line in sheet.lines if rect.holds(line)]
    return "its lines are another thing's" if 2 * sum(id(line) in taken for line in inside) > len(inside) else ""


def _beside_forms(table: TableCandidate, sheet: Sheet, forms: Sequence[Rect]) -> TableCandidate:
    """An area without the forms above and below its rows; lost where nothing else is in it."""
    rect = sheet.rect(table.box)
    forms = [form for form in forms if form.intersection(rect) > 0]
    if not forms:
        return table
    inside = [line for line in sheet.lines if rect.holds(line)]
    for form in (form for form in forms if form.intersection(rect) > 0):
        inside = [line for line in inside if not form.holds(line)]
        if form.middle < rect.middle:
            rect = replace(rect, top=max(rect.top, form.bottom))
        else:
            rect = replace(rect, bottom=min(rect.bottom, form.top))
    if rect == sheet.rect(table.box):
        return table
    if not all(rect.holds(line) for line in inside) or len(inside) < _FEWEST_IN_TABLE:
        return replace(table, lost="it is a form, with names above values")
    return replace(table, box=Box.of(rect, sheet.size))


def _boxes(claims: Sequence[Claim], *labels: Label) -> list[Box]:
    return [claim.box for claim in claims if claim.label in labels and claim.box is not None and not claim.lost]


def _without(lines: PageLines, taken: Sequence[Line]) -> PageLines:
    """The very same where none is taken: what is known of them stays known."""
    gone = set(map(id, taken))
    return PageLines(line for line in lines if id(line) not in gone) if gone else lines


def _picture_label(figure: Figure, page: Size) -> Label:
    low = figure.rect.height < _LOW * page.height
    if low and figure.rect.bottom < _TOP * page.height:
        return Label.HEADER_IMAGE
    if low and figure.rect.top > (1 - _LOW) * page.height:
        return Label.FOOTER_IMAGE
    return Label.CHART if len(figure.lines) >= _CHART_LABELS and figure.density < 0.7 else Label.IMAGE


def _running_size(sheet: Sheet, free: Sequence[Line]) -> float:
    """Of the running text. The small print of tables or notes is not its measure, nor are headings between tables where
    there is next to no other text."""
    if _share(sheet, free) < _LITTLE:
        return _SMALL_PRINT * sheet.type_size
    return max(sheet.type_size, typical_size(free))


def _share(sheet: Sheet, free: Sequence[Line]) -> float:
    """Of the page's text, that stands in nothing else."""
    return sum(line.width for line in free) / max(1.0, sum(line.width for line in sheet.lines))


def _mostly_bold(lines: Sequence[Line]) -> bool:
    bold = sum(line.width for line in lines if line.source.bold)
    return bold > _BOLD * sum(line.width for line in lines)
