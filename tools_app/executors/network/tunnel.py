"""A bare connection under the same rules as a fetch, for programs that bring their own TLS."""

from __future__ import annotations

import socket

import httpcore2

from tools_app.executors.network.addresses import is_public
from tools_app.executors.network.backend import Deadline, connect, resolve
from tools_app.executors.network.client import FetchFailed, is_excepted, vet
from tools_app.executors.network.urls import EgressRefused


def tunnel(endpoint: str, *, seconds: float) -> socket.socket:
    """Connect to `host:port`. Raises EgressRefused where nobody may go, FetchFailed where nobody answers.

    The name is resolved once, every address it stands for is judged, and one of these is connected to.
    """
    url, deadline = vet(f"https://{endpoint}"), Deadline(seconds)
    try:
        addresses = resolve(url.host, url.port, deadline)
        if not addresses or not (is_excepted(url) or all(map(is_public, addresses))):
            raise EgressRefused
        return connect(addresses, url.port, deadline)
    except (httpcore2.ConnectError, httpcore2.TimeoutException) as unreachable:
        raise FetchFailed("The host cannot be reached.") from unreachable
