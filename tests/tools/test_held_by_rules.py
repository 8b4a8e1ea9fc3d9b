"""Who keeps the catalog writes no parameter out of a rule of the organization or of the operator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from project.accounts import identity as identities
from project.accounts.exceptions import NotAllowed
from tests import gate, people
from tests.gate import Gate
from tools_app import catalog, rules
from tools_app.cataloging import drafts
from tools_app.governing import policy_rules
from tools_app.models import Tool

URL = {"type": "string", "x-kind": "url"}
TEXT = {"type": "string"}
EVIL = ["evil.example"]
PAGE = {"page": "https://evil.example/x"}


def schema(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def ruled(**rule: Any) -> None:
    policy_rules.add({"name": "Not there", **rule}, by=people.adam().identity)


def changed(door: Gate, who: people.Person, **fields: Any) -> None:
    door.tool.refresh_from_db()
    catalog.update(door.tool, fields, by=who.identity)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("rule", "before", "after"),
    [
        # Said to be plain text, under the same name and under another one, and of another kind.
        ({"denied_parameters": {"kind:url": EVIL}}, {"page": URL}, {"page": TEXT}),
        ({"denied_parameters": {"kind:url": EVIL}}, {"page": URL}, {"place": TEXT}),
        ({"ask_when": {"kind:url": EVIL}}, {"page": URL}, {"page": {**URL, "x-kind": "command"}}),
        ({"denied_parameters": ["kind:url"]}, {"page": URL}, {"page": TEXT}),
        # What bare text means depends on the kind of the parameter a rule names.
        ({"denied_parameters": {"page": EVIL}}, {"page": URL}, {"page": TEXT}),
        ({"denied_parameters": {"*": EVIL}}, {"page": URL, "line": TEXT}, {"page": TEXT, "line": TEXT}),
        ({"allowed_parameters": {"kind:url": ["ok.example"], "*": True}}, {"page": URL}, {"page": TEXT}),
        ({"denied_parameters": {"/page/0": EVIL}}, {"page": TEXT}, {"pages": TEXT}),
        # Taken away: with the next change it would be back as another one, or has been there since the last one.
        ({"denied_parameters": {"kind:url": EVIL}}, {"page": URL, "line": TEXT}, {"line": TEXT}),
        ({"denied_parameters": ["page"]}, {"page": TEXT, "pages": TEXT}, {"pages": TEXT}),
    ],
)
def test_a_parameter_is_not_written_out_of_a_rule(rule: Any, before: Any, after: Any) -> None:
    door = gate.opened(input_schema=schema(**before))
    ruled(**rule)
    with pytest.raises(NotAllowed) as refused:
        changed(door, people.carol(), input_schema=schema(**after))
    told = {"permission": "policy.change", "rules": ["Not there"], "tool": door.tool.name}
    assert refused.value.details == told
    assert Tool.objects.get(pk=door.tool.pk).input_schema == schema(**before)
    changed(door, people.adam(), input_schema=schema(**after))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("rule", "before", "after"),
    [
        # More parameters, fewer of which no rule speaks, a kind where none was known, and kinds of no rule.
        ({"denied_parameters": {"kind:url": EVIL}}, {"page": URL}, {"page": URL, "line": TEXT}),
        ({"denied_parameters": {"kind:url": EVIL}}, {"page": URL, "line": TEXT}, {"page": URL}),
        ({"denied_parameters": {"page": EVIL}}, {"page": TEXT}, {"page": URL}),
        ({"denied_parameters": {"kind:sql": EVIL}}, {"page": URL}, {"page": TEXT}),
        ({"denied_parameters": {"*": True}}, {"page": URL}, {"page": TEXT}),
        ({"denied_parameters": {"kind:url": EVIL}, "for_tools": ["other"]}, {"page": URL}, {"page": TEXT}),
    ],
)
def test_what_escapes_no_rule_is_the_keepers_to_change(rule: Any, before: Any, after: Any) -> None:
    door = gate.opened(input_schema=schema(**before))
    ruled(**rule)
    changed(door, people.carol(), input_schema=schema(**after))
    assert Tool.objects.get(pk=door.tool.pk).input_schema == schema(**after)


@pytest.mark.django_db
def test_a_kind_that_a_keeper_has_said_is_not_unsaid() -> None:
    """`parameter_kinds`: what is said of a parameter where its description says nothing."""
    door = gate.opened(input_schema=schema(page=TEXT), parameter_kinds={"page": "url"})
    ruled(denied_parameters={"kind:url": EVIL})
    assert door.ask(PAGE).reason == "denied_parameter"
    for kinds in ({}, {"page": "text"}):
        with pytest.raises(NotAllowed):
            changed(door, people.carol(), parameter_kinds=kinds)
    assert door.ask(PAGE).reason == "denied_parameter"
    changed(door, people.adam(), parameter_kinds={})
    assert door.ask(PAGE).status == "queued"


@pytest.fixture
def operators_rule(settings: Any, tmp_path: Path) -> Path:
    settings.POLICY_FILE, settings.POLICY_FILE_IS_NAMED = str(tmp_path / "policy.toml"), False
    file = Path(settings.POLICY_FILE)
    file.write_text('[[rules]]\nname = "No"\ndenied_parameters = { "kind:url" = ["evil.example"] }\n')
    return file


@pytest.mark.django_db
def test_no_organization_leaves_a_rule_of_the_operator(operators_rule: Path) -> None:
    door = gate.opened(input_schema=schema(page=URL))
    for after in (schema(page=TEXT), schema(place=TEXT)):
        with pytest.raises(NotAllowed, match="No"):
            changed(door, people.adam(), input_schema=after)


@pytest.mark.django_db
def test_what_was_taken_away_comes_back_only_as_what_it_was(operators_rule: Path) -> None:
    """What a server or an edition of an API has dropped is let go by who sets rules, and opens no way round them."""
    door = gate.opened(input_schema=schema(page=URL, line=TEXT))
    with pytest.raises(NotAllowed):
        changed(door, people.carol(), input_schema=schema(line=TEXT))
    changed(door, people.adam(), input_schema=schema(line=TEXT))
    for who in (people.carol(), people.adam()):
        with pytest.raises(NotAllowed):
            changed(door, who, input_schema=schema(line=TEXT, page=TEXT))
    changed(door, people.carol(), input_schema=schema(line=TEXT, other=TEXT))
    changed(door, people.carol(), input_schema=schema(line=TEXT, page=URL))
    assert door.ask(PAGE).reason == "denied_parameter"


@pytest.mark.django_db
def test_a_draft_that_drops_a_parameter_is_published_by_who_sets_rules() -> None:
    """Also that of an MCP server, whose review publishes it."""
    door = gate.opened(input_schema=schema(page=URL, line=TEXT))
    ruled(denied_parameters={"kind:url": EVIL})
    changes = {"input_schema": schema(line=TEXT)}
    draft = drafts.propose(door.tool, changes, by=people.carol().identity, source="mcp")
    with pytest.raises(NotAllowed):
        drafts.publish(draft, by=people.carol().identity)
    assert drafts.publish(draft, by=people.adam().identity).input_schema == schema(line=TEXT)


@pytest.mark.django_db
def test_while_rules_cannot_be_read_nothing_they_look_at_is_changed(operators_rule: Path) -> None:
    door = gate.opened(input_schema=schema(page=URL))
    sound = operators_rule.read_text()
    operators_rule.write_text("[[rules")
    for fields in ({"input_schema": schema(page=TEXT)}, {"category": "sums"}, {"is_dangerous": True}):
        with pytest.raises(NotAllowed, match="cannot be read"):
            changed(door, people.adam(), **fields)
    changed(door, people.carol(), description="Switched off.", enabled=False)
    catalog.update(
        Tool.objects.get(pk=door.tool.pk), {"enabled": True}, by=identities.system(people.toolroom())
    )
    operators_rule.write_text(sound)
    assert door.ask(PAGE).reason == "denied_parameter"


@pytest.mark.parametrize(
    ("rule", "places"),
    [
        (None, set()),
        ([], set()),
        (["page", "other"], {("page", "")}),
        ({"kind:url": ["x"]}, {("page", "url")}),
        ({"kind:path": ["x"]}, {("where", "folder")}),
        ({"/line/*": ["x"], "/**/page": True}, {("line", ""), ("page", ""), ("where", "")}),
        ({"*": ["x"]}, {("page", "url"), ("where", "folder"), ("line", "")}),
        ({"*": []}, {("page", ""), ("where", ""), ("line", "")}),
    ],
)
def test_what_a_rule_takes_hold_of(rule: Any, places: set[tuple[str, str]]) -> None:
    kinds = {"page": "url", "where": "folder", "line": ""}
    assert set(rules.taken_hold_of(rule, kinds)) == places
