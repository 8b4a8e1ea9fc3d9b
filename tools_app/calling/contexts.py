"""The ToolContext a call is run with: identity and ids, a fresh copy per call, and a way to report progress."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from project.accounts.identity import Identity
from tools_app import doors
from tools_app.calling.askers import Asked
from tools_app.context import ToolContext, merged, secured
from tools_app.models import ToolCall
from tools_app.policy import Grant

_PAUSE = 0.2


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks, through which persona and in which run, while no call has been made yet."""

    who: Identity
    session_id: str = ""
    # The values of the persona, its own identity if it has one, and what came with the message.
    context: Mapping[str, Any] = field(default_factory=dict)
    acts_as: Mapping[str, Any] = field(default_factory=dict)
    run_level: Mapping[str, Any] = field(default_factory=dict)

    def deps(self) -> dict[str, Any]:
        """What tools would find in their context if one were called now."""
        told = _about(self.who, self.who.organization_id, self.session_id or self.who.session_id)
        return _joined(self.context, self.acts_as, self.run_level, told)


def of(call: ToolCall, asked: Asked, grant: Grant | None = None) -> ToolContext:
    """What a tool is told in a worker: the persona's values, over them the call's, over all what the house knows."""
    told = {**_about(asked.identity, call.organization_id, call.session_id), "auditing_id": call.usage_id}
    own, acts_as = (grant.context, grant.acts_as) if grant else ({}, {})
    return ToolContext(
        tool_name=call.tool_name,
        tool_call_id=str(call.pk),
        deps=_joined(own, acts_as, call.tool_context, told),
        progress_callback=_Progress(call),
    )


def before_a_call(tool_name: str, asking: Asking) -> ToolContext:
    """The same while it is still open whether the tool is shown to them at all."""
    return ToolContext(tool_name=tool_name, deps=asking.deps())


def _joined(
    own: Mapping[str, Any],
    acts_as: Mapping[str, Any],
    run_level: Mapping[str, Any],
    server: Mapping[str, Any],
) -> dict[str, Any]:
    """Shallow, the run over the persona, the house over both (S3.29-33, S3.94, S3.101).

    Only a persona that may act under its own identity replaces the person's, and then the tool is told both (S3.95).
    """
    as_itself = {**acts_as, "requested_by": server["user_id"]} if acts_as else {}
    return secured(merged(own, run_level), {**server, **as_itself})


def _about(who: Identity, organization_id: int, session_id: str) -> dict[str, Any]:
    return {
        "user_id": who.user_id,
        "org_id": str(organization_id),
        "session_id": session_id,
        "permissions": sorted(who.permissions),
        "roles": [who.role] if who.role else [],
        "request_id": who.request_id,
        "locale": who.locale,
        **({"auth_claims": dict(who.claims)} if who.claims else {}),
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
