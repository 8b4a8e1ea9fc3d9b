"""Kill switches: who may throw them, what they stop at the gate, at the claim and while it runs, and how they end."""

from __future__ import annotations

import io
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from pytest_django.fixtures import Settings

from audit_app.exceptions import StaleState
from audit_app.models import AuditEntry, ToolUsage
from project.accounts import identity as identities
from project.accounts.exceptions import NotAllowed, NotFound
from project.accounts.identity import Identity
from tests import gate, people
from tests.gate import Gate
from tests.tools.asking import run_it, waiting, yes
from tools_app import approvals, executors, policy
from tools_app.context import ToolContext
from tools_app.exceptions import InvalidSwitch, StoppedForNow, SwitchThrown
from tools_app.executors import stopping
from tools_app.executors.base import ToolResult, Work
from tools_app.governing import halts, switches
from tools_app.governing.switches import Target
from tools_app.models import KillSwitch
from tools_app.policy import Call, Facts, Grant, ToolFacts

LINE = {"line": "one"}
OPERATOR = identities.system(None)


def target(at: Gate, scope: str) -> Target:
    org = at.tool.organization_id
    return {
        "tool": switches.of_tool(at.tool),
        "persona": Target("persona", org, at.agent.pk, at.agent.display_name),
        "organization": switches.of_organization(org),
        "installation": switches.INSTALLATION,
    }[scope]


def throw(at: Gate, scope: str, reason: str = "It misbehaves.") -> KillSwitch:
    by = OPERATOR if scope == "installation" else people.adam().identity
    return switches.throw(target(at, scope), reason=reason, by=by)


SCOPES = ("tool", "persona", "organization", "installation")


def test_the_gate_refuses_what_is_stopped_before_anything_else() -> None:
    tool, grant = ToolFacts(1, "ledger", "h"), Grant(1, 1, "Clerk", "h")
    facts = Facts(tool, grant, requester_active=False, halted="Adam stopped it: broken.")
    refused = policy.decide(Call({}), facts)
    assert isinstance(refused, policy.Refuse)
    assert refused.code == "kill_switch"
    assert refused.message.startswith(facts.halted)
    assert policy.decide(Call({}), Facts(tool, grant)) == policy.Allow()


@pytest.mark.django_db
@pytest.mark.parametrize("scope", SCOPES)
def test_what_is_stopped_is_refused_with_the_reason_and_runs_again_once_lifted(scope: str) -> None:
    at = gate.opened()
    row = throw(at, scope, "It deletes things.")
    call = at.ask(LINE)
    assert (call.status, call.reason) == ("blocked", "kill_switch")
    assert "It deletes things." in call.reason_text
    assert ToolUsage.objects.get(tool_call_id=call.pk).status == "blocked"
    switches.lift(row, by=OPERATOR)
    assert run_it(at.ask(LINE)).status == "succeeded"


@pytest.mark.django_db
@pytest.mark.parametrize("scope", SCOPES)
def test_a_switch_acts_at_the_next_claim(scope: str) -> None:
    at = gate.opened()
    call = at.ask(LINE)
    throw(at, scope)
    assert (run_it(call).status, run_it(call).reason) == ("blocked", "kill_switch")
    assert gate.lines == []


@pytest.mark.django_db
def test_other_tools_personas_and_organizations_go_on() -> None:
    at = gate.opened()
    other = gate.opened_for(at.tool)
    throw(at, "persona")
    assert (at.ask(LINE).status, other.ask(LINE).status) == ("blocked", "queued")
    switches.throw(switches.of_organization(people.elsewhere().pk), reason="x", by=people.mallory().identity)
    assert other.ask(LINE).status == "queued"


@pytest.mark.django_db
def test_the_widest_switch_is_told() -> None:
    at = gate.opened()
    for scope in SCOPES:
        throw(at, scope, f"about the {scope}")
    for scope in reversed(SCOPES):
        assert f"about the {scope}" in at.ask(LINE).reason_text
        switches.lift(KillSwitch.objects.thrown().get(scope=scope), by=OPERATOR)
    assert at.ask(LINE).status == "queued"


@pytest.mark.django_db
def test_a_question_outlives_a_switch_that_is_lifted_before_it_is_answered() -> None:
    at, call = waiting()
    switches.lift(throw(at, "tool"), by=OPERATOR)
    yes(call)
    assert run_it(call).status == "succeeded"


