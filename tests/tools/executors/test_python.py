"""The python executor: functions run on the spot or on the bridge, and whatever they do comes back as an answer."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime
import enum
import json
import threading
from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from tests.live import wait_for
from tools_app import executors, functions, limited
from tools_app.context import ToolContext
from tools_app.definition import ToolDefinition
from tools_app.exceptions import ToolContextError, ToolFailed
from tools_app.executors import ToolResult, Work, stopping
from tools_app.executors.python import PythonExecutor
from tools_app.functions import Tool, registry

pytestmark = pytest.mark.filterwarnings("ignore::tools_app.functions.PoorDocstring")


@pytest.fixture(autouse=True)
def _nothing_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_tools", {})


def run(function: Callable[..., Any], arguments: dict[str, Any] | None = None, **more: Any) -> ToolResult:
    """Carry it out as the worker does: by name, with what its row would say."""
    context = more.pop("context", ToolContext())
    registry._tools.clear()
    (tool,) = functions.register(Tool(function, name="tried", **more))
    work = Work("tried", "python", tool.definition.as_json(), {"fingerprint": tool.fingerprint})
    return PythonExecutor().execute(work, arguments or {}, context)


@dataclasses.dataclass
class Point:
    x: int


class Colour(enum.StrEnum):
    RED = "red"


@pytest.mark.parametrize(
    ("value", "text", "data"),
    [
        ("plain", "plain", None),
        (Colour.RED, "red", None),
        (3, "3", 3),
        (None, "null", None),
        ([Point(1)], '[{"x":1}]', [{"x": 1}]),
        ({"on": datetime.date(2026, 1, 2)}, '{"on":"2026-01-02"}', {"on": "2026-01-02"}),
        ({"price": Decimal("1.10"), "é": float("nan")}, '{"price":"1.10","é":"NaN"}', None),
        (datetime.date(2026, 1, 2), "2026-01-02", None),
        (ToolResult("shown", {"kept": 1}), "shown", {"kept": 1}),
    ],
)
def test_what_is_not_text_becomes_json(value: Any, text: str, data: Any) -> None:
    """S2.38: a result of any type."""
    result = run(lambda: value)
    assert result.text == text
    assert result.data == data or json.loads(text) == result.data


def test_an_asynchronous_function_runs_on_the_bridge() -> None:
    """S1.2: synchronous and asynchronous functions alike; the others each in a thread of their own."""

    async def where(ctx: ToolContext) -> str:
        await ctx.report_progress(1, 1, "done")
        return threading.current_thread().name

    def here() -> str:
        return threading.current_thread().name

    assert run(where).text == "bridge"
    assert run(here).text == "tool tried"


def steps(ctx: ToolContext) -> str:
    ctx.report_progress(1, 2, "half")
    ctx.report_progress(2, 2)
    return "done"


async def steps_later(ctx: ToolContext) -> str:
    await ctx.report_progress(1, 2, "half")
    ctx.report_progress(2, 2)
    return "done"


@pytest.mark.parametrize("function", [steps, steps_later])
def test_progress_is_told_by_the_thread_that_waits(function: Callable[..., Any]) -> None:
    """S3.9, S3.10, S3.100: for every kind of tool; the bridge's own thread may not write to the database."""
    seen: list[tuple[Any, ...]] = []

    def told(*progress: Any) -> None:
        seen.append((*progress, threading.current_thread()))

    assert run(function, context=ToolContext(progress_callback=told)).text == "done"
    here = threading.current_thread()
    assert seen == [(1, 2, "half", here), (2, 2, "", here)]


@pytest.mark.parametrize("function", [steps, steps_later])
def test_progress_that_cannot_be_told_ends_no_tool(function: Callable[..., Any]) -> None:
    """S3.11: a callback may be asynchronous, and may fail; the work goes on."""
    seen: list[str] = []

    async def told(current: int, total: int, message: str = "") -> None:
        seen.append(message)
        raise RuntimeError("no line")

    assert run(function, context=ToolContext(progress_callback=told)).text == "done"
    assert seen == ["half", ""]


def broken() -> None:
    raise RuntimeError("secret detail")


async def broken_later() -> None:
    raise RuntimeError("secret detail")


def leaves() -> None:
    raise SystemExit("secret detail")


def own_key() -> str:
    return dict[str, str]()["secret detail"]


def not_json() -> object:
    return object()


def binary() -> bytes:
    return b"\xff\xfe secret detail"


def endless() -> list[Any]:
    ring: list[Any] = ["secret detail"]
    ring.append(ring)
    return ring


@pytest.mark.parametrize(
    "function",
    [broken, broken_later, leaves, own_key, not_json, binary, endless],
    ids=lambda each: each.__name__,
)
def test_what_a_function_raises_is_an_answer_without_details(function: Callable[..., Any]) -> None:
    """S3.66: the model learns that it failed; the log has the story."""
    with pytest.raises(ToolFailed, match="broke unexpectedly") as told:
        run(function)
    assert "secret detail" not in told.value.message


def test_a_function_may_say_what_the_model_should_do() -> None:
    """S3.66."""

    def refuse() -> None:
        raise ToolFailed("There is no such order. Ask for its number.", code="no_order")

    with pytest.raises(ToolFailed, match="Ask for its number") as told:
        run(refuse)
    assert told.value.code == "no_order"


def test_a_key_that_the_context_lacks_is_named() -> None:
    """S3.20, S3.62, S3.63, S3.91."""

    async def mine(ctx: ToolContext) -> Any:
        return ctx["user_id"]

    with pytest.raises(ToolContextError, match=r"tried.*'user_id'"):
        run(mine)


