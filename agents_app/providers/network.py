"""Where model requests may go: the operator's endpoint anywhere, an administrator's by the egress rules.

An administrator's host is resolved once, here, and connected by the judged address, so that a name cannot
answer one thing to the check and another to the connection.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable
from functools import cache

import httpx2
from django.conf import settings

from tools_app.executors.network import EgressRefused, Url, parse_url
from tools_app.executors.network.addresses import is_public

logger = logging.getLogger(__name__)

Resolver = Callable[[str, int], Awaitable[list[str]]]


class AddressRefused(Exception):
    """A model endpoint must be https at a public address, or be listed in EGRESS_EXCEPTIONS as host:port."""

    def __init__(self, place: str) -> None:
        super().__init__(f"{place}: {self.__doc__}")


async def by_name(host: str, port: int) -> list[str]:
    """For the operator's own endpoint, which may be local: the connection resolves the name itself."""
    return [host]


async def vetted(host: str, port: int) -> list[str]:
    """The addresses behind a name, all of them public unless the operator excepted this host and port."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as unknown:
        raise httpx2.ConnectError(f"{host}: no address") from unknown
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    if not _is_excepted(place) and not all(is_public(address) for address in addresses):
        logger.warning("Model endpoint refused: %s stands for %s", place, addresses)
        raise AddressRefused(place)
    return addresses


def require_allowed(url: str) -> Url:
    """What of an administrator's address can be judged without asking a name server."""
    try:
        parsed = parse_url(url)
    except EgressRefused as refused:
        raise AddressRefused(f"{url} ({refused.message})") from refused
    if parsed.scheme != "https" and not _is_excepted(parsed.endpoint):
        raise AddressRefused(parsed.endpoint)
    return parsed


def _is_excepted(place: str) -> bool:
    return place.lower() in {entry.strip().lower() for entry in settings.EGRESS_EXCEPTIONS}


@cache
def tls() -> ssl.SSLContext:
    """The system's certificate authorities, or the operator's file of them (EGRESS_CA_FILE)."""
    if authorities := settings.EGRESS_CA_FILE:
        return ssl.create_default_context(cafile=authorities)
    return httpx2.create_ssl_context()
