"""Pure: is this IP address on the open internet? Judges the address inside an address, too.

The standard library's `is_private` and `is_global` each let through what the other stops (`security.md` 1.4),
so both are asked and a list of our own comes on top.
"""

from __future__ import annotations

import ipaddress
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

Address = IPv4Address | IPv6Address

_DENIED_4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier networks, and metadata services of some clouds
        "127.0.0.0/8",
        "168.63.129.16/32",  # a cloud's own services, on a public-looking address
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
# Of IPv6 only what is handed out for the open internet, without the parts of it that are set aside.
_GLOBAL_6 = IPv6Network("2000::/3")
_DENIED_6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",
        "2001:db8::/32",
        "2620:4f:8000::/48",
        "3ffe::/16",
        "3fff::/20",
    )
)
_COMPATIBLE = IPv6Network("::/96")
_TRANSLATED = IPv6Network("::ffff:0:0:0/96")
_NAT64 = IPv6Network("64:ff9b::/96")
_NAT64_LOCAL = IPv6Network("64:ff9b:1::/48")
_ISATAP = (0x00005EFE, 0x02005EFE)


def is_public(text: str) -> bool:
    """True only for an address of the open internet that leads to nothing else; False for nonsense."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return all(_is_open(inner) for inner in unwrapped(address))


def unwrapped(address: Address) -> tuple[Address, ...]:
    """The addresses that a packet to this one may end at: those carried inside it, or itself."""
    if isinstance(address, IPv4Address):
        return (address,)
    last = IPv4Address(int(address) & 0xFFFFFFFF)
    if address.ipv4_mapped is not None or any(address in net for net in (_COMPATIBLE, _TRANSLATED, _NAT64)):
        return (last,)
    if address.sixtofour is not None:
        return (address.sixtofour,)
    if address.teredo is not None:
        # Tunnels of this kind end at a server and at a client; the protocol itself is set aside as well.
        return (address, *address.teredo)
    if address in _NAT64_LOCAL or (int(address) >> 32) & 0xFFFFFFFF in _ISATAP:
        return (address, last)
    return (address,)


def _is_open(address: Address) -> bool:
    if not address.is_global or address.is_multicast or address.is_reserved or address.is_private:
        return False
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _DENIED_4)
    if address.scope_id is not None or address.is_site_local:
        return False
    return address in _GLOBAL_6 and not any(address in network for network in _DENIED_6)
