"""How functions become tools: which forms are taken, and what is refused at once (S1.1-8, S1.35-38)."""

from __future__ import annotations

import functools
import inspect
import sys
import textwrap
import types
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import pytest
from pydantic import Field

from tools_app import functions
from tools_app.context import ToolContext
from tools_app.exceptions import Misconfigured, NotATool, UnknownTool
from tools_app.functions import Tool, register, tool

if TYPE_CHECKING:
    from fractions import Fraction

ROOT = Path(__file__).resolve().parents[3]

pytestmark = pytest.mark.filterwarnings("ignore::tools_app.functions.PoorDocstring")


def add(a: int, b: int) -> int:
    """Add two numbers.

    Args:
        a: One number.
        b: Another.
    """
    return a + b


async def slowly(a: int) -> int:
    """Return a number."""
    return a


class Shop:
    def find(self, name: str) -> str:
        """Find a thing."""
        return name

    def __call__(self, count: int) -> int:
        """Buy things."""
        return count


def test_a_mixed_list_is_taken() -> None:
    """S1.1-3, S1.7: functions, methods and wrappers, synchronous or not, in one list."""
    shop = Shop()
    kept = register([add, slowly, Tool(shop, name="buy"), [shop.find]])
    assert [each.name for each in kept] == ["add", "slowly", "buy", "find"]
    assert functions.names() == ("add", "slowly", "buy", "find")
    assert functions.named("find").definition.description == "Find a thing."
    assert functions.named("buy").definition.input_schema["required"] == ["count"]


def test_decorating_and_registering_are_the_same() -> None:
    """S1.35: and a decorated function stays the function it was."""
    assert tool(add) is add
    decorated = functions.named("add")
    assert add(1, 2) == 3
    assert register(add) == [decorated]
    assert Tool(add).definition == decorated.definition


def test_a_decorator_may_say_more() -> None:
    """S1.4-6, S1.36, S1.37: name, description and prepare; a decorated function in a list is still that tool."""

    def never(ctx: ToolContext, definition: object) -> None: ...

    tool(name="sum", description="Adds.", prepare=never, is_dangerous=True, tags=("math",))(add)
    kept = functions.named("sum")
    assert (kept.definition.description, kept.prepare, kept.is_dangerous) == ("Adds.", never, True)
    assert register([add, slowly])[0] is kept
    assert functions.names() == ("sum", "slowly")


def test_a_bundle_closes_over_what_it_needs() -> None:
    """S3.14-17, S3.75: a function captures infrastructure and returns a list of tool functions."""

    def orders(database: dict[str, list[str]]) -> list[Callable[..., Any]]:
        def list_orders(ctx: ToolContext, limit: int = 10) -> list[str]:
            """List orders."""
            return database[ctx["user_id"]][:limit]

        def add_order(ctx: ToolContext, item: str) -> None:
            """Add an order."""
            database[ctx["user_id"]].append(item)

        return [list_orders, add_order]

    rows = {"7": ["tea"]}
    listing, adding = register(orders(rows))
    adding.call({"item": "milk"}, ToolContext(deps={"user_id": "7"}))
    assert listing.call({}, ToolContext(deps={"user_id": "7"})) == ["tea", "milk"]


def variadic(*args: int) -> None: ...
def keywords(**kwargs: int) -> None: ...
def positional(a: int, /) -> None: ...
def wrong_type(a: types.ModuleType) -> None: ...
def unknown_hint(a: Fraction) -> None: ...
def callback(a: Callable[[], int]) -> None: ...
def late_context(a: int, who: ToolContext) -> None: ...
def optional_late(a: int, who: ToolContext | None = None) -> None: ...
def reserved(user_id: str) -> None: ...
def field_default(a: int = Field(default=3)) -> None: ...
def bad_field(a: Annotated[int, Field(pattern="[")]) -> None: ...
def two_alike(a: int, context: str, context_: str) -> None: ...
def yields() -> Iterator[int]:
    yield 1


async def yields_later() -> AsyncIterator[int]:
    yield 1


def Upper(a: int) -> None: ...  # noqa: N802


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (variadic, "any number"),
        (keywords, "any number"),
        (positional, "by name"),
        (wrong_type, "cannot be turned into a schema"),
        (unknown_hint, "Fraction"),
        (callback, "cannot be turned into a schema"),
        (late_context, "must come first"),
        (optional_late, "must come first"),
        (reserved, "name of the house"),
        (field_default, "Annotated"),
        (two_alike, "one name"),
        (bad_field, "cannot be turned into a schema"),
        (yields, "yields"),
        (yields_later, "yields"),
        (Upper, "lower-case"),
        (Shop.find, "method of an object"),
        (lambda a: a, "name=..."),
        (Shop(), "name=..."),
        (functools.partial(add, 1), "name=..."),
        (Shop, "not a function"),
        (3, "not a function"),
        ("add", "not a function"),
        ({"name": "add", "description": "Adds.", "input_schema": {"type": "object"}}, "dictionary"),
    ],
)
def test_what_cannot_be_a_tool_is_refused_at_once(given: Any, words: str) -> None:
    """S1.8, S1.38, S1.42: at registration and not at the first call; dictionaries never."""
    with pytest.raises(NotATool, match=words):
        register([add, given])
    assert functions.names() == ()


