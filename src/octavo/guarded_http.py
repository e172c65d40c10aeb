"""HTTP to addresses that strangers name: it cannot be turned against the network this runs in.

A URL's host is resolved here, every address it has must be public, and the connection goes to the addresses that were
checked: a name that answers differently the second time gains nothing. No proxy is taken from the environment, because
a proxy would resolve the name anew.
"""

import asyncio
import contextlib
import ipaddress
import os
import re
import socket

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from octavo.errors import AddressRefused, DeliveryFailed, SourceInvalid

_PUT_SECONDS = 300.0  # of one attempt
_PUT_PAUSES = (0.0, 1.0, 4.0)  # before each attempt


def guarded_session(*, allow_private: bool) -> aiohttp.ClientSession:
    """A session that connects to public addresses only. `check_literal` its URLs too: a literal is never resolved."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(resolver=_Checked(allow_private), use_dns_cache=False, force_close=True),
        trust_env=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),
        headers={"Accept-Encoding": "identity", "User-Agent": "octavo"},
    )


def parsed_url(text: str, base: URL | None = None) -> URL:
    """By the parser that will connect: two parsers that disagree on the host are a hole. Raises SourceInvalid."""
    try:
        url = URL(text) if base is None else base.join(URL(text))
        host, _ = url.host, url.port
    except ValueError as error:
        raise SourceInvalid("the URL is malformed") from error
    if url.scheme not in ("http", "https") or not host:
        raise SourceInvalid("the URL is not an http or https address")
    return url


def plain(error: Exception) -> str:
    """What went wrong, without the address that went with it."""
    if isinstance(error, OSError) and error.strerror:
        return os.strerror(error.errno) if error.errno and error.errno > 0 else "name or service not known"
    return re.sub(r"(?<!^)(?=[A-Z])", " ", type(error).__name__).lower()


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


def check_literal(host: str, *, allow_private: bool) -> None:
    """A host that is an address never meets the resolver."""
    with contextlib.suppress(ValueError):
        ipaddress.ip_address(host.partition("%")[0])
        if not allow_private and not is_public(host):
            raise AddressRefused(f"{host} is not a public address (allow_private_addresses lets it)")


class _Checked(AbstractResolver):
    """Resolves names to public addresses, or not at all."""

    def __init__(self, allow_private: bool) -> None:
        self._allow_private = allow_private

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
        if not self._allow_private and not all(is_public(str(item[4][0])) for item in found):
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
    url = URL(address, encoded=True)  # to the letter: it is signed
    if url.raw_host != parsed_url(address).raw_host:
        raise SourceInvalid("the URL is malformed")
    check_literal(url.host or "", allow_private=allow_private)
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
