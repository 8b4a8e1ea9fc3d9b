"""The catalog over HTTP, as Carol keeps it."""

from typing import Any

import pytest

from agents_app.models import AgentToolConfig
from tests import people, world
from tests.world import World
from tools_app.models import Tool

pytestmark = pytest.mark.django_db

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = {"name": "weather", "description": "Tells the weather.", "category": "web", "tool_type": "custom"}
DEFINITION = {"name": "weather", "description": "Tells the weather.", "input_schema": SCHEMA}


@pytest.fixture
def now() -> World:
    return world.made()


def add(**changes: Any) -> Any:
    return people.carol().api().post("/api/tools", WEATHER | {"definition": DEFINITION} | changes)


def test_a_tool_is_added_read_changed_and_deleted() -> None:
    client = people.carol().api()
    added = add()
    assert added.status_code == 201
    path = f"/api/tools/{added.json()['id']}"
    read = client.get(path).json()
    assert read["definition"]["input_schema"] == SCHEMA
    assert (read["ready"], read["created_by"]) == (False, "Carol")
    changed = client.put(path, {"description": "Tells the climate.", "enabled": False})
    assert (changed.status_code, changed.json()["definition"]["description"]) == (200, "Tells the climate.")
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404


def test_what_was_read_can_be_sent_back() -> None:
    client = people.carol().api()
    read = add().json()
    writable = {name: read[name] for name in read if name not in READ_ONLY}
    answer = client.put(f"/api/tools/{read['id']}", writable)
    assert answer.status_code == 200, answer.content
    assert answer.json()["content_hash"] == read["content_hash"]


READ_ONLY = {
    "advisory",
    "token_weight",
    "is_draft",
    "number",
    "id",
    "quarantine",
    "ready",
    "ready_reason",
    "content_hash",
    "created_at",
    "updated_at",
    "created_by",
}


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        (
            {"definition": DEFINITION | {"input_schema": {"$ref": "https://x.example/s", "type": "object"}}},
            400,
            "invalid_schema",
        ),
        ({"definition": DEFINITION | {"name": "climate"}}, 400, "definition_mismatch"),
        ({"definition": {"name": "weather"}}, 400, "invalid_tool"),
        ({"name": "Weather"}, 400, "definition_mismatch"),
        ({"executor": "python"}, 403, "operator_only"),
        ({"tool_type": "magic"}, 400, "invalid"),
        ({"organization": 1}, 400, "invalid"),
    ],
)
def test_a_bad_definition_is_refused_by_type(changes: dict[str, Any], status: int, code: str) -> None:
    answer = add(**changes)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert answer.json()["error"]["details"]
    assert not Tool.objects.exists()


def test_a_name_is_taken_once() -> None:
    add()
    answer = add()
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "tool_name_taken")


def test_a_used_tool_is_archived_and_keeps_its_calls(now: World) -> None:
    assert now.carol.api().delete(f"/api/tools/{now.tool.pk}").status_code == 204
    now.tool.refresh_from_db()
    assert now.tool.archived_at is not None
    assert now.carol.api().get("/api/tools").json()["count"] == 0
    assert now.call.tool_id == now.tool.pk


def test_the_catalog_is_filtered(now: World) -> None:
    add(tags=["sky"], is_dangerous=True)
    client = now.alice.api()
    for query, names in {
        "search=WEATHER": ["weather"],
        "category=math": ["calculate"],
        "tool_type=custom": ["weather"],
        "is_dangerous=true": ["weather"],
        "enabled=false": [],
        "tag=sky": ["weather"],
    }.items():
        assert [tool["name"] for tool in client.get(f"/api/tools?{query}").json()["results"]] == names, query
    assert client.get("/api/tools?search=%00").status_code == 400
    assert client.get("/api/tools?tool_type=magic").status_code == 400


def test_a_grant_is_given_changed_and_taken(now: World) -> None:
    client = now.carol.api()
    tool = add().json()["id"]
    path = f"/api/agents/{now.agent.pk}/tools/{tool}"
    assert client.get(path).json()["error"]["code"] == "not_granted"
    given = client.post(path, {"usage_limit": -1, "requires_approval": True})
    assert (given.status_code, given.json()["grant"]["usage_limit"]) == (201, -1)
    assert client.post(path, {}).json()["error"]["code"] == "already_granted"
    changed = client.put(path, {"usage_limit": 2, "denied_parameters": {"city": ["Atlantis"]}})
    assert (changed.json()["grant"]["usage_limit"], changed.json()["grant"]["requires_approval"]) == (2, True)
    refused = client.put(path, {"denied_parameters": {"town": ["Atlantis"]}})
    assert (refused.status_code, list(refused.json()["error"]["details"])) == (400, ["denied_parameters"])
    assert [each["name"] for each in client.get(f"/api/agents/{now.agent.pk}/tools").json()["results"]] == [
        "calculate",
        "weather",
    ]
    assert client.delete(path).status_code == 204
    assert AgentToolConfig.objects.count() == 1


def test_a_foreign_tool_is_not_there_to_be_granted(now: World) -> None:
    theirs = people.mallory().api().post("/api/tools", WEATHER | {"definition": DEFINITION}).json()["id"]
    answer = now.carol.api().post(f"/api/agents/{now.agent.pk}/tools/{theirs}", {})
    assert answer.status_code == 404
    mine = (
        people.mallory()
        .api()
        .post("/api/agents", {"name": "m", "model": "x", "system_prompt": "y"})
        .json()["id"]
    )
    assert people.mallory().api().post(f"/api/agents/{mine}/tools/{now.tool.pk}", {}).status_code == 404


def test_everything_may_be_read_by_members_and_changed_by_keepers_only(now: World) -> None:
    for person in (now.alice, now.bob, people.olga()):
        client = person.api()
        assert client.get("/api/tools").json()["count"] == 1
        assert client.post("/api/tools", WEATHER).status_code == 403
        assert client.put(f"/api/tools/{now.tool.pk}", {"enabled": False}).status_code == 403
        assert client.delete(f"/api/tools/{now.tool.pk}").status_code == 403
