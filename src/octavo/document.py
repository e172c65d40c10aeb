"""The nouns that pass between the stages: frozen, no behaviour, no I/O.

    PageImage -> Detection -> Region -> Crop -> Recognition -> Block -> Page -> Document -> Artifact

Pages count from 0 here and from 1 in whatever a person reads. Boxes are 0..1000 of the page after it was turned
upright. Where a page was straightened, the stages see the straightened picture and count on that; the result's boxes
are those of the upright one, and `Warp` says which place of the one lies where on the other.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import islice
from typing import Final, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from octavo.content import Content, Heading, Runs
from octavo.frozen import frozen
from octavo.geometry import Box, PixelBox, Size, Warp

Pixels: TypeAlias = NDArray[np.uint8]  # height x width x 3, RGB


class Label(StrEnum):
    """The 25 region classes of PP-DocLayoutV3, in the order of their ids."""

    ABSTRACT = "abstract"
    ALGORITHM = "algorithm"
    ASIDE_TEXT = "aside_text"
    CHART = "chart"
    CONTENT = "content"
    DISPLAY_FORMULA = "display_formula"
    DOC_TITLE = "doc_title"
    FIGURE_TITLE = "figure_title"
    FOOTER = "footer"
    FOOTER_IMAGE = "footer_image"
    FOOTNOTE = "footnote"
    FORMULA_NUMBER = "formula_number"
    HEADER = "header"
    HEADER_IMAGE = "header_image"
    IMAGE = "image"
    INLINE_FORMULA = "inline_formula"
    NUMBER = "number"
    PARAGRAPH_TITLE = "paragraph_title"
    REFERENCE = "reference"
    REFERENCE_CONTENT = "reference_content"
    SEAL = "seal"
    TABLE = "table"
    TEXT = "text"
    VERTICAL_TEXT = "vertical_text"
    VISION_FOOTNOTE = "vision_footnote"


class Task(StrEnum):
    """What is done with a region."""

    TEXT = "text"
    TABLE = "table"
    FORMULA = "formula"
    SKIP = "skip"  # kept in the output as a picture, not read
    ABANDON = "abandon"  # left out of the body


class Severity(StrEnum):
    """What a problem means to the reader of the result."""

    LOST = "lost"  # it is on the page and not in the result: the document is `partial`
    DOUBTFUL = "doubtful"  # it is in the result, but may be wrong or cut short
    LEFT_OUT = "left_out"  # it was left out because the options say so


@frozen
class Problem:
    """One line of the loss ledger."""

    code: str  # stable, snake_case; an error's code where an error was the cause
    message: str
    severity: Severity
    page: int | None = None  # 0-based
    box: Box | None = None
    label: Label | None = None
    saved_text: str | None = None  # what could be saved of a region that is otherwise lost


TEXT_DOUBTFUL: Final = "text_doubtful"  # code of a problem: the characters were read, but none too surely
NOT_LATEX: Final = "formula_not_latex"  # code of a problem: a formula's text is its characters, not LaTeX


# --- text with a place ------------------------------------------------------------------------------------------


@frozen
class Word:
    """A run of characters without a gap. Where a script has no spaces, a run the reader kept together."""

    text: str
    box: Box


@frozen
class InlineFormula:
    """A stretch of a line's text that is a formula."""

    start: int  # in the line's text
    end: int
    latex: str  # without delimiters


@frozen
class Unread:
    """Why a line could not be read, and what it looks like."""

    guess: str = ""  # with too little confidence, or of too little of its ink, to be believed
    advice: str = ""  # for people: what would help
    code: str = "lines_unread"  # of the problem


