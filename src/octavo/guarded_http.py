"""HTTP to addresses that strangers name: it cannot be turned against the network this runs in.

The one door for sources, their redirects, uploads to a caller's URLs and buckets. `addresses` decides which hosts may
be named; a name is resolved here, every address it has must be public, and the connection goes to the addresses that
were checked: a name that answers differently the second time gains nothing. The last check stands where a socket is
made, so that no version of the library finds a way past the others. No proxy is taken from the environment, because a
proxy would resolve the name anew.
"""

import asyncio
import errno
import os
import re
import socket
from collections.abc import Mapping

import aiohttp
from aiohttp import AddrInfoType
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from octavo import addresses
from octavo.errors import AddressRefused, DeliveryFailed, SourceInvalid

_POST_SECONDS = 20.0
_PUT_SECONDS = 300.0  # of one attempt
_DELETE_SECONDS = 20.0
_PUT_PAUSES = (0.0, 1.0, 4.0)  # before each attempt


def guarded_session(*, allow_private: bool) -> aiohttp.ClientSession:
    """A session that connects to public addresses only; for URLs that `parsed_url` let in."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            resolver=_Checked(allow_private),
            use_dns_cache=False,
            force_close=True,
            socket_factory=None if allow_private else _public_socket,
        ),
        trust_env=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),
        headers={"Accept-Encoding": "identity", "User-Agent": "octavo"},
    )


def parsed_url(text: str, base: URL | None = None, *, allow_private: bool, encoded: bool = False) -> URL:
    """A URL that may be asked, by the parser that will connect: two parsers that disagree on the host are a hole.

    `base` is what it is relative to; `encoded` keeps it to the letter, because it is signed. Raises SourceInvalid,
    AddressRefused.
    """
    try:
        url = URL(text, encoded=encoded) if base is None else base.join(URL(text))
        host, *_ = url.raw_host, url.port, url.host  # each is taken apart when it is first asked for, and may fail
        same = not encoded or URL(text).raw_host == host
    except ValueError as error:
        raise SourceInvalid("the URL is malformed") from error
    if url.scheme not in ("http", "https") or not host or not same:
        raise SourceInvalid("the URL is not an http or https address")
    addresses.check(host, allow_private=allow_private)
    return url


def plain(error: Exception) -> str:
    """What went wrong, without the address that went with it."""
    if isinstance(error, OSError) and error.strerror:
        return os.strerror(error.errno) if error.errno and error.errno > 0 else "name or service not known"
    return re.sub(r"(?<!^)(?=[A-Z])", " ", type(error).__name__).lower()


def _leads_to_the_public(text: str) -> bool:
    address = addresses.resolved(text)
    return address is not None and addresses.is_public(address)


def _public_socket(info: AddrInfoType) -> socket.socket:
    """A socket for an address that was looked up. What the checks before it let through by mistake ends here."""
    family, kind, protocol, _, place = info
    if not _leads_to_the_public(str(place[0])):
        raise OSError(errno.EACCES, os.strerror(errno.EACCES))
    return socket.socket(family, kind, protocol)


class _Checked(AbstractResolver):
    """Resolves names to public addresses, or not at all."""

    def __init__(self, allow_private: bool) -> None:
        self._allow_private = allow_private

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
        if not self._allow_private and not all(_leads_to_the_public(str(item[4][0])) for item in found):
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


async def put(address: str, data: bytes, media_type: str, *, allow_private: bool) -> None:
    """PUT bytes, again where that may help. Raises SourceInvalid, AddressRefused; DeliveryFailed, which names the host
    only."""
    url = parsed_url(address, allow_private=allow_private, encoded=True)
    why = ""
    for pause in _PUT_PAUSES:
        await asyncio.sleep(pause)
        try:
            async with (
                asyncio.timeout(_PUT_SECONDS),
                guarded_session(allow_private=allow_private) as session,
                session.put(url, data=data, headers={"Content-Type": media_type}, allow_redirects=False) as response,
            ):
                if response.status < 300:
                    return
                why = f"HTTP {response.status}"
                if response.status < 500 and response.status != 429:
                    break
        except TimeoutError:
            why = f"it took longer than {_PUT_SECONDS:g} s"
        except (aiohttp.ClientError, OSError) as error:
            why = plain(error)
    raise DeliveryFailed(f"{url.host} did not take an upload: {why}")


async def post(address: str, data: bytes, headers: Mapping[str, str], *, allow_private: bool) -> int:
    """The status that one attempt is answered with. Raises SourceInvalid, AddressRefused; DeliveryFailed, which names
    the host only."""
    url = parsed_url(address, allow_private=allow_private)
    try:
        async with (
            asyncio.timeout(_POST_SECONDS),
            guarded_session(allow_private=allow_private) as session,
            session.post(url, data=data, headers=headers, allow_redirects=False) as response,
        ):
            return response.status
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        why = f"it took longer than {_POST_SECONDS:g} s" if isinstance(error, TimeoutError) else plain(error)
        raise DeliveryFailed(f"{url.host} did not take a message: {why}") from error


async def delete(address: str, *, allow_private: bool) -> bool:
    """Whether a file is gone that was put. Tried once."""
    try:
        url = parsed_url(address, allow_private=allow_private, encoded=True)
        async with (
            asyncio.timeout(_DELETE_SECONDS),
            guarded_session(allow_private=allow_private) as session,
            session.delete(url, allow_redirects=False) as response,
        ):
            return response.status < 300 or response.status in (404, 410)
    except (aiohttp.ClientError, OSError, TimeoutError, AddressRefused, SourceInvalid):
        return False
