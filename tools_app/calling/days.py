"""Which day it is for an organization: in its own time zone, by the database's clock.

A change of the time zone begins no new day: the one it is goes on until the next one would begin after it, wherever.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings

from audit_app import clock
from project.accounts.prepared import Given, Prepared
from tools_app.models import OrganizationPolicy

_ZONE = Prepared(
    lambda: OrganizationPolicy.objects.filter(organization_id=Given("organization")).values_list(
        "time_zone", "day_kept", "day_kept_until"
    )
)


@dataclass(frozen=True, slots=True)
class Day:
    """The day that counts now, as 2026-11-21; its first seven characters name the month. `kept_until`: it is one
    that a change of the time zone has made longer."""

    key: str
    zone: ZoneInfo
    kept_until: datetime | None = None

    @property
    def ends(self) -> datetime:
        return self.kept_until or _begin(date.fromisoformat(self.key) + timedelta(days=1), self.zone)

    @property
    def month_ends(self) -> datetime:
        following = date.fromisoformat(self.key).replace(day=28) + timedelta(days=4)
        ends = _begin(following.replace(day=1), self.zone)
        return max(ends, self.kept_until) if self.kept_until else ends


def today(organization_id: int) -> str:
    return read(organization_id).key


def read(organization_id: int) -> Day:
    found: Any = _ZONE.first(organization=organization_id) or ("", "", None)
    name, kept, until = found
    now, zone = clock.read(), _zone(name)
    if until is not None and now < until:
        return Day(kept, zone, until.astimezone(zone))
    return Day(now.astimezone(zone).date().isoformat(), zone)


def kept(organization_id: int, time_zone: str) -> Day:
    """The day as it must stay when the organization moves to another zone: what is counted by it goes on counting.

    The next one begins there after both dates are over. So no day is begun twice by moving to and fro, and none early.
    """
    key, zone = today(organization_id), _zone(time_zone)
    later = max(date.fromisoformat(key), clock.read().astimezone(zone).date())
    return Day(key, zone, _begin(later + timedelta(days=1), zone))


def week_before(day: str) -> str:
    return (date.fromisoformat(day) - timedelta(days=7)).isoformat()


def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name or settings.TIME_ZONE)


def _begin(day: date, zone: ZoneInfo) -> datetime:
    """Its first moment, also where days have 23 or 25 hours."""
    return datetime.combine(day, time.min, zone)
