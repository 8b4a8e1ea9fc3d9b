"""Abstract columns that several layers have: who decides about uses, and how many there may be in a day."""

from __future__ import annotations

from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from tools_app.approving import deciders


class Counting(models.Model):
    """How many must say yes, and of which groups."""

    approvals_needed = models.PositiveSmallIntegerField(
        default=1,
        db_default=1,
        validators=[MinValueValidator(1), MaxValueValidator(deciders.MOST)],
        help_text="How many people must approve a use; with groups, so many of each of them.",
    )
    approver_groups = models.JSONField(
        default=list,
        blank=True,
        db_default=models.Value([], models.JSONField()),
        help_text="Every group named here must approve. Empty: whoever may approve.",
    )

    class Meta:
        abstract = True


class Demanding(Counting):
    """A row that may ask for more than one yes of anybody. Beside the tool's own, strictest wins."""

    class Approver(models.TextChoices):
        AS_ELSEWHERE = "", "As the other rules say"
        OTHER = "other", "Another person must decide"

    approver = models.CharField(
        "who decides", max_length=20, choices=Approver.choices, blank=True, default="", db_default=""
    )

    class Meta:
        abstract = True

    def demand(self, layer: str) -> deciders.Demand:
        other = self.approver == self.Approver.OTHER
        return deciders.Demand(layer, other, self.approvals_needed, tuple(self.approver_groups or ()))

    def demanded(self) -> dict[str, Any]:
        """For a hash: nothing where nothing is demanded, so that questions about all other rows stay what they were."""
        return {} if self.demand("").is_plain else {"deciders": self.demand("").as_json()}


def a_day(whose: str, help_text: str) -> models.IntegerField[int | None, int | None]:
    """A column for a limit of uses in a day."""
    return models.IntegerField(
        f"a day, {whose}", null=True, blank=True, validators=[MinValueValidator(-1)], help_text=help_text
    )


class DailyLimits(models.Model):
    person_daily_limit = a_day(
        "each person", "Uses of one person in a day. Empty or -1: unlimited. 0: never."
    )
    daily_limit = a_day(
        "everybody", "Uses of the whole organization in a day. Empty or -1: unlimited. 0: never."
    )

    class Meta:
        abstract = True
