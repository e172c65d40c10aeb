"""What an HTTP caller gets: the status of a reply or an error, and its body."""

import asyncio
from collections.abc import Awaitable, Mapping
from types import MappingProxyType
from typing import TypeVar

from fastapi import Request, Response

from octavo.errors import (
    Fault,
    JobNotOver,
    JobUnknown,
    KeyNeeded,
    NotAllowed,
    OctavoError,
    Overloaded,
    RequestInvalid,
)
from octavo.jobs.encoding import Reply, encoded, error_reply
from octavo.settings import ErrorText

T = TypeVar("T")

FAULT_STATUS: Mapping[str, int] = MappingProxyType(
    {Fault.CALLER.value: 422, Fault.UPSTREAM.value: 502, Fault.OURS.value: 500}
)
CODE_STATUS: Mapping[str, int] = MappingProxyType(
    {
        RequestInvalid.code: 400,
        KeyNeeded.code: 401,
        NotAllowed.code: 403,
        JobUnknown.code: 404,
        JobNotOver.code: 409,
        Overloaded.code: 429,
    }
)
COME_AGAIN_SECONDS = 5  # what a caller who is turned away is told, where nothing better is known
JSON = "application/json"


def status_of(reply: Reply) -> int:
    said = reply.get("error_details")
    return 200 if said is None else CODE_STATUS.get(said["code"], FAULT_STATUS[said["fault"]])


async def answer(reply: Reply, *, status: int | None = None, come_again: int = COME_AGAIN_SECONDS) -> Response:
    """The reply with its status, or with this one."""
    body, status = await asyncio.to_thread(encoded, reply), status_of(reply) if status is None else status
    return Response(body, status, headers_of(status, come_again), media_type=JSON)


def headers_of(status: int, come_again: int = COME_AGAIN_SECONDS) -> dict[str, str]:
    match status:
        case 401:
            return {"WWW-Authenticate": "Bearer"}
        case 429:
            return {"Retry-After": str(come_again)}
        case _:
            return {}


def refusal(error: OctavoError, text: ErrorText = ErrorText.PLAIN, *, status: int | None = None) -> Response:
    """An error, by itself."""
    reply = error_reply(error, text)
    status = status_of(reply) if status is None else status
    return Response(encoded(reply), status, headers_of(status), media_type=JSON)


async def unless_gone(request: Request, work: Awaitable[T]) -> T | None:
    """What the work gives; None, and the work cancelled, where the caller hangs up first.

    For requests whose body was read to its end.
    """
    doing = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait({doing, leaving}, return_when=asyncio.FIRST_COMPLETED)
        return doing.result() if doing.done() else None
    finally:
        for task in (doing, leaving):
            task.cancel()
        await asyncio.gather(doing, leaving, return_exceptions=True)


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