@frozen
class TextLine:
    """One line of text on a page: found (text is None), read from the picture, or taken from the text layer."""

    box: Box
    text: str | None = None
    words: tuple[Word, ...] = ()  # in reading order; may be empty where only the line is known
    confidence: float | None = None  # 0..1, mean over the characters
    quad: tuple[tuple[float, float], ...] = ()  # 4 corners clockwise from top left, page units; () = the box's
    # Of a line that runs round: points along its upper edge, then as many along its lower one, page units, both from
    # where reading starts; () = it is straight.
    bend: tuple[tuple[float, float], ...] = ()
    font_size: float | None = None  # points
    bold: bool = False
    italic: bool = False
    monospace: bool = False
    field: bool = False  # the value of a form's field, or the state of a box to tick
    names: Box | None = None  # the field of a form that it is the name of: what stands in there is its value
    unread: Unread | None = None  # where it was tried, and could not be read; text is None then
    formulas: tuple[InlineFormula, ...] = ()  # in the order of the text; from glyphs, where it is sure what they say
    notation: float = 0.0  # share of its width that is set in fonts for formulas
    runs: Runs = ()  # its text in styles and with links; () where all of it is set as the line is

    @property
    def on_picture(self) -> bool:
        """Whether it was found on the picture, be it read or not: its box is somewhat larger than its letters then."""
        return self.text is None or self.confidence is not None


@frozen
class Seal:
    """A ring with text running round inside it: where it is, and its lines in the order they are read: round above,
    level, round below."""

    box: Box
    lines: tuple[TextLine, ...]


@frozen
class Written:
    """The lines of a page's picture, before it is laid out; of its seals, theirs."""

    lines: tuple[TextLine, ...]
    seals: tuple[Seal, ...] = ()

    @property
    def all_lines(self) -> tuple[TextLine, ...]:
        return (*self.lines, *(line for seal in self.seals for line in seal.lines))

    def read(self, lines: Iterable[TextLine]) -> "Written":
        """The same with others for `all_lines`, in their order."""
        answers = iter(lines)
        level = tuple(islice(answers, len(self.lines)))
        seals = (replace(seal, lines=tuple(islice(answers, len(seal.lines)))) for seal in self.seals)
        return Written(level, tuple(seals))


class Trust(StrEnum):
    """Verdict on a page's text layer."""

    TRUSTED = "trusted"
    ABSENT = "absent"  # no text, or next to none
    GARBLED = "garbled"  # wrong ToUnicode, missing glyph names, replacement characters
    INVISIBLE = "invisible"  # OCR junk under a scan
    DISORDERED = "disordered"  # right-to-left or ligature order that cannot be put right


class Notation(Protocol):
    """What the formulas of a page are rebuilt from. `octavo.formulas` has the one there is."""

    def latex(self, boxes: Sequence[Box]) -> tuple[str | None, str]:
        """What is drawn in these boxes as LaTeX, or None and why it is not sure."""
        ...


@frozen
class TextLayer:
    """The text a page of a PDF carries, and whether to believe it."""

    verdict: Trust
    reason: str  # for people: what the verdict rests on
    lines: tuple[TextLine, ...] = ()
    doubtful: tuple[Box, ...] = ()  # areas of a trusted page whose text is not to be believed
    pictures: tuple[Box, ...] = ()  # areas covered by raster images: text in them is not in the layer
    notation: Notation | None = field(default=None, compare=False)  # None: no font of the page is made for formulas
    buried: int = 0  # characters, most that the page has: drawn to be seen, and then drawn over
    _edges: NDArray[np.float64] = field(init=False, repr=False, compare=False)  # of its lines: 4 x n, page units

    def __post_init__(self) -> None:
        edges = np.array([line.box.sides for line in self.lines], np.float64).reshape(-1, 4)
        object.__setattr__(self, "_edges", np.ascontiguousarray(edges.T))

    def near(self, box: Box) -> list[TextLine]:
        """The lines that touch a box. To ask each line would cost the square of a page of thousands of regions."""
        left, top, right, bottom = self._edges
        touching = (left <= box.right) & (right >= box.left) & (top <= box.bottom) & (bottom >= box.top)
        return [self.lines[index] for index in np.flatnonzero(touching).tolist()]


class Layer(StrEnum):
    """What kind of thing was seen on a page on the way from its ink to its regions."""

    STRAIGHTENED = "straightened"  # how the page leans, and what was done about it
    LINES = "lines"  # of text: from the text layer, or found on the picture
    RULES = "rules"  # ruling lines, and edges of shades
    HINTS = "hints"  # what the layout network believes
    TABLES = "tables"  # areas that look like tables
    FIGURES = "figures"  # areas of ink that no text explains
    CLAIMS = "claims"  # lines that a finder says are one thing
    DROPPED = "dropped"  # detections that another one stands for
    GUTTERS = "gutters"  # white lanes the page was cut at


