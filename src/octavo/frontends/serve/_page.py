"""The proof page of a server: documents are given to it, and their jobs watched, opened, compared and kept as a file.

The page itself has nothing of a job in it and is shown without a key; what it shows it asks for, with the key it is
given.
"""

import asyncio
import base64
import json
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from octavo.frontends._comparison import Match, changes, compared, entries_of, text_of
from octavo.frontends._flags import as_text
from octavo.frontends.serve import _schema as said
from octavo.frontends.serve._answers import JSON
from octavo.frontends.serve._desk import Desk, asked, owner
from octavo.frontends.serve._schema import failures
from octavo.frontends.serve._v1 import ID, Id
from octavo.jobs.contract import READING
from octavo.jobs.encoding import encoded
from octavo.jobs.entries import JobEntry
from octavo.jobs.queue import FILES
from octavo.renderers import _viewer_page, view
from octavo.renderers.report import Json
from octavo.settings import ParseOptions, kind_of, sections

router = APIRouter(tags=["The page"])

_VIEW = f"document.{view.FORMAT}.json"  # of every job: documents have no names there
_NOT_ASKED = ("formats", "picture_names")  # options of what is written, which the page settles itself
_HTML = "text/html"
_IN_NO_FRAME = "; frame-ancestors 'none'"  # a page of another site must not lead a click here


@router.get("/", response_class=Response, responses={200: {"content": {_HTML: {}}}, **failures(500)})
async def page(request: Request) -> Response:
    """For people: give a document, watch its pages come, see what was read where."""
    viewer = _viewer_page.viewer()
    desk = _viewer_page.json_part({"knobs": knobs(), "colours": view.colours()})
    body = _viewer_page.page(viewer, "Octavo", {"desk": desk}, asks_server=True)
    headers = {
        "Content-Security-Policy": _viewer_page.policy(viewer, asks_server=True) + _IN_NO_FRAME,
        "Cache-Control": "no-cache",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(body, media_type=_HTML, headers=headers)


@router.get(
    "/v1/jobs/{job}/page", response_class=Response, responses={200: {"content": {_HTML: {}}}, **failures(404, 422, 500)}
)
async def file(
    request: Request, job: Id, name: Annotated[str, Query(max_length=200, description="The document's.")] = "document"
) -> Response:
    """A job that asked for the format `view`, as one file that opens without a server."""
    desk, key = asked(request)
    entry = await desk.queue.job(job, owner(key))
    shown = await _view(desk, entry) | {"name": name}
    parts = {"document": await asyncio.to_thread(_viewer_page.json_part, shown)}
    there = await desk.queue.files(entry, FILES)
    for number in (one["page"] for one in shown["pages"]):
        picture = view.picture_name("document", number - 1)
        if picture in there:
            data = await desk.queue.file(entry, FILES, picture)
            parts[f"picture-{number}"] = base64.b64encode(data).decode("ascii")
    body = await asyncio.to_thread(_viewer_page.page, _viewer_page.viewer(), name, parts)
    # To be kept: shown from here, it would be one of this server's pages.
    return Response(
        body, media_type=_HTML, headers={"Content-Disposition": 'attachment; filename="document.page.html"'}
    )


@router.get("/v1/jobs/{job}/changes", responses={200: {"model": said.ChangesSaid}, **failures(404, 422)})
async def changes_since(
    request: Request, job: Id, since: Annotated[str, Query(pattern=ID, description="The job to compare with.")]
) -> Response:
    """Where a job reads otherwise than another did, block by block, as `octavo compare` has it; both with `view`."""
    desk, key = asked(request)
    now, before = [await _view(desk, await desk.queue.job(one, owner(key))) for one in (job, since)]
    return Response(encoded({"changes": await asyncio.to_thread(_changes, before, now)}), media_type=JSON)


async def _view(desk: Desk, entry: JobEntry) -> dict[str, Any]:
    """What the page shows of a job. Raises JobUnknown."""
    shown: dict[str, Any] = await asyncio.to_thread(json.loads, await desk.queue.file(entry, FILES, _VIEW))
    return shown


def _changes(before: dict[str, Any], now: dict[str, Any]) -> list[Json]:
    """Pages are matched by their numbers: the two may have been asked for others."""
    pages = [{one["page"]: one["regions"] for one in each["pages"]} for each in (before, now)]
    numbers = sorted(set(pages[0]) | set(pages[1]))
    a, b = (entries_of([of_one.get(number, []) for number in numbers]) for of_one in pages)
    found = zip(numbers, compared("document", a, b).pages, strict=True)
    return [_change(number, match) for number, of_page in found for match in of_page.different]


def _change(number: int, match: Match) -> Json:
    before: list[Json] = [entry.kind for entry in match.a]
    after: list[Json] = [view.id_of(number, entry.index) for entry in match.b]
    differences: list[Json] = [*sorted(kind.value for kind in match.differences)]
    steps: list[Json] = [[kind.value, text] for kind, text in changes(text_of(match.a), text_of(match.b))]
    return {
        "page": number,
        "before": before,
        "after": after,
        "differences": differences,
        "steps": steps,
    }


def knobs() -> list[Json]:
    """The options of reading, as the settings spell them: what a form needs to ask for each."""
    return [
        _knob(name, title.rstrip(".").replace("`", ""))
        for title, names in sections(ParseOptions)
        for name in names
        if name in READING and name not in _NOT_ASKED
    ]


def _knob(name: str, group: str) -> Json:
    info, kind = ParseOptions.model_fields[name], kind_of(ParseOptions, name)
    choices: list[Json] = []
    shape = "text"
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        shape, choices = "choice", [one.value for one in kind]
    elif kind is bool:
        shape, choices = "switch", ["on", "off"]
    elif kind is int:
        shape = "number"
    default = as_text(info.default)
    asked_as: dict[str, Json] = {"kind": shape, "choices": choices, "default": default}
    return {"name": name, "group": group, "help": info.description} | asked_as
