"""docling-serve: `/v1/convert/source` and `/v1/convert/file`, both at once and `async`, with poll and result.

For docling's own client, docling-mcp and Open WebUI's loader. An option that says how docling reads, which of its
engines, which of its backends, is refused by name; one that says what is wanted is done, or refused by name.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from octavo.errors import OptionInvalid, SourceEmpty, SourceInvalid, shown
from octavo.frontends.serve._answers import JSON
from octavo.frontends.serve._bodies import FORM, Body, SentForm, form_in, json_in, source_here
from octavo.frontends.serve._desk import Desk, asked, owner
from octavo.frontends.serve._schema import EXAMPLE_URL, failures
from octavo.frontends.serve.dialects import _shared
from octavo.jobs.encoding import Reply, encoded
from octavo.jobs.entries import JobEntry, JobStatus

router = APIRouter(prefix="/v1", tags=["docling-serve"])

_OF = "docling-serve"
_STATUS = {
    JobStatus.QUEUED: "pending",
    JobStatus.RUNNING: "started",
    JobStatus.SUCCESS: "success",
    JobStatus.PARTIAL: "partial_success",
    JobStatus.ERROR: "failure",
    JobStatus.CANCELLED: "failure",
}
_FORMATS = {"md": "md_content", "json": "json_content", "html": "html_content", "text": "text_content"}
# What is done, and what asks for nothing beyond it.
_KNOWN = (
    *("to_formats", "from_formats", "image_export_mode", "page_range", "do_ocr", "force_ocr"),
    *("md_page_break_placeholder", "abort_on_error", "include_images", "document_timeout", "target_type"),
)
# Options whose default is what is done here anyway.
_DEFAULTS: Mapping[str, Sequence[object]] = {
    "do_table_structure": (True,),
    "pipeline": ("standard",),
    "table_mode": ("accurate",),
    "ocr_engine": ("auto",),
    "ocr_preset": ("auto",),
    "table_cell_matching": (True,),
    "images_scale": (2.0,),
    "return_as_file": (False,),
}
_WHOLE_RANGE = 1 << 31  # what docling writes for the last page
_PICTURE = re.compile(r"!\[([^\]]*)\]\(([^()\s]+)\)")
_LONGEST_POLL = 30.0  # seconds
_LONGEST_MARKER = 1000  # characters between two pages: there may be ten thousand of them

Task = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
_SOURCE_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["sources"],
                    "properties": {
                        "sources": {"type": "array", "items": {"type": "object"}},
                        "options": {"type": "object"},
                    },
                    "example": {
                        "sources": [{"kind": "http", "url": EXAMPLE_URL}],
                        "options": {"to_formats": ["md"]},
                    },
                }
            }
        },
    }
}
_FILE_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            FORM: {
                "schema": {
                    "type": "object",
                    "required": ["files"],
                    "properties": {"files": {"type": "array", "items": {"type": "string", "format": "binary"}}},
                }
            }
        },
    }
}
_SAID: dict[int | str, dict[str, Any]] = {200: {"model": dict[str, Any]}, **failures(422, 429, 500, 502)}
_SAID_AT_ONCE = {**_SAID, 204: {"description": "The caller has gone."}}


@router.post("/convert/source", openapi_extra=_SOURCE_BODY, responses=_SAID_AT_ONCE)
async def convert_source(request: Request) -> Response:
    """A document by its address, or as base64."""
    return await _converted(request)


@router.post("/convert/file", openapi_extra=_FILE_BODY, responses=_SAID_AT_ONCE)
async def convert_file(request: Request) -> Response:
    """A document as a file of a form."""
    return await _converted(request)


@router.post("/convert/source/async", openapi_extra=_SOURCE_BODY, responses=_SAID)
async def convert_source_async(request: Request) -> Response:
    """The same, to be asked about later."""
    return await _begun(request)


@router.post("/convert/file/async", openapi_extra=_FILE_BODY, responses=_SAID)
async def convert_file_async(request: Request) -> Response:
    """The same, to be asked about later."""
    return await _begun(request)


@router.get("/status/poll/{task}", responses={**_SAID, **failures(404)})
async def poll(request: Request, task: Task, wait: Annotated[float, Query(ge=0)] = 0.0) -> Response:
    """How far a task is; `wait` seconds for its end."""
    desk, key = asked(request)
    entry = await desk.queue.job(task, owner(key))
    if wait:
        entry = await desk.queue.wait(entry.id, min(wait, _LONGEST_POLL))
    return await _state(desk, entry)


@router.get("/result/{task}", responses={**_SAID, **failures(404, 409)})
async def result(request: Request, task: Task) -> Response:
    """What a task came to."""
    desk, key = asked(request)
    entry = await desk.queue.job(task, owner(key))
    wish = json.loads(await desk.queue.noted(entry) or b"{}")
    return await _said(desk, entry, wish)


# --- steps -------------------------------------------------------------------------------------------------------


async def _converted(request: Request) -> Response:
    desk, _ = asked(request)
    entry, wish = await _taken(request)
    waited = await desk.waited(request, entry)
    return Response(status_code=204) if waited is None else await _said(desk, waited, wish)


async def _begun(request: Request) -> Response:
    desk, _ = asked(request)
    entry, wish = await _taken(request)
    await desk.queue.note(entry, encoded(wish))
    return await _state(desk, entry)


async def _state(desk: Desk, entry: JobEntry) -> Response:
    waiting = entry.status is JobStatus.QUEUED
    said = {
        "task_id": entry.id,
        "task_type": "convert",
        "task_status": _STATUS[entry.status],
        "task_position": await desk.queue.ahead_of(entry) + 1 if waiting else None,
        "error_message": None if entry.error is None else entry.error["message"],
    }
    return Response(encoded(said), media_type=JSON)


async def _taken(request: Request) -> tuple[JobEntry, dict[str, Any]]:
    """The job, and what of the wish is needed to answer. Raises OctavoError."""
    desk, key = asked(request)
    with desk.holding() as held:
        if request.headers.get("content-type", "").lower().startswith(FORM):
            form = await form_in(request, held, desk.serve)
            options, name, source = _options(form), form.name_of("files"), form.named("files")
            if not source:
                raise SourceEmpty("files: a document is needed")
            if len(source) > 1:
                raise OptionInvalid("files: one document in a request; Octavo makes no archive of several")
            body = Body({**source_here(source), **_job(options)}, parts=source)
        else:
            sent = _shared.an_object(await json_in(request, held, desk.serve))
            _shared.refuse_others(sent, ("sources", "options", "target"), _OF)
            _refuse_elsewhere(_shared.an_object(sent.get("target") or {}, "target").get("kind", "inbody"))
            options = dict(_shared.an_object(sent.get("options") or {}, "options"))
            source_keys, name = _source(sent.get("sources"))
            body = Body({**source_keys, **_job(options)})
        entry = await desk.submitted(key, body)
    kept = ("to_formats", "image_export_mode", "md_page_break_placeholder")
    return entry, {"name": name} | {option: options[option] for option in kept if option in options}


def _options(form: SentForm) -> dict[str, Any]:
    """A form's fields as JSON has them."""
    lists = ("to_formats", "from_formats", "page_range", "ocr_lang")
    options: dict[str, Any] = {}
    for field, value in form.fields:
        if field in lists:
            options.setdefault(field, []).append(value)
        else:
            options[field] = {"true": True, "false": False}.get(value.lower(), value)
    _refuse_elsewhere(options.pop("target_type", "inbody"))
    return options


