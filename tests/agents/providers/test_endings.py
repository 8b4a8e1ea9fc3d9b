"""Every way a turn of a real stream can end (`security.md` 3.3): each has its name, and the text so far is kept."""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from agents_app.providers.base import Endpoint, ModelEvent, ModelRequest, Pausing, ToolUse, TurnEnded
from agents_app.providers.errors import (
    ProviderError,
    ProviderInterrupted,
    ProviderMisconfigured,
    ProviderQuota,
    ProviderRejected,
    ProviderUnavailable,
)
from tests.agents.providers.conftest import Ask, collected, heard, request_to, text_of
from tests.fake_model import FakeModel
from tools_app import bridge

SOON = {"retry-after-ms": "1"}


def failed(request: ModelRequest) -> tuple[list[ModelEvent], ProviderError]:
    """What was heard before the error, and the error."""
    events: list[ModelEvent] = []

    async def listen() -> None:
        from agents_app import providers

        async for event in providers.of("direct").stream(request):
            events.append(event)

    with pytest.raises(ProviderError) as raised:
        bridge.run(listen(), timeout=20)
    return events, raised.value


@pytest.mark.parametrize(
    ("turn", "kind", "code"),
    [
        ({"status": 401, "error": "authentication_error"}, ProviderMisconfigured, "provider_misconfigured"),
        ({"status": 403, "error": "permission_error"}, ProviderMisconfigured, "provider_misconfigured"),
        ({"status": 404, "error": "not_found_error"}, ProviderMisconfigured, "provider_misconfigured"),
        (
            {"status": 301, "headers": {"location": "/elsewhere"}},
            ProviderMisconfigured,
            "provider_misconfigured",
        ),
        ({"status": 402, "error": "billing_error"}, ProviderQuota, "provider_quota"),
        ({"fail": "quota"}, ProviderQuota, "provider_quota"),
        ({"status": 400, "error": "invalid_request_error"}, ProviderRejected, "provider_rejected"),
        ({"status": 413, "error": "request_too_large"}, ProviderRejected, "provider_rejected"),
        ({"status": 418}, ProviderRejected, "provider_rejected"),
        ({"status": 529, "error": "overloaded_error"}, ProviderUnavailable, "provider_unavailable"),
        ({"status": 500}, ProviderUnavailable, "provider_unavailable"),
        ({"status": 503}, ProviderUnavailable, "provider_unavailable"),
        ({"status": 429, "error": "rate_limit_error"}, ProviderUnavailable, "provider_rate_limited"),
        ({"fail": "drop", "after": 0, "say": "x"}, ProviderUnavailable, "provider_unavailable"),
        ({"fail": "error", "after": 0, "say": "x"}, ProviderUnavailable, "provider_unavailable"),
    ],
    ids=lambda value: str(value)[:48] if isinstance(value, dict) else "",
)
def test_a_failure_before_any_content_has_its_type(
    fake_model: FakeModel, endpoint: Endpoint, turn: dict[str, Any], kind: type[ProviderError], code: str
) -> None:
    if turn.get("after") == 0:
        turn = {**turn, "say": ""}
    fake_model.play(turn)
    events, error = failed(request_to(endpoint))
    assert events == []
    assert (type(error), error.code) == (kind, code)
    assert "told to fail" not in error.message
    assert "secret-key" not in f"{error.message} {error.detail}"


@pytest.mark.parametrize("fault", ["error", "drop", "truncate", "garble", "stall", "drip"])
def test_a_failure_after_some_text_keeps_it_and_runs_no_tool(
    fake_model: FakeModel, endpoint: Endpoint, fault: str
) -> None:
    fake_model.play(
        {"say": "one two three four", "call": [{"name": "x", "arguments": {}}], "fail": fault, "after": 3}
    )
    # Only those that end by waiting are hurried: a busy machine is as slow as a short patience.
    hurried = {"read_seconds": 2, "idle_seconds": 1} if fault in ("stall", "drip") else {}
    events, error = failed(request_to(replace(endpoint, options={**endpoint.options, **hurried}), tries=5))
    assert text_of(events) == "one two three "
    assert isinstance(error, ProviderInterrupted)
    assert error.retryable
    assert not [event for event in events if isinstance(event, ToolUse | Pausing)]
    assert len(fake_model.requests) == 1


