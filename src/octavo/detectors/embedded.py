"""The embedded detector: lines decide, a small network hints.

Lines come from a trusted text layer, and from the picture where there is none (and inside raster pictures and doubtful
areas of a trusted page). Tables and figures take the lines that are theirs; the rest is grouped to paragraphs and
labelled by type, place and spacing. The layout network costs more than all of that together and adds little where the
words are known, so it only sees pages with lines that are not read yet.
"""

from collections.abc import Sequence
from dataclasses import replace

from octavo.document import Detection, Label, Origin, PageImage, TextLine, Trust
from octavo.geometry import SCALE, Box, PixelBox, Size
from octavo.layout.figures import Figure, Ink, find_figures
from octavo.layout.formulas import find_formulas
from octavo.layout.gutters import cut_at_gutters
from octavo.layout.hints import HintRect, Hints, Kind, Rect, area, shared
from octavo.layout.labels import Surroundings, labelled
from octavo.layout.ledgers import find_forms, find_ledgers
from octavo.layout.lines import Line, around, read_from_right, straightened, typical_size
from octavo.layout.paragraphs import grouped
from octavo.networks.layout import LayoutNetwork
from octavo.networks.text_lines import TextLines
from octavo.settings import EngineSettings
from octavo.tables import TableCandidate, find_tables
from octavo.tables.rules import find_rules

_SMALLEST_LOOKED_INTO = 3.0  # sizes of type: a raster picture lower than this is a logo or a bullet
_WHISPER = 0.12  # score from which a hint is heard at all; what asks for hints says how strong they must be
_DRAWN = 0.05  # share of a figure with strokes from which texts in line in it are labels rather than a table
_TALLEST = 6.0  # sizes of type: what is found in a raster picture as a higher line is a drawing
_CHART_LABELS = 4  # short texts in a drawing from which it is a chart


class EmbeddedDetector:
    """One page at a time, on the CPU."""

    batch_size = 1

    def __init__(self, settings: EngineSettings) -> None:
        self._text_lines = TextLines(settings)
        self._layout = LayoutNetwork(settings)

    @property
    def described(self) -> str:
        return f"embedded: lines and geometry, {self._text_lines.described}, {self._layout.described}"

    def detect(self, pages: Sequence[PageImage]) -> list[list[Detection]]:
        return [self._page(page) for page in pages]

    def close(self) -> None:
        self._text_lines.close()
        self._layout.close()

    def _page(self, page: PageImage) -> list[Detection]:
        texts = self._lines(page)
        lines = straightened(texts, page.size, dpi=page.dpi)
        size = typical_size(lines)
        rules = find_rules(page.pixels, [line.box.to_pixels(page.size) for line in texts])
        pictures = [_rect(box, page.size) for box in page.text.pictures] if page.text else []
        hints = self._hints(page) if any(line.text is None for line in texts) else []
        ink = Ink.of(page.pixels, lines, size, pictures)
        tables, figures = _told_apart(
            [(table, _rect(table.box, page.size)) for table in find_tables(page.pixels, texts, rules)],
            find_figures(ink, lines, size),
            ink,
            Hints(hints),
        )
        detections: list[Detection] = []
        for table, rect in tables:
            inside, lines = _taken(lines, rect)
            detections.append(_detection(Label.TABLE, table.score, inside, table.box))
        for label, find in ((Label.TEXT, find_forms), (Label.TABLE, find_ledgers)):
            for ledger in find(lines):
                lines = _without(lines, ledger.lines)
                detections.append(_detection(label, 0.6, ledger.lines))
        for figure in figures:
            box = Box.from_pixels(*figure.rect, page.size)
            rest = _without(lines, figure.lines)
            inside, lines = _without(lines, rest), rest
            detections.append(_detection(_picture_label(figure, page.size), 0.7, inside, box))
        for formula in find_formulas(lines, hints, size):
            lines = _without(lines, formula.lines)
            detections.append(_detection(Label.DISPLAY_FORMULA, 0.7, formula.lines))
            if formula.number is not None:
                lines = _without(lines, [formula.number])
                detections.append(_detection(Label.FORMULA_NUMBER, 0.7, [formula.number]))
        paragraphs = grouped(lines, from_right=read_from_right(texts))
        labels = labelled(
            Surroundings(
                width=page.size.width,
                height=page.size.height,
                size=max(size, typical_size(lines)),  # small print of tables or notes must not be the measure
                bold=_mostly_bold(lines),
                first_page=page.number == 0,
                paragraphs=paragraphs,
                figures=[figure.rect for figure in figures],
                tables=[rect for _, rect in tables],
                lines_across=[(rule.start, rule.at - 1, rule.end, rule.at + 1) for rule in rules.horizontal],
                hints=Hints(hints),
            )
        )
        return detections + [
            _detection(label, 0.8, paragraph.lines) for label, paragraph in zip(labels, paragraphs, strict=True)
        ]

    def _lines(self, page: PageImage) -> list[TextLine]:
        """The text layer's where it is trusted, and those found on the picture where it says nothing."""
        if page.text is None or page.text.verdict is not Trust.TRUSTED:
            return cut_at_gutters(self._text_lines.find(page.pixels), page.size)
        known = list(page.text.lines)
        size = typical_size(straightened(known, page.size, dpi=page.dpi))
        logos = [picture for picture in page.text.pictures if _is_letterhead(picture)]
        for silent in _apart([*page.text.pictures, *page.text.doubtful]):
            box = silent.to_pixels(page.size)
            if min(box.width, box.height) < _SMALLEST_LOOKED_INTO * size or _is_letterhead(silent):
                continue
            cut = page.pixels[box.top : box.bottom, box.left : box.right]
            found = (_moved(line, box, page.size) for line in self._text_lines.find(cut))
            known += [
                line
                for line in found
                if line.box.height * page.size.height < _TALLEST * size * SCALE
                and all(line.box.covered_by(other.box) < 0.3 for other in page.text.lines)
                and all(line.box.covered_by(logo) < 0.5 for logo in logos)
            ]
        return known

    def _hints(self, page: PageImage) -> list[HintRect]:
        return [
            HintRect(hint.kind, _rect(hint.box, page.size), hint.score)
            for hint in self._layout.hints(page.pixels, threshold=_WHISPER)
        ]


