"""One use of a tool of an MCP server, on the bridge's loop. Imported on first use: the SDK is heavy."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_REQUEST
from pydantic import ValidationError

from tools_app.exceptions import ToolFailed
from tools_app.executors.mcp import connections, troubles
from tools_app.executors.mcp.connections import Connection
from tools_app.executors.mcp.listing import Listing
from tools_app.executors.mcp.target import Place

Progress = Callable[[int, int, str], Any]
_PAUSE: Final = 0.2
# What whole numbers a share of one is shown in.
_PARTS: Final = 100


@dataclass(frozen=True, slots=True)
class Use:
    """`pinned` is the hash of the definition that was reviewed."""

    tool: str
    pinned: str
    arguments: Mapping[str, Any]


async def use(place: Place, wanted: Use, progress: Progress) -> Any:
    """What the server answers, for `results` to read off the loop. Raises ToolFailed.

    The server's description is compared with the reviewed one before anything is asked of it.
    """
    connection, offered = await _listed(place, anew=False)
    found = offered.tools.get(wanted.tool)
    if found is None:
        raise troubles.Drifted(
            "The MCP server does not offer this tool any more. An administrator has been told."
        )
    if found.pinned != wanted.pinned:
        raise troubles.Drifted
    with connection.in_use():
        try:
            told = _Told(progress)
            return await connection.call(wanted.tool, dict(wanted.arguments), told)
        except MCPError as error:
            raise troubles.named(error) from error
        except TimeoutError as late:
            raise troubles.TooSlow from late
        except (ToolFailed, OSError):
            raise
        except (ValueError, RuntimeError) as odd:
            # What the library raises for results that do not fit the protocol.
            raise troubles.BadAnswer from odd


async def offered(place: Place) -> Listing:
    """What the server says about itself and its tools, asked now. Raises ToolFailed."""
    return (await _listed(place, anew=True))[1]


async def _listed(place: Place, *, anew: bool) -> tuple[Connection, Listing]:
    """A connection that answers. One that turns out to be gone is made anew, once: nothing was asked of it yet."""
    try:
        return await _once(place, anew=anew)
    except (troubles.ServerLost, troubles.ServerUnavailable) as gone:
        if gone.code not in ("server_lost", "session_over"):
            raise
    return await _once(place, anew=anew)


async def _once(place: Place, *, anew: bool) -> tuple[Connection, Listing]:
    connection = await connections.pool().connected(place)
    with connection.in_use():
        try:
            return connection, await connection.listing(anew=anew)
        except MCPError as error:
            if error.error.code == INVALID_REQUEST and "terminated" in error.error.message:
                connection.close()
                connection.over.set()
                raise troubles.ServerUnavailable(code="session_over", retryable=True) from error
            raise troubles.named(error) from error
        except TimeoutError as late:
            raise troubles.ServerUnavailable("The MCP server does not say which tools it has.") from late
        except (ValueError, RuntimeError) as odd:
            details = {"error": _misfit(odd)}
            raise troubles.BadAnswer(
                "The MCP server's list of tools cannot be read.", details=details
            ) from odd


def _misfit(odd: Exception) -> str:
    """Where an answer does not fit the protocol, for the administrator."""
    if not isinstance(odd, ValidationError):
        return f"{type(odd).__name__}: {str(odd)[:300]}"
    places = [
        ".".join(map(str, each["loc"])) + f": {each['msg']}" for each in odd.errors(include_input=False)[:3]
    ]
    return "; ".join(places)[:500]


class _Told:
    """Progress as the house shows it: whole numbers, and not more often than anybody can read."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._last = 0.0

    async def __call__(self, done: float, total: float | None, message: str | None) -> None:
        now = time.monotonic()
        if now - self._last < _PAUSE and (total is None or done < total):
            return
        self._last = now
        current, whole = _whole(done, total)
        self._progress(current, whole, (message or "")[:200])


def _whole(done: float, total: float | None) -> tuple[int, int]:
    """Shares of one become parts of a hundred; without a known end the total is 0."""
    if not 0 <= done < 1e15 or (total is not None and not 0 < total < 1e15):
        return 0, 0
    if total is None:
        return int(done), 0
    if total <= 1 or not (float(total).is_integer() and float(done).is_integer()):
        return min(round(done / total * _PARTS), _PARTS), _PARTS
    return min(int(done), int(total)), int(total)
