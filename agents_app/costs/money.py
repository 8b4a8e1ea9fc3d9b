"""Money in whole billionths of a dollar: what tokens cost at a price, and how an amount is written. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Final

NANOS: Final = 1_000_000_000
# A price is of a million tokens: dollars a million are thousands of nanos each.
_PER_TOKEN: Final = 1_000


@dataclass(frozen=True, slots=True)
class Price:
    """Dollars for a million tokens of each kind."""

    input: Decimal
    output: Decimal
    cache_read: Decimal
    cache_write: Decimal

    def cost(self, tokens: Tokens) -> int:
        """In nanos, rounded up once: nothing is free that has a price."""
        whole = (
            tokens.input * self.input
            + tokens.output * self.output
            + tokens.cache_read * self.cache_read
            + tokens.cache_write * self.cache_write
        )
        return int((whole * _PER_TOKEN).to_integral_value(ROUND_CEILING))

    @property
    def dearest_input(self) -> Decimal:
        """What a token of a prompt costs at most: nobody knows before whether it is written to the cache."""
        return max(self.input, self.cache_write, self.cache_read)


@dataclass(frozen=True, slots=True)
class Tokens:
    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0

    @property
    def cached(self) -> int:
        return self.cache_read + self.cache_write

    @property
    def all(self) -> int:
        return self.input + self.output + self.cached

    @property
    def prompt(self) -> int:
        return self.input + self.cached


def nanos(dollars: Decimal) -> int:
    return int((dollars * NANOS).to_integral_value(ROUND_CEILING))


def written(amount: int) -> str:
    """$1.20, but $0.0042 where cents would say nothing."""
    dollars = Decimal(amount) / NANOS
    if dollars == 0 or abs(dollars) >= Decimal("0.995"):
        return f"${dollars:,.2f}"
    places = 2 if abs(dollars) >= Decimal("0.095") else 4
    least = Decimal(1).scaleb(-places)
    return f"${dollars:.{places}f}" if abs(dollars) >= least else "less than $0.0001"


def price_written(dollars: Decimal) -> str:
    """Of a million tokens, as it is: $10.00, and $0.0125 where cents are not all of it."""
    places = max(2, -int(dollars.normalize().as_tuple().exponent))
    return f"${dollars:,.{places}f}"


def short(count: int) -> str:
    """A number of tokens as one reads it: 950, 12.3k, 4.1M."""
    for size, letter in ((1_000_000, "M"), (1_000, "k")):
        if count >= size:
            number = count / size
            return f"{number:.1f}{letter}" if number < 100 else f"{number:.0f}{letter}"
    return str(count)
