"""What replay judges besides rules (a switch, a word from now on, a limit of nothing), and says it leaves out."""

from __future__ import annotations

from typing import Any

import pytest

from agents_app.granted import granting, grants
from project.accounts import identity as identities
from tests import gate, people
from tests.gate import Gate
from tests.people import Person
from tests.tools import allowing
from tests.tools.asking import run_it
from tools_app import catalog
from tools_app.approving import standing
from tools_app.calling import askers, quotas
from tools_app.explain import replaying
from tools_app.explain.replaying import Change, Replay
from tools_app.explain.replays import OF_A_DAY, OF_A_SWITCH, OF_A_WORD
from tools_app.governing import switches
from tools_app.models import StandingApproval, Tool, ToolCall

pytestmark = pytest.mark.django_db


def granted(door: Gate, **config: Any) -> Replay:
    operator = identities.system(door.tool.organization_id)
    row = granting.unsaved(door.agent, door.tool, config, by=operator)
    change = Change(row.organization_id, grants={(door.agent.pk, door.tool.pk): grants.of(row)})
    return replaying.replay(change, by=people.olga().identity)


def told(who: Person, body: dict[str, Any], status: int = 200) -> dict[str, Any]:
    answer = who.api().post("/api/replays", body, format="json")
    assert answer.status_code == status, answer.content
    found: dict[str, Any] = answer.json()
    return found


def asked(door: Gate) -> None:
    for line in ("one", "two"):
        door.ask({"line": line})


@pytest.mark.parametrize("limit", ["person_daily_limit", "daily_limit"])
def test_a_limit_of_a_day_is_named_and_not_judged(limit: str) -> None:
    door = gate.opened()
    asked(door)
    found = granted(door, **{limit: 1, "denied_parameters": {"line": ["two"]}})
    assert found.left_out == {OF_A_DAY: 2}
    assert [(each.call.arguments["line"], each.left_out) for each in found.flips] == [("two", (OF_A_DAY,))]
    assert granted(door, **{limit: -1}).left_out == {}


@pytest.mark.parametrize("limit", ["person_daily_limit", "daily_limit"])
def test_never_is_never_whatever_was_used(limit: str) -> None:
    door = gate.opened()
    asked(door)
    found = granted(door, **{limit: 0})
    assert (found.counts, found.left_out) == ({"allow to refuse": 2}, {})
    assert {each.after.code for each in found.flips} == {"daily_limit"}


def test_the_limits_of_the_tool_are_looked_at_too() -> None:
    door = gate.opened(daily_limit=5)
    asked(door)
    assert granted(door, usage_limit=9).left_out == {OF_A_DAY: 2}
    Tool.objects.filter(pk=door.tool.pk).update(daily_limit=None, concurrent_limit=0)
    assert {each.before.code for each in granted(door, allow_use=False).flips} == {"concurrent_limit"}


def test_a_switch_that_is_thrown_is_named_for_what_it_stops() -> None:
    door = gate.opened()
    asked(door)
    switches.throw(switches.of_tool(door.tool), reason="It lied.", by=people.adam().identity)
    found = granted(door, allow_use=False)
    assert (found.counts, found.left_out) == ({"allow to refuse": 2}, {OF_A_SWITCH: 2})


def test_a_switch_is_judged_before_it_is_thrown() -> None:
    door, other = gate.opened(), gate.opened(name="other_ledger")
    asked(door)
    asked(other)
    sent = {"scope": "tool", "tool": door.tool.pk}
    found = told(people.adam(), {"switch": sent})
    assert (found["looked_at"], found["counts"], found["left_out"]) == (2, {"allow to refuse": 2}, {})
    assert {each["after"]["code"] for each in found["flips"]} == {"kill_switch"}
    persona = {"scope": "persona", "agent": other.agent.pk}
    assert told(people.adam(), {"switch": persona})["counts"] == {"allow to refuse": 2}
    assert told(people.adam(), {"switch": {"scope": "organization"}})["counts"] == {"allow to refuse": 4}
    told(people.carol(), {"switch": {"scope": "organization"}}, 403)
    told(people.mallory(), {"switch": sent}, 404)
    told(people.adam(), {"switch": {"scope": "installation"}}, 400)
    told(people.adam(), {"switch": sent, "tool": door.tool.pk}, 400)


def test_and_before_it_is_lifted() -> None:
    door = gate.opened()
    asked(door)
    body = {"switch": {"scope": "tool", "tool": door.tool.pk}, "remove": True}
    told(people.adam(), body, 404)
    switches.throw(switches.of_tool(door.tool), reason="It lied.", by=people.adam().identity)
    found = told(people.adam(), body)
    assert (found["counts"], found["left_out"]) == ({"refuse to allow": 2}, {})
    assert "It lied." in found["flips"][0]["before"]["text"]
    told(people.carol(), body, 403)
    told(people.mallory(), body, 404)


@pytest.fixture
def spared() -> tuple[Gate, ToolCall]:
    """A use that nobody was asked about, in whose place stands what Bob allowed when he was asked first."""
    door, _ = allowing.opened()
    again = door.ask({"line": "one"})
    assert run_it(again).status == "succeeded"
    return door, again


def test_what_was_allowed_from_now_on_is_named(spared: tuple[Gate, ToolCall]) -> None:
    door, call = spared
    found = granted(door, denied_parameters={"line": ["one"]})
    (flip,) = [each for each in found.flips if each.call.pk == call.pk]
    assert (flip.then, flip.before.decision, flip.left_out) == ("allow", "ask", (OF_A_WORD,))


def test_taking_it_back_is_judged_first(spared: tuple[Gate, ToolCall]) -> None:
    door, call = spared
    door.ask({"line": "two"})
    row = StandingApproval.objects.get()
    body = {"standing": row.pk, "remove": True}
    found = told(people.adam(), body)
    assert (found["looked_at"], found["counts"], found["left_out"]) == (3, {"allow to ask": 2}, {})
    assert call.pk in {each["call"] for each in found["flips"]}
    row.refresh_from_db()
    assert row.revoked_at is None
    told(people.adam(), {"standing": row.pk}, 400)
    told(people.mallory(), body, 404)
    told(people.alice(), body, 403)
    catalog.update(door.tool, {"description": "Writes it."}, by=people.carol().identity)
    assert "something changed" in str(told(people.adam(), body, 400)["error"]["details"]["standing"])
    standing.revoke(row, by=people.bob().identity)
    told(people.adam(), body, 403)


def test_the_page_of_it_offers_that_to_who_may(spared: tuple[Gate, ToolCall]) -> None:
    page = f"/admin/tools_app/standingapproval/{StandingApproval.objects.get().pk}/change/"
    assert "what-flips" in people.adam().browser().get(page).content.decode()
    assert "what-flips" not in people.bob().browser().get(page).content.decode()


def test_limits_of_nothing_are_those_the_gate_reads() -> None:
    door = gate.opened({"daily_limit": 0, "person_daily_limit": 0})
    catalog.update(door.tool, {"daily_limit": 0, "concurrent_limit": 0}, by=people.carol().identity)
    tool, grant = Tool.objects.get(pk=door.tool.pk), grants.of(door.grant)
    counted = list(quotas.used(tool, grant, askers.of(door.ask({"line": "one"}))))
    assert len(counted) == 4
    assert sorted(quotas.never(tool, grant), key=str) == sorted(counted, key=str)
