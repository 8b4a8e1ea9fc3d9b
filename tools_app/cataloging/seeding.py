"""Seeding by name and memory: a default is made once, is renewed until somebody edits it, and stays deleted."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import combinations
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
    # Fields that earlier versions may not have named: then the row holds the model's own default of them.
    optional: tuple[str, ...] = ()


def apply(default: Default, rows: models.QuerySet[Row], *, after: Callable[[Row], None]) -> Row | None:
    """Make or renew the one row that `rows` selects; returns it if it was written, else None (S4.247)."""
    wanted = _hash(default.fields)
    key: dict[str, Any] = {"organization": default.organization, "kind": default.kind, "name": default.name}
    memory, row = SeededRow.objects.filter(**key).first(), rows.first()
    if memory is not None and not _may_renew(memory, row, default, wanted):
        return None
    if memory is None and row is not None:
        # Somebody made a row of this name before the seed did: it is theirs.
        SeededRow.objects.create(**key, content_hash="")
        return None
    written = _written(rows.model, row, default.fields)
    after(written)
    SeededRow.objects.update_or_create(**key, defaults={"content_hash": wanted})
    return written


def _may_renew(memory: SeededRow, row: models.Model | None, default: Default, wanted: str) -> bool:
    if row is None or memory.content_hash in ("", wanted):
        return False
    now = {name: getattr(row, name) for name in default.fields}
    return any(
        _hash({name: value for name, value in now.items() if name not in unnamed}) == memory.content_hash
        for unnamed in _unnamed(row, default)
    )


def _unnamed(row: models.Model, default: Default) -> Iterator[tuple[str, ...]]:
    """Every choice of optional fields that nobody has touched; none of them first."""
    fresh = type(row)()
    untouched = [name for name in default.optional if getattr(row, name) == getattr(fresh, name)]
    for count in range(len(untouched) + 1):
        yield from combinations(untouched, count)


_PLAIN = (str, int, float, bool, list, dict, type(None))


def _written(model: type[Row], row: Row | None, fields: Fields) -> Row:
    row = row or model()
    for name, value in fields.items():
        setattr(row, name, value)
    row.save()
    return row


def _hash(fields: Fields) -> str:
    """Over plain values only: which organization or row it hangs on is no edit."""
    simple = {name: _simple(value) for name, value in fields.items()}
    plain = {name: value for name, value in simple.items() if isinstance(value, _PLAIN)}
    return hashlib.sha256(rfc8785.dumps(plain)).hexdigest()


def _simple(value: Any) -> Any:
    """Amounts and days as texts; 10 and 10.00 are one amount."""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return value.isoformat() if isinstance(value, date) else value
