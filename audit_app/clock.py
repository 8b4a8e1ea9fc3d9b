"""The database's clock, the only one that leases and expiries are measured by (G18)."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from django.db import connection
from django.db.models import DateTimeField, ExpressionWrapper
from django.db.models.expressions import Combinable
from django.db.models.functions import Now
from django.utils import timezone

# One object: prepared statements tell expressions apart by identity.
NOW: Final = Now()


@lru_cache(maxsize=64)
def from_now(seconds: float) -> Combinable:
    """An expression for the moment so many seconds from now, or ago if negative."""
    return ExpressionWrapper(NOW + timedelta(seconds=seconds), output_field=DateTimeField())


def read() -> datetime:
    """The same clock as a value, where an expression will not do. SQLite's is this host's own."""
    if connection.vendor == "sqlite":
        return timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        found: datetime = cursor.fetchone()[0]
    return found
