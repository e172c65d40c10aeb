"""Requests as clients of the worker people run today send them, and what each must get back.

The facts are those of the worker contract ("Drop-in facts"), written here once more and on their own: no name of
`src/octavo` stands in this file. `CASES` is replayed over `Worker.run`, and the ten in `DROP_INS` over whatever else
answers jobs: the RunPod SDK's queue loop, its local API server, HTTP. `{documents}` in a request is the address of
`documents()`, a server on the loopback.
"""

import base64
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from aiohttp import web
from PIL import Image, ImageDraw
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen import canvas

# Engines that need no weights, under the name of the one that people run and in its mode; the guard lets the loopback
# through.
ENVIRONMENT = {
    "OCTAVO_ENGINE": "glm-ocr",
    "OCTAVO_DETECTOR": "whole_page",
    "OCTAVO_RECOGNIZER": "scripted",
    "OCTAVO_ORIENTATION": "off",
    "OCTAVO_PROFILE": "official",
    "OCTAVO_TEXT_LAYER": "off",
    "OCTAVO_PRESET": "none",
    "OCTAVO_ALLOW_PRIVATE_ADDRESSES": "true",
    "GLMOCR_REF": "529a0c7ee9aecf55095e6fa6d9da08e4bb3bc2a9",
    "VLLM_BASE_IMAGE_REF": "vllm/vllm-openai:nightly",
}


def picture(kind: str = "PNG") -> bytes:
    page = Image.new("RGB", (300, 200), "white")
    ImageDraw.Draw(page).text((40, 80), "some text", fill="black")
    data = BytesIO()
    page.save(data, kind)
    return data.getvalue()


def pdf(pages: int, password: str | None = None) -> bytes:
    data = BytesIO()
    encryption = StandardEncryption(password, password) if password else None
    paper = canvas.Canvas(data, pagesize=(200, 200), encrypt=encryption)
    for number in range(pages):
        paper.drawString(40, 100, f"page {number + 1}")
        paper.showPage()
    paper.save()
    return data.getvalue()


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


PAGE, PDF5, LOCKED = encoded(picture()), encoded(pdf(5)), encoded(pdf(1, "hush"))
SAMPLE = encoded(picture("JPEG"))


