"""A source to bytes: files, base64, and URLs that cannot be turned against the network this runs in.

A URL's host is resolved here, every address it has must be public, and the connection goes to the addresses that were
checked: a name that answers differently the second time gains nothing. Each redirect is checked again. No proxy is
taken from the environment, because a proxy would resolve the name anew. Messages name a host, never a path or query.
"""

import asyncio
import base64
import binascii
import contextlib
import ipaddress
import os
import re
import socket
import stat
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, TypeAlias, assert_never
from urllib.parse import unquote_to_bytes

from octavo.errors import (
    AddressRefused,
    SourceEmpty,
    SourceInvalid,
    SourceNotFound,
    SourceTooLarge,
    SourceUnreachable,
)
from octavo.settings import EngineSettings

if TYPE_CHECKING:
    import aiohttp
    from yarl import URL

MOST_REDIRECTS = 5
CHUNK = 1 << 18
LONGEST_NAME = 100
NO_NAME = "document"
REDIRECTS = (301, 302, 303, 307, 308)
GONE = (404, 410)


@dataclass(frozen=True, slots=True)
class Url:
    """An http or https address. `headers` are sent to its own host only, not where it redirects to."""

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Encoded:
    """Base64, bare or as a data: URL."""

    text: str = field(repr=False)
    name: str | None = None


@dataclass(frozen=True, slots=True)
class File:
    """A file of this machine."""

    path: Path


@dataclass(frozen=True, slots=True)
class Data:
    """Bytes that are here already."""

    data: bytes = field(repr=False)
    name: str | None = None


Source: TypeAlias = Url | Encoded | File | Data


@dataclass(frozen=True, slots=True)
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


async def fetch(source: Source, settings: EngineSettings) -> Fetched:
    """The source's bytes. Raises the Source... errors and AddressRefused."""
    data: bytes
    name: str | None
    match source:
        case Url():
            data, name = await _download(source, settings)
        case Encoded():
            data, name = _decoded(source.text, settings.max_source_bytes), source.name
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
        return unquote_to_bytes(body)
    compact = "".join(body.split()).translate({ord("-"): "+", ord("_"): "/"}).rstrip("=")
    try:
        return base64.b64decode(compact + "=" * (-len(compact) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise SourceInvalid("the base64 is malformed") from error


# --- over the network -----------------------------------------------------------------------------------------------


async def _download(source: Url, settings: EngineSettings) -> tuple[bytes, str]:
    import aiohttp

    url = _parsed(source.url.strip())
    limit = settings.fetch_seconds
    try:
        async with asyncio.timeout(limit), _session(settings) as session:
            headers = dict(source.headers)
            for _ in range(MOST_REDIRECTS + 1):
                _check_literal(url.host or "", settings.allow_private_addresses)
                async with session.get(url, headers=headers, allow_redirects=False) as response:
                    if response.status not in REDIRECTS or "Location" not in response.headers:
                        data = await _body(response, settings.max_source_bytes)
                        return data, source.name or _name_of(response)
                    before, url = url, _parsed(response.headers["Location"], url)
                    if url.origin() != before.origin():
                        headers = {}
            raise SourceUnreachable(f"{url.host} redirects more than {MOST_REDIRECTS} times")
    except TimeoutError as error:
        raise SourceUnreachable(f"{url.host} did not deliver within {limit:g} s (fetch_seconds)") from error
    except aiohttp.InvalidURL as error:
        raise SourceInvalid("the URL is malformed") from error
    except (aiohttp.ClientError, OSError) as error:
        raise SourceUnreachable(f"{url.host} cannot be reached: {_plain(error)}") from error


def _session(settings: EngineSettings) -> "aiohttp.ClientSession":
    import aiohttp

    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            resolver=_checked_resolver(settings.allow_private_addresses), use_dns_cache=False, force_close=True
        ),
        trust_env=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),
        headers={"Accept-Encoding": "identity", "User-Agent": "octavo"},
    )


async def _body(response: "aiohttp.ClientResponse", limit: int) -> bytes:
    host = response.url.host
    if response.status in GONE:
        raise SourceNotFound(f"{host} has no such document (HTTP {response.status})")
    if response.status != 200:
        raise SourceUnreachable(f"{host} answers with HTTP {response.status}")
    if (response.content_length or 0) > limit:
        raise _too_large(limit)
    data = bytearray()
    async for chunk in response.content.iter_chunked(CHUNK):
        data += chunk
        if len(data) > limit:
            raise _too_large(limit)
    return bytes(data)


def _parsed(text: str, base: "URL | None" = None) -> "URL":
    """By the parser that will connect: two parsers that disagree on the host are a hole. Raises SourceInvalid."""
    from yarl import URL

    try:
        url = URL(text) if base is None else base.join(URL(text))
        host, _ = url.host, url.port
    except ValueError as error:
        raise SourceInvalid("the URL is malformed") from error
    if url.scheme not in ("http", "https") or not host:
        raise SourceInvalid("the URL is not an http or https address")
    return url


def _name_of(response: "aiohttp.ClientResponse") -> str:
    told = response.content_disposition.filename if response.content_disposition else None
    return told or response.url.name


def _plain(error: Exception) -> str:
    """What went wrong, without the address that went with it."""
    if isinstance(error, OSError) and error.strerror:
        return os.strerror(error.errno) if error.errno and error.errno > 0 else "name or service not known"
    return re.sub(r"(?<!^)(?=[A-Z])", " ", type(error).__name__).lower()


# --- addresses --------------------------------------------------------------------------------------------------------


def is_public(address: str) -> bool:
    """Whether an address belongs to the internet at large, looked at through every wrapping of IPv4 in IPv6."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is None and ip in ipaddress.ip_network("64:ff9b::/96"):  # NAT64, RFC 6052
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is None and int(ip) >> 32 == 0:  # IPv4-compatible, RFC 4291 2.5.5.1
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
        if ip.is_site_local:
            return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified or ip.is_loopback)


def _check_literal(host: str, allow_private: bool) -> None:
    """A host that is an address never meets the resolver."""
    with contextlib.suppress(ValueError):
        ipaddress.ip_address(host.partition("%")[0])
        if not allow_private and not is_public(host):
            raise AddressRefused(f"{host} is not a public address (allow_private_addresses lets it)")


def _checked_resolver(allow_private: bool) -> "aiohttp.abc.AbstractResolver":
    from aiohttp.abc import AbstractResolver, ResolveResult

    class Checked(AbstractResolver):
        async def resolve(
            self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
        ) -> list[ResolveResult]:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
            if not allow_private and not all(is_public(str(item[4][0])) for item in found):
                # All of them: one private address among public ones is how a check is slipped past.
                raise AddressRefused(f"{host} leads into a private network (allow_private_addresses lets it)")
            return [
                ResolveResult(
                    hostname=host,
                    host=str(item[4][0]),
                    port=port,
                    family=item[0],
                    proto=item[2],
                    flags=socket.AI_NUMERICHOST,
                )
                for item in found
            ]

        async def close(self) -> None:
            return None

    return Checked()
