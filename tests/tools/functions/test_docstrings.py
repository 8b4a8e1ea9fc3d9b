"""What is read out of docstrings, in each of the usual styles, and what is said about poor ones (S1.13-19)."""

from __future__ import annotations

import warnings
from typing import Annotated

import pytest
from pydantic import Field

from tools_app.context import ToolContext
from tools_app.functions import PoorDocstring, Tool


def google(city: str, days: int = 1) -> str:
    """Tell the weather in a city.

    Use it instead of guessing.

    Args:
        city (str): Name of the city,
            in English.
        days: How many days ahead.

    Returns:
        A sentence.

    Raises:
        ValueError: never.
    """
    return city * days


def numpy(city: str, days: int = 1) -> str:
    """Tell the weather in a city.

    Use it instead of guessing.

    Parameters
    ----------
    city : str
        Name of the city,
        in English.
    days : int, optional
        How many days ahead.

    Returns
    -------
    str
        A sentence.
    """
    return city * days


def sphinx(city: str, days: int = 1) -> str:
    """Tell the weather in a city.

    Use it instead of guessing.

    :param city: Name of the city,
        in English.
    :type city: str
    :param days: How many days ahead.
    :returns: A sentence.
    """
    return city * days


@pytest.mark.parametrize("function", [google, numpy, sphinx])
def test_the_style_is_found_out(function: object) -> None:
    """S1.9, S1.13-18: Google, NumPy and Sphinx, automatically; text and parameters go to the model."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tool = Tool(function)  # type: ignore[arg-type]
    assert tool.definition.description == "Tell the weather in a city.\n\nUse it instead of guessing."
    properties = tool.definition.input_schema["properties"]
    assert properties["city"] == {"type": "string", "description": "Name of the city, in English."}
    assert properties["days"]["description"] == "How many days ahead."
    assert tool.remarks == ()


def test_a_wrapper_without_words_of_its_own_reads_the_docstring_too() -> None:
    """S1.10, S1.36, S1.37: own name and description take the place of those read, the rest stays."""
    assert Tool(google).definition == Tool(google, name="google").definition
    tool = Tool(google, name="weather", description="What it is like outside.")
    assert (tool.definition.name, tool.definition.description) == ("weather", "What it is like outside.")
    assert tool.definition.input_schema == Tool(google).definition.input_schema


def test_the_context_may_be_documented() -> None:
    """S3.76, S3.77: what the docstring says of the context is for people; the model never sees it."""

    def mine(ctx: ToolContext, limit: int) -> None:
        """List the orders of the person who asks.

        Args:
            ctx: user_id (text, required): whose orders.
            limit: How many at most.
        """

    tool = Tool(mine)
    assert list(tool.definition.input_schema["properties"]) == ["limit"]
    assert "user_id" not in str(tool.definition.for_model())
    assert tool.remarks == ()


def bare(a, b: int):  # type: ignore[no-untyped-def]
    return a, b


def stray(a: int) -> int:
    """Count.

    Args:
        a: The first.
        c: What is this?
    """
    return a


def unsectioned(a: int) -> int:
    """Count a, which is a number."""
    return a


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (bare, ["no docstring", "not described: a, b", "without a type hint: a"]),
        (stray, ["described, but no parameters: c"]),
        (unsectioned, ["not described: a"]),
    ],
)
def test_a_poor_docstring_is_warned_of(function: object, words: list[str]) -> None:
    """S1.19: docstrings are expected to be well formed, and whoever wrote a poor one is told where."""
    with pytest.warns(PoorDocstring, match=function.__name__) as told:  # type: ignore[attr-defined]
        tool = Tool(function)  # type: ignore[arg-type]
    assert all(word in str(told[0].message) for word in words)
    assert len(tool.remarks) == len(words)
    assert tool.definition.description


def test_the_hint_may_describe_instead() -> None:
    """S1.18: a description in the hint counts, and wins over the docstring."""

    def wait(seconds: Annotated[int, Field(description="How long.")]) -> None:
        """Wait.

        Args:
            seconds: Something else.
        """

    assert Tool(wait).definition.input_schema["properties"]["seconds"]["description"] == "How long."
