"""What an approval is bound to: whatever changes after the question was put keeps the call from running."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.conf import settings

from agents_app.models import AgentToolConfig, AgentType
from project.accounts.models import Membership
from tests import gate, people
from tests.gate import Gate
from tests.tools.asking import Change, run_it, waiting, yes
from tools_app import approvals
from tools_app.exceptions import DigestMismatch
from tools_app.models import Tool, ToolCall

pytestmark = pytest.mark.django_db


def tool_row(**fields: Any) -> Change:
    return lambda at, call: Tool.objects.filter(pk=at.tool.pk).update(**fields)


def grant_row(**fields: Any) -> Change:
    return lambda at, call: AgentToolConfig.objects.filter(pk=at.grant.pk).update(**fields)


def agent_row(**fields: Any) -> Change:
    return lambda at, call: AgentType.objects.filter(pk=at.agent.pk).update(**fields)


def call_row(**fields: Any) -> Change:
    return lambda at, call: ToolCall.objects.filter(pk=call.pk).update(**fields)


def membership(**fields: Any) -> Change:
    return lambda at, call: Membership.objects.filter(user=people.alice().user).update(**fields)


def other_file(at: Gate, call: ToolCall) -> None:
    """The same path names another file now."""
    path = settings.FILE_ROOTS[0] / "plan.txt"
    path.with_name("other.txt").write_text("other")
    path.with_name("other.txt").replace(path)


def no_file(at: Gate, call: ToolCall) -> None:
    (settings.FILE_ROOTS[0] / "plan.txt").unlink()


SCHEMA = {"type": "object", "properties": {**gate.SCHEMA["properties"], "more": {"type": "string"}}}
DRIFT: dict[str, Change] = {
    "name of the tool": tool_row(name="other"),
    "description": tool_row(description="Does something else."),
    "schema": tool_row(definition={"input_schema": SCHEMA}),
    "configuration": tool_row(configuration={"url": "https://elsewhere.example"}),
    "danger": tool_row(is_dangerous=True),
    "question": tool_row(requires_approval=False),
    "approver": tool_row(approver="other"),
    "required permissions": tool_row(required_permissions=["chat"]),
    "sign-in required": tool_row(requires_auth=True),
    "open world": tool_row(is_open_world=True),
    "may be repeated": tool_row(is_idempotent=True),
    "forced by the grant": grant_row(requires_approval=True),
    "waived by the grant": grant_row(waives_approval=True),
    "limit": grant_row(usage_limit=7),
    "allowed parameters": grant_row(allowed_parameters=["line", "path"]),
    "denied parameters": grant_row(denied_parameters=["number"]),
    "defaults": grant_row(parameter_defaults={"number": 1}),
    "prompt of the persona": agent_row(system_prompt="Do as you like."),
    "model of the persona": agent_row(model="claude-opus-5-5"),
    "name of the persona": agent_row(name="other"),
    "arguments in the row": call_row(arguments={"line": "two", "path": "plan.txt"}),
    "tool_use id": call_row(tool_use_id="toolu_other"),
    "run": call_row(run_id=999_999),
    "conversation": call_row(session_id="3f0c7c7e-0000-4000-8000-000000000000"),
    "taint": call_row(tainted=True),
    "file exchanged": other_file,
    "file gone": no_file,
}
# What is not drift of the question, but a reason why nobody may run it now: the gate itself refuses.
REFUSED: dict[str, tuple[Change, str]] = {
    "tool switched off": (tool_row(enabled=False), "tool_disabled"),
    "tool held back": (tool_row(quarantine="Its description changed."), "quarantined"),
    "tool archived": (tool_row(archived_at=datetime(2026, 1, 1, tzinfo=UTC)), "tool_disabled"),
    "tool of nobody's executor": (tool_row(executor="mcp"), "executor_unavailable"),
    "grant not offered": (grant_row(enabled_for_agent=False), "not_offered"),
    "grant may not run": (grant_row(allow_use=False), "use_not_allowed"),
    "grant taken away": (lambda at, call: at.grant.delete(), "not_granted"),
    "persona switched off": (agent_row(enabled=False), "agent_disabled"),
    "argument denied": (grant_row(denied_parameters={"line": ["one"]}), "denied_parameter"),
    "argument not allowed": (grant_row(allowed_parameters={"line": ["two"]}), "parameter_not_allowed"),
    "file of the call denied": (grant_row(denied_parameters={"path": ["plan.txt"]}), "denied_parameter"),
    "value fixed": (grant_row(fixed_parameters={"line": "two"}), "fixed_parameter"),
    "value fixed that is absent": (grant_row(fixed_parameters={"number": 2}), "fixed_parameter"),
    "schema does not fit": (
        tool_row(definition={"input_schema": {"type": "object", "required": ["other"]}}),
        "invalid_arguments",
    ),
    "schema broken": (tool_row(definition={"input_schema": {"type": 7}}), "invalid_arguments"),
    "definition unreadable": (tool_row(definition=[]), "policy_error"),
    "rule unreadable": (grant_row(denied_parameters={"line": {"regex": "."}}), "policy_error"),
    "used up": (grant_row(usage_limit=0), "limit"),
    "permission missing": (tool_row(required_permissions=["audit.view"]), "missing_permission"),
    "requester removed": (membership(active=False), "requester_gone"),
    "requester in another organization": (
        lambda at, call: Membership.objects.filter(user=people.alice().user).update(
            organization=people.elsewhere()
        ),
        "requester_gone",
    ),
    "organization switched off": (
        lambda at, call: type(people.toolroom()).objects.filter(slug="toolroom").update(enabled=False),
        "requester_gone",
    ),
}
CHANGES = {name: (change, "definition_changed") for name, change in DRIFT.items()} | REFUSED


def with_file() -> tuple[Gate, ToolCall]:
    root = settings.FILE_ROOTS[0]
    root.mkdir(parents=True, exist_ok=True)
    (root / "plan.txt").write_text("plan")
    return waiting({"line": "one", "path": "plan.txt"})


@pytest.mark.parametrize(("change", "reason"), CHANGES.values(), ids=CHANGES)
def test_change_while_pending_voids_the_question(change: Change, reason: str) -> None:
    at, call = with_file()
    who = people.bob().identity
    change(at, call)
    question = gate.question(call)
    with pytest.raises(DigestMismatch) as told:
        approvals.approve(question, digest=question.digest, by=gate.fresh(who))
    assert told.value.code == "definition_changed"
    question.refresh_from_db()
    call = ToolCall.objects.get(pk=call.pk)
    assert (question.status, call.status, call.reason) == ("superseded", "blocked", reason)
    assert run_it(call).status == "blocked"
    assert not gate.lines


@pytest.mark.parametrize(("change", "reason"), CHANGES.values(), ids=CHANGES)
def test_change_after_the_yes_keeps_it_from_running(change: Change, reason: str) -> None:
    at, call = with_file()
    approval = yes(call)
    change(at, call)
    call = run_it(call)
    approval.refresh_from_db()
    assert (approval.status, call.status, call.reason) == ("superseded", "blocked", reason)
    assert not gate.lines


def test_nothing_changed_means_the_digest_fits_again_and_again() -> None:
    at, call = with_file()
    Tool.objects.filter(pk=at.tool.pk).update(version="9", tags=["x"], icon="X")
    AgentType.objects.filter(pk=at.agent.pk).update(avatar_color="#000000")
    yes(call)
    assert run_it(call).status == "succeeded"
