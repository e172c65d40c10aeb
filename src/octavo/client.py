"""Ask a server of Octavo (`octavo serve`), from Python, with types.

with Client("http://localhost:8000", key="...") as client:
    result = client.parse("statement.pdf", pages="1-3")
    print(result.markdown)

async with AsyncClient("http://localhost:8000") as client:
    job = await client.submit("https://example.org/long.pdf")
    async for page in client.pages(job.id):
        print(page.number, page.markdown)

A document is a path, bytes, an address that the server fetches, or several of one kind: the pages of one. Every
other key of a job is a keyword (docs/jobs.md). What is wrong is raised as the error that the server names
(docs/errors.md). A job that is sent again because nobody answered is the same job.
"""

import asyncio
import json
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias, TypeVar

from octavo.errors import OctavoError, OptionInvalid, Overloaded, SourceNotFound, SourceUnreachable, of_code
from octavo.frozen import frozen

if TYPE_CHECKING:
    import aiohttp

T = TypeVar("T")
Source: TypeAlias = str | Path | bytes
Status: TypeAlias = Literal["queued", "running", "success", "partial", "error", "cancelled"]

_OVER = ("success", "partial", "error", "cancelled")
_TRIES = 6  # of a request that nobody answers; a server that is started again takes seconds
_PAUSE_SECONDS = 1.0  # before the second try, twice as long before each further one
_LONGEST_PAUSE = 30.0
_ASK_SECONDS = (
    60.0  # how long the answer to one request may take to begin; the server waits no longer than sync_seconds
)
_POLL_SECONDS = (0.05, 2.0)  # at first, at last


@frozen
class JobState:
    """How far a job is."""

    id: str
    status: Status
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    pages_selected: int | None  # to be read; None: not known yet
    pages_done: int
    cached: bool
    error: OctavoError | None

    @property
    def is_over(self) -> bool:
        return self.status in _OVER


@frozen
class PageResult:
    """One page."""

    number: int  # from 1
    markdown: str
    regions: Sequence[Mapping[str, Any]]
    problems: Sequence[Mapping[str, Any]]


@frozen
class Result:
    """What a job came to."""

    id: str | None
    status: Literal["success", "partial"]
    cached: bool
    markdown: str
    pages: Sequence[Sequence[Mapping[str, Any]]]  # regions of each page
    problems: Sequence[Mapping[str, Any]]
    said: Mapping[str, Any] = field(repr=False)  # all of the result, as the contract has it


