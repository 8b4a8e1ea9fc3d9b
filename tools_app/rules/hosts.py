"""Hosts and addresses in rules. What is allowed is read by the parser of the client that connects."""

from __future__ import annotations

import ipaddress
import re
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

from tools_app.executors.network import EgressRefused, Url, parse_host
from tools_app.rules import names
from tools_app.rules.names import Address
from tools_app.rules.values import loosened

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
# Ways by which some server leaves the path it seems to be at: encoded once or more often, or with a `;` behind dots.
_TRICKS = re.compile(r"%(?:25)*(?:2f|5c|2e)|//|/\.{1,2}(?:[/;]|$)", re.IGNORECASE)
# Behind an address: the size of a network.
_SIZE = re.compile(r"(?<!/)/[0-9.]+\s*\Z")
_SCHEME = re.compile(r"\A[a-z][a-z0-9+.-]*://", re.IGNORECASE)
# What some program goes to although it is no address to ours: `https:x.org`, `\\\\x.org`, `view-source:…`.
_LIKE_AN_ADDRESS = re.compile(r"(?:https?|wss?|ftp|view-source):|[a-z][a-z0-9+.-]*:[/\\]|[/\\]{2}")


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a rule denies; `is_read` if it can hit anything but its own letters."""

    text: str
    names: frozenset[str]
    addresses: frozenset[Address]
    network: Network | None
    is_read: bool


@dataclass(frozen=True, slots=True)
class _Found:
    """A value by everything its host may be to somebody; `seems` where it looks like an address to some program."""

    text: str
    domains: frozenset[str]
    addresses: frozenset[Address]
    is_read: bool
    seems: bool


def denies(rule: str, value: object, *, must_be_read: bool = True) -> bool:
    """The host itself or any part of it, whatever scheme, port and path, or an address within the rule's network.

    What our own client would not read is a hit: nobody knows where another one goes with it. Where any text may
    stand (`must_be_read` is false) only if it looks like an address.
    """
    wanted, found = _wanted(rule), _found(value)
    if not found.is_read and (found.seems or (must_be_read and isinstance(value, str))):
        return True
    if found.text == wanted.text or not wanted.names.isdisjoint(found.domains):
        return True
    network = wanted.network
    is_within = network is not None and any(address in network for address in found.addresses)
    return is_within or not wanted.addresses.isdisjoint(found.addresses)


def can_deny(rule: str) -> bool:
    """Whether a deny rule can hit anything: a host with whatever around it, *.domain, or a network (10.0.0.0/8)."""
    return _wanted(rule).is_read


def is_network(rule: str) -> bool:
    return _wanted(rule).network is not None


def allows_host(rule: str, value: str) -> bool:
    """Exactly this host on its usual port, or this `host:port`; `*.x.org` any host below x.org, not x.org itself.

    An address must be https, unless the rule says http://.
    """
    scheme, _, bare = rule.rpartition("://")
    read = _read(value, scheme or "https")
    if read is None or read.scheme != (scheme or "https"):
        return False
    if not bare.startswith("*."):
        return read.is_listed([bare])
    host = read.endpoint.rpartition(":")[0]
    # No address is read whose host begins with a dot: what ends like this has a name before it.
    return read.is_listed([host]) and host.endswith(bare[1:].lower())


def allows_url(rule: str, value: str) -> bool:
    """The same scheme, host and port, and a path at or below the rule's; the same query where the rule has one."""
    wanted, read = names.read(rule), names.read(value)
    if wanted is None or read is None or wanted.origin != read.origin:
        return False
    (path, _, query), (below, _, asked) = wanted.path.partition("?"), read.path.partition("?")
    if _TRICKS.search(below) or (query and query != asked):
        return False
    return below == path or below.startswith(path.rstrip("/") + "/")


def is_host(rule: str) -> bool:
    """Whether an allow rule can be read: a bare host, host:port, *.domain, each with http:// before it or not."""
    scheme, _, bare = rule.rpartition("://")
    try:
        parse_host(bare.removeprefix("*."))
    except EgressRefused:
        return False
    return scheme in ("", "http", "https")


def is_url(rule: str) -> bool:
    return names.read(rule) is not None


def _read(value: str, scheme: str) -> Url | None:
    return names.read(value if "://" in value else f"{scheme}://{value}")


@lru_cache(maxsize=8192)
def _wanted(rule: str) -> _Wanted:
    """Remembered: there may be a thousand in a rule, and each is asked at every use."""
    host, network = _host(rule), _network(rule)
    addresses = names.addresses(host)
    no_network = bool(addresses) and network is None and _SIZE.search(rule) is not None
    is_read = network is not None or (not no_network and (names.is_name(host) or bool(addresses)))
    return _Wanted(loosened(rule), names.readings(host), addresses, network, is_read)


def _network(rule: str) -> Network | None:
    bare = loosened(rule)
    with suppress(ValueError):
        return ipaddress.ip_network(bare, strict=False) if "/" in bare else None
    return None


def _found(value: object) -> _Found:
    text = value if isinstance(value, str) else loosened(value)
    return _remembered(text) if len(text) <= names.SHORT else _just_now(text)


def _found_in(text: str) -> _Found:
    bare, loose = text.strip(), loosened(text)
    url = names.read(f"https://{_SCHEME.sub('', bare, count=1)}")
    # What is read and holds nothing but ASCII has this one host; of anything else every reading counts.
    own = {url.host} if url else set()
    hosts = own if own and bare.isascii() else {*own, _host(bare), _host(loose)}
    addresses = frozenset(address for host in hosts for address in names.addresses(host))
    found = frozenset(name for host in hosts for name in names.domains(host))
    is_read = bare == text and (url is not None or _is_address(bare))
    seems = "" in hosts or _LIKE_AN_ADDRESS.match(re.sub("[\t\n]", "", loose)) is not None
    return _Found(loose, found, addresses, is_read, seems)


_remembered = lru_cache(maxsize=4096)(_found_in)
# A long text is looked at by one matcher after the other.
_just_now = lru_cache(maxsize=16)(_found_in)


def _is_address(text: str) -> bool:
    """An address of IPv6 without its brackets, as the one a host turned out to stand for."""
    with suppress(ValueError):
        return getattr(ipaddress.ip_address(text), "scope_id", None) is None
    return False


def _host(text: str) -> str:
    """The host of an address, whatever its scheme, port and path; or of a bare host name."""
    authority = re.sub(r"[/?#\\].*", "", text.partition("://")[2] or text, flags=re.DOTALL).rpartition("@")[2]
    if authority.startswith("["):
        return authority[1:].partition("]")[0]
    # More than one colon is an address of IPv6 without its brackets, not a port.
    host = authority if authority.count(":") > 1 else authority.partition(":")[0]
    return host.strip().removeprefix("*.").strip(".")
