"""The catalog over HTTP: what Carol takes, what she may bring, and what she is told before anything changes."""

from __future__ import annotations

from typing import Any

import pytest

from agents_app.models import AgentType
from tests import people, world
from tools_app.models import Tool
from tools_app.openapi import document as reader

pytestmark = pytest.mark.django_db

WEATHER = {
    "name": "weather",
    "description": "Tells the weather.",
    "category": "web",
    "input_schema": {"type": "object", "properties": {}},
}


def sent(body: dict[str, Any], query: str = "", who: people.Person | None = None) -> Any:
    return (who or people.carol()).api().post(f"/api/catalog/import{query}", body)


def test_what_is_taken_can_be_brought_in_elsewhere() -> None:
    world.made()
    client = people.carol().api()
    taken = client.get("/api/catalog/export")
    assert [tool["name"] for tool in taken.json()["tools"]] == ["calculate"]
    yaml = client.get("/api/catalog/export?as=yaml")
    assert yaml.headers["Content-Type"].startswith("application/yaml")
    assert reader.value_of(yaml.content) == taken.json()
    count = 0
    for document in (taken.json(), yaml.content.decode()):
        dry = sent({"document": document}, "?dry_run=true", people.mallory())
        assert (dry.status_code, dry.json()["done"]) == (200, False)
        assert {"tool", "persona", "grant"} <= {item["kind"] for item in dry.json()["items"]}
        count = dry.json()["changes"]
    assert not Tool.objects.filter(organization=people.elsewhere()).exists()
    told = sent({"document": taken.json()}, who=people.mallory()).json()
    assert (told["done"], told["changes"], told["conflicts"], told["problems"]) == (True, count, 0, 0)
    assert AgentType.objects.filter(organization=people.elsewhere()).exists()
    again = sent({"document": taken.json()}, who=people.mallory()).json()
    assert (again["changes"], again["unchanged"], again["items"]) == (0, count, [])


def test_a_conflict_is_told_with_its_difference_and_chosen_by_item() -> None:
    assert sent({"document": {"tools": [WEATHER]}}).json()["changes"] == 1
    theirs = {"document": {"tools": [{**WEATHER, "description": "Theirs."}]}}
    refused = sent(theirs)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "catalog_conflict")
    (item,) = refused.json()["error"]["details"]["items"]
    assert (item["state"], item["differences"][0]["field"]) == ("conflict", "description")
    assert (item["differences"][0]["before"], item["differences"][0]["after"]) == (
        "Tells the weather.",
        "Theirs.",
    )
    assert sent({**theirs, "on_conflict": "keep"}).json()["items"][0]["state"] == "kept"
    done = sent({**theirs, "choices": {"tool/weather": "replace"}}).json()
    assert (done["done"], Tool.objects.get().description) == (True, "Theirs.")


@pytest.mark.parametrize(
    ("body", "query", "place"),
    [
        ({"document": {"tools": [{"name": "a"}]}}, "", "problems"),
        ({"document": "tools: ["}, "", "problems"),
        ({"document": [[]]}, "", "problems"),
        ({"document": 7}, "", "problems"),
        ({"document": {"tools": [WEATHER]}, "on_conflict": "shrug"}, "", "on_conflict"),
        ({"document": {"tools": [WEATHER]}, "choices": {"tool/weather": "shrug"}}, "", "choices"),
        ({"document": {"tools": [WEATHER]}}, "?dry_run=maybe", "dry_run"),
        ({"document": {"tools": [WEATHER]}}, "?dryrun=true", "dryrun"),
        ({}, "", "document"),
    ],
    ids=str,
)
def test_what_is_wrong_is_named_and_changes_nothing(body: dict[str, Any], query: str, place: str) -> None:
    refused = sent(body, query)
    assert refused.status_code == 400, refused.content
    assert place in refused.json()["error"]["details"]
    assert not Tool.objects.exists()


def test_who_only_looks_at_the_catalog_takes_none_of_it_along() -> None:
    for answer in (
        people.alice().api().get("/api/catalog/export"),
        sent({"document": {"tools": [WEATHER]}}, "?dry_run=true", people.alice()),
    ):
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "not_allowed")
    assert people.carol().api().get("/api/catalog/export?as=xml").status_code == 400


def test_a_python_function_is_not_made_by_a_file() -> None:
    function = {**WEATHER, "executor": "python", "configuration": {"function": "os:system"}}
    (item,) = sent({"document": {"tools": [function]}}).json()["items"]
    assert (item["state"], "TOOL_MODULES" in item["told"][0]) == ("left out", True)
    assert not Tool.objects.exists()
