"""Which functions can be factories, what they are given, and what they may bring."""

from __future__ import annotations

import asyncio
import logging
import sys
import textwrap
import threading
import types
import warnings
from pathlib import Path
from typing import Any

import pytest

from tests.tools.factories.making import AGENT, DECLARED, add_to, binding
from tools_app import factories, limited
from tools_app.exceptions import FactoryFailed, NotAFactory, NotATool
from tools_app.factories import (
    RunContext,
    Toolkit,
    building,
    keys,
    register_factory,
    tool_factory,
    tool_method,
)
from tools_app.functions import Tool, register

ROOT = Path(__file__).resolve().parents[3]


def built(factory: str = "notes", **changes: Any) -> building.Built:
    asked = binding(factory, **changes)
    return building.build(asked, asked.run)


class Notes(Toolkit):
    """Two tools over one list."""

    def __init__(self, owner: str) -> None:
        self.owner, self.kept, self.closed = owner, [], 0  # type: ignore[var-annotated]

    @tool_method
    def add(self, text: str) -> str:
        """Add a note.

        Args:
            text: What to remember.
        """
        self.kept.append(text)
        return f"{self.owner}: {len(self.kept)}"

    @tool_method(name="search", idempotent=True)
    def find(self, text: str) -> list[str]:
        """Search the notes.

        Args:
            text: A part of a note.
        """
        return [each for each in self.kept if text in each]

    def unmarked(self) -> None: ...

    def close(self) -> None:
        self.closed += 1


def only_context(run_context: RunContext) -> list[Any]:
    return [add_to([str(run_context.user_id)])]


def agent_and_state(agent: factories.Agent, session_state: Any) -> list[Any]:
    return [add_to([agent.name, str(session_state["cart"])])]


def context_and_agent(agent: factories.Agent, run_context: RunContext) -> list[Any]:
    return [add_to([agent.name, run_context.run_id])]


def nothing() -> list[Any]:
    return [add_to(["bare"])]


def state_with_default(limit: int = 3, *, session_state: Any) -> list[Any]:
    return [add_to([str(limit), str(session_state["cart"])])]


@pytest.mark.parametrize(
    ("function", "before"),
    [
        (only_context, "1"),
        (agent_and_state, "clerk, 5"),
        (context_and_agent, "clerk, r1"),
        (nothing, "bare"),
        (state_with_default, "3, 5"),
    ],
)
def test_parameters_are_filled_by_name(function: Any, before: str) -> None:
    """S0.4-6, S0.22-26: any subset of run context, agent and session state, in any order."""
    register_factory("notes", function, tools=DECLARED)
    tool = built(state={"cart": 5}).tools["add"]
    assert tool.function("more") == f"{before}, more"


def test_the_run_context_holds_what_is_known() -> None:
    """S0.16-21, S0.28: two ids always, three values or nothing, and room for more; the agent has its model."""
    bare = RunContext("r", "s")
    assert (bare.run_id, bare.session_id, bare.user_id, bare.session_state, bare.dependencies) == (
        "r",
        "s",
        None,
        None,
        None,
    )
    more = RunContext("r", "s", more={"locale": "de"})
    assert more.locale == "de"
    with pytest.raises(AttributeError, match="tenant"):
        _ = more.tenant
    assert AGENT.model == "claude-sonnet-5-5"


def test_what_a_factory_writes_into_its_context_reaches_nobody() -> None:
    asked = binding(dependencies={"labels": ["a"]})
    asked.run.own().dependencies["labels"].append("b")  # type: ignore[index]
    assert asked.run.dependencies["labels"] == ["a"]  # type: ignore[index]


def test_an_asynchronous_factory_runs_on_the_bridge() -> None:
    async def notes(run_context: RunContext) -> list[Any]:
        return [add_to([threading.current_thread().name, run_context.session_id])]

    register_factory("notes", notes, tools=DECLARED)
    assert built().tools["add"].function("x") == "bridge, s1, x"


