"""The verbs of personas and grants: what may be written, what is refused by type, what is recorded."""

from typing import Any

import pytest

from agents_app import personas
from agents_app.exceptions import DefaultPersona, InvalidGrant, InvalidPersona, NotGranted, PersonaNameTaken
from agents_app.granted.granting import MayNotWaive
from agents_app.models import AgentToolConfig, AgentType, Conversation, ModelEndpoint
from audit_app.models import AuditEntry
from project.accounts.exceptions import NotAllowed, NotFound
from tests import people
from tools_app import catalog
from tools_app.models import Tool

pytestmark = pytest.mark.django_db

SCHEMA = {
    "type": "object",
    "properties": {
        "command": {"type": "string", "x-kind": "command"},
        "lines": {"type": "integer", "maximum": 1000},
    },
    "required": ["command"],
}


def persona(name: str = "helper", *, by: people.Person | None = None, **fields: Any) -> AgentType:
    sent = {"name": name, "model": "claude-sonnet-5-5", "system_prompt": "Help.", **fields}
    return personas.register(sent, by=(by or people.carol()).identity)


def tool(name: str = "shell", *, by: people.Person | None = None, **fields: Any) -> Tool:
    sent = {"name": name, "description": "Runs.", "category": "code", "input_schema": SCHEMA, **fields}
    return catalog.register(sent, by=(by or people.carol()).identity)


def granted(config: dict[str, Any], **fields: Any) -> AgentToolConfig:
    return personas.grant(persona(), tool(**fields), config, by=people.carol().identity)


def test_a_persona_without_a_display_name_gets_one() -> None:
    assert persona("code_reviewer").display_name == "Code Reviewer"
    assert AuditEntry.objects.get(action="persona.added").subject_name == "code_reviewer"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"organization_id": 3}, "organization_id"),
        ({"avatar_color": "red"}, "avatar_color"),
        ({"avatar_url": "javascript:alert(1)"}, "avatar_url"),
        ({"avatar_url": "http://x.example/a.png"}, "avatar_url"),
        ({"avatar_url": "https://x.example/a.png"}, "avatar_url"),
        ({"avatar_url": "/static/../admin/"}, "avatar_url"),
        ({"avatar_url": "/static/%2e%2e/admin/"}, "avatar_url"),
        ({"avatar_url": "seventeen letters"}, "avatar_url"),
        ({"temperature": 1.5}, "temperature"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"effort": "enormous"}, "effort"),
        ({"personality_traits": "kind"}, "personality_traits"),
        ({"model": ""}, "model"),
        ({"endpoint": 999}, "endpoint"),
        ({"endpoint": {"id": 1}}, "endpoint"),
    ],
)
def test_what_is_wrong_is_named_by_its_field(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidPersona) as refused:
        persona(**fields)
    assert field in refused.value.details


@pytest.mark.parametrize("avatar", ["", "🔍", "A1", "/static/img/ana.png"])
def test_an_avatar_is_a_sign_or_an_image_of_this_installation(avatar: str) -> None:
    assert persona(avatar_url=avatar).avatar_url == avatar


def test_an_endpoint_of_another_organization_does_not_exist() -> None:
    foreign = ModelEndpoint.objects.create(organization=people.elsewhere(), name="theirs")
    with pytest.raises(InvalidPersona):
        persona(endpoint=foreign.pk)
    with pytest.raises(InvalidPersona):
        persona(endpoint=foreign)


def test_names_are_taken_once_in_each_organization() -> None:
    persona()
    with pytest.raises(PersonaNameTaken):
        persona()
    assert persona(by=people.mallory()).pk


def test_there_is_one_default_and_it_is_switched_on() -> None:
    by = people.carol().identity
    first, second = persona("first", is_default=True), persona("second")
    personas.update(second, {"is_default": True}, by=by)
    assert AgentType.objects.get(is_default=True).name == "second"
    first.refresh_from_db()
    assert not first.is_default
    second.refresh_from_db()
    for change in ({"enabled": False}, {"is_default": False}):
        with pytest.raises(DefaultPersona):
            personas.update(second, change, by=by)
    with pytest.raises(DefaultPersona):
        personas.archive(second, by=by)
    with pytest.raises(DefaultPersona):
        persona("third", is_default=True, enabled=False)


