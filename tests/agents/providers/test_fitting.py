"""Tools found later and results with sources are sent in the form a model understands, and never in a refused one."""

from dataclasses import replace
from typing import Any

import pytest

from agents_app.providers import capabilities, fitting
from agents_app.providers.base import Endpoint, ModelRequest
from agents_app.providers.wire import CACHED, body_of
from tests.agents.providers.conftest import heard, text_of
from tests.fake_model import FakeModel

KNOWS = "claude-sonnet-5-5"
OLD = "claude-haiku-4-5"
OTHER = "llama3.3:70b"


def tool(name: str, *, deferred: bool = False) -> dict[str, Any]:
    shown = {"name": name, "description": name, "input_schema": {"type": "object"}}
    return {**shown, "defer_loading": True} if deferred else shown


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def reference(name: str) -> dict[str, Any]:
    return {"type": "tool_reference", "tool_name": name}


def source(title: str) -> dict[str, Any]:
    return {"type": "search_result", "title": title, "source": "s", "content": [text(title)]}


def used(name: str, *parts: dict[str, Any]) -> list[dict[str, Any]]:
    use = {"type": "tool_use", "id": name, "name": name, "input": {}}
    result = {"type": "tool_result", "tool_use_id": name, "content": list(parts)}
    return [{"role": "assistant", "content": [use]}, {"role": "user", "content": [result]}]


def request(model: str, *said: dict[str, Any], key: str = "fitting") -> ModelRequest:
    tools = [tool("b", deferred=True), tool("search"), tool("a", deferred=True), tool("c", deferred=True)]
    first = {"role": "user", "content": [text("Hi")]}
    return ModelRequest(Endpoint("direct", key), model, "", [first, *said], tools)


def names(of: ModelRequest) -> list[str]:
    return [each["name"] for each in fitting.tools_for(of)]


def test_a_model_that_knows_references_is_sent_everything_with_the_mark() -> None:
    sent = fitting.tools_for(request(KNOWS))
    assert [(each["name"], each.get("defer_loading", False)) for each in sent] == [
        ("search", False),
        ("b", True),
        ("a", True),
        ("c", True),
    ]


def test_the_mark_of_the_cache_stands_on_no_deferred_tool() -> None:
    tools = body_of(request(KNOWS))["tools"]
    assert [each.get("cache_control") for each in tools] == [CACHED, None, None, None]


@pytest.mark.parametrize("model", [OLD, OTHER, "scripted"])
def test_any_other_is_sent_what_was_found_in_the_order_of_finding(model: str) -> None:
    assert names(request(model)) == ["search"]
    found = used("search", text("c and a"), reference("c"), reference("a"), reference("gone"))
    assert names(request(model, *found)) == ["search", "c", "a"]
    assert not any("defer_loading" in each for each in fitting.tools_for(request(model, *found)))
    again = used("search", text("b and a"), reference("b"), reference("a"))
    assert names(request(model, *found, *again)) == ["search", "c", "a", "b"]


def test_what_was_used_without_being_found_is_loaded_too() -> None:
    assert names(request(OTHER, *used("b", text("done")))) == ["search", "b"]


def test_references_stand_for_the_text_where_they_are_understood() -> None:
    said = used("search", text("a"), reference("a"), reference("gone"))
    assert fitting.messages_for(request(KNOWS, *said))[-1]["content"][0]["content"] == [reference("a")]
    assert fitting.messages_for(request(OLD, *said))[-1]["content"][0]["content"] == [text("a")]


def test_a_reference_to_a_tool_taken_away_leaves_the_text() -> None:
    said = used("search", text("gone"), reference("gone"))
    assert fitting.messages_for(request(KNOWS, *said))[-1]["content"][0]["content"] == [text("gone")]


@pytest.mark.parametrize(
    ("model", "kept"), [(KNOWS, [source("t")]), (OLD, [source("t")]), (OTHER, [text("t")])]
)
def test_sources_stand_for_the_text_where_they_are_understood(model: str, kept: list[Any]) -> None:
    said = used("knowledge", text("t"), source("t"))
    assert fitting.messages_for(request(model, *said))[-1]["content"][0]["content"] == kept


def test_a_picture_stands_beside_the_text() -> None:
    picture = {"type": "image", "source": {}}
    said = used("draw", text("t"), picture)
    assert fitting.messages_for(request(OTHER, *said))[-1]["content"][0]["content"] == [text("t"), picture]


def test_messages_without_such_blocks_are_passed_on_as_they_are() -> None:
    asked = request(KNOWS, *used("search", text("nothing")))
    assert all(a is b for a, b in zip(fitting.messages_for(asked), asked.messages, strict=True))


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("tools.1.custom.defer_loading: Extra inputs are not permitted", "tool_reference"),
        ("messages.2: Input tag 'tool_reference' found using 'type' does not match", "tool_reference"),
        ("messages.2: 'search_result' is not supported by this model", "search_result"),
    ],
)
def test_a_refused_form_is_remembered_and_the_other_one_sent(message: str, kind: str) -> None:
    said = [*used("search", text("a"), reference("a")), *used("knowledge", text("t"), source("t"))]
    asked = request(KNOWS, *said, key=message)
    body = body_of(replace(asked))
    sent = fitting.kinds_in(body)
    assert capabilities.remember_refusal(asked, message=message, sent=sent)
    assert kind not in fitting.kinds_in(body_of(asked))
    assert (
        capabilities.remember_refusal(asked, message=message, sent=fitting.kinds_in(body_of(asked))) is False
    )


def test_a_server_that_refuses_deferred_tools_is_sent_what_was_found(
    fake_model: FakeModel, endpoint: Endpoint
) -> None:
    """Through the real provider: refused once, asked again at once in the other form, and remembered."""
    refusal = "tools.1.custom.defer_loading: Extra inputs are not permitted"
    fake_model.play(
        {"status": 400, "error": "invalid_request_error", "message": refusal},
        {"say": "Fine."},
        {"say": "Still."},
    )
    asked = replace(request(KNOWS, *used("search", text("a"), reference("a"))), endpoint=endpoint)
    assert [text_of(heard(asked)), text_of(heard(asked))] == ["Fine.", "Still."]
    sent = [[tool["name"] for tool in each.body["tools"]] for each in fake_model.requests]
    assert sent == [["search", "b", "a", "c"], ["search", "a"], ["search", "a"]]
    first, again, _ = (each.body["messages"][-1]["content"][0]["content"] for each in fake_model.requests)
    assert (first, again) == ([reference("a")], [text("a")])
