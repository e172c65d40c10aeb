"""The embedded detector: lines decide, a small network hints.

Lines come from a trusted text layer, and from the picture where there is none (and inside raster pictures and doubtful
areas of a trusted page). Those of a page without a layer may have been read before (`find_lines`): their words tell
more than their places. Who claims which of them is `layout.finders`. The layout network costs more than all of that
together and adds little where words are known for sure, so it only sees pages with lines that are on the picture,
unless the options say otherwise. A page whose picture nothing asks for is never drawn.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from octavo import turns
from octavo.document import (
    Detection,
    Label,
    Layer,
    Origin,
    PageImage,
    Pixels,
    Seal,
    Sight,
    TextLayer,
    TextLine,
    Written,
)
from octavo.geometry import Box, Size
from octavo.layout import flow
from octavo.layout.drawn_bullets import find_drawn_bullets, may_have_bullets
from octavo.layout.finders import claimed
from octavo.layout.gutters import cut_at_gutters
from octavo.layout.line_numbers import with_numbers_apart
from octavo.layout.lines import straightened, typical_size
from octavo.layout.redactions import find_redactions, may_have_redactions
from octavo.layout.sheet import Claim, Sheet
from octavo.layout.sights import sights
from octavo.layout.tick_boxes import find_tick_boxes, may_have_tick_boxes
from octavo.leaning.rings import find_rings, is_piece_of
from octavo.networks.layout_hints import HintNetwork
from octavo.networks.text_lines import TextLines
from octavo.settings import EngineSettings

_SMALLEST_LOOKED_INTO: Final = 3.0  # sizes of type: a raster picture lower than this is a logo or a bullet
_WHISPER: Final = 0.12  # score from which a hint is heard at all; what asks for hints says how strong they must be
_TALLEST: Final = 6.0  # sizes of type: what is found in a raster picture as a higher line is a drawing


class EmbeddedDetector:
    """One page at a time, on the CPU."""

    batch_size = 1
    sees_pictures = False

    def __init__(self, settings: EngineSettings) -> None:
        self._text_lines = TextLines(settings)
        self._layout = HintNetwork(settings)

    @property
    def described(self) -> str:
        return f"embedded: lines and geometry, {self._text_lines.described}, {self._layout.described}"

    def find_lines(self, page: PageImage) -> Written:
        found, seals = self._found(page.pixels)
        lines = cut_at_gutters(found, page.size)
        if page.trace is not None:
            for line in (line for line in found if line not in lines):
                page.trace.saw(Sight(Layer.GUTTERS, line.box, "a line found over two columns, cut in two"))
        return Written(tuple(lines), tuple(seals))

    def detect(self, pages: Sequence[PageImage]) -> list[list[Detection]]:
        found = []
        for page in pages:
            with turns.taken(page.outlines is not None):
                found.append(self._page(page))
        return found

    def close(self) -> None:
        self._text_lines.close()
        self._layout.close()

    def _page(self, page: PageImage) -> list[Detection]:
        texts, seals = self._seen(page)
        if len(texts) > flow.MOST_LINES:
            return [_from_top_to_bottom([*texts, *(line for seal in seals for line in seal.lines)])]
        why = _why_hints(page, texts)
        page.looks.network = why
        hints = self._layout.hints(page.pixels, threshold=_WHISPER) if why else []
        sheet = Sheet.of(page, texts, hints, seals)
        claims = claimed(sheet)
        if page.trace is not None:
            for sight in sights(sheet, claims):
                page.trace.saw(sight)
        return [_detection(claim, page.size) for claim in claims if not claim.lost]

    def _seen(self, page: PageImage) -> tuple[list[TextLine], list[Seal]]:
        """The text layer's lines where it is trusted, and those found on the picture where it says nothing."""
        if page.text is None or not page.words_known:
            written = page.written or self.find_lines(page)
            return with_numbers_apart(written.lines, page.size, page.dpi), list(written.seals)
        seals = []
        known = list(page.text.lines)
        size = typical_size(straightened(known, page.size, dpi=page.dpi))
        for silent in _apart([*page.text.pictures, *page.text.doubtful]):
            box = silent.to_pixels(page.size)
            small = min(box.width, box.height) < _SMALLEST_LOOKED_INTO * size
            if (small and not _is_silent(silent, page.text)) or _is_letterhead(silent):
                continue
            found, inside = self._found(page.pixels[box.top : box.bottom, box.left : box.right])
            frame = Box.from_pixels(*box, page.size)
            for seal in inside:
                own = [line for line in (_moved(line, frame) for line in seal.lines) if not _is_told(line, page.text)]
                seals.append(Seal(frame.part(seal.box), tuple(own)))
            for line in (_moved(line, frame) for line in found):
                why = _why_no_line(line, page, page.text, tallest=_TALLEST * size)
                if not why:
                    known.append(line)
                elif page.trace is not None:
                    page.trace.saw(Sight(Layer.LINES, line.box, "found in a raster picture", why))
        shown = page.outlines
        if shown is None or may_have_tick_boxes(shown, size):
            known += find_tick_boxes(page.pixels, known, size)
        if shown is None or may_have_bullets(shown, known, size):
            known += find_drawn_bullets(page.pixels, known, size)
        if shown is None or may_have_redactions(shown, size):
            known += find_redactions(page.pixels, known, size)
        return known, seals

    def _found(self, pixels: Pixels) -> tuple[list[TextLine], list[Seal]]:
        """The level lines of a picture, and its seals with those that are theirs; in 0..1000 of it."""
        size = Size(pixels.shape[1], pixels.shape[0])
        lines, seals = self._text_lines.find(pixels), []
        for ring in find_rings(pixels):
            above, below = ring.running_round(self._text_lines.find(ring.unrolled(pixels)), size)
            if above or below:
                lines = [line for line in lines if not is_piece_of(line, (*above, *below), size)]
                level = [line for line in lines if ring.holds(line, size)]
                lines = [line for line in lines if line not in level]
                seals.append(Seal(ring.box(size), (*above, *level, *below)))
        return lines, seals


