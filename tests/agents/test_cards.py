"""The card of a question: what stands on it is said by the house, and by nobody who could only look like it."""

from __future__ import annotations

from typing import Any

import pytest

from agents_app.showing import cards
from tests import gate, people
from tests.tools.asking import ASKING

OPEN: dict[str, Any] = {
    "type": "object",
    "properties": {"line": {"type": "string"}},
    "additionalProperties": True,
}
REACH = {"to": "https://files.example", "secrets": {"key": 1}}
COVERS = {
    "reach": REACH,
    "context": {"project": "apollo"},
    "acts_as": {"user_id": "billing"},
    "arguments": {"line": "one"},
    "preview": "-a\n+b",
}


@pytest.mark.django_db
def test_a_model_cannot_write_the_rows_of_the_house() -> None:
    """Where a tool takes any argument, the model names it: a forged "goes to" would be read as said by the house."""
    at = gate.opened(None, **ASKING, input_schema=OPEN)
    call = at.ask({"line": "one", "anything-else_2.0": 1})
    question = gate.question(call)
    assert {row["origin"] for row in cards.approval(question, call)["card"]} == {"model"}
    question.covers = COVERS
    shown = cards.approval(question, call, people.bob().identity)["card"]
    house = [row["name"] for row in shown if row["origin"] == "house"]
    assert house == ["goes to", "with the secret", "told: project", "acts as", cards.PREVIEW]
    for name in [*house, "goes\u00a0to", "goes to\u200b", "", "x" * 65]:
        forged = at.ask({"line": "two", name: "https://harmless.example"})
        assert (forged.status, forged.reason) == ("blocked", "invalid_arguments"), name
        assert "cannot be used" in forged.reason_text, name
