"""What a change of policy would have done to the last calls it concerns, before anybody saves it."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agents_app.answering import halting
from agents_app.granted import granting, grants
from agents_app.models import AgentType
from audit_app import clock, records
from project.accounts.api.base import Item, RoomView, StrictSerializer, one, operation
from project.accounts.exceptions import NotAllowed
from project.accounts.roles import AUDIT_VIEW, CATALOG_CHANGE, POLICY_CHANGE
from tools_app.approving import lasting, standing
from tools_app.approving.visible import visible_text
from tools_app.cataloging import unsaved
from tools_app.explain import replaying
from tools_app.explain.replaying import Change, Flip, Said, Stop, Word
from tools_app.governing import layers, policy_rules, switches
from tools_app.governing.halts import Halt
from tools_app.models import KillSwitch, OrganizationPolicy, PolicyRule, StandingApproval, Tool, ToolCall

_ID: Any = {"min_value": 1, "max_value": 2**63 - 1}


class StopWriteSerializer(StrictSerializer):
    scope = serializers.ChoiceField(KillSwitch.Scope.choices[:3])
    tool = serializers.IntegerField(required=False, allow_null=True, **_ID)
    agent = serializers.IntegerField(required=False, allow_null=True, **_ID)


class ReplayWriteSerializer(StrictSerializer):
    """One change: of a tool, of a persona's grant of it (agent and tool), of a rule of the organization.

    Or a kill switch that would be thrown or lifted, or the taking back of what was allowed from now on.
    """

    tool = serializers.IntegerField(required=False, **_ID)
    agent = serializers.IntegerField(required=False, **_ID)
    rule = serializers.IntegerField(required=False, allow_null=True, **_ID, help_text="Null: a new rule.")
    values = serializers.DictField(required=False, help_text="Fields as for saving it; left out, they stay.")
    switch = StopWriteSerializer(required=False, help_text="As if this were stopped; with remove, let go on.")
    standing = serializers.IntegerField(
        required=False, **_ID, help_text="What was allowed from now on; with remove: as if taken back."
    )
    remove = serializers.BooleanField(
        default=False, help_text="As if the grant, the rule, the switch or the allowance were taken away."
    )
    last = serializers.IntegerField(
        default=replaying.USUAL,
        min_value=1,
        max_value=replaying.MOST,
        help_text="How many calls to look back.",
    )


class SaidSerializer(serializers.Serializer[Any]):
    decision = serializers.ChoiceField(["allow", "ask", "refuse"])
    code = serializers.CharField()
    text = serializers.CharField(help_text="Why it would be refused or asked about.")


class FlipSerializer(serializers.Serializer[Any]):
    call = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    tool = serializers.CharField()
    persona = serializers.CharField()
    person = serializers.CharField(help_text="Who asked; empty for those who may not view the record.")
    status = serializers.CharField(help_text="What became of it.")
    then = serializers.CharField(help_text="What was decided then; empty for old calls.")
    before = SaidSerializer(help_text="What would be said today, as it is.")
    after = SaidSerializer(help_text="What would be said after the change.")
    left_out = serializers.ListField(
        child=serializers.CharField(), help_text="What there was besides and is not judged."
    )
    url = serializers.CharField(help_text="Its page in the administration, for who may open it; else empty.")


class ReplaySerializer(serializers.Serializer[Any]):
    looked_at = serializers.IntegerField(help_text="Calls that were decided again, the last ones.")
    whose = serializers.ChoiceField(
        ["everybody", "yours"],
        help_text="Whether other people's calls were looked at; that takes audit.view.",
    )
    skipped = serializers.IntegerField(help_text="Calls of which nothing could be read then.")
    counts = serializers.DictField(
        child=serializers.IntegerField(), help_text='How many flip, such as "allow to refuse".'
    )
    left_out = serializers.DictField(
        child=serializers.IntegerField(),
        help_text="What was not judged, and of how many of the calls looked at, flipped or not.",
    )
    flips = FlipSerializer(many=True)


class Replays(RoomView):
    queryset = ToolCall.objects.none()
    needs = {"POST": (CATALOG_CHANGE, POLICY_CHANGE)}

    @operation(
        "Which of the last calls a change of policy would have decided otherwise; saves nothing",
        {200: ReplaySerializer},
        body=ReplayWriteSerializer,
        refusals=[400, 404, 413],
    )
    def post(self, request: Request) -> Response:
        given = self.given(ReplayWriteSerializer)
        change, sees = self._change(given), self.identity.may(AUDIT_VIEW)
        told = replaying.replay(change, by=self.identity, last=given["last"])
        if sees:
            # Whoever reads the record leaves an entry in it.
            subject = records.Subject("call", "", "replay")
            facts = {"page": "replay", "asked": {"calls": told.looked_at}}
            records.record("record.read", by=self.identity, subject=subject, facts=facts)
        linked = sees and bool(getattr(request.user, "is_staff", False))
        return Response(
            {
                "looked_at": told.looked_at,
                "whose": "everybody" if sees else "yours",
                "skipped": told.skipped,
                "counts": told.counts,
                "left_out": told.left_out,
                "flips": [_item(each, linked=linked) for each in told.flips],
            }
        )

    def _change(self, given: Item) -> Change:
        ours, values = self.identity.organization_id, given.get("values", {})
        match sorted({"tool", "agent", "rule", "switch", "standing"} & set(given)):
            case ["rule"]:
                return Change(ours, rules=self._rules(given))
            case ["switch"]:
                return Change(ours, stop=self._stop(given["switch"], is_lifted=given["remove"]))
            case ["standing"]:
                return Change(ours, word=self._word(given))
            case ["tool"] | ["agent", "tool"]:
                return self._of_tool(given, values)
        told = "Name a tool, a tool and an agent, or a rule, a switch or a standing approval alone."
        raise serializers.ValidationError({"tool": [told]})

    def _of_tool(self, given: Item, values: Item) -> Change:
        ours = self.identity.organization_id
        tool = one(Tool.objects.visible_to(self.identity).current().filter(pk=given["tool"]))
        if "agent" not in given:
            if given["remove"]:
                raise serializers.ValidationError({"remove": ["Archive a tool instead."]})
            return Change(ours, tools={tool.pk: unsaved.after(values, by=self.identity, tool=tool)})
        agent = one(AgentType.objects.visible_to(self.identity).current().filter(pk=given["agent"]))
        granting.require_right(self.identity, agent)
        row = None if given["remove"] else granting.unsaved(agent, tool, values, by=self.identity)
        return Change(ours, grants={(agent.pk, tool.pk): grants.of(row) if row else None})

    def _stop(self, given: Item, *, is_lifted: bool) -> Stop:
        """Only for who may throw it, and where it is thrown already, lift it."""
        by = self.identity
        target = halting.target_of(given["scope"], given.get("tool"), given.get("agent"), by=by)
        if not switches.may_operate(target.scope, target.organization_id, by):
            raise NotAllowed
        meant = {"tool": "tool_id", "persona": "agent_type_id"}
        ids: Any = {meant[target.scope]: target.id} if target.scope in meant else {}
        if not is_lifted:
            told = Halt(target.scope, target.name, "only supposed here", by.display_name).told
            return Stop(told, **ids)
        row = one(KillSwitch.objects.of(target.scope, target.organization_id, target.id))
        if not switches.may_lift(row, by):
            raise NotAllowed
        return Stop(Halt(row.scope, row.subject_name, row.reason, row.thrown_by).told, **ids, is_lifted=True)

    def _word(self, given: Item) -> Word:
        row = one(StandingApproval.objects.visible_to(self.identity).filter(pk=given["standing"]))
        if not given["remove"]:
            raise serializers.ValidationError({"remove": ["It can only be taken back: say so."]})
        if not standing.may_revoke(row, self.identity):
            raise NotAllowed
        if (state := lasting.state_of(row, clock.read())) != lasting.OPEN:
            told = f"It spares no question any more: {lasting.STATES[state].lower()}."
            raise serializers.ValidationError({"standing": [told]})
        terms = standing.value_of(row, OrganizationPolicy.objects.of(row.organization_id))
        return Word(row.user_id, row.agent_type_id, row.tool_id, row.session_id, terms)

    def _rules(self, given: Item) -> tuple[Any, ...]:
        policy_rules.require_right(self.identity)
        known = given["rule"]
        rows = PolicyRule.objects.visible_to(self.identity)
        rule = None if known is None else one(rows.filter(pk=known))
        if given["remove"]:
            if rule is None:
                raise serializers.ValidationError({"remove": ["A new rule cannot be taken away."]})
            rule.enabled = False
            return layers.supposing(rule)
        return layers.supposing(policy_rules.unsaved(given.get("values", {}), by=self.identity, rule=rule))


def _item(flip: Flip, *, linked: bool) -> Item:
    call = flip.call
    return {
        "call": call.pk,
        "created_at": call.created_at.isoformat(),
        "tool": visible_text(call.tool_name),
        "persona": visible_text(call.agent_name),
        "person": visible_text(call.user_name),
        "status": call.status,
        "then": flip.then,
        "before": _said(flip.before),
        "after": _said(flip.after),
        "left_out": list(flip.left_out),
        "url": f"/admin/tools_app/toolcall/{call.pk}/change/" if linked else "",
    }


def _said(said: Said) -> Item:
    return {"decision": said.decision, "code": said.code, "text": visible_text(said.text)}
