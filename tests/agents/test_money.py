"""What tokens cost, how amounts are written, which price is meant, and the list of prices an organization gets."""

from __future__ import annotations

from decimal import Decimal

import pytest

from agents_app import model_list
from agents_app.costs import money, price_list, prices, pricing
from agents_app.costs.money import Price, Tokens
from agents_app.exceptions import InvalidPrice, PriceTaken
from agents_app.models import ModelPrice
from project.accounts import identity as identities
from tests import people

SONNET = Price(Decimal(2), Decimal(10), Decimal("0.10"), Decimal("2.5"))


@pytest.mark.parametrize(
    ("tokens", "dollars"),
    [
        (Tokens(), "0"),
        (Tokens(input=1_000_000), "2"),
        (Tokens(output=1_000_000), "10"),
        (Tokens(cache_read=1_000_000, cache_write=1_000_000), "2.6"),
        (Tokens(input=1, output=1), "0.000012"),
        # A tenth of a nano and a nano is two: nothing that has a price is free.
        (Tokens(cache_read=1), "0.0000001"),
    ],
)
def test_what_tokens_cost(tokens: Tokens, dollars: str) -> None:
    assert SONNET.cost(tokens) == money.nanos(Decimal(dollars))


@pytest.mark.parametrize(
    ("dollars", "text"),
    [
        ("0", "$0.00"),
        ("1234.5", "$1,234.50"),
        ("1", "$1.00"),
        ("0.5", "$0.50"),
        ("0.0042", "$0.0042"),
        ("0.00001", "less than $0.0001"),
    ],
)
def test_how_an_amount_is_written(dollars: str, text: str) -> None:
    assert money.written(money.nanos(Decimal(dollars))) == text


@pytest.mark.parametrize(
    ("dollars", "text"),
    [("0.000000", "$0.00"), ("10.000000", "$10.00"), ("0.125000", "$0.125"), ("1200", "$1,200.00")],
)
def test_how_a_price_is_written(dollars: str, text: str) -> None:
    assert money.price_written(Decimal(dollars)) == text


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0"), (950, "950"), (12_340, "12.3k"), (150_000, "150k"), (4_100_000, "4.1M")]
)
def test_how_a_number_of_tokens_is_written(count: int, text: str) -> None:
    assert money.short(count) == text


def test_the_list_is_dated_sourced_and_names_no_model_twice() -> None:
    rows = list(price_list.rows())
    keys = [(row["model"], row["above_tokens"]) for row in rows]
    assert len(keys) == len(set(keys))
    assert all(row["source"] and row["as_of"] for row in rows)
    assert all(row["input_price"] <= row["output_price"] for row in rows)


@pytest.mark.django_db
def test_prices_are_seeded_once_and_stay_as_somebody_changed_them() -> None:
    here = people.toolroom()
    assert len(pricing.seed(here)) == len(list(price_list.rows()))
    row = ModelPrice.objects.get(model="claude-sonnet-5-5")
    pricing.change(row, {"input_price": Decimal("1.5")}, by=identities.system(here))
    ModelPrice.objects.get(model="claude-haiku-4-5").delete()
    assert pricing.seed(here) == []
    assert ModelPrice.objects.get(model="claude-sonnet-5-5").input_price == Decimal("1.5")
    assert not ModelPrice.objects.filter(model="claude-haiku-4-5").exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("model", "prompt", "dollars"),
    [
        ("claude-sonnet-5-5", 10, "2"),
        ("us.anthropic.claude-sonnet-5-5-v1:0", 10, "2"),
        ("anthropic.claude-haiku-5-5", 10, "0.1"),
        ("claude-haiku-4-5@20251001", 10, "1"),
        ("claude-haiku-4-5-20251001", 10, "1"),
        ("claude-haiku-5-5", 100_000, "0.1"),
        ("claude-haiku-5-5", 100_001, "0.5"),
        ("scripted", 10, "0"),
        ("claude-fable-9", 10, None),
        ("claude-sonnet", 10, None),
        ("", 10, None),
    ],
)
def test_which_price_is_meant(model: str, prompt: int, dollars: str | None) -> None:
    here = people.toolroom()
    pricing.seed(here)
    found = prices.of(here.pk, model, prompt)
    assert (found.input if found else None) == (Decimal(dollars) if dollars else None)
    assert prices.of(people.elsewhere().pk, model, prompt) is None


@pytest.mark.django_db
def test_a_price_is_a_number_from_zero_on_and_there_once() -> None:
    by = identities.system(people.toolroom())
    given = {"model": "m", **dict.fromkeys(pricing.FIELDS[2:6], Decimal(1))}
    pricing.add(given, by=by)
    with pytest.raises(PriceTaken):
        pricing.add(given, by=by)
    with pytest.raises(InvalidPrice):
        pricing.add({**given, "model": "n", "input_price": Decimal(-1)}, by=by)
    with pytest.raises(InvalidPrice):
        pricing.add({"model": "o"}, by=by)


def test_models_that_end_are_no_part_of_the_list_unless_they_still_answer() -> None:
    """A price of a model that was switched off long ago would only be in the way."""
    listed = {str(row["model"]) for row in price_list.rows()}
    gone = {name for name in model_list.ENDS if model_list.ENDS[name] < price_list.AS_OF}
    assert not listed & gone
