"""What models cost: the prices, what was used by whom on which day, the budgets, and what is held back of them."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from agents_app.models.agent_type import AgentType
from project.accounts.identity import Identity
from project.accounts.models import Membership, Organization


class OwnQuerySet(models.QuerySet[Any]):
    def visible_to(self, identity: Identity) -> OwnQuerySet:
        return self.filter(organization_id=identity.organization_id)


class ModelPrice(models.Model):
    """What a million tokens of a model cost. Two rows of one model are two prices, by the length of the prompt."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    model = models.CharField(max_length=100, help_text="As personas name it, for example claude-sonnet-5-5.")
    above_tokens = models.PositiveIntegerField(
        "for prompts above",
        default=0,
        help_text="Tokens of the prompt from which on this price counts. 0: for every prompt.",
    )
    input_price = models.DecimalField(
        "input", max_digits=12, decimal_places=6, validators=[MinValueValidator(0)]
    )
    output_price = models.DecimalField(
        "output", max_digits=12, decimal_places=6, validators=[MinValueValidator(0)]
    )
    cache_read_price = models.DecimalField(
        "read from the cache", max_digits=12, decimal_places=6, validators=[MinValueValidator(0)]
    )
    cache_write_price = models.DecimalField(
        "written to the cache", max_digits=12, decimal_places=6, validators=[MinValueValidator(0)]
    )
    source = models.CharField(
        max_length=300, blank=True, help_text="Where the price is from: an address, a contract, an invoice."
    )
    as_of = models.DateField("as of", default=date.today, help_text="The day on which it was true.")
    updated_at = models.DateTimeField(auto_now=True)

    objects = OwnQuerySet.as_manager()

    class Meta:
        db_table = "model_prices"
        verbose_name = "price"
        ordering = ["model", "above_tokens"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "model", "above_tokens"], name="one_price_per_model_and_length"
            )
        ]

    def __str__(self) -> str:
        return f"{self.model} above {self.above_tokens:,} tokens" if self.above_tokens else self.model


class ModelUsage(models.Model):
    """What one person used of one model through one persona on one day: the book from which all sums are drawn.

    Amounts of money are whole billionths of a dollar, so that no sum is ever rounded.
    """

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    day = models.CharField(max_length=10, help_text="In the organization's time zone.")
    user_id = models.CharField("person (id)", max_length=255)
    agent_type_id = models.BigIntegerField("persona (id)")
    model = models.CharField(max_length=100)
    turns = models.PositiveIntegerField(default=0)
    input_tokens = models.BigIntegerField(default=0)
    output_tokens = models.BigIntegerField(default=0)
    cached_tokens = models.BigIntegerField(default=0, help_text="Read from or written to the vendor's cache.")
    nanos = models.BigIntegerField("cost", default=0)
    unpriced_tokens = models.BigIntegerField(default=0, help_text="For which no price was known.")

    objects = OwnQuerySet.as_manager()

    class Meta:
        db_table = "model_usage"
        verbose_name = "use of a model"
        verbose_name_plural = "use of models"
        ordering = ["-day", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "day", "user_id", "agent_type_id", "model"],
                name="one_model_usage_row",
            )
        ]

    def __str__(self) -> str:
        return f"{self.model} on {self.day}"

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens + self.cached_tokens


class Budget(models.Model):
    """What may be used of models: so many tokens or so much money, by whom, in which time."""

    class Scope(models.TextChoices):
        ANSWER = "answer", "Each answer"
        PERSON = "person", "Each person"
        PERSONA = "persona", "Each persona"
        ORGANIZATION = "organization", "Everybody together"

    class Period(models.TextChoices):
        ANSWER = "answer", "One answer"
        DAY = "day", "A day"
        MONTH = "month", "A month"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    scope = models.CharField("for", max_length=20, choices=Scope.choices)
    period = models.CharField(max_length=10, choices=Period.choices)
    member = models.ForeignKey(
        Membership,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="+",
        verbose_name="only this person",
        help_text="Empty: whoever it is.",
    )
    agent_type = models.ForeignKey(
        AgentType,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="+",
        verbose_name="only this persona",
        help_text="Empty: any persona.",
    )
    max_tokens = models.BigIntegerField(
        "tokens",
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text="Of prompts and answers together. Empty: any number. 0: none at all.",
    )
    max_cost = models.DecimalField(
        "money (US$)",
        null=True,
        blank=True,
        max_digits=13,
        decimal_places=4,
        validators=[MinValueValidator(0)],
        help_text="Empty: any amount. A model without a price is refused where there is one.",
    )
    may_go_on = models.BooleanField(
        "the person may go on",
        default=False,
        help_text="On: the person is asked, and may go on beyond it for that answer. Off: it holds.",
    )
    enabled = models.BooleanField(default=True)
    note = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    objects = OwnQuerySet.as_manager()

    class Meta:
        db_table = "budgets"
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(scope="answer", period="answer")
                | (~Q(scope="answer") & Q(period__in=["day", "month"])),
                name="budget_period_fits",
            ),
            models.CheckConstraint(
                condition=Q(max_tokens__isnull=False) | Q(max_cost__isnull=False),
                name="budget_says_something",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_scope_display()}, {self.get_period_display().lower()}"


class BudgetWindow(models.Model):
    """What is used of a budget in one period by one subject, and what requests under way hold back of it.

    Both are reserved by one conditional UPDATE. A new window begins with what the book says was used already, so that
    changing a budget, or deleting and making it again, begins nothing anew.
    """

    budget = models.ForeignKey(Budget, on_delete=models.CASCADE, related_name="windows")
    subject = models.CharField(max_length=255, blank=True)
    period_key = models.CharField(max_length=10)
    used_tokens = models.BigIntegerField(default=0)
    used_nanos = models.BigIntegerField(default=0)
    held_tokens = models.BigIntegerField(default=0)
    held_nanos = models.BigIntegerField(default=0)

    class Meta:
        db_table = "budget_windows"
        constraints = [
            models.UniqueConstraint(
                fields=["budget", "subject", "period_key"], name="one_window_per_budget_and_subject"
            )
        ]

    def __str__(self) -> str:
        return f"{self.budget_id} {self.subject} {self.period_key}"
