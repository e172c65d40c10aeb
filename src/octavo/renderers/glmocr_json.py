"""`{name}.json`: a list of pages, each a list of regions, as the official GLM-OCR SDK writes it.

The profile `faithful` adds keys to each region: where its text came from, how sure the engines are, and what went
wrong. The profiles `official` and `sdk` write the SDK's keys only. What concerns the document as a whole is in the
report.
"""

import json
import math
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from typing import Final, TypeAlias

from octavo.content import Picture
from octavo.document import Artifact, Block, Document, Page, Problem, Role, TextSource
from octavo.geometry import SCALE, Box
from octavo.markup import markdown
from octavo.renderers import Pictures, _pictures
from octavo.renderers.report import Json, problem_entry
from octavo.settings import Furniture, OfficialVersion, ParseOptions, Profile

_DEEPER: Final = "\n  "  # a line of a list's entry

_Named: TypeAlias = Mapping[tuple[int, int], _pictures.KeptPicture]


def render(document: Document, pictures: Pictures, options: ParseOptions) -> Iterator[Artifact]:
    """Page by page: all regions as values, and their text in pieces, would be thirty times the file."""
    data = BytesIO()
    for number, page in enumerate(_each(document, options)):
        text = json.dumps(page, ensure_ascii=False, indent=2).replace("\n", _DEEPER)
        before = "," if number else "["
        data.write(f"{before}{_DEEPER}{text}".encode("utf-8", "replace"))
    data.write(b"\n]" if data.tell() else b"[]")
    yield Artifact(f"{document.name}.json", "application/json", data.getvalue())


def count(document: Document, options: ParseOptions) -> int:
    return 1


def pages(document: Document, options: ParseOptions) -> list[list[dict[str, Json]]]:
    """The regions of each page as plain values."""
    return list(_each(document, options))


def _each(document: Document, options: ParseOptions) -> Iterator[list[dict[str, Json]]]:
    named = _pictures.named(document, options)
    for page in document.pages:
        if options.profile is not Profile.FAITHFUL:
            yield _official(page, named, options)
            continue
        regions = [
            _faithful(block, named.get((page.number, block.index))) | _of_page(page)
            for block in page.blocks
            if _kept(block, options)
        ]
        lost = (_lost(problem, len(page.blocks) + n) for n, problem in enumerate(_pictures.losses_of_page(page)))
        yield regions + [one | _of_page(page) for one in lost]


def _official(page: Page, named: _Named, options: ParseOptions) -> list[dict[str, Json]]:
    """The SDK's own keys, in its order; what is left out of its result is left out here."""
    regions: list[dict[str, Json]] = []
    for block in page.blocks:
        if block.role is not Role.BODY:
            continue
        region: dict[str, Json] = {
            "index": len(regions),
            "label": _pictures.officially_shown(block, options),
            "bbox_2d": [*_pictures.official_box(block)],
            "polygon": _polygon(block, int),
            "content": _content(block),
            "native_label": block.region.label.value,
        }
        picture = named.get((page.number, block.index))
        if picture is not None and options.official_version is not OfficialVersion.V0_1_1:
            region["image_path"] = picture.path
        regions.append(region)
    return regions


def _kept(block: Block, options: ParseOptions) -> bool:
    return block.role is not Role.FURNITURE or options.furniture is not Furniture.DROP


def _faithful(block: Block, picture: _pictures.KeptPicture | None) -> dict[str, Json]:
    region, recognition = block.region, block.recognition
    values: dict[str, Json] = {
        "index": block.index,
        "label": _pictures.kind_shown(block),
        "bbox_2d": _enclosing(region.box),
        "polygon": _polygon(block, round),
        "content": _content(block),
        "native_label": region.label.value,
    }
    if picture is not None:
        values["image_path"] = picture.path
    values |= {
        "score": round(region.score, 4),
        "source": recognition.source.value,
        "confidence": None if recognition.confidence is None else round(recognition.confidence, 4),
        "origin": region.origin.value,
        "role": block.role.value,
        "level": block.level,
        "continues": block.continues,
        "problems": [_problem(problem) for problem in recognition.problems],
    }
    return values


def _of_page(page: Page) -> dict[str, Json]:
    """Which page this is, from 0, and its size in the pixels it was read at; 0 by 0 where it could not be drawn."""
    return {"page": page.number, "page_size": [page.size.width, page.size.height]}


def _content(block: Block) -> str | None:
    """Markdown of this region alone: of a picture, of the text in it. None for losses, and where nothing is written."""
    if block.content is None or block.content == Picture():
        return None
    return markdown.written(block.content)


def _lost(problem: Problem, index: int) -> dict[str, Json]:
    """A loss no region stands for, a page that could not be drawn above all: a region without content."""
    box = problem.box or Box.of_page()
    return {
        "index": index,
        "label": "lost",
        "bbox_2d": _enclosing(box),
        "polygon": [[round(x), round(y)] for x, y in _corners(box)],
        "content": None,
        "native_label": problem.label.value if problem.label else None,
        "score": 0.0,
        "source": TextSource.NONE.value,
        "confidence": None,
        "origin": None,
        "role": Role.BODY.value,
        "level": None,
        "continues": False,
        "problems": [_problem(problem)],
    }


def _problem(problem: Problem) -> dict[str, Json]:
    """A problem among those of its region, which tells the place; text only where some was saved."""
    entry = problem_entry(problem)
    keys = ("code", "severity", "message", *(() if problem.saved_text is None else ("saved_text",)))
    return {key: entry[key] for key in keys}


# --- coordinates --------------------------------------------------------------------------------------------------


def _enclosing(box: Box) -> list[Json]:
    """The smallest box of whole numbers that holds this one."""
    right, bottom = min(SCALE, math.ceil(box.right - 1e-6)), min(SCALE, math.ceil(box.bottom - 1e-6))
    return [math.floor(box.left + 1e-6), math.floor(box.top + 1e-6), int(right), int(bottom)]


def _polygon(block: Block, whole: Callable[[float], int]) -> list[Json]:
    return [[whole(x), whole(y)] for x, y in block.region.polygon or _corners(block.region.box)]


def _corners(box: Box) -> list[tuple[float, float]]:
    return [(box.left, box.top), (box.right, box.top), (box.right, box.bottom), (box.left, box.bottom)]