def test_a_toolkit_brings_several_tools_that_share_what_it_holds() -> None:
    """S0.9, S3.16: declared by its class, before there is any; nothing of it is called for that."""

    @tool_factory(tools=[Notes])
    def notes(run_context: RunContext) -> Notes:
        return Notes(run_context.user_id or "")

    assert sorted(factories.declared()) == ["add", "search"]
    assert factories.declared()["search"].idempotent
    found = built()
    assert found.tools["add"].function("milk") == "1: 1"
    assert found.tools["search"].function("mi") == ["milk"]
    kit = found.tools["add"].function.__self__  # type: ignore[attr-defined]
    found.close()
    assert kit.closed == 1


def test_a_factory_may_leave_out_what_it_declared() -> None:
    """S0.13: it decides for each run which of its tools there are."""

    @tool_factory(tools=[Notes])
    def notes(run_context: RunContext) -> list[Any]:
        return [] if run_context.user_id == "2" else [Notes("x")]

    assert sorted(built().tools) == ["add", "search"]
    assert built(user="2").tools == {}


def test_what_was_not_declared_or_granted_is_left_out_and_told(caplog: pytest.LogCaptureFixture) -> None:
    """Cross-seed decision 5: narrows or rebinds, never widens."""

    def delete_everything() -> str:
        """Delete it all."""
        return "gone"

    @tool_factory(tools=[Notes])
    def notes() -> list[Any]:
        return [Notes("x"), delete_everything]

    with caplog.at_level(logging.WARNING):
        found = built(granted=frozenset({"add"}))
    assert list(found.tools) == ["add"]
    assert found.dropped == {
        "search": "it is not granted to this persona",
        "delete_everything": "it did not say that it may bring it",
    }
    assert "delete_everything" in caplog.text
    assert (found.to_tell() != {}, found.to_tell()) == (True, {})


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"is_dangerous": True}, "stricter"),
        ({"requires_approval": True}, "stricter"),
        ({"required_permissions": ("audit.view",)}, "stricter"),
    ],
)
def test_flags_belong_to_the_row(changed: dict[str, Any], words: str) -> None:
    """The gate asks the row: a flag that only the factory knows would be passed over, so the tool is left out."""
    register_factory("notes", lambda: [Tool(add_to([]), **changed)], tools=DECLARED)
    assert words in built().dropped["add"]


def test_other_parameters_than_declared_are_left_out() -> None:
    def add(text: str, owner: str) -> str:
        """Add a note to anybody's.

        Args:
            text: What.
            owner: Whose.
        """
        return text + owner

    register_factory("notes", lambda: [add], tools=DECLARED)
    assert "other parameters" in built().dropped["add"]


def test_a_registered_function_may_be_bound_anew() -> None:
    register(add_to([]))
    (known,) = register(Tool(lambda: None, name="plain", description="Nothing."))
    register_factory("notes", lambda: [add_to(["mine"])], tools=[add_to([])])
    assert built().tools["add"].function("x") == "mine, x"
    assert known.name == "plain"


def unknown_parameter(run_context: Any, database: Any) -> list[Any]:
    return [run_context, database]


def anything(*args: Any, **kwargs: Any) -> list[Any]:
    return [args, kwargs]


def yields(run_context: Any) -> Any:
    yield run_context


@pytest.mark.parametrize(
    ("name", "function", "more", "words"),
    [
        ("Notes!", nothing, {}, "no name"),
        ("notes", unknown_parameter, {}, "cannot be given database"),
        ("notes", anything, {}, "filled by name"),
        ("notes", yields, {}, "yields"),
        ("notes", Notes, {}, "no function"),
        ("notes", 3, {}, "no function"),
        ("notes", nothing, {"tools": []}, "says of no tool"),
        ("notes", nothing, {"tools": [add_to([]), add_to([])]}, "two tools of one name"),
        ("notes", nothing, {"tools": [Tool(nothing, name="current_time", quiet=True)]}, "built-in"),
        ("notes", nothing, {"timeout_seconds": 0}, "above 0"),
        ("notes", nothing, {"close": 3}, "close"),
        ("notes", nothing, {"tools": [{"name": "add"}]}, "dictionary"),
    ],
)
def test_what_cannot_be_a_factory_is_refused_at_once(
    name: str, function: Any, more: dict[str, Any], words: str
) -> None:
    """S1.38 for factories: at registration, and not at the first run."""
    with pytest.raises(NotATool, match=words):
        register_factory(name, function, **{"tools": DECLARED, **more})
    assert factories.names() == ()


