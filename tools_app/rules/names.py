"""Hosts as rules compare them: every name one may be read as, and the addresses that numbers stand for."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from tools_app.executors.network import EgressRefused, Url, parse_url, unwrapped
from tools_app.rules.values import loosened

Address = IPv4Address | IPv6Address
# The longest text that is remembered for long: any address of ordinary length, and never what would fill the memory.
SHORT: Final = 256
# What resolvers take for an address of IPv4: one to four numbers, each decimal, octal (0…) or hexadecimal (0x…).
_NUMBERS = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)(?:\.(?:0x[0-9a-f]*|[0-9]+)){0,3}\Z", re.IGNORECASE)

# A name that every reader takes for what it is, but for the labels of IDNA: nothing has to be found out about it.
_PLAIN = re.compile(
    r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?\Z", re.IGNORECASE
)
_LONGEST: Final = 253


def read(text: str) -> Url | None:
    """A full address as the client reads it that connects; None for what two programs could read differently."""
    return _remembered(text) if len(text) <= SHORT else _just_now(text)


def _read(text: str) -> Url | None:
    try:
        return parse_url(text)
    except EgressRefused:
        return None


_remembered = lru_cache(maxsize=4096)(_read)
# A long text is looked at by one matcher after the other.
_just_now = lru_cache(maxsize=16)(_read)


def is_name(text: str) -> bool:
    """Whether this is the name of a host, or an address, and nothing else."""
    if _is_plain(text):
        return True
    found = read(f"https://{text}/")
    return found is not None and found.path == "/" and (":" not in text or text.startswith("["))


def readings(host: str) -> frozenset[str]:
    """A host in ASCII, by the standard of the client that connects (IDNA 2008) and by the older one, of which others
    still hold: the first keeps ß and ς apart from ss and σ, the second does not. What nobody can read is left as it is.
    """
    plain = host.strip().strip(".")
    if _is_plain(plain):
        return frozenset({plain.lower()})
    if len(plain) > _LONGEST:
        return frozenset({loosened(plain).strip(".")})
    found = {loosened(plain).strip(".")}
    if connected := read(f"https://{plain}/"):
        found.add(connected.host)
    found |= {_older(loosened(_decoded(name))) for name in frozenset(found)}
    return frozenset(found)


def _is_plain(host: str) -> bool:
    return len(host) <= _LONGEST and "xn--" not in host.lower() and _PLAIN.match(host) is not None


def domains(host: str) -> frozenset[str]:
    """The same with every domain they lie in; an address lies in none."""
    found = readings(host)
    return found if addresses(host) else frozenset(above for name in found for above in _upwards(name))


def addresses(host: str) -> frozenset[Address]:
    """The addresses a host of numbers stands for, however it is spelled, with those that are carried inside."""
    if _is_plain(host):
        return frozenset()
    bare = host.strip().strip("[]").partition("%")[0]
    with suppress(ValueError):
        return _all_of(ipaddress.ip_address(bare))
    if _NUMBERS.match(bare.strip(".")):
        with suppress(OSError):
            return _all_of(IPv4Address(socket.inet_aton(bare.strip("."))))
    return frozenset()


def _all_of(address: Address) -> frozenset[Address]:
    return frozenset({address, *unwrapped(address)})


def _upwards(name: str) -> Iterator[str]:
    while name:
        yield name
        name = name.partition(".")[2]


def _decoded(name: str) -> str:
    return ".".join(map(_label, name.split(".")))


def _label(label: str) -> str:
    if label.startswith("xn--"):
        with suppress(UnicodeError):
            return label[4:].encode("ascii").decode("punycode")
    return label


def _older(name: str) -> str:
    with suppress(UnicodeError):
        return name.encode("idna").decode()
    return name
