"""What a prompt is taken for before its vendor has counted it: pictures by what they show, letters by their bytes."""

from __future__ import annotations

import base64

import pytest

from agents_app import transcript
from agents_app.costs import weighing
from agents_app.providers.sse import Event, StreamBroken, UsageCounts
from agents_app.providers.turn import Turn
from agents_app.transcript import Exchange, Use

PICTURE = {
    "type": "image",
    "source": {
        "type": "base64",
        "media_type": "image/png",
        "data": base64.b64encode(bytes(250_000)).decode(),
    },
}


def test_plain_english_is_a_third_of_its_letters() -> None:
    assert weighing.tokens("a" * 3_000) == 1_000


@pytest.mark.parametrize("letter", ["\u6f22", "\ud55c", "\u3042", "\U0001f600"])
def test_a_letter_of_other_scripts_is_at_least_a_token(letter: str) -> None:
    assert 1_000 <= weighing.tokens(letter * 1_000) <= 1_500


def test_what_is_no_letter_at_all_weighs_too() -> None:
    assert weighing.tokens("\ud800", None, True, 12, {"a": [1.5]}) > 0


def test_a_picture_is_no_text() -> None:
    said = [{"role": "user", "content": [{"type": "tool_result", "content": [PICTURE, PICTURE]}]}]
    assert 3_000 < weighing.tokens("Look.", said, []) < 4_000


def test_pictures_push_nobody_out_of_the_conversation() -> None:
    uses = {"a": Use("seen", blocks=[PICTURE] * 4)}
    turn = transcript.Turn([{"type": "tool_use", "id": "a", "name": "look", "input": {}}], uses=uses)
    said = [Exchange("My name is Ann."), Exchange("Look.", [turn]), Exchange("Who am I?")]
    told = transcript.build(said, budget_tokens=20_000)
    assert told[0]["content"][0]["text"] == "My name is Ann."


@pytest.mark.parametrize("count", [-1, -(10**9), 10**12])
def test_counts_that_make_no_sense_are_not_booked(count: int) -> None:
    with pytest.raises(StreamBroken):
        list(Turn(max_chars=10).take([Event("message_delta", usage=UsageCounts(output_tokens=count))]))
