"""Seeds: made once, renewed until somebody edits them, gone once they were deleted; for every organization its own."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
from anthropic.resources.messages.messages import DEPRECATED_MODELS
from django.core.management import call_command
from pytest_django import DjangoDbBlocker

from agents_app.models import AgentToolConfig, AgentType
from audit_app.models import AuditEntry
from tests import people
from tests.kept import kept
from tools_app import builtin_tools
from tools_app import seeds as tool_seeds
from tools_app.cataloging import seeding
from tools_app.models import SeededRow, Tool, ToolVersion

pytestmark = pytest.mark.django_db

PERSONAS = {"brainstorm", "analysis", "evaluation", "code_reviewer"}
PROGRAMS = {"query_data", "change_data", "bash", "python", "run_program"}
FILE_TOOLS = {"edit_file", "list_files", "read_file", "search_files", "write_file"}
TOOLS = {
    "ask_user",
    "current_time",
    "calculate",
    "web_fetch",
    "web_search",
    *PROGRAMS,
    "send_email",
    "search_tools",
    "search_knowledge",
    "add_to_knowledge",
    *FILE_TOOLS,
}


def seed() -> str:
    said = io.StringIO()
    call_command("seed", stdout=said)
    return said.getvalue()


def everything() -> dict[str, list[Any]]:
    return {
        model.__name__: list(model.objects.order_by("pk").values())
        for model in (Tool, AgentType, AgentToolConfig, ToolVersion, AuditEntry)
    }


@pytest.fixture(scope="module")
def _built(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    with kept(django_db_blocker, _first_seed):
        yield


@pytest.fixture(autouse=True)
def _seeded(_built: None, db: None) -> None:
    """Every test begins with what the first seed made, and goes back to it."""


def _first_seed() -> None:
    people.alice()
    seed()


def test_first_seed_makes_the_defaults_of_the_source_design() -> None:
    assert set(AgentType.objects.values_list("name", flat=True)) == PERSONAS
    assert set(Tool.objects.values_list("name", flat=True)) == TOOLS
    flags = {row.name: (row.enabled, row.is_dangerous, row.requires_approval) for row in Tool.objects.all()}
    assert flags["read_file"] == (True, True, True)
    assert flags["bash"] == flags["python"] == flags["run_program"] == (True, True, True)
    assert flags["edit_file"] == flags["write_file"] == flags["search_files"] == (True, True, True)
    assert flags["list_files"] == (True, False, False)
    assert flags["web_search"] == (True, False, False)
    assert all(row.disabled_reason for row in Tool.objects.filter(enabled=False))
    brainstorm = AgentType.objects.get(name="brainstorm")
    assert (brainstorm.display_name, brainstorm.avatar_url, brainstorm.is_default) == (
        "Claude the Brainstormer",
        "\U0001f3a8",
        True,
    )
    assert AgentType.objects.get(name="analysis").avatar_url == "\U0001f50d"


def test_every_persona_is_complete_and_speaks_a_current_model() -> None:
    for row in AgentType.objects.all():
        assert row.model not in DEPRECATED_MODELS
        assert row.display_name
        assert row.description
        assert row.system_prompt
        assert row.personality_traits
        assert row.starters
        assert row.avatar_color.startswith("#")
    assert AgentType.objects.filter(is_default=True).count() == 1


def test_grants_of_the_reviewer_are_those_of_the_source_design() -> None:
    grants = {
        row.tool.name: row
        for row in AgentToolConfig.objects.select_related("tool").filter(agent_type__name="code_reviewer")
    }
    assert grants["bash"].denied_parameters == {"command": ["rm -rf", "sudo"]}
    assert (grants["bash"].requires_approval, grants["edit_file"].requires_approval) == (True, True)
    assert grants["web_search"].usage_limit == -1


def test_seeding_again_changes_nothing() -> None:
    before = everything()
    assert seed() == ""
    assert everything() == before


@pytest.mark.parametrize(
    ("model", "name", "fields"),
    [
        (AgentType, "analysis", {"system_prompt": "Mine."}),
        (AgentType, "analysis", {"temperature": 0.9}),
        (AgentType, "evaluation", {"enabled": False}),
        (AgentType, "code_reviewer", {"personality_traits": []}),
        (Tool, "calculate", {"description": "Mine."}),
        (Tool, "read_file", {"requires_approval": False}),
        (Tool, "web_search", {"tags": ["mine"]}),
    ],
)
def test_edits_of_an_administrator_stay(model: Any, name: str, fields: dict[str, Any]) -> None:
    model.objects.filter(name=name).update(**fields)
    before = everything()
    seed()
    assert everything() == before


def announced(**edited: Any) -> Tool:
    """edit_file as the version before it seeded it: switched off, with a schema of its own."""
    row = Tool.objects.get(name="edit_file")
    schema = {"type": "object", "properties": {"path": {"type": "string", "x-kind": "path"}}}
    was = {"enabled": False, "disabled_reason": "Not part of this version yet.", "description": "Replace."}
    definition = {**row.definition, "input_schema": schema}
    Tool.objects.filter(pk=row.pk).update(**was, definition=definition)
    row.refresh_from_db()
    written = {name: getattr(row, name) for name in FIELDS}
    SeededRow.objects.filter(kind="tool", name="edit_file").update(content_hash=seeding._hash(written))
    Tool.objects.filter(pk=row.pk).update(**edited)
    return row


# What is only announced names no more flags than it raises.
FIELDS = set(tool_seeds._built(builtin_tools.named("edit_file"))) - {"is_idempotent", "is_open_world"}


def test_tool_that_was_announced_is_switched_on_once_it_is_there() -> None:
    row = announced()
    assert "edit_file" in seed()
    row.refresh_from_db()
    assert (row.enabled, row.disabled_reason, row.is_dangerous, row.requires_approval) == (
        True,
        "",
        True,
        True,
    )
    assert "x-access" in row.input_schema["properties"]["path"]
    newest = row.versions.order_by("-number").first()
    assert newest is not None
    assert newest.content_hash == row.content_hash()
    assert seed() == ""


def test_announced_tool_that_somebody_edited_stays_theirs() -> None:
    row = announced(description="Mine.")
    assert "edit_file" not in seed()
    row.refresh_from_db()
    assert (row.enabled, row.description) == (False, "Mine.")


def test_deleted_default_does_not_come_back() -> None:
    AgentType.objects.get(name="evaluation").delete()
    Tool.objects.get(name="web_search").delete()
    AgentToolConfig.objects.filter(agent_type__name="analysis", tool__name="calculate").delete()
    before = everything()
    seed()
    assert everything() == before


def test_row_that_somebody_made_before_is_theirs() -> None:
    other = people.mallory().organization
    AgentType.objects.create(organization=other, name="analysis", model="m", system_prompt="Theirs.")
    seed()
    assert AgentType.objects.get(organization=other, name="analysis").system_prompt == "Theirs."
    assert AgentType.objects.filter(organization=other).count() == len(PERSONAS)


def test_other_default_persona_stays_the_default() -> None:
    other = people.mallory().organization
    AgentType.objects.create(organization=other, name="own", model="m", system_prompt="Own.", is_default=True)
    seed()
    assert AgentType.objects.get(organization=other, is_default=True).name == "own"


def test_every_organization_gets_copies_of_its_own() -> None:
    other = people.mallory().organization
    assert "Elsewhere Inc" in seed()
    for model, names in ((AgentType, PERSONAS), (Tool, TOOLS)):
        theirs = model.objects.filter(organization=other)
        assert set(theirs.values_list("name", flat=True)) == names
    grants = AgentToolConfig.objects.filter(organization=other)
    assert grants.count() == AgentToolConfig.objects.exclude(organization=other).count()
    for grant in grants.select_related("agent_type", "tool"):
        assert (grant.agent_type.organization_id, grant.tool.organization_id) == (other.pk, other.pk)
    assert seed() == ""


def test_mallory_sees_only_her_own_copies() -> None:
    mallory = people.mallory()
    seed()
    assert {row.organization_id for row in AgentType.objects.visible_to(mallory.identity)} == {
        mallory.organization.pk
    }
    assert {row.organization_id for row in Tool.objects.visible_to(mallory.identity)} == {
        mallory.organization.pk
    }


def test_seed_is_recorded_and_versioned_once() -> None:
    assert AuditEntry.objects.filter(action="seed.applied").count() == 1
    assert ToolVersion.objects.count() == len(TOOLS)
    for version in ToolVersion.objects.select_related("tool"):
        assert version.content_hash == version.tool.content_hash()
