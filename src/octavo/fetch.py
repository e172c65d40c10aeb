"""A source to bytes: files, base64, and URLs that cannot be turned against the network this runs in.

Each redirect is checked again (`guarded_http`). Messages name a host, never a path or query.
"""

import asyncio
import base64
import binascii
import os
import re
import stat
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, TypeAlias, assert_never
from urllib.parse import unquote_to_bytes

from octavo.errors import (
    SourceEmpty,
    SourceInvalid,
    SourceNotFound,
    SourceTooLarge,
    SourceUnreachable,
)
from octavo.frozen import frozen
from octavo.settings import EngineSettings

if TYPE_CHECKING:
    import aiohttp

MOST_REDIRECTS = 5
CHUNK = 1 << 18
LONGEST_NAME = 100
NO_NAME = "document"
REDIRECTS = (301, 302, 303, 307, 308)
GONE = (404, 410)


@frozen
class Url:
    """An http or https address. `headers` are sent to its own host only, not where it redirects to."""

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    name: str | None = None


@frozen
class Encoded:
    """Base64, bare or as a data: URL."""

    text: str = field(repr=False)
    name: str | None = None


@frozen
class File:
    """A file of this machine."""

    path: Path


@frozen
class Data:
    """Bytes that are here already."""

    data: bytes = field(repr=False)
    name: str | None = None


Source: TypeAlias = Url | Encoded | File | Data


@frozen
class Fetched:
    """A document's bytes, and a name that is safe as the stem of a file's."""

    data: bytes = field(repr=False)
    name: str


def source_from(given: str | bytes | os.PathLike[str] | Source) -> Source:
    """What people hand in: a URL, a data: URL, a path, or bytes. Raises SourceInvalid for other schemes."""
    match given:
        case Url() | Encoded() | File() | Data():
            return given
        case bytes():
            return Data(given)
        case str():
            scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]+):", given)
            name = scheme[1].lower() if scheme else ""
            if name in ("http", "https"):
                return Url(given)
            if name == "data":
                return Encoded(given)
            if scheme and given[scheme.end() :].startswith("//"):
                raise SourceInvalid(f"{name}: is not fetched here: give http, https, a data: URL or a path")
            return File(Path(given))
        case _:
            return File(Path(given))


async def fetch(source: Source, settings: EngineSettings, count: Callable[[int], None] = lambda _: None) -> Fetched:
    """The source's bytes. Raises the Source... errors and AddressRefused.

    `count` is told of bytes as they come, before the next are asked for, and may raise.
    """
    data: bytes
    name: str | None
    match source:
        case Url():
            data, name = await _download(source, settings, count)
        case Encoded():
            count(len(source.text) // 4 * 3)
            data, name = await asyncio.to_thread(_decoded, source.text, settings.max_source_bytes), source.name
        case File():
            data = await asyncio.to_thread(_read, source.path, settings.max_source_bytes)
            name = source.path.name
        case Data():
            data, name = source.data, source.name
        case _:
            assert_never(source)
    if len(data) > settings.max_source_bytes:
        raise _too_large(settings.max_source_bytes)
    if not data:
        raise SourceEmpty("the source has no bytes")
    return Fetched(data, stem(name or ""))


def stem(name: str) -> str:
    """The part of a name that is safe in file names: no folder, no ending, no dots in front, not too long."""
    last = PurePosixPath(name.replace("\\", "/").replace("\0", "")).name
    bare = PurePosixPath(last).stem if not last.startswith(".") else last.lstrip(".")
    kept = "".join(
        char if char.isalnum() or char in "-_.+()" or unicodedata.category(char).startswith("M") else "_"
        for char in bare
    )
    return re.sub(r"_{2,}", "_", kept).strip("._ ")[:LONGEST_NAME].rstrip("._ ") or NO_NAME


def _too_large(limit: int) -> SourceTooLarge:
    return SourceTooLarge(f"the source is larger than {limit} bytes (max_source_bytes)")


# --- here already -------------------------------------------------------------------------------------------------


def _read(path: Path, limit: int) -> bytes:
    try:
        facts = path.stat()
        if not stat.S_ISREG(facts.st_mode):
            raise SourceInvalid(f"{path.name!r} is not a file")
        if facts.st_size > limit:
            raise _too_large(limit)
        return path.read_bytes()
    except FileNotFoundError as error:
        raise SourceNotFound(f"there is no file {path.name!r}") from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "its name is malformed"
        raise SourceInvalid(f"{path.name!r} cannot be read: {reason}") from error


def _decoded(text: str, limit: int) -> bytes:
    body, encoded = text.strip(), True
    if body[:5].lower() == "data:":
        head, comma, body = body.partition(",")
        if not comma:
            raise SourceInvalid("the data: URL has no comma: nothing follows its type")
        encoded = head.lower().endswith(";base64")
    if len(body) // 4 * 3 > limit + 2:
        raise _too_large(limit)
    if not encoded:
        return unquote_to_bytes(body.encode("utf-8", "replace"))
    compact = "".join(body.split()).translate({ord("-"): "+", ord("_"): "/"}).rstrip("=")
    try:
        return base64.b64decode(compact + "=" * (-len(compact) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise SourceInvalid("the base64 is malformed") from error


# --- over the network -----------------------------------------------------------------------------------------------


async def _download(source: Url, settings: EngineSettings, count: Callable[[int], None]) -> tuple[bytes, str]:
    import aiohttp  # here: `import octavo` does not wait for it

    from octavo.guarded_http import guarded_session, parsed_url, plain

    limit, private = settings.fetch_seconds, settings.allow_private_addresses
    url = parsed_url(source.url.strip(), allow_private=private)
    try:
        async with asyncio.timeout(limit), guarded_session(allow_private=private) as session:
            headers = dict(source.headers)
            for _ in range(MOST_REDIRECTS + 1):
                async with session.get(url, headers=headers, allow_redirects=False) as response:
                    if response.status not in REDIRECTS or "Location" not in response.headers:
                        data = await _body(response, settings.max_source_bytes, count)
                        return data, source.name or _name_of(response)
                    before, url = url, parsed_url(response.headers["Location"], url, allow_private=private)
                    if url.origin() != before.origin():
                        headers = {}
            raise SourceUnreachable(f"{url.host} redirects more than {MOST_REDIRECTS} times")
    except TimeoutError as error:
        raise SourceUnreachable(f"{url.host} did not deliver within {limit:g} s (fetch_seconds)") from error
    except aiohttp.InvalidURL as error:
        raise SourceInvalid("the URL is malformed") from error
    except (aiohttp.ClientError, OSError) as error:
        raise SourceUnreachable(f"{url.host} cannot be reached: {plain(error)}") from error


async def _body(response: "aiohttp.ClientResponse", limit: int, count: Callable[[int], None]) -> bytes:
    host = response.url.host
    if response.status in GONE:
        raise SourceNotFound(f"{host} has no such document (HTTP {response.status})")
    if response.status != 200:
        raise SourceUnreachable(f"{host} answers with HTTP {response.status}")
    if (response.content_length or 0) > limit:
        raise _too_large(limit)
    data = bytearray()
    async for chunk in response.content.iter_chunked(CHUNK):
        count(len(chunk))
        data += chunk
        if len(data) > limit:
            raise _too_large(limit)
    return bytes(data)


def _name_of(response: "aiohttp.ClientResponse") -> str:
    try:
        told = response.content_disposition.filename if response.content_disposition else None
    except (LookupError, ValueError):  # in a character set that nobody knows, or none
        told = None
    return told or response.url.name