@frozen
class Sight:
    """Something that a stage saw: for whoever wants to know how a page came to read as it does."""

    layer: Layer
    box: Box
    words: str  # what it is, for people
    lost: str = ""  # why nothing came of it
    lines: tuple[Box, ...] = ()  # where it stands for lines: theirs


class Trace(Protocol):
    """Where stages write down what they see. `octavo.trace` has the one there is."""

    def saw(self, sight: Sight) -> None: ...


class Undrawn(Protocol):
    """A picture that is drawn when somebody looks at it, and kept from then on."""

    @property
    def size(self) -> Size: ...

    @property
    def pixels(self) -> Pixels:
        """Blocks where it is not drawn yet. Raises OctavoError."""
        ...


Picture: TypeAlias = Pixels | Undrawn


def size_of(picture: Picture) -> Size:
    """Of a picture, drawn or not."""
    return Size(picture.shape[1], picture.shape[0]) if isinstance(picture, np.ndarray) else picture.size


def pixels_of(picture: Picture) -> Pixels:
    """Of a picture, which is drawn now if it was not. Raises OctavoError."""
    return picture if isinstance(picture, np.ndarray) else picture.pixels


@dataclass(frozen=True, slots=True, eq=False)
class Areas:
    """Things that are drawn, n of them in order."""

    boxes: NDArray[np.float64]  # n x 4: left, top, right, bottom; pixels of the page's picture
    greys: NDArray[np.float64]  # n, 0..255; NaN where nothing is filled, infinite where there are several
    places: NDArray[np.int64]  # n, in the order of drawing, in which text has its places, too

    def within(self, box: PixelBox, scale: float) -> "Areas":
        """Those in a part of the picture, counted from there and enlarged by `scale`."""
        left, top, right, bottom = self.boxes.T
        inside = (left < box.right) & (right > box.left) & (top < box.bottom) & (bottom > box.top)
        origin = np.array((box.left, box.top, box.left, box.top))
        cut = np.clip(self.boxes[inside] - origin, 0, (box.width, box.height, box.width, box.height))
        return Areas(cut * scale, self.greys[inside], self.places[inside])


@dataclass(frozen=True, slots=True, eq=False)
class Outlines:
    """All that a page shows besides text, as its file says it."""

    size: Size  # of the picture, pixels
    filled: Areas  # of one colour, with level edges: shades and rules
    shapes: Areas  # around what is anything else
    edges: Areas  # of no extent: level sides of such shapes
    # The page without its text, smaller than `size`; RGB, or grey where it has no colours. None: nothing else is on it.
    sketch: Pixels | None = None

    def within(self, box: PixelBox, scale: float) -> "Outlines":
        """Those of a part of the picture, enlarged by `scale`; without a sketch."""
        size = Size(max(1, round(box.width * scale)), max(1, round(box.height * scale)))
        filled, shapes, edges = (those.within(box, scale) for those in (self.filled, self.shapes, self.edges))
        return Outlines(size, filled, shapes, edges)


@dataclass(slots=True)
class Looks:
    """What was looked at to read a page. Stages write it down, the report tells it; for people, "" where it was not."""

    drawn: str | None = None  # why its picture was drawn; None where nobody knows whether it was
    network: str | None = None  # why the layout network was asked; None where there is none to ask


