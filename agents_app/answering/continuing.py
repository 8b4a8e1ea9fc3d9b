"""What the person says to an answer that rests at a limit: go on, or answer now with what is there."""

from __future__ import annotations

from agents_app import runs
from agents_app.answering import allowance
from agents_app.exceptions import MayNotGoOn, NothingToContinue
from agents_app.models import AgentType, Budget, Run
from audit_app.exceptions import StaleState
from project.accounts.identity import Identity
from project.accounts.roles import DECIDE_OWN
from tools_app.calling import askers


def go_on(run: Run, *, by: Identity) -> Run:
    """As much again of what was used up: steps, time, or beyond this budget, for this answer alone.

    Raises NothingToContinue, and MayNotGoOn where the limit holds by now.
    """
    _require_resting(run)
    _require_person(by)
    _require_allowed(run)
    beyond = {name: value for name, value in run.beyond.items() if name != "at"}
    if run.reason in (allowance.STEPS, allowance.TIME):
        beyond[run.reason] = int(beyond.get(run.reason, 0)) + 1
    else:
        beyond["budgets"] = sorted({*beyond.get("budgets", ()), *_at(run)})
    return _moved(run, beyond, by=by, chose=allowance.GO_ON, answers_now=False)


def answer_now(run: Run, *, by: Identity) -> Run:
    """One last turn without tools. It may go beyond the budget it rests at, if that lets its person go on."""
    _require_resting(run)
    beyond = {name: value for name, value in run.beyond.items() if name != "at"}
    if at := _at(run):
        _require_person(by)
        _require_allowed(run)
        beyond["budgets"] = sorted({*beyond.get("budgets", ()), *at})
    return _moved(run, beyond, by=by, chose=allowance.ANSWER_NOW, answers_now=True)


def _moved(run: Run, beyond: dict[str, object], *, by: Identity, chose: str, answers_now: bool) -> Run:
    try:
        return runs.go_on(run, by=by, beyond=beyond, answers_now=answers_now, chose=chose)
    except StaleState:
        raise NothingToContinue from None


def _at(run: Run) -> set[int]:
    """The budget it rests at."""
    at = run.beyond.get("at")
    return {at} if isinstance(at, int) else set()


def _require_resting(run: Run) -> None:
    if not allowance.open_choices(run):
        raise NothingToContinue


def _require_person(by: Identity) -> None:
    """A limit is lifted by a person, or by a program they gave that right to; else it were none for programs."""
    if not (askers.is_attended(by) or by.may(DECIDE_OWN)):
        raise MayNotGoOn("It takes a person at the page, or a token with approvals.decide_own.")


def _require_allowed(run: Run) -> None:
    """By the rule of this moment: it may have become stricter while nobody answered."""
    if run.reason in (allowance.STEPS, allowance.TIME):
        allowed = AgentType.objects.get(pk=run.agent_type_id).at_limits == AgentType.AtLimits.ASK
    else:
        held = Budget.objects.filter(pk__in=_at(run), enabled=True, may_go_on=False)
        allowed = not held.exists()
    if not allowed:
        raise MayNotGoOn
