"""What an organization says about telling people of questions: part of its OrganizationPolicy."""

from __future__ import annotations

from django.core.validators import MaxValueValidator
from django.db import models

# Longer than any question stays open.
MOST_MINUTES = 60 * 24 * 30
_MINUTES = [MaxValueValidator(MOST_MINUTES)]


class Telling(models.Model):
    notify_by_mail = models.BooleanField(
        "tell people by mail",
        default=False,
        db_default=False,
        help_text="Who may decide is told by mail that a question waits. Each person chooses what of it they want.",
    )
    tell_after_minutes = models.PositiveIntegerField(
        "wait before the first mail (minutes)",
        default=5,
        db_default=5,
        validators=_MINUTES,
        help_text="What is decided before, for example in the chat, sends no mail at all.",
    )
    remind_after_minutes = models.PositiveIntegerField(
        "remind after (minutes)",
        default=60,
        db_default=60,
        validators=_MINUTES,
        help_text="And again after as long. 0: never.",
    )
    reminders = models.PositiveIntegerField(
        "reminders at most", default=3, db_default=3, validators=[MaxValueValidator(100)]
    )
    escalate_after_minutes = models.PositiveIntegerField(
        "hand on after (minutes)",
        default=0,
        db_default=0,
        validators=_MINUTES,
        help_text="A question nobody has decided by then is handed on to a second group. 0: never.",
    )
    escalate_to = models.CharField(
        "hand on to the group",
        max_length=60,
        blank=True,
        default="",
        db_default="",
        help_text="Its members are told, and from then on their yes counts as that of any group the question asks for. "
        "Empty: administrators are told, and the question asks for whom it asks.",
    )

    class Meta:
        abstract = True
