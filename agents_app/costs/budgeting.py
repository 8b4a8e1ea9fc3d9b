"""The verbs of budgets: add, change, remove. What was used in a period stays used, whatever is changed."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F

from agents_app.costs import windows
from agents_app.costs.windows import Window
from agents_app.exceptions import InvalidBudget
from agents_app.granted import granting
from agents_app.models import AgentType, Budget, BudgetWindow, Step
from audit_app import records
from project.accounts.identity import Identity
from project.accounts.models import Membership

FIELDS: Final = (
    "scope",
    "period",
    "member",
    "agent_type",
    "max_tokens",
    "max_cost",
    "may_go_on",
    "enabled",
    "note",
)
# What decides which uses count: where it changes, what is counted so far is another sum. One that is off goes on
# counting, so that switching it off and on forgets nothing.
_MEASURED: Final = ("scope", "period", "member", "agent_type")


def add(fields: Mapping[str, Any], *, by: Identity) -> Budget:
    """Raises InvalidBudget, field by field."""
    return _write(Budget(organization_id=granting.require_right(by)), fields, "budget.added", by=by)


def change(budget: Budget, fields: Mapping[str, Any], *, by: Identity) -> Budget:
    granting.require_right(by)
    return _write(budget, fields, "budget.changed", by=by)


def remove(budget: Budget, *, by: Identity) -> None:
    granting.require_right(by)
    with transaction.atomic():
        _record("budget.removed", budget, told(budget), by=by)
        budget.delete()


def _write(budget: Budget, fields: Mapping[str, Any], action: str, *, by: Identity) -> Budget:
    is_new = budget._state.adding
    before = {} if is_new else told(Budget.objects.get(pk=budget.pk))
    for name in FIELDS:
        if name in fields:
            setattr(budget, name, fields[name])
    if "scope" in fields and "period" not in fields and budget.scope == Budget.Scope.ANSWER:
        budget.period = Budget.Period.ANSWER
    _require_sound(budget)
    with transaction.atomic():
        budget.save()
        now = told(budget)
        changed = {name: value for name, value in now.items() if before.get(name) != value}
        if set(changed) & set(_MEASURED) and not is_new:
            _measure_anew(budget)
        if changed:
            _record(action, budget, {"now": changed, **({"before": before} if before else {})}, by=by)
    return budget


def _measure_anew(budget: Budget) -> None:
    """What was used is counted from the book at the next use; what requests under way hold back is held on to."""
    # Who settles one of them at this moment waits here or has been waited for: it is moved or over, never both.
    former = list(budget.windows.select_for_update().order_by("pk"))
    budget.windows.all().delete()
    if budget.scope == Budget.Scope.ANSWER or not any(each.held_tokens or each.held_nanos for each in former):
        return
    under_way = Step.objects.filter(organization_id=budget.organization_id, ended_at__isnull=True)
    for step in under_way.select_related("run"):
        for _, held_of, tokens, nanos in step.held.get("windows", ()):
            if held_of == budget.pk and windows.applies(budget, step.run):
                _hold_on(windows.opened(budget, step.run, step.held["day"]), tokens, nanos)


def _hold_on(window: Window, tokens: int, nanos: int) -> None:
    if window.row is not None:
        more = {"held_tokens": F("held_tokens") + tokens, "held_nanos": F("held_nanos") + nanos}
        BudgetWindow.objects.filter(pk=window.row.pk).update(**more)


def _require_sound(budget: Budget) -> None:
    wrong: dict[str, list[str]] = {}
    try:
        budget.clean_fields(exclude=["organization"])
    except ValidationError as broken:
        wrong |= {name: list(messages) for name, messages in broken.message_dict.items()}
    if (budget.scope == Budget.Scope.ANSWER) != (budget.period == Budget.Period.ANSWER):
        wrong.setdefault("period", ["Each answer goes with one answer; all others with a day or a month."])
    if budget.max_tokens is None and budget.max_cost is None:
        wrong.setdefault("max_tokens", ["Say how many tokens, how much money, or both."])
    if budget.scope == Budget.Scope.PERSONA and budget.member_id is not None:
        wrong.setdefault("member", ["A budget of each persona is for whoever talks to it."])
    wrong |= _strangers(budget)
    if wrong:
        raise InvalidBudget(details=wrong)


def _strangers(budget: Budget) -> dict[str, list[str]]:
    """An id in a body is a name, not a right: both must be of the same organization."""
    here, wrong = budget.organization_id, dict[str, list[str]]()
    if budget.member_id and not Membership.objects.filter(pk=budget.member_id, organization_id=here).exists():
        wrong["member"] = ["There is no such person here."]
    if (
        budget.agent_type_id
        and not AgentType.objects.filter(pk=budget.agent_type_id, organization_id=here).exists()
    ):
        wrong["agent_type"] = ["There is no such persona here."]
    return wrong


def told(budget: Budget) -> dict[str, Any]:
    values = {name: getattr(budget, name) for name in FIELDS if name not in ("member", "agent_type")}
    values["max_cost"] = None if budget.max_cost is None else f"{Decimal(budget.max_cost):.4f}"
    return {**values, "member": budget.member_id, "agent_type": budget.agent_type_id}


def _record(action: str, budget: Budget, facts: dict[str, Any], *, by: Identity) -> None:
    subject = records.Subject("budget", str(budget.pk), str(budget))
    records.record(action, by=by, subject=subject, facts=facts)
