"""The two ways to register, for what each is made (S2.5, S2.42, S2.45): both end as the same kind of tool."""

from __future__ import annotations

from typing import Any

import pytest

from tools_app import functions
from tools_app.functions import ToolContext, installed, register, register_dynamic_tool, tool

pytestmark = pytest.mark.filterwarnings("ignore::tools_app.functions.PoorDocstring")
NAMES = (
    "DynamicToolContext",
    "DynamicToolDefinition",
    "DynamicToolExecute",
    "ToolParameter",
    "ToolRegistry",
    "register_dynamic_tool",
)


def test_the_names_of_the_source_are_public() -> None:
    """S2.5."""
    assert set(NAMES) <= set(functions.__all__)
    assert all(hasattr(functions, name) for name in NAMES)


def test_what_is_known_when_it_is_written_is_decorated() -> None:
    """S2.42: the registered form says the same in more words."""

    @tool
    def double(number: int) -> int:
        """Doubles a number."""
        return 2 * number

    async def execute(parameters: dict[str, Any], context: Any) -> int:
        return 2 * int(parameters["number"])

    parameters = {"number": {"type": "integer", "description": ""}}
    definition = {
        "name": "twice",
        "description": "Doubles a number.",
        "parameters": parameters,
        "execute": execute,
    }
    register_dynamic_tool(installed, definition)
    one, other = functions.named("double").definition, functions.named("twice").definition
    assert one.description == other.description
    assert one.input_schema["required"] == other.input_schema["required"] == ["number"]


def test_what_needs_a_class_keeps_its_state_in_it() -> None:
    """S2.45: a method of an object that was made once, or a function that closes over the same."""

    class Counter:
        def __init__(self, step: int) -> None:
            self.step, self.total = step, 0

        def count(self, ctx: ToolContext) -> int:
            """Counts one step further."""
            self.total += self.step
            return self.total

    counter = Counter(5)
    register([counter.count])
    assert functions.named("count").definition.input_schema["properties"] == {}
    assert (counter.count(ToolContext()), counter.count(ToolContext())) == (5, 10)