def _refuse_elsewhere(target: object) -> None:
    """In words by which docling's client knows to ask for the result in the answer's body. Raises OptionInvalid."""
    if target != "inbody":
        raise OptionInvalid(f"target {shown(str(target))} cannot be done: the input should be 'inbody'")


def _source(sources: object) -> tuple[dict[str, Any], str]:
    """The job's source, and the document's name. Raises SourceInvalid, OptionInvalid."""
    if not isinstance(sources, list) or not sources:
        raise SourceInvalid("sources: a document is needed")
    if len(sources) > 1:
        raise OptionInvalid("sources: one document in a request; Octavo makes no archive of several")
    match sources[0]:
        case {"kind": "file", "base64_string": str(text), "filename": str(name)}:
            return {"source_base64": text}, name
        case {"url": str(address), **more}:
            if more.get("headers"):
                raise OptionInvalid("sources.headers: Octavo sends no headers along")
            return dict(_shared.source(address, "sources.url")), address.partition("?")[0].rpartition("/")[2]
        case _:
            raise SourceInvalid("sources: kind http with url, or kind file with base64_string and filename")


def _job(options: Mapping[str, Any]) -> dict[str, Any]:
    """What the options ask for, as keys of a job. Raises OptionInvalid."""
    for name, done in _DEFAULTS.items():
        if name in options and options[name] not in done and str(options[name]) not in map(str, done):
            raise OptionInvalid(f"{name}: {shown(str(options[name]))} is of docling's reading; leave it out")
    _shared.refuse_others(options, (*_KNOWN, *_DEFAULTS), _OF)
    wanted = options.get("to_formats") or []
    if not isinstance(wanted, list):
        raise OptionInvalid(f"to_formats: a list of {', '.join(_FORMATS)}")
    for name in wanted:
        if not isinstance(name, str) or name not in _FORMATS:
            raise OptionInvalid(f"to_formats: {shown(str(name))} cannot be written; there are: {', '.join(_FORMATS)}")
    marker = options.get("md_page_break_placeholder") or ""
    if not isinstance(marker, str) or len(marker) > _LONGEST_MARKER:
        raise OptionInvalid(f"md_page_break_placeholder: a text of {_LONGEST_MARKER} characters at most")
    ours = {"html": "html", "text": "text", "json": "docling"}
    job: dict[str, Any] = {"formats": [ours[name] for name in dict.fromkeys(wanted) if name in ours]}
    mode = options.get("image_export_mode", "embedded")
    if mode not in ("embedded", "placeholder"):
        raise OptionInvalid(f"image_export_mode: {shown(str(mode))} cannot be done; embedded or placeholder")
    if mode == "embedded":
        job |= {"return_crop_images": True, "crop_images_base64": True}
    if options.get("do_ocr") is False:
        job["text_layer"] = "only"
    elif options.get("force_ocr") is True:
        job["text_layer"] = "off"
    if (pages := options.get("page_range")) is not None:
        job["pages"] = _range(pages)
    return job