@pytest.mark.django_db
@pytest.mark.parametrize("scope", SCOPES)
def test_a_yes_while_it_is_stopped_runs_nothing_and_the_question_goes_on_waiting(scope: str) -> None:
    at, call = waiting()
    row = throw(at, scope)
    question = gate.question(call)
    with pytest.raises(StoppedForNow, match=r"It misbehaves\. You can deny it, or wait"):
        yes(call)
    question.refresh_from_db()
    call.refresh_from_db()
    assert (call.status, question.status, question.votes_given) == ("waiting", "pending", 0)
    switches.lift(row, by=OPERATOR)
    yes(call)
    assert run_it(call).status == "succeeded"


@pytest.mark.django_db
def test_what_is_stopped_can_be_denied() -> None:
    at, call = waiting()
    throw(at, "tool")
    question = gate.question(call)
    approvals.deny(question, digest=question.digest, by=people.bob().identity)
    call.refresh_from_db()
    assert (call.status, question.status) == ("denied", "denied")


@pytest.mark.django_db
def test_a_yes_given_before_the_switch_is_not_used() -> None:
    at, call = waiting()
    question = yes(call)
    throw(at, "tool")
    run_it(call)
    question.refresh_from_db()
    assert (run_it(call).status, question.status, gate.lines) == ("blocked", "superseded", [])


