"""What a model says reaches the caller whole, and what was asked reaches the model as agreed."""

import json
from dataclasses import replace

import pytest

from agents_app.providers.base import Endpoint, TextPiece, ThinkingPiece, ToolUse, TurnEnded, Usage
from tests.agents.providers.conftest import Ask, heard, request_to, text_of
from tests.fake_model import FakeModel


def test_text_arrives_in_pieces_and_ends_with_the_turn(fake_model: FakeModel, ask: Ask) -> None:
    fake_model.play({"say": "Good morning, Alice.", "pieces": 5, "pace_ms": 5, "usage": {"output_tokens": 9}})
    events = ask()
    assert text_of(events) == "Good morning, Alice."
    assert len([event for event in events if isinstance(event, TextPiece)]) > 1
    ended = events[-1]
    assert isinstance(ended, TurnEnded)
    assert ended.stop_reason == "end_turn"
    assert ended.content == [{"type": "text", "text": "Good morning, Alice."}]
    assert ended.usage == Usage(input_tokens=11, output_tokens=9)
    assert (ended.request_id, ended.model) == ("req_fake", "claude-sonnet-5-5")


def test_cached_tokens_are_counted(fake_model: FakeModel, ask: Ask) -> None:
    fake_model.play(
        {"say": "x", "usage": {"cache_read_input_tokens": 300, "cache_creation_input_tokens": 20}}
    )
    ended = ask()[-1]
    assert isinstance(ended, TurnEnded)
    assert (ended.usage.cache_read_tokens, ended.usage.cache_write_tokens) == (300, 20)


@pytest.mark.parametrize(
    "text", ["Grüße, 東京 🗼!", "a\nb\r\nc", 'data: {"x"}\n\nevent: error', "\u2028\u2029\x85", " "]
)
def test_no_character_is_lost(fake_model: FakeModel, ask: Ask, text: str) -> None:
    fake_model.play({"say": text, "pieces": 3})
    assert text_of(ask()) == text


def test_reasoning_is_shown_apart_and_replayed_with_its_signature(fake_model: FakeModel, ask: Ask) -> None:
    fake_model.play({"think": "Let me see.", "signature": "c2ln", "say": "Done."})
    events = ask()
    assert "".join(e.text for e in events if isinstance(e, ThinkingPiece)) == "Let me see."
    ended = events[-1]
    assert isinstance(ended, TurnEnded)
    assert ended.content[0] == {"type": "thinking", "thinking": "Let me see.", "signature": "c2ln"}


def test_unsigned_reasoning_is_not_replayed(fake_model: FakeModel, ask: Ask) -> None:
    fake_model.play({"think": "Hm.", "signature": "", "say": "Done."})
    ended = ask()[-1]
    assert isinstance(ended, TurnEnded)
    assert [block["type"] for block in ended.content] == ["text"]


def test_several_tools_come_after_everything_else_in_order(fake_model: FakeModel, ask: Ask) -> None:
    calls = [
        {"id": "toolu_a", "name": "current_time", "arguments": {}},
        {
            "id": "toolu_b",
            "name": "read_file",
            "arguments": {"path": "notes.txt", "deep": {"x": [1, 2.5, None]}},
        },
    ]
    fake_model.play({"say": "Let me look.", "call": calls})
    events = ask()
    assert [event.id for event in events[-3:-1] if isinstance(event, ToolUse)] == ["toolu_a", "toolu_b"]
    second, ended = events[-2], events[-1]
    assert isinstance(second, ToolUse)
    assert json.loads(second.arguments) == calls[1]["arguments"]
    assert isinstance(ended, TurnEnded)
    assert ended.stop_reason == "tool_use"
    assert ended.content[2] == {
        "type": "tool_use",
        "id": "toolu_b",
        "name": "read_file",
        "input": calls[1]["arguments"],
    }


def test_a_tool_without_arguments_gets_an_empty_object(fake_model: FakeModel, ask: Ask) -> None:
    fake_model.play({"call": [{"name": "current_time", "raw": ""}]})
    use = ask()[0]
    assert isinstance(use, ToolUse)
    assert use.arguments == "{}"


@pytest.mark.parametrize(
    "raw",
    [
        '{"path": "a.txt"',
        '{"a": 1, "a": 2}',
        '{"a": NaN}',
        "[1]",
        "null",
        '{"a": 1} trailing',
        '{"a": 1e999}',
        "{'a': 1}",
    ],
)
def test_broken_arguments_are_handed_on_as_they_came_and_replayed_as_none(
    fake_model: FakeModel, ask: Ask, raw: str
) -> None:
    fake_model.play({"call": [{"name": "read_file", "raw": raw}]})
    use, ended = ask()
    assert isinstance(use, ToolUse)
    assert use.arguments == raw
    assert isinstance(ended, TurnEnded)
    assert ended.content[0]["input"] == {}


def test_blocks_of_kinds_unknown_here_are_replayed_untouched(fake_model: FakeModel, ask: Ask) -> None:
    block = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [{"title": "x"}]}
    fake_model.play({"say": "Found.", "blocks": [block]})
    ended = ask()[-1]
    assert isinstance(ended, TurnEnded)
    assert block in ended.content


def test_the_request_carries_all_that_was_asked(fake_model: FakeModel, ask: Ask) -> None:
    tools = [{"name": name, "description": name, "input_schema": {"type": "object"}} for name in ("a", "b")]
    ask(
        tools=tools,
        max_output_tokens=321,
        effort="high",
        thinking={"type": "adaptive"},
        end_user="0123abcd",
        temperature=0.7,
    )
    body, headers = fake_model.requests[0].body, fake_model.requests[0].headers
    assert body["model"] == "claude-sonnet-5-5"
    assert body["max_tokens"] == 321
    assert body["stream"] is True
    assert body["system"] == [
        {"type": "text", "text": "You are terse.", "cache_control": {"type": "ephemeral"}}
    ]
    assert body["tools"] == [tools[0], {**tools[1], "cache_control": {"type": "ephemeral"}}]
    assert body["output_config"] == {"effort": "high"}
    assert body["thinking"] == {"type": "adaptive"}
    assert body["metadata"] == {"user_id": "0123abcd"}
    assert "temperature" not in body
    assert headers["authorization"] == "Bearer secret-key"


def test_what_was_not_asked_is_not_sent(fake_model: FakeModel, ask: Ask) -> None:
    ask(system="")
    assert set(fake_model.requests[0].body) == {"model", "max_tokens", "messages", "stream"}


def test_headers_of_the_endpoint_are_sent(fake_model: FakeModel, endpoint: Endpoint) -> None:
    heard(request_to(replace(endpoint, headers={"X-Team": "seven", "anthropic-version": "2023-06-01"})))
    headers = fake_model.requests[0].headers
    assert (headers["x-team"], headers["anthropic-version"]) == ("seven", "2023-06-01")


def test_one_connection_serves_turn_after_turn(fake_model: FakeModel, ask: Ask) -> None:
    for _ in range(5):
        ask()
    assert fake_model.connected == 1
    assert len(fake_model.requests) == 5


def test_neither_key_nor_headers_show_in_a_representation(endpoint: Endpoint) -> None:
    secret = replace(endpoint, headers={"X-Api-Key": "also-secret"})
    assert "secret" not in repr(secret)
    assert "secret" not in repr(request_to(secret))
