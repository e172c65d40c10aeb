"""Replies that always arrive: plain JSON values, no lone surrogates, no NaN, and no larger than the transport takes."""

import json
import math
from typing import Any

from octavo.errors import LimitExceeded, OctavoError
from octavo.worker import error_reply


def encoded(value: object) -> bytes:
    """The value as UTF-8 JSON that every parser accepts. Values JSON does not know become their text."""
    text = json.dumps(_plain(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=str)
    return text.encode("utf-8", "replace")


def fitting(reply: dict[str, Any], limit: int) -> bytes:
    """The reply as JSON of at most `limit` bytes. Past that an error that says what did fit, and what to do."""
    body = encoded(reply)
    if len(body) <= limit:
        return body
    result = reply.get("result") or {}
    too_large = LimitExceeded(
        f"the result has {len(body)} bytes and the transport takes {limit}: leave out inline pictures, ask for fewer "
        "pages or one output_format, stream the pages, or configure an upload"
    )
    kept = {name: result[name] for name in ("input", "page_count", "engines", "usage", "timings") if name in result}
    return encoded(error_reply(too_large) | {"result": kept or None})


def error_text(error: OctavoError) -> str:
    """An error as one string, for transports that know nothing else."""
    return json.dumps(error_reply(error)["error"], ensure_ascii=False)


def _plain(value: object) -> object:
    """The same value with floats that JSON can say; containers are walked, texts stay."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return value
