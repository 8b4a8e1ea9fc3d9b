"""ToolContext behaves like a dictionary of identity, and one call's context never touches another's."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tools_app import context as contexts
from tools_app.context import MissingContextKey, ToolContext, merged, require_identity, secured
from tools_app.definition import ToolDefinition
from tools_app.exceptions import ToolContextError, ToolFailed


def test_everything_is_absent_by_default() -> None:
    """S3.6-9, S3.12, S3.38: typed fields, each absent by itself, and a fresh mapping for each context."""
    empty = ToolContext()
    assert (empty.tool_name, empty.tool_call_id, empty.deps, empty.progress_callback) == (
        None,
        None,
        {},
        None,
    )
    assert ToolContext().deps is not ToolContext().deps


def test_it_reads_and_writes_like_a_dictionary() -> None:
    """S3.1, S3.8, S3.13, S3.20-22, S3.39-47, S3.65, S3.70: brackets are `deps`, and all methods exist."""
    ctx = ToolContext(tool_name="t", tool_call_id="7", deps={"user_id": "u1", "org_id": "o1"})
    assert ctx["user_id"] == ctx.deps["user_id"] == "u1"
    assert ctx.get("locale") is None
    assert ctx.get("locale", "en-US") == "en-US"
    ctx["locale"] = "de"
    assert "locale" in ctx
    assert "nothing" not in ctx
    assert list(ctx.keys()) == list(ctx) == ["user_id", "org_id", "locale"]
    assert list(ctx.values()) == ["u1", "o1", "de"]
    assert dict(ctx.items()) == {"user_id": "u1", "org_id": "o1", "locale": "de"}
    assert len(ctx) == 3
    assert dict(ctx) == ctx.deps


def test_an_empty_context_is_still_a_context() -> None:
    """S3.47, S3.104: absence is asked by `is None`, never by emptiness."""
    assert len(ToolContext()) == 0
    assert ToolContext()


def test_a_missing_key_is_a_key_error_that_knows_tool_and_key() -> None:
    """S3.20, S3.62, S3.63, S3.91."""
    with pytest.raises(KeyError) as missing:
        ToolContext(tool_name="orders")["user_id"]
    assert isinstance(missing.value, MissingContextKey)
    assert (missing.value.key, missing.value.tool_name) == ("user_id", "orders")
    told = ToolContextError("orders", "user_id")
    assert isinstance(told, ToolFailed)
    assert "orders" in told.message
    assert "user_id" in told.message


def test_a_key_of_a_tools_own_dictionary_is_not_a_missing_context() -> None:
    """S3.91: other key errors stay the failures of the tool."""
    with pytest.raises(KeyError) as missing:
        dict[str, str]()["user_id"]
    assert not isinstance(missing.value, MissingContextKey)


def test_required_identity_names_every_missing_key() -> None:
    """S3.64, S3.78: all that are missing, in one error; a plain dictionary will do."""
    require_identity(ToolContext(deps={"user_id": "1", "org_id": "2"}), "user_id", "org_id")
    for ctx in (ToolContext(deps={"org_id": "2"}), {"org_id": "2"}):
        with pytest.raises(ValueError, match="user_id, session_id") as refused:
            require_identity(ctx, "user_id", "org_id", "session_id")
        assert "org_id" not in str(refused.value)


def test_the_run_wins_over_the_agent_and_both_contribute() -> None:
    """S3.29-33, S3.101: the worked example; shallow, so lists are replaced."""
    agent = {"org_id": "default-org", "tier": "free", "permissions": ["read"]}
    run = {"org_id": "acme", "user_id": "u1", "permissions": ["write"]}
    assert merged(agent, run) == {"org_id": "acme", "tier": "free", "user_id": "u1", "permissions": ["write"]}
    assert merged(None, None) == {}
    assert agent["permissions"] == ["read"]


def test_identity_comes_from_the_server_whatever_agent_and_run_say() -> None:
    """S3.93, S3.94: what the server does not set is dropped, and not believed."""
    asked = {"user_id": "root", "roles": ["admin"], "permissions": ["everything"], "tier": "gold"}
    assert secured(asked, {"user_id": "7", "permissions": ["chat"]}) == {
        "tier": "gold",
        "user_id": "7",
        "permissions": ["chat"],
    }


def test_each_call_has_its_own_copy() -> None:
    """S3.90, S3.96: any value may lie in `deps`; what is written never flows back."""
    live = object()
    shared = ToolContext(deps={"permissions": ["read"], "nested": {"a": [1]}, "client": live})
    one = shared.for_call("t", "1")
    one["permissions"].append("write")
    one["nested"]["a"].append(2)
    one["new"] = True
    two = shared.for_call("t", "2")
    assert two.deps == {"permissions": ["read"], "nested": {"a": [1]}, "client": live}
    assert two["client"] is live
    assert (one.tool_name, one.tool_call_id, two.tool_call_id) == ("t", "1", "2")


def test_progress_may_be_awaited_and_need_not_be() -> None:
    seen: list[tuple[int, int, str]] = []
    ctx = ToolContext(
        progress_callback=lambda current, total, message: seen.append((current, total, message))
    )
    ctx.report_progress(1, 3, "one")

    async def tool() -> None:
        assert ctx.progress_callback is not None
        await ctx.progress_callback(2, 3, "two")
        await ctx.report_progress(3, 3)

    asyncio.run(tool())
    assert seen == [(1, 3, "one"), (2, 3, "two"), (3, 3, "")]


def test_an_asynchronous_callback_is_handed_on_as_it_is() -> None:
    seen: list[int] = []

    async def callback(current: int, total: int, message: str) -> None:
        seen.append(current)

    ctx = ToolContext(progress_callback=callback)
    assert ctx.progress_callback is callback

    async def tool() -> None:
        await ctx.report_progress(1, 2, "")

    asyncio.run(tool())
    assert seen == [1]


def test_progress_without_a_listener_is_nothing() -> None:
    async def tool() -> None:
        await ToolContext().report_progress(1, 2)

    ToolContext().report_progress(1, 2)
    asyncio.run(tool())


def test_sets_are_copied_too() -> None:
    roles = {"a"}
    contexts.copied({"roles": roles})["roles"].add("b")
    assert roles == {"a"}


def test_a_model_sees_three_fields_and_none_of_our_notes() -> None:
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {"path": {"type": "string", "x-kind": "path"}, "x-mode": {"type": "string"}},
        "x-note": 1,
    }
    shown = ToolDefinition("read_file", "Reads.", schema, category="files").for_model()
    assert shown == {
        "name": "read_file",
        "description": "Reads.",
        "input_schema": {
            "type": "object",
            "properties": {"path": {"type": "string"}, "x-mode": {"type": "string"}},
        },
    }
    assert schema["properties"]["path"]["x-kind"] == "path"
