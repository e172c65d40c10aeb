"""Documents read elsewhere: by a RunPod endpoint, or by an Octavo server. They go as jobs, in the contract of both.

A RunPod endpoint is asked by /run and /status, so that a document may take longer than a connection lives; a result is
collected within seconds of its end, long before it is forgotten (30 minutes). Where a document is too large to travel
in a job, its address does, if it has one.
"""

import asyncio
import base64
import hashlib
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import aiohttp
from pydantic_core import to_jsonable_python

from octavo.corpus.items import Item
from octavo.corpus.readers import ReadDocument
from octavo.corpus.stores import scheme_of
from octavo.corpus.tables import Rows
from octavo.document import Artifact
from octavo.errors import (
    EngineLost,
    EngineRefused,
    EngineTimeout,
    OctavoError,
    OptionInvalid,
    SourceTooLarge,
    of_code,
)
from octavo.frozen import frozen
from octavo.guarded_http import parsed_url, plain
from octavo.jobs.contract import READING
from octavo.jobs.encoding import encoded
from octavo.settings import BatchSettings, ParseOptions, Shape

_RUNPOD: Final = re.compile(r"/v2/[^/]+/?$")  # the path of an endpoint; anything else is a server
_RUN_BYTES: Final = 10_000_000  # RunPod's limit for a job by /run
_SERVER_BYTES: Final = 30_000_000  # of a server, where it was not told otherwise
_PAUSES: Final = (0.2, 0.5, 1.0, 2.0, 3.0)  # between looks at a job; the last one goes on
_ASK_SECONDS: Final = 120.0  # of one request to RunPod
_TRIES: Final = 6  # of a request that was refused for now, or met no server


class Endpoint:
    """A reader that has others read."""

    def __init__(self, settings: BatchSettings, options: ParseOptions) -> None:
        """Raises OptionInvalid for an address that is none, or what cannot be had from elsewhere."""
        if any(shape is not Shape.FOLDERS for shape in settings.shapes):
            raise OptionInvalid("rows come from documents that are read here: --endpoint goes with --as folders")
        url = parsed_url(settings.endpoint or "", allow_private=True)
        self._url = str(url).rstrip("/")
        self._host = url.host or ""
        self._is_runpod = bool(_RUNPOD.search(url.path))
        self._key = None if settings.endpoint_key is None else settings.endpoint_key.get_secret_value()
        self._seconds = settings.endpoint_seconds
        self._options = options
        self._asked = _asked(options)
        self._session: aiohttp.ClientSession | None = None
        self.digest = hashlib.sha256(f"{self._url} {encoded(self._asked)!r}".encode()).hexdigest()

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        async with aiohttp.ClientSession(headers=headers) as self._session:
            yield
        self._session = None

    @asynccontextmanager
    async def reading(self, item: Item, data: bytes, on_page: Callable[[], None]) -> AsyncIterator[ReadDocument]:
        body = await asyncio.to_thread(self._job, item, data)
        reply = await (self._by_runpod(body) if self._is_runpod else self._by_server(body))
        result = _checked(reply)
        for _ in range(result["page_count"]):
            on_page()
        yield ReadDocument(
            str(reply["status"]),
            result["page_count"],
            result["page_count"],
            result.get("problems", ()),
            _files(item, result),
            _no_rows,
        )

    def _job(self, item: Item, data: bytes) -> bytes:
        """Blocks. Raises SourceTooLarge."""
        most = _RUN_BYTES if self._is_runpod else _SERVER_BYTES
        inline = {"input": {"source_base64": base64.b64encode(data).decode("ascii")} | self._asked}
        body = encoded(inline)
        if len(body) <= most:
            return body
        if scheme_of(item.location) in ("http", "https") and not item.member:
            return encoded({"input": {"source_url": item.location} | self._asked})
        raise SourceTooLarge(f"the document is larger than a job may be ({most} bytes), and has no address of its own")

    async def _by_server(self, body: bytes) -> Mapping[str, Any]:
        """One request, that lasts as long as the document takes."""
        _, reply = await self._ask("POST", "/parse", body, seconds=self._seconds)
        return reply

    async def _by_runpod(self, body: bytes) -> Mapping[str, Any]:
        _, job = await self._ask("POST", "/run", body)
        name = str(job.get("id"))
        try:
            async with asyncio.timeout(self._seconds):
                return await self._collected(name)
        except TimeoutError:
            await self._cancel(name)
            raise EngineTimeout(f"the job took longer than {self._seconds:g} s (endpoint_seconds)") from None
        except asyncio.CancelledError:
            await asyncio.shield(self._cancel(name))  # nobody will come for it
            raise

    async def _collected(self, name: str) -> Mapping[str, Any]:
        looks = 0
        while True:
            await asyncio.sleep(_PAUSES[min(looks, len(_PAUSES) - 1)])
            looks += 1
            _, job = await self._ask("GET", f"/status/{name}")
            match job.get("status"):
                case "COMPLETED" | "FAILED":
                    output = job.get("output")
                    output = output[-1] if isinstance(output, list) and output else output
                    if isinstance(output, Mapping):
                        return output
                    raise EngineRefused(f"the job failed: {str(job.get('error') or 'no reason given')[:200]}")
                case "CANCELLED" | "TIMED_OUT" as ended:
                    raise EngineTimeout(f"the endpoint ended the job: {str(ended).lower()}")

    async def _cancel(self, name: str) -> None:
        try:
            await self._ask("POST", f"/cancel/{name}", b"{}", tries=1)
        except OctavoError:
            return  # it will end by itself

    async def _ask(
        self, method: str, path: str, body: bytes | None = None, *, seconds: float = _ASK_SECONDS, tries: int = _TRIES
    ) -> tuple[int, Mapping[str, Any]]:
        """A JSON object, whatever its status; again where that may help. Raises EngineLost, EngineRefused."""
        if self._session is None:
            raise EngineLost("the endpoint is not open")
        why = ""
        for number in range(tries):
            await asyncio.sleep(0 if number == 0 else min(30.0, 0.5 * 2**number))
            timeout = aiohttp.ClientTimeout(total=seconds)
            headers = {"Content-Type": "application/json"}
            try:
                request = self._session.request(method, self._url + path, data=body, headers=headers, timeout=timeout)
                async with request as response:
                    said = await response.json(content_type=None) if response.content_type == "application/json" else {}
                    if response.status == 429 or (response.status >= 500 and "status" not in said):
                        why = f"HTTP {response.status}"
                        continue
                    if response.status in (401, 403):
                        raise EngineRefused(f"{self._host} does not accept the key (endpoint_key)")
                    if not isinstance(said, Mapping) or (response.status >= 400 and "status" not in said):
                        raise EngineRefused(f"{self._host} refuses the job: HTTP {response.status}")
                    return response.status, said
            except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
                why = plain(error)
        raise EngineLost(f"{self._host} did not answer in {tries} tries: {why}")


