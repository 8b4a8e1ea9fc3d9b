"""The ToolContext a call is run with: identity and ids, a fresh copy per call, and a way to report progress."""

from __future__ import annotations

import time
from typing import Any

from tools_app import doors
from tools_app.context import ToolContext
from tools_app.facts import Asked
from tools_app.models import ToolCall

_PAUSE = 0.2


def of(call: ToolCall, asked: Asked) -> ToolContext:
    who = asked.identity
    return ToolContext(
        tool_name=call.tool_name,
        tool_call_id=str(call.pk),
        deps={
            "user_id": who.user_id,
            "org_id": str(call.organization_id),
            "session_id": call.session_id,
            "permissions": sorted(who.permissions),
            "roles": [who.role] if who.role else [],
            "request_id": who.request_id,
            "locale": who.locale,
            "auditing_id": call.usage_id,
        },
        progress_callback=_Progress(call),
    )


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