def test_two_factories_may_bring_one_tool_with_the_same_parameters_only() -> None:
    register_factory("one", nothing, tools=DECLARED)
    register_factory("two", only_context, tools=[add_to([])])

    def add(number: int) -> int:
        """Add.

        Args:
            number: What.
        """
        return number

    with pytest.raises(NotAFactory, match="other parameters"):
        register_factory("three", context_and_agent, tools=[add])
    with pytest.raises(NotAFactory, match="already"):
        register_factory("one", context_and_agent, tools=DECLARED)
    register_factory("one", nothing, tools=DECLARED)


def broken() -> list[Any]:
    raise RuntimeError("the password is hunter2")


def text() -> Any:
    return "a tool"


def twice() -> list[Any]:
    return [add_to([]), add_to([])]


@pytest.mark.parametrize("function", [broken, text, twice])
def test_a_factory_that_fails_is_one_typed_error(function: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Who reads it learns that it failed; only the log says why."""
    register_factory("notes", function, tools=DECLARED)
    with pytest.raises(FactoryFailed) as failed:
        built()
    assert "hunter2" not in failed.value.message + str(failed.value.details)
    assert "the factory notes failed" in caplog.text


def test_a_factory_that_is_gone_is_the_same_error() -> None:
    with pytest.raises(FactoryFailed, match="no factory 'notes'"):
        built()


def test_a_slow_factory_is_left_behind_and_what_comes_late_is_closed() -> None:
    """S0.50: it must not hold up anybody, and its connections must not leak."""
    go_on, closed = threading.Event(), threading.Event()

    def slow() -> list[Any]:
        go_on.wait(20)
        return [Notes("late")]

    register_factory("notes", slow, tools=[Notes], timeout_seconds=0.01, close=lambda _: closed.set())
    with pytest.raises(FactoryFailed):
        built()
    assert limited.hanging() == 1
    go_on.set()
    assert closed.wait(20)
    assert limited.hanging() == 0


def test_a_slow_asynchronous_factory_is_cancelled() -> None:
    ended = threading.Event()

    async def slow() -> list[Any]:
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()
        return []

    register_factory("notes", slow, tools=DECLARED, timeout_seconds=0.01)
    with pytest.raises(FactoryFailed):
        built()
    assert ended.wait(20)


def test_the_recipe_of_the_readme_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its factory and its key are registered, with nothing to warn of."""
    recipe = (ROOT / "README.md").read_text().partition("### Build tools per user")[2]
    blocks = [textwrap.dedent(each.partition("```")[0]) for each in recipe.split("```python\n")[1:3]]
    module = types.ModuleType("notes_of_everybody")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for code in blocks:
            exec(code, module.__dict__)
    found = built("my_notes", granted=frozenset({"add_note"})).tools["add_note"]
    assert (found.function("milk"), found.function("bread")) == ("1 kept.", "2 kept.")
    assert built("my_notes", user=None, granted=frozenset({"add_note"})).tools == {}
    assert keys.own_key(binding(key="customer")) == '"_default_"'


def test_what_was_made_by_declared_code_is_that_tool_and_not_read_again() -> None:
    """With its name, hook and limits; other hints or defaults make it another one."""

    def tools_of(owner: str, most: int = 3) -> list[Any]:
        def remember(text: str, times: int = most) -> str:
            """Remember.

            Args:
                text: What.
                times: How often.
            """
            return f"{owner}: {text * times}"

        return [remember]

    (plain,) = tools_of("")
    declared = Tool(plain, name="keep", timeout_seconds=7)
    register_factory("notes", lambda run_context: tools_of(run_context.user_id), tools=[declared])
    (bound,) = built(granted=frozenset({"keep"})).tools.values()
    assert (bound.name, bound.timeout_seconds, bound.signature is declared.signature) == ("keep", 7, True)
    assert bound.function("x") == "1: xxx"
    assert declared.function is plain
    register_factory("others", lambda: tools_of("me", most=5), tools=[declared])
    assert built("others", granted=frozenset({"keep"})).tools == {}
