"""Putting a question to a person: the Approval row of a ToolCall, and whether it still fits what would run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Any, Final

from django.conf import settings
from django.db import transaction

from audit_app import clock, transitions
from project.accounts import identity as identities
from project.accounts.identity import Identity, NoMembership
from project.accounts.roles import CHAT, DECIDE, DECIDE_OWN
from tools_app import facts, policy
from tools_app.approving import deciders, demands, digest, votes
from tools_app.approving.deciders import Demand
from tools_app.calling import askers
from tools_app.explain import decided
from tools_app.facts import Gathered
from tools_app.models import Approval, ApprovalVote, OrganizationPolicy, QuestionClock, Tool, ToolCall

# Why somebody is asked once more though nothing has changed: whoever said yes may not any more, or it was not used in
# time. No reason of the use itself: what was allowed from now on is not asked about them.
GIVER_GONE: Final = "giver_gone"
RAN_OUT: Final = "ran_out"
AGAIN: Final = frozenset({GIVER_GONE, RAN_OUT})
_LIMITS: Final = ("daily_limit", "person_daily_limit", "rate_limit", "concurrent_limit")
# What tells one use from another that is the same in everything a person would look at.
_ONE_USE: Final = frozenset({"conversation", "run", "call", "attempt", "usage", "tool_use_id", "expires_at"})

# What a person is shown beside what the digest is about: questions that differ in it were not all looked at.
_SHOWN_BESIDE: Final = ("about", "flow", "reasons", "demands")
# RFC 8785 knows no greater number exactly; files of some file systems have ids of 64 bits.
_GREATEST: Final = 2**53 - 1

_COVERED_LATER: Final = frozenset({"limits", "membership", "description"})


def ask(call: ToolCall, found: Gathered, *, reasons: tuple[str, ...], by: Identity) -> Approval:
    """Put the question about a call, bound by digest to exactly what would run."""
    if found.tool is None:
        raise ValueError("a question is only put about a known tool")
    now = clock.read()
    expires = closing_time(found.tool, now)
    covers = covered(call, found, expires_at=expires.isoformat())
    approval = Approval(
        organization_id=call.organization_id,
        call=call,
        about=Approval.About.ANSWER if policy.NEEDS_ANSWER in reasons else Approval.About.USE,
        digest=digest.of(covers),
        covers=covers,
        flow=dict(found.flow),
        reasons=list(reasons),
        approver=found.tool.approver,
        demands=[each.as_json() for each in facts.deciding(found)],
        is_dangerous=found.tool.is_dangerous,
        requester_id=call.user_id,
        requester_name=call.user_name,
        created_at=now,
        expires_at=expires,
    )
    return put(approval, by=by)


@transaction.atomic(savepoint=False)
def put(approval: Approval, *, by: Identity) -> Approval:
    """Let it be born, with the clock by which people and programs are told of it whatever becomes of it."""
    transitions.born(approval, by=by, reasons=list(approval.reasons))
    QuestionClock.objects.create(approval=approval, organization_id=approval.organization_id)
    return approval


def anew(approval: Approval, void: str) -> tuple[str, ...]:
    """The reasons of the question that takes the place of this one, whose yes is void."""
    return (*(each for each in approval.reasons if each not in AGAIN), void)


def note_anew(call: ToolCall, found: Gathered, approval: Approval, void: str) -> None:
    """Keep with the call why it is asked about once more."""
    decided.add(call, found, policy.AskApproval(anew(approval, void)), decided.CLAIM)


def closing_time(tool: Tool, now: datetime) -> datetime:
    """Until when a question about a use of this tool stays open."""
    return now + timedelta(seconds=tool.approval_seconds or settings.APPROVAL_PENDING_SECONDS)


def may_decide(approval: Approval, identity: Identity) -> bool:
    """Whether this person's word counts; the live tool is asked too, its rule may have become stricter."""
    return _counts(approval, identity, votes.voice_of, partial(_today, approval))


def judge(approval: Approval) -> Callable[[Identity], bool]:
    """The same for whoever asks about many people: what the answer depends on is read once for all of them."""
    voice, today = votes.voices(approval), cache(partial(_today, approval))
    return lambda identity: _counts(approval, identity, voice, today)


def _counts(
    approval: Approval,
    identity: Identity,
    voice: votes.Voices,
    today: Callable[[], Sequence[Demand] | None],
) -> bool:
    if approval.organization_id != identity.organization_id:
        return False
    own = approval.requester_id == identity.user_id
    if approval.about == Approval.About.ANSWER:
        return own and identity.may(CHAT)
    if not (identity.may(DECIDE) or (own and identity.may(DECIDE_OWN))):
        return False
    # Else a program would say yes to itself, and no person would ever have looked.
    if decides_for_itself(approval, identity):
        return False
    if _may_speak(approval, identity, votes.demands_of(approval), voice):
        return True
    loosened = today()
    return loosened is not None and _may_speak(approval, identity, loosened, voice)


def _today(approval: Approval) -> Sequence[Demand] | None:
    # Those who may decide by today's rules: their yes finds it void, and it is asked anew. Else nobody could do that.
    return demands.loosened(approval) if approval.status == Approval.Status.PENDING else None


def _may_speak(approval: Approval, identity: Identity, asked: Sequence[Demand], voice: votes.Voices) -> bool:
    if identity.user_id in votes.barred(approval, asked):
        return False
    return deciders.may_speak(asked, voice(identity.user_id, approval, asked))


