"""The prices an organization starts with: dollars for a million tokens, where they are from, and of which day.

They are rows that an administrator edits; this list renews only what nobody here has touched. A model whose price is
not published is left out: then the pages say that its price is not known, instead of guessing one.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any, Final

SOURCE: Final = "https://platform.claude.com/docs/en/about-claude/pricing"
AS_OF: Final = date(2026, 10, 24)

# model, prompts above so many tokens, input, output, read from the cache, written to it for five minutes
_ROWS: Final = (
    ("claude-fable-5-1", 0, "10", "50", "0.25", "12.50"),
    ("claude-mythos-5-1", 0, "10", "50", "0.25", "12.50"),
    ("claude-fable-5", 0, "10", "50", "1", "12.50"),
    ("claude-mythos-5", 0, "10", "50", "1", "12.50"),
    ("claude-opus-5-5", 0, "4", "20", "0.20", "5"),
    ("claude-opus-5", 0, "5", "25", "0.50", "6.25"),
    ("claude-opus-4-8", 0, "5", "25", "0.50", "6.25"),
    ("claude-opus-4-7", 0, "5", "25", "0.50", "6.25"),
    ("claude-opus-4-6", 0, "5", "25", "0.50", "6.25"),
    ("claude-opus-4-5", 0, "5", "25", "0.50", "6.25"),
    ("claude-sonnet-5-5", 0, "2", "10", "0.10", "2.50"),
    ("claude-sonnet-5", 0, "2", "10", "0.20", "2.50"),
    ("claude-sonnet-4-6", 0, "3", "15", "0.30", "3.75"),
    ("claude-sonnet-4-5", 0, "3", "15", "0.30", "3.75"),
    ("claude-haiku-5-5", 0, "0.10", "0.50", "0.01", "0.125"),
    ("claude-haiku-5-5", 100_000, "0.50", "2.50", "0.05", "0.625"),
    ("claude-haiku-4-5", 0, "1", "5", "0.10", "1.25"),
)
_SCRIPTED: Final = "Plays a model inside this installation; it costs nothing."


def rows() -> Iterator[dict[str, Any]]:
    for model, above, *prices in _ROWS:
        yield _row(model, above, prices, SOURCE)
    yield _row("scripted", 0, ["0"] * 4, _SCRIPTED)


def _row(model: str, above: int, prices: list[str], source: str) -> dict[str, Any]:
    names = ("input_price", "output_price", "cache_read_price", "cache_write_price")
    amounts = {name: Decimal(price) for name, price in zip(names, prices, strict=True)}
    return {"model": model, "above_tokens": above, **amounts, "source": source, "as_of": AS_OF}
