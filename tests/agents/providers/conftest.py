"""A fake vendor on a real socket, and short ways to ask it through the real provider on the real bridge."""

from collections.abc import Callable, Iterator
from contextlib import aclosing
from typing import Any

import pytest

from agents_app import providers
from agents_app.providers.base import Endpoint, ModelEvent, ModelRequest, TextPiece
from tests.fake_model import FakeModel, running
from tools_app import bridge

Ask = Callable[..., list[ModelEvent]]


@pytest.fixture
def fake_model() -> Iterator[FakeModel]:
    yield from running()


@pytest.fixture
def endpoint(fake_model: FakeModel) -> Endpoint:
    return Endpoint(
        "direct", f"test:{fake_model.port}", fake_model.url, "secret-key", options={"trusted": True}
    )


def request_to(endpoint: Endpoint, text: str = "Hello", **fields: Any) -> ModelRequest:
    fields = {"model": "claude-sonnet-5-5", "system": "You are terse.", "tries": 1, **fields}
    fields.setdefault("messages", [{"role": "user", "content": [{"type": "text", "text": text}]}])
    return ModelRequest(endpoint=endpoint, **fields)


async def collected(request: ModelRequest) -> list[ModelEvent]:
    async with aclosing(providers.of(request.endpoint.kind).stream(request)) as events:
        return [event async for event in events]


def heard(request: ModelRequest) -> list[ModelEvent]:
    return bridge.run(collected(request), timeout=20)


def text_of(events: list[ModelEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextPiece))


@pytest.fixture
def ask(endpoint: Endpoint) -> Ask:
    def asked(text: str = "Hello", **fields: Any) -> list[ModelEvent]:
        return heard(request_to(fields.pop("endpoint", endpoint), text, **fields))

    return asked