def open_detector(settings: EngineSettings) -> EmbeddedDetector:
    return EmbeddedDetector(settings)


def _why_hints(page: PageImage, texts: Sequence[TextLine]) -> str:
    """Why the layout network is asked about a page, for people; nothing where it is not."""
    if page.network is not None:
        return "it is always asked" if page.network else ""
    return "lines that are on the picture only" if any(line.on_picture for line in texts) else ""


def _from_top_to_bottom(texts: Sequence[TextLine]) -> Detection:
    """A page of too many lines as one region, read row by row: what the finders do grows faster than their number."""
    rows = flow.from_top_to_bottom(texts)
    reason = f"{len(texts)} lines: more than {flow.MOST_LINES} are read from top to bottom"
    return Detection(Box.of_page(), Label.TEXT, 0.0, lines=tuple(rows), origin=Origin.WHOLE_PAGE, reason=reason)


# --- from the picture to the page -------------------------------------------------------------------------------


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


def _is_silent(area: Box, layer: TextLayer) -> bool:
    """Whether something is drawn there whose words the text layer does not even try to tell: a stamp, a remark."""
    return any(area.holds(it) for it in layer.doubtful) and not any(area.holds(line.box) for line in layer.lines)


def _is_letterhead(picture: Box) -> bool:
    """A small raster picture at the head or foot of a page with text of its own: what is written in it is a logo."""
    return picture.height < 100 and picture.width < 500 and not 120 < picture.center[1] < 880


def _why_no_line(line: TextLine, page: PageImage, layer: TextLayer, *, tallest: float) -> str:
    """What speaks against a line found in a raster picture of a page with text of its own; nothing where it is one."""
    if line.box.on(page.size).height >= tallest:
        return "it is as high as a drawing"
    if _is_told(line, layer):
        return "the text layer has it"
    if any(line.box.covered_by(picture) >= 0.5 for picture in layer.pictures if _is_letterhead(picture)):
        return "it is in a logo at the head or foot"
    return ""


def _is_told(line: TextLine, layer: TextLayer) -> bool:
    return any(line.box.covered_by(other.box) >= 0.3 for other in layer.lines)


def _moved(line: TextLine, frame: Box) -> TextLine:
    """A line found on a part of the page, in units of the page."""
    quad, bend = (tuple(frame.point(x, y) for x, y in points) for points in (line.quad, line.bend))
    return replace(line, box=frame.part(line.box), quad=quad, bend=bend)


# --- from claims to detections -----------------------------------------------------------------------------------


def _detection(claim: Claim, page: Size) -> Detection:
    sources = tuple(line.source for line in claim.lines)
    if claim.fields:
        named = [(Box.of(field.area, page), field) for field in claim.fields]
        sources = tuple(
            source
            for area, field in named
            for source in (
                *(replace(line.source, names=area) for line in field.names),
                *(line.source for line in field.values),
            )
        )
    box = claim.box
    if box is None:
        box = Box.around(line.box for line in sources)
    elif sources:
        box = Box.around((box, *(line.box for line in sources)))
    return Detection(box, claim.label, claim.score, lines=sources, origin=Origin.GEOMETRY, reason=claim.reason)
