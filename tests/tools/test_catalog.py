"""The catalog's verbs: what may be written, what is refused by type, what is versioned and recorded."""

from typing import Any

import pytest

from audit_app.models import AuditEntry, ToolUsage
from project.accounts import identity as identities
from project.accounts.exceptions import NotAllowed, NotFound
from tests import people
from tools_app import catalog
from tools_app.exceptions import InvalidTool, OperatorOnly, ToolNameTaken
from tools_app.models import Tool, ToolVersion

pytestmark = pytest.mark.django_db

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string", "pattern": "[a-z]+"}},
    "required": ["city"],
}


def described(**changes: Any) -> dict[str, Any]:
    definition = {"name": "weather", "description": "Tells the weather.", "input_schema": SCHEMA}
    return {
        "name": "weather",
        "description": "Tells the weather.",
        "category": "web",
        "tool_type": "custom",
        "definition": definition,
    } | changes


def registered(**changes: Any) -> Tool:
    return catalog.register(described(**changes), by=people.carol().identity)


def test_a_tool_is_stored_versioned_and_recorded() -> None:
    tool = registered()
    version = ToolVersion.objects.get(tool=tool)
    assert (version.number, version.content_hash) == (1, tool.content_hash())
    assert tool.created_by == "Carol"
    entry = AuditEntry.objects.get(action="tool.added")
    assert (entry.subject_name, entry.actor_name) == ("weather", "Carol")


def test_a_definition_alone_describes_a_tool() -> None:
    sent = {"name": "weather", "description": "Tells.", "category": "web", "input_schema": SCHEMA}
    tool = catalog.register(sent, by=people.carol().identity)
    assert (tool.tool_type, tool.executor, tool.category) == ("custom", "http", "web")


def test_patterns_written_here_match_the_whole_value() -> None:
    assert registered().input_schema["properties"]["city"]["pattern"] == "^(?:[a-z]+)$"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"organization": 7}, "organization"),
        ({"organization_id": 7}, "organization_id"),
        ({"archived_at": None}, "archived_at"),
        ({"created_by": "root"}, "created_by"),
        ({"name": "Weather"}, "name"),
        ({"name": "x" * 65}, "name"),
        ({"name": "a b"}, "name"),
        ({"description": ""}, "description"),
        ({"tags": "web"}, "tags"),
        ({"tool_type": "magic"}, "tool_type"),
        ({"executor": "builtin"}, "executor"),
        ({"configuration": []}, "configuration"),
        ({"enabled": None}, "enabled"),
        ({"rate_limit": -1}, "rate_limit"),
        ({"required_permissions": ["root"]}, "required_permissions"),
        ({"definition": {"input_schema": SCHEMA, "launcher": "sh"}}, "definition"),
        ({"definition": {}}, "definition"),
        ({"definition": {"input_schema": SCHEMA, "is_dangerous": "no"}}, "is_dangerous"),
        (
            {"definition": {"input_schema": SCHEMA, "examples": [{"input": {"city": 1}, "output": ""}]}},
            "examples",
        ),
        ({"definition": {"input_schema": {"type": "object", "$ref": "https://x.example/s"}}}, "input_schema"),
        ({"definition": {"input_schema": {"type": "object", "properties": {"user_id": {}}}}}, "input_schema"),
    ],
)
def test_what_is_wrong_is_named_by_its_field(changes: dict[str, Any], field: str) -> None:
    wanted = described(**changes)
    if "name" in changes or "description" in changes:
        wanted["definition"] = {"input_schema": SCHEMA}
    with pytest.raises(InvalidTool) as refused:
        catalog.register(wanted, by=people.carol().identity)
    assert field in refused.value.details
    assert not Tool.objects.exists()


@pytest.mark.parametrize("value", ["a\x00b", "\ud800", 2**60, float("nan")])
def test_values_that_two_readers_could_understand_differently_are_refused(value: Any) -> None:
    with pytest.raises(InvalidTool):
        registered(configuration={"value": value})


@pytest.mark.parametrize("name", ["name", "description", "category"])
def test_definition_and_columns_must_agree(name: str) -> None:
    definition = {"input_schema": SCHEMA, name: "something else"}
    with pytest.raises(InvalidTool) as refused:
        registered(definition=definition)
    assert refused.value.code == "definition_mismatch"


