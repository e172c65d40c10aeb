"""Hosts that strangers name, through every door: refused before anything is looked up or connected.

Nothing here is sent: a resolver and a connector that record stand in the library's place.
"""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import connector
from pydantic import SecretStr
from yarl import URL

from octavo import addresses, guarded_http
from octavo.document import Artifact
from octavo.errors import AddressRefused, OctavoError, SourceInvalid
from octavo.fetch import Url, fetch
from octavo.jobs.contract import job_from
from octavo.jobs.uploads import PutUrls, place_for
from octavo.settings import EngineSettings, WorkerSettings

PUBLIC_ONLY = EngineSettings()
FILE = Artifact("a.json", "application/json", b"{}")

# Hosts as they stand in a URL, a paragraph a kind: the loopback as inet_aton and WHATWG URL parsers read it; letters
# that are digits or dots elsewhere; special ranges of IPv4; IPv6, and IPv4 in it; what a library could make sense of,
# or break on.
SPELLINGS = [
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "2130706433",
    "017700000001",
    "0x7f000001",
    "0x7f.1",
    "0x7f.0.0.1",
    "0177.0.0.1",
    "0177.1",
    "127.000.000.001",
    "127.0.0.01",
    "127.0.0.1.",
    "127.1.",
    "00000177.0.0.1",
    "0x7F.0x0.0x0.0x1",
    "127.0.0.0x1",
    "127.0x0.0.1",
    "127.255.255.254",
    "0",
    "0.0.0.0",
    "0x0",
    "00",
    "0.0",
    "0x",
    "１２７.0.0.1",
    "127。0。0。1",
    "①②⑦.0.0.1",
    "127%2e0%2e0%2e1",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.127.255.254",
    "100.100.100.200",
    "169.254.169.254",
    "169.254.0.1",
    "172.16.0.1",
    "172.31.255.254",
    "192.0.0.1",
    "192.0.0.9",
    "192.0.0.170",
    "192.0.0.192",
    "192.0.2.1",
    "192.31.196.1",
    "192.52.193.1",
    "192.88.99.1",
    "192.168.0.1",
    "192.168.255.254",
    "192.175.48.1",
    "198.18.0.1",
    "198.19.255.254",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "168.63.129.16",
    "3232235521",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "2852039166",
    "0xA83F8110",
    "[::1]",
    "[::]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[::ffff:10.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::a9fe:a9fe]",
    "[64:ff9b:1::1]",
    "[2002:7f00:1::]",
    "[2002:c0a8:1::1]",
    "[2001::7f00:1]",
    "[2001:0:4136:e378:8000:63bf:3fff:fdd2]",
    "[2001:db8::1]",
    "[2001:2::1]",
    "[2001:10::1]",
    "[2001:20::1]",
    "[3fff::1]",
    "[5f00::1]",
    "[100::1]",
    "[100:0:0:1::1]",
    "[2620:4f:8000::1]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[fe80::1]",
    "[fe80::1%25eth0]",
    "[fec0::1]",
    "[ff02::1]",
    "[2606:4700::5efe:a00:1]",
    "[::ffff:168.63.129.16]",
    "[0:0:0:0:0:ffff:a9fe:a9fe]",
    "127.0.0.1.1",
    "256.0.0.1",
    "1.2.3",
    "1.2.3.0x100",
    "a.1",
    "localhost.0x7f",
    "xn--",
    "xn--zzzzzz--",
]

PUBLIC = ("1.1.1.1", "8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101")


