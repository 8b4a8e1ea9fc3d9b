"""What a model is shown of a function: the schema its signature and type hints make (S1.9-12)."""

from __future__ import annotations

import dataclasses
import datetime
import enum
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any, Literal, Optional
from uuid import UUID

import pytest
from pydantic import BaseModel, Field

from tools_app import arguments
from tools_app.context import ToolContext
from tools_app.exceptions import InvalidArguments
from tools_app.functions import Tool

pytestmark = pytest.mark.filterwarnings("ignore::tools_app.functions.PoorDocstring")


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclasses.dataclass
class Point:
    x: int
    y: int = 0


class Address(BaseModel):
    """Where somebody lives."""

    street: str = Field(min_length=1)
    number: int | None = None


class Person(BaseModel):
    name: str
    home: Address
    friends: list[Person] = []


def properties(function: Callable[..., Any]) -> dict[str, Any]:
    found: dict[str, Any] = Tool(function).definition.input_schema["properties"]
    return found


def test_plain_types_become_a_schema_with_what_is_required() -> None:
    """S1.9, S1.11: the schema comes from the signature and its type hints."""

    def order(item: str, count: int = 1, price: float = 0.5, *, gift: bool = False) -> str:
        return item

    schema = Tool(order).definition.input_schema
    assert schema == {
        "type": "object",
        "properties": {
            "item": {"type": "string"},
            "count": {"type": "integer", "default": 1},
            "price": {"type": "number", "default": 0.5},
            "gift": {"type": "boolean", "default": False},
        },
        "required": ["item"],
        "additionalProperties": False,
    }
    assert arguments.check_schema(schema) == []


def test_a_function_of_nothing_takes_no_arguments() -> None:
    """S1.9."""

    def ping() -> str:
        return "pong"

    assert Tool(ping).definition.input_schema["properties"] == {}
    assert arguments.problems(Tool(ping).definition.input_schema, {"a": 1})


def test_optional_values_and_unions() -> None:
    """S1.12: optional values and unions."""

    def find(
        name: Optional[str],  # noqa: UP045
        after: str | None = None,
        key: int | str = 0,
        limit: int = None,  # type: ignore[assignment]  # noqa: RUF013
    ) -> None: ...

    found = properties(find)
    assert found["name"] == {"anyOf": [{"type": "string"}, {"type": "null"}]}
    assert found["after"] == {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None}
    assert found["key"] == {"anyOf": [{"type": "integer"}, {"type": "string"}], "default": 0}
    assert found["limit"] == {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None}
    assert Tool(find).definition.input_schema["required"] == ["name"]


def test_models_dataclasses_and_enums_are_written_out() -> None:
    """S1.12: data-model classes, and the usual standard types."""

    def place(who: Person, at: Point, colour: Colour = Colour.RED) -> None: ...

    schema = Tool(place).definition.input_schema
    assert schema["properties"]["who"] == {"$ref": "#/$defs/Person"}
    assert schema["properties"]["colour"] == {"$ref": "#/$defs/Colour", "default": "red"}
    assert schema["$defs"]["Colour"] == {"enum": ["red", "blue"], "type": "string"}
    assert schema["$defs"]["Point"]["required"] == ["x"]
    assert schema["$defs"]["Address"]["description"] == "Where somebody lives."
    assert schema["$defs"]["Address"]["additionalProperties"] is False
    assert arguments.check_schema(schema) == []
    assert arguments.problems(schema, {"who": {"name": "A", "home": {"street": ""}}, "at": {"x": 1}})


