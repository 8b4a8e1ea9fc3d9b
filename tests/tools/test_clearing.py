"""Clearing what factories built: by key, person, tenant and persona, and everything; wherever it is kept."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command

from agents_app import conversations, personas
from agents_app.granted import bindings
from agents_app.models import AgentType, Conversation, Run
from audit_app.models import AuditEntry
from tests import people
from tests.flows import bound
from tests.flows.bound import Counter, counters, nothing_registered  # noqa: F401
from tools_app import clearing
from tools_app.clearing import Meant, clear_callable_cache
from tools_app.exceptions import InvalidCacheKey
from tools_app.factories import caching
from tools_app.models import CacheGeneration

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("counters")]


def kept(agent: AgentType) -> dict[str, bool]:
    """Whose counter goes on, and whose begins anew; asked as an answer asks it, for a run there is already."""
    found = {}
    for name, who in (("alice", people.alice().identity), ("bob", people.bob().identity)):
        talk = Conversation.objects.filter(agent_type=agent, owner_id=int(who.user_id)).first()
        run = Run.objects.filter(conversation=talk).first() if talk else None
        run = (
            run
            or conversations.post_message(
                talk or conversations.start(agent, by=who), "Hi", client_id=None, by=who
            ).run
        )
        with bindings.brought(agent, who, run) as brought:
            found[name] = (brought.tools or {})["add"].function() != f"{who.user_id} has 1"
    return found


def begun() -> AgentType:
    agent = bound.persona("counters")
    assert kept(agent) == {"alice": False, "bob": False}
    return agent


CASES: list[tuple[dict[str, str], dict[str, bool]]] = [
    ({}, {"alice": False, "bob": False}),
    ({"user_id": "alice"}, {"alice": False, "bob": True}),
    ({"key": "alice"}, {"alice": False, "bob": True}),
    ({"tenant": "ours"}, {"alice": False, "bob": False}),
    ({"tenant": "ours", "user_id": "alice"}, {"alice": False, "bob": True}),
    ({"tenant": "theirs"}, {"alice": True, "bob": True}),
    ({"tenant": "theirs", "user_id": "alice"}, {"alice": True, "bob": True}),
    ({"key": "nobody"}, {"alice": True, "bob": True}),
]


def test_what_is_meant_is_cleared_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """S0.42-44, S0.49: also in a process that was told nothing of it."""
    agent = begun()
    monkeypatch.setattr(clearing, "_dropped_here", lambda names: None)
    ids = {"alice": people.alice().identity.user_id, "ours": people.toolroom(), "theirs": people.elsewhere()}
    for what, left in CASES:
        caching.shared().drop()
        kept(agent)
        clear_callable_cache(**{name: ids.get(value, value) for name, value in what.items()})  # type: ignore[arg-type]
        assert kept(agent) == left, what


def test_the_process_that_clears_closes_at_once_and_others_when_they_look(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun()
    clear_callable_cache()
    assert [made.closed for made in Counter.made] == [1, 1]
    monkeypatch.setattr(clearing, "_dropped_here", lambda names: None)
    bound.said(bound.persona("counters", name="other"), people.alice().identity, "add")
    clear_callable_cache(user_id=people.alice().identity.user_id)
    assert Counter.made[-1].closed == 0
    caching.shared().look()
    assert Counter.made[-1].closed == 1


def test_a_persona_is_cleared_by_who_keeps_the_catalog() -> None:
    """The same by API: nobody else, and no other persona."""
    agent = begun()
    other = bound.persona("counters", name="other")
    assert kept(other) == {"alice": False, "bob": False}
    path = f"/api/agents/{agent.pk}/callable-cache"
    assert people.alice().api().delete(path).status_code == 403
    assert people.mallory().api().delete(path).status_code == 404
    carol = people.carol().api()
    assert carol.delete(path + "?user=1").status_code == 400
    alice = people.alice().identity.user_id
    assert carol.delete(f"{path}?user_id={alice}").status_code == 204
    assert kept(agent) == {"alice": False, "bob": True}
    assert carol.delete(path).status_code == 204
    assert kept(agent) == {"alice": False, "bob": False}
    assert kept(other) == {"alice": True, "bob": True}
    told = AuditEntry.objects.filter(action="callables.cleared").order_by("pk")
    assert [(each.actor_name, each.subject_name, each.facts.get("person")) for each in told] == [
        ("Carol", "clerk", alice),
        ("Carol", "clerk", None),
    ]


def test_the_button_of_a_persona_clears_it() -> None:
    agent = begun()
    adam = people.adam().browser()
    page = adam.get(f"/admin/agents_app/agenttype/{agent.pk}/change/").content.decode()
    assert "Clear built tools" in page
    assert "Tools: counters (add, reset)" in page
    adam.post(f"/admin/agents_app/agenttype/{agent.pk}/do/clear-callables/")
    assert kept(agent) == {"alice": False, "bob": False}
    people.mallory().browser().post(f"/admin/agents_app/agenttype/{agent.pk}/do/clear-callables/")
    assert AuditEntry.objects.filter(action="callables.cleared").count() == 1
    agent = personas.update(agent, {"factories": []}, by=people.adam().identity)
    assert (
        "Clear built tools"
        not in adam.get(f"/admin/agents_app/agenttype/{agent.pk}/change/").content.decode()
    )


def test_the_command_says_what_it_clears() -> None:
    agent = begun()
    options = {"tenant": people.toolroom().slug, "persona": agent.name, "user": people.bob().identity.user_id}
    out = io.StringIO()
    call_command("clear_callables", stdout=out, **options)
    assert out.getvalue() == "Cleared.\n"
    assert kept(agent) == {"alice": True, "bob": False}
    call_command("clear_callables", stdout=out)
    assert kept(agent) == {"alice": False, "bob": False}
    for wrong in ({"tenant": "nowhere"}, {"persona": "clerk"}, {"tenant": "toolroom", "persona": "nobody"}):
        with pytest.raises(CommandError):
            call_command("clear_callables", stdout=out, **wrong)


def test_what_can_be_no_key_is_refused_and_raises_no_number() -> None:
    with pytest.raises(InvalidCacheKey):
        clear_callable_cache(key={"a": 1})
    assert CacheGeneration.objects.count() == 0


def test_the_record_does_not_hold_the_key() -> None:
    bound.persona("counters")
    clearing.clear(Meant(tenant=people.toolroom().pk, key="a customer's name"), by=people.adam().identity)
    entry = AuditEntry.objects.get(action="callables.cleared")
    assert entry.facts == {"by_key": True}
    assert not CacheGeneration.objects.filter(name__contains="customer").exists()
