"""CacheGeneration: a number that rises whenever what factories built is cleared; it is part of every key there is.

Keys are made with the numbers as they are at that moment, so whoever asks after a clearing finds nothing old, in
whichever process, even if no process was told.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db import models
from django.db.models import F


class CacheGenerationQuerySet(models.QuerySet["CacheGeneration"]):
    def numbers(self, names: Iterable[str]) -> dict[str, int]:
        """A name nothing was ever cleared under has no number, which reads as 0."""
        return dict(self.filter(name__in=list(names)).values_list("name", "number"))

    def raise_(self, name: str) -> None:
        """Inside a transaction. Two at once raise it twice; the second waits for the first."""
        self.get_or_create(name=name)
        self.filter(name=name).update(number=F("number") + 1)


class CacheGeneration(models.Model):
    name = models.CharField(max_length=120, unique=True)
    number = models.PositiveBigIntegerField(default=0)

    objects = CacheGenerationQuerySet.as_manager()

    class Meta:
        db_table = "cache_generations"

    def __str__(self) -> str:
        return f"{self.name} {self.number}"
