"""Who keeps the catalog writes no parameter out of a rule of the organization or of the operator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from project.accounts.exceptions import NotAllowed
from tests import gate, people
from tests.gate import Gate
from tools_app import catalog, policy_rules, rules
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
    ],
)
def test_a_parameter_is_not_written_out_of_a_rule(rule: Any, before: Any, after: Any) -> None:
    door = gate.opened(input_schema=schema(**before))
    ruled(**rule)
    with pytest.raises(NotAllowed) as refused:
        changed(door, people.carol(), input_schema=schema(**after))
    assert refused.value.details == {"permission": "policy.change", "rules": ["Not there"]}
    assert Tool.objects.get(pk=door.tool.pk).input_schema == schema(**before)
    changed(door, people.adam(), input_schema=schema(**after))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("rule", "before", "after"),
    [
        # More parameters, fewer, a kind where none was known, and kinds of which no rule speaks.
        ({"denied_parameters": {"kind:url": EVIL}}, {"page": URL}, {"page": URL, "line": TEXT}),
        ({"denied_parameters": {"kind:url": EVIL}}, {"page": URL, "line": TEXT}, {"line": TEXT}),
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


@pytest.mark.django_db
def test_no_organization_leaves_a_rule_of_the_operator(settings: Any, tmp_path: Path) -> None:
    settings.POLICY_FILE, settings.POLICY_FILE_IS_NAMED = str(tmp_path / "policy.toml"), False
    Path(settings.POLICY_FILE).write_text(
        '[[rules]]\nname = "No"\ndenied_parameters = { "kind:url" = ["a.b"] }\n'
    )
    door = gate.opened(input_schema=schema(page=URL))
    with pytest.raises(NotAllowed, match="No"):
        changed(door, people.adam(), input_schema=schema(page=TEXT))


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
