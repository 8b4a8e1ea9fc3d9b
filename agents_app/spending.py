"""What a model request may take of the budgets, what it took in the end, and the book all sums are drawn from.

Before each request as much as it may come to is held back of every budget it falls under, by one conditional UPDATE
each, all of them or none: parallel answers never overshoot. When the turn has ended, however it ended, what it really
took is written instead. What a turn holds stands in its Step, which is ended once; so a dead worker holds nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import transaction
from django.db.models import F, Q, QuerySet, Sum, Value

from agents_app import money, prices
from agents_app.models import Budget, BudgetWindow, ModelUsage, Run
from agents_app.money import Price, Tokens
from project.accounts import prepared
from project.accounts.prepared import Given, Less, More, Prepared
from tools_app import days

# Fewer tokens than this are no answer: then it is better to say that the budget is used up.
LEAST_ANSWER: Final = 256
_CHARS_PER_TOKEN: Final = 3
# Somebody else may take what was free between the look and the statement that takes it.
_TRIES: Final = 3
_KEPT_WINDOWS: Final = 7
_NOTHING: Final = Tokens()
_WINDOW = Prepared(
    lambda: BudgetWindow.objects.filter(
        budget_id=Given("budget_id"), subject=Given("subject"), period_key=Given("period_key")
    )
)


def _budgets() -> QuerySet[Budget]:
    rows = Budget.objects.filter(organization_id=Given("organization"))
    return rows.select_related("member", "agent_type").order_by("pk")


_BUDGETS, _ALL = Prepared(lambda: _budgets().filter(enabled=True)), Prepared(_budgets)


@dataclass(frozen=True, slots=True)
class Held:
    """What one request holds back. `day` is the one it is counted on; `windows`: id, budget, tokens and nanos."""

    day: str
    prompt: int
    max_output: int
    windows: Sequence[tuple[int, int, int, int]] = ()

    def stored(self) -> dict[str, Any]:
        return {"day": self.day, "prompt": self.prompt, "windows": [list(each) for each in self.windows]}


@dataclass(frozen=True, slots=True)
class Spent:
    """No request may be made: the budget in the way, and in words why. `may_go_on`: unless its person says so."""

    budget: Budget
    text: str
    code: str = "budget"

    @property
    def may_go_on(self) -> bool:
        return self.budget.may_go_on


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


@dataclass(frozen=True, slots=True)
class _Request:
    run: Run
    model: str
    prompt: int
    max_output: int
    day: str
    price: Price | None = None
    beyond: frozenset[int] = field(default_factory=frozenset)


class _Raced(Exception):
    """What was free a moment ago is taken by now."""


def estimated(system: str, said: Iterable[Any], tools: Iterable[Any]) -> int:
    """Tokens of a prompt, a little on the high side: nobody knows them before the vendor has counted."""
    chars = len(system) + sum(len(str(each)) for each in said) + sum(len(str(each)) for each in tools)
    return chars // _CHARS_PER_TOKEN + 1


def hold(run: Run, *, model: str, prompt: int, max_output: int) -> Held | Spent:
    """Hold back what a request may come to. In a transaction with the Step that will say what is held."""
    day = days.today(run.organization_id)
    under = [each for each in budgets_of(run.organization_id) if applies(each, run)]
    if not under:
        return Held(day, prompt, max_output)
    asked = _Request(
        run,
        model,
        prompt,
        max_output,
        day,
        price=_price(run, model, prompt, under),
        beyond=frozenset(run.beyond.get("budgets", ())),
    )
    return _held(asked, under)


def budgets_of(organization_id: int) -> list[Budget]:
    return _BUDGETS.all(organization=organization_id)


def applies(budget: Budget, run: Run) -> bool:
    """Whether an answer falls under a budget: it may be of one person or one persona alone."""
    member = budget.member
    return (member is None or str(member.user_id) == run.user_id) and budget.agent_type_id in (
        None,
        run.agent_type_id,
    )


def _price(run: Run, model: str, prompt: int, under: Iterable[Budget]) -> Price | None:
    has_money = any(each.max_cost is not None for each in under)
    return prices.of(run.organization_id, model, prompt) if has_money else None


def _held(asked: _Request, under: Sequence[Budget]) -> Held | Spent:
    for budget in under:
        if budget.max_cost is not None and asked.price is None and budget.pk not in asked.beyond:
            return Spent(budget, _unpriced(asked.model), "unpriced_model")
    for _ in range(_TRIES):
        windows = [window(budget, asked.run, asked.day) for budget in under]
        counting = [each for each in windows if each.budget.pk not in asked.beyond]
        fits = [(_fits(each, asked), each) for each in counting]
        room, tightest = min(fits, key=lambda pair: pair[0], default=(asked.max_output, None))
        room = min(room, asked.max_output)
        if tightest is not None and room < min(LEAST_ANSWER, asked.max_output):
            return Spent(tightest.budget, used_up(tightest))
        try:
            with transaction.atomic():
                return Held(
                    asked.day, asked.prompt, room, [_take(each, asked, room) for each in _kept(windows)]
                )
        except _Raced:
            continue
    return Spent(under[0], "Other answers are using up what is left of a budget. Try again in a moment.")


def _kept(windows: Iterable[Window]) -> list[Window]:
    """Those with a row of their own; what one answer took stands in its Run. By id: everybody locks in one order."""
    return [each for each in windows if each.row is not None]


def _fits(one: Window, asked: _Request) -> int:
    """How many tokens an answer may have so that it stays within this budget, prompt included."""
    room = asked.max_output
    if one.free_tokens is not None:
        room = min(room, one.free_tokens - asked.prompt)
    if one.free_nanos is not None and asked.price is not None:
        left = one.free_nanos - int(asked.prompt * asked.price.dearest_input * 1_000)
        each = int(asked.price.output * 1_000)
        room = min(room, left // each if each else (room if left >= 0 else -1))
    return room


def _take(one: Window, asked: _Request, room: int) -> tuple[int, int, int, int]:
    row, budget = one.row, one.budget
    if row is None:
        raise ValueError("only windows with a row are taken from")
    if budget.pk in asked.beyond:
        return row.pk, budget.pk, 0, 0
    tokens, nanos = asked.prompt + room, _most(asked, room)
    free = BudgetWindow.objects.filter(pk=row.pk)
    if budget.max_tokens is not None:
        free = free.filter(used_tokens__lte=Value(budget.max_tokens - tokens) - F("held_tokens"))
    if budget.max_cost is not None:
        free = free.filter(used_nanos__lte=Value(money.nanos(budget.max_cost) - nanos) - F("held_nanos"))
    held = {"held_tokens": F("held_tokens") + tokens, "held_nanos": F("held_nanos") + nanos}
    if free.update(**held) != 1:
        raise _Raced
    return row.pk, budget.pk, tokens, nanos


def _most(asked: _Request, room: int) -> int:
    """What the request costs at most: a prompt that is written to the cache, and an answer as long as may be."""
    if asked.price is None:
        return 0
    return int(asked.prompt * asked.price.dearest_input * 1_000) + int(room * asked.price.output * 1_000)


def window(budget: Budget, run: Run, day: str) -> Window:
    """What counts of a budget for this answer, with its row made if this is its first use in the period."""
    found = look(budget, run, day)
    if budget.scope == Budget.Scope.ANSWER or found.row is not None:
        return found
    named = _named(budget, run, day)
    booked = BudgetWindow(**named, used_tokens=found.tokens, used_nanos=found.nanos)
    BudgetWindow.objects.bulk_create([booked], ignore_conflicts=True)
    _forget_old(budget, named["subject"])
    return look(budget, run, day)


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
    named = _named(budget, run, day)
    row = _WINDOW.first(**named)
    if row is None:
        booked = _booked(budget, named["subject"], named["period_key"])
        return Window(budget, tokens=booked["used_tokens"], nanos=booked["used_nanos"])
    return seen(budget, row)


def seen(budget: Budget, row: BudgetWindow) -> Window:
    """What requests under way hold back counts as used: it may be gone in a moment."""
    return Window(budget, row, row.used_tokens + row.held_tokens, row.used_nanos + row.held_nanos)


def _named(budget: Budget, run: Run, day: str) -> dict[str, Any]:
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


def settle(run: Run, *, model: str, held: Mapping[str, Any], tokens: Tokens) -> int | None:
    """Write what a turn really took, and hold back nothing of it any more. Once per Step, by whoever ends it.

    Returns what it cost in nanos, or None where no price is known.
    """
    nanos: int | None = 0
    day = str(held.get("day") or days.today(run.organization_id))
    if tokens != _NOTHING:
        price = prices.of(run.organization_id, model, tokens.prompt)
        nanos = price.cost(tokens) if price else None
        _book(run, model, day, tokens, nanos)
    used = {"used_tokens": More(tokens.all), "used_nanos": More(nanos or 0)}
    told, moved = set(), {}
    for row, budget, held_tokens, held_nanos in held.get("windows", ()):
        let_go = {"held_tokens": Less(held_tokens), "held_nanos": Less(held_nanos)}
        if prepared.update(BudgetWindow, Q(pk=row), {**used, **let_go}):
            told.add(budget)
        else:
            moved[budget] = let_go
    if tokens != _NOTHING or moved:
        _tell_the_others(run, day, told, used, moved)
    return nanos


def _tell_the_others(
    run: Run, day: str, told: set[int], used: Mapping[str, Any], moved: Mapping[int, Mapping[str, Any]]
) -> None:
    """A budget made or changed while the turn ran counts in a window that the turn does not know, and what the turn
    holds went along. One that is off counts too; one without a window reads the book."""
    for budget in _ALL.all(organization=run.organization_id):
        if budget.pk in told or budget.scope == Budget.Scope.ANSWER or not applies(budget, run):
            continue
        here = Q(**_named(budget, run, day))
        prepared.update(BudgetWindow, here, {**used, **moved.get(budget.pk, {})})


def _book(run: Run, model: str, day: str, tokens: Tokens, nanos: int | None) -> None:
    key = {
        "organization_id": run.organization_id,
        "day": day,
        "user_id": run.user_id,
        "agent_type_id": run.agent_type_id,
        "model": model[:100],
    }
    amounts = {
        "turns": 1,
        "input_tokens": tokens.input,
        "output_tokens": tokens.output,
        "cached_tokens": tokens.cached,
        "nanos": nanos or 0,
        "unpriced_tokens": 0 if nanos is not None else tokens.all,
    }
    more = {name: More(amount) for name, amount in amounts.items()}
    if prepared.update(ModelUsage, Q(**key), more) == 1:
        return
    ModelUsage.objects.bulk_create([ModelUsage(**key)], ignore_conflicts=True)
    prepared.update(ModelUsage, Q(**key), more)


def _unpriced(model: str) -> str:
    return (
        f"There is a budget in money, and nobody has said what the model {model} costs. "
        "An administrator has to add its price."
    )


def used_up(one: Window) -> str:
    if _has_room(one):
        # What the next request might cost at most does not fit: that is no reason to call it used up.
        return f"{named(one.budget)} does not leave enough for the next request ({amount(one)} used)."
    return f"{named(one.budget)} is used up ({amount(one)})."


def _has_room(one: Window) -> bool:
    tokens, cost = one.budget.max_tokens, one.budget.max_cost
    return (tokens is None or one.tokens < tokens) and (cost is None or one.nanos < money.nanos(cost))


def named(budget: Budget) -> str:
    """The budget as the person in the chat reads it."""
    whose = {
        Budget.Scope.ANSWER: "The budget of one answer",
        Budget.Scope.PERSON: "Your budget",
        Budget.Scope.PERSONA: "The budget of this persona",
        Budget.Scope.ORGANIZATION: "Your organization's budget",
    }[Budget.Scope(budget.scope)]
    persona = budget.agent_type.display_name if budget.agent_type and budget.scope != "persona" else ""
    when = {"day": " for today", "month": " for this month"}.get(budget.period, "")
    return f"{whose}{f' with {persona}' if persona else ''}{when}"


def amount(one: Window) -> str:
    """How much of how much, in the budget's own measures."""
    told = []
    if one.budget.max_cost is not None:
        told.append(f"{money.written(one.nanos)} of {money.written(money.nanos(one.budget.max_cost))}")
    if one.budget.max_tokens is not None:
        told.append(f"{money.short(one.tokens)} of {money.short(one.budget.max_tokens)} tokens")
    return ", ".join(told)
