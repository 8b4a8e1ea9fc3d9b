"""What could be better about a tool, over HTTP."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from project.accounts.api.base import RoomView, one, operation
from project.accounts.roles import CATALOG_CHANGE
from tools_app.cataloging import linting
from tools_app.models import Tool
from tools_app.schema import weights


class HintSerializer(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="For programs; stays the same.")
    level = serializers.ChoiceField(["problem", "advice"])
    field = serializers.CharField()
    pointer = serializers.CharField(help_text="The place within the JSON of that field; else empty.")
    message = serializers.CharField()


class LintSerializer(serializers.Serializer[Any]):
    tool = serializers.CharField()
    tokens = serializers.IntegerField(help_text="About what it costs with every message, before any grant.")
    hints = HintSerializer(many=True)


class Lint(RoomView):
    queryset = Tool.objects.none()
    # The hints tell of the configuration, which is shown to nobody else.
    needs = {"GET": (CATALOG_CHANGE,)}

    @operation("What could be better about a tool; forbids nothing", {200: LintSerializer}, refusals=[404])
    def get(self, request: Request, tool_id: int) -> Response:
        tool = one(Tool.objects.visible_to(self.identity).current().filter(pk=tool_id))
        found = [asdict(hint) for hint in linting.of(tool)]
        return Response({"tool": tool.name, "tokens": weights.of(tool.shown()), "hints": found})