def test_literals_annotations_collections_and_times() -> None:
    """S1.12: "etc.", the usual standard types."""

    def plan(
        *,
        unit: Literal["c", "f"],
        days: Annotated[int, Field(ge=1, le=14, description="How many days.")],
        city: Annotated[str, "The name of the city."],
        tags: list[str],
        on: datetime.date,
        ids: dict[str, UUID],
        pair: tuple[int, str],
        price: Decimal,
    ) -> None: ...

    found = properties(plan)
    assert found["unit"] == {"enum": ["c", "f"], "type": "string"}
    assert found["days"] == {"type": "integer", "minimum": 1, "maximum": 14, "description": "How many days."}
    assert found["city"] == {"type": "string", "description": "The name of the city."}
    assert found["tags"] == {"type": "array", "items": {"type": "string"}}
    assert found["on"] == {"type": "string", "format": "date"}
    assert found["ids"]["additionalProperties"] == {"type": "string", "format": "uuid"}
    assert [part["type"] for part in found["pair"]["prefixItems"]] == ["integer", "string"]
    assert "price" in found
    assert arguments.check_schema(Tool(plan).definition.input_schema) == []


def test_kinds_for_the_gate_are_said_in_the_hint() -> None:
    """S1.24: schema generation can be customised; `x-kind` tells the gate what a text means."""

    def fetch(
        address: Annotated[str, Field(description="What to read.", json_schema_extra={"x-kind": "url"})],
    ) -> None: ...

    tool = Tool(fetch)
    assert tool.definition.input_schema["properties"]["address"]["x-kind"] == "url"
    assert "x-kind" not in tool.definition.for_model()["input_schema"]["properties"]["address"]


def test_parameters_may_be_called_what_they_like() -> None:
    """S1.9: names that a data model could not have are fine for a parameter."""

    def odd(copy: int, model_config: int, _hidden: int, schema: int = 3) -> int:
        return copy + model_config + _hidden + schema

    tool = Tool(odd)
    assert set(tool.definition.input_schema["properties"]) == {"copy", "model_config", "_hidden", "schema"}
    assert tool.call({"copy": 1, "model_config": 2, "_hidden": 3}, ToolContext()) == 9


def test_values_arrive_as_the_hints_say() -> None:
    """S1.11, S1.12: a function gets models, enums, dates and the like, not their JSON."""

    def place(
        *, who: Person, at: Point, colour: Colour, on: datetime.date, when: datetime.datetime, ids: set[UUID]
    ) -> list[Any]:
        return [who, at, colour, on, when, ids]

    sent = {
        "who": {"name": "A", "home": {"street": "S"}, "friends": [{"name": "B", "home": {"street": "T"}}]},
        "at": {"x": 1},
        "colour": "blue",
        "on": "2026-02-03",
        "when": "2026-02-03T04:05:06Z",
        "ids": ["12345678-1234-5678-1234-567812345678"],
    }
    tool = Tool(place)
    assert arguments.problems(tool.definition.input_schema, sent) == []
    who, at, colour, on, when, ids = tool.call(sent, ToolContext())
    assert (who.friends[0].home.street, at, colour) == ("T", Point(1), Colour.BLUE)
    assert on == datetime.date(2026, 2, 3)
    assert when == datetime.datetime(2026, 2, 3, 4, 5, 6, tzinfo=datetime.UTC)
    assert ids == {UUID("12345678-1234-5678-1234-567812345678")}


def test_absent_values_are_the_functions_own_defaults() -> None:
    """S3.15: defaults are allowed, also those that JSON cannot say."""
    nothing = object()

    def show(limit: int = 10, start: Any = nothing) -> tuple[int, Any]:
        return limit, start

    tool = Tool(show)
    assert tool.call({}, ToolContext()) == (10, nothing)
    assert "default" not in tool.definition.input_schema["properties"]["start"]


def test_what_a_type_refuses_beyond_its_schema_is_told_without_the_value() -> None:
    """S1.40: arguments are validated, and the model reads what is wrong."""

    def pay(amount: Decimal) -> None: ...

    with pytest.raises(InvalidArguments, match="amount") as told:
        Tool(pay).call({"amount": "hunter2"}, ToolContext())
    assert "hunter2" not in told.value.message
    assert told.value.problems


def test_each_call_gets_values_of_its_own() -> None:
    """S3.96: what a function writes into its arguments reaches nobody."""

    def add(items: list[str]) -> list[str]:
        items.append("more")
        return items

    sent = {"items": ["one"]}
    assert Tool(add).call(sent, ToolContext()) == ["one", "more"]
    assert sent == {"items": ["one"]}
