"""Questions that have waited for a while, and what became of telling people about them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests import gate, people
from tests.gate import Gate
from tests.people import Person
from tools_app import vault
from tools_app.models import Approval, Delivery, OrganizationPolicy, QuestionClock, Webhook
from tools_app.notices import clock, hooks

SECRET = "a-shared-key-of-more-than-24-bytes"


def rules(**fields: Any) -> OrganizationPolicy:
    row, _ = OrganizationPolicy.objects.update_or_create(organization=people.toolroom(), defaults=fields)
    return row


def with_address(who: Person) -> Person:
    who.user.email = f"{who.user.username}@example.org"
    who.user.save(update_fields=["email"])
    return who


def asked(*, minutes_ago: int = 0, at: Gate | None = None, **tool: Any) -> Approval:
    """A question of Alice's that was put so long ago."""
    at = at or gate.opened(requires_approval=True, **tool)
    approval = gate.question(at.ask({"line": "a word nobody must read in a mail"}))
    long_ago = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    Approval.objects.filter(pk=approval.pk).update(created_at=long_ago)
    QuestionClock.objects.filter(approval=approval).update(asked_at=long_ago)
    return approval


def later(minutes: int) -> None:
    """Let so much time pass for everything that was told."""
    past = timedelta(minutes=minutes)
    for row in QuestionClock.objects.all():
        told_at = row.told_at and row.told_at - past
        QuestionClock.objects.filter(pk=row.pk).update(told_at=told_at, asked_at=row.asked_at - past)
    for approval in Approval.objects.awaiting_verdict():
        Approval.objects.filter(pk=approval.pk).update(created_at=approval.created_at - past)


def webhook(url: str = "https://hooks.example/in", *hosts: str, **fields: Any) -> Webhook:
    carol = people.carol().identity
    vault.keep("hook-key", SECRET, hosts=hosts or ("hooks.example",), by=carol)
    return hooks.add({"name": "Desk", "url": url, "secret": "hook-key", **fields}, by=carol)


def told() -> list[tuple[str, str, str]]:
    """Event, channel and receiver of every delivery so far, in order."""
    rows = Delivery.objects.order_by("pk")
    return [(row.event.removeprefix("approval."), row.channel, row.recipient_name) for row in rows]


def tick() -> None:
    clock.tick()
