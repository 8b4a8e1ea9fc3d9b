"""Who keeps the catalog leaves no rule by a draft either: trying one is a real use."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from project.accounts.exceptions import NotAllowed
from tests import gate, people
from tests.gate import Gate
from tests.tools.asking import run_it
from tests.tools.test_held_by_rules import EVIL, PAGE, TEXT, URL, ruled, schema
from tools_app import catalog
from tools_app.cataloging import drafts, versions
from tools_app.explain import trying
from tools_app.models import Tool, ToolCall, ToolDraft

pytestmark = pytest.mark.django_db

# A rule, and a draft for which it would no longer hold.
LEFT: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"denied_parameters": {"kind:url": EVIL}}, {"input_schema": schema(page=TEXT)}),
    ({"denied_parameters": {"page": EVIL}}, {"input_schema": schema(place=URL)}),
    ({"for_categories": ["other"], "denied_parameters": {"page": EVIL}}, {"category": "local_file"}),
    ({"for_flags": ["not_repeatable"], "forbids": True}, {"is_idempotent": True}),
]


def opened() -> Gate:
    door = gate.opened(input_schema=schema(page=URL), category="other", is_dangerous=True)
    door.tool.refresh_from_db()
    return door


def proposed(door: Gate, who: people.Person, source: str = "person", **changes: Any) -> ToolDraft:
    return drafts.propose(door.tool, changes, by=who.identity, source=source)


def asked(door: Gate, who: people.Person, draft: ToolDraft) -> Any:
    plain = trying.asked(who.identity, agent_type_id=door.agent.pk, agent_name="x")
    return replace(plain, draft=versions.mark(draft))


def tried(door: Gate, who: people.Person, draft: ToolDraft) -> ToolCall:
    return trying.use(door.tool, json.dumps(PAGE), asked(door, who, draft), by=who.identity)


@pytest.mark.parametrize(("rule", "changes"), LEFT)
def test_a_draft_out_of_a_rule_is_not_begun(rule: Any, changes: Any) -> None:
    door = opened()
    ruled(**rule)
    with pytest.raises(NotAllowed) as refused:
        proposed(door, people.carol(), **changes)
    told = {"permission": "policy.change", "rules": ["Not there"], "tool": door.tool.name}
    assert refused.value.details == told
    assert not ToolDraft.objects.exists()
    proposed(door, people.adam(), **changes)


@pytest.mark.parametrize(("rule", "changes"), LEFT)
def test_a_draft_is_not_edited_or_renewed_out_of_a_rule(rule: Any, changes: Any) -> None:
    door, carol = opened(), people.carol()
    harmless = proposed(door, carol, description="Other words.")
    ruled(**rule)
    with pytest.raises(NotAllowed):
        drafts.edit(harmless, changes, by=carol.identity)
    with pytest.raises(NotAllowed):
        proposed(door, carol, **changes)
    assert ToolDraft.objects.get().changes == {"description": "Other words."}
    leaving = drafts.edit(harmless, changes, by=people.adam().identity)
    with pytest.raises(NotAllowed):
        drafts.renew(leaving, by=carol.identity, seen=versions.number_of(door.tool))
    assert ToolDraft.objects.get().revision == leaving.revision


@pytest.mark.parametrize(("rule", "changes"), LEFT)
def test_a_draft_from_before_the_rule_is_tried_by_nobody_who_could_not_publish_it(
    rule: Any, changes: Any
) -> None:
    door, carol = opened(), people.carol()
    draft = proposed(door, carol, **changes)
    ruled(**rule)
    call = tried(door, carol, draft)
    assert (call.status, call.reason) == ("blocked", "tool_draft")
    told = trying.foretell(door.tool, json.dumps(PAGE), asked(door, carol, draft), by=carol.identity)
    assert (told.word, told.reach, told.preview) == ("refuse", {}, "")
    with pytest.raises(NotAllowed):
        drafts.publish(draft, by=carol.identity)
    # Who sets rules may publish it, so it is only judged as it would be then.
    assert tried(door, people.adam(), draft).reason != "tool_draft"


def test_a_rule_that_comes_while_a_try_waits_in_line_stops_it() -> None:
    door, carol = opened(), people.carol()
    draft = proposed(door, carol, input_schema=schema(page=TEXT))
    Tool.objects.update(is_dangerous=False)
    call = tried(door, carol, draft)
    assert call.status == "queued"
    ruled(denied_parameters={"kind:url": EVIL})
    run_it(call)
    call.refresh_from_db()
    assert (call.status, call.reason) == ("blocked", "tool_draft")


def test_what_escapes_no_rule_is_drafted_and_tried() -> None:
    door, carol = opened(), people.carol()
    ruled(denied_parameters={"kind:url": EVIL})
    draft = proposed(door, carol, description="Other words.", input_schema=schema(page=URL, line=TEXT))
    assert tried(door, carol, draft).reason == "denied_parameter"


def test_what_a_server_describes_is_kept_for_its_review_and_tried_by_no_keeper() -> None:
    door, carol = opened(), people.carol()
    ruled(denied_parameters={"kind:url": EVIL})
    draft = proposed(door, carol, "mcp", input_schema=schema(page=TEXT))
    assert tried(door, carol, draft).reason == "tool_draft"
    with pytest.raises(NotAllowed):
        drafts.publish(draft, by=carol.identity)


def test_while_rules_cannot_be_read_no_draft_moves(settings: Any, tmp_path: Path) -> None:
    door, carol = opened(), people.carol()
    draft = proposed(door, carol, category="local_file")
    settings.POLICY_FILE, settings.POLICY_FILE_IS_NAMED = str(tmp_path / "policy.toml"), True
    Path(settings.POLICY_FILE).write_text("[[rules")
    assert tried(door, carol, draft).status == "blocked"
    with pytest.raises(NotAllowed, match="cannot be read"):
        drafts.edit(draft, {"category": "web_search"}, by=carol.identity)
    assert catalog.update(door.tool, {"description": "Words."}, by=carol.identity).description == "Words."


def test_what_cannot_be_compared_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    door, carol = opened(), people.carol()
    draft = proposed(door, carol, input_schema=schema(page=TEXT))

    def broken(*_: Any) -> Any:
        raise RuntimeError("a row edited by hand")

    monkeypatch.setattr("tools_app.governing.held.losses", broken)
    assert tried(door, carol, draft).reason == "tool_draft"