@frozen
class PageImage:
    """A page as it was drawn, or would be, upright as far as is known."""

    number: int  # 0-based in the document
    picture: Picture
    dpi: float  # pixels per inch of `picture`; for plain images what the file says, or 0 where it says nothing
    rotation: int = 0  # clockwise degrees it was turned by to stand upright: 0, 90, 180, 270
    text: TextLayer | None = None  # None: not a PDF, or not asked for
    written: Written | None = None  # on its picture, read before it is laid out; None: it was not
    problems: tuple[Problem, ...] = ()  # of drawing it: a picture that is cut short
    network: bool | None = None  # whether a network is asked about its layout; None: where lines are found, not known
    outlined: bool = False  # whether outlines of its regions are wanted, from a detector that can tell them
    warp: Warp | None = None  # where its places lie on the upright picture; None: it is that
    trace: Trace | None = field(default=None, compare=False)  # None: nobody wants to know
    outlines: Outlines | None = field(default=None, compare=False)  # None: what is drawn only the picture tells
    looks: Looks = field(default_factory=Looks, compare=False)

    @property
    def words_known(self) -> bool:
        """Whether it has a text layer that is to be believed."""
        return self.text is not None and self.text.verdict is Trust.TRUSTED

    @property
    def size(self) -> Size:
        return size_of(self.picture)

    @property
    def pixels(self) -> Pixels:
        """The picture, which is drawn now if it was not: blocks. Raises OctavoError."""
        return pixels_of(self.picture)


@frozen
class Bookmark:
    """A line of the document's own outline."""

    title: str
    level: int  # 1 is the top
    page: int | None  # 0-based


# --- regions ----------------------------------------------------------------------------------------------------


class Origin(StrEnum):
    """What found a region."""

    MODEL = "model"
    GEOMETRY = "geometry"  # lines, rules and gaps; also the text no model region covers
    WHOLE_PAGE = "whole_page"


@frozen
class Detection:
    """What a detector saw, before overlaps are settled and an order is given."""

    box: Box
    label: Label
    score: float  # 0..1
    order: float | None = None  # rank in reading order where the network gives one; smaller is earlier
    polygon: tuple[tuple[float, float], ...] = ()  # page units
    lines: tuple[TextLine, ...] = ()  # the lines inside, in reading order, where the detector knows them
    origin: Origin = Origin.MODEL
    reason: str = ""  # for people: what it rests on


@frozen
class Region:
    """A rectangle of a page that is read in one go. Its place in the tuple it comes in is its reading order."""

    page: int  # 0-based
    box: Box
    label: Label
    task: Task
    score: float
    polygon: tuple[tuple[float, float], ...] = ()
    lines: tuple[TextLine, ...] = ()
    origin: Origin = Origin.MODEL
    reason: str = ""  # for people: why it is there, and has its label


@frozen
class Crop:
    """The exact picture a recogniser gets: `pixels`, with a white margin right and below up to `size`."""

    region: Region
    picture: Picture  # a view into the page where it can be: do not write to it
    box: PixelBox  # where it was cut, in pixels of the page's picture
    size: Size
    layer: str | None = None  # what the page's trusted text layer has there: to weigh an answer by, not to read
    final: bool = False  # the first answer that ends by itself stands, as in the official SDK
    outlines: Outlines | None = field(default=None, compare=False)  # as a page's

    @property
    def pixels(self) -> Pixels:
        """The picture, which is drawn now if it was not: blocks. Raises OctavoError."""
        return pixels_of(self.picture)


class TextSource(StrEnum):
    """Where a region's text came from."""

    TEXT_LAYER = "text_layer"
    RECOGNIZER = "recognizer"
    NONE = "none"  # not read: skipped, abandoned, or lost


Spans: TypeAlias = tuple[tuple[float, float], ...]  # stretches of time (time.monotonic()), in order, none touching


