"""Factories from registration to the answer: rows to grant, tools bound for who asks, the gate asked each time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agents_app import loop, personas, runs, toolset
from agents_app.exceptions import InvalidPersona
from agents_app.models import AgentToolConfig, AgentType, Conversation, Run
from audit_app.models import AuditEntry
from project.accounts.models import Membership
from tests import people
from tests.flows import acting, bound
from tests.flows.admin_world import filled
from tests.flows.bound import Counter, counters, nothing_registered  # noqa: F401
from tools_app import calls, catalog, factories, seeds
from tools_app.clearing import clear_callable_cache
from tools_app.factories import RunContext, register_factory, tool_factory
from tools_app.functions import register
from tools_app.models import Tool as Row

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("counters")]


def alice() -> str:
    return people.alice().identity.user_id


def test_two_people_asking_the_same_get_two_of_everything() -> None:
    """S0.1, S0.2, S0.8, S0.27, S0.33-35: built for the first use of each, kept for the next."""
    agent = bound.persona("counters")
    one, two = people.alice().identity, people.bob().identity
    said = [bound.said(agent, who, "add") for who in (one, one, two, one)]
    assert said == [
        f"{one.user_id} has 1",
        f"{one.user_id} has 2",
        f"{two.user_id} has 1",
        f"{one.user_id} has 3",
    ]
    assert [made.run.user_id for made in Counter.made] == [one.user_id, two.user_id]


def test_the_rows_are_there_before_any_run() -> None:
    """What a factory may bring is granted, limited and switched off like every other tool."""
    seeds.apply(people.toolroom())
    row = Row.objects.get(name="add", organization=people.toolroom())
    assert (row.executor, row.configuration["factories"]) == ("python", ["counters"])
    assert Counter.made == []


def test_what_is_not_granted_is_not_offered_and_told_to_the_administrator() -> None:
    """Cross-seed decision 5."""
    agent = bound.persona("counters")
    personas.ungrant(agent, Row.objects.get(name="reset"), by=people.adam().identity)
    run = bound.begin(agent, people.alice().identity, "reset")
    call = acting.only_call(run)
    assert (call.status, call.reason) == ("blocked", "not_granted")
    assert [each.definition.name for each in toolset.of(agent, people.alice().identity, run)] == ["add"]
    entry = AuditEntry.objects.get(action="factory.narrowed")
    assert (entry.subject_name, entry.facts["factory"]) == ("clerk", "counters")
    assert entry.facts["left_out"] == {"reset": "it is not granted to this persona"}


def test_a_persona_without_the_factory_has_none_of_its_tools() -> None:
    agent = bound.persona()
    run = bound.begin(agent, people.alice().identity, "add")
    assert toolset.of(agent, people.alice().identity, run) == []
    call = bound.carried_out(run)
    assert (call.status, call.reason) == ("failed", "not_offered")


def test_a_plain_list_of_tools_stays_the_same_for_everybody() -> None:
    """S0.3: a factory of another persona changes nothing in it."""

    def greet(name: str = "you") -> str:
        """Greet.

        Args:
            name: Whom.
        """
        return f"Hello {name}"

    register(greet)
    agent = bound.persona("counters")
    personas.grant(agent, Row.objects.get(name="greet"), {}, by=people.adam().identity)
    assert bound.said(agent, people.alice().identity, "greet") == "Hello you"


def test_a_factory_binds_a_registered_tool_for_its_persona_only() -> None:
    """S0.4, S0.5: where there is a plain function, a factory may take its place, uncalled until the run."""

    def greet() -> str:
        """Greet."""
        return "Hello"

    (plain,) = register(greet)

    @tool_factory(tools=[plain])
    def personal(run_context: RunContext) -> list[Any]:
        def greet() -> str:
            return f"Hello {run_context.user_id}"

        return [greet]

    bare, own = bound.persona(name="bare"), bound.persona("personal", name="own")
    for agent in (bare, own):
        personas.grant(agent, Row.objects.get(name="greet"), {}, by=people.adam().identity)
    assert bound.said(bare, people.alice().identity, "greet") == "Hello"
    assert bound.said(own, people.alice().identity, "greet") == f"Hello {alice()}"


def test_the_gate_asks_the_database_and_not_what_was_kept() -> None:
    """S0.51: a tool switched off, a grant taken away, a member suspended: at the next call, whatever is kept."""
    agent, who = bound.persona("counters"), people.alice().identity
    assert bound.said(agent, who, "add") == f"{alice()} has 1"
    waiting = [bound.begin(agent, who, "add") for _ in range(3)]
    row = Row.objects.get(name="add")
    catalog.update(row, {"enabled": False}, by=people.adam().identity)
    assert bound.carried_out(waiting[0]).reason == "tool_disabled"
    catalog.update(row, {"enabled": True}, by=people.adam().identity)
    personas.grant(agent, row, {"allow_use": False}, by=people.adam().identity)
    assert bound.carried_out(waiting[1]).reason == "use_not_allowed"
    Membership.objects.filter(user=people.alice().user).update(active=False)
    assert bound.carried_out(waiting[2]).reason == "requester_gone"


def changed_membership(_: AgentType) -> None:
    Membership.objects.filter(user=people.alice().user).update(version=9)


def changed_role(_: AgentType) -> None:
    Membership.objects.filter(user=people.alice().user).update(role="approver")


def changed_tool(_: AgentType) -> None:
    catalog.update(Row.objects.get(name="reset"), {"description": "New."}, by=people.adam().identity)


def changed_grant(agent: AgentType) -> None:
    personas.grant(agent, Row.objects.get(name="add"), {"usage_limit": 50}, by=people.adam().identity)


def changed_persona(agent: AgentType) -> None:
    personas.update(agent, {"tool_context": {"tier": "gold"}}, by=people.adam().identity)


def test_what_was_built_before_a_change_is_found_no_more() -> None:
    """S0.51: the versions of membership, tools, grants and persona are part of the key."""
    agent = bound.persona("counters")
    for change in (changed_membership, changed_role, changed_tool, changed_grant, changed_persona):
        clear_callable_cache()
        assert bound.said(agent, people.alice().identity, "add") == f"{alice()} has 1"
        assert bound.said(agent, people.alice().identity, "add") == f"{alice()} has 2"
        change(agent)
        agent.refresh_from_db()
        assert bound.said(agent, people.alice().identity, "add") == f"{alice()} has 1", change


def test_a_narrower_token_gets_tools_of_its_own() -> None:
    """Permissions are part of the key: a program's token must not find what was built for its person's session."""
    agent, full = bound.persona("counters"), people.alice().identity
    narrow = replace(full, permissions=frozenset({"chat"}), via="token")
    assert [bound.said(agent, who, "add") for who in (full, narrow, full)] == [
        f"{alice()} has 1",
        f"{alice()} has 1",
        f"{alice()} has 2",
    ]


def test_without_keeping_the_factory_is_asked_for_each_run() -> None:
    """S0.36."""
    agent = bound.persona("counters", cache_callables=False)
    said = [bound.said(agent, people.alice().identity, "add") for _ in range(3)]
    assert said == [f"{alice()} has 1"] * 3
    assert len({made.run.run_id for made in Counter.made}) == 3


def test_a_factory_knows_run_conversation_state_and_dependencies() -> None:
    """S0.16-20: as the database has them, in the worker too."""
    bound.persona("counters", tool_context={"tier": "free"})
    api = people.alice().api()
    started = api.post(
        "/api/conversations", {"agent": "clerk", "session_state": {"cart": [1]}}, format="json"
    )
    talk = Conversation.objects.get(public_id=started.json()["conversation"]["id"])
    run = bound.in_conversation(talk, people.alice().identity, "add")
    told = Counter.made[0].run
    assert (told.run_id, told.session_id, told.user_id) == (str(run.pk), talk.session_id, alice())
    assert told.session_state == {"cart": [1]}
    assert told.dependencies is not None
    assert (told.dependencies["org_id"], told.dependencies["tier"]) == (str(people.toolroom().pk), "free")
    path = f"/api/conversations/{talk.public_id}"
    assert api.patch(path, {"session_state": {"user_id": "2"}}, format="json").status_code == 400
    assert api.patch(path, {"session_state": None}, format="json").status_code == 200


def test_a_failing_factory_ends_the_answer_by_name_and_is_asked_again() -> None:
    """A typed error, not kept: the next try succeeds."""
    broken = [True]

    @tool_factory(tools=[Counter])
    def moody(run_context: RunContext) -> list[Any]:
        if broken:
            raise RuntimeError("no database at 10.0.0.7")
        return [Counter(run_context)]

    agent = bound.persona("moody")
    run = Run.objects.get(pk=bound.begin(agent, people.alice().identity, "add").pk)
    assert (run.status, run.reason) == ("failed", "factory_failed")
    assert "10.0.0.7" not in run.reason_text
    broken.clear()
    again = runs.retry(run, by=people.alice().identity)
    assert runs.claim(again)
    loop.work(again)
    assert acting.only_call(again).status == "queued"
    broken.append(True)
    clear_callable_cache()
    call = bound.carried_out(again)
    assert (call.status, call.reason) == ("failed", "factory_failed")
    assert "10.0.0.7" not in call.reason_text


def test_only_registered_factories_can_be_chosen_and_no_two_for_one_tool() -> None:
    agent, adam = bound.persona("counters"), people.adam().identity
    register_factory("others", lambda: [], tools=[Counter])  # noqa: PIE807
    for chosen, words in (
        (["nowhere"], "no such factory"),
        (["counters", "others"], "same tool: add, reset"),
        (["counters", "counters"], "twice"),
        ("counters", "list of names"),
        ([1], "list of names"),
    ):
        with pytest.raises(InvalidPersona) as refused:
            personas.update(agent, {"factories": chosen}, by=adam)
        assert words in refused.value.details["factories"][0]
    for key in ("nowhere", "User"):
        with pytest.raises(InvalidPersona):
            personas.update(agent, {"callable_cache_key": key}, by=adam)


def test_a_factory_that_left_the_code_ends_answers_by_name() -> None:
    agent = bound.persona("counters")
    factories.registry._factories.clear()
    run = Run.objects.get(pk=bound.begin(agent, people.alice().identity, "add").pk)
    assert (run.status, run.reason) == ("failed", "factory_failed")
    agent = personas.update(agent, {"factories": []}, by=people.adam().identity)
    assert Run.objects.get(pk=bound.begin(agent, people.alice().identity, "add").pk).status == "finished"


def test_an_approval_is_bound_to_the_factories_of_its_persona() -> None:
    agent = bound.persona("counters")
    personas.grant(agent, Row.objects.get(name="add"), {"requires_approval": True}, by=people.adam().identity)
    run = bound.begin(agent, people.alice().identity, "add")
    approval = acting.question(run)
    acting.approve(approval, people.bob().identity)
    personas.update(agent, {"factories": []}, by=people.adam().identity)
    call = bound.carried_out(run)
    assert (call.status, call.reason) == ("blocked", "definition_changed")
    assert AgentToolConfig.objects.filter(agent_type=agent).count() == 2
    calls.execute(call)


def test_factories_are_chosen_in_the_admin() -> None:
    """With their key and their time; what the verbs refuse is said at its field; staff of elsewhere finds nothing."""
    register_factory("others", lambda: [], tools=[Counter])  # noqa: PIE807
    agent = bound.persona()
    path = f"/admin/agents_app/agenttype/{agent.pk}/change/"
    client = people.adam().browser()
    chosen = {"factories": ["counters"], "callable_cache_key": "session", "cache_seconds": "90"}
    answer = client.post(path, filled(client, path, **chosen, tool_context='{"tier": "free"}'))
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    agent.refresh_from_db()
    assert (agent.factories, agent.callable_cache_key, agent.cache_seconds) == (["counters"], "session", 90)
    assert agent.tool_context == {"tier": "free"}
    both = client.post(path, filled(client, path, factories=["counters", "others"]))
    assert "bring the same tool" in str(both.context["adminform"].form.errors["factories"])
    acting_as = client.post(path, filled(client, path, acts_as_itself="on"))
    assert "user_id" in str(acting_as.context["adminform"].form.errors["tool_context"])
    factories.registry._factories.pop("counters")
    assert "counters (not part of this installation)" in client.get(path).content.decode()
    cleared = client.post(path, filled(client, path, factories=None))
    assert cleared.status_code == 302, cleared.context["adminform"].form.errors
    agent.refresh_from_db()
    assert agent.factories == []
    assert people.mallory().browser().get(path).status_code == 302
