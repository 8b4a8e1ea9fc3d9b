"""What a model request may take of the budgets, what it took in the end, and the book all sums are drawn from.

Before each request as much as it may come to is held back of every budget it falls under, by one conditional UPDATE
each, all of them or none: parallel answers never overshoot. When the turn has ended, however it ended, what it really
took is written instead. What a turn holds stands in its Step, which is ended once; so a dead worker holds nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from django.db import transaction
from django.db.models import F, Q, Value

from agents_app.costs import money, prices, windows
from agents_app.costs.money import Price, Tokens
from agents_app.costs.windows import Window
from agents_app.models import Budget, BudgetWindow, ModelUsage, Run
from project.accounts import prepared
from project.accounts.prepared import Less, More
from tools_app.calling import days

# Fewer tokens than this are no answer: then it is better to say that the budget is used up.
LEAST_ANSWER: Final = 256
# Somebody else may take what was free between the look and the statement that takes it.
_TRIES: Final = 3
_NOTHING: Final = Tokens()


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


@transaction.atomic(savepoint=False)
def hold(run: Run, *, model: str, prompt: int, max_output: int) -> Held | Spent:
    """Hold back what a request may come to. In a transaction with the Step that will say what is held."""
    asked = _Request(
        run,
        model,
        prompt,
        max_output,
        days.today(run.organization_id),
        beyond=frozenset(run.beyond.get("budgets", ())),
    )
    under: list[Budget] = []
    for _ in range(_TRIES):
        # Read anew each time: one that is measured otherwise by now has other windows.
        under = [each for each in windows.budgets_of(run.organization_id) if windows.applies(each, run)]
        try:
            return _held(asked, under) if under else Held(asked.day, prompt, max_output)
        except (_Raced, windows.Changed):
            continue
    return Spent(under[0], "Other answers are using up what is left of a budget. Try again in a moment.")


def _held(asked: _Request, under: Sequence[Budget]) -> Held | Spent:
    """Raises _Raced where somebody else took meanwhile what seemed free."""
    if any(each.max_cost is not None for each in under):
        asked = replace(asked, price=prices.of(asked.run.organization_id, asked.model, asked.prompt))
    for budget in under:
        if budget.max_cost is not None and asked.price is None and budget.pk not in asked.beyond:
            return Spent(budget, _unpriced(asked.model), "unpriced_model")
    found = [windows.opened(budget, asked.run, asked.day) for budget in under]
    counting = [each for each in found if each.budget.pk not in asked.beyond]
    fits = [(_fits(each, asked), each) for each in counting]
    room, tightest = min(fits, key=lambda pair: pair[0], default=(asked.max_output, None))
    room = min(room, asked.max_output)
    if tightest is not None and room < min(LEAST_ANSWER, asked.max_output):
        return Spent(tightest.budget, used_up(tightest))
    with transaction.atomic():
        return Held(asked.day, asked.prompt, room, [_take(each, asked, room) for each in _kept(found)])


def _kept(found: Iterable[Window]) -> list[Window]:
    """Those with a row of their own; what one answer took stands in its Run. By id: everybody locks in one order."""
    return [each for each in found if each.row is not None]


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


@transaction.atomic(savepoint=False)
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
    _tell_budgets(run, day, held, tokens.all, nanos or 0)
    return nanos


def _tell_budgets(run: Run, day: str, held: Mapping[str, Any], tokens: int, nanos: int) -> None:
    """Every budget the turn falls under counts it: also one that is off, or was made or changed while it ran."""
    holds = {budget: (row, more) for row, budget, *more in held.get("windows", ())}
    if not tokens and not holds:
        return
    under = [
        each
        for each in windows.also_off(run.organization_id)
        if each.scope != Budget.Scope.ANSWER and (each.pk in holds or windows.applies(each, run))
    ]
    # Before any window is written: whoever makes windows has their budgets' rows first, or two would wait in a circle.
    made = [
        each if each.pk in holds else windows.ensure(each, run, day, tokens=tokens, nanos=nanos)
        for each in under
    ]
    used = {"used_tokens": More(tokens), "used_nanos": More(nanos)}
    for budget in filter(None, made):
        row, (held_tokens, held_nanos) = holds.get(budget.pk, (0, (0, 0)))
        let_go = {"held_tokens": Less(held_tokens), "held_nanos": Less(held_nanos)} if row else {}
        here = Q(pk=row) if row else Q(**windows.names(budget, run, day))
        if prepared.update(BudgetWindow, here, {**used, **let_go}):
            continue
        # Measured otherwise while this waited for its row: what the turn holds went along, and is found as it is now.
        now = windows.locked(budget)
        if now is not None and windows.ensure(now, run, day, tokens=tokens, nanos=nanos):
            here = Q(**windows.names(now, run, day))
            prepared.update(BudgetWindow, here, {**used, **let_go})


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
