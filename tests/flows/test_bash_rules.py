"""The source design's own example (S4.221): bash with `rm -rf` and `sudo` denied. It can be said, it is labelled as the
advice it is, it cannot be all there is, and whoever dodges it hurts nothing of the machine's."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents_app.exceptions import InvalidGrant
from agents_app.granted import granting
from agents_app.models import AgentToolConfig
from project.accounts import identity as identities
from tests import gate, people
from tests.flows.admin_world import staff
from tests.gate import Gate
from tools_app import approvals, calls, catalog, seeds
from tools_app.exceptions import InvalidTool
from tools_app.executors import sandbox
from tools_app.models import Tool, ToolCall

pytestmark = pytest.mark.django_db

WORDS = {"denied_parameters": {"command": ["rm -rf", "sudo"]}}


@pytest.fixture
def door() -> Gate:
    organization = people.toolroom()
    seeds.apply(organization)
    return gate.opened_for(Tool.objects.get(organization=organization, name="bash"), WORDS)


def test_what_is_written_so_is_refused_and_told(door: Gate) -> None:
    for command in ("rm -rf /", "echo hi && SUDO id", "cd /; rm  -rf x"):
        call = door.ask({"command": command})
        hit = "  " not in command
        assert (call.reason == "denied_parameter") is hit, command


def test_it_is_labelled_as_advice_wherever_it_is_shown(door: Gate) -> None:
    assert granting.advisory(AgentToolConfig.objects.get(pk=door.grant.pk)) == ["command"]
    catalog.update(door.tool, WORDS, by=people.carol().identity)
    shown = people.carol().api().get(f"/api/tools/{door.tool.pk}").json()
    assert shown["advisory"] == ["command"]
    page = staff(people.carol()).get(f"/admin/agents_app/agenttype/{door.agent.pk}/change/")
    assert "forbidden texts can be written otherwise" in page.content.decode()


def test_it_cannot_be_all_that_stands_before_a_command(door: Gate) -> None:
    operator = identities.system(people.toolroom())
    harmless = {"is_dangerous": False, "requires_approval": False}
    with pytest.raises(InvalidTool) as told:
        catalog.update(door.tool, WORDS | harmless, by=operator)
    assert "written otherwise" in told.value.details["denied_parameters"][0]
    # The tool may drop its question; then what the grant's words let pass is asked about all the same.
    catalog.update(door.tool, harmless, by=operator)
    call = door.ask({"command": "rm --recursive --force x"})
    assert (call.status, call.approvals.get().reasons) == ("waiting", ["only_advised"])
    with pytest.raises(InvalidGrant) as refused:
        granting.grant(door.agent, Tool.objects.get(pk=door.tool.pk), {"usage_limit": 3}, by=operator)
    assert "denied_parameters" in refused.value.details


@pytest.mark.skipif(bool(sandbox.readiness()), reason="programs cannot be run on this machine")
def test_who_dodges_it_hurts_nothing(door: Gate, tmp_path: Path) -> None:
    kept = tmp_path / "kept.txt"
    kept.write_text("still here")
    dodging = f"r''m --recursive --force {tmp_path} /etc/passwd /usr/bin/env; s='su'; ${{s}}do id; echo done"
    call = door.ask({"command": dodging})
    assert call.status == "waiting", "the words are dodged, and a person is asked"
    question = gate.question(call)
    approvals.approve(question, digest=question.digest, by=gate.fresh(people.alice().identity))
    calls.execute(ToolCall.objects.get(pk=call.pk))
    ended = ToolCall.objects.get(pk=call.pk)
    assert ended.status == "succeeded", ended.reason_text
    assert "done" in ended.result_text
    assert kept.read_text() == "still here"
    assert Path("/etc/passwd").exists()
    assert Path("/usr/bin/env").exists()