def test_nothing_flows_back_out_of_a_call() -> None:
    """S3.96: each call has a copy of its own of arguments and context."""

    def write(ctx: ToolContext, names: list[str]) -> None:
        ctx["user_id"] = "other"
        ctx["roles"].append("admin")
        names.append("more")

    context, sent = ToolContext(deps={"user_id": "7", "roles": ["member"]}), {"names": ["one"]}
    run(write, sent, context=context)
    assert context.deps == {"user_id": "7", "roles": ["member"]}
    assert sent == {"names": ["one"]}


def test_arguments_that_do_not_fit_are_told_to_the_model() -> None:
    """S1.40."""

    def pay(amount: Decimal) -> None: ...

    with pytest.raises(ToolFailed, match="amount") as told:
        run(pay, {"amount": "much"})
    assert told.value.code == "invalid_arguments"


def test_a_function_that_is_not_there_is_refused_with_the_reason() -> None:
    """A row outlives the code it names: it is not ready, and says why."""
    assert PythonExecutor().readiness("tried") == (
        "Its function is not part of this installation: no module of TOOL_MODULES registers it."
    )
    with pytest.raises(ToolFailed, match="no function") as told:
        PythonExecutor().execute(Work("tried", "python", {}, {}), {}, ToolContext())
    assert told.value.code == "unknown_tool"
    functions.register(Tool(broken, name="tried"))
    assert PythonExecutor().readiness("tried") == ""


def test_a_row_made_for_other_parameters_is_refused() -> None:
    """What was reviewed in the catalog is what runs; until it is seeded anew the tool rests."""
    functions.register(Tool(not_json, name="tried"))
    with pytest.raises(ToolFailed, match="seed") as told:
        PythonExecutor().execute(Work("tried", "python", {}, {"fingerprint": "old"}), {}, ToolContext())
    assert told.value.code == "definition_changed"


def only_red(ctx: ToolContext, definition: ToolDefinition) -> ToolDefinition | None:
    if "paint" not in ctx.get("permissions", []):
        return None
    schema = {**definition.input_schema, "properties": {"colour": {"type": "string", "enum": ["red"]}}}
    return replace(definition, input_schema=schema)


async def only_red_later(ctx: ToolContext, definition: ToolDefinition) -> ToolDefinition | None:
    return only_red(ctx, definition)


@pytest.mark.parametrize("prepare", [only_red, only_red_later])
def test_what_prepare_leaves_out_does_not_run_either(
    prepare: Callable[..., ToolDefinition | Awaitable[ToolDefinition | None] | None],
) -> None:
    """S1.31, S1.32: a model may ask for what it was not shown, and gets nothing by it."""

    def paint(colour: str, *, twice: bool = False) -> str:
        return f"{colour} {twice}"

    def painted(**sent: Any) -> str:
        context = ToolContext(deps={"permissions": ["paint"]})
        return run(paint, sent, prepare=prepare, context=context).text

    with pytest.raises(ToolFailed, match="not offered") as told:
        run(paint, {"colour": "red"}, prepare=prepare)
    assert told.value.code == "not_offered"
    with pytest.raises(ToolFailed, match="colour"):
        painted(colour="blue")
    with pytest.raises(ToolFailed, match="twice"):
        painted(colour="red", twice=True)
    assert painted(colour="red") == "red False"


def test_it_is_found_by_its_kind() -> None:
    executors.register("python", "tools_app.executors.python.PythonExecutor")
    assert isinstance(executors.of("python"), PythonExecutor)
    assert not executors.readiness("python", "nothing")[0]


def test_a_function_that_hangs_ends_its_call_and_not_the_worker() -> None:
    """Its thread is left behind; what it returns later is nobody's."""
    go_on = threading.Event()

    def hangs() -> str:
        go_on.wait(20)
        return "too late"

    with pytest.raises(ToolFailed, match=r"took longer than 0\.01 seconds") as given_up:
        run(hangs, timeout_seconds=0.01)
    assert given_up.value.code == "timeout"
    assert limited.hanging() == 1
    assert run(lambda: "well").text == "well"
    go_on.set()
    wait_for(lambda: limited.hanging() == 0, what="the thread to come back")


def test_only_so_many_may_hang(settings: Any) -> None:
    settings.HANGING_FUNCTIONS = 1
    go_on = threading.Event()
    with pytest.raises(ToolFailed):
        run(lambda: go_on.wait(20), timeout_seconds=0.01)
    with pytest.raises(ToolFailed, match="not begun") as refused:
        run(lambda: "never")
    assert (refused.value.code, refused.value.retryable) == ("busy", True)
    go_on.set()
    wait_for(lambda: limited.hanging() == 0, what="the thread to come back")
    assert run(lambda: "again").text == "again"


def test_an_asynchronous_function_that_hangs_is_cancelled() -> None:
    ended = threading.Event()

    async def hangs() -> str:
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()
        return "never"

    with pytest.raises(ToolFailed) as given_up:
        run(hangs, timeout_seconds=0.01)
    assert given_up.value.code == "timeout"
    assert ended.wait(20)


def test_stop_ends_an_asynchronous_function() -> None:
    """As it ends every tool that asks; a plain function may ask by itself."""
    began, ended, stop = threading.Event(), threading.Event(), threading.Event()

    async def waits() -> str:
        began.set()
        stop.set()
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()
        return "never"

    with stopping.heeding(stop.is_set), pytest.raises(ToolFailed) as stopped:
        run(waits)
    assert stopped.value.code == "cancelled"
    assert began.is_set()
    assert ended.wait(20)

    def asks() -> bool:
        return stopping.asked()

    with stopping.heeding(lambda: True):
        assert run(asks).text == "true"
