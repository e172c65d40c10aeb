"""An order to read a page in, from boxes and labels alone: a recursive XY-cut.

The page is cut along its white lanes, across and down in turn (Nagy and Seth, 1984): bands that share a gutter are
columns, read one after the other; what crosses the gutter is a band of its own. Rows of short cells are read across.
Where boxes leave no lane, the rule of Breuel ("High Performance Document Layout Analysis", 2003) decides: a box comes
before those below it that it overlaps in x, and before those on its right unless something stands between them.
"""

import statistics
from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from octavo.document import Label
from octavo.frozen import frozen
from octavo.geometry import Rect, on_one_height, union
from octavo.layout.gutters import Lane, lanes

_SLACK: Final = 0.4  # of the height of the lowest quarter of rows: boxes may overlap by that and still count as apart
_CELLS: Final = 0.8  # share of the things in bands that are short, from which the bands are rows of a form
_LARGE: Final = 1.5  # times the height of a tile's lowest row: a number that stands out
_FAR: Final = 2.0  # times the usual room between bands: the next row of tiles
_FEWEST_PLACES: Final = 4  # bands and lanes between columns, together, of a grid: two columns twice may be text
_MOST_ROWS: Final = 6  # of a block in it
_EVENLY: Final = 2.5  # rows that columns which were filled evenly may end apart
_STAGGERED: Final = 2.0  # rows that the first things of two columns may begin apart
_CENTRED: Final = 0.03  # of the width of all: what stands over several columns may be that far off their middle
_AS_WIDE: Final = 0.7  # share of a column's width from which what stands below goes on in it

_HEAD_ROWS: Final = 2  # of a heading over one of several tables beside each other, at most
_HEAD_ROOM: Final = 1.5  # of its height to the table, at most
_WITHIN: Final = 0.9  # of its width that is over the table

_FIRST = frozenset({Label.HEADER, Label.HEADER_IMAGE})
_LAST = frozenset({Label.FOOTER, Label.FOOTER_IMAGE})
_EDGE = Label.NUMBER  # first or last, by where it stands
_ASIDE = Label.ASIDE_TEXT
_FLOATS = frozenset({Label.IMAGE, Label.CHART, Label.TABLE})
_CAPTIONS = frozenset({Label.FIGURE_TITLE, Label.VISION_FOOTNOTE})
_TITLES = frozenset({Label.PARAGRAPH_TITLE, Label.DOC_TITLE})


@frozen
class Placed(Rect):
    """Something to be put in order: a rectangle in units that are the same in x and y, and what it is."""

    label: Label
    rows: int = 1  # of text in it: tells a cell from a paragraph
    entry: bool = False  # it begins with a bullet or number, as the entries of a list do


@frozen
class _Unit(Rect):
    """One or more things that stay together: a figure and its caption."""

    members: tuple[int, ...]
    title: bool
    short: bool
    entry: bool
    rows: int
    row: float  # height of the lowest member's rows


def in_reading_order(
    things: Sequence[Placed], *, page_height: float, from_right: bool = False, cuts: list[Rect] | None = None
) -> list[int]:
    """The indices of `things` in the order they are read. A permutation, whatever the boxes.

    The white lanes between columns that are read one after the other go to `cuts`, for who wants to see them.
    """
    first, last, aside, body = [], [], [], []
    for index, thing in enumerate(things):
        upper = thing.middle < page_height / 2
        if thing.label in _FIRST or (thing.label is _EDGE and upper):
            first.append(index)
        elif thing.label in _LAST or thing.label is _EDGE:
            last.append(index)
        elif thing.label is _ASIDE:
            aside.append(index)
        else:
            body.append(index)
    upright = sum(things[index].label is Label.VERTICAL_TEXT for index in body)
    from_right = from_right or upright > len(body) / 2
    units = _units(things, body)
    ordered = _ordered(units, from_right, [] if cuts is None else cuts, depth=0)
    return [
        *_by_rows(things, first, from_right),
        *(member for unit in ordered for member in unit.members),
        *_by_rows(things, aside, from_right),
        *_by_rows(things, last, from_right),
    ]


def _by_rows(things: Sequence[Placed], indices: Sequence[int], from_right: bool) -> list[int]:
    """Top to bottom; what stands side by side, along the line."""
    place = {id(things[index]): index for index in indices}
    rows = on_one_height((things[index] for index in indices), lambda _, thing: thing.height / 2)
    return [place[id(thing)] for row in rows for thing in (reversed(row) if from_right else row)]


