"""Mistral's OCR: `POST /v1/ocr`, as the mistralai package, LiteLLM and LibreChat send it.

Pages count from 0 there, boxes are in pixels. Annotations by a schema and confidences are refused by name.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import APIRouter, Request, Response

from octavo.errors import OptionInvalid, SourceInvalid
from octavo.frontends.serve._answers import JSON
from octavo.frontends.serve._bodies import Body, json_in
from octavo.frontends.serve._desk import asked
from octavo.frontends.serve._schema import failures
from octavo.frontends.serve.dialects import _shared
from octavo.geometry import SCALE
from octavo.jobs.encoding import encoded

router = APIRouter(tags=["Mistral OCR"])

_OF = "Mistral's OCR"
_KNOWN = (
    *("model", "document", "id", "pages", "include_image_base64", "image_limit"),
    *("extract_header", "extract_footer", "include_blocks"),
)
_CORNERS = ("top_left_x", "top_left_y", "bottom_right_x", "bottom_right_y")
_TYPES = {
    "algorithm": "code",
    "aside_text": "aside_text",
    "chart": "image",
    "display_formula": "equation",
    "doc_title": "title",
    "figure_title": "caption",
    "footer": "footer",
    "header": "header",
    "image": "image",
    "inline_formula": "equation",
    "number": "footer",
    "paragraph_title": "title",
    "reference": "references",
    "reference_content": "references",
    "seal": "image",
    "table": "table",
}
_PICTURE = re.compile(r"!\[[^\]]*\]\((?:[^()\s]+)\)")
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["document"],
                    "properties": {
                        "model": {"type": "string", "nullable": True},
                        "document": {"type": "object"},
                        "pages": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "integer"}}]},
                        "include_image_base64": {"type": "boolean"},
                        "image_limit": {"type": "integer"},
                    },
                    "example": {
                        "model": "octavo",
                        "document": {"type": "document_url", "document_url": "https://example.org/statement.pdf"},
                    },
                }
            }
        },
    }
}


@router.post("/v1/ocr", openapi_extra=_BODY, responses={200: {"model": dict[str, Any]}, **failures(422, 429, 500, 502)})
async def ocr(request: Request) -> Response:
    """A document by its address or as a data: URL; its pages as Markdown, with their pictures."""
    desk, key = asked(request)
    with desk.holding() as held:
        wish = _shared.an_object(await json_in(request, held, desk.serve))
        entry = await desk.submitted(key, Body(_job(wish)))
    waited = await desk.waited(request, entry)
    if waited is None:
        return Response(status_code=204)
    pages = await _shared.page_texts(desk, waited)
    result = _shared.result_of(await desk.reply(waited))
    files = {file["path"]: file.get("image_base64") for file in result["crop_images"]}
    regions = dict(zip(result["input"]["page_numbers"], result["json_result"], strict=True))
    said = {
        "pages": [_page(page, regions[page["page"]], files, wish) for page in pages],
        "model": wish.get("model") or result["model"],
        "document_annotation": None,
        "usage_info": {"pages_processed": result["page_count"], "doc_size_bytes": None},
    }
    return Response(encoded(said), media_type=JSON)


def _job(wish: Mapping[str, Any]) -> dict[str, Any]:
    """Raises SourceInvalid, OptionInvalid."""
    _shared.refuse_others(wish, _KNOWN, _OF)
    job: dict[str, Any] = _source(_shared.an_object(wish.get("document"), "document"))
    if (pages := wish.get("pages")) not in (None, [], ""):
        job["pages"] = _pages(pages)
    apart = [bool(wish.get(name)) for name in ("extract_header", "extract_footer")]
    if apart[0] != apart[1]:
        raise OptionInvalid("extract_header, extract_footer: Octavo takes both out of the text, or neither")
    job["furniture"] = "apart" if all(apart) else "inline"
    job |= {"return_crop_images": True, "crop_images_base64": bool(wish.get("include_image_base64"))}
    if wish.get("image_limit") is not None:
        job["max_crop_images"] = wish["image_limit"]
    return job


def _source(document: Mapping[str, Any]) -> dict[str, Any]:
    match document:
        case {"type": "document_url", "document_url": address} | {"document_url": address}:
            return dict(_shared.source(address, "document.document_url"))
        case {"image_url": {"url": address}} | {"image_url": address}:
            return dict(_shared.source(address, "document.image_url"))
        case {"file_id": _}:
            raise OptionInvalid("document.file_id: Octavo keeps no files beforehand; send the document as a data: URL")
        case _:
            raise SourceInvalid("document: document_url or image_url is needed")


def _pages(pages: object) -> str:
    """Their pages, from 0, in our words. Raises OptionInvalid."""
    parts = pages.split(",") if isinstance(pages, str) else pages
    if not isinstance(parts, list):
        raise OptionInvalid("pages: numbers from 0, or '0-5,8'")
    said = []
    for part in parts:
        found = re.fullmatch(r"\s*(\d{1,9})(?:\s*-\s*(\d{1,9}))?\s*", str(part))
        if not found:
            raise OptionInvalid("pages: numbers from 0, or '0-5,8'")
        said.append("-".join(str(int(number) + 1) for number in found.groups() if number is not None))
    return ",".join(said)


def _page(
    page: Mapping[str, Any], regions: list[dict[str, Any]], files: Mapping[str, str | None], wish: Mapping[str, Any]
) -> dict[str, Any]:
    kept = [region for region in regions if region.get("image_path")]
    limit = wish.get("image_limit")
    images = [_image(region, files, number) for number, region in enumerate(kept)]
    names = iter([image["id"] for image in images])
    markdown = _PICTURE.sub(lambda found: _named(found.group(), names), page["markdown_result"]).strip()
    said = {
        "index": page["page"] - 1,
        "markdown": markdown,
        "images": [image for image in images if image.pop("there") or limit is None],
        "dimensions": _dimensions(regions),
    }
    if wish.get("include_blocks"):
        said["blocks"] = [_block(region) for region in regions if region.get("page_size")] or None
    if wish.get("extract_header"):
        said |= {"header": _furniture(regions, "header"), "footer": _furniture(regions, "footer")}
    return said


def _named(link: str, names: Iterator[str]) -> str:
    name = next(names, None)
    return link if name is None else f"![{name}]({name})"


def _image(region: Mapping[str, Any], files: Mapping[str, str | None], number: int) -> dict[str, Any]:
    path = region["image_path"]
    data = files.get(path)
    inline = f"data:image/jpeg;base64,{data}" if data else None
    return {"id": path.rpartition("/")[2], **_corners(region), "image_base64": inline, "there": path in files}


def _block(region: Mapping[str, Any]) -> dict[str, Any]:
    said = {"content": region["content"] or "", **_corners(region)}
    if path := region.get("image_path"):
        return {"type": "image", "image_id": path.rpartition("/")[2], **said}
    kind = _TYPES.get(region["native_label"] or "", "text")
    return {"type": "text" if kind == "image" else kind, **said}


def _corners(region: Mapping[str, Any]) -> dict[str, int | None]:
    """In pixels; none where the profile's JSON does not say how many the page has."""
    if not (size := region.get("page_size")):
        return dict.fromkeys(_CORNERS)
    edges = [round(edge * size[at % 2] / SCALE) for at, edge in enumerate(region["bbox_2d"])]
    return dict(zip(_CORNERS, edges, strict=True))


def _dimensions(regions: list[dict[str, Any]]) -> dict[str, int] | None:
    """Of the picture that was read; none where the profile's JSON does not say."""
    size = next((region["page_size"] for region in regions if "page_size" in region), None)
    return None if size is None else {"dpi": 0, "width": size[0], "height": size[1]}


def _furniture(regions: list[dict[str, Any]], which: str) -> str | None:
    labels = ("footer", "number") if which == "footer" else ("header",)
    texts = [
        region["content"]
        for region in regions
        if region.get("role") == "furniture" and region["native_label"] in labels and region["content"]
    ]
    return "\n".join(texts) or None