@pytest.mark.parametrize("fault", ["drop", "truncate", "error", "stall"])
def test_a_tool_whose_stream_was_cut_after_its_block_is_not_run(
    fake_model: FakeModel, endpoint: Endpoint, fault: str
) -> None:
    """The block itself was complete; without the end of the message nothing may come of it."""
    fake_model.play({"say": "a", "call": [{"name": "x", "arguments": {"path": "a" * 40}}], "fail": fault})
    events, error = failed(request_to(replace(endpoint, options={**endpoint.options, "read_seconds": 2})))
    assert isinstance(error, ProviderInterrupted)
    assert not [event for event in events if isinstance(event, ToolUse)]


@pytest.mark.parametrize("stop", ["max_tokens", "model_context_window_exceeded", "refusal", "pause_turn"])
@pytest.mark.parametrize("cut", [True, False], ids=["cut", "closed"])
def test_a_tool_in_a_turn_that_ended_early_is_dropped(
    fake_model: FakeModel, ask: Ask, stop: str, *, cut: bool
) -> None:
    turn = {"say": "I will", "call": [{"name": "x", "raw": '{"path": "a'}], "stop": stop, "cut_block": cut}
    fake_model.play(turn)
    events = ask()
    ended = events[-1]
    assert isinstance(ended, TurnEnded)
    assert ended.stop_reason == stop
    assert ended.content == [{"type": "text", "text": "I will"}]
    assert not [event for event in events if isinstance(event, ToolUse)]


def test_two_tools_under_one_id_are_both_refused(fake_model: FakeModel, endpoint: Endpoint) -> None:
    calls = [
        {"id": "toolu_same", "name": "x", "arguments": {}},
        {"id": "toolu_same", "name": "y", "arguments": {}},
    ]
    fake_model.play({"say": "Both.", "call": calls})
    events, error = failed(request_to(endpoint))
    assert text_of(events) == "Both."
    assert isinstance(error, ProviderInterrupted)
    assert error.code == "duplicate_tool_use"
    assert not [event for event in events if isinstance(event, ToolUse)]


def test_an_empty_turn_ends_as_one(fake_model: FakeModel, ask: Ask) -> None:
    fake_model.play({"say": ""})
    (ended,) = ask()
    assert isinstance(ended, TurnEnded)
    assert (ended.stop_reason, ended.content) == ("end_turn", [])


def test_an_endless_answer_is_cut_at_its_limit(fake_model: FakeModel, endpoint: Endpoint) -> None:
    fake_model.play({"say": "x" * 50_000, "pieces": 50})
    limited = replace(endpoint, options={**endpoint.options, "max_chars": 20_000})
    events, error = failed(request_to(limited))
    assert error.code == "answer_too_large"
    assert 0 < len(text_of(events)) <= 20_000


def test_ten_megabytes_pass_when_allowed(fake_model: FakeModel, ask: Ask) -> None:
    fake_model.play({"say": "0123456789" * 900_000, "pieces": 90})
    assert len(text_of(ask())) == 9_000_000


def test_an_answer_that_takes_too_long_is_ended(fake_model: FakeModel, endpoint: Endpoint) -> None:
    fake_model.play({"say": "word " * 2_000, "pace_ms": 10})
    limited = replace(endpoint, options={**endpoint.options, "wall_seconds": 0.3})
    began = time.monotonic()
    events, error = failed(request_to(limited))
    assert error.code == "answer_too_slow"
    assert text_of(events)
    assert time.monotonic() - began < 10


def test_signs_of_life_alone_do_not_keep_a_stream_open(fake_model: FakeModel, endpoint: Endpoint) -> None:
    fake_model.play({"say": "a b c", "fail": "drip", "after": 1, "drip_ms": 10})
    _, error = failed(request_to(replace(endpoint, options={**endpoint.options, "idle_seconds": 0.1})))
    assert error.code == "answer_too_slow"


def test_trouble_is_waited_out_and_shown(fake_model: FakeModel, ask: Ask) -> None:
    fake_model.play(*({"status": 529, "headers": SOON} for _ in range(4)), {"say": "At last."})
    events = ask(tries=5)
    pauses = [event for event in events if isinstance(event, Pausing)]
    assert [pause.attempt for pause in pauses] == [2, 3, 4, 5]
    assert text_of(events) == "At last."


