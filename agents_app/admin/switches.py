"""Kill switches: what is stopped and was, the page that stops something after a look at what it would end."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.decorators import display

from agents_app.answering import halting
from agents_app.models import AgentType
from audit_app.audited_admin import ReadOnlyAdmin, Verb, identity_of, may
from project.accounts.exceptions import HouseError
from project.accounts.identity import Identity
from project.accounts.roles import CATALOG_CHANGE, CATALOG_VIEW, MEMBERS_MANAGE
from tools_app.exceptions import InvalidSwitch
from tools_app.governing import halts, switches
from tools_app.governing.switches import Target
from tools_app.models import KillSwitch, Tool

LIST: Final = "admin:tools_app_killswitch_changelist"
_OFFERED_TOOLS: Final = 500


def _lift(row: KillSwitch, by: Identity, given: dict[str, str]) -> str:
    switches.lift(row, by=by, reason=given.get("reason", ""))
    return f"{row} may act again. What was ended stays ended."


@admin.register(KillSwitch)
class KillSwitchAdmin(ReadOnlyAdmin):
    to_view = (CATALOG_VIEW,)
    about_rows = (
        "A kill switch stops a tool, a persona, an organization or everything at once, until it is lifted."
    )
    list_display = ["shown_name", "state", "reason", "thrown_by", "thrown_at", "lifted_by", "lifted_at"]
    list_display_links = ["shown_name"]
    list_filter = ["scope", "through"]
    search_fields = ["subject_name", "reason"]
    fields = [
        *["scope", "subject_name", "reason", "through", "thrown_by", "thrown_at"],
        *["lifted_by", "lifted_at", "lifted_reason"],
    ]
    verbs = (
        Verb(
            "lift",
            "Let it act again",
            "From the next use and the next answer on. What was ended stays ended.",
            _lift,
            possible=lambda row, identity: row.lifted_at is None and switches.may_lift(row, identity),
            facts=lambda row: [f"{row.thrown_by} stopped it: {row.reason}"],
            asks_why="Kept with the switch, for whoever asks later why it was lifted.",
        ),
    )

    def scoped(self, rows: QuerySet[Any], identity: Identity) -> QuerySet[Any]:
        return KillSwitch.objects.visible_to(identity)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request, (CATALOG_CHANGE, MEMBERS_MANAGE))

    @display(description="what", ordering="subject_name", header=True)
    def shown_name(self, row: KillSwitch) -> list[str]:
        return [str(row), str(row.get_scope_display())]

    @display(description="state", ordering="lifted_at", label={"stopped": "danger", "lifted": ""})
    def state(self, row: KillSwitch) -> tuple[str, str]:
        return ("stopped", "Stopped") if row.lifted_at is None else ("lifted", "Lifted")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        told = halts.reason_in_file()
        by_file = told is not None and not KillSwitch.objects.thrown().filter(scope="installation").exists()
        if by_file:
            messages.warning(request, f"The operator's file has stopped everything: {told}")
        answer: HttpResponse = super().changelist_view(request, extra_context)
        return answer

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Two steps: what and why, then a look at what it would end. Only the second one stops anything."""
        identity = identity_of(request)
        identity_may = self.has_add_permission(request)
        if not identity_may:
            identity.require(CATALOG_CHANGE)
        asked = request.POST if request.method == "POST" else request.GET
        given = {name: str(asked.get(name, "")).strip() for name in ("scope", "tool", "persona", "reason")}
        if request.method != "POST":
            return _page(request, identity, given)
        try:
            target = _target(given, identity)
            _require_sound(target, given, identity)
            if request.POST.get("step") != "throw":
                return _page(request, identity, given, target=target)
            switches.throw(target, reason=given["reason"], by=identity)
        except HouseError as refused:
            return _page(request, identity, given, wrong=_said(refused))
        messages.success(request, f"{target.name or 'It'} is stopped. What runs is told to end.")
        return HttpResponseRedirect(reverse(LIST))


def _target(given: dict[str, str], by: Identity) -> Target:
    """Tools are named or numbered, as a page that leads here does; personas are chosen."""
    tools = Tool.objects.visible_to(by).current()
    tool = tools.filter(name=given["tool"]).first() if given["tool"] else None
    if given["scope"] == "tool" and given["tool"] and tool is None and not given["tool"].isdigit():
        raise InvalidSwitch(details={"tool": [f"There is no tool called {given['tool'][:100]!r}."]})
    tool_id = tool.pk if tool else _number(given["tool"])
    chosen = {"tool": (tool_id, None), "persona": (None, _number(given["persona"]))}
    tool_id, agent_id = chosen.get(given["scope"], (None, None))
    if given["scope"] not in dict(KillSwitch.Scope.choices[:3]):
        raise InvalidSwitch(details={"scope": ["Say what is to be stopped."]})
    return halting.target_of(given["scope"], tool_id, agent_id, by=by)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _require_sound(target: Target, given: dict[str, str], by: Identity) -> None:
    """What the verb would refuse is said before the second step, not after it."""
    switches.require_possible(target, reason=given["reason"], by=by)


def _said(refused: HouseError) -> str:
    lines = [line for told in refused.details.values() if isinstance(told, list) for line in told]
    return " ".join(lines) or refused.message


def _page(
    request: HttpRequest,
    identity: Identity,
    given: dict[str, str],
    *,
    target: Target | None = None,
    wrong: str = "",
) -> TemplateResponse:
    personas = AgentType.objects.visible_to(identity).current().order_by("display_name")
    tools = Tool.objects.visible_to(identity).current().order_by("name")
    named = tools.filter(pk=_number(given["tool"]) or 0).first()
    scopes = [
        (value, label)
        for value, label in KillSwitch.Scope.choices[:3]
        if switches.may_operate(value, identity.organization_id, identity)
    ]
    shown = {
        **admin.site.each_context(request),
        "title": "Stop something at once",
        "given": given | ({"tool": named.name} if named else {}),
        "scopes": scopes,
        "personas": [(str(each.pk), each.display_name) for each in personas],
        "tools": list(tools.values_list("name", flat=True)[:_OFFERED_TOOLS]),
        "target": target,
        "reach": halting.reach(target) if target else None,
        "wrong": wrong,
        "most": switches.MAX_REASON,
    }
    status = 400 if wrong else 200
    return TemplateResponse(request, "admin/toolroom/kill_switch.html", shown, status=status)
