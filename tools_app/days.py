"""Which day it is for an organization: in its own time zone, by the database's clock."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings

from audit_app import clock
from project.accounts.prepared import Given, Prepared
from tools_app.models import OrganizationPolicy

_ZONE = Prepared(
    lambda: OrganizationPolicy.objects.filter(organization_id=Given("organization")).values_list("time_zone")
)


def today(organization_id: int) -> str:
    """The day as 2026-11-21; its first seven characters name the month."""
    return local_now(organization_id).date().isoformat()


def local_now(organization_id: int) -> datetime:
    return clock.read().astimezone(zone_of(organization_id))


def zone_of(organization_id: int) -> ZoneInfo:
    found: Any = _ZONE.first(organization=organization_id)
    return ZoneInfo((found[0] if found else "") or settings.TIME_ZONE)


def week_before(day: str) -> str:
    return (date.fromisoformat(day) - timedelta(days=7)).isoformat()


def next_day(now: datetime) -> datetime:
    """The moment its next day begins, also on days of 23 or 25 hours."""
    return _midnight(_noon(now) + timedelta(days=1))


def next_month(now: datetime) -> datetime:
    return _midnight(_noon(now).replace(day=28) + timedelta(days=4)).replace(day=1)


def _noon(moment: datetime) -> datetime:
    return moment.replace(hour=12, minute=0, second=0, microsecond=0)


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
