"""Turns prescribed in a request are played exactly, by the scripted model and by the fake vendor alike."""

import json
import time
from typing import Any

import pytest

from agents_app.providers import script
from agents_app.providers.base import (
    Endpoint,
    ModelEvent,
    ModelRequest,
    Pausing,
    TextPiece,
    ThinkingPiece,
    ToolUse,
    TurnEnded,
)
from agents_app.providers.errors import (
    ProviderError,
    ProviderInterrupted,
    ProviderMisconfigured,
    ProviderQuota,
    ProviderRejected,
    ProviderUnavailable,
)
from tests.agents.providers.conftest import heard, request_to, text_of
from tests.fake_model import FakeModel

SCRIPTED = Endpoint("scripted", "scripted")


def scripted(*turns: dict[str, Any], words: str = "Please do this.") -> str:
    return f"{words}\n```script\n{json.dumps(list(turns))}\n```"


def played(text: str, *after: dict[str, Any]) -> list[ModelEvent]:
    messages = [{"role": "user", "content": [{"type": "text", "text": text}]}, *after]
    return heard(request_to(SCRIPTED, messages=messages, model="scripted"))


@pytest.fixture(params=["scripted", "fake vendor"])
def either(request: pytest.FixtureRequest, endpoint: Endpoint) -> Endpoint:
    return SCRIPTED if request.param == "scripted" else endpoint


def test_text_is_said_in_so_many_pieces() -> None:
    events = played(scripted({"say": "abcdefghij", "pieces": 4, "pace_ms": 1}))
    assert [event.text for event in events if isinstance(event, TextPiece)] == ["ab", "cde", "fg", "hij"]


def test_both_play_the_same_script(either: Endpoint) -> None:
    calls = [
        {"id": "t1", "name": "read_file", "arguments": {"path": "a.txt"}},
        {"id": "t2", "name": "x", "raw": '{"a":'},
    ]
    events = heard(request_to(either, scripted({"think": "Hm. Well.", "say": "I look.", "call": calls})))
    assert text_of(events) == "I look."
    assert "".join(event.text for event in events if isinstance(event, ThinkingPiece)) == "Hm. Well."
    first, second, ended = events[-3:]
    assert first == ToolUse("t1", "read_file", '{"path": "a.txt"}')
    assert second == ToolUse("t2", "x", '{"a":')
    assert isinstance(ended, TurnEnded)
    assert [block.get("input") for block in ended.content[2:]] == [{"path": "a.txt"}, {}]


@pytest.mark.parametrize("stop", ["refusal", "max_tokens", "pause_turn", "model_context_window_exceeded"])
def test_a_stop_reason_can_be_prescribed(either: Endpoint, stop: str) -> None:
    call = {"name": "x", "arguments": {}}
    events = heard(request_to(either, scripted({"say": "So far", "call": [call], "stop": stop})))
    ended = events[-1]
    assert isinstance(ended, TurnEnded)
    assert (ended.stop_reason, ended.content) == (stop, [{"type": "text", "text": "So far"}])


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("overloaded", ProviderUnavailable),
        ("unavailable", ProviderUnavailable),
        ("quota", ProviderQuota),
        ("rejected", ProviderRejected),
        ("misconfigured", ProviderMisconfigured),
        ("drop", ProviderInterrupted),
        ("error", ProviderInterrupted),
        ("truncate", ProviderInterrupted),
        ("garble", ProviderInterrupted),
    ],
)
def test_a_fault_can_be_prescribed(either: Endpoint, fault: str, kind: type[ProviderError]) -> None:
    with pytest.raises(kind):
        heard(request_to(either, scripted({"say": "one two", "fail": fault})))


def test_doubled_ids_are_refused_as_from_any_model(either: Endpoint) -> None:
    calls = [{"id": "same", "name": "x", "arguments": {}}, {"id": "same", "name": "y", "arguments": {}}]
    with pytest.raises(ProviderInterrupted) as raised:
        heard(request_to(either, scripted({"call": calls})))
    assert raised.value.code == "duplicate_tool_use"


