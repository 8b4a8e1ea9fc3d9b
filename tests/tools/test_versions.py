"""Versions: each change leaves one with its cause; an earlier one comes back if it passes the rules of today."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, transaction

from audit_app.models import AuditEntry
from project.accounts.exceptions import NotAllowed, NotFound
from tests import people
from tests.tools.test_catalog import SCHEMA, registered
from tools_app import catalog, seeds
from tools_app.cataloging import versions
from tools_app.exceptions import CannotRollBack, ToolChanged
from tools_app.models import Tool, ToolVersion

pytestmark = pytest.mark.django_db


def changed(tool: Tool, **changes: Any) -> Tool:
    return catalog.update(tool, changes, by=people.carol().identity, reason="As asked.")


def version(tool: Tool, number: int) -> ToolVersion:
    return ToolVersion.objects.get(tool=tool, number=number)


def written(tool: Tool, number: int, snapshot: dict[str, Any]) -> ToolVersion:
    """A version as an older program may have written it."""
    return ToolVersion.objects.create(
        organization_id=tool.organization_id, tool=tool, number=number, content_hash="0", snapshot=snapshot
    )


def back(tool: Tool, number: int, **more: Any) -> Tool:
    return catalog.rollback(tool, version(tool, number), by=people.carol().identity, **more)


def test_a_version_says_what_changed_who_and_why() -> None:
    tool = changed(registered(), description="Tells more.", rate_limit=5)
    newest = version(tool, 2)
    assert (newest.action, newest.changed, newest.reason, newest.changed_by) == (
        "tool.changed",
        ["description", "rate_limit"],
        "As asked.",
        "Carol",
    )
    assert newest.content_hash == tool.content_hash() != version(tool, 1).content_hash
    assert [each.field for each in versions.between(version(tool, 1), newest)] == [
        "description",
        "rate_limit",
    ]


def test_going_back_is_a_new_version_with_the_old_content() -> None:
    tool = changed(registered(), description="Tells more.", is_idempotent=True)
    restored = back(tool, 1, reason="It was better.")
    assert (restored.description, restored.is_idempotent) == ("Tells the weather.", False)
    newest = version(tool, 3)
    assert newest.content_hash == version(tool, 1).content_hash
    assert (newest.action, newest.reason) == ("tool.rolled_back", "It was better.")
    entry = AuditEntry.objects.get(action="tool.rolled_back")
    assert (entry.facts["back_to"], entry.facts["reason"]) == (1, "It was better.")
    assert back(restored, 2).description == "Tells more."


def test_going_back_to_what_it_is_writes_nothing() -> None:
    tool = registered()
    back(tool, 1)
    assert ToolVersion.objects.count() == 1


def test_going_back_switches_nothing_on() -> None:
    tool = changed(registered(), description="Worse.")
    tool = changed(tool, enabled=False, disabled_reason="An incident.")
    restored = back(tool, 1)
    assert (restored.enabled, restored.disabled_reason) == (False, "An incident.")
    assert restored.description == "Tells the weather."


def test_what_todays_rules_refuse_does_not_come_back() -> None:
    tool = changed(registered(), description="Newer.")
    definition = {"input_schema": {"type": "object", "properties": {"user_id": {}}}, "examples": []}
    written(tool, 3, {**version(tool, 1).snapshot, "definition": definition})
    with pytest.raises(CannotRollBack) as refused:
        back(tool, 3)
    assert "input_schema" in refused.value.details
    assert Tool.objects.get().description == "Newer."
    assert ToolVersion.objects.count() == 3


def test_an_archived_tool_is_brought_back_first() -> None:
    tool = changed(registered(), description="Newer.")
    Tool.objects.filter(pk=tool.pk).update(archived_at=tool.created_at, enabled=False)
    with pytest.raises(CannotRollBack, match="archived"):
        back(tool, 1)


def test_a_version_of_another_tool_is_not_found() -> None:
    tool, other = registered(), registered(name="other", definition={"input_schema": SCHEMA})
    with pytest.raises(NotFound):
        catalog.rollback(tool, version(other, 1), by=people.carol().identity)


@pytest.mark.parametrize(("who", "error"), [(people.alice, NotAllowed), (people.mallory, NotFound)])
def test_only_keepers_go_back(who: Any, error: type[Exception]) -> None:
    tool = changed(registered(), description="Newer.")
    with pytest.raises(error):
        catalog.rollback(tool, version(tool, 1), by=who().identity)


def test_an_edit_of_what_was_seen_is_refused_after_another_one() -> None:
    tool = registered()
    by = people.carol().identity
    catalog.update(tool, {"description": "Adam's."}, by=people.adam().identity, expected=1)
    with pytest.raises(ToolChanged) as refused:
        catalog.update(tool, {"description": "Carol's."}, by=by, expected=1)
    assert refused.value.details["number"] == 2
    assert [each["field"] for each in refused.value.details["changes"]] == ["description"]
    with pytest.raises(ToolChanged):
        back(tool, 1, expected=1)
    assert Tool.objects.get().description == "Adam's."


def test_a_tool_that_is_gone_is_not_found() -> None:
    tool = registered()
    catalog.archive(tool, by=people.carol().identity)
    with pytest.raises(NotFound):
        changed(tool, description="Later.")


def test_true_instead_of_one_is_a_change() -> None:
    tool = registered(tool_type="custom", executor="agent", configuration={"deep": 1})
    assert changed(tool, configuration={"deep": True}).configuration["deep"] is True
    assert ToolVersion.objects.count() == 2


def test_the_parameters_of_a_built_in_tool_are_the_programs() -> None:
    organization = people.toolroom()
    seeds.apply(organization)
    tool = Tool.objects.get(name="calculate")
    first = version(tool, 1)
    assert (first.action, first.changed_by, first.reason) == ("tool.seeded", "Toolroom", "Seeded")
    # What earlier seeds wrote: the definition alone, with the parameters of an older program.
    old = {**tool.written_definition(), "description": "Older.", "input_schema": SCHEMA, "examples": []}
    written(tool, 2, old)
    restored = back(changed(tool, category="sums", rate_limit=7), 2)
    assert (restored.description, restored.category) == ("Older.", "math")
    assert restored.input_schema == tool.input_schema
    assert restored.rate_limit == 7, "an old seed did not write it down"


@pytest.mark.parametrize(
    "changes", [{"snapshot": {}}, {"number": 7}, {"content_hash": "0"}, {"reason": "?"}, {"changed_by": "?"}]
)
def test_the_database_keeps_what_a_tool_was(changes: dict[str, Any]) -> None:
    one = version(registered(), 1)
    with pytest.raises(DatabaseError), transaction.atomic():
        ToolVersion.objects.filter(pk=one.pk).update(**changes)
    assert version(one.tool, 1).snapshot == one.snapshot