class AsyncClient:
    """For async code. Use it as a context manager."""

    def __init__(self, url: str, key: str | None = None) -> None:
        self._url = url.rstrip("/")
        self._headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        self._open: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        import aiohttp  # here: `import octavo.client` does not wait for it

        timeout = aiohttp.ClientTimeout(total=None, sock_connect=_ASK_SECONDS, sock_read=2 * _ASK_SECONDS)
        self._open = aiohttp.ClientSession(headers=self._headers, timeout=timeout)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._open is not None:
            await self._open.close()

    async def parse(self, source: Source | Sequence[Source], **keys: Any) -> Result:
        """Read a document to its end, however long it takes. Raises what the server says is wrong."""
        state = await self.wait((await self.submit(source, **keys)).id)
        return await self.result(state.id)

    async def submit(
        self,
        source: Source | Sequence[Source],
        *,
        idempotency: str | None = None,
        webhook: str | None = None,
        **keys: Any,
    ) -> JobState:
        """Hand a job in, to be asked about later."""
        sources = [source] if isinstance(source, Source) else list(source)
        wish = keys | ({} if webhook is None else {"webhook": webhook})
        headers = {"Idempotency-Key": idempotency or uuid.uuid4().hex}
        urls = [text for text in sources if isinstance(text, str) and text.lower().startswith(("http://", "https://"))]
        if urls and len(urls) == len(sources):
            job = wish | ({"source_url": urls[0]} if len(urls) == 1 else {"image_urls": urls})
            return _state(await self._asked("POST", "/v1/jobs", headers, body=json.dumps(job).encode()))
        if urls:
            raise OptionInvalid("addresses and documents cannot be mixed in one job")
        files = [await asyncio.to_thread(_read, part) for part in sources]
        return _state(await self._asked("POST", "/v1/jobs", headers, form=(wish, files)))

    async def job(self, job: str) -> JobState:
        """How far it is."""
        return _state(await self._asked("GET", f"/v1/jobs/{job}"))

    async def jobs(self, most: int = 100) -> list[JobState]:
        """The newest of this key."""
        return [_state(said) for said in (await self._asked("GET", f"/v1/jobs?most={most}"))["jobs"]]

    async def wait(self, job: str) -> JobState:
        """The job once it has ended."""
        pause, longest = _POLL_SECONDS
        while not (state := await self.job(job)).is_over:
            await asyncio.sleep(pause)
            pause = min(longest, pause * 1.5)
        return state

    async def result(self, job: str) -> Result:
        """What a job came to. Raises what went wrong with it; JobNotOver where it has not ended."""
        reply = await self._asked("GET", f"/v1/jobs/{job}/result")
        said = reply["result"]
        return Result(
            reply.get("id"),
            reply["status"],
            bool(reply.get("cached")),
            said["markdown_result"],
            said["json_result"],
            said["problems"],
            said,
        )

    async def pages(self, job: str) -> AsyncIterator[PageResult]:
        """Each page as it is done, in order; goes on where a connection broke."""
        last, over = 0, False
        while not over:
            async with aclosing(self._events(job, last)) as events:
                async for number, kind, said in events:
                    last, over = number, kind in _OVER
                    if kind == "page":
                        page = await self._asked("GET", f"/v1/jobs/{job}/pages/{said['page']}")
                        markdown, regions = page.get("markdown_result", ""), page.get("json_result", [])
                        yield PageResult(page["page"], markdown, regions, page["problems"])

    async def artifacts(self, job: str) -> list[str]:
        """Names of the result's files."""
        listed = (await self._asked("GET", f"/v1/jobs/{job}/artifacts"))["artifacts"]
        return [str(file["name"]) for file in listed]

    async def artifact(self, job: str, name: str) -> bytes:
        """One file of the result."""
        return await self._bytes("GET", f"/v1/jobs/{job}/artifacts/{name}", {}, None, None)

    async def cancel(self, job: str) -> JobState:
        """End a job."""
        return _state(await self._asked("POST", f"/v1/jobs/{job}/cancel"))

    async def delete(self, job: str) -> None:
        """Remove every trace of a job."""
        await self._bytes("DELETE", f"/v1/jobs/{job}", {}, None, None)

    # --- inside --------------------------------------------------------------------------------------------------

    @property
    def _session(self) -> "aiohttp.ClientSession":
        if self._open is None:
            raise OptionInvalid("the client is not open: use it as a context manager")
        return self._open

    async def _asked(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        *,
        body: bytes | None = None,
        form: tuple[Mapping[str, Any], Sequence[bytes]] | None = None,
    ) -> Any:
        return json.loads(await self._bytes(method, path, headers or {}, body, form))

    async def _bytes(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | None,
        form: tuple[Mapping[str, Any], Sequence[bytes]] | None,
    ) -> bytes:
        """The answer's body; tried again where nobody answered, or there was no room. Raises OctavoError."""
        import aiohttp

        pause, more = _PAUSE_SECONDS, {"Content-Type": "application/json"} if body is not None else {}
        for attempt in range(1, _TRIES + 1):
            try:
                data = body if form is None else _form(*form)
                async with self._session.request(
                    method, self._url + path, data=data, headers={**headers, **more}
                ) as answer:
                    said = await answer.read()
                    if answer.status < 400:
                        return said
                    error, come_again = _error(said, answer.status), answer.headers.get("Retry-After", "")
            except (aiohttp.ClientError, TimeoutError, OSError) as failure:
                error, come_again = SourceUnreachable(f"the server does not answer: {type(failure).__name__}"), ""
            if not isinstance(error, Overloaded | SourceUnreachable) or attempt == _TRIES:
                raise error
            await asyncio.sleep(min(_LONGEST_PAUSE, float(come_again) if come_again.isdigit() else pause))
            pause *= 2
        raise AssertionError  # the last try has raised or returned

    async def _events(self, job: str, last: int) -> AsyncGenerator[tuple[int, str, Any]]:
        """Until the stream ends, however it does. Raises OctavoError where there is none."""
        import aiohttp

        await self.job(job)  # says what is wrong, and waits for a server that is started again
        try:
            headers = {"Last-Event-ID": str(last)}
            async with self._session.get(f"{self._url}/v1/jobs/{job}/events", headers=headers) as answer:
                event: dict[str, str] = {}
                async for line in answer.content:
                    name, _, value = line.decode().rstrip("\n").partition(": ")
                    if name:
                        event[name] = value
                    elif "id" in event:
                        yield int(event["id"]), event["event"], json.loads(event["data"])
                        event = {}
        except (aiohttp.ClientError, TimeoutError, OSError):
            return