@asynccontextmanager
async def documents() -> AsyncIterator[str]:
    """A server that has them all; its address."""
    files = {
        "statement.pdf": base64.b64decode(PDF5),
        "download": base64.b64decode(PDF5),
        "page.png": picture(),
        "page.jpg": picture("JPEG"),
        "page": picture(),
        "not-a-pdf.pdf": picture(),
        "page-of.pdf.png": picture(),
        "page.html": b"<!doctype html><p>Not here any more.</p>",
        "empty": b"",
    }

    async def serve(request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name == "broken":
            return web.Response(status=500)
        return web.Response(body=files[name]) if name in files else web.Response(status=404)

    app = web.Application()
    app.router.add_get("/files/{name}", serve)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/files"
    finally:
        await runner.cleanup()


# --- the shape ---------------------------------------------------------------------------------------------------

RESULT: Mapping[str, type] = {
    "provider": str,
    "model": str,
    "model_revision": str,
    "glmocr_ref": str,
    "vllm_base_image_ref": str,
    "enable_layout": bool,
    "output_format": str,
    "page_count": int,
    "processing_time_ms": int,
    "input": dict,
    "json_result": list,
    "markdown_result": str,
    "crop_images": list,
    "layout_visualizations": list,
    "run_info": dict,
}
WARMUP: Mapping[str, type] = {
    "status": str,
    "provider": str,
    "model": str,
    "model_revision": str,
    "glmocr_ref": str,
    "vllm_base_image_ref": str,
    "enable_layout": bool,
    "output_format": str,
    "worker_max_concurrency": int,
    "warmup_run": dict,
    "glmocr_config_path": str,
}
INPUT: Mapping[str, tuple[type, ...]] = {
    "input_type": (str,),
    "start_page": (int,),
    "end_page": (int, type(None)),
    "selected_pages": (int,),
}
SOURCE_OF: Mapping[str, tuple[str, ...]] = {  # what else `input` has, and of the others nothing
    "pdf_url": ("source", "total_pdf_pages"),
    "pdf_base64": ("total_pdf_pages",),
    "image_urls": ("source_count",),
    "images_base64": ("source_count",),
    "source_url": ("source", "resolved_type"),
    "source_base64": ("resolved_type",),
}
SOURCE: Mapping[str, type] = {"source": str, "source_count": int, "resolved_type": str, "total_pdf_pages": int}
DETAILS: Mapping[str, type] = {"code": str, "message": str, "fault": str, "retryable": bool}


def misshapen(reply: Mapping[str, Any]) -> list[str]:
    """In words, where a reply is not of the shape that clients rely on; empty where it is."""
    json.dumps(reply, allow_nan=False)
    if reply.get("status") == "error":
        rest = {name: value for name, value in reply.items() if name != "result"}  # what was read all the same
        return _wrong(rest, {"status": str, "error": str, "error_details": dict}, exactly=True) or _failed(reply)
    if wrong := _wrong(reply, {"status": str, "result": dict}, exactly=True):
        return wrong
    result = reply["result"]
    if "worker_max_concurrency" in result:
        return _wrong(result, WARMUP, exactly=True)
    if wrong := _wrong(result, RESULT):
        return wrong
    due = {"provider": "glm-ocr-sdk-layout-vllm", "model": "glm-ocr"}
    wrong = [f"{name} is {result[name]!r}" for name in due if result[name] != due[name]]
    wrong += _source(result["input"])
    for listed in (*result["crop_images"], *result["layout_visualizations"]):
        wrong += _wrong(listed, {"filename": str, "size_bytes": int, "path": str})
        wrong += [f"there is a folder in {listed['filename']!r}"] if "/" in listed["filename"] else []
    for region in (region for page in result["json_result"] for region in page):
        wrong += _wrong(region, {"index": int, "label": str, "bbox_2d": list, "content": (str, type(None))})
    return wrong


def _failed(reply: Mapping[str, Any]) -> list[str]:
    details = reply["error_details"]
    if wrong := _wrong(details, DETAILS):
        return wrong
    said = f"[{details['code']}] {details['message']}"
    return [] if reply["error"] == said else [f"error is not {said!r}"]


def _source(said: Mapping[str, Any]) -> list[str]:
    wrong = _wrong(said, INPUT)
    due = list(SOURCE_OF.get(said["input_type"], ()))
    if said.get("resolved_type") == "pdf":
        due.append("total_pdf_pages")
    wrong += _wrong(said, {name: SOURCE[name] for name in due})
    return wrong + [f"input has {name}" for name in SOURCE if name in said and name not in due]


def _wrong(
    values: Mapping[str, Any], kinds: Mapping[str, type | tuple[type, ...]], *, exactly: bool = False
) -> list[str]:
    wrong = [f"{name} is missing" for name in kinds if name not in values]
    for name, kind in kinds.items():
        allowed = kind if isinstance(kind, tuple) else (kind,)
        if name in values and type(values[name]) not in allowed:  # a bool is no int here
            wrong.append(f"{name} is a {type(values[name]).__name__}")
    return wrong + ([f"{name} is one too many" for name in values if name not in kinds] if exactly else [])


# --- the requests ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """One request, and what must be in its reply besides the shape."""

    name: str
    event: Mapping[str, Any]  # what the platform hands over: `input`, and what stands beside it
    code: str = ""  # of the error
    says: str = ""  # in the error's text
    result: Mapping[str, Any] = field(default_factory=dict)
    source: Mapping[str, Any] = field(default_factory=dict)  # in result.input
    counts: Mapping[str, int] = field(default_factory=dict)  # how long the result's lists are
    warned: tuple[str, ...] = ()  # the keys in result.warnings
    environment: Mapping[str, str] = field(default_factory=dict)

    def at(self, documents: str) -> dict[str, Any]:
        """The event, with the addresses of this server."""
        event: dict[str, Any] = json.loads(json.dumps(self.event).replace("{documents}", documents))
        return event

    def wrong(self, reply: Mapping[str, Any], documents: str) -> list[str]:
        """In words, what is not as it must be in this reply; empty where all is."""
        if wrong := misshapen(reply):
            return wrong
        if self.code or "error" in reply:
            wrong = [] if reply["error_details"]["code"] == self.code else [f"error is {reply['error']!r}"]
            return wrong + ([] if self.says in reply["error"] else [f"{self.says!r} is not in {reply['error']!r}"])
        result = reply["result"]
        due = json.loads(json.dumps({"result": self.result, "input": self.source}).replace("{documents}", documents))
        source = result.get("input", {})
        wrong = [f"{key} is {result.get(key)!r}" for key in _unlike(due["result"], result)]
        wrong += [f"input.{key} is {source.get(key)!r}" for key in _unlike(due["input"], source)]
        lengths = {key: len(result.get(key, ())) for key in self.counts}
        wrong += [f"{key} has {lengths[key]}" for key in _unlike(self.counts, lengths)]
        warned = tuple(note["key"] for note in result.get("warmup_run", result)["warnings"])
        return wrong + ([f"warned of {warned}"] if warned != self.warned else [])


def _unlike(due: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    return [key for key, value in due.items() if found.get(key, ...) != value]


def _asked(name: str, job: object, **due: Any) -> Case:
    return Case(name, {"input": job}, **due)


_URL = "{documents}/statement.pdf?X-Signature=abc"
_README = {
    "pdf_url": _URL,
    "start_page": 1,
    "end_page": 12,
    "return_crop_images": True,
    "crop_images_base64": False,
    "max_crop_images": 50,
    "return_layout_visualization": True,
    "layout_visualization_base64": False,
}
_FIGURES = {  # three pages that are one figure each
    "images_base64": [PAGE] * 3,
    "label_task_mapping": {"text": "skip"},
    "official_shown": {"text": "image"},
}
_CROPS = _FIGURES | {"return_crop_images": True}
_AS_ASKED = {"start_page": 1, "end_page": None}

CASES: tuple[Case, ...] = (
    # the earlier worker's own examples
    _asked(
        "readme",
        _README,
        source={"input_type": "pdf_url", "source": _URL, "start_page": 1, "end_page": 12, "selected_pages": 5},
        result={"page_count": 5, "output_format": "both", "enable_layout": True},
        counts={"layout_visualizations": 5, "json_result": 5},
    ),
    _asked("warmup", {"warmup": True}, result={"status": "success", "model": "glm-ocr"}),
    # each source
    _asked("pdf-url", {"pdf_url": _URL}, source={"source": _URL, "total_pdf_pages": 5, **_AS_ASKED}),
    _asked(
        "pdf-base64",
        {"pdf_base64": PDF5},
        source={"input_type": "pdf_base64", "total_pdf_pages": 5, "selected_pages": 5, **_AS_ASKED},
        counts={"crop_images": 0, "layout_visualizations": 0, "json_result": 5},
    ),
    _asked("pdf-data-url", {"pdf_base64": f"data:application/pdf;base64,{PDF5}"}, source={"total_pdf_pages": 5}),
    _asked(
        "image-urls",
        {"image_urls": ["{documents}/page.png", "{documents}/page.jpg"]},
        source={"input_type": "image_urls", "source_count": 2, "selected_pages": 2, **_AS_ASKED},
    ),
    _asked(
        "images-base64",
        {"images_base64": [PAGE, SAMPLE, PAGE]},
        source={"input_type": "images_base64", "source_count": 3, "selected_pages": 3},
        result={"page_count": 3},
    ),
    _asked("source-url-pdf", {"source_url": _URL}, source={"source": _URL, "resolved_type": "pdf"}),
    _asked(
        "source-url-pdf-by-content",
        {"source_url": "{documents}/download"},
        source={"resolved_type": "pdf", "total_pdf_pages": 5},
    ),
    _asked("source-url-image", {"source_url": "{documents}/page"}, source={"resolved_type": "image"}),
    _asked(
        "source-url-image-of-a-pdf",
        {"source_url": "{documents}/page-of.pdf.png"},
        source={"resolved_type": "image", "selected_pages": 1},
    ),
    _asked(
        "source-base64-pdf",
        {"source_base64": PDF5},
        source={"input_type": "source_base64", "resolved_type": "pdf", "total_pdf_pages": 5},
    ),
    _asked("source-base64-image", {"source_base64": PAGE}, source={"resolved_type": "image", "selected_pages": 1}),
    # leniency: singular keys
    _asked("image-url", {"image_url": "{documents}/page.png"}, source={"input_type": "image_urls", "source_count": 1}),
    _asked("image-base64", {"image_base64": PAGE}, source={"input_type": "images_base64", "source_count": 1}),
    # leniency: warm-up beside the input, and what it does not read
    Case("warmup-beside", {"input": {}, "warmup": True}, result={"status": "success"}),
    Case("warmup-beside-no-input", {"warmup": True}, result={"status": "success"}),
    Case("warmup-beside-null", {"input": None, "warmup": "true"}, result={"status": "success"}),
    _asked("warmup-text", {"warmup": " Yes "}, result={"provider": "glm-ocr-sdk-layout-vllm"}),
    _asked("warmup-and-source", {"warmup": 1, "pdf_url": "{documents}/missing"}, warned=("pdf_url",)),
    _asked("warmup-false", {"warmup": "false", "image_base64": PAGE}, result={"page_count": 1}),
    # leniency: unknown keys
    _asked("unknown-key", {"image_base64": PAGE, "task": "ocr"}, warned=("task",)),
    _asked("mistyped-key", {"image_base64": PAGE, "return_crop_image": True}, warned=("return_crop_image",)),
    _asked("unknown-keys", {"image_base64": PAGE, "a": 1, "b": {"c": []}}, warned=("a", "b")),
    # leniency: what counts as not given
    _asked(
        "empty-values",
        {
            "pdf_url": "",
            "pdf_base64": None,
            "image_urls": [],
            "images_base64": [PAGE],
            "source_url": "  ",
            "start_page": None,
            "end_page": "",
            "max_crop_images": None,
            "return_crop_images": None,
            "pages": "",
            "output_format": "",
            "dpi": None,
            "label_task_mapping": {},
            "upload": {},
            "s3Config": {},
            "password": "",
        },
        source={"input_type": "images_base64", **_AS_ASKED},
    ),
    Case("empty-s3-config-beside", {"input": {"image_base64": PAGE}, "s3Config": {}}, result={"page_count": 1}),
    # leniency: numbers
    _asked(
        "numbers-as-text",
        {"pdf_base64": PDF5, "start_page": "2", "end_page": " 3 ", "max_crop_images": "5", "dpi": "72"},
        source={"start_page": 2, "end_page": 3, "selected_pages": 2},
    ),
    _asked(
        "start-page-zero",
        {"pdf_base64": PDF5, "start_page": 0, "end_page": 2},
        source={"start_page": 1, "end_page": 2, "selected_pages": 2},
        warned=("start_page",),
    ),
    _asked("start-page-negative", {"pdf_base64": PDF5, "start_page": "-4"}, source=_AS_ASKED, warned=("start_page",)),
    _asked(
        "max-crops-negative", _CROPS | {"max_crop_images": -1}, counts={"crop_images": 0}, warned=("max_crop_images",)
    ),
    # leniency: two sources of different kinds
    _asked(
        "pdf-over-images",
        {"images_base64": [PAGE], "pdf_base64": PDF5},
        source={"input_type": "pdf_base64"},
        warned=("images_base64",),
    ),
    _asked(
        "images-over-source",
        {"source_base64": PDF5, "image_url": "{documents}/page.png"},
        source={"input_type": "image_urls"},
        warned=("source_base64",),
    ),
    _asked(
        "pdf-over-all",
        {"source_url": "{documents}/missing", "image_urls": ["{documents}/missing"], "pdf_url": _URL},
        source={"input_type": "pdf_url"},
        warned=("image_urls", "source_url"),
    ),
    # page ranges
    _asked("from-page", {"pdf_base64": PDF5, "start_page": 4}, source={"start_page": 4, "selected_pages": 2}),
    _asked("to-page", {"pdf_base64": PDF5, "end_page": 2}, source={"end_page": 2, "selected_pages": 2}),
    _asked("end-clamped", {"pdf_base64": PDF5, "end_page": 10**12}, source={"end_page": 10**12, "selected_pages": 5}),
    _asked(
        "pages",
        {"pdf_base64": PDF5, "pages": "1-2,-1"},
        source={"selected_pages": 3, "pages": "1-2,-1", "page_numbers": [1, 2, 5], **_AS_ASKED},
    ),
    _asked(
        "range-of-pictures",
        {"images_base64": [PAGE] * 3, "start_page": 2, "end_page": 12},
        source={"start_page": 2, "end_page": 12, "selected_pages": 3},
        warned=("start_page",),
    ),
    _asked("pages-of-pictures", {"images_base64": [PAGE] * 3, "pages": "2-"}, source={"selected_pages": 2}),
    # what comes back
    _asked("json-only", {"image_base64": PAGE, "output_format": "json"}, result={"markdown_result": ""}),
    _asked("markdown-only", {"image_base64": PAGE, "output_format": "markdown"}, result={"json_result": []}),
    _asked(
        "format-of-the-endpoint",
        {"image_base64": PAGE},
        result={"output_format": "markdown", "json_result": []},
        environment={"GLMOCR_OUTPUT_FORMAT": "markdown"},
    ),
    _asked("crops", _CROPS, counts={"crop_images": 3, "layout_visualizations": 0}),
    _asked("crops-limited", _CROPS | {"max_crop_images": 2, "crop_images_base64": "on"}, counts={"crop_images": 2}),
    _asked(
        "crops-of-the-endpoint",
        _FIGURES,
        counts={"crop_images": 1},
        environment={"RETURN_CROP_IMAGES_DEFAULT": "true", "MAX_CROP_IMAGES": "1"},
    ),
    _asked(
        "layout-pictures",
        {"image_base64": PAGE, "return_layout_visualization": "1"},
        counts={"layout_visualizations": 1},
    ),
    _asked("layout-off", {"image_base64": PAGE, "layout": "false"}, result={"enable_layout": False}),
    _asked("files", {"image_base64": PAGE, "formats": ["html", "report"]}, counts={"artifacts": 2}),
    _asked("unlocked", {"pdf_base64": LOCKED, "password": "hush"}, source={"total_pdf_pages": 1}),
    # errors of the request
    _asked("no-source", {}, code="source_invalid", says="none is given"),
    Case("no-input", {}, code="source_invalid", says="pdf_url"),
    _asked("input-is-text", "text", code="source_invalid", says="JSON object"),
    _asked("only-empty-sources", {"pdf_url": "", "image_urls": []}, code="source_invalid", says="none is given"),
    _asked("mistyped-source", {"pdf_ur1": "x"}, code="source_invalid", says="is pdf_url meant?"),
    _asked("two-pdfs", {"pdf_url": _URL, "pdf_base64": PDF5}, code="source_invalid", says="pdf_url and pdf_base64"),
    _asked("two-image-lists", {"image_url": "x", "images_base64": [PAGE]}, code="source_invalid", says="image_url and"),
    _asked("two-sources", {"source_url": _URL, "source_base64": PAGE}, code="source_invalid", says="source_url and"),
    _asked("broken-base64", {"image_base64": "*"}, code="source_invalid", says="base64"),
    _asked("malformed-url", {"pdf_url": "http://[::1"}, code="source_invalid", says="URL"),
    _asked("picture-as-pdf", {"pdf_base64": PAGE}, code="type_unsupported", says="input.pdf_base64: a PDF is due"),
    _asked("picture-at-pdf-url", {"pdf_url": "{documents}/page"}, code="type_unsupported", says="input.pdf_url"),
    _asked("text-as-pdf", {"pdf_base64": encoded(b"hello")}, code="type_unsupported", says="a PDF is due"),
    _asked("url-says-pdf", {"source_url": "{documents}/not-a-pdf.pdf?a=b"}, code="type_unsupported", says="source_url"),
    _asked("web-page", {"source_url": "{documents}/page.html"}, code="type_unsupported", says="web page"),
    _asked("not-found", {"pdf_url": "{documents}/missing?token=hush"}, code="source_not_found", says="404"),
    _asked("unreachable", {"image_url": "{documents}/broken"}, code="source_unreachable", says="500"),
    _asked("nothing-there", {"source_url": "{documents}/empty"}, code="source_empty"),
    _asked("corrupt", {"pdf_base64": encoded(b"%PDF-1.7\nnothing more")}, code="document_corrupt"),
    _asked("locked", {"pdf_base64": LOCKED}, code="password_needed", says="password"),
    _asked(
        "empty-range", {"pdf_base64": PDF5, "start_page": 4, "end_page": 2}, code="pages_invalid", says="end_page 2"
    ),
    _asked("end-page-zero", {"pdf_base64": PDF5, "end_page": 0}, code="pages_invalid", says="end_page 0"),
    _asked("past-the-end", {"pdf_base64": PDF5, "start_page": 9}, code="pages_invalid", says="it has 5"),
    _asked("malformed-pages", {"pdf_base64": PDF5, "pages": "one"}, code="pages_invalid", says="one"),
    _asked("pages-twice", {"pdf_base64": PDF5, "pages": "1", "end_page": 2}, code="pages_invalid", says="exclude"),
    _asked("page-no-number", {"pdf_base64": PDF5, "start_page": "two"}, code="option_invalid", says="input.start_page"),
    _asked("flag-no-flag", {"image_base64": PAGE, "return_crop_images": "perhaps"}, code="option_invalid"),
    _asked("bad-dpi", {"image_base64": PAGE, "dpi": 5}, code="option_invalid", says="input.dpi"),
    _asked("bad-format", {"image_base64": PAGE, "output_format": "pdf"}, code="option_invalid", says="output_format"),
    _asked("bad-label", {"image_base64": PAGE, "label_task_mapping": {"x": "text"}}, code="option_invalid"),
    _asked("no-such-file", {"image_base64": PAGE, "formats": ["doc"]}, code="option_invalid", says="input.formats"),
    _asked(
        "bad-s3-config", {"image_base64": PAGE, "s3Config": {"accessId": "AK"}}, code="option_invalid", says="s3Config"
    ),
    # errors of limits and of places
    _asked(
        "too-many-pages",
        {"pdf_base64": PDF5},
        code="limit_exceeded",
        says="max_pages",
        environment={"MAX_PAGES_PER_JOB": "3"},
    ),
    _asked(
        "too-large",
        {"pdf_base64": PDF5},
        code="source_too_large",
        says="max_source_bytes",
        environment={"OCTAVO_MAX_SOURCE_BYTES": "100"},
    ),
    _asked(
        "private-address",
        {"pdf_url": "http://127.0.0.1:9/secret?token=hush"},
        code="address_refused",
        environment={"OCTAVO_ALLOW_PRIVATE_ADDRESSES": "false"},
    ),
    _asked(
        "no-volume", {"image_base64": PAGE, "upload": {"to": "volume"}}, code="option_invalid", says="no network volume"
    ),
    _asked(
        "refused-delivery",
        {"image_base64": PAGE, "upload": {"put_urls": {"document.md": "{documents}/missing"}}},
        code="delivery_failed",
    ),
)

DROP_INS: tuple[Case, ...] = tuple(
    case
    for case in CASES
    if case.name
    in {
        *("readme", "warmup", "warmup-beside", "image-urls", "source-base64-pdf", "mistyped-key"),
        *("start-page-zero", "no-source", "picture-at-pdf-url", "past-the-end"),
    }
)
