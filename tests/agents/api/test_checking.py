"""Looking at a tool while it is typed: problems, what a model would see, its weight and hints; nothing is saved."""

from __future__ import annotations

from typing import Any

import pytest

from audit_app.models import AuditEntry
from tests import gate, people
from tools_app.models import Tool, ToolVersion

pytestmark = pytest.mark.django_db

NEW = {
    "name": "weather",
    "description": "Tells the weather of a city for the next days.",
    "category": "web",
    "executor": "http",
    "input_schema": {
        "type": "object",
        "required": ["city"],
        "properties": {"city": {"type": "string", "description": "Name of the city.", "x-kind": "text"}},
    },
    "configuration": {"method": "GET", "url": "https://api.example/v1/{city}"},
}


def checked(status: int = 200, **sent: Any) -> Any:
    answer = people.carol().api().post("/api/tools/check", sent, format="json")
    assert answer.status_code == status, answer.content
    return answer.json()


def test_a_new_tool_is_shown_and_not_saved() -> None:
    told = checked(values=NEW)
    assert told["problems"] == {}
    assert told["model_sees"]["name"] == "weather"
    assert "x-kind" not in told["model_sees"]["input_schema"]["properties"]["city"]
    assert told["tokens"] > 20
    # It counts as open to strangers unless somebody says otherwise.
    assert told["hints"] == []
    assert not Tool.objects.exists()
    assert not AuditEntry.objects.filter(action="tool.added").exists()


def test_what_is_wrong_is_named_and_the_rest_is_still_shown() -> None:
    told = checked(values={**NEW, "configuration": {"method": "GET", "url": "https://api.example/v1"}})
    assert told["problems"] == {
        "configuration": ["/parameters/city: this parameter is not placed anywhere; say where it goes."]
    }
    assert told["model_sees"]["description"] == NEW["description"]
    broken = {"type": "object", "properties": {"city": {"type": "strin"}}}
    told = checked(values={**NEW, "input_schema": broken})
    assert told["problems"]["input_schema"][0].startswith("/properties/city/type:")
    assert told["model_sees"] is None
    assert checked(values={**NEW, "name": "No Name"})["problems"].keys() == {"name"}
    assert checked(values={})["problems"]
    assert checked(values={"organization": 1})["problems"] == {
        "organization": ["There is no such field, or it cannot be written."]
    }


def test_a_change_is_shown_as_a_persona_would_see_it() -> None:
    door = gate.opened({"denied_parameters": ["path"], "fixed_parameters": {"number": 1}})
    before = ToolVersion.objects.count()
    values = {"description": "Writes a line into the ledger of today."}
    told = checked(tool=door.tool.pk, agent=door.agent.pk, values=values)
    assert (told["hidden"], told["granted"]) == (["number", "path"], True)
    assert set(told["model_sees"]["input_schema"]["properties"]) == {"line"}
    assert told["model_sees"]["description"] == values["description"]
    whole = checked(tool=door.tool.pk, values=values)
    assert (whole["granted"], whole["tokens"] > told["tokens"]) == (False, True)
    door.tool.refresh_from_db()
    assert (door.tool.description, ToolVersion.objects.count()) == ("Writes a line.", before)


def test_a_name_that_is_taken_is_told() -> None:
    door = gate.opened()
    assert "name" in checked(values={**NEW, "name": door.tool.name})["problems"]


@pytest.mark.parametrize("name", ["alice", "bob", "olga"])
def test_who_may_not_define_tools_may_not_check_them(name: str) -> None:
    answer = getattr(people, name)().api().post("/api/tools/check", {"values": NEW}, format="json")
    assert answer.status_code == 403


def test_strangers_are_not_found() -> None:
    door = gate.opened()
    client = people.mallory().api()
    for sent in ({"tool": door.tool.pk}, {"agent": door.agent.pk}):
        assert client.post("/api/tools/check", {**sent, "values": NEW}, format="json").status_code == 404
    assert client.get(f"/api/tools/{door.tool.pk}/lint").status_code == 404


@pytest.mark.parametrize(
    "values",
    [
        {"input_schema": {"type": "object", "properties": {"a": {"$ref": "http://127.0.0.1/x"}}}},
        {"input_schema": {"type": "object", "properties": {"a": {"type": "string", "pattern": "(?=a)b"}}}},
        {"input_schema": 5, "configuration": [], "name": 7, "description": None, "is_dangerous": "yes"},
        {"configuration": {"method": "GET", "url": "http://169.254.169.254/"}},
        {"executor": "python"},
        {"executor": "no such"},
        {"definition": [1]},
        {"description": "x" * 900_000},
    ],
)
def test_hostile_values_are_problems_and_no_more(values: dict[str, Any]) -> None:
    assert checked(values={**NEW, **values})["problems"]


def test_lint_is_there_by_itself() -> None:
    door = gate.opened()
    told = people.carol().api().get(f"/api/tools/{door.tool.pk}/lint").json()
    assert (told["tool"], told["tokens"] > 20) == ("ledger", True)
    assert {hint["code"] for hint in told["hints"]} >= {"parameter_undescribed", "description_short"}
