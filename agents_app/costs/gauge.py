"""What a conversation has used so far, and how full its budgets are: for the chat, the API and its news."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from agents_app.costs import money, spending, windows
from agents_app.costs.windows import Window
from agents_app.live import news
from agents_app.models import Budget, Conversation, Run, Step
from project.accounts.prepared import Given, Prepared
from tools_app.calling import days
from tools_app.calling.days import Day

Item = dict[str, Any]

_RUNS = Prepared(
    lambda: (
        Run.objects.filter(conversation_id=Given("conversation"))
        .order_by("pk")
        .values_list("input_tokens", "output_tokens", "cached_tokens", "nanos", "unpriced_tokens")
    )
)
_CONVERSATION = Prepared(
    lambda: Conversation.objects.select_related("agent_type").filter(pk=Given("conversation"))
)
_LAST = Prepared(
    lambda: (
        Step.objects.filter(
            run__conversation_id=Given("conversation"), kind=Step.Kind.MODEL, ended_at__isnull=False
        )
        .order_by("-pk")
        .values_list("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")[:1]
    )
)


def of(conversation: Conversation) -> Item:
    """Sums over all answers, how much of the context the last turn took, and the budgets the next one falls under."""
    rows: Any = _RUNS.all(conversation=conversation.pk)
    read, written, cached, nanos, unpriced = (
        (sum(column) for column in zip(*rows, strict=True)) if rows else [0] * 5
    )
    last: Any = _LAST.first(conversation=conversation.pk)
    return {
        "input_tokens": read,
        "output_tokens": written,
        "cached_tokens": cached,
        "tokens": read + written + cached,
        "tokens_text": money.short(read + written + cached),
        "cost_nanos": nanos,
        "cost": money.written(nanos),
        "unpriced_tokens": unpriced,
        "context_tokens": sum(last) if last else 0,
        "context_limit": conversation.agent_type.max_context_tokens,
        "budgets": (budgets := list(_budgets(conversation))),
        "fullest": max(budgets, key=lambda each: each["share"], default=None),
    }


def _budgets(conversation: Conversation) -> Iterator[Item]:
    under = windows.budgets_of(conversation.organization_id)
    if not under:
        return
    run = Run(
        organization_id=conversation.organization_id,
        agent_type_id=conversation.agent_type_id,
        user_id=str(conversation.owner_id),
    )
    today = days.read(conversation.organization_id)
    for budget in under:
        if budget.scope != Budget.Scope.ANSWER and windows.applies(budget, run):
            yield shown(windows.look(budget, run, today.key), today)


def shown(window: Window, today: Day) -> Item:
    """A budget as whoever falls under it sees it: whose, how full, and when it begins anew."""
    budget = window.budget
    ends = today.month_ends if budget.period == Budget.Period.MONTH else today.ends
    return {
        "id": budget.pk,
        "label": spending.named(budget),
        "share": round(window.share, 4),
        "percent": round(window.share * 100),
        "amount": spending.amount(window),
        "may_go_on": budget.may_go_on,
        "renews_at": ends.isoformat(),
    }


def announce(run: Run) -> None:
    """Tell whoever watches, after the commit."""
    conversation_id = run.conversation_id

    def told() -> Iterator[Item]:
        row = _CONVERSATION.first(conversation=conversation_id)
        if row is not None:
            yield {"type": "usage", "item": of(row)}

    news.after_commit(run.conversation.group, told)
