"""Stateful: the base of every row that has a status. It says which moves are legal and how the record names the row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import models

from project.accounts.models import Organization


class Stateful(models.Model):
    """Subclasses define a `Status` TextChoices, `FIRST` (how a row may be born), `MOVES` (from -> to), `AUDIT_NAME`."""

    AUDIT_NAME: ClassVar[str]
    FIRST: ClassVar[frozenset[str]]
    MOVES: ClassVar[Mapping[str, frozenset[str]]]

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    status: Any

    class Meta:
        abstract = True

    def audit_stream(self) -> str:
        raise NotImplementedError

    def audit_label(self) -> str:
        return str(self)

    def audit_facts(self) -> dict[str, Any]:
        return {}

    @property
    def is_final(self) -> bool:
        return not self.MOVES.get(self.status)