class Client:
    """The same for code that is not async; not within a running event loop."""

    def __init__(self, url: str, key: str | None = None) -> None:
        self._client = AsyncClient(url, key)
        self._runner = asyncio.Runner()

    def __enter__(self) -> Self:
        self._run(self._client.__aenter__())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._run(self._client.__aexit__(kind, error, trace))
        finally:
            self._runner.close()

    def parse(self, source: Source | Sequence[Source], **keys: Any) -> Result:
        """Read a document to its end. Raises what the server says is wrong."""
        return self._run(self._client.parse(source, **keys))

    def submit(
        self,
        source: Source | Sequence[Source],
        *,
        idempotency: str | None = None,
        webhook: str | None = None,
        **keys: Any,
    ) -> JobState:
        """Hand a job in, to be asked about later."""
        return self._run(self._client.submit(source, idempotency=idempotency, webhook=webhook, **keys))

    def job(self, job: str) -> JobState:
        """How far it is."""
        return self._run(self._client.job(job))

    def jobs(self, most: int = 100) -> list[JobState]:
        """The newest of this key."""
        return self._run(self._client.jobs(most))

    def wait(self, job: str) -> JobState:
        """The job once it has ended."""
        return self._run(self._client.wait(job))

    def result(self, job: str) -> Result:
        """What a job came to. Raises what went wrong with it."""
        return self._run(self._client.result(job))

    def pages(self, job: str) -> Iterator[PageResult]:
        """Each page as it is done, in order."""
        pages = self._client.pages(job)

        async def next_page() -> PageResult | None:
            return await anext(pages, None)

        while (page := self._run(next_page())) is not None:
            yield page

    def artifacts(self, job: str) -> list[str]:
        """Names of the result's files."""
        return self._run(self._client.artifacts(job))

    def artifact(self, job: str, name: str) -> bytes:
        """One file of the result."""
        return self._run(self._client.artifact(job, name))

    def cancel(self, job: str) -> JobState:
        """End a job."""
        return self._run(self._client.cancel(job))

    def delete(self, job: str) -> None:
        """Remove every trace of a job."""
        self._run(self._client.delete(job))

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)


def _read(source: Source) -> bytes:
    """Raises SourceNotFound."""
    if isinstance(source, bytes):
        return source
    try:
        return Path(source).read_bytes()
    except OSError as error:
        raise SourceNotFound(f"{Path(source).name!r} cannot be read") from error


def _form(keys: Mapping[str, Any], files: Sequence[bytes]) -> "aiohttp.FormData":
    import aiohttp

    form = aiohttp.FormData()
    for name, value in keys.items():
        form.add_field(name, _field(value))
    for file in files:
        form.add_field("file", file, filename="document")
    return form


def _field(value: object) -> str:
    """As a form has it: text, names with commas, or JSON."""
    if isinstance(value, list | tuple) and all(isinstance(part, str) for part in value):
        return ",".join(value)
    return value if isinstance(value, str) else json.dumps(value)


def _state(said: Mapping[str, Any]) -> JobState:
    pages, error = said["pages"], said["error_details"]
    return JobState(
        said["id"],
        said["status"],
        datetime.fromisoformat(said["created_at"]),
        _time(said["started_at"]),
        _time(said["ended_at"]),
        pages["selected"],
        pages["done"],
        said["cached"],
        None if error is None else of_code(error["code"], error["message"]),
    )


def _time(said: str | None) -> datetime | None:
    return None if said is None else datetime.fromisoformat(said)


def _error(said: bytes, status: int) -> OctavoError:
    try:
        details = json.loads(said)["error_details"]
        return of_code(str(details["code"]), str(details["message"]))
    except (ValueError, LookupError, TypeError):
        return SourceUnreachable(f"the server answers with HTTP {status}, and not as Octavo does")