class Patient:
    """An executor that works until it is told to end, as a program in the sandbox does."""

    begun: threading.Event

    def readiness(self, tool_name: str) -> str:
        return ""

    def execute(self, work: Work, arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
        acts.pop()()
        stopping.check()
        return ToolResult("done")


acts: list[Any] = []


@pytest.mark.django_db
@pytest.mark.parametrize("scope", SCOPES)
def test_a_running_use_is_interrupted_and_its_ending_says_why(scope: str) -> None:
    at = gate.opened()
    executors.register("python", "tests.tools.test_switches.Patient")
    call = at.ask(LINE)
    acts[:] = [lambda: throw(at, scope, "Stop that.")]
    ended = run_it(call)
    assert (ended.status, ended.reason) == ("cancelled", "kill_switch")
    assert "Stop that." in ended.reason_text
    assert "was ended while it ran" in ended.reason_text


@pytest.mark.django_db
def test_who_may_throw_what() -> None:
    at = gate.opened()
    may: dict[str, list[str]] = {"tool": ["carol", "adam"], "persona": ["carol", "adam"]}
    may |= {"organization": ["adam"], "installation": []}
    for scope in SCOPES:
        for who in (people.alice, people.bob, people.carol, people.olga, people.adam):
            if who.__name__ in may[scope]:
                switches.lift(
                    switches.throw(target(at, scope), reason="x", by=who().identity), by=who().identity
                )
                continue
            with pytest.raises(NotAllowed):
                switches.throw(target(at, scope), reason="x", by=who().identity)


@pytest.mark.django_db
@pytest.mark.parametrize("scope", ["tool", "persona", "organization"])
def test_a_stranger_finds_nothing_to_stop_or_to_let_go(scope: str) -> None:
    at = gate.opened()
    with pytest.raises(NotFound):
        switches.throw(target(at, scope), reason="x", by=people.mallory().identity)
    with pytest.raises(NotFound):
        switches.lift(throw(at, scope), by=people.mallory().identity)


@pytest.mark.django_db
def test_only_the_operator_lifts_the_operators_switch() -> None:
    row = throw(gate.opened(), "installation")
    with pytest.raises(NotAllowed):
        switches.lift(row, by=people.adam().identity)
    assert KillSwitch.objects.visible_to(people.adam().identity).get() == row


@pytest.mark.django_db
@pytest.mark.parametrize("reason", ["", "  \n", "x" * 301])
def test_a_reason_is_needed_since_people_read_it(reason: str) -> None:
    with pytest.raises(InvalidSwitch):
        throw(gate.opened(), "tool", reason)


@pytest.mark.django_db
@pytest.mark.parametrize("scope", SCOPES)
def test_what_is_stopped_is_not_stopped_twice_and_lifted_once(scope: str) -> None:
    at = gate.opened()
    row = throw(at, scope)
    with pytest.raises(SwitchThrown):
        throw(at, scope)
    switches.lift(row, by=OPERATOR)
    with pytest.raises(StaleState):
        switches.lift(row, by=OPERATOR)
    throw(at, scope)
    assert KillSwitch.objects.count() == 2


@pytest.mark.django_db
def test_each_throw_and_lift_is_recorded_for_everybody_it_concerns() -> None:
    at, elsewhere = gate.opened(), people.elsewhere()
    row = switches.throw(switches.of_tool(at.tool), reason="Broken.", by=people.carol().identity)
    switches.lift(row, by=people.adam().identity, reason="Mended.")
    entries = AuditEntry.objects.filter(subject_type="switch").order_by("pk")
    assert [(each.action, each.actor_name, each.facts["reason"]) for each in entries] == [
        ("switch.thrown", "Carol", "Broken."),
        ("switch.lifted", "Adam", "Mended."),
    ]
    throw(at, "installation")
    told = AuditEntry.objects.filter(action="switch.thrown", facts__scope="installation")
    assert {each.organization_id for each in told} == {at.tool.organization_id, elsewhere.pk}


@pytest.mark.django_db(transaction=True)
def test_of_two_who_throw_or_lift_at_once_one_does() -> None:
    at, who = gate.opened(), people.adam().identity
    for _ in range(5):
        meant = target(at, "organization")
        said = gate.at_once(*[lambda meant=meant: switches.throw(meant, reason="x", by=who)] * 2)
        assert sorted(type(each).__name__ for each in said) == ["KillSwitch", "SwitchThrown"]
        row = KillSwitch.objects.thrown().get()
        said = gate.at_once(*[lambda row=row: switches.lift(row, by=who)] * 2)
        assert sorted(type(each).__name__ for each in said) == ["NoneType", "StaleState"]


@pytest.fixture
def file(settings: Settings, tmp_path: Path) -> Path:
    settings.KILL_SWITCH_FILE = tmp_path / "stop"
    return tmp_path / "stop"


def test_a_file_stops_and_says_why_and_what_cannot_be_read_stops_too(file: Path) -> None:
    assert halts.reason_in_file() is None
    file.write_text("Data is leaking,\n call Ann. " + "x" * 5000)
    assert str(halts.reason_in_file()).startswith("Data is leaking, call Ann. xxx")
    assert len(str(halts.reason_in_file())) == 300
    file.write_text("")
    assert halts.reason_in_file() == "No reason was given."
    file.unlink()
    file.mkdir()
    assert halts.reason_in_file() is not None


@pytest.mark.django_db
def test_the_operators_file_acts_at_once_and_is_brought_into_the_table_and_out_of_it(file: Path) -> None:
    at = gate.opened()
    file.write_text("Something is wrong.")
    assert "Something is wrong." in at.ask(LINE).reason_text
    for _ in range(2):
        switches.heed_file()
    row = KillSwitch.objects.thrown().get()
    assert (row.scope, row.through, row.thrown_by) == ("installation", "file", "The operator")
    file.unlink()
    switches.heed_file()
    assert not KillSwitch.objects.thrown().exists()
    assert at.ask(LINE).status == "queued"


@pytest.mark.django_db
def test_a_host_without_the_file_does_not_lift_what_another_one_has_thrown(file: Path) -> None:
    at = gate.opened()
    file.write_text("Here.")
    switches.heed_file()
    file.unlink()
    KillSwitch.objects.update(thrown_by_id="file@another")
    switches.heed_file()
    assert at.ask(LINE).reason == "kill_switch"
    call_command("kill_switch", "off", stdout=io.StringIO())
    assert at.ask(LINE).status == "queued"


@pytest.mark.django_db
def test_a_file_that_goes_does_not_lift_what_the_command_has_thrown(file: Path) -> None:
    at = gate.opened()
    throw(at, "installation")
    file.write_text("Also this.")
    switches.heed_file()
    file.unlink()
    switches.heed_file()
    assert at.ask(LINE).reason == "kill_switch"


def test_a_name_that_hides_characters_is_shown_with_them() -> None:
    assert "\u202e" not in halts.Halt("tool", "a\u202eb", "x", "Adam").told


def _identity_of_nobody() -> Identity:
    return Identity(user_id="1", organization_id=0)


@pytest.mark.django_db
def test_nobody_of_no_organization_sees_a_switch() -> None:
    throw(gate.opened(), "installation")
    assert not KillSwitch.objects.visible_to(_identity_of_nobody()).exists()
