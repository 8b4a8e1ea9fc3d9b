"""What a web address may look like.

Read once, by the parser of the client that connects, so that no two readers can disagree about the host.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

import httpx2

from tools_app.exceptions import ToolFailed

MAX_LENGTH = 8_192
_SHAPE = re.compile(r"(?P<scheme>[A-Za-z]{4,5})://(?P<authority>[^/?#]*)")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\Z")
_NUMERIC = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)\Z")
_DEFAULT_PORTS = {"http": 80, "https": 443}


class EgressRefused(ToolFailed):
    """This address may not be fetched. Only addresses on the open internet can be."""

    code = "egress_refused"
    status = 403


@dataclass(frozen=True, slots=True)
class Url:
    """An address in its one written form: host in ASCII and lower case, port explicit, no fragment."""

    scheme: str
    host: str
    port: int
    path: str
    text: str

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port

    @property
    def endpoint(self) -> str:
        """`host:port` as EGRESS_EXCEPTIONS writes it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def is_listed(self, hosts: Iterable[str]) -> bool:
        """Whether a secret's list of hosts names this one: exactly, and a bare host for its usual port alone."""
        own = {self.endpoint}
        if self.port == _DEFAULT_PORTS[self.scheme]:
            own.add(_without_port(self))
        return not own.isdisjoint(_readable(hosts))

    def __str__(self) -> str:
        return self.text


@lru_cache(maxsize=2048)
def parse_host(text: str) -> str:
    """A line of such a list in its one written form, `host` or `host:port`; raises EgressRefused."""
    if not {"/", "?", "#"}.isdisjoint(text):
        raise EgressRefused("Write a bare host, or host:port.", code="invalid_url")
    read = parse_url(f"https://{text}")
    return read.endpoint if ":" in text.rpartition("]")[2] else _without_port(read)


def _without_port(url: Url) -> str:
    return url.endpoint.rpartition(":")[0]


def _readable(hosts: Iterable[str]) -> Iterator[str]:
    """What cannot be read names no host."""
    for host in hosts:
        with suppress(EgressRefused):
            yield parse_host(str(host))


def parse_url(text: str) -> Url:
    """Read an absolute http(s) address; raises EgressRefused for what two programs could read differently."""
    authority = _checked_text(text)
    try:
        parsed = httpx2.URL(text)
    except httpx2.InvalidURL as broken:
        raise EgressRefused("This is not a valid web address.", code="invalid_url") from broken
    host = _checked_host(parsed.raw_host.decode("ascii"), is_bracketed=authority.startswith("["))
    port = _checked_port(authority, parsed)
    written = parsed.copy_with(fragment=None)
    if host != written.host and ":" in host:
        written = written.copy_with(host=host)
    return Url(parsed.scheme, host, port, written.raw_path.decode("ascii"), str(written))


def joined(base: Url, location: str) -> Url:
    """Where a redirect leads; the result is judged like an address somebody typed."""
    if _is_unclean(location) or len(location) > MAX_LENGTH:
        raise EgressRefused(
            "The address redirects to something that is not a valid web address.", code="invalid_url"
        )
    try:
        return parse_url(str(httpx2.URL(base.text).join(location)))
    except httpx2.InvalidURL as broken:
        raise EgressRefused(
            "The address redirects to something that is not a valid web address.", code="invalid_url"
        ) from broken


def _checked_text(text: str) -> str:
    if len(text) > MAX_LENGTH:
        raise EgressRefused(f"The address is longer than {MAX_LENGTH} characters.", code="invalid_url")
    if _is_unclean(text):
        raise EgressRefused(
            "The address holds blanks, control characters or backslashes; percent-encode them.",
            code="invalid_url",
        )
    shape = _SHAPE.match(text)
    if shape is None or shape["scheme"].lower() not in _DEFAULT_PORTS:
        raise EgressRefused("Give a full address that begins with https://.", code="invalid_url")
    authority = shape["authority"]
    if "@" in authority:
        raise EgressRefused("The address must not hold a user name or password.", code="invalid_url")
    if "%" in authority:
        raise EgressRefused("The host of the address must be written plainly, without %.", code="invalid_url")
    return authority


def _is_unclean(text: str) -> bool:
    return any(character == "\\" or unicodedata.category(character)[0] in "CZ" for character in text)


def _checked_host(host: str, *, is_bracketed: bool) -> str:
    if is_bracketed:
        return _checked_address(host)
    labels = host.split(".")
    if not host or len(host) > 253 or not all(_LABEL.match(label) for label in labels):
        raise EgressRefused("The address has no valid host name.", code="invalid_url")
    if _NUMERIC.match(labels[-1]):
        # Resolvers take 2130706433, 0x7f.1 and 127.1 for addresses: a number must be a plain dotted quad.
        return _checked_address(host)
    return host


def _checked_address(host: str) -> str:
    try:
        address = ipaddress.ip_address(host)
    except ValueError as broken:
        raise EgressRefused("The address has no valid host name.", code="invalid_url") from broken
    if isinstance(address, ipaddress.IPv6Address) and address.scope_id is not None:
        raise EgressRefused("The host must not name a network interface.", code="invalid_url")
    return str(address)


def _checked_port(authority: str, parsed: httpx2.URL) -> int:
    """Only plain digits: the client's parser also takes signs, blanks and digits of other scripts."""
    _, colon, text = authority.rpartition("]")[2].partition(":")
    if colon and not re.fullmatch(r"[1-9][0-9]{0,4}", text):
        raise EgressRefused("The port of the address is not valid.", code="invalid_url")
    port = int(text) if colon else _DEFAULT_PORTS[parsed.scheme]
    if port > 65_535:
        raise EgressRefused("The port of the address is not valid.", code="invalid_url")
    return port
