"""A request's body, within its limits: JSON, or a form with files.

Nothing of it is written to a disk here: what a form brings is held in memory, and counted, as JSON is.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from dataclasses import field
from typing import Any

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect

from octavo.errors import SourceEmpty, SourceInvalid, SourceTooLarge
from octavo.frozen import frozen
from octavo.jobs.admission import Hold
from octavo.jobs.contract import refuse_sprawl
from octavo.settings import ServeSettings

FORM = "multipart/form-data"
_MOST_FIELDS = 100
_HERE = "here"  # stands in a job for bytes that came beside it


@frozen
class SentForm:
    """Fields and files, by their names in the order they came."""

    fields: Sequence[tuple[str, str]]
    files: Sequence[tuple[str, bytes]] = field(repr=False)
    names: Sequence[str] = ()  # that the files have

    def name_of(self, field: str) -> str:
        """What the first file of a field is called; empty where nobody says."""
        return next((name for (key, _), name in zip(self.files, self.names, strict=True) if key == field), "")

    def named(self, *names: str) -> tuple[bytes, ...]:
        """The files that came under one of these names."""
        return tuple(data for key, data in self.files if key in names)


@frozen
class Body:
    """A job as a request brings it."""

    payload: Any  # what a job's `input` is
    s3_config: object = None
    warmup: object = None
    webhook: object = None
    parts: tuple[bytes, ...] = field(default=(), repr=False)


async def job_in(request: Request, held: Hold, serve: ServeSettings) -> Body:
    """The job that a request asks for: JSON as the worker's contract has it, bare or as `{"input": ...}`, or a form.

    Raises SourceInvalid, SourceEmpty, Overloaded.
    """
    if request.headers.get("content-type", "").lower().startswith(FORM):
        return _from_form(await form_in(request, held, serve))
    payload = await json_in(request, held, serve)
    if isinstance(payload, dict) and "input" in payload:
        return Body(payload["input"], payload.get("s3Config"), payload.get("warmup"), payload.get("webhook"))
    if isinstance(payload, dict) and "webhook" in payload:
        return Body({key: value for key, value in payload.items() if key != "webhook"}, webhook=payload["webhook"])
    return Body(payload)


def _from_form(form: SentForm) -> Body:
    """Files are the document, several its pages; every other field is a key of the contract."""
    parts = form.named("file", "files")
    if any(not part for part in parts):
        raise SourceEmpty("a file of the form has no bytes")
    payload: dict[str, Any] = {}
    for name, value in form.fields:
        payload[name] = [payload[name], value] if name in payload else value
    webhook = payload.pop("webhook", None)
    return Body(payload | source_here(parts), webhook=webhook, parts=parts)


def source_here(parts: Sequence[bytes]) -> dict[str, Any]:
    """The keys of a job whose source came beside it."""
    if not parts:
        return {}
    return {"source_base64": _HERE} if len(parts) == 1 else {"images_base64": [_HERE] * len(parts)}


async def bytes_in(request: Request, held: Hold, serve: ServeSettings) -> bytes:
    """Raises SourceInvalid, Overloaded."""
    body = bytearray()
    async for piece in _pieces(request, held, serve):
        body += piece
    return bytes(body)


async def json_in(request: Request, held: Hold, serve: ServeSettings) -> Any:
    """Raises SourceInvalid, Overloaded."""
    body = await bytes_in(request, held, serve)
    try:
        sent = await asyncio.to_thread(json.loads, body)
    except (ValueError, RecursionError) as error:
        raise SourceInvalid("the request's body is not JSON") from error
    refuse_sprawl(sent)
    return sent


async def form_in(request: Request, held: Hold, serve: ServeSettings) -> SentForm:
    """Raises SourceInvalid, Overloaded."""
    parser = MultiPartParser(
        request.headers,
        _pieces(request, held, serve),
        max_files=_MOST_FIELDS,
        max_fields=_MOST_FIELDS,
        max_part_size=serve.request_bytes,
    )
    parser.spool_max_size = serve.request_bytes  # so that nothing is spooled to a disk
    try:
        form = await parser.parse()
    except (MultiPartException, HTTPException, ValueError, KeyError) as error:
        raise SourceInvalid("the request's form is malformed") from error
    try:
        fields = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
        uploads = [(name, value) for name, value in form.multi_items() if not isinstance(value, str)]
        files = [(name, await upload.read()) for name, upload in uploads]
        names = [upload.filename or "" for _, upload in uploads]
    finally:
        await form.close()
    return SentForm(fields, files, names)


async def _pieces(request: Request, held: Hold, serve: ServeSettings) -> AsyncGenerator[bytes]:
    """The body as it comes, counted. Raises SourceInvalid, Overloaded."""
    deadline = asyncio.get_running_loop().time() + serve.arrival_seconds
    stream = aiter(request.stream())
    try:
        while True:
            async with asyncio.timeout_at(deadline):
                piece = await anext(stream)
            held.add(len(piece))
            yield piece
    except StopAsyncIteration:
        return
    except SourceTooLarge as error:
        raise SourceInvalid(f"the request is larger than {serve.request_bytes} bytes; hand in a URL instead") from error
    except TimeoutError as error:
        raise SourceInvalid(
            f"the request did not arrive within {serve.arrival_seconds:g} s (arrival_seconds)"
        ) from error
    except ClientDisconnect as error:
        raise SourceInvalid("the request broke off") from error
