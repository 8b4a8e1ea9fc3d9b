"""Questions put to people: the card exactly as in the chat, and the verdict by the same verbs.

It stands in this room because the card is drawn by `events`, for page, chat and API alike.
"""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from agents_app import decisions, inbox
from agents_app.admin import instead, standing
from agents_app.showing import cards
from audit_app.audited_admin import ReadOnlyAdmin, Verb, identity_of
from project.accounts.identity import Identity
from project.accounts.roles import AUDIT_VIEW, DECIDE, DECIDE_OWN
from tools_app import approvals
from tools_app.admin import why
from tools_app.admin.own_only import OwnOnly
from tools_app.approving import reading, successors
from tools_app.approving.visible import visible_text
from tools_app.explain import explaining
from tools_app.models import Approval

COLOURS = {
    "pending": "warning",
    "approved": "success",
    "consumed": "success",
    "denied": "danger",
    "answered": "info",
    "expired": "",
    "superseded": "info",
    "cancelled": "",
}
WHY = {
    **explaining.REASONS,
    "outcome_unknown": "Nobody can tell whether it happened, and it is not run again. "
    "Look first, then let the answer go on or stop it.",
}
TRIAL = "It tries a draft of the tool that is not published."
VERDICTS = {
    Approval.About.USE: {"approve": "Approve", "deny": "Deny"},
    Approval.About.OUTCOME: {"approve": "Go on", "deny": "Stop here"},
    Approval.About.ANSWER: {"approve": "", "deny": "Rather not answer"},
}
# What else than a use is asked about, beside the name of the tool.
_ABOUT = {Approval.About.OUTCOME: ": lost while it ran", Approval.About.ANSWER: ": an answer"}
# What became of a question about an outcome; it is not approved or denied that something runs.
WENT = {Approval.Status.APPROVED: "Went on", Approval.Status.DENIED: "Stopped"}


def _approve(row: Approval, by: Identity, given: dict[str, str]) -> str:
    decisions.approve(row, digest=given.get("digest", ""), by=by, comment=given.get("comment", ""))
    if row.about == Approval.About.OUTCOME:
        return f"The answer goes on. {row.call.tool_name} is not run again."
    if row.status == Approval.Status.PENDING:
        return "Your yes is counted. It runs once everybody who has to has approved it."
    return f"Approved. {row.call.tool_name} runs with exactly what was shown."


def _deny(row: Approval, by: Identity, given: dict[str, str]) -> str:
    said = {"comment": given.get("comment", ""), "instead": given.get("instead", "")}
    decisions.deny(row, digest=given.get("digest", ""), by=by, **said)
    if row.about == Approval.About.OUTCOME:
        return "The answer is stopped here."
    return "Denied. The persona is told, with your reason."


def _answer(row: Approval, by: Identity, given: dict[str, str]) -> str:
    answer: dict[str, Any] = {}
    for key, value in given.items():
        mark, _, name = key.partition(":")
        if mark == "one":
            answer[name] = value
        elif mark == "some":
            answer.setdefault(name.partition(":")[0], []).append(value)
    approvals.answer(row, digest=given.get("digest", ""), given=answer, by=by)
    return "Answered. The persona is told."


def _may_answer(row: Approval, identity: Identity) -> bool:
    return row.about == Approval.About.ANSWER and _may_decide(row, identity)


def _may_decide(row: Approval, identity: Identity) -> bool:
    return row.status == Approval.Status.PENDING and approvals.may_decide(row, identity)


def _may_approve(row: Approval, identity: Identity) -> bool:
    return row.about != Approval.About.ANSWER and _may_decide(row, identity)


@admin.register(Approval)
class ApprovalAdmin(OwnOnly, ReadOnlyAdmin):
    about_rows = "When a persona must ask before it uses a tool, the question appears here."
    about_own = "Only questions that you asked, or may decide, are listed here: your role decides no others."
    to_view = (DECIDE, DECIDE_OWN, AUDIT_VIEW)
    change_form_outer_before_template = "admin/toolroom/approval.html"
    list_display = [
        "question",
        "state",
        "requester_name",
        "persona",
        "created_at",
        "expires_at",
        "decided_by_name",
    ]
    list_display_links = ["question"]
    list_select_related = ["call"]
    ordering = ["-pk"]
    list_filter = ["status", "about", "is_dangerous", ("created_at", RangeDateTimeFilter), "requester_name"]
    search_fields = ["call__tool_name", "call__agent_name", "requester_name", "call__session_id"]
    fieldsets = [
        (
            "The question and its verdict",
            {
                "fields": [
                    "about",
                    "status",
                    "requester_name",
                    "created_at",
                    "expires_at",
                    "decided_by_name",
                    "decided_at",
                    "comment",
                ]
            },
        ),
        ("What the verdict is bound to", {"fields": ["digest"], "classes": ["collapse"]}),
    ]
    readonly_fields = [name for _, options in fieldsets for name in options["fields"]]
    verbs = (
        Verb("approve", "Approve", "", _approve, possible=_may_approve),
        standing.VERB,
        Verb("answer", "Send answer", "", _answer, possible=_may_answer),
        Verb("deny", "Deny", "", _deny, possible=_may_decide, dangerous=True),
        *instead.VERBS,
    )

    def scoped(self, rows: QuerySet[Any], identity: Identity) -> QuerySet[Any]:
        return inbox.visible(identity).order_by("-pk")

    def opened(self, request: HttpRequest, obj: Approval) -> None:
        reading.note(obj, identity_of(request), page="approval")

    def page_context(self, request: HttpRequest, obj: Approval) -> dict[str, Any]:
        identity = identity_of(request)
        card = cards.approval(obj, obj.call, identity)
        told = {
            "card": card,
            "verdicts": VERDICTS[Approval.About(obj.about)],
            "why": [
                *([TRIAL] if "draft" in obj.call.asked_through else []),
                *(WHY.get(reason, reason) for reason in card["reasons"]),
            ],
            "may_see_call": identity.may(AUDIT_VIEW) or identity.may(DECIDE),
            "offer": standing.shown(obj, identity),
            "may_rule": _may_decide(obj, identity),
            "edited": json.dumps(card["arguments"], ensure_ascii=False, indent=2),
            "needs_fresh_login": obj.is_dangerous and not identity.is_fresh,
        }
        return {**super().page_context(request, obj), **told, "toolroom_why": why.shown(obj.call, identity)}

    @display(description="question", ordering="call__tool_name", header=True)
    def question(self, row: Approval) -> list[str]:
        about = _ABOUT.get(Approval.About(row.about), "")
        return [f"{visible_text(row.call.tool_name)}{about}", _short(row)]

    @display(description="persona", ordering="call__agent_name")
    def persona(self, row: Approval) -> str:
        return row.call.agent_name

    @display(description="status", ordering="status", label=COLOURS)
    def state(self, row: Approval) -> tuple[str, str]:
        if row.response and row.status == Approval.Status.DENIED:
            return "answered", "Answered by a person"
        if row.status == Approval.Status.SUPERSEDED and row.call.reason == successors.REPLACED:
            return row.status, "Arguments changed"
        went = WENT.get(Approval.Status(row.status)) if row.about == Approval.About.OUTCOME else None
        return row.status, went or row.get_status_display()


def _short(row: Approval) -> str:
    """The arguments in one line, with nothing in it invisible."""
    card = cards.approval(row, row.call)["card"]
    line = ", ".join(f"{each['name']}: {' '.join(each['value'].split())}" for each in card)
    return line if len(line) <= 90 else line[:89] + "…"
