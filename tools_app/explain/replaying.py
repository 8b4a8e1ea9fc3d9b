"""What a change of policy would have done: the last calls it concerns, decided again as it is and as it would be.

Each call is judged by what it was: the arguments the model gave, what they meant outside at that moment, the person's
permissions, the uses before it, whether something had been read outside. Only the rules differ. Nothing is written, and
the disk is asked for old calls alone, of which that was not kept.

What is of its moment and no rule is left out: how much of a day's limit was used, what was allowed from now on, kill
switches. For each call it is said what of that there was. A switch or a word from now on that is itself what changes
is judged, and so is a limit that allows nothing whatever was used.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from django.db.models import Count, Exists, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from project.accounts.identity import Identity
from tools_app import arguments, doors, facts, policy
from tools_app.calling import askers, information, quotas
from tools_app.explain import decided, explaining
from tools_app.explain.replays import (
    OF_A_DAY,
    OF_A_SWITCH,
    OF_A_WORD,
    Change,
    Flip,
    Key,
    Replay,
    Said,
    Stop,
    Word,
)
from tools_app.governing import halts, layers, meanings
from tools_app.governing.layer_rules import Rule
from tools_app.models import Tool, ToolCall
from tools_app.policy import Call, Decision, Facts, Grant, ToolFacts, layering

__all__ = ["MOST", "USUAL", "Change", "Flip", "Replay", "Said", "Stop", "Word", "replay"]

# How far back one looks, unless somebody says otherwise.
USUAL: Final = 200
MOST: Final = 1_000


def replay(change: Change, *, by: Identity, last: int = USUAL) -> Replay:
    """Decide the last calls that the change concerns under both, and name those that come out otherwise.

    Only calls this person may look at: whether a pattern of their choosing would hit tells what somebody wrote.
    """
    calls = _concerned(change, ToolCall.objects.visible_to(by), min(max(last, 1), MOST))
    readable = [call for call in calls if _can_be_read(call)]
    now, then = _World(_as_it_is(change)), _World(_as_it_would_be(change))
    stopped = _Stopped(change)
    flips, left_out = [], Counter[str]()
    for call in readable:
        before, after = now.decide(call), then.decide(call)
        omitted = (*_omitted(call, now, then, change), *stopped.of(call))
        left_out.update(omitted)
        if _said(before) != _said(after):
            first = decided.read(call)[:1]
            was = first[0].decision if first else ""
            flips.append(Flip(call, _words(before), _words(after), was, omitted))
    return Replay(len(readable), len(calls) - len(readable), tuple(flips), dict(left_out))


def _as_it_is(change: Change) -> Change:
    """Without the change: a switch that would be lifted is thrown, a word that would be taken back is given."""
    lifted = change.stop if change.stop is not None and change.stop.is_lifted else None
    return Change(change.organization_id, stop=lifted, word=change.word)


def _as_it_would_be(change: Change) -> Change:
    lifted = change.stop is not None and change.stop.is_lifted
    return replace(change, stop=None if lifted else change.stop, word=None)


def _omitted(call: ToolCall, now: _World, then: _World, change: Change) -> Iterator[str]:
    """What of this call's moment is not judged."""
    if now.counts_days(call) or then.counts_days(call):
        yield OF_A_DAY
    if call.standing_id and change.word is None:
        yield OF_A_WORD


class _Stopped:
    """Which calls a kill switch stops today; one read for each persona."""

    def __init__(self, change: Change) -> None:
        self._organization, self._known = change.organization_id, dict[Key, str]()
        self._judged = change.stop is not None

    def of(self, call: ToolCall) -> Iterator[str]:
        key = (call.agent_type_id or 0, call.tool_id or 0)
        if self._judged:
            return
        if key not in self._known:
            agent, tool = key
            self._known[key] = halts.stopped(self._organization, agent, [tool]).get(tool, "")
        if self._known[key]:
            yield OF_A_SWITCH


def _concerned(change: Change, seen: QuerySet[ToolCall], last: int) -> list[ToolCall]:
    rows = seen.filter(organization_id=change.organization_id, tool__isnull=False)
    if change.stop is not None or change.word is not None:
        rows = rows.filter(**_meant(change))
    elif change.rules is not None:
        rows = rows.filter(tool_id__in=_spoken_of(change, change.rules))
    elif change.grants:
        ((agent, tool),) = change.grants
        rows = rows.filter(agent_type_id=agent, tool_id=tool)
    else:
        rows = rows.filter(tool_id__in=list(change.tools))
    earlier = (
        ToolCall.objects.filter(
            session_id=OuterRef("session_id"),
            agent_type_id=OuterRef("agent_type_id"),
            tool_id=OuterRef("tool_id"),
            limit_reserved=True,
            pk__lt=OuterRef("pk"),
        )
        # A use that went on in another call took its slot along.
        .exclude(Exists(ToolCall.objects.filter(replaces=OuterRef("pk"))))
        .order_by()
        .values("session_id")
        .annotate(number=Count("pk"))
        .values("number")
    )
    counted = rows.annotate(uses_before=Coalesce(Subquery(earlier, output_field=IntegerField()), 0))
    return list(
        counted.select_related("tool").defer("result", "result_text", "blocks").order_by("-pk")[:last]
    )


def _meant(change: Change) -> dict[str, Any]:
    """Whose calls a switch stops, or a word spares."""
    if change.stop is not None:
        said = {"tool_id": change.stop.tool_id, "agent_type_id": change.stop.agent_type_id}
        return {name: value for name, value in said.items() if value}
    if change.word is None:
        return {}
    said = {name: getattr(change.word, name) for name in ("user_id", "agent_type_id", "tool_id")}
    return {**said, **({"session_id": change.word.session_id} if change.word.session_id else {})}


