"""At the claim: what somebody allowed from now on is used up in the place of a question, or the question is put."""

from __future__ import annotations

from dataclasses import replace

from tools_app import policy
from tools_app.approving import questions, standing
from tools_app.facts import Gathered
from tools_app.models import StandingApproval, ToolCall


def used_up(decision: policy.Decision, call: ToolCall, found: Gathered) -> policy.Decision:
    """The decision, once what it rests on is this call's own; else the next best, which is to ask.

    Of two calls that come at once for the last use one gets it. The other one may fit something else that was allowed.
    """
    known = found.facts
    while isinstance(decision, policy.Allow) and decision.standing is not None:
        if _stands(decision.standing) and standing.take(decision.standing, own=call.standing_id):
            return decision
        others = tuple(each for each in known.standing if each.id != decision.standing)
        known = replace(known, standing=others)
        decision = policy.decide(found.call, known, found.judged)
    return decision


def give_back(pk: int | None, call: ToolCall) -> None:
    """The call is refused after all; one whose use was counted at an earlier attempt has taken nothing now."""
    if pk is not None and pk != call.standing_id:
        standing.give_back(pk)


def giver_of(pk: int | None, found: Gathered) -> str:
    """The name of whoever allowed it, for the record."""
    return next((each.by for each in found.facts.standing if each.id == pk), "")


def _stands(pk: int) -> bool:
    """Whether whoever gave it is still somebody who may: it does not outlive the right to give it."""
    row = StandingApproval.objects.select_related("approval__call__tool").get(pk=pk)
    return row.approval is not None and questions.stands_for_more(row.approval)
