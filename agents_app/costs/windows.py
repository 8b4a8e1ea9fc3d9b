"""The windows of budgets: what of each was used and is held in a day or a month, and by whom it is counted.

A window is made at its first use, with what the book says was used before. Nothing used is missed meanwhile: whoever
settles a turn finds a window or makes it, and of two who make the same one the second adds to the first one's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.db.models import QuerySet, Sum

from agents_app.costs import money
from agents_app.models import Budget, BudgetWindow, ModelUsage, Run
from project.accounts.prepared import Given, Prepared

_KEPT_WINDOWS: Final = 7
# What decides which uses count for a budget, and in which window.
_MEASURED: Final = ("scope", "period", "member_id", "agent_type_id")
_WINDOW = Prepared(
    lambda: BudgetWindow.objects.filter(
        budget_id=Given("budget_id"), subject=Given("subject"), period_key=Given("period_key")
    )
)


def _budgets() -> QuerySet[Budget]:
    rows = Budget.objects.filter(organization_id=Given("organization"))
    return rows.select_related("member", "agent_type").order_by("pk")


_BUDGETS, _ALL = Prepared(lambda: _budgets().filter(enabled=True)), Prepared(_budgets)


class Changed(Exception):
    """A budget is measured otherwise than a moment ago, or gone."""


@dataclass(frozen=True, slots=True)
class Window:
    """What of a budget counts for one answer: used and held so far, of how much."""

    budget: Budget
    row: BudgetWindow | None = None
    tokens: int = 0
    nanos: int = 0

    @property
    def free_tokens(self) -> int | None:
        most = self.budget.max_tokens
        return None if most is None else most - self.tokens

    @property
    def free_nanos(self) -> int | None:
        most = self.budget.max_cost
        return None if most is None else money.nanos(most) - self.nanos

    @property
    def share(self) -> float:
        """How much is used, from 0 to 1, of what is nearest to its end."""
        parts = [
            used / most if most > 0 else 1.0
            for used, most in (
                (self.tokens, self.budget.max_tokens),
                (self.nanos, None if self.budget.max_cost is None else money.nanos(self.budget.max_cost)),
            )
            if most is not None
        ]
        return min(max([*parts, 0.0]), 1.0)


def budgets_of(organization_id: int) -> list[Budget]:
    return _BUDGETS.all(organization=organization_id)


def also_off(organization_id: int) -> list[Budget]:
    """Those that are switched off too: they go on counting."""
    return _ALL.all(organization=organization_id)


def applies(budget: Budget, run: Run) -> bool:
    """Whether an answer falls under a budget: it may be of one person or one persona alone."""
    member = budget.member
    return (member is None or str(member.user_id) == run.user_id) and budget.agent_type_id in (
        None,
        run.agent_type_id,
    )


def opened(budget: Budget, run: Run, day: str) -> Window:
    """What counts of a budget for this answer, with its row made if this is its first use in the period.

    In a transaction. Raises Changed where the budget is measured otherwise by now, or gone.
    """
    found = look(budget, run, day)
    if budget.scope == Budget.Scope.ANSWER or found.row is not None:
        return found
    now = locked(budget)
    if now is None or any(getattr(now, name) != getattr(budget, name) for name in _MEASURED):
        raise Changed
    make(budget, run, day)
    return look(budget, run, day)


def locked(budget: Budget) -> Budget | None:
    """A budget as it is now, and stays to the end of this transaction: nobody measures it otherwise meanwhile."""
    rows = Budget.objects.select_for_update(of=("self",), no_key=True).filter(pk=budget.pk)
    return rows.select_related("member", "agent_type").first()


def ensure(budget: Budget, run: Run, day: str, *, tokens: int, nanos: int) -> Budget | None:
    """Have a window for a turn that stands in the book already and is about to be added, so it is left out here.

    In a transaction. Returns the budget as its window was found or made: it may be another than the one given, and is
    None where it is gone or does not concern the answer any more.
    """
    if budget.scope != Budget.Scope.ANSWER and _WINDOW.first(**names(budget, run, day)) is not None:
        return budget
    now = locked(budget)
    if now is None or now.scope == Budget.Scope.ANSWER or not applies(now, run):
        return None
    make(now, run, day, tokens=tokens, nanos=nanos)
    return now


def make(budget: Budget, run: Run, day: str, *, tokens: int = 0, nanos: int = 0) -> None:
    """Make a window of what the book says, but for so much of it, which its caller is about to add.

    Of a budget that is `locked`. Where somebody else makes the same one this waits for them, and leaves theirs.
    """
    named = names(budget, run, day)
    booked = _booked(budget, named["subject"], named["period_key"])
    used = {"used_tokens": booked["used_tokens"] - tokens, "used_nanos": booked["used_nanos"] - nanos}
    BudgetWindow.objects.bulk_create([BudgetWindow(**named, **used)], ignore_conflicts=True)
    _forget_old(budget, named["subject"])


def _forget_old(budget: Budget, subject: str) -> None:
    """What was used long ago stands in the book."""
    rows = budget.windows.filter(subject=subject).order_by("-period_key")
    old = list(rows.values_list("pk", flat=True)[_KEPT_WINDOWS:])
    if old:
        budget.windows.filter(pk__in=old).delete()


def look(budget: Budget, run: Run, day: str) -> Window:
    """The same, for whoever only looks: nothing is written."""
    if budget.scope == Budget.Scope.ANSWER:
        return Window(
            budget, tokens=run.input_tokens + run.output_tokens + run.cached_tokens, nanos=run.nanos
        )
    named = names(budget, run, day)
    row = _WINDOW.first(**named)
    if row is None:
        booked = _booked(budget, named["subject"], named["period_key"])
        return Window(budget, tokens=booked["used_tokens"], nanos=booked["used_nanos"])
    return seen(budget, row)


def seen(budget: Budget, row: BudgetWindow) -> Window:
    """What requests under way hold back counts as used: it may be gone in a moment."""
    return Window(budget, row, row.used_tokens + row.held_tokens, row.used_nanos + row.held_nanos)


def names(budget: Budget, run: Run, day: str) -> dict[str, Any]:
    """The columns by which the window is found that counts for this answer."""
    subject = subject_of(budget, run.user_id, run.agent_type_id)
    return {"budget_id": budget.pk, "subject": subject, "period_key": period_key(budget, day)}


def subject_of(budget: Budget, user_id: str, agent_type_id: int) -> str:
    match budget.scope:
        case Budget.Scope.PERSON:
            return user_id
        case Budget.Scope.PERSONA:
            return str(agent_type_id)
    return ""


def period_key(budget: Budget, day: str) -> str:
    return day[:7] if budget.period == Budget.Period.MONTH else day


def _booked(budget: Budget, subject: str, key: str) -> dict[str, int]:
    """What the book says was used before anybody counted for this budget; none of it begins anew."""
    rows = ModelUsage.objects.filter(organization_id=budget.organization_id, day__startswith=key)
    if budget.scope == Budget.Scope.PERSON:
        rows = rows.filter(user_id=subject)
    elif budget.scope == Budget.Scope.PERSONA:
        rows = rows.filter(agent_type_id=int(subject))
    if budget.member is not None:
        rows = rows.filter(user_id=str(budget.member.user_id))
    if budget.agent_type_id is not None:
        rows = rows.filter(agent_type_id=budget.agent_type_id)
    names = ("input_tokens", "output_tokens", "cached_tokens", "nanos")
    summed = rows.aggregate(**{name: Sum(name) for name in names})
    *tokens, nanos = (int(summed[name] or 0) for name in names)
    return {"used_tokens": sum(tokens), "used_nanos": nanos}
