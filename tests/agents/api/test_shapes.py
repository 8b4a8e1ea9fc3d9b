"""What is answered has exactly the fields that OpenAPI describes, in every room."""

from typing import Any

import pytest
from rest_framework import serializers

from agents_app import personas
from agents_app.api import serializers as agents
from agents_app.api import shapes
from agents_app.granted import granting
from audit_app.api import serializers as audit
from project.accounts.api.views import MeSerializer
from tests import people, world
from tools_app import catalog
from tools_app.api import serializers as tools

pytestmark = pytest.mark.django_db


def check(item: Any, described: serializers.BaseSerializer[Any], where: str = "") -> None:
    """Compare names all the way down; a null or an empty list says nothing about what it might have held."""
    if isinstance(described, serializers.ListSerializer):
        for each in item:
            check(each, described.child, f"{where}[]")  # type: ignore[arg-type]
        return
    assert isinstance(described, serializers.Serializer)
    assert set(item) == set(described.fields), where
    for name, field in described.fields.items():
        if isinstance(field, serializers.BaseSerializer) and item[name] is not None:
            check(item[name], field, f"{where}.{name}")


def get(who: people.Person, path: str) -> Any:
    answer = who.api().get(path)
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_every_shape_is_the_described_one() -> None:
    now = world.made()
    alice, talk = now.alice, f"/api/conversations/{now.conversation.public_id}"
    pages = {
        "/api/agents": agents.AgentSerializer,
        f"/api/agents/{now.agent.pk}/tools": agents.GrantedToolSerializer,
        "/api/tools": tools.ToolSerializer,
        "/api/conversations": shapes.ConversationSerializer,
        f"{talk}/messages": shapes.MessageSerializer,
        "/api/approvals": shapes.ApprovalSerializer,
    }
    for path, serializer in pages.items():
        found = get(alice, path)
        assert found["count"] == len(found["results"]) == 1
        check(found["results"], serializer(many=True), path)
    ones = {
        "/api/me": MeSerializer,
        f"/api/agents/{now.agent.pk}": agents.AgentSerializer,
        f"/api/agents/{now.agent.pk}/tools/{now.tool.pk}": agents.GrantedToolSerializer,
        f"/api/tools/{now.tool.pk}": tools.ToolSerializer,
        talk: shapes.ConversationSerializer,
        f"{talk}/snapshot": shapes.SnapshotSerializer,
        f"{talk}/cursor": shapes.CursorSerializer,
        f"/api/runs/{now.run.pk}": shapes.RunSerializer,
        f"/api/approvals/{now.approval.pk}": shapes.ApprovalSerializer,
    }
    for path, serializer in ones.items():
        check(get(alice, path), serializer(), path)
    started = alice.api().post("/api/conversations", {"agent": now.agent.pk, "text": "Hello"}).json()
    check(started, shapes.StartedSerializer(), "started")


def test_the_record_has_the_described_shape() -> None:
    now = world.made()
    client = now.bob.api()
    client.post(
        f"/api/approvals/{now.approval.pk}/decision", {"verdict": "deny", "digest": now.approval.digest}
    )
    olga = people.olga()
    check(get(olga, "/api/audit/tool-usage")["results"], audit.ToolUsageSerializer(many=True))
    check(get(olga, "/api/audit/entries")["results"], audit.AuditEntrySerializer(many=True))


def test_prompts_and_configurations_are_shown_to_keepers_only() -> None:
    now = world.made()
    for path, name in (
        (f"/api/agents/{now.agent.pk}", "system_prompt"),
        (f"/api/tools/{now.tool.pk}", "configuration"),
    ):
        assert get(now.alice, path)[name] is None
        assert get(now.carol, path)[name] is not None


@pytest.mark.parametrize(
    ("written", "fields"),
    [
        # A definition may be sent whole or spread out; the verb puts it together. The reason is for the history.
        (tools.ToolWriteSerializer, {*catalog.FIELDS, "input_schema", "examples", "reason"}),
        (agents.AgentWriteSerializer, set(personas.FIELDS)),
        (agents.GrantWriteSerializer, set(granting.FIELDS)),
    ],
)
def test_what_may_be_sent_is_what_the_verbs_take(
    written: type[serializers.Serializer[Any]], fields: set[str]
) -> None:
    assert set(written().fields) == fields
