"""Carries deliveries out in a worker: claimed by one update, tried again with growing pauses, given up at the end.

A worker that dies after the message left and before that was written sends it again: the receiver knows it by its id.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterator
from typing import Final

from django.db import transaction
from django.db.models import F, Q

from audit_app import records
from audit_app.clock import NOW, from_now
from project.accounts import identity as identities
from project.accounts.identity import Identity
from project.accounts.models import Membership
from project.accounts.roles import CATALOG_CHANGE
from tools_app.exceptions import DeliveryUnderWay
from tools_app.models import Approval, Delivery, Event, Webhook
from tools_app.notices import audience, mailing, posting
from tools_app.notices.results import AGAIN, Result, dropped, failed

# Seconds before the next try, as Standard Webhooks suggests: about three days altogether.
PAUSES: Final = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
_LEASE: Final = 120
# So many questions go into one mail.
_IN_ONE_MAIL: Final = 50
_FREE = Q(lease_until__isnull=True) | Q(lease_until__lt=NOW)
_DUE = Q(ended_at__isnull=True, due_at__lte=NOW) & _FREE


def due() -> Iterator[int]:
    """Ids of deliveries whose time has come and that no worker has."""
    yield from Delivery.objects.filter(_DUE).order_by("due_at", "pk").values_list("pk", flat=True)[:500]


def send(delivery_id: int) -> None:
    """Try a delivery, and with a mail all others that are due to the same person."""
    first = Delivery.objects.filter(pk=delivery_id).first()
    claimed = _claimed(first) if first is not None else []
    worn_out = [row for row in claimed if row.tries > len(PAUSES) + 1]
    _write(worn_out, failed("It was tried too often."))
    rows = [row for row in claimed if row not in worn_out]
    if rows and rows[0].channel == Delivery.Channel.WEBHOOK:
        _write(rows, posting.send(rows[0]))
    elif rows:
        _send_mail(rows)


def _claimed(first: Delivery) -> list[Delivery]:
    alike = Q(pk=first.pk)
    if first.channel == Delivery.Channel.MAIL:
        alike = Q(
            channel=first.channel, organization_id=first.organization_id, recipient_id=first.recipient_id
        )
    mine = uuid.uuid4()
    wanted = Delivery.objects.filter(alike & _DUE).order_by("pk").values_list("pk", flat=True)[:_IN_ONE_MAIL]
    # One update decides: whoever comes second finds the lease taken.
    Delivery.objects.filter(_DUE, pk__in=list(wanted)).update(
        claim=mine, lease_until=from_now(_LEASE), tries=F("tries") + 1
    )
    rows = Delivery.objects.filter(claim=mine, ended_at__isnull=True).order_by("pk")
    return list(
        rows.select_related(
            "webhook__secret", "approval__call__tool", "approval__organization", "organization"
        )
    )


def _send_mail(rows: list[Delivery]) -> None:
    member = audience.member(rows[0].organization_id, rows[0].recipient_id)
    for row in rows:
        if why := _needless(row, member):
            _write([row], dropped(why))
    left = [row for row in rows if not _needless(row, member)]
    if left:
        _write(left, mailing.send(left))


def _needless(row: Delivery, member: Membership | None) -> str:
    """Why nobody has to be told of it any more; empty if somebody has."""
    approval = row.approval
    if member is None:
        return "The person is no active member any more."
    if approval is None or row.event == Event.DECIDED:
        return ""
    if approval.status != Approval.Status.PENDING:
        return "It was decided before."
    concerns = audience.may_be_handed if row.event == Event.ESCALATED else audience.may_decide
    return "" if concerns(member, approval) else "They may not decide it any more."


def _write(rows: list[Delivery], result: Result) -> None:
    """Note what became of it, unless the lease was lost: then it is another worker's to say."""
    for row in rows:
        outcome = result.outcome
        if outcome == AGAIN and row.tries > len(PAUSES):
            outcome = Delivery.Outcome.FAILED
        told = {"error": result.error[:300], "answer_code": result.code, "lease_until": None, "claim": None}
        mine = Delivery.objects.filter(pk=row.pk, claim=row.claim, ended_at__isnull=True)
        if outcome == AGAIN:
            mine.update(due_at=from_now(_pause(row.tries)), **told)
        elif mine.update(ended_at=NOW, outcome=outcome, **told):
            _ended(row, outcome, result)


def _pause(tries: int) -> int:
    """A little uneven, so that what broke together does not come back together."""
    seconds = PAUSES[min(tries, len(PAUSES)) - 1]
    return seconds + secrets.randbelow(seconds // 5 + 1)


def _ended(row: Delivery, outcome: str, result: Result) -> None:
    if outcome != Delivery.Outcome.FAILED:
        return
    by = identities.system(row.organization_id)
    with transaction.atomic():
        if result.code == posting.GONE and row.webhook_id is not None:
            Webhook.objects.filter(pk=row.webhook_id).update(enabled=False, off_because=result.error[:300])
        _record("delivery.failed", row, by=by, facts={"why": result.error[:300]})


def again(row: Delivery, *, by: Identity) -> Delivery:
    """Send it once more, under the same id. Raises DeliveryUnderWay where it has not ended."""
    by.require(CATALOG_CHANGE)
    with transaction.atomic():
        ended = Delivery.objects.filter(pk=row.pk, organization_id=by.organization_id, ended_at__isnull=False)
        fresh = {"outcome": "", "error": "", "answer_code": None, "tries": 0}
        if not ended.update(ended_at=None, due_at=NOW, lease_until=None, claim=None, **fresh):
            raise DeliveryUnderWay
        _record("delivery.again", row, by=by, facts={})
    row.refresh_from_db()
    return row


def _record(action: str, row: Delivery, *, by: Identity, facts: dict[str, object]) -> None:
    subject = records.Subject("delivery", str(row.pk), row.recipient_name)
    told = {"event": row.event, "channel": row.channel, "approval": row.approval_id, **facts}
    stream = (row.organization_id, f"notices:{row.organization_id}")
    records.record(action, by=by, subject=subject, facts=told, stream=stream)
