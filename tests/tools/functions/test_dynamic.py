"""register_dynamic_tool (S2): what it takes, what it refuses at once, and what the function is handed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tools_app import executors, functions
from tools_app.context import ToolContext
from tools_app.exceptions import InvalidArguments, NotATool, ToolFailed, UnknownTool
from tools_app.executors import Work
from tools_app.functions import (
    DynamicToolContext,
    DynamicToolDefinition,
    ToolRegistry,
    installed,
    register_dynamic_tool,
)

CITY = {"type": "string", "description": "Name of the city."}


def echo(params: dict[str, Any], ctx: DynamicToolContext) -> Any:
    return {"params": params, "user": ctx.userId, "audit": ctx.auditingId, "metadata": dict(ctx.metadata)}


def definition(**more: Any) -> dict[str, Any]:
    return {"name": "weather", "description": "Tells the weather.", "execute": echo, **more}


def schema_of(**more: Any) -> Any:
    registry = ToolRegistry()
    register_dynamic_tool(registry, definition(**more))
    return registry.named("weather").definition.input_schema


def used(given: dict[str, Any], name: str = "weather", **deps: Any) -> Any:
    """As a worker uses it: by name, through the executor."""
    work = Work(name, "python", installed.named(name).definition.as_json(), {})
    return executors.of("python").execute(work, given, ToolContext(deps=deps))


def test_registering_returns_nothing_and_the_tool_is_there_at_once() -> None:
    """S2.1, S2.6-8, S2.55, S2.56, S2.69: registry first, definition second; names in order of registration."""
    registry = ToolRegistry()
    assert not registry.has("zebra")
    register: Callable[..., Any] = register_dynamic_tool
    assert register(registry, definition(name="zebra")) is None
    register_dynamic_tool(registry, DynamicToolDefinition(name="ant", description="Small.", execute=echo))
    assert registry.has("zebra")
    assert registry.names() == ("zebra", "ant")
    assert functions.names() == (), "another registry is not the installation's"
    with pytest.raises(UnknownTool):
        registry.named("bee")


def test_every_field_of_a_definition_is_kept() -> None:
    """S2.9-21, in the contract's spelling and in Python's."""
    said = definition(
        category="external",
        tags=["client", "external"],
        requiresAuth=True,
        rateLimit=30,
        version="2.1",
        parameters={"city": CITY},
    )
    register_dynamic_tool(installed, said)
    register_dynamic_tool(
        installed,
        definition(name="other", requires_auth=True, rate_limit=30.0, input_schema={"type": "object"}),
    )
    kept: Any = installed.named("weather")
    assert (kept.category, kept.tags, kept.requires_auth, kept.rate_limit, kept.version) == (
        *("external", ("client", "external"), True, 30),
        "2.1",
    )
    assert kept.definition.description == "Tells the weather."
    other: Any = installed.named("other")
    assert (other.requires_auth, other.rate_limit, other.category, other.tags) == (True, 30, "custom", ())


def test_flat_parameters_become_one_schema() -> None:
    """S2.12-15, S2.23-28, S2.86: required unless it says not, everything else as JSON Schema says it."""
    parameters = {
        "ticker": {"type": "string", "description": "Symbol.", "pattern": "^[A-Z]{1,5}$"},
        "currency": {"type": "string", "required": False, "default": "USD", "enum": ["USD", "EUR"]},
        "count": {"type": "integer", "required": True, "minimum": 1},
        "place": {"type": "object", "properties": {"zip": {"type": "string"}}, "required": ["zip"]},
    }
    found = schema_of(parameters=parameters)
    assert found == {
        "type": "object",
        "properties": {
            "ticker": parameters["ticker"],
            "currency": {"type": "string", "default": "USD", "enum": ["USD", "EUR"]},
            "count": {"type": "integer", "minimum": 1},
            "place": parameters["place"],
        },
        "required": ["ticker", "count", "place"],
        "additionalProperties": False,
    }


def test_a_json_schema_is_taken_as_it_is() -> None:
    """S2.86: the other shape, under either name; a flat parameter may itself be called "type"."""
    schema = {"type": "object", "properties": {"city": CITY}, "required": []}
    expected = {**schema, "additionalProperties": False}
    assert schema_of(parameters=schema) == expected
    assert schema_of(input_schema=schema) == expected
    assert schema_of() == {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
    flat = schema_of(parameters={"type": {"type": "string"}, "properties": {"type": "string"}})
    assert sorted(flat["properties"]) == ["properties", "type"]


def test_what_was_given_may_be_changed_afterwards() -> None:
    parameters = {"city": dict(CITY)}
    register_dynamic_tool(installed, definition(parameters=parameters))
    parameters["city"]["type"] = "integer"
    assert installed.named("weather").definition.input_schema["properties"]["city"]["type"] == "string"


@pytest.mark.parametrize("name", ["userId", "auditingId", "__metadata", "user_id", "ctx", "tenant_id"])
def test_reserved_names_are_refused_at_registration(name: str) -> None:
    """S2.85: a tool whose own parameter were called so would lose it."""
    with pytest.raises(NotATool, match="reserved for the house"):
        register_dynamic_tool(installed, definition(parameters={name: {"type": "string"}}))
    assert functions.names() == ()


def test_a_name_is_given_once() -> None:
    """S2.80: refused, and the first one stays; also against functions and built-in tools."""
    register_dynamic_tool(installed, definition())
    first = installed.named("weather")
    for name in ("weather", "read_file"):
        with pytest.raises(NotATool, match=name):
            register_dynamic_tool(installed, definition(name=name, description="Other."))
    assert installed.named("weather") is first

    def weather() -> str:
        """A function of the same name."""
        return ""

    with pytest.raises(NotATool, match="weather"):
        functions.register(weather)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"name": "Weather"}, "no name for a tool"),
        ({"name": ""}, "no name for a tool"),
        ({"name": None}, "no name for a tool"),
        ({"name": "x" * 65}, "no name for a tool"),
        ({"description": " "}, "description"),
        ({"execute": None}, "not a function"),
        ({"execute": lambda params: params}, "function of two"),
        ({"execute": "os.system"}, "not a function"),
        ({"category": 7}, "category"),
        ({"tags": "external"}, "tags"),
        ({"tags": [1]}, "tags"),
        ({"requiresAuth": "yes"}, "requires_auth"),
        ({"rateLimit": "30"}, "rate limit"),
        ({"rateLimit": -1}, "rate limit"),
        ({"rateLimit": 1.5}, "rate limit"),
        ({"rateLimit": float("nan")}, "rate limit"),
        ({"rateLimit": True}, "rate limit"),
        ({"version": "x" * 21}, "version"),
        ({"parameters": ["city"]}, "mapping"),
        ({"parameters": {"city": "string"}}, "described by a mapping"),
        ({"parameters": {"city": {"type": "string", "required": "yes"}}}, "true or false"),
        ({"parameters": {"city": {"type": "text"}}}, "/properties/city"),
        ({"parameters": {"city": {"type": "string", "pattern": "(?=x)"}}}, "RE2"),
        ({"parameters": {"city": {"$ref": "https://example.org/x.json"}}}, "inside this schema"),
        ({"parameters": {"city": {"type": "string", "default": 5}}}, "does not fit the parameter"),
        ({"parameters": {"city": {"enum": ["a"], "default": "b", "required": False}}}, "does not fit"),
        ({"examples": [{"input": {"city": 1}, "output": ""}]}, "does not fit"),
        ({"parameters": {}, "input_schema": {"type": "object"}}, "twice"),
        ({"requiresAuth": True, "requires_auth": True}, "twice"),
        ({"permissions": []}, "no 'permissions'"),
    ],
    # The processes of the suite must agree on the names, so no address of a function may be in one.
    ids=lambda value: re.sub(r" at 0x\w+", "", str(value)),
)
def test_what_is_wrong_is_said_at_once_and_nothing_is_kept(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(NotATool, match=told):
        register_dynamic_tool(installed, definition(**wrong))
    assert functions.names() == ()


def test_what_is_missing_is_named() -> None:
    with pytest.raises(NotATool, match="lacks: description, execute"):
        register_dynamic_tool(installed, {"name": "weather"})
    with pytest.raises(NotATool, match="mapping"):
        register_dynamic_tool(installed, ["weather"])  # type: ignore[arg-type]


def test_the_function_is_handed_clean_parameters_and_who_asks() -> None:
    """S2.22, S2.29-36, S2.39-41, S2.53, S2.81: identity from the context alone, as text; defaults filled in."""
    spec = {"city": CITY, "days": {"type": "array", "required": False, "default": [1]}}
    register_dynamic_tool(installed, definition(parameters=spec))
    found = used(
        {"city": "Oslo", "userId": "999", "auditingId": 1, "__metadata": {}},
        user_id=7,
        auditing_id=12,
        metadata={"step": 3, "plan": "trial"},
    )
    assert found.data == {
        "params": {"city": "Oslo", "days": [1]},
        "user": "7",
        "audit": 12,
        "metadata": {"step": 3, "plan": "trial"},
    }
    assert used({"city": "Oslo"}).data["metadata"] == {}


def test_what_one_use_writes_does_not_reach_the_next() -> None:
    def spoil(params: dict[str, Any], ctx: DynamicToolContext) -> Any:
        params["days"].append(2)
        return params["days"]

    spec = {"days": {"type": "array", "required": False, "default": [1]}}
    register_dynamic_tool(installed, definition(parameters=spec, execute=spoil))
    given = {"days": [9]}
    assert (used({}).data, used({}).data, used(given).data, given) == ([1, 2], [1, 2], [9, 2], {"days": [9]})


def test_both_colours_and_any_result_are_taken() -> None:
    """S2.38: asynchronous, of any type; synchronous ones as well."""

    async def later(params: dict[str, Any], ctx: DynamicToolContext) -> Any:
        await asyncio.sleep(0)
        await ctx.report_progress(1, 2, "half")
        return [params, ctx.user_id, ctx.auditing_id]

    register_dynamic_tool(installed, definition(execute=later, parameters={"city": CITY}))
    assert used({"city": "Oslo"}, user_id="u").data == [{"city": "Oslo"}, "u", 0]
    register_dynamic_tool(installed, definition(name="plain", execute=lambda params, ctx: "just text"))
    assert used({}, "plain").text == "just text"


def test_a_closure_and_a_method_do_the_work() -> None:
    """S2.45, S2.59: state comes by closure or from an object, and many are made in a loop."""

    class Client:
        def __init__(self, at: str) -> None:
            self.at = at

        def ask(self, params: dict[str, Any], ctx: DynamicToolContext) -> str:
            return self.at

    for at in ("north", "south"):
        register_dynamic_tool(installed, definition(name=at, execute=Client(at).ask))
    assert functions.names() == ("north", "south")
    assert (used({}, "north").text, used({}, "south").text) == ("north", "south")


def test_text_and_number_are_taken_as_a_person() -> None:
    """S2.81."""
    assert DynamicToolContext(userId=7).userId == DynamicToolContext(userId="7").user_id == "7"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "error", [ToolFailed("No such city."), InvalidArguments("Spell it."), ValueError("x")]
)
def test_errors_are_answers_to_the_model(error: Exception) -> None:
    def broken(params: dict[str, Any], ctx: DynamicToolContext) -> Iterator[str]:
        raise error

    register_dynamic_tool(installed, definition(execute=broken))
    with pytest.raises(ToolFailed) as told:
        used({})
    assert ("broke unexpectedly" in told.value.message) is isinstance(error, ValueError)
