"""Allowing from now on: what may be offered beside a question, and the row that is made of what a person chose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from audit_app import clock, records
from project.accounts.identity import Identity
from tools_app import facts, policy, rules
from tools_app.approving import broadening, deciders, questions, standing, votes
from tools_app.approving.broadening import Widening
from tools_app.exceptions import InvalidWish, NotFromNowOn
from tools_app.facts import Gathered
from tools_app.governing import meanings
from tools_app.models import Approval, OrganizationPolicy, StandingApproval
from tools_app.policy.standing import COVERABLE

SHORTEST: Final = 60
SUGGESTED_SECONDS: Final = 3_600
SUGGESTED_USES: Final = 10
# The gate reads all that is open for a person, persona and tool each time it would ask.
MOST_OPEN: Final = 50


@dataclass(frozen=True, slots=True)
class Offer:
    """What a person may choose for one question: how each argument is read, how long and how often at most."""

    approval: Approval
    found: Gathered
    widened: tuple[Widening, ...]
    most_seconds: int
    most_uses: int

    @property
    def arguments(self) -> Mapping[str, Any]:
        return self.found.call.arguments


@dataclass(frozen=True, slots=True)
class Wish:
    """What was chosen: a key for each argument, the conversation alone or everywhere, for how long, how often."""

    choices: Mapping[str, str]
    everywhere: bool
    seconds: int
    uses: int


def is_offered(approval: Approval, identity: Identity) -> bool:
    """Whether the card offers it at all to this person; `offer` says the last word, and why not."""
    return not _obstacle(approval, identity)


def offer(approval: Approval, identity: Identity) -> Offer:
    """Raises NotFromNowOn, with the reason, where this question can only be answered for itself."""
    why_not = _obstacle(approval, identity)
    if why_not:
        raise NotFromNowOn(why_not)
    found = facts.regather(approval.call)
    tool = found.facts.tool
    if found.tool is None or tool is None or isinstance(found.decision(), policy.Refuse):
        raise NotFromNowOn("It would be refused by now, so there is nothing to allow.")
    allowed = OrganizationPolicy.objects.of(approval.organization_id)
    subject = rules.Subject(found.call.arguments, tool.kinds, found.call.also, found.call.sql)
    specs = meanings.parameters_of(found.tool)
    widened = broadening.widenings(subject, specs, may_open=not tool.is_dangerous)
    return Offer(approval, found, widened, allowed.standing_seconds, allowed.standing_uses)


def _obstacle(approval: Approval, identity: Identity) -> str:
    if approval.about != Approval.About.USE or approval.status != Approval.Status.PENDING:
        return "Only an open question about a use can be answered for the next ones too."
    if "tainted" in approval.reasons:
        return "What was read outside may have led to this, so every such use is asked about."
    if not (reasons := _reasons(approval)) or not set(reasons) <= COVERABLE:
        return "What is asked here is asked each time."
    if sum(deciders.needed(votes.demands_of(approval)).values()) > 1:
        return "More than one person decides about each use of this tool."
    # Later uses are never handed on: else letting one question time out would buy the second group all of them.
    if votes.stands_in(identity.user_id, approval):
        return "It was handed on to you, so you decide about this one use only."
    return _closed_by(OrganizationPolicy.objects.of(approval.organization_id), approval)


def _reasons(approval: Approval) -> list[str]:
    return [each for each in approval.reasons if each not in questions.AGAIN]


def _closed_by(allowed: OrganizationPolicy, approval: Approval) -> str:
    if allowed.standing_seconds < SHORTEST or allowed.standing_uses < 1:
        return "In your organization nothing is allowed from now on."
    if approval.is_dangerous and not allowed.standing_dangerous:
        return "The tool is dangerous: in your organization each use of it is asked about."
    return ""


def planned(offered: Offer, wish: Wish, *, by: Identity) -> StandingApproval:
    """The row, not saved. Raises InvalidWish, which says what is wrong by the field of the wish."""
    call, found = offered.approval.call, offered.found
    wrong = _wrong(offered, wish)
    if wrong:
        raise InvalidWish(details={"fields": wrong})
    return StandingApproval(
        organization_id=call.organization_id,
        user_id=call.user_id,
        user_name=call.user_name,
        agent_type_id=call.agent_type_id or 0,
        agent_name=call.agent_name,
        agent_hash=found.grant.agent_hash if found.grant else "",
        tool_id=call.tool_id or 0,
        tool_name=call.tool_name,
        tool_hash=found.facts.tool.content_hash if found.facts.tool else "",
        rules_hash=standing.rules_of(found.facts, found.asked, found.reach),
        session_id="" if wish.everywhere else call.session_id,
        matchers=broadening.conditions(offered.widened, wish.choices, offered.arguments),
        words=broadening.told(offered.widened, wish.choices, offered.arguments),
        reasons=_reasons(offered.approval),
        approval=offered.approval,
        max_uses=wish.uses,
        granted_by=by.display_name[:255],
        granted_by_id=by.user_id,
    )


def _wrong(offered: Offer, wish: Wish) -> dict[str, Any]:
    found: dict[str, Any] = {}
    choices = broadening.problems(offered.widened, wish.choices)
    if choices:
        found["choices"] = choices
    if not SHORTEST <= wish.seconds <= offered.most_seconds:
        found["seconds"] = f"From {SHORTEST} to {offered.most_seconds} seconds."
    if not 1 <= wish.uses <= offered.most_uses:
        found["uses"] = f"From 1 to {offered.most_uses} uses."
    if not wish.everywhere and not offered.approval.call.session_id:
        found["everywhere"] = "This was asked outside of a conversation."
    return found


def keep(row: StandingApproval, *, seconds: int, by: Identity) -> StandingApproval:
    """Save what was planned, in the transaction of the yes it goes with. Raises NotFromNowOn at too many."""
    beside = {"user_id": row.user_id, "agent_type_id": row.agent_type_id, "tool_id": row.tool_id}
    stream = records.hold(row.organization_id, records.administration(row.organization_id))
    if (
        StandingApproval.objects.open().filter(organization_id=row.organization_id, **beside).count()
        >= MOST_OPEN
    ):
        raise NotFromNowOn("So much is allowed from now on already; take some of it back first.")
    row.created_at = clock.read()
    row.expires_at = row.created_at + timedelta(seconds=seconds)
    row.save(force_insert=True)
    told = {
        "person": row.user_name,
        "persona": row.agent_name,
        "approval": row.approval_id,
        "allowed": row.words,
        "conversation": row.session_id,
        "until": row.expires_at.isoformat(),
        "uses": row.max_uses,
    }
    subject = records.Subject("standing", str(row.pk), row.tool_name)
    records.append(stream, "standing.made", by=by, subject=subject, facts=told)
    return row
