"""The verbs of prices: add, change, remove, and the list an organization starts with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from agents_app.costs import price_list
from agents_app.exceptions import InvalidPrice, PriceTaken
from agents_app.granted import granting
from agents_app.models import ModelPrice
from audit_app import records
from project.accounts.identity import Identity
from project.accounts.models import Organization
from tools_app.cataloging import seeding

FIELDS: Final = (
    "model",
    "above_tokens",
    "input_price",
    "output_price",
    "cache_read_price",
    "cache_write_price",
    "source",
    "as_of",
)


def add(fields: Mapping[str, Any], *, by: Identity) -> ModelPrice:
    """Raises InvalidPrice, and PriceTaken where the model has one for this length of prompts."""
    row = ModelPrice(organization_id=granting.require_right(by))
    return _write(row, fields, "price.added", by=by)


def change(row: ModelPrice, fields: Mapping[str, Any], *, by: Identity) -> ModelPrice:
    granting.require_right(by)
    return _write(row, fields, "price.changed", by=by)


def remove(row: ModelPrice, *, by: Identity) -> None:
    """What was used at it keeps what it cost."""
    granting.require_right(by)
    with transaction.atomic():
        _record("price.removed", row, {}, by=by)
        row.delete()


def _write(row: ModelPrice, fields: Mapping[str, Any], action: str, *, by: Identity) -> ModelPrice:
    before = {} if row._state.adding else _told(row)
    for name in FIELDS:
        if name in fields:
            setattr(row, name, fields[name])
    try:
        row.clean_fields(exclude=["organization"])
    except ValidationError as wrong:
        raise InvalidPrice(details=dict(wrong.message_dict)) from None
    try:
        with transaction.atomic():
            row.save()
            now = _told(row)
            changed = {name: value for name, value in now.items() if before.get(name) != value}
            if changed:
                _record(action, row, {"now": changed, **({"before": before} if before else {})}, by=by)
    except IntegrityError:
        raise PriceTaken(details={"model": row.model, "above_tokens": row.above_tokens}) from None
    return row


def _told(row: ModelPrice) -> dict[str, Any]:
    return {name: _plain(getattr(row, name)) for name in FIELDS}


def _plain(value: Any) -> Any:
    return value if isinstance(value, int) else str(value)


def _record(action: str, row: ModelPrice, facts: dict[str, Any], *, by: Identity) -> None:
    subject = records.Subject("price", str(row.pk), str(row))
    records.record(action, by=by, subject=subject, facts=facts)


def seed(organization: Organization) -> list[str]:
    """Names of the models whose prices were written. One that somebody changed or deleted here stays so."""
    written = []
    for fields in price_list.rows():
        model, above = str(fields["model"]), fields["above_tokens"]
        name = f"{model} above {above}" if above else model
        rows = ModelPrice.objects.filter(organization=organization, model=model, above_tokens=above)
        default = seeding.Default(organization, "price", name, {**fields, "organization": organization})
        if seeding.apply(default, rows, after=lambda _: None):
            written.append(name)
    return written
