"""The pages: a new conversation, and one conversation, drawn from the dictionaries the API gives."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from agents_app import attachments, events
from agents_app.models import AgentType, Conversation
from agents_app.turns import in_reading_order
from project.accounts.identity import Identity
from project.accounts.models import Organization

LISTED_CONVERSATIONS = 100


@require_safe
@login_required
@ensure_csrf_cookie
def home(request: HttpRequest) -> HttpResponse:
    identity = _identity(request)
    personas = [events.persona(agent_type, identity) for agent_type in AgentType.objects.offered_to(identity)]
    return render(request, "agents_app/home.html", {"personas": personas, **_workspace(request)})


@require_safe
@login_required
@ensure_csrf_cookie
def conversation(request: HttpRequest, public_id: UUID) -> HttpResponse:
    identity = _identity(request)
    row = get_object_or_404(
        Conversation.objects.visible_to(identity).select_related("agent_type__endpoint"), public_id=public_id
    )
    snapshot = events.snapshot(row, identity)
    page = {
        "conversation": snapshot["conversation"],
        "persona": events.persona(row.agent_type, identity),
        "snapshot": snapshot,
        "turns": in_reading_order(snapshot),
        "files": [attachments.item(file) for file in attachments.unsaid(row)],
    }
    return render(request, "agents_app/chat.html", {**_workspace(request), **page})


def _identity(request: HttpRequest) -> Identity:
    identity: Identity = request.identity  # type: ignore[attr-defined]
    return identity


def _workspace(request: HttpRequest) -> dict[str, Any]:
    """What every page behind the sign-in shows at its left."""
    identity = _identity(request)
    search = request.GET.get("search", "").strip()
    is_archive = request.GET.get("archived") == "true"
    mine = Conversation.objects.visible_to(identity).select_related("agent_type__endpoint")
    rows = mine.archived() if is_archive else mine.current()
    if search:
        rows = rows.filter(title__icontains=search)
    return {
        "conversations": [events.conversation_item(row) for row in rows[:LISTED_CONVERSATIONS]],
        "search": search,
        "archived": is_archive,
        "attachment_mb": settings.ATTACHMENT_MB if settings.ATTACHMENTS_PER_CONVERSATION else 0,
        "who": _who(request),
    }


def _who(request: HttpRequest) -> dict[str, Any]:
    identity = _identity(request)
    organization = (
        Organization.objects.filter(pk=identity.organization_id or 0).values_list("name", flat=True).first()
    )
    return {
        "name": identity.display_name,
        "organization": organization or "",
        "staff": getattr(request.user, "is_staff", False),
    }
