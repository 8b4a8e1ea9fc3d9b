"""A server without rows: listed, adopted and used by the executor alone, for what no database has a say in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tools_app import executors
from tools_app.context import ToolContext
from tools_app.executors import ToolResult, Work
from tools_app.executors import mcp as protocol
from tools_app.executors.mcp import launchers
from tools_app.executors.mcp.target import STDIO, Target
from tools_app.mcp import adoption
from tools_app.mcp.adoption import Adopted, LeftOut

ORGANIZATION = 1


class Bare:
    """One launcher of the operator's file, spoken to for one organization."""

    def __init__(self, name: str, *, seconds: float = 30.0) -> None:
        launcher = launchers.named(name)
        assert launcher is not None
        self.target = Target(ORGANIZATION, 1, name, STDIO, name, launcher.fingerprint, seconds=seconds)

    def within(self, seconds: float) -> Bare:
        self.target = replace(self.target, seconds=seconds)
        return self

    def offered(self) -> dict[str, Adopted | LeftOut]:
        listing = protocol.offered(self.target, None)
        return {wire: adoption.adopted(remote, self.target) for wire, remote in listing.tools.items()}

    def use(
        self, wire: str, arguments: dict[str, Any], told: list[tuple[int, int, str]] | None = None
    ) -> ToolResult:
        """Raises ToolFailed."""
        found = self.offered()[wire]
        assert isinstance(found, Adopted)
        work = Work(wire, "mcp", found.definition, found.configuration)
        heard: list[tuple[int, int, str]] = [] if told is None else told
        context = ToolContext(
            deps={"org_id": str(ORGANIZATION)}, progress_callback=lambda *report: heard.append(report)
        )
        return executors.of("mcp").execute(work, arguments, context)
