"""What a person may do through a persona, over HTTP: for oneself, or for somebody else by whoever keeps the catalog."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agents_app import events
from agents_app.api.explaining import Chain, LineSerializer, chain_for
from agents_app.api.views import PersonaView
from agents_app.granted import previews
from agents_app.models import AgentType
from audit_app import records
from project.accounts import identity as identities
from project.accounts.api.base import Item, one, operation
from project.accounts.api.queries import refuse_unread
from project.accounts.identity import Identity, NoMembership
from project.accounts.roles import CATALOG_CHANGE, CATALOG_VIEW, CHAT
from tools_app.approving.visible import visible_text
from tools_app.explain.powers import Power


class PowerSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(help_text="Of the tool.")
    name = serializers.CharField()
    icon = serializers.CharField()
    decision = serializers.ChoiceField(
        ["allow", "ask", "refuse"], help_text="Before any arguments are known."
    )
    explanation = LineSerializer(many=True, help_text="Why it is refused or asked about.")
    whom = serializers.CharField(help_text="Who decides where it is asked about; else empty.")
    by_self = serializers.BooleanField(help_text="Whether that can be the person.")
    sometimes = serializers.ListField(
        child=serializers.CharField(), help_text="What arguments and the answer so far will decide."
    )


class PreviewSerializer(serializers.Serializer[Any]):
    agent = serializers.IntegerField()
    persona = serializers.CharField()
    person = serializers.CharField()
    tools = PowerSerializer(many=True)


class Preview(PersonaView):
    needs = {"GET": (CATALOG_VIEW, CHAT)}
    user = serializers.IntegerField(min_value=1, max_value=2**31 - 1)

    @operation(
        "What you may do through a persona, or with `user` what somebody else may",
        {200: PreviewSerializer},
        refusals=[400, 404],
        operation_id="agents_preview",
    )
    def get(self, request: Request, agent_id: int) -> Response:
        refuse_unread(request.query_params, {"user"})
        agent = one(self.visible().filter(pk=agent_id))
        who = self._who(request.query_params.get("user", ""))
        self._note(agent, who)
        chain = chain_for(request, self.identity)
        return Response(
            {
                "agent": agent.pk,
                "persona": visible_text(agent.display_name),
                "person": visible_text(who.display_name),
                "tools": [_item(each, chain) for each in previews.of(agent, who)],
            }
        )

    def _note(self, agent: AgentType, who: Identity) -> None:
        """Whoever looks at what somebody else may do leaves an entry, as where they ask it about one tool."""
        if who.user_id != self.identity.user_id:
            facts = {"page": "preview", "person": who.user_id}
            subject = records.Subject("persona", str(agent.pk), agent.name)
            records.record("record.read", by=self.identity, subject=subject, facts=facts)

    def _who(self, user: str) -> Identity:
        if not user or user == self.identity.user_id:
            return self.identity
        self.identity.require(CATALOG_CHANGE)
        try:
            pk = self.user.run_validation(user)
            return identities.from_user(str(pk), self.identity.organization_id)
        except (serializers.ValidationError, NoMembership) as unknown:
            raise serializers.ValidationError({"user": ["There is no such person."]}) from unknown


def _item(power: Power, chain: Chain) -> Item:
    return {
        "id": power.tool.pk,
        "name": visible_text(power.tool.name),
        "icon": events.icon(power.tool),
        "decision": power.decision,
        "explanation": chain.items(power.lines),
        "whom": power.whom,
        "by_self": power.by_self,
        "sometimes": list(power.sometimes),
    }
