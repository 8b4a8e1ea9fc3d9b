"""The clock of questions: told, reminded, handed on, over. Carried out by every sweep, in the database's time.

Each step is one conditional update whose row count decides, and what is to be sent is written in its transaction. So
two sweepers at once do it once, one that dies leaves it to the next, and after a long pause people hear of each
question once and not once for every reminder that was missed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Exists, F, Q, QuerySet

from audit_app import records
from audit_app.clock import NOW, from_now
from project.accounts import identity as identities
from project.accounts.models import Membership
from tools_app.models import Approval, Event, OrganizationPolicy, QuestionClock
from tools_app.models.telling import MOST_MINUTES
from tools_app.notices import audience, planning

log = logging.getLogger(__name__)
AT_ONCE = 500
Audience = Callable[[OrganizationPolicy], list[Membership]]
_listeners: list[Callable[[Approval, str], object]] = []


def hear(listener: Callable[[Approval, str], object]) -> None:
    """Tell whoever shows things live that people were reminded of a question, or that it was handed on."""
    _listeners[:] = [listener]


def tick() -> None:
    """Do everything that is due. One question that cannot be told of must not keep all behind it silent."""
    for approval in _unwatched():
        _guarded(_watch, approval)
    for clock in _unbegun():
        _guarded(_begin, clock)
    for organization_id in _organizations():
        for step, rows in _due(organization_id, OrganizationPolicy.objects.of(organization_id)):
            for clock in rows.select_related("approval__call", "approval__organization")[:AT_ONCE]:
                _guarded(step, clock)


def _guarded(step: Callable[[Any], object], row: Any) -> None:
    try:
        step(row)
    except IntegrityError:
        # Another sweeper began this clock.
        return
    except Exception:
        log.exception("nobody could be told of question %s", getattr(row, "approval_id", row.pk))


def _unwatched() -> Iterator[Approval]:
    """What was put before clocks were made with their questions."""
    rows = Approval.objects.awaiting_verdict().filter(clock__isnull=True).select_related("call")
    yield from rows.order_by("pk")[:AT_ONCE]


def _unbegun() -> Iterator[QuestionClock]:
    rows = QuestionClock.objects.filter(begun_at__isnull=True, settled_at__isnull=True)
    waiting = rows.filter(approval__status=Approval.Status.PENDING).select_related("approval__call")
    yield from waiting.order_by("pk")[:AT_ONCE]


def _organizations() -> Iterable[int]:
    open_ones = QuestionClock.objects.filter(settled_at__isnull=True).order_by()
    return list(open_ones.values_list("organization_id", flat=True).distinct())


def _due(
    organization_id: int, policy: OrganizationPolicy
) -> Iterator[tuple[Callable[[QuestionClock], object], QuerySet[QuestionClock]]]:
    """What is due by the rules as they are now, so that a change of them holds for what waits already."""
    rows = QuestionClock.objects.filter(organization_id=organization_id, settled_at__isnull=True).order_by(
        "pk"
    )
    yield _settle, rows.exclude(approval__status=Approval.Status.PENDING)
    waiting = rows.filter(approval__status=Approval.Status.PENDING)
    asked_by = _minutes_ago(policy.tell_after_minutes)
    yield _tell, waiting.filter(told_at__isnull=True, asked_at__lte=asked_by)
    if policy.remind_after_minutes and policy.reminders:
        told_by = _minutes_ago(policy.remind_after_minutes)
        yield _remind, waiting.filter(told_at__lte=told_by, reminders__lt=policy.reminders)
    if policy.escalate_after_minutes:
        asked_by = _minutes_ago(policy.escalate_after_minutes)
        late = waiting.filter(escalated_at__isnull=True, asked_at__lte=asked_by)
        # Nobody else can say what a person would answer.
        yield _hand_on, late.exclude(approval__about=Approval.About.ANSWER)


def _minutes_ago(minutes: int) -> Any:
    return from_now(-60 * min(minutes, MOST_MINUTES))


def _watch(approval: Approval) -> None:
    QuestionClock.objects.create(
        approval=approval, organization_id=approval.organization_id, asked_at=approval.created_at
    )


def _begin(clock: QuestionClock) -> None:
    with transaction.atomic():
        # What was decided before a sweep came is over when it is first told of: `_settle` does that.
        if _won(clock, Q(begun_at__isnull=True), begun_at=NOW):
            planning.for_webhooks(clock.approval, Event.REQUESTED)


def _tell(clock: QuestionClock) -> None:
    with transaction.atomic():
        if _won(clock, Q(told_at__isnull=True), told_at=NOW):
            _told(clock.approval, Event.REQUESTED, lambda _: audience.deciders(clock.approval), hooks=())


def _remind(clock: QuestionClock) -> None:
    with transaction.atomic():
        if not _won(clock, Q(reminders=clock.reminders), told_at=NOW, reminders=F("reminders") + 1):
            return
        hooks = planning.for_webhooks(clock.approval, Event.REMINDED)
        _told(clock.approval, Event.REMINDED, lambda _: audience.deciders(clock.approval), hooks=hooks)


def _hand_on(clock: QuestionClock) -> None:
    with transaction.atomic():
        policy = OrganizationPolicy.objects.of(clock.organization_id)
        step_before = Q(escalated_at__isnull=True)
        if not _won(clock, step_before, escalated_at=NOW, escalated_to=policy.escalate_to):
            return
        hooks = planning.for_webhooks(clock.approval, Event.ESCALATED)
        second = partial(audience.handed_on_to, clock.approval)
        _told(clock.approval, Event.ESCALATED, second, hooks=hooks)


def _settle(clock: QuestionClock) -> None:
    approval = clock.approval
    with transaction.atomic():
        settled = QuestionClock.objects.filter(pk=clock.pk, settled_at__isnull=True).update(settled_at=NOW)
        if not settled:
            return
        planning.for_webhooks(approval, Event.DECIDED)
        by_somebody_else = approval.decided_by_id not in ("", approval.requester_id)
        asker = audience.requester(approval) if by_somebody_else else None
        if asker is not None:
            policy = OrganizationPolicy.objects.of(clock.organization_id)
            planning.for_people(approval, Event.DECIDED, [asker], policy)


def _won(clock: QuestionClock, step_before: Q, **fields: Any) -> bool:
    # No join: what decides a race must stand in the outermost condition, or PostgreSQL does not ask it again after
    # it has waited for the other one.
    still_open = Approval.objects.filter(pk=clock.approval_id, status=Approval.Status.PENDING)
    rows = QuestionClock.objects.filter(step_before, Exists(still_open), pk=clock.pk, settled_at__isnull=True)
    return rows.update(**fields) == 1


def _told(approval: Approval, event: str, whom: Audience, *, hooks: Iterable[str]) -> None:
    policy = OrganizationPolicy.objects.of(approval.organization_id)
    # Who may decide is asked of everybody there is: not where nobody gets a mail.
    people = planning.for_people(approval, event, whom(policy), policy) if policy.notify_by_mail else []
    records.record(
        "approval.told" if event == Event.REQUESTED else event,
        by=identities.system(approval.organization_id),
        subject=records.Subject("approval", str(approval.pk), approval.audit_label()),
        facts={
            "by_mail": people,
            "webhooks": list(hooks),
            **({"group": policy.escalate_to or "administrators"} if event == Event.ESCALATED else {}),
        },
        # Not the conversation's own stream: its numbers are what its pages count by.
        stream=(approval.organization_id, f"notices:{approval.organization_id}"),
    )
    if event != Event.REQUESTED:
        # Of a new question open pages have heard when it was put.
        transaction.on_commit(lambda: _announce(approval, event))


def _announce(approval: Approval, event: str) -> None:
    for listener in _listeners:
        listener(approval, event)
