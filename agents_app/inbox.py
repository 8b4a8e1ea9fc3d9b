"""Readings of the inbox: which questions wait for whom, found and counted the same way for page and API."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters

from agents_app import cards
from project.accounts.api.queries import YesOrNo
from project.accounts.identity import Identity
from tools_app import approvals
from tools_app.models import Approval, ApprovalVote
from tools_app.visible import visible_text

# Beyond so many the badge only says "more": nobody works through them by their number.
COUNTED: Final = 100
RISKS: Final = (
    ("dangerous", "Dangerous tools"),
    ("outside", "Read from outside"),
    ("other", "Everything else"),
)
# What the page's own filters are called, in the address too.
PAGE_FILTERS: Final = ("agent", "tool", "risk", "requester", "due_hours")
DUE: Final = (("1", "Within an hour"), ("8", "Within 8 hours"), ("24", "Within a day"))
Item = dict[str, Any]


class ApprovalFilter(filters.FilterSet):
    status = filters.ChoiceFilter(choices=Approval.Status.choices)
    open = YesOrNo(method="of_openness", help_text="true: waits for a verdict; false: is over.")
    about = filters.ChoiceFilter(choices=Approval.About.choices)
    conversation = filters.CharFilter(field_name="call__session_id", help_text="The id of a conversation.")
    agent = filters.NumberFilter(field_name="call__agent_type_id", help_text="The id of a persona.")
    tool = filters.CharFilter(field_name="call__tool_name", help_text="The name of a tool.")
    requester = filters.CharFilter(field_name="requester_id", help_text="The id of a person.")
    risk = filters.ChoiceFilter(choices=RISKS, method="of_risk")
    due_hours = filters.NumberFilter(
        method="due_within", min_value=1, max_value=10_000, help_text="Closes within so many hours."
    )

    class Meta:
        model = Approval
        fields: tuple[str, ...] = ()

    def of_openness(self, rows: QuerySet[Approval], name: str, value: bool) -> QuerySet[Approval]:  # noqa: FBT001
        pending = Q(status=Approval.Status.PENDING)
        return rows.filter(pending) if value else rows.exclude(pending)

    def of_risk(self, rows: QuerySet[Approval], name: str, value: str) -> QuerySet[Approval]:
        dangerous, outside = Q(is_dangerous=True), Q(call__tainted=True)
        chosen = {"dangerous": dangerous, "outside": outside, "other": ~dangerous & ~outside}
        return rows.filter(chosen[value])

    def due_within(self, rows: QuerySet[Approval], name: str, value: Any) -> QuerySet[Approval]:
        return rows.filter(expires_at__lte=timezone.now() + timedelta(hours=float(value)))


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    label: str


def visible(identity: Identity) -> QuerySet[Approval]:
    rows = Approval.objects.visible_to(identity)
    return rows.select_related("call__tool", "organization")


def item(row: Approval, identity: Identity) -> Item:
    return cards.approval(row, row.call, identity)


def count(identity: Identity) -> Item:
    """How many questions wait for this person's word, up to COUNTED, and when the oldest was put."""
    rows = (
        visible(identity).filter(status=Approval.Status.PENDING).order_by("created_at", "pk")[: 2 * COUNTED]
    )
    spoken = ApprovalVote.objects.filter(
        voter_id=identity.user_id, approval__status=Approval.Status.PENDING
    ).values_list("approval_id", flat=True)
    said = set(spoken)
    mine = [row for row in rows if row.pk not in said and approvals.may_decide(row, identity)]
    return {
        "count": min(len(mine), COUNTED),
        "more": len(mine) > COUNTED,
        "oldest": mine[0].created_at.isoformat() if mine else None,
        "latest": [_named(row) for row in mine[-5:]],
    }


def _named(row: Approval) -> Item:
    """What a notification of the browser may say: who asks for which tool, and nothing of what would run."""
    return {
        "id": row.pk,
        "about": row.about,
        "tool": visible_text(row.call.tool_name),
        "persona": visible_text(row.call.agent_name),
        "requester": visible_text(row.requester_name),
    }


def choices(rows: QuerySet[Approval]) -> dict[str, list[Choice]]:
    """What the filters of the page offer: what there is among these rows, by its name."""
    plain = rows.order_by()
    agents = plain.values_list("call__agent_type_id", "call__agent_name").distinct()[:COUNTED]
    tools = plain.values_list("call__tool_name", "call__tool_name").distinct()[:COUNTED]
    people = plain.values_list("requester_id", "requester_name").distinct()[:COUNTED]
    return {
        "agent": _choices(agents),
        "tool": _choices(tools),
        "risk": _choices(RISKS),
        "requester": _choices(people),
        "due_hours": _choices(DUE),
    }


def _choices(pairs: Iterable[tuple[Any, Any]]) -> list[Choice]:
    by_value = {str(value): visible_text(str(label or value)) for value, label in pairs if value is not None}
    return [Choice(value, label) for value, label in by_value.items()]