def test_a_definition_may_raise_flags_and_never_lower_them() -> None:
    raised = registered(definition={"input_schema": SCHEMA, "is_dangerous": True}, is_dangerous=False)
    assert raised.is_dangerous
    definition = {"input_schema": SCHEMA, "requires_approval": False}
    kept = registered(name="other", definition=definition, requires_approval=True)
    assert kept.requires_approval


@pytest.mark.parametrize(("tool_type", "executor"), [("custom", "python"), ("mcp", "mcp")])
def test_code_of_the_installation_is_named_by_its_operator_only(tool_type: str, executor: str) -> None:
    with pytest.raises(OperatorOnly):
        registered(tool_type=tool_type, executor=executor)


def test_the_operator_may_name_it() -> None:
    operator = identities.system(people.toolroom())
    made = catalog.register(described(tool_type="custom", executor="python"), by=operator)
    assert made.executor == "python"
    with pytest.raises(InvalidTool) as refused:
        catalog.register(described(tool_type="mcp", executor="mcp"), by=operator)
    assert list(refused.value.details) == ["configuration"]


def test_the_parameters_of_a_built_in_tool_cannot_be_changed() -> None:
    by = people.carol().identity
    described_anew = {"name": "calculate", "description": "Adds.", "category": "math", "tool_type": "builtin"}
    tool = catalog.register(described_anew, by=by)
    assert "expression" in tool.input_schema["properties"]
    with pytest.raises(InvalidTool):
        catalog.update(tool, {"input_schema": SCHEMA}, by=by)
    assert catalog.update(tool, {"description": "Sums."}, by=by).description == "Sums."


def test_an_unknown_built_in_tool_is_refused() -> None:
    with pytest.raises(InvalidTool, match="saved"):
        registered(name="rm", tool_type="builtin", definition={"input_schema": SCHEMA})


def test_a_second_tool_of_the_name_is_refused_and_another_organization_may_have_it() -> None:
    registered()
    with pytest.raises(ToolNameTaken):
        registered()
    assert catalog.register(described(), by=people.mallory().identity).pk


def test_a_change_makes_a_version_and_no_change_makes_none() -> None:
    tool, by = registered(), people.carol().identity
    changed = catalog.update(
        tool, {"requires_approval": True, "enabled": True}, by=by, reason="asked by legal"
    )
    assert changed.requires_approval
    catalog.update(tool, {"requires_approval": True}, by=by)
    numbers = ToolVersion.objects.filter(tool=tool).values_list("number", "reason")
    assert list(numbers) == [(2, "asked by legal"), (1, "")]
    assert AuditEntry.objects.get(action="tool.changed").facts["changed"] == ["requires_approval"]


@pytest.mark.parametrize("change", [{"name": "climate"}, {"tool_type": "builtin"}, {"executor": "agent"}])
def test_what_history_names_cannot_be_changed(change: dict[str, str]) -> None:
    tool = registered()
    with pytest.raises(InvalidTool):
        catalog.update(tool, change, by=people.carol().identity)


def test_an_unused_tool_is_deleted_and_a_used_one_is_archived() -> None:
    by = people.carol().identity
    unused, used = registered(), registered(name="other", definition={"input_schema": SCHEMA})
    ToolUsage.objects.create(organization=people.toolroom(), tool_id=used.pk, tool_name="other")
    catalog.archive(unused, by=by)
    catalog.archive(used, by=by)
    kept = Tool.objects.get()
    assert (kept.name, kept.enabled, kept.archived_at is None) == ("other", False, False)
    assert not Tool.objects.current().exists()
    catalog.restore(kept, by=by)
    assert not Tool.objects.current().get().enabled


def test_only_keepers_of_the_same_organization_change_the_catalog() -> None:
    tool = registered()
    for person in (people.alice(), people.bob(), people.olga()):
        with pytest.raises(NotAllowed):
            catalog.register(described(name="mine"), by=person.identity)
        with pytest.raises(NotAllowed):
            catalog.update(tool, {"enabled": False}, by=person.identity)
        with pytest.raises(NotAllowed):
            catalog.archive(tool, by=person.identity)
    mallory = people.mallory().identity
    with pytest.raises(NotFound):
        catalog.update(tool, {"enabled": False}, by=mallory)
    with pytest.raises(NotFound):
        catalog.archive(tool, by=mallory)
    tool.refresh_from_db()
    assert tool.enabled
