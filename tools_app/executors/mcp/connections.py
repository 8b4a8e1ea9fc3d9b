"""Connections to MCP servers, on the bridge's loop: one owner task each, which enters, keeps and leaves it.

A connection belongs to one organization, one server as it was reviewed and one value of its secret; nothing else ever
shares it. It is made on first use, closed when nobody has used it for a while, and made anew after it broke, a little
later each time it fails.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import anyio
from mcp.client import Client
from mcp.shared.exceptions import MCPError
from mcp_types import Implementation, ToolListChangedNotification

from tools_app.exceptions import ToolFailed
from tools_app.executors.mcp import listing, transports, troubles
from tools_app.executors.mcp.listing import Listing
from tools_app.executors.mcp.target import Place

log = logging.getLogger(__name__)

CONNECT_SECONDS: Final = 30.0
IDLE_SECONDS: Final = 300.0
LIST_SECONDS: Final = 20.0
# A list this quick to read is read before every call; a slower one is believed for a while, unless the server says
# that it changed.
_QUICK_SECONDS: Final = 0.25
_BELIEVED_SECONDS: Final = 60.0
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
MOST: Final = 64
MOST_PER_ORGANIZATION: Final = 16


class Connection:
    """A server that is being spoken to. Made and used on the loop only."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.used = time.monotonic()
        self.users = 0
        self.over = asyncio.Event()
        self._closing = asyncio.Event()
        self._ready: asyncio.Future[Client] = asyncio.get_running_loop().create_future()
        self._listed: Listing | None = None
        self._listed_at = self._listing_took = 0.0
        self._changes = 0
        self._listing = asyncio.Lock()
        self.words = transports.LastWords()
        self._owner = asyncio.create_task(self._own())

    async def ready(self) -> Client:
        """Wait until it stands. Shielded: one caller that gives up must not end it for the others."""
        return await asyncio.shield(self._ready)

    @contextmanager
    def in_use(self) -> Iterator[None]:
        self.users += 1
        try:
            yield
        finally:
            self.users -= 1
            self.used = time.monotonic()

    def close(self) -> None:
        self._closing.set()

    async def closed(self) -> None:
        self.close()
        await asyncio.wait([self._owner])

    async def listing(self, *, anew: bool) -> Listing:
        """What the server says about its tools now. Not `anew`: what it said a moment ago, where asking is dear."""
        client = await self.ready()
        async with self._listing:
            if not anew and self._listed is not None and self._is_believed():
                return self._listed
            began, changes = time.monotonic(), self._changes
            with anyio.fail_after(LIST_SECONDS):
                found: Listing = await self._unless_over(listing.read(client))
            self._listed_at = time.monotonic()
            self._listing_took = self._listed_at - began
            # A list that changed while it was read may be the old one; it is no answer for the next call.
            self._listed = found if changes == self._changes else None
            return found

    def _is_believed(self) -> bool:
        dear = self._listing_took > _QUICK_SECONDS
        return dear and time.monotonic() - self._listed_at <= _BELIEVED_SECONDS

    async def call(self, tool: str, arguments: dict[str, Any], progress: Any) -> Any:
        client = await self.ready()
        seconds = self.place.target.seconds
        with anyio.fail_after(seconds + 1):
            asked = client.call_tool(
                tool, arguments, read_timeout_seconds=seconds, progress_callback=progress
            )
            return await self._unless_over(asked)

    async def _unless_over(self, doing: Any) -> Any:
        """What is asked of a server that is gone ends at once, whatever the library below makes of it."""
        asking = asyncio.ensure_future(doing)
        ending = asyncio.ensure_future(self.over.wait())
        try:
            await asyncio.wait([asking, ending], return_when=asyncio.FIRST_COMPLETED)
            if not asking.done():
                raise troubles.ServerLost
            return asking.result()
        finally:
            ending.cancel()
            if not asking.done():
                asking.cancel()
                # The cancellation is what tells the server to stop; it must have been sent before this returns.
                await asyncio.wait([asking], timeout=1)

    async def _own(self) -> None:
        """Enter, stay, leave: all in this task, as the library demands."""
        try:
            with anyio.CancelScope(deadline=anyio.current_time() + CONNECT_SECONDS) as scope:
                await self._stay(scope)
            if not self._ready.done():
                raise TimeoutError
        except asyncio.CancelledError:
            # The loop is winding up, or the transport below broke and took this task along.
            self._fail(troubles.ServerUnavailable())
        except BaseException as broken:  # noqa: BLE001  Whatever a transport raises, alone or in groups.
            self._fail(_reason(broken, str(self.words)))
        finally:
            self.over.set()
            self._fail(troubles.ServerUnavailable())

    async def _stay(self, scope: anyio.CancelScope) -> None:
        async with Client(
            transports.of(self.place, self.words, self.over),
            cache=None,
            client_info=Implementation(name="toolroom", version="1.0.0"),
            message_handler=self._heard,
            read_timeout_seconds=CONNECT_SECONDS,
        ) as client:
            client.session.validate_tool_result = _unchecked  # type: ignore[method-assign]
            scope.deadline = float("inf")
            self._ready.set_result(client)
            while not self._closing.is_set() and not self.over.is_set():
                with anyio.move_on_after(IDLE_SECONDS / 10):
                    await self._ended()
                if not self.users and time.monotonic() - self.used > IDLE_SECONDS:
                    return

    async def _ended(self) -> None:
        waits = [asyncio.ensure_future(each.wait()) for each in (self._closing, self.over)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()

    async def _heard(self, message: Any) -> None:
        if isinstance(message, ToolListChangedNotification):
            self._changes += 1
            self._listed = None

    def _fail(self, why: ToolFailed) -> None:
        if not self._ready.done():
            self._ready.set_exception(why)
            # Somebody may have stopped waiting for it: that is no error of the loop.
            self._ready.exception()


async def _unchecked(name: str, result: Any) -> None:
    """The library would compile the server's output schema with a matcher that hostile patterns can hang."""


def _reason(broken: BaseException, words: str) -> ToolFailed:
    """Why there is no connection, out of whatever the transport raised, alone or in groups."""
    while isinstance(broken, BaseExceptionGroup):
        broken = broken.exceptions[0]
    if isinstance(broken, ToolFailed):
        return broken
    details = {"words": words, "error": f"{type(broken).__name__}: {str(broken)[:300]}"}
    if isinstance(broken, MCPError):
        found = troubles.named(broken)
        message = found.message if isinstance(found, troubles.ServerUnavailable) else None
        return troubles.ServerUnavailable(message, details={**found.details, **details}, retryable=True)
    if not isinstance(broken, (OSError, TimeoutError)):
        log.info("an MCP connection could not be made: %s", details["error"])
    return troubles.ServerUnavailable(details=details, retryable=True)


@dataclass(slots=True)
class _Failures:
    count: int
    until: float
    why: ToolFailed


@dataclass(slots=True)
class Pool:
    """All connections of one loop, by the key of their place."""

    open: dict[str, Connection] = field(default_factory=dict)
    failed: dict[str, _Failures] = field(default_factory=dict)

    async def connected(self, place: Place) -> Connection:
        """The connection to this place, made if need be. Raises ServerUnavailable."""
        key = place.key
        found = self.open.get(key)
        if found is None or found.over.is_set():
            self._require_pause(key)
            await self._make_room(place)
            found = self.open[key] = Connection(place)
        with found.in_use():
            try:
                await found.ready()
            except ToolFailed as failed:
                self._note(key, found, failed)
                raise
        self.failed.pop(key, None)
        return found

    async def close(self) -> None:
        ending = [each.closed() for each in self.open.values()]
        self.open.clear()
        await asyncio.gather(*ending)

    def _require_pause(self, key: str) -> None:
        """A server that fails again and again is not started again and again."""
        failures = self.failed.get(key)
        if failures is not None and (left := failures.until - time.monotonic()) > 0:
            told = f"{failures.why.message} It is tried again in {max(round(left), 1)} s."
            raise troubles.ServerUnavailable(told, details=failures.why.details, retryable=True)

    def _note(self, key: str, failed: Connection, why: ToolFailed) -> None:
        if self.open.get(key) is failed:
            del self.open[key]
            count = self.failed[key].count + 1 if key in self.failed else 1
            pause = min(_FIRST_PAUSE * 2 ** (count - 1), _LONGEST_PAUSE)
            self.failed[key] = _Failures(count, time.monotonic() + pause, why)
            while len(self.failed) > 1_000:
                self.failed.pop(next(iter(self.failed)))

    async def _make_room(self, place: Place) -> None:
        """Close what nobody uses, the longest unused first; what is in use stays, and others wait their turn."""
        self.open = {key: each for key, each in self.open.items() if not each.over.is_set()}
        own = place.target.organization
        ours = [each for each in self.open.values() if each.place.target.organization == own]
        for most, among in ((MOST_PER_ORGANIZATION, ours), (MOST, list(self.open.values()))):
            idle = sorted((each for each in among if not each.users), key=lambda each: each.used)
            if len(among) < most:
                continue
            if not idle:
                told = "Too many MCP servers are in use at once. Try again in a moment."
                raise troubles.ServerUnavailable(told, code="too_many_servers", retryable=True)
            del self.open[idle[0].place.key]
            await idle[0].closed()


_pools: dict[asyncio.AbstractEventLoop, Pool] = {}


def pool() -> Pool:
    """The connections of the running loop; a loop that has ended took its own along."""
    loop = asyncio.get_running_loop()
    if loop not in _pools:
        for ended in [each for each in _pools if each.is_closed()]:
            del _pools[ended]
        _pools[loop] = Pool()
    return _pools[loop]
