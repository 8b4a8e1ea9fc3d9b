"""Seeding by name and memory: a default is made once, is renewed until somebody edits it, and stays deleted."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import rfc8785
from django.db import models

from project.accounts.models import Organization
from tools_app.models import SeededRow

Row = TypeVar("Row", bound=models.Model)
Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Default:
    """One row the product brings: which organization's, of what kind and name, and what it holds."""

    organization: Organization
    kind: str
    name: str
    fields: Fields


def apply(default: Default, rows: models.QuerySet[Row], *, after: Callable[[Row], None]) -> Row | None:
    """Make or renew the one row that `rows` selects; returns it if it was written, else None (S4.247)."""
    wanted = _hash(default.fields)
    key: dict[str, Any] = {"organization": default.organization, "kind": default.kind, "name": default.name}
    memory, row = SeededRow.objects.filter(**key).first(), rows.first()
    if memory is not None and not _may_renew(memory, row, default.fields, wanted):
        return None
    if memory is None and row is not None:
        # Somebody made a row of this name before the seed did: it is theirs.
        SeededRow.objects.create(**key, content_hash="")
        return None
    written = _written(rows.model, row, default.fields)
    after(written)
    SeededRow.objects.update_or_create(**key, defaults={"content_hash": wanted})
    return written


def _may_renew(memory: SeededRow, row: models.Model | None, fields: Fields, wanted: str) -> bool:
    if row is None or memory.content_hash in ("", wanted):
        return False
    return _hash({name: getattr(row, name) for name in fields if isinstance(getattr(row, name), _PLAIN)}) == (
        memory.content_hash
    )


_PLAIN = (str, int, float, bool, list, dict, type(None))


def _written(model: type[Row], row: Row | None, fields: Fields) -> Row:
    row = row or model()
    for name, value in fields.items():
        setattr(row, name, value)
    row.save()
    return row


def _hash(fields: Fields) -> str:
    """Over plain values only: which organization or row it hangs on is no edit."""
    plain = {name: value for name, value in fields.items() if isinstance(value, _PLAIN)}
    return hashlib.sha256(rfc8785.dumps(plain)).hexdigest()
