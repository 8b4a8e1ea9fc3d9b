"""What a tool would be while somebody is still typing it: what is wrong, what a model would see, what could be better.

Nothing is saved, and nothing is carried out.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agents_app import toolset
from agents_app.granted import grants
from agents_app.models import AgentType
from project.accounts.api.base import Item, RoomView, StrictSerializer, one, operation
from project.accounts.exceptions import HouseError
from project.accounts.roles import CATALOG_CHANGE
from tools_app.api.linting import HintSerializer
from tools_app.cataloging import linting, unsaved
from tools_app.definition import ToolDefinition
from tools_app.models import Tool
from tools_app.schema import schemas, weights


class CheckWriteSerializer(StrictSerializer):
    tool = serializers.IntegerField(required=False, allow_null=True, help_text="The tool that is changed.")
    agent = serializers.IntegerField(
        required=False, allow_null=True, help_text="Show it as this persona's model would see it."
    )
    values = serializers.DictField(help_text="Fields as for adding or changing a tool.")


class CheckSerializer(serializers.Serializer[Any]):
    problems = serializers.DictField(
        help_text="By field, what keeps it from being saved; empty if nothing does."
    )
    model_sees = serializers.DictField(
        allow_null=True, help_text="Exactly what a model is sent; null while the parameters cannot be read."
    )
    tokens = serializers.IntegerField(allow_null=True, help_text="About what that costs with every message.")
    hidden = serializers.ListField(
        child=serializers.CharField(), help_text="Parameters the persona's grant keeps from the model."
    )
    granted = serializers.BooleanField(help_text="Whether the persona that was asked for has the tool.")
    hints = HintSerializer(many=True)


class Check(RoomView):
    queryset = Tool.objects.none()
    needs = {"POST": (CATALOG_CHANGE,)}

    @operation(
        "What a tool would be with these values, and what is wrong with them; saves nothing",
        {200: CheckSerializer},
        body=CheckWriteSerializer,
        refusals=[400, 404, 413],
    )
    def post(self, request: Request) -> Response:
        given = self.given(CheckWriteSerializer)
        tool = self._tool(given.get("tool"))
        agent = self._agent(given.get("agent"))
        row, problems = self._drawn(tool, given["values"])
        return Response({"problems": problems, **_seen(row, agent), "hints": _hints(row)})

    def _drawn(self, tool: Tool | None, values: Item) -> tuple[Tool, Item]:
        """The row as it would be saved, else as far as it can be looked at, with what is wrong."""
        try:
            return unsaved.after(values, by=self.identity, tool=tool), {}
        except HouseError as refused:
            listed = {name: told for name, told in refused.details.items() if isinstance(told, list)}
            sketch = unsaved.sketch(values, by=self.identity, tool=tool)
            return sketch, listed or {"": [refused.message]}

    def _tool(self, pk: int | None) -> Tool | None:
        return None if pk is None else one(Tool.objects.visible_to(self.identity).current().filter(pk=pk))

    def _agent(self, pk: int | None) -> AgentType | None:
        return (
            None if pk is None else one(AgentType.objects.visible_to(self.identity).current().filter(pk=pk))
        )


def _seen(row: Tool, agent: AgentType | None) -> Item:
    nothing: Item = {"model_sees": None, "tokens": None, "hidden": [], "granted": False}
    if schemas.check_schema(row.input_schema):
        return nothing
    definition = row.shown()
    grant = grants.read(agent.pk, row.pk, row.organization_id) if agent and row.pk else None
    shown = toolset.as_shown(row, grant) if grant else definition
    return {
        "model_sees": shown.for_model(),
        "tokens": weights.of(shown),
        "hidden": sorted(_names(definition) - _names(shown)),
        "granted": grant is not None,
    }


def _names(definition: ToolDefinition) -> set[str]:
    return set(definition.input_schema.get("properties") or {})


def _hints(row: Tool) -> list[Item]:
    return [asdict(replace(hint, message=hint.message[:500])) for hint in linting.of(row)]
