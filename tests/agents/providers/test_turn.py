"""A turn put together from events, however they were cut on the way: no connection, no clock."""

import json
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents_app.providers.base import TextPiece, ToolUse, TurnEnded
from agents_app.providers.sse import Events, StreamBroken
from agents_app.providers.turn import Turn
from tests.fake_model_frames import frames

FULL = {
    "think": "Grüße überlegen",
    "say": "Hello, 世界! " * 5,
    "call": [
        {"id": "t1", "name": "x", "arguments": {"text": "ü" * 40}},
        {"id": "t2", "name": "y", "arguments": {}},
    ],
}


def wire_of(turn: dict[str, Any]) -> bytes:
    return b"".join(frame.wire() for frame in frames(turn, "m"))


def read(chunks: Iterable[bytes], *, max_chars: int = 10_000) -> Turn:
    events, turn = Events(), Turn(max_chars=max_chars)
    for chunk in chunks:
        list(turn.take(events.feed(chunk)))
    return turn


def event(kind: str, **fields: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


def ended(turn: Turn) -> TurnEnded:
    last = turn.ending(request_id="r")[-1]
    assert isinstance(last, TurnEnded)
    return last


@given(st.lists(st.integers(min_value=0, max_value=len(wire_of(FULL))), max_size=40))
def test_where_the_network_cuts_makes_no_difference(cuts: list[int]) -> None:
    wire = wire_of(FULL)
    bounds = [0, *sorted(cuts), len(wire)]
    turn = read(wire[a:b] for a, b in pairwise(bounds))
    assert turn.over
    assert turn.ending(request_id="r") == read([wire]).ending(request_id="r")


@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
def test_both_ends_of_line_are_read(newline: bytes) -> None:
    turn = read([wire_of(FULL).replace(b"\n", newline)])
    assert ended(turn).content[1]["text"] == FULL["say"]


def test_comments_names_and_unknown_events_are_passed_over() -> None:
    noise = b": keep-alive\nid: 7\nretry: 100\n\n" + event("something_new", index=0, delta={"type": "odd"})
    assert ended(read([noise, wire_of(FULL), noise])).stop_reason == "tool_use"


def test_data_in_several_lines_is_one_event() -> None:
    split = b'event: message_stop\ndata: {"type":\ndata: "message_stop"}\n\n'
    assert read([split]).over


def test_neighbouring_pieces_of_one_read_become_one() -> None:
    turn, events = Turn(max_chars=100), Events()
    wire = event("content_block_start", index=0, content_block={"type": "text", "text": ""})
    wire += b"".join(
        event("content_block_delta", index=0, delta={"type": "text_delta", "text": c}) for c in "abc"
    )
    assert list(turn.take(events.feed(wire))) == [TextPiece("abc")]


@pytest.mark.parametrize(
    "wire",
    [
        event("content_block_delta", index=3, delta={"type": "text_delta", "text": "x"}),
        event("content_block_start", index=0, content_block={"type": "text"}) * 2,
        b"data: {not json\n\n",
        b'data: "text"\n\n',
        b'data: {"no": "type"}\n\n',
        b'data: {"type": "content_block_delta", "index": "zero"}\n\n',
        b"data: \xff\xfe\n\n",
        event("error", error={"type": "overloaded_error", "message": "busy"}),
        event("error"),
    ],
)
def test_what_is_no_stream_of_a_model_is_refused(wire: bytes) -> None:
    with pytest.raises(StreamBroken):
        read([wire])


def test_an_endless_line_is_refused() -> None:
    with pytest.raises(StreamBroken, match="too_large"):
        read(b"x" * 1_000_000 for _ in range(40))


def test_text_before_a_break_in_the_same_read_is_given_out() -> None:
    turn, events = Turn(max_chars=100), Events()
    wire = (
        event("content_block_start", index=0, content_block={"type": "text", "text": "kept"}) + b"data: {\n\n"
    )
    taken = turn.take(events.feed(wire))
    assert next(taken) == TextPiece("kept")
    with pytest.raises(StreamBroken):
        next(taken)


def test_arguments_sent_whole_with_the_block_are_taken() -> None:
    block = {"type": "tool_use", "id": "t", "name": "x", "input": {"a": 1}}
    wire = event("content_block_start", index=0, content_block=block) + event("content_block_stop", index=0)
    use, last = read([wire + event("message_stop")]).ending(request_id="r")
    assert use == ToolUse("t", "x", '{"a":1}')
    assert isinstance(last, TurnEnded)
    assert (last.stop_reason, last.content) == ("tool_use", [block])


@pytest.mark.parametrize("stop", ["end_turn", "stop_sequence", "tool_use", None])
def test_servers_that_name_another_ending_still_get_their_tools_run(stop: str | None) -> None:
    wire = wire_of({"call": [{"id": "t", "name": "x", "arguments": {}}], "stop": stop})
    assert isinstance(read([wire]).ending(request_id="r")[0], ToolUse)


def test_citations_stay_with_their_text() -> None:
    cited = {"type": "citations_delta", "citation": {"cited_text": "a", "document_index": 0}}
    wire = event(
        "content_block_start", index=0, content_block={"type": "text", "text": "", "citations": None}
    )
    wire += event("content_block_delta", index=0, delta={"type": "text_delta", "text": "As said"})
    wire += event("content_block_delta", index=0, delta=cited) + event("content_block_stop", index=0)
    (block,) = ended(read([wire + event("message_stop")])).content
    assert block == {"type": "text", "text": "As said", "citations": [cited["citation"]]}