def _range(pages: object) -> str:
    try:
        first, last = (int(number) for number in pages) if isinstance(pages, list) else (0, 0)
    except (TypeError, ValueError, OverflowError):  # infinity is JSON to Python
        first = last = 0
    if not 1 <= first <= last:
        raise OptionInvalid("page_range: the first page and the last, from 1")
    return f"{first}-" if last >= _WHOLE_RANGE - 1 else f"{first}-{last}"


async def _said(desk: Desk, entry: JobEntry, wish: Mapping[str, Any]) -> Response:
    """A conversion as docling-serve answers it: what failed is status `failure`, with the reason."""
    pages = await _shared.page_texts(desk, entry) if entry.ended else []
    reply = await desk.reply(entry)
    document: dict[str, Any] = {"filename": wish.get("name") or "document"}
    errors: list[dict[str, Any]] = []
    if (failed := reply.get("error_details")) is not None:
        errors.append(_error(failed))
    else:
        document |= _document(reply, pages, wish)
        errors += [_error(problem) for problem in reply["result"]["problems"] if problem["severity"] == "lost"]
    took = (entry.ended or entry.created) - (entry.started or entry.created)
    said = {
        "document": document,
        "status": _STATUS[entry.status],
        "errors": errors,
        "processing_time": max(0.0, round(took, 3)),
        "timings": {},
    }
    return Response(encoded(said), media_type=JSON)


def _error(said: Mapping[str, Any]) -> dict[str, Any]:
    component = "user_input" if said.get("fault") == "caller" else "model"
    return {"component_type": component, "module_name": said["code"], "error_message": said["message"]}


def _document(reply: Reply, pages: Sequence[Mapping[str, Any]], wish: Mapping[str, Any]) -> dict[str, Any]:
    result = reply["result"]
    files = {file["format"]: file.get("text") for file in result["artifacts"]}
    said: dict[str, Any] = {}
    for name in dict.fromkeys(wish.get("to_formats") or ["md"]):
        match name:
            case "json":
                said["json_content"] = json.loads(files["docling"] or "null")
            case "md":
                marker = wish.get("md_page_break_placeholder")
                apart = [page["markdown_result"].strip() for page in pages]
                text = f"\n\n{marker}\n\n".join(apart) if marker else result["markdown_result"]
                said["md_content"] = _with_pictures(text, result["crop_images"], wish)
            case "html":
                said["html_content"] = files["html"]
            case _:
                said["text_content"] = files["text"]
    return said


def _with_pictures(markdown: str, crops: Sequence[Mapping[str, Any]], wish: Mapping[str, Any]) -> str:
    """Links to pictures as the mode wants them: the bytes themselves, or a mark of where one was."""
    if wish.get("image_export_mode", "embedded") == "placeholder":
        return _PICTURE.sub("<!-- image -->", markdown)
    there = iter(crops)

    def embedded(found: re.Match[str]) -> str:
        crop = next(there, None)
        data = None if crop is None else crop.get("image_base64")
        return found.group() if data is None else f"![{found[1]}](data:image/jpeg;base64,{data})"

    return _PICTURE.sub(embedded, markdown)
