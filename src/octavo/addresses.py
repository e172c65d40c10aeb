"""Which hosts a stranger may name: pure decisions, no resolving, no connecting.

A host is read here and by no library: what one library takes for a name, another takes for an address (`127.1`,
`2130706433` and `0177.0.0.1` are the loopback to the system's `inet_aton`). An IPv4 address has one spelling that is
let in, four decimal numbers (RFC 6943 3.1.1: the strict form); every other is refused, whatever it leads to.
"""

import ipaddress
import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import TypeAlias

from octavo.errors import AddressRefused, SourceInvalid

Address: TypeAlias = IPv4Address | IPv6Address

# The IANA special-purpose registry of IPv4 (RFC 6890, as of 2025-10), all of it: what is "globally reachable" there
# (AS112, AMT, the anycast addresses of 192.0.0.0/24) holds no documents either. Multicast and the reserved rest, too.
_SPECIAL_V4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # shared by carriers; a cloud's metadata at 100.100.100.200
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # not IANA's: Azure's own services, from within any virtual machine there
        "169.254.0.0/16",  # link-local; clouds' metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments; a cloud's metadata at 192.0.0.192
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
# Of IPv6 nothing but global unicast (RFC 4291) is let in, and of that not what the IANA registry sets apart.
_UNICAST_V6 = IPv6Network("2000::/3")
_SPECIAL_V6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments: Teredo, benchmarks, AMT, AS112, ORCHID, drones
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: a tunnel to an IPv4 address
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)
# An IPv4 address in its last 32 bits is where it leads: mapped (RFC 4291), translated (RFC 6052).
_WRAPPED_V4 = (IPv6Network("::ffff:0:0/96"), IPv6Network("64:ff9b::/96"))
_ISATAP = (0x00005EFE, 0x02005EFE)  # RFC 5214: so an interface is called that tunnels to the IPv4 address after it

_NUMBER = re.compile(r"(?:0[xX][0-9A-Fa-f]*|[0-9]+)$")
_NAME = re.compile(r"[A-Za-z0-9_.-]+$")  # as it is sent: other scripts are encoded by then (RFC 5891)
_LONGEST_NAME = 253  # RFC 1035 2.3.4


def address_in(host: str) -> Address | None:
    """The address that a URL's host is, without brackets, or None where it is a name to be resolved.

    Raises SourceInvalid where it could be taken for an address and is not spelled as one: fewer than four numbers,
    octal or hexadecimal ones, leading zeros, a zone. (A name that ends in a number is no name: WHATWG URL 3.5.)
    """
    if ":" in host:
        if "%" in host:
            raise SourceInvalid("the URL's host names a network interface of this machine")
        try:
            return IPv6Address(host)
        except ValueError as error:
            raise SourceInvalid("the URL's host is malformed") from error
    if len(host) > _LONGEST_NAME or not _NAME.match(host):
        raise SourceInvalid("the URL's host is malformed")
    labels = host.removesuffix(".").split(".")
    if not _NUMBER.match(labels[-1]):
        return None
    try:
        return IPv4Address(host)
    except ValueError as error:
        raise SourceInvalid("the URL's host is an address in an unusual spelling: write it as four numbers") from error


def is_public(address: Address) -> bool:
    """Whether it belongs to the internet at large, looked at through every wrapping of IPv4 in IPv6."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _SPECIAL_V4)
    low = int(address) & 0xFFFF_FFFF
    if any(address in network for network in _WRAPPED_V4):
        return is_public(IPv4Address(low))
    if int(address) >> 32 & 0xFFFF_FFFF in _ISATAP and not is_public(IPv4Address(low)):
        return False
    return address in _UNICAST_V6 and not any(address in network for network in _SPECIAL_V6)


def check(host: str, *, allow_private: bool) -> None:
    """Let a URL's host pass, or not. Raises SourceInvalid for a spelling, AddressRefused for where it leads.

    A name passes: whoever resolves it asks `is_public` of each address it has.
    """
    address = address_in(host)
    if address is not None and not allow_private and not is_public(address):
        raise AddressRefused(f"{host} is not a public address (allow_private_addresses lets it)")


def resolved(text: str) -> Address | None:
    """An address as the system's resolver writes it, or None where it is none."""
    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