def open_detector(settings: EngineSettings) -> EmbeddedDetector:
    return EmbeddedDetector(settings)


# --- from the picture to the page -------------------------------------------------------------------------------


def _rect(box: Box, page: Size) -> Rect:
    x, y = page.width / SCALE, page.height / SCALE
    return box.left * x, box.top * y, box.right * x, box.bottom * y


def _apart(boxes: Sequence[Box]) -> list[Box]:
    """Overlapping boxes joined: what two pictures share is looked into once."""
    apart: list[Box] = []
    for box in boxes:
        touching = [other for other in apart if other.intersection(box) > 0]
        apart = [other for other in apart if other not in touching]
        for other in touching:
            box = box.joined(other)
        apart.append(box)
    return apart


def _is_letterhead(picture: Box) -> bool:
    """A small raster picture at the head or foot of a page with text of its own: what is written in it is a logo."""
    return picture.height < 100 and picture.width < 500 and not 120 < picture.center[1] < 880


def _moved(line: TextLine, cut: PixelBox, page: Size) -> TextLine:
    """A line found on a part of the page, in units of the page."""

    def at(x: float, y: float) -> tuple[float, float]:
        return (
            (cut.left + x / SCALE * cut.width) / page.width * SCALE,
            (cut.top + y / SCALE * cut.height) / page.height * SCALE,
        )

    left, top = at(line.box.left, line.box.top)
    right, bottom = at(line.box.right, line.box.bottom)
    return replace(line, box=Box(left, top, right, bottom), quad=tuple(at(x, y) for x, y in line.quad))


# --- regions ----------------------------------------------------------------------------------------------------


def _told_apart(
    tables: Sequence[tuple[TableCandidate, Rect]], figures: Sequence[Figure], ink: Ink, hints: Hints
) -> tuple[list[tuple[TableCandidate, Rect]], list[Figure]]:
    """One thing in one place: neither labels in line nor formulas are a table, nor is a table's shading a figure."""
    drawings = [figure.rect for figure in figures if ink.strokes(figure.rect) > _DRAWN]

    def is_table(table: TableCandidate, rect: Rect) -> bool:
        if table.ruled:
            return True
        labels = (shared(drawing, rect) > 0.5 * area(rect) and area(rect) < 0.4 * area(drawing) for drawing in drawings)
        return not any(labels) and hints.within(rect, Kind.EQUATION) <= max(0.5, hints.best(rect, Kind.TABLE))

    kept = [(table, rect) for table, rect in tables if is_table(table, rect)]
    return kept, [
        figure
        for figure in figures
        if all(shared(figure.rect, rect) < 0.5 * min(area(figure.rect), area(rect)) for _, rect in kept)
    ]


def _taken(lines: Sequence[Line], rect: Rect) -> tuple[list[Line], list[Line]]:
    """Lines whose middle is in an area, and the others."""
    inside = [line for line in lines if rect[0] <= line.center <= rect[2] and rect[1] <= line.middle <= rect[3]]
    return inside, _without(lines, inside)


def _without(lines: Sequence[Line], taken: Sequence[Line]) -> list[Line]:
    gone = set(map(id, taken))
    return [line for line in lines if id(line) not in gone]


def _picture_label(figure: Figure, page: Size) -> Label:
    _, top, _, bottom = figure.rect
    if bottom < 0.1 * page.height and bottom - top < 0.08 * page.height:
        return Label.HEADER_IMAGE
    if top > 0.92 * page.height and bottom - top < 0.08 * page.height:
        return Label.FOOTER_IMAGE
    return Label.CHART if len(figure.lines) >= _CHART_LABELS and figure.density < 0.7 else Label.IMAGE


def _mostly_bold(lines: Sequence[Line]) -> bool:
    bold = sum(line.width for line in lines if line.source.bold)
    return bold > 0.5 * sum(line.width for line in lines)


def _detection(label: Label, score: float, lines: Sequence[Line], box: Box | None = None) -> Detection:
    sources = tuple(line.source for line in lines)
    if box is None:
        box = around(sources)
    elif sources:
        box = box.joined(around(sources))
    return Detection(box, label, score, lines=sources, origin=Origin.GEOMETRY)
