"""What an organization says about all its tools, over HTTP: its settings for the gate, and its rules."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from project.accounts.api.base import NOTHING, Item, RoomView, StrictSerializer, one, operation
from project.accounts.roles import AUDIT_VIEW, CATALOG_CHANGE, POLICY_CHANGE
from tools_app.governing import organization_policies, policy_rules
from tools_app.models import OrganizationPolicy, PolicyRule

_READING = (CATALOG_CHANGE, POLICY_CHANGE, AUDIT_VIEW)
_CHANGE = "Change a rule; fields left out keep their value"
_MATCHERS = "A list of names, or a mapping of a name to values; a name may be kind:url, or * for any."


class PolicySerializer(serializers.ModelSerializer[OrganizationPolicy]):
    class Meta:
        model = OrganizationPolicy
        fields = [*organization_policies.fields(), "updated_at"]
        read_only_fields = fields


class PolicyWriteSerializer(serializers.ModelSerializer[OrganizationPolicy], StrictSerializer):
    """Settings left out keep their value."""

    class Meta:
        model = OrganizationPolicy
        fields = organization_policies.fields()


class PolicyRuleSerializer(serializers.ModelSerializer[PolicyRule]):
    advisory = serializers.SerializerMethodField(
        help_text="Names whose forbidden texts only advise, for some tool it is about."
    )
    tools = serializers.SerializerMethodField(help_text="The names of the tools it is about now.")
    problem = serializers.SerializerMethodField(
        help_text="Why it cannot be read; uses of what it is about are refused until it is mended. Empty if it can."
    )

    class Meta:
        model = PolicyRule
        fields = ["id", *policy_rules.FIELDS, "advisory", "tools", "problem"]
        fields += ["created_at", "updated_at", "created_by"]
        read_only_fields = fields

    def get_advisory(self, rule: PolicyRule) -> list[str]:
        return [] if policy_rules.problem(rule) else policy_rules.advisory(rule)

    def get_tools(self, rule: PolicyRule) -> list[str]:
        return [] if policy_rules.problem(rule) else [tool.name for tool in policy_rules.covered(rule)]

    def get_problem(self, rule: PolicyRule) -> str:
        return policy_rules.problem(rule) or policy_rules.unmet(rule)


class PolicyRuleWriteSerializer(StrictSerializer):
    """Fields left out of a change keep their value."""

    name = serializers.CharField(max_length=120)
    reason = serializers.CharField(max_length=500, required=False, allow_blank=True)
    enabled = serializers.BooleanField(required=False)
    for_tools = serializers.ListField(child=serializers.CharField(), required=False)
    for_categories = serializers.ListField(child=serializers.CharField(), required=False)
    for_executors = serializers.ListField(child=serializers.CharField(), required=False)
    for_flags = serializers.ListField(child=serializers.CharField(), required=False)
    forbids = serializers.BooleanField(required=False)
    requires_approval = serializers.BooleanField(required=False)
    denied_parameters = serializers.JSONField(required=False, allow_null=True, help_text=_MATCHERS)
    allowed_parameters = serializers.JSONField(required=False, allow_null=True, help_text=_MATCHERS)
    ask_when = serializers.JSONField(required=False, allow_null=True, help_text=_MATCHERS)
    message = serializers.CharField(
        max_length=300, required=False, allow_blank=True, help_text="Told to the model with a refusal."
    )


class Policy(RoomView):
    queryset = OrganizationPolicy.objects.none()
    needs = {"GET": _READING, "PATCH": (POLICY_CHANGE,)}

    @operation("What the organization sets for the gate as a whole", {200: PolicySerializer})
    def get(self, request: Request) -> Response:
        row = OrganizationPolicy.objects.of(self.identity.organization_id)
        return Response(PolicySerializer(row).data)

    @operation(
        "Change settings of the organization; those left out keep their value",
        {200: PolicySerializer},
        body=PolicyWriteSerializer,
        refusals=[400, 404],
    )
    def patch(self, request: Request) -> Response:
        changes = self.given(PolicyWriteSerializer, partial=True)
        return Response(PolicySerializer(organization_policies.change(changes, by=self.identity)).data)


class PolicyRuleView(RoomView):
    queryset = PolicyRule.objects.none()
    needs = {"GET": _READING, **dict.fromkeys(("POST", "PATCH", "DELETE"), (POLICY_CHANGE,))}

    def visible(self) -> QuerySet[PolicyRule]:
        return PolicyRule.objects.visible_to(self.identity)

    def item(self, rule: PolicyRule) -> Item:
        return dict(PolicyRuleSerializer(rule).data)

    def rule(self, rule_id: int) -> PolicyRule:
        return one(self.visible().filter(pk=rule_id))


class PolicyRules(PolicyRuleView):
    @operation(
        "The organization's rules, by name", {200: PolicyRuleSerializer(many=True)}, refusals=[400, 404]
    )
    def get(self, request: Request) -> Response:
        return self.page(self.visible().order_by("name"), self.item)

    @operation(
        "Add a rule", {201: PolicyRuleSerializer}, body=PolicyRuleWriteSerializer, refusals=[400, 409, 413]
    )
    def post(self, request: Request) -> Response:
        fields = self.given(PolicyRuleWriteSerializer)
        return Response(self.item(policy_rules.add(fields, by=self.identity)), status=201)


class PolicyRuleDetail(PolicyRuleView):
    @operation("One rule", {200: PolicyRuleSerializer}, refusals=[404])
    def get(self, request: Request, rule_id: int) -> Response:
        return Response(self.item(self.rule(rule_id)))

    @operation(
        _CHANGE, {200: PolicyRuleSerializer}, body=PolicyRuleWriteSerializer, refusals=[400, 404, 409, 413]
    )
    def patch(self, request: Request, rule_id: int) -> Response:
        changes: dict[str, Any] = self.given(PolicyRuleWriteSerializer, partial=True)
        return Response(self.item(policy_rules.change(self.rule(rule_id), changes, by=self.identity)))

    @operation("Remove a rule", {204: NOTHING}, refusals=[404])
    def delete(self, request: Request, rule_id: int) -> Response:
        policy_rules.remove(self.rule(rule_id), by=self.identity)
        return Response(status=204)
