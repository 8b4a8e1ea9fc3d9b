"""The catalog as a file and back: nothing is lost, nothing changes unasked, all of it or nothing."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command
from hypothesis import given
from hypothesis import strategies as some

from agents_app import personas, transfer
from agents_app.models import AgentToolConfig, AgentType, ModelEndpoint
from agents_app.transfer import Choice, Report, Wanted
from audit_app.models import AuditEntry
from project.accounts.exceptions import NotAllowed
from tests import people
from tools_app import catalog, documents, vault
from tools_app.documents import Document
from tools_app.mcp import servers
from tools_app.models import Secret, Tool, ToolVersion
from tools_app.openapi import document as reader

pytestmark = pytest.mark.django_db

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
HTTP = {
    "method": "GET",
    "url": "https://api.example/v1/{city}",
    "auth": {"type": "bearer", "secret": "weather-key"},
}
BO = {"name": "bo", "model": "m", "system_prompt": "x"}
WEATHER = {"name": "weather", "description": "Tells\nthe weather.", "category": "web", "input_schema": SCHEMA}


@pytest.fixture
def here() -> AgentType:
    """A catalog with a tool that needs a secret, and a persona that is granted it with rules."""
    by = people.carol().identity
    vault.keep("weather-key", "secret-value", hosts=["api.example"], by=by)
    tool = catalog.register(
        {**WEATHER, "executor": "http", "configuration": HTTP, "tags": ["1e5", "no"]}, by=by
    )
    agent = personas.register(
        {"name": "ana", "model": "claude-sonnet-5-5", "system_prompt": "Be\nbrief."}, by=by
    )
    personas.grant(agent, tool, {"usage_limit": 3, "denied_parameters": {"city": ["Mars"]}}, by=by)
    return agent


def taken(organization: Any = None) -> Document:
    found = transfer.document_of((organization or people.toolroom()).pk)
    return documents.read(transfer.written(found).encode(), "catalog.yaml")


def brought(document: Document, who: people.Person | None = None, **wanted: Any) -> Report:
    return transfer.bring_in(document, Wanted(**wanted), by=(who or people.carol()).identity)


def states(report: Report) -> dict[str, str]:
    return {each.key: each.state for each in report.outcomes}


def rows() -> dict[str, list[Any]]:
    models: tuple[Any, ...] = (Tool, AgentType, AgentToolConfig, ToolVersion, AuditEntry, Secret)
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in models}


def of(*tools: dict[str, Any], agents: Any = ()) -> Document:
    return documents.of_value({"tools": list(tools), "personas": list(agents)}, "body")


def test_importing_an_export_of_the_same_catalog_changes_nothing(here: AgentType) -> None:
    document, before = taken(), rows()
    report = brought(document, otherwise=Choice.REPLACE)
    assert set(states(report).values()) == {"same"}
    assert "Nothing to change" in report.sentence
    assert rows() == before


def test_the_seeded_catalog_goes_out_and_in_again_too() -> None:
    people.carol()
    call_command("seed")
    document, before = taken(), rows()
    report = brought(document, otherwise=Choice.REPLACE)
    assert set(states(report).values()) == {"same"}, [
        each for each in report.outcomes if each.state != "same"
    ]
    assert rows() == before
    assert len(document.tools) > 10


def test_an_export_is_short_ordered_and_without_secrets(here: AgentType) -> None:
    text = transfer.written(transfer.exported(by=people.carol().identity))
    assert "secret-value" not in text
    assert text.startswith(
        "toolroom: 1\nmcp_servers: []\ntools:\n- name: weather\n  description: |-\n    Tells\n    the weather.\n"
    )
    assert "secrets:\n- name: weather-key\n  hosts:\n  - api.example\n" in text
    assert "tags:\n  - '1e5'\n  - 'no'\n" in text
    assert "is_dangerous" not in text, "what a new tool has anyway is left out"
    assert text == transfer.written(transfer.exported(by=people.carol().identity))
    assert AuditEntry.objects.filter(action="catalog.exported").count() == 2


def test_another_organization_gets_all_of_it(here: AgentType) -> None:
    mallory, document = people.mallory(), taken()
    report = brought(document, mallory)
    assert states(report) == {"tool/weather": "added", "persona/ana": "added", "grant/ana/weather": "added"}
    assert report.missing_secrets == ["weather-key"]
    tool = Tool.objects.get(organization=mallory.organization)
    grant = AgentToolConfig.objects.get(organization=mallory.organization)
    assert (tool.configuration["auth"], tool.description) == (HTTP["auth"], "Tells\nthe weather.")
    assert (grant.usage_limit, grant.denied_parameters, grant.tool) == (3, {"city": ["Mars"]}, tool)
    assert taken(mallory.organization).tools[0].fields == document.tools[0].fields
    assert AuditEntry.objects.filter(action="catalog.imported").count() == 1
    assert set(states(brought(document, mallory)).values()) == {"same"}


def test_a_dry_run_tells_the_same_and_changes_nothing(here: AgentType) -> None:
    catalog.update(Tool.objects.get(), {"description": "Mine."}, by=people.carol().identity)
    document, mallory = of({**WEATHER, "executor": "http", "configuration": HTTP}), people.mallory()
    before = rows()
    dry = brought(document, mallory, is_dry=True)
    assert (states(dry), dry.is_done) == ({"tool/weather": "added"}, False)
    replaced = brought(document, is_dry=True, otherwise=Choice.REPLACE)
    assert states(replaced) == {"tool/weather": "changed"}
    assert "description:" in "\n".join(replaced.lines())
    assert "-Mine." in "\n".join(replaced.lines())
    assert rows() == before
    assert states(brought(document, mallory)) == states(dry)


@pytest.mark.parametrize(
    ("choice", "state", "description"),
    [("fail", "conflict", "Mine."), ("keep", "kept", "Mine."), ("replace", "changed", "Theirs.")],
)
def test_nobodys_work_is_overwritten_without_a_choice(
    here: AgentType, choice: str, state: str, description: str
) -> None:
    """S4.247."""
    catalog.update(Tool.objects.get(), {"description": "Mine."}, by=people.carol().identity)
    theirs = {**WEATHER, "description": "Theirs.", "executor": "http", "configuration": HTTP}
    report = brought(of(theirs), otherwise=Choice(choice))
    assert states(report)["tool/weather"] == state
    assert Tool.objects.get(name="weather").description == description
    assert report.is_done is (choice != "fail")


def test_a_choice_can_be_made_for_each_item(here: AgentType) -> None:
    by = people.carol().identity
    catalog.register({**WEATHER, "name": "other", "executor": "http"}, by=by)
    document = of(*({**WEATHER, "name": name, "description": "New."} for name in ("weather", "other")))
    report = brought(document, choices={"tool/weather": Choice.KEEP, "tool/other": Choice.REPLACE})
    assert states(report) == {"tool/weather": "kept", "tool/other": "changed"}


def test_a_renamed_tool_is_what_the_grants_mean(here: AgentType) -> None:
    document = of(
        {**WEATHER, "description": "Theirs."},
        agents=[
            {
                "name": "ana",
                "model": "m",
                "system_prompt": "Other.",
                "tools": [{"tool": "weather", "order_index": 1}],
            }
        ],
    )
    report = brought(document, otherwise=Choice.RENAME)
    assert [(each.key, each.state, each.name_here) for each in report.outcomes] == [
        ("tool/weather", "renamed", "weather-2"),
        ("persona/ana", "renamed", "ana-2"),
        ("grant/ana/weather", "added", ""),
    ]
    grant = AgentToolConfig.objects.get(agent_type__name="ana-2")
    assert (grant.tool.name, grant.order_index) == ("weather-2", 1)
    assert AgentType.objects.get(name="ana").system_prompt == "Be\nbrief."


def test_all_of_it_or_nothing() -> None:
    before_tools = Tool.objects.count()
    document = of(
        {**WEATHER, "name": "good"}, {**WEATHER, "name": "Bad Name"}, {**WEATHER, "name": "odd", "colour": 1}
    )
    report = brought(document, otherwise=Choice.REPLACE)
    assert states(report) == {"tool/good": "added", "tool/Bad Name": "wrong", "tool/odd": "wrong"}
    assert (report.is_done, Tool.objects.count()) == (False, before_tools)
    told = [line for each in report.problems for line in each.told]
    assert told == [
        "body /tools/1/name: Use 1 to 64 lower-case letters, digits, _ or -.",
        "body /tools/2/colour: There is no such field.",
    ]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"input_schema": {"type": "array"}}, "/input_schema"),
        ({"input_schema": None}, "/input_schema"),
        ({"parameters": {"userId": {"type": "string"}}, "input_schema": None}, "reserved for the house"),
        ({"tool_type": "builtin", "name": "teleport"}, "/tool_type"),
        ({"executor": "http", "configuration": {"method": "GET"}}, "/configuration"),
        ({"rate_limit": -1}, "/rate_limit"),
        ({"tags": "a"}, "/tags"),
        ({"required_permissions": ["everything"]}, "/required_permissions"),
        ({"is_dangerous": "yes"}, "/is_dangerous"),
        ({"description": {"x": 1}}, "/description"),
        ({"endpoint": "https://api.example/", "method": "DELETE"}, "/method"),
        ({"definition": [1]}, "/definition"),
        ({"configuration": [1]}, "/configuration"),
        ({"executor": ["http"]}, "/executor"),
        ({"endpoint": 5, "method": "GET"}, "/configuration"),
        ({"organization_id": 1}, "/organization_id"),
    ],
    ids=lambda value: "" if isinstance(value, str) else str(value)[:40],
)
def test_what_is_wrong_is_told_by_its_place(fields: dict[str, Any], told: str) -> None:
    said = {name: value for name, value in {**WEATHER, **fields}.items() if value is not None}
    report = brought(of(said))
    assert not report.is_done
    assert any(told in line for each in report.problems for line in each.told), report.problems


def test_a_record_of_a_web_service_becomes_a_tool() -> None:
    """S2.57-65 without a line of code: GET with a query, POST with JSON, the person in a header."""
    crm = {
        "name": "crm-lookup",
        "description": "Look up a customer.",
        "endpoint": "https://crm.example.com/api/customers",
        "method": "GET",
        "parameters": {"customerId": {"type": "string"}, "page": {"type": "integer", "required": False}},
        "requiresAuth": True,
        "rateLimit": 30,
    }
    assert brought(of(crm)).is_done
    tool = Tool.objects.get(name="crm-lookup")
    assert (tool.executor, tool.requires_auth, tool.rate_limit, tool.category) == (
        "http",
        True,
        30,
        "external",
    )
    assert tool.configuration["context_headers"] == {"X-User-Id": "user_id"}
    assert tool.configuration["parameters"] == {"customerId": "query", "page": "query"}
    assert tool.input_schema["required"] == ["customerId"]


def test_what_was_deleted_does_not_come_back_unasked() -> None:
    people.carol()
    call_command("seed")
    document = taken()
    Tool.objects.get(name="calculate").delete()
    assert states(brought(document))["tool/calculate"] == "conflict"
    assert states(brought(document, otherwise=Choice.KEEP))["tool/calculate"] == "kept"
    assert not Tool.objects.filter(name="calculate").exists()
    report = brought(document, otherwise=Choice.REPLACE)
    assert states(report)["tool/calculate"] == "added"
    assert Tool.objects.get(name="calculate").input_schema["properties"]


def test_what_is_archived_or_another_kind_is_not_overwritten(here: AgentType) -> None:
    by = people.carol().identity
    Tool.objects.update(archived_at="2026-01-01T00:00:00Z", enabled=False)
    report = brought(of({**WEATHER, "description": "New."}), otherwise=Choice.REPLACE)
    assert "archived here" in report.problems[0].told[0]
    catalog.register(
        {"name": "calculate", "description": "x", "category": "x", "tool_type": "builtin"}, by=by
    )
    report = brought(of({**WEATHER, "name": "calculate"}), otherwise=Choice.REPLACE)
    assert "another kind" in report.problems[0].told[0]


def test_the_default_persona_and_missing_parts_are_told(here: AgentType) -> None:
    ModelEndpoint.objects.create(organization=people.toolroom(), name="local", kind="scripted")
    personas.update(
        here, {"is_default": True, "endpoint": ModelEndpoint.objects.get()}, by=people.carol().identity
    )
    document, mallory = taken(), people.mallory()
    personas.register(
        {"name": "own", "model": "m", "system_prompt": "x", "is_default": True}, by=mallory.identity
    )
    report = brought(document, mallory)
    told = " ".join(line for each in report.outcomes for line in each.told)
    assert "'local' is not here" in told
    assert "stays the default" in told
    assert AgentType.objects.get(organization=mallory.organization, is_default=True).name == "own"
    lone = of(agents=[{**BO, "tools": [{"tool": "nothing"}]}])
    assert states(brought(lone))["grant/bo/nothing"] == "left out"


@pytest.mark.parametrize(("kind", "told"), [("python", "TOOL_MODULES"), ("mcp", "sync the server")])
def test_what_no_file_can_make_is_left_out_and_the_rest_comes(kind: str, told: str) -> None:
    report = brought(of({**WEATHER, "name": "theirs", "executor": kind}, WEATHER))
    assert states(report) == {"tool/theirs": "left out", "tool/weather": "added"}
    assert (report.is_done, told in report.outcomes[0].told[0]) == (True, True)
    assert list(Tool.objects.values_list("name", flat=True)) == ["weather"]


def test_mcp_servers_go_along_with_the_name_of_their_secret() -> None:
    by, mallory = people.carol().identity, people.mallory()
    vault.keep("mcp-key", "secret-value", hosts=["mcp.example"], by=by)
    given = {"name": "Notes", "prefix": "notes", "url": "https://mcp.example/mcp", "auth": "bearer"}
    servers.add({**given, "secret": "mcp-key"}, by=by)
    document = taken()
    assert document.mcp_servers[0].fields == {**given, "secret": "mcp-key"}
    assert set(states(brought(document)).values()) == {"same"}
    first = brought(document, mallory)
    assert (states(first), first.missing_secrets) == ({"mcp_server/Notes": "left out"}, ["mcp-key"])
    vault.keep("mcp-key", "theirs", hosts=["mcp.example"], by=mallory.identity)
    assert states(brought(document, mallory)) == {"mcp_server/Notes": "added"}
    moved = documents.of_value(
        {"mcp_servers": [{**given, "url": "https://mcp.example/v2", "secret": "mcp-key"}]}, "b"
    )
    assert states(brought(moved, mallory)) == {"mcp_server/Notes": "conflict"}
    assert states(brought(moved, mallory, otherwise=Choice.REPLACE)) == {"mcp_server/Notes": "changed"}
    odd = documents.of_value({"mcp_servers": [{"name": "x", "colour": 1}, {"name": "y", "url": 5}]}, "b")
    assert set(states(brought(odd, mallory)).values()) == {"wrong"}


def test_who_may_not_change_the_catalog_may_neither_take_nor_bring_it(here: AgentType) -> None:
    alice = people.alice()
    with pytest.raises(NotAllowed):
        transfer.exported(by=alice.identity)
    with pytest.raises(NotAllowed):
        brought(of(WEATHER), alice, is_dry=True)


def test_waiving_approval_needs_the_right_to_decide(here: AgentType) -> None:
    """A file may give nobody more than the person who brings it could: everything goes through the verbs."""
    document = of(
        {**WEATHER, "name": "asks", "requires_approval": True},
        agents=[
            {
                "name": "bo",
                "model": "m",
                "system_prompt": "x",
                "tools": [{"tool": "asks", "waives_approval": True}],
            }
        ],
    )
    assert states(brought(document))["grant/bo/asks"] == "wrong"
    assert states(brought(document, people.adam()))["grant/bo/asks"] == "added"


TEXT = some.text(
    some.characters(exclude_categories=["Cs", "Cc"]) | some.sampled_from("\n:#'\"-{}[]&*!|>%@`,?~ ")
)


@given(
    some.recursive(
        some.none() | some.booleans() | some.integers(-(2**53), 2**53) | TEXT,
        lambda inner: some.lists(inner, max_size=3) | some.dictionaries(TEXT, inner, max_size=3),
    )
)
def test_what_is_written_is_read_back_as_it_was(value: Any) -> None:
    text = transfer.written({"value": value})
    assert reader.value_of(text.encode()) == {"value": value}
