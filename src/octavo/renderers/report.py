"""`{name}.report.json`: how the document fared. Its status, every problem with its place, what ran and how long."""

import json
from collections.abc import Iterator
from typing import TypeAlias

from octavo.content import plain
from octavo.document import Artifact, Block, Document, Page, Problem, Role
from octavo.geometry import Warp
from octavo.renderers import Pictures
from octavo.settings import ParseOptions

Json: TypeAlias = bool | int | float | str | list["Json"] | dict[str, "Json"] | None


def render(document: Document, pictures: Pictures, options: ParseOptions) -> Iterator[Artifact]:
    text = json.dumps(report(document), ensure_ascii=False, indent=2)
    yield Artifact(f"{document.name}.report.json", "application/json", text.encode("utf-8", "replace"))


def count(document: Document, options: ParseOptions) -> int:
    return 1


def report(document: Document) -> dict[str, Json]:
    """The report as plain values. Pages count from 1 here, as people count them."""
    return {
        "name": document.name,
        "status": document.status.value,
        "page_count": document.page_count,
        "problems": [problem_entry(problem) for problem in document.problems],
        "pages": [_page(page) for page in document.pages],
        "headings": [
            {"title": h.title, "level": h.level, "page": None if h.page is None else h.page + 1}
            for h in document.headings
        ],
        "engines": {stage: document.engines[stage] for stage in sorted(document.engines)},
        "usage": {
            "prompt_tokens": document.usage.prompt_tokens,
            "completion_tokens": document.usage.completion_tokens,
            "requests": document.usage.requests,
        },
        "timings": {stage: round(seconds, 4) for stage, seconds in sorted(document.timings.items())},
    }


def problem_entry(problem: Problem) -> dict[str, Json]:
    """A problem as every reply, report and listing tells it. Its page counts from 1, its box is 0..1000 of the page."""
    box = problem.box
    return {
        "code": problem.code,
        "severity": problem.severity.value,
        "message": problem.message,
        "page": None if problem.page is None else problem.page + 1,
        "bbox_2d": None if box is None else [round(side) for side in (box.left, box.top, box.right, box.bottom)],
        "label": problem.label.value if problem.label else None,
        "saved_text": problem.saved_text,
    }


def _furniture(block: Block) -> Json:
    """A running header, footer or page number: what is not in the running text, and why it is taken for one."""
    box = block.region.box
    return {
        "label": block.region.label.value,
        "bbox_2d": [round(side) for side in (box.left, box.top, box.right, box.bottom)],
        "text": plain(block.content) if block.content is not None else "",
        "reason": (block.reasons or (block.region.reason,))[-1],
    }


def _straightened(warp: Warp | None) -> Json:
    """How the page lay: clockwise degrees, and shares of its size; nothing where it was straight."""
    if warp is None:
        return None
    return {"degrees": round(warp.degrees, 2), "slant": round(warp.slant, 3), "curl": round(warp.curl, 4)}


def _page(page: Page) -> Json:
    sources = sorted({block.recognition.source.value for block in page.blocks})
    return {
        "page": page.number + 1,
        "width": page.size.width,
        "height": page.size.height,
        "dpi": round(page.dpi, 2),
        "rotation": page.rotation,
        "straightened": _straightened(page.warp),
        "text_layer": page.text_layer.value if page.text_layer else None,
        "text_layer_reason": page.text_layer_reason,
        "regions": len(page.blocks),
        "furniture": [_furniture(block) for block in page.blocks if block.role is Role.FURNITURE],
        "left_out": sum(block.role is Role.LEFT_OUT for block in page.blocks),
        "sources": [*sources],
        "problems": len(page.problems),
        "timings": {stage: round(seconds, 4) for stage, seconds in sorted(page.timings.items())},
    }
