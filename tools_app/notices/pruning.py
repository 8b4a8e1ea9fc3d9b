"""Takes away deliveries that ended long ago. What became of the question itself is in the record, and stays."""

from __future__ import annotations

from typing import Final

from django.conf import settings

from audit_app.clock import from_now
from tools_app.models import Delivery

AT_ONCE: Final = 500


def prune() -> int:
    """Delete the oldest that ended more than DELIVERY_DAYS ago, so many in a sweep; returns how many."""
    # By number, which needs no index on a time, and reads no more than it may delete. One that is sent again in this
    # very moment is kept: the statement that deletes asks whether it has ended.
    oldest = list(Delivery.objects.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
    over = Delivery.objects.filter(pk__in=oldest, ended_at__lt=from_now(-settings.DELIVERY_DAYS * 86_400))
    return over.delete()[0]
