"""The first page of supervision: what waits, what happened, what is on. Each number only to who may see behind it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Count
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from agents_app.models import AgentType
from audit_app.models import ToolUsage
from project.accounts.identity import Identity
from project.unfold import MayOpen
from tools_app.executors import sandbox
from tools_app.governing import halts
from tools_app.models import Approval, Tool


def waiting(request: HttpRequest) -> str:
    """The badge beside Approvals: how many open questions may wait for this person; nothing for none."""
    identity: Identity = request.identity  # type: ignore[attr-defined]
    count = Approval.objects.put_to(identity).awaiting_verdict().count()
    return str(count) if count else ""


def stopped(request: HttpRequest) -> str:
    """The badge beside Kill switches: how much is stopped now; nothing for nothing."""
    identity: Identity = request.identity  # type: ignore[attr-defined]
    count = len(halts.thrown(identity.organization_id))
    return str(count) if count else ""


def shown(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    tiles = {
        "tools_app.approval": _questions,
        "audit_app.toolusage": _uses,
        "tools_app.tool": _tools,
        "agents_app.agenttype": _personas,
    }
    context["title"] = "Overview"
    context["tiles"] = [
        {"link": _list_of(page), **count(request.identity)}  # type: ignore[attr-defined]
        for page, count in tiles.items()
        if MayOpen(page)(request)
    ]
    context["halts"] = halts.thrown(request.identity.organization_id)  # type: ignore[attr-defined]
    context["latest"] = _latest(request)
    context["sandbox"] = _sandbox() if MayOpen("tools_app.tool")(request) else None
    return context


def _questions(who: Identity) -> dict[str, Any]:
    number = Approval.objects.visible_to(who).awaiting_verdict().count()
    link = f"{_list_of('tools_app.approval')}?status__exact=pending"
    note = "Somebody waits for each." if number else "Nobody waits."
    return {"title": "Questions waiting", "number": number, "note": note, "link": link}


def _uses(who: Identity) -> dict[str, Any]:
    day = ToolUsage.objects.visible_to(who).filter(created_at__gte=timezone.now() - timedelta(days=1))
    count = dict(day.order_by().values_list("status").annotate(n=Count("pk")))
    refused = count.get("denied", 0) + count.get("blocked", 0)
    note = f"{count.get('failed', 0)} failed, {refused} denied or blocked."
    return {"title": "Tool uses in 24 hours", "number": sum(count.values()), "note": note}


def _tools(who: Identity) -> dict[str, Any]:
    tools = Tool.objects.visible_to(who).current()
    on = tools.filter(enabled=True)
    note = f"{on.filter(is_dangerous=True).count()} of them dangerous, {tools.count() - on.count()} off."
    return {"title": "Tools switched on", "number": on.count(), "note": note}


def _personas(who: Identity) -> dict[str, Any]:
    agents = AgentType.objects.visible_to(who).current()
    on = agents.filter(enabled=True).count()
    return {"title": "Personas", "number": on, "note": f"{agents.count() - on} switched off."}


def _sandbox() -> dict[str, Any]:
    """Which sandbox programs of tools run in, as this machine was found; each tier is tried once per process."""
    chosen = sandbox.chosen()
    tiers = [
        {"name": trial.tier.title(), "works": trial.works, "why": trial.why} for trial in sandbox.all_tried()
    ]
    return {"chosen": chosen.title() if chosen else "", "why": sandbox.readiness(), "tiers": tiers}


def _latest(request: HttpRequest) -> list[Any]:
    if not MayOpen("audit_app.toolusage")(request):
        return []
    rows: list[Any] = list(ToolUsage.objects.visible_to(request.identity)[:8])  # type: ignore[attr-defined]
    for row in rows:
        row.words = "" if row.reason == row.status else row.reason.replace("_", " ")
    return rows


def _list_of(page: str) -> str:
    return reverse(f"admin:{page.replace('.', '_')}_changelist")
