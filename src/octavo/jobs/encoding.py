"""Replies as plain JSON: errors in one shape, nothing that cannot be said in JSON, nothing larger than is taken."""

import json
import math
from typing import Any, TypeAlias

from octavo.errors import LimitExceeded, OctavoError
from octavo.settings import ErrorText

Reply: TypeAlias = dict[str, Any]

# What of a result stays where not all of it fits: the first that still does.
_WORTH = (
    *("provider", "model", "model_revision", "glmocr_ref", "vllm_base_image_ref", "enable_layout", "output_format"),
    *("page_count", "processing_time_ms", "input", "run_info", "engines", "usage", "timings", "warnings", "problems"),
    *("markdown_result", "json_result"),
)
FILES = ("crop_images", "layout_visualizations", "artifacts")  # a result's lists of files
_ERROR_ROOM = 2_000  # bytes kept for the error's own text


def error_reply(error: OctavoError, text: ErrorText = ErrorText.PLAIN) -> Reply:
    """An error as a reply: one string for people, and what a program asks: code, fault, may trying again help?"""
    said = {"code": error.code, "message": error.message, "fault": error.fault.value, "retryable": error.retryable}
    return worded({"status": "error", "error": f"[{error.code}] {error.message}", "error_details": said}, text)


def worded(reply: Reply, text: ErrorText) -> Reply:
    """The reply with its error, if it has one, said in this way."""
    if text is ErrorText.PLAIN or "error_details" not in reply:
        return reply
    return reply | {"error": json.dumps(reply["error_details"], ensure_ascii=False)}


def encoded(value: object) -> bytes:
    """The value as UTF-8 JSON that every parser accepts: no NaN, no lone surrogates."""
    text = json.dumps(_plain(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8", "replace")


def too_large(reply: Reply, limit: int) -> Reply:
    """What to say instead of a reply that is larger than the transport takes: what did fit, and what to do."""
    size, result = len(encoded(reply)), reply.get("result") or reply  # a streamed page has no result of its own
    kept: dict[str, Any] = {}
    for name in _WORTH:
        if name in result and len(encoded(kept | {name: result[name]})) <= limit - _ERROR_ROOM:
            kept[name] = result[name]
    left_out = ", ".join(name for name in result if name not in kept and result[name] and name in (*_WORTH, *FILES))
    error = LimitExceeded(
        f"the result has {size} bytes and the transport takes {limit}; left out here: {left_out}. Ask for no inline "
        "pictures, fewer pages or one output_format; stream the pages; or give the files a place to go: the worker's "
        "BUCKET_* variables, s3Config beside the job's input, upload.put_urls in it, or a network volume"
    )
    page = {name: reply[name] for name in ("type", "page") if name in reply}
    return page | error_reply(error) | ({"result": kept} if kept else {})


def _plain(value: object) -> object:
    """The same value with floats that JSON can say; containers are walked, texts stay."""
    match value:
        case float():
            return value if math.isfinite(value) else None
        case dict():
            return {str(key): _plain(entry) for key, entry in value.items()}
        case list() | tuple():
            return [_plain(entry) for entry in value]
        case str() | int() | None:
            return value
        case _:
            return str(value)