@pytest.fixture
async def seen(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was looked up or connected to: both are recorded, and then fail."""
    record: list[str] = []

    async def looked_up(host: str, *_: object, **__: object) -> Any:
        record.append(f"resolve {host}")
        raise socket.gaierror(socket.EAI_NONAME, "recorded")

    async def connected(addr_infos: Any, **_: object) -> socket.socket:
        record.append(f"connect {addr_infos}")
        raise OSError("recorded")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", looked_up)
    monkeypatch.setattr(connector.aiohappyeyeballs, "start_connection", connected)
    monkeypatch.setattr(guarded_http, "_PUT_PAUSES", (0.0,))
    return record


async def by_fetch(host: str) -> None:
    await fetch(Url(f"http://{host}:9/a.pdf?key=s3cret"), PUBLIC_ONLY)


async def by_redirect(host: str) -> None:
    """What `fetch` does with a Location."""
    guarded_http.parsed_url(f"//{host}:9/a?key=s3cret", URL("https://example.org/"), allow_private=False)


async def by_put_url(host: str) -> None:
    place = PutUrls({"a.json": SecretStr(f"https://{host}/a?key=s3cret")}, allow_private=False)
    await place.put(FILE)


async def by_s3_config(host: str) -> None:
    theirs = {"accessId": "id", "accessSecret": "s3cret", "bucketName": "b", "endpointUrl": f"https://{host}"}
    job = job_from({"warmup": True}, theirs)
    place = place_for(job, "job", WorkerSettings(), Path("/no/such/volume"), allow_private=False)
    assert place is not None
    await place.put(FILE)


DOORS = (by_fetch, by_redirect, by_put_url, by_s3_config)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("host", SPELLINGS)
async def test_no_spelling_of_a_private_address_passes_a_door(
    door: Callable[[str], Awaitable[None]], host: str, seen: list[str]
) -> None:
    with pytest.raises((AddressRefused, SourceInvalid)) as caught:
        await door(host)
    assert seen == []
    assert "s3cret" not in caught.value.message


@pytest.mark.parametrize("door", [by_fetch, by_put_url, by_s3_config])
@pytest.mark.parametrize("host", ["example.org", "1.1.1.1", "[2606:4700::1111]"])
async def test_a_public_one_is_asked_for(door: Callable[[str], Awaitable[None]], host: str, seen: list[str]) -> None:
    """The doors above open at all: the recorders would see it."""
    with pytest.raises(OctavoError):
        await door(host)
    assert len(seen) == 1


@pytest.mark.parametrize("address", ["10.0.0.1", "::1", "fe80::1%2", "168.63.129.16", "::ffff:169.254.169.254"])
async def test_a_name_that_leads_to_a_private_address_is_refused(
    address: str, seen: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of a name's addresses count: one private among public ones is how a check is slipped past."""

    async def answer(host: str, port: int, **_: object) -> list[tuple[Any, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in ("1.1.1.1", address)]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", answer)
    with pytest.raises(AddressRefused, match=r"example\.org"):
        await by_fetch("example.org")
    assert seen == []


@pytest.mark.parametrize("place", ["127.1", "2130706433", "127.0.0.1", "169.254.169.254", "fe80::1%2"])
async def test_the_last_check_stands_where_the_socket_is_made(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that skips the resolver for what it takes for an address, and a check that forgot to look."""
    monkeypatch.setattr(addresses, "check", lambda host, allow_private: None)
    sockets: list[object] = []
    monkeypatch.setattr(guarded_http.socket, "socket", lambda *kind: sockets.append(kind))
    with pytest.raises(PermissionError):
        guarded_http._public_socket((socket.AF_INET, socket.SOCK_STREAM, 6, "", (place, 80)))
    async with guarded_http.guarded_session(allow_private=False) as session:
        with pytest.raises(aiohttp.ClientError):
            await session.get("http://127.0.0.1:9/")
    assert sockets == []


@pytest.mark.parametrize("address", PUBLIC)
def test_addresses_of_the_internet_at_large(address: str) -> None:
    assert addresses.is_public(ip_address(address))


def test_private_addresses_are_let_in_where_the_operator_says_so_but_no_odd_spelling() -> None:
    addresses.check("10.0.0.1", allow_private=True)
    addresses.check("::1", allow_private=True)
    with pytest.raises(SourceInvalid, match="four numbers"):
        addresses.check("127.1", allow_private=True)


LOWEST = Path(__file__).parents[1] / ".venvs" / "lowest"  # made by `make lowest-env`


@pytest.mark.slow
@pytest.mark.skipif(not LOWEST.is_dir(), reason="make lowest-env was not run")
def test_the_doors_hold_on_the_lowest_version_of_the_library_that_is_allowed() -> None:
    """3.12 and 3.13 skip the resolver for whatever looks like a number; later ones refuse some of that themselves."""
    lowest = os.environ | {"PYTHONPATH": str(LOWEST)}
    version = [sys.executable, "-c", "import aiohttp; print(aiohttp.__version__)"]
    assert subprocess.run(version, env=lowest, capture_output=True, text=True, check=True).stdout.startswith("3.12.")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not slow", __file__]
    assert subprocess.run(command, env=lowest, capture_output=True, check=False).returncode == 0