def test_after_five_tries_it_is_given_up(fake_model: FakeModel, endpoint: Endpoint) -> None:
    fake_model.play(*({"status": 529, "headers": SOON} for _ in range(9)))
    events, error = failed(request_to(endpoint, tries=50))
    assert isinstance(error, ProviderUnavailable)
    assert len(events) == 4
    assert len(fake_model.requests) == 5


def test_a_run_that_has_used_up_its_tries_makes_no_more(fake_model: FakeModel, endpoint: Endpoint) -> None:
    fake_model.play({"status": 529, "headers": SOON}, {"status": 529, "headers": SOON}, {"say": "late"})
    _, error = failed(request_to(endpoint, tries=2))
    assert isinstance(error, ProviderUnavailable)
    assert len(fake_model.requests) == 2


def test_a_told_wait_is_shown_and_kept(fake_model: FakeModel, ask: Ask) -> None:
    fake_model.play(
        {"status": 429, "error": "rate_limit_error", "headers": {"retry-after": "0.3"}}, {"say": "Now."}
    )
    began = time.monotonic()
    events = ask(tries=2)
    assert events[0] == Pausing(0.3, "rate_limited", 2)
    assert time.monotonic() - began >= 0.3
    assert text_of(events) == "Now."


def test_a_spent_account_that_says_when_to_come_back_is_waited_for(fake_model: FakeModel, ask: Ask) -> None:
    fake_model.play({"fail": "quota", "headers": {"retry-after": "0.01"}}, {"say": "Back."})
    assert text_of(ask(tries=2)) == "Back."


def test_a_server_that_forbids_repeating_is_obeyed(fake_model: FakeModel, endpoint: Endpoint) -> None:
    fake_model.play({"status": 529, "headers": {"x-should-retry": "false"}}, {"say": "late"})
    failed(request_to(endpoint, tries=5))
    assert len(fake_model.requests) == 1


def test_nobody_listening_is_unavailable(fake_model: FakeModel) -> None:
    dead = Endpoint("direct", "dead:1", "http://127.0.0.1:9", "k", options={"trusted": True})
    _, error = failed(request_to(dead))
    assert isinstance(error, ProviderUnavailable)


def test_silence_before_the_first_byte_is_unavailable(fake_model: FakeModel, endpoint: Endpoint) -> None:
    fake_model.play({"wait_ms": 2000, "say": "late"})
    _, error = failed(request_to(replace(endpoint, options={**endpoint.options, "read_seconds": 0.1})))
    assert isinstance(error, ProviderUnavailable)


def test_a_server_that_speaks_no_http_is_unavailable(fake_model: FakeModel) -> None:
    import socket
    import threading

    listener = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        connection, _ = listener.accept()
        connection.recv(65536)
        connection.sendall(b"SSH-2.0-nonsense\r\n\r\n")
        connection.close()

    threading.Thread(target=answer, daemon=True).start()
    port = listener.getsockname()[1]
    strange = Endpoint("direct", f"ssh:{port}", f"http://127.0.0.1:{port}", "k", options={"trusted": True})
    _, error = failed(request_to(strange))
    listener.close()
    assert isinstance(error, ProviderUnavailable)


def test_fifty_streams_at_once_keep_apart(fake_model: FakeModel, endpoint: Endpoint) -> None:
    import asyncio

    rules: list[Mapping[str, Any]] = [
        {"contains": f"<{n}>", "turns": [{"say": f"{n} " * 30, "pace_ms": 3}]} for n in range(50)
    ]
    fake_model.script.rules = rules

    async def all_at_once() -> list[list[ModelEvent]]:
        return await asyncio.gather(*(collected(request_to(endpoint, f"say <{n}>")) for n in range(50)))

    for n, events in enumerate(bridge.run(all_at_once(), timeout=30)):
        assert text_of(events) == f"{n} " * 30


def test_a_lost_rested_connection_is_replaced_unseen(fake_model: FakeModel, endpoint: Endpoint) -> None:
    heard(request_to(endpoint))
    for connection in list(fake_model.connections):
        fake_model.loop.call_soon_threadsafe(connection.transport.abort)
    time.sleep(0.05)
    assert heard(request_to(endpoint))
    assert not [event for event in heard(request_to(endpoint)) if isinstance(event, Pausing)]
