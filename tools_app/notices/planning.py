"""Writes down what is to be sent about a question, in the transaction of the step that is its reason."""

from __future__ import annotations

from collections.abc import Iterable

from audit_app import clock as database_clock
from project.accounts.models import Membership
from tools_app.models import Approval, Delivery, NotificationPreference, OrganizationPolicy, Webhook
from tools_app.notices import words


def for_webhooks(approval: Approval, event: str) -> list[str]:
    """A message for every webhook that wants to hear of it; returns their names."""
    hooks = Webhook.objects.filter(organization_id=approval.organization_id, enabled=True).order_by("pk")
    wanting = [hook for hook in hooks if event in hook.events]
    if wanting:
        now = database_clock.read()
        body = words.payload(approval, event, at=now)
        Delivery.objects.bulk_create(
            Delivery(
                organization_id=approval.organization_id,
                approval=approval,
                event=event,
                channel=Delivery.Channel.WEBHOOK,
                webhook=hook,
                recipient_name=hook.name,
                body=body,
                due_at=now,
            )
            for hook in wanting
        )
    return [hook.name for hook in wanting]


def for_people(
    approval: Approval, event: str, members: Iterable[Membership], policy: OrganizationPolicy
) -> list[str]:
    """A mail for each of them who wants one and has an address; returns their names."""
    if not policy.notify_by_mail:
        return []
    wanting = [member for member in members if member.user.email and _wants(member, event)]
    now = database_clock.read()
    Delivery.objects.bulk_create(
        Delivery(
            organization_id=approval.organization_id,
            approval=approval,
            event=event,
            channel=Delivery.Channel.MAIL,
            recipient_id=str(member.user_id),
            recipient_name=_name(member),
            due_at=now,
        )
        for member in wanting
    )
    return [_name(member) for member in wanting]


def _wants(member: Membership, event: str) -> bool:
    chosen = getattr(member, "notification_preference", None) or NotificationPreference()
    return chosen.wants_mail(event)


def _name(member: Membership) -> str:
    return (member.user.get_full_name() or member.user.get_username())[:255]