# --- what stays together -----------------------------------------------------------------------------------------


def _units(things: Sequence[Placed], body: Sequence[int]) -> list[_Unit]:
    """Captions joined to the figure or table they stand next to, formula numbers to their formula."""
    groups = {index: [index] for index in body}
    headed = _headed_side_by_side(things, body)
    for index in body:
        host = _host(things, body, index) if index not in headed else headed[index]
        if host is not None:
            groups[host].append(index)
            del groups[index]
    return [_unit(things, members) for members in groups.values()]


def _headed_side_by_side(things: Sequence[Placed], body: Sequence[int]) -> dict[int, int]:
    """Which text heads which of several tables beside each other, each of which has one: price lists on a menu."""
    tables = [index for index in body if things[index].label is Label.TABLE]
    beside = [
        table
        for table in tables
        if any(things[table].overlap_y(things[it]) > 0 and things[table].gap_x(things[it]) > 0 for it in tables)
    ]
    heads = {head: table for table in beside if (head := _head(things, body, table)) is not None}
    return heads if len(heads) > 1 else {}


def _head(things: Sequence[Placed], body: Sequence[int], table: int) -> int | None:
    """The short text right above a table, no wider than it, with nothing between them."""
    host = things[table]
    above = [
        index
        for index in body
        if things[index].label not in _FLOATS
        and things[index].rows <= _HEAD_ROWS
        and -things[index].height / 2 < host.top - things[index].bottom < _HEAD_ROOM * things[index].height
        and things[index].overlap_x(host) > _WITHIN * things[index].width
    ]
    nearest = max(above, key=lambda index: things[index].bottom, default=None)
    return nearest if nearest is not None and _free(things, body, nearest, table) else None


def _host(things: Sequence[Placed], body: Sequence[int], index: int) -> int | None:
    thing = things[index]
    is_caption = thing.label in _CAPTIONS
    if not is_caption and thing.label is not Label.FORMULA_NUMBER:
        return None
    best, nearest = None, float("inf")
    for other in body:
        host = things[other]
        if is_caption and host.label in _FLOATS:
            gap = thing.gap_y(host)
            above = thing.overlap_x(host) > 0.5 * min(thing.width, host.width)
            fits = above and gap < 3 * thing.height / max(1, thing.rows)
        elif not is_caption and host.label is Label.DISPLAY_FORMULA:
            gap = thing.gap_x(host)
            fits = thing.overlap_y(host) > 0.5 * min(thing.height, host.height)
        else:
            continue
        if fits and gap < nearest and _free(things, body, index, other):
            best, nearest = other, gap
    return best


def _free(things: Sequence[Placed], body: Sequence[int], index: int, host: int) -> bool:
    """Whether nothing else stands in the box around a thing and its host."""
    a, b = things[index], things[host]
    left, right = max(a.left, b.left), min(a.right, b.right)
    top, bottom = min(a.bottom, b.bottom), max(a.top, b.top)
    if top >= bottom or left >= right:
        return True
    between = Rect(left, top, right, bottom)
    return not any(
        other not in (index, host)
        and things[other].overlap_x(between) > 0
        and things[other].overlap_y(between) > 0.5 * between.height
        for other in body
    )


def _unit(things: Sequence[Placed], members: Sequence[int]) -> _Unit:
    ordered = tuple(sorted(members, key=lambda index: (things[index].top, things[index].left, index)))
    if any(things[index].label is Label.FORMULA_NUMBER for index in members):
        ordered = tuple(members)
    box = union(things[index] for index in members)
    head = things[ordered[0]]
    return _Unit(
        box.left,
        box.top,
        box.right,
        box.bottom,
        ordered,
        title=head.label in _TITLES,
        short=len(members) == 1 and head.rows <= 2 and head.label not in _FLOATS,
        entry=head.entry,
        rows=sum(things[index].rows for index in members),
        row=min(things[index].height / max(1, things[index].rows) for index in members),
    )


# --- lanes ------------------------------------------------------------------------------------------------------

_DEPTH = 12
_FEWEST_NAMES: Final = 2  # headings in a column beside the text from which they are a way of setting it
_NARROW: Final = 0.6  # of the text beside: such headings are no wider; two columns of text are as wide as each other
_LEVEL = 0.6  # of its height a heading and what stands beside it may begin apart, for their types differ


