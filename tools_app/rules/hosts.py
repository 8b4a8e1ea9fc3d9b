"""Hosts and addresses in rules. What is allowed is read by the parser of the client that connects."""

from __future__ import annotations

import ipaddress
import re
from contextlib import suppress
from functools import lru_cache

from tools_app.executors.network import EgressRefused, Url, parse_host, parse_url
from tools_app.rules.values import loosened

# The longest text whose host is remembered: any address of ordinary length, and never what would fill the memory.
_SHORT = 256
# Ways by which some server leaves the path it seems to be at: encoded once or more often, or with a `;` behind dots.
_TRICKS = re.compile(r"%(?:25)*(?:2f|5c|2e)|//|/\.{1,2}(?:[/;]|$)", re.IGNORECASE)


def denies(rule: str, value: object) -> bool:
    """The host itself or any part of it, whatever scheme, port and path; an unreadable address counts as hit."""
    wanted, found = loosened(rule), loosened(value)
    return found == wanted or _is_part(_host(found), _host(wanted))


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
    wanted, read = _url(rule), _url(value)
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
    return _url(rule) is not None


def _read(value: str, scheme: str) -> Url | None:
    return _url(value if "://" in value else f"{scheme}://{value}")


@lru_cache(maxsize=1024)
def _url(text: str) -> Url | None:
    try:
        return parse_url(text)
    except EgressRefused:
        return None


def _is_part(host: str, domain: str) -> bool:
    return not host or host == domain or host.endswith(f".{domain}")


def _host(text: str) -> str:
    """The host of an address, whatever its scheme, port and path; or of a bare host name. Short ones are remembered."""
    return _remembered(text) if len(text) <= _SHORT else _host_of(text)


def _host_of(text: str) -> str:
    authority = re.sub(r"[/?#\\].*", "", text.partition("://")[2] or text, flags=re.DOTALL).rpartition("@")[2]
    if authority.startswith("["):
        host = authority[1:].partition("]")[0]
    else:
        # More than one colon is an address of IPv6 without its brackets, not a port.
        host = authority if authority.count(":") > 1 else authority.partition(":")[0]
    host = host.removeprefix("*.").strip(".")
    return _numeric(host) or _ascii(host)


_remembered = lru_cache(maxsize=4096)(_host_of)


def _numeric(host: str) -> str | None:
    """An address of numbers in its one spelling; None for a name."""
    with suppress(ValueError):
        found = ipaddress.ip_address(host.partition("%")[0])
        return str(getattr(found, "ipv4_mapped", None) or found)
    return None


def _ascii(host: str) -> str:
    try:
        return host.encode("idna").decode()
    except UnicodeError:
        return host