@frozen
class Usage:
    """What reading took: tokens, as the model's server counts them, and time."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    requests: int = 0
    model_seconds: float = 0.0  # of all requests, summed: many run side by side
    at_model: Spans = ()  # while at least one request was at the server
    waiting: Spans = ()  # while at least one request waited for a server that boots or restarts

    def __add__(self, other: "Usage") -> "Usage":
        if self is NOTHING_USED:  # most sums have one part
            return other
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.requests + other.requests,
            self.model_seconds + other.model_seconds,
            united(self.at_model, other.at_model),
            united(self.waiting, other.waiting),
        )

    @classmethod
    def total(cls, usages: Iterable["Usage"]) -> "Usage":
        """All together. Added one by one, the spans of a long document would be put in order again for each."""
        parts = list(usages)
        return cls(
            sum(part.prompt_tokens for part in parts),
            sum(part.completion_tokens for part in parts),
            sum(part.requests for part in parts),
            sum(part.model_seconds for part in parts),
            united(*(part.at_model for part in parts)),
            united(*(part.waiting for part in parts)),
        )


NOTHING_USED: Final = Usage()


def united(*many: Spans) -> Spans:
    """The time that is in any of them."""
    told = [spans for spans in many if spans]
    if len(told) < 2:
        return told[0] if told else ()
    spans: list[tuple[float, float]] = []
    for start, end in sorted(span for one in told for span in one):
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    return tuple(spans)


@frozen
class Recognition:
    """What was read in one region. `text` is None where nothing could be read, and then a problem says why.

    Text is plain for text regions, an HTML table (`<table>..</table>`) for tables, LaTeX for formulas if the engine
    gives LaTeX. `problems` need no page, box or label: assembly fills those in from the region.
    """

    text: str | None
    source: TextSource = TextSource.RECOGNIZER
    confidence: float | None = None  # 0..1
    lines: tuple[TextLine, ...] = ()  # where the engine reads lines: their texts and boxes (page units)
    problems: tuple[Problem, ...] = ()
    steps: tuple[str, ...] = ()  # what the recovery ladder tried, in order
    usage: Usage = NOTHING_USED


# --- the result -------------------------------------------------------------------------------------------------


class Role(StrEnum):
    """Which flow of the document a block belongs to."""

    BODY = "body"
    FURNITURE = "furniture"  # running headers, footers, page numbers
    LEFT_OUT = "left_out"  # abandoned by the label mapping


@frozen
class Block:
    """A region with what was read in it and its place in the document."""

    region: Region
    recognition: Recognition
    index: int  # reading order on its page, from 0
    content: Content | None  # of this block alone; None for losses and what is left out
    role: Role = Role.BODY
    continues: bool = False  # goes on from the previous body block (over a column or page break)
    reasons: tuple[str, ...] = ()  # for people: what assembly decided beyond the region's own reason, in order

    @property
    def level(self) -> int | None:
        """Of a heading, 1..6."""
        return self.content.level if isinstance(self.content, Heading) else None


@frozen
class Page:
    """One page of the result."""

    number: int  # 0-based
    size: Size  # pixels it was drawn at, upright
    dpi: float
    rotation: int  # clockwise degrees it was turned by
    warp: Warp | None = None  # how it was straightened; its boxes stay those of the upright picture
    blocks: tuple[Block, ...] = ()  # in reading order
    problems: tuple[Problem, ...] = ()  # of this page, its regions' included
    text_layer: Trust | None = None
    text_layer_reason: str | None = None
    looks: Looks = field(default_factory=Looks, compare=False)
    timings: Mapping[str, float] = field(default_factory=dict)  # seconds by stage


class Status(StrEnum):
    """How a document ended."""

    SUCCESS = "success"
    PARTIAL = "partial"  # at least one region or page was lost


@frozen
class Document:
    """The finished result."""

    name: str  # file stem or what the caller called it: never a path
    pages: Sequence[Page]  # a tuple, unless it was read for its files alone (`Reading.only_files`)
    page_count: int  # of the source, selected or not
    problems: tuple[Problem, ...] = ()  # all, in page order
    headings: tuple[Bookmark, ...] = ()  # the source's own outline
    engines: Mapping[str, str] = field(default_factory=dict)  # stage -> what really ran
    usage: Usage = NOTHING_USED
    timings: Mapping[str, float] = field(default_factory=dict)  # seconds by stage, summed; "total" is wall time

    @property
    def status(self) -> Status:
        lost = any(problem.severity is Severity.LOST for problem in self.problems)
        return Status.PARTIAL if lost else Status.SUCCESS


@frozen
class Artifact:
    """A file of the result: what a renderer makes and delivery puts somewhere."""

    name: str  # relative, with forward slashes: "imgs/cropped_page0_idx0.jpg"
    media_type: str
    data: bytes
    format: str = ""  # the renderer that made it, as users type it; set where renderers are called
