"""A name server and a network of our own."""

from __future__ import annotations

import socket
from typing import Any

PUBLIC = "93.184.216.34"


class Resolver:
    """Stands in for the machine's name server and network: answers in turn, and notes who was connected to.

    Host names may come as text or as bytes; a stand-in that knows only one of them passes for the wrong reason.
    """

    def __init__(self) -> None:
        self.answers: list[list[str]] = []
        self.asked: list[str] = []
        self.connected: list[tuple[str, int]] = []
        self.leads_to: int | None = None
        self.disguises = True
        self.dead: set[str] = set()

    def getaddrinfo(self, host: str | bytes, port: int, *_: Any, **__: Any) -> list[tuple[Any, ...]]:
        self.asked.append(host.decode() if isinstance(host, bytes) else host)
        found = self.answers[min(len(self.asked), len(self.answers)) - 1]
        if not found:
            raise socket.gaierror("unknown")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]
