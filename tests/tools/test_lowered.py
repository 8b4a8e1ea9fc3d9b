"""What keeps people asked about a tool is lowered by who decides or sets rules, and not by who keeps the catalog."""

from __future__ import annotations

import re
from typing import Any

import pytest

from project.accounts import identity as identities
from project.accounts.exceptions import NotAllowed
from project.accounts.identity import Identity
from tests import gate, people
from tests.flows.admin_world import staff
from tools_app import catalog
from tools_app.calling import information
from tools_app.cataloging import drafts, unsaved
from tools_app.governing import lowered
from tools_app.models import Tool, ToolDraft, ToolVersion

pytestmark = pytest.mark.django_db
STRICT: dict[str, Any] = {
    "requires_approval": True,
    "is_dangerous": True,
    "is_open_world": True,
    "approver": "other",
    "approvals_needed": 2,
}
LOWERING = [
    ("requires_approval", False, "approvals.decide"),
    ("is_dangerous", False, "policy.change"),
    ("is_open_world", False, "policy.change"),
    ("approver", "self", "policy.change"),
    ("approvals_needed", 1, "policy.change"),
]
HTTP: dict[str, Any] = {
    "name": "weather",
    "description": "Tells the weather.",
    "category": "web",
    "executor": "http",
    "input_schema": {"type": "object", "properties": {}},
    "configuration": {"method": "GET", "url": "https://api.example.org/w"},
}


def carol() -> Identity:
    return people.carol().identity


def refused(act: Any) -> dict[str, Any]:
    with pytest.raises(NotAllowed) as told:
        act()
    return told.value.details


@pytest.mark.parametrize(("field", "value", "permission"), LOWERING)
def test_a_keeper_lowers_nothing_that_keeps_people_asked(field: str, value: Any, permission: str) -> None:
    tool = gate.opened(**STRICT).tool
    details = refused(lambda: catalog.update(tool, {field: value}, by=carol()))
    assert (details["permission"], set(details)) == (permission, {"permission", field})
    assert permission in details[field][0]
    former = ToolVersion.objects.filter(tool=tool).count()
    catalog.update(tool, {field: value}, by=people.adam().identity)
    assert ToolVersion.objects.filter(tool=tool).count() == former + 1
    # To raise it again takes nothing but the catalog.
    raised = catalog.update(tool, {field: STRICT[field]}, by=carol())
    assert getattr(raised, field) == STRICT[field]


def test_who_decides_may_drop_a_question_and_no_danger() -> None:
    bob = Identity("1", people.toolroom().pk, permissions=frozenset({"catalog.change", "approvals.decide"}))
    tool = gate.opened(**STRICT).tool
    assert set(refused(lambda: catalog.update(tool, {"is_dangerous": False}, by=bob))) == {
        "permission",
        "is_dangerous",
    }
    assert not catalog.update(tool, {"requires_approval": False}, by=bob).requires_approval


def test_no_group_of_approvers_is_left_out() -> None:
    former = Tool(executor="python", approver_groups=["board", "law"])
    for groups, may in ((["law"], False), ([], False), (["board", "law", "press"], True)):
        tool = Tool(executor="python", approver_groups=groups)
        if may:
            lowered.require(former, tool, by=carol())
        else:
            assert "approver_groups" in refused(lambda tool=tool: lowered.require(former, tool, by=carol()))


def test_nor_by_a_draft_or_by_going_back() -> None:
    tool = gate.opened(requires_approval=False).tool
    catalog.update(tool, {"requires_approval": True}, by=carol())
    first = ToolVersion.objects.get(tool=tool, number=1)
    assert "requires_approval" in refused(lambda: catalog.rollback(tool, first, by=carol()))
    wanted: dict[str, Any] = {"changes": {"requires_approval": False}, "source": "person"}
    assert "requires_approval" in refused(lambda: drafts.propose(tool, by=carol(), **wanted))
    draft = drafts.propose(tool, by=people.adam().identity, **wanted)
    assert "requires_approval" in refused(lambda: drafts.publish(draft, by=carol()))
    assert drafts.publish(ToolDraft.objects.get(), by=people.adam().identity).requires_approval is False


def test_it_is_told_by_field_and_a_new_tool_begins_with_the_tick() -> None:
    tool = gate.opened(requires_approval=True).tool
    told = people.carol().api().patch(f"/api/tools/{tool.pk}", {"requires_approval": False}, format="json")
    assert (told.status_code, set(told.json()["error"]["details"])) == (
        403,
        {"permission", "requires_approval"},
    )
    page = staff(people.carol()).get("/admin/tools_app/tool/add/").content.decode()
    (tick,) = re.findall(r'<input[^>]*name="is_open_world"[^>]*>', page)
    assert "checked" in tick


# --- What comes from outside ---


def test_an_http_tool_of_which_nothing_is_said_brings_content_from_outside() -> None:
    tool = catalog.register(HTTP, by=carol())
    assert (tool.is_open_world, information.brings(tool)) == (True, "open_world")
    assert unsaved.after({**HTTP, "name": "other"}, by=carol()).is_open_world
    assert catalog.register_all([{**HTTP, "name": "third"}], by=carol())[0].is_open_world


@pytest.mark.parametrize("said", [{"is_open_world": False}, {"privacy": "public"}])
def test_a_keeper_calls_no_foreign_service_the_houses_own(said: dict[str, Any]) -> None:
    (field,) = said
    assert field in refused(lambda: catalog.register({**HTTP, **said}, by=carol()))
    assert field in refused(lambda: catalog.register_all([{**HTTP, **said}], by=carol()))
    assert field in refused(lambda: unsaved.after({**HTTP, **said}, by=carol()))
    tool = catalog.register(HTTP, by=carol())
    assert field in refused(lambda: catalog.update(tool, said, by=carol()))
    changed = catalog.update(tool, said, by=people.adam().identity)
    assert getattr(changed, field) == said[field]


def test_a_row_that_says_otherwise_stays_what_it_was() -> None:
    tool = catalog.register({**HTTP, "is_open_world": False}, by=identities.system(people.toolroom()))
    before = tool.content_hash()
    catalog.update(tool, {"icon": "W"}, by=carol())
    tool.refresh_from_db()
    assert (tool.is_open_world, information.brings(tool), tool.content_hash()) == (False, "", before)


def test_what_an_mcp_server_says_is_from_outside_whatever_its_row_says() -> None:
    assert information.brings(Tool(name="x", executor="mcp", is_open_world=False)) == "open_world"


def test_what_only_this_house_reaches_is_private_without_a_key(settings: Any) -> None:
    row = Tool(name="x", executor="http", is_open_world=True, configuration=HTTP["configuration"])
    assert not information.is_private(row)
    settings.EGRESS_EXCEPTIONS = ["api.example.org:443"]
    assert information.is_private(row)


def test_a_built_in_tool_is_added_as_harmful_as_the_program_knows_it_to_be() -> None:
    bash = {"name": "bash", "description": "Runs.", "category": "code", "tool_type": "builtin"}
    harmless = {"is_dangerous": False, "requires_approval": False}
    assert "is_dangerous" in refused(lambda: catalog.register({**bash, **harmless}, by=carol()))
    tool = catalog.register(bash, by=carol())
    assert tool.is_dangerous
