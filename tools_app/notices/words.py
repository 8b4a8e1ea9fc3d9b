"""What may be said about a question outside of the inbox: who asks for which tool, and where to look. Never a value."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urljoin

from django.conf import settings
from django.utils import timezone

from tools_app.approving.visible import visible_text
from tools_app.models import Approval, Event

INBOX = "/inbox/"
PREFERENCES = "/notifications/"


def payload(approval: Approval, event: str, *, at: datetime) -> dict[str, Any]:
    """The body of a webhook's message: ids, names and times. No argument, no reason, no comment."""
    data = {
        "approval": approval.pk,
        "about": approval.about,
        "status": approval.status,
        "tool": visible_text(approval.call.tool_name),
        "persona": visible_text(approval.call.agent_name),
        "requester": visible_text(approval.requester_name),
        "dangerous": approval.is_dangerous,
        "outside_content": approval.call.tainted,
        "created_at": approval.created_at.isoformat(),
        "expires_at": approval.expires_at.isoformat(),
        "url": address(approval),
    }
    if event == Event.DECIDED:
        data["decided_by"] = visible_text(approval.decided_by_name)
    return {"type": event, "timestamp": at.isoformat(), "data": data}


def address(approval: Approval) -> str:
    """Where the question is looked at, after signing in; opening it decides nothing."""
    return f"{urljoin(settings.PUBLIC_URL, INBOX)}?question={approval.pk}"


def preferences() -> str:
    return urljoin(settings.PUBLIC_URL, PREFERENCES)


def line(approval: Approval) -> str:
    """The question in one sentence."""
    tool, persona = one_line(approval.call.tool_name), one_line(approval.call.agent_name)
    who = one_line(approval.requester_name) or "somebody"
    match approval.about:
        case Approval.About.OUTCOME:
            return f"A worker was lost while {tool} was running for {who}, and somebody has to look."
        case Approval.About.ANSWER:
            return f"{persona} asks {who} something."
    danger = " (a dangerous tool)" if approval.is_dangerous else ""
    return f"{persona} asks to use {tool}{danger} for {who}."


def verdict(approval: Approval) -> str:
    tool, by = one_line(approval.call.tool_name), one_line(approval.decided_by_name)
    told = approval.get_status_display().lower()
    return f"{tool}: {told} by {by}." if by else f"{tool}: {told}."


def moment(at: datetime) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M %Z}"


def one_line(text: str) -> str:
    """Nothing of a name may begin another line, least of all another header."""
    return " ".join(visible_text(text).split())[:200]