def _spoken_of(change: Change, rules: Sequence[Rule]) -> list[int]:
    """The tools for which it makes a difference which rules there are."""
    now, then = _rules_of(change.organization_id), tuple(rules)
    tools = Tool.objects.filter(organization_id=change.organization_id)
    if now is None:
        return [tool.pk for tool in tools]
    return [tool.pk for tool in tools if layers.with_rules(tool, now) != layers.with_rules(tool, then)]


def _rules_of(organization_id: int) -> tuple[Rule, ...] | None:
    """None where they cannot be read: then the gate refuses everything."""
    try:
        return layers.rules_of(organization_id)
    except Exception:  # noqa: BLE001  As the gate: whatever is wrong with them, nothing runs.
        return None


def _can_be_read(call: ToolCall) -> bool:
    """What was never readable has nothing to be decided about; a try of a draft says nothing of the tool."""
    return not decided.was_unread(call) and "draft" not in call.asked_through


class _World:
    """Everything but the calls, as it is or as it would be; each row read once."""

    def __init__(self, change: Change) -> None:
        self._change = change
        self._rules = _rules_of(change.organization_id) if change.rules is None else change.rules
        self._grants: dict[Key, Grant | None] = dict(change.grants)
        self._tools: dict[int, tuple[Tool, ToolFacts]] = {}
        self._private: dict[int, tuple[str, ...]] = {}

    def decide(self, call: ToolCall) -> Decision:
        try:
            return self._decided(call)
        except Exception:  # noqa: BLE001  Fail closed, as the gate does: what cannot be read would be refused.
            return policy.UNREADABLE

    def _decided(self, call: ToolCall) -> Decision:
        if self._rules is None:
            return policy.UNREADABLE
        tool, known = self._tool(call)
        grant = self._grant(call)
        private = self._private_tools(call) if call.tainted and information.can_carry_out(tool) else ()
        through = call.asked_through
        about = Facts(
            tool=known,
            grant=grant,
            requester_signed_in=call.user_id.isdigit(),
            permissions=frozenset(through.get("permissions") or ()),
            editors=askers.editors_then(call),
            uses=call.uses_before if grant and quotas.is_limit(grant.usage_limit) else 0,  # type: ignore[attr-defined]
            tainted=call.tainted,
            could_leak=bool(private),
            private=private,
            attended=askers.was_attended(through),
            used=tuple(quotas.never(tool, grant)) if grant is not None else (),
            halted=self._change.stop.of(call) if self._change.stop is not None else "",
            standing=(self._change.word.terms,) if self._change.word is not None else (),
            layers=layers.with_rules(tool, self._rules) if grant is not None else (),
        )
        return policy.decide(_asked(call, tool, about), about)

    def _tool(self, call: ToolCall) -> tuple[Tool, ToolFacts]:
        pk = call.tool_id or 0
        if pk not in self._tools:
            tool = self._change.tools.get(pk) or Tool.objects.get(pk=pk)
            self._tools[pk] = tool, facts.tool_facts(tool, self._change.organization_id)
        return self._tools[pk]

    def _grant(self, call: ToolCall) -> Grant | None:
        key = (call.agent_type_id or 0, call.tool_id or 0)
        if key not in self._grants:
            agent, tool = key
            self._grants[key] = doors.grant_of(
                agent_type_id=agent, tool_id=tool, organization_id=self._change.organization_id
            )
        return self._grants[key]

    def counts_days(self, call: ToolCall) -> bool:
        """Whether a limit of uses a day holds for it that may still have been open, or used up, at that moment."""
        grant, (tool, _) = self._grant(call), self._tool(call)
        limits = [tool.person_daily_limit, tool.daily_limit]
        if grant is not None:
            limits += [grant.person_daily_limit, grant.daily_limit]
        return any(quotas.is_limit(limit) and limit != 0 for limit in limits)

    def _private_tools(self, call: ToolCall) -> tuple[str, ...]:
        agent = call.agent_type_id or 0
        if agent not in self._private:
            self._private[agent] = doors.private_tools(
                agent_type_id=agent, organization_id=self._change.organization_id
            )
        return self._private[agent]


def _asked(call: ToolCall, tool: Tool, about: Facts) -> Call:
    """What the model gave, filled and checked as these rules would have it."""
    supplied = {name: value for name, value in call.arguments.items() if name not in call.filled}
    effective, problems = facts.checked(tool, about, supplied)
    asked = Call(
        arguments=effective,
        supplied=frozenset(supplied),
        reserved=tuple(arguments.reserved(supplied)),
        problems=problems,
    )
    if problems or about.grant is None:
        return asked
    # What rules ask of the engine is asked anew: rules that did not ask then may ask now.
    sql = meanings.classes_of_sql(tool, effective, layering.all_of(about))
    kept = decided.as_meant(call, effective) if effective == call.arguments else None
    if kept is not None:
        return replace(asked, also=kept.also, beyond=kept.beyond, sql=sql)
    real = meanings.real(tool, effective)
    return replace(asked, also=real.also, beyond=tuple(real.beyond), sql=sql)


def _said(decision: Decision) -> tuple[str, str]:
    return decided.word(decision), decision.code if isinstance(decision, policy.Refuse) else ""


def _words(decision: Decision) -> Said:
    match decision:
        case policy.Refuse(code=code, message=message):
            return Said("refuse", code, message)
        case policy.AskApproval(reasons=reasons):
            return Said("ask", "", " ".join(explaining.REASONS.get(each, each) for each in reasons))
    return Said("allow", "", "")
