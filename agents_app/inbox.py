"""Readings of the inbox: which questions wait for whom, found and counted the same way for page and API."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Any, Final

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone
from django_filters import rest_framework as filters

from agents_app.models import Conversation
from agents_app.showing import cards
from project.accounts.api.queries import YesOrNo
from project.accounts.identity import Identity
from tools_app import approvals
from tools_app.approving import questions
from tools_app.approving.visible import visible_text
from tools_app.governing.halts import Halt
from tools_app.models import Approval, ApprovalVote

# Beyond so many the badge only says "more": nobody works through them by their number.
COUNTED: Final = 100
# So many questions are looked at for it, also where hardly one is theirs: it is asked for at every piece of news.
LOOKED_AT: Final = 1000
RISKS: Final = (
    ("dangerous", "Dangerous tools"),
    ("outside", "Read from outside"),
    ("other", "Everything else"),
)
# So many of the newest are named beside the number.
_NAMED: Final = 5
# What the page's own filters are called, in the address too.
PAGE_FILTERS: Final = ("agent", "tool", "risk", "requester", "due_hours")
DUE: Final = (("1", "Within an hour"), ("8", "Within 8 hours"), ("24", "Within a day"))
Item = dict[str, Any]


class ApprovalFilter(filters.FilterSet):
    status = filters.ChoiceFilter(choices=Approval.Status.choices)
    open = YesOrNo(method="of_openness", help_text="true: waits for a verdict; false: is over.")
    asked = YesOrNo(
        method="of_asked", help_text="true: what may wait for your word; false: what you may only read."
    )
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

    def of_asked(self, rows: QuerySet[Approval], name: str, value: bool) -> QuerySet[Approval]:  # noqa: FBT001
        theirs = Approval.objects.put_to(self.request.identity).values("pk")
        return rows.filter(pk__in=theirs) if value else rows.exclude(pk__in=theirs)

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
    """The questions this person may see; with the title of the conversation where that is theirs to open."""
    return _titled(Approval.objects.visible_to(identity), identity)


def asked(identity: Identity) -> QuerySet[Approval]:
    """The same of those that may wait for their word: what the inbox lists."""
    return _titled(Approval.objects.put_to(identity), identity)


def _titled(rows: QuerySet[Approval], identity: Identity) -> QuerySet[Approval]:
    own = Conversation.objects.visible_to(identity).filter(runs=OuterRef("call__run_id"))
    return rows.select_related("call__tool", "organization").annotate(title=Subquery(own.values("title")[:1]))


def item(row: Approval, identity: Identity, thrown: Sequence[Halt] | None = None) -> Item:
    return cards.approval(row, row.call, identity, thrown)


def count(identity: Identity) -> Item:
    """How many questions wait for this person's word, up to COUNTED, and when the oldest was put."""
    judge = _Judge(identity)
    oldest = list(islice(judge.waiting("created_at", "pk"), COUNTED + 1))
    # Where all were counted, the newest are among them; else they are looked for from the other end.
    newest = oldest[-_NAMED:] if len(oldest) <= COUNTED else _newest(judge)
    return {
        "count": min(len(oldest), COUNTED),
        "more": len(oldest) > COUNTED or judge.was_cut,
        "oldest": oldest[0].created_at.isoformat() if oldest else None,
        "latest": [_named(row) for row in newest],
    }


def _newest(judge: _Judge) -> list[Approval]:
    return list(islice(judge.waiting("-created_at", "-pk"), _NAMED))[::-1]


class _Judge:
    """Says of many questions which one person may decide. What the answer depends on is asked once for each kind."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._known: dict[tuple[Any, ...], bool] = {}
        # Whether some were not looked at any more.
        self.was_cut = False

    def waiting(self, *order: str) -> Iterator[Approval]:
        """The questions that are theirs to decide, among the first LOOKED_AT that wait for anybody."""
        said = ApprovalVote.objects.filter(voter_id=self._identity.user_id, approval=OuterRef("pk"))
        rows = (
            Approval.objects.put_to(self._identity)
            .filter(~Exists(said), status=Approval.Status.PENDING)
            .select_related("call__tool")
            .annotate(
                editors=F("covers__editors"),
                handed_to=F("clock__escalated_to"),
                handed_at=F("clock__escalated_at"),
            )
            .defer("covers", "flow", "call__arguments", "call__explanation", "call__tool_context")
            .order_by(*order)
        )
        for number, row in enumerate(rows[: LOOKED_AT + 1].iterator(chunk_size=2 * COUNTED)):
            if number == LOOKED_AT:
                self.was_cut = True
                return
            if self._may_decide(row):
                yield row

    def _may_decide(self, row: Any) -> bool:
        me = self._identity.user_id
        # Everything in which two questions can differ for `questions.may_decide`, asked by the same person.
        kind = (
            *(row.about, row.approver, json.dumps(row.demands, sort_keys=True)),
            *(row.handed_to, row.handed_at is None),
            *(row.requester_id == me, me in (row.editors or ()), row.call.tool_id, row.call.agent_type_id),
            questions.decides_for_itself(row, self._identity),
        )
        if kind not in self._known:
            self._known[kind] = approvals.may_decide(row, self._identity)
        return self._known[kind]


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