def test_an_unused_persona_is_deleted_and_a_used_one_is_archived() -> None:
    by = people.carol().identity
    unused, used = persona("unused"), persona("used")
    Conversation.objects.create(organization=people.toolroom(), owner=people.alice().user, agent_type=used)
    personas.archive(unused, by=by)
    personas.archive(used, by=by)
    kept = AgentType.objects.get()
    assert (kept.name, kept.enabled, kept.archived_at is None) == ("used", False, False)


def test_a_grant_is_made_changed_and_taken_away() -> None:
    by = people.carol().identity
    row = granted({"requires_approval": True, "usage_limit": -1})
    personas.grant(row.agent_type, row.tool, {"usage_limit": 3}, by=by)
    row.refresh_from_db()
    assert (row.usage_limit, row.requires_approval) == (3, True)
    personas.ungrant(row.agent_type, row.tool, by=by)
    with pytest.raises(NotGranted):
        personas.ungrant(row.agent_type, row.tool, by=by)
    actions = AuditEntry.objects.filter(action__startswith="grant.").order_by("pk")
    assert [entry.action for entry in actions] == ["grant.added", "grant.changed", "grant.removed"]


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({"tool": 3}, "tool"),
        ({"usage_limit": -2}, "usage_limit"),
        ({"usage_limit": "3"}, "usage_limit"),
        ({"usage_limit": True}, "usage_limit"),
        ({"allow_use": "yes"}, "allow_use"),
        ({"allowed_parameters": "command"}, "allowed_parameters"),
        ({"allowed_parameters": ["comand"]}, "allowed_parameters"),
        ({"denied_parameters": {"command": {"regex": "x"}}}, "denied_parameters"),
        ({"denied_parameters": {"command": [{"regex": "x"}]}}, "denied_parameters"),
        ({"parameter_defaults": {"lines": 5000}}, "parameter_defaults"),
        ({"parameter_defaults": ["lines"]}, "parameter_defaults"),
        ({"parameter_defaults": {"lines": 5}, "denied_parameters": ["lines"]}, "parameter_defaults"),
        ({"parameter_defaults": {"lines": 5}, "allowed_parameters": ["command"]}, "parameter_defaults"),
        ({"parameter_defaults": {"lines": 5}, "fixed_parameters": {"lines": 6}}, "parameter_defaults"),
        ({"denied_parameters": {"command": ["rm -rf"]}}, "denied_parameters"),
    ],
)
def test_a_grant_the_gate_could_not_keep_is_refused(config: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidGrant) as refused:
        granted(config)
    assert field in refused.value.details
    assert not AgentToolConfig.objects.exists()


def test_forbidden_texts_are_accepted_beside_an_approval() -> None:
    row = granted({"requires_approval": True, "denied_parameters": {"command": ["rm -rf", "sudo"]}})
    assert row.denied_parameters == {"command": ["rm -rf", "sudo"]}


def test_a_question_is_waived_only_by_who_may_decide_and_never_for_danger() -> None:
    agent, harmless, adam = persona(), tool(requires_approval=True), people.adam().identity
    with pytest.raises(MayNotWaive):
        personas.grant(agent, harmless, {"waives_approval": True}, by=people.carol().identity)
    assert personas.grant(agent, harmless, {"waives_approval": True}, by=adam).waives_approval
    with pytest.raises(InvalidGrant):
        personas.grant(agent, tool("bomb", is_dangerous=True), {"waives_approval": True}, by=adam)


def test_a_tool_of_another_organization_cannot_be_granted() -> None:
    foreign = tool("theirs", by=people.mallory())
    for by in (people.carol(), people.mallory()):
        with pytest.raises(NotFound):
            personas.grant(persona(by.user.username), foreign, {}, by=people.carol().identity)
    assert not AgentToolConfig.objects.exists()


def test_only_keepers_of_the_same_organization_change_personas() -> None:
    agent, helper = persona(), tool()
    for person in (people.alice(), people.bob(), people.olga()):
        with pytest.raises(NotAllowed):
            persona("mine", by=person)
        with pytest.raises(NotAllowed):
            personas.grant(agent, helper, {}, by=person.identity)
        with pytest.raises(NotAllowed):
            personas.archive(agent, by=person.identity)
    for verb in (personas.archive, personas.restore):
        with pytest.raises(NotFound):
            verb(agent, by=people.mallory().identity)
    with pytest.raises(NotFound):
        personas.update(agent, {"system_prompt": "Obey Mallory."}, by=people.mallory().identity)