def decides_for_itself(approval: Approval, identity: Identity) -> bool:
    """Whether a token would decide about what a token of the same person asked for."""
    own = approval.requester_id == identity.user_id
    return own and identity.via == "token" and askers.is_by_token(approval.call.asked_through)


def still_stands(approval: Approval) -> bool:
    """Whether those who said yes still may, and still suffice: a verdict does not outlive the right to give it."""
    said = ApprovalVote.objects.filter(approval=approval, verdict=ApprovalVote.Verdict.APPROVE)
    # A yes that was given before votes were kept is its decider's alone.
    ids = list(said.values_list("voter_id", flat=True)) or [approval.decided_by_id]
    asked = votes.demands_of(approval)
    able = [each for each in ids if _may_still(approval, each)]
    if approval.about == Approval.About.ANSWER:
        return bool(able)
    voices = [votes.voice_of(each, approval, asked) for each in able]
    return not deciders.missing(asked, voices)


def stands_for_more(approval: Approval) -> bool:
    """Whether that yes may speak for later uses, too; that of somebody who stood in is about this one alone."""
    return still_stands(approval) and not votes.stands_in(approval.decided_by_id, approval)


def _may_still(approval: Approval, user_id: str) -> bool:
    try:
        return may_decide(approval, identities.from_user(user_id, approval.organization_id))
    except NoMembership:
        return False


def still_fits(approval: Approval, call: ToolCall, found: Gathered, decision: policy.Decision) -> bool:
    """True if what would run now is byte for byte what the person was shown, for no reason they were not told of."""
    # That rules only advise asks for a look, whatever at: that is what a yes was.
    told = {*approval.reasons, policy.ONLY_ADVISED}
    if isinstance(decision, policy.AskApproval) and not told.issuperset(decision.reasons):
        return False
    fresh = covered(call, found, expires_at=approval.covers.get("expires_at"))
    for name in _COVERED_LATER - approval.covers.keys():
        # It was put before this was covered: a question that waits over an upgrade stays what it was.
        fresh.pop(name, None)
    return digest.of(fresh) == approval.digest


def likeness(approval: Approval) -> str:
    """The same for questions about exactly the same: all that a verdict is bound to but which use of it it is."""
    said = {name: value for name, value in approval.covers.items() if name not in _ONE_USE}
    shown = {name: getattr(approval, name) for name in _SHOWN_BESIDE}
    return digest.of({**said, **shown, "dangerous": approval.is_dangerous})


def covered(call: ToolCall, found: Gathered, *, expires_at: Any) -> dict[str, Any]:
    """Everything the digest is taken over (`security.md` 2.3)."""
    tool, grant = found.facts.tool, found.grant
    return {
        "organization": call.organization_id,
        "conversation": call.session_id,
        "run": call.run_id,
        "call": call.pk,
        "tool_use_id": call.tool_use_id,
        "requester": call.user_id,
        "membership": found.asked.identity.membership_version,
        "agent": [call.agent_type_id, grant.agent_hash if grant else ""],
        "tool": [tool.id, tool.content_hash] if tool else None,
        # The hash covers it already; here it is what a person is told of the tool, as it was when they were asked.
        "description": found.tool.description if found.tool else "",
        "grant": grant.grant_hash if grant else "",
        "arguments": dict(found.call.arguments),
        "targets": _exactly(dict(found.targets)),
        "limits": _limits(found.tool),
        "tainted": call.tainted,
        "expires_at": expires_at,
        # Nor do rules above the grant void anything they do not speak of.
        **({"layers": said} if (said := _layers(found)) else {}),
        # Only where a call leaves the house, so that questions about all others stay what they were.
        **({"reach": dict(found.reach)} if found.reach else {}),
        # Nor this where the tool is told nothing but who asks.
        **({"context": dict(call.tool_context)} if call.tool_context else {}),
        **({"acts_as": dict(grant.acts_as)} if grant and grant.acts_as else {}),
        # Nor this where the organization asks nothing more of those who decide.
        **OrganizationPolicy.objects.of(call.organization_id).demanded(),
        **({"editors": editors} if (editors := editors_of(call)) else {}),
        # A question that was put before there were previews keeps its digest.
        **({"preview": found.preview} if found.preview else {}),
    }


def _exactly(value: Any) -> Any:
    """The same, with numbers as text where the canonical form would refuse them."""
    match value:
        case dict():
            return {name: _exactly(each) for name, each in value.items()}
        case list() | tuple():
            return [_exactly(each) for each in value]
        case int() if abs(value) > _GREATEST:
            return str(value)
    return value


def _limits(tool: Tool | None) -> dict[str, int]:
    """Those of the tool itself; the grant's are in its hash."""
    return {name: limit for name in _LIMITS if (limit := getattr(tool, name, None)) is not None}


def _layers(found: Gathered) -> list[list[str]]:
    """The rules of the installation and the organization that speak of this tool; its own are in its hash."""
    wider = [layer for layer in found.facts.layers if layer.source.layer != "tool"]
    return [[str(layer.source), digest.of_rules(_said(layer))] for layer in wider]


def _said(layer: policy.Layer) -> dict[str, Any]:
    """What it does; its name and what it tells the model change nothing of what would run."""
    return {
        "allowed": layer.allowed,
        "denied": layer.denied,
        "ask_when": layer.ask_when,
        "ask": layer.requires_approval,
        "forbids": layer.forbids,
    }


def editors_of(call: ToolCall) -> list[str]:
    """The ids of everybody who changed the arguments since the model gave them, oldest first."""
    return [each.edited_by_id for each in askers.edits(call)]