@frozen
class _Said:
    """A file of a reply."""

    path: str
    media_type: str
    text: str | None
    base64: str | None

    @property
    def data(self) -> bytes:
        return self.text.encode("utf-8", "replace") if self.text is not None else base64.b64decode(self.base64 or "")


def _asked(options: ParseOptions) -> dict[str, Any]:
    """What a job says of how it is to be read: all of it, for the other side has defaults of its own."""
    left_out = ("password", "picture_names")
    plain_values = {name: _plain(value) for name, value in options if name in READING and name not in left_out}
    said = {name: value for name, value in plain_values.items() if value not in (None, {}, [])}
    if options.password is not None:
        said["password"] = options.password.get_secret_value()
    return said | {"formats": list(options.formats), "output_format": "markdown"}


def _plain(value: object) -> Any:
    return to_jsonable_python(dict(value) if isinstance(value, Mapping) else value)


def _checked(reply: Mapping[str, Any]) -> Mapping[str, Any]:
    """The result in a reply. Raises what the other side says it failed at."""
    details = reply.get("error_details")
    if isinstance(details, Mapping):
        raise of_code(str(details.get("code")), str(details.get("message")))
    result = reply.get("result")
    if not isinstance(result, Mapping) or reply.get("status") not in ("success", "partial"):
        raise EngineRefused("the endpoint's reply is none of Octavo's")
    return result


def _files(item: Item, result: Mapping[str, Any]) -> Iterator[Artifact]:
    """The files under the document's own name: the other side calls every one `document`."""
    for listed in result.get("artifacts", ()):
        said = _Said(str(listed.get("path")), str(listed.get("media_type")), listed.get("text"), listed.get("base64"))
        if said.text is None and said.base64 is None:
            raise EngineRefused("a file of the result lies elsewhere, because a reply has no room for it")
        name = re.sub(r"^((?:[^/]+/)?)document(?=[._])", lambda found: f"{found[1]}{item.stem}", said.path)
        yield Artifact(name, said.media_type, said.data, str(listed.get("format")))


def _no_rows() -> Rows:
    raise OptionInvalid("rows come from documents that are read here")
