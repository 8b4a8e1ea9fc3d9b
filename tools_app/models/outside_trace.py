"""OutsideTrace: where a conversation that had read from outside has left something. Who reads it there has, too."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class OutsideTrace(models.Model):
    """A file by its real name, or a person's database. Of no organization: the folders are the installation's."""

    place = models.TextField()
    # Names are longer than an index takes.
    place_hash = models.CharField(max_length=64, unique=True)
    call_id = models.BigIntegerField(help_text="The use that left it there first.")
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        db_table = "outside_traces"

    def __str__(self) -> str:
        return self.place