def test_a_prepare_that_cannot_be_called_is_refused_at_once() -> None:
    """S1.38."""
    with pytest.raises(NotATool, match="prepare"):
        Tool(add, prepare=lambda ctx: None)  # type: ignore[arg-type]


def test_two_functions_cannot_have_one_name() -> None:
    """S1.38: nor one of a built-in tool; loading the same module again is no second function."""
    register(add)
    with pytest.raises(NotATool, match="already"):
        register(Tool(slowly, name="add"))
    with pytest.raises(NotATool, match="already"):
        register(Shop().find, Shop().find)
    with pytest.raises(NotATool, match="built-in"):
        register(Tool(add, name="calculate"))
    register(Tool(add))
    assert functions.names() == ("add",)


def test_modules_of_the_setting_are_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    """S1.27, S2.48: tools are defined in code that is loaded when the process starts."""
    with pytest.raises(Misconfigured, match=r"TOOL_MODULES names 'no\.such\.module'"):
        functions.load(["no.such.module"])
    monkeypatch.setitem(sys.modules, "shop_tools", types.ModuleType("shop_tools"))
    functions.load(["shop_tools"])
    with pytest.raises(UnknownTool):
        functions.named("add")


def test_the_recipe_of_the_readme_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its module registers two tools, with nothing to warn of."""
    recipe = (ROOT / "README.md").read_text().partition("### Add a tool from a Python function")[2]
    code = textwrap.dedent(recipe.partition("```python\n")[2].partition("```")[0])
    module = types.ModuleType("shop_tools")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        exec(code, module.__dict__)
    assert functions.names() == ("list_orders", "cancel_order")
    admin = ToolContext(deps={"roles": ["admin"]})
    cancel = functions.named("cancel_order")
    assert functions.prepared(cancel, cancel.definition, admin) == cancel.definition
    assert functions.prepared(cancel, cancel.definition, ToolContext(deps={"roles": []})) is None
    assert cancel.call({"order": 7}, admin) == "Cancelled."


@pytest.mark.parametrize("kind", ["name", "other_name", "annotated", "keyword", "optional"])
def test_the_first_parameter_may_be_the_context(kind: str) -> None:
    """S1.20, S1.21, S3.34-36, S3.99: by name or annotation; passed in, and not in the schema."""

    def name(ctx, a: int) -> Any:  # type: ignore[no-untyped-def]
        return ctx["user_id"], a

    def other_name(context: dict[str, Any], a: int) -> Any:
        return context["user_id"], a

    def annotated(who: ToolContext, a: int) -> Any:
        return who["user_id"], a

    def keyword(*, ctx: ToolContext, a: int) -> Any:
        return ctx["user_id"], a

    def optional(who: ToolContext | None, a: int) -> Any:
        assert who is not None
        return who["user_id"], a

    made = Tool({each.__name__: each for each in (name, other_name, annotated, keyword, optional)}[kind])
    assert list(made.definition.input_schema["properties"]) == ["a"]
    assert made.call({"a": 1}, ToolContext(deps={"user_id": "7"})) == ("7", 1)


def test_a_context_that_is_not_first_is_a_word_of_the_models() -> None:
    """S3.37, S3.99: an ordinary parameter, shown under another name, since the house keeps that word for itself."""

    def explain(word: str, context: str, ctx: int = 0) -> tuple[str, str, int]:
        return word, context, ctx

    made = Tool(explain)
    assert list(made.definition.input_schema["properties"]) == ["word", "context_", "ctx_"]
    sent = {"word": "a", "context_": "b"}
    assert made.call(sent, ToolContext(deps={"user_id": "7"})) == ("a", "b", 0)


def test_a_tool_can_be_tested_like_any_function() -> None:
    """S3.67-74: it stays a plain function, and a plain dictionary may stand in for its context."""

    @tool
    def greet(ctx: ToolContext, word: str = "Hello") -> str:
        """Greet."""
        return f"{word}, {ctx['user_id']}"

    assert greet({"user_id": "7"}) == "Hello, 7"  # type: ignore[arg-type]
    assert not inspect.iscoroutinefunction(greet)


def test_examples_and_numbers_are_looked_at_when_a_tool_is_made() -> None:
    """S1.38: an example that does not fit would teach the model to call the tool wrongly."""

    def add(a: int, b: int = 1) -> int:
        """Add two numbers.

        Args:
            a: One.
            b: The other.
        """
        return a + b

    fitting = {"input": {"a": 1}, "output": 2}
    assert Tool(add, examples=(fitting,)).definition.examples == (fitting,)
    for wrong in ({"input": {"a": "x"}, "output": 2}, {"input": {"a": 1}}, {"input": 1, "output": 2}, 3):
        with pytest.raises(NotATool, match="example 1"):
            Tool(add, examples=(wrong,))  # type: ignore[arg-type]
    for numbers in ({"retries": -1}, {"retries": True}, {"timeout_seconds": 0}, {"timeout_seconds": "1"}):
        with pytest.raises(NotATool, match=r"retries|timeout_seconds"):
            Tool(add, **numbers)


def test_what_is_poor_about_a_docstring_is_kept_for_administrators() -> None:
    """S1.19: the warning is gone with the log; this can be shown beside the row."""
    with pytest.warns(functions.PoorDocstring):
        functions.register(Tool(lambda a: a, name="poor"))
    assert functions.named("poor").remarks == (
        "no docstring says when to use it",
        "not described: a",
        "without a type hint: a",
    )