def test_every_model_turn_takes_the_next_of_the_script(either: Endpoint) -> None:
    text = scripted(
        {"call": [{"id": "t1", "name": "x", "arguments": {}}]}, {"say": "second"}, {"say": "third"}
    )
    asked = {"role": "user", "content": [{"type": "text", "text": text}]}
    use = {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "x", "input": {}}]}
    result = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "42"}]}
    assert text_of(heard(request_to(either, messages=[asked, use, result]))) == "second"
    assert text_of(heard(request_to(either, messages=[asked, use, result, use, result]))) == "third"


def test_after_the_script_the_scripted_model_answers_from_the_results() -> None:
    use = {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "x", "input": {}}]}
    result = {
        "role": "user",
        "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "forty-two"}],
    }
    events = played(scripted({"call": [{"id": "t1", "name": "x", "arguments": {}}]}), use, result)
    assert "forty-two" in text_of(events)


def test_a_pause_can_be_shown() -> None:
    events = played(scripted({"pause_ms": 20, "say": "x"}))
    assert events[0] == Pausing(0.02, "scripted", 2)


def test_stamps_are_made_when_they_leave(either: Endpoint) -> None:
    before = time.monotonic_ns()
    events = heard(request_to(either, scripted({"stamp": 5, "pace_ms": 40})))
    stamps = [int(stamp.partition(":")[2]) for stamp in text_of(events).split()]
    assert [stamp.partition(":")[0] for stamp in text_of(events).split()] == ["1", "2", "3", "4", "5"]
    assert stamps == sorted(stamps)
    assert before <= stamps[0]
    # A late first piece may eat a step or two of the pace; made all at once they would stand within one.
    assert stamps[-1] - stamps[0] > 40_000_000


@pytest.mark.parametrize(
    "block",
    ["{not json", '"text"', "[1, 2]", '[{"fail": "explode"}]'],
    ids=["no json", "text", "numbers", "fault"],
)
def test_an_unreadable_script_is_answered_with_its_mistake(block: str) -> None:
    text = text_of(played(f"```script\n{block}\n```"))
    assert "script block" in text


def test_text_without_a_block_prescribes_nothing() -> None:
    assert script.turns_in("say hello") is None
    assert script.turns_in('```python\n{"say": 1}\n```') is None


@pytest.mark.parametrize("text", ["", " ", "one", "one two  three\n\nfour ", "\n", "ü🗼" * 9])
@pytest.mark.parametrize("pieces", [0, 1, 3, 100])
def test_pieces_joined_are_the_text(text: str, pieces: int) -> None:
    assert "".join(script.pieces_of({"say": text, "pieces": pieces})) == text


def test_the_fake_vendor_takes_rules_and_demands_its_key(fake_model: FakeModel, endpoint: Endpoint) -> None:
    fake_model.script.rules = [{"contains": "weather", "turns": [{"say": "Sunny."}]}]
    assert text_of(heard(request_to(endpoint, "the weather?"))) == "Sunny."
    assert text_of(heard(request_to(endpoint, "else"))) == "Hello from the fake model."
    fake_model.script.api_key = "another"
    with pytest.raises(ProviderMisconfigured):
        heard(request_to(endpoint))


def test_the_scripted_model_names_itself() -> None:
    ended = played("Hello")[-1]
    assert isinstance(ended, TurnEnded)
    assert ended.model == "scripted"
    assert ended.request_id.startswith("scripted_")
    assert ended.usage.output_tokens > 0


def test_silence_lasts_for_the_read_timeout(settings: Any) -> None:
    settings.MODEL_READ_TIMEOUT = 0.1
    began = time.monotonic()
    with pytest.raises(ProviderInterrupted):
        played(scripted({"say": "one two", "fail": "stall", "after": 1}))
    assert time.monotonic() - began >= 0.1


def test_requests_are_only_read(endpoint: Endpoint) -> None:
    request: ModelRequest = request_to(SCRIPTED, "Hello")
    before = json.dumps(request.messages)
    heard(request)
    assert json.dumps(request.messages) == before
