"""A Python function from its registration to the answer: seeded, granted, shown, judged, run, told to the model."""

from __future__ import annotations

import datetime
import inspect
import json
from typing import Any

import pytest

from agents_app import conversations, loop, personas, runs, toolset
from agents_app.models import AgentType, Message, Run
from audit_app.models import ToolUsage
from project.accounts import identity as identities
from tests import people
from tests.flows import acting
from tools_app import calls, executors, functions, seeds
from tools_app.context import ToolContext
from tools_app.definition import ToolDefinition
from tools_app.functions import Tool, registry
from tools_app.models import Approval, ToolCall
from tools_app.models import Tool as Row

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _functions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_tools", {})
    executors.register("python", "tools_app.executors.python.PythonExecutor")


async def bookings(ctx: ToolContext, on: datetime.date, limit: int = 3) -> dict[str, Any]:
    """List the bookings of the person who asks.

    Args:
        ctx: user_id, whose bookings.
        on: The day.
        limit: How many at most.
    """
    return {"of": ctx["user_id"], "weekday": on.strftime("%A"), "limit": limit}


async def for_managers(ctx: ToolContext, definition: ToolDefinition) -> ToolDefinition | None:
    return definition if ctx["roles"] == ["admin"] else None


def granted(*given: Any) -> AgentType:
    """Alice's persona with these functions, as rows that seeding made."""
    organization = people.alice().organization
    operator = identities.system(organization)
    functions.register(*given)
    seeds.apply(organization)
    sent = {"name": "clerk", "model": "claude-sonnet-5-5", "system_prompt": "Keep the books."}
    agent = personas.register(sent, by=operator)
    for row in Row.objects.filter(organization=organization, executor="python"):
        personas.grant(agent, row, {}, by=operator)
    return agent


def said(agent: AgentType, *turns: dict[str, Any]) -> Run:
    who = people.alice().identity
    return acting.say(conversations.start(agent, by=who), f"```script\n{json.dumps(turns)}\n```", who)


def on(run: Run) -> Run:
    """Advance the answer as its worker would, and carry out whatever the gate let through."""
    found = Run.objects.select_related("conversation", "agent_type", "message").get(pk=run.pk)
    assert runs.claim(found)
    loop.work(found)
    for call in ToolCall.objects.filter(run_id=run.pk, status="queued"):
        calls.execute(call)
    return Run.objects.get(pk=run.pk)


def uses(name: str, **arguments: Any) -> dict[str, Any]:
    return {"call": [{"name": name, "arguments": arguments}]}


def test_a_function_is_used_like_every_other_tool() -> None:
    """S1.1, S1.2, S1.22, S1.23, S3.17-25: typed values and the identity of the one who asks; recorded like any."""
    agent = granted(bookings)
    run = said(agent, uses("bookings", on="2026-02-03"), {"say": "That is all."})
    assert on(run).status == "waiting"
    call = acting.only_call(run)
    assert (call.status, call.reason_text) == ("succeeded", "")
    assert call.result == {"of": str(people.alice().user.pk), "weekday": "Tuesday", "limit": 3}
    assert ToolUsage.objects.get(tool_call_id=call.pk).status == "success"
    assert on(run).status == "finished"
    assert Message.objects.filter(steps__run=run).order_by("pk").last().text.strip() == "That is all."  # type: ignore[union-attr]


def test_arguments_that_do_not_fit_are_told_before_anybody_is_asked() -> None:
    """S1.40, S1.44: the model gets another try; no question is put and nothing runs."""
    agent = granted(Tool(bookings, requires_approval=True))
    run = said(agent, uses("bookings", on="someday"), uses("bookings", on="2026-02-03"), {"say": "Done."})
    assert on(run).status == "waiting"
    wrong, right = ToolCall.objects.filter(run_id=run.pk).order_by("pk")
    assert (wrong.status, wrong.reason) == ("blocked", "invalid_arguments")
    assert right.status == "waiting"
    assert [question.call_id for question in Approval.objects.all()] == [right.pk]


def test_the_number_of_such_tries_is_limited(settings: Any) -> None:
    """S1.41."""
    settings.MAX_INVALID_CALLS = 1
    run = said(granted(bookings), *[uses("bookings", on="someday")] * 3, {"say": "Never said."})
    assert on(run).status == "failed"
    assert ToolCall.objects.filter(run_id=run.pk).count() == 2


