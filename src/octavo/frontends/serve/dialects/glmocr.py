"""The official SDK's own server (`python -m glmocr.server`), and what its client sends to one: `POST /glmocr/parse`."""

import time
from typing import Any

from fastapi import APIRouter, Request, Response

from octavo.errors import OctavoError, Overloaded, SourceInvalid
from octavo.frontends.serve._answers import JSON, headers_of
from octavo.frontends.serve._bodies import Body, json_in
from octavo.frontends.serve._desk import asked
from octavo.frontends.serve._schema import failures
from octavo.frontends.serve.dialects import _shared
from octavo.jobs.encoding import encoded

router = APIRouter(tags=["GLM-OCR's own server"])

_KNOWN = ("images", "file", "model", "start_page_id", "end_page_id", "request_id", "user_id")
_ERROR = {"model": dict[str, str], "description": "`error`: what is wrong, in its words."}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "images": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
                        "file": {"type": "string"},
                        "start_page_id": {"type": "integer"},
                        "end_page_id": {"type": "integer"},
                    },
                    "example": {"images": ["https://example.org/page.png"]},
                }
            }
        },
    }
}


@router.post(
    "/glmocr/parse",
    openapi_extra=_BODY,
    responses={200: {"model": dict[str, Any]}, **failures(422, 429), 400: _ERROR, 500: _ERROR},
)
async def parse(request: Request) -> Response:
    """Addresses, data: URLs or base64 as `images` or `file`; the result under both of its pairs of names."""
    desk, key = asked(request)
    try:
        with desk.holding() as held:
            payload, units = _job(_shared.an_object(await json_in(request, held, desk.serve)))
            entry = await desk.submitted(key, Body(payload))
        waited = await desk.waited(request, entry)
        if waited is None:
            return Response(status_code=204)
        pages = await _shared.page_texts(desk, waited)
        result = _shared.result_of(await desk.reply(waited))
    except Overloaded:
        raise
    except OctavoError as error:  # in its words: 400 for what was sent, 500 for what came of it
        status = 400 if error.fault.value == "caller" else 500
        return Response(encoded({"error": error.message}), status, headers_of(status), media_type=JSON)
    regions, markdown = result["json_result"], result["markdown_result"]
    if units > 1:  # each picture is a document of its own there
        regions = [[page] for page in regions]
        markdown = "\n\n---\n\n".join(page["markdown_result"] for page in pages)
    said = {"json_result": regions, "markdown_result": markdown, "layout_details": regions, "md_results": markdown}
    more = {"data_info": {"pages": []}, "usage": {}, "model": "glm-ocr", "id": waited.id, "created": int(time.time())}
    return Response(encoded(said | more), media_type=JSON)


def _job(wish: Any) -> tuple[dict[str, Any], int]:
    """The job, and of how many documents it is to their mind. Raises SourceInvalid, OptionInvalid."""
    _shared.refuse_others(wish, _KNOWN, "the official API")
    images = wish.get("images") or wish.get("file") or []
    images = [images] if isinstance(images, str) else images
    if not isinstance(images, list) or not images:
        raise SourceInvalid("No images provided")
    sources = [_shared.source(image, "images") for image in images]
    if len(sources) == 1:
        payload: dict[str, Any] = dict(sources[0])
    elif all("source_url" in source for source in sources):
        payload = {"image_urls": [source["source_url"] for source in sources]}
    elif all("source_base64" in source for source in sources):
        payload = {"images_base64": [source["source_base64"] for source in sources]}
    else:
        raise SourceInvalid("images: addresses and base64 in one request cannot be mixed here")
    for theirs, ours in (("start_page_id", "start_page"), ("end_page_id", "end_page")):
        if wish.get(theirs) is not None:
            payload[ours] = wish[theirs]
    return payload, len(sources)
