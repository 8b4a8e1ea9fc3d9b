"""What a model's tokens cost here, if anybody has said it."""

from __future__ import annotations

import re
from typing import Final

from agents_app.costs.money import Price
from agents_app.models import ModelPrice
from project.accounts.prepared import Given, Prepared

_ROWS = Prepared(
    lambda: ModelPrice.objects.filter(organization_id=Given("organization"), model=Given("model")).order_by(
        "-above_tokens"
    )
)
# How the clouds name a model of the vendor: us.anthropic.claude-sonnet-5-5-v1:0, claude-haiku-4-5@20251001.
_CLOUD: Final = re.compile(r"(?:[a-z]{2,6}\.)?(?:anthropic\.)?(?P<name>[^@:]+?)(?:-v\d+(?::\d+)?|@\w+)?\Z")
_DATED: Final = re.compile(r"-20\d{6}\Z")


def of(organization_id: int, model: str, prompt_tokens: int) -> Price | None:
    """The price of a prompt of this length, or None where nobody has said one."""
    for name in _spellings(model):
        rows = _ROWS.all(organization=organization_id, model=name)
        if rows:
            return next(
                (_price(row) for row in rows if not row.above_tokens or prompt_tokens > row.above_tokens),
                None,
            )
    return None


def _spellings(model: str) -> list[str]:
    """As it is written, then without what a cloud or a date adds."""
    match = _CLOUD.match(model)
    plain = match["name"] if match else model
    return list(dict.fromkeys([model, plain, _DATED.sub("", plain)]))


def _price(row: ModelPrice) -> Price:
    return Price(row.input_price, row.output_price, row.cache_read_price, row.cache_write_price)
