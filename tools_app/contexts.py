"""The ToolContext a call is run with: identity and ids, a fresh copy per call, and a way to report progress."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from project.accounts.identity import Identity
from tools_app import doors
from tools_app.context import ToolContext, merged, secured
from tools_app.facts import Asked
from tools_app.models import ToolCall
from tools_app.policy import Grant

_PAUSE = 0.2


def of(call: ToolCall, asked: Asked, grant: Grant | None = None) -> ToolContext:
    """What a tool is told in a worker: the persona's values, over them the call's, over all what the house knows."""
    told = _about(asked.identity, call.organization_id, call.session_id)
    return ToolContext(
        tool_name=call.tool_name,
        tool_call_id=str(call.pk),
        deps=_joined(grant, call.tool_context, {**told, "auditing_id": call.usage_id}),
        progress_callback=_Progress(call),
    )


def before_a_call(
    tool_name: str, who: Identity, grant: Grant | None = None, run_level: Mapping[str, Any] | None = None
) -> ToolContext:
    """The same while it is still open whether the tool is shown to them at all."""
    return ToolContext(tool_name=tool_name, deps=known_before(who, grant, run_level))


def known_before(
    who: Identity, grant: Grant | None, run_level: Mapping[str, Any] | None, session_id: str = ""
) -> dict[str, Any]:
    """What tools would find in their context if this person asked now."""
    return _joined(grant, run_level, _about(who, who.organization_id, session_id or who.session_id))


def _joined(
    grant: Grant | None, run_level: Mapping[str, Any] | None, server: Mapping[str, Any]
) -> dict[str, Any]:
    """Shallow, the run over the persona, the house over both (S3.29-33, S3.94, S3.101).

    Only a persona that may act under its own identity replaces the person's, and then the tool is told both (S3.95).
    """
    own = grant.acts_as if grant else {}
    as_itself = {**own, "requested_by": server["user_id"]} if own else {}
    return secured(merged(grant.context if grant else None, run_level), {**server, **as_itself})


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
