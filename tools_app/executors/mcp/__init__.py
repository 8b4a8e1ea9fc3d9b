"""Carries out tools of MCP servers. Who is spoken to and what was reviewed stands in the tool's configuration.

The SDK is loaded on first use only: most processes never speak to a server.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from project.accounts.exceptions import Misconfigured
from tools_app import bridge, limited
from tools_app.context import ToolContext
from tools_app.exceptions import ToolFailed
from tools_app.executors import network
from tools_app.executors.base import Credential, Reach, ToolResult, Work
from tools_app.executors.mcp import target
from tools_app.executors.mcp.target import HTTP, STDIO, Place, Target
from tools_app.executors.reports import Reports

if TYPE_CHECKING:
    from tools_app.executors.mcp.listing import Listing

# Longer than connecting and listing may take, each of which has a limit of its own.
_LIST_SECONDS: Final = 120.0
_BROKEN = "This tool does not say which MCP server it belongs to: an administrator has to sync it."
_BAD = (KeyError, TypeError, ValueError, AttributeError)


def offered(found: Target, credential: Credential | None) -> Listing:
    """What a server says about itself and its tools; starts it, or speaks to it. Raises ToolFailed."""
    from tools_app.executors.mcp import calling

    return bridge.run(calling.offered(Place(found, credential)), timeout=_LIST_SECONDS)


class McpExecutor:
    def execute(self, work: Work, arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
        from tools_app.executors.mcp import calling, results

        found = _target(work.settings)
        if found is None or str(found.organization) != str(context.get("org_id")):
            raise ToolFailed(_BROKEN, code="executor_unavailable")
        credential = work.credentials.get(found.auth.secret) if found.auth else None
        wire = {str(alias): str(name) for alias, name in dict(work.settings.get("aliases", {})).items()}
        meant = {wire.get(name, name): value for name, value in arguments.items()}
        use = calling.Use(str(work.settings["tool"]), str(work.settings["pinned"]), meant)
        reports = Reports(context.report_progress)
        # Connecting, listing and the call each have a limit of their own; this one only bounds what they forget.
        until = time.monotonic() + found.seconds + _LIST_SECONDS
        try:
            asked = calling.use(Place(found, credential), use, reports)
            answered = reports.wait_for(asked, until=until)
        except limited.TooLong:
            raise ToolFailed("The MCP server of this tool did not answer in time.", code="timeout") from None
        # Here and not on the loop: a large answer takes its time, and every stream of the worker would wait for it.
        return results.read(answered)

    def readiness(self, name: str) -> str:
        return ""

    def unready(self, settings: Mapping[str, Any]) -> str:
        return "" if _target(settings) is not None else _BROKEN

    def problems(self, settings: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
        return [] if _target(settings) is not None else [_BROKEN]

    def secrets(self, settings: Mapping[str, Any]) -> tuple[str, ...]:
        found = _target(settings)
        return (found.auth.secret,) if found and found.auth else ()

    def reach(self, settings: Mapping[str, Any], arguments: Mapping[str, Any]) -> Reach | None:
        return self.lasting_reach(settings)

    def lasting_reach(self, settings: Mapping[str, Any]) -> Reach | None:
        found = _target(settings)
        if found is None or found.kind != HTTP:
            return None
        url = network.vet(found.url)
        return Reach(f"MCP {found.name} at {url.text}: {settings.get('tool')}", url)

    def drift(self, settings: Mapping[str, Any]) -> str:
        """Why what was reviewed is not what would be started now, or ""."""
        found = _target(settings)
        if found is None or found.kind != STDIO:
            return ""
        try:
            found.require_launcher()
        except LookupError as drifted:
            return str(drifted)
        except Misconfigured as unreadable:
            return unreadable.message
        return ""


def _target(settings: Mapping[str, Any]) -> Target | None:
    try:
        found = target.read(settings)
    except _BAD:
        return None
    return found if found.kind in (STDIO, HTTP) and settings.get("tool") and settings.get("pinned") else None
