"""The pages: a new conversation, and one conversation, drawn from the dictionaries the API gives."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from agents_app import attachments, events, inbox
from agents_app.models import AgentType, Conversation
from agents_app.showing import allowed
from agents_app.showing.turns import in_reading_order
from project.accounts.identity import Identity
from project.accounts.models import Organization
from tools_app.explain import trying
from tools_app.governing import halts
from tools_app.models import Approval, OrganizationPolicy
from tools_app.notices import preferences

LISTED_CONVERSATIONS = 100
LISTED_QUESTIONS = 50


@require_safe
@login_required
@ensure_csrf_cookie
def home(request: HttpRequest) -> HttpResponse:
    identity = _identity(request)
    personas = [events.persona(agent_type, identity) for agent_type in AgentType.objects.offered_to(identity)]
    return render(
        request,
        "agents_app/home.html",
        {"personas": personas, "halted": _halted(identity), **_workspace(request)},
    )


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


@require_safe
@login_required
@ensure_csrf_cookie
def inbox_page(request: HttpRequest) -> HttpResponse:
    """The questions that wait, oldest first, or those that are over, newest first, as the filters say."""
    identity = _identity(request)
    is_history = request.GET.get("show") == "decided"
    pending = Q(status=Approval.Status.PENDING)
    everything = inbox.asked(identity)
    of_this_view = everything.exclude(pending) if is_history else everything.filter(pending)
    asked = {name: value for name, value in request.GET.items() if value and name in inbox.PAGE_FILTERS}
    filters = inbox.ApprovalFilter(asked, of_this_view)
    # What no filter knows, in an old link perhaps, is passed over: by what the page asks for later, too.
    asked = {name: value for name, value in asked.items() if name not in filters.errors}
    found = filters.qs
    before = request.GET.get("before", "")
    if is_history and before.isdecimal() and len(before) < 19:
        found = found.filter(pk__lt=int(before))
    rows = list(found.order_by(*(("-pk",) if is_history else ("created_at", "pk")))[: LISTED_QUESTIONS + 1])
    shown = _with_linked(rows[:LISTED_QUESTIONS], request, everything)
    # Read once for all of them.
    thrown = halts.thrown(identity.organization_id)
    page = {
        "place": "inbox",
        "is_history": is_history,
        "asked": asked,
        "asked_query": urlencode(asked),
        "linked_gone": request.GET.get("question", "") not in ("", *(str(row.pk) for row in shown)),
        "choices": inbox.choices(of_this_view),
        "more": len(rows) > LISTED_QUESTIONS,
        "rows": shown,
        "items": [inbox.item(row, identity, thrown) for row in shown],
    }
    return render(request, "agents_app/inbox.html", {**_workspace(request), **page})


def _with_linked(rows: list[Approval], request: HttpRequest, visible: QuerySet[Approval]) -> list[Approval]:
    """The question a link leads to is shown first where the list does not have it."""
    wanted = request.GET.get("question", "")
    if not wanted.isdecimal() or len(wanted) > 18 or any(row.pk == int(wanted) for row in rows):
        return rows
    return [*visible.filter(pk=int(wanted)), *rows]


@require_safe
@login_required
@ensure_csrf_cookie
def notifications(request: HttpRequest) -> HttpResponse:
    identity = _identity(request)
    page = {
        "place": "notifications",
        "preference": preferences.of(identity),
        "by_mail": OrganizationPolicy.objects.of(identity.organization_id).notify_by_mail,
        "address": getattr(request.user, "email", ""),
    }
    return render(request, "agents_app/notifications.html", {**_workspace(request), **page})


@require_safe
@login_required
@ensure_csrf_cookie
def allowed_from_now_on(request: HttpRequest) -> HttpResponse:
    """What this person allowed or was allowed; whoever looks after everybody's has the page of the admin."""
    identity = _identity(request)
    current, over = allowed.of_person(identity)
    places = _places(identity, {row["conversation"] for row in [*current, *over]})
    for row in [*current, *over]:
        row["place"] = places.get(row["conversation"])
    page = {"place": "allowed", "open": current, "over": over}
    return render(request, "agents_app/allowed.html", {**_workspace(request), **page})


def _halted(identity: Identity) -> str:
    """What stops every persona alike is said once, above all of them."""
    broad = (
        each
        for each in halts.thrown(identity.organization_id)
        if each.scope in ("installation", "organization")
    )
    return next((each.told for each in broad), "")


def _identity(request: HttpRequest) -> Identity:
    identity: Identity = request.identity  # type: ignore[attr-defined]
    return identity


def _places(identity: Identity, session_ids: set[str | None]) -> dict[str, dict[str, Any]]:
    """Those of the conversations that are this person's; a try in the admin has a session, and no page."""
    ids = [each for each in session_ids if each and not each.startswith(trying.SESSION)]
    rows = Conversation.objects.visible_to(identity).filter(public_id__in=ids).select_related("agent_type")
    return {row.session_id: events.conversation_item(row) for row in rows}


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