def _ordered(units: Sequence[_Unit], from_right: bool, cuts: list[Rect], depth: int) -> list[_Unit]:
    if len(units) < 2:
        return list(units)
    if depth > _DEPTH:
        return _by_precedence(units, from_right)
    bands = _bands(units)
    gutters = _gutters(units)
    if len(bands) == 1 and not gutters:
        return _by_precedence(units, from_right)
    if gutters:
        along = -1 if from_right else 1
        sections = _under_titles(bands, gutters, from_right)
        if len(sections) == 1 and _is_grid(bands, gutters):
            sections = bands
        elif len(sections) == 1 and _cells(bands, gutters):
            tiles = [column for tile in _tiles(bands, gutters) for column in _columns(tile, gutters)[::along]]
            sections = tiles or bands
        elif len(sections) == 1:
            sections = _beside_headings(units, gutters, from_right) or _tiers(bands, gutters)
        if len(sections) == 1:
            sections = _below_columns(bands, gutters, from_right)
        if len(sections) == 1:
            columns = _columns(units, gutters)
            top, bottom = min(unit.top for unit in units), max(unit.bottom for unit in units)
            cuts += [Rect(left, top, right, bottom) for left, right in gutters]
            sections = columns[::along]
    else:
        sections = _sections(bands)
        if len(sections) == 1:  # bands that share no gutter and could not be told apart
            sections = bands
    return [unit for section in sections for unit in _ordered(section, from_right, cuts, depth + 1)]


def _bands(units: Sequence[_Unit]) -> list[list[_Unit]]:
    """Groups with white from side to side between them, top to bottom."""
    ordered = sorted(units, key=lambda unit: (unit.top, unit.left))
    slack = _slack(units)
    bands: list[list[_Unit]] = []
    reach = float("-inf")
    for unit in ordered:
        inset = min(slack, 0.2 * (unit.height))
        if unit.top + inset >= reach:
            bands.append([])
        bands[-1].append(unit)
        reach = max(reach, unit.bottom - inset)
    return bands


def _rooms(bands: Sequence[Sequence[_Unit]]) -> list[float]:
    """From each band to the next."""
    return [min(unit.top for unit in below) - max(unit.bottom for unit in above) for above, below in pairwise(bands)]


def _gutters(units: Sequence[_Unit]) -> list[Lane]:
    """White lanes from top to bottom, left to right."""
    return lanes([(unit.left, unit.right) for unit in units], _slack(units))


