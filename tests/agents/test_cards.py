"""The card of a question: what stands on it is said by the house, and by nobody who could only look like it."""

from __future__ import annotations

from typing import Any

import pytest

from agents_app.showing import cards
from tests import gate, people
from tests.tools.asking import ASKING
from tools_app import approvals, catalog
from tools_app.approving import instead
from tools_app.exceptions import DigestMismatch

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


pytestmark = pytest.mark.django_db


def test_a_person_is_told_what_the_tool_is_as_they_were_asked() -> None:
    """S4.124. A tool that comes to be described otherwise is another one: the question is void."""
    at = gate.opened(None, **ASKING, description="Writes a line.\u202e")
    call = at.ask({"line": "one"})
    question = gate.question(call)
    catalog.update(at.tool, {"description": "Pays a bill."}, by=people.carol().identity)
    told = cards.approval(gate.question(call), call)["tool_description"]
    assert told == "Writes a line.⟨U+202E⟩"
    with pytest.raises(DigestMismatch):
        approvals.approve(question, digest=question.digest, by=gate.fresh(people.bob().identity))
    del question.covers["description"]
    assert cards.approval(question, call)["tool_description"] == ""
    page = people.bob().browser().get("/inbox/").content.decode()
    assert "Described as" in page
    assert "Pays a bill." in page


def test_a_path_is_shown_to_the_letter_and_prose_as_it_is_written() -> None:
    at = gate.opened(None, **ASKING, input_schema=gate.SCHEMA)
    call = at.ask({"line": "сахар – l’été", "path": "сахар–2.txt"})
    question = gate.question(call)
    shown = {row["name"]: row["value"] for row in cards.approval(question, call)["card"]}
    assert shown == {"line": "сахар – l’été", "path": "сахар⟨Cyrillic⟩⟨U+2013⟩2.txt"}
    edited = {"line": "сахар", "path": "хор.txt"}
    made = instead.edit(question, digest=question.digest, arguments=edited, by=people.bob().identity)
    changes = cards.approval(made, made.call)["changes"]
    assert [(each["was"], each["now"]) for each in changes] == [
        ("сахар – l’été", "сахар"),
        ("сахар⟨Cyrillic⟩⟨U+2013⟩2.txt", "хор⟨Cyrillic⟩.txt"),
    ]


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
