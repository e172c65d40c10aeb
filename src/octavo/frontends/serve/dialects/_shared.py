"""What the dialects have in common: a wish of theirs as the one job, its answer waited for, refusals by name."""

import json
from collections.abc import Collection, Mapping
from typing import Any

from octavo.errors import OptionInvalid, SourceInvalid, of_code, shown
from octavo.frontends.serve._desk import Desk
from octavo.jobs.encoding import Reply
from octavo.jobs.entries import JobEntry
from octavo.jobs.queue import PAGES

_NOT_SET: tuple[object, ...] = (None, False, "", [], {})


def an_object(value: object, what: str = "the request") -> Mapping[str, Any]:
    """Raises SourceInvalid."""
    if not isinstance(value, dict):
        raise SourceInvalid(f"{what} must be a JSON object")
    return value


def refuse_others(wish: Mapping[str, Any], known: Collection[str], of: str) -> None:
    """Name what is asked for and cannot be done here; what is not set asks for nothing. Raises OptionInvalid."""
    for name, value in wish.items():
        if name not in known and value not in _NOT_SET:
            raise OptionInvalid(f"{shown(name)}: {of} has it, and Octavo cannot do it")


def source(text: object, what: str) -> dict[str, str]:
    """The key of a job that an address or base64 stands for. Raises SourceInvalid."""
    if not isinstance(text, str) or not text:
        raise SourceInvalid(f"{what} must be an address or base64")
    scheme = text[:12].partition(":")[0].lower()
    if scheme in ("http", "https"):
        return {"source_url": text}
    if scheme == "file":
        raise SourceInvalid(f"{what}: files of the server are not read; send the document itself")
    return {"source_base64": text}


def result_of(reply: Reply) -> Mapping[str, Any]:
    """A reply's result. Raises the error that it is instead."""
    if (said := reply.get("error_details")) is not None:
        raise of_code(said["code"], said["message"])
    result: Mapping[str, Any] = reply["result"]
    return result


async def page_texts(desk: Desk, entry: JobEntry) -> list[dict[str, Any]]:
    """Each page by itself, as the events told of it."""
    names = sorted(await desk.queue.files(entry, PAGES), key=lambda name: int(name.partition(".")[0]))
    return [json.loads(await desk.queue.file(entry, PAGES, name)) for name in names]
