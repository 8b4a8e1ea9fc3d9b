"""What a model does not accept is not sent, or learned from its first refusal and left out from then on."""

from dataclasses import replace
from typing import Any

import pytest

from agents_app.providers.base import Endpoint, Pausing
from agents_app.providers.errors import ProviderRejected
from agents_app.providers.wire import body_of
from tests.agents.providers.conftest import heard, request_to, text_of
from tests.fake_model import FakeModel

NEW = Endpoint("direct", "capabilities:new")
OLD = Endpoint("direct", "capabilities:old", headers={"Anthropic-Version": "2023-06-01"})


@pytest.mark.parametrize(
    ("endpoint", "model", "sent"),
    [
        (NEW, "claude-sonnet-5-5", False),
        (NEW, "claude-opus-4-6", False),
        (NEW, "claude-3-haiku-20240307", False),
        (NEW, "us.anthropic.claude-opus-5-v1:0", False),
        (NEW, "llama3.3:70b", True),
        (NEW, "qwen3-coder", True),
        (OLD, "claude-sonnet-4-6", True),
        (OLD, "claude-haiku-4-5-20251001", True),
        (OLD, "claude-3-7-sonnet-latest", True),
        (OLD, "anthropic.claude-opus-4-6-v1", True),
        (OLD, "claude-opus-4-7", False),
        (OLD, "claude-opus-4-8", False),
        (OLD, "claude-sonnet-5-5", False),
        (OLD, "claude-fable-5", False),
    ],
)
def test_temperature_is_sent_where_it_is_accepted(endpoint: Endpoint, model: str, *, sent: bool) -> None:
    body = body_of(request_to(endpoint, model=model, temperature=0.7))
    assert body.get("temperature") == (0.7 if sent else None)


@pytest.mark.parametrize(
    ("model", "sent"),
    [
        ("claude-opus-5-5", True),
        ("claude-opus-4-5-20251101", True),
        ("claude-sonnet-4-6", True),
        ("claude-opus-4-8", True),
        ("claude-sonnet-4-5", False),
        ("claude-haiku-4-5", False),
        ("claude-3-opus-20240229", False),
        ("gpt-oss:20b", True),
    ],
)
def test_effort_is_sent_where_it_is_known(model: str, *, sent: bool) -> None:
    assert ("output_config" in body_of(request_to(NEW, model=model, effort="low"))) is sent


def test_a_refused_temperature_is_left_out_at_once_and_remembered(
    fake_model: FakeModel, endpoint: Endpoint
) -> None:
    fake_model.script.reject_temperature = True
    fields: dict[str, Any] = {"model": "local-model", "temperature": 0.5}
    events = heard(request_to(endpoint, **fields))
    assert text_of(events) == "Hello from the fake model."
    assert not [event for event in events if isinstance(event, Pausing)]
    heard(request_to(endpoint, **fields))
    assert ["temperature" in asked.body for asked in fake_model.requests] == [True, False, False]


def test_what_one_model_refuses_another_is_still_sent(fake_model: FakeModel, endpoint: Endpoint) -> None:
    fake_model.script.reject_temperature = True
    heard(request_to(endpoint, model="first", temperature=0.5))
    heard(request_to(endpoint, model="second", temperature=0.5))
    heard(request_to(replace(endpoint, key=f"{endpoint.key}:changed"), model="first", temperature=0.5))
    assert [("temperature" in asked.body) for asked in fake_model.requests] == [True, False] * 3


def test_a_refused_effort_is_left_out_too(fake_model: FakeModel, endpoint: Endpoint) -> None:
    refusal = {"status": 400, "error": "invalid_request_error", "message": "output_config: unknown field"}
    fake_model.play(refusal, {"say": "Fine."})
    assert text_of(heard(request_to(endpoint, model="local-model", effort="high"))) == "Fine."


def test_a_refusal_of_what_was_not_sent_is_final(fake_model: FakeModel, endpoint: Endpoint) -> None:
    fake_model.play({"status": 400, "error": "invalid_request_error", "message": "temperature is odd"})
    with pytest.raises(ProviderRejected):
        heard(request_to(endpoint, tries=5))
    assert len(fake_model.requests) == 1
