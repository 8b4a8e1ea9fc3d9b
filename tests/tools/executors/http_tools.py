"""HTTP tools for tests: a configuration against a site of the test's own, used as a worker uses it."""

from __future__ import annotations

from typing import Any

from tests.tools.executors.fake_site import FakeSite
from tools_app import executors
from tools_app.context import ToolContext
from tools_app.executors import Credential, ToolResult, Work

TEXT = {"type": "string"}


def settings_of(site: FakeSite, path: str = "/weather", **more: Any) -> dict[str, Any]:
    return {"method": "GET", "url": site.url(path), **more}


def used(
    settings: dict[str, Any], arguments: dict[str, Any] | None = None, **secrets: Credential
) -> ToolResult:
    """What a model would be told; `secrets` are those of the tool, by their names."""
    work = Work("weather", "http", {}, settings, credentials=secrets)
    return executors.of("http").execute(work, arguments or {}, ToolContext(tool_name="weather"))


def schema(*required: str, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required)}