def test_a_tool_may_say_how_often_its_arguments_may_be_wrong() -> None:
    """S1.41: `retries` of the tool, within what the installation allows for all of them."""
    agent = granted(Tool(bookings, retries=1), Tool(bookings, name="others"))
    wrong, other = uses("bookings", on="someday"), uses("others", on="someday")
    run = said(agent, wrong, other, other, wrong, {"say": "Never said."})
    assert on(run).status == "failed"
    assert ToolCall.objects.filter(run_id=run.pk).count() == 4
    enough = said(agent, wrong, uses("bookings", on="2026-02-03"), {"say": "Right."})
    assert [on(enough).status, on(enough).status] == ["waiting", "finished"]


def test_different_tools_are_different_personas() -> None:
    """S1.34: what fundamentally differs is a persona of its own; nothing of the one reaches the other."""
    organization = people.alice().organization
    one = granted(bookings, Tool(bookings, name="others"))
    two = personas.register(
        {"name": "second", "model": "claude-sonnet-5-5", "system_prompt": "Another."},
        by=identities.system(organization),
    )
    personas.grant(two, Row.objects.get(name="others"), {}, by=identities.system(organization))
    personas.ungrant(one, Row.objects.get(name="others"), by=identities.system(organization))
    offered = [
        [each.definition.name for each in toolset.of(agent, people.alice().identity)] for agent in (one, two)
    ]
    assert offered == [["bookings"], ["others"]]
    run = said(two, uses("bookings", on="2026-02-03"), {"say": "Pity."})
    on(run)
    assert acting.only_call(run).reason == "not_granted"


def test_prepare_decides_who_is_shown_the_tool() -> None:
    """S1.28, S1.31: and a model that asks for it all the same gets nothing."""
    agent = granted(Tool(bookings, prepare=for_managers))
    assert toolset.of(agent, people.alice().identity) == []
    assert [each.definition.name for each in toolset.of(agent, people.adam().identity)] == ["bookings"]
    run = said(agent, uses("bookings", on="2026-02-03"), {"say": "Pity."})
    on(run)
    call = acting.only_call(run)
    assert (call.status, call.reason) == ("failed", "not_offered")


def test_a_row_without_its_function_is_refused_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """S1.39: the tools of an answer are looked at before the model is asked."""
    agent = granted(bookings)
    monkeypatch.setattr(registry, "_tools", {})
    assert toolset.of(agent, people.alice().identity) == []
    run = said(agent, uses("bookings", on="2026-02-03"), {"say": "Pity."})
    on(run)
    call = acting.only_call(run)
    assert (call.status, call.reason) == ("blocked", "executor_unavailable")
    assert "TOOL_MODULES" in call.reason_text


def test_the_verbs_of_an_answer_take_no_tools() -> None:
    """S1.25-27, S1.43: what an answer may use is what its persona is granted."""
    for verb in (conversations.start, conversations.post_message, runs.claim, loop.work, loop.advance):
        assert not any("tools" in name for name in inspect.signature(verb).parameters)
    sent = {"agent": granted(bookings).name, "text": "Hi", "tools": ["bash"]}
    assert people.alice().api().post("/api/conversations", sent, format="json").status_code == 400


def test_a_row_follows_the_parameters_of_its_function() -> None:
    """Text and policy of an edited row stay an administrator's; parameters belong to the code."""
    organization = people.alice().organization
    functions.register(Tool(bookings, name="books"))
    assert "books" in seeds.apply(organization)
    assert "books" not in seeds.apply(organization)
    Row.objects.filter(name="books").update(description="Mine.", requires_approval=True)

    def fewer(ctx: ToolContext, on: datetime.date) -> str:
        """List bookings.

        Args:
            on: The day.
        """
        return str(on)

    registry._tools.clear()
    functions.register(Tool(fewer, name="books"))
    assert "books" in seeds.apply(organization)
    row = Row.objects.get(name="books")
    assert (row.description, row.requires_approval) == ("Mine.", True)
    assert list(row.input_schema["properties"]) == ["on"]
    assert row.configuration["fingerprint"] == functions.named("books").fingerprint
    assert row.versions.count() == 2
    assert "books" not in seeds.apply(organization)