def _slack(units: Sequence[_Unit]) -> float:
    """How far boxes may overlap and still count as apart."""
    rows = sorted(unit.row for unit in units)
    return _SLACK * rows[len(rows) // 4]


def _columns(units: Sequence[_Unit], gutters: Sequence[Lane]) -> list[list[_Unit]]:
    columns: list[list[_Unit]] = [[] for _ in range(len(gutters) + 1)]
    middles = [(left + right) / 2 for left, right in gutters]
    for unit in units:
        columns[bisect_left(middles, unit.axis)].append(unit)
    return [column for column in columns if column]


def _under_titles(bands: Sequence[list[_Unit]], gutters: Sequence[Lane], from_right: bool) -> list[list[_Unit]]:
    """Bands parted above and below each that is a title, or a line of text, over several columns; else all in one.

    A title seldom reaches from margin to margin, so that some of the lanes below it go on beside it: it is in the
    middle of what it stands over, or begins where that begins, and without such lines more lanes are seen than with
    them. Once they are, a title that begins there and has something that begins on one height in every column below is
    one, too.
    """
    whole = union(unit for band in bands for unit in band)
    over = [len(band) == 1 and band[0].short and _is_over_all(band[0], whole, from_right) for band in bands]
    rest = [unit for band, is_over in zip(bands, over, strict=True) if not is_over for unit in band]
    seen = _gutters(rest) if rest else []
    if len(seen) <= len(gutters):
        return [[unit for band in bands for unit in band]]
    sections: list[list[_Unit]] = [[]]
    for number, (band, is_over) in enumerate(zip(bands, over, strict=True)):
        covers = is_over and any(band[0].left < left and right < band[0].right for left, right in seen)
        if covers or (is_over and band[0].title and _is_level(bands[number + 1 : number + 2], seen)):
            sections += [list(band), []]
        else:
            sections[-1] += band
    return [section for section in sections if section]


def _is_level(bands: Sequence[Sequence[_Unit]], gutters: Sequence[Lane]) -> bool:
    """Whether there is a band, and in every column something in it begins on one height."""
    columns = [column for band in bands for column in _columns(band, gutters)]
    tops = [min(unit.top for unit in column) for column in columns]
    return len(columns) > len(gutters) and max(tops) - min(tops) < _LEVEL * min(
        unit.row for band in bands for unit in band
    )


def _is_over_all(unit: _Unit, whole: Rect, from_right: bool) -> bool:
    """Whether something begins where all on the page does, or is in its middle."""
    begins = abs(unit.right - whole.right) if from_right else abs(unit.left - whole.left)
    return begins < unit.row or abs(unit.axis - whole.axis) < _CENTRED * whole.width


def _below_columns(bands: Sequence[list[_Unit]], gutters: Sequence[Lane], from_right: bool) -> list[list[_Unit]]:
    """Columns that end on one height, and what stands below the first alone without going on in it, as a table that is
    no wider; else all in one."""
    whole = [unit for band in bands for unit in band]
    for number in range(1, len(bands)):
        above = [unit for band in bands[:number] for unit in band]
        below = [unit for band in bands[number:] for unit in band]
        columns, under = _columns(above, gutters), _columns(below, gutters)
        if len(columns) <= len(gutters) or len(under) > 1:
            continue
        first = columns[-1 if from_right else 0]
        ends = [max(unit.bottom for unit in column) for column in columns]
        row = min(unit.row for unit in above)
        level = max(ends) - min(ends) < _EVENLY * row and min(unit.top for unit in below) - max(ends) > row
        if level and first[0].overlap_x(below[0]) > 0 and not _fills(below, above, gutters):
            return [above, below]
    return [whole]


def _cells(bands: Sequence[Sequence[_Unit]], gutters: Sequence[Lane]) -> bool:
    """Whether bands are rows of a form: in most of them one short thing per column, side by side on one height.

    Entries in every column, or several in two, are lists beside each other: bullets do not stand in the cells of a row.
    """
    shared = [band for band in bands if _both_sides(band, gutters)]
    if len(bands) < 2 or len(shared) < 0.5 * len(bands):
        return False
    cells = [unit for band in shared for unit in band]
    columns = _columns(cells, gutters)
    if all(sum(unit.entry for unit in column) > 0.5 * len(column) for column in columns):
        return False
    if sum(sum(unit.entry for unit in column) > 1 for column in columns) > 1:
        return False
    lone = all(len(column) == 1 for band in shared for column in _columns(band, gutters))
    if sum(map(_is_row, shared)) < _CELLS * len(shared):
        return False
    return lone and sum(unit.short for unit in cells) >= _CELLS * len(cells)


def _is_row(band: Sequence[_Unit]) -> bool:
    """Whether what stands side by side begins on one height, or has its middle or end there."""
    row = min(unit.row for unit in band)
    edges = ([unit.top for unit in band], [unit.middle for unit in band], [unit.bottom for unit in band])
    return min(max(places) - min(places) for places in edges) < _LEVEL * row


def _beside_headings(units: Sequence[_Unit], gutters: Sequence[Lane], from_right: bool) -> list[list[_Unit]]:
    """What stands beside each of the headings in a column of their own, with it; nothing where they are no such.

    As in manuals and records of service: two or more headings or short lines in a narrow column, each beginning on
    one height with something longer beside it. A column of text is wider, or its pieces begin where they like.
    """
    if len(gutters) != 1:
        return []
    columns = _columns(units, gutters)
    names, texts = columns[::-1] if from_right else columns
    texts = sorted(texts, key=lambda unit: unit.top)
    above = [unit for unit in names if unit.bottom <= texts[0].top]  # a heading over all, no wider than such a name
    names = sorted((unit for unit in names if unit not in above), key=lambda unit: unit.top)
    if len(names) < _FEWEST_NAMES or not all(name.title or name.short for name in names):
        return []
    widest = max(unit.width for unit in texts)
    if max(name.width for name in names) > _NARROW * widest or any(name.entry for name in names):
        return []
    if all(unit.short for unit in texts):
        return []
    beside = [any(abs(name.top - unit.top) < _LEVEL * name.height for unit in texts) for name in names]
    if not all(beside):
        return []
    sections: list[list[_Unit]] = [[] for _ in names]
    tops = [name.top - _LEVEL * name.height for name in names]
    for unit in (*names, *texts):
        place = sum(unit.top >= top for top in tops) - 1
        (sections[place] if place >= 0 else above).append(unit)
    return [section for section in (above, *sections) if section]


def _tiers(bands: Sequence[list[_Unit]], gutters: Sequence[Lane]) -> list[list[_Unit]]:
    """Bands put together to rows of cards: each starts with headings on one line, in every column. Else all in one."""
    tiers: list[list[_Unit]] = []
    for index, band in enumerate(bands):
        room = min(unit.top for unit in band) - max(unit.bottom for unit in tiers[-1]) if tiers else float("inf")
        headed = bool(tiers) and all(unit.title for unit in tiers[-1])  # a title stays with what is below it
        if not headed and _heads(band, bands[index + 1] if index + 1 < len(bands) else [], gutters, room):
            tiers.append([])
        elif not tiers:
            break
        tiers[-1].extend(band)
    return tiers or [[unit for band in bands for unit in band]]


def _is_grid(bands: Sequence[Sequence[_Unit]], gutters: Sequence[Lane]) -> bool:
    """Rows of labels: in each band, well apart from the next, blocks of a few rows that begin on one height, one in
    every column but for the last band. Columns of text do not do that time and again."""
    if len(bands) < 2 or len(bands) + len(gutters) < _FEWEST_PLACES:
        return False
    row = min(unit.row for band in bands for unit in band)
    if min(_rooms(bands)) < row:
        return False
    for number, band in enumerate(bands):
        columns = _columns(band, gutters)
        whole = len(columns) == len(gutters) + 1 or number == len(bands) - 1
        blocks = len(band) == len(columns) and all(1 < unit.rows <= _MOST_ROWS and not unit.entry for unit in band)
        level = max(unit.top for unit in band) - min(unit.top for unit in band) < _LEVEL * row
        if not (whole and blocks and level):
            return False
    return True


def _tiles(bands: Sequence[list[_Unit]], gutters: Sequence[Lane]) -> list[list[_Unit]]:
    """Rows of tiles: in every column of each a short line or title with what is set much larger, or goes on in rows of
    text, close below it. Nothing where they are no such: cells of a form's rows are all set alike."""
    rooms = _rooms(bands)
    far = max([_FAR * statistics.median(rooms), *(unit.row for unit in bands[0])]) if rooms else 0.0
    tiers = [list(bands[0])]
    for band, room in zip(bands[1:], rooms, strict=True):
        if room > far:
            tiers.append([])
        tiers[-1] += band
    for tier in tiers:
        columns = _columns(tier, gutters)
        if len(columns) <= len(gutters) or not all(map(_is_tile, columns)):
            return []
    return tiers


def _is_tile(column: Sequence[_Unit]) -> bool:
    lowest, highest = min(unit.row for unit in column), max(unit.row for unit in column)
    head = min(column, key=lambda unit: unit.top)
    return len(column) > 1 and (highest > _LARGE * lowest or (head.title and any(unit.rows > 1 for unit in column)))


def _heads(band: Sequence[_Unit], under: Sequence[_Unit], gutters: Sequence[Lane], room: float) -> bool:
    """Whether a band starts with a heading in every column, or in every one with a short line nearer to what is below
    it than above. A heading and a plain line are level by chance, as in a sidebar and the text beside it."""
    columns = _columns(band, gutters)
    if len(columns) <= len(gutters):
        return False
    heads = [min(column, key=lambda unit: unit.top) for column in columns]
    lowest = min(head.height for head in heads)
    if max(head.top for head in heads) - min(head.top for head in heads) > 0.6 * lowest:
        return False
    titles = sum(head.title for head in heads)
    if titles:
        return titles == len(heads)
    below = [unit.top for unit in (*band, *under) if unit not in heads]
    follows = bool(below) and min(below) - max(head.bottom for head in heads) < 0.5 * room
    return follows and all(head.short and not head.entry for head in heads)


def _sections(bands: Sequence[list[_Unit]]) -> list[list[_Unit]]:
    """Neighbouring bands that share a gutter put together; bands that something crosses stay alone."""
    sections: list[list[_Unit]] = []
    start = 0
    while start < len(bands):
        section, end = list(bands[start]), start + 1
        if end < len(bands) and _is_level_with(bands[start], bands[end]):
            section += bands[end]
            end += 1
        gutters = _gutters(section)
        if gutters:
            grown = list(section)
            for stop in range(end, len(bands)):
                grown = grown + list(bands[stop])
                gutters = _gutters(grown)
                if not gutters:
                    break
                if _both_sides(bands[stop], gutters) or _fills(bands[stop], section, gutters):
                    section, end = list(grown), stop + 1
            while end < len(bands) and _is_title(bands[end - 1], section):
                end -= 1
                section = [unit for unit in section if unit not in bands[end]]
        sections.append(section)
        start = end
    return sections


def _is_level_with(band: Sequence[_Unit], below: Sequence[_Unit]) -> bool:
    """Whether the first thing of a column, which goes on below it, begins less than two rows above that of another:
    it is over neither both nor the other."""
    if len(band) > 1:
        return False
    columns = _columns([*band, *below], _gutters([*band, *below]))
    own = [column for column in columns if band[0] in column]
    firsts = [min(unit.top for unit in column) for column in columns if band[0] not in column]
    goes_on = bool(firsts) and len(own[0]) > 1
    return goes_on and max(firsts) - band[0].top < _STAGGERED * band[0].row


def _is_title(band: Sequence[_Unit], section: Sequence[_Unit]) -> bool:
    """Whether a band that ends a section of columns is a title alone: it is one of what follows."""
    return len(band) == 1 and band[0].title and len(section) > 1


def _both_sides(band: Sequence[_Unit], lanes: Sequence[Lane]) -> bool:
    return len(_columns(band, lanes)) > 1


def _fills(band: Sequence[_Unit], section: Sequence[_Unit], lanes: Sequence[Lane]) -> bool:
    """Whether a band on one side of the gutter goes on in a column of the section above: as wide as it, and near."""
    center = band[0].axis
    side = sum(center > (left + right) / 2 for left, right in lanes)
    column = [u for u in section if sum(u.axis > (a + b) / 2 for a, b in lanes) == side]
    if not column:
        return False
    left, right = min(unit.left for unit in column), max(unit.right for unit in column)
    wide = max(unit.right for unit in band) - min(unit.left for unit in band)
    tall = max(unit.bottom for unit in section) - min(unit.top for unit in section)
    gap = min(unit.top for unit in band) - max(unit.bottom for unit in column)
    return wide > _AS_WIDE * (right - left) and gap < max(0.5 * tall, 1.0) and not all(unit.short for unit in section)


# --- no lane ----------------------------------------------------------------------------------------------------

_MOST_WITHOUT_LANE: Final = 600  # units that are held against each other, in the cube of their number; pages have 50


def _by_precedence(units: Sequence[_Unit], from_right: bool) -> list[_Unit]:
    """A topological order over "is read before"; where that has a circle, the topmost goes first, as where there are
    too many."""
    if len(units) > _MOST_WITHOUT_LANE:
        return sorted(units, key=lambda unit: (unit.top, -unit.right if from_right else unit.left))
    box = np.array([(unit.left, unit.top, unit.right, unit.bottom) for unit in units], np.float64)
    if from_right:
        box = np.stack([-box[:, 2], box[:, 1], -box[:, 0], box[:, 3]], 1)
    before = _before(box)
    waiting = before.sum(0)
    left = np.ones(len(units), bool)
    order = []
    rank = np.lexsort((box[:, 0], box[:, 1]))
    place = np.empty(len(units), np.int64)
    place[rank] = np.arange(len(units))
    for _ in range(len(units)):
        key = np.where(left, waiting * (len(units) + 1) + place, np.iinfo(np.int64).max)
        chosen = int(key.argmin())
        order.append(units[chosen])
        left[chosen] = False
        waiting = waiting - before[chosen]
    return order


def _before(box: NDArray[np.float64]) -> NDArray[np.int64]:
    """before[a, b]: a is read before b."""
    left, top, right, bottom = box.T
    width, height = right - left, bottom - top
    across = np.minimum(right[:, None], right) - np.maximum(left[:, None], left)
    over_x = across > 0.1 * np.minimum(width[:, None], width)
    middle = (top + bottom) / 2
    above = over_x & (middle[:, None] < middle)
    beside = (right[:, None] - 0.1 * width[:, None] <= left + 0.1 * width) & ~over_x
    down = np.minimum(bottom[:, None], bottom) - np.maximum(top[:, None], top)
    level = down > 0.3 * np.minimum(height[:, None], height)
    parted = np.zeros_like(above)
    for index in range(len(box)):  # index crosses the lane between a and b, and stands between them in y
        crosses = over_x[index]
        between = (middle[:, None] < middle[index]) & (middle[index] < middle) | (
            (middle[:, None] > middle[index]) & (middle[index] > middle)
        )
        parted |= crosses[:, None] & crosses[None, :] & between
    rule: NDArray[np.int64] = (above | (beside & (level | ~parted) & ~above.T)).astype(np.int64)
    np.fill_diagonal(rule, 0)
    return rule
