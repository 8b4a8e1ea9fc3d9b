"""Tools are found by what they are called, what is said of them, and what they take; the best fit comes first."""

import pytest

from tools_app import ranking
from tools_app.definition import ToolDefinition


def tool(name: str, description: str, category: str = "", *tags: str, **parameters: str) -> ranking.Entry:
    properties = {key: {"type": "string", "description": said} for key, said in parameters.items()}
    schema = {"type": "object", "properties": properties}
    return ranking.entry(ToolDefinition(name, description, schema, category), tags)


SHOP = [
    tool("refund_order", "Pays an order back to the customer.", "shop", "money", reason="Why."),
    tool("list_orders", "Lists the orders of a customer, the newest first.", "shop"),
    tool("send_mail", "Sends a message to somebody.", "mail", to="Address of the customer."),
    tool("weatherForecast", "Tells how warm it will be.", "weather", city="Name of the city."),
    tool("übersetzen", "Übersetzt einen Text.", "sprache"),
    tool("read_file", "Reads a file.", "filesystem", "read"),
]


def names(query: str) -> list[str]:
    return [match.name for match in ranking.ranked(query, SHOP)]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("refund an order", "refund_order"),
        ("refunding orders", "refund_order"),
        ("show me the orders", "list_orders"),
        ("weather", "weatherForecast"),
        ("forecast for a city", "weatherForecast"),
        ("money", "refund_order"),
        ("Text übersetzen", "übersetzen"),
        ("files", "read_file"),
        ("temperat warm", "weatherForecast"),
        ("mail", "send_mail"),
    ],
)
def test_the_best_fit_comes_first(query: str, first: str) -> None:
    assert names(query)[0] == first


def test_an_exact_name_comes_before_everything() -> None:
    assert names("customer order refund send_mail")[0] == "send_mail"
    assert ranking.described(ranking.ranked("send_mail", SHOP)[0], {}) == "its name was given"


def test_what_shares_no_word_is_left_out() -> None:
    assert names("quantum chromodynamics") == []
    assert names("the of and") == []


def test_a_word_at_its_beginning_counts_a_little() -> None:
    assert names("forec") == ["weatherForecast"]
    assert names("for") == []


def test_it_is_told_why() -> None:
    [match, *_] = ranking.ranked("refund money", SHOP)
    assert ranking.described(match, {"category": "shop"}) == "matches refund, money; category shop"


def test_equals_stand_in_a_lasting_order() -> None:
    twins = [tool(name, "Does the same.") for name in ("zeta", "alpha", "beta")]
    assert [match.name for match in ranking.ranked("same", twins)] == ["alpha", "beta", "zeta"]


@pytest.mark.parametrize("query", ["", "\x00", "%_*?(", "\ud800", "a" * 100_000, "order " * 10_000, "🙂"])
def test_odd_queries_find_what_they_find_and_raise_nothing(query: str) -> None:
    assert isinstance(ranking.ranked(query, SHOP), list)
    assert ranking.ranked(query, []) == []


def test_a_definition_of_ten_megabytes_is_read_in_part() -> None:
    assert len(tool("big", "word " * 2_000_000).words) < 10
