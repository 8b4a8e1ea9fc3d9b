"""What models cost, what may be spent on them, and what was: prices, budgets, and the book of it."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.db.models import QuerySet, Sum
from django.http import HttpRequest
from django.utils.html import format_html_join
from unfold.decorators import display

from agents_app import factory
from agents_app.costs import budgeting, money, prices, pricing, spending, usage_names, windows
from agents_app.models import AgentType, Budget, ModelPrice, ModelUsage
from audit_app.audited_admin import ByVerbs, ReadOnlyAdmin, VerbForm, identity_of
from project.accounts.identity import Identity
from project.accounts.models import Membership
from project.accounts.roles import AUDIT_VIEW, CATALOG_CHANGE
from tools_app.approving.visible import visible_text
from tools_app.calling import days

_SHOWN = 12


class PriceForm(VerbForm):
    class Meta:
        model = ModelPrice
        fields = pricing.FIELDS

    def perform(self) -> ModelPrice:
        given: dict[str, Any] = {
            name: self.cleaned_data[name] for name in pricing.FIELDS if name in self.cleaned_data
        }
        if self.instance._state.adding:
            return pricing.add(given, by=self.identity)
        return pricing.change(ModelPrice.objects.get(pk=self.instance.pk), given, by=self.identity)


class BudgetForm(VerbForm):
    class Meta:
        model = Budget
        fields = budgeting.FIELDS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "member" in self.fields:
            members: Any = self.fields["member"]
            members.label_from_instance = _name_of

    def perform(self) -> Budget:
        given: dict[str, Any] = {
            name: self.cleaned_data[name] for name in budgeting.FIELDS if name in self.cleaned_data
        }
        if self.instance._state.adding:
            return budgeting.add(given, by=self.identity)
        return budgeting.change(Budget.objects.get(pk=self.instance.pk), given, by=self.identity)

    def _post_clean(self) -> None:
        """The verb has said already what does not fit; the model's own checks would say it in its columns' words."""
        if not self.errors:
            super()._post_clean()  # type: ignore[misc]


def _name_of(member: Membership) -> str:
    return member.user.get_full_name() or member.user.get_username()


class _Kept(ByVerbs):
    """Prices and budgets: changed by who keeps the catalog, read by who audits, and deleted by a verb."""

    to_view: ClassVar = (CATALOG_CHANGE, AUDIT_VIEW)
    to_change: ClassVar = (CATALOG_CHANGE,)
    may_delete: ClassVar[bool] = True

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self.removed(obj, identity_of(request))

    def removed(self, obj: Any, by: Identity) -> None:
        raise NotImplementedError


@admin.register(ModelPrice)
class ModelPriceAdmin(_Kept):
    about_rows = "What a model costs, in dollars for a million tokens. Budgets in money need it."
    form = PriceForm
    list_display = [
        "priced",
        "input",
        "output",
        "cache_read",
        "cache_write",
        "as_of",
    ]
    list_before_template = "admin/toolroom/prices.html"
    search_fields = ["model"]
    fieldsets = [
        (None, {"fields": [("model", "above_tokens")]}),
        (
            "Dollars for a million tokens",
            {
                "fields": [("input_price", "output_price"), ("cache_read_price", "cache_write_price")],
                "description": "What was used before a change keeps what it cost.",
            },
        ),
        ("Where it is from", {"fields": [("source", "as_of")]}),
    ]

    def removed(self, obj: Any, by: Identity) -> None:
        pricing.remove(obj, by=by)

    @display(description="model", ordering="model")
    def priced(self, row: ModelPrice) -> str:
        return str(row)

    @display(description="input", ordering="input_price")
    def input(self, row: ModelPrice) -> str:
        return money.price_written(row.input_price)

    @display(description="output", ordering="output_price")
    def output(self, row: ModelPrice) -> str:
        return money.price_written(row.output_price)

    @display(description="read from the cache", ordering="cache_read_price")
    def cache_read(self, row: ModelPrice) -> str:
        return money.price_written(row.cache_read_price)

    @display(description="written to the cache", ordering="cache_write_price")
    def cache_write(self, row: ModelPrice) -> str:
        return money.price_written(row.cache_write_price)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        missing = _without_price(identity_of(request).organization_id)
        if missing:
            told = (
                f"Nobody has said what these models cost, which personas here use: {', '.join(missing)}. Their "
                "answers are counted in tokens alone, and refused where a budget is in money."
            )
            messages.warning(request, told)
        return super().changelist_view(request, extra_context)


def _without_price(organization_id: int) -> list[str]:
    """The models of personas whose price nobody has said."""
    agents = AgentType.objects.filter(organization_id=organization_id, enabled=True).select_related(
        "endpoint"
    )
    used = {"scripted" if factory.speaks_scripted(agent) else agent.model for agent in agents}
    return sorted(model for model in used if prices.of(organization_id, model, 0) is None)


@admin.register(Budget)
class BudgetAdmin(_Kept):
    form = BudgetForm
    about_rows = "A budget says what models may cost: an answer, a person, a persona or everybody, in a day or a month."
    list_display = ["whose", "period", "limit", "used", "may_go_on", "enabled"]
    list_filter = ["scope", "period", "enabled"]
    list_select_related = ["member__user", "agent_type"]
    readonly_fields = ["standing"]
    fieldsets = [
        (
            None,
            {
                "fields": [("scope", "period"), ("member", "agent_type")],
                "description": "All budgets an answer falls under hold; the one that is used up first ends it.",
            },
        ),
        (
            "How much",
            {
                "fields": [("max_tokens", "max_cost"), "may_go_on"],
                "description": "Before each request to a model as much is held back as it may come to. Money needs "
                "a price of the model.",
            },
        ),
        ("Now", {"fields": ["standing"]}),
        (None, {"fields": [("enabled", "note")]}),
    ]

    def removed(self, obj: Any, by: Identity) -> None:
        budgeting.remove(obj, by=by)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return [each for each in self.fieldsets if obj is not None or each[0] != "Now"]

    @display(description="for")
    def whose(self, row: Budget) -> str:
        narrowed = [_name_of(row.member)] if row.member else []
        narrowed += [str(row.agent_type)] if row.agent_type else []
        told = row.get_scope_display()
        return f"{told} ({', '.join(narrowed)})" if narrowed else told

    @display(description="at most")
    def limit(self, row: Budget) -> str:
        told = [money.written(money.nanos(row.max_cost))] if row.max_cost is not None else []
        told += [f"{row.max_tokens:,} tokens"] if row.max_tokens is not None else []
        return ", ".join(told)

    @display(description="used now")
    def used(self, row: Budget) -> str:
        found = _windows(row)
        return f"{found[0][1].share:.0%}" if found else ""

    @display(description="used in this period")
    def standing(self, row: Budget) -> Any:
        """Who has used how much of it, the most first."""
        lines = [(name, spending.amount(window), f"{window.share:.0%}") for name, window in _windows(row)]
        return format_html_join("", "<p>{}: {} ({})</p>", lines) or "Nothing yet."


def _windows(row: Budget) -> list[tuple[str, windows.Window]]:
    if row.scope == Budget.Scope.ANSWER:
        return []
    key = windows.period_key(row, days.today(row.organization_id))
    found = row.windows.filter(period_key=key).order_by("-used_nanos", "-used_tokens", "pk")[:_SHOWN]
    return [(_subject(row, each.subject), windows.seen(row, each)) for each in found]


def _subject(row: Budget, subject: str) -> str:
    if row.scope == Budget.Scope.PERSON and subject.isdigit():
        user = get_user_model().objects.filter(pk=int(subject)).first()
        return (user.get_full_name() or user.get_username()) if user else subject
    if row.scope == Budget.Scope.PERSONA and subject.isdigit():
        agent = AgentType.objects.filter(pk=int(subject)).first()
        return str(agent) if agent else subject
    return "Everybody"


class MonthFilter(admin.SimpleListFilter):
    title = "month"
    parameter_name = "month"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        rows = model_admin.get_queryset(request).order_by("-day").values_list("day", flat=True).distinct()
        months = dict.fromkeys(day[:7] for day in rows[:400])
        return [(month, month) for month in months]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(day__startswith=self.value()) if self.value() else queryset


@admin.register(ModelUsage)
class ModelUsageAdmin(ReadOnlyAdmin):
    about_rows = "What each person used of each model on each day, from their first message on."
    to_view = (AUDIT_VIEW, CATALOG_CHANGE)
    list_display = ["day", "person", "persona", "model", "turns", "tokens_used", "cost", "unpriced"]
    list_filter = [MonthFilter, "model"]
    search_fields = ["user_id", "model"]
    list_before_template = "admin/toolroom/sum.html"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        answer = super().changelist_view(request, extra_context)
        listed = getattr(answer, "context_data", {}).get("cl")
        if listed is not None:
            summed = listed.queryset.order_by().aggregate(cost=Sum("nanos"), turns=Sum("turns"))
            cost = money.written(int(summed["cost"] or 0))
            answer.context_data["toolroom_sum"] = f"{summed['turns'] or 0:,} model turns, {cost}"
            # Asked for once for the page that is shown, and not again in each of its rows.
            names = usage_names.of(listed.result_list)
            for row in listed.result_list:
                row.names = names
        return answer

    @display(description="person")
    def person(self, row: Any) -> str:
        return visible_text(row.names.person(row)) or f"#{row.user_id}"

    @display(description="persona")
    def persona(self, row: Any) -> str:
        return visible_text(row.names.persona(row)) or f"#{row.agent_type_id}"

    @display(description="tokens")
    def tokens_used(self, row: ModelUsage) -> str:
        return f"{row.tokens:,}"

    @display(description="cost", ordering="nanos")
    def cost(self, row: ModelUsage) -> str:
        return money.written(row.nanos)

    @display(description="without a price")
    def unpriced(self, row: ModelUsage) -> str:
        return f"{row.unpriced_tokens:,}" if row.unpriced_tokens else ""
