"""UsageCounter: how often something was used within a scope; reserved by one conditional UPDATE (`security.md` 2.4)."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from audit_app.clock import NOW, from_now
from project.accounts import prepared
from project.accounts.models import Organization
from project.accounts.prepared import Given, Prepared

_ONE_MORE = F("used") + 1
_COUNTED = Q()


class UsageCounterQuerySet(models.QuerySet["UsageCounter"]):
    def reserve(self, key: CounterKey, *, limit: int | None) -> bool:
        """Take one use; False when the limit is reached. None or -1 is unlimited, 0 is never (S4.230)."""
        if limit is not None and limit != -1 and limit < 1:
            return False
        free = _COUNTED if limit is None or limit == -1 else Q(used__lt=limit)
        if prepared.update(UsageCounter, Q(**key) & free, {"used": _ONE_MORE}) == 1:
            return True
        if prepared.exists(UsageCounter, Q(**key)):
            return False
        self.bulk_create([UsageCounter(used=0, **key)], ignore_conflicts=True)
        return prepared.update(UsageCounter, Q(**key) & free, {"used": _ONE_MORE}) == 1

    def reserve_within(self, key: CounterKey, *, limit: int, seconds: int) -> bool:
        """Take one use of a window that begins with its first use; False while it is full. 0 is never.

        A full window is begun anew by the one statement that still finds it over: two that come at the same
        moment both get a use of the new one, and it is counted from one clock, the database's.
        """
        if limit < 1:
            return False
        running = Q(**key) & Q(since__gt=from_now(-seconds))
        over = Q(**key) & (Q(since__isnull=True) | Q(since__lte=from_now(-seconds)))
        for _ in range(2):
            if prepared.update(UsageCounter, running & Q(used__lt=limit), {"used": _ONE_MORE}) == 1:
                return True
            if prepared.update(UsageCounter, over, {"used": 1, "since": NOW}) == 1:
                return True
            self.bulk_create([UsageCounter(used=0, **key)], ignore_conflicts=True)
        return False

    def forget_days_before(self, key: CounterKey, day: str) -> None:
        """Drop the counters of earlier days of the same tool and persona; scopes of days begin with the day."""
        days = [UsageCounter.Scope.USER_DAY, UsageCounter.Scope.ORGANIZATION_DAY]
        of_tool = {name: key[name] for name in ("organization_id", "agent_type_id", "tool_id")}
        self.filter(**of_tool, scope__in=days, scope_key__lt=day).delete()

    def hold(self, key: CounterKey) -> None:
        """Take the counter's row for this transaction; who comes second waits here for the first one's commit."""
        if prepared.update(UsageCounter, Q(**key), {"updated_at": NOW}) == 0:
            self.bulk_create([UsageCounter(used=0, **key)], ignore_conflicts=True)
            prepared.update(UsageCounter, Q(**key), {"updated_at": NOW})

    def note_running(self, key: CounterKey, running: models.QuerySet[Any], *, limit: int) -> bool:
        """Note one more than run now, if that is within the limit; False if it is not. Only while the row is held.

        What runs is counted and not kept, so that no crash can leave a place taken by nobody.
        """
        count = running.order_by().values("tool_id").annotate(number=models.Count("pk")).values("number")
        now = Coalesce(models.Subquery(count, output_field=models.IntegerField()), 0)
        free = self.filter(**key).annotate(running=now).filter(running__lt=limit)
        return free.update(used=now + 1) == 1

    def used(self, key: CounterKey) -> int:
        counted: Any = _USED.first(**key)
        return counted[0] if counted else 0


class UsageCounter(models.Model):
    class Scope(models.TextChoices):
        CONVERSATION = "conversation", "One conversation"
        USER_DAY = "user-day", "One person, one day"
        ORGANIZATION_DAY = "organization-day", "The organization, one day"
        TOOL_MINUTE = "tool-minute", "One tool of the organization, one minute"
        TOOL_NOW = "tool-now", "One tool of the organization, at this moment"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    scope = models.CharField(max_length=20, choices=Scope.choices)
    scope_key = models.CharField(max_length=100)
    agent_type_id = models.BigIntegerField()
    tool_id = models.BigIntegerField()
    used = models.PositiveIntegerField(default=0)
    # When the window began, for scopes that are a length of time; a row is used again and again.
    since = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = UsageCounterQuerySet.as_manager()

    class Meta:
        db_table = "usage_counters"
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "scope", "scope_key", "agent_type_id", "tool_id"],
                name="usage_counter_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.scope} {self.scope_key}: {self.used}"


CounterKey = dict[str, "int | str"]
_KEY = ("organization_id", "scope", "scope_key", "agent_type_id", "tool_id")
_USED = Prepared(
    lambda: UsageCounter.objects.filter(**{name: Given(name) for name in _KEY}).values_list("used")
)
