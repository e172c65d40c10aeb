"""Open WebUI's external document loader: `PUT /process` with a file as its body.

In Open WebUI: Admin Settings, Documents, content extraction engine "External", this server's address, a key of it.
"""

from typing import Any

from fastapi import APIRouter, Request, Response

from octavo.errors import SourceEmpty
from octavo.frontends.serve._answers import JSON
from octavo.frontends.serve._bodies import Body, bytes_in, source_here
from octavo.frontends.serve._desk import EVER, asked
from octavo.frontends.serve._schema import failures
from octavo.frontends.serve.dialects import _shared
from octavo.jobs.encoding import encoded

router = APIRouter(tags=["Open WebUI's document loader"])

_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.put(
    "/process", openapi_extra=_BODY, responses={200: {"model": list[dict[str, Any]]}, **failures(422, 429, 500, 502)}
)
async def process(request: Request) -> Response:
    """A file as the body; its pages, each as `page_content` with `metadata`."""
    desk, key = asked(request)
    with desk.holding() as held:
        data = await bytes_in(request, held, desk.serve)
        if not data:
            raise SourceEmpty("the request has no bytes")
        entry = await desk.submitted(key, Body(source_here((data,)) | {"output_format": "markdown"}, parts=(data,)))
    waited = await desk.waited(request, entry, EVER)
    if waited is None:
        return Response(status_code=204)
    pages = await _shared.page_texts(desk, waited)
    _shared.result_of(await desk.reply(waited))
    said = [
        {
            "page_content": page["markdown_result"].strip(),
            "metadata": {"page": page["page"] - 1, "problems": page["problems"]},
        }
        for page in pages
    ]
    return Response(
        encoded([page for page in said if page["page_content"]] or [{"page_content": "", "metadata": {}}]),
        media_type=JSON,
    )
