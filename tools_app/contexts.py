"""The ToolContext a call is run with: identity and ids, a fresh copy per call, and a way to report progress."""

from __future__ import annotations

import time
from typing import Any

from project.accounts.identity import Identity
from tools_app import doors
from tools_app.context import ToolContext
from tools_app.facts import Asked
from tools_app.models import ToolCall

_PAUSE = 0.2


def of(call: ToolCall, asked: Asked) -> ToolContext:
    return ToolContext(
        tool_name=call.tool_name,
        tool_call_id=str(call.pk),
        deps={
            **_about(asked.identity, call.organization_id, call.session_id),
            "auditing_id": call.usage_id,
        },
        progress_callback=_Progress(call),
    )


def before_a_call(tool_name: str, who: Identity) -> ToolContext:
    """Who is asking, while it is still open whether the tool is shown to them at all."""
    return ToolContext(tool_name=tool_name, deps=_about(who, who.organization_id, who.session_id))


def _about(who: Identity, organization_id: int, session_id: str) -> dict[str, Any]:
    return {
        "user_id": who.user_id,
        "org_id": str(organization_id),
        "session_id": session_id,
        "permissions": sorted(who.permissions),
        "roles": [who.role] if who.role else [],
        "request_id": who.request_id,
        "locale": who.locale,
    }


class _Progress:
    """Stores and shows progress, at most five times a second: a chatty tool must not become a load."""

    def __init__(self, call: ToolCall) -> None:
        self._call = call
        self._last = 0.0

    def __call__(self, current: int, total: int, message: str = "") -> None:
        now = time.monotonic()
        if now - self._last < _PAUSE and current < total:
            return
        self._last = now
        progress: dict[str, Any] = {
            "current": int(current),
            "total": int(total),
            "message": str(message)[:200],
        }
        ToolCall.objects.filter(pk=self._call.pk, attempt=self._call.attempt).update(progress=progress)
        doors.publish_progress(self._call.session_id, self._call.pk, progress)
